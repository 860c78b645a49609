"""Damage to the files of a record is seen, whoever reads it."""

import contextlib
import shutil
import subprocess

import pytest

from dlfun.errors import UserError
from dlfun.records import checksums, recorded
from dlfun.records.checksums import changing, check_record, write_checksums
from dlfun.records.writer import write_record
from dlfun.report.html import write_report
from dlfun.report.text.papers import print_tables
from dlfun.report.text.reproduced import judge
from dlfun.studies.comparison.across_records import judge_between
from dlfun.studies.comparison.frozen import add_opening, read_frozen
from dlfun.studies.comparison.pilot import read_members
from tests.report import records


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A record with every file that a study may leave."""
    made = records.make_record(tmp_path_factory.mktemp("made") / "r", seeds=3)
    (made / "parameters").mkdir()
    shutil.copy(made / "history.npz", made / "parameters" / "waves-cnn.npz")
    (made / "report.html").write_text("<p>")
    return write_record(
        tmp_path_factory.mktemp("whole") / "r",
        lambda folder: shutil.copytree(made, folder, dirs_exist_ok=True),
    )


@pytest.fixture
def copy(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "r")


def flipped(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def truncated(path):
    path.write_bytes(path.read_bytes()[:-1])


def said_of(folder):
    """What is said of a record that is damaged, in one line."""
    with pytest.raises(UserError) as caught:
        check_record(folder)
    assert "\n" not in str(caught.value)
    return caught.value


def test_every_file_has_its_checksum(copy):
    check_record(copy)
    if shutil.which("sha256sum"):
        subprocess.run(["sha256sum", "--strict", "-c", checksums.NAME], cwd=copy, check=True)
    files = {str(p.relative_to(copy)) for p in copy.rglob("*") if p.is_file()}
    assert set(checksums.read_lines(copy)) == files - {checksums.NAME}
    assert "parameters/waves-cnn.npz" in files


@pytest.mark.parametrize("damage", [flipped, truncated])
def test_damage_to_any_file_is_seen(copy, damage, fault):
    for path in sorted(p for p in copy.rglob("*") if p.is_file()):
        before = path.read_bytes()
        damage(path)
        said = said_of(copy)
        if path.name != checksums.NAME:
            assert str(said).startswith(f"{path}: damaged")
        if path.name == "members.csv":
            fault("a flipped or truncated byte in any file of a record", said, "the other files")
        path.write_bytes(before)
    check_record(copy)


def test_a_missing_file_is_seen(copy, fault):
    (copy / "report.html").unlink()  # is made from the others
    check_record(copy)
    (copy / "members.csv").unlink()
    fault("a missing file of a record", said_of(copy), "the other files")


@pytest.mark.parametrize("end", ["head", "line", "name", "outside"])
def test_damage_to_the_checksums_themselves_is_seen(copy, end, fault):
    path = copy / checksums.NAME
    lines = path.read_text().splitlines(keepends=True)
    if end == "head":
        lines = lines[1:]
    elif end == "line":
        lines = lines[:-1]
    elif end == "name":
        lines[1] = lines[1].replace("  ", " ")
    else:
        lines[1] = lines[1][:66] + "../../etc/passwd\n"
    path.write_text("".join(lines))
    assert str(said_of(copy)).startswith(f"{path}: damaged")
    fault("damage to a record's checksums.txt", said_of(copy), "the other files")
    path.unlink()
    check_record(copy)


READERS = {
    "verify, predict, sample and export": recorded.read_record,
    "report": lambda folder: write_report(folder, [folder]),
    "report --format": lambda folder: print_tables([folder], "csv"),
    "report --between": lambda folder: judge_between([folder, folder.parent], "paired", {}),
    "reproduce": lambda folder: judge(None, folder),
    "plan --pilot": read_members,
    "compare --frozen": read_frozen,
}


@pytest.mark.parametrize("reader", READERS)
def test_whoever_reads_a_record_sees_its_damage(copy, reader):
    flipped(copy / "waves-vae-samples.npz")
    with pytest.raises(UserError, match=r"samples\.npz: damaged"):
        READERS[reader](copy)


def test_what_is_made_of_a_record_later_has_its_checksum_too(copy):
    flipped(copy / "report.html")
    write_report(copy, [copy])  # made anew
    add_opening(copy, "hash", 1, str(copy / "nowhere"))
    add_opening(copy, "hash", 2, str(copy / "nowhere"))
    check_record(copy)
    assert {"report.html", "openings.csv"} <= set(checksums.read_lines(copy))
    (copy / "mine.txt").write_text("a user's")
    check_record(copy)
    assert "mine.txt" not in checksums.read_lines(copy)
    flipped(copy / "openings.csv")
    assert "openings.csv: damaged" in str(said_of(copy))


def test_nothing_is_written_where_a_link_in_a_record_leads(copy, tmp_path):
    (tmp_path / "own").write_text("mine")
    (copy / checksums.NAME).unlink()
    for name in ("report.html", "determinism.json", "openings.csv", ".checksums.txt.part"):
        (copy / name).unlink(missing_ok=True)
        (copy / name).symlink_to(tmp_path / "own")
    with pytest.raises(UserError, match="is a link"):
        add_opening(copy, "hash", 1, str(copy / "nowhere"))
    checksums.write_into(copy, "determinism.json", "{}\n")
    write_report(copy, [copy])
    checksums.write_checksums(copy)
    assert (tmp_path / "own").read_text() == "mine"


def test_checksums_are_true_at_every_instant_of_a_change(copy):
    with contextlib.suppress(KeyboardInterrupt), changing(copy, "report.html"):
        (copy / "report.html").write_text("half")
        check_record(copy)
        raise KeyboardInterrupt
    check_record(copy)
    with changing(copy, "report.html"):
        (copy / "report.html").write_text("whole")
    flipped(copy / "report.html")
    assert "report.html: damaged" in str(said_of(copy))


def test_a_record_without_checksums_is_read_and_gets_none(copy):
    (copy / checksums.NAME).unlink()
    flipped(copy / "waves-vae-samples.npz")
    recorded.read_record(copy)
    with changing(copy, "x"):
        (copy / "x").touch()
    assert not (copy / checksums.NAME).exists()
    write_checksums(copy)
    check_record(copy)
