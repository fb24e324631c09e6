module

public import LeanPythonBridge.Certificate.NetworkReading

/-!
# `network_bounds`: where the outputs of a network can lie

The question has the layers of a network (`NetworkReading`), with rectifiers between them, and the arrays `lower` and
`upper`, which say where the inputs may lie; the answer has the arrays `output_lower` and `output_upper`. The certificate
is a box around the inputs of every layer (`NetworkBounds`).
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.NetworkBoundsOperation

open Float64 NetworkBounds

/-- The lower and the upper bounds of an answer's outputs, and nothing else. -/
def bounds? (a : Answer) : Option (NamedArray × NamedArray) :=
  match a.result, a.arrays with
  | [], [low, high] => if low.name == "output_lower" && high.name == "output_upper" then some (low, high) else none
  | _, _ => none

/-- What certified bounds mean, of the exact values of all doubles: for every input `x` between `lower` and `upper`, every
output of the network lies between `output_lower` and `output_upper`. -/
def Meaning (q : Question) (a : Answer) : Prop :=
  ∃ n l ls lower upper low high, q.array? "lower" = some lower ∧ lower.IsVector n ∧ q.array? "upper" = some upper ∧
    upper.IsVector n ∧ layers? NamedArray.packed q n = some (l, ls) ∧ bounds? a = some (low, high) ∧
    low.IsVector (outputs l ls) ∧ high.IsVector (outputs l ls) ∧ Finite (frameVec lower.packed n) ∧
    Finite (frameVec upper.packed n) ∧
    ∀ x : Vec n Rat, (∀ j : Fin n, toRat (element lower.packed j) ≤ x j ∧ x j ≤ toRat (element upper.packed j)) →
      ∀ i : Fin (outputs l ls), toRat (element low.packed i) ≤ (network n l ls).eval x i ∧
        (network n l ls).eval x i ≤ toRat (element high.packed i)

/-- The test that an output that lies between two numbers lies between the stated bounds. -/
def isWithin (low high i : Nat) (lowest highest : Int) : Bool :=
  finiteAt low i && finiteAt high i && isNonneg (subInt lowest (doubleAt low i)) &&
    isNonneg (subInt (doubleAt high i) highest)

/-- The number of outputs of a network of `n` inputs, when the question has one. -/
def outputs? (q : Question) (n : Nat) : Option Nat :=
  match layers? joined q n with
  | some (l, ls) => some (outputs l ls)
  | none => none

/-- Whether the certificate of an answer holds. -/
def check (q : Question) (a : Answer) : Bool :=
  match q.array? "lower", q.array? "upper", bounds? a with
  | some lower, some upper, some (low, high) =>
    match outputs? q lower.rowCount with
    | some m => a.isKind "layer_boxes" && lower.isVector lower.rowCount && upper.isVector lower.rowCount &&
        low.isVector m && high.isVector m &&
          withValue (joined lower) fun x => withValue (joined upper) fun y => withValue (joined low) fun lowest =>
            withValue (joined high) fun highest => checkAll q a lower.rowCount x y (isWithin lowest highest)
    | none => false
  | _, _, _ => false

theorem check_sound {q : Question} {a : Answer} (h : check q a = true) : Meaning q a := by
  unfold check at h
  split at h
  case h_2 => contradiction
  case h_1 lower upper low high askedLower askedUpper given =>
    split at h
    case h_2 => contradiction
    case h_1 m counted =>
      simp only [Bool.and_eq_true, withValue_eq] at h
      obtain ⟨⟨⟨⟨⟨-, vector⟩, vector'⟩, lows⟩, highs⟩, all⟩ := h
      obtain ⟨finite, finite', l, ls, asked, sound⟩ := checkAll_sound all
      rw [outputs?, joined_eq, asked] at counted
      have counted : outputs l ls = m := Option.some.inj counted
      rw [joined_eq] at finite finite' sound
      refine ⟨lower.rowCount, l, ls, lower, upper, low, high, askedLower, NamedArray.isVector_sound vector, askedUpper,
        NamedArray.isVector_sound vector', asked, given, by rw [counted]; exact NamedArray.isVector_sound lows,
        by rw [counted]; exact NamedArray.isVector_sound highs, fun j => finite j j.isLt,
        fun j => finite' j j.isLt, fun x hx i => ?_⟩
      obtain ⟨lowest, highest, tested, above, below⟩ := sound x hx i
      simp only [isWithin, subInt_eq, Bool.and_eq_true, finiteAt_eq, isNonneg_iff] at tested
      obtain ⟨⟨⟨e, e'⟩, le⟩, le'⟩ := tested
      rw [doubleAt_eq e] at le
      rw [doubleAt_eq e'] at le'
      exact ⟨Rat.le_trans (ofScaled_le.2 (Int.sub_nonneg.1 le)) above,
        Rat.le_trans below (ofScaled_le.2 (Int.sub_nonneg.1 le'))⟩

/-- Where the outputs of a network can lie. -/
def operation : CertifiedOperation where
  name := "network_bounds"
  check := check
  Meaning := Meaning
  sound := check_sound

end LeanPythonBridge.Certificate.NetworkBoundsOperation
