"""A training on disk, so that a stopped one goes on where it was."""

import os
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO

import torch

from d2l_lite.data import Minibatches


def replace_file(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Let `write` fill a file beside `path`, force it to disk, then rename it.

    A reader of `path` sees the old file or the new one, never half of one. Raises
    OSError, with what to do, when there is no room or no permission.
    """
    part = path.with_name(path.name + ".part")
    try:
        with open(part, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except (OSError, RuntimeError) as error:  # torch hides a full disk in the latter
        raise OSError(
            f"{path} was not saved ({error}); choose another place"
        ) from error
    finally:
        part.unlink(missing_ok=True)


def save_checkpoint(path: Path, state: dict) -> None:
    """Put `state` in the place of the checkpoint, if there is one already."""
    replace_file(path, lambda file: torch.save(state, file))


def load_checkpoint(path: Path, identity: dict) -> dict | None:
    """Return the state saved for this very training, in main memory; None if no file.

    Raises ValueError when the file is damaged, could run foreign code, or is made by
    another training: `identity` names net, data and recipe. The file stays as it is.
    """
    advice = "It was left as it is: move it away, or name another file."
    try:
        with zipfile.ZipFile(path) as archive:  # torch.load checks no check sum
            if part := archive.testzip():
                raise OSError(f"{part} is damaged")
        state = torch.load(path, map_location="cpu", weights_only=True)
        made_by = dict(state["identity"])
    except FileNotFoundError:
        return None
    except Exception as error:
        why = type(error).__name__  # torch's words tell how to trust a hostile file
        raise ValueError(f"{path} is no whole checkpoint ({why}). {advice}") from None
    for key, value in identity.items():
        if (other := made_by.get(key)) != value:
            other = f"was made with another {key}: {other}, not {value}"
            raise ValueError(f"{path} {other}. {advice}")
    return state


def describe(data_iter: Iterable) -> str:
    """Our minibatches in words, with a check sum; other loaders only by their size."""
    if isinstance(data_iter, Minibatches):
        return repr(data_iter)
    return f"{type(data_iter).__name__} of {len(data_iter)} minibatches"
