module

public import LeanPythonBridge.Float64.Products
public import LeanPythonBridge.Certificate.DiagonalDominance
public import LeanPythonBridge.Certificate.Products
public import LeanPythonBridge.Certificate.Units
public import MLProofs

/-!
# The certificate of a least-squares fit

For the computed weights `ŵ` of `‖X w - y‖²`, with `m` rows and `n` columns of doubles, the certificate is the transpose of
`X` and a matrix `L` of `n` rows and columns, in frames of their own, and two doubles `μ` and `gap`. `check` tests in exact
integers that what is left, `F = XᵀX - μ I - L Lᵀ`, is strictly diagonally dominant, and that `‖g‖² ≤ μ gap` for the
gradient `g = Xᵀ(X ŵ - y)`. Then `XᵀX - μ I` is positive definite, so that `μ ‖d‖² ≤ ‖X d‖²`, and
`‖X ŵ - y‖² ≤ ‖X v - y‖² + gap` for every `v`: with `d = v - ŵ`,
`μ (‖X v - y‖² - ‖X ŵ - y‖²) = 2 μ gᵀd + μ ‖X d‖² ≥ ‖g + μ d‖² - ‖g‖²`.

The exact values of `XᵀX` are no doubles. They are dot products of rows of the transpose (`exactDot`).
-/

@[expose] public section

namespace LeanPythonBridge

open Lean.Grind

universe u

/-! ## The theorem, over every ordered ring -/

section Gap

variable {R : Type u} [CommRing R] [LE R] [LT R] [Std.LawfulOrderLT R] [Std.IsLinearOrder R] [OrderedRing R]
variable {m n : Nat}

/-- How far weights can be from the best ones: at most `‖g‖² / μ`, when `μ ‖d‖² ≤ ‖X d‖²`. -/
theorem mul_leastSquares_le {X : Matrix m n R} {y : Vec m R} {w v : Vec n R} {μ : R} (pos : 0 ≤ μ)
    (convex : ∀ d, μ * normSq d ≤ normSq (X.mulVec d)) :
    μ * leastSquares X y w ≤ μ * leastSquares X y v + normSq (X.transpose.mulVec (X.mulVec w - y)) := by
  have split : X.mulVec v - y = (X.mulVec w - y) + X.mulVec (v - w) := by
    funext i; show dot (X i) v - y i = dot (X i) w - y i + dot (X i) (v - w); rw [dot_sub]; grind
  have square := normSq_nonneg (X.transpose.mulVec (X.mulVec w - y) + μ • (v - w))
  have scaled : normSq (μ • (v - w)) = μ * (μ * normSq (v - w)) := by
    rw [normSq, dot_smul, dot_comm, dot_smul]; rfl
  rw [normSq_add, dot_smul, scaled] at square
  have room := OrderedRing.mul_le_mul_of_nonneg_left (convex (v - w)) pos
  simp only [leastSquares, split, normSq_add, dot_mulVec]
  generalize dot (X.transpose.mulVec (X.mulVec w - y)) (v - w) = inner at *
  generalize normSq (X.mulVec (v - w)) = image at *
  grind

/-- The identity. -/
def identity : Matrix n n R := fun i j => if j = i then 1 else 0

/-- `XᵀX - μ I` being positive definite says that `X` stretches every vector. -/
theorem le_normSq_of_posDef [DecidableLE R] {X : Matrix m n R} {μ : R} (h : PosDef (X.transpose.mul X - μ • (identity : Matrix n n R)))
    (d : Vec n R) : μ * normSq d ≤ normSq (X.mulVec d) := by
  have form : quadForm (X.transpose.mul X) d = normSq (X.mulVec d) := by
    rw [quadForm, mul_mulVec, dot_mulVec]; rfl
  have one : quadForm (identity : Matrix n n R) d = normSq d := by
    rw [quadForm, normSq]
    congr 1; funext i
    rw [← vecSum_single i (d i)]
    show (vecSum fun j => (if j = i then 1 else 0) * d j) = _
    congr; funext j
    split
    · subst_vars; grind
    · grind
  refine Decidable.byContradiction fun less => ?_
  have zero : ∀ i, d i = 0 := fun i => by
    by_cases below : d i ≤ 0
    · by_cases above : 0 ≤ d i
      · exact Std.le_antisymm below above
      · have := h d ⟨i, by grind⟩
        rw [quadForm_sub, quadForm_smul, form, one] at this
        grind
    · have := h d ⟨i, by grind⟩
      rw [quadForm_sub, quadForm_smul, form, one] at this
      grind
  refine less ?_
  rw [normSq_eq_zero_iff.2 zero]
  have := normSq_nonneg (X.mulVec d)
  grind

end Gap

namespace Certificate.LeastSquares

open Float64

/-! ## The checker -/

/-- The dot product of row `i` of a frame with row `j` of another, both of `n` columns, in units of `2^(-2148)`. -/
def rowDot (n x i y j : Nat) : Int :=
  withValue (sumOfProducts n (Nat.shiftRight x (Nat.mul 64 (Nat.mul n i))) (Nat.shiftRight y (Nat.mul 64 (Nat.mul n j))))
    dotOfWeights

/-- The test that a frame of `n` rows is the transpose of one of `m` rows. -/
def isTranspose (m n matrix transposed : Nat) : Bool :=
  allBelow (fun i => allBelow (fun k => Nat.beq (element transposed (i * m + k)) (element matrix (k * n + i))) m) n

/-- An entry of what is left, `XᵀX - μ I - L Lᵀ`. -/
def left (m n transposed factor mu i j : Nat) : Int :=
  rowDot m transposed i transposed j - rowDot n factor i factor j -
    if i = j then ((scaledMagnitude mu : Nat) : Int) * scale else 0

/-- By how much the diagonal of what is left dominates. -/
def margin (m n transposed factor mu i : Nat) : Int :=
  integerSum n fun j => if i = j then left m n transposed factor mu i j
    else -((left m n transposed factor mu i j).natAbs : Int)

/-- Whether a number is more than zero. -/
def isPositive : Int → Bool
  | .ofNat n => Nat.blt 0 n
  | .negSucc _ => false

/-- An entry of the gradient, in units of `2^(-3222)`. -/
def gradient (m n transposed right weights j : Nat) : Int :=
  (integerSum n fun i => scaled (element weights i) * rowDot m transposed j transposed i) -
    rowDot m transposed j right 0 * scale

/-- The test that the gradient is small. -/
def isFlat (m n transposed right weights mu gap : Nat) : Bool :=
  Nat.ble (total n fun j => (gradient m n transposed right weights j).natAbs * (gradient m n transposed right weights j).natAbs)
    ((((scaledMagnitude mu * scaledMagnitude gap) <<< 1074) <<< 1074) <<< 1074 <<< 1074)

/-- The test of a certificate for frames that hold matrices in C order. -/
def check (matrix right weights transposed factor m n mu gap : Nat) : Bool :=
  Nat.blt m 0x10000000000000000 && Nat.blt n 0x10000000000000000 && Nat.blt mu infinity && Nat.blt 0 mu &&
    Nat.blt gap infinity && allFinite (m * n) matrix && allFinite m right && allFinite n weights &&
    allFinite (n * m) transposed && allFinite (n * n) factor && isTranspose m n matrix transposed &&
    allBelow (fun i => isPositive (margin m n transposed factor mu i)) n && isFlat m n transposed right weights mu gap

/-! ## What it proves -/

/-- What the certificate proves of the rational values of the doubles. -/
structure Certified {m n : Nat} (X : Matrix m n Nat) (y : Vec m Nat) (w : Vec n Nat) (gap : Nat) : Prop where
  /-- The matrix is finite. -/
  matrix_finite : ∀ i, Finite (X i)
  /-- The right-hand side is finite. -/
  right_finite : Finite y
  /-- The weights are finite. -/
  weights_finite : Finite w
  /-- The columns of the matrix are linearly independent. -/
  independent : ∀ v : Vec n Rat, (∀ i, (valueMatrix X).mulVec v i = 0) → ∀ j, v j = 0
  /-- No weights have a sum of squares that is less by more than the gap. -/
  optimal : ∀ v : Vec n Rat, leastSquares (valueMatrix X) (valueVec y) (valueVec w) ≤
    leastSquares (valueMatrix X) (valueVec y) v + toRat gap

variable {m n matrix right weights transposed factor mu gap : Nat}

private theorem rowDot_eq {x i y j : Nat} {u v : Vec n Nat} (hn : n < 2 ^ 64) (hu : Finite u) (hv : Finite v)
    (eu : frameVec (x / 2 ^ (64 * (n * i))) n = u) (ev : frameVec (y / 2 ^ (64 * (n * j))) n = v) :
    ofScaledSquare (rowDot n x i y j) = dot (valueVec u) (valueVec v) := by
  subst eu ev
  rw [dot_valueVec, ← exactDot_eq hn hu hv, rowDot, withValue_eq, ← Nat.shiftRight_eq_div_pow,
    ← Nat.shiftRight_eq_div_pow]
  rfl

/-- What is tested of the frames, in terms of their matrices. -/
structure Tested (X : Matrix m n Nat) (T : Matrix n m Nat) (L : Matrix n n Nat) : Prop where
  /-- There are not too many rows. -/
  rows : m < 2 ^ 64
  /-- There are not too many columns. -/
  columns : n < 2 ^ 64
  /-- The transpose is finite. -/
  transposed : ∀ i, Finite (T i)
  /-- The factor is finite. -/
  factor : ∀ i, Finite (L i)
  /-- The transpose is that of the matrix. -/
  transpose : ∀ i k, T i k = X k i

section Soundness

variable (tested : Tested (frameMatrix matrix m n) (frameMatrix transposed n m) (frameMatrix factor n n))

include tested

private theorem gram_eq (i j : Fin n) :
    ofScaledSquare (rowDot m transposed i transposed j) =
      ((valueMatrix (frameMatrix matrix m n)).transpose.mul (valueMatrix (frameMatrix matrix m n))) i j := by
  rw [rowDot_eq tested.rows (tested.transposed i) (tested.transposed j) (frameMatrix_row ..).symm
    (frameMatrix_row ..).symm]
  show (vecSum fun k => toRat (frameMatrix transposed n m i k) * toRat (frameMatrix transposed n m j k)) =
    vecSum fun k => toRat (frameMatrix matrix m n k i) * toRat (frameMatrix matrix m n k j)
  simp only [tested.transpose]

private theorem left_eq (lt : mu < infinity) (i j : Fin n) :
    ofScaledSquare (left m n transposed factor mu i j) =
      ((valueMatrix (frameMatrix matrix m n)).transpose.mul (valueMatrix (frameMatrix matrix m n)) -
        toRat mu • (identity : Matrix n n Rat) -
          (valueMatrix (frameMatrix factor n n)).mul (valueMatrix (frameMatrix factor n n)).transpose) i j := by
  have product : ofScaledSquare (rowDot n factor i factor j) =
      ((valueMatrix (frameMatrix factor n n)).mul (valueMatrix (frameMatrix factor n n)).transpose) i j :=
    rowDot_eq tested.columns (tested.factor i) (tested.factor j) (frameMatrix_row ..).symm (frameMatrix_row ..).symm
  have shift : ofScaledSquare (if i.val = j.val then ((scaledMagnitude mu : Nat) : Int) * scale else 0) =
      (toRat mu • (identity : Matrix n n Rat)) i j := by
    show _ = toRat mu * (if j = i then 1 else 0)
    by_cases e : i = j
    · rw [if_pos (congrArg Fin.val e), if_pos e.symm, ofScaledSquare_mul_scale, toRat_eq_ofScaled, scaled_of_lt lt,
        Rat.mul_one]
    · rw [if_neg fun h => e (Fin.ext h), if_neg fun h => e h.symm, ofScaledSquare_zero, Rat.mul_zero]
  rw [left, ofScaledSquare_sub, ofScaledSquare_sub, gram_eq tested, product, shift, Matrix.sub_apply, Vec.sub_apply,
    Matrix.sub_apply, Vec.sub_apply]
  grind

private theorem margin_eq (lt : mu < infinity) (i : Fin n) :
    rowMargin ((valueMatrix (frameMatrix matrix m n)).transpose.mul (valueMatrix (frameMatrix matrix m n)) -
      toRat mu • (identity : Matrix n n Rat) -
        (valueMatrix (frameMatrix factor n n)).mul (valueMatrix (frameMatrix factor n n)).transpose) i =
      ofScaledSquare (margin m n transposed factor mu i) := by
  rw [margin, integerSum_eq_vecSum, ← vecSum_ofScaledSquare, rowMargin]
  congr; funext j
  rw [← left_eq tested lt]
  by_cases e : i = j
  · rw [if_pos e, if_pos (congrArg Fin.val e)]
  · rw [if_neg e, if_neg fun h => e (Fin.ext h), abs_ofScaledSquare, ofScaledSquare_neg, abs_eq_natAbs]

private theorem gradient_eq (hy : Finite (frameVec right m)) (j : Fin n) :
    (valueMatrix (frameMatrix matrix m n)).transpose.mulVec
      ((valueMatrix (frameMatrix matrix m n)).mulVec (valueVec (frameVec weights n)) - valueVec (frameVec right m)) j =
        ofScaledSquare (gradient m n transposed right weights j) / (scale : Rat) := by
  have column : (valueMatrix (frameMatrix matrix m n)).transpose j = valueVec (frameMatrix transposed n m j) := by
    funext k; exact congrArg toRat (tested.transpose j k).symm
  have own : ofScaledSquare (rowDot m transposed j right 0) =
      dot (valueVec (frameMatrix transposed n m j)) (valueVec (frameVec right m)) :=
    rowDot_eq tested.rows (tested.transposed j) hy (frameMatrix_row ..).symm (by simp)
  have product : dot ((valueMatrix (frameMatrix matrix m n)).transpose j)
      ((valueMatrix (frameMatrix matrix m n)).mulVec (valueVec (frameVec weights n))) =
        ofScaledSquare (integerSum n fun i => scaled (element weights i) * rowDot m transposed j transposed i) /
          (scale : Rat) := by
    rw [dot_mulVec, integerSum_eq_vecSum, ← vecSum_ofScaledSquare, Rat.div_def, ← vecSum_mul_right]
    show (vecSum fun i => _) = _
    congr; funext i
    rw [← Rat.div_def, ofScaled_mul_ofScaledSquare, gram_eq tested, Rat.mul_comm]
    congr 1
    exact dot_comm _ _
  have hs := scale_pos
  show dot ((valueMatrix (frameMatrix matrix m n)).transpose j) _ = _
  rw [dot_sub, product, column, ← own, gradient, ofScaledSquare_sub, ← ofScaledSquare_mul]
  generalize (scale : Rat) = s at *
  grind

private theorem normSq_gradient_le (hy : Finite (frameVec right m)) (lt : mu < infinity) (lt' : gap < infinity)
    (flat : isFlat m n transposed right weights mu gap = true) :
    normSq ((valueMatrix (frameMatrix matrix m n)).transpose.mulVec
      ((valueMatrix (frameMatrix matrix m n)).mulVec (valueVec (frameVec weights n)) - valueVec (frameVec right m))) ≤
        toRat mu * toRat gap := by
  have hs := scale_pos
  obtain ⟨unit, e⟩ : ∃ unit : Rat, unit = (scale : Rat) * scale * scale * scale := ⟨_, rfl⟩
  have positive : 0 < unit := by rw [e]; exact Rat.mul_pos (Rat.mul_pos (Rat.mul_pos hs hs) hs) hs
  have squares : ∀ x : Int, ofScaledSquare x / (scale : Rat) * (ofScaledSquare x / (scale : Rat)) * unit =
      ofScaledSquare (x * x) := fun x => by
    unfold ofScaledSquare ofScaled
    rw [e, Rat.intCast_mul]
    generalize (scale : Rat) = s at *
    grind
  have scaled : ∀ x : Int, ofScaledSquare x * unit = ofScaledSquare (x * scale * scale * scale * scale) := fun x => by
    rw [← ofScaledSquare_mul, ← ofScaledSquare_mul, ← ofScaledSquare_mul, ← ofScaledSquare_mul, e]
    generalize (scale : Rat) = s at *
    grind
  have le := Nat.le_of_ble_eq_true flat
  simp only [shiftLeft_scale] at le
  have le := ofScaledSquare_le.2 (Int.ofNat_le.2 le)
  have limit : toRat mu * toRat gap = ofScaledSquare ((scaledMagnitude mu : Int) * (scaledMagnitude gap : Int)) := by
    rw [← ofScaled_mul_ofScaled, toRat_eq_ofScaled, toRat_eq_ofScaled, scaled_of_lt lt, scaled_of_lt lt']
  have sum : (vecSum fun j : Fin n => ofScaledSquare (gradient m n transposed right weights j) / (scale : Rat) *
      (ofScaledSquare (gradient m n transposed right weights j) / (scale : Rat))) * unit =
        ofScaledSquare (total n fun j => (gradient m n transposed right weights j).natAbs *
          (gradient m n transposed right weights j).natAbs : Nat) := by
    rw [total_eq_integerSum, integerSum_eq_vecSum]
    rw [← vecSum_ofScaledSquare]
    rw [← vecSum_mul_right]
    simp only [squares, Int.natAbs_mul_self]
  have norm : normSq ((valueMatrix (frameMatrix matrix m n)).transpose.mulVec
      ((valueMatrix (frameMatrix matrix m n)).mulVec (valueVec (frameVec weights n)) - valueVec (frameVec right m))) =
        vecSum fun j : Fin n => ofScaledSquare (gradient m n transposed right weights j) / (scale : Rat) *
          (ofScaledSquare (gradient m n transposed right weights j) / (scale : Rat)) := by
    rw [normSq, dot]
    exact congrArg vecSum (funext fun j => by rw [gradient_eq tested hy])
  rw [norm, limit]
  rw [← sum] at le
  simp only [Int.natCast_mul, ← scaled] at le
  refine Rat.not_lt.1 fun less => ?_
  have := Rat.mul_lt_mul_of_pos_right less positive
  exact Rat.not_le.2 this le

end Soundness

private theorem isPositive_iff {x : Int} (h : isPositive x = true) : 0 < x := by
  cases x with
  | ofNat n => exact Int.natCast_pos.2 (Nat.le_of_ble_eq_true h)
  | negSucc n => exact Bool.noConfusion h

/-- A fit whose certificate the test accepts is nearly the best one. -/
theorem check_sound (h : check matrix right weights transposed factor m n mu gap = true) :
    Certified (frameMatrix matrix m n) (frameVec right m) (frameVec weights n) gap := by
  simp only [check, Bool.and_eq_true, allFinite_iff] at h
  obtain ⟨⟨⟨⟨⟨⟨⟨⟨⟨⟨⟨⟨rows, columns⟩, lt⟩, pos⟩, lt'⟩, hX⟩, hy⟩, hw⟩, hT⟩, hL⟩, transpose⟩, margins⟩, flat⟩ := h
  have lt : mu < infinity := Nat.le_of_ble_eq_true lt
  have lt' : gap < infinity := Nat.le_of_ble_eq_true lt'
  have tested : Tested (frameMatrix matrix m n) (frameMatrix transposed n m) (frameMatrix factor n n) :=
    ⟨Nat.le_of_ble_eq_true rows, Nat.le_of_ble_eq_true columns, finite_rows hT, finite_rows hL, fun i k =>
      Nat.eq_of_beq_eq_true (allBelow_iff.1 (allBelow_iff.1 transpose i i.isLt) k k.isLt)⟩
  have positive : 0 < toRat mu := by
    have : 0 < mu := Nat.le_of_ble_eq_true pos
    have nonzero := scaledMagnitude_eq_zero_iff (m := mu)
    rw [toRat_eq_ofScaled, scaled_of_lt lt, ← ofScaled_zero, ofScaled_lt]
    omega
  have stretches := le_normSq_of_posDef (posDef_of_sub (L := valueMatrix (frameMatrix factor n n))
    (posDef_of_rowMargin_pos (fun i j => ?_) fun i => by
      rw [margin_eq tested lt]
      exact ofScaledSquare_pos.2 (isPositive_iff (allBelow_iff.1 margins i i.isLt))))
  · refine ⟨finite_rows hX, hy, hw, fun v hv => normSq_eq_zero_iff.1 ?_, fun v => ?_⟩
    · have le := stretches v
      rw [normSq_eq_zero_iff.2 hv] at le
      have nonneg := normSq_nonneg v
      by_cases zero : normSq v = 0
      · exact zero
      · have := Rat.mul_pos positive (Rat.lt_of_le_of_ne nonneg fun e => zero e.symm)
        grind
    · have least := mul_leastSquares_le (y := valueVec (frameVec right m)) (w := valueVec (frameVec weights n)) (v := v)
        (Rat.le_of_lt positive) stretches
      have small := normSq_gradient_le tested hy lt lt' flat
      refine Rat.not_lt.1 fun less => ?_
      have := Rat.mul_lt_mul_of_pos_right less positive
      grind
  · have gram : ((valueMatrix (frameMatrix matrix m n)).transpose.mul (valueMatrix (frameMatrix matrix m n))) i j =
        ((valueMatrix (frameMatrix matrix m n)).transpose.mul (valueMatrix (frameMatrix matrix m n))) j i := dot_comm _ _
    have product : ((valueMatrix (frameMatrix factor n n)).mul (valueMatrix (frameMatrix factor n n)).transpose) i j =
        ((valueMatrix (frameMatrix factor n n)).mul (valueMatrix (frameMatrix factor n n)).transpose) j i := dot_comm _ _
    have one : (identity : Matrix n n Rat) i j = (identity : Matrix n n Rat) j i := by
      show (if j = i then (1 : Rat) else 0) = if i = j then 1 else 0
      by_cases e : i = j
      · rw [if_pos e, if_pos e.symm]
      · rw [if_neg e, if_neg fun h => e h.symm]
    rw [Matrix.sub_apply, Vec.sub_apply, Matrix.sub_apply, Vec.sub_apply, Matrix.sub_apply, Vec.sub_apply,
      Matrix.sub_apply, Vec.sub_apply, Matrix.smul_apply, Matrix.smul_apply, Vec.smul_apply, Vec.smul_apply, gram,
      product, one]

end Certificate.LeastSquares
end LeanPythonBridge
