module

public import LeanPythonBridge.Float64.Packed
public import LeanPythonBridge.Float64.Rational

/-!
# The certificate of a sum

A certified `matrix_sum` reply carries, beside the computed sum `r` of the `count` elements `xᵢ`,

| key | meaning |
|---|---|
| `kind` | `"sum_error_bound"` |
| `count` | the number of elements |
| `error` | the double nearest to `r - Σ xᵢ`, ties to even; +0.0 when it is zero |
| `error_bound` | the least double that is at least `count · 2^(-53) · Σ |xᵢ|` |
| `nonnegative` | whether every element is at least zero |

`check` tests all of it, and that `r` is as near as the bound says, in exact integers; `check_sound` says what a test
that succeeded has proven of the rational values. `checkChunks` is the same test of an array frame, fast enough for the
kernel (`checkChunks_eq`). Floating-point summation in any order stays within the bound (Jeannerod and Rump 2013); here
that is not assumed but checked.
-/

@[expose] public section

namespace LeanPythonBridge.CertificateSum

open Float64

/-- What the certificate says; doubles as their bits. -/
structure Certificate where
  /-- The number of elements. -/
  count : Nat
  /-- The double nearest to the error of the sum. -/
  error : Nat
  /-- The bound on the error. -/
  errorBound : Nat
  /-- Whether every element is at least zero. -/
  nonnegative : Bool
  deriving Repr, DecidableEq

/-- The test, given the scaled sums of the positive elements and of the absolute values of the negative ones. -/
def checkSums (positive negative count result : Nat) (certificate : Certificate) : Bool :=
  certificate.count == count && decide (result < 2 ^ 64) && isFinite result &&
    isNearest certificate.error (scaled result - (positive - negative)) &&
    isLeastAbove certificate.errorBound (count * (positive + negative)) (2 ^ 53) &&
    (scaled result - (positive - negative)).natAbs ≤ scaledAbs certificate.errorBound &&
    certificate.nonnegative == (negative == 0) && (!certificate.nonnegative || decide (0 ≤ scaled result))

/-- The test of a certificate for the sum `result` of `elements`, all doubles as their bits. -/
def check (elements : List Nat) (result : Nat) (certificate : Certificate) : Bool :=
  elements.all isFinite &&
    checkSums (positiveSum elements) (negativeSum elements) elements.length result certificate

/-- The test, given the weights of a frame (`Float64.Packed`). -/
def checkWeights (weights count result : Nat) (certificate : Certificate) : Bool :=
  decide (weights < fieldBase * fieldBase) &&
    checkSums (weights % fieldBase) (weights / fieldBase) count result certificate

/-- The test of a certificate for the sum of the first `count` doubles of an array frame. -/
def checkChunks (chunks : List Nat) (count result : Nat) (certificate : Certificate) : Bool :=
  decide (count < 2 ^ 64) && checkWeights (sumOfChunks chunks count) count result certificate

/-- The test of a frame is the test of its elements. -/
theorem checkChunks_eq {chunks : List Nat} {count result : Nat} {certificate : Certificate} (h : count < 2 ^ 64) :
    checkChunks chunks count result certificate =
      check (doublesOfNat (joinChunks chunks) count) result certificate := by
  have lt := sumOfChunks_lt_iff (chunks := chunks) h
  have split := sumOfChunks_split (chunks := chunks) h
  have length := length_doublesOfNat (joinChunks chunks) count
  unfold checkChunks checkWeights check
  generalize sumOfChunks chunks count = weights at *
  generalize doublesOfNat (joinChunks chunks) count = elements at *
  rw [decide_eq_true h, Bool.true_and, length]
  cases finite : elements.all isFinite
  · rw [decide_eq_false fun g => by simp [lt.1 g] at finite, Bool.false_and, Bool.false_and]
  · rw [decide_eq_true (lt.2 finite), (split finite).1, (split finite).2]

/-! ## Soundness -/

/-- The values of the elements. -/
def values (elements : List Nat) : List Rat := elements.map toRat

/-- What the certificate proves of the rational values of the doubles. -/
structure Certified (elements : List Nat) (result : Nat) (certificate : Certificate) : Prop where
  /-- Every element is finite. -/
  elements_finite : ∀ x ∈ elements, isFinite x = true
  /-- The sum is a pattern of 64 bits. -/
  result_lt : result < 2 ^ 64
  /-- It is finite as well. -/
  result_finite : isFinite result = true
  /-- The count is the number of elements. -/
  count : certificate.count = elements.length
  /-- The sum is as near to the true sum as the bound says. -/
  error_le : abs (toRat result - (values elements).sum) ≤ toRat certificate.errorBound
  /-- The error is the one stated, up to rounding. -/
  error : IsNearestDouble certificate.error (toRat result - (values elements).sum)
  /-- The bound is `n · 2^(-53) · Σ |xᵢ|`, up to rounding. -/
  bound : IsLeastDoubleAbove certificate.errorBound
    (elements.length * ((values elements).map abs).sum / (2 ^ 53 : Nat))
  /-- When every element is at least zero, then so are the sums. -/
  nonneg : certificate.nonnegative = true →
    (∀ x ∈ values elements, 0 ≤ x) ∧ 0 ≤ (values elements).sum ∧ 0 ≤ toRat result
  /-- Otherwise some element is negative. -/
  neg : certificate.nonnegative = false → ∃ x ∈ values elements, x < 0

private theorem sum_values (elements : List Nat) :
    (values elements).sum = ofScaled (positiveSum elements - negativeSum elements) := by
  unfold values
  induction elements with
  | nil => exact ofScaled_zero.symm
  | cons x xs ih =>
    rw [List.map_cons, List.sum_cons, ih, toRat_eq_ofScaled, ← ofScaled_add, positiveSum, negativeSum, scaled]
    congr 1
    split <;> omega

private theorem sum_abs_values (elements : List Nat) :
    ((values elements).map abs).sum = ofScaled (positiveSum elements + negativeSum elements : Nat) := by
  unfold values
  induction elements with
  | nil => exact ofScaled_zero.symm
  | cons x xs ih =>
    rw [List.map_cons, List.map_cons, List.sum_cons, ih, abs_toRat, ← ofScaled_add, positiveSum, negativeSum]
    congr 1
    split <;> omega

private theorem negativeSum_eq_zero {elements : List Nat} :
    negativeSum elements = 0 ↔ ∀ x ∈ values elements, 0 ≤ x := by
  unfold values
  induction elements with
  | nil => simp [negativeSum]
  | cons x xs ih =>
    rw [negativeSum, Nat.add_eq_zero_iff, ih, List.map_cons, List.forall_mem_cons, toRat_eq_ofScaled, ofScaled_nonneg,
      scaled]
    refine and_congr_left fun _ => ?_
    split <;> omega

/-- A certificate that the test accepts is true of the rational values. -/
theorem check_sound {elements : List Nat} {result : Nat} {certificate : Certificate}
    (h : check elements result certificate = true) : Certified elements result certificate := by
  simp only [check, checkSums, Bool.and_eq_true, Bool.or_eq_true, Bool.not_eq_true', beq_iff_eq, decide_eq_true_eq,
    List.all_eq_true] at h
  obtain ⟨finite, ⟨⟨⟨⟨⟨⟨count, resultBits⟩, resultFinite⟩, nearest⟩, least⟩, close⟩, sign⟩, resultSign⟩ := h
  have bound := isLeastAbove_sound least (by decide)
  refine ⟨finite, resultBits, resultFinite, count, ?_, ?_, ?_, fun h => ?_, fun h => ?_⟩
  · rw [sum_values, toRat_eq_ofScaled, toRat_eq_ofScaled, ← ofScaled_sub, abs_ofScaled,
      scaled_of_lt (isLeastAbove_iff.1 least).1, ofScaled_le]
    rw [scaledAbs, magnitude_of_lt (isLeastAbove_iff.1 least).1] at close
    omega
  · rw [sum_values, toRat_eq_ofScaled, ← ofScaled_sub]
    exact isNearest_sound nearest
  · rw [sum_abs_values, show (elements.length : Rat) = ((elements.length : Int) : Rat) from rfl, ← ofScaled_mul,
      ← Int.natCast_mul]
    exact bound
  · have zero : negativeSum elements = 0 := by rw [h] at sign; simpa using sign.symm
    refine ⟨negativeSum_eq_zero.1 zero, ?_, ?_⟩
    · rw [sum_values, ofScaled_nonneg]; omega
    · rw [toRat_eq_ofScaled, ofScaled_nonneg]
      exact resultSign.resolve_left (by simp [h])
  · have nonzero : ¬negativeSum elements = 0 := by rw [h] at sign; simpa using sign.symm
    rw [negativeSum_eq_zero] at nonzero
    simpa [Rat.not_le] using nonzero

/-- A certificate that the test of a frame accepts is true of the rational values of its elements. -/
theorem checkChunks_sound {chunks : List Nat} {count result : Nat} {certificate : Certificate}
    (h : checkChunks chunks count result certificate = true) :
    Certified (doublesOfNat (joinChunks chunks) count) result certificate := by
  refine check_sound ((checkChunks_eq ?_).symm.trans h)
  simp only [checkChunks, Bool.and_eq_true] at h
  exact of_decide_eq_true h.1

end LeanPythonBridge.CertificateSum
