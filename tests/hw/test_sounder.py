"""Buzzer and lights: patterns that can be told apart by ear, a click through anything, silence at once."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import pytest

from hw.ports import HardwareError, Light, Sound
from hw.sounder.real import BUZZ_S, CLICK_S, GAP_S, PATTERNS
from hw.wiring import LightsWiring, SounderWiring, WiringSettings
from tests.worlds.hw_story import Bench, bench


def _listen(story: Bench, seconds: float, period_s: float = 0.01) -> list[bool]:
    heard = []
    for _ in range(round(seconds / period_s)):
        story.board.sounder.poll(story.clock.at_s)
        heard.append(story.hands.sounding)
        story.clock.at_s += period_s
    return heard


@pytest.mark.parametrize("sound", list(Sound))
def test_a_pattern_sounds_for_its_share_of_time_until_told_otherwise(sound: Sound) -> None:
    story = bench()
    story.board.sounder.play(sound, story.clock.at_s)
    heard = _listen(story, 40)
    pattern = PATTERNS[sound]
    share = sum(pattern[::2]) / sum(pattern) if pattern else 0
    assert sum(heard) / len(heard) == pytest.approx(share, abs=0.03)
    story.board.sounder.play(Sound.OFF, story.clock.at_s)
    assert not story.hands.sounding, "silence comes at once"
    assert not any(_listen(story, 2))


def test_beeps_and_siren_cannot_be_mistaken() -> None:
    beeps, siren = PATTERNS[Sound.BEEPS], PATTERNS[Sound.SIREN]
    assert sum(beeps[::2]) / sum(beeps) < 0.2
    assert sum(siren[::2]) / sum(siren) > 0.6


def test_the_same_pattern_again_goes_on_undisturbed() -> None:
    story, other = bench(), bench()
    for each in (story, other):
        each.board.sounder.play(Sound.BEEPS, each.clock.at_s)
    heard = []
    for _ in range(300):
        story.board.sounder.play(Sound.BEEPS, story.clock.at_s)
        heard.append(story.hands.sounding)
        story.clock.at_s += 0.01
    assert heard == _listen(other, 3)


@pytest.mark.parametrize("sound", list(Sound))
def test_a_click_is_heard_at_once_through_anything(sound: Sound) -> None:
    story = bench()
    story.board.sounder.play(sound, story.clock.at_s)
    story.clock.at_s += 0.02
    before = story.hands.sounding
    story.board.sounder.click(story.clock.at_s)
    assert story.hands.sounding is not before
    if before:
        story.clock.at_s += GAP_S
        story.board.sounder.poll(story.clock.at_s)
        assert story.hands.sounding, "after the gap something begins"
    story.clock.at_s += CLICK_S + 0.001
    story.board.sounder.poll(story.clock.at_s)
    assert story.hands.sounding is before


@pytest.mark.parametrize("sound", [Sound.BEEPS, Sound.SIREN])
def test_a_click_in_the_last_of_a_beep_is_a_sound_of_its_own(sound: Sound) -> None:
    """Otherwise the beep would only seem to end a little sooner."""
    story = bench()
    story.board.sounder.play(sound, story.clock.at_s)
    story.clock.at_s += PATTERNS[sound][0] - 0.003
    story.board.sounder.poll(story.clock.at_s)
    assert story.hands.sounding
    story.board.sounder.click(story.clock.at_s)
    heard = _listen(story, 0.06, 0.005)
    assert heard[0] is False
    assert heard[2:5] == [True] * 3
    assert not any(heard[7:])


def test_a_buzz_rattles_and_gives_the_pattern_back() -> None:
    story = bench()
    story.board.sounder.buzz(story.clock.at_s)
    heard = _listen(story, BUZZ_S)
    flips = sum(one != other for one, other in pairwise(heard))
    assert flips > 10
    assert 0.3 < sum(heard) / len(heard) < 0.7
    assert not any(_listen(story, 1)[2:])


def test_poll_names_the_time_of_the_next_change() -> None:
    story = bench()
    sounder = story.board.sounder
    assert sounder.poll(story.clock.at_s) is None
    sounder.play(Sound.SIREN, story.clock.at_s)
    for _ in range(50):
        due_s = sounder.poll(story.clock.at_s)
        assert due_s is not None
        before = story.hands.sounding
        story.clock.at_s = due_s - 0.001
        sounder.poll(story.clock.at_s)
        assert story.hands.sounding is before, "too early"
        story.clock.at_s = due_s + 0.001
        sounder.poll(story.clock.at_s)
        assert story.hands.sounding is not before, "too late"


def test_a_failure_is_named_and_passes() -> None:
    story = bench()
    story.hands.fail_sounder()
    with pytest.raises(HardwareError) as caught:
        story.board.sounder.play(Sound.SIREN, story.clock.at_s)
    assert caught.value.code == "sounder_failed"
    story.hands.fail_sounder(False)
    story.board.sounder.poll(story.clock.at_s)
    assert story.hands.sounding
    story.board.sounder.close()
    assert not story.hands.sounding


def test_an_active_low_buzzer_is_silent_from_the_start() -> None:
    story = bench(msgspec.structs.replace(WiringSettings(), sounder=SounderWiring(active_high=False)))
    assert [level for _, level in story.hands.trace(22)] == [True]
    story.board.sounder.play(Sound.SIREN, story.clock.at_s)
    assert story.hands.sounding


@pytest.mark.parametrize("active_high", [True, False])
def test_lights_show_exactly_what_they_are_told(active_high: bool) -> None:
    story = bench(msgspec.structs.replace(WiringSettings(), lights=LightsWiring(active_high=active_high)))
    assert story.hands.lights == frozenset()
    for lit in (frozenset({Light.GREEN}), frozenset({Light.RED, Light.AMBER}), frozenset(Light), frozenset()):
        story.board.lights.show(lit)
        assert story.hands.lights == lit
    story.board.lights.show(frozenset(Light))
    story.board.lights.close()
    assert story.hands.lights == frozenset()


def test_one_dead_light_leaves_the_others_right_and_is_tried_again() -> None:
    story = bench()
    red = story.hands.pin(25)
    red.fault = "bad write"
    with pytest.raises(HardwareError) as caught:
        story.board.lights.show(frozenset(Light))
    assert caught.value.code == "lights_failed"
    red.fault = ""
    assert story.hands.lights == {Light.GREEN, Light.AMBER}
    story.board.lights.show(frozenset(Light))
    assert story.hands.lights == set(Light)
