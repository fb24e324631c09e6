module

public import LeanPythonBridge.Float64.Vectors
public import MatrixProps

/-!
# Linear programs

Minimise `c · x`, where every row of `A x` and every entry of `x` lies between two bounds. Bounds are doubles: those that
are not finite bound nothing, and two that are the same make an equation. Multipliers of the rows bound the minimum from
below (`lowerBound_le`), whatever they are; a direction in which nothing is bounded and the cost falls has no minimum
(`exists_below`).
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.LinearProgram

open Float64

variable {m n : Nat}

/-- A linear program. The bounds are the bits of doubles. -/
structure Program (m n : Nat) where
  /-- What a unit of each variable costs. -/
  cost : Vec n Rat
  /-- The coefficients of the rows. -/
  matrix : Matrix m n Rat
  /-- The least that each row may be. -/
  rowLower : Vec m Nat
  /-- The most that each row may be. -/
  rowUpper : Vec m Nat
  /-- The least that each variable may be. -/
  lower : Vec n Nat
  /-- The most that each variable may be. -/
  upper : Vec n Nat

/-- A number is not less than a bound, when this is finite. -/
def AtLeast (bound : Nat) (q : Rat) : Prop := isFinite bound = true → toRat bound ≤ q

/-- A number is not more than a bound, when this is finite. -/
def AtMost (bound : Nat) (q : Rat) : Prop := isFinite bound = true → q ≤ toRat bound

/-- What is not less than the one bound and not more than the other. -/
def Between (low high : Nat) (q : Rat) : Prop := AtLeast low q ∧ AtMost high q

namespace Program

/-- Whether variables keep within all bounds. -/
structure Feasible (P : Program m n) (x : Vec n Rat) : Prop where
  /-- The rows do. -/
  rows : ∀ i, Between (P.rowLower i) (P.rowUpper i) (P.matrix.mulVec x i)
  /-- The variables do. -/
  variables : ∀ j, Between (P.lower j) (P.upper j) (x j)

/-- A direction in which nothing is bounded: wherever a bound is finite, it leads away from it, or along it. -/
structure Recedes (P : Program m n) (r : Vec n Rat) : Prop where
  /-- From the lower bounds of rows. -/
  rowLower : ∀ i, isFinite (P.rowLower i) = true → 0 ≤ P.matrix.mulVec r i
  /-- From the upper bounds of rows. -/
  rowUpper : ∀ i, isFinite (P.rowUpper i) = true → P.matrix.mulVec r i ≤ 0
  /-- From the lower bounds of variables. -/
  lower : ∀ j, isFinite (P.lower j) = true → 0 ≤ r j
  /-- From the upper bounds of variables. -/
  upper : ∀ j, isFinite (P.upper j) = true → r j ≤ 0

/-- Multipliers `y` of the rows bound a cost from below: `row i` is the least that `yᵢ` times row `i` can be within its
bounds, and `column j` the least of `(c - Aᵀ y)ⱼ xⱼ`. -/
theorem lowerBound_le {P : Program m n} {cost : Vec n Rat} {x : Vec n Rat} (y row : Vec m Rat) (column : Vec n Rat)
    (rows : ∀ i s, Between (P.rowLower i) (P.rowUpper i) s → row i ≤ y i * s)
    (variables : ∀ j t, Between (P.lower j) (P.upper j) t → column j ≤ (cost j - P.matrix.transpose.mulVec y j) * t)
    (feasible : P.Feasible x) : vecSum row + vecSum column ≤ dot cost x := by
  have split : dot cost x = dot y (P.matrix.mulVec x) +
      vecSum fun j => (cost j - P.matrix.transpose.mulVec y j) * x j := by
    rw [dot_mulVec, dot, dot, ← vecSum_add]
    congr; funext j; grind
  have h₁ : vecSum row ≤ dot y (P.matrix.mulVec x) := vecSum_mono fun i => rows i _ (feasible.rows i)
  have h₂ := vecSum_mono fun j => variables j _ (feasible.variables j)
  rw [split]
  grind

/-- Far enough in a direction in which nothing is bounded, the cost is less than any number. -/
theorem exists_below {P : Program m n} {p r : Vec n Rat} (feasible : P.Feasible p) (recedes : P.Recedes r)
    (falls : dot P.cost r < 0) (number : Rat) : ∃ x, P.Feasible x ∧ dot P.cost x < number := by
  have step : ∀ (t : Rat) (c : Vec n Rat), dot c (fun j => p j + t * r j) = dot c p + t * dot c r := fun t c => by
    rw [dot, dot, dot, ← vecSum_mul_left, ← vecSum_add]
    congr; funext j; grind
  have inside : ∀ t : Rat, 0 ≤ t → P.Feasible fun j => p j + t * r j := fun t ht => by
    refine ⟨fun i => ⟨fun h => ?_, fun h => ?_⟩, fun j => ⟨fun h => ?_, fun h => ?_⟩⟩
    · have := (feasible.rows i).1 h
      have := Rat.mul_nonneg ht (recedes.rowLower i h)
      have e : P.matrix.mulVec (fun j => p j + t * r j) i = P.matrix.mulVec p i + t * P.matrix.mulVec r i := step t _
      grind
    · have := (feasible.rows i).2 h
      have := Rat.mul_nonneg ht (show 0 ≤ -P.matrix.mulVec r i by have := recedes.rowUpper i h; grind)
      have e : P.matrix.mulVec (fun j => p j + t * r j) i = P.matrix.mulVec p i + t * P.matrix.mulVec r i := step t _
      grind
    · have := (feasible.variables j).1 h
      have := Rat.mul_nonneg ht (recedes.lower j h)
      grind
    · have := (feasible.variables j).2 h
      have := Rat.mul_nonneg ht (show 0 ≤ -r j by have := recedes.upper j h; grind)
      grind
  by_cases below : dot P.cost p < number
  · exact ⟨p, feasible, below⟩
  · have hd : 0 < -dot P.cost r := by grind
    have ht : 0 ≤ (dot P.cost p - number + 1) / (-dot P.cost r) := by
      have e : (dot P.cost p - number + 1) / (-dot P.cost r) * (-dot P.cost r) = dot P.cost p - number + 1 := by grind
      refine Rat.not_lt.1 fun lt => ?_
      have := Rat.mul_lt_mul_of_pos_right lt hd
      grind
    refine ⟨_, inside _ ht, ?_⟩
    rw [step]
    have : (dot P.cost p - number + 1) / (-dot P.cost r) * dot P.cost r = -(dot P.cost p - number + 1) := by grind
    grind

end Program
end LeanPythonBridge.Certificate.LinearProgram
