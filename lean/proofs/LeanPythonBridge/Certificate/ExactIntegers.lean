module

public import LeanPythonBridge.Certificate.Order
public import LeanPythonBridge.Certificate.Sums
public import LeanPythonBridge.Certificate.Units

/-!
# Integers from frames, one by one

For checkers that compute with integers of any length: doubles in units of `2^(-1074)` (`doubleAt`) and the integers of
an array of words, in two's complement (`integerAt`); sums of products of them. The kernel has fast natural numbers, and
evaluates integers by their cases; each is evaluated to the end before it is used (`withInt`).
-/

@[expose] public section

namespace LeanPythonBridge.Certificate

open Float64

/-! ## Evaluation -/

/-- `f z`, of the integer itself: see `withValue`. -/
def withInt {α : Type} (z : Int) (f : Int → α) : α :=
  match z with
  | .ofNat k => withValue k fun k => f (.ofNat k)
  | .negSucc k => withValue k fun k => f (.negSucc k)

@[simp] theorem withInt_eq {α : Type} (z : Int) (f : Int → α) : withInt z f = f z := by
  cases z <;> simp only [withInt, withValue_eq]

/-- Whether an integer is not negative. -/
def isNonneg : Int → Bool
  | .ofNat _ => true
  | .negSucc _ => false

theorem isNonneg_iff {z : Int} : isNonneg z = true ↔ 0 ≤ z := by
  cases z with
  | ofNat k => exact ⟨fun _ => Int.natCast_nonneg k, fun _ => rfl⟩
  | negSucc k => exact ⟨fun h => Bool.noConfusion h, fun h => absurd h (by omega)⟩

/-- The sum of `f 0, …, f (n - 1)`, when there are all of them. -/
def sumSome (f : Nat → Option Int) (n : Nat) : Option Int :=
  Nat.rec (motive := fun _ => Option Int) (some 0) (fun k y =>
    match y, f k with
    | some y, some z => withInt y fun y => withInt z fun z => some (Int.add y z)
    | _, _ => none) n

theorem sumSome_eq {f : Nat → Option Int} {n : Nat} {t : Int} (h : sumSome f n = some t) :
    ∃ g : Nat → Int, (∀ i < n, f i = some (g i)) ∧ t = integerSum n g := by
  suffices (∀ i < n, f i = some ((f i).getD 0)) ∧ t = integerSum n fun i => (f i).getD 0 from ⟨_, this⟩
  induction n generalizing t with
  | zero => exact ⟨fun i hi => by omega, (Option.some.inj h).symm⟩
  | succ n ih =>
    have unfolded : sumSome f (n + 1) = match sumSome f n, f n with
      | some y, some z => withInt y fun y => withInt z fun z => some (Int.add y z)
      | _, _ => none := rfl
    rw [unfolded] at h
    split at h
    case h_1 y z hy hz =>
      obtain ⟨all, sum⟩ := ih hy
      simp only [withInt_eq, Option.some.injEq] at h
      refine ⟨fun i hi => ?_, ?_⟩
      · rcases Nat.lt_or_eq_of_le (Nat.le_of_lt_succ hi) with lt | rfl
        · exact all i lt
        · rw [hz]; rfl
      · rw [integerSum, ← sum, hz, ← h]; rfl
    case h_2 => contradiction

/-! ## Doubles -/

/-- Whether the double at an index of a frame is finite. -/
def finiteAt (x i : Nat) : Bool := Nat.blt (Nat.mod (cut 64 x i) 0x8000000000000000) infinity

/-- The absolute value of a finite double in units of `2^(-1074)`, from its bits. -/
def absoluteOf (v : Nat) : Nat :=
  Nat.shiftLeft
    (Nat.add (Nat.mod v 0x10000000000000)
      (Nat.mul 0x10000000000000 (Nat.sub 1 (Nat.sub 1 (Nat.mod (Nat.shiftRight v 52) 2048)))))
    (Nat.sub (Nat.mod (Nat.shiftRight v 52) 2048) 1)

/-- A finite double in units of `2^(-1074)`, from its bits. -/
def doubleOf (v : Nat) : Int :=
  Bool.rec (Int.ofNat (absoluteOf v)) (Int.negOfNat (absoluteOf v)) (Nat.ble 0x8000000000000000 v)

/-- The double at an index of a frame in units of `2^(-1074)`, when it is finite. -/
def doubleAt (x i : Nat) : Int := withValue (cut 64 x i) doubleOf

/-- `y` and the product of the double with these bits and `z`; nothing is multiplied by zero. -/
def addProduct (v : Nat) (z y : Int) : Int :=
  Nat.casesOn v y fun k => withInt y fun y => Int.add y (Int.mul (doubleOf (Nat.succ k)) z)

/-- The sum of the products of doubles, at the indices `index 0, …, index (n - 1)` of a frame, and integers. -/
def sumProducts (index : Nat → Nat) (x : Nat) (z : Nat → Int) (n : Nat) : Int :=
  Nat.rec (motive := fun _ => Int) 0 (fun k y => addProduct (cut 64 x (index k)) (z k) y) n

theorem sumProducts_eq (index : Nat → Nat) (x : Nat) (z : Nat → Int) (n : Nat) :
    sumProducts index x z n = integerSum n fun k => doubleAt x (index k) * z k := by
  induction n with
  | zero => rfl
  | succ n ih =>
    rw [integerSum, ← ih, doubleAt, withValue_eq]
    show addProduct (cut 64 x (index n)) (z n) (sumProducts index x z n) = _
    cases cut 64 x (index n) with
    | zero =>
      show _ = _ + (0 : Int) * z n
      rw [Int.zero_mul, Int.add_zero]
      rfl
    | succ k =>
      show withInt (sumProducts index x z n) (fun y => y + doubleOf (k + 1) * z n) = _
      rw [withInt_eq]

theorem cut_eq_element (x i : Nat) : cut 64 x i = element x i := by rw [cut_eq]; rfl

theorem finiteAt_eq (x i : Nat) : finiteAt x i = isFinite (element x i) := by
  rw [finiteAt, cut_eq_element, isFinite, magnitude]
  show Nat.blt (element x i % _) infinity = _
  rw [Bool.eq_iff_iff, Nat.blt_eq, decide_eq_true_eq]

theorem absoluteOf_eq_scaledAbs {v : Nat} (h : isFinite v = true) : absoluteOf v = scaledAbs v := by
  have unfolded : absoluteOf v = (v % 2 ^ 52 + 2 ^ 52 * (1 - (1 - v / 2 ^ 52 % 2048))) * 2 ^ (v / 2 ^ 52 % 2048 - 1) := by
    rw [← Nat.shiftRight_eq_div_pow, ← Nat.shiftLeft_eq]; rfl
  simp only [isFinite, magnitude, infinity, decide_eq_true_eq] at h
  rw [unfolded, scaledAbs, magnitude, scaledMagnitude]
  split
  · rw [show v / 2 ^ 52 % 2048 = 0 by omega]; simp; omega
  · rw [show v % 0x8000000000000000 / 2 ^ 52 = v / 2 ^ 52 % 2048 by omega, show 1 - (1 - v / 2 ^ 52 % 2048) = 1 by omega]
    congr 1; omega

theorem doubleAt_eq {x i : Nat} (h : isFinite (element x i) = true) : doubleAt x i = scaled (element x i) := by
  rw [doubleAt, withValue_eq, doubleOf, cut_eq_element, absoluteOf_eq_scaledAbs h, scaled, isNegative, signBit]
  by_cases sign : 0x8000000000000000 ≤ element x i
  · rw [show Nat.ble 0x8000000000000000 (element x i) = true from Nat.ble_eq_true_of_le sign, decide_eq_true sign, if_pos rfl]
    exact Int.negOfNat_eq
  · rw [show Nat.ble 0x8000000000000000 (element x i) = false from Bool.eq_false_iff.2 (mt Nat.le_of_ble_eq_true sign),
      decide_eq_false sign, if_neg Bool.false_ne_true]
    rfl

/-- An integer without its last bits. -/
def withoutBits (unit : Nat) (z : Int) : Int :=
  match z with
  | .ofNat v => .ofNat (Nat.shiftRight v unit)
  | .negSucc v => Int.neg (.ofNat (Nat.shiftRight (Nat.succ v) unit))

/-- The test that two integers are the same. -/
def same (x y : Int) : Bool := Nat.beq (Int.natAbs (Int.sub x y)) 0

theorem same_sound {x y : Int} (h : same x y = true) : x = y := by
  have : (x - y).natAbs = 0 := Nat.eq_of_beq_eq_true h
  omega

/-- A finite double itself, as the only one of its frame. -/
theorem ofScaled_doubleAt_zero {bits : Nat} (small : bits < 2 ^ 64) (finite : isFinite bits = true) :
    ofScaled (doubleAt bits 0) = toRat bits := by
  have e : element bits 0 = bits := by rw [element, Nat.mul_zero, Nat.pow_zero, Nat.div_one, Nat.mod_eq_of_lt small]
  rw [doubleAt_eq (by rw [e]; exact finite), e, toRat_eq_ofScaled]

/-! ## Integers of any length -/

/-- The integer at an index of an array of integers, each of `words` words of 64 bits, in two's complement. -/
def integerAt (words x i : Nat) : Int :=
  withValue (cut (Nat.mul 64 words) x i) fun v =>
    Bool.rec (Int.ofNat v) (Int.negSucc (Nat.sub (Nat.sub (Nat.shiftLeft 1 (Nat.mul 64 words)) 1) v))
      (Nat.ble (Nat.shiftLeft 1 (Nat.sub (Nat.mul 64 words) 1)) v)

end LeanPythonBridge.Certificate
