import os
from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import load_file, save_file

from lentigo.errors import WeightsError
from lentigo.nets import LiteUNet, build_net
from lentigo.nets.weights import PRETRAINED

WEIGHTS = Path(os.environ.get("LENTIGO_WEIGHTS", ""))
FILE = PRETRAINED["tf_efficientnet_lite0"][0].file


def test_it_is_small() -> None:
    assert sum(p.numel() for p in LiteUNet().parameters()) < 4e6


def test_skips_carry_detail_past_the_deepest_features() -> None:
    torch.manual_seed(0)
    net = LiteUNet().eval()
    with torch.no_grad():
        for parameter in net.encoder.blocks[-1].parameters():
            parameter.zero_()
        one, other = net(torch.zeros(1, 3, 64, 64)), net(torch.full((1, 3, 64, 64), 255.0))
    assert not torch.equal(one, other)


def test_every_weight_of_the_encoder_is_taken_from_timms(tmp_path: Path) -> None:
    torch.manual_seed(0)
    whole = timm.create_model("tf_efficientnet_lite0")
    save_file(whole.state_dict(), tmp_path / FILE)
    taken = build_net("lite-unet", "imagenet", tmp_path).encoder.state_dict()
    assert all(torch.equal(value, whole.state_dict()[name]) for name, value in taken.items())


def test_a_file_that_lacks_a_weight_is_refused(tmp_path: Path) -> None:
    state = timm.create_model("tf_efficientnet_lite0").state_dict()
    save_file({n: v for n, v in state.items() if n != "blocks.6.0.bn3.bias"}, tmp_path / FILE)
    with pytest.raises(WeightsError, match=r"blocks\.6\.0\.bn3\.bias"):
        build_net("lite-unet", "imagenet", tmp_path)


@pytest.mark.skipif(
    not (WEIGHTS / FILE).is_file(), reason="the pretrained weights are not in LENTIGO_WEIGHTS"
)
def test_published_weights_tell_a_lesion_from_skin() -> None:
    """Weights that do not fit, or a wrong normalisation, make every place alike."""
    net = build_net("lite-unet", "imagenet", WEIGHTS).eval()
    published = load_file(WEIGHTS / FILE)
    assert torch.equal(net.encoder.state_dict()["conv_stem.weight"], published["conv_stem.weight"])
    assert net.normalise.mean.flatten().tolist() == [127, 127, 127]
    rows, columns = torch.meshgrid(torch.arange(256), torch.arange(256), indexing="ij")
    disc = ((rows - 128) ** 2 + (columns - 128) ** 2 < 3600).float()
    image = torch.tensor([200.0, 160, 140]).view(3, 1, 1) - disc * 90
    with torch.no_grad():
        features = net.encoder(net.normalise(image[None]))[3][0]  # stride 16
    inside, outside = features[:, 8, 8], features[:, 2, 2]
    other = features[:, 2, 13]  # skin, too
    assert (inside - outside).norm() > 2 * (other - outside).norm()
