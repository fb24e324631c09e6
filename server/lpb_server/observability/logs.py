"""The log on standard error: lines for people, or one JSON object a line.

It never waits for whoever reads it: lines are dropped and counted, and warnings that repeat are
bounded.

A line that is about a request carries its correlation id: ``_LOG.info(…, extra={"id": …})``.
"""

from __future__ import annotations

import json
import logging
import os
import select
import sys
import time
from collections.abc import Callable
from typing import Final, Literal, TypeAlias

__all__ = ["LogFormat", "configure_logging"]

LogFormat: TypeAlias = Literal["text", "json"]

_TEXT: Final = "%(asctime)s %(levelname)s %(name)s[%(process)d]: %(message)s"
_MOST_A_SECOND: Final = 20
_MOST_KINDS: Final = 1024
"""Warnings of one kind in a second, and kinds that are told apart."""

_FIELDS: Final = ("id", "op", "code", "seconds")
"""What a line may carry beside its message."""


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line: dict[str, object] = {
            "time": f"{moment}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "pid": record.process,
            "message": record.getMessage(),
        }
        for name in _FIELDS:
            if hasattr(record, name):
                line[name] = getattr(record, name)
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class _Repeats(logging.Filter):
    """Lets so many warnings of one kind through in a second, and says how many it kept back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._kinds: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING:
            return True
        kind, now_s = (record.name, str(record.msg)), self._clock()
        since_s, count = self._kinds.get(kind, (now_s, 0))
        if now_s - since_s >= 1:
            if count > _MOST_A_SECOND:
                record.msg = (
                    f"{record.getMessage()} ({count - _MOST_A_SECOND} more of these before)"
                )
                record.args = ()
            since_s, count = now_s, 0
        if len(self._kinds) >= _MOST_KINDS:
            self._kinds.clear()
        self._kinds[kind] = since_s, count + 1
        return count < _MOST_A_SECOND


class _Unhurried(logging.Handler):
    """Writes to a descriptor what can be written at once, and counts what cannot.

    Nobody may be reading: then a write would wait, and the server with it. It has no thread of its
    own, so that a process with this log can be forked.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._dropped = 0
        self._torn = False  # Whether a line's beginning stands there alone.

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record)
        except Exception:
            self.handleError(record)
            return
        if self._dropped:
            said = logging.LogRecord(
                *(__name__, logging.WARNING, "", 0, "%d lines of the log were dropped", None, None)
            )
            said.args = (self._dropped,)
            if not self._write(self.format(said)):
                self._dropped += 1
                return
            self._dropped = 0
        if not self._write(line):
            self._dropped += 1

    def _write(self, line: str) -> bool:
        text = f"\n{line}\n" if self._torn else f"{line}\n"
        left = whole = memoryview(text.encode("utf-8", "backslashreplace"))
        poller = select.poll()
        poller.register(self._descriptor, select.POLLOUT)
        try:
            while left:
                # A pipe that is writable has room for as much as PIPE_BUF.
                if not any(event & select.POLLOUT for _, event in poller.poll(0)):
                    self._torn = self._torn or len(left) < len(whole)
                    return False
                left = left[os.write(self._descriptor, left[: select.PIPE_BUF]) :]
        except OSError:  # A full disk, a closed pipe, a terminal that is gone.
            return False
        self._torn = False
        return True


def configure_logging(level: str, log_format: LogFormat = "text") -> None:
    """Send the log to standard error.

    Parameters
    ----------
    level : str
        ``debug``, ``info``, ``warning`` or ``error``.
    log_format : str
        ``text`` or ``json``.
    """
    handler: logging.Handler
    try:
        handler = _Unhurried(sys.stderr.fileno())
    except (OSError, AttributeError):  # It is no file.
        handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_Repeats())
    handler.setFormatter(_Json() if log_format == "json" else logging.Formatter(_TEXT))
    logging.basicConfig(level=level.upper(), handlers=[handler])
