module

public import LeanPythonBridge.Certificate.LeastSquaresGap
public import LeanPythonBridge.Certificate.Magnitudes
public import LeanPythonBridge.Certificate.Order
public import LeanPythonBridge.Certificate.ProductCertificate
public import LeanPythonBridge.Certificate.Units

/-!
# The certificate of a least-squares fit

For the computed weights `ŵ` of `‖X w - y‖²`, with `m` rows and `n` columns of doubles, the certificate is four arrays and
what is said of them (`Evidence`): `Y`, nearly a left inverse of `X`; `p`, nearly `X ŵ`; `q`, in two parts, nearly the
residual of the best weights, so that `Xᵀ q` is nearly zero; and `h`, nearly `Xᵀ` times the parts of `q`. The check is
three products (`Product.check`) and tests of single entries, all exact. What they prove is in
`LeanPythonBridge.Certificate.LeastSquaresGap`.

The best weights lie within the gap however ill-conditioned `X` is, as long as a left inverse can be written in doubles:
up to a condition of some `10¹⁴`. A factor of `XᵀX` would square the condition.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.LeastSquares

open Float64 Product

/-! ## The checker -/

/-- What the certificate says of its arrays. Numbers are the bits of doubles. -/
structure Evidence where
  /-- How far `Y X` is from the identity. -/
  inverse : Product.Evidence
  /-- How far `p` is from `X ŵ`. -/
  prediction : Product.Evidence
  /-- How far `h` is from `Xᵀ` times the parts of `q`. -/
  gradient : Product.Evidence
  /-- No entry of `Y` is larger. -/
  largest : Nat
  /-- No entry of `X ŵ - y - q` is larger. -/
  error : Nat
  /-- No entry of `Xᵀ q` is larger. -/
  slope : Nat
  /-- How far the sum of squares of the weights may be from the least one. -/
  gap : Nat

/-- The frames, each of doubles in C order. -/
structure Frames where
  /-- `X`, of `m` rows and `n` columns. -/
  matrix : Nat
  /-- The transpose of `X`. -/
  columns : Nat
  /-- `y`. -/
  right : Nat
  /-- `ŵ`. -/
  weights : Nat
  /-- `Y`, of `n` rows and `m` columns. -/
  inverse : Nat
  /-- `p`. -/
  prediction : Nat
  /-- The two parts of `q`, a row each. -/
  residual : Nat
  /-- `h`, of `n` rows and 2 columns. -/
  gradient : Nat

/-- The test of a product with what is said of it. -/
def isProduct (evidence : Product.Evidence) (m k n left right product : Nat) : Bool :=
  checkRows evidence.layout m k n left right product evidence.bound

/-- The double 1. -/
def one : Nat := 0x3ff0000000000000

/-- The frame of the identity with `n` rows: a 1 in each `n + 1`st word. -/
def identityFrame (n : Nat) : Nat := Nat.mul (ones (Nat.mul 64 (Nat.add n 1)) n) one

/-- The test that a frame holds the identity, a row at a time. -/
def isIdentity (n frame : Nat) : Bool :=
  allBelow (fun i => Nat.beq (cutRow (Nat.mul 64 n) frame i) (Nat.shiftLeft one (Nat.mul 64 i))) n

/-- The test that `Y X` is near enough to the identity. -/
def isNearIdentity (n bound : Nat) : Bool :=
  Nat.ble (Nat.mul (Nat.mul 2 n) (scaledMagnitude bound)) (Nat.shiftLeft 1 1074)

/-- The test of an entry of `X ŵ - y - q`. -/
def isResidual (f : Frames) (m : Nat) (e : Evidence) (i : Nat) : Bool :=
  Nat.ble ((scaled (element f.prediction i) - scaled (element f.right i) -
    (scaled (element f.residual i) + scaled (element f.residual (m + i)))).natAbs + scaledMagnitude e.prediction.bound)
    (scaledMagnitude e.error)

/-- The test of an entry of `Xᵀ q`. -/
def isFlat (f : Frames) (e : Evidence) (j : Nat) : Bool :=
  Nat.ble ((scaled (element f.gradient (j * 2)) + scaled (element f.gradient (j * 2 + 1))).natAbs +
    2 * scaledMagnitude e.gradient.bound) (scaledMagnitude e.slope)

/-- The test that the gap is large enough. -/
def covers (m n : Nat) (e : Evidence) : Bool :=
  Nat.ble ((2 * m * (scaledMagnitude e.error * scaledMagnitude e.error)) <<< 1074 <<< 1074 +
    8 * n * n * m * (scaledMagnitude e.largest * scaledMagnitude e.largest) *
      (scaledMagnitude e.slope * scaledMagnitude e.slope)) (scaledMagnitude e.gap <<< 1074 <<< 1074 <<< 1074)

/-- The test of the doubles. -/
def areLimits (e : Evidence) : Bool :=
  Nat.blt e.largest infinity && Nat.blt 0 e.largest && Nat.blt e.error infinity && Nat.blt e.slope infinity &&
    Nat.blt e.gap infinity

/-- The test of a certificate. -/
def check (f : Frames) (m n : Nat) (e : Evidence) : Bool :=
  Nat.blt 0 (Nat.mul m n) && areLimits e && Order.finite m f.right &&
    isProduct e.prediction m n 1 f.matrix f.weights f.prediction &&
    isProduct e.inverse n m n f.inverse f.columns (identityFrame n) && isIdentity n (identityFrame n) &&
    isNearIdentity n e.inverse.bound && noneExceeds (Nat.mul n m) f.inverse e.largest &&
    isProduct e.gradient n m 2 f.columns f.residual f.gradient && allBelow (isResidual f m e) m &&
    allBelow (isFlat f e) n && covers m n e

/-! ## What it proves -/

/-- What the certificate proves of the rational values of the doubles. -/
structure Certified {m n : Nat} (X : Matrix m n Nat) (y : Vec m Nat) (w : Vec n Nat) (gap : Nat) : Prop where
  /-- The matrix is finite. -/
  matrix_finite : ∀ i, Finite (X i)
  /-- The right-hand side is finite. -/
  right_finite : Finite y
  /-- The weights are finite. -/
  weights_finite : Finite w
  /-- The columns of the matrix are linearly independent. -/
  independent : ∀ v : Vec n Rat, (∀ i, (valueMatrix X).mulVec v i = 0) → ∀ j, v j = 0
  /-- No weights have a sum of squares that is less by more than the gap. -/
  optimal : ∀ v : Vec n Rat, leastSquares (valueMatrix X) (valueVec y) (valueVec w) ≤
    leastSquares (valueMatrix X) (valueVec y) v + toRat gap

private theorem le_sub {a b c : Rat} (h : a + b ≤ c) : a ≤ c - b := by grind

private theorem toRat_one : toRat one = 1 := by
  rw [toRat_eq_ofScaled, show scaled one = scale by decide +kernel, ofScaled_scale]

private theorem element_one (i j : Nat) : element (one <<< (64 * i)) j = if j = i then one else 0 := by
  rw [element, Nat.shiftLeft_eq]
  rcases Nat.lt_trichotomy j i with lt | e | gt
  · obtain ⟨k, rfl⟩ : ∃ k, i = j + (k + 1) := ⟨i - j - 1, by omega⟩
    rw [if_neg (by omega), show 64 * (j + (k + 1)) = 64 * j + (64 + 64 * k) by omega, Nat.pow_add, Nat.pow_add,
      Nat.mul_left_comm, Nat.mul_div_cancel_left _ (Nat.two_pow_pos _), Nat.mul_left_comm, Nat.mul_mod_right]
  · rw [if_pos e, e, Nat.mul_div_cancel _ (Nat.two_pow_pos _)]
    decide
  · obtain ⟨k, rfl⟩ : ∃ k, j = i + (k + 1) := ⟨j - i - 1, by omega⟩
    rw [if_neg (by omega), show 64 * (i + (k + 1)) = 64 * i + (64 + 64 * k) by omega, Nat.pow_add, Nat.mul_comm one,
      Nat.mul_div_mul_left _ _ (Nat.two_pow_pos _), Nat.pow_add, ← Nat.div_div_eq_div_mul,
      show one / 2 ^ 64 = 0 by decide, Nat.zero_div, Nat.zero_mod]

private theorem isIdentity_entry {n frame : Nat} (h : isIdentity n frame = true) (i j : Fin n) :
    toRat (element frame (i * n + j)) = if j = i then 1 else 0 := by
  have row := Nat.eq_of_beq_eq_true (allBelow_iff.1 h i i.isLt)
  have entry := element_cutRow n frame i j
  rw [if_pos j.isLt] at entry
  rw [← entry, show cutRow (64 * n) frame i = one <<< (64 * i.val) from row, element_one]
  by_cases e : j = i
  · rw [if_pos e, if_pos (congrArg Fin.val e)]; exact toRat_one
  · rw [if_neg e, if_neg fun h => e (Fin.ext h)]; decide +kernel

private theorem toRat_of_lt {bits : Nat} (lt : bits < infinity) : toRat bits = ofScaled (scaledMagnitude bits : Nat) := by
  rw [toRat_eq_ofScaled, scaled_of_lt lt]

private theorem normSq_le {k : Nat} {x : Vec k Rat} {b : Rat} (h : ∀ i, abs (x i) ≤ b) : normSq x ≤ k * (b * b) := by
  have each : ∀ i, x i * x i ≤ b * b := fun i => by
    obtain ⟨below, above⟩ := abs_le_iff.1 (h i)
    have := Rat.mul_nonneg (a := b - x i) (b := b + x i) (by grind) (by grind)
    grind
  have sum := vecSum_mono each
  rwa [vecSum_const] at sum

private theorem isNearIdentity_le {n bound : Nat} (lt : bound < infinity) (h : isNearIdentity n bound = true) :
    4 * n * (n * (toRat bound * toRat bound)) ≤ 1 := by
  have le : 2 * n * scaledMagnitude bound ≤ 1 <<< 1074 := Nat.le_of_ble_eq_true h
  rw [one_shiftLeft_scale] at le
  have le := ofScaled_le.2 (Int.ofNat_le.2 le)
  rw [ofScaled_scale, Int.natCast_mul, ofScaled_mul, ← toRat_of_lt lt] at le
  push_cast at le
  have nonneg : 0 ≤ toRat bound := by rw [toRat_of_lt lt]; exact ofScaled_nonneg.2 (Int.natCast_nonneg _)
  have size : (0 : Rat) ≤ n := Rat.natCast_nonneg
  have product := Rat.mul_nonneg size nonneg
  generalize (n : Rat) = n at *
  have := Rat.mul_nonneg (a := 1 - 2 * n * toRat bound) (b := 1 + 2 * n * toRat bound) (by grind) (by grind)
  grind

/-- The exact values of the parts of `q`, together. -/
def residualVec (m frame : Nat) : Vec m Rat := fun i => toRat (element frame i) + toRat (element frame (m + i))

variable {f : Frames} {m n : Nat} {e : Evidence}

private theorem isResidual_le (lt : e.prediction.bound < infinity) (lt' : e.error < infinity) {i : Nat}
    (h : isResidual f m e i = true) :
    abs (toRat (element f.prediction i) - toRat (element f.right i) -
      (toRat (element f.residual i) + toRat (element f.residual (m + i)))) + toRat e.prediction.bound ≤ toRat e.error := by
  have le := Nat.le_of_ble_eq_true h
  rw [toRat_of_lt lt, toRat_of_lt lt']
  simp only [toRat_eq_ofScaled]
  rw [← ofScaled_sub, ← ofScaled_add, ← ofScaled_sub, abs_ofScaled, ← ofScaled_add, ofScaled_le, ← Int.natCast_add]
  exact Int.ofNat_le.2 le

private theorem isFlat_le (lt : e.gradient.bound < infinity) (lt' : e.slope < infinity) {j : Nat}
    (h : isFlat f e j = true) :
    abs (toRat (element f.gradient (j * 2)) + toRat (element f.gradient (j * 2 + 1))) + 2 * toRat e.gradient.bound ≤
      toRat e.slope := by
  have le := Nat.le_of_ble_eq_true h
  rw [toRat_of_lt lt, toRat_of_lt lt']
  simp only [toRat_eq_ofScaled]
  rw [← ofScaled_add, abs_ofScaled, show (2 : Rat) = ((2 : Int) : Rat) from rfl, ← ofScaled_mul, ← ofScaled_add,
    ofScaled_le]
  exact Int.ofNat_le.2 le

private theorem covers_le (limits : areLimits e = true) (h : covers m n e = true) :
    2 * (m * (toRat e.error * toRat e.error)) +
      2 * (4 * n * (m * (toRat e.largest * toRat e.largest))) * (n * (toRat e.slope * toRat e.slope)) ≤ toRat e.gap := by
  simp only [areLimits, Bool.and_eq_true] at limits
  obtain ⟨⟨⟨⟨largest, -⟩, error⟩, slope⟩, gap⟩ := limits
  have le := Nat.le_of_ble_eq_true h
  simp only [shiftLeft_scale] at le
  have le := Rat.intCast_le_intCast.2 (Int.ofNat_le.2 le)
  rw [toRat_of_lt (Nat.le_of_ble_eq_true largest), toRat_of_lt (Nat.le_of_ble_eq_true error),
    toRat_of_lt (Nat.le_of_ble_eq_true slope), toRat_of_lt (Nat.le_of_ble_eq_true gap)]
  have square := scale_pos
  have positive : (0 : Rat) < scale * scale * (scale * scale) := Rat.mul_pos (Rat.mul_pos square square) (Rat.mul_pos square square)
  refine Rat.not_lt.1 fun less => Rat.not_le.2 (Rat.mul_lt_mul_of_pos_right less positive) ?_
  have unit : ∀ x : Nat, (x : Rat) = ofScaled x * (scale : Rat) := fun x => by rw [ofScaled_mul_scale]; rfl
  push_cast at le
  rw [unit (scaledMagnitude e.error), unit (scaledMagnitude e.largest), unit (scaledMagnitude e.slope),
    unit (scaledMagnitude e.gap)] at le
  generalize ofScaled (scaledMagnitude e.error) = error, ofScaled (scaledMagnitude e.largest) = largest,
    ofScaled (scaledMagnitude e.slope) = slope, ofScaled (scaledMagnitude e.gap) = gap, (scale : Rat) = s at *
  grind

/-- A fit whose certificate the test accepts is nearly the best one. -/
theorem check_sound (transpose : f.columns = transposed m n f.matrix) (h : check f m n e = true) :
    Certified (frameMatrix f.matrix m n) (frameVec f.right m) (frameVec f.weights n) e.gap := by
  simp only [check, Bool.and_eq_true, allBelow_iff] at h
  obtain ⟨⟨⟨⟨⟨⟨⟨⟨⟨⟨⟨some, limits⟩, hy⟩, prediction⟩, inverse⟩, identity⟩, near⟩, large⟩, gradient⟩, residuals⟩, flat⟩,
    gap⟩ := h
  have inverse := checkRows_sound inverse
  have prediction := checkRows_sound prediction
  have gradient := checkRows_sound gradient
  have some : 0 < m * n := Nat.le_of_ble_eq_true some
  have rows : (0 : Rat) < m := Rat.natCast_pos.2 (Nat.pos_of_mul_pos_right some)
  have columns : (0 : Rat) < n := Rat.natCast_pos.2 (Nat.pos_of_mul_pos_left some)
  have covered := covers_le limits gap
  simp only [areLimits, Bool.and_eq_true] at limits
  obtain ⟨⟨⟨⟨largest, positive⟩, error⟩, slope⟩, -⟩ := limits
  have largest : e.largest < infinity := Nat.le_of_ble_eq_true largest
  have positive : 0 < toRat e.largest := by
    have : 0 < e.largest := Nat.le_of_ble_eq_true positive
    have nonzero := scaledMagnitude_eq_zero_iff (m := e.largest)
    rw [toRat_of_lt largest, ← ofScaled_zero, ofScaled_lt]
    omega
  have short : ∀ i, normSq (valueMatrix (frameMatrix f.inverse n m) i) ≤ m * (toRat e.largest * toRat e.largest) :=
    fun i => normSq_le fun l => by
      have below := magnitude_le_of_noneExceeds (Nat.lt_trans largest (by decide)) large _ (index_lt i l)
      show abs (toRat (element f.inverse (i * m + l))) ≤ _
      rw [abs_toRat, toRat_of_lt largest, ofScaled_le]
      exact Int.ofNat_le.2 (scaledMagnitude_le below)
  have defects : ∀ i, normSq (defect (valueMatrix (frameMatrix f.inverse n m)) (valueMatrix (frameMatrix f.matrix m n)) i) ≤
      n * (toRat e.inverse.bound * toRat e.inverse.bound) := fun i => normSq_le fun j => by
    have le := inverse.near i i.isLt j j.isLt
    rw [isIdentity_entry identity, transpose] at le
    simp only [element_transposed (Fin.isLt _) j.isLt] at le
    exact le
  have stretches := normSq_le_of_leftInverse short defects (isNearIdentity_le (inverse.bound_lt) near)
  refine ⟨fun i j => ?_, fun i => Order.finite_sound hy i i.isLt, fun j => ?_, fun v hv => ?_, fun v => ?_⟩
  · exact prediction.left_finite i i.isLt j j.isLt
  · have finite := prediction.right_finite 0 (by decide) j j.isLt
    rwa [Nat.zero_mul, Nat.zero_add] at finite
  · have le := stretches v
    rw [normSq_eq_zero_iff.2 hv, Rat.mul_zero] at le
    exact normSq_eq_zero_iff.1 (Rat.le_antisymm le (normSq_nonneg v))
  · have fit := leastSquares_le (X := valueMatrix (frameMatrix f.matrix m n)) (y := valueVec (frameVec f.right m))
      (w := valueVec (frameVec f.weights n)) (v := v) (q := residualVec m f.residual)
      (z := fun i => (valueMatrix (frameMatrix f.matrix m n)).mulVec (valueVec (frameVec f.weights n)) i -
        valueVec (frameVec f.right m) i - residualVec m f.residual i)
      (Rat.mul_pos (Rat.mul_pos (by decide +kernel) columns) (Rat.mul_pos rows (Rat.mul_pos positive positive)))
      stretches (fun i => by grind) (normSq_le (b := toRat e.error) fun i => ?_) (normSq_le (b := toRat e.slope) fun j => ?_)
    · exact Rat.le_trans fit (Rat.add_le_add_left.2 covered)
    · have one := prediction.near i i.isLt 0 (by decide)
      have le := isResidual_le (prediction.bound_lt) (Nat.le_of_ble_eq_true error) (residuals i i.isLt)
      simp only [Nat.mul_one, Nat.add_zero, Nat.zero_mul, Nat.zero_add] at one
      have le := abs_le_iff.1 (le_sub le)
      have one := abs_le_iff.1 one
      refine abs_le_iff.2 ?_
      show -_ ≤ (vecSum fun l : Fin n => toRat (element f.matrix (i * n + l)) * toRat (element f.weights l)) -
          toRat (element f.right i) - (toRat (element f.residual i) + toRat (element f.residual (m + i))) ∧
        (vecSum fun l : Fin n => toRat (element f.matrix (i * n + l)) * toRat (element f.weights l)) -
          toRat (element f.right i) - (toRat (element f.residual i) + toRat (element f.residual (m + i))) ≤ _
      grind
    · have one := gradient.near j j.isLt 0 (by decide)
      have two := gradient.near j j.isLt 1 (by decide)
      have le := isFlat_le (gradient.bound_lt) (Nat.le_of_ble_eq_true slope) (flat j j.isLt)
      simp only [transpose, element_transposed (Fin.isLt _) j.isLt, Nat.zero_mul, Nat.zero_add, Nat.one_mul, Nat.add_zero]
        at one two
      have sum : (valueMatrix (frameMatrix f.matrix m n)).transpose.mulVec (residualVec m f.residual) j =
          (vecSum fun l : Fin m => toRat (element f.matrix (l * n + j)) * toRat (element f.residual l)) +
            vecSum fun l : Fin m => toRat (element f.matrix (l * n + j)) * toRat (element f.residual (m + l)) := by
        rw [← vecSum_add]
        show (vecSum fun l : Fin m => toRat (element f.matrix (l * n + j)) *
          (toRat (element f.residual l) + toRat (element f.residual (m + l)))) = _
        congr; funext l; grind
      have le := abs_le_iff.1 (le_sub le)
      have one := abs_le_iff.1 one
      have two := abs_le_iff.1 two
      rw [sum, abs_le_iff]
      grind

end LeanPythonBridge.Certificate.LeastSquares
