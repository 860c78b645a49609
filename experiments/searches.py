"""Compare ways of searching at the same budget: which finds the better model?

python -m experiments.searches --help
"""

from dlfun.cli.commands.searches import start

if __name__ == "__main__":
    start()
