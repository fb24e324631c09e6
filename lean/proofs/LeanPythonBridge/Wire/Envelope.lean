module
public import LeanPythonBridge.Wire.Value
public import LeanPythonBridge.Wire.Bytes

/-!
# Requests and replies

What a header says, as Lean structures, and as the map that any format carries. `toValue` gives the keys in
their one order and leaves out what is empty. `ofValue?` takes keys in any order and refuses unknown keys,
missing keys and everything else that the protocol rules out.
-/

@[expose] public section

namespace LeanPythonBridge

/-- The entries of a map. -/
abbrev Entries := List (String × Value)

/-! ## Formats -/

/-- The formats that a header may have. -/
inductive Format where
  /-- JSON text. -/
  | json
  /-- MessagePack. -/
  | messagePack
  /-- Protocol Buffers. -/
  | protobuf
  deriving Repr, DecidableEq, Inhabited

namespace Format

/-- JSON, when a brace is the first byte that is no white space. -/
def detectJson? : List UInt8 → Option Format
  | [] => none
  | b :: rest =>
    if b.toNat = 0x7b then some .json
    else if b.toNat = 0x20 ∨ b.toNat = 0x09 ∨ b.toNat = 0x0a ∨ b.toNat = 0x0d then detectJson? rest
    else none

/-- The format of a header, which its first byte tells. -/
def detect? : List UInt8 → Option Format
  | [] => none
  | b :: rest =>
    let n := b.toNat
    if n = 0x08 then some .protobuf
    else if 0x80 ≤ n ∧ n < 0x90 ∨ n = 0xde ∨ n = 0xdf then some .messagePack
    else detectJson? (b :: rest)

end Format

/-! ## Reading maps -/

namespace Envelope

/-- The version of the schema that this module speaks. -/
def schemaVersion : Nat := 2

/-- The text is among these. -/
def isOneOf (text : String) : List String → Bool
  | [] => false
  | t :: ts => t == text || isOneOf text ts

/-- Every key of the entries is among these. -/
def onlyKeys (keys : List String) : Entries → Bool
  | [] => true
  | (k, _) :: es => isOneOf k keys && onlyKeys keys es

/-- What `read` makes of the value under a key that must be there. -/
def required? (key : String) (read : Value → Option α) (entries : Entries) : Option α :=
  match Value.find? key entries with
  | some v => read v
  | none => none

/-- What `read` makes of the value under a key, `some none` when the key is not there. -/
def optional? (key : String) (read : Value → Option α) (entries : Entries) : Option (Option α) :=
  match Value.find? key entries with
  | some v => (read v).map some
  | none => some none

/-- An entry whose value may be absent, before others. -/
def optionalEntry (key : String) (value : Option Value) (rest : Entries) : Entries :=
  match value with
  | none => rest
  | some v => (key, v) :: rest

/-- Natural numbers, when all items are. -/
def nats? : List Value → Option (List Nat)
  | [] => some []
  | v :: vs => do return (← v.asNat?) :: (← nats? vs)

/-- Natural numbers as items. -/
def ofNats : List Nat → List Value
  | [] => []
  | n :: ns => Value.ofNat n :: ofNats ns

/-- The value is this schema's version. -/
def readVersion (v : Value) : Option Unit := if v = .ofNat schemaVersion then some () else none

/-- A number that the wire's integers have room for. -/
def natFits (n : Nat) : Bool := decide (n < 2 ^ 64)

/-- Every number fits. -/
def natsFit : List Nat → Bool
  | [] => true
  | n :: ns => natFits n && natsFit ns

/-- How many characters UTF-8 bytes hold: continuation bytes do not count. -/
def countChars : List UInt8 → Nat
  | [] => 0
  | b :: bs => if 0x80 ≤ b.toNat ∧ b.toNat < 0xc0 then countChars bs else countChars bs + 1

/-- A name of 1 to 128 characters. -/
def isName (s : String) : Bool :=
  let n := countChars (Bytes.ofString s)
  decide (1 ≤ n) && decide (n ≤ 128) && Value.stringFits s

/-- The byte is one of `A-Za-z0-9._:-`. -/
def isIdByte (b : UInt8) : Bool :=
  let n := b.toNat
  decide (97 ≤ n ∧ n ≤ 122) || decide (48 ≤ n ∧ n ≤ 58) || decide (65 ≤ n ∧ n ≤ 90) ||
    decide (n = 45 ∨ n = 46 ∨ n = 95)

/-- Every byte is one of an id, and there are at most `room`. -/
def areIdBytes : (room : Nat) → List UInt8 → Bool
  | _, [] => true
  | 0, _ :: _ => false
  | room + 1, b :: bs => isIdByte b && areIdBytes room bs

/-- A correlation id: 1 to 64 of `A-Za-z0-9._:-`. -/
def isId (s : String) : Bool := s != "" && areIdBytes 64 (Bytes.ofString s)

/-- The map has room, in depth, inside of `outer` other maps, and all that is in it fits. -/
def mapFits (outer : Nat) (entries : Entries) : Bool :=
  decide ((Value.map entries).depth + outer ≤ Value.maxDepth) && (Value.map entries).fits

end Envelope

open Envelope

/-! ## Arrays -/

/-- The type of an array's elements, little endian on the wire. -/
inductive DType where
  /-- IEEE binary64. -/
  | f8
  /-- IEEE binary32. -/
  | f4
  /-- Signed, 64 bits. -/
  | i8
  /-- Signed, 32 bits. -/
  | i4
  /-- Unsigned, 64 bits. -/
  | u8
  /-- A truth value, one byte, 0 or 1. -/
  | b1
  deriving Repr, DecidableEq, Inhabited

namespace DType

/-- Its name on the wire. -/
def name : DType → String
  | .f8 => "f8"
  | .f4 => "f4"
  | .i8 => "i8"
  | .i4 => "i4"
  | .u8 => "u8"
  | .b1 => "b1"

/-- The bytes of one element. -/
def itemSize : DType → Nat
  | .f8 | .i8 | .u8 => 8
  | .f4 | .i4 => 4
  | .b1 => 1

/-- The type of a name. -/
def ofName? (name : String) : Option DType :=
  if name = "f8" then some .f8
  else if name = "f4" then some .f4
  else if name = "i8" then some .i8
  else if name = "i4" then some .i4
  else if name = "u8" then some .u8
  else if name = "b1" then some .b1
  else none

end DType

/-- What the frames of one array hold. -/
structure ArrayHeader where
  /-- Unique within a message. -/
  name : String
  /-- The type of its elements. -/
  dtype : DType
  /-- How far each dimension goes; empty for an array of no dimensions, which has one element. -/
  shape : List Nat
  /-- How many consecutive frames hold it. -/
  frames : Nat := 1
  deriving Repr, Inhabited

namespace ArrayHeader

/-- What the protocol asks of an array header. -/
def valid (h : ArrayHeader) : Bool :=
  isName h.name && decide (h.shape.length ≤ 32) && natsFit h.shape && decide (1 ≤ h.frames) &&
    natFits h.frames

/-- The header as a map. -/
def toValue (h : ArrayHeader) : Value :=
  .map [("name", .string h.name), ("dtype", .string h.dtype.name), ("shape", .list (ofNats h.shape)),
    ("frames", .ofNat h.frames)]

/-- The header that a map says. -/
def ofValue? (v : Value) : Option ArrayHeader := do
  let entries ← v.asMap?
  let name ← required? "name" Value.asString? entries
  let dtype ← required? "dtype" (fun v => v.asString?.bind DType.ofName?) entries
  let shape ← required? "shape" (fun v => v.asList?.bind nats?) entries
  let frames ← required? "frames" Value.asNat? entries
  let header : ArrayHeader := ⟨name, dtype, shape, frames⟩
  if onlyKeys ["name", "dtype", "shape", "frames"] entries && header.valid then some header else none

/-- Every header is valid. -/
def allValid : List ArrayHeader → Bool
  | [] => true
  | h :: hs => h.valid && allValid hs

/-- The headers as maps. -/
def toValues : List ArrayHeader → List Value
  | [] => []
  | h :: hs => h.toValue :: toValues hs

/-- The headers that maps say. -/
def ofValues? : List Value → Option (List ArrayHeader)
  | [] => some []
  | v :: vs => do return (← ofValue? v) :: (← ofValues? vs)

/-- One of the headers has this name. -/
def hasName (name : String) : List ArrayHeader → Bool
  | [] => false
  | h :: hs => h.name == name || hasName name hs

/-- No two headers have the same name. -/
def namesDistinct : List ArrayHeader → Bool
  | [] => true
  | h :: hs => !hasName h.name hs && namesDistinct hs

/-- The headers as the value of `arrays`; none when there are no arrays. -/
def listValue? : List ArrayHeader → Option Value
  | [] => none
  | hs => some (.list (toValues hs))

/-- The headers under `arrays`; none when there is no such key. -/
def ofEntries? (entries : Entries) : Option (List ArrayHeader) := do
  let headers := (← optional? "arrays" (fun v => v.asList?.bind ofValues?) entries).getD []
  if namesDistinct headers then some headers else none

end ArrayHeader

/-! ## Requests -/

/-- A request. -/
structure Request where
  /-- The correlation id, which the reply carries back. -/
  id : String
  /-- The name of the operation. -/
  op : String
  /-- What the operation is given. -/
  params : Entries := []
  /-- The arrays that follow the header. -/
  arrays : List ArrayHeader := []
  /-- How long the caller will wait, in milliseconds. -/
  deadlineMs : Option Nat := none
  /-- Whether a certificate is asked for. -/
  certify : Bool := false
  deriving Repr, Inhabited

namespace Request

/-- The deadline, when there is one, is a number of at least 1. -/
def deadlineValid : Option Nat → Bool
  | none => true
  | some n => decide (1 ≤ n) && natFits n

/-- What the protocol asks of the fields that `ofValue?` reads. -/
def fieldsValid (r : Request) : Bool := isId r.id && isName r.op && deadlineValid r.deadlineMs

/-- What the protocol asks of a request, but for `params`, which are the operation's business. -/
def valid (r : Request) : Bool :=
  r.fieldsValid && ArrayHeader.allValid r.arrays && ArrayHeader.namesDistinct r.arrays

/-- What the wire can carry: a valid request whose parameters and number of arrays have room. -/
def wellFormed (r : Request) : Bool :=
  r.valid && mapFits 1 r.params && decide (r.arrays.length < Value.lengthLimit)

/-- The request as a map. -/
def toValue (r : Request) : Value :=
  .map (("schema_version", .ofNat schemaVersion) :: ("id", .string r.id) :: ("op", .string r.op) ::
    ("params", .map r.params) ::
    optionalEntry "arrays" (ArrayHeader.listValue? r.arrays)
      (optionalEntry "deadline_ms" (r.deadlineMs.map .ofNat)
        (optionalEntry "certify" (if r.certify then some (.bool true) else none) [])))

/-- The keys of a request. -/
def keys : List String :=
  ["schema_version", "id", "op", "params", "arrays", "deadline_ms", "certify"]

/-- The request that a map says. -/
def ofValue? (v : Value) : Option Request := do
  let entries ← v.asMap?
  required? "schema_version" readVersion entries
  let id ← required? "id" Value.asString? entries
  let op ← required? "op" Value.asString? entries
  let params ← required? "params" Value.asMap? entries
  let arrays ← ArrayHeader.ofEntries? entries
  let deadlineMs ← optional? "deadline_ms" Value.asNat? entries
  let certify ← optional? "certify" Value.asBool? entries
  let request : Request := ⟨id, op, params, arrays, deadlineMs, certify.getD false⟩
  if onlyKeys keys entries && request.fieldsValid then some request else none

end Request

/-! ## Replies -/

/-- Why a request has no result. -/
inductive ErrorCode where
  /-- The message could not be read, or is no request. -/
  | badMessage
  /-- The schema version is not one that the server speaks. -/
  | unsupportedSchemaVersion
  /-- The server has no operation of this name. -/
  | unknownOperation
  /-- The operation cannot work with what it was given. -/
  | invalidParams
  /-- No certificate can be made for the answer. -/
  | uncertifiable
  /-- A limit was passed. -/
  | tooLarge
  /-- The deadline passed first. -/
  | deadlineExceeded
  /-- The queue is full. -/
  | overloaded
  /-- The worker died, and nobody knows how far it came. -/
  | workerLost
  /-- The user may not do this. -/
  | unauthorized
  /-- The server is at fault. -/
  | internal
  deriving Repr, DecidableEq, Inhabited

namespace ErrorCode

/-- Its name on the wire. -/
def name : ErrorCode → String
  | .badMessage => "bad_message"
  | .unsupportedSchemaVersion => "unsupported_schema_version"
  | .unknownOperation => "unknown_operation"
  | .invalidParams => "invalid_params"
  | .uncertifiable => "uncertifiable"
  | .tooLarge => "too_large"
  | .deadlineExceeded => "deadline_exceeded"
  | .overloaded => "overloaded"
  | .workerLost => "worker_lost"
  | .unauthorized => "unauthorized"
  | .internal => "internal"

/-- The code of a name. -/
def ofName? (name : String) : Option ErrorCode :=
  if name = "bad_message" then some .badMessage
  else if name = "unsupported_schema_version" then some .unsupportedSchemaVersion
  else if name = "unknown_operation" then some .unknownOperation
  else if name = "invalid_params" then some .invalidParams
  else if name = "uncertifiable" then some .uncertifiable
  else if name = "too_large" then some .tooLarge
  else if name = "deadline_exceeded" then some .deadlineExceeded
  else if name = "overloaded" then some .overloaded
  else if name = "worker_lost" then some .workerLost
  else if name = "unauthorized" then some .unauthorized
  else if name = "internal" then some .internal
  else none

end ErrorCode

/-- What an error reply says. -/
structure ErrorInfo where
  /-- The kind of error, for a program. -/
  code : ErrorCode
  /-- What went wrong, for a person. -/
  message : String
  /-- Particulars, for a program. -/
  details : Entries := []
  deriving Repr, Inhabited

namespace ErrorInfo

/-- The error as a map. -/
def toValue (e : ErrorInfo) : Value :=
  .map [("code", .string e.code.name), ("message", .string e.message), ("details", .map e.details)]

/-- The error that a map says. -/
def ofValue? (v : Value) : Option ErrorInfo := do
  let entries ← v.asMap?
  let code ← required? "code" (fun v => v.asString?.bind ErrorCode.ofName?) entries
  let message ← required? "message" Value.asString? entries
  let details ← required? "details" Value.asMap? entries
  if onlyKeys ["code", "message", "details"] entries then some ⟨code, message, details⟩ else none

end ErrorInfo

/-- How long a request waited and ran, in microseconds. -/
structure Timing where
  /-- In the queue. -/
  queueUs : Nat
  /-- In the operation. -/
  computeUs : Nat
  deriving Repr, Inhabited

namespace Timing

/-- The times as a map. -/
def toValue (t : Timing) : Value :=
  .map [("queue_us", .ofNat t.queueUs), ("compute_us", .ofNat t.computeUs)]

/-- The times that a map says. -/
def ofValue? (v : Value) : Option Timing := do
  let entries ← v.asMap?
  let queueUs ← required? "queue_us" Value.asNat? entries
  let computeUs ← required? "compute_us" Value.asNat? entries
  if onlyKeys ["queue_us", "compute_us"] entries then some ⟨queueUs, computeUs⟩ else none

end Timing

/-- What came of a request: `status`, and what goes with it. -/
inductive Outcome where
  /-- The operation's result, its arrays, and a certificate when one was asked for. -/
  | ok (result : Entries) (arrays : List ArrayHeader) (certificate : Option Entries)
  /-- An error. -/
  | error (info : ErrorInfo)
  deriving Repr, Inhabited

/-- A reply. -/
structure Reply where
  /-- The id of the request, `"?"` when the server could read none. -/
  id : String
  /-- What came of it. -/
  outcome : Outcome
  /-- How long it took. A reply that carries a certificate says nothing about time. -/
  timing : Option Timing := none
  deriving Repr, Inhabited

namespace Reply

/-- The id that an error reply has when the request's could not be read. -/
def unknownId : String := "?"

/-- An id, or `unknownId`. -/
def idValid (id : String) : Bool := id == unknownId || isId id

/-- What the protocol asks of an outcome. -/
def outcomeValid : Outcome → Bool
  | .ok _ arrays _ => ArrayHeader.allValid arrays && ArrayHeader.namesDistinct arrays
  | .error _ => true

/-- What the protocol asks of a reply. -/
def valid (r : Reply) : Bool := idValid r.id && outcomeValid r.outcome

/-- A certificate, when there is one, has room. -/
def certificateFits : Option Entries → Bool
  | none => true
  | some certificate => mapFits 1 certificate

/-- What the wire can carry of an outcome. -/
def outcomeFits : Outcome → Bool
  | .ok result arrays certificate =>
    mapFits 1 result && decide (arrays.length < Value.lengthLimit) && certificateFits certificate
  | .error info => Value.stringFits info.message && mapFits 2 info.details

/-- What the wire can carry of times. -/
def timingFits : Option Timing → Bool
  | none => true
  | some t => natFits t.queueUs && natFits t.computeUs

/-- What the wire can carry: a valid reply all of whose parts have room. -/
def wellFormed (r : Reply) : Bool := r.valid && outcomeFits r.outcome && timingFits r.timing

/-- The entries of an outcome, before others. -/
def outcomeEntries (outcome : Outcome) (rest : Entries) : Entries :=
  match outcome with
  | .ok result arrays certificate =>
    ("status", .string "ok") :: ("result", .map result) ::
      optionalEntry "arrays" (ArrayHeader.listValue? arrays)
        (optionalEntry "certificate" (certificate.map .map) rest)
  | .error info => ("status", .string "error") :: ("error", info.toValue) :: rest

/-- The reply as a map. -/
def toValue (r : Reply) : Value :=
  .map (("schema_version", .ofNat schemaVersion) :: ("id", .string r.id) ::
    outcomeEntries r.outcome (optionalEntry "timing" (r.timing.map Timing.toValue) []))

/-- The keys of a reply without an error. -/
def okKeys : List String :=
  ["schema_version", "id", "status", "result", "arrays", "certificate", "timing"]

/-- The keys of a reply with one. -/
def errorKeys : List String := ["schema_version", "id", "status", "error", "timing"]

/-- The outcome that the entries of a reply say. -/
def outcomeOf? (entries : Entries) : Option Outcome := do
  let status ← required? "status" Value.asString? entries
  if status = "ok" then do
    let result ← required? "result" Value.asMap? entries
    let arrays ← ArrayHeader.ofEntries? entries
    let certificate ← optional? "certificate" Value.asMap? entries
    if onlyKeys okKeys entries then some (.ok result arrays certificate) else none
  else if status = "error" then do
    let info ← required? "error" ErrorInfo.ofValue? entries
    if onlyKeys errorKeys entries then some (.error info) else none
  else none

/-- The reply that a map says. -/
def ofValue? (v : Value) : Option Reply := do
  let entries ← v.asMap?
  required? "schema_version" readVersion entries
  let id ← required? "id" Value.asString? entries
  let outcome ← outcomeOf? entries
  let timing ← optional? "timing" Timing.ofValue? entries
  if idValid id then some ⟨id, outcome, timing⟩ else none

end Reply
end LeanPythonBridge
