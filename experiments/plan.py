"""Edition 2 of the evidence: its plan, fixed before its first training.

Edition 1 chose learning rates by two seeds on a grid of factor 3, trained in
whatever number type the machine was fast in, and tested pairs of seeds. This plan
repairs that. It was written by people who knew edition 1's results on the same
test images; nobody can forget them.

*Data.* 55,000 training images, the 5,000 that are held out for validation, and the
10,000 test images. Every final run writes the classes that it predicts for the
test images at each of its looks; no program compares them with the labels before
all seeds of the recipe are there.

*Rates.* Each recipe with more than one rate tries every rate of GRID with the seeds
of GRID_SEEDS. If the best lies at an edge, the grid grows on that side, up to WIDEST.
All rates within NEAR of the best get the seeds of NEAR_SEEDS too, and the highest
mean validation accuracy after the last epoch wins; if it now lies at an edge, the
grid grows again. The grid is printed in the book.

*Runs.* Fresh seeds at that rate: ten for nets on 28 pixels, at least five above.
Fewer than five decide nothing. A run whose loss stops being a number counts as an
accuracy of 0. Every rung of the ladder is trained in float32, the large nets in the
helper's own choice, which is named beside their verdict. Training accuracy that is
compared with another is measured at the end in eval mode, on as many training
images as there are validation images.

*Verdicts.* Each contrast is judged by Welch's t test, two-sided, whose standard
error holds the seeds and, for test accuracies, the test images (see
d2l_lite/lab/rule.py). Steps and claims are one family, corrected by Holm over its
distinct contrasts; a claim that repeats a step is the same test. At 5 % a contrast
*holds here* or is *reversed here*. Where no difference is found, two one-sided
tests of 5 % each, uncorrected, ask whether it lies within one point: *no difference
worth a point*. Else it is *undecided*. Claims on first epochs, on gaps between
training and validation accuracy, and on leaving one in ten hold the seeds only.

*LeNet (tuned)* is `lenet` or `xavier`, whichever has the higher mean validation
accuracy over its final seeds. It gets the seeds of TRIAL_SEEDS too; these, and not
the ladder's, are compared with the large nets.

*Claims* stand in results/edition2/claims.json, with their source and what is
compared: "test:NAME", on test images; "first epoch:NAME" and "val:NAME", validation
accuracy after the first and the last epoch; "gap:NAME", training minus validation
accuracy at the end; "left:", the constant 0.2; "awake:CASE", of the silence runs.
The two claims on the large nets belong to the trial and not to the family, as does
`silence` to its own.

*The large nets.* AlexNet, and AlexNet at half its width, at 224 pixels. The rate of
the whole net is 0.0003, which was chosen after edition 1 had tested it with one
seed; that of the half net is chosen by one epoch of two seeds on validation images.
Seeds 1 to 5; looks after 3, 6 and 10 epochs, at LOOK_LEVEL each, for all five seeds
at once. Two contrasts, corrected by Holm: with LeNet (tuned), and with `width`. The
first look at which the large net is ahead in both ends the trial, and its sentence
says "after N epochs"; *reversed here* and *no difference worth a point* are said
after the tenth alone; else it is *undecided after N epochs*.

*What silences the maps?* See experiments/silence.py.

*Outside all tests* stand two nets for the live figures, whose weights are kept, and
whose rates are those of edition 1 (`resolution`) and of its referee (`xavier`); and
`alexnet-tutorial`, the whole net at the rate of the tutorial that the book grew out
of, five seeds.

*Ten sentences* that learners hear most are a second family, corrected by Holm among
themselves. It was planned on 2026-11-26, before any of its trainings, by people who
knew of `width`, `relu`, `maximum` and `lenet` what edition 1 says, and of edition 2
no verdict. Each sentence compares a recipe with a rung of the ladder that differs
from it in one thing; both get a rate by the rule above, and ten seeds. Sentences
stand in results/edition2/sentences.json. What they leave open is fixed here:
batch normalisation stands before every activation, of hidden layers too; dropout of
one half follows each hidden layer; augmentation flips an image with a chance of one
half and moves it by up to two pixels each way, filled with black; momentum is 0.9;
weight decay is AdamW's, 0.1, since its default of 0.01 shrinks a weight by some 4 %
in all these steps; small minibatches hold 32 images; half the images, twice the
epochs, so that the steps are equal; poolings that overlap are 3 × 3 with stride 2 and
a border of one. "shift:NAME" is what a net got right of the test images moved by two
pixels to the left, right, up and down, the mean of these four, minus what it got
right of them unmoved.

*A rate that decays* is a third family, corrected by Holm within itself. It was
planned on 2026-11-26, before any of its trainings, by people who knew edition 2's
verdicts until then, and that a wide LeNet with such a rate (`width-decay`) comes
within a point of AlexNet at a constant one. Here LeNet (tuned), which is `xavier`,
and the whole AlexNet get a rate that decays, too; rates by the rule above, but
AlexNet's by ten epochs of two seeds at three rates. One look, after the last epoch.
Sentences stand in results/edition2/decaying.json.
A fifth was added when these four were known, before its training: the wide LeNet for
thirty epochs, at the rate of its ten, which is still far less work than AlexNet's ten.

*Machines.* A GPU computes float32 as it is, without TF32.

*Guards.* A record is refused when its net or recipe differs from this file, when
the code is not committed, and when the data are not the whole set.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from torch import nn

from d2l_lite.lab.ladder import ACTIVATIONS, RUNGS, Rung
from d2l_lite.lab.rule import LOOKS
from d2l_lite.lab.verdicts import STEPS, TEN, TRIAL, TRIAL_SEEDS, TUNED

__all__ = ["STEPS", "TRIAL", "TRIAL_SEEDS", "TUNED"]

GRID = (0.0005, 0.001, 0.002, 0.004, 0.008, 0.016)
SGD_GRID = (0.025, 0.05, 0.1, 0.2, 0.4, 0.8)  # of the second family
WIDEST = {
    GRID: (0.000125, 0.00025, *GRID, 0.032, 0.064),
    SGD_GRID: (0.00625, 0.0125, *SGD_GRID, 1.6, 3.2),
}
NEAR = 0.01  # of the best mean: one point
GRID_SEEDS, NEAR_SEEDS = (100, 101), (102, 103, 104)
FIVE = tuple(range(5))


@dataclass(frozen=True)
class Linear:
    """A net without any window: one linear layer, or two with `hidden` units between.

    With 78 it has about as many parameters as LeNet.
    """

    hidden: int = 0
    activation: str = "sigmoid"
    side: int = 28

    def build(self) -> nn.Sequential:
        """(N, 1, 28, 28) images to (N, 10) logits."""
        if not self.hidden:
            return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
        return nn.Sequential(
            nn.Flatten(),
            nn.Linear(784, self.hidden),
            ACTIVATIONS[self.activation](),
            nn.Linear(self.hidden, 10),
        )


@dataclass(frozen=True)
class Recipe:
    """A net and how it is trained; `rates` of more than one number are a grid."""

    net: Rung | Linear
    seeds: tuple[int, ...] = TEN
    rates: tuple[float, ...] = GRID
    rate_of: str = ""  # takes the rate that was chosen for another recipe
    batch_size: int = 256
    num_epochs: int = 10
    grid_epochs: int = 10
    optimizer: str = "Adam"
    schedule: str = "constant"  # or "decay": in a straight line to 0
    precision: str = "float32"  # or "": the helper's choice on this machine
    looks: tuple[int, ...] = (10,)  # epochs after which test images are answered
    # "peaks" of maps and units on test images, "weights", or "shifts": the answers to
    # test images that are moved
    keeps: str = ""
    momentum: float = 0.0
    weight_decay: float = 0.0  # of AdamW
    augment: bool = False  # each training image is moved, and perhaps mirrored
    train_images: int = 55_000


rung = {name: Recipe(net) for name, net in RUNGS.items()}
for costly in "geometry", "resolution":
    rung[costly] = replace(rung[costly], seeds=FIVE)
width, depth = RUNGS["width"], RUNGS["depth"]
deep_sigmoid = replace(RUNGS["narrow-depth"], activation="sigmoid")
sgd = {"rates": (1.0,), "optimizer": "SGD"}
large = Recipe(
    replace(RUNGS["resolution"], width=16),
    seeds=(1, 2, 3, 4, 5),
    rates=(0.0003,),
    batch_size=128,
    precision="",
    looks=LOOKS,
    keeps="peaks",
)
figure = {"seeds": (200,), "keeps": "weights"}

# The most worth first.
RECIPES: dict[str, Recipe] = {
    "figure-resolution": replace(rung["resolution"], rates=(0.001,), **figure),
    "figure-lenet": replace(rung["xavier"], rates=(0.01,), **figure),
    "lenet": rung["lenet"],
    "xavier": rung["xavier"],
    "dense": Recipe(Linear(78)),
    "linear": Recipe(Linear()),
    "width": rung["width"],
    "alexnet-half": replace(
        large,
        net=replace(large.net, width=8),
        rates=(0.0003, 0.0005, 0.001),
        grid_epochs=1,
    ),
    "resolution": rung["resolution"],
    "relu": rung["relu"],
    "maximum": rung["maximum"],
    "depth": rung["depth"],
    "dropout": rung["dropout"],
    "geometry": rung["geometry"],
    "tanh": rung["tanh"],
    "dense-relu": Recipe(Linear(78, "ReLU")),
    "early-depth": Recipe(replace(depth, early=True)),
    "narrow-depth": rung["narrow-depth"],
    # what bfloat16 costs: edition 1 trained these ten seeds in it
    "relu-float32": replace(rung["relu"], rates=(0.01,)),
    "lenet-sgd": replace(rung["lenet"], **sgd),
    "deep-sigmoid-sgd": Recipe(deep_sigmoid, **sgd),
    "deep-sigmoid-adam": Recipe(deep_sigmoid, rates=(0.001,)),
    "width-decay": Recipe(width, schedule="decay"),
    "depth-decay": Recipe(depth, schedule="decay"),
    "lenet-30": replace(
        rung["lenet"], rates=(), rate_of="lenet", num_epochs=30, looks=(30,)
    ),
    "depth-sigmoid": rung["depth-sigmoid"],
    "depth-tanh": rung["depth-tanh"],
    "depth-average": rung["depth-average"],
    "width-kaiming": rung["width-kaiming"],
    "depth-kaiming": rung["depth-kaiming"],
    # only with AVX512 or a GPU
    "windows-112": Recipe(replace(RUNGS["dropout"], side=112), FIVE),
    "stride-112": Recipe(replace(RUNGS["geometry"], stride=2), FIVE),
    "resolution-30": replace(
        rung["resolution"], rates=(), rate_of="resolution", num_epochs=30, looks=(30,)
    ),
    "alexnet": large,
    "alexnet-tutorial": replace(large, rates=(0.003,)),
}
COSTLY = (
    "windows-112", "stride-112", "resolution-30", "alexnet", "alexnet-tutorial",
    "alexnet-decay",
)  # fmt: skip

# The second family, the most worth first.
for name in "relu", "maximum":
    RECIPES[name] = replace(RECIPES[name], keeps="shifts")
by_sgd = replace(rung["relu"], optimizer="SGD", rates=SGD_GRID)
RECIPES |= {
    "width-norm": Recipe(replace(width, norm=True)),
    "lenet-norm": Recipe(replace(RUNGS["lenet"], norm=True)),
    "width-dropout": Recipe(replace(width, dropout=0.5)),
    "width-augmented": Recipe(width, augment=True),
    "width-overlap": Recipe(replace(width, overlap=True)),
    "relu-sgd": by_sgd,
    "relu-momentum": replace(by_sgd, momentum=0.9),
    "width-decayed": Recipe(width, optimizer="AdamW", weight_decay=0.1),
    "width-half": Recipe(
        width, train_images=27_500, num_epochs=20, grid_epochs=20, looks=(20,)
    ),
    "relu-small": replace(rung["relu"], batch_size=32),
}

# The third family.
RECIPES |= {
    "alexnet-decay": replace(
        large,
        rates=(0.00025, 0.0005, 0.001),
        schedule="decay",
        looks=(10,),
    ),
    "xavier-decay": replace(rung["xavier"], schedule="decay"),
    "width-decay-30": Recipe(
        width,
        schedule="decay",
        rates=(),
        rate_of="width-decay",
        num_epochs=30,
        looks=(30,),
    ),
}
