module

public import LeanPythonBridge.Certificate.Arguments
public import LeanPythonBridge.Certificate.LinearProgramReading
public import LeanPythonBridge.Certificate.Operation

/-!
# `linear_program`: the least cost within bounds, or why there is none

The question has the arrays `cost` and `matrix`, of shape `[m, n]`, or in its place `matrix_data`, `matrix_indices` and
`matrix_indptr`, a sparse matrix, and may have `row_lower`, `row_upper`, `lower` and `upper`: doubles, of which those that are infinite bound nothing, as where an array is missing. The answer's `status` is
`optimal`, `infeasible` or `unbounded`. The certificate is a feasible `point`, `multipliers` of the rows and a `direction`:
arrays of integers of as many words of 64 bits as the last dimension says, in two's complement, a denominator the last one.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.LinearProgramOperation

open Float64 LinearProgram

/-! ## What it means -/

/-- The status of an answer is this one. -/
def HasStatus (a : Answer) (status : String) : Prop := Value.find? "status" a.result = some (.string status)

/-- What a certified answer means, of the exact values of the program's doubles: the optimum is one; or no point is
feasible; or points are feasible, and they cost as little as one likes. -/
def Meaning (q : Question) (a : Answer) : Prop :=
  ∃ F m n, frames? q = some (F, m, n) ∧ WellFormed F m n ∧
    ((HasStatus a "optimal" ∧ ∃ optimum, optimum? a n = some optimum ∧
        Optimal (F.program m n) (dot (F.program m n).cost) (valueVec (frameVec optimum.solution n))
          (toRat optimum.objective.toNat) (toRat optimum.distance.toNat) (toRat optimum.gap.toNat)) ∨
      (HasStatus a "infeasible" ∧ ∀ x, ¬(F.program m n).Feasible x) ∨
      (HasStatus a "unbounded" ∧ (∃ x, (F.program m n).Feasible x) ∧
        ∀ number, ∃ x, (F.program m n).Feasible x ∧ dot (F.program m n).cost x < number))

/-! ## The test -/

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
  | some (F, m, n), some (.string status) => a.isKind "linear_program_proof" && F.withValues fun F => isWellFormed F m n &&
      if status == "optimal" then
        match optimum? a n with
        | some optimum => isOptimum F m n optimum a
        | none => false
      else if status == "infeasible" then isInfeasible F m n a
      else status == "unbounded" && isUnbounded F m n a
  | _, _ => false

/-! ## Soundness -/

variable {F : Frames} {m n : Nat} {a : Answer}

private theorem isOptimum_sound {optimum : Optimum} (well : WellFormed F m n) (h : isOptimum F m n optimum a = true) :
    Optimal (F.program m n) (dot (F.program m n).cost) (valueVec (frameVec optimum.solution n))
      (toRat optimum.objective.toNat) (toRat optimum.distance.toNat) (toRat optimum.gap.toNat) := by
  simp only [isOptimum, Bool.and_eq_true, withValue_eq, withInt_eq] at h
  obtain ⟨⟨⟨objective, distance⟩, gap⟩, solution, point, multipliers⟩ := h
  have e₁ : doubleAt optimum.objective.toNat 0 = scaled optimum.objective.toNat := by
    rw [doubleAt_eq (by rw [element_toNat]; exact objective), element_toNat]
  have e₂ : doubleAt optimum.gap.toNat 0 = scaled optimum.gap.toNat := by
    rw [doubleAt_eq (by rw [element_toNat]; exact gap), element_toNat]
  have matrix := well.matrix
  have cost : ∀ j < n, isFinite (element F.cost j) = true := fun j hj => well.cost ⟨j, hj⟩
  constructor
  · obtain ⟨d, p, hd, test⟩ := withPoint_sound point
    simp only [addInt_eq, subInt_eq, mulInt_eq, Bool.and_eq_true, isNonneg_iff] at test
    obtain ⟨⟨feasible, near⟩, least⟩ := test
    rw [e₁, e₂] at least
    have least : costSum F n p ≤ (scaled optimum.objective.toNat + scaled optimum.gap.toNat) * d := Int.sub_nonneg.1 least
    refine ⟨_, isPoint_sound matrix hd feasible, isNear_sound hd distance solution near, ?_⟩
    rw [costSum_div_eq cost]
    refine div_le_of_le_mul (cast_pos hd) ?_
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
      refine le_div_of_mul_le (cast_pos he) ?_
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
    have le := boundOf_sound well.matrix he bound feasible
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
  have matrix := well.matrix
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
    simp only [Bool.and_eq_true, Frames.withValues_eq] at h
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
