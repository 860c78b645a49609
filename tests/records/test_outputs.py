"""Files that users name are replaced as a whole; what is no regular file is written to."""

import contextlib
import errno
import os
import socket
import stat
import threading
from pathlib import Path

import pytest

from dlfun.errors import UserError
from dlfun.records.checksums import check_record, read_lines, write_checksums, write_into
from dlfun.records.outputs import check_file, written


def write(path, text="new"):
    with written("output", str(path)) as file:
        file.write(text)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_replaced_once_all_of_it_is_there(tmp_path):
    path = tmp_path / "out.csv"
    path.write_text("old")
    path.chmod(0o640)
    inode = path.stat().st_ino
    with contextlib.suppress(KeyboardInterrupt), written("output", str(path)) as file:
        file.write("half")
        file.flush()
        raise KeyboardInterrupt
    assert path.read_text() == "old"
    write(path)
    assert path.read_text() == "new"
    assert path.stat().st_ino != inode
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert names(tmp_path) == ["out.csv"]


def test_a_new_file_has_the_rights_that_the_user_gives_files(tmp_path):
    before = os.umask(0o027)
    try:
        write(tmp_path / "out.csv")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "out.csv").stat().st_mode) == 0o640


@pytest.mark.parametrize("there", [True, False])
def test_a_link_stands_for_the_file_that_it_leads_to(tmp_path, there):
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder/real")
    if there:
        (tmp_path / "folder" / "real").write_text("old")
    check_file("output", str(tmp_path / "link"))
    write(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "folder" / "real").read_text() == "new"
    assert names(tmp_path / "folder") == ["real"]


@pytest.mark.parametrize("through_a_link", [False, True])
def test_a_pipe_is_written_to(tmp_path, through_a_link):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    path = tmp_path / "link" if through_a_link else pipe
    if through_a_link:
        path.symlink_to("pipe")
    check_file("output", str(path))
    seen = []
    reader = threading.Thread(target=lambda: seen.append(pipe.read_text()), daemon=True)
    reader.start()
    write(path)
    reader.join(5)
    assert seen == ["new"]
    assert pipe.is_fifo()


def device(path, minor):
    """As /dev/null (3) or /dev/full (7)."""
    try:
        os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, minor))
        path.open("w").close()
    except OSError:
        pytest.skip("needs the right to make devices")
    return path


def test_a_device_is_written_to(tmp_path):
    null = device(tmp_path / "null", 3)
    check_file("output", str(null))
    write(null)
    assert null.is_char_device()
    full = device(tmp_path / "full", 7)
    with pytest.raises(UserError, match=r"--output=.*/full: No space left on device; name another"):
        write(full)
    assert names(tmp_path) == ["full", "null"]


def test_a_file_that_a_standard_stream_goes_to_is_written_to(tmp_path, capfd):
    """As --output=/dev/stdout with stdout in a file: what comes later is to be in it, too."""
    write("/dev/stdout", "one\n")
    os.write(1, b"two\n")
    assert capfd.readouterr().out.endswith("two\n")


def test_what_cannot_be_written_is_said_before_any_work(tmp_path, monkeypatch):
    with socket.socket(socket.AF_UNIX) as unix:
        monkeypatch.chdir(tmp_path)  # the paths of sockets are short
        unix.bind("socket")
        for path, what in (
            (".", "is a directory"),
            ("socket", "cannot be written to"),
            ("none/out.csv", "there is no directory .*/none; make it"),
            ("x" * 256, "File name too long"),
            ("x" * 255, None),
        ):
            if what is None:
                check_file("output", path)
                write(Path(path))
            else:
                with pytest.raises(UserError, match=f"^--output={path}: {what}"):
                    check_file("output", path)


def test_a_file_of_a_record_takes_the_place_of_a_link(tmp_path):
    record = tmp_path / "record"
    record.mkdir()
    (record / "config.flags").touch()
    write_checksums(record)
    (tmp_path / "mine").write_text("mine")
    (record / "calibration.json").symlink_to("../mine")
    (record / ".checksums.txt.part").symlink_to("../mine")
    write_into(record, "calibration.json", "{}")
    assert (tmp_path / "mine").read_text() == "mine"
    assert not (record / "calibration.json").is_symlink()
    assert "calibration.json" in read_lines(record)
    check_record(record)


def test_names_that_are_no_text_are_written_escaped(tmp_path):
    """As those of new inputs, which a file system may give any bytes."""
    write(tmp_path / "out.csv", "caf\udce9.png,dog\n")
    assert (tmp_path / "out.csv").read_text() == "caf\\udce9.png,dog\n"


def test_a_file_of_a_record_that_is_not_written_stays_as_it_was(tmp_path, monkeypatch):
    (tmp_path / "openings.csv").write_text("old")
    write_checksums(tmp_path)
    before = read_lines(tmp_path)
    replace = os.replace

    def full(source, target):
        if target.suffix == ".csv":
            raise OSError(errno.ENOSPC, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(UserError, match=r"openings\.csv: No space left on device; make room"):
        write_into(tmp_path, "openings.csv", "new")
    assert read_lines(tmp_path) == before
    check_record(tmp_path)
    assert names(tmp_path) == ["checksums.txt", "openings.csv"]
