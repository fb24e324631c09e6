module

public import MatrixProps

/-! # Dot products, squares and quadratic forms -/

@[expose] public section

namespace LeanPythonBridge

open Lean.Grind

universe u

section Algebra

variable {R : Type u} [CommRing R] {l m n : Nat}

/-! ## Dot products -/

/-- The dot product is symmetric. -/
theorem dot_comm (x y : Vec n R) : dot x y = dot y x := by
  simp only [dot, CommRing.mul_comm (x _)]

/-- The dot product is additive on the right. -/
theorem dot_add (x y z : Vec n R) : dot x (y + z) = dot x y + dot x z := by
  simp only [dot, ← vecSum_add, Vec.add_apply, Semiring.left_distrib]

/-- The dot product of a difference. -/
theorem dot_sub (x y z : Vec n R) : dot x (y - z) = dot x y - dot x z := by
  simp only [dot, ← vecSum_sub, Vec.sub_apply]; congr; funext i; grind

/-- A scalar comes out of the dot product. -/
theorem dot_smul (c : R) (x y : Vec n R) : dot x (c • y) = c * dot x y := by
  simp only [dot, ← vecSum_mul_left, Vec.smul_apply]; congr; funext i; grind

/-- A matrix moves across a dot product as its transpose. -/
theorem dot_mulVec (A : Matrix m n R) (x : Vec m R) (y : Vec n R) :
    dot x (A.mulVec y) = dot (A.transpose.mulVec x) y := by
  simp only [dot, Matrix.mulVec, ← vecSum_mul_left, ← vecSum_mul_right]
  rw [vecSum_comm fun i j => x i * (A i j * y j)]
  congr; funext j; congr; funext i; simp only [Matrix.transpose]; grind

/-- A product of matrices acts as the one after the other. -/
theorem mul_mulVec (A : Matrix l m R) (B : Matrix m n R) (x : Vec n R) :
    (A.mul B).mulVec x = A.mulVec (B.mulVec x) := by
  funext i
  have h := dot_mulVec B (A i) x
  rw [show A.mulVec (B.mulVec x) i = dot (A i) (B.mulVec x) from rfl, h]
  show dot (fun j => dot (A i) fun k => B k j) x = dot (fun j => dot (fun k => B k j) (A i)) x
  simp only [dot_comm (A i)]

/-- The squared norm of a sum. -/
theorem normSq_add (x y : Vec n R) : normSq (x + y) = normSq x + 2 * dot x y + normSq y := by
  simp only [normSq, dot_add, dot_comm (x + y)]; rw [dot_comm y x]; grind

/-! ## Quadratic forms -/

/-- The quadratic form `xᵀ P x`. -/
def quadForm (P : Matrix n n R) (x : Vec n R) : R := dot x (P.mulVec x)

/-- The form of a difference of matrices. -/
theorem quadForm_sub (P Q : Matrix n n R) (x : Vec n R) : quadForm (P - Q) x = quadForm P x - quadForm Q x := by
  rw [quadForm, quadForm, quadForm, ← dot_sub]; congr; funext i
  show dot (P i - Q i) x = dot (P i) x - dot (Q i) x
  rw [dot_comm, dot_sub, dot_comm x, dot_comm x]

/-- The form of a multiple of a matrix. -/
theorem quadForm_smul (c : R) (P : Matrix n n R) (x : Vec n R) : quadForm (c • P) x = c * quadForm P x := by
  rw [quadForm, quadForm, ← dot_smul]; congr; funext i
  show dot (c • P i) x = c * dot (P i) x
  rw [dot_comm, dot_smul, dot_comm x]

/-- The form of `Aᵀ P A` at `x` is the form of `P` at `A x`. -/
theorem quadForm_conjugate (P A : Matrix n n R) (x : Vec n R) :
    quadForm (A.transpose.mul (P.mul A)) x = quadForm P (A.mulVec x) := by
  rw [quadForm, mul_mulVec, mul_mulVec, dot_mulVec]; rfl

end Algebra


variable {R : Type u} [CommRing R] [LE R] [LT R] [Std.LawfulOrderLT R] [Std.IsLinearOrder R] [OrderedRing R]
variable {m n : Nat}

/-! ## Squares -/

/-- A square is nonnegative. -/
theorem mul_self_nonneg (a : R) : 0 ≤ a * a := by
  cases Std.le_total (a := 0) (b := a) with
  | inl h => exact OrderedRing.mul_nonneg h h
  | inr h => have := OrderedRing.mul_nonneg (a := -a) (b := -a) (by grind) (by grind); grind

/-- Only zero has the square zero. -/
theorem mul_self_eq_zero {a : R} : a * a = 0 ↔ a = 0 := by
  refine ⟨fun h => ?_, fun h => by grind⟩
  have pos := OrderedRing.mul_pos (a := a) (b := a)
  have neg := OrderedRing.mul_pos (a := -a) (b := -a)
  grind

/-- A squared norm is nonnegative. -/
theorem normSq_nonneg (x : Vec n R) : 0 ≤ normSq x := vecSum_nonneg fun i => mul_self_nonneg (x i)

/-- Only the zero vector has the squared norm zero. -/
theorem normSq_eq_zero_iff {x : Vec n R} : normSq x = 0 ↔ ∀ i, x i = 0 :=
  (vecSum_eq_zero_iff fun i => mul_self_nonneg (x i)).trans (forall_congr' fun _ => mul_self_eq_zero)

/-- The absolute value of a product is the product of the absolute values. -/
theorem abs_mul [DecidableLE R] (a b : R) : abs (a * b) = abs a * abs b := by
  by_cases ha : 0 ≤ a <;> by_cases hb : 0 ≤ b <;> simp only [abs, ha, hb, if_true, if_false]
  · rw [if_pos (OrderedRing.mul_nonneg ha hb)]
  · have := OrderedRing.mul_nonneg (a := a) (b := -b) ha (by grind)
    split <;> grind
  · have := OrderedRing.mul_nonneg (a := -a) (b := b) (by grind) hb
    split <;> grind
  · have := OrderedRing.mul_nonneg (a := -a) (b := -b) (by grind) (by grind)
    split <;> grind

/-- The dot product is at most `Σ |xᵢ|` times a bound on the entries of `y`. -/
theorem abs_dot_le [DecidableLE R] {x y : Vec n R} {b : R} (h : ∀ i, abs (y i) ≤ b) :
    abs (dot x y) ≤ (vecSum fun i => abs (x i)) * b := by
  refine Std.le_trans (abs_vecSum_le _) ?_
  rw [← vecSum_mul_right]
  exact vecSum_mono fun i => by
    rw [abs_mul]; exact OrderedRing.mul_le_mul_of_nonneg_left (h i) (abs_nonneg _)

end LeanPythonBridge
