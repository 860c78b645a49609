"""--layout=explain: the layouts that could be chosen, measured."""

from __future__ import annotations

from absl import flags as absl_flags

from dlfun.config.options import StudyOptions
from dlfun.config.parsers import EXPLAIN


def explained(values: absl_flags.FlagValues, options: StudyOptions) -> bool:
    """Whether the flags ask for an explanation, which is printed; nothing is trained then."""
    if EXPLAIN not in values.layout.values():
        return False
    from dlfun.report.text.layout_candidates import layout_table
    from dlfun.studies.population.layout_candidates import explain

    print(layout_table(explain(options)), flush=True)
    return True
