module

public import LeanPythonBridge.Certificate.SolveContraction
public import LeanPythonBridge.Certificate.SolveResidual

/-!
# What the certificate of a linear solve proves

`Certified` says it of the exact rational values of the doubles; `check_sound` proves that the test finds it.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.Solve

open Float64

/-- What the certificate proves of the rational values of the doubles. -/
structure Certified {n : Nat} (A : Matrix n n Nat) (b x : Vec n Nat) (bound : Nat) : Prop where
  /-- The matrix is finite. -/
  matrix_finite : ∀ i, Finite (A i)
  /-- The right-hand side is finite. -/
  right_finite : Finite b
  /-- The solution is finite. -/
  solution_finite : Finite x
  /-- The matrix is nonsingular. -/
  nonsingular : ∀ v : Vec n Rat, (∀ i, (valueMatrix A).mulVec v i = 0) → ∀ i, v i = 0
  /-- The exact solution lies within the bound of the computed one, in every entry. -/
  enclosure : ∀ y : Vec n Rat, (valueMatrix A).mulVec y = valueVec b → ∀ i, abs (valueVec x i - y i) ≤ toRat bound

variable {layout : Layout} {n matrix right solution inverse contraction bound : Nat}

/-- The residual, as the exact rational values. -/
private theorem residual_value (fits : FitsWide layout n) (hA : layout.matrix.checkFrame (n * n) matrix = true)
    (hb : layout.right.checkFrame (1 * n) right = true) (hx : layout.solution.checkFrame (1 * n) solution = true)
    (k : Fin n) :
    (valueVec (frameVec right n) - (valueMatrix (frameMatrix matrix n n)).mulVec (valueVec (frameVec solution n))) k =
      ofScaledSquare (residualEntry layout n matrix right solution k * 2 ^ layout.residualLow) := by
  obtain ⟨e₁, e₂⟩ : layout.right.low + 1074 = layout.rightShift + layout.residualLow ∧
      layout.matrix.low + layout.solution.low = layout.productShift + layout.residualLow := by
    have r : layout.rightShift = layout.right.low + 1074 - (layout.matrix.low + layout.solution.low) := rfl
    have p : layout.productShift = layout.matrix.low + layout.solution.low - (layout.right.low + 1074) := rfl
    have l : layout.residualLow = layout.right.low + 1074 - layout.rightShift := rfl
    omega
  have vector : ∀ (x : Nat) (j : Fin n), rowElement n x 0 j = frameVec x n j := fun x j => by
    rw [rowElement, if_pos j.isLt, Nat.zero_mul, Nat.zero_add]; rfl
  have scaledB : scaled (frameVec right n k) =
      decode layout.right layout.wideWidth (rowElement n right 0 k) * 2 ^ layout.right.low := by
    have holds := rowElement_holds (i := 0) (j := k) hb (by decide)
    rw [decode_mul fits.right (Range.checkFrame_holds hb).1 holds.1 holds.2, vector]
  have product : (valueMatrix (frameMatrix matrix n n)).mulVec (valueVec (frameVec solution n)) k =
      ofScaledSquare ((integerSum (laneCount layout.wide n) fun j =>
        decode layout.matrix layout.wideWidth (rowElement n matrix k j) *
          decode layout.solution layout.wideWidth (rowElement n solution 0 j)) *
            2 ^ (layout.matrix.low + layout.solution.low)) := by
    rw [integerSum_of_zero (le_laneCount fits.wide n) fun j hj _ => by
      rw [rowElement, if_neg (by omega), decode_zero fits.matrix (Range.checkFrame_holds hA).1, Int.zero_mul],
      integerSum_eq_vecSum, ← vecSum_mul_right, ← vecSum_ofScaledSquare]
    show vecSum (fun j => toRat (frameMatrix matrix n n k j) * toRat (frameVec solution n j)) = _
    congr; funext j
    have holdsA := rowElement_holds (j := j) hA k.isLt
    have holdsX := rowElement_holds (i := 0) (j := j) hx (by decide)
    have a : rowElement n matrix k j = frameMatrix matrix n n k j := if_pos j.isLt
    rw [toRat_eq_ofScaled, toRat_eq_ofScaled, ofScaled_mul_ofScaled, ← a, ← vector,
      ← decode_mul fits.matrix (Range.checkFrame_holds hA).1 holdsA.1 holdsA.2,
      ← decode_mul fits.solution (Range.checkFrame_holds hx).1 holdsX.1 holdsX.2, Int.pow_add]
    congr 1
    grind
  rw [Vec.sub_apply, product]
  show toRat (frameVec right n k) - _ = _
  obtain ⟨s, hs, unit⟩ := exists_scale_eq_two_pow
  rw [toRat_eq_ofScaled, ← ofScaledSquare_mul_scale, ← ofScaledSquare_sub, scaledB, residualEntry, if_pos k.isLt, e₂,
    unit, Int.mul_assoc, ← Int.pow_add, hs, e₁, Int.pow_add, Int.pow_add]
  congr 1
  grind

/-- What the test of the correction says: `R (b - A x̂)` is small. -/
private theorem corrects_sound (fits : FitsWide layout n) (hA : layout.matrix.checkFrame (n * n) matrix = true)
    (hb : layout.right.checkFrame (1 * n) right = true) (hx : layout.solution.checkFrame (1 * n) solution = true)
    (hR : layout.inverse.checkFrame (n * n) inverse = true) (lt : contraction < infinity) (lt' : bound < infinity)
    (below : scaledMagnitude contraction < scale)
    (h : corrects layout n inverse contraction bound (residuals layout n matrix right solution) = true) (i : Fin n) :
    abs ((valueMatrix (frameMatrix inverse n n)).mulVec (valueVec (frameVec right n) -
      (valueMatrix (frameMatrix matrix n n)).mulVec (valueVec (frameVec solution n))) i) ≤
        toRat bound * (1 - toRat contraction) := by
  simp only [corrects, allBelow_iff] at h
  have row := Nat.le_of_ble_eq_true (h i i.isLt)
  rw [correction_eq fits hA hb hx hR i.isLt] at row
  have value : (valueMatrix (frameMatrix inverse n n)).mulVec (valueVec (frameVec right n) -
      (valueMatrix (frameMatrix matrix n n)).mulVec (valueVec (frameVec solution n))) i =
        ofScaledSquare ((integerSum (laneCount layout.wide n) fun k =>
          decode layout.inverse layout.wideWidth (rowElement n inverse i k) *
            residualEntry layout n matrix right solution k) * 2 ^ (layout.inverse.low + layout.residualLow)) / (scale : Rat) := by
    rw [integerSum_of_zero (le_laneCount fits.wide n) fun k hk _ => by
      rw [residualEntry, if_neg (by omega), Int.mul_zero],
      integerSum_eq_vecSum, ← vecSum_mul_right, ← vecSum_ofScaledSquare, Rat.div_def, ← vecSum_mul_right]
    show vecSum (fun k => toRat (frameMatrix inverse n n i k) * _) = _
    congr; funext k
    have holds := rowElement_holds (j := k) hR i.isLt
    have r : rowElement n inverse i k = frameMatrix inverse n n i k := if_pos k.isLt
    rw [residual_value fits hA hb hx k, toRat_eq_ofScaled, ← r,
      ← decode_mul fits.inverse (Range.checkFrame_holds hR).1 holds.1 holds.2, ← Rat.div_def,
      ← ofScaled_mul_ofScaledSquare, Int.pow_add]
    congr 1
    grind
  have limit : toRat bound * (1 - toRat contraction) =
      ofScaledSquare (scaledMagnitude bound * (scale - scaledMagnitude contraction : Nat)) := by
    rw [← ofScaled_mul_ofScaled, toRat_eq_ofScaled, toRat_eq_ofScaled, scaled_of_lt lt, scaled_of_lt lt',
      Int.ofNat_sub (Nat.le_of_lt below), ofScaled_sub, ofScaled_scale]
  have row : (integerSum (laneCount layout.wide n) fun k =>
      decode layout.inverse layout.wideWidth (rowElement n inverse i k) *
        residualEntry layout n matrix right solution k).natAbs <<< (layout.inverse.low + layout.residualLow) ≤
      ((1 <<< 1074 - scaledMagnitude contraction) * scaledMagnitude bound) <<< 1074 := row
  rw [value, limit, abs_div_scale, abs_ofScaledSquare, div_scale_le, ofScaledSquare_mul, ofScaledSquare_le, abs_eq_natAbs,
    natAbs_mul_two_pow, ← Int.natCast_mul, ← Int.natCast_mul, Int.ofNat_le]
  rw [Nat.shiftLeft_eq, shiftLeft_scale, one_shiftLeft_scale] at row
  rw [Nat.mul_comm (scaledMagnitude bound)]
  exact row

/-- A linear solve whose certificate the test accepts is true of the rational values. -/
theorem check_sound (h : check matrix right solution inverse n contraction bound layout = true) :
    Certified (frameMatrix matrix n n) (frameVec right n) (frameVec solution n) bound := by
  simp only [check, Bool.and_eq_true] at h
  obtain ⟨⟨⟨⟨⟨⟨⟨⟨⟨⟨finite, finite'⟩, below⟩, hl⟩, hw⟩, hA⟩, hb⟩, hx⟩, hR⟩, small⟩, near⟩ := h
  have finite : contraction < infinity := Nat.le_of_ble_eq_true finite
  have finite' : bound < infinity := Nat.le_of_ble_eq_true finite'
  have below : scaledMagnitude contraction < scale := by
    rw [← one_shiftLeft_scale]; exact Nat.le_of_ble_eq_true below
  have fits := Fits.of_check hl
  have wide := FitsWide.of_check hw
  have index : ∀ i j : Fin n, i.val * n + j.val < n * n := fun i j => by
    have := Nat.mul_le_mul_right n (Nat.succ_le_of_lt i.isLt)
    rw [Nat.succ_mul] at this
    omega
  have rows := contracts_sound fits hA hR finite small
  have lt : toRat contraction < 1 := by
    rw [toRat_eq_ofScaled, scaled_of_lt finite, ← ofScaled_scale, ofScaled_lt]
    omega
  refine ⟨fun i j => ?_, fun j => ?_, fun j => ?_, fun v hv => eq_zero_of_contraction rows lt hv, fun y hy => ?_⟩
  · exact Range.isFinite_of_holds (Range.checkFrame_holds hA).1 ((Range.checkFrame_holds hA).2 _ (index i j))
  · exact Range.isFinite_of_holds (Range.checkFrame_holds hb).1
      ((Range.checkFrame_holds hb).2 _ (by show j.val < 1 * n; rw [Nat.one_mul]; exact j.isLt))
  · exact Range.isFinite_of_holds (Range.checkFrame_holds hx).1
      ((Range.checkFrame_holds hx).2 _ (by show j.val < 1 * n; rw [Nat.one_mul]; exact j.isLt))
  · exact abs_sub_le_of_contraction rows lt
      (corrects_sound wide hA hb hx hR finite finite' below near) hy

/-! A certificate of the solution of `3 x + y = 1`, `-x + y / 2 = 2`, and some that are none: the kernel evaluates each. -/

section Pins

private def matrixPin : Nat := 0x3fe0000000000000bff00000000000003ff00000000000004008000000000000
private def rightPin : Nat := 0x40000000000000003ff0000000000000
private def solutionPin : Nat := 0x4006666666666667bfe3333333333334
private def inversePin : Nat := 0x3ff33333333333343fd999999999999abfd999999999999a3fc9999999999999
private def layoutPin : Layout := ⟨2, 3, ⟨1021, 1025⟩, ⟨1022, 1025⟩, ⟨1021, 1025⟩, ⟨1019, 1024⟩⟩
private def accepts (matrix right solution inverse contraction bound : Nat) : Prop :=
  check matrix right solution inverse 2 contraction bound layoutPin = true
private instance : Decidable (accepts m r s i c b) := inferInstanceAs (Decidable (check .. = true))

example : accepts matrixPin rightPin solutionPin inversePin 0x3cb0000000000000 0x3cb3333333333336 := by decide +kernel
-- Bounds that are one unit in the last place too small; then another right-hand side, matrix, solution or inverse.
example : ¬accepts matrixPin rightPin solutionPin inversePin 0x3cb0000000000000 0x3cb3333333333335 := by decide +kernel
example : ¬accepts matrixPin rightPin solutionPin inversePin 0x3cafffffffffffff 0x3cb3333333333336 := by decide +kernel
example : ¬accepts matrixPin (rightPin + 2 ^ 20) solutionPin inversePin 0x3cb0000000000000 0x3cb3333333333336 := by
  decide +kernel
example : ¬accepts (matrixPin + 2 ^ 20) rightPin solutionPin inversePin 0x3cb0000000000000 0x3cb3333333333336 := by
  decide +kernel
example : ¬accepts matrixPin rightPin (solutionPin + 2 ^ 20) inversePin 0x3cb0000000000000 0x3cb3333333333336 := by
  decide +kernel
example : ¬accepts matrixPin rightPin solutionPin (inversePin + 2 ^ 20) 0x3cb0000000000000 0x3cb3333333333336 := by
  decide +kernel
-- A contraction of 1; a bound that is infinite, not a number, or has a sign.
example : ¬accepts matrixPin rightPin solutionPin inversePin 0x3ff0000000000000 0x4000000000000000 := by decide +kernel
example : ¬accepts matrixPin rightPin solutionPin inversePin 0x3cb0000000000000 infinity := by decide +kernel
example : ¬accepts matrixPin rightPin solutionPin inversePin 0x3cb0000000000000 nan := by decide +kernel
example : ¬accepts matrixPin rightPin solutionPin inversePin 0x3cb0000000000000 (signBit + 0x3cb3333333333336) := by
  decide +kernel

end Pins

end LeanPythonBridge.Certificate.Solve
