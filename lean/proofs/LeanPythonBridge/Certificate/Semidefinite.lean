module

public import LeanPythonBridge.Certificate.DiagonalDominance
public import LeanPythonBridge.Certificate.Digits

/-!
# Positive semidefinite matrices of integers

For a symmetric matrix `M` of integers of any length the certificate is a positive integer `d`, rows `rₖ` of integers and
weights `wₖ ≥ 0`, such that the diagonal of what is left, `F = d M - Σ wₖ rₖ rₖᵀ`, dominates: `Fᵢᵢ ≥ Σ |Fᵢⱼ|` over `j ≠ i`.
Then `d xᵀ M x = Σ wₖ (rₖ · x)² + xᵀ F x ≥ 0`. An exact factorisation `L D Lᵀ` leaves nothing, so a singular matrix has one;
where there is room, a factor in double precision is enough.

A row of `F` is one integer, its entries the digits at a base that is a power of two (`packInt`): a row of the product is the
sum of the rows `rₖ`, each times one integer.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.Semidefinite

/-! ## The test -/

/-- What the certificate says: integers of any length. -/
structure Factors where
  /-- The number of rows. -/
  rank : Nat
  /-- What the matrix is multiplied by. -/
  denominator : Int
  /-- What the square of each row is multiplied by. -/
  weight : Nat → Int
  /-- The rows. -/
  root : Nat → Nat → Int

/-- Entries of what is left have fewer bits than this: those of the matrix have at most `entryBits`, those of the weights and
the rows at most `weightBits` and `rootBits`. -/
def height (factors : Factors) (entryBits weightBits rootBits : Nat) : Nat :=
  Nat.add 1 (Nat.log2 (Nat.add (Nat.shiftLeft (Int.natAbs factors.denominator) entryBits)
    (Nat.shiftLeft factors.rank (Nat.add weightBits (Nat.mul 2 rootBits)))))

/-- The bits of a digit. -/
def width (height n : Nat) : Nat := Nat.add (Nat.add height 3) (Nat.log2 n)

/-- The test that a row's entry on the diagonal dominates, of lanes with the offset `2^h`: twice it is at least the sum of all
absolute values. -/
def dominates (w n h i row : Nat) : Bool :=
  Nat.ble (Nat.add (absoluteSum w n h row) (Nat.shiftLeft 2 h)) (Nat.mul 2 (lane w row i))

/-- The test of row `i` of what is left; `rows` are those of the certificate, as digits. -/
def isRow (factors : Factors) (n : Nat) (entry : Nat → Nat → Int) (w h : Nat) (rows : List Int) (i : Nat) : Bool :=
  withInt (packInt w n (entry i)) fun row =>
    withInt (combineInt (fun k => Int.mul (factors.weight k) (factors.root k i)) rows 0) fun product =>
      withInt (Int.add (Int.sub (Int.mul factors.denominator row) product)
        (Int.ofNat (Nat.mul (ones w n) (Nat.shiftLeft 1 h)))) fun left =>
        match left with
        | .ofNat left => dominates w n h i left
        | .negSucc _ => false

/-- The test of all rows. -/
def checkRows (factors : Factors) (n : Nat) (entry : Nat → Nat → Int) (w h : Nat) (rows : List Int) : Bool :=
  allBelow (isRow factors n entry w h rows) n

/-- The test that a matrix of `n` rows is positive semidefinite. -/
def check (factors : Factors) (n : Nat) (entry : Nat → Nat → Int) (entryBits weightBits rootBits : Nat) : Bool :=
  isNonneg (Int.sub factors.denominator 1) && allBelow (fun k => isNonneg (factors.weight k)) factors.rank &&
    withValue (height factors entryBits weightBits rootBits) fun h => withValue (width h n) fun w =>
      checkRows factors n entry w h (tabulateInt (fun k => packInt w n (factors.root k)) factors.rank 0)

end LeanPythonBridge.Certificate.Semidefinite
