"""Data sets: which there are, preparing them, and what they hold.

python -m experiments.data --help
"""

from dlfun.cli.commands.data import start

if __name__ == "__main__":
    start()
