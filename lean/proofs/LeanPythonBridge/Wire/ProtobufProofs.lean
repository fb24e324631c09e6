module
public import LeanPythonBridge.Wire.ProtobufReads

/-!
# Decoding Protocol Buffers gives back what was encoded

The encoder is first shown to write what a plainer one would, which puts messages together from their parts.
-/

@[expose] public section

namespace LeanPythonBridge.Protobuf

open Bytes (encodeNat)
open Value (depthItems depthEntries fitsItems fitsEntries hasKey)

/-! ## What is written -/

/-- The bytes of a key, none when it is empty. -/
def keyBytes (key : List UInt8) : List UInt8 := if key.isEmpty then [] else fieldBytes 0x0a key

theorem length_keyBytes (key : List UInt8) : (keyBytes key).length = keySize key := by
  unfold keyBytes keySize
  split
  · rfl
  · exact length_fieldBytes _ _

theorem keyBefore_eq (key rest : List UInt8) : keyBefore key rest = keyBytes key ++ rest := by
  unfold keyBytes keyBefore
  split
  · rfl
  · simp [fieldBytes, varintBefore_eq]

/-- The bytes of an entry whose value has these bytes. -/
def entryBytes (key : String) (value : List UInt8) : List UInt8 :=
  keyBytes (Bytes.ofString key) ++ fieldBytes 0x12 value

mutual

/-- The bytes of a value. -/
def valueBytes : Value → List UInt8
  | .null => [0x08, 1]
  | .bool b => [0x10, if b then 1 else 0]
  | .int i => (intField i).1 :: varintBytes (intField i).2
  | .float bits => 0x29 :: (encodeNat 8 bits.toNat).reverse
  | .string s => fieldBytes 0x32 (Bytes.ofString s)
  | .list items => fieldBytes 0x3a (itemsBytes items)
  | .map entries => fieldBytes 0x42 (entriesBytes entries)

/-- The bytes of a list's items. -/
def itemsBytes : List Value → List UInt8
  | [] => []
  | v :: vs => fieldBytes 0x0a (valueBytes v) ++ itemsBytes vs

/-- The bytes of a map's entries. -/
def entriesBytes : List (String × Value) → List UInt8
  | [] => []
  | (k, v) :: es => fieldBytes 0x0a (entryBytes k (valueBytes v)) ++ entriesBytes es

end

mutual

theorem size_eq : ∀ v, size v = (valueBytes v).length
  | .null | .bool _ => rfl
  | .int i => by simp [size, valueBytes, varintSize, varintBytes, Nat.add_comm]
  | .float bits => by simp [size, valueBytes]
  | .string s => by simp [size, valueBytes, length_fieldBytes]
  | .list items => by simp [size, valueBytes, length_fieldBytes, sizeItems_eq items]
  | .map entries => by simp [size, valueBytes, length_fieldBytes, sizeEntries_eq entries]

theorem sizeItems_eq : ∀ vs more, sizeItems vs more = more + (itemsBytes vs).length
  | [], more => by simp [sizeItems, itemsBytes]
  | v :: vs, more => by
    simp [sizeItems, itemsBytes, length_fieldBytes, size_eq v, sizeItems_eq vs, Nat.add_assoc]

theorem sizeEntries_eq : ∀ es more, sizeEntries es more = more + (entriesBytes es).length
  | [], more => by simp [sizeEntries, entriesBytes]
  | (k, v) :: es, more => by
    simp [sizeEntries, entriesBytes, entryBytes, length_fieldBytes, length_keyBytes, size_eq v,
      sizeEntries_eq es, Nat.add_assoc]

end

theorem entrySize_eq (k : String) (v : Value) :
    keySize (Bytes.ofString k) + fieldSize (size v) = (entryBytes k (valueBytes v)).length := by
  simp [entryBytes, length_fieldBytes, length_keyBytes, size_eq]

mutual

theorem valueBefore_eq : ∀ v rest, valueBefore v rest = valueBytes v ++ rest
  | .null, _ | .bool _, _ => rfl
  | .int i, rest => by simp [valueBefore, valueBytes, varintBefore_eq]
  | .float bits, rest => by simp [valueBefore, valueBytes]
  | .string s, rest => by simp [valueBefore, valueBytes, fieldBytes, varintBefore_eq]
  | .list items, rest => by
    simp [valueBefore, valueBytes, fieldBytes, varintBefore_eq, sizeItems_eq, itemsBefore_eq items]
  | .map entries, rest => by
    simp [valueBefore, valueBytes, fieldBytes, varintBefore_eq, sizeEntries_eq, entriesBefore_eq entries]

theorem itemsBefore_eq : ∀ vs rest, itemsBefore vs rest = itemsBytes vs ++ rest
  | [], _ => rfl
  | v :: vs, rest => by
    simp [itemsBefore, itemsBytes, fieldBytes, varintBefore_eq, size_eq, valueBefore_eq v,
      itemsBefore_eq vs]

theorem entriesBefore_eq : ∀ es rest, entriesBefore es rest = entriesBytes es ++ rest
  | [], _ => rfl
  | (k, v) :: es, rest => by
    rw [entriesBefore, entrySize_eq]
    simp [entriesBytes, entryBytes, fieldBytes, varintBefore_eq, keyBefore_eq, size_eq,
      valueBefore_eq v, entriesBefore_eq es]

end

/-! ## What is read -/

theorem unzigzag_even (n : Nat) : unzigzag (2 * n) = .ofNat n := by
  rw [unzigzag, if_pos (by omega), Nat.mul_div_cancel_left n (by decide)]

theorem unzigzag_odd (n : Nat) : unzigzag (2 * n + 1) = .negSucc n := by
  rw [unzigzag, if_neg (by omega), show (2 * n + 1) / 2 = n by omega]

theorem reads_int {item : Reader Value} (h : Value.intFits i = true) :
    Reads (Reader.varint.bind (valueField item)) (valueBytes (.int i)) (.int i) := by
  simp only [Value.intFits, Bool.and_eq_true, decide_eq_true_eq] at h
  rw [valueBytes]
  cases i with
  | ofNat n =>
    have bound : n < 2 ^ 64 := Int.ofNat_lt.mp h.2
    rw [intField]
    split
    · have r := (Reads.varint (n := 2 * n) (by omega)).map fun n => Value.int (unzigzag n)
      rw [unzigzag_even] at r
      exact Reads.tag (n := 0x18) (by decide) r
    · exact Reads.tag (n := 0x20) (by decide) ((Reads.varint bound).map fun n => Value.int (.ofNat n))
  | negSucc n =>
    have r := (Reads.varint (n := 2 * n + 1) (by omega)).map fun n => Value.int (unzigzag n)
    rw [unzigzag_odd] at r
    exact Reads.tag (n := 0x18) (by decide) r

theorem reads_float {item : Reader Value} (bits : UInt64) :
    Reads (Reader.varint.bind (valueField item)) (valueBytes (.float bits)) (.float bits) := by
  have fits : bits.toNat < 256 ^ 8 := bits.toNat_lt
  have r := Reads.take (encodeNat 8 bits.toNat).reverse
  rw [List.length_reverse, Bytes.length_encodeNat] at r
  have d : Reads double (encodeNat 8 bits.toNat).reverse bits := by
    have m := r.map fun bytes => UInt64.ofNat (Bytes.natOfBytes bytes.reverse)
    rwa [List.reverse_reverse, Bytes.natOfBytes_encodeNat fits, UInt64.ofNat_toNat] at m
  exact Reads.tag (n := 0x29) (by decide) (d.map _)

theorem reads_bool {item : Reader Value} (b : Bool) :
    Reads (Reader.varint.bind (valueField item)) (valueBytes (.bool b)) (.bool b) := by
  have r : Reads boolean [if b then 1 else 0] b := by
    cases b
    · exact Reads.tag (n := 0) (by decide) (Reads.pure _)
    · exact Reads.tag (n := 1) (by decide) (Reads.pure _)
  exact Reads.tag (n := 0x10) (by decide) (r.map _)

theorem reads_null {item : Reader Value} :
    Reads (Reader.varint.bind (valueField item)) (valueBytes .null) .null := by
  have r : Reads boolean [1] true := Reads.tag (n := 1) (by decide) (Reads.pure _)
  exact Reads.tag (n := 0x08) (by decide) (r.bind (more := []) (Reads.pure _))

theorem reads_string {item : Reader Value} {s : String} (small : (Bytes.ofString s).length < 2 ^ 64) :
    Reads (Reader.varint.bind (valueField item)) (valueBytes (.string s)) (.string s) := by
  have r := (ReadsAll.chars s).map fun cs => Value.string (String.ofList cs)
  rw [String.ofList_toList] at r
  exact Reads.tag (n := 0x32) (by decide) (Reads.delimited r small)

/-! ## Containers -/

theorem length_le_fieldBytes (tag : UInt8) (content : List UInt8) :
    content.length < (fieldBytes tag content).length := by
  rw [length_fieldBytes, fieldSize]
  omega

theorem itemsBytes_eq (vs : List Value) :
    itemsBytes vs = vs.flatMap fun v => fieldBytes 0x0a (valueBytes v) := by
  induction vs with
  | nil => rfl
  | cons v vs ih => simp [itemsBytes, ih]

theorem entriesBytes_eq (es : List (String × Value)) :
    entriesBytes es = es.flatMap fun e => fieldBytes 0x0a (entryBytes e.1 (valueBytes e.2)) := by
  induction es with
  | nil => rfl
  | cons e es ih => simp [entriesBytes, ih]

/-- A part is no longer than the whole. -/
theorem length_le_flatMap {f : α → List UInt8} {x : α} {xs : List α} (h : x ∈ xs) :
    (f x).length ≤ (xs.flatMap f).length := by
  induction xs with
  | nil => cases h
  | cons y ys ih =>
    rw [List.flatMap_cons, List.length_append]
    rcases List.mem_cons.mp h with rfl | h
    · omega
    · have := ih h
      omega

theorem readsAll_list {item : Reader Value} {vs : List Value} (small : (itemsBytes vs).length < 2 ^ 64)
    (h : ∀ v ∈ vs, (valueBytes v).length < 2 ^ 64 → Reads item (valueBytes v) v) :
    ReadsAll (list item) (itemsBytes vs) vs := by
  rw [itemsBytes_eq] at *
  have r := ReadsAll.repeated (p := Reader.tagged 0x0a item) (f := id) vs fun v hv => by
    have l := length_le_flatMap (f := fun v => fieldBytes 0x0a (valueBytes v)) hv
    have m := length_le_fieldBytes 0x0a (valueBytes v)
    have short : (valueBytes v).length < 2 ^ 64 := by dsimp only at l; omega
    exact ⟨Reads.tagged (by decide) (h v hv short).all short, Nat.zero_lt_of_lt m⟩
  rwa [List.map_id] at r

/-- An entry as it is while its map is read. -/
def charsEntry (e : String × Value) : List Char × Value := (e.1.toList, e.2)

theorem hasChars_map (key : String) (es : List (String × Value)) :
    hasChars key.toList (es.map charsEntry) = hasKey key es := by
  induction es with
  | nil => rfl
  | cons e es ih =>
    rw [List.map_cons, hasKey, ← ih, charsEntry, hasChars, Bool.eq_iff_iff]
    simp [String.toList_inj]

theorem keysDistinct_map (es : List (String × Value)) (fit : fitsEntries es = true) :
    keysDistinct (es.map charsEntry) = true := by
  induction es with
  | nil => rfl
  | cons e es ih =>
    simp only [fitsEntries, Bool.and_eq_true] at fit
    rw [List.map_cons, charsEntry, keysDistinct, hasChars_map, ih fit.2, fit.1.1.2]
    rfl

theorem entriesOfChars_map (es : List (String × Value)) : entriesOfChars (es.map charsEntry) = es := by
  induction es with
  | nil => rfl
  | cons e es ih => simp [entriesOfChars, charsEntry, ih]

theorem readsAll_entry {item : Reader Value} {k : String} {v : Value}
    (small : (entryBytes k (valueBytes v)).length < 2 ^ 64) (h : Reads item (valueBytes v) v) :
    ReadsAll (entry item) (entryBytes k (valueBytes v)) (k.toList, v) := by
  unfold entryBytes keyBytes at *
  rw [List.length_append] at small
  have m := length_le_fieldBytes 0x12 (valueBytes v)
  have value : Reads (entryField item) (fieldBytes 0x12 (valueBytes v)) (.value v) :=
    Reads.tag (n := 0x12) (by decide) (Reads.delimited (h.all.map _) (by omega))
  split at small
  · rename_i empty
    have e : k.toList = [] := by
      have c := Bytes.utf8Decode_utf8Encode k.toList
      rw [← Bytes.ofString_eq, List.isEmpty_iff.mp empty] at c
      exact (Option.some.inj c).symm
    have r := ReadsAll.repeated (p := entryField item) (f := id)
      (encode := fun _ => fieldBytes 0x12 (valueBytes v)) [EntryField.value v]
      (by simpa using ⟨value, by omega⟩)
    rw [List.flatMap_singleton] at r
    rw [if_pos empty, List.nil_append, e]
    exact r.bind (Reads.pure _)
  · rename_i more
    have n := length_le_fieldBytes 0x0a (Bytes.ofString k)
    have key : Reads (entryField item) (fieldBytes 0x0a (Bytes.ofString k)) (.key k.toList) :=
      Reads.tag (n := 0x0a) (by decide) (Reads.delimited ((ReadsAll.chars k).map _) (by omega))
    have r := ReadsAll.repeated (p := entryField item) (f := Prod.fst) (encode := Prod.snd)
      [(EntryField.key k.toList, fieldBytes 0x0a (Bytes.ofString k)),
        (EntryField.value v, fieldBytes 0x12 (valueBytes v))]
      (by simpa using ⟨⟨key, by omega⟩, value, by omega⟩)
    simp only [List.flatMap_cons, List.flatMap_nil, List.append_nil] at r
    rw [if_neg more]
    exact r.bind (Reads.pure _)

theorem readsAll_map {item : Reader Value} {es : List (String × Value)} (fit : fitsEntries es = true)
    (small : (entriesBytes es).length < 2 ^ 64)
    (h : ∀ e ∈ es, (valueBytes e.2).length < 2 ^ 64 → Reads item (valueBytes e.2) e.2) :
    ReadsAll (map item) (entriesBytes es) es := by
  rw [entriesBytes_eq] at *
  have r := ReadsAll.repeated (p := Reader.tagged 0x0a (entry item)) (f := charsEntry) es fun e he => by
    have l := length_le_flatMap (f := fun e => fieldBytes 0x0a (entryBytes e.1 (valueBytes e.2))) he
    have m := length_le_fieldBytes 0x0a (entryBytes e.1 (valueBytes e.2))
    have n := length_le_fieldBytes 0x12 (valueBytes e.2)
    have short : (entryBytes e.1 (valueBytes e.2)).length < 2 ^ 64 := by dsimp only at l; omega
    have shorter : (valueBytes e.2).length < 2 ^ 64 := by
      rw [entryBytes, List.length_append] at short
      omega
    exact ⟨Reads.tagged (by decide) (readsAll_entry short (h e he shorter)) short, Nat.zero_lt_of_lt m⟩
  refine r.bind ?_
  rw [if_pos (keysDistinct_map es fit), entriesOfChars_map]
  exact Reads.pure _

/-! ## Values -/

/-- A value's bytes are read back by a reader that goes as deep as the value. -/
theorem reads_value (depth : Nat) : ∀ v : Value, v.depth ≤ depth → v.fits = true →
    (valueBytes v).length < 2 ^ 64 → Reads (value depth) (valueBytes v) v := by
  induction depth with
  | zero => intro v h; cases v <;> simp [Value.depth] at h
  | succ depth ih =>
    intro v h fit small
    match v with
    | .null => exact reads_null
    | .bool b => exact reads_bool b
    | .int i => exact reads_int fit
    | .float bits => exact reads_float bits
    | .string s => exact reads_string (Nat.lt_trans (length_le_fieldBytes 0x32 _) small)
    | .list items =>
      simp only [Value.fits, Bool.and_eq_true, decide_eq_true_eq] at fit
      rw [Value.depth] at h
      have short := Nat.lt_trans (length_le_fieldBytes 0x3a (itemsBytes items)) small
      exact Reads.tag (n := 0x3a) (by decide) (Reads.delimited (ReadsAll.map (readsAll_list short
        fun v hv => ih v (Nat.le_trans (Value.depth_le_of_mem hv) (Nat.le_of_succ_le_succ h))
          (Value.fits_of_mem fit.2 hv)) _) short)
    | .map entries =>
      simp only [Value.fits, Bool.and_eq_true, decide_eq_true_eq] at fit
      rw [Value.depth] at h
      have short := Nat.lt_trans (length_le_fieldBytes 0x42 (entriesBytes entries)) small
      exact Reads.tag (n := 0x42) (by decide) (Reads.delimited (ReadsAll.map (readsAll_map fit.2 short
        fun e he => ih e.2 (Nat.le_trans (Value.depth_le_of_mem_entries he) (Nat.le_of_succ_le_succ h))
          (Value.fits_of_mem_entries fit.2 he).2) _) short)

/-- What is encoded is decoded as the same value. -/
theorem decode_encode {v : Value} {bytes : List UInt8} (h : v.WellFormed) (written : encode v = some bytes) :
    decode bytes = some v := by
  unfold encode at written
  split at written
  · rename_i small
    obtain rfl := Option.some.inj written
    rw [size_eq, messageLimit] at small
    rw [valueBefore_eq, List.append_nil]
    exact (reads_value Value.maxDepth v h.depth_le h.fits (by omega)).all.run
  · cases written

end LeanPythonBridge.Protobuf
