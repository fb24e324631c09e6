module

public import LeanPythonBridge.Certificate.IntegerReading
public import LeanPythonBridge.Certificate.SemidefiniteSoundness

/-!
# Certificates of positive semidefinite matrices, as answers bring them

The arrays `weights`, of which the last integer is the denominator, and `factor`, of as many integers as the matrix has
columns for each weight.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.Semidefinite

/-- The test of a matrix of `n` rows by what the certificate of an answer brings. -/
def isSemidefinite (a : Answer) (n : Nat) (entry : Nat → Nat → Int) (entryBits : Nat) : Bool :=
  match a.certificateArray? "weights" with
  | some array =>
    withValue (Nat.sub array.rowCount 1) fun rank =>
      match integers? a "weights" (Nat.succ rank), integers? a "factor" (Nat.mul rank n) with
      | some (weightWords, weights), some (rootWords, roots) =>
        withValue weights fun weights => withValue roots fun roots => withInt (integerAt weightWords weights rank) fun d =>
          check ⟨rank, d, integerAt weightWords weights, fun k i => integerAt rootWords roots (Nat.add (Nat.mul k n) i)⟩ n
            entry entryBits (Nat.mul 64 weightWords) (Nat.mul 64 rootWords)
      | _, _ => false
  | none => false

/-- A symmetric matrix that passes the test is positive semidefinite. -/
theorem isSemidefinite_sound {a : Answer} {n entryBits : Nat} {entry : Nat → Nat → Int}
    (symmetric : ∀ i < n, ∀ j < n, entry i j = entry j i) (entries : ∀ i j, (entry i j).natAbs ≤ 2 ^ entryBits)
    (h : isSemidefinite a n entry entryBits = true) (x : Vec n Rat) :
    0 ≤ quadForm (fun i j : Fin n => (entry i j : Rat)) x := by
  unfold isSemidefinite at h
  split at h
  · rw [withValue_eq] at h
    split at h
    · simp only [withValue_eq, withInt_eq] at h
      exact check_sound symmetric entries (fun _ => natAbs_integerAt_le ..) (fun _ _ => natAbs_integerAt_le ..) h x
    · exact Bool.noConfusion h
  · exact Bool.noConfusion h

end LeanPythonBridge.Certificate.Semidefinite
