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
  checkRows evidence.layout m k 1 (words (Nat.mul m k) matrix) (words k vector) (words m product) evidence.bound

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
  have h := checkRows_sound h
  have finite := h.right_finite 0 (by decide)
  have products := fun i hi => h.product_finite i hi 0 (by decide)
  have near := fun i hi => h.near i hi 0 (by decide)
  simp only [Nat.zero_mul, Nat.zero_add, Nat.mul_one, Nat.add_zero] at finite products near
  rw [← frameMatrix_words m k matrix, ← frameVec_words k vector, ← frameVec_words m product]
  exact ⟨fun i l => h.left_finite i i.isLt l l.isLt, fun l => finite l l.isLt, fun i => products i i.isLt, h.bound_finite,
    fun i => near i i.isLt⟩

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
