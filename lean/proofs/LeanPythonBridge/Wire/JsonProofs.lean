module

public import LeanPythonBridge.Wire.Json
public import LeanPythonBridge.Wire.DecimalProofs

/-!
# JSON reads back: tokens

What the decoder does on the text of strings, numbers and words. `resume v rest room frames` is where it is after a
value: it delivers `v` and goes on with `rest`.
-/

@[expose] public section

namespace LeanPythonBridge.Json

open Decimal (isNumberByte allNumberBytes natBefore)

/-- Delivers a value and decodes the rest. -/
def resume (v : Value) (rest : List UInt8) (room : Nat) (frames : List Frame) : Option Value :=
  match deliver v room frames with
  | some ⟨mode, room, frames⟩ => run rest mode room frames
  | none => none

/-! ## Bytes -/

/-- `sameBytes` decides equality. -/
theorem sameBytes_iff {a b : List UInt8} : sameBytes a b = true ↔ a = b := by
  induction a generalizing b with
  | nil => cases b <;> simp [sameBytes]
  | cons x xs ih => cases b <;> simp [sameBytes, ih, Nat.beq_eq, UInt8.toNat_inj]

/-- Strings with the same bytes are the same. -/
theorem ofString_inj {s t : String} (h : Bytes.ofString s = Bytes.ofString t) : s = t := by
  have a := Bytes.toString?_ofString s
  rw [h, Bytes.toString?_ofString] at a
  simpa using a.symm

/-! ## Strings -/

/-- A control character's escape is undone. -/
theorem run_escapeBefore_control (n : Nat) (h : n < 32) (rest : List UInt8) (isKey : Bool) (text : List UInt8)
    (room : Nat) (frames : List Frame) :
    run (escapeBefore (UInt8.ofNat n) rest) (.string isKey text) room frames =
      run rest (.string isKey (UInt8.ofNat n :: text)) room frames := by
  match n, h with
  | 0, _ | 1, _ | 2, _ | 3, _ | 4, _ | 5, _ | 6, _ | 7, _ | 8, _ | 9, _ | 10, _ | 11, _ | 12, _ | 13, _ | 14, _
  | 15, _ | 16, _ | 17, _ | 18, _ | 19, _ | 20, _ | 21, _ | 22, _ | 23, _ | 24, _ | 25, _ | 26, _ | 27, _ | 28, _
  | 29, _ | 30, _ | 31, _ => rfl
  | n + 32, h => omega

/-- An escape is undone. -/
theorem run_escapeBefore (b : UInt8) (rest : List UInt8) (isKey : Bool) (text : List UInt8)
    (room : Nat) (frames : List Frame) :
    run (escapeBefore b rest) (.string isKey text) room frames = run rest (.string isKey (b :: text)) room frames := by
  by_cases quote : isChar b '"' = true
  · obtain rfl : b = byte '"' := UInt8.toNat_inj.mp (isChar_iff.mp quote)
    rfl
  by_cases backslash : isChar b '\\' = true
  · obtain rfl : b = byte '\\' := UInt8.toNat_inj.mp (isChar_iff.mp backslash)
    rfl
  by_cases control : b.toNat < 32
  · have h := run_escapeBefore_control b.toNat control rest isKey text room frames
    rwa [UInt8.ofNat_toNat] at h
  · have plain : Nat.ble 32 b.toNat = true := Nat.ble_eq.mpr (by omega)
    simp only [Bool.not_eq_true] at quote backslash
    simp only [escapeBefore, quote, backslash, plain, Bool.or_self, cond_false, cond_true, run, step]

/-- Escaped text is read up to its closing quote. -/
theorem run_textBefore (bytes : List UInt8) :
    ∀ rest isKey text room frames, run (textBefore bytes rest) (.string isKey text) room frames =
      run (byte '"' :: rest) (.string isKey (bytes.reverse ++ text)) room frames := by
  induction bytes with
  | nil => intros; rfl
  | cons b bytes ih => intros; simp [textBefore, run_escapeBefore, ih]

/-- The closing quote of a string that is no key. -/
theorem run_quote (rest text : List UInt8) (room : Nat) (frames : List Frame) (s : String)
    (h : Bytes.toString? text.reverse = some s) :
    run (byte '"' :: rest) (.string false text) room frames = resume (.string s) rest room frames := by
  have e : step (byte '"') (.string false text) room frames = endString false text.reverse room frames := rfl
  simp only [run, e, endString, h, cond_false]
  rfl

/-- A string is read. -/
theorem run_stringBefore (bytes rest : List UInt8) (room : Nat) (frames : List Frame) (s : String)
    (h : Bytes.toString? bytes = some s) :
    run (stringBefore bytes rest) .value room frames = resume (.string s) rest room frames := by
  have e : run (stringBefore bytes rest) .value room frames =
    run (textBefore bytes rest) (.string false []) room frames := rfl
  rw [e, run_textBefore, run_quote (h := by simpa using h)]

/-- A key and its colon are read. -/
theorem run_key (bytes rest : List UInt8) (first : Bool) (room outer : Nat) (frames : List Frame)
    (entries : List (List UInt8 × Value)) (key : List UInt8) (h : knows bytes entries = false) :
    run (commaBefore first (stringBefore bytes (byte ':' :: rest))) (bif first then .firstKey else .after) room
      (.map entries key outer :: frames) = run rest .value room (.map entries bytes outer :: frames) := by
  have e : run (commaBefore first (stringBefore bytes (byte ':' :: rest))) (bif first then .firstKey else .after) room
      (.map entries key outer :: frames) =
      run (textBefore bytes (byte ':' :: rest)) (.string true []) room (.map entries key outer :: frames) := by
    cases first <;> rfl
  have q : ∀ text, step (byte '"') (.string true text) room (.map entries key outer :: frames) =
    endString true text.reverse room (.map entries key outer :: frames) := fun _ => rfl
  have colon : run (byte ':' :: rest) .colon room (.map entries bytes outer :: frames) =
    run rest .value room (.map entries bytes outer :: frames) := rfl
  rw [e, run_textBefore, run, q]
  simp only [endString, List.append_nil, List.reverse_reverse, h, cond_true, cond_false, colon]

/-! ## Numbers -/

/-- No number goes on here. -/
def Ends : List UInt8 → Prop
  | [] => True
  | b :: _ => isNumberByte b = false

/-- The bytes of a number are taken together. -/
theorem run_number (text : List UInt8) (h : allNumberBytes text = true) :
    ∀ rest before room frames, run (text ++ rest) (.number before) room frames =
      run rest (.number (text.reverse ++ before)) room frames := by
  induction text with
  | nil => intros; rfl
  | cons b text ih =>
    intro rest before room frames
    cases hb : isNumberByte b
    · simp [allNumberBytes, hb] at h
    · simp only [allNumberBytes, hb, cond_true] at h
      simp [run, step, hb, ih h]

/-- The end of a number. -/
theorem run_number_end {rest : List UInt8} (ends : Ends rest) {text : List UInt8} {v : Value}
    (h : numberValue text = some v) (room : Nat) (frames : List Frame) :
    run rest (.number text) room frames = resume v rest room frames := by
  cases rest with
  | nil =>
    match frames with
    | [] => simp [run, finish, resume, deliver, h]
    | .list .. :: _ | .map .. :: _ =>
      simp only [run, finish, resume, deliver]
      cases Nat.beq room 0 <;> first | rfl | (cases sameBytes _ _ <;> rfl)
  | cons b rest =>
    have hb : isNumberByte b = false := ends
    simp only [run, step, hb, h, cond_false]
    match frames with
    | [] => simp [resume, deliver, run, step]
    | .list .. :: _ =>
      simp only [resume, deliver]
      cases Nat.beq room 0 <;> simp [run, step]
    | .map _ key _ :: _ =>
      simp only [resume, deliver]
      cases Nat.beq room 0 && !sameBytes key floatKey <;> simp [run, step]

/-- A number starts with none of the other tokens' bytes. -/
theorem start_number {b : UInt8} (h : isNumberByte b = true) :
    isSpace b = false ∧ isChar b '"' = false ∧ isChar b ']' = false := by
  rw [Decimal.isNumberByte_iff] at h
  have large : Nat.ble b.toNat 32 = false := by
    rw [Bool.eq_false_iff, Ne, Nat.ble_eq]; omega
  simp only [isSpace, large, cond_false, true_and, Bool.eq_false_iff, Ne, isChar_iff]
  simp
  omega

/-- A number is read. -/
theorem run_numberText {text rest : List UInt8} (bytes : allNumberBytes text = true) (ends : Ends rest) {v : Value}
    (h : numberValue text.reverse = some v) (room : Nat) (frames : List Frame) :
    run (text ++ rest) .value room frames = resume v rest room frames := by
  cases text with
  | nil => simp [numberValue, Decimal.read] at h
  | cons b text =>
    cases hb : isNumberByte b
    · simp [allNumberBytes, hb] at bytes
    · obtain ⟨space, quote, -⟩ := start_number hb
      simp only [allNumberBytes, hb, cond_true] at bytes
      rw [← run_number_end ends h, List.cons_append, run]
      simp [step, startValue, space, quote, hb, run_number text bytes]

/-- A number can start a list. -/
theorem run_first_numberText {text rest : List UInt8} (bytes : allNumberBytes text = true) {v : Value}
    (h : numberValue text.reverse = some v) (room : Nat) (frames : List Frame) :
    run (text ++ rest) .first room frames = run (text ++ rest) .value room frames := by
  cases text with
  | nil => simp [numberValue, Decimal.read] at h
  | cons b text =>
    cases hb : isNumberByte b
    · simp [allNumberBytes, hb] at bytes
    · obtain ⟨space, -, bracket⟩ := start_number hb
      simp [run, step, space, bracket]

/-- The text of an integer. -/
def intText : Int → List UInt8
  | .ofNat n => natBefore n []
  | .negSucc n => byte '-' :: natBefore (n + 1) []

/-- An integer is written before what follows. -/
theorem intBefore_eq (i : Int) (rest : List UInt8) : intBefore i rest = intText i ++ rest := by
  cases i <;> simp [intBefore, intText, ← Decimal.natBefore_eq_append]

/-- An integer's text has only bytes of numbers. -/
theorem allNumberBytes_intText (i : Int) : allNumberBytes (intText i) = true := by
  cases i with
  | ofNat n => exact Decimal.allNumberBytes_natBefore n
  | negSucc n => exact Decimal.allNumberBytes_natBefore (n + 1)

/-- An integer's text has its value. -/
theorem numberValue_intText {i : Int} (h : Value.intFits i = true) :
    numberValue (intText i).reverse = some (.int i) := by
  simp only [Value.intFits, Bool.and_eq_true, decide_eq_true_eq] at h
  cases i with
  | ofNat n =>
    have : Nat.ble n 0xffffffffffffffff = true := Nat.ble_eq.mpr (by simp at h; omega)
    simp only [numberValue, intText, List.reverse_reverse, Decimal.read_natBefore, this, cond_true]
  | negSucc n =>
    have : Nat.ble (n + 1) 0x8000000000000000 = true := Nat.ble_eq.mpr (by omega)
    simp only [numberValue, intText, List.reverse_reverse, Decimal.read_minus_natBefore, this, cond_true]
    rfl

/-- A float's checked text has its value. -/
theorem numberValue_of_isTextOf {bits : UInt64} {text : List UInt8} (h : Decimal.isTextOf bits text = true) :
    numberValue text.reverse = some (.float bits) ∧ allNumberBytes text = true := by
  obtain ⟨⟨negative, digits, exponent, integer⟩, hread, rfl, hbits, bytes⟩ := Decimal.read_of_isTextOf h
  refine ⟨?_, bytes⟩
  simp only [numberValue, List.reverse_reverse, hread, hbits]

end LeanPythonBridge.Json
