"""What clients talk to: requests admitted, answered once, and replied to."""

__all__: list[str] = []
