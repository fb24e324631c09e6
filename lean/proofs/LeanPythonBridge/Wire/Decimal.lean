module

public import LeanPythonBridge.Float64.Basic

/-!
# Decimal text of binary64 floats

Exact conversion between decimal numbers and IEEE 754 binary64 bit patterns, in integer arithmetic only: no step
rounds but the last. Written so that the kernel evaluates it quickly: big `Nat` operations, structural recursion, and
`Nat.beq` and `Nat.ble` under `bif`, which cost it a fraction of a decidable proposition. Text is ASCII bytes.

* `toBits`: the double nearest to a decimal number, ties to even.
* `shortest`: the shortest decimal number that rounds back, and the nearest one among those.
* `read`: a JSON number as a literal; `format`: a finite double as Python's `repr` writes it.
* `parse_format`: what `format` writes, `parse` reads back as the same bits.
-/

@[expose] public section

namespace LeanPythonBridge

/-! ## ASCII -/

/-- The byte of an ASCII character. -/
def byte (c : Char) : UInt8 := UInt8.ofNat c.toNat

/-- Whether a byte is this ASCII character. -/
def isChar (b : UInt8) (c : Char) : Bool := Nat.beq b.toNat c.toNat

/-- Whether a byte is a decimal digit. -/
def isDigit (b : UInt8) : Bool := bif Nat.ble 48 b.toNat then Nat.ble b.toNat 57 else false

namespace Decimal

/-! ## From decimal to binary -/

/-- The magnitude of the double nearest to `digits * 10 ^ exponent`; `none` when that overflows.
The two early answers keep powers of ten small: `10 ^ 309` overflows, and what is below `2 ^ (-1076)` rounds to zero. -/
def magnitude (digits : Nat) (exponent : Int) : Option Nat :=
  match digits, exponent with
  | 0, _ => some 0
  | digits, .ofNat e => bif Nat.ble 309 e then none else Float64.ofRatio? (digits * 10 ^ e) 1
  | digits, .negSucc e =>
    bif Nat.ble (digits.log2 + 1077) (3 * (e + 1)) then some 0 else Float64.ofRatio? digits (10 ^ (e + 1))

/-- The bits of the double nearest to `± digits * 10 ^ exponent`, ties to even; `none` when that overflows. -/
def toBits (negative : Bool) (digits : Nat) (exponent : Int) : Option UInt64 :=
  match magnitude digits exponent with
  | some bits => some (UInt64.ofNat (bif negative then Float64.signBit + bits else bits))
  | none => none

/-! ## From binary to decimal -/

/-- The greatest `k` (from `start`, in at most `fuel` steps) such that a multiple of `10 ^ k` lies in `[low, high]`. -/
def trailing (low high : Nat) : (fuel start : Nat) → Nat
  | 0, k => k
  | fuel + 1, k =>
    bif Nat.ble low (high / 10 ^ (k + 1) * 10 ^ (k + 1)) then trailing low high fuel (k + 1) else k

/-- Of the multiples of `unit` next to `twice / 2` (below it, and above), the nearest that lies in `[low, high]`;
`exact` says whether `twice` is the number's double or only the integer part of that. Ties go to the even multiple. -/
def nearest (low high unit twice : Nat) (exact : Bool) : Nat :=
  let below := twice / 2 / unit
  let middle := (2 * below + 1) * unit
  bif Nat.blt (below * unit) low then below + 1
  else bif Nat.blt high ((below + 1) * unit) then below
  else bif Nat.blt twice middle then below
  else bif Nat.beq twice middle && exact && Nat.beq (below % 2) 0 then below
  else below + 1

/-- The shortest decimal number `digits * 10 ^ exponent` that rounds to `significand * 2 ^ (t - 1074)`, nearest to it
among those. Everything is counted in units of `10 ^ (power - 340)`, which gives 17 or 18 digits; the rounding interval
reaches half a step of the grid up and down, but only a quarter down from a power of two. -/
def shortestOf (significand t : Nat) : Nat × Int :=
  let power := ((significand.log2 + t) * 30103 + 69378) / 100000
  let num := 10 ^ 340 <<< t
  let den := 10 ^ power <<< 1076
  let down := bif Nat.beq significand 0x10000000000000 && Nat.blt 0 t then 1 else 2
  let below := (4 * significand - down) * num
  let above := (4 * significand + 2) * num
  let twice := 8 * significand * num
  let even := Nat.beq (significand % 2) 0
  let low := bif even then (below + den - 1) / den else below / den + 1
  let high := bif even then above / den else (above - 1) / den
  let k := trailing low high 18 0
  (nearest low high (10 ^ k) (twice / den) (Nat.beq (twice % den) 0), Int.ofNat (power + k) - 340)

/-- The shortest decimal number that rounds to the magnitude of a finite double, nearest to it among those. -/
def shortest (bits : UInt64) : Nat × Int :=
  let fraction := Float64.fraction bits.toNat
  match Float64.exponentField bits.toNat with
  | 0 => bif Nat.beq fraction 0 then (0, 0) else shortestOf fraction 0
  | t + 1 => shortestOf (fraction + 0x10000000000000) t

/-! ## Text -/

/-- The decimal digits of `n`, at most `fuel` of them, before `rest`. -/
def digitsBefore : (fuel n : Nat) → (rest : List UInt8) → List UInt8
  | 0, _, rest => rest
  | fuel + 1, n, rest =>
    bif Nat.ble n 9 then UInt8.ofNat (n + 48) :: rest
    else digitsBefore fuel (n / 10) (UInt8.ofNat (n % 10 + 48) :: rest)

/-- The decimal digits of a natural number, before `rest`. -/
def natBefore (n : Nat) (rest : List UInt8) : List UInt8 := digitsBefore (n.log2 + 1) n rest

/-- `count` zeros before `rest`. -/
def zerosBefore : (count : Nat) → (rest : List UInt8) → List UInt8
  | 0, rest => rest
  | count + 1, rest => byte '0' :: zerosBefore count rest

/-- The length of a text. -/
def size : List UInt8 → Nat
  | [] => 0
  | _ :: text => size text + 1

/-- Digits with a point after the first `whole` of them, and at least one digit after the point. -/
def pointed : (digits : List UInt8) → (whole : Nat) → List UInt8
  | [], 0 => [byte '.', byte '0']
  | digits, 0 => byte '.' :: digits
  | [], whole + 1 => zerosBefore (whole + 1) [byte '.', byte '0']
  | digit :: digits, whole + 1 => digit :: pointed digits whole

/-- Digits with a point after the first, unless it is the only one. -/
def mantissa : (digits : List UInt8) → List UInt8
  | first :: second :: rest => first :: byte '.' :: second :: rest
  | digits => digits

/-- An exponent of at least two digits, after its sign. -/
def exponentText (magnitude : Nat) : List UInt8 :=
  bif Nat.ble magnitude 9 then byte '0' :: natBefore magnitude [] else natBefore magnitude []

/-- Digits whose point stands after the first `point` of them, as Python writes a float: positional from `1e-4` to
below `1e16`, else with an exponent. -/
def pointText (digits : List UInt8) : (point : Int) → List UInt8
  | .ofNat 0 => byte '0' :: byte '.' :: digits
  | .ofNat (n + 1) =>
    bif Nat.ble n 15 then pointed digits (n + 1)
    else mantissa digits ++ byte 'e' :: byte '+' :: exponentText n
  | .negSucc n =>
    bif Nat.ble n 2 then byte '0' :: byte '.' :: zerosBefore (n + 1) digits
    else mantissa digits ++ byte 'e' :: byte '-' :: exponentText (n + 2)

/-- The text of a finite double, not yet checked. -/
def candidate (bits : UInt64) : List UInt8 :=
  match shortest bits with
  | (digits, exponent) =>
    let digits := natBefore digits []
    let text := pointText digits (Int.ofNat (size digits) + exponent)
    bif Float64.isNegative bits.toNat then byte '-' :: text else text

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

/-- Whether a byte can stand in a JSON number. -/
def isNumberByte (b : UInt8) : Bool :=
  bif isDigit b then true
  else isChar b '.' || isChar b '-' || isChar b 'e' || isChar b '+' || isChar b 'E'

/-- Reads the digits at the start: `value` continued by them, `count` increased by their number, and the rest. -/
def takeDigits : List UInt8 → (value count : Nat) → Nat × Nat × List UInt8
  | [], value, count => (value, count, [])
  | b :: text, value, count =>
    bif isDigit b then takeDigits text (value * 10 + (b.toNat - 48)) (count + 1)
    else (value, count, b :: text)

/-- Reads the digits of an exponent up to the end of the text. -/
def readExponentDigits (negative : Bool) (text : List UInt8) : Option Int :=
  match takeDigits text 0 0 with
  | (value, _ + 1, []) => some (bif negative then -Int.ofNat value else Int.ofNat value)
  | _ => none

/-- Reads an exponent up to the end of the text, from the sign on. -/
def readExponent : List UInt8 → Option Int
  | [] => none
  | b :: text =>
    bif isChar b '-' then readExponentDigits true text
    else bif isChar b '+' then readExponentDigits false text
    else readExponentDigits false (b :: text)

/-- Reads what follows digits and fraction: nothing, or `e` and an exponent. -/
def readTail (negative : Bool) (digits : Nat) (exponent : Int) : List UInt8 → Option Literal
  | [] => some ⟨negative, digits, exponent, false⟩
  | b :: text =>
    bif isChar b 'e' || isChar b 'E' then
      match readExponent text with
      | some power => some ⟨negative, digits, exponent + power, false⟩
      | none => none
    else none

/-- Reads what follows the integer part. -/
def readFraction (negative : Bool) (digits : Nat) : List UInt8 → Option Literal
  | [] => some ⟨negative, digits, 0, true⟩
  | b :: text =>
    bif isChar b '.' then
      match takeDigits text digits 0 with
      | (_, 0, _) => none
      | (value, count, rest) => readTail negative value (-Int.ofNat count) rest
    else readTail negative digits 0 (b :: text)

/-- Reads a number after its sign. A zero is not followed by another digit. -/
def readUnsigned (negative : Bool) : List UInt8 → Option Literal
  | [] => none
  | b :: text =>
    bif isChar b '0' then readFraction negative 0 text
    else bif isDigit b then
      match takeDigits text (b.toNat - 48) 0 with
      | (value, _, rest) => readFraction negative value rest
    else none

/-- Reads a number by the grammar of RFC 8259, up to the end of the text. -/
def read : List UInt8 → Option Literal
  | [] => none
  | b :: text => bif isChar b '-' then readUnsigned true text else readUnsigned false (b :: text)

/-- The bits of the double nearest to a literal; `none` when that overflows. -/
def Literal.toBits (literal : Literal) : Option UInt64 :=
  Decimal.toBits literal.negative literal.digits literal.exponent

/-- The bits of the double nearest to a JSON number. -/
def parse (text : List UInt8) : Option UInt64 :=
  match read text with
  | some literal => literal.toBits
  | none => none

/-! ## Checked text -/

/-- Whether all bytes can stand in a JSON number. -/
def allNumberBytes : List UInt8 → Bool
  | [] => true
  | b :: text => bif isNumberByte b then allNumberBytes text else false

/-- Whether a text is the JSON form of a float with the given bits: with a fraction or an exponent, and rounding
to those bits. -/
def isTextOf (bits : UInt64) (text : List UInt8) : Bool :=
  match read text with
  | some literal =>
    match literal.toBits with
    | some found => !literal.integer && Nat.beq found.toNat bits.toNat && allNumberBytes text
    | none => false
  | none => false

/-- The text of a finite double, as Python's `repr` writes it. It is checked to read back as the same bits. -/
def format (bits : UInt64) : Option (List UInt8) :=
  bif isTextOf bits (candidate bits) then some (candidate bits) else none

/-- What `format` writes has been checked. -/
theorem isTextOf_of_format {bits : UInt64} {text : List UInt8} (h : format bits = some text) :
    isTextOf bits text = true := by
  grind [format]

/-- A float's text is a literal with a fraction or an exponent, that rounds to the float, and only bytes of numbers. -/
theorem read_of_isTextOf {bits : UInt64} {text : List UInt8} (h : isTextOf bits text = true) :
    ∃ literal, read text = some literal ∧ literal.integer = false ∧ literal.toBits = some bits ∧
      allNumberBytes text = true := by
  grind [isTextOf, UInt64.toNat_inj, Nat.beq_eq]

/-- What `format` writes, `parse` reads back as the same bits. -/
theorem parse_format {bits : UInt64} {text : List UInt8} (h : format bits = some text) :
    parse text = some bits := by
  obtain ⟨literal, hread, -, hbits, -⟩ := read_of_isTextOf (isTextOf_of_format h)
  simp [parse, hread, hbits]

end Decimal
end LeanPythonBridge
