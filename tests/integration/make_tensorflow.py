"""Tiny models of TensorFlow, right ones and wrong ones, written by TensorFlow itself: run in its interpreter.

Usage: python tests/integration/make_tensorflow.py FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

FLOATS = tf.TensorSpec([None, 3], tf.float32, name="x")


def text(folder: Path) -> None:
    """Ids of a table of 300 and features beside them, a length; a padded id is masked; outputs out of order by name."""
    ids, extra = keras.Input((None,), dtype="int32", name="ids"), keras.Input((None, 8), name="extra")
    hidden = keras.layers.Add()([keras.layers.Embedding(300, 8, mask_zero=True)(ids), extra])
    states = keras.layers.LSTM(5, name="states", return_sequences=True)(hidden)
    scores = keras.layers.Dense(3, name="scores")(keras.layers.GlobalAveragePooling1D()(states))
    keras.Model([ids, extra], [states, scores]).save(folder / "text.keras")


def image(folder: Path) -> None:
    """An image of any size, with a normalisation that has seen something."""
    pixels = keras.Input((None, None, 3), name="pixels")
    hidden = keras.layers.BatchNormalization()(keras.layers.Conv2D(4, 3, activation="relu")(pixels))
    hidden = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(8, 3, strides=2, activation="gelu")(hidden))
    model = keras.Model(pixels, keras.layers.Dense(5, activation="softmax", name="probabilities")(hidden))
    generator = np.random.default_rng(1)
    model.set_weights([np.abs(value + 0.3 * generator.standard_normal(value.shape)) for value in model.get_weights()])
    model.export(folder / "image", verbose=False)


def dense(folder: Path) -> None:
    """The older format, and its weights alone."""
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(4, "relu"), keras.layers.Dense(2, name="answer")])
    model.save(folder / "dense.h5")
    model.save_weights(folder / "alone.weights.h5")


def wide(folder: Path) -> None:
    """More than 8 MB of weights, which are kept outside of the graph on the way."""
    numbers = keras.Input((1500,), name="numbers")
    hidden = keras.layers.Dense(1500, activation="gelu")(numbers)
    keras.Model(numbers, keras.layers.Dense(2, name="answer")(hidden)).save(folder / "wide.keras")


class Pair(tf.Module):
    """Ids with their mask, which share a length, and a second text of a length of its own."""

    def __init__(self) -> None:
        super().__init__()
        generator = np.random.default_rng(2)
        self.table = tf.Variable(generator.standard_normal((40, 6)), dtype=tf.float32)

    @tf.function
    def __call__(self, ids: tf.Tensor, attention_mask: tf.Tensor, second: tf.Tensor) -> dict[str, tf.Tensor]:
        """The two texts' means, and whether each token is one of the first ten."""
        weights = tf.cast(attention_mask, tf.float32)[:, :, None]
        first = tf.reduce_sum(tf.gather(self.table, ids) * weights, 1) / tf.reduce_sum(weights, 1)
        other = tf.reduce_mean(tf.gather(self.table, second), 1)
        return {"likeness": tf.reduce_sum(first * other, -1), "early": ids < 10}


def pair(folder: Path) -> None:
    """A SavedModel that no Keras has written."""
    model, names = Pair(), ("ids", "attention_mask", "second")
    specs = [tf.TensorSpec([None, None], tf.int64, name=name) for name in names]
    tf.saved_model.save(model, str(folder / "pair"), signatures=model.__call__.get_concrete_function(*specs))


def saved(folder: Path, name: str, function: tf.types.experimental.PolymorphicFunction, **signatures: str) -> None:
    """A SavedModel of one function, by default as the signature that serves."""
    module = tf.Module()
    module.function = function
    named = signatures or {"serving_default": "function"}
    concrete = module.function.get_concrete_function()
    tf.saved_model.save(module, str(folder / name), signatures=dict.fromkeys(named, concrete))


def wrong(folder: Path) -> None:
    """What is refused, each for one reason."""
    lone = tf.Module()
    lone.call = tf.function(lambda x: 2 * x, input_signature=[FLOATS])
    tf.saved_model.save(lone, str(folder / "unsigned"), signatures={})
    double = tf.function(lambda x: {"y": 2 * x}, input_signature=[FLOATS])
    saved(folder, "several", double, first="", second="")
    saved(folder, "chance", tf.function(lambda x: {"y": x + tf.random.normal([3])}, input_signature=[FLOATS]))
    words = tf.TensorSpec([None], tf.string, name="words")
    saved(folder, "words", tf.function(lambda words: {"n": tf.strings.length(words)}, input_signature=[words]))
    saved(folder, "reads", tf.function(lambda x: {"y": x, "z": _read(x)}, input_signature=[FLOATS]))
    saved(folder, "formless", tf.function(lambda x: {"y": tf.math.igamma(x * x, x * x)}, input_signature=[FLOATS]))
    pixels = keras.Input((8, 8, 4), name="pixels")
    keras.Model(pixels, keras.layers.Conv2D(8, 3, groups=2)(pixels)).save(folder / "grouped.keras")
    rankless = tf.TensorSpec(None, tf.float32, name="x")
    saved(folder, "rankless", tf.function(lambda x: {"y": 2 * x}, input_signature=[rankless]))
    saved(folder, "misfit", tf.function(lambda x: {"y": tf.ensure_shape(x, [4, 3]) * 2}, input_signature=[FLOATS]))
    saved(folder, "bounded", tf.function(lambda x: {"y": tf.ensure_shape(x, [2, 3]) * 2}, input_signature=[FLOATS]))
    _code(folder)


def _read(x: tf.Tensor) -> tf.Tensor:
    return tf.cast(tf.strings.length(tf.io.read_file("/etc/hostname")), tf.float32) + tf.reduce_sum(x, -1)


class Own(keras.layers.Layer):
    """A layer whose code is in no file."""

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """Twice."""
        return x * 2


def _code(folder: Path) -> None:
    """Models that need Python code."""
    for name, layer in (("own", Own()), ("lambda", keras.layers.Lambda(lambda x: x * 3, output_shape=(3,)))):
        inputs = keras.Input((3,), name="x")
        model = keras.Model(inputs, keras.layers.Dense(2, name="y")(layer(inputs)))
        for ending in (".keras", ".h5"):
            model.save(folder / f"{name}{ending}")


def main(folder: Path) -> None:
    """All of them."""
    keras.utils.set_random_seed(0)
    for make in (text, image, dense, wide, pair, wrong):
        make(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
