module

public import LeanPythonBridge.Certificate.DiagonalDominance
public import LeanPythonBridge.Certificate.Sums

/-!
# The certificate of positive definiteness

For a symmetric matrix `A` of `n` rows of doubles, the certificate is an upper triangular matrix `U` of doubles, an
approximate Cholesky factor, in a frame of its own (`factor`). It need not be exact: `check` tests in exact integers
that what is left, `F = A - Uᵀ U`, is strictly diagonally dominant, `Fᵢᵢ > Σ |Fᵢⱼ|` over `j ≠ i`. Then
`xᵀ A x = ‖U x‖² + xᵀ F x > 0` for every `x ≠ 0`. A server finds such a factor as that of `A - μ I` for a small `μ`,
when the least eigenvalue leaves room for rounding errors.

A row of `Uᵀ U` is the sum of the first rows of `U`, each times one number: one multiplication for each, all columns at
once (`combine`).
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.PositiveDefinite

open Float64

/-- What the certificate says beside the factor: how to compute with it. Nothing of it need be believed. -/
structure Layout where
  /-- How many words of 64 bits a lane has. -/
  words : Nat
  /-- Where the exponents of the matrix lie. -/
  matrix : Range
  /-- Where the exponents of the factor lie. -/
  factor : Range
  deriving Repr, DecidableEq

namespace Layout

/-- The number of bits of a lane. -/
def width (layout : Layout) : Nat := Nat.mul 64 layout.words

/-- `A` and `Uᵀ U` are counted in one unit: the integers of `A` times this power of two. -/
def matrixShift (layout : Layout) : Nat := Nat.sub (Nat.add layout.matrix.low 1074) (Nat.mul 2 layout.factor.low)

/-- The integers of `Uᵀ U` times this power of two. -/
def factorShift (layout : Layout) : Nat := Nat.sub (Nat.mul 2 layout.factor.low) (Nat.add layout.matrix.low 1074)

/-- What is left stands in its lanes with the offset `2^height`. -/
def height (layout : Layout) (n : Nat) : Nat :=
  Nat.sub (Nat.sub layout.width 3) (Nat.log2 (laneCount layout.words n))

/-- The test that no lane overflows. -/
def check (layout : Layout) (n : Nat) : Bool :=
  Nat.ble 1 layout.words && Nat.ble (Nat.add 3 (Nat.log2 (laneCount layout.words n))) layout.width &&
    Nat.ble (Nat.add layout.matrix.bits 1) layout.width && Nat.ble (Nat.add layout.factor.bits 1) layout.width &&
    Nat.ble (Nat.add 1 (Nat.add (Nat.shiftLeft 1 (Nat.add layout.matrix.bits layout.matrixShift))
      (Nat.mul n (Nat.shiftLeft 1 (Nat.add (Nat.mul 2 layout.factor.bits) layout.factorShift)))))
      (Nat.shiftLeft 1 (layout.height n))

end Layout

/-! ## The tests -/

/-- The word of a frame with `n` columns, by way of a block of 16 words of its row. -/
def word (n x i j : Nat) : Nat :=
  withValue (Nat.div j 16) fun block => cut 64 (cut 1024 (cutRow (Nat.mul 64 n) x i) block) (Nat.mod j 16)

/-- The same double, or both are zero. -/
def sameValue (x y : Nat) : Bool :=
  Bool.rec (Nat.beq (Nat.add (Nat.mod x 0x8000000000000000) (Nat.mod y 0x8000000000000000)) 0) true (Nat.beq x y)

/-- The test that a matrix is symmetric. -/
def isSymmetric (n matrix : Nat) : Bool :=
  allBelow (fun i => allBelow (fun j => sameValue (word n matrix i j) (word n matrix j i)) i) n

/-- The test that a matrix has zeros below its diagonal. -/
def isUpper (n factor : Nat) : Bool :=
  allBelow (fun k => Nat.beq (cut (Nat.mul 64 k) (cutRow (Nat.mul 64 n) factor k) 0) 0) n

/-- What stands in one lane of each row. -/
def laneOf (shift mask _k row : Nat) : Nat := Nat.land (Nat.shiftRight row shift) mask

/-- Row `i` of `A - Uᵀ U`, in lanes; `sum` is the sum of the rows of `U` up to this one. -/
def remainder (layout : Layout) (n matrix : Nat) (rows : List Nat) (i sum : Nat) : Nat :=
  difference (ones layout.width (laneCount layout.words n))
    (Nat.mul (rowLanes layout.matrix layout.words n matrix i) (Nat.shiftLeft 1 layout.matrixShift))
    sum
    (combine (laneOf (Nat.mul layout.width (position layout.words n i)) (Nat.sub (Nat.shiftLeft 1 layout.width) 1))
      rows (Nat.add i 1) 0)
    (Nat.shiftLeft layout.factor.offset layout.factorShift)
    (Nat.add (Nat.shiftLeft 1 (layout.height n))
      (Nat.shiftLeft (Nat.mul layout.factor.offset (lane layout.width sum (position layout.words n i))) layout.factorShift))
    (Nat.add (Nat.shiftLeft layout.matrix.offset layout.matrixShift)
      (Nat.shiftLeft (Nat.mul (Nat.add i 1) (Nat.mul layout.factor.offset layout.factor.offset)) layout.factorShift))
    (Nat.shiftLeft 1 layout.factorShift)

/-- The test that a row's diagonal entry dominates: twice it exceeds the sum of all absolute values. -/
def dominates (layout : Layout) (n i remainder : Nat) : Bool :=
  Nat.ble (Nat.add 1 (Nat.add (absoluteSum layout.width (laneCount layout.words n) (layout.height n) remainder)
      (Nat.shiftLeft 2 (layout.height n))))
    (Nat.mul 2 (lane layout.width remainder (position layout.words n i)))

/-- The test of all rows, `i` and those after it. -/
def everyRow (test : Nat → Nat → Bool) (rows : List Nat) (i sum : Nat) : Bool :=
  List.rec (motive := fun _ => Nat → Nat → Bool) (fun _ _ => true)
    (fun row _ rest i sum => Bool.rec false (rest (Nat.add i 1) (Nat.add sum row)) (test i (Nat.add sum row))) rows i sum

/-- `everyRow` as it is compiled. -/
def everyRowCompiled (test : Nat → Nat → Bool) : (rows : List Nat) → (i sum : Nat) → Bool
  | [], _, _ => true
  | row :: rows, i, sum => if test i (sum + row) then everyRowCompiled test rows (i + 1) (sum + row) else false

@[csimp] theorem everyRow_eq_compiled : @everyRow = @everyRowCompiled := by
  funext test rows
  induction rows with
  | nil => rfl
  | cons row rows ih =>
    funext i sum
    rw [everyRowCompiled, ← ih]
    show Bool.rec (motive := fun _ => Bool) _ _ (test i (sum + row)) = _
    cases test i (sum + row) <;> rfl

/-- The test that the diagonal of what is left dominates, with the rows of `U` in lanes. -/
def checkRows (layout : Layout) (n matrix : Nat) (rows : List Nat) : Bool :=
  everyRow (fun i sum => dominates layout n i (remainder layout n matrix rows i sum)) rows 0 0

/-- The test of a certificate for the matrix in a frame, in C order. -/
def check (matrix factor n : Nat) (layout : Layout) : Bool :=
  layout.check n && layout.matrix.checkFrame (Nat.mul n n) matrix && layout.factor.checkFrame (Nat.mul n n) factor &&
    isSymmetric n matrix && isUpper n factor &&
    checkRows layout n matrix (tabulate (rowLanes layout.factor layout.words n factor) n 0)

end LeanPythonBridge.Certificate.PositiveDefinite
