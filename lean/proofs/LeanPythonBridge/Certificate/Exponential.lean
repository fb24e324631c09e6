module

public import LeanPythonBridge.Certificate.ExactIntegers
public import LeanPythonBridge.Certificate.LinearAlgebra

/-!
# The exponential series at a rational number

Its partial sums are rational. From some number of terms on, all of them lie between two numbers, and so does their limit, the
exponential: `expSum_between`. The numbers have a denominator that depends on the number of terms only, and are computed in
integers.
-/

@[expose] public section

namespace LeanPythonBridge

/-- The term `x^t / t!`. -/
def expTerm (x : Rat) : Nat → Rat
  | 0 => 1
  | t + 1 => expTerm x t * x / ((t + 1 : Nat) : Rat)

/-- The sum of the terms up to `x^t / t!`. -/
def expSum (x : Rat) : Nat → Rat
  | 0 => 1
  | t + 1 => expSum x t + expTerm x (t + 1)

private theorem natCast_pos {c : Nat} (h : 0 < c) : (0 : Rat) < (c : Rat) := by
  have : ((0 : Int) : Rat) < ((c : Int) : Rat) := Rat.intCast_lt_intCast.2 (by omega)
  exact this

private theorem abs_of_pos {c : Rat} (h : 0 < c) : abs c = c := by rw [abs, if_pos (Rat.le_of_lt h)]

/-- When `x` is small enough, each further term is at most half of the one before. -/
private theorem twice_expTerm_le {x : Rat} {N t : Nat} (small : 2 * abs x ≤ ((N + 2 : Nat) : Rat)) (h : N ≤ t) :
    2 * abs (expTerm x (t + 2)) ≤ abs (expTerm x (t + 1)) := by
  have pos := natCast_pos (show 0 < t + 2 by omega)
  have e : expTerm x (t + 2) * ((t + 2 : Nat) : Rat) = expTerm x (t + 1) * x := by
    rw [expTerm]
    generalize ((t + 1 + 1 : Nat) : Rat) = c at *
    grind
  have e := congrArg abs e
  rw [abs_mul, abs_mul, abs_of_pos pos] at e
  have more : ((N + 2 : Nat) : Rat) ≤ ((t + 2 : Nat) : Rat) := by
    have : ((N + 2 : Nat) : Int) ≤ ((t + 2 : Nat) : Int) := by omega
    exact Rat.intCast_le_intCast.2 this
  have le := Rat.mul_le_mul_of_nonneg_left (Std.le_trans small more) (abs_nonneg (expTerm x (t + 1)))
  refine Rat.le_of_mul_le_mul_right ?_ pos
  generalize ((t + 2 : Nat) : Rat) = c at *
  generalize abs (expTerm x (t + 2)) = u at *
  generalize abs (expTerm x (t + 1)) = v at *
  grind

/-- What is left of the series after the terms up to `N`. -/
private theorem abs_expSum_sub_le {x : Rat} {N : Nat} (small : 2 * abs x ≤ ((N + 2 : Nat) : Rat)) (more : Nat) :
    abs (expSum x (N + more) - expSum x N) ≤ 2 * abs (expTerm x (N + 1)) - 2 * abs (expTerm x (N + more + 1)) := by
  induction more with
  | zero =>
    rw [Nat.add_zero, show expSum x N - expSum x N = 0 by grind, show abs (0 : Rat) = 0 by decide]
    grind
  | succ more ih =>
    have half := twice_expTerm_le small (Nat.le_add_right N more)
    have e : expSum x (N + (more + 1)) - expSum x N = (expSum x (N + more) - expSum x N) + expTerm x (N + more + 1) := by
      rw [← Nat.add_assoc, expSum]
      grind
    have le := abs_add_le (expSum x (N + more) - expSum x N) (expTerm x (N + more + 1))
    rw [← e] at le
    rw [show N + (more + 1) + 1 = N + more + 2 by omega]
    grind

namespace Certificate.Exponential

/-! ## In integers: `x = a / q` -/

/-- The common denominator `t! q^t`. -/
def denominator (q t : Nat) : Nat := fold (fun k y => Nat.mul y (Nat.mul (Nat.add k 1) q)) 1 t

/-- The absolute value. -/
def magnitude (z : Int) : Nat :=
  match z with
  | .ofNat k => k
  | .negSucc k => Nat.succ k

/-- 1 for a negative number, else 0. -/
def sign (z : Int) : Nat :=
  match z with
  | .ofNat _ => 0
  | .negSucc _ => 1

/-- The sum of the positive terms, times the denominator, for `x = b / q`, or `-b / q` when `s` is 1. -/
def positive (s b q t : Nat) : Nat :=
  fold (fun k y => Nat.add (Nat.mul y (Nat.mul (Nat.add k 1) q))
    (Nat.mul (Nat.sub 1 (Nat.mul s (Nat.mod (Nat.add k 1) 2))) (Nat.pow b (Nat.add k 1)))) 1 t

/-- The sum of the absolute values of the negative terms. -/
def negative (s b q t : Nat) : Nat :=
  fold (fun k y => Nat.add (Nat.mul y (Nat.mul (Nat.add k 1) q))
    (Nat.mul (Nat.mul s (Nat.mod (Nat.add k 1) 2)) (Nat.pow b (Nat.add k 1)))) 0 t

/-- What the partial sum up to `N` and the rest of the series are, times the denominator of `N + 1`, given the positive and the
negative terms: natural numbers are what the kernel computes with fastest. -/
def ends (a : Int) (q N : Nat) (f : Nat → Nat → Nat → Int) : Int :=
  withValue (magnitude a) fun b => withValue (sign a) fun s => withValue (Nat.mul (Nat.add N 1) q) fun c =>
    f (Nat.mul (positive s b q N) c) (Nat.mul (negative s b q N) c) (Nat.mul 2 (Nat.pow b (Nat.add N 1)))

/-- What all partial sums from `N` on are at least, times the denominator of `N + 1`. -/
def lower (a : Int) (q N : Nat) : Int :=
  ends a q N fun plus minus rest => Int.sub (Int.ofNat plus) (Int.ofNat (Nat.add minus rest))

/-- What they are at most. -/
def upper (a : Int) (q N : Nat) : Int :=
  ends a q N fun plus minus rest => Int.sub (Int.ofNat (Nat.add plus rest)) (Int.ofNat minus)

/-- The test that `x` is so small that further terms are at most halves of those before. -/
def isSmall (a : Int) (q N : Nat) : Bool := Nat.ble (Nat.mul 2 (magnitude a)) (Nat.mul (Nat.add N 2) q)

variable {a : Int} {q : Nat} {x : Rat}

/-- The sum of the terms up to `x^t / t!`, times the denominator. -/
private def numerator (a : Int) (q : Nat) : Nat → Int
  | 0 => 1
  | t + 1 => numerator a q t * ((t + 1) * q : Nat) + a ^ (t + 1)

private theorem magnitude_eq (z : Int) : magnitude z = z.natAbs := by cases z <;> rfl

private theorem neg_pow_eq (c t : Nat) : (-(c : Int)) ^ t =
    ((1 - t % 2 : Nat) : Int) * (c ^ t : Nat) - ((t % 2 : Nat) : Int) * (c ^ t : Nat) := by
  induction t with
  | zero => rw [Int.pow_zero, Nat.pow_zero]; rfl
  | succ t ih =>
    rw [Int.pow_succ, ih, Nat.pow_succ, Int.natCast_mul]
    generalize ((c ^ t : Nat) : Int) = v
    rcases Nat.mod_two_eq_zero_or_one t with even | odd
    · rw [even, show (t + 1) % 2 = 1 by omega]
      show (1 * v - 0 * v) * -(c : Int) = 0 * (v * c) - 1 * (v * c)
      grind
    · rw [odd, show (t + 1) % 2 = 0 by omega]
      show (0 * v - 1 * v) * -(c : Int) = 1 * (v * c) - 0 * (v * c)
      grind

private theorem pow_eq (a : Int) (t : Nat) :
    a ^ t = ((1 - sign a * (t % 2) : Nat) : Int) * (magnitude a ^ t : Nat) -
      ((sign a * (t % 2) : Nat) : Int) * (magnitude a ^ t : Nat) := by
  cases a with
  | ofNat b =>
    show (b : Int) ^ t = ((1 - 0 * (t % 2) : Nat) : Int) * (b ^ t : Nat) - ((0 * (t % 2) : Nat) : Int) * (b ^ t : Nat)
    rw [Nat.zero_mul, Int.natCast_pow]
    show _ = 1 * (b : Int) ^ t - 0 * (b : Int) ^ t
    grind
  | negSucc b =>
    have h := neg_pow_eq (b + 1) t
    show (-((b + 1 : Nat) : Int)) ^ t = ((1 - 1 * (t % 2) : Nat) : Int) * ((b + 1) ^ t : Nat) -
      ((1 * (t % 2) : Nat) : Int) * ((b + 1) ^ t : Nat)
    rw [Nat.one_mul]
    exact h

private theorem numerator_eq (a : Int) (q t : Nat) : numerator a q t =
    (positive (sign a) (magnitude a) q t : Int) - (negative (sign a) (magnitude a) q t : Int) := by
  induction t with
  | zero => rfl
  | succ t ih =>
    have p : positive (sign a) (magnitude a) q (t + 1) = positive (sign a) (magnitude a) q t * ((t + 1) * q) +
      (1 - sign a * ((t + 1) % 2)) * magnitude a ^ (t + 1) := rfl
    have n : negative (sign a) (magnitude a) q (t + 1) = negative (sign a) (magnitude a) q t * ((t + 1) * q) +
      sign a * ((t + 1) % 2) * magnitude a ^ (t + 1) := rfl
    rw [numerator, ih, p, n, pow_eq a (t + 1)]
    simp only [Int.natCast_add, Int.natCast_mul]
    generalize ((1 - sign a * ((t + 1) % 2) : Nat) : Int) = u
    generalize ((magnitude a ^ (t + 1) : Nat) : Int) = v
    grind

private theorem magnitude_pow (a : Int) (t : Nat) : magnitude (a ^ t) = magnitude a ^ t := by
  rw [magnitude_eq, magnitude_eq, Int.natAbs_pow]

theorem denominator_pos (pos : 0 < q) (t : Nat) : 0 < denominator q t := by
  induction t with
  | zero => exact Nat.one_pos
  | succ t ih => exact Nat.mul_pos ih (Nat.mul_pos (Nat.succ_pos t) pos)

private theorem denominator_succ (q t : Nat) :
    ((denominator q (t + 1) : Nat) : Rat) = (denominator q t : Rat) * (((t + 1 : Nat) : Rat) * (q : Rat)) := by
  have : denominator q (t + 1) = denominator q t * ((t + 1) * q) := rfl
  rw [this, Rat.natCast_mul, Rat.natCast_mul]

private theorem expTerm_mul (hx : x * (q : Rat) = (a : Rat)) (t : Nat) :
    expTerm x t * (denominator q t : Rat) = ((a ^ t : Int) : Rat) := by
  induction t with
  | zero =>
    rw [Int.pow_zero]
    show (1 : Rat) * ((1 : Nat) : Rat) = ((1 : Int) : Rat)
    rw [Rat.one_mul]; rfl
  | succ t ih =>
    have pos := natCast_pos (Nat.succ_pos t)
    rw [Int.pow_succ, Rat.intCast_mul, ← ih, ← hx, denominator_succ, expTerm]
    generalize ((t + 1 : Nat) : Rat) = c at *
    grind

private theorem expSum_mul (hx : x * (q : Rat) = (a : Rat)) (t : Nat) :
    expSum x t * (denominator q t : Rat) = (numerator a q t : Rat) := by
  induction t with
  | zero =>
    show (1 : Rat) * ((1 : Nat) : Rat) = ((1 : Int) : Rat)
    rw [Rat.one_mul]; rfl
  | succ t ih =>
    rw [numerator, Rat.intCast_add, Rat.intCast_mul, ← ih, ← expTerm_mul hx, denominator_succ, expSum,
      show ((((t + 1) * q : Nat) : Int) : Rat) = (((t + 1) * q : Nat) : Rat) from rfl, Rat.natCast_mul]
    grind

private theorem abs_intCast (z : Int) : abs (z : Rat) = ((magnitude z : Nat) : Rat) := by
  rw [magnitude_eq, abs, show ((z.natAbs : Nat) : Rat) = ((z.natAbs : Int) : Rat) from rfl]
  split
  · rename_i h
    have h : ((0 : Int) : Rat) ≤ (z : Rat) := h
    rw [show (z.natAbs : Int) = z from Int.natAbs_of_nonneg (Rat.intCast_le_intCast.1 h)]
  · rename_i h
    have h : ¬((0 : Int) : Rat) ≤ (z : Rat) := h
    rw [Rat.intCast_le_intCast] at h
    rw [show (z.natAbs : Int) = -z by omega, Rat.intCast_neg]

/-- All partial sums from `N` on lie between the two numbers. -/
theorem expSum_between (pos : 0 < q) (hx : x * (q : Rat) = (a : Rat)) {N : Nat} (small : isSmall a q N = true) {t : Nat}
    (h : N ≤ t) : (lower a q N : Rat) ≤ expSum x t * (denominator q (N + 1) : Rat) ∧
      expSum x t * (denominator q (N + 1) : Rat) ≤ (upper a q N : Rat) := by
  have hq := natCast_pos pos
  have small : 2 * abs x ≤ ((N + 2 : Nat) : Rat) := by
    have le : 2 * magnitude a ≤ (N + 2) * q := Nat.le_of_ble_eq_true small
    have le : ((2 * magnitude a : Nat) : Rat) ≤ (((N + 2) * q : Nat) : Rat) :=
      Rat.intCast_le_intCast.2 (Int.ofNat_le.2 le)
    have e := congrArg abs hx
    rw [abs_mul, abs_of_pos hq, abs_intCast] at e
    rw [Rat.natCast_mul, Rat.natCast_mul, ← e] at le
    refine Rat.le_of_mul_le_mul_right ?_ hq
    generalize ((N + 2 : Nat) : Rat) = c at *
    rw [show ((2 : Nat) : Rat) = 2 from rfl] at le
    grind
  obtain ⟨more, rfl⟩ : ∃ more, t = N + more := ⟨t - N, by omega⟩
  have rest := abs_expSum_sub_le small more
  have nonneg := abs_nonneg (expTerm x (N + more + 1))
  have near : abs (expSum x (N + more) - expSum x N) ≤ 2 * abs (expTerm x (N + 1)) := by grind
  have hd := natCast_pos (denominator_pos pos (N + 1))
  have term := congrArg abs (expTerm_mul hx (N + 1))
  rw [abs_mul, abs_of_pos hd, abs_intCast] at term
  have sum := expSum_mul hx N
  have next := denominator_succ q N
  have rest : ((2 * magnitude a ^ (N + 1) : Nat) : Rat) = 2 * ((magnitude (a ^ (N + 1)) : Nat) : Rat) := by
    rw [Rat.natCast_mul, magnitude_pow]; rfl
  have whole : ((numerator a q N * (((N + 1) * q : Nat) : Int) : Int) : Rat) =
      (numerator a q N : Rat) * (((N + 1 : Nat) : Rat) * (q : Rat)) := by
    rw [Rat.intCast_mul, show ((((N + 1) * q : Nat) : Int) : Rat) = (((N + 1) * q : Nat) : Rat) from rfl, Rat.natCast_mul]
  have l : (lower a q N : Rat) = (numerator a q N : Rat) * (((N + 1 : Nat) : Rat) * (q : Rat)) -
      2 * ((magnitude (a ^ (N + 1)) : Nat) : Rat) := by
    have e : lower a q N = numerator a q N * (((N + 1) * q : Nat) : Int) - ((2 * magnitude a ^ (N + 1) : Nat) : Int) := by
      simp only [lower, ends, withValue_eq]
      show ((positive (sign a) (magnitude a) q N * ((N + 1) * q) : Nat) : Int) -
        ((negative (sign a) (magnitude a) q N * ((N + 1) * q) + 2 * magnitude a ^ (N + 1) : Nat) : Int) = _
      rw [numerator_eq, Int.natCast_add, Int.natCast_mul _ ((N + 1) * q), Int.natCast_mul _ ((N + 1) * q)]
      grind
    rw [e, Rat.intCast_sub, whole, ← rest]
    rfl
  have u : (upper a q N : Rat) = (numerator a q N : Rat) * (((N + 1 : Nat) : Rat) * (q : Rat)) +
      2 * ((magnitude (a ^ (N + 1)) : Nat) : Rat) := by
    have e : upper a q N = numerator a q N * (((N + 1) * q : Nat) : Int) + ((2 * magnitude a ^ (N + 1) : Nat) : Int) := by
      simp only [upper, ends, withValue_eq]
      show ((positive (sign a) (magnitude a) q N * ((N + 1) * q) + 2 * magnitude a ^ (N + 1) : Nat) : Int) -
        ((negative (sign a) (magnitude a) q N * ((N + 1) * q) : Nat) : Int) = _
      rw [numerator_eq, Int.natCast_add, Int.natCast_mul _ ((N + 1) * q), Int.natCast_mul _ ((N + 1) * q)]
      grind
    rw [e, Rat.intCast_add, whole, ← rest]
    rfl
  have near := abs_le_iff.1 near
  rw [l, u, ← term, ← sum]
  have dn : (0 : Rat) ≤ (denominator q (N + 1) : Rat) := Rat.le_of_lt hd
  have first := Rat.mul_le_mul_of_nonneg_right near.1 dn
  have second := Rat.mul_le_mul_of_nonneg_right near.2 dn
  generalize expSum x (N + more) = E at *
  generalize expSum x N = S at *
  generalize abs (expTerm x (N + 1)) = T at *
  generalize ((N + 1 : Nat) : Rat) = c at *
  generalize (denominator q (N + 1) : Rat) = D at *
  generalize (denominator q N : Rat) = d at *
  rw [show S * d * (c * (q : Rat)) = S * D by rw [next]; grind]
  constructor <;> grind

end Certificate.Exponential
end LeanPythonBridge
