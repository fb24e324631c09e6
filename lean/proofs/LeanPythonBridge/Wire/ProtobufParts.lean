module
public import LeanPythonBridge.Wire.EnvelopeFits
public import LeanPythonBridge.Wire.ProtobufHeader
public import LeanPythonBridge.Wire.ProtobufProofs

/-!
# The parts of headers in Protocol Buffers

A message with named fields is put together from `Part`s: what a field says, and its bytes.
-/

@[expose] public section

namespace LeanPythonBridge.Protobuf

open Envelope
open Value (stringFits)

/-! ## Messages with named fields -/

/-- The tag of a field with what it holds, and its bytes. -/
abbrev Part := (Nat × Value) × List UInt8

/-- Each part's bytes are read as what it says, when there are not too many. -/
def Written (field : Nat → Reader Value) (parts : List Part) : Prop :=
  ∀ p ∈ parts, p.2.length < 2 ^ 64 → Reads (named field) p.2 p.1 ∧ 0 < p.2.length

theorem Written.nil {field : Nat → Reader Value} : Written field [] := fun _ h => by cases h

/-- A field whose bytes after the tag are these. -/
theorem Written.cons {field : Nat → Reader Value} (more : Written field parts) (tag : Nat) (small : tag < 0x80)
    (h : bytes.length < 2 ^ 64 → Reads (field tag) bytes v) :
    Written field (((tag, v), UInt8.ofNat tag :: bytes) :: parts) := by
  intro p mem short
  rcases List.mem_cons.mp mem with rfl | mem
  · rw [List.length_cons] at short
    exact ⟨Reads.tag small ((h (by omega)).map _), Nat.succ_pos _⟩
  · exact more p mem short

theorem Written.append {field : Nat → Reader Value} (h : Written field parts) (more : Written field parts') :
    Written field (parts ++ parts') := by
  intro p mem
  rcases List.mem_append.mp mem with mem | mem
  · exact h p mem
  · exact more p mem

theorem readsAll_message {field : Nat → Reader Value} {ofFields? : List (Nat × Value) → Option Value}
    {parts : List Part} (h : Written field parts) (small : (parts.flatMap Prod.snd).length < 2 ^ 64)
    (e : ofFields? (parts.map Prod.fst) = some v) :
    ReadsAll (message field ofFields?) (parts.flatMap Prod.snd) v := by
  refine ReadsAll.bind (ReadsAll.repeated parts fun p mem =>
    h p mem (Nat.lt_of_le_of_lt (length_le_flatMap mem) small)) ?_
  rw [e]
  exact Reads.pure _

/-- The reader reads a field with this content, after its tag. -/
def ReadsField (p : Reader α) (content : List UInt8) (a : α) : Prop :=
  (varintBytes content.length ++ content).length < 2 ^ 64 →
    Reads p (varintBytes content.length ++ content) a

theorem readsField {p : Reader α} (h : content.length < 2 ^ 64 → ReadsAll p content a) :
    ReadsField (Reader.delimited p) content a := by
  intro small
  rw [List.length_append] at small
  exact Reads.delimited (h (by omega)) (by omega)

theorem reads_text (s : String) : ReadsField text (Bytes.ofString s) (.string s) := by
  refine readsField fun _ => ?_
  have r := (ReadsAll.chars s).map fun cs => Value.string (String.ofList cs)
  rwa [String.ofList_toList] at r

theorem reads_nat (h : natFits n = true) : Reads nat (varintBytes n) (.ofNat n) := by
  simp only [natFits, decide_eq_true_eq] at h
  exact (Reads.varint h).map _

theorem reads_map {depth : Nat} {es : Entries} (deep : (Value.map es).depth ≤ depth + 1)
    (fit : (Value.map es).fits = true) : ReadsField (mapWithin depth) (entriesBytes es) (.map es) := by
  simp only [Value.fits, Bool.and_eq_true, decide_eq_true_eq] at fit
  rw [Value.depth] at deep
  exact readsField fun small => ReadsAll.map (readsAll_map fit.2 small fun e he =>
    reads_value depth e.2 (Nat.le_trans (Value.depth_le_of_mem_entries he) (Nat.le_of_succ_le_succ deep))
      (Value.fits_of_mem_entries fit.2 he).2) _

/-! ## What is written before other bytes -/

theorem fieldBefore_eq (tag : UInt8) (content rest : List UInt8) :
    fieldBefore tag content rest = fieldBytes tag content ++ rest := by
  simp [fieldBefore, fieldBytes, varintBefore_eq]

theorem textBefore_eq (tag : UInt8) (s : String) (rest : List UInt8) :
    textBefore tag s rest = fieldBytes tag (Bytes.ofString s) ++ rest := fieldBefore_eq _ _ _

theorem mapBefore_eq (tag : UInt8) (es : Entries) (rest : List UInt8) :
    mapBefore tag es rest = fieldBytes tag (entriesBytes es) ++ rest := by
  simp [mapBefore, fieldBytes, varintBefore_eq, sizeEntries_eq, entriesBefore_eq]

/-- A number's part, unless it is 0. -/
def natParts (tag n : Nat) : List Part :=
  if n = 0 then [] else [((tag, .ofNat n), UInt8.ofNat tag :: varintBytes n)]

theorem natBefore_eq (tag n : Nat) (rest : List UInt8) :
    natBefore (UInt8.ofNat tag) n rest = (natParts tag n).flatMap Prod.snd ++ rest := by
  unfold natBefore natParts
  split <;> simp [varintBefore_eq]

theorem Written.natParts {field : Nat → Reader Value} (tag : Nat) (small : tag < 0x80)
    (read : field tag = nat) (h : natFits n = true) : Written field (natParts tag n) := by
  unfold Protobuf.natParts
  split
  · exact Written.nil
  · exact Written.nil.cons tag small fun _ => by rw [read]; exact reads_nat h

/-! ## Headers of arrays -/

theorem packed_eq (ns : List Nat) : packed ns = ns.flatMap varintBytes := by
  induction ns with
  | nil => rfl
  | cons n ns ih => simp [packed, varintBefore_eq, ih]

theorem natFits_of_mem {ns : List Nat} (fit : natsFit ns = true) (h : n ∈ ns) : n < 2 ^ 64 := by
  induction ns with
  | nil => cases h
  | cons m ns ih =>
    simp only [natsFit, natFits, Bool.and_eq_true, decide_eq_true_eq] at fit
    rcases List.mem_cons.mp h with rfl | h
    · exact fit.1
    · exact ih fit.2 h

theorem length_varintBytes_pos (n : Nat) : 0 < (varintBytes n).length := by
  simp only [varintBytes, varintBefore, varintBeforeFrom]
  split <;> simp

theorem readsAll_packed {ns : List Nat} (fit : natsFit ns = true) :
    ReadsAll (Reader.repeated Reader.varint) (packed ns) ns := by
  rw [packed_eq]
  have r := ReadsAll.repeated (p := Reader.varint) (f := id) ns fun n h =>
    ⟨Reads.varint (natFits_of_mem fit h), length_varintBytes_pos n⟩
  rwa [List.map_id] at r

/-- The dimensions' part, unless there are none. -/
def shapeParts (shape : List Nat) : List Part :=
  if shape.isEmpty then [] else [((0x1a, .list (ofNats shape)), fieldBytes 0x1a (packed shape))]

/-- The parts of an array's header. -/
def arrayParts (h : ArrayHeader) : List Part :=
  ((0x0a, .string h.name), fieldBytes 0x0a (Bytes.ofString h.name)) ::
    ((0x12, .string h.dtype.name), fieldBytes 0x12 (Bytes.ofString h.dtype.name)) ::
    (shapeParts h.shape ++ natParts 0x20 h.frames)

theorem arrayBytes_eq (h : ArrayHeader) : arrayBytes h = (arrayParts h).flatMap Prod.snd := by
  have frames := natBefore_eq 0x20 h.frames []
  simp only [arrayBytes, arrayParts, textBefore_eq, List.flatMap_cons, List.flatMap_append, shapeParts]
  rw [show (0x20 : UInt8) = UInt8.ofNat 0x20 from rfl, frames]
  split <;> simp [fieldBefore_eq]

theorem written_array (h : ArrayHeader) (v : h.valid = true) : Written arrayField (arrayParts h) := by
  simp only [ArrayHeader.valid, Bool.and_eq_true, decide_eq_true_eq] at v
  have shape : Written arrayField (shapeParts h.shape) := by
    unfold shapeParts
    split
    · exact Written.nil
    · exact Written.nil.cons 0x1a (by decide)
        (readsField fun _ => (readsAll_packed v.1.1.2).map fun ns => Value.list (ofNats ns))
  exact ((shape.append (Written.natParts 0x20 (by decide) rfl v.2)).cons 0x12 (by decide)
    (reads_text _)).cons 0x0a (by decide) (reads_text _)

theorem arrayOfFields?_eq (h : ArrayHeader) (v : h.valid = true) :
    arrayOfFields? ((arrayParts h).map Prod.fst) = some h.toValue := by
  simp only [ArrayHeader.valid, Bool.and_eq_true, decide_eq_true_eq] at v
  have frames : h.frames ≠ 0 := by omega
  cases e : h.shape <;>
    simp [arrayOfFields?, arrayParts, shapeParts, natParts, frames, e, single?, select, shapeOf, Value.asList?,
      ArrayHeader.toValue, ofNats]

theorem reads_array (h : ArrayHeader) (v : h.valid = true) :
    ReadsField (Reader.delimited (message arrayField arrayOfFields?)) (arrayBytes h) h.toValue := by
  rw [arrayBytes_eq]
  exact readsField fun small => readsAll_message (written_array h v) small (arrayOfFields?_eq h v)

/-- The parts of a header for its arrays. -/
def arraysParts (hs : List ArrayHeader) : List Part :=
  hs.map fun h => ((0x2a, h.toValue), fieldBytes 0x2a (arrayBytes h))

theorem arraysBefore_eq (hs : List ArrayHeader) (rest : List UInt8) :
    arraysBefore hs rest = (arraysParts hs).flatMap Prod.snd ++ rest := by
  induction hs with
  | nil => rfl
  | cons h hs ih => simp_all [arraysBefore, arraysParts, fieldBefore_eq]

theorem written_arrays (hs : List ArrayHeader) (v : ArrayHeader.allValid hs = true) :
    Written headerField (arraysParts hs) := by
  induction hs with
  | nil => exact Written.nil
  | cons h hs ih =>
    simp only [ArrayHeader.allValid, Bool.and_eq_true] at v
    exact (ih v.2).cons 0x2a (by decide) (reads_array h v.1)

/-! ## Errors and times -/

/-- The parts of an error. -/
def errorParts (e : ErrorInfo) : List Part :=
  ((0x0a, .string e.code.name), fieldBytes 0x0a (Bytes.ofString e.code.name)) ::
    ((if e.message = "" then [] else [((0x12, .string e.message), fieldBytes 0x12 (Bytes.ofString e.message))]) ++
      [((0x1a, .map e.details), fieldBytes 0x1a (entriesBytes e.details))])

theorem errorBytes_eq (e : ErrorInfo) : errorBytes e = (errorParts e).flatMap Prod.snd := by
  simp only [errorBytes, errorParts, textBefore_eq, mapBefore_eq]
  split <;> simp

theorem written_error (e : ErrorInfo) (details : mapFits 2 e.details = true) :
    Written errorField (errorParts e) := by
  rw [mapFits_iff] at details
  have last : Written errorField [((0x1a, .map e.details), fieldBytes 0x1a (entriesBytes e.details))] :=
    Written.nil.cons 0x1a (by decide) (reads_map (Nat.le_of_add_le_add_right (b := 2) details.1) details.2)
  refine Written.cons ?_ 0x0a (by decide) (reads_text _)
  split
  · exact last
  · exact last.cons 0x12 (by decide) (reads_text _)

theorem errorOfFields?_eq (e : ErrorInfo) : errorOfFields? ((errorParts e).map Prod.fst) = some e.toValue := by
  by_cases h : e.message = "" <;>
    simp [errorOfFields?, errorParts, h, single?, select, ErrorInfo.toValue, optionalEntry]

theorem reads_error (e : ErrorInfo) (details : mapFits 2 e.details = true) :
    ReadsField (Reader.delimited (message errorField errorOfFields?)) (errorBytes e) e.toValue := by
  rw [errorBytes_eq]
  exact readsField fun small => readsAll_message (written_error e details) small (errorOfFields?_eq e)

/-- The parts of the times. -/
def timingParts (t : Timing) : List Part := natParts 0x08 t.queueUs ++ natParts 0x10 t.computeUs

theorem timingOfFields?_eq (t : Timing) : timingOfFields? ((timingParts t).map Prod.fst) = some t.toValue := by
  by_cases q : t.queueUs = 0 <;> by_cases c : t.computeUs = 0 <;>
    simp [timingOfFields?, timingParts, natParts, q, c, single?, select, Timing.toValue]

theorem reads_timing (t : Timing) (queue : natFits t.queueUs = true) (compute : natFits t.computeUs = true) :
    ReadsField (Reader.delimited (message timingField timingOfFields?)) ((timingParts t).flatMap Prod.snd)
      t.toValue :=
  readsField fun small => readsAll_message ((Written.natParts 0x08 (by decide) rfl queue).append
    (Written.natParts 0x10 (by decide) rfl compute)) small (timingOfFields?_eq t)

end LeanPythonBridge.Protobuf
