"""The flags that people use, by the headings of the help; `--helpfull` shows the others, too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dlfun.cli.flag_types import Flag

COMMON: dict[str, tuple[str, ...]] = {
    "Study": ("models", "model", "datasets", "dataset", "seeds", "seed", "steps", "epochs"),
    "Data": ("split", "target_column", "missing", "ignore_columns", "resize"),
    "Training": ("optimizer", "batch_size", "schedule", "augment"),
    "Numbers": ("learning_rate", "dropout_rate"),
    "Shape of bpnn": ("bpnn_widths",),
    "Shape of cnn": ("cnn_channels",),
    "Shape of rnn": ("rnn_cell", "rnn_widths"),
    "Claim": ("delta", "baselines", "until_decided", "require"),
    "Tuning": ("tune", "trials"),
    "Search": ("search", "grid", "space", "trials"),
    "Output & machine": ("output_dir", "track", "platform"),
}

FEW = 30
"""A command of so many flags or fewer shows all of them."""


def shown_flags(groups: Mapping[str, Sequence[Flag]], full: bool) -> dict[str, list[Flag]]:
    """Title -> the flags that a help shows, titles without any left out."""
    if full or sum(map(len, groups.values())) <= FEW:
        return {title: list(flags) for title, flags in groups.items()}
    common = {
        title: [flag for flag in flags if flag.name in COMMON.get(title, ())]
        for title, flags in groups.items()
    }
    return {title: flags for title, flags in common.items() if flags}
