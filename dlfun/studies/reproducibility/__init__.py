"""Whether a record repeats: the same runs trained again, and how far they come apart."""
