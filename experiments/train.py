"""Train one model over some seeds.

python -m experiments.train --help
"""

from dlfun.cli.commands.train import start

if __name__ == "__main__":
    start()
