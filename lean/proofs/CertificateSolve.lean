module

public import Float64Products

/-!
# The certificate of a linear solve

For the computed solution `x` of `A x = b`, all of doubles, `A` with `m` rows and `n` columns:

| key | meaning |
|---|---|
| `kind` | `"residual_bound"` |
| `rows`, `columns` | `m`, `n` |
| `bound` | the least double that is at least every `|bᵢ - Σⱼ Aᵢⱼ xⱼ|` |

`check` tests it with exact residuals. It says how far `A x` is from `b`, and nothing about how far `x` is from the
solution: that takes a bound on the inverse of `A`.
-/

@[expose] public section

namespace LeanPythonBridge.CertificateSolve

open Float64

/-- What the certificate says; the double as its bits. -/
structure Certificate where
  /-- The number of rows of the matrix. -/
  rows : Nat
  /-- The number of its columns. -/
  columns : Nat
  /-- The largest residual, rounded up. -/
  bound : Nat
  deriving Repr, DecidableEq

/-- The residual of a row in units of `2^(-2148)`, of frames. -/
noncomputable def residual (matrix solution right columns row : Nat) : Int :=
  scaled (element right row) * scale - exactDot columns (matrix / 2 ^ (64 * (columns * row))) solution

/-- The largest absolute residual of the first `rows` rows; 0 when there are none. -/
noncomputable def largestResidual (matrix solution right columns : Nat) : (rows : Nat) → Nat
  | 0 => 0
  | row + 1 =>
    max (largestResidual matrix solution right columns row) (residual matrix solution right columns row).natAbs

/-- The test of a certificate, for frames that hold the matrix in C order, the solution and the right-hand side. -/
noncomputable def check (matrix solution right rows columns : Nat) (certificate : Certificate) : Bool :=
  certificate.rows == rows && certificate.columns == columns && decide (0 < rows) && decide (columns < 2 ^ 64) &&
    allFinite (rows * columns) matrix && allFinite columns solution && allFinite rows right &&
    isLeastAbove certificate.bound (largestResidual matrix solution right columns rows) scale

/-- What the certificate proves of the rational values of the doubles. -/
structure Certified {m n : Nat} (A : Matrix m n Nat) (x : Vec n Nat) (b : Vec m Nat) (certificate : Certificate) :
    Prop where
  /-- The number of rows. -/
  rows : certificate.rows = m
  /-- The number of columns. -/
  columns : certificate.columns = n
  /-- The matrix is finite. -/
  matrix_finite : ∀ i, Finite (A i)
  /-- The solution is finite. -/
  solution_finite : Finite x
  /-- The right-hand side is finite. -/
  right_finite : Finite b
  /-- Every residual is within the bound. -/
  residual_le : ∀ i, abs (valueVec b i - (valueMatrix A).mulVec (valueVec x) i) ≤ toRat certificate.bound
  /-- No lesser double is a bound. -/
  least : ∀ c, isFinite c = true → (∀ i, abs (valueVec b i - (valueMatrix A).mulVec (valueVec x) i) ≤ toRat c) →
    toRat certificate.bound ≤ toRat c

private theorem le_largestResidual (matrix solution right columns : Nat) {rows row : Nat} (h : row < rows) :
    (residual matrix solution right columns row).natAbs ≤ largestResidual matrix solution right columns rows := by
  induction rows with
  | zero => omega
  | succ rows ih =>
    rw [largestResidual]
    rcases Nat.lt_or_eq_of_le (Nat.le_of_lt_succ h) with g | rfl
    · exact Nat.le_trans (ih g) (Nat.le_max_left ..)
    · exact Nat.le_max_right ..

private theorem largestResidual_mem (matrix solution right columns : Nat) {rows : Nat} (h : 0 < rows) :
    ∃ row < rows, largestResidual matrix solution right columns rows =
      (residual matrix solution right columns row).natAbs := by
  induction rows with
  | zero => omega
  | succ rows ih =>
    rw [largestResidual]
    rcases Nat.le_total (largestResidual matrix solution right columns rows)
      (residual matrix solution right columns rows).natAbs with g | g
    · exact ⟨rows, by omega, Nat.max_eq_right g⟩
    · rw [Nat.max_eq_left g]
      rcases Nat.eq_zero_or_pos rows with rfl | pos
      · refine ⟨0, by omega, ?_⟩
        rw [largestResidual] at *; omega
      · obtain ⟨row, lt, e⟩ := ih pos
        exact ⟨row, by omega, e⟩

/-- A certificate that the test accepts is true of the rational values. -/
theorem check_sound {matrix solution right m n : Nat} {certificate : Certificate}
    (h : check matrix solution right m n certificate = true) :
    Certified (frameMatrix matrix m n) (frameVec solution n) (frameVec right m) certificate := by
  simp only [check, Bool.and_eq_true, beq_iff_eq, decide_eq_true_eq, allFinite_iff] at h
  obtain ⟨⟨⟨⟨⟨⟨⟨rows, columns⟩, some⟩, small⟩, hA⟩, hx⟩, hb⟩, least⟩ := h
  have value : ∀ i : Fin m, abs (valueVec (frameVec right m) i -
      (valueMatrix (frameMatrix matrix m n)).mulVec (valueVec (frameVec solution n)) i) =
        ofScaledSquare (residual matrix solution right n i).natAbs := by
    intro i
    have row := finite_rows hA i
    rw [frameMatrix_row] at row
    rw [Matrix.mulVec, valueMatrix, dot_valueVec, frameMatrix_row, ← exactDot_eq small row hx, valueVec,
      toRat_eq_ofScaled, ← ofScaledSquare_mul_scale, ← ofScaledSquare_sub, abs_ofScaledSquare]
    rw [show scaled (frameVec right m i) * scale - exactDot n (matrix / 2 ^ (64 * (n * i))) solution =
      residual matrix solution right n i from rfl, abs]
    congr 1
    split <;> omega
  have key : ∀ r c : Nat, r ≤ scaledMagnitude c * scale ↔
      ofScaledSquare r ≤ ofScaled (scaledMagnitude c) := by
    intro r c
    rw [← ofScaledSquare_mul_scale, ofScaledSquare_le, ← Int.natCast_mul, Int.ofNat_le]
  obtain ⟨lt, above, below⟩ := isLeastAbove_iff.1 least
  refine ⟨rows, columns, finite_rows hA, hx, hb, fun i => ?_, fun c _ hc => ?_⟩
  · rw [value i, toRat_eq_ofScaled, scaled_of_lt lt, ← key]
    exact Nat.le_trans (le_largestResidual _ _ _ _ i.isLt) above
  · obtain ⟨row, hrow, e⟩ := largestResidual_mem matrix solution right n some
    have hc := hc ⟨row, hrow⟩
    rw [value ⟨row, hrow⟩, ← e] at hc
    have nonneg : 0 ≤ scaled c := by
      rw [← ofScaled_nonneg, ← toRat_eq_ofScaled]
      exact Rat.le_trans (ofScaledSquare_nonneg.2 (Int.natCast_nonneg _)) hc
    have e' : scaled c = scaledMagnitude (magnitude c) := by
      have := natAbs_scaled c
      rw [scaledAbs] at this
      omega
    rw [toRat_eq_ofScaled, e', ← key] at hc
    rw [toRat_eq_ofScaled, toRat_eq_ofScaled, scaled_of_lt lt, e', ofScaled_le, Int.ofNat_le]
    exact scaledMagnitude_le (below _ hc)

end LeanPythonBridge.CertificateSolve
