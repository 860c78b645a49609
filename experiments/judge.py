"""Results from anywhere, judged as dlfun judges its own.

python -m experiments.judge --help
"""

from dlfun.cli.commands.judge import start

if __name__ == "__main__":
    start()
