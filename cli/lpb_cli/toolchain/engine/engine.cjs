// The embedded Lean engine: Lean compiled to WebAssembly, driven line by line.
//
//   node --stack-size=KIB engine.cjs PREPARED_DIRECTORY OLEAN_DIRECTORY[:OLEAN_DIRECTORY…] [HOST_MODULE]
//
// stdin, one JSON object a line: a job.
//   {"file": "/a/B.lean", "olean": "/out/B.olean"}      check a file, write its .olean when "olean" is given
//   {"file": "/a/B.lean", "c": "/out/B.c"}              the same, and write the C that Lean compiles it to
//   {"file": "/a/Main.lean", "run": ["argument", …]}    run its `main`
// With "options": ["name=value", …] beside them, Lean's options for this job.
// With "environment": {"NAME": "value", …} beside them, HOST_MODULE sees these variables from then on.
// stdout, one JSON object a line:
//   {"event": "ready"}                                  once, after initialisation
//   {"event": "message", "message": {…}}                a Lean diagnostic, as `lean --json` prints it
//   {"event": "output", "stream": "stdout", "text": …}  a line that a program or Lean itself printed
//   {"event": "done", "status": 0, "seconds": 1.5, "heap_bytes": …}  after each job
// Deep recursion of a Lean program, or of the kernel in an audit, is V8's as well, hence a large --stack-size; V8 does not
// take it from a program that runs already.
// A crash ends the process with code 70 and a line on stderr; end of stdin ends it with 0.
//
// About 100 MB of heap stay behind after each job and the heap ends at 2 GiB: the caller reads `heap_bytes` and starts
// a new process in time. HOST_MODULE exports the functions that stand in for @[extern] declarations: see `installExterns`.
"use strict";
const fs = require("fs");
const path = require("path");
const vm = require("vm");
const readline = require("readline");

const v8 = require("v8");
v8.setFlagsFromString("--wasm-lazy-validation"); // a function is validated when it is first called, not 137 MB at once

const moduleCode = require("./module_code.cjs"); // after the flags, which V8 compares

const [home, oleans, hostModule] = process.argv.slice(2);
const MOUNT = "/host"; // the machine's files, as WebAssembly sees them
const mounted = (name) => MOUNT + path.resolve(name);

// This build of Lean prints its authors' debug lines; exactly those are dropped.
const NOISE =
  /^\[DEBUG:(I|J|K|L|M|N|IMPORT|GO|FIND|FINALIZE|INIT)\]|^  mainModule\? = (true|false)$|^  - \/host\/.*\.olean$/;

// A pipe that nobody reads for a moment is full. Node.js then writes a part, or says EAGAIN, which Lean would take for a
// broken output and end with.
const pause = new Int32Array(new SharedArrayBuffer(4));
const write = (descriptor, text) => {
  for (let rest = Buffer.from(text); rest.length > 0; )
    try {
      rest = rest.subarray(fs.writeSync(descriptor, rest));
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
      Atomics.wait(pause, 0, 0, 1); // a millisecond
    }
};
const emit = (event) => write(1, JSON.stringify(event) + "\n");

let running = false; // whether a program runs, whose lines are then passed on untouched
const print = (stream) => (text) => {
  if (NOISE.test(text)) return;
  if (!running && stream === "stdout" && text.startsWith("{")) {
    const message = JSON.parse(text);
    if (message.fileName?.startsWith(MOUNT)) message.fileName = message.fileName.slice(MOUNT.length);
    emit({ event: "message", message });
  } else emit({ event: "output", stream, text });
};
let keepCode; // called with each job's seconds
// A thread of Lean's that ends the process throws this text: so it does when its stack or the memory is used up.
const OF_A_THREAD = "unwind";
const crash = (error) => {
  const what = error === OF_A_THREAD ? "a thread used up its stack or the memory" : (error?.stack ?? error);
  write(2, `the Lean engine crashed: ${what}\n`);
  process.exit(70);
};
process.on("uncaughtException", crash);
process.on("unhandledRejection", crash);

const Module = {
  arguments: [],
  noInitialRun: true,
  noExitRuntime: true,
  locateFile: (name) => path.join(home, name),
  instantiateWasm: (imports, done) => {
    setImmediate(() => { // first the rest of lean.js
      const module = moduleCode.load(home);
      keepCode = moduleCode.keeper(home, module);
      done(new WebAssembly.Instance(module, imports), module);
    });
    return {};
  },
  print: print("stdout"),
  printErr: print("stderr"),
  preRun: [
    () => {
      Module.FS.mkdir(MOUNT);
      Module.FS.mkdirTree(home); // Lean looks for its own directory, or the search path stays empty
      Module.FS.mount(Module.NODEFS, { root: "/" }, MOUNT);
      Object.assign(Module.ENV, process.env); // what IO.getEnv reads
      Module.ENV.LEAN_PATH = [path.join(home, "lib"), ...oleans.split(path.delimiter)].map(mounted).join(":");
      Module.FS.chdir(mounted("."));
    },
  ],
  onRuntimeInitialized: () => {
    const engine = Module.inside(`(${inside})`)(Module, hostModule ? require(hostModule) : {}, () => running, worker);
    emit({ event: "ready" });
    serve(engine).catch(crash);
  },
};

// A thread costs much here, and Lean would start one a theorem: hence Elab.async=false.
// Jobs one after the other. Between two of them the event loop turns, so that a finished worker goes back to the pool;
// a new one would cost seconds.
async function serve(engine) {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    if (!line.trim()) continue;
    const job = JSON.parse(line);
    const start = process.hrtime.bigint();
    running = job.run !== undefined;
    Object.assign(process.env, job.environment);
    const status = running
      ? engine.lean([["r"]], mounted(job.file), job.run)
      : engine.lean(
          [["J"], ["D", "Elab.async=false"], ...(job.options ?? []).map((option) => ["D", option]), ...["olean", "c"].flatMap((kind) => (job[kind] ? [[kind[0], mounted(job[kind])]] : []))],
          mounted(job.file),
        );
    running = false;
    const seconds = Number(process.hrtime.bigint() - start) / 1e9;
    emit({ event: "done", status, seconds, heap_bytes: engine.heapBytes() });
    keepCode(seconds);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  process.exit(0);
}

// Runs in lean.js's own scope: wasmExports, growMemViews, HEAPU32, PThread and the like are its names.
function inside(Module, externs, running, worker) {
  // Lean's compiled functions. Few are exports: see symbols.js.
  const W = new Proxy({ ...wasmExports }, { get: (known, name) => (known[name] ??= symbols.function(name)) });
  PThread.unusedWorkers.push(worker);
  PThread.loadWasmModuleToWorker(worker); // at work while Lean initialises

  // Lean's objects on a 32-bit machine: {int rc; u16 size; u8 other; u8 tag} and the fields.
  const u32 = () => (growMemViews(), HEAPU32);
  const scalar = (object) => (object & 1) === 1;
  const constructor = (tag, ...fields) => {
    const size = (8 + 4 * fields.length + 7) & ~7;
    const object = W.lean_alloc_object(size);
    const heap = u32();
    heap[object >> 2] = 1;
    heap[(object + 4) >> 2] = size | (fields.length << 16) | (tag << 24);
    fields.forEach((field, i) => (heap[(object + 8 + 4 * i) >> 2] = field));
    return object;
  };
  const sized = (tag, elementSize, count) => { // Array 246, FloatArray and ByteArray 248
    const object = W.lean_alloc_object(16 + elementSize * count);
    const heap = u32();
    heap[object >> 2] = 1;
    heap[(object + 4) >> 2] = ((tag === 248 ? elementSize : 0) << 16) | (tag << 24);
    heap[(object + 8) >> 2] = heap[(object + 12) >> 2] = count;
    return object;
  };
  const helpers = {
    constructor,
    box: (n) => (n << 1) | 1,
    unbox: (object) => object >>> 1,
    // UInt32 and UInt64 stand boxed in a constructor object, Nat below 2^31 as an odd number.
    uint32: (object) => (scalar(object) ? object >>> 1 : u32()[(object + 8) >> 2]),
    string: (text) => {
      const bytes = Buffer.from(text + "\0");
      const memory = W.malloc(bytes.length); // the stack is too small for long texts
      (growMemViews(), HEAPU8).set(bytes, memory);
      const object = W.lean_mk_string(memory);
      W.free(memory);
      return object;
    },
    text: (object) => Buffer.from((growMemViews(), HEAPU8).slice(object + 20, object + 19 + u32()[(object + 8) >> 2])).toString(),
    bytes: (object) => { // a ByteArray or FloatArray, copied out
      const heap = u32();
      const elementSize = (heap[(object + 4) >> 2] >>> 16) & 0xff;
      return Buffer.from(HEAPU8.slice(object + 16, object + 16 + elementSize * heap[(object + 8) >> 2]));
    },
    byteArray: (buffer) => {
      const object = sized(248, 1, buffer.length);
      (growMemViews(), HEAPU8).set(buffer, object + 16);
      return object;
    },
    array: (items) => {
      const object = sized(246, 4, items.length);
      const heap = u32();
      items.forEach((item, i) => (heap[(object + 16 + 4 * i) >> 2] = item));
      return object;
    },
    arrayItems: (object) => {
      const heap = u32();
      return Array.from(heap.subarray((object + 16) >> 2, ((object + 16) >> 2) + heap[(object + 8) >> 2]));
    },
    field: (object, i) => u32()[(object + 8 + 4 * i) >> 2], // of a constructor object
    list: (items) => items.reduceRight((tail, item) => constructor(1, item, tail), 1),
  };
  const { string, list } = helpers;
  const release = (object) => { // lean_dec: the interpreter hands over every boxed argument
    if (scalar(object)) return;
    const heap = (growMemViews(), HEAP32);
    if (heap[object >> 2] > 1) heap[object >> 2] -= 1;
    else if (heap[object >> 2] !== 0) W.lean_dec_ref_cold(object);
  };

  // Lean's interpreter finds an @[extern] declaration by its mangled Lean name followed by ___boxed: all arguments are
  // boxed, and the erased world token still comes last. The function must be in the table before Lean starts a thread.
  function installExterns() {
    for (const [symbol, extern] of Object.entries(externs)) {
      const standIn = (...args) => {
        const passed = args.slice(0, -1);
        try {
          return constructor(0, extern(helpers, ...passed));
        } catch (error) {
          // A thrown error that names a constructor of IO.Error becomes that one.
          const make = W[`lean_mk_io_error_${error.ioError}`];
          const text = string(error.message);
          return constructor(1, make ? make(error.number, text) : W.lean_mk_io_user_error(text));
        } finally {
          passed.forEach(release);
        }
      };
      standIn.sig = "i" + "i".repeat(extern.length); // `helpers` stands where the world token does
      wasmImports[symbol] = standIn;
      addFunction(standIn, standIn.sig);
    }
  }

  const options = (flags) =>
    flags.reduce((shellOptions, [letter, value]) => {
      const argument = value === undefined ? 1 : constructor(1, string(value));
      return u32()[(W.lean_shell_options_process(shellOptions, letter.charCodeAt(0), argument) + 8) >> 2];
    }, W.lean_shell_options_mk(1));

  // The stack that the module comes with, 64 KiB, holds some 200 calls of Lean's interpreter.
  const STACK_BYTES = 256 << 20;
  let stackEnd;
  function lean(flags, file, args = []) {
    const stack = stackSave();
    const [oldBase, oldEnd] = [W.emscripten_stack_get_base(), W.emscripten_stack_get_end()];
    if (running()) {
      stackEnd ??= (W.malloc(STACK_BYTES + 16) + 15) & ~15;
      W.emscripten_stack_set_limits(stackEnd + STACK_BYTES, stackEnd);
      stackRestore(stackEnd + STACK_BYTES);
    }
    try {
      // `--run` gives main's exit code as an IO result; everything else ends through exit.
      const result = W.lean_shell_main(list([file, ...args].map(string)), options(flags));
      if (u32()[(result + 4) >> 2] >>> 24) {
        Module.printErr(`uncaught exception: ${helpers.text(W.lean_io_error_to_string(helpers.field(result, 0)))}`);
        return 1;
      }
      return helpers.uint32(helpers.field(result, 0));
    } catch (error) {
      if (error?.name === "ExitStatus") return error.status;
      throw typeof error === "number" ? new Error(Module.getExceptionMessage(error).join(": ")) : error;
    } finally {
      W.emscripten_stack_set_limits(oldBase, oldEnd);
      stackRestore(stack);
    }
  }

  W.lean_initialize(); // once: a second time fails with "Options can only be registered during initialization"
  W.lean_init_search_path();
  W.lean_enable_initializer_execution();
  W.lean_io_mark_end_initialization();
  W.lean_init_task_manager_using(1);
  installExterns();
  return { lean, heapBytes: () => (growMemViews(), HEAPU8).length };
}

const loader = path.join(home, "lean.js");
const source = `(function(Module,require,module,exports,__filename,__dirname,console){${fs.readFileSync(loader, "latin1")}
;Module.inside=(code)=>eval(code);})`;
new vm.Script(source, { filename: loader }).runInThisContext()(
  Module, require, { exports: {} }, {}, loader, home, { ...console, log: Module.print },
);
// Lean starts one task thread. Its worker comes up while the module is read; lean.js would wait for one that it knows.
const worker = Module.inside("(PThread.allocateUnusedWorker(), PThread.unusedWorkers.pop())");
