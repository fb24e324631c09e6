module

public import LeanPythonBridge.Certificate.Operation
public import LeanPythonBridge.Wire.Transcript

/-!
# One exchange with a server, and what it proves

An `Exchange` is a request and its reply, as they were recorded: what they say, the bytes of both headers, and the bytes
of all array frames. What it claims of an operation is `Holds`; `check` decides it by evaluation, in the kernel, and
`holds_of_check` makes a successful evaluation a proof, once for all operations.
-/

@[expose] public section

namespace LeanPythonBridge

/-- A request and its reply, as they were on the wire. -/
structure Exchange where
  /-- The format of both headers. -/
  format : Format
  /-- The correlation id. -/
  id : String
  /-- What was asked, the bytes of its frames included. -/
  question : Question
  /-- What was answered, the bytes of its frames included. -/
  answer : Answer
  /-- Whether a certificate was asked for; if not, the reply has none. -/
  certify : Bool := true
  /-- How long the caller would wait, if it said so. -/
  deadlineMs : Option Nat := none
  /-- The times that the reply states, if it does. -/
  timing : Option Timing := none
  /-- The bytes of the request's header. -/
  request : Transcript.Packed
  /-- The bytes of the reply's header. -/
  reply : Transcript.Packed

namespace Exchange

/-- The two messages, in an exchange with the operation of this name. -/
def messages (name : String) (e : Exchange) : Transcript.Messages where
  format := e.format
  request :=
    { id := e.id, op := name, params := e.question.params, arrays := NamedArray.headers e.question.arrays,
      deadlineMs := e.deadlineMs, certify := e.certify }
  reply :=
    { id := e.id, timing := e.timing,
      outcome := .ok e.answer.result (NamedArray.headers e.answer.allArrays)
        (if e.certify then some e.answer.certificateEntries else none) }
  requestBytes := e.request
  replyBytes := e.reply

/-- What an exchange with an operation claims. -/
structure Holds (operation : CertifiedOperation) (e : Exchange) : Prop where
  /-- Lean's encoder gives exactly the bytes of both headers, and Lean's decoder reads the reply. -/
  messages_hold : (e.messages operation.name).Hold
  /-- The frames of every array of the request have as many bytes as its header asks for. -/
  question_arrays : ∀ array ∈ e.question.arrays, array.Agrees
  /-- So have those of every array of the reply, the certificate's included. -/
  answer_arrays : ∀ array ∈ e.answer.allArrays, array.Agrees
  /-- The answer is true of what was on the wire. -/
  meaning : operation.Meaning e.question e.answer

/-- Decides `Holds`. The operation's part comes first: it is what may be wrong. -/
def check (operation : CertifiedOperation) (e : Exchange) : Bool :=
  operation.check e.question e.answer && NamedArray.allAgree e.question.arrays &&
    NamedArray.allAgree e.answer.allArrays && (e.messages operation.name).check && (e.messages operation.name).fits

/-- What the check accepts holds: the one theorem behind every transcript. -/
theorem holds_of_check (operation : CertifiedOperation) (e : Exchange) (h : e.check operation = true) :
    e.Holds operation := by
  simp only [check, Bool.and_eq_true] at h
  exact ⟨Transcript.Messages.hold_of_check h.2 h.1.2, NamedArray.allAgree_sound h.1.1.1.2,
    NamedArray.allAgree_sound h.1.1.2, operation.sound h.1.1.1.1⟩

/-- What is claimed of an exchange in which a lie was told: the operation's checker refuses the answer. -/
def Refused (operation : CertifiedOperation) (e : Exchange) : Prop := operation.accepts e.question e.answer = false

/-- A checker that was evaluated, and said no, refuses. -/
theorem refused_of_not_accepted (operation : CertifiedOperation) (e : Exchange)
    (h : operation.accepts e.question e.answer = false) : e.Refused operation := h

end Exchange

/-! The kernel unfolds this all the same. When it says no, `decide` does not evaluate it once more, for its message,
outside the kernel, which takes as long again. -/

attribute [irreducible] Exchange.check

end LeanPythonBridge
