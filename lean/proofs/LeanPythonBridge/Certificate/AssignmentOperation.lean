module

public import LeanPythonBridge.Certificate.Arguments
public import LeanPythonBridge.Certificate.ExactIntegers
public import LeanPythonBridge.Certificate.Operation

/-!
# `assignment`: a column for every row, at the least cost

The question has the array `cost`, of `n` rows and columns of doubles; the answer has the array `columns`, the column of each
row. The certificate has the array `rows`, the row of each column, the prices `row_prices` and `column_prices`, doubles that
together never exceed a cost, and the double `gap`, by which the assignment costs no more than all prices.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.AssignmentOperation

open Float64

variable {n : Nat}

/-! ## What it means -/

/-- An assignment that no other is cheaper than, by more than the gap. -/
structure Optimal (cost : Matrix n n Rat) (columns : Vec n Nat) (gap : Rat) : Prop where
  /-- Every row has its own column, and no permutation of the columns costs less, but for the gap. -/
  least : ∃ σ τ : Fin n → Fin n, IsPermutation σ τ ∧ (∀ i, (σ i).val = columns i) ∧
    ∀ π ρ : Fin n → Fin n, IsPermutation π ρ → vecSum (fun i => cost i (σ i)) ≤ vecSum (fun i => cost i (π i)) + gap

/-- The columns of an answer, and nothing else. -/
def columns? (a : Answer) : Option NamedArray :=
  match a.result, a.arrays with
  | [], [columns] => if columns.name == "columns" && columns.dtype == .i8 then some columns else none
  | _, _ => none

/-- What a certified assignment means, of the exact values of the costs: no assignment costs less by more than `gap`. -/
def Meaning (q : Question) (a : Answer) : Prop :=
  ∃ n cost columns gap, q.array? "cost" = some cost ∧ cost.IsMatrix n n ∧ columns? a = some columns ∧
    columns.shape = [n] ∧ Value.find? "gap" a.certificate = some (.float gap) ∧
    (∀ i, Finite (frameMatrix cost.packed n n i)) ∧
    Optimal (valueMatrix (frameMatrix cost.packed n n)) (frameVec columns.packed n) (toRat gap.toNat)

/-! ## The test -/

/-- The sum of doubles, at the indices `index 0, …, index (n - 1)` of a frame. -/
def entrySum (index : Nat → Nat) (x n : Nat) : Int := sumProducts index x (fun _ => 1) n

/-- The test that two frames of indices are inverse. -/
def areInverse (columns rows n : Nat) : Bool :=
  allBelow (fun i => withValue (cut 64 columns i) fun j => Nat.blt j n && Nat.beq (cut 64 rows j) i) n &&
    allBelow (fun j => withValue (cut 64 rows j) fun i => Nat.blt i n && Nat.beq (cut 64 columns i) j) n

/-- The test of the frames. -/
def checkFrames (n cost columns rows rowPrices columnPrices gap : Nat) : Bool :=
  Order.finite (Nat.mul n n) cost && Order.finite n rowPrices && Order.finite n columnPrices && isFinite gap &&
    areInverse columns rows n &&
    allBelow (fun i => withInt (doubleAt rowPrices i) fun price => allBelow (fun j =>
      isNonneg (Int.sub (Int.sub (doubleAt cost (Nat.add (Nat.mul i n) j)) price) (doubleAt columnPrices j))) n) n &&
    isNonneg (Int.sub (Int.add (Int.add (doubleAt gap 0) (entrySum (fun i => i) rowPrices n))
      (entrySum (fun j => j) columnPrices n)) (entrySum (fun i => Nat.add (Nat.mul i n) (cut 64 columns i)) cost n))

/-- An array of `n` indices. -/
def isIndices (a : NamedArray) (n : Nat) : Bool := a.dtype == .i8 && a.shape == [n]

/-- Whether the certificate of an answer holds. -/
def check (q : Question) (a : Answer) : Bool :=
  match q.array? "cost", columns? a, a.certificateArray? "rows", a.certificateArray? "row_prices",
    a.certificateArray? "column_prices", Value.double? "gap" a.certificate with
  | some cost, some columns, some rows, some rowPrices, some columnPrices, some gap =>
    a.isKind "assignment_prices" && cost.isMatrix cost.rowCount cost.rowCount && columns.shape == [cost.rowCount] &&
      isIndices rows cost.rowCount && rowPrices.isVector cost.rowCount && columnPrices.isVector cost.rowCount &&
        withValue (join cost.chunks) fun c => withValue (join columns.chunks) fun s => withValue (join rows.chunks) fun t =>
          withValue (join rowPrices.chunks) fun u => withValue (join columnPrices.chunks) fun v =>
            checkFrames cost.rowCount c s t u v gap.toNat
  | _, _, _, _, _, _ => false

/-! ## Soundness -/

private theorem entrySum_eq {index : Nat → Nat} {x : Nat} (finite : ∀ i < n, isFinite (element x (index i)) = true) :
    ofScaled (entrySum index x n) = vecSum fun i : Fin n => toRat (element x (index i)) := by
  have e : entrySum index x n = integerSum n fun i => scaled (element x (index i)) := by
    rw [entrySum, sumProducts_eq]
    exact integerSum_congr fun i hi => by rw [doubleAt_eq (finite i hi), Int.mul_one]
  rw [e]
  clear e
  have all : ∀ k, ofScaled (integerSum k fun i => scaled (element x (index i))) =
      vecSum fun i : Fin k => toRat (element x (index i)) := by
    intro k
    induction k with
    | zero => exact ofScaled_zero
    | succ k ih => rw [vecSum_succ, integerSum, ofScaled_add, ih]; rfl
  exact all n

private theorem index_lt {i j : Nat} (hi : i < n) (hj : j < n) : i * n + j < n * n := by
  have := Nat.mul_le_mul_right n (Nat.succ_le_of_lt hi)
  rw [Nat.succ_mul] at this
  omega

private theorem checkFrames_sound {cost columns rows rowPrices columnPrices gap : Nat} (small : gap < 2 ^ 64)
    (h : checkFrames n cost columns rows rowPrices columnPrices gap = true) :
    (∀ i, Finite (frameMatrix cost n n i)) ∧
      Optimal (valueMatrix (frameMatrix cost n n)) (frameVec columns n) (toRat gap) := by
  have blt : ∀ {a b : Nat}, Nat.blt a b = true → a < b := fun h => Nat.le_of_ble_eq_true h
  simp only [checkFrames, Bool.and_eq_true, areInverse, allBelow_iff, withValue_eq, withInt_eq, cut_eq_element,
    isNonneg_iff, Nat.beq_eq] at h
  obtain ⟨⟨⟨⟨⟨⟨costs, us⟩, vs⟩, finite⟩, forth, back⟩, prices⟩, total⟩ := h
  have costs : ∀ i < n, ∀ j < n, isFinite (element cost (i * n + j)) = true := fun i hi j hj =>
    Order.finite_sound costs _ (index_lt hi hj)
  have us := Order.finite_sound us
  have vs := Order.finite_sound vs
  refine ⟨fun i j => costs i i.isLt j j.isLt, ⟨fun i => ⟨element columns i, blt (forth i i.isLt).1⟩,
    fun j => ⟨element rows j, blt (back j j.isLt).1⟩, ⟨fun i => Fin.ext (forth i i.isLt).2, fun j => Fin.ext (back j j.isLt).2⟩,
    fun i => rfl, fun π ρ permutation => ?_⟩⟩
  have e : element gap 0 = gap := by
    rw [element, Nat.mul_zero, Nat.pow_zero, Nat.div_one, Nat.mod_eq_of_lt small]
  have total : entrySum (fun i => i * n + element columns i) cost n ≤
      doubleAt gap 0 + entrySum (fun i => i) rowPrices n + entrySum (fun j => j) columnPrices n := Int.sub_nonneg.1 total
  have total := ofScaled_le.2 total
  rw [ofScaled_add, ofScaled_add, doubleAt_eq (by rw [e]; exact finite), e, ← toRat_eq_ofScaled, entrySum_eq us, entrySum_eq vs,
    entrySum_eq fun i hi => costs i hi _ (blt (forth i hi).1)] at total
  have least : (vecSum fun i : Fin n => toRat (element rowPrices i)) + (vecSum fun j : Fin n => toRat (element columnPrices j)) ≤
      vecSum fun i => valueMatrix (frameMatrix cost n n) i (π i) := by
    rw [← vecSum_permute permutation fun j : Fin n => toRat (element columnPrices j), ← vecSum_add]
    refine vecSum_mono fun i => ?_
    have h := prices i i.isLt (π i) (π i).isLt
    have d : doubleAt cost (((i : Nat).mul n).add (π i)) = scaled (element cost (i * n + π i)) :=
      doubleAt_eq (costs i i.isLt _ (π i).isLt)
    rw [d, doubleAt_eq (us i i.isLt), doubleAt_eq (vs _ (π i).isLt)] at h
    have h : scaled (element rowPrices i) + scaled (element columnPrices (π i)) ≤ scaled (element cost (i * n + π i)) := by
      have : 0 ≤ scaled (element cost (i * n + π i)) - scaled (element rowPrices i) - scaled (element columnPrices (π i)) := h
      omega
    have h := ofScaled_le.2 h
    rw [ofScaled_add] at h
    exact h
  have same : (vecSum fun i : Fin n => toRat (element cost (i * n + element columns i))) =
      vecSum fun i : Fin n => valueMatrix (frameMatrix cost n n) i ⟨element columns i, blt (forth i i.isLt).1⟩ := rfl
  rw [← same]
  grind

theorem check_sound {q : Question} {a : Answer} (h : check q a = true) : Meaning q a := by
  unfold check at h
  split at h
  case h_2 => contradiction
  case h_1 cost columns rows rowPrices columnPrices gap asked given _ _ _ stated =>
    simp only [Bool.and_eq_true, withValue_eq, join_eq, beq_iff_eq] at h
    obtain ⟨⟨⟨⟨⟨⟨-, square⟩, shape⟩, -⟩, -⟩, -⟩, frames⟩ := h
    obtain ⟨finite, optimal⟩ := checkFrames_sound gap.toNat_lt frames
    exact ⟨cost.rowCount, cost, columns, gap, asked, NamedArray.isMatrix_sound square, given, shape,
      Value.find?_of_double? stated, finite, optimal⟩

/-- A column for every row, at the least cost. -/
def operation : CertifiedOperation where
  name := "assignment"
  check := check
  Meaning := Meaning
  sound := check_sound

end LeanPythonBridge.Certificate.AssignmentOperation
