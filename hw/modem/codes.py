"""The numbers with which a modem or the network says no, in words, with what to do about each.

Numbers and meanings: 3GPP TS 27.005, 3.2.5 (CMS), TS 24.011 annex E (CMS 1 to 127, from the network),
TS 23.040, 9.2.3.22 (CMS 128 to 255), TS 27.007, 9.2 (CME). The words are ours; `_CMS_SAID` and `_CME_SAID`
have the standards' own, as modems say them that give no numbers. The two families number the same words
differently.
"""

from __future__ import annotations

import re
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
    192: _retry("SMS centre busy"),
    193: _retry("no subscription with this SMS centre", Trouble.NO_SMSC),
    194: _retry("SMS centre failed"),
    195: _final("number not valid to the SMS centre"),
    196: _final("number barred by the SMS centre"),
    197: _retry("SMS centre took it for a duplicate"),
    208: _retry("storage of the SIM card full"),
    212: _retry("SIM card's own programs busy", Trouble.BUSY),
    300: _retry("modem failure"),
    301: _retry("modem keeps the message service for itself", Trouble.BUSY),
    302: _retry("modem does not allow it now"),
    303: _retry("modem does not support it"),
    304: _retry("modem found the message malformed"),
    305: _retry("modem found the text malformed"),
    310: _retry("no SIM card", Trouble.NO_SIM),
    311: _retry("SIM card wants its PIN", Trouble.PIN_WANTED),
    312: _retry("modem is locked to another SIM card", Trouble.LOCKED),
    313: _retry("SIM card failed", Trouble.NO_SIM),
    314: _retry("SIM card busy", Trouble.BUSY),
    315: _retry("wrong SIM card", Trouble.NO_SIM),
    316: _retry("SIM card wants its PUK", Trouble.PIN_WRONG),
    317: _retry("SIM card wants its second PIN"),
    318: _retry("SIM card wants its second PUK"),
    320: _retry("message storage failed"),
    321: _retry("no such place in the message storage"),
    322: _retry("message storage full"),
    330: _retry("number of the SMS centre missing or wrong", Trouble.NO_SMSC),
    331: _retry("no network", Trouble.NOT_REGISTERED),
    332: _retry("network did not answer in time"),
    340: _retry("modem expected no receipt"),
    500: _retry("refused for an unknown reason"),
}

CME: Final[dict[int, Meaning]] = {
    0: _retry("modem failure"),
    3: _retry("modem does not allow it now"),
    4: _retry("modem does not support it"),
    5: _retry("modem is locked to another SIM card", Trouble.LOCKED),
    6: _retry("modem is locked to its first SIM card", Trouble.LOCKED),
    7: _retry("modem is locked to its first SIM card", Trouble.LOCKED),
    10: _retry("no SIM card", Trouble.NO_SIM),
    11: _retry("SIM card wants its PIN", Trouble.PIN_WANTED),
    12: _retry("SIM card wants its PUK", Trouble.PIN_WRONG),
    13: _retry("SIM card failed", Trouble.NO_SIM),
    14: _retry("SIM card busy", Trouble.BUSY),
    15: _retry("wrong SIM card", Trouble.NO_SIM),
    16: _final("wrong PIN", Trouble.PIN_WRONG),
    17: _retry("SIM card wants its second PIN"),
    18: _retry("SIM card wants its second PUK"),
    20: _retry("memory full"),
    21: _retry("no such place in the memory"),
    22: _retry("not found"),
    23: _retry("memory failed"),
    30: _retry("no network", Trouble.NOT_REGISTERED),
    31: _retry("network did not answer in time"),
    32: _retry("network allows emergency calls only", Trouble.DENIED),
    **{
        number: _retry("modem is locked to another network or operator", Trouble.LOCKED)
        for number in range(40, 48)
    },
    48: _retry("modem wants a hidden key", Trouble.LOCKED),
    50: _retry("wrong parameters"),
    100: _retry("refused for an unknown reason"),
    515: _retry("modem still starting", Trouble.BUSY),
}

_CMS_SAID: Final = {
    "UNASSIGNED NUMBER": 1,
    "UNASSIGNED (UNALLOCATED) NUMBER": 1,
    "OPERATOR DETERMINED BARRING": 8,
    "CALL BARRED": 10,
    "NETWORK FAILURE": 17,
    "SHORT MESSAGE TRANSFER REJECTED": 21,
    "MEMORY CAPACITY EXCEEDED": 22,
    "DESTINATION OUT OF SERVICE": 27,
    "DESTINATION OUT OF ORDER": 27,
    "UNIDENTIFIED SUBSCRIBER": 28,
    "FACILITY REJECTED": 29,
    "UNKNOWN SUBSCRIBER": 30,
    "NETWORK OUT OF ORDER": 38,
    "TEMPORARY FAILURE": 41,
    "CONGESTION": 42,
    "RESOURCES UNAVAILABLE, UNSPECIFIED": 47,
    "REQUESTED FACILITY NOT SUBSCRIBED": 50,
    "REQUESTED FACILITY NOT IMPLEMENTED": 69,
    "INVALID SHORT MESSAGE TRANSFER REFERENCE VALUE": 81,
    "INVALID MESSAGE, UNSPECIFIED": 95,
    "INVALID MANDATORY INFORMATION": 96,
    "MESSAGE TYPE NON-EXISTENT OR NOT IMPLEMENTED": 97,
    "MESSAGE NOT COMPATIBLE WITH SHORT MESSAGE PROTOCOL STATE": 98,
    "INFORMATION ELEMENT NON-EXISTENT OR NOT IMPLEMENTED": 99,
    "PROTOCOL ERROR, UNSPECIFIED": 111,
    "INTERWORKING, UNSPECIFIED": 127,
    "SC BUSY": 192,
    "NO SC SUBSCRIPTION": 193,
    "SC SYSTEM FAILURE": 194,
    "INVALID SME ADDRESS": 195,
    "DESTINATION SME BARRED": 196,
    "SM REJECTED-DUPLICATE SM": 197,
    "SIM SMS STORAGE FULL": 208,
    "SIM APPLICATION TOOLKIT BUSY": 212,
    "ME FAILURE": 300,
    "PHONE FAILURE": 300,
    "SMS SERVICE OF ME RESERVED": 301,
    "OPERATION NOT ALLOWED": 302,
    "OPERATION NOT SUPPORTED": 303,
    "INVALID PDU MODE PARAMETER": 304,
    "INVALID TEXT MODE PARAMETER": 305,
    "SIM NOT INSERTED": 310,
    "SIM PIN REQUIRED": 311,
    "SIM PIN NECESSARY": 311,
    "PH-SIM PIN REQUIRED": 312,
    "PH-SIM PIN NECESSARY": 312,
    "SIM FAILURE": 313,
    "SIM BUSY": 314,
    "SIM WRONG": 315,
    "SIM PUK REQUIRED": 316,
    "SIM PIN2 REQUIRED": 317,
    "SIM PUK2 REQUIRED": 318,
    "MEMORY FAILURE": 320,
    "INVALID MEMORY INDEX": 321,
    "MEMORY FULL": 322,
    "SMSC ADDRESS UNKNOWN": 330,
    "SMS CENTER ADDRESS UNKNOWN": 330,
    "SMS CENTRE ADDRESS UNKNOWN": 330,
    "NO NETWORK SERVICE": 331,
    "NO NETWORK": 331,
    "NETWORK TIMEOUT": 332,
    "NO +CNMA ACKNOWLEDGEMENT EXPECTED": 340,
    "UNKNOWN ERROR": 500,
    "UNKNOWN": 500,
}
_CME_SAID: Final = {
    "PHONE FAILURE": 0,
    "MT FAILURE": 0,
    "OPERATION NOT ALLOWED": 3,
    "OPERATION NOT SUPPORTED": 4,
    "PH-SIM PIN REQUIRED": 5,
    "PH-FSIM PIN REQUIRED": 6,
    "PH-FSIM PUK REQUIRED": 7,
    "SIM NOT INSERTED": 10,
    "SIM PIN REQUIRED": 11,
    "SIM PIN NECESSARY": 11,
    "SIM PUK REQUIRED": 12,
    "SIM PUK NECESSARY": 12,
    "SIM FAILURE": 13,
    "SIM BUSY": 14,
    "SIM WRONG": 15,
    "INCORRECT PASSWORD": 16,
    "SIM PIN2 REQUIRED": 17,
    "SIM PUK2 REQUIRED": 18,
    "MEMORY FULL": 20,
    "INVALID INDEX": 21,
    "NOT FOUND": 22,
    "MEMORY FAILURE": 23,
    "NO NETWORK SERVICE": 30,
    "NO NETWORK": 30,
    "NETWORK TIMEOUT": 31,
    "NETWORK NOT ALLOWED - EMERGENCY CALLS ONLY": 32,
    "NETWORK NOT ALLOWED, EMERGENCY CALLS ONLY": 32,
    "EMERGENCY CALLS ONLY": 32,
    "NETWORK PERSONALIZATION PIN REQUIRED": 40,
    "NETWORK PERSONALIZATION PUK REQUIRED": 41,
    "NETWORK SUBSET PERSONALIZATION PIN REQUIRED": 42,
    "NETWORK SUBSET PERSONALIZATION PUK REQUIRED": 43,
    "SERVICE PROVIDER PERSONALIZATION PIN REQUIRED": 44,
    "SERVICE PROVIDER PERSONALIZATION PUK REQUIRED": 45,
    "CORPORATE PERSONALIZATION PIN REQUIRED": 46,
    "CORPORATE PERSONALIZATION PUK REQUIRED": 47,
    "HIDDEN KEY REQUIRED": 48,
    "INCORRECT PARAMETERS": 50,
    "INVALID INPUT VALUE": 50,
    "UNKNOWN ERROR": 100,
    "UNKNOWN": 100,
}


def said_code(family: str, words: str) -> int | None:
    """The number, in its own family, of an error told in words; None for words that are unknown."""
    said = _CMS_SAID if family == "CMS" else _CME_SAID
    plain = re.sub(r"\(U\)SIM|\bUSIM\b", "SIM", words.upper())
    return said.get(" ".join(plain.split()).strip(" ."))


def meaning(family: str, code: int | None) -> Meaning:
    """What an error means. `family` is `CMS`, `CME`, or empty for a bare ERROR."""
    if code is None:
        return _retry(f"{family} error in words that nobody knows" if family else "ERROR without a number")
    known = (CMS if family == "CMS" else CME).get(code)
    if known is None:
        known = _retry("refused by the modem's maker's own code" if code >= 512 else "refused")
    return Meaning(f"{family} {code}: {known.words}", known.trouble, known.retryable)
