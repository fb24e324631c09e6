module

public import LeanPythonBridge.Certificate.SumTree

/-!
# Sparse matrices

A matrix in compressed sparse rows (CSR), as SciPy has it: the entries that are stored, row after row, the column of each,
and where each row starts. What is not stored is zero. Products with vectors take steps for what is stored only.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate

open Float64

/-- The frames of a sparse matrix: entry `k` has the value `data[k]` and stands in column `indices[k]`; those of row `i` are
the entries from `starts[i]` up to `starts[i + 1]`. -/
structure SparseMatrix where
  /-- How many entries are stored. -/
  count : Nat
  /-- The values, doubles. -/
  data : Nat
  /-- The columns, integers of 64 bits. -/
  indices : Nat
  /-- Where rows start, integers of 64 bits, one more than there are rows. -/
  starts : Nat

namespace SparseMatrix

variable {S : SparseMatrix} {m n : Nat}

/-! ## What it is -/

/-- How many entries row `i` has. -/
def length (S : SparseMatrix) (i : Nat) : Nat := element S.starts (i + 1) - element S.starts i

/-- The column of entry `l` of row `i`. -/
def column (S : SparseMatrix) (i l : Nat) : Nat := element S.indices (element S.starts i + l)

/-- The bits of entry `l` of row `i`. -/
def entry (S : SparseMatrix) (i l : Nat) : Nat := element S.data (element S.starts i + l)

/-- The matrix: in row `i` and column `j` stands what row `i` stores for this column. -/
def matrix (S : SparseMatrix) (m n : Nat) : Matrix m n Rat := fun i j =>
  vecSum fun l : Fin (S.length i) => if S.column i l = j then toRat (S.entry i l) else 0

/-- The frames are those of a matrix with `m` rows and `n` columns, and store at most one entry for each place. -/
structure WellFormed (S : SparseMatrix) (m n : Nat) : Prop where
  /-- The first row starts with the first entry. -/
  first : element S.starts 0 = 0
  /-- No row ends before it starts. -/
  ascending : ∀ i : Fin m, element S.starts i ≤ element S.starts (i + 1)
  /-- The last row ends with the last entry. -/
  last : element S.starts m = S.count
  /-- Columns are columns of the matrix. -/
  inside : ∀ (i : Fin m) (l : Fin (S.length i)), S.column i l < n
  /-- The columns of a row are in order, each once. -/
  increasing : ∀ (i : Fin m) (l : Nat), l + 1 < S.length i → S.column i l < S.column i (l + 1)
  /-- The values are finite. -/
  finite : Finite (frameVec S.data S.count)

/-! ## Evaluation -/

/-- The test of row `i`. -/
def isRow (S : SparseMatrix) (n i : Nat) : Bool :=
  withValue (cut 64 S.starts i) fun start => withValue (cut 64 S.starts (Nat.succ i)) fun stop =>
    Nat.ble start stop && withValue (Nat.sub stop start) fun length => allBelow (fun l =>
      withValue (cut 64 S.indices (Nat.add start l)) fun j => Nat.blt j n &&
        (Nat.ble length (Nat.succ l) || Nat.blt j (cut 64 S.indices (Nat.add start (Nat.succ l))))) length

/-- Decides `WellFormed`. -/
def isWellFormed (S : SparseMatrix) (m n : Nat) : Bool :=
  Nat.beq (cut 64 S.starts 0) 0 && Nat.beq (cut 64 S.starts m) S.count && allBelow (isRow S n) m &&
    Order.finite S.count S.data

/-- Row `i` times `x`, in units of `2^(-1074)`. -/
def rowSum (S : SparseMatrix) (x : Nat → Int) (i : Nat) : Int :=
  withValue (cut 64 S.starts i) fun start =>
    sumProducts (fun l => Nat.add start l) S.data (fun l => withValue (cut 64 S.indices (Nat.add start l)) x)
      (Nat.sub (cut 64 S.starts (Nat.succ i)) start)

/-- Row `i`, each entry times `y`, in units of `2^(-1074)`. -/
def scaledRow (S : SparseMatrix) (bits i : Nat) (y : Int) : SumTree :=
  match y with
  | .ofNat 0 => .none
  | y => withValue (cut 64 S.starts i) fun start => SumTree.sumBelow bits (fun l =>
      withValue (cut 64 S.indices (Nat.add start l)) fun j =>
        withInt (mulInt (doubleAt S.data (Nat.add start l)) y) fun z => SumTree.single bits j z)
      (Nat.sub (cut 64 S.starts (Nat.succ i)) start)

/-- A function of the columns times `y`, in units of `2^(-1074)`: rows are added, each times its entry of `y`. -/
def withColumns {α : Type} (S : SparseMatrix) (m n : Nat) (y : Nat → Int) (f : (Nat → Int) → α) : α :=
  withValue (Nat.succ (Nat.log2 n)) fun bits =>
    (fun tree => f (SumTree.get bits tree)) (SumTree.sumBlock bits (Nat.succ (Nat.log2 m))
      (fun i => Bool.rec .none (withInt (y i) (scaledRow S bits i)) (Nat.blt i m)) 0)

/-! ## What they say -/

private theorem starts_le (well : S.WellFormed m n) {i k : Nat} (hk : k ≤ m) (hi : i ≤ k) :
    element S.starts i ≤ element S.starts k := by
  induction k with
  | zero => rw [Nat.le_zero.1 hi]; exact Nat.le_refl _
  | succ k ih =>
    rcases Nat.lt_or_eq_of_le hi with lt | rfl
    · exact Nat.le_trans (ih (by omega) (by omega)) (well.ascending ⟨k, by omega⟩)
    · exact Nat.le_refl _

private theorem isFinite_entry (well : S.WellFormed m n) {i l : Nat} (hi : i < m) (hl : l < S.length i) :
    isFinite (S.entry i l) = true := by
  have stop := starts_le well (Nat.le_refl m) (Nat.succ_le_of_lt hi)
  rw [well.last, Nat.succ_eq_add_one] at stop
  rw [length] at hl
  exact well.finite ⟨element S.starts i + l, by omega⟩

theorem isWellFormed_sound (h : S.isWellFormed m n = true) : S.WellFormed m n := by
  simp only [isWellFormed, isRow, Bool.and_eq_true, Bool.or_eq_true, allBelow_iff, withValue_eq, cut_eq_element, Nat.beq_eq,
    Nat.ble_eq, Nat.blt_eq] at h
  obtain ⟨⟨⟨first, last⟩, rows⟩, finite⟩ := h
  exact {
    first, last
    ascending := fun i => (rows i i.isLt).1
    inside := fun i l => ((rows i i.isLt).2 l l.isLt).1
    increasing := fun i l hl => ((rows i i.isLt).2 l (by have : l < S.length i := by omega
                                                         exact this)).2.resolve_left (by
      have : ¬S.length i ≤ l + 1 := by omega
      exact this)
    finite := fun k => Order.finite_sound finite k k.isLt }

theorem rowSum_eq (well : S.WellFormed m n) (x : Nat → Int) (i : Fin m) :
    (S.matrix m n).mulVec (fun j => (x j : Rat)) i = ofScaled (S.rowSum x i) := by
  have e : S.rowSum x i = integerSum (S.length i) fun l => scaled (S.entry i l) * x (S.column i l) := by
    rw [rowSum, withValue_eq, cut_eq_element, cut_eq_element, sumProducts_eq]
    refine integerSum_congr fun l hl => ?_
    rw [withValue_eq, cut_eq_element]
    exact congrArg (· * x (S.column i l)) (doubleAt_eq (isFinite_entry well i.isLt hl))
  rw [e, ← vecSum_ofScaled]
  show (vecSum fun j : Fin n => (vecSum fun l : Fin (S.length i) => if S.column i l = j then toRat (S.entry i l) else 0) *
    (x j : Rat)) = _
  simp only [← vecSum_mul_right]
  rw [vecSum_comm fun (j : Fin n) (l : Fin (S.length i)) =>
    (if S.column i l = j then toRat (S.entry i l) else 0) * (x j : Rat)]
  congr; funext l
  have value : ofScaled (scaled (S.entry i l) * x (S.column i l)) = toRat (S.entry i l) * (x (S.column i l) : Rat) := by
    rw [Int.mul_comm, ofScaled_mul, toRat_eq_ofScaled, Rat.mul_comm]
  rw [value, ← vecSum_single (⟨S.column i l, well.inside i l⟩ : Fin n)
    (toRat (S.entry i l) * (x (S.column i l) : Rat))]
  congr; funext j
  by_cases h : S.column i l = j
  · rw [if_pos h, if_pos (Fin.ext h.symm), h]
  · rw [if_neg h, if_neg fun e => h (congrArg Fin.val e).symm, Rat.zero_mul]

private theorem get_scaledRow (well : S.WellFormed m n) {bits : Nat} (hn : n < 2 ^ bits) {i j : Nat} (hi : i < m)
    (hj : j < n) (y : Int) : SumTree.get bits (S.scaledRow bits i y) j =
      integerSum (S.length i) fun l => if S.column i l = j then scaled (S.entry i l) * y else 0 := by
  unfold scaledRow
  split
  · rw [SumTree.get_none, integerSum_of_zero (Nat.zero_le _) fun l _ _ => ?_]
    · rfl
    · split
      · exact Int.mul_zero _
      · rfl
  · rw [withValue_eq, SumTree.get_sumBelow, cut_eq_element, cut_eq_element]
    refine integerSum_congr fun l hl => ?_
    have column : S.column i l < n := well.inside ⟨i, hi⟩ ⟨l, hl⟩
    have value : doubleAt S.data (Nat.add (element S.starts i) l) = scaled (S.entry i l) :=
      doubleAt_eq (isFinite_entry well hi hl)
    rw [withValue_eq, withInt_eq, cut_eq_element, mulInt_eq, value]
    exact SumTree.get_single (Nat.lt_trans column hn) (Nat.lt_trans hj hn) _

theorem withColumns_eq {α : Type} (well : S.WellFormed m n) (y : Nat → Int) (f : (Nat → Int) → α) :
    ∃ column : Nat → Int, S.withColumns m n y f = f column ∧
      ∀ j : Fin n, (S.matrix m n).transpose.mulVec (fun i => (y i : Rat)) j = ofScaled (column j) := by
  refine ⟨_, by rw [withColumns, withValue_eq], fun j => ?_⟩
  have hn : n < 2 ^ (n.log2 + 1) := Nat.lt_log2_self
  have hm : m ≤ 2 ^ (m.log2 + 1) := Nat.le_of_lt Nat.lt_log2_self
  rw [SumTree.get_sumBlock, Nat.zero_mul, integerSum_of_zero hm fun i hi _ => ?_]
  · have rows : ∀ i < m, SumTree.get (n.log2 + 1) (Bool.rec .none (withInt (y i) (S.scaledRow (n.log2 + 1) i))
        (Nat.blt i m)) j = integerSum (S.length i) fun l => if S.column i l = j then scaled (S.entry i l) * y i else 0 :=
      fun i hi => by
        rw [show Nat.blt i m = true from Nat.ble_eq_true_of_le hi, withInt_eq]
        exact get_scaledRow well hn hi j.isLt (y i)
    simp only [Nat.zero_add]
    rw [integerSum_congr rows, ← vecSum_ofScaled]
    show (vecSum fun i : Fin m => (vecSum fun l : Fin (S.length i) => if S.column i l = j then toRat (S.entry i l) else 0) *
      (y i : Rat)) = _
    congr; funext i
    rw [← vecSum_ofScaled, ← vecSum_mul_right]
    congr; funext l
    split
    · rw [Int.mul_comm, ofScaled_mul, toRat_eq_ofScaled, Rat.mul_comm]
    · rw [ofScaled_zero, Rat.zero_mul]
  · have h : ¬i < m := by omega
    rw [Nat.zero_add, show Nat.blt i m = false from Bool.eq_false_iff.2 (mt Nat.le_of_ble_eq_true h)]
    exact SumTree.get_none _

end SparseMatrix
end LeanPythonBridge.Certificate
