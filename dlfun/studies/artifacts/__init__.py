"""Artifacts of trained models that a record keeps beside their scores.

Answers to the test split, what first layers look at, samples, texts, and how data were prepared.
"""
