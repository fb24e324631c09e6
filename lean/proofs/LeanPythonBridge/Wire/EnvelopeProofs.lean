module
public import LeanPythonBridge.Wire.Envelope

/-!
# Reading back requests and replies

`ofValue?` after `toValue` is the identity on what is valid.
-/

@[expose] public section

namespace LeanPythonBridge

open Envelope Value

/-! ## Reading what was written -/

namespace Envelope

@[simp] theorem find?_cons (key k : String) (v : Value) (es : Entries) :
    find? key ((k, v) :: es) = if k = key then some v else find? key es := by
  simp [find?]

@[simp] theorem find?_nil (key : String) : find? key [] = none := rfl

@[simp] theorem find?_optionalEntry (key k : String) (o : Option Value) (es : Entries) :
    find? key (optionalEntry k o es) = if k = key then o.or (find? key es) else find? key es := by
  cases o <;> simp [optionalEntry]

@[simp] theorem onlyKeys_cons (keys : List String) (k : String) (v : Value) (es : Entries) :
    onlyKeys keys ((k, v) :: es) = (isOneOf k keys && onlyKeys keys es) := rfl

@[simp] theorem onlyKeys_optionalEntry (keys : List String) (k : String) (o : Option Value)
    (es : Entries) (h : isOneOf k keys = true) :
    onlyKeys keys (optionalEntry k o es) = onlyKeys keys es := by
  cases o <;> simp [optionalEntry, h]

@[simp] theorem asNat?_ofNat (n : Nat) : (Value.ofNat n).asNat? = some n := rfl

@[simp] theorem nats?_ofNats (ns : List Nat) : nats? (ofNats ns) = some ns := by
  induction ns with
  | nil => rfl
  | cons n ns ih => simp [nats?, ofNats, ih]

@[simp] theorem readVersion_schemaVersion : readVersion (.ofNat schemaVersion) = some () := by
  simp [readVersion]

/-- An optional entry is read back. -/
theorem optional?_eq {key : String} {read : Value → Option α} {entries : Entries} {o : Option α}
    {write : α → Value} (found : find? key entries = o.map write)
    (back : ∀ a, o = some a → read (write a) = some a) : optional? key read entries = some o := by
  cases o with
  | none => simp [optional?, found]
  | some a => simp [optional?, found, back a rfl]

end Envelope

@[simp] theorem DType.ofName?_name (d : DType) : DType.ofName? d.name = some d := by
  cases d <;> decide +kernel

@[simp] theorem ErrorCode.ofName?_name (c : ErrorCode) : ErrorCode.ofName? c.name = some c := by
  cases c <;> decide +kernel

namespace ArrayHeader

/-- A valid array header is read back. -/
theorem ofValue?_toValue (h : ArrayHeader) (v : h.valid = true) : ofValue? h.toValue = some h := by
  simp [ofValue?, toValue, asMap?, asString?, asList?, required?, onlyKeys, isOneOf, v]

theorem ofValues?_toValues (hs : List ArrayHeader) (v : allValid hs = true) :
    ofValues? (toValues hs) = some hs := by
  induction hs with
  | nil => rfl
  | cons h hs ih =>
    simp only [allValid, Bool.and_eq_true] at v
    simp [ofValues?, toValues, ofValue?_toValue h v.1, ih v.2]

/-- Valid array headers with distinct names are read back from entries that hold them. -/
theorem ofEntries?_eq {hs : List ArrayHeader} (v : allValid hs = true)
    (distinct : namesDistinct hs = true) (entries : Entries)
    (found : find? "arrays" entries = listValue? hs) : ofEntries? entries = some hs := by
  cases hs with
  | nil => simp [ofEntries?, optional?, found, listValue?, namesDistinct]
  | cons h hs =>
    simp [ofEntries?, optional?, found, listValue?, asList?, ofValues?_toValues _ v, distinct]

end ArrayHeader

/-- A valid request is read back. -/
theorem Request.ofValue?_toValue (r : Request) (h : r.valid = true) :
    Request.ofValue? r.toValue = some r := by
  obtain ⟨id, op, params, hs, deadline, certify⟩ := r
  simp only [valid, Bool.and_eq_true] at h
  obtain ⟨⟨fields, arrays⟩, distinct⟩ := h
  have read := ArrayHeader.ofEntries?_eq (hs := hs) arrays distinct
  cases deadline <;> cases certify <;>
    simp [ofValue?, toValue, asMap?, asString?, asBool?, required?, optional?, read, keys, isOneOf,
      onlyKeys, fields]

theorem Timing.ofValue?_toValue (t : Timing) : Timing.ofValue? t.toValue = some t := by
  simp [ofValue?, toValue, asMap?, required?, onlyKeys, isOneOf]

theorem ErrorInfo.ofValue?_toValue (e : ErrorInfo) : ErrorInfo.ofValue? e.toValue = some e := by
  simp [ofValue?, toValue, asMap?, asString?, required?, onlyKeys, isOneOf]

/-- A valid reply is read back. -/
theorem Reply.ofValue?_toValue (r : Reply) (h : r.valid = true) :
    Reply.ofValue? r.toValue = some r := by
  obtain ⟨id, outcome, timing⟩ := r
  simp only [valid, Bool.and_eq_true] at h
  have times (entries : Entries) (found : find? "timing" entries = timing.map Timing.toValue) :
      optional? "timing" Timing.ofValue? entries = some timing :=
    optional?_eq found fun t _ => t.ofValue?_toValue
  cases outcome with
  | error info =>
    simp [ofValue?, toValue, outcomeOf?, outcomeEntries, asMap?, asString?, required?, errorKeys,
      isOneOf, onlyKeys, times, h.1, info.ofValue?_toValue]
  | ok result hs certificate =>
    simp only [outcomeValid, Bool.and_eq_true] at h
    have read := ArrayHeader.ofEntries?_eq h.2.1 h.2.2
    have certified (entries : Entries)
        (found : find? "certificate" entries = certificate.map Value.map) :
        optional? "certificate" asMap? entries = some certificate :=
      optional?_eq found fun _ _ => rfl
    simp [ofValue?, toValue, outcomeOf?, outcomeEntries, asMap?, asString?, required?, okKeys,
      isOneOf, onlyKeys, times, read, certified, h.1]

end LeanPythonBridge
