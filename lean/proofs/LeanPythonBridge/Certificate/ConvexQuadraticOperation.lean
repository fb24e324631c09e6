module

public import LeanPythonBridge.Certificate.Chunks
public import LeanPythonBridge.Certificate.DiagonalShift
public import LeanPythonBridge.Certificate.Quadratic
public import LeanPythonBridge.Certificate.Reading

/-!
# `convex_quadratic`: how strongly convex a quadratic function is

The function is `f(x) = ½ xᵀ Q x + cᵀ x`, with the arrays `matrix` and `linear`; the result has its modulus of strong
convexity, `modulus`. What is tested is that `Q - modulus I` is positive definite, as in `DiagonalShift`.
-/

@[expose] public section

namespace LeanPythonBridge

/-- A function is strongly convex: between two points it lies below the chord by at least a part of the squared
distance. -/
def StronglyConvex {n : Nat} (f : Vec n Rat → Rat) (modulus : Rat) : Prop :=
  ∀ (x y : Vec n Rat) (t : Rat), 0 ≤ t → t ≤ 1 →
    f (t • x + (1 - t) • y) ≤ t * f x + (1 - t) * f y - 1 / 2 * modulus * (t * (1 - t) * normSq (x - y))

/-- How far a quadratic function lies below a chord. -/
theorem quadratic_chord {n : Nat} (Q : Matrix n n Rat) (c x y : Vec n Rat) (t : Rat) :
    t * quadratic Q c x + (1 - t) * quadratic Q c y - quadratic Q c (t • x + (1 - t) • y) =
      1 / 2 * (t * (1 - t) * quadForm Q (x - y)) := by
  have mulVec_add : ∀ u v : Vec n Rat, Q.mulVec (u + v) = Q.mulVec u + Q.mulVec v := fun u v => by
    funext i; exact dot_add ..
  have mulVec_sub : ∀ u v : Vec n Rat, Q.mulVec (u - v) = Q.mulVec u - Q.mulVec v := fun u v => by
    funext i; exact dot_sub ..
  have mulVec_smul : ∀ (k : Rat) (u : Vec n Rat), Q.mulVec (k • u) = k • Q.mulVec u := fun k u => by
    funext i; exact dot_smul ..
  have add_dot : ∀ u v w : Vec n Rat, dot (u + v) w = dot u w + dot v w := fun u v w => by
    rw [dot_comm, dot_add, dot_comm w, dot_comm w]
  have sub_dot : ∀ u v w : Vec n Rat, dot (u - v) w = dot u w - dot v w := fun u v w => by
    rw [dot_comm, dot_sub, dot_comm w, dot_comm w]
  have smul_dot : ∀ (k : Rat) (u w : Vec n Rat), dot (k • u) w = k * dot u w := fun k u w => by
    rw [dot_comm, dot_smul, dot_comm w]
  simp only [quadratic, quadForm, mulVec_add, mulVec_sub, mulVec_smul, add_dot, sub_dot, smul_dot, dot_add, dot_sub,
    dot_smul]
  generalize dot x (Q.mulVec x) = xx
  generalize dot x (Q.mulVec y) = xy
  generalize dot y (Q.mulVec x) = yx
  generalize dot y (Q.mulVec y) = yy
  generalize dot c x = cx
  generalize dot c y = cy
  grind

/-- A quadratic function is strongly convex when its form exceeds the modulus times the squared norm. -/
theorem stronglyConvex_quadratic {n : Nat} {Q : Matrix n n Rat} {modulus : Rat} (c : Vec n Rat)
    (h : ∀ x : Vec n Rat, (∃ i, x i ≠ 0) → modulus * normSq x < quadForm Q x) :
    StronglyConvex (quadratic Q c) modulus := by
  intro x y t nonneg le
  have chord := quadratic_chord Q c x y t
  have form : modulus * normSq (x - y) ≤ quadForm Q (x - y) := by
    by_cases ne : ∃ i, (x - y) i ≠ 0
    · exact Rat.le_of_lt (h _ ne)
    · have zero : x - y = fun _ => 0 := funext fun i => Classical.byContradiction fun e => ne ⟨i, e⟩
      have none : ∀ z : Vec n Rat, dot (fun _ => 0) z = 0 := fun z => by
        show vecSum (fun i => (0 : Rat) * z i) = 0
        simp only [Rat.zero_mul]
        exact vecSum_zero
      rw [zero, quadForm, normSq, none, none, Rat.mul_zero]
      exact Rat.le_refl
  have weight : 0 ≤ t * (1 - t) := Rat.mul_nonneg nonneg (by grind)
  have := Rat.mul_nonneg weight ((Rat.le_iff_sub_nonneg _ _).1 form)
  grind

namespace Certificate.ConvexQuadraticOperation

open Float64 DiagonalShift

/-- What is true of the exact values of a matrix, a vector and a modulus, given by their bits. -/
structure Convex {n : Nat} (Q : Matrix n n Nat) (c : Vec n Nat) (modulus : Nat) : Prop where
  /-- The matrix is finite. -/
  matrix_finite : ∀ i, Finite (Q i)
  /-- The vector is finite. -/
  linear_finite : Finite c
  /-- The matrix is symmetric. -/
  symmetric : ∀ i j, valueMatrix Q i j = valueMatrix Q j i
  /-- The modulus is finite. -/
  modulus_finite : isFinite modulus = true
  /-- The modulus is positive. -/
  modulus_pos : 0 < toRat modulus
  /-- The function is strongly convex. -/
  convex : StronglyConvex (quadratic (valueMatrix Q) (valueVec c)) (toRat modulus)

/-- What a certified answer means: with `μ > 0`, the number `modulus` of the result, the function
`f(x) = ½ xᵀ Q x + cᵀ x` has `f(t x + (1 - t) y) ≤ t f(x) + (1 - t) f(y) - ½ μ t (1 - t) ‖x - y‖²` for `0 ≤ t ≤ 1`. -/
def Meaning (q : Question) (a : Answer) : Prop :=
  ∃ matrix linear n modulus, q.array? "matrix" = some matrix ∧ q.array? "linear" = some linear ∧ IsSquare matrix n ∧
    IsVector linear n ∧ Value.find? "modulus" a.result = some (.float modulus) ∧
    Convex (frameMatrix matrix.packed n n) (frameVec linear.packed n) modulus.toNat

/-- The hints of a certificate. -/
def layoutOf (entries : Entries) : PositiveDefinite.Layout :=
  ⟨natural "lower_words" entries, rangeOf "lower_matrix_range" entries, rangeOf "lower_factor_range" entries⟩

/-- The test of the modulus, for the frames of the matrix and the vector. -/
def checkModulus (matrix linear n : Nat) (a : Answer) (modulus : Nat) : Bool :=
  match a.certificateArray? "lower_matrix", a.certificateArray? "lower_factor" with
  | some lowerMatrix, some lowerFactor =>
    isSquare lowerMatrix n && isSquare lowerFactor n && decide (0 < scaled modulus) &&
    (rangeOf "linear_range" a.certificate).checkFrame (Nat.mul 1 n) linear &&
    (rangeOf "matrix_range" a.certificate).checkFrame (Nat.mul n n) matrix &&
    checkBelow matrix (join lowerMatrix.chunks) (join lowerFactor.chunks) n modulus (layoutOf a.certificate)
  | _, _ => false

/-- Whether the certificate of an answer holds. -/
def check (q : Question) (a : Answer) : Bool :=
  match q.array? "matrix", q.array? "linear", Value.find? "modulus" a.result with
  | some matrix, some linear, some (.float modulus) => isText "kind" "strong_convexity" a.certificate &&
    isSquare matrix (rowCount matrix) && isVector linear (rowCount matrix) &&
    checkModulus (join matrix.chunks) (join linear.chunks) (rowCount matrix) a modulus.toNat
  | _, _, _ => false

theorem checkModulus_sound {matrix linear n modulus : Nat} {a : Answer}
    (h : checkModulus matrix linear n a modulus = true) :
    Convex (frameMatrix matrix n n) (frameVec linear n) modulus := by
  unfold checkModulus at h
  split at h
  case h_1 =>
    simp only [Bool.and_eq_true, decide_eq_true_eq] at h
    obtain ⟨⟨⟨⟨-, positive⟩, linearRange⟩, range⟩, below⟩ := h
    have ⟨symmetric, least⟩ := checkBelow_sound below
    refine ⟨finite_of_range range, fun j => ?_, symmetric, finite_of_checkBelow below, ?_,
      stronglyConvex_quadratic _ least⟩
    · exact Range.isFinite_of_holds (Range.checkFrame_holds linearRange).1
        ((Range.checkFrame_holds linearRange).2 _ (by show j.val < 1 * n; rw [Nat.one_mul]; exact j.isLt))
    · rwa [toRat_eq_ofScaled, ← ofScaled_zero, ofScaled_lt]
  case h_2 => exact Bool.noConfusion h

theorem check_sound {q : Question} {a : Answer} (h : check q a = true) : Meaning q a := by
  unfold check at h
  split at h
  case h_1 matrix linear modulus found vector stated =>
    simp only [Bool.and_eq_true, join_eq] at h
    exact ⟨matrix, linear, rowCount matrix, modulus, found, vector, isSquare_sound h.1.1.2, isVector_sound h.1.2, stated,
      checkModulus_sound h.2⟩
  case h_2 => exact Bool.noConfusion h

/-- The modulus of strong convexity of a quadratic function. -/
def operation : CertifiedOperation where
  name := "convex_quadratic"
  check := check
  Meaning := Meaning
  sound := check_sound

end Certificate.ConvexQuadraticOperation
end LeanPythonBridge
