module

public import LeanPythonBridge.Certificate.IntegerReading
public import LeanPythonBridge.Certificate.LinearProgramCheck

/-!
# Programs with linear bounds, as questions ask them and answers solve them

The question has the arrays `cost` and `matrix`, of shape `[m, n]`, or in its place `matrix_data`, `matrix_indices` and
`matrix_indptr`, a sparse matrix (`SparseMatrix`), and may have `row_lower`, `row_upper`, `lower` and `upper`: doubles, of which those that are infinite bound nothing, as where an array is missing. A `solution` is near a
feasible point, whose integers, like those of multipliers, have as many words of 64 bits as the last dimension of their array
says, in two's complement; a denominator is the last one.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.LinearProgram

open Float64

/-! ## What they mean -/

/-- The pattern of -∞. -/
def negativeInfinity : Nat := 0xfff0000000000000

/-- Numbers are finite, and so are bounds, or infinite on the side where that bounds nothing. -/
structure WellFormed (F : Frames) (m n : Nat) : Prop where
  /-- The costs are finite. -/
  cost : Finite (frameVec F.cost n)
  /-- The coefficients are finite, and those of a matrix of this shape. -/
  matrix : F.matrix.WellFormed m n
  /-- The lower bounds of rows are finite or -∞. -/
  rowLower : ∀ i : Fin m, isFinite (element F.rowLower i) = true ∨ element F.rowLower i = negativeInfinity
  /-- The upper bounds of rows are finite or +∞. -/
  rowUpper : ∀ i : Fin m, isFinite (element F.rowUpper i) = true ∨ element F.rowUpper i = infinity
  /-- The lower bounds of variables are finite or -∞. -/
  lower : ∀ j : Fin n, isFinite (element F.lower j) = true ∨ element F.lower j = negativeInfinity
  /-- The upper bounds of variables are finite or +∞. -/
  upper : ∀ j : Fin n, isFinite (element F.upper j) = true ∨ element F.upper j = infinity

/-- The least cost of what is feasible is within the gap of the objective, and a feasible point that is no further than the
distance from the solution, in any variable, costs no more than that. -/
structure Optimal {m n : Nat} (P : Program m n) (cost : Vec n Rat → Rat) (solution : Vec n Rat)
    (objective distance gap : Rat) : Prop where
  /-- The feasible point. -/
  point : ∃ p, P.Feasible p ∧ (∀ j, abs (solution j - p j) ≤ distance) ∧ cost p ≤ objective + gap
  /-- Nothing feasible costs less. -/
  bound : ∀ x, P.Feasible x → objective - gap ≤ cost x

/-- Bounds of a question; where they are missing, each is the one that bounds nothing. -/
def bounds? (q : Question) (name : String) (count nothing : Nat) : Option Nat :=
  match q.array? name with
  | none => some (Nat.mul (ones 64 count) nothing)
  | some a => if a.isVector count then some a.packed else none

/-- The coefficients of a question, for `n` columns, and how many rows they have: the array `matrix`, or `matrix_data`,
`matrix_indices` and `matrix_indptr`. -/
def coefficients? (q : Question) (n : Nat) : Option (Coefficients × Nat) :=
  match q.array? "matrix", q.array? "matrix_data", q.array? "matrix_indices", q.array? "matrix_indptr" with
  | some matrix, none, none, none =>
    if matrix.isMatrix matrix.rowCount n then some (.dense matrix.packed, matrix.rowCount) else none
  | none, some data, some indices, some starts =>
    if data.isVector data.rowCount && indices.isIndices [data.rowCount] &&
      starts.isIndices [Nat.succ (Nat.sub starts.rowCount 1)] then
      some (.sparse ⟨data.rowCount, data.packed, indices.packed, starts.packed⟩, Nat.sub starts.rowCount 1)
    else none
  | _, _, _, _ => none

/-- The linear program of a question: its frames, rows and columns. -/
def frames? (q : Question) : Option (Frames × Nat × Nat) :=
  match q.array? "cost" with
  | some cost =>
    match coefficients? q cost.rowCount with
    | some (matrix, m) =>
      if cost.isVector cost.rowCount then
        match bounds? q "row_lower" m negativeInfinity, bounds? q "row_upper" m infinity,
          bounds? q "lower" cost.rowCount negativeInfinity, bounds? q "upper" cost.rowCount infinity with
        | some rowLower, some rowUpper, some lower, some upper =>
          some (⟨cost.packed, matrix, rowLower, rowUpper, lower, upper⟩, m, cost.rowCount)
        | _, _, _, _ => none
      else none
    | none => none
  | none => none

/-- An optimum as an answer gives it: the solution's frame, the objective, the distance and the gap, as bits of doubles. -/
structure Optimum where
  /-- The solution. -/
  solution : Nat
  /-- Its cost. -/
  objective : UInt64
  /-- How far it may be from a feasible point. -/
  distance : UInt64
  /-- How far its cost may be from the least. -/
  gap : UInt64

/-- The optimum of an answer. -/
def optimum? (a : Answer) (n : Nat) : Option Optimum :=
  match a.array? "solution", Value.double? "objective" a.result, Value.double? "distance" a.certificate,
    Value.double? "gap" a.certificate with
  | some solution, some objective, some distance, some gap =>
    if solution.isVector n then some ⟨solution.packed, objective, distance, gap⟩ else none
  | _, _, _, _ => none

/-! ## The tests -/

/-- Whether a bound is finite, or the infinity that bounds nothing. -/
def isBoundAt (nothing x i : Nat) : Bool := finiteAt x i || Nat.beq (cut 64 x i) nothing

/-- Decides `WellFormed`. -/
def isWellFormed (F : Frames) (m n : Nat) : Bool :=
  Order.finite n F.cost && F.matrix.isWellFormed m n && allBelow (isBoundAt negativeInfinity F.rowLower) m &&
    allBelow (isBoundAt infinity F.rowUpper) m && allBelow (isBoundAt negativeInfinity F.lower) n &&
    allBelow (isBoundAt infinity F.upper) n

/-- The frames, evaluated. -/
def Frames.withValues {α : Type} (F : Frames) (f : Frames → α) : α :=
  withValue F.cost fun cost => F.matrix.withValues fun matrix => withValue F.rowLower fun rowLower =>
    withValue F.rowUpper fun rowUpper => withValue F.lower fun lower => withValue F.upper fun upper =>
      f ⟨cost, matrix, rowLower, rowUpper, lower, upper⟩

/-- The test that the solution is no further from a point than the distance, in any variable. -/
def isNear (n solution distance : Nat) (d : Int) (p : Nat → Int) : Bool :=
  withInt (doubleAt distance 0) fun distance =>
    allBelow (fun j => withInt (mulInt (p j) (Int.ofNat scale)) fun p => withInt (doubleAt solution j) fun x =>
      isNonneg (subInt (mulInt (addInt x distance) d) p) && isNonneg (subInt p (mulInt (subInt x distance) d))) n


/-! ## What they say -/

variable {F : Frames} {m n : Nat}

theorem Frames.withValues_eq {α : Type} (F : Frames) (f : Frames → α) : F.withValues f = f F := by
  simp only [Frames.withValues, withValue_eq, Coefficients.withValues_eq]

private theorem isBoundAt_sound {nothing x i : Nat} (h : isBoundAt nothing x i = true) :
    isFinite (element x i) = true ∨ element x i = nothing := by
  rw [isBoundAt, Bool.or_eq_true, finiteAt_eq, cut_eq_element] at h
  exact h.imp_right Nat.eq_of_beq_eq_true

theorem isWellFormed_sound (h : isWellFormed F m n = true) : WellFormed F m n := by
  simp only [isWellFormed, Bool.and_eq_true, allBelow_iff] at h
  obtain ⟨⟨⟨⟨⟨cost, matrix⟩, rowLower⟩, rowUpper⟩, lower⟩, upper⟩ := h
  exact ⟨fun j => Order.finite_sound cost j j.isLt, Coefficients.isWellFormed_sound matrix,
    fun i => isBoundAt_sound (rowLower i i.isLt), fun i => isBoundAt_sound (rowUpper i i.isLt),
    fun j => isBoundAt_sound (lower j j.isLt), fun j => isBoundAt_sound (upper j j.isLt)⟩

theorem element_toNat (bits : UInt64) : element bits.toNat 0 = bits.toNat := by
  rw [element, Nat.mul_zero, Nat.pow_zero, Nat.div_one, Nat.mod_eq_of_lt bits.toNat_lt]

theorem div_le_of_le_mul {a b c : Rat} (hc : 0 < c) (h : a ≤ b * c) : a / c ≤ b := by
  refine Rat.not_lt.1 fun lt => ?_
  have := Rat.mul_lt_mul_of_pos_right lt hc
  have e : a / c * c = a := by grind
  grind

theorem le_div_of_mul_le {a b c : Rat} (hc : 0 < c) (h : a * c ≤ b) : a ≤ b / c := by
  refine Rat.not_lt.1 fun lt => ?_
  have := Rat.mul_lt_mul_of_pos_right lt hc
  have e : b / c * c = b := by grind
  grind

theorem isNear_sound {solution : Nat} {distance : UInt64} {d : Int} {p : Nat → Int} (hd : 0 < d)
    (finite : isFinite distance.toNat = true) (solutions : Order.finite n solution = true)
    (h : isNear n solution distance.toNat d p = true) (j : Fin n) :
    abs (valueVec (frameVec solution n) j - (p j : Rat) / d) ≤ toRat distance.toNat := by
  have pos := cast_pos hd
  rw [isNear, withInt_eq, doubleAt_eq (by rw [element_toNat]; exact finite), element_toNat] at h
  simp only [allBelow_iff, withInt_eq, addInt_eq, subInt_eq, mulInt_eq, Bool.and_eq_true, isNonneg_iff] at h
  have h := h j j.isLt
  rw [doubleAt_eq (Order.finite_sound solutions j j.isLt)] at h
  obtain ⟨h₁, h₂⟩ : p j * scale ≤ (scaled (element solution j) + scaled distance.toNat) * d ∧
      (scaled (element solution j) - scaled distance.toNat) * d ≤ p j * scale :=
    ⟨Int.sub_nonneg.1 h.1, Int.sub_nonneg.1 h.2⟩
  have e : (p j : Rat) = ofScaled (p j * scale) := by
    rw [ofScaled_mul']; exact (ofScaled_mul_scale (p j)).symm
  have up : (p j : Rat) / d ≤ toRat (element solution j) + toRat distance.toNat := by
    rw [toRat_eq_ofScaled, toRat_eq_ofScaled, ← ofScaled_add]
    refine div_le_of_le_mul pos ?_
    rw [e, ← ofScaled_mul', ofScaled_le]
    exact h₁
  have down : toRat (element solution j) - toRat distance.toNat ≤ (p j : Rat) / d := by
    rw [toRat_eq_ofScaled, toRat_eq_ofScaled, ← ofScaled_sub]
    refine le_div_of_mul_le pos ?_
    rw [e, ← ofScaled_mul', ofScaled_le]
    exact h₂
  rw [abs_le_iff]
  show -toRat distance.toNat ≤ toRat (element solution j) - _ ∧ toRat (element solution j) - _ ≤ toRat distance.toNat
  constructor <;> grind

end LeanPythonBridge.Certificate.LinearProgram
