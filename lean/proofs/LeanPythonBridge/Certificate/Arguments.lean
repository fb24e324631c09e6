module

public import LeanPythonBridge.Certificate.Question
public import LeanPythonBridge.Certificate.Rows

/-!
# What checkers read from questions and answers

Arrays of doubles of a shape, and the entries of certificates that checkers compute with. Numbers that say how to compute
are limited here: what a hostile server states must not make a checker shift by more bits than there is memory for.
-/

@[expose] public section

namespace LeanPythonBridge

namespace NamedArray

/-- The array is a vector of `n` doubles. -/
structure IsVector (a : NamedArray) (n : Nat) : Prop where
  /-- The elements are doubles. -/
  dtype : a.dtype = .f8
  /-- There are `n` in a row. -/
  shape : a.shape = [n]

/-- The array is a matrix of doubles with `m` rows and `n` columns. -/
structure IsMatrix (a : NamedArray) (m n : Nat) : Prop where
  /-- The elements are doubles. -/
  dtype : a.dtype = .f8
  /-- They stand in `m` rows and `n` columns. -/
  shape : a.shape = [m, n]

/-- Decides `IsVector`. -/
def isVector (a : NamedArray) (n : Nat) : Bool := a.dtype == .f8 && a.shape == [n]

/-- Decides `IsMatrix`. -/
def isMatrix (a : NamedArray) (m n : Nat) : Bool := a.dtype == .f8 && a.shape == [m, n]

/-- The array has integers of 64 bits, in this shape. -/
def isIndices (a : NamedArray) (shape : List Nat) : Bool := a.dtype == .i8 && a.shape == shape

theorem isVector_sound {a : NamedArray} {n : Nat} (h : a.isVector n = true) : a.IsVector n := by
  simp only [isVector, Bool.and_eq_true, beq_iff_eq] at h
  exact ⟨h.1, h.2⟩

theorem isMatrix_sound {a : NamedArray} {m n : Nat} (h : a.isMatrix m n = true) : a.IsMatrix m n := by
  simp only [isMatrix, Bool.and_eq_true, beq_iff_eq] at h
  exact ⟨h.1, h.2⟩

/-- How far the first dimension goes. -/
def rowCount (a : NamedArray) : Nat :=
  match a.shape with
  | n :: _ => n
  | [] => 0

end NamedArray

/-- The double under a key of map entries, as its bits. -/
def Value.double? (key : String) (entries : Entries) : Option UInt64 :=
  match Value.find? key entries with
  | some (.float bits) => some bits
  | _ => none

theorem Value.find?_of_double? {key : String} {entries : Entries} {bits : UInt64}
    (h : Value.double? key entries = some bits) : Value.find? key entries = some (.float bits) := by
  unfold Value.double? at h
  split at h
  · rename_i e
    rw [e, Option.some.inj h]
  · contradiction

/-- The whole number under a key of map entries, when it is at most `limit`. -/
def Value.atMost? (limit : Nat) (key : String) (entries : Entries) : Option Nat :=
  match Value.find? key entries with
  | some (.int (.ofNat n)) => if Nat.ble n limit then some n else none
  | _ => none

/-- Whether a certificate is of a kind. -/
def Answer.isKind (a : Answer) (kind : String) : Bool :=
  match Value.find? "kind" a.certificate with
  | some (.string k) => k == kind
  | _ => false

namespace Certificate

/-- Lanes have no more words than this. -/
def maxWords : Nat := 256

/-- The range of exponents `[low, high]` under a key of map entries: biased exponents of doubles. -/
def Range.find? (key : String) (entries : Entries) : Option Range :=
  match Value.find? key entries with
  | some (.list [.int (.ofNat low), .int (.ofNat high)]) =>
    if Nat.ble low 2047 && Nat.ble high 2047 then some ⟨low, high⟩ else none
  | _ => none

end Certificate
end LeanPythonBridge
