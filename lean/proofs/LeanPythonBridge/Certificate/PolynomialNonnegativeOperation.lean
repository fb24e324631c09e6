module

public import LeanPythonBridge.Certificate.Operation
public import LeanPythonBridge.Certificate.SemidefiniteReading
public import LeanPythonBridge.Certificate.SumsOfSquares

/-!
# `polynomial_nonnegative`: a polynomial that is nowhere negative

The question has the array `exponents`, a row of natural numbers for each term, and `coefficients`, a double for each. The
certificate has the arrays `monomials` and `support`, exponents again, `gram`, integers of any length that are the lower
triangle of a symmetric matrix and a denominator, `places`, for each of that triangle's entries the row of `support` that is
the product of the two monomials, and `terms`, the row of `support` of each term; and `weights` and `factor`, which show that
the matrix is positive semidefinite. The coefficients are integers times `2^(unit - 1074)`.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.PolynomialNonnegativeOperation

open Float64 SumsOfSquares

/-! ## What it means -/

/-- The polynomial of a question: its frames, how many terms and how many variables. -/
structure Asked where
  /-- The exponents, a row for each term. -/
  exponents : Nat
  /-- The coefficients. -/
  coefficients : Nat
  /-- The number of terms. -/
  terms : Nat
  /-- The number of variables. -/
  variables : Nat

/-- The polynomial of a question; `packed` takes an array's bytes together. -/
def asked? (packed : NamedArray → Nat) (q : Question) : Option Asked :=
  match q.array? "exponents", q.array? "coefficients" with
  | some exponents, some coefficients =>
    match exponents.shape with
    | [k, n] =>
      if exponents.dtype == .i8 && coefficients.isVector k then some ⟨packed exponents, packed coefficients, k, n⟩ else none
    | _ => none
  | _, _ => none

/-- The value of the polynomial at a point. -/
def Asked.value (asked : Asked) (x : Vec asked.variables Rat) : Rat :=
  polynomial (frameMatrix asked.exponents asked.terms asked.variables)
    (valueVec (frameVec asked.coefficients asked.terms)) x

/-- What the answer says: the polynomial is not negative. -/
def says (a : Answer) : Bool :=
  match a.result, a.arrays with
  | [(key, .bool true)], [] => key == "nonnegative"
  | _, _ => false

/-- What a certified answer means, of the exact values of the coefficients: at every point of rational numbers, the
polynomial is not negative. -/
def Meaning (q : Question) (a : Answer) : Prop :=
  ∃ asked, asked? NamedArray.packed q = some asked ∧ a.result = [("nonnegative", .bool true)] ∧
    Finite (frameVec asked.coefficients asked.terms) ∧
    (∀ t v, frameMatrix asked.exponents asked.terms asked.variables t v < mostDegree) ∧ ∀ x, 0 ≤ asked.value x

/-! ## The test -/

/-- What the certificate says, but for what shows that the matrix is positive semidefinite. -/
structure Proof where
  /-- The number of monomials. -/
  size : Nat
  /-- Their exponents. -/
  monomials : Nat
  /-- The number of rows of the support. -/
  rows : Nat
  /-- Their exponents. -/
  support : Nat
  /-- The row of each product. -/
  places : Nat
  /-- The row of each term. -/
  terms : Nat
  /-- How many words an integer of the matrix has. -/
  words : Nat
  /-- The integers of the matrix. -/
  gram : Nat
  /-- The coefficients are integers times `2^(unit - 1074)`. -/
  unit : Nat
  /-- The coefficients times the denominator have no more bits. -/
  bits : Nat

/-- Where an entry of a symmetric matrix stands in its lower triangle. -/
def triangle (i j : Nat) : Nat :=
  Bool.rec (Nat.add (Nat.shiftRight (Nat.mul j (Nat.add j 1)) 1) i) (Nat.add (Nat.shiftRight (Nat.mul i (Nat.add i 1)) 1) j)
    (Nat.ble j i)

/-- An entry of the matrix. -/
def Proof.entry (P : Proof) (i j : Nat) : Int := integerAt P.words P.gram (triangle i j)

/-- The row of a product. -/
def Proof.place (P : Proof) (i j : Nat) : Nat := cut 64 P.places (triangle i j)

/-- The row of a term. -/
def Proof.term (P : Proof) (t : Nat) : Nat := cut 64 P.terms t

/-- A coefficient as an integer. -/
def integerOf (asked : Asked) (unit t : Nat) : Int := withoutBits unit (doubleAt asked.coefficients t)

/-- The test of a term: it has its row, and is an integer. -/
def isTerm (asked : Asked) (P : Proof) (d : Int) (t : Nat) : Bool :=
  withInt (integerOf asked P.unit t) fun z =>
    same (Int.mul z (Int.ofNat (Nat.shiftLeft 1 P.unit))) (doubleAt asked.coefficients t) &&
      Nat.ble (Int.natAbs (Int.mul d z)) (Nat.shiftLeft 1 P.bits) && Nat.blt (P.term t) P.rows &&
      Nat.beq (keyAt asked.variables asked.exponents t) (keyAt asked.variables P.support (P.term t))

/-- The test of a product of monomials: it has its row. -/
def isProduct (asked : Asked) (P : Proof) (i j : Nat) : Bool :=
  withValue (P.place i j) fun place => Nat.blt place P.rows &&
    Nat.beq (Nat.add (keyAt asked.variables P.monomials i) (keyAt asked.variables P.monomials j))
      (keyAt asked.variables P.support place)

/-- The test that exponents are small. -/
def areDegrees (x count : Nat) : Bool := allBelow (fun q => Nat.blt (cut 64 x q) mostDegree) count

/-- The bits of a digit. -/
def width (asked : Asked) (P : Proof) : Nat :=
  Nat.add 2 (Nat.log2 (Nat.add (Nat.shiftLeft asked.terms P.bits)
    (Nat.shiftLeft (Nat.mul P.size P.size) (Nat.mul 64 P.words))))

/-- The test that all sums are the same on both sides. -/
def isIdentity (asked : Asked) (P : Proof) (d : Int) : Bool :=
  withValue (width asked P) fun w =>
    same (distribute w P.term (fun t => Int.mul d (integerOf asked P.unit t)) asked.terms)
      (sumRows (fun i => distribute w (P.place i) (P.entry i) P.size) P.size)

/-- The test of the polynomial; `d` is the denominator. -/
def checkProof (asked : Asked) (P : Proof) (d : Int) : Bool :=
  Order.finite asked.terms asked.coefficients && areDegrees asked.exponents (Nat.mul asked.terms asked.variables) &&
    areDegrees P.monomials (Nat.mul P.size asked.variables) && allBelow (isTerm asked P d) asked.terms &&
    allBelow (fun i => allBelow (fun j => isProduct asked P i j) (Nat.add i 1)) P.size && isIdentity asked P d

/-- The bytes of an array, taken together fast. -/
def joined (a : NamedArray) : Nat := join a.chunks

/-- A polynomial with its frames evaluated. -/
def Asked.withValues {α : Type} (asked : Asked) (f : Asked → α) : α :=
  withValue asked.exponents fun exponents => withValue asked.coefficients fun coefficients =>
    f ⟨exponents, coefficients, asked.terms, asked.variables⟩

/-- The proof of an answer, its frames evaluated, tested. -/
def withProof (a : Answer) (asked : Asked) (test : Proof → Bool) : Bool :=
  match a.certificateArray? "monomials", a.certificateArray? "support", a.certificateArray? "places",
    a.certificateArray? "terms", Value.atMost? 2098 "unit" a.certificate, Value.atMost? mostWords "bits" a.certificate with
  | some monomials, some support, some places, some terms, some unit, some bits =>
    withValue monomials.rowCount fun size => withValue (triangle size 0) fun entries =>
      match integers? a "gram" (Nat.succ entries) with
      | some (words, gram) =>
        monomials.isIndices [size, asked.variables] && support.isIndices [support.rowCount, asked.variables] &&
          places.isIndices [entries] && terms.isIndices [asked.terms] &&
          withValue (joined monomials) fun monomials => withValue (joined support) fun supports =>
            withValue (joined places) fun places => withValue (joined terms) fun terms => withValue gram fun gram =>
              test ⟨size, monomials, support.rowCount, supports, places, terms, words, gram, unit, bits⟩
      | none => false
  | _, _, _, _, _, _ => false

/-- Whether the certificate of an answer holds. -/
def check (q : Question) (a : Answer) : Bool :=
  match asked? joined q with
  | some asked => says a && a.isKind "sum_of_squares" && asked.withValues fun asked => withProof a asked fun P =>
      withInt (integerAt P.words P.gram (triangle P.size 0)) fun d => isNonneg (Int.sub d 1) && checkProof asked P d &&
        Semidefinite.isSemidefinite a P.size P.entry (Nat.mul 64 P.words)
  | none => false

/-! ## Soundness -/

variable {asked : Asked} {P : Proof} {d : Int} {a : Answer}

private theorem blt {a b : Nat} (h : Nat.blt a b = true) : a < b := Nat.le_of_ble_eq_true h

private theorem triangle_comm (i j : Nat) : triangle i j = triangle j i := by
  rw [triangle, triangle]
  rcases Nat.lt_trichotomy i j with lt | rfl | lt
  · rw [show Nat.ble j i = false from Bool.eq_false_iff.2 fun h => by have := Nat.le_of_ble_eq_true h; omega,
      Nat.ble_eq_true_of_le (Nat.le_of_lt lt)]
  · rfl
  · rw [show Nat.ble i j = false from Bool.eq_false_iff.2 fun h => by have := Nat.le_of_ble_eq_true h; omega,
      Nat.ble_eq_true_of_le (Nat.le_of_lt lt)]

/-- The value of a row of exponents. -/
private def valueAt (n x i : Nat) (point : Vec n Rat) : Rat := monomial (fun v : Fin n => element x (i * n + v)) point

private theorem keyAt_inj {n x y i j : Nat} (h : keyAt n x i = keyAt n y j) (point : Vec n Rat) :
    valueAt n x i point = valueAt n y j point := by
  rw [valueAt, valueAt]
  congr 1
  funext v
  rw [← element_keyAt x v.isLt, h, element_keyAt y v.isLt]

theorem checkProof_sound (hd : 0 < d) (h : checkProof asked P d = true)
    (semidefinite : ∀ z, 0 ≤ quadForm (fun i j : Fin P.size => (P.entry i j : Rat)) z) :
    Finite (frameVec asked.coefficients asked.terms) ∧
      (∀ t v, frameMatrix asked.exponents asked.terms asked.variables t v < mostDegree) ∧ ∀ x, 0 ≤ asked.value x := by
  simp only [checkProof, isIdentity, areDegrees, isTerm, isProduct, withInt_eq, withValue_eq, Bool.and_eq_true, allBelow_iff,
    cut_eq_element, Nat.ble_eq, Nat.beq_eq] at h
  obtain ⟨⟨⟨⟨⟨finite, degrees⟩, small⟩, terms⟩, products⟩, identity⟩ := h
  have finite := Order.finite_sound finite
  have small : ∀ i < P.size, ∀ v < asked.variables, element P.monomials (i * asked.variables + v) < mostDegree :=
    fun i hi v hv => blt (small _ (index_lt ⟨_, hi⟩ ⟨_, hv⟩))
  refine ⟨fun t => finite t t.isLt, fun t v => blt (degrees _ (index_lt t v)), fun x => ?_⟩
  let s : Nat → Rat := fun m => valueAt asked.variables P.support m x
  let z : Nat → Rat := fun i => valueAt asked.variables P.monomials i x
  let c : Nat → Int := integerOf asked P.unit
  have product : ∀ i < P.size, ∀ j < P.size, P.place i j < P.rows ∧ z i * z j = s (P.place i j) := by
    have below : ∀ i < P.size, ∀ j < i + 1, P.place i j < P.rows ∧ z i * z j = s (P.place i j) := fun i hi j hj => by
      obtain ⟨inside, key⟩ := products i hi j hj
      exact ⟨blt inside, (monomial_of_key key (small i hi) (small j (by omega)) x).symm⟩
    intro i hi j hj
    rcases Nat.lt_or_ge i j with lt | le
    · have := below j hj i (by omega)
      rw [Proof.place, triangle_comm, Rat.mul_comm]
      exact this
    · exact below i hi j (by omega)
  have term : ∀ t < asked.terms, P.term t < P.rows := fun t ht => blt (terms t ht).1.2
  have digits : ∀ m < P.rows, gathered P.term (fun t => d * c t) asked.terms m =
      integerSum P.size fun i => gathered (P.place i) (P.entry i) P.size m := by
    have e := same_sound identity
    rw [sumRows_eq] at e
    have e : packInt (width asked P) P.rows (gathered P.term (fun t => d * c t) asked.terms) =
        packInt (width asked P) P.rows fun m => integerSum P.size fun i => gathered (P.place i) (P.entry i) P.size m := by
      rw [← packInt_integerSum, ← distribute_eq term, show (fun t => d * c t) = fun t => Int.mul d (integerOf asked P.unit t) from
        rfl, e]
      exact integerSum_congr fun i hi => distribute_eq fun j hj => (product i hi j hj).1
    have zero : packInt (width asked P) P.rows (fun m => gathered P.term (fun t => d * c t) asked.terms m -
        integerSum P.size fun i => gathered (P.place i) (P.entry i) P.size m) = 0 := by
      rw [← packInt_sub, e, Int.sub_self]
    have bound : ∀ m, (gathered P.term (fun t => d * c t) asked.terms m -
        integerSum P.size fun i => gathered (P.place i) (P.entry i) P.size m).natAbs <
          2 ^ ((asked.terms * 2 ^ P.bits + P.size * P.size * 2 ^ (64 * P.words)).log2 + 1) := fun m => by
      have h₁ : (gathered P.term (fun t => d * c t) asked.terms m).natAbs ≤ asked.terms * 2 ^ P.bits :=
        natAbs_gathered_le fun t ht => by
          have : (d * c t).natAbs ≤ 1 <<< P.bits := (terms t ht).1.1.2
          rwa [Nat.one_shiftLeft] at this
      have h₂ : (integerSum P.size fun i => gathered (P.place i) (P.entry i) P.size m).natAbs ≤
          P.size * (P.size * 2 ^ (64 * P.words)) :=
        natAbs_integerSum_le fun i _ => natAbs_gathered_le fun j _ => Semidefinite.natAbs_integerAt_le ..
      rw [← Nat.mul_assoc] at h₂
      exact Nat.lt_of_le_of_lt (show _ ≤ asked.terms * 2 ^ P.bits + P.size * P.size * 2 ^ (64 * P.words) by omega)
        Nat.lt_log2_self
    have wide : (asked.terms * 2 ^ P.bits + P.size * P.size * 2 ^ (64 * P.words)).log2 + 1 + 1 ≤ width asked P := by
      rw [width, ← Nat.shiftLeft_eq, ← Nat.shiftLeft_eq]
      show _ ≤ 2 + _
      rw [Nat.add_comm 2]
      exact Nat.le_refl _
    exact fun m hm => Int.sub_eq_zero.1 (eq_zero_of_packInt zero bound wide m hm)
  have left : (d : Rat) * (vecSum fun t : Fin asked.terms => (c t : Rat) * s (P.term t)) =
      vecSum fun m : Fin P.rows => (gathered P.term (fun t => d * c t) asked.terms m : Rat) * s m := by
    rw [sum_gathered s term, ← vecSum_mul_left]
    exact congrArg vecSum (funext fun t => by rw [Rat.intCast_mul, Rat.mul_assoc])
  have right : (vecSum fun m : Fin P.rows =>
      ((integerSum P.size fun i => gathered (P.place i) (P.entry i) P.size m : Int) : Rat) * s m) =
      quadForm (fun i j : Fin P.size => (P.entry i j : Rat)) (fun i => z i) := by
    have rows : ∀ m : Fin P.rows, ((integerSum P.size fun i => gathered (P.place i) (P.entry i) P.size m : Int) : Rat) * s m =
        vecSum fun i : Fin P.size => (gathered (P.place i) (P.entry i) P.size m : Rat) * s m := fun m => by
      rw [← vecSum_cast fun i => gathered (P.place i) (P.entry i) P.size m, vecSum_mul_right]
    rw [funext rows, vecSum_comm fun (m : Fin P.rows) (i : Fin P.size) =>
      (gathered (P.place i) (P.entry i) P.size m : Rat) * s m, quadForm, dot]
    refine congrArg vecSum (funext fun i => ?_)
    rw [sum_gathered s fun j hj => (product i i.isLt j hj).1, Matrix.mulVec, dot, ← vecSum_mul_left]
    refine congrArg vecSum (funext fun j => ?_)
    rw [← (product i i.isLt j j.isLt).2]
    grind
  have form := semidefinite fun i => z i
  have equal : (vecSum fun m : Fin P.rows => (gathered P.term (fun t => d * c t) asked.terms m : Rat) * s m) =
      vecSum fun m : Fin P.rows =>
        ((integerSum P.size fun i => gathered (P.place i) (P.entry i) P.size m : Int) : Rat) * s m :=
    congrArg vecSum (funext fun m => by rw [digits m m.isLt])
  rw [← right, ← equal, ← left] at form
  have pos : (0 : Rat) < d := by
    have : ((0 : Int) : Rat) < (d : Rat) := Rat.intCast_lt_intCast.2 hd
    exact this
  have sum : 0 ≤ vecSum fun t : Fin asked.terms => (c t : Rat) * s (P.term t) := by
    refine Rat.not_lt.1 fun negative => ?_
    have := Rat.mul_lt_mul_of_pos_left negative pos
    grind
  have value : asked.value x = ofScaled (2 ^ P.unit : Nat) * vecSum fun t : Fin asked.terms => (c t : Rat) * s (P.term t) := by
    rw [Asked.value, polynomial, ← vecSum_mul_left]
    refine congrArg vecSum (funext fun t => ?_)
    have coefficient : toRat (element asked.coefficients t) = (c t : Rat) * ofScaled (2 ^ P.unit : Nat) := by
      have e := same_sound (terms t t.isLt).1.1.1
      rw [doubleAt_eq (finite t t.isLt)] at e
      have e : c t * (1 <<< P.unit : Nat) = scaled (element asked.coefficients t) := e
      rw [toRat_eq_ofScaled, ← e, ofScaled_mul, Nat.one_shiftLeft]
    have row := keyAt_inj (terms t t.isLt).2 x
    show toRat (element asked.coefficients t) * valueAt asked.variables asked.exponents t x = _
    rw [coefficient, row]
    show _ = _ * (_ * valueAt asked.variables P.support (P.term t) x)
    grind
  rw [value]
  exact Rat.mul_nonneg (ofScaled_nonneg.2 (Int.natCast_nonneg _)) sum

private theorem withProof_sound {test : Proof → Bool} (h : withProof a asked test = true) : ∃ P, test P = true := by
  unfold withProof at h
  split at h
  · simp only [withValue_eq] at h
    split at h
    · simp only [Bool.and_eq_true] at h
      exact ⟨_, h.2⟩
    · exact Bool.noConfusion h
  · exact Bool.noConfusion h

private theorem says_sound (h : says a = true) : a.result = [("nonnegative", .bool true)] := by
  unfold says at h
  split at h
  case h_1 key result _ => rw [result, beq_iff_eq.1 h]
  case h_2 => exact Bool.noConfusion h

theorem check_sound {q : Question} (h : check q a = true) : Meaning q a := by
  have joined_eq : joined = NamedArray.packed := funext fun a => join_eq a.chunks
  unfold check at h
  split at h
  case h_2 => exact Bool.noConfusion h
  case h_1 asked question =>
    simp only [Bool.and_eq_true, Asked.withValues, withValue_eq] at h
    rw [joined_eq] at question
    obtain ⟨⟨said, -⟩, proof⟩ := h
    obtain ⟨P, test⟩ := withProof_sound proof
    simp only [withInt_eq, Bool.and_eq_true, isNonneg_iff] at test
    obtain ⟨⟨positive, checked⟩, semidefinite⟩ := test
    have positive : 0 < integerAt P.words P.gram (triangle P.size 0) := by
      have : 0 ≤ integerAt P.words P.gram (triangle P.size 0) - 1 := positive
      omega
    exact ⟨asked, question, says_sound said, checkProof_sound positive checked
      (Semidefinite.isSemidefinite_sound (fun i _ j _ => by rw [Proof.entry, Proof.entry, triangle_comm])
        (fun _ _ => Semidefinite.natAbs_integerAt_le ..) semidefinite)⟩

/-- Whether a polynomial is nowhere negative. -/
def operation : CertifiedOperation where
  name := "polynomial_nonnegative"
  check := check
  Meaning := Meaning
  sound := check_sound

end LeanPythonBridge.Certificate.PolynomialNonnegativeOperation
