"""FastAPI under uvicorn, asked by httpx: JSON for an inline matrix, raw bytes for a framed one."""

from __future__ import annotations

import socket
from importlib import import_module
from typing import TYPE_CHECKING, Any

from lpb_benchmarks.peers.base import Announce, Connection, Peer, PreparedCall

if TYPE_CHECKING:
    from lpb_benchmarks.peers.workload import Workload

__all__ = ["FastApi"]

_TIMEOUT_S = 120.0


class _HttpConnection(Connection):
    def __init__(self, endpoint: str) -> None:
        httpx: Any = import_module("httpx")
        self._client = httpx.Client(base_url=endpoint, timeout=_TIMEOUT_S, trust_env=False)

    def prepare(self, workload: Workload) -> PreparedCall:
        matrix, client = workload.matrix(), self._client
        rows, columns = matrix.shape

        def run_inline() -> float:
            return _sum_of(client.post("/sum", json={"matrix": matrix.tolist()}))

        def run_framed() -> float:
            shape = {"rows": rows, "columns": columns}
            return _sum_of(client.post("/sum-bytes", params=shape, content=matrix.tobytes()))

        return PreparedCall(run_inline if workload.inline else run_framed, workload.accepts_sum)

    def close(self) -> None:
        self._client.close()


def _sum_of(response: Any) -> float:
    response.raise_for_status()
    return float(response.json()["sum"])


class FastApi(Peer):
    """The usual choice for a service in Python."""

    title = "FastAPI with httpx"
    modules = ("fastapi", "uvicorn", "httpx")

    def serve(self, endpoint: str, arguments: list[str], announce: Announce) -> None:
        """Serve with one uvicorn process."""
        uvicorn: Any = import_module("uvicorn")
        host, _, port = endpoint.removeprefix("tcp://").rpartition(":")
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, int(port)))
            listener.listen(1024)
            config = uvicorn.Config(_application(), log_level="warning", access_log=False)
            announce(f"http://{host}:{listener.getsockname()[1]}")
            uvicorn.Server(config).run(sockets=[listener])

    def connect(self, endpoint: str, arguments: list[str]) -> Connection:
        """Open a client that keeps its connection."""
        return _HttpConnection(endpoint)


def _application() -> Any:
    import numpy as np

    fastapi: Any = import_module("fastapi")
    pydantic: Any = import_module("pydantic")
    matrix_model = pydantic.create_model("Matrix", matrix=(list[list[float]], ...))

    def sum_inline(body: Any) -> dict[str, float]:
        return {"sum": float(np.array(body.matrix, dtype=np.float64).sum())}

    async def sum_bytes(request: Any, rows: int, columns: int) -> dict[str, float]:
        data = await request.body()
        return {"sum": float(np.frombuffer(data, "<f8").reshape(rows, columns).sum())}

    # FastAPI reads the types at run time; the modules they come from are not imported above.
    sum_inline.__annotations__ = {"body": matrix_model, "return": dict[str, float]}
    sum_bytes.__annotations__ = {
        "request": fastapi.Request,
        "rows": int,
        "columns": int,
        "return": dict[str, float],
    }
    application = fastapi.FastAPI()
    application.add_api_route("/sum", sum_inline, methods=["POST"])
    application.add_api_route("/sum-bytes", sum_bytes, methods=["POST"])
    return application
