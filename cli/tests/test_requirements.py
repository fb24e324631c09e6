"""The lock files: everything is pinned by content, and nothing that is asked for is left out."""

import re
import tomllib
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
EXTRAS = {"image": (), "dev": ("embedded", "dev")}


def locked(name: str) -> dict[str, str]:
    text = (PROJECT / "requirements" / f"{name}.txt").read_text()
    assert "://" not in text  # no download addresses
    entries = re.split(r"\n(?=\S)", text.strip())
    for entry in entries:
        assert re.match(r"[a-z0-9.\-]+==\S+", entry), entry.splitlines()[0]
        assert "--hash=sha256:" in entry, entry.splitlines()[0]
    return {entry.split("==")[0]: entry for entry in entries}


@pytest.mark.parametrize("name", EXTRAS)
def test_everything_that_is_installed_is_pinned_by_content(name: str) -> None:
    wanted = list(PYPROJECT["dependencies"])
    for extra in EXTRAS[name]:
        wanted += PYPROJECT["optional-dependencies"][extra]
    names = {re.split(r"[><=!;\[ ]", each)[0].lower().replace("_", "-") for each in wanted}
    assert names | {"setuptools"} <= set(locked(name))
