module

public import LeanPythonBridge.Certificate.PositiveDefiniteSoundness
public import LeanPythonBridge.Certificate.PrincipalComponents
public import LeanPythonBridge.Certificate.Scatter

/-!
# Principal components: what certifies them

In exact integers it is tested that a positive definite matrix is near `τ I + Fᵀ F - Yᵀ Y`, where the rows of `Y` are points
less their mean: so no orthonormal directions capture more than `PrincipalComponents` says. What the components capture is
computed exactly, and how far they are from orthonormal.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.Pca

open Float64 Scatter

variable {m n k : Nat}

/-! ## What it means -/

/-- What certified components mean. `Y` has the points less `mean` as its rows, by the exact values of the doubles. -/
structure Certified (data : Matrix m n Nat) (mean : Vec n Nat) (components : Matrix k n Nat)
    (capturedBits greatest skew meanBound : Nat) : Prop where
  /-- The data are finite. -/
  data_finite : ∀ r, Finite (data r)
  /-- The mean is finite. -/
  mean_finite : Finite mean
  /-- The components are finite. -/
  components_finite : ∀ i, Finite (components i)
  /-- The mean is within its bound of the exact one. -/
  mean_near : ∀ a, abs (valueVec mean a - (vecSum fun r => valueMatrix data r a) / (m : Rat)) ≤ toRat meanBound
  /-- The components are orthonormal but for `skew`. -/
  orthonormal : ∀ i j, abs (dot (valueMatrix components i) (valueMatrix components j) - if i = j then 1 else 0) ≤ toRat skew
  /-- The components capture at least so much. -/
  at_least : toRat capturedBits ≤ captured (centred (valueMatrix data) (valueVec mean)) (valueMatrix components)
  /-- No orthonormal directions, as many as these, capture more than so much. -/
  at_most : ∀ W : Matrix k n Rat, Orthonormal W → captured (centred (valueMatrix data) (valueVec mean)) W ≤ toRat greatest

/-! ## The test -/

/-- The frames of a question, an answer and its certificate. -/
structure Frames where
  /-- The points. -/
  data : Nat
  /-- The points, column by column. -/
  columns : Nat
  /-- Their mean. -/
  mean : Nat
  /-- The components. -/
  components : Nat
  /-- The matrix F. -/
  spread : Nat
  /-- The positive definite matrix. -/
  matrix : Nat

/-- The doubles of an answer and its certificate, as their bits. -/
structure Numbers where
  /-- At least so much is captured. -/
  captured : Nat
  /-- At most so much is. -/
  greatest : Nat
  /-- How far from orthonormal the components are. -/
  skew : Nat
  /-- How far from the exact one the mean is. -/
  meanBound : Nat
  /-- The number τ. -/
  shift : Nat
  /-- How far the positive definite matrix is from τ I + Fᵀ F - Yᵀ Y, entry by entry. -/
  error : Nat

/-- The test that they are finite. -/
def Numbers.areFinite (x : Numbers) : Bool :=
  isFinite x.captured && isFinite x.greatest && isFinite x.skew && isFinite x.meanBound && isFinite x.shift && isFinite x.error

/-- The test that two integers differ by a limit at most. -/
def within (x y limit : Int) : Bool :=
  withInt (Int.sub x y) fun d => isNonneg (Int.sub limit d) && isNonneg (Int.add limit d)

/-- A number, when two indices are equal. -/
def onDiagonal (i j : Nat) (z : Int) : Int := Bool.rec 0 z (Nat.beq i j)

/-- The dot product of rows `i` and `j` of a frame with `n` columns. -/
def rowsDot (n x i j : Nat) : Int :=
  dotAt x (fun l => Nat.add (Nat.mul i n) l) x (fun l => Nat.add (Nat.mul j n) l) n

/-- The dot product of columns `a` and `b` of a frame with `k` rows of `n`. -/
def columnsDot (k n x a b : Nat) : Int := dotAt x (fun l => Nat.add (Nat.mul l n) a) x (fun l => Nat.add (Nat.mul l n) b) k

/-- The scatter matrix. -/
def Frames.scatter (F : Frames) (layout : Product.Layout) (m n a b : Nat) : Int :=
  entry layout m n F.data F.columns F.mean a b

/-- The test of an entry of the positive definite matrix. -/
def isRest (F : Frames) (layout : Product.Layout) (m n k : Nat) (shift error : Int) (a b : Nat) : Bool :=
  withInt (F.scatter layout m n a b) fun own =>
    within (raise (doubleAt F.matrix (Nat.add (Nat.mul a n) b)))
      (Int.sub (Int.add (onDiagonal a b (raise shift)) (columnsDot k n F.spread a b)) own) (raise error)

/-- What the components capture, in units of `2^(-4296)`. -/
def Frames.captured (F : Frames) (layout : Product.Layout) (m n k : Nat) : Int :=
  sumInt (fun a => sumInt (fun b => Int.mul (F.scatter layout m n a b) (columnsDot k n F.components a b)) n) n

/-- What any directions capture at most. -/
def most (n k spread : Nat) (shift error : Int) : Int :=
  Int.add (Int.mul (Int.ofNat k) (Int.add (raise shift) (Int.mul (Int.ofNat n) (raise error))))
    (sumInt (fun l => rowsDot n spread l l) k)

/-- The test of the numbers, given as integers. -/
def checkNumbers (F : Frames) (layout : Product.Layout) (m n k : Nat)
    (captured greatest skew meanBound shift error : Int) : Bool :=
  isNonneg (Int.sub (F.captured layout m n k) (raise (raise (raise captured)))) &&
    isNonneg (Int.sub (raise greatest) (most n k F.spread shift error)) &&
    allBelow (fun i => allBelow (fun j => within (rowsDot n F.components i j)
      (onDiagonal i j (Int.ofNat (Nat.shiftLeft 1 2148))) (raise skew)) k) k &&
    allBelow (fun a => within (Int.mul (Int.ofNat m) (doubleAt F.mean a)) (columnSum m n F.data a)
      (Int.mul (Int.ofNat m) meanBound)) n &&
    allBelow (fun a => allBelow (isRest F layout m n k shift error a) n) n

/-- The test of the frames. -/
def checkFrames (F : Frames) (x : Numbers) (layout : Product.Layout) (own : PositiveDefinite.Layout) (factor m n k : Nat) :
    Bool :=
  Nat.ble 1 m && x.areFinite && Order.finite (Nat.mul m n) F.data && Order.finite n F.mean &&
    Order.finite (Nat.mul k n) F.components && Order.finite (Nat.mul k n) F.spread &&
    PositiveDefinite.check F.matrix factor n own && Product.canMultiply layout n m n F.columns F.columns &&
    withInt (doubleAt x.captured 0) fun captured => withInt (doubleAt x.greatest 0) fun greatest =>
      withInt (doubleAt x.skew 0) fun skew => withInt (doubleAt x.meanBound 0) fun meanBound =>
        withInt (doubleAt x.shift 0) fun shift => withInt (doubleAt x.error 0) fun error =>
          checkNumbers F layout m n k captured greatest skew meanBound shift error

/-! ## Soundness -/

private theorem within_iff {x y limit : Int} : within x y limit = true ↔ -limit ≤ x - y ∧ x - y ≤ limit := by
  simp only [within, withInt_eq, Bool.and_eq_true, isNonneg_iff]
  show 0 ≤ limit - (x - y) ∧ 0 ≤ limit + (x - y) ↔ _
  omega

private theorem near_of_within {x y limit : Int} (h : within x y limit = true) :
    abs (ofScaledSquare x - ofScaledSquare y) ≤ ofScaledSquare limit := by
  rw [← ofScaledSquare_sub, abs_ofScaledSquare, ofScaledSquare_le, abs_le_iff]
  exact within_iff.1 h

private theorem natCast_mul_ofScaled (c : Nat) (z : Int) : (c : Rat) * ofScaled z = ofScaled (c * z) := by
  rw [ofScaled_mul]; rfl

private theorem natCast_mul_ofScaledSquare (c : Nat) (z : Int) : (c : Rat) * ofScaledSquare z = ofScaledSquare (c * z) := by
  rw [ofScaledSquare, ofScaledSquare, ← natCast_mul_ofScaled]
  grind

private theorem ofScaledSquare_onDiagonal (i j : Nat) (z : Int) :
    ofScaledSquare (onDiagonal i j z) = if i = j then ofScaledSquare z else 0 := by
  by_cases e : i = j
  · rw [if_pos e, onDiagonal, show Nat.beq i j = true from by rw [Nat.beq_eq]; exact e]
  · rw [if_neg e, onDiagonal, show Nat.beq i j = false from Bool.eq_false_iff.2 (mt Nat.eq_of_beq_eq_true e),
      ← ofScaledSquare_zero]

/-- Products of two numbers in units of `2^(-2148)`. -/
private theorem ofScaledSquare_mul_ofScaledSquare (x y : Int) :
    ofScaledSquare x * ofScaledSquare y * (scale : Rat) * (scale : Rat) = ofScaledSquare (x * y) := by
  have hs := scale_pos
  have product := ofScaled_mul_ofScaled x y
  rw [← product]
  unfold ofScaledSquare
  generalize (scale : Rat) = s at *
  grind

section Numbers

variable {F : Frames} {layout : Product.Layout} {captured' greatest skew meanBound shift error : Int}
  (h : checkNumbers F layout m n k captured' greatest skew meanBound shift error = true)
  (data : ∀ r, Finite (frameMatrix F.data m n r)) (mean : Finite (frameVec F.mean n))
  (spread : ∀ i, Finite (frameMatrix F.spread k n i)) (components : ∀ i, Finite (frameMatrix F.components k n i))
  (columns : F.columns = Product.transposed m n F.data)
  (products : Product.canMultiply layout n m n F.columns F.columns = true)

include h

private theorem parts : (0 ≤ F.captured layout m n k - raise (raise (raise captured'))) ∧
    (0 ≤ raise greatest - most n k F.spread shift error) ∧
    (∀ i < k, ∀ j < k, within (rowsDot n F.components i j) (onDiagonal i j (Int.ofNat (Nat.shiftLeft 1 2148)))
      (raise skew) = true) ∧
    (∀ a < n, within (Int.mul (Int.ofNat m) (doubleAt F.mean a)) (columnSum m n F.data a)
      (Int.mul (Int.ofNat m) meanBound) = true) ∧
    ∀ a < n, ∀ b < n, isRest F layout m n k shift error a b = true := by
  simp only [checkNumbers, Bool.and_eq_true, isNonneg_iff, allBelow_iff] at h
  exact ⟨h.1.1.1.1, h.1.1.1.2, h.1.1.2, h.1.2, h.2⟩

omit h in
private theorem rowsDot_eq {x : Nat} (finite : ∀ i, Finite (frameMatrix x k n i)) (i j : Fin k) :
    dot (valueMatrix (frameMatrix x k n) i) (valueMatrix (frameMatrix x k n) j) = ofScaledSquare (rowsDot n x i j) :=
  dotAt_eq (fun l hl => finite i ⟨l, hl⟩) fun l hl => finite j ⟨l, hl⟩

omit h in
private theorem columnsDot_eq {x : Nat} (finite : ∀ i, Finite (frameMatrix x k n i)) (a b : Fin n) :
    (vecSum fun i => valueMatrix (frameMatrix x k n) i a * valueMatrix (frameMatrix x k n) i b) =
      ofScaledSquare (columnsDot k n x a b) :=
  dotAt_eq (i := fun l => l * n + a) (j := fun l => l * n + b) (fun l hl => finite ⟨l, hl⟩ a) fun l hl => finite ⟨l, hl⟩ b

private theorem skew_sound (components : ∀ i, Finite (frameMatrix F.components k n i)) (i j : Fin k) :
    abs (dot (valueMatrix (frameMatrix F.components k n) i) (valueMatrix (frameMatrix F.components k n) j) -
      if i = j then 1 else 0) ≤ ofScaled skew := by
  have key := near_of_within ((parts h).2.2.1 i i.isLt j j.isLt)
  have one : ofScaledSquare (Int.ofNat (Nat.shiftLeft 1 2148)) = 1 := by
    rw [show Nat.shiftLeft 1 2148 = 2 ^ 2148 from Nat.one_shiftLeft 2148, one_eq_ofScaledSquare, ← two_pow_cast]
    rfl
  rw [ofScaledSquare_raise, ofScaledSquare_onDiagonal, one, ← rowsDot_eq components] at key
  simp only [Fin.ext_iff]
  exact key

include data mean in
private theorem mean_sound (some : 0 < m) (a : Fin n) : abs (valueVec (frameVec F.mean n) a -
    (vecSum fun r => valueMatrix (frameMatrix F.data m n) r a) / (m : Rat)) ≤ ofScaled meanBound := by
  have key := within_iff.1 ((parts h).2.2.2.1 a a.isLt)
  have sum := columnSum_eq a.isLt data
  have own : toRat (element F.mean a) = ofScaled (doubleAt F.mean a) := by
    rw [doubleAt_eq (mean a : isFinite (element F.mean a) = true), toRat_eq_ofScaled]
  have pos : (0 : Rat) < (m : Rat) := by
    have : ((0 : Int) : Rat) < ((m : Int) : Rat) := Rat.intCast_lt_intCast.2 (by omega)
    exact this
  have up : (m : Int) * doubleAt F.mean a - columnSum m n F.data a ≤ m * meanBound := key.2
  have down : -((m : Int) * meanBound) ≤ m * doubleAt F.mean a - columnSum m n F.data a := key.1
  have up := ofScaled_le.2 up
  have down := ofScaled_le.2 down
  rw [ofScaled_sub, ← natCast_mul_ofScaled, ← natCast_mul_ofScaled] at up
  rw [ofScaled_neg, ofScaled_sub, ← natCast_mul_ofScaled, ← natCast_mul_ofScaled] at down
  show abs (toRat (element F.mean a) - (vecSum fun r : Fin m => toRat (element F.data (r * n + a))) / (m : Rat)) ≤ _
  rw [sum, own]
  generalize ofScaled (doubleAt F.mean a) = x at *
  generalize ofScaled (columnSum m n F.data a) = y at *
  generalize ofScaled meanBound = z at *
  generalize (m : Rat) = c at *
  have e : y / c * c = y := by grind
  generalize y / c = w at *
  have up : (x - w) * c ≤ z * c := by grind
  have down : (w - x) * c ≤ z * c := by grind
  rw [abs_le_iff]
  have d := Rat.le_of_mul_le_mul_right down pos
  have u := Rat.le_of_mul_le_mul_right up pos
  constructor <;> grind

/-- The points less their mean. -/
private abbrev points (F : Frames) (m n : Nat) : Matrix m n Rat :=
  centred (valueMatrix (frameMatrix F.data m n)) (valueVec (frameVec F.mean n))

omit h in
include data mean columns products in
private theorem scatter_eq (a b : Fin n) :
    (points F m n).transpose.mul (points F m n) a b = ofScaledSquare (F.scatter layout m n a b) := by
  rw [columns] at products
  rw [Frames.scatter, columns]
  exact entry_eq products data mean a b

include data mean components columns products in
private theorem captured_sound :
    ofScaled captured' ≤ captured (points F m n) (valueMatrix (frameMatrix F.components k n)) := by
  have key := (parts h).1
  have exact : captured (points F m n) (valueMatrix (frameMatrix F.components k n)) * (scale : Rat) * (scale : Rat) =
      ofScaledSquare (F.captured layout m n k) := by
    rw [captured_eq, Frames.captured, ← vecSum_sumInt, ← vecSum_mul_right, ← vecSum_mul_right]
    congr; funext a
    rw [← vecSum_sumInt, ← vecSum_mul_right, ← vecSum_mul_right]
    congr; funext b
    rw [scatter_eq data mean columns products, columnsDot_eq components, ofScaledSquare_mul_ofScaledSquare]
    rfl
  have le : ofScaledSquare (raise (raise (raise captured'))) ≤ ofScaledSquare (F.captured layout m n k) :=
    ofScaledSquare_le.2 (by omega)
  have raised : ofScaledSquare (raise (raise (raise captured'))) = ofScaled captured' * (scale : Rat) * (scale : Rat) := by
    have twice : ∀ z, ofScaled (raise z) = ofScaled z * (scale : Rat) := fun z => by
      have := ofScaledSquare_raise z
      rw [← this, ofScaledSquare]
      have hs := scale_pos
      generalize (scale : Rat) = s at *
      grind
    rw [ofScaledSquare_raise, twice, twice]
  rw [← exact, raised] at le
  have pos := scale_pos
  exact Rat.le_of_mul_le_mul_right (Rat.le_of_mul_le_mul_right le pos) pos

include data mean spread columns products in
private theorem greatest_sound (posDef : PosDef (valueMatrix (frameMatrix F.matrix n n)))
    (finite : ∀ i, Finite (frameMatrix F.matrix n n i)) (W : Matrix k n Rat) (ortho : Orthonormal W) :
    captured (points F m n) W ≤ ofScaled greatest := by
  have near : ∀ a b, abs (valueMatrix (frameMatrix F.matrix n n) a b - ((if a = b then ofScaled shift else 0) +
      (valueMatrix (frameMatrix F.spread k n)).transpose.mul (valueMatrix (frameMatrix F.spread k n)) a b -
        (points F m n).transpose.mul (points F m n) a b)) ≤ ofScaled error := fun a b => by
    have key := (parts h).2.2.2.2 a a.isLt b b.isLt
    simp only [isRest, withInt_eq] at key
    have key := near_of_within key
    have own : ofScaled (doubleAt F.matrix (Nat.add (Nat.mul a n) b)) = toRat (element F.matrix (a * n + b)) := by
      rw [toRat_eq_ofScaled]
      exact congrArg ofScaled (doubleAt_eq (finite a b))
    have split : ∀ x y z : Int, ofScaledSquare (Int.sub (Int.add x y) z) =
        ofScaledSquare x + ofScaledSquare y - ofScaledSquare z := fun x y z => by
      show ofScaledSquare (x + y - z) = _
      rw [ofScaledSquare_sub, ofScaledSquare_add]
    rw [split, ofScaledSquare_raise, ofScaledSquare_raise, ofScaledSquare_onDiagonal, ofScaledSquare_raise, own,
      ← scatter_eq data mean columns products, ← columnsDot_eq spread] at key
    simp only [Fin.ext_iff]
    exact key
  have most := captured_le (normSq_le_of_posDef posDef near) ortho
  have key := (parts h).2.1
  refine Std.le_trans most ?_
  have rows : (vecSum fun j => normSq (valueMatrix (frameMatrix F.spread k n) j)) =
      ofScaledSquare (sumInt (fun l => rowsDot n F.spread l l) k) := by
    rw [← vecSum_sumInt]
    congr; funext j
    exact rowsDot_eq spread j j
  have e : (k : Rat) * (ofScaled shift + n * ofScaled error) + ofScaledSquare (sumInt (fun l => rowsDot n F.spread l l) k) =
      ofScaledSquare (Pca.most n k F.spread shift error) := by
    rw [← ofScaledSquare_raise shift, ← ofScaledSquare_raise error, natCast_mul_ofScaledSquare, ← ofScaledSquare_add,
      natCast_mul_ofScaledSquare, ← ofScaledSquare_add]
    rfl
  rw [rows, e, ← ofScaledSquare_raise, ofScaledSquare_le]
  omega

end Numbers

private theorem finite_rows {x rows : Nat} (h : Order.finite (Nat.mul rows n) x = true) :
    ∀ i, Finite (frameMatrix x rows n i) := fun i j => Order.finite_sound h _ (index_lt i j)

theorem checkFrames_sound {F : Frames} {x : Numbers} {layout : Product.Layout} {own : PositiveDefinite.Layout} {factor : Nat}
    (columns : F.columns = Product.transposed m n F.data) (small : x.captured < 2 ^ 64 ∧ x.greatest < 2 ^ 64 ∧
      x.skew < 2 ^ 64 ∧ x.meanBound < 2 ^ 64) (h : checkFrames F x layout own factor m n k = true) :
    Certified (frameMatrix F.data m n) (frameVec F.mean n) (frameMatrix F.components k n) x.captured x.greatest x.skew
      x.meanBound := by
  simp only [checkFrames, Numbers.areFinite, Bool.and_eq_true, withInt_eq, Nat.ble_eq] at h
  obtain ⟨⟨⟨⟨⟨⟨⟨⟨some, numbers⟩, data⟩, mean⟩, components⟩, spread⟩, posDef⟩, products⟩, h⟩ := h
  obtain ⟨⟨⟨⟨⟨c, g⟩, s⟩, o⟩, -⟩, -⟩ := numbers
  have data := finite_rows data
  have mean : Finite (frameVec F.mean n) := fun a => Order.finite_sound mean a a.isLt
  have components := finite_rows components
  have spread := finite_rows spread
  have posDef := PositiveDefinite.check_sound posDef
  refine ⟨data, mean, components, fun a => ?_, fun i j => ?_, ?_, fun W ortho => ?_⟩
  · rw [← ofScaled_doubleAt_zero small.2.2.2 o]
    exact mean_sound h data mean some a
  · rw [← ofScaled_doubleAt_zero small.2.2.1 s]
    exact skew_sound h components i j
  · rw [← ofScaled_doubleAt_zero small.1 c]
    exact captured_sound h data mean components columns products
  · rw [← ofScaled_doubleAt_zero small.2.1 g]
    exact greatest_sound h data mean spread columns products posDef.posDef posDef.finite W ortho

end LeanPythonBridge.Certificate.Pca
