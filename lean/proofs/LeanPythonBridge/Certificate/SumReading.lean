module

public import LeanPythonBridge.Certificate.SumBound
public import LeanPythonBridge.Wire.Value

/-!
# Certificates and matrices as they stand in messages

From the `Value` of a reply's certificate to the `Certificate` that is checked, and from the inline matrix of a request
to the bits of its elements. Keys may come in any order; unknown and missing ones are refused.
-/

@[expose] public section

namespace LeanPythonBridge

namespace CertificateSum

/-- The certificate as it stands in a reply. -/
def Certificate.toValue (c : Certificate) : Value :=
  .map [("kind", .string "sum_error_bound"), ("count", .ofNat c.count), ("error", .float (UInt64.ofNat c.error)),
    ("error_bound", .float (UInt64.ofNat c.errorBound)), ("nonnegative", .bool c.nonnegative)]

/-- The certificate that a reply holds. There are five keys in all, so none but these. -/
def Certificate.ofValue? : Value → Option Certificate
  | .map entries =>
    match entries with
    | [_, _, _, _, _] =>
      match Value.find? "kind" entries, Value.find? "count" entries, Value.find? "error" entries,
        Value.find? "error_bound" entries, Value.find? "nonnegative" entries with
      | some (.string kind), some (.int (.ofNat count)), some (.float error), some (.float errorBound),
        some (.bool nonnegative) =>
        if kind == "sum_error_bound" then some ⟨count, error.toNat, errorBound.toNat, nonnegative⟩ else none
      | _, _, _, _, _ => none
    | _ => none
  | _ => none

/-- A certificate is read as it was written. -/
theorem Certificate.ofValue?_toValue (c : Certificate) (error : c.error < 2 ^ 64) (bound : c.errorBound < 2 ^ 64) :
    ofValue? c.toValue = some c := by
  obtain ⟨count, e, b, nonnegative⟩ := c
  simp [ofValue?, toValue, Value.find?, Value.ofNat, UInt64.toNat_ofNat_of_lt' error, UInt64.toNat_ofNat_of_lt' bound]

end CertificateSum

namespace Float64

/-- Rounding what is a double already changes nothing. -/
theorem nearestMagnitude_scaledMagnitude (m : Nat) : nearestMagnitude (scaledMagnitude m) 1 = m := by
  have h := isNearestMagnitude_nearestMagnitude (scaledMagnitude m) (d := 1) (by decide)
  generalize nearestMagnitude (scaledMagnitude m) 1 = b at *
  rcases Nat.lt_trichotomy m b with g | g | g
  · have := (h.below_of_lt g).1
    have := scaledMagnitude_lt g
    omega
  · exact g.symm
  · have := (h.above_of_lt g).1
    have := scaledMagnitude_lt g
    omega

/-- The double that an integer is, when its absolute value is at most `2^53`: all of these are doubles. -/
def ofInt? (i : Int) : Option Nat :=
  if i.natAbs ≤ 2 ^ 53 then
    let rounded := nearestMagnitude (i.natAbs * scale) 1
    some (if i < 0 then signBit + rounded else rounded)
  else none

/-- Every whole number up to `2^53` is the value of a magnitude. -/
private theorem exists_magnitude {n : Nat} (h : n ≤ 2 ^ 53) : ∃ m < infinity, scaledMagnitude m = n * scale := by
  by_cases zero : n = 0
  · exact ⟨0, by decide, by rw [zero, Nat.zero_mul, scaledMagnitude_zero]⟩
  have low := Nat.log2_self_le zero
  have high : n < 2 ^ (n.log2 + 1) := Nat.lt_log2_self
  by_cases top : n = 2 ^ 53
  · refine ⟨1074 * 2 ^ 52 + n, by rw [top]; decide, ?_⟩
    rw [scaledMagnitude_add h (by omega), scale]
  have width : n.log2 ≤ 52 := Nat.le_of_lt_succ ((Nat.log2_lt zero).2 (by omega))
  have e : 2 ^ (52 - n.log2) * 2 ^ n.log2 = 2 ^ 52 := by rw [← Nat.pow_add, Nat.sub_add_cancel width]
  have e' : 2 ^ (52 - n.log2) * 2 ^ (n.log2 + 1) = 2 ^ 53 := by rw [Nat.pow_succ, ← Nat.mul_assoc, e]
  have least := Nat.mul_le_mul_left (2 ^ (52 - n.log2)) low
  have most := Nat.mul_lt_mul_of_pos_left high (Nat.two_pow_pos (52 - n.log2))
  rw [e] at least
  rw [e'] at most
  refine ⟨(1074 - (52 - n.log2)) * 2 ^ 52 + 2 ^ (52 - n.log2) * n, ?_, ?_⟩
  · unfold infinity; omega
  · rw [scaledMagnitude_add (Nat.le_of_lt most) (.inr least), Nat.mul_comm (2 ^ _), Nat.mul_assoc, ← Nat.pow_add, scale]
    congr 2; omega

/-- The double of an integer has its value. -/
theorem toRat_of_ofInt? {i : Int} {bits : Nat} (h : ofInt? i = some bits) :
    isFinite bits = true ∧ toRat bits = i := by
  simp only [ofInt?, Option.ite_none_right_eq_some, Option.some.injEq] at h
  obtain ⟨small, rfl⟩ := h
  obtain ⟨m, lt, value⟩ := exists_magnitude small
  rw [← value, nearestMagnitude_scaledMagnitude, toRat_eq_ofScaled]
  have unit : ofScaled (i * scale) = i := by
    rw [ofScaled_mul]
    have := ofScaled_mul_scale 1
    have := ofScaled_mul 1 (scale : Int)
    have := scale_pos
    unfold ofScaled at *
    rw [show ((scale : Int) : Rat) = (scale : Rat) from rfl] at *
    generalize (scale : Rat) = s at *
    grind
  generalize scale = s at *
  split
  · rw [scaled_signBit_add lt, value, ← unit, Int.natCast_mul]
    refine ⟨?_, ?_⟩
    · simp only [isFinite, magnitude, signBit, decide_eq_true_eq]
      unfold infinity at *; omega
    · rw [← Int.neg_mul]; congr 2; omega
  · rw [scaled_of_lt lt, value, ← unit, Int.natCast_mul]
    refine ⟨?_, ?_⟩
    · rw [isFinite, magnitude_of_lt lt]; exact decide_eq_true lt
    · congr 2; omega

end Float64

namespace CertificateSum

open Float64

/-- A matrix element: a float, or an integer that is a double. -/
def elementOfValue? : Value → Option Nat
  | .float bits => some bits.toNat
  | .int i => ofInt? i
  | _ => none

/-- The elements of a row of the given length, before others. -/
def rowOfValues? : (columns : Nat) → List Value → (rest : List Nat) → Option (List Nat)
  | 0, [], rest => some rest
  | columns + 1, item :: items, rest =>
    match elementOfValue? item, rowOfValues? columns items rest with
    | some x, some xs => some (x :: xs)
    | _, _ => none
  | _, _, _ => none

/-- The elements of rows of the given length. -/
def rowsOfValues? (columns : Nat) : List Value → Option (List Nat)
  | [] => some []
  | .list items :: rows =>
    match rowsOfValues? columns rows with
    | some rest => rowOfValues? columns items rest
    | none => none
  | _ => none

/-- The elements, in C order, of the matrix in the parameters `{"matrix": [[…]]}` of a request: at least one row, at
least one column, and all rows equally long. -/
def elementsOfParams? : Value → Option (List Nat)
  | .map [(key, .list (.list (first :: items) :: rows))] =>
    if key == "matrix" then rowsOfValues? (items.length + 1) (.list (first :: items) :: rows) else none
  | _ => none

/-! Each of these is evaluated by the kernel. -/

example : elementsOfParams? (.map [("matrix", .list [.list [.int 1, .float 0x8000000000000000],
    .list [.int (-9007199254740992), .int 0]])]) =
    some [0x3ff0000000000000, 0x8000000000000000, 0xc340000000000000, 0] := by decide +kernel
example : elementsOfParams? (.map [("matrix", .list [.list [.int 9007199254740993]])]) = none := by decide +kernel
example : elementsOfParams? (.map [("matrix", .list [.list [.int 1], .list []])]) = none := by decide +kernel
example : elementsOfParams? (.map [("matrix", .list [.list []])]) = none := by decide +kernel
example : (Certificate.ofValue? (.map [("nonnegative", .bool true), ("count", .int 1), ("error", .float 0),
    ("kind", .string "sum_error_bound"), ("error_bound", .float 5)])) = some ⟨1, 0, 5, true⟩ := by decide +kernel
example : (Certificate.ofValue? (.map [("nonnegative", .bool true), ("count", .int 1), ("error", .float 0),
    ("kind", .string "sum_error_bound"), ("error_bound", .float 5), ("more", .null)])) = none := by decide +kernel
example : (Certificate.ofValue? (.map [("nonnegative", .bool true), ("count", .int 1), ("count", .int 1),
    ("kind", .string "sum_error_bound"), ("error_bound", .float 5)])) = none := by decide +kernel

end CertificateSum
end LeanPythonBridge
