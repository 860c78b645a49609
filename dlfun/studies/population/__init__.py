"""The way from an arm of a study to its trained members: settings, splits, layout, training.

Here alone the tables of models, objectives and learners meet.
"""
