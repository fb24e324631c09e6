module

public import LeanPythonBridge.Certificate.Arguments
public import LeanPythonBridge.Certificate.ExactIntegers

/-!
# Integers of any length, as certificates bring them

An array of integers has as many words of 64 bits for each as its last dimension says, in two's complement.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate

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

/-- `integerAt`, from a block of 16: each shift of the whole array leaves a number that is as long. -/
def integerIn (words x i : Nat) : Int := integerAt words (cutRow (Nat.mul 64 words) x i) 0

/-- A test of the integers of an array, and of the last one apart, which must be positive. -/
def withPoint (a : Answer) (name : String) (count : Nat) (test : Int → (Nat → Int) → Bool) : Bool :=
  match integers? a name (Nat.succ count) with
  | some (words, x) => withValue x fun x => withInt (integerIn words x count) fun d =>
      isNonneg (Int.sub d 1) && test d (integerIn words x)
  | none => false

theorem withPoint_sound {name : String} {count : Nat} {a : Answer}
    {test : Int → (Nat → Int) → Bool}
    (h : withPoint a name count test = true) : ∃ d p, 0 < d ∧ test d p = true := by
  unfold withPoint at h
  split at h
  · simp only [withValue_eq, withInt_eq, Bool.and_eq_true, isNonneg_iff] at h
    have : ∀ d : Int, 0 ≤ d.sub 1 → 0 < d := fun d h => by have : 0 ≤ d - 1 := h; omega
    exact ⟨_, _, this _ h.1, h.2⟩
  · contradiction

end LeanPythonBridge.Certificate
