module

public import LeanPythonBridge.Certificate.DiagonalShift

/-!
# Decay of a quadratic form along linear dynamics

When `r P - Aᵀ P A` is positive definite, `xᵀ P x` decays along every orbit `xₖ₊₁ = A xₖ` at least by the factor `r`. When
`-(Aᵀ P + P A) - r P` is positive definite, it decays along every solution of `x' = A x` at least like `exp (-r t)`. These
matrices are known by computed products with bounds on their errors.
-/

@[expose] public section

namespace LeanPythonBridge

variable {n : Nat}

/-! ## Steps -/

/-- A form whose entries are small is small. -/
theorem neg_le_quadForm {D : Matrix n n Rat} {e : Rat} (h : ∀ i j, abs (D i j) ≤ e) (x : Vec n Rat) :
    -((vecSum fun _ : Fin n => e) * normSq x) ≤ quadForm D x := by
  have form : quadForm D x = vecSum fun i => vecSum fun j => x i * (D i j * x j) := by
    rw [quadForm, dot]; congr; funext i; rw [Matrix.mulVec, dot, vecSum_mul_left]
  have rows : (vecSum fun i : Fin n => vecSum fun _ : Fin n => e * (x i * x i)) =
      (vecSum fun _ : Fin n => e) * normSq x := by
    simp only [vecSum_mul_right]
    rw [vecSum_mul_left]; rfl
  have columns : (vecSum fun _ : Fin n => vecSum fun j : Fin n => e * (x j * x j)) =
      (vecSum fun _ : Fin n => e) * normSq x := by
    rw [vecSum_comm fun _ j => e * (x j * x j)]; exact rows
  have pointwise : ∀ i j, 0 ≤ e * (x i * x i) + e * (x j * x j) + (x i * (D i j * x j) + x i * (D i j * x j)) := by
    intro i j
    have ⟨low, high⟩ := abs_le_iff.1 (h i j)
    have plus := Rat.mul_nonneg (a := e + D i j) (by grind) (mul_self_nonneg (x i + x j))
    have minus := Rat.mul_nonneg (a := e - D i j) (by grind) (mul_self_nonneg (x i - x j))
    grind
  have sum : 0 ≤ vecSum fun i => vecSum fun j =>
      e * (x i * x i) + e * (x j * x j) + (x i * (D i j * x j) + x i * (D i j * x j)) :=
    vecSum_nonneg fun i => vecSum_nonneg (pointwise i)
  simp only [vecSum_add] at sum
  rw [rows, columns, ← form] at sum
  grind

/-- The form decays, when `r P - Aᵀ P A` is near enough to a matrix `N` whose form is known to be positive. -/
theorem quadForm_mulVec_lt {A P W V N : Matrix n n Rat} {r m e₁ e₂ e₃ g : Rat} (small : ∀ i j, abs (A i j) ≤ m)
    (first : ∀ i j, abs (W i j - P.mul A i j) ≤ e₁) (second : ∀ i j, abs (V i j - A.transpose.mul W i j) ≤ e₂)
    (third : ∀ i j, abs (r * P i j - (V i j + N i j)) ≤ e₃)
    (room : (vecSum fun _ : Fin n => (vecSum fun _ : Fin n => m) * e₁ + e₂ + e₃) ≤ g)
    (below : ∀ x : Vec n Rat, (∃ i, x i ≠ 0) → g * normSq x < quadForm N x) (x : Vec n Rat) (hx : ∃ i, x i ≠ 0) :
    quadForm P (A.mulVec x) < r * quadForm P x := by
  have near : ∀ i j, abs ((r • P - A.transpose.mul (P.mul A) - N) i j) ≤ (vecSum fun _ : Fin n => m) * e₁ + e₂ + e₃ := by
    intro i j
    have difference : dot (A.transpose i) (fun k => W k j - P.mul A k j) =
        A.transpose.mul W i j - A.transpose.mul (P.mul A) i j :=
      dot_sub (A.transpose i) (fun k => W k j) (fun k => P.mul A k j)
    have parts : (r • P - A.transpose.mul (P.mul A) - N) i j = (r * P i j - (V i j + N i j)) +
        (V i j - A.transpose.mul W i j) + dot (A.transpose i) (fun k => W k j - P.mul A k j) := by
      rw [difference]
      show r * P i j - A.transpose.mul (P.mul A) i j - N i j = _
      grind
    have product := abs_dot_le (x := A.transpose i) fun k => first k j
    have column : (vecSum fun k => abs (A.transpose i k)) ≤ vecSum fun _ : Fin n => m := vecSum_mono fun k => small k i
    have nonneg : 0 ≤ e₁ := Rat.le_trans (abs_nonneg _) (first i j)
    have := Rat.mul_le_mul_of_nonneg_right column nonneg
    have sum₁ := abs_add_le ((r * P i j - (V i j + N i j)) + (V i j - A.transpose.mul W i j))
      (dot (A.transpose i) fun k => W k j - P.mul A k j)
    have sum₂ := abs_add_le (r * P i j - (V i j + N i j)) (V i j - A.transpose.mul W i j)
    have := second i j
    have := third i j
    rw [parts]
    grind
  have left := neg_le_quadForm near x
  have positive := below x hx
  rw [quadForm_sub, quadForm_sub, quadForm_smul, quadForm_conjugate] at left
  have := Rat.mul_le_mul_of_nonneg_right room (normSq_nonneg x)
  grind

/-- The form of a matrix at the zero vector. -/
private theorem quadForm_eq_zero (P : Matrix n n Rat) {x : Vec n Rat} (h : ¬∃ i, x i ≠ 0) : quadForm P x = 0 := by
  have zero : x = fun _ => 0 := funext fun i => Classical.byContradiction fun e => h ⟨i, e⟩
  rw [zero, quadForm]
  show vecSum (fun i => (0 : Rat) * _) = 0
  simp only [Rat.zero_mul]
  exact vecSum_zero

/-- What holds of every other vector holds of zero, without strictness. -/
theorem quadForm_mulVec_le {A P : Matrix n n Rat} {r : Rat}
    (h : ∀ x : Vec n Rat, (∃ i, x i ≠ 0) → quadForm P (A.mulVec x) < r * quadForm P x) (x : Vec n Rat) :
    quadForm P (A.mulVec x) ≤ r * quadForm P x := by
  by_cases ne : ∃ i, x i ≠ 0
  · exact Rat.le_of_lt (h x ne)
  · rw [← quadForm_conjugate, quadForm_eq_zero _ ne, quadForm_eq_zero _ ne, Rat.mul_zero]
    exact Rat.le_refl

/-- Along an orbit the form decays by the factor at each step. -/
theorem quadForm_orbit_le {A P : Matrix n n Rat} {r : Rat} (nonneg : 0 ≤ r)
    (h : ∀ x : Vec n Rat, quadForm P (A.mulVec x) ≤ r * quadForm P x) (x : Nat → Vec n Rat)
    (orbit : ∀ k, x (k + 1) = A.mulVec (x k)) (k : Nat) : quadForm P (x k) ≤ r ^ k * quadForm P (x 0) := by
  induction k with
  | zero => rw [Rat.pow_zero, Rat.one_mul]; exact Rat.le_refl
  | succ k ih =>
    have step := h (x k)
    have := Rat.mul_le_mul_of_nonneg_left ih nonneg
    rw [orbit, Rat.pow_succ]
    grind

/-! ## Solutions of a differential equation -/

/-- The form of a sum of matrices. -/
theorem quadForm_add (P Q : Matrix n n Rat) (x : Vec n Rat) : quadForm (P + Q) x = quadForm P x + quadForm Q x := by
  rw [quadForm, quadForm, quadForm, ← dot_add]; congr; funext i
  show dot (P i + Q i) x = dot (P i) x + dot (Q i) x
  rw [dot_comm, dot_add, dot_comm x, dot_comm x]

/-- The form of `Aᵀ P + P A` is twice the bilinear form of `P` at `x` and `A x`. -/
theorem quadForm_lyapunov (A P : Matrix n n Rat) (x : Vec n Rat) :
    quadForm (A.transpose.mul P + P.mul A) x = dot (A.mulVec x) (P.mulVec x) + dot x (P.mulVec (A.mulVec x)) := by
  rw [quadForm_add, quadForm, quadForm, mul_mulVec, mul_mulVec, dot_mulVec]; rfl

/-- The derivative of the form is negative, when `-(Aᵀ P + P A) - r P` is near enough to a matrix `N` whose form is known to
be positive. -/
theorem quadForm_lyapunov_lt {A P W N : Matrix n n Rat} {r e₁ e₂ g : Rat} (symmetric : ∀ i j, P i j = P j i)
    (first : ∀ i j, abs (W i j - P.mul A i j) ≤ e₁)
    (second : ∀ i j, abs (-r * P i j - (W i j + W j i + N i j)) ≤ e₂)
    (room : (vecSum fun _ : Fin n => e₁ + e₁ + e₂) ≤ g)
    (below : ∀ x : Vec n Rat, (∃ i, x i ≠ 0) → g * normSq x < quadForm N x) (x : Vec n Rat) (hx : ∃ i, x i ≠ 0) :
    quadForm (A.transpose.mul P + P.mul A) x < -r * quadForm P x := by
  have mirrored : ∀ i j, A.transpose.mul P i j = P.mul A j i := fun i j => by
    show dot _ _ = dot _ _
    rw [dot_comm]
    congr; funext k
    exact symmetric k j
  have near : ∀ i j, abs (((-r) • P - (A.transpose.mul P + P.mul A) - N) i j) ≤ e₁ + e₁ + e₂ := by
    intro i j
    have parts : ((-r) • P - (A.transpose.mul P + P.mul A) - N) i j =
        (-r * P i j - (W i j + W j i + N i j)) + (W i j - P.mul A i j) + (W j i - P.mul A j i) := by
      show -r * P i j - (A.transpose.mul P i j + P.mul A i j) - N i j = _
      rw [mirrored]
      grind
    have sum₁ := abs_add_le ((-r * P i j - (W i j + W j i + N i j)) + (W i j - P.mul A i j)) (W j i - P.mul A j i)
    have sum₂ := abs_add_le (-r * P i j - (W i j + W j i + N i j)) (W i j - P.mul A i j)
    have := first i j
    have := first j i
    have := second i j
    rw [parts]
    grind
  have left := neg_le_quadForm near x
  have positive := below x hx
  rw [quadForm_sub, quadForm_sub, quadForm_smul] at left
  have := Rat.mul_le_mul_of_nonneg_right room (normSq_nonneg x)
  grind

/-- What holds of every other vector holds of zero, without strictness. -/
theorem quadForm_lyapunov_le {A P : Matrix n n Rat} {r : Rat}
    (h : ∀ x : Vec n Rat, (∃ i, x i ≠ 0) → quadForm (A.transpose.mul P + P.mul A) x < -r * quadForm P x)
    (x : Vec n Rat) : quadForm (A.transpose.mul P + P.mul A) x ≤ -r * quadForm P x := by
  by_cases ne : ∃ i, x i ≠ 0
  · exact Rat.le_of_lt (h x ne)
  · rw [quadForm_eq_zero _ ne, quadForm_eq_zero _ ne, Rat.mul_zero]
    exact Rat.le_refl

/-- Along implicit Euler steps of any length the form decays. -/
theorem quadForm_euler_le {A P : Matrix n n Rat} {r t : Rat} (posDef : PosDef P) (hr : 0 ≤ r) (ht : 0 ≤ t)
    (h : ∀ x : Vec n Rat, quadForm (A.transpose.mul P + P.mul A) x ≤ -r * quadForm P x) (x : Nat → Vec n Rat)
    (step : ∀ k, x (k + 1) - t • A.mulVec (x (k + 1)) = x k) (k : Nat) :
    (1 + t * r) ^ k * quadForm P (x k) ≤ quadForm P (x 0) := by
  have nonneg : ∀ y : Vec n Rat, 0 ≤ quadForm P y := fun y => by
    by_cases ne : ∃ i, y i ≠ 0
    · exact Rat.le_of_lt (posDef y ne)
    · rw [quadForm_eq_zero _ ne]; exact Rat.le_refl
  have once : ∀ y : Vec n Rat, (1 + t * r) * quadForm P y ≤ quadForm P (y - t • A.mulVec y) := fun y => by
    have expanded : quadForm P (y - t • A.mulVec y) =
        quadForm P y - t * quadForm (A.transpose.mul P + P.mul A) y + t * t * quadForm P (A.mulVec y) := by
      rw [quadForm_lyapunov]
      have image : P.mulVec (y - t • A.mulVec y) = P.mulVec y - t • P.mulVec (A.mulVec y) := funext fun i => by
        show dot _ _ = dot _ _ - t * dot _ _
        rw [dot_sub, dot_smul]
      rw [quadForm, image, dot_sub, dot_smul, dot_comm _ (P.mulVec y), dot_sub, dot_smul,
        dot_comm _ (P.mulVec (A.mulVec y)), dot_sub, dot_smul, dot_comm (P.mulVec y), dot_comm (P.mulVec y),
        dot_comm (P.mulVec (A.mulVec y)), dot_comm (P.mulVec (A.mulVec y)), quadForm, quadForm]
      grind
    have := Rat.mul_le_mul_of_nonneg_left (h y) ht
    have := Rat.mul_nonneg (Rat.mul_nonneg ht ht) (nonneg (A.mulVec y))
    rw [expanded]
    grind
  induction k with
  | zero => rw [Rat.pow_zero, Rat.one_mul]; exact Rat.le_refl
  | succ k ih =>
    have growth : 0 ≤ (1 + t * r) ^ k := Rat.pow_nonneg (by have := Rat.mul_nonneg ht hr; grind)
    have := Rat.mul_le_mul_of_nonneg_left (once (x (k + 1))) growth
    rw [step] at this
    rw [Rat.pow_succ]
    grind

end LeanPythonBridge
