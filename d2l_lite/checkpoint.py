"""A training on disk, so that a stopped one goes on where it was."""

import os
import zipfile
from pathlib import Path

import torch


def save_checkpoint(path: Path, state: dict) -> None:
    """Write `state` under a temporary name, force it to disk, then rename it.

    A reader of `path` sees the old checkpoint or the new one, never half of one.
    Raises OSError, with what to do, when there is no room or no permission.
    """
    part = path.with_name(path.name + ".part")
    try:
        with open(part, "wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except (OSError, RuntimeError) as error:  # torch hides a full disk in the latter
        part.unlink(missing_ok=True)
        raise OSError(
            f"{path} was not saved ({error}); choose another place"
        ) from error


def load_checkpoint(path: Path, identity: dict, device: torch.device) -> dict | None:
    """Return the state saved for this very training, on `device`; None if no file.

    Raises ValueError when the file is damaged, could run foreign code, or is made by
    another training: `identity` names net, data and recipe. The file stays as it is.
    """
    advice = "It was left as it is: move it away, or name another file."
    try:
        with zipfile.ZipFile(path) as archive:  # torch.load checks no check sum
            if part := archive.testzip():
                raise OSError(f"{part} is damaged")
        state = torch.load(path, map_location=device, weights_only=True)
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
