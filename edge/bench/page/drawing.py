"""The cabin as SVG: door with relay and contact, machine with permit lamp, lights, siren, people, keypad.

Seen from the front, cut open on the right. Colours and movement are the style sheet's, by class; nothing of
what is drawn is told by colour alone, and the words beside the drawing say all of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Final

from edge.bench.page.scene import Figure, Scene

VIEW: Final = (960, 600)
"""Width and height of the drawing in its own units."""

FLOOR_Y: Final = 520
_PLACES_X: Final = (636, 544, 722, 500, 590)
_KEYS: Final = "123456789*0#"


def cabin_svg(scene: Scene, label: str) -> str:
    """The drawing; `label` says in words what it shows, for everybody who does not see it."""
    marks = ["cabin-drawing", f"light-{escape(scene.lights)}"]
    marks += ["powered"] if scene.powered else ["unpowered"]
    parts = "".join(
        (
            _building(),
            _siren(scene),
            _tower(scene),
            _door(scene),
            _contacts(scene),
            _camera(scene),
            _loudspeaker(scene),
            _machine(scene),
            *_people(scene),
            _dusk(scene),
            _keypad(scene),
            _plug(scene),
        )
    )
    return (
        f'<svg class="{" ".join(marks)}" viewBox="0 0 {VIEW[0]} {VIEW[1]}" role="img" '
        f'aria-label="{escape(label)}">{parts}</svg>'
    )


def _on(name: str, on: bool) -> str:
    return f"{name} lit" if on else name


def _building() -> str:
    return (
        f'<path class="ground" d="M0 {FLOOR_Y + 12}H960"/>'
        f'<rect class="wall" x="250" y="92" width="684" height="{FLOOR_Y - 92}" rx="4"/>'
        '<path class="tiles" d="M470 92V520M610 92V520M750 92V520M250 380H934"/>'
        '<rect class="roof" x="236" y="72" width="712" height="22" rx="6"/>'
        f'<rect class="floor" x="236" y="{FLOOR_Y}" width="712" height="14" rx="4"/>'
        '<path class="post" d="M250 92V520M934 92V520"/>'
        '<path class="lamp" d="M560 94h130l-10 10h-110z"/>'
    )


def _siren(scene: Scene) -> str:
    waves = ""
    if scene.sound != "off":
        waves = "".join(
            f'<path class="wave wave-{n}" d="M{434 + 16 * n} {58 - 12 * n}q{8 + 5 * n} {12 + 10 * n} 0 '
            f'{24 + 20 * n}M{386 - 16 * n} {58 - 12 * n}q{-8 - 5 * n} {12 + 10 * n} 0 {24 + 20 * n}"/>'
            for n in range(1 if scene.sound == "beeps" else 3)
        )
    return (
        f'<g class="siren sound-{escape(scene.sound)}"><path class="dome" d="M388 72v-14a22 26 0 '
        '0 1 44 0v14z"/>'
        f'<rect class="metal" x="380" y="66" width="60" height="8" rx="3"/>{waves}</g>'
    )


def _tower(scene: Scene) -> str:
    lamps = "".join(
        f'<circle class="{_on(f"signal {colour}", colour in scene.lit)}" cx="{304 + 36 * at}" '
        'cy="130" r="13"/>'
        for at, colour in enumerate(("green", "amber", "red"))
    )
    return (
        f'<g class="signals"><rect class="box" x="282" y="110" width="116" height="40" rx="20"/>{lamps}</g>'
    )


def _door(scene: Scene) -> str:
    """Leaf, bolt of the relay with a padlock, and the contact at the top: two halves, together or apart."""
    frame = '<rect class="doorway" x="278" y="166" width="124" height="354"/>'
    if scene.door_open:
        leaf = (
            '<path class="leaf open" d="M278 166L318 188V548L278 520z"/>'
            '<path class="glass" d="M285 182L311 196V528L285 508z"/><circle class="handle" '
            'cx="310" cy="366" r="4"/>'
        )
        half = (
            '<rect class="contact" x="305" y="178" width="16" height="7" rx="2" '
            'transform="rotate(28 313 181)"/>'
        )
    else:
        leaf = (
            '<rect class="leaf" x="281" y="169" width="118" height="351"/>'
            '<rect class="glass" x="295" y="186" width="90" height="300" rx="3"/>'
            '<path class="shine" d="M312 200l46 0-58 170v-110z"/><rect class="handle" x="384" '
            'y="338" width="7" height="42" rx="3"/>'
        )
        half = '<rect class="contact together" x="366" y="160" width="24" height="8" rx="2"/>'
    fixed = (
        f'<rect class="contact{"" if scene.door_open else " together"}" x="366" y="152" '
        'width="24" height="8" rx="2"/>'
    )
    bolt_x, shackle = (
        (386, "M416 318v-9a9 9 0 0 1 18 0v9") if scene.locked else (404, "M416 318v-9a9 9 0 0 1 18 0")
    )
    lock = (
        f'<g class="{_on("lock", scene.locked)}"><rect class="bolt" x="{bolt_x}" y="346" '
        'width="26" height="10" rx="2"/>'
        '<rect class="strike" x="404" y="334" width="42" height="34" rx="4"/>'
        f'<path class="shackle" d="{shackle}"/><rect class="padlock" x="409" y="316" width="32" '
        'height="25" rx="5"/>'
        '<path class="keyhole" d="M425 324v9"/></g>'
    )
    return f"<g>{frame}{leaf}{fixed}{half}{lock}</g>"


def _contact_class(scene: Scene, name: str) -> str:
    dead = " dead" if name in scene.dead else ""
    return _on(f"drawn-contact {name}", name in scene.active) + dead


def _contacts(scene: Scene) -> str:
    return (
        f'<g class="{_contact_class(scene, "exit")}"><rect class="plate" x="454" y="322" '
        'width="38" height="54" rx="5"/>'
        '<circle class="knob" cx="473" cy="344" r="12"/><path class="mark" d="M465 366h16m-6-5 6 5-6 5"/></g>'
        f'<g class="{_contact_class(scene, "fire")}"><path class="knob" d="M500 94h48l-6 16h-36z"/>'
        '<path class="mark flame" d="M524 138c-12-8-2-14-2-24 8 6 14 14 2 24z"/></g>'
        f'<g class="{_contact_class(scene, "panic")}"><rect class="plate" x="762" y="402" '
        'width="26" height="40" rx="4"/>'
        '<circle class="knob" cx="775" cy="422" r="9"/></g>'
        f'<g class="{_contact_class(scene, "case")}"><rect class="plate" x="858" y="108" '
        'width="62" height="50" rx="5"/>'
        '<path class="knob" '
        f'd="{"M858 112l-22-14v50l22 10z" if "case" in scene.active else "M866 116h46v34h-46z"}"/>'
        f'<circle class="{_on("power-led", scene.powered)}" cx="912" cy="150" r="4"/></g>'
        f'<g class="{_contact_class(scene, "vibration")}"><path class="mark" d="M798 482l8-14 10 '
        '22 10-22 10 22 8-14"/></g>'
    )


def _camera(scene: Scene) -> str:
    state = "gone" if not scene.camera_alive else escape(scene.lens)
    cone = "" if state in ("gone", "covered") else '<path class="cone" d="M768 146L470 470 700 520z"/>'
    cross = '<path class="cross" d="M748 122l44 44m0-44l-44 44"/>' if state == "gone" else ""
    blob = {
        "covered": '<rect class="cover" x="744" y="128" width="20" height="34" rx="4"/>',
        "sprayed": '<path class="spray" d="M746 138q10-14 22-4t2 22q-14 10-22 0t-2-18z"/>',
        "white": '<path class="beam" d="M690 210l58-62-40-6z"/>',
    }.get(state, "")
    tilt = ' transform="rotate(-35 775 142)"' if state == "moved" else ""
    return (
        f'<g class="camera camera-{state}">{cone}<g{tilt}><path class="arm" d="M790 94v34"/>'
        '<rect class="body" x="760" y="124" width="48" height="30" rx="6" transform="rotate(-24 784 139)"/>'
        f'<circle class="lens" cx="764" cy="150" r="9"/></g>{blob}{cross}</g>'
    )


def _loudspeaker(scene: Scene) -> str:
    waves = (
        '<path class="wave wave-0" d="M456 186q10 12 0 24"/><path class="wave wave-1" d="M466 '
        '178q18 20 0 40"/>'
    )
    return (
        f'<g class="{_on("loudspeaker", scene.speaking)}"><path class="metal" d="M424 '
        '190h10l14-12v40l-14-12h-10z"/>'
        f"{waves if scene.speaking else ''}</g>"
    )


def _machine(scene: Scene) -> str:
    permit = "M826 276l12 12 24-26" if scene.permit else "M830 262l28 28m0-28l-28 28"
    front = {
        "skimmer": (
            '<rect class="skimmer" x="812" y="326" width="66" height="26" rx="4"/><path '
            'class="slot" d="M822 339h46"/>'
        ),
        "stripped": (
            '<path class="hole" d="M808 322h74v30h-74z"/><path class="wire" d="M816 330q20 30 30 6t30 12"/>'
        ),
    }.get(scene.front, '<path class="slot" d="M816 338h58"/>')
    return (
        '<g class="machine"><path class="body" d="M790 226a12 12 0 0 1 12-12h90a12 12 0 0 1 12 '
        '12v294h-114z"/>'
        f'<g class="{_on("permit", scene.permit)}"><rect class="screen" x="804" y="234" '
        'width="86" height="76" rx="5"/>'
        f'<path class="sign" d="{permit}"/></g>{front}'
        '<path class="ledge" d="M782 370h124l8 20H774z"/><path class="slot wide" d="M810 420h68"/></g>'
    )


def _people(scene: Scene) -> Iterator[str]:
    if not scene.staged:
        return
    for at, figure in enumerate(scene.figures):
        yield _figure(figure, at, _PLACES_X[at % len(_PLACES_X)])


def _figure(figure: Figure, at: int, x: int) -> str:
    marks = [f"person person-{at % 5}", *(["leaving"] if figure.leaving else [])]
    down = 96 if figure.crouching else 0
    legs = (
        f"M-24 {-110 + down}h48l8 {110 - down}h-20l-12 {-60 + down // 2}-12 {60 - down // 2}h-20z"
        if not figure.crouching
        else "M-24 -60h48l30 30-12 30h-20l4-22-26-14-26 14 4 22h-20l-12-30z"
    )
    body = f'<path class="legs" d="{legs}"/><path class="torso" d="M-40 {-176 + down}q40-22 80 0l6 78h-92z"/>'
    head_y = -216 + down
    return (
        f'<g class="{" ".join(marks)}" transform="translate({x} {FLOOR_Y})">{body}'
        f'<g transform="translate(0 {head_y})">{_head(figure)}</g>'
        f'<text class="name" x="0" y="44">{escape(figure.name)}</text></g>'
    )


def _head(figure: Figure) -> str:
    """A face with what is before it, in the order in which it is put on."""
    if figure.turn == "away":
        face = '<circle class="hair" r="30"/>'
    else:
        dx, dy = {"left": (9, 0), "right": (-9, 0), "up": (0, -8), "down": (0, 8)}.get(figure.turn, (0, 0))
        face = (
            '<circle class="skin" r="28"/><path class="hair" d="M-29-4a29 29 0 0 1 58 '
            '0q-14-16-29-16t-29 16z"/>'
            f'<g transform="translate({dx} {dy})"><circle class="eye" cx="-10" cy="-2" r="3"/>'
            '<circle class="eye" cx="10" cy="-2" r="3"/><path class="mouth" d="M-8 12q8 6 16 0"/></g>'
        )
    worn = "".join(drawn for name, drawn in COVER_PATHS.items() if name in figure.covers)
    odd = [name for name in figure.covers if name not in COVER_PATHS]
    worn += "".join(f'<text class="odd" y="-40">{escape(name)}</text>' for name in odd)
    return face + worn + _photo(figure.photo)


COVER_PATHS: Final = {
    "glasses": (
        '<path class="cover glasses" d="M-24-9h20v12a9 9 0 0 1-18 0zM4-9h20l-2 12a9 9 0 0 1-18 0zM-4-6h8"/>'
    ),
    "mask": '<path class="cover mask" d="M-25 2q25-10 50 0l-5 18q-20 16-40 0zM-25 4l-4-6M25 4l4-6"/>',
    "scarf": '<path class="cover scarf" d="M-30 2q30 12 60 0v24q-30 16-60 0zM10 26l14 34h-16z"/>',
    "hand": (
        '<path class="cover hand" d="M-16 22v-26a4 4 0 0 1 8 0v-8a4 4 0 0 1 8 0v-2a4 4 0 0 1 8 '
        '0v4a4 4 0 0 1 8 0v26q-2 14-10 20h-12q-8-4-10-14z"/>'
    ),
    "helmet": (
        '<path class="cover helmet" d="M-34 20v-24a34 34 0 0 1 68 0v24q-34 14-68 0z"/><path '
        'class="cover visor" d="M-27-10q27-8 54 0v14q-27 10-54 0z"/>'
    ),
}
"""Each cover as it is drawn before a face, in the order in which covers are put on."""


def _photo(photo: str) -> str:
    if photo == "off":
        return ""
    hand = (
        '<path class="cover hand" d="M-12 44h24v16h-24z"/>'
        if photo == "held"
        else '<path class="stick" d="M0 44v44"/>'
    )
    return (
        f'<g class="photo">{hand}<rect class="print" x="-36" y="-44" width="72" height="90" rx="3"/>'
        '<circle class="skin" cy="-6" r="22"/><path class="hair" d="M-23-9a23 23 0 0 1 46 '
        '0q-12-12-23-12t-23 12z"/>'
        '<circle class="eye" cx="-8" cy="-6" r="2.5"/><circle class="eye" cx="8" cy="-6" r="2.5"/>'
        '<path class="mouth" d="M-6 6q6 4 12 0"/></g>'
    )


def _dusk(scene: Scene) -> str:
    """Less light in the cabin lies over what stands in it."""
    if scene.lights == "on":
        return ""
    return (
        f'<rect class="dusk dusk-{escape(scene.lights)}" x="252" y="94" width="680" height="{FLOOR_Y - 94}"/>'
    )


def _keypad(scene: Scene) -> str:
    keys = "".join(
        f'<rect class="key" x="{160 + 17 * (at % 3)}" y="{296 + 17 * (at // 3)}" width="13" '
        'height="13" rx="3"/>'
        for at in range(len(_KEYS))
    )
    return (
        f'<g class="{_on("keypad-drawn", scene.touched)}"><path class="stand" d="M183 380v140M160 520h46"/>'
        '<rect class="box" x="148" y="266" width="70" height="114" rx="8"/>'
        f'<rect class="display" x="158" y="274" width="50" height="14" rx="3"/>{keys}</g>'
    )


def _plug(scene: Scene) -> str:
    socket = (
        '<rect class="box" x="30" y="440" width="52" height="52" rx="8"/><circle class="hole" '
        'cx="46" cy="466" r="4"/><circle class="hole" cx="66" cy="466" r="4"/>'
    )
    if scene.powered:
        cable = (
            '<path class="cable" d="M70 466h40q20 0 20 30v24q0 8 12 8h106"/><rect class="plug" '
            'x="38" y="454" width="40" height="24" rx="6"/>'
        )
    else:
        cable = (
            '<path class="cable" d="M128 552q20-2 30-18q8-10 24-10h64"/><g transform="rotate(12 '
            '108 556)"><rect class="plug" x="92" y="544" width="36" height="24" rx="6"/><path '
            'class="prong" d="M92 551h-12m12 10h-12"/></g>'
        )
    return f'<g class="{_on("mains", scene.powered)}">{socket}{cable}</g>'
