module

public import LeanPythonBridge.Certificate.MatrixSum
public import PythonIntegration

/-!
# Calls of every kind, many times

`Memory ENDPOINT CALLS`: what is resident at the end must not depend on how many calls there were. The end is when it
says `done`; then it waits for a line. With a third argument, `leave`, each call leaves a string behind, as
`String.toByteArray` does in compiled code: a measurement that does not see that would see nothing.
-/

@[expose] public section

namespace Memory

open LeanPythonBridge

def config : Retry.Config := { timeoutMs := 20000, maxTries_pos := by decide }

def matrix : Question := { arrays := [.ofFloats "matrix" [1, 3] ⟨#[0.1, 0.2, -0.3]⟩] }

def params : List (String × Value) :=
  [("greatest", .int 18446744073709551615), ("least", .int (-9223372036854775808)), ("truth", .list [.bool true, .null]),
    ("float", .float 0x3fb999999999999a), ("text", .string "Grüße, 𝔏ean\n"), ("empty", .map [("", .list [])])]

def array : Client.FrameHeader := { name := "numbers", dtype := "u8", shape := [2, 1] }

/-- One call; its kind is `n` modulo 5. Gives whether it came out as it must. -/
def call (bridge : Bridge) (n : Nat) : IO Bool := do
  match n % 5 with
  | 0 => return (← bridge.ping).isOk
  | 1 =>
    match ← bridge.call { operation := "echo", params } with
    | .ok answer => return Value.beqEntries answer.result params
    | .error _ => return false
  | 2 =>
    let frame := Client.pushBytes ByteArray.empty [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]
    return (← bridge.call { operation := "echo", arrays := [array] } [.bytes frame]).isOk
  | 3 =>
    match ← bridge.certified Certificate.MatrixSum.operation matrix with
    | .ok sum => return (sum.answer.float? "sum").isSome
    | .error _ => return false
  | _ =>
    match ← bridge.call { operation := "no_such_operation" } with
    | .ok _ => return false
    | .error error => return error.text != ""

def leave : IO Unit := do
  let id ← Bridge.newId
  if id.toByteArray.size == 0 then IO.println "an empty id"

def calls (leaves : Bool) (first second third : Bridge) : (count : Nat) → IO Bool
  | 0 => return true
  | count + 1 => do
    if leaves then leave
    if ← call first count then calls leaves second third first count
    else
      IO.eprintln ("call " ++ toString count ++ " failed")
      return false

def run (endpoint : String) (count : Nat) (leaves : Bool) : IO Bool := do
  match ← Bridge.connect endpoint config .json, ← Bridge.connect endpoint config .messagePack,
      ← Bridge.connect endpoint config .protobuf with
  | .ok first, .ok second, .ok third =>
    let right ← calls leaves first second third count
    IO.println "done"
    (← IO.getStdout).flush
    let _ ← (← IO.getStdin).getLine
    return right
  | _, _, _ => return false

end Memory

def main (arguments : List String) : IO UInt32 := do
  match arguments with
  | endpoint :: count :: more =>
    match count.toNat? with
    | some count => return if ← Memory.run endpoint count (more.length == 1) then 0 else 1
    | none => return 2
  | _ => return 2
