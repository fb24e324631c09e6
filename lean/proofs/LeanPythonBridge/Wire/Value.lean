module

/-!
# The data model of the wire

One `Value` type for headers, parameters, results and certificates, whatever format carries them.
Floats are kept as their 64 bits, so that every bit pattern survives and proofs can compute with them.
-/

@[expose] public section

namespace LeanPythonBridge

/-- What a header map is made of. Bytes are no value: they travel as array frames. -/
inductive Value where
  /-- The absent value. -/
  | null
  /-- A truth value. -/
  | bool (b : Bool)
  /-- An integer, `-2^63 ≤ i < 2^64` when well formed. -/
  | int (i : Int)
  /-- An IEEE binary64 number, given by its bits. -/
  | float (bits : UInt64)
  /-- A Unicode string. -/
  | string (s : String)
  /-- A list. -/
  | list (items : List Value)
  /-- A map with string keys, whose order is kept; keys are distinct when well formed. -/
  | map (entries : List (String × Value))
  deriving Repr, Inhabited

namespace Value

/-! ## Equality -/

mutual

/-- Equality of values as a `Bool` that the kernel can evaluate. -/
def beq : Value → Value → Bool
  | .null, .null => true
  | .bool a, .bool b => a == b
  | .int a, .int b => a == b
  | .float a, .float b => a == b
  | .string a, .string b => a == b
  | .list a, .list b => beqItems a b
  | .map a, .map b => beqEntries a b
  | _, _ => false

/-- Equality of lists of values. -/
def beqItems : List Value → List Value → Bool
  | [], [] => true
  | a :: as, b :: bs => beq a b && beqItems as bs
  | _, _ => false

/-- Equality of map entries, in order. -/
def beqEntries : List (String × Value) → List (String × Value) → Bool
  | [], [] => true
  | (j, a) :: as, (k, b) :: bs => j == k && beq a b && beqEntries as bs
  | _, _ => false

end

instance : BEq Value := ⟨beq⟩

mutual

/-- `beq` decides equality. -/
theorem beq_iff_eq : ∀ a b : Value, beq a b = true ↔ a = b
  | .list a, b => by cases b <;> simp [beq, beqItems_iff_eq a]
  | .map a, b => by cases b <;> simp [beq, beqEntries_iff_eq a]
  | .null, b | .bool a, b | .int a, b | .float a, b | .string a, b => by cases b <;> simp [beq]

/-- `beqItems` decides equality. -/
theorem beqItems_iff_eq : ∀ a b : List Value, beqItems a b = true ↔ a = b
  | [], b => by cases b <;> simp [beqItems]
  | x :: xs, b => by cases b <;> simp [beqItems, beq_iff_eq x, beqItems_iff_eq xs]

/-- `beqEntries` decides equality. -/
theorem beqEntries_iff_eq : ∀ a b : List (String × Value), beqEntries a b = true ↔ a = b
  | [], b => by cases b <;> simp [beqEntries]
  | (k, x) :: xs, b => by
    cases b <;> simp [beqEntries, beq_iff_eq x, beqEntries_iff_eq xs, Prod.ext_iff]

end

instance : LawfulBEq Value where
  eq_of_beq := (beq_iff_eq _ _).mp
  rfl := (beq_iff_eq _ _).mpr rfl

instance : DecidableEq Value := fun a b =>
  decidable_of_iff (beq a b = true) (beq_iff_eq a b)

/-! ## Well-formedness -/

mutual

/-- Nesting depth: a scalar has 1, a container one more than its deepest member. -/
def depth : Value → Nat
  | .list items => depthItems items + 1
  | .map entries => depthEntries entries + 1
  | _ => 1

/-- The greatest depth in a list, 0 when it is empty. -/
def depthItems : List Value → Nat
  | [] => 0
  | v :: vs => max (depth v) (depthItems vs)

/-- The greatest depth in map entries, 0 when there are none. -/
def depthEntries : List (String × Value) → Nat
  | [] => 0
  | (_, v) :: es => max (depth v) (depthEntries es)

end

/-- The deepest nesting that the wire admits. -/
def maxDepth : Nat := 64

/-- Strings, lists and maps on the wire have fewer bytes, items or entries than this. -/
def lengthLimit : Nat := 2 ^ 32

/-- The string is short enough for the wire. -/
def stringFits (s : String) : Bool := decide (s.utf8ByteSize < lengthLimit)

/-- The integer is in the wire's range. -/
def intFits (i : Int) : Bool := decide (-2 ^ 63 ≤ i) && decide (i < 2 ^ 64)

/-- The key is among those of the entries. -/
def hasKey (key : String) : List (String × Value) → Bool
  | [] => false
  | (k, _) :: es => k == key || hasKey key es

mutual

/-- Every part of the value is in the wire's ranges and map keys are distinct; depth is not looked at. -/
def fits : Value → Bool
  | .null => true
  | .bool _ => true
  | .float _ => true
  | .int i => intFits i
  | .string s => stringFits s
  | .list items => decide (items.length < lengthLimit) && fitsItems items
  | .map entries => decide (entries.length < lengthLimit) && fitsEntries entries

/-- `fits` for every item. -/
def fitsItems : List Value → Bool
  | [] => true
  | v :: vs => fits v && fitsItems vs

/-- `fits` for every entry, keys short enough and distinct. -/
def fitsEntries : List (String × Value) → Bool
  | [] => true
  | (k, v) :: es => stringFits k && !hasKey k es && fits v && fitsEntries es

end

/-- What every format can carry: the ranges of `fits`, and at most `maxDepth` levels. -/
def wellFormed (v : Value) : Bool := decide (v.depth ≤ maxDepth) && v.fits

/-- The proposition that `wellFormed` decides. -/
def WellFormed (v : Value) : Prop := v.wellFormed = true

instance (v : Value) : Decidable v.WellFormed := inferInstanceAs (Decidable (_ = true))

/-- A well-formed value is nested at most `maxDepth` deep. -/
theorem WellFormed.depth_le {v : Value} (h : v.WellFormed) : v.depth ≤ maxDepth := by
  simp only [WellFormed, wellFormed, Bool.and_eq_true, decide_eq_true_eq] at h; exact h.1

/-- Every part of a well-formed value is in range. -/
theorem WellFormed.fits {v : Value} (h : v.WellFormed) : v.fits = true := by
  simp only [WellFormed, wellFormed, Bool.and_eq_true] at h; exact h.2

/-- An item is at most as deep as its list's deepest. -/
theorem depth_le_of_mem {v : Value} {items : List Value} (h : v ∈ items) :
    v.depth ≤ depthItems items := by
  induction items with
  | nil => cases h
  | cons w ws ih =>
    rcases List.mem_cons.mp h with rfl | h
    · exact Nat.le_max_left _ _
    · exact Nat.le_trans (ih h) (Nat.le_max_right _ _)

/-- A map's value is at most as deep as the map's deepest. -/
theorem depth_le_of_mem_entries {e : String × Value} {entries : List (String × Value)}
    (h : e ∈ entries) : e.2.depth ≤ depthEntries entries := by
  induction entries with
  | nil => cases h
  | cons w ws ih =>
    rcases List.mem_cons.mp h with rfl | h
    · exact Nat.le_max_left _ _
    · exact Nat.le_trans (ih h) (Nat.le_max_right _ _)

/-- Every item of a fitting list fits. -/
theorem fits_of_mem {v : Value} {items : List Value} (fit : fitsItems items = true)
    (h : v ∈ items) : v.fits = true := by
  induction items with
  | nil => cases h
  | cons w ws ih =>
    simp only [fitsItems, Bool.and_eq_true] at fit
    rcases List.mem_cons.mp h with rfl | h
    · exact fit.1
    · exact ih fit.2 h

/-- Every key and every value of fitting entries fits. -/
theorem fits_of_mem_entries {e : String × Value} {entries : List (String × Value)}
    (fit : fitsEntries entries = true) (h : e ∈ entries) :
    stringFits e.1 = true ∧ e.2.fits = true := by
  induction entries with
  | nil => cases h
  | cons w ws ih =>
    simp only [fitsEntries, Bool.and_eq_true] at fit
    rcases List.mem_cons.mp h with rfl | h
    · exact ⟨fit.1.1.1, fit.1.2⟩
    · exact ih fit.2 h

/-! ## Accessors and builders -/

/-- The value under a key of map entries. -/
def find? (key : String) : List (String × Value) → Option Value
  | [] => none
  | (k, v) :: es => if k == key then some v else find? key es

/-- The value under a key, when this is a map that has it. -/
def get? (v : Value) (key : String) : Option Value :=
  match v with
  | .map entries => find? key entries
  | _ => none

/-- The truth value, when it is one. -/
def asBool? : Value → Option Bool
  | .bool b => some b
  | _ => none

/-- The integer, when it is one. -/
def asInt? : Value → Option Int
  | .int i => some i
  | _ => none

/-- The integer as a natural number, when it is one that is not negative. -/
def asNat? : Value → Option Nat
  | .int (.ofNat n) => some n
  | _ => none

/-- The bits of the float, when it is one. -/
def asFloatBits? : Value → Option UInt64
  | .float bits => some bits
  | _ => none

/-- The string, when it is one. -/
def asString? : Value → Option String
  | .string s => some s
  | _ => none

/-- The items, when it is a list. -/
def asList? : Value → Option (List Value)
  | .list items => some items
  | _ => none

/-- The entries, when it is a map. -/
def asMap? : Value → Option (List (String × Value))
  | .map entries => some entries
  | _ => none

/-- The integer value of a natural number. -/
def ofNat (n : Nat) : Value := .int (.ofNat n)

instance : Coe String Value := ⟨.string⟩
instance : Coe Bool Value := ⟨.bool⟩
instance : Coe Int Value := ⟨.int⟩
instance (n : Nat) : OfNat Value n := ⟨ofNat n⟩

end Value
end LeanPythonBridge
