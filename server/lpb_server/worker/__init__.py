"""A worker process: it runs what its broker sends."""

__all__: list[str] = []
