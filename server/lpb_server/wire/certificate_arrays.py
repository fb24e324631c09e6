"""Certificates that are as large as the data: some of a reply's arrays are the certificate's.

They follow the result's arrays. The certificate's last entry, ``arrays``, is the list of their
names, so that a reader who knows nothing of this still reads the reply.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from lpb_server.errors import WireError
from lpb_server.wire.values import Value, ValueMap

__all__ = ["CERTIFICATE_ARRAYS", "certificate_on_the_wire", "split_arrays"]

CERTIFICATE_ARRAYS: Final = "arrays"
"""The entry of a certificate that names its arrays."""


def certificate_on_the_wire(certificate: ValueMap, arrays: Mapping[str, Any]) -> ValueMap:
    """Return a certificate as it stands in a reply, whose arrays end with these."""
    if not arrays:
        return certificate
    return {**certificate, CERTIFICATE_ARRAYS: list[Value](arrays)}


def split_arrays(
    arrays: dict[str, Any], certificate: ValueMap | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Part the arrays of a reply: those of its result, and those of its certificate.

    Raises
    ------
    WireError
        When the certificate names an array that is not there.
    """
    names = None if certificate is None else certificate.get(CERTIFICATE_ARRAYS)
    if not isinstance(names, list):
        return arrays, {}
    for name in names:
        if not isinstance(name, str) or name not in arrays:
            raise WireError(f"the certificate names an array {name!r}, which did not come")
    chosen = cast("list[str]", names)
    return (
        {name: array for name, array in arrays.items() if name not in chosen},
        {name: arrays[name] for name in chosen},
    )
