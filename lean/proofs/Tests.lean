module

public import ExampleCall
public import LeanPythonBridge.Wire.JsonEncode
public import LeanPythonBridge.Certificate.Echo

/-!
# The tests of the client

`lake exe Tests [--json] [NAME=ENDPOINT …]` calls the server at `LPB_ENDPOINT`: one line a test, or one JSON object, then
a summary.

Peers that misbehave are the caller's to provide, each as a ZeroMQ endpoint in a variable of its own: an argument, or
else one of the environment. A test whose variable is not set is *not run*, which is said and does not count as passed.

| variable | the peer there |
|---|---|
| `LPB_SILENT_ENDPOINT` | never answers |
| `LPB_LATE_ENDPOINT` | leaves a request unanswered the first time, and answers as `ping` when it comes again |
| `LPB_WRONG_ID_ENDPOINT` | answers as `ping`, with another id |
| `LPB_GARBAGE_ENDPOINT` | answers with bytes that are no message |
| `LPB_HALF_ENDPOINT` | answers with a header whose array frame is missing |
| `LPB_LYING_ENDPOINT` | answers a certified sum with a sum that its certificate does not prove |
| `LPB_ERROR_ENDPOINT` | answers with an error whose code is the name of the operation |
| `LPB_RESTART_ENDPOINT` | answers `ping` once, ends, and is started again |
| `LPB_CURVE_ENDPOINT` | answers `ping`, encrypted: after the endpoint come the server's public key, a client's, and its secret key |

Exit code: 0 all passed, 1 some failed, 2 wrong usage, 3 `LPB_ENDPOINT` is not set.
-/

@[expose] public section

namespace LeanPythonBridge.Tests

open Client (Error)
open Certificate.MatrixSum (operation)

/-- How a test ended, with a line for people. -/
inductive TestOutcome where
  /-- As it should. -/
  | passed (detail : String)
  /-- Otherwise. -/
  | failed (detail : String)
  /-- Its endpoint is missing. -/
  | notRun (detail : String)

/-- A test. -/
structure Test where
  /-- What it tests. -/
  name : String
  /-- The environment variable that holds the endpoint it needs. -/
  variableName : String
  /-- Runs it against that endpoint. -/
  run : (endpoint : String) → IO TestOutcome

/-! ## What tests are made of -/

/-- For calls that are answered: a busy machine is no failure. -/
def patient : Retry.Config := { timeoutMs := 20000, maxTries_pos := by decide }

/-- For calls that are answered at once, with what is no reply: two tries, as patient as the others. -/
def answered : Retry.Config := { maxTries := 2, timeoutMs := 20000, backoffBaseMs := 20, maxTries_pos := by decide }

/-- For calls that nobody answers: the wait is the test, and no machine is too slow for it. -/
def fleeting : Retry.Config := { maxTries := 2, timeoutMs := 60, backoffBaseMs := 10, maxTries_pos := by decide }

/-- For calls whose answers must not count: they are waited for in vain, and should have come by then. -/
def doubtful : Retry.Config := { maxTries := 2, timeoutMs := 120, backoffBaseMs := 10, maxTries_pos := by decide }

/-- For calls that are answered in the end: a try may be short where there are many. -/
def persistent : Retry.Config :=
  { maxTries := 40, timeoutMs := 150, backoffBaseMs := 20, backoffMaxMs := 500, maxTries_pos := by decide }

/-- A test with a bridge to its endpoint. -/
def withTestBridge (config : Retry.Config) (run : Bridge → IO TestOutcome) (endpoint : String)
    (format : Format := .messagePack) (curve : Option CurveKeys := none) : IO TestOutcome := do
  match ← LeanPythonBridge.withBridge endpoint (fun bridge => return .ok (← run bridge)) config format curve with
  | .error error => return .failed (toString error)
  | .ok outcome => return outcome

/-- Passed when a condition holds. -/
def verdict (holds : Bool) (detail : String) : TestOutcome := if holds then .passed detail else .failed detail

/-- The call must give a result, of which a condition holds. -/
def expectResult {α : Type} (result : Except Error α) (check : α → TestOutcome) : TestOutcome :=
  match result with
  | .error error => .failed error.text
  | .ok value => check value

/-- The call must fail in this way after so many tries. -/
def expectFailure {α : Type} (kind : String) (tries : Nat) (result : Except Error α) : TestOutcome :=
  match result with
  | .ok _ => .failed ("a result, where a failure of the kind " ++ kind ++ " was expected")
  | .error error => verdict (error.failure.kind == kind && error.tries == tries) error.text

/-- The server must answer with this error code, at the first try. -/
def expectCode {α : Type} (expected : String) (result : Except Error α) : TestOutcome :=
  match result with
  | .ok _ => .failed ("a result, where the error " ++ expected ++ " was expected")
  | .error error =>
    match error.failure with
    | .remote code _ _ => verdict (code == expected && error.tries == 1) error.text
    | _ => .failed error.text

/-- The header of a request to `ping` that a test spoils. -/
def header (version : Int) (id : String) (more : List (String × Value)) : Value :=
  .map (("schema_version", .int version) :: ("id", .string id) :: ("op", .string "ping") :: ("params", .map []) :: more)

/-- Send a header as it is. -/
def exchange (bridge : Bridge) (id : String) (header : Value) : IO (Except Error Client.Result) := do
  match ← bridge.exchange id header with
  | .error error => return .error error
  | .ok (reply, tries) => return reply.result bridge.endpoint tries

/-- `2 ^ k` more elements: each is its index modulo 7. By doubling, since an interpreter's stack is small. -/
def pushWhole (values : FloatArray) : (k : Nat) → FloatArray
  | 0 => values.push (Float.ofNat (values.size % 7))
  | k + 1 => pushWhole (pushWhole values k) k

/-- The question about the sum of a matrix. -/
def matrixOf (rows columns : Nat) (values : FloatArray) : Question :=
  { arrays := [.ofFloats "matrix" [rows, columns] values] }

/-- A matrix of `2 ^ j` rows and `2 ^ k` columns of small whole numbers, whose sum every order of summation computes
exactly. -/
def wholeMatrix (j k : Nat) : Question := matrixOf (2 ^ j) (2 ^ k) (pushWhole ⟨#[]⟩ (j + k))

/-- Its sum: 0 + 1 + … + 6 for every seven elements, and the rest. -/
def wholeSum (j k : Nat) : Float :=
  let count := 2 ^ (j + k)
  Float.ofNat (count / 7 * 21 + count % 7 * (count % 7 - 1) / 2)

/-- Numbers that are no binary fractions, whose sum is rounded; and of both signs. -/
def tenths : Question :=
  matrixOf 2 2 (FloatArray.push (FloatArray.push (FloatArray.push (FloatArray.push ⟨#[]⟩ 0.1) 0.2) (-0.3)) 1e16)

/-- The same as parameters: the matrix inline. -/
def inlineTenths : Question :=
  { params := [("matrix", .list [.list [.float (0.1 : Float).toBits, .float (0.2 : Float).toBits],
    .list [.float (-0.3 : Float).toBits, .float (1e16 : Float).toBits]])] }

/-- The sum in an answer. -/
def sumIn (answer : Answer) : Float := (answer.float? "sum").getD (0.0 / 0.0)

/-- The certificate in an answer that has one: else one that no test expects. -/
def certificateOf (answer : Answer) : CertificateSum.Certificate :=
  (CertificateSum.Certificate.ofValue? (.map answer.certificate)).getD ⟨0, 1, 0, false⟩

/-- A matrix of one element. -/
def single (x : Float) : Question := matrixOf 1 1 (FloatArray.push ⟨#[]⟩ x)

/-- 65 doubles, one more than a chunk holds: fractions of both signs, zeros, infinities and a NaN. -/
def someDoubles : FloatArray :=
  pushFractions (FloatArray.push (FloatArray.push (FloatArray.push ⟨#[]⟩ (-0.0)) (-1.0 / 0.0)) (0.0 / 0.0)) 62
where
  /-- `count` more elements. -/
  pushFractions (values : FloatArray) : (count : Nat) → FloatArray
    | 0 => values
    | count + 1 => pushFractions (values.push ((31.0 - Float.ofNat count) / 7.0)) count

/-- Nine truth values in frames of four and five bytes. -/
def someFlags : NamedArray :=
  { name := "flags", dtype := .b1, shape := [3, 3], chunks := [0x010001000001010001], frames := [4, 5] }

/-- Whether an answer's doubles have the bits of `someDoubles`. -/
def sameDoubles (answer : Answer) : Bool :=
  match answer.floats? "doubles" with
  | none => false
  | some doubles => doubles.size == someDoubles.size && sameBits doubles doubles.size
where
  /-- The same for the first `count`. -/
  sameBits (doubles : FloatArray) : (count : Nat) → Bool
    | 0 => true
    | count + 1 => (doubles.get! count).toBits == (someDoubles.get! count).toBits && sameBits doubles count

/-- Whether an array's frames, one after another, have the bytes that it is said to have. -/
def sameBytes (array : NamedArray) : Bool := (NamedArray.joinFrames array.toFrames).toList == array.bytes

/-- Two 64-bit numbers. -/
def someBytes : List UInt8 := [0, 1, 2, 3, 255, 128, 7, 0, 255, 255, 255, 255, 255, 255, 255, 255]

/-- One value of each kind, and the ends of their ranges. -/
def someParams : List (String × Value) :=
  [("null", .null), ("truth", .list [.bool true, .bool false]),
    ("least", .int (-9223372036854775808)), ("greatest", .int 18446744073709551615),
    ("floats", .list [.float 0x8000000000000000, .float 0x7ff0000000000000, .float 0x7ff8000000000001, .float 1]),
    ("text", .string "Grüße, 𝔏ean\n"), ("empty", .map [("", .list [])])]

/-! ## The tests -/

/-- Against the server itself. -/
def serverTests : List Test :=
  let test (name : String) (run : Bridge → IO TestOutcome) : Test := ⟨name, "LPB_ENDPOINT", withTestBridge patient run⟩
  [ test "connect" fun bridge => do
      return .passed (bridge.endpoint ++ ", ZeroMQ " ++ (← LeanZMQ.zmqVersion)),
    test "ping" fun bridge => do
      return expectResult (← bridge.ping) fun () => .passed "pong",
    test "operations" fun bridge => do
      return expectResult (← bridge.call { operation := "operations" }) fun r =>
        match Value.find? "operations" r.result with
        | some (.list (_ :: _)) => .passed "listed"
        | _ => .failed "no list of operations",
    test "echo of every kind of value" fun bridge => do
      return expectResult (← bridge.call { operation := "echo", params := someParams }) fun r =>
        verdict (Value.beqEntries r.result someParams) "compared bit for bit",
    test "echo of an array" fun bridge => do
      let array : Client.FrameHeader := { name := "numbers", dtype := "u8", shape := [2, 1] }
      let frame := Client.pushBytes ByteArray.empty someBytes
      return expectResult (← bridge.call { operation := "echo", arrays := [array] } [.bytes frame]) fun r =>
        match r.arrays with
        | [⟨⟨"numbers", "u8", [2, 1], 1⟩, [bytes]⟩] =>
          verdict (Bytes.natOfBytes bytes.toList == Bytes.natOfBytes someBytes) "16 bytes compared"
        | _ => .failed "another array came back",
    test "matrix sum" fun bridge => do
      return expectResult (← bridge.ask "matrix_sum" (wholeMatrix 1 2)) fun answer =>
        verdict (sumIn answer == wholeSum 1 2) ("sum " ++ toString (sumIn answer)),
    test "matrix sum of 131072 elements" fun bridge => do
      return expectResult (← bridge.ask "matrix_sum" (wholeMatrix 8 9)) fun answer =>
        verdict (sumIn answer == wholeSum 8 9) ("sum " ++ toString (sumIn answer)),
    test "matrix sum of NaN" fun bridge => do
      return expectResult (← bridge.ask "matrix_sum" (single (0.0 / 0.0))) fun answer =>
        verdict ((answer.float? "sum").isSome && (sumIn answer).isNaN) ("sum " ++ toString (sumIn answer)),
    test "certified matrix sum" fun bridge => do
      return expectResult (← bridge.certified operation tenths) fun sum =>
        let certificate := certificateOf sum.answer
        verdict (certificate.count == 4 && !certificate.nonnegative)
          ("sum " ++ toString (sumIn sum.answer) ++ ", proven within " ++
            toString (Float.ofBits (UInt64.ofNat certificate.errorBound))),
    test "certified matrix sum of 256 elements" fun bridge => do
      return expectResult (← bridge.certified operation (wholeMatrix 4 4)) fun sum =>
        let certificate := certificateOf sum.answer
        verdict (sumIn sum.answer == wholeSum 4 4 && certificate.error == 0 && certificate.nonnegative)
          ("sum " ++ toString (sumIn sum.answer) ++ ", proven exact and not negative"),
    test "certified echo of arrays of two kinds" fun bridge => do
      let question : Question :=
        { params := someParams, arrays := [.ofFloats "doubles" [13, 5] someDoubles, someFlags] }
      return expectResult (← bridge.certified Certificate.Echo.operation question (certify := false)) fun echo =>
        verdict (echo.answer.arrays.length == 2 && sameDoubles echo.answer) "proven the same, and read again",
    test "an array that is not as long as its shape says" fun bridge => do
      return expectFailure "request" 0 (← bridge.certified operation (matrixOf 2 2 someDoubles)),
    test "the example of README" fun bridge => do
      return expectResult (← askForSum bridge.endpoint) fun sum =>
        verdict (sum == some (0.1 + 0.2 + 0.3)) ("sum " ++ toString (sum.getD 0)),
    test "the frames of a question are its bytes" fun _ => do
      let doubles : NamedArray := .ofFloats "doubles" [65] someDoubles
      return verdict (sameBytes doubles && sameBytes someFlags && someFlags.toFrames.length == 2)
        (toString doubles.size ++ " and " ++ toString someFlags.size ++ " bytes compared"),
    test "no certificate for infinity: uncertifiable" fun bridge => do
      return expectCode "uncertifiable" (← bridge.certified operation (single (1.0 / 0.0))),
    test "error code unknown_operation" fun bridge => do
      return expectCode "unknown_operation" (← bridge.call { operation := "no_such_operation" }),
    test "error code invalid_params" fun bridge => do
      return expectCode "invalid_params" (← bridge.call { operation := "matrix_sum" }),
    test "error code bad_message" fun bridge => do
      let id ← Bridge.newId
      return expectCode "bad_message" (← exchange bridge id (header 2 id [("surprise", .null)])),
    test "error code unsupported_schema_version" fun bridge => do
      let id ← Bridge.newId
      return expectCode "unsupported_schema_version" (← exchange bridge id (header 99 id [])),
    test "error code too_large" fun bridge => do
      let array : Client.FrameHeader := { name := "huge", dtype := "f8", shape := [1000000, 1000000] }
      return expectCode "too_large" (← bridge.call { operation := "echo", arrays := [array] } [.bytes ByteArray.empty]),
    test "reconnect" fun bridge => do
      match ← bridge.ping with
      | .error error => return .failed error.text
      | .ok () =>
        bridge.disconnect
        return expectResult (← bridge.ping) fun () => .passed "the same bridge, a new socket" ]

/-- In each format: what a transcript can hold as well. -/
def formatTests : List Format → List Test
  | [] => []
  | format :: formats =>
    let test (name : String) (run : Bridge → IO TestOutcome) : Test :=
      ⟨name ++ " in " ++ format.title, "LPB_ENDPOINT", fun endpoint => withTestBridge patient run endpoint format⟩
    test "ping" (fun bridge => do
      return expectResult (← bridge.call { operation := "ping" }) fun r =>
        verdict (r.certificate.isNone && r.pong.isOk) "pong, without a certificate") ::
    test "certified matrix sum" (fun bridge => do
      return expectResult (← bridge.certified operation tenths) fun sum =>
        .passed ("sum " ++ toString (sumIn sum.answer))) ::
    test "certified matrix sum, inline," (fun bridge => do
      return expectResult (← bridge.certified operation inlineTenths) fun sum =>
        .passed ("sum " ++ toString (sumIn sum.answer))) ::
    formatTests formats

/-- Whatever the endpoint, these fail in a known way. -/
def clientTests : List Test :=
  [ ⟨"a request whose id cannot be read", "LPB_ENDPOINT", withTestBridge answered fun bridge => do
      return expectFailure "protocol" 2 (← exchange bridge "no id" (header 2 "no id" []))⟩,
    ⟨"nobody listens", "LPB_ENDPOINT", fun _ => withTestBridge fleeting (fun bridge => do
      return expectFailure "timeout" 2 (← bridge.ping)) "tcp://127.0.0.1:1"⟩,
    ⟨"an endpoint that is none", "LPB_ENDPOINT", fun _ => do
      return expectFailure "endpoint" 0 (← Bridge.connect "nonsense" answered)⟩ ]

/-- Against peers that misbehave. -/
def faultTests : List Test :=
  [ ⟨"silence", "LPB_SILENT_ENDPOINT", withTestBridge fleeting fun bridge => do
      return expectFailure "timeout" 2 (← bridge.ping)⟩,
    ⟨"a reply at the second try", "LPB_LATE_ENDPOINT", withTestBridge persistent fun bridge => do
      return expectResult (← bridge.call { operation := "ping" }) fun r =>
        verdict (1 < r.tries) (toString r.tries ++ " tries")⟩,
    ⟨"a reply with another id", "LPB_WRONG_ID_ENDPOINT", withTestBridge doubtful fun bridge => do
      return expectFailure "timeout" 2 (← bridge.ping)⟩,
    ⟨"garbage", "LPB_GARBAGE_ENDPOINT", withTestBridge answered fun bridge => do
      return expectFailure "protocol" 2 (← bridge.ping)⟩,
    ⟨"half a message", "LPB_HALF_ENDPOINT", withTestBridge answered fun bridge => do
      return expectFailure "protocol" 2 (← bridge.ping)⟩,
    ⟨"a false sum", "LPB_LYING_ENDPOINT", withTestBridge patient fun bridge => do
      return expectFailure "certificate" 1 (← bridge.certified operation tenths)⟩,
    ⟨"a server that was restarted", "LPB_RESTART_ENDPOINT", withTestBridge persistent fun bridge => do
      match ← bridge.ping with
      | .error error => return .failed error.text
      | .ok () => return expectResult (← bridge.ping) fun () => .passed "answered before and after"⟩ ]

/-- A test with the keys of the encrypted peer, which stand behind its endpoint. -/
def withKeys (run : (endpoint : String) → CurveKeys → IO TestOutcome) (text : String) : IO TestOutcome :=
  match text.splitOn " " with
  | [endpoint, serverKey, publicKey, secretKey] => run endpoint { serverKey, publicKey, secretKey }
  | _ => return .failed "LPB_CURVE_ENDPOINT is not an endpoint and three keys"

/-- Against a peer that encrypts. -/
def curveTests : List Test :=
  let test (name : String) (run : (endpoint : String) → CurveKeys → IO TestOutcome) : Test :=
    ⟨name, "LPB_CURVE_ENDPOINT", withKeys run⟩
  let pinged (bridge : Bridge) : IO TestOutcome := do
    return expectResult (← bridge.ping) fun () => .passed "pong"
  let unanswered (bridge : Bridge) : IO TestOutcome := do
    return expectFailure "timeout" 2 (← bridge.ping)
  [ test "an encrypted connection" fun endpoint keys => withTestBridge patient pinged endpoint .json keys,
    test "no keys where keys are asked for" fun endpoint _ => withTestBridge fleeting unanswered endpoint,
    test "a server with another key" fun endpoint keys =>
      withTestBridge fleeting unanswered endpoint .messagePack (some { keys with serverKey := keys.publicKey }),
    test "a key that is none" fun endpoint keys => do
      return expectFailure "endpoint" 0
        (← Bridge.connect endpoint answered .messagePack (some { keys with secretKey := "secret" })) ]

/-- The error codes that a quiet server does not send. -/
def codeTests : List String → List Test
  | [] => []
  | code :: codes =>
    ⟨"error code " ++ code, "LPB_ERROR_ENDPOINT", withTestBridge patient fun bridge => do
      return expectCode code (← bridge.call { operation := code })⟩ :: codeTests codes

/-- All tests. -/
def tests : List Test :=
  serverTests ++ formatTests [.json, .messagePack, .protobuf] ++ clientTests ++ faultTests ++ curveTests ++
    codeTests ["deadline_exceeded", "overloaded", "worker_lost", "unauthorized", "internal"]

/-! ## The report -/

/-- How many tests ended how. -/
structure Counts where
  /-- As they should. -/
  passed : Nat := 0
  /-- Otherwise. -/
  failed : Nat := 0
  /-- Not run. -/
  notRun : Nat := 0

/-- Count one more. -/
def Counts.add (counts : Counts) : TestOutcome → Counts
  | .passed _ => { counts with passed := counts.passed + 1 }
  | .failed _ => { counts with failed := counts.failed + 1 }
  | .notRun _ => { counts with notRun := counts.notRun + 1 }

/-- How a test ended, in a word. -/
def TestOutcome.word : TestOutcome → String
  | .passed _ => "passed"
  | .failed _ => "failed"
  | .notRun _ => "not run"

/-- Why. -/
def TestOutcome.detail : TestOutcome → String
  | .passed detail | .failed detail | .notRun detail => detail

/-- Whether it passed. -/
def TestOutcome.ok : TestOutcome → Bool
  | .passed _ => true
  | _ => false

/-- The JSON text of a map. -/
def jsonText (entries : List (String × Value)) : String :=
  match Json.encode (.map entries) with
  | none => "{}"
  | some bytes => (Bytes.toString? bytes).getD "{}"

/-- A test's line. -/
def line (json : Bool) (name : String) (outcome : TestOutcome) : String :=
  if json then jsonText [("test", .string name), ("outcome", .string outcome.word), ("ok", .bool outcome.ok),
    ("detail", .string outcome.detail)]
  else outcome.word ++ "  " ++ name ++ ": " ++ outcome.detail

/-- The last line. -/
def summary (json : Bool) (counts : Counts) : String :=
  if json then jsonText [("summary", .bool true), ("passed", .ofNat counts.passed), ("failed", .ofNat counts.failed),
    ("not_run", .ofNat counts.notRun)]
  else toString counts.passed ++ " passed, " ++ toString counts.failed ++ " failed, " ++ toString counts.notRun ++
    " not run"

/-- Variables and their values, as arguments give them. -/
abbrev Variables := List (String × String)

/-- A variable's value: the argument's, or else the environment's. -/
def Variables.find? (variables : Variables) (name : String) : IO (Option String) :=
  match variables.lookup name with
  | some value => return some value
  | none => IO.getEnv name

/-- Run one test. -/
def runTest (variables : Variables) (test : Test) : IO TestOutcome := do
  match ← variables.find? test.variableName with
  | none => return .notRun (test.variableName ++ " is not set")
  | some endpoint =>
    match ← Bridge.attempt (test.run endpoint) with
    | .ok outcome => return outcome
    | .error reason => return .failed ("an exception: " ++ reason)

/-- Run tests and print their lines. -/
def runTests (json : Bool) (variables : Variables) (counts : Counts) : List Test → IO Counts
  | [] => return counts
  | test :: tests => do
    let outcome ← runTest variables test
    IO.println (line json test.name outcome)
    (← IO.getStdout).flush
    runTests json variables (counts.add outcome) tests

/-- The program, once its arguments are read. -/
def program (json : Bool) (variables : Variables) : IO UInt32 := do
  match ← variables.find? "LPB_ENDPOINT" with
  | none =>
    IO.eprintln "LPB_ENDPOINT is not set: it names the server to test, such as tcp://127.0.0.1:5555"
    return 3
  | some _ =>
    let counts ← runTests json variables {} tests
    IO.println (summary json counts)
    return if counts.failed == 0 then 0 else 1

/-- Read arguments of the form `NAME=VALUE`. A value may hold further signs of equality. -/
def readVariables : List String → Option Variables
  | [] => some []
  | argument :: arguments =>
    match argument.splitOn "=", readVariables arguments with
    | name :: value :: more, some variables => some ((name, "=".intercalate (value :: more)) :: variables)
    | _, _ => none

/-- The program. -/
def start (json : Bool) (arguments : List String) : IO UInt32 := do
  match readVariables arguments with
  | some variables => program json variables
  | none =>
    IO.eprintln "usage: Tests [--json] [NAME=ENDPOINT ...]"
    return 2

end LeanPythonBridge.Tests

/-- `Tests [--json] [NAME=ENDPOINT …]`: see the top of this module. -/
def main (arguments : List String) : IO UInt32 :=
  match arguments with
  | "--json" :: arguments => LeanPythonBridge.Tests.start true arguments
  | arguments => LeanPythonBridge.Tests.start false arguments
