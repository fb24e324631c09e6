"""For the site: links that lead out of ``docs`` become plain text, for there is no page there."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["on_page_markdown"]

_OUTSIDE = re.compile(r"\[([^\]]+)\]\(\.\./[^)]*\)")


def on_page_markdown(markdown: str, **context: Any) -> str:
    """Give a page's text as the site shows it; MkDocs calls this for each page."""
    return _OUTSIDE.sub(r"\1", markdown)
