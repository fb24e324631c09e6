module
public import LeanPythonBridge.Wire.Transcript

/-!
# Conformance vectors

What a vector of `vectors.json` claims of the codecs here. `check` decides it by evaluation, in the kernel, and
`holds_of_check` makes a successful evaluation a proof. That canonical bytes are read back needs no evaluation: that
every encoder's bytes are is proven.
-/

@[expose] public section

namespace LeanPythonBridge.Conformance

open Transcript (Packed gave read eq_of_gave eq_of_read)

/-! ## Codecs -/

/-- What bytes are meant to be. -/
inductive Meaning where
  /-- A value by itself. -/
  | value
  /-- The map of a request or of a reply. -/
  | header
  deriving DecidableEq

/-- Writes a value; `none` when it has no form in this format. -/
def encode : Format → Meaning → Value → Option (List UInt8)
  | .json, _, v => Json.encode v
  | .messagePack, _, v => some (MessagePack.encode v)
  | .protobuf, .value, v => Protobuf.encode v
  | .protobuf, .header, v => Protobuf.encodeHeader v

/-- Reads a value. -/
def decode : Format → Meaning → List UInt8 → Option Value
  | .json, _, bytes => Json.decode bytes
  | .messagePack, _, bytes => (MessagePack.decode bytes).toOption
  | .protobuf, .value, bytes => Protobuf.decode bytes
  | .protobuf, .header, bytes => Protobuf.decodeHeader bytes

/-- Headers are written as the formats write them. -/
theorem encode_header (format : Format) (v : Value) : encode format .header v = format.encode v := by
  cases format <;> rfl

/-- Headers are read as the formats read them. -/
theorem decode_header (format : Format) (bytes : List UInt8) : decode format .header bytes = format.decode bytes := by
  cases format <;> rfl

/-! ## Canonical bytes -/

/-- These are the bytes of the value, for the encoder and for the decoder. -/
structure Agree (format : Format) (meaning : Meaning) (v : Value) (bytes : List UInt8) : Prop where
  /-- The encoder gives exactly the bytes. -/
  encoded : encode format meaning v = some bytes
  /-- The decoder reads them as the value. -/
  decoded : decode format meaning bytes = some v

/-- The bytes of something, by format. A format that does not keep it is left out. -/
abbrev Encodings := List (Format × Packed)

/-- All of these are the bytes of the value. -/
def AllAgree (meaning : Meaning) (v : Value) (encodings : Encodings) : Prop :=
  ∀ e ∈ encodings, Agree e.1 meaning v e.2.bytes

/-- Decides `AllAgree` for what is well formed: that it is read back is proven. -/
def agreeCheck (v : Value) (encode : Format → Option (List UInt8)) : Encodings → Bool
  | [] => true
  | (format, packed) :: more =>
    format.keeps v && gave (encode format) packed.bytes && agreeCheck v encode more

theorem allAgree_of_check {meaning : Meaning} {v : Value} {write : Format → Option (List UInt8)}
    (same : ∀ format, encode format meaning v = write format)
    (inverse : ∀ format bytes, format.keeps v = true → write format = some bytes → decode format meaning bytes = some v)
    {encodings : Encodings} (h : agreeCheck v write encodings = true) : AllAgree meaning v encodings := by
  induction encodings with
  | nil => intro e mem; cases mem
  | cons first more ih =>
    simp only [agreeCheck, Bool.and_eq_true] at h
    intro e mem
    rcases List.mem_cons.mp mem with rfl | mem
    · have written := eq_of_gave h.1.2
      exact ⟨same _ ▸ written, inverse _ _ h.1.1 written⟩
    · exact ih h.2 e mem

/-- A value and its bytes. -/
structure CanonicalValue where
  /-- The value. -/
  value : Value
  /-- Its bytes. -/
  encodings : Encodings

namespace CanonicalValue

/-- Every encoding is that of the value. -/
def Holds (c : CanonicalValue) : Prop := AllAgree .value c.value c.encodings

/-- Decides `Holds`. -/
def check (c : CanonicalValue) : Bool :=
  c.value.wellFormed && agreeCheck c.value (encode · .value c.value) c.encodings

theorem holds_of_check (c : CanonicalValue) (h : c.check = true) : c.Holds := by
  simp only [check, Bool.and_eq_true] at h
  refine allAgree_of_check (fun _ => rfl) (fun format bytes keep written => ?_) h.2
  cases format with
  | json => exact Json.decode_encode h.1 keep written
  | messagePack =>
    obtain rfl := Option.some.inj written
    simp [decode, MessagePack.decode_encode _ h.1, Except.toOption]
  | protobuf => exact Protobuf.decode_encode h.1 written

end CanonicalValue

/-- A request and the bytes of its header. -/
structure CanonicalRequest where
  /-- The request. -/
  request : Request
  /-- Its bytes. -/
  encodings : Encodings

namespace CanonicalRequest

/-- Every encoding is that of the header, and the header is read as the request. -/
def Holds (c : CanonicalRequest) : Prop :=
  Request.ofValue? c.request.toValue = some c.request ∧ AllAgree .header c.request.toValue c.encodings

/-- Decides `Holds`. -/
def check (c : CanonicalRequest) : Bool :=
  c.request.wellFormed && agreeCheck c.request.toValue (·.encodeRequest c.request) c.encodings

theorem holds_of_check (c : CanonicalRequest) (h : c.check = true) : c.Holds := by
  simp only [check, Bool.and_eq_true] at h
  exact ⟨c.request.ofValue?_toValue (Request.valid_of_wellFormed h.1),
    allAgree_of_check (fun format => (encode_header format _).trans (format.encode_request h.1))
      (fun format _ keep written => (decode_header format _).trans (format.decode_encodeRequest h.1 keep written)) h.2⟩

end CanonicalRequest

/-- A reply and the bytes of its header. -/
structure CanonicalReply where
  /-- The reply. -/
  reply : Reply
  /-- Its bytes. -/
  encodings : Encodings

namespace CanonicalReply

/-- Every encoding is that of the header, and the header is read as the reply. -/
def Holds (c : CanonicalReply) : Prop :=
  Reply.ofValue? c.reply.toValue = some c.reply ∧ AllAgree .header c.reply.toValue c.encodings

/-- Decides `Holds`. -/
def check (c : CanonicalReply) : Bool :=
  c.reply.wellFormed && agreeCheck c.reply.toValue (·.encodeReply c.reply) c.encodings

theorem holds_of_check (c : CanonicalReply) (h : c.check = true) : c.Holds := by
  simp only [check, Bool.and_eq_true] at h
  exact ⟨c.reply.ofValue?_toValue (Reply.valid_of_wellFormed h.1),
    allAgree_of_check (fun format => (encode_header format _).trans (format.encode_reply h.1))
      (fun format _ keep written => (decode_header format _).trans (format.decode_encodeReply h.1 keep written)) h.2⟩

end CanonicalReply

/-! ## Bytes that no encoder writes -/

/-- Bytes that a decoder must read as a value, though no encoder writes them. -/
structure Accepted where
  /-- The format. -/
  format : Format
  /-- What the bytes are meant to be. -/
  meaning : Meaning
  /-- The bytes. -/
  bytes : Packed
  /-- The value. -/
  value : Value

namespace Accepted

/-- The decoder reads the value. -/
def Holds (a : Accepted) : Prop := decode a.format a.meaning a.bytes.bytes = some a.value

/-- Decides `Holds`. -/
def check (a : Accepted) : Bool := read (decode a.format a.meaning a.bytes.bytes) a.value

theorem holds_of_check (a : Accepted) (h : a.check = true) : a.Holds := eq_of_read h

end Accepted

/-- As what bytes are refused. -/
inductive Refusal where
  /-- As a value. -/
  | value
  /-- As a request. -/
  | request
  /-- As a reply. -/
  | reply
  deriving DecidableEq

/-- Bytes that must be refused. -/
structure Refused where
  /-- The format. -/
  format : Format
  /-- As what. -/
  refusal : Refusal
  /-- The bytes. -/
  bytes : Packed

namespace Refused

/-- Whether the decoder refuses the bytes, or they are no header of the kind. -/
def check (r : Refused) : Bool :=
  match r.refusal with
  | .value => (decode r.format .value r.bytes.bytes).isNone
  | .request => ((decode r.format .header r.bytes.bytes).bind Request.ofValue?).isNone
  | .reply => ((decode r.format .header r.bytes.bytes).bind Reply.ofValue?).isNone

/-- The bytes are refused. -/
def Holds (r : Refused) : Prop := r.check = true

theorem holds_of_check (r : Refused) (h : r.check = true) : r.Holds := h

end Refused
end LeanPythonBridge.Conformance
