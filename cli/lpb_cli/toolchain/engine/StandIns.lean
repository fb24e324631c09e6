module
/-! # Stand-ins for library functions that the embedded engine cannot compile

The embedded engine holds only the exported part of Lean's library, in which the code of these functions is
missing. Each one is written here again; the `@[csimp]` theorem proves it equal and makes the compiler take it. Only the
embedded engine is given this module. Universe names and the order of arguments must be the library's. What is so short
that the compiler would put it in its caller's place is `@[noinline]`: it would put the library's function there. -/

@[expose] public section

namespace LeanPythonBridge.StandIns
universe u v w

/-- `List.append`. -/
def append : List α → List α → List α
  | [], ys => ys
  | x :: xs, ys => x :: append xs ys

@[csimp] theorem append_eq : @List.append = @append := by
  funext α xs ys
  induction xs with
  | nil => rfl
  | cons x xs ih => exact congrArg (x :: ·) ih

/-- The instance behind `++`. -/
instance instAppend : Append (List α) := ⟨append⟩

@[csimp] theorem instAppend_eq : @List.instAppend = @instAppend := by
  funext α
  show (⟨List.append⟩ : Append (List α)) = ⟨append⟩
  rw [append_eq]

/-- `List.map`. -/
def map (f : α → β) : List α → List β
  | [] => []
  | x :: xs => f x :: map f xs

@[csimp] theorem map_eq : @List.map = @map := by
  funext α β f xs
  induction xs with
  | nil => rfl
  | cons x xs ih => exact congrArg (f x :: ·) ih

/-- `List.length`. -/
def length : List α → Nat
  | [] => 0
  | _ :: xs => length xs + 1

@[csimp] theorem length_eq : @List.length = @length := by
  funext α xs
  induction xs with
  | nil => rfl
  | cons x xs ih => exact congrArg (· + 1) ih

/-- `List.reverseAux`. -/
def reverseAux : List α → List α → List α
  | [], ys => ys
  | x :: xs, ys => reverseAux xs (x :: ys)

theorem reverseAux_eq (xs ys : List α) : List.reverseAux xs ys = reverseAux xs ys := by
  induction xs generalizing ys with
  | nil => rfl
  | cons x xs ih => exact ih (x :: ys)

/-- `List.reverse`. -/
@[noinline] def reverse (xs : List α) : List α := reverseAux xs []

@[csimp] theorem reverse_eq : @List.reverse = @reverse := by
  funext α xs
  exact reverseAux_eq xs []

/-- `List.foldr`. -/
def foldr {α : Type u} {β : Type v} (f : α → β → β) (init : β) : List α → β
  | [] => init
  | x :: xs => f x (foldr f init xs)

@[csimp] theorem foldr_eq : @List.foldr = @foldr := by
  funext α β f init xs
  induction xs with
  | nil => rfl
  | cons x xs ih => exact congrArg (f x) ih

/-- `List.any`. -/
def any (xs : List α) (p : α → Bool) : Bool := match xs with
  | [] => false
  | x :: xs => p x || any xs p

@[csimp] theorem any_eq : @List.any = @any := by
  funext α xs p
  induction xs with
  | nil => rfl
  | cons x xs ih => simp [any, ih]

/-- `List.all`. -/
def all (xs : List α) (p : α → Bool) : Bool := match xs with
  | [] => true
  | x :: xs => p x && all xs p

@[csimp] theorem all_eq : @List.all = @all := by
  funext α xs p
  induction xs with
  | nil => rfl
  | cons x xs ih => simp [all, ih]

/-- `List.replicate`. -/
def replicate (n : Nat) (a : α) : List α := match n with
  | 0 => []
  | n + 1 => a :: replicate n a

@[csimp] theorem replicate_eq : @List.replicate = @replicate := by
  funext α n a
  induction n with
  | zero => rfl
  | succ n ih => simp [List.replicate, replicate, ih]

/-- `List.take`. -/
def take (n : Nat) (xs : List α) : List α := match n, xs with
  | 0, _ => []
  | _ + 1, [] => []
  | n + 1, x :: xs => x :: take n xs

@[csimp] theorem take_eq : @List.take = @take := by
  funext α n xs
  induction n generalizing xs with
  | zero => simp [take]
  | succ n ih => cases xs with
    | nil => simp [take]
    | cons x xs => simp [take, ih]

/-- `List.drop`. -/
def drop (n : Nat) (xs : List α) : List α := match n, xs with
  | 0, xs => xs
  | _ + 1, [] => []
  | n + 1, _ :: xs => drop n xs

@[csimp] theorem drop_eq : @List.drop = @drop := by
  funext α n xs
  induction n generalizing xs with
  | zero => simp [drop]
  | succ n ih => cases xs with
    | nil => simp [drop]
    | cons x xs => simp [drop, ih]

/-- `List.find?`. -/
def find? (p : α → Bool) : List α → Option α
  | [] => none
  | x :: xs => match p x with
    | true => some x
    | false => find? p xs

@[csimp] theorem find?_eq : @List.find? = @find? := by
  funext α p xs
  induction xs with
  | nil => rfl
  | cons x xs ih => simp only [List.find?, find?, ih]; cases p x <;> rfl

/-- `List.zip`. -/
def zip : List α → List β → List (α × β)
  | x :: xs, y :: ys => (x, y) :: zip xs ys
  | _, _ => []

@[csimp] theorem zip_eq : @List.zip.{u, v} = @zip.{u, v} := by
  funext α β xs ys
  induction xs generalizing ys with
  | nil => simp [zip]
  | cons x xs ih => cases ys with
    | nil => simp [zip]
    | cons y ys => simp [zip, ih]

/-- `List.isEmpty`. -/
@[noinline] def isEmpty : List α → Bool
  | [] => true
  | _ :: _ => false

@[csimp] theorem isEmpty_eq : @List.isEmpty = @isEmpty := by
  funext α xs
  cases xs <;> rfl

/-- `List.head?`. -/
@[noinline] def head? : List α → Option α
  | [] => none
  | x :: _ => some x

@[csimp] theorem head?_eq : @List.head? = @head? := by
  funext α xs
  cases xs <;> rfl

/-- `List.elem`, which `contains` is. -/
def elem [BEq α] (a : α) : List α → Bool
  | [] => false
  | x :: xs => match a == x with
    | true => true
    | false => elem a xs

@[csimp] theorem elem_eq : @List.elem = @elem := by
  funext α _ a xs
  induction xs with
  | nil => rfl
  | cons x xs ih => simp only [List.elem, elem, ih]; cases a == x <;> rfl

/-- `Function.const`. -/
@[noinline] def const {α : Sort u} (β : Sort v) (a : α) : β → α := fun _ => a

@[csimp] theorem const_eq : @Function.const.{u, v} = @const.{u, v} := rfl

/-- `Nat.decidableForallFin`, of the numbers below `k`. -/
def decideBelow {n : Nat} (P : Fin n → Prop) [DecidablePred P] :
    (k : Nat) → k ≤ n → Decidable (∀ i : Fin n, i.val < k → P i)
  | 0, _ => isTrue fun _ h => absurd h (Nat.not_lt_zero _)
  | k + 1, h =>
    match decideBelow P k (Nat.le_of_succ_le h) with
    | isFalse no => isFalse fun all => no fun i hi => all i (Nat.lt_succ_of_lt hi)
    | isTrue below =>
      match ‹DecidablePred P› ⟨k, h⟩ with
      | isFalse no => isFalse fun all => no (all ⟨k, h⟩ (Nat.lt_succ_self k))
      | isTrue yes => isTrue fun i hi =>
        match Nat.lt_or_eq_of_le (Nat.le_of_lt_succ hi) with
        | .inl lt => below i lt
        | .inr eq => (Fin.ext eq : i = ⟨k, h⟩) ▸ yes

/-- `Nat.decidableForallFin`. -/
@[noinline] def decidableForallFin {n : Nat} (P : Fin n → Prop) [DecidablePred P] : Decidable (∀ i, P i) :=
  match decideBelow P n (Nat.le_refl n) with
  | isFalse no => isFalse fun all => no fun i _ => all i
  | isTrue all => isTrue fun i => all i i.isLt

@[csimp] theorem decidableForallFin_eq : @Nat.decidableForallFin = @decidableForallFin := by
  funext n P _
  exact Subsingleton.elim _ _

end LeanPythonBridge.StandIns
