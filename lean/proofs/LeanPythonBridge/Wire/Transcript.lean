module

public import LeanPythonBridge.Wire.FormatProofs

/-!
# Transcripts of a conversation with a server: the messages

A transcript is a Lean file that `lpb verify` writes: a definition for each exchange, and a theorem that it holds. What
an exchange claims is said in `LeanPythonBridge.Certificate.Exchange`; here is what it claims of the headers' bytes.
`check` decides it by evaluation, in the kernel; `hold_of_check` is what makes a successful evaluation a proof. So a
transcript can be checked again by anyone, later, elsewhere.

Bytes stand in one number, because the kernel's arithmetic on numbers is fast and its handling of long lists is not.
-/

@[expose] public section

namespace LeanPythonBridge.Transcript

/-- Bytes in one number, the first byte most significant. -/
structure Packed where
  /-- How many bytes. -/
  length : Nat
  /-- The number that they are the digits of, to base 256. -/
  value : Nat

/-- The bytes themselves. -/
def Packed.bytes (packed : Packed) : List UInt8 := Bytes.bytesOfNat packed.value packed.length

/-- A request and its reply: what they mean and the bytes that were sent. -/
structure Messages where
  /-- The format of both headers. -/
  format : Format
  /-- What was asked. -/
  request : Request
  /-- What was answered. -/
  reply : Reply
  /-- The bytes of the request's header. -/
  requestBytes : Packed
  /-- The bytes of the reply's header. -/
  replyBytes : Packed

/-- What an exchange claims of its bytes. -/
structure Messages.Hold (m : Messages) : Prop where
  /-- Lean's encoder gives exactly the bytes that were sent. -/
  request_encoded : m.format.encode m.request.toValue = some m.requestBytes.bytes
  /-- The reply is written as Lean's encoder writes it, to the last byte. -/
  reply_encoded : m.format.encode m.reply.toValue = some m.replyBytes.bytes
  /-- Lean's decoder reads the reply. -/
  reply_decoded : m.format.decode m.replyBytes.bytes = some m.reply.toValue

/-- Whether an encoder gave these bytes. -/
def gave (encoded : Option (List UInt8)) (bytes : List UInt8) : Bool :=
  match encoded with
  | none => false
  | some written => Json.sameBytes written bytes

/-- Whether a decoder read this value. -/
def read (decoded : Option Value) (value : Value) : Bool :=
  match decoded with
  | none => false
  | some found => found.beq value

theorem eq_of_gave {encoded : Option (List UInt8)} {bytes : List UInt8} (h : gave encoded bytes = true) :
    encoded = some bytes := by
  cases encoded with
  | none => exact Bool.noConfusion h
  | some written => exact congrArg some (Json.sameBytes_iff.1 h)

theorem eq_of_read {decoded : Option Value} {value : Value} (h : read decoded value = true) : decoded = some value := by
  cases decoded with
  | none => exact Bool.noConfusion h
  | some found => exact congrArg some ((Value.beq_iff_eq found value).1 h)

/-- Whether the formats' round trips hold of both messages: they can be carried, and the reply comes back from its
bytes. -/
def Messages.fits (m : Messages) : Bool :=
  m.request.wellFormed && m.reply.wellFormed && m.format.keeps m.reply.toValue

/-- Decides `Hold`, of messages that fit: the bytes are those of the encoders. That the decoder reads the reply needs no
evaluation; it is proven of all that an encoder gives. The reply comes first: it is what may be wrong. -/
def Messages.check (m : Messages) : Bool :=
  gave (m.format.encodeReply m.reply) m.replyBytes.bytes && gave (m.format.encodeRequest m.request) m.requestBytes.bytes

theorem Messages.hold_of_check {m : Messages} (fits : m.fits = true) (h : m.check = true) : m.Hold := by
  simp only [Messages.fits, check, Bool.and_eq_true] at fits h
  have written := eq_of_gave h.1
  exact ⟨m.format.encode_request fits.1.1 ▸ eq_of_gave h.2, m.format.encode_reply fits.1.2 ▸ written,
    m.format.decode_encodeReply fits.1.2 fits.2 written⟩

end LeanPythonBridge.Transcript
