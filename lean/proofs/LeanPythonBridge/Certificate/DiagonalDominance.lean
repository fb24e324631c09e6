module

public import LeanPythonBridge.Certificate.LinearAlgebra

/-!
# Positive definite matrices

Over every ordered ring: a symmetric matrix whose diagonal strictly dominates is positive definite, and so is what
exceeds one by a product `L Lᵀ`.
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

/-- The form of a symmetric matrix, taken twice, is at least that of the row margins on a diagonal, taken twice. -/
theorem twice_rowMargin_le [DecidableLE R] {F : Matrix n n R} (symmetric : ∀ i j, F i j = F j i) (x : Vec n R) :
    (vecSum fun i => rowMargin F i * (x i * x i)) + (vecSum fun i => rowMargin F i * (x i * x i)) ≤
      quadForm F x + quadForm F x := by
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
  have e := congr (congrArg HAdd.hAdd squares) squares'
  rw [← e, form, ← vecSum_add, ← vecSum_add]
  refine vecSum_mono fun i => ?_
  rw [← vecSum_add, ← vecSum_add]
  exact vecSum_mono (pointwise i)

/-- A symmetric matrix whose diagonal dominates has no negative form. -/
theorem quadForm_nonneg_of_rowMargin [DecidableLE R] {F : Matrix n n R} (symmetric : ∀ i j, F i j = F j i)
    (margin : ∀ i, 0 ≤ rowMargin F i) (x : Vec n R) : 0 ≤ quadForm F x := by
  have := twice_rowMargin_le symmetric x
  have := vecSum_nonneg fun i => OrderedRing.mul_nonneg (margin i) (mul_self_nonneg (x i))
  grind

/-- A symmetric matrix whose diagonal strictly dominates is positive definite. -/
theorem posDef_of_rowMargin_pos [DecidableLE R] {F : Matrix n n R} (symmetric : ∀ i j, F i j = F j i)
    (margin : ∀ i, 0 < rowMargin F i) : PosDef F := by
  intro x ⟨k, hk⟩
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
  have := twice_rowMargin_le symmetric x
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

end LeanPythonBridge
