"""Reading and preparing what tensorflow-datasets describes, without TensorFlow."""
