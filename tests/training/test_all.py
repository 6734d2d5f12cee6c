"""The one training command: its steps fit the programs they start, and it goes on where it stopped."""

from __future__ import annotations

import itertools
import subprocess
from pathlib import Path

import pytest

from models.training import __main__ as training
from models.training.__main__ import Plan, run

FOLDER = Path(training.__file__).parent


def _plan(tmp_path: Path, *, trial: bool = False) -> Plan:
    return Plan(tmp_path / "data", tmp_path / "work", tmp_path / "out", "9.0.0", trial=trial)


class _Programs:
    """Stands in for the steps' processes: notes each one, fails at the one named."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ran: list[str] = []
        self.failing = ""
        monkeypatch.setattr("subprocess.run", self._run)

    def _run(self, command: list[str], *, check: bool) -> subprocess.CompletedProcess[bytes]:
        assert not check
        self.ran.append(command[2].removeprefix("models.training."))
        return subprocess.CompletedProcess(command, 7 if self.ran[-1] == self.failing else 0)


@pytest.mark.parametrize("trial", [False, True])
def test_every_step_is_a_program_that_knows_its_flags(tmp_path: Path, trial: bool) -> None:
    for step in _plan(tmp_path, trial=trial).steps():
        source = (FOLDER / f"{step.module.replace('.', '/')}.py").read_text()
        for flag in (word for word in step.arguments if word.startswith("--")):
            assert f'"{flag}"' in source, f"{step.module} knows no {flag}"


def test_measured_runs_come_before_what_is_chosen_on_them(tmp_path: Path) -> None:
    names = [step.name for step in _plan(tmp_path).steps()]
    assert len(set(names)) == len(names)
    wanted = [
        "check-data",
        "check-pool",
        "check-mesh",
        "check-turned",
        "check-refound",
        "check-others",
        "check-teach",
        "check-fold-1-seed-1",
        "check-fold-1",
        "check-fold-2",
        "check-seed-0",
        "check",
        "check-export",
    ]
    assert [n for n in names if n in wanted] == wanted


def test_what_is_measured_has_seen_nothing_of_its_sources(tmp_path: Path) -> None:
    steps = {step.name: step.arguments for step in _plan(tmp_path).steps()}
    for number, fold in enumerate(training.CHECK_FOLDS, start=1):
        assert set(fold) <= set(steps["check-teach"]), "the trunk must not have seen a fold's sources"
        runs = [steps[f"check-fold-{number}-seed-{seed}"] for seed in range(training.SEEDS)]
        assert all(set(fold) <= set(run) for run in runs)
        averaged = steps[f"check-fold-{number}"]
        made = [run[run.index("--out") + 1] for run in runs]
        assert list(averaged[averaged.index("--runs") + 1 :]) == made
    assert all("--leave-out" not in steps[f"check-seed-{seed}"] for seed in range(training.SEEDS))
    assert "--leave-out" not in steps["find"]
    away = [
        w
        for a, w in zip(steps["find-measured"], steps["find-measured"][1:], strict=False)
        if a == "--leave-out"
    ]
    assert tuple(away) == training.FIND_OUT


def test_the_second_look_is_measured_on_sources_its_run_never_saw_unless_it_goes_on(tmp_path: Path) -> None:
    steps = {step.name: step.arguments for step in _plan(tmp_path).steps()}
    for number, fold in enumerate(training.THINGS_FOLDS, start=1):
        words = steps[f"things-fold-{number}"]
        away = [w for a, w in itertools.pairwise(words) if a == "--leave-out"]
        assert tuple(away) == fold
        run = words[words.index("--out") + 1]
        for step in ("things-export", "things-report"):
            told = steps[step]
            at = told.index(run)
            assert told[at - 1] == "--fold"
            assert told[at + 1 : at + 1 + len(fold)] == fold
    assert "--leave-out" not in steps["things"]
    begun = Plan(
        tmp_path / "data",
        tmp_path / "work",
        tmp_path / "out",
        "9.0.0",
        only=("things",),
        things_from=Path("models/things.tflite"),
    )
    going_on = {step.name: step.arguments for step in begun.steps()}
    assert list(going_on) == ["things-data", "things", "things-export"]
    assert "--fold" not in going_on["things-export"]
    assert going_on["things-export"][-2:] == ("--points-from", "models/things.json")


def test_it_goes_on_after_the_step_that_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    programs = _Programs(monkeypatch)
    plan = _plan(tmp_path)
    every = [step.module for step in plan.steps()]
    programs.failing = "check.pool"
    assert run(plan) == 7
    until = every.index("check.pool")
    assert programs.ran == every[: until + 1]
    assert "check-pool ended with status 7" in capsys.readouterr().err
    programs.ran.clear()
    programs.failing = ""
    assert run(plan) == 0
    assert programs.ran == every[until:]
    programs.ran.clear()
    assert run(plan) == 0
    assert not programs.ran


def test_a_step_whose_command_changed_runs_again_and_what_stands_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = _Programs(monkeypatch)
    assert run(_plan(tmp_path)) == 0
    programs.ran.clear()
    newer = Plan(tmp_path / "data", tmp_path / "work", tmp_path / "out", "9.1.0")
    assert run(newer) == 0
    assert programs.ran == ["check.export", "check.report", "check.limits", "check.stress"]


def test_a_trial_writes_to_a_folder_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = tmp_path / "data" / "faces" / "manifest.csv"
    manifest.parent.mkdir(parents=True)
    manifest.touch()
    arguments = ["x", "--data", str(tmp_path / "data"), "--work", str(tmp_path / "w"), "--trial", "--list"]
    monkeypatch.setattr("sys.argv", arguments)
    training.main()
    printed = capsys.readouterr().out
    assert str(tmp_path / "w" / "trial" / "models") in printed
    assert '"models"' not in printed


def test_a_folder_without_a_manifest_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["x", "--data", str(tmp_path)])
    with pytest.raises(SystemExit) as refused:
        training.main()
    assert refused.value.code == 2
    assert "faces/manifest.csv" in capsys.readouterr().err
