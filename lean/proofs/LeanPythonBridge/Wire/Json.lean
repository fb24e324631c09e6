module

public import LeanPythonBridge.Wire.JsonEncode

/-!
# JSON, decoding

A strict decoder of RFC 8259: a stack machine that takes one byte a step, by structural recursion over the bytes, so
that the kernel evaluates it in linear time. `JsonProofs` proves that it reads back what the encoder writes.

Refused beyond the grammar: integers outside the range of the wire, floats that overflow, lone surrogates, invalid
UTF-8, duplicate keys, a key `$float` except in the map that stands for NaN or an infinity, and too deep a nesting.
-/

@[expose] public section

namespace LeanPythonBridge.Json

/-! ## The state of the decoder -/

/-- A container that has been opened. `room` is how many levels there were to nest in, around it. -/
inductive Frame where
  /-- A list, last item first. -/
  | list (items : List Value) (room : Nat)
  /-- A map, last entry first, with the bytes of the keys; `key` is the latest. -/
  | map (entries : List (List UInt8 × Value)) (key : List UInt8) (room : Nat)

/-- What may come next. `text` holds the bytes of a string or number so far, last first; `isKey` says of a string that it
is a key. -/
inductive Mode where
  /-- A value. -/
  | value
  /-- A value, or the end of the list. -/
  | first
  /-- A key. -/
  | key
  /-- A key, or the end of the map. -/
  | firstKey
  /-- The colon after a key. -/
  | colon
  /-- A comma, or the end of the container. -/
  | after
  /-- Only white space, after the whole value. -/
  | done (v : Value)
  /-- The rest of a string. -/
  | string (isKey : Bool) (text : List UInt8)
  /-- What follows a backslash. -/
  | escape (isKey : Bool) (text : List UInt8)
  /-- A hexadecimal digit, and `left` more; `n` is the value so far. `high` is the first half of a surrogate pair, or 0. -/
  | hex (isKey : Bool) (text : List UInt8) (high left n : Nat)
  /-- The backslash of the second half of a surrogate pair, or (`slash`) the `u` after it. -/
  | low (isKey : Bool) (text : List UInt8) (high : Nat) (slash : Bool)
  /-- The rest of a number. -/
  | number (text : List UInt8)
  /-- The rest of `null`, `true` or `false`. -/
  | word (expected : List UInt8) (v : Value)

/-- What the decoder knows: what may come, how many more levels may be opened, and what is open, innermost first. -/
structure State where
  /-- What may come next. -/
  mode : Mode
  /-- How many levels are left for nesting. -/
  room : Nat
  /-- The open containers. -/
  frames : List Frame

/-! ## Values -/

/-- Whether a byte is white space. -/
def isSpace (b : UInt8) : Bool :=
  bif Nat.ble b.toNat 32 then isChar b ' ' || isChar b '\n' || isChar b '\r' || isChar b '\t' else false

/-- Puts a value where it belongs. There must be a level left for it, but `{"$float": …}` is one level only. -/
def deliver (v : Value) (room : Nat) : List Frame → Option State
  | [] => some ⟨.done v, room, []⟩
  | .list items outer :: frames =>
    bif Nat.beq room 0 then none else some ⟨.after, room, .list (v :: items) outer :: frames⟩
  | .map entries key outer :: frames =>
    bif Nat.beq room 0 && !sameBytes key floatKey then none
    else some ⟨.after, room, .map ((key, v) :: entries) key outer :: frames⟩

/-- The float that a special name stands for. -/
def specialFloat (name : String) : Option Value :=
  if name = "NaN" then some (.float 0x7ff8000000000000)
  else if name = "Infinity" then some (.float 0x7ff0000000000000)
  else if name = "-Infinity" then some (.float 0xfff0000000000000)
  else none

/-- The entries in order, before `done`, with their keys as strings; `$float` is not among them. -/
def collect : List (List UInt8 × Value) → (done : List (String × Value)) → Option (List (String × Value))
  | [], done => some done
  | (key, v) :: entries, done =>
    bif sameBytes key floatKey then none
    else
      match Bytes.toString? key with
      | some s => collect entries ((s, v) :: done)
      | none => none

/-- The float that entries stand for, if they are `$float` and a string only. -/
def special : List (List UInt8 × Value) → Option Value
  | [(key, .string name)] => bif sameBytes key floatKey then specialFloat name else none
  | _ => none

/-- The value of a map whose entries, last first, are these. -/
def mapValue (entries : List (List UInt8 × Value)) : Option Value :=
  match special entries with
  | some v => some v
  | none =>
    match collect entries [] with
    | some entries => some (.map entries)
    | none => none

/-- Closes the innermost container, when `b` is its closing bracket. -/
def close (b : UInt8) : List Frame → Option State
  | .list items room :: frames => bif isChar b ']' then deliver (.list items.reverse) room frames else none
  | .map entries _ room :: frames =>
    bif isChar b '}' then
      match mapValue entries with
      | some v => deliver v room frames
      | none => none
    else none
  | [] => none

/-- Goes on after a value. -/
def afterValue (b : UInt8) (mode : Mode) (room : Nat) (frames : List Frame) : Option State :=
  bif isSpace b then some ⟨mode, room, frames⟩
  else bif isChar b ',' then
    match frames with
    | .list _ _ :: _ => some ⟨.value, room, frames⟩
    | .map _ _ _ :: _ => some ⟨.key, room, frames⟩
    | [] => none
  else close b frames

/-- Starts a value. -/
def startValue (b : UInt8) (room : Nat) (frames : List Frame) : Option State :=
  bif isChar b '"' then some ⟨.string false [], room, frames⟩
  else bif Decimal.isNumberByte b then some ⟨.number [b], room, frames⟩
  else bif isChar b '{' then
    match room with
    | 0 => none
    | inner + 1 => some ⟨.firstKey, inner, .map [] [] room :: frames⟩
  else bif isChar b '[' then
    match room with
    | 0 => none
    | inner + 1 => some ⟨.first, inner, .list [] room :: frames⟩
  else bif isChar b 'n' then some ⟨.word [byte 'u', byte 'l', byte 'l'] .null, room, frames⟩
  else bif isChar b 't' then some ⟨.word [byte 'r', byte 'u', byte 'e'] (.bool true), room, frames⟩
  else bif isChar b 'f' then some ⟨.word [byte 'a', byte 'l', byte 's', byte 'e'] (.bool false), room, frames⟩
  else none

/-- The value of a number's text, last byte first. -/
def numberValue (text : List UInt8) : Option Value :=
  match Decimal.read text.reverse with
  | some ⟨true, digits, _, true⟩ => bif Nat.ble digits 0x8000000000000000 then some (.int (-Int.ofNat digits)) else none
  | some ⟨false, digits, _, true⟩ => bif Nat.ble digits 0xffffffffffffffff then some (.int (.ofNat digits)) else none
  | some literal =>
    match literal.toBits with
    | some bits => some (.float bits)
    | none => none
  | none => none

/-! ## Strings -/

/-- Whether a key is among those of entries. -/
def knows (key : List UInt8) : List (List UInt8 × Value) → Bool
  | [] => false
  | (k, _) :: entries => bif sameBytes k key then true else knows key entries

/-- Ends a string, given by its bytes in order. A key must be new to its map. -/
def endString (isKey : Bool) (bytes : List UInt8) (room : Nat) (frames : List Frame) : Option State :=
  bif isKey then
    match frames with
    | .map entries _ outer :: frames =>
      bif knows bytes entries then none else some ⟨.colon, room, .map entries bytes outer :: frames⟩
    | _ => none
  else
    match Bytes.toString? bytes with
    | some s => deliver (.string s) room frames
    | none => none

/-- The byte that a backslash and `b` stand for; 0 when nothing. -/
def unescape (b : UInt8) : UInt8 :=
  bif isChar b '"' || isChar b '\\' || isChar b '/' then b
  else bif isChar b 'n' then 10
  else bif isChar b 't' then 9
  else bif isChar b 'r' then 13
  else bif isChar b 'f' then 12
  else bif isChar b 'b' then 8
  else 0

/-- The value of a hexadecimal digit. -/
def hexValue (b : UInt8) : Option Nat :=
  bif isDigit b then some (b.toNat - 48)
  else bif Nat.ble 97 b.toNat && Nat.ble b.toNat 102 then some (b.toNat - 87)
  else bif Nat.ble 65 b.toNat && Nat.ble b.toNat 70 then some (b.toNat - 55)
  else none

/-- Puts a character's bytes on a string's, last first. -/
def pushChar (n : Nat) (text : List UInt8) : List UInt8 := (String.utf8EncodeChar (Char.ofNat n)).reverse ++ text

/-- Goes on after the four digits of `\u`, whose value is `n`: a character, or half of a surrogate pair. -/
def endHex (isKey : Bool) (text : List UInt8) (high n : Nat) : Option Mode :=
  let isLow := Nat.ble 0xdc00 n && Nat.ble n 0xdfff
  bif Nat.beq high 0 then
    bif Nat.ble 0xd800 n && Nat.ble n 0xdbff then some (.low isKey text n false)
    else bif isLow then none
    else some (.string isKey (pushChar n text))
  else bif isLow then some (.string isKey (pushChar (0x10000 + (high - 0xd800) * 0x400 + (n - 0xdc00)) text))
  else none

/-! ## The machine -/

/-- One byte within a token. -/
def tokenStep (b : UInt8) (mode : Mode) : Option Mode :=
  match mode with
  | .escape isKey text =>
    bif isChar b 'u' then some (.hex isKey text 0 3 0)
    else bif Nat.beq (unescape b).toNat 0 then none
    else some (.string isKey (unescape b :: text))
  | .hex isKey text high left n =>
    match hexValue b, left with
    | some digit, 0 => endHex isKey text high (n * 16 + digit)
    | some digit, left + 1 => some (.hex isKey text high left (n * 16 + digit))
    | none, _ => none
  | .low isKey text high false => bif isChar b '\\' then some (.low isKey text high true) else none
  | .low isKey text high true => bif isChar b 'u' then some (.hex isKey text high 3 0) else none
  | _ => none

/-- One byte. -/
def step (b : UInt8) (mode : Mode) (room : Nat) (frames : List Frame) : Option State :=
  match mode with
  | .string isKey text =>
    bif isChar b '"' then endString isKey text.reverse room frames
    else bif isChar b '\\' then some ⟨.escape isKey text, room, frames⟩
    else bif Nat.ble 32 b.toNat then some ⟨.string isKey (b :: text), room, frames⟩
    else none
  | .number text =>
    bif Decimal.isNumberByte b then some ⟨.number (b :: text), room, frames⟩
    else
      match numberValue text with
      | some v =>
        match deliver v room frames with
        | some ⟨mode, room, frames⟩ => afterValue b mode room frames
        | none => none
      | none => none
  | .value => bif isSpace b then some ⟨.value, room, frames⟩ else startValue b room frames
  | .after => afterValue b .after room frames
  | .first =>
    bif isSpace b then some ⟨.first, room, frames⟩
    else bif isChar b ']' then close b frames
    else startValue b room frames
  | .key =>
    bif isSpace b then some ⟨.key, room, frames⟩
    else bif isChar b '"' then some ⟨.string true [], room, frames⟩
    else none
  | .firstKey =>
    bif isSpace b then some ⟨.firstKey, room, frames⟩
    else bif isChar b '"' then some ⟨.string true [], room, frames⟩
    else close b frames
  | .colon =>
    bif isSpace b then some ⟨.colon, room, frames⟩
    else bif isChar b ':' then some ⟨.value, room, frames⟩
    else none
  | .word [] _ => none
  | .word [expected] v => bif Nat.beq b.toNat expected.toNat then deliver v room frames else none
  | .word (expected :: more) v =>
    bif Nat.beq b.toNat expected.toNat then some ⟨.word more v, room, frames⟩ else none
  | .done v => afterValue b (.done v) room frames
  | mode =>
    match tokenStep b mode with
    | some mode => some ⟨mode, room, frames⟩
    | none => none

/-- What the end of the text makes of a mode, when nothing is open. -/
def finish (mode : Mode) : List Frame → Option Value
  | [] =>
    match mode with
    | .done v => some v
    | .number text => numberValue text
    | _ => none
  | _ :: _ => none

/-- Decodes the bytes that are left. -/
def run : List UInt8 → Mode → (room : Nat) → List Frame → Option Value
  | [], mode, _, frames => finish mode frames
  | b :: bytes, mode, room, frames =>
    match step b mode room frames with
    | some ⟨mode, room, frames⟩ => run bytes mode room frames
    | none => none

/-- The value that a JSON text in UTF-8 stands for; `none` when it is not one, or not one that the wire admits. -/
def decode (bytes : List UInt8) : Option Value := run bytes .value Value.maxDepth []

end LeanPythonBridge.Json
