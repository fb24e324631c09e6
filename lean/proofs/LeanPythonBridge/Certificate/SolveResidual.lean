module

public import LeanPythonBridge.Certificate.Solve

/-!
# The residual of a linear solve

The residual `b - A x̂` in lanes (`residuals_eq`), and `R` times it (`correction_eq`), as exact integers.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.Solve

open Float64

variable {layout : Layout} {n matrix right solution inverse : Nat}

/-- No wide lane overflows: what the test of the layout finds. -/
structure FitsWide (layout : Layout) (n : Nat) : Prop where
  /-- A lane has words. -/
  wide : 0 < layout.wide
  /-- The integers of the matrix fit. -/
  matrix : layout.matrix.bits < layout.wideWidth
  /-- The integers of the inverse fit. -/
  inverse : layout.inverse.bits < layout.wideWidth
  /-- The integers of the right-hand side fit. -/
  right : layout.right.bits < layout.wideWidth
  /-- The integers of the solution fit. -/
  solution : layout.solution.bits < layout.wideWidth
  /-- `A x̂` fits. -/
  product : (laneCount layout.wide n + 1) *
    (2 ^ (layout.matrix.bits + 1) * 2 ^ (layout.solution.bits + 1)) ≤ 2 ^ (layout.wideWidth - 1)
  /-- `R (b - A x̂)` fits. -/
  correction : (laneCount layout.wide n + 1) *
    (2 ^ (layout.inverse.bits + 1) * (2 * layout.residualOffset n)) ≤ 2 ^ (layout.wideWidth - 1)

theorem FitsWide.of_check (h : layout.checkResidual n = true) : FitsWide layout n := by
  simp only [Layout.checkResidual, Bool.and_eq_true, Nat.ble_eq] at h
  obtain ⟨⟨⟨⟨⟨⟨wide, matrix⟩, inverse⟩, right⟩, solution⟩, product⟩, correction⟩ := h
  have product : (laneCount layout.wide n + 1) * (1 <<< (layout.matrix.bits + 1) * 1 <<< (layout.solution.bits + 1)) ≤
    1 <<< (layout.wideWidth - 1) := product
  have correction : (laneCount layout.wide n + 1) * (1 <<< (layout.inverse.bits + 1) * (2 * layout.residualOffset n)) ≤
    1 <<< (layout.wideWidth - 1) := correction
  simp only [Nat.one_shiftLeft] at product correction
  exact ⟨wide, matrix, inverse, right, solution, product, correction⟩

/-- An entry of the residual, in its unit; zero where there is no row. -/
def residualEntry (layout : Layout) (n matrix right solution k : Nat) : Int :=
  if k < n then decode layout.right layout.wideWidth (rowElement n right 0 k) * 2 ^ layout.rightShift -
    (integerSum (laneCount layout.wide n) fun j => decode layout.matrix layout.wideWidth (rowElement n matrix k j) *
      decode layout.solution layout.wideWidth (rowElement n solution 0 j)) * 2 ^ layout.productShift
  else 0

private theorem offset_residual (layout : Layout) (n : Nat) : layout.residualOffset n =
    2 ^ (layout.right.bits + layout.rightShift) +
      laneCount layout.wide n * 2 ^ (layout.matrix.bits + layout.solution.bits + layout.productShift) := by
  rw [← Nat.one_shiftLeft, ← Nat.one_shiftLeft]; rfl

/-- A sum of small numbers in lanes is small. -/
private theorem total_lt {count a b w : Nat} {f : Nat → Nat} (hf : ∀ l < count, f l ≤ a) (hb : 1 ≤ b)
    (room : (count + 1) * (a * b) ≤ 2 ^ (w - 1)) (pos : 1 ≤ a) (hw : 0 < w) : total count f < 2 ^ w - 1 := by
  have le := total_le hf
  have ab : a ≤ a * b := Nat.le_mul_of_pos_right _ hb
  have := Nat.mul_le_mul_left (count + 1) ab
  rw [Nat.succ_mul count a] at this
  have e : 2 ^ w = 2 * 2 ^ (w - 1) := by rw [← Nat.pow_succ', show (w - 1).succ = w by omega]
  omega

variable (fits : FitsWide layout n) (hA : layout.matrix.checkFrame (n * n) matrix = true)
  (hb : layout.right.checkFrame (1 * n) right = true) (hx : layout.solution.checkFrame (1 * n) solution = true)
  (hR : layout.inverse.checkFrame (n * n) inverse = true)

include fits

section Residual

include hA hb hx

/-- The residual is less than its offset. -/
theorem natAbs_residualEntry_lt (k : Nat) :
    (residualEntry layout n matrix right solution k).natAbs < layout.residualOffset n := by
  have pos := Nat.two_pow_pos (layout.right.bits + layout.rightShift)
  rw [offset_residual, residualEntry]
  split
  · rename_i hk
    have b := natAbs_decode_lt fits.right (Range.checkFrame_holds hb).1
      (rowElement_holds (i := 0) (j := k) hb (by decide)).1 (rowElement_holds (i := 0) hb (by decide)).2
    have a : ∀ j, (decode layout.matrix layout.wideWidth (rowElement n matrix k j)).natAbs ≤ 2 ^ layout.matrix.bits :=
      fun j => Nat.le_of_lt (natAbs_decode_lt fits.matrix (Range.checkFrame_holds hA).1
        (rowElement_holds hA hk).1 (rowElement_holds hA hk).2)
    have x : ∀ j, (decode layout.solution layout.wideWidth (rowElement n solution 0 j)).natAbs ≤
        2 ^ layout.solution.bits := fun j => Nat.le_of_lt (natAbs_decode_lt fits.solution (Range.checkFrame_holds hx).1
          (rowElement_holds (i := 0) hx (by decide)).1 (rowElement_holds (i := 0) hx (by decide)).2)
    have product := natAbs_integerSum_mul_le (n := laneCount layout.wide n) (fun j _ => a j) fun j _ => x j
    have p₁ := Nat.mul_lt_mul_of_pos_right b (Nat.two_pow_pos layout.rightShift)
    have p₂ := Nat.mul_le_mul_right (2 ^ layout.productShift) product
    rw [← Nat.pow_add, ← natAbs_mul_two_pow] at p₁
    rw [← Nat.pow_add, Nat.mul_assoc, ← Nat.pow_add, ← natAbs_mul_two_pow] at p₂
    omega
  · exact Nat.lt_of_lt_of_le pos (Nat.le_add_right ..)

/-- A row's residual, with its offset. -/
theorem residual_eq {k : Nat} (hk : k < n) :
    residual layout n matrix (rowLanes layout.right layout.wide n right 0)
      (packReversed layout.wideWidth (laneCount layout.wide n)
        (lane layout.wideWidth (rowLanes layout.solution layout.wide n solution 0)))
      (laneSum layout.wideWidth (rowLanes layout.solution layout.wide n solution 0)) k =
        (residualEntry layout n matrix right solution k + layout.residualOffset n).toNat := by
  have wide := fits.wide
  have hw : layout.wideWidth = 64 * layout.wide := rfl
  have lanes : 0 < laneCount layout.wide n := Nat.lt_of_lt_of_le (Nat.zero_lt_of_lt hk) (le_laneCount wide n)
  have fitsIn : ∀ bits, bits < layout.wideWidth → 2 ^ (bits + 1) ≤ 2 ^ layout.wideWidth :=
    fun bits h => Nat.pow_le_pow_right (by decide) h
  have rowA : rowLanes layout.matrix layout.wide n matrix k = pack layout.wideWidth (laneCount layout.wide n)
      fun l => code layout.matrix layout.wideWidth (rowElement n matrix k (column layout.wide n l)) :=
    rowLanes_eq wide fits.matrix hA hk
  have rowB : rowLanes layout.right layout.wide n right 0 = pack layout.wideWidth (laneCount layout.wide n)
      fun l => code layout.right layout.wideWidth (rowElement n right 0 (column layout.wide n l)) :=
    rowLanes_eq wide fits.right hb (by decide)
  have rowX : rowLanes layout.solution layout.wide n solution 0 = pack layout.wideWidth (laneCount layout.wide n)
      fun l => code layout.solution layout.wideWidth (rowElement n solution 0 (column layout.wide n l)) :=
    rowLanes_eq wide fits.solution hx (by decide)
  have codeA : ∀ j, code layout.matrix layout.wideWidth (rowElement n matrix k j) ≤ 2 ^ (layout.matrix.bits + 1) :=
    fun j => Nat.le_of_lt (code_lt fits.matrix (Range.checkFrame_holds hA).1 (rowElement_holds hA hk).1
      (rowElement_holds hA hk).2)
  have codeB : ∀ j, code layout.right layout.wideWidth (rowElement n right 0 j) < 2 ^ (layout.right.bits + 1) :=
    fun j => code_lt fits.right (Range.checkFrame_holds hb).1 (rowElement_holds (i := 0) hb (by decide)).1
      (rowElement_holds (i := 0) hb (by decide)).2
  have codeX : ∀ j, code layout.solution layout.wideWidth (rowElement n solution 0 j) < 2 ^ (layout.solution.bits + 1) :=
    fun j => code_lt fits.solution (Range.checkFrame_holds hx).1 (rowElement_holds (i := 0) hx (by decide)).1
      (rowElement_holds (i := 0) hx (by decide)).2
  have room := fits.product
  have smaller : ∀ a b : Nat, 2 ^ (a + 1) * 2 ^ (b + 1) = 2 ^ (b + 1) * 2 ^ (a + 1) := fun _ _ => Nat.mul_comm ..
  have positive : ∀ k : Nat, 1 ≤ 2 ^ k := fun k => Nat.one_le_two_pow
  have half : 2 ^ layout.wideWidth = 2 * 2 ^ (layout.wideWidth - 1) := by
    rw [← Nat.pow_succ', show (layout.wideWidth - 1).succ = layout.wideWidth by omega]
  have reversed : packReversed layout.wideWidth (laneCount layout.wide n)
      (lane layout.wideWidth (rowLanes layout.solution layout.wide n solution 0)) =
        packReversed layout.wideWidth (laneCount layout.wide n)
          fun l => code layout.solution layout.wideWidth (rowElement n solution 0 (column layout.wide n l)) := by
    refine packReversed_congr fun l hl => ?_
    rw [rowX, lane_pack (fun l _ => Nat.lt_of_lt_of_le (codeX _) (fitsIn _ fits.solution)) hl]
  have sumX : laneSum layout.wideWidth (rowLanes layout.solution layout.wide n solution 0) =
      total (laneCount layout.wide n) fun j => code layout.solution layout.wideWidth (rowElement n solution 0 j) := by
    rw [rowX, laneSum_pack (total_lt (fun l _ => Nat.le_of_lt (codeX _)) (positive (layout.matrix.bits + 1))
      (by rw [smaller]; exact room) (positive _) (by omega)),
      total_column layout.wide n fun j => code layout.solution layout.wideWidth (rowElement n solution 0 j)]
  have sumA : laneSum layout.wideWidth (rowLanes layout.matrix layout.wide n matrix k) =
      total (laneCount layout.wide n) fun j => code layout.matrix layout.wideWidth (rowElement n matrix k j) := by
    rw [rowA, laneSum_pack (total_lt (fun l _ => codeA _) (positive (layout.solution.bits + 1)) room (positive _) (by omega)),
      total_column layout.wide n fun j => code layout.matrix layout.wideWidth (rowElement n matrix k j)]
  have product : dotLanes layout.wideWidth (laneCount layout.wide n) (rowLanes layout.matrix layout.wide n matrix k)
      (packReversed layout.wideWidth (laneCount layout.wide n)
        (lane layout.wideWidth (rowLanes layout.solution layout.wide n solution 0))) =
        total (laneCount layout.wide n) fun j => code layout.matrix layout.wideWidth (rowElement n matrix k j) *
          code layout.solution layout.wideWidth (rowElement n solution 0 j) := by
    rw [reversed, rowA, dotLanes_eq lanes (fun l _ => codeA _) (fun l _ => Nat.le_of_lt (codeX _)) ?_,
      total_column layout.wide n fun j => code layout.matrix layout.wideWidth (rowElement n matrix k j) *
          code layout.solution layout.wideWidth (rowElement n solution 0 j)]
    rw [smaller]
    rw [Nat.succ_mul] at room
    have := Nat.mul_pos (Nat.two_pow_pos (layout.matrix.bits + 1)) (Nat.two_pow_pos (layout.solution.bits + 1))
    omega
  have own : lane layout.wideWidth (rowLanes layout.right layout.wide n right 0) (position layout.wide n k) =
      code layout.right layout.wideWidth (rowElement n right 0 k) := by
    obtain ⟨here, back⟩ := column_position wide hk
    rw [rowB, lane_pack (fun l _ => Nat.lt_of_lt_of_le (codeB _) (fitsIn _ fits.right)) here, back]
  have unfolded : ∀ b reversed total k, residual layout n matrix b reversed total k =
      lane layout.wideWidth b (position layout.wide n k) <<< layout.rightShift +
        (layout.solution.offset * laneSum layout.wideWidth (rowLanes layout.matrix layout.wide n matrix k) +
          layout.matrix.offset * total) <<< layout.productShift + layout.residualOffset n -
      ((dotLanes layout.wideWidth (laneCount layout.wide n) (rowLanes layout.matrix layout.wide n matrix k) reversed +
        laneCount layout.wide n * (layout.matrix.offset * layout.solution.offset)) <<< layout.productShift +
          layout.right.offset <<< layout.rightShift) := fun _ _ _ _ => rfl
  have offset := total_offset (n := laneCount layout.wide n)
    (x := fun j => code layout.matrix layout.wideWidth (rowElement n matrix k j))
    (y := fun j => code layout.solution layout.wideWidth (rowElement n solution 0 j))
    (fun j _ => code_eq_decode ..) (fun j _ => code_eq_decode ..)
  have small := natAbs_residualEntry_lt fits hA hb hx k
  have entry := code_eq_decode layout.right layout.wideWidth (rowElement n right 0 k)
  rw [unfolded, product, sumX, sumA, own]
  simp only [Nat.shiftLeft_eq]
  rw [residualEntry, if_pos hk] at small ⊢
  clear product sumX sumA own unfolded reversed rowA rowB rowX codeA codeB codeX
  generalize code layout.right layout.wideWidth (rowElement n right 0 k) = p at *
  generalize decode layout.right layout.wideWidth (rowElement n right 0 k) = b at *
  generalize (total (laneCount layout.wide n) fun j => code layout.matrix layout.wideWidth (rowElement n matrix k j) *
    code layout.solution layout.wideWidth (rowElement n solution 0 j)) = g at *
  generalize (total (laneCount layout.wide n) fun j => code layout.matrix layout.wideWidth (rowElement n matrix k j)) = s at *
  generalize (total (laneCount layout.wide n) fun j =>
    code layout.solution layout.wideWidth (rowElement n solution 0 j)) = t at *
  generalize (integerSum (laneCount layout.wide n) fun j =>
    decode layout.matrix layout.wideWidth (rowElement n matrix k j) *
      decode layout.solution layout.wideWidth (rowElement n solution 0 j)) = z at *
  simp only [← two_pow_cast] at *
  generalize 2 ^ layout.rightShift = rs at *
  generalize 2 ^ layout.productShift = ps at *
  generalize layout.residualOffset n = c at *
  generalize layout.matrix.offset = oa at *
  generalize layout.solution.offset = ox at *
  generalize layout.right.offset = ob at *
  generalize laneCount layout.wide n = lanes at *
  have nonneg := Int.toNat_of_nonneg (a := b * rs - z * ps + c) (by omega)
  refine (Nat.sub_eq_of_eq_add ?_)
  refine Int.ofNat.inj ?_
  show ((_ : Nat) : Int) = ((_ : Nat) : Int)
  simp only [Int.natCast_add, Int.natCast_mul, nonneg, entry] at *
  grind

/-- All residuals, in lanes in reverse. -/
theorem residuals_eq : residuals layout n matrix right solution =
    packReversed layout.wideWidth (laneCount layout.wide n) fun l =>
      (residualEntry layout n matrix right solution (column layout.wide n l) + layout.residualOffset n).toNat := by
  show packReversed layout.wideWidth (laneCount layout.wide n) _ = _
  refine packReversed_congr fun l _ => ?_
  show Bool.rec (motive := fun _ => Nat) _ _ (Nat.ble (Nat.add (column layout.wide n l) 1) n) = _
  generalize column layout.wide n l = k
  cases h : Nat.ble (Nat.add k 1) n
  · have ge : ¬k < n := fun lt => by rw [show Nat.ble (Nat.add k 1) n = true from Nat.ble_eq_true_of_le lt] at h; contradiction
    show layout.residualOffset n = _
    rw [residualEntry, if_neg ge]
    omega
  · exact residual_eq fits hA hb hx (Nat.le_of_ble_eq_true h)

end Residual

include hA hb hx hR

/-- The absolute value of an entry of `R (b - A x̂)`. -/
theorem correction_eq {i : Nat} (hi : i < n) :
    correction layout n inverse (residuals layout n matrix right solution)
        (laneSum layout.wideWidth (residuals layout n matrix right solution)) i =
      (integerSum (laneCount layout.wide n) fun k => decode layout.inverse layout.wideWidth (rowElement n inverse i k) *
        residualEntry layout n matrix right solution k).natAbs := by
  have wide := fits.wide
  have hw : layout.wideWidth = 64 * layout.wide := rfl
  have lanes : 0 < laneCount layout.wide n := Nat.lt_of_lt_of_le (Nat.zero_lt_of_lt hi) (le_laneCount wide n)
  have rowR : rowLanes layout.inverse layout.wide n inverse i = pack layout.wideWidth (laneCount layout.wide n)
      fun l => code layout.inverse layout.wideWidth (rowElement n inverse i (column layout.wide n l)) :=
    rowLanes_eq wide fits.inverse hR hi
  have codeR : ∀ j, code layout.inverse layout.wideWidth (rowElement n inverse i j) ≤ 2 ^ (layout.inverse.bits + 1) :=
    fun j => Nat.le_of_lt (code_lt fits.inverse (Range.checkFrame_holds hR).1 (rowElement_holds hR hi).1
      (rowElement_holds hR hi).2)
  have small := natAbs_residualEntry_lt fits hA hb hx
  have entry : ∀ k, (((residualEntry layout n matrix right solution k + layout.residualOffset n).toNat : Nat) : Int) =
      layout.residualOffset n + residualEntry layout n matrix right solution k := fun k => by
    have := small k; omega
  have entryLe : ∀ k, (residualEntry layout n matrix right solution k + layout.residualOffset n).toNat ≤
      2 * layout.residualOffset n := fun k => by have := small k; omega
  have offsetPos : 1 ≤ layout.residualOffset n := by have := small 0; omega
  have room := fits.correction
  have half : 2 ^ layout.wideWidth = 2 * 2 ^ (layout.wideWidth - 1) := by
    rw [← Nat.pow_succ', show (layout.wideWidth - 1).succ = layout.wideWidth by omega]
  have sumR : laneSum layout.wideWidth (rowLanes layout.inverse layout.wide n inverse i) =
      total (laneCount layout.wide n) fun j => code layout.inverse layout.wideWidth (rowElement n inverse i j) := by
    rw [rowR, laneSum_pack (total_lt (fun l _ => codeR _) (show 1 ≤ 2 * layout.residualOffset n by omega) room
      Nat.one_le_two_pow (by omega)),
      total_column layout.wide n fun j => code layout.inverse layout.wideWidth (rowElement n inverse i j)]
  have sumB : laneSum layout.wideWidth (residuals layout n matrix right solution) =
      total (laneCount layout.wide n) fun k =>
        (residualEntry layout n matrix right solution k + layout.residualOffset n).toNat := by
    rw [residuals_eq fits hA hb hx, laneSum_packReversed (total_lt (fun l _ => entryLe _)
      (Nat.one_le_two_pow (n := layout.inverse.bits + 1)) (by rw [Nat.mul_comm (2 * _)]; exact room) (by omega) (by omega)),
      total_column layout.wide n fun k => (residualEntry layout n matrix right solution k + layout.residualOffset n).toNat]
  have product : dotLanes layout.wideWidth (laneCount layout.wide n) (rowLanes layout.inverse layout.wide n inverse i)
      (residuals layout n matrix right solution) =
        total (laneCount layout.wide n) fun k => code layout.inverse layout.wideWidth (rowElement n inverse i k) *
          (residualEntry layout n matrix right solution k + layout.residualOffset n).toNat := by
    rw [residuals_eq fits hA hb hx, rowR, dotLanes_eq lanes (fun l _ => codeR _) (fun l _ => entryLe _) ?_,
      total_column layout.wide n fun k => code layout.inverse layout.wideWidth (rowElement n inverse i k) *
          (residualEntry layout n matrix right solution k + layout.residualOffset n).toNat]
    rw [Nat.mul_comm (2 * _)]
    rw [Nat.succ_mul] at room
    have := Nat.mul_pos (Nat.two_pow_pos (layout.inverse.bits + 1)) (show 0 < 2 * layout.residualOffset n by omega)
    omega
  have unfolded : ∀ residuals total, correction layout n inverse residuals total i =
      ((dotLanes layout.wideWidth (laneCount layout.wide n) (rowLanes layout.inverse layout.wide n inverse i) residuals +
        laneCount layout.wide n * (layout.inverse.offset * layout.residualOffset n)) -
      (layout.inverse.offset * total + layout.residualOffset n *
        laneSum layout.wideWidth (rowLanes layout.inverse layout.wide n inverse i))) +
      ((layout.inverse.offset * total + layout.residualOffset n *
        laneSum layout.wideWidth (rowLanes layout.inverse layout.wide n inverse i)) -
      (dotLanes layout.wideWidth (laneCount layout.wide n) (rowLanes layout.inverse layout.wide n inverse i) residuals +
        laneCount layout.wide n * (layout.inverse.offset * layout.residualOffset n))) := fun _ _ => rfl
  have offset := total_offset (n := laneCount layout.wide n)
    (x := fun k => code layout.inverse layout.wideWidth (rowElement n inverse i k))
    (y := fun k => (residualEntry layout n matrix right solution k + layout.residualOffset n).toNat)
    (fun k _ => code_eq_decode ..) (fun k _ => entry k)
  rw [unfolded, product, sumR, sumB]
  dsimp only at offset
  omega

end LeanPythonBridge.Certificate.Solve
