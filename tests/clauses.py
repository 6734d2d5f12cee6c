"""The clauses that the page on compliance has to answer, by the numbers of each text. Where they come from:

- Regulation (EU) 2024/2847, Annex I, Art. 13 and 14, in the Official Journal.
- ETSI EN 303 645 V3.1.3 (2024-09), table B.1; free at ETSI.
- IEC 62443-4-2:2019: makers' public tables of conformity list its numbers and titles for embedded devices.
- IEC 62676-4:2014: chapters as BSI's page on it lists them.
- EN 50131-1:2006 + A1:2009, 8.10: what public summaries say is recorded, in our groups.
- GDPR, DPDP Act: the sections with duties of who decides on the data, or rights of people.
- RBI: the lettered items of the two circulars, as they were published.
- PCI DSS 4.0.1: every numbered requirement of 9, and 3.3.1.3.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final


def _run(head: str, last: int, first: int = 1) -> Iterator[str]:
    return (f"{head}{number}" for number in range(first, last + 1))


def _letters(head: str, last: str) -> Iterator[str]:
    return (f"{head}({chr(code)})" for code in range(ord("a"), ord(last) + 1))


def _etsi() -> Iterator[str]:
    """Table B.1: how many provisions each section has, and those that version 3 split or put in between."""
    counted = {1: 5, 2: 3, 3: 16, 4: 4, 5: 8, 6: 9, 7: 2, 8: 3, 9: 3, 10: 1, 11: 4, 12: 3, 13: 1}
    split = {"5.3-4", "5.3-6", "5.3-15", "5.6-4", "5.13-1", "6-3"}
    plain = [
        "5.0-1",
        *(f"5.{one}-{number}" for one, count in counted.items() for number in range(1, count + 1)),
    ]
    for name in [*plain, *_run("6-", 8)]:
        yield from (f"{name}A", f"{name}B") if name in split else (name,)
        if name == "5.1-2":
            yield "5.1-2A"


def _iec() -> Iterator[str]:
    """Seven foundational requirements, without those of network devices alone and of no component."""
    counted = {1: 14, 2: 13, 3: 14, 4: 3, 5: 1, 6: 2, 7: 8}
    elsewhere = {"1.6", "1.13", "2.3", "7.5"}
    embedded = {"2.4", "2.13", "3.2", "3.10", "3.11", "3.12", "3.13", "3.14"}
    yield from _run("CCSC ", 4)
    for group, count in counted.items():
        for name in _run(f"{group}.", count):
            if name not in elsewhere:
                yield f"{'EDR' if name in embedded else 'CR'} {name}"


CLAUSES: Final[Mapping[str, tuple[str, ...]]] = {
    "EU Cyber Resilience Act: Annex I": ("I 1", *_letters("I 2", "m"), *_run("II ", 8)),
    "EU Cyber Resilience Act: Articles 13 and 14": (
        *(f"13({number})" for number in range(1, 24)),
        *("14(1)", *_letters("14(2)", "c"), "14(3)", *_letters("14(4)", "c")),
        *(f"14({number})" for number in range(5, 9)),
    ),
    "ETSI EN 303 645": tuple(_etsi()),
    "IEC 62443-4-2": tuple(_iec()),
    "IEC 62676-4": (
        "4",
        *("5 objective", "5 limits", "5 site", "5 activity", "5 picture", "5 period", "5 conditions"),
        *("5 resilience", "5 storage", "5 export", "5 routine", "5 response", "5 workload", "5 training"),
        *("5 expansion", *_run("", 10, 6), "commissioning", "documents", "maintenance"),
    ),
    "EN 50131-1, event recording": (
        *("capacity", "endurance", "date and time", "accuracy", "protection", "overflow"),
        *("set and unset", "user", "intruder", "hold-up", "tamper", "masking", "fault", "wires", "supply"),
        *("transmission", "inhibit", "settings", "clock set", "engineer"),
    ),
    "GDPR": (
        *_letters("5(1)", "f"),
        *("5(2)", "6", "7", "9"),
        *_run("", 22, 12),
        *("24", "25", "26", "28", "30"),
        *_run("", 37, 32),
        "44",
    ),
    "DPDP Act": (*_run("", 7, 4), *(f"8({number})" for number in range(1, 11)), *_run("", 14, 9), "16"),
    "RBI": (
        *("2018 a BIOS", "2018 a USB", "2018 a autorun", "2018 a patches", "2018 a terminal security"),
        *("2018 a admin access", "2018 b skimming", "2018 b whitelist", "2018 c system"),
        *("2019 OTC", "2019 grouting", "2019 e-surveillance"),
    ),
    "PCI": (
        *("camera and PIN", "camera and card", "3.3.1.3"),
        *("9.1.1", "9.1.2", "9.2.1", "9.2.1.1", "9.2.2", "9.2.3", "9.2.4"),
        *("9.3.1", "9.3.1.1", "9.3.2", "9.3.3", "9.3.4"),
        *("9.4.1", "9.4.1.1", "9.4.1.2", "9.4.2", "9.4.3", "9.4.4", "9.4.5", "9.4.5.1", "9.4.6", "9.4.7"),
        *("9.5.1", "9.5.1.1", "9.5.1.2", "9.5.1.2.1", "9.5.1.3"),
    ),
}
"""By the headings of the page, in the order of each text."""
