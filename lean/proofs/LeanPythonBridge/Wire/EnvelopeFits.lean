module
public import LeanPythonBridge.Wire.EnvelopeProofs
public import LeanPythonBridge.Wire.JsonRoundTrip
public import LeanPythonBridge.Wire.MessagePackProofs

/-!
# Well-formed requests and replies can be carried

`toValue` of what is well formed is a well-formed value. So a request that was encoded in any format whose decoder
gives well-formed values back is decoded to the same request. MessagePack and JSON are spelled out here, Protocol
Buffers in `ProtobufHeaderProofs`.
-/

@[expose] public section

namespace LeanPythonBridge

open Envelope Value

namespace Envelope

/-- At most `count` entries, all of them fit, and their values are at most `limit` deep. -/
def Room (limit count : Nat) (entries : Entries) : Prop :=
  depthEntries entries ≤ limit ∧ entries.length ≤ count ∧ fitsEntries entries = true

theorem Room.nil : Room limit 0 [] := ⟨Nat.zero_le _, Nat.le_refl _, rfl⟩

theorem Room.cons (h : Room limit count es) (k : String) (v : Value) (key : stringFits k = true)
    (new : hasKey k es = false) (deep : v.depth ≤ limit) (fit : v.fits = true) :
    Room limit (count + 1) ((k, v) :: es) :=
  ⟨Nat.max_le.mpr ⟨deep, h.1⟩, Nat.succ_le_succ h.2.1, by simp [fitsEntries, key, new, fit, h.2.2]⟩

theorem Room.optional (h : Room limit count es) (k : String) (o : Option Value)
    (key : stringFits k = true) (new : hasKey k es = false)
    (each : ∀ v, o = some v → v.depth ≤ limit ∧ v.fits = true) :
    Room limit (count + 1) (optionalEntry k o es) :=
  match o, each with
  | none, _ => ⟨h.1, Nat.le_succ_of_le h.2.1, h.2.2⟩
  | some v, each => h.cons k v key new (each v rfl).1 (each v rfl).2

/-- A map whose entries have room fits. -/
theorem Room.fits (h : Room limit count es) (c : count < lengthLimit) :
    (Value.map es).fits = true := by
  simp [Value.fits, h.2.2, Nat.lt_of_le_of_lt h.2.1 c]

@[simp] theorem hasKey_cons (key k : String) (v : Value) (es : Entries) :
    hasKey key ((k, v) :: es) = (decide (k = key) || hasKey key es) := by
  rw [hasKey, Bool.eq_iff_iff]
  simp

@[simp] theorem hasKey_optionalEntry (key k : String) (o : Option Value) (es : Entries) :
    hasKey key (optionalEntry k o es) = (o.isSome && decide (k = key) || hasKey key es) := by
  cases o <;> simp [optionalEntry]

theorem fits_ofNat (h : natFits n = true) : (Value.ofNat n).fits = true := by
  simp only [natFits, decide_eq_true_eq] at h
  simp only [Value.ofNat, Value.fits, intFits, Int.ofNat_eq_natCast, Bool.and_eq_true,
    decide_eq_true_eq]
  omega

theorem depthItems_ofNats (ns : List Nat) : depthItems (ofNats ns) ≤ 1 := by
  induction ns with
  | nil => exact Nat.zero_le _
  | cons n ns ih => exact Nat.max_le.mpr ⟨Nat.le_refl _, ih⟩

theorem fitsItems_ofNats (ns : List Nat) (h : natsFit ns = true) :
    fitsItems (ofNats ns) = true ∧ (ofNats ns).length = ns.length := by
  induction ns with
  | nil => exact ⟨rfl, rfl⟩
  | cons n ns ih =>
    simp only [natsFit, Bool.and_eq_true] at h
    simp [ofNats, fitsItems, fits_ofNat h.1, ih h.2]

theorem stringFits_of_isName (h : isName s = true) : stringFits s = true := by
  simp only [isName, Bool.and_eq_true] at h
  exact h.2

theorem length_le_of_areIdBytes : ∀ room bytes, areIdBytes room bytes = true → bytes.length ≤ room
  | _, [], _ => Nat.zero_le _
  | 0, _ :: _, h => by simp [areIdBytes] at h
  | room + 1, b :: bs, h => by
    simp only [areIdBytes, Bool.and_eq_true] at h
    exact Nat.succ_le_succ (length_le_of_areIdBytes room bs h.2)

theorem stringFits_of_isId (h : isId s = true) : stringFits s = true := by
  simp only [isId, Bool.and_eq_true] at h
  have l := length_le_of_areIdBytes _ _ h.2
  rw [Bytes.length_ofString] at l
  simp only [stringFits, lengthLimit, decide_eq_true_eq]
  omega

theorem mapFits_iff : mapFits outer entries = true ↔
    (Value.map entries).depth + outer ≤ maxDepth ∧ (Value.map entries).fits = true := by
  simp [mapFits]

end Envelope

namespace ArrayHeader

theorem fits_toValue (h : ArrayHeader) (v : h.valid = true) :
    h.toValue.depth ≤ 3 ∧ h.toValue.fits = true := by
  simp only [valid, Bool.and_eq_true, decide_eq_true_eq] at v
  obtain ⟨⟨⟨⟨name, length⟩, shape⟩, _⟩, frames⟩ := v
  have items := fitsItems_ofNats h.shape shape
  have dtype : stringFits h.dtype.name = true := by cases h.dtype <;> decide +kernel
  have list : (Value.list (ofNats h.shape)).fits = true := by
    simp [Value.fits, items, lengthLimit]; omega
  have room := (Room.nil (limit := 2))
    |>.cons "frames" (.ofNat h.frames) (by decide +kernel) rfl
      (by simp [Value.ofNat, Value.depth]) (fits_ofNat frames)
    |>.cons "shape" (.list (ofNats h.shape)) (by decide +kernel) (by simp [hasKey])
      (Nat.succ_le_succ (depthItems_ofNats h.shape)) list
    |>.cons "dtype" (.string h.dtype.name) (by decide +kernel) (by simp [hasKey])
      (by simp [Value.depth]) dtype
    |>.cons "name" (.string h.name) (by decide +kernel) (by simp [hasKey])
      (by simp [Value.depth]) (stringFits_of_isName name)
  exact ⟨Nat.succ_le_succ room.1, room.fits (by decide)⟩

theorem fits_toValues (hs : List ArrayHeader) (v : allValid hs = true) :
    depthItems (toValues hs) ≤ 3 ∧ fitsItems (toValues hs) = true ∧
      (toValues hs).length = hs.length := by
  induction hs with
  | nil => exact ⟨Nat.zero_le _, rfl, rfl⟩
  | cons h hs ih =>
    simp only [allValid, Bool.and_eq_true] at v
    have one := fits_toValue h v.1
    have more := ih v.2
    exact ⟨Nat.max_le.mpr ⟨one.1, more.1⟩, by simp [fitsItems, toValues, one, more],
      by simp [toValues, more]⟩

theorem fits_listValue? (hs : List ArrayHeader) (v : allValid hs = true)
    (short : hs.length < lengthLimit) :
    ∀ w, listValue? hs = some w → w.depth ≤ 63 ∧ w.fits = true := by
  intro w h
  have all := fits_toValues hs v
  obtain rfl : w = .list (toValues hs) := by cases hs <;> simp_all [listValue?]
  refine ⟨Nat.succ_le_succ (Nat.le_trans all.1 (by decide)), ?_⟩
  simp [Value.fits, all, short]

end ArrayHeader

/-- A version has room. -/
theorem fits_schemaVersion : (Value.ofNat schemaVersion).fits = true := fits_ofNat (by decide)

/-- A map with room for all but the outermost level is well formed. -/
theorem wellFormed_map {entries : Entries} (room : Room 63 count entries)
    (c : count < lengthLimit) : (Value.map entries).WellFormed := by
  have deep : (Value.map entries).depth ≤ maxDepth := Nat.succ_le_succ room.1
  simp [WellFormed, Value.wellFormed, deep, room.fits c]

/-- A well-formed request can be carried by every format. -/
theorem Request.wellFormed_toValue (r : Request) (h : r.wellFormed = true) :
    r.toValue.WellFormed := by
  simp only [wellFormed, valid, fieldsValid, Bool.and_eq_true, decide_eq_true_eq, mapFits_iff] at h
  obtain ⟨⟨⟨⟨⟨⟨id, op⟩, deadline⟩, arrays⟩, _⟩, ⟨deep, params⟩⟩, short⟩ := h
  have deadlineFits : ∀ v, r.deadlineMs.map Value.ofNat = some v → v.depth ≤ 63 ∧ v.fits = true := by
    intro v e
    cases d : r.deadlineMs with
    | none => simp [d] at e
    | some n =>
      simp only [d, deadlineValid, Bool.and_eq_true] at deadline
      obtain rfl : Value.ofNat n = v := by simpa [d] using e
      exact ⟨(by simp [Value.ofNat, Value.depth]), fits_ofNat deadline.2⟩
  refine wellFormed_map ((Room.nil
    |>.optional "certify" _ (by decide +kernel) rfl ?_
    |>.optional "deadline_ms" _ (by decide +kernel) (by simp [hasKey]) deadlineFits
    |>.optional "arrays" _ (by decide +kernel) (by simp [hasKey])
      (ArrayHeader.fits_listValue? r.arrays arrays short)
    |>.cons "params" (.map r.params) (by decide +kernel) (by simp [hasKey])
      (Nat.le_of_succ_le_succ deep) params
    |>.cons "op" (.string r.op) (by decide +kernel) (by simp [hasKey]) (by simp [Value.depth])
      (stringFits_of_isName op)
    |>.cons "id" (.string r.id) (by decide +kernel) (by simp [hasKey]) (by simp [Value.depth])
      (stringFits_of_isId id)
    |>.cons "schema_version" (.ofNat schemaVersion) (by decide +kernel) (by simp [hasKey])
      (by simp [Value.ofNat, Value.depth]) fits_schemaVersion)) (by decide)
  cases r.certify <;> simp [Value.depth, Value.fits]

theorem stringFits_of_idValid {id : String} (h : Reply.idValid id = true) : stringFits id = true := by
  simp only [Reply.idValid, Bool.or_eq_true, _root_.beq_iff_eq] at h
  rcases h with rfl | h
  · decide +kernel
  · exact stringFits_of_isId h

theorem ErrorInfo.fits_toValue (e : ErrorInfo) (message : stringFits e.message = true)
    (details : mapFits 2 e.details = true) : e.toValue.depth ≤ 63 ∧ e.toValue.fits = true := by
  rw [mapFits_iff] at details
  have code : stringFits e.code.name = true := by cases e.code <;> decide +kernel
  have room := (Room.nil (limit := 62))
    |>.cons "details" (.map e.details) (by decide +kernel) rfl
      (Nat.le_of_add_le_add_right details.1) details.2
    |>.cons "message" (.string e.message) (by decide +kernel) (by simp [hasKey])
      (by simp [Value.depth]) message
    |>.cons "code" (.string e.code.name) (by decide +kernel) (by simp [hasKey])
      (by simp [Value.depth]) code
  exact ⟨Nat.succ_le_succ room.1, room.fits (by decide)⟩

theorem Timing.fits_toValue (t : Timing) (queue : natFits t.queueUs = true)
    (compute : natFits t.computeUs = true) : t.toValue.depth ≤ 63 ∧ t.toValue.fits = true := by
  have room := (Room.nil (limit := 62))
    |>.cons "compute_us" (.ofNat t.computeUs) (by decide +kernel) rfl
      (by simp [Value.ofNat, Value.depth]) (fits_ofNat compute)
    |>.cons "queue_us" (.ofNat t.queueUs) (by decide +kernel) (by simp [hasKey])
      (by simp [Value.ofNat, Value.depth]) (fits_ofNat queue)
  exact ⟨Nat.succ_le_succ room.1, room.fits (by decide)⟩

/-- A well-formed reply can be carried by every format. -/
theorem Reply.wellFormed_toValue (r : Reply) (h : r.wellFormed = true) : r.toValue.WellFormed := by
  obtain ⟨id, outcome, timing⟩ := r
  simp only [wellFormed, valid, Bool.and_eq_true] at h
  obtain ⟨⟨⟨idOk, outcomeOk⟩, outcomeFit⟩, timingFit⟩ := h
  have times : ∀ v, timing.map Timing.toValue = some v → v.depth ≤ 63 ∧ v.fits = true := by
    intro v e
    cases timing with
    | none => simp at e
    | some t =>
      simp only [timingFits, Bool.and_eq_true] at timingFit
      obtain rfl : t.toValue = v := by simpa using e
      exact t.fits_toValue timingFit.1 timingFit.2
  have last := Room.nil.optional "timing" _ (by decide +kernel) rfl times
  have first {count : Nat} {entries : Entries} (room : Room 63 count entries)
      (small : count + 2 < lengthLimit) (noId : hasKey "id" entries = false)
      (noVersion : hasKey "schema_version" entries = false) :
      (Value.map (("schema_version", .ofNat schemaVersion) :: ("id", .string id) :: entries)).WellFormed :=
    wellFormed_map (room
      |>.cons "id" (.string id) (by decide +kernel) noId (by simp [Value.depth])
        (stringFits_of_idValid idOk)
      |>.cons "schema_version" (.ofNat schemaVersion) (by decide +kernel) (by simp [noVersion])
        (by simp [Value.ofNat, Value.depth]) fits_schemaVersion) small
  cases outcome with
  | error info =>
    simp only [outcomeFits, Bool.and_eq_true] at outcomeFit
    have fit := info.fits_toValue outcomeFit.1 outcomeFit.2
    exact first (last
      |>.cons "error" info.toValue (by decide +kernel) (by simp [hasKey]) fit.1 fit.2
      |>.cons "status" (.string "error") (by decide +kernel) (by simp [hasKey]) (by simp [Value.depth])
        (by decide +kernel)) (by decide) (by simp [outcomeEntries, hasKey])
      (by simp [outcomeEntries, hasKey])
  | ok result arrays certificate =>
    simp only [outcomeFits, outcomeValid, Bool.and_eq_true, decide_eq_true_eq, mapFits_iff]
      at outcomeFit outcomeOk
    obtain ⟨⟨⟨deep, fit⟩, short⟩, certificateFit⟩ := outcomeFit
    have certified : ∀ v, certificate.map Value.map = some v → v.depth ≤ 63 ∧ v.fits = true := by
      intro v e
      cases certificate with
      | none => simp at e
      | some entries =>
        obtain rfl : Value.map entries = v := by simpa using e
        rw [certificateFits, mapFits_iff] at certificateFit
        exact ⟨Nat.le_of_succ_le_succ certificateFit.1, certificateFit.2⟩
    exact first (last
      |>.optional "certificate" _ (by decide +kernel) (by simp [hasKey]) certified
      |>.optional "arrays" _ (by decide +kernel) (by simp [hasKey])
        (ArrayHeader.fits_listValue? arrays outcomeOk.1 short)
      |>.cons "result" (.map result) (by decide +kernel) (by simp [hasKey])
        (Nat.le_of_succ_le_succ deep) fit
      |>.cons "status" (.string "ok") (by decide +kernel) (by simp [hasKey]) (by simp [Value.depth])
        (by decide +kernel)) (by decide) (by simp [outcomeEntries, hasKey])
      (by simp [outcomeEntries, hasKey])

theorem Request.valid_of_wellFormed {r : Request} (h : r.wellFormed = true) : r.valid = true := by
  simp only [wellFormed, Bool.and_eq_true] at h
  exact h.1.1

theorem Reply.valid_of_wellFormed {r : Reply} (h : r.wellFormed = true) : r.valid = true := by
  simp only [wellFormed, Bool.and_eq_true] at h
  exact h.1.1

/-! ## In MessagePack -/

namespace MessagePack

/-- The bytes of a request. -/
def encodeRequest (r : Request) : List UInt8 := encode r.toValue

/-- The request that bytes say. -/
def decodeRequest? (bytes : List UInt8) : Option Request := (decode bytes).toOption.bind Request.ofValue?

/-- The bytes of a reply. -/
def encodeReply (r : Reply) : List UInt8 := encode r.toValue

/-- The reply that bytes say. -/
def decodeReply? (bytes : List UInt8) : Option Reply := (decode bytes).toOption.bind Reply.ofValue?

/-- A well-formed request that was encoded is decoded to the same request. -/
theorem decodeRequest?_encodeRequest (r : Request) (h : r.wellFormed = true) :
    decodeRequest? (encodeRequest r) = some r := by
  rw [decodeRequest?, encodeRequest, decode_encode _ (r.wellFormed_toValue h)]
  exact r.ofValue?_toValue (Request.valid_of_wellFormed h)

/-- A well-formed reply that was encoded is decoded to the same reply. -/
theorem decodeReply?_encodeReply (r : Reply) (h : r.wellFormed = true) :
    decodeReply? (encodeReply r) = some r := by
  rw [decodeReply?, encodeReply, decode_encode _ (r.wellFormed_toValue h)]
  exact r.ofValue?_toValue (Reply.valid_of_wellFormed h)

end MessagePack

/-! ## In JSON -/

namespace Json

/-- The request that bytes say. -/
def decodeRequest? (bytes : List UInt8) : Option Request := (decode bytes).bind Request.ofValue?

/-- The reply that bytes say. -/
def decodeReply? (bytes : List UInt8) : Option Reply := (decode bytes).bind Reply.ofValue?

/-- A well-formed request that was encoded is decoded to the same request, but for the payload of a NaN. -/
theorem decodeRequest?_encode (r : Request) (h : r.wellFormed = true) (one : oneNaN r.toValue = true)
    (written : encode r.toValue = some bytes) : decodeRequest? bytes = some r := by
  rw [decodeRequest?, decode_encode (r.wellFormed_toValue h) one written]
  exact r.ofValue?_toValue (Request.valid_of_wellFormed h)

/-- A well-formed reply that was encoded is decoded to the same reply, but for the payload of a NaN. -/
theorem decodeReply?_encode (r : Reply) (h : r.wellFormed = true) (one : oneNaN r.toValue = true)
    (written : encode r.toValue = some bytes) : decodeReply? bytes = some r := by
  rw [decodeReply?, decode_encode (r.wellFormed_toValue h) one written]
  exact r.ofValue?_toValue (Reply.valid_of_wellFormed h)

end Json
end LeanPythonBridge
