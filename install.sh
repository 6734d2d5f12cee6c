#!/usr/bin/env bash
# CabinGuard's installer: bench and test on any Linux machine, kiosk on the Pi. Never waits for an answer.
#
# Small named functions; sourcing this file runs none of them. What can go wrong has a name: `stop NAME CAUSE
# REMEDY` prints all three and ends with status 3. Status 2 is a wrong command line; anything else is the
# status of the program that was started.
set -euo pipefail

ROOT=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")" && pwd)
readonly ROOT
readonly PYTHON_MIN=311 PYTHON_MAX=313
readonly RUNTIME_MB=700 TEST_MB=900 # measured 420 and 590 with Python 3.13, the larger, plus the downloads

# --- words ------------------------------------------------------------------------------------------------------

say() { printf '    %s\n' "$*" >&2; }
tick() { printf '[✓] %s\n' "$*" >&2; }
cross() { printf '[✗] %s\n' "$*" >&2; }
stop() { # NAME CAUSE REMEDY
    cross "$1: $2"
    say "what to do: $3"
    [ -z "${LOG:-}" ] || [ ! -s "$LOG" ] || say "log: $LOG"
    exit 3
}
log_to() { # FILE
    LOG=$1
    LOG_FROM=$(stat -c %s -- "$LOG" 2>/dev/null || echo 0)
}
# The last lines of the log that this run has written: an older failure must not name this one.
logged() { tail -c "+$((${LOG_FROM:-0} + 1))" -- "$LOG" | tail -n "$1"; }
misused() {
    cross "usage: $1"
    say "what to do: ./install.sh --help shows every command"
    exit 2
}

usage() {
    cat <<'TEXT'
CabinGuard: one camera, one door, one table that decides.

  ./install.sh bench [ARGUMENT...]   the simulated cabin: page and prompt (--no-page, --story NAME, --list, --help)
  ./install.sh test [--fast | --full] [...]   run the tests (--fast: the quick ones, a minute or two; --full:
                                     also the long ones); what follows goes to pytest
  sudo ./install.sh tools            install what some tests need and the system may lack (Debian's chromium, mosquitto,
                                     prometheus, softhsm2, opensc)
  ./install.sh fetch [DIR]           download what a kiosk (arm64) needs without a network; with --here, what bench
                                     needs on machines like this one
  sudo ./install.sh kiosk [...]      turn this Raspberry Pi into a kiosk; ./install.sh kiosk --help tells more
  sudo ./install.sh image [...]      make a card image with the kiosk in it; ./install.sh image --help tells more

bench and test make an environment of their own in .venv here (in your cache folder where this folder cannot
be written to) and ask the network for nothing once it is complete.

  CABINGUARD_PYTHON=PATH   the Python to use (3.11 to 3.13); an environment made with another one is made again
  CABINGUARD_VENV=DIR      where the environment is to live
  CABINGUARD_WHEELS=DIR    install from this folder, made by fetch, instead of the network
TEXT
}

# --- this machine -----------------------------------------------------------------------------------------------

need_linux() {
    [ "$(uname -s)" = Linux ] || stop wrong-system "this is $(uname -s), CabinGuard runs on Linux" \
        "use a Raspberry Pi, a Linux machine, a virtual one or WSL 2"
    case "$(uname -m)" in
        x86_64 | aarch64) ;;
        *) stop wrong-processor "the processor is $(uname -m); the networks' libraries exist for x86_64 and aarch64" \
            "on a Pi install the 64-bit edition of Raspberry Pi OS" ;;
    esac
}

# One word about a Python: `ok VERSION`, or why it will not do. Versions as 311 for 3.11.
judge_python() { # COMMAND
    local answer
    answer=$("$1" -c '
import struct, sys
print("%d%d" % sys.version_info[:2], struct.calcsize("P") * 8, end=" ")
try:
    import ctypes, sqlite3, ssl
except ImportError as missing:
    print("lacks", missing.name)
else:
    try:
        import ensurepip, venv
        print("whole")
    except ImportError:
        print("novenv")
' 2>/dev/null </dev/null) || answer="unusable"
    local version bits rest
    read -r version bits rest <<<"$answer"
    if [ "$version" = unusable ]; then
        echo "unusable"
    elif [ "$version" -lt "$PYTHON_MIN" ] || [ "$version" -gt "$PYTHON_MAX" ]; then
        echo "version ${version:0:1}.${version:1}"
    elif [ "$bits" != 64 ]; then
        echo "32-bit"
    elif [ "$rest" != whole ]; then
        echo "$rest ${version:0:1}.${version:1}"
    else
        echo "ok $version"
    fi
}

# Prints the command of the first Python that will do.
find_python() {
    local candidate verdict seen="" verdicts=""
    local candidates=(python3 python3.13 python3.12 python3.11)
    [ -z "${CABINGUARD_PYTHON:-}" ] || candidates=("$CABINGUARD_PYTHON")
    for candidate in "${candidates[@]}"; do
        command -v -- "$candidate" >/dev/null 2>&1 || continue
        verdict=$(judge_python "$candidate")
        case "$verdict" in
            ok*) command -v -- "$candidate"; return 0 ;;
            unusable) continue ;;
        esac
        seen="$seen${seen:+, }$candidate: $verdict"
        verdicts="$verdicts$verdict;"
    done
    case "$verdicts" in
        *novenv*) stop no-venv "Python is here but cannot make environments ($seen)" \
            "sudo apt install python3-venv" ;;
        *lacks*) stop python-incomplete "Python was built without a module that is needed ($seen)" \
            "use the system's Python, or rebuild this one with sqlite3, ssl and ctypes" ;;
        *32-bit*) stop python-32-bit "only a 32-bit Python is here ($seen)" "install a 64-bit system" ;;
        *version*) stop python-version "no Python from 3.11 to 3.13 ($seen)" \
            "sudo apt install python3.11 python3.11-venv (or 3.12, 3.13), or point CABINGUARD_PYTHON at one" ;;
        *) stop no-python "no Python was found${CABINGUARD_PYTHON:+ at $CABINGUARD_PYTHON}" \
            "sudo apt install python3 python3-venv" ;;
    esac
}

cache_dir() { # of this copy, for this user
    local key
    key=$(printf '%s' "$ROOT" | sha256sum)
    printf '%s\n' "${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}/cabinguard/${key:0:12}"
}

# Where the environment lives: here, or in the user's cache where this folder cannot be written to. One that
# somebody else (root, say) has made here is used as long as it needs nothing.
venv_path() { # SET
    if [ -n "${CABINGUARD_VENV:-}" ]; then
        realpath -m -- "$CABINGUARD_VENV"
    elif writable "$ROOT/.venv" || { complete "$1" "$ROOT/.venv" && linked "$ROOT/.venv"; }; then
        printf '%s\n' "$ROOT/.venv"
    else
        printf '%s\n' "$(cache_dir)/venv"
    fi
}

# Whether DIR, or the nearest folder above it that exists, can be written to.
writable() { # DIR
    local dir=$1
    while [ ! -e "$dir" ]; do dir=$(dirname -- "$dir"); done
    [ -d "$dir" ] && [ -w "$dir" ]
}

free_mb() { # DIR
    local dir=$1
    while [ ! -e "$dir" ]; do dir=$(dirname -- "$dir"); done
    df -Pk -- "$dir" | awk 'NR == 2 { print int($4 / 1024) }'
}

need_space() { # DIR MB
    local free
    free=$(free_mb "$1")
    [ "$free" -ge "$2" ] || stop no-space "$free MB are free at $1 and $2 MB are needed" \
        "make room, or point CABINGUARD_VENV at a folder on a larger disk"
}

# --- the environment --------------------------------------------------------------------------------------------

# What must be unchanged for an environment to count as complete: the lock and the Python that made it.
stamp_of() { # SET VENV
    local version
    version=$("$2/bin/python" -c 'import sys; print(sys.version)' 2>/dev/null </dev/null) || return 1
    { printf '%s\n' "$version"; cat -- "$ROOT/.ci/$1.lock"; } | sha256sum | cut -c1-64
}

complete() { # SET VENV
    local stamp
    stamp=$(stamp_of "$1" "$2") && [ "$(cat -- "$2/stamp-$1" 2>/dev/null)" = "$stamp" ] && of_asked_python "$2"
}

# Whether an environment was made with the Python that CABINGUARD_PYTHON asks for, where it asks for one.
of_asked_python() { # VENV
    local which='import sys; print(sys.version, sys.base_prefix)'
    [ -z "${CABINGUARD_PYTHON:-}" ] ||
        [ "$("$1/bin/python" -c "$which" 2>/dev/null </dev/null)" = "$("$CABINGUARD_PYTHON" -c "$which" 2>/dev/null </dev/null)" ]
}

make_venv() { # VENV PYTHON
    if [ -e "$1" ] && [ -n "$(ls -A -- "$1")" ]; then
        [ -f "$1/pyvenv.cfg" ] || [ -f "$1/install.log" ] || stop not-ours \
            "$1 exists and is not an environment of this installer" "move it away, or set CABINGUARD_VENV"
        rm -rf -- "$1"
    fi
    mkdir -p -- "$1" 2>/dev/null || stop not-writable "$1 cannot be made" \
        "give this user the right to write there, or set CABINGUARD_VENV=DIR"
    log_to "$1/install.log"
    "$2" -m venv "$1" >>"$LOG" 2>&1 </dev/null || stop venv-failed "Python could not make an environment in $1" \
        "sudo apt install python3-venv, then run the same command again (the log has Python's own words)"
    tick "environment with $("$1/bin/python" -V 2>&1) in $1"
}

# pip's arguments for where packages come from.
sources() {
    [ -z "${CABINGUARD_WHEELS:-}" ] || printf '%s\n' --no-index --find-links "$(realpath -m -- "$CABINGUARD_WHEELS")"
}

pip_failed() { # names what pip's log shows
    local words
    words=$(logged 60)
    case "$words" in
        *"No space left"*) stop no-space "the disk filled up while installing" "make room and run the same command again" ;;
        *"DO NOT MATCH THE HASHES"*) stop wrong-package "a downloaded package is not the one that was tested" \
            "run again; if it stays, the network or the mirror in use hands out altered files" ;;
        *"Permission denied"*) stop not-writable "a folder of the environment cannot be written to" \
            "run as the user who owns it, or set CABINGUARD_VENV=DIR" ;;
        *NewConnectionError* | *"name resolution"* | *"No route to host"* | *unreachable* | *"timed out"* | \
            *ProxyError* | *SSLError* | *"Connection refused"* | *"Connection reset"*)
            stop no-network "the package index cannot be reached" \
                "check the network or the proxy and run again; or bring a folder made by ./install.sh fetch and set CABINGUARD_WHEELS=DIR" ;;
        *"No matching distribution"*)
            stop package-missing "${CABINGUARD_WHEELS:-the package index} lacks a package: $(
                grep -o 'No matching distribution found for .*' <<<"$words" | tail -n 1 | cut -d' ' -f6)" \
                "${CABINGUARD_WHEELS:+make the folder again with ./install.sh fetch of this release (fetch --here where it is not for a Pi), or }check that the index in pip's settings is complete" ;;
        *) stop pip-failed "pip ended with an error: $(logged 1)" "read the log; run the same command again" ;;
    esac
}

install_set() { # SET VENV
    local from
    mapfile -t from < <(sources)
    log_to "$2/install.log"
    rm -f -- "$2"/stamp-*
    say "installing the $1 packages; a few minutes on a slow line ..."
    # Everything is in the lock with its hash, so nothing is resolved, built or taken from elsewhere.
    "$2/bin/python" -m pip install --no-input --disable-pip-version-check --no-deps --require-hashes \
        --only-binary :all: --no-compile "${from[@]}" -r "$ROOT/.ci/$1.lock" >>"$LOG" 2>&1 </dev/null || pip_failed
    stamp_of "$1" "$2" >"$2/stamp-$1"
    # The tests' packages contain those of the bench.
    [ "$1" != test ] || stamp_of runtime "$2" >"$2/stamp-runtime"
    tick "$1 packages installed"
}

# The program is run from this folder: a path file, and a command that finds its own Python wherever it lies.
linked() { # VENV
    [ "$(cat -- "$1"/lib/python3.*/site-packages/cabinguard.pth 2>/dev/null)" = "$(path_line)" ] && [ -x "$1/bin/cabinguard" ]
}

# Python up to 3.12 reads a path file in the locale's encoding and dies of a letter that is not in it.
path_line() {
    local LC_ALL=C
    case "$ROOT" in
        *[!\ -~]*) printf 'import os, sys; sys.path.append(os.fsdecode(bytes.fromhex("%s")))\n' \
            "$(printf '%s' "$ROOT" | od -An -v -tx1 | tr -d ' \n')" ;;
        *) printf '%s\n' "$ROOT" ;;
    esac
}

link_program() { # VENV
    local site
    linked "$1" && return
    site=$(echo "$1"/lib/python3.*/site-packages)
    path_line >"$site/cabinguard.pth"
    # shellcheck disable=SC2016 # for the shell that runs it
    printf '#!/bin/sh\nexec "$(dirname -- "$(readlink -f -- "$0")")/python" -P -m edge "$@"\n' >"$1/bin/cabinguard"
    chmod 755 -- "$1/bin/cabinguard"
}

# One installation at a time in one folder. The lock is on this file, opened for reading: no trace is left.
one_at_a_time() {
    command -v flock >/dev/null 2>&1 || return 0
    exec 9<"$ROOT/install.sh"
    flock -n 9 && return 0
    say "another install.sh is at work here; waiting for it"
    flock -w 1800 9 || stop busy "another install.sh did not end within 30 minutes" "end it and run again"
}

# A complete environment for SET (runtime or test); its path is in VENV then. Nothing is asked of the network
# when it is complete already.
prepare() { # SET MB
    local python
    need_linux
    # One that was asked for and will not do is named, whether it is needed now or not.
    [ -z "${CABINGUARD_PYTHON:-}" ] || find_python >/dev/null
    VENV=$(venv_path "$1")
    complete "$1" "$VENV" || {
        one_at_a_time
        complete "$1" "$VENV" || { # the one we waited for may have done it
            writable "$VENV" || stop not-writable "$VENV cannot be made or written to" \
                "give this user the right to write there, or set CABINGUARD_VENV=DIR"
            need_space "$VENV" "$2"
            { stamp_of "$1" "$VENV" >/dev/null && of_asked_python "$VENV"; } || {
                python=$(find_python)
                make_venv "$VENV" "$python"
            }
            install_set "$1" "$VENV"
        }
        exec 9<&-
    }
    link_program "$VENV"
}

# --- commands ---------------------------------------------------------------------------------------------------

bench() {
    prepare runtime "$RUNTIME_MB"
    exec "$VENV/bin/cabinguard" bench "$@"
}

run_tests() {
    local workers notes
    prepare test "$TEST_MB"
    # Tools' notes stay out of this folder, which may be read-only or another user's.
    notes=$VENV/cache
    writable "$notes" || notes=$(cache_dir)
    export MYPY_CACHE_DIR="$notes/mypy" RUFF_CACHE_DIR="$notes/ruff" HYPOTHESIS_STORAGE_DIRECTORY="$notes/hypothesis"
    # Without compiled files every worker, and every program that a test starts, compiles all that it imports.
    export PYTHONPYCACHEPREFIX="$notes/pyc"
    unset PYTHONDONTWRITEBYTECODE
    workers=$(nproc)
    # The quick tests wait for disks and processes now and then. The others have cabins in real time among them,
    # which need a processor each.
    case " $* " in *" --fast "*) workers=$((workers * 3 / 2)) ;; esac
    [ "$workers" -le 8 ] || workers=8
    cd -- "$ROOT"
    exec "$VENV/bin/python" -m pytest -o cache_dir="$notes/pytest" -n "$workers" --dist worksteal "$@" </dev/null
}

# The browser of the page's tests comes from Debian: without it they are skipped, and say so.
# The first of these commands that this system has.
first_of() { # COMMAND...
    local command
    for command in "$@"; do
        if command -v "$command" >/dev/null 2>&1 || [ -x "/usr/sbin/$command" ]; then echo "$command"; return; fi
    done
    return 1
}

# Only what some tests need; each of them is skipped by name where its tool is missing.
tools() {
    [ $# -eq 0 ] || misused "./install.sh tools"
    local wanted=()
    first_of chromium chromium-browser google-chrome >/dev/null || wanted+=(chromium)
    first_of mosquitto >/dev/null || wanted+=(mosquitto)
    first_of promtool >/dev/null || wanted+=(prometheus)
    first_of softhsm2-util >/dev/null || wanted+=(softhsm2)
    first_of pkcs11-tool >/dev/null || wanted+=(opensc)
    if [ ${#wanted[@]} -eq 0 ]; then tick "a browser, a broker, promtool and SoftHSM are here"; return; fi
    [ "$(id -u)" = 0 ] || stop needs-root "only root may install packages" "sudo ./install.sh tools"
    command -v apt-get >/dev/null 2>&1 || stop no-apt "this system has no apt-get" "install ${wanted[*]} its own way"
    { apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -qy --no-install-recommends -o Dpkg::Use-Pty=0 \
        install "${wanted[@]}"; } >&2 </dev/null ||
        stop apt-failed "apt ended with an error" "read its words above; run the same command again"
    tick "${wanted[*]} installed"
}

# What a lock installs on another kind of machine: one line for each package, its hashes behind it.
lock_for() { # SET PYTHON MACHINE
    "$VENV/bin/python" -P - "$ROOT/.ci/$1.lock" "$2" "$3" <<'PYTHON'
import re, sys
from pathlib import Path
from pip._vendor.packaging.requirements import Requirement

where = {
    "python_version": sys.argv[2],
    "python_full_version": sys.argv[2] + ".9",
    "platform_machine": sys.argv[3],
    "sys_platform": "linux",
    "platform_python_implementation": "CPython",
}
for entry in re.split(r"\n(?=[a-z])", Path(sys.argv[1]).read_text()):
    if entry.startswith("#"):
        continue
    words, *hashes = (line.strip(" \\\\") for line in entry.splitlines())
    requirement = Requirement(words)
    if requirement.marker is None or requirement.marker.evaluate(where):
        print(requirement.name + str(requirement.specifier), *hashes)
PYTHON
}

# The wheels of a kiosk (arm64, Python 3.11 and 3.13), or of this machine with --here, into one folder.
fetch() {
    local dir="" python machine=aarch64 glibc lock
    local pythons=(3.11 3.13) tags=()
    while [ $# -gt 0 ]; do
        case "$1" in
            --here) machine=$(uname -m) pythons=(3.11 3.12 3.13) ;;
            -h | --help) usage; return ;;
            -*) misused "fetch has no option '$1'; it knows --here" ;;
            *) dir=$1 ;;
        esac
        shift
    done
    dir=$(realpath -m -- "${dir:-$ROOT/.wheels}")
    prepare runtime "$RUNTIME_MB"
    writable "$dir" || stop not-writable "$dir cannot be made or written to" "name another folder"
    mkdir -p -- "$dir"
    need_space "$dir" 400
    log_to "$VENV/install.log"
    # Every glibc up to Debian 12's, newest first, as the tags are written.
    for glibc in 36 35 34 33 32 31 30 29 28 27 26 25 24 17 12 5; do tags+=(--platform "manylinux_2_${glibc}_$machine"); done
    for python in "${pythons[@]}"; do
        lock=$(mktemp)
        lock_for runtime "$python" "$machine" >"$lock"
        "$VENV/bin/python" -m pip download --no-input --disable-pip-version-check --no-deps --require-hashes \
            --only-binary :all: --python-version "$python" --implementation cp --abi "cp${python/./}" --abi abi3 --abi none \
            "${tags[@]}" --platform "manylinux2014_$machine" --platform any -d "$dir" -r "$lock" >>"$LOG" 2>&1 </dev/null || pip_failed
        rm -f -- "$lock"
        tick "packages for Python $python on $machine"
    done
    [ "$machine" != aarch64 ] || say "next, on the Pi: sudo ./install.sh kiosk --offline DIR, with $dir taken along"
    if [ "$machine" = "$(uname -m)" ]; then
        say "next: CABINGUARD_WHEELS=$dir ./install.sh bench, on any $machine machine"
    else
        say "bench on a machine like this one ($(uname -m)) needs another folder: ./install.sh fetch --here DIR"
    fi
}

main() {
    # Settings of the caller's own Python must not leak into ours.
    unset PYTHONHOME PYTHONPATH PYTHONSTARTUP PIP_USER PIP_TARGET PIP_PREFIX PIP_REQUIRE_VIRTUALENV
    local command=${1:-}
    [ $# -eq 0 ] || shift
    case "$command" in
        bench) bench "$@" ;;
        test) run_tests "$@" ;;
        tools) tools "$@" ;;
        fetch) fetch "$@" ;;
        kiosk)
            # shellcheck source=systemd/kiosk.sh
            . "$ROOT/systemd/kiosk.sh"
            kiosk "$@"
            ;;
        image)
            # shellcheck source=systemd/image/image.sh
            . "$ROOT/systemd/image/image.sh"
            image "$@"
            ;;
        -h | --help | help) usage ;;
        "") usage >&2; exit 2 ;;
        *) misused "there is no command '$command'" ;;
    esac
}

# Sourced: functions only.
[ "${BASH_SOURCE[0]}" != "$0" ] || main "$@"
