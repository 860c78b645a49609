"""A trained model of a record, in a form that runs without dlfun.

python -m experiments.export --help
"""

from dlfun.cli.commands.export import start

if __name__ == "__main__":
    start()
