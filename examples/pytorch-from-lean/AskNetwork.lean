module

public import PythonIntegration
public import TorchNetwork
public import Trained

/-!
# A Lean program that asks PyTorch, and has the proof of what it is told

`Trained.layers` are the weights that `train.py` wrote. The program asks for the network's output at four points, and prints
what PyTorch computed.
-/

@[expose] public section

open LeanPythonBridge

namespace AskNetwork

/-- The network, and a point that it is evaluated at. -/
def question (x y : Float) : Question :=
  { arrays := .ofFloats "input" [2] ⟨#[x, y]⟩ :: Trained.layers }

/-- What comes with every answer, whoever the server is: a proof that the output is within its bound of the exact one. -/
theorem output_near {x y : Float} (answer : CertifiedAnswer TorchNetwork.operation (question x y)) :
    Certificate.NetworkInferenceOperation.Meaning (question x y) answer.answer := answer.meaning

/-- The output in an answer, with its proof. -/
def output {x y : Float} (answer : CertifiedAnswer TorchNetwork.operation (question x y)) : Option Float :=
  match answer.answer.floats? "output" with
  | some values => values.data.toList.head?
  | none => none

/-- Ask at one point, and print the answer: it is printed only where it is proven. -/
def ask (bridge : Bridge) (x y : Float) : IO Unit := do
  match ← bridge.certified TorchNetwork.operation (question x y) with
  | .error error => IO.println ("no proof: " ++ toString error)
  | .ok answer =>
    match output answer with
    | some value => IO.println (toString x ++ " " ++ toString y ++ " " ++ toString value)
    | none => IO.println "no output"

/-- Ask at the corners of the unit square. -/
def askAll (bridge : Bridge) : IO (Except Client.Error Unit) := do
  ask bridge 0 0
  ask bridge 0 1
  ask bridge 1 0
  ask bridge 1 1
  return .ok ()

end AskNetwork

/-- `AskNetwork ENDPOINT`. -/
def main (arguments : List String) : IO UInt32 := do
  match arguments with
  | [endpoint] =>
    match ← withBridge endpoint AskNetwork.askAll with
    | .ok _ => return 0
    | .error error =>
      IO.eprintln (toString error)
      return 1
  | _ =>
    IO.eprintln "usage: AskNetwork ENDPOINT"
    return 2
