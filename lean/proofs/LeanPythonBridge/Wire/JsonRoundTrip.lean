module

public import LeanPythonBridge.Wire.JsonProofs

/-!
# JSON reads back: values

`decode_encode`: what the encoder writes for a well-formed value, the decoder reads as that value. JSON has one NaN, so
the value's NaNs must be that one.
-/

@[expose] public section

namespace LeanPythonBridge.Json

/-! ## Floats -/

mutual

/-- Whether every NaN in a value is the one that JSON stands for. -/
def oneNaN : Value → Bool
  | .float bits => !Float64.isNaN bits.toNat || bits == 0x7ff8000000000000
  | .list items => oneNaNItems items
  | .map entries => oneNaNEntries entries
  | _ => true

/-- `oneNaN` for every item. -/
def oneNaNItems : List Value → Bool
  | [] => true
  | v :: items => oneNaN v && oneNaNItems items

/-- `oneNaN` for every entry. -/
def oneNaNEntries : List (String × Value) → Bool
  | [] => true
  | (_, v) :: entries => oneNaN v && oneNaNEntries entries

end

/-- The name of a float without digits stands for it. -/
theorem specialFloat_specialName {bits : UInt64} (finite : Float64.isFinite bits.toNat = false)
    (one : oneNaN (.float bits) = true) :
    ∃ s, Bytes.toString? (specialName bits.toNat) = some s ∧ specialFloat s = some (.float bits) := by
  have cases : bits = 0x7ff8000000000000 ∨ bits = 0x7ff0000000000000 ∨ bits = 0xfff0000000000000 := by
    simp only [oneNaN, Bool.or_eq_true, Bool.not_eq_true', beq_iff_eq] at one
    rcases one with h | h
    · right
      have := bits.toNat_lt
      simp only [Float64.isNaN, Float64.isFinite, Float64.magnitude, Float64.infinity,
        decide_eq_false_iff_not] at h finite
      simp only [← UInt64.toNat_inj]
      simp
      omega
    · exact .inl h
  rcases cases with rfl | rfl | rfl
  · exact ⟨"NaN", by decide +kernel, by simp [specialFloat]⟩
  · exact ⟨"Infinity", by decide +kernel, by simp [specialFloat]⟩
  · exact ⟨"-Infinity", by decide +kernel, by simp [specialFloat]⟩

/-- A float without digits is read. -/
theorem run_special {bits : UInt64} (finite : Float64.isFinite bits.toNat = false)
    (one : oneNaN (.float bits) = true) (rest : List UInt8) (room : Nat) (frames : List Frame) :
    run (floatBefore bits rest) .value (room + 1) frames = resume (.float bits) rest (room + 1) frames := by
  obtain ⟨s, hs, hv⟩ := specialFloat_specialName finite one
  have same : sameBytes floatKey floatKey = true := rfl
  have e : floatBefore bits rest = byte '{' :: commaBefore true (stringBefore floatKey
      (byte ':' :: stringBefore (specialName bits.toNat) (byte '}' :: rest))) := by
    rw [floatBefore, finite]; rfl
  have brace : ∀ tail, run (byte '{' :: tail) .value (room + 1) frames =
    run tail (bif true then .firstKey else .after) room (.map [] [] (room + 1) :: frames) := fun _ => rfl
  rw [e, brace, run_key (h := rfl), run_stringBefore (h := hs)]
  simp only [resume, deliver, same, Bool.not_true, Bool.and_false, cond_false]
  have close : step (byte '}') .after room (.map [(floatKey, .string s)] floatKey (room + 1) :: frames) =
    match mapValue [(floatKey, .string s)] with
    | some v => deliver v (room + 1) frames
    | none => none := rfl
  have value : mapValue [(floatKey, .string s)] = some (.float bits) := by
    simp only [mapValue, special, same, cond_true, hv]
  rw [run, close, value]
  rfl

/-! ## Maps -/

/-- Entries with the bytes of their keys, as the decoder keeps them. -/
def raw : List (String × Value) → List (List UInt8 × Value)
  | [] => []
  | (key, v) :: entries => (Bytes.ofString key, v) :: raw entries

/-- Whether no key is `$float`. -/
def noFloatKey : List (String × Value) → Bool
  | [] => true
  | (key, _) :: entries => !sameBytes (Bytes.ofString key) floatKey && noFloatKey entries

/-- The decoder knows the keys of the entries that it keeps. -/
theorem knows_raw (key : String) (entries : List (String × Value)) :
    knows (Bytes.ofString key) (raw entries) = Value.hasKey key entries := by
  induction entries with
  | nil => rfl
  | cons entry entries ih =>
    obtain ⟨k, v⟩ := entry
    have e : sameBytes (Bytes.ofString k) (Bytes.ofString key) = (k == key) := by
      rw [Bool.eq_iff_iff, sameBytes_iff, beq_iff_eq]
      exact ⟨ofString_inj, congrArg _⟩
    simp only [raw, knows, Value.hasKey, e, ih]
    cases k == key <;> rfl

/-- Entries are put in order. -/
theorem collect_raw (entries : List (String × Value)) :
    ∀ done, noFloatKey entries = true → collect (raw entries) done = some (entries.reverse ++ done) := by
  induction entries with
  | nil => intros; rfl
  | cons entry entries ih =>
    intro done h
    simp only [noFloatKey, Bool.and_eq_true, Bool.not_eq_true'] at h
    simp [raw, collect, h.1, Bytes.toString?_ofString, ih _ h.2]

/-- A map of ordinary keys is its entries. -/
theorem mapValue_raw {entries : List (String × Value)} (h : noFloatKey entries = true) :
    mapValue (raw entries) = some (.map entries.reverse) := by
  have e : special (raw entries) = none := by
    match entries with
    | [] => rfl
    | (_, v) :: (_, _) :: _ => cases v <;> rfl
    | [(key, v)] =>
      simp only [noFloatKey, Bool.and_true, Bool.not_eq_true'] at h
      cases v <;> simp [raw, special, h]
  simp [mapValue, e, collect_raw _ _ h]

/-- Entries have their own keys. -/
theorem hasKey_of_mem {e : String × Value} {entries : List (String × Value)} (h : e ∈ entries) :
    Value.hasKey e.1 entries = true := by
  induction entries with
  | nil => cases h
  | cons entry entries ih =>
    rcases List.mem_cons.mp h with rfl | h
    · simp [Value.hasKey]
    · simp [Value.hasKey, ih h]

/-! ## Values -/

/-- A value has at least one level. -/
theorem depth_pos (v : Value) : 1 ≤ v.depth := by
  cases v <;> simp [Value.depth]

/-- No number goes on after items. -/
theorem ends_itemsBefore (items : List Value) (rest : List UInt8) : Ends (itemsBefore false items rest) := by
  cases items <;> exact rfl

/-- No number goes on after entries. -/
theorem ends_entriesBefore (entries : List (String × Value)) (rest : List UInt8) :
    Ends (entriesBefore false entries rest) := by
  match entries with
  | [] | (_, _) :: _ => exact rfl

/-- Any value can start a list. -/
theorem run_first (v : Value) (text : encodable v = true) (fits : v.fits = true) (rest : List UInt8)
    (room : Nat) (frames : List Frame) :
    run (valueBefore v rest) .first room frames = run (valueBefore v rest) .value room frames := by
  match v with
  | .null | .bool true | .bool false | .string _ | .list _ | .map _ => rfl
  | .int i =>
    rw [valueBefore, intBefore_eq, run_first_numberText (allNumberBytes_intText i) (numberValue_intText fits)]
  | .float bits =>
    simp only [encodable] at text
    simp only [valueBefore, floatBefore]
    cases finite : Float64.isFinite bits.toNat
    · rfl
    · rw [finite, cond_true] at text
      obtain ⟨value, bytes⟩ := numberValue_of_isTextOf text
      exact run_first_numberText bytes value room frames

mutual

/-- The text of a value is read as that value. -/
theorem run_valueBefore (v : Value) (text : encodable v = true) (fits : v.fits = true) (one : oneNaN v = true)
    (rest : List UInt8) (ends : Ends rest) (room : Nat) (deep : v.depth ≤ room) (frames : List Frame) :
    run (valueBefore v rest) .value room frames = resume v rest room frames := by
  obtain ⟨room, rfl⟩ : ∃ r, room = r + 1 := ⟨room - 1, by have := depth_pos v; omega⟩
  match v with
  | .null | .bool true | .bool false => rfl
  | .string s => rw [valueBefore, run_stringBefore (h := Bytes.toString?_ofString s)]
  | .int i =>
    rw [valueBefore, intBefore_eq, run_numberText (allNumberBytes_intText i) ends (numberValue_intText fits)]
  | .float bits =>
    cases finite : Float64.isFinite bits.toNat
    · exact run_special finite one rest room frames
    · simp only [encodable, finite, cond_true] at text
      obtain ⟨value, bytes⟩ := numberValue_of_isTextOf text
      rw [valueBefore, floatBefore, finite]
      exact run_numberText bytes ends value _ frames
  | .list items =>
    simp only [encodable, Value.fits, Bool.and_eq_true, oneNaN, Value.depth, Nat.add_le_add_iff_right] at *
    exact run_itemsBefore items true [] text fits.2 one rest room deep (room + 1) frames
  | .map entries =>
    simp only [encodable, Value.fits, Bool.and_eq_true, oneNaN, Value.depth, Nat.add_le_add_iff_right] at *
    exact run_entriesBefore entries true [] [] text fits.2 one (fun _ _ => rfl) rfl rest room deep (room + 1) frames

/-- The text of items is read as those items, after the ones before. -/
theorem run_itemsBefore (items : List Value) (first : Bool) (done : List Value)
    (text : encodableItems items = true) (fits : Value.fitsItems items = true) (one : oneNaNItems items = true)
    (rest : List UInt8) (room : Nat) (deep : Value.depthItems items ≤ room) (outer : Nat) (frames : List Frame) :
    run (itemsBefore first items rest) (bif first then .first else .after) room (.list done outer :: frames) =
      resume (.list (done.reverse ++ items)) rest outer frames := by
  match items with
  | [] => rw [List.append_nil]; cases first <;> rfl
  | v :: items =>
    have ⟨text, texts⟩ : encodable v = true ∧ encodableItems items = true := by simpa [encodableItems] using text
    have ⟨fit, fits⟩ : v.fits = true ∧ Value.fitsItems items = true := by simpa [Value.fitsItems] using fits
    have ⟨one, ones⟩ : oneNaN v = true ∧ oneNaNItems items = true := by simpa [oneNaNItems] using one
    have ⟨deep, deeps⟩ : v.depth ≤ room ∧ Value.depthItems items ≤ room := Nat.max_le.mp deep
    have start : run (itemsBefore first (v :: items) rest) (bif first then .first else .after) room
        (.list done outer :: frames) =
        run (valueBefore v (itemsBefore false items rest)) .value room (.list done outer :: frames) := by
      cases first
      · rfl
      · exact run_first v text fit ..
    have some_room : Nat.beq room 0 = false := by
      rw [Bool.eq_false_iff, Ne, Nat.beq_eq]; have := depth_pos v; omega
    rw [start, run_valueBefore v text fit one _ (ends_itemsBefore items rest) room deep, resume, deliver, some_room]
    have h := run_itemsBefore items false (v :: done) texts fits ones rest room deeps outer frames
    rw [List.reverse_cons, List.append_assoc] at h
    exact h

/-- The text of entries is read as those entries, after the ones before. -/
theorem run_entriesBefore (entries : List (String × Value)) (first : Bool) (done : List (String × Value))
    (key : List UInt8) (text : encodableEntries entries = true) (fits : Value.fitsEntries entries = true)
    (one : oneNaNEntries entries = true) (fresh : ∀ e ∈ entries, Value.hasKey e.1 done = false)
    (plain : noFloatKey done = true) (rest : List UInt8) (room : Nat) (deep : Value.depthEntries entries ≤ room)
    (outer : Nat) (frames : List Frame) :
    run (entriesBefore first entries rest) (bif first then .firstKey else .after) room
      (.map (raw done) key outer :: frames) = resume (.map (done.reverse ++ entries)) rest outer frames := by
  match entries with
  | [] =>
    have close : run (entriesBefore first [] rest) (bif first then .firstKey else .after) room
        (.map (raw done) key outer :: frames) =
        match (match mapValue (raw done) with
          | some v => deliver v outer frames
          | none => none) with
        | some ⟨mode, room, frames⟩ => run rest mode room frames
        | none => none := by cases first <;> rfl
    rw [close, mapValue_raw plain, List.append_nil]
    rfl
  | (k, v) :: entries =>
    have ⟨own, text, texts⟩ : sameBytes (Bytes.ofString k) floatKey = false ∧ encodable v = true ∧
      encodableEntries entries = true := by simpa [encodableEntries] using text
    have ⟨new, fit, fits⟩ : Value.hasKey k entries = false ∧ v.fits = true ∧ Value.fitsEntries entries = true := by
      simp only [Value.fitsEntries, Bool.and_eq_true, Bool.not_eq_true'] at fits
      exact ⟨fits.1.1.2, fits.1.2, fits.2⟩
    have ⟨one, ones⟩ : oneNaN v = true ∧ oneNaNEntries entries = true := by simpa [oneNaNEntries] using one
    have ⟨deep, deeps⟩ : v.depth ≤ room ∧ Value.depthEntries entries ≤ room := Nat.max_le.mp deep
    have some_room : Nat.beq room 0 = false := by
      rw [Bool.eq_false_iff, Ne, Nat.beq_eq]; have := depth_pos v; omega
    have unknown : knows (Bytes.ofString k) (raw done) = false := by
      rw [knows_raw]; exact fresh _ List.mem_cons_self
    have fresh : ∀ e ∈ entries, Value.hasKey e.1 ((k, v) :: done) = false := by
      intro e he
      have ne : (k == e.1) = false := by
        have := hasKey_of_mem he
        rw [beq_eq_false_iff_ne]
        rintro rfl
        simp [new] at this
      simp [Value.hasKey, ne, fresh e (List.mem_cons_of_mem _ he)]
    have plain : noFloatKey ((k, v) :: done) = true := by simp [noFloatKey, own, plain]
    rw [entriesBefore, run_key (h := unknown),
      run_valueBefore v text fit one _ (ends_entriesBefore entries rest) room deep, resume, deliver, some_room]
    have h := run_entriesBefore entries false ((k, v) :: done) (Bytes.ofString k) texts fits ones fresh plain rest room
      deeps outer frames
    rw [List.reverse_cons, List.append_assoc] at h
    exact h

end

/-- What is encoded is decoded as the same value. -/
theorem decode_encode {v : Value} {bytes : List UInt8} (wellFormed : v.WellFormed) (one : oneNaN v = true)
    (h : encode v = some bytes) : decode bytes = some v := by
  cases text : encodable v
  · simp [encode, text] at h
  · simp only [encode, text, cond_true, Option.some.injEq] at h
    rw [decode, ← h, run_valueBefore v text wellFormed.fits one [] trivial _ wellFormed.depth_le]
    rfl

end LeanPythonBridge.Json
