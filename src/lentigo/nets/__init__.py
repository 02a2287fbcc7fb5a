"""Networks: one a file, one registry, one way to their pretrained weights."""

from lentigo.nets.ascu_net import AscuNet
from lentigo.nets.base import NETS, LesionNet, build_net
from lentigo.nets.efficientnet_lite import EfficientNetLite
from lentigo.nets.fat_net import FatNet
from lentigo.nets.lite_unet import LiteUNet
from lentigo.nets.mobilenetv2 import MobileNetV2
from lentigo.nets.msca_net import MscaNet
from lentigo.nets.plain_cnn import PlainCnn
from lentigo.nets.pooled import PooledClassifier
from lentigo.nets.segnet import SegNet
from lentigo.nets.smp import SmpNet
from lentigo.nets.timm_classifier import TimmClassifier
from lentigo.nets.vgg_segnet import VggSegNet

__all__ = [
    "NETS",
    "AscuNet",
    "EfficientNetLite",
    "FatNet",
    "LesionNet",
    "LiteUNet",
    "MobileNetV2",
    "MscaNet",
    "PlainCnn",
    "PooledClassifier",
    "SegNet",
    "SmpNet",
    "TimmClassifier",
    "VggSegNet",
    "build_net",
]
