module

public import LeanPythonBridge.Certificate.Chunks
public import LeanPythonBridge.Certificate.DotLanes

/-!
# How far a computed product of matrices is from the exact one

For doubles `C`, said to be the product of an `m × k` and a `k × n` matrix of doubles, `check` tests that every entry
of `C` is within `bound` of the exact one, in exact integers. The right matrix is given by its columns (`transposed`
makes these), so that an entry is the dot product of two rows of frames; a product with a vector and a dot product are
the cases of one column, and of one row as well.

A dot product takes one multiplication for each `block` of columns (`dotLanes`): the work grows with the square of a
block, and one long row is cut into several.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate

namespace Product

open Float64

/-- What the certificate says beside the bound: how to compute with the frames. Nothing of it need be believed. -/
structure Layout where
  /-- How many words of 64 bits a lane has. -/
  words : Nat
  /-- How many columns of the left matrix are multiplied at once. -/
  block : Nat
  /-- Where the exponents of the left matrix lie. -/
  left : Range
  /-- Where the exponents of the right matrix lie. -/
  right : Range
  /-- Where the exponents of the computed product lie. -/
  product : Range
  deriving Repr, DecidableEq

namespace Layout

/-- The number of bits of a lane. -/
def width (layout : Layout) : Nat := Nat.mul 64 layout.words

/-- The number of lanes of a block. -/
def lanes (layout : Layout) : Nat := laneCount layout.words layout.block

/-- Computed and exact entries are counted in one unit: the computed ones' integers times this power of two. -/
def entryShift (layout : Layout) : Nat :=
  Nat.sub (Nat.add layout.product.low 1074) (Nat.add layout.left.low layout.right.low)

/-- The exact entries' integers times this power of two. -/
def productShift (layout : Layout) : Nat :=
  Nat.sub (Nat.add layout.left.low layout.right.low) (Nat.add layout.product.low 1074)

/-- The unit is 2 to this power, less 2148. -/
def low (layout : Layout) : Nat := Nat.sub (Nat.add layout.product.low 1074) layout.entryShift

/-- The most words that a lane may have: enough for all doubles, and what limits the cost of a check. -/
def mostWords : Nat := 128

/-- The test that no lane overflows. -/
def check (layout : Layout) : Bool :=
  layout.left.check && layout.right.check && layout.product.check &&
    Nat.ble 1 layout.words && Nat.ble layout.words mostWords &&
    Nat.ble (Nat.add layout.left.bits 1) layout.width && Nat.ble (Nat.add layout.right.bits 1) layout.width &&
    Nat.ble (Nat.add layout.product.bits 1) layout.width &&
    Nat.ble (Nat.mul (Nat.add layout.lanes 1)
      (Nat.mul (Nat.shiftLeft 1 (Nat.add layout.left.bits 1)) (Nat.shiftLeft 1 (Nat.add layout.right.bits 1))))
      (Nat.shiftLeft 1 (Nat.sub layout.width 1))

end Layout

/-! ## Columns -/

/-- Column `j` of a matrix, as the words of a row; `rows` are those of the matrix. -/
def columnWords (rows : List Nat) (j : Nat) : Nat :=
  List.rec (motive := fun _ => Nat) 0 (fun row _ rest => Nat.add (cutRow 64 row j) (Nat.shiftLeft rest 64)) rows

/-- The frame of the transpose of a matrix with `k` rows and `n` columns. -/
def transposed (k n x : Nat) : Nat :=
  (fun rows => joinAll (Nat.mul 64 k) (tabulate (columnWords rows) n 0)) (tabulate (cutRow (Nat.mul 64 n) x) k 0)

/-! ## Entries -/

/-- The sum of the first `count` values. -/
def sumBelow (f : Nat → Nat) (count : Nat) : Nat := fold (fun k y => Nat.add y (f k)) 0 count

/-- A block of a frame in lanes, in reverse. -/
def reversedLanes (layout : Layout) (r : Range) (x t : Nat) : Nat :=
  packReversed layout.width layout.lanes (lane layout.width (rowLanes r layout.words layout.block x t))

/-- The sum of the lanes of the `blocks` blocks of a row. -/
def rowSum (layout : Layout) (r : Range) (blocks x i : Nat) : Nat :=
  sumBelow (fun b => laneSum layout.width (rowLanes r layout.words layout.block x (Nat.add (Nat.mul i blocks) b))) blocks

/-- The dot product of row `i` of the left frame and row `j` of the right one, with the offsets. -/
def rowProduct (layout : Layout) (blocks left right i j : Nat) : Nat :=
  sumBelow (fun b => dotLanes layout.width layout.lanes
    (rowLanes layout.left layout.words layout.block left (Nat.add (Nat.mul i blocks) b))
    (reversedLanes layout layout.right right (Nat.add (Nat.mul j blocks) b))) blocks

/-- How far the computed entry is from the exact one, in the unit of the layout. -/
def gap (layout : Layout) (blocks n left right product i j : Nat) : Nat :=
  (fun plus minus => Nat.add (Nat.sub plus minus) (Nat.sub minus plus))
    (Nat.add
      (Nat.shiftLeft (lane layout.width (rowLanes layout.product layout.words n product i) (position layout.words n j))
        layout.entryShift)
      (Nat.shiftLeft (Nat.add (Nat.mul layout.left.offset (rowSum layout layout.right blocks right j))
        (Nat.mul layout.right.offset (rowSum layout layout.left blocks left i))) layout.productShift))
    (Nat.add
      (Nat.shiftLeft (Nat.add (rowProduct layout blocks left right i j)
        (Nat.mul blocks (Nat.mul layout.lanes (Nat.mul layout.left.offset layout.right.offset)))) layout.productShift)
      (Nat.shiftLeft layout.product.offset layout.entryShift))

/-- The test of every entry. -/
def near (layout : Layout) (blocks m n left right product bound : Nat) : Bool :=
  (fun limit => allBelow (fun i => allBelow (fun j => Nat.ble
    (Nat.shiftLeft (gap layout blocks n left right product i j) layout.low) limit) n) m)
    (Nat.shiftLeft (scaledMagnitude bound) 1074)

/-- The test of a bound for frames that hold the left matrix, the transpose of the right one, and the computed product.
A row of the first two has `blocks` blocks. -/
def check (layout : Layout) (blocks m n left right product bound : Nat) : Bool :=
  Nat.blt bound infinity && layout.check &&
    layout.left.checkFrame (Nat.mul (Nat.mul m blocks) layout.block) left &&
    layout.right.checkFrame (Nat.mul (Nat.mul n blocks) layout.block) right &&
    layout.product.checkFrame (Nat.mul m n) product && near layout blocks m n left right product bound

end Product
end LeanPythonBridge.Certificate
