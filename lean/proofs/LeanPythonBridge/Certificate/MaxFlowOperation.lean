module

public import LeanPythonBridge.Certificate.Arguments
public import LeanPythonBridge.Certificate.ExactIntegers
public import LeanPythonBridge.Certificate.MaxFlow
public import LeanPythonBridge.Certificate.Operation

/-!
# `max_flow`: as much as can pass from the source to the sink

The question has the parameters `nodes`, `source` and `sink` and the arrays `tails`, `heads` and `capacities`: of each edge
where it begins, where it ends, and how much may pass. The answer has the array `flow`, doubles for each edge, and `value`.
The certificate has the array `cut`, truth values for each node, `gap`, and `unit` and `words`, how to compute with the flow:
it is natural numbers times `2^(unit - 1074)`, of which the sums at all nodes have that many words of 64 bits.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.MaxFlowOperation

open Float64 MaxFlow

/-! ## What it means -/

/-- No integer of a graph is greater than this. -/
def mostNodes : Nat := 4294967296

/-- What a question asks: a graph, how many nodes it has, and two of them. -/
structure Asked where
  /-- The graph. -/
  graph : Graph
  /-- The number of nodes. -/
  nodes : Nat
  /-- Where flows come from. -/
  source : Nat
  /-- Where flows go to. -/
  sink : Nat

/-- What a question asks; `packed` takes an array's bytes together. -/
def asked? (packed : NamedArray → Nat) (q : Question) : Option Asked :=
  match q.array? "tails", q.array? "heads", q.array? "capacities", Value.atMost? mostNodes "nodes" q.params,
    Value.atMost? mostNodes "source" q.params, Value.atMost? mostNodes "sink" q.params with
  | some tails, some heads, some capacities, some nodes, some source, some sink =>
    if tails.isIndices [capacities.rowCount] && heads.isIndices [capacities.rowCount] &&
      capacities.isVector capacities.rowCount then
      some ⟨⟨capacities.rowCount, packed tails, packed heads, packed capacities⟩, nodes, source, sink⟩
    else none
  | _, _, _, _, _, _ => none

/-- The flow of an answer and its value, and nothing else. -/
def given? (a : Answer) : Option (NamedArray × UInt64) :=
  match a.result, a.arrays with
  | [(key, .float value)], [flow] => if key == "value" && flow.name == "flow" then some (flow, value) else none
  | _, _ => none

/-- What a certified flow means, of the exact values of all doubles: it is a flow from the source to the sink, exactly,
its value is the one stated, and no flow over the rational numbers has a value that is greater by more than the gap. -/
def Meaning (q : Question) (a : Answer) : Prop :=
  ∃ asked flow value gap, asked? NamedArray.packed q = some asked ∧ given? a = some (flow, value) ∧
    Value.find? "gap" a.certificate = some (.float gap) ∧ flow.IsVector asked.graph.edges ∧
    asked.source ≠ asked.sink ∧ asked.source < asked.nodes ∧ asked.sink < asked.nodes ∧ asked.graph.Within asked.nodes ∧
    Finite (frameVec asked.graph.capacities asked.graph.edges) ∧ Finite (frameVec flow.packed asked.graph.edges) ∧
    isFinite value.toNat = true ∧ isFinite gap.toNat = true ∧
    asked.graph.IsFlow asked.nodes asked.source asked.sink (valueVec (frameVec flow.packed asked.graph.edges)) ∧
    asked.graph.value (valueVec (frameVec flow.packed asked.graph.edges)) asked.source = toRat value.toNat ∧
    ∀ f, asked.graph.IsFlow asked.nodes asked.source asked.sink f →
      asked.graph.value f asked.source ≤ toRat value.toNat + toRat gap.toNat

/-! ## The test -/

/-- How to compute with a flow. -/
structure Layout where
  /-- The flow is natural numbers times `2^(unit - 1074)`. -/
  unit : Nat
  /-- Sums of them are less than two to the power of this. -/
  width : Nat

/-- The natural number of a double in units of `2^(unit - 1074)`. -/
def naturalOf (unit bits : Nat) : Nat := Nat.shiftRight (absoluteOf bits) unit

/-- The test that a double is a natural number of units. -/
def isNatural (unit bits : Nat) : Bool :=
  Nat.blt bits infinity && Nat.beq (Nat.shiftLeft (naturalOf unit bits) unit) (absoluteOf bits)

/-- The test of an edge: it lies in the graph, and carries natural units, no more than its capacity. -/
def isEdge (G : Graph) (nodes flow unit e : Nat) : Bool :=
  Nat.blt (cut 64 G.tails e) nodes && Nat.blt (cut 64 G.heads e) nodes && isNatural unit (cut 64 flow e) &&
    isNonneg (Int.sub (doubleAt G.capacities e) (doubleAt flow e))

/-- The sums of the flow over the edges with an end at each node, in lanes of `width` bits. -/
def sums (layout : Layout) (ends flow edges : Nat) : Nat :=
  fold (fun e sum => withValue sum fun sum =>
    Nat.add sum (Nat.shiftLeft (naturalOf layout.unit (cut 64 flow e)) (Nat.mul layout.width (cut 64 ends e)))) 0 edges

/-- All of the flow together. -/
def sumOfAll (layout : Layout) (flow edges : Nat) : Nat :=
  fold (fun e sum => withValue sum fun sum => Nat.add sum (naturalOf layout.unit (cut 64 flow e))) 0 edges

/-- The test that what enters a node leaves it, with the value brought back from the sink to the source. -/
def isBalanced (layout : Layout) (asked : Asked) (flow value : Nat) : Bool :=
  withValue (naturalOf layout.unit value) fun brought =>
    Nat.blt (Nat.add (sumOfAll layout flow asked.graph.edges) brought) (Nat.shiftLeft 1 layout.width) &&
      Nat.beq
        (Nat.add (sums layout asked.graph.tails flow asked.graph.edges)
          (Nat.shiftLeft brought (Nat.mul layout.width asked.sink)))
        (Nat.add (sums layout asked.graph.heads flow asked.graph.edges)
          (Nat.shiftLeft brought (Nat.mul layout.width asked.source)))

/-- Whether a node is in a set that is given by a frame of truth values. -/
def isInside (nodes v : Nat) : Bool := Nat.beq (cut 8 nodes v) 1

/-- Whether an edge leaves a set of nodes. -/
def leaves (G : Graph) (nodes e : Nat) : Bool :=
  isInside nodes (cut 64 G.tails e) && Bool.not (isInside nodes (cut 64 G.heads e))

/-- The capacity of the edges that leave a set of nodes, in units of `2^(-1074)`. -/
def leaving (G : Graph) (nodes : Nat) : Int :=
  Nat.rec (motive := fun _ => Int) 0
    (fun e y => withInt y fun y => Bool.rec y (Int.add y (doubleAt G.capacities e)) (leaves G nodes e)) G.edges

/-- The test of the frames and of the value and the gap, as bits of doubles. -/
def checkFrames (layout : Layout) (asked : Asked) (flow nodes value gap : Nat) : Bool :=
  Bool.not (Nat.beq asked.source asked.sink) && Nat.blt asked.source asked.nodes && Nat.blt asked.sink asked.nodes &&
    Order.finite asked.graph.edges asked.graph.capacities && isNatural layout.unit value && isFinite gap &&
    allBelow (isEdge asked.graph asked.nodes flow layout.unit) asked.graph.edges &&
    isBalanced layout asked flow value && isInside nodes asked.source && Bool.not (isInside nodes asked.sink) &&
    isNonneg (Int.sub (Int.add (doubleAt value 0) (doubleAt gap 0)) (leaving asked.graph nodes))

/-- The bytes of an array, taken together fast. -/
def joined (a : NamedArray) : Nat := join a.chunks

/-- What is asked, with its frames evaluated. -/
def Asked.withValues {α : Type} (asked : Asked) (f : Asked → α) : α :=
  withValue asked.graph.tails fun tails => withValue asked.graph.heads fun heads =>
    withValue asked.graph.capacities fun capacities =>
      f ⟨⟨asked.graph.edges, tails, heads, capacities⟩, asked.nodes, asked.source, asked.sink⟩

/-- How to compute with the flow of a certificate. -/
def layout? (entries : Entries) : Option Layout :=
  match Value.atMost? 2098 "unit" entries, Value.atMost? maxWords "words" entries with
  | some unit, some words => some ⟨unit, Nat.mul 64 words⟩
  | _, _ => none

/-- Whether the certificate of an answer holds. -/
def check (q : Question) (a : Answer) : Bool :=
  match asked? joined q, given? a, Value.double? "gap" a.certificate, layout? a.certificate, a.certificateArray? "cut" with
  | some asked, some (flow, value), some gap, some layout, some nodes =>
    a.isKind "minimum_cut" && flow.isVector asked.graph.edges && nodes.dtype == .b1 && nodes.shape == [asked.nodes] &&
      asked.withValues fun asked => withValue (joined flow) fun flow => withValue (joined nodes) fun nodes =>
        checkFrames layout asked flow nodes value.toNat gap.toNat
  | _, _, _, _, _ => false

/-! ## Soundness -/

variable {layout : Layout} {asked : Asked} {G : Graph} {unit flow nodes value gap edges : Nat}

private theorem blt {a b : Nat} (h : Nat.blt a b = true) : a < b := Nat.le_of_ble_eq_true h

private theorem isNatural_sound {bits : Nat} (h : isNatural unit bits = true) :
    isFinite bits = true ∧ toRat bits = ofScaled ((naturalOf unit bits : Nat) * (2 ^ unit : Nat)) := by
  rw [isNatural, Bool.and_eq_true, Nat.beq_eq] at h
  have small := blt h.1
  have finite : isFinite bits = true := by
    rw [isFinite, magnitude_of_lt small]
    exact decide_eq_true small
  refine ⟨finite, ?_⟩
  have value : naturalOf unit bits * 2 ^ unit = absoluteOf bits := by rw [← Nat.shiftLeft_eq]; exact h.2
  rw [toRat_eq_ofScaled, scaled_of_lt small, ← Int.natCast_mul, value, absoluteOf_eq_scaledAbs finite, scaledAbs,
    magnitude_of_lt small]

/-- The flow over the edges with an end at a node, in units. -/
private def at' (unit ends flow edges v : Nat) : Nat :=
  total edges fun e => if element ends e = v then naturalOf unit (element flow e) else 0

private theorem pack_single {w k v x : Nat} (h : v < k) : (pack w k fun i => if v = i then x else 0) = x * 2 ^ (w * v) := by
  induction k with
  | zero => omega
  | succ k ih =>
    rw [pack]
    by_cases last : v = k
    · rw [if_pos last, pack_congr (g := fun _ => 0) fun i hi => if_neg (by omega), pack_zero, last, Nat.zero_add]
    · rw [if_neg last, ih (by omega), Nat.zero_mul, Nat.add_zero]

private theorem sums_eq {ends k : Nat} (inside : ∀ e < edges, element ends e < k) :
    sums layout ends flow edges = pack layout.width k (at' layout.unit ends flow edges) := by
  induction edges with
  | zero => exact pack_zero.symm
  | succ edges ih =>
    have step : sums layout ends flow (edges + 1) = sums layout ends flow edges +
        naturalOf layout.unit (element flow edges) <<< (layout.width * element ends edges) := by
      show (withValue (sums layout ends flow edges) fun sum => Nat.add sum (Nat.shiftLeft
        (naturalOf layout.unit (cut 64 flow edges)) (Nat.mul layout.width (cut 64 ends edges)))) = _
      rw [withValue_eq, cut_eq_element, cut_eq_element]
      rfl
    rw [step, ih fun e h => inside e (by omega), Nat.shiftLeft_eq, ← pack_single (inside edges (by omega)), pack_add]
    rfl

private theorem sumOfAll_eq :
    sumOfAll layout flow edges = total edges fun e => naturalOf layout.unit (element flow e) := by
  induction edges with
  | zero => rfl
  | succ edges ih =>
    show (withValue (sumOfAll layout flow edges) fun sum => Nat.add sum (naturalOf layout.unit (cut 64 flow edges))) = _
    rw [withValue_eq, ih, cut_eq_element]
    rfl

private theorem at'_le {ends v : Nat} :
    at' unit ends flow edges v ≤ total edges fun e => naturalOf unit (element flow e) := by
  rw [at']
  induction edges with
  | zero => exact Nat.le_refl _
  | succ edges ih =>
    rw [total, total]
    split <;> omega

private theorem sumAt_eq {ends v : Nat} (natural : ∀ e < edges, isNatural unit (element flow e) = true) :
    sumAt ends (valueVec (frameVec flow edges)) v = ofScaled ((at' unit ends flow edges v : Nat) * (2 ^ unit : Nat)) := by
  have each : ∀ e : Fin edges, (if element ends e = v then valueVec (frameVec flow edges) e else 0) =
      ofScaled (((if element ends e = v then naturalOf unit (element flow e) else 0 : Nat) : Int) * (2 ^ unit : Nat)) :=
    fun e => by
      split
      · exact (isNatural_sound (natural e e.isLt)).2
      · rw [Int.natCast_zero, Int.zero_mul, ofScaled_zero]
  rw [sumAt, funext each, vecSum_ofScaled fun e =>
    ((if element ends e = v then naturalOf unit (element flow e) else 0 : Nat) : Int) * (2 ^ unit : Nat), integerSum_mul,
    ← total_eq_integerSum]
  rfl

private theorem leaving_eq (finite : ∀ e < G.edges, isFinite (element G.capacities e) = true) :
    ofScaled (leaving G nodes) = cutCapacity G (isInside nodes) := by
  have unfolded : leaving G nodes = integerSum G.edges fun e =>
      if isInside nodes (element G.tails e) && !isInside nodes (element G.heads e) then
        scaled (element G.capacities e) else 0 := by
    rw [leaving]
    generalize hn : G.edges = n
    have finite : ∀ e < n, isFinite (element G.capacities e) = true := hn ▸ finite
    clear hn
    induction n with
    | zero => rfl
    | succ n ih =>
      rw [integerSum, ← ih fun e h => finite e (by omega)]
      show withInt _ _ = _
      rw [withInt_eq, leaves, cut_eq_element, cut_eq_element, doubleAt_eq (finite n (by omega))]
      cases h : (isInside nodes (element G.tails n) && !isInside nodes (element G.heads n))
      · rw [if_neg Bool.false_ne_true, Int.add_zero]
      · rw [if_pos rfl]; rfl
  rw [unfolded, ← vecSum_ofScaled]
  refine congrArg vecSum (funext fun e => ?_)
  split
  · rfl
  · exact ofScaled_zero

private theorem element_toNat (bits : UInt64) : element bits.toNat 0 = bits.toNat := by
  rw [element, Nat.mul_zero, Nat.pow_zero, Nat.div_one, Nat.mod_eq_of_lt bits.toNat_lt]

private theorem checkFrames_sound {value gap : UInt64}
    (h : checkFrames layout asked flow nodes value.toNat gap.toNat = true) :
    asked.source ≠ asked.sink ∧ asked.source < asked.nodes ∧ asked.sink < asked.nodes ∧ asked.graph.Within asked.nodes ∧
      Finite (frameVec asked.graph.capacities asked.graph.edges) ∧ Finite (frameVec flow asked.graph.edges) ∧
      isFinite value.toNat = true ∧ isFinite gap.toNat = true ∧
      asked.graph.IsFlow asked.nodes asked.source asked.sink (valueVec (frameVec flow asked.graph.edges)) ∧
      asked.graph.value (valueVec (frameVec flow asked.graph.edges)) asked.source = toRat value.toNat ∧
      ∀ f, asked.graph.IsFlow asked.nodes asked.source asked.sink f →
        asked.graph.value f asked.source ≤ toRat value.toNat + toRat gap.toNat := by
  obtain ⟨G, count, source, sink⟩ := asked
  simp only [checkFrames, isBalanced, withValue_eq, Bool.and_eq_true, allBelow_iff, isEdge, cut_eq_element,
    Bool.not_eq_true', Nat.beq_eq, isNonneg_iff] at h
  obtain ⟨⟨⟨⟨⟨⟨⟨⟨⟨⟨differ, start⟩, goal⟩, capacities⟩, natural⟩, finiteGap⟩, edge⟩, room, balance⟩, has⟩, lacks⟩, bound⟩ := h
  have differ : source ≠ sink := fun e => by
    rw [e, show Nat.beq sink sink = true from Nat.beq_refl _] at differ
    exact Bool.noConfusion differ
  have start := blt start
  have goal := blt goal
  have capacities := Order.finite_sound capacities
  have ⟨finiteValue, value_eq⟩ := isNatural_sound natural
  have natural : ∀ e < G.edges, isNatural layout.unit (element flow e) = true := fun e h => (edge e h).1.2
  have within : G.Within count := fun e h => ⟨blt (edge e h).1.1.1, blt (edge e h).1.1.2⟩
  rw [sums_eq fun e h => (within e h).1, sums_eq fun e h => (within e h).2] at balance
  have balance : pack layout.width count (at' layout.unit G.tails flow G.edges) +
      naturalOf layout.unit value.toNat <<< (layout.width * sink) =
      pack layout.width count (at' layout.unit G.heads flow G.edges) +
        naturalOf layout.unit value.toNat <<< (layout.width * source) := balance
  have room := blt room
  rw [sumOfAll_eq, show Nat.shiftLeft 1 layout.width = 2 ^ layout.width from Nat.one_shiftLeft _] at room
  rw [Nat.shiftLeft_eq, Nat.shiftLeft_eq, ← pack_single start, ← pack_single goal, pack_add, pack_add] at balance
  generalize naturalOf layout.unit value.toNat = brought at *
  have node : ∀ v < count, at' layout.unit G.tails flow G.edges v + (if sink = v then brought else 0) =
      at' layout.unit G.heads flow G.edges v + (if source = v then brought else 0) := fun v hv => by
    have out := @at'_le layout.unit flow G.edges G.tails
    have into := @at'_le layout.unit flow G.edges G.heads
    have room : (total G.edges fun e => naturalOf layout.unit (element flow e)) + brought < 2 ^ layout.width := room
    have h := congrArg (lane layout.width · v) balance
    simp only at h
    rwa [lane_pack (fun i _ => by have := out (v := i); split <;> omega) hv,
      lane_pack (fun i _ => by have := into (v := i); split <;> omega) hv] at h
  refine ⟨differ, start, goal, within, fun e => capacities e e.isLt, fun e => (isNatural_sound (natural e e.isLt)).1,
    finiteValue, finiteGap, ⟨fun e => ?_, fun e => ?_, fun v hv notSource notSink => ?_⟩, ?_, fun f isFlow => ?_⟩
  · show 0 ≤ toRat (element flow e)
    rw [(isNatural_sound (natural e e.isLt)).2, ofScaled_nonneg, ← Int.natCast_mul]
    exact Int.natCast_nonneg _
  · have le := (edge e e.isLt).2
    rw [doubleAt_eq (capacities e e.isLt), doubleAt_eq (isNatural_sound (natural e e.isLt)).1] at le
    exact ofScaled_le.2 (Int.sub_nonneg.1 le)
  · have := node v hv
    rw [if_neg (Ne.symm notSource), if_neg (Ne.symm notSink)] at this
    rw [Graph.inflow, Graph.outflow, sumAt_eq natural, sumAt_eq natural, show at' layout.unit G.heads flow G.edges v =
      at' layout.unit G.tails flow G.edges v by omega]
  · have := node source start
    rw [if_pos rfl, if_neg (Ne.symm differ)] at this
    rw [Graph.value, Graph.inflow, Graph.outflow, sumAt_eq natural, sumAt_eq natural, ← ofScaled_sub, value_eq,
      ← Int.sub_mul, show ((at' layout.unit G.tails flow G.edges source : Nat) : Int) -
        (at' layout.unit G.heads flow G.edges source : Nat) = (brought : Nat) by omega]
  · refine Rat.le_trans (value_le_cut within isFlow start has lacks) ?_
    rw [doubleAt_eq (by rw [element_toNat]; exact finiteValue), doubleAt_eq (by rw [element_toNat]; exact finiteGap),
      element_toNat, element_toNat] at bound
    rw [← leaving_eq capacities, toRat_eq_ofScaled, toRat_eq_ofScaled, ← ofScaled_add, ofScaled_le]
    exact Int.sub_nonneg.1 bound

theorem check_sound {q : Question} {a : Answer} (h : check q a = true) : Meaning q a := by
  have joined_eq : joined = NamedArray.packed := funext fun a => join_eq a.chunks
  unfold check at h
  split at h
  case h_2 => contradiction
  case h_1 asked flow value gap _ nodes question given stated _ _ =>
    simp only [Bool.and_eq_true, Asked.withValues, withValue_eq, joined_eq] at h question
    obtain ⟨⟨⟨⟨-, vector⟩, -⟩, -⟩, frames⟩ := h
    exact ⟨asked, flow, value, gap, question, given, Value.find?_of_double? stated, NamedArray.isVector_sound vector,
      checkFrames_sound frames⟩

/-- As much as can pass from the source to the sink. -/
def operation : CertifiedOperation where
  name := "max_flow"
  check := check
  Meaning := Meaning
  sound := check_sound

end LeanPythonBridge.Certificate.MaxFlowOperation
