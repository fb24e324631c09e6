module

public import LeanPythonBridge.Certificate.Question

/-!
# Certified operations

An operation that Python computes and that Lean need not trust it for: a checker of question and answer, what a reader
learns when the checker says yes, and the proof of that. One file here and one in Python are all that there is of it.
-/

@[expose] public section

namespace LeanPythonBridge

/-- A checker, and the theorem that makes it worth asking. -/
structure CertifiedOperation where
  /-- What requests call the operation. -/
  name : String
  /-- Decides, by evaluation, whether the answer holds. -/
  check : Question → Answer → Bool
  /-- What it says of the exact values of what was on the wire. -/
  Meaning : Question → Answer → Prop
  /-- What the checker accepts is true. -/
  sound : ∀ {q : Question} {a : Answer}, check q a = true → Meaning q a

end LeanPythonBridge
