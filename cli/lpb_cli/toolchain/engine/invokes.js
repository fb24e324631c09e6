// Calls inside C++'s try blocks, without a way through JavaScript: see wasm_invoke.py. It becomes part of lean.js.
//
// The module has the table, too. Without the tag of JavaScript's exceptions, which Node.js has since its version 24, the
// functions of lean.js stay.
var invokes = () => {
  const module = new WebAssembly.Module(fs.readFileSync(__dirname + "/invoke.wasm"));
  const tag = WebAssembly.JSTag ?? new WebAssembly.Tag({ parameters: ["externref"] });
  const is_cpp = (error) => error === error + 0; // a pointer; what ends a program or a thread is none
  const { exports } = new WebAssembly.Instance(module, { env: { tag, is_cpp } });
  return WebAssembly.JSTag ? exports : { __indirect_function_table: exports.__indirect_function_table };
};
