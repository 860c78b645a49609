"""One page of what studies found, made from their records alone.

    python -m experiments.report RUN_DIR ...

writes RUN_DIR/report.html in two seconds and trains nothing: verdicts, every run, what it cost and
what was learned. Several run directories are shown side by side, in report.html. The page is one
file that asks nothing of the network.
"""

from __future__ import annotations

from pathlib import Path

from absl import flags as absl_flags

from dlfun.errors import UserError
from experiments import app, parsing
from experiments.holders import define

WORDS = "RUN_DIR ..."
NAME = "report.html"
FORMATS = ("html", "csv", "latex", "markdown")


def report_flags() -> absl_flags.FlagValues:
    """The flags of this script."""
    values = absl_flags.FlagValues()
    values.set_gnu_getopt(True)
    usual = "RUN_DIR/report.html; report.html for several"
    help = "the file of the page, which is replaced if it is there"
    define(values, parsing.path(), "output_file", None, help, "Output & machine", usual=usual)
    kind = parsing.choice("format", FORMATS)
    define(values, kind, "format", "html", "html is the page; the others print its tables", "Page")
    return values


FLAGS = report_flags()


def check(values: absl_flags.FlagValues) -> None:
    """Raises UserError unless the file named can be one."""
    if values.output_file is None:
        return
    if values.format != "html":
        raise UserError(f"--format={values.format} prints its tables; leave --output_file out")
    target = Path(values.output_file)
    if target.is_dir():
        raise UserError(f"--output_file={target}: is a directory; name a file, such as {NAME}")
    if not target.absolute().parent.is_dir():
        raise UserError(
            f"--output_file={target}: there is no directory {target.parent}; make it, or name "
            "another file"
        )


def target_of(output_file: str | None, folders: list[Path]) -> Path:
    """Where the page is written."""
    if output_file is not None:
        return Path(output_file)
    return folders[0] / NAME if len(folders) == 1 else Path(NAME)


def main(argv: list[str]) -> None:
    """Writes the page of the records that the command line names."""
    folders = [Path(word) for word in argv[1:]]
    if not folders:
        raise UserError("name the --output_dir of a study, such as runs/compare")
    if FLAGS["format"].value != "html":
        from dlfun.report.papers import print_tables

        print(print_tables(folders, FLAGS["format"].value))
        return
    target = target_of(FLAGS.output_file, folders)
    from dlfun.report.html import write_report

    print(f"report: {write_report(target.parent, folders, target.name)}")


if __name__ == "__main__":
    app.run(main, FLAGS, check=check, computes=False, words=WORDS)
