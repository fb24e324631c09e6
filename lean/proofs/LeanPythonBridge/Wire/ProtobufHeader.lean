module
public import LeanPythonBridge.Wire.Envelope
public import LeanPythonBridge.Wire.Protobuf

/-!
# Requests and replies in Protocol Buffers

The message `Header` of `bridge.proto`. `decodeHeader` gives the map that the other formats carry, its keys in their
one order, as strict as `decode` is. `encodeHeader` writes the request or the reply that such a map says.
-/

@[expose] public section

namespace LeanPythonBridge.Protobuf

open Reader Envelope

/-! ## Decoding -/

/-- A field of a message with named fields: its tag, and what it holds, which `field` reads after the tag. -/
def named (field : (tag : Nat) → Reader Value) : Reader (Nat × Value) :=
  varint.bind fun tag => (field tag).map fun v => (tag, v)

/-- The message that has these fields, when there is one. -/
def message (field : (tag : Nat) → Reader Value) (ofFields? : List (Nat × Value) → Option Value) : Reader Value :=
  (repeated (named field)).bind fun fs =>
    match ofFields? fs with
    | some v => .pure v
    | none => fail

/-- What the fields with this tag hold. -/
def select (tag : Nat) : List (Nat × Value) → List Value
  | [] => []
  | (t, v) :: fs => if t = tag then v :: select tag fs else select tag fs

/-- What the field with this tag holds, `some none` when it is not there. Two are refused. -/
def single? (tag : Nat) (fs : List (Nat × Value)) : Option (Option Value) :=
  match select tag fs with
  | [] => some none
  | [v] => some (some v)
  | _ :: _ :: _ => none

/-- A number. -/
def nat : Reader Value := varint.map .ofNat

/-- A string. -/
def text : Reader Value := delimited (chars.map fun cs => .string (String.ofList cs))

/-- A map whose values are at most `depth` deep. -/
def mapWithin (depth : Nat) : Reader Value := delimited ((map (value depth)).map .map)

/-- A field of an array's header. The dimensions are packed in one field, or have one each. -/
def arrayField (tag : Nat) : Reader Value :=
  if tag = 0x0a ∨ tag = 0x12 then text
  else if tag = 0x18 ∨ tag = 0x20 then nat
  else if tag = 0x1a then delimited ((repeated varint).map fun ns => .list (ofNats ns))
  else fail

/-- The dimensions, in order. -/
def shapeOf : List (Nat × Value) → List Value
  | [] => []
  | (tag, v) :: fs =>
    if tag = 0x18 then v :: shapeOf fs
    else if tag = 0x1a then (v.asList?.getD []) ++ shapeOf fs
    else shapeOf fs

/-- An array's header from its fields; what is zero or empty has been left out. -/
def arrayOfFields? (fs : List (Nat × Value)) : Option Value := do
  let name ← single? 0x0a fs
  let dtype ← single? 0x12 fs
  let frames ← single? 0x20 fs
  some (.map [("name", name.getD (.string "")), ("dtype", dtype.getD (.string "")), ("shape", .list (shapeOf fs)),
    ("frames", frames.getD (.ofNat 0))])

/-- A field of an error. -/
def errorField (tag : Nat) : Reader Value :=
  if tag = 0x0a ∨ tag = 0x12 then text
  else if tag = 0x1a then mapWithin (Value.maxDepth - 3)
  else fail

/-- An error from its fields. -/
def errorOfFields? (fs : List (Nat × Value)) : Option Value := do
  let code ← single? 0x0a fs
  let description ← single? 0x12 fs
  let details ← single? 0x1a fs
  some (.map (("code", code.getD (.string "")) :: ("message", description.getD (.string "")) ::
    optionalEntry "details" details []))

/-- A field of the times. -/
def timingField (tag : Nat) : Reader Value := if tag = 0x08 ∨ tag = 0x10 then nat else fail

/-- The times from their fields. -/
def timingOfFields? (fs : List (Nat × Value)) : Option Value := do
  let queue ← single? 0x08 fs
  let compute ← single? 0x10 fs
  some (.map [("queue_us", queue.getD (.ofNat 0)), ("compute_us", compute.getD (.ofNat 0))])

/-- A field of a header. -/
def headerField (tag : Nat) : Reader Value :=
  if tag = 0x12 ∨ tag = 0x1a ∨ tag = 0x42 then text
  else if tag = 0x08 ∨ tag = 0x30 then nat
  else if tag = 0x22 ∨ tag = 0x4a ∨ tag = 0x52 then mapWithin (Value.maxDepth - 2)
  else if tag = 0x2a then delimited (message arrayField arrayOfFields?)
  else if tag = 0x38 then boolean.map .bool
  else if tag = 0x5a then delimited (message errorField errorOfFields?)
  else if tag = 0x62 then delimited (message timingField timingOfFields?)
  else fail

/-- Several values as a list, `none` when there are none. -/
def listOf? : List Value → Option Value
  | [] => none
  | v :: vs => some (.list (v :: vs))

/-- A header from its fields. -/
def headerOfFields? (fs : List (Nat × Value)) : Option Value := do
  let version ← single? 0x08 fs
  let id ← single? 0x12 fs
  let op ← single? 0x1a fs
  let params ← single? 0x22 fs
  let status ← single? 0x42 fs
  let result ← single? 0x4a fs
  let deadline ← single? 0x30 fs
  let certify ← single? 0x38 fs
  let certificate ← single? 0x52 fs
  let error ← single? 0x5a fs
  let timing ← single? 0x62 fs
  some (.map (("schema_version", version.getD (.ofNat 0)) :: ("id", id.getD (.string "")) ::
    optionalEntry "op" op (optionalEntry "params" params (optionalEntry "status" status
      (optionalEntry "result" result (optionalEntry "arrays" (listOf? (select 0x2a fs))
        (optionalEntry "deadline_ms" deadline (optionalEntry "certify" certify
          (optionalEntry "certificate" certificate (optionalEntry "error" error
            (optionalEntry "timing" timing [])))))))))))

/-- The header map that bytes say, when they say one. -/
def decodeHeader (bytes : List UInt8) : Option Value := (message headerField headerOfFields?).run bytes

/-! ## Encoding

What is zero or empty is left out of messages with named fields, unless the definition says `optional`. -/

/-- A field with a message or a string, then other bytes. -/
def fieldBefore (tag : UInt8) (content rest : List UInt8) : List UInt8 :=
  tag :: varintBefore content.length (content ++ rest)

/-- A string, then other bytes. -/
def textBefore (tag : UInt8) (s : String) (rest : List UInt8) : List UInt8 :=
  fieldBefore tag (Bytes.ofString s) rest

/-- A map, then other bytes. -/
def mapBefore (tag : UInt8) (entries : Entries) (rest : List UInt8) : List UInt8 :=
  tag :: varintBefore (sizeEntries entries 0) (entriesBefore entries rest)

/-- A map, when there is one, then other bytes. -/
def map?Before (tag : UInt8) (entries : Option Entries) (rest : List UInt8) : List UInt8 :=
  match entries with
  | none => rest
  | some entries => mapBefore tag entries rest

/-- A number, unless it is 0, then other bytes. -/
def natBefore (tag : UInt8) (n : Nat) (rest : List UInt8) : List UInt8 :=
  if n = 0 then rest else tag :: varintBefore n rest

/-- The numbers, one after the other. -/
def packed : List Nat → List UInt8
  | [] => []
  | n :: ns => varintBefore n (packed ns)

/-- The message for an array's header. Its name is not empty. -/
def arrayBytes (h : ArrayHeader) : List UInt8 :=
  textBefore 0x0a h.name (textBefore 0x12 h.dtype.name
    (let rest := natBefore 0x20 h.frames []
     if h.shape.isEmpty then rest else fieldBefore 0x1a (packed h.shape) rest))

/-- The headers of arrays, then other bytes. -/
def arraysBefore : List ArrayHeader → (rest : List UInt8) → List UInt8
  | [], rest => rest
  | h :: hs, rest => fieldBefore 0x2a (arrayBytes h) (arraysBefore hs rest)

/-- The message for an error. -/
def errorBytes (e : ErrorInfo) : List UInt8 :=
  textBefore 0x0a e.code.name
    (let rest := mapBefore 0x1a e.details []
     if e.message = "" then rest else textBefore 0x12 e.message rest)

/-- The times, when they are known, then other bytes. -/
def timing?Before (t : Option Timing) (rest : List UInt8) : List UInt8 :=
  match t with
  | none => rest
  | some t => fieldBefore 0x62 (natBefore 0x08 t.queueUs (natBefore 0x10 t.computeUs [])) rest

/-- The schema version, the id, and other bytes. -/
def startBefore (id : String) (rest : List UInt8) : List UInt8 :=
  0x08 :: UInt8.ofNat schemaVersion :: textBefore 0x12 id rest

/-- The message for a request. -/
def requestBytes (r : Request) : List UInt8 :=
  startBefore r.id (textBefore 0x1a r.op (mapBefore 0x22 r.params (arraysBefore r.arrays
    (natBefore 0x30 (r.deadlineMs.getD 0) (if r.certify then [0x38, 1] else [])))))

/-- The message for a reply. -/
def replyBytes (r : Reply) : List UInt8 :=
  startBefore r.id (match r.outcome with
    | .ok result arrays certificate =>
      arraysBefore arrays (textBefore 0x42 "ok" (mapBefore 0x4a result
        (map?Before 0x52 certificate (timing?Before r.timing []))))
    | .error info => textBefore 0x42 "error" (fieldBefore 0x5a (errorBytes info) (timing?Before r.timing [])))

/-- A message, unless it is too long. -/
def limited (bytes : List UInt8) : Option (List UInt8) :=
  if lengthFrom 0 bytes < messageLimit then some bytes else none

/-- The bytes of a request; `none` when there are too many. -/
def encodeRequest (r : Request) : Option (List UInt8) := limited (requestBytes r)

/-- The bytes of a reply; `none` when there are too many. -/
def encodeReply (r : Reply) : Option (List UInt8) := limited (replyBytes r)

/-- The bytes of the request or reply that a map says; `none` when it says neither. -/
def encodeHeader (v : Value) : Option (List UInt8) :=
  match Request.ofValue? v with
  | some r => encodeRequest r
  | none =>
    match Reply.ofValue? v with
    | some r => encodeReply r
    | none => none

/-- The request that bytes say. -/
def decodeRequest? (bytes : List UInt8) : Option Request := (decodeHeader bytes).bind Request.ofValue?

/-- The reply that bytes say. -/
def decodeReply? (bytes : List UInt8) : Option Reply := (decodeHeader bytes).bind Reply.ofValue?

end LeanPythonBridge.Protobuf
