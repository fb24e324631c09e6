"""The kernel against servers that lie: about the sum, about its certificate, in any byte."""

from dataclasses import replace
from pathlib import Path

import pytest
from dishonest import (
    Alter,
    altering_reply,
    dishonest_server,
    off_by_twice_the_bound,
)
from lpb_cli.output.report import Check, Status
from lpb_cli.toolchain.diagnostics import ProofReport
from lpb_cli.toolchain.embedded import EmbeddedToolchain
from lpb_cli.verify.exchanges import LiveExchange, PlannedRequest, plan_requests, send_requests
from lpb_cli.verify.transcript import render_transcript
from lpb_server.operations import default_registry
from lpb_server.wire.values import ValueMap

ENGINE_TIMEOUT_S = 900


def planned(name: str) -> PlannedRequest:
    """Give an example in a format, which `lpb verify` may ask in another one."""
    example, _, wire_format = name.rpartition(", ")
    requests = plan_requests(default_registry(), 1, 0)
    found = next(item for item in requests if item.name.rpartition(", ")[0] == example)
    return replace(found, name=name, format=wire_format)


def converse(alter: Alter, *requests: PlannedRequest) -> tuple[list[LiveExchange], list[Check]]:
    with dishonest_server(alter) as endpoint:
        return send_requests(endpoint, list(requests), lambda i, n: None, timeout_s=0.3)


def rejected(toolchain: EmbeddedToolchain, exchanges: list[LiveExchange], folder: Path) -> set[str]:
    """Names of the exchanges that the kernel does not accept."""
    transcript = render_transcript(exchanges, "A test.")
    file = folder / "LiveTranscript.lean"
    file.write_text(transcript.source)
    result = toolchain.check_file(file, ENGINE_TIMEOUT_S)
    return set(transcript.errors(result.diagnostics))


def named(exchange: LiveExchange, name: str) -> LiveExchange:
    return replace(exchange, planned=replace(exchange.planned, name=name))


def without_certificate(value: ValueMap) -> None:
    value["certificate"] = {}


@pytest.mark.timeout(ENGINE_TIMEOUT_S)
def test_a_server_that_lies_is_found_out(
    toolchain: EmbeddedToolchain, proofs: ProofReport, tmp_path: Path
) -> None:
    request = planned("matrix_sum: one column, inline, msgpack")
    honest, _ = converse(lambda header: header, request)
    exchanges = [named(honest[0], "honest")]
    lies = {
        "sum off by twice the bound": altering_reply(off_by_twice_the_bound),
        "no certificate": altering_reply(without_certificate),
    }
    for name, alter in lies.items():
        lied, checks = converse(alter, request)
        assert [check.status for check in checks] == [Status.PASSED], checks
        exchanges.append(named(lied[0], name))
    assert rejected(toolchain, exchanges, tmp_path) == set(lies)


@pytest.mark.timeout(ENGINE_TIMEOUT_S)
def test_no_altered_frame_is_accepted(
    toolchain: EmbeddedToolchain, proofs: ProofReport, tmp_path: Path
) -> None:
    """The theorem is about the bytes of the frames: one bit of one, or one byte more, is seen."""
    request = planned("matrix_sum: 3 × 4, frame, msgpack")
    honest, _ = converse(lambda header: header, request)
    frame = honest[0].exchange.request_frames[1]
    frames = {
        "one bit": bytes([frame[0] ^ 1]) + frame[1:],
        "one byte more": frame + b"\0",
        "one byte less": frame[:-1],
        "another order": frame[8:] + frame[:8],
    }
    told = [named(honest[0], "honest")]
    for name, altered in frames.items():
        header = honest[0].exchange.request_frames[0]
        exchange = replace(honest[0].exchange, request_frames=(header, altered))
        told.append(named(replace(honest[0], exchange=exchange), name))
    # The sum of the same numbers in another order is the same: that one is no lie.
    assert rejected(toolchain, told, tmp_path) == set(frames) - {"another order"}


@pytest.mark.timeout(ENGINE_TIMEOUT_S)
@pytest.mark.parametrize("format_name", ["json", "msgpack"])
def test_no_altered_byte_is_accepted(
    toolchain: EmbeddedToolchain, proofs: ProofReport, tmp_path: Path, format_name: str
) -> None:
    """Every byte of a reply is altered in turn: the client or the kernel notices each time."""
    request = planned(f"matrix_sum: one column, inline, {format_name}")
    honest, _ = converse(lambda header: header, request)
    length = len(honest[0].exchange.reply_frames[0])
    read: list[LiveExchange] = []
    for position in range(length):
        step = 0x20 if format_name == "json" else 0x01

        def alter(header: bytes, position: int = position, step: int = step) -> bytes:
            if position >= len(header):
                return header
            return header[:position] + bytes([header[position] ^ step]) + header[position + 1 :]

        lived, checks = converse_once(alter, request)
        if lived and checks[0].status is Status.PASSED:
            read.append(named(lived[0], f"byte {position}"))
    names = {live.name for live in read}
    assert names, "no altered reply could be read: the kernel was not asked anything"
    assert rejected(toolchain, read, tmp_path) == names


def converse_once(alter: Alter, request: PlannedRequest) -> tuple[list[LiveExchange], list[Check]]:
    with dishonest_server(alter) as endpoint:
        return send_requests(endpoint, [request], lambda i, n: None, timeout_s=0.1, tries=1)


def test_an_altered_id_is_no_answer() -> None:
    def alter(value: ValueMap) -> None:
        value["id"] = str(value["id"]) + "x"

    lived, checks = converse(altering_reply(alter), planned("matrix_sum: one row, inline, json"))
    assert lived == []
    assert checks[0].status is Status.FAILED
    assert checks[0].name == "matrix_sum: one row, inline, json"
