module

public import LeanPythonBridge.Certificate.Arguments
public import LeanPythonBridge.Certificate.Operation
public import LeanPythonBridge.Certificate.SolveSoundness

/-!
# `solve`: the solution of linear equations

The question has the arrays `matrix`, of `n` rows and columns of doubles, and `right`; the answer has the array
`solution`. The certificate is the array `inverse`, the doubles `contraction` and `bound`, and how to compute with them;
what it says is in `LeanPythonBridge.Certificate.Solve`.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.SolveOperation

open Float64

/-- The entries of a certificate. -/
structure EnclosureEntries where
  /-- At least `‖I - R A‖∞`, as the bits of a double. -/
  contraction : UInt64
  /-- What the solution is off by at most, as the bits of a double. -/
  bound : UInt64
  /-- How to compute. -/
  layout : Solve.Layout

/-- How to compute: what stands in the entry `layout`. -/
def layout? : Option Value → Option Solve.Layout
  | some (.map entries) =>
    match Value.atMost? maxWords "words" entries, Value.atMost? maxWords "wide" entries, Range.find? "matrix" entries,
      Range.find? "right" entries, Range.find? "solution" entries, Range.find? "inverse" entries with
    | some words, some wide, some matrix, some right, some solution, some inverse =>
      some ⟨words, wide, matrix, right, solution, inverse⟩
    | _, _, _, _, _, _ => none
  | _ => none

/-- The certificate of an answer. -/
def entries? (a : Answer) : Option EnclosureEntries :=
  match Value.double? "contraction" a.certificate, Value.double? "bound" a.certificate,
    layout? (Value.find? "layout" a.certificate) with
  | some contraction, some bound, some layout => some ⟨contraction, bound, layout⟩
  | _, _, _ => none

/-- What a certified solution means. The matrix `A` and the right-hand side `b` are those of the question, `x̂` is the
solution in the answer and `bound` stands in its certificate. Of their exact values: all are finite; `A` is nonsingular;
and every `y` with `A y = b` has `|x̂ᵢ - yᵢ| ≤ bound` in every entry. -/
def Meaning (q : Question) (a : Answer) : Prop :=
  ∃ n matrix right solution bound,
    q.array? "matrix" = some matrix ∧ matrix.IsMatrix n n ∧ q.array? "right" = some right ∧ right.IsVector n ∧
      a.array? "solution" = some solution ∧ solution.IsVector n ∧
        Value.find? "bound" a.certificate = some (.float bound) ∧
          Solve.Certified (frameMatrix matrix.packed n n) (frameVec right.packed n) (frameVec solution.packed n) bound.toNat

/-- The test of the certificate for arrays of the right shapes. -/
def checkArrays (n : Nat) (matrix right solution inverse : NamedArray) (entries : EnclosureEntries) : Bool :=
  withValue matrix.packed fun A => withValue right.packed fun b => withValue solution.packed fun x =>
    withValue inverse.packed fun R => withValue entries.contraction.toNat fun contraction =>
      withValue entries.bound.toNat fun bound => Solve.check A b x R n contraction bound entries.layout

/-- Whether the certificate of an answer holds. -/
def check (q : Question) (a : Answer) : Bool :=
  match q.array? "matrix", q.array? "right", a.array? "solution", a.certificateArray? "inverse", entries? a with
  | some matrix, some right, some solution, some inverse, some entries =>
    a.isKind "solve_enclosure" && matrix.isMatrix matrix.rowCount matrix.rowCount && right.isVector matrix.rowCount &&
      solution.isVector matrix.rowCount && inverse.isMatrix matrix.rowCount matrix.rowCount &&
        checkArrays matrix.rowCount matrix right solution inverse entries
  | _, _, _, _, _ => false

private theorem bound_eq {a : Answer} {entries : EnclosureEntries} (h : entries? a = some entries) :
    Value.find? "bound" a.certificate = some (.float entries.bound) := by
  unfold entries? at h
  split at h
  · rename_i stated _
    simp only [Option.some.injEq] at h
    rw [← h]
    exact Value.find?_of_double? stated
  · contradiction

theorem check_sound {q : Question} {a : Answer} (h : check q a = true) : Meaning q a := by
  unfold check at h
  split at h
  case h_1 matrix right solution inverse entries found found' answered _ stated =>
    simp only [Bool.and_eq_true, checkArrays, withValue_eq] at h
    obtain ⟨⟨⟨⟨⟨-, square⟩, vector⟩, vector'⟩, -⟩, certified⟩ := h
    exact ⟨matrix.rowCount, matrix, right, solution, entries.bound, found, NamedArray.isMatrix_sound square, found',
      NamedArray.isVector_sound vector, answered, NamedArray.isVector_sound vector', bound_eq stated,
      Solve.check_sound certified⟩
  case h_2 => exact Bool.noConfusion h

/-- The solution of linear equations. -/
def operation : CertifiedOperation where
  name := "solve"
  check := check
  Meaning := Meaning
  sound := check_sound

end LeanPythonBridge.Certificate.SolveOperation
