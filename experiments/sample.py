"""What a trained generative model of a record makes.

python -m experiments.sample --help
"""

from dlfun.cli.commands.sample import start

if __name__ == "__main__":
    start()
