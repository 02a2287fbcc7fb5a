"""A DICOM node: images come in by C-STORE, results go out by C-STORE."""

from lentigo.dicom.listen.forward import Node, parse_node
from lentigo.dicom.listen.service import Listener
from lentigo.dicom.listen.spool import Spool

__all__ = ["Listener", "Node", "Spool", "parse_node"]
