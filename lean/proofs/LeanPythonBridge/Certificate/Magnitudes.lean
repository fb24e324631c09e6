module

public import LeanPythonBridge.Certificate.RowsLemmas

/-!
# A limit on the magnitudes of a frame

All doubles of a frame are compared with one number at the same time.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate

open Float64

/-- The test that no magnitude in a frame of `count` doubles exceeds `largest`. -/
def noneExceeds (count frame largest : Nat) : Bool :=
  Nat.beq (atLeast (ones 64 count) (magnitudes (ones 64 count) frame) (Nat.add largest 1)) 0

/-- What the test says of each of them. -/
theorem magnitude_le_of_noneExceeds {count frame largest : Nat} (small : largest < 2 ^ 63)
    (h : noneExceeds count frame largest = true) (i : Nat) (hi : i < count) : magnitude (element frame i) ≤ largest := by
  have lt : ∀ i, magnitude (element frame i) < 2 ^ 63 := fun i => Nat.mod_lt _ (by decide)
  have cut : magnitudes (ones 64 count) frame = pack 64 count fun i => magnitude (element frame i) := by
    show frame &&& (ones 64 count * 0x7fffffffffffffff) = _
    rw [ones_mul (by decide), land_pack_words frame fun _ _ => by decide]
    exact pack_congr fun i _ => Nat.and_two_pow_sub_one_eq_mod _ 63
  have zero : ((pack 64 count (fun i => magnitude (element frame i)) +
      ones 64 count * (0x8000000000000000 - (largest + 1))) >>> 63) &&& ones 64 count = 0 := by
    rw [← cut]; exact Nat.eq_of_beq_eq_true h
  rw [ones_mul (by decide), ones_eq (by decide), pack_add,
    pack_shiftRight_land (by decide) (fun i _ => by have := lt i; omega) fun _ _ => by decide] at zero
  have bit := eq_zero_of_pack zero i hi
  have := lt i
  rw [Nat.and_two_pow_sub_one_eq_mod _ 1, Nat.shiftRight_eq_div_pow] at bit
  omega

end LeanPythonBridge.Certificate
