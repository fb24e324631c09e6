module

public import LeanPythonBridge.Certificate.MatrixSum
public import PythonIntegration

/-!
# An example: a sum that Python computes, with its proof

What stands below is what README shows, to the letter, and what `Tests` runs.
-/

@[expose] public section

open LeanPythonBridge Certificate

def question : Question := { arrays := [.ofFloats "matrix" [1, 3] ⟨#[0.1, 0.2, 0.3]⟩] }

/-- What the proof that comes with an answer is good for: no trust in Python, and none in its floating point. -/
theorem sum_is_near (sum : CertifiedAnswer MatrixSum.operation question) :
    ∃ elements result bound, MatrixSum.matrix? question = some elements ∧ MatrixSum.sum? sum.answer = some result ∧
      abs (Float64.toRat result.toNat - (CertificateSum.values elements.doubles).sum) ≤ Float64.toRat bound :=
  have ⟨elements, result, certificate, isMatrix, isSum, _, certified⟩ := sum.meaning
  ⟨elements, result, certificate.errorBound, isMatrix, isSum, certified.error_le⟩

def exampleCall (endpoint : String) : IO (Except Client.Error String) :=
  withBridge endpoint fun bridge => do
    match ← bridge.certified MatrixSum.operation question with
    | .error error => return .error error
    | .ok sum => return .ok s!"sum {(sum.answer.float? "sum").getD 0}, {sum.answer.certificate.length} entries"
