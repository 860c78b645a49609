"""What records are called side by side: by what was asked for differently, or by their folders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dlfun.config.option_table import NOTHING, OPTIONS, decided_by
from dlfun.config.studies import options_of
from dlfun.records.reader import labels_of, optional, read_json
from dlfun.studies.leaderboard.facts import in_words, value, with_defaults
from dlfun.words import listed

MOST = 3
"""So many differences make a name; where there are more, folders tell records apart."""

LENGTH = 60
"""Characters of a name, at most."""

SUBJECT = ("datasets", "models")
"""What stands in tables anyhow, and tells records apart where nothing else does."""

STUDY_GROUP = OPTIONS["seeds"].group

Facts = dict[str, Any]


def record_names(folders: Sequence[Path]) -> list[str]:
    """What records are called side by side, such as "learning rate 0.01" and "learning rate 0.1".

    By what differs between their requests, if that is little and tells all of them apart; else by
    the names of their folders.
    """
    studies = [optional(folder, "study.json", read_json, {}) for folder in folders]
    if len(folders) > 1 and all(studies):
        names = names_apart(studies)
        if names:
            return names
    return labels_of(folders)


def names_apart(studies: Sequence[Mapping[str, Any]]) -> list[str]:
    """The names of requests by what differs between them; none where that does not serve.

    Args:
      studies: of study.json.
    """
    known = [facts_of(study, studies) for study in studies]
    every = dict.fromkeys(name for facts in known for name in facts)
    differ = [name for name in every if any(f.get(name) != known[0].get(name) for f in known)]
    for told in ([name for name in differ if name not in SUBJECT], differ):
        names = [", ".join(fact_words(name, facts.get(name)) for name in told) for facts in known]
        apart = len(set(names)) == len(names) and max(map(len, names)) <= LENGTH
        if apart and 0 < len(told) <= MOST:
            return names
    return []


def fact_words(name: str, known: Any) -> str:
    """A fact of a request; of models and data sets it is their names alone."""
    if isinstance(known, tuple):
        return listed(list(known))
    return f"default {in_words(name)}" if known is None else f"{in_words(name)} {value(known)}"


def facts_of(study: Mapping[str, Any], studies: Sequence[Mapping[str, Any]]) -> Facts:
    """What was asked for: models, data sets, the options of all studies that matter, and numbers.

    Args:
      studies: it and those beside it, whose common models and options are told.
    """
    rows, options = options_of(study["study"]), with_defaults(study)
    facts: Facts = {"datasets": tuple(study["datasets"]), "models": tuple(study["models"])}
    kinds = {other["study"] for other in studies}
    for name, row in rows.items():
        tells = row.replayed and (row.group == STUDY_GROUP or decided_by(row) != NOTHING)
        if tells and all(name in options_of(kind) for kind in kinds):
            facts[name] = options.get(name)
    common = [name for name in study["models"] if all(name in other["models"] for other in studies)]
    return facts | numbers_of(common, studies, study)


def numbers_of(
    models: Sequence[str], studies: Sequence[Mapping[str, Any]], study: Mapping[str, Any]
) -> Facts:
    """The numbers and shapes of models; said once where all of these models have the same."""
    found: Facts = {}
    own = {model: study["models"][model] or {} for model in models}
    for name in dict.fromkeys(name for values in own.values() for name in values):
        having = [model for model in models if name in own[model]]
        alike = all(
            len({str((other["models"][m] or {}).get(name)) for m in having}) == 1
            for other in studies
        )
        for model in having[:1] if alike else having:
            found[name if alike else f"{model} {name}"] = own[model][name]
    return found
