"""Networks: one a file, one registry, one way to their pretrained weights."""

from lentigo.nets.base import NETS, LesionNet, build_net
from lentigo.nets.mobilenetv2 import MobileNetV2
from lentigo.nets.vgg_segnet import VggSegNet

__all__ = ["NETS", "LesionNet", "MobileNetV2", "VggSegNet", "build_net"]
