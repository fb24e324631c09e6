import Lake
open System Lake DSL

/-! # The native build

`lake build` checks the proofs, compiles the C into `libLeanZMQ.a` and links the programs; `lake exe Tests` runs the
Lean client's tests against `LPB_ENDPOINT`. ZeroMQ is found through `LPB_ZMQ_PREFIX`, the directory that holds its
`include` and `lib`, or through pkg-config.

A package that requires this one and imports `LeanZMQ`, directly or not, is linked with both libraries.

What stands in a `run_io` is read when Lake configures the package: after adding a file to `proofs`, or changing
`LPB_ZMQ_PREFIX`, run `lake -R build` once. -/

/-- All modules in `proofs`, programs among them: a new file is part of the build without being named here, and any of
them can be imported. -/
def proofs : Array Lean.Name := run_io do
  let names ← IO.mkRef #[]
  Lean.forEachModuleInDir (__dir__ / "proofs") fun name => names.modify (·.push name)
  return (← names.get).qsort (·.toString < ·.toString)

/-- Where the programs look for ZeroMQ's library when they run, if not where the system has it. -/
def zmqRunPath : Array String := run_io do
  match ← IO.getEnv "LPB_ZMQ_PREFIX" with
  | some zmqPrefix => return #[s!"-Wl,-rpath,{FilePath.mk zmqPrefix / "lib"}"]
  | none => return #[]

package «lean-python-bridge» where
  version := v!"0.1.0"
  description := "Lean calls numerical Python over ZeroMQ and does not have to trust it"
  keywords := #["zeromq", "numerical computing", "certificates"]
  license := "MIT"
  moreLinkArgs := zmqRunPath

/-- Mathematics, wire, certificates and the client. -/
@[default_target]
lean_lib Proofs where
  srcDir := "proofs"
  roots := proofs

/-! ## The C code -/

/-- Everything that must be compiled again when a header changes. -/
input_dir ffiHeaders where
  path := "ffi"
  filter := .extension "h"
  text := true

input_file bridge_socket.c where
  path := "ffi" / "bridge_socket.c"
  text := true

input_file LeanZMQ.c where
  path := "ffi" / "LeanZMQ.c"
  text := true

/-- Asks pkg-config about ZeroMQ; `none` when either is missing. -/
def askPkgConfig (question : String) : BaseIO (Option String) :=
  captureProc? { cmd := "pkg-config", args := #[question, "libzmq"] }

/-- The compiler's arguments for ZeroMQ's header. -/
def zmqCompileArgs : BaseIO (Array String) := do
  if let some zmqPrefix ← IO.getEnv "LPB_ZMQ_PREFIX" then
    return #["-I", (FilePath.mk zmqPrefix / "include").toString]
  -- Without pkg-config the header may still be where the compiler looks anyway.
  let flags := (← askPkgConfig "--cflags").getD ""
  return ((flags.splitOn " ").filter (!·.isEmpty)).toArray

/-- The shared library of ZeroMQ that programs are linked with, by its path: naming its directory instead would have
the linker find the system's C library there, beside the one that Lean brings. -/
def findZmq : LogIO FilePath := do
  let name := nameToSharedLib "zmq"
  let directories ← match ← IO.getEnv "LPB_ZMQ_PREFIX" with
    | some zmqPrefix => pure [FilePath.mk zmqPrefix / "lib", FilePath.mk zmqPrefix / "lib64"]
    | none => pure ((← askPkgConfig "--variable=libdir").map FilePath.mk).toList
  for directory in directories do
    if ← (directory / name).pathExists then
      return directory / name
  error s!"ZeroMQ's {name} was not found (looked in {directories}). Install it: `apt install libzmq3-dev pkg-config`, \
    `brew install zeromq pkgconf`; or set LPB_ZMQ_PREFIX to the directory that holds its include and lib."

/-- Compiles one C file. The headers are part of what is compiled, though only the file is named to the compiler. -/
def compileC (pkg : Package) (name : String) (source : Job FilePath) (headers : Job (Array FilePath)) :
    FetchM (Job FilePath) := do
  let weakArgs := #["-I", (pkg.dir / "ffi").toString, "-I", (← getLeanIncludeDir).toString] ++ (← zmqCompileArgs)
  let traceArgs := #["-std=c11", "-O2", "-fPIC", "-Wall", "-Wextra"]
  headers.bindM fun _ => do
    let headerTrace ← getTrace
    buildO (pkg.buildDir / "ffi" / s!"{name}.o") source weakArgs traceArgs "cc" do
      return (← getLeanTrace).mix headerTrace

target bridge_socket.o pkg : FilePath := do
  compileC pkg "bridge_socket" (← bridge_socket.c.fetch) (← ffiHeaders.fetch)

target LeanZMQ.o pkg : FilePath := do
  compileC pkg "LeanZMQ" (← LeanZMQ.c.fetch) (← ffiHeaders.fetch)

/-- `libLeanZMQ.a`: both C files. -/
@[default_target]
target libLeanZMQ pkg : FilePath := do
  buildStaticLib (pkg.staticLibDir / nameToStaticLib "LeanZMQ") #[← LeanZMQ.o.fetch, ← bridge_socket.o.fetch]

/-- ZeroMQ itself, found anew at each build. -/
target libzmq : FilePath := do
  inputBinFile (← findZmq)

/-- The bindings. What imports them is linked with the two libraries, in this package and in those that require it. -/
@[default_target]
lean_lib LeanZMQ where
  srcDir := "ffi"
  moreLinkObjs := #[libLeanZMQ, libzmq]

/-! ## Programs -/

@[default_target]
lean_exe ExampleProof where
  srcDir := "proofs"

/-- The tests of the Lean client, against the server at `LPB_ENDPOINT`. -/
@[default_target, test_driver]
lean_exe Tests where
  srcDir := "proofs"
