"""MNIST as TFDS has it: its name, version, URLs, checksums and features."""

from __future__ import annotations

import tensorflow_datasets as tfds
from tensorflow_datasets.image_classification import mnist as stock

from dlfun.data.idx import IdxBuilder

with tfds.core.registered.skip_registration():  # the name is the stock builder's

    class Mnist(IdxBuilder, stock.MNIST):
        """The stock builder, reading its files without TensorFlow."""

        name = "mnist"
        # TFDS looks for these beside the file that defines the class.
        pkg_dir_path = tfds.core.tfds_path("image_classification")
        url_infos = tfds.core.download.checksums.load_url_infos(
            tfds.core.tfds_path("url_checksums/mnist.txt")
        )
