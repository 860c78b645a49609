"""Certify how a record repeats: its members trained again, in their population and in others.

python -m experiments.verify --help
"""

from dlfun.cli.commands.verify import start

if __name__ == "__main__":
    start()
