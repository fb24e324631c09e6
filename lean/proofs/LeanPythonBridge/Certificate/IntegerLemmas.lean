module

public import LeanPythonBridge.Certificate.Rows

/-!
# The integer of one double

What `integers` does in one lane: the integer is the double's value in units of `2^(low - 1074)` (`decode_mul`), when
its exponent lies in the range.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate

open Float64

variable {r : Range} {w n : Nat}

/-! ## One double -/

theorem Range.check_iff : r.check = true ↔ r.low + 2 ≤ r.high ∧ r.high ≤ 2047 := by
  simp only [Range.check, Bool.and_eq_true, Nat.ble_eq, Nat.add_eq]

theorem least_eq (r : Range) : r.least = (r.low + 1) * 2 ^ 52 - (2 ^ 52 - 1) * (1 - r.low) := rfl

theorem offset_eq (r : Range) : r.offset = 2 ^ r.bits := Nat.one_shiftLeft _

theorem land_bit (y t w : Nat) (hy : y < 2 ^ w) (ht : t ≤ 1) : y &&& (t * (2 ^ w - 1)) = t * y := by
  rcases (show t = 0 ∨ t = 1 by omega) with rfl | rfl
  · simp
  · rw [Nat.one_mul, Nat.one_mul, Nat.and_two_pow_sub_one_eq_mod, Nat.mod_eq_of_lt hy]

theorem and_one (x : Nat) : x &&& 1 = x % 2 := Nat.and_two_pow_sub_one_eq_mod x 1

theorem exponents_one (v : Nat) : exponents 1 v = v / 2 ^ 52 % 2048 := by
  show (v >>> 52) &&& (1 * 2047) = _
  rw [Nat.shiftRight_eq_div_pow, show 1 * 2047 = 2 ^ 11 - 1 from rfl, Nat.and_two_pow_sub_one_eq_mod]

theorem normals_one (e : Nat) : normals 1 e = (e + 2047) / 2048 % 2 := by
  show ((e + 1 * 2047) >>> 11) &&& 1 = _
  rw [Nat.shiftRight_eq_div_pow, and_one, Nat.one_mul]

theorem mantissas_one (v k : Nat) : mantissas 1 v k = v % 2 ^ 52 + k * 2 ^ 52 := by
  show (v &&& (1 * (2 ^ 52 - 1))) + k * 2 ^ 52 = _
  rw [Nat.one_mul, Nat.and_two_pow_sub_one_eq_mod]

/-- What the barrel shifter does in one lane after some stages. -/
theorem barrel_one {d y stages : Nat} (h : y * 2 ^ (d % 2 ^ stages) < 2 ^ w) :
    barrel 1 (1 <<< w - 1) d y stages = y * 2 ^ (d % 2 ^ stages) := by
  induction stages with
  | zero => rw [Nat.pow_zero, Nat.mod_one, Nat.pow_zero, Nat.mul_one]; rfl
  | succ b ih =>
    have split : d % 2 ^ (b + 1) = d % 2 ^ b + 2 ^ b * (d / 2 ^ b % 2) := by
      rw [Nat.mod_pow_succ]
    have le : y * 2 ^ (d % 2 ^ b) ≤ y * 2 ^ (d % 2 ^ (b + 1)) :=
      Nat.mul_le_mul_left _ (Nat.pow_le_pow_right (by decide) (by omega))
    have unfolded : barrel 1 (1 <<< w - 1) d y (b + 1) = barrel 1 (1 <<< w - 1) d y b +
      (barrel 1 (1 <<< w - 1) d y b &&& (((d >>> b) &&& 1) * (1 <<< w - 1))) * (2 ^ 2 ^ b - 1) := rfl
    rw [unfolded, ih (by omega), and_one, Nat.shiftRight_eq_div_pow, Nat.one_shiftLeft,
      land_bit _ _ _ (by omega) (by omega), split, Nat.pow_add, ← Nat.mul_assoc y]
    generalize y * 2 ^ (d % 2 ^ b) = z
    rcases Nat.mod_two_eq_zero_or_one (d / 2 ^ b) with bit | bit <;> rw [bit]
    · simp
    · rw [Nat.one_mul, Nat.mul_one]
      have := Nat.mul_le_mul_left z (Nat.one_le_two_pow (n := 2 ^ b))
      rw [Nat.mul_sub]
      omega

/-- The absolute value of the integer of a double. -/
theorem exists_value {v : Nat} (hr : r.check = true) (hv : r.Holds v) :
    mantissas 1 v (normals 1 (exponents 1 v)) *
        2 ^ (shifts 1 (exponents 1 v) (normals 1 (exponents 1 v)) r.low % 2 ^ r.stages) * 2 ^ r.low = scaledAbs v ∧
      mantissas 1 v (normals 1 (exponents 1 v)) *
        2 ^ (shifts 1 (exponents 1 v) (normals 1 (exponents 1 v)) r.low % 2 ^ r.stages) < 2 ^ r.bits := by
  obtain ⟨order, finite⟩ := Range.check_iff.1 hr
  obtain ⟨below, above⟩ := hv
  have stage : r.high - r.low < 2 ^ r.stages := Nat.lt_log2_self
  have stages : r.stages ≤ 11 := by
    have : (r.high - r.low).log2 < 11 := (Nat.log2_lt (by omega)).2 (by omega)
    show (r.high - r.low).log2 + 1 ≤ 11
    omega
  have power : 2048 = 2 ^ r.stages * 2 ^ (11 - r.stages) := by
    rw [← Nat.pow_add, Nat.add_sub_cancel' stages]
  have bits : r.bits = 51 + r.high - r.low := rfl
  have shift : ∀ e k, shifts 1 e k r.low = e + 1 * (2048 - r.low) - k := fun _ _ => rfl
  rw [least_eq] at above
  rw [mantissas_one, normals_one, exponents_one, shift, scaledAbs, scaledMagnitude, bits]
  have e : v / 2 ^ 52 % 2048 = magnitude v / 2 ^ 52 := by simp only [magnitude]; omega
  have f : v % 2 ^ 52 = magnitude v % 2 ^ 52 := by simp only [magnitude]; omega
  have bound : magnitude v < 2 ^ 63 := by simp only [magnitude]; omega
  rw [e, f]
  clear e f
  generalize magnitude v = t at *
  generalize r.low = low at *
  generalize r.high = high at *
  generalize 2 ^ r.stages = stagePower at *
  by_cases small : t < 2 ^ 52
  · rw [if_pos small, show t / 2 ^ 52 = 0 by omega, show (0 + 2047) / 2048 % 2 = 0 from rfl]
    rcases above with rfl | above
    · exact ⟨by simp, by simp; exact Nat.two_pow_pos _⟩
    · obtain rfl : low = 0 := by
        rcases Nat.eq_zero_or_pos low with h | h
        · exact h
        · rw [show 1 - low = 0 by omega] at above; omega
      rw [show 0 + 1 * (2048 - 0) - 0 = 2048 from rfl]
      conv => enter [1, 1, 1, 2, 2, 1]; rw [power]
      conv => enter [2, 1, 2, 2, 1]; rw [power]
      rw [Nat.mul_mod_right, Nat.zero_mul, Nat.add_zero, Nat.pow_zero, Nat.mul_one, Nat.mul_one, Nat.mod_eq_of_lt small]
      refine ⟨rfl, Nat.lt_of_lt_of_le small (Nat.pow_le_pow_right (by decide) (by omega))⟩
  · have normal : (t / 2 ^ 52 + 2047) / 2048 % 2 = 1 := by omega
    have e : low + 1 ≤ t / 2 ^ 52 := by
      rcases above with rfl | above
      · omega
      · rcases Nat.eq_zero_or_pos low with rfl | h
        · omega
        · rw [show 1 - low = 0 by omega] at above; omega
    have top : t / 2 ^ 52 < high := by omega
    have amount : (t / 2 ^ 52 + 1 * (2048 - low) - 1) % stagePower = t / 2 ^ 52 - 1 - low := by
      rw [show t / 2 ^ 52 + 1 * (2048 - low) - 1 = (t / 2 ^ 52 - 1 - low) + 2048 by omega, power,
        Nat.add_mul_mod_self_left, Nat.mod_eq_of_lt (by omega)]
    rw [if_neg small, normal, amount, Nat.one_mul]
    refine ⟨?_, ?_⟩
    · rw [Nat.mul_assoc, ← Nat.pow_add, show t / 2 ^ 52 - 1 - low + low = t / 2 ^ 52 - 1 by omega, Nat.add_comm (2 ^ 52)]
    · have := Nat.mul_lt_mul_of_pos_right (show t % 2 ^ 52 + 2 ^ 52 < 2 ^ 53 by omega)
        (Nat.two_pow_pos (t / 2 ^ 52 - 1 - low))
      rw [← Nat.pow_add] at this
      exact Nat.lt_of_lt_of_le this (Nat.pow_le_pow_right (by decide) (by omega))

/-- The absolute value of the integer of a double. -/
theorem absolutes_one {v : Nat} (hw : r.bits < w) (hr : r.check = true) (hv : r.Holds v) :
    absolutes r 1 (1 <<< w - 1) v * 2 ^ r.low = scaledAbs v ∧ absolutes r 1 (1 <<< w - 1) v < 2 ^ r.bits := by
  obtain ⟨value, small⟩ := exists_value hr hv
  rw [absolutes, barrel_one (Nat.lt_of_lt_of_le small (Nat.pow_le_pow_right (by decide) (by omega)))]
  exact ⟨value, small⟩

/-- The same where the double has the sign bit, and zero elsewhere. -/
theorem negative_one {v : Nat} (hw : r.bits < w) (hr : r.check = true) (hv : r.Holds v) (bits : v < 2 ^ 64) :
    (absolutes r 1 (1 <<< w - 1) v &&& (((v >>> 63) &&& 1) * (1 <<< w - 1))) =
      if isNegative v then absolutes r 1 (1 <<< w - 1) v else 0 := by
  have small := Nat.lt_of_lt_of_le (absolutes_one hw hr hv).2
    (Nat.pow_le_pow_right (by decide) (Nat.le_of_lt hw))
  rw [and_one, Nat.shiftRight_eq_div_pow, Nat.one_shiftLeft] at *
  rw [land_bit _ _ _ small (by omega)]
  simp only [isNegative, signBit, decide_eq_true_eq]
  split
  · rw [show v / 2 ^ 63 % 2 = 1 by omega, Nat.one_mul]
  · rw [show v / 2 ^ 63 % 2 = 0 by omega, Nat.zero_mul]

/-- What stands in the lane of a double. -/
theorem code_eq {v : Nat} (hw : r.bits < w) (hr : r.check = true) (hv : r.Holds v) (bits : v < 2 ^ 64) :
    ∃ y, y * 2 ^ r.low = scaledAbs v ∧ y < 2 ^ r.bits ∧
      code r w v = y + 2 ^ r.bits - 2 * (if isNegative v then y else 0) := by
  obtain ⟨value, small⟩ := absolutes_one hw hr hv
  refine ⟨_, value, small, ?_⟩
  have room : 2 ^ r.bits ≤ 2 ^ w := Nat.pow_le_pow_right (by decide) (by omega)
  show absolutes r 1 (1 <<< w - 1) v + 1 * r.offset - 2 * (absolutes r 1 (1 <<< w - 1) v &&&
    (((v >>> 63) &&& 1) * (1 <<< w - 1))) = _
  rw [negative_one hw hr hv bits, Nat.one_mul, offset_eq]

/-- The integer of a double is its value, in units of `2^(low - 1074)`. -/
theorem decode_mul {v : Nat} (hw : r.bits < w) (hr : r.check = true) (hv : r.Holds v) (bits : v < 2 ^ 64) :
    decode r w v * 2 ^ r.low = scaled v := by
  obtain ⟨y, value, small, e⟩ := code_eq hw hr hv bits
  have power : (2 : Int) ^ r.low = (2 ^ r.low : Nat) := by rw [Int.natCast_pow]; rfl
  rw [decode, e, scaled, ← value, offset_eq, power]
  generalize 2 ^ r.bits = offset at *
  split
  · rw [show ((y + offset - 2 * y : Nat) : Int) - offset = -y by omega, Int.neg_mul, Int.natCast_mul]
  · rw [show ((y + offset - 2 * 0 : Nat) : Int) - offset = y by omega, Int.natCast_mul]

/-- The integer of a double is small. -/
theorem natAbs_decode_lt {v : Nat} (hw : r.bits < w) (hr : r.check = true) (hv : r.Holds v) (bits : v < 2 ^ 64) :
    (decode r w v).natAbs < 2 ^ r.bits := by
  obtain ⟨y, value, small, e⟩ := code_eq hw hr hv bits
  rw [decode, e, offset_eq]
  split <;> omega

/-- Lanes of doubles do not overflow. -/
theorem code_lt {v : Nat} (hw : r.bits < w) (hr : r.check = true) (hv : r.Holds v) (bits : v < 2 ^ 64) :
    code r w v < 2 ^ (r.bits + 1) := by
  obtain ⟨y, value, small, e⟩ := code_eq hw hr hv bits
  rw [e, Nat.pow_succ]
  omega

/-- A lane holds the integer with the offset. -/
theorem code_eq_decode (r : Range) (w v : Nat) : (code r w v : Int) = r.offset + decode r w v := by
  rw [decode]; omega

/-- Zero lies in every range. -/
theorem holds_zero (hr : r.check = true) : r.Holds 0 := by
  have := Range.check_iff.1 hr
  exact ⟨by simp only [magnitude]; omega, .inl rfl⟩

/-- Zero is zero. -/
theorem decode_zero (hw : r.bits < w) (hr : r.check = true) : decode r w 0 = 0 := by
  have := decode_mul hw hr (holds_zero hr) (by decide)
  rw [show scaled 0 = 0 by decide +kernel] at this
  have power : (2 : Int) ^ r.low ≠ 0 := by exact Int.ne_of_gt (Int.pow_pos (by decide))
  rcases Int.mul_eq_zero.1 this with h | h
  · exact h
  · exact absurd h power

end LeanPythonBridge.Certificate
