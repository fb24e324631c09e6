module

public import CertificateSum
public import FormatProofs

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

/-- A request that asks for a certificate. -/
def requestOf (id operation : String) (params : List (String × Value)) (arrays : List ArrayHeader := []) : Request :=
  { id, op := operation, params, arrays, certify := true }

/-- The reply to such a request. -/
def replyOf (id : String) (result certificate : List (String × Value)) : Reply :=
  { id, outcome := .ok result [] (some certificate) }

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

/-- What both messages must be for the formats' round trips to hold of them. -/
structure Messages.Fit (m : Messages) : Prop where
  /-- The request can be carried. -/
  request : m.request.wellFormed = true
  /-- The reply can be carried. -/
  reply : m.reply.wellFormed = true
  /-- The reply comes back from its bytes. -/
  keeps : m.format.keeps m.reply.toValue = true

/-- Decides `Hold`, of messages that fit: the bytes are those of the encoders. That the decoder reads the reply needs no
evaluation; it is proven of all that an encoder gives. The reply comes first: it is what may be wrong. -/
def Messages.check (m : Messages) : Bool :=
  gave (m.format.encodeReply m.reply) m.replyBytes.bytes && gave (m.format.encodeRequest m.request) m.requestBytes.bytes

theorem Messages.hold_of_check {m : Messages} (fit : m.Fit) (h : m.check = true) : m.Hold := by
  simp only [check, Bool.and_eq_true] at h
  have written := eq_of_gave h.1
  exact ⟨m.format.encode_request fit.request ▸ eq_of_gave h.2, m.format.encode_reply fit.reply ▸ written,
    m.format.decode_encodeReply fit.reply fit.keeps written⟩

/-- A certified request can be carried when its parts can. -/
theorem wellFormed_requestOf (id : Envelope.isId i = true) (name : Envelope.isName operation = true)
    (params : Envelope.mapFits 1 ps = true) (valid : ArrayHeader.allValid arrays = true) (one : arrays.length ≤ 1) :
    (requestOf i operation ps arrays).wellFormed = true := by
  have distinct : ArrayHeader.namesDistinct arrays = true := by
    match arrays, one with
    | [], _ => rfl
    | [_], _ => rfl
  have short : arrays.length < Value.lengthLimit := Nat.lt_of_le_of_lt one (by decide)
  simp [requestOf, Request.wellFormed, Request.valid, Request.fieldsValid, Request.deadlineValid, id, name, params,
    valid, distinct, short]

/-- Its reply can be carried when its parts can. -/
theorem wellFormed_replyOf (id : Envelope.isId i = true) (result : Envelope.mapFits 1 r = true)
    (certificate : Envelope.mapFits 1 c = true) : (replyOf i r c).wellFormed = true := by
  simp [replyOf, Reply.wellFormed, Reply.valid, Reply.idValid, Reply.outcomeValid, Reply.outcomeFits,
    Reply.certificateFits, Reply.timingFits, ArrayHeader.allValid, ArrayHeader.namesDistinct, Value.lengthLimit, id,
    result, certificate]

/-- The reply comes back when its maps do. -/
theorem keeps_replyOf (result : Json.oneNaNEntries r = true) (certificate : Json.oneNaNEntries c = true) :
    Format.keeps format (replyOf i r c).toValue = true := by
  cases format <;>
    simp [Format.keeps, replyOf, Reply.toValue, Reply.outcomeEntries, Envelope.optionalEntry, ArrayHeader.listValue?,
      Json.oneNaN, Json.oneNaNEntries, Value.ofNat, result, certificate]

/-! ## The sum of a matrix -/

/-- The rows of `columns` elements each. -/
def rowsOf (columns : Nat) : (rows : Nat) → (elements : List Nat) → List Value
  | 0, _ => []
  | rows + 1, elements =>
    .list ((elements.take columns).map fun bits => .float (UInt64.ofNat bits)) ::
      rowsOf columns rows (elements.drop columns)

theorem rowsOf_fits (columns : Nat) (few : columns < Value.lengthLimit) :
    ∀ (rows : Nat) (elements : List Nat), (rowsOf columns rows elements).length = rows ∧
      Value.depthItems (rowsOf columns rows elements) ≤ 2 ∧ Value.fitsItems (rowsOf columns rows elements) = true
  | 0, _ => ⟨rfl, Nat.zero_le _, rfl⟩
  | rows + 1, elements => by
    have floats (bits : List Nat) : Value.depthItems (bits.map fun b => .float (UInt64.ofNat b)) ≤ 1 ∧
        Value.fitsItems (bits.map fun b => .float (UInt64.ofNat b)) = true := by
      induction bits with
      | nil => exact ⟨Nat.zero_le _, rfl⟩
      | cons b bits ih => exact ⟨Nat.max_le.mpr ⟨Nat.le_refl _, ih.1⟩, by simp [Value.fitsItems, Value.fits, ih.2]⟩
    have row := floats (elements.take columns)
    have more := rowsOf_fits columns few rows (elements.drop columns)
    have short : (elements.take columns).length < Value.lengthLimit :=
      Nat.lt_of_le_of_lt (List.length_take_le _ _) few
    refine ⟨congrArg (· + 1) more.1, Nat.max_le.mpr ⟨Nat.succ_le_succ row.1, more.2.1⟩, ?_⟩
    rw [rowsOf, Value.fitsItems, Value.fits, List.length_map]
    simp only [row.2, more.2.2, decide_eq_true short, Bool.and_self]

/-- A matrix in the parameters has room. -/
theorem mapFits_matrix (elements : List Nat) (few : rows < Value.lengthLimit) (short : columns < Value.lengthLimit) :
    Envelope.mapFits 1 [("matrix", .list (rowsOf columns rows elements))] = true := by
  obtain ⟨length, deep, fits⟩ := rowsOf_fits columns short rows elements
  have key : Value.stringFits "matrix" = true := by decide +kernel
  have all : Value.depth (.list (rowsOf columns rows elements)) ≤ 3 := Nat.succ_le_succ deep
  simp [Envelope.mapFits_iff, Value.depthEntries, Value.fits, Value.fitsEntries, Value.hasKey, key, length, fits, few,
    Value.maxDepth, Value.depth.eq_def (.map _)]
  constructor
  · omega
  · decide

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

/-- The parameters of the request. -/
def params (e : SumExchange) : List (String × Value) :=
  if e.inline then [("matrix", .list (rowsOf e.columns e.rows e.doubles))] else []

/-- The arrays that follow the request's header. -/
def arrays (e : SumExchange) : List ArrayHeader :=
  if e.inline then [] else [{ name := "matrix", dtype := .f8, shape := [e.rows, e.columns] }]

/-- What was answered. -/
def result (e : SumExchange) : List (String × Value) := [("sum", .float (UInt64.ofNat e.sum))]

/-- The certificate on the wire. -/
def certificateEntries (e : SumExchange) : List (String × Value) :=
  [("kind", .string "sum_error_bound"), ("count", .ofNat e.certificate.count),
    ("error", .float (UInt64.ofNat e.certificate.error)),
    ("error_bound", .float (UInt64.ofNat e.certificate.errorBound)), ("nonnegative", .bool e.certificate.nonnegative)]

/-- The two messages. -/
def messages (e : SumExchange) : Messages where
  format := e.format
  request := requestOf e.id "matrix_sum" e.params e.arrays
  reply := replyOf e.id e.result e.certificateEntries
  requestBytes := e.request
  replyBytes := e.reply

/-- What the exchange claims: its bytes are what they should be, and the certificate is true of the exact values of the
numbers that were sent. -/
structure Holds (e : SumExchange) : Prop where
  /-- The bytes are those of the messages. -/
  messages_hold : e.messages.Hold
  /-- The sum is as near to the true sum as the certificate says. -/
  certified : Certified e.doubles e.sum e.certificate

/-- What the messages need to fit, beside what holds of every exchange of this kind. -/
def fits (e : SumExchange) : Bool :=
  Envelope.isId e.id && Envelope.natFits e.certificate.count && decide (e.rows < Value.lengthLimit) &&
    decide (e.columns < Value.lengthLimit) && Json.oneNaNEntries e.result && Json.oneNaNEntries e.certificateEntries

theorem fit_of_fits (e : SumExchange) (h : e.fits = true) : e.messages.Fit := by
  simp only [fits, Bool.and_eq_true, decide_eq_true_eq] at h
  obtain ⟨⟨⟨⟨⟨id, count⟩, rows⟩, columns⟩, result⟩, certificate⟩ := h
  refine ⟨wellFormed_requestOf id (by decide +kernel) ?_ ?_ ?_, wellFormed_replyOf id ?_ ?_,
    keeps_replyOf result certificate⟩
  · cases inline : e.inline <;> simp only [params, inline, if_true, Bool.false_eq_true, if_false]
    · decide +kernel
    · exact mapFits_matrix _ rows columns
  · have fitting {n : Nat} (h : n < Value.lengthLimit) : n < 2 ^ 64 := Nat.lt_trans h (by decide)
    have name : Envelope.isName "matrix" = true := by decide +kernel
    cases inline : e.inline <;>
      simp [arrays, inline, ArrayHeader.allValid, ArrayHeader.valid, Envelope.natsFit, Envelope.natFits, name,
        fitting rows, fitting columns]
  · cases inline : e.inline <;> simp [arrays, inline]
  · simp [Envelope.mapFits_iff, SumExchange.result, Value.depth, Value.depthEntries, Value.maxDepth, Value.fits,
      Value.fitsEntries, Value.hasKey, Value.lengthLimit]
    decide +kernel
  · have count : Value.fits (.int e.certificate.count) = true := Envelope.fits_ofNat count
    rw [Value.fits] at count
    simp [Envelope.mapFits_iff, certificateEntries, Value.depth, Value.depthEntries, Value.maxDepth, Value.fits,
      Value.fitsEntries, Value.hasKey, Value.lengthLimit, count, Value.ofNat]
    decide +kernel

/-- Decides `Holds`. -/
noncomputable def check (e : SumExchange) : Bool :=
  checkChunks e.elements e.count e.sum e.certificate && e.messages.check && e.fits

theorem holds_of_check (e : SumExchange) (h : e.check = true) : e.Holds := by
  simp only [check, Bool.and_eq_true] at h
  exact ⟨Messages.hold_of_check (e.fit_of_fits h.2) h.1.2, checkChunks_sound h.1.1⟩

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
  request := requestOf e.id "echo" e.params
  reply := replyOf e.id e.params []
  requestBytes := e.request
  replyBytes := e.reply

/-- What the exchange claims: the parameters came back, and the bytes are what they should be. -/
def Holds (e : EchoExchange) : Prop := e.messages.Hold

/-- What the messages need to fit. -/
def fits (e : EchoExchange) : Bool := Envelope.isId e.id && Envelope.mapFits 1 e.params && Json.oneNaNEntries e.params

theorem fit_of_fits (e : EchoExchange) (h : e.fits = true) : e.messages.Fit := by
  simp only [fits, Bool.and_eq_true] at h
  exact ⟨wellFormed_requestOf h.1.1 (by decide +kernel) h.1.2 rfl (by decide),
    wellFormed_replyOf h.1.1 h.1.2 (by decide +kernel), keeps_replyOf h.2 rfl⟩

/-- Decides `Holds`. -/
def check (e : EchoExchange) : Bool := e.fits && e.messages.check

theorem holds_of_check (e : EchoExchange) (h : e.check = true) : e.Holds := by
  simp only [check, Bool.and_eq_true] at h
  exact Messages.hold_of_check (e.fit_of_fits h.1) h.2

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
  request := requestOf e.id "ping" []
  reply := replyOf e.id [("pong", .bool true)] []
  requestBytes := e.request
  replyBytes := e.reply

/-- What the exchange claims: the server answered, and the bytes are what they should be. -/
def Holds (e : PingExchange) : Prop := e.messages.Hold

theorem fit_of_isId (e : PingExchange) (h : Envelope.isId e.id = true) : e.messages.Fit :=
  ⟨wellFormed_requestOf h (by decide +kernel) (by decide +kernel) rfl (by decide),
    wellFormed_replyOf h (by decide +kernel) (by decide +kernel), keeps_replyOf rfl rfl⟩

/-- Decides `Holds`. -/
def check (e : PingExchange) : Bool := Envelope.isId e.id && e.messages.check

theorem holds_of_check (e : PingExchange) (h : e.check = true) : e.Holds := by
  simp only [check, Bool.and_eq_true] at h
  exact Messages.hold_of_check (e.fit_of_isId h.1) h.2

end PingExchange

/-! The kernel unfolds these all the same. When it says no, `decide` does not evaluate them once more, for its message,
outside the kernel, which takes as long again. -/

attribute [irreducible] SumExchange.check EchoExchange.check PingExchange.check

end LeanPythonBridge.Transcript
