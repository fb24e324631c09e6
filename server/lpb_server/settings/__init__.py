"""The server's settings: what there is, and where each came from."""

__all__: list[str] = []
