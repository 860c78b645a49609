"""The table of data sets: a new one is one file here and one row below.

A row names the TFDS builder and says in a line what the data are. The builder's features and
supervised keys say what are inputs and targets, and its `spec()` what a model must know of them.
Builders are imported only when their data are read, so that `--help` needs no TFDS and no JAX.

`read` brings a data set into memory, preparing it first where needed, and `split` makes the
training, validation and test split of a replicate from it.
"""

from __future__ import annotations

from collections.abc import Mapping

from dlfun.data.chance_level import chance
from dlfun.data.raw import Raw
from dlfun.data.sampling import stratified_order
from dlfun.data.splitting import split
from dlfun.data.tfds.prepared import find, read_prepared
from dlfun.data.tfds.reading import Row, read_row
from dlfun.data.user_files import is_path, read_own
from dlfun.errors import unknown
from dlfun.types import DataOptions

__all__ = [
    "DATASETS",
    "Raw",
    "Row",
    "chance",
    "find",
    "is_path",
    "read",
    "split",
    "stratified_order",
]

DATASETS: Mapping[str, Row] = {
    "mnist1d": Row("mnist1d:Mnist1d", "5,000 lines of 40 points in ten shapes; generated"),
    "digits": Row("digits:Digits", "1,797 handwritten digits of 8 x 8; in scikit-learn"),
    "mnist": Row("mnist:Mnist", "70,000 handwritten digits of 28 x 28; downloaded"),
    "fashion_mnist": Row("mnist:FashionMnist", "70,000 articles of clothing; downloaded"),
    "kmnist": Row("mnist:Kmnist", "70,000 cursive Japanese characters; downloaded"),
    "emnist": Row("mnist:Emnist", "814,255 letters and digits, 62 classes; downloaded"),
    "emnist/bymerge": Row("mnist:Emnist", "the same in 47 classes; downloaded"),
    "emnist/balanced": Row("mnist:Emnist", "131,600 of them, 47 even classes; downloaded"),
    "emnist/letters": Row("mnist:Emnist", "103,600 letters, labels 1 to 26; downloaded"),
    "emnist/digits": Row("mnist:Emnist", "280,000 digits; downloaded"),
    "emnist/mnist": Row("mnist:Emnist", "70,000 digits, made like MNIST; downloaded"),
    "cifar10": Row("cifar:Cifar10", "60,000 colour photographs of 32 x 32; downloaded"),
    "binarized_mnist": Row(
        "binarized_mnist:BinarizedMnist", "MNIST in black and white, no labels; downloaded"
    ),
    "tiny_shakespeare": Row(
        "tiny_shakespeare:TinyShakespeare", "1.1 million characters of plays; downloaded"
    ),
    "imdb_reviews": Row("reviews:ImdbReviews", "50,000 reviews, for or against; downloaded"),
    "ag_news_subset": Row("reviews:AgNewsSubset", "127,600 news of four kinds; downloaded"),
    "spoken_digit": Row("spoken_digit:SpokenDigit", "2,500 spoken digits; downloaded"),
    "speech_commands": Row(
        "speech_commands:SpeechCommands", "100,503 spoken words; downloaded, 2.5 GB"
    ),
    "mnist_binarised": Row(
        "mnist_binarised:MnistBinarised", "MNIST in black and white, drawn once; made from MNIST"
    ),
    "xor": Row("parity:Xor", "the four rows of exclusive or; generated"),
    "parity": Row("parity:Parity", "is the number of ones among 4 bits odd; generated"),
    "parity/8": Row("parity:Parity", "is the number of ones among 8 bits odd; generated"),
    "separable": Row("separable:Separable", "two classes, a known margin apart; generated"),
    "separable/five_classes": Row(
        "separable:Separable", "five classes, a known margin apart; generated"
    ),
    "adding": Row("adding:Adding", "sum the two marked of 50 numbers; generated"),
    "adding/100": Row("adding:Adding", "sum the two marked of 100 numbers; generated"),
    "copy": Row("copy_memory:Copy", "say 10 symbols again after 20 steps; generated"),
    "copy/100": Row("copy_memory:Copy", "say 10 symbols again after 100 steps; generated"),
    "stdlib_text": Row(
        "stdlib_text:StdlibText", "which of ten packages of Python is this code from; generated"
    ),
    "stdlib_text/next_character": Row(
        "stdlib_text:StdlibText", "a megabyte of Python's own code, to be predicted; generated"
    ),
    "vowels": Row("vowels:Vowels", "3,000 vowels of 75 synthetic speakers; generated"),
    "moving_digits": Row("moving_digits:MovingDigits", "which way does a digit move; generated"),
}


def read(name: str, options: DataOptions) -> Raw:
    """A data set in memory, prepared first where needed.

    Args:
      name: one of `DATASETS`, what follows a slash is a config of the builder; or of data
        that TFDS has prepared in the data folder; or a file or folder of the user's own.
      options: `data_dir`, `manual_dir`, `permute_features`, and for data of the user's own those of
        `dlfun.data.user_files.kinds.OPTIONS_OF`.

    Raises:
      UserError: if the name is unknown, or the data are missing, damaged or cannot be prepared.
    """
    if name not in DATASETS and is_path(name):
        return read_own(name, options)
    if name not in DATASETS and (prepared := find(name, options)):
        return read_prepared(prepared, options)
    if name not in DATASETS:
        raise unknown("data set", name, DATASETS)
    return read_row(name, DATASETS[name], options)
