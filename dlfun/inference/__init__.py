"""Trained models put to use, from the records that studies left: answers, samples, exports."""
