"""Sentences said once: what a caption of the same section has said is left out of the next one."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dlfun.report.html.blocks import Block, Figure, Folded, Matrix, Table, Words

STOP = re.compile(r"(?<=[.!?]) ")
"""Between two sentences."""

OWN, LEVEL = re.compile(r"\d"), "95 %"
"""A sentence with another number than the level is about one block, and stands again."""


def said_once(blocks: Sequence[Block], said: set[str] | None = None) -> list[Block]:
    """Blocks of a section without sentences that one before them has."""
    said = set() if said is None else said
    return [of_block(block, said) for block in blocks]


def of_block(block: Block, said: set[str]) -> Block:
    """A block without the sentences that were said; `said` grows."""
    if isinstance(block, Figure):
        return block._replace(caption=rest(block.caption, said))
    if isinstance(block, Table):
        behind = [one._replace(note=rest(one.note, said)) for one in block.behind]
        return block._replace(note=rest(block.note, said), behind=behind)
    if isinstance(block, Matrix):
        return block._replace(note=rest(block.note, said))
    if isinstance(block, Folded):
        return block._replace(blocks=said_once(block.blocks, said))
    if isinstance(block, Words) and not block.beside:
        lines = (rest(line, said) for line in block.lines)
        return block._replace(lines=[line for line in lines if line])
    return block


def rest(text: str, said: set[str]) -> str:
    """The sentences of a text that are new.

    >>> said = set()
    >>> rest("A dot is a run. Chance is 10 %.", said), rest("A dot is a run. Chance is 10 %.", said)
    ('A dot is a run. Chance is 10 %.', 'Chance is 10 %.')
    """
    kept = [one for one in STOP.split(text) if one not in said]
    said.update(one for one in kept if not OWN.search(one.replace(LEVEL, "")))
    return " ".join(kept)
