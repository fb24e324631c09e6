module

public import LeanPythonBridge.Float64.Vectors
public import MatrixProps

/-!
# Feed-forward networks with rectifiers

`Network n m` takes `n` numbers to `m`: affine maps, and after each but the last the rectifier `max(0, x)` of every entry.
An affine map takes a box to what `abs_affine_sub_le` says.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate

universe u

variable {n h m : Nat}

/-- `W x + b`. -/
def affine (W : Matrix m n Rat) (b : Vec m Rat) (x : Vec n Rat) : Vec m Rat := fun i => W.mulVec x i + b i

/-- `max(0, x)`. -/
def relu (x : Rat) : Rat := if 0 ≤ x then x else 0

/-- A feed-forward network of `n` inputs and `m` outputs. -/
inductive Network : Nat → Nat → Type
  /-- The last layer: an affine map. -/
  | output {n m : Nat} (W : Matrix m n Rat) (b : Vec m Rat) : Network n m
  /-- A layer of rectified neurons, and the network that takes what they give. -/
  | hidden {n h m : Nat} (W : Matrix h n Rat) (b : Vec h Rat) (next : Network h m) : Network n m

/-- What a network gives, exactly. -/
def Network.eval {n m : Nat} : Network n m → Vec n Rat → Vec m Rat
  | .output W b, x => affine W b x
  | .hidden W b next, x => next.eval fun i => relu (affine W b x i)

/-- Every entry is within its radius of the centre. -/
def InBox (centre radius x : Vec n Rat) : Prop := ∀ j, abs (x j - centre j) ≤ radius j

/-- How far a dot product is from that of the centre. -/
theorem abs_dot_sub_le {w centre radius x : Vec n Rat} (box : InBox centre radius x) :
    abs (dot w x - dot w centre) ≤ vecSum fun j => abs (w j) * radius j := by
  have e : dot w x - dot w centre = vecSum fun j => w j * (x j - centre j) := by
    rw [dot, dot, ← vecSum_sub]
    congr; funext j; grind
  rw [e]
  refine Rat.le_trans (abs_vecSum_le _) (vecSum_mono fun j => ?_)
  rw [abs_mul]
  exact Rat.mul_le_mul_of_nonneg_left (box j) (abs_nonneg _)

theorem relu_mono {x y : Rat} (h : x ≤ y) : relu x ≤ relu y := by
  unfold relu; split <;> split <;> grind

end LeanPythonBridge.Certificate
