"""``python -m lpb_server.conformance``: write the vectors file anew."""

from pathlib import Path

from lpb_server.conformance.vectors import VECTORS_NAME, render_vectors

__all__: list[str] = []

if __name__ == "__main__":
    (Path(__file__).parent / VECTORS_NAME).write_text(render_vectors(), "utf-8")
