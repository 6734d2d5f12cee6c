"""What a person agrees to before being enrolled, word for word, in every language and every version.

A version that was ever shown stays: what somebody agreed to has to be readable for as long as it counts. Its
hash goes into the gallery with the consent, so no later change of a word can pass for what was agreed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from edge.words.language import LanguageName

NEWEST: Final = "1"


@dataclass(frozen=True, slots=True)
class ConsentText:
    """`text` is agreed to by all, `pictures` besides where the pictures are kept as well."""

    text: str
    pictures: str


_FIRST_EN: Final = ConsentText(
    "I agree that my face is measured from some pictures, and that the measurements (templates) are "
    "stored encrypted in the guard of this machine, together with my name, the pseudonym of my card "
    "and my telephone number. They are used for one thing: when my card is put in, the guard checks "
    "whether I am standing there. Nobody is searched for among others. A photograph that is taken "
    "when such a check fails is kept as other pictures of incidents are. I need not agree: then the "
    "machine is used in the way that its owner offers instead. I can see and take with me what is "
    "stored, have it renewed, and withdraw at any time: then it is deleted at once. That it was "
    "deleted and when is kept, under a number.",
    "I also agree that the pictures themselves are stored encrypted, so that I need not come again "
    "when the guard measures faces in a new way.",
)

_FIRST_DE: Final = ConsentText(
    "Ich willige ein, dass mein Gesicht anhand einiger Bilder vermessen wird und dass die Messwerte "
    "(Templates) verschlüsselt im Wächter dieses Automaten gespeichert werden, zusammen mit meinem "
    "Namen, dem Pseudonym meiner Karte und meiner Telefonnummer. Sie dienen einem einzigen Zweck: "
    "Wird meine Karte eingesteckt, prüft der Wächter, ob ich dort stehe. Niemand wird unter anderen "
    "gesucht. Ein Foto, das bei einer misslungenen Prüfung entsteht, wird wie andere Bilder von "
    "Vorfällen aufbewahrt. Ich muss nicht einwilligen: Dann wird der Automat so benutzt, wie sein "
    "Betreiber es stattdessen anbietet. Ich kann sehen und mitnehmen, was gespeichert ist, es "
    "erneuern lassen und jederzeit widerrufen: Dann wird es sofort gelöscht. Aufbewahrt wird unter "
    "einer Nummer, dass und wann es gelöscht wurde.",
    "Ich willige auch ein, dass die Bilder selbst verschlüsselt gespeichert werden, damit ich nicht "
    "noch einmal kommen muss, wenn der Wächter Gesichter auf neue Weise vermisst.",
)

_FIRST_HI: Final = ConsentText(
    "मैं सहमति देता/देती हूँ कि कुछ चित्रों से मेरे चेहरे का माप लिया जाए और यह माप (टेम्पलेट) मेरे "
    "नाम, मेरे कार्ड के छद्म नाम और मेरे टेलीफ़ोन नंबर के साथ इस मशीन के रक्षक में कूटबद्ध रखा जाए। "
    "इनका उपयोग केवल एक काम के लिए होगा: जब मेरा कार्ड डाला जाए, तब रक्षक जाँचे कि वहाँ मैं ही "
    "खड़ा/खड़ी हूँ। किसी को दूसरों के बीच नहीं खोजा जाता। ऐसी जाँच विफल होने पर लिया गया चित्र "
    "घटनाओं के दूसरे चित्रों की तरह रखा जाता है। सहमति देना ज़रूरी नहीं है: तब मशीन का उपयोग उस तरह "
    "होगा जो इसके मालिक ने बदले में रखा है। जो रखा गया है उसे मैं देख सकता/सकती हूँ, साथ ले जा "
    "सकता/सकती हूँ, नया करवा सकता/सकती हूँ और कभी भी सहमति वापस ले सकता/सकती हूँ: तब वह तुरंत मिटा "
    "दिया जाएगा। केवल यह कि मिटाया गया और कब, एक संख्या के साथ रखा जाता है।",
    "मैं यह भी सहमति देता/देती हूँ कि चित्र भी कूटबद्ध रखे जाएँ, ताकि जब रक्षक चेहरों को नए ढंग से मापे तब मुझे फिर न आना पड़े।",
)

_VERSIONS: Final[Mapping[str, Mapping[LanguageName, ConsentText]]] = MappingProxyType(
    {
        "1": MappingProxyType(
            {
                LanguageName.EN: _FIRST_EN,
                LanguageName.DE: _FIRST_DE,
                LanguageName.HI: _FIRST_HI,
            }
        )
    }
)


def consent_versions() -> tuple[str, ...]:
    return tuple(_VERSIONS)


def consent_text(version: str, language: LanguageName, *, pictures: bool) -> str:
    """The words that are agreed to. KeyError for a version that never was."""
    found = _VERSIONS[version][language]
    return f"{found.text} {found.pictures}" if pictures else found.text


def consent_sha256(version: str, language: LanguageName, *, pictures: bool) -> str:
    """The hash that is recorded with a consent, of the words in UTF-8."""
    return hashlib.sha256(consent_text(version, language, pictures=pictures).encode()).hexdigest()
