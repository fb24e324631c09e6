module

public import LeanPythonBridge.Certificate.Decay

/-!
# The most that orthonormal directions can capture of a cloud of points

The rows of `Y` are points. What directions `w₁, …, w_k` capture is `Σ ‖Y wᵢ‖²`: the squares of the points' projections. No
orthonormal ones capture more than `k τ + ‖F‖²` when `‖Y x‖² ≤ τ ‖x‖² + ‖F x‖²` for every `x`, by Bessel's inequality for the
rows of `F`. The eigenvectors of `Yᵀ Y`, with `τ` the next eigenvalue, make it an equality (Ky Fan).
-/

@[expose] public section

namespace LeanPythonBridge

variable {k m n : Nat}

/-- The rows of a matrix are orthogonal, and of length 1. -/
def Orthonormal (W : Matrix k n Rat) : Prop := ∀ i j, dot (W i) (W j) = if i = j then 1 else 0

/-- The sum of the squares of the points' projections on directions: points are rows, and so are directions. -/
def captured (Y : Matrix m n Rat) (W : Matrix k n Rat) : Rat := vecSum fun i => normSq (Y.mulVec (W i))

/-- The dot product with a combination of rows. -/
private theorem dot_combination (f : Vec n Rat) (W : Matrix k n Rat) (a : Vec k Rat) :
    dot f (fun c => vecSum fun i => a i * W i c) = vecSum fun i => a i * dot f (W i) := by
  simp only [dot, ← vecSum_mul_left]
  rw [vecSum_comm fun c i => f c * (a i * W i c)]
  congr; funext i; congr; funext c
  grind

/-- Bessel's inequality. -/
theorem bessel {W : Matrix k n Rat} (h : Orthonormal W) (f : Vec n Rat) :
    (vecSum fun i => dot f (W i) * dot f (W i)) ≤ normSq f := by
  let p : Vec n Rat := fun c => vecSum fun i => dot f (W i) * W i c
  have own : dot p p = vecSum fun i => dot f (W i) * dot f (W i) := by
    rw [show dot p p = dot p (fun c => vecSum fun i => dot f (W i) * W i c) from rfl, dot_combination]
    congr; funext i
    rw [dot_comm p, show dot (W i) p = dot (W i) (fun c => vecSum fun j => dot f (W j) * W j c) from rfl, dot_combination]
    congr 1
    refine Eq.trans ?_ (vecSum_single i (dot f (W i)))
    congr; funext j
    rw [h i j]
    by_cases e : i = j
    · rw [if_pos e, if_pos e.symm, e, Rat.mul_one]
    · rw [if_neg e, if_neg (Ne.symm e), Rat.mul_zero]
  have cross : dot f p = vecSum fun i => dot f (W i) * dot f (W i) := dot_combination f W _
  have nonneg := normSq_nonneg (f - p)
  rw [normSq, dot_sub, dot_comm (f - p), dot_comm (f - p), dot_sub, dot_sub, dot_comm p f, own, cross] at nonneg
  rw [normSq]
  generalize dot f f = x at *
  generalize (vecSum fun i => dot f (W i) * dot f (W i)) = y at *
  grind

/-- What orthonormal directions capture is at most this. -/
theorem captured_le {l : Nat} {Y : Matrix m n Rat} {F : Matrix l n Rat} {τ : Rat}
    (h : ∀ x, normSq (Y.mulVec x) ≤ τ * normSq x + normSq (F.mulVec x)) {W : Matrix k n Rat} (ortho : Orthonormal W) :
    captured Y W ≤ k * τ + vecSum fun j => normSq (F j) := by
  have step : captured Y W ≤ vecSum fun i : Fin k => τ + vecSum fun j => dot (F j) (W i) * dot (F j) (W i) :=
    vecSum_mono fun i => by
      have := h (W i)
      rw [show normSq (W i) = 1 by rw [normSq, ortho i i, if_pos rfl], Rat.mul_one] at this
      exact this
  rw [vecSum_add, vecSum_const, vecSum_comm fun i j => dot (F j) (W i) * dot (F j) (W i)] at step
  have bound : (vecSum fun j => vecSum fun i => dot (F j) (W i) * dot (F j) (W i)) ≤ vecSum fun j => normSq (F j) :=
    vecSum_mono fun j => bessel ortho (F j)
  grind

/-- The form of `Yᵀ Y`. -/
theorem quadForm_gram (Y : Matrix m n Rat) (x : Vec n Rat) : quadForm (Y.transpose.mul Y) x = normSq (Y.mulVec x) := by
  rw [quadForm, mul_mulVec, dot_mulVec]; rfl

/-- The form of the identity. -/
theorem quadForm_one (τ : Rat) (x : Vec n Rat) :
    quadForm (fun i j => if i = j then τ else 0 : Matrix n n Rat) x = τ * normSq x := by
  rw [quadForm_diagonal fun i j ne => if_neg ne, normSq, dot, ← vecSum_mul_left]
  congr; funext i
  rw [if_pos rfl]

/-- The bound of `captured_le` follows from a positive definite matrix near `τ I + Fᵀ F - Yᵀ Y`. -/
theorem normSq_le_of_posDef {l : Nat} {Y : Matrix m n Rat} {F : Matrix l n Rat} {T : Matrix n n Rat} {τ e : Rat}
    (posDef : PosDef T) (near : ∀ a b, abs (T a b - ((if a = b then τ else 0) + F.transpose.mul F a b -
      Y.transpose.mul Y a b)) ≤ e) (x : Vec n Rat) :
    normSq (Y.mulVec x) ≤ (τ + n * e) * normSq x + normSq (F.mulVec x) := by
  let I : Matrix n n Rat := fun a b => if a = b then τ else 0
  have small : ∀ a b, abs ((I + F.transpose.mul F - Y.transpose.mul Y - T) a b) ≤ e := fun a b => by
    have h := abs_le_iff.1 (near a b)
    have unfolded : (I + F.transpose.mul F - Y.transpose.mul Y - T) a b =
        (if a = b then τ else 0) + F.transpose.mul F a b - Y.transpose.mul Y a b - T a b := rfl
    rw [unfolded, abs_le_iff]
    constructor <;> grind
  have form := neg_le_quadForm small x
  rw [quadForm_sub, quadForm_sub, quadForm_add, quadForm_gram, quadForm_gram, quadForm_one, vecSum_const] at form
  have positive : 0 ≤ quadForm T x := by
    by_cases ne : ∃ i, x i ≠ 0
    · exact Rat.le_of_lt (posDef x ne)
    · have zero : x = fun _ => 0 := funext fun i => Classical.byContradiction fun e => ne ⟨i, e⟩
      rw [zero, quadForm]
      show (0 : Rat) ≤ vecSum (fun i => (0 : Rat) * _)
      simp only [Rat.zero_mul]
      rw [vecSum_zero]
      exact Rat.le_refl
  grind

/-- What directions capture, by the entries of `Yᵀ Y`. -/
theorem captured_eq (Y : Matrix m n Rat) (W : Matrix k n Rat) :
    captured Y W = vecSum fun a => vecSum fun b => Y.transpose.mul Y a b * vecSum fun i => W i a * W i b := by
  have each : ∀ i, normSq (Y.mulVec (W i)) =
      vecSum fun a => vecSum fun b => Y.transpose.mul Y a b * (W i a * W i b) := fun i => by
    rw [← quadForm_gram, quadForm, dot]
    congr; funext a
    rw [Matrix.mulVec, dot, ← vecSum_mul_left]
    congr; funext b
    grind
  simp only [captured, each, ← vecSum_mul_left]
  rw [vecSum_comm fun i a => vecSum fun b => Y.transpose.mul Y a b * (W i a * W i b)]
  congr; funext a
  rw [vecSum_comm fun i b => Y.transpose.mul Y a b * (W i a * W i b)]

end LeanPythonBridge
