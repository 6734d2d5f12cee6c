"""Cards on the bench: machines that claim them, and the people of the staged cabin enrolled with them.

A card's token is the first name of its owner, whose templates the real networks make of the staged person, so
that `claim anna` goes the whole way: line, gallery, eyes, judge, table. Everything lies in the bench's folder
and goes with it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from edge.identity.key import key_text, new_key, read_keys
from edge.identity.likeness import network_name
from edge.identity.person import Consent, Person, Pose, Sample
from edge.identity.register import Card, Register, Taken
from edge.identity.store import GalleryFolder
from edge.loop.happening import Happening
from edge.messages.texts import code_in
from edge.settings.load import changed
from edge.settings.places import model_dir
from edge.settings.schema import Settings
from edge.settings.secrets import Secret, read_secret
from edge.terms.record import Recipient
from edge.vision.face.embed import Embedder
from edge.vision.face.faces import Faces
from hw.bench import FakeMachine, FakeModem, KeptMachine, StagedCabin, SteppedAtm
from hw.ports import Clock

PHONES: Final[Mapping[str, str]] = {"anna": "+15550110", "george": "+15550111"}
"""Who is enrolled on a bench, and their telephones, of the fictional range."""

OWNERS: Final = dict.fromkeys(PHONES.values(), Recipient.OWNER)
"""Whose telephones these are."""

TemplatesOf = Callable[[str, Path], tuple[Sample, ...]]

_POSES: Final = (Pose.STRAIGHT, Pose.LEFT, Pose.RIGHT)
_STEP_S: Final = 0.4
_TRIES: Final = 8
"""So many frames are looked at for the template of one pose."""

_CONSENT: Final = Consent("bench", "en", "00" * 32, "2026-01-01T08:00:00Z", "the bench", "option")  # type: ignore[arg-type]


class _StagedClock:
    """Moves from look to look, while an enrolment is staged before the bench begins."""

    boot = "bench"

    def __init__(self) -> None:
        self.at_s = 0.0

    def now_s(self) -> float:
        return self.at_s

    def wall_s(self) -> float:
        return self.at_s

    def wall_true(self) -> bool:
        return False


class Cards:
    """The machines of one desk and the cards that work in them; both outlive its power cuts.

    `settings` are those of the desk at each start, `folder` its data; `templates` make somebody's;
    `phone` has everybody's telephones behind it.
    """

    def __init__(self, folder: Path, templates: TemplatesOf, phone: FakeModem) -> None:
        self._folder = folder
        self._templates = templates
        self._phone = phone
        self._last_heard: dict[str, object] = {}
        self._machines: dict[str, FakeMachine] = {}

    def with_key(self, settings: Settings) -> Settings:
        """With a key for the gallery and everybody enrolled, where the settings name no key themselves."""
        if not settings.identity.enabled or read_secret(settings, Secret.GALLERY) is not None:
            return settings
        file = self._folder / "gallery-key"
        fresh = not file.exists()
        if fresh:
            file.touch(mode=0o600)
            file.write_text(key_text(new_key()))
        settings = changed(settings, f"identity.key_file={file.absolute()}")
        for name in PHONES if fresh else ():
            self.enrol(settings, name)
        return settings

    def line(self, settings: Settings, clock: Clock) -> SteppedAtm | None:
        """The line to the machines that the settings name; None where nobody is asked whose card it is."""
        if not settings.identity.enabled:
            return None
        for number, name in enumerate(settings.atm.machines):
            if name not in self._machines:
                self._machines[name] = FakeMachine(name, bytes([number]) * 32)
        return SteppedAtm([self._machines[name] for name in settings.atm.machines], clock)

    def kept(self) -> tuple[KeptMachine, ...]:
        """What of the machines outlives the kiosk."""
        return tuple(machine.kept() for machine in self._machines.values())

    def restore(self, machines: Sequence[KeptMachine]) -> None:
        """Before the first start: the machines that were kept."""
        for number, kept in enumerate(machines):
            machine = self._machines[kept.name] = FakeMachine(kept.name, bytes([number]) * 32)
            machine.restore(kept)

    def heard(self, now_s: float) -> list[Happening]:
        """What the machines were told since the last call."""
        found: list[Happening] = []
        for name, machine in self._machines.items():
            fresh = _after(machine.heard, self._last_heard.get(name))
            if fresh:
                self._last_heard[name] = fresh[-1]
            found += [
                Happening(now_s, "machine", {"machine": name, "said": _in_words(said)}) for said in fresh
            ]
        return found

    def enrol(self, settings: Settings, name: str) -> None:
        """A card for somebody of the staged cabin. ValueError for others, and who has one."""
        if name not in PHONES:
            raise ValueError(f"only {' and '.join(PHONES)} can have cards here")
        folder = GalleryFolder(self._folder)
        with folder.writing():
            register = Register(folder, read_keys(settings), "bench")
            if any(person.token == name for person in register.people):
                raise ValueError(f"{name} has a card already")
            models = model_dir(settings)
            taken = Taken(network_name(models), self._templates(name, models))
            card = Card(name, name, PHONES[name], settings.cabin.language)
            register.enrol(card, taken, _CONSENT)

    def remove(self, settings: Settings, name: str) -> None:
        """Their card works no more, and they are forgotten. ValueError for who has none."""
        folder = GalleryFolder(self._folder)
        with folder.writing():
            register = Register(folder, read_keys(settings), "bench")
            found: list[Person] = [person for person in register.people if person.token == name]
            if not found:
                raise ValueError(f"{name} has no card")
            register.remove([person.number for person in found])

    @property
    def machines(self) -> tuple[FakeMachine, ...]:
        """Every machine that has been on the line."""
        return tuple(self._machines.values())

    def machine(self, name: Sequence[str]) -> FakeMachine:
        """The machine of that name, the first without one. ValueError where there is none."""
        if not self._machines:
            raise ValueError("no machine says whose card it has: set identity.enabled=true")
        wanted = name[0] if name else next(iter(self._machines))
        if wanted not in self._machines:
            raise ValueError(f"there is no machine {wanted}; atm.machines has the names")
        return self._machines[wanted]

    def texts(self) -> list[str]:
        """What the telephones of the cards' owners received."""
        return [text.text for text in self._phone.texts if text.number in OWNERS]

    @property
    def last_owner(self) -> str:
        """The number of the owner who got the last text; the first one's before any."""
        numbers = [text.number for text in self._phone.texts if text.number in OWNERS]
        return numbers[-1] if numbers else next(iter(OWNERS))

    def spell(self, digits: str) -> str:
        """The digits to type for `CODE`, the code that the owner got last, `PREVIOUS` and `WRONG`.

        ValueError for a previous code that never came.
        """
        codes = codes_in(self.texts())
        code = codes[-1] if codes else "000000"
        before = codes[-2] if len(codes) > 1 else code
        if "PREVIOUS" in digits and len(codes) < 2:
            raise ValueError("no code came before the last one")
        wrong = "".join(str((int(digit) + 1) % 10) for digit in code)
        return digits.replace("CODE", code).replace("PREVIOUS", before).replace("WRONG", wrong)


def _after(heard: Iterable[Mapping[str, object]], last: object) -> list[Mapping[str, object]]:
    """What came after the one that was heard last; all where that one is gone."""
    fresh: list[Mapping[str, object]] = []
    for said in heard:
        fresh.append(said)
        if said is last:
            fresh.clear()
    return fresh


def _in_words(said: Mapping[str, object]) -> str:
    """`permit on verified`, `ask face`, `refused no_claim`."""
    words = [value for value in said.values() if isinstance(value, str | bool)]
    return " ".join(word if isinstance(word, str) else "on" if word else "off" for word in words)


def codes_in(texts: Sequence[str]) -> list[str]:
    """The codes in these texts, each once, the newest last."""
    found: list[str] = []
    for text in texts:
        code = code_in(text)
        if code is not None and found[-1:] != [code]:
            found.append(code)
    return found


@functools.cache
def templates_of(name: str, models: Path) -> tuple[Sample, ...]:
    """Templates of somebody of the staged cabin in three poses, by the real networks. Raises `ModelFault`."""
    clock = _StagedClock()
    camera = StagedCabin(clock)
    faces, embedder = Faces(models), Embedder.open(models)
    camera.do(f"enter {name}", 0.0)
    clock.at_s = 3.0
    found: list[Sample] = []
    for pose in _POSES:
        camera.do("turn front" if pose is Pose.STRAIGHT else f"turn {pose.value}", clock.at_s)
        for _ in range(_TRIES):
            clock.at_s += _STEP_S
            frame = camera.read()
            look = embedder.look(frame, faces(frame.grey))
            if look.template is not None:
                found.append(Sample(look.template.numbers, pose))
                break
    return tuple(found)
