"""Classical models beside the networks of a comparison, which scikit-learn trains.

They have the same splits, seeds and budget; records keep their answers, and no estimators.
"""
