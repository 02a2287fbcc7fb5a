import os
from pathlib import Path

from lentigo.runtime.outputs import name_outputs


def test_folders_of_results_have_different_safe_names() -> None:
    images = [Path(name) for name in ("x/mole.jpg", "y/MOLE.png", "z/../odd name:.jpg", "..jpg")]
    outputs = name_outputs(images)
    assert len({output.casefold() for output in outputs}) == len(images)
    assert all(os.sep not in output and not output.startswith(".") for output in outputs)
    assert outputs[0].startswith("mole-")
    assert outputs[2] == "odd_name_"
    assert outputs == name_outputs(images)


def test_names_of_many_long_letters_stay_within_what_file_systems_take() -> None:
    twins = [Path(folder, "\U00020000" * 60 + ".png") for folder in "ab"]
    assert all(len(os.fsencode(name)) <= 255 for name in name_outputs(twins))
