"""Keras's own loop, ``fit``, with a clock in it."""

import time
from typing import Any

import keras
import tensorflow as tf
from keras.callbacks import Callback


def use_threads(threads: int) -> None:
    """Let TensorFlow use so many; to be said before it does anything."""
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)


def epoch(model: keras.Model, *data: Any, **options: Any) -> dict[str, Any]:
    """Fit a model for one epoch, with validation; return the seconds of both and the loss."""
    clock = _Clock()
    history = model.fit(*data, callbacks=[clock], verbose=0, **options).history
    return {
        "train_s": clock.validating - clock.began,
        "validation_s": clock.ended - clock.validating,
        "loss": history["loss"][-1],
    }


class _Clock(Callback):
    """Notes when an epoch's training begins, and its validation."""

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.began = time.perf_counter()

    def on_test_begin(self, logs: Any = None) -> None:
        self.validating = time.perf_counter()

    def on_test_end(self, logs: Any = None) -> None:
        self.ended = time.perf_counter()
