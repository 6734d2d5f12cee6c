#!/usr/bin/env bash
# Proof on arm64 without a Pi: the kiosk's installation, self-test, one inference and one story, emulated.
#
#   sudo systemd/proof/user-mode.sh bookworm|trixie [WORKDIR]
#
# Needs debootstrap, qemu-user-static, and a network for the first run (afterwards the root file system and the wheels
# in WORKDIR serve). Debian 13's interpreter crashes in QEMU 7.2, Debian 12's own: it needs the static qemu-aarch64 of
# bookworm-backports' qemu-user (10.0), installed or named in CABINGUARD_QEMU. Takes a quarter of an hour the first time. What it proves: that
# install.sh kiosk works from scratch, offline and twice on Debian 12 (Python 3.11) or 13 (Python 3.13) for arm64,
# and that an int8 network gives the same numbers there as on this machine. What it does not: speed, camera, pins.
set -euo pipefail

suite=${1:?bookworm or trixie}
work=$(realpath -m -- "${2:-/var/tmp/cabinguard-proof}")
tree=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/../.." && pwd)
root=$work/root-$suite
readonly suite work tree root
readonly packages=ca-certificates,python3,python3-venv,systemd,systemd-sysv,udev,alsa-utils,espeak-ng,systemd-zram-generator

emulator=${CABINGUARD_QEMU:-$(command -v qemu-aarch64-static || true)}
registered=""

step() { printf '\n== %s\n' "$*"; }
emulated() { chroot "$root" /usr/bin/env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 "$@"; }

# Has the kernel start arm64 programs with this emulator for as long as the proof runs; the newest entry counts.
register() {
    local magic='\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00'
    local mask='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
    local version
    [ -x "$emulator" ] || { echo "apt install qemu-user-static" >&2; exit 3; }
    version=$("$emulator" --version | sed -n 's/.*version \([0-9]*\)\..*/\1/p')
    [ "$suite" != trixie ] || [ "$version" -ge 10 ] || {
        echo "trixie needs QEMU 10: apt download qemu-user/bookworm-backports, dpkg-deb -x, CABINGUARD_QEMU=.../qemu-aarch64" >&2
        exit 3
    }
    mountpoint -q /proc/sys/fs/binfmt_misc || mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
    registered=cabinguard-$suite
    [ ! -e "/proc/sys/fs/binfmt_misc/$registered" ] || echo -1 >"/proc/sys/fs/binfmt_misc/$registered"
    # F: opened now, so that it need not be in the root file system; the text's escapes are the kernel's to read.
    printf '%s' ":$registered:M::$magic:$mask:$emulator:OCF" >/proc/sys/fs/binfmt_misc/register
}

clean_up() {
    [ -z "$registered" ] || echo -1 >"/proc/sys/fs/binfmt_misc/$registered" || true
    umount "$root/proc" "$root/dev" "$root/sys" 2>/dev/null || true
    rm -rf -- "$root"
}

# A numbered picture that needs no file; the network's raw int8 outputs for it, as one JSON list.
readonly inference='
import json, sys
from pathlib import Path
import numpy as np
from edge.vision import network as tflite
network = tflite.load(Path(sys.argv[1]))
shape = network.contract.input.shape
picture = (np.arange(np.prod(shape)) * 7919 % 256 - 128).astype(np.int8).reshape(shape)
print(json.dumps([int(step) for out in network.run(picture) for step in out.ravel()]))
'

# Equal to the last step, as long as XNNPACK runs on both sides: it needs /sys, and the plain kernels round otherwise.
readonly comparison='
import json, sys
name, here, there = sys.argv[1], *map(json.loads, sys.argv[2:])
apart = [abs(a - b) for a, b in zip(here, there, strict=True)]
print(f"{name}: {len(apart)} outputs, {sum(map(bool, apart))} differ, by {max(apart)} of 256 steps at most")
sys.exit(any(apart))
'

[ "$(id -u)" = 0 ] || { echo "root is needed for chroot: sudo $0 $*" >&2; exit 3; }
command -v debootstrap >/dev/null || { echo "apt install debootstrap" >&2; exit 3; }
mkdir -p -- "$work"
trap clean_up EXIT
[ "$(uname -m)" = aarch64 ] || register

if [ ! -f "$root.tar" ]; then
    step "root file system of $suite, arm64"
    # shellcheck disable=SC2016 # apt's own placeholders
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | head -n 1)
    debootstrap --arch arm64 --variant=minbase --include="$packages" "$suite" "$root" "$mirror" >"$work/$suite.log" 2>&1 ||
        { tail -n 5 "$work/$suite.log" >&2; exit 3; }
    tar -C "$root" -cf "$root.tar.new" . && mv "$root.tar.new" "$root.tar"
    rm -rf -- "$root"
fi

step "packages, fetched as for a stick"
"$tree/install.sh" fetch "$work/wheels"

step "a fresh system"
rm -rf -- "$root"
mkdir -p -- "$root"
tar -C "$root" -xf "$root.tar"
mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"
mount -t sysfs -o ro sysfs "$root/sys"
mkdir -- "$root/srv/cabinguard" "$root/srv/wheels"
(cd -- "$tree" && tar -c --exclude=./.git --exclude=./.venv --exclude='*_cache' --exclude=./.wheels .) |
    tar -x -C "$root/srv/cabinguard"
cp -- "$work"/wheels/*.whl "$root/srv/wheels/"
emulated uname -m
emulated python3 -V

step "install.sh kiosk --unattended --offline, from scratch"
emulated /srv/cabinguard/install.sh kiosk --unattended --offline /srv/wheels
step "and once more"
emulated /srv/cabinguard/install.sh kiosk --unattended --offline /srv/wheels

step "cabinguard first-boot, then selftest"
mkdir -p -- "$root/boot/firmware"
printf '[people]\nwatchman = "+15550100"\n[first_boot]\nsim_pin = "1234"\n' >"$root/boot/firmware/cabinguard.toml"
emulated cabinguard first-boot /boot/firmware/cabinguard.toml
tested=$(emulated cabinguard selftest --no-hardware || true)
printf '%s\n' "$tested"
# A chroot has no sound card; nothing else may be wrong.
if grep '^\[✗\]' <<<"$tested" | grep -v '^\[✗\] sound card'; then exit 1; fi
grep -q '^\[✓\] networks' <<<"$tested"

step "one int8 inference, here and there"
# shellcheck source=/dev/null # a file of its own to check
python=$(. "$tree/install.sh" && prepare runtime "$RUNTIME_MB" && echo "$VENV/bin/python")
for model in "$root"/srv/cabinguard/models/*.tflite; do # the very files that were installed
    here=$(cd -- "$root/srv/cabinguard" && "$python" -P -c "$inference" "$model" 2>/dev/null)
    there=$(emulated /opt/cabinguard/current/bin/python -P -c "$inference" \
        "/srv/cabinguard/models/$(basename -- "$model")" 2>/dev/null)
    "$python" -c "$comparison" "$(basename -- "$model")" "$here" "$there"
done

step "one whole story, by the story's own clock"
emulated cabinguard bench --story never-shown
step "all of it works on arm64, $suite"
