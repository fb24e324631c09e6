module
public import LeanPythonBridge.Wire.Bytes

/-!
# A small parser of bytes

A parser takes the bytes that are left and gives a value and the bytes then left, or a reason why not. It is
a plain function, so that the kernel can evaluate it; `Parses p bytes a` is what round-trip proofs are made of.
-/

@[expose] public section

namespace LeanPythonBridge

/-- Why bytes could not be decoded, and where. -/
structure DecodeError where
  /-- What is wrong, for a person. -/
  reason : String
  /-- How many bytes were read before it. -/
  offset : Nat
  deriving Repr, BEq, DecidableEq, Inhabited

/-- What a parser ends in; `rest` is what it has not read. -/
inductive ParseResult (α : Type) where
  /-- It read a value. -/
  | done (value : α) (rest : List UInt8)
  /-- It could not. -/
  | failed (reason : String) (rest : List UInt8)

/-- A function from the bytes that are left. -/
def Parser (α : Type) : Type := List UInt8 → ParseResult α

namespace Parser

/-- Read nothing. -/
protected def pure (a : α) : Parser α := fun bytes => .done a bytes

/-- Read one thing, then another that may depend on it. -/
protected def bind (p : Parser α) (f : α → Parser β) : Parser β := fun bytes =>
  match p bytes with
  | .done a rest => f a rest
  | .failed reason rest => .failed reason rest

instance : Monad Parser where
  pure := Parser.pure
  bind := Parser.bind

/-- Give up here. -/
def fail (reason : String) : Parser α := fun bytes => .failed reason bytes

/-- The next byte, as a number. -/
def byte : Parser Nat := fun bytes =>
  match bytes with
  | [] => .failed "unexpected end" bytes
  | b :: rest => .done b.toNat rest

/-- Go on reading a big-endian natural number whose bytes so far were `acc`. -/
def natFrom (acc : Nat) : (count : Nat) → Parser Nat
  | 0 => .pure acc
  | count + 1 => byte.bind fun b => natFrom (Nat.add (Nat.mul acc 256) b) count

/-- A big-endian natural number of `count` bytes. -/
def nat (count : Nat) : Parser Nat := natFrom 0 count

/-- `take`, after the bytes `done`, last first. -/
def takeFrom (done : List UInt8) : (count : Nat) → Parser (List UInt8)
  | 0 => .pure done.reverse
  | count + 1 => fun bytes =>
    match bytes with
    | [] => .failed "unexpected end" bytes
    | b :: rest => takeFrom (b :: done) count rest

/-- The next `count` bytes. -/
def take (count : Nat) : Parser (List UInt8) := takeFrom [] count

/-- `count` bytes of UTF-8. -/
def chars (count : Nat) : Parser (List Char) :=
  (take count).bind fun bytes =>
    match Bytes.utf8Decode bytes with
    | some cs => .pure cs
    | none => fail "invalid UTF-8"

/-- `repeated`, after the values `done`, last first. -/
def repeatedFrom (p : Parser α) (done : List α) : (count : Nat) → Parser (List α)
  | 0 => .pure done.reverse
  | count + 1 => p.bind fun a => repeatedFrom p (a :: done) count

/-- The same parser `count` times. -/
def repeated (p : Parser α) (count : Nat) : Parser (List α) := repeatedFrom p [] count

/-- Read all bytes: any that are left are an error. -/
def run (p : Parser α) (bytes : List UInt8) : Except DecodeError α :=
  match p bytes with
  | .done a [] => .ok a
  | .done _ rest => .error ⟨"trailing bytes", bytes.length - rest.length⟩
  | .failed reason rest => .error ⟨reason, bytes.length - rest.length⟩

end Parser

/-! ## What parsers read -/

/-- The parser reads exactly these bytes, whatever follows them, and gives `a`. -/
def Parses (p : Parser α) (bytes : List UInt8) (a : α) : Prop :=
  ∀ rest, p (bytes ++ rest) = .done a rest

namespace Parses

theorem pure (a : α) : Parses (Parser.pure a) [] a := fun _ => rfl

theorem bind {p : Parser α} {f : α → Parser β} (hp : Parses p bytes a) (hf : Parses (f a) more b) :
    Parses (p.bind f) (bytes ++ more) b := by
  intro rest
  rw [Parser.bind, List.append_assoc, hp]
  exact hf rest

/-- `bind` whose second parser reads nothing more. -/
theorem map {p : Parser α} {f : α → Parser β} (hp : Parses p bytes a) (hf : Parses (f a) [] b) :
    Parses (p.bind f) bytes b := by
  rw [← List.append_nil bytes]
  exact hp.bind hf

theorem byte (b : UInt8) : Parses Parser.byte [b] b.toNat := fun _ => rfl

/-- A byte, then what depends on it. -/
theorem byte_bind {f : Nat → Parser α} (h : n < 256) (hf : Parses (f n) bytes a) :
    Parses (Parser.byte.bind f) (UInt8.ofNat n :: bytes) a := by
  intro rest
  have e : (UInt8.ofNat n).toNat = n := by simp; omega
  simp only [Parser.bind, Parser.byte, List.cons_append, e]
  exact hf rest

theorem natFrom (bytes : List UInt8) :
    ∀ acc, Parses (Parser.natFrom acc bytes.length) bytes (Bytes.natOfBytesFrom acc bytes) := by
  induction bytes with
  | nil => exact Parses.pure
  | cons b bs ih => exact fun acc => (Parses.byte b).bind (ih _)

/-- A big-endian number is read back. -/
theorem nat (h : n < 256 ^ count) : Parses (Parser.nat count) (Bytes.encodeNat count n) n := by
  have p := Parses.natFrom (Bytes.encodeNat count n) 0
  have e : Bytes.natOfBytesFrom 0 (Bytes.encodeNat count n) = n := Bytes.natOfBytes_encodeNat h
  rw [Bytes.length_encodeNat, e] at p
  exact p

theorem takeFrom (bytes : List UInt8) :
    ∀ done, Parses (Parser.takeFrom done bytes.length) bytes (done.reverse ++ bytes) := by
  induction bytes with
  | nil => intro done rest; simp [Parser.takeFrom, Parser.pure]
  | cons b bs ih => intro done rest; simpa using ih (b :: done) rest

theorem take (bytes : List UInt8) : Parses (Parser.take bytes.length) bytes bytes :=
  Parses.takeFrom bytes []

/-- A string's characters are read back. -/
theorem chars (s : String) :
    Parses (Parser.chars s.utf8ByteSize) (Bytes.ofString s) s.toList := by
  refine (Parses.take (Bytes.ofString s)).map ?_
  rw [Bytes.ofString_eq, Bytes.utf8Decode_utf8Encode]
  exact Parses.pure _

theorem repeatedFrom {p : Parser α} {f : β → α} {encode : β → List UInt8} (xs : List β)
    (h : ∀ x ∈ xs, Parses p (encode x) (f x)) :
    ∀ done, Parses (Parser.repeatedFrom p done xs.length) (xs.flatMap encode)
      (done.reverse ++ xs.map f) := by
  induction xs with
  | nil => intro done rest; simp [Parser.repeatedFrom, Parser.pure]
  | cons x xs ih =>
    intro done
    have t := ih (fun y hy => h y (List.mem_cons_of_mem _ hy)) (f x :: done)
    rw [List.reverse_cons, List.append_assoc] at t
    exact (h x List.mem_cons_self).bind t

/-- What was written one after the other is read back. -/
theorem repeated {p : Parser α} {f : β → α} {encode : β → List UInt8} (xs : List β)
    (h : ∀ x ∈ xs, Parses p (encode x) (f x)) :
    Parses (Parser.repeated p xs.length) (xs.flatMap encode) (xs.map f) :=
  Parses.repeatedFrom xs h []

/-- A parser that reads exactly these bytes runs on them. -/
theorem run {p : Parser α} (h : Parses p bytes a) : p.run bytes = .ok a := by
  have e := h []
  rw [List.append_nil] at e
  rw [Parser.run, e]

end Parses
end LeanPythonBridge
