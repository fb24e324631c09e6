module

public import LeanPythonBridge.Certificate.Enclosure
public import LeanPythonBridge.Certificate.Solve

/-!
# The contraction of a linear solve

The lanes of a row of `I - R A` (`contractionRow_eq`), and what the test of them says of the exact rational values
(`contracts_sound`).
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.Solve

open Float64

variable {layout : Layout} {n matrix inverse contraction : Nat}

/-- No lane overflows where `R A` is computed: what the test of the layout finds. -/
structure Fits (layout : Layout) (n : Nat) : Prop where
  /-- A lane has words. -/
  words : 0 < layout.words
  /-- 1 is a whole number in the unit of `R A`. -/
  one : layout.inverse.low + layout.matrix.low + layout.one = 2148
  /-- `I - R A` has room for its offset and for the sum of a row. -/
  height : layout.height n + 3 + (laneCount layout.words n).log2 = layout.width
  /-- The integers of the matrix fit. -/
  matrix : layout.matrix.bits < layout.width
  /-- The integers of the inverse fit. -/
  inverse : layout.inverse.bits < layout.width
  /-- The sum of a row of the inverse fits. -/
  sum : (laneCount layout.words n + 1) * 2 ^ (layout.inverse.bits + 1) ≤ 2 ^ (layout.width - 1)
  /-- `I - R A` fits below its offset. -/
  room : 1 + 2 ^ layout.one + n * 2 ^ (layout.inverse.bits + layout.matrix.bits) ≤ 2 ^ layout.height n

theorem Fits.of_check (h : layout.checkProduct n = true) : Fits layout n := by
  simp only [Layout.checkProduct, Bool.and_eq_true, Nat.ble_eq] at h
  obtain ⟨⟨⟨⟨⟨⟨words, one⟩, log⟩, matrix⟩, inverse⟩, sum⟩, room⟩ := h
  have sum : (laneCount layout.words n + 1) * 1 <<< (layout.inverse.bits + 1) ≤ 1 <<< (layout.width - 1) := sum
  have room : 1 + (1 <<< layout.one + n * 1 <<< (layout.inverse.bits + layout.matrix.bits)) ≤ 1 <<< layout.height n := room
  simp only [Nat.one_shiftLeft] at sum room
  have one : layout.inverse.low + layout.matrix.low ≤ 2148 := one
  have e : layout.one = 2148 - (layout.inverse.low + layout.matrix.low) := rfl
  have height : layout.height n = layout.width - 3 - (laneCount layout.words n).log2 := rfl
  have log : 3 + (laneCount layout.words n).log2 ≤ layout.width := log
  exact ⟨words, by omega, by omega, matrix, inverse, sum, by rw [Nat.add_assoc]; exact room⟩

/-- The integer of an entry of the matrix. -/
def matrixEntry (layout : Layout) (n matrix i j : Nat) : Int :=
  decode layout.matrix layout.width (rowElement n matrix i j)

/-- The integer of an entry of the inverse. -/
def inverseEntry (layout : Layout) (n inverse i j : Nat) : Int :=
  decode layout.inverse layout.width (rowElement n inverse i j)

/-- An entry of `I - R A`, in its unit. -/
def gap (layout : Layout) (n inverse matrix i j : Nat) : Int :=
  (if j = i then 2 ^ layout.one else 0) -
    integerSum n fun k => inverseEntry layout n inverse i k * matrixEntry layout n matrix k j

section Rows

variable (fits : Fits layout n) (hA : layout.matrix.checkFrame (n * n) matrix = true)
  (hR : layout.inverse.checkFrame (n * n) inverse = true)

include fits hA hR

private theorem natAbs_gap_lt {i : Nat} (hi : i < n) (j : Nat) :
    (gap layout n inverse matrix i j).natAbs < 2 ^ layout.height n := by
  have a : ∀ k < n, (matrixEntry layout n matrix k j).natAbs ≤ 2 ^ layout.matrix.bits := fun k hk =>
    Nat.le_of_lt (natAbs_decode_lt fits.matrix (Range.checkFrame_holds hA).1
      (rowElement_holds (i := k) hA hk).1 (rowElement_holds (i := k) hA hk).2)
  have r : ∀ k < n, (inverseEntry layout n inverse i k).natAbs ≤ 2 ^ layout.inverse.bits := fun k _ =>
    Nat.le_of_lt (natAbs_decode_lt fits.inverse (Range.checkFrame_holds hR).1
      (rowElement_holds (j := k) hR hi).1 (rowElement_holds (j := k) hR hi).2)
  have product := natAbs_integerSum_mul_le r a
  rw [← Nat.pow_add] at product
  have room := fits.room
  have cast := two_pow_cast layout.one
  have pos := Nat.two_pow_pos layout.one
  rw [gap]
  split <;> omega

omit hR in
private theorem gap_zero {i j : Nat} (hi : i < n) (hj : n ≤ j) : gap layout n inverse matrix i j = 0 := by
  have zero : ∀ k, matrixEntry layout n matrix k j = 0 := fun k => by
    rw [matrixEntry, rowElement, if_neg (by omega), decode_zero fits.matrix (Range.checkFrame_holds hA).1]
  rw [gap, if_neg (by omega)]
  simp only [zero, Int.mul_zero]
  rw [integerSum_congr (g := fun _ => 0 * 0) fun _ _ => by simp, integerSum_mul]
  simp

/-- The lanes of a row of `I - R A`. -/
theorem contractionRow_eq {i : Nat} (hi : i < n) :
    contractionRow layout n inverse (tabulate (rowLanes layout.matrix layout.words n matrix) n 0)
        (combine (fun _ _ => 1) (tabulate (rowLanes layout.matrix layout.words n matrix) n 0) n 0) i =
      pack layout.width (laneCount layout.words n) fun l =>
        (gap layout n inverse matrix i (column layout.words n l) + 2 ^ layout.height n).toNat := by
  have hw : layout.width = 64 * layout.words := rfl
  have words := fits.words
  have more := le_laneCount words n
  have rowA : ∀ k < n, rowLanes layout.matrix layout.words n matrix k = pack layout.width (laneCount layout.words n)
      fun l => code layout.matrix layout.width (rowElement n matrix k (column layout.words n l)) := fun k hk =>
    rowLanes_eq words fits.matrix hA hk
  have rowR : rowLanes layout.inverse layout.words n inverse i = pack layout.width (laneCount layout.words n)
      fun l => code layout.inverse layout.width (rowElement n inverse i (column layout.words n l)) :=
    rowLanes_eq words fits.inverse hR hi
  have codeR : ∀ j, code layout.inverse layout.width (rowElement n inverse i j) < 2 ^ (layout.inverse.bits + 1) :=
    fun j => code_lt fits.inverse (Range.checkFrame_holds hR).1 (rowElement_holds hR hi).1 (rowElement_holds hR hi).2
  have wide : 2 ^ (layout.inverse.bits + 1) ≤ 2 ^ layout.width := Nat.pow_le_pow_right (by decide) fits.inverse
  have sum : combine (fun _ _ => 1) (tabulate (rowLanes layout.matrix layout.words n matrix) n 0) n 0 =
      pack layout.width (laneCount layout.words n) fun l => total n fun k =>
        code layout.matrix layout.width (rowElement n matrix k (column layout.words n l)) := by
    rw [combine_tabulate (w := layout.width) (n := laneCount layout.words n)
      (g := fun k l => code layout.matrix layout.width (rowElement n matrix k (column layout.words n l)))
      _ 0 (Nat.le_refl n) fun k hk => by rw [Nat.zero_add]; exact rowA k hk]
    exact pack_congr fun l _ => total_congr fun k _ => by rw [Nat.zero_add, Nat.one_mul]
  have product : combine (laneAt layout.words n (rowLanes layout.inverse layout.words n inverse i))
      (tabulate (rowLanes layout.matrix layout.words n matrix) n 0) n 0 =
        pack layout.width (laneCount layout.words n) fun l => total n fun k =>
          code layout.inverse layout.width (rowElement n inverse i k) *
            code layout.matrix layout.width (rowElement n matrix k (column layout.words n l)) := by
    rw [combine_tabulate (w := layout.width) (n := laneCount layout.words n)
      (g := fun k l => code layout.matrix layout.width (rowElement n matrix k (column layout.words n l)))
      _ 0 (Nat.le_refl n) fun k hk => by rw [Nat.zero_add]; exact rowA k hk]
    refine pack_congr fun l _ => total_congr fun k hk => ?_
    rw [Nat.zero_add]
    congr 1
    obtain ⟨here, back⟩ := column_position words hk
    show lane layout.width (rowLanes layout.inverse layout.words n inverse i) (position layout.words n k) = _
    rw [rowR, lane_pack (fun l _ => Nat.lt_of_lt_of_le (codeR _) wide) here, back]
  have rowSum : laneSum layout.width (rowLanes layout.inverse layout.words n inverse i) =
      total (laneCount layout.words n) fun j => code layout.inverse layout.width (rowElement n inverse i j) := by
    rw [rowR, laneSum_pack, total_column layout.words n fun j => code layout.inverse layout.width (rowElement n inverse i j)]
    refine Nat.lt_of_le_of_lt (total_le fun l _ => Nat.le_of_lt (codeR _)) ?_
    have := fits.sum
    rw [Nat.succ_mul] at this
    have e : 2 ^ layout.width = 2 * 2 ^ (layout.width - 1) := by
      rw [← Nat.pow_succ', show (layout.width - 1).succ = layout.width by omega]
    have := Nat.two_pow_pos (layout.inverse.bits + 1)
    omega
  have unit : Nat.shiftLeft 1 (Nat.add layout.one (Nat.mul layout.width (position layout.words n i))) =
      pack layout.width (laneCount layout.words n) fun l => if column layout.words n l = i then 2 ^ layout.one else 0 := by
    obtain ⟨here, back⟩ := column_position words hi
    obtain ⟨rest, hrest⟩ : ∃ rest, laneCount layout.words n = position layout.words n i + (1 + rest) :=
      ⟨laneCount layout.words n - position layout.words n i - 1, by omega⟩
    have only : ∀ l < laneCount layout.words n, (if column layout.words n l = i then 2 ^ layout.one else 0) =
        if l = position layout.words n i then 2 ^ layout.one else 0 := fun l hl => by
      by_cases e : column layout.words n l = i
      · rw [if_pos e, if_pos (by rw [← e, position_column hl])]
      · rw [if_neg e, if_neg fun h => e (by rw [h, back])]
    rw [pack_congr only, hrest, pack_append, pack_append, pack_congr (g := fun _ => 0) fun l hl => if_neg (by omega),
      pack_zero, pack_congr (n := rest) (g := fun _ => 0) fun l hl => if_neg (by omega), pack_zero]
    show 1 <<< (layout.one + layout.width * position layout.words n i) = _
    simp only [pack, Nat.add_zero, if_pos, Nat.mul_zero, Nat.pow_zero, Nat.mul_one, Nat.zero_add, Nat.zero_mul,
      Nat.one_shiftLeft, Nat.pow_add]
  show difference (ones layout.width (laneCount layout.words n)) _ _ _ _ (1 <<< layout.height n +
    layout.matrix.offset * laneSum layout.width (rowLanes layout.inverse layout.words n inverse i))
    (laneCount layout.words n * (layout.inverse.offset * layout.matrix.offset)) 1 = _
  rw [unit, sum, product, rowSum, difference_pack (by omega) fun l _ => ?_]
  generalize column layout.words n l = j
  have offset := total_offset (n := n)
    (x := fun k => code layout.inverse layout.width (rowElement n inverse i k))
    (y := fun k => code layout.matrix layout.width (rowElement n matrix k j))
    (fun k _ => code_eq_decode ..) (fun k _ => code_eq_decode ..)
  -- The lanes behind the last column hold the offset alone.
  have behind : ∀ lanes, n ≤ lanes → (total lanes fun k => code layout.inverse layout.width (rowElement n inverse i k)) +
      n * layout.inverse.offset = (total n fun k => code layout.inverse layout.width (rowElement n inverse i k)) +
        lanes * layout.inverse.offset := by
    intro lanes le
    induction lanes with
    | zero => rw [Nat.le_zero.1 le]
    | succ lanes ih =>
      rcases Nat.lt_or_eq_of_le le with lt | e
      · have zero : code layout.inverse layout.width (rowElement n inverse i lanes) = layout.inverse.offset := by
          have := code_eq_decode layout.inverse layout.width 0
          rw [decode_zero fits.inverse (Range.checkFrame_holds hR).1] at this
          rw [rowElement, if_neg (by omega)]
          omega
        rw [total, zero, Nat.succ_mul]
        have := ih (by omega)
        omega
      · rw [← e]
  have behind := behind _ more
  have small := natAbs_gap_lt fits hA hR hi j
  rw [Nat.one_shiftLeft]
  rw [gap] at small ⊢
  simp only [inverseEntry, matrixEntry] at *
  generalize (total n fun k => code layout.inverse layout.width (rowElement n inverse i k) *
    code layout.matrix layout.width (rowElement n matrix k j)) = g at *
  generalize (total n fun k => code layout.inverse layout.width (rowElement n inverse i k)) = t at *
  generalize (total (laneCount layout.words n) fun k => code layout.inverse layout.width (rowElement n inverse i k)) = tl at *
  generalize (total n fun k => code layout.matrix layout.width (rowElement n matrix k j)) = s at *
  generalize (integerSum n fun k => decode layout.inverse layout.width (rowElement n inverse i k) *
    decode layout.matrix layout.width (rowElement n matrix k j)) = z at *
  generalize laneCount layout.words n = lanes at *
  have one : ∀ k : Nat, (if j = i then (2 : Int) ^ k else 0) = ((if j = i then 2 ^ k else 0 : Nat) : Int) := fun k => by
    split
    · exact (two_pow_cast k).symm
    · rfl
  rw [one, ← two_pow_cast] at *
  generalize (if j = i then 2 ^ layout.one else 0) = d at *
  generalize 2 ^ layout.height n = c at *
  generalize layout.matrix.offset = oa at *
  generalize layout.inverse.offset = oi at *
  have nonneg := Int.toNat_of_nonneg (a := (d : Int) - z + (c : Int)) (by omega)
  refine Int.ofNat.inj ?_
  show ((_ : Nat) : Int) = ((_ : Nat) : Int)
  have behind : ((tl + n * oi : Nat) : Int) = (t + lanes * oi : Nat) := congrArg _ behind
  simp only [Int.natCast_add, Int.natCast_mul, nonneg] at *
  grind

/-- The sum of the absolute values of a row of `I - R A`, over its columns. -/
theorem absoluteSum_contractionRow {i : Nat} (hi : i < n) :
    absoluteSum layout.width (laneCount layout.words n) (layout.height n)
      (pack layout.width (laneCount layout.words n) fun l =>
        (gap layout n inverse matrix i (column layout.words n l) + 2 ^ layout.height n).toNat) =
      total n fun j => (gap layout n inverse matrix i j).natAbs := by
  have small := fun j => natAbs_gap_lt fits hA hR hi j
  have lanes := lanes_fit fits.height
  rw [absoluteSum_pack (fun l _ => ?_) lanes.1 lanes.2]
  · have back : ∀ l, ((gap layout n inverse matrix i (column layout.words n l) + 2 ^ layout.height n).toNat -
        2 ^ layout.height n) + (2 ^ layout.height n -
          (gap layout n inverse matrix i (column layout.words n l) + 2 ^ layout.height n).toNat) =
        (gap layout n inverse matrix i (column layout.words n l)).natAbs := fun l => by
      have := small (column layout.words n l)
      rw [← two_pow_cast]; omega
    simp only [back]
    exact total_laneCount (f := fun j => (gap layout n inverse matrix i j).natAbs) fits.words
      fun j hj => by show (gap layout n inverse matrix i j).natAbs = 0; rw [gap_zero fits hA hi hj]; rfl
  · have := small (column layout.words n l)
    rw [← two_pow_cast, Nat.pow_succ]; omega

omit hR in
private theorem scaled_matrix (i j : Fin n) : scaled (frameMatrix matrix n n i j) =
    matrixEntry layout n matrix i j * 2 ^ layout.matrix.low := by
  have e : rowElement n matrix i j = frameMatrix matrix n n i j := if_pos j.isLt
  have holds := rowElement_holds (j := j) hA i.isLt
  rw [matrixEntry, decode_mul fits.matrix (Range.checkFrame_holds hA).1 holds.1 holds.2, e]

omit hA in
private theorem scaled_inverse (i j : Fin n) : scaled (frameMatrix inverse n n i j) =
    inverseEntry layout n inverse i j * 2 ^ layout.inverse.low := by
  have e : rowElement n inverse i j = frameMatrix inverse n n i j := if_pos j.isLt
  have holds := rowElement_holds (j := j) hR i.isLt
  rw [inverseEntry, decode_mul fits.inverse (Range.checkFrame_holds hR).1 holds.1 holds.2, e]

/-- `I - R A`, as the exact rational values. -/
theorem defect_eq (i j : Fin n) :
    defect (valueMatrix (frameMatrix inverse n n)) (valueMatrix (frameMatrix matrix n n)) i j =
      ofScaledSquare (gap layout n inverse matrix i j * 2 ^ (layout.inverse.low + layout.matrix.low)) := by
  have product : ((valueMatrix (frameMatrix inverse n n)).mul (valueMatrix (frameMatrix matrix n n))) i j =
      ofScaledSquare ((integerSum n fun k => inverseEntry layout n inverse i k * matrixEntry layout n matrix k j) *
        2 ^ (layout.inverse.low + layout.matrix.low)) := by
    rw [integerSum_eq_vecSum, ← vecSum_mul_right, ← vecSum_ofScaledSquare]
    show vecSum (fun k => toRat (frameMatrix inverse n n i k) * toRat (frameMatrix matrix n n k j)) = _
    congr; funext k
    rw [toRat_eq_ofScaled, toRat_eq_ofScaled, ofScaled_mul_ofScaled, scaled_inverse fits hR, scaled_matrix fits hA,
      Int.pow_add]
    congr 1
    grind
  have one : (1 : Rat) = ofScaledSquare (2 ^ layout.one * 2 ^ (layout.inverse.low + layout.matrix.low)) := by
    rw [← Int.pow_add, Nat.add_comm, fits.one]
    exact one_eq_ofScaledSquare
  rw [defect, product, gap, Int.sub_mul, ofScaledSquare_sub]
  congr 1
  by_cases e : j = i
  · rw [if_pos e, if_pos (congrArg Fin.val e), ← one]
  · rw [if_neg e, if_neg fun h => e (Fin.ext h), Int.zero_mul, ofScaledSquare_zero]

/-- What the test of the contraction says: the rows of `I - R A` have absolute values with a sum of at most that. -/
theorem contracts_sound (lt : contraction < infinity)
    (h : contracts layout n inverse contraction (tabulate (rowLanes layout.matrix layout.words n matrix) n 0) = true)
    (i : Fin n) : (vecSum fun j => abs (defect (valueMatrix (frameMatrix inverse n n))
      (valueMatrix (frameMatrix matrix n n)) i j)) ≤ toRat contraction := by
  simp only [contracts, allBelow_iff] at h
  have row := Nat.le_of_ble_eq_true (h i i.isLt)
  rw [contractionRow_eq fits hA hR i.isLt, absoluteSum_contractionRow fits hA hR i.isLt] at row
  have sum : (vecSum fun j : Fin n => abs (defect (valueMatrix (frameMatrix inverse n n))
      (valueMatrix (frameMatrix matrix n n)) i j)) =
        ofScaledSquare ((total n fun j => (gap layout n inverse matrix i j).natAbs : Nat) *
          2 ^ (layout.inverse.low + layout.matrix.low)) := by
    rw [total_eq_integerSum, integerSum_eq_vecSum, ← vecSum_mul_right, ← vecSum_ofScaledSquare]
    congr; funext j
    rw [defect_eq fits hA hR, abs_ofScaledSquare, abs_eq_natAbs, natAbs_mul_two_pow, Int.natCast_mul, two_pow_cast]
  rw [sum, toRat_eq_ofScaled, scaled_of_lt lt, ← ofScaledSquare_mul_scale, ofScaledSquare_le]
  have row : (total n fun j => (gap layout n inverse matrix i j).natAbs) <<< 1074 ≤
    scaledMagnitude contraction <<< layout.one := row
  rw [← two_pow_cast, ← Int.natCast_mul, ← Int.natCast_mul, Int.ofNat_le]
  exact mul_two_pow_le fits.one row

end Rows
end LeanPythonBridge.Certificate.Solve
