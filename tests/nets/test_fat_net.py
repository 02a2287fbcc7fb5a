from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file
from torch import Tensor
from torchvision.models import resnet34

from lentigo.errors import WeightsError
from lentigo.nets import FatNet, build_net
from lentigo.nets.cost import net_cost
from lentigo.nets.fat_net import FeatureAdaptation, SqueezeExcitation, TransformerBranch
from lentigo.nets.weights import published

DEIT = "deit_tiny_distilled_patch16_224"


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with weights of both branches, and no network."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.delenv("LENTIGO_WEIGHTS", raising=False)

    def refused(*_: object, **__: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr(torch.hub, "download_url_to_file", refused)
    torch.save(resnet34(weights=None).state_dict(), tmp_path / published("resnet34")[0].file)
    save_file(timm.create_model(DEIT).state_dict(), tmp_path / published(DEIT)[0].file)
    return tmp_path


def test_it_has_the_weights_it_is_reported_with() -> None:
    # 30.00 million; the authors' code, which repeats one FAM at each size, has 28.76 million.
    net = FatNet()
    assert net_cost(net, (224, 224)).parameters / 1e6 == pytest.approx(30.0, rel=0.01)
    repeated = [module for module in net.modules() if isinstance(module, FeatureAdaptation)]
    assert [repeated.count(module) for module in repeated] == [1] * (6 + 4 + 2)


def test_both_branches_shape_the_outline() -> None:
    net = FatNet().eval()
    image = torch.rand(1, 3, 64, 64) * 255
    with torch.no_grad():
        both = net(image)
        net.match.weight.zero_()
        without_transformer = net(image)
        net.encoder.layer4[-1].bn2.weight.zero_()
        without_either = net(image)
    assert not torch.equal(both, without_transformer)
    assert not torch.equal(without_transformer, without_either)


def test_the_transformer_sees_from_corner_to_corner() -> None:
    branch = TransformerBranch().eval()
    image = random(1, 3, 96, 64)
    changed = image.clone()
    changed[..., :16, :16] += 1
    with torch.no_grad():
        before, after = branch(image), branch(changed)
    assert before.shape == (1, 192, 6, 4)
    assert (before != after)[..., 5, 3].any()


def test_positions_tell_patches_apart() -> None:
    branch = TransformerBranch().eval()
    image = random(1, 3, 32, 32)
    turned = image.unflatten(2, (2, 16)).flip(2).flatten(2, 3)  # the two rows of patches change
    with torch.no_grad():
        assert not torch.allclose(branch(image).flip(2), branch(turned), atol=1e-4)
        branch.positions.zero_()
        assert torch.allclose(branch(image).flip(2), branch(turned), atol=1e-4)


def test_positions_are_the_published_ones_at_224_px_and_follow_the_size() -> None:
    branch = TransformerBranch()
    assert branch.positions_for((14, 14)) is branch.positions
    with torch.no_grad():
        branch.positions.copy_(torch.linspace(0, 1, 14).view(1, 1, 14, 1))
    for grid in ((7, 14), (28, 10), (2, 3)):
        positions = branch.positions_for(grid)
        assert positions.shape == (1, 192, *grid)
        rows = positions[0, 0]
        assert (rows[:, 0].diff() > 0).all()  # still from top to bottom
        assert torch.allclose(rows, rows[:, :1].expand_as(rows), atol=1e-6)
        assert rows.mean().item() == pytest.approx(0.5, abs=1e-3)


def test_excitation_lies_in_0_to_1_and_gates() -> None:
    weigh = SqueezeExcitation(32)
    features = random(2, 32, 4, 4)
    gate = weigh.gate(features)
    assert ((gate > 0) & (gate < 1)).all()
    assert torch.equal(weigh(features), features * gate)
    closed = torch.zeros(1, 32, 1, 1)
    weigh.gate = lambda _: closed
    assert not weigh(features).any()


def test_imagenet_weights_are_those_of_both_branches(weights: Path) -> None:
    net = build_net("fat-net", "imagenet", weights).eval()
    deit = timm.create_model(DEIT).eval()
    deit.load_state_dict(net_state := published(DEIT)[0].read(weights / published(DEIT)[0].file))
    image = random(1, 3, 224, 224)
    with torch.no_grad():
        expected = deit.blocks(deit.patch_embed(image) + net_state["pos_embed"][:, 2:])
        found = net.transformer(image)
    assert torch.allclose(found.flatten(2).mT, expected, atol=1e-4)
    cnn = published("resnet34")[0].read(weights / published("resnet34")[0].file)
    assert torch.equal(net.encoder.stem[0].weight, cnn["conv1.weight"])


def test_a_missing_branch_is_named(weights: Path) -> None:
    (weights / published(DEIT)[0].file).unlink()
    with pytest.raises(WeightsError, match=published(DEIT)[0].file):
        build_net("fat-net", "imagenet", weights)


def test_another_transformers_weights_are_refused(weights: Path) -> None:
    save_file({"pos_embed": torch.zeros(1)}, weights / published(DEIT)[0].file)
    with pytest.raises(WeightsError, match=f"not the weights of {DEIT}"):
        build_net("fat-net", "imagenet", weights)


def test_the_terms_of_both_branches_are_told() -> None:
    (weights,) = FatNet().published()
    assert "BSD-3-Clause" in weights.licence
    assert "apache" in weights.licence.lower()
