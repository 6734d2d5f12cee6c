"""Any site, served in this process for a test, and asked as a browser would ask it."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Mapping
from urllib.parse import urlencode

import msgspec

from edge.web.server import Server
from edge.web.site import Site
from tests.worlds.closing import Closing

WITHIN_S = 150
"""For any answer: a test machine may be busy with much else."""

Heads = dict[str, str]


class Served(Closing):
    """A site, listening. `heard` keeps every answer's body and head; `cookie` is sent where one was given."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.site: Site = server.site
        self.port = server.port
        self.address = f"http://127.0.0.1:{server.port}"
        self.heard: list[bytes] = []
        self.cookie = ""
        self._thread = threading.Thread(target=server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self._thread.join()
        self.server.close()

    def ask(
        self, path: str = "/", method: str = "GET", body: bytes = b"", /, **headers: str
    ) -> tuple[int, Heads, bytes]:
        """One request with exactly these headers (`_` for `-`); Host is this server's unless given."""
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WITHIN_S)
        try:
            link.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            heads = {"Host": f"127.0.0.1:{self.port}", **headers}
            if self.cookie:
                heads.setdefault("Cookie", self.cookie)
            if body:
                heads.setdefault("Content-Length", str(len(body)))
            for name, value in heads.items():
                link.putheader(name.replace("_", "-"), value)
            link.endheaders(body or None)
            answer = link.getresponse()
            content = answer.read()
            self.heard += [content, repr(answer.getheaders()).encode()]
            got = dict(answer.getheaders())
            if "Set-Cookie" in got:
                self.cookie = got["Set-Cookie"].partition(";")[0]
            return answer.status, got, content
        finally:
            link.close()

    def post(
        self, path: str, fields: Mapping[str, str] | None = None, *, script: bool = True
    ) -> tuple[int, str]:
        """An act as the page's own form or script sends it; its status and what it said."""
        form = {"_token": self.site.token, **(fields or {})}
        heads = {"Origin": self.address, "Content-Type": "application/x-www-form-urlencoded"}
        if script:
            heads["X-CabinGuard"] = "act"
        status, _, content = self.ask(path, "POST", urlencode(form).encode(), **heads)
        return status, content.decode()

    def parts(self, path: str = "/") -> dict[str, str]:
        """A view as its script is told of it now: the parts, with `state`, `told` and `title`."""
        self.site.forget()
        status, _, content = self.ask(f"{path.rstrip('/')}/now")
        assert status == 200, status
        now = msgspec.json.decode(content, type=dict[str, object])
        parts = now.pop("parts")
        assert isinstance(parts, dict)
        return {**{name: str(value) for name, value in now.items()}, **parts}


def served(site: Site, password: str | None = None) -> Served:
    """On a free port of this machine."""
    return Served(Server(site, "127.0.0.1", 0, password))
