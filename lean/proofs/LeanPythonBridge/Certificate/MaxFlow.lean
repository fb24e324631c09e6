module

public import LeanPythonBridge.Float64.Vectors
public import MatrixProps

/-!
# Flows in networks, and cuts

A flow gives each edge of a directed graph what passes through it: no less than nothing, no more than its capacity, and
what enters a node leaves it, but at the source and the sink. A set of nodes that has the source and not the sink, a cut,
bounds the value of every flow by the capacities of the edges that leave it (`value_le_cut`).
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.MaxFlow

open Float64

/-- The frames of a graph with `edges` edges. -/
structure Graph where
  /-- The number of edges. -/
  edges : Nat
  /-- Where each begins. -/
  tails : Nat
  /-- Where each ends. -/
  heads : Nat
  /-- How much may pass through it. -/
  capacities : Nat

/-- The sum over the edges of which an end, given in a frame, is this node. -/
def sumAt {edges : Nat} (ends : Nat) (f : Vec edges Rat) (v : Nat) : Rat :=
  vecSum fun e => if element ends e = v then f e else 0

namespace Graph

variable (G : Graph)

/-- What leaves a node. -/
def outflow (f : Vec G.edges Rat) (v : Nat) : Rat := sumAt G.tails f v

/-- What enters a node. -/
def inflow (f : Vec G.edges Rat) (v : Nat) : Rat := sumAt G.heads f v

/-- What a flow brings away from a node: its value, at the source. -/
def value (f : Vec G.edges Rat) (v : Nat) : Rat := G.outflow f v - G.inflow f v

/-- Every edge begins and ends at one of the nodes. -/
def Within (nodes : Nat) : Prop := ∀ e < G.edges, element G.tails e < nodes ∧ element G.heads e < nodes

/-- What is a flow from the source to the sink. -/
structure IsFlow (nodes source sink : Nat) (f : Vec G.edges Rat) : Prop where
  /-- Nothing passes backwards. -/
  nonneg : ∀ e, 0 ≤ f e
  /-- No edge carries more than it can. -/
  capacity : ∀ e, f e ≤ toRat (element G.capacities e)
  /-- What enters a node leaves it. -/
  conserves : ∀ v < nodes, v ≠ source → v ≠ sink → G.inflow f v = G.outflow f v

end Graph

/-- The capacity of the edges that leave a set of nodes. -/
def cutCapacity (G : Graph) (inside : Nat → Bool) : Rat :=
  vecSum fun e : Fin G.edges =>
    if inside (element G.tails e) && !inside (element G.heads e) then toRat (element G.capacities e) else 0

private theorem sum_weighted {edges nodes ends : Nat} (s : Nat → Rat) (f : Vec edges Rat)
    (inside : ∀ e < edges, element ends e < nodes) :
    (vecSum fun v : Fin nodes => s v * sumAt ends f v) = vecSum fun e => s (element ends e) * f e := by
  simp only [sumAt, ← vecSum_mul_left]
  rw [vecSum_comm fun (v : Fin nodes) (e : Fin edges) => s v * (if element ends e = v then f e else 0)]
  congr; funext e
  rw [← vecSum_single (⟨element ends e, inside e e.isLt⟩ : Fin nodes) (s (element ends e) * f e)]
  congr; funext v
  by_cases h : element ends e = v
  · rw [if_pos h, if_pos (Fin.ext h.symm), h]
  · rw [if_neg h, if_neg fun k => h (congrArg Fin.val k).symm, Rat.mul_zero]

/-- No flow has a greater value than the capacity of a cut. -/
theorem value_le_cut {G : Graph} {nodes source sink : Nat} {f : Vec G.edges Rat} (within : G.Within nodes)
    (flow : G.IsFlow nodes source sink f) {inside : Nat → Bool} (start : source < nodes) (has : inside source = true)
    (lacks : inside sink = false) : G.value f source ≤ cutCapacity G inside := by
  let s : Nat → Rat := fun v => if inside v then 1 else 0
  have node : ∀ v : Fin nodes, s v * G.outflow f v - s v * G.inflow f v =
      if v = ⟨source, start⟩ then G.value f source else 0 := fun v => by
    by_cases atSource : v.val = source
    · rw [if_pos (Fin.ext atSource), atSource, Graph.value]
      simp only [s, has, if_true]
      grind
    · rw [if_neg fun h => atSource (congrArg Fin.val h)]
      by_cases atSink : v.val = sink
      · rw [atSink]
        simp only [s, lacks, Bool.false_eq_true, if_false]
        grind
      · rw [flow.conserves v v.isLt atSource atSink]
        grind
  have total : G.value f source = vecSum fun e => s (element G.tails e) * f e - s (element G.heads e) * f e := by
    rw [vecSum_sub, ← sum_weighted s f fun e h => (within e h).1, ← sum_weighted s f fun e h => (within e h).2, ← vecSum_sub,
      ← vecSum_single (⟨source, start⟩ : Fin nodes) (G.value f source)]
    exact congrArg vecSum (funext fun v => (node v).symm)
  rw [total]
  refine vecSum_mono fun e => ?_
  have := flow.nonneg e
  have := flow.capacity e
  simp only [s]
  cases inside (element G.tails e) <;> cases inside (element G.heads e) <;> simp <;> grind

end LeanPythonBridge.Certificate.MaxFlow
