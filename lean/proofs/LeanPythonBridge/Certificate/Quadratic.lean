module

public import LeanPythonBridge.Certificate.LinearAlgebra

/-! # Quadratic functions -/

@[expose] public section

namespace LeanPythonBridge

/-- The function `½ xᵀ Q x + cᵀ x`. -/
def quadratic {n : Nat} (Q : Matrix n n Rat) (c x : Vec n Rat) : Rat := 1 / 2 * quadForm Q x + dot c x

/-- A convex quadratic function lies above its tangents: above that at `z`, where its gradient is `Q z + c`. -/
theorem tangent_le_quadratic {n : Nat} {Q : Matrix n n Rat} (symmetric : ∀ i j, Q i j = Q j i)
    (nonneg : ∀ x, 0 ≤ quadForm Q x) (c z x : Vec n Rat) :
    dot (Q.mulVec z + c) x - 1 / 2 * quadForm Q z ≤ quadratic Q c x := by
  have form := nonneg (x - z)
  have mulVec_sub : Q.mulVec (x - z) = Q.mulVec x - Q.mulVec z := by funext i; exact dot_sub ..
  have sub_dot : ∀ w, dot (x - z) w = dot x w - dot z w := fun w => by rw [dot_comm, dot_sub, dot_comm w, dot_comm w]
  have transpose : Q.transpose = Q := funext fun i => funext fun j => symmetric j i
  have across : dot z (Q.mulVec x) = dot x (Q.mulVec z) := by rw [dot_mulVec, transpose, dot_comm]
  have add_dot : dot (Q.mulVec z + c) x = dot x (Q.mulVec z) + dot c x := by rw [dot_comm, dot_add, dot_comm x c]
  rw [quadForm, mulVec_sub, sub_dot, dot_sub, dot_sub, across] at form
  rw [add_dot, quadratic, quadForm, quadForm]
  grind

end LeanPythonBridge
