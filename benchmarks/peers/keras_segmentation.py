"""VGG–SegNet as one writes it with Keras on TensorFlow: ``keras.applications`` and ``fit``.

The layers are those of Lentigo's ``vgg-segnet`` with three skips, in float32, which is Keras's
default. Images are in memory and went through ``preprocess_input`` beforehand; that is not timed.
"""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from keras.applications import VGG16, vgg16
from taking_turns import Asked

from peers import keras_fit

DECODER = (
    (512, "block4_pool"),
    (256, "block3_pool"),
    (128, "block2_pool"),
    (64, None),
    (64, None),
)
EACH_IMAGE = (1, 2, 3)
WARM_UP = 4  # images: the graph is traced for batches of any size


def build(size_px: int) -> keras.Model:
    """Return the net; its encoder's weights are random, which costs the same."""
    encoder = VGG16(include_top=False, weights=None, input_shape=(size_px, size_px, 3))
    features = encoder.output
    for filters, skip in DECODER:
        features = layers.UpSampling2D(interpolation="bilinear")(features)
        if skip:
            features = layers.Concatenate()([features, encoder.get_layer(skip).output])
        for _ in range(2):
            features = layers.Conv2D(filters, 3, padding="same", use_bias=False)(features)
            features = layers.BatchNormalization()(features)
            features = layers.ReLU()(features)
    probability = layers.Conv2D(1, 1, activation="sigmoid")(features)
    return keras.Model(encoder.input, probability)


def unfreeze(model: keras.Model, blocks: list[str]) -> None:
    """Freeze VGG16 but for some of its blocks."""
    for layer in model.layers:
        block = layer.name.partition("_")[0]
        layer.trainable = not block.startswith("block") or block in blocks


def bce_dice(truth: Any, found: Any) -> Any:
    """Binary cross-entropy plus one minus soft Dice."""
    hit = ops.sum(truth * found, EACH_IMAGE)
    both = ops.sum(truth, EACH_IMAGE) + ops.sum(found, EACH_IMAGE)
    return _bce(truth, found) + 1 - (2 * hit + 1) / (both + 1)


def bce_focal_tversky(truth: Any, found: Any) -> Any:
    """Binary cross-entropy plus the focal Tversky loss at α = 0.3, β = 0.7, γ = 4/3."""
    hit = ops.sum(truth * found, EACH_IMAGE)
    excess, missed = ops.sum(found, EACH_IMAGE) - hit, ops.sum(truth, EACH_IMAGE) - hit
    index = (hit + 1) / (hit + 0.3 * excess + 0.7 * missed + 1)
    return _bce(truth, found) + ops.maximum(1 - index, 1e-6) ** 0.75


def _bce(truth: Any, found: Any) -> Any:
    return ops.mean(keras.losses.binary_crossentropy(truth, found), (1, 2))


LOSSES: dict[str, Callable[[Any, Any], Any]] = {
    "bce+dice": bce_dice,
    "bce+focal-tversky": bce_focal_tversky,
}


def main() -> None:
    asked = Asked()
    chosen = asked.settings
    keras_fit.use_threads(chosen["threads"])
    images = vgg16.preprocess_input(np.load(chosen["images"]).astype(np.float32))
    masks = np.load(chosen["masks"])[..., np.newaxis].astype(np.float32)
    train, batch = chosen["train"], chosen["batch"]
    validation = (images[train:], masks[train:])
    model = build(images.shape[1])

    def epoch(count: int = train) -> dict[str, Any]:
        data = (images[:count], masks[:count])
        return keras_fit.epoch(model, *data, batch_size=batch, validation_data=validation)

    def begin(phase: int) -> None:
        plan = chosen["phases"][phase]
        unfreeze(model, plan["unfreeze"])
        model.compile(keras.optimizers.Adam(plan["learning_rate"]), LOSSES[plan["loss"]])
        epoch(WARM_UP)

    asked.answer(begin, epoch)


if __name__ == "__main__":
    main()
