"""MNIST and the data sets of its form, as TFDS has them: names, versions, URLs, checksums."""

from __future__ import annotations

import tensorflow_datasets as tfds
from tensorflow_datasets.image_classification import mnist as stock

from dlfun.data.tfds.idx import IdxBuilder
from dlfun.data.tfds.stock import recorded

# TFDS looks there for what it has beside the file that defines a class.
PACKAGE = tfds.core.tfds_path("image_classification")

with tfds.core.registered.skip_registration():  # the names are those of the stock builders

    class Mnist(IdxBuilder, stock.MNIST):
        """Handwritten digits (LeCun et al., 1998)."""

        name = "mnist"
        pkg_dir_path = PACKAGE
        url_infos = recorded("url_checksums/mnist.txt")

    class FashionMnist(IdxBuilder, stock.FashionMNIST):
        """Articles of clothing (Xiao et al., 2017)."""

        name = "fashion_mnist"
        pkg_dir_path = PACKAGE
        url_infos = recorded("url_checksums/fashion_mnist.txt")

    class Kmnist(IdxBuilder, stock.KMNIST):
        """Cursive Japanese characters (Clanuwat et al., 2018)."""

        name = "kmnist"
        pkg_dir_path = PACKAGE
        url_infos = recorded("url_checksums/kmnist.txt")

    class Emnist(IdxBuilder, stock.EMNIST):
        """Handwritten letters and digits (Cohen et al., 2017); as published, they lie on a side."""

        name = "emnist"
        pkg_dir_path = PACKAGE
        url_infos = recorded("url_checksums/emnist.txt")
