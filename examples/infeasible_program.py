"""A diet that cannot be, and the reason as a proof.

Two foods, with protein and fat per portion. At least 60 g of protein and at most 19 g of fat are
asked for. The certificate has a multiplier for each rule (Farkas): together they contradict
each other. With 40 g of fat there is a cheapest diet.

Prints::

    at most 19 g of fat: infeasible
    at most 40 g of fat: optimal, 0.0 and 6.0 portions, cost 6.00
"""

import lean_python_bridge as lpb
import numpy as np

nutrients = np.array([[15.0, 10.0], [5.0, 4.0]])  # grams of protein and of fat in a portion


def diet(most_fat):
    """The cheapest diet with so much fat at most, in grams, or why there is none."""
    return lpb.certified(
        "linear_program",
        arrays={
            "cost": np.array([1.8, 1.0]),
            "matrix": nutrients,
            "row_lower": np.array([60.0, -np.inf]),
            "row_upper": np.array([np.inf, most_fat]),
            "lower": np.zeros(2),
        },
    )


print(f"at most 19 g of fat: {diet(19.0).result['status']}")
found = diet(40.0)
portions = found.arrays["solution"]
print(
    f"at most 40 g of fat: {found.result['status']}, "
    f"{portions[0]:.1f} and {portions[1]:.1f} portions, cost {found.result['objective']:.2f}"
)
