module

/-!
# Who gives back what: the library's functions in compiled code

The compiler decides from a function's Lean declaration whether a call gives away its reference to an argument or lends
it. The runtime library decides in C. Where they disagree, each call leaves an object behind, or frees one too often.

Each line calls one function on a new object to which `probe` holds a second reference, and prints how many are left:
one is right. `test_ownership.py` compares the functions with those that the C of our programs calls.
-/

@[expose] public section

namespace Ownership

/-- Prints how many references to `make n` are left after `use (make n)` and its result are gone. -/
@[extern "lpb_probe"]
opaque probe {α β : Type} (name : @& String) (make : @& (Nat → α)) (use : @& (α → β)) : IO Unit

/-- As `probe`, for a function that acts. -/
@[extern "lpb_probe_io"]
opaque probeIO {α β : Type} (name : @& String) (make : @& (Nat → α)) (use : @& (α → IO β)) : IO Unit

def natural (n : Nat) : Nat := 2 ^ 70 + n
def integer (n : Nat) : Int := Int.ofNat (natural n)
def text (n : Nat) : String := "text " ++ toString n
def texts (n : Nat) : List String := [text n, text (n + 1)]
def chars (n : Nat) : List Char := (text n).toList
def array (n : Nat) : Array Nat := #[].push (natural n)
def words (n : Nat) : Array Float := #[].push (Float.ofNat n)
def bytes (n : Nat) : ByteArray := ByteArray.empty.push (UInt8.ofNat n)
def floats (n : Nat) : FloatArray := FloatArray.empty.push (Float.ofNat n)
def rational (n : Nat) : Rat := Rat.ofInt (integer n)
def failure (n : Nat) : IO.Error := IO.userError (text n)

def naturals (other : Nat) : IO Unit := do
  probe "Nat.add 1" natural fun x => some (x + other)
  probe "Nat.add 2" natural fun x => some (other + x)
  probe "Nat.sub 1" natural fun x => some (x - other)
  probe "Nat.sub 2" natural fun x => some (other - x)
  probe "Nat.mul 1" natural fun x => some (x * other)
  probe "Nat.mul 2" natural fun x => some (other * x)
  probe "Nat.div 1" natural fun x => some (x / other)
  probe "Nat.div 2" natural fun x => some (other / x)
  probe "Nat.mod 1" natural fun x => some (x % other)
  probe "Nat.mod 2" natural fun x => some (other % x)
  probe "Nat.land 1" natural fun x => some (x &&& other)
  probe "Nat.land 2" natural fun x => some (other &&& x)
  probe "Nat.lor 1" natural fun x => some (x ||| other)
  probe "Nat.lor 2" natural fun x => some (other ||| x)
  probe "Nat.pow" natural fun x => some (x ^ 2)
  probe "Nat.shiftLeft" natural fun x => some (x <<< 2)
  probe "Nat.shiftRight 1" natural fun x => some (x >>> other)
  probe "Nat.shiftRight 2" natural fun x => some (other >>> x)
  probe "Nat.log2" natural fun x => some (x.log2 + 1)
  probe "Nat.decEq 1" natural fun x => some (x == other)
  probe "Nat.decEq 2" natural fun x => some (other == x)
  probe "Nat.decLe 1" natural fun x => some (decide (x ≤ other))
  probe "Nat.decLe 2" natural fun x => some (decide (other ≤ x))
  probe "Nat.decLt 1" natural fun x => some (decide (x < other))
  probe "Nat.decLt 2" natural fun x => some (decide (other < x))
  probe "Nat.blt 1" natural fun x => some (Nat.blt x other)
  probe "Nat.blt 2" natural fun x => some (Nat.blt other x)
  probe "Nat.repr" natural fun n => some (toString n)
  probe "Float.ofNat" natural fun x => some (Float.ofNat x)
  probe "Float.ofScientific" natural fun x => some (Float.ofScientific x true 3)
  probe "UInt8.ofNat" natural fun x => some (UInt8.ofNat x)
  probe "UInt32.ofNat" natural fun x => some (UInt32.ofNat x)
  probe "UInt64.ofNat" natural fun x => some (UInt64.ofNat x)
  probe "Char.ofNat" natural fun x => some (Char.ofNat x)
  probe "Array.mkEmpty" natural fun n => some (if n = other then Array.mkEmpty (α := Nat) n else #[])

def integers (other : Int) : IO Unit := do
  probe "Int.ofNat" natural fun x => some (Int.ofNat x)
  probe "Int.negSucc" natural fun x => some (Int.negSucc x)
  probe "Int.natAbs" integer fun x => some (x.natAbs + 1)
  probe "Int.natAbs of a negative" (fun n => - integer n) fun x => some (x.natAbs + 1)
  probe "Int.neg" integer fun x => some (- x)
  probe "Int.add 1" integer fun x => some (x + other)
  probe "Int.add 2" integer fun x => some (other + x)
  probe "Int.sub 1" integer fun x => some (x - other)
  probe "Int.sub 2" integer fun x => some (other - x)
  probe "Int.pow" integer fun x => some (x ^ 2)
  probe "Int.decEq 1" integer fun x => some (x == other)
  probe "Int.decEq 2" integer fun x => some (other == x)
  probe "Int.decLe 1" integer fun x => some (decide (x ≤ other))
  probe "Int.decLe 2" integer fun x => some (decide (other ≤ x))
  probe "Int.decLt 1" integer fun x => some (decide (x < other))
  probe "Int.decLt 2" integer fun x => some (decide (other < x))
  probe "Rat.ofInt" integer fun x => some (Rat.ofInt x)
  probe "Rat.div 1" rational fun x => some (x / Rat.ofInt 3)
  probe "Rat.div 2" rational fun x => some (Rat.ofInt 3 / x)

def strings (other : String) : IO Unit := do
  probe "String.append 1" text fun x => some (x ++ other)
  probe "String.append 2" text fun x => some (other ++ x)
  probe "String.push" text fun x => some (x.push 'c')
  probe "String.ofList" chars fun x => some (String.ofList x)
  probe "String.toList" text fun x => some (String.toList x)
  probe "String.decEq 1" text fun x => some (x == other)
  probe "String.decEq 2" text fun x => some (other == x)
  probe "String.utf8ByteSize" text fun x => some (String.utf8ByteSize x)
  probe "String.toUTF8" text fun x => some (String.toUTF8 x)
  probe "String.toByteArray" text fun x => some (String.toByteArray x)
  probe "String.toNat?" text fun x => some (String.toNat? x)
  probe "String.splitOn 1" text fun x => some (x.splitOn other)
  probe "String.splitOn 2" text fun x => some (other.splitOn x)
  probe "String.intercalate 1" text fun x => some (x.intercalate [other, other])
  probe "String.intercalate 2" texts fun x => some (other.intercalate x)
  probe "IO.Error.toString" failure fun e => some (toString e)
  probe "Lean.Name.mkStr1" text fun x => some (Lean.Name.mkStr1 x)
  probe "Lean.Name.mkStr4" text fun s => some (Lean.Name.mkStr4 s s s s)
  probe "Lean.mkAtom" text fun x => some (Lean.mkAtom x)
  probeIO "IO.getEnv" text fun s => do let _ ← IO.getEnv s
  probeIO "IO.mkRef, get, set" text fun s => do
    let reference ← IO.mkRef s
    reference.set (← reference.get)

def arrays (item : Nat) : IO Unit := do
  probe "Array.push 1" array fun x => some (x.push item)
  probe "Array.push 2" natural fun x => some (#[].push x)
  probe "Array.toList" array fun x => some (Array.toList x)
  probe "ByteArray.get! 1" bytes fun x => some (x.get! 0)
  probe "ByteArray.get! 2" natural fun n => some ((bytes 1).get! n)
  probe "ByteArray.extract" bytes fun x => some (x.extract 0 1)
  probe "ByteArray.copySlice 1" bytes fun x => some (x.copySlice 0 (bytes 1) 0 1)
  probe "ByteArray.copySlice 2" bytes fun x => some ((bytes 1).copySlice 0 x 0 1)
  probe "ByteArray.push" bytes fun x => some (x.push 1)
  probe "ByteArray.size" bytes fun x => some (x.size + 1)
  probe "ByteArray.data" bytes fun x => some (ByteArray.data x)
  probe "ByteArray.toList" bytes fun x => some (ByteArray.toList x)
  probe "FloatArray.mk" words fun x => some (FloatArray.mk x)
  probe "FloatArray.push" floats fun x => some (x.push 1.5)
  probe "FloatArray.size" floats fun x => some (x.size + 1)
  probe "FloatArray.get! 1" floats fun x => some (x.get! 0)
  probe "FloatArray.get! 2" natural fun n => some ((floats 1).get! n)

end Ownership

open Ownership in
def main (arguments : List String) : IO Unit := do
  let n := arguments.length
  naturals (natural n)
  integers (integer n)
  strings (text n)
  arrays (natural n)
