import logging
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from dicom_files import COLOURED, rgb_file, saved
from pydicom import Dataset, dcmread, uid
from pynetdicom import AE, evt

from lentigo.dicom.header import TRANSFER_SYNTAXES
from lentigo.dicom.listen import Listener, Spool, forward, service
from lentigo.dicom.listen.forward import Node, Sender
from lentigo.runtime.analyzer import Analyzer

PATIENCE_S = 20


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.02)


class Archive:
    """A node that keeps what it is sent, or answers as it is told."""

    def __init__(self, port: int = 0) -> None:
        self.got: list[Dataset] = []
        self.answers: list[int] = []
        entity = AE("ARCHIVE")
        for sop_class in (uid.SegmentationStorage, uid.EnhancedSRStorage):
            entity.add_supported_context(sop_class)
        handlers = [(evt.EVT_C_STORE, self._store)]
        self.server = entity.start_server(("127.0.0.1", port), block=False, evt_handlers=handlers)
        self.node = Node("ARCHIVE", "127.0.0.1", self.server.server_address[1])

    def _store(self, event: evt.Event) -> int:
        answer = self.answers.pop(0) if self.answers else 0
        if answer == 0:
            self.got.append(event.dataset)
        return answer


@pytest.fixture
def archive() -> Iterator[Archive]:
    archive = Archive()
    yield archive
    archive.server.shutdown()


class Running:
    """A listener at work."""

    def __init__(self, listener: Listener, spool: Spool) -> None:
        self.listener = listener
        self.spool = spool
        self.port = listener.start("127.0.0.1", 0)

    def send(self, *paths: Path, title: str = "LENTIGO", caller: str = "CAMERA") -> list[Dataset]:
        """Send files over one association; no answers where it is refused."""
        entity = AE(caller)
        for syntax in TRANSFER_SYNTAXES:
            entity.add_requested_context(uid.VLPhotographicImageStorage, syntax)
        association = entity.associate("127.0.0.1", self.port, ae_title=title)
        if not association.is_established:
            return []
        statuses = [association.send_c_store(path) for path in paths]
        association.release()
        return statuses

    def failed(self) -> list[Path]:
        return list((self.spool.folder / "failed").iterdir())


@pytest.fixture
def listening(
    analyzer: Analyzer, archive: Archive, tmp_path: Path
) -> Iterator[Callable[..., Running]]:
    """Starts a listener that forwards to the archive."""
    running: list[Running] = []

    def start(
        node: Node | None = None, capacity: int = 8, callers: tuple[str, ...] = ()
    ) -> Running:
        spool = Spool(tmp_path / "spool", capacity).__enter__()
        sender = Sender(node or archive.node, "LENTIGO")
        running.append(Running(Listener(analyzer, spool, sender, "LENTIGO", callers), spool))
        return running[-1]

    yield start
    for each in running:
        each.listener.stop()
        each.spool.__exit__(None, None, None)


@pytest.fixture
def image(dark_disc: np.ndarray, tmp_path: Path) -> Path:
    return rgb_file(tmp_path / "photo.dcm", dark_disc)


def test_an_image_comes_back_as_segmentation_and_report(
    listening: Callable[..., Running], archive: Archive, image: Path
) -> None:
    running = listening()
    assert [answer.Status for answer in running.send(image)] == [0]
    until(lambda: len(archive.got) == 2)
    segmentation, report = archive.got
    assert segmentation.SOPClassUID == uid.SegmentationStorage
    assert report.SOPClassUID == uid.EnhancedSRStorage
    source = dcmread(image)
    assert segmentation.StudyInstanceUID == report.StudyInstanceUID == source.StudyInstanceUID
    until(lambda: running.spool.waiting() == 0)
    assert running.failed() == []


@pytest.mark.parametrize("name", ["jpeg", "jpeg-2000-lossless", "rgb-rle", "rgb-big-endian"])
def test_compressed_images_are_taken_as_they_come(
    listening: Callable[..., Running],
    archive: Archive,
    dark_disc: np.ndarray,
    tmp_path: Path,
    name: str,
) -> None:
    running = listening()
    answers = running.send(saved(COLOURED[name](dark_disc), tmp_path / "a.dcm"))
    assert [answer.Status for answer in answers] == [0]
    until(lambda: len(archive.got) == 2)


def test_only_who_calls_the_right_title_and_may_call_is_answered(
    listening: Callable[..., Running], image: Path
) -> None:
    running = listening(callers=("CAMERA",))
    assert running.send(image, title="OTHER") == []
    assert running.send(image, caller="STRANGER") == []
    assert [answer.Status for answer in running.send(image)] == [0]


def test_an_echo_is_answered(listening: Callable[..., Running]) -> None:
    running = listening()
    entity = AE("CAMERA")
    entity.add_requested_context(service.VERIFICATION)
    association = entity.associate("127.0.0.1", running.port, ae_title="LENTIGO")
    assert association.send_c_echo().Status == 0
    association.release()


def test_what_cannot_be_read_is_refused_and_not_kept(
    listening: Callable[..., Running], image: Path, tmp_path: Path
) -> None:
    running = listening()
    short = dcmread(image)
    short.PixelData = short.PixelData[:500]
    homeless = dcmread(image)
    del homeless.StudyInstanceUID
    answers = running.send(
        saved(short, tmp_path / "short.dcm"), saved(homeless, tmp_path / "homeless.dcm")
    )
    assert [answer.Status for answer in answers] == [0xC000, 0xC000]
    assert "cut short" in answers[0].ErrorComment
    assert "StudyInstanceUID" in answers[1].ErrorComment
    assert running.spool.waiting() == 0
    assert running.failed() == []


def test_a_data_set_of_another_class_than_announced_is_refused(image: Path) -> None:
    answer = service.checked(image, uid.DermoscopicPhotographyImageStorage)
    assert answer is not None
    assert answer.Status == 0xA900
    assert service.checked(image, uid.VLPhotographicImageStorage) is None


def test_a_full_queue_is_told_and_empties_once_the_node_is_back(
    listening: Callable[..., Running],
    image: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(forward, "FIRST_WAIT_S", 0.05)
    gone = Archive()
    gone.server.shutdown()
    running = listening(gone.node, capacity=2)
    answers = running.send(image, image, image)
    assert [answer.Status for answer in answers] == [0, 0, 0xA700]
    until(lambda: len(running.spool.results()) == 2)
    back = Archive(gone.node.port)
    try:
        until(lambda: running.spool.waiting() == 0)
        assert len(back.got) == 4
        assert [answer.Status for answer in running.send(image)] == [0]
    finally:
        back.server.shutdown()


def test_a_busy_node_is_asked_again_for_what_it_has_not_taken(
    listening: Callable[..., Running],
    archive: Archive,
    image: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(forward, "FIRST_WAIT_S", 0.05)
    archive.answers = [0xA700, 0xA700, 0, 0xA700]
    running = listening()
    running.send(image)
    until(lambda: len(archive.got) == 2)
    kinds = [each.SOPClassUID for each in archive.got]
    assert kinds == [uid.SegmentationStorage, uid.EnhancedSRStorage]


def test_what_the_node_refuses_is_put_aside_and_the_next_goes_on(
    listening: Callable[..., Running], archive: Archive, image: Path
) -> None:
    archive.answers = [0xC000]
    running = listening()
    running.send(image, image)
    until(lambda: len(archive.got) == 2)
    until(lambda: running.spool.waiting() == 0)
    (aside,) = running.failed()
    assert len(list(aside.iterdir())) == 2


def test_what_waits_is_done_after_a_restart(
    analyzer: Analyzer, archive: Archive, image: Path, tmp_path: Path
) -> None:
    with Spool(tmp_path / "spool", 4) as spool:
        spool.keep(spool.offer(image.read_bytes()))
    with Spool(tmp_path / "spool", 4) as spool:
        listener = Listener(analyzer, spool, Sender(archive.node, "LENTIGO"), "LENTIGO")
        listener.start("127.0.0.1", 0)
        until(lambda: len(archive.got) == 2)
        listener.stop()


def test_an_image_that_cannot_be_analysed_is_put_aside(
    listening: Callable[..., Running],
    archive: Archive,
    analyzer: Analyzer,
    image: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(_: Path) -> None:
        monkeypatch.undo()
        raise RuntimeError("the engine has gone")

    monkeypatch.setattr(analyzer, "analyze", broken)
    running = listening()
    running.send(image, image)
    until(lambda: len(archive.got) == 2)
    assert len(running.failed()) == 1


def test_a_peer_that_sends_without_end_is_cut_off(
    listening: Callable[..., Running],
    image: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(service, "MAX_MESSAGE_BYTES", 20_000)
    running = listening()
    (answer,) = running.send(image)
    assert "Status" not in answer
    assert running.spool.waiting() == 0


def test_nothing_of_the_patient_is_logged(
    listening: Callable[..., Running],
    archive: Archive,
    image: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, logger="lentigo")
    short = dcmread(image)
    short.PixelData = b"\0\0"
    running = listening()
    running.send(image, saved(short, tmp_path / "short.dcm"))
    until(lambda: len(archive.got) == 2 and running.spool.waiting() == 0)
    said = "\n".join(record.getMessage() for record in caplog.records if "lentigo" in record.name)
    assert "received" in said
    assert "refused an image" in said
    source = dcmread(image)
    secrets = ("Doe", "4711", "1970", source.StudyInstanceUID, source.SOPInstanceUID)
    assert not [secret for secret in secrets if secret in said]


def test_stopping_ends_every_thread(listening: Callable[..., Running]) -> None:
    running = listening()
    running.listener.stop()
    until(lambda: not [t for t in threading.enumerate() if t.name.startswith("lentigo-")])


def dcmtk(tool: str) -> str | None:
    """Return where a tool of dcmtk is; pynetdicom brings its own of these names to Python's."""
    own = Path(sys.executable).parent
    folders = [one for one in os.get_exec_path() if Path(one) != own]
    return shutil.which(tool, path=os.pathsep.join(folders))


def test_dcmtk_can_send_and_receive(analyzer: Analyzer, image: Path, tmp_path: Path) -> None:
    storescu, storescp = dcmtk("storescu"), dcmtk("storescp")
    if not (storescu and storescp):
        pytest.skip("storescu and storescp are not installed (Debian: dcmtk)")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    kept = tmp_path / "kept"
    kept.mkdir()
    command = [storescp, "-aet", "ARCHIVE", "-od", str(kept), str(port)]
    receiver = subprocess.Popen(command)
    try:
        with Spool(tmp_path / "spool", 4) as spool:
            sender = Sender(Node("ARCHIVE", "127.0.0.1", port), "LENTIGO")
            listener = Listener(analyzer, spool, sender, "LENTIGO")
            own = listener.start("127.0.0.1", 0)
            send = [storescu, "-R", "-aec", "LENTIGO", "127.0.0.1", str(own), str(image)]
            subprocess.run(send, check=True, timeout=PATIENCE_S)
            until(lambda: len(list(kept.iterdir())) == 2)
            listener.stop()
    finally:
        receiver.terminate()
        receiver.wait(PATIENCE_S)
    kinds = {dcmread(path).Modality for path in kept.iterdir()}
    assert kinds == {"SEG", "SR"}
