"""A line through noisy points, with a bound on how much better any other line can be.

The theorem: no weights have a sum of squares that is less than the printed one by more than the
gap, as exact values of the doubles.

Prints::

    slope 1.98, offset 0.51
    sum of squares 0.3
    no line is better by more than 1e-25: True
"""

import lean_python_bridge as lpb
import numpy as np

generator = np.random.default_rng(1)
x = np.linspace(0.0, 1.0, 40)
y = 2.0 * x + 0.5 + 0.1 * generator.standard_normal(40)
matrix = np.column_stack([x, np.ones(40)])

answer = lpb.certified("least_squares", arrays={"matrix": matrix, "right": y})
slope, offset = answer.arrays["weights"]
left = float(np.sum((matrix @ answer.arrays["weights"] - y) ** 2))

print(f"slope {slope:.2f}, offset {offset:.2f}")
print(f"sum of squares {left:.1f}")
print(f"no line is better by more than 1e-25: {answer.certificate['gap'] <= 1e-25}")
