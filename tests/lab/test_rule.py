"""Edition 2's rule, and the records that it is put to."""

import hashlib
import json
import math
import re
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm, t, ttest_1samp, ttest_ind

from d2l_lite.lab import verdicts
from d2l_lite.lab.rule import (
    Contrast,
    Trial,
    compare,
    correct,
    follow,
    holm,
    judge,
    prediction_interval,
)
from d2l_lite.lab.verdicts import Claim, Records, judge_all, read_labels
from experiments import plan
from experiments.record import WHOLE_DATA
from experiments.training import pack

ROOT = Path(__file__).resolve().parents[2]
LOW = np.array([0.80, 0.82, 0.79, 0.83, 0.81])
HIGH = np.array([0.85, 0.86, 0.85, 0.86, 0.87])


def bits(*rows):
    """(seeds, images) from a string of 0 and 1 a seed."""
    return np.array([[int(bit) for bit in row] for row in rows], bool)


# ------------------------------------------------------------------------- the rule


def test_both_sources_of_error_on_an_example_worked_by_hand():
    before = bits("1100", "1100", "1110", "1100", "1000")
    after = bits("1110", "1110", "1110", "1111", "1100")
    found = compare(before, after)
    # Seeds: means 0.5, 0.5, 0.75, 0.5, 0.25, so s² = 0.125 / 4; the other net alike.
    seeds = 0.125 / 4 / 5
    # Images: 1, 0.8, 0.2, 0 against 1, 1, 0.8, 0.2: differences 0, 0.2, 0.6, 0.2.
    images = (0.25**2 + 0.05**2 + 0.35**2 + 0.05**2) / 3 / 4
    # Chance: sums of squares 5 - 0.5 - 3.4 and 3.75 - 0.5 - 2.15, both 1.1, free 4 * 3.
    chance = 1.1 / 12 / 20
    variance = 2 * seeds + images - 2 * chance
    df = variance**2 / (2 * seeds**2 / 4 + images**2 / 3 + 2 * chance**2 / 12)
    assert (variance, df) == pytest.approx((0.0191667, 3.4462), rel=1e-4)
    assert found.n == (5, 5)
    assert found.difference == pytest.approx(0.25)
    assert (found.error, found.df) == pytest.approx((math.sqrt(variance), df))
    assert found.p == pytest.approx(2 * t.sf(0.25 / math.sqrt(variance), df))
    half = t.ppf(0.975, df) * math.sqrt(variance)
    assert found.interval() == pytest.approx((0.25 - half, 0.25 + half))
    back = compare(after, before)
    assert (back.difference, back.p) == pytest.approx((-0.25, found.p))


def welch(before, after):
    """What scipy says: difference, p, degrees of freedom, 95 % interval."""
    test = ttest_ind(after, before, equal_var=False)
    interval = test.confidence_interval(0.95)
    return [after.mean() - before.mean(), test.pvalue, test.df, *interval]


def found(contrast):
    return [contrast.difference, contrast.p, contrast.df, *contrast.interval()]


def test_values_a_seed_are_compared_by_welchs_test():
    ten = np.concatenate([LOW, LOW + 0.013])
    assert found(compare(ten, HIGH)) == pytest.approx(welch(ten, HIGH))
    # One net without spread is no hindrance: the other's values against a constant.
    one = ttest_1samp(HIGH, 0.2)
    contrast = compare(np.full(10, 0.2), HIGH)
    assert (contrast.p, contrast.df) == pytest.approx((one.pvalue, one.df))


def test_images_that_add_nothing_leave_welchs_test():
    # Two seeds of five get each image right, then three: no image gains more.
    before = bits("10000", "01100", "00111", "10010", "01001")
    after = bits("11100", "00011", "10101", "11011", "01110")
    expected = welch(before.mean(1), after.mean(1))
    assert found(compare(before, after)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("seed", "image", "own", "n", "images"),
    [
        (0.2, 0.3, 0.1, (10, 10), 300),  # seeds
        (0.03, 1.0, 1.0, (10, 5), 200),  # images
        (0.0, 0.3, 0.0, (5, 5), 300),  # the chance of a seed at an image
        (0.08, 1.0, 0.4, (10, 5), 300),  # all of them
    ],
)
def test_the_interval_covers_the_truth_in_95_of_100_cases(seed, image, own, n, images):
    draw, covered, cases = np.random.default_rng(2), 0, 3000
    spread = math.sqrt(1 + seed**2 + image**2 + own**2)
    levels = 0.9, 1.2
    truth = norm.cdf(levels[1] / spread) - norm.cdf(levels[0] / spread)
    for _ in range(cases):
        easy = image * draw.standard_normal(images)
        nets = [
            level
            + seed * draw.standard_normal((seeds, 1))
            + easy
            + own * draw.standard_normal(images)
            + draw.standard_normal((seeds, images))
            > 0
            for level, seeds in zip(levels, n)
        ]
        low, high = compare(*nets).interval()
        covered += low < truth < high
    assert 0.93 <= covered / cases <= 0.97


@pytest.mark.parametrize("n", range(1, 5))
def test_fewer_than_five_seeds_decide_nothing(n):
    for pair in (HIGH[:n], LOW), (LOW, HIGH[:n]):
        contrast = compare(*pair)
        assert math.isnan(contrast.p)
        (contrast,) = correct([contrast], ["a"])
        assert contrast.step == contrast.claim("more") == "undecided"


def test_values_without_spread_decide_nothing():
    contrast = compare(np.full(7, 0.2), np.full(10, 0.7))  # 0.7 has no exact mean
    assert (contrast.error, contrast.p) == pytest.approx((np.nan,) * 2, nan_ok=True)
    assert correct([contrast], ["a"])[0].step == "undecided"
    failed = np.zeros((5, 20), bool)
    assert math.isnan(compare(failed, failed).p)


def test_what_is_missing_was_not_run():
    (contrast,) = judge([("a", "b")], {"a": LOW, "b": None})
    assert contrast.n == (5, 0)
    assert contrast.step == contrast.claim("less") == "not run"


def test_nets_that_answered_other_images_are_refused():
    with pytest.raises(ValueError, match=r"\(5, 4\) and \(5, 3\)"):
        compare(np.ones((5, 4), bool), np.ones((5, 3), bool))
    with pytest.raises(ValueError, match=r"\(5, 4\) and \(5,\)"):
        compare(np.ones((5, 4), bool), LOW)


def test_where_one_more_value_falls_on_an_example_worked_by_hand():
    # Mean 3, s² = 2.5, and the table's t for 4 degrees of freedom.
    half = 2.776445 * math.sqrt(2.5 * 6 / 5)
    values = [5, 3, 1, 2, 4]
    assert prediction_interval(values) == pytest.approx((3 - half, 3 + half))
    narrow = 2.131847 * math.sqrt(2.5 * 6 / 5)
    assert prediction_interval(values, 0.9) == pytest.approx((3 - narrow, 3 + narrow))
    with pytest.raises(ValueError, match="1 values have no spread"):
        prediction_interval([0.9])


# ------------------------------------------------------------------------ the family


def test_holm_counts_each_distinct_test_once():
    results = {"a": LOW, "b": HIGH, "c": LOW[::-1] + 0.02, "few": HIGH[:3]}
    ab, ac = compare(LOW, HIGH).p, compare(LOW, results["c"]).p
    assert ab < ac
    pairs = [("a", "b"), ("b", "a"), ("a", "b"), ("a", "c"), ("a", "few"), ("a", "d")]
    family = judge(pairs, results)
    # Two tests: the smaller p counts twice, the larger once.
    expected = [2 * ab, 2 * ab, 2 * ab, ac, np.nan, np.nan]
    assert [c.corrected for c in family] == pytest.approx(expected, nan_ok=True)
    assert [c.step for c in family[:2]] == ["helps", "hurts"]
    (alone,) = judge([("a", "c")], results)
    assert alone.corrected == pytest.approx(ac)


@pytest.mark.parametrize(
    ("difference", "error", "corrected", "step", "more", "less"),
    [
        (0.02, 0.005, 0.01, "helps", "holds here", "reversed here"),
        (-0.02, 0.005, 0.01, "hurts", "reversed here", "holds here"),
        # a difference that was found is told, however small
        (0.004, 0.001, 0.04, "helps", "holds here", "reversed here"),
        (0.004, 0.001, 0.06, *["no difference worth a point"] * 3),
        (-0.004, 0.001, 0.06, *["no difference worth a point"] * 3),
        (0.004, 0.004, 0.5, *["undecided"] * 3),
        (-0.004, 0.004, 0.5, *["undecided"] * 3),
        (0.02, 0.005, 0.05, *["undecided"] * 3),
    ],
)
def test_the_table_of_verdicts(difference, error, corrected, step, more, less):
    contrast = Contrast((10, 10), difference, error, 20, 0.001, corrected)
    assert contrast.step == step
    assert contrast.claim("more") == more
    assert contrast.claim("less") == less


def test_no_difference_is_said_at_90_percent():
    # 1.725 standard errors at 20 degrees of freedom; at 95 % it would be 2.086.
    for difference, small in [(0.01 - 0.00172, False), (0.01 - 0.00173, True)]:
        for sign in 1, -1:
            contrast = Contrast((10, 10), sign * difference, 0.001, 20, 1.0, 1.0)
            assert contrast.small is small


# ------------------------------------------------------------------------- the trial


def net(accuracy, n=5, images=400, spread=0):
    """(seeds, images): so many right, the first ones; each seed `spread` more."""
    return np.array([np.arange(images) < accuracy + spread * s for s in range(n)])


def asked(looks):
    """A look that notes which epochs were asked for."""
    epochs = []

    def look(epoch):
        epochs.append(epoch)
        return looks.get(epoch)

    return look, epochs


WEAK, MIDDLE, STRONG = net(300, spread=1), net(340, spread=1), net(390, spread=1)


def test_the_first_look_ahead_of_both_ends_the_trial():
    look, epochs = asked({3: MIDDLE, 6: STRONG, 10: WEAK})
    trial = follow(look, [WEAK, MIDDLE])
    assert (trial.verdict, epochs) == ("ahead after 6 epochs", [3, 6])
    assert [c.difference for c in trial.contrasts] == pytest.approx([0.225, 0.125])


def test_ahead_of_one_is_not_ahead():
    look, epochs = asked({3: MIDDLE, 6: MIDDLE})
    trial = follow(look, [WEAK, STRONG])
    assert trial.words == ["ahead after 6 epochs", "undecided after 6 epochs"]
    assert (trial.verdict, epochs) == ("undecided after 6 epochs", [3, 6, 10])
    assert not trial.over
    small, large = sorted(c.p for c in trial.contrasts)
    corrected = sorted(c.corrected for c in trial.contrasts)
    assert corrected == pytest.approx([2 * small, max(2 * small, large)], abs=0)


def test_reversed_is_said_at_the_last_look_alone():
    look, _ = asked({3: WEAK, 6: WEAK})
    assert follow(look, [STRONG, MIDDLE]).verdict == "undecided after 6 epochs"
    look, _ = asked({3: WEAK, 6: WEAK, 10: WEAK})
    trial = follow(look, [STRONG, MIDDLE])
    assert trial.verdict == "reversed here"
    assert trial.over


def test_no_difference_is_said_at_the_last_look_alone():
    same = net(300, images=4000, spread=1)
    other = same[::-1].copy()
    other[0, :2] = False
    looks = {3: other, 6: other}
    assert follow(asked(looks)[0], [same] * 2).verdict == "undecided after 6 epochs"
    verdict = follow(asked(looks | {10: other})[0], [same] * 2).verdict
    assert verdict == "no difference worth a point"


def test_nothing_is_looked_at_before_all_of_it_is_there():
    look, epochs = asked({6: STRONG, 10: STRONG})
    assert (follow(look, [WEAK, MIDDLE]).verdict, epochs) == ("not run", [3])
    look, epochs = asked({3: STRONG})
    assert (follow(look, [WEAK, None]).verdict, epochs) == ("not run", [])


def test_holm_on_a_worked_example():
    # By hand: 0.005 * 4; then 0.01 * 3; then 0.03 * 2; then 0.04, not below 0.06.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([0.02]) == [0.02]
    assert holm([]) == []


def test_a_look_has_a_third_of_the_level_corrected_over_two():
    def contrasts(*p):
        return tuple(
            correct([Contrast((5, 10), 0.02, 0.005, 9, x) for x in p], range(len(p)))
        )

    assert Trial(3, contrasts(0.016, 0.008)).verdict == "ahead after 3 epochs"
    assert Trial(3, contrasts(0.016, 0.009)).verdict == "undecided after 3 epochs"
    assert Trial(3, contrasts(0.017, 0.001)).verdict == "undecided after 3 epochs"


def test_the_rule_is_the_plans():
    names = {name for _, *pair in verdicts.STEPS for name in pair}
    assert names | verdicts.TRIAL.keys() <= plan.RECIPES.keys() | {"tuned"}


# ----------------------------------------------------------------------- the records

IMAGES = 400
CLASSES = np.arange(IMAGES, dtype=np.uint8) * 7 % 10


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder with the labels of IMAGES images."""
    (tmp_path / "labels.txt").write_text("".join(map(str, CLASSES)) + "\n", "utf-8")
    monkeypatch.setattr(verdicts, "LABELS", tmp_path / "labels.txt")
    (tmp_path / "claims.json").write_text("[]", "utf-8")
    return tmp_path


def run_of(seed, right=340, val=0.9, looks=(10,), failure=None, **other):
    """A final run that gets the first `right` of the test images right."""
    classes = np.where(np.arange(IMAGES) < right, CLASSES, (CLASSES + 1) % 10)
    answers = pack(classes.astype(np.uint8))
    row = {"phase": "final", "lr": 0.001, "seed": seed, "failure": failure}
    row["val_acc"] = [0.5] * (looks[-1] - 1) + [val] if looks else []
    row["looks"] = [
        {"epoch": e, "eval_train_acc": 0.95, "predicted": answers} for e in looks
    ]
    return row | other


def write(folder, name, runs, seeds=verdicts.TEN, looks=(10,)):
    recipe = {"seeds": list(seeds), "looks": list(looks), "num_epochs": looks[-1]}
    grid = run_of(100, 0, 0.1, phase="grid", lr=0.5)
    content = {"name": name, "recipe": recipe, "runs": [grid, *runs]}
    (folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")


def tens(right, seeds=verdicts.TEN, **other):
    return [run_of(seed, right + seed % 5, **other) for seed in seeds]


def test_the_labels_are_those_of_the_data():
    labels = read_labels()
    head = bytes([0, 0, 8, 1, *len(labels).to_bytes(4, "big")])  # of an IDX file
    known = WHOLE_DATA["t10k-labels-idx1-ubyte.gz"]
    assert hashlib.md5(head + labels.tobytes()).hexdigest() == known


def test_a_record_says_what_each_seed_got_right(folder):
    write(folder, "relu", tens(340)[::-1])
    right = Records(folder).right("relu")
    assert right.dtype == bool
    assert right.sum(1).tolist() == [340, 341, 342, 343, 344] * 2
    assert right[1, :341].all()
    assert not right[1, 341:].any()


def test_a_run_that_failed_counts_as_all_wrong(folder):
    runs = tens(340)
    runs[3] = run_of(3, looks=(), failure="the loss is nan")
    write(folder, "relu", runs)
    records = Records(folder)
    assert records.right("relu").sum(1).tolist()[2:5] == [342, 0, 344]
    for measure in "val:relu", "first epoch:relu", "gap:relu":
        assert records.measured(measure)[3] == 0


def test_no_label_is_read_before_the_last_seed_is_there(folder, monkeypatch):
    def read():
        raise AssertionError("the labels were read")

    write(folder, "relu", tens(340)[:9])
    write(folder, "lenet", tens(340, val=0.8))
    write(folder, "xavier", tens(340, val=0.9)[:9])
    large = [run_of(s, 390, looks=(3, 6)[: 1 + (s < 5)]) for s in range(1, 6)]
    write(folder, "alexnet", large, range(1, 6), (3, 6, 10))
    monkeypatch.setattr(verdicts, "read_labels", read)
    records = Records(folder)
    assert records.right("relu") is None
    assert records.right("alexnet", 6) is None
    assert records.right("alexnet") is None
    assert records.values("relu", "val") is None
    assert records.tuned() is None
    assert records.right("nothing") is None
    with pytest.raises(AssertionError, match="were read"):
        records.right("alexnet", 3)


def test_runs_at_two_rates_or_of_other_images_are_refused(folder):
    write(folder, "relu", [*tens(340)[:9], run_of(9, lr=0.002)])
    with pytest.raises(ValueError, match="relu has final runs at several rates"):
        Records(folder).right("relu")
    write(folder, "tanh", tens(340))
    verdicts.LABELS.write_text("0123", "utf-8")
    with pytest.raises(ValueError, match="400 answers to 4 images"):
        Records(folder).right("tanh")


def test_each_measure_of_a_claim(folder):
    write(folder, "relu", tens(340, val=0.8))
    records = Records(folder)
    assert records.measured("val:relu") == pytest.approx([0.8] * 10)
    assert records.measured("first epoch:relu") == pytest.approx([0.5] * 10)
    assert records.measured("gap:relu") == pytest.approx([0.15] * 10)
    assert records.measured("left:") == pytest.approx([0.2] * 10)
    assert records.measured("test:relu").shape == (10, IMAGES)
    assert records.measured("") is None
    after = [[0.9, seed / 10, 0.8] for seed in range(10)]
    rows = [{"case": "0.003", "seed": s, "after": a} for s, a in enumerate(after)]
    path = folder / "silence.json"
    path.write_text(json.dumps({"runs": rows}), encoding="utf-8")
    assert records.measured("awake:0.003") == pytest.approx(np.arange(10) / 10)
    assert records.measured("awake:0.0003") is None
    path.write_text(json.dumps({"runs": rows[1:]}), encoding="utf-8")
    assert records.measured("awake:0.003") is None


def test_a_run_that_is_not_done_has_no_last_accuracy(folder):
    write(folder, "relu", tens(340, looks=(3,)))
    assert Records(folder).measured("val:relu") is None


@pytest.mark.parametrize(("low", "high"), [("lenet", "xavier"), ("xavier", "lenet")])
def test_the_tuned_lenet_is_the_better_on_validation_images(folder, low, high):
    write(folder, low, tens(390, val=0.80) + tens(390, range(10, 20), val=0.99))
    write(folder, high, tens(300, val=0.81))
    assert Records(folder).tuned() == high


def claim(name, before, after, says="more"):
    return Claim(name, "A.", "often said", "", before, after, says, "x").__dict__


def judged(folder, *claims):
    rows = [{k: c[k] for k in c if k not in ("contrast", "trial")} for c in claims]
    (folder / "claims.json").write_text(json.dumps(rows), encoding="utf-8")
    return judge_all(folder)


def test_steps_and_claims_are_one_family(folder):
    for name, right in ("xavier", 320), ("relu", 322), ("tanh", 330):
        write(folder, name, tens(right, val=0.9))
    write(folder, "lenet", tens(300, val=0.8))
    claims = [
        claim("again", "test:relu", "test:lenet", "less"),
        claim("tuned", "test:tuned", "test:relu"),
        claim("fast", "first epoch:lenet", "first epoch:relu"),
        claim("words", "", ""),
        claim("left", "test:lenet", "test:dense"),
    ]
    found = judged(folder, *claims)
    assert found.tuned == "xavier"
    steps = {(step.before, step.after): step for step in found.steps}
    by_id = {claim.id: claim for claim in found.claims}
    assert steps["lenet", "relu"].verdict == "helps"
    assert by_id["again"].verdict == "holds here"
    assert by_id["fast"].verdict == "undecided"  # no spread, so no test
    assert by_id["words"].verdict == by_id["left"].verdict == "not run"
    tests = [
        ("lenet", "relu"), ("tuned", "relu"), ("lenet", "tanh"), ("tanh", "relu"),
        ("lenet", "xavier"),
    ]  # fmt: skip
    tested = [s for s in found.steps if s.contrast.p == s.contrast.p]
    assert [(s.before, s.after) for s in tested] == tests
    contrasts = [steps[pair].contrast for pair in tests]
    expected = correct(contrasts, range(5))  # five tests, not seven
    assert found.tested == 5
    assert [c.corrected for c in contrasts] == [c.corrected for c in expected]
    for name, pair in ("again", ("lenet", "relu")), ("tuned", ("tuned", "relu")):
        corrected = steps[pair].contrast.corrected
        assert by_id[name].contrast.corrected == pytest.approx(corrected)


def test_silence_is_a_family_of_its_own(folder):
    for name, right in ("lenet", 300), ("relu", 320):
        write(folder, name, tens(right))
    rows = [
        {"case": case, "seed": s, "after": [1, high + s / 100]}
        for case, high in (("0.003", 0.1), ("0.0003", 0.5))
        for s in range(10)
    ]
    (folder / "silence.json").write_text(json.dumps({"runs": rows}), encoding="utf-8")
    found = judged(folder, claim("silence", "awake:0.003", "awake:0.0003"))
    contrast = found.claims[0].contrast
    assert found.claims[0].verdict == "holds here"
    assert contrast.corrected == contrast.p
    assert found.steps[0].contrast.corrected == found.steps[0].contrast.p


def test_a_large_net_is_judged_by_its_trial(folder):
    write(folder, "lenet", tens(300, val=0.9) + tens(320, range(10, 20), val=0.9))
    write(folder, "xavier", tens(200, val=0.8))
    write(folder, "width", tens(340))
    seeds = range(1, 6)
    large = tens(390, seeds, looks=(3,))
    write(folder, "alexnet", large, seeds, (3, 6, 10))
    rows = (claim("alexnet", "test:tuned", "test:alexnet"),
            claim("alexnet-half", "test:tuned", "test:alexnet-half"))  # fmt: skip
    found = judged(folder, *rows)
    assert [c.verdict for c in found.claims] == ["ahead after 3 epochs", "not run"]
    differences = [c.difference for c in found.trials["alexnet"].contrasts]
    assert differences == pytest.approx([70 / IMAGES, 50 / IMAGES])  # seeds 10 to 19
    # Its last look is there too, and still it is in no family.
    write(folder, "alexnet", tens(390, seeds, looks=(3, 6, 10)), seeds, (3, 6, 10))
    whole = judged(folder, *rows).claims[0]
    assert (whole.verdict, whole.contrast.n) == ("ahead after 3 epochs", (0, 0))
    write(folder, "alexnet", large[:4], seeds, (3, 6, 10))
    assert judged(folder, *rows).claims[0].verdict == "not run"
    write(folder, "lenet", tens(300, val=0.9) + tens(320, range(10, 19), val=0.9))
    write(folder, "alexnet", large, seeds, (3, 6, 10))
    assert judged(folder, *rows).claims[0].verdict == "not run"


@pytest.mark.parametrize("family", ["sentences", "decaying"])
def test_later_questions_are_a_family_of_their_own(folder, family):
    for name, right in ("lenet", 320), ("relu", 322), ("width", 330), ("depth", 333):
        write(folder, name, tens(right))
    said = claim("a", "test:width", "test:depth")
    rows = [{k: said[k] for k in said if k not in ("contrast", "trial")}]
    (folder / f"{family}.json").write_text(json.dumps(rows), encoding="utf-8")
    found = judged(folder, claim("b", "test:width", "test:depth"))
    one, other = getattr(found, family)[0].contrast, found.claims[0].contrast
    assert one.p == other.p == one.corrected < other.corrected


def test_a_move_costs_what_the_four_moves_cost_in_the_mean(folder):
    def answers(*right):
        wrong = (CLASSES + 1) % 10
        images = [np.where(np.arange(IMAGES) < r, CLASSES, wrong) for r in right]
        return pack(np.array(images, np.uint8))

    runs = tens(340)
    for run in runs:
        run["looks"][0]["shifted"] = answers(100, 200, 300, 400)
    runs[2] = run_of(2, looks=(), failure="the loss is nan")
    write(folder, "relu", runs)
    cost = Records(folder).measured("shift:relu")
    assert cost.shape == (10, IMAGES)
    assert cost.mean(1)[[0, 1, 2]] == pytest.approx([-90 / 400, -91 / 400, 0])
    assert (cost[0, 350], cost[0, 150]) == (0.25, -0.25)


def test_every_claim_of_the_book_can_be_judged():
    bib = (ROOT / "book" / "references.bib").read_text("utf-8")
    sources = set(re.findall(r"^@\w+\{(\w+),", bib, re.M))
    found = judge_all()
    for name in "claims", "sentences", "decaying":
        rows = json.loads((verdicts.EDITION2 / f"{name}.json").read_bytes())
        assert [c.id for c in getattr(found, name)] == [row["id"] for row in rows]
    for claim in found.claims + found.sentences + found.decaying:
        assert claim.says in ("more", "less")
        assert claim.source in sources if claim.where else claim.source == "often said"
        for thing in filter(None, (claim.before, claim.after)):
            measure, _, name = thing.partition(":")
            known = plan.RECIPES.keys() | {"tuned"}
            if measure in ("left", "awake"):
                known = {"", "0.003", "0.0003"}
            assert name in known
            assert measure in ("test", "shift", "left", "awake", *verdicts.MEASURES)
