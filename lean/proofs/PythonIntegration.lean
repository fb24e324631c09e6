module

public import LeanPythonBridge.Client.Certified
public import LeanZMQ

/-!
# Calling Python

`withBridge` opens a connection to a bridge server for as long as it is used; `Bridge.connect` and `Bridge.close` do it
by hand. `Bridge.certified` asks a certified operation a question and returns the answer with the *proof* of what it means:
the server need not be trusted, and the operation's checker decides, as compiled code. `Bridge.ask` believes the server,
and `Bridge.call` calls any operation with headers and frames of one's own.

Every function returns a result or a `Client.Error`, and throws nothing that a server or a network can cause. A call is
sent again when no reply comes, with backoff, as `Retry` says; all tries carry the same correlation id, so that the
server runs it once. This module owns the socket, the clock and the random numbers; what is decided is decided in
`Retry`, `Client` and `Client.Certified`.

A bridge belongs to the thread that made it, and carries one call at a time.
-/

@[expose] public section

namespace LeanPythonBridge

open LeanZMQ (Context Socket Frame)

/-- The keys of an encrypted connection (CURVE), each as 40 characters of Z85. -/
structure CurveKeys where
  /-- The server's public key: who has not its secret key is no such server. -/
  serverKey : String
  /-- The client's public key, which the server must have allowed. -/
  publicKey : String
  /-- The client's secret key. -/
  secretKey : String

/-- A connection to a server. -/
structure Bridge where
  /-- Where the server is. -/
  endpoint : String
  /-- How often and how long to try. -/
  config : Retry.Config
  /-- How the headers of requests are written; replies come in the same format. -/
  format : Format
  /-- The keys, when the connection is encrypted. -/
  curve : Option CurveKeys
  /-- ZeroMQ's. -/
  context : Context
  /-- The socket, unless the last call had to close it. -/
  socket : IO.Ref (Option Socket)

namespace Bridge

/-- What an error of the bindings says, in one line. -/
def reasonOf : IO.Error → String
  | .timeExpired _ details | .resourceVanished _ details | .illegalOperation _ details
  | .protocolError _ details | .unsupportedOperation _ details | .otherError _ details
  | .invalidArgument _ _ details | .resourceExhausted _ _ details => details
  | error => toString error

/-- What an action gives, or why it failed. -/
def attempt {α : Type} (action : IO α) : IO (Except String α) := do
  try
    let value ← action
    return .ok value
  catch error => return .error (reasonOf error)

/-- Fresh random bytes of the system: every process draws others. -/
def randomBytes (count : USize) : IO (List UInt8) := do
  return (← IO.getRandomBytes count).toList

/-- A random number below 2^32. -/
def random : IO Nat := do
  return Bytes.natOfBytes (← randomBytes 4)

/-- A new correlation id. -/
def newId : IO String := do
  return Client.idOfBytes (← randomBytes (USize.ofNat Client.idBytes))

/-- Do nothing before `untilMs`. -/
def sleepUntil (untilMs : Nat) : IO Unit := do
  let nowMs ← IO.monoMsNow
  IO.sleep (UInt32.ofNat (min (untilMs - nowMs) 0x7fffffff))

/-- The socket: the one that there is, or a new one. -/
def ensureSocket (bridge : Bridge) : IO Socket := do
  match ← bridge.socket.get with
  | some socket => return socket
  | none =>
    let socket ← Socket.new bridge.context .dealer
    match bridge.curve with
    | none => pure ()
    | some keys => socket.setCurve keys.serverKey keys.publicKey keys.secretKey
    socket.connect bridge.endpoint
    bridge.socket.set (some socket)
    return socket

/-- Close the socket, if there is one; the next call opens a new one. -/
def disconnect (bridge : Bridge) : IO Unit := do
  match ← bridge.socket.get with
  | none => return ()
  | some socket =>
    bridge.socket.set none
    socket.close

/-- Three tries of 2.5 seconds. -/
def defaultConfig : Retry.Config := { maxTries_pos := by decide }

/-- Connect to a server, with `curve` encrypted. That it is there, and lets one in, shows in the first call. -/
def connect (endpoint : String) (config : Retry.Config := defaultConfig) (format : Format := .messagePack)
    (curve : Option CurveKeys := none) : IO (Except Client.Error Bridge) := do
  match ← attempt (Context.new 1) with
  | .error reason => return .error { failure := .endpoint, endpoint, tries := 0, lastCause := reason }
  | .ok context =>
    let bridge : Bridge := { endpoint, config, format, curve, context, socket := ← IO.mkRef none }
    match ← attempt bridge.ensureSocket with
    | .error reason => return .error { failure := .endpoint, endpoint, tries := 0, lastCause := reason }
    | .ok _ => return .ok bridge

/-- Close the connection for good. -/
def close (bridge : Bridge) : IO Unit := do
  bridge.disconnect
  bridge.context.shutdown

/-- Wait at most until `untilMs` for a message; `none` is silence. -/
def listen (bridge : Bridge) (untilMs : Nat) : IO (Option (List ByteArray)) := do
  let socket ← bridge.ensureSocket
  let nowMs ← IO.monoMsNow
  if ← socket.poll (UInt32.ofNat (min (untilMs - nowMs) 0x7fffffff)) then
    let frames ← socket.receive
    return some frames.toList
  else return none

/-- Carry out what the call wants, then report what happened, until the call is over. -/
partial def drive (bridge : Bridge) (message : Array Frame) (call : Client.Call) :
    Client.Actions → IO (Except Client.Error (Client.IncomingReply × Nat))
  | .connect :: actions => do
    match ← attempt bridge.ensureSocket with
    | .ok _ => drive bridge message call actions
    | .error reason =>
      return .error { failure := .endpoint, endpoint := bridge.endpoint, tries := call.retry.tries, lastCause := reason }
  | .send :: actions => do
    match ← attempt (do (← bridge.ensureSocket).sendFrames message) with
    | .ok () => drive bridge message call actions
    | .error reason =>
      let (call, actions) := call.socketFailed bridge.config reason (← IO.monoMsNow) (← random)
      drive bridge message call actions
  | .close :: actions => do
    bridge.disconnect
    drive bridge message call actions
  | .wait untilMs :: _ => do
    sleepUntil untilMs
    let (call, actions) := call.tick bridge.config (← IO.monoMsNow) (← random)
    drive bridge message call actions
  | .deliver reply :: _ => return .ok (reply, call.retry.tries)
  | .giveUp tries cause :: _ => return .error (call.error bridge.endpoint tries cause)
  | [] => do
    let heard ← attempt (bridge.listen (call.retry.wakeMs.getD 0))
    let (call, actions) := call.heard bridge.config heard (← IO.monoMsNow) (← random)
    drive bridge message call actions

/-- The frames of a message, after those already there. -/
def pushFrames (message : Array Frame) : List Frame → Array Frame
  | [] => message
  | frame :: frames => pushFrames (message.push frame) frames

/-- Send a header as it is, with the frames that follow it, and return the reply to that id. -/
def exchange (bridge : Bridge) (id : String) (header : Value) (frames : List Frame := []) :
    IO (Except Client.Error (Client.IncomingReply × Nat)) := do
  match Client.encodeHeader bridge.format header with
  | none => return .error { failure := .request, endpoint := bridge.endpoint, tries := 0 }
  | some bytes =>
  let message := pushFrames (#[].push (.bytes bytes)) frames
  let (call, actions) := (Client.Call.init id).start bridge.config (← IO.monoMsNow)
  bridge.drive message call actions

/-- Call an operation. The arrays that the request names are sent as `frames`, without a copy. -/
def call (bridge : Bridge) (request : Client.OutgoingRequest) (frames : List Frame := []) :
    IO (Except Client.Error Client.Result) := do
  let id ← newId
  match ← bridge.exchange id (request.toValue id) frames with
  | .error error => return .error error
  | .ok (reply, tries) => return reply.result bridge.endpoint tries

/-- Frames as they are sent, without a copy. -/
def bytesFrames : List ByteArray → List Frame
  | [] => []
  | bytes :: more => .bytes bytes :: bytesFrames more

/-- Send a question, its arrays as the bytes that it holds, and read the result. A question whose arrays hold other than
what their shapes ask for is not sent. -/
def carry {α : Type} (bridge : Bridge) (operation : String) (question : Question) (certify : Bool)
    (read : Client.Result → NamedArray.allAgree question.arrays = true → Except Client.Error α) :
    IO (Except Client.Error α) := do
  if agree : NamedArray.allAgree question.arrays = true then
    match ← bridge.call (.ofQuestion operation question certify) (bytesFrames (Client.framesOf question.arrays)) with
    | .error error => return .error error
    | .ok result => return read result agree
  else return .error (Client.unsendable bridge.endpoint question)

/-- Ask for a sign of life. -/
def ping (bridge : Bridge) : IO (Except Client.Error Unit) := do
  match ← bridge.call { operation := "ping" } with
  | .error error => return .error error
  | .ok result => return result.pong

/-- Ask a question. Nothing checks the answer: the server is believed. -/
def ask (bridge : Bridge) (operation : String) (question : Question) : IO (Except Client.Error Answer) :=
  bridge.carry operation question false fun result _ => result.answer.mapError result.unexpected

/-- Ask a certified operation a question: the answer, with the proof that it holds. The server need not be trusted.

The operation's checker decides, in compiled code or in Lean's interpreter, on the bytes that were sent and that came. For
an operation whose answers need no certificate, such as `echo`, none is asked for with `certify := false`. -/
def certified (bridge : Bridge) (operation : CertifiedOperation) (question : Question) (certify : Bool := true) :
    IO (Except Client.Error (CertifiedAnswer operation question)) :=
  bridge.carry operation.name question certify fun result agree => result.certify operation question agree

end Bridge

/-- Connect to a server, use the connection, and close it: also when `use` fails or throws. -/
def withBridge {α : Type} (endpoint : String) (use : Bridge → IO (Except Client.Error α))
    (config : Retry.Config := Bridge.defaultConfig) (format : Format := .messagePack)
    (curve : Option CurveKeys := none) : IO (Except Client.Error α) := do
  match ← Bridge.connect endpoint config format curve with
  | .error error => return .error error
  | .ok bridge =>
    try use bridge
    finally bridge.close

end LeanPythonBridge
