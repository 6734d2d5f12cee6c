"""Sends one text, answered by its deadline whatever the modem says or does not say."""

from __future__ import annotations

from collections.abc import Generator
from typing import Final

from hw.modem import gsm7, pdu, replies
from hw.modem.ladder import Ladder
from hw.modem.models import ModemProfile
from hw.modem.news import News
from hw.modem.owed import Owed, Text, reference_of
from hw.modem.steps import ESCAPE, Answer, Ask, Broken, Outcome, Script, Step, ask
from hw.modem.talk import Talk
from hw.ports import ModemTrouble, TextAccepted, TextFailed

_AGAIN_S: Final = 2.0
_UNANSWERED_S: Final = 1.0
_PROMPT_S: Final = 5.0
_DRAIN_S: Final = 30.0
"""How long after its deadline a text may still be accepted, before the modem counts as hung."""
_SECOND_S: Final = 20.0
"""How long a second answer is waited for, where the first may be that of a text that was given up."""
_CTRL_Z: Final = b"\x1a"


class Sending:
    """The text in hand. `draining`: the modem takes no other yet, it still owes an answer that is waited for.

    `reports` asks for delivery reports.
    """

    def __init__(
        self, profile: ModemProfile, talk: Talk, news: News, ladder: Ladder, owed: Owed, *, reports: bool
    ) -> None:
        self.text: Text | None = None
        self.draining = False
        self._profile = profile
        self._talk = talk
        self._news = news
        self._ladder = ladder
        self._owed = owed
        self._reports = reports
        self._long_reference = 0

    # --- what happens to it ---------------------------------------------------------------------

    def late(self) -> bool:
        """Its deadline has come."""
        return self.text is not None and self._talk.now_s >= self.text.deadline_s

    def fail_late(self) -> None:
        text = self.text
        if text is None:
            return
        if text.handed_over:
            self._fail(text, ModemTrouble.REFUSED, "the network had not answered by the deadline", True)
            return
        status = self._news.status
        trouble, why = text.setback or (ModemTrouble.BUSY, "the modem was busy")
        if self._talk.unanswered_s() >= _UNANSWERED_S:
            trouble, why = ModemTrouble.MUTE, "the modem does not answer"
        if status.trouble is not None:
            trouble, why = status.trouble, status.detail
        self._fail(text, trouble, f"not sent by the deadline: {why}", True)

    def set_back(self, trouble: ModemTrouble, why: str) -> None:
        """The modem broke down while the text waits."""
        if self.text is not None:
            self.text.setback = (trouble, why)

    def cut_off(self, why: str) -> None:
        """Whatever was being done is not done any more."""
        self.draining = False
        self._talk.hearing.last_reference = None
        text = self.text
        if text is not None and text.handed_over:
            self._owed.add(text, self._talk.now_s)
            self._fail(text, ModemTrouble.MUTE, f"{why} before the network had answered", True)

    # --- the script -----------------------------------------------------------------------------

    def send(self, text: Text) -> Script:
        encoded = self._encoded(text)
        if encoded is None:
            return
        parts, coding = encoded
        text.parts = len(parts)
        for command, body in parts:
            if self.text is not text:
                return
            answer = yield from self._set_mode(text, coding)
            if not answer.ok:
                # In the other mode the modem would take our hexadecimal for a number and a text.
                self._refused(text, answer)
                return
            answer = yield Ask(command.encode("ascii") + b"\r", _PROMPT_S, prompt=True)
            if answer.outcome is Outcome.PROMPT:
                restarted = self._talk.lost_settings
                if restarted or self.text is not text:
                    yield Ask(ESCAPE, 1.0, at_once=True)
                    if restarted:
                        raise self._news.status.silent_restart()
                    return
                answer = yield from self._hand_over(text, body)
            elif answer.outcome is Outcome.TIMEOUT:
                yield Ask(ESCAPE, 1.0, at_once=True)
                raise Broken(ModemTrouble.MUTE, "the modem did not ask for the text", look=False)
            if not answer.ok:
                self._refused(text, answer)
                return
            self._note_reference(text, reference_of(answer))
        self._accept(text)

    def _encoded(self, text: Text) -> tuple[list[tuple[str, str]], int] | None:
        """Command and body of each part, and the coding; None for a text that no network would take."""
        try:
            if not self._profile.text_mode:
                self._long_reference = (self._long_reference + 1) & 0xFF
                parts = pdu.encode_submit(
                    text.number,
                    text.text,
                    reference=self._long_reference,
                    validity_s=text.validity_s,
                    report=self._reports,
                )
                return [(f"AT+CMGS={part.length}", part.hex) for part in parts], 0
            command = f'AT+CMGS="{replies.to_ucs2(text.number)}"'
            pieces = replies.numbered(pdu.split(text.text))
            pdu.encode_submit(text.number, "")
        except pdu.PduError as error:
            self._fail(text, ModemTrouble.REFUSED, str(error), False)
            return None
        return [(command, replies.to_ucs2(piece)) for piece in pieces], 0 if gsm7.fits(text.text) else 8

    def _set_mode(self, text: Text, coding: int) -> Generator[Step, Answer, Answer]:
        """What must hold for every part: another program, or a restart, may have changed it."""
        answer = yield from ask(f"AT+CMGF={int(self._profile.text_mode)}")
        if self._talk.lost_settings:
            raise self._news.status.silent_restart()
        if answer.ok and self._profile.text_mode:
            for first in (49, 17) if self._reports else (17,):
                validity = pdu.encode_validity(text.validity_s)
                answer = yield from ask(f"AT+CSMP={first},{validity},0,{coding}")
                if answer.ok:
                    break
            if not coding:
                # What a modem does by itself is good enough for plain text.
                answer.outcome = Outcome.OK
        return answer

    def _hand_over(self, text: Text, body: str) -> Generator[Step, Answer, Answer]:
        """From here the network may have the text, whatever is heard.

        An answer after the deadline is waited for: before it the modem takes no other text, and it tells
        what became of this one.
        """
        talk, owed = self._talk, self._owed
        text.handed_over = True
        wait_s = max(0.0, text.deadline_s - talk.now_s)
        step = Ask(body.encode("ascii") + _CTRL_Z, wait_s, info="+CMGS:", at_once=True)
        first: Answer | None = None
        while True:
            answer = yield step
            if answer.outcome is Outcome.TIMEOUT and first is not None:
                # Nothing else came: it was this text's answer, and none is owed any more.
                owed.settle()
                answer = first
            elif answer.outcome is Outcome.TIMEOUT and self.draining:
                self.draining = False
                owed.add(text, talk.now_s)
                # A restart ends its wait too: then no answer to this one can be taken for the next one's.
                self._ladder.not_heard()
                raise Broken(ModemTrouble.MUTE, "the modem never said what became of a text", look=False)
            elif answer.outcome is Outcome.TIMEOUT:
                self.draining, talk.skewed = True, False
                step = Ask(b"", _DRAIN_S, info="+CMGS:", at_once=True)
                continue
            elif first is not None:
                owed.accept(reference_of(first))
            elif answer.ok and owed.maybe(reference_of(answer), talk.now_s):
                first = answer
                self.draining = True
                talk.hearing.last_reference = reference_of(answer)
                step = Ask(b"", _SECOND_S, info="+CMGS:", at_once=True)
                continue
            self.draining = False
            talk.hearing.last_reference = owed.last_reference if self._profile.references_move else None
            return answer

    def _note_reference(self, text: Text, reference: int) -> None:
        text.references.append(reference)
        self._owed.note(reference)
        self._talk.hearing.last_reference = reference if self._profile.references_move else None

    # --- its answer -----------------------------------------------------------------------------

    def _refused(self, text: Text, answer: Answer) -> None:
        meaning = answer.meaning
        # A no to a text that was given up must not end this one for good.
        self._fail(text, meaning.trouble, meaning.words, meaning.retryable or bool(self._owed))
        if meaning.trouble not in (ModemTrouble.REFUSED, ModemTrouble.NO_CREDIT):
            self._news.down(meaning.trouble, meaning.words, again_s=self._talk.now_s + _AGAIN_S)

    def _accept(self, text: Text) -> None:
        text.decided = True
        if self.text is text:
            self.text = None
        self._news.tell(TextAccepted(text.ticket, tuple(text.references)))

    def _fail(self, text: Text, trouble: ModemTrouble, cause: str, retryable: bool) -> None:
        if text.decided:
            return
        text.decided = True
        if self.text is text:
            self.text = None
        self._news.tell(TextFailed(text.ticket, trouble, cause, retryable))
