module

public import LeanPythonBridge.Client.Arrays

/-!
# What is sent is what the question holds

The frames that `toFrames` gives have, one after another, the very bytes that the array is about in proofs.
-/

@[expose] public section

namespace LeanPythonBridge.NamedArray

open Float64 (joinChunks)

/-- The first `count` bytes of a number, the least significant first. -/
def littleEndian (count n : Nat) : List UInt8 := (Bytes.encodeNat count n).reverse

private theorem littleEndian_add (low high n : Nat) :
    littleEndian (low + high) n = littleEndian low n ++ littleEndian high (n / 256 ^ low) := by
  rw [littleEndian, Nat.add_comm, Bytes.encodeNat_add, List.reverse_append]; rfl

private theorem littleEndian_succ (count n : Nat) :
    littleEndian (count + 1) n = UInt8.ofNat n :: littleEndian count (n / 256) := by
  rw [Nat.add_comm, littleEndian_add]
  simp [littleEndian, Bytes.encodeNat]

private theorem littleEndian_mul_add {count k : Nat} (h : count ≤ k) (high low : Nat) :
    littleEndian count (high * 256 ^ k + low) = littleEndian count low := by
  rw [littleEndian, Bytes.encodeNat_mul_add k high low count h]; rfl

private theorem littleEndian_mod {count k : Nat} (h : count ≤ k) (n : Nat) :
    littleEndian count (n % 256 ^ k) = littleEndian count n := by
  conv => rhs; rw [← Nat.div_add_mod n (256 ^ k), Nat.mul_comm]
  exact (littleEndian_mul_add h _ _).symm

private theorem toList_push (bytes : ByteArray) (b : UInt8) : (bytes.push b).data.toList = bytes.data.toList ++ [b] := by
  simp

private theorem toList_pushLow (bytes : ByteArray) (word : UInt64) (count : Nat) :
    (pushLow bytes word count).data.toList = bytes.data.toList ++ littleEndian count word.toNat := by
  induction count generalizing bytes word with
  | zero => simp [pushLow, littleEndian, Bytes.encodeNat]
  | succ count ih =>
    have low : word.toUInt8 = UInt8.ofNat word.toNat := by
      apply UInt8.toNat_inj.1; simp
    have high : (word >>> 8).toNat = word.toNat / 256 := by
      rw [UInt64.toNat_shiftRight, Nat.shiftRight_eq_div_pow]; rfl
    rw [pushLow, ih, toList_push, littleEndian_succ, low, high, List.append_assoc, List.singleton_append]

private theorem toList_pushWords (bytes : ByteArray) (n count words : Nat) (fits : 8 * words ≤ count)
    (rest : count ≤ 8 * words + 8) :
    (pushWords bytes n count words).data.toList = bytes.data.toList ++ littleEndian count n := by
  have word : ∀ k ≤ 8, littleEndian k (UInt64.ofNat n).toNat = littleEndian k n := fun k hk => by
    rw [UInt64.toNat_ofNat', show (2 : Nat) ^ 64 = 256 ^ 8 by decide, littleEndian_mod hk]
  induction words generalizing bytes n count with
  | zero => rw [pushWords, toList_pushLow, word count (by omega)]
  | succ words ih =>
    obtain ⟨more, rfl⟩ := Nat.exists_eq_add_of_le (show 8 ≤ count by omega)
    rw [pushWords, ih _ _ _ (by omega) (by omega) (fun k hk => by
      rw [UInt64.toNat_ofNat', show (2 : Nat) ^ 64 = 256 ^ 8 by decide, littleEndian_mod hk]), toList_pushLow,
      word 8 (by omega), littleEndian_add, List.append_assoc, Nat.add_sub_cancel_left, Nat.shiftRight_eq_div_pow]

/-- What is pushed are the bytes that the chunks hold. -/
theorem toList_pushBytes (bytes : ByteArray) (chunks : List Nat) (count : Nat) :
    (pushBytes bytes chunks count).data.toList = bytes.data.toList ++ littleEndian count (joinChunks chunks) := by
  induction chunks generalizing bytes count with
  | nil => rw [pushBytes, toList_pushWords _ _ _ _ (by omega) (by omega)]; rfl
  | cons chunk chunks ih =>
    have width : (2 : Nat) ^ (64 * Float64.chunkSize) = 256 ^ chunkBytes := by decide +kernel
    rw [pushBytes, ih, toList_pushWords _ _ _ _ (by omega) (by omega), List.append_assoc, joinChunks, width]
    refine congrArg (bytes.data.toList ++ ·) ?_
    by_cases whole : chunkBytes ≤ count
    · obtain ⟨more, rfl⟩ := Nat.exists_eq_add_of_le whole
      have pos : 0 < 256 ^ chunkBytes := Nat.pow_pos (by decide)
      rw [Nat.min_eq_left (Nat.le_add_right _ _), Nat.add_sub_cancel_left, littleEndian_add,
        Nat.add_mul_div_right _ _ pos, Nat.div_eq_of_lt (Nat.mod_lt _ pos), Nat.zero_add, Nat.add_comm (chunk % _),
        littleEndian_mul_add (Nat.le_refl _), littleEndian_mod (Nat.le_refl _)]
    · have le : count ≤ chunkBytes := by omega
      rw [Nat.min_eq_right le, Nat.sub_eq_zero_of_le le, Nat.add_comm (chunk % _), littleEndian_mul_add le,
        littleEndian_mod le]
      simp [littleEndian, Bytes.encodeNat]

/-- The bytes of frames, one after another. -/
def bytesOf : List ByteArray → List UInt8
  | [] => []
  | frame :: frames => frame.data.toList ++ bytesOf frames

private theorem bytesOf_cutBytes (bytes : ByteArray) (start : Nat) (sizes : List Nat) :
    bytesOf (cutBytes bytes start sizes) = (bytes.data.toList.drop start).take (sumOf sizes) := by
  induction sizes generalizing start with
  | nil => simp [cutBytes, bytesOf, sumOf]
  | cons size sizes ih =>
    rw [cutBytes, bytesOf, ih, sumOf, List.take_add, List.drop_drop]
    simp [List.extract_eq_drop_take]

/-- The frames that are sent of an array have the bytes that it holds, no more and no less. -/
theorem bytesOf_toFrames {a : NamedArray} (h : a.Agrees) : bytesOf a.toFrames = a.bytes := by
  have all : (pushBytes ByteArray.empty a.chunks a.size).data.toList = a.bytes := by
    rw [toList_pushBytes, bytes, Bytes.bytesOfNat_eq]; rfl
  have length : a.bytes.length = a.size := by simp [bytes, Bytes.bytesOfNat_eq]
  have sizes := h.frames_size
  unfold toFrames
  split
  · simp [bytesOf, all]
  · rw [bytesOf_cutBytes, all, List.drop_zero, sizes, ← length, List.take_length]

end LeanPythonBridge.NamedArray
