module

public import LeanPythonBridge.Float64.Vectors
public import LeanPythonBridge.Certificate.Lanes
public import LeanPythonBridge.Recursors

/-!
# Rows of doubles as lanes of integers

A frame of doubles with one exponent for all: each value is an integer times `2^(low - 1074)`, where `low` is at most
the least exponent in the frame (`Range`, which comes with the certificate and is checked for the whole frame at once).
`rowLanes` takes a row from the frame and turns its doubles into integers in lanes, all at the same time: fractions,
exponents and signs are cut out by masks, and the fractions shifted by a barrel shifter, one stage for each bit of the
exponents' differences. Integers carry an offset, so that lanes are never negative.

A lane has `m` words of 64 bits. Doubles stand in words: the `n` of a row are dealt out to `m` classes, by their index
modulo `m`, each of which has room between its doubles; so the lanes hold the columns in the order of `column`.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate

open Float64

/-- `step (n - 1) (… (step 0 start))`. By the recursor itself: the kernel is slower at what structural recursion is
compiled to. -/
def fold (step : Nat → Nat → Nat) (start n : Nat) : Nat := Nat.rec start step n

/-- `fold` as it is compiled. -/
def foldCompiled (step : Nat → Nat → Nat) (start : Nat) : Nat → Nat
  | 0 => start
  | n + 1 => step n (foldCompiled step start n)

@[csimp] theorem fold_eq_compiled : @fold = @foldCompiled := by
  funext step start n
  induction n with
  | zero => rfl
  | succ n ih => rw [foldCompiled, ← ih]; rfl

/-- `f n`, of the number itself: the kernel keeps what it has evaluated by the terms, and two terms for one number are
evaluated twice. -/
def withValue {α : Type} (n : Nat) (f : Nat → α) : α := Nat.casesOn n (f 0) fun k => f (Nat.succ k)

@[simp] theorem withValue_eq {α : Type} (n : Nat) (f : Nat → α) : withValue n f = f n := by cases n <;> rfl

/-! ## The integers of a frame -/

/-- Where the exponents of a frame lie. -/
structure Range where
  /-- Every value is a whole multiple of `2^(low - 1074)`. -/
  low : Nat
  /-- Every biased exponent is less. -/
  high : Nat
  deriving Repr, DecidableEq

/-- Absolute values of the integers have this many bits at most. -/
def Range.bits (r : Range) : Nat := Nat.sub (Nat.add 51 r.high) r.low

/-- The number of stages of the barrel shifter. -/
def Range.stages (r : Range) : Nat := Nat.add (Nat.log2 (Nat.sub r.high r.low)) 1

/-- What is added to the integers. -/
def Range.offset (r : Range) : Nat := Nat.shiftLeft 1 r.bits

/-- The least magnitude, after zero, of doubles that are such multiples: that of `low + 1` as exponent, or the least of all. -/
def Range.least (r : Range) : Nat :=
  Nat.sub (Nat.mul (Nat.add r.low 1) 0x10000000000000) (Nat.mul 0xfffffffffffff (Nat.sub 1 r.low))

/-- The exponents are in order, and those of finite doubles. -/
def Range.check (r : Range) : Bool := Nat.ble (Nat.add r.low 2) r.high && Nat.ble r.high 2047

/-- The double is finite and its exponent lies in the range, or it is zero. -/
def Range.Holds (r : Range) (bits : Nat) : Prop :=
  magnitude bits < r.high * 2 ^ 52 ∧ (magnitude bits = 0 ∨ r.least ≤ magnitude bits)

/-- The magnitudes of the doubles in a frame, `unit` having 1 in each word. -/
def magnitudes (unit x : Nat) : Nat := Nat.land x (Nat.mul unit 0x7fffffffffffffff)

/-- 1 where a magnitude is at least `bound`. -/
def atLeast (unit magnitudes bound : Nat) : Nat :=
  Nat.land (Nat.shiftRight (Nat.add magnitudes (Nat.mul unit (Nat.sub 0x8000000000000000 bound))) 63) unit

/-- The test that the first `count` doubles of a frame lie in the range. -/
def Range.checkFrame (r : Range) (count x : Nat) : Bool :=
  r.check && Nat.beq (atLeast (ones 64 count) (magnitudes (ones 64 count) x) (Nat.mul r.high 0x10000000000000)) 0 &&
    Nat.beq (atLeast (ones 64 count) (magnitudes (ones 64 count) x) 1)
      (atLeast (ones 64 count) (magnitudes (ones 64 count) x) r.least)

/-! ## From doubles to integers, all lanes at once

`unit` has 1 in each lane and `full` is a lane of ones. With `unit = 1` it is what happens in one lane. -/

/-- The exponents. -/
def exponents (unit x : Nat) : Nat := Nat.land (Nat.shiftRight x 52) (Nat.mul unit 2047)

/-- 1 where the exponent is not 0. -/
def normals (unit exponents : Nat) : Nat :=
  Nat.land (Nat.shiftRight (Nat.add exponents (Nat.mul unit 2047)) 11) unit

/-- The fractions with their leading bit. -/
def mantissas (unit x normals : Nat) : Nat :=
  Nat.add (Nat.land x (Nat.mul unit 0xfffffffffffff)) (Nat.mul normals 0x10000000000000)

/-- How far to shift: the exponents less `low`. Where that is negative the double is zero. -/
def shifts (unit exponents normals low : Nat) : Nat :=
  Nat.sub (Nat.add exponents (Nat.mul unit (Nat.sub 2048 low))) normals

/-- Each lane of `x` shifted to the left by the same lane of `amounts`, of which the lowest `stages` bits count. -/
def barrel (unit full amounts x stages : Nat) : Nat :=
  fold (fun b y => Nat.add y (Nat.mul
    (Nat.land y (Nat.mul (Nat.land (Nat.shiftRight amounts b) unit) full)) (Nat.sub (Nat.pow 2 (Nat.pow 2 b)) 1))) x stages

/-- The offset plus the values, or less the values where the double is negative. -/
def signed (unit full offset x values : Nat) : Nat :=
  Nat.sub (Nat.add values (Nat.mul unit offset))
    (Nat.mul 2 (Nat.land values (Nat.mul (Nat.land (Nat.shiftRight x 63) unit) full)))

/-- The absolute values of the integers of doubles in lanes. -/
def absolutes (r : Range) (unit full x : Nat) : Nat :=
  barrel unit full (shifts unit (exponents unit x) (normals unit (exponents unit x)) r.low)
    (mantissas unit x (normals unit (exponents unit x))) r.stages

/-- The integers of doubles in lanes, with their offset. -/
def integers (r : Range) (unit full x : Nat) : Nat :=
  signed unit full r.offset x (absolutes r unit full x)

/-- What stands in the lane of a double. -/
def code (r : Range) (w v : Nat) : Nat := integers r 1 (Nat.sub (Nat.shiftLeft 1 w) 1) v

/-- The integer of a double. -/
def decode (r : Range) (w v : Nat) : Int := (code r w v : Int) - r.offset

/-! ## Rows in lanes -/

/-- The number of lanes in each of the `m` classes. -/
def classSize (m n : Nat) : Nat := Nat.div (Nat.sub (Nat.add n m) 1) m

/-- The number of lanes of a row: `n`, or a few more that hold zeros. -/
def laneCount (m n : Nat) : Nat := Nat.mul (classSize m n) m

/-- The column that stands in a lane. -/
def column (m n l : Nat) : Nat := l % classSize m n * m + l / classSize m n

/-- The lane of a column. -/
def position (m n j : Nat) : Nat := Nat.add (Nat.mul (Nat.mod j m) (classSize m n)) (Nat.div j m)

/-- `size` bits of a number, from bit `size * i` on. -/
def cut (size x i : Nat) : Nat := Nat.land (Nat.shiftRight x (Nat.mul size i)) (Nat.sub (Nat.shiftLeft 1 size) 1)

/-- A row of a frame. It is cut from a block of 16 rows: shifting the whole frame for each row costs too much. -/
def cutRow (size x i : Nat) : Nat :=
  withValue (Nat.div i 16) fun block => cut size (cut (Nat.mul 16 size) x block) (Nat.mod i 16)

/-- The words of a row, dealt out to lanes. -/
def spread (m n x : Nat) : Nat :=
  fold (fun k y => Nat.add y (Nat.shiftLeft
    (Nat.land (Nat.shiftRight x (Nat.mul 64 k)) (Nat.mul (ones (Nat.mul 64 m) (classSize m n)) 0xffffffffffffffff))
    (Nat.mul (Nat.mul 64 m) (Nat.mul (classSize m n) k)))) 0 m

/-- Row `i` of a frame with `n` columns, as integers in lanes of `m` words. -/
def rowLanes (r : Range) (m n x i : Nat) : Nat :=
  integers r (ones (Nat.mul 64 m) (laneCount m n)) (Nat.sub (Nat.shiftLeft 1 (Nat.mul 64 m)) 1)
    (spread m n (cutRow (Nat.mul 64 n) x i))

end LeanPythonBridge.Certificate
