module

public import LeanPythonBridge.Wire.Envelope
public import LeanPythonBridge.Certificate.Chunks

/-!
# Questions and answers

What an operation was given and what it gave back, as they were on the wire: parameters, results and certificates as
`Value`s, and arrays as the very bytes of their frames. Checkers of certificates are functions of a `Question` and an
`Answer`, and what they prove is said of these.

The bytes of an array are one number, the first byte least significant, so that the double `i` of an array of doubles is
`packed >>> (64 * i) % 2^64`. In a file the number stands in chunks of 64 doubles, as `Float64.joinChunks` has them: the
kernel's arithmetic on numbers is fast, and its parser needs quadratic time for a long literal.
-/

@[expose] public section

namespace LeanPythonBridge

/-- The product of numbers: how many elements an array of this shape has. -/
def productOf : List Nat → Nat
  | [] => 1
  | n :: ns => n * productOf ns

/-- The sum of numbers. -/
def sumOf : List Nat → Nat
  | [] => 0
  | n :: ns => n + sumOf ns

/-- An array: what its header says of it, and the bytes of its frames. -/
structure NamedArray where
  /-- Its name, unique within a message. -/
  name : String
  /-- The type of its elements. -/
  dtype : DType
  /-- How far each dimension goes. -/
  shape : List Nat
  /-- The bytes of its frames, one frame after another, as `Float64.joinChunks` packs them. -/
  chunks : List Nat
  /-- How many bytes each of its frames has. -/
  frames : List Nat

namespace NamedArray

/-- How many elements the shape asks for. -/
def count (a : NamedArray) : Nat := productOf a.shape

/-- How many bytes the header asks for. -/
def size (a : NamedArray) : Nat := a.count * a.dtype.itemSize

/-- All bytes in one number, the first one least significant. -/
def packed (a : NamedArray) : Nat := Float64.joinChunks a.chunks

/-- The bytes, frame after frame. -/
def bytes (a : NamedArray) : List UInt8 := (Bytes.bytesOfNat a.packed a.size).reverse

/-- The elements of an array of doubles in C order, as their bits. -/
def doubles (a : NamedArray) : List Nat := Float64.doublesOfNat a.packed a.count

/-- The header that describes it. -/
def header (a : NamedArray) : ArrayHeader where
  name := a.name
  dtype := a.dtype
  shape := a.shape
  frames := a.frames.length

/-- The header and the frames agree: there are as many bytes as dtype and shape ask for, no more and no less. -/
structure Agrees (a : NamedArray) : Prop where
  /-- The frames have as many bytes as the header asks for. -/
  frames_size : sumOf a.frames = a.size
  /-- The number holds those bytes and nothing else. -/
  packed_lt : a.packed < 256 ^ a.size

/-- Two arrays hold the same, however their bytes are cut into frames. -/
structure Same (a b : NamedArray) : Prop where
  /-- The names are the same. -/
  name : a.name = b.name
  /-- The types of the elements are the same. -/
  dtype : a.dtype = b.dtype
  /-- The shapes are the same. -/
  shape : a.shape = b.shape
  /-- The bytes are the same. -/
  packed : a.packed = b.packed

/-- The bytes in one chunk: 64 doubles. -/
def chunkBytes : Nat := 512

/-- Whether chunks hold no more than so many bytes. -/
def chunksFit : (chunks : List Nat) → (bytes : Nat) → Bool
  | [], _ => true
  | chunk :: chunks, bytes =>
    decide (chunk < Nat.pow 256 (Nat.min chunkBytes bytes)) && chunksFit chunks (Nat.sub bytes chunkBytes)

theorem joinChunks_lt_of_chunksFit {chunks : List Nat} :
    ∀ {bytes : Nat}, chunksFit chunks bytes = true → Float64.joinChunks chunks < 256 ^ bytes := by
  induction chunks with
  | nil => exact fun _ => Nat.pow_pos (by decide)
  | cons chunk chunks ih =>
    intro bytes h
    simp only [chunksFit, Bool.and_eq_true, decide_eq_true_eq] at h
    have rest := ih h.2
    have first : chunk < 256 ^ min chunkBytes bytes := h.1
    have width : 2 ^ (64 * Float64.chunkSize) = 256 ^ chunkBytes := by decide +kernel
    rw [Float64.joinChunks, width]
    have low := Nat.le_trans (Nat.mod_le chunk (256 ^ chunkBytes)) (Nat.le_of_lt_succ (Nat.lt_succ_of_lt first))
    have lt := Nat.lt_of_le_of_lt (Nat.mod_le chunk (256 ^ chunkBytes)) first
    by_cases whole : chunkBytes ≤ bytes
    · rw [Nat.min_eq_left whole] at lt
      rw [show bytes = bytes.sub chunkBytes + chunkBytes from (Nat.sub_add_cancel whole).symm, Nat.pow_add]
      have := Nat.mul_le_mul_right (256 ^ chunkBytes) (Nat.succ_le_of_lt rest)
      rw [Nat.succ_mul] at this
      exact Nat.lt_of_lt_of_le (by omega) this
    · rw [show bytes.sub chunkBytes = 0 by exact Nat.sub_eq_zero_of_le (by omega)] at rest
      have zero : Float64.joinChunks chunks = 0 := by simpa using rest
      rw [Nat.min_eq_right (by omega)] at lt
      simpa [zero] using lt

/-- Decides `Agrees`. -/
def agrees (a : NamedArray) : Bool := sumOf a.frames == a.size && chunksFit a.chunks a.size

theorem agrees_sound {a : NamedArray} (h : a.agrees = true) : a.Agrees := by
  simp only [agrees, Bool.and_eq_true, beq_iff_eq] at h
  exact ⟨h.1, joinChunks_lt_of_chunksFit h.2⟩

/-- Whether all of the arrays agree with their headers. -/
def allAgree : List NamedArray → Bool
  | [] => true
  | a :: as => a.agrees && allAgree as

theorem allAgree_sound {arrays : List NamedArray} (h : allAgree arrays = true) : ∀ a ∈ arrays, a.Agrees := by
  induction arrays with
  | nil => simp
  | cons a as ih =>
    simp only [allAgree, Bool.and_eq_true] at h
    exact List.forall_mem_cons.2 ⟨agrees_sound h.1, ih h.2⟩

/-- The headers of arrays. -/
def headers : List NamedArray → List ArrayHeader
  | [] => []
  | a :: as => a.header :: headers as

/-- The names of arrays, as they stand in a certificate. -/
def names : List NamedArray → List Value
  | [] => []
  | a :: as => .string a.name :: names as

/-- The array of a name. -/
def find? (name : String) : List NamedArray → Option NamedArray
  | [] => none
  | a :: as => if a.name == name then some a else find? name as

end NamedArray

/-! ## What was asked, what was answered -/

/-- What an operation was given. -/
structure Question where
  /-- The parameters. -/
  params : Entries := []
  /-- The arrays, in the order of their frames. -/
  arrays : List NamedArray := []

/-- What an operation gave back. -/
structure Answer where
  /-- The result. -/
  result : Entries := []
  /-- The arrays of the result. -/
  arrays : List NamedArray := []
  /-- What the certificate says, but for the names of its arrays. -/
  certificate : Entries := []
  /-- The arrays of the certificate. -/
  certificateArrays : List NamedArray := []

/-- The array of a name. -/
def Question.array? (q : Question) (name : String) : Option NamedArray := NamedArray.find? name q.arrays

/-- The parameter of a name. -/
def Question.param? (q : Question) (name : String) : Option Value := Value.find? name q.params

namespace Answer

/-- The array of a name in the result. -/
def array? (a : Answer) (name : String) : Option NamedArray := NamedArray.find? name a.arrays

/-- The array of a name in the certificate. -/
def certificateArray? (a : Answer) (name : String) : Option NamedArray := NamedArray.find? name a.certificateArrays

/-- All arrays of the reply: those of the result, then those of the certificate. -/
def allArrays (a : Answer) : List NamedArray := a.arrays ++ a.certificateArrays

/-- The certificate as it stands in a reply. When it has arrays, the last entry is `arrays`, a list of their names: they
are the arrays of the reply that are no part of the result. -/
def certificateEntries (a : Answer) : Entries :=
  match a.certificateArrays with
  | [] => a.certificate
  | arrays => a.certificate ++ [("arrays", .list (NamedArray.names arrays))]

end Answer

/-! ## Lists and matrices of doubles in parameters, packed in a file as arrays are -/

/-- Doubles as a list of values. -/
def Value.floats : List Nat → List Value
  | [] => []
  | bits :: more => .float (UInt64.ofNat bits) :: floats more

/-- The first `count` doubles of a packed number, as a list of values. -/
def Value.floatList (count : Nat) (chunks : List Nat) : Value :=
  .list (Value.floats (Float64.doublesOfNat (Float64.joinChunks chunks) count))

/-- The rows of a packed matrix, each a list of values. -/
def Value.rowsOf (columns : Nat) : (rows : Nat) → (packed : Nat) → List Value
  | 0, _ => []
  | rows + 1, packed =>
    .list (Value.floats (Float64.doublesOfNat packed columns)) ::
      rowsOf columns rows (Nat.shiftRight packed (Nat.mul 64 columns))

/-- A packed matrix in C order, as a list of rows. -/
def Value.floatRows (rows columns : Nat) (chunks : List Nat) : Value :=
  .list (Value.rowsOf columns rows (Float64.joinChunks chunks))

end LeanPythonBridge
