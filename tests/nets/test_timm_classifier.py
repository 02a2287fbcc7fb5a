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
def test_published_weights_give_the_published_features(encoder: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    whole = timm.create_model(encoder).eval()
    save_file(whole.state_dict(), tmp_path / published(encoder)[0].file)
    net = build_net("timm", "imagenet", tmp_path, encoder=encoder).eval()
    pixels = torch.rand(2, 3, 64, 96) * 255
    mean, std = (
        torch.tensor(whole.pretrained_cfg[key]).view(1, 3, 1, 1) for key in ("mean", "std")
    )
    with torch.no_grad():
        found = net.encoder(net.normalise(pixels))
        expected = whole.forward_features((pixels / 255 - mean) / std)
        expected = whole.forward_head(expected, pre_logits=True)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(
    ("encoder", "stages"),
    [("resnet50", 4), ("tf_efficientnet_lite0", 7), ("mobilenetv3_large_100", 8)],
)
def test_stages_are_the_whole_encoder_and_go_inwards(encoder: str, stages: int) -> None:
    with torch.device("meta"):
        net = build_net("timm", encoder=encoder)
    parts = net.encoder_parts()
    assert list(parts) == ["stem", *(f"stage{i}" for i in range(1, stages + 1))]
    in_parts = [p for part in parts.values() for p in part.parameters()]
    assert len(in_parts) == len(set(in_parts))
    assert in_parts == list(net.encoder.parameters())


@pytest.mark.parametrize("encoder", ["resnet_50", "vit_tiny_patch16_224"])
def test_an_encoder_that_does_not_serve_is_refused_by_name(encoder: str) -> None:
    with pytest.raises(RecipeError, match=f"'{encoder}'.*tf_efficientnet_lite0"):
        build_net("timm", encoder=encoder)


def test_weights_that_are_not_at_hand_are_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError) as told:
        build_net("timm", "imagenet", tmp_path, encoder="mobilenetv3_large_100")
    for word in ("mobilenetv3_large_100-ra_in1k.safetensors", str(tmp_path), "huggingface.co"):
        assert word in str(told.value)
