module

public import LeanPythonBridge.Float64.Packed
public import LeanPythonBridge.Float64.Rational
public import LeanPythonBridge.Certificate.LinearAlgebra

/-!
# Vectors and matrices of doubles, exactly

An array frame as a vector or a matrix of bit patterns, and their values as rationals, which theorems are about. Products
of two values are counted in units of `2^(-2148)`.
-/

@[expose] public section

namespace LeanPythonBridge.Float64

variable {m n : Nat}

/-! ## Frames -/

/-- A frame of `n` doubles as a vector. -/
def frameVec (packed n : Nat) : Vec n Nat := fun i => element packed i

/-- A frame of `m * n` doubles in C order as a matrix. -/
def frameMatrix (packed m n : Nat) : Matrix m n Nat := fun i j => element packed (i * n + j)

/-- An index of a matrix lies in its frame. -/
theorem index_lt (i : Fin m) (j : Fin n) : i.val * n + j.val < m * n := by
  have := Nat.mul_le_mul_right n (Nat.succ_le_of_lt i.isLt)
  rw [Nat.succ_mul] at this
  omega

/-- Every entry is finite. -/
def Finite (x : Vec n Nat) : Prop := ∀ i, isFinite (x i) = true

instance (x : Vec n Nat) : Decidable (Finite x) := inferInstanceAs (Decidable (∀ i, isFinite (x i) = true))

/-- The values. -/
def valueVec (x : Vec n Nat) : Vec n Rat := fun i => toRat (x i)

/-- The values. -/
def valueMatrix (A : Matrix m n Nat) : Matrix m n Rat := fun i => valueVec (A i)

/-! ## The unit of products -/

/-- The value of an integer counted in units of `2^(-2148)`. -/
def ofScaledSquare (x : Int) : Rat := ofScaled x / (scale : Rat)

/-- A product of values. -/
theorem ofScaled_mul_ofScaled (x y : Int) : ofScaled x * ofScaled y = ofScaledSquare (x * y) := by
  have := scale_pos
  unfold ofScaledSquare ofScaled
  generalize (scale : Rat) = s at *
  grind

/-- A value counted in the smaller unit. -/
theorem ofScaledSquare_mul_scale (x : Int) : ofScaledSquare (x * scale) = ofScaled x := by
  have := scale_pos
  unfold ofScaledSquare ofScaled
  rw [Rat.intCast_mul, show ((scale : Int) : Rat) = (scale : Rat) from rfl]
  generalize (scale : Rat) = s at *
  grind

/-- Values add as their units. -/
theorem ofScaledSquare_add (x y : Int) : ofScaledSquare (x + y) = ofScaledSquare x + ofScaledSquare y := by
  have := scale_pos
  unfold ofScaledSquare
  rw [ofScaled_add]
  generalize (scale : Rat) = s at *
  grind

/-- Zero units are zero. -/
theorem ofScaledSquare_zero : ofScaledSquare 0 = 0 := by
  have := ofScaledSquare_mul_scale 0
  rwa [Int.zero_mul, ofScaled_zero] at this

/-- Values are negated as their units. -/
theorem ofScaledSquare_neg (x : Int) : ofScaledSquare (-x) = -ofScaledSquare x := by
  have := ofScaledSquare_add x (-x)
  rw [Int.add_right_neg, ofScaledSquare_zero] at this
  grind

/-- Values subtract as their units. -/
theorem ofScaledSquare_sub (x y : Int) : ofScaledSquare (x - y) = ofScaledSquare x - ofScaledSquare y := by
  rw [Int.sub_eq_add_neg, ofScaledSquare_add, ofScaledSquare_neg, Rat.sub_eq_add_neg]

/-- Values are nonnegative as their units are. -/
theorem ofScaledSquare_nonneg {x : Int} : 0 ≤ ofScaledSquare x ↔ 0 ≤ x := by
  have hs := scale_pos
  have e : ofScaledSquare x * (scale : Rat) = ofScaled x := by
    unfold ofScaledSquare
    generalize (scale : Rat) = s at *
    grind
  constructor
  · intro h
    have := Rat.mul_nonneg h (Rat.le_of_lt hs)
    rwa [e, ofScaled_nonneg] at this
  · intro h
    refine Rat.not_lt.1 fun lt => ?_
    have := Rat.mul_lt_mul_of_pos_right lt hs
    rw [e, Rat.zero_mul, ← ofScaled_zero, ofScaled_lt] at this
    omega

/-- Values are ordered as their units. -/
theorem ofScaledSquare_le {x y : Int} : ofScaledSquare x ≤ ofScaledSquare y ↔ x ≤ y := by
  rw [Rat.le_iff_sub_nonneg, ← ofScaledSquare_sub, ofScaledSquare_nonneg]; omega

/-- Values are ordered as their units. -/
theorem ofScaledSquare_pos {x : Int} : 0 < ofScaledSquare x ↔ 0 < x := by
  rw [← Rat.not_le, ← ofScaledSquare_zero, ofScaledSquare_le, Int.not_le]

/-- The absolute value is that of the units. -/
theorem abs_ofScaledSquare (x : Int) : abs (ofScaledSquare x) = ofScaledSquare (abs x) := by
  unfold abs
  simp only [ofScaledSquare_nonneg]
  split
  · rfl
  · rw [ofScaledSquare_neg]

/-! ## Sums of products -/

/-- A sum of values, added up in units. -/
theorem vecSum_ofScaledSquare (x : Vec n Int) :
    vecSum (fun i => ofScaledSquare (x i)) = ofScaledSquare (vecSum x) := by
  induction n with
  | zero => exact ofScaledSquare_zero.symm
  | succ n ih => rw [vecSum_succ, vecSum_succ, ofScaledSquare_add, ← ih fun i => x i.castSucc]

end LeanPythonBridge.Float64
