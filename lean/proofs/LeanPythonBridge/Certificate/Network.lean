module

public import LeanPythonBridge.Float64.Packed
public import LeanPythonBridge.Certificate.RowsLemmas

/-!
# Permutations of words, all at once

A Beneš network permutes the `2^k` words of a number in `2 k - 1` stages. In each of them words that are so many words
apart change places, wherever a switch says so: a handful of operations on the whole number, however many words there
are. Bit `j` of word `i` of `switches` is the switch of words `i` and `i + stride` in stage `j`.

Whatever the switches are, the words are permuted and nothing else happens to them (`exists_permutation`): so nothing of
the switches need be checked.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.Network

open Float64

/-! ## One stage -/

/-- 1 in the words that change places with the words at a distance of `stride` bits. Where two of these overlap, the
upper one is left out. -/
def exchanged (unit switches stage stride : Nat) : Nat :=
  (fun wanted => Nat.xor wanted (Nat.land wanted (Nat.shiftLeft wanted stride)))
    (Nat.land (Nat.shiftRight switches stage) (Nat.shiftRight unit stride))

/-- The bits that differ between words that change places. -/
def differences (unit switches stage stride x : Nat) : Nat :=
  Nat.land (Nat.xor (Nat.shiftRight x stride) x) (Nat.mul (exchanged unit switches stage stride) 0xffffffffffffffff)

/-- One stage: words at a distance of `stride` bits change places. -/
def exchange (unit switches stage stride x : Nat) : Nat :=
  (fun difference => Nat.xor (Nat.xor x difference) (Nat.shiftLeft difference stride))
    (differences unit switches stage stride x)

/-! ## All stages -/

/-- The distance in stage `j`, in words: first half of all words, then a quarter, and so on to 1, and back. -/
def distance (rounds j : Nat) : Nat :=
  Nat.pow 2 (Nat.add (Nat.sub (Nat.sub rounds 1) j) (Nat.sub j (Nat.sub rounds 1)))

/-- The words of `x`, as the switches permute them; `2^rounds` words. -/
def permute (rounds switches x : Nat) : Nat :=
  fold (fun j y => exchange (ones 64 (Nat.pow 2 rounds)) switches j (Nat.mul 64 (distance rounds j)) y) x
    (Nat.sub (Nat.mul 2 rounds) 1)

/-- The number of rounds for `n` words: the least for which there are as many. -/
def roundsFor (n : Nat) : Nat := Nat.log2 (Nat.sub (Nat.mul 2 n) 1)

theorem le_two_pow_roundsFor (n : Nat) : n ≤ 2 ^ roundsFor n := by
  have : 2 * n - 1 < 2 ^ ((2 * n - 1).log2 + 1) := Nat.lt_log2_self
  show n ≤ 2 ^ (2 * n - 1).log2
  rw [Nat.pow_succ] at this
  omega

/-! ## What a stage does -/

variable {n switches stage s : Nat}

/-- Whether words `l` and `l + s` are to change places. -/
private def wanted (n switches stage s l : Nat) : Bool := decide (l + s < n) && switches.testBit (stage + 64 * l)

/-- Whether they do. -/
private def moved (n switches stage s l : Nat) : Bool :=
  wanted n switches stage s l && !(decide (s ≤ l) && wanted n switches stage s (l - s))

/-- Where the word comes from that stands at `l` after a stage. -/
private def source (n switches stage s l : Nat) : Nat :=
  if moved n switches stage s l then l + s else if s ≤ l ∧ moved n switches stage s (l - s) then l - s else l

private theorem testBit_wanted (i : Nat) :
    ((switches >>> stage) &&& (ones 64 n >>> (64 * s))).testBit i =
      (decide (i % 64 = 0) && wanted n switches stage s (i / 64)) := by
  have one : ∀ k, Nat.testBit 1 k = decide (k = 0) := fun k => by
    rw [Bool.eq_iff_iff, Nat.testBit_one_eq_true_iff_self_eq_zero, decide_eq_true_iff]
  rw [Nat.testBit_and, Nat.testBit_shiftRight, Nat.testBit_shiftRight, ones_eq (by decide),
    testBit_pack (by decide) fun _ _ => by decide, one, wanted, Nat.mul_add_mod]
  by_cases h : i % 64 = 0
  · have e : 64 * (i / 64) = i := by omega
    have inside : (64 * s + i < 64 * n) = (i / 64 + s < n) := propext ⟨by omega, by omega⟩
    simp only [h, e, inside, decide_true, Bool.true_and, Bool.and_comm]
  · simp [h]

private theorem exchanged_eq :
    exchanged (ones 64 n) switches stage (64 * s) = pack 64 n fun l => (moved n switches stage s l).toNat := by
  have one : ∀ b : Bool, ∀ k, Nat.testBit b.toNat k = (decide (k = 0) && b) := fun b k => by
    cases b
    · simp
    · rw [Bool.and_true, Bool.eq_iff_iff, Bool.toNat_true, Nat.testBit_one_eq_true_iff_self_eq_zero, decide_eq_true_iff]
  refine Nat.eq_of_testBit_eq fun i => ?_
  rw [testBit_pack (by decide) fun l _ => by cases moved n switches stage s l <;> decide, one]
  obtain ⟨w, hw⟩ : ∃ w, w = (switches >>> stage) &&& (ones 64 n >>> (64 * s)) := ⟨_, rfl⟩
  have bit : ∀ i, w.testBit i = (decide (i % 64 = 0) && wanted n switches stage s (i / 64)) := fun i => by
    rw [hw, testBit_wanted]
  have unfolded : exchanged (ones 64 n) switches stage (64 * s) = w ^^^ (w &&& (w <<< (64 * s))) := by rw [hw]; rfl
  rw [unfolded, Nat.testBit_xor, Nat.testBit_and, Nat.testBit_shiftLeft, bit, bit, moved]
  by_cases h : i % 64 = 0
  · have back : (i - 64 * s) / 64 = i / 64 - s := by omega
    have mod : (i - 64 * s) % 64 = 0 := by omega
    have le : (i ≥ 64 * s) = (s ≤ i / 64) := propext ⟨by omega, by omega⟩
    have inside : wanted n switches stage s (i / 64) = true → i < 64 * n := by
      intro h; simp only [wanted, Bool.and_eq_true, decide_eq_true_eq] at h; omega
    simp only [h, mod, back, le, decide_true, Bool.true_and]
    cases w : wanted n switches stage s (i / 64)
    · simp
    · simp [inside w]
  · simp [h]

private theorem not_moved_beyond {l : Nat} (h : moved n switches stage s l = true) : l + s < n := by
  simp only [moved, wanted, Bool.and_eq_true, decide_eq_true_eq] at h
  exact h.1.1

private theorem not_moved_twice {l : Nat} (h : moved n switches stage s l = true) :
    moved n switches stage s (l + s) = false := by
  simp only [moved, Bool.and_eq_true] at h
  simp [moved, h.1]

private theorem element_differences (x l : Nat) :
    element (differences (ones 64 n) switches stage (64 * s) x) l =
      if moved n switches stage s l then element x (l + s) ^^^ element x l else 0 := by
  refine Nat.eq_of_testBit_eq fun b => ?_
  rw [testBit_element]
  show (decide (b < 64) && (((x >>> (64 * s)) ^^^ x) &&&
    (exchanged (ones 64 n) switches stage (64 * s) * 0xffffffffffffffff)).testBit (64 * l + b)) = _
  rw [exchanged_eq, pack_mul, Nat.testBit_and, Nat.testBit_xor, Nat.testBit_shiftRight,
    testBit_pack (by decide) fun l _ => by cases moved n switches stage s l <;> decide]
  by_cases hb : b < 64
  · rw [show (64 * l + b) / 64 = l by omega, show (64 * l + b) % 64 = b by omega,
      show 64 * s + (64 * l + b) = 64 * (l + s) + b by omega]
    cases h : moved n switches stage s l
    · simp
    · have := not_moved_beyond h
      rw [if_pos rfl, Nat.testBit_xor, testBit_element, testBit_element, Bool.toNat_true, Nat.one_mul,
        show 0xffffffffffffffff = 2 ^ 64 - 1 from rfl, Nat.testBit_two_pow_sub_one, decide_eq_true hb,
        decide_eq_true (show 64 * l + b < 64 * n by omega)]
      simp
  · split
    · simp [hb, testBit_element]
    · simp [hb]

private theorem element_xor (x y l : Nat) : element (x ^^^ y) l = element x l ^^^ element y l := by
  refine Nat.eq_of_testBit_eq fun b => ?_
  rw [testBit_element, Nat.testBit_xor, Nat.testBit_xor, testBit_element, testBit_element]
  cases decide (b < 64) <;> simp

private theorem element_shiftLeft (x l : Nat) :
    element (x <<< (64 * s)) l = if s ≤ l then element x (l - s) else 0 := by
  refine Nat.eq_of_testBit_eq fun b => ?_
  rw [testBit_element, Nat.testBit_shiftLeft]
  by_cases hb : b < 64
  · by_cases le : s ≤ l
    · rw [if_pos le, testBit_element, decide_eq_true (show 64 * l + b ≥ 64 * s by omega),
        show 64 * l + b - 64 * s = 64 * (l - s) + b by omega, Bool.true_and]
    · rw [if_neg le, decide_eq_false (show ¬64 * l + b ≥ 64 * s by omega)]
      simp
  · split
    · simp [hb, testBit_element]
    · simp [hb]

private theorem element_exchange (x l : Nat) :
    element (exchange (ones 64 n) switches stage (64 * s) x) l = element x (source n switches stage s l) := by
  show element (x ^^^ differences (ones 64 n) switches stage (64 * s) x ^^^
    (differences (ones 64 n) switches stage (64 * s) x <<< (64 * s))) l = _
  rw [element_xor, element_xor, element_shiftLeft, element_differences, element_differences, source]
  by_cases le : s ≤ l
  · have e : l - s + s = l := Nat.sub_add_cancel le
    cases below : moved n switches stage s (l - s)
    · cases h : moved n switches stage s l
      · simp
      · simp [Nat.xor_comm (element x l)]
        rw [Nat.xor_assoc, Nat.xor_self, Nat.xor_zero]
    · have := not_moved_twice below
      rw [e] at this
      simp [this, le, e, ← Nat.xor_assoc]
  · cases h : moved n switches stage s l
    · simp [le]
    · simp [le, Nat.xor_comm (element x l), Nat.xor_assoc]

private theorem source_source (l : Nat) :
    source n switches stage s (source n switches stage s l) = l := by
  by_cases h : moved n switches stage s l
  · have twice := not_moved_twice h
    simp [source, h, twice]
  · by_cases below : s ≤ l ∧ moved n switches stage s (l - s)
    · simp [source, h, below, Nat.sub_add_cancel below.1]
    · simp [source, h, below]

private theorem source_lt {l : Nat} (h : l < n) : source n switches stage s l < n := by
  rw [source]
  split
  · exact not_moved_beyond ‹_›
  · split <;> omega

/-! ## What the network does -/

/-- A permutation of the numbers below `n`. -/
structure Permutes (n : Nat) (f : Nat → Nat) : Prop where
  /-- They stay below `n`. -/
  lt : ∀ l < n, f l < n
  /-- No two of them become one. -/
  inj : ∀ a < n, ∀ b < n, f a = f b → a = b

/-- The words that come out are those that went in, permuted; in the same way whatever they are. -/
theorem exists_permutation (rounds switches : Nat) :
    ∃ f, Permutes (2 ^ rounds) f ∧ ∀ x l, element (permute rounds switches x) l = element x (f l) := by
  have stages : ∀ k, ∃ f, Permutes (2 ^ rounds) f ∧ ∀ x l, element (fold (fun j y =>
      exchange (ones 64 (Nat.pow 2 rounds)) switches j (Nat.mul 64 (distance rounds j)) y) x k) l = element x (f l) := by
    intro k
    induction k with
    | zero => exact ⟨id, ⟨fun _ h => h, fun _ _ _ _ h => h⟩, fun _ _ => rfl⟩
    | succ k ih =>
      obtain ⟨f, permutes, e⟩ := ih
      refine ⟨fun l => f (source (2 ^ rounds) switches k (distance rounds k) l), ⟨fun l h => ?_, fun a ha b hb h => ?_⟩,
        fun x l => ?_⟩
      · exact permutes.lt _ (source_lt h)
      · have := permutes.inj _ (source_lt ha) _ (source_lt hb) h
        rw [← source_source (n := 2 ^ rounds) (switches := switches) (stage := k) (s := distance rounds k) a, this,
          source_source]
      · rw [← e]
        exact element_exchange _ l
  exact stages _

/-! ## Lists of words -/

/-- The doubles of a frame, by their index. -/
theorem doublesOfNat_eq (x n : Nat) : doublesOfNat x n = (List.range n).map (element x) := by
  induction n generalizing x with
  | zero => rfl
  | succ n ih =>
    rw [doublesOfNat, ih, List.range_succ_eq_map, List.map_cons, List.map_map]
    congr 1
    · rw [element, Nat.mul_zero, Nat.pow_zero, Nat.div_one]
    · refine List.map_congr_left fun i _ => ?_
      rw [Function.comp_apply, element, element, Nat.div_div_eq_div_mul, ← Nat.pow_add,
        show 64 + 64 * i = 64 * (i + 1) by omega]

private theorem perm_of_nodup {a b : List Nat} (nodup : a.Nodup) (subset : ∀ i ∈ a, i ∈ b) (length : b.length ≤ a.length) :
    a.Perm b := by
  induction a generalizing b with
  | nil => rw [List.length_eq_zero_iff.1 (Nat.le_zero.1 length)]
  | cons x a ih =>
    have mem := subset x List.mem_cons_self
    rw [List.nodup_cons] at nodup
    refine List.Perm.trans (List.Perm.cons x (ih nodup.2 (fun i hi => ?_) ?_)) (List.perm_cons_erase mem).symm
    · refine (List.mem_erase_of_ne fun e => ?_).2 (subset i (List.mem_cons_of_mem _ hi))
      exact nodup.1 (e ▸ hi)
    · rw [List.length_erase_of_mem mem]
      rw [List.length_cons] at length
      omega

/-- A permutation permutes all numbers below `n`. -/
theorem Permutes.perm {n : Nat} {f : Nat → Nat} (h : Permutes n f) : ((List.range n).map f).Perm (List.range n) := by
  refine perm_of_nodup ?_ (fun i hi => ?_) (by simp)
  · rw [List.Nodup, List.pairwise_map]
    refine List.pairwise_lt_range.imp_of_mem fun {a b} ha hb lt e => ?_
    have := h.inj a (List.mem_range.1 ha) b (List.mem_range.1 hb) e
    omega
  · obtain ⟨l, hl, rfl⟩ := List.mem_map.1 hi
    exact List.mem_range.2 (h.lt l (List.mem_range.1 hl))

/-- A frame without words from the index `n` on. -/
theorem element_eq_zero {x n i : Nat} (h : x < 2 ^ (64 * n)) (hi : n ≤ i) : element x i = 0 := by
  rw [element, Nat.div_eq_of_lt (Nat.lt_of_lt_of_le h (Nat.pow_le_pow_right (by decide) (by omega))), Nat.zero_mod]

/-- What comes out of the network is a permutation of what went in. -/
theorem perm_of_permute {rounds switches x y n : Nat} (hx : x < 2 ^ (64 * n)) (hy : y < 2 ^ (64 * n)) (hn : n ≤ 2 ^ rounds)
    (h : permute rounds switches x = y) : (doublesOfNat y n).Perm (doublesOfNat x n) := by
  obtain ⟨f, permutes, e⟩ := exists_permutation rounds switches
  have words := permutes.perm.map (element x)
  rw [List.map_map, List.map_congr_left fun l _ => show (element x ∘ f) l = element y l by rw [← h, e]; rfl] at words
  obtain ⟨more, hm⟩ : ∃ more, 2 ^ rounds = n + more := ⟨2 ^ rounds - n, by omega⟩
  rw [hm, List.range_add, List.map_append, List.map_append, List.map_map, List.map_map,
    List.map_congr_left fun l _ => show (element y ∘ (n + ·)) l = (element x ∘ (n + ·)) l by
      rw [Function.comp_apply, Function.comp_apply, element_eq_zero hx (by omega), element_eq_zero hy (by omega)],
    List.perm_append_right_iff] at words
  rw [doublesOfNat_eq, doublesOfNat_eq]
  exact words

end LeanPythonBridge.Certificate.Network
