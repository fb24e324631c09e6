"""What tells others how a server is: logs, metrics, systemd."""

__all__: list[str] = []
