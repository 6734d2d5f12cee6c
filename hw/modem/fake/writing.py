"""How a fake modem writes texts and reads those that it is given: as PDUs, or in text mode."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from hw.modem import pdu


@dataclass(frozen=True, slots=True, repr=False)
class Written:
    """A text, or a piece of one, as it was handed to the modem. `report`: one is wanted."""

    number: str
    text: str
    report: bool
    piece: pdu.Concatenation | None = None


class Writing:
    """`text_mode` and `charset` as commands set them."""

    def __init__(self) -> None:
        self.text_mode = True
        self.charset = "GSM"

    def settle(self) -> None:
        """The modem was restarted."""
        self.text_mode = True
        self.charset = "GSM"

    def said(self, text: str) -> str:
        return text.encode("utf-16-be").hex().upper() if self.charset == "UCS2" else text

    def entry(self, header: str, stored: str) -> tuple[str, ...]:
        """One stored message as it is listed."""
        try:
            message = pdu.decode(stored)
        except pdu.PduError:
            return f"{header}{0 if not self.text_mode else 'REC READ'},,{len(stored) // 2}", stored
        if not self.text_mode:
            return f"{header}0,,{len(stored) // 2 - 1}", stored
        stamp = '"26/03/01,10:00:00+22"'
        number = self.said(message.number)
        if isinstance(message, pdu.StatusReport):
            stamp = _stamp(message.sent_utc_s)
            report = f'6,{message.reference},"{number}",145,{stamp},{stamp},{message.status}'
            return (f'{header}"REC UNREAD",{report}',)
        assert isinstance(message, pdu.Deliver)
        return f'{header}"REC UNREAD","{number}",,{stamp}', self.said(message.text)

    def report(self, told: pdu.StatusReport) -> str:
        """A delivery report as it is told directly, in one line or two."""
        if not self.text_mode:
            part = report_pdu(told)
            return f"+CDS: {part.length}\r\n{part.hex}"
        when = _stamp(told.sent_utc_s)
        return f'+CDS: 6,{told.reference},"{self.said(told.number)}",145,{when},{when},{told.status}'

    def read(self, target: str, body: str) -> Written | None:
        """What was handed over; None for what no modem would take."""
        if self.text_mode:
            number = target.strip('"')
            if self.charset != "UCS2":
                return Written(number, body, report=False)
            try:
                number = bytes.fromhex(number).decode("utf-16-be")
                return Written(number, bytes.fromhex(body).decode("utf-16-be"), report=True)
            except ValueError:
                return None
        try:
            message = pdu.decode(body, outgoing=True)
        except pdu.PduError:
            return None
        if not isinstance(message, pdu.Submit) or target != str(len(body) // 2 - 1 - int(body[:2], 16)):
            return None
        return Written(message.number, message.text, message.report, message.concatenation)


def report_pdu(told: pdu.StatusReport) -> pdu.Part:
    stamp = "00" * 7 if told.sent_utc_s is None else pdu.encode_stamp(told.sent_utc_s)
    return pdu.encode_status_report(told.reference, told.number, told.status, stamp=stamp)


def _stamp(utc_s: float | None) -> str:
    """A time as text mode writes it."""
    return '""' if utc_s is None else f'"{datetime.fromtimestamp(utc_s, UTC):%y/%m/%d,%H:%M:%S}+00"'
