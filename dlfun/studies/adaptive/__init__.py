"""Searches that decide on the way: successive halving, population-based training, Optuna's TPE."""

from dlfun.studies.adaptive.search import Found, Make, Task, check, search

__all__ = ["Found", "Make", "Task", "check", "search"]
