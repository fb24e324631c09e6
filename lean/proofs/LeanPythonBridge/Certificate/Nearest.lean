module

public import LeanPythonBridge.Certificate.LinearAlgebra
public import LeanPythonBridge.Certificate.ProductCertificate

/-!
# `nearest`: the nearest of some points, for each of many queries

The question has the arrays `queries`, of shape `[m, n]`, and `points`, of shape `[k, n]`; the answer has the array `indices`,
of shape `[m]`. What is least over the points p of ‖q - p‖² is least of ‖p‖² - 2 q · p: the checker computes these numbers in
exact integers, from products of lanes (`Product`), and compares. The certificate has the list `layout`, which says how to
compute, and need not be believed: words in a lane, columns in a block, ranges of the exponents of queries and of points.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.Nearest

open Float64 Product

variable {m n k : Nat}

/-! ## What it means -/

/-- A point is the first of those that are nearest to `x` in Euclidean distance. -/
def IsFirstNearest (x : Vec n Rat) (points : Matrix k n Rat) (c : Nat) : Prop :=
  ∃ h : c < k, ∀ j : Fin k, normSq (x - points ⟨c, h⟩) ≤ normSq (x - points j) ∧
    (j.val < c → normSq (x - points ⟨c, h⟩) < normSq (x - points j))

/-- The indices of an answer, and nothing else. -/
def given? (a : Answer) : Option NamedArray :=
  match a.result, a.arrays, a.certificateArrays with
  | [], [indices], [] => if indices.name == "indices" then some indices else none
  | _, _, _ => none

/-- What certified indices mean, of the exact values of the doubles: each is that of the point nearest to its query, and of the
first such point where there are several. -/
def Meaning (q : Question) (a : Answer) : Prop :=
  ∃ m n k queries points indices, q.array? "queries" = some queries ∧ queries.IsMatrix m n ∧
    q.array? "points" = some points ∧ points.IsMatrix k n ∧ given? a = some indices ∧ indices.dtype = .i8 ∧
    indices.shape = [m] ∧ (∀ i, Finite (frameMatrix queries.packed m n i)) ∧ (∀ j, Finite (frameMatrix points.packed k n j)) ∧
    ∀ i : Fin m, IsFirstNearest (valueMatrix (frameMatrix queries.packed m n) i) (valueMatrix (frameMatrix points.packed k n))
      (element indices.packed i)

/-! ## The test -/

/-- The layout of products of points with points, from that of queries with points. -/
def squares (layout : Layout) : Layout := { layout with left := layout.right }

/-- Products of queries with points are shifted so far, for one unit with those of points with points. -/
def crossShift (layout : Layout) : Nat := Nat.sub layout.left.low layout.right.low

/-- Products of points with points are shifted so far. -/
def squareShift (layout : Layout) : Nat := Nat.sub layout.right.low layout.left.low

/-- What is computed of a query and a point: twice their product, and what does not depend on the point. -/
def cross (layout : Layout) (blocks queries points i j : Nat) : Nat :=
  Nat.shiftLeft (rowProduct layout blocks queries points i j) (Nat.add (crossShift layout) 1)

/-- What is computed of a point alone: the square of its norm, and what its offsets add to its products with queries. -/
def height (layout : Layout) (blocks points j : Nat) : Nat :=
  Nat.add (Nat.shiftLeft (Nat.sub
      (Nat.add (rowProduct (squares layout) blocks points points j j)
        (Nat.mul blocks (Nat.mul layout.lanes (Nat.mul layout.right.offset layout.right.offset))))
      (Nat.mul 2 (Nat.mul layout.right.offset (rowSum layout layout.right blocks points j))))
    (squareShift layout))
    (Nat.shiftLeft (Nat.mul layout.left.offset (rowSum layout layout.right blocks points j)) (Nat.add (crossShift layout) 1))

/-- 1 when the first number is less. -/
def lessOne (j c : Nat) : Nat := Nat.sub 1 (Nat.sub 1 (Nat.sub c j))

/-- The test that no point is nearer to query `i` than point `c`, and none before it is as near. -/
def isNearest (layout : Layout) (blocks k queries points i c : Nat) : Bool :=
  Nat.blt c k && withValue (cross layout blocks queries points i c) fun best => withValue (height layout blocks points c) fun own =>
    allBelow (fun j => Nat.ble (Nat.add (Nat.add (cross layout blocks queries points i j) own) (lessOne j c))
      (Nat.add best (height layout blocks points j))) k

/-- The test of the frames. -/
def checkFrames (layout : Layout) (blocks m n k queries points indices : Nat) : Bool :=
  Nat.beq (Nat.mul layout.block blocks) n && layout.check && (squares layout).check &&
    layout.left.checkFrame (Nat.mul (Nat.mul m blocks) layout.block) queries &&
    layout.right.checkFrame (Nat.mul (Nat.mul k blocks) layout.block) points &&
    allBelow (fun i => withValue (cut 64 indices i) fun c => isNearest layout blocks k queries points i c) m

/-- The layout of a certificate. -/
def layout? : Entries → Option Layout
  | [(key, .string kind), (key', .list [words, block, queriesLow, queriesHigh, pointsLow, pointsHigh])] =>
    if key == "kind" && kind == "nearest" && key' == "layout" then
      Layout.ofValues? [words, block, queriesLow, queriesHigh, pointsLow, pointsHigh, pointsLow, pointsHigh]
    else none
  | _ => none

/-- Whether the certificate of an answer holds. -/
def check (q : Question) (a : Answer) : Bool :=
  match q.array? "queries", q.array? "points", given? a, layout? a.certificate with
  | some queries, some points, some indices, some layout =>
    match points.shape with
    | [k, n] => points.isMatrix k n && queries.isMatrix queries.rowCount n && indices.isIndices [queries.rowCount] &&
      withValue (join queries.chunks) fun x => withValue (join points.chunks) fun p => withValue (join indices.chunks) fun c =>
        checkFrames layout (layout.blocks n) queries.rowCount n k x p c
    | _ => false
  | _, _, _, _ => false

/-! ## Soundness -/

private theorem normSq_sub (x y : Vec n Rat) : normSq (x - y) = normSq x - 2 * dot x y + normSq y := by
  simp only [normSq, dot_sub, dot_comm (x - y)]; rw [dot_comm y x]; grind

private theorem integerSum_nonneg {count : Nat} {f : Nat → Int} (h : ∀ l < count, 0 ≤ f l) : 0 ≤ integerSum count f := by
  induction count with
  | zero => exact Int.le_refl 0
  | succ count ih =>
    have := ih fun l hl => h l (by omega)
    have := h count (by omega)
    rw [integerSum]; omega

variable {layout : Layout} {blocks queries points : Nat}

private theorem square_nonneg (j : Nat) : 0 ≤ exactEntry (squares layout) blocks points points j j :=
  integerSum_nonneg fun _ _ => integerSum_nonneg fun _ _ => mul_self_nonneg _

private theorem height_eq (fits : Fits (squares layout))
    (hB : layout.right.checkFrame (k * blocks * layout.block) points = true) {j : Nat} (hj : j < k) :
    ((height layout blocks points j : Nat) : Int) =
      exactEntry (squares layout) blocks points points j j * 2 ^ squareShift layout +
        (layout.left.offset * rowSum layout layout.right blocks points j : Nat) * 2 ^ (crossShift layout + 1) := by
  have sums : ((rowProduct (squares layout) blocks points points j j +
        blocks * (layout.lanes * (layout.right.offset * layout.right.offset)) : Nat) : Int) =
      exactEntry (squares layout) blocks points points j j + (layout.right.offset * rowSum layout layout.right blocks points j +
        layout.right.offset * rowSum layout layout.right blocks points j : Nat) :=
    rowProduct_eq fits (m := k) (n := k) hB hB hj hj
  have pos := square_nonneg (layout := layout) (blocks := blocks) (points := points) j
  have unfolded : height layout blocks points j =
      (rowProduct (squares layout) blocks points points j j +
          blocks * (layout.lanes * (layout.right.offset * layout.right.offset)) -
        2 * (layout.right.offset * rowSum layout layout.right blocks points j)) <<< squareShift layout +
        (layout.left.offset * rowSum layout layout.right blocks points j) <<< (crossShift layout + 1) := rfl
  rw [unfolded, Nat.shiftLeft_eq, Nat.shiftLeft_eq, Int.natCast_add, Int.natCast_mul, Int.natCast_mul, two_pow_cast,
    two_pow_cast]
  congr 2
  omega

private theorem cross_eq (fits : Fits layout) (hA : layout.left.checkFrame (m * blocks * layout.block) queries = true)
    (hB : layout.right.checkFrame (k * blocks * layout.block) points = true) {i : Nat} (hi : i < m) :
    ∃ own : Int, ∀ j < k, ((cross layout blocks queries points i j : Nat) : Int) =
      (exactEntry layout blocks queries points i j +
        (layout.left.offset * rowSum layout layout.right blocks points j : Nat) + own) * 2 ^ (crossShift layout + 1) := by
  refine ⟨(layout.right.offset * rowSum layout layout.left blocks queries i : Nat) -
    (blocks * (layout.lanes * (layout.left.offset * layout.right.offset)) : Nat), fun j hj => ?_⟩
  have sums := rowProduct_eq fits hA hB hi hj
  have unfolded : cross layout blocks queries points i j =
    rowProduct layout blocks queries points i j <<< (crossShift layout + 1) := rfl
  rw [unfolded, Nat.shiftLeft_eq, Int.natCast_mul, two_pow_cast]
  congr 1
  omega

/-- What the test compares: the square of a point's norm less twice its product with a query. -/
private def score (layout : Layout) (blocks queries points i j : Nat) : Int :=
  exactEntry (squares layout) blocks points points j j * 2 ^ squareShift layout -
    exactEntry layout blocks queries points i j * 2 ^ (crossShift layout + 1)

private theorem score_le (fits : Fits layout) (fits' : Fits (squares layout))
    (hA : layout.left.checkFrame (m * blocks * layout.block) queries = true)
    (hB : layout.right.checkFrame (k * blocks * layout.block) points = true) {i c : Nat} (hi : i < m)
    (h : isNearest layout blocks k queries points i c = true) :
    c < k ∧ ∀ j < k, score layout blocks queries points i c + (lessOne j c : Nat) ≤ score layout blocks queries points i j := by
  simp only [isNearest, withValue_eq, Bool.and_eq_true, Nat.blt_eq, allBelow_iff] at h
  refine ⟨h.1, fun j hj => ?_⟩
  have le : cross layout blocks queries points i j + height layout blocks points c + lessOne j c ≤
      cross layout blocks queries points i c + height layout blocks points j := Nat.le_of_ble_eq_true (h.2 j hj)
  obtain ⟨own, own_eq⟩ := cross_eq fits hA hB hi
  have a := own_eq j hj
  have b := own_eq c h.1
  have x := height_eq fits' hB hj
  have y := height_eq fits' hB h.1
  rw [score, score]
  simp only [Int.add_mul] at a b
  omega

private theorem normSq_le {row : Vec n Rat} {p q : Vec n Rat} {unit s t : Int}
    (hp : normSq p - 2 * dot row p = ofScaledSquare (s * unit)) (hq : normSq q - 2 * dot row q = ofScaledSquare (t * unit))
    (pos : 0 < unit) : (s ≤ t → normSq (row - p) ≤ normSq (row - q)) ∧ (s < t → normSq (row - p) < normSq (row - q)) := by
  have base : ∀ y : Vec n Rat, normSq (row - y) = normSq row + (normSq y - 2 * dot row y) := fun y => by
    rw [normSq_sub]; grind
  rw [base, base, hp, hq]
  constructor
  · intro le
    have := ofScaledSquare_le.2 (Int.mul_le_mul_of_nonneg_right le (Int.le_of_lt pos))
    grind
  · intro lt
    have lt : 0 < t * unit - s * unit := by
      rw [← Int.sub_mul]; exact Int.mul_pos (by omega) pos
    have := ofScaledSquare_pos.2 lt
    rw [ofScaledSquare_sub] at this
    grind

private theorem score_value (fits : Fits layout) (fits' : Fits (squares layout)) (whole : layout.block * blocks = n)
    (hA : layout.left.checkFrame (m * blocks * layout.block) queries = true)
    (hB : layout.right.checkFrame (k * blocks * layout.block) points = true) (i : Fin m) (j : Fin k) :
    normSq (valueMatrix (frameMatrix points k n) j) -
        2 * dot (valueMatrix (frameMatrix queries m n) i) (valueMatrix (frameMatrix points k n) j) =
      ofScaledSquare (score layout blocks queries points i j *
        2 ^ (layout.left.low - crossShift layout + layout.right.low)) := by
  have le := Nat.le_of_eq whole.symm
  have none : ∀ {x : Nat} (i l : Nat), n ≤ l → l < layout.block * blocks →
      element x (i * (layout.block * blocks) + l) = 0 := fun _ _ ge lt => absurd lt (by omega)
  have product := Product.vecSum_eq fits hA hB i.isLt j.isLt le fun l => none _ l
  have square := Product.vecSum_eq fits' (m := k) (n := k) hB hB j.isLt j.isLt le fun l => none _ l
  have e₁ : layout.left.low + layout.right.low = crossShift layout + (layout.left.low - crossShift layout + layout.right.low) := by
    have : crossShift layout = layout.left.low - layout.right.low := rfl
    omega
  have e₂ : (squares layout).left.low + (squares layout).right.low =
      squareShift layout + (layout.left.low - crossShift layout + layout.right.low) := by
    have : crossShift layout = layout.left.low - layout.right.low := rfl
    have : squareShift layout = layout.right.low - layout.left.low := rfl
    have : (squares layout).left.low = layout.right.low := rfl
    have : (squares layout).right.low = layout.right.low := rfl
    omega
  rw [show (squares layout).block = layout.block from rfl] at square
  rw [whole, e₁, Int.pow_add, ← Int.mul_assoc] at product
  rw [whole, e₂, Int.pow_add, ← Int.mul_assoc] at square
  have twice : ∀ x : Int, 2 * ofScaledSquare x = ofScaledSquare (2 * x) := fun x => by
    rw [Int.two_mul, ofScaledSquare_add]; grind
  refine (congr (congrArg HSub.hSub square) (congrArg (2 * ·) product)).trans ?_
  show ofScaledSquare _ - 2 * ofScaledSquare _ = _
  rw [twice, ← ofScaledSquare_sub, score, Int.sub_mul, Int.pow_succ]
  congr 2
  grind

private theorem checkFrames_sound {indices : Nat} (h : checkFrames layout blocks m n k queries points indices = true) :
    (∀ i, Finite (frameMatrix queries m n i)) ∧ (∀ j, Finite (frameMatrix points k n j)) ∧
      ∀ i : Fin m, IsFirstNearest (valueMatrix (frameMatrix queries m n) i) (valueMatrix (frameMatrix points k n))
        (element indices i) := by
  simp only [checkFrames, Bool.and_eq_true, allBelow_iff, withValue_eq, Nat.beq_eq] at h
  obtain ⟨⟨⟨⟨⟨whole, fits⟩, fits'⟩, hA⟩, hB⟩, near⟩ := h
  have whole : layout.block * blocks = n := whole
  have finite : ∀ {r : Range} {rows x : Nat}, r.checkFrame (rows * blocks * layout.block) x = true →
      ∀ i, Finite (frameMatrix x rows n i) := fun {r rows x} h i j => by
    obtain ⟨hr, holds⟩ := Range.checkFrame_holds h
    refine Range.isFinite_of_holds hr (holds _ ?_)
    rw [Nat.mul_assoc, Nat.mul_comm blocks, whole]
    exact index_lt i j
  have fits := Fits.of_check fits
  have fits' := Fits.of_check fits'
  refine ⟨finite hA, finite hB, fun i => ?_⟩
  have near := near i i.isLt
  rw [show cut 64 indices i = element indices i from cut_eq 64 indices i] at near
  generalize element indices i = c at near ⊢
  obtain ⟨lt, le⟩ := score_le fits fits' hA hB i.isLt near
  refine ⟨lt, fun j => ?_⟩
  have values := score_value fits fits' whole hA hB i
  have compared := normSq_le (values ⟨c, lt⟩) (values j)
    (by rw [← two_pow_cast]; exact Int.natCast_pos.2 (Nat.two_pow_pos _))
  have key : score layout blocks queries points i c + ((1 - (1 - (c - j.val)) : Nat) : Int) ≤
    score layout blocks queries points i j := le j j.isLt
  exact ⟨compared.1 (by simp only; omega), fun before => compared.2 (by simp only; omega)⟩

theorem check_sound {q : Question} {a : Answer} (h : check q a = true) : Meaning q a := by
  unfold check at h
  split at h
  case h_2 => contradiction
  case h_1 queries points indices layout askedQ askedP given _ =>
    split at h
    case h_2 => contradiction
    case h_1 k n _ =>
      simp only [Bool.and_eq_true, withValue_eq, join_eq, NamedArray.isIndices, beq_iff_eq] at h
      obtain ⟨⟨⟨p, x⟩, c⟩, h⟩ := h
      obtain ⟨finiteX, finiteP, near⟩ := checkFrames_sound h
      exact ⟨_, n, k, queries, points, indices, askedQ, NamedArray.isMatrix_sound x, askedP, NamedArray.isMatrix_sound p, given,
        c.1, c.2, finiteX, finiteP, near⟩

/-- The nearest of some points. -/
def operation : CertifiedOperation where
  name := "nearest"
  check := check
  Meaning := Meaning
  sound := check_sound

end LeanPythonBridge.Certificate.Nearest
