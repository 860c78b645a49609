"""Several records taken as one, their arms told apart by what the records were asked for."""

from __future__ import annotations

import dataclasses
import functools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from dlfun.report.html.blocks import Block
from dlfun.report.html.record import Record
from dlfun.report.html.results import swept_names
from dlfun.report.record_names import record_names


def together(blocks: Callable[[Record], list[Block]]) -> Callable[[Sequence[Record]], list[Block]]:
    """A section of one record as one of several; it has no blocks where they cannot be joined."""

    def of_all(records: Sequence[Record]) -> list[Block]:
        record = joint(records)
        return [] if record is None else blocks(record)

    return of_all


def joint(records: Sequence[Record]) -> Record | None:
    """The runs and curves of all records as those of one; None where one is of a sweep.

    Arms of one name on one data set are called by what differs between their records, too, such
    as "cnn (learning rate 0.01)". Verdicts stand between arms of one record alone.
    """
    return joined(tuple(records))


@functools.lru_cache(maxsize=1)  # sections ask for the same
def joined(records: tuple[Record, ...]) -> Record | None:
    """The same, of what can be a key."""
    if any(swept_names(record) for record in records):
        return None
    names = record_names([record.folder for record in records])
    held = Counter(arm for record in records for arm in arms_of(record))
    rows, pairs, history = [], [], {}
    for name, record in zip(names, records, strict=True):
        twice = {model for dataset, model in arms_of(record) if held[dataset, model] > 1}
        labels = {model: f"{model} ({name})" for model in twice}
        rows += [{**row, "model": labels.get(row["model"], row["model"])} for row in record.rows]
        pairs += [called(pair, labels) for pair in record.pairs]
        for key, values in record.history.items():
            dataset, model, metric = parts_of(key)
            history[f"{dataset}/{labels.get(model, model)}/{metric}"] = values
    first = dataclasses.replace(records[0], study={}, environment={}, frozen={}, determinism={})
    return dataclasses.replace(first, rows=rows, pairs=pairs, history=history, gates=[])


def arms_of(record: Record) -> set[tuple[str, str]]:
    """The data sets and models of a record."""
    return {(row["dataset"], row["model"]) for row in record.rows}


def called(pair: Mapping[str, object], labels: Mapping[str, str]) -> dict[str, object]:
    """A pair, its arms by their labels."""
    named = {key: labels.get(str(pair[key]), pair[key]) for key in ("a", "b", "winner")}
    return {**pair, **named}


def parts_of(key: str) -> tuple[str, str, str]:
    """Data set, model and metric of a curve; the name of a data set may hold strokes itself.

    >>> parts_of("emnist/letters/cnn/train_loss")
    ('emnist/letters', 'cnn', 'train_loss')
    """
    rest, _, metric = key.rpartition("/")
    dataset, _, model = rest.rpartition("/")
    return dataset, model, metric
