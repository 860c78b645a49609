"""Records trained again: in the same population and in others.

The certificate says what repeats bit by bit, and how far the rest drifts.
"""
