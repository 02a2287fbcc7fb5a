"""Readers of datasets in their official layouts, one file each, found by name in ``SOURCES``."""

from lentigo.data.sources import (
    csv_table,
    folder,
    ham10000,
    isic2017,
    isic2017_part3,
    isic2018_task1,
    isic2018_task3,
    ph2,
)
from lentigo.data.sources.base import SOURCES, Source, read_source

__all__ = [
    "SOURCES",
    "Source",
    "csv_table",
    "folder",
    "ham10000",
    "isic2017",
    "isic2017_part3",
    "isic2018_task1",
    "isic2018_task3",
    "ph2",
    "read_source",
]
