module

public import LeanPythonBridge.Float64.Basic

/-!
# The order of doubles and their roundings

Magnitudes are ordered as their values, `nearestMagnitude` rounds to nearest with ties to even, and `isLeastAbove` and
`isNearest` test what their names say: here of values as integers, in `Float64.Rational` of the rational values.
-/

@[expose] public section

namespace LeanPythonBridge.Float64

/-! ## Magnitudes -/

/-- A magnitude put together from a count of units `2^s` and `s`, as rounding does. The count may reach `2^53`: it
carries into the exponent. -/
theorem scaledMagnitude_add {s q : Nat} (h : q ≤ 2 ^ 53) (hs : s = 0 ∨ 2 ^ 52 ≤ q) :
    scaledMagnitude (s * 2 ^ 52 + q) = q * 2 ^ s := by
  unfold scaledMagnitude
  by_cases h₁ : q < 2 ^ 52
  · obtain rfl : s = 0 := by omega
    simp [h₁]
  by_cases h₂ : q < 2 ^ 53
  · have e : (s * 2 ^ 52 + q) / 2 ^ 52 = s + 1 := by omega
    have f : 2 ^ 52 + (s * 2 ^ 52 + q) % 2 ^ 52 = q := by omega
    rw [if_neg (by omega), e, f, Nat.add_sub_cancel]
  · obtain rfl : q = 2 ^ 53 := by omega
    have e : (s * 2 ^ 52 + 2 ^ 53) / 2 ^ 52 - 1 = s + 1 := by omega
    have f : (s * 2 ^ 52 + 2 ^ 53) % 2 ^ 52 = 0 := by omega
    rw [if_neg (by omega), e, f, Nat.pow_succ]
    omega

/-- The next magnitude has a greater value. -/
theorem scaledMagnitude_lt_succ (m : Nat) : scaledMagnitude m < scaledMagnitude (m + 1) := by
  by_cases h : m < 2 ^ 52
  · rw [← Nat.zero_add m, ← Nat.zero_mul (2 ^ 52), Nat.add_assoc, scaledMagnitude_add (by omega) (by simp),
      scaledMagnitude_add (by omega) (by simp)]
    omega
  · obtain ⟨s, q, rfl, h₁, h₂⟩ : ∃ s q, m = s * 2 ^ 52 + q ∧ 2 ^ 52 ≤ q ∧ q < 2 ^ 53 :=
      ⟨m / 2 ^ 52 - 1, 2 ^ 52 + m % 2 ^ 52, by omega, by omega, by omega⟩
    rw [Nat.add_assoc, scaledMagnitude_add (by omega) (by simp [h₁]),
      scaledMagnitude_add (by omega) (by right; omega)]
    exact Nat.mul_lt_mul_of_pos_right (by omega) (Nat.two_pow_pos s)

/-- Greater magnitudes have greater values. -/
theorem scaledMagnitude_lt {a b : Nat} (h : a < b) : scaledMagnitude a < scaledMagnitude b := by
  induction b with
  | zero => omega
  | succ b ih =>
    have := scaledMagnitude_lt_succ b
    rcases Nat.lt_or_eq_of_le (Nat.le_of_lt_succ h) with h | rfl
    · have := ih h; omega
    · exact this

/-- Magnitudes are ordered as their values. -/
theorem scaledMagnitude_le {a b : Nat} (h : a ≤ b) : scaledMagnitude a ≤ scaledMagnitude b := by
  rcases Nat.lt_or_eq_of_le h with h | rfl
  · exact Nat.le_of_lt (scaledMagnitude_lt h)
  · exact Nat.le_refl _

/-- Zero has the value zero. -/
theorem scaledMagnitude_zero : scaledMagnitude 0 = 0 := by simp [scaledMagnitude]

/-- A magnitude with the value zero is zero. -/
theorem scaledMagnitude_eq_zero_iff {m : Nat} : scaledMagnitude m = 0 ↔ m = 0 := by
  constructor
  · intro h
    rcases Nat.eq_zero_or_pos m with h₀ | h₀
    · exact h₀
    · have := scaledMagnitude_lt h₀; omega
  · rintro rfl; exact scaledMagnitude_zero

/-! ## Rounding to nearest -/

/-- What makes `m` the nearest magnitude to `n / d`: its distance to `m` is at most half the gap on either side, and
less than half when `m` is odd. -/
structure IsNearestMagnitude (m n d : Nat) : Prop where
  /-- At least half way up from the magnitude before. -/
  below : 0 < m → (scaledMagnitude (m - 1) + scaledMagnitude m) * d ≤ 2 * n
  /-- More than half way up when `m` is odd. -/
  below_odd : m % 2 = 1 → (scaledMagnitude (m - 1) + scaledMagnitude m) * d < 2 * n
  /-- At most half way up to the magnitude after. -/
  above : 2 * n ≤ (scaledMagnitude m + scaledMagnitude (m + 1)) * d
  /-- Less than half way up when `m` is odd. -/
  above_odd : m % 2 = 1 → 2 * n < (scaledMagnitude m + scaledMagnitude (m + 1)) * d

/-- Rounding takes a quotient apart into a count of at most 53 bits and a power of two. -/
private theorem nearestMagnitude_parts (n : Nat) {d : Nat} (hd : 0 < d) :
    ∃ s q r, n = q * (d * 2 ^ s) + r ∧ r < d * 2 ^ s ∧ q < 2 ^ 53 ∧ (s = 0 ∨ 2 ^ 52 ≤ q) ∧
      nearestMagnitude n d = s * 2 ^ 52 + q +
        (if 2 * r < d * 2 ^ s then 0 else if d * 2 ^ s < 2 * r then 1 else q % 2) := by
  refine ⟨(n / d).log2 - 52, n / (d * 2 ^ ((n / d).log2 - 52)), n % (d * 2 ^ ((n / d).log2 - 52)),
    (Nat.div_add_mod' ..).symm, Nat.mod_lt _ (Nat.mul_pos hd (Nat.two_pow_pos _)), ?_, ?_, rfl⟩
  · rw [← Nat.div_div_eq_div_mul, Nat.div_lt_iff_lt_mul (Nat.two_pow_pos _), ← Nat.pow_add]
    exact Nat.lt_of_lt_of_le Nat.lt_log2_self (Nat.pow_le_pow_right (by decide) (by omega))
  · by_cases h : (n / d).log2 ≤ 52
    · left; omega
    · right
      rw [← Nat.div_div_eq_div_mul, Nat.le_div_iff_mul_le (Nat.two_pow_pos _), ← Nat.pow_add,
        Nat.add_sub_cancel' (by omega)]
      exact Nat.log2_self_le (fun h₀ => h (by simp [h₀]))

/-- `nearestMagnitude` rounds to nearest, ties to even. -/
theorem isNearestMagnitude_nearestMagnitude (n : Nat) {d : Nat} (hd : 0 < d) :
    IsNearestMagnitude (nearestMagnitude n d) n d := by
  obtain ⟨s, q, r, hn, hr, hq, hs, e⟩ := nearestMagnitude_parts n hd
  have e₀ := scaledMagnitude_add (Nat.le_of_lt hq) hs
  have e₁ : scaledMagnitude (s * 2 ^ 52 + q + 1) = (q + 1) * 2 ^ s := by
    rw [Nat.add_assoc, scaledMagnitude_add hq (by omega)]
  have u₀ : (q * 2 ^ s) * d = q * (d * 2 ^ s) := by grind
  have u₁ : ((q + 1) * 2 ^ s) * d = q * (d * 2 ^ s) + d * 2 ^ s := by grind
  have lt := fun {a b} (h : a < b) => Nat.mul_lt_mul_of_pos_right (scaledMagnitude_lt h) hd
  generalize d * 2 ^ s = unit at *
  generalize hm : s * 2 ^ 52 + q = m at *
  have up : nearestMagnitude n d = m ∧ 2 * r ≤ unit ∧ (m % 2 = 1 → 2 * r < unit) ∨
      nearestMagnitude n d = m + 1 ∧ unit ≤ 2 * r ∧ (m % 2 = 0 → unit < 2 * r) := by
    rw [e]; split
    · left; omega
    · split
      · right; omega
      · omega
  rcases up with ⟨h, h₁, h₂⟩ | ⟨h, h₁, h₂⟩ <;> rw [h]
  · have a := lt (Nat.lt_succ_self m)
    have b : 0 < m → _ := fun h₀ => lt (show m - 1 < m by omega)
    constructor <;> intros <;> simp only [Nat.add_mul, e₀, e₁, u₀] at * <;> first | omega | grind
  · have a := lt (Nat.lt_succ_self (m + 1))
    constructor <;> intros <;> simp only [Nat.add_mul, Nat.add_sub_cancel, e₀, e₁, u₀] at * <;>
      first | omega | grind

/-- The number is at least half way up from every lesser magnitude, and more when the nearest one is odd. -/
theorem IsNearestMagnitude.below_of_lt {m n d c : Nat} (h : IsNearestMagnitude m n d) (hc : c < m) :
    (scaledMagnitude c + scaledMagnitude m) * d ≤ 2 * n ∧
      (m % 2 = 1 → (scaledMagnitude c + scaledMagnitude m) * d < 2 * n) := by
  have le : (scaledMagnitude c + scaledMagnitude m) * d ≤ (scaledMagnitude (m - 1) + scaledMagnitude m) * d :=
    Nat.mul_le_mul_right d (Nat.add_le_add_right (scaledMagnitude_le (Nat.le_sub_one_of_lt hc)) _)
  exact ⟨Nat.le_trans le (h.below (Nat.zero_lt_of_lt hc)), fun odd => Nat.lt_of_le_of_lt le (h.below_odd odd)⟩

/-- The number is at most half way up to every greater magnitude, and less when the nearest one is odd. -/
theorem IsNearestMagnitude.above_of_lt {m n d c : Nat} (h : IsNearestMagnitude m n d) (hc : m < c) :
    2 * n ≤ (scaledMagnitude m + scaledMagnitude c) * d ∧
      (m % 2 = 1 → 2 * n < (scaledMagnitude m + scaledMagnitude c) * d) := by
  have le : (scaledMagnitude m + scaledMagnitude (m + 1)) * d ≤ (scaledMagnitude m + scaledMagnitude c) * d :=
    Nat.mul_le_mul_right d (Nat.add_le_add_left (scaledMagnitude_le hc) _)
  exact ⟨Nat.le_trans h.above le, fun odd => Nat.lt_of_lt_of_le (h.above_odd odd) le⟩

/-! ## Signs -/

/-- The absolute value of the scaled value. -/
theorem natAbs_scaled (bits : Nat) : (scaled bits).natAbs = scaledAbs bits := by
  unfold scaled; split <;> omega

/-- A pattern without the sign bit is its own magnitude. -/
theorem magnitude_of_lt {bits : Nat} (h : bits < infinity) : magnitude bits = bits :=
  Nat.mod_eq_of_lt (by unfold infinity at h; omega)

/-- A pattern without the sign bit has the value of its magnitude. -/
theorem scaled_of_lt {bits : Nat} (h : bits < infinity) : scaled bits = scaledMagnitude bits := by
  have : isNegative bits = false := by simp [isNegative, signBit]; unfold infinity at h; omega
  simp [scaled, scaledAbs, magnitude_of_lt h, this]

/-- The sign bit before a finite magnitude negates its value. -/
theorem scaled_signBit_add {m : Nat} (h : m < infinity) : scaled (signBit + m) = -(scaledMagnitude m : Int) := by
  have e : magnitude (signBit + m) = m := by unfold infinity at h; simp only [magnitude, signBit]; omega
  simp [scaled, scaledAbs, e, isNegative]

/-- −0.0 has the value zero. -/
theorem scaled_signBit : scaled signBit = 0 := by
  have := scaled_signBit_add (m := 0) (by decide)
  rwa [scaledMagnitude_zero] at this

/-! ## The tests -/

/-- `isNearest` accepts finite doubles only. -/
theorem isFinite_of_isNearest {bits : Nat} {x : Int} (h : isNearest bits x = true) : isFinite bits = true := by
  simp only [isNearest, Bool.and_eq_true, decide_eq_true_eq, beq_iff_eq] at h
  obtain ⟨h, rfl⟩ := h
  generalize nearestMagnitude x.natAbs 1 = m at h
  simp only [isFinite, magnitude, decide_eq_true_eq]
  unfold infinity signBit at *
  split <;> omega

/-- The number, the value that `isNearest` accepts and any other value, each up to one common sign or its own. -/
private theorem isNearest_cases {bits : Nat} {x : Int} (h : isNearest bits x = true) (c : Nat) :
    ∃ n m k : Nat, (x = n ∧ scaled bits = m ∨ x = -(n : Int) ∧ scaled bits = -(m : Int)) ∧
      (scaled c = k ∨ scaled c = -(k : Int)) ∧
      (k < m → k + m ≤ 2 * n) ∧ (m < k → 2 * n ≤ m + k) ∧ (0 < m → m ≤ 2 * n) ∧
      (bits % 2 = 1 → (k < m → k + m < 2 * n) ∧ (m < k → 2 * n < m + k) ∧ 0 < m ∧ m < 2 * n) := by
  simp only [isNearest, Bool.and_eq_true, decide_eq_true_eq, beq_iff_eq] at h
  obtain ⟨lt, rfl⟩ := h
  have nearest := isNearestMagnitude_nearestMagnitude x.natAbs (d := 1) (by decide)
  generalize nearestMagnitude x.natAbs 1 = m at *
  have reflect : ∀ {a b}, scaledMagnitude a < scaledMagnitude b → a < b :=
    fun g => Nat.lt_of_not_le fun le => Nat.not_le_of_lt g (scaledMagnitude_le le)
  have zero := scaledMagnitude_zero
  have below := fun {c} g => nearest.below_of_lt (c := c) (reflect g)
  have above := fun {c} g => nearest.above_of_lt (c := c) (reflect g)
  simp only [Nat.mul_one] at below above
  refine ⟨x.natAbs, scaledMagnitude m, scaledAbs c, ?_, ?_, fun g => (below g).1, fun g => (above g).1, fun g => ?_,
    fun odd => ?_⟩
  · split
    · rw [scaled_signBit_add lt]; right; omega
    · rw [scaled_of_lt lt]; left; omega
  · have := natAbs_scaled c; omega
  · have := (below (c := 0) (by rwa [zero])).1; omega
  · have odd : m % 2 = 1 := by
      rw [← odd]; split
      · simp only [signBit]; omega
      · rfl
    have pos : 0 < scaledMagnitude m := by
      rw [← zero]; exact scaledMagnitude_lt (by omega)
    have half := (below (c := 0) (by rwa [zero])).2 odd
    rw [zero, Nat.zero_add] at half
    exact ⟨fun g => (below g).2 odd, fun g => (above g).2 odd, pos, half⟩

/-- No finite double is nearer than the one that `isNearest` accepts. -/
theorem distance_le_of_isNearest {bits : Nat} {x : Int} (h : isNearest bits x = true) (c : Nat) :
    (x - scaled bits).natAbs ≤ (x - scaled c).natAbs := by
  obtain ⟨n, m, k, hx, hc, below, above, half, -⟩ := isNearest_cases h c
  clear h
  rcases hx with ⟨rfl, hb⟩ | ⟨rfl, hb⟩ <;> rcases hc with hc | hc <;> rw [hb, hc] <;> clear hb hc <;> omega

/-- When another value is as near, the double that `isNearest` accepts is the even one. -/
theorem even_of_isNearest {bits c : Nat} {x : Int} (h : isNearest bits x = true)
    (tie : (x - scaled c).natAbs = (x - scaled bits).natAbs) : scaled c = scaled bits ∨ bits % 2 = 0 := by
  obtain ⟨n, m, k, hx, hc, -, -, -, strict⟩ := isNearest_cases h c
  rcases Nat.mod_two_eq_zero_or_one bits with h₀ | h₁
  · exact .inr h₀
  obtain ⟨below, above, pos, half⟩ := strict h₁
  clear h strict h₁
  left
  rcases hx with ⟨rfl, hb⟩ | ⟨rfl, hb⟩ <;> rcases hc with hc | hc <;> rw [hb, hc] at tie ⊢ <;> clear hb hc <;> omega

/-- What `isLeastAbove` tests: no magnitude that is at least `n / d` comes before. -/
theorem isLeastAbove_iff {bits n d : Nat} :
    isLeastAbove bits n d = true ↔
      bits < infinity ∧ n ≤ scaledMagnitude bits * d ∧ ∀ c, n ≤ scaledMagnitude c * d → bits ≤ c := by
  simp only [isLeastAbove, Bool.and_eq_true, Bool.or_eq_true, decide_eq_true_eq, beq_iff_eq, and_assoc]
  refine and_congr_right fun _ => and_congr_right fun _ => ⟨?_, fun h => ?_⟩
  · rintro (rfl | h) c hc
    · omega
    · refine Nat.le_of_not_lt fun lt => ?_
      have := Nat.mul_le_mul_right d (scaledMagnitude_le (show c ≤ bits - 1 by omega))
      omega
  · rcases Nat.eq_zero_or_pos bits with h₀ | h₀
    · exact .inl h₀
    · right
      have := h (bits - 1)
      omega

end LeanPythonBridge.Float64
