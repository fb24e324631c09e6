module

public import LeanPythonBridge.Wire.Formats
public import LeanPythonBridge.Client.Retry

/-!
# The client, without its sockets

What a request says, what the frames of a reply mean, and how a call goes on when frames, silence or a failure of the
socket come: `Call` is the state machine of `Client.Retry` with the meaning of frames. `PythonIntegration` owns the socket, the
clock and the random numbers, and decides nothing.

A call ends in a result or in an `Error`, which names the endpoint, the number of tries and what ended the last one.
-/

@[expose] public section

namespace LeanPythonBridge.Client

/-! ## Errors -/

/-- Why a call gave no result. -/
inductive Failure where
  /-- Every try went unanswered, or could not be sent. -/
  | timeout
  /-- The last try was answered with something that is no reply to the request. -/
  | protocol
  /-- The server answered with an error. -/
  | remote (code message : String) (details : List (String × Value))
  /-- The endpoint cannot be used at all. -/
  | endpoint
  /-- The request cannot be written, in the bridge's format or at all. -/
  | request
  /-- The server's certificate does not prove its result. -/
  | certificate

/-- A call that gave no result. -/
structure Error where
  /-- What happened. -/
  failure : Failure
  /-- Where the request was sent. -/
  endpoint : String
  /-- How many times it was sent. -/
  tries : Nat
  /-- What ended the last try; empty when `failure` says it all. -/
  lastCause : String := ""

/-- The kind of failure, for programs. -/
def Failure.kind : Failure → String
  | .timeout => "timeout"
  | .protocol => "protocol"
  | .remote .. => "remote"
  | .endpoint => "endpoint"
  | .request => "request"
  | .certificate => "certificate"

/-- What happened, for people. -/
def Failure.text : Failure → String
  | .timeout => "no reply in time"
  | .protocol => "the answer is no reply"
  | .remote code message _ => code ++ ": " ++ message
  | .endpoint => "cannot connect"
  | .request => "the request cannot be written"
  | .certificate => "the certificate does not prove the result"

/-- One line for people. -/
def Error.text (e : Error) : String :=
  let tries := toString e.tries ++ (if e.tries = 1 then " try" else " tries")
  let cause := if e.lastCause = "" then "" else "; last cause: " ++ e.lastCause
  e.endpoint ++ ": " ++ e.failure.text ++ " (" ++ tries ++ cause ++ ")"

instance : ToString Error := ⟨Error.text⟩

/-! ## Requests -/

/-- A hexadecimal digit. -/
def hexDigit (n : Nat) : Char := Char.ofNat (if n < 10 then 48 + n else 87 + n)

/-- The hexadecimal digits of bytes. -/
def hexDigits : List UInt8 → List Char
  | [] => []
  | b :: bytes => hexDigit (b.toNat / 16) :: hexDigit (b.toNat % 16) :: hexDigits bytes

/-- How many random bytes make a correlation id. -/
def idBytes : Nat := 16

/-- The correlation id that random bytes give. -/
def idOfBytes (bytes : List UInt8) : String := String.ofList (hexDigits bytes)

private theorem hexDigit_injective {m n : Nat} (hm : m < 16) (hn : n < 16) (h : hexDigit m = hexDigit n) : m = n := by
  have all : ∀ m : Fin 16, ∀ n : Fin 16, hexDigit m = hexDigit n → m = n := by decide +kernel
  exact congrArg Fin.val (all ⟨m, hm⟩ ⟨n, hn⟩ h)

private theorem hexDigits_injective : ∀ {a b : List UInt8}, hexDigits a = hexDigits b → a = b
  | [], [], _ => rfl
  | [], _ :: _, h | _ :: _, [], h => by simp [hexDigits] at h
  | x :: a, y :: b, h => by
    simp only [hexDigits, List.cons.injEq] at h
    have high := hexDigit_injective (by have := x.toNat_lt; omega) (by have := y.toNat_lt; omega) h.1
    have low := hexDigit_injective (by omega) (by omega) h.2.1
    rw [hexDigits_injective h.2.2, UInt8.toNat_inj.1 (show x.toNat = y.toNat by omega)]

/-- Two ids are the same only when the random bytes were. -/
theorem idOfBytes_injective {a b : List UInt8} (h : idOfBytes a = idOfBytes b) : a = b :=
  hexDigits_injective (String.ofList_injective h)

/-- What the frames of one array hold. -/
structure FrameHeader where
  /-- Unique within a message. -/
  name : String
  /-- `f8`, `f4`, `i8`, `i4`, `u8` or `b1`; little endian. -/
  dtype : String
  /-- Empty for an array of one element and no dimensions. -/
  shape : List Nat
  /-- How many consecutive frames hold it. -/
  frames : Nat := 1

/-- Natural numbers as values. -/
def naturals : List Nat → List Value
  | [] => []
  | n :: ns => .ofNat n :: naturals ns

/-- The header as a map, keys in canonical order. -/
def FrameHeader.toValue (h : FrameHeader) : Value :=
  .map [("name", .string h.name), ("dtype", .string h.dtype), ("shape", .list (naturals h.shape)),
    ("frames", .ofNat h.frames)]

/-- The headers as maps. -/
def headerValues : List FrameHeader → List Value
  | [] => []
  | h :: hs => h.toValue :: headerValues hs

/-- What is asked of the server. -/
structure OutgoingRequest where
  /-- The operation's name. -/
  operation : String
  /-- Its parameters. -/
  params : List (String × Value) := []
  /-- The arrays that follow the header. -/
  arrays : List FrameHeader := []
  /-- The server drops the request when it has waited that long; at least 1. -/
  deadlineMs : Option Nat := none
  /-- Whether a certificate is asked for. -/
  certify : Bool := false

/-- The header of a request, keys in canonical order, what is empty left out. -/
def OutgoingRequest.toValue (r : OutgoingRequest) (id : String) : Value :=
  let certify := if r.certify then [("certify", .bool true)] else []
  let deadline := match r.deadlineMs with
    | some ms => ("deadline_ms", .ofNat ms) :: certify
    | none => certify
  let arrays := match r.arrays with
    | [] => deadline
    | headers => ("arrays", .list (headerValues headers)) :: deadline
  .map (("schema_version", .int 2) :: ("id", .string id) :: ("op", .string r.operation) :: ("params", .map r.params) ::
    arrays)

/-! ## Replies -/

/-- An array of a reply: its header, and the bytes in as many frames as that says. -/
structure ReplyArray where
  /-- What the frames hold. -/
  header : FrameHeader
  /-- The frames. -/
  frames : List ByteArray

/-- What a reply says, beside its id. -/
inductive Answer where
  /-- The operation's result. -/
  | ok (result : List (String × Value)) (arrays : List ReplyArray) (certificate : Option (List (String × Value)))
  /-- Why there is none. -/
  | error (code message : String) (details : List (String × Value))

/-- A reply. -/
structure IncomingReply where
  /-- The correlation id. -/
  id : String
  /-- What it says. -/
  answer : Answer

/-- The id of an error reply to a request whose own id the server could not read. -/
def unknownId : String := "?"

/-- The value under a key that must be there, as what it must be. -/
def required (key : String) (as : Value → Option α) (entries : List (String × Value)) : Except String α :=
  match Value.find? key entries with
  | none => .error ("the key " ++ key ++ " is missing")
  | some value =>
    match as value with
    | none => .error ("the value of " ++ key ++ " is of another kind")
    | some a => .ok a

/-- The value under a key that need not be there. -/
def optionalKey (key : String) (as : Value → Option α) (entries : List (String × Value)) : Except String (Option α) :=
  match Value.find? key entries with
  | none => .ok none
  | some value =>
    match as value with
    | none => .error ("the value of " ++ key ++ " is of another kind")
    | some a => .ok (some a)

/-- Whether the string is among these. -/
def isOneOf (s : String) : List String → Bool
  | [] => false
  | t :: ts => s == t || isOneOf s ts

/-- Refuse keys that are not among these. -/
def onlyKeys (keys : List String) : List (String × Value) → Except String Unit
  | [] => .ok ()
  | (key, _) :: entries => if isOneOf key keys then onlyKeys keys entries else .error ("the key " ++ key ++ " is unknown")

/-- The values as natural numbers. -/
def readNaturals : List Value → Except String (List Nat)
  | [] => .ok []
  | v :: vs => do
    match v.asNat? with
    | none => .error "a shape holds something that is no natural number"
    | some n => return n :: (← readNaturals vs)

/-- Read the header of an array. -/
def readFrameHeader (value : Value) : Except String FrameHeader := do
  match value.asMap? with
  | none => .error "the header of an array is no map"
  | some entries =>
    onlyKeys ["name", "dtype", "shape", "frames"] entries
    let name ← required "name" Value.asString? entries
    let dtype ← required "dtype" Value.asString? entries
    let shape ← readNaturals (← required "shape" Value.asList? entries)
    let frames ← required "frames" Value.asNat? entries
    return { name, dtype, shape, frames }

/-- Read the headers of arrays. -/
def readFrameHeaders : List Value → Except String (List FrameHeader)
  | [] => .ok []
  | v :: vs => do return (← readFrameHeader v) :: (← readFrameHeaders vs)

/-- The bytes of one element. -/
def itemSize (dtype : String) : Except String Nat :=
  if dtype == "f8" || dtype == "i8" || dtype == "u8" then .ok 8
  else if dtype == "f4" || dtype == "i4" then .ok 4
  else if dtype == "b1" then .ok 1
  else .error ("the dtype " ++ dtype ++ " is unknown")

/-- The product of the numbers. -/
def product : List Nat → Nat
  | [] => 1
  | n :: ns => n * product ns

/-- The size of all frames together. -/
def totalSize : List ByteArray → Nat
  | [] => 0
  | frame :: frames => frame.size + totalSize frames

/-- The first `count` frames, and the others. -/
def splitFrames : (count : Nat) → List ByteArray → Except String (List ByteArray × List ByteArray)
  | 0, frames => .ok ([], frames)
  | _ + 1, [] => .error "the message has fewer frames than its header says"
  | count + 1, frame :: frames => do
    let (taken, rest) ← splitFrames count frames
    return (frame :: taken, rest)

/-- Give each array its frames. -/
def takeArrays : List FrameHeader → List ByteArray → Except String (List ReplyArray)
  | [], [] => .ok []
  | [], _ :: _ => .error "the message has more frames than its header says"
  | header :: headers, frames => do
    let (own, rest) ← splitFrames header.frames frames
    let size ← itemSize header.dtype
    if totalSize own = size * product header.shape then
      return { header, frames := own } :: (← takeArrays headers rest)
    else .error ("the frames of the array " ++ header.name ++ " are not as long as its shape says")

/-- Read the header of a reply, and the arrays that follow it. -/
def readReply (entries : List (String × Value)) (frames : List ByteArray) : Except String IncomingReply := do
  onlyKeys ["schema_version", "id", "status", "result", "arrays", "certificate", "error", "timing"] entries
  let version ← required "schema_version" Value.asNat? entries
  if version ≠ 2 then .error ("schema version " ++ toString version ++ " is not supported") else
  let id ← required "id" Value.asString? entries
  let status ← required "status" Value.asString? entries
  if status == "ok" then
    if Value.hasKey "error" entries then .error "a result and an error" else
    let result ← required "result" Value.asMap? entries
    let headers ← readFrameHeaders ((← optionalKey "arrays" Value.asList? entries).getD [])
    let arrays ← takeArrays headers frames
    return ⟨id, .ok result arrays (← optionalKey "certificate" Value.asMap? entries)⟩
  else if status == "error" then
    let error ← required "error" Value.asMap? entries
    onlyKeys ["code", "message", "details"] error
    let code ← required "code" Value.asString? error
    let message ← required "message" Value.asString? error
    let details ← required "details" Value.asMap? error
    if frames.length = 0 then return ⟨id, .error code message details⟩
    else .error "an error with array frames"
  else .error ("the status " ++ status ++ " is unknown")

/-- Bytes after those already there. -/
def pushBytes (bytes : ByteArray) : List UInt8 → ByteArray
  | [] => bytes
  | b :: bs => pushBytes (bytes.push b) bs

/-- The frame of a header; `none` when it has no form in this format. -/
def encodeHeader (format : Format) (value : Value) : Option ByteArray :=
  match format.encode value with
  | none => none
  | some bytes => some (pushBytes ByteArray.empty bytes)

/-- Read the frames of a message. A peer that minds the manners of REP sends an empty frame first. -/
def readMessage : (frames : List ByteArray) → Except String IncomingReply
  | [] => .error "a message without frames"
  | first :: more =>
    match first.size, more with
    | 0, header :: frames => readFrames header frames
    | _, frames => readFrames first frames
where
  /-- Read the header, then the whole. -/
  readFrames (header : ByteArray) (frames : List ByteArray) : Except String IncomingReply :=
    let bytes := header.toList
    match Format.detect? bytes with
    | none => .error "the header is in none of the formats"
    | some format =>
      match format.read bytes with
      | .error reason => .error reason
      | .ok value =>
        match value.asMap? with
        | none => .error "the header is no map"
        | some entries => readReply entries frames

/-! ## A call -/

/-- Where a call stands. -/
structure Call where
  /-- Which tries there were. -/
  retry : Retry.State
  /-- Whether the last try failed because its answer was no reply. -/
  answered : Bool := false
  /-- The last reply that was dropped because its id was another. -/
  dropped : String := ""

/-- What a call wants done. -/
abbrev Actions := List (Retry.Action IncomingReply)

namespace Call

/-- A call of which nothing was sent. -/
def init (id : String) : Call := { retry := .init id }

/-- Report an event to the state machine. -/
def report (config : Retry.Config) (call : Call) (event : Retry.Event IncomingReply) : Call × Actions :=
  let next := Retry.step config call.retry event
  ({ call with retry := next.1 }, next.2)

/-- The caller wants the request sent. -/
def start (config : Retry.Config) (call : Call) (nowMs : Nat) : Call × Actions := call.report config (.start nowMs)

/-- Time has passed. -/
def tick (config : Retry.Config) (call : Call) (nowMs random : Nat) : Call × Actions :=
  call.report config (.tick nowMs random)

/-- The socket failed. -/
def socketFailed (config : Retry.Config) (call : Call) (reason : String) (nowMs random : Nat) : Call × Actions :=
  { call with answered := false }.report config (.sendFailure reason nowMs random)

/-- The answer was no reply. -/
def misanswered (config : Retry.Config) (call : Call) (reason : String) (nowMs random : Nat) : Call × Actions :=
  { call with answered := true }.report config (.sendFailure reason nowMs random)

/-- A reply was read. -/
def replied (config : Retry.Config) (call : Call) (reply : IncomingReply) (nowMs random : Nat) : Call × Actions :=
  match reply.id == unknownId, reply.answer with
  | true, .error code message _ =>
    call.misanswered config ("the server could not read the request: " ++ code ++ ": " ++ message) nowMs random
  | _, _ =>
    let call := if reply.id = call.retry.id then call
      else { call with dropped := "a reply with another id, " ++ reply.id ++ ", was dropped" }
    call.report config (.reply reply.id reply)

/-- Frames came. -/
def received (config : Retry.Config) (call : Call) (frames : List ByteArray) (nowMs random : Nat) : Call × Actions :=
  match readMessage frames with
  | .error reason => call.misanswered config reason nowMs random
  | .ok reply => call.replied config reply nowMs random

/-- What waiting for the socket came to: its failure, silence, or frames. -/
def heard (config : Retry.Config) (call : Call) (what : Except String (Option (List ByteArray)))
    (nowMs random : Nat) : Call × Actions :=
  match what with
  | .error reason => call.socketFailed config reason nowMs random
  | .ok none => call.tick config nowMs random
  | .ok (some frames) => call.received config frames nowMs random

/-- What a call that gave up ends in. -/
def error (call : Call) (endpoint : String) (tries : Nat) : Retry.Cause → Error
  | .timeout => { failure := .timeout, endpoint, tries, lastCause := call.dropped }
  | .sendFailure reason =>
    { failure := if call.answered then .protocol else .timeout, endpoint, tries, lastCause := reason }

end Call

private theorem not_deliver_of_sendFailure {config : Retry.Config} {s : Retry.State} {reason : String}
    {nowMs random : Nat} {reply : IncomingReply} :
    .deliver reply ∉ (Retry.step config s (.sendFailure reason nowMs random)).2 := by
  unfold Retry.step Retry.failed
  grind

/-- Whatever frames come: what is handed to the caller has the id of the call. -/
theorem Call.id_of_deliver {config : Retry.Config} {call : Call} {frames : List ByteArray} {nowMs random : Nat}
    {reply : IncomingReply} (h : .deliver reply ∈ (call.received config frames nowMs random).2) : reply.id = call.retry.id := by
  unfold received replied misanswered at h
  split at h
  · exact absurd h not_deliver_of_sendFailure
  · split at h
    · exact absurd h not_deliver_of_sendFailure
    · unfold report Retry.step at h
      grind

/-! ## What a call gives -/

/-- What a call gave back. -/
structure Result where
  /-- The operation's result. -/
  result : List (String × Value)
  /-- Its arrays. -/
  arrays : List ReplyArray
  /-- What a checker needs, when it was asked for. -/
  certificate : Option (List (String × Value))
  /-- Where the request was sent. -/
  endpoint : String
  /-- How many times it was sent. -/
  tries : Nat

/-- The result in a reply, or the error. -/
def IncomingReply.result (reply : IncomingReply) (endpoint : String) (tries : Nat) : Except Error Result :=
  match reply.answer with
  | .ok result arrays certificate => .ok { result, arrays, certificate, endpoint, tries }
  | .error code message details => .error { failure := .remote code message details, endpoint, tries }

/-- A result that is not what the operation promises. -/
def Result.unexpected (r : Result) (reason : String) : Error :=
  { failure := .protocol, endpoint := r.endpoint, tries := r.tries, lastCause := reason }

/-- A result that the checker does not accept. -/
def Result.unproven (r : Result) (reason : String) : Error :=
  { failure := .certificate, endpoint := r.endpoint, tries := r.tries, lastCause := reason }

/-- Read the result of `ping`. -/
def Result.pong (r : Result) : Except Error Unit :=
  match Value.find? "pong" r.result with
  | some (.bool true) => .ok ()
  | _ => .error (r.unexpected "the answer to ping is not pong")

end LeanPythonBridge.Client
