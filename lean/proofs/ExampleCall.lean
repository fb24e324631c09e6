module

public import LeanPythonBridge.Certificate.MatrixSum
public import PythonIntegration

/-!
# An example: a sum that Python computes, with its proof

README shows this file without these lines, and `Tests` makes the call.
-/

@[expose] public section

open LeanPythonBridge Certificate

/-- What Python is asked. -/
def question : Question := { arrays := [.ofFloats "matrix" [1, 3] ⟨#[0.1, 0.2, 0.3]⟩] }

/-- Ask a server for the sum. -/
def askForSum (endpoint : String) : IO (Except Client.Error (Option Float)) :=
  withBridge endpoint fun bridge => do
    let answer ← bridge.certified MatrixSum.operation question
    return answer.map fun sum => sum.answer.float? "sum"

/-- What the answer's proof says, whoever the server is: the sum is as near as its bound to that of the exact values. -/
theorem sum_near (sum : CertifiedAnswer MatrixSum.operation question) :
    ∃ elements result bound, MatrixSum.matrix? question = some elements ∧ MatrixSum.sum? sum.answer = some result ∧
      abs (Float64.toRat result.toNat - (CertificateSum.values elements.doubles).sum) ≤ Float64.toRat bound :=
  have ⟨elements, result, certificate, asked, answered, _, certified⟩ := sum.meaning
  ⟨elements, result, certificate.errorBound, asked, answered, certified.error_le⟩
