"""Trained models put to use, from the records that studies left: answers, samples, exports.

A record is enough: nothing here needs the data set that a model learned from.
"""
