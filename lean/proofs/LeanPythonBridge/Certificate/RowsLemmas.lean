module

public import LeanPythonBridge.Certificate.IntegerLemmas

/-!
# The integers are those of the doubles

`rowLanes` holds the integers of a row (`rowLanes_eq`), each as `code` gives it, when the frame passes the test of its
range (`Range.checkFrame_holds`).
-/

@[expose] public section

namespace LeanPythonBridge.Certificate

open Float64

variable {r : Range} {w n : Nat}

/-! ## All lanes at once -/

section Lanes

variable {f : Nat → Nat}

private theorem exponents_pack (hw : 64 ≤ w) (hf : ∀ l < n, f l < 2 ^ 64) :
    exponents (ones w n) (pack w n f) = pack w n fun l => exponents 1 (f l) := by
  have room : 2 ^ 64 ≤ 2 ^ w := Nat.pow_le_pow_right (by decide) hw
  have room' : 2 ^ 12 ≤ 2 ^ (w - 52) := Nat.pow_le_pow_right (by decide) (by omega)
  show (pack w n f >>> 52) &&& (ones w n * 2047) = _
  rw [ones_mul (by omega), pack_shiftRight_land (by omega) (fun l hl => Nat.lt_of_lt_of_le (hf l hl) room)
    (fun _ _ => by omega)]
  rfl

private theorem normals_pack (hw : 64 ≤ w) (hf : ∀ l < n, f l < 2048) :
    normals (ones w n) (pack w n f) = pack w n fun l => normals 1 (f l) := by
  have room : 2 ^ 64 ≤ 2 ^ w := Nat.pow_le_pow_right (by decide) hw
  have room' : 2 ^ 12 ≤ 2 ^ (w - 11) := Nat.pow_le_pow_right (by decide) (by omega)
  show ((pack w n f + ones w n * 2047) >>> 11) &&& ones w n = _
  rw [ones_mul (by omega), ones_eq (by omega), pack_add,
    pack_shiftRight_land (by omega) (fun l hl => by have := hf l hl; omega) (fun _ _ => by omega)]
  rfl

private theorem mantissas_pack (hw : 64 ≤ w) {k : Nat → Nat} (hf : ∀ l < n, f l < 2 ^ 64) :
    mantissas (ones w n) (pack w n f) (pack w n k) = pack w n fun l => mantissas 1 (f l) (k l) := by
  have room : 2 ^ 64 ≤ 2 ^ w := Nat.pow_le_pow_right (by decide) hw
  show (pack w n f &&& (ones w n * 0xfffffffffffff)) + pack w n k * 0x10000000000000 = _
  rw [ones_mul (by omega), pack_land (by omega) (fun l hl => Nat.lt_of_lt_of_le (hf l hl) room) (fun _ _ => by omega),
    pack_mul, pack_add]
  rfl

private theorem shifts_pack (hw : 64 ≤ w) {low : Nat} {k : Nat → Nat} (hlow : low < 2048) (hk : ∀ l < n, k l ≤ 1) :
    shifts (ones w n) (pack w n f) (pack w n k) low = pack w n fun l => shifts 1 (f l) (k l) low := by
  show pack w n f + ones w n * (2048 - low) - pack w n k = _
  rw [ones_mul (by omega), pack_add, pack_sub fun l hl => by have := hk l hl; omega]
  exact pack_congr fun l _ => by show _ = f l + 1 * (2048 - low) - k l; rw [Nat.one_mul]

private theorem barrel_pack {stages : Nat} {d y : Nat → Nat} (hw : stages < w) (hd : ∀ l < n, d l < 2 ^ w)
    (hy : ∀ l < n, y l * 2 ^ (d l % 2 ^ stages) < 2 ^ w) :
    barrel (ones w n) (1 <<< w - 1) (pack w n d) (pack w n y) stages =
      pack w n fun l => barrel 1 (1 <<< w - 1) (d l) (y l) stages := by
  induction stages with
  | zero => rfl
  | succ b ih =>
    have le : ∀ l, y l * 2 ^ (d l % 2 ^ b) ≤ y l * 2 ^ (d l % 2 ^ (b + 1)) := fun l =>
      Nat.mul_le_mul_left _ (Nat.pow_le_pow_right (by decide) (by rw [Nat.mod_pow_succ]; omega))
    have hy' : ∀ l < n, y l * 2 ^ (d l % 2 ^ b) < 2 ^ w := fun l hl => Nat.lt_of_le_of_lt (le l) (hy l hl)
    have one : 1 < 2 ^ (w - b) := Nat.one_lt_two_pow (by omega)
    have unfolded : ∀ unit d y, barrel unit (1 <<< w - 1) d y (b + 1) = barrel unit (1 <<< w - 1) d y b +
      (barrel unit (1 <<< w - 1) d y b &&& (((d >>> b) &&& unit) * (1 <<< w - 1))) * (2 ^ 2 ^ b - 1) :=
      fun _ _ _ => rfl
    rw [unfolded, ih (by omega) hy', ones_eq (by omega),
      pack_shiftRight_land (by omega) hd (fun _ _ => one), pack_mul,
      pack_land (by omega) (fun l hl => by rw [barrel_one (hy' l hl)]; exact hy' l hl) (fun l _ => ?_), pack_mul, pack_add]
    · exact pack_congr fun l _ => (unfolded 1 (d l) (y l)).symm
    · rw [and_one, Nat.one_shiftLeft]
      have := Nat.two_pow_pos w
      rcases Nat.mod_two_eq_zero_or_one (d l >>> b) with h | h <;> rw [h] <;> omega

/-- The absolute values in lanes are those of each lane. -/
theorem absolutes_pack (hw : 64 ≤ w) (hb : r.bits < w) (hr : r.check = true) (hf : ∀ l < n, f l < 2 ^ 64)
    (holds : ∀ l < n, r.Holds (f l)) :
    absolutes r (ones w n) (1 <<< w - 1) (pack w n f) = pack w n fun l => absolutes r 1 (1 <<< w - 1) (f l) := by
  have room : 2 ^ 64 ≤ 2 ^ w := Nat.pow_le_pow_right (by decide) hw
  have room' : 2 ^ r.bits ≤ 2 ^ w := Nat.pow_le_pow_right (by decide) (by omega)
  obtain ⟨order, finite⟩ := Range.check_iff.1 hr
  have stages : r.stages ≤ 11 := by
    have : (r.high - r.low).log2 < 11 := (Nat.log2_lt (by omega)).2 (by omega)
    show (r.high - r.low).log2 + 1 ≤ 11
    omega
  have he : ∀ l, exponents 1 (f l) < 2048 := fun l => by rw [exponents_one]; omega
  have hk : ∀ l, normals 1 (exponents 1 (f l)) ≤ 1 := fun l => by rw [normals_one]; omega
  unfold absolutes
  rw [exponents_pack hw hf, normals_pack hw fun l _ => he l, mantissas_pack hw hf,
    shifts_pack hw (by omega) fun l _ => hk l, barrel_pack (by omega) (fun l _ => ?_)
      (fun l hl => Nat.lt_of_lt_of_le (exists_value hr (holds l hl)).2 room')]
  show exponents 1 (f l) + 1 * (2048 - r.low) - _ < 2 ^ w
  have := he l
  omega

/-- The same where the doubles have the sign bit. -/
theorem negatives_pack (hw : 64 ≤ w) (hb : r.bits < w) (hr : r.check = true) (hf : ∀ l < n, f l < 2 ^ 64)
    (holds : ∀ l < n, r.Holds (f l)) :
    (absolutes r (ones w n) (1 <<< w - 1) (pack w n f) &&&
      (((pack w n f >>> 63) &&& ones w n) * (1 <<< w - 1))) =
        pack w n fun l => if isNegative (f l) then absolutes r 1 (1 <<< w - 1) (f l) else 0 := by
  have room : 2 ^ 64 ≤ 2 ^ w := Nat.pow_le_pow_right (by decide) hw
  have small := fun l hl => Nat.lt_of_lt_of_le (absolutes_one hb hr (holds l hl)).2
    (Nat.pow_le_pow_right (by decide) (Nat.le_of_lt hb))
  rw [absolutes_pack hw hb hr hf holds, ones_eq (by omega), pack_shiftRight_land (by omega)
    (fun l hl => Nat.lt_of_lt_of_le (hf l hl) room) (fun _ _ => Nat.one_lt_two_pow (by omega)), pack_mul,
    pack_land (by omega) small fun l _ => ?_]
  · exact pack_congr fun l hl => negative_one hb hr (holds l hl) (hf l hl)
  · rw [and_one, Nat.one_shiftLeft]
    have := Nat.two_pow_pos w
    rcases Nat.mod_two_eq_zero_or_one (f l >>> 63) with h | h <;> rw [h] <;> omega

/-- The integers in lanes are those of each lane. -/
theorem integers_pack (hw : 64 ≤ w) (hb : r.bits < w) (hr : r.check = true) (hf : ∀ l < n, f l < 2 ^ 64)
    (holds : ∀ l < n, r.Holds (f l)) :
    integers r (ones w n) (1 <<< w - 1) (pack w n f) = pack w n fun l => code r w (f l) := by
  show absolutes r (ones w n) (1 <<< w - 1) (pack w n f) + ones w n * r.offset -
    2 * (absolutes r (ones w n) (1 <<< w - 1) (pack w n f) &&& (((pack w n f >>> 63) &&& ones w n) * (1 <<< w - 1))) = _
  rw [negatives_pack hw hb hr hf holds, absolutes_pack hw hb hr hf holds, ones_mul (by omega), mul_pack, pack_add, pack_sub fun l hl => ?_]
  · refine pack_congr fun l hl => ?_
    show _ = absolutes r 1 (1 <<< w - 1) (f l) + 1 * r.offset -
      2 * (absolutes r 1 (1 <<< w - 1) (f l) &&& (((f l >>> 63) &&& 1) * (1 <<< w - 1)))
    rw [negative_one hb hr (holds l hl) (hf l hl), Nat.one_mul]
  · have := (absolutes_one hb hr (holds l hl)).2
    rw [offset_eq]
    split <;> omega

end Lanes

/-! ## Words of a frame -/

/-- The bits of a word. -/
theorem testBit_element (x i b : Nat) : (element x i).testBit b = (decide (b < 64) && x.testBit (64 * i + b)) := by
  rw [element, Nat.testBit_mod_two_pow, Nat.testBit_div_two_pow, Nat.add_comm b]

theorem element_lt (x i : Nat) : element x i < 2 ^ 64 := Nat.mod_lt _ (by decide)

/-- A mask takes from each word. -/
theorem land_pack_words {g : Nat → Nat} (x : Nat) (hg : ∀ i < n, g i < 2 ^ 64) :
    x &&& pack 64 n g = pack 64 n fun i => element x i &&& g i := by
  refine Nat.eq_of_testBit_eq fun i => ?_
  rw [Nat.testBit_and, testBit_pack (by decide) hg, testBit_pack (by decide) fun i hi => Nat.and_lt_two_pow _ (hg i hi),
    Nat.testBit_and, testBit_element, decide_eq_true (Nat.mod_lt i (by decide)), Nat.div_add_mod]
  cases decide (i < 64 * n) <;> simp

private theorem magnitudes_eq (x : Nat) : magnitudes (ones 64 n) x = pack 64 n fun i => magnitude (element x i) := by
  show x &&& (ones 64 n * 0x7fffffffffffffff) = _
  rw [ones_mul (by decide), land_pack_words x fun _ _ => by decide]
  exact pack_congr fun i _ => Nat.and_two_pow_sub_one_eq_mod _ 63

private theorem atLeast_eq {g : Nat → Nat} {bound : Nat} (hg : ∀ i < n, g i < 2 ^ 63) (pos : 0 < bound)
    (hb : bound ≤ 2 ^ 63) :
    atLeast (ones 64 n) (pack 64 n g) bound = pack 64 n fun i => if g i < bound then 0 else 1 := by
  show ((pack 64 n g + ones 64 n * (0x8000000000000000 - bound)) >>> 63) &&& ones 64 n = _
  rw [ones_mul (by decide), ones_eq (by decide), pack_add,
    pack_shiftRight_land (by decide) (fun i hi => by have := hg i hi; omega) fun _ _ => by decide]
  refine pack_congr fun i hi => ?_
  have := hg i hi
  rw [and_one, Nat.shiftRight_eq_div_pow]
  split <;> omega

/-- The test of a range tests it of every double. -/
theorem Range.checkFrame_holds {count x : Nat} (h : r.checkFrame count x = true) :
    r.check = true ∧ ∀ i < count, r.Holds (element x i) := by
  simp only [Range.checkFrame, Bool.and_eq_true, Nat.beq_eq] at h
  obtain ⟨⟨hr, high⟩, low⟩ := h
  obtain ⟨order, finite⟩ := Range.check_iff.1 hr
  have small : ∀ i, magnitude (element x i) < 2 ^ 63 := fun i => Nat.mod_lt _ (by decide)
  have least : 0 < r.least ∧ r.least ≤ 2 ^ 63 := by rw [least_eq]; omega
  rw [magnitudes_eq, show Nat.mul r.high 0x10000000000000 = r.high * 2 ^ 52 from rfl,
    atLeast_eq (fun i _ => small i) (by omega) (by omega)] at high
  rw [magnitudes_eq, atLeast_eq (fun i _ => small i) (by decide) (by decide),
    atLeast_eq (fun i _ => small i) least.1 least.2] at low
  refine ⟨hr, fun i hi => ⟨?_, ?_⟩⟩
  · have := eq_zero_of_pack high i hi
    by_cases lt : magnitude (element x i) < r.high * 2 ^ 52
    · exact lt
    · rw [if_neg lt] at this; omega
  · have lanes : ∀ bound, ∀ i < count, (if magnitude (element x i) < bound then 0 else 1) < 2 ^ 64 := by
      intro bound i _; split <;> omega
    have := congrArg (lane 64 · i) low
    simp only [lane_pack (lanes _) hi] at this
    split at this <;> split at this <;> omega

/-! ## Rows -/

theorem cut_eq (size x i : Nat) : cut size x i = x / 2 ^ (size * i) % 2 ^ size := by
  show (x >>> (size * i)) &&& (1 <<< size - 1) = _
  rw [Nat.one_shiftLeft, Nat.and_two_pow_sub_one_eq_mod, Nat.shiftRight_eq_div_pow]

theorem cutRow_eq (size x i : Nat) : cutRow size x i = cut size x i := by
  rw [cutRow, withValue_eq]
  show cut size (cut (16 * size) x (i / 16)) (i % 16) = _
  simp only [cut_eq]
  refine Nat.eq_of_testBit_eq fun b => ?_
  simp only [Nat.testBit_mod_two_pow, Nat.testBit_div_two_pow]
  have e : b + size * (i % 16) + 16 * size * (i / 16) = b + size * i := by
    have := congrArg (size * ·) (Nat.div_add_mod i 16)
    simp only [Nat.mul_add] at this
    rw [Nat.mul_comm 16 size, Nat.mul_assoc]
    omega
  rw [e]
  by_cases lt : b < size
  · have := Nat.mul_le_mul_left size (show i % 16 ≤ 15 by omega)
    rw [decide_eq_true (show b + size * (i % 16) < 16 * size by omega), Bool.true_and]
  · simp [lt]

/-- A row's words, and zeros behind them. -/
theorem element_cutRow (n x i j : Nat) :
    element (cutRow (64 * n) x i) j = if j < n then element x (i * n + j) else 0 := by
  rw [cutRow_eq, cut_eq]
  refine Nat.eq_of_testBit_eq fun b => ?_
  rw [testBit_element, Nat.testBit_mod_two_pow, Nat.testBit_div_two_pow]
  have e : 64 * j + b + 64 * n * i = 64 * (i * n + j) + b := by
    rw [Nat.mul_add, Nat.mul_assoc, Nat.mul_comm n i]; omega
  by_cases hb : b < 64
  · split
    · rw [testBit_element, e, decide_eq_true (show 64 * j + b < 64 * n by omega), Bool.true_and]
    · rw [decide_eq_false (show ¬64 * j + b < 64 * n by omega)]; simp
  · rw [decide_eq_false hb, Bool.false_and]
    split
    · rw [testBit_element, decide_eq_false hb, Bool.false_and]
    · simp

private theorem words_of_class {m c k : Nat} (x : Nat) (hm : 0 < m) :
    (x >>> (64 * k)) &&& pack (64 * m) c (fun _ => 0xffffffffffffffff) =
      pack (64 * m) c fun q => element x (q * m + k) := by
  have room : 2 ^ 64 ≤ 2 ^ (64 * m) := Nat.pow_le_pow_right (by decide) (by omega)
  refine Nat.eq_of_testBit_eq fun i => ?_
  rw [Nat.testBit_and, Nat.testBit_shiftRight, testBit_pack (by omega) fun _ _ => by omega,
    testBit_pack (by omega) fun q _ => Nat.lt_of_lt_of_le (element_lt ..) room, testBit_element,
    show 0xffffffffffffffff = 2 ^ 64 - 1 from rfl, Nat.testBit_two_pow_sub_one]
  have e : 64 * (i / (64 * m) * m + k) + i % (64 * m) = 64 * k + i := by
    have := Nat.div_add_mod i (64 * m)
    rw [Nat.mul_add, Nat.mul_comm (i / (64 * m)), ← Nat.mul_assoc]
    omega
  rw [e]
  cases decide (i < 64 * m * c) <;> cases decide (i % (64 * m) < 64) <;> simp

/-- The words of a row stand in their lanes. -/
theorem spread_eq {m : Nat} (hm : 0 < m) (n x : Nat) :
    spread m n x = pack (64 * m) (laneCount m n) fun l => element x (column m n l) := by
  have classes : ∀ k, fold (fun k y => Nat.add y (Nat.shiftLeft
      (Nat.land (Nat.shiftRight x (Nat.mul 64 k)) (Nat.mul (ones (Nat.mul 64 m) (classSize m n)) 0xffffffffffffffff))
      (Nat.mul (Nat.mul 64 m) (Nat.mul (classSize m n) k)))) 0 k =
        pack (64 * m) (classSize m n * k) fun l => element x (column m n l) := by
    intro k
    induction k with
    | zero => rfl
    | succ k ih =>
      show fold _ 0 k + ((x >>> (64 * k)) &&& (ones (64 * m) (classSize m n) * 0xffffffffffffffff)) <<<
        (64 * m * (classSize m n * k)) = _
      rw [ih, ones_mul (by omega), words_of_class x hm, Nat.shiftLeft_eq, Nat.mul_succ, pack_append]
      congr 2
      refine pack_congr fun q hq => ?_
      rw [column, Nat.mul_add_mod, Nat.mod_eq_of_lt hq, Nat.mul_add_div (by omega), Nat.div_eq_of_lt hq, Nat.add_zero]
  exact classes m

/-- The double at a column of a row, and zero behind the last one. -/
def rowElement (n x i j : Nat) : Nat := if j < n then element x (i * n + j) else 0

/-- What a row's doubles are when the frame passes the test of its range. -/
theorem rowElement_holds {x i j rows : Nat} (h : r.checkFrame (rows * n) x = true) (hi : i < rows) :
    r.Holds (rowElement n x i j) ∧ rowElement n x i j < 2 ^ 64 := by
  obtain ⟨hr, holds⟩ := Range.checkFrame_holds h
  rw [rowElement]
  split
  · refine ⟨holds _ ?_, element_lt ..⟩
    have := Nat.mul_le_mul_right n (Nat.succ_le_of_lt hi)
    rw [Nat.succ_mul] at this
    omega
  · exact ⟨holds_zero hr, by decide⟩

/-- A row of a frame in lanes. -/
theorem rowLanes_eq {m x i rows : Nat} (hm : 0 < m) (hb : r.bits < 64 * m) (h : r.checkFrame (rows * n) x = true)
    (hi : i < rows) :
    rowLanes r m n x i =
      pack (64 * m) (laneCount m n) fun l => code r (64 * m) (rowElement n x i (column m n l)) := by
  obtain ⟨hr, -⟩ := Range.checkFrame_holds h
  show integers r (ones (64 * m) (laneCount m n)) (1 <<< (64 * m) - 1) (spread m n (cutRow (64 * n) x i)) = _
  simp only [spread_eq hm, element_cutRow]
  exact integers_pack (by omega) hb hr (fun l _ => (rowElement_holds h hi).2) fun l _ => (rowElement_holds h hi).1

end LeanPythonBridge.Certificate
