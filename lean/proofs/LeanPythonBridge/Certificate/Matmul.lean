module

public import LeanPythonBridge.Certificate.RowCombinations

/-!
# `matmul`: the product of two matrices

The arrays `left`, of shape `[m, k]`, and `right`, of shape `[k, n]`; the answer is the array `product`, of shape
`[m, n]`. All are doubles. The certificate bounds how far an entry is from the exact one (`ProductCertificate`).
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.Matmul

open Float64 Product

/-- What the certificate proves of the exact rational values. -/
structure Certified {m k n : Nat} (A : Matrix m k Nat) (B : Matrix k n Nat) (C : Matrix m n Nat) (bound : Nat) : Prop where
  /-- The left matrix is finite. -/
  left_finite : ∀ i, Finite (A i)
  /-- The right matrix is finite. -/
  right_finite : ∀ i, Finite (B i)
  /-- The computed product is finite. -/
  product_finite : ∀ i, Finite (C i)
  /-- The bound is finite. -/
  bound_finite : isFinite bound = true
  /-- Every computed entry is within the bound of the exact one. -/
  near : ∀ i j, abs (valueMatrix C i j - (valueMatrix A).mul (valueMatrix B) i j) ≤ toRat bound

/-- What a certified product means: the matrices are those on the wire, and the bound is true of their exact values. -/
def Meaning (q : Question) (a : Answer) : Prop :=
  ∃ left right product evidence m k n, q.array? "left" = some left ∧ q.array? "right" = some right ∧
    onlyArray? "product" a = some product ∧ IsDoubles left [m, k] ∧ IsDoubles right [k, n] ∧ IsDoubles product [m, n] ∧
    Evidence.ofEntries? a.certificate = some evidence ∧
    Certified (frameMatrix left.packed m k) (frameMatrix right.packed k n) (frameMatrix product.packed m n) evidence.bound

/-- The test of a bound for matrices of these shapes. -/
def checkMatrices (evidence : Evidence) (m k n : Nat) (left right product : NamedArray) : Bool :=
  checkProduct evidence.layout m k n (words (Nat.mul m k) left) (words (Nat.mul k n) right)
    (words (Nat.mul m n) product) evidence.bound

/-- The test of the arrays. -/
def checkArrays (evidence : Evidence) (left right product : NamedArray) : Bool :=
  match left.shape, right.shape with
  | [m, k], [_, n] => isDoubles left [m, k] && isDoubles right [k, n] && isDoubles product [m, n] &&
      checkMatrices evidence m k n left right product
  | _, _ => false

/-- Whether the certificate of an answer holds. -/
def check (q : Question) (a : Answer) : Bool :=
  match q.array? "left", q.array? "right", onlyArray? "product" a, Evidence.ofEntries? a.certificate with
  | some left, some right, some product, some evidence => checkArrays evidence left right product
  | _, _, _, _ => false

theorem checkMatrices_sound {evidence : Evidence} {m k n : Nat} {left right product : NamedArray}
    (h : checkMatrices evidence m k n left right product = true) :
    Certified (frameMatrix left.packed m k) (frameMatrix right.packed k n) (frameMatrix product.packed m n)
      evidence.bound := by
  have h := checkProduct_sound h
  have entry : ∀ (l : Fin k) (j : Fin n), element (transposed k n (words (Nat.mul k n) right)) (j * k + l) =
      frameMatrix (words (Nat.mul k n) right) k n l j := fun l j => element_transposed l.isLt j.isLt
  rw [← frameMatrix_words m k left, ← frameMatrix_words k n right, ← frameMatrix_words m n product]
  refine ⟨fun i l => h.left_finite i i.isLt l l.isLt, fun l j => ?_, fun i j => h.product_finite i i.isLt j j.isLt,
    h.bound_finite, fun i j => ?_⟩
  · rw [← entry]; exact h.right_finite j j.isLt l l.isLt
  · have near := h.near i i.isLt j j.isLt
    simp only [entry] at near
    exact near

theorem check_sound {q : Question} {a : Answer} (h : check q a = true) : Meaning q a := by
  unfold check at h
  split at h
  case h_2 => exact Bool.noConfusion h
  case h_1 left right product evidence first second only entries =>
    unfold checkArrays at h
    split at h
    case h_2 => exact Bool.noConfusion h
    case h_1 m k k' n _ _ =>
      simp only [Bool.and_eq_true] at h
      obtain ⟨⟨⟨hl, hr⟩, hp⟩, h⟩ := h
      exact ⟨left, right, product, evidence, m, k, n, first, second, only, isDoubles_sound hl, isDoubles_sound hr,
        isDoubles_sound hp, entries, checkMatrices_sound h⟩

/-- The product of two matrices. -/
def operation : CertifiedOperation where
  name := "matmul"
  check := check
  Meaning := Meaning
  sound := check_sound

end LeanPythonBridge.Certificate.Matmul
