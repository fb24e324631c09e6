module

public import LeanPythonBridge.Certificate.ExactProducts
public import LeanPythonBridge.Certificate.Probability

/-!
# `logistic_inference`: the probabilities of a logistic model

The question has the arrays `weight`, of shape `[k, n]`, `bias` and `inputs`, of shape `[m, n]`; the answer has the array
`probabilities`, of shape `[m, k]`: of one score the probability of class 1, of several scores that of each class. There is no
exponential function here; what is proven is said of its series. The certificate has the double `bound`, the number of `terms`
of the series, and how to compute: the power of two that all scores are multiples of, as `unit`, and the list `layout`.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.LogisticInferenceOperation

open Float64 Probability

variable {m n k : Nat}

/-! ## What it means -/

/-- The scores of an input: `W x + b`. -/
def scores (W : Matrix k n Rat) (b : Vec k Rat) (x : Vec n Rat) : Vec k Rat := fun j => dot x (W j) + b j

/-- The probabilities of an answer, and nothing else. -/
def given? (a : Answer) : Option NamedArray :=
  match a.result, a.arrays, a.certificateArrays with
  | [], [probabilities], [] => if probabilities.name == "probabilities" then some probabilities else none
  | _, _, _ => none

/-- What certified probabilities mean, of the exact scores of the doubles: from some number of terms on, whenever the
exponential function is replaced by the sum of so many terms of its series, every stated probability is within `bound` of
`exp z / Σ exp z` (of one score: `exp z / (1 + exp z)`). In the limit it is within `bound` of the exact probability. -/
def Meaning (q : Question) (a : Answer) : Prop :=
  ∃ m n k weight bias inputs probabilities bound, q.array? "weight" = some weight ∧ weight.IsMatrix k n ∧
    q.array? "bias" = some bias ∧ bias.IsVector k ∧ q.array? "inputs" = some inputs ∧ inputs.IsMatrix m n ∧
    given? a = some probabilities ∧ probabilities.IsMatrix m k ∧ Value.find? "bound" a.certificate = some (.float bound) ∧
    (∀ i, Finite (frameMatrix inputs.packed m n i)) ∧ (∀ j, Finite (frameMatrix weight.packed k n j)) ∧
    Finite (frameVec bias.packed k) ∧ (∀ i, Finite (frameMatrix probabilities.packed m k i)) ∧
    ∃ terms, ∀ t, terms ≤ t → ∀ (i : Fin m) (j : Fin k), abs (toRat (element probabilities.packed (i * k + j)) -
      probability t (scores (valueMatrix (frameMatrix weight.packed k n)) (valueVec (frameVec bias.packed k))
        (valueMatrix (frameMatrix inputs.packed m n) i)) j) ≤ toRat bound.toNat

/-! ## The test -/

/-- Score `j` of input `i`, in units of `2^(-2148)`. -/
def scoreAt (layout : Product.Layout) (blocks inputs weight bias i j : Nat) : Int :=
  Int.add (Product.exactAt layout blocks inputs weight i j) (raise (doubleAt bias j))

/-- The test of the frames. -/
def checkFrames (layout : Product.Layout) (unit terms m n k weight bias inputs probabilities bound : Nat) : Bool :=
  Nat.ble unit 2148 && isFinite bound && Order.finite k bias && Order.finite (Nat.mul m k) probabilities &&
    Product.canMultiply layout m n k inputs weight && withInt (doubleAt bound 0) fun error =>
      allBelow (fun i => isProbabilities k unit terms (scoreAt layout (layout.blocks n) inputs weight bias i)
        (fun j => doubleAt probabilities (Nat.add (Nat.mul i k) j)) error) m

/-- The most terms that a certificate may ask for. -/
def mostTerms : Nat := 2000

/-- How to compute the scores: words in a lane, columns in a block, ranges of the exponents of inputs and weights. -/
def layout? (entries : Entries) : Option Product.Layout :=
  match Value.find? "layout" entries with
  | some (.list [words, block, low, high, low', high']) =>
    Product.Layout.ofValues? [words, block, low, high, low', high', low', high']
  | _ => none

/-- The test of arrays of the right shapes. -/
def checkArrays (weight bias inputs probabilities : NamedArray) (layout : Product.Layout) (unit terms m n k bound : Nat) : Bool :=
  weight.isMatrix k n && bias.isVector k && inputs.isMatrix m n && probabilities.isMatrix m k &&
    withValue (join weight.chunks) fun w => withValue (join bias.chunks) fun b => withValue (join inputs.chunks) fun x =>
      withValue (join probabilities.chunks) fun p => checkFrames layout unit terms m n k w b x p bound

/-- Whether the certificate of an answer holds. -/
def check (q : Question) (a : Answer) : Bool :=
  match q.array? "weight", q.array? "bias", q.array? "inputs", given? a, Value.double? "bound" a.certificate,
    Value.atMost? 2148 "unit" a.certificate, Value.atMost? mostTerms "terms" a.certificate, layout? a.certificate with
  | some weight, some bias, some inputs, some probabilities, some bound, some unit, some terms, some layout =>
    match weight.shape with
    | [k, n] => a.isKind "probabilities" &&
      checkArrays weight bias inputs probabilities layout unit terms inputs.rowCount n k bound.toNat
    | _ => false
  | _, _, _, _, _, _, _, _ => false

/-! ## Soundness -/

private theorem checkFrames_sound {layout : Product.Layout} {unit terms weight bias inputs probabilities bound : Nat}
    (small : bound < 2 ^ 64)
    (h : checkFrames layout unit terms m n k weight bias inputs probabilities bound = true) :
    (∀ i, Finite (frameMatrix inputs m n i)) ∧ (∀ j, Finite (frameMatrix weight k n j)) ∧ Finite (frameVec bias k) ∧
      (∀ i, Finite (frameMatrix probabilities m k i)) ∧
      ∀ t, terms ≤ t → ∀ (i : Fin m) (j : Fin k), abs (toRat (element probabilities (i * k + j)) -
        probability t (scores (valueMatrix (frameMatrix weight k n)) (valueVec (frameVec bias k))
          (valueMatrix (frameMatrix inputs m n) i)) j) ≤ toRat bound := by
  simp only [checkFrames, Bool.and_eq_true, withInt_eq, allBelow_iff, Nat.ble_eq] at h
  obtain ⟨⟨⟨⟨⟨unitSmall, finite⟩, biases⟩, stated⟩, products⟩, tested⟩ := h
  have biases : Finite (frameVec bias k) := fun j => Order.finite_sound biases j j.isLt
  have stated : ∀ i, Finite (frameMatrix probabilities m k i) := fun i j =>
    Order.finite_sound stated _ (index_lt i j)
  obtain ⟨left, right⟩ := Product.finite_of_canMultiply products
  refine ⟨left, right, biases, stated, fun t ht i j => ?_⟩
  have key := isProbabilities_sound unitSmall (tested i i.isLt) ht j
  have own : doubleAt probabilities (Nat.add (Nat.mul i k) j) = scaled (element probabilities (i * k + j)) :=
    doubleAt_eq (stated i j)
  have values : (fun l : Fin k => ofScaledSquare (scoreAt layout (layout.blocks n) inputs weight bias i l)) =
      scores (valueMatrix (frameMatrix weight k n)) (valueVec (frameVec bias k)) (valueMatrix (frameMatrix inputs m n) i) := by
    funext l
    show ofScaledSquare (Product.exactAt layout (layout.blocks n) inputs weight i l + raise (doubleAt bias l)) = _
    rw [ofScaledSquare_add, ofScaledSquare_raise, ← Product.exactAt_eq products i.isLt l.isLt,
      doubleAt_eq (biases l : isFinite (element bias l) = true), ← toRat_eq_ofScaled]
    rfl
  rw [values, own, ← toRat_eq_ofScaled, ofScaled_doubleAt_zero small finite] at key
  exact key

theorem check_sound {q : Question} {a : Answer} (h : check q a = true) : Meaning q a := by
  unfold check at h
  split at h
  case h_2 => contradiction
  case h_1 weight bias inputs probabilities bound unit terms layout askedW askedB askedX given stated _ _ _ =>
    split at h
    case h_2 => contradiction
    case h_1 k n _ =>
      simp only [checkArrays, Bool.and_eq_true, withValue_eq, join_eq] at h
      obtain ⟨-, ⟨⟨⟨w, b⟩, x⟩, p⟩, h⟩ := h
      obtain ⟨left, right, biases, finite, near⟩ := checkFrames_sound bound.toNat_lt h
      exact ⟨_, n, k, weight, bias, inputs, probabilities, bound, askedW, NamedArray.isMatrix_sound w, askedB,
        NamedArray.isVector_sound b, askedX, NamedArray.isMatrix_sound x, given, NamedArray.isMatrix_sound p,
        Value.find?_of_double? stated, left, right, biases, finite, terms, near⟩

/-- The probabilities of a logistic model. -/
def operation : CertifiedOperation where
  name := "logistic_inference"
  check := check
  Meaning := Meaning
  sound := check_sound

end LeanPythonBridge.Certificate.LogisticInferenceOperation
