module

public import LeanPythonBridge.Certificate.Chunks
public import LeanPythonBridge.Certificate.PositiveDefiniteSoundness
public import LeanPythonBridge.Certificate.Reading

/-!
# `positive_definite`: a symmetric matrix whose quadratic form is positive

The matrix is the array `matrix`; the certificate has an approximate Cholesky factor, the array `factor`. What is tested
and why that suffices is in `PositiveDefinite`.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.PositiveDefiniteOperation

open Float64 PositiveDefinite

/-- What the answer says: the matrix is positive definite. -/
def says (a : Answer) : Bool :=
  match a.result, a.arrays with
  | [(key, .bool true)], [] => key == "positive_definite"
  | _, _ => false

/-- What a certified answer means: the array `matrix` is a square matrix of finite doubles whose exact values are
symmetric, with `xᵀ A x > 0` for every `x ≠ 0`. -/
def Meaning (q : Question) (a : Answer) : Prop :=
  ∃ matrix n, q.array? "matrix" = some matrix ∧ IsSquare matrix n ∧ Certified (frameMatrix matrix.packed n n) ∧
    a.result = [("positive_definite", .bool true)]

/-- The hints of a certificate. -/
def layoutOf (entries : Entries) : Layout :=
  ⟨natural "words" entries, rangeOf "matrix_range" entries, rangeOf "factor_range" entries⟩

/-- Whether the certificate of an answer holds. -/
def check (q : Question) (a : Answer) : Bool :=
  match q.array? "matrix", a.certificateArray? "factor" with
  | some matrix, some factor => says a && isText "kind" "cholesky_factor" a.certificate &&
    isSquare matrix (rowCount matrix) && isSquare factor (rowCount matrix) &&
    PositiveDefinite.check (join matrix.chunks) (join factor.chunks) (rowCount matrix) (layoutOf a.certificate)
  | _, _ => false

theorem says_sound {a : Answer} (h : says a = true) : a.result = [("positive_definite", .bool true)] := by
  unfold says at h
  split at h
  case h_1 key result _ => rw [result, beq_iff_eq.1 h]
  case h_2 => exact Bool.noConfusion h

theorem check_sound {q : Question} {a : Answer} (h : check q a = true) : Meaning q a := by
  unfold check at h
  split at h
  case h_1 matrix factor found _ =>
    simp only [Bool.and_eq_true, join_eq] at h
    obtain ⟨⟨⟨⟨said, -⟩, square⟩, -⟩, holds⟩ := h
    exact ⟨matrix, rowCount matrix, found, isSquare_sound square, PositiveDefinite.check_sound holds, says_sound said⟩
  case h_2 => exact Bool.noConfusion h

/-- Whether a symmetric matrix is positive definite. -/
def operation : CertifiedOperation where
  name := "positive_definite"
  check := check
  Meaning := Meaning
  sound := check_sound

end LeanPythonBridge.Certificate.PositiveDefiniteOperation
