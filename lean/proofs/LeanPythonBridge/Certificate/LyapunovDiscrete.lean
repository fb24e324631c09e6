module

public import LeanPythonBridge.Certificate.Decay
public import LeanPythonBridge.Certificate.LyapunovParts
public import LeanPythonBridge.Certificate.Magnitudes

/-!
# `lyapunov_discrete`: decay along every orbit of a linear recursion

For the array `matrix`, `A`, the answer has a symmetric positive definite matrix, the array `form`, `P`, and a number `rate`
less than 1, `r`, such that `(A x)ᵀ P (A x) < r xᵀ P x`. The certificate has computed products `W ≈ P A` (`first`) and
`V ≈ Aᵀ W` (`second`), and `N ≈ r P - V` (`rest`), with bounds on all errors; that the form of `N` exceeds what the errors
can amount to (`slack`) is tested as in `DiagonalShift`.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.LyapunovDiscrete

open Float64 DiagonalShift Lyapunov

/-- What is true of the exact values of two matrices and a rate, given by their bits. -/
structure Decays {n : Nat} (A P : Matrix n n Nat) (rate : Nat) : Prop where
  /-- The matrix of the form is finite, symmetric and positive definite. -/
  form : PositiveDefinite.Certified P
  /-- The matrix of the recursion is finite. -/
  matrix_finite : ∀ i, Finite (A i)
  /-- The rate is finite. -/
  rate_finite : isFinite rate = true
  /-- The rate is not negative. -/
  rate_nonneg : 0 ≤ toRat rate
  /-- The rate is less than 1. -/
  rate_lt : toRat rate < 1
  /-- The form decays at each step. -/
  step : ∀ x : Vec n Rat, (∃ i, x i ≠ 0) →
    quadForm (valueMatrix P) ((valueMatrix A).mulVec x) < toRat rate * quadForm (valueMatrix P) x
  /-- The form decays along every orbit. -/
  orbit : ∀ x : Nat → Vec n Rat, (∀ k, x (k + 1) = (valueMatrix A).mulVec (x k)) →
    ∀ k, quadForm (valueMatrix P) (x k) ≤ toRat rate ^ k * quadForm (valueMatrix P) (x 0)

/-- What a certified answer means: with the array `form`, `P`, and the number `rate` of the result, `0 ≤ r < 1`, every orbit
`xₖ₊₁ = A xₖ` has `xₖᵀ P xₖ ≤ rᵏ x₀ᵀ P x₀`, and `P` is positive definite. So every orbit tends to 0. -/
def Meaning (q : Question) (a : Answer) : Prop :=
  ∃ matrix form n rate, q.array? "matrix" = some matrix ∧ matrix.IsMatrix n n ∧ a.array? "form" = some form ∧
    form.IsMatrix n n ∧ Value.find? "rate" a.result = some (.float rate) ∧
    Decays (frameMatrix matrix.packed n n) (frameMatrix form.packed n n) rate.toNat

/-! ## The tests -/

/-- The bounds of a certificate, as the bits of doubles. -/
structure Bounds where
  /-- On the entries of `A`. -/
  entry : Nat
  /-- On the errors of the entries of `W`. -/
  first : Nat
  /-- On those of `V`. -/
  second : Nat
  /-- On those of `N`. -/
  rest : Nat
  /-- What the form of `N` exceeds. -/
  slack : Nat

/-- The frames of a certificate. -/
structure Frames where
  /-- `W`. -/
  first : Nat
  /-- `V`. -/
  second : Nat
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
  /-- With `Aᵀ W`. -/
  second : Product.Layout
  /-- With the matrix below `N - slack I`. -/
  lower : PositiveDefinite.Layout

/-- The test of every entry of `N`. -/
def checkRest (P n rate : Nat) (b : Bounds) (f : Frames) : Bool :=
  withValue (scaledMagnitude rate) fun c => withValue (Nat.mul (scaledMagnitude b.rest) scale) fun limit =>
    allBelow (fun i => allBelow (fun j => withValue (PositiveDefinite.word n P i j) fun p =>
      withValue (PositiveDefinite.word n f.second i j) fun v => withValue (PositiveDefinite.word n f.rest i j) fun m =>
        isRest limit c (plus p) (minus p) (plus v) (minus v) m) n) n

/-- What an entry of `r P - Aᵀ P A` can differ by from that of `N`, times `2^2148`. -/
def errorUnits (n : Nat) (b : Bounds) : Nat :=
  Nat.add (Nat.mul n (Nat.mul (scaledMagnitude b.entry) (scaledMagnitude b.first)))
    (Nat.mul (Nat.add (scaledMagnitude b.second) (scaledMagnitude b.rest)) scale)

/-- The test that all bounds are finite and not negative. -/
def Bounds.check (b : Bounds) : Bool :=
  isMagnitude b.entry && isMagnitude b.first && isMagnitude b.second && isMagnitude b.rest && isMagnitude b.slack

/-- The test that the errors leave room. -/
def hasRoom (n : Nat) (b : Bounds) : Bool :=
  Nat.ble (Nat.mul n (errorUnits n b)) (Nat.mul (scaledMagnitude b.slack) scale)

/-- The test of the decay, for the frames of `A` and `P`. -/
def checkDecay (A P n rate : Nat) (b : Bounds) (f : Frames) (hints : Hints) : Bool :=
  isMagnitude rate && Nat.blt (scaledMagnitude rate) scale && b.check &&
    hints.matrix.checkFrame (Nat.mul n n) A && noneExceeds (Nat.mul n n) A b.entry && hasRoom n b &&
    checkRest P n rate b f &&
    (Product.checkProduct hints.first n n n P A f.first b.first && withValue (Product.transposed n n A) fun columns =>
      Product.checkProduct hints.second n n n columns f.first f.second b.second) &&
    checkBelow f.rest f.lower f.factor n b.slack hints.lower

/-! ## What they find -/

variable {A P n rate : Nat} {b : Bounds} {f : Frames} {hints : Hints}

private theorem room_of_hasRoom (finite : b.check = true) (h : hasRoom n b = true) :
    (vecSum fun _ : Fin n => (vecSum fun _ : Fin n => toRat b.entry) * toRat b.first + toRat b.second + toRat b.rest) ≤
      toRat b.slack := by
  simp only [Bounds.check, Bool.and_eq_true] at finite
  obtain ⟨⟨⟨⟨entry, first⟩, second⟩, rest⟩, slack⟩ := finite
  refine vecSum_le_of_units slack ?_ h
  rw [← vecSum_mul_right, toRat_of_isMagnitude entry, toRat_of_isMagnitude first, toRat_of_isMagnitude second,
    toRat_of_isMagnitude rest, ofScaled_mul_ofScaled, vecSum_ofScaledSquare, vecSum_const, ← ofScaledSquare_mul_scale,
    ← ofScaledSquare_mul_scale, ← ofScaledSquare_add, ← ofScaledSquare_add, Int.add_assoc, ← Int.add_mul]
  rfl

theorem checkDecay_sound (h : checkDecay A P n rate b f hints = true)
    (form : PositiveDefinite.Certified (frameMatrix P n n)) :
    Decays (frameMatrix A n n) (frameMatrix P n n) rate := by
  simp only [checkDecay, Bool.and_eq_true, withValue_eq] at h
  obtain ⟨⟨⟨⟨⟨⟨⟨⟨finite, lt⟩, bounds⟩, held⟩, exceeds⟩, room⟩, rest⟩, products⟩, below⟩ := h
  have each := bounds
  simp only [Bounds.check, Bool.and_eq_true] at each
  obtain ⟨⟨⟨⟨finite₁, -⟩, -⟩, finite₂⟩, -⟩ := each
  have lt : scaledMagnitude rate < scale := Nat.le_of_ble_eq_true lt
  have small : ∀ i j, abs (valueMatrix (frameMatrix A n n) i j) ≤ toRat b.entry := fun i j => by
    have below : b.entry < infinity := Nat.le_of_ble_eq_true finite₁
    have le := magnitude_le_of_noneExceeds (Nat.lt_trans below (by decide)) exceeds _ (index_lt i j)
    show abs (toRat (element A (i * n + j))) ≤ _
    rw [abs_toRat, toRat_of_isMagnitude finite₁, ofScaled_le]
    exact Int.ofNat_le.2 (scaledMagnitude_le le)
  have third : ∀ i j, abs (toRat rate * valueMatrix (frameMatrix P n n) i j -
      (valueMatrix (frameMatrix f.second n n) i j + valueMatrix (frameMatrix f.rest n n) i j)) ≤ toRat b.rest := fun i j => by
    simp only [checkRest, withValue_eq] at rest
    have entry := allBelow_iff.1 (allBelow_iff.1 rest i i.isLt) j j.isLt
    rw [PositiveDefinite.word_eq _ j.isLt, PositiveDefinite.word_eq _ j.isLt, PositiveDefinite.word_eq _ j.isLt] at entry
    have near := near_of_isRest finite₂ entry
    rw [← scaled_eq_plus_sub_minus, ← scaled_eq_plus_sub_minus, ← toRat_eq_ofScaled, ← toRat_eq_ofScaled,
      ← toRat_of_isMagnitude finite] at near
    exact near
  have one : ∀ i j, abs (valueMatrix (frameMatrix f.first n n) i j -
      (valueMatrix (frameMatrix P n n)).mul (valueMatrix (frameMatrix A n n)) i j) ≤ toRat b.first := fun i j => by
    have near := (Product.checkProduct_sound products.1).near i i.isLt j j.isLt
    simp only [element_columns] at near
    exact near
  have two : ∀ i j, abs (valueMatrix (frameMatrix f.second n n) i j -
      (valueMatrix (frameMatrix A n n)).transpose.mul (valueMatrix (frameMatrix f.first n n)) i j) ≤ toRat b.second :=
    fun i j => by
      have near := (Product.checkProduct_sound products.2).near i i.isLt j j.isLt
      simp only [element_columns] at near
      exact near
  have step := quadForm_mulVec_lt small one two third (room_of_hasRoom bounds room) (checkBelow_sound below).2
  have nonneg : 0 ≤ toRat rate := by
    rw [toRat_of_isMagnitude finite, ofScaled_nonneg]; exact Int.natCast_nonneg _
  refine ⟨form, finite_of_range held, isFinite_of_isMagnitude finite, nonneg, ?_, step,
    quadForm_orbit_le nonneg (quadForm_mulVec_le step)⟩
  rw [toRat_of_isMagnitude finite, ← ofScaled_scale, ofScaled_lt, Int.ofNat_lt]
  exact lt

/-! ## The operation -/

/-- The bounds of a certificate. -/
def boundsOf (c : Entries) : Bounds :=
  ⟨double "entry_bound" c, double "first_bound" c, double "second_bound" c, double "rest_bound" c, double "slack" c⟩

/-- The hints of a certificate. -/
def hintsOf (c : Entries) : Hints :=
  ⟨range "matrix_range" c, productLayout "first_layout" c, productLayout "second_layout" c,
    layout "lower_words" "lower_matrix_range" "lower_factor_range" c⟩

/-- The frames of a certificate. -/
def frames? (n : Nat) (a : Answer) : Option Frames :=
  match frame? "first" n a, frame? "second" n a, frame? "rest" n a, frame? "lower_matrix" n a, frame? "lower_factor" n a with
  | some first, some second, some rest, some lower, some factor => some ⟨first, second, rest, lower, factor⟩
  | _, _, _, _, _ => none

/-- The test of an answer about a matrix of this size. -/
def checkAnswer (matrix : NamedArray) (n : Nat) (rate : Nat) (a : Answer) : Bool :=
  match form? n a, frames? n a with
  | some form, some frames => matrix.isMatrix n n && withValue (join matrix.chunks) fun A =>
      withValue (join form.chunks) fun P => checkDecay A P n rate (boundsOf a.certificate) frames (hintsOf a.certificate)
  | _, _ => false

/-- Whether the certificate of an answer holds. -/
def check (q : Question) (a : Answer) : Bool :=
  match q.array? "matrix", Value.double? "rate" a.result with
  | some matrix, some rate => a.isKind "lyapunov_decay" && checkAnswer matrix matrix.rowCount rate.toNat a
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

/-- A quadratic form that decays along every orbit of a linear recursion. -/
def operation : CertifiedOperation where
  name := "lyapunov_discrete"
  check := check
  Meaning := Meaning
  sound := check_sound

end LeanPythonBridge.Certificate.LyapunovDiscrete
