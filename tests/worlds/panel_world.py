"""A scripted cabin with its page before it: the desk answers the control socket, a server shows it."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlencode

from edge.bench.desk import Desk
from edge.panel.app import open_panel
from edge.panel.sources import Sources
from edge.service.control import Asked, ControlServer
from edge.settings.load import load
from edge.settings.schema import Settings
from edge.web.server import Server
from tests.worlds.desk_world import ScriptedPeople, scripted_desk

QUICK = (
    "flow.code_digits=8",  # long enough never to stand anywhere by chance
    "flow.adjust_after_s=2",
    "flow.lock_after_s=6",
    "flow.prompt_lead_s=1",
    "flow.gone_after_s=1",
)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


class Window:
    """The page alone, over whatever lies in the folder. `heard` keeps every answer's body and head."""

    def __init__(self, folder: Path, overrides: Sequence[str] = ()) -> None:
        port = free_port()
        self.folder = folder
        words = [f"paths.data={folder}", f"paths.runtime={folder}", f"panel.port={port}", *QUICK, *overrides]
        self.settings: Settings = load(None, words)
        options = [part for word in words for part in ("--set", word)]
        self.sources = Sources(self.settings, options)
        self.server: Server = open_panel(self.settings, self.sources)
        self.port = port
        self.heard: list[bytes] = []
        self._thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self.server.shutdown()
        self._thread.join()
        self.server.close()
        self.sources.close()

    def forget(self) -> None:
        """Have the next request ask every source again."""
        for kept in (self.sources.kiosk, self.sources.record, self.sources.disk):
            kept.forget()
        self.server.site.forget()

    def ask(
        self, path: str = "/", method: str = "GET", content: str = "", **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """One request with exactly these headers (`_` for `-`); Host is this server's unless given."""
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=150)
        try:
            link.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in {"Host": f"127.0.0.1:{self.port}", **headers}.items():
                link.putheader(name.replace("_", "-"), value)
            if content:
                link.putheader("Content-Length", str(len(content)))
            link.endheaders(content.encode() or None)
            answer = link.getresponse()
            body = answer.read()
            self.heard += [body, repr(answer.getheaders()).encode()]
            return answer.status, dict(answer.getheaders()), body
        finally:
            link.close()

    def act(self, path: str, **fields: str) -> tuple[int, dict[str, str], bytes]:
        """An act as the page's own form sends it where there is no script."""
        form = urlencode({"_token": self.server.site.token, **fields})
        origin = f"http://127.0.0.1:{self.port}"
        kind = "application/x-www-form-urlencoded"
        return self.ask(path, "POST", form, Origin=origin, Content_Type=kind)

    def page(self) -> str:
        """The page as it is now."""
        self.forget()
        status, _, body = self.ask()
        assert status == 200, status
        return body.decode()

    def now(self) -> dict[str, str]:
        """What the script is told now: `state`, `told` and the parts by name."""
        self.forget()
        status, _, body = self.ask("/now")
        assert status == 200, status
        now = json.loads(body)
        return {"state": now["state"], "told": now["told"], **now["parts"]}


class Cabin(Window):
    """The page with a kiosk behind it, on a story clock. `asked` counts what the page asked of it."""

    desk: Desk
    people: ScriptedPeople

    def __init__(self, folder: Path, overrides: Sequence[str] = ()) -> None:
        super().__init__(folder, overrides)
        self.desk, self.people = scripted_desk(folder, settings=self.settings, every_s=0.4)
        self.asked = 0
        self.says: dict[str, object] | None = None
        self._turn = threading.Lock()
        self.connect()

    def connect(self) -> None:
        self.control = ControlServer(self.folder, self._answer)

    def _answer(self, asked: Asked) -> None:
        """What the desk answers, or what the test says that it does."""
        with self._turn:
            self.asked += 1
            asked.answer(self.desk.answer(asked.request) if self.says is None else self.says)

    def run(self, for_s: float) -> None:
        with self._turn:
            self.desk.run_to(self.desk.clock.now_s() + for_s)

    def close(self) -> None:
        super().close()
        self.control.close()
        self.desk.close()
