"""MobileNetV2 in two stages as the study has it: Keras, and ``ImageDataGenerator``.

Files are decoded, resized and changed by chance at every epoch, in threads beside the training.
What is unfrozen are the layers that Keras counts from a number on.
"""

from typing import Any

import keras
from keras import layers
from keras.applications import MobileNetV2
from keras.applications.mobilenet_v2 import preprocess_input
from taking_turns import Asked
from tensorflow.keras.preprocessing.image import ImageDataGenerator

from peers import keras_fit

CLASSES = ["nevus", "melanoma"]
CHANGES = {
    "rotation_range": 20,
    "zoom_range": 0.1,
    "width_shift_range": 0.1,
    "height_shift_range": 0.1,
    "horizontal_flip": True,
    "vertical_flip": True,
}
DROPOUT = 0.3


def build(size_px: int) -> tuple[keras.Model, keras.Model]:
    """Return the encoder, whose weights are random, and the whole net."""
    encoder = MobileNetV2(include_top=False, weights=None, input_shape=(size_px, size_px, 3))
    features = layers.GlobalAveragePooling2D()(encoder.output)
    features = layers.Dropout(DROPOUT)(features)
    probability = layers.Dense(1, activation="sigmoid")(features)
    return encoder, keras.Model(encoder.input, probability)


def images(chosen: dict[str, Any], subset: str, **changes: Any) -> Any:
    """Return a part of the folder's images in batches."""
    generator = ImageDataGenerator(
        preprocessing_function=preprocess_input,
        validation_split=chosen["validation_share"],
        **changes,
    )
    batches = generator.flow_from_directory(
        chosen["root"],
        target_size=(chosen["size_px"], chosen["size_px"]),
        classes=CLASSES,
        class_mode="binary",
        batch_size=chosen["batch"],
        shuffle=subset == "training",
        subset=subset,
    )
    batches.workers = chosen["threads"]
    return batches


def main() -> None:
    asked = Asked()
    chosen = asked.settings
    keras_fit.use_threads(chosen["threads"])
    train = images(chosen, "training", **CHANGES)
    validation = images(chosen, "validation")
    malignant = float(train.classes.mean())
    weights = {0: 0.5 / (1 - malignant), 1: 0.5 / malignant}
    encoder, model = build(chosen["size_px"])

    def epoch() -> dict[str, Any]:
        return keras_fit.epoch(model, train, validation_data=validation, class_weight=weights)

    def begin(phase: int) -> None:
        plan = chosen["phases"][phase]
        for number, layer in enumerate(encoder.layers):
            layer.trainable = number >= plan["unfreeze_from"]
        optimiser = keras.optimizers.Adam(plan["learning_rate"])
        model.compile(optimiser, "binary_crossentropy")
        epoch()

    asked.answer(begin, epoch)


if __name__ == "__main__":
    main()
