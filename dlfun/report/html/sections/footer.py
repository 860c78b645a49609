"""The last section: when and by what the study was made, its protocol, and how it is replayed."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from dlfun.commands import INSTALLED, PYTHON
from dlfun.data.folds import OF_FOLDS
from dlfun.records.dates import DATE, DURATION, lasting
from dlfun.report.html.blocks import Block, Facts, Source
from dlfun.report.html.origins import origin_facts
from dlfun.report.html.record import Record
from dlfun.report.html.results import configurations, groups
from dlfun.report.html.units import NOTHING, first_upper, listed
from dlfun.types import SPLITS
from dlfun.words import plural

SCOPES = {
    "this-test-set": "this test set: another one may rank the arms otherwise",
    "population": "the population that the test examples are drawn from",
}
FAMILIES = {"all-pairs": "all pairs of arms", "vs-reference": "each arm against the reference"}
PROTOCOLS = {
    "tuned": "every arm was tuned under the same budget, frozen, and confirmed on fresh runs",
    "given": "a comparison of given configurations; nothing was tuned",
    "elsewhere": "results from a table, as it has them",
    "searched": "a comparison of searches, by what each chose by validation in a repetition",
}
UNKNOWN = ("Split", "Look", "Test split opened", "Hash of the frozen file")
"""What nobody knows of results from a table."""

FROZEN = {
    "trials": "Trials of each model",
    "tuning_seeds": "Seeds of a trial",
    "n": "Fresh seeds planned",
    "alpha": "α",
}
FROM = {"given": "given before the study", "default": "the default"}


def footer(record: Record) -> list[Block]:
    """When, how long and by which command; protocol, environment, and how to replay."""
    blocks: list[Block] = made(record.environment)
    if record.pairs:
        blocks.append(Facts(protocol(record), "Protocol"))
    if record.frozen:
        blocks.append(Facts(frozen(record.frozen), "Frozen before the test split was opened"))
    if record.environment:
        blocks.append(Facts(environment(record.environment), "Environment"))
    if record.flags:
        blocks.append(Facts([("Replay", command(record))], "The command that replays it", True))
        blocks.append(Source("All flags", "\n".join(record.flags)))
    return blocks


def made(found: Mapping[str, Any]) -> list[Block]:
    """The date, the duration, and the command or call, as far as the record knows them."""
    command, seconds = found.get("command"), found.get(DURATION)
    facts = [("Date", dated(str(found.get(DATE) or "")))]
    if isinstance(seconds, int | float):
        facts.append(("Took", lasting(seconds)))
    if isinstance(command, str):
        facts.append(("By", command))
    facts = [(name, value) for name, value in facts if value]
    blocks: list[Block] = [Facts(facts)] if facts else []
    if isinstance(command, list) and was_typed(command):
        line = " ".join([command[0], *map(shlex.quote, command[1:])])
        blocks.append(Facts([("Typed", line)], "The command as it was typed", True))
    return blocks


def was_typed(command: Sequence[Any]) -> bool:
    """Whether these are the words of a command, and not, as in older records, of any process."""
    texts = bool(command) and all(isinstance(one, str) for one in command)
    return texts and command[0].startswith((INSTALLED, PYTHON))


def dated(date: str) -> str:
    """A date of a record as people read it.

    >>> dated("2026-12-01T03:36:39Z")
    '2026-12-01 03:36 UTC'
    """
    day, _, time = date.partition("T")
    return f"{day} {time[:5]} UTC" if time else day


def scope(pair: Mapping[str, Any]) -> str:
    """What the claims are about."""
    told = pair.get("scope")
    scheme = SPLITS.get(pair.get("split_scheme", ""))
    return (scheme and scheme.about) or SCOPES.get(str(told), str(told or NOTHING))


def protocol(record: Record) -> list[tuple[str, str]]:
    """What the verdicts rest on, of all data sets."""
    pair = record.pairs[0]
    get = pair.get
    looks = get("looks")
    facts = [
        ("Configurations", PROTOCOLS.get(str(get("protocol")), str(get("protocol") or NOTHING))),
        ("Scope", scope(pair)),
        ("Family", FAMILIES.get(str(get("family")), str(get("family") or NOTHING))),
        ("Pairs in a family", str(get("family_size") or NOTHING)),
        ("Error rate of a family (α)", f"{get('alpha'):g}" if get("alpha") else NOTHING),
        ("Counts as none (δ)", deltas(record)),
        ("Paired by replicate", "yes" if get("paired", True) else "no"),
        ("Split", split(record, str(get("split_scheme") or NOTHING))),
        ("Look", f"{get('look') or 1}" + (f" of {len(looks)}, declared at n = "
         + listed([str(n) for n in looks]) if looks else ", the only one")),
        ("Test split opened", plural(int(get("test_openings") or 1), "time")),
        ("Hash of the frozen file", str(get("frozen_hash") or "none, nothing was frozen")),
    ]  # fmt: skip
    unknown = UNKNOWN if get("protocol") == "elsewhere" else ()
    return [fact for fact in facts if fact[0] not in unknown and fact[1] != NOTHING]


def split(record: Record, scheme: str) -> str:
    """How examples were split, and into what."""
    options = record.study.get("options", {})
    known = [f"{name} {options[name]}" for name in OF_FOLDS if options.get(name) is not None]
    return ", ".join([scheme.replace("_", " "), *known])


def deltas(record: Record) -> str:
    """The margins of all data sets, and where they are from."""
    said = []
    for group in groups(record):
        pair = next((p for p in record.pairs if p["dataset"] == group.dataset), None)
        if pair is not None and pair.get("delta") is not None:
            unit = group.unit
            amount = f"{unit.text(pair['delta'])} {unit.step}".strip()
            source = FROM.get(str(pair.get("delta_from")), "")
            said.append(f"{group.dataset}: {amount}" + (f" ({source})" if source else ""))
    return "; ".join(said) or NOTHING


def frozen(found: dict[str, Any]) -> list[tuple[str, str]]:
    """What frozen.json fixed."""
    facts = [
        (FROZEN.get(name, first_upper(name)), alike(found[name]))
        for name in ("hash", "trials", "tuning_seeds", "n", "family", "alpha")
        if found.get(name) is not None
    ]
    for (dataset, model), values in configurations(found).items():
        facts.append((f"Configuration of {model}, {dataset}", plain(values) or "nothing tuned"))
    for model, space in found.get("spaces", {}).items():
        facts.append((f"Space searched for {model}", plain(space) or "nothing"))
    return facts


def alike(value: Any) -> str:
    """A value; one for each model is said once where it is the same for all."""
    if isinstance(value, dict) and len({str(v) for v in value.values()}) == 1:
        return plain(next(iter(value.values())))
    return plain(value)


def plain(value: Any) -> str:
    """A value of JSON as people write it."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {plain(v)}" for name, v in value.items())
    if isinstance(value, list):
        return ", ".join(map(plain, value))
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def environment(found: dict[str, Any]) -> list[tuple[str, str]]:
    """Where and with what the study ran."""
    devices = found.get("devices", [])
    kinds = [f"{devices.count(kind)} × {kind}" for kind in dict.fromkeys(devices)]
    facts = [
        ("Read from", str(found.get("source", ""))),
        ("Versions", plain({k: v for k, v in found.get("versions", {}).items() if v})),
        ("Python", str(found.get("python") or "")),
        ("System", str(found.get("system", ""))),
        ("Devices", ", ".join(kinds)),
        ("CPU cores", str(found.get("cores") or "") if kinds else ""),
        ("Commit", str(found.get("commit") or "")),
    ]
    facts = [(name, value) for name, value in facts if value] + origin_facts(found)
    for name, facts_of in found.get("datasets", {}).items():
        facts.append((f"Data set {name}", plain({k: v for k, v in facts_of.items() if v})))
    return facts


def command(record: Record) -> str:
    """The command in the first line of config.flags, or what it was made with where none can."""
    by_value = record.study.get("by_value")
    if by_value:
        return f"# a call of dlfun from Python, with {by_value}"
    first = record.flags[0].removeprefix("#").strip()
    return first.replace("config.flags", "RUN_DIR/config.flags")
