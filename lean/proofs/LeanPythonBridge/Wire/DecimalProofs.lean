module

public import LeanPythonBridge.Wire.Decimal

/-!
# The text of integers reads back

`natBefore` writes a number's decimal digits without a leading zero, and `read` gives the number back.
-/

@[expose] public section

namespace LeanPythonBridge

/-- What `isChar` tests. -/
theorem isChar_iff {b : UInt8} {c : Char} : isChar b c = true ↔ b.toNat = c.toNat := by simp [isChar, Nat.beq_eq]

/-- What `isDigit` tests. -/
theorem isDigit_iff {b : UInt8} : isDigit b = true ↔ 48 ≤ b.toNat ∧ b.toNat ≤ 57 := by
  simp [isDigit, Nat.ble_eq]

namespace Decimal

/-- What `isNumberByte` tests. -/
theorem isNumberByte_iff {b : UInt8} :
    isNumberByte b = true ↔ 48 ≤ b.toNat ∧ b.toNat ≤ 57 ∨
      b.toNat = 46 ∨ b.toNat = 45 ∨ b.toNat = 101 ∨ b.toNat = 43 ∨ b.toNat = 69 := by
  simp [isNumberByte, isDigit_iff, isChar_iff, or_assoc]

/-- The byte of a digit. -/
theorem toNat_digit {d : Nat} (h : d ≤ 9) : (UInt8.ofNat (d + 48)).toNat = d + 48 := by
  simp; omega

/-- Digits are written before what follows. -/
theorem digitsBefore_append (fuel : Nat) :
    ∀ n a b, digitsBefore fuel n (a ++ b) = digitsBefore fuel n a ++ b := by
  induction fuel with
  | zero => intros; rfl
  | succ fuel ih =>
    intro n a b
    unfold digitsBefore
    cases Nat.ble n 9
    · exact ih _ (_ :: a) b
    · rfl

/-- A number is written before what follows. -/
theorem natBefore_eq_append (n : Nat) (rest : List UInt8) : natBefore n rest = natBefore n [] ++ rest :=
  digitsBefore_append _ n [] rest

/-- Digits are bytes of numbers. -/
theorem allNumberBytes_digitsBefore (fuel : Nat) :
    ∀ n rest, allNumberBytes rest = true → allNumberBytes (digitsBefore fuel n rest) = true := by
  have digit : ∀ d rest, d ≤ 9 → allNumberBytes rest = true →
      allNumberBytes (UInt8.ofNat (d + 48) :: rest) = true := by
    intro d rest hd h
    have : isNumberByte (UInt8.ofNat (d + 48)) = true := by
      rw [isNumberByte_iff, toNat_digit hd]; omega
    rw [allNumberBytes, this]
    exact h
  induction fuel with
  | zero => exact fun _ _ h => h
  | succ fuel ih =>
    intro n rest h
    unfold digitsBefore
    cases hn : Nat.ble n 9
    · exact ih _ _ (digit _ _ (by omega) h)
    · exact digit _ _ (Nat.le_of_ble_eq_true hn) h

/-- A number's text has only bytes of numbers. -/
theorem allNumberBytes_natBefore (n : Nat) : allNumberBytes (natBefore n []) = true :=
  allNumberBytes_digitsBefore _ _ _ rfl

/-- The first digit and how the others continue it. -/
theorem digitsBefore_eq_cons (fuel : Nat) :
    ∀ n rest, n < 10 ^ (fuel + 1) → ∃ d tail, digitsBefore (fuel + 1) n rest = UInt8.ofNat (d + 48) :: tail ∧
      d ≤ 9 ∧ (d = 0 → n = 0 ∧ tail = rest) ∧ ∀ c, ∃ c', takeDigits tail d c = takeDigits rest n c' := by
  induction fuel with
  | zero =>
    intro n rest h
    have : Nat.ble n 9 = true := Nat.ble_eq.mpr (by omega)
    exact ⟨n, rest, by simp [digitsBefore, this], by omega, fun h => ⟨h, rfl⟩, fun c => ⟨c, rfl⟩⟩
  | succ fuel ih =>
    intro n rest h
    cases hn : Nat.ble n 9
    · have hn : ¬ n ≤ 9 := fun h => by simp [Nat.ble_eq.mpr h] at hn
      obtain ⟨d, tail, e, hd, h₀, ht⟩ := ih (n / 10) (UInt8.ofNat (n % 10 + 48) :: rest) (by
        rw [Nat.pow_succ] at h; omega)
      refine ⟨d, tail, ?_, hd, fun h => by have := (h₀ h).1; omega, fun c => ?_⟩
      · have : Nat.ble n 9 = false := by rw [Bool.eq_false_iff, Ne, Nat.ble_eq]; exact hn
        rw [← e, digitsBefore, this]
        rfl
      · obtain ⟨c', e⟩ := ht c
        have digit : isDigit (UInt8.ofNat (n % 10 + 48)) = true := by
          rw [isDigit_iff, toNat_digit (by omega)]; omega
        refine ⟨c' + 1, ?_⟩
        rw [e, takeDigits, digit, toNat_digit (by omega), Nat.add_sub_cancel, Nat.div_add_mod']
        rfl
    · have hn := Nat.le_of_ble_eq_true hn
      have : Nat.ble n 9 = true := Nat.ble_eq.mpr hn
      exact ⟨n, rest, by rw [digitsBefore, this]; rfl, hn, fun h => ⟨h, rfl⟩, fun c => ⟨c, rfl⟩⟩

/-- The first digit of a number and how the others continue it. -/
theorem natBefore_eq_cons (n : Nat) :
    ∃ d tail, natBefore n [] = UInt8.ofNat (d + 48) :: tail ∧
      d ≤ 9 ∧ (d = 0 → n = 0 ∧ tail = []) ∧ ∀ c, ∃ c', takeDigits tail d c = (n, c', []) :=
  digitsBefore_eq_cons n.log2 n [] (Nat.lt_of_lt_of_le Nat.lt_log2_self (Nat.pow_le_pow_left (by decide) _))

/-- The text of a natural number reads back. -/
theorem readUnsigned_natBefore (negative : Bool) (n : Nat) :
    readUnsigned negative (natBefore n []) = some ⟨negative, n, 0, true⟩ := by
  obtain ⟨d, tail, e, hd, h₀, ht⟩ := natBefore_eq_cons n
  obtain ⟨c, ht⟩ := ht 0
  rw [e, readUnsigned]
  by_cases h : d = 0
  · obtain ⟨rfl, rfl⟩ := h₀ h
    subst h
    rfl
  · have zero : isChar (UInt8.ofNat (d + 48)) '0' = false := by
      rw [Bool.eq_false_iff, Ne, isChar_iff, toNat_digit hd]; simpa using h
    have digit : isDigit (UInt8.ofNat (d + 48)) = true := by rw [isDigit_iff, toNat_digit hd]; omega
    simp only [zero, digit, toNat_digit hd, Nat.add_sub_cancel, ht, cond_false, cond_true]
    rfl

/-- The text of a natural number reads back. -/
theorem read_natBefore (n : Nat) : read (natBefore n []) = some ⟨false, n, 0, true⟩ := by
  have h := readUnsigned_natBefore false n
  obtain ⟨d, tail, e, hd, -⟩ := natBefore_eq_cons n
  have minus : isChar (UInt8.ofNat (d + 48)) '-' = false := by
    rw [Bool.eq_false_iff, Ne, isChar_iff, toNat_digit hd]; simp
  rw [e] at h ⊢
  rw [read, minus, ← h]
  rfl

/-- The text of a negated natural number reads back. -/
theorem read_minus_natBefore (n : Nat) : read (byte '-' :: natBefore n []) = some ⟨true, n, 0, true⟩ :=
  readUnsigned_natBefore true n

end Decimal
end LeanPythonBridge
