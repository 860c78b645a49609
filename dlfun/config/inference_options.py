"""The options of what is made with trained models, for commands and calls alike."""

from __future__ import annotations

import math

from dlfun.config import parsers
from dlfun.types import Range

FORMATS = ("jax", "stablehlo", "onnx", "safetensors")
PARTS = ("outputs", "decoder")

COUNT = parsers.integer(1, 10_000)
"""Examples, or texts."""

SEED = parsers.integer(0, 2**32 - 1)
TEMPERATURE = parsers.number(Range(0, math.inf, "", low_allowed=False, high_allowed=False))
LENGTH = parsers.integer(1, 1_000_000)
"""Tokens of a text."""

PROMPT = parsers.Kind(str, str, "TEXT")
"""What a text begins with."""

FORMAT = parsers.choice("format", FORMATS)
PART = parsers.choice("part", PARTS)
