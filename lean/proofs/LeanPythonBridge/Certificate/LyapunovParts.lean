module

public import LeanPythonBridge.Certificate.Arguments
public import LeanPythonBridge.Certificate.DiagonalShift
public import LeanPythonBridge.Certificate.RowCombinations

/-!
# What the checkers of `lyapunov_discrete` and `lyapunov_continuous` share

Both have computed products of matrices with bounds on their errors, and a matrix of doubles `N` near `c P - V`, where `c`
is a number and `V` is known by doubles. Here is what they read from a certificate, and the tests of these parts.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.Lyapunov

open Float64

/-! ## Reading -/

/-- The double of a name, as its bits; one that is not finite when there is none. -/
def double (name : String) (entries : Entries) : Nat :=
  match Value.double? name entries with
  | some bits => bits.toNat
  | none => infinity

/-- The range of exponents of a name; one that no test accepts when there is none. -/
def range (name : String) (entries : Entries) : Range := (Range.find? name entries).getD ⟨0, 0⟩

/-- The hints for a product of a name; those that no test accepts when there are none. -/
def productLayout (name : String) (entries : Entries) : Product.Layout :=
  match Value.find? name entries with
  | some (.list values) => (Product.Layout.ofValues? values).getD ⟨0, 0, ⟨0, 0⟩, ⟨0, 0⟩, ⟨0, 0⟩⟩
  | _ => ⟨0, 0, ⟨0, 0⟩, ⟨0, 0⟩, ⟨0, 0⟩⟩

/-- The hints for a positive definite matrix: the number of words, and the ranges of the matrix and its factor. -/
def layout (words matrix factor : String) (entries : Entries) : PositiveDefinite.Layout :=
  ⟨(Value.atMost? maxWords words entries).getD 0, range matrix entries, range factor entries⟩

/-- The frame of an array of the certificate, when that is a square matrix of this size. -/
def frame? (name : String) (n : Nat) (a : Answer) : Option Nat :=
  match a.certificateArray? name with
  | some array => if array.isMatrix n n then withValue (join array.chunks) some else none
  | none => none

/-- The matrix `P` of an answer, when it is square of this size and the certificate shows that it is positive definite. -/
def form? (n : Nat) (a : Answer) : Option NamedArray :=
  match a.array? "form", frame? "form_factor" n a with
  | some form, some factor =>
    if form.isMatrix n n && withValue (join form.chunks) (fun P => PositiveDefinite.check P factor n
        (layout "form_words" "form_matrix_range" "form_factor_range" a.certificate)) then some form
    else none
  | _, _ => none

theorem form?_sound {n : Nat} {a : Answer} {form : NamedArray} (h : form? n a = some form) :
    a.array? "form" = some form ∧ form.IsMatrix n n ∧
      PositiveDefinite.Certified (frameMatrix form.packed n n) := by
  unfold form? at h
  split at h
  · rename_i found _
    split at h
    · rename_i holds
      simp only [Bool.and_eq_true, withValue_eq, join_eq] at holds
      rw [← Option.some.inj h]
      exact ⟨found, NamedArray.isMatrix_sound holds.1, PositiveDefinite.check_sound holds.2⟩
    · contradiction
  · contradiction

/-! ## Tests -/

/-- The test that a double is finite, and not negative: it has no sign bit. -/
def isMagnitude (x : Nat) : Bool := Nat.blt x infinity

/-- The value of a double times `2^1074` when it is not negative, else 0. -/
def plus (x : Nat) : Nat := Bool.rec (scaledAbs x) 0 (isNegative x)

/-- The absolute value of a double times `2^1074` when it is negative, else 0. -/
def minus (x : Nat) : Nat := Bool.rec 0 (scaledAbs x) (isNegative x)

/-- The test that an entry `m` of `N` is within a limit of `c (p - p') - (v - v')`, all numbers times `2^1074`, and the limit
times `2^2148`. What is subtracted stands on the other side: natural numbers are what the kernel computes with fastest. -/
def isRest (limit c p p' v v' m : Nat) : Bool :=
  withValue (Nat.add (Nat.mul c p) (Nat.mul (Nat.add v' (minus m)) scale)) fun left =>
    withValue (Nat.add (Nat.mul c p') (Nat.mul (Nat.add v (plus m)) scale)) fun right =>
      Nat.ble (Nat.add (Nat.sub left right) (Nat.sub right left)) limit

theorem scaled_eq_plus_sub_minus (x : Nat) : scaled x = (plus x : Int) - minus x := by
  unfold scaled plus minus
  cases isNegative x <;> simp

theorem isFinite_of_isMagnitude {x : Nat} (h : isMagnitude x = true) : isFinite x = true := by
  have lt : x < infinity := Nat.le_of_ble_eq_true h
  rw [isFinite, magnitude_of_lt lt]
  exact decide_eq_true lt

theorem toRat_of_isMagnitude {x : Nat} (h : isMagnitude x = true) : toRat x = ofScaled (scaledMagnitude x) := by
  rw [toRat_eq_ofScaled, scaled_of_lt (Nat.le_of_ble_eq_true h)]

theorem near_of_isRest {bound c p p' v v' m : Nat} (finite : isMagnitude bound = true)
    (h : isRest (Nat.mul (scaledMagnitude bound) scale) c p p' v v' m = true) :
    abs (ofScaled c * ofScaled ((p : Int) - p') - (ofScaled ((v : Int) - v') + toRat m)) ≤ toRat bound := by
  simp only [isRest, withValue_eq] at h
  have le : (c * p + (v' + minus m) * scale - (c * p' + (v + plus m) * scale)) +
      (c * p' + (v + plus m) * scale - (c * p + (v' + minus m) * scale)) ≤ scaledMagnitude bound * scale :=
    Nat.le_of_ble_eq_true h
  have sides : (c : Int) * ((p : Int) - p') - (((v : Int) - v') + scaled m) * scale =
      ((c * p + (v' + minus m) * scale : Nat) : Int) - ((c * p' + (v + plus m) * scale : Nat) : Int) := by
    rw [scaled_eq_plus_sub_minus]
    simp only [Int.natCast_add, Int.natCast_mul]
    generalize (scale : Int) = s
    grind
  rw [toRat_of_isMagnitude finite, toRat_eq_ofScaled, ofScaled_mul_ofScaled, ← ofScaled_add, ← ofScaledSquare_mul_scale,
    ← ofScaledSquare_sub, abs_ofScaledSquare, ← ofScaledSquare_mul_scale (scaledMagnitude bound), ofScaledSquare_le,
    abs_eq_natAbs, ← Int.natCast_mul, Int.ofNat_le, sides]
  omega

/-- The sum of `n` equal numbers, given times `2^-2148`, is at most a double. -/
theorem vecSum_le_of_units {n slack units : Nat} {e : Rat} (finite : isMagnitude slack = true)
    (he : e = ofScaledSquare units) (h : Nat.ble (Nat.mul n units) (Nat.mul (scaledMagnitude slack) scale) = true) :
    (vecSum fun _ : Fin n => e) ≤ toRat slack := by
  have le : n * units ≤ scaledMagnitude slack * scale := Nat.le_of_ble_eq_true h
  rw [he, vecSum_ofScaledSquare, toRat_of_isMagnitude finite, ← ofScaledSquare_mul_scale, ofScaledSquare_le, vecSum_const]
  have := Int.ofNat_le.2 le
  rwa [Int.natCast_mul, Int.natCast_mul] at this

/-- The words of a transposed frame. -/
theorem element_columns {n : Nat} (x : Nat) (i l : Fin n) :
    element (Product.transposed n n x) (i * n + l) = element x (l * n + i) :=
  Product.element_transposed l.isLt i.isLt

end LeanPythonBridge.Certificate.Lyapunov
