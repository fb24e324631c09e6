module

public import LeanPythonBridge.Certificate.LinearAlgebra

/-!
# Enclosures of the solution of linear equations

Over every ordered ring: when `R A` is near the identity in the maximum norm, `A` is nonsingular, and the solution of
`A x = b` is near any `x̂` for which `R (b - A x̂)` is small (Rump).
-/

@[expose] public section

namespace LeanPythonBridge

open Lean.Grind

universe u

section Order

variable {R : Type u} [LE R] [Std.IsLinearOrder R] {n : Nat}

/-- A vector has a largest entry. -/
theorem exists_largest (x : Vec (n + 1) R) : ∃ k, ∀ i, x i ≤ x k := by
  induction n with
  | zero => exact ⟨0, fun i => by rw [show i = 0 from Fin.ext (by omega)]; exact Std.le_refl _⟩
  | succ n ih =>
    obtain ⟨k, hk⟩ := ih fun i => x i.castSucc
    rcases Std.le_total (a := x k.castSucc) (b := x (Fin.last (n + 1))) with h | h
    · exact ⟨Fin.last _, fun i => by
        cases i using Fin.lastCases with
        | last => exact Std.le_refl _
        | cast i => exact Std.le_trans (hk i) h⟩
    · exact ⟨k.castSucc, fun i => by
        cases i using Fin.lastCases with
        | last => exact h
        | cast i => exact hk i⟩

end Order

section Algebra

variable {R : Type u} [CommRing R] {m n : Nat}

/-- The identity less `R A`. -/
def defect (inverse : Matrix n m R) (A : Matrix m n R) : Matrix n n R := fun i j => (if j = i then 1 else 0) - (inverse.mul A) i j

/-- What the defect does to a vector. -/
theorem defect_mulVec (inverse : Matrix n m R) (A : Matrix m n R) (x : Vec n R) (i : Fin n) :
    (defect inverse A).mulVec x i = x i - inverse.mulVec (A.mulVec x) i := by
  rw [← mul_mulVec]
  have one := vecSum_single i (x i)
  show (vecSum fun j => ((if j = i then 1 else 0) - (inverse.mul A) i j) * x j) =
    x i - vecSum fun j => (inverse.mul A) i j * x j
  rw [← one, ← vecSum_sub]
  congr; funext j
  split
  · subst_vars; grind
  · grind

end Algebra

variable {R : Type u} [CommRing R] [LE R] [LT R] [Std.LawfulOrderLT R] [Std.IsLinearOrder R] [OrderedRing R] {n : Nat}

variable [DecidableLE R]

/-- A fixed point `x = M x + y` is no larger than `bound`, when `M` is a contraction and `y` is small enough. -/
theorem abs_le_of_contraction {M : Matrix n n R} {x y : Vec n R} {contraction bound : R}
    (rows : ∀ i, (vecSum fun j => abs (M i j)) ≤ contraction) (lt : contraction < 1)
    (small : ∀ i, abs (y i) ≤ bound * (1 - contraction)) (fixed : ∀ i, x i = M.mulVec x i + y i) (i : Fin n) :
    abs (x i) ≤ bound := by
  cases n with
  | zero => exact i.elim0
  | succ n =>
    obtain ⟨k, hk⟩ := exists_largest fun i => abs (x i)
    have product : abs (M.mulVec x k) ≤ contraction * abs (x k) :=
      Std.le_trans (abs_dot_le hk) (OrderedRing.mul_le_mul_of_nonneg_right (rows k) (abs_nonneg _))
    have sum := abs_add_le (M.mulVec x k) (y k)
    rw [← fixed k] at sum
    have := small k
    have largest : abs (x k) ≤ bound := by
      rcases Std.le_total (a := abs (x k)) (b := bound) with h | h
      · exact h
      · by_cases e : abs (x k) = bound
        · rw [e]; exact Std.le_refl _
        · have := OrderedRing.mul_pos (a := 1 - contraction) (b := abs (x k) - bound) (by grind) (by grind)
          grind
    exact Std.le_trans (hk i) largest

/-- The matrix is nonsingular. -/
theorem eq_zero_of_contraction {inverse A : Matrix n n R} {contraction : R}
    (rows : ∀ i, (vecSum fun j => abs (defect inverse A i j)) ≤ contraction) (lt : contraction < 1) {v : Vec n R}
    (hv : ∀ i, A.mulVec v i = 0) (i : Fin n) : v i = 0 := by
  have zero : A.mulVec v = fun _ => 0 := funext hv
  have image : ∀ i, inverse.mulVec (fun _ => 0) i = 0 := fun i => by
    show (vecSum fun j => inverse i j * 0) = 0
    simp only [Semiring.mul_zero, vecSum_zero]
  have := abs_le_of_contraction (x := v) (y := fun _ => 0) (bound := 0) rows lt (fun i => by grind [abs])
    (fun i => by rw [defect_mulVec, zero, image]; grind) i
  grind [abs]

/-- The solution lies within `bound` of what was computed. -/
theorem abs_sub_le_of_contraction {inverse A : Matrix n n R} {contraction bound : R} {b approximate exact : Vec n R}
    (rows : ∀ i, (vecSum fun j => abs (defect inverse A i j)) ≤ contraction) (lt : contraction < 1)
    (small : ∀ i, abs (inverse.mulVec (b - A.mulVec approximate) i) ≤ bound * (1 - contraction))
    (solves : A.mulVec exact = b) (i : Fin n) : abs (approximate i - exact i) ≤ bound := by
  have difference : ∀ (B : Matrix n n R) (x y : Vec n R) i, B.mulVec (x - y) i = B.mulVec x i - B.mulVec y i :=
    fun B x y i => dot_sub (B i) x y
  have residual : A.mulVec (exact - approximate) = b - A.mulVec approximate := by
    funext i; rw [difference, solves]; rfl
  have := abs_le_of_contraction (x := exact - approximate) rows lt small
    (fun i => by rw [defect_mulVec, residual]; grind) i
  rw [Vec.sub_apply] at this
  grind [abs]

end LeanPythonBridge
