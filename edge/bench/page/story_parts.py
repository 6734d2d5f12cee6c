"""Stories: which to play and at what pace, how far it has come, what is recorded, a folder's results."""

from __future__ import annotations

from html import escape
from typing import Final

from edge.bench.page.pieces import STORY, button, field, form
from edge.bench.page.tongue import Tongue
from edge.bench.wire import BenchView, FolderSeen, Recorded, Stories, StoryLine, StorySeen
from edge.web.pieces import english, note, progress

PACES: Final = (1, 2, 5, 0)
"""How many times as fast as time a story may play; 0 is as fast as it goes."""


def story_now(view: BenchView, tongue: Tongue) -> str:
    """The story that plays, what is recorded, and the folder that is or was played."""
    parts = [
        "" if view.recorded is None else _recorded(view.recorded, tongue),
        "" if view.story is None else _story(view.story, tongue),
        "" if view.folder is None else _folder(view.folder, tongue),
    ]
    return "".join(parts) or note(tongue.own.story.none)


def _story(story: StorySeen, tongue: Tongue) -> str:
    w = tongue.own.story
    if story.failed:
        kind, state = "bad", w.failed
    elif story.ended:
        kind, state = "good", w.passed
    else:
        kind, state = "warn", w.paused if story.paused else w.playing
    steps = ""
    if not story.ended:
        go = button("go", w.go, name="do") + button("step", w.step, name="do")
        pause = go if story.paused else button("pause", w.pause, name="do")
        steps = form(f'<span class="choices">{pause}{button("stop", w.stop, name="do")}</span>', STORY)
    where = w.line.format(line=story.line, lines=story.lines)
    lines = "".join(_line(line, tongue) for line in story.around)
    failed = f'<p class="bad" lang="en">{escape(story.failed)}</p>' if story.failed else ""
    return (
        f'<p><strong lang="en">{escape(story.title or story.name)}</strong> '
        f'<span class="pill {kind}">{escape(state)}</span></p>'
        f"{progress(where, min(story.line, story.lines), max(1, story.lines))}"
        f"{note(where)}{_lines(lines) if lines else _lines(_plain(story))}{failed}{steps}"
    )


def _lines(rows: str) -> str:
    return f'<ol class="story-lines" lang="en">{rows}</ol>'


def _plain(story: StorySeen) -> str:
    return f'<li class="now"><code>{escape(story.words)}</code></li>'


def _line(line: StoryLine, tongue: Tongue) -> str:
    at = "" if line.at_s is None else f' <span class="when">{escape(tongue.seconds(line.at_s))}</span>'
    here = ' aria-current="step"' if line.came == "now" else ""
    return (
        f'<li class="{escape(line.came)}" value="{line.number}"{here}>'
        f"<code>{escape(line.words)}</code>{at}</li>"
    )


def _recorded(one: Recorded, tongue: Tongue) -> str:
    w = tongue.own.story
    said = w.recording if one.goes_on else w.recorded
    more = f'<p class="note" lang="en">{escape(one.note)}</p>' if one.note else ""
    return (
        f'<p class="{"warn" if one.goes_on else ""}"><strong>{escape(said)}</strong> '
        f'<span class="pill">{escape(w.count.format(count=one.lines))}</span></p>{more}'
    )


def _folder(folder: FolderSeen, tongue: Tongue) -> str:
    w = tongue.own.story
    marks = {"waiting": ("", w.waiting), "well": ("good", w.passed), "failed": ("bad", w.failed)}
    rows = ""
    for case in folder.cases:
        kind, state = marks.get(case.came, ("bad", w.not_played))
        why = f"<p>{english(case.why)}</p>" if case.why else ""
        rows += (
            f'<li><span lang="en">{escape(case.name)}</span> '
            f'<span class="pill {kind}">{escape(state)}</span>{why}</li>'
        )
    well = sum(case.came == "well" for case in folder.cases)
    failed = f'<p class="bad" lang="en">{escape(folder.failed)}</p>' if folder.failed else ""
    return (
        f'<h3><span lang="en">{escape(folder.name)}</span> '
        f"<small>{escape(w.of_all.format(well=well, all=len(folder.cases)))}</small></h3>"
        f'{failed}<ul class="folder">{rows}</ul>'
    )


def story_forms(stories: Stories, tongue: Tongue) -> str:
    """Which story to play, what to record, which folder to run: changes only with the list of stories."""
    w = tongue.own.story
    options = "".join(
        f'<option value="{escape(name)}">{escape(name)}: {escape(title)}</option>'
        for name, title in (*stories.own, *stories.stories)
    )
    paces = "".join(
        f'<option value="{pace}">{f"× {pace}" if pace else escape(w.fastest)}</option>' for pace in PACES
    )
    play = (
        f'<label class="field" for="story-name"><span>{escape(w.choose)}</span>'
        f'<select id="story-name" name="name" lang="en">{options}</select></label>'
        f'<label class="field short" for="story-pace"><span>{escape(w.pace)}</span>'
        f'<select id="story-pace" name="pace">{paces}</select></label>'
        f'<button name="do" value="play" class="primary">{escape(w.play)}</button>'
    )
    record = button("record", w.record, name="do") + button("end", w.end, name="do")
    named = field("save-name", w.name, more=' maxlength="60" required')
    folder = field("folder-name", w.folder, more=f' maxlength="300" placeholder="{escape(stories.folder)}"')
    return (
        form(play, STORY, "write")
        + form(f'<span class="choices">{record}</span>', STORY)
        + form(f"{named}{button('save', w.save, name='do')}", STORY, "write")
        + form(f"{folder}{button('folder', w.run, name='do')}", STORY, "write")
    )
