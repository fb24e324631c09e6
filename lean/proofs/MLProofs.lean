module

public import LeanPythonBridge.Certificate.LinearAlgebra

/-! # Loss functions and stability

Convexity and nonnegativity of squared losses, optimality of a least-squares fit, and discrete Lyapunov stability. -/

@[expose] public section

namespace LeanPythonBridge

open Lean.Grind

universe u v

section Definitions

variable {R : Type u} [CommRing R] {m n : Nat}

/-- Maps that keep affine combinations. -/
def IsAffine {E : Type v} [Add E] [SMul R E] (g : E → R) : Prop :=
  ∀ (x y : E) (a b : R), a + b = 1 → g (a • x + b • y) = a * g x + b * g y

/-- The loss of a prediction. -/
def squaredLoss (prediction target : R) : R := (prediction - target) * (prediction - target)

/-- The least-squares objective `‖X w − y‖²` of the weights `w`. -/
def leastSquares (X : Matrix m n R) (y : Vec m R) (w : Vec n R) : R := normSq (X.mulVec w - y)

/-- `P` is positive semidefinite: its quadratic form is nonnegative. -/
def PosSemidef [LE R] (P : Matrix n n R) : Prop := ∀ x, 0 ≤ quadForm P x

/-- The state after `k` steps from `x`. -/
def orbit {S : Type v} (step : S → S) (x : S) : Nat → S
  | 0 => x
  | k + 1 => step (orbit step x k)

/-- A linear prediction minus its target is affine in the weights. -/
theorem isAffine_residual (x : Vec n R) (y : R) : IsAffine fun w : Vec n R => dot x w - y := by
  intro v w a b h; simp only [dot_add, dot_smul]; grind

end Definitions

variable {R : Type u} [CommRing R] [LE R] [LT R] [Std.LawfulOrderLT R] [Std.IsLinearOrder R] [OrderedRing R]
variable {m n : Nat}

/-! ## Nonnegativity -/

/-- A squared error is nonnegative. -/
theorem squaredLoss_nonneg (p t : R) : 0 ≤ squaredLoss p t := mul_self_nonneg _

/-- The loss is zero exactly when the prediction is right. -/
theorem squaredLoss_eq_zero_iff {p t : R} : squaredLoss p t = 0 ↔ p = t := by
  rw [squaredLoss, mul_self_eq_zero]; grind

/-- The least-squares objective is nonnegative. -/
theorem leastSquares_nonneg (X : Matrix m n R) (y : Vec m R) (w : Vec n R) : 0 ≤ leastSquares X y w :=
  normSq_nonneg _

/-- The least-squares objective is zero exactly when every residual is. -/
theorem leastSquares_eq_zero_iff {X : Matrix m n R} {y : Vec m R} {w : Vec n R} :
    leastSquares X y w = 0 ↔ ∀ i, dot (X i) w - y i = 0 := normSq_eq_zero_iff

/-! ## Convexity -/

variable {E : Type v} [Add E] [SMul R E]

/-- `f` is convex on `s`: `s` holds the segments between its points, and there `f` lies below its chords. -/
structure ConvexOn (s : E → Prop) (f : E → R) : Prop where
  /-- The domain is convex. -/
  domain : ∀ x y (a b : R), s x → s y → 0 ≤ a → 0 ≤ b → a + b = 1 → s (a • x + b • y)
  /-- The function lies below its chords. -/
  below : ∀ x y (a b : R), s x → s y → 0 ≤ a → 0 ≤ b → a + b = 1 → f (a • x + b • y) ≤ a * f x + b * f y

/-- `f` is convex on the whole space. -/
abbrev Convex (f : E → R) : Prop := ConvexOn (fun _ => True) f

/-- A sum of convex functions is convex. -/
theorem ConvexOn.add {s : E → Prop} {f g : E → R} (hf : ConvexOn s f) (hg : ConvexOn s g) :
    ConvexOn s fun x => f x + g x :=
  ⟨hf.domain, fun x y a b hx hy ha hb hab => by
    have := hf.below x y a b hx hy ha hb hab
    have := hg.below x y a b hx hy ha hb hab
    grind⟩

/-- A nonnegative multiple of a convex function is convex. -/
theorem ConvexOn.mul_left {s : E → Prop} {f : E → R} {c : R} (hc : 0 ≤ c) (hf : ConvexOn s f) :
    ConvexOn s fun x => c * f x :=
  ⟨hf.domain, fun x y a b hx hy ha hb hab => by
    have := OrderedRing.mul_le_mul_of_nonneg_left (hf.below x y a b hx hy ha hb hab) hc
    grind⟩

/-- A sum over an index of convex functions is convex. -/
theorem ConvexOn.vecSum {s : E → Prop} {f : Fin m → E → R}
    (hs : ∀ x y (a b : R), s x → s y → 0 ≤ a → 0 ≤ b → a + b = 1 → s (a • x + b • y))
    (hf : ∀ i, ConvexOn s (f i)) : ConvexOn s fun x => vecSum fun i => f i x :=
  ⟨hs, fun x y a b hx hy ha hb hab => by
    simp only [← vecSum_mul_left, ← vecSum_add]
    exact vecSum_mono fun i => (hf i).below x y a b hx hy ha hb hab⟩

/-- Where a convex function is at most `t`, its domain is convex. -/
theorem ConvexOn.sublevel {s : E → Prop} {f : E → R} (hf : ConvexOn s f) (t : R) :
    ConvexOn (fun x => s x ∧ f x ≤ t) f where
  domain x y a b hx hy ha hb hab := by
    refine ⟨hf.domain x y a b hx.1 hy.1 ha hb hab, ?_⟩
    have := hf.below x y a b hx.1 hy.1 ha hb hab
    have := OrderedRing.mul_le_mul_of_nonneg_left hx.2 ha
    have := OrderedRing.mul_le_mul_of_nonneg_left hy.2 hb
    obtain rfl : b = 1 - a := by grind
    grind
  below x y a b hx hy := hf.below x y a b hx.1 hy.1

omit [LT R] [Std.LawfulOrderLT R] [OrderedRing R] in
/-- An affine function is convex. -/
theorem IsAffine.convex {g : E → R} (hg : IsAffine g) : Convex g :=
  ⟨fun _ _ _ _ _ _ _ _ _ => trivial, fun x y a b _ _ _ _ hab => by rw [hg x y a b hab]; exact Std.le_refl _⟩

omit [LT R] [Std.LawfulOrderLT R] [Std.IsLinearOrder R] [OrderedRing R] in
/-- A convex function of an affine one is convex. -/
theorem ConvexOn.comp_affine {f : R → R} {g : E → R} (hf : Convex f) (hg : IsAffine g) :
    Convex fun x => f (g x) :=
  ⟨fun _ _ _ _ _ _ _ _ _ => trivial, fun x y a b _ _ ha hb hab => by
    rw [hg x y a b hab]; exact hf.below (g x) (g y) a b trivial trivial ha hb hab⟩

/-- `x ↦ x * x` is convex. -/
theorem convex_mul_self : Convex fun x : R => x * x :=
  ⟨fun _ _ _ _ _ _ _ _ _ => trivial, fun x y a b _ _ ha hb hab => by
    show (a * x + b * y) * (a * x + b * y) ≤ a * (x * x) + b * (y * y)
    have := OrderedRing.mul_nonneg (OrderedRing.mul_nonneg ha hb) (mul_self_nonneg (x - y))
    obtain rfl : b = 1 - a := by grind
    grind⟩

/-- The squared loss is convex in the prediction. -/
theorem convex_squaredLoss (t : R) : Convex fun p : R => squaredLoss p t :=
  ConvexOn.comp_affine convex_mul_self fun x y a b h => by show a * x + b * y - t = _; grind

/-- The least-squares objective is convex in the weights. -/
theorem convex_leastSquares (X : Matrix m n R) (y : Vec m R) : Convex (leastSquares X y) :=
  ConvexOn.vecSum (fun _ _ _ _ _ _ _ _ _ => trivial)
    fun i => ConvexOn.comp_affine convex_mul_self (isAffine_residual (X i) (y i))

/-! ## Optimality -/

/-- How far `w` can be from the best weights, by the gradient at `w`. -/
theorem leastSquares_le_add_gradient (X : Matrix m n R) (y : Vec m R) (w v : Vec n R) :
    leastSquares X y w ≤ leastSquares X y v + 2 * dot (X.transpose.mulVec (X.mulVec w - y)) (w - v) := by
  have split : X.mulVec v - y = (X.mulVec w - y) + X.mulVec (v - w) := by
    funext i; show dot (X i) v - y i = dot (X i) w - y i + dot (X i) (v - w); rw [dot_sub]; grind
  have := normSq_nonneg (X.mulVec (v - w))
  simp only [leastSquares, split, normSq_add, dot_mulVec, dot_sub] at *; grind

/-- Weights that solve the normal equations are best. -/
theorem leastSquares_le_of_normalEquations {X : Matrix m n R} {y : Vec m R} {w : Vec n R}
    (h : ∀ j, X.transpose.mulVec (X.mulVec w - y) j = 0) (v : Vec n R) :
    leastSquares X y w ≤ leastSquares X y v := by
  have := leastSquares_le_add_gradient X y w v
  have zero : dot (X.transpose.mulVec (X.mulVec w - y)) (w - v) = 0 := by
    rw [dot]; simp only [h, Semiring.zero_mul, vecSum_zero]
  grind

/-! ## Stability -/

section Stability
variable {S : Type v} {step : S → S} {V : S → R} {c : R}

/-- When a step multiplies `V` by at most `c`, then `k` steps multiply it by at most `c ^ k`. -/
theorem lyapunov_geometric (hc : 0 ≤ c) (h : ∀ x, V (step x) ≤ c * V x) (x : S) (k : Nat) :
    V (orbit step x k) ≤ c ^ k * V x := by
  induction k with
  | zero => rw [Semiring.pow_zero, Semiring.one_mul]; exact Std.le_refl _
  | succ k ih =>
    have := h (orbit step x k)
    have := OrderedRing.mul_le_mul_of_nonneg_left ih hc
    rw [orbit, Semiring.pow_succ]; grind

omit [CommRing R] [LT R] [Std.LawfulOrderLT R] [OrderedRing R] in
/-- When no step raises `V`, it is bounded along the orbit by every earlier value. -/
theorem lyapunov_bounded (h : ∀ x, V (step x) ≤ V x) (x : S) (j k : Nat) :
    V (orbit step x (j + k)) ≤ V (orbit step x j) := by
  induction k with
  | zero => exact Std.le_refl _
  | succ k ih => exact Std.le_trans (h _) ih

/-- Where `V` is positive, a contraction lowers it strictly. -/
theorem lyapunov_decreases (hc : c < 1) (h : ∀ x, V (step x) ≤ c * V x) (x : S) (k : Nat)
    (hV : 0 < V (orbit step x k)) : V (orbit step x (k + 1)) < V (orbit step x k) := by
  have := h (orbit step x k)
  have := OrderedRing.mul_pos (a := 1 - c) (by grind) hV
  rw [orbit]; grind

/-- The discrete Lyapunov inequality `Aᵀ P A ≼ c P` bounds the energy `xᵀ P x` along the orbit of `A`. -/
theorem lyapunov_quadratic {P A : Matrix n n R} (hc : 0 ≤ c)
    (h : PosSemidef (c • P - A.transpose.mul (P.mul A))) (x : Vec n R) (k : Nat) :
    quadForm P (orbit A.mulVec x k) ≤ c ^ k * quadForm P x := by
  refine lyapunov_geometric hc (fun x => ?_) x k
  have := h x
  rw [quadForm_sub, quadForm_smul, quadForm_conjugate] at this; grind

/-- When `P` is at least `p` times the identity besides, the states themselves are bounded. -/
theorem lyapunov_normSq {P A : Matrix n n R} {p : R} (hc : 0 ≤ c)
    (h : PosSemidef (c • P - A.transpose.mul (P.mul A))) (hP : ∀ x, p * normSq x ≤ quadForm P x)
    (x : Vec n R) (k : Nat) : p * normSq (orbit A.mulVec x k) ≤ c ^ k * quadForm P x :=
  Std.le_trans (hP _) (lyapunov_quadratic hc h x k)

/-- A matrix whose rows have absolute sums of at most `c` contracts the largest entry by `c` a step. -/
theorem abs_orbit_mulVec_le [DecidableLE R] {A : Matrix n n R} {x : Vec n R} {b : R}
    (hA : ∀ i, vecSum (fun j => abs (A i j)) ≤ c) (hx : ∀ i, abs (x i) ≤ b) (k : Nat) (i : Fin n) :
    abs (orbit A.mulVec x k i) ≤ c ^ k * b := by
  induction k generalizing i with
  | zero => rw [Semiring.pow_zero, Semiring.one_mul]; exact hx i
  | succ k ih =>
    have step := abs_dot_le (x := A i) ih
    have nonneg := Std.le_trans (abs_nonneg _) (ih i)
    have := OrderedRing.mul_le_mul_of_nonneg_right (hA i) nonneg
    rw [orbit, Semiring.pow_succ, Matrix.mulVec]; grind

/-- The iteration `x ↦ a x` with `|a| ≤ c`: after `k` steps `|xₖ| ≤ cᵏ |x₀|`. -/
theorem abs_orbit_mul_le [DecidableLE R] {a : R} (ha : abs a ≤ c) (x : R) (k : Nat) :
    abs (orbit (a * ·) x k) ≤ c ^ k * abs x := by
  refine lyapunov_geometric (V := abs) (Std.le_trans (abs_nonneg a) ha) (fun x => ?_) x k
  rw [abs_mul]; exact OrderedRing.mul_le_mul_of_nonneg_right ha (abs_nonneg x)

end Stability

example (x y : Rat) : 0 ≤ squaredLoss x y := squaredLoss_nonneg x y
example (X : Matrix 3 2 Int) (y : Vec 3 Int) : Convex (leastSquares X y) := convex_leastSquares X y

end LeanPythonBridge
