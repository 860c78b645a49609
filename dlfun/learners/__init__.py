"""How parameters change: gradient descent, and Rosenblatt's rule."""

from dlfun.learners.gradient import gradient_learner
from dlfun.learners.perceptron import perceptron_learner

__all__ = ["gradient_learner", "perceptron_learner"]
