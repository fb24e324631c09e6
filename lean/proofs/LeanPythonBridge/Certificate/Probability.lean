module

public import LeanPythonBridge.Certificate.Exponential
public import LeanPythonBridge.Certificate.Units

/-!
# Probabilities from scores, by partial sums of the exponential series

For scores `z`, the probability of `j` is `exp (z j)` divided by the sum of all (softmax); of one score it is
`exp z / (1 + exp z)`. `isProbabilities` tests in integers that given doubles are within a bound of these numbers, for every
partial sum with at least so many terms.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.Probability

open Float64 Exponential

variable {k : Nat}

/-- The probability of `j` for scores, with the exponential's terms up to `t`: of several scores each one's share, and of one
score the share beside 1. -/
def probability (t : Nat) (z : Vec k Rat) (j : Fin k) : Rat :=
  expSum (z j) t / ((if k = 1 then 1 else 0) + vecSum fun l => expSum (z l) t)

/-- An integer divided by `2^u`. -/
def reduce (u : Nat) (z : Int) : Int :=
  match z with
  | .ofNat r => .ofNat (Nat.shiftRight r u)
  | .negSucc r => Int.negOfNat (Nat.shiftRight (Nat.succ r) u)

/-- The denominator of scores, when they are divided by `2^u`. -/
def unit (u : Nat) : Nat := Nat.shiftLeft 1 (Nat.sub 2148 u)

/-- The test that a score, in units of `2^(-2148)`, is divided without a rest, and small enough for so many terms. -/
def isScore (u N : Nat) (z : Int) : Bool :=
  withInt (reduce u z) fun a => isSmall a (unit u) N &&
    withInt (Int.sub (Int.mul a (Int.ofNat (Nat.shiftLeft 1 u))) z) fun rest => isNonneg rest && isNonneg (Int.neg rest)

/-- The test that a number is a share within a bound: between `low` and `high`, of a sum between `least` and `most`. -/
def isShare (p error low high least most : Int) : Bool :=
  withInt (Int.sub p error) fun below => withInt (Int.add p error) fun above =>
    isNonneg (Int.sub (raise low) (Int.mul below least)) && isNonneg (Int.sub (raise low) (Int.mul below most)) &&
      isNonneg (Int.sub (Int.mul above least) (raise high)) && isNonneg (Int.sub (Int.mul above most) (raise high))

/-- What stands beside the exponentials in the sum: 1 for a single score. -/
def beside (k u N : Nat) : Int := Bool.rec 0 (Int.ofNat (denominator (unit u) (Nat.add N 1))) (Nat.beq k 1)

/-- The test of the probabilities `p` of `k` scores `z`, these in units of `2^(-2148)`. -/
def isProbabilities (k u N : Nat) (z p : Nat → Int) (error : Int) : Bool :=
  allBelow (fun j => isScore u N (z j)) k &&
    withInt (Int.add (beside k u N) (sumInt (fun l => lower (reduce u (z l)) (unit u) N) k)) fun least =>
      withInt (Int.add (beside k u N) (sumInt (fun l => upper (reduce u (z l)) (unit u) N) k)) fun most =>
        isNonneg (Int.sub least 1) && allBelow (fun j => isShare (p j) error (lower (reduce u (z j)) (unit u) N)
          (upper (reduce u (z j)) (unit u) N) least most) k

/-! ## Soundness -/

private theorem unit_pos (u : Nat) : 0 < unit u := by
  show 0 < 1 <<< (2148 - u)
  rw [Nat.one_shiftLeft]
  exact Nat.two_pow_pos _

private theorem ofScaledSquare_eq (z : Int) : ofScaledSquare z * ((2 ^ 2148 : Nat) : Rat) = (z : Rat) := by
  have hs := scale_pos
  rw [two_pow_eq_scale_mul, Rat.natCast_mul, ofScaledSquare, ofScaled]
  generalize (scale : Rat) = s at *
  grind

private theorem natCast_two_pow {u w : Nat} (h : u ≤ w) :
    ((2 ^ w : Nat) : Rat) = ((1 <<< (w - u) : Nat) : Rat) * ((2 ^ u : Nat) : Rat) := by
  rw [← Rat.natCast_mul, Nat.one_shiftLeft, ← Nat.pow_add, Nat.sub_add_cancel h]

private theorem isScore_sound {u N : Nat} {z : Int} (small : u ≤ 2148) (h : isScore u N z = true) :
    ofScaledSquare z * (unit u : Rat) = (reduce u z : Rat) ∧ isSmall (reduce u z) (unit u) N = true := by
  simp only [isScore, withInt_eq, Bool.and_eq_true, isNonneg_iff] at h
  refine ⟨?_, h.1⟩
  have e : reduce u z * ((2 ^ u : Nat) : Int) = z := by
    have up : 0 ≤ reduce u z * ((1 <<< u : Nat) : Int) - z := h.2.1
    have down : 0 ≤ -(reduce u z * ((1 <<< u : Nat) : Int) - z) := h.2.2
    rw [Nat.one_shiftLeft] at up down
    omega
  have e' : (reduce u z : Rat) * ((2 ^ u : Nat) : Rat) = (z : Rat) := by
    rw [← show (((2 ^ u : Nat) : Int) : Rat) = ((2 ^ u : Nat) : Rat) from rfl, ← Rat.intCast_mul, e]
  have split : ((2 ^ 2148 : Nat) : Rat) = (unit u : Rat) * ((2 ^ u : Nat) : Rat) := by
    rw [natCast_two_pow small]
    rfl
  have whole := ofScaledSquare_eq z
  have pos : (0 : Rat) < ((2 ^ u : Nat) : Rat) := by
    have : ((0 : Int) : Rat) < (((2 ^ u : Nat) : Int) : Rat) :=
      Rat.intCast_lt_intCast.2 (Int.natCast_pos.2 (Nat.two_pow_pos u))
    exact this
  rw [split, ← e'] at whole
  generalize ((2 ^ u : Nat) : Rat) = c at *
  generalize (unit u : Rat) = d at *
  generalize (reduce u z : Rat) = r at *
  generalize ofScaledSquare z = w at *
  have e : w * d * c = r * c := by grind
  have le := Rat.le_of_mul_le_mul_right (show w * d * c ≤ r * c by rw [e]; exact Rat.le_refl) pos
  have ge := Rat.le_of_mul_le_mul_right (show r * c ≤ w * d * c by rw [e]; exact Rat.le_refl) pos
  grind

private theorem le_of_ends {l s x y b : Rat} (below : x ≤ s) (above : s ≤ y) (first : l * x ≤ b) (second : l * y ≤ b) :
    l * s ≤ b := by
  by_cases h : 0 ≤ l
  · have := Rat.mul_le_mul_of_nonneg_left above h
    grind
  · have := Rat.mul_le_mul_of_nonneg_left below (show 0 ≤ -l by grind)
    grind

private theorem of_raise {p x y : Int} (h : 0 ≤ raise y - p * x) : ofScaled p * (x : Rat) ≤ (y : Rat) := by
  have hs := scale_pos
  have e : raise y = y * scale := by
    show y * ((1 <<< 1074 : Nat) : Int) = _
    rw [one_shiftLeft_scale]
  have le : p * x ≤ y * scale := by omega
  have le := Rat.intCast_le_intCast.2 le
  rw [Rat.intCast_mul, Rat.intCast_mul, show ((scale : Int) : Rat) = (scale : Rat) from rfl] at le
  refine Rat.le_of_mul_le_mul_right ?_ hs
  rw [ofScaled]
  generalize (scale : Rat) = s at *
  have e : (p : Rat) / s * (x : Rat) * s = (p : Rat) * (x : Rat) := by grind
  rw [e]
  exact le

private theorem of_raise' {p x y : Int} (h : 0 ≤ p * x - raise y) : (y : Rat) ≤ ofScaled p * (x : Rat) := by
  have := of_raise (p := -p) (x := x) (y := -y) (by
    have : raise (-y) = -raise y := Int.neg_mul ..
    rw [this, Int.neg_mul]
    omega)
  rw [ofScaled_neg, Rat.intCast_neg] at this
  grind

private theorem sumInt_cast (f : Nat → Int) (n : Nat) : ((sumInt f n : Int) : Rat) = vecSum fun i : Fin n => ((f i : Int) : Rat) := by
  rw [sumInt_eq]
  induction n with
  | zero => rfl
  | succ n ih => rw [integerSum, Rat.intCast_add, ih, vecSum_succ]; rfl

private theorem beside_eq (k u N : Nat) :
    ((beside k u N : Int) : Rat) = (if k = 1 then 1 else 0) * (denominator (unit u) (N + 1) : Rat) := by
  by_cases one : k = 1
  · rw [if_pos one, beside, show Nat.beq k 1 = true by rw [Nat.beq_eq]; exact one, Rat.one_mul]
    rfl
  · rw [if_neg one, beside, show Nat.beq k 1 = false from Bool.eq_false_iff.2 (mt Nat.eq_of_beq_eq_true one), Rat.zero_mul]
    rfl

/-- The probabilities are within the bound, with any number of terms that is large enough. -/
theorem isProbabilities_sound {u N : Nat} {z p : Nat → Int} {error : Int} (small : u ≤ 2148)
    (h : isProbabilities k u N z p error = true) {t : Nat} (ht : N ≤ t) (j : Fin k) :
    abs (ofScaled (p j) - probability t (fun l : Fin k => ofScaledSquare (z l)) j) ≤ ofScaled error := by
  simp only [isProbabilities, withInt_eq, Bool.and_eq_true, allBelow_iff, isNonneg_iff] at h
  obtain ⟨scores, positive, shares⟩ := h
  have between := fun l : Fin k => expSum_between (unit_pos u) (isScore_sound small (scores l l.isLt)).1
    (isScore_sound small (scores l l.isLt)).2 ht
  have hd : (0 : Rat) < (denominator (unit u) (N + 1) : Rat) := by
    have : ((0 : Int) : Rat) < (((denominator (unit u) (N + 1) : Nat) : Int) : Rat) :=
      Rat.intCast_lt_intCast.2 (Int.natCast_pos.2 (denominator_pos (unit_pos u) _))
    exact this
  have share := shares j j.isLt
  simp only [isShare, withInt_eq, Bool.and_eq_true, isNonneg_iff] at share
  obtain ⟨⟨⟨s₁, s₂⟩, s₃⟩, s₄⟩ := share
  have s₁ := of_raise s₁
  have s₂ := of_raise s₂
  have s₃ := of_raise' s₃
  have s₄ := of_raise' s₄
  have least : ((Int.add (beside k u N) (sumInt (fun l => lower (reduce u (z l)) (unit u) N) k) : Int) : Rat) ≤
      ((if k = 1 then 1 else 0) + vecSum fun l : Fin k => expSum (ofScaledSquare (z l)) t) *
        (denominator (unit u) (N + 1) : Rat) := by
    show ((beside k u N + _ : Int) : Rat) ≤ _
    rw [Rat.intCast_add, beside_eq, sumInt_cast, Rat.add_mul, ← vecSum_mul_right]
    exact (Rat.add_le_add_left ..).2 (vecSum_mono fun l => (between l).1)
  have most : ((if k = 1 then 1 else 0) + vecSum fun l : Fin k => expSum (ofScaledSquare (z l)) t) *
        (denominator (unit u) (N + 1) : Rat) ≤
      ((Int.add (beside k u N) (sumInt (fun l => upper (reduce u (z l)) (unit u) N) k) : Int) : Rat) := by
    show _ ≤ ((beside k u N + _ : Int) : Rat)
    rw [Rat.intCast_add, beside_eq, sumInt_cast, Rat.add_mul, ← vecSum_mul_right]
    exact (Rat.add_le_add_left ..).2 (vecSum_mono fun l => (between l).2)
  have one : (1 : Rat) ≤ ((Int.add (beside k u N) (sumInt (fun l => lower (reduce u (z l)) (unit u) N) k) : Int) : Rat) := by
    have positive : (1 : Int) ≤ Int.add (beside k u N) (sumInt (fun l => lower (reduce u (z l)) (unit u) N) k) := by
      have : 0 ≤ Int.add (beside k u N) (sumInt (fun l => lower (reduce u (z l)) (unit u) N) k) - 1 := positive
      omega
    exact Rat.intCast_le_intCast.2 positive
  have low := le_of_ends least most s₁ s₂
  have high := le_of_ends (l := -ofScaled (Int.add (p j) error)) (b := -((upper (reduce u (z j)) (unit u) N : Int) : Rat))
    least most (by grind) (by grind)
  have own := between j
  rw [probability]
  rw [show Int.sub (p j) error = p j - error from rfl, ofScaled_sub] at low
  rw [show Int.add (p j) error = p j + error from rfl, ofScaled_add] at high
  generalize ((if k = 1 then 1 else 0) + vecSum fun l : Fin k => expSum (ofScaledSquare (z l)) t) = s at *
  generalize expSum (ofScaledSquare (z j)) t = y at *
  generalize (denominator (unit u) (N + 1) : Rat) = d at *
  have low : (ofScaled (p j) - ofScaled error) * s ≤ y := Rat.le_of_mul_le_mul_right (by grind) hd
  have high : y ≤ (ofScaled (p j) + ofScaled error) * s := Rat.le_of_mul_le_mul_right (by grind) hd
  have pos : 0 < s := by
    refine Rat.not_le.1 fun le => ?_
    have := Rat.mul_le_mul_of_nonneg_right le (Rat.le_of_lt hd)
    grind
  have e : y / s * s = y := by grind
  generalize y / s = w at *
  have low := Rat.le_of_mul_le_mul_right (show (ofScaled (p j) - ofScaled error) * s ≤ w * s by grind) pos
  have high := Rat.le_of_mul_le_mul_right (show w * s ≤ (ofScaled (p j) + ofScaled error) * s by grind) pos
  rw [abs_le_iff]
  constructor <;> grind

end LeanPythonBridge.Certificate.Probability
