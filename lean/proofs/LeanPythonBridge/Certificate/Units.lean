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

/-- A comparison in the unit of products, of numbers in other units. -/
theorem mul_two_pow_le {a b low one : Nat} (h : low + one = 2148) (le : a <<< 1074 ≤ b <<< one) :
    a * 2 ^ low ≤ b * scale := by
  rw [Nat.shiftLeft_eq, Nat.shiftLeft_eq] at le
  obtain ⟨k, hk⟩ : ∃ k, k = 1074 := ⟨_, rfl⟩
  have e : scale = 2 ^ k := by rw [hk]; rfl
  rw [← hk] at le
  rw [e]
  have scaled := Nat.mul_le_mul_right (2 ^ low) le
  rw [Nat.mul_assoc b, ← Nat.pow_add, Nat.add_comm one, h, show 2148 = k + k by omega, Nat.pow_add, Nat.mul_right_comm,
    ← Nat.mul_assoc] at scaled
  exact Nat.le_of_mul_le_mul_right scaled (Nat.two_pow_pos k)

/-- 1 in the unit of products. -/
theorem one_eq_ofScaledSquare : (1 : Rat) = ofScaledSquare (2 ^ 2148) := by
  have hs := scale_pos
  rw [← two_pow_cast, two_pow_eq_scale_mul, Int.natCast_mul, ofScaledSquare_mul_scale]
  unfold ofScaled
  rw [show ((scale : Int) : Rat) = (scale : Rat) from rfl]
  generalize (scale : Rat) = s at *
  grind

/-- The unit is a power of two. -/
theorem exists_scale_eq_two_pow : ∃ s, s = 1074 ∧ (scale : Int) = (2 : Int) ^ s := by
  refine ⟨1074, rfl, ?_⟩
  rw [scale]
  exact two_pow_cast 1074

theorem one_shiftLeft_scale : 1 <<< 1074 = scale := by rw [Nat.one_shiftLeft, scale]

theorem shiftLeft_scale (x : Nat) : x <<< 1074 = x * scale := by rw [Nat.shiftLeft_eq, scale]

/-- 1 is as many units. -/
theorem ofScaled_scale : ofScaled scale = 1 := by
  have hs := scale_pos
  unfold ofScaled
  rw [show ((scale : Int) : Rat) = (scale : Rat) from rfl]
  generalize (scale : Rat) = s at *
  grind

/-- The product of three values. -/
theorem ofScaled_mul_ofScaledSquare (x y : Int) :
    ofScaledSquare (x * y) / (scale : Rat) = ofScaled x * ofScaledSquare y := by
  have hs := scale_pos
  rw [← ofScaled_mul_ofScaled]
  unfold ofScaledSquare
  generalize (scale : Rat) = s at *
  grind

/-- A factor may be taken into the units. -/
theorem ofScaledSquare_mul (x : Int) : ofScaledSquare x * (scale : Rat) = ofScaledSquare (x * scale) := by
  rw [ofScaledSquare_mul_scale]
  have hs := scale_pos
  unfold ofScaledSquare
  generalize (scale : Rat) = s at *
  grind

/-- The absolute value of a part. -/
theorem abs_div_scale (q : Rat) : abs (q / (scale : Rat)) = abs q / (scale : Rat) := by
  have hs := scale_pos
  generalize (scale : Rat) = s at *
  have positive : abs s = s := by rw [abs, if_pos (Rat.le_of_lt hs)]
  have product := abs_mul (q / s) s
  rw [positive, show q / s * s = q by grind] at product
  rw [product]
  grind

/-- A comparison with a part. -/
theorem div_scale_le {p q : Rat} : p / (scale : Rat) ≤ q ↔ p ≤ q * (scale : Rat) := by
  have hs := scale_pos
  generalize (scale : Rat) = s at *
  have e : p = p / s * s := by grind
  constructor
  · intro h
    have := Rat.mul_le_mul_of_nonneg_right h (Rat.le_of_lt hs)
    grind
  · intro h
    refine Rat.not_lt.1 fun lt => ?_
    have := Rat.mul_lt_mul_of_pos_right lt hs
    grind

/-- A double in a range is finite. -/
theorem Range.isFinite_of_holds {r : Range} {bits : Nat} (hr : r.check = true) (h : r.Holds bits) :
    isFinite bits = true := by
  have high := Nat.mul_le_mul_right (2 ^ 52) (Range.check_iff.1 hr).2
  have lt := h.1
  simp only [isFinite, infinity, decide_eq_true_eq]
  omega

/-- The absolute value as a natural number. -/
theorem abs_eq_natAbs (x : Int) : abs x = x.natAbs := by
  rw [abs]; split <;> omega

/-- The sum of values, from that of their units. -/
theorem vecSum_ofScaled {n : Nat} (f : Nat → Int) : (vecSum fun i : Fin n => ofScaled (f i)) = ofScaled (integerSum n f) := by
  induction n with
  | zero => exact ofScaled_zero.symm
  | succ n ih => rw [vecSum_succ, integerSum, ofScaled_add]; congr 1

end LeanPythonBridge.Certificate
