"""What a user is told of how a study goes on."""

import pytest

from dlfun.cli import app, checkpoint_flags
from dlfun.cli.commands import train


@pytest.mark.parametrize(
    ("args", "there", "wanted"),
    [
        (["--output_dir={}"], False, "the same command goes on"),
        ([], False, "the same command with --output_dir={} goes on"),
        (["--output_dir={}", "--overwrite"], False, "the same command without --overwrite goes on"),
        (["--output_dir={}", "--overwrite"], True, ""),
    ],
)
def test_the_hint_names_a_command_that_goes_on(tmp_path, args, there, wanted):
    output = tmp_path / "r"
    folder = checkpoint_flags.unfinished(str(output))
    app.parse(train.FLAGS, ["train", *(arg.format(output) for arg in args)])
    assert checkpoint_flags.hint(train.FLAGS, folder, str(output)) == ""  # nothing was kept
    (folder / "population").mkdir(parents=True)
    if there:
        output.mkdir()
        assert checkpoint_flags.hint(train.FLAGS, folder, str(output)) == "the same command " + (
            "without --overwrite goes on"
        )
        (output / "config.flags").touch()
    assert checkpoint_flags.hint(train.FLAGS, folder, str(output)) == wanted.format(output)
