module

public import LeanPythonBridge.Certificate.ExactIntegers
public import LeanPythonBridge.Certificate.SumLanes

/-!
# The certificate of an assignment

Each row of a square matrix of costs is assigned a column of its own. The certificate is a price for each row and column,
the dual of the linear program of the assignment: when no price of a row and a column is together more than the cost where
they meet, every assignment costs at least the sum of all prices, for it takes each of them once. So an assignment that
costs that sum and a gap is within the gap of the cheapest one.

Costs and prices are turned into integers of one unit, a row at a time (`rowLanes`).
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.Assignment

open Float64

/-! ## The checker -/

/-- How to compute with the frames. Nothing of it need be believed. -/
structure Layout where
  /-- How many words of 64 bits a lane has. -/
  words : Nat
  /-- Where the exponents of costs and prices lie. -/
  range : Range

/-- The frames, of `n` rows and columns. -/
structure Frames where
  /-- The costs, in C order. -/
  cost : Nat
  /-- The column that each row is assigned. -/
  columns : Nat
  /-- The row that each column is assigned to. -/
  rows : Nat
  /-- The prices of the rows. -/
  rowPrices : Nat
  /-- The prices of the columns. -/
  columnPrices : Nat

/-- What stands in the lane of column `j`. -/
def laneOf (layout : Layout) (n row j : Nat) : Nat := lane (Nat.mul 64 layout.words) row (position layout.words n j)

/-- A row of a frame of `n` columns, in lanes. -/
def lanes (layout : Layout) (n frame i : Nat) : Nat := rowLanes layout.range layout.words n frame i

/-- The test that one list of indices undoes the other. -/
def undoes (n x y : Nat) : Bool :=
  allBelow (fun i => Nat.blt (cut 64 x i) n && Nat.beq (cut 64 y (cut 64 x i)) i) n

/-- The test that no two prices of a row and a column exceed a cost in the row. -/
def isDear (layout : Layout) (n row columnPrices price : Nat) : Bool :=
  allBelow (fun j => Nat.ble (Nat.add (laneOf layout n columnPrices j) price)
    (Nat.add (laneOf layout n row j) layout.range.offset)) n

/-- The test of all rows. -/
def areDear (layout : Layout) (n cost rowPrices columnPrices : Nat) : Bool :=
  allBelow (fun i => withValue (lanes layout n cost i) fun row => withValue (laneOf layout n rowPrices i) fun price =>
    isDear layout n row columnPrices price) n

/-- The costs of an assignment together, each with its offset. -/
def totalCost (layout : Layout) (n cost columns : Nat) : Nat :=
  fold (fun i sum => Nat.add sum (laneOf layout n (lanes layout n cost i) (cut 64 columns i))) 0 n

/-- The prices together, each with its offset. -/
def totalPrice (layout : Layout) (n prices : Nat) : Nat :=
  fold (fun i sum => Nat.add sum (laneOf layout n prices i)) 0 n

/-- The test that the gap is what the costs are more than the prices. -/
def covers (layout : Layout) (n cost columns rowPrices columnPrices gap : Nat) : Bool :=
  Nat.ble (Nat.shiftLeft (Nat.sub (Nat.add (totalCost layout n cost columns) (Nat.mul n layout.range.offset))
    (Nat.add (totalPrice layout n rowPrices) (totalPrice layout n columnPrices))) layout.range.low) (scaledMagnitude gap)

/-- The test of a certificate. -/
def check (layout : Layout) (n : Nat) (f : Frames) (gap : Nat) : Bool :=
  Nat.blt gap infinity && Nat.ble 1 layout.words && Nat.ble (Nat.add layout.range.bits 1) (Nat.mul 64 layout.words) &&
    layout.range.checkFrame (Nat.mul n n) f.cost && layout.range.checkFrame (Nat.mul 1 n) f.rowPrices &&
    layout.range.checkFrame (Nat.mul 1 n) f.columnPrices && undoes n f.columns f.rows && undoes n f.rows f.columns &&
    withValue (lanes layout n f.rowPrices 0) fun rowPrices => withValue (lanes layout n f.columnPrices 0) fun columnPrices =>
      areDear layout n f.cost rowPrices columnPrices && covers layout n f.cost f.columns rowPrices columnPrices gap

/-! ## What it proves -/

/-- What the certificate proves of the rational values of the doubles. -/
structure Certified {n : Nat} (C : Matrix n n Nat) (columns : Vec n Nat) (gap : Nat) : Prop where
  /-- Every cost is finite. -/
  finite : ∀ i, Finite (C i)
  /-- Each row has a column of its own, and no assignment is cheaper by more than the gap. -/
  optimal : ∃ σ τ : Fin n → Fin n, IsPermutation σ τ ∧ (∀ i, columns i = σ i) ∧
    ∀ σ' τ' : Fin n → Fin n, IsPermutation σ' τ' →
      (vecSum fun i => valueMatrix C i (σ i)) ≤ (vecSum fun i => valueMatrix C i (σ' i)) + toRat gap

/-- Prices of which no two exceed a cost say what every assignment costs at least. -/
theorem sum_prices_le {n : Nat} {C : Matrix n n Rat} {u v : Vec n Rat} (dear : ∀ i j, u i + v j ≤ C i j)
    {σ τ : Fin n → Fin n} (h : IsPermutation σ τ) : vecSum u + vecSum v ≤ vecSum fun i => C i (σ i) := by
  rw [← vecSum_permute h v, ← vecSum_add]
  exact vecSum_mono fun i => dear i (σ i)

variable {layout : Layout} {n : Nat} {f : Frames} {gap : Nat}

/-- What a lane holds. -/
private theorem laneOf_lanes {x rows i j : Nat} (hm : 1 ≤ layout.words) (hb : layout.range.bits < 64 * layout.words)
    (h : layout.range.checkFrame (rows * n) x = true) (hi : i < rows) (hj : j < n) :
    laneOf layout n (lanes layout n x i) j = code layout.range (64 * layout.words) (element x (i * n + j)) := by
  obtain ⟨hr, -⟩ := Range.checkFrame_holds h
  obtain ⟨here, back⟩ := column_position hm hj
  have wide : 2 ^ (layout.range.bits + 1) ≤ 2 ^ (64 * layout.words) := Nat.pow_le_pow_right (by decide) hb
  rw [lanes, rowLanes_eq hm hb h hi]
  show lane (64 * layout.words) _ _ = _
  rw [lane_pack (fun l _ => Nat.lt_of_lt_of_le (code_lt hb hr (rowElement_holds h hi).1 (rowElement_holds h hi).2) wide) here,
    back, rowElement, if_pos hj]

private theorem fold_eq_total (g : Nat → Nat) (count : Nat) : fold (fun i sum => Nat.add sum (g i)) 0 count = total count g := by
  induction count with
  | zero => rfl
  | succ k ih => show fold _ 0 k + g k = _; rw [ih, total]

private theorem total_code (g : Nat → Nat) : ((total n fun i => code layout.range (64 * layout.words) (g i) : Nat) : Int) =
    (n * layout.range.offset : Nat) + integerSum n fun i => decode layout.range (64 * layout.words) (g i) := by
  induction n with
  | zero => simp [total, integerSum]
  | succ n ih => rw [total, integerSum, Int.natCast_add, ih, code_eq_decode]; push_cast; grind

private theorem undoes_iff {x y : Nat} (h : undoes n x y = true) (i : Fin n) :
    element x i < n ∧ element y (element x i) = i := by
  have both := allBelow_iff.1 h i i.isLt
  rw [Bool.and_eq_true, cut_eq_element, cut_eq_element] at both
  exact ⟨Nat.le_of_ble_eq_true both.1, Nat.eq_of_beq_eq_true both.2⟩

/-- An assignment whose certificate the test accepts is nearly the cheapest one. -/
theorem check_sound (h : check layout n f gap = true) : Certified (frameMatrix f.cost n n) (frameVec f.columns n) gap := by
  simp only [check, withValue_eq, Bool.and_eq_true] at h
  obtain ⟨⟨⟨⟨⟨⟨⟨⟨finite, words⟩, bits⟩, hC⟩, hu⟩, hv⟩, forth⟩, back⟩, dear, gapLe⟩ := h
  have finite : gap < infinity := Nat.le_of_ble_eq_true finite
  have words : 1 ≤ layout.words := Nat.le_of_ble_eq_true words
  have bits : layout.range.bits < 64 * layout.words := Nat.le_of_ble_eq_true bits
  have hr := (Range.checkFrame_holds hC).1
  have holds : ∀ {rows x : Nat}, layout.range.checkFrame (Nat.mul rows n) x = true → ∀ {i j : Nat}, i < rows → j < n →
      scaled (element x (i * n + j)) = decode layout.range (64 * layout.words) (element x (i * n + j)) * 2 ^ layout.range.low := by
    intro rows x hx i j hi hj
    have both := rowElement_holds (j := j) hx hi
    rw [rowElement, if_pos hj] at both
    exact (decode_mul bits hr both.1 both.2).symm
  let σ : Fin n → Fin n := fun i => ⟨element f.columns i, (undoes_iff forth i).1⟩
  let τ : Fin n → Fin n := fun j => ⟨element f.rows j, (undoes_iff back j).1⟩
  have permutation : IsPermutation σ τ :=
    ⟨fun i => Fin.ext (undoes_iff forth i).2, fun j => Fin.ext (undoes_iff back j).2⟩
  have single : ∀ {x : Nat}, layout.range.checkFrame (Nat.mul 1 n) x = true → ∀ {j : Nat}, j < n →
      laneOf layout n (lanes layout n x 0) j = code layout.range (64 * layout.words) (element x j) := by
    intro x hx j hj
    have e := laneOf_lanes words bits hx (i := 0) (by decide) hj
    rwa [Nat.zero_mul, Nat.zero_add] at e
  have price : ∀ {x : Nat}, layout.range.checkFrame (Nat.mul 1 n) x = true → ∀ {j : Nat}, j < n →
      scaled (element x j) = decode layout.range (64 * layout.words) (element x j) * 2 ^ layout.range.low := by
    intro x hx j hj
    have e := holds hx (i := 0) (by decide) hj
    rwa [Nat.zero_mul, Nat.zero_add] at e
  have unit : (0 : Int) ≤ 2 ^ layout.range.low := Int.le_of_lt (Int.pow_pos (by decide))
  have prices : ∀ i j : Fin n, toRat (element f.rowPrices i) + toRat (element f.columnPrices j) ≤
      toRat (element f.cost (i * n + j)) := fun i j => by
    have row := allBelow_iff.1 dear i i.isLt
    simp only [withValue_eq] at row
    have le : laneOf layout n (lanes layout n f.columnPrices 0) j + laneOf layout n (lanes layout n f.rowPrices 0) i ≤
      laneOf layout n (lanes layout n f.cost i) j + layout.range.offset :=
      Nat.le_of_ble_eq_true (allBelow_iff.1 row j j.isLt)
    rw [single hv j.isLt, single hu i.isLt, laneOf_lanes words bits hC i.isLt j.isLt] at le
    have le := Int.ofNat_le.2 le
    simp only [Int.natCast_add, code_eq_decode] at le
    simp only [toRat_eq_ofScaled]
    rw [← ofScaled_add, ofScaled_le, price hu i.isLt, price hv j.isLt, holds hC i.isLt j.isLt, ← Int.add_mul]
    exact Int.mul_le_mul_of_nonneg_right (by omega) unit
  have covered : (vecSum fun i : Fin n => toRat (element f.cost (i * n + element f.columns i))) ≤
      (vecSum fun i : Fin n => toRat (element f.rowPrices i)) + (vecSum fun i : Fin n => toRat (element f.columnPrices i)) +
        toRat gap := by
    have le : (totalCost layout n f.cost f.columns + n * layout.range.offset - (totalPrice layout n
      (lanes layout n f.rowPrices 0) + totalPrice layout n (lanes layout n f.columnPrices 0))) <<< layout.range.low ≤
        scaledMagnitude gap := Nat.le_of_ble_eq_true gapLe
    rw [totalCost, totalPrice, totalPrice, fold_eq_total, fold_eq_total, fold_eq_total,
      total_congr (g := fun i => code layout.range (64 * layout.words) (element f.cost (i * n + element f.columns i)))
        fun i hi => by
          rw [cut_eq_element, laneOf_lanes words bits hC hi (undoes_iff forth ⟨i, hi⟩).1],
      total_congr fun i hi => single hu hi, total_congr fun i hi => single hv hi, Nat.shiftLeft_eq] at le
    have cost := total_code (layout := layout) (n := n) fun i => element f.cost (i * n + element f.columns i)
    have row := total_code (layout := layout) (n := n) (element f.rowPrices)
    have column := total_code (layout := layout) (n := n) (element f.columnPrices)
    have sums : ∀ g : Nat → Nat, (vecSum fun i : Fin n =>
        ofScaled (decode layout.range (64 * layout.words) (g i) * 2 ^ layout.range.low)) =
          ofScaled ((integerSum n fun i => decode layout.range (64 * layout.words) (g i)) * 2 ^ layout.range.low) :=
      fun g => (vecSum_ofScaled fun i => decode layout.range (64 * layout.words) (g i) * 2 ^ layout.range.low).trans
        (congrArg ofScaled (integerSum_mul ..))
    have costs : (vecSum fun i : Fin n => toRat (element f.cost (i * n + element f.columns i))) = _ :=
      (congrArg vecSum (funext fun i : Fin n => congrArg ofScaled (holds hC i.isLt (undoes_iff forth i).1))).trans
        (sums fun i => element f.cost (i * n + element f.columns i))
    have rowSum : (vecSum fun i : Fin n => toRat (element f.rowPrices i)) = _ :=
      (congrArg vecSum (funext fun i : Fin n => congrArg ofScaled (price hu i.isLt))).trans
        (sums (element f.rowPrices))
    have columnSum : (vecSum fun i : Fin n => toRat (element f.columnPrices i)) = _ :=
      (congrArg vecSum (funext fun i : Fin n => congrArg ofScaled (price hv i.isLt))).trans
        (sums (element f.columnPrices))
    rw [costs, rowSum, columnSum, toRat_eq_ofScaled, scaled_of_lt finite, ← ofScaled_add, ← ofScaled_add, ofScaled_le,
      ← Int.add_mul]
    have le := Int.ofNat_le.2 le
    rw [Int.natCast_mul, show ((2 ^ layout.range.low : Nat) : Int) = 2 ^ layout.range.low by push_cast; rfl] at le
    generalize (integerSum n fun i => decode layout.range (64 * layout.words)
      (element f.cost (i * n + element f.columns i))) = c at *
    generalize (integerSum n fun i => decode layout.range (64 * layout.words) (element f.rowPrices i)) = u at *
    generalize (integerSum n fun i => decode layout.range (64 * layout.words) (element f.columnPrices i)) = v at *
    generalize n * layout.range.offset = offset at *
    generalize total n _ = c', total n _ = u', total n _ = v' at *
    have more := Int.mul_le_mul_of_nonneg_right (a := c - (u + v)) (b := ((c' + offset - (u' + v') : Nat) : Int)) (by omega) unit
    have := Int.le_trans more le
    rw [Int.sub_mul] at this
    omega
  refine ⟨fun i j => ?_, σ, τ, permutation, fun _ => rfl, fun σ' τ' other => ?_⟩
  · have both := rowElement_holds (j := j) hC i.isLt
    rw [rowElement, if_pos j.isLt] at both
    exact Range.isFinite_of_holds hr both.1
  · have least := sum_prices_le (C := valueMatrix (frameMatrix f.cost n n)) (u := valueVec (frameVec f.rowPrices n))
      (v := valueVec (frameVec f.columnPrices n)) prices other
    exact Rat.le_trans covered (Rat.add_le_add_right.2 least)

end LeanPythonBridge.Certificate.Assignment
