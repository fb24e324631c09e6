module

public import LeanPythonBridge.Certificate.Arguments
public import LeanPythonBridge.Certificate.LinearProgramCheck
public import LeanPythonBridge.Certificate.Operation

/-!
# `linear_program`: the least cost within bounds, or why there is none

The question has the arrays `matrix`, of shape `[m, n]`, and `cost`, and may have `row_lower`, `row_upper`, `lower` and
`upper`: doubles, of which those that are infinite bound nothing, as where an array is missing. The answer's `status` is
`optimal`, `infeasible` or `unbounded`. The certificate is a feasible `point`, `multipliers` of the rows and a `direction`:
arrays of integers of as many words of 64 bits as the last dimension says, in two's complement, a denominator the last one.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.LinearProgramOperation

open Float64 LinearProgram

/-! ## What it means -/

/-- The pattern of -∞. -/
def negativeInfinity : Nat := 0xfff0000000000000

/-- Numbers are finite, and so are bounds, or infinite on the side where that bounds nothing. -/
structure WellFormed (F : Frames) (m n : Nat) : Prop where
  /-- The costs are finite. -/
  cost : Finite (frameVec F.cost n)
  /-- The coefficients are finite. -/
  matrix : ∀ i, Finite (frameMatrix F.matrix m n i)
  /-- The lower bounds of rows are finite or -∞. -/
  rowLower : ∀ i : Fin m, isFinite (element F.rowLower i) = true ∨ element F.rowLower i = negativeInfinity
  /-- The upper bounds of rows are finite or +∞. -/
  rowUpper : ∀ i : Fin m, isFinite (element F.rowUpper i) = true ∨ element F.rowUpper i = infinity
  /-- The lower bounds of variables are finite or -∞. -/
  lower : ∀ j : Fin n, isFinite (element F.lower j) = true ∨ element F.lower j = negativeInfinity
  /-- The upper bounds of variables are finite or +∞. -/
  upper : ∀ j : Fin n, isFinite (element F.upper j) = true ∨ element F.upper j = infinity

/-- The least cost is within the gap of the objective, and a feasible point that is no further than the distance from the
solution, in any variable, costs no more than that. -/
structure Optimal {m n : Nat} (P : Program m n) (solution : Vec n Rat) (objective distance gap : Rat) : Prop where
  /-- The feasible point. -/
  point : ∃ p, P.Feasible p ∧ (∀ j, abs (solution j - p j) ≤ distance) ∧ dot P.cost p ≤ objective + gap
  /-- Nothing feasible costs less. -/
  bound : ∀ x, P.Feasible x → objective - gap ≤ dot P.cost x

/-- Bounds of a question; where they are missing, each is the one that bounds nothing. -/
def bounds? (q : Question) (name : String) (count nothing : Nat) : Option Nat :=
  match q.array? name with
  | none => some (Nat.mul (ones 64 count) nothing)
  | some a => if a.isVector count then some a.packed else none

/-- The linear program of a question: its frames, rows and columns. -/
def frames? (q : Question) : Option (Frames × Nat × Nat) :=
  match q.array? "matrix", q.array? "cost" with
  | some matrix, some cost =>
    match matrix.shape with
    | [m, n] =>
      if matrix.isMatrix m n && cost.isVector n then
        match bounds? q "row_lower" m negativeInfinity, bounds? q "row_upper" m infinity,
          bounds? q "lower" n negativeInfinity, bounds? q "upper" n infinity with
        | some rowLower, some rowUpper, some lower, some upper =>
          some (⟨cost.packed, matrix.packed, rowLower, rowUpper, lower, upper⟩, m, n)
        | _, _, _, _ => none
      else none
    | _ => none
  | _, _ => none

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

/-- The status of an answer is this one. -/
def HasStatus (a : Answer) (status : String) : Prop := Value.find? "status" a.result = some (.string status)

/-- What a certified answer means, of the exact values of the program's doubles: the optimum is one; or no point is
feasible; or points are feasible, and they cost as little as one likes. -/
def Meaning (q : Question) (a : Answer) : Prop :=
  ∃ F m n, frames? q = some (F, m, n) ∧ WellFormed F m n ∧
    ((HasStatus a "optimal" ∧ ∃ optimum, optimum? a n = some optimum ∧
        Optimal (F.program m n) (valueVec (frameVec optimum.solution n)) (toRat optimum.objective.toNat)
          (toRat optimum.distance.toNat) (toRat optimum.gap.toNat)) ∨
      (HasStatus a "infeasible" ∧ ∀ x, ¬(F.program m n).Feasible x) ∨
      (HasStatus a "unbounded" ∧ (∃ x, (F.program m n).Feasible x) ∧
        ∀ number, ∃ x, (F.program m n).Feasible x ∧ dot (F.program m n).cost x < number))

/-! ## The test -/

/-- The most words of 64 bits that an integer of a certificate may have. -/
def mostWords : Nat := 65536

/-- An array of so many integers: how many words each has, and all of them in one number. -/
def integers? (a : Answer) (name : String) (count : Nat) : Option (Nat × Nat) :=
  match a.certificateArray? name with
  | some array =>
    match array.dtype, array.shape with
    | .u8, [k, words] =>
      if Nat.beq k count && Nat.ble 1 words && Nat.ble words mostWords then some (words, array.packed) else none
    | _, _ => none
  | none => none

/-- Whether a bound is finite, or the infinity that bounds nothing. -/
def isBoundAt (nothing x i : Nat) : Bool := finiteAt x i || Nat.beq (cut 64 x i) nothing

/-- Decides `WellFormed`. -/
def isWellFormed (F : Frames) (m n : Nat) : Bool :=
  Order.finite n F.cost && Order.finite (Nat.mul m n) F.matrix && allBelow (isBoundAt negativeInfinity F.rowLower) m &&
    allBelow (isBoundAt infinity F.rowUpper) m && allBelow (isBoundAt negativeInfinity F.lower) n &&
    allBelow (isBoundAt infinity F.upper) n

/-- The frames, evaluated. -/
def withValues {α : Type} (F : Frames) (f : Frames → α) : α :=
  withValue F.cost fun cost => withValue F.matrix fun matrix => withValue F.rowLower fun rowLower =>
    withValue F.rowUpper fun rowUpper => withValue F.lower fun lower => withValue F.upper fun upper =>
      f ⟨cost, matrix, rowLower, rowUpper, lower, upper⟩

/-- A test of the integers of an array, and of the last one apart, which must be positive. -/
def withPoint (a : Answer) (name : String) (count : Nat) (test : Int → (Nat → Int) → Bool) : Bool :=
  match integers? a name (Nat.succ count) with
  | some (words, x) => withValue x fun x => withInt (integerAt words x count) fun d =>
      isNonneg (subInt d 1) && test d (integerAt words x)
  | none => false

/-- The test that the solution is no further from a point than the distance, in any variable. -/
def isNear (n solution distance : Nat) (d : Int) (p : Nat → Int) : Bool :=
  withInt (doubleAt distance 0) fun distance =>
    allBelow (fun j => withInt (mulInt (p j) (Int.ofNat scale)) fun p => withInt (doubleAt solution j) fun x =>
      isNonneg (subInt (mulInt (addInt x distance) d) p) && isNonneg (subInt p (mulInt (subInt x distance) d))) n

/-- The test of a point and of multipliers. -/
def isOptimum (F : Frames) (m n : Nat) (optimum : Optimum) (a : Answer) : Bool :=
  isFinite optimum.objective.toNat && isFinite optimum.distance.toNat && isFinite optimum.gap.toNat &&
    withValue optimum.solution fun solution => Order.finite n solution &&
      withInt (doubleAt optimum.objective.toNat 0) fun v => withInt (doubleAt optimum.gap.toNat 0) fun gap =>
        (withPoint a "point" n fun d p => isPoint F m n d p && isNear n solution optimum.distance.toNat d p &&
          isNonneg (subInt (mulInt (addInt v gap) d) (costSum F n p))) &&
        withPoint a "multipliers" m fun e y =>
          match boundOf F m n (doubleAt F.cost) y e with
          | some t => isNonneg (subInt t (mulInt (mulInt (subInt v gap) (Int.ofNat scale)) e))
          | none => false

/-- The test that the multipliers bound zero by more than zero. -/
def isInfeasible (F : Frames) (m n : Nat) (a : Answer) : Bool :=
  withPoint a "multipliers" m fun e y =>
    match boundOf F m n (fun _ => 0) y e with
    | some t => isNonneg (subInt t 1)
    | none => false

/-- The test of a point and a direction. -/
def isUnbounded (F : Frames) (m n : Nat) (a : Answer) : Bool :=
  (withPoint a "point" n fun d p => isPoint F m n d p) &&
    withPoint a "direction" n fun _ r => recedes F m n r && isNonneg (subInt (Int.negSucc 0) (costSum F n r))

/-- Whether the certificate of an answer holds. -/
def check (q : Question) (a : Answer) : Bool :=
  match frames? q, Value.find? "status" a.result with
  | some (F, m, n), some (.string status) => a.isKind "linear_program_proof" && withValues F fun F => isWellFormed F m n &&
      if status == "optimal" then
        match optimum? a n with
        | some optimum => isOptimum F m n optimum a
        | none => false
      else if status == "infeasible" then isInfeasible F m n a
      else status == "unbounded" && isUnbounded F m n a
  | _, _ => false

/-! ## Soundness -/

variable {F : Frames} {m n : Nat} {a : Answer}

private theorem withValues_eq {α : Type} (F : Frames) (f : Frames → α) : withValues F f = f F := by
  simp only [withValues, withValue_eq]

private theorem isBoundAt_sound {nothing x i : Nat} (h : isBoundAt nothing x i = true) :
    isFinite (element x i) = true ∨ element x i = nothing := by
  rw [isBoundAt, Bool.or_eq_true, finiteAt_eq, cut_eq_element] at h
  exact h.imp_right Nat.eq_of_beq_eq_true

theorem isWellFormed_sound (h : isWellFormed F m n = true) : WellFormed F m n := by
  simp only [isWellFormed, Bool.and_eq_true, allBelow_iff] at h
  obtain ⟨⟨⟨⟨⟨cost, matrix⟩, rowLower⟩, rowUpper⟩, lower⟩, upper⟩ := h
  refine ⟨fun j => Order.finite_sound cost j j.isLt, fun i j => ?_, fun i => isBoundAt_sound (rowLower i i.isLt),
    fun i => isBoundAt_sound (rowUpper i i.isLt), fun j => isBoundAt_sound (lower j j.isLt),
    fun j => isBoundAt_sound (upper j j.isLt)⟩
  have := Nat.mul_le_mul_right n (Nat.succ_le_of_lt i.isLt)
  rw [Nat.succ_mul] at this
  exact Order.finite_sound matrix _ (show i.val * n + j.val < m * n by omega)

private theorem withPoint_sound {name : String} {count : Nat} {test : Int → (Nat → Int) → Bool}
    (h : withPoint a name count test = true) : ∃ d p, 0 < d ∧ test d p = true := by
  unfold withPoint at h
  split at h
  · simp only [withValue_eq, withInt_eq, subInt_eq, Bool.and_eq_true, isNonneg_iff] at h
    exact ⟨_, _, by omega, h.2⟩
  · contradiction

private theorem element_toNat (bits : UInt64) : element bits.toNat 0 = bits.toNat := by
  rw [element, Nat.mul_zero, Nat.pow_zero, Nat.div_one, Nat.mod_eq_of_lt bits.toNat_lt]

private theorem cast_pos {d : Int} (hd : 0 < d) : (0 : Rat) < d := by
  have : ((0 : Int) : Rat) < (d : Rat) := Rat.intCast_lt_intCast.2 hd
  exact this

private theorem ofScaled_mul' (x c : Int) : ofScaled (x * c) = ofScaled x * c := by
  rw [Int.mul_comm, ofScaled_mul, Rat.mul_comm]

private theorem div_le {a b c : Rat} (hc : 0 < c) (h : a ≤ b * c) : a / c ≤ b := by
  refine Rat.not_lt.1 fun lt => ?_
  have := Rat.mul_lt_mul_of_pos_right lt hc
  have e : a / c * c = a := by grind
  grind

private theorem le_div {a b c : Rat} (hc : 0 < c) (h : a * c ≤ b) : a ≤ b / c := by
  refine Rat.not_lt.1 fun lt => ?_
  have := Rat.mul_lt_mul_of_pos_right lt hc
  have e : b / c * c = b := by grind
  grind

private theorem isNear_sound {solution : Nat} {distance : UInt64} {d : Int} {p : Nat → Int} (hd : 0 < d)
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
    refine div_le pos ?_
    rw [e, ← ofScaled_mul', ofScaled_le]
    exact h₁
  have down : toRat (element solution j) - toRat distance.toNat ≤ (p j : Rat) / d := by
    rw [toRat_eq_ofScaled, toRat_eq_ofScaled, ← ofScaled_sub]
    refine le_div pos ?_
    rw [e, ← ofScaled_mul', ofScaled_le]
    exact h₂
  rw [abs_le_iff]
  show -toRat distance.toNat ≤ toRat (element solution j) - _ ∧ toRat (element solution j) - _ ≤ toRat distance.toNat
  constructor <;> grind

private theorem isOptimum_sound {optimum : Optimum} (well : WellFormed F m n) (h : isOptimum F m n optimum a = true) :
    Optimal (F.program m n) (valueVec (frameVec optimum.solution n)) (toRat optimum.objective.toNat)
      (toRat optimum.distance.toNat) (toRat optimum.gap.toNat) := by
  simp only [isOptimum, Bool.and_eq_true, withValue_eq, withInt_eq] at h
  obtain ⟨⟨⟨objective, distance⟩, gap⟩, solution, point, multipliers⟩ := h
  have e₁ : doubleAt optimum.objective.toNat 0 = scaled optimum.objective.toNat := by
    rw [doubleAt_eq (by rw [element_toNat]; exact objective), element_toNat]
  have e₂ : doubleAt optimum.gap.toNat 0 = scaled optimum.gap.toNat := by
    rw [doubleAt_eq (by rw [element_toNat]; exact gap), element_toNat]
  have matrix : ∀ i < m, ∀ j < n, isFinite (element F.matrix (i * n + j)) = true := fun i hi j hj =>
    well.matrix ⟨i, hi⟩ ⟨j, hj⟩
  have cost : ∀ j < n, isFinite (element F.cost j) = true := fun j hj => well.cost ⟨j, hj⟩
  constructor
  · obtain ⟨d, p, hd, test⟩ := withPoint_sound point
    simp only [addInt_eq, subInt_eq, mulInt_eq, Bool.and_eq_true, isNonneg_iff] at test
    obtain ⟨⟨feasible, near⟩, least⟩ := test
    rw [e₁, e₂] at least
    have least : costSum F n p ≤ (scaled optimum.objective.toNat + scaled optimum.gap.toNat) * d := Int.sub_nonneg.1 least
    refine ⟨_, isPoint_sound matrix hd feasible, isNear_sound hd distance solution near, ?_⟩
    rw [costSum_div_eq cost]
    refine div_le (cast_pos hd) ?_
    rw [toRat_eq_ofScaled, toRat_eq_ofScaled, ← ofScaled_add, ← ofScaled_mul', ofScaled_le]
    exact least
  · obtain ⟨e, y, he, test⟩ := withPoint_sound multipliers
    intro x feasible
    split at test
    case h_2 => exact Bool.noConfusion test
    case h_1 t bound =>
      rw [isNonneg_iff, e₁, e₂, subInt_eq, subInt_eq, mulInt_eq, mulInt_eq] at test
      have test : (scaled optimum.objective.toNat - scaled optimum.gap.toNat) * scale * e ≤ t := Int.sub_nonneg.1 test
      have costs : (fun j : Fin n => ofScaled (doubleAt F.cost j)) = (F.program m n).cost := by
        funext j
        rw [doubleAt_eq (cost j j.isLt)]
        rfl
      have le := boundOf_sound matrix he bound feasible
      rw [costs] at le
      refine Rat.le_trans ?_ le
      rw [toRat_eq_ofScaled, toRat_eq_ofScaled, ← ofScaled_sub, ← ofScaledSquare_mul_scale]
      refine le_div (cast_pos he) ?_
      have := ofScaledSquare_le.2 test
      have factor : ∀ x c : Int, ofScaledSquare (x * c) = ofScaledSquare x * c := fun x c => by
        show ofScaled (x * c) / (scale : Rat) = ofScaled x / (scale : Rat) * c
        rw [ofScaled_mul']
        grind
      rwa [factor] at this

private theorem isInfeasible_sound (well : WellFormed F m n) (h : isInfeasible F m n a = true) (x : Vec n Rat) :
    ¬(F.program m n).Feasible x := by
  obtain ⟨e, y, he, test⟩ := withPoint_sound h
  intro feasible
  split at test
  case h_2 => exact Bool.noConfusion test
  case h_1 t bound =>
    rw [isNonneg_iff, subInt_eq] at test
    have test : 0 < t := by omega
    have le := boundOf_sound (fun i hi j hj => well.matrix ⟨i, hi⟩ ⟨j, hj⟩) he bound feasible
    have zero : dot (fun _ : Fin n => ofScaled 0) x = 0 := by
      rw [dot]
      show (vecSum fun j => ofScaled 0 * x j) = 0
      rw [vecSum_mul_left, ofScaled_zero, Rat.zero_mul]
    rw [zero] at le
    have pos := ofScaledSquare_pos.2 test
    have := cast_pos he
    have : ofScaledSquare t / e * e = ofScaledSquare t := by grind
    have := Rat.mul_le_mul_of_nonneg_right le (Rat.le_of_lt (cast_pos he))
    grind

private theorem isUnbounded_sound (well : WellFormed F m n) (h : isUnbounded F m n a = true) :
    (∃ x, (F.program m n).Feasible x) ∧
      ∀ number, ∃ x, (F.program m n).Feasible x ∧ dot (F.program m n).cost x < number := by
  rw [isUnbounded, Bool.and_eq_true] at h
  have matrix : ∀ i < m, ∀ j < n, isFinite (element F.matrix (i * n + j)) = true := fun i hi j hj =>
    well.matrix ⟨i, hi⟩ ⟨j, hj⟩
  obtain ⟨d, p, hd, point⟩ := withPoint_sound h.1
  obtain ⟨_, r, _, test⟩ := withPoint_sound h.2
  rw [Bool.and_eq_true, isNonneg_iff, subInt_eq] at test
  have falls : costSum F n r < 0 := by have := test.2; omega
  have feasible := isPoint_sound matrix hd point
  refine ⟨⟨_, feasible⟩, Program.exists_below feasible (recedes_sound matrix test.1) ?_⟩
  rw [costSum_eq fun j hj => well.cost ⟨j, hj⟩, ← ofScaled_zero, ofScaled_lt]
  exact falls

theorem check_sound {q : Question} (h : check q a = true) : Meaning q a := by
  unfold check at h
  split at h
  case h_2 => exact Bool.noConfusion h
  case h_1 F m n status asked stated =>
    simp only [Bool.and_eq_true, withValues_eq] at h
    obtain ⟨-, well, h⟩ := h
    have well := isWellFormed_sound well
    refine ⟨F, m, n, asked, well, ?_⟩
    split at h
    · rename_i optimal
      split at h
      · rename_i optimum given
        refine .inl ⟨?_, optimum, given, isOptimum_sound well h⟩
        rw [HasStatus, stated, eq_of_beq optimal]
      · exact Bool.noConfusion h
    · split at h
      · rename_i infeasible
        refine .inr (.inl ⟨?_, isInfeasible_sound well h⟩)
        rw [HasStatus, stated, eq_of_beq infeasible]
      · rw [Bool.and_eq_true] at h
        refine .inr (.inr ⟨?_, isUnbounded_sound well h.2⟩)
        rw [HasStatus, stated, eq_of_beq h.1]

/-- The least cost within bounds. -/
def operation : CertifiedOperation where
  name := "linear_program"
  check := check
  Meaning := Meaning
  sound := check_sound

end LeanPythonBridge.Certificate.LinearProgramOperation
