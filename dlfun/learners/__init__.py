"""Learners, which change parameters: gradient descent, and Rosenblatt's rule.

A learner knows no data set; the optimiser is built inside the traced function from the numbers that
a study sweeps.
"""

from dlfun.learners.gradient import gradient_learner
from dlfun.learners.perceptron import perceptron_learner

__all__ = ["gradient_learner", "perceptron_learner"]
