module

public import LeanPythonBridge.Certificate.Pca
public import LeanPythonBridge.Certificate.PositiveDefiniteOperation

/-!
# `pca`: the principal components of points, and that no directions capture more

The question has the array `data`, of shape `[m, n]`, and the parameter `components`, how many are asked for; the answer has
the arrays `mean` and `components`, of shape `[k, n]`. The certificate has the doubles `captured`, `greatest`, `skew` and
`mean_bound`, which the theorem speaks of; and to prove it the arrays `spread`, a matrix F of k rows, `matrix`, a positive
definite matrix near τ I + Fᵀ F - Yᵀ Y, where the rows of Y are the points less `mean`, and `factor`, its approximate Cholesky
factor (`PositiveDefinite`), with the doubles `shift`, which is τ, and `error`. Why they suffice is in `PrincipalComponents`.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.PcaOperation

open Float64 Pca

/-- The points that a question is about and the number of components, and nothing else. -/
def asked? (q : Question) : Option (NamedArray × Nat) :=
  match q.params, q.arrays with
  | [("components", .int (.ofNat k))], [data] => if data.name == "data" then some (data, k) else none
  | _, _ => none

/-- The mean and the components of an answer, and nothing else. -/
def given? (a : Answer) : Option (NamedArray × NamedArray) :=
  match a.result, a.arrays with
  | [], [mean, components] =>
    if mean.name == "mean" && components.name == "components" then some (mean, components) else none
  | _, _ => none

/-- What certified components mean, of the exact values of the doubles: `mean` is within `mean_bound` of the points' mean, the
components are orthonormal but for `skew`, the sum of the squares of the projections on them of the points less `mean` is at
least `captured`, and for any orthonormal directions, as many as these, it is at most `greatest`. -/
def Meaning (q : Question) (a : Answer) : Prop :=
  ∃ m n k data mean components captured greatest skew meanBound, asked? q = some (data, k) ∧ data.IsMatrix m n ∧
    given? a = some (mean, components) ∧ mean.IsVector n ∧ components.IsMatrix k n ∧
    Value.find? "captured" a.certificate = some (.float captured) ∧
    Value.find? "greatest" a.certificate = some (.float greatest) ∧ Value.find? "skew" a.certificate = some (.float skew) ∧
    Value.find? "mean_bound" a.certificate = some (.float meanBound) ∧
    Certified (frameMatrix data.packed m n) (frameVec mean.packed n) (frameMatrix components.packed k n)
      captured.toNat greatest.toNat skew.toNat meanBound.toNat

/-! ## The test -/

/-- The numbers that a certificate's theorem speaks of: `captured`, `greatest`, `skew`, `mean_bound`. -/
def stated? (entries : Entries) : Option (UInt64 × UInt64 × UInt64 × UInt64) :=
  match Value.double? "captured" entries, Value.double? "greatest" entries, Value.double? "skew" entries,
    Value.double? "mean_bound" entries with
  | some captured, some greatest, some skew, some meanBound => some (captured, greatest, skew, meanBound)
  | _, _, _, _ => none

/-- How to compute the scatter matrix: words in a lane, columns in a block, and the range of the exponents of the data. -/
def layout? (entries : Entries) : Option Product.Layout :=
  match Value.find? "layout" entries with
  | some (.list [words, block, low, high]) => Product.Layout.ofValues? [words, block, low, high, low, high, low, high]
  | _ => none

/-- The test of the frames of arrays of the right shapes. -/
def checkArrays (data mean components spread matrix factor : NamedArray) (x : Numbers) (layout : Product.Layout)
    (own : PositiveDefinite.Layout) (m n k : Nat) : Bool :=
  data.isMatrix m n && mean.isVector n && components.isMatrix k n && spread.isMatrix k n && matrix.isMatrix n n &&
    factor.isMatrix n n &&
    withValue (join data.chunks) fun X => withValue (join mean.chunks) fun c => withValue (join components.chunks) fun V =>
      withValue (join spread.chunks) fun S => withValue (join matrix.chunks) fun T => withValue (join factor.chunks) fun U =>
        withValue (Product.transposed m n X) fun XT => checkFrames ⟨X, XT, c, V, S, T⟩ x layout own U m n k

/-- The test of the certificate. -/
def checkEvidence (data mean components : NamedArray) (k : Nat) (captured greatest skew meanBound : UInt64) (a : Answer) :
    Bool :=
  match a.certificateArray? "spread", a.certificateArray? "matrix", a.certificateArray? "factor", layout? a.certificate,
    Value.double? "shift" a.certificate, Value.double? "error" a.certificate, data.shape with
  | some spread, some matrix, some factor, some layout, some shift, some error, [m, n] =>
    a.isKind "principal_components" && checkArrays data mean components spread matrix factor
      ⟨captured.toNat, greatest.toNat, skew.toNat, meanBound.toNat, shift.toNat, error.toNat⟩ layout
      (PositiveDefiniteOperation.layoutOf a.certificate) m n k
  | _, _, _, _, _, _, _ => false

/-- Whether the certificate of an answer holds. -/
def check (q : Question) (a : Answer) : Bool :=
  match asked? q, given? a, stated? a.certificate with
  | some (data, k), some (mean, components), some (captured, greatest, skew, meanBound) =>
    checkEvidence data mean components k captured greatest skew meanBound a
  | _, _, _ => false

theorem check_sound {q : Question} {a : Answer} (h : check q a = true) : Meaning q a := by
  unfold check at h
  split at h
  case h_2 => contradiction
  case h_1 data k mean components captured greatest skew meanBound asked given stated =>
    have found : Value.double? "captured" a.certificate = some captured ∧ Value.double? "greatest" a.certificate = some greatest ∧
        Value.double? "skew" a.certificate = some skew ∧ Value.double? "mean_bound" a.certificate = some meanBound := by
      unfold stated? at stated
      split at stated
      · rename_i c g s o
        simp only [Option.some.injEq, Prod.mk.injEq] at stated
        rw [c, g, s, o, stated.1, stated.2.1, stated.2.2.1, stated.2.2.2]
        exact ⟨rfl, rfl, rfl, rfl⟩
      · contradiction
    unfold checkEvidence at h
    split at h
    case h_2 => contradiction
    case h_1 spread matrix factor layout shift error m n _ _ _ _ _ _ _ =>
      simp only [checkArrays, Bool.and_eq_true, withValue_eq, join_eq] at h
      obtain ⟨-, ⟨⟨⟨⟨⟨d, c⟩, v⟩, -⟩, -⟩, -⟩, h⟩ := h
      have certified := checkFrames_sound (F := ⟨_, _, _, _, _, _⟩) rfl
        ⟨captured.toNat_lt, greatest.toNat_lt, skew.toNat_lt, meanBound.toNat_lt⟩ h
      exact ⟨m, n, k, data, mean, components, captured, greatest, skew, meanBound, asked, NamedArray.isMatrix_sound d, given,
        NamedArray.isVector_sound c, NamedArray.isMatrix_sound v, Value.find?_of_double? found.1,
        Value.find?_of_double? found.2.1, Value.find?_of_double? found.2.2.1, Value.find?_of_double? found.2.2.2, certified⟩

/-- Principal components. -/
def operation : CertifiedOperation where
  name := "pca"
  check := check
  Meaning := Meaning
  sound := check_sound

end LeanPythonBridge.Certificate.PcaOperation
