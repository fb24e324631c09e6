module

public import LeanPythonBridge.Certificate.Chunks
public import LeanPythonBridge.Certificate.DiagonalShift
public import LeanPythonBridge.Certificate.Reading

/-!
# `eigenvalue_bounds`: between which numbers the eigenvalues of a symmetric matrix lie

The matrix is the array `matrix`, the bounds are `lower` and `upper` in the result. What is tested and why that suffices
is in `DiagonalShift`: the certificate has a matrix of doubles for each bound and its approximate Cholesky factor.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.EigenvalueBoundsOperation

open Float64 DiagonalShift

/-- What is true of the exact values of a matrix and two bounds, given by their bits. -/
structure Bounded {n : Nat} (A : Matrix n n Nat) (lower upper : Nat) : Prop where
  /-- The matrix is finite. -/
  matrix_finite : ∀ i, Finite (A i)
  /-- It is symmetric. -/
  symmetric : ∀ i j, valueMatrix A i j = valueMatrix A j i
  /-- The bounds are finite. -/
  bounds_finite : isFinite lower = true ∧ isFinite upper = true
  /-- The quadratic form lies between the bounds times the squared norm. -/
  bounds : ∀ x : Vec n Rat, (∃ i, x i ≠ 0) →
    toRat lower * normSq x < quadForm (valueMatrix A) x ∧ quadForm (valueMatrix A) x < toRat upper * normSq x

/-- What a certified answer means: with the numbers `lower` and `upper` of the result, `lower ‖x‖² < xᵀ A x < upper ‖x‖²`
for every `x ≠ 0`. So every eigenvalue lies between them. -/
def Meaning (q : Question) (a : Answer) : Prop :=
  ∃ matrix n lower upper, q.array? "matrix" = some matrix ∧ IsSquare matrix n ∧
    Value.find? "lower" a.result = some (.float lower) ∧ Value.find? "upper" a.result = some (.float upper) ∧
    Bounded (frameMatrix matrix.packed n n) lower.toNat upper.toNat

/-- The hints for the lower bound. -/
def lowerLayout (entries : Entries) : PositiveDefinite.Layout :=
  ⟨natural "lower_words" entries, rangeOf "lower_matrix_range" entries, rangeOf "lower_factor_range" entries⟩

/-- The hints for the upper bound. -/
def upperLayout (entries : Entries) : PositiveDefinite.Layout :=
  ⟨natural "upper_words" entries, rangeOf "upper_matrix_range" entries, rangeOf "upper_factor_range" entries⟩

/-- The test of both bounds, for the frame of the matrix. -/
def checkBounds (matrix n : Nat) (a : Answer) (lower upper : Nat) : Bool :=
  match a.certificateArray? "lower_matrix", a.certificateArray? "lower_factor", a.certificateArray? "upper_matrix",
    a.certificateArray? "upper_factor" with
  | some lowerMatrix, some lowerFactor, some upperMatrix, some upperFactor =>
    isSquare lowerMatrix n && isSquare lowerFactor n && isSquare upperMatrix n && isSquare upperFactor n &&
    (rangeOf "matrix_range" a.certificate).checkFrame (Nat.mul n n) matrix &&
    checkBelow matrix (join lowerMatrix.chunks) (join lowerFactor.chunks) n lower (lowerLayout a.certificate) &&
    checkAbove matrix (join upperMatrix.chunks) (join upperFactor.chunks) n upper (upperLayout a.certificate)
  | _, _, _, _ => false

/-- Whether the certificate of an answer holds. -/
def check (q : Question) (a : Answer) : Bool :=
  match q.array? "matrix", Value.find? "lower" a.result, Value.find? "upper" a.result with
  | some matrix, some (.float lower), some (.float upper) => isText "kind" "shifted_cholesky_factors" a.certificate &&
    isSquare matrix (rowCount matrix) &&
    checkBounds (join matrix.chunks) (rowCount matrix) a lower.toNat upper.toNat
  | _, _, _ => false

theorem checkBounds_sound {matrix n lower upper : Nat} {a : Answer} (h : checkBounds matrix n a lower upper = true) :
    Bounded (frameMatrix matrix n n) lower upper := by
  unfold checkBounds at h
  split at h
  case h_1 =>
    simp only [Bool.and_eq_true] at h
    obtain ⟨⟨⟨-, range⟩, below⟩, above⟩ := h
    have ⟨symmetric, least⟩ := checkBelow_sound below
    exact ⟨finite_of_range range, symmetric, ⟨finite_of_checkBelow below, finite_of_checkAbove above⟩,
      fun x hx => ⟨least x hx, checkAbove_sound above x hx⟩⟩
  case h_2 => exact Bool.noConfusion h

theorem check_sound {q : Question} {a : Answer} (h : check q a = true) : Meaning q a := by
  unfold check at h
  split at h
  case h_1 matrix lower upper found least largest =>
    simp only [Bool.and_eq_true, join_eq] at h
    exact ⟨matrix, rowCount matrix, lower, upper, found, isSquare_sound h.1.2, least, largest, checkBounds_sound h.2⟩
  case h_2 => exact Bool.noConfusion h

/-- Bounds on the eigenvalues of a symmetric matrix. -/
def operation : CertifiedOperation where
  name := "eigenvalue_bounds"
  check := check
  Meaning := Meaning
  sound := check_sound

end LeanPythonBridge.Certificate.EigenvalueBoundsOperation
