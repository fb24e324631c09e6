module

public import LeanPythonBridge.Certificate.ProductCertificate

/-!
# `dot`: the dot product of two vectors

The arrays `left` and `right`, of shape `[k]`; the answer is the number `dot`. All are doubles. The certificate bounds how
far it is from the exact dot product (`ProductCertificate`).
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.Dot

open Float64 Product

/-- What the certificate proves of the exact rational values. -/
structure Certified {k : Nat} (x y : Vec k Nat) (result bound : Nat) : Prop where
  /-- The left vector is finite. -/
  left_finite : Finite x
  /-- The right vector is finite. -/
  right_finite : Finite y
  /-- The computed dot product is finite. -/
  dot_finite : isFinite result = true
  /-- The bound is finite. -/
  bound_finite : isFinite bound = true
  /-- The computed dot product is within the bound of the exact one. -/
  near : abs (toRat result - dot (valueVec x) (valueVec y)) ≤ toRat bound

/-- The number that an answer gives, and nothing else. -/
def dot? (a : Answer) : Option UInt64 :=
  match a.result, a.arrays, a.certificateArrays with
  | [(key, .float result)], [], [] => if key == "dot" then some result else none
  | _, _, _ => none

/-- What a certified dot product means: the vectors and the number are those on the wire, and the bound is true of their
exact values. -/
def Meaning (q : Question) (a : Answer) : Prop :=
  ∃ left right result evidence k, q.array? "left" = some left ∧ q.array? "right" = some right ∧ dot? a = some result ∧
    IsDoubles left [k] ∧ IsDoubles right [k] ∧ Evidence.ofEntries? a.certificate = some evidence ∧
    Certified (frameVec left.packed k) (frameVec right.packed k) result.toNat evidence.bound

/-- The test of a bound for vectors of this length: one row, of which the last block may be shorter, and one column. -/
def checkFrames (evidence : Evidence) (k : Nat) (left right : NamedArray) (result : Nat) : Bool :=
  Nat.ble 1 evidence.layout.block && Nat.ble evidence.layout.block k &&
    Nat.ble k (Nat.mul evidence.layout.block (evidence.layout.blocks k)) &&
    Product.check evidence.layout (evidence.layout.blocks k) 1 1 (words k left) (words k right) result evidence.bound

/-- The test of the arrays. -/
def checkArrays (evidence : Evidence) (left right : NamedArray) (result : Nat) : Bool :=
  match left.shape with
  | [k] => isDoubles left [k] && isDoubles right [k] && checkFrames evidence k left right result
  | _ => false

/-- Whether the certificate of an answer holds. -/
def check (q : Question) (a : Answer) : Bool :=
  match q.array? "left", q.array? "right", dot? a, Evidence.ofEntries? a.certificate with
  | some left, some right, some result, some evidence => checkArrays evidence left right result.toNat
  | _, _, _, _ => false

theorem checkFrames_sound {evidence : Evidence} {k : Nat} {left right : NamedArray} {result : Nat}
    (lt : result < 2 ^ 64) (h : checkFrames evidence k left right result = true) :
    Certified (frameVec left.packed k) (frameVec right.packed k) result evidence.bound := by
  simp only [checkFrames, Bool.and_eq_true, Nat.ble_eq] at h
  obtain ⟨⟨-, le⟩, h⟩ := h
  have le : k ≤ evidence.layout.block * evidence.layout.blocks k := le
  have entry : ∀ (a : NamedArray) (l : Fin k), element (words k a) l = frameVec a.packed k l := fun _ l => by
    rw [element_words, if_pos l.isLt]; rfl
  have own : element result 0 = result := by
    rw [element, Nat.mul_zero, Nat.pow_zero, Nat.div_one, Nat.mod_eq_of_lt lt]
  have left_finite := fun l hl => left_finite h (i := 0) (by decide) (l := l) hl
  have right_finite := fun l hl => right_finite h (j := 0) (by decide) (l := l) hl
  have dot_finite := product_finite h (i := 0) (by decide) (j := 0) (by decide)
  have near := check_near h (i := 0) (by decide) (j := 0) (by decide) le fun l hl _ => by
    rw [Nat.zero_mul, Nat.zero_add, element_words, if_neg (by omega)]
  simp only [Nat.zero_mul, Nat.zero_add, own] at left_finite right_finite dot_finite near
  refine ⟨fun l => ?_, fun l => ?_, dot_finite, bound_finite h, ?_⟩
  · rw [← entry]; exact left_finite l (by omega)
  · rw [← entry]; exact right_finite l (by omega)
  · simp only [entry] at near
    exact near

theorem check_sound {q : Question} {a : Answer} (h : check q a = true) : Meaning q a := by
  unfold check at h
  split at h
  case h_2 => exact Bool.noConfusion h
  case h_1 left right result evidence first second only entries =>
    unfold checkArrays at h
    split at h
    case h_2 => exact Bool.noConfusion h
    case h_1 k _ =>
      simp only [Bool.and_eq_true] at h
      obtain ⟨⟨hl, hr⟩, h⟩ := h
      exact ⟨left, right, result, evidence, k, first, second, only, isDoubles_sound hl, isDoubles_sound hr, entries,
        checkFrames_sound result.toNat_lt h⟩

/-- The dot product of two vectors. -/
def operation : CertifiedOperation where
  name := "dot"
  check := check
  Meaning := Meaning
  sound := check_sound

end LeanPythonBridge.Certificate.Dot
