"""The numbers with which a modem or the network says no, in words, with what to do about each.

Numbers and meanings: 3GPP TS 27.005, 3.2.5 (CMS), TS 24.011 annex E (CMS 1 to 127, from the network),
TS 27.007, 9.2 (CME). The words are ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hw.ports import ModemTrouble as Trouble


@dataclass(frozen=True, slots=True)
class Meaning:
    """`retryable`: the same text may well go through a little later."""

    words: str
    trouble: Trouble
    retryable: bool


def _retry(words: str, trouble: Trouble = Trouble.REFUSED) -> Meaning:
    return Meaning(words, trouble, True)


def _final(words: str, trouble: Trouble = Trouble.REFUSED) -> Meaning:
    return Meaning(words, trouble, False)


CMS: Final[dict[int, Meaning]] = {
    1: _final("number not assigned"),
    8: _retry("barred by the operator, often for lack of credit", Trouble.NO_CREDIT),
    10: _retry("outgoing texts barred for this card", Trouble.NO_CREDIT),
    17: _retry("network failure"),
    21: _retry("text rejected by the network, often for lack of credit", Trouble.NO_CREDIT),
    22: _retry("network congested"),
    27: _retry("destination out of service"),
    28: _final("subscriber not identified"),
    29: _final("facility rejected"),
    30: _final("unknown subscriber"),
    38: _retry("network out of order"),
    41: _retry("temporary failure of the network"),
    42: _retry("network congested"),
    47: _retry("network has no resources"),
    50: _retry("texts not subscribed, or no credit", Trouble.NO_CREDIT),
    69: _final("facility not implemented by the network"),
    81: _retry("invalid message reference"),
    95: _final("invalid message"),
    96: _final("invalid mandatory information"),
    97: _final("message type unknown to the network"),
    98: _retry("message does not fit the state of the network"),
    99: _final("information element unknown to the network"),
    111: _retry("protocol error"),
    127: _retry("interworking with the other network failed"),
    300: _retry("modem failure"),
    301: _retry("modem keeps the message service for itself", Trouble.BUSY),
    302: _retry("modem does not allow it now"),
    303: _final("modem does not support it"),
    304: _final("modem found the message malformed"),
    305: _final("modem found the text malformed"),
    310: _retry("no SIM card", Trouble.NO_SIM),
    311: _retry("SIM card wants its PIN", Trouble.PIN_WANTED),
    312: _retry("SIM card is tied to another telephone", Trouble.PIN_WANTED),
    313: _retry("SIM card failed", Trouble.NO_SIM),
    314: _retry("SIM card busy", Trouble.BUSY),
    315: _retry("wrong SIM card", Trouble.NO_SIM),
    316: _retry("SIM card wants its PUK", Trouble.PIN_WRONG),
    320: _retry("message storage failed"),
    321: _final("no such place in the message storage"),
    322: _retry("message storage full"),
    330: _retry("number of the SMS centre missing or wrong", Trouble.NO_SMSC),
    331: _retry("no network", Trouble.NOT_REGISTERED),
    332: _retry("network did not answer in time"),
    500: _retry("refused for an unknown reason"),
}

CME: Final[dict[int, Meaning]] = {
    3: _retry("modem does not allow it now"),
    4: _final("modem does not support it"),
    10: _retry("no SIM card", Trouble.NO_SIM),
    11: _retry("SIM card wants its PIN", Trouble.PIN_WANTED),
    12: _retry("SIM card wants its PUK", Trouble.PIN_WRONG),
    13: _retry("SIM card failed", Trouble.NO_SIM),
    14: _retry("SIM card busy", Trouble.BUSY),
    15: _retry("wrong SIM card", Trouble.NO_SIM),
    16: _final("wrong PIN", Trouble.PIN_WRONG),
    17: _retry("SIM card wants its second PIN", Trouble.PIN_WANTED),
    18: _retry("SIM card wants its second PUK", Trouble.PIN_WRONG),
    20: _retry("memory full"),
    23: _retry("memory failed"),
    30: _retry("no network", Trouble.NOT_REGISTERED),
    31: _retry("network did not answer in time"),
    32: _retry("network allows emergency calls only", Trouble.DENIED),
    50: _final("wrong parameters"),
    100: _retry("refused for an unknown reason"),
    515: _retry("modem still starting", Trouble.BUSY),
}

_VERBOSE: Final = {
    "SIM NOT INSERTED": 10,
    "SIM PIN REQUIRED": 11,
    "SIM PUK REQUIRED": 12,
    "SIM FAILURE": 13,
    "SIM BUSY": 14,
    "SIM WRONG": 15,
    "INCORRECT PASSWORD": 16,
    "NO NETWORK SERVICE": 30,
    "NETWORK TIMEOUT": 31,
}
"""What a modem says that does not take AT+CMEE=1, as CME numbers."""


def verbose_code(words: str) -> int | None:
    """The CME number of an error told in words, None for words that are unknown."""
    return _VERBOSE.get(words.strip().upper())


def meaning(family: str, code: int | None) -> Meaning:
    """What an error means. `family` is `CMS`, `CME`, or empty for a bare ERROR."""
    if code is None:
        return _retry("ERROR without a number")
    known = (CMS if family == "CMS" else CME).get(code)
    if known is None:
        known = _retry("refused by the modem's maker's own code" if code >= 512 else "refused")
    return Meaning(f"{family} {code}: {known.words}", known.trouble, known.retryable)
