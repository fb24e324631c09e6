module

public import LeanPythonBridge.Certificate.Chunks
public import LeanPythonBridge.Certificate.Operation
public import LeanPythonBridge.Certificate.StandardizeColumns

/-!
# `standardize`: columns with the mean 0 and the deviation 1

The matrix is the array `matrix`, of doubles in `n` rows and `p` columns; the answer has the arrays `standardized`, `mean`
and `scale`, and the certificate says how far each column may be from the exact one, in the arrays `mean_error`,
`variance_error` and `error`. `check` tests it in exact integers (`StandardizeColumns`).
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.Standardize

open Float64

variable {n p : Nat}

/-! ## What it means -/

/-- The mean of a column. -/
def mean (A : Matrix n p Rat) (j : Fin p) : Rat := vecSum (fun i => A i j) / n

/-- The variance of a column: the mean of the squared distances from the mean. -/
def variance (A : Matrix n p Rat) (j : Fin p) : Rat :=
  vecSum (fun i => (A i j - mean A j) * (A i j - mean A j)) / n

/-- What a certified standardization means: the means, the squares of the scales, and the entries times the scales are as
near to the exact means, the exact variances, and the distances from the stated means as the bounds say. -/
structure Standardized (A Z : Matrix n p Rat) (means scales meanError varianceError error : Vec p Rat) : Prop
    where
  /-- The means. -/
  mean : ∀ j, abs (means j - mean A j) ≤ meanError j
  /-- The scales are positive. -/
  positive : ∀ j, 0 < scales j
  /-- Their squares are the variances. -/
  scale : ∀ j, abs (scales j * scales j - variance A j) ≤ varianceError j
  /-- The entries, measured in scales from the means. -/
  entries : ∀ i j, abs (Z i j * scales j - (A i j - means j)) ≤ error j

/-! ## Soundness -/

private theorem abs_le {q e : Rat} (h₁ : q ≤ e) (h₂ : -q ≤ e) : abs q ≤ e := by
  rw [abs]; split <;> assumption

private theorem le_of_mul_le {c q r : Rat} (hc : 0 < c) (h : c * q ≤ c * r) : q ≤ r := by
  refine Rat.not_lt.1 fun lt => ?_
  have := Rat.mul_lt_mul_of_pos_left lt hc
  grind

private theorem sum_of_squares (f : Nat → Int) :
    (vecSum fun i : Fin n => ofScaled (f i) * ofScaled (f i)) = ofScaledSquare (integerSum n fun i => f i * f i) := by
  induction n with
  | zero => exact ofScaledSquare_zero.symm
  | succ n ih =>
    rw [vecSum_succ, integerSum, ofScaledSquare_add, ← ofScaled_mul_ofScaled]; congr 1

/-- The variance by the sums of the entries and of their squares. -/
theorem mul_variance (A : Matrix n p Rat) (j : Fin p) (hn : 0 < (n : Rat)) :
    n * n * variance A j = n * vecSum (fun i => A i j * A i j) - vecSum (fun i => A i j) * vecSum (fun i => A i j) := by
  have e : ∀ c : Rat, (vecSum fun i => (A i j - c) * (A i j - c)) =
      vecSum (fun i => A i j * A i j) - 2 * c * vecSum (fun i => A i j) + n * (c * c) := by
    intro c
    rw [← vecSum_mul_left, ← vecSum_const, ← vecSum_sub, ← vecSum_add]
    congr 1; funext i; grind
  rw [variance, e, mean]
  generalize vecSum (fun i => A i j) = s
  generalize vecSum (fun i => A i j * A i j) = q
  grind

private theorem mul_ofScaledSquare (c x : Int) : ofScaledSquare (c * x) = c * ofScaledSquare x := by
  have hs := scale_pos
  unfold ofScaledSquare
  rw [ofScaled_mul]
  generalize (scale : Rat) = s at *
  grind

private theorem variance_units (n : Nat) (x q s : Int) :
    ofScaledSquare ((n * n * (x * x) : Int) - (n * q - s * s)) =
      (n : Rat) * n * (ofScaled x * ofScaled x) - (n * ofScaledSquare q - ofScaled s * ofScaled s) := by
  rw [ofScaledSquare_sub, ofScaledSquare_sub, ofScaled_mul_ofScaled, ofScaled_mul_ofScaled,
    Int.mul_assoc (n : Int) n (x * x), mul_ofScaledSquare n (n * (x * x)), mul_ofScaledSquare n (x * x),
    mul_ofScaledSquare n q, Rat.mul_assoc]
  rfl

private theorem two_sided {q r e : Rat} {c : Nat} {a b d : Int} (hc : 0 < (c : Rat)) {unit : Int → Rat}
    (le : ∀ {x y}, unit x ≤ unit y ↔ x ≤ y) (neg : ∀ x, unit (-x) = -unit x) (hq : c * (q - r) = unit (a - b))
    (he : c * e = unit d) (h₁ : a - b ≤ d) (h₂ : b - a ≤ d) : abs (q - r) ≤ e := by
  refine abs_le (le_of_mul_le hc ?_) (le_of_mul_le hc ?_)
  · rw [hq, he, le]; exact h₁
  · rw [show (c : Rat) * -(q - r) = -(c * (q - r)) by grind, hq, he, ← neg, le]; omega

theorem checkFrames_sound {matrix standardized means scales meanErrors varianceErrors errors : Nat}
    (h : checkFrames n p matrix standardized means scales meanErrors varianceErrors errors = true) :
    Standardized (valueMatrix (frameMatrix matrix n p)) (valueMatrix (frameMatrix standardized n p))
      (valueVec (frameVec means p)) (valueVec (frameVec scales p)) (valueVec (frameVec meanErrors p))
      (valueVec (frameVec varianceErrors p)) (valueVec (frameVec errors p)) := by
  have less : ∀ {a b : Nat}, Nat.blt a b = true → a < b := fun h => by rwa [Nat.blt_eq] at h
  simp only [checkFrames, Bool.and_eq_true, allBelow_iff, Nat.ble_eq] at h
  obtain ⟨⟨⟨⟨⟨pos, count⟩, finiteX⟩, finiteZ⟩, finiteM⟩, columns⟩ := h
  have inside : ∀ i < n, ∀ j < p, i * p + j < Nat.mul n p := fun i hi j hj => by
    have := Nat.mul_le_mul_right p (Nat.succ_le_of_lt hi)
    rw [Nat.succ_mul] at this
    show _ < n * p
    omega
  have word : ∀ y j, cut 64 y j = element y j := fun y j => by rw [cut_eq]; rfl
  have hn : 0 < (n : Rat) := by
    have : ((0 : Int) : Rat) < ((n : Int) : Rat) := Rat.intCast_lt_intCast.2 (by omega)
    exact this
  have bound : ∀ {b}, b < infinity → toRat b = ofScaled (scaledMagnitude b) := fun h => by
    rw [toRat_eq_ofScaled, scaled_of_lt h]
  have column := fun j : Fin p => by
    have h := columns j j.isLt
    simp only [checkColumnAt, withValue_eq, word, Bool.and_eq_true, Nat.ble_eq] at h
    exact And.intro h.1 (column_sound (n := n) (less count) j.isLt
      (fun i hi => Order.finite_sound finiteX _ (inside i hi j j.isLt))
      (fun i hi => Order.finite_sound finiteZ _ (inside i hi j j.isLt)) (Order.finite_sound finiteM j j.isLt)
      (element_lt ..) h.2)
  have scale_eq : ∀ j : Fin p, valueVec (frameVec scales p) j = ofScaled (scaledMagnitude (element scales j)) := fun j =>
    bound (less (column j).1.1.1.1.2)
  have mean_eq : ∀ j : Fin p, valueVec (frameVec meanErrors p) j = ofScaled (scaledMagnitude (element meanErrors j)) :=
    fun j => bound (less (column j).1.1.1.2)
  have variance_eq : ∀ j : Fin p, valueVec (frameVec varianceErrors p) j =
      ofScaled (scaledMagnitude (element varianceErrors j)) := fun j => bound (less (column j).1.1.2)
  have error_eq : ∀ j : Fin p, valueVec (frameVec errors p) j = ofScaled (scaledMagnitude (element errors j)) := fun j =>
    bound (less (column j).1.2)
  have sums : ∀ j : Fin p, vecSum (fun i => valueMatrix (frameMatrix matrix n p) i j) =
      ofScaled (integerSum n fun i => scaled (element matrix (i * p + j))) := fun j =>
    vecSum_ofScaled fun i => scaled (element matrix (i * p + j))
  have squares : ∀ j : Fin p, vecSum (fun i => valueMatrix (frameMatrix matrix n p) i j *
      valueMatrix (frameMatrix matrix n p) i j) = ofScaledSquare (integerSum n fun i =>
        scaled (element matrix (i * p + j)) * scaled (element matrix (i * p + j))) := fun j =>
    sum_of_squares fun i => scaled (element matrix (i * p + j))
  refine ⟨fun j => ?_, fun j => ?_, fun j => ?_, fun i j => ?_⟩
  · obtain ⟨-, ⟨h₁, h₂⟩, -, -⟩ := column j
    rw [mean_eq]
    refine two_sided (unit := ofScaled) hn ofScaled_le ofScaled_neg ?_ ?_ h₁ h₂
    · rw [mean, sums, ofScaled_sub, ofScaled_mul]
      show (n : Rat) * (toRat (element means j) - _) = (n : Rat) * toRat (element means j) - _
      generalize toRat (element means j) = m
      generalize ofScaled (integerSum n _) = s
      grind
    · rw [ofScaled_mul]; rfl
  · rw [scale_eq, ← ofScaled_zero, ofScaled_lt]
    have := mt scaledMagnitude_eq_zero_iff.1 (show element scales j ≠ 0 by have := (column j).1.1.1.1.1; omega)
    omega
  · obtain ⟨-, -, ⟨h₁, h₂⟩, -⟩ := column j
    have hnn : 0 < ((n * n : Nat) : Rat) := by
      have : ((0 : Int) : Rat) < (((n * n : Nat) : Int) : Rat) := Rat.intCast_lt_intCast.2 (by
        have := Nat.mul_pos pos pos; omega)
      exact this
    have cast : ((n * n : Nat) : Rat) = n * n := by
      show (((n * n : Nat) : Int) : Rat) = ((n : Int) : Rat) * ((n : Int) : Rat)
      rw [Int.natCast_mul, Rat.intCast_mul]
    rw [variance_eq, scale_eq]
    refine two_sided (unit := ofScaledSquare) hnn ofScaledSquare_le ofScaledSquare_neg ?_ ?_ h₁ h₂
    · rw [cast, show ∀ a b : Rat, (n * n : Rat) * (a - b) = n * n * a - n * n * b by intros; grind,
        mul_variance _ _ hn, sums, squares, variance_units]
    · rw [cast, Int.mul_assoc, mul_ofScaledSquare, mul_ofScaledSquare, ofScaledSquare_mul_scale, Rat.mul_assoc]
      rfl
  · obtain ⟨-, -, -, h⟩ := column j
    obtain ⟨h₁, h₂⟩ := h i i.isLt
    rw [error_eq, scale_eq, ← ofScaledSquare_mul_scale (scaledMagnitude (element errors j))]
    have e : valueMatrix (frameMatrix standardized n p) i j * ofScaled (scaledMagnitude (element scales j)) -
        (valueMatrix (frameMatrix matrix n p) i j - valueVec (frameVec means p) j) =
        ofScaledSquare (scaled (element standardized (i * p + j)) * scaledMagnitude (element scales j) -
          (scaled (element matrix (i * p + j)) - scaled (element means j)) * scale) := by
      rw [ofScaledSquare_sub, ofScaledSquare_mul_scale, ofScaled_sub, ← ofScaled_mul_ofScaled]
      rfl
    rw [e]
    refine abs_le (ofScaledSquare_le.2 h₁) ?_
    rw [← ofScaledSquare_neg, ofScaledSquare_le]
    omega

/-! ## The operation -/

/-- The matrix that a question is about, with its rows and columns, and nothing else. -/
def matrix? (q : Question) : Option (NamedArray × Nat × Nat) :=
  match q.params, q.arrays with
  | [], [matrix] =>
    match matrix.shape with
    | [n, p] => if matrix.name == "matrix" && matrix.dtype == .f8 then some (matrix, n, p) else none
    | _ => none
  | _, _ => none

/-- The standardized matrix, the means and the scales that an answer gives, and nothing else. -/
def given? (a : Answer) (n p : Nat) : Option (NamedArray × NamedArray × NamedArray) :=
  match a.result, a.arrays with
  | [], [standardized, mean, scale] =>
    if standardized.name == "standardized" && standardized.dtype == .f8 && standardized.shape == [n, p] &&
      mean.name == "mean" && mean.dtype == .f8 && mean.shape == [p] &&
      scale.name == "scale" && scale.dtype == .f8 && scale.shape == [p] then some (standardized, mean, scale) else none
  | _, _ => none

/-- The bounds of the means, of the variances and of the entries that a certificate of this kind gives. -/
def bounds? (a : Answer) (p : Nat) : Option (NamedArray × NamedArray × NamedArray) :=
  match a.certificate, a.certificateArrays with
  | [("kind", .string kind)], [means, variances, entries] =>
    if kind == "standardization_bounds" && means.name == "mean_error" && means.dtype == .f8 && means.shape == [p] &&
      variances.name == "variance_error" && variances.dtype == .f8 && variances.shape == [p] &&
      entries.name == "error" && entries.dtype == .f8 && entries.shape == [p] then some (means, variances, entries) else none
  | _, _ => none

/-- What a certified standardization means: the arrays are those on the wire, of these shapes, the bounds are those in the
certificate, and they hold for the exact values. -/
def Meaning (q : Question) (a : Answer) : Prop :=
  ∃ matrix n p standardized means scales meanErrors varianceErrors errors, matrix? q = some (matrix, n, p) ∧
    given? a n p = some (standardized, means, scales) ∧ bounds? a p = some (meanErrors, varianceErrors, errors) ∧
    Standardized (valueMatrix (frameMatrix matrix.packed n p)) (valueMatrix (frameMatrix standardized.packed n p))
      (valueVec (frameVec means.packed p)) (valueVec (frameVec scales.packed p))
      (valueVec (frameVec meanErrors.packed p)) (valueVec (frameVec varianceErrors.packed p))
      (valueVec (frameVec errors.packed p))

/-- Whether the certificate of an answer holds. -/
def check (q : Question) (a : Answer) : Bool :=
  match matrix? q with
  | some (matrix, n, p) =>
    match given? a n p, bounds? a p with
    | some (standardized, means, scales), some (meanErrors, varianceErrors, errors) =>
      withValue (join matrix.chunks) fun x => withValue (join standardized.chunks) fun z =>
        withValue (join means.chunks) fun m => withValue (join scales.chunks) fun s =>
          withValue (join meanErrors.chunks) fun e => withValue (join varianceErrors.chunks) fun v =>
            withValue (join errors.chunks) fun f => checkFrames n p x z m s e v f
    | _, _ => false
  | none => false

theorem check_sound {q : Question} {a : Answer} (h : check q a = true) : Meaning q a := by
  unfold check at h
  split at h
  case h_1 matrix n p asked =>
    split at h
    case h_1 standardized means scales meanErrors varianceErrors errors given stated =>
      simp only [withValue_eq, join_eq] at h
      exact ⟨matrix, n, p, standardized, means, scales, meanErrors, varianceErrors, errors, asked, given, stated,
        checkFrames_sound h⟩
    case h_2 => exact Bool.noConfusion h
  case h_2 => exact Bool.noConfusion h

/-- Columns with the mean 0 and the deviation 1. -/
def operation : CertifiedOperation where
  name := "standardize"
  check := check
  Meaning := Meaning
  sound := check_sound

end LeanPythonBridge.Certificate.Standardize
