"""What a trained model of a record says of new inputs.

    python -m experiments.predict RUN_DIR --inputs=FILE

prints a line for each example of the file: the class predicted, and the probability of each.
Inputs are prepared as those of the data set were: a .csv of one example a line, arrays in .npy or
.npz, images in png or jpg of the data set's size, recordings in wav of its sampling rate, a text.

    python -m experiments.predict RUN_DIR --inputs=FILE --member=ensemble --temperature=fit

averages the probabilities of all members, says how far they disagree, and calibrates them on the
validation split.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from dlfun.cli import app, trained_model
from dlfun.cli.flag_types import define
from dlfun.config import parsers
from dlfun.data.user_files import csv_file
from dlfun.errors import UserError
from dlfun.records.checksums import check_writable, write_into
from dlfun.records.outputs import check_file, written
from dlfun.types import Range
from dlfun.words import plural

if TYPE_CHECKING:
    from dlfun.inference.opened import Opened
    from dlfun.inference.predict import Calibrated

FORMATS = ("csv", "jsonl")
FIT = "fit"


def temperature() -> parsers.Kind:
    """fit, or a number above 0."""
    number = parsers.number(Range(0, math.inf, "", low_allowed=False, high_allowed=False))

    def parse(given: str) -> str | float:
        if given.strip() == FIT:
            return FIT
        try:
            return float(number.parse(given))
        except ValueError as error:
            raise ValueError(f"must be {FIT}, or it {error}") from None

    return parsers.Kind(parse, str, f"{FIT}|NUMBER")


FLAGS = trained_model.trained_flags(several=True)
define(
    FLAGS,
    parsers.path(),
    "inputs",
    (),
    "the file of inputs, or a folder of images or recordings; may be given again",
    "Predictions",
    repeated=True,
)
define(
    FLAGS,
    temperature(),
    "temperature",
    1.0,
    "logarithms of probabilities are divided by it; fit takes the one that makes the validation "
    "split likeliest, and says on stderr what that changes",
    "Predictions",
)
define(
    FLAGS,
    parsers.boolean(),
    "keep_calibration",
    False,
    "writes what is said of calibration to calibration.json in the record",
    "Predictions",
)
define(FLAGS, parsers.choice("format", FORMATS), "format", "csv", "of predictions", "Predictions")
define(
    FLAGS,
    parsers.path(),
    "output",
    None,
    "the file of predictions, which is replaced if it is there; a device or pipe is written to",
    "Output & machine",
    usual="they are printed",
)


def check(values: Any) -> None:
    """Raises UserError where flags do not go together."""
    trained_model.check(values)
    if not values["inputs"].value:
        raise UserError("--inputs: name the file to predict from, such as --inputs=new.csv")
    if values["output"].value is not None:
        check_file("output", values["output"].value)
    if values.keep_calibration and values["temperature"].value == 1.0:
        raise UserError(f"--keep_calibration: nothing is calibrated; give --temperature={FIT}")


def write_rows(rows: Iterable[dict[str, Any]], form: str, file: TextIO) -> None:
    """Predictions as JSON, one example a line, or as a table of the columns of the first."""
    from dlfun.inference.predict import as_cells, as_json
    from dlfun.report.text.formats import csv_cells

    if form == "jsonl":
        plain = not (file.encoding or "").lower().startswith("utf")
        file.writelines(f"{as_json(row, plain)}\n" for row in rows)
        return
    writer = None
    for cells in map(csv_cells, map(as_cells, rows)):
        if writer is None:
            writer = csv_file.writer(file, list(cells))
            writer.writeheader()
        writer.writerow(cells)


def say_calibration(found: Calibrated) -> None:
    """Says on stderr what the temperature changes."""
    how = "fitted" if found.fitted else "given"
    print(
        f"temperature {found.temperature:.4g}, {how}; on "
        f"{plural(found.examples, 'example')} of validation:",
        file=sys.stderr,
    )
    for when, scores in (("before", found.before), ("after", found.after)):
        print(
            f"  {when:6}  ECE {scores.ece:.4f}  Brier {scores.brier:.4f} "
            f"(top label {scores.brier_top:.4f})  {scores.nats:.4f} nats",
            file=sys.stderr,
        )
    if found.fitted:
        print("  after: each half under the temperature fitted to the other", file=sys.stderr)


def keep(model: Opened, found: Calibrated) -> None:
    """calibration.json in the record: the last one of each data set, model and member."""
    from dlfun.records.reader import read_json
    from dlfun.records.writer import as_text

    folder = model.record.folder
    path = folder / "calibration.json"
    known = dict(read_json(folder, path.name)) if path.exists() else {}
    first = model.network.data.first
    known[f"{first.name}/{model.network.settings.model}/{FLAGS.member}"] = {
        "temperature": found.temperature,
        "fitted": found.fitted,
        "examples": found.examples,
        "before": found.before._asdict(),
        "after": found.after._asdict(),
    }
    write_into(folder, path.name, as_text(known))


def main(argv: list[str]) -> None:
    """Predicts with the model that the command line names."""
    with trained_model.chosen(FLAGS, argv[1:], "predict") as model:
        predict(model)


def predict(model: Opened) -> None:
    """Predicts with the model of a record."""
    if FLAGS.keep_calibration:
        check_writable(model.record.folder)
    from dlfun.data.user_files.read_inputs import read_given
    from dlfun.inference.predict import answer, calibrate_network, check_calibration, rows_of

    ensemble, asked = FLAGS.member == "ensemble", FLAGS["temperature"].value
    given = read_given([Path(path) for path in FLAGS["inputs"].value], model.source)
    count = len(given.inputs)
    for doubt in given.said:
        print(doubt, file=sys.stderr)
    print(f"{model.words()}: {plural(count, 'example')}", file=sys.stderr)
    number = 1.0
    if asked != 1.0:
        check_calibration(model.network, asked)
        held = model.validation(f"--temperature={asked}")
        found = calibrate_network(model.network, held, ensemble, asked)
        number = found.temperature
        say_calibration(found)
        if FLAGS.keep_calibration:
            keep(model, found)
    answers = answer(model.network, given, ensemble, number)
    path = FLAGS["output"].value
    with nullcontext(sys.stdout) if path is None else written("output", path) as file:
        write_rows(rows_of(model.network, given, answers), FLAGS["format"].value, file)


def start() -> None:
    """Reads the command line, and runs the command."""
    app.run(main, FLAGS, check=check, words=trained_model.WORDS)
