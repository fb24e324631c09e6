module

public import LeanPythonBridge.Certificate.Digits
public import LeanPythonBridge.Certificate.LinearAlgebra
public import LeanPythonBridge.Certificate.Polynomial

/-!
# Polynomials as quadratic forms of monomials

With integers `cₜ` for the coefficients, `p = Σ cₜ mₜ`, and a symmetric matrix `G` of integers (Gram's), the identity
`d p = Σ Gᵢⱼ zᵢ zⱼ` for monomials `z` says that the terms of both sides have the same sums for each monomial. These sums are
the digits of one integer (`distribute`), and the certificate says for each term where it belongs: a term or a product goes to
the row of its `support` that has its key.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.SumsOfSquares

open Float64

/-- The sums of integers by where they belong, as digits. -/
def distribute (w : Nat) (place : Nat → Nat) (f : Nat → Int) (count : Nat) : Int :=
  Nat.rec (motive := fun _ => Int) 0 (fun t y => withInt y fun y => withInt (f t) fun z =>
    Int.add y (Int.mul z (Int.ofNat (Nat.shiftLeft 1 (Nat.mul w (place t)))))) count

/-- What belongs to a row, of the first `count` integers. -/
def gathered (place : Nat → Nat) (f : Nat → Int) (count m : Nat) : Int :=
  integerSum count fun t => if place t = m then f t else 0

/-- The sum of rows of digits. -/
def sumRows (row : Nat → Int) (count : Nat) : Int :=
  Nat.rec (motive := fun _ => Int) 0 (fun i y => withInt y fun y => withInt (row i) fun z => Int.add y z) count

variable {w rows count : Nat}

private theorem packInt_single {m : Nat} (x : Int) (h : m < rows) :
    (packInt w rows fun i => if m = i then x else 0) = x * 2 ^ (w * m) := by
  induction rows with
  | zero => omega
  | succ rows ih =>
    rw [packInt_succ]
    by_cases last : m = rows
    · have zero : (packInt w rows fun i => if m = i then x else 0) = 0 := by
        have e : (packInt w rows fun i => if m = i then x else 0) = packInt w rows fun _ => 0 * 0 :=
          packInt_congr fun i hi => by rw [if_neg (show ¬m = i by omega), Int.zero_mul]
        rw [e, ← packInt_mul 0 fun _ => 0, Int.zero_mul]
      rw [zero, if_pos last, last, Int.zero_add]
    · rw [if_neg last, ih (by omega), Int.zero_mul, Int.add_zero]

theorem distribute_eq {place : Nat → Nat} {f : Nat → Int} (inside : ∀ t < count, place t < rows) :
    distribute w place f count = packInt w rows (gathered place f count) := by
  induction count with
  | zero =>
    have := packInt_mul (w := w) (n := rows) 0 fun _ => 0
    rw [Int.zero_mul] at this
    exact this
  | succ count ih =>
    have step : distribute w place f (count + 1) = distribute w place f count + f count * 2 ^ (w * place count) := by
      show (withInt (distribute w place f count) fun y => withInt (f count) fun z =>
        Int.add y (Int.mul z (Int.ofNat (Nat.shiftLeft 1 (Nat.mul w (place count)))))) = _
      rw [withInt_eq, withInt_eq, show Nat.shiftLeft 1 (Nat.mul w (place count)) = 2 ^ (w * place count) from
        Nat.one_shiftLeft _, ← two_pow_cast]
      rfl
    rw [step, ih fun t ht => inside t (by omega), ← packInt_single _ (inside count (by omega)), packInt_add]
    rfl

theorem sumRows_eq (row : Nat → Int) (count : Nat) : sumRows row count = integerSum count row := by
  induction count with
  | zero => rfl
  | succ count ih =>
    show (withInt (sumRows row count) fun y => withInt (row count) fun z => Int.add y z) = _
    rw [withInt_eq, withInt_eq, ih]
    rfl

/-- What is gathered has no more bits than all together. -/
theorem natAbs_gathered_le {place : Nat → Nat} {f : Nat → Int} {b m : Nat} (h : ∀ t < count, (f t).natAbs ≤ b) :
    (gathered place f count m).natAbs ≤ count * b :=
  natAbs_integerSum_le fun t ht => by
    split
    · exact h t ht
    · exact Nat.zero_le _

/-- A sum over the rows of what is gathered there is the sum of all. -/
theorem sum_gathered {place : Nat → Nat} {f : Nat → Int} (s : Nat → Rat) (inside : ∀ t < count, place t < rows) :
    (vecSum fun m : Fin rows => (gathered place f count m : Rat) * s m) =
      vecSum fun t : Fin count => (f t : Rat) * s (place t) := by
  induction count with
  | zero =>
    have : ∀ m : Nat, (gathered place f 0 m : Rat) * s m = 0 := fun m => Rat.zero_mul _
    simp only [this]
    exact vecSum_zero
  | succ count ih =>
    have ih := ih fun t ht => inside t (by omega)
    rw [vecSum_succ]
    show _ = (vecSum fun t : Fin count => (f t : Rat) * s (place t)) + (f count : Rat) * s (place count)
    rw [← ih, ← vecSum_single (⟨place count, inside count (by omega)⟩ : Fin rows) ((f count : Rat) * s (place count)),
      ← vecSum_add]
    refine congrArg vecSum (funext fun m => ?_)
    show (((gathered place f count m + if place count = m then f count else 0 : Int)) : Rat) * s m = _
    rw [Rat.intCast_add]
    by_cases same : place count = m
    · rw [if_pos same, if_pos (Fin.ext same.symm)]
      rw [same]
      grind
    · rw [if_neg same, if_neg fun e => same (congrArg Fin.val e).symm, Rat.intCast_zero]
      grind

end LeanPythonBridge.Certificate.SumsOfSquares
