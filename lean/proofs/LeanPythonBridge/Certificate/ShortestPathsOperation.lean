module

public import LeanPythonBridge.Certificate.Arguments
public import LeanPythonBridge.Certificate.ExactIntegers
public import LeanPythonBridge.Certificate.Operation

/-!
# `shortest_paths`: between what the distances from a node lie

The question has the parameters `nodes` and `source` and the arrays `tails`, `heads` and `weights`: of each edge where it
begins, where it ends, and how long it is. The answer has the arrays `lower` and `upper`, doubles for each node, infinite
where there is no path. The certificate has the array `edges`, the last edge of a path to each node, and `levels`, which rise
along these paths; the lower bounds are potentials, which no edge exceeds.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.ShortestPathsOperation

open Float64

/-! ## What it means -/

/-- The frames of a graph with `edges` edges. -/
structure Graph where
  /-- The number of edges. -/
  edges : Nat
  /-- Where each begins. -/
  tails : Nat
  /-- Where each ends. -/
  heads : Nat
  /-- How long each is. -/
  weights : Nat

/-- There is a walk from a node to another one, of this length. -/
inductive Walk (G : Graph) (source : Nat) : Nat → Rat → Prop
  /-- Of no edges. -/
  | nil : Walk G source source 0
  /-- One edge more. -/
  | snoc {length : Rat} (e : Nat) (inside : e < G.edges) (walk : Walk G source (element G.tails e) length) :
      Walk G source (element G.heads e) (length + toRat (element G.weights e))

/-- No integer of a graph is greater than this. -/
def mostNodes : Nat := 4294967296

/-- The graph of a question, the number of nodes, and the source; `packed` takes an array's bytes together. -/
def graph? (packed : NamedArray → Nat) (q : Question) : Option (Graph × Nat × Nat) :=
  match q.array? "tails", q.array? "heads", q.array? "weights", Value.atMost? mostNodes "nodes" q.params,
    Value.atMost? mostNodes "source" q.params with
  | some tails, some heads, some weights, some nodes, some source =>
    if tails.dtype == .i8 && tails.shape == [weights.rowCount] && heads.dtype == .i8 && heads.shape == [weights.rowCount] &&
      weights.isVector weights.rowCount then
      some (⟨weights.rowCount, packed tails, packed heads, packed weights⟩, nodes, source)
    else none
  | _, _, _, _, _ => none

/-- The bounds of an answer, and nothing else. -/
def bounds? (a : Answer) : Option (NamedArray × NamedArray) :=
  match a.result, a.arrays with
  | [], [lower, upper] => if lower.name == "lower" && upper.name == "upper" then some (lower, upper) else none
  | _, _ => none

/-- What certified distances mean, of the exact values of the weights: where a node's upper bound is finite, a walk from the
source is no longer, and no walk is shorter than the lower bound; where it is not, there is no walk. -/
def Meaning (q : Question) (a : Answer) : Prop :=
  ∃ G nodes source lower upper, graph? NamedArray.packed q = some (G, nodes, source) ∧ bounds? a = some (lower, upper) ∧
    lower.IsVector nodes ∧ upper.IsVector nodes ∧ Finite (frameVec G.weights G.edges) ∧
    ∀ v < nodes, (isFinite (element upper.packed v) = true →
        (∃ length, Walk G source v length ∧ length ≤ toRat (element upper.packed v)) ∧
          ∀ length, Walk G source v length → toRat (element lower.packed v) ≤ length) ∧
      (isFinite (element upper.packed v) = false → ∀ length, ¬Walk G source v length)

/-! ## The test -/

/-- The test that an edge is one, and that the lower bound of its end is no greater than that of its beginning and the
edge. -/
def isBelow (G : Graph) (nodes lower e : Nat) : Bool :=
  withValue (cut 64 G.tails e) fun tail => withValue (cut 64 G.heads e) fun head =>
    Nat.blt tail nodes && Nat.blt head nodes && (Bool.not (finiteAt lower tail) || (finiteAt lower head &&
      isNonneg (subInt (addInt (doubleAt lower tail) (doubleAt G.weights e)) (doubleAt lower head))))

/-- The test that the upper bound of a node is at least that of the one before and the edge between them. -/
def isAbove (G : Graph) (nodes source upper edges levels v : Nat) : Bool :=
  withValue (cut 64 edges v) fun e => withValue (cut 64 G.tails e) fun tail =>
    (Nat.beq v source && isNonneg (doubleAt upper v)) ||
      (Nat.blt e G.edges && Nat.beq (cut 64 G.heads e) v && Nat.blt tail nodes && finiteAt upper tail &&
        Nat.blt (cut 64 levels tail) (cut 64 levels v) &&
        isNonneg (subInt (doubleAt upper v) (addInt (doubleAt upper tail) (doubleAt G.weights e))))

/-- The test of the frames. -/
def checkFrames (G : Graph) (nodes source lower upper edges levels : Nat) : Bool :=
  Order.finite G.edges G.weights && finiteAt lower source && isNonneg (negInt (doubleAt lower source)) &&
    allBelow (isBelow G nodes lower) G.edges &&
    allBelow (fun v => Bool.rec (Bool.not (finiteAt lower v))
      (finiteAt lower v && isAbove G nodes source upper edges levels v) (finiteAt upper v)) nodes

/-- An array of integers, one for each node. -/
def isIntegers (a : NamedArray) (nodes : Nat) : Bool := a.dtype == .i8 && a.shape == [nodes]

/-- The bytes of an array, taken together fast. -/
def joined (a : NamedArray) : Nat := join a.chunks

/-- A graph with its frames evaluated. -/
def Graph.withValues {α : Type} (G : Graph) (f : Graph → α) : α :=
  withValue G.tails fun tails => withValue G.heads fun heads => withValue G.weights fun weights =>
    f ⟨G.edges, tails, heads, weights⟩

/-- Whether the certificate of an answer holds. -/
def check (q : Question) (a : Answer) : Bool :=
  match graph? joined q, bounds? a, a.certificateArray? "edges", a.certificateArray? "levels" with
  | some (G, nodes, source), some (lower, upper), some edges, some levels =>
    a.isKind "path_potentials" && lower.isVector nodes && upper.isVector nodes && isIntegers edges nodes &&
      isIntegers levels nodes && G.withValues fun G => withValue (joined lower) fun low => withValue (joined upper) fun high =>
        withValue (joined edges) fun last => withValue (joined levels) fun rising =>
          checkFrames G nodes source low high last rising
  | _, _, _, _ => false

/-! ## Soundness -/

variable {G : Graph} {nodes source lower upper edges levels : Nat}

private theorem blt {a b : Nat} (h : Nat.blt a b = true) : a < b := Nat.le_of_ble_eq_true h

private theorem lower_sound (weights : ∀ e < G.edges, isFinite (element G.weights e) = true)
    (start : isFinite (element lower source) = true) (least : isNonneg (negInt (doubleAt lower source)) = true)
    (below : ∀ e < G.edges, isBelow G nodes lower e = true) {v : Nat} {length : Rat} (walk : Walk G source v length) :
    isFinite (element lower v) = true ∧ toRat (element lower v) ≤ length := by
  induction walk with
  | nil =>
    refine ⟨start, ?_⟩
    rw [isNonneg_iff, negInt_eq, doubleAt_eq start] at least
    rw [toRat_eq_ofScaled, ← ofScaled_zero, ofScaled_le]
    omega
  | snoc e inside _ ih =>
    have h := below e inside
    simp only [isBelow, withValue_eq, cut_eq_element, Bool.and_eq_true, Bool.or_eq_true, Bool.not_eq_true', finiteAt_eq,
      isNonneg_iff, addInt_eq, subInt_eq] at h
    obtain ⟨finite, le⟩ := h.2.resolve_left (by rw [ih.1]; exact Bool.noConfusion)
    refine ⟨finite, ?_⟩
    rw [doubleAt_eq ih.1, doubleAt_eq (weights e inside), doubleAt_eq finite] at le
    have le : scaled (element lower (element G.heads e)) ≤
        scaled (element lower (element G.tails e)) + scaled (element G.weights e) := Int.sub_nonneg.1 le
    have le := ofScaled_le.2 le
    rw [ofScaled_add, ← toRat_eq_ofScaled, ← toRat_eq_ofScaled, ← toRat_eq_ofScaled] at le
    have := ih.2
    grind

private theorem upper_sound (weights : ∀ e < G.edges, isFinite (element G.weights e) = true)
    (above : ∀ v < nodes, isFinite (element upper v) = true → isAbove G nodes source upper edges levels v = true) :
    ∀ level v, element levels v = level → v < nodes → isFinite (element upper v) = true →
      ∃ length, Walk G source v length ∧ length ≤ toRat (element upper v) := by
  intro level
  induction level using Nat.strongRecOn with
  | ind level ih =>
    intro v rank inside finite
    have h := above v inside finite
    simp only [isAbove, withValue_eq, cut_eq_element, Bool.or_eq_true, Bool.and_eq_true, finiteAt_eq, isNonneg_iff,
      Nat.beq_eq, addInt_eq, subInt_eq] at h
    rcases h with ⟨same, least⟩ | ⟨⟨⟨⟨⟨edge, head⟩, tail⟩, finite'⟩, rises⟩, le⟩
    · rw [doubleAt_eq finite] at least
      refine ⟨0, by rw [same]; exact .nil, ?_⟩
      rw [toRat_eq_ofScaled, ofScaled_nonneg]
      exact least
    · have edge := blt edge
      obtain ⟨length, walk, le'⟩ := ih _ (by rw [← rank]; exact blt rises) _ rfl (blt tail) finite'
      rw [doubleAt_eq finite, doubleAt_eq finite', doubleAt_eq (weights _ edge)] at le
      have le := ofScaled_le.2 (Int.sub_nonneg.1 le)
      rw [ofScaled_add, ← toRat_eq_ofScaled, ← toRat_eq_ofScaled,
        ← toRat_eq_ofScaled] at le
      have walk' := Walk.snoc _ edge walk
      rw [head] at walk'
      exact ⟨_, walk', by grind⟩

private theorem checkFrames_sound (h : checkFrames G nodes source lower upper edges levels = true) :
    Finite (frameVec G.weights G.edges) ∧ ∀ v < nodes, (isFinite (element upper v) = true →
        (∃ length, Walk G source v length ∧ length ≤ toRat (element upper v)) ∧
          ∀ length, Walk G source v length → toRat (element lower v) ≤ length) ∧
      (isFinite (element upper v) = false → ∀ length, ¬Walk G source v length) := by
  simp only [checkFrames, Bool.and_eq_true, allBelow_iff, finiteAt_eq] at h
  obtain ⟨⟨⟨⟨weights, start⟩, least⟩, below⟩, above⟩ := h
  have weights := Order.finite_sound weights
  refine ⟨fun e => weights e e.isLt, fun v inside => ⟨fun finite => ⟨?_, fun length walk =>
    (lower_sound weights start least below walk).2⟩, fun infinite length walk => ?_⟩⟩
  · refine upper_sound (edges := edges) (levels := levels) weights (fun v inside finite => ?_) _ v rfl inside finite
    have h := above v inside
    rw [finite] at h
    exact (Bool.and_eq_true _ _ ▸ h : _ ∧ _).2
  · have h := above v inside
    rw [infinite] at h
    have h : Bool.not (isFinite (element lower v)) = true := h
    rw [(lower_sound weights start least below walk).1] at h
    exact Bool.noConfusion h

theorem check_sound {q : Question} {a : Answer} (h : check q a = true) : Meaning q a := by
  have joined_eq : joined = NamedArray.packed := funext fun a => join_eq a.chunks
  unfold check at h
  split at h
  case h_2 => contradiction
  case h_1 G nodes source low high last rising asked given _ _ =>
    simp only [Bool.and_eq_true, Graph.withValues, withValue_eq, joined_eq] at h asked
    obtain ⟨⟨⟨⟨⟨-, lows⟩, highs⟩, -⟩, -⟩, frames⟩ := h
    obtain ⟨finite, sound⟩ := checkFrames_sound frames
    exact ⟨G, nodes, source, low, high, asked, given, NamedArray.isVector_sound lows, NamedArray.isVector_sound highs, finite,
      sound⟩

/-- Between what the distances from a node lie. -/
def operation : CertifiedOperation where
  name := "shortest_paths"
  check := check
  Meaning := Meaning
  sound := check_sound

end LeanPythonBridge.Certificate.ShortestPathsOperation
