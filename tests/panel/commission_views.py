"""What a kiosk would answer, for the commissioning page's tests."""

from __future__ import annotations

from collections.abc import Mapping

from edge.loop.watching import CodeView, InputView, ModemView, View


def quiet_view(*, inputs: Mapping[str, InputView] | None = None, present: bool = False) -> View:
    """A vacant cabin with all in order."""
    return View(
        state="checking" if present else "vacant",
        state_for_s=5.0,
        door="unlocked",
        permit="off",
        claim="",
        sound="off",
        camera="ok",
        somebody_present=present,
        locks_in_s=None,
        lock_after_s=60.0,
        lockout_left_s=None,
        incident=0,
        anomalies=(),
        faults={},
        messages_waiting=0,
        code=CodeView(0, False, False, 0),
        code_tries=3,
        inputs=dict(inputs or {}),
        key_ago_s=None,
        modem=ModemView(True, "", "m", "o", -70, {}, None),
        seen={},
        said="",
        said_ago_s=None,
    )
