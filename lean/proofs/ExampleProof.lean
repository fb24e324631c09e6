module

public import LeanPythonBridge.Certificate.SumReading
public import LeanPythonBridge.Wire.Envelope
public import LeanPythonBridge.Wire.MessagePack

/-!
# An example: from a reply's bytes to a theorem, and a program that reads replies

The first half is what a proof project does with the bridge. A reply to `matrix_sum` was recorded; the kernel checks its
bytes and its certificate, and from then on the sum is a fact about rational numbers, whoever computed it.

The second half is a small program. It reads requests and replies with the project's own decoder, writes them again with
its own encoder, and runs the checker: compiled code decides there. `lpb verify` runs it on bytes of its live
conversation.
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

/-! ## The program -/

/-- The sum that the result of a reply carries, and nothing else. -/
def sumOfResult? : Entries → Option Nat
  | [(key, .float sum)] => if key == "sum" then some sum.toNat else none
  | _ => none

/-- Whether a certified reply to `matrix_sum` holds, when the matrix stands in the parameters. -/
def verdictOnSum (request : Request) : Outcome → String
  | .ok result [] (some certificate) =>
    match elementsOfParams? (.map request.params), sumOfResult? result, Certificate.ofValue? (.map certificate) with
    | some elements, some sum, some certificate => if check elements sum certificate then "accepted" else "rejected"
    | _, _, _ => "rejected"
  | _ => "rejected"

/-- The answer about one exchange, one JSON object of strings. -/
def answer (requestBytes replyBytes : List UInt8) : String :=
  match (MessagePack.decode requestBytes).toOption.bind Request.ofValue?,
    (MessagePack.decode replyBytes).toOption.bind Reply.ofValue? with
  | some request, some reply =>
    let verdict :=
      if reply.id != request.id then "the reply is to another request"
      else if request.op == "matrix_sum" then verdictOnSum request reply.outcome
      else "unknown operation"
    "{\"id\":\"" ++ request.id ++ "\",\"request\":\"" ++
      String.ofList (hexOfBytes (MessagePack.encode request.toValue)) ++ "\",\"reply\":\"" ++
      String.ofList (hexOfBytes (MessagePack.encode reply.toValue)) ++ "\",\"certificate\":\"" ++ verdict ++ "\"}"
  | _, _ => "{\"certificate\":\"unreadable messages\"}"

/-- The answers about exchanges, or `none` when a request has no reply. -/
def answers : List String → Option (List String)
  | [] => some []
  | request :: reply :: others =>
    match answers others with
    | some rest => some (answer (bytesOfHex request.toList) (bytesOfHex reply.toList) :: rest)
    | none => none
  | [_] => none

end LeanPythonBridge.ExampleProof

/-- Print lines. -/
def printLines : List String → IO Unit
  | [] => return ()
  | line :: lines => do
    IO.println line
    printLines lines

/-- `ExampleProof REQUEST REPLY [REQUEST REPLY …]`: MessagePack headers in hexadecimal. Prints for each exchange how it
would write the two messages itself, and whether the certificate holds. -/
def main (arguments : List String) : IO UInt32 := do
  match LeanPythonBridge.ExampleProof.answers arguments with
  | some (line :: lines) =>
    printLines (line :: lines)
    return 0
  | _ =>
    IO.eprintln "usage: ExampleProof REQUEST REPLY [REQUEST REPLY …]"
    return 2
