module

public import LeanPythonBridge.Certificate.Product

/-!
# What the test of a product proves

The integers that `Product.check` compares are the exact entries (`gap_eq`); `near_sound` says it of the rational
values.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.Product

open Float64

/-! ## Columns -/

private theorem pack_cons (w n : Nat) (f : Nat → Nat) :
    pack w (n + 1) f = f 0 + pack w n (fun i => f (i + 1)) * 2 ^ w := by
  rw [Nat.add_comm n, pack_append]
  simp [pack, Nat.add_comm 1]

private theorem lane_eq_element (x i : Nat) : lane 64 x i = element x i := cut_eq 64 x i

private theorem columnWords_tabulate (row : Nat → Nat) (j count start : Nat) :
    columnWords (tabulate row count start) j = pack 64 count fun r => element (row (start + r)) j := by
  induction count generalizing start with
  | zero => rfl
  | succ count ih =>
    show cutRow 64 (row start) j + columnWords (tabulate row count (start + 1)) j <<< 64 = _
    rw [ih, pack_cons, cutRow_eq, cut_eq, Nat.shiftLeft_eq]
    simp only [Nat.add_assoc, Nat.add_comm 1, Nat.add_zero]
    rfl

private theorem stack_tabulate (f : Nat → Nat) (w count start : Nat) :
    stack w (tabulate f count start) = pack w count fun j => f (start + j) := by
  induction count generalizing start with
  | zero => rfl
  | succ count ih =>
    show f start + stack w (tabulate f count (start + 1)) * 2 ^ w = _
    rw [ih, pack_cons]
    simp only [Nat.add_assoc, Nat.add_comm 1, Nat.add_zero]

private theorem transposed_eq (k n x : Nat) :
    transposed k n x = pack (64 * k) n fun j => pack 64 k fun r => element (cutRow (64 * n) x r) j := by
  refine (joinAll_eq ..).trans ((stack_tabulate ..).trans (pack_congr fun j _ => ?_))
  rw [columnWords_tabulate]
  simp only [Nat.zero_add]
  rfl

/-- The transpose has the entries of the matrix. -/
theorem element_transposed {k n x r j : Nat} (hr : r < k) (hj : j < n) :
    element (transposed k n x) (j * k + r) = element x (r * n + j) := by
  have words : ∀ j, ∀ r < k, element (cutRow (64 * n) x r) j < 2 ^ 64 := fun _ _ _ => element_lt ..
  have row := element_cutRow k (transposed k n x) j r
  rw [if_pos hr, cutRow_eq] at row
  rw [← row, transposed_eq]
  show element (lane (64 * k) _ j) r = _
  rw [lane_pack (fun j _ => pack_lt (words j)) hj, ← lane_eq_element, lane_pack (words j) hr, element_cutRow, if_pos hj]

/-! ## Integers -/

/-- No lane overflows: what the test of the layout finds. -/
structure Fits (layout : Layout) : Prop where
  /-- A lane has words. -/
  words : 0 < layout.words
  /-- The integers of the left matrix fit. -/
  left : layout.left.bits < layout.width
  /-- The integers of the right matrix fit. -/
  right : layout.right.bits < layout.width
  /-- The integers of the computed product fit. -/
  product : layout.product.bits < layout.width
  /-- A dot product fits. -/
  room : (layout.lanes + 1) * (2 ^ (layout.left.bits + 1) * 2 ^ (layout.right.bits + 1)) ≤ 2 ^ (layout.width - 1)

theorem Fits.of_check {layout : Layout} (h : layout.check = true) : Fits layout := by
  simp only [Layout.check, Bool.and_eq_true, Nat.ble_eq] at h
  obtain ⟨⟨⟨⟨⟨⟨-, words⟩, -⟩, left⟩, right⟩, product⟩, room⟩ := h
  have room : (layout.lanes + 1) * (1 <<< (layout.left.bits + 1) * 1 <<< (layout.right.bits + 1)) ≤
    1 <<< (layout.width - 1) := room
  simp only [Nat.one_shiftLeft] at room
  exact ⟨words, left, right, product, room⟩

theorem sumBelow_eq (f : Nat → Nat) (count : Nat) : sumBelow f count = total count f := by
  induction count with
  | zero => rfl
  | succ count ih => rw [total, ← ih]; rfl

/-- The integer of a double in a block. -/
def entry (layout : Layout) (r : Range) (x t c : Nat) : Int :=
  decode r layout.width (rowElement layout.block x t c)

/-- What stands in its lane. -/
private def entryCode (layout : Layout) (r : Range) (x t c : Nat) : Nat :=
  code r layout.width (rowElement layout.block x t c)

/-- A sum of small numbers in lanes is small. -/
private theorem total_lt {count a b w : Nat} {f : Nat → Nat} (hf : ∀ l < count, f l ≤ a) (hb : 1 ≤ b)
    (room : (count + 1) * (a * b) ≤ 2 ^ (w - 1)) (pos : 1 ≤ a) (hw : 0 < w) : total count f < 2 ^ w - 1 := by
  have le := total_le hf
  have ab : a ≤ a * b := Nat.le_mul_of_pos_right _ hb
  have := Nat.mul_le_mul_left (count + 1) ab
  rw [Nat.succ_mul count a] at this
  have e : 2 ^ w = 2 * 2 ^ (w - 1) := by rw [← Nat.pow_succ', show (w - 1).succ = w by omega]
  omega

/-- Sums of blocks, with what the offsets add to each. -/
private theorem total_offsets {count : Nat} {d x y : Nat → Nat} {z : Nat → Int} {a b c : Nat}
    (h : ∀ k < count, ((d k + c : Nat) : Int) = z k + (a * y k + b * x k : Nat)) :
    ((total count d + count * c : Nat) : Int) =
      integerSum count z + (a * total count y + b * total count x : Nat) := by
  induction count with
  | zero => simp [total, integerSum]
  | succ count ih =>
    have := ih fun k hk => h k (by omega)
    have := h count (by omega)
    simp only [total, integerSum, Nat.succ_mul, Nat.mul_add]
    omega

variable {layout : Layout} {blocks m n left right product : Nat}

private theorem block_lt {i b : Nat} (hi : i < m) (hb : b < blocks) : i * blocks + b < m * blocks := by
  have := Nat.mul_le_mul_right blocks (Nat.succ_le_of_lt hi)
  rw [Nat.succ_mul] at this
  omega

section Block

variable {r : Range} {x rows t : Nat} (words : 0 < layout.words) (bits : r.bits < layout.width)
  (h : r.checkFrame (rows * layout.block) x = true) (ht : t < rows)

include words bits h ht

private theorem blockLanes_eq : rowLanes r layout.words layout.block x t =
    pack layout.width layout.lanes fun l => entryCode layout r x t (column layout.words layout.block l) :=
  rowLanes_eq words bits h ht

omit words in
private theorem entryCode_lt (c : Nat) : entryCode layout r x t c < 2 ^ (r.bits + 1) :=
  code_lt bits (Range.checkFrame_holds h).1 (rowElement_holds h ht).1 (rowElement_holds h ht).2

private theorem laneSum_eq {b : Nat} (hb : 1 ≤ b) (room : (layout.lanes + 1) * (2 ^ (r.bits + 1) * b) ≤ 2 ^ (layout.width - 1)) :
    laneSum layout.width (rowLanes r layout.words layout.block x t) = total layout.lanes (entryCode layout r x t) := by
  rw [blockLanes_eq words bits h ht, laneSum_pack (total_lt (fun l _ => Nat.le_of_lt (entryCode_lt bits h ht _)) hb room
    Nat.one_le_two_pow (by omega))]
  exact total_column layout.words layout.block (entryCode layout r x t)

private theorem reversedLanes_eq : reversedLanes layout r x t = packReversed layout.width layout.lanes fun l =>
    entryCode layout r x t (column layout.words layout.block l) := by
  have wide : 2 ^ (r.bits + 1) ≤ 2 ^ layout.width := Nat.pow_le_pow_right (by decide) bits
  refine packReversed_congr fun l hl => ?_
  rw [blockLanes_eq words bits h ht, lane_pack (fun l _ => Nat.lt_of_lt_of_le (entryCode_lt bits h ht _) wide) hl]

end Block

variable (fits : Fits layout) (hA : layout.left.checkFrame (m * blocks * layout.block) left = true)
  (hB : layout.right.checkFrame (n * blocks * layout.block) right = true)
  (hC : layout.product.checkFrame (m * n) product = true)

include fits hA hB

/-- The exact dot product of two blocks. -/
def blockProduct (layout : Layout) (left right t s : Nat) : Int :=
  integerSum layout.lanes fun c => entry layout layout.left left t c * entry layout layout.right right s c

private theorem blockProduct_eq {t s : Nat} (ht : t < m * blocks) (hs : s < n * blocks) :
    ((dotLanes layout.width layout.lanes (rowLanes layout.left layout.words layout.block left t)
        (reversedLanes layout layout.right right s) +
          layout.lanes * (layout.left.offset * layout.right.offset) : Nat) : Int) =
      blockProduct layout left right t s + (
        layout.left.offset * laneSum layout.width (rowLanes layout.right layout.words layout.block right s) +
        layout.right.offset * laneSum layout.width (rowLanes layout.left layout.words layout.block left t) : Nat) := by
  have room := fits.room
  have pos := Nat.mul_pos (Nat.two_pow_pos (layout.left.bits + 1)) (Nat.two_pow_pos (layout.right.bits + 1))
  have half : 2 ^ layout.width = 2 * 2 ^ (layout.width - 1) := by
    have := fits.left
    rw [← Nat.pow_succ', show (layout.width - 1).succ = layout.width by omega]
  rw [laneSum_eq fits.words fits.left hA ht Nat.one_le_two_pow room,
    laneSum_eq fits.words fits.right hB hs (b := 2 ^ (layout.left.bits + 1)) Nat.one_le_two_pow
      (by rw [Nat.mul_comm (2 ^ (layout.right.bits + 1))]; exact room),
    reversedLanes_eq fits.words fits.right hB hs, blockLanes_eq fits.words fits.left hA ht]
  rcases Nat.eq_zero_or_pos layout.lanes with none | some
  · have zero : dotLanes layout.width layout.lanes (pack layout.width layout.lanes fun l =>
      entryCode layout layout.left left t (column layout.words layout.block l)) (packReversed layout.width layout.lanes
        fun l => entryCode layout layout.right right s (column layout.words layout.block l)) = 0 := by
      rw [none]
      show lane layout.width (0 * _) 0 = 0
      rw [Nat.zero_mul]
      show (0 >>> _) &&& _ = 0
      simp
    rw [zero, blockProduct, none]
    simp [total, integerSum]
  · rw [dotLanes_eq some (fun l _ => Nat.le_of_lt (entryCode_lt fits.left hA ht _))
      (fun l _ => Nat.le_of_lt (entryCode_lt fits.right hB hs _)) ?_]
    · rw [show (total layout.lanes fun l => entryCode layout layout.left left t (column layout.words layout.block l) *
        entryCode layout layout.right right s (column layout.words layout.block l)) = total layout.lanes fun c =>
          entryCode layout layout.left left t c * entryCode layout layout.right right s c from
            total_column layout.words layout.block fun c =>
              entryCode layout layout.left left t c * entryCode layout layout.right right s c]
      exact total_offset (fun _ _ => code_eq_decode ..) (fun _ _ => code_eq_decode ..)
    · rw [Nat.succ_mul] at room
      rw [Nat.mul_comm (2 ^ (layout.right.bits + 1))]
      omega

/-- The exact entry of the product, in its unit. -/
def exactEntry (layout : Layout) (blocks left right i j : Nat) : Int :=
  integerSum blocks fun b => blockProduct layout left right (i * blocks + b) (j * blocks + b)

/-- What the test computes of an entry: the exact one, and what the offsets add. -/
theorem rowProduct_eq {i j : Nat} (hi : i < m) (hj : j < n) :
    ((rowProduct layout blocks left right i j +
        blocks * (layout.lanes * (layout.left.offset * layout.right.offset)) : Nat) : Int) =
      exactEntry layout blocks left right i j + (layout.left.offset * rowSum layout layout.right blocks right j +
        layout.right.offset * rowSum layout layout.left blocks left i : Nat) := by
  simp only [rowProduct, rowSum, sumBelow_eq]
  exact total_offsets fun b hb =>
    blockProduct_eq fits hA hB (block_lt (m := m) hi hb) (block_lt (m := n) hj hb)

include hC

/-- The integer of a computed entry. -/
def computedEntry (layout : Layout) (n product i j : Nat) : Int :=
  decode layout.product layout.width (rowElement n product i j)

/-- How far the computed entry is from the exact one. -/
theorem gap_eq {i j : Nat} (hi : i < m) (hj : j < n) : gap layout blocks n left right product i j =
    (computedEntry layout n product i j * 2 ^ layout.entryShift -
      exactEntry layout blocks left right i j * 2 ^ layout.productShift).natAbs := by
  have own : lane layout.width (rowLanes layout.product layout.words n product i) (position layout.words n j) =
      code layout.product layout.width (rowElement n product i j) := by
    obtain ⟨here, back⟩ := column_position fits.words hj
    have wide : 2 ^ (layout.product.bits + 1) ≤ 2 ^ layout.width := Nat.pow_le_pow_right (by decide) fits.product
    rw [show rowLanes layout.product layout.words n product i = pack layout.width (laneCount layout.words n) fun l =>
      code layout.product layout.width (rowElement n product i (column layout.words n l)) from
        rowLanes_eq fits.words fits.product hC hi,
      lane_pack (fun l _ => Nat.lt_of_lt_of_le (code_lt fits.product (Range.checkFrame_holds hC).1
        (rowElement_holds hC hi).1 (rowElement_holds hC hi).2) wide) here, back]
  have sums := rowProduct_eq fits hA hB hi hj
  simp only [rowProduct, rowSum] at sums
  have unfolded : gap layout blocks n left right product i j =
      (fun plus minus : Nat => (plus - minus) + (minus - plus))
        (lane layout.width (rowLanes layout.product layout.words n product i) (position layout.words n j) <<<
          layout.entryShift + (layout.left.offset * sumBelow (fun b => laneSum layout.width
            (rowLanes layout.right layout.words layout.block right (j * blocks + b))) blocks +
          layout.right.offset * sumBelow (fun b => laneSum layout.width
            (rowLanes layout.left layout.words layout.block left (i * blocks + b))) blocks) <<< layout.productShift)
        ((sumBelow (fun b => dotLanes layout.width layout.lanes
            (rowLanes layout.left layout.words layout.block left (i * blocks + b))
            (reversedLanes layout layout.right right (j * blocks + b))) blocks +
          blocks * (layout.lanes * (layout.left.offset * layout.right.offset))) <<< layout.productShift +
          layout.product.offset <<< layout.entryShift) := rfl
  have computed := code_eq_decode layout.product layout.width (rowElement n product i j)
  rw [unfolded, own]
  simp only [sumBelow_eq, Nat.shiftLeft_eq, computedEntry, exactEntry, ← two_pow_cast] at *
  generalize (total blocks fun b => dotLanes layout.width layout.lanes
            (rowLanes layout.left layout.words layout.block left (i * blocks + b))
            (reversedLanes layout layout.right right (j * blocks + b))) = d at *
  generalize (total blocks fun b => laneSum layout.width
            (rowLanes layout.right layout.words layout.block right (j * blocks + b))) = y at *
  generalize (total blocks fun b => laneSum layout.width
            (rowLanes layout.left layout.words layout.block left (i * blocks + b))) = x at *
  generalize (integerSum blocks fun b => blockProduct layout left right (i * blocks + b) (j * blocks + b)) = z at *
  generalize code layout.product layout.width (rowElement n product i j) = p at *
  generalize decode layout.product layout.width (rowElement n product i j) = c at *
  generalize blocks * (layout.lanes * (layout.left.offset * layout.right.offset)) = o at *
  generalize layout.left.offset * y + layout.right.offset * x = q at *
  generalize layout.product.offset = oc at *
  generalize 2 ^ layout.entryShift = es at *
  generalize 2 ^ layout.productShift = ps at *
  have difference : ((p * es + q * ps : Nat) : Int) - ((d + o) * ps + oc * es : Nat) = c * es - z * ps := by
    simp only [Int.natCast_add, Int.natCast_mul] at *
    rw [computed, sums]
    grind
  generalize p * es + q * ps = plus at *
  generalize (d + o) * ps + oc * es = minus at *
  omega

end LeanPythonBridge.Certificate.Product
