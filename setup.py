"""Compiles the modules of the request path with mypyc, where LPB_COMPILE is set; else nothing.

A wheel is then for one platform and one version of Python. One without is pure Python, and does the
same. What is compiled stands in pyproject.toml, `[tool.lean-python-bridge]`.
"""

import os
import tomllib
from pathlib import Path

from setuptools import Extension, setup

ROOT = Path(__file__).parent


def extensions() -> list[Extension]:
    """Give what is to be compiled: mypyc has made C of it when this returns."""
    if not os.environ.get("LPB_COMPILE"):
        return []
    from mypyc.build import mypycify

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    names = project["tool"]["lean-python-bridge"]["compiled-modules"]
    os.environ["MYPYPATH"] = "server"  # where the package lies
    options = ["--explicit-package-bases", "--ignore-missing-imports", "--config-file="]
    return mypycify(
        [*options, "--cache-dir=build/mypyc", *(f"server/lpb_server/{name}.py" for name in names)],
        opt_level="3",
    )


setup(ext_modules=extensions())
