"""A record put to use again: every way back to what was trained, in about a minute.

    python experiments/lessons/coming_back.py

It prints the test accuracy that plain Flax finds beside that of the record: they are the same.
"""

import tempfile

import numpy as np
from flax import linen as nn

import dlfun


class MixNet(nn.Module):
    """A module of one's own: no record holds its code."""

    @nn.compact
    def __call__(self, x, train: bool = False):
        """x [batch, height, width, channels] -> [batch, 10]."""
        x = nn.Dense(16)(x.reshape(x.shape[0], -1))
        return nn.Dense(10)(nn.relu(nn.BatchNorm(use_running_average=not train)(x)))


def main() -> None:
    """Trains, reads the record, and uses each of its models."""
    folder = tempfile.mkdtemp(prefix="coming-back-")
    data = dlfun.load("digits", train_examples=300)
    models = [dlfun.model("cnn", channels=(4,)), dlfun.model("vae", widths=(16,)), MixNet()]
    record = dlfun.compare(models, data, seeds=2, steps=40).save(f"{folder}/study")

    study = dlfun.read(record, models=[MixNet()])
    new = data.raw.test.inputs[:5]
    for name in ("cnn", "mixnet"):
        print(name, "says", study.predict(new, model=name, member="ensemble").predicted)
        print(name, "exported to", study.export(f"{folder}/{name}", model=name))
    print("a vae makes", study.sample(3, model="vae").shape)

    row = [row for row in study.rows if row["model"] == "mixnet"][1]
    module, variables = study.module("mixnet", 1), study.parameters("mixnet", 1)
    ready, test = study.preparation("mixnet", 1), data.split(row["replicate"]).test
    logits = module.apply(variables, test.inputs * np.float32(ready.scale))
    print(np.mean(np.argmax(logits, -1) == test.targets), "is", row["test_accuracy"])

    first = dlfun.train(models[0], data, seeds=2, steps=40).save(f"{folder}/first")
    longer = dlfun.train(continue_from=first, steps="+20")
    print("went on to step", longer.rows[0]["steps"])
    tuned = dlfun.compare(models[:1], data, initialize_from=first, seeds=2, steps=20)
    print("side by side:", *dict.fromkeys(row["model"] for row in tuned.rows))


if __name__ == "__main__":
    main()
