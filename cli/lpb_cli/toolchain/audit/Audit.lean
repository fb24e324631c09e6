module

public import Lean.Replay

/-!
# Replay and axiom audit

Reads compiled modules (`.olean` files) as data, in a process that has run nothing of theirs, and sends every
declaration through the kernel again. What is reported as proven is what this program says, never what the elaborator
said: an elaborator can be told to drop its messages, to skip the kernel or to write an axiom.

    Audit PLAN

Each line of the file PLAN is a module, after those that it imports, with tabs between its parts. `import` and a name: a
module that an earlier run of this program accepted, from the same bytes; it is imported, as the library is. `check`, a
name and its files (`.olean` and, when the module has them, `.olean.server` and `.olean.private`): a module to replay.

Prints a JSON object a line: one for each module that was replayed, and `{"event": "done"}` at the very end. The axioms of
a module are those that its own terms name, and those that the library's constants in them rest on; what it imports from
modules of the plan has its own line. Where the library (`Init`, `Std`, `Lean`) comes without the proofs of its theorems,
as in the embedded engine, they are taken as proven. This program avoids `for` and `s!"…"` of names: the
embedded engine cannot compile them.
-/

@[expose] public section

open Lean

namespace LeanPythonBridge.Audit

/-! ## Tables and texts -/

/-- A binary search tree, ordered by the hashes of names. -/
inductive Table (α : Type) where
  /-- No entry. -/
  | empty
  /-- An entry, those with smaller hashes, the others. -/
  | node (name : Name) (value : α) (left right : Table α)

/-- The value of a name. -/
def Table.find? (table : Table α) (name : Name) : Option α :=
  match table with
  | .empty => none
  | .node n value left right =>
    if name.hash < n.hash then left.find? name else if n == name then some value else right.find? name

/-- The table with one more entry, or another value. -/
def Table.insert (table : Table α) (name : Name) (value : α) : Table α :=
  match table with
  | .empty => .node name value .empty .empty
  | .node n old left right =>
    if name.hash < n.hash then .node n old (left.insert name value) right
    else if n == name then .node n value left right
    else .node n old left (right.insert name value)

/-- Does something with each item of an array. -/
partial def eachIn (items : Array α) (f : α → IO Unit) (start : Nat := 0) : IO Unit :=
  match items[start]? with
  | none => pure ()
  | some item => do f item; eachIn items f (start + 1)

/-- Does something with each item of a list. -/
def each (items : List α) (f : α → IO Unit) : IO Unit :=
  match items with
  | [] => pure ()
  | item :: rest => do f item; each rest f

/-- Whether a character can stand in a name without quotes. -/
def isPlain (c : Char) : Bool :=
  c.isAlphanum || c == '_' || c == '\'' || c == '!' || c == '?' || c.toNat > 127 && c != '«' && c != '»'

/-- Whether all characters are plain, and there are any. -/
def allPlain (characters : List Char) : Bool :=
  match characters with
  | [] => true
  | c :: rest => isPlain c && allPlain rest

/-- A name as text; a part that holds a dot or the like stands in quotes, so that two names never look the same. -/
def nameText : Name → String
  | .anonymous => ""
  | .str parent part =>
    let part := if allPlain part.toList && part.length != 0 then part else "«" ++ part ++ "»"
    match parent with
    | .anonymous => part
    | _ => nameText parent ++ "." ++ part
  | .num .anonymous n => Nat.repr n
  | .num parent n => nameText parent ++ "." ++ Nat.repr n

/-- A character below a space as JSON has it. -/
def control (c : Char) : String :=
  let digit (n : Nat) : Char := if n < 10 then Char.ofNat (48 + n) else Char.ofNat (87 + n)
  ("\\u00".push (digit (c.toNat / 16))).push (digit (c.toNat % 16))

/-- The inside of a JSON string. -/
def escape (text : String) : String :=
  let rec go : List Char → String → String
    | [], written => written
    | c :: rest, written =>
      go rest (if c == '"' then written ++ "\\\"" else if c == '\\' then written ++ "\\\\"
        else if c.toNat < 32 then written ++ control c else written.push c)
  go text.toList ""

/-- A JSON string. -/
def quote (text : String) : String := "\"" ++ escape text ++ "\""

/-- A JSON list. -/
def listText (items : List String) : String :=
  let rec go : List String → String → String
    | [], written => written
    | [item], written => written ++ item
    | item :: rest, written => go rest (written ++ item ++ ", ")
  go items "[" ++ "]"

/-- A list in the other order. -/
def reversed (items : List α) : List α :=
  let rec go : List α → List α → List α
    | [], out => out
    | item :: rest, out => go rest (item :: out)
  go items []

/-- What a function gives for each item of a list. -/
def mapped (items : List α) (f : α → β) : List β :=
  match items with
  | [] => []
  | item :: rest => f item :: mapped rest f

/-- Two lists as one of pairs. -/
def paired : List α → List β → List (α × β)
  | a :: rest, b :: others => (a, b) :: paired rest others
  | _, _ => []

/-- Whether a name is in a list. -/
def isIn (name : Name) (names : List Name) : Bool :=
  match names with
  | [] => false
  | n :: rest => n == name || isIn name rest

/-- The first list with what is only in the second. -/
def union (names others : List Name) : List Name :=
  match others with
  | [] => names
  | n :: rest => union (if isIn n names then names else n :: names) rest

/-! ## What is looked for -/

/-- The axioms that a proof may rest on. -/
def allowedAxioms : List Name := [`propext, `Classical.choice, `Quot.sound]

/-- The library's other axioms, and what trusts the compiler: a proof that rests on one of them proves nothing to the
kernel. -/
def refusedAxioms : List Name :=
  [`sorryAx, `Lean.ofReduceBool, `Lean.ofReduceNat, `Lean.reduceBool, `Lean.reduceNat, `Lean.trustCompiler, `lcProof,
    `lcUnreachable, `lcAny]

/-- Attributes that make compiled code run something else than what was proven. -/
def codeAttributes : List (Name × String) :=
  [(`Lean.Compiler.implementedByAttr, "implemented_by"), (`Lean.externAttr, "extern"),
    (`Lean.regularInitAttr, "init"), (`Lean.exportAttr, "export")]

/-- Classes that notation goes through: an instance for a type of the library changes what its notation means. -/
def notationClasses : List Name :=
  [`LE, `LT, `BEq, `Add, `Sub, `Mul, `Div, `Mod, `Neg, `Pow, `NatPow, `Inv, `Zero, `One, `OfNat, `OfScientific, `Min, `Max,
    `HAdd, `HSub, `HMul, `HDiv, `HMod, `HPow, `HAppend, `HOr, `HAnd, `HXor, `HShiftLeft, `HShiftRight, `HSMul, `SMul,
    `Append, `Dvd, `Membership, `GetElem, `GetElem?, `EmptyCollection, `Insert, `Singleton, `Union, `Inter, `SDiff,
    `HasSubset, `HasSSubset, `HasEquiv, `HOrElse, `HAndThen, `Coe, `CoeTail, `CoeHead, `CoeOut, `CoeDep, `CoeT, `CoeFun,
    `CoeSort, `NatCast, `IntCast, `Complement, `ShiftLeft, `ShiftRight, `AndOp, `OrOp, `XorOp, `Setoid]

/-- Namespaces whose types are those of parsers, macros and elaborators. -/
def syntaxNamespaces : List Name :=
  [`Lean.Parser, `Lean.Elab, `Lean.Meta, `Lean.PrettyPrinter, `Lean.Macro, `Lean.MacroM, `Lean.ParserDescr,
    `Lean.TrailingParserDescr, `Lean.AttributeImpl]

/-- Whether the name, or a namespace that it is in, is in the list. -/
def isBelow (name : Name) (names : List Name) : Bool :=
  isIn name names || match name with
    | .anonymous => false
    | .str parent _ => isBelow parent names
    | .num parent _ => isBelow parent names

/-- Theorems and definitions whose statement is printed, by the last part of their names. -/
def shownNames : List String :=
  ["check_sound", "checkChunks_sound", "holds_of_check", "sound", "Certified", "Meaning", "Holds", "Hold"]

/-- Whether a text is in a list. -/
def isText (text : String) (items : List String) : Bool :=
  match items with
  | [] => false
  | item :: rest => item == text || isText text rest

/-- Whether the statement of this name is printed. -/
def isShown : Name → Bool
  | .str _ part => isText part shownNames
  | _ => false

/-! ## The state -/

/-- A module as it was read. -/
structure Module where
  /-- Its name. -/
  name : Name
  /-- Everything that its most private file holds. -/
  data : ModuleData

/-- What is known at some moment. -/
structure State where
  /-- The library, and modules of the plan that were imported. -/
  imported : Kernel.Environment
  /-- Whether a constant comes from the library. -/
  isLibrary : Name → Bool
  /-- Whether the library came without the proofs of its theorems. -/
  bare : Bool
  /-- What was imported, and what was added to it. -/
  environment : Kernel.Environment
  /-- Whether the kernel checks what is added. -/
  checked : Bool := true
  /-- The axioms that constants of the library rest on, as far as they are known. -/
  libraryAxioms : Table (List Name) := .empty
  /-- The same of the module at hand. -/
  axioms : Table (List Name) := .empty
  /-- The constants of the module at hand. -/
  todo : Table ConstantInfo := .empty
  /-- Which of them were looked at. -/
  visited : NameSet := {}
  /-- Constructors and recursors, which the kernel makes itself. -/
  generated : List ConstantInfo := []
  /-- How many declarations the kernel accepted. -/
  replayed : Nat := 0
  /-- How many were left out: `unsafe` or `partial`, which no proof can use. -/
  skipped : Nat := 0
  /-- What was wrong: the constant, and what with it. -/
  problems : List (Name × String) := []
  /-- The modules of the plan, each with what it imports. -/
  imports : Table (List Name) := .empty
  /-- The module of each constant that was replayed. -/
  owners : Table Name := .empty
  /-- The module of a constant that was imported. -/
  importedOwner : Name → Option Name
  /-- The modules of the plan that the module at hand imports, directly or not, and itself. -/
  visible : NameSet := {}

/-- The state of an audit that runs. -/
abbrev Audit := IO.Ref State

/-- Notes that something is wrong. -/
def problem (audit : Audit) (name : Name) (text : String) : IO Unit :=
  audit.modify fun s => { s with problems := (name, text) :: s.problems }

/-- What the kernel says of a declaration that it refuses. -/
def refusal : Kernel.Exception → String
  | .unknownConstant _ name => "it uses " ++ nameText name ++ ", which does not exist"
  | .alreadyDeclared _ _ => "it is declared twice"
  | .declTypeMismatch .. => "its proof or value has another type than is stated"
  | .declHasMVars .. => "it is not complete"
  | .declHasFVars .. => "it is not closed"
  | .funExpected .. | .typeExpected .. | .letTypeMismatch .. | .exprTypeMismatch .. | .appTypeMismatch .. =>
    "it is not well typed"
  | .invalidProj .. => "it has an invalid projection"
  | .thmTypeIsNotProp .. => "it is a theorem and its type is no proposition"
  | .other text => text
  | .deterministicTimeout => "it takes the kernel too long"
  | .excessiveMemory => "it takes the kernel too much memory"
  | .deepRecursion => "it is too deep for the kernel"
  | .interrupted => "the kernel was interrupted"

/-! ## Axioms -/

/-- The constants that a declaration uses, in its type and in its value. -/
def eachUsed (info : ConstantInfo) (f : Name → IO Unit) : IO Unit := do
  eachIn info.type.getUsedConstants f
  match info with
  | .defnInfo v => eachIn v.value.getUsedConstants f
  | .thmInfo v => eachIn v.value.getUsedConstants f
  | .opaqueInfo v => eachIn v.value.getUsedConstants f
  | .inductInfo v => each v.ctors f
  | _ => pure ()

/-- Notes the axioms that a constant rests on. -/
def note (audit : Audit) (name : Name) (library : Bool) (axioms : List Name) : IO Unit :=
  audit.modify fun s =>
    if library then { s with libraryAxioms := s.libraryAxioms.insert name axioms }
    else { s with axioms := s.axioms.insert name axioms }

/-- The axioms that a constant of the module at hand, or of the library, rests on. -/
partial def axiomsOf (audit : Audit) (name : Name) : IO (List Name) := do
  if isIn name refusedAxioms then return [name]
  let s ← audit.get
  let library := s.isLibrary name
  match (if library then s.libraryAxioms else s.axioms).find? name with
  | some known => return known
  | none =>
    match if library then s.imported.find? name else s.todo.find? name with
    | none => return []
    | some info =>
      let itself := match info with
        | .axiomInfo _ => !library || !s.bare || isIn name allowedAxioms
        | _ => false
      note audit name library [] -- a recursive type leads back to itself
      let found ← IO.mkRef (if itself then [name] else [])
      if library && s.bare then pure ()
      else eachUsed info fun used => do
        let more ← axiomsOf audit used
        found.modify (union · more)
      let all ← found.get
      note audit name library all
      return all

/-! ## Replay -/

/-- Options under which the kernel adds without checking. -/
def unchecked : Options := ({} : Options).insert `debug.skipKernelTC (.ofBool true)

/-- Gives a declaration to the kernel. -/
def addDecl (audit : Audit) (name : Name) (declaration : Declaration) : IO Unit := do
  let s ← audit.get
  match s.environment.addDecl (if s.checked then {} else unchecked) declaration with
  | .ok environment => audit.set { s with environment, replayed := s.replayed + 1 }
  | .error e => problem audit name ("the kernel refuses it: " ++ refusal e)

/-- Whether a name is declared already, in the same way: two modules that do not import one another may both hold the
same equation of a function. A theorem may have another proof: `addAgain`. -/
def isSame (old new : ConstantInfo) : Bool :=
  old.type == new.type && match old, new with
    | .thmInfo _, .thmInfo _ => true
    | .axiomInfo _, .thmInfo _ => true
    | .defnInfo v, .defnInfo w => v.value == w.value
    | .opaqueInfo v, .opaqueInfo w => v.value == w.value
    | .inductInfo v, .inductInfo w => v.ctors == w.ctors && v.numParams == w.numParams && v.all == w.all
    | .ctorInfo v, .ctorInfo w => v == w
    | .recInfo v, .recInfo w => v == w
    | _, _ => false

/-- A theorem that has been declared already, by a module that this one does not import: the kernel checks this proof of
it under another name, which is forgotten again. -/
def addAgain (audit : Audit) (info : ConstantInfo) : IO Unit := do
  match info with
  | .thmInfo v => do
    let s ← audit.get
    addDecl audit v.name (.thmDecl { v with name := .str v.name "_again" })
    audit.modify fun after => { after with environment := s.environment }
  | _ => pure ()

mutual

/-- Adds a constant of the module at hand, after all that it uses. A circle of proofs ends at a constant that the kernel
does not know. -/
partial def visit (audit : Audit) (name : Name) : IO Unit := do
  let s ← audit.get
  if s.visited.contains name then return
  match s.todo.find? name with
  | none => pure ()
  | some info => do
    audit.set { s with visited := s.visited.insert name }
    if info.isUnsafe || info.isPartial then
      audit.modify fun s => { s with skipped := s.skipped + 1 }
    else do
      eachUsed info (visit audit)
      match info with
      | .ctorInfo v => visit audit v.induct
      | .recInfo v => each v.all (visit audit)
      | _ => pure ()
      match s.environment.find? name with
      | none => add audit info
      | some old =>
        if isSame old info then addAgain audit info else problem audit name "something else has this name already"

/-- Adds a constant whose dependencies are there. -/
partial def add (audit : Audit) (info : ConstantInfo) : IO Unit := do
  match info with
  | .defnInfo v => addDecl audit v.name (.defnDecl v)
  | .thmInfo v => addDecl audit v.name (.thmDecl v)
  | .opaqueInfo v => addDecl audit v.name (.opaqueDecl v)
  | .axiomInfo v => addDecl audit v.name (.axiomDecl v)
  | .quotInfo v => problem audit v.name "a module of ours cannot declare quotients"
  | .inductInfo v => do
    let types ← typesOf audit v.all
    let s ← audit.get
    -- The others of a mutual block come with the first one.
    if (s.environment.find? v.name).isSome then pure ()
    else addDecl audit v.name (.inductDecl v.levelParams v.numParams types false)
  | .ctorInfo _ => audit.modify fun s => { s with generated := info :: s.generated }
  | .recInfo _ => audit.modify fun s => { s with generated := info :: s.generated }

/-- The types of a mutual block, after all that they use. -/
partial def typesOf (audit : Audit) (names : List Name) : IO (List InductiveType) := do
  match names with
  | [] => return []
  | name :: rest => do
    let s ← audit.get
    match s.todo.find? name with
    | some (.inductInfo v) => do
      audit.set { s with visited := s.visited.insert name }
      eachIn v.type.getUsedConstants (visit audit)
      let ctors ← constructorsOf audit v.ctors
      return { name, type := v.type, ctors } :: (← typesOf audit rest)
    | _ => do
      problem audit name "it is missing"
      typesOf audit rest

/-- The constructors of a type, after all that they use. -/
partial def constructorsOf (audit : Audit) (names : List Name) : IO (List Constructor) := do
  match names with
  | [] => return []
  | name :: rest => do
    let s ← audit.get
    match s.todo.find? name with
    | some (.ctorInfo v) => do
      eachIn v.type.getUsedConstants (visit audit)
      return { name, type := v.type } :: (← constructorsOf audit rest)
    | _ => do
      problem audit name "it is missing"
      constructorsOf audit rest

end

/-- Constructors and recursors must be those that the kernel made. -/
def compareGenerated (audit : Audit) : IO Unit := do
  let s ← audit.get
  each s.generated fun info =>
    match info, s.environment.find? info.name with
    | .ctorInfo v, some (.ctorInfo w) => if v == w then pure () else problem audit v.name "it is not the kernel's own"
    | .recInfo v, some (.recInfo w) => if v == w then pure () else problem audit v.name "it is not the kernel's own"
    | _, _ => problem audit info.name "the kernel did not make it"

/-- Adds all constants of a module. -/
def replay (audit : Audit) (m : Module) (checked : Bool) : IO Unit := do
  audit.modify fun s =>
    { s with checked, todo := .empty, axioms := .empty, visited := {}, generated := [], replayed := 0, skipped := 0, problems := [] }
  if m.data.constNames.size != m.data.constants.size then problem audit m.name "its file is damaged"
  eachIn m.data.constants fun info => do
    if ((← audit.get).todo.find? info.name).isSome then problem audit info.name "its file holds it twice"
    audit.modify fun s =>
      { s with todo := s.todo.insert info.name info, owners := s.owners.insert info.name m.name }
  eachIn m.data.constants fun info => visit audit info.name
  compareGenerated audit

/-! ## What stands in a module -/

/-- Where declarations begin: the lines of those that a person, or a macro of a person's, wrote. -/
unsafe def linesOfUnsafe (data : ModuleData) : IO (Table Nat) := do
  let found ← IO.mkRef (Table.empty : Table Nat)
  eachIn data.entries fun (extension, entries) =>
    if extension == `Lean.declRangeExt then
      eachIn entries fun entry =>
        let (name, ranges) := (unsafeCast entry : Name × DeclarationRanges)
        found.modify (·.insert name ranges.range.pos.line)
    else pure ()
  found.get

/-- `linesOfUnsafe`, for what it reads: the entries of an extension whose type is known by its name. -/
@[implemented_by linesOfUnsafe] opaque linesOf (data : ModuleData) : IO (Table Nat)

/-- The head of what a type is about: `LE` of `∀ α, [Foo α] → LE (Bar α)`, and its arguments. -/
def resultOf : Expr → Expr
  | .forallE _ _ body _ => resultOf body
  | .mdata _ e => resultOf e
  | e => e

/-- The constant that an application applies. -/
def headOf (e : Expr) : Name :=
  match e with
  | .app f _ => headOf f
  | .const name _ => name
  | .mdata _ e => headOf e
  | _ => .anonymous

/-- Whether all constants in an expression are the library's. -/
def allLibrary (s : State) (e : Expr) : Bool :=
  let rec go : List Name → Bool
    | [] => true
    | name :: rest => s.isLibrary name && go rest
  go e.getUsedConstants.toList

/-- What of a name remains below each of the namespaces that it is in, the longest first. -/
def remainders (name : Name) : List (Name × Name) :=
  let rec go : Name → Name → List (Name × Name)
    | .str parent part, rest => (parent, joined part rest) :: go parent (joined part rest)
    | _, _ => []
  go name .anonymous
where
  /-- The name `part`, followed by `rest`. -/
  joined (part : String) (rest : Name) : Name :=
    match rest with
    | .anonymous => .str .anonymous part
    | .str parent last => .str (joined part parent) last
    | .num parent n => .num (joined part parent) n

/-- The name `rest` below the namespace `outer`. -/
def below (outer rest : Name) : Name :=
  match rest with
  | .anonymous => outer
  | .str parent part => .str (below outer parent) part
  | .num parent n => .num (below outer parent) n

/-- The namespaces around a namespace, the outermost (no name) last. -/
def outside : Name → List Name
  | .str parent _ => parent :: outside parent
  | _ => []

/-- Whether the module at hand can mean this constant of a module of the plan. -/
def isVisible (s : State) (name : Name) : Bool :=
  match (s.owners.find? name).or (s.importedOwner name) with
  | some owner => s.visible.contains owner
  | none => false

/-- Looks for what makes a statement mean something else than it seems to. `written` says that a person, or a macro of a
person's, wrote the declaration. -/
def lookAtNames (audit : Audit) (written : Bool) (info : ConstantInfo) : IO Unit := do
  let s ← audit.get
  let result := resultOf info.type
  let head := headOf result
  if isBelow head syntaxNamespaces then
    problem audit info.name "it is syntax, a macro or an elaborator: a statement may mean something else than it seems to"
  if isIn head notationClasses && allLibrary s result then
    problem audit info.name ("it is an instance of " ++ nameText head ++
      " for the library's own types: what the library's notation means would change")
  each (remainders info.name) fun (space, rest) =>
    if space == .anonymous || (s.environment.find? space).isSome then pure ()
    else if s.isLibrary rest then
      problem audit info.name ("inside " ++ nameText space ++ " it hides " ++ nameText rest ++ " of the library")
    else each (if written then outside space else []) fun outer =>
      if isVisible s (below outer rest) then
        problem audit info.name ("inside " ++ nameText space ++ " it hides " ++ nameText (below outer rest))
      else pure ()

/-- The statement of a theorem, or what a definition or structure says, with full names and no notation. -/
def statement (s : State) (info : ConstantInfo) : String :=
  match info with
  | .defnInfo v => v.type.dbgToString ++ " := " ++ v.value.dbgToString
  | .inductInfo v =>
    match v.ctors with
    | [ctor] => match s.environment.find? ctor with
      | some c => c.type.dbgToString
      | none => v.type.dbgToString
    | _ => v.type.dbgToString
  | _ => info.type.dbgToString

/-- Whether a name is that of a field of a structure, whose projection of a proposition counts as a theorem. -/
def isField (s : State) : Name → Bool
  | .str structure_ field =>
    let rec binds : Expr → Bool
      | .forallE name _ body _ => name == .str .anonymous field || binds body
      | .mdata _ e => binds e
      | _ => false
    match s.todo.find? structure_ with
    | some (.inductInfo v) => match v.ctors with
      | [ctor] => match s.todo.find? ctor with
        | some info => binds info.type
        | none => false
      | _ => false
    | _ => false
  | _ => false

/-- What is printed of a module. -/
structure Findings where
  /-- The axioms that anything in it rests on. -/
  axioms : List Name := []
  /-- Its theorems, each with its line. -/
  theorems : List String := []
  /-- How many definitions, types and the like a person wrote. -/
  definitions : Nat := 0
  /-- The statements that are shown, each after its name. -/
  statements : List String := []

/-- Looks at a constant of a module. -/
def look (audit : Audit) (lines : Table Nat) (found : IO.Ref Findings) (info : ConstantInfo) : IO Unit := do
  if info.isUnsafe || info.isPartial then return
  match info with
  | .axiomInfo _ => problem audit info.name "it is an axiom: it assumes what should be proven"
  | _ => pure ()
  lookAtNames audit (lines.find? info.name).isSome info
  let rests ← axiomsOf audit info.name
  found.modify fun f => { f with axioms := union f.axioms rests }
  each rests fun a =>
    if isIn a allowedAxioms || a == info.name then pure ()
    else problem audit info.name ("it rests on the axiom " ++ nameText a)
  let s ← audit.get
  match lines.find? info.name, info with
  | none, _ => pure ()
  | some _, .ctorInfo _ => pure ()
  | some line, .thmInfo _ =>
    if isField s info.name then pure () else
      found.modify fun f => { f with theorems := listText [quote (nameText info.name), Nat.repr line] :: f.theorems }
  | some _, _ => found.modify fun f => { f with definitions := f.definitions + 1 }
  if isShown info.name && (lines.find? info.name).isSome then
    found.modify fun f =>
      { f with statements := listText [quote (nameText info.name), quote (statement s info)] :: f.statements }

/-- Adds a module of the plan to a set, and what it imports of the plan. -/
partial def addVisible (imports : Table (List Name)) (name : Name) (visible : NameSet) : NameSet :=
  if visible.contains name then visible else
  match imports.find? name with
  | none => visible
  | some imported =>
    let rec go : List Name → NameSet → NameSet
      | [], all => all
      | i :: rest, all => go rest (addVisible imports i all)
    go imported (visible.insert name)

/-- Says what was found of a module. -/
def report (audit : Audit) (m : Module) : IO Unit := do
  audit.modify fun s => { s with visible := addVisible s.imports m.name {} }
  let lines ← linesOf m.data
  let ref ← IO.mkRef ({} : Findings)
  eachIn m.data.constants (look audit lines ref)
  eachIn m.data.entries fun (extension, entries) =>
    each codeAttributes fun (name, word) =>
      if extension == name && entries.size != 0 then problem audit m.name ("@[" ++ word ++ "]") else pure ()
  let imports ← IO.mkRef ([] : List String)
  eachIn m.data.imports fun i => imports.modify (quote (nameText i.module) :: ·)
  let s ← audit.get
  let found ← ref.get
  let located (p : Name × String) : String :=
    listText [quote (nameText p.1), quote p.2, Nat.repr ((lines.find? p.1).getD 0)]
  IO.println ("{\"event\": \"module\", \"name\": " ++ quote (nameText m.name) ++
    ", \"imports\": " ++ listText (← imports.get) ++
    ", \"replayed\": " ++ Nat.repr s.replayed ++ ", \"skipped\": " ++ Nat.repr s.skipped ++
    ", \"definitions\": " ++ Nat.repr found.definitions ++
    ", \"axioms\": " ++ listText (mapped found.axioms fun a => quote (nameText a)) ++
    ", \"theorems\": " ++ listText (reversed found.theorems) ++
    ", \"statements\": " ++ listText (reversed found.statements) ++
    ", \"problems\": " ++ listText (mapped (reversed s.problems) located) ++ "}")

/-! ## All modules -/

/-- The modules that a module imports, itself last, each after what it imports. -/
partial def closure (modules : List Module) (name : Name) (known : List Name) : IO (List Name) := do
  if isIn name known then return known
  let rec find : List Module → Option Module
    | [] => none
    | m :: rest => if m.name == name then some m else find rest
  match find modules with
  | none => return known
  | some m => do
    let all ← IO.mkRef known
    eachIn m.data.imports fun i => do all.set (← closure modules i.module (← all.get))
    return name :: (← all.get)

/-- Whether the environment holds something else under a name of the module. -/
def hasConflict (audit : Audit) (m : Module) : IO Bool := do
  let s ← audit.get
  let found ← IO.mkRef false
  eachIn m.data.constants fun info =>
    match s.environment.find? info.name with
    | some old => if isSame old info then pure () else found.set true
    | none => pure ()
  found.get

/-- Replays a module on top of the others, and says what was found. Where another one, which it does not import, has declared one of its names
differently (two programs each have a `main`), on top of what it imports alone. -/
def auditModule (audit : Audit) (modules : List Module) (m : Module) : IO Unit := do
  if ← hasConflict audit m then
    audit.modify fun s => { s with environment := s.imported }
    let imported ← closure modules m.name []
    each modules fun other =>
      if isIn other.name imported && other.name != m.name then replay audit other false else pure ()
  replay audit m true
  report audit m

/-- The name of these parts. -/
def nameOf (parts : List String) : Name :=
  let rec go : List String → Name → Name
    | [], name => name
    | part :: rest, name => go rest (.str name part)
  go parts .anonymous

/-- What the last file of a module holds: each holds all that the one before it does. -/
def readLast (name : String) (files : List String) : IO ModuleData := do
  let parts ← readModuleDataParts (Array.mk (mapped files fun file => System.FilePath.mk file))
  let rec last : List (ModuleData × CompactedRegion) → IO ModuleData
    | [] => throw (IO.userError ("no file of the module " ++ name))
    | [(data, _)] => return data
    | _ :: rest => last rest
  last parts.toList

/-- Reads the plan: the names of all its modules, and those to replay. -/
def readPlan (lines : List String) : IO (List Name × List Module) := do
  match lines with
  | [] => return ([], [])
  | line :: rest => do
    let (names, modules) ← readPlan rest
    match line.splitOn "\t" with
    | ["import", name] => return (nameOf (name.splitOn ".") :: names, modules)
    | "check" :: name :: files => do
      let data ← readLast name files
      let name := nameOf (name.splitOn ".")
      return (name :: names, { name, data } :: modules)
    | _ => return (names, modules)

/-- Everything that the modules import and that is not replayed. -/
def importsOf (modules : List Module) : IO (Array Import) := do
  let found ← IO.mkRef [`Init]
  let replayed := mapped modules (·.name)
  each modules fun m => eachIn m.data.imports fun i =>
    if isIn i.module replayed then pure () else found.modify (union · [i.module])
  return Array.mk (mapped (← found.get) fun name => { module := name })

/-- What modules import, in a table. -/
def tableOf (names : List Name) (modules : List (Name × ModuleData)) (table : Table (List Name)) : Table (List Name) :=
  match modules with
  | [] => table
  | (name, data) :: rest =>
    tableOf names rest (if isIn name names then table.insert name (mapped data.imports.toList (·.module)) else table)

end LeanPythonBridge.Audit

open LeanPythonBridge.Audit

/-- Audits the modules of a plan. -/
def main (arguments : List String) : IO UInt32 := do
  match arguments with
  | [plan] => do
    let (names, modules) ← readPlan ((← IO.FS.readFile plan).splitOn "\n")
    let environment ← importModules (← importsOf modules) {} 0
    let isLibrary (name : Name) : Bool :=
      match environment.getModuleIdxFor? name with
      | some index => match environment.header.moduleNames[index.toNat]? with
        | some m => !isIn m names
        | none => false
      | none => false
    let imported := environment.toKernelEnv
    let bare := match imported.find? `Nat.add_comm with
      | some (.thmInfo _) => false
      | _ => true
    let importedOwner (name : Name) : Option Name := do
      let index ← environment.getModuleIdxFor? name
      environment.header.moduleNames[index.toNat]?
    let imports := tableOf names (paired environment.header.moduleNames.toList environment.header.moduleData.toList)
      (tableOf names (mapped modules fun m => (m.name, m.data)) .empty)
    let audit ← IO.mkRef ({ imported, isLibrary, bare, environment := imported, imports, importedOwner } : State)
    each modules (auditModule audit modules)
    IO.println "{\"event\": \"done\"}"
    return 0
  | _ => do
    IO.eprintln "usage: Audit PLAN"
    return 2
