module

public import CertificateSum
public import Envelope
public import MessagePack

/-!
# An example: from a reply's bytes to a theorem, and a program that reads replies

The first half is what a proof project does with the bridge. A reply to `matrix_sum` was recorded; the kernel checks its
bytes and its certificate, and from then on the sum is a fact about rational numbers, whoever computed it.

The second half is a small program. It writes a request with the project's own encoder and reads a reply with its own
decoder; `lpb verify` runs it on bytes of its live conversation.
-/

@[expose] public section

namespace LeanPythonBridge.ExampleProof

open CertificateSum Float64

/-! ## A certified sum in a proof -/

/-- The matrix `0.1, 0.2, 0.3` as doubles. -/
def elements : List Nat := [0x3fb999999999999a, 0x3fc999999999999a, 0x3fd3333333333333]

/-- What Python answers for its sum: 0.6000000000000001. -/
def sum : Nat := 0x3fe3333333333334

/-- And the certificate that it sends with it. -/
def certificate : Certificate where
  count := 3
  error := 0x3c98000000000000
  errorBound := 0x3caccccccccccccd
  nonnegative := true

/-- The certificate is true of the exact values. -/
theorem certified : Certified elements sum certificate := check_sound (by decide +kernel)

/-- So the three doubles add up, exactly, to a number that is not negative … -/
theorem sum_nonneg : 0 ≤ (values elements).sum := (certified.nonneg rfl).2.1

/-- … and the answer is no further from that number than the certificate says. -/
theorem sum_near : abs (toRat sum - (values elements).sum) ≤ toRat certificate.errorBound := certified.error_le

/-! ## Hexadecimal -/

/-- The value of a hexadecimal digit; 0 for any other character. -/
def digitValue (c : Char) : Nat :=
  if '0' ≤ c && c ≤ '9' then c.toNat - 48 else if 'a' ≤ c && c ≤ 'f' then c.toNat - 87 else 0

/-- The bytes of pairs of hexadecimal digits. -/
def bytesOfHex : List Char → List UInt8
  | high :: low :: rest => UInt8.ofNat (16 * digitValue high + digitValue low) :: bytesOfHex rest
  | _ => []

/-- A hexadecimal digit. -/
def hexDigit (n : Nat) : Char := Char.ofNat (if n < 10 then 48 + n else 87 + n)

/-- The hexadecimal digits of bytes. -/
def hexOfBytes : List UInt8 → List Char
  | [] => []
  | b :: rest => hexDigit (b.toNat / 16) :: hexDigit (b.toNat % 16) :: hexOfBytes rest

/-- The doubles of big-endian bytes, as their bits. -/
def doublesOfBytes : List UInt8 → List Nat
  | a :: b :: c :: d :: e :: f :: g :: h :: rest => Bytes.natOfBytes [a, b, c, d, e, f, g, h] :: doublesOfBytes rest
  | _ => []

/-! ## The program -/

/-- The certificate and the sum that the header of a reply carries. -/
def readReply (reply : Value) : Option (String × Nat × Certificate) := do
  let id ← (← reply.get? "id").asString?
  let sum ← (← (← reply.get? "result").get? "sum").asFloatBits?
  let certificate ← reply.get? "certificate"
  let count ← (← certificate.get? "count").asNat?
  let error ← (← certificate.get? "error").asFloatBits?
  let errorBound ← (← certificate.get? "error_bound").asFloatBits?
  let nonnegative ← (← certificate.get? "nonnegative").asBool?
  some (id, sum.toNat, { count, error := error.toNat, errorBound := errorBound.toNat, nonnegative })

/-- The matrix of these elements as a parameter. -/
def matrixOf (columns : Nat) : (rows : Nat) → (elements : List Nat) → List Value
  | 0, _ => []
  | rows + 1, elements => .list (takeFloats columns elements) :: matrixOf columns rows (dropFloats columns elements)
where
  /-- The first elements of a row. -/
  takeFloats : Nat → List Nat → List Value
    | n + 1, x :: xs => .float (UInt64.ofNat x) :: takeFloats n xs
    | _, _ => []
  /-- The elements after a row. -/
  dropFloats : Nat → List Nat → List Nat
    | n + 1, _ :: xs => dropFloats n xs
    | _, xs => xs

/-- The answer, one JSON object of strings. -/
def answer (id : String) (rows columns : Nat) (elements : List Nat) (reply : List UInt8) : String :=
  let params := [("matrix", .list (matrixOf columns rows elements))]
  let request : Request := { id, op := "matrix_sum", params, certify := true }
  let written := String.ofList (hexOfBytes (MessagePack.encode request.toValue))
  match MessagePack.decode reply with
  | .error failure => "{\"request\":\"" ++ written ++ "\",\"certificate\":\"unreadable reply: " ++ failure.reason ++ "\"}"
  | .ok value =>
    match readReply value with
    | none => "{\"request\":\"" ++ written ++ "\",\"certificate\":\"none in the reply\"}"
    | some (replyId, sum, certificate) =>
      let verdict := if check elements sum certificate then "accepted" else "rejected"
      let sumHex := String.ofList (hexOfBytes (Bytes.encodeNat 8 sum))
      "{\"request\":\"" ++ written ++ "\",\"id\":\"" ++ replyId ++ "\",\"sum\":\"" ++ sumHex ++
        "\",\"certificate\":\"" ++ verdict ++ "\"}"

end LeanPythonBridge.ExampleProof

/-- `ExampleProof ID ROWS COLUMNS ELEMENTS REPLY`: the elements are big-endian doubles in C order and the reply is a
MessagePack header, both in hexadecimal. Prints the request that it would send, what the reply says, and whether its
certificate holds. -/
def main (arguments : List String) : IO UInt32 := do
  match arguments with
  | [id, rows, columns, elements, reply] =>
    match rows.toNat?, columns.toNat? with
    | some rows, some columns =>
      let doubles := LeanPythonBridge.ExampleProof.doublesOfBytes
        (LeanPythonBridge.ExampleProof.bytesOfHex elements.toList)
      let bytes := LeanPythonBridge.ExampleProof.bytesOfHex reply.toList
      IO.println (LeanPythonBridge.ExampleProof.answer id rows columns doubles bytes)
      return 0
    | _, _ =>
      IO.eprintln "ROWS and COLUMNS must be numbers"
      return 2
  | _ =>
    IO.eprintln "usage: ExampleProof ID ROWS COLUMNS ELEMENTS REPLY"
    return 2
