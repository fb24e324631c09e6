module

public import LeanPythonBridge.Certificate.Network
public import LeanPythonBridge.Certificate.Units

/-!
# The order of doubles, all at once

Each double of a frame has a key, a number of 64 bits: keys are in order as the values are, and −0.0 and 0.0 have the
same one. Neighbours are compared by one subtraction of the whole frames: where a key is less than its predecessor, the
subtraction borrows from the word above, and that is seen in the lowest bit of it.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.Order

open Float64

/-! ## Keys -/

/-- The key of a double: `2^63` and its magnitude, or less its magnitude when it is negative. -/
def key (bits : Nat) : Nat := if isNegative bits then 2 ^ 63 - magnitude bits else 2 ^ 63 + magnitude bits

/-- The keys of all doubles in a frame. -/
def keys (unit x : Nat) : Nat := signed unit 0xffffffffffffffff 0x8000000000000000 x (magnitudes unit x)

/-- Keys are in order as the values are. -/
theorem scaled_le_of_key_le {a b : Nat} (h : key a ≤ key b) : scaled a ≤ scaled b := by
  have ha : magnitude a < 2 ^ 63 := Nat.mod_lt _ (by decide)
  have hb : magnitude b < 2 ^ 63 := Nat.mod_lt _ (by decide)
  simp only [key] at h
  simp only [scaled, scaledAbs]
  have zero := scaledMagnitude_zero
  have le := fun h => scaledMagnitude_le (a := magnitude a) (b := magnitude b) h
  have ge := fun h => scaledMagnitude_le (a := magnitude b) (b := magnitude a) h
  split at h <;> split at h <;> simp only [*, if_true, if_false, Bool.false_eq_true]
  · have := ge (by omega); omega
  · omega
  · have ea : magnitude a = 0 := by omega
    have eb : magnitude b = 0 := by omega
    rw [ea, eb, zero]
    decide
  · have := le (by omega); omega

theorem key_lt (bits : Nat) : key bits < 2 ^ 64 := by
  have : magnitude bits < 2 ^ 63 := Nat.mod_lt _ (by decide)
  rw [key]; split <;> omega

/-- The words of a frame. -/
theorem eq_pack {n x : Nat} (h : x < 2 ^ (64 * n)) : x = pack 64 n (element x) := by
  refine Nat.eq_of_testBit_eq fun i => ?_
  rw [testBit_pack (by decide) fun _ _ => element_lt .., testBit_element, decide_eq_true (Nat.mod_lt i (by decide)),
    Nat.div_add_mod, Bool.true_and]
  by_cases lt : i < 64 * n
  · simp [lt]
  · rw [Nat.testBit_lt_two_pow (Nat.lt_of_lt_of_le h (Nat.pow_le_pow_right (by decide) (by omega)))]
    simp [lt]

/-- The keys in lanes are those of each double. -/
theorem keys_eq {n x : Nat} (h : x < 2 ^ (64 * n)) : keys (ones 64 n) x = pack 64 n fun i => key (element x i) := by
  have magnitudes : x &&& (ones 64 n * 0x7fffffffffffffff) = pack 64 n fun i => magnitude (element x i) := by
    rw [ones_mul (by decide), land_pack_words x fun _ _ => by decide]
    exact pack_congr fun i _ => Nat.and_two_pow_sub_one_eq_mod _ 63
  have small : ∀ i, magnitude (element x i) < 2 ^ 63 := fun i => Nat.mod_lt _ (by decide)
  have signs : (x >>> 63) &&& ones 64 n = pack 64 n fun i => element x i / 2 ^ 63 % 2 := by
    conv => lhs; lhs; lhs; rw [eq_pack h]
    rw [ones_eq (by decide), pack_shiftRight_land (by decide) (fun _ _ => element_lt ..) fun _ _ => by decide]
    exact pack_congr fun i _ => by rw [and_one, Nat.shiftRight_eq_div_pow]
  show (x &&& (ones 64 n * 0x7fffffffffffffff)) + ones 64 n * 0x8000000000000000 -
    2 * ((x &&& (ones 64 n * 0x7fffffffffffffff)) &&& (((x >>> 63) &&& ones 64 n) * 0xffffffffffffffff)) = _
  have land : ∀ i, (magnitude (element x i) &&& (element x i / 2 ^ 63 % 2 * 0xffffffffffffffff)) =
      element x i / 2 ^ 63 % 2 * magnitude (element x i) := fun i =>
    land_bit _ _ 64 (by have := small i; omega) (by omega)
  rw [magnitudes, signs, ones_mul (by decide), pack_mul,
    pack_land (by decide) (fun i _ => by have := small i; omega) (fun i _ => by omega), mul_pack, pack_add,
    pack_sub fun i _ => ?_]
  · refine pack_congr fun i _ => ?_
    have := element_lt x i
    have := small i
    rw [land, key]
    simp only [isNegative, signBit, decide_eq_true_eq]
    split
    · rw [show element x i / 2 ^ 63 % 2 = 1 by omega]; omega
    · rw [show element x i / 2 ^ 63 % 2 = 0 by omega]; omega
  · have := small i
    rw [land]
    rcases Nat.mod_two_eq_zero_or_one (element x i / 2 ^ 63) with e | e <;> rw [e] <;> omega

/-! ## Comparing -/

/-- The test that no word of `a` is greater than the same word of `b`; `n` words. -/
def allLe (n a b : Nat) : Bool :=
  Nat.ble a b && Nat.beq (Nat.land (Nat.xor (Nat.xor (Nat.sub b a) a) b) (ones 64 n)) 0

private theorem parity {n i x d P : Nat} (hP : P = 2 ^ (64 * n)) (hi : i < n) :
    (x + d * P) / 2 ^ (64 * i) % 2 = x / 2 ^ (64 * i) % 2 := by
  obtain ⟨k, hk⟩ : ∃ k, 64 * n = 64 * i + (k + 1) := ⟨64 * n - 64 * i - 1, by omega⟩
  rw [hP, hk, Nat.pow_add, ← Nat.mul_assoc, Nat.mul_right_comm, Nat.add_mul_div_right _ _ (Nat.two_pow_pos _), Nat.pow_succ,
    ← Nat.mul_assoc]
  omega

private theorem le_of_bits {n : Nat} {f g : Nat → Nat} (hf : ∀ i < n, f i < 2 ^ 64) (hg : ∀ i < n, g i < 2 ^ 64)
    (le : pack 64 n f ≤ pack 64 n g)
    (bits : ∀ i < n, ((pack 64 n g - pack 64 n f) / 2 ^ (64 * i) + pack 64 n f / 2 ^ (64 * i) +
      pack 64 n g / 2 ^ (64 * i)) % 2 = 0) : ∀ i < n, f i ≤ g i := by
  induction n with
  | zero => intro i hi; omega
  | succ n ih =>
    have lowf := pack_lt fun i hi => hf i (Nat.lt_succ_of_lt hi)
    have lowg := pack_lt fun i hi => hg i (Nat.lt_succ_of_lt hi)
    have top := bits n (by omega)
    have rest := fun i (hi : i < n) => bits i (by omega)
    have below := ih (fun i hi => hf i (by omega)) fun i hi => hg i (by omega)
    clear ih bits
    simp only [pack] at le top rest
    generalize pack 64 n f = F at *
    generalize pack 64 n g = G at *
    have pos := Nat.two_pow_pos (64 * n)
    obtain ⟨P, hP⟩ : ∃ P, P = 2 ^ (64 * n) := ⟨_, rfl⟩
    rw [← hP] at lowf lowg pos
    simp only [← hP] at le top rest
    have order : f n ≤ g n := by
      refine Nat.le_of_lt_succ (Nat.lt_of_mul_lt_mul_right (a := P) ?_)
      rw [Nat.succ_mul]
      omega
    obtain ⟨d, hd⟩ : ∃ d, g n = f n + d := ⟨g n - f n, by omega⟩
    by_cases carry : F ≤ G
    · have e : G + g n * P - (F + f n * P) = (G - F) + d * P := by
        rw [hd, Nat.add_mul]; omega
      simp only [e] at rest
      have lower := below carry fun i hi => by
        have := rest i hi
        have h₁ := parity (x := G - F) (d := d) hP hi
        have h₂ := parity (x := F) (d := f n) hP hi
        have h₃ := parity (x := G) (d := g n) hP hi
        omega
      intro i hi
      rcases Nat.lt_or_eq_of_le (Nat.le_of_lt_succ hi) with lt | rfl
      · exact lower i lt
      · exact order
    · exfalso
      rw [Nat.add_mul_div_right _ _ pos, Nat.add_mul_div_right _ _ pos, Nat.div_eq_of_lt lowf, Nat.div_eq_of_lt lowg] at top
      rcases Nat.eq_zero_or_pos d with rfl | hd'
      · rw [hd, Nat.add_zero] at le; omega
      · obtain ⟨k, rfl⟩ : ∃ k, d = k + 1 := ⟨d - 1, by omega⟩
        have e : G + g n * P - (F + f n * P) = (P + G - F) + k * P := by
          rw [hd, Nat.add_mul, Nat.succ_mul]; omega
        rw [e, Nat.add_mul_div_right _ _ pos, Nat.div_eq_of_lt (by omega)] at top
        omega

/-- What `allLe` tests. -/
theorem le_of_allLe {n : Nat} {f g : Nat → Nat} (hf : ∀ i < n, f i < 2 ^ 64) (hg : ∀ i < n, g i < 2 ^ 64)
    (h : allLe n (pack 64 n f) (pack 64 n g) = true) : ∀ i < n, f i ≤ g i := by
  simp only [allLe, Bool.and_eq_true, Nat.ble_eq, Nat.beq_eq] at h
  obtain ⟨le, borrows⟩ := h
  refine le_of_bits hf hg le fun i hi => ?_
  have bit := congrArg (Nat.testBit · (64 * i)) (show ((pack 64 n g - pack 64 n f) ^^^ pack 64 n f ^^^ pack 64 n g) &&&
    ones 64 n = 0 from borrows)
  simp only [Nat.testBit_and, Nat.testBit_xor, Nat.zero_testBit] at bit
  have one : (pack 64 n fun _ => 1).testBit (64 * i) = true := by
    rw [testBit_pack (by decide) fun _ _ => by decide, decide_eq_true (show 64 * i < 64 * n by omega), Nat.mul_mod_right]
    rfl
  rw [ones_eq (by decide), one] at bit
  simp only [Nat.testBit_eq_decide_div_mod_eq, Bool.and_true] at bit
  generalize (pack 64 n g - pack 64 n f) / 2 ^ (64 * i) = a at *
  generalize pack 64 n f / 2 ^ (64 * i) = b at *
  generalize pack 64 n g / 2 ^ (64 * i) = c at *
  rcases Nat.mod_two_eq_zero_or_one a with ha | ha <;> rcases Nat.mod_two_eq_zero_or_one b with hb | hb <;>
    rcases Nat.mod_two_eq_zero_or_one c with hc | hc <;> simp [ha, hb, hc] at bit <;> omega

/-! ## Frames in order -/

/-- The test that all doubles of a frame are finite. -/
def finite (n x : Nat) : Bool := (Range.mk 0 2047).checkFrame n x

theorem finite_sound {n x : Nat} (h : finite n x = true) : ∀ i < n, isFinite (element x i) = true := fun i hi =>
  Range.isFinite_of_holds (Range.checkFrame_holds h).1 ((Range.checkFrame_holds h).2 i hi)

private theorem pack_mod {n k : Nat} {f : Nat → Nat} (hf : ∀ i < n, f i < 2 ^ 64) (h : k ≤ n) :
    pack 64 n f % (1 <<< (64 * k)) = pack 64 k f := by
  obtain ⟨m, rfl⟩ : ∃ m, n = k + m := ⟨n - k, by omega⟩
  rw [Nat.one_shiftLeft, pack_append, Nat.add_mul_mod_self_right, Nat.mod_eq_of_lt (pack_lt fun i hi => hf i (by omega))]

/-- What stands above the lowest words. -/
theorem pack_shiftRight {n k : Nat} {f : Nat → Nat} (hf : ∀ i < n, f i < 2 ^ 64) (h : k ≤ n) :
    pack 64 n f >>> (64 * k) = pack 64 (n - k) fun i => f (k + i) := by
  obtain ⟨m, rfl⟩ : ∃ m, n = k + m := ⟨n - k, by omega⟩
  rw [Nat.shiftRight_eq_div_pow, pack_append, Nat.add_mul_div_right _ _ (Nat.two_pow_pos _),
    Nat.div_eq_of_lt (pack_lt fun i hi => hf i (by omega)), Nat.zero_add, Nat.add_sub_cancel_left]

/-- The keys of all words but the last of the first `n`. -/
def before (n keys : Nat) : Nat := Nat.mod keys (Nat.shiftLeft 1 (Nat.mul 64 (Nat.sub n 1)))

/-- The keys of all words but the first of the first `n`. -/
def after (n keys : Nat) : Nat := before n (Nat.shiftRight keys 64)

private theorem before_eq {m n : Nat} {f : Nat → Nat} (hf : ∀ i < m, f i < 2 ^ 64) (h : n ≤ m) :
    before n (pack 64 m f) = pack 64 (n - 1) f := by
  show _ % (1 <<< (64 * (n - 1))) = _
  exact pack_mod hf (by omega)

private theorem after_eq {m n : Nat} {f : Nat → Nat} (hf : ∀ i < m, f i < 2 ^ 64) (h : n ≤ m) (pos : 0 < n) :
    after n (pack 64 m f) = pack 64 (n - 1) fun i => f (1 + i) := by
  show before n (pack 64 m f >>> (64 * 1)) = _
  rw [pack_shiftRight hf (by omega)]
  show _ % (1 <<< (64 * (n - 1))) = _
  exact pack_mod (fun i hi => hf _ (by omega)) (by omega)

/-- The test that no key of the first `n` is less than the one before it. -/
def ascending (n keys : Nat) : Bool := allLe (Nat.sub n 1) (before n keys) (after n keys)

/-- The test that no key of the first `n` is greater than the one before it. -/
def descending (n keys : Nat) : Bool := allLe (Nat.sub n 1) (after n keys) (before n keys)

private theorem le_of_steps {n : Nat} {r : Nat → Nat → Prop} (refl : ∀ i, r i i)
    (trans : ∀ i j k, r i j → r j k → r i k) (step : ∀ i < n - 1, r i (1 + i)) : ∀ i j, i ≤ j → j < n → r i j := by
  intro i j le lt
  induction j with
  | zero => rw [Nat.le_zero.1 le]; exact refl 0
  | succ j ih =>
    rcases Nat.lt_or_eq_of_le le with below | rfl
    · have := step j (by omega)
      rw [Nat.add_comm] at this
      exact trans _ _ _ (ih (by omega) (by omega)) this
    · exact refl _

theorem le_of_ascending {m n : Nat} {f : Nat → Nat} (hf : ∀ i < m, f i < 2 ^ 64) (hn : n ≤ m)
    (h : ascending n (pack 64 m f) = true) : ∀ i j, i ≤ j → j < n → f i ≤ f j := by
  rcases Nat.eq_zero_or_pos n with rfl | pos
  · intro i j _ lt; omega
  · rw [ascending, before_eq hf hn, after_eq hf hn pos] at h
    exact le_of_steps (r := fun i j => f i ≤ f j) (fun _ => Nat.le_refl _) (fun _ _ _ => Nat.le_trans)
      (le_of_allLe (fun i hi => hf i (by omega)) (fun i hi => hf _ (by omega)) h)

theorem le_of_descending {m n : Nat} {f : Nat → Nat} (hf : ∀ i < m, f i < 2 ^ 64) (hn : n ≤ m)
    (h : descending n (pack 64 m f) = true) : ∀ i j, i ≤ j → j < n → f j ≤ f i := by
  rcases Nat.eq_zero_or_pos n with rfl | pos
  · intro i j _ lt; omega
  · rw [descending, before_eq hf hn, after_eq hf hn pos] at h
    exact le_of_steps (r := fun i j => f j ≤ f i) (fun _ => Nat.le_refl _) (fun _ _ _ h g => Nat.le_trans g h)
      (le_of_allLe (fun i hi => hf _ (by omega)) (fun i hi => hf i (by omega)) h)

/-- Values are in order as the keys are. -/
theorem toRat_le_of_key_le {a b : Nat} (h : key a ≤ key b) : toRat a ≤ toRat b := by
  rw [toRat_eq_ofScaled, toRat_eq_ofScaled, ofScaled_le]
  exact scaled_le_of_key_le h

end LeanPythonBridge.Certificate.Order
