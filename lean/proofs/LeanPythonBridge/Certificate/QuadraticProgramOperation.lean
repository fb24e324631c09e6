module

public import LeanPythonBridge.Certificate.LinearProgramReading
public import LeanPythonBridge.Certificate.Operation
public import LeanPythonBridge.Certificate.PositiveDefiniteSoundness
public import LeanPythonBridge.Certificate.Quadratic
public import LeanPythonBridge.Certificate.SemidefiniteReading

/-!
# `quadratic_program`: the least of a convex quadratic function within linear bounds

The question has the array `quadratic`, a symmetric matrix `Q`, and those of a linear program (`LinearProgramReading`). What
is minimised is `½ xᵀ Q x + c · x`. The certificate has a feasible `point` and `multipliers` of the rows, and `weights` and
`factor`, which show that `Q` is positive semidefinite: its entries are integers of at most `bits` bits, times
`2^(unit - 1074)`. Then the function lies above its tangent at the point, and the
multipliers bound that from below, as they bound the cost of a linear program.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.QuadraticProgramOperation

open Float64 LinearProgram

/-! ## What it means -/

/-- What a certified answer means, of the exact values of the program's doubles: `Q` is symmetric, the function convex, and
the optimum is one. -/
def Meaning (q : Question) (a : Answer) : Prop :=
  ∃ quadratic F m n optimum, q.array? "quadratic" = some quadratic ∧ quadratic.IsMatrix n n ∧ frames? q = some (F, m, n) ∧
    (∀ i, Finite (frameMatrix quadratic.packed n n i)) ∧ WellFormed F m n ∧ optimum? a n = some optimum ∧
    (∀ i j, valueMatrix (frameMatrix quadratic.packed n n) i j = valueMatrix (frameMatrix quadratic.packed n n) j i) ∧
    (∀ x, 0 ≤ quadForm (valueMatrix (frameMatrix quadratic.packed n n)) x) ∧
    Optimal (F.program m n) (LeanPythonBridge.quadratic (valueMatrix (frameMatrix quadratic.packed n n)) (F.program m n).cost)
      (valueVec (frameVec optimum.solution n)) (toRat optimum.objective.toNat) (toRat optimum.distance.toNat)
      (toRat optimum.gap.toNat)

/-! ## The test -/

/-- Row `j` of the matrix `Q` times `p`, in units of `2^(-1074)`. -/
def rowOf (quadratic n : Nat) (p : Nat → Int) (j : Nat) : Int :=
  sumProducts (fun k => Nat.add (Nat.mul j n) k) quadratic p n

/-- `pᵀ Q p`, in units of `2^(-1074)`. -/
def formOf (quadratic n : Nat) (p : Nat → Int) : Int :=
  Nat.rec (motive := fun _ => Int) 0 (fun j y => withInt y fun y => withInt (rowOf quadratic n p j) fun z =>
    Int.add y (Int.mul z (p j))) n

/-- The gradient at `p / d`, times `d`, in units of `2^(-1074)`. -/
def gradient (F : Frames) (quadratic n : Nat) (d : Int) (p : Nat → Int) (j : Nat) : Int :=
  Int.add (rowOf quadratic n p j) (Int.mul (doubleAt F.cost j) d)

/-- The test of a point `p / d` and of multipliers; `v` is the objective. -/
def isOptimum (F : Frames) (quadratic m n : Nat) (optimum : Optimum) (a : Answer) : Bool :=
  isFinite optimum.objective.toNat && isFinite optimum.distance.toNat && isFinite optimum.gap.toNat &&
    withValue optimum.solution fun solution => Order.finite n solution &&
      withInt (doubleAt optimum.objective.toNat 0) fun v => withInt (doubleAt optimum.gap.toNat 0) fun gap =>
        withPoint a "point" n fun d p => isPoint F m n d p && isNear n solution optimum.distance.toNat d p &&
          withInt (formOf quadratic n p) fun form =>
            isNonneg (Int.sub (Int.mul (Int.mul 2 (Int.add v gap)) (Int.mul d d))
              (Int.add form (Int.mul (Int.mul 2 (costSum F n p)) d))) &&
            withPoint a "multipliers" m fun e y =>
              match boundOf F m n (gradient F quadratic n d p) (fun i => Int.mul (y i) d) e with
              | some t => isNonneg (Int.sub (Int.sub (Int.mul (Int.mul 2 t) d) (Int.mul (Int.mul form (Int.ofNat scale)) e))
                  (Int.mul (Int.mul (Int.mul (Int.mul 2 (Int.sub v gap)) (Int.ofNat scale)) (Int.mul d d)) e))
              | none => false

/-- An entry of `Q` in units of `2^(unit - 1074)`, when it has no more than so many bits. -/
def entryOf (quadratic n unit bits i j : Nat) : Int :=
  withInt (withoutBits unit (doubleAt quadratic (Nat.add (Nat.mul i n) j))) fun z =>
    Bool.rec 0 z (Nat.ble (Int.natAbs z) (Nat.shiftLeft 1 bits))

/-- The test that an entry of `Q` is an integer in these units. -/
def isEntry (quadratic n unit bits i j : Nat) : Bool :=
  same (Int.mul (entryOf quadratic n unit bits i j) (Int.ofNat (Nat.shiftLeft 1 unit)))
    (doubleAt quadratic (Nat.add (Nat.mul i n) j))

/-- The test that the quadratic function is convex. -/
def isConvex (quadratic n : Nat) (a : Answer) : Bool :=
  match Value.atMost? 2098 "unit" a.certificate, Value.atMost? 4096 "bits" a.certificate with
  | some unit, some bits =>
    Order.finite (Nat.mul n n) quadratic && PositiveDefinite.isSymmetric n quadratic &&
      allBelow (fun i => allBelow (isEntry quadratic n unit bits i) n) n &&
      Semidefinite.isSemidefinite a n (entryOf quadratic n unit bits) bits
  | _, _ => false

/-- Whether the certificate of an answer holds. -/
def check (q : Question) (a : Answer) : Bool :=
  match q.array? "quadratic", frames? q with
  | some quadratic, some (F, m, n) =>
    match optimum? a n with
    | some optimum => a.isKind "quadratic_program_proof" && quadratic.isMatrix n n && F.withValues fun F =>
        withValue quadratic.packed fun quadratic =>
          isWellFormed F m n && isConvex quadratic n a && isOptimum F quadratic m n optimum a
    | none => false
  | _, _ => false

/-! ## Soundness -/

variable {F : Frames} {quadratic m n : Nat} {a : Answer}

private theorem natAbs_entryOf_le (unit bits i j : Nat) : (entryOf quadratic n unit bits i j).natAbs ≤ 2 ^ bits := by
  rw [entryOf, withInt_eq]
  generalize withoutBits unit (doubleAt quadratic (Nat.add (Nat.mul i n) j)) = z
  cases le : Nat.ble z.natAbs (Nat.shiftLeft 1 bits)
  · exact Nat.zero_le _
  · have : z.natAbs ≤ 1 <<< bits := Nat.le_of_ble_eq_true le
    rwa [Nat.one_shiftLeft] at this

private theorem isConvex_sound (h : isConvex quadratic n a = true) :
    (∀ i, Finite (frameMatrix quadratic n n i)) ∧
      (∀ i j, valueMatrix (frameMatrix quadratic n n) i j = valueMatrix (frameMatrix quadratic n n) j i) ∧
      ∀ x, 0 ≤ quadForm (valueMatrix (frameMatrix quadratic n n)) x := by
  unfold isConvex at h
  split at h
  case h_2 => exact Bool.noConfusion h
  case h_1 unit bits _ _ =>
    simp only [Bool.and_eq_true, allBelow_iff] at h
    obtain ⟨⟨⟨finite, symmetric⟩, entries⟩, semidefinite⟩ := h
    have finite : ∀ i, Finite (frameMatrix quadratic n n i) := fun i j => Order.finite_sound finite _ (index_lt i j)
    have below : ∀ i j : Fin n, j < i → scaled (frameMatrix quadratic n n i j) = scaled (frameMatrix quadratic n n j i) :=
      fun i j lt => by
        have := PositiveDefinite.scaled_eq_of_sameValue (allBelow_iff.1 (allBelow_iff.1 symmetric i i.isLt) j lt)
        rwa [PositiveDefinite.word_eq quadratic j.isLt, PositiveDefinite.word_eq quadratic i.isLt] at this
    have symmetric : ∀ i j : Fin n, scaled (frameMatrix quadratic n n i j) = scaled (frameMatrix quadratic n n j i) :=
      fun i j => by
        rcases Nat.lt_trichotomy i.val j.val with lt | e | lt
        · exact (below j i lt).symm
        · rw [Fin.ext e]
        · exact below i j lt
    have double : ∀ i j : Fin n, doubleAt quadratic (Nat.add (Nat.mul i n) j) = scaled (frameMatrix quadratic n n i j) :=
      fun i j => doubleAt_eq (finite i j)
    have entry : ∀ i j : Fin n, scaled (frameMatrix quadratic n n i j) = entryOf quadratic n unit bits i j * (2 ^ unit : Nat) :=
      fun i j => by
        have := same_sound (entries i i.isLt j j.isLt)
        rw [double i j] at this
        rw [← this, ← Nat.one_shiftLeft]
        rfl
    refine ⟨finite, fun i j => congrArg ofScaled (symmetric i j), fun x => ?_⟩
    have form := Semidefinite.isSemidefinite_sound (fun i hi j hj => by
      have e := symmetric ⟨i, hi⟩ ⟨j, hj⟩
      simp only [entryOf, double ⟨i, hi⟩ ⟨j, hj⟩, double ⟨j, hj⟩ ⟨i, hi⟩, e]) (natAbs_entryOf_le unit bits) semidefinite x
    let M : Matrix n n Rat := fun i j => (entryOf quadratic n unit bits i j : Rat)
    have e : valueMatrix (frameMatrix quadratic n n) = ofScaled (2 ^ unit : Nat) • M := by
      funext i j
      show ofScaled (scaled (frameMatrix quadratic n n i j)) = ofScaled (2 ^ unit : Nat) * (entryOf quadratic n unit bits i j : Rat)
      rw [entry, ofScaled_mul, Rat.mul_comm]
    rw [e, quadForm_smul]
    exact Rat.mul_nonneg (ofScaled_nonneg.2 (Int.natCast_nonneg _)) form

private theorem rowOf_eq (finite : ∀ i, Finite (frameMatrix quadratic n n i)) (p : Nat → Int) (j : Fin n) :
    (valueMatrix (frameMatrix quadratic n n)).mulVec (fun k => (p k : Rat)) j = ofScaled (rowOf quadratic n p j) :=
  Coefficients.row_eq (C := .dense quadratic) finite p j

private theorem formOf_eq (finite : ∀ i, Finite (frameMatrix quadratic n n i)) (p : Nat → Int) :
    quadForm (valueMatrix (frameMatrix quadratic n n)) (fun k => (p k : Rat)) = ofScaled (formOf quadratic n p) := by
  have e : formOf quadratic n p = integerSum n fun j => rowOf quadratic n p j * p j := by
    clear finite
    rw [formOf]
    generalize rowOf quadratic n p = row
    induction n with
    | zero => rfl
    | succ n ih =>
      rw [integerSum, ← ih]
      show (withInt _ fun y => withInt (row n) fun z => Int.add y (Int.mul z (p n))) = _
      rw [withInt_eq, withInt_eq]
      rfl
  rw [e, quadForm, dot_comm, ← vecSum_ofScaled]
  refine congrArg vecSum (funext fun j => ?_)
  rw [rowOf_eq finite, ofScaled_mul']

private theorem quadForm_div (Q : Matrix n n Rat) (x : Vec n Rat) (d : Rat) :
    quadForm Q (fun j => x j / d) = quadForm Q x / d / d := by
  have row : Q.mulVec (fun j => x j / d) = fun i => Q.mulVec x i / d := funext fun i => dot_div n (Q i) x d
  rw [quadForm, row, dot_div, dot_comm, dot_div, dot_comm]
  rfl

private theorem ofScaledSquare_mul' (c x : Int) : ofScaledSquare (c * x) = c * ofScaledSquare x := by
  show ofScaled (c * x) / (scale : Rat) = c * (ofScaled x / (scale : Rat))
  rw [ofScaled_mul]
  grind

private theorem cost_le {s c w d : Rat} (hd : 0 < d) (h : s + 2 * c * d ≤ 2 * w * (d * d)) :
    1 / 2 * (s / d / d) + c / d ≤ w := by
  refine Rat.not_lt.1 fun lt => ?_
  have := Rat.mul_lt_mul_of_pos_right lt (show 0 < 2 * (d * d) by have := Rat.mul_pos hd hd; grind)
  have e : (1 / 2 * (s / d / d) + c / d) * (2 * (d * d)) = s + 2 * c * d := by grind
  grind

private theorem le_tangent {s t v g d e : Rat} (hd : 0 < d) (he : 0 < e) (bound : t / e ≤ d * g)
    (h : 2 * v * (d * d) * e ≤ 2 * t * d - s * e) : v ≤ g - 1 / 2 * (s / d / d) := by
  have bound : t ≤ d * g * e := by
    have := Rat.mul_le_mul_of_nonneg_right bound (Rat.le_of_lt he)
    have e : t / e * e = t := by grind
    grind
  have square := Rat.mul_pos hd hd
  refine Rat.not_lt.1 fun lt => ?_
  have := Rat.mul_lt_mul_of_pos_right lt (Rat.mul_pos (show 0 < 2 * (d * d) by grind) he)
  have := Rat.mul_le_mul_of_nonneg_left bound (Rat.le_of_lt hd)
  have e' : (g - 1 / 2 * (s / d / d)) * (2 * (d * d) * e) = 2 * (d * (d * g * e)) - s * e := by grind
  grind

private theorem isOptimum_sound {optimum : Optimum} (finite : ∀ i, Finite (frameMatrix quadratic n n i))
    (symmetric : ∀ i j, valueMatrix (frameMatrix quadratic n n) i j = valueMatrix (frameMatrix quadratic n n) j i)
    (nonneg : ∀ x, 0 ≤ quadForm (valueMatrix (frameMatrix quadratic n n)) x) (well : WellFormed F m n)
    (h : isOptimum F quadratic m n optimum a = true) :
    Optimal (F.program m n) (LeanPythonBridge.quadratic (valueMatrix (frameMatrix quadratic n n)) (F.program m n).cost)
      (valueVec (frameVec optimum.solution n)) (toRat optimum.objective.toNat) (toRat optimum.distance.toNat)
      (toRat optimum.gap.toNat) := by
  simp only [isOptimum, Bool.and_eq_true, withValue_eq, withInt_eq] at h
  obtain ⟨⟨⟨objective, distance⟩, gap⟩, solution, point⟩ := h
  have e₁ : ofScaled (doubleAt optimum.objective.toNat 0) = toRat optimum.objective.toNat :=
    ofScaled_doubleAt_zero optimum.objective.toNat_lt objective
  have e₂ : ofScaled (doubleAt optimum.gap.toNat 0) = toRat optimum.gap.toNat :=
    ofScaled_doubleAt_zero optimum.gap.toNat_lt gap
  obtain ⟨d, p, hd, test⟩ := withPoint_sound point
  simp only [Bool.and_eq_true, isNonneg_iff] at test
  obtain ⟨⟨feasible, near⟩, least, multipliers⟩ := test
  have matrix := well.matrix
  have cost : ∀ j < n, isFinite (element F.cost j) = true := fun j hj => well.cost ⟨j, hj⟩
  have pos := cast_pos hd
  have form : quadForm (valueMatrix (frameMatrix quadratic n n)) (fun j => (p j : Rat) / d) =
      ofScaled (formOf quadratic n p) / d / d := by
    rw [quadForm_div _ (fun j : Fin n => (p j : Rat)), formOf_eq finite]
  generalize doubleAt optimum.objective.toNat 0 = v at *
  generalize doubleAt optimum.gap.toNat 0 = g at *
  refine ⟨⟨_, isPoint_sound matrix hd feasible, isNear_sound hd distance solution near, ?_⟩, fun x inside => ?_⟩
  · rw [LeanPythonBridge.quadratic, form, costSum_div_eq cost]
    refine cost_le pos ?_
    have least : formOf quadratic n p + d * (2 * costSum F n p) ≤ d * d * (2 * (v + g)) := by
      have : 0 ≤ 2 * (v + g) * (d * d) - (formOf quadratic n p + 2 * costSum F n p * d) := least
      rw [Int.mul_comm d, Int.mul_comm (d * d)]
      omega
    have least := ofScaled_le.2 least
    rw [ofScaled_add, ofScaled_mul, ofScaled_mul, ofScaled_mul, ofScaled_mul, ofScaled_add, e₁, e₂, Rat.intCast_mul] at least
    have two : ((2 : Int) : Rat) = 2 := rfl
    rw [two] at least
    grind
  · obtain ⟨e, y, he, test⟩ := withPoint_sound multipliers
    split at test
    case h_2 => exact Bool.noConfusion test
    case h_1 t bound =>
      rw [isNonneg_iff] at test
      refine Rat.le_trans ?_ (tangent_le_quadratic symmetric nonneg (F.program m n).cost (fun j => (p j : Rat) / d) x)
      rw [form]
      refine le_tangent (t := ofScaledSquare t) pos (cast_pos he) ?_ ?_
      · have slope : (fun j : Fin n => ofScaled (gradient F quadratic n d p j)) = (d : Rat) •
            ((valueMatrix (frameMatrix quadratic n n)).mulVec (fun j => (p j : Rat) / d) + (F.program m n).cost) := by
          funext j
          have row : (valueMatrix (frameMatrix quadratic n n)).mulVec (fun j => (p j : Rat) / d) j =
              ofScaled (rowOf quadratic n p j) / d := by
            rw [← rowOf_eq finite]; exact dot_div n _ _ _
          show ofScaled (rowOf quadratic n p j + doubleAt F.cost j * d) = (d : Rat) *
            ((valueMatrix (frameMatrix quadratic n n)).mulVec (fun j => (p j : Rat) / d) j + (F.program m n).cost j)
          rw [row, ofScaled_add, ofScaled_mul', doubleAt_eq (cost j j.isLt)]
          show _ = (d : Rat) * (_ + ofScaled (scaled (element F.cost j)))
          grind
        have le := boundOf_sound matrix he bound inside
        rwa [slope, dot_comm, dot_smul, dot_comm] at le
      · have test : 0 ≤ d * (2 * t) - e * (formOf quadratic n p * scale) - d * d * e * (2 * (v - g) * scale) := by
          have : 0 ≤ 2 * t * d - formOf quadratic n p * scale * e - 2 * (v - g) * scale * (d * d) * e := test
          rw [Int.mul_comm d (2 * t), Int.mul_comm e (_ * _), Int.mul_comm (d * d * e), ← Int.mul_assoc _ (d * d) e]
          exact this
        have test := ofScaledSquare_nonneg.2 test
        rw [ofScaledSquare_sub, ofScaledSquare_sub, ofScaledSquare_mul' d, ofScaledSquare_mul' 2, ofScaledSquare_mul' e,
          ofScaledSquare_mul_scale, ofScaledSquare_mul' (d * d * e), ofScaledSquare_mul_scale, ofScaled_mul, ofScaled_sub, e₁,
          e₂, Rat.intCast_mul, Rat.intCast_mul] at test
        have two : ((2 : Int) : Rat) = 2 := rfl
        rw [two] at test
        grind

theorem check_sound {q : Question} (h : check q a = true) : Meaning q a := by
  unfold check at h
  split at h
  case h_2 => exact Bool.noConfusion h
  case h_1 quadratic F m n found asked =>
    split at h
    case h_2 => exact Bool.noConfusion h
    case h_1 optimum given =>
      simp only [Bool.and_eq_true, Frames.withValues_eq, withValue_eq] at h
      obtain ⟨⟨-, square⟩, ⟨well, convex⟩, solved⟩ := h
      have well := isWellFormed_sound well
      obtain ⟨finite, symmetric, nonneg⟩ := isConvex_sound convex
      exact ⟨quadratic, F, m, n, optimum, found, NamedArray.isMatrix_sound square, asked, finite, well, given, symmetric, nonneg,
        isOptimum_sound finite symmetric nonneg well solved⟩

/-- The least of a convex quadratic function within linear bounds. -/
def operation : CertifiedOperation where
  name := "quadratic_program"
  check := check
  Meaning := Meaning
  sound := check_sound

end LeanPythonBridge.Certificate.QuadraticProgramOperation
