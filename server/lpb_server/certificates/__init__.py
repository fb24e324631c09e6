"""What an operation returns beside its result, so that Lean can check it."""

from lpb_server.certificates.positive_definite import (
    PositiveDefiniteCertificate,
    positive_definite,
)
from lpb_server.certificates.solve import SolveCertificate, solve_enclosure
from lpb_server.certificates.sum_error_bound import sum_error_bound
from lpb_server.certificates.uncertifiable import Uncertifiable

__all__ = [
    "PositiveDefiniteCertificate",
    "SolveCertificate",
    "Uncertifiable",
    "positive_definite",
    "solve_enclosure",
    "sum_error_bound",
]
