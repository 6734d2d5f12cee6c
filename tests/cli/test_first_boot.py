"""Settings from a file on the boot partition: taken over whole or not at all, wiped after."""

from __future__ import annotations

import os
import stat
import tomllib
from pathlib import Path

import pytest

from edge.__main__ import main
from edge.cli.first_boot import PROBLEM, take_over
from edge.pictures import age
from edge.settings.load import SettingsError, load
from edge.settings.schema import EXAMPLE
from edge.settings.secrets import Secret, read_secret
from tests.worlds.bank_authority import Authority, pem

GIVEN = """\
[cabin]
name = "Main Street #4"
address = 'Main Street 4, "Bank"'
timezone = "Asia/Kolkata"

[people]
watchman = "+15550100"
control_room = "+15550102"

[camera]
source = "usb"

[wiring.lock]
active_high = false
pin = 6

[wiring.exit]
pin = 17

[policy]
loitering = { told = ["control_room"], siren = "no", permit = "stays" }

[first_boot]
sim_pin = "2580"
ssh_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH technician@desk"
"""


PRIVATE_PEM = "-----BEGIN PRIVATE KEY-----AAAA-----END PRIVATE KEY-----"


class Card:
    """A boot partition and a root file system, as far as the command reaches."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "boot" / "cabinguard.toml"
        self.settings = folder / "etc" / "kiosk.toml"
        self.keys = folder / "etc" / "technician_keys"
        self.secret = folder / "etc" / "secrets" / "sim_pin"
        self.screen = folder / "run" / "screen"
        for made in (self.file, self.settings, self.screen):
            made.parent.mkdir()
        self.settings.write_bytes(EXAMPLE.read_bytes())

    def write(self, text: str) -> None:
        self.file.write_text(text, encoding="utf-8")

    def command(self) -> int:
        places = {"--settings": self.settings, "--ssh-keys": self.keys, "--screen": self.screen}
        return main(["first-boot", str(self.file), *(str(word) for pair in places.items() for word in pair)])

    @property
    def problem(self) -> str:
        return (self.file.parent / PROBLEM).read_text("utf-8")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def card(tmp_path: Path) -> Card:
    return Card(tmp_path)


def test_settings_are_taken_over_and_the_file_is_gone(card: Card) -> None:
    card.write(GIVEN)
    assert card.command() == 0
    settings = load(card.settings, kiosk=True)
    assert settings.cabin.name == "Main Street #4"
    assert settings.cabin.address == 'Main Street 4, "Bank"'
    assert settings.people.watchman == "+15550100"
    assert (settings.wiring.lock.pin, settings.wiring.lock.active_high) == (6, False)
    assert settings.wiring.exit.pin == 17
    assert settings.policy.loitering.permit == "stays"
    assert settings.modem.pin_file == str(card.secret)
    assert card.secret.read_text() == "2580\n"
    assert stat.S_IMODE(card.secret.stat().st_mode) == 0o640
    assert stat.S_IMODE(card.settings.stat().st_mode) == 0o640
    assert card.keys.read_text().startswith("ssh-ed25519 ")
    assert names(card.file.parent) == []
    assert names(card.settings.parent) == ["kiosk.toml", "secrets", "technician_keys"]


def test_comments_and_everything_else_stay(card: Card) -> None:
    before = card.settings.read_text("utf-8").splitlines()
    card.write('[cabin]\nname = "A"\n[people]\nwatchman = "+15550100"\n[camera]\nsource = "usb"\n')
    take_over(card.file, card.settings, card.keys)
    after = card.settings.read_text("utf-8").splitlines()
    changed = [(a, b) for a, b in zip(before, after, strict=True) if a != b]
    assert len(changed) == 3
    for old, new in changed:
        assert new.endswith(old[old.index("#") :])


def test_a_setting_that_the_file_had_lost_comes_back(card: Card) -> None:
    card.settings.write_text('[people]\n# who\n\n[camera]\nsource = "usb"\n', "utf-8")
    card.write('[people]\nwatchman = "+15550100"\n[wiring.lock]\npin = 18\n')
    take_over(card.file, card.settings, card.keys)
    settings = load(card.settings, kiosk=True)
    assert settings.people.watchman == "+15550100"
    assert settings.wiring.lock.pin == 18


def test_what_windows_writes_is_read(card: Card) -> None:
    card.file.write_bytes(b"\xef\xbb\xbf" + GIVEN.replace("\n", "\r\n").encode())
    assert card.command() == 0
    assert load(card.settings, kiosk=True).cabin.timezone == "Asia/Kolkata"


def test_twice_comes_out_the_same(card: Card) -> None:
    card.write(GIVEN)
    take_over(card.file, card.settings, card.keys)
    once = card.settings.read_bytes()
    card.write(GIVEN)
    take_over(card.file, card.settings, card.keys)
    assert card.settings.read_bytes() == once


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[cabin\n", "settings_syntax"),
        ('[cabin]\nnmae = "A"\n', "settings_unknown_key"),
        ('name = "A"\n', "settings_unknown_key"),
        ('[people]\nwatchman = "0171 5550100"\n', "settings_out_of_bounds"),
        ('[cabin]\nname = "A"\n', "settings_incomplete"),
        ('[first_boot]\nsim_pin = "12"\n', "settings_out_of_bounds"),
        ("[first_boot]\nsim_pin = 1234\n", "settings_out_of_bounds"),
        ('[first_boot]\nsim_pin = "１２３４"\n', "settings_out_of_bounds"),
        ('[first_boot]\nssh_key = "ssh-ed25519 AAAA\\nssh-rsa BBBB"\n', "settings_out_of_bounds"),
        ('[first_boot]\npin = "1234"\n', "settings_unknown_key"),
        ('[first_boot]\nest_token = "a\\nb"\n', "settings_out_of_bounds"),
        ('[first_boot]\nhotp_secret = "JBSWY3DP"\n', "settings_out_of_bounds"),
        ('[first_boot]\ngallery_key = "AAAA"\n', "settings_out_of_bounds"),
        ('[first_boot]\nrecipients = "AGE-SECRET-KEY-1QQQ"\n', "settings_out_of_bounds"),
        ("[first_boot]\nca_certificates = '" + PRIVATE_PEM + "'\n", "settings_out_of_bounds"),
        ('[first_boot]\nrecipients = "age1qqq"\n', "settings_out_of_bounds"),
        ("first_boot = 1\n", "settings_wrong_type"),
        ("modem = 1\n[first_boot]\nsim_pin = '1234'\n", "settings_wrong_type"),
        ("# " + "x" * 70000, "settings_unreadable"),
        ("a = " + "[" * 3000 + "]" * 3000, "settings_syntax"),
        ("a = " + "{b = " * 3000 + "1" + "}" * 3000, "settings_syntax"),
        (".".join("a" * 3000) + " = 1\n", "settings_unknown_key"),
        ("[flow]\nsiren_s.a" + ".a" * 3000 + " = 1\n", "settings_wrong_type"),
        ("[flow]\nsiren_s = " + "9" * 5000 + "\n", "settings_syntax"),
        ("[flow]\nsiren_s = " + "9" * 400 + "\n", "settings_out_of_bounds"),
        ("[flow]\nsiren_s = 0x" + "f" * 5000 + "\n", "settings_out_of_bounds"),
        ("[flow]\nsiren_s = 1e" + "9" * 5000 + "\n", "settings_out_of_bounds"),
        ("[flow]\ncode_tries = 0b" + "1" * 20000 + "\n", "settings_out_of_bounds"),
        ('[first_boot]\nssh_key = "ssh-ed25519 AAAA a\\rssh-rsa BBBB b"\n', "settings_out_of_bounds"),
        ('[cabin]\nname = "a\\u2028b"\n', "settings_out_of_bounds"),
        ('["cabin]\\nname"]\nx = 1\n', "settings_unknown_key"),
        ("[flow]\ncode_tries = 5\ncodes_per_incident = 10\n", "settings_conflict"),
    ],
)  # fmt: skip
def test_a_wrong_file_changes_nothing_and_says_so(card: Card, text: str, code: str) -> None:
    before = card.settings.read_bytes()
    card.write(text)
    assert card.command() == 3
    assert card.settings.read_bytes() == before
    assert card.file.read_text("utf-8") == text
    assert code in (card.file.parent / PROBLEM).read_text("utf-8")
    assert not card.secret.exists()
    assert not card.keys.exists()
    assert names(card.settings.parent) == ["kiosk.toml"]


def test_no_problem_repeats_the_pin(card: Card, capsys: pytest.CaptureFixture[str]) -> None:
    card.write('[first_boot]\nsim_pin = "98765432109"\nssh_key = "98765432109"\n')
    assert card.command() == 3
    said = capsys.readouterr()
    assert "98765432109" not in said.out + said.err + (card.file.parent / PROBLEM).read_text("utf-8")


def test_a_mended_file_takes_the_problem_away(card: Card) -> None:
    card.write("[cabin\n")
    assert card.command() == 3
    assert card.screen.exists()
    card.write(GIVEN)
    assert card.command() == 0
    assert names(card.file.parent) == []
    assert not card.screen.exists()


# --- what a technician at the screen sees ---------------------------------------------------------


def test_a_card_without_settings_says_so_at_the_screen_and_on_the_card(card: Card) -> None:
    assert card.command() == 3
    for told in (card.screen.read_text("utf-8"), card.problem):
        assert told.startswith("CabinGuard is not in service; the door rests unlocked.\n")
        assert "There is no cabinguard.toml on this card's first partition" in told
        assert "settings_incomplete" in told
        assert "copy cabinguard.example.toml on its first partition to cabinguard.toml there" in told
    assert max(map(len, card.screen.read_text("utf-8").splitlines())) < 160, "two lines of a screen"


def test_a_wrong_file_is_explained_at_the_screen_too(card: Card) -> None:
    card.write('[cabin]\nnmae = "A"\n')
    assert card.command() == 3
    for told in (card.screen.read_text("utf-8"), card.problem):
        assert "cabinguard.toml on this card's first partition was not taken over" in told
        assert "cabin.nmae" in told
        assert "correct cabinguard.toml on its first partition" in told


def test_a_kiosk_that_has_its_settings_says_nothing(card: Card, capsys: pytest.CaptureFixture[str]) -> None:
    card.write(GIVEN)
    assert card.command() == 0
    assert card.command() == 0  # the next start, with the file taken over
    assert "settings are complete" in capsys.readouterr().out
    assert names(card.file.parent) == []
    assert not card.screen.exists()


def test_a_settings_file_that_was_spoilt_later_is_told(card: Card) -> None:
    card.write(GIVEN)
    assert card.command() == 0
    card.settings.write_text("[people\n", "utf-8")
    assert card.command() == 3
    assert "settings_syntax" in card.screen.read_text("utf-8")
    assert "sudo nano /etc/cabinguard/kiosk.toml" in " ".join(card.screen.read_text("utf-8").split())
    card.settings.unlink()
    assert card.command() == 3
    assert "settings_missing" in card.screen.read_text("utf-8")


def test_the_screen_is_not_flooded_and_the_card_has_all(card: Card) -> None:
    card.write("\n".join(f"[first_boot]\nkey{n} = 1" if n == 0 else f"key{n} = 1" for n in range(9)))
    assert card.command() == 3
    assert card.problem.count("fault:  settings_unknown_key") == 9
    shown = card.screen.read_text("utf-8")
    assert shown.count("fault:  settings_unknown_key") == 2
    more = card.problem.count("fault:") - 2
    assert more >= 7
    assert f"{more} more stand in {PROBLEM}" in shown
    rows = sum(max(1, -(-len(line) // 80)) for line in shown.splitlines())
    assert rows <= 23, "with getty's own line and the login in 25"


def test_neither_repeats_a_value_nor_obeys_one(card: Card) -> None:
    card.write(
        '[people]\nwatchman = "0171 5550199"\n[cabin]\n"a\\u001b[2J\\\\n" = 1\n'
        '[first_boot]\nsim_pin = "246813579"\n'
    )
    assert card.command() == 3
    shown = card.screen.read_text("utf-8")
    for told in (shown, card.problem):
        assert "246813579" not in told
        assert "5550199" not in told
    assert "\x1b" not in shown
    assert "\\" not in shown.replace("\\\\", ""), "getty reads a single backslash as an order"


def test_a_disk_that_fails_is_told_as_well(card: Card, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, content: bytes, mode: int, group: str = "") -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr("edge.cli.first_boot.write_whole", full)
    card.write(GIVEN)
    assert card.command() == 3
    assert "file_unusable" in card.screen.read_text("utf-8")
    assert "No space left on device" in card.problem


def test_places_that_take_no_writes_stop_nothing(card: Card) -> None:
    card.write("[cabin\n")
    card.screen.mkdir()
    (card.file.parent / PROBLEM).mkdir()
    assert card.command() == 3


def test_bytes_that_are_no_text(card: Card) -> None:
    card.file.write_bytes(b"\xff\xfe[\x00c\x00")
    with pytest.raises(SettingsError, match="UTF-8"):
        take_over(card.file, card.settings, card.keys)


def test_the_file_is_overwritten_before_it_is_removed(card: Card, tmp_path: Path) -> None:
    card.write(GIVEN)
    kept = tmp_path / "same-inode"
    os.link(card.file, kept)
    take_over(card.file, card.settings, card.keys)
    assert set(kept.read_bytes()) == {0}


def test_the_example_on_the_boot_partition_is_of_this_format(card: Card, repo: Path) -> None:
    example = (repo / "systemd" / "image" / "cabinguard.example.toml").read_text("utf-8")
    assert tomllib.loads(example) == {}
    card.write("\n".join(line.removeprefix("#:") for line in example.splitlines()))
    assert card.command() == 0
    assert load(card.settings, kiosk=True).people.watchman


FAULTY = """\
[cabin]
nmae = "Main Street"
timezone = "Asia/Kolkatta"
[people]
watchman = "0171 5550100"
control_room = +15550102
[flow]
lock_after_s = 5
code_tries = 5
codes_per_incident = 10
[camera]
source = usb
[modem]
port = "ttyUSB2"
[paths]
data = /srv/data
[first_boot]
sim_pin = 1234
"""


def test_all_faults_in_one_round_with_the_lines_of_the_file_itself(card: Card) -> None:
    """A round is a walk to the cabin with the card."""
    card.write(FAULTY)
    assert card.command() == 3
    said = (card.file.parent / PROBLEM).read_text("utf-8")
    lines = FAULTY.splitlines()
    for begin in ("nmae", "timezone", "watchman", "control_room", "source", "port", "data", "sim_pin"):
        number = next(n for n, line in enumerate(lines, start=1) if line.startswith(begin))
        assert f"line {number})" in said or f"line {number}," in said, begin
    assert (
        "flow.prompt_lead_s = 10 must not be more than flow.lock_after_s = 5 (cabinguard.toml line 8)" in said
    )
    assert (
        "a chance of 5 % to guess one in an incident; 2 % at most, so 4 digits (cabinguard.toml lines 9, 10)"
        in said
    )
    assert said.count("fault: ") == 11
    faults = said.partition("What to do: switch off")[0]
    assert "kiosk.toml" not in faults.replace("(cabinguard.toml", "")
    assert "first-boot" not in said
    assert "5550100" not in said


def test_what_is_missing_has_no_line(card: Card) -> None:
    card.write('[cabin]\nname = "A"\n')
    assert card.command() == 3
    said = (card.file.parent / PROBLEM).read_text("utf-8")
    assert "people.watchman: without it no code reaches anybody)" in said


def test_a_heading_that_is_none_ends_the_reading(card: Card) -> None:
    """What stands below it would be reported as belonging elsewhere."""
    card.write('[people\nwatchman = "+15550100"\nsource = usb\n')
    assert card.command() == 3
    said = (card.file.parent / PROBLEM).read_text("utf-8")
    assert said.count("fault: ") == 1
    assert "(at line 1," in said


def test_a_piece_of_a_row_keeps_the_rest_of_it(card: Card) -> None:
    card.write(GIVEN)
    take_over(card.file, card.settings, card.keys)
    card.write('[policy]\nloitering = { siren = "beeps" }\n')
    take_over(card.file, card.settings, card.keys)
    rule = load(card.settings, kiosk=True).policy.loitering
    assert (rule.told, rule.siren, rule.permit) == (("control_room",), "beeps", "stays")


def test_secrets_and_authorities_go_into_files_of_their_own(card: Card) -> None:
    _, public = age.new_key()
    root = pem(Authority().certificate).decode()
    card.write(
        '[cabin]\nname = "A"\n[people]\nwatchman = "+15550100"\n[camera]\nsource = "usb"\n'
        '[certificate]\nest_user = "cabin-17"\n[first_boot]\nest_token = "one time"\n'
        'hotp_secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"\nwebhook_secret = "w"\n'
        f"ca_certificates = '''\n{root}'''\nrecipients = '''\n# name: bank\n{public}\n'''\n"
    )
    assert card.command() == 0
    settings = load(card.settings, kiosk=True)
    folder = card.settings.parent
    assert read_secret(settings, Secret.HOTP) == "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    assert (folder / "secrets" / "est_token").read_text() == "one time\n"
    assert settings.certificate.ca_file == str(folder / "fleet" / "ca.pem")
    assert (folder / "fleet" / "ca.pem").read_text() == root
    assert settings.evidence.recipients_file == str(folder / "fleet" / "recipients")
    for name, mode in (
        ("secrets/est_token", 0o640),
        ("secrets/webhook_secret", 0o640),
        ("fleet/ca.pem", 0o644),
    ):
        assert stat.S_IMODE((folder / name).stat().st_mode) == mode
    text = card.settings.read_text("utf-8")
    assert "one time" not in text
    assert "JBSWY3DP" not in text
