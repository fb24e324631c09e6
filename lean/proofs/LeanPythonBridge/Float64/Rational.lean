module

public import LeanPythonBridge.Float64.Lemmas
public import MatrixProps

/-!
# The exact rational values of doubles

`toRat` is the value itself; what `Float64.Lemmas` proves of integers in units of `2^(-1074)` is said here of rationals,
with the absolute value of `MathDefs`.
-/

@[expose] public section

namespace LeanPythonBridge.Float64

/-! ## The unit -/

/-- The value of an integer counted in units of `2^(-1074)`. -/
def ofScaled (x : Int) : Rat := x / (scale : Rat)

/-- A double's value is that of its scaled integer. -/
theorem toRat_eq_ofScaled (bits : Nat) : toRat bits = ofScaled (scaled bits) := rfl

/-- The unit is positive. -/
theorem scale_pos : (0 : Rat) < (scale : Rat) := by
  have : ((0 : Int) : Rat) < ((scale : Int) : Rat) := Rat.intCast_lt_intCast.2 (by decide +kernel)
  exact this

/-- What a number in units times the unit's inverse is. -/
theorem ofScaled_mul_scale (x : Int) : ofScaled x * (scale : Rat) = x := by
  have := scale_pos
  unfold ofScaled
  generalize (scale : Rat) = s at *
  grind

/-- Zero units are zero. -/
theorem ofScaled_zero : ofScaled 0 = 0 := by
  have := scale_pos
  unfold ofScaled
  generalize (scale : Rat) = s at *
  grind

/-- Values add as their units. -/
theorem ofScaled_add (x y : Int) : ofScaled (x + y) = ofScaled x + ofScaled y := by
  have := scale_pos
  unfold ofScaled
  generalize (scale : Rat) = s at *
  grind

/-- Values are negated as their units. -/
theorem ofScaled_neg (x : Int) : ofScaled (-x) = -ofScaled x := by
  have := scale_pos
  unfold ofScaled
  generalize (scale : Rat) = s at *
  grind

/-- Values subtract as their units. -/
theorem ofScaled_sub (x y : Int) : ofScaled (x - y) = ofScaled x - ofScaled y := by
  rw [Int.sub_eq_add_neg, ofScaled_add, ofScaled_neg, Rat.sub_eq_add_neg]

/-- A factor may be taken out of the units. -/
theorem ofScaled_mul (c x : Int) : ofScaled (c * x) = c * ofScaled x := by
  have := scale_pos
  unfold ofScaled
  generalize (scale : Rat) = s at *
  grind

/-- Values are ordered as their units. -/
theorem ofScaled_lt {x y : Int} : ofScaled x < ofScaled y ↔ x < y := by
  have hs := scale_pos
  rw [← Rat.intCast_lt_intCast, ← ofScaled_mul_scale x, ← ofScaled_mul_scale y]
  exact ⟨fun h => Rat.mul_lt_mul_of_pos_right h hs,
    fun h => Rat.not_le.1 fun g => Rat.not_le.2 h (Rat.mul_le_mul_of_nonneg_right g (Rat.le_of_lt hs))⟩

/-- Values are ordered as their units. -/
theorem ofScaled_le {x y : Int} : ofScaled x ≤ ofScaled y ↔ x ≤ y := by
  rw [← Rat.not_lt, ofScaled_lt, Int.not_lt]

/-- Values are equal as their units are. -/
theorem ofScaled_inj {x y : Int} : ofScaled x = ofScaled y ↔ x = y := by
  have h₁ := ofScaled_le (x := x) (y := y)
  have h₂ := ofScaled_le (x := y) (y := x)
  grind

/-- Nonnegative values have nonnegative units. -/
theorem ofScaled_nonneg {x : Int} : 0 ≤ ofScaled x ↔ 0 ≤ x := by rw [← ofScaled_zero, ofScaled_le]

/-- The absolute value is that of the units. -/
theorem abs_ofScaled (x : Int) : abs (ofScaled x) = ofScaled x.natAbs := by
  unfold abs
  simp only [ofScaled_nonneg]
  split
  · rw [Int.natAbs_of_nonneg ‹_›]
  · rw [← ofScaled_neg, ofScaled_inj]; omega

/-! ## Doubles -/

/-- −0.0 has the value zero. -/
theorem toRat_signBit : toRat signBit = 0 := by rw [toRat_eq_ofScaled, scaled_signBit, ofScaled_zero]

/-- The absolute value in units. -/
theorem abs_toRat (bits : Nat) : abs (toRat bits) = ofScaled (scaledAbs bits) := by
  rw [toRat_eq_ofScaled, abs_ofScaled, natAbs_scaled]

/-- Distances between values in units. -/
theorem abs_ofScaled_sub_le {a b c d : Int} :
    abs (ofScaled a - ofScaled b) ≤ abs (ofScaled c - ofScaled d) ↔ (a - b).natAbs ≤ (c - d).natAbs := by
  rw [← ofScaled_sub, ← ofScaled_sub, abs_ofScaled, abs_ofScaled, ofScaled_le, Int.ofNat_le]

/-! ## What roundings mean -/

/-- `bits` is the double nearest to `q`: a finite one, none is nearer, and it is even when another is as near. -/
structure IsNearestDouble (bits : Nat) (q : Rat) : Prop where
  /-- It is finite. -/
  finite : isFinite bits = true
  /-- No finite double is nearer. -/
  nearest : ∀ c, isFinite c = true → abs (toRat bits - q) ≤ abs (toRat c - q)
  /-- Ties go to the even one. -/
  even : ∀ c, isFinite c = true → abs (toRat c - q) = abs (toRat bits - q) → toRat c = toRat bits ∨ bits % 2 = 0

/-- `bits` is the least double that is at least `q`. -/
structure IsLeastDoubleAbove (bits : Nat) (q : Rat) : Prop where
  /-- It is finite. -/
  finite : isFinite bits = true
  /-- It is not below. -/
  above : q ≤ toRat bits
  /-- Every finite double that is not below is at least as great. -/
  least : ∀ c, isFinite c = true → q ≤ toRat c → toRat bits ≤ toRat c

/-- `isNearest` tests for the nearest double. -/
theorem isNearest_sound {bits : Nat} {x : Int} (h : isNearest bits x = true) : IsNearestDouble bits (ofScaled x) where
  finite := isFinite_of_isNearest h
  nearest c _ := by
    have := distance_le_of_isNearest h c
    rw [toRat_eq_ofScaled, toRat_eq_ofScaled, abs_ofScaled_sub_le]
    omega
  even c _ tie := by
    rw [toRat_eq_ofScaled, toRat_eq_ofScaled, ← ofScaled_sub, ← ofScaled_sub, abs_ofScaled, abs_ofScaled,
      ofScaled_inj] at tie
    rw [toRat_eq_ofScaled, toRat_eq_ofScaled, ofScaled_inj]
    exact even_of_isNearest h (by omega)

/-- `isLeastAbove` tests for the least double that is at least a nonnegative rational. -/
theorem isLeastAbove_sound {bits n d : Nat} (h : isLeastAbove bits n d = true) (hd : 0 < d) :
    IsLeastDoubleAbove bits (ofScaled n / d) := by
  obtain ⟨h₁, h₂, h₃⟩ := isLeastAbove_iff.1 h
  have hd' : (0 : Rat) < d := by
    have : ((0 : Int) : Rat) < ((d : Int) : Rat) := Rat.intCast_lt_intCast.2 (by omega)
    exact this
  have key : ∀ x : Int, ofScaled n / d ≤ ofScaled x ↔ (n : Int) ≤ x * d := by
    intro x
    rw [← ofScaled_le, Int.mul_comm, ofScaled_mul, show ((d : Int) : Rat) = (d : Rat) from rfl]
    generalize ofScaled n = a, ofScaled x = b, (d : Rat) = c at *
    have e : a = a / c * c := by grind
    constructor
    · intro g
      have := Rat.mul_le_mul_of_nonneg_right g (Rat.le_of_lt hd')
      grind
    · intro g
      refine Rat.not_lt.1 fun lt => ?_
      have := Rat.mul_lt_mul_of_pos_right lt hd'
      grind
  refine ⟨?_, ?_, fun c _ hc => ?_⟩
  · rw [isFinite, magnitude_of_lt h₁]; exact decide_eq_true h₁
  · rw [toRat_eq_ofScaled, key, scaled_of_lt h₁, ← Int.natCast_mul]; omega
  · rw [toRat_eq_ofScaled, key] at hc
    rw [toRat_eq_ofScaled, toRat_eq_ofScaled, ofScaled_le, scaled_of_lt h₁]
    have e := natAbs_scaled c
    rw [scaledAbs] at e
    by_cases nonneg : 0 ≤ scaled c
    · have e' : scaled c = scaledMagnitude (magnitude c) := by omega
      rw [e', ← Int.natCast_mul, Int.ofNat_le] at hc
      have := scaledMagnitude_le (h₃ _ hc)
      omega
    · have neg : scaled c * d ≤ -d := by
        have := Int.mul_le_mul_of_nonneg_right (show scaled c ≤ -1 by omega) (show (0 : Int) ≤ d by omega)
        omega
      omega

end LeanPythonBridge.Float64
