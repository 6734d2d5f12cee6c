"""What a fake modem can be and what can be the matter with it, as data."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

FAULTS: Final = MappingProxyType(
    {
        "absent": "the port is not there",
        "mute": "nothing is answered",
        "noise": "random bytes, broken UTF-8 and half lines between the answers",
        "drop": "three lines in ten are lost",
        "slow": "every answer takes 2 s longer, the network 12 s",
        "late": "the network answers after 45 s",
        "reboot_loop": "restarts every 30 s",
        "silent_reboot": "restarts at every text, without a word",
        "brown_out": "restarts for lack of current when a text goes out",
        "sim_busy": "the card is busy",
        "no_sim": "no card",
        "wrong_pin": "the card wants a PIN and takes none",
        "unregistered": "no network",
        "denied": "the network refuses the card",
        "storage_full": "the message storage is full",
        "no_smsc": "the card has no number of an SMS centre",
        "no_credit": "the network bars texts for lack of credit",
        "duplicate": "every answer comes twice",
        "wrong_reply": "every command gets the answer to the one before",
        "off": "switched off, until its key is pressed or its supply cut",
        "no_ok": "the closing OK is missing",
        "no_prompt": "does not ask for the text",
        "half_line": "every third answer breaks off in the middle",
        "echo": "echoes whatever was set",
        "unsaid": "the network takes the text, the answer is lost",
        "undelivered": "texts are taken and never reach the phone",
        "slow_start": "restarts, and takes no text command for 40 s after each start (CME 3)",
        "late_network": "restarts, has no network for 60 s after each start, takes no text command before",
        "verbose": "tells errors in words, whatever was set",
        "e0_refused": "answers ERROR to ATE0Q0V1",
        "radio_off": "its radio is off (CFUN 4) until it is switched on; a restart does not help",
        "asleep": "all of it is off (CFUN 0), and no card seen, until it is switched on",
        "slow_list": "lists what is stored slowly: 8 s before the first, 2 s from one to the next",
        "no_notice": "takes neither AT+CNMI nor AT+CPMS, and tells of no text",
        "other_storage": "puts texts and reports into other storages than it was told",
        "no_delete": "deletes no stored text",
        "damaged": "19 stored texts cannot be read",
        "very_late": "the network answers after 90 s; other commands are answered meanwhile",
        "stale_report": "each text is followed by the report that an old one with its reference failed",
        "pin2": "the card wants its second PIN",
        "net_locked": "the modem is locked to another network's cards",
        "no_ucs2": 'takes no AT+CSCS="UCS2"',
    }
)
"""Every fault by name, and `cms:N` beside them: the network answers +CMS ERROR: N."""


@dataclass(frozen=True, slots=True)
class FakeProfile:
    """How one family behaves, as data. Times in seconds; `chatter` are lines that come by themselves.

    `text_only`: it takes no PDUs.
    """

    model: str
    banner: tuple[str, ...]
    chatter: tuple[str, ...]
    chatter_s: float
    reply_s: float
    network_s: float
    boot_s: float
    register_s: float
    answers: tuple[tuple[str, str], ...] = ()
    text_only: bool = False


FAKE_PROFILES: Final = MappingProxyType(
    {
        "sim800": FakeProfile(
            "SIMCOM_SIM800L",
            ("RDY", "+CFUN: 1", "+CPIN: READY", "Call Ready", "SMS Ready"),
            ('*PSUTTZ: 2026,3,1,10,0,0,"+22",0', "DST: 0", "RING", "+CREG: 1"),
            7.0,
            0.02,
            2.5,
            4.0,
            3.0,
            (("AT+CBC", "+CBC: 0,86,4012"), ("AT+SPIC", "+SPIC: {tries},10,0,0")),
        ),
        "sim7600": FakeProfile(
            "SIMCOM_SIM7600E-H",
            ("*ATREADY: 1", "+CPIN: READY", "SMS DONE", "PB DONE"),
            ('+CREG: 1,"1A2B","01C3D4E5"', "+CGEV: ME PDN ACT 1", "RING"),
            9.0,
            0.01,
            1.5,
            9.0,
            5.0,
            (("AT+CBC", "+CBC: 4.012V"), ("AT+SPIC", "+SPIC: {tries},10,0,0")),
        ),
        "quectel": FakeProfile(
            "EC25",
            ("RDY", "+CPIN: READY", "+QUSIM: 1", "+QIND: SMS DONE", "+QIND: PB DONE"),
            ('+QIND: "csq",21,99', "RING", "+CREG: 1"),
            8.0,
            0.01,
            1.5,
            8.0,
            4.0,
            (("AT+CBC", "+CBC: 0,88,3912"), ('AT+QPINC="SC"', '+QPINC: "SC",{tries},10')),
        ),
        "huawei": FakeProfile(
            "E3372",
            ("^SIMST:1", "^SRVST:2"),
            ("^RSSI:18", "^BOOT:22013280,0,0,0,6", '^HCSQ:"LTE",45,40,121,20', "^MODE:5,4", "+CREG: 1"),
            3.0,
            0.01,
            2.0,
            8.0,
            5.0,
            (("AT^CPIN?", "^CPIN: READY,,10,{tries},10,3"),),
        ),
        "generic": FakeProfile("MODEM", ("RDY",), ("RING", "+CREG: 1"), 11.0, 0.02, 2.5, 5.0, 3.0),
        "generic_text": FakeProfile(
            "MODEM-T", ("RDY",), ("RING", "+CREG: 1"), 11.0, 0.02, 2.5, 5.0, 3.0, text_only=True
        ),
    }
)
