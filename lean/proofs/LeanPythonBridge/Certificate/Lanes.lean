module

public import MathDefs

/-!
# Many numbers in one: lanes

`pack w n f` holds the numbers `f 0, …, f (n - 1)` in one, each in a lane of `w` bits, the first one least significant.
An operation on the packed number does the same to all lanes at once, as long as no lane overflows: so the kernel, which
pays for each step and hardly for a number's length, computes with whole rows of a matrix in one step. Sums and multiples
need no bound at all: `pack` is linear.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate

/-- `n` numbers, each in a lane of `w` bits, the first one least significant. -/
def pack (w : Nat) : (n : Nat) → (Nat → Nat) → Nat
  | 0, _ => 0
  | n + 1, f => pack w n f + f n * 2 ^ (w * n)

/-- The sum of the first `n` values. -/
def total : (n : Nat) → (Nat → Nat) → Nat
  | 0, _ => 0
  | n + 1, f => total n f + f n

/-- The number that has 1 in each of `n` lanes. -/
def ones (w n : Nat) : Nat := Nat.div (Nat.sub (Nat.shiftLeft 1 (Nat.mul w n)) 1) (Nat.sub (Nat.shiftLeft 1 w) 1)

/-- The number in a lane. -/
def lane (w p i : Nat) : Nat := Nat.land (Nat.shiftRight p (Nat.mul w i)) (Nat.sub (Nat.shiftLeft 1 w) 1)

/-- The sum of all lanes, when it is less than `2^w - 1`. -/
def laneSum (w p : Nat) : Nat := Nat.mod p (Nat.sub (Nat.shiftLeft 1 w) 1)

variable {w n : Nat} {f g : Nat → Nat}

/-! ## Sums -/

theorem total_congr (h : ∀ i < n, f i = g i) : total n f = total n g := by
  induction n with
  | zero => rfl
  | succ n ih => rw [total, total, ih fun i hi => h i (by omega), h n (by omega)]

theorem total_add : total n (fun i => f i + g i) = total n f + total n g := by
  induction n with
  | zero => rfl
  | succ n ih => simp only [total, ih]; omega

theorem total_mul (c : Nat) : total n (fun i => f i * c) = total n f * c := by
  induction n with
  | zero => simp [total]
  | succ n ih => simp only [total, ih, Nat.add_mul]

theorem total_const (c : Nat) : total n (fun _ => c) = n * c := by
  induction n with
  | zero => simp [total]
  | succ n ih => simp only [total, ih, Nat.succ_mul]

theorem total_le {b : Nat} (h : ∀ i < n, f i ≤ b) : total n f ≤ n * b := by
  induction n with
  | zero => simp [total]
  | succ n ih => have := ih fun i hi => h i (by omega); have := h n (by omega); simp only [total, Nat.succ_mul]; omega

/-! ## Lanes together -/

theorem pack_congr (h : ∀ i < n, f i = g i) : pack w n f = pack w n g := by
  induction n with
  | zero => rfl
  | succ n ih => rw [pack, pack, ih fun i hi => h i (by omega), h n (by omega)]

/-- Lanes are added together. -/
theorem pack_add : pack w n f + pack w n g = pack w n fun i => f i + g i := by
  induction n with
  | zero => rfl
  | succ n ih => simp only [pack, ← ih, Nat.add_mul]; omega

/-- Lanes are multiplied together by one number. -/
theorem pack_mul (c : Nat) : pack w n f * c = pack w n fun i => f i * c := by
  induction n with
  | zero => simp [pack]
  | succ n ih => simp only [pack, ← ih, Nat.add_mul, Nat.mul_right_comm]

/-- Lanes are multiplied together by one number. -/
theorem mul_pack (c : Nat) : c * pack w n f = pack w n fun i => c * f i := by
  simp only [Nat.mul_comm c, pack_mul]

/-- Lanes are subtracted together, when none is less than what is taken away. -/
theorem pack_sub (h : ∀ i < n, g i ≤ f i) : pack w n f - pack w n g = pack w n fun i => f i - g i := by
  have e : pack w n (fun i => f i - g i) + pack w n g = pack w n f := by
    rw [pack_add]; exact pack_congr fun i hi => Nat.sub_add_cancel (h i hi)
  omega

/-- Zeros are zero. -/
theorem pack_zero : pack w n (fun _ => 0) = 0 := by
  induction n with
  | zero => rfl
  | succ n ih => simp [pack, ih]

/-- Lanes beside lanes. -/
theorem pack_append (a b : Nat) :
    pack w (a + b) f = pack w a f + pack w b (fun i => f (a + i)) * 2 ^ (w * a) := by
  induction b with
  | zero => simp [pack]
  | succ b ih =>
    rw [← Nat.add_assoc, pack, ih, pack, Nat.add_mul, Nat.mul_add, Nat.pow_add, Nat.mul_assoc (f (a + b)),
      Nat.mul_comm (2 ^ (w * a)), Nat.add_assoc]

/-- Lanes that do not overflow fill no more than their bits. -/
theorem pack_lt (h : ∀ i < n, f i < 2 ^ w) : pack w n f < 2 ^ (w * n) := by
  induction n with
  | zero => simp [pack]
  | succ n ih =>
    have := ih fun i hi => h i (by omega)
    have := Nat.mul_le_mul_right (2 ^ (w * n)) (Nat.succ_le_of_lt (h n (by omega)))
    rw [pack, Nat.mul_succ, Nat.pow_add, Nat.mul_comm (2 ^ (w * n))]
    rw [Nat.succ_mul] at this
    omega

/-- The bits of lanes. -/
theorem testBit_pack (hw : 0 < w) (h : ∀ i < n, f i < 2 ^ w) (i : Nat) :
    (pack w n f).testBit i = (decide (i < w * n) && (f (i / w)).testBit (i % w)) := by
  induction n with
  | zero => simp [pack]
  | succ n ih =>
    have low := pack_lt (fun i hi => h i (Nat.lt_succ_of_lt hi))
    rw [pack, Nat.add_comm, Nat.mul_comm (f n), Nat.testBit_two_pow_mul_add _ low, ih fun i hi => h i (by omega)]
    split
    · rename_i lt
      rw [decide_eq_true lt, decide_eq_true (by rw [Nat.mul_succ]; omega)]
    · rename_i ge
      by_cases lt : i < w * (n + 1)
      · have div : i / w = n := Nat.div_eq_of_lt_le (by rw [Nat.mul_comm]; omega) (by rw [Nat.mul_comm]; omega)
        have mod : i % w = i - w * n := by rw [← div]; have := Nat.div_add_mod i w; omega
        rw [decide_eq_true lt, div, mod, Bool.true_and]
      · rw [decide_eq_false lt, Bool.false_and]
        refine Nat.testBit_lt_two_pow (Nat.lt_of_lt_of_le (h n (by omega)) (Nat.pow_le_pow_right (by decide) ?_))
        rw [Nat.mul_succ] at lt; omega

/-- Bits of lanes are masked together. -/
theorem pack_land (hw : 0 < w) (hf : ∀ i < n, f i < 2 ^ w) (hg : ∀ i < n, g i < 2 ^ w) :
    pack w n f &&& pack w n g = pack w n fun i => f i &&& g i := by
  refine Nat.eq_of_testBit_eq fun i => ?_
  rw [Nat.testBit_and, testBit_pack hw hf, testBit_pack hw hg,
    testBit_pack hw fun i hi => Nat.and_lt_two_pow _ (hg i hi), Nat.testBit_and]
  cases decide (i < w * n) <;> simp

/-- Lanes are shifted together, when a mask drops what comes from the lane above. -/
theorem pack_shiftRight_land {k : Nat} (hw : 0 < w) (hf : ∀ i < n, f i < 2 ^ w) (hg : ∀ i < n, g i < 2 ^ (w - k)) :
    (pack w n f >>> k) &&& pack w n g = pack w n fun i => (f i >>> k) &&& g i := by
  have hg' : ∀ i < n, g i < 2 ^ w := fun i hi =>
    Nat.lt_of_lt_of_le (hg i hi) (Nat.pow_le_pow_right (by decide) (Nat.sub_le ..))
  refine Nat.eq_of_testBit_eq fun i => ?_
  rw [Nat.testBit_and, Nat.testBit_shiftRight, testBit_pack hw hf, testBit_pack hw hg',
    testBit_pack hw fun i hi => Nat.and_lt_two_pow _ (hg' i hi), Nat.testBit_and, Nat.testBit_shiftRight]
  by_cases lt : i < w * n
  · have lane : i / w < n := by rwa [Nat.div_lt_iff_lt_mul hw, Nat.mul_comm]
    by_cases low : i % w < w - k
    · have e := Nat.div_add_mod i w
      have div : (k + i) / w = i / w :=
        Nat.div_eq_of_lt_le (by rw [Nat.mul_comm]; omega) (by rw [Nat.succ_mul, Nat.mul_comm]; omega)
      have mod : (k + i) % w = k + i % w := by have := Nat.div_add_mod (k + i) w; rw [div] at this; omega
      have inside : k + i < w * n := by
        have := Nat.mul_le_mul_left w (Nat.succ_le_of_lt lane)
        rw [Nat.mul_succ] at this
        omega
      rw [div, mod, decide_eq_true lt, decide_eq_true inside, Bool.true_and, Bool.true_and, Bool.true_and]
    · have := Nat.testBit_lt_two_pow (Nat.lt_of_lt_of_le (hg _ lane)
        (Nat.pow_le_pow_right (by decide) (Nat.le_of_not_lt low)))
      simp [this]
  · simp [lt]

/-! ## Lanes one by one -/

/-- What stands in a lane. -/
theorem lane_pack {i : Nat} (h : ∀ i < n, f i < 2 ^ w) (hi : i < n) : lane w (pack w n f) i = f i := by
  obtain ⟨k, rfl⟩ : ∃ k, n = i + (1 + k) := ⟨n - i - 1, by omega⟩
  show (pack w (i + (1 + k)) f >>> (w * i)) &&& (1 <<< w - 1) = f i
  rw [Nat.one_shiftLeft, Nat.and_two_pow_sub_one_eq_mod, Nat.shiftRight_eq_div_pow, pack_append,
    Nat.add_mul_div_right _ _ (Nat.two_pow_pos _), Nat.div_eq_of_lt (pack_lt fun j hj => h j (by omega)), Nat.zero_add,
    pack_append, Nat.mul_one, Nat.add_mul_mod_self_right]
  simp only [pack, Nat.mul_zero, Nat.pow_zero, Nat.mul_one, Nat.zero_add, Nat.add_zero]
  exact Nat.mod_eq_of_lt (h i hi)

/-- What stands above the lanes. -/
theorem pack_succ_shiftRight (h : ∀ i < n, f i < 2 ^ w) : pack w (n + 1) f >>> (w * n) = f n := by
  rw [Nat.shiftRight_eq_div_pow, pack, Nat.add_mul_div_right _ _ (Nat.two_pow_pos _), Nat.div_eq_of_lt (pack_lt h),
    Nat.zero_add]

/-- `ones` is what its name says. -/
theorem ones_eq (hw : 0 < w) : ones w n = pack w n fun _ => 1 := by
  have pos : 1 < 2 ^ w := Nat.one_lt_two_pow (by omega)
  have e : pack w n (fun _ => 1) * (2 ^ w - 1) + 1 = 2 ^ (w * n) := by
    induction n with
    | zero => simp [pack]
    | succ n ih =>
      rw [pack, Nat.one_mul, Nat.mul_succ, Nat.pow_add, Nat.add_mul]
      obtain ⟨b, hb⟩ : ∃ b, 2 ^ w = b + 1 := ⟨2 ^ w - 1, by omega⟩
      rw [hb, Nat.add_sub_cancel] at ih ⊢
      rw [Nat.mul_succ]
      omega
  show (1 <<< (w * n) - 1) / (1 <<< w - 1) = _
  rw [Nat.one_shiftLeft, Nat.one_shiftLeft, ← e, Nat.add_sub_cancel, Nat.mul_div_cancel _ (by omega)]

/-- One number in every lane. -/
theorem ones_mul (hw : 0 < w) (c : Nat) : ones w n * c = pack w n fun _ => c := by
  rw [ones_eq hw, pack_mul]; exact pack_congr fun _ _ => Nat.one_mul c

/-- Powers of the base leave the remainder 1 when divided by what is 1 less. -/
theorem two_pow_mul_mod (w k : Nat) : 2 ^ (w * k) % (2 ^ w - 1) = 1 % (2 ^ w - 1) := by
  induction k with
  | zero => simp
  | succ k ih =>
    have e : 2 ^ w % (2 ^ w - 1) = 1 % (2 ^ w - 1) := by
      have := Nat.two_pow_pos w
      generalize hb : 2 ^ w - 1 = b
      rw [show 2 ^ w = b + 1 by omega, Nat.add_mod_left]
    rw [Nat.mul_succ, Nat.pow_add, Nat.mul_mod, ih, e, ← Nat.mul_mod, Nat.one_mul]

/-- The lanes are added up by a division: the base leaves the remainder 1. -/
theorem laneSum_pack (h : total n f < 2 ^ w - 1) : laneSum w (pack w n f) = total n f := by
  have step : pack w n f % (2 ^ w - 1) = total n f % (2 ^ w - 1) := by
    clear h
    induction n with
    | zero => rfl
    | succ n ih =>
      rw [pack, total, Nat.add_mod, ih, Nat.mul_mod, two_pow_mul_mod, ← Nat.mul_mod, Nat.mul_one, ← Nat.add_mod]
  show pack w n f % (1 <<< w - 1) = _
  rw [Nat.one_shiftLeft, step, Nat.mod_eq_of_lt h]

/-- Lanes that are zero together are zero each. -/
theorem eq_zero_of_pack (h : pack w n f = 0) : ∀ i < n, f i = 0 := by
  induction n with
  | zero => intro i hi; omega
  | succ n ih =>
    intro i hi
    rw [pack, Nat.add_eq_zero_iff, Nat.mul_eq_zero] at h
    have := Nat.two_pow_pos (w * n)
    rcases Nat.lt_or_eq_of_le (Nat.le_of_lt_succ hi) with lt | rfl
    · exact ih h.1 i lt
    · rcases h.2 with h | h
      · exact h
      · omega

end LeanPythonBridge.Certificate
