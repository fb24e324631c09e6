module

public import Float64Packed

/-!
# Frames joined from chunks, fast

`joinChunks` adds the chunks one by one to a number that grows: the kernel keeps each of these. `join` joins neighbours,
then neighbours of these, and so on: it has as many steps, on numbers that are mostly short, and the same value.
-/

@[expose] public section

namespace LeanPythonBridge.Certificate

open Float64

/-- Neighbours joined, each number having `size` bits. With `flag` 1, `pending` stands before the list. -/
noncomputable def joinPairs (size : Nat) (numbers : List Nat) (flag pending : Nat) : List Nat :=
  List.rec (motive := fun _ => Nat → Nat → List Nat)
    (fun flag pending => Nat.rec (motive := fun _ => List Nat) [] (fun _ _ => [pending]) flag)
    (fun number _ rest flag pending => Nat.rec (motive := fun _ => List Nat) (rest 1 number)
      (fun _ _ => List.cons (Nat.add pending (Nat.shiftLeft number size)) (rest 0 0)) flag) numbers flag pending

/-- The numbers joined in `rounds` rounds, in each of which their size doubles. -/
noncomputable def joinRounds (rounds size : Nat) (numbers : List Nat) : List Nat :=
  Nat.rec (motive := fun _ => Nat → List Nat → List Nat) (fun _ numbers => numbers)
    (fun _ rest size numbers => rest (Nat.mul 2 size) (joinPairs size numbers 0 0)) rounds size numbers

/-- The length of a list. -/
noncomputable def count (numbers : List Nat) : Nat :=
  List.rec (motive := fun _ => Nat) 0 (fun _ _ k => Nat.add k 1) numbers

/-- The numbers with `size` bits of each. -/
noncomputable def cutAll (size : Nat) (numbers : List Nat) : List Nat :=
  List.rec (motive := fun _ => List Nat) [] (fun number _ rest => List.cons (cutChunk size number) rest) numbers
where
  /-- The lowest bits of a number. -/
  cutChunk (size number : Nat) : Nat := Nat.land number (Nat.sub (Nat.shiftLeft 1 size) 1)

/-- The first number of a list. -/
noncomputable def first (numbers : List Nat) : Nat :=
  List.rec (motive := fun _ => Nat) 0 (fun number _ _ => number) numbers

/-- The frame whose chunks are these: `joinChunks`, fast in the kernel. -/
noncomputable def join (chunks : List Nat) : Nat :=
  first (joinRounds (Nat.add (Nat.log2 (count chunks)) 1) (Nat.mul 64 chunkSize) (cutAll (Nat.mul 64 chunkSize) chunks))

end LeanPythonBridge.Certificate
