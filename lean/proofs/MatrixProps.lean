module

public import MathDefs

/-! # Properties of sums of vectors and matrices -/

@[expose] public section

namespace LeanPythonBridge

open Lean.Grind

universe u

section Algebra

variable {R : Type u} [CommRing R] {l m n : Nat}

/-! ## Sums of vectors -/

/-- The sum of no entries. -/
@[simp] theorem vecSum_empty (x : Vec 0 R) : vecSum x = 0 := rfl

private theorem partialSum_castSucc (x : Vec (n + 1) R) (k : Nat) (h : k ≤ n) :
    partialSum x k (Nat.le_succ_of_le h) = partialSum (fun i => x i.castSucc) k h := by
  induction k with
  | zero => rfl
  | succ k ih => simp only [partialSum, ih (Nat.le_of_succ_le h)]; rfl

/-- A sum is the sum without the last entry, plus the last entry. -/
theorem vecSum_succ (x : Vec (n + 1) R) : vecSum x = vecSum (fun i => x i.castSucc) + x (Fin.last n) := by
  show partialSum x n _ + _ = _
  rw [partialSum_castSucc x n (Nat.le_refl n)]; rfl

/-- A sum is the first entry plus the sum of the others. -/
theorem vecSum_cons (x : Vec (n + 1) R) : vecSum x = x 0 + vecSum (fun i => x i.succ) := by
  induction n with
  | zero => rw [vecSum_succ]; simp only [vecSum_empty]; show 0 + x 0 = _; grind
  | succ n ih => rw [vecSum_succ, ih, vecSum_succ fun i => x i.succ]; simp only [← Fin.succ_castSucc]
                 show x 0 + _ + x (Fin.last n).succ = _; grind

/-- The sum of zeros. -/
theorem vecSum_zero : vecSum (fun _ : Fin n => (0 : R)) = 0 := by
  induction n with
  | zero => rfl
  | succ n ih => rw [vecSum_succ, ih]; grind

attribute [local instance] Semiring.natCast

/-- The sum of `n` equal entries. -/
theorem vecSum_const (c : R) : vecSum (fun _ : Fin n => c) = n * c := by
  induction n with
  | zero => grind [vecSum_empty]
  | succ n ih => rw [vecSum_succ, ih]; grind

/-- The sum of a sum of vectors. -/
theorem vecSum_add (x y : Vec n R) : vecSum (fun i => x i + y i) = vecSum x + vecSum y := by
  induction n with
  | zero => grind [vecSum_empty]
  | succ n ih => simp only [vecSum_succ]; rw [ih fun i => x i.castSucc]; grind

/-- A constant factor comes out on the left. -/
theorem vecSum_mul_left (c : R) (x : Vec n R) : vecSum (fun i => c * x i) = c * vecSum x := by
  induction n with
  | zero => grind [vecSum_empty]
  | succ n ih => simp only [vecSum_succ]; rw [ih fun i => x i.castSucc]; grind

/-- A constant factor comes out on the right. -/
theorem vecSum_mul_right (c : R) (x : Vec n R) : vecSum (fun i => x i * c) = vecSum x * c := by
  simp only [CommRing.mul_comm _ c, vecSum_mul_left]

/-- The sum of a difference of vectors. -/
theorem vecSum_sub (x y : Vec n R) : vecSum (fun i => x i - y i) = vecSum x - vecSum y := by
  have h := vecSum_add (fun i => x i - y i) y
  have : (fun i => x i - y i + y i) = x := by funext i; grind
  rw [this] at h; grind

/-- Two sums over independent indices can be exchanged. -/
theorem vecSum_comm (A : Matrix m n R) :
    vecSum (fun i => vecSum fun j => A i j) = vecSum fun j => vecSum fun i => A i j := by
  induction m with
  | zero => exact vecSum_zero.symm
  | succ m ih => simp only [vecSum_succ (n := m), vecSum_add]; rw [ih fun i => A i.castSucc]

/-- The sum over one index only. -/
theorem vecSum_single (k : Fin n) (a : R) : vecSum (fun i => if i = k then a else 0) = a := by
  induction n with
  | zero => exact k.elim0
  | succ n ih =>
    rw [vecSum_succ]
    cases k using Fin.lastCases with
    | last =>
      have : ∀ i : Fin n, i.castSucc ≠ Fin.last n := fun i => Fin.ne_of_lt i.castSucc_lt_last
      simp only [this, if_false, if_true, vecSum_zero]; grind
    | cast k =>
      have : Fin.last n ≠ k.castSucc := (Fin.ne_of_lt k.castSucc_lt_last).symm
      simp only [Fin.castSucc_inj, this, if_false, ih]; grind

/-- A sum does not change when its entries are permuted. -/
theorem vecSum_permute {σ τ : Fin n → Fin n} (h : IsPermutation σ τ) (x : Vec n R) :
    vecSum (fun i => x (σ i)) = vecSum x := by
  have one : ∀ i, x (σ i) = vecSum fun j => if j = σ i then x j else 0 := fun i => by
    rw [← vecSum_single (σ i) (x (σ i))]; congr; funext j; grind
  have flip : ∀ i j, (j = σ i) = (i = τ j) := fun i j =>
    propext ⟨fun e => by rw [e, h.left_inverse], fun e => by rw [e, h.right_inverse]⟩
  simp only [one, flip]
  rw [vecSum_comm fun i j => if i = τ j then x j else 0]
  simp only [vecSum_single]

/-- The sum of a function of a list's entries. -/
theorem vecSum_get {α : Type u} (f : α → R) (xs : List α) :
    vecSum (fun i => f (xs.get i)) = (xs.map f).sum := by
  induction xs with
  | nil => rfl
  | cons a xs ih => rw [List.map_cons, List.sum_cons, ← ih]; exact vecSum_cons _

/-- Summing the vector of a list sums the list. -/
theorem vecSum_ofList (xs : List R) : vecSum (Vec.ofList xs) = xs.sum := by
  simpa using vecSum_get id xs

/-! ## Sums of matrices -/

/-- The sum of a sum of matrices. -/
theorem matrixSum_add (A B : Matrix m n R) : matrixSum (A + B) = matrixSum A + matrixSum B := by
  simp only [matrixSum, ← vecSum_add]; rfl

/-- The sum of a difference of matrices. -/
theorem matrixSum_sub (A B : Matrix m n R) : matrixSum (A - B) = matrixSum A - matrixSum B := by
  simp only [matrixSum, ← vecSum_sub]; rfl

/-- The sum of a multiple of a matrix. -/
theorem matrixSum_smul (c : R) (A : Matrix m n R) : matrixSum (c • A) = c * matrixSum A := by
  simp only [matrixSum, ← vecSum_mul_left]; rfl

/-- Summing by columns gives what summing by rows gives. -/
theorem matrixSum_transpose (A : Matrix m n R) : matrixSum A.transpose = matrixSum A := (vecSum_comm A).symm

/-- The sum does not change when the rows are permuted. -/
theorem matrixSum_permute_rows {σ τ : Fin m → Fin m} (h : IsPermutation σ τ) (A : Matrix m n R) :
    matrixSum (A.permuteRows σ) = matrixSum A := vecSum_permute h fun i => vecSum (A i)

/-- The sum does not change when the columns are permuted. -/
theorem matrixSum_permute_columns {σ τ : Fin n → Fin n} (h : IsPermutation σ τ) (A : Matrix m n R) :
    matrixSum (A.transpose.permuteRows σ).transpose = matrixSum A := by
  rw [matrixSum_transpose, matrixSum_permute_rows h, matrixSum_transpose]

/-- The sum of a constant matrix. -/
theorem matrixSum_const (c : R) : matrixSum (fun (_ : Fin m) (_ : Fin n) => c) = m * (n * c) := by
  simp only [matrixSum, vecSum_const]

private theorem vecSum_getD (xs : List R) (n : Nat) (h : xs.length = n) :
    vecSum (fun j : Fin n => xs.getD j 0) = xs.sum := by
  subst h; simpa using vecSum_get id xs

/-- The sum of a matrix built from a rectangular list of rows is the sum of the rows' sums. -/
theorem matrixSum_ofRows (rows : List (List R)) (h : ∀ row ∈ rows, row.length = n) :
    matrixSum (Matrix.ofRows n 0 rows) = (rows.map List.sum).sum := by
  refine (vecSum_get (fun row => vecSum fun j : Fin n => row.getD j 0) rows).trans (congrArg _ ?_)
  exact List.map_congr_left fun row hr => vecSum_getD row n (h row hr)

/-- Transposing twice changes nothing. -/
@[simp] theorem Matrix.transpose_transpose {S : Type u} (A : Matrix m n S) : A.transpose.transpose = A := rfl

/-- The trace of the transpose. -/
theorem trace_transpose (A : Matrix n n R) : trace A.transpose = trace A := rfl

end Algebra

section Order

variable {R : Type u} [CommRing R] [LE R] [LT R] [Std.LawfulOrderLT R] [Std.IsLinearOrder R] [OrderedRing R]
variable {m n : Nat}

/-! ## Order -/

/-- A larger vector has a larger sum. -/
theorem vecSum_mono {x y : Vec n R} (h : ∀ i, x i ≤ y i) : vecSum x ≤ vecSum y := by
  induction n with
  | zero => grind [vecSum_empty]
  | succ n ih =>
    have := ih (x := fun i => x i.castSucc) (y := fun i => y i.castSucc) fun i => h i.castSucc
    have := h (Fin.last n)
    simp only [vecSum_succ]; grind

/-- Nonnegative entries have a nonnegative sum. -/
theorem vecSum_nonneg {x : Vec n R} (h : ∀ i, 0 ≤ x i) : 0 ≤ vecSum x := by
  rw [← vecSum_zero (R := R) (n := n)]; exact vecSum_mono h

/-- Among nonnegative entries, each is at most the sum. -/
theorem le_vecSum {x : Vec n R} (h : ∀ i, 0 ≤ x i) (k : Fin n) : x k ≤ vecSum x := by
  rw [← vecSum_single k (x k)]; exact vecSum_mono fun i => by grind

/-- Nonnegative entries have the sum zero exactly when each is zero. -/
theorem vecSum_eq_zero_iff {x : Vec n R} (h : ∀ i, 0 ≤ x i) : vecSum x = 0 ↔ ∀ i, x i = 0 := by
  refine ⟨fun hs i => ?_, fun hz => ?_⟩
  · have := le_vecSum h i; have := h i; grind
  · rw [← vecSum_zero (R := R) (n := n)]; exact congrArg _ (funext hz)

/-- A nonnegative matrix has a nonnegative sum. -/
theorem matrixSum_nonneg {A : Matrix m n R} (h : A.NonNegative) : 0 ≤ matrixSum A :=
  vecSum_nonneg fun i => vecSum_nonneg (h i)

/-- A matrix that passes the test `nonNegative` has a nonnegative sum. -/
theorem matrixSum_nonneg_of_test [DecidableLE R] {A : Matrix m n R} (h : A.nonNegative = true) :
    0 ≤ matrixSum A := matrixSum_nonneg (Matrix.nonNegative_iff.mp h)

/-- An entrywise larger matrix has a larger sum. -/
theorem matrixSum_mono {A B : Matrix m n R} (h : A.EntrywiseLE B) : matrixSum A ≤ matrixSum B :=
  vecSum_mono fun i => vecSum_mono (h i)

/-- Each entry of a nonnegative matrix is at most its sum. -/
theorem le_matrixSum {A : Matrix m n R} (h : A.NonNegative) (i : Fin m) (j : Fin n) : A i j ≤ matrixSum A :=
  Std.le_trans (le_vecSum (h i) j) (le_vecSum (x := fun i => vecSum (A i)) (fun i => vecSum_nonneg (h i)) i)

/-- A nonnegative matrix has the sum zero exactly when it is zero. -/
theorem matrixSum_eq_zero_iff {A : Matrix m n R} (h : A.NonNegative) :
    matrixSum A = 0 ↔ ∀ i j, A i j = 0 :=
  (vecSum_eq_zero_iff fun i => vecSum_nonneg (h i)).trans (forall_congr' fun i => vecSum_eq_zero_iff (h i))

section Abs
variable [DecidableLE R]

/-- A bound on the absolute value is a bound on both sides. -/
theorem abs_le_iff {a b : R} : abs a ≤ b ↔ -b ≤ a ∧ a ≤ b := by grind [abs]

/-- An absolute value is nonnegative. -/
theorem abs_nonneg (a : R) : 0 ≤ abs a := by grind [abs]

/-- The triangle inequality. -/
theorem abs_add_le (a b : R) : abs (a + b) ≤ abs a + abs b := by grind [abs]

/-- The absolute value of a sum is at most the sum of the absolute values. -/
theorem abs_vecSum_le (x : Vec n R) : abs (vecSum x) ≤ vecSum fun i => abs (x i) := by
  have up := vecSum_mono (x := x) (y := fun i => abs (x i)) fun i => by grind [abs]
  have low := vecSum_mono (x := fun i => -1 * abs (x i)) (y := x) fun i => by grind [abs]
  rw [vecSum_mul_left] at low; rw [abs_le_iff]; grind

/-- The absolute value of a matrix's sum is at most the sum of the absolute values. -/
theorem abs_matrixSum_le (A : Matrix m n R) : abs (matrixSum A) ≤ matrixSum fun i j => abs (A i j) :=
  Std.le_trans (abs_vecSum_le _) (vecSum_mono fun i => abs_vecSum_le (A i))

end Abs
end Order

/-! The theorems hold for integers and for rationals. -/

example (A : Matrix 3 4 Int) (h : A.NonNegative) : 0 ≤ matrixSum A := matrixSum_nonneg h
example (A : Matrix 3 4 Rat) (h : A.NonNegative) : 0 ≤ matrixSum A := matrixSum_nonneg h
example : 0 ≤ matrixSum (Matrix.ofRows 2 0 [[(1 : Rat) / 2, 0], [3, 4]]) := matrixSum_nonneg (by decide +kernel)

end LeanPythonBridge
