module

public import LeanPythonBridge.Certificate.ProductCertificate

/-!
# A product of matrices, row by row

A row of a product is a combination of the rows of the right matrix. With a row in lanes, an element of the left matrix
takes one multiplication, and a whole row is compared with the computed one at once. `Product.checkRows` multiplies for
each entry instead, and needs the columns of the right matrix: it is the better one for a matrix and a vector.

A layout says by its `block` which of the two is meant: it is 0 for this one, where no row is cut.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.Product

open Float64

/-! ## Comparing lanes -/

/-- The test that no lane of `x` is greater than that of `y`, when all are less than half of what a lane can hold. -/
def allLanesLe (w lanes x y : Nat) : Bool :=
  withValue (Nat.mul (ones w lanes) (Nat.shiftLeft 1 (Nat.sub w 1))) fun half =>
    Nat.beq (Nat.land (Nat.sub (Nat.add y half) x) half) half

/-- The test that no lane of `x` differs from that of `y` by more than `limit`. -/
def allLanesNear (w lanes limit x y : Nat) : Bool :=
  withValue (Nat.mul (ones w lanes) limit) fun limits =>
    allLanesLe w lanes x (Nat.add y limits) && allLanesLe w lanes y (Nat.add x limits)

variable {w lanes : Nat}

theorem allLanesLe_sound {f g : Nat → Nat} (hw : 0 < w) (hf : ∀ c < lanes, f c < 2 ^ (w - 1))
    (hg : ∀ c < lanes, g c < 2 ^ (w - 1)) (h : allLanesLe w lanes (pack w lanes f) (pack w lanes g) = true) :
    ∀ c < lanes, f c ≤ g c := by
  have double : 2 ^ w = 2 ^ (w - 1) + 2 ^ (w - 1) := by
    rw [← Nat.two_mul, ← Nat.pow_succ', show (w - 1).succ = w by omega]
  have room := Nat.two_pow_pos (w - 1)
  rw [allLanesLe, withValue_eq, Nat.beq_eq] at h
  have h : (pack w lanes g + ones w lanes * (1 <<< (w - 1)) - pack w lanes f) &&& (ones w lanes * (1 <<< (w - 1))) =
    ones w lanes * (1 <<< (w - 1)) := h
  rw [Nat.one_shiftLeft, ones_mul hw, pack_add, pack_sub fun c hc => by have := hf c hc; omega,
    pack_land hw (fun c hc => by have := hf c hc; have := hg c hc; omega) (fun c _ => by omega)] at h
  intro c hc
  have e := congrArg (fun x => lane w x c) h
  simp only [] at e
  rw [lane_pack (fun c _ => Nat.lt_of_le_of_lt Nat.and_le_right (by omega)) hc, lane_pack (fun c _ => by omega) hc] at e
  refine Nat.not_lt.1 fun lt => ?_
  have low : g c + 2 ^ (w - 1) - f c < 2 ^ (w - 1) := by omega
  have e := congrArg (Nat.testBit · (w - 1)) e
  simp only [Nat.testBit_and, Nat.testBit_lt_two_pow low, Bool.false_and, Nat.testBit_two_pow_self] at e
  exact Bool.noConfusion e

theorem allLanesNear_sound {f g : Nat → Nat} {limit : Nat} (hw : 0 < w) (hf : ∀ c < lanes, f c + limit < 2 ^ (w - 1))
    (hg : ∀ c < lanes, g c + limit < 2 ^ (w - 1))
    (h : allLanesNear w lanes limit (pack w lanes f) (pack w lanes g) = true) :
    ∀ c < lanes, f c ≤ g c + limit ∧ g c ≤ f c + limit := by
  rw [allLanesNear, withValue_eq, Bool.and_eq_true] at h
  have h : allLanesLe w lanes (pack w lanes f) (pack w lanes g + ones w lanes * limit) = true ∧
    allLanesLe w lanes (pack w lanes g) (pack w lanes f + ones w lanes * limit) = true := h
  rw [ones_mul hw, pack_add, pack_add] at h
  exact fun c hc => ⟨allLanesLe_sound hw (fun c hc => by have := hf c hc; omega) hg h.1 c hc,
    allLanesLe_sound hw (fun c hc => by have := hg c hc; omega) hf h.2 c hc⟩

/-! ## The test -/

/-- A row of the right matrix in lanes. -/
def rightRow (layout : Layout) (n right l : Nat) : Nat := rowLanes layout.right layout.words n right l

/-- An element of a row of the left matrix, of `k` columns. -/
def leftCode (layout : Layout) (k row l : Nat) : Nat := lane layout.width row (position layout.words k l)

/-- The most that a lane can hold while rows are compared, of sums of `k` products. -/
def Layout.mostInLane (layout : Layout) (k : Nat) : Nat :=
  Nat.add
    (Nat.shiftLeft (Nat.mul 2 (Nat.mul k (Nat.mul (Nat.shiftLeft 1 (Nat.add layout.left.bits 1))
      (Nat.shiftLeft 1 (Nat.add layout.right.bits 1))))) layout.productShift)
    (Nat.shiftLeft (Nat.shiftLeft 1 (Nat.add layout.product.bits 1)) layout.entryShift)

/-- The test that no lane overflows. -/
def Layout.holdsRows (layout : Layout) (k : Nat) : Bool :=
  layout.left.check && layout.right.check && layout.product.check && Nat.ble 1 layout.words &&
    Nat.ble layout.words mostWords && Nat.ble (Nat.add layout.left.bits 1) layout.width &&
    Nat.ble (Nat.add layout.right.bits 1) layout.width && Nat.ble (Nat.add layout.product.bits 1) layout.width &&
    Nat.ble (layout.mostInLane k) (Nat.shiftLeft 1 (Nat.sub layout.width 3))

/-- How far entries may be apart: the bound in the unit of the layout, and never more than a lane can hold. -/
def limitOf (layout : Layout) (bound : Nat) : Nat :=
  withValue (Nat.shiftRight (Nat.shiftLeft (scaledMagnitude bound) 1074) layout.low) fun limit =>
    Bool.rec (Nat.shiftLeft 1 (Nat.sub layout.width 3)) limit (Nat.ble limit (Nat.shiftLeft 1 (Nat.sub layout.width 3)))

/-- The computed row, and what the offsets add to the exact one. -/
def plusRow (layout : Layout) (k n leftRow sums product i : Nat) : Nat :=
  Nat.add (Nat.shiftLeft (rowLanes layout.product layout.words n product i) layout.entryShift)
    (Nat.shiftLeft (Nat.add (Nat.mul layout.left.offset sums)
      (Nat.mul (ones layout.width (laneCount layout.words n))
        (Nat.mul layout.right.offset (sumBelow (leftCode layout k leftRow) k)))) layout.productShift)

/-- The exact row, and what the offsets add to the computed one. -/
def minusRow (layout : Layout) (k n leftRow right : Nat) : Nat :=
  Nat.add (Nat.shiftLeft (Nat.add
      (sumBelow (fun l => Nat.mul (leftCode layout k leftRow l) (rightRow layout n right l)) k)
      (Nat.mul (ones layout.width (laneCount layout.words n))
        (Nat.mul k (Nat.mul layout.left.offset layout.right.offset)))) layout.productShift)
    (Nat.mul (ones layout.width (laneCount layout.words n)) (Nat.shiftLeft layout.product.offset layout.entryShift))

/-- The test of every row. -/
def rowsNear (layout : Layout) (m k n left right product bound : Nat) : Bool :=
  withValue (sumBelow (rightRow layout n right) k) fun sums => withValue (limitOf layout bound) fun limit =>
    allBelow (fun i => withValue (rowLanes layout.left layout.words k left i) fun leftRow =>
      withValue (plusRow layout k n leftRow sums product i) fun plus =>
        withValue (minusRow layout k n leftRow right) fun minus =>
          allLanesNear layout.width (laneCount layout.words n) limit plus minus) m

/-- The test of a bound for frames that hold an `m × k` matrix, a `k × n` matrix and their computed product. -/
def checkCombinations (layout : Layout) (m k n left right product bound : Nat) : Bool :=
  Nat.blt bound infinity && layout.holdsRows k && layout.left.checkFrame (Nat.mul m k) left &&
    layout.right.checkFrame (Nat.mul k n) right && layout.product.checkFrame (Nat.mul m n) product &&
    rowsNear layout m k n left right product bound

/-- The test of a bound for such frames, by rows of the product or by its entries. -/
def checkProduct (layout : Layout) (m k n left right product bound : Nat) : Bool :=
  Bool.rec (withValue (transposed k n right) fun columns => checkRows layout m k n left columns product bound)
    (checkCombinations layout m k n left right product bound) (Nat.beq layout.block 0)

/-! ## Soundness -/

theorem sumBelow_pack {g : Nat → Nat} {h : Nat → Nat → Nat} {k : Nat} (hg : ∀ l < k, g l = pack w lanes (h l)) :
    sumBelow g k = pack w lanes fun c => total k fun l => h l c := by
  induction k with
  | zero => exact pack_zero.symm
  | succ k ih =>
    show sumBelow g k + g k = _
    rw [ih fun l hl => hg l (by omega), hg k (by omega), pack_add]
    rfl

variable {layout : Layout} {m k n left right product bound i : Nat}

private theorem limitOf_le : limitOf layout bound * 2 ^ layout.low ≤ scaledMagnitude bound * scale ∧
    limitOf layout bound ≤ 2 ^ (layout.width - 3) := by
  have floor : (scaledMagnitude bound <<< 1074) >>> layout.low * 2 ^ layout.low ≤ scaledMagnitude bound * scale := by
    rw [Nat.shiftRight_eq_div_pow, ← shiftLeft_scale]
    exact Nat.div_mul_le_self ..
  have unfolded : limitOf layout bound = Bool.rec (1 <<< (layout.width - 3)) ((scaledMagnitude bound <<< 1074) >>> layout.low)
      (Nat.ble ((scaledMagnitude bound <<< 1074) >>> layout.low) (1 <<< (layout.width - 3))) := by
    rw [limitOf, withValue_eq]; rfl
  rw [unfolded, Nat.one_shiftLeft]
  generalize (scaledMagnitude bound <<< 1074) >>> layout.low = limit at *
  by_cases h : limit ≤ 2 ^ (layout.width - 3)
  · rw [show Nat.ble limit (2 ^ (layout.width - 3)) = true from Nat.ble_eq_true_of_le h]
    exact ⟨floor, h⟩
  · rw [show Nat.ble limit (2 ^ (layout.width - 3)) = false from Bool.eq_false_iff.2 (mt Nat.le_of_ble_eq_true h)]
    show 2 ^ (layout.width - 3) * 2 ^ layout.low ≤ _ ∧ 2 ^ (layout.width - 3) ≤ 2 ^ (layout.width - 3)
    exact ⟨Nat.le_trans (Nat.mul_le_mul_right _ (Nat.le_of_lt (Nat.not_le.1 h))) floor, Nat.le_refl _⟩

/-- What the test of the layout finds. -/
structure Roomy (layout : Layout) (k : Nat) : Prop where
  /-- A lane has words. -/
  words : 0 < layout.words
  /-- The integers of the left matrix fit. -/
  left : layout.left.bits < layout.width
  /-- The integers of the right matrix fit. -/
  right : layout.right.bits < layout.width
  /-- The integers of the computed product fit. -/
  product : layout.product.bits < layout.width
  /-- A lane has a word at least. -/
  wide : 64 ≤ layout.width
  /-- What is compared fits, eight times. -/
  room : 2 * (k * (2 ^ (layout.left.bits + 1) * 2 ^ (layout.right.bits + 1))) * 2 ^ layout.productShift +
    2 ^ (layout.product.bits + 1) * 2 ^ layout.entryShift ≤ 2 ^ (layout.width - 3)

theorem Roomy.of_holdsRows (h : layout.holdsRows k = true) : Roomy layout k := by
  simp only [Layout.holdsRows, Bool.and_eq_true, Nat.ble_eq] at h
  obtain ⟨⟨⟨⟨⟨⟨-, words⟩, -⟩, left⟩, right⟩, product⟩, room⟩ := h
  have room : (2 * (k * (1 <<< (layout.left.bits + 1) * 1 <<< (layout.right.bits + 1)))) <<< layout.productShift +
    (1 <<< (layout.product.bits + 1)) <<< layout.entryShift ≤ 1 <<< (layout.width - 3) := room
  simp only [Nat.one_shiftLeft] at room
  rw [Nat.shiftLeft_eq, Nat.shiftLeft_eq] at room
  have wide : 64 ≤ 64 * layout.words := by have : 1 ≤ layout.words := words; omega
  exact ⟨words, left, right, product, wide, room⟩

variable (fits : Roomy layout k) (hA : layout.left.checkFrame (m * k) left = true)
  (hB : layout.right.checkFrame (k * n) right = true) (hC : layout.product.checkFrame (m * n) product = true) (hi : i < m)

/-- What stands in the lane of an element of the left matrix. -/
private def leftAt (layout : Layout) (k left i l : Nat) : Nat := code layout.left layout.width (rowElement k left i l)

/-- What stands in a lane of a row of the right matrix. -/
private def rightAt (layout : Layout) (n right l c : Nat) : Nat :=
  code layout.right layout.width (rowElement n right l (column layout.words n c))

/-- What stands in a lane of a row of the computed product. -/
private def productAt (layout : Layout) (n product i c : Nat) : Nat :=
  code layout.product layout.width (rowElement n product i (column layout.words n c))

include fits

include hA hi in
private theorem leftAt_lt (l : Nat) : leftAt layout k left i l < 2 ^ (layout.left.bits + 1) :=
  code_lt fits.left (Range.checkFrame_holds hA).1 (rowElement_holds hA hi).1 (rowElement_holds hA hi).2

include hB in
private theorem rightAt_lt {l : Nat} (hl : l < k) (c : Nat) : rightAt layout n right l c < 2 ^ (layout.right.bits + 1) :=
  code_lt fits.right (Range.checkFrame_holds hB).1 (rowElement_holds hB hl).1 (rowElement_holds hB hl).2

include hC hi in
private theorem productAt_lt (c : Nat) : productAt layout n product i c < 2 ^ (layout.product.bits + 1) :=
  code_lt fits.product (Range.checkFrame_holds hC).1 (rowElement_holds hC hi).1 (rowElement_holds hC hi).2

include hA hi in
private theorem leftCode_eq {l : Nat} (hl : l < k) :
    leftCode layout k (rowLanes layout.left layout.words k left i) l = leftAt layout k left i l := by
  obtain ⟨here, back⟩ := column_position fits.words hl
  have wide : 2 ^ (layout.left.bits + 1) ≤ 2 ^ layout.width := Nat.pow_le_pow_right (by decide) fits.left
  rw [leftCode, show rowLanes layout.left layout.words k left i = pack layout.width (laneCount layout.words k) fun l =>
      leftAt layout k left i (column layout.words k l) from rowLanes_eq fits.words fits.left hA hi,
    lane_pack (fun l _ => Nat.lt_of_lt_of_le (leftAt_lt fits hA hi _) wide) here, back]

include hB in
private theorem rightRow_eq {l : Nat} (hl : l < k) : rightRow layout n right l =
    pack layout.width (laneCount layout.words n) (rightAt layout n right l) := rowLanes_eq fits.words fits.right hB hl

include hA hB hC hi in
private theorem plusRow_eq : plusRow layout k n (rowLanes layout.left layout.words k left i)
    (sumBelow (rightRow layout n right) k) product i =
      pack layout.width (laneCount layout.words n) fun c => productAt layout n product i c * 2 ^ layout.entryShift +
        (layout.left.offset * (total k fun l => rightAt layout n right l c) +
          layout.right.offset * total k (leftAt layout k left i)) * 2 ^ layout.productShift := by
  have row : rowLanes layout.product layout.words n product i =
    pack layout.width (laneCount layout.words n) (productAt layout n product i) :=
      rowLanes_eq fits.words fits.product hC hi
  have hw : 0 < layout.width := by have := fits.wide; omega
  have unfolded : ∀ leftRow sums, plusRow layout k n leftRow sums product i =
      rowLanes layout.product layout.words n product i <<< layout.entryShift + (layout.left.offset * sums +
        ones layout.width (laneCount layout.words n) *
          (layout.right.offset * sumBelow (leftCode layout k leftRow) k)) <<< layout.productShift := fun _ _ => rfl
  rw [unfolded, row, sumBelow_pack fun l hl => rightRow_eq fits hB hl, sumBelow_eq,
    total_congr fun l hl => leftCode_eq fits hA hi hl]
  rw [Nat.shiftLeft_eq, Nat.shiftLeft_eq, ones_mul hw, mul_pack, pack_add, pack_mul, pack_mul, pack_add]

include hA hB hi in
private theorem minusRow_eq : minusRow layout k n (rowLanes layout.left layout.words k left i) right =
    pack layout.width (laneCount layout.words n) fun c =>
      ((total k fun l => leftAt layout k left i l * rightAt layout n right l c) +
        k * (layout.left.offset * layout.right.offset)) * 2 ^ layout.productShift +
          layout.product.offset * 2 ^ layout.entryShift := by
  have hw : 0 < layout.width := by have := fits.wide; omega
  have unfolded : ∀ leftRow, minusRow layout k n leftRow right =
      (sumBelow (fun l => leftCode layout k leftRow l * rightRow layout n right l) k +
        ones layout.width (laneCount layout.words n) * (k * (layout.left.offset * layout.right.offset))) <<<
          layout.productShift + ones layout.width (laneCount layout.words n) *
            layout.product.offset <<< layout.entryShift := fun _ => rfl
  rw [unfolded, sumBelow_pack (h := fun l c => leftAt layout k left i l * rightAt layout n right l c) fun l hl => by
    rw [leftCode_eq fits hA hi hl, rightRow_eq fits hB hl]; exact mul_pack _]
  rw [Nat.shiftLeft_eq, Nat.shiftLeft_eq, ones_mul hw, ones_mul hw, pack_add, pack_mul, pack_add]

omit fits in
/-- What lanes hold while rows are compared. -/
private theorem sums_le {r s : Range} {f g : Nat → Nat} (hf : ∀ l < k, f l < 2 ^ (r.bits + 1))
    (hg : ∀ l < k, g l < 2 ^ (s.bits + 1)) :
    r.offset * total k g + s.offset * total k f ≤ 2 * (k * (2 ^ (r.bits + 1) * 2 ^ (s.bits + 1))) ∧
      (total k fun l => f l * g l) + k * (r.offset * s.offset) ≤ 2 * (k * (2 ^ (r.bits + 1) * 2 ^ (s.bits + 1))) := by
  have h₁ := Nat.mul_le_mul_left r.offset (total_le fun l hl => Nat.le_of_lt (hg l hl))
  have h₂ := Nat.mul_le_mul_left s.offset (total_le fun l hl => Nat.le_of_lt (hf l hl))
  have h₃ := total_le fun l hl => Nat.mul_le_mul (Nat.le_of_lt (hf l hl)) (Nat.le_of_lt (hg l hl))
  simp only [offset_eq, Nat.pow_succ] at h₁ h₂ h₃ ⊢
  generalize 2 ^ r.bits = a, 2 ^ s.bits = b at *
  have e₁ : a * (k * (b * 2)) = 2 * (k * (a * b)) := by grind
  have e₂ : b * (k * (a * 2)) = 2 * (k * (a * b)) := by grind
  have e₃ : k * (a * 2 * (b * 2)) = 4 * (k * (a * b)) := by grind
  rw [e₁] at h₁
  rw [e₂] at h₂
  rw [e₃] at h₃ ⊢
  omega

include hA hB hC hi in
/-- An entry of the computed row and the exact one, as their difference. -/
private theorem difference_eq {j : Nat} (hj : j < n)
    (near : allLanesNear layout.width (laneCount layout.words n) (limitOf layout bound)
      (plusRow layout k n (rowLanes layout.left layout.words k left i) (sumBelow (rightRow layout n right) k) product i)
      (minusRow layout k n (rowLanes layout.left layout.words k left i) right) = true) :
    (decode layout.product layout.width (element product (i * n + j)) * 2 ^ layout.entryShift -
      (integerSum k fun l => decode layout.left layout.width (element left (i * k + l)) *
        decode layout.right layout.width (element right (l * n + j))) * 2 ^ layout.productShift).natAbs ≤
          limitOf layout bound := by
  have hw : 0 < layout.width := by have := fits.wide; omega
  have small := (limitOf_le (layout := layout) (bound := bound)).2
  have room := fits.room
  have quarter : 2 ^ (layout.width - 1) = 4 * 2 ^ (layout.width - 3) := by
    have := fits.wide
    rw [show layout.width - 1 = layout.width - 3 + 2 by omega, Nat.pow_add]
    omega
  have pos := Nat.two_pow_pos (layout.width - 3)
  rw [plusRow_eq fits hA hB hC hi, minusRow_eq fits hA hB hi] at near
  have sums := fun c => sums_le (k := k) (fun l _ => leftAt_lt fits hA hi l)
    (fun l hl => rightAt_lt (n := n) fits hB hl c)
  have parts := allLanesNear_sound hw (fun c _ => ?_) (fun c _ => ?_) near
  · obtain ⟨here, back⟩ := column_position fits.words hj
    obtain ⟨above, below⟩ := parts _ here
    have place : ∀ x r, rowElement n x r (column layout.words n (position layout.words n j)) = element x (r * n + j) :=
      fun x r => by rw [back, rowElement, if_pos hj]
    have exact := total_offset (n := k) (a := layout.left.offset) (b := layout.right.offset)
      (x := leftAt layout k left i) (y := fun l => rightAt layout n right l (position layout.words n j))
      (fun l _ => code_eq_decode ..) (fun l _ => code_eq_decode ..)
    have computed := code_eq_decode layout.product layout.width (element product (i * n + j))
    have same : (integerSum k fun l => decode layout.left layout.width (rowElement k left i l) *
        decode layout.right layout.width (rowElement n right l (column layout.words n (position layout.words n j)))) =
          integerSum k fun l => decode layout.left layout.width (element left (i * k + l)) *
            decode layout.right layout.width (element right (l * n + j)) :=
      integerSum_congr fun l hl => by rw [place, rowElement, if_pos hl]
    rw [same] at exact
    simp only [productAt, place] at above below
    generalize (integerSum k fun l => decode layout.left layout.width (element left (i * k + l)) *
        decode layout.right layout.width (element right (l * n + j))) = z at *
    generalize (total k fun l => leftAt layout k left i l * rightAt layout n right l (position layout.words n j)) +
        k * (layout.left.offset * layout.right.offset) = x at *
    generalize (layout.left.offset * total k fun l => rightAt layout n right l (position layout.words n j)) +
        layout.right.offset * total k (leftAt layout k left i) = y at *
    generalize code layout.product layout.width (element product (i * n + j)) = q at *
    generalize decode layout.product layout.width (element product (i * n + j)) = d at *
    generalize layout.product.offset = o at *
    simp only [← two_pow_cast]
    generalize 2 ^ layout.entryShift = e at *
    generalize 2 ^ layout.productShift = s at *
    generalize limitOf layout bound = limit at *
    have difference : ((q * e + y * s : Nat) : Int) - (x * s + o * e : Nat) = d * e - z * s := by
      simp only [Int.natCast_add, Int.natCast_mul]
      rw [computed, exact]
      grind
    generalize q * e + y * s = plus at *
    generalize x * s + o * e = minus at *
    omega
  · have h := Nat.mul_le_mul_right (2 ^ layout.productShift) (sums c).1
    have h' := Nat.mul_le_mul_right (2 ^ layout.entryShift) (Nat.le_of_lt (productAt_lt fits hC hi c))
    omega
  · have h := Nat.mul_le_mul_right (2 ^ layout.productShift) (sums c).2
    have h' : layout.product.offset * 2 ^ layout.entryShift ≤ 2 ^ (layout.product.bits + 1) * 2 ^ layout.entryShift :=
      Nat.mul_le_mul_right _ (by rw [offset_eq]; exact Nat.pow_le_pow_right (by decide) (by omega))
    omega

omit fits in
/-- What the test says of the frames: what `checkRows` says, of the columns of the right matrix. -/
theorem checkCombinations_sound (h : checkCombinations layout m k n left right product bound = true) :
    NearProduct m k n left (transposed k n right) product bound := by
  simp only [checkCombinations, Bool.and_eq_true] at h
  obtain ⟨⟨⟨⟨⟨finite, holds⟩, hA⟩, hB⟩, hC⟩, near⟩ := h
  have fits := Roomy.of_holdsRows holds
  have lt : bound < infinity := Nat.le_of_ble_eq_true finite
  simp only [rowsNear, allBelow_iff, withValue_eq] at near
  have finite : ∀ {r : Range} {rows columns x i j : Nat}, r.checkFrame (Nat.mul rows columns) x = true → i < rows →
      j < columns → isFinite (element x (i * columns + j)) = true ∧ r.Holds (element x (i * columns + j)) := by
    intro r rows columns x i j h hi hj
    obtain ⟨hr, holds⟩ := Range.checkFrame_holds h
    have holds := holds (i * columns + j) (index_lt ⟨i, hi⟩ ⟨j, hj⟩)
    exact ⟨Range.isFinite_of_holds hr holds, holds⟩
  refine ⟨lt, fun i hi l hl => (finite hA hi hl).1, fun j hj l hl => ?_, fun i hi j hj => (finite hC hi hj).1,
    fun i hi j hj => ?_⟩
  · rw [element_transposed hl hj]; exact (finite hB hl hj).1
  · have small := difference_eq fits hA hB hC hi hj (near i hi)
    have small := Nat.le_trans (Nat.mul_le_mul_right (2 ^ layout.low) small) limitOf_le.1
    refine value_near lt ?_ ?_ small
    · rw [decode_mul fits.product (Range.checkFrame_holds hC).1 (finite hC hi hj).2 (element_lt ..)]
    · rw [← integerSum_mul, integerSum_eq_vecSum, ← vecSum_ofScaledSquare]
      congr; funext l
      rw [element_transposed l.isLt hj, toRat_eq_ofScaled, toRat_eq_ofScaled, ofScaled_mul_ofScaled,
        ← decode_mul fits.left (Range.checkFrame_holds hA).1 (finite hA hi l.isLt).2 (element_lt ..),
        ← decode_mul fits.right (Range.checkFrame_holds hB).1 (finite hB l.isLt hj).2 (element_lt ..), Int.pow_add]
      congr 1
      grind

omit fits in
theorem checkProduct_sound (h : checkProduct layout m k n left right product bound = true) :
    NearProduct m k n left (transposed k n right) product bound := by
  unfold checkProduct at h
  cases e : Nat.beq layout.block 0 <;> rw [e] at h
  · rw [withValue_eq] at h; exact checkRows_sound h
  · exact checkCombinations_sound h

end LeanPythonBridge.Certificate.Product
