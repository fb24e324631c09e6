module
public import LeanPythonBridge.Wire.Protobuf

/-!
# Reading fields of Protocol Buffers back

`Reads p bytes a` is what round-trip proofs are made of: it puts a reader together with the bytes that it reads.
-/

@[expose] public section

namespace LeanPythonBridge.Protobuf

/-! ## Numbers and fields -/

/-- The bytes of a number. -/
def varintBytes (n : Nat) : List UInt8 := varintBefore n []

/-- The bytes of a field that holds a message. -/
def fieldBytes (tag : UInt8) (content : List UInt8) : List UInt8 :=
  tag :: (varintBytes content.length ++ content)

theorem varintBeforeFrom_eq (count : Nat) :
    ∀ n rest, varintBeforeFrom count n rest = varintBeforeFrom count n [] ++ rest := by
  induction count with
  | zero => intro n rest; rfl
  | succ count ih =>
    intro n rest
    simp only [varintBeforeFrom]
    split
    · rfl
    · rw [ih _ rest]; rfl

theorem varintBefore_eq (n : Nat) (rest : List UInt8) : varintBefore n rest = varintBytes n ++ rest :=
  varintBeforeFrom_eq 9 n rest

theorem length_fieldBytes (tag : UInt8) (content : List UInt8) :
    (fieldBytes tag content).length = fieldSize content.length := by
  simp [fieldBytes, fieldSize, varintSize, varintBytes]
  omega

@[simp] theorem eager_eq (n : Nat) (f : Nat → Nat) : eager n f = f n := by cases n <;> rfl

/-! ## Readers -/

/-- The reader reads exactly these bytes, whatever follows them, and gives `a`. -/
def Reads (p : Reader α) (bytes : List UInt8) (a : α) : Prop :=
  ∀ left rest, p (bytes.length + left) (bytes ++ rest) = .done a left rest

/-- The reader reads these bytes when they are the whole message, and gives `a`. -/
def ReadsAll (p : Reader α) (bytes : List UInt8) (a : α) : Prop :=
  ∀ rest, p bytes.length (bytes ++ rest) = .done a 0 rest

namespace Reads

theorem all {p : Reader α} (h : Reads p bytes a) : ReadsAll p bytes a := h 0

theorem pure (a : α) : Reads (Reader.pure a) [] a := fun left rest => by simp [Reader.pure]

theorem bind {p : Reader α} {f : α → Reader β} (hp : Reads p bytes a) (hf : Reads (f a) more b) :
    Reads (p.bind f) (bytes ++ more) b := by
  intro left rest
  rw [Reader.bind, List.append_assoc, List.length_append, Nat.add_assoc, hp]
  exact hf left rest

theorem map {p : Reader α} (hp : Reads p bytes a) (f : α → β) : Reads (p.map f) bytes (f a) := by
  rw [← List.append_nil bytes]
  exact hp.bind (pure _)

theorem byte (b : UInt8) : Reads Reader.byte [b] b.toNat := by
  intro left rest
  rw [List.length_singleton, Nat.add_comm]
  rfl

theorem takeFrom (bytes : List UInt8) :
    ∀ done, Reads (Reader.takeFrom bytes.length done) bytes (done.reverse ++ bytes) := by
  induction bytes with
  | nil => intro done left rest; simp [Reader.takeFrom, Reader.pure]
  | cons b bs ih =>
    intro done left rest
    have h := ih (b :: done) left rest
    rw [List.length_cons, Nat.add_right_comm]
    simpa [Reader.takeFrom] using h

theorem take (bytes : List UInt8) : Reads (Reader.take bytes.length) bytes bytes := takeFrom bytes []

theorem varintFrom (count : Nat) : ∀ low weight n, n < 0x80 ^ (count + 1) →
    low + n * weight < 2 ^ 64 →
    Reads (Reader.varintFrom low weight (count + 1)) (varintBeforeFrom count n []) (low + n * weight) := by
  induction count with
  | zero =>
    intro low weight n h fit
    have e : (UInt8.ofNat n).toNat = n := by simp; omega
    rw [varintBeforeFrom, Reader.varintFrom, ← List.append_nil [UInt8.ofNat n]]
    refine (byte _).bind ?_
    rw [e, if_pos (by omega), if_pos fit]
    exact pure _
  | succ count ih =>
    intro low weight n h fit
    rw [varintBeforeFrom, Reader.varintFrom]
    split
    · have e : (UInt8.ofNat n).toNat = n := by simp; omega
      rw [← List.append_nil [UInt8.ofNat n]]
      refine (byte _).bind ?_
      rw [e, if_pos (by omega), if_pos fit]
      exact pure _
    · have e : (UInt8.ofNat (n % 0x80 + 0x80)).toNat = n % 0x80 + 0x80 := by simp; omega
      have sum : low + n * weight = low + n % 0x80 * weight + n / 0x80 * (weight * 0x80) := by
        conv => lhs; rw [← Nat.mod_add_div n 0x80]
        grind
      rw [Nat.pow_succ] at h
      refine (byte _).bind (more := varintBeforeFrom count (n / 0x80) []) ?_
      rw [e, if_neg (by omega), Nat.add_sub_cancel, sum]
      exact ih _ _ _ (by omega) (by omega)

/-- A number is read back. -/
theorem varint (h : n < 2 ^ 64) : Reads Reader.varint (varintBytes n) n := by
  have r := varintFrom 9 0 1 n (by omega) (by omega)
  rw [Nat.zero_add, Nat.mul_one] at r
  exact r

/-- A tag below 0x80, then what depends on it. -/
theorem tag {f : Nat → Reader α} (small : n < 0x80) (h : Reads (f n) bytes a) :
    Reads (Reader.varint.bind f) (UInt8.ofNat n :: bytes) a := by
  have r := (varint (n := n) (by omega)).bind h
  have e : varintBytes n = [UInt8.ofNat n] := by simp [varintBytes, varintBefore, varintBeforeFrom, small]
  rwa [e] at r

theorem delimited {p : Reader α} (h : ReadsAll p content a) (small : content.length < 2 ^ 64) :
    Reads (Reader.delimited p) (varintBytes content.length ++ content) a := by
  refine (varint small).bind ?_
  intro left rest
  rw [Reader.within, if_pos (Nat.le_add_right _ _), h, Nat.add_sub_cancel_left]

theorem tagged {p : Reader α} {n : Nat} (tag : n < 0x80) (h : ReadsAll p content a)
    (small : content.length < 2 ^ 64) :
    Reads (Reader.tagged n p) (fieldBytes (UInt8.ofNat n) content) a := by
  refine Reads.tag tag ?_
  rw [if_pos rfl]
  exact delimited h small

end Reads

namespace ReadsAll

theorem bind {p : Reader α} {f : α → Reader β} (hp : ReadsAll p bytes a) (hf : Reads (f a) [] b) :
    ReadsAll (p.bind f) bytes b := by
  intro rest
  rw [Reader.bind, hp]
  exact hf 0 rest

theorem map {p : Reader α} (hp : ReadsAll p bytes a) (f : α → β) : ReadsAll (p.map f) bytes (f a) :=
  hp.bind (Reads.pure _)

/-- A string's characters are read back. -/
theorem chars (s : String) : ReadsAll Reader.chars (Bytes.ofString s) s.toList := by
  have h : ReadsAll Reader.all (Bytes.ofString s) (Bytes.ofString s) := (Reads.take _).all
  refine h.bind ?_
  rw [Bytes.ofString_eq, Bytes.utf8Decode_utf8Encode]
  exact Reads.pure _

theorem repeatedFrom {p : Reader α} {f : β → α} {encode : β → List UInt8} (xs : List β)
    (h : ∀ x ∈ xs, Reads p (encode x) (f x) ∧ 0 < (encode x).length) :
    ∀ fuel done, (xs.flatMap encode).length ≤ fuel →
      ReadsAll (Reader.repeatedFrom p fuel done) (xs.flatMap encode) (done.reverse ++ xs.map f) := by
  induction xs with
  | nil => intro fuel done _ rest; cases fuel <;> simp [Reader.repeatedFrom, Reader.pure]
  | cons x xs ih =>
    intro fuel done enough rest
    obtain ⟨read, pos⟩ := h x List.mem_cons_self
    rw [List.flatMap_cons, List.length_append] at enough
    match fuel, enough with
    | 0, enough => omega
    | fuel + 1, enough =>
      rw [List.flatMap_cons, List.append_assoc, List.length_append, Reader.repeatedFrom]
      dsimp only
      rw [if_neg (by omega), read]
      have t := ih (fun y hy => h y (List.mem_cons_of_mem _ hy)) fuel (f x :: done) (by omega) rest
      simpa using t

/-- What was written one after the other is read back. -/
theorem repeated {p : Reader α} {f : β → α} {encode : β → List UInt8} (xs : List β)
    (h : ∀ x ∈ xs, Reads p (encode x) (f x) ∧ 0 < (encode x).length) :
    ReadsAll (Reader.repeated p) (xs.flatMap encode) (xs.map f) := by
  exact repeatedFrom xs h _ [] (Nat.le_refl _)

theorem lengthFrom_eq (bytes : List UInt8) : ∀ n, Reader.lengthFrom n bytes = n + bytes.length := by
  induction bytes with
  | nil => intro n; cases n <;> rfl
  | cons b bs ih =>
    intro n
    cases n <;> simp only [Reader.lengthFrom, ih, List.length_cons] <;> omega

/-- A reader that reads all of these bytes runs on them. -/
theorem run {p : Reader α} (h : ReadsAll p bytes a) : p.run bytes = some a := by
  have e := h []
  rw [List.append_nil] at e
  rw [Reader.run, lengthFrom_eq, Nat.zero_add, e]

end ReadsAll
end LeanPythonBridge.Protobuf
