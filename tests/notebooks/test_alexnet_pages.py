"""What chapters 4 and 5 say in words is what the records say."""

import json
from pathlib import Path

import nbformat
import pytest

from d2l_lite.lab.figures import steps
from d2l_lite.lab.figures.three_changes import races
from d2l_lite.lab.records import RECORDS, load_record
from d2l_lite.lab.verdicts import SECOND, Records

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
RACE = json.loads((RECORDS / "play" / "race.json").read_text("utf-8"))
GPU_DAYS = 90 * 1_200_000 / 86_400  # of one image a second


def prose_of(name: str) -> str:
    """The text of a chapter, without its code and outputs."""
    cells = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4).cells
    return "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def ends(*net) -> list[float]:
    """Where the recorded races of a net end."""
    return [curve[-1] for curve in races(RACE, *net)]


def test_chapter_4_reads_the_race_as_it_was_recorded():
    sigmoid, relu = ends("sigmoid", "average", 0), ends("ReLU", "average", 0)
    assert min(relu + ends("tanh", "average", 0)) > max(sigmoid)
    maximum = ends("ReLU", "max", 0)
    assert min(maximum) < max(relu) and min(relu) < max(maximum)
    assert sum(end < 0.2 for end in ends("sigmoid", "max", 4)) == 4
    deep = ends("ReLU", "max", 4)
    assert min(deep) > 0.6 and sum(deep) < sum(maximum)


def test_chapter_4_says_what_its_runs_say():
    (alexnet,) = load_record("alexnet").last("test_acc")
    lenets = load_record("lenet").last("test_acc")
    assert sum(acc < alexnet for acc in lenets) == 9 == len(lenets) - 1
    learnt = [acc for acc in lenets if acc > 0.2]
    assert 0.035 < max(learnt) - min(learnt) < 0.045
    gpu = steps.fastest("AlexNet", "cuda")
    minutes = 24 * 60 * GPU_DAYS * gpu["whole"] / 1000 / gpu["images"]
    assert minutes < 90  # less than a film
    seconds = min(load_record("alexnet").runs[0].seconds)
    assert 6 < GPU_DAYS * seconds / 60_000 < 9  # nearly what two cards did


def test_the_fold_of_chapter_4_names_the_better_rate_and_nothing_else_does():
    text = prose_of("04_alexnet")
    fold = text.partition("Only here for the code?")[2].partition("</details>")[0]
    assert "0.0003" in fold and "07_look_inside.ipynb" in fold
    rest = text.replace(fold, "")
    assert "0.0003" not in rest and "silent maps" not in rest
    records = Records()
    assert records.awake("0.003").mean() < 0.5 < records.awake("0.0003").mean()
    runs = records.read("silence")["runs"]
    at_full_rate = [run["after"][SECOND] for run in runs if run["case"] == "0.003"]
    assert sum(share < 0.5 for share in at_full_rate) >= 8
    better = load_record("alexnet-slow")
    assert better.recipe["lr"] == 0.0003
    assert better.last("test_acc") > load_record("alexnet").last("test_acc")
    five = records.right("alexnet").mean(1)
    assert five.min() > 0.92 and five.max() < 0.926  # "about 92 of 100"
    more = five - records.right("alexnet-tutorial").mean()
    assert more.min() > 0.04 and more.max() < 0.05


def shares_saved(net: str) -> dict[str, float]:
    """What bfloat16 saves of a step in float32, by device."""
    rows = {(r["device"], r["numbers"]): r["whole"] for r in steps.recorded_steps(net)}
    return {
        device: 1 - rows[device, "bfloat16"] / rows[device, "float32"]
        for device in steps.DEVICES.values()
    }


def test_chapter_5_says_where_the_time_of_a_step_goes():
    for net in "AlexNet", "LeNet":
        for row in steps.recorded_steps(net):
            parts = [row[part] for part in steps.PARTS]
            assert max(parts) == row["backward"]
            if net == "AlexNet":
                assert 1.3 < row["backward"] / row["forward"] < 2.7
    cpu, gpu = (steps.fastest("AlexNet", where) for where in steps.DEVICES)
    assert cpu["whole"] / gpu["whole"] > 200
    alexnet = {row["numbers"]: row for row in steps.recorded_steps("AlexNet")}
    whole = [alexnet[n]["whole"] for n in ("float32", "float32 as TF32", "bfloat16")]
    assert whole == sorted(whole, reverse=True)
    lenet = [row for row in steps.recorded_steps("LeNet") if row["device"] == "GPU"]
    by_type = {row["numbers"]: row["whole"] for row in lenet}
    assert (
        min(by_type.values()) > 0.97 * by_type["float32"]
    )  # fewer digits save nothing
    assert 0.3 < min(by_type.values()) / gpu["whole"] < 0.4
    saved = [shares_saved(net) for net in ("AlexNet", "LeNet")]  # by bfloat16
    assert saved[0]["two CPU cores"] == pytest.approx(0.5, abs=0.06)
    assert saved[0]["GPU"] > 0.5 and saved[1]["GPU"] < 0.03
    assert saved[1]["two CPU cores"] == pytest.approx(1 / 8, abs=0.02)
    assert steps.usual_loader(128) > 10 and gpu["whole"] < 6  # it would mostly wait
    fastest = min(load_record("alexnet").runs[0].seconds) / (60_000 / 128)
    assert 1000 * fastest < cpu["whole"] / 2  # the slow day


def test_chapter_5_reads_the_spike_as_it_was_recorded():
    cold, warm = steps.first_losses("0.003"), steps.first_losses("0.003, warm-up")
    assert [len(cold), len(warm)] == [10, 3]
    for losses in cold:
        assert losses.index(max(losses)) == 1 and max(losses) > 100
        assert all(2.2 < loss < 3.4 for loss in losses[7:])
    assert max(map(max, warm)) < 4


def test_chapter_5_shows_the_four_curves_that_it_names():
    _, finals = Records().finals("width-norm")
    training, other = finals[0]["train_loss"], finals[0]["val_loss"]
    assert training == sorted(training, reverse=True)
    assert other[-1] > min(other) + 0.05 and training[-1] < 0.1
    alexnet = load_record("alexnet").runs[0]
    for losses in alexnet.train_loss, alexnet.test_loss:
        assert losses[-1] == min(losses)
