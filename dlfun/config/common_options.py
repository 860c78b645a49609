"""The options that people use most, which the short help of a kind of study shows."""

EVERYWHERE = frozenset(
    {
        *("model", "models", "dataset", "datasets", "seeds", "seed", "steps", "epochs"),
        *("data_dir", "target_column", "split", "train_examples"),
        *("optimizer", "batch_size", "schedule", "augment"),
        *("learning_rate", "weight_decay", "dropout_rate"),
        *("platform", "output_dir", "overwrite", "tensorboard"),
    }
)
"""Those that all studies have in common, whatever they are called where there are several."""

COMMON = {
    "train": EVERYWHERE,
    "compare": EVERYWHERE
    | {"delta", "require", "until_decided", "plan", "baselines", "tune", "trials"},
    "sweep": EVERYWHERE | {"search", "grid", "space", "trials"},
    "searches": EVERYWHERE | {"searches", "space", "trials", "delta"},
}
"""Study -> names of its flags; a study that has no row shows all it has."""
