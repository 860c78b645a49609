"""Times to a target: the rule, the times, and what the page says of them."""

import re
import shutil

import numpy as np
import pytest
from scipy import stats

from dlfun.report.html import write_report
from dlfun.report.targets import Curve, fastest, median_of, ratio, times_to_target
from tests.report import records
from tests.report.test_html import Page, section, tables

STEP = np.array([10.0, 20.0, 30.0, 40.0])


def curve(rows, seconds=4.0, replicates=None):
    values = np.array(rows, float)
    names = replicates or [str(r) for r in range(len(values))]
    return Curve(values, STEP, np.full(len(values), seconds), 1.5, names)


CURVES = {
    "slow": curve([[0.1, 0.3, 0.6, 0.9], [0.1, 0.5, 0.88, 0.9], [0.2, 0.2, 0.5, 0.9]], 8.0),
    "quick": curve([[0.5, 0.87, 0.8, 0.9], [0.9, 0.9, 0.9, 0.88], [0.2, 0.87, 0.5, 0.8]]),
    "never": curve([[0.1, 0.2, 0.3, 0.4]] * 3),
    "broken": curve([[0.9, np.nan, np.nan, np.nan], [0.5, 0.5, np.nan, np.nan], [0.9] * 4]),
}


def first(values, target):
    """The step at whose end a run is there, by a loop."""
    for step, value in zip(STEP, values, strict=True):
        if value >= target:
            return step
    return np.inf


def test_the_target_is_95_per_cent_of_the_way_to_the_best_final_score():
    found = times_to_target(CURVES, "validation_accuracy", 0.1)
    assert found.best == "slow"  # not `quick`, whose best interval was not its last
    assert found.score == pytest.approx(0.1 + 0.95 * 0.8)
    assert found.longest == 40
    for times in found.arms:
        own = CURVES[times.arm]
        wanted = [first(values, found.score) for values in own.validation]
        np.testing.assert_array_equal(times.steps, wanted)
        np.testing.assert_allclose(times.seconds, [own.seconds[0] * s / 40 for s in wanted])
        assert times.reached == sum(np.isfinite(wanted))
    order = [times.arm for times in found.arms]
    assert order == ["broken", "quick", "slow", "never"]  # medians 10, 20, 40 and infinite


def test_ratios_are_of_geometric_means_and_paired():
    found = times_to_target(CURVES, "validation_accuracy", 0.1)
    by_name = {times.arm: times for times in found.arms}
    reference = fastest(found.arms, "steps")
    assert reference.arm == "quick"  # `broken` is quicker, but one of its runs is never there
    logs = np.log(by_name["slow"].steps / reference.steps)
    half = stats.t.ppf(0.975, 2) * stats.sem(logs)
    wanted = np.exp([logs.mean(), logs.mean() - half, logs.mean() + half])
    np.testing.assert_allclose(ratio(by_name["slow"], reference, "steps")[:3], wanted)
    np.testing.assert_allclose(ratio(by_name["slow"], reference, "seconds").estimate, 2 * wanted[0])
    assert ratio(by_name["never"], reference, "steps").estimate == np.inf
    apart = by_name["slow"]._replace(replicates=["7", "8", "9"])
    x, y = np.log(apart.steps), np.log(reference.steps)
    ends = stats.ttest_ind(x, y, equal_var=False).confidence_interval()
    np.testing.assert_allclose(np.log(ratio(apart, reference, "steps")[1:3]), ends)


def test_losses_are_reached_from_above_and_unknown_seconds_stay_unknown():
    losses = {name: one._replace(validation=1 - one.validation) for name, one in CURVES.items()}
    losses["never"] = losses["never"]._replace(seconds=np.array([1.0, np.nan, 1.0]))
    found = times_to_target(losses, "validation_loss", 0.9)
    wanted = times_to_target(CURVES, "validation_accuracy", 0.1)
    assert found.score == pytest.approx(1 - wanted.score)
    for one, other in zip(found.arms, wanted.arms, strict=True):
        np.testing.assert_array_equal(one.steps, other.steps)
    assert np.isnan(found.arms[-1].seconds).all()
    assert np.isnan(median_of(found.arms[-1], "seconds").estimate)
    assert np.isnan(ratio(found.arms[-1], found.arms[0], "seconds").estimate)


def test_no_target_where_nothing_is_learned():
    assert times_to_target(CURVES, "validation_accuracy", 0.95) is None
    failed = {"a": curve([[0.5, np.nan, np.nan, np.nan]] * 2)}
    assert times_to_target(failed, "validation_accuracy", 0.1) is None
    assert times_to_target({}, "validation_accuracy", 0.1) is None


DATASETS = ("x", "y", "z")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A record of three data sets with curves."""
    folder = tmp_path_factory.mktemp("targets") / "study"
    folder.mkdir()
    rows, arrays = records.members(12, DATASETS), {}
    for dataset in DATASETS:
        own = [row for row in rows if row["dataset"] == dataset]
        arrays |= records.history(own, 12)
    records.write_csv(folder / "members.csv", rows)
    np.savez(folder / "history.npz", **arrays)
    return folder


@pytest.fixture(scope="module")
def text(folder):
    return write_report(folder, [folder]).read_text(encoding="utf-8")


def steps_of(folder, dataset, target):
    """Arm -> the steps of its runs, by a loop."""
    found = {}
    with np.load(folder / "history.npz") as arrays:
        for arm in records.MODELS:
            values = 100 * arrays[f"{dataset}/{arm}/validation_accuracy"].astype(float)
            found[arm] = [
                next((s for s, v in zip(records.STEPS, run, strict=True) if v >= target), np.inf)
                for run in values
            ]
    return found


def test_the_page_says_target_rule_times_and_misses(text, folder):
    Page(text)
    block = section(text, "cost")
    assert "95 % of the way from chance to the mean final validation" in block
    for dataset in DATASETS:
        (note,) = re.findall(
            rf'Time to the target on {dataset}">.*?<p class="caption">(.*?)</p>', block, re.S
        )
        score, best = re.match(
            r"Target: ([\d.]+) %, which is 95 % of the way from chance to the mean final "
            r"validation accuracy of (\w+), the best\.",
            note,
        ).groups()
        with np.load(folder / "history.npz") as arrays:
            finals = {
                arm: np.nanmean(arrays[f"{dataset}/{arm}/validation_accuracy"][:, -1])
                for arm in records.MODELS
            }
        assert best == max(finals, key=finals.get)
        assert float(score) == pytest.approx(10 + 0.95 * (100 * finals[best] - 10), abs=0.006)


def test_the_table_counts_runs_and_keeps_compilation_apart(text, folder):
    found = [t for t in tables(section(text, "cost")) if t[0][:2] == ["arm", "reached by"]]
    assert len(found) == len(DATASETS)
    (note, *_) = re.findall(r"Target: ([\d.]+) %", section(text, "cost"))
    steps = steps_of(folder, "x", float(note))
    for arm, reached, median, _, seconds, _, compiling in found[0][1:]:
        assert reached == f"{np.isfinite(steps[arm]).sum()} of 12"
        wanted = np.median(steps[arm])
        assert median.split(" ")[0] == ("∞" if np.isinf(wanted) else f"{wanted:,.0f}")
        own = 0.05 * 3.0 ** records.MODELS.index(arm) * wanted / records.STEPS[-1]
        assert seconds.split(" ")[0] == ("∞" if np.isinf(own) else f"{own:.3g}")
        assert compiling == f"{1.0 + records.MODELS.index(arm) / 2:g}"
    assert any("[" in line[2] for line in found[0][1:])  # 12 runs have an interval
    assert "1" in [line[3] for line in found[0][1:]]


def test_profiles_over_three_data_sets(text):
    names, *lines = next(t for t in tables(section(text, "cost")) if t[0][1].startswith("within"))
    medians = {}
    for table in tables(section(text, "cost")):
        if table[0][:2] == ["arm", "reached by"]:
            for line in table[1:]:
                median = line[2].split(" ")[0].replace(",", "").replace("∞", "inf")
                medians.setdefault(line[0], []).append(float(median))
    least = np.min(list(medians.values()), axis=0)
    assert [line[0] for line in lines] == list(medians)
    for line in lines:
        slower = np.array(medians[line[0]]) / least
        for name, shown in zip(names[1:-1], line[1:-1], strict=True):
            factor = float(name.split()[1])
            assert float(shown) == pytest.approx(100 * np.mean(slower <= factor), abs=0.05)
        area = 100 * np.clip((4 - slower) / 3, 0, None).mean()
        assert float(line[-1]) == pytest.approx(area, abs=0.05)


def test_no_curves_no_targets(folder, tmp_path):
    shutil.copy(folder / "members.csv", tmp_path)
    assert "Time to a target" not in write_report(tmp_path, [tmp_path]).read_text(encoding="utf-8")


def test_a_sweep_has_no_targets(folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "copy")
    records.write_request(copy, "sweep", grid=("steps=2000",))
    text = write_report(copy, [copy]).read_text(encoding="utf-8")
    assert "Time to a target" not in text
    assert 'id="across"' not in text
