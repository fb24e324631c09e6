module

public import LeanPythonBridge.Certificate.SparseMatrix

/-!
# Coefficients of linear programs, dense or sparse

One matrix, in one of two forms: all of its entries, or those that are stored. What is proven of programs is said of the
matrix; that the forms multiply vectors by it is proven here.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate

open Float64

/-- How a matrix is given. -/
inductive Coefficients where
  /-- The frame of all entries, in C order. -/
  | dense (frame : Nat)
  /-- The frames of what is stored. -/
  | sparse (entries : SparseMatrix)

namespace Coefficients

variable {m n : Nat}

/-- The matrix. -/
def matrix (C : Coefficients) (m n : Nat) : Matrix m n Rat :=
  match C with
  | .dense frame => valueMatrix (frameMatrix frame m n)
  | .sparse S => S.matrix m n

/-- The entries are finite, and what is stored has its place in the matrix. -/
def WellFormed (C : Coefficients) (m n : Nat) : Prop :=
  match C with
  | .dense frame => ∀ i, Finite (frameMatrix frame m n i)
  | .sparse S => S.WellFormed m n

/-! ## Evaluation -/

/-- Decides `WellFormed`. -/
def isWellFormed (C : Coefficients) (m n : Nat) : Bool :=
  match C with
  | .dense frame => Order.finite (Nat.mul m n) frame
  | .sparse S => S.isWellFormed m n

/-- The coefficients, their frames evaluated. -/
def withValues {α : Type} (C : Coefficients) (f : Coefficients → α) : α :=
  match C with
  | .dense frame => withValue frame fun frame => f (.dense frame)
  | .sparse S => withValue S.data fun data => withValue S.indices fun indices => withValue S.starts fun starts =>
      f (.sparse ⟨S.count, data, indices, starts⟩)

/-- Row `i` times `x`, in units of `2^(-1074)`. -/
def rowSum (C : Coefficients) (n : Nat) (x : Nat → Int) (i : Nat) : Int :=
  match C with
  | .dense frame => sumProducts (fun j => Nat.add (Nat.mul i n) j) frame x n
  | .sparse S => S.rowSum x i

/-- A function of the columns times `y`, in units of `2^(-1074)`. -/
def withColumns {α : Type} (C : Coefficients) (m n : Nat) (y : Nat → Int) (f : (Nat → Int) → α) : α :=
  match C with
  | .dense frame => f fun j => sumProducts (fun i => Nat.add (Nat.mul i n) j) frame y m
  | .sparse S => S.withColumns m n y f

/-! ## What they say -/

theorem withValues_eq {α : Type} (C : Coefficients) (f : Coefficients → α) : C.withValues f = f C := by
  cases C <;> simp only [withValues, withValue_eq]

theorem isWellFormed_sound {C : Coefficients} (h : C.isWellFormed m n = true) : C.WellFormed m n := by
  cases C with
  | dense frame =>
    intro i j
    have := Nat.mul_le_mul_right n (Nat.succ_le_of_lt i.isLt)
    rw [Nat.succ_mul] at this
    exact Order.finite_sound h _ (show i.val * n + j.val < m * n by omega)
  | sparse S => exact SparseMatrix.isWellFormed_sound h

/-- A sum of values times integers, in units. -/
theorem sum_ofScaled (f : Nat → Int) (x : Nat → Int) (k : Nat) :
    (vecSum fun j : Fin k => ofScaled (f j) * (x j : Rat)) = ofScaled (integerSum k fun j => f j * x j) := by
  rw [← vecSum_ofScaled]
  congr; funext j
  rw [Int.mul_comm, ofScaled_mul, Rat.mul_comm]

/-- A row of the matrix times integers. -/
theorem row_eq {C : Coefficients} (well : C.WellFormed m n) (x : Nat → Int) (i : Fin m) :
    (C.matrix m n).mulVec (fun j => (x j : Rat)) i = ofScaled (C.rowSum n x i) := by
  cases C with
  | sparse S => exact S.rowSum_eq well x i
  | dense frame =>
    have e : rowSum (.dense frame) n x i = integerSum n fun j => scaled (element frame (i * n + j)) * x j := by
      rw [rowSum, sumProducts_eq]
      exact integerSum_congr fun j hj => congrArg (· * x j) (doubleAt_eq (well i ⟨j, hj⟩))
    rw [e]
    exact sum_ofScaled (fun j => scaled (element frame (i * n + j))) x n

/-- The columns of the matrix times integers. -/
theorem withColumns_eq {α : Type} {C : Coefficients} (well : C.WellFormed m n) (y : Nat → Int) (f : (Nat → Int) → α) :
    ∃ column : Nat → Int, C.withColumns m n y f = f column ∧
      ∀ j : Fin n, (C.matrix m n).transpose.mulVec (fun i => (y i : Rat)) j = ofScaled (column j) := by
  cases C with
  | sparse S => exact S.withColumns_eq well y f
  | dense frame =>
    refine ⟨_, rfl, fun j => ?_⟩
    have e : sumProducts (fun i => Nat.add (Nat.mul i n) j) frame y m =
        integerSum m fun i => scaled (element frame (i * n + j)) * y i := by
      rw [sumProducts_eq]
      exact integerSum_congr fun i hi => congrArg (· * y i) (doubleAt_eq (well ⟨i, hi⟩ j))
    rw [e]
    exact sum_ofScaled (fun i => scaled (element frame (i * n + j))) y m

end Coefficients
end LeanPythonBridge.Certificate
