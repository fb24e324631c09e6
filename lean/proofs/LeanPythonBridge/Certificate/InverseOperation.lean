module

public import LeanPythonBridge.Certificate.Arguments
public import LeanPythonBridge.Certificate.Inverse
public import LeanPythonBridge.Certificate.Operation

/-!
# `inverse`: the inverse of a matrix

The question has the array `matrix`, of `n` rows and columns of doubles; the answer has the array `inverse`. The
certificate is the doubles `contraction`, `largest` and `bound`, and how to compute with them; what it says is in
`LeanPythonBridge.Certificate.Inverse`.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.InverseOperation

open Float64

/-- The entries of a certificate. -/
structure EnclosureEntries where
  /-- At least `‖I - R A‖∞`, as the bits of a double. -/
  contraction : UInt64
  /-- At least every entry of the inverse, as the bits of a double. -/
  largest : UInt64
  /-- What an entry of the inverse is off by at most, as the bits of a double. -/
  bound : UInt64
  /-- How to compute. -/
  layout : Solve.Layout

/-- How to compute: what stands in the entry `layout`. -/
def layout? : Option Value → Option Solve.Layout
  | some (.map entries) =>
    match Value.atMost? maxWords "words" entries, Range.find? "matrix" entries, Range.find? "inverse" entries with
    | some words, some matrix, some inverse => some (Inverse.layout words matrix inverse)
    | _, _, _ => none
  | _ => none

/-- The certificate of an answer. -/
def entries? (a : Answer) : Option EnclosureEntries :=
  match Value.double? "contraction" a.certificate, Value.double? "largest" a.certificate,
    Value.double? "bound" a.certificate, layout? (Value.find? "layout" a.certificate) with
  | some contraction, some largest, some bound, some layout => some ⟨contraction, largest, bound, layout⟩
  | _, _, _, _ => none

/-- What a certified inverse means. The matrix `A` is that of the question, `R` is the inverse in the answer and `bound`
stands in its certificate. Of their exact values: all are finite; `A` is nonsingular; and every `B` with `A B = I` has
`|Rᵢⱼ - Bᵢⱼ| ≤ bound` in every entry. -/
def Meaning (q : Question) (a : Answer) : Prop :=
  ∃ n matrix inverse bound,
    q.array? "matrix" = some matrix ∧ matrix.IsMatrix n n ∧ a.array? "inverse" = some inverse ∧ inverse.IsMatrix n n ∧
      Value.find? "bound" a.certificate = some (.float bound) ∧
        Inverse.Certified (frameMatrix matrix.packed n n) (frameMatrix inverse.packed n n) bound.toNat

/-- The test of the certificate for arrays of the right shapes. -/
def checkArrays (n : Nat) (matrix inverse : NamedArray) (entries : EnclosureEntries) : Bool :=
  withValue matrix.packed fun A => withValue inverse.packed fun R => withValue entries.contraction.toNat fun contraction =>
    withValue entries.largest.toNat fun largest => withValue entries.bound.toNat fun bound =>
      Inverse.check A R n contraction largest bound entries.layout

/-- Whether the certificate of an answer holds. -/
def check (q : Question) (a : Answer) : Bool :=
  match q.array? "matrix", a.array? "inverse", entries? a with
  | some matrix, some inverse, some entries =>
    a.isKind "inverse_enclosure" && matrix.isMatrix matrix.rowCount matrix.rowCount &&
      inverse.isMatrix matrix.rowCount matrix.rowCount && checkArrays matrix.rowCount matrix inverse entries
  | _, _, _ => false

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
  case h_1 matrix inverse entries found answered stated =>
    simp only [Bool.and_eq_true, checkArrays, withValue_eq] at h
    obtain ⟨⟨⟨-, square⟩, square'⟩, certified⟩ := h
    exact ⟨matrix.rowCount, matrix, inverse, entries.bound, found, NamedArray.isMatrix_sound square, answered,
      NamedArray.isMatrix_sound square', bound_eq stated, Inverse.check_sound certified⟩
  case h_2 => exact Bool.noConfusion h

/-- The inverse of a matrix. -/
def operation : CertifiedOperation where
  name := "inverse"
  check := check
  Meaning := Meaning
  sound := check_sound

end LeanPythonBridge.Certificate.InverseOperation
