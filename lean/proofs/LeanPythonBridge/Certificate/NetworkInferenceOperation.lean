module

public import LeanPythonBridge.Certificate.NetworkReading

/-!
# `network_inference`: what a network gives, and how exact that is

The question has the layers of a network (`NetworkReading`), with rectifiers between them, and the array `input`; the answer
has the array `output`. The certificate has a box around the inputs of every layer (`NetworkBounds`), which is as narrow as
rounding errors are, and the double `bound`.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.NetworkInferenceOperation

open Float64 NetworkBounds

/-- The output of an answer, and nothing else. -/
def output? (a : Answer) : Option NamedArray :=
  match a.result, a.arrays with
  | [], [output] => if output.name == "output" then some output else none
  | _, _ => none

/-- What a certified output means: every entry is within `bound` of what the network gives, computed exactly with the values
of these doubles. -/
def Meaning (q : Question) (a : Answer) : Prop :=
  ∃ n l ls input output bound, q.array? "input" = some input ∧ input.IsVector n ∧ Finite (frameVec input.packed n) ∧
    layers? NamedArray.packed q n = some (l, ls) ∧ output? a = some output ∧ output.IsVector (outputs l ls) ∧
    Value.find? "bound" a.certificate = some (.float bound) ∧
    ∀ i : Fin (outputs l ls),
      abs (toRat (element output.packed i) - (network n l ls).eval (valueVec (frameVec input.packed n)) i) ≤
        toRat bound.toNat

/-- The test that an output that lies between two numbers is within the bound of the stated one. -/
def isNear (output bound i : Nat) (lowest highest : Int) : Bool :=
  finiteAt output i && withInt (doubleAt output i) fun stated => withInt (doubleAt bound 0) fun bound =>
    isNonneg (subInt lowest (subInt stated bound)) && isNonneg (subInt (addInt stated bound) highest)

/-- The number of outputs of a network of `n` inputs, when the question has one. -/
def outputs? (q : Question) (n : Nat) : Option Nat :=
  match layers? joined q n with
  | some (l, ls) => some (outputs l ls)
  | none => none

/-- Whether the certificate of an answer holds. -/
def check (q : Question) (a : Answer) : Bool :=
  match q.array? "input", output? a, Value.double? "bound" a.certificate with
  | some input, some output, some bound =>
    match outputs? q input.rowCount with
    | some m => a.isKind "layer_boxes" && isFinite bound.toNat && input.isVector input.rowCount && output.isVector m &&
        withValue (joined input) fun x => withValue (joined output) fun y =>
          checkAll q a input.rowCount x x (isNear y bound.toNat)
    | none => false
  | _, _, _ => false

theorem check_sound {q : Question} {a : Answer} (h : check q a = true) : Meaning q a := by
  unfold check at h
  split at h
  case h_2 => contradiction
  case h_1 input output bound asked given stated =>
    split at h
    case h_2 => contradiction
    case h_1 m counted =>
      simp only [Bool.and_eq_true, withValue_eq] at h
      obtain ⟨⟨⟨⟨-, finiteBound⟩, vector⟩, vector'⟩, all⟩ := h
      obtain ⟨finite, -, l, ls, layers, sound⟩ := checkAll_sound all
      rw [outputs?, joined_eq, layers] at counted
      have counted : outputs l ls = m := Option.some.inj counted
      rw [joined_eq] at finite sound
      refine ⟨input.rowCount, l, ls, input, output, bound, asked, NamedArray.isVector_sound vector,
        fun j => finite j j.isLt, layers, given, by rw [counted]; exact NamedArray.isVector_sound vector',
        Value.find?_of_double? stated, fun i => ?_⟩
      obtain ⟨lowest, highest, tested, above, below⟩ := sound (valueVec (frameVec input.packed input.rowCount)) (fun j =>
        ⟨Rat.le_refl, Rat.le_refl⟩) i
      have e : element bound.toNat 0 = bound.toNat := by
        rw [element, Nat.mul_zero, Nat.pow_zero, Nat.div_one, Nat.mod_eq_of_lt bound.toNat_lt]
      simp only [isNear, addInt_eq, subInt_eq, Bool.and_eq_true, finiteAt_eq, withInt_eq, isNonneg_iff] at tested
      obtain ⟨e', le, le'⟩ := tested
      rw [doubleAt_eq e', doubleAt_eq (by rw [e]; exact finiteBound), e] at le le'
      have le := ofScaled_le.2 (Int.sub_nonneg.1 le)
      have le' := ofScaled_le.2 (Int.sub_nonneg.1 le')
      rw [ofScaled_sub] at le
      rw [ofScaled_add] at le'
      rw [abs_le_iff, toRat_eq_ofScaled, toRat_eq_ofScaled]
      constructor <;> grind

/-- What a network gives. -/
def operation : CertifiedOperation where
  name := "network_inference"
  check := check
  Meaning := Meaning
  sound := check_sound

end LeanPythonBridge.Certificate.NetworkInferenceOperation
