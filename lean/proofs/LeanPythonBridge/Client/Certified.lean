module

public import LeanPythonBridge.Client.Basic
public import LeanPythonBridge.Certificate.Operation
public import LeanPythonBridge.Client.ArraysLemmas

/-!
# Answers with their proofs

What a `Question` is as a request, and what a reply is as an `Answer`: `Result.certify` runs the operation's checker on
the two, and gives the answer together with the proof of what it means.

In a running program it is compiled code that decides: the checker as Lean's compiler translated it, on the bytes that the
socket was given and gave. The theorem is the kernel's; that this run evaluated the checker rightly is not. A transcript,
or `lpb certify`, whose checks the kernel evaluates, does without that trust.
-/

@[expose] public section

namespace LeanPythonBridge

/-- An answer, with the proof that it holds. One that a program made at run time was decided by compiled code. -/
structure CertifiedAnswer (operation : CertifiedOperation) (question : Question) where
  /-- What the server answered. -/
  answer : Answer
  /-- Every array of the question has as many bytes as its shape asks for. -/
  question_arrays : ∀ array ∈ question.arrays, array.Agrees
  /-- So has every array of the answer, the certificate's included. -/
  answer_arrays : ∀ array ∈ answer.allArrays, array.Agrees
  /-- The answer is true of what was asked. -/
  meaning : operation.Meaning question answer

namespace Client

/-! ## The request -/

/-- The headers of arrays. -/
def headersOf : List NamedArray → List FrameHeader
  | [] => []
  | a :: as => ⟨a.name, a.dtype.name, a.shape, a.frames.length⟩ :: headersOf as

/-- A question as a request. -/
def OutgoingRequest.ofQuestion (operation : String) (question : Question) (certify : Bool := false) : OutgoingRequest where
  operation := operation
  params := question.params
  arrays := headersOf question.arrays
  certify := certify

/-- The frames of arrays. -/
def framesOf : List NamedArray → List ByteArray
  | [] => []
  | a :: as => a.toFrames ++ framesOf as

/-- The bytes of arrays, one after another. -/
def bytesOfArrays : List NamedArray → List UInt8
  | [] => []
  | a :: as => a.bytes ++ bytesOfArrays as

private theorem bytesOf_append (xs ys : List ByteArray) :
    NamedArray.bytesOf (xs ++ ys) = NamedArray.bytesOf xs ++ NamedArray.bytesOf ys := by
  induction xs with
  | nil => rfl
  | cons x xs ih => rw [List.cons_append, NamedArray.bytesOf, ih, NamedArray.bytesOf, List.append_assoc]

/-- What is sent of arrays are the very bytes that they hold. -/
theorem bytesOf_framesOf {arrays : List NamedArray} (agree : ∀ a ∈ arrays, a.Agrees) :
    NamedArray.bytesOf (framesOf arrays) = bytesOfArrays arrays := by
  induction arrays with
  | nil => rfl
  | cons a as ih =>
    rw [framesOf, bytesOf_append, bytesOfArrays, ih fun b hb => agree b (List.mem_cons_of_mem _ hb),
      NamedArray.bytesOf_toFrames (agree a List.mem_cons_self)]

/-- The first array whose bytes are not as many as its shape asks for. -/
def disagreeing? : List NamedArray → Option NamedArray
  | [] => none
  | a :: as => if a.agrees then disagreeing? as else some a

/-- Why a question cannot be sent. -/
def unsendable (endpoint : String) (question : Question) : Error :=
  let reason := match disagreeing? question.arrays with
    | none => ""
    | some a => "the array " ++ a.name ++ " has not the " ++ toString a.size ++ " bytes that its shape asks for"
  { failure := .request, endpoint, tries := 0, lastCause := reason }

/-! ## The reply -/

/-- The arrays of a reply. -/
def readArrays : List ReplyArray → Except String (List NamedArray)
  | [] => .ok []
  | array :: arrays =>
    match DType.ofName? array.header.dtype, readArrays arrays with
    | none, _ => .error ("the dtype " ++ array.header.dtype ++ " is unknown")
    | _, .error reason => .error reason
    | some dtype, .ok rest =>
      .ok (NamedArray.ofFrames array.header.name dtype array.header.shape array.frames :: rest)

/-- A certificate without its last entry, `arrays`, and the value of that. -/
def splitCertificate : Entries → Entries × Option Value
  | [] => ([], none)
  | (key, value) :: entries =>
    match key == "arrays", entries with
    | true, [] => ([], some value)
    | _, _ =>
      let (rest, arrays) := splitCertificate entries
      ((key, value) :: rest, arrays)

/-- Whether arrays have these names. -/
def haveNames : List NamedArray → List Value → Bool
  | [], [] => true
  | a :: as, .string name :: names => a.name == name && haveNames as names
  | _, _ => false

/-- Part the arrays of a reply: those of the result, and as the last ones those with these names. -/
def splitArrays (names : List Value) (arrays : List NamedArray) : Option (List NamedArray × List NamedArray) :=
  if haveNames arrays names then some ([], arrays)
  else
    match arrays with
    | [] => none
    | array :: arrays => (splitArrays names arrays).map fun (own, certificate) => (array :: own, certificate)

/-- The reply as an answer. -/
def Result.answer (r : Result) : Except String LeanPythonBridge.Answer :=
  match readArrays r.arrays with
  | .error reason => .error reason
  | .ok arrays =>
    match splitCertificate (r.certificate.getD []) with
    | (certificate, none) => .ok { result := r.result, arrays, certificate }
    | (certificate, some (.list (name :: names))) =>
      match splitArrays (name :: names) arrays with
      | some (own, certificateArrays) => .ok { result := r.result, arrays := own, certificate, certificateArrays }
      | none => .error "the arrays that the certificate names are not the last ones of the reply"
    | (_, some _) => .error "the certificate's arrays are no list of names"

/-- Run the checker: the answer with its proof, or why there is none. -/
def Result.certify (r : Result) (operation : CertifiedOperation) (question : Question)
    (agree : NamedArray.allAgree question.arrays = true) : Except Error (CertifiedAnswer operation question) :=
  match r.answer with
  | .error reason => .error (r.unexpected reason)
  | .ok answer =>
    if arrays : NamedArray.allAgree answer.allArrays = true then
      if h : operation.check question answer = true then
        .ok ⟨answer, NamedArray.allAgree_sound agree, NamedArray.allAgree_sound arrays, operation.sound h⟩
      else
        .error (r.unproven (if r.certificate.isSome then "the checker rejects it" else "the reply has no certificate"))
    else .error (r.unexpected "the frames of an array are not as long as its shape says")

end Client

end LeanPythonBridge
