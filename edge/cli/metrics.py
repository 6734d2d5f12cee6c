"""`metrics`: the running kiosk's numbers once, as Prometheus would read them."""

from __future__ import annotations

import argparse
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Final

from edge.cli.options import Commands, add_settings_options, load_settings, text_in
from edge.faults.fault import FaultError
from edge.metrics.textfile import NAME
from edge.settings.schema import MetricsSettings

_LATE: Final = 4.0
"""A file that was not written for so many of its periods is old."""

_ANSWER_S: Final = 5.0
_MOST_BYTES: Final = 1_000_000


def add_parser(commands: Commands) -> None:
    parser = commands.add_parser("metrics", help="the running kiosk's numbers, as Prometheus reads them")
    add_settings_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    metrics = load_settings(args).metrics
    if not metrics.wanted:
        raise FaultError("metrics_off")
    if not metrics.textfile_folder:
        sys.stdout.write(_served(metrics))
        return 0
    file = Path(metrics.textfile_folder) / NAME
    try:
        text = text_in(file)
        age_s = time.time() - file.stat().st_mtime
    except OSError as error:
        raise FaultError("metrics_missing", f"{file}: {error.strerror}") from error
    sys.stdout.write(text)
    if age_s <= _LATE * metrics.every_s:
        return 0
    print(f"{file} was written {age_s:.0f} s ago; every {metrics.every_s:g} s was asked for", file=sys.stderr)
    return 1


def _served(metrics: MetricsSettings) -> str:
    host = f"[{metrics.host}]" if ":" in metrics.host else metrics.host
    url = f"http://{host}:{metrics.port}/metrics"
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(url, timeout=_ANSWER_S) as answer:
            content: bytes = answer.read(_MOST_BYTES)
    except urllib.error.HTTPError as error:
        raise FaultError("metrics_missing", f"{url}: {error.code}") from error
    except OSError as error:
        raise FaultError("metrics_missing", f"{url}: {error}") from error
    return content.decode(errors="replace")
