"""The table of tasks: what is wanted of each example, and what follows from it. Needs no JAX.

A new task is a row here, an objective that serves it, and the models that can do it.
"""

from __future__ import annotations

from typing import NamedTuple

from dlfun.types import Spec


class Task(NamedTuple):
    """What is wanted of each example.

    Attributes:
      words: its name in a sentence.
      outputs: what the outputs of a model are counted as: one, and several.
      labels: whether examples have a target at all.
      classes: whether the target of an example is the id of its class.
      numbers: whether targets [outputs] are numbers, which may be standardised.
      each_step: whether targets [time] are ids, one a step, -1 where there is none.
      stream: whether examples follow one another in one text: they are learned in its order,
        the state of a model goes on from one to the next, and the text is split by its end.
      chance: `module:function`, a Dataset -> what the best constant answer reaches in test.
      level: that in words; empty where it is no answer that anyone would give.
      decoding: `module:name`, what answers of models become: see `dlfun.inference.decoding`.
      target_type: what a column of a table is read as for it, one of `TARGET_TYPES`.
    """

    words: str
    outputs: tuple[str, str] = ("", "")
    labels: bool = True
    classes: bool = False
    numbers: bool = False
    each_step: bool = False
    stream: bool = False
    chance: str = ""
    level: str = ""
    decoding: str = ""
    target_type: str | None = None


TASKS: dict[str, Task] = {
    "classification": Task(
        "classification",
        ("class", "classes"),
        classes=True,
        chance="dlfun.data.chance_level:most_frequent_class",
        level="accuracy {:.4f} by always naming the most frequent class",
        decoding="dlfun.inference.decoding:CLASSES",
        target_type="class",
    ),
    "regression": Task(
        "regression",
        ("number", "numbers"),
        numbers=True,
        chance="dlfun.data.chance_level:mean_of_targets",
        level="mean squared error {:.4g} by always predicting the mean",
        decoding="dlfun.inference.decoding:NUMBERS",
        target_type="number",
    ),
    "next_token": Task(
        "next token",
        ("token", "tokens"),
        each_step=True,
        stream=True,
        chance="dlfun.data.chance_level:frequencies_of_tokens",
        level="{:.4f} nats a token by the frequencies of the tokens",
        decoding="dlfun.inference.decoding:TOKENS",
    ),
    "sequence_labelling": Task(
        "sequence labelling",
        ("label", "labels"),
        each_step=True,
        chance="dlfun.data.chance_level:frequencies_of_steps",
        level="{:.4f} nats a step by the frequencies of each step's labels",
        decoding="dlfun.inference.decoding:LABELS",
    ),
    "generation": Task("generation", labels=False, chance="dlfun.data.chance_level:pixels_alone"),
}

USUAL = tuple(name for name, row in TASKS.items() if row.classes or row.numbers)
"""The tasks with one answer an example: most models do them."""
EACH_STEP = tuple(name for name, row in TASKS.items() if row.each_step)
LABELS = tuple(name for name, row in TASKS.items() if row.each_step and not row.stream)
UNLABELLED = tuple(name for name, row in TASKS.items() if not row.labels)
CLASSES = tuple(name for name, row in TASKS.items() if row.classes)
NUMBERS = tuple(name for name, row in TASKS.items() if row.numbers)


def task_of(spec: Spec) -> Task:
    """The row of a data set's task."""
    return TASKS[spec.task]
