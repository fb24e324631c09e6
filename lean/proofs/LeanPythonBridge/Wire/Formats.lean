module
public import LeanPythonBridge.Wire.Envelope
public import LeanPythonBridge.Wire.Json
public import LeanPythonBridge.Wire.JsonEncode
public import LeanPythonBridge.Wire.MessagePack
public import LeanPythonBridge.Wire.ProtobufHeader

/-!
# The formats of a header, behind one pair of functions

What each format's module says of itself, its round trip above all, holds of these: they only choose.
-/

@[expose] public section

namespace LeanPythonBridge.Format

/-- What people call it. -/
def title : Format → String
  | .json => "JSON"
  | .messagePack => "MessagePack"
  | .protobuf => "Protocol Buffers"

/-- Writes a header; `none` when it has no form in this format. -/
def encode : Format → Value → Option (List UInt8)
  | .json, header => Json.encode header
  | .messagePack, header => some (MessagePack.encode header)
  | .protobuf, header => Protobuf.encodeHeader header

/-- Writes a request: as `encode` writes its header, with less work. -/
def encodeRequest : Format → Request → Option (List UInt8)
  | .protobuf, request => Protobuf.encodeRequest request
  | format, request => format.encode request.toValue

/-- Writes a reply: as `encode` writes its header, with less work. -/
def encodeReply : Format → Reply → Option (List UInt8)
  | .protobuf, reply => Protobuf.encodeReply reply
  | format, reply => format.encode reply.toValue

/-- Reads a header, or says why it is none. -/
def read : Format → List UInt8 → Except String Value
  | .json, bytes =>
    match Json.decode bytes with
    | some header => .ok header
    | none => .error "the header is not JSON"
  | .messagePack, bytes =>
    match MessagePack.decode bytes with
    | .ok header => .ok header
    | .error e => .error ("the header is not MessagePack: " ++ e.reason ++ " at byte " ++ toString e.offset)
  | .protobuf, bytes =>
    match Protobuf.decodeHeader bytes with
    | some header => .ok header
    | none => .error "the header is not Protocol Buffers"

/-- Reads a header. -/
def decode : Format → List UInt8 → Option Value
  | .json, bytes => Json.decode bytes
  | .messagePack, bytes => (MessagePack.decode bytes).toOption
  | .protobuf, bytes => Protobuf.decodeHeader bytes

end LeanPythonBridge.Format
