"""Judge results from anywhere: which method is better, and by how much?

python -m experiments.judge --help
"""

from dlfun.cli.commands.judge import start

if __name__ == "__main__":
    start()
