"""The options that people use most, which the short help of a kind of study shows."""

EVERYWHERE = frozenset(
    {
        *("model", "models", "dataset", "datasets", "seeds", "seed", "steps", "epochs"),
        *("target_column", "missing", "ignore_columns", "split"),
        *("optimizer", "batch_size", "schedule"),
        *("learning_rate", "weight_decay", "dropout_rate"),
        *("platform", "output_dir", "overwrite", "track"),
    }
)
"""Those that all studies have in common, whatever they are called where there are several."""

COMMON = {
    "train": EVERYWHERE | {"continue_from", "initialize_from"},
    "compare": EVERYWHERE
    | {
        "initialize_from",
        "delta",
        "require",
        "until_decided",
        "plan",
        "baselines",
        "tune",
        "trials",
    },
    "sweep": EVERYWHERE | {"search", "grid", "space", "trials"},
    "searches": EVERYWHERE | {"searches", "space", "trials", "delta"},
}
"""Study -> names of its flags; a study that has no row shows all it has."""
