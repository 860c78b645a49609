"""Show the runs of a record in MLflow, Trackio or TensorBoard.

python -m experiments.track --help
"""

from dlfun.cli.commands.track import start

if __name__ == "__main__":
    start()
