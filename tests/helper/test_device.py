"""The device is picked, and its number type, by what the machine can do."""

import pytest
import torch

from d2l_lite import pick_device
from d2l_lite.device import autocast_dtype, device_name

CPU, CUDA, MPS = map(torch.device, ("cpu", "cuda", "mps"))


@pytest.fixture
def machine(monkeypatch):
    """Return a function that makes a machine with the given devices."""

    def make(*names):
        for module, name in ((torch.cuda, "cuda"), (torch.backends.mps, "mps")):
            present = name in names
            monkeypatch.setattr(module, "is_available", lambda present=present: present)

    return make


@pytest.mark.parametrize(
    ("present", "best"),
    [
        ((), CPU),
        (("mps",), MPS),
        (("cuda",), CUDA),
        (("mps", "cuda"), CUDA),
    ],
)
def test_the_best_device_is_cuda_else_mps_else_cpu(machine, present, best):
    machine(*present)
    assert pick_device() == best


def test_a_named_device_is_taken_before_a_better_one(machine):
    machine("cuda", "mps")
    for name in ("cpu", "mps", "cuda", "cuda:0"):
        assert pick_device(name) == torch.device(name)


@pytest.mark.parametrize("name", ["cuda", "cuda:0", "mps", "abacus", ""])
def test_a_named_device_that_is_not_here_is_refused(machine, name):
    machine()
    with pytest.raises(ValueError, match=f"no device '{name}' here; choose one of cpu"):
        pick_device(name)


def test_a_refusal_names_the_devices_that_are_here(machine):
    machine("cuda")
    with pytest.raises(ValueError, match="cuda, cpu"):
        pick_device("mps")


@pytest.mark.parametrize("avx512", [False, True])
@pytest.mark.parametrize("amx", [False, True])
def test_a_processor_takes_bfloat16_only_with_units_for_it(monkeypatch, avx512, amx):
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: avx512)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx)
    expected = torch.bfloat16 if avx512 or amx else torch.float32
    assert autocast_dtype(CPU) == expected


@pytest.mark.parametrize("real", [False, True])
def test_a_gpu_that_only_emulates_bfloat16_takes_float32(monkeypatch, real):
    def is_bf16_supported(including_emulation=True):
        return real or including_emulation

    monkeypatch.setattr(torch.cuda, "is_bf16_supported", is_bf16_supported)
    assert autocast_dtype(CUDA) == (torch.bfloat16 if real else torch.float32)


def test_apple_gpus_take_float32():
    assert autocast_dtype(MPS) == torch.float32


def test_a_processors_name_ends_with_its_threads(monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 7)
    name, _, threads = device_name(CPU).rpartition(", ")
    assert len(name) > 2
    assert threads.startswith("7 ")


def test_a_gpus_name_is_torchs(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: f"GPU {device}")
    assert device_name(CUDA) == "GPU cuda"
