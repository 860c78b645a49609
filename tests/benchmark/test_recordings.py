"""The benchmark of recordings."""

from dlfun.benchmark import recordings


def test_a_line_says_what_was_read(tmp_path):
    recordings.write(tmp_path, 4, seconds=0.1)
    assert recordings.measure(tmp_path).startswith("4 recordings: ")
