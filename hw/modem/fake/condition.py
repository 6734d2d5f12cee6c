"""What the parts of a fake modem have in common: its time, its nature, what is the matter with it."""

from __future__ import annotations

from collections.abc import Callable

from hw.modem.fake.profiles import FakeProfile


class Condition:
    """`faults`: those that are on, each with what cures it. `powered_s`: when it was, or will be, up.

    `instant`: it takes no time for anything (for a story clock). `changed` is called after a change of what
    outlives a loss of power: faults, what the SIM and the network hold, what the phones have.
    """

    def __init__(self, profile: FakeProfile, *, instant: bool) -> None:
        self.profile = profile
        self.faults: dict[str, str] = {}
        self.now_s = 0.0
        self.powered_s = 0.0
        self.fed = True
        self.changed: Callable[[], None] = lambda: None
        self._instant = instant

    def suffers(self, *names: str) -> bool:
        """Whether any of these faults is on."""
        return not self.faults.keys().isdisjoint(names)

    @property
    def running(self) -> bool:
        return self.fed and not self.suffers("absent", "off")

    @property
    def up_s(self) -> float:
        """How long it has been up."""
        return self.now_s - self.powered_s

    def takes_s(self, real_s: float) -> float:
        """How long that takes here, which takes a real one so long."""
        return 0.0 if self._instant else real_s
