module

public import LeanPythonBridge.Client.ArraysLemmas

/-!
# What came is what the answer holds

The array that `ofFrames` makes holds, in proofs, the very bytes that came, frame after frame.
-/

@[expose] public section

namespace LeanPythonBridge.NamedArray

open Float64 (joinChunks chunkSize)

/-- The `count` bytes from `start` on as a number, the first one least significant. -/
def valueAt (bytes : ByteArray) (start : Nat) : (count : Nat) → Nat
  | 0 => 0
  | count + 1 => valueAt bytes start count + (bytes.get! (start + count)).toNat * 256 ^ count

private theorem valueAt_lt (bytes : ByteArray) (start count : Nat) : valueAt bytes start count < 256 ^ count := by
  induction count with
  | zero => exact Nat.one_pos
  | succ count ih =>
    have := Nat.mul_le_mul_right (256 ^ count) (Nat.le_of_lt_succ (bytes.get! (start + count)).toNat_lt)
    rw [valueAt, Nat.pow_succ]
    omega

private theorem valueAt_add (bytes : ByteArray) (start low high : Nat) :
    valueAt bytes start (low + high) = valueAt bytes start low + valueAt bytes (start + low) high * 256 ^ low := by
  induction high with
  | zero => simp [valueAt]
  | succ high ih =>
    rw [← Nat.add_assoc, valueAt, ih, valueAt, Nat.add_mul, Nat.mul_assoc, ← Nat.pow_add, Nat.add_comm high low,
      Nat.add_assoc, Nat.add_assoc]

private theorem chunkOfBytes_eq (bytes : ByteArray) (start count chunk : Nat) :
    chunkOfBytes bytes start count chunk = chunk * 256 ^ count + valueAt bytes start count := by
  induction count generalizing chunk with
  | zero => simp [chunkOfBytes, valueAt]
  | succ count ih =>
    rw [chunkOfBytes, ih, Nat.shiftLeft_eq, Nat.add_mul, Nat.mul_assoc, valueAt, Nat.pow_succ,
      Nat.mul_comm (256 ^ count) 256]
    omega

private theorem toNat_wordAt (bytes : ByteArray) (i : Nat) : (wordAt bytes i).toNat = valueAt bytes i 8 := by
  have lt := fun k => (bytes.get! (i + k)).toNat_lt
  have h₀ := lt 0; have h₁ := lt 1; have h₂ := lt 2; have h₃ := lt 3
  have h₄ := lt 4; have h₅ := lt 5; have h₆ := lt 6; have h₇ := lt 7
  simp only [wordAt, byteAt, valueAt, UInt64.toNat_add, UInt64.toNat_shiftLeft, UInt8.toNat_toUInt64,
    Nat.shiftLeft_eq, Nat.add_zero] at *
  simp only [UInt64.reduceToNat, Nat.reduceMod, Nat.reducePow] at *
  omega

private theorem chunkOfWords_eq (bytes : ByteArray) (start count chunk : Nat) :
    chunkOfWords bytes start count chunk = chunk * 256 ^ (8 * count) + valueAt bytes start (8 * count) := by
  induction count generalizing chunk with
  | zero => simp [chunkOfWords, valueAt]
  | succ count ih =>
    rw [chunkOfWords, ih, Nat.shiftLeft_eq, Nat.add_mul, Nat.mul_assoc, toNat_wordAt, Nat.mul_succ, valueAt_add,
      Nat.pow_add, show (2 : Nat) ^ 64 = 256 ^ 8 by decide, Nat.mul_comm (256 ^ 8)]
    omega

private theorem chunk_eq (bytes : ByteArray) (start size : Nat) :
    chunkOfWords bytes start (size / 8) (chunkOfBytes bytes (start + 8 * (size / 8)) (size % 8) 0) =
      valueAt bytes start size := by
  rw [chunkOfWords_eq, chunkOfBytes_eq, Nat.zero_mul, Nat.zero_add, Nat.add_comm, ← valueAt_add, Nat.div_add_mod]

private theorem joinChunks_chunksOfBytes (bytes : ByteArray) (count : Nat) (rest : List Nat) :
    joinChunks (chunksOfBytes bytes count rest) =
      valueAt bytes 0 (min (chunkBytes * count) bytes.size) + joinChunks rest * 256 ^ (chunkBytes * count) := by
  have width : (2 : Nat) ^ (64 * chunkSize) = 256 ^ chunkBytes := by decide +kernel
  induction count generalizing rest with
  | zero => simp [chunksOfBytes, valueAt]
  | succ count ih =>
    have lt := Nat.lt_of_lt_of_le (valueAt_lt bytes (chunkBytes * count) (min chunkBytes (bytes.size - chunkBytes * count)))
      (Nat.pow_le_pow_right (by decide) (Nat.min_le_left chunkBytes _))
    simp only [chunksOfBytes, chunk_eq]
    rw [ih, joinChunks, width, Nat.mod_eq_of_lt lt, Nat.add_mul, Nat.mul_assoc, ← Nat.pow_add, Nat.mul_succ,
      Nat.add_comm chunkBytes (chunkBytes * count), ← Nat.add_assoc]
    congr 1
    by_cases inside : chunkBytes * count ≤ bytes.size
    · rw [Nat.min_eq_left inside, show min (chunkBytes * count + chunkBytes) bytes.size =
        chunkBytes * count + min chunkBytes (bytes.size - chunkBytes * count) by omega, valueAt_add, Nat.zero_add]
    · rw [show bytes.size - chunkBytes * count = 0 by omega, Nat.min_zero, Nat.min_eq_right (by omega),
        Nat.min_eq_right (by omega)]
      simp [valueAt]

private theorem getElem?_toList (bytes : ByteArray) {i : Nat} (h : i < bytes.size) :
    bytes.data.toList[i]? = some (bytes.get! i) := by
  obtain ⟨data⟩ := bytes
  have h : i < data.size := h
  simp [ByteArray.get!, h]

private theorem valueAt_eq (bytes : ByteArray) {count : Nat} (h : count ≤ bytes.size) :
    valueAt bytes 0 count = Bytes.natOfBytes (bytes.data.toList.take count).reverse := by
  induction count with
  | zero => rfl
  | succ count ih =>
    have length : count ≤ bytes.data.toList.length := by rw [Array.length_toList]; exact Nat.le_of_succ_le h
    rw [valueAt, ih (Nat.le_of_succ_le h), List.take_succ, Nat.zero_add, getElem?_toList bytes h, Option.toList_some,
      List.reverse_append, List.reverse_singleton, List.singleton_append, Bytes.natOfBytes_cons, List.length_reverse,
      List.length_take, Nat.min_eq_left length, Nat.add_comm]

private theorem toList_joinFrames (frames : List ByteArray) : (joinFrames frames).data.toList = bytesOf frames := by
  match frames with
  | [] => rfl
  | [frame] => simp [joinFrames, bytesOf]
  | frame :: next :: frames => rw [joinFrames, bytesOf, ← toList_joinFrames (next :: frames)]; simp

/-- An array that came holds the bytes that came, when these are as many as its shape asks for. -/
theorem bytes_ofFrames {name : String} {dtype : DType} {shape : List Nat} {frames : List ByteArray}
    (h : (bytesOf frames).length = productOf shape * dtype.itemSize) :
    (ofFrames name dtype shape frames).bytes = bytesOf frames := by
  have size : (joinFrames frames).size = productOf shape * dtype.itemSize := by
    rw [← h, ← toList_joinFrames, Array.length_toList]; rfl
  have packed : (ofFrames name dtype shape frames).packed = Bytes.natOfBytes (bytesOf frames).reverse := by
    show joinChunks (chunksOfBytes (joinFrames frames) _ []) = _
    rw [joinChunks_chunksOfBytes, Nat.min_eq_right (by unfold chunkBytes; omega), valueAt_eq _ (Nat.le_refl _),
      List.take_of_length_le (Nat.le_of_eq (Array.length_toList)), toList_joinFrames]
    simp [joinChunks]
  have count : (ofFrames name dtype shape frames).size = (bytesOf frames).reverse.length := by
    rw [List.length_reverse, h]; rfl
  rw [bytes, Bytes.bytesOfNat_eq, packed, count, Bytes.encodeNat_natOfBytes, List.reverse_reverse]

end LeanPythonBridge.NamedArray
