module

public import LeanPythonBridge.Float64.Packed
public import LeanPythonBridge.Float64.Rational
public import LeanPythonBridge.Certificate.LinearAlgebra

/-!
# Vectors and matrices of doubles, exactly

An array frame as a vector or a matrix of bit patterns, and their values: as integers in units of `2^(-1074)`, which
the kernel computes with, and as rationals, which theorems are about. Products of two values are counted in units of
`2^(-2148)`.
-/

@[expose] public section

namespace LeanPythonBridge.Float64

variable {m n : Nat}

/-! ## Frames -/

/-- A frame of `n` doubles as a vector. -/
def frameVec (packed n : Nat) : Vec n Nat := fun i => element packed i

/-- A frame of `m * n` doubles in C order as a matrix. -/
def frameMatrix (packed m n : Nat) : Matrix m n Nat := fun i j => element packed (i * n + j)

/-- Every entry is finite. -/
def Finite (x : Vec n Nat) : Prop := ∀ i, isFinite (x i) = true

instance (x : Vec n Nat) : Decidable (Finite x) := inferInstanceAs (Decidable (∀ i, isFinite (x i) = true))

/-- The values in units of `2^(-1074)`. -/
def scaledVec (x : Vec n Nat) : Vec n Int := fun i => scaled (x i)

/-- The values. -/
def valueVec (x : Vec n Nat) : Vec n Rat := fun i => toRat (x i)

/-- The values in units of `2^(-1074)`. -/
def scaledMatrix (A : Matrix m n Nat) : Matrix m n Int := fun i => scaledVec (A i)

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

/-- A dot product of values, computed in units. -/
theorem dot_valueVec (x y : Vec n Nat) :
    dot (valueVec x) (valueVec y) = ofScaledSquare (dot (scaledVec x) (scaledVec y)) := by
  rw [dot, dot, ← vecSum_ofScaledSquare]
  congr; funext i
  exact ofScaled_mul_ofScaled _ _

/-- The sum of the absolute values of products, computed in units. -/
theorem sum_abs_valueVec (x y : Vec n Nat) :
    vecSum (fun i => abs (valueVec x i * valueVec y i)) =
      ofScaledSquare (vecSum fun i => abs (scaledVec x i * scaledVec y i)) := by
  rw [← vecSum_ofScaledSquare]
  congr; funext i
  rw [← abs_ofScaledSquare, ← ofScaled_mul_ofScaled]
  rfl

/-! ## Rows -/

/-- The first entry of a frame is its lowest 64 bits. -/
theorem frameVec_zero (packed n : Nat) : frameVec packed (n + 1) 0 = packed % 2 ^ 64 := by
  simp [frameVec, element]

/-- The other entries of a frame are those of what lies above. -/
theorem frameVec_tail (packed n : Nat) :
    (fun i : Fin n => frameVec packed (n + 1) i.succ) = frameVec (packed / 2 ^ 64) n := by
  funext i
  rw [frameVec, frameVec, element, element, Nat.div_div_eq_div_mul, ← Nat.pow_add, Fin.val_succ,
    show 64 * (i.val + 1) = 64 + 64 * i.val by omega]

/-- A row of a matrix is a frame as well. -/
theorem frameMatrix_row (packed m n : Nat) (i : Fin m) :
    frameMatrix packed m n i = frameVec (packed / 2 ^ (64 * (n * i))) n := by
  funext j
  rw [frameVec, frameMatrix, element, element, Nat.div_div_eq_div_mul, ← Nat.pow_add, Nat.mul_comm i.val,
    ← Nat.mul_add]

/-- The rows of a finite frame are finite. -/
theorem finite_rows {matrix m n : Nat} (h : Finite (frameVec matrix (m * n))) (i : Fin m) :
    Finite (frameMatrix matrix m n i) := fun j => by
  have lt : i.val * n + j.val < m * n := by
    have := Nat.mul_le_mul_right n (Nat.succ_le_of_lt i.isLt)
    rw [Nat.succ_mul] at this
    omega
  exact h ⟨i.val * n + j.val, lt⟩

end LeanPythonBridge.Float64
