"""The file for the node exporter: whole at every moment, readable by others, and told where it cannot be."""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import stat
import threading
from pathlib import Path

import pytest

from edge.metrics import machine, publisher, textfile
from tests.metrics.scene import Scene
from tests.worlds.ports import free_port


def test_others_can_read_it_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        textfile.write(tmp_path, b"a 1\n")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / textfile.NAME).stat().st_mode) == 0o644


def test_a_reader_never_sees_half_of_it(tmp_path: Path) -> None:
    texts = [f"a {number}\n".encode() * 5000 for number in range(2)]
    enough = threading.Event()

    def write() -> None:
        for text in itertools.cycle(texts):
            if enough.is_set():
                return
            textfile.write(tmp_path, text)

    textfile.write(tmp_path, texts[0])
    writer = threading.Thread(target=write)
    writer.start()
    last, changes = texts[0], 0
    try:
        while changes < 20:  # how many writes that takes is the machine's business
            seen = (tmp_path / textfile.NAME).read_bytes()
            assert seen in texts
            assert [name for name in os.listdir(tmp_path) if name.endswith(".prom")] == [textfile.NAME]  # noqa: PTH208
            changes += seen != last
            last = seen
    finally:
        enough.set()
        writer.join()


def test_a_link_that_lies_in_the_way_is_not_followed(tmp_path: Path) -> None:
    precious, folder = tmp_path / "precious", tmp_path / "folder"
    precious.write_text("mine")
    folder.mkdir()
    (folder / f".{textfile.NAME}.part").symlink_to(precious)
    (folder / textfile.NAME).symlink_to(precious)
    textfile.write(folder, b"a 1\n")
    assert precious.read_text() == "mine"
    assert (folder / textfile.NAME).read_bytes() == b"a 1\n"


def test_a_folder_that_is_gone_is_a_fault_until_it_is_there_again(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.desk.run_to(2.0)
    shutil.rmtree(scene.folder)
    scene.desk.run_to(4.0)
    assert scene.desk.kiosk.status(4.0)["faults"] == ["metrics_unwritable"]
    assert not scene.desk.kiosk.messages_waiting
    scene.folder.mkdir()
    scene.desk.run_to(6.0)
    assert scene.desk.kiosk.status(6.0)["faults"] == []
    scene.desk.run_to(8.0)
    assert scene.number("faults_active") == 0
    scene.desk.close()


def test_a_port_that_is_taken_is_a_fault_until_it_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher, "AGAIN_S", 0.0)
    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        scene = Scene(tmp_path, f"metrics.port={port}")
        scene.desk.run_to(2.0)
        assert scene.desk.kiosk.status(2.0)["faults"] == ["metrics_port_taken"]
    scene.desk.run_to(4.0)
    assert scene.desk.kiosk.status(4.0)["faults"] == []
    scene.desk.close()


@pytest.mark.parametrize(
    ("bits", "throttled", "low"),
    [("0\n", False, False), ("50005\n", True, True), ("50000\n", False, False), ("8\n", True, False)],
)
def test_what_the_firmware_says_of_now(tmp_path: Path, bits: str, throttled: bool, low: bool) -> None:
    file = tmp_path / "soc@107c000000" / "soc@107c000000:firmware" / "get_throttled"
    file.parent.mkdir(parents=True)
    file.write_text(bits)
    assert machine.held_back(tmp_path) == machine.HeldBack(throttled, low)


def test_a_machine_that_says_nothing_is_not_known(tmp_path: Path) -> None:
    assert machine.held_back(tmp_path) is None
    assert machine.disk_of(tmp_path / "no") is None
    assert machine.size_of(tmp_path / "no") is None
    assert machine.memory(tmp_path) == {}


def test_the_memory_of_this_process_is_known() -> None:
    assert 5e6 < machine.memory()["loop"] < 5e9
