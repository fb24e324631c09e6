module

public import CertificateSum
public import Formats

/-!
# Transcripts of a conversation with a server

A transcript is a Lean file that `lpb verify` writes: a definition for each exchange, and a theorem that it holds. What
an exchange claims is said here. `check` decides it by evaluation, in the kernel; `holds_of_check` is what makes a
successful evaluation a proof. So a transcript can be checked again by anyone, later, elsewhere.

Bytes stand in one number, because the kernel's arithmetic on numbers is fast and its handling of long lists is not.
-/

@[expose] public section

namespace LeanPythonBridge.Transcript

open CertificateSum Float64

/-- Bytes in one number, the first byte most significant. -/
structure Packed where
  /-- How many bytes. -/
  length : Nat
  /-- The number that they are the digits of, to base 256. -/
  value : Nat

/-- The bytes themselves. -/
def Packed.bytes (packed : Packed) : List UInt8 := Bytes.bytesOfNat packed.value packed.length

/-- The header of a request that asks for a certificate. -/
def requestValue (id operation : String) (params : List (String × Value)) (arrays : List Value) : Value :=
  .map ([("schema_version", .int 2), ("id", .string id), ("op", .string operation), ("params", .map params)] ++
    (if arrays.isEmpty then [] else [("arrays", .list arrays)]) ++ [("certify", .bool true)])

/-- The header of the reply to such a request. -/
def replyValue (id : String) (result certificate : List (String × Value)) : Value :=
  .map [("schema_version", .int 2), ("id", .string id), ("status", .string "ok"), ("result", .map result),
    ("certificate", .map certificate)]

/-- A request and its reply: what they mean and the bytes that were sent. -/
structure Messages where
  /-- The format of both headers. -/
  format : Format
  /-- What was asked. -/
  requestValue : Value
  /-- What was answered. -/
  replyValue : Value
  /-- The bytes of the request's header. -/
  request : Packed
  /-- The bytes of the reply's header. -/
  reply : Packed

/-- What an exchange claims of its bytes. -/
structure Messages.Hold (m : Messages) : Prop where
  /-- Lean's encoder gives exactly the bytes that were sent. -/
  request_encoded : m.format.encode m.requestValue = some m.request.bytes
  /-- The reply is written as Lean's encoder writes it, to the last byte. -/
  reply_encoded : m.format.encode m.replyValue = some m.reply.bytes
  /-- Lean's decoder reads the reply. -/
  reply_decoded : m.format.decode m.reply.bytes = some m.replyValue

/-- Whether an encoder gave these bytes. -/
def gave (encoded : Option (List UInt8)) (bytes : List UInt8) : Bool :=
  match encoded with
  | none => false
  | some written => written == bytes

/-- Whether a decoder read this value. -/
def read (decoded : Option Value) (value : Value) : Bool :=
  match decoded with
  | none => false
  | some found => found.beq value

theorem eq_of_gave {encoded : Option (List UInt8)} {bytes : List UInt8} (h : gave encoded bytes = true) :
    encoded = some bytes := by
  cases encoded with
  | none => exact Bool.noConfusion h
  | some written => exact congrArg some (eq_of_beq h)

theorem eq_of_read {decoded : Option Value} {value : Value} (h : read decoded value = true) : decoded = some value := by
  cases decoded with
  | none => exact Bool.noConfusion h
  | some found => exact congrArg some ((Value.beq_iff_eq found value).1 h)

/-- Decides `Hold`. -/
def Messages.check (m : Messages) : Bool :=
  gave (m.format.encode m.requestValue) m.request.bytes && gave (m.format.encode m.replyValue) m.reply.bytes &&
    read (m.format.decode m.reply.bytes) m.replyValue

theorem Messages.hold_of_check {m : Messages} (h : m.check = true) : m.Hold := by
  simp only [check, Bool.and_eq_true] at h
  exact ⟨eq_of_gave h.1.1, eq_of_gave h.1.2, eq_of_read h.2⟩

/-! ## The sum of a matrix -/

/-- The rows of `columns` elements each. -/
def rowsOf (columns : Nat) : (rows : Nat) → (elements : List Nat) → List Value
  | 0, _ => []
  | rows + 1, elements =>
    .list ((elements.take columns).map fun bits => .float (UInt64.ofNat bits)) ::
      rowsOf columns rows (elements.drop columns)

/-- An exchange in which the sum of a matrix was asked for, with a certificate. -/
structure SumExchange where
  /-- The format of both headers. -/
  format : Format
  /-- The correlation id. -/
  id : String
  /-- How many rows the matrix has. -/
  rows : Nat
  /-- How many columns it has. -/
  columns : Nat
  /-- Whether it stands in the request's parameters; else it is an array frame. -/
  inline : Bool
  /-- The elements in C order, as `Float64.joinChunks` packs them. -/
  elements : List Nat
  /-- The sum that was answered, as its bits. -/
  sum : Nat
  /-- The certificate that came with it. -/
  certificate : Certificate
  /-- The bytes of the request's header. -/
  request : Packed
  /-- The bytes of the reply's header. -/
  reply : Packed

namespace SumExchange

/-- How many elements the matrix has. -/
def count (e : SumExchange) : Nat := e.rows * e.columns

/-- The elements as their bits. -/
def doubles (e : SumExchange) : List Nat := doublesOfNat (joinChunks e.elements) e.count

/-- What was asked. -/
def requestValue (e : SumExchange) : Value :=
  if e.inline then
    Transcript.requestValue e.id "matrix_sum" [("matrix", .list (rowsOf e.columns e.rows e.doubles))] []
  else
    Transcript.requestValue e.id "matrix_sum" []
      [.map [("name", .string "matrix"), ("dtype", .string "f8"),
        ("shape", .list [.ofNat e.rows, .ofNat e.columns]), ("frames", .int 1)]]

/-- What was answered. -/
def replyValue (e : SumExchange) : Value :=
  Transcript.replyValue e.id [("sum", .float (UInt64.ofNat e.sum))]
    [("kind", .string "sum_error_bound"), ("count", .ofNat e.certificate.count),
      ("error", .float (UInt64.ofNat e.certificate.error)),
      ("error_bound", .float (UInt64.ofNat e.certificate.errorBound)), ("nonnegative", .bool e.certificate.nonnegative)]

/-- The two messages. -/
def messages (e : SumExchange) : Messages := ⟨e.format, e.requestValue, e.replyValue, e.request, e.reply⟩

/-- What the exchange claims: its bytes are what they should be, and the certificate is true of the exact values of the
numbers that were sent. -/
structure Holds (e : SumExchange) : Prop where
  /-- The bytes are those of the messages. -/
  messages_hold : e.messages.Hold
  /-- The sum is as near to the true sum as the certificate says. -/
  certified : Certified e.doubles e.sum e.certificate

/-- Decides `Holds`. -/
noncomputable def check (e : SumExchange) : Bool :=
  checkChunks e.elements e.count e.sum e.certificate && e.messages.check

theorem holds_of_check (e : SumExchange) (h : e.check = true) : e.Holds := by
  simp only [check, Bool.and_eq_true] at h
  exact ⟨Messages.hold_of_check h.2, checkChunks_sound h.1⟩

end SumExchange

/-! ## Operations whose reply follows from the request -/

/-- An exchange in which `echo` was asked to give back its parameters. -/
structure EchoExchange where
  /-- The format of both headers. -/
  format : Format
  /-- The correlation id. -/
  id : String
  /-- The parameters, which are the result as well. -/
  params : List (String × Value)
  /-- The bytes of the request's header. -/
  request : Packed
  /-- The bytes of the reply's header. -/
  reply : Packed

namespace EchoExchange

/-- The two messages. -/
def messages (e : EchoExchange) : Messages where
  format := e.format
  requestValue := requestValue e.id "echo" e.params []
  replyValue := replyValue e.id e.params []
  request := e.request
  reply := e.reply

/-- What the exchange claims: the parameters came back, and the bytes are what they should be. -/
def Holds (e : EchoExchange) : Prop := e.messages.Hold

/-- Decides `Holds`. -/
def check (e : EchoExchange) : Bool := e.messages.check

theorem holds_of_check (e : EchoExchange) (h : e.check = true) : e.Holds := Messages.hold_of_check h

end EchoExchange

/-- An exchange in which `ping` was asked for a sign of life. -/
structure PingExchange where
  /-- The format of both headers. -/
  format : Format
  /-- The correlation id. -/
  id : String
  /-- The bytes of the request's header. -/
  request : Packed
  /-- The bytes of the reply's header. -/
  reply : Packed

namespace PingExchange

/-- The two messages. -/
def messages (e : PingExchange) : Messages where
  format := e.format
  requestValue := requestValue e.id "ping" [] []
  replyValue := replyValue e.id [("pong", .bool true)] []
  request := e.request
  reply := e.reply

/-- What the exchange claims: the server answered, and the bytes are what they should be. -/
def Holds (e : PingExchange) : Prop := e.messages.Hold

/-- Decides `Holds`. -/
def check (e : PingExchange) : Bool := e.messages.check

theorem holds_of_check (e : PingExchange) (h : e.check = true) : e.Holds := Messages.hold_of_check h

end PingExchange

end LeanPythonBridge.Transcript
