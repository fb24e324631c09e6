module

/-!
# Decimal text of binary64 floats

Exact conversion between decimal numbers and IEEE 754 binary64 bit patterns, in integer arithmetic only: no step
rounds but the last. Written so that the kernel evaluates it quickly (big `Nat` operations, structural recursion).

* `toBits`: the double nearest to a decimal number, ties to even.
* `shortest`: the shortest decimal number that rounds back, and the nearest one among those.
* `read`: a JSON number as a literal; `format`: a finite double as Python's `repr` writes it.
* `parse_format`: what `format` writes, `parse` reads back as the same bits.
-/

@[expose] public section

namespace LeanPythonBridge.Decimal

/-! ## From decimal to binary -/

/-- `num / den` rounded to the nearest integer, ties to even. -/
def roundQuotient (num den : Nat) : Nat :=
  let twice := 2 * (num % den)
  if den < twice || (den == twice && num / den % 2 == 1) then num / den + 1 else num / den

/-- The scale `t` such that `num / den`, counted in units of `2 ^ (t - 1074)`, has at most 53 bits; the least one. -/
def scale (num den : Nat) : Nat :=
  let t := num.log2 + 1021 - den.log2
  if den <<< (t + 53) ≤ num <<< 1074 then t + 1 else t

/-- The bits of the double nearest to `num / den`; `none` when that overflows.
A significand that rounds up to `2 ^ 53` carries into the exponent field, as it should. -/
def ratioBits (num den : Nat) : Option Nat :=
  let t := scale num den
  let bits := t <<< 52 + roundQuotient (num <<< 1074) (den <<< t)
  if bits < 0x7ff0000000000000 then some bits else none

/-- The bits of the double nearest to `digits * 10 ^ exponent`; `none` when that overflows.
The two early answers keep powers of ten small: `10 ^ 309` overflows, and `2 ^ (-1076)` rounds to zero. -/
def magnitudeBits (digits : Nat) (exponent : Int) : Option Nat :=
  if digits = 0 then some 0 else
  match exponent with
  | .ofNat e => if 309 ≤ e then none else ratioBits (digits * 10 ^ e) 1
  | .negSucc e =>
    if digits.log2 + 1077 ≤ 3 * (e + 1) then some 0 else ratioBits digits (10 ^ (e + 1))

/-- The bits of the double nearest to `± digits * 10 ^ exponent`, ties to even; `none` when that overflows. -/
def toBits (negative : Bool) (digits : Nat) (exponent : Int) : Option UInt64 :=
  match magnitudeBits digits exponent with
  | some bits => some (UInt64.ofNat (if negative then 0x8000000000000000 + bits else bits))
  | none => none

/-! ## From binary to decimal -/

/-- The biased exponent of a bit pattern: 2047 for infinities and NaNs. -/
def exponentField (bits : UInt64) : Nat := bits.toNat >>> 52 % 2048

/-- Whether the sign bit is set. -/
def isNegative (bits : UInt64) : Bool := 0x8000000000000000 ≤ bits.toNat

/-- The greatest `k` (from `start`, in at most `fuel` steps) such that a multiple of `10 ^ k` lies in `[low, high]`. -/
def trailing (low high : Nat) : (fuel start : Nat) → Nat
  | 0, k => k
  | fuel + 1, k => if low ≤ high / 10 ^ (k + 1) * 10 ^ (k + 1) then trailing low high fuel (k + 1) else k

/-- Of the multiples of `unit` next to `twice / 2` (below it, and above), the nearest that lies in `[low, high]`;
`exact` says whether `twice` is the number's double or only the integer part of that. Ties go to the even multiple. -/
def nearest (low high unit twice : Nat) (exact : Bool) : Nat :=
  let below := twice / 2 / unit
  let middle := (2 * below + 1) * unit
  if below * unit < low then below + 1
  else if high < (below + 1) * unit then below
  else if twice < middle then below
  else if twice == middle && exact && below % 2 == 0 then below
  else below + 1

/-- The shortest decimal number `digits * 10 ^ exponent` that rounds to `significand * 2 ^ (t - 1074)`, nearest to it
among those. Everything is counted in units of `10 ^ (power - 340)`, which gives 17 or 18 digits; the rounding interval
reaches half a step of the grid up and down, but only a quarter down from a power of two. -/
def shortestOf (significand t : Nat) : Nat × Int :=
  let power := ((significand.log2 + t) * 30103 + 69378) / 100000
  let num := 10 ^ 340 <<< t
  let den := 10 ^ power <<< 1076
  let down := if significand == 0x10000000000000 && t != 0 then 1 else 2
  let below := (4 * significand - down) * num
  let above := (4 * significand + 2) * num
  let twice := 8 * significand * num
  let even := significand % 2 == 0
  let low := if even then (below + den - 1) / den else below / den + 1
  let high := if even then above / den else (above - 1) / den
  let k := trailing low high 18 0
  (nearest low high (10 ^ k) (twice / den) (twice % den == 0), Int.ofNat (power + k) - 340)

/-- The shortest decimal number that rounds to the magnitude of a finite double, nearest to it among those. -/
def shortest (bits : UInt64) : Nat × Int :=
  let fraction := bits.toNat % 0x10000000000000
  match exponentField bits with
  | 0 => if fraction = 0 then (0, 0) else shortestOf fraction 0
  | t + 1 => shortestOf (fraction + 0x10000000000000) t

/-! ## Text -/

/-- The character of a digit below 10. -/
def digitChar (digit : Nat) : Char := Char.ofNat (digit + 48)

/-- The decimal digits of `n`, at most `fuel` of them, before `after`. -/
def digitsBefore : (fuel n : Nat) → (after : List Char) → List Char
  | 0, _, after => after
  | fuel + 1, n, after =>
    if n < 10 then digitChar n :: after else digitsBefore fuel (n / 10) (digitChar (n % 10) :: after)

/-- The decimal digits of a natural number. -/
def natText (n : Nat) : List Char := digitsBefore (n.log2 + 1) n []

/-- `digits * 10 ^ exponent` as Python writes a float: positional from `1e-4` to below `1e16`, else with an exponent. -/
def unsignedText (digits : Nat) (exponent : Int) : List Char :=
  let text := natText digits
  let point := Int.ofNat text.length + exponent
  if -4 < point && point ≤ 16 then
    if point ≤ 0 then '0' :: '.' :: (List.replicate (-point).toNat '0' ++ text)
    else
      let whole := text.take point.toNat ++ List.replicate exponent.toNat '0'
      match text.drop point.toNat with
      | [] => whole ++ ['.', '0']
      | fraction => whole ++ '.' :: fraction
  else
    let power := point - 1
    let absolute := natText power.natAbs
    let tail := 'e' :: (if power < 0 then '-' else '+') ::
      (if power.natAbs < 10 then '0' :: absolute else absolute)
    match text with
    | first :: second :: rest => first :: '.' :: second :: (rest ++ tail)
    | _ => text ++ tail

/-- The text of a finite double, not yet checked. -/
def candidate (bits : UInt64) : List Char :=
  let number := shortest bits
  let text := unsignedText number.1 number.2
  if isNegative bits then '-' :: text else text

/-! ## Reading -/

/-- A JSON number, exactly: `± digits * 10 ^ exponent`. -/
structure Literal where
  /-- Whether it starts with a minus sign. -/
  negative : Bool
  /-- All its digits before the exponent, as one number. -/
  digits : Nat
  /-- The power of ten. -/
  exponent : Int
  /-- Whether it has neither a fraction nor an exponent. -/
  integer : Bool

/-- Whether a character is a decimal digit. -/
def isDigit (c : Char) : Bool := 48 ≤ c.toNat && c.toNat ≤ 57

/-- Whether a character can stand in a JSON number. -/
def isNumberChar (c : Char) : Bool :=
  isDigit c || c == '.' || c == '-' || c == 'e' || c == '+' || c == 'E'

/-- Reads the digits at the start: `value` continued by them, `count` increased by their number, and the rest. -/
def takeDigits : List Char → (value count : Nat) → Nat × Nat × List Char
  | [], value, count => (value, count, [])
  | c :: cs, value, count =>
    if isDigit c then takeDigits cs (value * 10 + (c.toNat - 48)) (count + 1) else (value, count, c :: cs)

/-- Reads the digits of an exponent up to the end of the text. -/
def readExponentDigits (text : List Char) : Option Nat :=
  match takeDigits text 0 0 with
  | (value, _ + 1, []) => some value
  | _ => none

/-- Reads an exponent up to the end of the text, from the sign on. -/
def readExponent : List Char → Option Int
  | [] => none
  | c :: cs =>
    if c == '-' then (readExponentDigits cs).map fun n => -Int.ofNat n
    else (readExponentDigits (if c == '+' then cs else c :: cs)).map Int.ofNat

/-- Reads what follows digits and fraction: nothing, or `e` and an exponent. -/
def readTail (negative : Bool) (digits : Nat) (exponent : Int) : List Char → Option Literal
  | [] => some ⟨negative, digits, exponent, false⟩
  | c :: cs =>
    if c == 'e' || c == 'E' then
      (readExponent cs).map fun power => ⟨negative, digits, exponent + power, false⟩
    else none

/-- Reads what follows the integer part. -/
def readFraction (negative : Bool) (digits : Nat) : List Char → Option Literal
  | [] => some ⟨negative, digits, 0, true⟩
  | c :: cs =>
    if c == '.' then
      match takeDigits cs digits 0 with
      | (_, 0, _) => none
      | (value, count, rest) => readTail negative value (-Int.ofNat count) rest
    else readTail negative digits 0 (c :: cs)

/-- Reads a number after its sign. A zero is not followed by another digit. -/
def readUnsigned (negative : Bool) : List Char → Option Literal
  | [] => none
  | c :: cs =>
    if c == '0' then readFraction negative 0 cs
    else if isDigit c then
      let number := takeDigits cs (c.toNat - 48) 0
      readFraction negative number.1 number.2.2
    else none

/-- Reads a number by the grammar of RFC 8259, up to the end of the text. -/
def read : List Char → Option Literal
  | [] => none
  | c :: cs => if c == '-' then readUnsigned true cs else readUnsigned false (c :: cs)

/-- The bits of the double nearest to a literal; `none` when that overflows. -/
def Literal.toBits (literal : Literal) : Option UInt64 :=
  Decimal.toBits literal.negative literal.digits literal.exponent

/-- The bits of the double nearest to a JSON number. -/
def parse (text : List Char) : Option UInt64 :=
  match read text with
  | some literal => literal.toBits
  | none => none

/-- Whether a text is the JSON form of a float with the given bits: with a fraction or an exponent, and rounding
to those bits. -/
def isTextOf (bits : UInt64) (text : List Char) : Bool :=
  match read text with
  | some literal => !literal.integer && literal.toBits == some bits && text.all isNumberChar
  | none => false

/-- The text of a finite double, as Python's `repr` writes it. It is checked to read back as the same bits. -/
def format (bits : UInt64) : Option (List Char) :=
  if exponentField bits = 2047 then none
  else if isTextOf bits (candidate bits) then some (candidate bits) else none

/-- What `format` writes has been checked. -/
theorem isTextOf_of_format {bits : UInt64} {text : List Char} (h : format bits = some text) :
    isTextOf bits text = true := by
  grind [format]

/-- A float's text is a literal with a fraction or an exponent, that rounds to the float. -/
theorem read_of_isTextOf {bits : UInt64} {text : List Char} (h : isTextOf bits text = true) :
    ∃ literal, read text = some literal ∧ literal.integer = false ∧ literal.toBits = some bits := by
  unfold isTextOf at h
  split at h
  · next literal hread => exact ⟨literal, hread, by simp_all⟩
  · contradiction

/-- What `format` writes, `parse` reads back as the same bits. -/
theorem parse_format {bits : UInt64} {text : List Char} (h : format bits = some text) :
    parse text = some bits := by
  obtain ⟨literal, hread, -, hbits⟩ := read_of_isTextOf (isTextOf_of_format h)
  simp [parse, hread, hbits]

end LeanPythonBridge.Decimal
