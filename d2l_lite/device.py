"""Where the arithmetic runs, and in which number type."""

import os
import platform
import re
from datetime import date
from pathlib import Path

import torch

from d2l_lite import distributed

PRECISION_ENV = "D2L_LITE_PRECISION"


def pick_device(name: str | None = None) -> torch.device:
    """Return cuda, else mps, else cpu; or the device called `name`.

    Under torchrun: a GPU for each process; where they are too few, the cpu.
    Raises ValueError when the named device is unknown or absent here.
    """
    if name is None and distributed.WORLD_SIZE > 1:
        if torch.cuda.device_count() < distributed.LOCAL_WORLD_SIZE:
            return torch.device("cpu")
        return torch.device("cuda", distributed.LOCAL_RANK)
    present = ["cpu"]
    if torch.backends.mps.is_available():
        present.insert(0, "mps")
    if torch.cuda.is_available():
        present.insert(0, "cuda")
    if name is None:
        return torch.device(present[0])
    if name.split(":")[0] not in present:
        raise ValueError(f"no device {name!r} here; choose one of {', '.join(present)}")
    return torch.device(name)


def autocast_dtype(device: torch.device) -> torch.dtype:
    """Return bfloat16 where the hardware multiplies it, else float32.

    Without such units bfloat16 is emulated, and slower than float32 by far.
    $D2L_LITE_PRECISION=float32 means float32 everywhere.
    """
    if os.environ.get(PRECISION_ENV) == "float32":
        return torch.float32
    fast = False
    if device.type == "cuda":
        fast = torch.cuda.is_bf16_supported(including_emulation=False)
    elif device.type == "cpu":
        fast = (
            torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
        )
    return torch.bfloat16 if fast else torch.float32


def device_name(device: torch.device) -> str:
    """Return the name of the GPU, or of the processor and its threads in use."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    cpuinfo = Path("/proc/cpuinfo")
    text = cpuinfo.read_text("utf-8") if cpuinfo.exists() else ""
    found = re.search(r"^model name\s*: (.+)", text, re.MULTILINE)
    name = found[1] if found else platform.processor() or platform.machine()
    threads = torch.get_num_threads()
    return f"{name}, {threads} threads" if threads > 1 else f"{name}, 1 thread"


def provenance(device: torch.device) -> dict[str, str]:
    """Where, when and with what a training is made."""
    processes = f"{distributed.WORLD_SIZE} × " if distributed.WORLD_SIZE > 1 else ""
    return {
        "device": processes + device_name(device),
        "precision": str(autocast_dtype(device)).removeprefix("torch."),
        "torch": str(torch.__version__),
        "date": date.today().isoformat(),
    }
