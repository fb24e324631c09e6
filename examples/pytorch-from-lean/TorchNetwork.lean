module

public import LeanPythonBridge.Certificate.NetworkInferenceOperation

/-!
# `torch_network`: what a network gives that PyTorch evaluates

Question, answer and certificate are those of `network_inference`: the proof does not depend on who computed the outputs.
-/

@[expose] public section

namespace TorchNetwork

open LeanPythonBridge Certificate

/-- What a certified output means: every entry is within `bound` of what the network gives, computed exactly with the values
of these doubles. -/
def Meaning (q : Question) (a : Answer) : Prop := NetworkInferenceOperation.Meaning q a

/-- A network that PyTorch evaluates. -/
def operation : CertifiedOperation where
  name := "torch_network"
  check := NetworkInferenceOperation.check
  Meaning := Meaning
  sound := NetworkInferenceOperation.check_sound

end TorchNetwork
