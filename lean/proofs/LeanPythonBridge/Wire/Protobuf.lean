module
public import LeanPythonBridge.Wire.Bytes
public import LeanPythonBridge.Wire.Value

/-!
# Protocol Buffers

The message `Value` of `bridge.proto`. `encode` writes byte for byte what the library's encoder writes. `decode` is
strict: it refuses unknown fields, wrong wire types, a singular field that stands twice, a value that holds no field or
several, repeated keys, invalid UTF-8, and nesting deeper than `Value.maxDepth`. Fields may stand in any order, and
varints need not be minimal.

Every length is known before what it measures is written or read, so that both take linear time in the kernel: the
encoder writes each byte once, before what follows it, and the decoder counts how many are left of a message.
-/

@[expose] public section

namespace LeanPythonBridge.Protobuf

open Bytes (encodeNat natOfBytes)

/-! ## Reading -/

/-- What a reader ends in: a value, how many bytes are left of the message, and the bytes not read. -/
inductive Reading (α : Type) where
  /-- It read a value. -/
  | done (value : α) (left : Nat) (rest : List UInt8)
  /-- It could not. -/
  | failed

/-- Reads from a message of which so many bytes are left; more may follow that are not the message's. -/
def Reader (α : Type) : Type := (left : Nat) → List UInt8 → Reading α

namespace Reader

/-- Read nothing. -/
protected def pure (a : α) : Reader α := fun left bytes => .done a left bytes

/-- Give up. -/
def fail : Reader α := fun _ _ => .failed

/-- Read one thing, then another that may depend on it. -/
protected def bind (p : Reader α) (f : α → Reader β) : Reader β := fun left bytes =>
  match p left bytes with
  | .done a left rest => f a left rest
  | .failed => .failed

/-- Do something with what was read. -/
protected def map (f : α → β) (p : Reader α) : Reader β := p.bind fun a => .pure (f a)

/-- The next byte, as a number. -/
def byte : Reader Nat := fun left bytes =>
  match left, bytes with
  | left + 1, b :: rest => .done b.toNat left rest
  | _, _ => .failed

/-- `take`, after the bytes `done`, last first. -/
def takeFrom : (count : Nat) → (done : List UInt8) → Reader (List UInt8)
  | 0, done => .pure done.reverse
  | count + 1, done => fun left bytes =>
    match left, bytes with
    | left + 1, b :: rest => takeFrom count (b :: done) left rest
    | _, _ => .failed

/-- The next `count` bytes. -/
def take (count : Nat) : Reader (List UInt8) := takeFrom count []

/-- All that is left of the message. -/
def all : Reader (List UInt8) := fun left bytes => take left left bytes

/-- All that is left of the message, as UTF-8. -/
def chars : Reader (List Char) := all.bind fun bytes =>
  match Bytes.utf8Decode bytes with
  | some cs => .pure cs
  | none => fail

/-- The rest of a varint whose lower groups are worth `low`; the next group weighs `weight`, and at most `count` more
may come. -/
def varintFrom (low weight : Nat) : (count : Nat) → Reader Nat
  | 0 => fail
  | count + 1 => byte.bind fun b =>
    if b < 0x80 then
      if low + b * weight < 0x10000000000000000 then .pure (low + b * weight) else fail
    else varintFrom (low + (b - 0x80) * weight) (weight * 0x80) count

/-- A number of at most 64 bits, in groups of seven, the lowest first. -/
def varint : Reader Nat := varintFrom 0 1 10

/-- A message of `count` bytes, all of which `p` must read. -/
def within (count : Nat) (p : Reader α) : Reader α := fun left bytes =>
  if count ≤ left then
    match p count bytes with
    | .done a 0 rest => .done a (left - count) rest
    | _ => .failed
  else .failed

/-- A length, and a message of that length. -/
def delimited (p : Reader α) : Reader α := varint.bind fun count => within count p

/-- `repeated`, after the values `done`, last first; `fuel` times at most. -/
def repeatedFrom (p : Reader α) : (fuel : Nat) → (done : List α) → Reader (List α)
  | 0, done => .pure done.reverse
  | fuel + 1, done => fun left bytes =>
    if left = 0 then .done done.reverse left bytes
    else
      match p left bytes with
      | .done a left rest => repeatedFrom p fuel (a :: done) left rest
      | .failed => .failed

/-- The same reader up to the message's end. It must read a byte at least. -/
def repeated (p : Reader α) : Reader (List α) := fun left bytes => repeatedFrom p left [] left bytes

/-- A message in a field with this tag. -/
def tagged (tag : Nat) (p : Reader α) : Reader α := varint.bind fun t => if t = tag then delimited p else fail

/-- How many bytes there are, and `count` more. It counts as it goes, where `List.length` would come back to count. -/
def lengthFrom : (count : Nat) → List UInt8 → Nat
  | 0, [] => 0
  | 0, _ :: bytes => lengthFrom 1 bytes
  | count + 1, [] => count + 1
  | count + 1, _ :: bytes => lengthFrom (count + 2) bytes

/-- Read all bytes. -/
def run (p : Reader α) (bytes : List UInt8) : Option α :=
  match p (lengthFrom 0 bytes) bytes with
  | .done a 0 [] => some a
  | _ => none

end Reader

open Reader

/-! ## Decoding -/

/-- A truth value. -/
def boolean : Reader Bool := varint.bind fun n => if n = 0 then .pure false else if n = 1 then .pure true else fail

/-- The integer that is zigzagged so. -/
def unzigzag (n : Nat) : Int := if n % 2 = 0 then .ofNat (n / 2) else .negSucc (n / 2)

/-- A double, the least significant byte first. -/
def double : Reader UInt64 := (take 8).map fun bytes => UInt64.ofNat (natOfBytes bytes.reverse)

/-- What a field of a map entry holds. -/
inductive EntryField where
  /-- The key. -/
  | key (chars : List Char)
  /-- The value. -/
  | value (v : Value)

/-- A field of a map entry. -/
def entryField (item : Reader Value) : Reader EntryField := varint.bind fun tag =>
  if tag = 0x0a then delimited (chars.map .key)
  else if tag = 0x12 then delimited (item.map .value)
  else fail

/-- The entry that has these fields: at most one key, and one value. -/
def entryOfFields : List EntryField → Reader (List Char × Value)
  | [.key cs, .value v] => .pure (cs, v)
  | [.value v, .key cs] => .pure (cs, v)
  | [.value v] => .pure ([], v)
  | _ => fail

/-- A map entry. -/
def entry (item : Reader Value) : Reader (List Char × Value) := (repeated (entryField item)).bind entryOfFields

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

/-- The message for a map. -/
def map (item : Reader Value) : Reader (List (String × Value)) := (repeated (tagged 0x0a (entry item))).bind fun es =>
  if keysDistinct es then .pure (entriesOfChars es) else fail

/-- The message for a list. -/
def list (item : Reader Value) : Reader (List Value) := repeated (tagged 0x0a item)

/-- What a field of the message for a value holds. -/
def valueField (item : Reader Value) (tag : Nat) : Reader Value :=
  if tag = 0x29 then double.map .float
  else if tag = 0x18 then varint.map fun n => .int (unzigzag n)
  else if tag = 0x32 then delimited (chars.map fun cs => .string (String.ofList cs))
  else if tag = 0x3a then delimited ((list item).map .list)
  else if tag = 0x42 then delimited ((map item).map .map)
  else if tag = 0x10 then boolean.map .bool
  else if tag = 0x20 then varint.map fun n => .int (.ofNat n)
  else if tag = 0x08 then boolean.bind fun b => if b then .pure .null else fail
  else fail

/-- The message for a value nested at most `depth` deep. -/
def value : (depth : Nat) → Reader Value
  | 0 => fail
  | depth + 1 => varint.bind (valueField (value depth))

/-- The value that bytes stand for, when they stand for one. -/
def decode (bytes : List UInt8) : Option Value := (value Value.maxDepth).run bytes

/-! ## Encoding -/

/-- A number in groups of seven bits, the lowest first, at most `count` and one; then other bytes. -/
def varintBeforeFrom : (count n : Nat) → (rest : List UInt8) → List UInt8
  | 0, n, rest => UInt8.ofNat n :: rest
  | count + 1, n, rest =>
    if n < 0x80 then UInt8.ofNat n :: rest
    else UInt8.ofNat (n % 0x80 + 0x80) :: varintBeforeFrom count (n / 0x80) rest

/-- A number below 2^64 in the fewest bytes, then other bytes. -/
def varintBefore (n : Nat) (rest : List UInt8) : List UInt8 := varintBeforeFrom 9 n rest

/-- How many bytes the number takes. -/
def varintSize (n : Nat) : Nat := (varintBefore n []).length

/-- How many bytes a message of `size` takes in a field of another. -/
def fieldSize (size : Nat) : Nat := 1 + varintSize size + size

/-- `f n`, with `n` evaluated first, which the kernel would put off. -/
def eager (n : Nat) (f : Nat → Nat) : Nat :=
  match n with
  | 0 => f 0
  | m + 1 => f (m + 1)

/-- The tag and the number that stand for an integer: it is zigzagged, or unsigned from 2^63 on. -/
def intField : Int → UInt8 × Nat
  | .ofNat n => if n < 0x8000000000000000 then (0x18, 2 * n) else (0x20, n)
  | .negSucc n => (0x18, 2 * n + 1)

/-- How many bytes a key takes: none, when it is empty. -/
def keySize (key : List UInt8) : Nat := if key.isEmpty then 0 else fieldSize key.length

mutual

/-- How many bytes the message for a value takes. -/
def size : Value → Nat
  | .null => 2
  | .bool _ => 2
  | .int i => 1 + varintSize (intField i).2
  | .float _ => 9
  | .string s => fieldSize (Bytes.ofString s).length
  | .list items => fieldSize (sizeItems items 0)
  | .map entries => fieldSize (sizeEntries entries 0)

/-- How many bytes the message for a list takes, and `more`. -/
def sizeItems : List Value → (more : Nat) → Nat
  | [], more => more
  | v :: vs, more => eager (more + fieldSize (size v)) (sizeItems vs)

/-- How many bytes the message for a map takes, and `more`. -/
def sizeEntries : List (String × Value) → (more : Nat) → Nat
  | [], more => more
  | (k, v) :: es, more =>
    eager (more + fieldSize (keySize (Bytes.ofString k) + fieldSize (size v))) (sizeEntries es)

end

/-- A key, unless it is empty, then other bytes. -/
def keyBefore (key rest : List UInt8) : List UInt8 :=
  if key.isEmpty then rest else 0x0a :: varintBefore key.length (key ++ rest)

mutual

/-- The message for a value, then other bytes. -/
def valueBefore : Value → (rest : List UInt8) → List UInt8
  | .null, rest => 0x08 :: 1 :: rest
  | .bool b, rest => 0x10 :: (if b then 1 else 0) :: rest
  | .int i, rest => (intField i).1 :: varintBefore (intField i).2 rest
  | .float bits, rest => 0x29 :: ((encodeNat 8 bits.toNat).reverse ++ rest)
  | .string s, rest => 0x32 :: varintBefore (Bytes.ofString s).length (Bytes.ofString s ++ rest)
  | .list items, rest => 0x3a :: varintBefore (sizeItems items 0) (itemsBefore items rest)
  | .map entries, rest => 0x42 :: varintBefore (sizeEntries entries 0) (entriesBefore entries rest)

/-- The message for a list, then other bytes. -/
def itemsBefore : List Value → (rest : List UInt8) → List UInt8
  | [], rest => rest
  | v :: vs, rest => 0x0a :: varintBefore (size v) (valueBefore v (itemsBefore vs rest))

/-- The message for a map, then other bytes. -/
def entriesBefore : List (String × Value) → (rest : List UInt8) → List UInt8
  | [], rest => rest
  | (k, v) :: es, rest =>
    0x0a :: varintBefore (keySize (Bytes.ofString k) + fieldSize (size v))
      (keyBefore (Bytes.ofString k)
        (0x12 :: varintBefore (size v) (valueBefore v (entriesBefore es rest))))

end

/-- A message has fewer bytes than this, as the library has it. -/
def messageLimit : Nat := 2 ^ 31

/-- The bytes of the message for a value; `none` when there are too many. -/
def encode (v : Value) : Option (List UInt8) :=
  if size v < messageLimit then some (valueBefore v []) else none

end LeanPythonBridge.Protobuf
