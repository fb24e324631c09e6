module

public import Float64Products

/-!
# The certificate of positive definiteness

For a symmetric matrix `A` of `n` rows of doubles, the certificate is an approximate Cholesky factor, `L D Lᵀ` with the
square root of `D` taken into `L`:

| key | meaning |
|---|---|
| `kind` | `"positive_definite"` |
| `size` | `n` |
| `factor` | `n` rows of `n` doubles, `L` |

It need not be exact, nor triangular: `check` tests in exact integers that what is left, `F = A - L Lᵀ`, is strictly
diagonally dominant, `Fᵢᵢ > Σ |Fᵢⱼ|` over `j ≠ i`. Then `xᵀ A x = ‖Lᵀ x‖² + xᵀ F x > 0` for every `x ≠ 0`. A server
finds such a factor as that of `A - μ I` for a small `μ`, when the least eigenvalue leaves room for rounding errors.
-/

@[expose] public section

namespace LeanPythonBridge

open Lean.Grind

universe u

/-! ## The theorem, over every ordered ring -/

section Ring

variable {R : Type u} [CommRing R] [LE R] [LT R] {n : Nat}

/-- `xᵀ A x` is positive for every `x` that is not zero. -/
def PosDef (A : Matrix n n R) : Prop := ∀ x, (∃ i, x i ≠ 0) → 0 < quadForm A x

/-- The sum of a row with everything off the diagonal taken as negative: positive when the diagonal dominates. -/
def rowMargin [DecidableLE R] (F : Matrix n n R) (i : Fin n) : R :=
  vecSum fun j => if i = j then F i j else -abs (F i j)

variable [Std.LawfulOrderLT R] [Std.IsLinearOrder R] [OrderedRing R]

/-- A symmetric matrix whose diagonal strictly dominates is positive definite (twice its form is at least a sum of squares). -/
theorem posDef_of_rowMargin_pos [DecidableLE R] {F : Matrix n n R} (symmetric : ∀ i j, F i j = F j i)
    (margin : ∀ i, 0 < rowMargin F i) : PosDef F := by
  intro x ⟨k, hk⟩
  let M : Matrix n n R := fun i j => if i = j then F i j else -abs (F i j)
  have M_symm : ∀ i j, M i j = M j i := fun i j => by
    simp only [M, symmetric i j, eq_comm (a := i)]
  have squares : vecSum (fun i => vecSum fun j => M i j * (x i * x i)) =
      vecSum fun i => rowMargin F i * (x i * x i) := by
    congr; funext i; rw [vecSum_mul_right]; rfl
  have squares' : vecSum (fun i => vecSum fun j => M i j * (x j * x j)) =
      vecSum fun i => rowMargin F i * (x i * x i) := by
    rw [← squares, vecSum_comm]
    congr; funext i; congr; funext j; rw [M_symm]
  have form : quadForm F x = vecSum fun i => vecSum fun j => x i * (F i j * x j) := by
    rw [quadForm, dot]; congr; funext i; rw [Matrix.mulVec, dot, vecSum_mul_left]
  have pointwise : ∀ i j, M i j * (x i * x i) + M i j * (x j * x j) ≤ x i * (F i j * x j) + x i * (F i j * x j) := by
    intro i j
    simp only [M]
    split
    · subst_vars; grind
    · have plus := mul_self_nonneg (x i + x j)
      have minus := mul_self_nonneg (x i - x j)
      rw [abs]; split
      · have := OrderedRing.mul_nonneg ‹0 ≤ F i j› plus
        grind
      · have := OrderedRing.mul_nonneg (a := -F i j) (by grind) minus
        grind
  have twice : (vecSum fun i => rowMargin F i * (x i * x i)) + (vecSum fun i => rowMargin F i * (x i * x i)) ≤
      quadForm F x + quadForm F x := by
    have e := congr (congrArg HAdd.hAdd squares) squares'
    rw [← e, form, ← vecSum_add, ← vecSum_add]
    refine vecSum_mono fun i => ?_
    rw [← vecSum_add, ← vecSum_add]
    exact vecSum_mono (pointwise i)
  have positive : 0 < vecSum fun i => rowMargin F i * (x i * x i) := by
    have nonneg : ∀ i, 0 ≤ rowMargin F i * (x i * x i) := fun i =>
      OrderedRing.mul_nonneg (Std.le_of_lt (margin i)) (mul_self_nonneg _)
    have square : 0 < x k * x k := by
      have := mul_self_nonneg (x k)
      have := mul_self_eq_zero (a := x k)
      grind
    have := OrderedRing.mul_pos (margin k) square
    have := le_vecSum nonneg k
    grind
  grind

/-- A matrix is positive definite when what is left after a product `L Lᵀ` is. -/
theorem posDef_of_sub {A L : Matrix n n R} (h : PosDef (A - L.mul L.transpose)) : PosDef A := by
  intro x hx
  have := h x hx
  rw [quadForm_sub] at this
  have : quadForm (L.mul L.transpose) x = normSq (L.transpose.mulVec x) := by
    rw [quadForm, mul_mulVec, dot_mulVec]; rfl
  have := normSq_nonneg (L.transpose.mulVec x)
  grind

end Ring

namespace CertificatePositiveDefinite

open Float64

/-! ## The test -/

/-- What the certificate says. The factor stands in a frame of its own. -/
structure Certificate where
  /-- The number of rows. -/
  size : Nat
  /-- The factor, `size * size` doubles in C order, the first byte least significant. -/
  factor : Nat
  deriving Repr, DecidableEq

/-- The entry of `A - L Lᵀ`, in units of `2^(-2148)`, of frames. -/
noncomputable def entry (matrix factor size row column : Nat) : Int :=
  scaled (element matrix (row * size + column)) * scale -
    exactDot size (factor / 2 ^ (64 * (size * row))) (factor / 2 ^ (64 * (size * column)))

/-- The first `columns` terms of a row's margin: its diagonal entry less the absolute values of the others. -/
noncomputable def margin (matrix factor size row : Nat) : (columns : Nat) → Int
  | 0 => 0
  | column + 1 =>
    margin matrix factor size row column +
      if row = column then entry matrix factor size row column else -abs (entry matrix factor size row column)

/-- The test holds of every number below `count`. -/
def allBelow (test : Nat → Bool) : (count : Nat) → Bool
  | 0 => true
  | count + 1 => allBelow test count && test count

/-- The test of a certificate for the matrix in a frame, in C order. -/
noncomputable def check (matrix size : Nat) (certificate : Certificate) : Bool :=
  certificate.size == size && decide (size < 2 ^ 64) && allFinite (size * size) matrix &&
    allFinite (size * size) certificate.factor &&
    allBelow (fun i => allBelow (fun j =>
      scaled (element matrix (i * size + j)) == scaled (element matrix (j * size + i))) size) size &&
    allBelow (fun i => decide (0 < margin matrix certificate.factor size i size)) size

/-! ## Soundness -/

theorem allBelow_iff {test : Nat → Bool} {count : Nat} : allBelow test count = true ↔ ∀ i < count, test i = true := by
  induction count with
  | zero => exact ⟨fun _ i h => by omega, fun _ => rfl⟩
  | succ count ih =>
    rw [allBelow, Bool.and_eq_true, ih]
    refine ⟨fun h i hi => ?_, fun h => ⟨fun i hi => h i (by omega), h count (by omega)⟩⟩
    rcases Nat.lt_or_eq_of_le (Nat.le_of_lt_succ hi) with g | rfl
    · exact h.1 i g
    · exact h.2

/-- What the certificate proves of the rational values of the doubles. -/
structure Certified {n : Nat} (A : Matrix n n Nat) (certificate : Certificate) : Prop where
  /-- The number of rows. -/
  size : certificate.size = n
  /-- The matrix is finite. -/
  finite : ∀ i, Finite (A i)
  /-- It is symmetric. -/
  symmetric : ∀ i j, valueMatrix A i j = valueMatrix A j i
  /-- It is positive definite. -/
  posDef : PosDef (valueMatrix A)

private theorem margin_eq (matrix factor size row : Nat) :
    ∀ columns (h : columns ≤ size), margin matrix factor size row columns =
      partialSum (n := size) (fun j => if row = j.val then entry matrix factor size row j
        else -abs (entry matrix factor size row j)) columns h := by
  intro columns
  induction columns with
  | zero => intro _; rfl
  | succ columns ih => intro h; rw [margin, partialSum, ih]

private theorem sub_mul_transpose {matrix factor n : Nat} (small : n < 2 ^ 64)
    (hL : Finite (frameVec factor (n * n))) (i j : Fin n) :
    (valueMatrix (frameMatrix matrix n n) - (valueMatrix (frameMatrix factor n n)).mul
      (valueMatrix (frameMatrix factor n n)).transpose) i j = ofScaledSquare (entry matrix factor n i j) := by
  have row := finite_rows hL i
  have row' := finite_rows hL j
  rw [frameMatrix_row] at row row'
  have e : ((valueMatrix (frameMatrix factor n n)).mul (valueMatrix (frameMatrix factor n n)).transpose) i j =
      dot (valueVec (frameMatrix factor n n i)) (valueVec (frameMatrix factor n n j)) := rfl
  rw [Matrix.sub_apply, Vec.sub_apply, e, dot_valueVec, frameMatrix_row factor, frameMatrix_row factor,
    ← exactDot_eq small row row', entry, ofScaledSquare_sub, ofScaledSquare_mul_scale]
  rfl

/-- A matrix whose certificate the test accepts is positive definite. -/
theorem check_sound {matrix n : Nat} {certificate : Certificate} (h : check matrix n certificate = true) :
    Certified (frameMatrix matrix n n) certificate := by
  simp only [check, Bool.and_eq_true, beq_iff_eq, decide_eq_true_eq, allFinite_iff, allBelow_iff] at h
  obtain ⟨⟨⟨⟨⟨size, small⟩, hA⟩, hL⟩, symmetric⟩, positive⟩ := h
  have symm : ∀ i j : Fin n,
      valueMatrix (frameMatrix matrix n n) i j = valueMatrix (frameMatrix matrix n n) j i := fun i j =>
    congrArg ofScaled (symmetric i i.isLt j j.isLt)
  refine ⟨size, finite_rows hA, symm, posDef_of_sub (L := valueMatrix (frameMatrix certificate.factor n n))
    (posDef_of_rowMargin_pos (fun i j => ?_) fun i => ?_)⟩
  · rw [Matrix.sub_apply, Vec.sub_apply, Matrix.sub_apply, Vec.sub_apply, symm i j]
    congr 1
    exact dot_comm _ _
  · have e : rowMargin (valueMatrix (frameMatrix matrix n n) -
        (valueMatrix (frameMatrix certificate.factor n n)).mul
          (valueMatrix (frameMatrix certificate.factor n n)).transpose) i =
        ofScaledSquare (margin matrix certificate.factor n i n) := by
      rw [margin_eq matrix certificate.factor n i n (Nat.le_refl n), ← vecSum, ← vecSum_ofScaledSquare, rowMargin]
      congr; funext j
      simp only [sub_mul_transpose small hL, abs_ofScaledSquare, ← ofScaledSquare_neg, Fin.ext_iff]
      split <;> rfl
    rw [e, ofScaledSquare_pos]
    exact positive i i.isLt

end CertificatePositiveDefinite
end LeanPythonBridge
