module

public import LeanPythonBridge.Certificate.ProductCertificate

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
  evidence.layout.divides k &&
    Product.check evidence.layout (evidence.layout.blocks k) m n (words (Nat.mul m k) left)
      (transposed k n (words (Nat.mul k n) right)) (words (Nat.mul m n) product) evidence.bound

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
  simp only [checkMatrices, Bool.and_eq_true, Layout.divides, Nat.beq_eq] at h
  obtain ⟨whole, h⟩ := h
  have whole : evidence.layout.block * evidence.layout.blocks k = k := whole
  have leftEntry : ∀ (i : Fin m) (l : Fin k), element (words (m * k) left) (i * k + l) = frameMatrix left.packed m k i l :=
    fun i l => by rw [element_words, if_pos (index_lt i l)]; rfl
  have rightEntry : ∀ (l : Fin k) (j : Fin n), element (transposed k n (words (k * n) right)) (j * k + l) =
      frameMatrix right.packed k n l j := fun l j => by
    rw [element_transposed l.isLt j.isLt, element_words, if_pos (index_lt l j)]; rfl
  have productEntry : ∀ (i : Fin m) (j : Fin n), element (words (m * n) product) (i * n + j) =
      frameMatrix product.packed m n i j := fun i j => by rw [element_words, if_pos (index_lt i j)]; rfl
  have left_finite := fun i hi l hl => left_finite h (i := i) hi (l := l) hl
  have right_finite := fun j hj l hl => right_finite h (j := j) hj (l := l) hl
  have near := fun i hi j hj => check_near h (i := i) hi (j := j) hj (Nat.le_of_eq whole.symm) fun l hl lt =>
    absurd lt (by rw [whole]; omega)
  simp only [whole] at left_finite right_finite near
  refine ⟨fun i l => ?_, fun l j => ?_, fun i j => ?_, bound_finite h, fun i j => ?_⟩
  · rw [← leftEntry]; exact left_finite i i.isLt l l.isLt
  · rw [← rightEntry]; exact right_finite j j.isLt l l.isLt
  · rw [← productEntry]; exact product_finite h i.isLt j.isLt
  · have near := near i i.isLt j j.isLt
    rw [show element (words (m.mul n) product) (i * n + j) = frameMatrix product.packed m n i j from productEntry i j] at near
    simp only [show ∀ l : Fin k, element (words (m.mul k) left) (i * k + l) = _ from leftEntry i,
      show ∀ l : Fin k, element (transposed k n (words (k.mul n) right)) (j * k + l) = _ from fun l => rightEntry l j] at near
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
