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

/-- Words of a frame. -/
def slice (x start length : Nat) : Nat :=
  Nat.land (Nat.shiftRight x (Nat.mul 64 start)) (Nat.sub (Nat.shiftLeft 1 (Nat.mul 64 length)) 1)

/-- A function of row `i`: how many entries it has, their values and their columns. They are cut out of the frames first:
each shift of a whole frame leaves a number that is as long. -/
def withRow {α : Type} (S : SparseMatrix) (i : Nat) (f : (length data indices : Nat) → α) : α :=
  withValue (cut 64 S.starts i) fun start => withValue (Nat.sub (cut 64 S.starts (Nat.succ i)) start) fun length =>
    withLarge (slice S.data start length) fun data => withLarge (slice S.indices start length) fun indices =>
      f length data indices

/-- The test of row `i`. -/
def isRow (S : SparseMatrix) (n i : Nat) : Bool :=
  Nat.ble (cut 64 S.starts i) (cut 64 S.starts (Nat.succ i)) && S.withRow i fun length _ indices => allBelow (fun l =>
    withValue (cut 64 indices l) fun j =>
      Nat.blt j n && (Nat.ble length (Nat.succ l) || Nat.blt j (cut 64 indices (Nat.succ l)))) length

/-- Decides `WellFormed`. -/
def isWellFormed (S : SparseMatrix) (m n : Nat) : Bool :=
  Nat.beq (cut 64 S.starts 0) 0 && Nat.beq (cut 64 S.starts m) S.count && allBelow (isRow S n) m &&
    Order.finite S.count S.data

/-- Row `i` times `x`, in units of `2^(-1074)`. -/
def rowSum (S : SparseMatrix) (x : Nat → Int) (i : Nat) : Int :=
  S.withRow i fun length data indices =>
    sumProducts (fun l => l) data (fun l => withValue (cut 64 indices l) x) length

/-- Row `i`, each entry times `y`, in units of `2^(-1074)`. -/
def scaledRow (S : SparseMatrix) (bits i : Nat) (y : Int) : SumTree :=
  match y with
  | .ofNat 0 => .none
  | y => S.withRow i fun length data indices => SumTree.sumBelow bits (fun l =>
      withValue (cut 64 indices l) fun j =>
        withInt (mulInt (doubleAt data l) y) fun z => SumTree.single bits j z) length

/-- A function of the columns times `y`, in units of `2^(-1074)`: rows are added, each times its entry of `y`. -/
def withColumns {α : Type} (S : SparseMatrix) (m n : Nat) (y : Nat → Int) (f : (Nat → Int) → α) : α :=
  withValue (Nat.succ (Nat.log2 n)) fun bits =>
    (fun tree => f (SumTree.get bits tree)) (SumTree.sumBlock bits (Nat.succ (Nat.log2 m))
      (fun i => Bool.rec .none (withInt (y i) (scaledRow S bits i)) (Nat.blt i m)) 0)

/-! ## What they say -/

private theorem element_slice {x start length l : Nat} (hl : l < length) :
    element (slice x start length) l = element x (start + l) := by
  have unfolded : slice x start length = x / 2 ^ (64 * start) % 2 ^ (64 * length) := by
    show (x >>> (64 * start)) &&& (1 <<< (64 * length) - 1) = _
    rw [Nat.one_shiftLeft, Nat.and_two_pow_sub_one_eq_mod, Nat.shiftRight_eq_div_pow]
  refine Nat.eq_of_testBit_eq fun b => ?_
  simp only [unfolded, element, Nat.testBit_mod_two_pow, Nat.testBit_div_two_pow]
  by_cases hb : b < 64
  · rw [decide_eq_true (show b + 64 * l < 64 * length by omega), Bool.true_and]
    congr 2; omega
  · simp [hb]

private theorem withRow_eq {α : Type} (i : Nat) (f : (length data indices : Nat) → α) :
    S.withRow i f = f (S.length i) (slice S.data (element S.starts i) (S.length i))
      (slice S.indices (element S.starts i) (S.length i)) := by
  simp only [withRow, withValue_eq, withLarge_eq, cut_eq_element]
  rfl

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

private theorem doubleAt_slice (well : S.WellFormed m n) {i l : Nat} (hi : i < m) (hl : l < S.length i) :
    doubleAt (slice S.data (element S.starts i) (S.length i)) l = scaled (S.entry i l) := by
  have finite := isFinite_entry well hi hl
  have e := element_slice (x := S.data) (start := element S.starts i) hl
  rw [doubleAt_eq (by rw [e]; exact finite), e]
  rfl

theorem isWellFormed_sound (h : S.isWellFormed m n = true) : S.WellFormed m n := by
  simp only [isWellFormed, isRow, withRow_eq, Bool.and_eq_true, Bool.or_eq_true, allBelow_iff, withValue_eq, cut_eq_element,
    Nat.beq_eq, Nat.ble_eq, Nat.blt_eq] at h
  obtain ⟨⟨⟨first, last⟩, rows⟩, finite⟩ := h
  exact {
    first, last
    ascending := fun i => (rows i i.isLt).1
    inside := fun i l => by
      have h := ((rows i i.isLt).2 l l.isLt).1
      rwa [element_slice l.isLt] at h
    increasing := fun i l hl => by
      have h := ((rows i i.isLt).2 l (Nat.lt_of_succ_lt hl)).2.resolve_left (Nat.not_le_of_lt hl)
      rwa [element_slice (Nat.lt_of_succ_lt hl), element_slice hl] at h
    finite := fun k => Order.finite_sound finite k k.isLt }

theorem rowSum_eq (well : S.WellFormed m n) (x : Nat → Int) (i : Fin m) :
    (S.matrix m n).mulVec (fun j => (x j : Rat)) i = ofScaled (S.rowSum x i) := by
  have e : S.rowSum x i = integerSum (S.length i) fun l => scaled (S.entry i l) * x (S.column i l) := by
    rw [rowSum, withRow_eq, sumProducts_eq]
    refine integerSum_congr fun l hl => ?_
    rw [withValue_eq, cut_eq_element, element_slice hl, doubleAt_slice well i.isLt hl]
    rfl
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
  · rw [withRow_eq, SumTree.get_sumBelow]
    refine integerSum_congr fun l hl => ?_
    have column : S.column i l < n := well.inside ⟨i, hi⟩ ⟨l, hl⟩
    rw [withValue_eq, withInt_eq, cut_eq_element, mulInt_eq, element_slice hl, doubleAt_slice well hi hl]
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
