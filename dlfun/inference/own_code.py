"""The code of a module that is given again, beside that of the study."""

from __future__ import annotations

from dlfun.decoration import stderr
from dlfun.models import OWN, row_of
from dlfun.models.own import checksum_of
from dlfun.records.environment import version
from dlfun.records.reader import read_study
from dlfun.records.recorded import Recorded
from dlfun.studies.population.assembly import assemble
from dlfun.studies.reproducibility.arms import Arm

TRACING = ("jax", "jaxlib", "flax")
"""Packages by whose versions the same code is traced to the same program."""


def doubt_code(record: Recorded, arm: Arm) -> None:
    """Says on stderr where a module computes otherwise than the module of the study did.

    Its parameters may have the same names and shapes. Other versions of JAX trace the same code
    to another program, and prove nothing.
    """
    model, spec = arm.settings.model, arm.data.first.spec
    if row_of(model) is not OWN:
        return
    code = read_study(record.folder).get("code", {})  # an older record has none
    recorded = code.get(f"{model} on {arm.data.first.name}")
    versions = record.environment.get("versions", {})
    if recorded is None or any(versions.get(name) != version(name) for name in TRACING):
        return
    if checksum_of(assemble(arm.settings, spec).module, spec) != recorded:
        print(
            f"warning: {model} is not the code of the study: it computes otherwise than what was "
            "trained, with parameters of the same shapes",
            file=stderr(),
        )
