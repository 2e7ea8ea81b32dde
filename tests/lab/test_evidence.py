"""The rule by which the ladder and the ledger judge."""

import json
import math
from statistics import mean, stdev

import pytest
from scipy.stats import t

from d2l_lite.lab import evidence
from d2l_lite.lab.evidence import Comparison, accuracies, compare, holm, load_rung


def test_holm_on_a_worked_example():
    # By hand: 0.005 * 4; then 0.01 * 3; then 0.03 * 2; then 0.04, not below 0.06.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([0.02]) == [0.02]
    assert holm([]) == []


def test_a_comparison_is_a_paired_t_test():
    before = {0: 0.80, 1: 0.82, 2: 0.79, 3: 0.83, 4: 0.81}
    after = {0: 0.85, 1: 0.86, 2: 0.85, 3: 0.86, 4: 0.87}
    (comparison,) = compare([("a change", before, after)])
    differences = [after[s] - before[s] for s in range(5)]
    half = t.ppf(0.975, 4) * stdev(differences) / math.sqrt(5)
    assert comparison.difference == pytest.approx(mean(differences))
    assert comparison.low == pytest.approx(mean(differences) - half)
    assert comparison.high == pytest.approx(mean(differences) + half)
    ratio = mean(differences) / (stdev(differences) / math.sqrt(5))
    assert comparison.p == pytest.approx(2 * t.sf(ratio, 4))
    assert comparison.verdict == "helps"
    (back,) = compare([("back", after, before)])
    assert back.verdict == "hurts"


def test_only_seeds_that_both_have_are_paired():
    before = {seed: 0.8 + 0.001 * seed for seed in range(10)}
    after = {seed: 0.9 - 0.001 * seed for seed in range(3, 15)}
    (comparison,) = compare([("a change", before, after)])
    assert comparison.n == 7


@pytest.mark.parametrize("n", range(5))
def test_fewer_than_five_pairs_decide_nothing(n):
    before = {seed: 0.1 + 0.0001 * seed for seed in range(n)}
    after = {seed: 0.9 + 0.0002 * seed for seed in range(n)}
    (comparison,) = compare([("a change", before, after)])
    assert (comparison.n, comparison.verdict) == (n, "undecided")


def test_many_comparisons_make_each_harder_to_win():
    before = {0: 0.80, 1: 0.82, 2: 0.79, 3: 0.83, 4: 0.81}
    after = {0: 0.83, 1: 0.83, 2: 0.82, 3: 0.84, 4: 0.82}
    noise = {0: 0.82, 1: 0.80, 2: 0.81, 3: 0.81, 4: 0.82}
    (alone,) = compare([("a change", before, after)])
    assert alone.verdict == "helps"
    one, *_ = compare([("a change", before, after), *[("noise", before, noise)] * 9])
    assert one.p == pytest.approx(10 * alone.p)
    assert one.verdict == "undecided"


def test_pairs_that_decide_nothing_are_not_counted():
    before = {0: 0.80, 1: 0.82, 2: 0.79, 3: 0.83, 4: 0.81}
    after = {0: 0.85, 1: 0.86, 2: 0.85, 3: 0.86, 4: 0.87}
    few = {0: 0.9, 1: 0.8}
    one, other = compare([("a", before, after), ("b", few, {0: 0.91, 1: 0.82})])
    assert one.p == pytest.approx(compare([("a", before, after)])[0].p)
    assert other.verdict == "undecided"


@pytest.mark.parametrize("gain", [0.0, 0.01])
def test_differences_without_spread_decide_nothing_and_spoil_nothing(gain):
    same = {seed: 0.5 for seed in range(5)}
    other = {seed: 0.5 + gain for seed in range(5)}
    before = {0: 0.80, 1: 0.82, 2: 0.79, 3: 0.83, 4: 0.81}
    after = {0: 0.85, 1: 0.86, 2: 0.85, 3: 0.86, 4: 0.87}
    equal, real = compare([("equal", same, other), ("real", before, after)])
    assert equal.verdict == "undecided"
    assert real.p == pytest.approx(compare([("real", before, after)])[0].p)


def test_a_comparison_is_one_line():
    line = str(Comparison("sigmoid to ReLU", 10, 0.0231, 0.0102, 0.036, 0.001))
    expected = "sigmoid to ReLU 10 +2.3 ( +1.0 to +3.6) helps"
    assert line.split() == expected.split()


def test_a_tampered_record_changes_the_verdict(tmp_path, monkeypatch):
    monkeypatch.setattr(evidence, "RECORDS", tmp_path)
    (tmp_path / "edition1" / "ladder").mkdir(parents=True)

    def write(name, values):
        tests = [{"seed": seed, "test_acc": acc} for seed, acc in enumerate(values)]
        (tmp_path / "edition1" / "ladder" / f"{name}.json").write_text(
            json.dumps({"tests": tests}), encoding="utf-8"
        )

    def verdict():
        (comparison,) = compare([("a", accuracies("one"), accuracies("two"))])
        return comparison.verdict

    write("one", [0.80, 0.82, 0.79, 0.83, 0.81])
    write("two", [0.85, 0.86, 0.85, 0.86, 0.87])
    assert verdict() == "helps"
    write("two", [0.85, 0.86, 0.85, 0.86, 0.71])
    assert verdict() == "undecided"


def test_an_unknown_rung_is_refused_with_the_known_ones(tmp_path, monkeypatch):
    monkeypatch.setattr(evidence, "RECORDS", tmp_path)
    (tmp_path / "edition1" / "ladder").mkdir(parents=True)
    for name in ("relu", "lenet"):
        path = tmp_path / "edition1" / "ladder" / f"{name}.json"
        path.write_text("{}", encoding="utf-8")
    with pytest.raises(ValueError, match=r"no rung 'sgd'; there are: lenet, relu$"):
        load_rung("sgd")
