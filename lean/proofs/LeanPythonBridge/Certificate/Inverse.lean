module

public import LeanPythonBridge.Certificate.InverseEnclosure
public import LeanPythonBridge.Certificate.Magnitudes
public import LeanPythonBridge.Certificate.SolveContraction

/-!
# The certificate of a matrix inverse

For the computed inverse `R` of a matrix `A` of `n` rows and columns of doubles, the certificate is three doubles:
`contraction`, at least `‖I - R A‖∞` and less than 1, as for a linear solve; `largest`, at least every `|Rᵢⱼ|`; and
`bound`, at least `contraction * largest / (1 - contraction)`. Then `A` is nonsingular, and every right inverse of it lies
within `bound` of `R` in every entry.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.Inverse

open Float64

/-- How to compute `R A`. Nothing of it need be believed. -/
def layout (words : Nat) (matrix inverse : Range) : Solve.Layout := ⟨words, 0, matrix, ⟨0, 0⟩, ⟨0, 0⟩, inverse⟩

/-- The test that the bound is large enough. -/
def bounds (contraction largest bound : Nat) : Bool :=
  Nat.ble (Nat.mul (scaledMagnitude contraction) (scaledMagnitude largest))
    (Nat.mul (scaledMagnitude bound) (Nat.sub (Nat.shiftLeft 1 1074) (scaledMagnitude contraction)))

/-- The test of a certificate for frames that hold the matrix and the inverse in C order. -/
def check (matrix inverse n contraction largest bound : Nat) (layout : Solve.Layout) : Bool :=
  Nat.blt contraction infinity && Nat.blt largest infinity && Nat.blt bound infinity &&
    Nat.blt (scaledMagnitude contraction) (Nat.shiftLeft 1 1074) && layout.checkProduct n &&
    layout.matrix.checkFrame (Nat.mul n n) matrix && layout.inverse.checkFrame (Nat.mul n n) inverse &&
    noneExceeds (Nat.mul n n) inverse largest && bounds contraction largest bound &&
    Solve.contracts layout n inverse contraction (tabulate (rowLanes layout.matrix layout.words n matrix) n 0)

/-- What the certificate proves of the rational values of the doubles. -/
structure Certified {n : Nat} (A R : Matrix n n Nat) (bound : Nat) : Prop where
  /-- The matrix is finite. -/
  matrix_finite : ∀ i, Finite (A i)
  /-- The computed inverse is finite. -/
  inverse_finite : ∀ i, Finite (R i)
  /-- The matrix is nonsingular. -/
  nonsingular : ∀ v : Vec n Rat, (∀ i, (valueMatrix A).mulVec v i = 0) → ∀ i, v i = 0
  /-- The exact inverse lies within the bound of the computed one, in every entry. -/
  enclosure : ∀ B : Matrix n n Rat, IsRightInverse (valueMatrix A) B → ∀ i j,
    abs (valueMatrix R i j - B i j) ≤ toRat bound

variable {matrix inverse n contraction largest bound : Nat} {layout : Solve.Layout}

/-- What the test of the magnitudes says. -/
private theorem abs_le_of_noneExceeds (lt : largest < infinity) (h : noneExceeds (n * n) inverse largest = true)
    (i j : Fin n) : abs (valueMatrix (frameMatrix inverse n n) i j) ≤ toRat largest := by
  have index : i.val * n + j.val < n * n := by
    have := Nat.mul_le_mul_right n (Nat.succ_le_of_lt i.isLt)
    rw [Nat.succ_mul] at this
    omega
  have below := magnitude_le_of_noneExceeds (Nat.lt_trans lt (by decide)) h _ index
  show abs (toRat (element inverse (i * n + j))) ≤ _
  rw [abs_toRat, toRat_eq_ofScaled, scaled_of_lt lt, ofScaled_le]
  exact Int.ofNat_le.2 (scaledMagnitude_le below)

/-- What the test of the bound says. -/
private theorem le_of_bounds (lt : contraction < infinity) (lt' : largest < infinity) (lt'' : bound < infinity)
    (below : scaledMagnitude contraction < scale) (h : bounds contraction largest bound = true) :
    toRat contraction * toRat largest ≤ toRat bound * (1 - toRat contraction) := by
  have le : scaledMagnitude contraction * scaledMagnitude largest ≤
      scaledMagnitude bound * (1 <<< 1074 - scaledMagnitude contraction) := Nat.le_of_ble_eq_true h
  rw [one_shiftLeft_scale] at le
  rw [← ofScaled_scale, toRat_eq_ofScaled, toRat_eq_ofScaled, toRat_eq_ofScaled, scaled_of_lt lt, scaled_of_lt lt',
    scaled_of_lt lt'', ← ofScaled_sub, ← Int.ofNat_sub (Nat.le_of_lt below), ofScaled_mul_ofScaled, ofScaled_mul_ofScaled,
    ofScaledSquare_le, ← Int.natCast_mul, ← Int.natCast_mul]
  exact Int.ofNat_le.2 le

/-- An inverse whose certificate the test accepts is near every exact one. -/
theorem check_sound (h : check matrix inverse n contraction largest bound layout = true) :
    Certified (frameMatrix matrix n n) (frameMatrix inverse n n) bound := by
  simp only [check, Bool.and_eq_true] at h
  obtain ⟨⟨⟨⟨⟨⟨⟨⟨⟨finite, finite'⟩, finite''⟩, below⟩, hl⟩, hA⟩, hR⟩, small⟩, limit⟩, contracts⟩ := h
  have finite : contraction < infinity := Nat.le_of_ble_eq_true finite
  have finite' : largest < infinity := Nat.le_of_ble_eq_true finite'
  have finite'' : bound < infinity := Nat.le_of_ble_eq_true finite''
  have below : scaledMagnitude contraction < scale := by
    rw [← one_shiftLeft_scale]; exact Nat.le_of_ble_eq_true below
  have index : ∀ i j : Fin n, i.val * n + j.val < n * n := fun i j => by
    have := Nat.mul_le_mul_right n (Nat.succ_le_of_lt i.isLt)
    rw [Nat.succ_mul] at this
    omega
  have rows := Solve.contracts_sound (Solve.Fits.of_check hl) hA hR finite contracts
  have lt : toRat contraction < 1 := by
    rw [toRat_eq_ofScaled, scaled_of_lt finite, ← ofScaled_scale, ofScaled_lt]
    omega
  refine ⟨fun i j => ?_, fun i j => ?_, fun v hv => eq_zero_of_contraction rows lt hv, fun B hB i j => ?_⟩
  · exact Range.isFinite_of_holds (Range.checkFrame_holds hA).1 ((Range.checkFrame_holds hA).2 _ (index i j))
  · exact Range.isFinite_of_holds (Range.checkFrame_holds hR).1 ((Range.checkFrame_holds hR).2 _ (index i j))
  · exact abs_sub_le_of_isRightInverse rows lt (abs_le_of_noneExceeds finite' small)
      (le_of_bounds finite finite' finite'' below limit) hB i j

end LeanPythonBridge.Certificate.Inverse
