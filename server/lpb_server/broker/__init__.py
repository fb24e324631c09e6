"""The broker: which worker gets which request, and the workers' processes."""

__all__: list[str] = []
