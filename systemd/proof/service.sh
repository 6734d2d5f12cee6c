#!/usr/bin/env bash
# Proof of installer and units on a booted systemd, without a Pi: a container of this machine's own processor.
#
#   sudo systemd/proof/service.sh bookworm|trixie [WORKDIR]
#
# Needs debootstrap and systemd-container, and a network for the first run; a minute and a half afterwards. What it
# proves: install.sh kiosk from scratch, twice, over an older version, back from one that does not report ready,
# removed; ready, killed, hung, stopped and failing services, each with the relays' lines at rest; the daily
# self-test and the text of a kiosk out of service, at a fake modem. What is not real: the pins (lgpio.py beside this), the
# camera (none is there), and the processor's name, which the container gives as arm64.
# shellcheck disable=SC2317,SC2329 # holds and within call what they are given
set -euo pipefail

suite=${1:?bookworm or trixie}
work=$(realpath -m -- "${2:-/var/tmp/cabinguard-proof}")
here=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
tree=$(cd -- "$here/../.." && pwd)
root=$work/service-$suite
readonly suite work here tree root
readonly packages=ca-certificates,python3,python3-venv,systemd,systemd-sysv,udev,dbus,alsa-utils,espeak-ng,systemd-zram-generator,procps
box="" pid="" loop="" failed=0

step() { printf '\n== %s\n' "$*"; }
inside() {
    nsenter -t "$pid" -m -u -i -p -n -C --root="/proc/$pid/root" --wd="/proc/$pid/root" /usr/bin/env -i \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 "$@"
}
holds() { # WORDS COMMAND...
    local words=$1
    shift
    if "$@" >/dev/null 2>&1; then printf '[✓] %s\n' "$words"; else printf '[✗] %s\n' "$words"; failed=1; fi
}
within() { # SECONDS COMMAND...
    local until=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$until" ] || return 1
        sleep 0.1
    done
}
state() { inside systemctl show -p "$1" --value "${2:-cabinguard}"; }
is_state() { [ "$(state ActiveState "${2:-cabinguard}")" = "$1" ]; }
levels() { printf '%s' "$(cat "$root/srv/lines/17")$(cat "$root/srv/lines/27")"; }
at_rest() { [ "$(levels)" = 00 ]; }
texts() { grep -c -- "$1" "$root/srv/modem.log"; }
drive() { echo 1 >"$root/srv/lines/17"; echo 1 >"$root/srv/lines/27"; }
version() { basename -- "$(readlink -- "$root/opt/cabinguard/current")"; }
install() { inside /srv/cabinguard/install.sh kiosk --unattended --offline /srv/wheels 2>&1; }
# Killed while both relays are pulled in, and frozen before, so that nothing of it puts them to rest.
kill_it() {
    local main
    main=$(state MainPID)
    inside kill -STOP "$main"
    drive
    inside kill -KILL "$main"
}
fails() { ! "$@"; }
findings() { inside env PYTHONPATH=/srv/stage cabinguard selftest 2>&1 | grep '^\['; }
all_its_own() { [ -z "$(inside find /var/lib/cabinguard ! -user cabinguard)" ]; }
modem_works() { inside cabinguard status | grep -q '^faults' && ! inside cabinguard status | grep -q '^faults.*modem'; }
started() { inside systemctl show -p "$1" --value "$2"; } # PROPERTY UNIT; moments in microseconds since the start
before() { [ "$1" -gt 0 ] && [ "$1" -le "$2" ]; }
named() { # NAME COMMAND..., which must stop for this reason
    local name=$1 said status=0
    shift
    said=$("$@" 2>&1) || status=$?
    holds "$name, status 3" [ "$status" = 3 ]
    grep -A 1 -F "[✗] $name: " <<<"$said" || { failed=1; tail -n 3 <<<"$said"; }
}
partition() { # a loop device with ext4 on it, made known inside
    truncate -s 256M "$work/partition" && mkfs.ext4 -qF "$work/partition" && loop=$(losetup -f --show "$work/partition") &&
        inside mknod "$loop" b 7 "${loop#/dev/loop}"
}
modem() {
    # shellcheck disable=SC2016 # for the shell inside
    inside setsid sh -c 'cabinguard modem fake --port-link /srv/modem --instant >>/srv/modem.log 2>&1 &
        until [ -e /srv/modem ]; do sleep 0.1; done; chmod 666 "$(readlink -f /srv/modem)"'
}
again() { [ "$(state MainPID)" != "$1" ] && is_state active; } # MAINPID before

clean_up() {
    [ -z "$box" ] || kill -TERM "$box" 2>/dev/null || true
    [ -z "$box" ] || wait "$box" 2>/dev/null || true
    [ -z "$loop" ] || losetup -d "$loop"
    rm -rf --one-file-system -- "$root"
}

boot() {
    systemd-nspawn -q -D "$root" --boot --register=no --keep-unit --console=pipe \
        --bind-ro="$work/wheels-here:/srv/wheels" </dev/null >"$work/boot.log" 2>&1 &
    box=$!
    for _ in $(seq 100); do
        # Before it is called systemd it is still a copy of nspawn, outside the container.
        pid=$(pgrep -P "$box" -x systemd) || pid=""
        case "$([ -z "$pid" ] || inside timeout 5 systemctl is-system-running 2>/dev/null)" in
            running | degraded) return 0 ;;
        esac
        sleep 0.3
    done
    tail -n 5 "$work/boot.log" >&2
    echo "systemd does not come up in a container here" >&2
    return 3
}

[ "$(id -u)" = 0 ] || { echo "root is needed for containers: sudo $0 $*" >&2; exit 3; }
for tool in debootstrap systemd-nspawn; do
    command -v "$tool" >/dev/null || { echo "apt install debootstrap systemd-container" >&2; exit 3; }
done
mkdir -p -- "$work"
if [ ! -f "$root.tar" ]; then
    step "root file system of $suite"
    # shellcheck disable=SC2016 # apt's own placeholders
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | head -n 1)
    debootstrap --variant=minbase --include="$packages" "$suite" "$root" "$mirror" >"$work/$suite.log" 2>&1 ||
        { tail -n 5 "$work/$suite.log" >&2; exit 3; }
    tar -C "$root" -cf "$root.tar.new" . && mv "$root.tar.new" "$root.tar"
    rm -rf --one-file-system -- "$root"
fi
"$tree/install.sh" fetch "$work/wheels-here" --here 2>/dev/null

trap clean_up EXIT
rm -rf --one-file-system -- "$root"
mkdir -p -- "$root"
tar -C "$root" -xf "$root.tar"
mkdir -- "$root/srv/cabinguard" "$root/srv/wheels" "$root/srv/lines" "$root/srv/stage"
chmod 777 "$root/srv/lines"
cp -- "$here/lgpio.py" "$root/srv/stage"
# shellcheck disable=SC2016 # for the shell that runs it
printf '#!/bin/sh\n[ "$*" = --print-architecture ] && echo arm64 || exec /usr/bin/dpkg "$@"\n' >"$root/usr/local/bin/dpkg"
chmod 755 "$root/usr/local/bin/dpkg"
for unit in cabinguard.service cabinguard-.service; do
    mkdir -p -- "$root/etc/systemd/system/$unit.d"
    printf '[Service]\nEnvironment=PYTHONPATH=/srv/stage\nReadWritePaths=/srv/lines\nDeviceAllow=char-pts rw\n' \
        >"$root/etc/systemd/system/$unit.d/stage.conf"
done
(cd -- "$tree" && tar -c --exclude=./.git --exclude=./.venv --exclude='*_cache' --exclude=./.wheels .) |
    tar -x -C "$root/srv/cabinguard"
# The stop step's questions to the kernel go to the same files; which lines it rests, and when, is its own and the units'.
cat >"$work/kernel" <<'PYTHON'
def header_chip() -> str:
    return ""


def rest(chip: str, line: int, level: int) -> int:
    path = f"/srv/lines/{line}"
    new = not os.path.exists(path)
    with open(path, "w") as file:
        file.write(str(level))
    if new:
        os.chmod(path, 0o666)  # root rests the pins at boot, the service's user later
    return level


PYTHON
script=$root/srv/cabinguard/hw/pins/rest_pins.py
{ sed '/^if __name__/,$d' "$script"; cat "$work/kernel"; sed -n '/^if __name__/,$p' "$script"; } >"$work/rest_pins.py"
cp -- "$work/rest_pins.py" "$script"
boot
echo "$(inside systemctl --version | head -n 1), $(inside python3 -V)"

step "from scratch, then --check, then once more"
status=0
inside /srv/cabinguard/install.sh kiosk --check 2>&1 || status=$?
holds "--check finds something missing, status 1" [ "$status" = 1 ]
install
first=$(version)
sed -i -e 's/^watchman = ""/watchman = "+15550100"/' -e 's|^port = "/dev/cabinguard-modem"|port = "/srv/modem"|' \
    -e '/^\[people\]/,/^\[flow\]/s/^control_room = ""/control_room = "+15550102"/' "$root/etc/cabinguard/kiosk.toml"
cp -- "$root/etc/cabinguard/kiosk.toml" "$work/settings"
modem
install
holds "it runs and is ready" is_state active
holds "settings as they were" cmp "$work/settings" "$root/etc/cabinguard/kiosk.toml"
holds "the same version" [ "$first" = "$(version)" ]
inside systemd-analyze security --no-pager 2>/dev/null | grep cabinguard || true
for unit in pins failed selftest panel; do
    inside systemd-analyze security --no-pager "cabinguard-$unit" 2>/dev/null | grep -o 'Overall.*' || true
done

step "killed, hung, stopped"
for _ in 1 2; do
    main=$(state MainPID)
    kill_it
    began=$(date +%s%N)
    holds "relays at rest after SIGKILL" within 15 at_rest
    rest=$(date +%s%N)
    holds "ready again" within 15 again "$main"
    echo "    at rest after $(((rest - began) / 1000000)) ms, ready after $((($(date +%s%N) - began) / 1000000)) ms"
    sleep 2
done
main=$(state MainPID)
inside kill -STOP "$main"
drive
began=$(date +%s%N)
holds "a hung kiosk is ended by the watchdog, relays at rest" within 20 at_rest
holds "and ready again" within 20 again "$main"
echo "    after $((($(date +%s%N) - began) / 1000000)) ms"
holds "no single death counts as out of service" bash -c "! grep -q 'out of service' '$root/srv/modem.log'"
holds "nor does the clock for a new start of the machine run" is_state inactive cabinguard-again.timer
inside systemctl stop cabinguard
holds "relays at rest after a stop" at_rest
inside systemctl start cabinguard

step "the power goes while the door is locked"
kill_it
kill -KILL "$pid"
wait "$box" || true
drive
boot
holds "relays at rest when it is up again" within 20 at_rest
holds "the kiosk runs" within 30 is_state active
rested=$(started ExecMainExitTimestampMonotonic cabinguard-pins)
holds "rested before the kiosk started" before "$rested" "$(started ExecMainStartTimestampMonotonic cabinguard)"
holds "and before any service of the system" before "$rested" "$(started ActiveEnterTimestampMonotonic basic.target)"
holds "the kiosk is ordered before the network" grep -qw network.target <<<"$(started Before cabinguard)"
rm -f -- "$root/srv/modem"
modem
holds "the modem is found again" within 60 modem_works

step "the daily self-test"
# Nothing here has a loudspeaker, and that is what it has to find.
holds "it finds that there is no loudspeaker" fails inside systemctl start cabinguard-selftest.service
holds "and texts one line" within 15 texts 'to +15550102: .*selftest prompt_failed'
grep selftest "$root/srv/modem.log" | tail -n 1

step "by hand: as an ordinary user, beside the kiosk, in its place"
status=0
inside setpriv --reuid=65534 --regid=65534 --clear-groups cabinguard status 2>&1 || status=$?
holds "an ordinary user is told why not, status 3" [ "$status" = 3 ]
holds "root gets the status" inside cabinguard status
holds "the settings and their files are in order" inside cabinguard settings --check
findings || true
inside systemctl stop cabinguard
findings || true
holds "nothing in the record's folder is another user's" all_its_own
inside systemctl start cabinguard
holds "ready again" is_state active

step "over an older version"
sed -i 's/^version = "\(.*\)"/version = "\1.1"/' "$root/srv/cabinguard/pyproject.toml"
install
second=$(version)
holds "the new version runs" [ "$first" != "$second" ]
holds "ready" is_state active
holds "the one before stays beside it" test -f "$root/opt/cabinguard/versions/$first/complete"
holds "settings as they were" cmp "$work/settings" "$root/etc/cabinguard/kiosk.toml"

step "a version that never reports ready"
told=$(texts 'out of service' || true)
cp -- "$root/srv/cabinguard/edge/cli/run.py" "$work/run.py"
printf '\n\ndef run(args: argparse.Namespace) -> int:\n    return 3\n' >>"$root/srv/cabinguard/edge/cli/run.py"
sed -i '/TimeoutStartSec=60/s/60/59/' "$root/srv/cabinguard/systemd/cabinguard.service"
status=0
install >"$work/rolled-back.log" || status=$?
holds "the installer ends with status 3" [ "$status" = 3 ]
tail -n 4 "$work/rolled-back.log"
holds "it says rolled-back" grep -q 'rolled-back' "$work/rolled-back.log"
holds "the version before runs" [ "$second" = "$(version)" ]
holds "nobody was told of an outage" [ "$(texts 'out of service' || true)" = "$told" ]
holds "with its own units" grep -q TimeoutStartSec=60 "$root/etc/systemd/system/cabinguard.service"
holds "ready" within 15 is_state active
cp -- "$work/run.py" "$root/srv/cabinguard/edge/cli/run.py"

step "what can be wrong"
as_nobody=(inside setpriv --reuid=65534 --regid=65534 --clear-groups)
named not-root "${as_nobody[@]}" /srv/cabinguard/install.sh kiosk
cp -- "$root/etc/os-release" "$work/os-release"
sed -i 's/^ID=.*/ID=ubuntu/' "$root/etc/os-release"
named wrong-system install
cat "$work/os-release" >"$root/etc/os-release"
sed -i 's/echo arm64/echo armhf/' "$root/usr/local/bin/dpkg"
named 32-bit install
sed -i 's/echo armhf/echo arm64/' "$root/usr/local/bin/dpkg"
sed -i 's/^version = "\(.*\)"/version = "\1.2"/' "$root/srv/cabinguard/pyproject.toml"
named no-network inside env PIP_INDEX_URL=http://127.0.0.1:9/ PIP_RETRIES=1 PIP_FIND_LINKS= /srv/cabinguard/install.sh kiosk
inside mount -t tmpfs -o size=200M tmpfs /opt/cabinguard/versions
named no-space install
inside umount /opt/cabinguard/versions
inside mount -o bind,ro /srv/lines /opt/cabinguard/versions
named not-writable install
inside umount /opt/cabinguard/versions
inside dpkg --remove --force-depends alsa-utils >/dev/null
named packages-missing install
holds "none of it touched the running kiosk" is_state active
holds "and the version before runs" [ "$second" = "$(version)" ]
inside apt-get -qq install -y --no-install-recommends alsa-utils >/dev/null 2>&1 || true

step "data on a partition of its own"
if partition && inside apt-get -qq install -y --no-install-recommends overlayroot >"$work/overlayroot.log" 2>&1; then
    lines=$(inside cabinguard events | wc -l)
    inside /srv/cabinguard/install.sh kiosk --offline /srv/wheels --read-only "$loop" 2>&1 | grep -v '^\[✓\] \(units\|service\|spoken\)'
    holds "it is mounted" inside mountpoint -q /var/lib/cabinguard
    holds "the record went along" [ "$(inside cabinguard events | wc -l)" -ge "$lines" ]
    holds "and the phrases" inside test -s /var/lib/cabinguard/prompts/en/locked.wav
    holds "ready" is_state active
    # Its line in fstab is not proven here: a container's systemd leaves devices in fstab to the machine.
    inside systemctl stop cabinguard
    inside umount /var/lib/cabinguard
    sed -i '/ # cabinguard$/d' "$root/etc/fstab"
    rm -f -- "$root/etc/overlayroot.local.conf"
    inside systemctl start cabinguard
    holds "ready again from its own folder" is_state active
else
    echo "    left out: no loop device, or no network for overlayroot"
fi

step "one that ends again and again"
told=$(texts 'out of service' || true)
for _ in $(seq 12); do
    is_state failed && break
    main=$(state MainPID)
    [ "$main" = 0 ] || kill_it
    within 10 again "$main" || true
done
holds "it stays down" is_state failed
holds "relays at rest" at_rest
holds "both are told" within 20 bash -c "[ \$(grep -c 'out of service' '$root/srv/modem.log') -ge $((told + 2)) ]"
[ "$failed" = 0 ] || { inside journalctl -u cabinguard-failed --no-pager | tail -n 12; tail -n 4 "$root/srv/modem.log"; }
holds "the machine starts again in a quarter of an hour" is_state active cabinguard-again.timer
inside systemctl reset-failed cabinguard
inside systemctl start cabinguard
holds "starting it by hand ends that" is_state inactive cabinguard-again.timer

step "removed"
inside /srv/cabinguard/install.sh kiosk --uninstall 2>&1
holds "relays at rest" at_rest
holds "no unit left" bash -c "! ls '$root'/etc/systemd/system/cabinguard*.timer"
holds "settings and record stay" test -f "$root/etc/cabinguard/kiosk.toml" -a -f "$root/var/lib/cabinguard/journal.db"

step "$([ "$failed" = 0 ] && echo "all of it holds on $suite" || echo "NOT all of it holds on $suite")"
exit "$failed"
