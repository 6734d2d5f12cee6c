"""PDUs against published vectors, and back and forth on anything.

Vectors: the worked examples of dreamfabric.com/sms ("hellohello"), the test suite of python-gsmmodem
(LGPL project; only its numbers are used), and the abbreviations of 3GPP TS 23.038 and 23.040.
"""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw.modem import gsm7, pdu

LOREM = (
    "Lorem ipsum dolor sit amet, consectetur adipisicing elit, sed do eiusmod tempor incididunt ut "
    "labore et dolore magna aliqua.Ut enim ad minim veniam, quinostrud exercitation ullamco laboris "
    "nisi ut aliquip ex ea commodo consequat.Duis aute irure dolor in reprehenderit in voluptate "
    "velit esse cillum doloe eu fugiat nulla pariatur.Excepteur sint occaecat cupidatat non "
    "proident, sunt in culpa qui officia deserunt mollit anim id est laborum"
)


@pytest.mark.parametrize(
    ("text", "packed"),
    [
        ("123", "31D90C"),
        ("12345678", "31D98C56B3DD70"),
        ("Hello World!", "C8329BFD065DDF72363904"),
        ("[{abc}]~", "1BDE0615168F37A98D6FD303"),
        ("{åΦΓΛΩΠΨΣΘ€}", "1BD44332A1542C174C6653DEA400"),
        ("a[]{}€", "E10D6FE3DBA036A94D19"),
    ],
)
def test_septets_pack_as_published(text: str, packed: str) -> None:
    assert gsm7.pack(gsm7.encode(text)).hex().upper() == packed
    assert gsm7.decode(gsm7.unpack(bytes.fromhex(packed), len(gsm7.encode(text)))) == text


@pytest.mark.parametrize(
    ("number", "text", "validity_s", "expected"),
    [
        ("+46708251358", "hellohello", 4 * 86_400, "0011000B916407281553F80000AA0AE8329BFD4697D9EC37"),
        ("+27820001111", "Hello World!", None, "0001000B917228001011F100000CC8329BFD065DDF72363904"),
    ],
)
def test_submit_as_published(number: str, text: str, validity_s: float | None, expected: str) -> None:
    [part] = pdu.encode_submit(number, text, validity_s=validity_s)
    assert part.hex == expected
    assert part.length == len(expected) // 2 - 1


def test_long_submit_as_published() -> None:
    """The three parts of python-gsmmodem's example; it sets "reject duplicates" (0x04), which we do not."""
    parts = pdu.encode_submit("+15125551234", LOREM, reference=0)
    starts = (
        "0041000B915121551532F40000A0050003000301986F79B90D4AC3E7F53688FC66BFE5A0799A0E0AB7CB741668FC76CFCB637A995E97",
        "0041000B915121551532F40000A0050003000302DE73BABC4E0695F165F9384D0FD3D36F37A8CE6687DBE337881D16BFE5E939C89D9E",
        "0041000B915121551532F400008C050003000303EA2073FD9C0ED341EE3A9B1D06C1C3F274985E97BB8AF871194E2FD7E5A079DA4D07",
    )
    assert len(parts) == 3
    for part, start in zip(parts, starts, strict=True):
        assert part.hex.startswith(start)
    assert parts[2].hex.endswith("FBCD66A7E9A0B03BDD06A5C9A0F29C0E6287C56F79BD0D")


@pytest.mark.parametrize(
    ("pdu_hex", "number", "text"),
    [
        (
            "07917283010010F5040BC87238880900F10000993092516195800AE8329BFD4697D9EC37",
            "27838890001",
            "hellohello",
        ),
        ("06917228195339040B917228214365F700003130805120618005D4F29C2E03", "+27821234567", "Test2"),
        (
            "06917228195339040B917228214365F70000313062315352800A800D8A5E98D337A910",
            "+27821234567",
            "@{tést}!",
        ),
        (
            "07915892000000F0040B915892214365F700007040213252242331493A283D0795C3F33C88FE06C9CB6132885EC6D341EDF27C1E"
            "3E97E7207B3A0C0A5241E377BB1D7693E72E",
            "+85291234567",
            "It is easy to read text messages via AT commands.",
        ),
        (
            "0591721891F1400781721881F800003160526104848059050003C30101916536FB1DCABEEB2074D85E064941B19CAB060319A5C5"
            "22289C96D3D3ED32286C0FA7D96131BBEC024941B19CAB0603DDD36C36A88C87A7E565D0DB0D82C55EB0DB4B068BCD5C20",
            "2781188",
            "Hello!You have R 19.50 FREE airtime available. R 19.50 will expire on 01/07/2013. ",
        ),
    ],
)
def test_deliver_as_published(pdu_hex: str, number: str, text: str) -> None:
    message = pdu.decode(pdu_hex)
    assert isinstance(message, pdu.Deliver)
    assert (message.number, message.text) == (number, text)


@pytest.mark.parametrize(
    ("pdu_hex", "number", "text"),
    [
        (
            "07911326040000F0310D0B911326880736F40000A90FF7FBDD454E87CDE1B0DB357EB701",
            "+31628870634",
            "www.diafaan.com",
        ),
        ("07914346466554F601000B914316565811F9000806304253F68449", "+34616585119", "あ叶葉"),
        ("0591721891F101000B917228214365F700040C48656C6C6F20776F726C6421", "+27821234567", "Hello world!"),
    ],
)
def test_submit_reads_as_published(pdu_hex: str, number: str, text: str) -> None:
    message = pdu.decode(pdu_hex, outgoing=True)
    assert isinstance(message, pdu.Submit)
    assert (message.number, message.text) == (number, text)


def test_status_report_as_published() -> None:
    report = pdu.decode("0006D60B911326880736F4111011719551401110117195714000")
    assert isinstance(report, pdu.StatusReport)
    assert (report.reference, report.number, report.delivered, report.final) == (
        214,
        "+31628870634",
        True,
        True,
    )


@pytest.mark.parametrize(
    ("validity_s", "octet"),
    [
        (0, 0),
        (300, 0),
        (1800, 5),
        (16 * 3600, 151),
        (3 * 86_400, 169),
        (35 * 86_400, 197),
        (1e9, 255),
        (301, 1),
    ],
)
def test_validity(validity_s: float, octet: int) -> None:
    assert pdu.encode_validity(validity_s) == octet


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("अ" * 70, 1),
        ("अ" * 71, 2),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("a" * 1530, 10),
    ],
)
def test_parts(text: str, parts: int) -> None:
    assert len(pdu.encode_submit("+1234567", text)) == parts


def test_longer_than_ten_parts_is_refused() -> None:
    with pytest.raises(pdu.PduError, match="11 parts"):
        pdu.encode_submit("+1234567", "a" * 1531)


@pytest.mark.parametrize("number", ["", "+", "12a", "+" + "1" * 21, "+٣٤٥", "12\n"])
def test_what_is_no_number_is_refused(number: str) -> None:
    with pytest.raises(pdu.PduError):
        pdu.encode_submit(number, "x")


_TEXTS = st.one_of(
    st.text(alphabet=[*gsm7._SEPTETS], max_size=400),
    st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=300),
)


@pytest.mark.slow
@given(_TEXTS, st.from_regex(r"\+?[0-9]{1,15}\Z", fullmatch=True), st.integers(0, 255), st.booleans())
def test_submit_there_and_back(text: str, number: str, reference: int, report: bool) -> None:
    parts = pdu.encode_submit(number, text, reference=reference, report=report, validity_s=3600)
    back = ""
    for index, part in enumerate(parts, start=1):
        message = pdu.decode(part.hex, outgoing=True)
        assert isinstance(message, pdu.Submit)
        assert (message.number, message.report, message.validity) == (number, report, 11)
        if len(parts) > 1:
            assert message.concatenation == pdu.Concatenation(reference, len(parts), index)
        else:
            assert message.concatenation is None
        assert part.length <= 164
        back += message.text
    assert back == text


@pytest.mark.slow
@given(st.one_of(st.binary(max_size=80).map(bytes.hex), st.text(max_size=40)), st.booleans())
def test_any_bytes_are_read_or_refused(pdu_hex: str, outgoing: bool) -> None:
    with contextlib.suppress(pdu.PduError):
        pdu.decode(pdu_hex, outgoing=outgoing)


@pytest.mark.slow
@given(st.text(alphabet=[*gsm7._SEPTETS], max_size=70), st.from_regex(r"\+[0-9]{5,15}\Z", fullmatch=True))
def test_deliver_there_and_back(text: str, number: str) -> None:
    message = pdu.decode(pdu.encode_deliver(number, text).hex)
    assert isinstance(message, pdu.Deliver)
    assert (message.number, message.text) == (number, text)


@pytest.mark.parametrize(
    ("stamp", "told"),
    [
        ("62301110203000", datetime(2026, 3, 11, 1, 2, 3, tzinfo=UTC)),
        ("62301110203080", datetime(2026, 3, 10, 23, 2, 3, tzinfo=UTC)),  # eight quarters east
        ("62301110203088", datetime(2026, 3, 11, 3, 2, 3, tzinfo=UTC)),  # eight quarters west
        ("62301110203022", datetime(2026, 3, 10, 19, 32, 3, tzinfo=UTC)),  # India
        ("00000000000000", None),
        ("ffffffffffffff", None),
        ("62311110203000", None),
        ("62301142203000", None),
    ],
)
def test_a_report_says_when_the_centre_got_the_text(stamp: str, told: datetime | None) -> None:
    report = pdu.decode(pdu.encode_status_report(7, "+4520123456", 0, stamp=stamp).hex)
    assert isinstance(report, pdu.StatusReport)
    assert report.sent_utc_s == (None if told is None else told.timestamp())


@given(st.integers(946_684_800, 4_102_444_799))
def test_stamps_come_back_as_they_were(utc_s: int) -> None:
    report = pdu.decode(pdu.encode_status_report(7, "+4520123456", 0, stamp=pdu.encode_stamp(utc_s)).hex)
    assert isinstance(report, pdu.StatusReport)
    assert report.sent_utc_s == utc_s
