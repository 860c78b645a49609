"""Differences between the environments of two runs, in words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from dlfun.records.dates import DATE, DURATION

UNCOMPARED = (
    *("command", "datasets", "versions", "jax_config", "ranked_by", DATE, DURATION),
    *("continued_from", "initialized_from"),
)
"""Of environment.json: what may differ, or is compared part by part."""


def differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """In words, what of two environments is not the same: machine, versions, data."""

    def flat(known: Mapping[str, Any]) -> dict[str, Any]:
        parts = {n: v for n, v in known.items() if n not in UNCOMPARED}
        parts |= dict(known.get("versions", {})) | dict(known.get("jax_config", {}))
        for name, data in dict(known.get("datasets", {})).items():
            parts |= {f"{name} {what}": data.get(what) for what in ("version", "checksum")}
        return parts

    old, new = flat(then), flat(now)
    return [
        f"{name}: {shown(old.get(name))} then, {shown(new.get(name))} now"
        for name in dict.fromkeys([*old, *new])
        if old.get(name) != new.get(name)
    ]


def shown(value: Any) -> str:
    """A part of an environment in a sentence."""
    if isinstance(value, list):
        return ", ".join(f"{value.count(one)} x {one}" for one in dict.fromkeys(value))
    text = "unknown" if value is None else str(value)
    return re.sub(r"\b([0-9a-f]{12})[0-9a-f]{28,}", r"\1", text)  # of checksums and commits, enough
