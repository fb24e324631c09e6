module

public import LeanPythonBridge.Certificate.Literals
public import LeanPythonBridge.Certificate.Message
public meta import Init
public meta import Lean.Elab.Tactic.Basic
public meta import Lean.Meta.Tactic.TryThis

/-!
# The tactic `certified`

    theorem solved : ∃ answer, SolveOperation.operation.Meaning system answer := by
      certified "solve"

asks the operation the question in the goal, and closes the goal with the answer: `check` is evaluated by the kernel, and
`sound` makes that a proof. `certified? "solve"` prints the proof with the answer in it, which needs nobody any more. It
also makes a `CertifiedAnswer` of an operation and a question.

Nothing here is trusted. Whatever this file does, and whoever answers: what closes the goal is a term, which the kernel
checks as it checks every other one.

The answer comes from `lpb`. Where `lpb check` runs, it puts answers into a folder: the one that `LPB_ANSWERS` names, or
the one beside the file that is called as the file with `.answers` at its end. Otherwise `lpb answer` is run as a child
process; `LPB` names another program. What either gives is the text of a Lean term.

The embedded engine runs this file as well, and cannot compile all that Lean's library offers for elaborators: contexts
and references are passed by hand, and there are neither `for` nor interpolated messages.
-/

public section

namespace LeanPythonBridge.Tactic

open Lean Elab Tactic

/-! ## What a goal asks -/

/-- What a goal asks. -/
meta structure Goal where
  /-- The name of the constant that is the operation. -/
  operation : Name
  /-- The question, closed. -/
  question : Expr
  /-- Whether the goal is a `CertifiedAnswer`, and not that there is an answer. -/
  isStructure : Bool

/-- An expression without its annotations. -/
meta def bare : Expr → Expr
  | .mdata _ e => bare e
  | e => e

/-- The operation and the question of a statement about an answer: `operation.Meaning q a`, or `Operation.Meaning q a`,
where the operation is `Operation.operation`. -/
meta def meaning? (statement : Expr) : Option (Name × Expr) :=
  match bare statement with
  | .app (.app head question) _ =>
    match bare head with
    | .app (.const ``CertifiedOperation.Meaning _) operation =>
      match bare operation with
      | .const name _ => some (name, question)
      | _ => none
    | .const (.str operation "Meaning") _ => some (.str operation "operation", question)
    | _ => none
  | _ => none

/-- What a goal asks, when it is of the form. -/
meta def goal? (type : Expr) : Option Goal :=
  match bare type with
  | .app (.app (.const ``Exists _) _) predicate =>
    match bare predicate with
    | .lam _ _ body _ =>
      match meaning? body with
      | some (operation, question) => some { operation, question, isStructure := false }
      | none => none
    | _ => none
  | .app (.app (.const `LeanPythonBridge.CertifiedAnswer _) operation) question =>
    match bare operation with
    | .const name _ => some { operation := name, question, isStructure := true }
    | _ => none
  | _ => none

/-! ## What the kernel makes of it -/

/-- A natural number that the kernel evaluates a term to. -/
meta def number? (environment : Environment) (term : Expr) : Option Nat :=
  match Kernel.whnf environment {} term with
  | .ok (.lit (.natVal n)) => some n
  | .ok (.const ``Nat.zero _) => some 0
  | .ok (.app (.const ``Nat.succ _) rest) =>
    match Kernel.whnf environment {} rest with
    | .ok (.lit (.natVal n)) => some (n + 1)
    | _ => none
  | _ => none

/-- A string that the kernel evaluates a term to. -/
meta def string? (environment : Environment) (term : Expr) : Option String :=
  match Kernel.whnf environment {} term with
  | .ok (.lit (.strVal text)) => some text
  | _ => none

/-- A digit to base 16. -/
meta def digit (n : Nat) : Char := if n < 10 then Char.ofNat (48 + n) else Char.ofNat (87 + n)

/-- The last `2 ^ level` digits of a number to base 16, after a text. -/
meta def digits (level : Nat) (n : Nat) (text : String) : String :=
  match level with
  | 0 => text.push (digit (n % 16))
  | level + 1 =>
    let width := 4 * 2 ^ level
    digits level (n % 2 ^ width) (digits level (n >>> width) text)

/-- A number to base 16, after a text. It may begin with zeros. -/
meta def hexadecimal (n : Nat) (text : String) : String := digits ((n.log2 / 4).log2 + 1) n text

/-- The parts of the message from one on, a line each, after a text; `none` when the kernel does not get to a value. -/
meta partial def partsText (environment : Environment) (part : Expr) (index : Nat) (text : String) : Option String :=
  match number? environment (.app part (.lit (.natVal index))) with
  | none => none
  | some 0 => some text
  | some n => partsText environment part (index + 1) ((hexadecimal n text).push '\n')

/-! ## Who answers -/

/-- What the folder of answers has for a question; a question without an answer is written there. -/
meta def askFolder (folder key question : String) : IO String := do
  let file := folder ++ "/" ++ key
  if ← System.FilePath.pathExists (System.FilePath.mk (file ++ ".answer")) then
    IO.FS.readFile (System.FilePath.mk (file ++ ".answer"))
  else do
    IO.FS.writeFile (System.FilePath.mk (file ++ ".question")) question
    return "error\nthere is no answer yet: `lpb check` asks for it"

/-- What `lpb answer` says to a question. -/
meta def askProgram (question : String) : IO String := do
  let program := (← IO.getEnv "LPB").getD "lpb"
  let done ← (IO.Process.output { cmd := program, args := #["answer"] } (some question)).toBaseIO
  match done with
  | .ok done =>
    if done.exitCode == 0 then return done.stdout
    else return "error\n`" ++ program ++ " answer` failed: " ++ done.stderr
  | .error e =>
    return "error\n`" ++ program ++ "` cannot be run (" ++ e.toString ++
      "): install lean-python-bridge, have LPB name the program, or use `lpb check`"

/-- The text of the answer, after the line `answer`; or the reason why there is none, after the line `error`. -/
meta def ask (file question : String) : IO String := do
  let beside := file ++ ".answers"
  match ← IO.getEnv "LPB_ANSWERS" with
  | some folder => askFolder folder (hexadecimal (hash question).toNat "") question
  | none =>
    if ← System.FilePath.pathExists (System.FilePath.mk beside) then
      askFolder beside (hexadecimal (hash question).toNat "") question
    else askProgram question

/-! ## The proof -/

/-- A full name as text. -/
meta def nameText : Name → String
  | .str .anonymous part => part
  | .str parent part => nameText parent ++ "." ++ part
  | .num parent n => nameText parent ++ "." ++ Nat.repr n
  | .anonymous => ""

/-- The anonymous constructor of the goal, with this proof of what the checker and the arrays' sizes are. -/
meta def termText (goal : Goal) (answer proof : String) : String :=
  let sizes := if goal.isStructure then
      "LeanPythonBridge.NamedArray.allAgree_sound " ++ proof ++ ", LeanPythonBridge.NamedArray.allAgree_sound " ++ proof ++
        ", "
    else ""
  "⟨" ++ answer ++ ", " ++ sizes ++ "LeanPythonBridge.CertifiedOperation.meaning_of_accepts " ++ nameText goal.operation ++
    " " ++ proof ++ "⟩"

mutual

/-- Syntax that stands where other syntax does. -/
meta partial def placed (info : SourceInfo) (stx : Syntax) : Syntax :=
  match stx with
  | .node _ kind args => .node info kind (placedAll info args 0)
  | .atom _ text => .atom info text
  | .ident _ raw name found => .ident info raw name found
  | .missing => .missing

/-- The same of each of an array from one on. -/
meta partial def placedAll (info : SourceInfo) (args : Array Syntax) (index : Nat) : Array Syntax :=
  match args[index]? with
  | none => args
  | some arg => placedAll info (args.set! index (placed info arg)) (index + 1)

end

/-- Ends the tactic with a message. -/
meta def fail (stx : Syntax) (message : String) : TacticM Unit := fun _ _ _ _ _ _ _ _ =>
  throw (Exception.error stx (stringToMessageData message))

/-- Runs a tactic that is given as text, without recovering from errors; when it fails, the message says so. -/
meta def runText (stx : Syntax) (text message : String) : TacticM Unit := fun context state a b c d e f => do
  match Parser.runParserCategory (← f.get).env `tactic text with
  | .error reason => fail stx (message ++ " (" ++ reason ++ ")") context state a b c d e f
  | .ok parsed => do
    let info := SourceInfo.fromRef stx
    match ← (evalTactic (placed info parsed) { context with recover := false } state a b c d e f).toBaseIO with
    | .ok () => pure ()
    | .error _ => fail stx message context state a b c d e f

/-- Closes the goal with an answer: first with what is to be proven of it left open, then the kernel evaluates that. -/
meta def close (stx : Syntax) (name : String) (goal : Goal) (answer : String) (suggest : Bool) : TacticM Unit :=
  fun context state a b c d e f => do
    runText stx ("refine " ++ termText goal answer "?_") ("the answer to " ++ name ++ " is no answer that Lean can read")
      context state a b c d e f
    runText stx "all_goals decide +kernel"
      ("the answer to " ++ name ++ " does not hold: Lean's kernel evaluates the operation's checker, and it says no. " ++
        "Nothing is proven; whoever answered has computed wrongly, or lied")
      context state a b c d e f
    if suggest then
      Meta.Tactic.TryThis.addSuggestion stx
        { suggestion := .string ("exact " ++ termText goal answer "(by decide +kernel)") } none "Try this:" none .none e f
    else pure ()

/-- Why a goal has no question that can be asked. -/
meta def refusal? (environment : Environment) (goal : Goal) (name : String) : Option String :=
  if goal.question.hasLooseBVars || goal.question.hasFVar || goal.question.hasExprMVar then
    some "the question is not closed: it must be the same for every variable in the context"
  else if !environment.contains goal.operation then
    some ("there is no operation " ++ nameText goal.operation)
  else match string? environment (.app (.const ``CertifiedOperation.name []) (.const goal.operation [])) with
    | none => some (nameText goal.operation ++ " is no certified operation")
    | some actual =>
      if actual == name then none
      else some ("the goal is about the operation " ++ actual ++ ", and not about " ++ name)

/-- What both tactics do. -/
meta def certified (stx : Syntax) (suggest : Bool) : TacticM Unit := fun context state a b c d e f => do
  let name := (stx.getArg 1).isStrLit?.getD ""
  let type ← match (← state.get).goals with
    | [] => pure (Expr.sort .zero)
    | goal :: _ => do
      let type ← goal.getType c d e f
      Meta.whnfR (← (instantiateMVars type : MetaM Expr) c d e f) c d e f
  match goal? type with
  | none =>
    fail stx ("the goal is not of the form `∃ answer, operation.Meaning question answer`, nor " ++
      "`CertifiedAnswer operation question`, with a constant as the operation") context state a b c d e f
  | some goal =>
    let environment := (← f.get).env
    match refusal? environment goal name with
    | some reason => fail stx reason context state a b c d e f
    | none =>
      let part := Expr.app (.app (.const ``CertifiedOperation.messagePart []) (.const goal.operation [])) goal.question
      match partsText environment part 0 "" with
      | none =>
        fail stx ("the question cannot be evaluated by the kernel: write it with literals, as `NamedArray.matrix` and " ++
          "`NamedArray.vector` take them") context state a b c d e f
      | some "" =>
        fail stx "the question cannot be sent: an array has not the bytes that its shape asks for, or a name is not valid"
          context state a b c d e f
      | some question =>
        match ← (ask e.fileName question).toBaseIO with
        | .error reason => fail stx reason.toString context state a b c d e f
        | .ok text =>
          if text.startsWith "answer\n" then
            close stx name goal (text.drop 7).toString suggest context state a b c d e f
          else fail stx (name ++ ": " ++ (text.drop 6).toString) context state a b c d e f

/-- `certified "NAME"` closes `∃ answer, operation.Meaning question answer`: it asks the operation, and the kernel checks
the answer. -/
syntax (name := certifiedTactic) "certified " str : tactic

/-- `certified? "NAME"` does what `certified` does, and prints the proof with the answer in it, which needs no server. -/
syntax (name := certifiedTryTactic) "certified? " str : tactic

/-- `certified`. -/
@[tactic certifiedTactic] meta def evalCertified : Tactic := fun stx => certified stx false

/-- `certified?`. -/
@[tactic certifiedTryTactic] meta def evalCertifiedTry : Tactic := fun stx => certified stx true

end LeanPythonBridge.Tactic
