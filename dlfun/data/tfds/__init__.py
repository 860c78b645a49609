"""Data sets as tensorflow-datasets describes them, prepared and read without TensorFlow.

A data set is prepared once, whole or not at all; its arrays are kept beside it, behind checksums.
"""
