"""A cart that a controller keeps in place, and a proof that it always comes to rest.

The cart's state is its position and speed, 10 times a second. Without the controller it drifts.
With it, a Lyapunov function proves that from any start x'Px shrinks by the rate at each step.

Prints::

    spectral radius without the controller 1.00, with it 0.90
    with it: x'Px shrinks to less than 0.91 of itself at each step: True
    without it: uncertifiable
"""

import lean_python_bridge as lpb
import numpy as np

step = 0.1
drift = np.array([[1.0, step], [0.0, 1.0]])
push = np.array([[0.0], [step]])
gains = np.array([[2.0, 3.0]])
controlled = drift - push @ gains


def radius(dynamics):
    """The spectral radius: below 1 every orbit decays."""
    return max(abs(np.linalg.eigvals(dynamics)))


print(
    f"spectral radius without the controller {radius(drift):.2f}, with it {radius(controlled):.2f}"
)
answer = lpb.certified("lyapunov_discrete", arrays={"matrix": controlled})
rate = answer.result["rate"]
print(f"with it: x'Px shrinks to less than 0.91 of itself at each step: {rate < 0.91}")
try:
    lpb.certified("lyapunov_discrete", arrays={"matrix": drift})
except lpb.RemoteError as error:
    print(f"without it: {error.code}")
