"""Train a small network with PyTorch, and write its layers as a Lean file.

``python train.py [FOLDER]`` writes ``Trained.lean``: the weights of 2 × 8 × 1 neurons that have
learned the exclusive or of two numbers.
"""

import sys
from pathlib import Path

import torch
from lpb_server.models import from_torch

FILE = """\
module

public import LeanPythonBridge.Client.Arrays

/-! # The layers of a trained network, written by `train.py` -/

@[expose] public section

namespace Trained

open LeanPythonBridge

/-- Weights and biases, layer by layer. -/
def layers : List NamedArray := [
  {arrays}]

end Trained
"""


def trained():
    """Fit the network to the four corners of the unit square."""
    torch.manual_seed(0)
    corners = torch.tensor([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=torch.float64)
    wanted = torch.tensor([[0], [1], [1], [0]], dtype=torch.float64)
    module = torch.nn.Sequential(torch.nn.Linear(2, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
    module = module.double()
    optimizer = torch.optim.Adam(module.parameters(), lr=0.05)
    for _ in range(500):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(module(corners), wanted).backward()
        optimizer.step()
    return module.eval()


def as_lean(name, array):
    """Write an array of doubles as a Lean term; a double's shortest decimals are the double."""
    values = ", ".join(repr(value) for value in array.reshape(-1).tolist())
    return f'.ofFloats "{name}" {list(array.shape)} ⟨#[{values}]⟩'


arrays = [as_lean(name, array) for name, array in from_torch(trained()).arrays.items()]
folder = Path(*sys.argv[1:2])
folder.joinpath("Trained.lean").write_text(FILE.format(arrays=",\n  ".join(arrays)), "utf-8")
