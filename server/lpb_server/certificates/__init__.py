"""What an operation returns beside its result, so that Lean can check it."""

from lpb_server.certificates.sum_error_bound import check_sum, sum_error_bound

__all__ = ["check_sum", "sum_error_bound"]
