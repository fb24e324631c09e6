module

public import Float64Products

/-!
# The certificate of a dot product

For the computed dot product `r` of `n` doubles `xᵢ` with `n` doubles `yᵢ`:

| key | meaning |
|---|---|
| `kind` | `"dot_error_bound"` |
| `count` | `n` |
| `error_bound` | the least double that is at least `n · 2^(-53) · Σ |xᵢ yᵢ| + n · 2^(-1074)` |

The second term is there for products that underflow. `check` tests the key values and `|r - Σ xᵢ yᵢ| ≤ error_bound` in
exact integers. Evaluation in any order, with or without fused multiplications, stays within the bound unless it
overflows (Jeannerod and Rump 2013, with the underflow term); here that is not assumed but checked.
-/

@[expose] public section

namespace LeanPythonBridge.CertificateDot

open Float64

/-- What the certificate says; doubles as their bits. -/
structure Certificate where
  /-- The number of products. -/
  count : Nat
  /-- The bound on the error. -/
  errorBound : Nat
  deriving Repr, DecidableEq

/-- The test, given the weights of the products (`Float64Products`). -/
def checkWeights (weights count result : Nat) (certificate : Certificate) : Bool :=
  isLeastAbove certificate.errorBound (count * absDotOfWeights weights + count * (2 ^ 53 * scale)) (2 ^ 53 * scale) &&
    decide ((scaled result * scale - dotOfWeights weights).natAbs ≤ scaledAbs certificate.errorBound * scale)

/-- The test of a certificate for the dot product `result` of the first `count` doubles of the frames `x` and `y`. -/
noncomputable def check (x y count result : Nat) (certificate : Certificate) : Bool :=
  certificate.count == count && decide (count < 2 ^ 64) && decide (result < 2 ^ 64) && isFinite result &&
    allFinite count x && allFinite count y && checkWeights (sumOfProducts count x y) count result certificate

/-- What the certificate proves of the rational values of the doubles. -/
structure Certified {n : Nat} (x y : Vec n Nat) (result : Nat) (certificate : Certificate) : Prop where
  /-- The count is the length of the vectors. -/
  count : certificate.count = n
  /-- The first vector is finite. -/
  left_finite : Finite x
  /-- The second vector is finite. -/
  right_finite : Finite y
  /-- The result is a pattern of 64 bits. -/
  result_lt : result < 2 ^ 64
  /-- It is finite as well. -/
  result_finite : isFinite result = true
  /-- The result is as near to the true dot product as the bound says. -/
  error_le : abs (toRat result - dot (valueVec x) (valueVec y)) ≤ toRat certificate.errorBound
  /-- The bound is `n · 2^(-53) · Σ |xᵢ yᵢ| + n · 2^(-1074)`, up to rounding. -/
  bound : IsLeastDoubleAbove certificate.errorBound
    (n * vecSum (fun i => abs (valueVec x i * valueVec y i)) / (2 ^ 53 : Nat) + n / (scale : Rat))

/-- The bound in units of `2^(-2148)`, as rationals. -/
private theorem bound_eq (n a : Nat) :
    ofScaled (n * a + n * (2 ^ 53 * scale) : Nat) / (2 ^ 53 * scale : Nat) =
      n * ofScaledSquare a / (2 ^ 53 : Nat) + n / (scale : Rat) := by
  have pos : (0 : Rat) < (2 ^ 53 : Nat) := by decide +kernel
  have hs := scale_pos
  rw [show ((2 ^ 53 * scale : Nat) : Rat) = ((2 ^ 53 : Nat) : Rat) * (scale : Rat) from Rat.natCast_mul ..,
    ofScaledSquare, ofScaled, ofScaled, Int.natCast_add, Int.natCast_mul, Int.natCast_mul, Int.natCast_mul,
    Rat.intCast_add, Rat.intCast_mul, Rat.intCast_mul, Rat.intCast_mul]
  simp only [Rat.intCast_natCast]
  generalize (scale : Rat) = s, ((2 ^ 53 : Nat) : Rat) = t at *
  grind

/-- A certificate that the test accepts is true of the rational values. -/
theorem check_sound {x y n result : Nat} {certificate : Certificate}
    (h : check x y n result certificate = true) : Certified (frameVec x n) (frameVec y n) result certificate := by
  simp only [check, checkWeights, Bool.and_eq_true, beq_iff_eq, decide_eq_true_eq, allFinite_iff] at h
  obtain ⟨⟨⟨⟨⟨⟨count, small⟩, bits⟩, finite⟩, hx⟩, hy⟩, least, close⟩ := h
  obtain ⟨e₁, e₂⟩ := ofWeights_eq small hx hy
  have bound := isLeastAbove_sound least (by decide +kernel)
  have lt := (isLeastAbove_iff.1 least).1
  refine ⟨count, hx, hy, bits, finite, ?_, ?_⟩
  · rw [dot_valueVec, ← e₁, toRat_eq_ofScaled, toRat_eq_ofScaled, ← ofScaledSquare_mul_scale,
      ← ofScaledSquare_mul_scale, ← ofScaledSquare_sub, abs_ofScaledSquare, ofScaledSquare_le, scaled_of_lt lt]
    rw [scaledAbs, magnitude_of_lt lt] at close
    rw [← Int.natCast_mul, abs]
    split <;> omega
  · rw [sum_abs_valueVec, ← e₂, ← bound_eq]
    exact bound

end LeanPythonBridge.CertificateDot
