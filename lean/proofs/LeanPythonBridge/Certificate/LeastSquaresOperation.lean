module

public import LeanPythonBridge.Certificate.Arguments
public import LeanPythonBridge.Certificate.LeastSquares
public import LeanPythonBridge.Certificate.Operation

/-!
# `least_squares`: weights with the least sum of squares

The question has the arrays `matrix`, of `m` rows and `n` columns of doubles, and `right`; the answer has the array
`weights`. The certificate is the arrays `transpose` and `factor` and the doubles `curvature` and `gap`; what it says is in
`LeanPythonBridge.Certificate.LeastSquares`.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.LeastSquaresOperation

open Float64

/-- How far the second dimension goes. -/
def columnCount (a : NamedArray) : Nat :=
  match a.shape with
  | _ :: n :: _ => n
  | _ => 0

/-- What a certified fit means. The matrix `X` and the right-hand side `y` are those of the question, `ŵ` is the weights in
the answer and `gap` stands in its certificate. Of their exact values: all are finite; the columns of `X` are linearly
independent; and every `v` has `‖X ŵ - y‖² ≤ ‖X v - y‖² + gap`. -/
def Meaning (q : Question) (a : Answer) : Prop :=
  ∃ m n matrix right weights gap,
    q.array? "matrix" = some matrix ∧ matrix.IsMatrix m n ∧ q.array? "right" = some right ∧ right.IsVector m ∧
      a.array? "weights" = some weights ∧ weights.IsVector n ∧
        Value.find? "gap" a.certificate = some (.float gap) ∧
          LeastSquares.Certified (frameMatrix matrix.packed m n) (frameVec right.packed m) (frameVec weights.packed n)
            gap.toNat

/-- The test of the certificate for arrays of the right shapes. -/
def checkArrays (m n : Nat) (matrix right weights transpose factor : NamedArray) (curvature gap : UInt64) :
    Bool :=
  withValue matrix.packed fun X => withValue right.packed fun y => withValue weights.packed fun w =>
    withValue transpose.packed fun T => withValue factor.packed fun L => withValue curvature.toNat fun mu =>
      withValue gap.toNat fun gap => LeastSquares.check X y w T L m n mu gap

/-- Whether the certificate of an answer holds, for arrays that are there. -/
def checkShapes (matrix right weights transpose factor : NamedArray) (curvature gap : UInt64) : Bool :=
  matrix.isMatrix matrix.rowCount (columnCount matrix) && right.isVector matrix.rowCount &&
    weights.isVector (columnCount matrix) && transpose.isMatrix (columnCount matrix) matrix.rowCount &&
      factor.isMatrix (columnCount matrix) (columnCount matrix) &&
        checkArrays matrix.rowCount (columnCount matrix) matrix right weights transpose factor curvature gap

/-- Whether the certificate of an answer holds. -/
def check (q : Question) (a : Answer) : Bool :=
  match q.array? "matrix", q.array? "right", a.array? "weights", a.certificateArray? "transpose",
    a.certificateArray? "factor", Value.double? "curvature" a.certificate, Value.double? "gap" a.certificate with
  | some matrix, some right, some weights, some transpose, some factor, some curvature, some gap =>
    a.isKind "least_squares_gap" && checkShapes matrix right weights transpose factor curvature gap
  | _, _, _, _, _, _, _ => false

theorem check_sound {q : Question} {a : Answer} (h : check q a = true) : Meaning q a := by
  unfold check at h
  split at h
  case h_1 matrix right weights transpose factor curvature gap found found' answered _ _ _ stated =>
    simp only [Bool.and_eq_true, checkShapes, checkArrays, withValue_eq] at h
    obtain ⟨-, ⟨⟨⟨⟨rectangular, vector⟩, vector'⟩, -⟩, -⟩, certified⟩ := h
    exact ⟨matrix.rowCount, columnCount matrix, matrix, right, weights, gap, found,
      NamedArray.isMatrix_sound rectangular, found', NamedArray.isVector_sound vector, answered,
      NamedArray.isVector_sound vector', Value.find?_of_double? stated, LeastSquares.check_sound certified⟩
  case h_2 => exact Bool.noConfusion h

/-- Weights with the least sum of squares. -/
def operation : CertifiedOperation where
  name := "least_squares"
  check := check
  Meaning := Meaning
  sound := check_sound

end LeanPythonBridge.Certificate.LeastSquaresOperation
