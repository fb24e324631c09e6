module

public import LeanPythonBridge.Certificate.NetworkBounds
public import LeanPythonBridge.Certificate.RowCombinations

/-!
# Linear relaxations of networks

A functional of the outputs is followed back through the layers. Multipliers `λ` of a layer's sums `z` are any doubles:
what the rectifiers give, with the coefficients `a` that come from the next layer, is `a · max(0, z) ≥ λ · z - τ`, where `τ`
is found at the ends of the interval that the layer's box has for `z`, and at zero (`slack`). So a lower bound of `λ · z`
becomes one of the next layer's, and in the end one of the functional (`chain`). Good multipliers make it much better
than the boxes alone; no multipliers make it wrong.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.NetworkBounds

open Float64

/-- The multipliers of a layer's sums, a row for each functional, and their product with the layer's weights. -/
structure Relaxation where
  /-- The multipliers. -/
  multipliers : Nat
  /-- The multipliers times the weights, computed. -/
  product : Nat
  /-- How far the product may be from the exact one. -/
  evidence : Product.Evidence

/-! ## The test -/

/-- The test of the product of multipliers of `p` functionals and the weights of a layer of `n` inputs. -/
def Relaxation.holds (x : Relaxation) (p n : Nat) (l : Layer) : Bool :=
  Product.checkProduct x.evidence.layout p l.rows n x.multipliers l.weight x.product x.evidence.bound

/-- The smaller of two integers. -/
def least (a b : Int) : Int := if isNonneg (subInt b a) then a else b

/-- The greater of two integers. -/
def greatest (a b : Int) : Int := if isNonneg (subInt b a) then b else a

/-- The least that `a v` can be, for `v` between `low` and `high`. -/
def leastProduct (a low high : Int) : Int :=
  match a with
  | .ofNat a => mulInt (.ofNat a) low
  | .negSucc a => mulInt (.negSucc a) high

/-- The greatest absolute value of what lies between `low` and `high`. -/
def size (low high : Int) : Int := greatest (greatest low (negInt low)) (greatest high (negInt high))

/-- A number that `λ z - a max(0, z)` does not exceed, for `a` within `error` of `c`, and `z` between `low` and `high`. -/
def slack (multiplier c error low high : Int) : Int :=
  withInt (addInt (subInt multiplier c) error) fun d =>
    greatest (greatest (mulInt multiplier (least low 0)) (mulInt multiplier (least high 0)))
      (greatest (mulInt d (greatest low 0)) (mulInt d (greatest high 0)))

/-- The entry of a product in units of `2^(-1074)`. -/
def Relaxation.coefficient (x : Relaxation) (n r j : Nat) : Int := doubleAt x.product (Nat.add (Nat.mul r n) j)

/-- The multiplier of a sum in units of `2^(-1074)`. -/
def Relaxation.multiplier (x : Relaxation) (l : Layer) (r i : Nat) : Int :=
  doubleAt x.multipliers (Nat.add (Nat.mul r l.rows) i)

/-- The multipliers times the biases, in units of `2^(-2148)`. -/
def Relaxation.biases (x : Relaxation) (l : Layer) (r : Nat) : Int :=
  sumInt (fun i => mulInt (x.multiplier l r i) (doubleAt l.bias i)) l.rows

/-- What the first layer's functional is at least, in units of `2^(-2148)`. -/
def Relaxation.first (x : Relaxation) (n : Nat) (l : Layer) (low high : Nat → Int) (r : Nat) : Int :=
  addInt (subInt (sumInt (fun j => leastProduct (x.coefficient n r j) (low j) (high j)) n)
    (mulInt (doubleAt x.evidence.bound 0) (sumInt (fun j => size (low j) (high j)) n))) (x.biases l r)

/-- What is lost from one layer's functional to the next one's, in units of `2^(-2148)`. -/
def loss (l : Layer) (box : Box) (x next : Relaxation) (r : Nat) : Int :=
  sumInt (fun i => withInt (box.middle l i) fun middle => withInt (box.width i) fun width =>
    slack (x.multiplier l r i) (next.coefficient l.rows r i) (doubleAt next.evidence.bound 0) (subInt middle width)
      (addInt middle width)) l.rows

/-- What the functionals of the layers behind the first add, in units of `2^(-2148)`. -/
def chain (r : Nat) : Layer → List Layer → Box → List Box → Relaxation → List Relaxation → Int
  | l, l' :: ls, box, box' :: boxes, x, x' :: xs =>
    addInt (subInt (x'.biases l' r) (loss l box x x' r)) (chain r l' ls box' boxes x' xs)
  | _, _, _, _, _, _ => 0

/-- The multipliers of the last layer. -/
def lastMultipliers : Relaxation → List Relaxation → Nat
  | x, [] => x.multipliers
  | _, x :: xs => lastMultipliers x xs

/-- The test of all products. -/
def allHold (p : Nat) : (n : Nat) → Layer → List Layer → Relaxation → List Relaxation → Bool
  | n, l, [], x, [] => x.holds p n l
  | n, l, l' :: ls, x, x' :: xs => x.holds p n l && allHold p l.rows l' ls x' xs
  | _, _, _, _, _ => false

/-! ## Integers -/

private theorem least_le {a b : Int} : least a b ≤ a ∧ least a b ≤ b := by
  simp only [least, subInt_eq, isNonneg_iff]
  split <;> omega

private theorem le_greatest {a b : Int} : a ≤ greatest a b ∧ b ≤ greatest a b := by
  simp only [greatest, subInt_eq, isNonneg_iff]
  split <;> omega

private theorem least_cases (a b : Int) : least a b = a ∧ a ≤ b ∨ least a b = b ∧ b ≤ a := by
  simp only [least, subInt_eq, isNonneg_iff]
  split <;> omega

private theorem greatest_cases (a b : Int) : greatest a b = a ∧ b ≤ a ∨ greatest a b = b ∧ a ≤ b := by
  simp only [greatest, subInt_eq, isNonneg_iff]
  split <;> omega

/-! ## What they say of rational numbers -/

/-- A number between two others is between their multiples. -/
private theorem mul_between {c low high z : Rat} (h₁ : low ≤ z) (h₂ : z ≤ high) :
    (c * low ≤ c * z ∨ c * high ≤ c * z) ∧ (c * z ≤ c * low ∨ c * z ≤ c * high) := by
  by_cases h : 0 ≤ c
  · exact ⟨.inl (Rat.mul_le_mul_of_nonneg_left h₁ h), .inr (Rat.mul_le_mul_of_nonneg_left h₂ h)⟩
  · have h : 0 ≤ -c := by grind
    have a := Rat.mul_le_mul_of_nonneg_left h₁ h
    have b := Rat.mul_le_mul_of_nonneg_left h₂ h
    exact ⟨.inr (by grind), .inl (by grind)⟩

private theorem ofScaled_product (a b : Int) : ofScaledSquare (mulInt a b) = ofScaled a * ofScaled b := by
  rw [mulInt_eq, ofScaled_mul_ofScaled]

private theorem square_sub (a b : Int) : ofScaledSquare (subInt a b) = ofScaledSquare a - ofScaledSquare b := by
  rw [subInt_eq, ofScaledSquare_sub]

private theorem square_add (a b : Int) : ofScaledSquare (addInt a b) = ofScaledSquare a + ofScaledSquare b := by
  rw [addInt_eq, ofScaledSquare_add]

private theorem least_square (a b : Int) : ofScaledSquare (least a b) ≤ ofScaledSquare a ∧
    ofScaledSquare (least a b) ≤ ofScaledSquare b := ⟨ofScaledSquare_le.2 least_le.1, ofScaledSquare_le.2 least_le.2⟩

private theorem greatest_square (a b : Int) : ofScaledSquare a ≤ ofScaledSquare (greatest a b) ∧
    ofScaledSquare b ≤ ofScaledSquare (greatest a b) := ⟨ofScaledSquare_le.2 le_greatest.1, ofScaledSquare_le.2 le_greatest.2⟩

theorem leastProduct_le {a error low high : Int} {g v : Rat} (near : abs (ofScaled a - g) ≤ ofScaled error)
    (above : ofScaled low ≤ v) (below : v ≤ ofScaled high) :
    ofScaledSquare (leastProduct a low high) - ofScaled error * ofScaled (size low high) ≤ g * v := by
  have end_le : ofScaledSquare (leastProduct a low high) ≤ ofScaled a * v := by
    unfold leastProduct
    split <;> rw [ofScaled_product]
    · exact Rat.mul_le_mul_of_nonneg_left above (ofScaled_nonneg.2 (Int.natCast_nonneg _))
    · rename_i k
      have h := Rat.mul_le_mul_of_nonneg_left below
        (ofScaled_nonneg.2 (show 0 ≤ -Int.negSucc k by omega))
      rw [ofScaled_neg] at h
      grind
  have size_le : abs v ≤ ofScaled (size low high) := by
    have h₁ := ofScaled_le.2 (le_greatest (a := greatest low (negInt low)) (b := greatest high (negInt high))).1
    have h₂ := ofScaled_le.2 (le_greatest (a := greatest low (negInt low)) (b := greatest high (negInt high))).2
    have h₃ := ofScaled_le.2 (le_greatest (a := low) (b := negInt low)).2
    have h₄ := ofScaled_le.2 (le_greatest (a := high) (b := negInt high)).1
    have e : ofScaled (negInt low) = -ofScaled low := by rw [negInt_eq, ofScaled_neg]
    rw [abs_le_iff, size]
    constructor <;> grind
  have product : abs ((ofScaled a - g) * v) ≤ ofScaled error * ofScaled (size low high) := by
    rw [abs_mul]
    exact Rat.le_trans (Rat.mul_le_mul_of_nonneg_right near (abs_nonneg v))
      (Rat.mul_le_mul_of_nonneg_left size_le (Rat.le_trans (abs_nonneg _) near))
  have product := (abs_le_iff.1 product).2
  grind

theorem le_slack {multiplier c error low high : Int} {a z : Rat} (near : abs (ofScaled c - a) ≤ ofScaled error)
    (above : ofScaled low ≤ z) (below : z ≤ ofScaled high) :
    ofScaled multiplier * z - a * relu z ≤ ofScaledSquare (slack multiplier c error low high) := by
  rw [slack, withInt_eq]
  have near := (abs_le_iff.1 near)
  have hd : ofScaled (addInt (subInt multiplier c) error) = ofScaled multiplier - ofScaled c + ofScaled error := by
    rw [addInt_eq, subInt_eq, ofScaled_add, ofScaled_sub]
  generalize hd' : addInt (subInt multiplier c) error = d at *
  have g := greatest_square (greatest (mulInt multiplier (least low 0)) (mulInt multiplier (least high 0)))
    (greatest (mulInt d (greatest low 0)) (mulInt d (greatest high 0)))
  have g₁ := greatest_square (mulInt multiplier (least low 0)) (mulInt multiplier (least high 0))
  have g₂ := greatest_square (mulInt d (greatest low 0)) (mulInt d (greatest high 0))
  simp only [ofScaled_product] at g₁ g₂
  by_cases sign : 0 ≤ z
  · have lo : ofScaled (greatest low 0) ≤ z := by
      rcases greatest_cases low 0 with ⟨e, -⟩ | ⟨e, -⟩ <;> rw [e]
      · exact above
      · rw [ofScaled_zero]; exact sign
    have hi : z ≤ ofScaled (greatest high 0) :=
      Rat.le_trans below (ofScaled_le.2 (le_greatest (a := high) (b := 0)).1)
    have ends := (mul_between (c := ofScaled d) lo hi).2
    have gap : 0 ≤ (ofScaled d - (ofScaled multiplier - a)) * z := Rat.mul_nonneg (by grind) sign
    rw [relu, if_pos sign]
    rcases ends with h | h <;> grind
  · have lo : ofScaled (least low 0) ≤ z := Rat.le_trans (ofScaled_le.2 (least_le (a := low) (b := 0)).1) above
    have hi : z ≤ ofScaled (least high 0) := by
      rcases least_cases high 0 with ⟨e, -⟩ | ⟨e, -⟩ <;> rw [e]
      · exact below
      · rw [ofScaled_zero]; grind
    have ends := (mul_between (c := ofScaled multiplier) lo hi).2
    rw [relu, if_neg sign]
    rcases ends with h | h <;> grind

/-! ## Layers -/

variable {p n r : Nat} {l : Layer} {box : Box} {x : Relaxation}

/-- The multipliers of a functional. -/
def Relaxation.row (x : Relaxation) (rows r : Nat) : Vec rows Rat := fun i => toRat (element x.multipliers (r * rows + i))

/-- The bounds of the products' errors are doubles. -/
def Relaxation.AreDoubles : List Relaxation → Prop
  | [] => True
  | x :: xs => x.evidence.bound < 2 ^ 64 ∧ AreDoubles xs

private theorem holds_sound (h : x.holds p n l = true) (small : x.evidence.bound < 2 ^ 64) (hr : r < p) :
    (∀ i : Fin l.rows, ofScaled (x.multiplier l r i) = x.row l.rows r i) ∧
      ∀ j : Fin n, abs (ofScaled (x.coefficient n r j) - (l.weights n).transpose.mulVec (x.row l.rows r) j) ≤
        ofScaled (doubleAt x.evidence.bound 0) := by
  have h := Product.checkProduct_sound h
  refine ⟨fun i => ?_, fun j => ?_⟩
  · show ofScaled (doubleAt x.multipliers (r * l.rows + i)) = _
    rw [doubleAt_eq (h.left_finite r hr i i.isLt)]
    rfl
  · rw [ofScaled_doubleAt_zero small h.bound_finite]
    show abs (ofScaled (doubleAt x.product (r * n + j)) - _) ≤ _
    rw [doubleAt_eq (h.product_finite r hr j j.isLt)]
    have near := h.near r hr j j.isLt
    have exact : (vecSum fun i : Fin l.rows => toRat (element x.multipliers (r * l.rows + i)) *
        toRat (element (Product.transposed l.rows n l.weight) (j * l.rows + i))) =
          (l.weights n).transpose.mulVec (x.row l.rows r) j := by
      show _ = vecSum fun i => l.weights n i j * x.row l.rows r i
      congr; funext i
      rw [Product.element_transposed i.isLt j.isLt, Rat.mul_comm]
      rfl
    rw [exact] at near
    exact near

private theorem biases_eq (h : x.holds p n l = true) (small : x.evidence.bound < 2 ^ 64) (hr : r < p)
    (bias : Order.finite l.rows l.bias = true) : ofScaledSquare (x.biases l r) = dot (x.row l.rows r) l.biases := by
  rw [Relaxation.biases, ← vecSum_sumInt, dot]
  congr; funext i
  rw [ofScaled_product, (holds_sound h small hr).1 i, doubleAt_eq (Order.finite_sound bias i i.isLt)]
  rfl

/-- A functional of sums is one of what they are made of. -/
private theorem functional_affine {m n : Nat} (W : Matrix m n Rat) (b : Vec m Rat) (row : Vec m Rat) (v : Vec n Rat) :
    dot row (affine W b v) = dot (W.transpose.mulVec row) v + dot row b := by
  rw [← dot_mulVec, dot, dot, dot, ← vecSum_add]
  congr; funext i
  show row i * (W.mulVec v i + b i) = _
  grind

/-- What the first layer's functional is at least. -/
theorem first_sound {low high : Nat → Int} {v : Vec n Rat} (h : x.holds p n l = true) (small : x.evidence.bound < 2 ^ 64)
    (hr : r < p) (bias : Order.finite l.rows l.bias = true)
    (inputs : ∀ j : Fin n, ofScaled (low j) ≤ v j ∧ v j ≤ ofScaled (high j)) :
    ofScaledSquare (x.first n l low high r) ≤ dot (x.row l.rows r) (affine (l.weights n) l.biases v) := by
  rw [functional_affine, Relaxation.first, square_add, square_sub, ofScaled_product, biases_eq h small hr bias, ← vecSum_sumInt,
    sumInt_eq (fun j => size (low j) (high j)), ← vecSum_ofScaled, ← vecSum_mul_left, ← vecSum_sub]
  refine Rat.add_le_add_right.2 (vecSum_mono fun j => ?_)
  exact leastProduct_le ((holds_sound h small hr).2 j) (inputs j).1 (inputs j).2

/-- The sums of a layer lie in the intervals of its box. -/
private theorem sums_between (h : box.holds n l = true) (small : Box.AreDoubles [box])
    {v : Vec n Rat} (inside : box.contains n v) (i : Fin l.rows) :
    ofScaled (subInt (box.middle l i) (box.width i)) ≤ affine (l.weights n) l.biases v i ∧
      affine (l.weights n) l.biases v i ≤ ofScaled (addInt (box.middle l i) (box.width i)) := by
  have all : box.allBetween l (fun i a b => decide (a = subInt (box.middle l i) (box.width i)) &&
      decide (b = addInt (box.middle l i) (box.width i))) = true := by
    simp only [Box.allBetween, allBelow_iff, withInt_eq, decide_true, Bool.and_self, implies_true]
  obtain ⟨low, high, tested, above, below⟩ := checkLayers_sound (ls := []) (boxes := []) small
    (by rw [checkLayers, h, all]; rfl) v inside i
  simp only [Bool.and_eq_true, decide_eq_true_eq] at tested
  rw [tested.1] at above
  rw [tested.2] at below
  exact ⟨above, below⟩

private theorem loss_sound {l' : Layer} {next : Relaxation} (h : x.holds p n l = true)
    (small : x.evidence.bound < 2 ^ 64) (h' : next.holds p l.rows l' = true) (small' : next.evidence.bound < 2 ^ 64)
    (hr : r < p) {z : Vec l.rows Rat} (between : ∀ i : Fin l.rows, ofScaled (subInt (box.middle l i) (box.width i)) ≤ z i ∧
      z i ≤ ofScaled (addInt (box.middle l i) (box.width i))) :
    dot (x.row l.rows r) z - ofScaledSquare (loss l box x next r) ≤
      dot ((l'.weights l.rows).transpose.mulVec (next.row l'.rows r)) fun i => relu (z i) := by
  rw [loss, ← vecSum_sumInt, dot, dot, ← vecSum_sub]
  refine vecSum_mono fun i => ?_
  rw [withInt_eq, withInt_eq, ← (holds_sound h small hr).1 i]
  have := le_slack (multiplier := x.multiplier l r i) ((holds_sound h' small' hr).2 i) (between i).1 (between i).2
  grind

/-- What the functionals of the outputs are at least. -/
theorem chain_sound {test : Nat → Int → Int → Bool} :
    ∀ {n : Nat} {l : Layer} {ls : List Layer} {box : Box} {boxes : List Box} {x : Relaxation} {xs : List Relaxation},
      Box.AreDoubles (box :: boxes) → Relaxation.AreDoubles (x :: xs) → checkLayers test n l ls box boxes = true →
        allHold p n l ls x xs = true → ∀ v, box.contains n v → r < p → ∀ B : Int,
          ofScaledSquare B ≤ dot (x.row l.rows r) (affine (l.weights n) l.biases v) →
            ofScaledSquare (B + chain r l ls box boxes x xs) ≤
              dot (fun i : Fin (outputs l ls) => toRat (element (lastMultipliers x xs) (r * outputs l ls + i)))
                ((network n l ls).eval v) := by
  intro n l ls
  induction ls generalizing n l with
  | nil =>
    intro box boxes x xs small small' h held v inside hr B hB
    cases xs with
    | nil =>
      have e : chain r l [] box boxes x [] = 0 := by unfold chain; rfl
      rw [e, Int.add_zero]
      exact hB
    | cons => exact Bool.noConfusion held
  | cons l' ls ih =>
    intro box boxes x xs small small' h held v inside hr B hB
    cases boxes with
    | nil => exact Bool.noConfusion h
    | cons box' boxes =>
      cases xs with
      | nil => exact Bool.noConfusion held
      | cons x' xs =>
        rw [checkLayers, Bool.and_eq_true, Bool.and_eq_true] at h
        rw [allHold, Bool.and_eq_true] at held
        obtain ⟨⟨holds, leads⟩, rest⟩ := h
        have held' : x'.holds p l.rows l' = true := by
          cases ls <;> cases xs <;> simp only [allHold, Bool.and_eq_true, Bool.false_eq_true] at held
          · exact held.2
          · exact absurd held.2 (by decide)
          · exact absurd held.2 (by decide)
          · exact held.2.1
        have between := fun i => sums_between holds ⟨small.1, trivial⟩ inside i
        have contained : box'.contains l.rows fun j => relu (affine (l.weights n) l.biases v j) := by
          simp only [Box.leadsTo, Bool.and_eq_true] at leads
          obtain ⟨⟨centre, radius⟩, tested⟩ := leads
          simp only [Box.allBetween, allBelow_iff, withInt_eq] at tested
          intro j
          have := isRectified_sound (tested j j.isLt) (between j).1 (between j).2
          rwa [doubleAt_eq (Order.finite_sound centre j j.isLt), doubleAt_eq (Order.finite_sound radius j j.isLt)] at this
        have bias : Order.finite l'.rows l'.bias = true := by
          cases ls <;> cases boxes <;> simp only [checkLayers, Box.holds, Bool.and_eq_true, Bool.false_eq_true] at rest
          · exact rest.1.1.1
          · exact rest.1.1.1.1
        have lost := loss_sound (box := box) held.1 small'.1 held' small'.2.1 hr between
        have next : ofScaledSquare (B + (subInt (x'.biases l' r) (loss l box x x' r))) ≤
            dot (x'.row l'.rows r) (affine (l'.weights l.rows) l'.biases fun j => relu (affine (l.weights n) l.biases v j)) := by
          rw [functional_affine, ofScaledSquare_add, square_sub, biases_eq held' small'.2.1 hr bias]
          grind
        have := ih small.2 small'.2 rest held.2 _ contained hr _ next
        rwa [Int.add_assoc, ← addInt_eq (subInt _ _)] at this

end LeanPythonBridge.Certificate.NetworkBounds
