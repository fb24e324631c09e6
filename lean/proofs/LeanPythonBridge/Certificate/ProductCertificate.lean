module

public import LeanPythonBridge.Certificate.Arguments
public import LeanPythonBridge.Certificate.Operation
public import LeanPythonBridge.Certificate.ProductBound

/-!
# The certificate of a product, as it stands in a reply

| key | meaning |
|---|---|
| `kind` | `"product_error_bound"` |
| `error_bound` | every computed entry is within this of the exact one |
| `layout` | how to compute with the frames: `Layout`, its numbers in their order |

in this order, and nothing else.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate.Product

open Float64

/-- What the certificate says. -/
structure Evidence where
  /-- The bound, as the bits of a double. -/
  bound : Nat
  /-- How to compute. -/
  layout : Layout

/-- Blocks have no more columns than this. -/
def maxBlock : Nat := 1048576

/-- The numbers are not so large that computing with them takes the memory. -/
def Layout.isSmall (layout : Layout) : Bool :=
  Nat.ble layout.words maxWords && Nat.ble layout.block maxBlock && Nat.ble layout.left.high 2047 &&
    Nat.ble layout.left.low 2047 && Nat.ble layout.right.high 2047 && Nat.ble layout.right.low 2047 &&
    Nat.ble layout.product.high 2047 && Nat.ble layout.product.low 2047

/-- The layout that a list of numbers stands for, when they are small. -/
def Layout.ofValues? : List Value → Option Layout
  | [.int (.ofNat words), .int (.ofNat block), .int (.ofNat leftLow), .int (.ofNat leftHigh), .int (.ofNat rightLow),
      .int (.ofNat rightHigh), .int (.ofNat productLow), .int (.ofNat productHigh)] =>
    let layout : Layout := ⟨words, block, ⟨leftLow, leftHigh⟩, ⟨rightLow, rightHigh⟩, ⟨productLow, productHigh⟩⟩
    if layout.isSmall then some layout else none
  | _ => none

/-- The certificate of a reply: three entries in their order. -/
def Evidence.ofEntries? : Entries → Option Evidence
  | [(key, .string kind), (key', .float bound), (key'', .list layout)] =>
    if key == "kind" && kind == "product_error_bound" && key' == "error_bound" && key'' == "layout" then
      (Layout.ofValues? layout).map (⟨bound.toNat, ·⟩)
    else none
  | _ => none

/-! ## Frames -/

/-- An array of doubles of this shape. -/
structure IsDoubles (a : NamedArray) (shape : List Nat) : Prop where
  /-- The type of the elements. -/
  dtype : a.dtype = .f8
  /-- How far each dimension goes. -/
  shape : a.shape = shape

/-- Decides `IsDoubles`. -/
def isDoubles (a : NamedArray) (shape : List Nat) : Bool := a.dtype == .f8 && a.shape == shape

theorem isDoubles_sound {a : NamedArray} {shape : List Nat} (h : isDoubles a shape = true) : IsDoubles a shape := by
  simp only [isDoubles, Bool.and_eq_true, beq_iff_eq] at h
  exact ⟨h.1, h.2⟩

/-- The one array of an answer that has nothing else, when it has that name. -/
def onlyArray? (name : String) (a : Answer) : Option NamedArray :=
  match a.result, a.arrays, a.certificateArrays with
  | [], [array], [] => if array.name == name then some array else none
  | _, _, _ => none

/-- The first `count` words of an array. -/
def words (count : Nat) (a : NamedArray) : Nat := cut (Nat.mul 64 count) (join a.chunks) 0

/-- The words of an array, and zeros behind them. -/
theorem element_words (count : Nat) (a : NamedArray) (i : Nat) :
    element (words count a) i = if i < count then element a.packed i else 0 := by
  have row := element_cutRow count a.packed 0 i
  rw [cutRow_eq, Nat.zero_mul, Nat.zero_add] at row
  rw [← row, words, join_eq]
  rfl

/-- The matrix of an array is that of its words. -/
theorem frameMatrix_words (m n : Nat) (a : NamedArray) : frameMatrix (words (Nat.mul m n) a) m n = frameMatrix a.packed m n :=
  funext fun i => funext fun j => (element_words _ a _).trans (if_pos (index_lt i j))

/-- The vector of an array is that of its words. -/
theorem frameVec_words (n : Nat) (a : NamedArray) : frameVec (words n a) n = frameVec a.packed n :=
  funext fun i => (element_words _ a _).trans (if_pos i.isLt)

/-- How many blocks a row of `count` columns has. -/
def Layout.blocks (layout : Layout) (count : Nat) : Nat :=
  Nat.div (Nat.sub (Nat.add count layout.block) 1) layout.block

/-- The test that a row of `count` columns is cut into whole blocks. -/
def Layout.divides (layout : Layout) (count : Nat) : Bool := Nat.beq (Nat.mul layout.block (layout.blocks count)) count

/-- The test of a computed product whose rows, of `k` doubles each, are cut into whole blocks; the right matrix is given by
its columns. -/
def checkRows (layout : Layout) (m k n left right product bound : Nat) : Bool :=
  layout.divides k && check layout (layout.blocks k) m n left right product bound

/-- What the test says of the frames. -/
structure NearProduct (m k n left right product bound : Nat) : Prop where
  /-- The bound is finite, and not negative. -/
  bound_lt : bound < infinity
  /-- The left matrix is finite. -/
  left_finite : ∀ i < m, ∀ l < k, isFinite (element left (i * k + l)) = true
  /-- The right matrix is finite. -/
  right_finite : ∀ j < n, ∀ l < k, isFinite (element right (j * k + l)) = true
  /-- The computed product is finite. -/
  product_finite : ∀ i < m, ∀ j < n, isFinite (element product (i * n + j)) = true
  /-- Every computed entry is within the bound of the exact one. -/
  near : ∀ i < m, ∀ j < n, abs (toRat (element product (i * n + j)) - vecSum fun l : Fin k =>
    toRat (element left (i * k + l)) * toRat (element right (j * k + l))) ≤ toRat bound

theorem NearProduct.bound_finite {m k n left right product bound : Nat} (h : NearProduct m k n left right product bound) :
    isFinite bound = true := by
  simp only [isFinite, decide_eq_true_eq]
  exact Nat.lt_of_le_of_lt (Nat.mod_le ..) h.bound_lt

theorem checkRows_sound {layout : Layout} {m k n left right product bound : Nat}
    (h : checkRows layout m k n left right product bound = true) : NearProduct m k n left right product bound := by
  simp only [checkRows, Bool.and_eq_true, Layout.divides, Nat.beq_eq] at h
  obtain ⟨whole, h⟩ := h
  have whole : layout.block * layout.blocks k = k := whole
  have lt := h
  simp only [check, Bool.and_eq_true] at lt
  have left := fun i hi l hl => Product.left_finite h (i := i) hi (l := l) hl
  have right := fun j hj l hl => Product.right_finite h (j := j) hj (l := l) hl
  have near := fun i hi j hj => check_near h (i := i) hi (j := j) hj (Nat.le_of_eq whole.symm) fun l hl lt =>
    absurd lt (by rw [whole]; omega)
  simp only [whole] at left right near
  exact ⟨Nat.le_of_ble_eq_true lt.1.1.1.1.1, left, right, fun i hi j hj => Product.product_finite h hi hj, near⟩

end LeanPythonBridge.Certificate.Product
