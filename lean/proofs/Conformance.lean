module
public import Transcript

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

/-! ## Canonical bytes -/

/-- These are the bytes of the value, for the encoder and for the decoder. -/
structure Agree (format : Format) (meaning : Meaning) (v : Value) (bytes : List UInt8) : Prop where
  /-- The encoder gives exactly the bytes. -/
  encoded : encode format meaning v = some bytes
  /-- The decoder reads them as the value. -/
  decoded : decode format meaning bytes = some v

/-- A value, or a header, and its bytes in the formats. -/
structure Canonical where
  /-- The value. -/
  value : Value
  /-- The bytes, by format. A format that does not keep the value is left out. -/
  encodings : List (Format × Packed)

/-- Decides the encoder's side, for each format. -/
def agreeCheck (meaning : Meaning) (v : Value) : List (Format × Packed) → Bool
  | [] => true
  | (format, packed) :: more =>
    format.keeps v && gave (encode format meaning v) packed.bytes && agreeCheck meaning v more

/-- The decoder reads what the encoder writes. -/
def Inverse (meaning : Meaning) (v : Value) : Prop :=
  ∀ format bytes, format.keeps v = true → encode format meaning v = some bytes → decode format meaning bytes = some v

theorem agree_of_check {meaning : Meaning} {v : Value} (inverse : Inverse meaning v)
    {encodings : List (Format × Packed)} (h : agreeCheck meaning v encodings = true) :
    ∀ e ∈ encodings, Agree e.1 meaning v e.2.bytes := by
  induction encodings with
  | nil => intro e mem; cases mem
  | cons first more ih =>
    simp only [agreeCheck, Bool.and_eq_true] at h
    intro e mem
    rcases List.mem_cons.mp mem with rfl | mem
    · exact ⟨eq_of_gave h.1.2, inverse _ _ h.1.1 (eq_of_gave h.1.2)⟩
    · exact ih h.2 e mem

theorem inverse_of_wellFormed {meaning : Meaning} {v : Value} (h : v.WellFormed)
    (protobuf : ∀ bytes, encode .protobuf meaning v = some bytes → decode .protobuf meaning bytes = some v) :
    Inverse meaning v := by
  intro format bytes keep written
  cases format with
  | json => exact Json.decode_encode h keep written
  | messagePack =>
    obtain rfl := Option.some.inj written
    simp [decode, MessagePack.decode_encode v h, Except.toOption]
  | protobuf => exact protobuf bytes written

namespace Canonical

/-- Every encoding is that of the value. -/
def Holds (c : Canonical) : Prop := ∀ e ∈ c.encodings, Agree e.1 .value c.value e.2.bytes

/-- Decides `Holds`. -/
def check (c : Canonical) : Bool := c.value.wellFormed && agreeCheck .value c.value c.encodings

theorem holds_of_check (c : Canonical) (h : c.check = true) : c.Holds := by
  simp only [check, Bool.and_eq_true] at h
  exact agree_of_check (inverse_of_wellFormed (meaning := .value) h.1 fun _ => Protobuf.decode_encode h.1) h.2

/-- The value is a request's header, and every encoding is that of it. -/
def HoldsOfRequest (c : Canonical) : Prop :=
  (∃ r, Request.ofValue? c.value = some r ∧ r.toValue = c.value) ∧
    ∀ e ∈ c.encodings, Agree e.1 .header c.value e.2.bytes

/-- The request is well formed, and its header map is this. -/
def isRequestOf (v : Value) : Option Request → Bool
  | none => false
  | some r => r.wellFormed && r.toValue.beq v

/-- Decides `HoldsOfRequest`. -/
def checkRequest (c : Canonical) : Bool :=
  isRequestOf c.value (Request.ofValue? c.value) && agreeCheck .header c.value c.encodings

theorem holds_of_checkRequest (c : Canonical) (h : c.checkRequest = true) : c.HoldsOfRequest := by
  simp only [checkRequest, Bool.and_eq_true] at h
  obtain ⟨isRequest, agree⟩ := h
  cases e : Request.ofValue? c.value with
  | none => simp [e, isRequestOf] at isRequest
  | some r =>
    simp only [e, isRequestOf, Bool.and_eq_true, Value.beq_iff_eq] at isRequest
    obtain ⟨fits, same⟩ := isRequest
    refine ⟨⟨r, e, same⟩, agree_of_check (inverse_of_wellFormed ?_ fun bytes written => ?_) agree⟩
    · rw [← same]; exact r.wellFormed_toValue fits
    · rw [← same] at written ⊢
      rw [encode, Protobuf.encodeHeader_request r fits] at written
      exact Protobuf.decodeHeader_encodeRequest r fits written

/-- The value is a reply's header, and every encoding is that of it. -/
def HoldsOfReply (c : Canonical) : Prop :=
  (∃ r, Reply.ofValue? c.value = some r ∧ r.toValue = c.value) ∧
    ∀ e ∈ c.encodings, Agree e.1 .header c.value e.2.bytes

/-- The reply is well formed, and its header map is this. -/
def isReplyOf (v : Value) : Option Reply → Bool
  | none => false
  | some r => r.wellFormed && r.toValue.beq v

/-- Decides `HoldsOfReply`. -/
def checkReply (c : Canonical) : Bool :=
  isReplyOf c.value (Reply.ofValue? c.value) && agreeCheck .header c.value c.encodings

theorem holds_of_checkReply (c : Canonical) (h : c.checkReply = true) : c.HoldsOfReply := by
  simp only [checkReply, Bool.and_eq_true] at h
  obtain ⟨isReply, agree⟩ := h
  cases e : Reply.ofValue? c.value with
  | none => simp [e, isReplyOf] at isReply
  | some r =>
    simp only [e, isReplyOf, Bool.and_eq_true, Value.beq_iff_eq] at isReply
    obtain ⟨fits, same⟩ := isReply
    refine ⟨⟨r, e, same⟩, agree_of_check (inverse_of_wellFormed ?_ fun bytes written => ?_) agree⟩
    · rw [← same]; exact r.wellFormed_toValue fits
    · rw [← same] at written ⊢
      rw [encode, Protobuf.encodeHeader_reply r fits] at written
      exact Protobuf.decodeHeader_encodeReply r fits written

end Canonical

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
