"""The generated module is what the compiler makes of ``bridge.proto`` today."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

from lpb_server.wire.protobuf_header import GENERATED, HEADER_FIELDS

NAME = "lpb_server/wire/bridge.proto"


def without_versions(source: str) -> str:
    """Leave out the compiler's own version, which changes without the messages."""
    source = re.sub(r"# Protobuf Python Version: .*\n", "", source)
    return re.sub(r"(Domain\.PUBLIC,\n)(    \d+,\n){3}", r"\1", source)


def test_regenerated(tmp_path: Path) -> None:
    source = tmp_path / NAME
    source.parent.mkdir(parents=True)
    shipped = files("lpb_server.wire")
    source.write_text((shipped / "bridge.proto").read_text("utf-8"), "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "grpc_tools.protoc", "-I", ".", "--python_out=.", NAME],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    generated = source.with_name("bridge_pb2.py").read_text("utf-8")
    checked_in = (shipped / "bridge_pb2.py").read_text("utf-8")
    assert without_versions(generated) == without_versions(checked_in)


def test_header_fields_follow_the_generated_code() -> None:
    names = {number: field.name for number, field in HEADER_FIELDS.items()}
    assert names == {field.number: field.name for field in GENERATED.Header.DESCRIPTOR.fields}
