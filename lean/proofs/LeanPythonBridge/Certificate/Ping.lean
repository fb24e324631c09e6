module

public import LeanPythonBridge.Certificate.Operation

/-!
# `ping`: whether the server answers

There is no certificate: there is one answer only.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.Ping

/-- What the answer to a ping means. -/
def Meaning (_ : Question) (a : Answer) : Prop := a.result = [("pong", .bool true)] ∧ a.arrays = []

/-- Whether an answer is a pong. -/
def check (_ : Question) (a : Answer) : Bool := Value.beqEntries a.result [("pong", .bool true)] && a.arrays.isEmpty

/-- A sign of life. -/
def operation : CertifiedOperation where
  name := "ping"
  check := check
  Meaning := Meaning
  sound h := by
    simp only [check, Bool.and_eq_true, List.isEmpty_iff] at h
    exact ⟨(Value.beqEntries_iff_eq _ _).1 h.1, h.2⟩

end LeanPythonBridge.Certificate.Ping
