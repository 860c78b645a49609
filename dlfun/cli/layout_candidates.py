"""--layout=explain: the layouts that could be chosen, measured."""

from __future__ import annotations

from absl import flags as absl_flags

from dlfun.studies.options import StudyOptions
from experiments.parsing import EXPLAIN


def explained(values: absl_flags.FlagValues, options: StudyOptions) -> bool:
    """Whether the flags ask for an explanation, which is printed; nothing is trained then."""
    if EXPLAIN not in values.layout.values():
        return False
    from dlfun.report.layouts import layout_table
    from dlfun.studies.explain import explain

    print(layout_table(explain(options)), flush=True)
    return True
