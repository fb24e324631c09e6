module

public import LeanPythonBridge.Certificate.Question
public import LeanPythonBridge.Wire.Decimal
public import LeanPythonBridge.Certificate.Rows

/-!
# Questions as people write them

A question holds the bits of doubles, which nobody writes. Here a literal is the double nearest to it, as in Python, and
a vector or a matrix is a list of them:

    def system : Question where
      arrays := [.matrix "matrix" [[4, 1], [2, 3.5]], .vector "right" [0.1, -2e-3]]

The kernel evaluates all of it, so that a proof can be about the very numbers in the file. For arrays of a running program
there is `NamedArray.ofFloats`.
-/

@[expose] public section

namespace LeanPythonBridge

/-- A double, by its bits. A literal of this type is the double nearest to it, ties to even; one that is too large is
infinity, which no checker accepts. -/
structure Double where
  /-- Sign, exponent and fraction. -/
  bits : Nat

namespace Double

/-- The double nearest to `digits * 10 ^ exponent`. -/
def ofDecimal (digits : Nat) (exponent : Int) : Double :=
  ⟨(Decimal.magnitude digits exponent).getD Float64.infinity⟩

instance (n : Nat) : OfNat Double n := ⟨ofDecimal n 0⟩

instance : OfScientific Double :=
  ⟨fun digits negative exponent => ofDecimal digits (bif negative then -Int.ofNat exponent else Int.ofNat exponent)⟩

instance : Neg Double :=
  ⟨fun x => ⟨bif Float64.isNegative x.bits then x.bits - Float64.signBit else x.bits + Float64.signBit⟩⟩

/-- Doubles in one number, the first one least significant. -/
def pack : List Double → Nat
  | [] => 0
  | x :: xs => Nat.add x.bits (Nat.mul 0x10000000000000000 (pack xs))

/-- A packed number in `count` chunks, the lowest one first. -/
def chunks (packed : Nat) : (count : Nat) → List Nat
  | 0 => []
  | count + 1 =>
    Nat.mod packed (Nat.pow 256 NamedArray.chunkBytes) ::
      chunks (Nat.shiftRight packed (8 * NamedArray.chunkBytes)) count

/-- Doubles as `Float64.joinChunks` takes them; `Certificate.withValue` has the kernel round them once. -/
def listChunks (values : List Double) : List Nat :=
  Certificate.withValue (pack values) fun packed =>
    chunks packed ((8 * values.length + (NamedArray.chunkBytes - 1)) / NamedArray.chunkBytes)

end Double

/-- A double as a parameter. -/
def Value.double (x : Double) : Value := .float (UInt64.ofNat x.bits)

/-- Doubles in C order as an array of this shape. -/
def NamedArray.ofDoubles (name : String) (shape : List Nat) (values : List Double) : NamedArray where
  name := name
  dtype := .f8
  shape := shape
  chunks := Double.listChunks values
  frames := [8 * values.length]

/-- A vector of doubles. -/
def NamedArray.vector (name : String) (values : List Double) : NamedArray := .ofDoubles name [values.length] values

/-- A matrix of doubles, row after row, as wide as its first row. A row that is longer or shorter makes it an array that
has not the bytes that its shape asks for. -/
def NamedArray.matrix (name : String) (rows : List (List Double)) : NamedArray :=
  .ofDoubles name [rows.length, (rows.headD []).length] rows.flatten

end LeanPythonBridge
