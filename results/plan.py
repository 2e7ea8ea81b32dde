"""The plan of the ladder, fixed before its first run.

For each rung: every learning rate of GRID with GRID_SEEDS, on the training
file's last twelfth, which is held out. The rate with the highest mean accuracy
there, after the last epoch, is chosen; if it is the smallest or the largest
tried, the grid first grows by the next rate on that side, up to WIDEST. A training
whose loss stops being a number is recorded as such, with an accuracy of 0. Then
the seeds of SEEDS, which are fresh, at that rate; those of MORE_SEEDS too where
a training is cheap. Only when all seeds of all rungs are there is the test set
read, once, by `python -m results.ladder --test`.

Each of STEPS (in d2l_lite/ladder.py) is judged on test accuracies, paired by seed:
the mean difference with its t interval, and Holm's correction of the p values
over all steps. A step "helps" or "hurts" if the corrected p is below 5 %; else it
is undecided (d2l_lite/evidence.py).
"""

from itertools import product

from d2l_lite.ladder import RUNGS, STEPS
from d2l_lite.ledger import LEFT

__all__ = ["LEFT", "RUNGS", "STEPS"]

BATCH_SIZE, NUM_EPOCHS = 256, 10
GRID = (0.001, 0.003, 0.01, 0.03)
WIDEST = (0.0001, 0.0003, *GRID, 0.1, 0.3)
GRID_SEEDS = (100, 101)
SEEDS, MORE_SEEDS = (0, 1, 2, 3, 4), (5, 6, 7, 8, 9)
COSTLY = ("geometry", "resolution")  # these have no more seeds than SEEDS

# Does a deep net with sigmoids learn? It has left one in ten in the first epoch
# after which its validation accuracy is above LEFT. Five seeds a rate.
ORIGIN = RUNGS["narrow-depth"]
DEEP_ACTIVATIONS = ("sigmoid", "tanh", "ReLU")
DEEP_RATES = {"Adam": (0.001, 0.003, 0.01), "SGD": (0.01, 0.1, 1.0)}
DEEP = {
    f"deep-{activation.lower()}-{optimizer.lower()}": (activation, optimizer)
    for activation, optimizer in product(DEEP_ACTIVATIONS, DEEP_RATES)
}

# The most worth first.
ORDER = (
    "lenet", "relu", "maximum", "width", "depth", "narrow-depth", "tanh",
    "depth-sigmoid", "depth-tanh", "depth-average", "dropout", "geometry",
    "xavier", *DEEP, "width-kaiming", "depth-kaiming", "resolution",
)  # fmt: skip
