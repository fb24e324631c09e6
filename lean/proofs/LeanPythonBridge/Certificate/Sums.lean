module

public import LeanPythonBridge.Certificate.Products

/-!
# Sums over lanes are sums over columns

What the sums of natural numbers in lanes say of sums of integers, and that each column has its lane.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate

/-- The sum of the first `n` integers. -/
def integerSum : (n : Nat) → (Nat → Int) → Int
  | 0, _ => 0
  | n + 1, f => integerSum n f + f n

variable {n : Nat}

theorem integerSum_congr {f g : Nat → Int} (h : ∀ i < n, f i = g i) : integerSum n f = integerSum n g := by
  induction n with
  | zero => rfl
  | succ n ih => rw [integerSum, integerSum, ih fun i hi => h i (by omega), h n (by omega)]

/-- A sum of two parts. -/
theorem integerSum_append (a b : Nat) (f : Nat → Int) :
    integerSum (a + b) f = integerSum a f + integerSum b fun i => f (a + i) := by
  induction b with
  | zero => exact (Int.add_zero _).symm
  | succ b ih => rw [← Nat.add_assoc, integerSum, ih, integerSum, Int.add_assoc]

/-- A sum of natural numbers as one of integers. -/
theorem total_eq_integerSum (f : Nat → Nat) : ((total n f : Nat) : Int) = integerSum n fun i => f i := by
  induction n with
  | zero => rfl
  | succ n ih => rw [total, integerSum, Int.natCast_add, ih]

/-- A sum over indices as the sum of a vector. -/
theorem integerSum_eq_vecSum (f : Nat → Int) : integerSum n f = vecSum fun i : Fin n => f i := by
  induction n with
  | zero => rfl
  | succ n ih => rw [integerSum, vecSum_succ, ih]; rfl

/-- Zeros at the end may be left out. -/
theorem integerSum_of_zero {f : Nat → Int} {k : Nat} (le : k ≤ n) (h : ∀ i, k ≤ i → i < n → f i = 0) :
    integerSum n f = integerSum k f := by
  induction n with
  | zero => rw [Nat.le_zero.1 le]
  | succ n ih =>
    rcases Nat.lt_or_eq_of_le le with lt | rfl
    · rw [integerSum, h n (by omega) (by omega), ih (by omega) fun i hi hn => h i hi (by omega), Int.add_zero]
    · rfl

theorem integerSum_mul (c : Int) (f : Nat → Int) : integerSum n (fun i => f i * c) = integerSum n f * c := by
  induction n with
  | zero => simp [integerSum]
  | succ n ih => simp only [integerSum, ih, Int.add_mul]

/-- A sum of small products is small. -/
theorem natAbs_integerSum_mul_le {f g : Nat → Int} {a b : Nat} (hf : ∀ i < n, (f i).natAbs ≤ a)
    (hg : ∀ i < n, (g i).natAbs ≤ b) : (integerSum n fun i => f i * g i).natAbs ≤ n * (a * b) := by
  induction n with
  | zero => simp [integerSum]
  | succ n ih =>
    have := ih (fun i hi => hf i (by omega)) fun i hi => hg i (by omega)
    have product : (f n * g n).natAbs ≤ a * b := by
      rw [Int.natAbs_mul]; exact Nat.mul_le_mul (hf n (by omega)) (hg n (by omega))
    rw [integerSum, Nat.succ_mul]
    omega

/-- Products of integers with offsets: what their sum exceeds that of the integers' products by. -/
theorem total_offset {x y : Nat → Nat} {s g : Nat → Int} {a b : Nat} (hx : ∀ k < n, (x k : Int) = a + s k)
    (hy : ∀ k < n, (y k : Int) = b + g k) :
    ((total n (fun k => x k * y k) + n * (a * b) : Nat) : Int) =
      integerSum n (fun k => s k * g k) + (a * total n y + b * total n x : Nat) := by
  induction n with
  | zero => simp [total, integerSum]
  | succ n ih =>
    have := ih (fun k hk => hx k (by omega)) fun k hk => hy k (by omega)
    have hx := hx n (by omega)
    have hy := hy n (by omega)
    have e : ((x n * y n + a * b : Nat) : Int) = s n * g n + (a * y n + b * x n : Nat) := by
      simp only [Int.natCast_add, Int.natCast_mul, hx, hy]
      grind
    simp only [total, integerSum, Nat.succ_mul, Nat.mul_add]
    omega

/-! ## Lanes and columns -/

private theorem total_append (a b : Nat) (f : Nat → Nat) :
    total (a + b) f = total a f + total b fun i => f (a + i) := by
  induction b with
  | zero => rfl
  | succ b ih => rw [← Nat.add_assoc, total, ih, total, Nat.add_assoc]

private theorem total_blocks (a b : Nat) (f : Nat → Nat) :
    total (a * b) f = total b fun k => total a fun q => f (a * k + q) := by
  induction b with
  | zero => rfl
  | succ b ih => rw [Nat.mul_succ, total_append, ih, total]

private theorem total_swap (a b : Nat) (f : Nat → Nat → Nat) :
    (total b fun k => total a fun q => f k q) = total a fun q => total b fun k => f k q := by
  induction b with
  | zero => exact ((total_const 0).trans (Nat.mul_zero _)).symm
  | succ b ih => simp only [total, ih]; rw [total_add]

variable {m : Nat}

theorem le_laneCount (hm : 0 < m) (n : Nat) : n ≤ laneCount m n := by
  show n ≤ (n + m - 1) / m * m
  have := Nat.div_add_mod (n + m - 1) m
  have := Nat.mod_lt (n + m - 1) hm
  rw [Nat.mul_comm]
  omega

/-- A sum over lanes is one over columns. -/
theorem total_column (m n : Nat) (f : Nat → Nat) :
    (total (laneCount m n) fun l => f (column m n l)) = total (laneCount m n) f := by
  show total (classSize m n * m) _ = total (classSize m n * m) _
  rw [total_blocks, Nat.mul_comm, total_blocks, total_swap]
  refine total_congr fun q hq => total_congr fun k _ => ?_
  rw [column, Nat.mul_add_mod, Nat.mod_eq_of_lt hq, Nat.mul_add_div (by omega), Nat.div_eq_of_lt hq, Nat.add_zero,
    Nat.mul_comm]

/-- A column has a lane, in which it stands. -/
theorem column_position (hm : 0 < m) {j : Nat} (hj : j < n) :
    position m n j < laneCount m n ∧ column m n (position m n j) = j := by
  have q : j / m < classSize m n := by
    have := le_laneCount hm n
    rw [Nat.div_lt_iff_lt_mul hm]
    exact Nat.lt_of_lt_of_le hj this
  have k := Nat.mod_lt j hm
  have e : position m n j = classSize m n * (j % m) + j / m := by
    rw [Nat.mul_comm]; rfl
  refine ⟨?_, ?_⟩
  · rw [e]
    have := Nat.mul_le_mul_left (classSize m n) (Nat.succ_le_of_lt k)
    rw [Nat.mul_succ] at this
    show _ < classSize m n * m
    omega
  · rw [column, e, Nat.mul_add_mod, Nat.mod_eq_of_lt q, Nat.mul_add_div (Nat.zero_lt_of_lt q), Nat.div_eq_of_lt q, Nat.add_zero,
      Nat.mul_comm, Nat.div_add_mod]

/-- A lane has a column, whose lane it is. -/
theorem position_column {l : Nat} (hl : l < laneCount m n) : position m n (column m n l) = l := by
  have hc : 0 < classSize m n := by
    rcases Nat.eq_zero_or_pos (classSize m n) with h | h
    · have : laneCount m n = classSize m n * m := rfl
      rw [this, h, Nat.zero_mul] at hl; omega
    · exact h
  have k : l / classSize m n < m := by rw [Nat.div_lt_iff_lt_mul hc, Nat.mul_comm]; exact hl
  have e : column m n l = m * (l % classSize m n) + l / classSize m n := by rw [column, Nat.mul_comm]
  show column m n l % m * classSize m n + column m n l / m = l
  rw [e, Nat.mul_add_mod, Nat.mod_eq_of_lt k, Nat.mul_add_div (Nat.zero_lt_of_lt k), Nat.div_eq_of_lt k, Nat.add_zero,
    Nat.mul_comm, Nat.div_add_mod]

/-- A sum over lanes of what is zero behind the last column. -/
theorem total_laneCount {f : Nat → Nat} (hm : 0 < m) (zero : ∀ j, n ≤ j → f j = 0) :
    (total (laneCount m n) fun l => f (column m n l)) = total n f := by
  rw [total_column]
  have more := le_laneCount hm n
  generalize laneCount m n = lanes at more
  induction lanes with
  | zero => rw [Nat.le_zero.1 more]
  | succ lanes ih =>
    rcases Nat.lt_or_eq_of_le more with lt | e
    · rw [total, ih (by omega), zero _ (by omega), Nat.add_zero]
    · rw [← e]

/-- The absolute value of a sum of multiples of `2^k`. -/
theorem natAbs_mul_two_pow (x : Int) (k : Nat) : (x * 2 ^ k).natAbs = x.natAbs * 2 ^ k := by
  rw [Int.natAbs_mul, Int.natAbs_pow]; rfl

theorem two_pow_cast (k : Nat) : ((2 ^ k : Nat) : Int) = (2 : Int) ^ k := by rw [Int.natCast_pow]; rfl

end LeanPythonBridge.Certificate
