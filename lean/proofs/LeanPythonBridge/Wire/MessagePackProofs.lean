module
public import LeanPythonBridge.Wire.MessagePack

/-!
# Decoding MessagePack gives back what was encoded
-/

@[expose] public section

namespace LeanPythonBridge.MessagePack

open Bytes (encodeNat)
open Value (depthItems depthEntries fitsItems fitsEntries stringFits hasKey)

/-! ## Scalars -/

/-- A tag byte between 0xc0 and 0xdf, then what it announces. -/
theorem parses_tagged {tag : Nat} (low : 0xc0 ≤ tag) (high : tag < 0xe0)
    (h : Parses (tagged (value depth) tag) bytes v) :
    Parses (value (depth + 1)) (UInt8.ofNat tag :: bytes) v := by
  refine Parses.byte_bind (by omega) ?_
  rw [if_neg (by omega), if_neg (by omega), if_neg (by omega), if_neg (by omega), if_neg (by omega)]
  exact h

theorem parses_nonnegative (h : n < 2 ^ 64) :
    Parses (value (depth + 1)) (encodeNonnegative n) (.int (.ofNat n)) := by
  unfold encodeNonnegative
  split
  · refine Parses.byte_bind (by omega) ?_
    rw [if_pos (by omega)]
    exact Parses.pure _
  split
  · exact parses_tagged (tag := 0xcc) (by decide) (by decide)
      ((Parses.nat (by omega)).map (Parses.pure _))
  split
  · exact parses_tagged (tag := 0xcd) (by decide) (by decide)
      ((Parses.nat (by omega)).map (Parses.pure _))
  split
  · exact parses_tagged (tag := 0xce) (by decide) (by decide)
      ((Parses.nat (by omega)).map (Parses.pure _))
  · exact parses_tagged (tag := 0xcf) (by decide) (by decide)
      ((Parses.nat (by omega)).map (Parses.pure _))

/-- Two's complement is read back. -/
theorem signed_eq {count n : Nat} (pos : 0 < n) (h : n ≤ 2 ^ (8 * count - 1)) (c : 0 < count) :
    signed count (2 ^ (8 * count) - n) = -(n : Int) := by
  have e : 2 ^ (8 * count) = 2 * 2 ^ (8 * count - 1) := by
    rw [← Nat.pow_succ', show (8 * count - 1).succ = 8 * count by omega]
  unfold signed
  rw [if_neg (by omega)]
  simp only [Int.ofNat_eq_natCast]
  omega

theorem parses_negative (pos : 0 < n) (h : n ≤ 2 ^ 63) :
    Parses (value (depth + 1)) (encodeNegative n) (.int (-(n : Int))) := by
  unfold encodeNegative
  split
  · refine Parses.byte_bind (by omega) ?_
    rw [if_neg (by omega), if_neg (by omega), if_neg (by omega), if_neg (by omega),
      if_pos (by omega), ← signed_eq (count := 1) pos (by omega) (by decide)]
    exact Parses.pure _
  split
  · rw [← signed_eq (count := 1) pos (by omega) (by decide)]
    exact parses_tagged (tag := 0xd0) (by decide) (by decide)
      ((Parses.nat (by omega)).map (Parses.pure _))
  split
  · rw [← signed_eq (count := 2) pos (by omega) (by decide)]
    exact parses_tagged (tag := 0xd1) (by decide) (by decide)
      ((Parses.nat (by omega)).map (Parses.pure _))
  split
  · rw [← signed_eq (count := 4) pos (by omega) (by decide)]
    exact parses_tagged (tag := 0xd2) (by decide) (by decide)
      ((Parses.nat (by omega)).map (Parses.pure _))
  · rw [← signed_eq (count := 8) pos (by omega) (by decide)]
    exact parses_tagged (tag := 0xd3) (by decide) (by decide)
      ((Parses.nat (by omega)).map (Parses.pure _))

theorem parses_int (h : Value.intFits i = true) :
    Parses (value (depth + 1)) (encodeInt i) (.int i) := by
  simp only [Value.intFits, Bool.and_eq_true, decide_eq_true_eq] at h
  cases i with
  | ofNat n =>
    have bound : n < 2 ^ 64 := Int.ofNat_lt.mp h.2
    exact parses_nonnegative bound
  | negSucc n =>
    have bound : n + 1 ≤ 2 ^ 63 := by omega
    exact parses_negative (Nat.succ_pos n) bound

theorem parses_float (bits : UInt64) :
    Parses (value (depth + 1)) (0xcb :: encodeNat 8 bits.toNat) (.float bits) := by
  have fits : bits.toNat < 256 ^ 8 := bits.toNat_lt
  have read : Parses ((Parser.nat 8).bind fun n => .pure (Value.float (UInt64.ofNat n)))
      (encodeNat 8 bits.toNat) (.float bits) :=
    (Parses.nat fits).map (by rw [UInt64.ofNat_toNat]; exact Parses.pure _)
  exact parses_tagged (tag := 0xcb) (by decide) (by decide) read

/-! ## Strings -/

/-- Every string is written with a tag that `stringAfter` reads on from. -/
theorem encodeString_eq (h : stringFits s = true) : ∃ tag bytes,
    encodeString s = UInt8.ofNat tag :: bytes ∧ Parses (stringAfter tag) bytes s.toList ∧
      (0xa0 ≤ tag ∧ tag < 0xc0 ∨ 0xd9 ≤ tag ∧ tag < 0xdc) := by
  simp only [stringFits, Value.lengthLimit, decide_eq_true_eq] at h
  have read := Parses.chars s
  unfold encodeString stringHeader
  split
  · refine ⟨0xa0 + s.utf8ByteSize, _, rfl, ?_, by omega⟩
    rw [stringAfter, if_pos (by omega), Nat.add_sub_cancel_left]
    exact read
  split
  · exact ⟨0xd9, _, rfl, (Parses.nat (count := 1) (by omega)).bind read, by omega⟩
  split
  · exact ⟨0xda, _, rfl, (Parses.nat (count := 2) (by omega)).bind read, by omega⟩
  · exact ⟨0xdb, _, rfl, (Parses.nat (count := 4) (by omega)).bind read, by omega⟩

theorem parses_string (h : stringFits s = true) :
    Parses (value (depth + 1)) (encodeString s) (.string s) := by
  obtain ⟨tag, bytes, e, read, range⟩ := encodeString_eq h
  have read' : Parses ((stringAfter tag).bind fun cs => .pure (Value.string (String.ofList cs)))
      bytes (.string s) := read.map (by rw [String.ofList_toList]; exact Parses.pure _)
  rw [e]
  rcases range with ⟨_, _⟩ | ⟨low, high⟩
  · refine Parses.byte_bind (by omega) ?_
    rw [if_neg (by omega), if_neg (by omega), if_neg (by omega), if_pos (by omega)]
    exact read'
  · refine parses_tagged (by omega) (by omega) ?_
    have cases : tag = 0xd9 ∨ tag = 0xda ∨ tag = 0xdb := by omega
    rcases cases with rfl | rfl | rfl <;> exact read'

/-! ## Containers -/

theorem encodeItems_eq (items : List Value) : encodeItems items = items.flatMap encode := by
  induction items with
  | nil => rfl
  | cons v vs ih => simp [encodeItems, ih]

/-- The bytes of one map entry. -/
def encodeEntry (e : String × Value) : List UInt8 := encodeString e.1 ++ encode e.2

theorem encodeEntries_eq (entries : List (String × Value)) :
    encodeEntries entries = entries.flatMap encodeEntry := by
  induction entries with
  | nil => rfl
  | cons e es ih => simp [encodeEntries, encodeEntry, ih]

/-- An entry as it is while its map is read. -/
def charsEntry (e : String × Value) : List Char × Value := (e.1.toList, e.2)

theorem hasChars_map (key : String) (entries : List (String × Value)) :
    hasChars key.toList (entries.map charsEntry) = hasKey key entries := by
  induction entries with
  | nil => rfl
  | cons e es ih =>
    rw [List.map_cons, hasKey, ← ih, charsEntry, hasChars, Bool.eq_iff_iff]
    simp [String.toList_inj]

theorem keysDistinct_map (entries : List (String × Value)) (fit : fitsEntries entries = true) :
    keysDistinct (entries.map charsEntry) = true := by
  induction entries with
  | nil => rfl
  | cons e es ih =>
    simp only [fitsEntries, Bool.and_eq_true] at fit
    rw [List.map_cons, charsEntry, keysDistinct, hasChars_map, ih fit.2, fit.1.1.2]
    rfl

theorem entriesOfChars_map (entries : List (String × Value)) :
    entriesOfChars (entries.map charsEntry) = entries := by
  induction entries with
  | nil => rfl
  | cons e es ih => simp [entriesOfChars, charsEntry, ih]

theorem parses_listOf {item : Parser Value} {items : List Value}
    (h : ∀ v ∈ items, Parses item (encode v) v) :
    Parses (listOf item items.length) (encodeItems items) (.list items) := by
  rw [encodeItems_eq]
  refine (Parses.repeated (f := id) items h).map ?_
  rw [List.map_id]
  exact Parses.pure _

theorem parses_mapOf {item : Parser Value} {entries : List (String × Value)}
    (fit : fitsEntries entries = true) (h : ∀ e ∈ entries, Parses item (encode e.2) e.2) :
    Parses (mapOf item entries.length) (encodeEntries entries) (.map entries) := by
  rw [encodeEntries_eq]
  refine (Parses.repeated (f := charsEntry) entries fun e he => ?_).map ?_
  · obtain ⟨tag, bytes, eq, read, _⟩ := encodeString_eq (Value.fits_of_mem_entries fit he).1
    rw [encodeEntry, eq]
    exact Parses.byte_bind (by omega) (read.bind ((h e he).map (Parses.pure _)))
  · rw [if_pos (keysDistinct_map entries fit), entriesOfChars_map]
    exact Parses.pure _

theorem parses_list {items : List Value} (fit : items.length < 2 ^ 32)
    (h : ∀ v ∈ items, Parses (value depth) (encode v) v) :
    Parses (value (depth + 1)) (encode (.list items)) (.list items) := by
  have read := parses_listOf h
  rw [encode, listHeader]
  split
  · refine Parses.byte_bind (by omega) ?_
    rw [if_neg (by omega), if_neg (by omega), if_pos (by omega), Nat.add_sub_cancel_left]
    exact read
  split
  · exact parses_tagged (tag := 0xdc) (by decide) (by decide)
      ((Parses.nat (count := 2) (by omega)).bind read)
  · exact parses_tagged (tag := 0xdd) (by decide) (by decide)
      ((Parses.nat (count := 4) (by omega)).bind read)

theorem parses_map {entries : List (String × Value)} (fit : entries.length < 2 ^ 32)
    (fits : fitsEntries entries = true)
    (h : ∀ e ∈ entries, Parses (value depth) (encode e.2) e.2) :
    Parses (value (depth + 1)) (encode (.map entries)) (.map entries) := by
  have read := parses_mapOf fits h
  rw [encode, mapHeader]
  split
  · refine Parses.byte_bind (by omega) ?_
    rw [if_neg (by omega), if_pos (by omega), Nat.add_sub_cancel_left]
    exact read
  split
  · exact parses_tagged (tag := 0xde) (by decide) (by decide)
      ((Parses.nat (count := 2) (by omega)).bind read)
  · exact parses_tagged (tag := 0xdf) (by decide) (by decide)
      ((Parses.nat (count := 4) (by omega)).bind read)

/-! ## Values -/

/-- A value's bytes are read back by a parser that goes as deep as the value. -/
theorem parses_value (depth : Nat) :
    ∀ v : Value, v.depth ≤ depth → v.fits = true → Parses (value depth) (encode v) v := by
  induction depth with
  | zero => intro v h; cases v <;> simp [Value.depth] at h
  | succ depth ih =>
    intro v h fit
    match v with
    | .null => exact parses_tagged (tag := 0xc0) (by decide) (by decide) (Parses.pure _)
    | .bool false => exact parses_tagged (tag := 0xc2) (by decide) (by decide) (Parses.pure _)
    | .bool true => exact parses_tagged (tag := 0xc3) (by decide) (by decide) (Parses.pure _)
    | .int i => exact parses_int fit
    | .float bits => exact parses_float bits
    | .string s => exact parses_string fit
    | .list items =>
      simp only [Value.fits, Bool.and_eq_true, decide_eq_true_eq] at fit
      rw [Value.depth] at h
      exact parses_list fit.1 fun v hv =>
        ih v (Nat.le_trans (Value.depth_le_of_mem hv) (Nat.le_of_succ_le_succ h))
          (Value.fits_of_mem fit.2 hv)
    | .map entries =>
      simp only [Value.fits, Bool.and_eq_true, decide_eq_true_eq] at fit
      rw [Value.depth] at h
      exact parses_map fit.1 fit.2 fun e he =>
        ih e.2 (Nat.le_trans (Value.depth_le_of_mem_entries he) (Nat.le_of_succ_le_succ h))
          (Value.fits_of_mem_entries fit.2 he).2

/-- Decoding what was encoded gives the value back. -/
theorem decode_encode (v : Value) (h : v.WellFormed) : decode (encode v) = .ok v :=
  (parses_value Value.maxDepth v h.depth_le h.fits).run

end LeanPythonBridge.MessagePack
