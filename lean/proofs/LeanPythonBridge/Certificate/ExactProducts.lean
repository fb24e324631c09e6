module

public import LeanPythonBridge.Certificate.ExactIntegers
public import LeanPythonBridge.Certificate.ProductCertificate

/-!
# Exact products of matrices

Where a product need not be compared with a computed one but is needed itself: its entries as integers, from the products of
lanes that `Product` computes, with the offsets taken away.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.Product

open Float64

/-- Entry `i, j` of the exact product of two frames, the right one given by its columns, in units of `2^(-2148)`. -/
def exactAt (layout : Layout) (blocks left right i j : Nat) : Int :=
  Int.mul (Int.sub
      (Int.ofNat (Nat.add (rowProduct layout blocks left right i j)
        (Nat.mul blocks (Nat.mul layout.lanes (Nat.mul layout.left.offset layout.right.offset)))))
      (Int.ofNat (Nat.add (Nat.mul layout.left.offset (rowSum layout layout.right blocks right j))
        (Nat.mul layout.right.offset (rowSum layout layout.left blocks left i)))))
    (Int.ofNat (Nat.shiftLeft 1 (Nat.add layout.left.low layout.right.low)))

/-- The test that rows of `k` doubles, `m` of the left frame and `n` of the right one, can be multiplied. -/
def canMultiply (layout : Layout) (m k n left right : Nat) : Bool :=
  layout.divides k && layout.check && layout.left.checkFrame (Nat.mul (Nat.mul m (layout.blocks k)) layout.block) left &&
    layout.right.checkFrame (Nat.mul (Nat.mul n (layout.blocks k)) layout.block) right

variable {layout : Layout} {m k n left right : Nat}

theorem exactAt_eq (h : canMultiply layout m k n left right = true) {i j : Nat} (hi : i < m) (hj : j < n) :
    (vecSum fun l : Fin k => toRat (element left (i * k + l)) * toRat (element right (j * k + l))) =
      ofScaledSquare (exactAt layout (layout.blocks k) left right i j) := by
  simp only [canMultiply, Bool.and_eq_true, Layout.divides, Nat.beq_eq] at h
  obtain ⟨⟨⟨whole, fits⟩, hA⟩, hB⟩ := h
  have whole : layout.block * layout.blocks k = k := whole
  have fits := Fits.of_check fits
  have value := vecSum_eq fits hA hB hi hj (Nat.le_of_eq whole.symm) fun l ge lt => absurd lt (by omega)
  rw [whole] at value
  rw [value]
  have sums := rowProduct_eq fits hA hB hi hj
  have unfolded : exactAt layout (layout.blocks k) left right i j =
      (((rowProduct layout (layout.blocks k) left right i j +
          layout.blocks k * (layout.lanes * (layout.left.offset * layout.right.offset)) : Nat) : Int) -
        (layout.left.offset * rowSum layout layout.right (layout.blocks k) right j +
          layout.right.offset * rowSum layout layout.left (layout.blocks k) left i : Nat)) *
        ((1 <<< (layout.left.low + layout.right.low) : Nat) : Int) := rfl
  rw [unfolded, Nat.one_shiftLeft, two_pow_cast, sums]
  congr 2
  omega

private theorem finite_of_checkFrame {r : Range} {rows x : Nat} (whole : layout.block * layout.blocks k = k)
    (h : r.checkFrame (rows * layout.blocks k * layout.block) x = true) : ∀ i, Finite (frameMatrix x rows k i) := fun i j => by
  obtain ⟨hr, holds⟩ := Range.checkFrame_holds h
  refine Range.isFinite_of_holds hr (holds _ ?_)
  rw [Nat.mul_assoc, Nat.mul_comm (layout.blocks k), whole]
  exact index_lt i j

/-- The frames are finite. -/
theorem finite_of_canMultiply (h : canMultiply layout m k n left right = true) :
    (∀ i, Finite (frameMatrix left m k i)) ∧ ∀ j, Finite (frameMatrix right n k j) := by
  simp only [canMultiply, Bool.and_eq_true, Layout.divides, Nat.beq_eq] at h
  obtain ⟨⟨⟨whole, -⟩, hA⟩, hB⟩ := h
  exact ⟨finite_of_checkFrame whole hA, finite_of_checkFrame whole hB⟩

end LeanPythonBridge.Certificate.Product
