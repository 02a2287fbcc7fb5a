"""ResNet-34's convolutional part, the encoder that several nets here share."""

from typing import Any

from torch import Tensor, nn
from torchvision.models import resnet34


class ResNet34(nn.Module):
    """ResNet-34 of He et al. 2016 (Table 1) without its pooling and classifier.

    The parts are ``stem`` (7×7 convolution of stride 2, batch norm, ReLU; 64 filters), and
    ``layer1`` to ``layer4`` (3, 4, 6 and 3 residual blocks; 64, 128, 256 and 512 filters; each
    but the first halves the size). Whether a max-pooling follows the stem is the user's.
    """

    def __init__(self) -> None:
        super().__init__()
        whole: Any = resnet34(weights=None)
        self.stem = nn.Sequential(whole.conv1, whole.bn1, whole.relu)
        self.layer1, self.layer2 = whole.layer1, whole.layer2
        self.layer3, self.layer4 = whole.layer3, whole.layer4

    def parts(self) -> dict[str, nn.Module]:
        """Return ``stem`` and ``layer1`` to ``layer4``, from the input inwards."""
        return dict(self.named_children())

    def load_published(self, state: dict[str, Tensor]) -> None:
        """Take torchvision's state dict; its classifier is left out.

        Raises:
            KeyError: An entry is missing.
            RuntimeError: An entry is of another shape.
        """
        ours = {"stem.0.": "conv1.", "stem.1.": "bn1."}
        self.load_state_dict(
            {name: state[ours.get(name[:7], name[:7]) + name[7:]] for name in self.state_dict()}
        )
