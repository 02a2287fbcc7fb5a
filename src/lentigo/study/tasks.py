"""The tasks that a study can be of."""

from collections.abc import Mapping
from typing import Any

from lentigo.study.labels import ClassificationStudy
from lentigo.study.masks import SegmentationStudy
from lentigo.study.schema import Task
from lentigo.study.task import StudyTask

TASKS: Mapping[Task, StudyTask[Any]] = {
    "segmentation": SegmentationStudy(),
    "classification": ClassificationStudy(),
}
