module

public import LeanPythonBridge.Certificate.Enclosure
public import MLProofs

/-!
# How far least-squares weights can be from the best ones

Two facts about an `m × n` matrix `X`, over the rationals.

* A matrix `Y` that is nearly a left inverse of `X` shows that `X` stretches vectors: when the rows of `I - Y X` have
  squared norms of at most `e` with `4 n e ≤ 1`, and the rows of `Y` of at most `b`, then `‖d‖² ≤ 4 n b ‖X d‖²`.
* When `X ŵ - y = q + z`, with `‖z‖² ≤ ρ` and `‖Xᵀ q‖² ≤ γ`, then `‖X ŵ - y‖² ≤ ‖X v - y‖² + 2 ρ + 2 κ γ` for every `v`,
  where `‖d‖² ≤ κ ‖X d‖²`: `q` is nearly the residual of the best weights, to which the columns of `X` are orthogonal.

Both need squares only, and no square root.
-/

@[expose] public section

namespace LeanPythonBridge

open Lean.Grind

variable {m n : Nat}

/-- The inequality of Cauchy and Schwarz, in squares. -/
theorem dot_mul_dot_le (x y : Vec n Rat) : dot x y * dot x y ≤ normSq x * normSq y := by
  have square : normSq (normSq y • x + -dot x y • y) = normSq y * (normSq x * normSq y - dot x y * dot x y) := by
    have own : ∀ (c : Rat) (v : Vec n Rat), normSq (c • v) = c * c * normSq v := fun c v => by
      rw [normSq, dot_smul, dot_comm, dot_smul, normSq]; grind
    rw [normSq_add, own, own, dot_smul, dot_comm (normSq y • x), dot_smul, dot_comm y x]
    grind
  have nonneg := normSq_nonneg (normSq y • x + -dot x y • y)
  rw [square] at nonneg
  have positive := normSq_nonneg y
  refine Classical.byContradiction fun less => ?_
  by_cases zero : normSq y = 0
  · have zero := normSq_eq_zero_iff.1 zero
    have none : dot x y = 0 := by
      rw [← vecSum_zero (R := Rat) (n := n)]
      exact congrArg vecSum (funext fun i => by rw [zero i]; grind)
    exact less (by rw [none, Rat.zero_mul]; exact Rat.mul_nonneg (normSq_nonneg x) positive)
  · have := OrderedRing.mul_pos (a := normSq y) (b := dot x y * dot x y - normSq x * normSq y) (by grind) (by grind)
    grind

/-- The square of a sum of two numbers is at most twice the sum of their squares. -/
private theorem add_mul_self_le (a b : Rat) : (a + b) * (a + b) ≤ 2 * (a * a) + 2 * (b * b) := by
  have := mul_self_nonneg (a - b)
  grind

/-- What a matrix does to a vector, when its rows are short. -/
theorem normSq_mulVec_le {A : Matrix m n Rat} {b : Rat} (rows : ∀ i, normSq (A i) ≤ b) (x : Vec n Rat) :
    normSq (A.mulVec x) ≤ m * b * normSq x := by
  have each : ∀ i, A.mulVec x i * A.mulVec x i ≤ b * normSq x := fun i =>
    Std.le_trans (dot_mul_dot_le (A i) x) (OrderedRing.mul_le_mul_of_nonneg_right (rows i) (normSq_nonneg x))
  have sum := vecSum_mono each
  rw [vecSum_const] at sum
  rw [Rat.mul_assoc]
  exact sum

/-- A matrix that nearly is a left inverse of `X` shows that `X` stretches every vector. -/
theorem normSq_le_of_leftInverse {X : Matrix m n Rat} {Y : Matrix n m Rat} {b e : Rat} (short : ∀ i, normSq (Y i) ≤ b)
    (near : ∀ i, normSq (defect Y X i) ≤ e) (small : 4 * n * e ≤ 1) (d : Vec n Rat) :
    normSq d ≤ 4 * n * b * normSq (X.mulVec d) := by
  have image := normSq_mulVec_le short (X.mulVec d)
  have rest := normSq_mulVec_le near d
  have each : ∀ i, d i * d i ≤ 2 * (Y.mulVec (X.mulVec d) i * Y.mulVec (X.mulVec d) i) +
      2 * ((defect Y X).mulVec d i * (defect Y X).mulVec d i) := fun i => by
    have := add_mul_self_le (Y.mulVec (X.mulVec d) i) ((defect Y X).mulVec d i)
    rw [defect_mulVec] at *
    grind
  have sum := vecSum_mono each
  rw [vecSum_add, vecSum_mul_left, vecSum_mul_left] at sum
  have sum : normSq d ≤ 2 * normSq (Y.mulVec (X.mulVec d)) + 2 * normSq ((defect Y X).mulVec d) := sum
  have half := OrderedRing.mul_le_mul_of_nonneg_right small (normSq_nonneg d)
  grind

/-- Weights whose residual nearly is the one that is orthogonal to the columns are nearly the best ones. -/
theorem leastSquares_le {X : Matrix m n Rat} {y q z : Vec m Rat} {w v : Vec n Rat} {κ ρ γ : Rat}
    (positive : 0 < κ) (stretches : ∀ d, normSq d ≤ κ * normSq (X.mulVec d))
    (residual : ∀ i, X.mulVec w i - y i = q i + z i) (near : normSq z ≤ ρ) (flat : normSq (X.transpose.mulVec q) ≤ γ) :
    leastSquares X y w ≤ leastSquares X y v + (2 * ρ + 2 * κ * γ) := by
  have split : X.mulVec v - y = (X.mulVec w - y) + X.mulVec (v - w) := by
    funext i; show dot (X i) v - y i = dot (X i) w - y i + dot (X i) (v - w); rw [dot_sub]; grind
  have parts : X.mulVec w - y = q + z := funext residual
  obtain ⟨d, hd⟩ : ∃ d, d = v - w := ⟨_, rfl⟩
  obtain ⟨u, hu⟩ : ∃ u, u = X.mulVec d := ⟨_, rfl⟩
  obtain ⟨h, hh⟩ : ∃ h, h = X.transpose.mulVec q := ⟨_, rfl⟩
  have cross : dot (q + z) u = dot h d + dot z u := by
    rw [dot_comm, dot_add, dot_comm u, dot_comm u, hu, dot_mulVec, hh]
  have own : ∀ (c : Rat) {k : Nat} (x : Vec k Rat), normSq (c • x) = c * c * normSq x := fun c _ x => by
    rw [normSq, dot_smul, dot_comm, dot_smul, normSq]; grind
  have first := normSq_nonneg ((2 : Rat) • z + u)
  rw [normSq_add, own, dot_comm, dot_smul, dot_comm] at first
  have second := normSq_nonneg ((2 * κ) • h + d)
  rw [normSq_add, own, dot_comm, dot_smul, dot_comm] at second
  have stretched := stretches d
  rw [← hu] at stretched
  rw [← hh] at flat
  have scaled : 0 ≤ κ * (4 * κ * normSq h + 4 * dot h d + normSq u) := by grind
  have divided : 0 ≤ 4 * κ * normSq h + 4 * dot h d + normSq u := Classical.byContradiction fun less => by
    have := OrderedRing.mul_pos (b := -(4 * κ * normSq h + 4 * dot h d + normSq u)) positive (by grind)
    grind
  have room := OrderedRing.mul_le_mul_of_nonneg_left flat (Std.le_of_lt positive)
  show normSq (X.mulVec w - y) ≤ normSq (X.mulVec v - y) + (2 * ρ + 2 * κ * γ)
  rw [split, normSq_add, parts, ← hd, ← hu, cross]
  grind

end LeanPythonBridge
