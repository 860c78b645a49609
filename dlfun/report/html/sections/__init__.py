"""The parts of the page, each from a record to blocks."""
