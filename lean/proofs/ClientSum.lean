module

public import CertificateSum
public import Client

/-!
# The client's sum of a matrix

The request, and what makes its reply a value with a proof: `certify` runs the checker on the very doubles that are
sent. The matrix always travels as an array frame, which costs no encoding and no copy.

In a running program it is compiled code that decides: the checker as Lean's compiler translated it, and the bits of
`Float`s as the runtime gives them. The theorem is the kernel's; that this run evaluated the checker rightly is not. A
transcript, which the kernel evaluates, does without that trust.
-/

@[expose] public section

namespace LeanPythonBridge.Client

open CertificateSum Float64

/-- The test of `CertificateSum.check` in one pass that needs no stack, given what came before the elements. -/
def checkFrom (positive negative count : Nat) (result : Nat) (certificate : Certificate) : List Nat → Bool
  | [] => checkSums positive negative count result certificate
  | x :: xs =>
    if isFinite x then
      if isNegative x then checkFrom positive (negative + scaledAbs x) (count + 1) result certificate xs
      else checkFrom (positive + scaledAbs x) negative (count + 1) result certificate xs
    else false

theorem checkFrom_eq (result : Nat) (certificate : Certificate) (xs : List Nat) :
    ∀ positive negative count, checkFrom positive negative count result certificate xs =
      (xs.all isFinite &&
        checkSums (positive + positiveSum xs) (negative + negativeSum xs) (count + xs.length) result certificate) := by
  induction xs with
  | nil => intros; simp [checkFrom, positiveSum, negativeSum]
  | cons x xs ih =>
    intro positive negative count
    simp only [checkFrom, ih, positiveSum, negativeSum, List.all_cons, List.length_cons, Nat.add_assoc, Nat.add_comm 1]
    cases isFinite x <;> cases isNegative x <;> simp

/-- A matrix of doubles in C order. -/
structure FloatMatrix where
  /-- How many rows. -/
  rows : Nat
  /-- How many columns. -/
  columns : Nat
  /-- The elements. -/
  values : FloatArray
  /-- There are as many elements as rows and columns ask for. -/
  size_eq : rows * columns = values.size

namespace FloatMatrix

/-- The matrix of these elements; `none` when there are not as many as rows and columns ask for. -/
def ofArray? (rows columns : Nat) (values : FloatArray) : Option FloatMatrix :=
  if h : rows * columns = values.size then some ⟨rows, columns, values, h⟩ else none

/-- The matrix of one row. -/
def row (values : FloatArray) : FloatMatrix := ⟨1, values.size, values, Nat.one_mul _⟩

/-- The bits of the first `count` elements, before others. -/
def bitsBefore (values : FloatArray) : (count : Nat) → (rest : List Nat) → List Nat
  | 0, rest => rest
  | count + 1, rest => bitsBefore values count ((values.get! count).toBits.toNat :: rest)

/-- The elements as their bits: what proofs are about. -/
def doubles (m : FloatMatrix) : List Nat := bitsBefore m.values m.values.size []

/-- The request for the sum. -/
def sumRequest (m : FloatMatrix) (certify : Bool) : Request :=
  { operation := "matrix_sum", certify,
    arrays := [{ name := "matrix", dtype := "f8", shape := [m.rows, m.columns] }] }

end FloatMatrix

/-- A sum, with the proof of what its certificate says of the exact values of the elements. A value of this type that a
program made at run time was decided by compiled code. -/
structure CertifiedSum (m : FloatMatrix) where
  /-- The sum as its bits. -/
  bits : UInt64
  /-- What the server said of it. -/
  certificate : Certificate
  /-- And that this is true. -/
  certified : Certified m.doubles bits.toNat certificate

/-- The sum. -/
def CertifiedSum.value {m : FloatMatrix} (s : CertifiedSum m) : Float := Float.ofBits s.bits

/-- Read the sum in a result. -/
def Result.sumBits (r : Result) : Except Error UInt64 :=
  match required "sum" Value.asFloatBits? r.result with
  | .ok bits => .ok bits
  | .error reason => .error (r.unexpected reason)

/-- Read the certificate of a sum. -/
def readCertificate (entries : List (String × Value)) : Except String Certificate := do
  let kind ← required "kind" Value.asString? entries
  if kind == "sum_error_bound" then
    let count ← required "count" Value.asNat? entries
    let error ← required "error" Value.asFloatBits? entries
    let errorBound ← required "error_bound" Value.asFloatBits? entries
    let nonnegative ← required "nonnegative" Value.asBool? entries
    return { count, error := error.toNat, errorBound := errorBound.toNat, nonnegative }
  else .error ("the certificate is of another kind, " ++ kind)

/-- Run the checker: the sum with its proof, or why there is none. -/
def FloatMatrix.certify (m : FloatMatrix) (r : Result) : Except Error (CertifiedSum m) :=
  match r.sumBits, r.certificate with
  | .error e, _ => .error e
  | .ok _, none => .error (r.unproven "the reply has no certificate")
  | .ok bits, some entries =>
    match readCertificate entries with
    | .error reason => .error (r.unproven reason)
    | .ok certificate =>
      if h : checkFrom 0 0 0 bits.toNat certificate m.doubles = true then
        .ok ⟨bits, certificate, check_sound (by simpa [checkFrom_eq, check] using h)⟩
      else .error (r.unproven "the checker rejects the certificate")

end LeanPythonBridge.Client
