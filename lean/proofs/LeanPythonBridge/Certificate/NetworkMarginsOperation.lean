module

public import LeanPythonBridge.Certificate.NetworkMargins
public import LeanPythonBridge.Certificate.NetworkReading

/-!
# `network_margins`: what linear functionals of a network's outputs are at least

The question has the layers of a network (`NetworkReading`), the arrays `lower` and `upper`, between which the inputs may
lie, and `functionals`, of shape `[p, m]`: a row for each functional of the outputs. The answer has the array `margins`, of
shape `[p]`. With the differences of one output and the others, positive margins say that the class does not change. The
certificate has the boxes of `network_bounds`, and linear relaxations (`NetworkMargins`): the arrays `multipliers_1` and
so on, but for the last layer, and their products with the weights, `coefficients_1` and so on.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.NetworkMarginsOperation

open Float64 NetworkBounds

/-! ## What it means -/

/-- The margins of an answer, and nothing else. -/
def margins? (a : Answer) : Option NamedArray :=
  match a.result, a.arrays with
  | [], [margins] => if margins.name == "margins" then some margins else none
  | _, _ => none

/-- What certified margins mean, of the exact values of all doubles: for every input `x` between `lower` and `upper`, every
functional of the network's outputs is at least its margin. -/
def Meaning (q : Question) (a : Answer) : Prop :=
  ∃ n l ls p lower upper functionals margins, q.array? "lower" = some lower ∧ lower.IsVector n ∧
    q.array? "upper" = some upper ∧ upper.IsVector n ∧ layers? NamedArray.packed q n = some (l, ls) ∧
    q.array? "functionals" = some functionals ∧ functionals.IsMatrix p (outputs l ls) ∧ margins? a = some margins ∧
    margins.IsVector p ∧ Finite (frameVec lower.packed n) ∧ Finite (frameVec upper.packed n) ∧
    Finite (frameVec margins.packed p) ∧ (∀ r, Finite (frameMatrix functionals.packed p (outputs l ls) r)) ∧
    ∀ x : Vec n Rat, (∀ j : Fin n, toRat (element lower.packed j) ≤ x j ∧ x j ≤ toRat (element upper.packed j)) →
      ∀ r : Fin p, toRat (element margins.packed r) ≤
        dot (valueMatrix (frameMatrix functionals.packed p (outputs l ls)) r) ((network n l ls).eval x)

/-! ## Reading -/

/-- The names of the arrays of relaxations, in certificates. -/
def relaxationNames : List (String × String) :=
  [("multipliers_1", "coefficients_1"), ("multipliers_2", "coefficients_2"), ("multipliers_3", "coefficients_3"),
    ("multipliers_4", "coefficients_4"), ("multipliers_5", "coefficients_5"), ("multipliers_6", "coefficients_6"),
    ("multipliers_7", "coefficients_7"), ("multipliers_8", "coefficients_8")]

/-- What the entry `relaxations` says of one layer. -/
def evidence? : Value → Option Product.Evidence
  | .list [.float bound, .list layout] =>
    match Product.Layout.ofValues? layout with
    | some layout => some ⟨bound.toNat, layout⟩
    | none => none
  | _ => none

/-- The multipliers of a layer: those of the certificate, and the functionals for the last layer. -/
def multipliers? (a : Answer) (functionals : NamedArray) (name : String) (layers : List Layer) : Option NamedArray :=
  match layers with
  | [] => some functionals
  | _ :: _ => a.certificateArray? name

/-- The relaxations of layers of `n` inputs, for `p` functionals. -/
def relaxationsOf? (a : Answer) (functionals : NamedArray) (p : Nat) :
    (names : List (String × String)) → (entries : List Value) → (n : Nat) → List Layer → Option (List Relaxation)
  | _, [], _, [] => some []
  | (multipliers, product) :: names, entry :: entries, n, layer :: layers =>
    match multipliers? a functionals multipliers layers, a.certificateArray? product, evidence? entry with
    | some m, some c, some evidence =>
      if m.isMatrix p layer.rows && c.isMatrix p n then
        match relaxationsOf? a functionals p names entries layer.rows layers with
        | some relaxations => some (⟨joined m, joined c, evidence⟩ :: relaxations)
        | none => none
      else none
    | _, _, _ => none
  | _, _, _, _ => none

/-- Relaxations with their frames evaluated. -/
def allWithValues {α : Type} : List Relaxation → (List Relaxation → α) → α
  | [], f => f []
  | x :: xs, f => withValue x.multipliers fun multipliers => withValue x.product fun product =>
      allWithValues xs fun xs => f (⟨multipliers, product, x.evidence⟩ :: xs)

@[simp] theorem allWithValues_eq {α : Type} (xs : List Relaxation) (f : List Relaxation → α) :
    allWithValues xs f = f xs := by
  induction xs generalizing f with
  | nil => rfl
  | cons x xs ih => simp only [allWithValues, withValue_eq, ih]

private theorem areDoubles {a : Answer} {functionals : NamedArray} {p : Nat} {layers : List Layer}
    {names : List (String × String)} {entries : List Value} {n : Nat} {xs : List Relaxation}
    (h : relaxationsOf? a functionals p names entries n layers = some xs) : Relaxation.AreDoubles xs := by
  induction layers generalizing names entries n xs with
  | nil =>
    unfold relaxationsOf? at h
    split at h
    · rw [← Option.some.inj h]; exact trivial
    · rename_i eq; exact absurd eq (by simp)
    · contradiction
  | cons layer layers ih =>
    unfold relaxationsOf? at h
    split at h
    · rename_i eq; exact absurd eq (by simp)
    · rename_i eq
      obtain ⟨rfl, rfl⟩ := List.cons.inj eq
      split at h
      · rename_i found
        split at h
        · split at h
          · rename_i rest
            rw [← Option.some.inj h]
            refine ⟨?_, ih rest⟩
            unfold evidence? at found
            split at found
            · split at found
              · rw [← Option.some.inj found]; exact UInt64.toNat_lt _
              · contradiction
            · contradiction
          · contradiction
        · contradiction
      · contradiction
    · contradiction

/-! ## The test -/

/-- The test of the layers of a network. -/
def checkNetwork (n p low high functionals margins : Nat) :
    List Layer → List Box → List Relaxation → Bool
  | l :: ls, box :: boxes, x :: xs =>
    isInside box n low high && checkLayers (fun _ _ _ => true) n l ls box boxes && allHold p n l ls x xs &&
      Nat.beq (lastMultipliers x xs) functionals && Order.finite (Nat.mul p (outputs l ls)) functionals &&
      Order.finite p margins && allBelow (fun r =>
        withInt (addInt (x.first n l (doubleAt low) (doubleAt high) r) (chain r l ls box boxes x xs)) fun total =>
          isNonneg (subInt total (mulInt (doubleAt margins r) (Int.ofNat scale)))) p
  | _, _, _ => false

/-- Whether the certificate of an answer holds. -/
def check (q : Question) (a : Answer) : Bool :=
  match q.array? "lower", q.array? "upper", q.array? "functionals", margins? a with
  | some lower, some upper, some functionals, some margins =>
    match layersOf? joined q layerNames lower.rowCount, Value.find? "layers" a.certificate,
      Value.find? "relaxations" a.certificate with
    | some layers, some (.list entries), some (.list relaxations) =>
      match boxesOf? a boxNames entries lower.rowCount layers,
        relaxationsOf? a functionals functionals.rowCount relaxationNames relaxations lower.rowCount layers with
      | some boxes, some xs => a.isKind "layer_relaxations" && lower.isVector lower.rowCount &&
          upper.isVector lower.rowCount && margins.isVector functionals.rowCount &&
          (match layers with
            | l :: ls => functionals.isMatrix functionals.rowCount (outputs l ls)
            | [] => false) &&
          Layer.allWithValues layers fun layers => Box.allWithValues boxes fun boxes => allWithValues xs fun xs =>
            withValue (joined lower) fun low => withValue (joined upper) fun high =>
              withValue (joined functionals) fun rows => withValue (joined margins) fun stated =>
                withValue lower.rowCount fun n => withValue functionals.rowCount fun p =>
                  checkNetwork n p low high rows stated layers boxes xs
      | _, _ => false
    | _, _, _ => false
  | _, _, _, _ => false

/-! ## Soundness -/

private theorem bias_finite {n : Nat} {l : Layer} {ls : List Layer} {box : Box} {boxes : List Box}
    (h : checkLayers (fun _ _ _ => true) n l ls box boxes = true) : Order.finite l.rows l.bias = true := by
  cases ls <;> cases boxes <;> simp only [checkLayers, Box.holds, Bool.and_eq_true, Bool.false_eq_true] at h
  · exact h.1.1.1
  · exact h.1.1.1.1

private theorem first_holds {p n : Nat} {l : Layer} {ls : List Layer} {x : Relaxation} {xs : List Relaxation}
    (h : allHold p n l ls x xs = true) : x.holds p n l = true := by
  cases ls <;> cases xs <;> simp only [allHold, Bool.and_eq_true, Bool.false_eq_true] at h
  · exact h
  · exact h.1

private theorem checkNetwork_sound {n p low high functionals margins : Nat} {l : Layer} {ls : List Layer}
    {boxes : List Box} {xs : List Relaxation} (small : Box.AreDoubles boxes) (small' : Relaxation.AreDoubles xs)
    (h : checkNetwork n p low high functionals margins (l :: ls) boxes xs = true) :
    (∀ j < n, isFinite (element low j) = true) ∧ (∀ j < n, isFinite (element high j) = true) ∧
      (∀ r < p, isFinite (element margins r) = true) ∧
      (∀ k < p * outputs l ls, isFinite (element functionals k) = true) ∧
      ∀ x : Vec n Rat, (∀ j : Fin n, toRat (element low j) ≤ x j ∧ x j ≤ toRat (element high j)) →
        ∀ r : Fin p, toRat (element margins r) ≤
          dot (fun i : Fin (outputs l ls) => toRat (element functionals (r * outputs l ls + i)))
            ((network n l ls).eval x) := by
  cases boxes with
  | nil => exact Bool.noConfusion h
  | cons box boxes =>
    cases xs with
    | nil => exact Bool.noConfusion h
    | cons x xs =>
      simp only [checkNetwork, Bool.and_eq_true, allBelow_iff, withInt_eq, addInt_eq, subInt_eq, mulInt_eq,
        Int.ofNat_eq_natCast, isNonneg_iff] at h
      obtain ⟨⟨⟨⟨⟨⟨inside, layers⟩, held⟩, last⟩, rows⟩, stated⟩, tested⟩ := h
      obtain ⟨lows, highs, contains⟩ := isInside_sound inside
      refine ⟨lows, highs, Order.finite_sound stated, Order.finite_sound rows, fun v hv r => ?_⟩
      have first := first_sound (low := doubleAt low) (high := doubleAt high) (v := v) (first_holds held) small'.1 r.isLt
        (bias_finite layers) fun j => by
          rw [doubleAt_eq (lows j j.isLt), doubleAt_eq (highs j j.isLt)]
          exact hv j
      have total := chain_sound small small' layers held v (contains v hv) r.isLt _ first
      rw [Nat.eq_of_beq_eq_true last] at total
      refine Rat.le_trans ?_ total
      have h := tested r r.isLt
      rw [doubleAt_eq (Order.finite_sound stated r r.isLt)] at h
      have h := Int.sub_nonneg.1 h
      rw [toRat_eq_ofScaled, ← ofScaledSquare_mul_scale]
      exact ofScaledSquare_le.2 h

theorem check_sound {q : Question} {a : Answer} (h : check q a = true) : Meaning q a := by
  unfold check at h
  split at h
  case h_2 => contradiction
  case h_1 lower upper functionals margins askedLower askedUpper askedRows given =>
    split at h
    case h_2 => contradiction
    case h_1 layers entries relaxations asked _ _ =>
      split at h
      case h_2 => contradiction
      case h_1 boxes xs boxed relaxed =>
        rw [Layer.allWithValues_eq, Box.allWithValues_eq, allWithValues_eq] at h
        simp only [Bool.and_eq_true, withValue_eq] at h
        obtain ⟨⟨⟨⟨⟨-, vector⟩, vector'⟩, marginal⟩, shape⟩, h⟩ := h
        cases layers with
        | nil => exact Bool.noConfusion shape
        | cons l ls =>
          rw [joined_eq] at h asked
          obtain ⟨lows, highs, stated, rows, sound⟩ := checkNetwork_sound (boxesOf?_areDoubles boxed) (areDoubles relaxed) h
          refine ⟨lower.rowCount, l, ls, functionals.rowCount, lower, upper, functionals, margins, askedLower,
            NamedArray.isVector_sound vector, askedUpper, NamedArray.isVector_sound vector', by rw [layers?, asked],
            askedRows, NamedArray.isMatrix_sound shape, given, NamedArray.isVector_sound marginal, fun j => lows j j.isLt,
            fun j => highs j j.isLt, fun r => stated r r.isLt, fun r k => rows _ ?_, sound⟩
          have := Nat.mul_le_mul_right (outputs l ls) (Nat.succ_le_of_lt r.isLt)
          rw [Nat.succ_mul] at this
          omega

/-- What linear functionals of a network's outputs are at least. -/
def operation : CertifiedOperation where
  name := "network_margins"
  check := check
  Meaning := Meaning
  sound := check_sound

end LeanPythonBridge.Certificate.NetworkMarginsOperation
