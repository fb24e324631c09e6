module

public import LeanPythonBridge.Certificate.RowsLemmas
public import LeanPythonBridge.Float64.Vectors
public import MatrixProps

/-!
# Polynomials in several variables

A polynomial is given by the exponents and the coefficients of its terms. The exponents of a term, as they stand in a frame,
are one number, its key: the key of a product is the sum of the keys (`monomial_of_key`).
-/

@[expose] public section

namespace LeanPythonBridge

/-- `x₀ ^ e₀ ⋯ xₙ₋₁ ^ eₙ₋₁`. -/
def monomial : {n : Nat} → (exponents : Vec n Nat) → (x : Vec n Rat) → Rat
  | 0, _, _ => 1
  | n + 1, exponents, x =>
    monomial (n := n) (fun i => exponents i.castSucc) (fun i => x i.castSucc) * x (Fin.last n) ^ exponents (Fin.last n)

/-- The sum of the terms: of each its coefficient times the product of the variables to its exponents. -/
def polynomial {k n : Nat} (exponents : Matrix k n Nat) (coefficients : Vec k Rat) (x : Vec n Rat) : Rat :=
  vecSum fun t => coefficients t * monomial (exponents t) x

/-- The product of two monomials. -/
theorem monomial_add {n : Nat} (a b : Vec n Nat) (x : Vec n Rat) :
    monomial (fun i => a i + b i) x = monomial a x * monomial b x := by
  induction n with
  | zero => exact (Rat.mul_one 1).symm
  | succ n ih =>
    rw [monomial, ih (fun i => a i.castSucc) (fun i => b i.castSucc), monomial, monomial, Lean.Grind.Semiring.pow_add]
    grind

namespace Certificate

open Float64

/-- Exponents are less than this. -/
def mostDegree : Nat := 65536

/-- The exponents of a row, as one number. -/
def keyAt (n x i : Nat) : Nat := cut (Nat.mul 64 n) x i

theorem element_keyAt {n i j : Nat} (x : Nat) (hj : j < n) : element (keyAt n x i) j = element x (i * n + j) := by
  have := element_cutRow n x i j
  rwa [if_pos hj, cutRow_eq] at this

/-- When keys add up, the monomial is the product. -/
theorem monomial_of_key {n a b c i j k : Nat} (key : keyAt n a i + keyAt n b j = keyAt n c k)
    (left : ∀ v < n, element a (i * n + v) < mostDegree) (right : ∀ v < n, element b (j * n + v) < mostDegree)
    (x : Vec n Rat) :
    monomial (fun v : Fin n => element c (k * n + v)) x =
      monomial (fun v : Fin n => element a (i * n + v)) x * monomial (fun v : Fin n => element b (j * n + v)) x := by
  rw [← monomial_add]
  congr 1
  funext v
  have small : ∀ x i, keyAt n x i < 2 ^ (64 * n) := fun x i => by
    rw [keyAt, cut_eq]; exact Nat.mod_lt _ (Nat.two_pow_pos _)
  have words : ∀ {x : Nat}, x < 2 ^ (64 * n) → x = pack 64 n (element x) := fun h => by
    refine Nat.eq_of_testBit_eq fun i => ?_
    rw [testBit_pack (by decide) fun _ _ => element_lt .., testBit_element, decide_eq_true (Nat.mod_lt i (by decide)),
      Nat.div_add_mod, Bool.true_and]
    by_cases lt : i < 64 * n
    · simp [lt]
    · rw [Nat.testBit_lt_two_pow (Nat.lt_of_lt_of_le h (Nat.pow_le_pow_right (by decide) (by omega)))]
      simp [lt]
  have sums := congrArg (lane 64 · v) key
  simp only at sums
  rw [words (small a i), words (small b j), words (small c k), pack_add,
    lane_pack (fun w hw => by
      have := left w hw; have := right w hw
      rw [element_keyAt a hw, element_keyAt b hw]
      simp only [mostDegree] at *
      omega) v.isLt, lane_pack (fun _ _ => element_lt ..) v.isLt, element_keyAt a v.isLt, element_keyAt b v.isLt,
    element_keyAt c v.isLt] at sums
  exact sums.symm

end Certificate
end LeanPythonBridge
