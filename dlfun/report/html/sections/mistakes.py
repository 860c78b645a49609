"""The mistakes that a model was most sure of, to be looked at."""

from __future__ import annotations

import numpy as np
from markupsafe import Markup, escape

from dlfun.report.html import examples
from dlfun.report.html.blocks import Block, Figure, table
from dlfun.report.html.record import Arm, Record, arm_arrays
from dlfun.report.html.sections.latent import labels_of
from dlfun.report.html.units import listed

Arrays = dict[str, np.ndarray]
MOST = 12
FEW = 6
"""Mistakes that are shown of frame strips and spectrograms, which are large."""


LOOKS = {"text": "texts", "video": "texts", "speech": "large"}


def mistakes(record: Record) -> list[Block]:
    """A figure for every arm that left its mistakes."""
    return [
        figure(arm, arrays)
        for arm, arrays in arm_arrays(record, "evidence")
        if len(arrays.get("mistakes_inputs", ())) and len(arrays.get("mistakes_index", ()))
    ]


def figure(arm: Arm, arrays: Arrays) -> Figure:
    """The mistakes of one arm, the most confident first."""
    wanted, given = (
        np.asarray(arrays[f"mistakes_{n}"], int)[:MOST] for n in ("target", "predicted")
    )
    sure = np.asarray(arrays["mistakes_probability"], float)[:MOST]
    names = labels_of(arrays, int(max(wanted.max(), given.max())) + 1)
    told = [
        (f"{names[t]} taken for {names[p]}", f"{100 * s:.1f} %" if np.isfinite(s) else "")
        for t, p, s in zip(wanted, given, sure, strict=True)
    ]
    finding = f"The most confident mistakes of {arm[1]} on {arm[0]}: " + listed(
        [", ".join(filter(None, pair)) for pair in told], 4
    )
    index = arrays["mistakes_index"][:MOST]
    rows = [
        [int(i), names[t], names[p], float(100 * s)]
        for i, t, p, s in zip(index, wanted, given, sure, strict=True)
    ]
    modality = str(arrays.get("modality", ""))
    shown = told[:FEW] if modality in ("video", "speech") else told
    items = [item(arrays, k, *said) for k, said in enumerate(shown)]
    look = LOOKS.get(modality, "long" if max(map(len, names)) > 4 else "")
    return Figure(
        f"Mistakes of {arm[1]}, {arm[0]}",
        finding,
        Markup(f'<div class="gallery {look}">') + Markup("").join(items) + Markup("</div>"),
        table(["test example", "is", "taken for", "sure (%)"], rows, "Mistakes"),
        "Most confident first, of the first healthy run: what it is → what it was taken for, and "
        "how sure the model was.",
        wide=modality == "text",
    )


def item(arrays: Arrays, k: int, told: str, sure: str) -> Markup:
    """One mistake with its words."""
    modality, alphabet = (str(arrays.get(n, "")) for n in ("modality", "alphabet"))
    shown = examples.show(np.asarray(arrays["mistakes_inputs"][k]), modality, told, alphabet)
    return (
        Markup('<div class="item">')
        + shown
        + Markup('<div class="told">')
        + escape(told.replace(" taken for ", " →\u00a0"))
        + Markup("<small>")
        + escape(sure)
        + Markup("</small></div></div>")
    )
