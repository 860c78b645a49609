"""The command line: all that knows absl's flags, exit codes and signals.

It reads what is asked, calls the same studies as a call from Python does, and prints what comes of
it.
"""
