"""Sweep numbers and shapes of one model, judged by validation; the test split stays closed.

python -m experiments.sweep --help
"""

from dlfun.cli.commands.sweep import start

if __name__ == "__main__":
    start()
