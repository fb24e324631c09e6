module

public import LeanPythonBridge.Certificate.ProductCertificate

/-!
# `matvec`: the product of a matrix and a vector

The arrays `matrix`, of shape `[m, k]`, and `vector`, of shape `[k]`; the answer is the array `product`, of shape `[m]`.
All are doubles. The certificate bounds how far an entry is from the exact one (`ProductCertificate`).
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.Matvec

open Float64 Product

/-- What the certificate proves of the exact rational values. -/
structure Certified {m k : Nat} (A : Matrix m k Nat) (x : Vec k Nat) (y : Vec m Nat) (bound : Nat) : Prop where
  /-- The matrix is finite. -/
  matrix_finite : ∀ i, Finite (A i)
  /-- The vector is finite. -/
  vector_finite : Finite x
  /-- The computed product is finite. -/
  product_finite : Finite y
  /-- The bound is finite. -/
  bound_finite : isFinite bound = true
  /-- Every computed entry is within the bound of the exact one. -/
  near : ∀ i, abs (valueVec y i - (valueMatrix A).mulVec (valueVec x) i) ≤ toRat bound

/-- What a certified product means: matrix and vectors are those on the wire, and the bound is true of their exact
values. -/
def Meaning (q : Question) (a : Answer) : Prop :=
  ∃ matrix vector product evidence m k, q.array? "matrix" = some matrix ∧ q.array? "vector" = some vector ∧
    onlyArray? "product" a = some product ∧ IsDoubles matrix [m, k] ∧ IsDoubles vector [k] ∧ IsDoubles product [m] ∧
    Evidence.ofEntries? a.certificate = some evidence ∧
    Certified (frameMatrix matrix.packed m k) (frameVec vector.packed k) (frameVec product.packed m) evidence.bound

/-- The test of a bound for a matrix and vectors of these sizes: a vector is the one column of a matrix. -/
def checkFrames (evidence : Evidence) (m k : Nat) (matrix vector product : NamedArray) : Bool :=
  evidence.layout.divides k &&
    Product.check evidence.layout (evidence.layout.blocks k) m 1 (words (Nat.mul m k) matrix) (words k vector)
      (words m product) evidence.bound

/-- The test of the arrays. -/
def checkArrays (evidence : Evidence) (matrix vector product : NamedArray) : Bool :=
  match matrix.shape with
  | [m, k] => isDoubles matrix [m, k] && isDoubles vector [k] && isDoubles product [m] &&
      checkFrames evidence m k matrix vector product
  | _ => false

/-- Whether the certificate of an answer holds. -/
def check (q : Question) (a : Answer) : Bool :=
  match q.array? "matrix", q.array? "vector", onlyArray? "product" a, Evidence.ofEntries? a.certificate with
  | some matrix, some vector, some product, some evidence => checkArrays evidence matrix vector product
  | _, _, _, _ => false

theorem checkFrames_sound {evidence : Evidence} {m k : Nat} {matrix vector product : NamedArray}
    (h : checkFrames evidence m k matrix vector product = true) :
    Certified (frameMatrix matrix.packed m k) (frameVec vector.packed k) (frameVec product.packed m) evidence.bound := by
  simp only [checkFrames, Bool.and_eq_true, Layout.divides, Nat.beq_eq] at h
  obtain ⟨whole, h⟩ := h
  have whole : evidence.layout.block * evidence.layout.blocks k = k := whole
  have matrixEntry : ∀ (i : Fin m) (l : Fin k), element (words (m * k) matrix) (i * k + l) =
      frameMatrix matrix.packed m k i l := fun i l => by rw [element_words, if_pos (index_lt i l)]; rfl
  have vectorEntry : ∀ (count : Nat) (a : NamedArray) (l : Fin count), element (words count a) l =
      frameVec a.packed count l := fun _ _ l => by rw [element_words, if_pos l.isLt]; rfl
  have left_finite := fun i hi l hl => left_finite h (i := i) hi (l := l) hl
  have right_finite := fun l hl => right_finite h (j := 0) (by decide) (l := l) hl
  have product_finite := fun i hi => product_finite h (i := i) hi (j := 0) (by decide)
  have near := fun i hi => check_near h (i := i) hi (j := 0) (by decide) (Nat.le_of_eq whole.symm) fun l hl lt =>
    absurd lt (by rw [whole]; omega)
  simp only [whole, Nat.zero_mul, Nat.zero_add, Nat.mul_one, Nat.add_zero] at left_finite right_finite product_finite near
  refine ⟨fun i l => ?_, fun l => ?_, fun i => ?_, bound_finite h, fun i => ?_⟩
  · rw [← matrixEntry]; exact left_finite i i.isLt l l.isLt
  · rw [← vectorEntry]; exact right_finite l l.isLt
  · rw [← vectorEntry]; exact product_finite i i.isLt
  · have near := near i i.isLt
    simp only [vectorEntry, show ∀ l : Fin k, element (words (m.mul k) matrix) (i * k + l) = _ from matrixEntry i] at near
    exact near

theorem check_sound {q : Question} {a : Answer} (h : check q a = true) : Meaning q a := by
  unfold check at h
  split at h
  case h_2 => exact Bool.noConfusion h
  case h_1 matrix vector product evidence first second only entries =>
    unfold checkArrays at h
    split at h
    case h_2 => exact Bool.noConfusion h
    case h_1 m k _ =>
      simp only [Bool.and_eq_true] at h
      obtain ⟨⟨⟨hm, hv⟩, hp⟩, h⟩ := h
      exact ⟨matrix, vector, product, evidence, m, k, first, second, only, isDoubles_sound hm, isDoubles_sound hv,
        isDoubles_sound hp, entries, checkFrames_sound h⟩

/-- The product of a matrix and a vector. -/
def operation : CertifiedOperation where
  name := "matvec"
  check := check
  Meaning := Meaning
  sound := check_sound

end LeanPythonBridge.Certificate.Matvec
