"""The verdict on scores from anywhere: pairs of methods by data set, and ranks over data sets."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from dlfun.config.comparison_spec import ALL, Claim
from dlfun.config.gates import Gate
from dlfun.decoration import bar
from dlfun.errors import OPT, UserError, short, unknown
from dlfun.objectives.metrics import METRICS
from dlfun.records.outcome import extended
from dlfun.results.curves import pick_of
from dlfun.results.entries import Entry
from dlfun.results.ranked import Ranked, rank
from dlfun.results.remarks import delta_note, fold_note, left_out, paired_note
from dlfun.results.scores import Scores
from dlfun.studies.comparison.gates import DatasetRuns, decide_gates
from dlfun.studies.comparison.verdicts import Examined, Look, Row, judge
from dlfun.words import plural

MOST_PAIRS = 20_000
ELSEWHERE = Examined("official", 0, 0.0, labels=False)
"""What is known of the data that results from elsewhere are of."""

SOON = 2.0
"""After so many seconds a line of progress is shown."""


class Rules(NamedTuple):
    """How results are judged.

    Attributes:
      delta: data set, or `ALL`, -> the largest difference that counts as none; 0 where none is.
      pairing: paired by seed, unpaired, or auto: paired where all methods have the same seeds.
      reference: judge every method against this one alone.
      gates: claims to decide.
    """

    delta: Mapping[str, float] = {}
    pairing: str = "auto"
    reference: str | None = None
    gates: Sequence[Gate] = ()

    @property
    def claim(self) -> Claim:
        """What is claimed of the pairs."""
        family = "all-pairs" if self.reference is None else "vs-reference"
        return Claim({ALL: 0.0} | dict(self.delta), family=family, reference=self.reference)


class Judged(NamedTuple):
    """What comes of the scores in one column.

    Attributes:
      rows: as in members.csv.
      pairs: as in comparison.json.
      gates: as in gates.json.
      ranked: None of fewer than two data sets that all methods have.
      notes: what else there is to say.
      tested: data set -> all runs, those of methods without a score among them.
    """

    name: str
    rows: list[Row]
    pairs: list[dict[str, Any]]
    gates: list[dict[str, Any]]
    ranked: Ranked | None
    notes: list[str]
    tested: Mapping[str, DatasetRuns]


def judge_all(scores: Sequence[Scores], rules: Rules) -> list[Judged]:
    """Judges the scores of one column after the other.

    Raises:
      UserError: as `judge_scores` does, or if gates are asked of several columns.
    """
    if rules.gates and len(scores) > 1:
        raise UserError(f"{OPT.require} is about one score; name one by {OPT.score}")
    return [judge_scores(one, rules) for one in scores]


def judge_scores(scores: Scores, rules: Rules = Rules()) -> Judged:  # noqa: B008
    """Judges each pair of methods on each data set, and ranks them over all.

    Raises:
      UserError: if runs cannot be paired, or there is no such method or data set.
    """
    metric, facts = metric_for(scores), facts_of(scores)
    by_dataset: dict[str, list[Entry]] = {}
    for entry in scores.entries:
        by_dataset.setdefault(entry.dataset, []).append(entry)
    check_reference(scores, rules.reference)
    check_names(rules.delta, by_dataset)
    check_count(scores, len(by_dataset), rules.reference)
    rows: list[Row] = []
    pairs: list[dict[str, Any]] = []
    tested: dict[str, DatasetRuns] = {}
    every = bar("data sets judged", iterable=by_dataset.items(), delay=SOON, leave=False)
    for name, given in every:
        known = {entry.method for entry in given if not math.isnan(entry.score)}
        own = [entry for entry in given if entry.method in known]  # of others `left_out` tells
        if own:
            paired = is_paired(scores, name, own, rules.pairing)
            tested[name] = DatasetRuns(rows_of(given, metric, scores.folds), facts, paired)
            made = [row for row in tested[name].rows if row["model"] in known]
            rows += made
            pairs += pairs_of(made, name, facts, paired, rules)
    if not pairs:
        raise UserError(
            f"{short(scores.name)}: no two methods have a score on one data set; give two methods "
            "the same data set"
        )
    gates = decide_gates(rules.gates, tested, rules.claim)
    notes = [f"{'more' if scores.higher else 'less'} is better", *scores.notes]
    unpaired = [name for name, one in tested.items() if not one.paired]
    notes += [paired_note(unpaired, len(by_dataset), scores, rules.pairing)]
    notes += [delta_note(rules.delta), fold_note(scores.folds), *left_out(by_dataset, scores)]
    ranked = rank(rows, metric, scores.higher)
    said = [note for note in notes if note]
    return Judged(scores.name, rows, pairs, gates, ranked, said, tested)


def pairs_of(
    rows: Sequence[Row], dataset: str, facts: Examined, paired: bool, rules: Rules
) -> list[dict[str, Any]]:
    """The records of the pairs on a data set; none where the reference is not on it."""
    claim = rules.claim
    if rules.reference is not None and all(row["model"] != rules.reference for row in rows):
        return []
    found = judge(rows, dataset, facts, claim, Look(1, claim.alpha), paired)
    whence = {"protocol": "elsewhere", "delta_from": "given" if rules.delta else "default"}
    return [pair | whence for pair in found]


def rows_of(entries: Sequence[Entry], metric: str, folds: int) -> list[Row]:
    """Results as rows of members.csv."""
    plain = [row_of(*one, metric) for one in zip(entries, seeds_of(entries), strict=True)]
    return extended(plain, fold_columns(entries, folds))


def facts_of(scores: Scores) -> Examined:
    """What is known of the data: nothing, or that training sets of folds overlap."""
    if not scores.folds:
        return ELSEWHERE
    return ELSEWHERE._replace(scheme="kfold", variance=1 / (scores.folds - 1))


def fold_columns(entries: Sequence[Entry], folds: int) -> list[Row]:
    """The columns of members.csv that runs of cross-validation have, beside the others."""
    if not folds:
        return [{} for _ in entries]
    texts = [entry.seed.rpartition(" ")[2] for entry in entries]
    places = {text: place for place, text in enumerate(dict.fromkeys(texts))}
    return [{"fold": places[text], "split_variance": 1 / (folds - 1)} for text in texts]


def metric_for(scores: Scores) -> str:
    """The column of members.csv that scores go to: of a metric that is known, or score or cost."""
    plain = pick_of(scores.name).metric.lower().removeprefix("test_").removeprefix("test/")
    values = [entry.score for entry in scores.entries if not math.isnan(entry.score)]
    known = plain in METRICS and METRICS[plain].higher == scores.higher
    if known and METRICS[plain].share and values and not 0 <= min(values) <= max(values) <= 1:
        known = False  # such as per cent
    if known and METRICS[plain].judges:
        return f"test_{plain}"
    return "test_score" if scores.higher else "test_cost"


def check_reference(scores: Scores, reference: str | None) -> None:
    """Raises UserError if there is no such method."""
    methods = list(dict.fromkeys(entry.method for entry in scores.entries))
    if reference is not None and reference not in methods:
        raise UserError(
            f"{OPT.reference}={short(reference)}: {unknown('method', reference, methods)}"
        )


def check_count(scores: Scores, datasets: int, reference: str | None) -> None:
    """Raises UserError if there are more pairs than are judged in minutes."""
    methods = len({entry.method for entry in scores.entries})
    pairs = datasets * (methods - 1) * (methods if reference is None else 2) // 2
    if pairs > MOST_PAIRS:
        raise UserError(
            f"{methods:,} methods on {plural(datasets, 'data set')} make {pairs:,} pairs, and at "
            f"most {MOST_PAIRS:,} are judged; name one method by {OPT.reference}, or give fewer"
        )


def is_paired(scores: Scores, dataset: str, own: Sequence[Entry], pairing: str) -> bool:
    """Whether runs of one seed are pairs.

    Raises:
      UserError: if they are to be, and cannot.
    """
    if pairing == "unpaired":
        return False
    seeds: dict[str, set[str]] = {}
    for entry in own:
        seeds.setdefault(entry.method, set()).add(entry.seed)
    first, *others = seeds
    different = next((name for name in others if seeds[name] != seeds[first]), None)
    if pairing == "paired" and not scores.seeded:
        raise UserError(
            f"{OPT.pairs}=paired: there is no column of seeds to pair by; name it by {OPT.seed}"
        )
    if pairing == "paired" and different is not None:
        odd = sorted(seeds[first] ^ seeds[different])[0]
        raise UserError(
            f"{OPT.pairs}=paired: {short(first)} and {short(different)} have other seeds on "
            f"{short(dataset)}, such as {short(odd)}; give both the same, or write "
            f"{OPT.pairs}=unpaired"
        )
    return scores.seeded and different is None


def seeds_of(own: Sequence[Entry]) -> list[int]:
    """Whole numbers for seeds: those that they are, else their places among all."""
    texts = list(dict.fromkeys(entry.seed for entry in own))
    whole = all(text.isdecimal() and int(text) < 2**53 for text in texts)
    known = {text: int(text) if whole else place for place, text in enumerate(texts)}
    return [known[entry.seed] for entry in own]


def row_of(entry: Entry, number: int, metric: str) -> dict[str, Any]:
    """A result as a row of members.csv, where that has something for it."""
    failed = math.isnan(entry.score)
    return {
        "model": entry.method,
        "dataset": entry.dataset,
        "replicate": number,
        "status": "failed" if failed else "ok",
        "parameters": "",
        "seconds": "",
        metric: "" if failed else entry.score,
    }


def check_names(delta: Mapping[str, float], datasets: Mapping[str, object]) -> None:
    """Raises UserError if a delta is of a data set that is not there."""
    for name in delta:
        if name not in (ALL, *datasets):
            raise UserError(f"{OPT.delta}={short(name)}: {unknown('data set', name, datasets)}")
