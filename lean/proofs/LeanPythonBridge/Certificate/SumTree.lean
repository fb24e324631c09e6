module

public import LeanPythonBridge.Certificate.ExactIntegers

/-!
# Sums of integers at indices

A sparse vector as a binary tree: the lowest bit of an index says which way to go, and what is missing is zero. Two trees are
added where both have something, so that sums of sparse vectors cost what is stored, whatever their length.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate

/-- Integers at indices of some number of bits. What is missing is zero. -/
inductive SumTree where
  /-- Zero at all indices. -/
  | none
  /-- An integer, when no bit of the index is left. -/
  | leaf (z : Int)
  /-- What stands at even and at odd indices. -/
  | node (even odd : SumTree)

namespace SumTree

/-! ## Evaluation -/

/-- The integer at an index. -/
def get (bits : Nat) (t : SumTree) (j : Nat) : Int :=
  Nat.rec (motive := fun _ => SumTree → Nat → Int)
    (fun t _ => SumTree.casesOn (motive := fun _ => Int) t 0 (fun z => z) fun _ _ => 0)
    (fun _ rest t j => SumTree.casesOn (motive := fun _ => Int) t 0 (fun _ => 0) fun even odd =>
      Bool.rec (rest odd (Nat.div j 2)) (rest even (Nat.div j 2)) (Nat.beq (Nat.mod j 2) 0))
    bits t j

/-- One integer, at an index. -/
def single (bits j : Nat) (z : Int) : SumTree :=
  Nat.rec (motive := fun _ => Nat → SumTree) (fun _ => .leaf z)
    (fun _ rest j =>
      Bool.rec (.node .none (rest (Nat.div j 2))) (.node (rest (Nat.div j 2)) .none) (Nat.beq (Nat.mod j 2) 0))
    bits j

/-- The sum of two trees. -/
def add (bits : Nat) (s t : SumTree) : SumTree :=
  Nat.rec (motive := fun _ => SumTree → SumTree → SumTree)
    (fun s t => SumTree.casesOn (motive := fun _ => SumTree) s t
      (fun x => SumTree.casesOn (motive := fun _ => SumTree) t (.leaf x) (fun y => withInt (addInt x y) .leaf)
        fun _ _ => .leaf x)
      fun _ _ => t)
    (fun _ rest s t => SumTree.casesOn (motive := fun _ => SumTree) s t (fun _ => t) fun even odd =>
      SumTree.casesOn (motive := fun _ => SumTree) t (.node even odd) (fun _ => .node even odd) fun even' odd' =>
        .node (rest even even') (rest odd odd'))
    bits s t

/-- The sum of `f 0, …, f (count - 1)`, one after another. -/
def sumBelow (bits : Nat) (f : Nat → SumTree) (count : Nat) : SumTree :=
  Nat.rec (motive := fun _ => SumTree) .none (fun k t => add bits t (f k)) count

/-- The sum of `f (i * 2^height), …, f ((i + 1) * 2^height - 1)`, neighbours first. -/
def sumBlock (bits height : Nat) (f : Nat → SumTree) (i : Nat) : SumTree :=
  Nat.rec (motive := fun _ => Nat → SumTree) f
    (fun _ rest i => add bits (rest (Nat.mul 2 i)) (rest (Nat.succ (Nat.mul 2 i)))) height i

/-! ## What it gives -/

variable {bits : Nat}

theorem get_none (j : Nat) : get bits .none j = 0 := by cases bits <;> rfl

private theorem get_node (even odd : SumTree) (j : Nat) :
    get (bits + 1) (.node even odd) j = if j % 2 = 0 then get bits even (j / 2) else get bits odd (j / 2) := by
  show Bool.rec (motive := fun _ => Int) (get bits odd (j / 2)) (get bits even (j / 2)) (Nat.beq (j % 2) 0) = _
  rcases Nat.mod_two_eq_zero_or_one j with h | h <;> rw [h] <;> rfl

private theorem single_succ (j : Nat) (z : Int) : single (bits + 1) j z =
    if j % 2 = 0 then .node (single bits (j / 2) z) .none else .node .none (single bits (j / 2) z) := by
  show Bool.rec (motive := fun _ => SumTree) (.node .none (single bits (j / 2) z)) (.node (single bits (j / 2) z) .none)
    (Nat.beq (j % 2) 0) = _
  rcases Nat.mod_two_eq_zero_or_one j with h | h <;> rw [h] <;> rfl

theorem get_single {i j : Nat} (hi : i < 2 ^ bits) (hj : j < 2 ^ bits) (z : Int) :
    get bits (single bits i z) j = if i = j then z else 0 := by
  induction bits generalizing i j with
  | zero => rw [if_pos (by omega)]; rfl
  | succ bits ih =>
    rw [Nat.pow_succ] at hi hj
    have half := ih (i := i / 2) (j := j / 2) (by omega) (by omega)
    rw [single_succ]
    split <;> rw [get_node] <;> split <;> simp only [half, get_none]
    · by_cases e : i = j
      · rw [if_pos e, if_pos (by omega)]
      · rw [if_neg e, if_neg (by omega)]
    · rw [if_neg (by omega)]
    · rw [if_neg (by omega)]
    · by_cases e : i = j
      · rw [if_pos e, if_pos (by omega)]
      · rw [if_neg e, if_neg (by omega)]

theorem get_add (s t : SumTree) (j : Nat) : get bits (add bits s t) j = get bits s j + get bits t j := by
  induction bits generalizing s t j with
  | zero =>
    cases s with
    | none => exact (Int.zero_add _).symm
    | leaf x =>
      cases t with
      | leaf y =>
        show get 0 (withInt (addInt x y) .leaf) j = x + y
        rw [withInt_eq, addInt_eq]
        rfl
      | _ => exact (Int.add_zero _).symm
    | node => exact (Int.zero_add _).symm
  | succ bits ih =>
    cases s with
    | node even odd =>
      cases t with
      | node even' odd' =>
        have e : add (bits + 1) (.node even odd) (.node even' odd') = .node (add bits even even') (add bits odd odd') := rfl
        rw [e, get_node, get_node, get_node, ih, ih]
        split <;> rfl
      | _ => exact (Int.add_zero _).symm
    | _ => exact (Int.zero_add _).symm

theorem get_sumBelow (f : Nat → SumTree) (count j : Nat) :
    get bits (sumBelow bits f count) j = integerSum count fun k => get bits (f k) j := by
  induction count with
  | zero => exact get_none j
  | succ k ih =>
    rw [integerSum, ← ih, ← get_add]
    rfl

theorem get_sumBlock (height : Nat) (f : Nat → SumTree) (i j : Nat) :
    get bits (sumBlock bits height f i) j = integerSum (2 ^ height) fun k => get bits (f (i * 2 ^ height + k)) j := by
  induction height generalizing i with
  | zero =>
    rw [Nat.pow_zero, integerSum, integerSum, Int.zero_add, Nat.mul_one]
    rfl
  | succ height ih =>
    have e : sumBlock bits (height + 1) f i =
        add bits (sumBlock bits height f (2 * i)) (sumBlock bits height f (2 * i + 1)) := rfl
    rw [e, get_add, ih, ih, Nat.pow_succ, Nat.mul_two, integerSum_append]
    have first : 2 * i * 2 ^ height = i * (2 ^ height + 2 ^ height) := by rw [Nat.mul_assoc, Nat.mul_left_comm, Nat.two_mul]
    have second : (2 * i + 1) * 2 ^ height = i * (2 ^ height + 2 ^ height) + 2 ^ height := by
      rw [Nat.add_mul, Nat.one_mul, first]
    simp only [first, second, Nat.add_assoc]

end SumTree
end LeanPythonBridge.Certificate
