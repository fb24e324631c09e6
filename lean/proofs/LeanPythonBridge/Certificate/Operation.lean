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

namespace CertifiedOperation

/-- The checker's verdict. -/
def accepts (operation : CertifiedOperation) (q : Question) (a : Answer) : Bool := operation.check q a

/-- What the checker accepts is true: how a result gets into a proof, by `decide +kernel`. -/
theorem meaning_of_accepts (operation : CertifiedOperation) {q : Question} {a : Answer}
    (h : operation.accepts q a = true) : operation.Meaning q a := operation.sound h

end CertifiedOperation

/-! The kernel unfolds this all the same. When it says no, `decide` does not evaluate it once more, for its message,
outside the kernel, which takes as long again. -/

attribute [irreducible] CertifiedOperation.accepts

end LeanPythonBridge
