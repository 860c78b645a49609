"""One page of what studies found, made from their records alone.

python -m experiments.report --help
"""

from dlfun.cli.commands.report import start

if __name__ == "__main__":
    start()
