module

public import LeanPythonBridge.Certificate.Sums

/-!
# Units and room, shared by the certificates
-/

@[expose] public section

namespace LeanPythonBridge.Certificate

open Float64

/-- Lanes with the offset `2^height` have room for the sum of all, when the width is this. -/
theorem lanes_fit {height width lanes : Nat} (h : height + 3 + lanes.log2 = width) :
    lanes * 2 ^ (height + 1) + 1 < 2 ^ width ∧ height < width := by
  refine ⟨?_, by omega⟩
  have lt : lanes < 2 ^ (lanes.log2 + 1) := Nat.lt_log2_self
  have := Nat.mul_lt_mul_of_pos_right lt (Nat.two_pow_pos (height + 1))
  rw [← Nat.pow_add, show lanes.log2 + 1 + (height + 1) = width - 1 by omega] at this
  have e : 2 ^ width = 2 * 2 ^ (width - 1) := by
    rw [← Nat.pow_succ', show (width - 1).succ = width by omega]
  have := Nat.two_pow_pos (width - 1)
  omega

/-- The unit of products, squared. -/
theorem two_pow_eq_scale_mul : 2 ^ 2148 = scale * scale := by decide +kernel

/-- 1 in the unit of products. -/
theorem one_eq_ofScaledSquare : (1 : Rat) = ofScaledSquare (2 ^ 2148) := by
  have hs := scale_pos
  rw [← two_pow_cast, two_pow_eq_scale_mul, Int.natCast_mul, ofScaledSquare_mul_scale]
  unfold ofScaled
  rw [show ((scale : Int) : Rat) = (scale : Rat) from rfl]
  generalize (scale : Rat) = s at *
  grind

/-- The absolute value as a natural number. -/
theorem abs_eq_natAbs (x : Int) : abs x = x.natAbs := by
  rw [abs]; split <;> omega

end LeanPythonBridge.Certificate
