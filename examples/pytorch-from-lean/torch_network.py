"""``torch_network``: PyTorch evaluates the layers of the question.

What can be proven of a network's outputs does not depend on who computed them: the certificate,
which bounds the rounding, and its checker are those of ``network_inference``.
"""

import torch
from lpb_server.operations import Certificate, Outcome, operation
from lpb_server.operations.network_inference import network_inference as _known


@operation(
    "torch_network",
    params={"type": "object", "additionalProperties": False},
    summary="Evaluate a network of rectified layers with PyTorch.",
    arrays=_known.arrays,
    certificate=Certificate(
        _known.certificate.kind,
        make=_known.certificate.make,
        checker="TorchNetwork",
        check=_known.certificate.check,
    ),
    examples=_known.examples,
    lies=_known.lies,
)
def torch_network(params, arrays):
    """Build the module that the arrays are of, and call it."""
    layers = []
    for number in range(1, len(arrays) // 2 + 1):
        weight, bias = arrays[f"weight_{number}"], arrays[f"bias_{number}"]
        linear = torch.nn.Linear(*weight.shape[::-1], dtype=torch.float64)
        linear.load_state_dict({"weight": torch.tensor(weight), "bias": torch.tensor(bias)})
        layers += [linear, torch.nn.ReLU()]
    module = torch.nn.Sequential(*layers[:-1]).eval()
    with torch.no_grad():
        output = module(torch.tensor(arrays["input"]))
    return Outcome({}, {"output": output.numpy()})
