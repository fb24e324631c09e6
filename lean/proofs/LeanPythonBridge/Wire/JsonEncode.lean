module

public import LeanPythonBridge.Wire.Value
public import LeanPythonBridge.Wire.Bytes
public import LeanPythonBridge.Wire.Decimal

/-!
# JSON, encoding

The text of a value, byte for byte as Python's `json.dumps(v, separators=(",", ":"), ensure_ascii=False)` writes it, but
infinities and NaN are `{"$float": "Infinity"}` and the like. Everything works on bytes: what JSON escapes is ASCII, so
the other bytes of UTF-8 pass through. Functions named `…Before` take the text that follows, and give their first byte
without computing the rest.
-/

@[expose] public section

namespace LeanPythonBridge.Json

/-- The key of the map that stands for a float without digits: `$float`. -/
def floatKey : List UInt8 := [byte '$', byte 'f', byte 'l', byte 'o', byte 'a', byte 't']

/-- Whether two lists of bytes are the same. -/
def sameBytes : List UInt8 → List UInt8 → Bool
  | [], [] => true
  | a :: as, b :: bs => bif Nat.beq a.toNat b.toNat then sameBytes as bs else false
  | _, _ => false

/-- A hexadecimal digit, in lower case. -/
def hexDigit (n : Nat) : UInt8 := UInt8.ofNat (bif Nat.ble n 9 then n + 48 else n + 87)

/-- A byte of a string, escaped when it must be. -/
def escapeBefore (b : UInt8) (rest : List UInt8) : List UInt8 :=
  bif isChar b '"' || isChar b '\\' then byte '\\' :: b :: rest
  else bif Nat.ble 32 b.toNat then b :: rest
  else bif isChar b '\n' then byte '\\' :: byte 'n' :: rest
  else bif isChar b '\t' then byte '\\' :: byte 't' :: rest
  else bif isChar b '\r' then byte '\\' :: byte 'r' :: rest
  else bif Nat.beq b.toNat 12 then byte '\\' :: byte 'f' :: rest
  else bif Nat.beq b.toNat 8 then byte '\\' :: byte 'b' :: rest
  else byte '\\' :: byte 'u' :: byte '0' :: byte '0' :: hexDigit (b.toNat / 16) :: hexDigit (b.toNat % 16) :: rest

/-- The bytes of a string escaped, and the closing quote. -/
def textBefore : (bytes : List UInt8) → (rest : List UInt8) → List UInt8
  | [], rest => byte '"' :: rest
  | b :: bytes, rest => escapeBefore b (textBefore bytes rest)

/-- A string, given by its UTF-8 bytes. -/
def stringBefore (bytes : List UInt8) (rest : List UInt8) : List UInt8 := byte '"' :: textBefore bytes rest

/-- An integer. -/
def intBefore : Int → (rest : List UInt8) → List UInt8
  | .ofNat n, rest => Decimal.natBefore n rest
  | .negSucc n, rest => byte '-' :: Decimal.natBefore (n + 1) rest

/-- What stands for a float that has no digits. -/
def specialName (bits : Nat) : List UInt8 :=
  bif Float64.isNaN bits then [byte 'N', byte 'a', byte 'N']
  else
    let infinity := [byte 'I', byte 'n', byte 'f', byte 'i', byte 'n', byte 'i', byte 't', byte 'y']
    bif Float64.isNegative bits then byte '-' :: infinity else infinity

/-- A float: by its digits when it is finite, else as a map. -/
def floatBefore (bits : UInt64) (rest : List UInt8) : List UInt8 :=
  bif Float64.isFinite bits.toNat then Decimal.candidate bits ++ rest
  else byte '{' :: stringBefore floatKey (byte ':' :: stringBefore (specialName bits.toNat) (byte '}' :: rest))

/-- A comma, except before the first member. -/
def commaBefore (first : Bool) (rest : List UInt8) : List UInt8 := bif first then rest else byte ',' :: rest

mutual

/-- The text of a value, whether or not it has a JSON form. -/
def valueBefore : Value → (rest : List UInt8) → List UInt8
  | .null, rest => byte 'n' :: byte 'u' :: byte 'l' :: byte 'l' :: rest
  | .bool true, rest => byte 't' :: byte 'r' :: byte 'u' :: byte 'e' :: rest
  | .bool false, rest => byte 'f' :: byte 'a' :: byte 'l' :: byte 's' :: byte 'e' :: rest
  | .int i, rest => intBefore i rest
  | .float bits, rest => floatBefore bits rest
  | .string s, rest => stringBefore (Bytes.ofString s) rest
  | .list items, rest => byte '[' :: itemsBefore true items rest
  | .map entries, rest => byte '{' :: entriesBefore true entries rest

/-- Items and the closing bracket. -/
def itemsBefore (first : Bool) : List Value → (rest : List UInt8) → List UInt8
  | [], rest => byte ']' :: rest
  | v :: items, rest => commaBefore first (valueBefore v (itemsBefore false items rest))

/-- Entries and the closing brace. -/
def entriesBefore (first : Bool) : List (String × Value) → (rest : List UInt8) → List UInt8
  | [], rest => byte '}' :: rest
  | (key, v) :: entries, rest =>
    commaBefore first (stringBefore (Bytes.ofString key)
      (byte ':' :: valueBefore v (entriesBefore false entries rest)))

end

mutual

/-- Whether a value has a JSON form: no map has the key `$float`, and the text of every float is right. -/
def encodable : Value → Bool
  | .float bits => bif Float64.isFinite bits.toNat then Decimal.isTextOf bits (Decimal.candidate bits) else true
  | .list items => encodableItems items
  | .map entries => encodableEntries entries
  | _ => true

/-- `encodable` for every item. -/
def encodableItems : List Value → Bool
  | [] => true
  | v :: items => bif encodable v then encodableItems items else false

/-- `encodable` for every entry, and no key is `$float`. -/
def encodableEntries : List (String × Value) → Bool
  | [] => true
  | (key, v) :: entries =>
    bif sameBytes (Bytes.ofString key) floatKey then false
    else bif encodable v then encodableEntries entries else false

end

/-- The JSON text of a value, in UTF-8; `none` when it has none. -/
def encode (v : Value) : Option (List UInt8) := bif encodable v then some (valueBefore v []) else none

end LeanPythonBridge.Json
