"""The command line: flags, exit codes and signals. A study itself is a library call."""
