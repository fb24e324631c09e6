module

public import LeanPythonBridge.Certificate.ProductSoundness

/-!
# What the test of a product says of the rational values

`check_near`: every computed entry is within the bound of the exact dot product. The sums of blocks become sums over
columns here, and integers become values.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.Product

open Float64

/-! ## Sums of blocks -/

private theorem integerSum_blocks (a b : Nat) (f : Nat → Int) :
    integerSum (a * b) f = integerSum b fun k => integerSum a fun q => f (a * k + q) := by
  induction b with
  | zero => rfl
  | succ b ih => rw [Nat.mul_succ, integerSum_append, ih, integerSum]

variable {layout : Layout} {blocks m n left right product bound : Nat}

/-- The place of an element of a block in its row. -/
private theorem rowElement_block {x i b c : Nat} (hc : c < layout.block) :
    rowElement layout.block x (i * blocks + b) c = element x (i * (layout.block * blocks) + (layout.block * b + c)) := by
  rw [rowElement, if_pos hc, Nat.add_mul, Nat.mul_assoc, Nat.mul_comm blocks, Nat.mul_comm b, Nat.add_assoc]

/-- An index of a row lies in its frame. -/
private theorem blockIndex_lt {rows i l : Nat} (hi : i < rows) (hl : l < layout.block * blocks) :
    i * (layout.block * blocks) + l < rows * blocks * layout.block := by
  have := Nat.mul_le_mul_right (layout.block * blocks) (Nat.succ_le_of_lt hi)
  rw [Nat.succ_mul] at this
  rw [Nat.mul_assoc, Nat.mul_comm blocks]
  omega

private theorem decode_element {r : Range} {rows x i l : Nat} (bits : r.bits < layout.width)
    (h : r.checkFrame (rows * blocks * layout.block) x = true) (hi : i < rows) (hl : l < layout.block * blocks) :
    decode r layout.width (element x (i * (layout.block * blocks) + l)) * 2 ^ r.low =
      scaled (element x (i * (layout.block * blocks) + l)) := by
  obtain ⟨hr, holds⟩ := Range.checkFrame_holds h
  exact decode_mul bits hr (holds _ (blockIndex_lt hi hl)) (element_lt ..)

/-- A product in the sum of an entry. -/
private def term (layout : Layout) (blocks left right i j l : Nat) : Int :=
  decode layout.left layout.width (element left (i * (layout.block * blocks) + l)) *
    decode layout.right layout.width (element right (j * (layout.block * blocks) + l))

/-- The exact entry as a sum over the columns, of which those behind `count` are zero. -/
private theorem exactEntry_eq (fits : Fits layout)
    (hA : layout.left.checkFrame (m * blocks * layout.block) left = true)
    (hB : layout.right.checkFrame (n * blocks * layout.block) right = true) {i j count : Nat} (hi : i < m) (hj : j < n)
    (le : count ≤ layout.block * blocks)
    (zero : ∀ l, count ≤ l → l < layout.block * blocks → element left (i * (layout.block * blocks) + l) = 0) :
    exactEntry layout blocks left right i j * 2 ^ (layout.left.low + layout.right.low) =
      integerSum count fun l => scaled (element left (i * (layout.block * blocks) + l)) *
        scaled (element right (j * (layout.block * blocks) + l)) := by
  have hr := (Range.checkFrame_holds hA).1
  have block : ∀ b, blockProduct layout left right (i * blocks + b) (j * blocks + b) =
      integerSum layout.block fun c => term layout blocks left right i j (layout.block * b + c) := by
    intro b
    have more : layout.block ≤ layout.lanes := le_laneCount fits.words layout.block
    rw [blockProduct, integerSum_of_zero more fun c hc _ => by
      rw [entry, rowElement, if_neg (by omega), decode_zero fits.left hr, Int.zero_mul]]
    refine integerSum_congr fun c hc => ?_
    rw [entry, entry, rowElement_block hc, rowElement_block hc, term]
  rw [exactEntry, integerSum_congr fun b _ => block b, ← integerSum_blocks, integerSum_of_zero le fun l hl lt => by
    rw [term, zero l hl lt, decode_zero fits.left hr, Int.zero_mul], ← integerSum_mul]
  refine integerSum_congr fun l hl => ?_
  rw [term, ← decode_element fits.left hA hi (by omega), ← decode_element fits.right hB hj (by omega), Int.pow_add]
  grind

/-- The exact entry is the dot product of the rows' values. -/
theorem vecSum_eq (fits : Fits layout) (hA : layout.left.checkFrame (m * blocks * layout.block) left = true)
    (hB : layout.right.checkFrame (n * blocks * layout.block) right = true) {i j count : Nat} (hi : i < m) (hj : j < n)
    (le : count ≤ layout.block * blocks)
    (zero : ∀ l, count ≤ l → l < layout.block * blocks → element left (i * (layout.block * blocks) + l) = 0) :
    (vecSum fun l : Fin count => toRat (element left (i * (layout.block * blocks) + l)) *
      toRat (element right (j * (layout.block * blocks) + l))) =
        ofScaledSquare (exactEntry layout blocks left right i j * 2 ^ (layout.left.low + layout.right.low)) := by
  rw [exactEntry_eq fits hA hB hi hj le zero, integerSum_eq_vecSum, ← vecSum_ofScaledSquare]
  congr; funext l
  rw [toRat_eq_ofScaled, toRat_eq_ofScaled, ofScaled_mul_ofScaled]

/-- The parts of the test. -/
private theorem parts_of_check (h : check layout blocks m n left right product bound = true) :
    bound < infinity ∧ Fits layout ∧ layout.left.checkFrame (m * blocks * layout.block) left = true ∧
      layout.right.checkFrame (n * blocks * layout.block) right = true ∧
      layout.product.checkFrame (m * n) product = true ∧ near layout blocks m n left right product bound = true := by
  simp only [check, Bool.and_eq_true] at h
  obtain ⟨⟨⟨⟨⟨finite, fits⟩, hA⟩, hB⟩, hC⟩, near⟩ := h
  exact ⟨Nat.le_of_ble_eq_true finite, .of_check fits, hA, hB, hC, near⟩

/-! ## What is certified -/

/-- The bound is finite. -/
theorem bound_finite (h : check layout blocks m n left right product bound = true) : isFinite bound = true := by
  have lt := (parts_of_check h).1
  simp only [isFinite, decide_eq_true_eq]
  exact Nat.lt_of_le_of_lt (Nat.mod_le ..) lt

/-- The left matrix is finite. -/
theorem left_finite (h : check layout blocks m n left right product bound = true) {i l : Nat} (hi : i < m)
    (hl : l < layout.block * blocks) : isFinite (element left (i * (layout.block * blocks) + l)) = true := by
  obtain ⟨hr, holds⟩ := Range.checkFrame_holds (parts_of_check h).2.2.1
  exact Range.isFinite_of_holds hr (holds _ (blockIndex_lt hi hl))

/-- The right matrix is finite. -/
theorem right_finite (h : check layout blocks m n left right product bound = true) {j l : Nat} (hj : j < n)
    (hl : l < layout.block * blocks) : isFinite (element right (j * (layout.block * blocks) + l)) = true := by
  obtain ⟨hr, holds⟩ := Range.checkFrame_holds (parts_of_check h).2.2.2.1
  exact Range.isFinite_of_holds hr (holds _ (blockIndex_lt hj hl))

/-- The computed product is finite. -/
theorem product_finite (h : check layout blocks m n left right product bound = true) {i j : Nat} (hi : i < m)
    (hj : j < n) : isFinite (element product (i * n + j)) = true := by
  obtain ⟨hr, holds⟩ := Range.checkFrame_holds (parts_of_check h).2.2.2.2.1
  refine Range.isFinite_of_holds hr (holds _ ?_)
  have := Nat.mul_le_mul_right n (Nat.succ_le_of_lt hi)
  rw [Nat.succ_mul] at this
  omega

/-- A computed entry is as near to the exact one as their integers say. -/
theorem value_near {bits : Nat} {computed exact : Int} {value : Rat} (lt : bound < infinity)
    (hc : scaled bits = computed * 2 ^ layout.product.low)
    (he : value = ofScaledSquare (exact * 2 ^ (layout.left.low + layout.right.low)))
    (small : (computed * 2 ^ layout.entryShift - exact * 2 ^ layout.productShift).natAbs * 2 ^ layout.low ≤
      scaledMagnitude bound * scale) : abs (toRat bits - value) ≤ toRat bound := by
  obtain ⟨e₁, e₂⟩ : layout.product.low + 1074 = layout.entryShift + layout.low ∧
      layout.left.low + layout.right.low = layout.productShift + layout.low := by
    have r : layout.entryShift = layout.product.low + 1074 - (layout.left.low + layout.right.low) := rfl
    have p : layout.productShift = layout.left.low + layout.right.low - (layout.product.low + 1074) := rfl
    have l : layout.low = layout.product.low + 1074 - layout.entryShift := rfl
    omega
  obtain ⟨s, hs, unit⟩ := exists_scale_eq_two_pow
  rw [he, e₂, Int.pow_add, ← Int.mul_assoc, toRat_eq_ofScaled, toRat_eq_ofScaled, scaled_of_lt lt,
    ← ofScaledSquare_mul_scale, ← ofScaledSquare_sub, hc, unit, Int.mul_assoc computed, ← Int.pow_add, hs, e₁,
    Int.pow_add, ← Int.mul_assoc computed, ← Int.sub_mul, abs_ofScaledSquare, ← ofScaledSquare_mul_scale,
    ofScaledSquare_le, abs_eq_natAbs, natAbs_mul_two_pow, ← Int.natCast_mul, Int.ofNat_le]
  exact small

/-- Every computed entry is within the bound of the exact one. -/
theorem check_near (h : check layout blocks m n left right product bound = true) {i j count : Nat} (hi : i < m)
    (hj : j < n) (le : count ≤ layout.block * blocks)
    (zero : ∀ l, count ≤ l → l < layout.block * blocks → element left (i * (layout.block * blocks) + l) = 0) :
    abs (toRat (element product (i * n + j)) - vecSum fun l : Fin count =>
      toRat (element left (i * (layout.block * blocks) + l)) * toRat (element right (j * (layout.block * blocks) + l))) ≤
        toRat bound := by
  obtain ⟨lt, fits, hA, hB, hC, small⟩ := parts_of_check h
  simp only [near, allBelow_iff] at small
  have small := Nat.le_of_ble_eq_true (small i hi j hj)
  have small : gap layout blocks n left right product i j <<< layout.low ≤ scaledMagnitude bound <<< 1074 := small
  rw [gap_eq fits hA hB hC hi hj, Nat.shiftLeft_eq, shiftLeft_scale] at small
  refine value_near lt ?_ ?_ small
  · have holds := rowElement_holds (j := j) hC hi
    rw [computedEntry, decode_mul fits.product (Range.checkFrame_holds hC).1 holds.1 holds.2, rowElement, if_pos hj]
  · rw [vecSum_eq fits hA hB hi hj le zero]

end LeanPythonBridge.Certificate.Product
