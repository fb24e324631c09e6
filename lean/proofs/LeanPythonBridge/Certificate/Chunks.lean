module

public import LeanPythonBridge.Float64.Packed

/-!
# Frames joined from chunks, fast

`joinChunks` adds the chunks one by one to a number that grows: the kernel keeps each of these. `join` joins neighbours,
then neighbours of these, and so on: it has as many steps, on numbers that are mostly short, and the same value.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate

open Float64

/-- Neighbours joined, each number having `size` bits. With `flag` 1, `pending` stands before the list. -/
def joinPairs (size : Nat) (numbers : List Nat) (flag pending : Nat) : List Nat :=
  List.rec (motive := fun _ => Nat → Nat → List Nat)
    (fun flag pending => Nat.rec (motive := fun _ => List Nat) [] (fun _ _ => [pending]) flag)
    (fun number _ rest flag pending => Nat.rec (motive := fun _ => List Nat) (rest 1 number)
      (fun _ _ => List.cons (Nat.add pending (Nat.shiftLeft number size)) (rest 0 0)) flag) numbers flag pending

/-- `joinPairs` as it is compiled. -/
def joinPairsCompiled (size : Nat) : (numbers : List Nat) → (flag pending : Nat) → List Nat
  | [], 0, _ => []
  | [], _ + 1, pending => [pending]
  | number :: numbers, 0, _ => joinPairsCompiled size numbers 1 number
  | number :: numbers, _ + 1, pending => (pending + number <<< size) :: joinPairsCompiled size numbers 0 0

@[csimp] theorem joinPairs_eq_compiled : @joinPairs = @joinPairsCompiled := by
  funext size numbers
  induction numbers with
  | nil => funext flag pending; cases flag <;> rfl
  | cons number numbers ih =>
    funext flag pending
    cases flag with
    | zero => rw [joinPairsCompiled, ← ih]; rfl
    | succ flag => rw [joinPairsCompiled, ← ih]; rfl

/-- The numbers joined in `rounds` rounds, in each of which their size doubles. -/
def joinRounds (rounds size : Nat) (numbers : List Nat) : List Nat :=
  Nat.rec (motive := fun _ => Nat → List Nat → List Nat) (fun _ numbers => numbers)
    (fun _ rest size numbers => rest (Nat.mul 2 size) (joinPairs size numbers 0 0)) rounds size numbers

/-- The length of a list. -/
def count (numbers : List Nat) : Nat :=
  List.rec (motive := fun _ => Nat) 0 (fun _ _ k => Nat.add k 1) numbers

/-- The numbers with `size` bits of each. -/
def cutAll (size : Nat) (numbers : List Nat) : List Nat :=
  List.rec (motive := fun _ => List Nat) [] (fun number _ rest => List.cons (cutChunk size number) rest) numbers
where
  /-- The lowest bits of a number. -/
  cutChunk (size number : Nat) : Nat := Nat.land number (Nat.sub (Nat.shiftLeft 1 size) 1)

/-- The first number of a list. -/
def first (numbers : List Nat) : Nat :=
  List.rec (motive := fun _ => Nat) 0 (fun number _ _ => number) numbers

/-- Numbers of `size` bits, one above the other: `stack`, fast in the kernel. -/
def joinAll (size : Nat) (numbers : List Nat) : Nat :=
  first (joinRounds (Nat.add (Nat.log2 (count numbers)) 1) size numbers)

/-- The frame whose chunks are these: `joinChunks`, fast in the kernel. -/
def join (chunks : List Nat) : Nat := joinAll (Nat.mul 64 chunkSize) (cutAll (Nat.mul 64 chunkSize) chunks)

/-! ## The value -/

/-- Numbers of `size` bits, one above the other. -/
def stack (size : Nat) : List Nat → Nat
  | [] => 0
  | number :: numbers => number + stack size numbers * 2 ^ size

private theorem stack_joinPairs (size : Nat) (numbers : List Nat) :
    stack (2 * size) (joinPairs size numbers 0 0) = stack size numbers ∧
      ∀ pending, stack (2 * size) (joinPairs size numbers 1 pending) = stack size (pending :: numbers) := by
  induction numbers with
  | nil => exact ⟨rfl, fun pending => by show pending + 0 * _ = pending + 0 * _; rw [Nat.zero_mul, Nat.zero_mul]⟩
  | cons number numbers ih =>
    refine ⟨ih.2 number, fun pending => ?_⟩
    show pending + number <<< size + stack (2 * size) (joinPairs size numbers 0 0) * 2 ^ (2 * size) = _
    rw [ih.1, Nat.shiftLeft_eq, Nat.two_mul, Nat.pow_add, stack, stack, Nat.add_mul, Nat.mul_assoc, Nat.add_assoc]

private theorem length_joinPairs (size : Nat) (numbers : List Nat) :
    (joinPairs size numbers 0 0).length ≤ (numbers.length + 1) / 2 ∧
      ∀ pending, (joinPairs size numbers 1 pending).length ≤ (numbers.length + 2) / 2 := by
  induction numbers with
  | nil => exact ⟨Nat.le_refl _, fun _ => Nat.le_refl _⟩
  | cons number numbers ih =>
    refine ⟨?_, fun pending => ?_⟩
    · have := ih.2 number
      show (joinPairs size numbers 1 number).length ≤ _
      rw [List.length_cons]; omega
    · show (joinPairs size numbers 0 0).length + 1 ≤ _
      have := ih.1
      rw [List.length_cons]; omega

private theorem joinRounds_eq (rounds size : Nat) (numbers : List Nat) :
    stack (size * 2 ^ rounds) (joinRounds rounds size numbers) = stack size numbers ∧
      (numbers.length ≤ 2 ^ rounds → (joinRounds rounds size numbers).length ≤ 1) := by
  induction rounds generalizing size numbers with
  | zero => exact ⟨by rw [Nat.pow_zero, Nat.mul_one]; rfl, fun h => h⟩
  | succ rounds ih =>
    have h := ih (2 * size) (joinPairs size numbers 0 0)
    have unfolded : joinRounds (rounds + 1) size numbers = joinRounds rounds (2 * size) (joinPairs size numbers 0 0) := rfl
    rw [unfolded, Nat.pow_succ, Nat.mul_comm (2 ^ rounds), ← Nat.mul_assoc, Nat.mul_comm size 2]
    refine ⟨h.1.trans (stack_joinPairs size numbers).1, fun le => h.2 ?_⟩
    have := (length_joinPairs size numbers).1
    omega

private theorem count_eq (numbers : List Nat) : count numbers = numbers.length := by
  induction numbers with
  | nil => rfl
  | cons number numbers ih => show count numbers + 1 = _; rw [ih, List.length_cons]

private theorem stack_cutAll (chunks : List Nat) :
    stack (64 * chunkSize) (cutAll (64 * chunkSize) chunks) = joinChunks chunks := by
  induction chunks with
  | nil => rfl
  | cons chunk chunks ih =>
    show (chunk &&& (1 <<< (64 * chunkSize) - 1)) + stack (64 * chunkSize) (cutAll (64 * chunkSize) chunks) * _ = _
    rw [ih, Nat.one_shiftLeft, Nat.and_two_pow_sub_one_eq_mod, joinChunks]

/-- `joinAll` is `stack`. -/
theorem joinAll_eq (size : Nat) (numbers : List Nat) : joinAll size numbers = stack size numbers := by
  obtain ⟨value, length⟩ := joinRounds_eq ((count numbers).log2 + 1) size numbers
  have length := length (by
    rw [← count_eq]
    exact Nat.le_of_lt Nat.lt_log2_self)
  rw [← value]
  show first (joinRounds ((count numbers).log2 + 1) size numbers) = _
  generalize joinRounds ((count numbers).log2 + 1) size numbers = xs at *
  match xs, length with
  | [], _ => rfl
  | [x], _ => show x = x + 0 * _; rw [Nat.zero_mul, Nat.add_zero]

/-- `join` is `joinChunks`. -/
theorem join_eq (chunks : List Nat) : join chunks = joinChunks chunks :=
  (joinAll_eq ..).trans (stack_cutAll chunks)

@[csimp] theorem joinChunks_eq_join : @joinChunks = @join := funext fun chunks => (join_eq chunks).symm

end LeanPythonBridge.Certificate
