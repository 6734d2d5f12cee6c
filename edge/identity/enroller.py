"""Writes who was enrolled before the running kiosk's own camera: in a thread, since disk and key may wait.

First the gallery is read, so that a card that is taken is refused before anybody stands still for pictures;
when the looks are together it is read again, compared and written in one change.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from edge.faults.fault import FaultError
from edge.identity.checks import check_free, check_new
from edge.identity.key import KeyRing
from edge.identity.likeness import Points, likeness
from edge.identity.person import Consent, Sample
from edge.identity.register import Card, Register, Taken
from edge.identity.store import GalleryFolder, Numbers
from edge.terms.identity import Template


@dataclass(frozen=True, slots=True)
class ToEnrol:
    """Who is to be enrolled. `anyway`: a shared telephone or a face that is known is meant.

    `by` is who writes it down, as given.
    """

    card: Card = field(repr=False)
    consent: Consent = field(repr=False)
    by: str
    anyway: bool = False


@dataclass(frozen=True, slots=True)
class Enrolled:
    """The answer of a piece of work: the new person's number (0 for a check), or why not."""

    person: int = 0
    fault: FaultError | None = None


class Enroller:
    """At most one piece of work at a time. No call waits; with `threaded` a thread of its own works.

    `keys` gives the keys and raises `FaultError`; `network` and `points` belong to the network that makes the
    templates.
    """

    def __init__(
        self, data: Path, keys: Callable[[], KeyRing], network: str, points: Points, *, threaded: bool
    ) -> None:
        self._folder: Final = GalleryFolder(data)
        self._keys = keys
        self.network: Final = network
        self.points: Final = points
        self._threaded = threaded
        self._answer: Enrolled | None = None
        self._working: threading.Thread | None = None

    def alike(self, template: Template, others: Sequence[Template]) -> bool:
        """Whether it is of the person whom the others show, as at a claim."""
        return likeness(template, others) >= self.points.same

    @property
    def works(self) -> bool:
        """A piece of work is under way, or its answer was not taken."""
        return self._working is not None or self._answer is not None

    def check(self, wanted: ToEnrol) -> None:
        """Whether key and gallery are there and the card is free. FaultError: no thread, or one works."""
        self._begin(lambda: self._check(wanted))

    def enrol(self, wanted: ToEnrol, samples: tuple[Sample, ...], least: Numbers) -> None:
        """Write it. `least`: what the kiosk's record knows of the gallery's numbers."""
        self._begin(lambda: self._enrol(wanted, samples, least))

    def answer(self) -> Enrolled | None:
        """What came of it, once."""
        if self._working is not None and not self._working.is_alive():
            self._working.join()
            self._working = None
        if self._working is not None:
            return None
        answer, self._answer = self._answer, None
        return answer

    def _begin(self, work: Callable[[], int]) -> None:
        if self.works:
            raise FaultError("gallery_busy", "an enrolment is being written")

        def run() -> None:
            try:
                self._answer = Enrolled(work())
            except FaultError as fault:
                self._answer = Enrolled(fault=fault)
            except OSError as error:
                why = FaultError("file_unusable", f"{error.filename or ''}: {error.strerror}")
                self._answer = Enrolled(fault=why)
            except Exception as error:  # a mistake here must keep nobody else from being enrolled
                self._answer = Enrolled(fault=FaultError("file_unusable", type(error).__name__))

        if not self._threaded:
            run()
            return
        thread = threading.Thread(target=run, name="enrol", daemon=True)
        try:
            thread.start()
        except (RuntimeError, MemoryError):
            raise FaultError("gallery_busy", "the system has no thread to give now") from None
        self._working = thread

    def _check(self, wanted: ToEnrol) -> int:
        check_free(self._folder.read(self._keys()).people, wanted.card, None, anyway=wanted.anyway)
        return 0

    def _enrol(self, wanted: ToEnrol, samples: tuple[Sample, ...], least: Numbers) -> int:
        taken = Taken(self.network, samples)
        with self._folder.writing():
            register = Register(self._folder, self._keys(), wanted.by, least=least)
            check_free(register.people, wanted.card, None, anyway=wanted.anyway)
            check_new(register.people, taken, None, self.points, anyway=wanted.anyway)
            return register.enrol(wanted.card, taken, wanted.consent).number
