module

public import LeanPythonBridge.Certificate.ExactIntegers
public import LeanPythonBridge.Certificate.NeuralNetwork
public import LeanPythonBridge.Certificate.ProductCertificate

/-!
# Boxes around the layers of a network

Each layer's inputs lie in a box, a centre and a radius of each entry, which are doubles; so do `product` and `spread`, the
computed products of the weights with the centre, and of their absolute values with the radius. How far these are from
the exact ones is tested as for `matvec`. Then the layer's sums lie between `lowest` and `highest`, and what the
rectifiers make of them must lie in the next box. All of it is exact; boxes may be wider than they need to be.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.NetworkBounds

open Float64

/-- A layer: how many neurons it has, and the frames of its weights and biases. -/
structure Layer where
  /-- The number of neurons. -/
  rows : Nat
  /-- The weights, a row for each neuron. -/
  weight : Nat
  /-- The biases. -/
  bias : Nat

/-- The frames of a layer's inputs, and how to multiply with them. -/
structure Box where
  /-- The centre of the box. -/
  centre : Nat
  /-- How far an entry may be from the centre. -/
  radius : Nat
  /-- The weights times the centre, computed. -/
  product : Nat
  /-- The absolute values of the weights times the radius, computed. -/
  spread : Nat
  /-- How far the product may be from the exact one. -/
  productEvidence : Product.Evidence
  /-- How far the spread may be from the exact one. -/
  spreadEvidence : Product.Evidence

/-! ## The network that frames hold -/

/-- The number of outputs: the neurons of the last layer. -/
def outputs : Layer → List Layer → Nat
  | l, [] => l.rows
  | _, l :: ls => outputs l ls

/-- The weights of a layer of `n` inputs. -/
def Layer.weights (l : Layer) (n : Nat) : Matrix l.rows n Rat := valueMatrix (frameMatrix l.weight l.rows n)

/-- The biases of a layer. -/
def Layer.biases (l : Layer) : Vec l.rows Rat := valueVec (frameVec l.bias l.rows)

/-- The network of `n` inputs with these layers. -/
def network : (n : Nat) → (l : Layer) → (ls : List Layer) → Network n (outputs l ls)
  | n, l, [] => .output (l.weights n) l.biases
  | n, l, l' :: ls => .hidden (l.weights n) l.biases (network l.rows l' ls)

/-! ## The test -/

/-- The doubles of a frame without their signs. -/
def absolute (count x : Nat) : Nat := magnitudes (ones 64 count) x

/-- The test of the product of a matrix with `m` rows and `k` columns and a vector. -/
def isProduct (evidence : Product.Evidence) (m k matrix vector product : Nat) : Bool :=
  Product.checkRows evidence.layout m k 1 matrix vector product evidence.bound

/-- The test of a layer's products. -/
def Box.holds (box : Box) (n : Nat) (l : Layer) : Bool :=
  Order.finite l.rows l.bias && isProduct box.productEvidence l.rows n l.weight box.centre box.product &&
    withValue (absolute (Nat.mul l.rows n) l.weight) fun weights =>
      isProduct box.spreadEvidence l.rows n weights box.radius box.spread

/-- How far the sum of a neuron may be from `product` and bias, in units of `2^(-1074)`. -/
def Box.width (box : Box) (i : Nat) : Int :=
  addInt (doubleAt box.spread i)
    (addInt (doubleAt box.productEvidence.bound 0) (doubleAt box.spreadEvidence.bound 0))

/-- The middle of what the sum of a neuron can be. -/
def Box.middle (box : Box) (l : Layer) (i : Nat) : Int := addInt (doubleAt box.product i) (doubleAt l.bias i)

/-- A test of the least and the greatest that the sum of every neuron can be. -/
def Box.allBetween (box : Box) (l : Layer) (test : Nat → Int → Int → Bool) : Bool :=
  allBelow (fun i => withInt (box.middle l i) fun middle => withInt (box.width i) fun width =>
    withInt (subInt middle width) fun low => withInt (addInt middle width) fun high => test i low high) l.rows

/-- The test that what a rectifier makes of numbers between `low` and `high` lies within the radius of the centre. -/
def isRectified (low high centre radius : Int) : Bool :=
  isNonneg (addInt centre radius) && isNonneg (subInt (addInt centre radius) high) &&
    (isNonneg (subInt radius centre) || isNonneg (subInt low (subInt centre radius)))

/-- The test that one layer's neurons lie in the next layer's box. -/
def Box.leadsTo (box : Box) (l : Layer) (next : Box) : Bool :=
  Order.finite l.rows next.centre && Order.finite l.rows next.radius &&
    box.allBetween l fun i low high => isRectified low high (doubleAt next.centre i) (doubleAt next.radius i)

/-- The test of all layers, and of what the outputs can be. -/
def checkLayers (test : Nat → Int → Int → Bool) : (n : Nat) → Layer → List Layer → Box → List Box → Bool
  | n, l, [], box, [] => box.holds n l && box.allBetween l test
  | n, l, l' :: ls, box, box' :: boxes =>
    box.holds n l && box.leadsTo l box' && checkLayers test l.rows l' ls box' boxes
  | _, _, _, _, _ => false

/-! ## Soundness -/

variable {n : Nat} {l : Layer} {box : Box}

/-- The box of a layer's inputs. -/
def Box.contains (box : Box) (n : Nat) (x : Vec n Rat) : Prop :=
  InBox (valueVec (frameVec box.centre n)) (valueVec (frameVec box.radius n)) x

private theorem isProduct_sound {evidence : Product.Evidence} {m k matrix vector product : Nat}
    (h : isProduct evidence m k matrix vector product = true) :
    isFinite evidence.bound = true ∧ (∀ i < m, ∀ j < k, isFinite (element matrix (i * k + j)) = true) ∧
      (∀ i < m, isFinite (element product i) = true) ∧
      ∀ i < m, abs (toRat (element product i) - vecSum fun j : Fin k =>
        toRat (element matrix (i * k + j)) * toRat (element vector j)) ≤ toRat evidence.bound := by
  have h := Product.checkRows_sound h
  have products := fun i hi => h.product_finite i hi 0 (by decide)
  have near := fun i hi => h.near i hi 0 (by decide)
  simp only [Nat.zero_mul, Nat.zero_add, Nat.mul_one, Nat.add_zero] at products near
  exact ⟨h.bound_finite, h.left_finite, products, near⟩

private theorem element_absolute {count x i : Nat} (h : i < count) :
    element (absolute count x) i = magnitude (element x i) := by
  have lt : ∀ i, magnitude (element x i) < 2 ^ 63 := fun i => Nat.mod_lt _ (by decide)
  have packed : absolute count x = pack 64 count fun i => magnitude (element x i) := by
    show x &&& (ones 64 count * 0x7fffffffffffffff) = _
    rw [ones_mul (by decide), land_pack_words x fun _ _ => by decide]
    exact pack_congr fun i _ => Nat.and_two_pow_sub_one_eq_mod _ 63
  have small : ∀ i < count, magnitude (element x i) < 2 ^ 64 := fun i _ => by have := lt i; omega
  rw [packed, ← cut_eq_element]
  exact lane_pack (w := 64) (f := fun i => magnitude (element x i)) small h

private theorem toRat_magnitude {bits : Nat} (h : isFinite bits = true) : toRat (magnitude bits) = abs (toRat bits) := by
  have lt : magnitude bits < infinity := of_decide_eq_true h
  rw [abs_toRat, toRat_eq_ofScaled, scaled_of_lt lt]
  rfl

private theorem between {a p c s e f : Rat} {t : Rat} (h₁ : abs (a - c) ≤ t) (h₂ : abs (p - c) ≤ e) (h₃ : abs (s - t) ≤ f)
    (b : Rat) : p + b - (s + (e + f)) ≤ a + b ∧ a + b ≤ p + b + (s + (e + f)) := by
  rw [abs_le_iff] at h₁ h₂ h₃
  constructor <;> grind

/-- The sum of a neuron lies between what the box says. -/
private theorem sum_between (h : box.holds n l = true) {test : Nat → Int → Int → Bool}
    (tested : box.allBetween l test = true) (small : box.productEvidence.bound < 2 ^ 64 ∧ box.spreadEvidence.bound < 2 ^ 64)
    {x : Vec n Rat} (inside : box.contains n x) (i : Fin l.rows) :
    ∃ low high : Int, test i low high = true ∧ ofScaled low ≤ affine (l.weights n) l.biases x i ∧
      affine (l.weights n) l.biases x i ≤ ofScaled high := by
  simp only [Box.holds, Bool.and_eq_true, withValue_eq] at h
  obtain ⟨⟨bias, product⟩, spread⟩ := h
  obtain ⟨finite₁, weights, products, near⟩ := isProduct_sound product
  obtain ⟨finite₂, -, spreads, near'⟩ := isProduct_sound spread
  simp only [Box.allBetween, allBelow_iff, withInt_eq] at tested
  refine ⟨_, _, tested i i.isLt, ?_⟩
  have spread_eq : (vecSum fun j : Fin n => toRat (element (absolute (l.rows.mul n) l.weight) (i * n + j)) *
      toRat (element box.radius j)) = vecSum fun j => abs (l.weights n i j) * valueVec (frameVec box.radius n) j := by
    congr; funext j
    rw [element_absolute (count := l.rows.mul n) (index_lt i j), toRat_magnitude (weights i i.isLt j j.isLt)]
    rfl
  have middle : ofScaled (box.middle l i) = toRat (element box.product i) + l.biases i := by
    rw [Box.middle, addInt_eq, ofScaled_add, doubleAt_eq (products i i.isLt), doubleAt_eq (Order.finite_sound bias i i.isLt)]
    rfl
  have width : ofScaled (box.width i) =
      toRat (element box.spread i) + (toRat box.productEvidence.bound + toRat box.spreadEvidence.bound) := by
    rw [Box.width, addInt_eq, addInt_eq, ofScaled_add, ofScaled_add, doubleAt_eq (spreads i i.isLt), ofScaled_doubleAt_zero small.1 finite₁, ofScaled_doubleAt_zero small.2 finite₂]
    rfl
  have near' := near' i i.isLt
  rw [spread_eq] at near'
  have key := between (abs_dot_sub_le (w := l.weights n i) inside) (near i i.isLt) near' (l.biases i)
  rw [subInt_eq, addInt_eq, ofScaled_sub, ofScaled_add, middle, width]
  exact key

theorem isRectified_sound {low high centre radius : Int} (h : isRectified low high centre radius = true) {q : Rat}
    (above : ofScaled low ≤ q) (below : q ≤ ofScaled high) : abs (relu q - ofScaled centre) ≤ ofScaled radius := by
  simp only [isRectified, addInt_eq, subInt_eq, Bool.and_eq_true, Bool.or_eq_true, isNonneg_iff] at h
  obtain ⟨⟨nonneg, up⟩, down⟩ := h
  have nonneg : (0 : Rat) ≤ ofScaled centre + ofScaled radius := by rw [← ofScaled_add, ofScaled_nonneg]; exact nonneg
  have up : q ≤ ofScaled centre + ofScaled radius := by
    refine Rat.le_trans below ?_
    rw [← ofScaled_add, ofScaled_le]
    exact Int.sub_nonneg.1 up
  have down : ofScaled centre - ofScaled radius ≤ 0 ∨ ofScaled centre - ofScaled radius ≤ q := by
    refine down.imp (fun h => ?_) fun h => Rat.le_trans ?_ above
    · rw [← ofScaled_sub, ← ofScaled_zero, ofScaled_le]
      omega
    · rw [← ofScaled_sub, ofScaled_le]
      omega
  rw [abs_le_iff, relu]
  split <;> constructor <;> grind

/-- The bounds of the products' errors are doubles. -/
def Box.AreDoubles : List Box → Prop
  | [] => True
  | box :: boxes => (box.productEvidence.bound < 2 ^ 64 ∧ box.spreadEvidence.bound < 2 ^ 64) ∧ AreDoubles boxes

/-- Whatever the inputs in the first box are, every output lies between numbers that have been tested. -/
theorem checkLayers_sound {test : Nat → Int → Int → Bool} :
    ∀ {n : Nat} {l : Layer} {ls : List Layer} {box : Box} {boxes : List Box}, Box.AreDoubles (box :: boxes) →
      checkLayers test n l ls box boxes = true → ∀ x, box.contains n x → ∀ i : Fin (outputs l ls),
        ∃ low high : Int, test i low high = true ∧ ofScaled low ≤ (network n l ls).eval x i ∧
          (network n l ls).eval x i ≤ ofScaled high := by
  intro n l ls
  induction ls generalizing n l with
  | nil =>
    intro box boxes small h x inside i
    cases boxes with
    | nil =>
      rw [checkLayers, Bool.and_eq_true] at h
      exact sum_between h.1 h.2 small.1 inside i
    | cons => exact Bool.noConfusion h
  | cons l' ls ih =>
    intro box boxes small h x inside i
    cases boxes with
    | nil => exact Bool.noConfusion h
    | cons box' boxes =>
      rw [checkLayers, Bool.and_eq_true, Bool.and_eq_true] at h
      obtain ⟨⟨holds, leads⟩, rest⟩ := h
      simp only [Box.leadsTo, Bool.and_eq_true] at leads
      obtain ⟨⟨centre, radius⟩, tested⟩ := leads
      refine ih small.2 rest _ (fun j => ?_) i
      obtain ⟨low, high, rectified, above, below⟩ := sum_between holds tested small.1 inside j
      have := isRectified_sound rectified above below
      rwa [doubleAt_eq (Order.finite_sound centre j j.isLt), doubleAt_eq (Order.finite_sound radius j j.isLt)] at this

end LeanPythonBridge.Certificate.NetworkBounds
