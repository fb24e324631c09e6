module

public import LeanPythonBridge.Certificate.SumBound
public import LeanPythonBridge.Certificate.Units

/-!
# The sum of a frame in lanes

The same sum as `Float64.Packed.sumOfChunks`, with all 64 doubles of a chunk in lanes: some 70 steps for a chunk, which
takes a sixth of the time. Lanes are as wide as the exponents of the data ask for; where these are very far apart,
`sumOfChunks` is the better way.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate

open Float64

/-- The sums of the integers of a chunk of 64 doubles: the positive ones, and, in the field above, the absolute values of
the negative ones. -/
def chunkSums (r : Range) (m chunk : Nat) : Nat :=
  (fun x unit full =>
    (fun all => (fun negative => Nat.add (Nat.sub (laneSum (Nat.mul 64 m) all) negative) (Nat.shiftLeft negative fieldBits))
        (laneSum (Nat.mul 64 m) (Nat.land all (Nat.mul (Nat.land (Nat.shiftRight x 63) unit) full))))
      (absolutes r unit full x))
    (spread m chunkSize chunk) (ones (Nat.mul 64 m) (laneCount m chunkSize)) (Nat.sub (Nat.shiftLeft 1 (Nat.mul 64 m)) 1)

/-- The chunk without what lies behind the first `count` doubles. -/
def cutChunk (chunk count : Nat) : Nat :=
  Nat.land chunk (Nat.sub (Nat.shiftLeft 1 (Nat.mul 64 (Nat.min chunkSize count))) 1)

/-- The sums of the first `count` doubles of a frame in chunks. -/
def sumLanes (r : Range) (m : Nat) (chunks : List Nat) (count : Nat) : Nat :=
  List.rec (motive := fun _ => Nat → Nat) (fun _ => 0)
    (fun chunk _ rest count => Nat.add (chunkSums r m (cutChunk chunk count)) (rest (Nat.sub count chunkSize)))
    chunks count

/-- The test that the first `count` doubles of a frame in chunks lie in a range. -/
def checkChunkRanges (r : Range) (chunks : List Nat) (count : Nat) : Bool :=
  List.rec (motive := fun _ => Nat → Bool) (fun _ => true)
    (fun chunk _ rest count => Bool.rec false (rest (Nat.sub count chunkSize)) (r.checkFrame chunkSize (cutChunk chunk count)))
    chunks count

/-- The test of a certificate of a sum: that of `CertificateSum.checkChunks`, in lanes of `m` words. -/
def checkSumLanes (r : Range) (m : Nat) (chunks : List Nat) (count result : Nat)
    (certificate : CertificateSum.Certificate) : Bool :=
  Nat.ble 1 m && Nat.ble (Nat.add r.bits 1) (Nat.mul 64 m) &&
    Nat.ble (Nat.mul (Nat.add (laneCount m chunkSize) 1) (Nat.shiftLeft 1 r.bits)) (Nat.sub (Nat.shiftLeft 1 (Nat.mul 64 m)) 1) &&
    decide (count < 2 ^ 64) && checkChunkRanges r chunks count &&
    CertificateSum.checkWeights (Nat.shiftLeft (sumLanes r m chunks count) r.low) count result certificate

/-! ## It is the sum -/

private theorem weightSum_doublesOfNat (x k : Nat) : weightSum (doublesOfNat x k) = total k fun j => weight (element x j) := by
  induction k generalizing x with
  | zero => rfl
  | succ k ih =>
    have head : x % 2 ^ 64 = element x 0 := by rw [element, Nat.mul_zero, Nat.pow_zero, Nat.div_one]
    rw [doublesOfNat, weightSum, ih, total_cons, head]
    refine congrArg (weight (element x 0) + ·) (total_congr fun j _ => congrArg weight ?_)
    rw [element, element, Nat.div_div_eq_div_mul, ← Nat.pow_add, Nat.mul_succ, Nat.add_comm 64]

private theorem cutChunk_eq (chunk count : Nat) : cutChunk chunk count = chunk % 2 ^ (64 * min chunkSize count) := by
  show chunk &&& (1 <<< (64 * min chunkSize count) - 1) = _
  rw [Nat.one_shiftLeft, Nat.and_two_pow_sub_one_eq_mod]

private theorem chunkSums_eq {r : Range} {m x : Nat} (hm : 0 < m) (hb : r.bits < 64 * m)
    (room : (laneCount m chunkSize + 1) * 2 ^ r.bits ≤ 2 ^ (64 * m) - 1) (hx : x < 2 ^ (64 * chunkSize))
    (h : r.checkFrame chunkSize x = true) :
    chunkSums r m x * 2 ^ r.low = weightSum (doublesOfNat x chunkSize) := by
  obtain ⟨hr, holds⟩ := Range.checkFrame_holds h
  have behind : ∀ j, chunkSize ≤ j → element x j = 0 := fun j hj => by
    rw [element, Nat.div_eq_of_lt (Nat.lt_of_lt_of_le hx (Nat.pow_le_pow_right (by decide) (by omega)))]
  have holds : ∀ j, r.Holds (element x j) := fun j => by
    rcases Nat.lt_or_ge j chunkSize with lt | ge
    · exact holds j lt
    · rw [behind j ge]; exact holds_zero hr
  let y := fun j => absolutes r 1 (1 <<< (64 * m) - 1) (element x j)
  let z := fun j => if isNegative (element x j) then y j else 0
  have value := fun j => absolutes_one hb hr (holds j)
  have zero : ∀ j, chunkSize ≤ j → y j = 0 := fun j hj => by
    have value := (value j).1
    have none : scaledAbs (element x j) = 0 := by rw [behind j hj]; decide +kernel
    rw [none, Nat.mul_eq_zero] at value
    have := Nat.two_pow_pos r.low
    rcases value with e | e
    · exact e
    · omega
  have zero' : ∀ j, chunkSize ≤ j → z j = 0 := fun j hj => by simp only [z, zero j hj]; split <;> rfl
  have le : ∀ j, z j ≤ y j := fun j => by simp only [z]; split <;> omega
  have fitsIn : ∀ f : Nat → Nat, (∀ j, f j ≤ y j) →
      (total (laneCount m chunkSize) fun l => f (column m chunkSize l)) < 2 ^ (64 * m) - 1 := fun f hf => by
    have := total_le (n := laneCount m chunkSize) (f := fun l => f (column m chunkSize l)) (b := 2 ^ r.bits)
      fun l _ => Nat.le_trans (hf _) (Nat.le_of_lt (value _).2)
    have := Nat.two_pow_pos r.bits
    rw [Nat.succ_mul] at room
    omega
  have all : laneSum (64 * m) (absolutes r (ones (64 * m) (laneCount m chunkSize)) (1 <<< (64 * m) - 1)
      (spread m chunkSize x)) = total chunkSize y := by
    rw [spread_eq hm, absolutes_pack (by omega) hb hr (fun l _ => element_lt ..) fun l _ => holds _,
      laneSum_pack (fitsIn y fun _ => Nat.le_refl _), total_laneCount (f := y) hm zero]
  have negative : laneSum (64 * m) (absolutes r (ones (64 * m) (laneCount m chunkSize)) (1 <<< (64 * m) - 1)
      (spread m chunkSize x) &&& (((spread m chunkSize x >>> 63) &&& ones (64 * m) (laneCount m chunkSize)) *
        (1 <<< (64 * m) - 1))) = total chunkSize z := by
    rw [spread_eq hm, negatives_pack (by omega) hb hr (fun l _ => element_lt ..) fun l _ => holds _,
      laneSum_pack (fitsIn z le), total_laneCount (f := z) hm zero']
  have unfolded : chunkSums r m x = (total chunkSize y - total chunkSize z) + total chunkSize z <<< fieldBits := by
    rw [← negative, ← all]; rfl
  have shifted : ∀ k, k <<< fieldBits = k * fieldBase := fun k => Nat.shiftLeft_eq k fieldBits
  have parts : total chunkSize y = (total chunkSize fun j => y j - z j) + total chunkSize z := by
    rw [← total_add]; exact total_congr fun j _ => (Nat.sub_add_cancel (le j)).symm
  rw [unfolded, weightSum_doublesOfNat, shifted, parts, Nat.add_sub_cancel, ← total_mul, ← total_add, ← total_mul]
  refine total_congr fun j _ => ?_
  rw [weight_of_finite (element_lt ..) (Range.isFinite_of_holds hr (holds j)), ← (value j).1]
  generalize fieldBase = base
  show (y j - z j + z j * base) * 2 ^ r.low =
    (if isNegative (element x j) then 0 else y j * 2 ^ r.low) + (if isNegative (element x j) then y j * 2 ^ r.low else 0) * base
  simp only [z]
  split
  · rw [Nat.sub_self, Nat.zero_add, Nat.zero_add, Nat.mul_right_comm]
  · rw [Nat.sub_zero, Nat.zero_mul, Nat.add_zero, Nat.add_zero]

/-- The sum in lanes is `sumOfChunks`, in its unit. -/
theorem sumLanes_eq {r : Range} {m : Nat} (hm : 0 < m) (hb : r.bits < 64 * m)
    (room : (laneCount m chunkSize + 1) * 2 ^ r.bits ≤ 2 ^ (64 * m) - 1) {chunks : List Nat} {count : Nat}
    (h : checkChunkRanges r chunks count = true) :
    sumLanes r m chunks count * 2 ^ r.low = sumOfChunks chunks count := by
  induction chunks generalizing count with
  | nil => exact Nat.zero_mul _
  | cons chunk chunks ih =>
    have unfolded : checkChunkRanges r (chunk :: chunks) count = Bool.rec (motive := fun _ => Bool) false
      (checkChunkRanges r chunks (count - chunkSize)) (r.checkFrame chunkSize (cutChunk chunk count)) := rfl
    rw [unfolded] at h
    cases first : r.checkFrame chunkSize (cutChunk chunk count)
    · rw [first] at h; contradiction
    · rw [first] at h
      show (chunkSums r m (cutChunk chunk count) + sumLanes r m chunks (count - chunkSize)) * _ =
        sumOfWords chunkSize (chunk % 2 ^ (64 * min chunkSize count)) + sumOfChunks chunks (count - chunkSize)
      rw [Nat.add_mul, ih h, chunkSums_eq hm hb room ?_ first, cutChunk_eq, sumOfWords_eq]
      rw [cutChunk_eq]
      exact Nat.lt_of_lt_of_le (Nat.mod_lt _ (Nat.two_pow_pos _))
        (Nat.pow_le_pow_right (by decide) (Nat.mul_le_mul_left _ (Nat.min_le_left ..)))

/-- A sum whose certificate the test accepts is true of the rational values. -/
theorem checkSumLanes_sound {r : Range} {m : Nat} {chunks : List Nat} {count result : Nat}
    {certificate : CertificateSum.Certificate} (h : checkSumLanes r m chunks count result certificate = true) :
    CertificateSum.Certified (doublesOfNat (joinChunks chunks) count) result certificate := by
  simp only [checkSumLanes, Bool.and_eq_true, Nat.ble_eq] at h
  obtain ⟨⟨⟨⟨⟨hm, hb⟩, room⟩, small⟩, ranges⟩, weights⟩ := h
  have room : (laneCount m chunkSize + 1) * 1 <<< r.bits ≤ 1 <<< (64 * m) - 1 := room
  rw [Nat.one_shiftLeft, Nat.one_shiftLeft] at room
  refine CertificateSum.checkChunks_sound ?_
  rw [CertificateSum.checkChunks, small, Bool.true_and, ← sumLanes_eq hm hb room ranges, ← Nat.shiftLeft_eq]
  exact weights

end LeanPythonBridge.Certificate
