"""A scripted cabin with its page before it: the desk answers the control socket, a server shows it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlencode

from edge.bench.desk import Desk
from edge.panel.app import open_panel
from edge.panel.sources import Sources
from edge.service.control import Asked, ControlServer
from edge.settings.load import load
from edge.settings.schema import Settings
from tests.worlds.desk_world import ScriptedPeople, scripted_desk
from tests.worlds.ports import free_port
from tests.worlds.site_world import Served

QUICK = (
    "flow.code_digits=8",  # long enough never to stand anywhere by chance
    "flow.adjust_after_s=2",
    "flow.lock_after_s=6",
    "flow.prompt_lead_s=1",
    "flow.gone_after_s=1",
)


class Window(Served):
    """The page alone, over whatever lies in the folder."""

    def __init__(self, folder: Path, overrides: Sequence[str] = ()) -> None:
        self.folder = folder
        words = [
            f"paths.data={folder}",
            f"paths.runtime={folder}",
            f"panel.port={free_port()}",
            *QUICK,
            *overrides,
        ]
        self.settings: Settings = load(None, words)
        options = [part for word in words for part in ("--set", word)]
        self.sources = Sources(self.settings, options)
        super().__init__(open_panel(self.settings, self.sources))

    def close(self) -> None:
        super().close()
        self.sources.close()

    def forget(self) -> None:
        """Have the next request ask every source again."""
        for kept in (self.sources.kiosk, self.sources.record, self.sources.disk):
            kept.forget()
        self.site.forget()

    def act(self, path: str, **fields: str) -> tuple[int, dict[str, str], bytes]:
        """An act as the page's own form sends it where there is no script."""
        form = urlencode({"_token": self.site.token, **fields}).encode()
        kind = "application/x-www-form-urlencoded"
        return self.ask(path, "POST", form, Origin=self.address, Content_Type=kind)

    def page(self) -> str:
        """The page as it is now."""
        self.forget()
        status, _, body = self.ask()
        assert status == 200, status
        return body.decode()

    def now(self) -> dict[str, str]:
        """What the script is told now: `state`, `told` and the parts by name; no title: it is no markup."""
        self.forget()
        now = self.parts()
        del now["title"]
        return now


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
