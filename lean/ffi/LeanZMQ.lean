module

/-!
# ZeroMQ sockets

Bindings to `bridge_socket`, the bridge's own small C library over ZeroMQ: `REQ` and `DEALER` sockets that send and
receive whole multipart messages.

Every wait is finite. What fails throws an `IO.Error` whose text names the endpoint and carries ZeroMQ's message, and
whose constructor says what kind of failure it was:

| constructor | when |
|---|---|
| `timeExpired` | the time ran out; the call may be repeated |
| `resourceVanished` | the socket was closed, its context shut down, or the connection lost within a message |
| `illegalOperation` | the socket belongs to another thread, or a `REQ` socket is out of turn |
| `invalidArgument` | an endpoint, an option or a key was refused |
| `protocolError` | a message had more frames than the socket allows |
| `resourceExhausted` | out of memory |
| `unsupportedOperation` | this ZeroMQ was built without what is asked for |
| `otherError` | anything else |

A socket belongs to the thread that made it. What is left open is closed when the last reference goes.
-/

@[expose] public section

namespace LeanPythonBridge.LeanZMQ

opaque ContextPointed : NonemptyType

/-- A ZeroMQ context: its I/O threads, shared by all sockets made in it. All threads may use it. -/
def Context : Type := ContextPointed.type

instance : Nonempty Context := ContextPointed.property

opaque SocketPointed : NonemptyType

/-- A socket, which keeps its context alive and belongs to the thread that made it. -/
def Socket : Type := SocketPointed.type

instance : Nonempty Socket := SocketPointed.property

/-- The kinds of client sockets. The order is that of `lpb_socket_kind`. -/
inductive SocketKind where
  /-- Sends and receives in strict turns. -/
  | req
  /-- Sends and receives as it likes; the sender adds the empty delimiter frame where the peer wants one. -/
  | dealer
  deriving Repr, BEq

/-- What can be set on a socket. The order is that of `lpb_option`. -/
inductive SocketOption where
  /-- How long a send may wait for room, in ms. -/
  | sendTimeoutMs
  /-- How long a receive may wait for a message, in ms. -/
  | receiveTimeoutMs
  /-- How long closing waits for what is not sent yet, in ms. -/
  | lingerMs
  /-- How many messages may wait to be sent; 0 is no limit. Before `connect`. -/
  | sendHighWaterMark
  /-- How many messages may wait to be received; 0 is no limit. Before `connect`. -/
  | receiveHighWaterMark
  /-- The largest frame taken from the peer, in bytes; 0 is no limit. ZeroMQ drops a peer that sends more and does not
  connect to it again: it falls silent, and takes a new socket to reach. Before `connect`. -/
  | maxFrameBytes
  /-- The most frames of one received message. -/
  | maxFrames
  /-- 1: queue nothing for a peer that is not connected yet. Before `connect`. -/
  | immediate
  deriving Repr, BEq

/-- One frame to send; neither kind is copied. Floats travel as their IEEE bits, little endian. -/
inductive Frame where
  | bytes (bytes : ByteArray)
  | floats (values : FloatArray)

/-- The version of the ZeroMQ library in use, such as `4.3.4`. -/
@[extern "lpb_lean_zmq_version"]
opaque zmqVersion : IO String

/-- A new pair of CURVE keys, public then secret, in Z85. -/
@[extern "lpb_lean_curve_keypair"]
opaque curveKeypair : IO (String × String)

namespace Context

/-- A new context with `ioThreads` (1 to 64) threads of ZeroMQ's; one serves a gigabyte a second. -/
@[extern "lpb_lean_context_new"]
opaque new (ioThreads : UInt32) : IO Context

/-- Ends every wait on the context's sockets with `resourceVanished`, and every new one. -/
@[extern "lpb_lean_context_shutdown"]
opaque shutdown (context : @& Context) : IO Unit

end Context

namespace Socket

/-- A new socket, owned by the calling thread. -/
@[extern "lpb_lean_socket_new"]
opaque new (context : @& Context) (kind : SocketKind) : IO Socket

/-- Sets one option. -/
@[extern "lpb_lean_socket_set_option"]
opaque setOption (socket : @& Socket) (option : SocketOption) (value : UInt32) : IO Unit

/-- Encrypts and authenticates by CURVE: the server's public key, then the client's own pair, each in Z85.
Before `connect`. -/
@[extern "lpb_lean_socket_set_curve"]
opaque setCurve (socket : @& Socket) (serverKey publicKey secretKey : @& String) : IO Unit

/-- The name under which a `ROUTER` knows this socket: 1 to 255 bytes of which the first is not 0.
Before `connect`. -/
@[extern "lpb_lean_socket_set_routing_id"]
opaque setRoutingId (socket : @& Socket) (id : @& ByteArray) : IO Unit

/-- Connects to one endpoint, such as `tcp://127.0.0.1:5555`. Returns before the connection stands: a peer that is not
there shows in timeouts. -/
@[extern "lpb_lean_socket_connect"]
opaque connect (socket : @& Socket) (endpoint : @& String) : IO Unit

/-- Sends all frames as one message, or none of them. The arrays are not copied: ZeroMQ holds them until they are
sent. -/
@[extern "lpb_lean_socket_send"]
opaque send (socket : @& Socket) (frames : @& Array ByteArray) : IO Unit

/-- As `send`, for messages in which arrays of floats stand beside bytes. -/
@[extern "lpb_lean_socket_send_frames"]
opaque sendFrames (socket : @& Socket) (frames : @& Array Frame) : IO Unit

/-- Receives one whole message. -/
@[extern "lpb_lean_socket_receive"]
opaque receive (socket : @& Socket) : IO (Array ByteArray)

/-- Waits at most `timeoutMs` until a message can be received, and says whether one can. -/
@[extern "lpb_lean_socket_poll"]
opaque poll (socket : @& Socket) (timeoutMs : UInt32) : IO Bool

/-- Closes the connection. What is called on the socket afterwards throws `resourceVanished`; closing again is
allowed. -/
@[extern "lpb_lean_socket_close"]
opaque close (socket : @& Socket) : IO Unit

end Socket

end LeanPythonBridge.LeanZMQ
