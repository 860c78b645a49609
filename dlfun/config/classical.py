"""The table of classical models: arms of a comparison that scikit-learn trains.

An arm is named by its method, such as svm, which reads raw inputs, or by a method and the hand-made
features it reads, such as svm+hog. scikit-learn is imported only when a model is made.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from dlfun.config.search_space import Dimension
from dlfun.deferred import load
from dlfun.errors import unknown

ALL = "all"
"""What --baselines says for every method, on every data set that it can learn."""

RAW = "raw"
"""The features of an arm that names none: its inputs as they are, flattened."""


class Row(NamedTuple):
    """A classical method's row.

    Attributes:
      classifier, regressor: `module:class` of scikit-learn.
      help: what it is, and where it comes from.
      space: name of a parameter of scikit-learn -> what is searched when the method is tuned.
      defaults: the same names -> values where nothing is tuned.
      fixed: further parameters, which are not searched.
      seeded: chance plays a part in it, so it takes a random state.
      scaled: it measures distances, so its features must share a scale.
      interpreted: its fits hold Python's lock for much of their time, so that many of them go to
        processes of their own.
      examples, values: most training examples, and most numbers in all of them, that it learns
        from in minutes.
      pairs: the same of numbers in all pairs of examples; 0 where it does not go through pairs.
    """

    classifier: str
    regressor: str
    help: str
    space: Mapping[str, Dimension]
    defaults: Mapping[str, Any]
    fixed: Mapping[str, Any] = {}
    seeded: bool = True
    scaled: bool = False
    interpreted: bool = False
    examples: int = 100_000
    values: int = 50_000_000
    pairs: int = 0

    def most(self, width: int) -> int:
        """Training examples of so many features that it learns from in minutes."""
        most = min(self.examples, self.values // width)
        return min(most, math.isqrt(self.pairs // width)) if self.pairs else most

    def factory(
        self, configuration: Mapping[str, Any], random_state: int, classes: bool = True
    ) -> Any:
        """The estimator of scikit-learn, not fitted.

        >>> CLASSICAL["tree"].factory({"max_depth": 3}, random_state=7)
        DecisionTreeClassifier(max_depth=3, random_state=7)
        """
        path = self.classifier if classes else self.regressor
        chosen = {**self.fixed, **self.defaults, **configuration}
        if self.seeded:
            chosen["random_state"] = random_state
        return load(path)(**chosen)


_LEAF = Dimension("choice", values=(1, 2, 5, 10, 20, 50))

CLASSICAL: Mapping[str, Row] = {
    "svm": Row(
        "sklearn.svm:SVC",
        "sklearn.svm:SVR",
        "support vector machine with a Gaussian kernel (Cortes & Vapnik 1995); gamma is that of "
        "features whose variances add up to 1",
        {"C": Dimension("log", 0.1, 1000.0), "gamma": Dimension("log", 0.03, 30.0)},
        {"C": 1.0, "gamma": 1.0},
        {"cache_size": 500},
        seeded=False,
        scaled=True,
        examples=20_000,
        pairs=50_000_000_000,
    ),
    "tree": Row(
        "sklearn.tree:DecisionTreeClassifier",
        "sklearn.tree:DecisionTreeRegressor",
        "decision tree (Breiman et al. 1984)",
        {
            "max_depth": Dimension("choice", values=(3, 5, 7, 10, 15, 30)),
            "min_samples_leaf": _LEAF,
        },
        {"max_depth": None, "min_samples_leaf": 1},
    ),
    "forest": Row(
        "sklearn.ensemble:RandomForestClassifier",
        "sklearn.ensemble:RandomForestRegressor",
        "200 randomised trees (Breiman 2001); max_features is the part of them a node looks at",
        {
            "max_features": Dimension("log", 0.01, 1.0),
            "min_samples_leaf": Dimension("choice", values=(1, 2, 5, 10)),
        },
        {"max_features": "sqrt", "min_samples_leaf": 1},
        {"n_estimators": 200},
    ),
    "boosting": Row(
        "sklearn.ensemble:HistGradientBoostingClassifier",
        "sklearn.ensemble:HistGradientBoostingRegressor",
        "100 rounds of gradient boosting of trees on binned features (Friedman 2001)",
        {
            "learning_rate": Dimension("log", 0.02, 0.5),
            "max_leaf_nodes": Dimension("choice", values=(7, 15, 31, 63)),
            "min_samples_leaf": Dimension("choice", values=(5, 10, 20, 50)),
        },
        {"learning_rate": 0.1, "max_leaf_nodes": 31, "min_samples_leaf": 20},
        # Stopping early would hold out examples of its own from those that every arm learns from.
        # Without it, and with fewer examples than are drawn to place the bins, there is no chance.
        {"max_iter": 100, "early_stopping": False},
        seeded=False,
        interpreted=True,
    ),
    "knn": Row(
        "sklearn.neighbors:KNeighborsClassifier",
        "sklearn.neighbors:KNeighborsRegressor",
        "k nearest neighbours (Cover & Hart 1967)",
        {
            "n_neighbors": Dimension("choice", values=(1, 2, 3, 5, 7, 10, 15, 25, 50)),
            "weights": Dimension("choice", values=("uniform", "distance")),
        },
        {"n_neighbors": 5, "weights": "uniform"},
        seeded=False,
        scaled=True,
    ),
}


def parse_arm(name: str) -> tuple[str, str]:
    """The method and the features that an arm's name says.

    >>> parse_arm("svm"), parse_arm("svm+hog")
    (('svm', 'raw'), ('svm', 'hog'))

    Raises:
      UserError: if there is no such method.
    """
    method, _, features = name.partition("+")
    if method not in CLASSICAL:
        raise unknown("classical model", method, CLASSICAL)
    return method, features or RAW
