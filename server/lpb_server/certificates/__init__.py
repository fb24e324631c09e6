"""What an operation returns beside its result, so that Lean can check it."""

from lpb_server.certificates.positive_definite import (
    PositiveDefiniteCertificate,
    positive_definite,
)
from lpb_server.certificates.solve import SolveCertificate, solve_enclosure
from lpb_server.certificates.sum_error_bound import check_sum, sum_error_bound

__all__ = [
    "PositiveDefiniteCertificate",
    "SolveCertificate",
    "check_sum",
    "positive_definite",
    "solve_enclosure",
    "sum_error_bound",
]
