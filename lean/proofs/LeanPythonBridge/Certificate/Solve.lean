module

public import LeanPythonBridge.Certificate.DotLanes

/-!
# The certificate of a linear solve

For the computed solution `x̂` of `A x = b`, with `n` rows and columns of doubles, the certificate is an approximate
inverse `R` of doubles in a frame of its own, and two doubles: `contraction`, at least `‖I - R A‖∞` and less than 1, and
`bound`, at least `‖R (b - A x̂)‖∞ / (1 - contraction)`. `check` tests both in exact integers. Then `A` is nonsingular,
and every `x` with `A x = b` has `|x̂ᵢ - xᵢ| ≤ bound` (Rump's enclosure): `x - x̂ = (I - R A) (x - x̂) + R (b - A x̂)`.

A row of `R A` is computed at once (`combine`); the residual `b - A x̂`, and then `R` times it, by one multiplication an
entry: two rows in lanes, one of them in reverse, are multiplied as polynomials, and the dot product is the coefficient
in the middle (`dotLanes`).
-/

@[expose] public section

namespace LeanPythonBridge.Certificate

namespace Solve

open Float64

/-- What the certificate says beside the inverse and its two doubles: how to compute with them. Nothing of it need be
believed. -/
structure Layout where
  /-- How many words of 64 bits a lane has where `R A` is computed. -/
  words : Nat
  /-- How many a lane has where the residual is computed. -/
  wide : Nat
  /-- Where the exponents of the matrix lie. -/
  matrix : Range
  /-- Where the exponents of the right-hand side lie. -/
  right : Range
  /-- Where the exponents of the solution lie. -/
  solution : Range
  /-- Where the exponents of the inverse lie. -/
  inverse : Range
  deriving Repr, DecidableEq

namespace Layout

/-- The number of bits of a lane. -/
def width (layout : Layout) : Nat := Nat.mul 64 layout.words

/-- The number of bits of a wide lane. -/
def wideWidth (layout : Layout) : Nat := Nat.mul 64 layout.wide

/-- 1 in the unit of `R A` is 2 to this power. -/
def one (layout : Layout) : Nat := Nat.sub 2148 (Nat.add layout.inverse.low layout.matrix.low)

/-- `I - R A` stands in its lanes with the offset `2^height`. -/
def height (layout : Layout) (n : Nat) : Nat :=
  Nat.sub (Nat.sub layout.width 3) (Nat.log2 (laneCount layout.words n))

/-- `b` and `A x̂` are counted in one unit: the integers of `b` times this power of two. -/
def rightShift (layout : Layout) : Nat :=
  Nat.sub (Nat.add layout.right.low 1074) (Nat.add layout.matrix.low layout.solution.low)

/-- The integers of `A x̂` times this power of two. -/
def productShift (layout : Layout) : Nat :=
  Nat.sub (Nat.add layout.matrix.low layout.solution.low) (Nat.add layout.right.low 1074)

/-- The unit of the residual is 2 to this power, less 2148. -/
def residualLow (layout : Layout) : Nat :=
  Nat.sub (Nat.add layout.right.low 1074) layout.rightShift

/-- The offset of the residual: more than any residual. -/
def residualOffset (layout : Layout) (n : Nat) : Nat :=
  Nat.add (Nat.shiftLeft 1 (Nat.add layout.right.bits layout.rightShift))
    (Nat.mul (laneCount layout.wide n)
      (Nat.shiftLeft 1 (Nat.add (Nat.add layout.matrix.bits layout.solution.bits) layout.productShift)))

/-- The test that no lane overflows where `R A` is computed. -/
def checkProduct (layout : Layout) (n : Nat) : Bool :=
  Nat.ble 1 layout.words && Nat.ble (Nat.add layout.inverse.low layout.matrix.low) 2148 &&
    Nat.ble (Nat.add 3 (Nat.log2 (laneCount layout.words n))) layout.width &&
    Nat.ble (Nat.add layout.matrix.bits 1) layout.width && Nat.ble (Nat.add layout.inverse.bits 1) layout.width &&
    Nat.ble (Nat.mul (Nat.add (laneCount layout.words n) 1) (Nat.shiftLeft 1 (Nat.add layout.inverse.bits 1)))
      (Nat.shiftLeft 1 (Nat.sub layout.width 1)) &&
    Nat.ble (Nat.add 1 (Nat.add (Nat.shiftLeft 1 layout.one)
      (Nat.mul n (Nat.shiftLeft 1 (Nat.add layout.inverse.bits layout.matrix.bits)))))
      (Nat.shiftLeft 1 (layout.height n))

/-- The test that no lane overflows where the residual is computed. -/
def checkResidual (layout : Layout) (n : Nat) : Bool :=
  Nat.ble 1 layout.wide &&
    Nat.ble (Nat.add layout.matrix.bits 1) layout.wideWidth && Nat.ble (Nat.add layout.inverse.bits 1) layout.wideWidth &&
    Nat.ble (Nat.add layout.right.bits 1) layout.wideWidth && Nat.ble (Nat.add layout.solution.bits 1) layout.wideWidth &&
    Nat.ble (Nat.mul (Nat.add (laneCount layout.wide n) 1)
      (Nat.mul (Nat.shiftLeft 1 (Nat.add layout.matrix.bits 1)) (Nat.shiftLeft 1 (Nat.add layout.solution.bits 1))))
      (Nat.shiftLeft 1 (Nat.sub layout.wideWidth 1)) &&
    Nat.ble (Nat.mul (Nat.add (laneCount layout.wide n) 1)
      (Nat.mul (Nat.shiftLeft 1 (Nat.add layout.inverse.bits 1)) (Nat.mul 2 (layout.residualOffset n))))
      (Nat.shiftLeft 1 (Nat.sub layout.wideWidth 1))

end Layout

/-! ## The contraction -/

/-- What stands in the lane of column `k`. -/
def laneAt (words n x k _row : Nat) : Nat := lane (Nat.mul 64 words) x (position words n k)

/-- Row `i` of `I - R A`, in lanes; `rows` are those of `A`, and `sum` is their sum. -/
def contractionRow (layout : Layout) (n inverse : Nat) (rows : List Nat) (sum i : Nat) : Nat :=
  (fun row => difference (ones layout.width (laneCount layout.words n))
    (Nat.shiftLeft 1 (Nat.add layout.one (Nat.mul layout.width (position layout.words n i))))
    sum
    (combine (laneAt layout.words n row) rows n 0)
    layout.inverse.offset
    (Nat.add (Nat.shiftLeft 1 (layout.height n)) (Nat.mul layout.matrix.offset (laneSum layout.width row)))
    (Nat.mul (laneCount layout.words n) (Nat.mul layout.inverse.offset layout.matrix.offset))
    1) (rowLanes layout.inverse layout.words n inverse i)

/-- The test that every row of `I - R A` has absolute values with a sum of at most the contraction. -/
def contracts (layout : Layout) (n inverse contraction : Nat) (rows : List Nat) : Bool :=
  (fun sum limit => allBelow (fun i => Nat.ble
    (Nat.shiftLeft (absoluteSum layout.width (laneCount layout.words n) (layout.height n)
      (contractionRow layout n inverse rows sum i)) 1074) limit) n)
    (combine (fun _ _ => 1) rows n 0) (Nat.shiftLeft (scaledMagnitude contraction) layout.one)

/-! ## The residual -/

/-- The residual of row `k`, with its offset. `reversed` are the lanes of the solution in reverse, `total` is their sum
and `right` the right-hand side in lanes. -/
def residual (layout : Layout) (n matrix right reversed total k : Nat) : Nat :=
  (fun row => Nat.sub
    (Nat.add (Nat.add (Nat.shiftLeft (lane layout.wideWidth right (position layout.wide n k)) layout.rightShift)
      (Nat.shiftLeft (Nat.add (Nat.mul layout.solution.offset (laneSum layout.wideWidth row))
        (Nat.mul layout.matrix.offset total)) layout.productShift)) (layout.residualOffset n))
    (Nat.add (Nat.shiftLeft (Nat.add (dotLanes layout.wideWidth (laneCount layout.wide n) row reversed)
      (Nat.mul (laneCount layout.wide n) (Nat.mul layout.matrix.offset layout.solution.offset))) layout.productShift)
      (Nat.shiftLeft layout.right.offset layout.rightShift)))
    (rowLanes layout.matrix layout.wide n matrix k)

/-- All residuals in lanes, in reverse; lanes without a column hold zero. -/
def residuals (layout : Layout) (n matrix right solution : Nat) : Nat :=
  (fun lanes right => (fun reversed total => packReversed layout.wideWidth (laneCount layout.wide n) fun l =>
      (fun k => Bool.rec (layout.residualOffset n) (residual layout n matrix right reversed total k) (Nat.ble (Nat.add k 1) n))
        (column layout.wide n l))
    (packReversed layout.wideWidth (laneCount layout.wide n) (lane layout.wideWidth lanes))
    (laneSum layout.wideWidth lanes))
  (rowLanes layout.solution layout.wide n solution 0) (rowLanes layout.right layout.wide n right 0)

/-- The absolute value of entry `i` of `R (b - A x̂)`, in its unit. -/
def correction (layout : Layout) (n inverse residuals total i : Nat) : Nat :=
  (fun row => (fun plus minus => Nat.add (Nat.sub plus minus) (Nat.sub minus plus))
    (Nat.add (dotLanes layout.wideWidth (laneCount layout.wide n) row residuals)
      (Nat.mul (laneCount layout.wide n) (Nat.mul layout.inverse.offset (layout.residualOffset n))))
    (Nat.add (Nat.mul layout.inverse.offset total) (Nat.mul (layout.residualOffset n) (laneSum layout.wideWidth row))))
    (rowLanes layout.inverse layout.wide n inverse i)

/-- The test that every entry of `R (b - A x̂)` is at most the bound times what the contraction leaves of 1. -/
def corrects (layout : Layout) (n inverse contraction bound residuals : Nat) : Bool :=
  (fun total limit => allBelow (fun i => Nat.ble
    (Nat.shiftLeft (correction layout n inverse residuals total i) (Nat.add layout.inverse.low layout.residualLow)) limit) n)
    (laneSum layout.wideWidth residuals)
    (Nat.shiftLeft (Nat.mul (Nat.sub (Nat.shiftLeft 1 1074) (scaledMagnitude contraction)) (scaledMagnitude bound)) 1074)

/-- The test of a certificate for frames that hold the matrix in C order, the right-hand side and the solution. -/
def check (matrix right solution inverse n contraction bound : Nat) (layout : Layout) : Bool :=
  Nat.blt contraction infinity && Nat.blt bound infinity &&
    Nat.blt (scaledMagnitude contraction) (Nat.shiftLeft 1 1074) && layout.checkProduct n && layout.checkResidual n &&
    layout.matrix.checkFrame (Nat.mul n n) matrix && layout.right.checkFrame (Nat.mul 1 n) right &&
    layout.solution.checkFrame (Nat.mul 1 n) solution && layout.inverse.checkFrame (Nat.mul n n) inverse &&
    contracts layout n inverse contraction (tabulate (rowLanes layout.matrix layout.words n matrix) n 0) &&
    corrects layout n inverse contraction bound (residuals layout n matrix right solution)

end Solve
end LeanPythonBridge.Certificate
