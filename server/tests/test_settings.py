"""Settings from a file, the environment and flags: which wins, and what is said about mistakes."""

from __future__ import annotations

import argparse
import dataclasses
import os
from pathlib import Path
from typing import Any

import pytest
from lpb_server.broker.broker import Broker
from lpb_server.errors import ConfigError
from lpb_server.frontend.in_process_server import BridgeServer
from lpb_server.operations import default_registry
from lpb_server.service import Service
from lpb_server.settings.config import (
    CacheLimits,
    ClientConfig,
    Configuration,
    PoolConfig,
    ServerConfig,
    WorkerConfig,
)
from lpb_server.settings.layers import (
    POOLED_SETTINGS,
    SERVER_SETTINGS,
    SETTINGS,
    add_flags,
    build,
    flags_of,
    value_of,
)
from lpb_server.settings.sources import Loaded, load
from lpb_server.wire import Limits
from lpb_server.wire.reading import read_json_file


def loaded(
    directory: Path,
    text: str | None = None,
    flags: dict[str, Any] | None = None,
    **environment: str,
) -> Loaded:
    if text is not None:
        (directory / "lpb.toml").write_text(text)
    return load(flags or {}, {"HOME": "/home/x", **environment}, directory)


def test_every_field_is_a_setting_with_a_help_text() -> None:
    owners = (ServerConfig, PoolConfig, Limits, CacheLimits, WorkerConfig, ClientConfig)
    fields = [item.name for owner in owners for item in dataclasses.fields(owner)]
    names = [item.name for item in SETTINGS.values()]
    assert sorted([*names, "limits", "cache"]) == sorted(fields)
    assert [key for key, item in SETTINGS.items() if not item.help] == []
    assert len({item.variable for item in SETTINGS.values()}) == len(SETTINGS)
    assert len({item.flag() for item in SETTINGS.values()}) == len(SETTINGS)


def test_the_defaults_are_those_of_the_classes(tmp_path: Path) -> None:
    found = loaded(tmp_path)
    keys = Path("/home/x/.config/lean-python-bridge/keys")
    expected = dataclasses.replace(Configuration().server, keys=keys)
    assert found.configuration == dataclasses.replace(Configuration(), server=expected)
    assert set(found.origins.values()) == {"default"}


def test_rising_order_and_where_each_value_came_from(tmp_path: Path) -> None:
    text = "workers = 1\nqueue_length = 11\n\n[limits]\nframes = 21\ndepth = 31\n"
    flags = {"queue_length": "13", "insecure": True}
    environment = {"LPB_QUEUE_LENGTH": "12", "LPB_LIMITS_DEPTH": "32"}
    found = loaded(tmp_path, text, flags, **environment)
    configuration, file = found.configuration, tmp_path / "lpb.toml"
    assert configuration.pool.workers == 1
    assert configuration.server.queue_length == 13
    assert (configuration.server.limits.frames, configuration.server.limits.depth) == (21, 32)
    assert {key: where for key, where in found.origins.items() if where != "default"} == {
        "workers": f"{file}:1",
        "queue_length": "--queue-length",
        "limits.frames": f"{file}:5",
        "limits.depth": "LPB_LIMITS_DEPTH",
        "insecure": "--insecure",
    }


def test_the_file_is_named_by_flag_or_variable_or_lies_here(tmp_path: Path) -> None:
    for name, workers in (("a.toml", 1), ("b.toml", 2), ("lpb.toml", 3)):
        (tmp_path / name).write_text(f"workers = {workers}\n")

    def workers_of(file: str | None, isolated: bool = False, **environment: str) -> int:
        found = load({}, environment, tmp_path, file=file, isolated=isolated)
        return found.configuration.pool.workers

    assert workers_of("a.toml", LPB_CONFIG="b.toml") == 1
    assert workers_of(None, LPB_CONFIG="b.toml") == 2
    assert workers_of(None) == 3
    assert workers_of(None, isolated=True, LPB_WORKERS="7") == PoolConfig().workers
    with pytest.raises(ConfigError, match=r"missing\.toml: No such file"):
        workers_of("missing.toml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\nworker = 3\n", r":2: there is no setting 'worker'; did you mean worker"),
        ("[limits]\nframe_byte = 3\n", r":2: .*'limits.frame_byte'; did you mean limits.frame_byt"),
        ("frame_bytes = 3\n", r":1: .*'frame_bytes'; did you mean limits.frame_bytes"),
        ("[limit]\nframes = 3\n", r":1: there is no table 'limit'"),
        ("workers = '3'\n", r":1: workers must be a whole number from 0 to 1024, not '3'"),
        ("workers = true\n", r":1: workers must be a whole number from 0 to 1024, not True"),
        ("workers = -1\n", r":1: workers must be a whole number from 0 to 1024, not -1"),
        (
            "queue_length = 0\n",
            r":1: queue_length must be a whole number from 1 to 2147483647, not 0",
        ),
        ("drain_s = 'x'\n", r":1: drain_s must be a number from 0.001 to 1000000.0, not 'x'"),
        ("drain_s = 0\n", r":1: drain_s must be a number from 0.001 to 1000000.0, not 0"),
        ("drain_s = inf\n", r":1: drain_s must be"),
        ("drain_s = nan\n", r":1: drain_s must be"),
        ("[limits]\ndepth = 65\n", r":2: limits.depth must be a whole number from 5 to 64, not 65"),
        ("curve = 1\n", r":1: curve must be true or false, not 1"),
        ("keys = 1\n", r":1: keys must be a path, not 1"),
        ("log_level = 'loud'\n", r":1: log_level must be one of debug, info, warning, error"),
        ("workers = \n", r"lpb.toml: .*line 1"),
        ("limits = 3\n", r":1: there is no setting 'limits'"),
    ],
)
def test_mistakes_in_the_file_are_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        loaded(tmp_path, text)
    assert str(caught.value).startswith(str(tmp_path / "lpb.toml"))
    assert "\n" not in str(caught.value)


def test_mistakes_elsewhere_are_named(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"^LPB_WORKERS: workers must be a whole number from 0 to 1024, not 'x'"
    ):
        loaded(tmp_path, LPB_WORKERS="x")
    with pytest.raises(ConfigError, match=r"^LPB_CURVE: curve must be true or false, not 'maybe'"):
        loaded(tmp_path, LPB_CURVE="maybe")
    for text in ("loud", "\udcff"):
        with pytest.raises(ConfigError, match=r"^LPB_LOG_LEVEL: log_level must be one of debug, "):
            loaded(tmp_path, LPB_LOG_LEVEL=text)
    with pytest.raises(
        ConfigError,
        match=r"^--drain-s: drain_s must be a number from 0.001 to 1000000.0, not 'soon'",
    ):
        loaded(tmp_path, flags={"drain_s": "soon"})


NUMBERS = {key: item for key, item in SETTINGS.items() if item.kind in (int, float)}
HUGE = ["9223372036854775808", "1" + "0" * 400, "1e400", "inf", "1" * 5000]


@pytest.mark.parametrize("key", NUMBERS)
def test_every_number_has_a_range_that_is_checked_when_it_is_read(key: str, tmp_path: Path) -> None:
    item = NUMBERS[key]
    least, most = item.meta.ge, item.meta.le
    assert least is not None
    assert most is not None
    assert least >= (0 if item.kind is int else 0.001)
    for value in (least, most):
        assert item.parse(str(value), "here") == value
        assert value_of(loaded(tmp_path, flags={key: str(value)}).configuration, key) == value
    below = least - 1 if item.kind is int else least / 2
    above = most + 1 if item.kind is int else most * 2
    for text in (
        str(below),
        str(above),
        "-1",
        "-1e400",
        "nan",
        "-inf",
        "",
        "1_0",
        "١",
        "\udcff",
        *HUGE,
    ):
        with pytest.raises(ConfigError, match=f"^here: {key} must be ") as caught:
            item.parse(text, "here")
        assert len(str(caught.value)) < 250
    section, _, name = key.rpartition(".")
    for text in (str(below), str(above), "nan", *HUGE):
        table = f"[{section}]\n" if section else ""
        with pytest.raises(ConfigError, match=r"lpb\.toml:"):
            loaded(tmp_path, f"{table}{name} = {text}\n")


@pytest.mark.parametrize("key", [key for key in NUMBERS if key in SERVER_SETTINGS])
def test_a_server_runs_at_both_ends_of_every_range(key: str) -> None:
    item = NUMBERS[key]
    for value in (item.meta.ge, item.meta.le):
        if key in ("workers", "metrics_port"):
            continue  # So many processes, and a port that may be taken.
        found = build({"endpoint": "tcp://127.0.0.1:*", "keys": Path("/x"), key: value})
        pool = dataclasses.replace(
            found.pool, workers=0, broker=True, workers_endpoint="tcp://127.0.0.1:*"
        )
        with BridgeServer(Service(default_registry(), found.server.limits), found.server) as server:
            server.stop()
            server.serve()
        with Broker({}, found.server, pool) as broker:
            broker.stop()
            broker.serve()


ENDPOINTS = {key: item for key, item in SETTINGS.items() if item.endpoint}


@pytest.mark.parametrize("key", ENDPOINTS)
def test_every_endpoint_is_checked_when_it_is_read(key: str, tmp_path: Path) -> None:
    assert ENDPOINTS.keys() == {key for key in SETTINGS if "endpoint" in key} | {"worker.connect"}
    for text in ("tcp://127.0.0.1:70991", "tcp://::1:5", "ipc://" + "x" * 108, "udp://x:1"):
        with pytest.raises(ConfigError, match=f"^here: {key}: .* is no endpoint"):
            ENDPOINTS[key].parse(text, "here")


@pytest.mark.parametrize(("text", "value"), [("1", True), ("Yes", True), ("off", False)])
def test_bools_of_the_environment(tmp_path: Path, text: str, value: bool) -> None:
    assert loaded(tmp_path, LPB_CURVE=text).configuration.server.curve is value


def test_where_the_keys_are(tmp_path: Path) -> None:
    def keys(text: str | None = None, **environment: str) -> Path:
        (tmp_path / "lpb.toml").unlink(missing_ok=True)
        return loaded(tmp_path, text, None, **environment).configuration.server.keys

    assert keys() == Path("/home/x/.config/lean-python-bridge/keys")
    assert keys(XDG_CONFIG_HOME="/etc/y") == Path("/etc/y/lean-python-bridge/keys")
    assert keys("keys = 'mine'") == tmp_path / "mine"
    assert keys("keys = '~/mine'") == Path("/home/x/mine")
    assert keys(LPB_KEYS="~/theirs") == Path("/home/x/theirs")
    assert keys(LPB_KEYS="theirs") == tmp_path / "theirs"


def test_what_a_worker_is_given_is_what_the_broker_has(tmp_path: Path) -> None:
    text = "liveness_s = 3.5\nlog_level = 'debug'\nshared_memory = false\n"
    found = loaded(tmp_path, text + "[limits]\nframes = 9\nelements = 8\n").configuration
    parser = argparse.ArgumentParser()
    add_flags(parser, POOLED_SETTINGS, own="worker")
    values = vars(parser.parse_args(flags_of(found, POOLED_SETTINGS, own="worker")))
    assert set(values) == set(POOLED_SETTINGS)
    again = load(values, {}, tmp_path, isolated=True, own="worker").configuration
    assert [value_of(again, key) for key in POOLED_SETTINGS] == [
        value_of(found, key) for key in POOLED_SETTINGS
    ]


def test_what_fails_before_the_bind_does_not_wait_for_what_is_open() -> None:
    config = ServerConfig("tcp://127.0.0.1:*", high_water_mark=1 << 31)  # Past what is checked.
    with (
        pytest.raises(OverflowError),
        BridgeServer(Service(default_registry()), config),
    ):
        raise AssertionError
    with pytest.raises(OverflowError), Broker({}, config, PoolConfig(workers=0)):
        raise AssertionError


def test_a_file_that_others_may_have_put_there_is_not_read_unasked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert loaded(tmp_path, "workers = 3\n").configuration.pool.workers == 3
    file = tmp_path / "lpb.toml"
    for path in (file, tmp_path):
        mode = path.stat().st_mode
        path.chmod(0o777)
        with pytest.raises(ConfigError, match=f"is not read: anybody may write to {path}"):
            loaded(tmp_path)
        path.chmod(mode)
    owner = file.stat().st_uid
    if owner == 0:
        os.chown(file, 12345, -1)
    else:
        monkeypatch.setattr(os, "getuid", lambda: owner + 1)
    with pytest.raises(ConfigError, match=r"belongs to another user.*LPB_CONFIG or --config"):
        loaded(tmp_path)
    assert load({}, {}, tmp_path, file="lpb.toml").configuration.pool.workers == 3
    assert load({}, {}, tmp_path, isolated=True).origins["workers"] == "default"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a = " + b"[" * 20_000 + b"]" * 20_000, "nests too deeply"),
        (b"workers = " + b"9" * 5000, "thousands of digits"),
        (b"workers = 1\nworkers = 2\n", "overwrite a value"),
        (b"\xff", "not UTF-8"),
    ],
)
def test_any_toml_is_read_or_named(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "lpb.toml").write_bytes(content)
    with pytest.raises(ConfigError, match=said) as caught:
        loaded(tmp_path)
    assert str(caught.value).startswith(str(tmp_path / "lpb.toml"))


@pytest.mark.parametrize("name", ["/dev/zero", ".", "nul\0"])
def test_what_is_no_file_with_settings_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=r"more than|Is a directory|null byte"):
        load({}, {}, tmp_path, file=name)


def test_json_of_a_user_is_read_as_the_wire_reads_it(tmp_path: Path) -> None:
    file = tmp_path / "old.json"
    file.write_text('{"a": [1, 2.5]}')
    assert read_json_file(file) == {"a": [1, 2.5]}
    for text in ("", '{"a": 1, "a": 1}', "NaN", "1e400", "[" * 20_000, "9" * 5000):
        file.write_text(text)
        with pytest.raises(ConfigError, match=r"old\.json: "):
            read_json_file(file)
