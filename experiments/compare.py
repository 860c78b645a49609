"""Compare families of networks: every model on every data set, over the same seeds.

python -m experiments.compare --help
"""

from dlfun.cli.commands.compare import start

if __name__ == "__main__":
    start()
