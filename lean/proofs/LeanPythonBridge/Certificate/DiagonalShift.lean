module

public import LeanPythonBridge.Certificate.PositiveDefiniteSoundness
public import LeanPythonBridge.Certificate.Units

/-!
# Bounds on quadratic forms, by positive definite matrices

That `xᵀ A x` is more than `a ‖x‖²` says that `A - a I` is positive definite. This matrix need not be one of doubles, so
the certificate brings one that is: it has the entries of `A` off the diagonal, and on the diagonal at most those of
`A - a I` (rounded down). Both are tested exactly, and that this matrix is positive definite. In the same way a matrix
with the entries of `-A` off the diagonal shows that `xᵀ A x` is less than `b ‖x‖²`.
-/

@[expose] public section

namespace LeanPythonBridge

open Lean.Grind

universe u

section Ring

variable {R : Type u} [CommRing R] {n : Nat}

/-- The form of a matrix that has entries on its diagonal only. -/
theorem quadForm_diagonal {F : Matrix n n R} (off : ∀ i j, i ≠ j → F i j = 0) (x : Vec n R) :
    quadForm F x = vecSum fun i => F i i * (x i * x i) := by
  rw [quadForm, dot]
  congr; funext i
  have row : F.mulVec x i = F i i * x i := by
    rw [Matrix.mulVec, dot, ← vecSum_single i (F i i * x i)]
    congr; funext j
    by_cases e : j = i
    · rw [if_pos e, e]
    · rw [if_neg e, off i j (Ne.symm e)]; grind
  rw [row]; grind

variable [LE R] [LT R] [Std.LawfulOrderLT R] [Std.IsLinearOrder R] [OrderedRing R]

/-- `xᵀ A x` exceeds `c ‖x‖²` when a positive definite matrix has the entries of `A` off the diagonal and at most those
of `A - c I` on it. -/
theorem lt_quadForm_of_posDef {A M : Matrix n n R} {c : R} (h : PosDef M) (off : ∀ i j, i ≠ j → M i j = A i j)
    (diagonal : ∀ i, M i i + c ≤ A i i) (x : Vec n R) (hx : ∃ i, x i ≠ 0) : c * normSq x < quadForm A x := by
  have positive := h x hx
  have split := quadForm_sub A M x
  rw [quadForm_diagonal (F := A - M) fun i j e => by
    rw [Matrix.sub_apply, Vec.sub_apply, off i j e]; grind] at split
  have le : c * normSq x ≤ vecSum fun i => (A - M) i i * (x i * x i) := by
    rw [normSq, dot, ← vecSum_mul_left]
    refine vecSum_mono fun i => ?_
    have := OrderedRing.mul_nonneg (a := A i i - (M i i + c)) (by have := diagonal i; grind) (mul_self_nonneg (x i))
    rw [Matrix.sub_apply, Vec.sub_apply]
    grind
  grind

/-- `xᵀ A x` is less than `c ‖x‖²` when a positive definite matrix has the entries of `-A` off the diagonal and at most
those of `c I - A` on it. -/
theorem quadForm_lt_of_posDef {A M : Matrix n n R} {c : R} (h : PosDef M) (off : ∀ i j, i ≠ j → M i j = -A i j)
    (diagonal : ∀ i, M i i + A i i ≤ c) (x : Vec n R) (hx : ∃ i, x i ≠ 0) : quadForm A x < c * normSq x := by
  have := lt_quadForm_of_posDef (A := (-1 : R) • A) (c := -c) h
    (fun i j e => by rw [off i j e, Matrix.smul_apply, Vec.smul_apply]; grind)
    (fun i => by have := diagonal i; rw [Matrix.smul_apply, Vec.smul_apply]; grind) x hx
  rw [quadForm_smul] at this
  grind

end Ring

namespace Certificate.DiagonalShift

open Float64 PositiveDefinite

/-! ## The tests -/

/-- The test that a double is finite. -/
def finite (x : Nat) : Bool := Nat.blt (Nat.mod x 0x8000000000000000) infinity

/-- The same double with the other sign, or both are zero. -/
def oppositeValue (x y : Nat) : Bool :=
  Nat.beq (Nat.add x 0x8000000000000000) y || Nat.beq (Nat.add y 0x8000000000000000) x

/-- The test of an entry `m` of the matrix below `A - c I`. -/
def entryBelow (c i j a m : Nat) : Bool :=
  Bool.rec (sameValue a m) (decide (scaled m + scaled c ≤ scaled a)) (Nat.beq i j)

/-- The test of an entry `m` of the matrix below `c I - A`. -/
def entryAbove (c i j a m : Nat) : Bool :=
  Bool.rec (oppositeValue a m) (decide (scaled m + scaled a ≤ scaled c)) (Nat.beq i j)

/-- The test of every entry of two matrices. -/
def everyEntry (test : Nat → Nat → Nat → Nat → Bool) (n matrix other : Nat) : Bool :=
  allBelow (fun i => allBelow (fun j => test i j (word n matrix i j) (word n other i j)) n) n

/-- The test that `xᵀ A x` exceeds `c ‖x‖²`, for the frames of `A`, of the matrix below `A - c I`, and of its factor. -/
def checkBelow (matrix other factor n c : Nat) (layout : Layout) : Bool :=
  finite c && everyEntry (entryBelow c) n matrix other && PositiveDefinite.check other factor n layout

/-- The test that `xᵀ A x` is less than `c ‖x‖²`, for the frames of `A`, of the matrix below `c I - A`, and of its
factor. -/
def checkAbove (matrix other factor n c : Nat) (layout : Layout) : Bool :=
  finite c && everyEntry (entryAbove c) n matrix other && PositiveDefinite.check other factor n layout

/-! ## What they find -/

variable {matrix other factor n c : Nat} {layout : Layout}

private theorem everyEntry_iff {test : Nat → Nat → Nat → Nat → Bool} (h : everyEntry test n matrix other = true)
    (i j : Fin n) : test i j (frameMatrix matrix n n i j) (frameMatrix other n n i j) = true := by
  have := allBelow_iff.1 (allBelow_iff.1 h i i.isLt) j j.isLt
  rwa [word_eq matrix j.isLt, word_eq other j.isLt] at this

private theorem beq_val {i j : Fin n} : Nat.beq i j = decide (i = j) := by
  by_cases e : i = j
  · rw [e, decide_eq_true (rfl : j = j)]; exact Nat.beq_refl _
  · rw [decide_eq_false e]
    cases h : Nat.beq i j
    · rfl
    · exact absurd (Fin.ext (Nat.eq_of_beq_eq_true h)) e

private theorem scaled_of_opposite {x y : Nat} (h : oppositeValue x y = true) (hx : x < 2 ^ 64) (hy : y < 2 ^ 64)
    (finite : isFinite y = true) : scaled y = -scaled x := by
  simp only [isFinite, magnitude, decide_eq_true_eq] at finite
  simp only [oppositeValue, Bool.or_eq_true] at h
  rcases h with h | h
  · have e : x + 0x8000000000000000 = y := Nat.eq_of_beq_eq_true h
    have lt : x < infinity := by omega
    rw [← e, Nat.add_comm, show 0x8000000000000000 = signBit from rfl, scaled_signBit_add lt, scaled_of_lt lt]
  · have e : y + 0x8000000000000000 = x := Nat.eq_of_beq_eq_true h
    have lt : y < infinity := by omega
    rw [← e, Nat.add_comm, show 0x8000000000000000 = signBit from rfl, scaled_signBit_add lt, scaled_of_lt lt]
    omega

private theorem isFinite_of_finite {x : Nat} (h : finite x = true) : isFinite x = true :=
  decide_eq_true (Nat.le_of_ble_eq_true h)

theorem finite_of_checkBelow (h : checkBelow matrix other factor n c layout = true) : isFinite c = true := by
  simp only [checkBelow, Bool.and_eq_true] at h
  exact isFinite_of_finite h.1.1

theorem finite_of_checkAbove (h : checkAbove matrix other factor n c layout = true) : isFinite c = true := by
  simp only [checkAbove, Bool.and_eq_true] at h
  exact isFinite_of_finite h.1.1

/-- A matrix whose exponents lie in a range is finite. -/
theorem finite_of_range {r : Range} (h : r.checkFrame (n * n) matrix = true) (i : Fin n) :
    Finite (frameMatrix matrix n n i) := fun j => by
  have lt : i.val * n + j.val < n * n := by
    have := Nat.mul_le_mul_right n (Nat.succ_le_of_lt i.isLt)
    rw [Nat.succ_mul] at this
    omega
  exact Range.isFinite_of_holds (Range.checkFrame_holds h).1 ((Range.checkFrame_holds h).2 _ lt)

/-- What the first test says of the exact values. -/
theorem checkBelow_sound (h : checkBelow matrix other factor n c layout = true) :
    (∀ i j : Fin n, valueMatrix (frameMatrix matrix n n) i j = valueMatrix (frameMatrix matrix n n) j i) ∧
      ∀ x : Vec n Rat, (∃ i, x i ≠ 0) → toRat c * normSq x < quadForm (valueMatrix (frameMatrix matrix n n)) x := by
  simp only [checkBelow, Bool.and_eq_true] at h
  obtain ⟨⟨-, entries⟩, holds⟩ := h
  have certified := PositiveDefinite.check_sound holds
  have entry := everyEntry_iff entries
  simp only [entryBelow, beq_val] at entry
  have off : ∀ i j : Fin n, i ≠ j →
      valueMatrix (frameMatrix other n n) i j = valueMatrix (frameMatrix matrix n n) i j := fun i j e => by
    have := entry i j
    rw [decide_eq_false e] at this
    exact congrArg ofScaled (scaled_eq_of_sameValue this).symm
  refine ⟨fun i j => ?_, lt_quadForm_of_posDef certified.posDef off fun i => ?_⟩
  · by_cases e : i = j
    · rw [e]
    · rw [← off i j e, ← off j i (Ne.symm e), certified.symmetric]
  · have := entry i i
    rw [decide_eq_true (rfl : i = i)] at this
    show toRat _ + toRat c ≤ toRat _
    rw [toRat_eq_ofScaled, toRat_eq_ofScaled, toRat_eq_ofScaled, ← ofScaled_add, ofScaled_le]
    exact of_decide_eq_true this

/-- What the second test says of the exact values. -/
theorem checkAbove_sound (h : checkAbove matrix other factor n c layout = true) (x : Vec n Rat) (hx : ∃ i, x i ≠ 0) :
    quadForm (valueMatrix (frameMatrix matrix n n)) x < toRat c * normSq x := by
  simp only [checkAbove, Bool.and_eq_true] at h
  obtain ⟨⟨-, entries⟩, holds⟩ := h
  have certified := PositiveDefinite.check_sound holds
  have entry := everyEntry_iff entries
  simp only [entryAbove, beq_val] at entry
  refine quadForm_lt_of_posDef certified.posDef (fun i j e => ?_) (fun i => ?_) x hx
  · have := entry i j
    rw [decide_eq_false e] at this
    show toRat _ = -toRat _
    rw [toRat_eq_ofScaled, toRat_eq_ofScaled, ← ofScaled_neg]
    exact congrArg ofScaled (scaled_of_opposite this (element_lt ..) (element_lt ..) (certified.finite i j))
  · have := entry i i
    rw [decide_eq_true (rfl : i = i)] at this
    show toRat _ + toRat _ ≤ toRat c
    rw [toRat_eq_ofScaled, toRat_eq_ofScaled, toRat_eq_ofScaled, ← ofScaled_add, ofScaled_le]
    exact of_decide_eq_true this

end Certificate.DiagonalShift
end LeanPythonBridge
