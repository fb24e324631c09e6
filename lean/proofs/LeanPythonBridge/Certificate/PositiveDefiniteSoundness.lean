module

public import LeanPythonBridge.Certificate.PositiveDefinite

/-!
# What the certificate of positive definiteness proves

`Certified` says it of the exact rational values of the doubles; `check_sound` proves that the test finds it.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.PositiveDefinite

open Float64

/-- What the certificate proves of the rational values of the doubles. -/
structure Certified {n : Nat} (A : Matrix n n Nat) : Prop where
  /-- The matrix is finite. -/
  finite : ∀ i, Finite (A i)
  /-- It is symmetric. -/
  symmetric : ∀ i j, valueMatrix A i j = valueMatrix A j i
  /-- It is positive definite. -/
  posDef : PosDef (valueMatrix A)

/-! ## The evaluation -/

private theorem everyRow_tabulate {test : Nat → Nat → Bool} {row : Nat → Nat} {count i s : Nat}
    (h : everyRow test (tabulate row count i) i s = true) :
    ∀ k < count, test (i + k) (s + total (k + 1) fun q => row (i + q)) = true := by
  induction count generalizing i s with
  | zero => intro k hk; omega
  | succ count ih =>
    have unfolded : everyRow test (tabulate row (count + 1) i) i s =
      Bool.rec (motive := fun _ => Bool) false (everyRow test (tabulate row count (i + 1)) (i + 1) (s + row i))
        (test i (s + row i)) := rfl
    rw [unfolded] at h
    cases first : test i (s + row i)
    · rw [first] at h; contradiction
    · rw [first] at h
      intro k hk
      cases k with
      | zero => simpa [total] using first
      | succ k =>
        have := ih h k (by omega)
        rw [total_cons, Nat.add_zero, ← Nat.add_assoc]
        simp only [Nat.add_assoc, Nat.add_comm 1] at this ⊢
        exact this

private theorem total_pack {w n count : Nat} {g : Nat → Nat → Nat} :
    (total count fun q => pack w n (g q)) = pack w n fun l => total count fun q => g q l := by
  induction count with
  | zero => exact pack_zero.symm
  | succ count ih => rw [total, ih, pack_add]; rfl

section Rows

variable {layout : Layout} {n matrix factor : Nat}

/-- The integer of an entry of the matrix. -/
def matrixEntry (layout : Layout) (n matrix i j : Nat) : Int :=
  decode layout.matrix layout.width (rowElement n matrix i j)

/-- The integer of an entry of the factor. -/
def factorEntry (layout : Layout) (n factor k j : Nat) : Int :=
  decode layout.factor layout.width (rowElement n factor k j)

/-- What is left of an entry, in the common unit. -/
def left (layout : Layout) (n matrix factor i j : Nat) : Int :=
  matrixEntry layout n matrix i j * 2 ^ layout.matrixShift -
    (integerSum (i + 1) fun k => factorEntry layout n factor k i * factorEntry layout n factor k j) *
      2 ^ layout.factorShift

/-- No lane overflows: what the test of the layout finds. -/
structure Fits (layout : Layout) (n : Nat) : Prop where
  /-- A lane has words. -/
  words : 0 < layout.words
  /-- What is left has room for its offset and for the sum of a row. -/
  height : layout.height n + 3 + (laneCount layout.words n).log2 = layout.width
  /-- The integers of the matrix fit. -/
  matrix : layout.matrix.bits < layout.width
  /-- The integers of the factor fit. -/
  factor : layout.factor.bits < layout.width
  /-- What is left fits below its offset. -/
  room : 1 + 2 ^ (layout.matrix.bits + layout.matrixShift) +
    n * 2 ^ (2 * layout.factor.bits + layout.factorShift) ≤ 2 ^ layout.height n

private theorem Fits.of_check (h : layout.check n = true) : Fits layout n := by
  simp only [Layout.check, Bool.and_eq_true, Nat.ble_eq] at h
  obtain ⟨⟨⟨⟨words, log⟩, matrix⟩, factor⟩, room⟩ := h
  refine ⟨words, ?_, matrix, factor, ?_⟩
  · have e : layout.height n = layout.width - 3 - (laneCount layout.words n).log2 := rfl
    have : 3 + (laneCount layout.words n).log2 ≤ layout.width := log
    omega
  · have room : 1 + (1 <<< (layout.matrix.bits + layout.matrixShift) +
      n * 1 <<< (2 * layout.factor.bits + layout.factorShift)) ≤ 1 <<< layout.height n := room
    simp only [Nat.one_shiftLeft] at room
    rw [Nat.add_assoc]; exact room

private theorem Fits.lanes (fits : Fits layout n) :
    laneCount layout.words n * 2 ^ (layout.height n + 1) + 1 < 2 ^ layout.width ∧ layout.height n < layout.width := by
  have h := fits.height
  refine ⟨?_, by omega⟩
  have lt : laneCount layout.words n < 2 ^ ((laneCount layout.words n).log2 + 1) := Nat.lt_log2_self
  have := Nat.mul_lt_mul_of_pos_right lt (Nat.two_pow_pos (layout.height n + 1))
  rw [← Nat.pow_add, show (laneCount layout.words n).log2 + 1 + (layout.height n + 1) = layout.width - 1 by omega] at this
  have e : 2 ^ layout.width = 2 * 2 ^ (layout.width - 1) := by
    rw [← Nat.pow_succ', show (layout.width - 1).succ = layout.width by omega]
  have := Nat.two_pow_pos (layout.width - 1)
  omega

variable (fits : Fits layout n) (hA : layout.matrix.checkFrame (n * n) matrix = true)
  (hU : layout.factor.checkFrame (n * n) factor = true)

include fits hA hU

private theorem natAbs_left_lt {i : Nat} (hi : i < n) (j : Nat) :
    (left layout n matrix factor i j).natAbs < 2 ^ layout.height n := by
  have hi' : i + 1 ≤ n := hi
  have a := natAbs_decode_lt fits.matrix (Range.checkFrame_holds hA).1 (rowElement_holds (j := j) hA hi).1
    (rowElement_holds hA hi).2
  have u : ∀ k < i + 1, ∀ j, (factorEntry layout n factor k j).natAbs ≤ 2 ^ layout.factor.bits := fun k hk j =>
    Nat.le_of_lt (natAbs_decode_lt fits.factor (Range.checkFrame_holds hU).1
      (rowElement_holds (i := k) hU (by omega)).1 (rowElement_holds (i := k) hU (by omega)).2)
  have product := natAbs_integerSum_mul_le (fun k hk => u k hk i) fun k hk => u k hk j
  have p₁ := Nat.mul_le_mul_right (2 ^ layout.matrixShift) (Nat.le_of_lt a)
  have p₂ := Nat.mul_le_mul_right (2 ^ layout.factorShift)
    (Nat.le_trans product (Nat.mul_le_mul_right _ hi'))
  rw [← Nat.pow_add] at p₁
  rw [Nat.mul_assoc, ← Nat.pow_add, ← Nat.pow_add, ← Nat.two_mul] at p₂
  have room := fits.room
  have e₁ : (matrixEntry layout n matrix i j * 2 ^ layout.matrixShift).natAbs =
      (matrixEntry layout n matrix i j).natAbs * 2 ^ layout.matrixShift := by
    rw [Int.natAbs_mul, Int.natAbs_pow]; rfl
  have e₂ : ∀ x : Int, (x * 2 ^ layout.factorShift).natAbs = x.natAbs * 2 ^ layout.factorShift := fun x => by
    rw [Int.natAbs_mul, Int.natAbs_pow]; rfl
  have p₁ : (matrixEntry layout n matrix i j * 2 ^ layout.matrixShift).natAbs ≤ _ := e₁ ▸ p₁
  rw [left]
  have := e₂ (integerSum (i + 1) fun k => factorEntry layout n factor k i * factorEntry layout n factor k j)
  omega

/-- The lanes of a row of what is left. -/
theorem remainder_eq {i : Nat} (hi : i < n) :
    remainder layout n matrix (tabulate (rowLanes layout.factor layout.words n factor) n 0) i
        (total (i + 1) fun q => rowLanes layout.factor layout.words n factor q) =
      pack layout.width (laneCount layout.words n) fun l =>
        (left layout n matrix factor i (column layout.words n l) + 2 ^ layout.height n).toNat := by
  have hw : layout.width = 64 * layout.words := rfl
  have words := fits.words
  have rowU : ∀ k < n, rowLanes layout.factor layout.words n factor k = pack layout.width (laneCount layout.words n)
      fun l => code layout.factor layout.width (rowElement n factor k (column layout.words n l)) := fun k hk =>
    rowLanes_eq words fits.factor hU hk
  have codeU : ∀ k < n, ∀ j, code layout.factor layout.width (rowElement n factor k j) < 2 ^ (layout.factor.bits + 1) :=
    fun k hk j => code_lt fits.factor (Range.checkFrame_holds hU).1 (rowElement_holds hU hk).1 (rowElement_holds hU hk).2
  have wide : 2 ^ (layout.factor.bits + 1) ≤ 2 ^ layout.width := Nat.pow_le_pow_right (by decide) fits.factor
  obtain ⟨here, back⟩ := column_position words hi
  have sum : (total (i + 1) fun q => rowLanes layout.factor layout.words n factor q) =
      pack layout.width (laneCount layout.words n) fun l => total (i + 1) fun k =>
        code layout.factor layout.width (rowElement n factor k (column layout.words n l)) := by
    rw [← total_pack]; exact total_congr fun k hk => rowU k (by omega)
  -- The lanes of the sum do not overflow.
  have sumLt : ∀ j, (total (i + 1) fun k => code layout.factor layout.width (rowElement n factor k j)) <
      2 ^ layout.width := fun j => by
    have le := total_le fun k (hk : k < i + 1) => Nat.le_of_lt (codeU k (by omega) j)
    have bits : 1 ≤ layout.factor.bits := by
      have := Range.check_iff.1 (Range.checkFrame_holds hU).1
      show 1 ≤ 51 + layout.factor.high - layout.factor.low
      omega
    have up : 2 ^ (layout.factor.bits + 1) ≤ 2 ^ (2 * layout.factor.bits + layout.factorShift) :=
      Nat.pow_le_pow_right (by decide) (by omega)
    have := Nat.mul_le_mul (show i + 1 ≤ n from hi) up
    have := fits.room
    have := Nat.two_pow_pos (layout.matrix.bits + layout.matrixShift)
    have : 2 ^ layout.height n ≤ 2 ^ layout.width := Nat.pow_le_pow_right (by decide) (by have := fits.height; omega)
    omega
  have own : lane layout.width (total (i + 1) fun q => rowLanes layout.factor layout.words n factor q)
      (position layout.words n i) =
        total (i + 1) fun k => code layout.factor layout.width (rowElement n factor k i) := by
    rw [sum, lane_pack (fun l _ => sumLt _) here, back]
  have product : combine (laneOf (Nat.mul layout.width (position layout.words n i)) (Nat.sub (Nat.shiftLeft 1 layout.width) 1))
      (tabulate (rowLanes layout.factor layout.words n factor) n 0) (i + 1) 0 =
        pack layout.width (laneCount layout.words n) fun l => total (i + 1) fun k =>
          code layout.factor layout.width (rowElement n factor k i) *
            code layout.factor layout.width (rowElement n factor k (column layout.words n l)) := by
    rw [combine_tabulate (w := layout.width) (n := laneCount layout.words n)
      (g := fun k l => code layout.factor layout.width (rowElement n factor k (column layout.words n l)))
      _ 0 hi fun k hk => by rw [Nat.zero_add]; exact rowU k hk]
    refine pack_congr fun l _ => total_congr fun k hk => ?_
    rw [Nat.zero_add]
    congr 1
    show lane layout.width (rowLanes layout.factor layout.words n factor k) (position layout.words n i) = _
    rw [rowU k (by omega), lane_pack (fun l _ => Nat.lt_of_lt_of_le (codeU k (by omega) _) wide) here, back]
  rw [remainder, own, sum, show Nat.add i 1 = i + 1 from rfl, product, rowLanes_eq words fits.matrix hA hi,
    show Nat.mul (pack (64 * layout.words) (laneCount layout.words n) _) (Nat.shiftLeft 1 layout.matrixShift) =
      pack (64 * layout.words) (laneCount layout.words n) _ * (1 <<< layout.matrixShift) from rfl, pack_mul, ← hw,
    difference_pack (by omega) fun l _ => ?_]
  generalize column layout.words n l = j
  have offset := total_offset (n := i + 1)
    (x := fun k => code layout.factor layout.width (rowElement n factor k i))
    (y := fun k => code layout.factor layout.width (rowElement n factor k j))
    (fun k _ => code_eq_decode ..) (fun k _ => code_eq_decode ..)
  have small := natAbs_left_lt fits hA hU hi j
  have entry := code_eq_decode layout.matrix layout.width (rowElement n matrix i j)
  show _ + (_ * 1 <<< layout.factorShift + (layout.matrix.offset <<< layout.matrixShift +
      ((i + 1) * (layout.factor.offset * layout.factor.offset)) <<< layout.factorShift)) =
    _ * 1 <<< layout.matrixShift + _ * layout.factor.offset <<< layout.factorShift +
      (1 <<< layout.height n + (layout.factor.offset * _) <<< layout.factorShift)
  simp only [Nat.shiftLeft_eq, Nat.one_mul]
  rw [left] at small ⊢
  rw [matrixEntry] at *
  simp only [factorEntry] at *
  generalize code layout.matrix layout.width (rowElement n matrix i j) = p at *
  generalize decode layout.matrix layout.width (rowElement n matrix i j) = a at *
  generalize (total (i + 1) fun k => code layout.factor layout.width (rowElement n factor k i) *
    code layout.factor layout.width (rowElement n factor k j)) = g at *
  generalize (total (i + 1) fun k => code layout.factor layout.width (rowElement n factor k i)) = t at *
  generalize (total (i + 1) fun k => code layout.factor layout.width (rowElement n factor k j)) = s at *
  generalize (integerSum (i + 1) fun k => decode layout.factor layout.width (rowElement n factor k i) *
    decode layout.factor layout.width (rowElement n factor k j)) = product at *
  have cast : ∀ k : Nat, (2 : Int) ^ k = (2 ^ k : Nat) := fun k => by rw [Int.natCast_pow]; rfl
  simp only [cast] at *
  generalize 2 ^ layout.matrixShift = ma at *
  generalize 2 ^ layout.factorShift = fa at *
  generalize 2 ^ layout.height n = c at *
  generalize layout.matrix.offset = oa at *
  generalize layout.factor.offset = ou at *
  refine Int.ofNat.inj ?_
  show ((_ : Nat) : Int) = ((_ : Nat) : Int)
  have nonneg : (((a * ma - product * fa + c).toNat : Nat) : Int) = a * ma - product * fa + c :=
    Int.toNat_of_nonneg (by omega)
  simp only [Int.natCast_add, Int.natCast_mul, nonneg, entry] at *
  grind

/-- The sum of the absolute values of a row of what is left, over its columns. -/
theorem absoluteSum_remainder {i : Nat} (hi : i < n) :
    absoluteSum layout.width (laneCount layout.words n) (layout.height n)
      (pack layout.width (laneCount layout.words n) fun l =>
        (left layout n matrix factor i (column layout.words n l) + 2 ^ layout.height n).toNat) =
      total n fun j => (left layout n matrix factor i j).natAbs := by
  have cast : ((2 : Int) ^ layout.height n) = (2 ^ layout.height n : Nat) := by rw [Int.natCast_pow]; rfl
  have small := fun j => natAbs_left_lt fits hA hU hi j
  have lanes := fits.lanes
  rw [absoluteSum_pack (fun l _ => ?_) lanes.1 lanes.2]
  · have back : ∀ l, ((left layout n matrix factor i (column layout.words n l) + 2 ^ layout.height n).toNat -
        2 ^ layout.height n) + (2 ^ layout.height n -
          (left layout n matrix factor i (column layout.words n l) + 2 ^ layout.height n).toNat) =
        (left layout n matrix factor i (column layout.words n l)).natAbs := fun l => by
      have := small (column layout.words n l)
      rw [cast]; omega
    simp only [back]
    rw [total_column layout.words n fun j => (left layout n matrix factor i j).natAbs]
    have more := le_laneCount fits.words n
    generalize laneCount layout.words n = lanes at more
    induction lanes with
    | zero => rw [Nat.le_zero.1 more]
    | succ lanes ih =>
      rcases Nat.lt_or_eq_of_le more with lt | e
      · rw [total, ih (by omega), Nat.add_eq_left]
        have zeroA : decode layout.matrix layout.width 0 = 0 := decode_zero fits.matrix (Range.checkFrame_holds hA).1
        have zeroU : decode layout.factor layout.width 0 = 0 := decode_zero fits.factor (Range.checkFrame_holds hU).1
        have outside : ∀ x k, rowElement n x k lanes = 0 := fun x k => if_neg (by omega)
        rw [left, matrixEntry, outside, zeroA]
        simp only [factorEntry, outside, zeroU, Int.mul_zero]
        rw [integerSum_congr (g := fun _ => 0 * 0) fun _ _ => by simp, integerSum_mul]
        simp
      · rw [← e]
  · have := small (column layout.words n l)
    rw [cast, Nat.pow_succ]; omega

end Rows

/-! ## Soundness -/

/-- The word of a frame. -/
theorem word_eq {n i j : Nat} (x : Nat) (hj : j < n) : word n x i j = element x (i * n + j) := by
  have e : word n x i j = cut 64 (cut 1024 (cutRow (64 * n) x i) (j / 16)) (j % 16) := by rw [word, withValue_eq]; rfl
  have blocks : ∀ y, cut 64 (cut 1024 y (j / 16)) (j % 16) = cutRow 64 y j := fun y => by
    rw [cutRow, withValue_eq]; rfl
  have row := element_cutRow n x i j
  rw [if_pos hj] at row
  rw [e, blocks, cutRow_eq 64, cut_eq, ← row, element]

/-- Doubles that pass the test have the same value. -/
theorem scaled_eq_of_sameValue {x y : Nat} (h : sameValue x y = true) :
    scaled x = scaled y := by
  have unfolded : sameValue x y =
    Bool.rec (motive := fun _ => Bool) (Nat.beq (x % 2 ^ 63 + y % 2 ^ 63) 0) true (Nat.beq x y) := rfl
  rw [unfolded] at h
  cases same : Nat.beq x y
  · rw [same] at h
    have zero : x % 2 ^ 63 + y % 2 ^ 63 = 0 := Nat.eq_of_beq_eq_true h
    have value : ∀ z, z % 2 ^ 63 = 0 → scaled z = 0 := fun z hz => by
      have := natAbs_scaled z
      rw [scaledAbs, magnitude, hz, scaledMagnitude_zero] at this
      omega
    rw [value x (by omega), value y (by omega)]
  · rw [Nat.eq_of_beq_eq_true same]

/-- A row's margin is twice its diagonal entry less all absolute values, when that entry is not negative. -/
private theorem vecSum_margin {n : Nat} (x : Vec n Int) (i : Fin n) :
    (vecSum fun j => if i = j then x j else -abs (x j)) = x i + abs (x i) - vecSum fun j => abs (x j) := by
  have pointwise : ∀ j, (if i = j then x j else -abs (x j)) = (if j = i then x i + abs (x i) else 0) - abs (x j) := by
    intro j
    by_cases e : i = j
    · subst e; simp; try omega
    · rw [if_neg e, if_neg (Ne.symm e)]; omega
  simp only [pointwise]
  rw [vecSum_sub, vecSum_single]

section Soundness

variable {layout : Layout} {n matrix factor : Nat} (fits : Fits layout n)
  (hA : layout.matrix.checkFrame (n * n) matrix = true) (hU : layout.factor.checkFrame (n * n) factor = true)
  (upper : isUpper n factor = true)

include fits hA in
private theorem scaled_matrix (i j : Fin n) : scaled (frameMatrix matrix n n i j) =
    matrixEntry layout n matrix i j * 2 ^ layout.matrix.low := by
  have e : rowElement n matrix i j = frameMatrix matrix n n i j := if_pos j.isLt
  have holds := rowElement_holds (j := j) hA i.isLt
  rw [matrixEntry, decode_mul fits.matrix (Range.checkFrame_holds hA).1 holds.1 holds.2, e]

include fits hU in
private theorem scaled_factor (k j : Fin n) : scaled (frameMatrix factor n n k j) =
    factorEntry layout n factor k j * 2 ^ layout.factor.low := by
  have e : rowElement n factor k j = frameMatrix factor n n k j := if_pos j.isLt
  have holds := rowElement_holds (j := j) hU k.isLt
  rw [factorEntry, decode_mul fits.factor (Range.checkFrame_holds hU).1 holds.1 holds.2, e]

include fits hU upper in
/-- Below the diagonal the factor is zero. -/
private theorem factorEntry_zero {k j : Nat} (hk : k < n) (hj : j < k) : factorEntry layout n factor k j = 0 := by
  have zero : cutRow (64 * n) factor k % 2 ^ (64 * k) = 0 := by
    have := Nat.eq_of_beq_eq_true (allBelow_iff.1 upper k hk)
    rw [show cut (Nat.mul 64 k) (cutRow (Nat.mul 64 n) factor k) 0 = cut (64 * k) (cutRow (64 * n) factor k) 0 from rfl,
      cut_eq] at this
    simpa using this
  have word : rowElement n factor k j = 0 := by
    rw [rowElement, ← element_cutRow, element]
    refine Nat.eq_of_testBit_eq fun b => ?_
    rw [Nat.testBit_mod_two_pow, Nat.testBit_div_two_pow, Nat.zero_testBit]
    have := congrArg (Nat.testBit · (b + 64 * j)) zero
    simp only [Nat.testBit_mod_two_pow, Nat.zero_testBit] at this
    by_cases hb : b < 64
    · rw [decide_eq_true (by omega), Bool.true_and] at this
      rw [this, Bool.and_false]
    · rw [decide_eq_false hb, Bool.false_and]
  rw [factorEntry, word, decode_zero fits.factor (Range.checkFrame_holds hU).1]

include fits hA hU upper in
/-- What is left, as the exact rational values. -/
private theorem exists_unit : ∃ g : Nat, ∀ i j : Fin n,
    (valueMatrix (frameMatrix matrix n n) - (valueMatrix (frameMatrix factor n n)).transpose.mul
      (valueMatrix (frameMatrix factor n n)).transpose.transpose) i j =
        ofScaledSquare (left layout n matrix factor i j * (2 ^ g : Nat)) := by
  obtain ⟨g, hg₁, hg₂⟩ : ∃ g, layout.matrix.low + 1074 = layout.matrixShift + g ∧
      layout.factor.low + layout.factor.low = layout.factorShift + g := by
    have e₁ : layout.matrixShift = layout.matrix.low + 1074 - 2 * layout.factor.low := rfl
    have e₂ : layout.factorShift = 2 * layout.factor.low - (layout.matrix.low + 1074) := rfl
    exact ⟨min (layout.matrix.low + 1074) (2 * layout.factor.low), by omega, by omega⟩
  have cast : ∀ k : Nat, ((2 ^ k : Nat) : Int) = (2 : Int) ^ k := fun k => by rw [Int.natCast_pow]; rfl
  obtain ⟨s, unit, rfl⟩ : ∃ s, (scale : Int) = (2 : Int) ^ s ∧ 1074 = s := by
    refine ⟨1074, ?_, rfl⟩
    rw [scale]
    exact cast 1074
  refine ⟨g, fun i j => ?_⟩
  have product : ((valueMatrix (frameMatrix factor n n)).transpose.mul
      (valueMatrix (frameMatrix factor n n)).transpose.transpose) i j =
        ofScaledSquare ((integerSum (i + 1) fun k => factorEntry layout n factor k i * factorEntry layout n factor k j) *
          2 ^ (layout.factor.low + layout.factor.low)) := by
    rw [← integerSum_of_zero i.isLt fun k hk hn => by
      rw [factorEntry_zero fits hU upper hn (show i.val < k from hk), Int.zero_mul],
      integerSum_eq_vecSum, ← vecSum_mul_right, ← vecSum_ofScaledSquare]
    show vecSum (fun k => toRat (frameMatrix factor n n k i) * toRat (frameMatrix factor n n k j)) = _
    congr; funext k
    rw [toRat_eq_ofScaled, toRat_eq_ofScaled, ofScaled_mul_ofScaled, scaled_factor fits hU, scaled_factor fits hU,
      Int.pow_add]
    congr 1
    grind
  rw [Matrix.sub_apply, Vec.sub_apply, product]
  show toRat (frameMatrix matrix n n i j) - _ = _
  rw [toRat_eq_ofScaled, ← ofScaledSquare_mul_scale, ← ofScaledSquare_sub, scaled_matrix fits hA, left, hg₂,
    unit, cast, Int.mul_assoc, ← Int.pow_add, hg₁, Int.pow_add, Int.pow_add]
  congr 1
  grind

end Soundness

/-- A matrix whose certificate the test accepts is positive definite. -/
theorem check_sound {matrix factor n : Nat} {layout : Layout} (h : check matrix factor n layout = true) :
    Certified (frameMatrix matrix n n) := by
  simp only [check, Bool.and_eq_true] at h
  obtain ⟨⟨⟨⟨⟨hl, hA⟩, hU⟩, symmetric⟩, upper⟩, rows⟩ := h
  have fits := Fits.of_check hl
  have index : ∀ i j : Fin n, i.val * n + j.val < n * n := fun i j => by
    have := Nat.mul_le_mul_right n (Nat.succ_le_of_lt i.isLt)
    rw [Nat.succ_mul] at this
    omega
  have symm : ∀ i j : Fin n,
      valueMatrix (frameMatrix matrix n n) i j = valueMatrix (frameMatrix matrix n n) j i := by
    have below : ∀ i j : Fin n, j < i → scaled (frameMatrix matrix n n i j) = scaled (frameMatrix matrix n n j i) :=
      fun i j lt => by
        have := scaled_eq_of_sameValue (allBelow_iff.1 (allBelow_iff.1 symmetric i i.isLt) j lt)
        rwa [word_eq matrix j.isLt, word_eq matrix i.isLt] at this
    intro i j
    refine congrArg ofScaled ?_
    rcases Nat.lt_trichotomy i j with lt | e | lt
    · exact (below j i lt).symm
    · rw [Fin.ext e]
    · exact below i j lt
  refine ⟨fun i j => ?_, symm, ?_⟩
  · have holds := (Range.checkFrame_holds hA).2 _ (index i j)
    have high := (Range.check_iff.1 (Range.checkFrame_holds hA).1).2
    have := Nat.mul_le_mul_right (2 ^ 52) high
    have lt := holds.1
    simp only [isFinite, infinity, decide_eq_true_eq]
    show magnitude (element matrix (i * n + j)) < _
    omega
  · obtain ⟨g, unit⟩ := exists_unit fits hA hU upper
    refine posDef_of_sub (L := (valueMatrix (frameMatrix factor n n)).transpose)
      (posDef_of_rowMargin_pos (fun i j => ?_) fun i => ?_)
    · rw [Matrix.sub_apply, Vec.sub_apply, Matrix.sub_apply, Vec.sub_apply, symm i j]
      congr 1
      exact dot_comm _ _
    · have e : rowMargin (valueMatrix (frameMatrix matrix n n) - (valueMatrix (frameMatrix factor n n)).transpose.mul
          (valueMatrix (frameMatrix factor n n)).transpose.transpose) i =
            ofScaledSquare ((left layout n matrix factor i i + abs (left layout n matrix factor i i) -
              vecSum fun j : Fin n => abs (left layout n matrix factor i j)) * (2 ^ g : Nat)) := by
        have scaled : ∀ x : Int, abs (x * (2 ^ g : Nat)) = abs x * (2 ^ g : Nat) := fun x => by
          rw [abs_mul]; congr 1
        rw [← vecSum_margin (fun j : Fin n => left layout n matrix factor i j) i, ← vecSum_mul_right,
          ← vecSum_ofScaledSquare, rowMargin]
        congr; funext j
        rw [unit, abs_ofScaledSquare, ← ofScaledSquare_neg, scaled]
        split
        · rfl
        · rw [Int.neg_mul]
      rw [e, ofScaledSquare_pos]
      refine Int.mul_pos ?_ (Int.natCast_pos.2 (Nat.two_pow_pos g))
      have row := everyRow_tabulate rows i i.isLt
      simp only [Nat.zero_add] at row
      rw [remainder_eq fits hA hU i.isLt] at row
      have dominant := Nat.le_of_ble_eq_true row
      rw [absoluteSum_remainder fits hA hU i.isLt] at dominant
      obtain ⟨here, back⟩ := column_position fits.words i.isLt
      have small := fun j => natAbs_left_lt fits hA hU i.isLt j
      have cast : ((2 : Int) ^ layout.height n) = (2 ^ layout.height n : Nat) := by rw [Int.natCast_pow]; rfl
      have lt : 2 ^ (layout.height n + 1) ≤ 2 ^ layout.width :=
        Nat.pow_le_pow_right (by decide) (by have := fits.height; omega)
      rw [lane_pack (fun l _ => by have := small (column layout.words n l); rw [cast]; rw [Nat.pow_succ] at lt; omega) here,
        back] at dominant
      have sum : (vecSum fun j : Fin n => abs (left layout n matrix factor i j)) =
          (total n fun j => (left layout n matrix factor i j).natAbs : Nat) := by
        rw [total_eq_integerSum, integerSum_eq_vecSum]
        congr; funext j
        rw [abs]; split <;> omega
      have dominant : 1 + ((total n fun j => (left layout n matrix factor i j).natAbs) + 2 <<< layout.height n) ≤
        2 * (left layout n matrix factor i i + 2 ^ layout.height n).toNat := dominant
      have := small i
      rw [sum, abs]
      rw [cast, Nat.shiftLeft_eq] at dominant
      split <;> omega

/-! A certificate of the matrix with the rows 2, −1 and −1, 0.75, and some that are none: the kernel evaluates each. -/

section Pins

private def matrix : Nat := 0x3fe8000000000000bff0000000000000bff00000000000004000000000000000
private def factor : Nat := 0x3fd7657eeeb6b89e0000000000000000bfe7fad32daa20f73ff559eff1fefe96
private def layout : Layout := ⟨2, ⟨1021, 1025⟩, ⟨1020, 1024⟩⟩

example : check matrix factor 2 layout = true := by decide +kernel
example : PosDef (valueMatrix (frameMatrix matrix 2 2)) :=
  (check_sound (factor := factor) (layout := layout) (by decide +kernel)).posDef
-- Not symmetric; not positive definite; the factor transposed; of another size; not finite; not a range of it; too narrow.
example : check (matrix + 2 ^ 64) factor 2 layout = false := by decide +kernel
example : check (matrix - 2 ^ 246) factor 2 layout = false := by decide +kernel
example : check matrix 0x3fd7657eeeb6b89ebfe7fad32daa20f700000000000000003ff559eff1fefe96 2 layout = false := by
  decide +kernel
example : check matrix factor 3 layout = false := by decide +kernel
example : check (matrix + 0x3ff0000000000000) factor 2 layout = false := by decide +kernel
example : check matrix factor 2 { layout with matrix := ⟨1022, 1025⟩ } = false := by decide +kernel
example : check matrix factor 2 { layout with factor := ⟨1020, 1023⟩ } = false := by decide +kernel
example : check matrix factor 2 { layout with words := 1 } = false := by decide +kernel
example : check matrix factor 2 { layout with words := 0 } = false := by decide +kernel

end Pins

end LeanPythonBridge.Certificate.PositiveDefinite
