module

public import LeanPythonBridge.Certificate.Enclosure

/-!
# Enclosures of the inverse of a matrix

Over every ordered ring: when `R A` is near the identity in the maximum norm, every right inverse of `A` is near `R`.
-/

@[expose] public section

namespace LeanPythonBridge

open Lean.Grind

universe u

variable {R : Type u} [CommRing R] {n : Nat}

/-- `B` is a right inverse of `A`. -/
def IsRightInverse (A B : Matrix n n R) : Prop := ∀ i j, (A.mul B) i j = if j = i then 1 else 0

variable [LE R] [LT R] [Std.LawfulOrderLT R] [Std.IsLinearOrder R] [OrderedRing R] [DecidableLE R]

/-- What was computed lies within `bound` of every right inverse, in every entry: `B - R = (I - R A) (B - R) +
(I - R A) R`. -/
theorem abs_sub_le_of_isRightInverse {inverse A B : Matrix n n R} {contraction largest bound : R}
    (rows : ∀ i, (vecSum fun j => abs (defect inverse A i j)) ≤ contraction) (lt : contraction < 1)
    (entries : ∀ i j, abs (inverse i j) ≤ largest) (small : contraction * largest ≤ bound * (1 - contraction))
    (inverts : IsRightInverse A B) (i j : Fin n) : abs (inverse i j - B i j) ≤ bound := by
  have nonneg : 0 ≤ largest := Std.le_trans (abs_nonneg _) (entries i j)
  have difference : ∀ (M : Matrix n n R) (x y : Vec n R) i, M.mulVec (x - y) i = M.mulVec x i - M.mulVec y i :=
    fun M x y i => dot_sub (M i) x y
  let column : Vec n R := fun k => B k j
  let computed : Vec n R := fun k => inverse k j
  have image : ∀ i, inverse.mulVec (A.mulVec column) i = computed i := fun i => by
    show (vecSum fun k => inverse i k * (A.mul B) k j) = inverse i j
    rw [← vecSum_single j (inverse i j)]
    congr; funext k
    rw [inverts k j]
    by_cases e : k = j
    · rw [e, if_pos rfl, if_pos rfl]; grind
    · rw [if_neg e, if_neg fun h => e h.symm]; grind
  have := abs_le_of_contraction (x := column - computed) (y := (defect inverse A).mulVec computed) rows lt
    (fun k => Std.le_trans (Std.le_trans (abs_dot_le fun l => entries l j)
      (OrderedRing.mul_le_mul_of_nonneg_right (rows k) nonneg)) small)
    (fun k => by
      rw [difference]
      have := defect_mulVec inverse A column k
      rw [image] at this
      rw [this, Vec.sub_apply]
      grind) i
  rw [Vec.sub_apply] at this
  have : abs (B i j - inverse i j) ≤ bound := this
  grind [abs]

end LeanPythonBridge
