"""The page: its sections in their order, rendered into one file."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from markupsafe import Markup

from dlfun.errors import OPT, UserError
from dlfun.records import checksums
from dlfun.records.checksums import changing, read_lines
from dlfun.records.outputs import check_file, is_stream, replaced, written
from dlfun.report.html import marks
from dlfun.report.html.blocks import Block, Section
from dlfun.report.html.glossary import TERMS, meanings, used, visible
from dlfun.report.html.headline import Headline, headline
from dlfun.report.html.joint import joint, together
from dlfun.report.html.layout import spans
from dlfun.report.html.once import said_once
from dlfun.report.html.record import Record, read_record
from dlfun.report.html.results import groups, swept_words
from dlfun.report.html.sections.across import across, across_records
from dlfun.report.html.sections.boundary import boundary
from dlfun.report.html.sections.calibration import calibration
from dlfun.report.html.sections.confusion import confusion
from dlfun.report.html.sections.cost import cost
from dlfun.report.html.sections.curves import curves
from dlfun.report.html.sections.determinism import determinism
from dlfun.report.html.sections.differences import differences
from dlfun.report.html.sections.failures import failures
from dlfun.report.html.sections.footer import footer
from dlfun.report.html.sections.gates import gates
from dlfun.report.html.sections.generalisation import generalisation
from dlfun.report.html.sections.latent import latent
from dlfun.report.html.sections.mistakes import mistakes
from dlfun.report.html.sections.notes import notes
from dlfun.report.html.sections.readout import readout
from dlfun.report.html.sections.response import response
from dlfun.report.html.sections.scores import scores
from dlfun.report.html.sections.states import states
from dlfun.report.html.sections.tuning import tuning
from dlfun.report.html.sections.variance import variance
from dlfun.report.html.sections.verdicts import verdicts
from dlfun.report.html.sections.weights import weights
from dlfun.report.html.units import listed
from dlfun.report.record_names import record_names
from dlfun.report.rows import run_of
from dlfun.words import plural

TEMPLATES = Path(__file__).parent / "templates"
NAME = "report.html"
START = b"<!doctype html>"
FEW = 3
"""So many arms are named above the headline."""

SECTIONS = (
    Section("gates", "Gates", "What was to be decided.", gates),
    Section("scores", "Scores", "Every run, and what it cost.", scores, together(scores)),
    Section("curves", "Learning curves", "How the runs got there.", curves),
    Section("verdicts", "Verdicts", "Is one arm better than another, and by how much?", verdicts),
    Section("notes", "Notes", "What else there is to say.", notes),
    Section("differences", "Paired differences", "Replicate by replicate.", differences),
    Section("across", "Over data sets", "Which arm does well on all?", across, across_records),
    Section("tuning", "Tuning", "What a larger budget of trials buys.", tuning),
    Section("response", "Hyperparameters", "What the score depends on.", response),
    Section("cost", "Time and cost", "What quality costs.", cost),
    Section("generalisation", "Generalisation", "From train to held-out examples.", generalisation),
    Section("readout", "Hand-made and learned features", "The same read-out on both.", readout),
    Section("boundary", "Decision boundary", "What is said where, and since when.", boundary),
    Section("weights", "First layer", "What the networks look for, and find.", weights),
    Section("states", "Memory", "States and gates of recurrent networks.", states),
    Section("latent", "Generative models", "What they know, and what they make.", latent),
    Section("mistakes", "Mistakes", "Those that the models were most sure of.", mistakes),
    Section("confusion", "Confusion", "Which classes are taken for which.", confusion),
    Section("calibration", "Calibration", "Are they right as often as they are sure?", calibration),
    Section("variance", "Sources of variance", "What moves the result.", variance),
    Section("determinism", "Determinism", "What repeats bit by bit.", determinism),
    Section("failures", "Failures", "Runs that did not work, by name.", failures),
    Section("how", "How it was made", "Protocol, environment and replay.", footer),
)
"""In the order of the page: what was asked for, scores, how they came about, then the rest."""


class Part(NamedTuple):
    """What a section says of one record, or, without a name, of all together."""

    record: str
    blocks: list[Block]


class Filled(NamedTuple):
    """A section with its parts, one for each record or for all; some may be empty, but not all."""

    section: Section
    parts: list[Part]


def write_report(folder: Path, records: Sequence[Path], name: str = NAME) -> Path:
    """Writes the report of one record, or of several side by side, all or nothing.

    Args:
      folder: where it is written; one of the records, or another.
      records: run directories; nothing but what lies in them is shown.
      name: of the file.

    Raises:
      UserError: if a folder holds no record, or one of another version, or it cannot be written.
    """
    return put(Path(folder) / name, render([read_record(Path(record)) for record in records]))


def put(target: Path, text: str) -> Path:
    """Writes a page, all or nothing, beside the files of a record or where there is none.

    Raises:
      UserError: if it cannot be written.
    """
    try:
        with changing(target.parent, target.name), replaced(target) as file:
            file.write(text)
    except OSError as error:
        raise UserError(f"{target}: {error.strerror}; name another {OPT.output_file}") from error
    return target


def write_page(path: str, records: Sequence[Path]) -> Path:
    """The same, to a file that the user names: see `dlfun.records.outputs.written`.

    Raises:
      UserError: if there is no record, or the file cannot be written.
    """
    return put_named(path, lambda: render([read_record(Path(record)) for record in records]))


def put_named(path: str, text_of: Callable[[], str]) -> Path:
    """A page in a file that the user names; it is made once that can be written.

    Raises:
      UserError: if it cannot.
    """
    check_file("output_file", path)
    if not is_stream(path):
        target = Path(os.path.realpath(path))
        check_is_page(path, target)
        put(target, text_of())
        return Path(path)
    text = text_of()
    with written("output_file", path) as file:
        file.write(text)
    return Path(path)


def check_is_page(path: str, target: Path) -> None:
    """Raises UserError if the target is a file of a record, and no page written before."""
    sums = read_lines(target.parent)
    if sums is not None and target.name in {*sums, checksums.NAME} - {NAME} and target.is_file():
        with target.open("rb") as file:
            if file.read(len(START)).lower() != START:
                raise UserError(f"{OPT.output_file}={path}: is a file of a record; name another")


def filled(records: Sequence[Record]) -> list[Filled]:
    """The sections that have something to say."""
    names, found = record_names([record.folder for record in records]), []
    for section in SECTIONS:
        parts = parts_of(section, names, records)
        if any(part.blocks for part in parts):
            found.append(Filled(section, parts))
    return found


def parts_of(section: Section, names: Sequence[str], records: Sequence[Record]) -> list[Part]:
    """A section's part of all records together, where there is one; else that of each."""
    if section.together is not None and len(records) > 1:
        blocks = section.together(records)
        if blocks:
            return [Part("", said_once(blocks))]
    made = zip(names, (section.blocks(record) for record in records), strict=True)
    return [Part(name, said_once(blocks)) for name, blocks in made]


def kicker(record: Record) -> str:
    """What was compared, in few words."""
    found = groups(record)
    arms = list(dict.fromkeys(line.label for group in found for line in group.lines))
    seeds = len({row["replicate"] for row in record.rows})
    where = listed([group.dataset for group in found])
    what = swept_words(record)
    if not what:
        what = listed(arms) if len(arms) <= FEW else plural(len(arms), "arm")
    return f"{what} on {where} · {plural(seeds, run_of(record.rows))}"


def render(records: Sequence[Record]) -> str:
    """The page as text."""
    names = record_names([record.folder for record in records])
    heads = [
        headline(record)._replace(name=name) for name, record in zip(names, records, strict=True)
    ]
    found = [kicker(record) for record in records]
    return fill(heads, found, filled(records), joint_title(records, names))


def joint_title(records: Sequence[Record], names: Sequence[str]) -> str:
    """What several records found together, of which no verdict is made; else their names."""
    together = joint(records) if len(records) > 1 else None
    if together is None:
        return ", ".join(names)
    return headline(dataclasses.replace(together, pairs=[])).title


def fill(
    heads: Sequence[Headline], kickers: Sequence[str], sections: Sequence[Filled], title: str = ""
) -> str:
    """The text of a page with these headlines, each under its kicker, and sections.

    Args:
      title: over the headlines of several records.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["kind"] = lambda block: type(block).__name__.lower()
    environment.globals |= {"draw_swatch": marks.swatch, "spans": spans}
    page = {"heads": heads, "kickers": kickers, "title": title}
    environment.globals["meanings"] = meanings(TERMS)
    parts = [environment.get_template(f"{n}.html") for n in ("header", "sections", "page")]
    head, body = (Markup(part.render(page, sections=sections)) for part in parts[:2])
    terms = used(visible(head + body))
    return parts[2].render(page, sections=sections, header=head, body=body, terms=terms)
