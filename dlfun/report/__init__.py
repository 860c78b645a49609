"""Tables and figures, from rows and records alone; never trains."""
