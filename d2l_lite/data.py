"""Fashion-MNIST in memory, as bytes; a minibatch is an index into it."""

import functools
import gzip
import math
import os
import struct
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from d2l_lite import distributed
from d2l_lite.device import pick_device

Images = Tensor  # (N, 1, H, W), float32 in [0, 1]
Labels = Tensor  # (N,), int64 in 0..9

CLASSES = (
    "t-shirt", "trouser", "pullover", "dress", "coat",
    "sandal", "shirt", "sneaker", "bag", "ankle boot",
)  # fmt: skip

# The four files and their MD5 sums (Xiao et al. 2017, the data's own README).
FILES = {
    "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
    "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
    "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
}
MIRRORS = (
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
)
DATA_ENV = "D2L_LITE_DATA"
DEBIAN = Path("/usr/share/datasets/fashion-mnist")
CHUNK_BYTES = 1 << 20  # bytes
TIMEOUT_SECONDS = 10  # seconds for which a mirror may say nothing
SAMPLE = Path(__file__).parent / "sample"
ADVICE = f"fetch it again, or let {DATA_ENV} name a folder that has it whole"


class Minibatches:
    """Minibatches of (Images, Labels), cut by index on one device.

    Args: images (N, 1, 28, 28) uint8; labels (N,) in 0..9; resize is the new
    side in pixels. The last minibatch holds what is left. `generator` draws
    the order, so dropout or another seed elsewhere cannot disturb it. Raises
    ValueError for other images, labels and sizes.
    """

    def __init__(
        self,
        images: Tensor,
        labels: Tensor,
        batch_size: int,
        resize: int | None = None,
        *,
        shuffle: bool = False,
        device: torch.device | None = None,
    ) -> None:
        check_size("batch_size", batch_size)
        check_size("resize", 28 if resize is None else resize)
        self.device = device or pick_device()
        if self.device.type != "meta" and (fault := fault_of(images, labels)):
            raise ValueError(fault)  # on "meta" there is nothing to look at
        self.images = images.to(self.device)
        self.labels = labels.to(self.device, torch.int64)
        self.batch_size, self.resize, self.shuffle = batch_size, resize, shuffle
        self.generator = torch.Generator().manual_seed(0)

    def __len__(self) -> int:
        return math.ceil(len(self.labels) / self.batch_size)

    def __iter__(self) -> Iterator[tuple[Images, Labels]]:
        n = len(self.labels)
        order = torch.arange(n)
        if self.shuffle:
            order = torch.randperm(n, generator=self.generator)
        for index in order.to(self.device).split(self.batch_size):
            X = self.images.index_select(0, index).float().div_(255)
            if self.resize:
                X = resize_images(X, self.resize)
            yield X, self.labels.index_select(0, index)

    def __repr__(self) -> str:
        check_sum = zlib.crc32(self.images.cpu().numpy())
        check_sum = zlib.crc32(self.labels.cpu().numpy(), check_sum)
        return (
            f"Minibatches({len(self.labels)} images, check sum {check_sum:08x}, "
            f"batch_size={self.batch_size}, resize={self.resize}, "
            f"shuffle={self.shuffle})"
        )


def check_size(name: str, value: int) -> None:
    """Raise ValueError when a size is not a whole number from 1."""
    if type(value) is not int or value < 1:
        raise ValueError(f"{name} must be a whole number from 1, not {value!r}")


def fault_of(images: Tensor, labels: Tensor) -> str | None:
    """What keeps these from being images as bytes, a label each; or None."""
    if images.dtype != torch.uint8 or images.ndim != 4:
        return f"images must be uint8, 4-D, not {images.dtype}, {images.ndim}-D"
    if labels.shape != images.shape[:1]:
        return f"{len(images)} images need as many labels, not {tuple(labels.shape)}"
    if not torch.isin(labels.cpu(), torch.arange(10)).all():
        return f"labels must lie in 0..9; these reach {labels.min()}..{labels.max()}"


def resize_images(X: Images, side: int) -> Images:
    """Resize (N, 1, H, W) to (N, 1, side, side), bilinear as torchvision's.

    Antialiased only when it shrinks: enlarging gives the same image without.
    Raises ValueError for a side that is no whole number from 1, and for other X.
    """
    check_size("side", side)
    if X.ndim != 4 or not X.is_floating_point() or 0 in X.shape[1:]:
        raise ValueError(f"no images: {tuple(X.shape)} of {X.dtype}")
    shrinks = side < max(X.shape[-2:])
    return F.interpolate(X, size=(side, side), mode="bilinear", antialias=shrinks)


def load_data_fashion_mnist(
    batch_size: int,
    resize: int | None = None,
    *,
    split: str = "test",
    device: torch.device | None = None,
) -> tuple[Minibatches, Minibatches]:
    """Return training and test minibatches of (Images, Labels).

    batch_size images a minibatch, resized to (resize, resize) if given. They
    live on `device` (default: `pick_device()`). split "validation" leaves the test
    set alone and holds out the last twelfth of the training set: 55,000 and 5,000.
    Raises ValueError for another split, a size that is no whole number from 1, and
    when a file of the data is missing or faulty. Source: Xiao et al. 2017.
    """
    if split not in ("test", "validation"):
        raise ValueError(f"split must be 'test' or 'validation', not {split!r}")
    folder = find_folder()
    names = ("train", "t10k") if split == "test" else ("train",)
    splits = [read_split(folder, name) for name in names]
    sizes = " + ".join(f"{len(labels):,}" for _, labels in splits)
    note = f"; the bundled SAMPLE, not the whole set: {ADVICE}" * (folder == SAMPLE)
    if distributed.RANK == 0:
        print(f"Fashion-MNIST: {sizes} images from {folder}{note}", file=sys.stderr)
    train, test = splits[0], splits[-1]
    if split == "validation":
        rest = len(train[1]) - len(train[1]) // 12
        train, test = zip(*(tensor.tensor_split([rest]) for tensor in train))
    return (
        Minibatches(*train, batch_size, resize, shuffle=True, device=device),
        Minibatches(*test, batch_size, resize, device=device),
    )


def find_folder() -> Path:
    """Return the folder of the four files: the first that is there.

    Order: $D2L_LITE_DATA (never passed over), Debian's package, the user's
    cache, a download into it, the bundled sample.
    """
    if named := os.environ.get(DATA_ENV):
        return Path(named)
    if all((DEBIAN / name).is_file() for name in FILES):
        return DEBIAN
    return download() or SAMPLE


@functools.cache
def download() -> Path | None:
    """Return the cache folder with the four files, checked; None if that fails.

    Each file is written under a temporary name, checked, then renamed (by pooch).
    """
    import pooch  # only here: most readers have the data already

    folder = Path(pooch.os_cache("d2l_lite"))
    get = pooch.HTTPDownloader(timeout=TIMEOUT_SECONDS)
    for mirror in MIRRORS:
        try:
            for name, md5 in FILES.items():
                known = f"md5:{md5}"
                pooch.retrieve(mirror + name, known, name, folder, downloader=get)
            return folder
        except (OSError, ValueError) as error:
            print(f"no Fashion-MNIST from {mirror}: {error}", file=sys.stderr)
    return None


def read_split(folder: Path, name: str) -> tuple[Tensor, Tensor]:
    """Return (N, 1, 28, 28) uint8 images and (N,) int64 labels of one split.

    Raises ValueError when the two files do not belong together.
    """
    images = read_idx(folder / f"{name}-images-idx3-ubyte.gz", dims=3)[:, None]
    labels = read_idx(folder / f"{name}-labels-idx1-ubyte.gz", dims=1)
    fault = fault_of(images, labels)
    if fault or images.shape[2:] != (28, 28):
        fault = fault or "images must be of 28 by 28 pixels"
        raise ValueError(f"{folder} has bad {name} files: {fault}; {ADVICE}")
    return images, labels.long()


def read_idx(path: Path, dims: int) -> Tensor:
    """Return the uint8 array of one gzipped IDX file (LeCun's MNIST format).

    It is unpacked straight into its place: never twice in memory. Raises
    ValueError, with what to do, when the file is missing or damaged.
    """
    try:
        with gzip.open(path) as file:
            head = file.read(4 + 4 * dims)
            if len(head) < 4 + 4 * dims or head[:4] != bytes([0, 0, 8, dims]):
                raise ValueError(f"{path} is no {dims}-D IDX file; {ADVICE}")
            shape = struct.unpack(f">{dims}i", head[4:])
            array = torch.empty([max(n, 0) for n in shape], dtype=torch.uint8)
            rest = memoryview(array.numpy().reshape(-1))
            while count := file.readinto(rest[:CHUNK_BYTES]):
                rest = rest[count:]
            if len(rest) or not array.numel() or file.read(1):
                raise ValueError(f"{path} is shorter or longer than it says; {ADVICE}")
    except FileNotFoundError:
        raise ValueError(f"{path} is missing; {ADVICE}") from None
    except (OSError, EOFError, zlib.error, RuntimeError) as error:
        raise ValueError(f"{path} cannot be read ({error}); {ADVICE}") from error
    return array
