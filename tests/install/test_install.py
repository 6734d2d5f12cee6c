"""The installer keeps its word: any path, any user, twice, offline, and each failure by its name.

A stub stands in for Python and pip where only the installer's own behaviour is looked at, so that these
tests take seconds; the run with real packages is marked `full`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement

from tests.worlds.installer import STUB_PYTHON, Sandbox, named


@pytest.fixture
def sandbox(tmp_path: Path, repo: Path) -> Sandbox:
    return Sandbox(tmp_path, repo)


# --- the two commands ---------------------------------------------------------------------------------------


def test_bench_installs_once_and_then_asks_nothing(sandbox: Sandbox) -> None:
    first = sandbox.run("bench", "--story", "never-shown")
    assert first.returncode == 0, first.stderr
    assert first.stdout == "bench started: -P -m edge bench --story never-shown\n"
    (pip,) = sandbox.pip_calls()
    assert "--require-hashes" in pip
    assert "--no-deps" in pip
    assert "runtime.lock" in pip

    second = sandbox.run("bench", STUB_PIP="the network must not be asked")
    assert second.stdout == "bench started: -P -m edge bench\n"
    assert second.stderr == ""
    assert len(sandbox.pip_calls()) == 1


def test_bench_hands_its_status_through(sandbox: Sandbox) -> None:
    assert sandbox.run("bench", "--story", "fire", STUB_BENCH="1").returncode == 1


def test_the_tests_packages_serve_the_bench(sandbox: Sandbox) -> None:
    tested = sandbox.run("test", "--full", "-k", "two words")
    assert tested.returncode == 0, tested.stderr
    assert tested.stdout == "9 passed in 0.01s\n"
    call = sandbox.calls()[-1]
    assert call.startswith("-m pytest")
    assert call.endswith("--dist worksteal --full -k two words")
    assert sandbox.run("bench").returncode == 0
    assert len(sandbox.pip_calls()) == 1


@pytest.mark.slow
def test_the_check_ends_with_the_runners_last_line(sandbox: Sandbox) -> None:
    done = subprocess.run(
        [sandbox.tree / ".ci" / "run"],
        env=sandbox.environment(CABINGUARD_PYTHON="python3"),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "9 passed in 0.01s"


@pytest.mark.slow
def test_a_changed_lock_or_python_installs_again(sandbox: Sandbox) -> None:
    sandbox.run("bench")
    with (sandbox.tree / ".ci" / "runtime.lock").open("a") as lock:
        lock.write("# a newer release\n")
    sandbox.run("bench")
    assert len(sandbox.pip_calls()) == 2
    sandbox.run("bench", STUB_VERSION="3.11.9 (stub)")
    assert len(sandbox.pip_calls()) == 3


def test_an_interrupted_installation_is_taken_up_again(sandbox: Sandbox) -> None:
    assert sandbox.run("bench", STUB_PIP="Connection reset by peer").returncode == 3
    assert sandbox.run("bench").returncode == 0


def test_an_environment_whose_python_is_gone_is_made_anew(sandbox: Sandbox) -> None:
    sandbox.run("bench")
    (sandbox.tree / ".venv" / "bin" / "python").unlink()
    done = sandbox.run("bench")
    assert done.returncode == 0, done.stderr
    assert len(sandbox.pip_calls()) == 2


def test_a_moved_copy_still_starts(sandbox: Sandbox) -> None:
    sandbox.run("bench")
    sandbox.tree = sandbox.tree.rename(sandbox.tree.with_name("moved away"))
    done = sandbox.run("bench", STUB_PIP="the network must not be asked")
    assert done.returncode == 0, done.stderr
    (path_file,) = (sandbox.tree / ".venv").glob("lib/*/site-packages/cabinguard.pth")
    assert path_file.read_text() == f"{sandbox.tree}\n"


@pytest.mark.slow
@pytest.mark.parametrize("locale", ["C", "POSIX", "C.UTF-8"])
def test_a_folder_with_any_letters_in_any_locale(tmp_path: Path, repo: Path, locale: str) -> None:
    """Python up to 3.12 reads a path file in the locale's encoding, before it has read anything else."""
    folder = tmp_path / "gué नमस्ते"
    folder.mkdir()
    sandbox = Sandbox(folder, repo)
    venv = folder / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True, timeout=120)
    done = sandbox.call(
        'link_program "$1"; linked "$1" && echo linked'.replace("$1", str(venv)), LC_ALL=locale
    )
    assert done.stdout == "linked\n", done.stderr
    asked = "import os, sys; print([os.fsencode(path).hex() for path in sys.path])"
    python = subprocess.run(
        [venv / "bin" / "python", "-c", asked],
        env={"LC_ALL": locale, "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert python.returncode == 0, python.stderr
    assert os.fsencode(sandbox.tree).hex() in python.stdout


@pytest.mark.slow
def test_a_python_that_was_asked_for_is_the_one_that_is_used(sandbox: Sandbox) -> None:
    sandbox.run("bench")
    named(sandbox.run("bench", CABINGUARD_PYTHON="/nope"), "no-python")
    old = sandbox.tool("python-old", STUB_PYTHON.replace("311 64 whole", "310 64 whole"))
    named(sandbox.run("bench", CABINGUARD_PYTHON=str(old)), "python-version")
    assert len(sandbox.pip_calls()) == 1
    other = sandbox.tool("python3.12", STUB_PYTHON.replace("3.11.2 (stub)", "3.12.1 (stub)"))
    for _ in range(2):
        assert sandbox.run("bench", CABINGUARD_PYTHON=str(other)).returncode == 0
        assert len(sandbox.pip_calls()) == 2, "made again, once"
    assert sandbox.run("bench").returncode == 0
    assert len(sandbox.pip_calls()) == 2, "anyone who asks for none takes what is there"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("machine", "options", "bench", "kiosk"),
    [
        ("x86_64", (), False, True),
        ("x86_64", ("--here",), True, False),
        ("aarch64", (), True, True),
        ("aarch64", ("--here",), True, True),
    ],
)
def test_fetch_says_what_its_folder_is_good_for(
    sandbox: Sandbox, machine: str, options: tuple[str, ...], bench: bool, kiosk: bool
) -> None:
    sandbox.tool("uname", f'#!/bin/sh\n[ "$1" = -m ] && echo {machine} || exec /usr/bin/uname "$@"\n')
    folder = sandbox.tools.parent / "stick"
    done = sandbox.run("fetch", *options, str(folder))
    assert done.returncode == 0, done.stderr
    assert (f"CABINGUARD_WHEELS={folder} ./install.sh bench" in done.stderr) == bench
    assert ("kiosk --offline" in done.stderr) == kiosk
    assert ("./install.sh fetch --here DIR" in done.stderr) == (not bench)
    (platforms, *_) = [
        set(re.findall(r"manylinux2014_(\w+)", call)) for call in sandbox.pip_calls() if "download" in call
    ]
    assert platforms == {machine if options else "aarch64"}


@pytest.mark.slow
def test_two_at_once_install_once(sandbox: Sandbox) -> None:
    command = [str(sandbox.tree / "install.sh"), "bench"]
    environment = sandbox.environment(STUB_PIP_TAKES="0.5")
    both = [
        subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in "ab"
    ]
    assert [process.wait(60) for process in both] == [0, 0]
    for process in both:
        process.communicate()
    assert len(sandbox.pip_calls()) == 1


def test_the_callers_python_settings_stay_out(sandbox: Sandbox) -> None:
    sandbox.tool("python3", STUB_PYTHON.replace('echo "$*" ', 'echo "${PYTHONPATH-}${PIP_USER-}" '))
    sandbox.run("bench", PYTHONPATH="/elsewhere", PIP_USER="1")
    assert set(sandbox.calls()) == {""}


@pytest.fixture
def somebody(sandbox: Sandbox) -> Somebody:
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    return Somebody(sandbox)


class Somebody:
    """A user who may read the copy and write nothing in it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self.home = sandbox.tools.parent / "their home"
        self.home.mkdir()
        os.chown(self.home, 65534, 65534)
        sandbox.log.touch()
        sandbox.log.chmod(0o666)
        for folder in sandbox.tree.parents:
            if folder.stat().st_mode & 0o005 != 0o005:
                folder.chmod(folder.stat().st_mode | 0o055)

    def run(self, *command: str, **extra: str) -> subprocess.CompletedProcess[str]:
        become = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        return subprocess.run(
            [*become, str(self._sandbox.tree / "install.sh"), *command],
            env=self._sandbox.environment(HOME=str(self.home), **extra),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )


def test_a_tree_of_another_user_uses_the_cache_folder(sandbox: Sandbox, somebody: Somebody) -> None:
    done = somebody.run("bench")
    assert done.returncode == 0, done.stderr
    assert not (sandbox.tree / ".venv").exists()
    assert list((somebody.home / ".cache" / "cabinguard").glob("*/venv/stamp-runtime"))


@pytest.mark.slow
def test_what_root_made_serves_everybody(sandbox: Sandbox, somebody: Somebody) -> None:
    sandbox.run("test")
    done = somebody.run("bench", STUB_PIP="the network must not be asked")
    assert done.returncode == 0, done.stderr
    done = somebody.run("test", STUB_PIP="the network must not be asked")
    assert done.returncode == 0, done.stderr
    assert f"cache_dir={somebody.home}/.cache/" in sandbox.calls()[-1]


# --- what can be missing ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("judged", "name"),
    [
        ("39 64 whole", "python-version"),
        ("314 64 whole", "python-version"),
        ("311 32 whole", "python-32-bit"),
        ("311 64 novenv", "no-venv"),
        ("311 64 lacks sqlite3", "python-incomplete"),
    ],
)
def test_a_python_that_will_not_do(sandbox: Sandbox, judged: str, name: str) -> None:
    named(sandbox.run("bench", STUB_JUDGED=judged, CABINGUARD_PYTHON="python3"), name)


def test_no_python_at_all(sandbox: Sandbox) -> None:
    named(sandbox.run("bench", CABINGUARD_PYTHON="/nowhere/python"), "no-python")


def test_the_first_python_that_will_do_is_taken(sandbox: Sandbox) -> None:
    """A version manager's shim that only complains is passed over, and so is one that is too old."""
    sandbox.tool("python3", STUB_PYTHON.replace("${STUB_JUDGED:-311 64 whole}", "39 64 whole"))
    sandbox.tool("python3.13", "#!/bin/sh\necho 'command not found: set a version first' >&2\nexit 127\n")
    sandbox.tool("python3.12", STUB_PYTHON.replace("311 64", "312 64"))
    done = sandbox.call("find_python")
    assert done.stdout == f"{sandbox.tools}/python3.12\n"


def test_this_very_python_will_do(sandbox: Sandbox) -> None:
    done = sandbox.call(f"judge_python '{sys.executable}'")
    assert done.stdout == f"ok 3{sys.version_info.minor}\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "name"),
    [
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
            "no-space",
        ),
        ("NewConnectionError: Failed to establish a new connection: [Errno -2]", "no-network"),
        (
            "Temporary failure in name resolution\nERROR: No matching distribution found for numpy==1",
            "no-network",
        ),
        ("HTTPSConnectionPool(host='x', port=443): Read timed out.", "no-network"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "wrong-package"),
        ("ERROR: No matching distribution found for numpy==1.26.4 (from -r runtime.lock)", "package-missing"),
        ("[Errno 13] Permission denied: '/x'", "not-writable"),
        ("Traceback: something nobody has seen before", "pip-failed"),
    ],
)
def test_what_pip_met_is_named(sandbox: Sandbox, words: str, name: str) -> None:
    done = sandbox.run("bench", STUB_PIP=words)
    named(done, name)
    assert f"log: {sandbox.tree}/.venv/install.log" in done.stderr


def test_a_venv_that_cannot_be_made(sandbox: Sandbox) -> None:
    named(sandbox.run("bench", STUB_VENV_FAILS="1"), "venv-failed")
    assert sandbox.run("bench").returncode == 0


def test_somebody_elses_folder_is_not_deleted(sandbox: Sandbox) -> None:
    theirs = sandbox.tree / ".venv"
    theirs.mkdir()
    (theirs / "thesis.txt").write_text("the only copy")
    named(sandbox.run("bench"), "not-ours")
    assert (theirs / "thesis.txt").exists()


def test_a_place_that_cannot_be_written(sandbox: Sandbox) -> None:
    named(sandbox.run("bench", CABINGUARD_VENV="/dev/null/venv"), "not-writable")


def test_a_full_disk(sandbox: Sandbox) -> None:
    sandbox.tool("df", "#!/bin/sh\necho head; echo disk 100 99 90000 99% /\n")
    done = sandbox.run("bench")
    named(done, "no-space")
    assert "87 MB are free" in done.stderr


@pytest.mark.parametrize(
    ("flag", "answer", "name"), [("s", "Darwin", "wrong-system"), ("m", "armv7l", "wrong-processor")]
)
def test_the_wrong_machine(sandbox: Sandbox, flag: str, answer: str, name: str) -> None:
    sandbox.tool("uname", f'#!/bin/sh\n[ "$1" = -{flag} ] && echo {answer} || exec /usr/bin/uname "$@"\n')
    named(sandbox.run("bench"), name)


@pytest.mark.parametrize("command", [(), ("dance",)])
def test_a_wrong_command_line(sandbox: Sandbox, command: tuple[str, ...]) -> None:
    done = sandbox.run(*command)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "install.sh --help" in done.stderr or "./install.sh bench" in done.stderr


def test_help_names_every_command(sandbox: Sandbox) -> None:
    done = sandbox.run("--help")
    assert done.returncode == 0
    for command in ("bench", "test", "fetch", "kiosk"):
        assert f"./install.sh {command}" in done.stdout
    assert "--here" in done.stdout
    assert sandbox.run("fetch", "--help").stdout == done.stdout


def test_sourcing_does_nothing(sandbox: Sandbox) -> None:
    done = sandbox.call("declare -F prepare")
    assert (done.stdout, done.stderr) == ("prepare\n", "")
    assert sandbox.calls() == []


# --- the locks ----------------------------------------------------------------------------------------------


def _locked(repo: Path, name: str) -> dict[str, list[Requirement]]:
    """Distribution name to its requirements (one, or one for each range of Pythons)."""
    text = (repo / ".ci" / f"{name}.lock").read_text()
    found: dict[str, list[Requirement]] = {}
    for entry in re.split(r"\n(?=[a-z])", text):
        if entry.startswith("#"):
            continue
        words, *hashes = (line.strip().rstrip("\\").strip() for line in entry.splitlines() if line.strip())
        assert hashes, f"{words} has no hash"
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", word) for word in hashes), words
        requirement = Requirement(words)
        found.setdefault(requirement.name, []).append(requirement)
    return found


def _machine(python: str, machine: str) -> dict[str, str]:
    """What a marker asks of a machine, as this one would answer with that Python."""
    here = {name: str(value) for name, value in default_environment().items()}
    return here | {"platform_machine": machine, "sys_platform": "linux", "python_version": python}


def _chosen(locked: Mapping[str, list[Requirement]], python: str, machine: str) -> dict[str, str]:
    """What the lock installs on one kind of machine: name to version."""
    where = _machine(python, machine) | {"python_full_version": f"{python}.5"}
    chosen: dict[str, str] = {}
    for name, requirements in locked.items():
        fitting = [each for each in requirements if each.marker is None or each.marker.evaluate(where)]
        assert len(fitting) <= 1, f"{name} twice on {python}"
        if fitting:
            chosen[name] = str(fitting[0].specifier).removeprefix("==")
    return chosen


MACHINES = [(python, machine) for python in ("3.11", "3.12", "3.13") for machine in ("aarch64", "x86_64")]


@pytest.mark.slow
@pytest.mark.parametrize(("python", "machine"), MACHINES)
def test_the_locks_hold_what_the_project_asks_for(repo: Path, python: str, machine: str) -> None:
    project = tomllib.loads((repo / "pyproject.toml").read_text())["project"]
    runtime = _chosen(_locked(repo, "runtime"), python, machine)
    test = _chosen(_locked(repo, "test"), python, machine)
    where = _machine(python, machine)
    asked = [(line, runtime) for line in project["dependencies"]]
    asked += [(line, test) for line in project["optional-dependencies"]["test"]]
    for line, locked in asked:
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate(where):
            version = locked.get(requirement.name, "nothing")
            assert requirement.specifier.contains(version), f"{line}: locked is {version}"
    assert runtime.items() <= test.items(), "the tests must run on the versions that the kiosk runs on"


@pytest.mark.slow
@pytest.mark.parametrize(("python", "machine"), MACHINES)
def test_traps_of_the_interpreters(repo: Path, python: str, machine: str) -> None:
    """Each of these combinations installs without a word and fails later, at work."""
    chosen = _chosen(_locked(repo, "test"), python, machine)
    assert chosen["opencv-python-headless"].startswith("4.11.")
    if python == "3.11":
        assert chosen["numpy"].startswith("1.26.")
        assert chosen["tflite-runtime"] == "2.14.0"
        assert "ai-edge-litert" not in chosen
    else:
        assert "tflite-runtime" not in chosen
        assert "ai-edge-litert" in chosen
    assert ("lgpio" in chosen) == (python != "3.13")
    assert not {"torch", "tensorflow", "litert-torch", "ai-edge-quantizer", "picamera2"} & chosen.keys()


def test_the_locks_name_no_index(repo: Path) -> None:
    for name in ("runtime", "test"):
        text = (repo / ".ci" / f"{name}.lock").read_text()
        assert "://" not in text
        assert "index" not in text
        assert "find-links" not in text


# --- the package --------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_wheel_carries_everything_the_kiosk_needs(repo: Path, tmp_path: Path) -> None:
    source = tmp_path / "source"
    leave_out = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for folder in ("edge", "hw", "models"):
        shutil.copytree(repo / folder, source / folder, ignore=leave_out)
    for file in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(repo / file, source)
    command = [sys.executable, "-m", "pip", "wheel", "--no-index", "--no-deps", "--no-build-isolation"]
    done = subprocess.run([*command, "-w", tmp_path, source], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = tmp_path.glob("cabinguard-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        carried = set(archive.namelist())
        entry_points = next(archive.read(name) for name in carried if name.endswith("entry_points.txt"))
    assert b"cabinguard = edge.__main__:main" in entry_points
    wanted = [path for top in ("edge", "hw") for path in (source / top).rglob("*") if path.is_file()]
    wanted += [path for suffix in ("tflite", "json") for path in (source / "models").glob(f"*.{suffix}")]
    for_readers = {".md", ".pyc", ".svg"}
    wanted = [path for path in wanted if path.suffix not in for_readers and "docs" not in path.parts]
    missing = {str(path.relative_to(source)) for path in wanted} - carried
    assert not missing
    assert not {name for name in carried if name.startswith(("tests/", "models/training/"))}


# --- with real packages -------------------------------------------------------------------------------------


@pytest.mark.full
@pytest.mark.timeout(1800)
def test_from_nothing_and_then_offline(repo: Path, tmp_path: Path) -> None:
    """A fresh clone in a path with spaces and the packages of the lock; the second time without a network."""
    tree = tmp_path / "fresh clone"
    subprocess.run(["git", "clone", "-q", "--no-hardlinks", repo, tree], check=True)
    keep = ("PATH", "HOME", "LANG", "PYENV_ROOT", "SSL_CERT_FILE")
    base = {name: value for name, value in os.environ.items() if name in keep or name.startswith("PIP_")}
    base |= {"CABINGUARD_PYTHON": sys.executable, "HOME": str(tmp_path)}
    story = [str(tree / "install.sh"), "bench", "--story", "proper-face"]
    first = subprocess.run(story, env=base, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert first.returncode == 0, first.stdout + first.stderr

    no_network = base | {"PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_NO_CACHE_DIR": "1"}
    again = subprocess.run(
        story, env=no_network, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert again.returncode == 0, again.stdout + again.stderr
    command = [str(tree / ".ci" / "run"), "--version"]
    suite = subprocess.run(
        command, env=base, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert suite.returncode == 0, suite.stderr
    assert suite.stdout.startswith("pytest ")
