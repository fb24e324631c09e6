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

/-- The power `a^t`. -/
def power (a : Int) (t : Nat) : Int := Nat.rec (motive := fun _ => Int) 1 (fun _ y => withInt y fun y => Int.mul y a) t

/-- The common denominator `t! q^t`. -/
def denominator (q t : Nat) : Nat := fold (fun k y => Nat.mul y (Nat.mul (Nat.add k 1) q)) 1 t

/-- The sum of the terms up to `x^t / t!`, times the denominator. -/
def numerator (a : Int) (q t : Nat) : Int :=
  Nat.rec (motive := fun _ => Int) 1 (fun k y => withInt y fun y =>
    Int.add (Int.mul y (Int.ofNat (Nat.mul (Nat.add k 1) q))) (power a (Nat.add k 1))) t

/-- The absolute value. -/
def magnitude (z : Int) : Nat :=
  match z with
  | .ofNat k => k
  | .negSucc k => Nat.succ k

/-- What all partial sums from `N` on are at least, times the denominator of `N + 1`. -/
def lower (a : Int) (q N : Nat) : Int :=
  Int.sub (Int.mul (numerator a q N) (Int.ofNat (Nat.mul (Nat.add N 1) q)))
    (Int.ofNat (Nat.mul 2 (magnitude (power a (Nat.add N 1)))))

/-- What they are at most. -/
def upper (a : Int) (q N : Nat) : Int :=
  Int.add (Int.mul (numerator a q N) (Int.ofNat (Nat.mul (Nat.add N 1) q)))
    (Int.ofNat (Nat.mul 2 (magnitude (power a (Nat.add N 1)))))

/-- The test that `x` is so small that further terms are at most halves of those before. -/
def isSmall (a : Int) (q N : Nat) : Bool := Nat.ble (Nat.mul 2 (magnitude a)) (Nat.mul (Nat.add N 2) q)

variable {a : Int} {q : Nat} {x : Rat}

private theorem magnitude_eq (z : Int) : magnitude z = z.natAbs := by cases z <;> rfl

private theorem power_succ (a : Int) (t : Nat) : power a (t + 1) = power a t * a := by
  show withInt (power a t) (fun y => y * a) = _
  rw [withInt_eq]

private theorem numerator_succ (a : Int) (q t : Nat) :
    numerator a q (t + 1) = numerator a q t * ((t + 1) * q : Nat) + power a (t + 1) := by
  show withInt (numerator a q t) (fun y => y * (((t + 1) * q : Nat) : Int) + power a (t + 1)) = _
  rw [withInt_eq]

theorem denominator_pos (pos : 0 < q) (t : Nat) : 0 < denominator q t := by
  induction t with
  | zero => exact Nat.one_pos
  | succ t ih => exact Nat.mul_pos ih (Nat.mul_pos (Nat.succ_pos t) pos)

private theorem denominator_succ (q t : Nat) :
    ((denominator q (t + 1) : Nat) : Rat) = (denominator q t : Rat) * (((t + 1 : Nat) : Rat) * (q : Rat)) := by
  have : denominator q (t + 1) = denominator q t * ((t + 1) * q) := rfl
  rw [this, Rat.natCast_mul, Rat.natCast_mul]

private theorem expTerm_mul (hx : x * (q : Rat) = (a : Rat)) (t : Nat) :
    expTerm x t * (denominator q t : Rat) = (power a t : Rat) := by
  induction t with
  | zero =>
    show (1 : Rat) * ((1 : Nat) : Rat) = ((1 : Int) : Rat)
    rw [Rat.one_mul]; rfl
  | succ t ih =>
    have pos := natCast_pos (Nat.succ_pos t)
    rw [power_succ, Rat.intCast_mul, ← ih, ← hx, denominator_succ, expTerm]
    generalize ((t + 1 : Nat) : Rat) = c at *
    grind

private theorem expSum_mul (hx : x * (q : Rat) = (a : Rat)) (t : Nat) :
    expSum x t * (denominator q t : Rat) = (numerator a q t : Rat) := by
  induction t with
  | zero =>
    show (1 : Rat) * ((1 : Nat) : Rat) = ((1 : Int) : Rat)
    rw [Rat.one_mul]; rfl
  | succ t ih =>
    rw [numerator_succ, Rat.intCast_add, Rat.intCast_mul, ← ih, ← expTerm_mul hx, denominator_succ, expSum,
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
  have l : (lower a q N : Rat) = (numerator a q N : Rat) * (((N + 1 : Nat) : Rat) * (q : Rat)) -
      2 * ((magnitude (power a (N + 1)) : Nat) : Rat) := by
    show ((numerator a q N * (((N + 1) * q : Nat) : Int) - ((2 * magnitude (power a (N + 1)) : Nat) : Int) : Int) : Rat) = _
    rw [Rat.intCast_sub, Rat.intCast_mul, show ((((N + 1) * q : Nat) : Int) : Rat) = (((N + 1) * q : Nat) : Rat) from rfl,
      show (((2 * magnitude (power a (N + 1)) : Nat) : Int) : Rat) = ((2 * magnitude (power a (N + 1)) : Nat) : Rat) from rfl,
      Rat.natCast_mul, Rat.natCast_mul]
    rfl
  have u : (upper a q N : Rat) = (numerator a q N : Rat) * (((N + 1 : Nat) : Rat) * (q : Rat)) +
      2 * ((magnitude (power a (N + 1)) : Nat) : Rat) := by
    show ((numerator a q N * (((N + 1) * q : Nat) : Int) + ((2 * magnitude (power a (N + 1)) : Nat) : Int) : Int) : Rat) = _
    rw [Rat.intCast_add, Rat.intCast_mul, show ((((N + 1) * q : Nat) : Int) : Rat) = (((N + 1) * q : Nat) : Rat) from rfl,
      show (((2 * magnitude (power a (N + 1)) : Nat) : Int) : Rat) = ((2 * magnitude (power a (N + 1)) : Nat) : Rat) from rfl,
      Rat.natCast_mul, Rat.natCast_mul]
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
