"""Notes of a record: written, read back, printed and shown; and records that have none."""

import json
import shutil

import pytest

import dlfun
from dlfun.errors import UserError
from dlfun.records.notes import NOTES, Note, read_notes
from dlfun.report.html import write_report
from tests.report.test_html import section
from tests.report.test_html_record import run


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """On an exclusive or, where the rule of the perceptron cycles and some runs are copies."""
    folder = tmp_path_factory.mktemp("notes") / "xor"
    return dlfun.compare(
        ["perceptron", "softmax"], "xor", seeds=2, steps=4, batch_size=4, output_dir=folder
    )


def test_what_is_said_of_a_study_stands_in_its_record(study):
    found = read_notes(study.folder)
    assert tuple(note.text for note in found) == study.notes
    assert dlfun.read(study.folder).notes == study.notes
    assert [(note.dataset, note.arm) for note in found] == [
        ("xor", "perceptron"),
        ("xor", "perceptron"),
        ("xor", "softmax"),
    ]
    assert "not linearly separable" in study.notes[0]
    assert "the whole table right in 0 of 2 runs" in study.notes[1]
    assert NOTES in (study.folder / "checksums.txt").read_text()
    assert study.notes[0] in repr(dlfun.read(study.folder))


def test_notes_are_printed_and_stand_behind_the_scores(study, capsys):
    assert not run(study.folder)
    printed = capsys.readouterr().out.splitlines()
    assert printed[:3] == list(study.notes)
    text = (study.folder / "report.html").read_text(encoding="utf-8")
    shown = section(text, "notes")
    assert all(f"<p>{note.replace(chr(39), '&#39;')}.</p>" in shown for note in study.notes)
    assert text.index('<section id="scores"') < text.index('<section id="notes"')
    assert not run(study.folder, study.folder, "--format=latex")
    assert f"% {study.folder}: {study.notes[0]}" in capsys.readouterr().out


def test_an_older_record_has_none_and_a_damaged_one_is_one_line(study, tmp_path):
    older = shutil.copytree(study.folder, tmp_path / "older")
    (older / "checksums.txt").unlink()
    (older / NOTES).unlink()
    assert dlfun.read(older).notes == ()
    assert dlfun.read(older).rows == study.rows
    text = write_report(older, [older]).read_text(encoding="utf-8")
    assert "not linearly separable" not in text
    for content in ("{", "{}", '["text"]', '[{"arm": "cnn"}]', '[{"text": 3}]'):
        (older / NOTES).write_text(content)
        with pytest.raises(UserError, match=r"notes\.json: missing or damaged"):
            dlfun.read(older)


def test_a_note_of_no_single_arm_is_a_text_alone(tmp_path):
    (tmp_path / NOTES).write_text(json.dumps([{"text": "noise floor: none"}]))
    assert read_notes(tmp_path) == [Note("noise floor: none")]


def test_truth_values_are_truth_values(study):
    assert {row["at_chance"] for row in study.rows} <= {True, False}
    assert "true" in (study.folder / "members.csv").read_text()
