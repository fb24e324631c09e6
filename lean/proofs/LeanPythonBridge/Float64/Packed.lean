module

public import LeanPythonBridge.Float64.Lemmas
public import LeanPythonBridge.Recursors

/-!
# Doubles packed in natural numbers

An array frame holds raw little-endian doubles. Its bytes, the first one least significant, are one natural number
(`packed`), in which the element `i` is `packed >>> (64 * i) % 2^64`. In a file the number stands as a list of chunks of
64 doubles: Lean's parser needs quadratic time for a long literal, and a list of short ones is read in no time.

`doublesOfNat` says what the elements are. `sumOfChunks` is the same frame added up in the shape that the kernel
evaluates fastest: one addition an element, on `Nat` alone and without a branch. Each element adds its scaled absolute
value, shifted into a field of its own for the negative ones and out of both when it is not finite, so that one number
holds both sums and the answer to whether they exist (`sumOfChunks_split`).
-/

@[expose] public section

namespace LeanPythonBridge.Float64

/-! ## What a frame says -/

/-- The double at an index of a frame, as its bits. The frame's bytes, the first one least significant, are `packed`. -/
def element (packed index : Nat) : Nat := packed / 2 ^ (64 * index) % 2 ^ 64

/-- The first `count` doubles of a frame, each as its bits. -/
def doublesOfNat : (packed count : Nat) → List Nat
  | _, 0 => []
  | packed, count + 1 => packed % 2 ^ 64 :: doublesOfNat (packed / 2 ^ 64) count

/-- The number of doubles in every chunk but the last. -/
def chunkSize : Nat := 64

/-- The frame whose chunks are these. -/
def joinChunks : List Nat → Nat
  | [] => 0
  | chunk :: chunks => chunk % 2 ^ (64 * chunkSize) + joinChunks chunks * 2 ^ (64 * chunkSize)

/-- There are as many doubles as asked for. -/
@[simp] theorem length_doublesOfNat (packed count : Nat) : (doublesOfNat packed count).length = count := by
  induction count generalizing packed with
  | zero => rfl
  | succ count ih => simp [doublesOfNat, ih]

/-- The scaled sum of the elements without the sign bit. -/
def positiveSum : List Nat → Nat
  | [] => 0
  | x :: xs => (if isNegative x then 0 else scaledAbs x) + positiveSum xs

/-- The scaled sum of the absolute values of the elements with the sign bit. -/
def negativeSum : List Nat → Nat
  | [] => 0
  | x :: xs => (if isNegative x then scaledAbs x else 0) + negativeSum xs

/-! ## One number an element -/

/-- The width of a field: more than any sum of finite doubles that has a count below `2^64` can fill. -/
def fieldBits : Nat := 4096

/-- The base of the two fields: `positive + negative * fieldBase`. -/
def fieldBase : Nat := 2 ^ fieldBits

/-- What the lowest double of `p` adds: `scaledAbs`, times `fieldBase` when negative, times `fieldBase^2` and more when
it is not finite. With `e` its exponent field, `1 - (1 - e)` is 0 for subnormal doubles and 1 for the others. -/
def weight (p : Nat) : Nat :=
  Nat.shiftLeft
    (Nat.add (Nat.mod p 0x10000000000000)
      (Nat.mul 0x10000000000000 (Nat.sub 1 (Nat.sub 1 (Nat.mod (Nat.shiftRight p 52) 2048)))))
    (Nat.add (Nat.sub (Nat.mod (Nat.shiftRight p 52) 2048) 1)
      (Nat.add (Nat.mul 4096 (Nat.mod (Nat.shiftRight p 63) 2))
        (Nat.mul 8192 (Nat.sub (Nat.mod (Nat.shiftRight p 52) 2048) 2046))))

/-- The weights of the `k` lowest doubles of `p`. By the recursor itself: the kernel is slower at what structural
recursion is compiled to. -/
def sumOfWords (k p : Nat) : Nat :=
  Nat.rec (motive := fun _ => Nat → Nat) (fun _ => 0) (fun _ f p => Nat.add (weight p) (f (Nat.shiftRight p 64))) k p

/-- The weights of the first `count` doubles of a frame in chunks. -/
def sumOfChunks (chunks : List Nat) (count : Nat) : Nat :=
  List.rec (motive := fun _ => Nat → Nat) (fun _ => 0)
    (fun chunk _ f count =>
      Nat.add (sumOfWords chunkSize (Nat.mod chunk (Nat.pow 2 (Nat.mul 64 (Nat.min chunkSize count)))))
        (f (Nat.sub count chunkSize))) chunks count

/-- `sumOfWords` added to `sum`: how it is compiled, since this needs no stack, and
takes each word from the long number once. -/
def addWords : (k p sum : Nat) → Nat
  | 0, _, sum => sum
  | k + 1, p, sum => addWords k (p >>> 64) (sum + weight (UInt64.ofNat p).toNat)

/-- `sumOfChunks` added to `sum`. -/
def addChunks : (chunks : List Nat) → (count sum : Nat) → Nat
  | [], _, sum => sum
  | chunk :: chunks, count, sum =>
    addChunks chunks (count - chunkSize) (addWords (min chunkSize count) chunk sum)

/-- `sumOfChunks` as it is compiled. -/
def sumOfChunksCompiled (chunks : List Nat) (count : Nat) : Nat := addChunks chunks count 0

/-- The weights of a list. -/
def weightSum : List Nat → Nat
  | [] => 0
  | x :: xs => weight x + weightSum xs

/-! ## The fast sum is the sum -/

private theorem weight_eq (p : Nat) :
    weight p = (p % 2 ^ 52 + 2 ^ 52 * (1 - (1 - p / 2 ^ 52 % 2048))) *
      2 ^ (p / 2 ^ 52 % 2048 - 1 + (fieldBits * (p / 2 ^ 63 % 2) + 2 * fieldBits * (p / 2 ^ 52 % 2048 - 2046))) := by
  rw [← Nat.shiftRight_eq_div_pow, ← Nat.shiftRight_eq_div_pow, ← Nat.shiftLeft_eq]
  rfl

/-- A weight is that of the lowest 64 bits. -/
theorem weight_mod (p : Nat) : weight (p % 2 ^ 64) = weight p := by
  have h₁ : p % 2 ^ 64 % 2 ^ 52 = p % 2 ^ 52 := by omega
  have h₂ : p % 2 ^ 64 / 2 ^ 52 % 2048 = p / 2 ^ 52 % 2048 := by omega
  have h₃ : p % 2 ^ 64 / 2 ^ 63 % 2 = p / 2 ^ 63 % 2 := by omega
  rw [weight_eq, weight_eq p, h₁, h₂, h₃]

/-- Zero has no weight. -/
theorem weight_zero : weight 0 = 0 := rfl

/-- The weight of a finite double. -/
theorem weight_of_finite {x : Nat} (hx : x < 2 ^ 64) (h : isFinite x = true) :
    weight x = (if isNegative x then 0 else scaledAbs x) + (if isNegative x then scaledAbs x else 0) * fieldBase := by
  simp only [isFinite, magnitude, infinity, decide_eq_true_eq] at h
  have abs : (x % 2 ^ 52 + 2 ^ 52 * (1 - (1 - x / 2 ^ 52 % 2048))) * 2 ^ (x / 2 ^ 52 % 2048 - 1) = scaledAbs x := by
    simp only [scaledAbs, magnitude, scaledMagnitude]
    split
    · rw [show x / 2 ^ 52 % 2048 = 0 by omega]; simp; omega
    · rw [show x % 9223372036854775808 / 2 ^ 52 = x / 2 ^ 52 % 2048 by omega,
        show 1 - (1 - x / 2 ^ 52 % 2048) = 1 by omega]
      congr 1; omega
  rw [weight_eq, show x / 2 ^ 52 % 2048 - 2046 = 0 by omega, Nat.mul_zero, Nat.add_zero, Nat.pow_add,
    ← Nat.mul_assoc, abs, fieldBase]
  by_cases sign : 0x8000000000000000 ≤ x
  · simp [isNegative, signBit, sign, show x / 2 ^ 63 % 2 = 1 by omega]
  · simp [isNegative, signBit, sign, show x / 2 ^ 63 % 2 = 0 by omega]

/-- The weight of a double that is not finite. -/
theorem weight_of_not_finite {x : Nat} (h : isFinite x = false) : fieldBase * fieldBase ≤ weight x := by
  simp only [isFinite, magnitude, infinity, decide_eq_false_iff_not] at h
  rw [weight_eq, show x / 2 ^ 52 % 2048 = 2047 by omega, fieldBase, ← Nat.pow_add]
  exact Nat.le_trans (Nat.pow_le_pow_right (by decide) (by omega)) (Nat.le_mul_of_pos_left _ (by omega))

private theorem sumOfWords_succ (k p : Nat) : sumOfWords (k + 1) p = weight p + sumOfWords k (p / 2 ^ 64) := by
  rw [← Nat.shiftRight_eq_div_pow]; rfl

private theorem sumOfWords_zero (k : Nat) : sumOfWords k 0 = 0 := by
  induction k with
  | zero => rfl
  | succ k ih => rw [sumOfWords_succ, weight_zero, Nat.zero_div, ih]

/-- The fast sum of words is the sum of their weights. -/
theorem sumOfWords_eq (k p : Nat) : sumOfWords k p = weightSum (doublesOfNat p k) := by
  induction k generalizing p with
  | zero => rfl
  | succ k ih => rw [sumOfWords_succ, ih, doublesOfNat, weightSum, weight_mod]

private theorem sumOfWords_add (a b p : Nat) :
    sumOfWords (a + b) p = sumOfWords a p + sumOfWords b (p / 2 ^ (64 * a)) := by
  induction a generalizing p with
  | zero => simp [show sumOfWords 0 p = 0 from rfl]
  | succ a ih =>
    rw [Nat.add_right_comm, sumOfWords_succ, sumOfWords_succ, ih, Nat.div_div_eq_div_mul, ← Nat.pow_add,
      Nat.add_assoc, Nat.mul_succ, Nat.add_comm 64]

private theorem sumOfWords_mod (k p : Nat) : sumOfWords k (p % 2 ^ (64 * k)) = sumOfWords k p := by
  induction k generalizing p with
  | zero => rfl
  | succ k ih =>
    have e : 2 ^ (64 * (k + 1)) = 2 ^ 64 * 2 ^ (64 * k) := by rw [← Nat.pow_add, Nat.mul_succ, Nat.add_comm]
    rw [sumOfWords_succ, sumOfWords_succ, ← weight_mod, e, Nat.mod_mul_right_mod, weight_mod, Nat.mod_mul_right_div_self, ih]

private theorem sumOfWords_cut {k n : Nat} (h : k ≤ n) (p : Nat) : sumOfWords n (p % 2 ^ (64 * k)) = sumOfWords k p := by
  obtain ⟨more, rfl⟩ := Nat.exists_eq_add_of_le h
  rw [sumOfWords_add, sumOfWords_mod, Nat.div_eq_of_lt (Nat.mod_lt _ (Nat.two_pow_pos _)), sumOfWords_zero, Nat.add_zero]

private theorem sumOfChunks_cons (chunk : Nat) (chunks : List Nat) (count : Nat) :
    sumOfChunks (chunk :: chunks) count =
      sumOfWords chunkSize (chunk % 2 ^ (64 * min chunkSize count)) + sumOfChunks chunks (count - chunkSize) := rfl

private theorem addWords_eq (k p sum : Nat) : addWords k p sum = sum + sumOfWords k p := by
  induction k generalizing p sum with
  | zero => rfl
  | succ k ih => rw [addWords, ih, sumOfWords_succ, Nat.shiftRight_eq_div_pow, UInt64.toNat_ofNat', weight_mod,
      Nat.add_assoc]

private theorem addChunks_eq (chunks : List Nat) (count sum : Nat) :
    addChunks chunks count sum = sum + sumOfChunks chunks count := by
  induction chunks generalizing count sum with
  | nil => rfl
  | cons chunk chunks ih =>
    rw [addChunks, ih, addWords_eq, sumOfChunks_cons, sumOfWords_cut (Nat.min_le_left _ _), Nat.add_assoc]

@[csimp] theorem sumOfChunks_eq_compiled : @sumOfChunks = @sumOfChunksCompiled := by
  funext chunks count
  rw [sumOfChunksCompiled, addChunks_eq, Nat.zero_add]

private theorem sumOfChunks_eq_words (chunks : List Nat) (count : Nat) :
    sumOfChunks chunks count = sumOfWords count (joinChunks chunks) := by
  induction chunks generalizing count with
  | nil => exact (sumOfWords_zero count).symm
  | cons chunk chunks ih =>
    rw [sumOfChunks_cons, ih, joinChunks]
    generalize joinChunks chunks = rest
    have width : count - chunkSize + min chunkSize count = count := by omega
    have whole : min chunkSize count = chunkSize ∨ count - chunkSize = 0 := by omega
    generalize hk : min chunkSize count = k at *
    generalize count - chunkSize = left at *
    obtain ⟨more, hm⟩ : ∃ more, chunkSize = k + more := ⟨chunkSize - k, by omega⟩
    have low : sumOfWords k (chunk % 2 ^ (64 * chunkSize) + rest * 2 ^ (64 * chunkSize)) = sumOfWords k chunk := by
      rw [← sumOfWords_mod k, ← sumOfWords_mod k chunk, hm, Nat.mul_add 64 k more, Nat.pow_add]
      rw [Nat.mul_comm rest, Nat.mul_assoc, Nat.add_mul_mod_self_left, Nat.mod_mul_right_mod]
    rw [sumOfWords_cut (by omega), ← width, Nat.add_comm left k, sumOfWords_add, low]
    rcases whole with rfl | rfl
    · rw [Nat.add_mul_div_right _ _ (Nat.two_pow_pos _), Nat.div_eq_of_lt (Nat.mod_lt _ (Nat.two_pow_pos _)),
        Nat.zero_add]
    · rfl

/-- The fast sum of a frame is the sum of its elements' weights. -/
theorem sumOfChunks_eq (chunks : List Nat) (count : Nat) :
    sumOfChunks chunks count = weightSum (doublesOfNat (joinChunks chunks) count) := by
  rw [sumOfChunks_eq_words, sumOfWords_eq]

/-! ## The two fields -/

/-- An element of a frame has 64 bits. -/
theorem lt_of_mem_doublesOfNat {packed count x : Nat} (h : x ∈ doublesOfNat packed count) : x < 2 ^ 64 := by
  induction count generalizing packed with
  | zero => simp [doublesOfNat] at h
  | succ count ih =>
    rcases List.mem_cons.1 h with rfl | h
    · exact Nat.mod_lt _ (by decide)
    · exact ih h

private theorem weightSum_of_finite {xs : List Nat} (bits : ∀ x ∈ xs, x < 2 ^ 64) (h : xs.all isFinite = true) :
    weightSum xs = positiveSum xs + negativeSum xs * fieldBase := by
  induction xs with
  | nil => simp [weightSum, positiveSum, negativeSum]
  | cons x xs ih =>
    simp only [List.all_cons, Bool.and_eq_true] at h
    rw [weightSum, positiveSum, negativeSum, ih (fun y hy => bits y (List.mem_cons_of_mem _ hy)) h.2,
      weight_of_finite (bits x List.mem_cons_self) h.1, Nat.add_mul]
    omega

private theorem le_weightSum_of_not_finite {xs : List Nat} (h : xs.all isFinite = false) :
    fieldBase * fieldBase ≤ weightSum xs := by
  induction xs with
  | nil => simp at h
  | cons x xs ih =>
    simp only [List.all_cons, Bool.and_eq_false_iff] at h
    rw [weightSum]
    rcases h with h | h
    · have := weight_of_not_finite h; omega
    · have := ih h; omega

private theorem sums_le {xs : List Nat} (h : xs.all isFinite = true) :
    positiveSum xs + negativeSum xs ≤ xs.length * scaledMagnitude infinity := by
  induction xs with
  | nil => simp [positiveSum, negativeSum]
  | cons x xs ih =>
    simp only [List.all_cons, Bool.and_eq_true] at h
    have : scaledAbs x < scaledMagnitude infinity := scaledMagnitude_lt (of_decide_eq_true h.1)
    have := ih h.2
    rw [positiveSum, negativeSum, List.length_cons, Nat.succ_mul]
    generalize xs.length * scaledMagnitude infinity = bound at *
    split <;> omega

private theorem sums_lt {xs : List Nat} (h : xs.all isFinite = true) (length : xs.length < 2 ^ 64) :
    positiveSum xs < fieldBase ∧ negativeSum xs < fieldBase := by
  have h₁ := sums_le h
  have h₂ := Nat.mul_lt_mul_of_pos_right length (show 0 < scaledMagnitude infinity by decide +kernel)
  have h₃ : 2 ^ 64 * scaledMagnitude infinity ≤ fieldBase := by decide +kernel
  omega

/-- The fast sum of a frame tells whether all its elements are finite. -/
theorem sumOfChunks_lt_iff {chunks : List Nat} {count : Nat} (h : count < 2 ^ 64) :
    sumOfChunks chunks count < fieldBase * fieldBase ↔ (doublesOfNat (joinChunks chunks) count).all isFinite = true := by
  rw [sumOfChunks_eq]
  have bits := fun x => lt_of_mem_doublesOfNat (packed := joinChunks chunks) (count := count) (x := x)
  have length := length_doublesOfNat (joinChunks chunks) count
  generalize doublesOfNat (joinChunks chunks) count = xs at *
  constructor
  · intro lt
    refine Bool.of_not_eq_false fun g => ?_
    have := le_weightSum_of_not_finite g
    omega
  · intro finite
    obtain ⟨h₁, h₂⟩ := sums_lt finite (by omega)
    rw [weightSum_of_finite bits finite]
    have := Nat.mul_le_mul_right fieldBase (Nat.succ_le_of_lt h₂)
    rw [Nat.succ_mul] at this
    omega

/-- The fast sum of a frame of finite elements holds the sums of its positive and of its negative ones. -/
theorem sumOfChunks_split {chunks : List Nat} {count : Nat} (h : count < 2 ^ 64)
    (finite : (doublesOfNat (joinChunks chunks) count).all isFinite = true) :
    sumOfChunks chunks count % fieldBase = positiveSum (doublesOfNat (joinChunks chunks) count) ∧
      sumOfChunks chunks count / fieldBase = negativeSum (doublesOfNat (joinChunks chunks) count) := by
  rw [sumOfChunks_eq, weightSum_of_finite (fun _ => lt_of_mem_doublesOfNat) finite]
  obtain ⟨h₁, -⟩ := sums_lt finite (by simpa using h)
  constructor
  · rw [Nat.add_mul_mod_self_right, Nat.mod_eq_of_lt h₁]
  · rw [Nat.add_mul_div_right _ _ (show 0 < fieldBase from Nat.two_pow_pos _), Nat.div_eq_of_lt h₁, Nat.zero_add]

end LeanPythonBridge.Float64
