module

public import LeanPythonBridge.Certificate.Arguments
public import LeanPythonBridge.Certificate.NetworkBounds
public import LeanPythonBridge.Certificate.Operation

/-!
# Networks and the boxes of their layers, as they stand in questions and answers

The arrays `weight_1` and `bias_1`, `weight_2` and `bias_2`, and so on, to `weight_8` at most, are the layers: the first
that is missing ends the network. The certificate has the arrays `centre_1`, `radius_1`, `product_1`, `spread_1` and so on,
and the entry `layers`: of each layer the errors of the two products, and the layouts by which they are computed.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.NetworkBounds

open Float64

/-- The names of a layer's arrays, in questions. -/
def layerNames : List (String × String) :=
  [("weight_1", "bias_1"), ("weight_2", "bias_2"), ("weight_3", "bias_3"), ("weight_4", "bias_4"),
    ("weight_5", "bias_5"), ("weight_6", "bias_6"), ("weight_7", "bias_7"), ("weight_8", "bias_8")]

/-- The layers of a question from these names on, for `n` inputs; `packed` takes an array's bytes together. -/
def layersOf? (packed : NamedArray → Nat) (q : Question) : (names : List (String × String)) → (n : Nat) → Option (List Layer)
  | [], _ => some []
  | (weight, bias) :: names, n =>
    match q.array? weight with
    | none => some []
    | some w =>
      match q.array? bias with
      | none => none
      | some b =>
        if w.isMatrix w.rowCount n && b.isVector w.rowCount then
          match layersOf? packed q names w.rowCount with
          | some layers => some (⟨w.rowCount, packed w, packed b⟩ :: layers)
          | none => none
        else none

/-- The network of a question for `n` inputs: its first layer, and the others. -/
def layers? (packed : NamedArray → Nat) (q : Question) (n : Nat) : Option (Layer × List Layer) :=
  match layersOf? packed q layerNames n with
  | some (layer :: layers) => some (layer, layers)
  | _ => none

/-! ## Boxes -/

/-- The bytes of an array, taken together fast. -/
def joined (a : NamedArray) : Nat := join a.chunks

theorem joined_eq : joined = NamedArray.packed := by
  funext a
  exact join_eq a.chunks

/-- The names of a box's arrays, in certificates. -/
def boxNames : List (String × String × String × String) :=
  [("centre_1", "radius_1", "product_1", "spread_1"), ("centre_2", "radius_2", "product_2", "spread_2"),
    ("centre_3", "radius_3", "product_3", "spread_3"), ("centre_4", "radius_4", "product_4", "spread_4"),
    ("centre_5", "radius_5", "product_5", "spread_5"), ("centre_6", "radius_6", "product_6", "spread_6"),
    ("centre_7", "radius_7", "product_7", "spread_7"), ("centre_8", "radius_8", "product_8", "spread_8")]

/-- What the entry `layers` says of one layer. -/
def evidence? : Value → Option (Product.Evidence × Product.Evidence)
  | .list [.float productBound, .list productLayout, .float spreadBound, .list spreadLayout] =>
    match Product.Layout.ofValues? productLayout, Product.Layout.ofValues? spreadLayout with
    | some product, some spread => some (⟨productBound.toNat, product⟩, ⟨spreadBound.toNat, spread⟩)
    | _, _ => none
  | _ => none

/-- The boxes of layers of `n` inputs. -/
def boxesOf? (a : Answer) :
    (names : List (String × String × String × String)) → (entries : List Value) → (n : Nat) → List Layer →
      Option (List Box)
  | _, [], _, [] => some []
  | (centre, radius, product, spread) :: names, entry :: entries, n, layer :: layers =>
    match a.certificateArray? centre, a.certificateArray? radius, a.certificateArray? product,
      a.certificateArray? spread, evidence? entry with
    | some c, some r, some p, some s, some (productEvidence, spreadEvidence) =>
      if c.isVector n && r.isVector n && p.isVector layer.rows && s.isVector layer.rows then
        match boxesOf? a names entries layer.rows layers with
        | some boxes => some (⟨joined c, joined r, joined p, joined s, productEvidence, spreadEvidence⟩ :: boxes)
        | none => none
      else none
    | _, _, _, _, _ => none
  | _, _, _, _ => none

theorem boxesOf?_areDoubles {a : Answer} {layers : List Layer} {names : List (String × String × String × String)}
    {entries : List Value} {n : Nat} {boxes : List Box} (h : boxesOf? a names entries n layers = some boxes) :
    Box.AreDoubles boxes := by
  induction layers generalizing names entries n boxes with
  | nil =>
    unfold boxesOf? at h
    split at h
    · rw [← Option.some.inj h]; exact trivial
    · rename_i eq; exact absurd eq (by simp)
    · contradiction
  | cons layer layers ih =>
    unfold boxesOf? at h
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
              · simp only [Option.some.injEq, Prod.mk.injEq] at found
                rw [← found.1, ← found.2]
                exact ⟨UInt64.toNat_lt _, UInt64.toNat_lt _⟩
              · contradiction
            · contradiction
          · contradiction
        · contradiction
      · contradiction
    · contradiction

/-! ## The test -/

/-- A box with its frames evaluated. -/
def Box.withValues {α : Type} (box : Box) (f : Box → α) : α :=
  withValue box.centre fun centre => withValue box.radius fun radius => withValue box.product fun product =>
    withValue box.spread fun spread => f ⟨centre, radius, product, spread, box.productEvidence, box.spreadEvidence⟩

/-- Boxes with their frames evaluated. -/
def Box.allWithValues {α : Type} : List Box → (List Box → α) → α
  | [], f => f []
  | box :: boxes, f => box.withValues fun box => allWithValues boxes fun boxes => f (box :: boxes)

/-- Layers with their frames evaluated. -/
def Layer.allWithValues {α : Type} : List Layer → (List Layer → α) → α
  | [], f => f []
  | layer :: layers, f => withValue layer.rows fun rows => withValue layer.weight fun weight =>
      withValue layer.bias fun bias => allWithValues layers fun layers => f (⟨rows, weight, bias⟩ :: layers)

@[simp] theorem Box.allWithValues_eq {α : Type} (boxes : List Box) (f : List Box → α) :
    Box.allWithValues boxes f = f boxes := by
  induction boxes generalizing f with
  | nil => rfl
  | cons box boxes ih => simp only [allWithValues, withValues, withValue_eq, ih]

@[simp] theorem Layer.allWithValues_eq {α : Type} (layers : List Layer) (f : List Layer → α) :
    Layer.allWithValues layers f = f layers := by
  induction layers generalizing f with
  | nil => rfl
  | cons layer layers ih => simp only [allWithValues, withValue_eq, ih]

/-- The test that inputs between two frames lie in a box, and that all are finite. -/
def isInside (box : Box) (n low high : Nat) : Bool :=
  Order.finite n box.centre && Order.finite n box.radius && Order.finite n low && Order.finite n high &&
    allBelow (fun j => withInt (doubleAt box.centre j) fun centre => withInt (doubleAt box.radius j) fun radius =>
      isNonneg (subInt (doubleAt low j) (subInt centre radius)) &&
        isNonneg (subInt (addInt centre radius) (doubleAt high j))) n

theorem isInside_sound {box : Box} {n low high : Nat} (h : isInside box n low high = true) :
    (∀ j < n, isFinite (element low j) = true) ∧ (∀ j < n, isFinite (element high j) = true) ∧
      ∀ x : Vec n Rat, (∀ j : Fin n, toRat (element low j) ≤ x j ∧ x j ≤ toRat (element high j)) → box.contains n x := by
  simp only [isInside, Bool.and_eq_true, allBelow_iff, withInt_eq, addInt_eq, subInt_eq,
    isNonneg_iff] at h
  obtain ⟨⟨⟨⟨centre, radius⟩, lows⟩, highs⟩, inputs⟩ := h
  refine ⟨Order.finite_sound lows, Order.finite_sound highs, fun x hx j => ?_⟩
  obtain ⟨below, above⟩ := inputs j j.isLt
  rw [doubleAt_eq (Order.finite_sound centre j j.isLt), doubleAt_eq (Order.finite_sound radius j j.isLt)] at below above
  rw [doubleAt_eq (Order.finite_sound lows j j.isLt)] at below
  rw [doubleAt_eq (Order.finite_sound highs j j.isLt)] at above
  have below : scaled (element box.centre j) - scaled (element box.radius j) ≤ scaled (element low j) := Int.sub_nonneg.1 below
  have above : scaled (element high j) ≤ scaled (element box.centre j) + scaled (element box.radius j) := Int.sub_nonneg.1 above
  have below := ofScaled_le.2 below
  have above := ofScaled_le.2 above
  rw [ofScaled_sub, ← toRat_eq_ofScaled, ← toRat_eq_ofScaled, ← toRat_eq_ofScaled] at below
  rw [ofScaled_add, ← toRat_eq_ofScaled, ← toRat_eq_ofScaled, ← toRat_eq_ofScaled] at above
  have := hx j
  rw [abs_le_iff]
  show -toRat (element box.radius j) ≤ x j - toRat (element box.centre j) ∧
    x j - toRat (element box.centre j) ≤ toRat (element box.radius j)
  constructor <;> grind

/-- The test of all layers and of the outputs, and that the inputs, between the frames `low` and `high`, lie in the first
box. -/
def checkAll (q : Question) (a : Answer) (n low high : Nat) (test : Nat → Int → Int → Bool) : Bool :=
  match layersOf? joined q layerNames n, Value.find? "layers" a.certificate with
  | some layers, some (.list entries) =>
    match boxesOf? a boxNames entries n layers with
    | some boxes => withValue n fun n => Layer.allWithValues layers fun layers => Box.allWithValues boxes fun boxes =>
      match layers, boxes with
      | layer :: layers, box :: boxes => isInside box n low high && checkLayers test n layer layers box boxes
      | _, _ => false
    | none => false
  | _, _ => false

/-- The inputs are finite, and whatever they are between the frames, every output lies between numbers that have been
tested. -/
theorem checkAll_sound {q : Question} {a : Answer} {n low high : Nat} {test : Nat → Int → Int → Bool}
    (h : checkAll q a n low high test = true) :
    (∀ j < n, isFinite (element low j) = true) ∧ (∀ j < n, isFinite (element high j) = true) ∧
      ∃ l ls, layers? NamedArray.packed q n = some (l, ls) ∧
        ∀ x : Vec n Rat, (∀ j : Fin n, toRat (element low j) ≤ x j ∧ x j ≤ toRat (element high j)) →
          ∀ i : Fin (outputs l ls), ∃ lowest highest : Int, test i lowest highest = true ∧
            ofScaled lowest ≤ (network n l ls).eval x i ∧ (network n l ls).eval x i ≤ ofScaled highest := by
  unfold checkAll at h
  split at h
  case h_2 => contradiction
  case h_1 layers entries asked _ =>
    split at h
    case h_2 => contradiction
    case h_1 boxes given =>
      rw [withValue_eq, Layer.allWithValues_eq, Box.allWithValues_eq] at h
      split at h
      case h_2 => contradiction
      case h_1 l ls box boxes =>
        rw [Bool.and_eq_true] at h
        obtain ⟨lows, highs, contains⟩ := isInside_sound h.1
        exact ⟨lows, highs, l, ls, by rw [layers?, ← joined_eq, asked],
          fun x hx => checkLayers_sound (boxesOf?_areDoubles given) h.2 x (contains x hx)⟩

end LeanPythonBridge.Certificate.NetworkBounds
