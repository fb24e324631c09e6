"""What clients, servers, brokers and workers know of ZeroMQ's sockets."""

__all__: list[str] = []
