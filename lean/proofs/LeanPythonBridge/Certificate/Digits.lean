module

public import LeanPythonBridge.Certificate.ExactIntegers

/-!
# Integers as the digits of one

`packInt` has integers of either sign as its digits, at a base that is a power of two: rows of a matrix are added, and
multiplied by integers, all columns at once. Where no digit is as great as half the base, the digits are known from the
integer (`eq_zero_of_packInt`).
-/

@[expose] public section

namespace LeanPythonBridge.Certificate

/-- Integers as the digits, of either sign, of one: `f 0, …, f (n - 1)` at the base `2^w`. -/
def packInt (w n : Nat) (f : Nat → Int) : Int :=
  Nat.rec (motive := fun _ => Int) 0 (fun k y => withInt y fun y => withInt (f k) fun z =>
    Int.add y (Int.mul z (Int.ofNat (Nat.shiftLeft 1 (Nat.mul w k))))) n

/-- `f start, …, f (start + count - 1)`, which are evaluated once. -/
def tabulateInt (f : Nat → Int) (count start : Nat) : List Int :=
  Nat.rec (motive := fun _ => Nat → List Int) (fun _ => []) (fun _ rest i => List.cons (f i) (rest (Nat.add i 1)))
    count start

/-- The sum of rows, each times its coefficient, where this is not zero; the number of the first one is `start`. -/
def combineInt (coefficient : Nat → Int) (rows : List Int) (start : Nat) : Int :=
  List.rec (motive := fun _ => Nat → Int) (fun _ => 0)
    (fun row _ rest k => withInt (rest (Nat.add k 1)) fun y => withInt (coefficient k) fun c =>
      Bool.rec (withInt row fun row => Int.add (Int.mul c row) y) y (Nat.beq (Int.natAbs c) 0)) rows start

/-! ## What they are -/

variable {w n : Nat}

/-- The first summand apart. -/
theorem integerSum_cons (n : Nat) (f : Nat → Int) :
    integerSum (n + 1) f = f 0 + integerSum n fun i => f (i + 1) := by
  induction n with
  | zero => simp [integerSum]
  | succ n ih => rw [integerSum, ih, integerSum, Int.add_assoc]

/-- A sum of sums. -/
theorem integerSum_add (f g : Nat → Int) :
    (integerSum n fun i => f i + g i) = integerSum n f + integerSum n g := by
  induction n with
  | zero => rfl
  | succ n ih => simp only [integerSum, ih]; omega

/-- One digit more. -/
theorem packInt_succ (f : Nat → Int) : packInt w (n + 1) f = packInt w n f + f n * 2 ^ (w * n) := by
  show (withInt (packInt w n f) fun y => withInt (f n) fun z =>
    Int.add y (Int.mul z (Int.ofNat (Nat.shiftLeft 1 (Nat.mul w n))))) = _
  rw [withInt_eq, withInt_eq, show Nat.shiftLeft 1 (Nat.mul w n) = 2 ^ (w * n) from Nat.one_shiftLeft _,
    ← two_pow_cast]
  rfl

theorem packInt_congr {f g : Nat → Int} (h : ∀ i < n, f i = g i) : packInt w n f = packInt w n g := by
  induction n with
  | zero => rfl
  | succ n ih => rw [packInt_succ, packInt_succ, ih fun i hi => h i (by omega), h n (by omega)]

/-- Digits are added one by one, and nothing carries. -/
theorem packInt_add (f g : Nat → Int) : packInt w n f + packInt w n g = packInt w n fun i => f i + g i := by
  induction n with
  | zero => rfl
  | succ n ih => rw [packInt_succ, packInt_succ, packInt_succ, ← ih, Int.add_mul]; omega

/-- A multiple has the multiples of all digits. -/
theorem packInt_mul (c : Int) (f : Nat → Int) : c * packInt w n f = packInt w n fun i => c * f i := by
  induction n with
  | zero => exact Int.mul_zero c
  | succ n ih => rw [packInt_succ, packInt_succ, ← ih, Int.mul_add, Int.mul_assoc]

/-- Digits are subtracted one by one. -/
theorem packInt_sub (f g : Nat → Int) : packInt w n f - packInt w n g = packInt w n fun i => f i - g i := by
  induction n with
  | zero => rfl
  | succ n ih => rw [packInt_succ, packInt_succ, packInt_succ, ← ih, Int.sub_mul]; omega

/-- Digits that are not negative. -/
theorem packInt_cast (f : Nat → Nat) : packInt w n (fun i => f i) = (pack w n f : Nat) := by
  induction n with
  | zero => rfl
  | succ n ih => rw [packInt_succ, ih, pack, Int.natCast_add, Int.natCast_mul, two_pow_cast]

/-- `combineInt` is what its name says. -/
theorem combineInt_tabulate (c row : Nat → Int) (count start : Nat) :
    combineInt c (tabulateInt row count start) start = integerSum count fun k => c (start + k) * row (start + k) := by
  induction count generalizing start with
  | zero => rfl
  | succ count ih =>
    have unfolded : combineInt c (tabulateInt row (count + 1) start) start =
        withInt (combineInt c (tabulateInt row count (start + 1)) (start + 1)) fun y => withInt (c start) fun c =>
          Bool.rec (withInt (row start) fun row => Int.add (Int.mul c row) y) y (Nat.beq (Int.natAbs c) 0) := rfl
    rw [unfolded, withInt_eq, withInt_eq, withInt_eq, ih, integerSum_cons]
    have step : ∀ y : Int, (Bool.rec (c start * row start + y) y (Nat.beq (c start).natAbs 0) : Int) =
        c start * row start + y := fun y => by
      cases zero : Nat.beq (c start).natAbs 0
      · rfl
      · have : (c start).natAbs = 0 := Nat.eq_of_beq_eq_true zero
        show y = _
        rw [Int.natAbs_eq_zero.1 this]
        omega
    refine (step _).trans ?_
    simp only [Nat.add_zero, Nat.add_assoc, Nat.add_comm 1]

/-- A sum has the sums of all digits. -/
theorem packInt_integerSum (m : Nat) (f : Nat → Nat → Int) :
    (integerSum m fun k => packInt w n (f k)) = packInt w n fun j => integerSum m fun k => f k j := by
  induction m with
  | zero =>
    show 0 = packInt w n fun _ => 0
    have := packInt_mul (w := w) (n := n) 0 fun _ => 0
    simpa using this
  | succ m ih => rw [integerSum, ih, packInt_add]; rfl

/-- The size of a sum. -/
theorem natAbs_integerSum_le {f : Nat → Int} {b : Nat} (h : ∀ i < n, (f i).natAbs ≤ b) :
    (integerSum n f).natAbs ≤ n * b := by
  induction n with
  | zero => simp [integerSum]
  | succ n ih =>
    have := ih fun i hi => h i (by omega)
    have := h n (by omega)
    rw [integerSum, Nat.succ_mul]
    omega

/-- A sum of integers as one of rational numbers. -/
theorem vecSum_cast (f : Nat → Int) : (vecSum fun i : Fin n => (f i : Rat)) = (integerSum n f : Int) := by
  induction n with
  | zero => rfl
  | succ n ih => rw [vecSum_succ, integerSum, Rat.intCast_add, ← ih]; rfl

/-- Integers that are small are zero when the one of which they are the digits is. -/
theorem eq_zero_of_packInt {f : Nat → Int} (zero : packInt w n f = 0) {b : Nat} (small : ∀ i, (f i).natAbs < 2 ^ b)
    (wide : b + 1 ≤ w) : ∀ i < n, f i = 0 := by
  intro i hi
  have room : 2 ^ (b + 1) ≤ 2 ^ w := Nat.pow_le_pow_right (by decide) wide
  have e : (pack w n fun j => (f j + (2 ^ b : Nat)).toNat) = pack w n fun _ => 2 ^ b := by
    have := packInt_add (w := w) (n := n) f fun _ => (2 ^ b : Nat)
    rw [zero, Int.zero_add, packInt_cast fun _ => 2 ^ b,
      packInt_congr (g := fun j => ((f j + (2 ^ b : Nat)).toNat : Nat)) (fun j _ => by have := small j; dsimp only; omega),
      packInt_cast] at this
    exact (Int.ofNat.inj this).symm
  have h := congrArg (lane w · i) e
  simp only at h
  rw [Nat.pow_succ] at room
  rw [lane_pack (fun j _ => by have := small j; omega) hi, lane_pack (fun _ _ => by have := Nat.two_pow_pos b; omega) hi] at h
  have := small i
  omega

end LeanPythonBridge.Certificate
