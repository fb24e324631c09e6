module
public import LeanPythonBridge.Wire.EnvelopeFits
public import LeanPythonBridge.Wire.Formats
public import LeanPythonBridge.Wire.ProtobufHeaderProofs

/-!
# Every format gives back what was put into it

The round trips of the three formats, said once of all.
-/

@[expose] public section

namespace LeanPythonBridge.Format

/-- What a format asks of a value beside being well formed: JSON keeps only one NaN. -/
def keeps : Format → Value → Bool
  | .json, v => Json.oneNaN v
  | _, _ => true

/-- A well-formed request is encoded as its header. -/
theorem encode_request (format : Format) {r : Request} (h : r.wellFormed = true) :
    format.encode r.toValue = format.encodeRequest r := by
  cases format with
  | json => rfl
  | messagePack => rfl
  | protobuf => exact Protobuf.encodeHeader_request r h

/-- A well-formed reply is encoded as its header. -/
theorem encode_reply (format : Format) {r : Reply} (h : r.wellFormed = true) :
    format.encode r.toValue = format.encodeReply r := by
  cases format with
  | json => rfl
  | messagePack => rfl
  | protobuf => exact Protobuf.encodeHeader_reply r h

/-- A well-formed request that was encoded is decoded to its header. -/
theorem decode_encodeRequest (format : Format) {r : Request} (h : r.wellFormed = true)
    (keep : format.keeps r.toValue = true) (written : format.encodeRequest r = some bytes) :
    format.decode bytes = some r.toValue := by
  cases format with
  | json => exact Json.decode_encode (r.wellFormed_toValue h) keep written
  | messagePack =>
    obtain rfl := Option.some.inj written
    simp [decode, MessagePack.decode_encode _ (r.wellFormed_toValue h), Except.toOption]
  | protobuf => exact Protobuf.decodeHeader_encodeRequest r h written

/-- A well-formed reply that was encoded is decoded to its header. -/
theorem decode_encodeReply (format : Format) {r : Reply} (h : r.wellFormed = true)
    (keep : format.keeps r.toValue = true) (written : format.encodeReply r = some bytes) :
    format.decode bytes = some r.toValue := by
  cases format with
  | json => exact Json.decode_encode (r.wellFormed_toValue h) keep written
  | messagePack =>
    obtain rfl := Option.some.inj written
    simp [decode, MessagePack.decode_encode _ (r.wellFormed_toValue h), Except.toOption]
  | protobuf => exact Protobuf.decodeHeader_encodeReply r h written

end LeanPythonBridge.Format
