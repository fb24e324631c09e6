module
public import LeanPythonBridge.Wire.ProtobufParts

/-!
# Reading back requests and replies from Protocol Buffers

What `encodeRequest` and `encodeReply` wrote is decoded to the header map, and to the same request or reply.
-/

@[expose] public section

namespace LeanPythonBridge.Protobuf

open Envelope

/-! ## Parts that are not always there -/

theorem select_append (tag : Nat) (xs ys : List (Nat × Value)) :
    select tag (xs ++ ys) = select tag xs ++ select tag ys := by
  induction xs with
  | nil => rfl
  | cons x xs ih => by_cases h : x.1 = tag <;> simp [select, h, ih]

theorem select_arrays (tag : Nat) (hs : List ArrayHeader) :
    select tag ((arraysParts hs).map Prod.fst) = if tag = 0x2a then ArrayHeader.toValues hs else [] := by
  induction hs with
  | nil => simp [arraysParts, select, ArrayHeader.toValues]
  | cons h hs ih =>
    simp only [arraysParts, List.map_cons] at ih ⊢
    by_cases e : tag = 0x2a
    · subst e; simpa [select, ArrayHeader.toValues] using ih
    · rw [if_neg e] at ih
      simpa [select, e, Ne.symm e] using ih

theorem listOf?_toValues (hs : List ArrayHeader) :
    listOf? (ArrayHeader.toValues hs) = ArrayHeader.listValue? hs := by
  cases hs <;> rfl

/-- The part of a certificate, when there is one. -/
def certificateParts (certificate : Option Entries) : List Part :=
  match certificate with
  | none => []
  | some es => [((0x52, .map es), fieldBytes 0x52 (entriesBytes es))]

theorem map?Before_eq (certificate : Option Entries) (rest : List UInt8) :
    map?Before 0x52 certificate rest = (certificateParts certificate).flatMap Prod.snd ++ rest := by
  cases certificate <;> simp [map?Before, certificateParts, mapBefore_eq]

theorem written_certificate (certificate : Option Entries) (h : Reply.certificateFits certificate = true) :
    Written headerField (certificateParts certificate) := by
  cases certificate with
  | none => exact Written.nil
  | some es =>
    rw [Reply.certificateFits, mapFits_iff] at h
    exact Written.nil.cons 0x52 (by decide) (reads_map (Nat.le_of_add_le_add_right (b := 1) h.1) h.2)

/-- The part of the times, when they are known. -/
def timesParts (timing : Option Timing) : List Part :=
  match timing with
  | none => []
  | some t => [((0x62, t.toValue), fieldBytes 0x62 ((timingParts t).flatMap Prod.snd))]

theorem timing?Before_eq (timing : Option Timing) :
    timing?Before timing [] = (timesParts timing).flatMap Prod.snd := by
  cases timing with
  | none => rfl
  | some t =>
    have compute := natBefore_eq 0x10 t.computeUs []
    have queue := natBefore_eq 0x08 t.queueUs ((natParts 0x10 t.computeUs).flatMap Prod.snd)
    rw [List.append_nil] at compute
    simp only [timing?Before, timesParts]
    rw [show (0x10 : UInt8) = UInt8.ofNat 0x10 from rfl, compute, show (0x08 : UInt8) = UInt8.ofNat 0x08 from rfl,
      queue]
    simp [fieldBefore_eq, timingParts]

theorem written_times (timing : Option Timing) (h : Reply.timingFits timing = true) :
    Written headerField (timesParts timing) := by
  cases timing with
  | none => exact Written.nil
  | some t =>
    simp only [Reply.timingFits, Bool.and_eq_true] at h
    exact Written.nil.cons 0x62 (by decide) (reads_timing t h.1 h.2)

/-- The parts with which every header starts, before others. -/
def startParts (id : String) (parts : List Part) : List Part :=
  ((0x08, .ofNat schemaVersion), 0x08 :: varintBytes schemaVersion) ::
    ((0x12, .string id), fieldBytes 0x12 (Bytes.ofString id)) :: parts

theorem startBefore_eq (id : String) (parts : List Part) :
    startBefore id (parts.flatMap Prod.snd) = (startParts id parts).flatMap Prod.snd := by
  rw [startBefore, startParts, textBefore_eq]
  rfl

theorem Written.start (h : Written headerField parts) (id : String) :
    Written headerField (startParts id parts) :=
  (h.cons 0x12 (by decide) (reads_text id)).cons 0x08 (by decide) fun _ => reads_nat (by decide)

/-! ## Requests -/

/-- The parts of a request. -/
def requestParts (r : Request) : List Part :=
  startParts r.id (((0x1a, .string r.op), fieldBytes 0x1a (Bytes.ofString r.op)) ::
    ((0x22, .map r.params), fieldBytes 0x22 (entriesBytes r.params)) ::
    (arraysParts r.arrays ++ (natParts 0x30 (r.deadlineMs.getD 0) ++
      (if r.certify then [((0x38, .bool true), [0x38, 1])] else []))))

theorem requestBytes_eq (r : Request) : requestBytes r = (requestParts r).flatMap Prod.snd := by
  have certify : (if r.certify then [0x38, 1] else []) =
      (if r.certify then [((0x38, Value.bool true), [0x38, (1 : UInt8)])] else [] : List Part).flatMap Prod.snd := by
    cases r.certify <;> rfl
  rw [requestParts, ← startBefore_eq, requestBytes, textBefore_eq, mapBefore_eq, arraysBefore_eq, certify,
    show (0x30 : UInt8) = UInt8.ofNat 0x30 from rfl, natBefore_eq]
  simp only [List.flatMap_cons, List.flatMap_append]

theorem written_request (r : Request) (h : r.wellFormed = true) : Written headerField (requestParts r) := by
  simp only [Request.wellFormed, Request.valid, Request.fieldsValid, Bool.and_eq_true, mapFits_iff] at h
  obtain ⟨⟨⟨⟨⟨_, deadline⟩, arrays⟩, _⟩, ⟨deep, params⟩⟩, _⟩ := h
  have deadline : natFits (r.deadlineMs.getD 0) = true := by
    cases e : r.deadlineMs with
    | none => rfl
    | some n =>
      simp only [e, Request.deadlineValid, Bool.and_eq_true] at deadline
      exact deadline.2
  have certify : Written headerField (if r.certify then [((0x38, .bool true), [0x38, 1])] else []) := by
    split
    · exact Written.nil.cons 0x38 (by decide) fun _ =>
        Reads.map (Reads.tag (n := 1) (by decide) (Reads.pure true)) Value.bool
    · exact Written.nil
  exact ((((written_arrays _ arrays).append ((Written.natParts 0x30 (by decide) rfl deadline).append
    certify)).cons 0x22 (by decide) (reads_map (Nat.le_of_add_le_add_right (b := 1) deep) params)).cons 0x1a
    (by decide) (reads_text r.op)).start r.id

theorem headerOfFields?_request (r : Request) (h : r.wellFormed = true) :
    headerOfFields? ((requestParts r).map Prod.fst) = some r.toValue := by
  simp only [Request.wellFormed, Request.valid, Request.fieldsValid, Bool.and_eq_true] at h
  have deadline := h.1.1.1.1.2
  obtain ⟨id, op, params, hs, deadlineMs, certify⟩ := r
  cases deadlineMs with
  | none =>
    cases certify <;>
      simp [headerOfFields?, requestParts, startParts, natParts, single?, select, select_append, select_arrays,
        listOf?_toValues, Request.toValue, optionalEntry]
  | some n =>
    have pos : n ≠ 0 := by
      simp only [Request.deadlineValid, Bool.and_eq_true, decide_eq_true_eq] at deadline
      omega
    cases certify <;>
      simp [headerOfFields?, requestParts, startParts, natParts, single?, select, select_append, select_arrays,
        listOf?_toValues, Request.toValue, optionalEntry, pos]

/-! ## Replies -/

/-- The parts of a reply. -/
def replyParts (r : Reply) : List Part :=
  startParts r.id (match r.outcome with
    | .ok result arrays certificate =>
      arraysParts arrays ++ (((0x42, .string "ok"), fieldBytes 0x42 (Bytes.ofString "ok")) ::
        ((0x4a, .map result), fieldBytes 0x4a (entriesBytes result)) ::
        (certificateParts certificate ++ timesParts r.timing))
    | .error info =>
      ((0x42, .string "error"), fieldBytes 0x42 (Bytes.ofString "error")) ::
        ((0x5a, info.toValue), fieldBytes 0x5a (errorBytes info)) :: timesParts r.timing)

theorem replyBytes_eq (r : Reply) : replyBytes r = (replyParts r).flatMap Prod.snd := by
  obtain ⟨id, outcome, timing⟩ := r
  rw [replyParts, ← startBefore_eq, replyBytes]
  cases outcome <;>
    simp only [arraysBefore_eq, textBefore_eq, mapBefore_eq, map?Before_eq, timing?Before_eq, fieldBefore_eq,
      List.flatMap_cons, List.flatMap_append]

theorem written_reply (r : Reply) (h : r.wellFormed = true) : Written headerField (replyParts r) := by
  simp only [Reply.wellFormed, Reply.valid, Bool.and_eq_true] at h
  obtain ⟨⟨⟨_, valid⟩, fits⟩, timing⟩ := h
  have times := written_times r.timing timing
  refine Written.start ?_ r.id
  split
  · rename_i e
    simp only [e, Reply.outcomeFits, Reply.outcomeValid, Bool.and_eq_true, mapFits_iff] at fits valid
    exact (written_arrays _ valid.1).append ((((written_certificate _ fits.2).append times).cons 0x4a (by decide)
      (reads_map (Nat.le_of_add_le_add_right (b := 1) fits.1.1.1) fits.1.1.2)).cons 0x42 (by decide) (reads_text "ok"))
  · rename_i e
    simp only [e, Reply.outcomeFits, Bool.and_eq_true] at fits
    exact (times.cons 0x5a (by decide) (reads_error _ fits.2)).cons 0x42 (by decide) (reads_text "error")

theorem headerOfFields?_reply (r : Reply) : headerOfFields? ((replyParts r).map Prod.fst) = some r.toValue := by
  obtain ⟨id, outcome, timing⟩ := r
  cases outcome with
  | error info =>
    cases timing <;>
      simp [headerOfFields?, replyParts, startParts, timesParts, single?, select, listOf?, Reply.toValue,
        Reply.outcomeEntries, optionalEntry]
  | ok result hs certificate =>
    cases timing <;> cases certificate <;>
      simp [headerOfFields?, replyParts, startParts, timesParts, certificateParts, single?, select, select_append,
        select_arrays, listOf?_toValues, Reply.toValue, Reply.outcomeEntries, optionalEntry]

/-! ## What was encoded is decoded -/

theorem eq_of_limited {bytes written : List UInt8} (h : limited bytes = some written) :
    bytes = written ∧ bytes.length < 2 ^ 64 := by
  unfold limited at h
  split at h
  · rename_i small
    rw [ReadsAll.lengthFrom_eq, messageLimit] at small
    exact ⟨Option.some.inj h, by omega⟩
  · cases h

/-- A well-formed request that was encoded is decoded to its header map. -/
theorem decodeHeader_encodeRequest (r : Request) (h : r.wellFormed = true)
    (written : encodeRequest r = some bytes) : decodeHeader bytes = some r.toValue := by
  obtain ⟨rfl, small⟩ := eq_of_limited written
  rw [requestBytes_eq] at *
  exact (readsAll_message (written_request r h) small (headerOfFields?_request r h)).run

/-- A well-formed reply that was encoded is decoded to its header map. -/
theorem decodeHeader_encodeReply (r : Reply) (h : r.wellFormed = true)
    (written : encodeReply r = some bytes) : decodeHeader bytes = some r.toValue := by
  obtain ⟨rfl, small⟩ := eq_of_limited written
  rw [replyBytes_eq] at *
  exact (readsAll_message (written_reply r h) small (headerOfFields?_reply r)).run

/-- A well-formed request that was encoded is decoded to the same request. -/
theorem decodeRequest?_encodeRequest (r : Request) (h : r.wellFormed = true)
    (written : encodeRequest r = some bytes) : decodeRequest? bytes = some r := by
  rw [decodeRequest?, decodeHeader_encodeRequest r h written]
  exact r.ofValue?_toValue (Request.valid_of_wellFormed h)

/-- A well-formed reply that was encoded is decoded to the same reply. -/
theorem decodeReply?_encodeReply (r : Reply) (h : r.wellFormed = true)
    (written : encodeReply r = some bytes) : decodeReply? bytes = some r := by
  rw [decodeReply?, decodeHeader_encodeReply r h written]
  exact r.ofValue?_toValue (Reply.valid_of_wellFormed h)

/-- The header map of a well-formed request is encoded as the request. -/
theorem encodeHeader_request (r : Request) (h : r.wellFormed = true) : encodeHeader r.toValue = encodeRequest r := by
  rw [encodeHeader, r.ofValue?_toValue (Request.valid_of_wellFormed h)]

/-- The header map of a well-formed reply is encoded as the reply. -/
theorem encodeHeader_reply (r : Reply) (h : r.wellFormed = true) : encodeHeader r.toValue = encodeReply r := by
  have no : Request.ofValue? r.toValue = none := by
    obtain ⟨id, outcome, timing⟩ := r
    cases outcome <;>
      simp [Request.ofValue?, Reply.toValue, Reply.outcomeEntries, Value.asMap?, Value.asString?, required?]
  rw [encodeHeader, no, r.ofValue?_toValue (Reply.valid_of_wellFormed h)]

end LeanPythonBridge.Protobuf
