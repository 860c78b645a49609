"""What a trained model of a record says of new inputs.

python -m experiments.predict --help
"""

from dlfun.cli.commands.predict import start

if __name__ == "__main__":
    start()
