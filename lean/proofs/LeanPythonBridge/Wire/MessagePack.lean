module
public import LeanPythonBridge.Wire.Parser
public import LeanPythonBridge.Wire.Value

/-!
# MessagePack

`encode` writes the shortest forms, byte for byte what Python's `msgpack.packb(value, use_bin_type=True)` writes.
`decode` also reads longer forms and 32-bit floats. It refuses binary data, extensions, keys that are no
strings or come twice, invalid UTF-8, bytes left over, and nesting deeper than `Value.maxDepth`.
-/

@[expose] public section

namespace LeanPythonBridge.MessagePack

open Bytes (encodeNat)

/-! ## Encoding -/

/-- A natural number in its shortest form. -/
def encodeNonnegative (n : Nat) : List UInt8 :=
  if n < 0x80 then [UInt8.ofNat n]
  else if n < 0x100 then 0xcc :: encodeNat 1 n
  else if n < 0x10000 then 0xcd :: encodeNat 2 n
  else if n < 0x100000000 then 0xce :: encodeNat 4 n
  else 0xcf :: encodeNat 8 n

/-- The negative integer `-n` in its shortest form, in two's complement. -/
def encodeNegative (n : Nat) : List UInt8 :=
  if n ≤ 0x20 then [UInt8.ofNat (0x100 - n)]
  else if n ≤ 0x80 then 0xd0 :: encodeNat 1 (0x100 - n)
  else if n ≤ 0x8000 then 0xd1 :: encodeNat 2 (0x10000 - n)
  else if n ≤ 0x80000000 then 0xd2 :: encodeNat 4 (0x100000000 - n)
  else 0xd3 :: encodeNat 8 (0x10000000000000000 - n)

/-- An integer in its shortest form. -/
def encodeInt : Int → List UInt8
  | .ofNat n => encodeNonnegative n
  | .negSucc n => encodeNegative (n + 1)

/-- What stands before the bytes of a string of `n` bytes. -/
def stringHeader (n : Nat) : List UInt8 :=
  if n < 0x20 then [UInt8.ofNat (0xa0 + n)]
  else if n < 0x100 then 0xd9 :: encodeNat 1 n
  else if n < 0x10000 then 0xda :: encodeNat 2 n
  else 0xdb :: encodeNat 4 n

/-- A string in its shortest form. -/
def encodeString (s : String) : List UInt8 := stringHeader s.utf8ByteSize ++ Bytes.ofString s

/-- What stands before the items of a list of `n`. -/
def listHeader (n : Nat) : List UInt8 :=
  if n < 0x10 then [UInt8.ofNat (0x90 + n)]
  else if n < 0x10000 then 0xdc :: encodeNat 2 n
  else 0xdd :: encodeNat 4 n

/-- What stands before the entries of a map of `n`. -/
def mapHeader (n : Nat) : List UInt8 :=
  if n < 0x10 then [UInt8.ofNat (0x80 + n)]
  else if n < 0x10000 then 0xde :: encodeNat 2 n
  else 0xdf :: encodeNat 4 n

mutual

/-- The bytes of a value, in the shortest form. -/
def encode : Value → List UInt8
  | .null => [0xc0]
  | .bool false => [0xc2]
  | .bool true => [0xc3]
  | .int i => encodeInt i
  | .float bits => 0xcb :: encodeNat 8 bits.toNat
  | .string s => encodeString s
  | .list items => listHeader items.length ++ encodeItems items
  | .map entries => mapHeader entries.length ++ encodeEntries entries

/-- The bytes of values, one after the other. -/
def encodeItems : List Value → List UInt8
  | [] => []
  | v :: vs => encode v ++ encodeItems vs

/-- The bytes of map entries, key before value. -/
def encodeEntries : List (String × Value) → List UInt8
  | [] => []
  | (k, v) :: es => (encodeString k ++ encode v) ++ encodeEntries es

end

/-! ## Decoding -/

/-- The bits of the binary64 number that equals the binary32 number of these bits. A signalling NaN becomes
quiet, as IEEE 754 asks of a conversion. -/
def widen (bits : Nat) : UInt64 :=
  let sign := bits / 0x80000000 * 0x8000000000000000
  let exponent := bits / 0x800000 % 0x100
  let fraction := bits % 0x800000
  if exponent = 0xff then
    let quiet := if fraction = 0 then 0 else 0x8000000000000
    UInt64.ofNat (sign + 0x7ff0000000000000 + (fraction * 2 ^ 29 ||| quiet))
  else if exponent = 0 then
    if fraction = 0 then UInt64.ofNat sign
    else
      let top := fraction.log2
      UInt64.ofNat (sign + (top + 874) * 2 ^ 52 + (fraction - 2 ^ top) * 2 ^ (52 - top))
  else UInt64.ofNat (sign + (exponent + 896) * 2 ^ 52 + fraction * 2 ^ 29)

/-- The integer that `n`, of `count` bytes, is in two's complement. -/
def signed (count n : Nat) : Int :=
  if n < 2 ^ (8 * count - 1) then Int.ofNat n else Int.ofNat n - Int.ofNat (2 ^ (8 * count))

/-- A length of `count` bytes, then what depends on it. -/
def sized (count : Nat) (f : Nat → Parser α) : Parser α := (Parser.nat count).bind f

/-- A string whose first byte was `tag`. -/
def stringAfter (tag : Nat) : Parser (List Char) :=
  if 0xa0 ≤ tag ∧ tag < 0xc0 then Parser.chars (tag - 0xa0)
  else if tag = 0xd9 then sized 1 Parser.chars
  else if tag = 0xda then sized 2 Parser.chars
  else if tag = 0xdb then sized 4 Parser.chars
  else Parser.fail "a map key must be a string"

/-- The characters are the key of one of these entries. -/
def hasChars (key : List Char) : List (List Char × Value) → Bool
  | [] => false
  | (k, _) :: es => k == key || hasChars key es

/-- No two entries have the same key. -/
def keysDistinct : List (List Char × Value) → Bool
  | [] => true
  | (k, _) :: es => !hasChars k es && keysDistinct es

/-- The keys as strings. -/
def entriesOfChars : List (List Char × Value) → List (String × Value)
  | [] => []
  | (k, v) :: es => (String.ofList k, v) :: entriesOfChars es

/-- A list of `n` items, each read by `item`. -/
def listOf (item : Parser Value) (n : Nat) : Parser Value :=
  (item.repeated n).bind fun items => .pure (.list items)

/-- A map of `n` entries, their values read by `item`. -/
def mapOf (item : Parser Value) (n : Nat) : Parser Value :=
  let entry := Parser.byte.bind fun tag => (stringAfter tag).bind fun k =>
    item.bind fun v => .pure (k, v)
  (entry.repeated n).bind fun entries =>
    if keysDistinct entries then .pure (.map (entriesOfChars entries))
    else Parser.fail "a map key comes twice"

/-- The rest of a value whose first byte was `tag`, between 0xc0 and 0xdf; `item` reads what is in it. -/
def tagged (item : Parser Value) (tag : Nat) : Parser Value :=
  if tag = 0xcb then (Parser.nat 8).bind fun n => .pure (.float (UInt64.ofNat n))
  else if tag = 0xc0 then .pure .null
  else if tag = 0xc2 then .pure (.bool false)
  else if tag = 0xc3 then .pure (.bool true)
  else if tag = 0xca then (Parser.nat 4).bind fun n => .pure (.float (widen n))
  else if tag = 0xcc then (Parser.nat 1).bind fun n => .pure (.int (.ofNat n))
  else if tag = 0xcd then (Parser.nat 2).bind fun n => .pure (.int (.ofNat n))
  else if tag = 0xce then (Parser.nat 4).bind fun n => .pure (.int (.ofNat n))
  else if tag = 0xcf then (Parser.nat 8).bind fun n => .pure (.int (.ofNat n))
  else if tag = 0xd0 then (Parser.nat 1).bind fun n => .pure (.int (signed 1 n))
  else if tag = 0xd1 then (Parser.nat 2).bind fun n => .pure (.int (signed 2 n))
  else if tag = 0xd2 then (Parser.nat 4).bind fun n => .pure (.int (signed 4 n))
  else if tag = 0xd3 then (Parser.nat 8).bind fun n => .pure (.int (signed 8 n))
  else if tag = 0xdc then sized 2 (listOf item)
  else if tag = 0xdd then sized 4 (listOf item)
  else if tag = 0xde then sized 2 (mapOf item)
  else if tag = 0xdf then sized 4 (mapOf item)
  else if tag = 0xc1 then Parser.fail "the byte 0xc1 is not MessagePack"
  else if tag = 0xc4 ∨ tag = 0xc5 ∨ tag = 0xc6 then Parser.fail "binary data travels as array frames"
  else if tag < 0xd9 then Parser.fail "extension types are not supported"
  else (stringAfter tag).bind fun cs => .pure (.string (String.ofList cs))

/-- A value nested at most `depth` deep. -/
def value : (depth : Nat) → Parser Value
  | 0 => Parser.fail "nested too deep"
  | depth + 1 => Parser.byte.bind fun tag =>
    if tag < 0x80 then .pure (.int (.ofNat tag))
    else if tag < 0x90 then mapOf (value depth) (tag - 0x80)
    else if tag < 0xa0 then listOf (value depth) (tag - 0x90)
    else if tag < 0xc0 then (stringAfter tag).bind fun cs => .pure (.string (String.ofList cs))
    else if 0xe0 ≤ tag then .pure (.int (signed 1 tag))
    else tagged (value depth) tag

/-- The value that bytes stand for, or why they stand for none. -/
def decode (bytes : List UInt8) : Except DecodeError Value := (value Value.maxDepth).run bytes

end LeanPythonBridge.MessagePack
