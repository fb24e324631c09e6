module

public import LeanPythonBridge.Certificate.Arguments
public import LeanPythonBridge.Certificate.LeastSquares
public import LeanPythonBridge.Certificate.Operation

/-!
# `least_squares`: weights with the least sum of squares

The question has the arrays `matrix`, of `m` rows and `n` columns of doubles, and `right`; the answer has the array
`weights`. The certificate has four arrays, and these entries:

| key | meaning |
|---|---|
| `inverse_bound`, `inverse_layout` | how far the array `inverse` times `matrix` is from the identity, and how to compute it |
| `prediction_bound`, `prediction_layout` | the same of `matrix` times `weights` and the array `prediction` |
| `gradient_bound`, `gradient_layout` | the same of the array `residual`, times `matrix` from the left, and `gradient` |
| `largest`, `error`, `slope` | limits on entries, see `LeastSquares.Evidence` |
| `gap` | how far the sum of squares may be from the least one |

What it proves is in `LeanPythonBridge.Certificate.LeastSquares`.
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

/-! ## Reading -/

/-- What is said of a product: the bound and the layout of this name. -/
def product? (name : String) (entries : Entries) : Option Product.Evidence :=
  match Value.double? (name ++ "_bound") entries, Value.find? (name ++ "_layout") entries with
  | some bound, some (.list layout) => (Product.Layout.ofValues? layout).map (⟨bound.toNat, ·⟩)
  | _, _ => none

/-- The limits on entries, and the gap, beside what is said of the products. -/
def limits? (inverse prediction gradient : Product.Evidence) (gap : UInt64) (entries : Entries) :
    Option LeastSquares.Evidence :=
  match Value.double? "largest" entries, Value.double? "error" entries, Value.double? "slope" entries with
  | some largest, some error, some slope =>
    some ⟨inverse, prediction, gradient, largest.toNat, error.toNat, slope.toNat, gap.toNat⟩
  | _, _, _ => none

/-- What a certificate says. -/
def evidence? (gap : UInt64) (entries : Entries) : Option LeastSquares.Evidence :=
  match product? "inverse" entries, product? "prediction" entries, product? "gradient" entries with
  | some inverse, some prediction, some gradient => limits? inverse prediction gradient gap entries
  | _, _, _ => none

theorem gap_of_evidence? {gap : UInt64} {entries : Entries} {e : LeastSquares.Evidence}
    (h : evidence? gap entries = some e) : e.gap = gap.toNat := by
  unfold evidence? limits? at h
  split at h
  · split at h
    · rw [← Option.some.inj h]
    · contradiction
  · contradiction

/-- The frames, of which each is read once. -/
def frames (m n matrix right weights inverse prediction residual gradient : Nat) : LeastSquares.Frames :=
  ⟨matrix, Product.transposed m n matrix, right, weights, inverse, prediction, residual, gradient⟩

/-! ## The checker -/

/-- The arrays of a certificate. -/
structure Arrays where
  /-- Nearly a left inverse of the matrix. -/
  inverse : NamedArray
  /-- Nearly the matrix times the weights. -/
  prediction : NamedArray
  /-- Nearly the residual of the best weights, in two parts. -/
  residual : NamedArray
  /-- The parts, times the matrix from the left. -/
  gradient : NamedArray

/-- The arrays of a certificate, when they are there. -/
def arrays? (a : Answer) : Option Arrays :=
  match a.certificateArray? "inverse", a.certificateArray? "prediction", a.certificateArray? "residual",
    a.certificateArray? "gradient" with
  | some inverse, some prediction, some residual, some gradient => some ⟨inverse, prediction, residual, gradient⟩
  | _, _, _, _ => none

/-- The test of the shapes of a certificate's arrays. -/
def Arrays.haveShapes (arrays : Arrays) (m n : Nat) : Bool :=
  arrays.inverse.isMatrix n m && arrays.prediction.isVector m && arrays.residual.isMatrix 2 m &&
    arrays.gradient.isMatrix n 2

/-- The test of the certificate for arrays of the right shapes. -/
def checkArrays (m n : Nat) (matrix right weights : NamedArray) (arrays : Arrays) (e : LeastSquares.Evidence) : Bool :=
  withValue (Product.words (Nat.mul m n) matrix) fun X => withValue (Product.words m right) fun y =>
    withValue (Product.words n weights) fun w => withValue (Product.words (Nat.mul n m) arrays.inverse) fun Y =>
      withValue (Product.words m arrays.prediction) fun p => withValue (Product.words (Nat.mul 2 m) arrays.residual) fun q =>
        withValue (Product.words (Nat.mul n 2) arrays.gradient) fun h => withValue (Product.transposed m n X) fun T =>
          LeastSquares.check ⟨X, T, y, w, Y, p, q, h⟩ m n e

/-- The test of the arrays. -/
def checkShapes (matrix right weights : NamedArray) (arrays : Arrays) (e : LeastSquares.Evidence) : Bool :=
  matrix.isMatrix matrix.rowCount (columnCount matrix) && right.isVector matrix.rowCount &&
    weights.isVector (columnCount matrix) && arrays.haveShapes matrix.rowCount (columnCount matrix) &&
      checkArrays matrix.rowCount (columnCount matrix) matrix right weights arrays e

/-- The test of the certificate for a gap that is there. -/
def checkEvidence (matrix right weights : NamedArray) (gap : UInt64) (a : Answer) : Bool :=
  match arrays? a, evidence? gap a.certificate with
  | some arrays, some e => a.isKind "least_squares_gap" && checkShapes matrix right weights arrays e
  | _, _ => false

/-- Whether the certificate of an answer holds. -/
def check (q : Question) (a : Answer) : Bool :=
  match q.array? "matrix", q.array? "right", a.array? "weights", Value.double? "gap" a.certificate with
  | some matrix, some right, some weights, some gap => checkEvidence matrix right weights gap a
  | _, _, _, _ => false

theorem check_sound {q : Question} {a : Answer} (h : check q a = true) : Meaning q a := by
  unfold check at h
  split at h
  case h_2 => exact Bool.noConfusion h
  case h_1 matrix right weights gap found found' answered stated =>
    unfold checkEvidence at h
    split at h
    case h_2 => exact Bool.noConfusion h
    case h_1 arrays e _ read =>
      simp only [Bool.and_eq_true, checkShapes, checkArrays, withValue_eq] at h
      obtain ⟨-, ⟨⟨⟨rectangular, vector⟩, vector'⟩, -⟩, certified⟩ := h
      have certified := LeastSquares.check_sound rfl certified
      rw [Product.frameMatrix_words, Product.frameVec_words, Product.frameVec_words, gap_of_evidence? read] at certified
      exact ⟨matrix.rowCount, columnCount matrix, matrix, right, weights, gap, found,
        NamedArray.isMatrix_sound rectangular, found', NamedArray.isVector_sound vector, answered,
        NamedArray.isVector_sound vector', Value.find?_of_double? stated, certified⟩

/-- Weights with the least sum of squares. -/
def operation : CertifiedOperation where
  name := "least_squares"
  check := check
  Meaning := Meaning
  sound := check_sound

end LeanPythonBridge.Certificate.LeastSquaresOperation
