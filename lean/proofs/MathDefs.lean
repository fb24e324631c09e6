module

/-! # Vectors, matrices and their sums

Definitions over an ordered commutative ring, in the classes of core Lean (`Lean.Grind.CommRing`, `OrderedRing`):
they hold for `Int` and `Rat`, and so for the exact values of IEEE doubles.

A vector is a function of its index: proofs need no bounds, and a shape is a type. `Vec.ofList` and
`Matrix.ofRows` read lists, and `vecSum` walks its indices once, so that evaluation stays linear.
Theorems about sums are in `MatrixProps`, those about loss functions and stability in `MLProofs`. -/

@[expose] public section

namespace LeanPythonBridge

open Lean.Grind

universe u

/-- Vectors with `n` entries in `R`. -/
def Vec (n : Nat) (R : Type u) : Type u := Fin n → R

/-- Matrices with `m` rows and `n` columns over `R`: vectors of rows. -/
def Matrix (m n : Nat) (R : Type u) : Type u := Fin m → Vec n R

/-! ## Building -/

/-- The vector with the entries of a list. -/
def Vec.ofList {R : Type u} (entries : List R) : Vec entries.length R := fun i => entries.get i

/-- The matrix with the given rows, cut or filled with `fill` to `n` columns. -/
def Matrix.ofRows {R : Type u} (n : Nat) (fill : R) (rows : List (List R)) : Matrix rows.length n R :=
  fun i j => (rows.get i).getD j fill

/-- Rows become columns. -/
def Matrix.transpose {R : Type u} {m n : Nat} (A : Matrix m n R) : Matrix n m R := fun j i => A i j

/-- Row `i` of the result is row `σ i` of `A`. -/
def Matrix.permuteRows {R : Type u} {m n : Nat} (σ : Fin m → Fin m) (A : Matrix m n R) : Matrix m n R :=
  fun i => A (σ i)

/-- `τ` undoes `σ` on both sides: `σ` is a permutation of the indices. -/
structure IsPermutation {m : Nat} (σ τ : Fin m → Fin m) : Prop where
  /-- `τ` after `σ` is the identity. -/
  left_inverse : ∀ i, τ (σ i) = i
  /-- `σ` after `τ` is the identity. -/
  right_inverse : ∀ i, σ (τ i) = i

section Algebra

variable {R : Type u} [CommRing R] {l m n : Nat}

/-! ## Entrywise operations -/

instance : Add (Vec n R) := ⟨fun x y i => x i + y i⟩
instance : Sub (Vec n R) := ⟨fun x y i => x i - y i⟩
instance : SMul R (Vec n R) := ⟨fun c x i => c * x i⟩
instance : Add (Matrix m n R) := ⟨fun A B i => A i + B i⟩
instance : Sub (Matrix m n R) := ⟨fun A B i => A i - B i⟩
instance : SMul R (Matrix m n R) := ⟨fun c A i => c • A i⟩

/-- Vectors are added entry by entry. -/
@[simp] theorem Vec.add_apply (x y : Vec n R) (i : Fin n) : (x + y) i = x i + y i := rfl
/-- Vectors are subtracted entry by entry. -/
@[simp] theorem Vec.sub_apply (x y : Vec n R) (i : Fin n) : (x - y) i = x i - y i := rfl
/-- A scalar multiplies every entry. -/
@[simp] theorem Vec.smul_apply (c : R) (x : Vec n R) (i : Fin n) : (c • x) i = c * x i := rfl
/-- Matrices are added row by row. -/
@[simp] theorem Matrix.add_apply (A B : Matrix m n R) (i : Fin m) : (A + B) i = A i + B i := rfl
/-- Matrices are subtracted row by row. -/
@[simp] theorem Matrix.sub_apply (A B : Matrix m n R) (i : Fin m) : (A - B) i = A i - B i := rfl
/-- A scalar multiplies every row. -/
@[simp] theorem Matrix.smul_apply (c : R) (A : Matrix m n R) (i : Fin m) : (c • A) i = c • A i := rfl

/-! ## Sums and products -/

/-- The sum of the first `k` entries. -/
def partialSum (x : Vec n R) : (k : Nat) → k ≤ n → R
  | 0, _ => 0
  | k + 1, h => partialSum x k (Nat.le_of_succ_le h) + x ⟨k, h⟩

/-- The sum of all entries of a vector. -/
def vecSum (x : Vec n R) : R := partialSum x n (Nat.le_refl n)

/-- The sum of all entries of a matrix. -/
def matrixSum (A : Matrix m n R) : R := vecSum fun i => vecSum (A i)

/-- The dot product `Σ xᵢ yᵢ`. -/
def dot (x y : Vec n R) : R := vecSum fun i => x i * y i

/-- The squared Euclidean norm `Σ xᵢ²`. -/
def normSq (x : Vec n R) : R := dot x x

/-- The matrix-vector product `A x`. -/
def Matrix.mulVec (A : Matrix m n R) (x : Vec n R) : Vec m R := fun i => dot (A i) x

/-- The matrix product `A B`. -/
def Matrix.mul (A : Matrix l m R) (B : Matrix m n R) : Matrix l n R := fun i j => dot (A i) fun k => B k j

/-- The sum of the diagonal. -/
def trace (A : Matrix n n R) : R := vecSum fun i => A i i

end Algebra

section Order

variable {R : Type u} {m n : Nat}

/-! ## Order -/

/-- Every entry is at least zero. -/
def Matrix.NonNegative [CommRing R] [LE R] (A : Matrix m n R) : Prop := ∀ i j, 0 ≤ A i j

/-- Every entry of `A` is at most the same entry of `B`. -/
def Matrix.EntrywiseLE [LE R] (A B : Matrix m n R) : Prop := ∀ i j, A i j ≤ B i j

instance [CommRing R] [LE R] [DecidableLE R] (A : Matrix m n R) : Decidable A.NonNegative :=
  inferInstanceAs (Decidable (∀ i j, 0 ≤ A i j))

/-- The test that every entry is at least zero. -/
def Matrix.nonNegative [CommRing R] [LE R] [DecidableLE R] (A : Matrix m n R) : Bool := decide A.NonNegative

/-- The test decides the property. -/
theorem Matrix.nonNegative_iff [CommRing R] [LE R] [DecidableLE R] {A : Matrix m n R} :
    A.nonNegative = true ↔ A.NonNegative := decide_eq_true_iff

/-- The absolute value. -/
def abs [CommRing R] [LE R] [DecidableLE R] (a : R) : R := if 0 ≤ a then a else -a

end Order

/-! Both rings evaluate in the kernel. -/

example : matrixSum (Matrix.ofRows 2 0 [[1, 2], [3, -4]] : Matrix 2 2 Int) = 2 := by decide +kernel
example : dot (Vec.ofList [(1 : Rat) / 2, 2]) (Vec.ofList [3, 1 / 4]) = 2 := by decide +kernel
example : (Matrix.ofRows 2 0 [[1, 2], [3, 0]] : Matrix 2 2 Int).nonNegative = true := by decide +kernel
example : (Matrix.ofRows 1 0 [[(1 : Rat) / 3], [-1 / 3]]).nonNegative = false := by decide +kernel

end LeanPythonBridge
