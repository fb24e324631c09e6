"""Every block in README and ``docs`` is run, or read by what it is written for."""

from __future__ import annotations

import ast
import json
import re
import shlex
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import typer
from conftest import PROJECT
from lpb_cli.commands.app import app
from lpb_server.__main__ import make_parser
from lpb_server.errors import ErrorCode
from lpb_server.operations import default_registry
from lpb_server.service import Service
from lpb_server.settings.layers import SETTINGS
from lpb_server.wire import decode_reply
from lpb_server.wire.arrays import DTYPES

DOCS = PROJECT / "docs"
PAGES = [PROJECT / "README.md", PROJECT / "CONTRIBUTING.md", *sorted(DOCS.glob("*.md"))]
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)
THEIR_FLAGS = {"serve", "worker", "config"}


def blocks(language: str) -> list[pytest.ParameterSet]:
    found = [
        (page, number, text)
        for page in PAGES
        for number, (name, text) in enumerate(_BLOCK.findall(page.read_text("utf-8")))
        if name == language
    ]
    return [pytest.param(text, id=f"{page.name} {number}") for page, number, text in found]


@pytest.mark.parametrize("text", blocks("python"))
def test_python_is_python(text: str) -> None:
    """Those that are whole are executed: see test_readme.py."""
    ast.parse(text.replace("…", "..."))


def test_the_start_page_does_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    found = _BLOCK.findall((DOCS / "index.md").read_text("utf-8"))
    exec(next(text for name, text in found if name == "python"), {})
    assert re.match(r"\[0\.0909\d+ 0\.6363\d+\] ", capsys.readouterr().out)


@pytest.mark.parametrize("text", blocks("toml"))
def test_toml_is_toml(text: str) -> None:
    assert tomllib.loads(text)


@pytest.mark.parametrize("text", blocks("sh"))
def test_commands_and_their_flags_exist(text: str) -> None:
    root: Any = typer.main.get_command(app)
    for line in text.splitlines():
        for part in re.split(r"&&|\|", line.partition("#")[0]):
            words = shlex.split(part)
            if words[:1] != ["lpb"]:
                continue
            command, rest = root, words[1:]
            while hasattr(command, "commands"):
                assert rest[0] in command.commands, part
                command, rest = command.commands[rest[0]], rest[1:]
            flags = {word.partition("=")[0] for word in rest if word.startswith("--")}
            if words[1] in THEIR_FLAGS:
                known = set(make_parser("lpb")._option_string_actions)
                known |= {SETTINGS[key].flag() for key in SETTINGS} | {"--reload"}
                known |= {"--connect", "--json"}
            else:
                known = {name for parameter in command.params for name in parameter.opts}
            assert flags <= known, part


def test_the_protocol_page_is_true() -> None:
    page = (DOCS / "protocol.md").read_text("utf-8")
    request = next(text for name, text in _BLOCK.findall(page) if name == "json")
    service = Service(default_registry())
    reply = decode_reply(list(service.handle([request.encode()]))).reply
    assert reply.id == json.loads(request)["id"]
    assert reply.result == {"sum": 3.0}
    assert reply.certificate is not None
    for code in ErrorCode:
        assert f"`{code}`" in page
    for dtype in DTYPES:
        assert f"`{dtype}`" in page


def test_the_site_has_every_page() -> None:
    nav = (PROJECT / "mkdocs.yml").read_text("utf-8").partition("\nnav:\n")[2]
    named = re.findall(r": ([\w-]+\.md)$", nav, re.M)
    assert sorted(named) == sorted(page.name for page in DOCS.glob("*.md"))


@pytest.mark.skipif(find_spec("mkdocs") is None, reason="`make docs` installs what builds the site")
def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    api = (tmp_path / "api" / "index.html").read_text("utf-8")
    for name in ("AsyncClient", "BridgeClient", "certified", "ArraySpec", "UnprovenError"):
        assert f">{name}<" in api or f".{name}" in api
