"""Is a run on this machine a normal one? `python -m experiments.rung width`.

It trains one more seed of a recipe as the plan has it, and says whether its last
validation accuracy lies in the 95 % prediction interval of the recorded seeds: where
the next seed falls in 95 of 100 cases, on a machine that makes no difference.
"""

import argparse
import tempfile
from pathlib import Path

from d2l_lite.device import device_name, pick_device
from d2l_lite.lab.rule import prediction_interval
from d2l_lite.lab.verdicts import Records
from experiments.folder import Job, last_accuracy
from experiments.plan import RECIPES
from experiments.record import whole_data
from experiments.training import train


def main() -> None:
    """Train, compare, say it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=RECIPES)
    parser.add_argument(
        "--seed", type=int, default=1000, help="one that is not recorded"
    )
    options = parser.parse_args()
    recorded, (_, runs) = Records(), Records().finals(options.name)
    if not runs:
        raise SystemExit(f"{options.name} has no whole record to compare with")
    whole_data()
    low, high = prediction_interval(recorded.values(options.name, "val"))
    epochs = RECIPES[options.name].num_epochs
    job = Job(options.name, "final", runs[0]["lr"], options.seed, epochs)
    with tempfile.TemporaryDirectory() as folder:
        run = train(job, None, Path(folder) / "run.pt", commit="", code="-")
    here, there = device_name(pick_device()), runs[0]["made"]["device"]
    value = last_accuracy(run)
    word = "inside" if low <= value <= high else "OUTSIDE"
    print(f"{value:.4f} on {here}: {word} {low:.4f} to {high:.4f}, the 95 % prediction")
    print(f"interval of the {len(runs)} seeds recorded on {there}")


if __name__ == "__main__":
    main()
