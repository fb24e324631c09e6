"""What is measured, and how: processes, rounds, percentiles, results."""

__all__: list[str] = []
