"""The rule of edition 2: does one net do better than another? Numbers in, words out.

What a net got right is a bool array, (seeds, images). Where only a value a seed is
known, such as an accuracy after the first epoch, it is a 1-D array, and the images
have no part in the error.
"""

import math
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

LEVEL = 0.05
FEWEST = 5  # seeds of either net; with fewer nothing is decided
POINT = 0.01  # a smaller difference is not worth a word
LOOKS = (3, 6, 10)  # epochs after which a large net is judged, for all seeds at once
LOOK_LEVEL = LEVEL / len(LOOKS)  # so that three looks err no oftener than one

HOLDS, REVERSED = "holds here", "reversed here"
NO_DIFFERENCE, UNDECIDED = "no difference worth a point", "undecided"
NOT_RUN = "not run"

NAN = float("nan")
Results = np.ndarray  # (seeds, images) bool, or (seeds,) float


# ---------------------------------------------------------------------- one contrast


@dataclass(frozen=True)
class Contrast:
    """What a net does better than another: a difference of means and its error."""

    n: tuple[int, int]  # seeds of each net
    difference: float = NAN  # after minus before
    error: float = NAN  # standard error; without a test, not a number, as all below
    df: float = NAN  # degrees of freedom
    p: float = NAN  # two-sided, uncorrected
    corrected: float = NAN  # by Holm over its family; not a number outside one

    def interval(self, share: float = 1 - LEVEL) -> tuple[float, float]:
        """The interval that holds the true difference in this share of cases."""
        from scipy.stats import t  # half a second, which only this needs

        half = float(t.ppf(0.5 + share / 2, self.df)) * self.error
        return self.difference - half, self.difference + half

    @property
    def small(self) -> bool:
        """Whether two one-sided tests, 5 % each, find it within one point of nought."""
        low, high = self.interval(1 - 2 * LEVEL)
        return low > -POINT and high < POINT

    def word(self, more: str, less: str, level: float = LEVEL) -> str:
        """What was found: `more`, `less`, or that neither can be said."""
        if not min(self.n):
            return NOT_RUN
        if self.corrected < level:
            return more if self.difference > 0 else less
        return NO_DIFFERENCE if self.small else UNDECIDED

    def claim(self, says: str) -> str:
        """The verdict on a claim that `after` is "more" than `before`, or "less"."""
        words = (HOLDS, REVERSED)
        return self.word(*(words if says == "more" else words[::-1]))

    @property
    def step(self) -> str:
        """The verdict on a step of the ladder."""
        return self.word("helps", "hurts")


def compare(before: Results | None, after: Results | None) -> Contrast:
    """Compare two nets; the errors of seeds and of images are both in the error.

    The variance of the difference is that of the seeds, s²/n of each net, plus that
    of the images, over which the difference of the nets' mean correctness varies. The
    chance of one seed at one image (the residual of the two-way layout) is in both,
    so it is taken off once; but never is less left than the seeds' part, which alone
    is Welch's test. Degrees of freedom: Satterthwaite's, over all these parts. Fewer
    seeds than FEWEST, and values without any spread, are not tested. Raises
    ValueError for two nets of unlike shapes. Source: Welch 1947, Satterthwaite 1946.
    """
    from scipy.stats import t

    nets = [np.empty(0) if x is None else np.asarray(x, float) for x in (before, after)]
    n = (len(nets[0]), len(nets[1]))
    if not min(n):
        return Contrast(n)
    if nets[0].shape[1:] != nets[1].shape[1:]:
        raise ValueError(f"the nets answer {nets[0].shape} and {nets[1].shape}")
    difference = float(nets[1].mean() - nets[0].mean())
    if min(n) < FEWEST:
        return Contrast(n, difference)
    seeds = [seed_part(net) for net in nets]
    parts = seeds
    if nets[0].ndim == 2:
        parts = [*seeds, image_part(*nets), *map(interaction_part, nets)]
        if sum(part for part, _ in parts) < sum(part for part, _ in seeds):
            parts = seeds
    variance = sum(part for part, _ in parts)
    if not variance > 0:
        return Contrast(n, difference)
    error = math.sqrt(variance)
    df = variance**2 / sum(part**2 / free for part, free in parts)
    p = float(2 * t.sf(abs(difference / error), df))
    return Contrast(n, difference, error, df, p)


Part = tuple[float, int]  # of the variance of a difference; its degrees of freedom


def seed_part(net: Results) -> Part:
    """s²/n of the seeds' means; nought, not nearly, when all are equal."""
    means = net.reshape(len(net), -1).mean(1)
    return float(means.var(ddof=1) / len(net)) if np.ptp(means) else 0.0, len(net) - 1


def image_part(before: Results, after: Results) -> Part:
    """Variance over images of the difference of the nets' means, a mean of them."""
    gains = after.mean(0) - before.mean(0)
    return float(gains.var(ddof=1) / len(gains)), len(gains) - 1


def interaction_part(net: Results) -> Part:
    """What the other two parts both count of one net, with a minus sign."""
    n, images = net.shape
    residual = net - net.mean(1, keepdims=True) - net.mean(0) + net.mean()
    free = (n - 1) * (images - 1)
    return -float((residual**2).sum() / free / (n * images)), free


def prediction_interval(
    values: Sequence[float], share: float = 1 - LEVEL
) -> tuple[float, float]:
    """Where one more value falls in this share of cases: mean ± t·s·sqrt(1 + 1/n).

    Raises ValueError for fewer than two values.
    """
    from scipy.stats import t

    n = len(values)
    if n < 2:
        raise ValueError(f"{n} values have no spread; two are needed")
    spread = float(np.std(values, ddof=1)) * math.sqrt(1 + 1 / n)
    half, middle = float(t.ppf(0.5 + share / 2, n - 1)) * spread, float(np.mean(values))
    return middle - half, middle + half


# ------------------------------------------------------------------------ one family


def correct(contrasts: Sequence[Contrast], names: Iterable[Hashable]) -> list[Contrast]:
    """Correct the p values of a family by Holm; those of one name are one test.

    What is not tested is not in the family. Source: Holm 1979.
    """
    names = list(names)
    p = {name: c.p for name, c in zip(names, contrasts) if c.p == c.p}
    corrected = dict(zip(p, holm(list(p.values()))))
    return [
        replace(contrast, corrected=corrected.get(name, NAN))
        for contrast, name in zip(contrasts, names)
    ]


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct p values so that any false finding among them is as rare as one alone."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    corrected, largest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(order):
        largest = max(largest, (len(p_values) - rank) * p_values[place])
        corrected[place] = min(1.0, largest)
    return corrected


def judge(
    pairs: Sequence[tuple[str, str]], results: dict[str, Results | None]
) -> list[Contrast]:
    """Compare each (before, after) of `results`, as one family.

    A pair that comes twice, or the other way round, is one test.
    """
    contrasts = [compare(results.get(a), results.get(b)) for a, b in pairs]
    return correct(contrasts, [frozenset(pair) for pair in pairs])


# ----------------------------------------------------------------- the large nets


@dataclass(frozen=True)
class Trial:
    """A large net against each of its opponents, at the last look that counts."""

    epoch: int = 0  # of this look; 0 before the first
    contrasts: tuple[Contrast, ...] = ()  # the large net is `after`

    @property
    def words(self) -> list[str]:
        """The verdict on each contrast at this look."""
        ahead = f"ahead after {self.epoch} epochs"
        said = [ahead, REVERSED, NO_DIFFERENCE]
        if self.epoch < LOOKS[-1]:
            said = [ahead]
        found = [c.word(ahead, REVERSED, LOOK_LEVEL) for c in self.contrasts]
        return [word if word in said else self.undecided for word in found]

    @property
    def undecided(self) -> str:
        """What is said where nothing else can be."""
        return f"{UNDECIDED} after {self.epoch} epochs"

    @property
    def verdict(self) -> str:
        """What both contrasts say; undecided where they differ."""
        if not self.contrasts:
            return NOT_RUN
        words = set(self.words)
        return words.pop() if len(words) == 1 else self.undecided

    @property
    def over(self) -> bool:
        """Whether nothing later is looked at."""
        return self.epoch == LOOKS[-1] or self.verdict.startswith("ahead")


def follow(
    look: Callable[[int], Results | None], opponents: Sequence[Results | None]
) -> Trial:
    """Look at a large net after 3, 6 and 10 epochs, until it is ahead of all opponents.

    `look` gives what it got right after so many epochs, or None as long as one seed
    is missing; no later look is taken then, nor after the end. The level is LOOK_LEVEL
    at each look, corrected over the opponents by Holm.
    """
    trial = Trial()
    if any(opponent is None for opponent in opponents):
        return trial
    for epoch in LOOKS:
        after = look(epoch)
        if after is None:
            break
        contrasts = [compare(before, after) for before in opponents]
        trial = Trial(epoch, tuple(correct(contrasts, range(len(contrasts)))))
        if trial.over:
            break
    return trial
