module

public import LeanPythonBridge.Certificate.Semidefinite

/-!
# Why the test of positive semidefinite matrices suffices

`check_sound`: what `check` accepts has no negative form. No digit overflows, since `height` has room for every entry of what
is left; so its digits are those entries.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.Semidefinite

/-! ## Soundness -/

variable {w n : Nat} {factors : Factors} {entry : Nat → Nat → Int} {entryBits weightBits rootBits : Nat}

/-- The entries of the certificate's product. -/
def product (factors : Factors) (i j : Nat) : Int :=
  integerSum factors.rank fun k => factors.weight k * factors.root k i * factors.root k j

/-- The entries of what is left. -/
def rest (factors : Factors) (entry : Nat → Nat → Int) (i j : Nat) : Int :=
  factors.denominator * entry i j - product factors i j

private theorem rest_lt (entries : ∀ i j, (entry i j).natAbs ≤ 2 ^ entryBits)
    (weights : ∀ k, (factors.weight k).natAbs ≤ 2 ^ weightBits) (roots : ∀ k i, (factors.root k i).natAbs ≤ 2 ^ rootBits)
    (i j : Nat) : (rest factors entry i j).natAbs < 2 ^ height factors entryBits weightBits rootBits := by
  have bound : (rest factors entry i j).natAbs ≤
      factors.denominator.natAbs * 2 ^ entryBits + factors.rank * 2 ^ (weightBits + 2 * rootBits) := by
    have h₁ : (factors.denominator * entry i j).natAbs ≤ factors.denominator.natAbs * 2 ^ entryBits := by
      rw [Int.natAbs_mul]; exact Nat.mul_le_mul_left _ (entries i j)
    have h₂ : (product factors i j).natAbs ≤ factors.rank * 2 ^ (weightBits + 2 * rootBits) := by
      refine natAbs_integerSum_le fun k _ => ?_
      rw [Int.natAbs_mul, Int.natAbs_mul, Nat.two_mul, ← Nat.add_assoc, Nat.pow_add, Nat.pow_add]
      exact Nat.mul_le_mul (Nat.mul_le_mul (weights k) (roots k i)) (roots k j)
    rw [rest]
    omega
  refine Nat.lt_of_le_of_lt bound ?_
  rw [height, ← Nat.shiftLeft_eq, ← Nat.shiftLeft_eq]
  show _ < 2 ^ (1 + _)
  rw [Nat.add_comm 1]
  exact Nat.lt_log2_self

private theorem isRow_sound {h i : Nat} (hi : i < n) (hw : w = width h n)
    (small : ∀ j, (rest factors entry i j).natAbs < 2 ^ h)
    (row : isRow factors n entry w h (tabulateInt (fun k => packInt w n (factors.root k)) factors.rank 0) i = true) :
    (integerSum n fun j => ((rest factors entry i j).natAbs : Int)) ≤ 2 * rest factors entry i i := by
  have left : Int.add (Int.sub (Int.mul factors.denominator (packInt w n (entry i)))
      (combineInt (fun k => Int.mul (factors.weight k) (factors.root k i))
        (tabulateInt (fun k => packInt w n (factors.root k)) factors.rank 0) 0))
      (Int.ofNat (Nat.mul (ones w n) (Nat.shiftLeft 1 h))) =
      (pack w n (fun j => (rest factors entry i j + (2 ^ h : Nat)).toNat) : Nat) := by
    have hw0 : 0 < w := by rw [hw]; show 0 < h + 3 + n.log2; omega
    rw [combineInt_tabulate, show Nat.mul (ones w n) (Nat.shiftLeft 1 h) = pack w n fun _ => 2 ^ h by
      rw [← ones_mul hw0]; exact congrArg (ones w n * ·) (Nat.one_shiftLeft h)]
    show factors.denominator * packInt w n (entry i) -
      (integerSum factors.rank fun k => factors.weight (0 + k) * factors.root (0 + k) i *
        packInt w n (factors.root (0 + k))) + ((pack w n fun _ => 2 ^ h : Nat) : Int) = _
    simp only [Nat.zero_add]
    rw [packInt_mul, ← packInt_cast, ← packInt_cast]
    simp only [packInt_mul]
    rw [packInt_integerSum, packInt_sub, packInt_add]
    refine packInt_congr fun j _ => ?_
    have := small j
    show rest factors entry i j + (2 ^ h : Nat) = _
    omega
  simp only [isRow, withInt_eq, left] at row
  have row : dominates w n h i (pack w n fun j => (rest factors entry i j + (2 ^ h : Nat)).toNat) = true := row
  have digit : ∀ j < n, (rest factors entry i j + (2 ^ h : Nat)).toNat < 2 ^ (h + 1) := fun j _ => by
    have := small j; rw [Nat.pow_succ]; omega
  have log : n < 2 ^ (n.log2 + 1) := Nat.lt_log2_self
  have wide : 2 ^ w = 2 ^ (h + 1) * 2 ^ (n.log2 + 1) * 2 := by
    rw [← Nat.pow_add, ← Nat.pow_succ, hw]
    congr 1
    show h + 3 + n.log2 = _
    omega
  have room : n * 2 ^ (h + 1) + 1 < 2 ^ w := by
    have := Nat.mul_le_mul_left (2 ^ (h + 1)) (Nat.succ_le_of_lt log)
    have one : 1 ≤ 2 ^ (h + 1) := Nat.one_le_two_pow
    rw [Nat.mul_comm n]
    rw [Nat.mul_succ] at this
    omega
  have narrow : h + 1 ≤ w := by rw [hw]; show h + 1 ≤ h + 3 + n.log2; omega
  rw [dominates, Nat.ble_eq, absoluteSum_pack digit room (by omega),
    lane_pack (fun j hj => Nat.lt_of_lt_of_le (digit j hj) (Nat.pow_le_pow_right (by decide) narrow)) hi] at row
  have row : (total n fun l => ((rest factors entry i l + (2 ^ h : Nat)).toNat - 2 ^ h) +
      (2 ^ h - (rest factors entry i l + (2 ^ h : Nat)).toNat)) + 2 <<< h ≤
      2 * (rest factors entry i i + (2 ^ h : Nat)).toNat := row
  rw [total_congr (g := fun j => (rest factors entry i j).natAbs) fun j _ => by
    have := small j; dsimp only; omega, Nat.shiftLeft_eq] at row
  rw [← total_eq_integerSum]
  have := small i
  omega

section Forms

variable {m : Nat}

private theorem quadForm_add_square (A : Matrix m m Rat) (c : Rat) (u x : Vec m Rat) :
    quadForm (fun i j => A i j + c * u i * u j) x = quadForm A x + c * (dot u x * dot u x) := by
  have row : ∀ i, Matrix.mulVec (fun i j => A i j + c * u i * u j) x i = A.mulVec x i + c * u i * dot u x := fun i => by
    simp only [Matrix.mulVec, dot, ← vecSum_mul_left, ← vecSum_add]
    exact congrArg vecSum (funext fun j => by grind)
  have square : ∀ d, c * (dot u x * d) = vecSum fun i => x i * (c * u i * d) := fun d => by
    rw [show c * (dot u x * d) = c * d * dot u x by grind, dot, ← vecSum_mul_left]
    exact congrArg vecSum (funext fun i => by grind)
  rw [square, quadForm, quadForm, dot, dot, ← vecSum_add]
  refine congrArg vecSum (funext fun i => ?_)
  rw [row]
  grind

private theorem quadForm_product_nonneg (weights : ∀ k < factors.rank, 0 ≤ factors.weight k) (x : Vec m Rat) :
    0 ≤ quadForm (fun i j : Fin m => ((product factors i j : Int) : Rat)) x := by
  unfold product
  generalize factors.rank = rank at *
  induction rank with
  | zero =>
    have zero : quadForm (fun _ _ : Fin m => (0 : Rat)) x = 0 := by
      rw [quadForm, dot]
      show (vecSum fun i => x i * vecSum fun j => (0 : Rat) * x j) = 0
      simp only [Rat.zero_mul, vecSum_zero, Rat.mul_zero]
    rw [show (fun i j : Fin m => ((integerSum 0 fun k => factors.weight k * factors.root k i * factors.root k j : Int) : Rat)) =
      fun _ _ => 0 from rfl, zero]
    exact Rat.le_refl
  | succ rank ih =>
    have step := quadForm_add_square
      (fun i j : Fin m => ((integerSum rank fun k => factors.weight k * factors.root k i * factors.root k j : Int) : Rat))
      (factors.weight rank) (fun i : Fin m => (factors.root rank i : Rat)) x
    have e : (fun i j : Fin m =>
        ((integerSum (rank + 1) fun k => factors.weight k * factors.root k i * factors.root k j : Int) : Rat)) =
        fun i j : Fin m => ((integerSum rank fun k => factors.weight k * factors.root k i * factors.root k j : Int) : Rat) +
          (factors.weight rank : Rat) * (factors.root rank i : Rat) * (factors.root rank j : Rat) := by
      funext i j
      rw [integerSum, Rat.intCast_add, Rat.intCast_mul, Rat.intCast_mul]
    rw [e, step]
    have := ih fun k hk => weights k (by omega)
    have weight : 0 ≤ (factors.weight rank : Rat) := Rat.intCast_nonneg.2 (weights rank (by omega))
    have := Rat.mul_nonneg weight (mul_self_nonneg (dot (fun i : Fin m => (factors.root rank i : Rat)) x))
    grind

end Forms

/-- A symmetric matrix that passes the test is positive semidefinite. -/
theorem check_sound (symmetric : ∀ i < n, ∀ j < n, entry i j = entry j i)
    (entries : ∀ i j, (entry i j).natAbs ≤ 2 ^ entryBits) (weights : ∀ k, (factors.weight k).natAbs ≤ 2 ^ weightBits)
    (roots : ∀ k i, (factors.root k i).natAbs ≤ 2 ^ rootBits)
    (h : check factors n entry entryBits weightBits rootBits = true) (x : Vec n Rat) :
    0 ≤ quadForm (fun i j : Fin n => (entry i j : Rat)) x := by
  simp only [check, checkRows, withValue_eq, Bool.and_eq_true, allBelow_iff, isNonneg_iff] at h
  obtain ⟨⟨positive, nonneg⟩, rows⟩ := h
  have positive : 0 < factors.denominator := by have : 0 ≤ factors.denominator - 1 := positive; omega
  let F : Matrix n n Rat := fun i j => ((rest factors entry i j : Int) : Rat)
  have margin : ∀ i, 0 ≤ rowMargin F i := fun i => by
    have row := isRow_sound i.isLt rfl (rest_lt entries weights roots i) (rows i i.isLt)
    have e : rowMargin F i = vecSum fun j : Fin n =>
        (if j = i then 2 * F i i else 0) - ((rest factors entry i j).natAbs : Int) := by
      refine congrArg vecSum (funext fun j => ?_)
      have magnitude : abs (F i j) = (((rest factors entry i j).natAbs : Int) : Rat) := by
        show abs (((rest factors entry i j : Int)) : Rat) = _
        rcases Int.natAbs_eq (rest factors entry i j) with h | h
        · have : 0 ≤ ((rest factors entry i j : Int) : Rat) := Rat.intCast_nonneg.2 (by omega)
          rw [abs, if_pos this]; exact congrArg _ h
        · by_cases zero : 0 ≤ ((rest factors entry i j : Int) : Rat)
          · have := Rat.intCast_nonneg.1 zero
            rw [abs, if_pos zero]; exact congrArg _ (by omega)
          · rw [abs, if_neg zero, ← Rat.intCast_neg]; exact congrArg _ (by omega)
      have diagonal : 0 ≤ rest factors entry i i := by
        have : 0 ≤ integerSum n fun j => ((rest factors entry i j).natAbs : Int) := by
          rw [← total_eq_integerSum]; exact Int.natCast_nonneg _
        omega
      by_cases same : i = j
      · rw [if_pos same, if_pos same.symm, ← same, Int.natAbs_of_nonneg diagonal]
        show F i i = 2 * F i i - F i i
        grind
      · rw [if_neg same, if_neg (Ne.symm same), magnitude]
        grind
    rw [e, vecSum_sub, vecSum_single, vecSum_cast fun j => ((rest factors entry i j).natAbs : Int)]
    have := Rat.intCast_le_intCast.2 row
    rw [Rat.intCast_mul] at this
    show 0 ≤ 2 * F i i - _
    have two : ((2 : Int) : Rat) = 2 := rfl
    rw [two] at this
    show 0 ≤ 2 * ((rest factors entry i i : Int) : Rat) - _
    grind
  have F_symm : ∀ i j, F i j = F j i := fun i j => by
    show ((rest factors entry i j : Int) : Rat) = ((rest factors entry j i : Int) : Rat)
    rw [rest, rest, symmetric i i.isLt j j.isLt, product, product]
    congr 3
    funext k
    rw [Int.mul_assoc, Int.mul_comm (factors.root k i), ← Int.mul_assoc]
  have left := quadForm_nonneg_of_rowMargin F_symm margin x
  have squares := quadForm_product_nonneg nonneg x
  let M : Matrix n n Rat := fun i j => (entry i j : Rat)
  let P : Matrix n n Rat := fun i j => ((product factors i j : Int) : Rat)
  have split : F = (factors.denominator : Rat) • M - P := by
    funext i j
    show ((rest factors entry i j : Int) : Rat) = (factors.denominator : Rat) * (entry i j : Rat) - _
    rw [rest, Rat.intCast_sub, Rat.intCast_mul]
  rw [split, quadForm_sub, quadForm_smul] at left
  have positive : (0 : Rat) < factors.denominator := by
    have : ((0 : Int) : Rat) < (factors.denominator : Rat) := Rat.intCast_lt_intCast.2 positive
    exact this
  show 0 ≤ quadForm M x
  have squares : 0 ≤ quadForm P x := squares
  refine Rat.not_lt.1 fun negative => ?_
  have := Rat.mul_lt_mul_of_pos_left negative positive
  grind

/-! ## Sizes of what certificates hold -/

theorem natAbs_integerAt_le (words x i : Nat) : (integerAt words x i).natAbs ≤ 2 ^ (64 * words) := by
  have lt : x / 2 ^ (64 * words * i) % 2 ^ (64 * words) < 2 ^ (64 * words) := Nat.mod_lt _ (Nat.two_pow_pos _)
  rw [integerAt, withValue_eq, show cut (Nat.mul 64 words) x i = x / 2 ^ (64 * words * i) % 2 ^ (64 * words) from cut_eq ..]
  generalize x / 2 ^ (64 * words * i) % 2 ^ (64 * words) = v at *
  cases Nat.ble (Nat.shiftLeft 1 (Nat.sub (Nat.mul 64 words) 1)) v
  · exact Nat.le_of_lt lt
  · show 1 <<< (64 * words) - 1 - v + 1 ≤ _
    rw [Nat.one_shiftLeft]
    omega

end LeanPythonBridge.Certificate.Semidefinite
