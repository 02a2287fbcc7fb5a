"""What a classifier sees of a photo: the one way to its pixels, in training and in use."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lentigo.imaging.arrays import Box, Mask, Pixels, Size
from lentigo.imaging.crop import crop, lesion_box, widened
from lentigo.imaging.geometry import WORKING_SIDE_PX, Letterbox, resize_mask, same_aspect
from lentigo.imaging.preprocessing import STEPS
from lentigo.imaging.read import Photo
from lentigo.imaging.region import Region


class Seen(NamedTuple):
    """What a classifier sees of one photo.

    Attributes:
        pixels: uint8 H×W×C; C is 3, 4 with a mask of 0 and 255, or 6 of two pictures.
        lesion_found: Whether the mask held a lesion, so that the region could be shown. Where it
            did not, pictures show the whole frame and the mask is empty.
        box: The part of the decoded photo that the picture shows, letterboxed; of two pictures,
            the first.
    """

    pixels: Pixels
    lesion_found: bool
    box: Box


@dataclass(frozen=True)
class View:
    """How photos become a classifier's input.

    Attributes:
        size_px: Height and width of the network's input.
        region: What is shown of a photo; None shows the whole frame.
        steps: Names of ``STEPS``, applied in this order to each letterboxed picture.

    Raises:
        UnknownNameError: There is no step of that name.
    """

    size_px: Size
    region: Region | None = None
    steps: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse unknown steps."""
        for name in self.steps:
            _ = STEPS[name]

    @property
    def channels(self) -> int:
        """Channels of what is seen."""
        return self.region.channels if self.region else 3

    @property
    def min_side_px(self) -> int:
        """The least short side that photos may be decoded at."""
        # Of a small lesion's crop as much must be left as the pipeline has: masks are made there.
        return WORKING_SIDE_PX if self.region else max(self.size_px)

    def look(self, photo: Photo, mask: Mask | None = None) -> Seen:
        """Return what is seen of a photo.

        Args:
            photo: Decoded whole, or down to ``min_side_px``.
            mask: The lesion's mask, at any scale; None or one that is empty at ``size_px`` shows
                the whole frame. It counts only where there is a region.

        Raises:
            ValueError: The mask has another aspect ratio than the photo.
        """
        if self.region is None or mask is None:
            return self._whole(photo)
        if not same_aspect(mask.shape, photo.size_px):
            sizes = ["×".join(map(str, shape)) for shape in (mask.shape, photo.size_px)]
            raise ValueError(f"a mask of {sizes[0]} px does not fit a photo of {sizes[1]} px")
        height, width = photo.pixels.shape[:2]
        lesion = resize_mask(mask, (height, width))
        inside = Letterbox(photo.size_px, self.size_px).mask(lesion)
        if not inside.any():
            return self._whole(photo)
        return self._shown(self.region, photo, lesion, inside)

    def _shown(self, region: Region, photo: Photo, lesion: Mask, inside: Mask) -> Seen:
        """Return the region, given the mask at the photo's decoded size and at the net's."""
        frame = Box(0, 0, *lesion.shape)
        if region.kind == "masked":
            picture = self._picture(photo.pixels, photo.size_px)
            return Seen(picture * inside[..., np.newaxis], True, frame)
        box = widened(lesion_box(lesion, region.context), self.size_px, lesion.shape)
        closeup = self._closeup(photo.pixels, box)
        if region.kind == "crop":
            return Seen(closeup, True, box)
        if region.kind == "frame+crop":
            both = (self._picture(photo.pixels, photo.size_px), closeup)
            return Seen(np.dstack(both), True, frame)
        cut_out = Letterbox((box.height, box.width), self.size_px).mask(lesion[box.slices])
        return Seen(np.dstack((closeup, cut_out * np.uint8(255))), True, box)

    def _whole(self, photo: Photo) -> Seen:
        frame = self._picture(photo.pixels, photo.size_px)
        if self.channels == 4:
            frame = np.pad(frame, ((0, 0), (0, 0), (0, 1)))
        pixels = np.tile(frame, self.channels // frame.shape[2])
        height, width = photo.pixels.shape[:2]
        return Seen(pixels, lesion_found=False, box=Box(0, 0, height, width))

    def _closeup(self, pixels: Pixels, box: Box) -> Pixels:
        return self._picture(crop(pixels, box), (box.height, box.width))

    def _picture(self, pixels: Pixels, source_px: Size) -> Pixels:
        picture = Letterbox(source_px, self.size_px).image(pixels)
        for name in self.steps:
            picture = STEPS[name](picture)
        return picture
