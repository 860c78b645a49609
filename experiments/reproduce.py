"""Run the recipes of published figures, and say which of them come out.

python -m experiments.reproduce --help
"""

from dlfun.cli.commands.reproduce import start

if __name__ == "__main__":
    start()
