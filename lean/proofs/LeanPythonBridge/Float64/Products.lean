module

public import LeanPythonBridge.Float64.Packed
public import LeanPythonBridge.Float64.Vectors

/-!
# Exact dot products of frames, fast in the kernel

As `Float64.Packed` does for sums: each product adds the product of the scaled absolute values to one number, in a field
of its own when it is negative. `exactDot_eq` says that the difference of the fields is the dot product.
-/

@[expose] public section

namespace LeanPythonBridge.Float64

/-! ## Evaluation -/

/-- How many of the `k` lowest doubles of `p` are not finite. -/
def countNotFinite (k p : Nat) : Nat :=
  Nat.rec (motive := fun _ => Nat → Nat) (fun _ => 0)
    (fun _ f p => Nat.add (Nat.sub (Nat.mod (Nat.shiftRight p 52) 2048) 2046) (f (Nat.shiftRight p 64))) k p

/-- The test that the `k` lowest doubles of `p` are finite. -/
def allFinite (k p : Nat) : Bool := Nat.beq (countNotFinite k p) 0

/-- `scaledAbs` of the lowest double of `p`, when it is finite. -/
def lowestAbs (p : Nat) : Nat :=
  Nat.shiftLeft
    (Nat.add (Nat.mod p 0x10000000000000)
      (Nat.mul 0x10000000000000 (Nat.sub 1 (Nat.sub 1 (Nat.mod (Nat.shiftRight p 52) 2048)))))
    (Nat.sub (Nat.mod (Nat.shiftRight p 52) 2048) 1)

/-- The width of a field: more than any sum of products of finite doubles that has a count below `2^64` can fill. -/
def productBits : Nat := 8192

/-- The base of the two fields. -/
def productBase : Nat := 2 ^ productBits

/-- What the product of the lowest doubles of `p` and `q` adds. -/
def productWeight (p q : Nat) : Nat :=
  Nat.shiftLeft (Nat.mul (lowestAbs p) (lowestAbs q))
    (Nat.mul productBits (Nat.mod (Nat.add (Nat.shiftRight p 63) (Nat.shiftRight q 63)) 2))

/-- The weights of the products of the `k` lowest doubles of `p` and `q`. -/
def sumOfProducts (k p q : Nat) : Nat :=
  Nat.rec (motive := fun _ => Nat → Nat → Nat) (fun _ _ => 0)
    (fun _ f p q => Nat.add (productWeight p q) (f (Nat.shiftRight p 64) (Nat.shiftRight q 64))) k p q

/-- The dot product in units, from the weights. -/
def dotOfWeights (weights : Nat) : Int := (weights % productBase : Nat) - (weights / productBase : Nat)

/-- The sum of the absolute values of the products in units, from the weights. -/
def absDotOfWeights (weights : Nat) : Nat := weights % productBase + weights / productBase

/-- The dot product of the `k` lowest doubles of `p` and `q`, in units of `2^(-2148)`. -/
def exactDot (k p q : Nat) : Int := dotOfWeights (sumOfProducts k p q)

/-! ## What is evaluated -/

/-- The test that a frame is finite. -/
theorem allFinite_iff {k p : Nat} : allFinite k p = true ↔ Finite (frameVec p k) := by
  unfold allFinite Finite
  rw [Nat.beq_eq]
  induction k generalizing p with
  | zero => exact ⟨fun _ i => i.elim0, fun _ => rfl⟩
  | succ k ih =>
    have unfolded : countNotFinite (k + 1) p = (p / 2 ^ 52 % 2048 - 2046) + countNotFinite k (p / 2 ^ 64) := by
      rw [← Nat.shiftRight_eq_div_pow, ← Nat.shiftRight_eq_div_pow]; rfl
    have tail := fun i => congrFun (frameVec_tail p k) i
    have head : isFinite (p % 2 ^ 64) = true ↔ p / 2 ^ 52 % 2048 - 2046 = 0 := by
      simp only [isFinite, magnitude, infinity, decide_eq_true_eq]; omega
    rw [unfolded, Nat.add_eq_zero_iff, ih, ← head]
    constructor
    · intro h i
      cases i using Fin.cases with
      | zero => rw [frameVec_zero]; exact h.1
      | succ i => rw [tail i]; exact h.2 i
    · intro h
      refine ⟨?_, fun i => ?_⟩
      · rw [← frameVec_zero p k]; exact h 0
      · rw [← tail i]; exact h i.succ

private theorem lowestAbs_eq {p : Nat} (h : isFinite (p % 2 ^ 64) = true) : lowestAbs p = scaledAbs (p % 2 ^ 64) := by
  have unfolded : lowestAbs p = (p % 2 ^ 52 + 2 ^ 52 * (1 - (1 - p / 2 ^ 52 % 2048))) * 2 ^ (p / 2 ^ 52 % 2048 - 1) := by
    rw [← Nat.shiftRight_eq_div_pow, ← Nat.shiftLeft_eq]; rfl
  simp only [isFinite, magnitude, infinity, decide_eq_true_eq] at h
  rw [unfolded, scaledAbs, magnitude, scaledMagnitude]
  split
  · rw [show p / 2 ^ 52 % 2048 = 0 by omega]; simp; omega
  · rw [show p % 2 ^ 64 % 0x8000000000000000 / 2 ^ 52 = p / 2 ^ 52 % 2048 by omega,
      show 1 - (1 - p / 2 ^ 52 % 2048) = 1 by omega]
    congr 1; omega

private theorem productWeight_eq {p q : Nat} (hp : isFinite (p % 2 ^ 64) = true) (hq : isFinite (q % 2 ^ 64) = true) :
    ∃ positive negative, productWeight p q = positive + negative * productBase ∧
      positive + negative ≤ scaledMagnitude infinity * scaledMagnitude infinity ∧
      (positive : Int) - negative = scaled (p % 2 ^ 64) * scaled (q % 2 ^ 64) ∧
      (positive + negative : Nat) = abs (scaled (p % 2 ^ 64) * scaled (q % 2 ^ 64)) := by
  have unfolded : productWeight p q =
      lowestAbs p * lowestAbs q * 2 ^ (productBits * ((p / 2 ^ 63 + q / 2 ^ 63) % 2)) := by
    rw [← Nat.shiftRight_eq_div_pow, ← Nat.shiftRight_eq_div_pow, ← Nat.shiftLeft_eq]; rfl
  have small : scaledAbs (p % 2 ^ 64) * scaledAbs (q % 2 ^ 64) ≤ scaledMagnitude infinity * scaledMagnitude infinity :=
    Nat.mul_le_mul (Nat.le_of_lt (scaledMagnitude_lt (of_decide_eq_true hp)))
      (Nat.le_of_lt (scaledMagnitude_lt (of_decide_eq_true hq)))
  have signs : ∀ r : Nat, isNegative (r % 2 ^ 64) = decide (r / 2 ^ 63 % 2 = 1) := by
    intro r
    simp only [isNegative, signBit]
    exact decide_eq_decide.2 (by omega)
  have absolute : (scaledAbs (p % 2 ^ 64) * scaledAbs (q % 2 ^ 64) : Nat) =
      abs (scaled (p % 2 ^ 64) * scaled (q % 2 ^ 64)) := by
    rw [← natAbs_scaled, ← natAbs_scaled, ← Int.natAbs_mul, abs]
    split <;> omega
  have value : scaled (p % 2 ^ 64) * scaled (q % 2 ^ 64) =
      if (p / 2 ^ 63 + q / 2 ^ 63) % 2 = 0 then ((scaledAbs (p % 2 ^ 64) * scaledAbs (q % 2 ^ 64) : Nat) : Int)
      else -((scaledAbs (p % 2 ^ 64) * scaledAbs (q % 2 ^ 64) : Nat) : Int) := by
    rw [scaled, scaled, signs p, signs q, Nat.add_mod]
    rcases Nat.mod_two_eq_zero_or_one (p / 2 ^ 63) with h | h <;>
      rcases Nat.mod_two_eq_zero_or_one (q / 2 ^ 63) with g | g <;> simp [h, g, Int.neg_mul, Int.mul_neg]
  rw [unfolded, lowestAbs_eq hp, lowestAbs_eq hq, ← absolute, value]
  generalize scaledAbs (p % 2 ^ 64) * scaledAbs (q % 2 ^ 64) = product at *
  rcases Nat.mod_two_eq_zero_or_one (p / 2 ^ 63 + q / 2 ^ 63) with h | h
  · exact ⟨product, 0, by simp [h], by omega, by simp [h], rfl⟩
  · exact ⟨0, product, by simp [h, productBase], by omega, by simp [h], by omega⟩

private theorem sumOfProducts_eq {k p q : Nat} (hp : Finite (frameVec p k)) (hq : Finite (frameVec q k)) :
    ∃ positive negative, sumOfProducts k p q = positive + negative * productBase ∧
      positive + negative ≤ k * (scaledMagnitude infinity * scaledMagnitude infinity) ∧
      (positive : Int) - negative = dot (scaledVec (frameVec p k)) (scaledVec (frameVec q k)) ∧
      (positive + negative : Nat) =
        vecSum fun i => abs (scaledVec (frameVec p k) i * scaledVec (frameVec q k) i) := by
  induction k generalizing p q with
  | zero => exact ⟨0, 0, by rw [Nat.zero_mul]; rfl, by omega, rfl, rfl⟩
  | succ k ih =>
    have unfolded : sumOfProducts (k + 1) p q = productWeight p q + sumOfProducts k (p / 2 ^ 64) (q / 2 ^ 64) := by
      rw [← Nat.shiftRight_eq_div_pow, ← Nat.shiftRight_eq_div_pow]; rfl
    have hp₀ := hp 0
    have hq₀ := hq 0
    rw [frameVec_zero] at hp₀ hq₀
    have tail := fun r => frameVec_tail r k
    have tail' := fun r i => congrFun (frameVec_tail r k) i
    obtain ⟨a, b, e₁, e₂, e₃, e₄⟩ := productWeight_eq hp₀ hq₀
    obtain ⟨c, d, f₁, f₂, f₃, f₄⟩ := ih (p := p / 2 ^ 64) (q := q / 2 ^ 64)
      (fun i => by rw [← tail' p i]; exact hp i.succ) (fun i => by rw [← tail' q i]; exact hq i.succ)
    refine ⟨a + c, b + d, ?_, ?_, ?_, ?_⟩
    · rw [unfolded, e₁, f₁, Nat.add_mul]; omega
    · rw [Nat.succ_mul]; omega
    · rw [dot, vecSum_cons]
      simp only [scaledVec, frameVec_zero, tail']
      simp only [dot, scaledVec] at f₃
      omega
    · rw [vecSum_cons]
      simp only [scaledVec, frameVec_zero, tail']
      simp only [scaledVec] at f₄
      omega

/-- The fields of the weights of finite doubles hold the dot product and the sum of absolute values. -/
theorem ofWeights_eq {k p q : Nat} (hk : k < 2 ^ 64) (hp : Finite (frameVec p k)) (hq : Finite (frameVec q k)) :
    dotOfWeights (sumOfProducts k p q) = dot (scaledVec (frameVec p k)) (scaledVec (frameVec q k)) ∧
      (absDotOfWeights (sumOfProducts k p q) : Int) =
        vecSum fun i => abs (scaledVec (frameVec p k) i * scaledVec (frameVec q k) i) := by
  obtain ⟨positive, negative, h₁, h₂, h₃, h₄⟩ := sumOfProducts_eq hp hq
  have room : 2 ^ 64 * (scaledMagnitude infinity * scaledMagnitude infinity) ≤ productBase := by decide +kernel
  have some : 0 < scaledMagnitude infinity * scaledMagnitude infinity := by decide +kernel
  have base : 0 < productBase := Nat.two_pow_pos _
  have lt := Nat.mul_lt_mul_of_pos_right hk some
  have e : (positive + negative * productBase) % productBase = positive := by
    rw [Nat.add_mul_mod_self_right, Nat.mod_eq_of_lt (by omega)]
  have e' : (positive + negative * productBase) / productBase = negative := by
    rw [Nat.add_mul_div_right _ _ base, Nat.div_eq_of_lt (by omega), Nat.zero_add]
  rw [dotOfWeights, absDotOfWeights, h₁, e, e', h₃, h₄]
  exact ⟨rfl, rfl⟩

/-- `exactDot` is the dot product of finite doubles. -/
theorem exactDot_eq {k p q : Nat} (hk : k < 2 ^ 64) (hp : Finite (frameVec p k)) (hq : Finite (frameVec q k)) :
    exactDot k p q = dot (scaledVec (frameVec p k)) (scaledVec (frameVec q k)) := (ofWeights_eq hk hp hq).1

end LeanPythonBridge.Float64
