module

public import LeanPythonBridge.Certificate.Decay
public import LeanPythonBridge.Certificate.LyapunovParts

/-!
# `lyapunov_continuous`: decay along every solution of a linear differential equation

For the array `matrix`, `A`, the answer has a symmetric positive definite matrix, the array `form`, `P`, and a number `rate`,
`r > 0`, such that `xᵀ (Aᵀ P + P A) x < -r xᵀ P x`. The left-hand side is the derivative of `V(x) = xᵀ P x` along
`x' = A x`. So `V' ≤ -r V` along every solution, and `V(x(t)) ≤ exp (-r t) V(x(0))` for `t ≥ 0` (Grönwall). The certificate
has a computed product `W ≈ P A` (`first`) and `N ≈ -r P - W - Wᵀ` (`rest`), with bounds on all errors; that the form of `N`
exceeds what the errors can amount to (`slack`) is tested as in `DiagonalShift`.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.LyapunovContinuous

open Float64 DiagonalShift Lyapunov

/-- What is true of the exact values of two matrices and a rate, given by their bits. -/
structure Decays {n : Nat} (A P : Matrix n n Nat) (rate : Nat) : Prop where
  /-- The matrix of the form is finite, symmetric and positive definite. -/
  form : PositiveDefinite.Certified P
  /-- The matrix of the differential equation is finite. -/
  matrix_finite : ∀ i, Finite (A i)
  /-- The rate is finite. -/
  rate_finite : isFinite rate = true
  /-- The rate is positive. -/
  rate_pos : 0 < toRat rate
  /-- The derivative of the form along `x' = A x` is less than `-r` times the form: with `V(x) = xᵀ P x`, every solution has
  `V' ≤ -r V`, and so `V(x(t)) ≤ exp (-r t) V(x(0))` for `t ≥ 0`. -/
  derivative : ∀ x : Vec n Rat, (∃ i, x i ≠ 0) →
    quadForm ((valueMatrix A).transpose.mul (valueMatrix P) + (valueMatrix P).mul (valueMatrix A)) x <
      -toRat rate * quadForm (valueMatrix P) x
  /-- The form decays along implicit Euler steps of any length `h`: where `xₖ₊₁ - h A xₖ₊₁ = xₖ`, it is divided by
  `1 + h r` at least. -/
  euler : ∀ h, 0 ≤ h → ∀ x : Nat → Vec n Rat, (∀ k, x (k + 1) - h • (valueMatrix A).mulVec (x (k + 1)) = x k) →
    ∀ k, (1 + h * toRat rate) ^ k * quadForm (valueMatrix P) (x k) ≤ quadForm (valueMatrix P) (x 0)

/-- What a certified answer means: with the array `form`, `P`, and the number `rate` of the result, `r > 0`, every `x ≠ 0`
has `xᵀ (Aᵀ P + P A) x < -r xᵀ P x`, and `P` is positive definite. So along every solution of `x' = A x`, `xᵀ P x` is at most
`exp (-r t)` times what it was at the start, and every solution tends to 0. -/
def Meaning (q : Question) (a : Answer) : Prop :=
  ∃ matrix form n rate, q.array? "matrix" = some matrix ∧ matrix.IsMatrix n n ∧ a.array? "form" = some form ∧
    form.IsMatrix n n ∧ Value.find? "rate" a.result = some (.float rate) ∧
    Decays (frameMatrix matrix.packed n n) (frameMatrix form.packed n n) rate.toNat

/-! ## The tests -/

/-- The bounds of a certificate, as the bits of doubles. -/
structure Bounds where
  /-- On the errors of the entries of `W`. -/
  first : Nat
  /-- On those of `N`. -/
  rest : Nat
  /-- What the form of `N` exceeds. -/
  slack : Nat

/-- The frames of a certificate. -/
structure Frames where
  /-- `W`. -/
  first : Nat
  /-- `N`. -/
  rest : Nat
  /-- The matrix below `N - slack I`. -/
  lower : Nat
  /-- Its factor. -/
  factor : Nat

/-- How to compute. -/
structure Hints where
  /-- Where the exponents of `A` lie. -/
  matrix : Range
  /-- With `P A`. -/
  first : Product.Layout
  /-- With the matrix below `N - slack I`. -/
  lower : PositiveDefinite.Layout

/-- The test of every entry of `N`. -/
def checkRest (P n rate : Nat) (b : Bounds) (f : Frames) : Bool :=
  withValue (scaledMagnitude rate) fun c => withValue (Nat.mul (scaledMagnitude b.rest) scale) fun limit =>
    allBelow (fun i => allBelow (fun j => withValue (PositiveDefinite.word n P i j) fun p =>
      withValue (PositiveDefinite.word n f.first i j) fun w => withValue (PositiveDefinite.word n f.first j i) fun w' =>
        withValue (PositiveDefinite.word n f.rest i j) fun m =>
          isRest limit c (minus p) (plus p) (Nat.add (plus w) (plus w')) (Nat.add (minus w) (minus w')) m) n) n

/-- What an entry of `-(Aᵀ P + P A) - r P` can differ by from that of `N`, times `2^2148`. -/
def errorUnits (b : Bounds) : Nat :=
  Nat.mul (Nat.add (Nat.mul 2 (scaledMagnitude b.first)) (scaledMagnitude b.rest)) scale

/-- The test that all bounds are finite and not negative. -/
def Bounds.check (b : Bounds) : Bool := isMagnitude b.first && isMagnitude b.rest && isMagnitude b.slack

/-- The test that the errors leave room. -/
def hasRoom (n : Nat) (b : Bounds) : Bool :=
  Nat.ble (Nat.mul n (errorUnits b)) (Nat.mul (scaledMagnitude b.slack) scale)

/-- The test of the decay, for the frames of `A` and `P`. -/
def checkDecay (A P n rate : Nat) (b : Bounds) (f : Frames) (hints : Hints) : Bool :=
  isMagnitude rate && Nat.blt 0 rate && b.check && hints.matrix.checkFrame (Nat.mul n n) A && hasRoom n b &&
    checkRest P n rate b f && Product.checkProduct hints.first n n n P A f.first b.first &&
    checkBelow f.rest f.lower f.factor n b.slack hints.lower

/-! ## What they find -/

variable {A P n rate : Nat} {b : Bounds} {f : Frames} {hints : Hints}

private theorem room_of_hasRoom (finite : b.check = true) (h : hasRoom n b = true) :
    (vecSum fun _ : Fin n => toRat b.first + toRat b.first + toRat b.rest) ≤ toRat b.slack := by
  simp only [Bounds.check, Bool.and_eq_true] at finite
  obtain ⟨⟨first, rest⟩, slack⟩ := finite
  refine vecSum_le_of_units slack ?_ h
  rw [toRat_of_isMagnitude first, toRat_of_isMagnitude rest, ← ofScaled_add, ← ofScaled_add, ← ofScaledSquare_mul_scale,
    ← Int.two_mul]
  rfl

theorem checkDecay_sound (h : checkDecay A P n rate b f hints = true)
    (form : PositiveDefinite.Certified (frameMatrix P n n)) :
    Decays (frameMatrix A n n) (frameMatrix P n n) rate := by
  simp only [checkDecay, Bool.and_eq_true] at h
  obtain ⟨⟨⟨⟨⟨⟨⟨finite, positive⟩, bounds⟩, held⟩, room⟩, rest⟩, product⟩, below⟩ := h
  have each := bounds
  simp only [Bounds.check, Bool.and_eq_true] at each
  obtain ⟨⟨-, finite₁⟩, -⟩ := each
  have rate_pos : 0 < toRat rate := by
    have lt : 0 < rate := Nat.le_of_ble_eq_true positive
    have := scaledMagnitude_lt lt
    rw [toRat_of_isMagnitude finite, ← ofScaled_zero, ofScaled_lt]
    omega
  have second : ∀ i j, abs (-toRat rate * valueMatrix (frameMatrix P n n) i j -
      (valueMatrix (frameMatrix f.first n n) i j + valueMatrix (frameMatrix f.first n n) j i +
        valueMatrix (frameMatrix f.rest n n) i j)) ≤ toRat b.rest := fun i j => by
    simp only [checkRest, withValue_eq] at rest
    have entry := allBelow_iff.1 (allBelow_iff.1 rest i i.isLt) j j.isLt
    rw [PositiveDefinite.word_eq _ j.isLt, PositiveDefinite.word_eq _ j.isLt, PositiveDefinite.word_eq _ j.isLt,
      PositiveDefinite.word_eq _ i.isLt] at entry
    have near := near_of_isRest finite₁ entry
    have negative : ∀ x, ((minus x : Nat) : Int) - (plus x : Nat) = -scaled x := fun x => by
      rw [scaled_eq_plus_sub_minus]; omega
    have sum : ∀ x y, ((Nat.add (plus x) (plus y) : Nat) : Int) - (Nat.add (minus x) (minus y) : Nat) =
        scaled x + scaled y := fun x y => by
      rw [scaled_eq_plus_sub_minus, scaled_eq_plus_sub_minus, Nat.add_eq, Nat.add_eq]; omega
    rw [negative, sum, ofScaled_neg, ofScaled_add, ← toRat_eq_ofScaled, ← toRat_eq_ofScaled, ← toRat_eq_ofScaled,
      ← toRat_of_isMagnitude finite, Rat.mul_neg, ← Rat.neg_mul] at near
    exact near
  have first : ∀ i j, abs (valueMatrix (frameMatrix f.first n n) i j -
      (valueMatrix (frameMatrix P n n)).mul (valueMatrix (frameMatrix A n n)) i j) ≤ toRat b.first := fun i j => by
    have near := (Product.checkProduct_sound product).near i i.isLt j j.isLt
    simp only [element_columns] at near
    exact near
  have derivative :=
    quadForm_lyapunov_lt form.symmetric first second (room_of_hasRoom bounds room) (checkBelow_sound below).2
  exact ⟨form, finite_of_range held, isFinite_of_isMagnitude finite, rate_pos, derivative, fun h nonneg =>
    quadForm_euler_le form.posDef (Rat.le_of_lt rate_pos) nonneg (quadForm_lyapunov_le derivative)⟩

/-! ## The operation -/

/-- The bounds of a certificate. -/
def boundsOf (c : Entries) : Bounds := ⟨double "first_bound" c, double "rest_bound" c, double "slack" c⟩

/-- The hints of a certificate. -/
def hintsOf (c : Entries) : Hints :=
  ⟨range "matrix_range" c, productLayout "first_layout" c, layout "lower_words" "lower_matrix_range" "lower_factor_range" c⟩

/-- The frames of a certificate. -/
def frames? (n : Nat) (a : Answer) : Option Frames :=
  match frame? "first" n a, frame? "rest" n a, frame? "lower_matrix" n a, frame? "lower_factor" n a with
  | some first, some rest, some lower, some factor => some ⟨first, rest, lower, factor⟩
  | _, _, _, _ => none

/-- The test of an answer about a matrix of this size. -/
def checkAnswer (matrix : NamedArray) (n : Nat) (rate : Nat) (a : Answer) : Bool :=
  match form? n a, frames? n a with
  | some form, some frames => matrix.isMatrix n n && withValue (join matrix.chunks) fun A =>
      withValue (join form.chunks) fun P => checkDecay A P n rate (boundsOf a.certificate) frames (hintsOf a.certificate)
  | _, _ => false

/-- Whether the certificate of an answer holds. -/
def check (q : Question) (a : Answer) : Bool :=
  match q.array? "matrix", Value.double? "rate" a.result with
  | some matrix, some rate => a.isKind "lyapunov_derivative" && checkAnswer matrix matrix.rowCount rate.toNat a
  | _, _ => false

theorem check_sound {q : Question} {a : Answer} (h : check q a = true) : Meaning q a := by
  unfold check at h
  split at h
  case h_1 matrix rate found stated =>
    rw [Bool.and_eq_true] at h
    have holds := h.2
    unfold checkAnswer at holds
    split at holds
    case h_1 form frames shown _ =>
      simp only [Bool.and_eq_true, withValue_eq, join_eq] at holds
      have ⟨answered, square, definite⟩ := form?_sound shown
      exact ⟨matrix, form, matrix.rowCount, rate, found, NamedArray.isMatrix_sound holds.1, answered, square,
        Value.find?_of_double? stated, checkDecay_sound holds.2 definite⟩
    case h_2 => exact Bool.noConfusion holds
  case h_2 => exact Bool.noConfusion h

/-- A quadratic form that decays along every solution of a linear differential equation. -/
def operation : CertifiedOperation where
  name := "lyapunov_continuous"
  check := check
  Meaning := Meaning
  sound := check_sound

end LeanPythonBridge.Certificate.LyapunovContinuous
