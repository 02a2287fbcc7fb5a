"""What a phase unfreezes, by part or by Keras's layers; one that unfreezes nothing says so."""

import pytest
import torch
from tiny_training import TinyClassifier

from lentigo.errors import RecipeError
from lentigo.nets import LesionNet, build_net
from lentigo.training.phases import idle, parts_from_layer, unfreeze
from lentigo.training.recipe import Phase


def phase(name: str = "p", **changes: object) -> Phase:
    tree = {"name": name, "epochs": 1, "learning_rate": 0.1, "loss": "bce"}
    return Phase.model_validate(tree | changes)


@pytest.fixture
def mobilenet() -> LesionNet:
    with torch.device("meta"):
        return build_net("mobilenetv2")


@pytest.mark.parametrize(
    ("unfrozen", "told"),
    [
        (([], []), [None, "p0"]),
        (([], ["block1"]), [None, None]),
        (([], ["block1"], ["all"], []), [None, None, "p1", None]),
    ],
)
def test_a_phase_is_held_against_the_one_before(
    unfrozen: tuple[list[str], ...], told: list[str | None]
) -> None:
    net, made = TinyClassifier(), [phase(f"p{i}", unfreeze=u) for i, u in enumerate(unfrozen)]
    for index, before in enumerate(told):
        text = idle(net, made, index)
        if before is None:
            assert text is None
        else:
            assert f"phase p{index} unfreezes nothing: " in str(text)
            assert f"same weights as {before} before it" in str(text)
        trained = [p.requires_grad for p in net.features.parameters()]
        assert set(trained) == {bool(unfrozen[index])}  # the net is as this phase has it


def test_no_layer_is_behind_the_last_and_the_run_says_so(mobilenet: LesionNet) -> None:
    phases = [phase("head"), phase("fine-tune", unfreeze_from=160)]
    text = idle(mobilenet, phases, 1)
    assert "phase fine-tune unfreezes nothing from layer 160" in str(text)
    assert "Keras counts 154 layers" in str(text)
    assert {n for n, p in mobilenet.named_parameters() if p.requires_grad} == {
        "head.1.weight",
        "head.1.bias",
    }


def test_from_a_layer_on_all_parts_train(mobilenet: LesionNet) -> None:
    parts = tuple(mobilenet.encoder_parts())
    assert parts_from_layer(mobilenet, 0) == parts
    assert parts_from_layer(mobilenet, 116) == parts[14:]
    assert parts_from_layer(mobilenet, 151) == parts[18:]
    assert parts_from_layer(mobilenet, 154) == ()
    unfreeze(mobilenet, phase(unfreeze_from=116))
    trained = {n.split(".")[1] for n, p in mobilenet.named_parameters() if p.requires_grad}
    assert trained == {"14", "15", "16", "17", "18", "1"}  # features.14 to .18, and head.1


def test_a_layer_amid_a_part_is_refused_with_the_next_that_serve(mobilenet: LesionNet) -> None:
    with pytest.raises(RecipeError, match="120 lies within block14, the layers 116 to 124"):
        parts_from_layer(mobilenet, 120)


def test_a_net_that_keras_does_not_have_has_no_numbers() -> None:
    with pytest.raises(RecipeError, match=r"Keras does not have TinyClassifier.*block1"):
        unfreeze(TinyClassifier(), phase(unfreeze_from=3))


def test_parts_and_layers_are_not_given_together() -> None:
    with pytest.raises(ValueError, match="give one"):
        phase(unfreeze=["block1"], unfreeze_from=3)
