"""Drawn dermoscopic images with a known lesion: samples for the demonstration and the tests."""

from lentigo.synthetic.draw import SyntheticLesion, draw_lesion
from lentigo.synthetic.samples import Sample, sample_set

__all__ = ["Sample", "SyntheticLesion", "draw_lesion", "sample_set"]
