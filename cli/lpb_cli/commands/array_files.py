"""Arrays in files: what `lpb call` reads and writes."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import numpy.typing as npt

from lpb_cli.errors import EnvironmentLacksError, UsageError

__all__ = ["file_names", "prepare_folder", "read_array", "write_arrays"]

_LONGEST_NAME = 200
_SAFE = " !#$&'()+,;=@[]^_`{}~-"


def read_array(named: str) -> npt.NDArray[Any]:
    """Read ``FILE.npy``, or one array of several by ``FILE.npz:name``.

    Raises
    ------
    UsageError
        When the file is not there, or holds no array of that kind.
    """
    path, wanted = Path(named), ""
    if ".npz:" in named and not path.exists():
        file, _, wanted = named.rpartition(":")
        path = Path(file)
    try:
        with path.open("rb") as stream:  # NumPy leaves one of its own open when it fails.
            loaded = np.load(stream, allow_pickle=False)
            if not isinstance(loaded, np.ndarray):
                return _one_of(path, loaded, wanted)
        if wanted:
            raise UsageError(f"{path} holds one array, and none called {wanted!r}.")
        return loaded
    except UsageError:
        raise
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}.") from None
    except EOFError:
        raise UsageError(f"{path} is empty, or ends too early: it is no .npy file.") from None
    except zipfile.BadZipFile as error:
        raise UsageError(f"{path} is no .npz file: {error}.") from None
    except MemoryError:
        raise UsageError(f"{path} holds more than fits into memory.") from None
    except Exception as error:  # Whatever NumPy's reader makes of a file that is something else.
        said = (str(error).splitlines() or [type(error).__name__])[0]
        raise UsageError(f"{path} is no .npy file of numbers: {said}") from None


def _one_of(path: Path, loaded: Any, wanted: str) -> npt.NDArray[Any]:
    if not loaded.files:
        raise UsageError(f"{path} holds no arrays.")
    names = ", ".join(loaded.files)
    if not wanted:
        raise UsageError(f"{path} holds several arrays: write {path}:NAME, of {names}.")
    if wanted not in loaded.files:
        raise UsageError(f"{path} holds no array {wanted!r}, but {names}.")
    array = loaded[wanted]
    if not isinstance(array, np.ndarray):  # Another file that was packed with them.
        raise UsageError(f"{wanted!r} in {path} is no .npy file of numbers.")
    return array


def file_names(names: Iterable[str]) -> dict[str, str]:
    """Give each array a file of its own, in one folder, whatever it is called."""
    found: dict[str, str] = {}
    for name in names:
        safe = quote(name, safe=_SAFE, errors="surrogatepass")
        if len(safe) > _LONGEST_NAME:
            digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:32]
            safe = f"{safe[:_LONGEST_NAME]}-{digest}"
        found[name] = f"{safe}.npy"
    return found


def prepare_folder(folder: Path) -> None:
    """Make the folder, before there is something to lose.

    Raises
    ------
    UsageError
        When it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder}: {error.strerror or error}.") from None


def write_arrays(folder: Path, arrays: dict[str, npt.NDArray[Any]]) -> dict[str, str]:
    """Write each array to a file of its own; return the files by the arrays' names.

    Raises
    ------
    EnvironmentLacksError
        When a file cannot be written.
    """
    files = {name: folder / file for name, file in file_names(arrays).items()}
    for name, file in files.items():
        try:
            np.save(file, arrays[name], allow_pickle=False)
        except OSError as error:
            raise EnvironmentLacksError(f"{file}: {error.strerror or error}.") from None
    return {name: str(file) for name, file in files.items()}
