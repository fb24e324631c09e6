"""The conformance vectors as Lean files, each of whose theorems claims one vector.

What a claim says is in ``lean/proofs/LeanPythonBridge/Wire/Conformance.lean``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lpb_cli.verify.lean_file import Claim as LeanClaim
from lpb_cli.verify.lean_file import LeanFile, claims_file
from lpb_cli.verify.lean_terms import FORMATS, lean_packed, lean_string

DECIDED = ("msgpack", "protobuf")
"""Formats that the kernel decides. JSON's decoder is proven and run; evaluating it takes too long.
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """A vector by its name: a structure of ``Conformance.lean``, and a term of it."""

    name: str
    kind: str
    term: str


def claims(vectors: Mapping[str, Any]) -> list[Claim]:
    """Give the claim of every vector that has bytes in one of `DECIDED`."""
    found: list[Claim] = []
    sections = {
        "values": ("CanonicalValue", notation),
        "requests": ("CanonicalRequest", _request),
        "replies": ("CanonicalReply", _reply),
    }
    for section, (kind, term_of) in sections.items():
        for vector in vectors[section]:
            encodings = [
                f"({FORMATS[key]}, {_packed(vector[key])})" for key in DECIDED if key in vector
            ]
            if encodings:
                term = f"⟨{term_of(vector['value'])}, [{', '.join(encodings)}]⟩"
                found.append(Claim(f"{section}: {vector['name']}", kind, term))
    for section, kind in (("accepted", "Accepted"), ("invalid", "Refused")):
        for vector in vectors[section]:
            if vector["format"] in DECIDED:
                parts = [FORMATS[vector["format"]], "." + vector["as"], _packed(vector["bytes"])]
                if section == "accepted":
                    parts.append(notation(vector["value"]))
                name = f"{section}: {vector['name']} ({vector['format']}, {vector['as']})"
                found.append(Claim(name, kind, f"⟨{', '.join(parts)}⟩"))
    return found


def render(some: Iterable[Claim]) -> LeanFile:
    """Write a Lean file of these claims."""
    parts = (LeanClaim(claim.name, "vector", claim.kind, f":= {claim.term}") for claim in some)
    namespace = "LeanPythonBridge.Conformance"
    return claims_file(
        ["LeanPythonBridge.Wire.Conformance"], namespace, "# Conformance vectors", parts
    )


def _packed(hexadecimal: str) -> str:
    return lean_packed(bytes.fromhex(hexadecimal))


def notation(written: Any) -> str:
    """Write a value of the vectors' notation as a Lean term, every bit of a float kept."""
    match written:
        case None:
            return ".null"
        case bool():
            return f".bool {json.dumps(written)}"
        case str():
            return f".string {lean_string(written)}"
        case list():
            return ".list [" + ", ".join(map(notation, written)) + "]"
        case {"int": str(text)}:
            return f".int ({int(text)})"
        case {"float": str(text)}:
            return f".float {int.from_bytes(bytes.fromhex(text), 'big'):#x}"
        case {"map": list()}:
            return f".map {_entries(written)}"
    raise ValueError(f"no value: {written!r}")


def _entries(written: Any) -> str:
    pairs = (f"({lean_string(key)}, {notation(item)})" for key, item in written["map"])
    return "[" + ", ".join(pairs) + "]"


def _fields(written: Any) -> dict[str, Any]:
    return dict(written["map"])


def _arrays(written: Any) -> str:
    headers = []
    for header in map(_fields, written):
        shape = ", ".join(length["int"] for length in header["shape"])
        headers.append(
            f"⟨{lean_string(header['name'])}, .{header['dtype']}, [{shape}], "
            f"{header['frames']['int']}⟩"
        )
    return "[" + ", ".join(headers) + "]"


def _request(written: Any) -> str:
    fields = _fields(written)
    parts = [
        f"id := {lean_string(fields['id'])}",
        f"op := {lean_string(fields['op'])}",
        f"params := {_entries(fields['params'])}",
        f"arrays := {_arrays(fields.get('arrays', []))}",
        f"certify := {json.dumps(fields.get('certify', False))}",
    ]
    if "deadline_ms" in fields:
        parts.append(f"deadlineMs := some {fields['deadline_ms']['int']}")
    return "{ " + ", ".join(parts) + " }"


def _reply(written: Any) -> str:
    fields = _fields(written)
    if fields["status"] == "ok":
        certificate = "none"
        if "certificate" in fields:
            certificate = f"(some {_entries(fields['certificate'])})"
        arrays = _arrays(fields.get("arrays", []))
        outcome = f".ok {_entries(fields['result'])} {arrays} {certificate}"
    else:
        error = _fields(fields["error"])
        first, *others = error["code"].split("_")
        code = first + "".join(map(str.capitalize, others))
        details = _entries(error["details"])
        outcome = f".error ⟨.{code}, {lean_string(error['message'])}, {details}⟩"
    parts = [f"id := {lean_string(fields['id'])}", f"outcome := {outcome}"]
    if "timing" in fields:
        times = _fields(fields["timing"])
        parts.append(f"timing := some ⟨{times['queue_us']['int']}, {times['compute_us']['int']}⟩")
    return "{ " + ", ".join(parts) + " }"
