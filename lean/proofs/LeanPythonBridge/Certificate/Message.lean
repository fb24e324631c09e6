module

public import LeanPythonBridge.Certificate.Operation
public import LeanPythonBridge.Certificate.Rows
public import LeanPythonBridge.Wire.MessagePack

/-!
# A question as the message that a server gets

The parts of the request in which an operation is asked a question, each one number: so that whoever has the kernel
evaluate them (the tactic `certified`) reads one literal, however the question is written.
-/

@[expose] public section

namespace LeanPythonBridge

/-- The headers of arrays, each in one frame. -/
def NamedArray.wholeHeaders : List NamedArray → List ArrayHeader
  | [] => []
  | a :: as => { a.header with frames := 1 } :: wholeHeaders as

/-- Bytes below the digits of a number, to base 256, the last byte least significant. -/
def Bytes.below : List UInt8 → (number : Nat) → Nat
  | [], number => number
  | b :: bytes, number => Certificate.withValue (Nat.add (Nat.mul 256 number) b.toNat) fun number => below bytes number

namespace CertifiedOperation

/-- The request in which the operation is asked a question. -/
def request (operation : CertifiedOperation) (q : Question) : Request where
  id := "question"
  op := operation.name
  params := q.params
  arrays := NamedArray.wholeHeaders q.arrays
  certify := true

/-- The bytes of an array as one number, the first one least significant, below a digit 1. -/
def arrayPart : List NamedArray → (index : Nat) → Nat
  | [], _ => 0
  | a :: _, 0 => Nat.add a.packed (Nat.pow 256 a.size)
  | _ :: as, index + 1 => arrayPart as index

/-- Part 0 are the bytes of the request's header in MessagePack, below a digit 1, the last byte least significant; it is 0
when the question cannot be sent. The next parts are the arrays, and 0 is after the last one. -/
def messagePart (operation : CertifiedOperation) (q : Question) : (index : Nat) → Nat
  | 0 =>
    bif (operation.request q).wellFormed && NamedArray.allAgree q.arrays then
      Bytes.below (MessagePack.encode (operation.request q).toValue) 1
    else 0
  | index + 1 => arrayPart q.arrays index

end CertifiedOperation

end LeanPythonBridge
