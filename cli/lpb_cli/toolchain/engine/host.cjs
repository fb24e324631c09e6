// The functions behind LeanZMQ.lean for the embedded engine: they stand in for LeanZMQ.c, on top of the same compiled
// bridge_socket library, which koffi calls.
//
//   LPB_BRIDGE_LIBRARY   the shared library built from lean/ffi/bridge_socket.c
//   LPB_KOFFI            the directory of the npm package koffi; its platform package lies where Node.js finds it
//
// Both are looked for at the first call: checking proofs needs neither. A context or socket is a number to Lean, and
// stays open until it is closed or the process ends: Lean's finalizers do not reach here. Float arrays are sent as they
// lie in memory, little endian as WebAssembly is.
"use strict";

// lpb_status to the constructor of IO.Error, as in LeanZMQ.c; the engine makes the object.
const IO_ERRORS = [
  null, "time_expired", "resource_vanished", "illegal_operation", "invalid_argument", "illegal_operation",
  "protocol_error", "resource_exhausted", "unsupported_operation", "resource_vanished", "other_error",
];
const INVALID = 4;
const READABLE = 1;
const INTERFACE_VERSION = 2;
const UNIT = 1; // Lean's (), false and 0 boxed: 1; true: 3

// An error that the engine turns into IO.Error's constructor `ioError` with this text and number.
const failure = (status, text, number = 0) =>
  Object.assign(new Error(text), { ioError: IO_ERRORS[status] ?? "other_error", number });

let loaded;
function library() {
  loaded ??= load();
  return loaded;
}

function load() {
  const { LPB_BRIDGE_LIBRARY: file, LPB_KOFFI: folder } = process.env;
  if (!file || !folder) throw failure(8, "ZeroMQ is not to be had here: LPB_BRIDGE_LIBRARY and LPB_KOFFI must be set");
  const koffi = require(folder);
  const bridge = koffi.load(file);
  const Context = koffi.pointer("lpb_context", koffi.opaque());
  const Socket = koffi.pointer("lpb_socket", koffi.opaque());
  const Message = koffi.pointer("lpb_message", koffi.opaque());
  const Frame = koffi.struct("lpb_frame", { data: "const uint8_t *", size: "size_t", release: "void *", hint: "void *" });
  const out = (type) => koffi.out(koffi.pointer(type));
  const call = (name, result, ...parameters) => bridge.func(name, result, parameters);
  const functions = {
    koffi,
    errorText: call("lpb_error_text", "str"),
    errorNumber: call("lpb_error_number", "int"),
    zmqVersion: call("lpb_zmq_version", "void", out("int"), out("int"), out("int")),
    contextNew: call("lpb_context_new", "int", "int64_t", out(Context)),
    contextShutdown: call("lpb_context_shutdown", "int", Context),
    socketNew: call("lpb_socket_new", "int", Context, "int", out(Socket)),
    setOption: call("lpb_socket_set_option", "int", Socket, "int", "int64_t"),
    setCurve: call("lpb_socket_set_curve", "int", Socket, "str", "str", "str"),
    setRoutingId: call("lpb_socket_set_routing_id", "int", Socket, "const uint8_t *", "size_t"),
    connect: call("lpb_socket_connect", "int", Socket, "str"),
    send: call("lpb_socket_send", "int", Socket, koffi.pointer(Frame), "size_t"),
    receive: call("lpb_socket_receive", "int", Socket, out(Message)),
    poll: call("lpb_socket_poll", "int", Socket, "int", "int64_t", out("int")),
    close: call("lpb_socket_close", "int", Socket),
    socketFree: call("lpb_socket_free", "void", Socket),
    contextRelease: call("lpb_context_release", "void", Context),
    messageCount: call("lpb_message_count", "size_t", Message),
    messageData: call("lpb_message_data", "const void *", Message, "size_t"),
    messageSize: call("lpb_message_size", "size_t", Message, "size_t"),
    messageFree: call("lpb_message_free", "void", Message),
    curveKeypair: call("lpb_curve_keypair", "int", "uint8_t *", "uint8_t *"),
  };
  const version = call("lpb_interface_version", "int")();
  if (version !== INTERFACE_VERSION)
    throw failure(8, `${file} has interface ${version}, not ${INTERFACE_VERSION}: build it anew`);
  // Node.js unloads the library at its end: ZeroMQ's threads must not run in it any more.
  process.on("exit", () => {
    for (const { kind, pointer } of [...held.values()].reverse())
      if (kind === "socket") functions.socketFree(pointer);
      else functions.contextRelease(pointer);
  });
  return functions;
}

const check = (status) => {
  if (status !== 0) throw failure(status, library().errorText(), library().errorNumber());
  return UNIT;
};

// What Lean holds as a number. A number is never given out twice.
const held = new Map();
let last = 0;
const hold = (kind, pointer) => {
  held.set(++last, { kind, pointer });
  return last;
};
const pointerOf = (lean, kind, object) => {
  const handle = held.get(lean.unbox(object));
  if (handle?.kind !== kind) throw failure(INVALID, `this is no ${kind}`);
  return handle.pointer;
};

// C would take a NUL for the end of the text.
const textOf = (lean, object, what) => {
  const text = lean.text(object);
  if (text.includes("\0")) throw failure(INVALID, `${what} contains the character NUL`);
  return text;
};

const send = (lean, socket, items) => {
  const { send } = library();
  const buffers = items.map((item) => lean.bytes(item)); // copies out of Lean's memory: the library copies them again
  const frames = buffers.map((data) => ({ data, size: data.length, release: null, hint: null }));
  return check(send(pointerOf(lean, "socket", socket), frames, frames.length));
};

const externs = {
  zmqVersion: (lean) => {
    const parts = [[0], [0], [0]];
    library().zmqVersion(...parts);
    return lean.string(parts.join("."));
  },

  curveKeypair: (lean) => {
    const keys = [Buffer.alloc(41), Buffer.alloc(41)];
    check(library().curveKeypair(...keys));
    return lean.constructor(0, ...keys.map((key) => lean.string(key.toString("latin1", 0, 40))));
  },

  Context_new: (lean, ioThreads) => {
    const context = [null];
    check(library().contextNew(lean.uint32(ioThreads), context));
    return lean.box(hold("context", context[0]));
  },

  Context_shutdown: (lean, context) => check(library().contextShutdown(pointerOf(lean, "context", context))),

  Socket_new: (lean, context, kind) => {
    const socket = [null];
    check(library().socketNew(pointerOf(lean, "context", context), lean.unbox(kind), socket));
    return lean.box(hold("socket", socket[0]));
  },

  Socket_setOption: (lean, socket, option, value) =>
    check(library().setOption(pointerOf(lean, "socket", socket), lean.unbox(option), lean.uint32(value))),

  Socket_setCurve: (lean, socket, serverKey, publicKey, secretKey) => {
    const keys = [serverKey, publicKey, secretKey].map((key) => textOf(lean, key, "set the CURVE keys: a key"));
    return check(library().setCurve(pointerOf(lean, "socket", socket), ...keys));
  },

  Socket_setRoutingId: (lean, socket, id) => {
    const bytes = lean.bytes(id);
    return check(library().setRoutingId(pointerOf(lean, "socket", socket), bytes, bytes.length));
  },

  Socket_connect: (lean, socket, endpoint) =>
    check(library().connect(pointerOf(lean, "socket", socket), textOf(lean, endpoint, "connect: the endpoint"))),

  Socket_send: (lean, socket, frames) => send(lean, socket, lean.arrayItems(frames)),

  Socket_sendFrames: (lean, socket, frames) =>
    send(lean, socket, lean.arrayItems(frames).map((frame) => lean.field(frame, 0))),

  Socket_receive: (lean, socket) => {
    const { koffi, receive, messageCount, messageData, messageSize, messageFree } = library();
    const message = [null];
    check(receive(pointerOf(lean, "socket", socket), message));
    try {
      const frames = [];
      for (let i = 0; i < messageCount(message[0]); i++) {
        const size = Number(messageSize(message[0], i));
        const bytes = size === 0 ? [] : new Uint8Array(koffi.view(messageData(message[0], i), size));
        frames.push(lean.byteArray(bytes));
      }
      return lean.array(frames);
    } finally {
      messageFree(message[0]);
    }
  },

  Socket_poll: (lean, socket, timeoutMs) => {
    const ready = [0];
    check(library().poll(pointerOf(lean, "socket", socket), READABLE, lean.uint32(timeoutMs), ready));
    return lean.box(ready[0] === 0 ? 0 : 1);
  },

  Socket_close: (lean, socket) => check(library().close(pointerOf(lean, "socket", socket))),
};

// The names that Lean's interpreter looks for.
for (const [name, extern] of Object.entries(externs))
  exports[`l_LeanPythonBridge_LeanZMQ_${name}___boxed`] = extern;
