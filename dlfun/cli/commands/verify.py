"""Certify how a record repeats: its members trained again, in their population and in others.

    python -m experiments.verify RUN_DIR

trains every arm of a record of train, compare or sweep again as it ran, and the first, middle and
last member of each also alone, and together in another layout. It takes a little longer than the
study did. It prints which come out bit by bit, and how far the others drift in metrics, parameters
and ranks, and adds determinism.json to the record. Other versions, devices and data than those of
the record are named.
"""

from __future__ import annotations

from pathlib import Path

from dlfun import deferred
from dlfun.cli import app, next_steps, trained_model
from dlfun.cli.flag_types import define
from dlfun.config import parsers
from dlfun.config.studies import STUDIES
from dlfun.decoration import tell
from dlfun.phases import phase

FLAGS = trained_model.record_flags()
define(
    FLAGS,
    parsers.integer(1),
    "members",
    3,
    "members of each arm that are trained alone, and in another population",
    "Study",
)


def main(argv: list[str]) -> None:
    """Verifies the record that the command line names."""
    from dlfun.records.reader import unsealed

    folder = trained_model.folder_of(argv[1:], "verify")
    with unsealed(folder):
        certify(folder)


def certify(folder: Path) -> None:
    """Verifies the record in a folder, and writes its certificate."""
    from dlfun.config.study_request import study_options
    from dlfun.records.checksums import check_writable
    from dlfun.records.recorded import read_record

    record = read_record(folder)
    check_writable(record.folder)
    request = trained_model.request_in(folder, FLAGS)
    trained_model.start_jax(request)
    with phase("loading"):
        from dlfun.report.text.determinism import certificate_table
        from dlfun.studies.reproducibility.certificate import FILE, verify
        from dlfun.studies.reproducibility.rerun import search_again

        options, kind = study_options(request), STUDIES[record.script]
        arms = deferred.load(kind.arms)(request, options, record)
    certificate = verify(record, options, arms, FLAGS.members, search_again(request, options))
    tell(certificate_table(certificate), f"certificate: {record.folder / FILE}")
    next_steps.add("verify", folder=next_steps.shown(folder))


def start() -> None:
    """Reads the command line, and runs the command."""
    app.run(main, FLAGS, check=trained_model.check, words=trained_model.WORDS)
