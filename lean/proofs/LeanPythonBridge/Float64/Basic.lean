module

/-!
# IEEE 754 binary64, from its 64 bits

Lean's own `Float` is opaque to proofs. Here a double is its bit pattern, a natural number below `2^64`, and its value
is exact: every finite double is a whole multiple of `2^(-1074)`, so `scaled bits : Int` is its value times `2^1074`,
and `toRat bits` the value itself. All of it is arithmetic on `Nat`, which the kernel does with big integers.

The *magnitude* of a pattern is what is left without the sign bit. Magnitudes are ordered as their absolute values are:
the double after `m` is `m + 1`, and `infinity` follows the largest finite one.
-/

@[expose] public section

namespace LeanPythonBridge.Float64

/-- The pattern of +∞: the first magnitude that is not finite. -/
def infinity : Nat := 0x7ff0000000000000

/-- A pattern of "not a number" (the quiet one that every platform's arithmetic gives). -/
def nan : Nat := 0x7ff8000000000000

/-- The sign bit alone: the pattern of −0.0. -/
def signBit : Nat := 0x8000000000000000

/-- The pattern without its sign bit. -/
def magnitude (bits : Nat) : Nat := bits % 0x8000000000000000

/-- Whether the sign bit is set; true of −0.0 also. -/
def isNegative (bits : Nat) : Bool := signBit ≤ bits

/-- The 11 bits of the biased exponent. -/
def exponentField (bits : Nat) : Nat := magnitude bits / 2 ^ 52

/-- The 52 bits of the fraction. -/
def fraction (bits : Nat) : Nat := bits % 2 ^ 52

/-- Neither infinite nor "not a number". -/
def isFinite (bits : Nat) : Bool := magnitude bits < infinity

/-- "Not a number", with any payload. -/
def isNaN (bits : Nat) : Bool := infinity < magnitude bits

/-- +∞ or −∞. -/
def isInfinite (bits : Nat) : Bool := magnitude bits == infinity

/-- The absolute value times `2^1074` of a magnitude. For `infinity` it is what the next double would be, `2^1024`:
the limit from which rounding to nearest overflows is then found as between any two neighbours. -/
def scaledMagnitude (magnitude : Nat) : Nat :=
  if magnitude < 2 ^ 52 then magnitude
  else (2 ^ 52 + magnitude % 2 ^ 52) * 2 ^ (magnitude / 2 ^ 52 - 1)

/-- The absolute value times `2^1074`. -/
def scaledAbs (bits : Nat) : Nat := scaledMagnitude (magnitude bits)

/-- The value times `2^1074`, exactly; of finite doubles. Zero for −0.0. -/
def scaled (bits : Nat) : Int := if isNegative bits then -(scaledAbs bits : Int) else scaledAbs bits

/-- `2^1074`: what `scaled` multiplies by. -/
def scale : Nat := 2 ^ 1074

/-- The value of a finite double. -/
def toRat (bits : Nat) : Rat := (scaled bits : Rat) / (scale : Rat)

/-- The magnitude nearest to `numerator / denominator / 2^1074`, ties to the even one, for a positive denominator.
`infinity` or more when it overflows. -/
def nearestMagnitude (numerator denominator : Nat) : Nat :=
  let quotient := numerator / denominator
  let shift := quotient.log2 - 52
  let unit := denominator * 2 ^ shift
  let rounded := numerator / unit
  let doubled := 2 * (numerator % unit)
  let up := if doubled < unit then 0 else if unit < doubled then 1 else rounded % 2
  shift * 2 ^ 52 + rounded + up

/-- The double nearest to the rational `numerator / denominator` (ties to even), for a positive denominator, as a
magnitude; `none` when it overflows. A caller sets the sign by adding `signBit`. -/
def ofRatio? (numerator denominator : Nat) : Option Nat :=
  let rounded := nearestMagnitude (numerator * scale) denominator
  if rounded < infinity then some rounded else none

/-- Whether the double `bits` is the one nearest to `x / 2^1074`, ties to even; zero is +0.0. -/
def isNearest (bits : Nat) (x : Int) : Bool :=
  let rounded := nearestMagnitude x.natAbs 1
  rounded < infinity && bits == if x < 0 then signBit + rounded else rounded

/-- Whether `bits` is the least double that is at least `numerator / denominator / 2^1074`: a finite one that is not
below, and +0.0 or with a predecessor that is below. -/
def isLeastAbove (bits numerator denominator : Nat) : Bool :=
  bits < infinity && numerator ≤ scaledMagnitude bits * denominator &&
    (bits == 0 || scaledMagnitude (bits - 1) * denominator < numerator)

end LeanPythonBridge.Float64
