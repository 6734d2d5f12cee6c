"""The tables of the card, each a step that returns Markdown. Limits are chosen on half of the people."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.identity.likeness import Points, read_points
from edge.vision.face.check import COVERS
from edge.vision.face.embed import Embedder, Gates
from edge.vision.face.faces import Faces
from models.training.embed.convert import greyed, halves
from models.training.embed.data import LFW, People, people, rows_of
from models.training.embed.pairs import Pairs, read_pairs, right_by_folds
from models.training.embed.said import Directions, by_the_kiosk, by_the_teacher, unit
from models.training.embed.sets import RULES, Rate, Sets, Table, best_three, counted, enrol
from models.training.embed.spoilt import LIGHT, WORN, Kiosk
from models.training.faces.cases import Split, cases
from models.training.faces.groups import SEEN, TONES, seen_by_eye, tone_of, tones
from models.training.files import must_read
from models.training.shares import wilson

FALSE: Final = (1e-3, 1e-4)
"""Shares of false accepts at which true ones are told."""
_BLOCK: Final = 1024


@dataclass(frozen=True)
class Measured:
    """Where everything lies, and what was said of the people's pictures (kept in `work`)."""

    data: Path
    models: Path
    work: Path
    pairs_file: Path | None
    points: Points
    gates: Gates

    @cached_property
    def people(self) -> People:
        return people(self.data, self.models, self.work)

    @cached_property
    def chosen(self) -> NDArray[np.bool_]:
        return halves(self.people.person)

    @cached_property
    def good(self) -> NDArray[np.bool_]:
        """What finder, check and gates let through, but for the size, which these pictures do not have."""
        return passes(self.people, self.gates)

    @cached_property
    def pairs(self) -> Pairs | None:
        if self.pairs_file is None:
            return None
        return read_pairs(self.pairs_file, [str(path) for path in self.people.paths])

    def said(self, name: str) -> Directions:
        """`found`, `marked` or `grey` by the shipped file, `found.float` or `marked.float` by the teacher."""
        path = self.work / (f"{name}.npy" if name.endswith(".float") else f"{name}.int8.npy")
        if not path.exists():
            cuts = self.people.marked if name.startswith("marked") else self.people.found
            if name.endswith(".float"):
                made = by_the_teacher(self.data / "teachers", cuts)
            else:
                each = (greyed(cut) for cut in cuts) if name == "grey" else iter(cuts)
                made = by_the_kiosk(self.models, each, len(cuts))
            np.save(path, made)
        return np.asarray(np.load(path), np.float32)


def measured(data: Path, models: Path, work: Path, pairs: Path | None) -> Measured:
    """With the limits that the contract has now."""
    return Measured(data, models, work, pairs, read_points(models), Embedder.open(models).gates)


def passes(people: People, gates: Gates) -> NDArray[np.bool_]:
    return (
        people.proper
        & (people.number("covered") < gates.covered_logit)
        & (np.abs(people.number("yaw")) <= gates.yaw_deg)
        & (np.abs(people.number("pitch")) <= gates.pitch_deg)
        & (people.number("dark") >= gates.min_dark)
        & (people.number("bright") <= gates.max_bright)
        & (people.number("sharp") >= gates.min_sharpness)
    )


def told(rate: Rate, digits: int = 4) -> str:
    """`0.9870 (0.9810 to 0.9910)`."""
    return f"{rate.share:.{digits}f} ({rate.low:.{digits}f} to {rate.high:.{digits}f})"


def lfw(m: Measured) -> str:
    """Ten folds of the official pairs."""
    if m.pairs is None:
        return "No list of pairs was given."
    lines = ["| | pairs | told right (95 %) |", "|---|--:|--:|"]
    every = np.ones(len(m.people.person), np.bool_)
    seen = m.people.number("verdict") >= 0
    for name, said, usable in (
        ("teacher, float, manifest's points", "marked.float", every),
        ("int8, manifest's points", "marked", every),
        ("teacher, float, as a kiosk cuts it", "found.float", seen),
        ("**int8, as a kiosk cuts it**", "found", seen),
        ("the same without colours", "grey", seen),
        ("int8, as a kiosk cuts it, after the gates", "found", m.good),
    ):
        pairs = m.pairs.where(usable)
        lines.append(_folds(name, _cosines(m.said(said), pairs), pairs))
    kept = m.work / "peer.npz"
    if kept.exists():
        lines += _beside_the_peer(m, m.pairs.where(seen), kept)
    return "\n".join(lines)


def _beside_the_peer(m: Measured, pairs: Pairs, kept: Path) -> list[str]:
    with np.load(kept) as stored:
        numbers, found = stored["numbers"], stored["found"]
    pairs = pairs.where(numbers.any(axis=1))
    away = -np.linalg.norm(numbers[pairs.one] - numbers[pairs.other], axis=1)
    ours = right_by_folds(_cosines(m.said("found"), pairs), pairs)
    theirs = right_by_folds(away, pairs)
    at_their_own = (away > -0.6) == pairs.same
    rng = np.random.default_rng(1)
    drawn = rng.integers(0, len(ours), (2000, len(ours)))
    more = (ours.astype(np.int64) - theirs.astype(np.int64))[drawn].mean(axis=1)
    low, high = np.percentile(more, (2.5, 97.5))
    used = np.unique(np.concatenate([pairs.one, pairs.other]))
    return [
        _row("peer: `face_recognition`, 128 numbers", theirs),
        _row("the peer at its own limit of 0.6", at_their_own),
        _row("int8 as a kiosk cuts it, on the peer's pairs", ours),
        "",
        f"Ours less the peer's on the same pairs: {100 * (ours.mean() - theirs.mean()):+.2f} points "
        f"({100 * low:+.2f} to {100 * high:+.2f}). The peer's own finder found the face in "
        f"{100 * found[used].mean():.1f} % of {len(used)} pictures; in the others it was given the box.",
    ]


def _cosines(said: Directions, pairs: Pairs) -> NDArray[np.float64]:
    return np.asarray((said[pairs.one] * said[pairs.other]).sum(axis=1), np.float64)


def _folds(name: str, score: NDArray[np.float64], pairs: Pairs) -> str:
    return _row(name, right_by_folds(score, pairs))


def _row(name: str, right: NDArray[np.bool_]) -> str:
    low, high = wilson(int(right.sum()), len(right))
    return f"| {name} | {len(right)} | {right.mean():.4f} ({low:.4f} to {high:.4f}) |"


def every_pair(m: Measured) -> str:
    """Two single pictures of everybody against everybody."""
    lines = [
        "| pictures | people | pairs of one person | of two people | "
        + " | ".join(f"accepted at {share:g} false" for share in FALSE)
        + " |",
        "|---|--:|--:|--:|" + "--:|" * len(FALSE),
    ]
    celebrity = ~np.char.startswith(m.people.source, LFW)
    for title, name, usable in (
        ("all, teacher in float", "found.float", m.good),
        ("**all, int8**", "found", m.good),
        ("all, int8, without colours", "grey", m.good),
        ("LFW, int8", "found", m.good & ~celebrity),
        ("celebrity set, int8", "found", m.good & celebrity),
    ):
        lines.append(f"| {title} | " + " | ".join(_all_pairs(m, m.said(name), usable)) + " |")
    return "\n".join(lines)


def _all_pairs(m: Measured, said: Directions, usable: NDArray[np.bool_]) -> list[str]:
    kept = np.flatnonzero(usable)
    rows, who = said[kept], np.unique(m.people.person[kept], return_inverse=True)[1]
    edges = np.linspace(-1.0, 1.0, 20001)
    other = np.zeros(len(edges) - 1, np.int64)
    own: list[NDArray[np.float32]] = []
    owner: list[NDArray[np.int64]] = []
    for begin in range(0, len(kept), _BLOCK):
        table = rows[begin : begin + _BLOCK] @ rows.T
        later = np.arange(len(kept))[None, :] > np.arange(begin, begin + len(table))[:, None]
        same = who[begin : begin + _BLOCK, None] == who[None, :]
        other += np.histogram(table[later & ~same], edges)[0]
        own.append(table[later & same])
        owner.append(np.broadcast_to(who[begin : begin + _BLOCK, None], table.shape)[later & same])
    genuine, owners = np.concatenate(own), np.concatenate(owner)
    beyond = np.cumsum(other[::-1])[::-1]
    told_at = []
    people_count = int(who.max()) + 1
    of = np.bincount(owners, minlength=people_count)
    for share in FALSE:
        limit = edges[int(np.argmax(beyond <= share * other.sum()))]
        hit = np.bincount(owners[genuine >= limit], minlength=people_count)
        told_at.append(told(counted(hit[of > 0], of[of > 0]), 3))
    return [str(people_count), f"{len(genuine):,}", f"{int(other.sum()):,}", *told_at]


def tables(m: Measured, said: str = "found", most: int = 10, rule: str = "") -> tuple[Table, Table]:
    """Looks against enrolled people: of the half that limits are chosen on, and of the other."""
    together = RULES[rule or next(iter(RULES))]
    half = [enrol(m.people.person, m.good & side, most=most) for side in (m.chosen, ~m.chosen)]
    first, second = (Table.of(m.said(said), m.people.person, sets, together) for sets in half)
    return first, second


def rules(m: Measured) -> str:
    """How a look is compared with a set: chosen on the half for choosing."""
    lines = [
        "| compared with | " + " | ".join(f"{most} enrolled" for most in (1, 3, 5, 10)) + " |",
        "|---|" + "--:|" * 4,
    ]
    for rule in RULES:
        cells = []
        for most in (1, 3, 5, 10):
            table, _ = tables(m, most=most, rule=rule)
            cells.append(f"{table.accepts(table.limit(1e-4)).share:.4f}")
        lines.append(f"| {rule} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def point(m: Measured) -> str:
    """The shipped limits on the people that they were not chosen on."""
    lines = [
        "| people | enrolled | looks of others | two people held for one | owner's looks | accepted | "
        "under `another` |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    pairs = [("chosen on", "found"), ("**judged on**", "found"), ("judged on, without colours", "grey")]
    for title, name in pairs:
        first, second = tables(m, name)
        table = first if title == "chosen on" else second
        false, right = table.false_matches(m.points.same), table.accepts(m.points.same)
        lines.append(
            f"| {title} | {len(table.names)} | {false.total:,} | {1e4 * false.share:.2f} in 10,000 "
            f"({1e4 * false.low:.2f} to {1e4 * false.high:.2f}) | {right.total:,} | {told(right)} | "
            f"{told(table.below(m.points.another))} |"
        )
    return "\n".join(lines)


def groups(m: Measured) -> str:
    """By tone of skin and by what was seen by eye, at the shipped limit, on all people with two pictures.

    Each is enrolled with one picture, so that there are more people in the small groups.
    """
    sets = enrol(m.people.person, m.good, most=1)
    table = Table.of(m.said("found"), m.people.person, sets)
    split = Split(whole=("braun-steven", "ElisonSherton"))
    angles = tones(cases(m.data, split, ("identity",)))
    tone = {name: tone_of(float(np.median(found))) for name, found in angles.items()}
    lines = [
        "| group | people enrolled | their looks | refused by the gates | accepted | under `another` | "
        "looks of others of the group | held for one |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    of_person = np.array([tone.get(str(name), "") for name in m.people.person])
    for name, _, _ in TONES:
        lines.append(_group(m, f"skin: {name}", of_person == name, sets, table))
    seen = seen_by_eye()
    marks = {what: np.array([what in seen.get(str(path), ()) for path in m.people.paths]) for what in SEEN}
    looked = np.array([str(path) in seen for path in m.people.paths])
    lines.append(_group(m, "looked at by eye", looked, sets, table))
    for what, which in marks.items():
        if which.sum() >= 15:
            lines.append(_group(m, what, which, sets, table))
    return "\n".join(lines)


def _group(m: Measured, name: str, which: NDArray[np.bool_], sets: Sets, table: Table) -> str:
    """`which`: the pictures of the group. Owners of the group are those with a picture in it."""
    within = which[sets.looks]
    part = Table(table.scores[within], table.look[within], table.names)
    owners = np.isin(table.names, np.unique(m.people.person[which]))
    crossed = Table(part.scores[:, owners], part.look, table.names[owners])
    has = part.own.any(axis=1)
    if not has.any() or not owners.any():
        return f"| {name} | {int(owners.sum())} | 0 | | | | | |"
    right, below = part.accepts(m.points.same), part.below(m.points.another)
    false = crossed.false_matches(m.points.same)
    refused = int((which & ~m.good).sum())
    return (
        f"| {name} | {int(owners.sum())} | {right.total} | {100 * refused / max(1, which.sum()):.1f} % | "
        f"{told(right, 3)} | {told(below, 3)} | {false.total:,} | {1e4 * false.share:.2f} in 10,000 "
        f"({1e4 * false.low:.2f} to {1e4 * false.high:.2f}) |"
    )


def choose(m: Measured) -> dict[str, float]:
    """`same`, `another` and `duplicate`, on the half of the people that is for choosing.

    `same`: the smallest hundredth at which even the upper end of the interval of two people's looks is half
    of one in 10,000: with one in 10,000 the other half of the people came out at 1.1. `another`: the largest
    twentieth that at most one of 500 looks of the owner stays under. `duplicate`: the smallest hundredth that
    one in 100,000 looks of others reaches, since one is compared with all who are enrolled.
    """
    table, _ = tables(m)
    hundredths = [n / 100 for n in range(30, 80)]
    same = next(one for one in hundredths if table.false_matches(one).high <= 0.5e-4)
    return {
        "same": same,
        "another": max(n / 20 for n in range(1, 9) if table.below(n / 20).share <= 0.002),
        "duplicate": next(
            one for one in hundredths if one >= same and table.false_matches(one).share <= 1e-5
        ),
    }


def spoiled(m: Measured, each: int) -> str:
    """Looks in bad light, blurred, from afar and covered, of people that nothing was chosen on."""
    rng = np.random.default_rng(7)
    kiosk = Kiosk(Faces(m.models), Embedder.open(m.models))
    rows, said = rows_of(m.data), m.said("found")
    sets = enrol(m.people.person, m.good & ~m.chosen, most=5)
    own = [n for n in sets.looks if m.people.person[n] in sets.names]
    picked = rng.permutation(own)[:each]
    lines = [
        "| looks | refused | by | compared | accepted | under `another` | against others | held for one |",
        "|---|--:|---|--:|--:|--:|--:|--:|",
    ]
    for name, spoil in {**LIGHT, **WORN}.items():
        refused: Counter[str] = Counter()
        templates, whose = [], []
        for n in picked:
            look = kiosk.look(rows[n], spoil, rng)
            if look.template is None:
                refused[str(look.missing)] += 1
                continue
            templates.append(np.frombuffer(look.template.numbers, np.int8).astype(np.float32))
            whose.append(str(m.people.person[n]))
        share = f"{100 * sum(refused.values()) / len(picked):.0f} %"
        by = ", ".join(f"{why} {count}" for why, count in refused.most_common(3))
        if not templates:
            lines.append(f"| {name} | {share} | {by} | 0 | | | | |")
            continue
        rows_said = unit(np.stack(templates))
        scores = np.stack([best_three(rows_said, said[one]) for one in sets.enrolled], axis=1)
        table = Table(scores, np.array(whose), np.array(sets.names))
        right, below, false = (
            table.accepts(m.points.same),
            table.below(m.points.another),
            table.false_matches(m.points.same),
        )
        lines.append(
            f"| {name} | {share} | {by} | {right.total} | {told(right, 3)} | {below.count} | "
            f"{false.total:,} | {false.count} |"
        )
    return "\n".join(lines)


def worn(m: Measured) -> str:
    """Real covers of groups that no network here learnt from: refused, or compared and with whom alike."""
    kiosk = Kiosk(Faces(m.models), Embedder.open(m.models))
    every = [case for case in cases(m.data, Split(), ("crop",)) if case.marks is not None]
    said = m.said("found")
    sets = enrol(m.people.person, m.good)
    lines = [
        "| worn | faces | refused | by | compared | like one of the enrolled |",
        "|---|--:|--:|---|--:|--:|",
    ]
    for label in COVERS:
        here = [case for case in every if case.label == label]
        if not here:
            continue
        looks = [kiosk.look_at(must_read(case.path)) for case in here]
        refused = Counter(str(look.missing) for look in looks if look.template is None)
        rows = [np.frombuffer(look.template.numbers, np.int8) for look in looks if look.template is not None]
        like = 0
        if rows:
            each = unit(np.stack(rows).astype(np.float32))
            alike = np.stack([best_three(each, said[own]) for own in sets.enrolled], axis=1)
            like = int((alike >= m.points.same).any(axis=1).sum())
        low, high = wilson(sum(refused.values()), len(here))
        by = ", ".join(f"{why} {count}" for why, count in refused.most_common(3))
        share = f"{sum(refused.values()) / len(here):.3f} ({low:.3f} to {high:.3f})"
        lines.append(f"| {label} | {len(here)} | {share} | {by} | {len(rows)} | {like} |")
    return "\n".join(lines)
