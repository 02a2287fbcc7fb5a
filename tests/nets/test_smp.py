from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file

from lentigo.errors import RecipeError, WeightsError
from lentigo.nets import build_net
from lentigo.nets.weights import published


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No cache, and no network."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.delenv("LENTIGO_WEIGHTS", raising=False)

    def refused(*_: object, **__: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr(torch.hub, "download_url_to_file", refused)


@pytest.mark.parametrize("encoder", ["test_efficientnet", "test_resnet", "test_convnext"])
def test_encoder_computes_what_the_published_model_does(encoder: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    whole = timm.create_model(encoder).eval()
    save_file(whole.state_dict(), tmp_path / published(encoder)[0].file)
    net = build_net("unet", "imagenet", tmp_path, encoder=encoder).eval()
    pixels = torch.rand(1, 3, 64, 64) * 255
    with torch.no_grad():
        found = net.net.encoder.model(net.normalise(pixels))[-1]
        mean, std = (
            torch.tensor(whole.pretrained_cfg[key]).view(1, 3, 1, 1) for key in ("mean", "std")
        )
        expected = whole.forward_intermediates((pixels / 255 - mean) / std, intermediates_only=True)
    assert torch.allclose(found, expected[-1], atol=1e-5)


@pytest.mark.parametrize(
    ("encoder", "stages"), [("tf_efficientnet_lite0", 5), ("test_resnet", 5), ("test_convnext", 4)]
)
def test_stages_are_the_whole_encoder_and_go_inwards(encoder: str, stages: int) -> None:
    net = build_net("unet", encoder=encoder)
    parts = net.encoder_parts()
    assert list(parts) == [f"stage{i}" for i in range(1, stages + 1)]
    in_parts = [p for part in parts.values() for p in part.parameters()]
    assert len(in_parts) == len(set(in_parts))
    assert set(in_parts) == set(net.net.encoder.parameters())
    # A gradient from the second of the features stops at the second stage.
    net.net.encoder.model(torch.rand(2, 3, 64, 64))[1].sum().backward()
    reached = {name for name, part in parts.items() if any_gradient(part)}
    assert reached == {"stage1", "stage2"}


def any_gradient(part: torch.nn.Module) -> bool:
    return any(p.grad is not None for p in part.parameters())


@pytest.mark.parametrize("encoder", ["resnet_34", "vit_tiny_patch16_224"])
def test_an_encoder_that_does_not_serve_is_refused_by_name(encoder: str) -> None:
    with pytest.raises(RecipeError, match=f"'{encoder}'.*tf_efficientnet_lite0"):
        build_net("unet", encoder=encoder)


def test_weights_that_are_not_at_hand_are_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError) as told:
        build_net("fpn", "imagenet", tmp_path, encoder="test_resnet")
    for word in ("test_resnet-r160_in1k.safetensors", str(tmp_path), "huggingface.co", "--weights"):
        assert word in str(told.value)


def test_an_encoder_without_published_weights_is_trained_from_scratch(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"'efficientnet_lite1'.*pretrained: null"):
        build_net("fpn", "imagenet", tmp_path, encoder="efficientnet_lite1")
