module

public import LeanPythonBridge.Certificate.Operation

/-!
# `echo`: what was sent comes back

There is no certificate: question and answer are compared.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.Echo

/-- The arrays of one list are the same as those of another. -/
inductive SameArrays : List NamedArray → List NamedArray → Prop where
  /-- No arrays. -/
  | nil : SameArrays [] []
  /-- The first are the same, and so are the others. -/
  | cons (first : a.Same b) (others : SameArrays as bs) : SameArrays (a :: as) (b :: bs)

/-- What an echo means: parameters and arrays came back, bit for bit. -/
structure Meaning (q : Question) (a : Answer) : Prop where
  /-- The parameters came back. -/
  params : a.result = q.params
  /-- The arrays came back. -/
  arrays : SameArrays q.arrays a.arrays

/-- Whether two arrays hold the same. -/
def same (a b : NamedArray) : Bool :=
  a.name == b.name && a.dtype == b.dtype && a.shape == b.shape && a.packed == b.packed

/-- Whether the arrays of two lists hold the same. -/
def sameArrays : List NamedArray → List NamedArray → Bool
  | [], [] => true
  | a :: as, b :: bs => same a b && sameArrays as bs
  | _, _ => false

theorem sameArrays_sound : ∀ {as bs : List NamedArray}, sameArrays as bs = true → SameArrays as bs
  | [], [], _ => .nil
  | a :: as, b :: bs, h => by
    simp only [sameArrays, same, Bool.and_eq_true, beq_iff_eq] at h
    exact .cons ⟨h.1.1.1.1, h.1.1.1.2, h.1.1.2, h.1.2⟩ (sameArrays_sound h.2)
  | [], _ :: _, h | _ :: _, [], h => Bool.noConfusion h

/-- Whether an answer is the echo of a question. -/
def check (q : Question) (a : Answer) : Bool := Value.beqEntries a.result q.params && sameArrays q.arrays a.arrays

/-- What was sent comes back. -/
def operation : CertifiedOperation where
  name := "echo"
  check := check
  Meaning := Meaning
  sound h := by
    simp only [check, Bool.and_eq_true] at h
    exact ⟨(Value.beqEntries_iff_eq _ _).1 h.1, sameArrays_sound h.2⟩

end LeanPythonBridge.Certificate.Echo
