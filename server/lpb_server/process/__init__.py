"""The server's process: its memory, and starting it again."""

__all__: list[str] = []
