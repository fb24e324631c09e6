"""Lean's kernel on the file of conformance vectors that Python is tested against."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from lean_conformance import DECIDED, Claim, claims, render
from lpb_cli.toolchain.diagnostics import ProofReport
from lpb_cli.toolchain.embedded import EmbeddedToolchain
from lpb_server.conformance import load_vectors

ENGINE_TIMEOUT_S = 900
PARTS = 4


def rejected(toolchain: EmbeddedToolchain, some: list[Claim], file: Path) -> set[str]:
    """Names of the vectors that the kernel does not accept."""
    written = render(some)
    file.write_text(written.source)
    return set(written.errors(toolchain.check_file(file, ENGINE_TIMEOUT_S).diagnostics))


@pytest.mark.timeout(ENGINE_TIMEOUT_S)
def test_the_kernel_accepts_every_vector(
    toolchain: EmbeddedToolchain, proofs: ProofReport, tmp_path: Path
) -> None:
    found = claims(load_vectors())
    with ThreadPoolExecutor(toolchain.jobs) as executor:
        parts = [
            executor.submit(rejected, toolchain, found[part::PARTS], tmp_path / f"Part{part}.lean")
            for part in range(PARTS)
        ]
        assert set().union(*(part.result() for part in parts)) == set()


@pytest.mark.timeout(ENGINE_TIMEOUT_S)
def test_the_kernel_rejects_vectors_that_are_altered(
    toolchain: EmbeddedToolchain, proofs: ProofReport, tmp_path: Path
) -> None:
    vectors = load_vectors()
    # One of each kind: a value, a request and a reply with a byte altered, and what is refused or
    # accepted said the other way round.
    altered = {
        section: [spoiled(next(v for v in vectors[section] if "msgpack" in v))]
        for section in ("values", "requests", "replies")
    }
    of_formats = {
        section: [v for v in vectors[section] if v["format"] in DECIDED and v["as"] == "value"]
        for section in ("accepted", "invalid")
    }
    first = of_formats["accepted"][0]
    altered["accepted"] = [{**of_formats["invalid"][0], "value": None}]
    altered["invalid"] = [{**first, "error": "bad_message"}]
    lies = claims(altered)
    assert rejected(toolchain, lies, tmp_path / "Altered.lean") == {lie.name for lie in lies}


def spoiled(vector: dict[str, object]) -> dict[str, object]:
    """The same with its last byte of MessagePack altered, and in no other format."""
    data = bytearray.fromhex(str(vector["msgpack"]))
    data[-1] ^= 1
    return {"name": vector["name"], "value": vector["value"], "msgpack": data.hex()}
