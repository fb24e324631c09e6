from __future__ import annotations

import re

from lpb_server import errors
from lpb_server.errors import (
    BindError,
    BridgeError,
    BridgeTimeout,
    ErrorCode,
    InvalidParams,
    RemoteError,
    WireError,
)
from lpb_server.wire.validation import load_schema


def test_the_drawn_tree_is_the_real_one() -> None:
    assert errors.__doc__ is not None
    drawn = set(re.findall(r"[├└]── (\w+)", errors.__doc__)) | {"BridgeError"}
    real = {
        name
        for name in errors.__all__
        if isinstance(getattr(errors, name), type) and issubclass(getattr(errors, name), Exception)
    }
    assert drawn == real
    assert all(issubclass(getattr(errors, name), BridgeError) for name in real)


def test_codes_are_those_of_the_reply_schema() -> None:
    schema = load_schema("reply")
    assert schema["properties"]["error"]["properties"]["code"]["enum"] == list(ErrorCode)


def test_codes_and_messages() -> None:
    assert str(WireError("no map")) == "bad_message: no map"
    assert WireError("big", code=ErrorCode.TOO_LARGE).code is ErrorCode.TOO_LARGE
    assert InvalidParams("x", {"path": "/x"}).details == {"path": "/x"}


def test_client_errors_say_where_how_often_and_why() -> None:
    error = BridgeTimeout("no reply", endpoint="tcp://h:1", tries=3, cause="refused")
    assert str(error) == "tcp://h:1: no reply (3 tries; last cause: refused)"
    remote = RemoteError("internal", "it broke", None, endpoint="tcp://h:1", tries=1)
    assert str(remote) == "tcp://h:1: internal: it broke (1 try)"
    assert str(BindError("tcp://h:1", "in use")) == "cannot bind tcp://h:1: in use"
