module

public import LeanPythonBridge.Certificate.Arguments
public import LeanPythonBridge.Certificate.ExactIntegers
public import LeanPythonBridge.Certificate.Operation

/-!
# `tree_inference`: the leaves that inputs reach in decision trees, and the mean of their values

The nodes of all trees of a forest are in the arrays `feature`, `threshold`, `left`, `right` and `value`, of shape `[p, k]`,
and `roots` says where each tree begins. An input goes to the left where the feature that the node names is at most the
threshold, and to the right otherwise; a node whose feature is none of the input's is a leaf. The answer has the arrays
`leaves`, of shape `[m, t]`, and `means`, of shape `[m, k]`. The certificate has the double `bound`, by which no mean is
further off, and `depth`, the most steps to a leaf.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.TreeInferenceOperation

open Float64

/-! ## What it means -/

/-- The frames of a forest's nodes. -/
structure Nodes where
  /-- The feature that decides; none of the input's at a leaf. -/
  feature : Nat
  /-- What it is compared with. -/
  threshold : Nat
  /-- Where to go when it is not greater. -/
  left : Nat
  /-- Where to go when it is. -/
  right : Nat

/-- An input of `n` doubles, which begin at index `start` of a frame, gets from a node to a leaf. -/
inductive Reaches (F : Nodes) (n x start : Nat) : Nat → Nat → Prop
  /-- A node that decides nothing is a leaf. -/
  | leaf {p : Nat} (h : ¬element F.feature p < n) : Reaches F n x start p p
  /-- To the left. -/
  | left {p q : Nat} (h : element F.feature p < n)
      (le : toRat (element x (start + element F.feature p)) ≤ toRat (element F.threshold p))
      (rest : Reaches F n x start (element F.left p) q) : Reaches F n x start p q
  /-- To the right. -/
  | right {p q : Nat} (h : element F.feature p < n)
      (lt : toRat (element F.threshold p) < toRat (element x (start + element F.feature p)))
      (rest : Reaches F n x start (element F.right p) q) : Reaches F n x start p q

/-- The nodes of a question: their arrays and how many there are. `packed` takes an array's bytes together. -/
def nodes? (packed : NamedArray → Nat) (q : Question) : Option (Nodes × Nat) :=
  match q.array? "feature", q.array? "threshold", q.array? "left", q.array? "right" with
  | some feature, some threshold, some left, some right =>
    if feature.isIndices [feature.rowCount] && threshold.isVector feature.rowCount && left.isIndices [feature.rowCount] &&
      right.isIndices [feature.rowCount] then
      some (⟨packed feature, packed threshold, packed left, packed right⟩, feature.rowCount)
    else none
  | _, _, _, _ => none

/-- The leaves and the means of an answer, and nothing else. -/
def given? (a : Answer) : Option (NamedArray × NamedArray) :=
  match a.result, a.arrays with
  | [], [leaves, means] => if leaves.name == "leaves" && means.name == "means" then some (leaves, means) else none
  | _, _ => none

/-- What certified leaves and means mean, of the exact values of the doubles: every input reaches the leaf of every tree that
is stated, and the means are within `bound` of those of the leaves' values. -/
def Meaning (q : Question) (a : Answer) : Prop :=
  ∃ F nodes value roots inputs leaves means m n k t bound, nodes? NamedArray.packed q = some (F, nodes) ∧
    q.array? "value" = some value ∧ value.IsMatrix nodes k ∧ q.array? "roots" = some roots ∧ roots.shape = [t] ∧
    q.array? "inputs" = some inputs ∧ inputs.IsMatrix m n ∧ given? a = some (leaves, means) ∧ leaves.shape = [m, t] ∧
    means.IsMatrix m k ∧ Value.find? "bound" a.certificate = some (.float bound) ∧
    (∀ i, Finite (frameMatrix inputs.packed m n i)) ∧ Finite (frameVec F.threshold nodes) ∧
    ∀ i : Fin m, (∀ s : Fin t, element leaves.packed (i * t + s) < nodes ∧
        Reaches F n inputs.packed (i * n) (element roots.packed s) (element leaves.packed (i * t + s))) ∧
      ∀ j : Fin k, abs (toRat (element means.packed (i * k + j)) -
        (vecSum fun s : Fin t => toRat (element value.packed (element leaves.packed (i * t + s) * k + j))) / (t : Rat)) ≤
          toRat bound.toNat

/-! ## The test -/

/-- The most steps that a certificate may ask for. -/
def mostSteps : Nat := 10000

/-- Where an input gets to from a node, in so many steps at most. -/
def descend (F : Nodes) (n x start steps p : Nat) : Nat :=
  Nat.rec (motive := fun _ => Nat → Nat) (fun p => p)
    (fun _ rest p => withValue (cut 64 F.feature p) fun feature =>
      Bool.rec (fun _ => p) (fun _ => Bool.rec (fun _ => withValue (cut 64 F.right p) rest)
        (fun _ => withValue (cut 64 F.left p) rest)
        (isNonneg (subInt (doubleAt F.threshold p) (doubleAt x (Nat.add start feature)))) ())
        (Nat.blt feature n) ()) steps p

/-- The test of the leaf that an input reaches. -/
def isLeaf (F : Nodes) (nodes n x start steps root leaf : Nat) : Bool :=
  Nat.blt leaf nodes && Nat.beq (descend F n x start steps root) leaf && Bool.not (Nat.blt (cut 64 F.feature leaf) n)

/-- The test of a mean of `t` values, whose indices these are. -/
def isMean (value t : Nat) (index : Nat → Nat) (mean bound : Int) : Bool :=
  withInt (subInt (mulInt mean (Int.ofNat t)) (sumProducts index value (fun _ => 1) t)) fun off =>
    isNonneg (subInt (mulInt bound (Int.ofNat t)) off) && isNonneg (addInt (mulInt bound (Int.ofNat t)) off)

/-- The test that the nodes on the way are nodes of the forest: all children of nodes that are no leaves. -/
def areNodes (F : Nodes) (nodes n : Nat) : Bool :=
  allBelow (fun p => Bool.not (Nat.blt (cut 64 F.feature p) n) ||
    (Nat.blt (cut 64 F.left p) nodes && Nat.blt (cut 64 F.right p) nodes)) nodes

/-- The test of the frames. -/
def checkFrames (F : Nodes) (nodes value roots inputs leaves means m n k t steps bound : Nat) : Bool :=
  Nat.ble 1 t && isFinite bound && Order.finite nodes F.threshold && Order.finite (Nat.mul nodes k) value &&
    Order.finite (Nat.mul m n) inputs && Order.finite (Nat.mul m k) means && areNodes F nodes n &&
      allBelow (fun s => Nat.blt (cut 64 roots s) nodes) t && withInt (doubleAt bound 0) fun bound =>
        allBelow (fun i =>
          allBelow (fun s => withValue (cut 64 roots s) fun root =>
            withValue (cut 64 leaves (Nat.add (Nat.mul i t) s)) fun leaf =>
              isLeaf F nodes n inputs (Nat.mul i n) steps root leaf) t &&
          allBelow (fun j => withInt (doubleAt means (Nat.add (Nat.mul i k) j)) fun mean =>
            isMean value t (fun s => Nat.add (Nat.mul (cut 64 leaves (Nat.add (Nat.mul i t) s)) k) j) mean bound) k) m

/-- Nodes with their frames evaluated. -/
def Nodes.withValues {α : Type} (F : Nodes) (f : Nodes → α) : α :=
  withValue F.feature fun feature => withValue F.threshold fun threshold => withValue F.left fun left =>
    withValue F.right fun right => f ⟨feature, threshold, left, right⟩

/-- The bytes of an array, taken together fast. -/
def joined (a : NamedArray) : Nat := join a.chunks

/-- Whether the certificate of an answer holds. -/
def check (q : Question) (a : Answer) : Bool :=
  match nodes? joined q, q.array? "value", q.array? "roots", q.array? "inputs", given? a,
    Value.double? "bound" a.certificate, Value.atMost? mostSteps "depth" a.certificate with
  | some (F, nodes), some value, some roots, some inputs, some (leaves, means), some bound, some steps =>
    match value.shape, inputs.shape with
    | [_, k], [m, n] => a.isKind "leaves" && value.isMatrix nodes k && roots.isIndices [roots.rowCount] &&
        inputs.isMatrix m n && leaves.isIndices [m, roots.rowCount] && means.isMatrix m k &&
          F.withValues fun F => withValue (joined value) fun v => withValue (joined roots) fun r =>
            withValue (joined inputs) fun x => withValue (joined leaves) fun l => withValue (joined means) fun y =>
              checkFrames F nodes v r x l y m n k roots.rowCount steps bound.toNat
    | _, _ => false
  | _, _, _, _, _, _, _ => false

/-! ## Soundness -/

variable {F : Nodes} {nodes n x start : Nat}

private theorem blt_true {a b : Nat} (h : a < b) : Nat.blt a b = true := Nat.ble_eq_true_of_le h

private theorem descend_sound (threshold : ∀ p < nodes, isFinite (element F.threshold p) = true)
    (inputs : ∀ l < n, isFinite (element x (start + l)) = true) (inside : areNodes F nodes n = true) {steps : Nat} :
    ∀ {p q : Nat}, p < nodes → descend F n x start steps p = q → ¬element F.feature q < n → Reaches F n x start p q := by
  simp only [areNodes, allBelow_iff, Bool.or_eq_true, Bool.and_eq_true, Bool.not_eq_true', Nat.blt_eq,
    cut_eq_element] at inside
  induction steps with
  | zero =>
    intro p q _ h leaf
    have h : p = q := h
    rw [← h] at leaf ⊢
    exact .leaf leaf
  | succ steps ih =>
    intro p q hp h leaf
    have unfolded : descend F n x start (steps + 1) p = withValue (cut 64 F.feature p) fun feature =>
        Bool.rec (fun _ => p) (fun _ => Bool.rec (fun _ => withValue (cut 64 F.right p) (descend F n x start steps))
          (fun _ => withValue (cut 64 F.left p) (descend F n x start steps))
          (isNonneg (subInt (doubleAt F.threshold p) (doubleAt x (Nat.add start feature)))) ())
          (Nat.blt feature n) () := rfl
    rw [unfolded, withValue_eq, withValue_eq, withValue_eq, cut_eq_element, cut_eq_element, cut_eq_element] at h
    by_cases lt : element F.feature p < n
    · have children := (inside p hp).resolve_left (by rw [blt_true lt]; exact Bool.noConfusion)
      rw [show Nat.blt (element F.feature p) n = true from blt_true lt] at h
      have d := doubleAt_eq (threshold p hp)
      have e : doubleAt x (start.add (element F.feature p)) = scaled (element x (start + element F.feature p)) :=
        doubleAt_eq (inputs _ lt)
      rw [d, e, subInt_eq] at h
      by_cases le : scaled (element x (start + element F.feature p)) ≤ scaled (element F.threshold p)
      · rw [show isNonneg (scaled (element F.threshold p) - scaled (element x (start + element F.feature p))) = true
          from isNonneg_iff.2 (Int.sub_nonneg.2 le)] at h
        exact .left lt (by rw [toRat_eq_ofScaled, toRat_eq_ofScaled, ofScaled_le]; exact le) (ih children.1 h leaf)
      · rw [show isNonneg (scaled (element F.threshold p) - scaled (element x (start + element F.feature p))) = false
          from Bool.eq_false_iff.2 fun g => le (Int.sub_nonneg.1 (isNonneg_iff.1 g))] at h
        exact .right lt (by rw [toRat_eq_ofScaled, toRat_eq_ofScaled, ofScaled_lt]; omega) (ih children.2 h leaf)
    · rw [show Nat.blt (element F.feature p) n = false from Bool.eq_false_iff.2 fun g => lt (Nat.le_of_ble_eq_true g)] at h
      have h : p = q := h
      rw [← h]
      exact .leaf lt

private theorem isMean_sound {value t : Nat} {index : Nat → Nat} {mean bound : Int} (some : 0 < t)
    (finite : ∀ s < t, isFinite (element value (index s)) = true) (h : isMean value t index mean bound = true) :
    abs (ofScaled mean - (vecSum fun s : Fin t => toRat (element value (index s))) / (t : Rat)) ≤ ofScaled bound := by
  have pos : (0 : Rat) < (t : Rat) := by
    have : ((0 : Int) : Rat) < ((t : Int) : Rat) := Rat.intCast_lt_intCast.2 (by omega)
    exact this
  have sum : sumProducts index value (fun _ => 1) t = integerSum t fun s => scaled (element value (index s)) := by
    rw [sumProducts_eq]
    exact integerSum_congr fun s hs => by rw [doubleAt_eq (finite s hs), Int.mul_one]
  have values : ∀ u, (vecSum fun s : Fin u => toRat (element value (index s))) =
      ofScaled (integerSum u fun s => scaled (element value (index s))) := fun _ =>
    vecSum_ofScaled fun s => scaled (element value (index s))
  simp only [isMean, withInt_eq, addInt_eq, subInt_eq, mulInt_eq, Int.ofNat_eq_natCast, Bool.and_eq_true, isNonneg_iff, sum] at h
  rw [values]
  generalize integerSum t (fun s => scaled (element value (index s))) = total at *
  have up : mean * t - total ≤ bound * t := Int.sub_nonneg.1 h.1
  have down : -(bound * t) ≤ mean * t - total := by have := h.2; omega
  have cast : ∀ y : Int, ofScaled (y * t) = ofScaled y * (t : Rat) := fun y => by
    rw [Int.mul_comm, ofScaled_mul, Rat.mul_comm]; rfl
  have up := ofScaled_le.2 up
  have down := ofScaled_le.2 down
  rw [ofScaled_sub, cast, cast] at up
  rw [ofScaled_neg, ofScaled_sub, cast, cast] at down
  have e : ofScaled total / (t : Rat) * (t : Rat) = ofScaled total := by grind
  generalize ofScaled total / (t : Rat) = y at *
  generalize ofScaled mean = a at *
  generalize ofScaled bound = b at *
  have up : (a - y) * (t : Rat) ≤ b * (t : Rat) := by grind
  have down : (y - a) * (t : Rat) ≤ b * (t : Rat) := by grind
  rw [abs_le_iff]
  constructor
  · have := Rat.le_of_mul_le_mul_right down pos
    grind
  · exact Rat.le_of_mul_le_mul_right up pos

private theorem joined_eq : joined = NamedArray.packed := by
  funext a
  exact join_eq a.chunks

theorem check_sound {q : Question} {a : Answer} (h : check q a = true) : Meaning q a := by
  unfold check at h
  split at h
  case h_2 => contradiction
  case h_1 F nodes value roots inputs leaves means bound steps askedF askedV askedR askedX given stated _ =>
    split at h
    case h_2 => contradiction
    case h_1 _ k m n _ _ =>
      simp only [Bool.and_eq_true, Nodes.withValues, withValue_eq, joined_eq] at h askedF
      obtain ⟨⟨⟨⟨⟨⟨-, v⟩, r⟩, x⟩, l⟩, y⟩, h⟩ := h
      simp only [checkFrames, Bool.and_eq_true, allBelow_iff, withInt_eq, withValue_eq, Nat.ble_eq, Nat.blt_eq,
        cut_eq_element] at h
      obtain ⟨⟨⟨⟨⟨⟨⟨⟨some, finite⟩, thresholds⟩, values⟩, finiteX⟩, finiteY⟩, inside⟩, rooted⟩, tested⟩ := h
      simp only [NamedArray.isIndices, Bool.and_eq_true, beq_iff_eq] at r l
      have rows : ∀ i < m, ∀ j < n, isFinite (element inputs.packed (i * n + j)) = true := fun i hi j hj =>
        Order.finite_sound finiteX _ (index_lt ⟨_, hi⟩ ⟨_, hj⟩)
      refine ⟨F, nodes, value, roots, inputs, leaves, means, m, n, k, roots.rowCount, bound, askedF, askedV,
        NamedArray.isMatrix_sound v, askedR, r.2, askedX, NamedArray.isMatrix_sound x, given, l.2, NamedArray.isMatrix_sound y,
        Value.find?_of_double? stated, fun i j => rows i i.isLt j j.isLt, fun p => Order.finite_sound thresholds p p.isLt,
        fun i => ?_⟩
      obtain ⟨reached, averaged⟩ := tested i i.isLt
      have leaf : ∀ s < roots.rowCount, element leaves.packed (i * roots.rowCount + s) < nodes ∧
          Reaches F n inputs.packed (i * n) (element roots.packed s) (element leaves.packed (i * roots.rowCount + s)) := by
        intro s hs
        have h := reached s hs
        simp only [isLeaf, Bool.and_eq_true, Nat.blt_eq, Nat.beq_eq, Bool.not_eq_true', cut_eq_element] at h
        refine ⟨h.1.1, descend_sound (fun p hp => Order.finite_sound thresholds p hp) (fun l hl => rows i i.isLt l hl) inside
          (rooted s hs) h.1.2 fun lt => ?_⟩
        have no := h.2
        have yes : Nat.blt (element F.feature (element leaves.packed (i * roots.rowCount + s))) n = true := blt_true lt
        exact Bool.noConfusion (yes.symm.trans no)
      refine ⟨fun s => leaf s s.isLt, fun j => ?_⟩
      have h := isMean_sound some (fun s hs => Order.finite_sound values _ (index_lt ⟨_, (leaf s hs).1⟩ j)) (averaged j j.isLt)
      have e : element bound.toNat 0 = bound.toNat := by
        rw [element, Nat.mul_zero, Nat.pow_zero, Nat.div_one, Nat.mod_eq_of_lt bound.toNat_lt]
      have mean : doubleAt means.packed ((i.val.mul k).add j) = scaled (element means.packed (i * k + j)) :=
        doubleAt_eq (Order.finite_sound finiteY _ (index_lt i j))
      rw [mean, doubleAt_eq (by rw [e]; exact finite), e, ← toRat_eq_ofScaled, ← toRat_eq_ofScaled] at h
      exact h

/-- The leaves that inputs reach in decision trees. -/
def operation : CertifiedOperation where
  name := "tree_inference"
  check := check
  Meaning := Meaning
  sound := check_sound

end LeanPythonBridge.Certificate.TreeInferenceOperation
