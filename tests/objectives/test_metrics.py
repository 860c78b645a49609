import numpy as np
import pytest

from dlfun.config.comparison_spec import Claim, delta_of
from dlfun.objectives import metrics
from dlfun.records.outcome import Result
from dlfun.records.writer import best_member
from dlfun.report.html.units import unit_of
from dlfun.report.text.table import shown
from dlfun.studies.comparison.verdicts import metric_of
from dlfun.studies.search.field import scores_of


def test_a_metric_without_a_row_has_defaults():
    column = "test_edit_distance"
    assert delta_of(Claim(), "digits", column) == (0.0, False)
    assert not metrics.higher_is_better(column)
    assert unit_of(column).label == "test edit distance"
    assert shown(0.123456, column) == "0.1235"
    assert metric_of([{column: 1.0, "test_loss": 2.0}], "test") == "test_loss"


HISTORIES = {
    "classes": ({"validation_loss": [1.0, 2.0], "validation_accuracy": [0.5, 0.6]}, "accuracy"),
    "text": ({"validation_loss": [1.0, 2.0], "validation_nats": [2.0, 1.0]}, "nats"),
    "vae without labels": (
        {"validation_loss": [1.0, 2.0], "validation_elbo": [-9.0, -7.0]},
        "elbo",
    ),
    "numbers": ({"validation_loss": [1.0, 2.0], "validation_rmse": [2.0, 1.0]}, "rmse"),
}


@pytest.mark.parametrize("kind", HISTORIES)
def test_one_metric_decides_verdicts_searches_and_the_best_member(kind):
    history, metric = HISTORIES[kind]
    rows = [{name: values[i] for name, values in history.items()} for i in range(2)]
    column = f"validation_{metric}"
    assert metric_of(rows, "validation") == metrics.ranking(history) == column
    arrays = {name: np.array(values)[:, None] for name, values in history.items()}
    arm = Result("m", "d", None, None, rows, arrays, np.array([1]), {}, {}, {})
    assert best_member(arm) == 1 == int(np.argmax(scores_of(arrays)))


def test_nothing_held_out_leaves_training_to_rank_by():
    assert metrics.ranking({"train_loss": 1, "train_accuracy": 2}) == "train_accuracy"
