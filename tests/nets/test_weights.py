import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from lentigo.errors import WeightsError
from lentigo.nets import build_net
from lentigo.nets.weights import PRETRAINED, find_pretrained, published

WEIGHTS = os.environ.get("LENTIGO_WEIGHTS", "")
needs_weights = pytest.mark.skipif(
    not Path(WEIGHTS, "vgg16-imagenet-caffe-conv.safetensors").is_file(),
    reason="the pretrained weights are not in LENTIGO_WEIGHTS",
)


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No cache, and no network."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.delenv("LENTIGO_WEIGHTS", raising=False)

    def refused(*_: object, **__: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr(torch.hub, "download_url_to_file", refused)


@pytest.mark.parametrize("name", sorted(PRETRAINED))
def test_offline_without_weights_says_which_file_and_where(name: str, tmp_path: Path) -> None:
    with pytest.raises(WeightsError) as told:
        find_pretrained(published(name), tmp_path)
    for choice in PRETRAINED[name]:
        assert choice.file in str(told.value)
    assert str(tmp_path) in str(told.value)
    assert "--weights" in str(told.value)


def test_the_folder_given_goes_before_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = PRETRAINED["mobilenet_v2"][0].file
    for folder in ("given", "environment"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / file).touch()
    monkeypatch.setenv("LENTIGO_WEIGHTS", str(tmp_path / "environment"))
    assert find_pretrained(published("mobilenet_v2"))[1] == tmp_path / "environment" / file
    assert (
        find_pretrained(published("mobilenet_v2"), tmp_path / "given")[1]
        == tmp_path / "given" / file
    )


def test_blue_first_weights_are_read_for_rgb(tmp_path: Path) -> None:
    kernel = torch.rand(64, 3, 3, 3)
    save_file({"features.0.weight": kernel}, tmp_path / PRETRAINED["vgg16"][0].file)
    weights, path = find_pretrained(published("vgg16"), tmp_path)
    read = weights.read(path)["features.0.weight"]
    assert torch.equal(read[:, 0], kernel[:, 2])


def test_a_broken_file_of_weights_is_named(tmp_path: Path) -> None:
    path = tmp_path / PRETRAINED["mobilenet_v2"][0].file
    path.write_bytes(b"not weights")
    with pytest.raises(WeightsError, match=path.name):
        build_net("mobilenetv2", "imagenet", tmp_path)


def test_another_nets_weights_are_refused(tmp_path: Path) -> None:
    save_file({"conv.weight": torch.zeros(1)}, tmp_path / PRETRAINED["vgg16"][0].file)
    with pytest.raises(WeightsError, match="not the weights of this encoder"):
        build_net("vgg-segnet", "imagenet", tmp_path)


@needs_weights
def test_normalisation_comes_with_the_weights() -> None:
    caffe = build_net("vgg-segnet", "imagenet", Path(WEIGHTS)).normalise
    assert caffe.mean.flatten().tolist() == pytest.approx([123.68, 116.779, 103.939])
    assert caffe.std.flatten().tolist() == [1, 1, 1]
    torchs = build_net("mobilenetv2", "imagenet", Path(WEIGHTS)).normalise
    assert torchs.std.flatten().tolist() == pytest.approx([58.395, 57.12, 57.375])


@needs_weights
def test_vgg16_features_tell_a_lesion_from_skin() -> None:
    """Weights in the wrong order, or the wrong normalisation, leave block 5 all but silent."""
    net = build_net("vgg-segnet", "imagenet", Path(WEIGHTS)).eval()
    rows, columns = torch.meshgrid(torch.arange(128), torch.arange(128), indexing="ij")
    disc = ((rows - 64) ** 2 + (columns - 64) ** 2 < 900).float()
    image = torch.tensor([200.0, 160, 140]).view(3, 1, 1) - disc * 90
    features = net.normalise(image[None])
    with torch.no_grad():
        for block in net.encoder_parts().values():
            features = block(features)
    assert 0.01 < (features > 0).float().mean() < 0.6
    assert features.max() > 5
