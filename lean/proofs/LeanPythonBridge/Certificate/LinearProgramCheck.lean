module

public import LeanPythonBridge.Certificate.Coefficients
public import LeanPythonBridge.Certificate.LinearProgram

/-!
# Points and multipliers of linear programs, tested in integers

A point is given by integers and one denominator, and so are multipliers: solutions of equations with coefficients that
are doubles are rarely doubles themselves. `isPoint` tests that a point is feasible, `boundOf` gives what multipliers bound
a cost by, `recedes` tests a direction.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.LinearProgram

open Float64

variable {m n : Nat}

/-- The frames of a linear program. -/
structure Frames where
  /-- The costs. -/
  cost : Nat
  /-- The coefficients, all of them or those that are stored. -/
  matrix : Coefficients
  /-- The lower bounds of the rows. -/
  rowLower : Nat
  /-- The upper bounds of the rows. -/
  rowUpper : Nat
  /-- The lower bounds of the variables. -/
  lower : Nat
  /-- The upper bounds of the variables. -/
  upper : Nat

/-- The program that the frames hold. -/
def Frames.program (F : Frames) (m n : Nat) : Program m n where
  cost := valueVec (frameVec F.cost n)
  matrix := F.matrix.matrix m n
  rowLower := frameVec F.rowLower m
  rowUpper := frameVec F.rowUpper m
  lower := frameVec F.lower n
  upper := frameVec F.upper n

/-! ## The tests -/

/-- The costs times `x`, in units of `2^(-1074)`. -/
def costSum (F : Frames) (n : Nat) (x : Nat → Int) : Int := sumProducts (fun j => j) F.cost x n

/-- The test that `s / d`, in units of `2^(-1074)`, lies between two bounds. -/
def isBetween (lows highs i : Nat) (d s : Int) : Bool :=
  (Bool.not (finiteAt lows i) || isNonneg (subInt s (mulInt (doubleAt lows i) d))) &&
    (Bool.not (finiteAt highs i) || isNonneg (subInt (mulInt (doubleAt highs i) d) s))

/-- The test that the point with these numerators and the denominator `d` is feasible. -/
def isPoint (F : Frames) (m n : Nat) (d : Int) (p : Nat → Int) : Bool :=
  allBelow (fun i => withInt (F.matrix.rowSum n p i) fun s => isBetween F.rowLower F.rowUpper i d s) m &&
    allBelow (fun j => withInt (mulInt (p j) (Int.ofNat scale)) fun s => isBetween F.lower F.upper j d s) n

/-- The least that `z` times a number between two bounds can be, in units of `2^(-1074)`; none when nothing bounds it. -/
def least (lows highs i : Nat) (z : Int) : Option Int :=
  withInt z fun z =>
    match z with
    | .ofNat 0 => some 0
    | .ofNat (k + 1) => if finiteAt lows i then some (mulInt (.ofNat (k + 1)) (doubleAt lows i)) else none
    | .negSucc k => if finiteAt highs i then some (mulInt (.negSucc k) (doubleAt highs i)) else none

/-- What multipliers with these numerators and the denominator `e` bound the costs by, times `e`, in units of
`2^(-2148)`. -/
def boundOf (F : Frames) (m n : Nat) (costs y : Nat → Int) (e : Int) : Option Int :=
  F.matrix.withColumns m n y fun column =>
    match sumSome (fun i => least F.rowLower F.rowUpper i (y i)) m,
      sumSome (fun j => least F.lower F.upper j (subInt (mulInt e (costs j)) (column j))) n with
    | some rows, some columns => some (addInt (mulInt rows (Int.ofNat scale)) columns)
    | _, _ => none

/-- The test that a number does not lead towards finite bounds. -/
def leadsAway (lows highs i : Nat) (s : Int) : Bool :=
  (Bool.not (finiteAt lows i) || isNonneg s) && (Bool.not (finiteAt highs i) || isNonneg (negInt s))

/-- The test that nothing is bounded in a direction. -/
def recedes (F : Frames) (m n : Nat) (r : Nat → Int) : Bool :=
  allBelow (fun i => withInt (F.matrix.rowSum n r i) fun s => leadsAway F.rowLower F.rowUpper i s) m &&
    allBelow (fun j => leadsAway F.lower F.upper j (r j)) n

/-! ## What they say -/

variable {F : Frames} {d e : Int}

/-- A positive integer as a rational number. -/
theorem cast_pos (hd : 0 < d) : (0 : Rat) < d := by
  have : ((0 : Int) : Rat) < (d : Rat) := Rat.intCast_lt_intCast.2 hd
  exact this

private theorem le_div {a b : Rat} {c : Rat} (hc : 0 < c) : a ≤ b / c ↔ a * c ≤ b := by
  have e : b / c * c = b := by grind
  constructor
  · intro h; have := Rat.mul_le_mul_of_nonneg_right h (Rat.le_of_lt hc); grind
  · intro h
    refine Rat.not_lt.1 fun lt => ?_
    have := Rat.mul_lt_mul_of_pos_right lt hc
    grind

private theorem div_le {a b : Rat} {c : Rat} (hc : 0 < c) : a / c ≤ b ↔ a ≤ b * c := by
  have e : a / c * c = a := by grind
  constructor
  · intro h; have := Rat.mul_le_mul_of_nonneg_right h (Rat.le_of_lt hc); grind
  · intro h
    refine Rat.not_lt.1 fun lt => ?_
    have := Rat.mul_lt_mul_of_pos_right lt hc
    grind

/-- An integer comes out on the right. -/
theorem ofScaled_mul' (x c : Int) : ofScaled (x * c) = ofScaled x * c := by
  rw [Int.mul_comm, ofScaled_mul, Rat.mul_comm]

private theorem ofScaled_mul_scale' (x : Int) : ofScaled (x * scale) = x := by
  rw [ofScaled_mul, show ((x : Int) : Rat) * ofScaled scale = x by rw [ofScaled_scale]; grind]

/-- A denominator comes out of a dot product. -/
theorem dot_div (k : Nat) (c : Vec k Rat) (x : Vec k Rat) (d : Rat) :
    (dot c fun j => x j / d) = dot c x / d := by
  simp only [dot, Rat.div_def, ← vecSum_mul_right]
  congr; funext j; grind

theorem isBetween_sound {lows highs i : Nat} {s : Int} (hd : 0 < d) (h : isBetween lows highs i d s = true) :
    Between (element lows i) (element highs i) (ofScaled s / d) := by
  have pos := cast_pos hd
  simp only [isBetween, subInt_eq, mulInt_eq, Bool.and_eq_true, Bool.or_eq_true, Bool.not_eq_true', isNonneg_iff,
    finiteAt_eq] at h
  refine ⟨fun finite => ?_, fun finite => ?_⟩
  · have h := h.1.resolve_left (by rw [finite]; decide)
    rw [doubleAt_eq finite] at h
    rw [le_div pos, toRat_eq_ofScaled, ← ofScaled_mul', ofScaled_le]
    omega
  · have h := h.2.resolve_left (by rw [finite]; decide)
    rw [doubleAt_eq finite] at h
    rw [div_le pos, toRat_eq_ofScaled, ← ofScaled_mul', ofScaled_le]
    omega

theorem isPoint_sound (well : F.matrix.WellFormed m n) (hd : 0 < d)
    {p : Nat → Int} (h : isPoint F m n d p = true) : (F.program m n).Feasible fun j => (p j : Rat) / d := by
  simp only [isPoint, Bool.and_eq_true, allBelow_iff, withInt_eq] at h
  refine ⟨fun i => ?_, fun j => ?_⟩
  · have row : (F.program m n).matrix.mulVec (fun j => (p j : Rat) / d) i = ofScaled (F.matrix.rowSum n p i) / d := by
      rw [← Coefficients.row_eq well]
      exact dot_div n _ _ _
    rw [row]
    exact isBetween_sound hd (h.1 i i.isLt)
  · have := isBetween_sound hd (h.2 j j.isLt)
    rwa [mulInt_eq, Int.ofNat_eq_natCast, ofScaled_mul_scale'] at this

theorem least_sound {lows highs i : Nat} {z b : Int} (h : least lows highs i z = some b) {t : Rat}
    (between : Between (element lows i) (element highs i) t) : ofScaled b ≤ z * t := by
  rw [least, withInt_eq] at h
  split at h
  · rw [← Option.some.inj h, ofScaled_zero]
    show 0 ≤ ((0 : Int) : Rat) * t
    rw [Rat.intCast_zero, Rat.zero_mul]
    exact Rat.le_refl
  · rename_i k
    rw [finiteAt_eq] at h
    split at h
    · rename_i finite
      have pos : (0 : Rat) < ((Int.ofNat (k + 1) : Int) : Rat) := cast_pos (by simp only [Int.ofNat_eq_natCast]; omega)
      rw [← Option.some.inj h, doubleAt_eq finite, mulInt_eq, ofScaled_mul]
      exact Rat.mul_le_mul_of_nonneg_left (between.1 finite) (Rat.le_of_lt pos)
    · contradiction
  · rename_i k
    rw [finiteAt_eq] at h
    split at h
    · rename_i finite
      have pos : (0 : Rat) < ((-(Int.negSucc k) : Int) : Rat) := cast_pos (by omega)
      rw [← Option.some.inj h, doubleAt_eq finite, mulInt_eq, ofScaled_mul]
      have := Rat.mul_le_mul_of_nonneg_left (between.2 finite) (Rat.le_of_lt pos)
      rw [Rat.intCast_neg] at this
      rw [← toRat_eq_ofScaled]
      grind
    · contradiction

private theorem sum_unit {k : Nat} {unit : Int → Rat} (zero : unit 0 = 0) (add : ∀ x y, unit (x + y) = unit x + unit y)
    (f : Nat → Int) (e : Rat) : (vecSum fun i : Fin k => unit (f i) / e) = unit (integerSum k f) / e := by
  induction k with
  | zero => rw [integerSum, zero]; show (0 : Rat) = 0 / e; grind
  | succ k ih =>
    rw [vecSum_succ, integerSum, add]
    show (vecSum fun i : Fin k => unit (f i) / e) + unit (f k) / e = _
    rw [ih]
    grind

private theorem row_le {b y s e : Rat} (he : 0 < e) (h : b ≤ y * s) : b / e ≤ y / e * s := by
  rw [div_le he]
  have : y / e * s * e = y * s := by grind
  grind

private theorem column_le {b z s e u c a : Rat} (he : 0 < e) (hu : 0 < u) (h : b ≤ z * s) (hz : z / u = e * c - a) :
    b / u / e ≤ (c - a / e) * s := by
  rw [div_le he, div_le hu]
  have : (c - a / e) * s * e * u = (e * c - a) * u * s := by grind
  have : z = (e * c - a) * u := by rw [← hz]; grind
  grind

/-- What multipliers bound the costs by is not more than any feasible cost. -/
theorem boundOf_sound (well : F.matrix.WellFormed m n) (he : 0 < e)
    {costs y : Nat → Int} {t : Int} (h : boundOf F m n costs y e = some t) {x : Vec n Rat}
    (feasible : (F.program m n).Feasible x) : ofScaledSquare t / e ≤ dot (fun j => ofScaled (costs j)) x := by
  have pos := cast_pos he
  obtain ⟨column, evaluated, column_eq⟩ := Coefficients.withColumns_eq well y _
  rw [boundOf, evaluated] at h
  split at h
  case h_2 => contradiction
  case h_1 rows columns hr hc =>
    obtain ⟨r, rows_eq, rows_sum⟩ := sumSome_eq hr
    obtain ⟨c, columns_eq, columns_sum⟩ := sumSome_eq hc
    have total : ofScaledSquare t / e =
        (vecSum fun i : Fin m => ofScaled (r i) / e) + vecSum fun j : Fin n => ofScaledSquare (c j) / e := by
      rw [sum_unit ofScaled_zero ofScaled_add, sum_unit ofScaledSquare_zero ofScaledSquare_add, ← rows_sum, ← columns_sum,
        ← Option.some.inj h]
      rw [addInt_eq, mulInt_eq, ofScaledSquare_add, Int.ofNat_eq_natCast, ofScaledSquare_mul_scale]
      generalize ofScaled rows = a, ofScaledSquare columns = b
      grind
    rw [total]
    refine Program.lowerBound_le (P := F.program m n) (fun i => (y i : Rat) / e) _ _ (fun i s hs' => ?_)
      (fun j s hs' => ?_) feasible
    · exact row_le pos (least_sound (rows_eq i i.isLt) hs')
    · have divided : (F.program m n).matrix.transpose.mulVec (fun i => (y i : Rat) / e) j =
          ofScaled (column j) / e := by
        rw [← column_eq]
        exact dot_div m _ _ _
      rw [divided]
      refine column_le pos scale_pos (least_sound (columns_eq j j.isLt) hs') ?_
      rw [subInt_eq, mulInt_eq, ← ofScaled_mul, ← ofScaled_sub]
      rfl

theorem recedes_sound (well : F.matrix.WellFormed m n) {r : Nat → Int}
    (h : recedes F m n r = true) : (F.program m n).Recedes fun j => (r j : Rat) := by
  simp only [recedes, leadsAway, negInt_eq, Bool.and_eq_true, Bool.or_eq_true, Bool.not_eq_true', allBelow_iff, withInt_eq, isNonneg_iff,
    finiteAt_eq] at h
  have row_eq : ∀ i : Fin m, (F.program m n).matrix.mulVec (fun j => (r j : Rat)) i = ofScaled (F.matrix.rowSum n r i) :=
    Coefficients.row_eq well r
  have resolve : ∀ {b : Bool} {p : Prop}, b = false ∨ p → b = true → p := fun h e => h.resolve_left (by rw [e]; decide)
  refine ⟨fun i fin => ?_, fun i fin => ?_, fun j fin => ?_, fun j fin => ?_⟩
  · rw [row_eq, ofScaled_nonneg]
    exact resolve (h.1 i i.isLt).1 fin
  · rw [row_eq, ← ofScaled_zero, ofScaled_le]
    have : 0 ≤ -F.matrix.rowSum n r i := resolve (h.1 i i.isLt).2 fin
    omega
  · have : 0 ≤ r j := resolve (h.2 j j.isLt).1 fin
    exact Rat.intCast_nonneg.2 this
  · have : 0 ≤ -r j := resolve (h.2 j j.isLt).2 fin
    have : 0 ≤ ((-r j : Int) : Rat) := Rat.intCast_nonneg.2 this
    rw [Rat.intCast_neg] at this
    grind

/-- The cost of a point. -/
theorem costSum_eq (finite : ∀ j < n, isFinite (element F.cost j) = true) (x : Nat → Int) :
    dot (F.program m n).cost (fun j => (x j : Rat)) = ofScaled (costSum F n x) := by
  have e : costSum F n x = integerSum n fun j => scaled (element F.cost j) * x j := by
    rw [costSum, sumProducts_eq]
    exact integerSum_congr fun j hj => congrArg (· * x j) (doubleAt_eq (finite j hj))
  rw [e]
  exact Coefficients.sum_ofScaled (fun j => scaled (element F.cost j)) x n

/-- The cost of a point with a denominator. -/
theorem costSum_div_eq (finite : ∀ j < n, isFinite (element F.cost j) = true) (x : Nat → Int) (d : Rat) :
    dot (F.program m n).cost (fun j => (x j : Rat) / d) = ofScaled (costSum F n x) / d := by
  rw [← costSum_eq (m := m) finite, ← dot_div]

end LeanPythonBridge.Certificate.LinearProgram
