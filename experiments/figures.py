"""Every figure of a record as a file for a paper, made from the record alone.

python -m experiments.figures --help
"""

from dlfun.cli.commands.figures import start

if __name__ == "__main__":
    start()
