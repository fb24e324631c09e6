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

/-- `f n`, of the number itself, as `withValue` has it, for numbers that may end in many zeros: the kernel finds what it
has evaluated by a hash, and that of a number is its lowest 64 bits. So the number stands above 64 bits that tell it from
others. Doubles in units of `2^(-1074)` end in hundreds of zeros; without this the time grows as the square of their number. -/
def withLarge {α : Type} (n : Nat) (f : Nat → α) : α :=
  withValue (Nat.add (Nat.shiftLeft n 64) (Nat.mod n 0xffffffffffffffc5)) fun t => f (Nat.shiftRight t 64)

@[simp] theorem withLarge_eq {α : Type} (n : Nat) (f : Nat → α) : withLarge n f = f n := by
  rw [withLarge, withValue_eq]
  congr
  show (n <<< 64 + n % 0xffffffffffffffc5) >>> 64 = n
  rw [Nat.shiftLeft_eq, Nat.shiftRight_eq_div_pow]
  omega

/-- `f z`, of the integer itself: see `withLarge`. -/
def withInt {α : Type} (z : Int) (f : Int → α) : α :=
  match z with
  | .ofNat k => withLarge k fun k => f (.ofNat k)
  | .negSucc k => withLarge k fun k => f (.negSucc k)

@[simp] theorem withInt_eq {α : Type} (z : Int) (f : Int → α) : withInt z f = f z := by
  cases z <;> simp only [withInt, withLarge_eq]

/-! ## Arithmetic

Sums, differences and products whose absolute values stay terms until they are needed: Lean's own have the kernel look
into the number, which leaves it in the term (see `withLarge`). -/

/-- The difference of natural numbers. -/
def differenceInt (a b : Nat) : Int :=
  Bool.rec (Int.negSucc (Nat.sub (Nat.sub b a) 1)) (Int.ofNat (Nat.sub a b)) (Nat.ble b a)

/-- The negative of an integer. -/
def negInt : Int → Int
  | .ofNat a => differenceInt 0 a
  | .negSucc a => .ofNat (Nat.succ a)

/-- The sum of integers. -/
def addInt : Int → Int → Int
  | .ofNat a, .ofNat b => .ofNat (Nat.add a b)
  | .ofNat a, .negSucc b => differenceInt a (Nat.succ b)
  | .negSucc a, .ofNat b => differenceInt b (Nat.succ a)
  | .negSucc a, .negSucc b => .negSucc (Nat.succ (Nat.add a b))

/-- The difference of integers. -/
def subInt : Int → Int → Int
  | .ofNat a, .ofNat b => differenceInt a b
  | .ofNat a, .negSucc b => .ofNat (Nat.succ (Nat.add a b))
  | .negSucc a, .ofNat b => .negSucc (Nat.add a b)
  | .negSucc a, .negSucc b => differenceInt b a

/-- The product of integers. -/
def mulInt : Int → Int → Int
  | .ofNat a, .ofNat b => .ofNat (Nat.mul a b)
  | .ofNat a, .negSucc b => differenceInt 0 (Nat.mul a (Nat.succ b))
  | .negSucc a, .ofNat b => differenceInt 0 (Nat.mul (Nat.succ a) b)
  | .negSucc a, .negSucc b => .ofNat (Nat.mul (Nat.succ a) (Nat.succ b))

theorem differenceInt_eq (a b : Nat) : differenceInt a b = (a : Int) - b := by
  rw [differenceInt]
  by_cases h : b ≤ a
  · rw [show Nat.ble b a = true from Nat.ble_eq_true_of_le h]
    show ((a - b : Nat) : Int) = _
    omega
  · rw [show Nat.ble b a = false from Bool.eq_false_iff.2 (mt Nat.le_of_ble_eq_true h)]
    show Int.negSucc (b - a - 1) = _
    omega

@[simp] theorem negInt_eq (a : Int) : negInt a = -a := by
  cases a
  · simp only [negInt, differenceInt_eq, Int.ofNat_eq_natCast]; omega
  · rfl

@[simp] theorem addInt_eq (a b : Int) : addInt a b = a + b := by
  cases a <;> cases b <;> simp only [addInt, differenceInt_eq, Nat.succ_eq_add_one, Nat.add_eq, Int.ofNat_eq_natCast] <;> omega

@[simp] theorem subInt_eq (a b : Int) : subInt a b = a - b := by
  cases a <;> cases b <;> simp only [subInt, differenceInt_eq, Nat.succ_eq_add_one, Nat.add_eq, Int.ofNat_eq_natCast] <;> omega

@[simp] theorem mulInt_eq (a b : Int) : mulInt a b = a * b := by
  cases a <;> cases b <;> simp only [mulInt, differenceInt_eq, Nat.succ_eq_add_one, Nat.mul_eq]
  · rfl
  · rw [Int.negSucc_eq, Int.mul_neg]; push_cast; simp
  · rw [Int.negSucc_eq, Int.neg_mul]; push_cast; simp
  · rfl

/-- Whether an integer is not negative. -/
def isNonneg : Int → Bool
  | .ofNat _ => true
  | .negSucc _ => false

theorem isNonneg_iff {z : Int} : isNonneg z = true ↔ 0 ≤ z := by
  cases z with
  | ofNat k => exact ⟨fun _ => Int.natCast_nonneg k, fun _ => rfl⟩
  | negSucc k => exact ⟨fun h => Bool.noConfusion h, fun h => absurd h (by omega)⟩

/-- The sum of `f 0, …, f (n - 1)`. -/
def sumInt (f : Nat → Int) (n : Nat) : Int :=
  Nat.rec (motive := fun _ => Int) 0 (fun k y => withInt y fun y => withInt (f k) fun z => addInt y z) n

theorem sumInt_eq (f : Nat → Int) (n : Nat) : sumInt f n = integerSum n f := by
  induction n with
  | zero => rfl
  | succ n ih =>
    rw [integerSum, ← ih]
    show withInt (sumInt f n) (fun y => withInt (f n) fun z => addInt y z) = _
    rw [withInt_eq, withInt_eq, addInt_eq]

/-- The sum of values, from the integers that they are in units of `2^(-2148)`. -/
theorem vecSum_sumInt (f : Nat → Int) (n : Nat) :
    (vecSum fun i : Fin n => ofScaledSquare (f i)) = ofScaledSquare (sumInt f n) := by
  rw [sumInt_eq, integerSum_eq_vecSum, ← vecSum_ofScaledSquare]

/-- The sum of `f 0, …, f (n - 1)`, when there are all of them. -/
def sumSome (f : Nat → Option Int) (n : Nat) : Option Int :=
  Nat.rec (motive := fun _ => Option Int) (some 0) (fun k y =>
    match y, f k with
    | some y, some z => withInt y fun y => withInt z fun z => some (addInt y z)
    | _, _ => none) n

theorem sumSome_eq {f : Nat → Option Int} {n : Nat} {t : Int} (h : sumSome f n = some t) :
    ∃ g : Nat → Int, (∀ i < n, f i = some (g i)) ∧ t = integerSum n g := by
  suffices (∀ i < n, f i = some ((f i).getD 0)) ∧ t = integerSum n fun i => (f i).getD 0 from ⟨_, this⟩
  induction n generalizing t with
  | zero => exact ⟨fun i hi => by omega, (Option.some.inj h).symm⟩
  | succ n ih =>
    have unfolded : sumSome f (n + 1) = match sumSome f n, f n with
      | some y, some z => withInt y fun y => withInt z fun z => some (addInt y z)
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
      · rw [integerSum, ← sum, hz, ← h, addInt_eq]; rfl
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
  Bool.rec (Int.ofNat (absoluteOf v)) (differenceInt 0 (absoluteOf v)) (Nat.ble 0x8000000000000000 v)

/-- The double at an index of a frame in units of `2^(-1074)`, when it is finite. -/
def doubleAt (x i : Nat) : Int := withValue (cut 64 x i) doubleOf

/-- `y` and the product of the double with these bits and `z`; nothing is multiplied by zero. -/
def addProduct (v : Nat) (z y : Int) : Int :=
  Nat.casesOn v y fun k => withInt y fun y => addInt y (mulInt (doubleOf (Nat.succ k)) z)

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
      show withInt (sumProducts index x z n) (fun y => addInt y (mulInt (doubleOf (k + 1)) (z n))) = _
      rw [withInt_eq, addInt_eq, mulInt_eq]

/-- In units of `2^(-2148)`, from units of `2^(-1074)`. -/
def raise (z : Int) : Int := Int.mul z (Int.ofNat (Nat.shiftLeft 1 1074))

theorem ofScaledSquare_raise (z : Int) : ofScaledSquare (raise z) = ofScaled z := by
  have e : raise z = z * scale := by
    show z * ((1 <<< 1074 : Nat) : Int) = _
    rw [one_shiftLeft_scale]
  rw [e, ofScaledSquare_mul_scale]

/-- The dot product of doubles, at indices of two frames, in units of `2^(-2148)`. -/
def dotAt (x : Nat) (i : Nat → Nat) (y : Nat) (j : Nat → Nat) (count : Nat) : Int :=
  sumProducts i x (fun l => doubleAt y (j l)) count

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
    show differenceInt 0 _ = _
    rw [differenceInt_eq, Int.ofNat_zero, Int.zero_sub]
  · rw [show Nat.ble 0x8000000000000000 (element x i) = false from Bool.eq_false_iff.2 (mt Nat.le_of_ble_eq_true sign),
      decide_eq_false sign, if_neg Bool.false_ne_true]
    rfl

theorem dotAt_eq {x y count : Nat} {i j : Nat → Nat} (hx : ∀ l < count, isFinite (element x (i l)) = true)
    (hy : ∀ l < count, isFinite (element y (j l)) = true) :
    (vecSum fun l : Fin count => toRat (element x (i l)) * toRat (element y (j l))) = ofScaledSquare (dotAt x i y j count) := by
  rw [dotAt, sumProducts_eq, ← sumInt_eq, ← vecSum_sumInt]
  congr; funext l
  rw [doubleAt_eq (hx l l.isLt), doubleAt_eq (hy l l.isLt), toRat_eq_ofScaled, toRat_eq_ofScaled, ofScaled_mul_ofScaled]

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
