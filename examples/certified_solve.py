"""A linear system that is hard to solve in double precision, and how wrong the solution can be.

The Hilbert matrix of 8 rows has a condition of 10¹⁰, and the entries of the solution are whole
numbers of up to 6 digits. The certificate says how far each computed one is from the exact one.

Prints::

    matrix        8 x 8, condition 1.5e+10
    entries within 1e-5 of the exact solution: True
    rounded       [-8, 504, -7560, 46200, -138600, 216216, -168168, 51480]
    certificate   solve_enclosure
"""

import lean_python_bridge as lpb
import numpy as np

rows = np.arange(8)
matrix = 1.0 / (rows[:, None] + rows + 1)
right = np.ones(8)

answer = lpb.certified("solve", arrays={"matrix": matrix, "right": right})
bound = answer.certificate["bound"]
solution = answer.arrays["solution"]

print(f"matrix        8 x 8, condition {np.linalg.cond(matrix):.1e}")
print(f"entries within 1e-5 of the exact solution: {bound <= 1e-5}")
print(f"rounded       {[round(entry) for entry in solution.tolist()]}")
print(f"certificate   {answer.certificate['kind']}")
