"""The moving average follows the weights, and a recipe's run keeps it."""

from pathlib import Path

import pytest
import torch
from tiny_training import Silent, recipe_of

from lentigo.nets import build_net
from lentigo.training.average import Average
from lentigo.training.folder import RunFolder
from lentigo.training.run import train


def test_it_is_the_mean_that_its_formula_says() -> None:
    net = build_net("tiny-segmenter")
    weight = net.head.weight
    average, expected = Average(net, decay=0.9), weight.detach().clone()
    for step in range(1, 200):
        with torch.no_grad():
            weight.copy_(torch.randn(weight.shape, generator=torch.Generator().manual_seed(step)))
        average.follow(net)
        decay = min(0.9, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * weight.detach()
    torch.testing.assert_close(average.net.head.weight, expected)
    assert average.net.head.weight.std() < weight.std()


def test_batch_norm_statistics_are_averaged_too() -> None:
    net = build_net("tiny-segmenter")
    average = Average(net, decay=0.5)
    net.encoder[1].running_mean += 1.0
    for _ in range(50):
        average.follow(net)
    torch.testing.assert_close(average.net.encoder[1].running_mean, net.encoder[1].running_mean)


def test_what_is_kept_is_the_average_and_it_resumes(drawn_root: Path, tmp_path: Path) -> None:
    recipe, roots = recipe_of("segmentation", ema=0.9), {"csv": drawn_root}
    train(recipe, roots, tmp_path / "whole", Silent())
    with pytest.raises(KeyboardInterrupt):
        train(recipe, roots, tmp_path / "cut", Silent(stop_at=18))
    train(recipe, roots, tmp_path / "cut", Silent(), resume=True)
    one, other = (RunFolder(tmp_path / name) for name in ("whole", "cut"))
    for name, value in one.load_best().items():
        assert torch.equal(value, other.load_best()[name]), name
    last = torch.load(one.checkpoint, weights_only=True)
    if max(one.load_checkpoint()[1].history, key=lambda r: r.score).epoch == 5:
        assert not torch.equal(one.load_best()["head.weight"], last["net"]["head.weight"])
        assert torch.equal(one.load_best()["head.weight"], last["average"]["net"]["head.weight"])
