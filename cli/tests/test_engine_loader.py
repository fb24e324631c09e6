import pytest
from lpb_cli.errors import EngineUnavailableError
from lpb_cli.toolchain.engine_loader import exports_asked_for, slim_loader

LOADER = (
    b"var start=1;use(_needed);var _main,_needed,_unused,_alias;"
    b"function assignWasmExports(wasmExports){"
    b'_needed=Module["_needed"]=wasmExports["needed"];'
    b'_unused=Module["_unused"]=wasmExports["unused"];'
    b'keep=Module["keep"]=wasmExports["keep"];'
    b'_alias=Module["_alias"]=wasmExports["alias"].value;}end();'
)


def test_slimming_keeps_what_is_used_and_drops_the_rest() -> None:
    slimmed = slim_loader(LOADER)
    assert b'_needed=Module["_needed"]' in slimmed
    assert b"_unused" not in slimmed
    assert b"_alias" not in slimmed
    assert b"var _needed;function assignWasmExports" in slimmed
    assert slimmed.startswith(b"var start=1;")
    assert slimmed.endswith(b"}end();")


def test_another_loader_is_refused() -> None:
    with pytest.raises(EngineUnavailableError, match="not of the known form"):
        slim_loader(b"something else")


def test_the_exports_that_a_slimmed_loader_asks_for_are_known() -> None:
    asked = exports_asked_for(slim_loader(LOADER))
    assert "needed" in asked
    assert "unused" not in asked
