"""A real Prometheus on the loopback address that reads one kiosk every second, with the shipped rules."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Final

import msgspec
import pytest

from tests.worlds.ports import free_port

FLEET: Final = Path(__file__).resolve().parents[2] / "systemd" / "fleet"
GENEROUS_S: Final = 120.0

RANGES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "5m": "10s",
        "10m": "15s",
        "30m": "20s",
        "1h": "30s",
        "6h": "30s",
        "1d": "60s",
        "7d": "30s",
        "28d": "90s",
    }
)
"""What a range of a rule becomes, so that a test need not wait for days; `for` is a second in all of them."""


def prometheus() -> str | None:
    return shutil.which("prometheus")


def node_exporter() -> str | None:
    return shutil.which("prometheus-node-exporter") or shutil.which("node_exporter")


needs_prometheus = pytest.mark.skipif(
    prometheus() is None, reason="prometheus is not installed (./install.sh tools)"
)


def sooner(rules: str) -> str:
    """The rules with short ranges and without waiting; what they compare stays as it is."""
    rules = re.sub(r"^( +for:) .*$", r"\1 1s", rules, flags=re.M)
    rules = re.sub(r"^( +interval:) .*$", r"\1 1s", rules, flags=re.M)
    rules = re.sub(r"\[(\w+)\]", lambda found: f"[{RANGES[found[1]]}]", rules)
    return re.sub(r"offset (\w+)", lambda found: f"offset {RANGES[found[1]]}", rules)


class Found(msgspec.Struct, frozen=True):
    """An alert as the API says it."""

    labels: dict[str, str]
    annotations: dict[str, str]
    state: str


class _Alerts(msgspec.Struct, frozen=True):
    alerts: tuple[Found, ...]


class _AlertsAnswer(msgspec.Struct, frozen=True):
    data: _Alerts


class Series(msgspec.Struct, frozen=True):
    """`value` of a question about now, `values` of one about a while."""

    metric: dict[str, str]
    value: tuple[float, str] | None = None
    values: tuple[tuple[float, str], ...] = ()


class _Result(msgspec.Struct, frozen=True):
    result: tuple[Series, ...]


class _QueryAnswer(msgspec.Struct, frozen=True):
    data: _Result


@dataclass(frozen=True)
class Target:
    """One address that is read: `port` on this machine, as the kiosk of this name."""

    port: int
    instance: str


class Prometheus:
    """Runs inside its block. `folder` takes its numbers, its settings and its log."""

    def __init__(self, folder: Path, *targets: Target) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._targets = targets
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Prometheus:
        program = prometheus()
        assert program is not None
        (self._folder / "alerts.yml").write_text(sooner((FLEET / "alerts.yml").read_text()))
        (self._folder / "prometheus.yml").write_text(json.dumps(self._settings()))
        with (self._folder / "prometheus.log").open("wb") as log:
            self._process = subprocess.Popen(
                [
                    program,
                    f"--config.file={self._folder / 'prometheus.yml'}",
                    f"--storage.tsdb.path={self._folder / 'data'}",
                    f"--web.listen-address=127.0.0.1:{self.port}",
                    "--storage.tsdb.retention.size=256MB",
                    "--log.level=warn",
                ],
                env={**os.environ, "GOMAXPROCS": "1"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        end_s = time.monotonic() + GENEROUS_S
        while not self._ready():
            assert self._process.poll() is None, (self._folder / "prometheus.log").read_text()[-2000:]
            assert time.monotonic() < end_s, "prometheus does not become ready"
            time.sleep(0.1)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def firing(self) -> tuple[Found, ...]:
        """The alerts that fire now."""
        answer = msgspec.json.decode(self._get("alerts"), type=_AlertsAnswer)
        return tuple(alert for alert in answer.data.alerts if alert.state == "firing")

    def query(self, expr: str) -> tuple[Series, ...]:
        """What it answers to a question about now. AssertionError for one that it does not understand."""
        return msgspec.json.decode(self._get("query", query=expr), type=_QueryAnswer).data.result

    def over(self, expr: str, from_s: float, to_s: float, step_s: float) -> tuple[Series, ...]:
        """The same over a while; times in seconds since 1970."""
        asked = {"query": expr, "start": f"{from_s}", "end": f"{to_s}", "step": f"{step_s}"}
        return msgspec.json.decode(self._get("query_range", **asked), type=_QueryAnswer).data.result

    def _settings(self) -> object:
        return {
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
            "rule_files": ["alerts.yml"],
            "scrape_configs": [
                {
                    "job_name": "cabinguard",
                    "static_configs": [
                        {"targets": [f"127.0.0.1:{one.port}"], "labels": {"instance": one.instance}}
                        for one in self._targets
                    ],
                }
            ],
        }

    def _ready(self) -> bool:
        with contextlib.suppress(OSError):
            self._fetch("/-/ready")
            return True
        return False

    def _get(self, what: str, **asked: str) -> bytes:
        return self._fetch(f"/api/v1/{what}?{urllib.parse.urlencode(asked)}")

    def _fetch(self, path: str) -> bytes:
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with direct.open(f"http://127.0.0.1:{self.port}{path}", timeout=30.0) as answer:
                content: bytes = answer.read()
        except urllib.error.HTTPError as error:
            if error.code == 400:
                raise AssertionError(f"{path}: {error.read()[:500]!r}") from error
            raise
        return content
