"""Arms of the same name in two records, against SciPy."""

import json

import numpy as np
import pytest
from scipy import stats

from dlfun.cli import app
from dlfun.cli.commands import report
from dlfun.errors import UserError
from dlfun.records.reader import read_rows
from dlfun.records.writer import write_members
from dlfun.studies.comparison.across_records import judge_between
from tests.report.records import write_request

EXAMPLES = {"train": 3600, "validation": 400, "test": 1000}


def make(folder, scores, seed=0, script="compare", checksum="ab", split="official"):
    """A record of what is read here: model -> test accuracies, by replicate."""
    folder.mkdir()
    write_members(
        folder,
        [
            {"model": m, "dataset": "d", "replicate": r, "status": "ok", "test_accuracy": float(v)}
            for m, values in scores.items()
            for r, v in enumerate(values)
        ],
    )
    write_request(folder, script, seed=seed, split=split)
    known = {"d": {"version": "1", "checksum": checksum, "examples": EXAMPLES}}
    (folder / "environment.json").write_text(json.dumps({"datasets": known}))
    return folder


@pytest.fixture
def scores():
    rng = np.random.default_rng(0)
    return {
        name: {m: rng.normal(mean, 0.01, 12) for m in ("cnn", "rnn")}
        for name, mean in (("before", 0.80), ("after", 0.82))
    }


@pytest.fixture
def records(tmp_path, scores):
    scores["after"]["knn"] = [0.5] * 12  # in one record only
    return [make(tmp_path / name, values) for name, values in scores.items()]


def test_pairs_are_those_of_scipy(records, scores):
    pairs = {pair["a"].partition("/")[2]: pair for pair in judge_between(records, "paired", {})}
    assert set(pairs) == {"cnn", "rnn"}
    for model, pair in pairs.items():
        a, b = scores["after"][model], scores["before"][model]
        right = stats.ttest_rel(a, b)
        assert (pair["a"], pair["b"]) == (f"after/{model}", f"before/{model}")
        assert pair["diff"] == pytest.approx(np.mean(a - b))
        assert pair["ci"] == pytest.approx(tuple(right.confidence_interval(1 - 0.05 / 2)))
        assert pair["p_t"] == pytest.approx(right.pvalue)
        assert pair["family_size"] == 2
    ps = sorted(pair["p_signflip"] for pair in pairs.values())
    assert sorted(p["p_holm"] for p in pairs.values()) == pytest.approx(
        [2 * ps[0], max(2 * ps[0], ps[1])]
    )


def test_unpaired_pairs_are_welch_and_take_other_seeds(tmp_path, records, scores):
    other = make(tmp_path / "other", {"cnn": scores["after"]["cnn"][:9]}, seed=5)
    (pair,) = judge_between([records[0], other], "unpaired", {"d": 0.001})
    right = stats.ttest_ind(scores["after"]["cnn"][:9], scores["before"]["cnn"], equal_var=False)
    assert pair["ci"] == pytest.approx(tuple(right.confidence_interval(0.95)))
    assert (pair["paired"], pair["delta"], pair["p_holm"]) == (
        False,
        0.001,
        pytest.approx(right.pvalue),
    )


def test_what_cannot_be_paired_is_refused(tmp_path, records, scores):
    def refused(what, how="paired", **changes):
        name = f"other{len(list(tmp_path.iterdir()))}"
        values = {"cnn": scores["after"]["cnn"]} | changes.pop("scores", {})
        with pytest.raises(UserError, match=what):
            judge_between([records[0], make(tmp_path / name, values, **changes)], how, {})

    refused(
        "with --seed=0 and other.* with --seed=1; run the same seeds, or write.*unpaired", seed=1
    )
    refused("cnn has 12 seeds in before and 5", scores={"cnn": [0.8] * 5})
    refused("--split=official", split="random")
    refused("is not the same data", how="unpaired", checksum="cd")
    refused("a sweep has no test scores", how="unpaired", script="sweep")
    refused("no arm in common", how="unpaired", scores={"cnn": [], "vae": [0.8]})
    with pytest.raises(UserError, match="not against itself"):
        judge_between([records[0], records[0].parent / "." / records[0].name], "paired", {})
    with pytest.raises(UserError, match="two records"):
        judge_between(records[:1], "paired", {})
    (records[1] / "environment.json").write_text('{"datasets": {"d": {"checksum": "ab"}}}')
    with pytest.raises(UserError, match=r"environment\.json: .*an older dlfun"):
        judge_between(records, "paired", {})


def test_the_script_prints_the_verdicts(records, capsys):
    folders = [str(folder) for folder in records]
    for extra, shown in (
        ([], "exact sign-flip test"),
        (["--format=markdown"], "| d | after/cnn | before/cnn |"),
    ):
        values = ["report", "--between=paired", "--delta=0.001", *extra, *folders]
        words = app.parse(report.FLAGS, values, check=report.check, words=report.WORDS)
        report.main(words)
        assert shown in capsys.readouterr().out


def test_copies_of_one_result_are_compared_by_their_answers(tmp_path):
    """A nearest-neighbour arm of either record, which says the same in all of its runs."""
    right = {
        "before": np.repeat([1, 0, 1], [20, 70, 110]),
        "after": np.repeat([1, 0, 1], [5, 95, 100]),
    }
    folders = []
    for name, own in right.items():
        folder = make(tmp_path / name, {"knn": np.full(12, own.mean())})
        rows = [
            row | {"copy_of": "" if row["replicate"] == "0" else 0} for row in read_rows(folder)
        ]
        write_members(folder, rows)
        np.savez(
            folder / "d-knn-evidence.npz",
            correct=np.packbits(np.tile(own.astype(bool), (12, 1)), axis=1),
            targets=np.zeros(200, int),
        )
        folders.append(folder)
    (pair,) = judge_between(folders, "paired", {})
    only = [
        int((right["before"] > right["after"]).sum()),
        int((right["before"] < right["after"]).sum()),
    ]
    assert (pair["unit"], pair["n"]) == ("examples", 200)
    assert pair["p"] == pytest.approx(stats.binomtest(only[0], sum(only)).pvalue)
    for folder in folders:
        (folder / "d-knn-evidence.npz").unlink()
    assert judge_between(folders, "paired", {})[0]["verdict"] == "no verdict"
