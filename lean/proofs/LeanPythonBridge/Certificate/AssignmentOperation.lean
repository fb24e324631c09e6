module

public import LeanPythonBridge.Certificate.Assignment
public import LeanPythonBridge.Certificate.Operation
public import LeanPythonBridge.Certificate.ProductCertificate
public import LeanPythonBridge.Certificate.Reading

/-!
# `assignment`: a column for each row, as cheap as can be

The question has the array `cost`, of `n` rows and columns of doubles; the answer has the array `columns` of `n` integers.
The certificate has the arrays `rows`, the row that each column is assigned to, and `row_prices` and `column_prices`, and
the entries `words` and `range`, how to compute with them, and `gap`. What it proves is in
`LeanPythonBridge.Certificate.Assignment`.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.AssignmentOperation

open Float64

/-- What a certified assignment means. The costs are those of the question, the columns are in the answer and `gap` stands
in its certificate. Every cost is finite; the columns are a permutation; and no other permutation has costs, as their exact
values, that together are less by more than the gap. -/
def Meaning (q : Question) (a : Answer) : Prop :=
  ∃ n cost columns gap, q.array? "cost" = some cost ∧ cost.IsMatrix n n ∧ a.array? "columns" = some columns ∧
    columns.dtype = .i8 ∧ columns.shape = [n] ∧ Value.find? "gap" a.certificate = some (.float gap) ∧
      Assignment.Certified (frameMatrix cost.packed n n) (frameVec columns.packed n) gap.toNat

/-- The test of the certificate for arrays of the right shapes. -/
def checkFrames (n : Nat) (layout : Assignment.Layout) (cost columns rows rowPrices columnPrices : NamedArray)
    (gap : Nat) : Bool :=
  withValue (Product.words (Nat.mul n n) cost) fun cost => withValue (Product.words n columns) fun columns =>
    withValue (Product.words n rows) fun rows => withValue (Product.words n rowPrices) fun rowPrices =>
      withValue (Product.words n columnPrices) fun columnPrices =>
        Assignment.check layout n ⟨cost, columns, rows, rowPrices, columnPrices⟩ gap

/-- The test of the arrays. -/
def checkArrays (n : Nat) (layout : Assignment.Layout) (cost columns rows rowPrices columnPrices : NamedArray)
    (gap : Nat) : Bool :=
  cost.isMatrix n n && columns.isIndices [n] && rows.isIndices [n] && rowPrices.isVector n && columnPrices.isVector n &&
    checkFrames n layout cost columns rows rowPrices columnPrices gap

/-- The test of the certificate, for arrays that the question and the answer have. -/
def checkCertificate (cost columns : NamedArray) (a : Answer) (gap : Nat) : Bool :=
  match a.certificateArray? "rows", a.certificateArray? "row_prices", a.certificateArray? "column_prices" with
  | some rows, some rowPrices, some columnPrices =>
    checkArrays cost.rowCount ⟨natural "words" a.certificate, rangeOf "range" a.certificate⟩ cost columns rows rowPrices
      columnPrices gap
  | _, _, _ => false

/-- Whether the certificate of an answer holds. -/
def check (q : Question) (a : Answer) : Bool :=
  match q.array? "cost", a.array? "columns", Value.double? "gap" a.certificate with
  | some cost, some columns, some gap => a.isKind "dual_prices" && checkCertificate cost columns a gap.toNat
  | _, _, _ => false

theorem check_sound {q : Question} {a : Answer} (h : check q a = true) : Meaning q a := by
  unfold check at h
  split at h
  case h_2 => exact Bool.noConfusion h
  case h_1 cost columns gap asked answered stated =>
    rw [Bool.and_eq_true, checkCertificate] at h
    obtain ⟨-, h⟩ := h
    split at h
    case h_2 => exact Bool.noConfusion h
    case h_1 =>
      simp only [checkArrays, checkFrames, NamedArray.isIndices, withValue_eq, Bool.and_eq_true, beq_iff_eq] at h
      obtain ⟨⟨⟨⟨⟨square, dtype, shape⟩, -⟩, -⟩, -⟩, certified⟩ := h
      have certified := Assignment.check_sound certified
      rw [Product.frameMatrix_words, Product.frameVec_words] at certified
      exact ⟨cost.rowCount, cost, columns, gap, asked, NamedArray.isMatrix_sound square, answered, dtype, shape,
        Value.find?_of_double? stated, certified⟩

/-- A column for each row. -/
def operation : CertifiedOperation where
  name := "assignment"
  check := check
  Meaning := Meaning
  sound := check_sound

end LeanPythonBridge.Certificate.AssignmentOperation
