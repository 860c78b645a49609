"""How fast dlfun is here: against its peers, against this device, and as populations grow.

python -m experiments.benchmark --help
"""

from dlfun.cli.commands.benchmark import start

if __name__ == "__main__":
    start()
