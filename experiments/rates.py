"""Which learning rate a rung gets: the plan's rule, on a grid that can grow."""

from collections.abc import Callable
from statistics import mean

from experiments import plan

Pairs = list[tuple[float, int]]  # (rate, seed)


def choose(
    rates: tuple[float, ...], accuracies: Callable[[float], list[float]]
) -> tuple[Pairs, float | None]:
    """The (rate, seed) pairs that the rule asks for, and the rate that wins.

    `accuracies` gives the validation accuracies of a rate, in the order of the seeds.
    The rate is None while some of them are missing. A single rate is not tried, and
    rates other than the plan's grids are compared by the first seeds alone.
    """
    if len(rates) == 1:
        return [], rates[0]
    grid, few = list(rates), len(plan.GRID_SEEDS)
    while True:
        pairs = [(lr, seed) for lr in grid for seed in plan.GRID_SEEDS]
        tried = {lr: accuracies(lr) for lr in grid}
        if any(len(values) < few for values in tried.values()):
            return pairs, None
        first = {lr: mean(values[:few]) for lr, values in tried.items()}
        leader = max(grid, key=first.__getitem__)
        if rates not in plan.WIDEST:
            return pairs, leader
        if widen(grid, leader, plan.WIDEST[rates]):
            continue
        near = [lr for lr in grid if first[lr] >= first[leader] - plan.NEAR]
        if len(near) > 1:
            pairs += [(lr, seed) for lr in near for seed in plan.NEAR_SEEDS]
            if any(len(tried[lr]) < few + len(plan.NEAR_SEEDS) for lr in near):
                return pairs, None
        best = max(near, key=lambda lr: mean(tried[lr]))
        if not widen(grid, best, plan.WIDEST[rates]):
            return pairs, best


def widen(grid: list[float], best: float, widest: tuple[float, ...]) -> bool:
    """Let the grid grow by a rate where the best lies at its edge; say if it did."""
    place = widest.index(best)
    if best == grid[0] and place > 0:
        grid.insert(0, widest[place - 1])
        return True
    if best == grid[-1] and place < len(widest) - 1:
        grid.append(widest[place + 1])
        return True
    return False
