import dataclasses
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import get_type_hints

import pytest

import dlfun
from dlfun.cli import app
from dlfun.cli.commands import compare, train
from dlfun.config import keywords
from dlfun.config.option_table import FIELDS, MAY_DIFFER, OPTIONS, identity_lines, name_of
from dlfun.config.options import DataOptions, StudyOptions
from dlfun.studies import call
from dlfun.training.checkpoints import store

ROOT = Path(__file__).resolve().parents[2]


def test_values_that_are_not_given_are_those_of_the_table():
    for options, names in ((StudyOptions, FIELDS), (DataOptions, OPTIONS)):
        fields = {field.name: field.default for field in dataclasses.fields(options)}
        for name in set(names) & set(fields):
            assert OPTIONS[name].default == fields[name], name


def test_every_command_of_studies_has_all_options():
    for script in (train, compare):
        for name, row in OPTIONS.items():
            assert script.FLAGS[name].help == row.help


def test_keywords_have_the_types_that_their_options_read():
    types = {
        "": bool | None,
        "N": int | None,
        "NUMBER": float | None,
        "NAME": str | None,
        "SIZE": str | None,
        "TEXT": str | None,
        "PATH": str | Path | None,
        "NAME[:STRENGTH],...": str | Mapping[str, float] | None,
        "COLUMN,...": str | Sequence[str] | None,
        "WIDTHxHEIGHT": tuple[int, int] | str | None,
    }
    for words in (keywords.Options, keywords.DataOptions):
        for name, found in get_type_hints(words).items():
            assert found == types[OPTIONS[name].kind.form], name


def test_a_line_names_its_option():
    booleans = [name for name, row in OPTIONS.items() if not row.kind.form]
    assert [name_of(f"--no{name}") for name in booleans] == booleans
    assert [name_of(f"--{name}=1") for name in OPTIONS] == list(OPTIONS)
    assert name_of("--notes_of_mine=3") == "notes_of_mine"


CHANGED = {"keep": "none", "tensorboard": True, "stop_when_failed": 0.5, "memory_limit": "2GiB"}


@pytest.fixture
def identities(monkeypatch):
    """What studies are told apart by when they go on, as the checkpoints see it."""
    seen = []

    def asked(folder, identity, *rest):
        seen.append({**identity, "flags": sorted(identity["flags"])})
        raise dlfun.UserError("far enough")

    monkeypatch.setattr(call, "checkpoints_in", asked)
    monkeypatch.setattr(store, "checkpoints_in", asked)
    return seen


def test_what_may_differ_when_a_study_goes_on_is_one_rule_for_flags_and_keywords(
    identities, tmp_path
):
    assert set(CHANGED) == set(MAY_DIFFER)
    for name, value in CHANGED.items():
        folder = str(tmp_path / name)
        text = f"--{name}" if value is True else f"--{name}={value}"
        for given in ([], [text]):
            app.parse(train.FLAGS, ["train", "--model=softmax", f"--output_dir={folder}", *given])
            with pytest.raises(dlfun.UserError, match="far enough"):
                app.study_flags.study_options(train.FLAGS)
        if name == "tensorboard":  # no keyword
            continue
        for given in ({}, {name: value}):
            with pytest.raises(dlfun.UserError, match="far enough"):
                dlfun.train("softmax", "xor", output_dir=folder, **given)
    for one, other in zip(identities[::2], identities[1::2], strict=True):
        assert one == other


def test_another_number_of_steps_is_another_study():
    assert identity_lines(["--steps=3"]) != identity_lines(["--steps=4"])


def test_messages_name_options_that_there_are():
    known = set(OPTIONS) | set(compare.FLAGS)
    others = ("predict", "sample", "export", "sweep", "searches", "benchmark", "report")
    for name in (*others, "judge", "track"):
        known |= set(__import__(f"dlfun.cli.commands.{name}", fromlist=["FLAGS"]).FLAGS)
    for path in (ROOT / "dlfun").rglob("*.py"):
        for name in re.findall(r"\bOPT\.(?!no\b|of\b)(\w+)", path.read_text()):
            assert name in known, (path, name)
