"""A training on disk, so that a stopped one goes on where it was."""

import os
import zipfile
from pathlib import Path

import torch


def save_checkpoint(path: Path, state: dict) -> None:
    """Write `state` under a temporary name, force it to disk, then rename it.

    A reader of `path` sees the old checkpoint or the new one, never half of one.
    """
    part = path.with_name(path.name + ".part")
    with open(part, "wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)


def load_checkpoint(path: Path, identity: dict, device: torch.device) -> dict | None:
    """Return the state saved for this very training, on `device`; None if no file.

    Raises ValueError when the file is damaged, or made by another training:
    `identity` names net, data and recipe. The file stays as it is.
    """
    if not path.exists():
        return None
    advice = "It was left as it is: move it away, or name another file."
    try:
        with zipfile.ZipFile(path) as archive:  # torch.load checks no check sum
            if part := archive.testzip():
                raise OSError(f"{part} is damaged")
        state = torch.load(path, map_location=device, weights_only=True)
        made_by = dict(state["identity"])
    except Exception as error:
        raise ValueError(
            f"{path} is no whole checkpoint ({error}). {advice}"
        ) from error
    for key, value in identity.items():
        if made_by.get(key) != value:
            raise ValueError(
                f"{path} was made with another {key}: {made_by.get(key)}, "
                f"not {value}. {advice}"
            )
    return state
