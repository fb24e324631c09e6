module

public import LeanPythonBridge.Certificate.Question

/-!
# Arrays of a running program

A `NamedArray` is what proofs are about: its bytes are numbers, in chunks of 64 doubles. Programs have `FloatArray`s, and
sockets frames. Here is how one becomes the other: `ofFloats` makes an array to ask with, `toFrames` the frames that are
sent of it, `ofFrames` reads those of a reply, and `floats?` gives its doubles back.

What is sent are the bytes that the array holds (`bytesOf_toFrames`), and what came is what it holds (`bytes_ofFrames`). All
of it takes time in proportion to the number of bytes, and no stack.
-/

@[expose] public section

namespace LeanPythonBridge

namespace NamedArray

open Float64 (chunkSize)

/-! ## From and to doubles -/

/-- The `count` doubles from `start` on, above `chunk`'s bits. -/
def chunkOfFloats (values : FloatArray) (start : Nat) : (count : Nat) → (chunk : Nat) → Nat
  | 0, chunk => chunk
  | count + 1, chunk =>
    chunkOfFloats values start count (chunk <<< 64 + (values.get! (start + count)).toBits.toNat)

/-- The first `count` chunks, before others. -/
def chunksOfFloats (values : FloatArray) : (count : Nat) → (rest : List Nat) → List Nat
  | 0, rest => rest
  | count + 1, rest =>
    let start := chunkSize * count
    chunksOfFloats values count (chunkOfFloats values start (min chunkSize (values.size - start)) 0 :: rest)

/-- Doubles in C order as an array, in one frame. There must be as many as the shape asks for: `Agrees` says so, and
nothing else is sent. -/
def ofFloats (name : String) (shape : List Nat) (values : FloatArray) : NamedArray where
  name := name
  dtype := .f8
  shape := shape
  chunks := chunksOfFloats values ((values.size + (chunkSize - 1)) / chunkSize) []
  frames := [8 * values.size]

/-- The `count` lowest doubles of a chunk, after others. -/
def pushDoubles (values : FloatArray) (chunk : Nat) : (count : Nat) → FloatArray
  | 0 => values
  | count + 1 => pushDoubles (values.push (Float.ofBits (UInt64.ofNat chunk))) (chunk >>> 64) count

/-- The first `count` doubles of chunks, after others. -/
def pushChunks (values : FloatArray) : (chunks : List Nat) → (count : Nat) → FloatArray
  | [], count => pushDoubles values 0 count
  | chunk :: chunks, count => pushChunks (pushDoubles values chunk (min chunkSize count)) chunks (count - chunkSize)

/-- The elements in C order, when they are doubles. -/
def floats? (a : NamedArray) : Option FloatArray :=
  match a.dtype with
  | .f8 => some (pushChunks ⟨#[]⟩ a.chunks a.count)
  | _ => none

/-! ## To frames -/

/-- The `count` lowest bytes of a word of 64 bits, after others. -/
def pushLow (bytes : ByteArray) (word : UInt64) : (count : Nat) → ByteArray
  | 0 => bytes
  | count + 1 => pushLow (bytes.push word.toUInt8) (word >>> 8) count

/-- The `count` lowest bytes of a number, after others; `words` is how many whole words that is. -/
def pushWords (bytes : ByteArray) (number : Nat) (count : Nat) : (words : Nat) → ByteArray
  | 0 => pushLow bytes (UInt64.ofNat number) count
  | words + 1 => pushWords (pushLow bytes (UInt64.ofNat number) 8) (number >>> 64) (count - 8) words

/-- The first `count` bytes of chunks, after others. -/
def pushBytes (bytes : ByteArray) : (chunks : List Nat) → (count : Nat) → ByteArray
  | [], count => pushWords bytes 0 count (count / 8)
  | chunk :: chunks, count =>
    let size := min chunkBytes count
    pushBytes (pushWords bytes chunk size (size / 8)) chunks (count - chunkBytes)

/-- Bytes cut into pieces of these sizes, from `start` on. -/
def cutBytes (bytes : ByteArray) (start : Nat) : (sizes : List Nat) → List ByteArray
  | [] => []
  | size :: sizes => bytes.extract start (start + size) :: cutBytes bytes (start + size) sizes

/-- The bytes as they are sent, frame by frame. -/
def toFrames (a : NamedArray) : List ByteArray :=
  let bytes := pushBytes ByteArray.empty a.chunks a.size
  match a.frames with
  | [_] => [bytes]
  | sizes => cutBytes bytes 0 sizes

/-! ## From frames -/

/-- The byte at an index. -/
def byteAt (bytes : ByteArray) (i : Nat) : UInt64 := (bytes.get! i).toUInt64

/-- The word of 64 bits that starts at an index. -/
def wordAt (bytes : ByteArray) (i : Nat) : UInt64 :=
  byteAt bytes i + (byteAt bytes (i + 1) <<< 8) + (byteAt bytes (i + 2) <<< 16) + (byteAt bytes (i + 3) <<< 24) +
    (byteAt bytes (i + 4) <<< 32) + (byteAt bytes (i + 5) <<< 40) + (byteAt bytes (i + 6) <<< 48) +
    (byteAt bytes (i + 7) <<< 56)

/-- The `count` bytes from `start` on, above `chunk`'s. -/
def chunkOfBytes (bytes : ByteArray) (start : Nat) : (count : Nat) → (chunk : Nat) → Nat
  | 0, chunk => chunk
  | count + 1, chunk => chunkOfBytes bytes start count (chunk <<< 8 + (bytes.get! (start + count)).toNat)

/-- The `count` words from `start` on, above `chunk`'s. -/
def chunkOfWords (bytes : ByteArray) (start : Nat) : (count : Nat) → (chunk : Nat) → Nat
  | 0, chunk => chunk
  | count + 1, chunk => chunkOfWords bytes start count (chunk <<< 64 + (wordAt bytes (start + 8 * count)).toNat)

/-- The first `count` chunks of bytes, before others. -/
def chunksOfBytes (bytes : ByteArray) : (count : Nat) → (rest : List Nat) → List Nat
  | 0, rest => rest
  | count + 1, rest =>
    let start := chunkBytes * count
    let size := min chunkBytes (bytes.size - start)
    let words := size / 8
    let top := chunkOfBytes bytes (start + 8 * words) (size % 8) 0
    chunksOfBytes bytes count (chunkOfWords bytes start words top :: rest)

/-- Frames in one. -/
def joinFrames : List ByteArray → ByteArray
  | [] => ByteArray.empty
  | [frame] => frame
  | frame :: frames => frame ++ joinFrames frames

/-- How many bytes each frame has. -/
def sizesOf : List ByteArray → List Nat
  | [] => []
  | frame :: frames => frame.size :: sizesOf frames

/-- An array of these frames. -/
def ofFrames (name : String) (dtype : DType) (shape : List Nat) (frames : List ByteArray) : NamedArray :=
  let bytes := joinFrames frames
  { name, dtype, shape, frames := sizesOf frames,
    chunks := chunksOfBytes bytes ((bytes.size + (chunkBytes - 1)) / chunkBytes) [] }

end NamedArray

namespace Answer

/-- The doubles of an array of the result. -/
def floats? (a : Answer) (name : String) : Option FloatArray := (a.array? name).bind NamedArray.floats?

/-- A number of the result. -/
def float? (a : Answer) (name : String) : Option Float :=
  ((Value.find? name a.result).bind Value.asFloatBits?).map Float.ofBits

end Answer

end LeanPythonBridge
