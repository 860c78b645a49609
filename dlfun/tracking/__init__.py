"""Records shown in trackers: one run an arm, with its band, its verdicts and the page."""
