module

public import LeanPythonBridge.Certificate.Arguments
public import LeanPythonBridge.Certificate.Operation

/-!
# What checkers of matrices read from questions and answers

Arrays of doubles with one number of rows and columns, and the hints of a certificate: natural numbers, and ranges of
exponents as lists of two.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate

/-- An array is a square matrix of doubles, of this size. -/
structure IsSquare (array : NamedArray) (n : Nat) : Prop where
  /-- Its elements are doubles. -/
  dtype : array.dtype = .f8
  /-- It has `n` rows and columns. -/
  shape : array.shape = [n, n]

/-- An array is a vector of doubles, of this size. -/
structure IsVector (array : NamedArray) (n : Nat) : Prop where
  /-- Its elements are doubles. -/
  dtype : array.dtype = .f8
  /-- It has `n` elements. -/
  shape : array.shape = [n]

/-- The test of `IsSquare`. -/
def isSquare (array : NamedArray) (n : Nat) : Bool := array.dtype == .f8 && array.shape == [n, n]

/-- The test of `IsVector`. -/
def isVector (array : NamedArray) (n : Nat) : Bool := array.dtype == .f8 && array.shape == [n]

theorem isSquare_sound {array : NamedArray} {n : Nat} (h : isSquare array n = true) : IsSquare array n := by
  simp only [isSquare, Bool.and_eq_true, beq_iff_eq] at h
  exact ⟨h.1, h.2⟩

theorem isVector_sound {array : NamedArray} {n : Nat} (h : isVector array n = true) : IsVector array n := by
  simp only [isVector, Bool.and_eq_true, beq_iff_eq] at h
  exact ⟨h.1, h.2⟩

/-- The number of rows of an array; 0 when it has no dimension. -/
def rowCount (array : NamedArray) : Nat :=
  match array.shape with
  | [] => 0
  | n :: _ => n

/-- The number of words of a name; 0 when there is none, or more than lanes have: a hostile number costs nothing. -/
def natural (name : String) (entries : Entries) : Nat := (Value.atMost? maxWords name entries).getD 0

/-- The range of a name, as a list of its ends; one that no test accepts when there is none. -/
def rangeOf (name : String) (entries : Entries) : Range := (Range.find? name entries).getD ⟨0, 0⟩

/-- Whether an entry is this text. -/
def isText (name text : String) (entries : Entries) : Bool :=
  match Value.find? name entries with
  | some (.string found) => found == text
  | _ => false

end LeanPythonBridge.Certificate
