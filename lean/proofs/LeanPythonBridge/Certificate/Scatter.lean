module

public import LeanPythonBridge.Certificate.ExactProducts
public import LeanPythonBridge.Certificate.LinearAlgebra

/-!
# The scatter matrix of points about a centre, exactly

`Yᵀ Y` for the matrix `Y` whose rows are points less a centre. Points and centre are doubles, their differences need not be:
the entries are `Σ xₐ x_b - Σ xₐ c_b - cₐ Σ x_b + m cₐ c_b`, in exact integers.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.Scatter

open Float64

variable {m n : Nat}

/-- Points less a centre: the values of frames. -/
def centred (data : Matrix m n Rat) (centre : Vec n Rat) : Matrix m n Rat := fun r a => data r a - centre a

/-- The sum of column `a` of a frame with `m` rows and `n` columns, in units of `2^(-1074)`. -/
def columnSum (m n data a : Nat) : Int := sumProducts (fun r => Nat.add (Nat.mul r n) a) data (fun _ => 1) m

/-- Entry `a, b` of the scatter matrix, in units of `2^(-2148)`; `columns` is the transpose of `data`. -/
def entry (layout : Product.Layout) (m n data columns centre a b : Nat) : Int :=
  withInt (columnSum m n data a) fun s => withInt (columnSum m n data b) fun t =>
    withInt (doubleAt centre a) fun p => withInt (doubleAt centre b) fun q =>
      Int.sub (Int.add (Product.exactAt layout (layout.blocks m) columns columns a b) (Int.mul (Int.ofNat m) (Int.mul p q)))
        (Int.add (Int.mul s q) (Int.mul p t))

/-- The sum of a column. -/
theorem columnSum_eq {data a : Nat} (ha : a < n) (finite : ∀ i, Finite (frameMatrix data m n i)) :
    (vecSum fun r : Fin m => toRat (element data (r * n + a))) = ofScaled (columnSum m n data a) := by
  rw [columnSum, sumProducts_eq, ← vecSum_ofScaled]
  congr; funext r
  rw [toRat_eq_ofScaled]
  have h := doubleAt_eq (finite r ⟨a, ha⟩ : isFinite (element data (r * n + a)) = true)
  rw [show Nat.add (Nat.mul r n) a = r * n + a from rfl, h, Int.mul_one]

private theorem vecSum_centred (x y : Vec m Rat) (p q : Rat) : (vecSum fun r => (x r - p) * (y r - q)) =
    (vecSum fun r => x r * y r) + m * (p * q) - (vecSum x * q + p * vecSum y) := by
  rw [← vecSum_const, ← vecSum_add, ← vecSum_mul_right, ← vecSum_mul_left, ← vecSum_add, ← vecSum_sub]
  congr; funext r
  grind

/-- The entry is that of the scatter matrix. -/
theorem entry_eq {layout : Product.Layout} {data centre : Nat}
    (h : Product.canMultiply layout n m n (Product.transposed m n data) (Product.transposed m n data) = true)
    (finite : ∀ i, Finite (frameMatrix data m n i)) (finite' : Finite (frameVec centre n)) (a b : Fin n) :
    ((centred (valueMatrix (frameMatrix data m n)) (valueVec (frameVec centre n))).transpose.mul
      (centred (valueMatrix (frameMatrix data m n)) (valueVec (frameVec centre n)))) a b =
      ofScaledSquare (entry layout m n data (Product.transposed m n data) centre a b) := by
  refine (vecSum_centred (fun r : Fin m => toRat (element data (r * n + a))) (fun r : Fin m => toRat (element data (r * n + b)))
    (toRat (element centre a)) (toRat (element centre b))).trans ?_
  have product := Product.exactAt_eq h a.isLt b.isLt
  have columns : (vecSum fun r : Fin m => toRat (element data (r * n + a)) * toRat (element data (r * n + b))) =
      ofScaledSquare (Product.exactAt layout (layout.blocks m) (Product.transposed m n data) (Product.transposed m n data) a b) := by
    rw [← product]
    congr; funext r
    rw [Product.element_transposed r.isLt a.isLt, Product.element_transposed r.isLt b.isLt]
  have p := doubleAt_eq (finite' a : isFinite (element centre a) = true)
  have q := doubleAt_eq (finite' b : isFinite (element centre b) = true)
  have unfolded : entry layout m n data (Product.transposed m n data) centre a b =
      Product.exactAt layout (layout.blocks m) (Product.transposed m n data) (Product.transposed m n data) a b +
          (m : Int) * (scaled (element centre a) * scaled (element centre b)) -
        (columnSum m n data a * scaled (element centre b) + scaled (element centre a) * columnSum m n data b) := by
    simp only [entry, withInt_eq, p, q]
    rfl
  have times : ∀ z : Int, (m : Rat) * ofScaledSquare z = ofScaledSquare (m * z) := fun z => by
    rw [ofScaledSquare, ofScaledSquare, ofScaled_mul]
    have : ((m : Int) : Rat) = (m : Rat) := rfl
    rw [this]
    grind
  rw [columns, columnSum_eq a.isLt finite, columnSum_eq b.isLt finite, toRat_eq_ofScaled, toRat_eq_ofScaled,
    ofScaled_mul_ofScaled, ofScaled_mul_ofScaled, ofScaled_mul_ofScaled, times, ← ofScaledSquare_add, ← ofScaledSquare_add,
    ← ofScaledSquare_sub, unfolded]

end LeanPythonBridge.Certificate.Scatter
