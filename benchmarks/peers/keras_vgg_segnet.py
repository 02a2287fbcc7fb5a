"""The first study's net and phases in Keras, as its authors would write them."""

import os
import time

import numpy as np
import tensorflow as tf
from keras import Model, layers, losses, optimizers
from keras.applications import VGG16
from turns import take_turns

SIDE, BATCH = 256, 32
TRAINED = {"decoder": (), "block5": ("block5",), "block45": ("block4", "block5")}
RATES = {"decoder": 1e-3, "block5": 1e-4, "block45": 5e-5}


def decoder_stage(features: tf.Tensor, filters: int, skip: tf.Tensor | None) -> tf.Tensor:
    features = layers.UpSampling2D()(features)
    if skip is not None:
        features = layers.Concatenate()([features, skip])
    for _ in range(2):
        features = layers.Conv2D(filters, 3, padding="same", use_bias=False)(features)
        features = layers.BatchNormalization()(features)
        features = layers.ReLU()(features)
    return features


def build(phase: str) -> Model:
    # Speed hangs on the weights' shapes alone; ImageNet's need a network.
    encoder = VGG16(include_top=False, weights=None, input_shape=(SIDE, SIDE, 3))
    for layer in encoder.layers:
        layer.trainable = layer.name.startswith(TRAINED[phase] or ("none",))
    features = encoder.output
    skips = [encoder.get_layer(f"block{i}_pool").output for i in (4, 3, 2)]
    for filters, skip in zip((512, 256, 128, 64, 64), (*skips, None, None), strict=True):
        features = decoder_stage(features, filters, skip)
    output = layers.Conv2D(1, 1, activation="sigmoid")(features)
    model = Model(encoder.input, output)
    model.compile(optimizers.Adam(RATES[phase]), loss=loss_of(phase))
    return model


def loss_of(phase: str) -> losses.Loss:
    def dice(truth: tf.Tensor, found: tf.Tensor) -> tf.Tensor:
        both = tf.reduce_sum(truth * found)
        return 1 - (2 * both + 1) / (tf.reduce_sum(truth) + tf.reduce_sum(found) + 1)

    def focal_tversky(truth: tf.Tensor, found: tf.Tensor) -> tf.Tensor:
        both = tf.reduce_sum(truth * found)
        missed = tf.reduce_sum(truth * (1 - found))
        false = tf.reduce_sum((1 - truth) * found)
        return (1 - (both + 1) / (both + 0.7 * missed + 0.3 * false + 1)) ** 0.75

    second = focal_tversky if phase == "block45" else dice
    bce = losses.BinaryCrossentropy()
    return lambda truth, found: bce(truth, found) + second(truth, found)


def main() -> None:
    tf.config.threading.set_intra_op_parallelism_threads(int(os.environ["OMP_NUM_THREADS"]))
    chance = np.random.default_rng(0)
    images = chance.uniform(-128, 128, (BATCH, SIDE, SIDE, 3)).astype(np.float32)
    masks = (chance.random((BATCH, SIDE, SIDE, 1)) > 0.5).astype(np.float32)
    models: dict[str, Model] = {}

    def step(phase: str) -> dict[str, float]:
        if phase not in models:
            models.clear()  # one phase's net in memory at a time
            models[phase] = build(phase)
            models[phase].train_on_batch(images[:2], masks[:2])  # trace
        started = time.perf_counter()
        models[phase].train_on_batch(images, masks)
        return {"seconds": time.perf_counter() - started}

    take_turns({phase: lambda phase=phase: step(phase) for phase in TRAINED})


if __name__ == "__main__":
    main()
