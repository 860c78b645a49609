"""Show the runs of a record in a tracker: one an arm, with its band, its verdicts and the page.

python -m experiments.track --help
"""

from dlfun.cli.commands.track import start

if __name__ == "__main__":
    start()
