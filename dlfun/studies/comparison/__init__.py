"""Models compared: tuned, frozen, trained on fresh seeds, and judged pair by pair."""
