// Lean's WebAssembly module with the machine code that an earlier engine made of it.
//
// V8 compiles a function when it is first called, quickly and badly, and those that run long once more, slowly and well:
// a third of the processor time of an engine that checks a dozen modules. The well compiled ones are kept beside the
// module, with a checksum behind them. V8 itself makes sure that the code is its own version's and this processor's;
// without such code, or without V8's functions, which are not part of Node.js's interface, everything works as well,
// only slower.
"use strict";
const fs = require("fs");
const path = require("path");
const v8 = require("v8");
const vm = require("vm");
const zlib = require("zlib");

const [FIRST_KEPT_S, KEPT_AGAIN] = [10, 3]; // kept after 10 seconds of work, and again after 30, 90 …
const WORTH_REPLACING = 1.1; // by how much the code must have grown
const CHECKSUM = 4; // bytes

const file = (home) => path.join(home, `code-${process.versions.v8}-${process.arch}.bin`);

// V8's own functions, or undefined.
const native = (() => {
  const source =
    "({ serialize(module) { %FlushLiftoffCode(); return %SerializeWasmModule(module); }," +
    " deserialize(code, binary) { return %DeserializeWasmModule(code, binary); } })";
  v8.setFlagsFromString("--allow-natives-syntax"); // from now on: V8 compiles the two when they are called
  try {
    return new vm.Script(source).runInThisContext();
  } catch {
    return undefined;
  }
})();

// The code that is kept in a directory, as V8 takes it; undefined when there is none, or a damaged one.
function kept(home) {
  let opened;
  try {
    opened = fs.openSync(file(home), "r");
    const code = new Uint8Array(Math.max(0, fs.fstatSync(opened).size - CHECKSUM));
    const checksum = Buffer.alloc(CHECKSUM);
    const whole = fs.readSync(opened, code) === code.length && fs.readSync(opened, checksum) === CHECKSUM;
    return whole && zlib.crc32(code) === checksum.readUInt32LE() ? code.buffer : undefined;
  } catch {
    return undefined;
  } finally {
    if (opened !== undefined) fs.closeSync(opened);
  }
}

// The module in a directory.
exports.load = (home) => {
  const binary = fs.readFileSync(path.join(home, "lean.wasm"));
  const code = native && kept(home);
  return (code && native.deserialize(code, binary)) || new WebAssembly.Module(binary);
};

// Gives a function to be called after each job with the seconds it took: it keeps the code when enough work was done.
exports.keeper = (home, module) => {
  let worked = 0;
  let next = FIRST_KEPT_S;
  return (seconds) => {
    worked += seconds;
    if (!native || worked < next) return;
    next *= KEPT_AGAIN;
    const written = `${file(home)}.${process.pid}`;
    try {
      const code = native.serialize(module);
      const known = fs.statSync(file(home), { throwIfNoEntry: false })?.size ?? 0;
      if (!code || code.byteLength < WORTH_REPLACING * known) return;
      const bytes = Buffer.concat([new Uint8Array(code), Buffer.alloc(CHECKSUM)]);
      bytes.writeUInt32LE(zlib.crc32(bytes.subarray(0, -CHECKSUM)), code.byteLength);
      fs.writeFileSync(written, bytes);
      fs.renameSync(written, file(home)); // whole, or not at all
    } catch {
      fs.rmSync(written, { force: true }); // the directory may be read-only, or full: then nothing is kept
    }
  };
};
