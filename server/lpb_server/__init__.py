"""The wire protocol, the operations, the ZeroMQ server and the Python client of the bridge.

Layers import one way: ``errors`` ← ``wire`` ← ``certificates`` ← ``operations`` ← ``service`` ←
``sockets`` ← ``settings`` ← ``security`` ← ``frontend`` ← ``worker`` ← ``broker``; ``client``
stands beside the last three. What reads a clock or a socket sits at the edges; everything between
is a function of its arguments. ``docs/architecture.md`` says where to change what.
"""

__all__ = ["SERVER_NAME", "__version__"]

__version__ = "0.1.0"

SERVER_NAME = "lean-python-bridge"
"""The name that the ``operations`` operation reports."""
