"""Whether the broker can be reached, trusted and entered (self-test).

Beside a kiosk that runs no more than TLS is tried: a second client of its name would take its place there.
"""

from __future__ import annotations

import random
import select
import time
from typing import Final

from edge.faults.fault import FaultError
from edge.fleet.link import LinkFault, TlsWay, Trouble
from edge.fleet.login import Login
from edge.fleet.requests import read_keys
from edge.selftest.machine import NotFitted
from edge.service.broker import session_of
from edge.service.fleet import code_of
from edge.settings.schema import Settings
from edge.terms.clock import CLOCK_SET_S

WITHIN_S: Final = 15.0
_TURN_S: Final = 0.2


def broker(settings: Settings, *, alone: bool) -> str:
    """What came of a connection, in words. `alone`: no kiosk runs whose place at the broker would be taken.

    Raises `FaultError`; waits `WITHIN_S` at most, but for a name that nobody resolves.
    """
    wanted = settings.mqtt
    if not wanted.host:
        raise NotFitted("mqtt.host is empty")
    read_keys(wanted.request_keys_file)
    login = Login(settings, lambda: time.time() >= CLOCK_SET_S) if wanted.tls else None
    try:
        if login is not None:
            _handshake(settings, login)
            if not alone:
                return "TLS fits on both sides; the running kiosk has its place there"
        elif not alone:
            raise NotFitted("without TLS there is nothing to try beside a running kiosk")
        return _enter(settings, login)
    except LinkFault as fault:
        raise FaultError(code_of(fault.trouble), fault.detail) from None


def _handshake(settings: Settings, login: Login) -> None:
    """TLS, and no word of MQTT. Raises `LinkFault`."""
    way = TlsWay(settings.mqtt.host, settings.mqtt.port, login.context())
    end_s = time.monotonic() + WITHIN_S
    try:
        while not way.step():
            if time.monotonic() >= end_s:
                raise FaultError("broker_silent", f"no TLS within {WITHIN_S:.0f} s")
            wanted = [way.fileno()]
            select.select(wanted, wanted if way.wants_write else [], [], _TURN_S)
    finally:
        way.close()


def _enter(settings: Settings, login: Login | None) -> str:
    """As a kiosk does it, without a will and without a word."""
    from edge.fleet.session import Connected, Lost

    session = session_of(settings, login.context if login else None, random.Random(), will=False)
    session.connect(time.monotonic())
    end_s = time.monotonic() + WITHIN_S
    try:
        while time.monotonic() < end_s:
            for event in session.turn(time.monotonic()):
                match event:
                    case Connected():
                        return "the broker lets the kiosk in"
                    case Lost(trouble=trouble, detail=detail):
                        # With TLS 1.3 a refusal may be lost with the connection that it ends.
                        too = ": as one does that does not trust our certificate"
                        broke_off = login is not None and trouble is Trouble.DROPPED
                        raise LinkFault(trouble, detail + too if broke_off else detail)
                    case _:
                        pass
            number = session.fileno()
            socket = [] if number is None else [number]
            select.select(socket, socket if session.wants_write() else [], [], _TURN_S)
    finally:
        session.close()
    raise FaultError("broker_silent", f"no answer within {WITHIN_S:.0f} s")
