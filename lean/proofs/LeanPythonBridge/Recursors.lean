module

/-!
# Recursors, as they are compiled

Checkers are written with recursors themselves where the kernel evaluates these faster than what recursion is compiled
to. Lean's compiler knows no recursors: each one stands here again, as a recursive function, with the theorem that it is
the same, by which the compiler takes it. So whatever a checker is made of runs in compiled code as well.

Compiled code evaluates both cases of a recursor before it takes one, unless it is `Bool`'s, or the case is a function.
Where that matters, a function has a compiled form of its own (`Certificate.joinPairs`).
-/

@[expose] public section

namespace LeanPythonBridge.Recursors
universe u v

/-- `Bool.rec`. -/
@[inline] def boolRec {motive : Bool → Sort u} (false : motive false) (true : motive true) (t : Bool) : motive t :=
  match t with
  | .false => false
  | .true => true

@[csimp] theorem boolRec_eq : @Bool.rec.{u} = @boolRec.{u} := by
  funext motive f t b
  cases b <;> rfl

/-- `Nat.rec`. -/
@[specialize] def natRec {motive : Nat → Sort u} (zero : motive Nat.zero)
    (succ : (n : Nat) → motive n → motive (Nat.succ n)) (t : Nat) : motive t :=
  match t with
  | 0 => zero
  | n + 1 => succ n (natRec zero succ n)

@[csimp] theorem natRec_eq : @Nat.rec.{u} = @natRec.{u} := by
  funext motive zero succ t
  induction t with
  | zero => rfl
  | succ n ih => exact congrArg (succ n) ih

/-- `List.rec`. -/
@[specialize] def listRec {α : Type v} {motive : List α → Sort u} (nil : motive [])
    (cons : (head : α) → (tail : List α) → motive tail → motive (head :: tail)) (t : List α) : motive t :=
  match t with
  | [] => nil
  | head :: tail => cons head tail (listRec nil cons tail)

@[csimp] theorem listRec_eq : @List.rec.{u, v} = @listRec.{u, v} := by
  funext α motive nil cons t
  induction t with
  | nil => rfl
  | cons head tail ih => exact congrArg (cons head tail) ih

end LeanPythonBridge.Recursors
