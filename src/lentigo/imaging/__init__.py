"""Pure functions on images: reading, shapes, masks, measurements, overlays. No torch."""
