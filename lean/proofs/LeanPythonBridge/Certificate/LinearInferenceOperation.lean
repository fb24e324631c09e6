module

public import LeanPythonBridge.Certificate.ExactIntegers
public import LeanPythonBridge.Certificate.ProductCertificate

/-!
# `linear_inference`: scores of a linear model, and the classes that they give

The question has the arrays `weight`, of shape `[k, n]`, `bias` and `inputs`, of shape `[m, n]`; the answer has the arrays
`scores`, of shape `[m, k]`, and `classes`, integers. One score is positive for class 1 and negative for class 0; of
several the greatest names the class. The certificate has the array `product`, inputs times weights as computed, with a
bound on its errors (`ProductCertificate`), and the double `bound`: no score is further off.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.LinearInferenceOperation

open Float64

variable {m n k : Nat}

/-! ## What it means -/

/-- The scores of an input: `W x + b`. -/
def score (W : Matrix k n Rat) (b : Vec k Rat) (x : Vec n Rat) : Vec k Rat := fun j => dot x (W j) + b j

/-- A class follows from scores: from one by its sign, from several by which is the greatest. -/
def IsClass (scores : Vec k Rat) (c : Nat) : Prop :=
  if h : k = 1 then (c = 1 ∧ 0 < scores ⟨0, by omega⟩) ∨ (c = 0 ∧ scores ⟨0, by omega⟩ < 0)
  else ∃ h : c < k, ∀ j : Fin k, j.val ≠ c → scores j < scores ⟨c, h⟩

/-- The scores and the classes of an answer, and nothing else. -/
def given? (a : Answer) : Option (NamedArray × NamedArray) :=
  match a.result, a.arrays with
  | [], [scores, classes] =>
    if scores.name == "scores" && classes.name == "classes" then some (scores, classes) else none
  | _, _ => none

/-- What certified scores mean, of the exact values of the doubles: every score is within `bound` of the exact one, and every
class follows from the exact scores. -/
def Meaning (q : Question) (a : Answer) : Prop :=
  ∃ m n k weight bias inputs scores classes bound, q.array? "weight" = some weight ∧ weight.IsMatrix k n ∧
    q.array? "bias" = some bias ∧ bias.IsVector k ∧ q.array? "inputs" = some inputs ∧ inputs.IsMatrix m n ∧
    given? a = some (scores, classes) ∧ scores.IsMatrix m k ∧ classes.dtype = .i8 ∧ classes.shape = [m] ∧
    Value.find? "bound" a.certificate = some (.float bound) ∧
    (∀ i, Finite (frameMatrix inputs.packed m n i)) ∧ (∀ j, Finite (frameMatrix weight.packed k n j)) ∧
    Finite (frameVec bias.packed k) ∧
    ∀ i : Fin m, (∀ j : Fin k, abs (toRat (element scores.packed (i * k + j)) -
        score (valueMatrix (frameMatrix weight.packed k n)) (valueVec (frameVec bias.packed k))
          (valueMatrix (frameMatrix inputs.packed m n) i) j) ≤ toRat bound.toNat) ∧
      IsClass (score (valueMatrix (frameMatrix weight.packed k n)) (valueVec (frameVec bias.packed k))
        (valueMatrix (frameMatrix inputs.packed m n) i)) (element classes.packed i)

/-! ## The test -/

/-- The frames of a question and an answer. -/
structure Frames where
  /-- The biases. -/
  bias : Nat
  /-- The scores. -/
  scores : Nat
  /-- The classes. -/
  classes : Nat
  /-- Inputs times weights, computed. -/
  product : Nat

/-- What the product and the bias say of score `j` of input `i`, in units of `2^(-1074)`. -/
def Frames.sum (F : Frames) (k i j : Nat) : Int :=
  addInt (doubleAt F.product (Nat.add (Nat.mul i k) j)) (doubleAt F.bias j)

/-- The test that a stated score is within the bound, when the exact one is within `error` of the sum. -/
def isNear (F : Frames) (k : Nat) (error bound : Int) (i j : Nat) : Bool :=
  finiteAt F.scores (Nat.add (Nat.mul i k) j) &&
    withInt (subInt (doubleAt F.scores (Nat.add (Nat.mul i k) j)) (F.sum k i j)) fun off =>
      isNonneg (subInt (subInt bound error) off) && isNonneg (addInt (subInt bound error) off)

/-- The test that the sums, less than `error` off, give a class. -/
def isClass (F : Frames) (k : Nat) (error : Int) (i c : Nat) : Bool :=
  if Nat.beq k 1 then withInt (F.sum k i 0) fun sum =>
    (Nat.beq c 1 && isNonneg (subInt (subInt sum error) 1)) ||
      (Nat.beq c 0 && isNonneg (subInt (subInt (negInt sum) error) 1))
  else Nat.blt c k && withInt (subInt (F.sum k i c) (mulInt 2 error)) fun least =>
    allBelow (fun j => Nat.beq j c || isNonneg (subInt (subInt least (F.sum k i j)) 1)) k

/-- The test of the frames. -/
def checkFrames (F : Frames) (evidence : Product.Evidence) (m n k weight inputs bound : Nat) : Bool :=
  Order.finite k F.bias && isFinite bound &&
    Product.checkRows evidence.layout m n k inputs weight F.product evidence.bound &&
    withInt (doubleAt evidence.bound 0) fun error => withInt (doubleAt bound 0) fun bound =>
      allBelow (fun i => allBelow (isNear F k error bound i) k &&
        withValue (cut 64 F.classes i) fun c => isClass F k error i c) m

/-- The evidence of a certificate: the bound, and that of the product. -/
def evidence? : Entries → Option (UInt64 × Product.Evidence)
  | [(key, .string kind), (key', .float bound), (key'', .float error), (key''', .list layout)] =>
    if key == "kind" && kind == "linear_scores" && key' == "bound" && key'' == "error" && key''' == "layout" then
      match Product.Layout.ofValues? layout with
      | some layout => some (bound, ⟨error.toNat, layout⟩)
      | none => none
    else none
  | _ => none

/-- Whether the certificate of an answer holds. -/
def check (q : Question) (a : Answer) : Bool :=
  match q.array? "weight", q.array? "bias", q.array? "inputs", given? a, a.certificateArray? "product",
    evidence? a.certificate with
  | some weight, some bias, some inputs, some (scores, classes), some product, some (bound, evidence) =>
    match weight.shape with
    | [k, n] => weight.isMatrix k n && bias.isVector k && inputs.isMatrix inputs.rowCount n &&
        scores.isMatrix inputs.rowCount k && product.isMatrix inputs.rowCount k && classes.dtype == .i8 &&
        classes.shape == [inputs.rowCount] &&
          withValue (join weight.chunks) fun w => withValue (join inputs.chunks) fun x => withValue (join bias.chunks) fun b =>
            withValue (join scores.chunks) fun s => withValue (join classes.chunks) fun c =>
              withValue (join product.chunks) fun p =>
                checkFrames ⟨b, s, c, p⟩ evidence inputs.rowCount n k w x bound.toNat
    | _ => false
  | _, _, _, _, _, _ => false

/-! ## Soundness -/

/-- What the test says of an input: a sum of each score, how far off it may be, and what has been tested of the sums. -/
private theorem class_sound {F : Frames} {i c : Nat} {error : Int} {exact : Vec k Rat}
    (near : ∀ j : Fin k, abs (ofScaled (F.sum k i j) - exact j) ≤ ofScaled error)
    (h : isClass F k error i c = true) : IsClass exact c := by
  unfold isClass at h
  unfold IsClass
  split at h
  case isTrue one =>
    have one := Nat.eq_of_beq_eq_true one
    rw [dif_pos one]
    simp only [withInt_eq, subInt_eq, negInt_eq, Bool.or_eq_true, Bool.and_eq_true, Nat.beq_eq, isNonneg_iff] at h
    have near := abs_le_iff.1 (near ⟨0, by omega⟩)
    refine h.imp (fun h => ⟨h.1, ?_⟩) fun h => ⟨h.1, ?_⟩
    · have : error < F.sum k i 0 := by omega
      have := ofScaled_lt.2 this
      simp only [] at near
      grind
    · have : error < -F.sum k i 0 := by omega
      have := ofScaled_lt.2 this
      rw [ofScaled_neg] at this
      simp only [] at near
      grind
  case isFalse several =>
    rw [dif_neg (mt (fun e => by rw [e]; rfl) several)]
    simp only [withInt_eq, subInt_eq, mulInt_eq, Bool.and_eq_true, Bool.or_eq_true, allBelow_iff, Nat.beq_eq, isNonneg_iff,
      Nat.blt_eq] at h
    refine ⟨h.1, fun j ne => ?_⟩
    have h' := (h.2 j j.isLt).resolve_left ne
    have lt : F.sum k i j + 2 * error < F.sum k i c := by omega
    have lt := ofScaled_lt.2 lt
    rw [ofScaled_add, ofScaled_mul] at lt
    have n₁ := abs_le_iff.1 (near j)
    have n₂ := abs_le_iff.1 (near ⟨c, h.1⟩)
    simp only [] at n₂
    rw [show ((2 : Int) : Rat) = 2 from rfl] at lt
    grind

private theorem checkFrames_sound {F : Frames} {evidence : Product.Evidence} {weight inputs bound : Nat}
    (small : evidence.bound < 2 ^ 64) (small' : bound < 2 ^ 64)
    (h : checkFrames F evidence m n k weight inputs bound = true) :
    (∀ i < m, ∀ l < n, isFinite (element inputs (i * n + l)) = true) ∧
      (∀ j < k, ∀ l < n, isFinite (element weight (j * n + l)) = true) ∧
      (∀ j < k, isFinite (element F.bias j) = true) ∧
      ∀ i : Fin m, (∀ j : Fin k, abs (toRat (element F.scores (i * k + j)) -
          score (valueMatrix (frameMatrix weight k n)) (valueVec (frameVec F.bias k))
            (valueMatrix (frameMatrix inputs m n) i) j) ≤ toRat bound) ∧
        IsClass (score (valueMatrix (frameMatrix weight k n)) (valueVec (frameVec F.bias k))
          (valueMatrix (frameMatrix inputs m n) i)) (element F.classes i) := by
  simp only [checkFrames, Bool.and_eq_true, withInt_eq, withValue_eq, allBelow_iff] at h
  obtain ⟨⟨⟨bias, finite⟩, product⟩, tested⟩ := h
  have product := Product.checkRows_sound product
  have error := ofScaled_doubleAt_zero small product.bound_finite
  have limit := ofScaled_doubleAt_zero small' finite
  refine ⟨product.left_finite, product.right_finite, Order.finite_sound bias, fun i => ?_⟩
  have close : ∀ j : Fin k, abs (ofScaled (F.sum k i j) - score (valueMatrix (frameMatrix weight k n))
      (valueVec (frameVec F.bias k)) (valueMatrix (frameMatrix inputs m n) i) j) ≤ ofScaled (doubleAt evidence.bound 0) := by
    intro j
    have e : ofScaled (F.sum k i j) = toRat (element F.product (i * k + j)) + toRat (element F.bias j) := by
      rw [Frames.sum, addInt_eq, ofScaled_add]
      show ofScaled (doubleAt F.product (i * k + j)) + _ = _
      rw [ doubleAt_eq (product.product_finite i i.isLt j j.isLt), doubleAt_eq (Order.finite_sound bias j j.isLt)]
      rfl
    rw [e, error]
    have key := product.near i i.isLt j j.isLt
    have same : score (valueMatrix (frameMatrix weight k n)) (valueVec (frameVec F.bias k))
        (valueMatrix (frameMatrix inputs m n) i) j = (vecSum fun l : Fin n => toRat (element inputs (i * n + l)) *
          toRat (element weight (j * n + l))) + toRat (element F.bias j) := rfl
    rw [same]
    generalize (vecSum fun l : Fin n => toRat (element inputs (i * n + l)) * toRat (element weight (j * n + l))) = s at *
    rw [show ∀ a b c : Rat, a + b - (c + b) = a - c by intros; grind]
    exact key
  have h := tested i i.isLt
  refine ⟨fun j => ?_, ?_⟩
  · have h := h.1 j j.isLt
    simp only [isNear, Bool.and_eq_true, finiteAt_eq, withInt_eq, addInt_eq, subInt_eq, isNonneg_iff, Nat.add_eq,
      Nat.mul_eq] at h
    obtain ⟨fin, up, down⟩ := h
    rw [doubleAt_eq fin] at up down
    have up : scaled (element F.scores (i * k + j)) - F.sum k i j ≤ doubleAt bound 0 - doubleAt evidence.bound 0 :=
      Int.sub_nonneg.1 up
    have down : -(doubleAt bound 0 - doubleAt evidence.bound 0) ≤ scaled (element F.scores (i * k + j)) - F.sum k i j := by
      omega
    have up := ofScaled_le.2 up
    have down := ofScaled_le.2 down
    rw [ofScaled_sub, ofScaled_sub, ← toRat_eq_ofScaled, limit] at up
    rw [ofScaled_neg, ofScaled_sub, ofScaled_sub, ← toRat_eq_ofScaled, limit] at down
    have close := abs_le_iff.1 (close j)
    rw [abs_le_iff]
    constructor <;> grind
  · have h := h.2
    rw [cut_eq_element] at h
    exact class_sound close h

theorem check_sound {q : Question} {a : Answer} (h : check q a = true) : Meaning q a := by
  unfold check at h
  split at h
  case h_2 => contradiction
  case h_1 weight bias inputs scores classes product bound evidence askedW askedB askedX given _ stated =>
    split at h
    case h_2 => contradiction
    case h_1 k n _ =>
      simp only [Bool.and_eq_true, withValue_eq, join_eq, beq_iff_eq] at h
      obtain ⟨⟨⟨⟨⟨⟨⟨w, b⟩, x⟩, s⟩, -⟩, dtype⟩, shape⟩, frames⟩ := h
      have parts : evidence.bound < 2 ^ 64 ∧ Value.find? "bound" a.certificate = some (.float bound) := by
        unfold evidence? at stated
        split at stated
        · rename_i key kind key' b' key'' error key''' layout eq
          split at stated
          · rename_i keys
            simp only [Bool.and_eq_true, beq_iff_eq] at keys
            split at stated
            · simp only [Option.some.injEq, Prod.mk.injEq] at stated
              refine ⟨by rw [← stated.2]; exact error.toNat_lt, ?_⟩
              rw [eq, keys.1.1.1.1, keys.1.1.2, stated.1]
              rfl
            · contradiction
          · contradiction
        · contradiction
      obtain ⟨left, right, biases, sound⟩ := checkFrames_sound parts.1 bound.toNat_lt frames
      exact ⟨_, n, k, weight, bias, inputs, scores, classes, bound, askedW, NamedArray.isMatrix_sound w, askedB,
        NamedArray.isVector_sound b, askedX, NamedArray.isMatrix_sound x, given, NamedArray.isMatrix_sound s, dtype, shape,
        parts.2, fun i j => left i i.isLt j j.isLt, fun i j => right i i.isLt j j.isLt, fun j => biases j j.isLt, sound⟩

/-- The scores of a linear model. -/
def operation : CertifiedOperation where
  name := "linear_inference"
  check := check
  Meaning := Meaning
  sound := check_sound

end LeanPythonBridge.Certificate.LinearInferenceOperation
