#!/usr/bin/env bash
# Proof of the card image: started on QEMU's emulated Raspberry Pi 3B, from first boot to a power cut.
#
#   systemd/proof/card.sh IMAGE[.xz] [WORKDIR]
#
# Needs qemu-system-arm, gcc, device-tree-compiler, mtools, fdisk, e2fsprogs, xz-utils and 5 GB. Time in the guest is
# real time (by instructions this board stands still), so it wants an idle processor. The card is written to as a technician
# would (the settings on its first partition) and for the proof (a drawn cabin before the camera, which no emulator has).
set -euo pipefail

image=$(realpath -- "${1:?the image, made by install.sh image}")
work=$(realpath -m -- "${2:-/var/tmp/cabinguard-proof}")/card
tree=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/../.." && pwd)
export PATH=$PATH:/usr/sbin:/sbin MTOOLS_SKIP_CHECK=1
readonly image work tree

for need in qemu-system-aarch64 gcc fdtput mcopy debugfs xz sfdisk; do
    command -v "$need" >/dev/null || { echo "$need is missing; the head of $0 names the packages" >&2; exit 3; }
done

step() { printf '\n== %s\n' "$*"; }

step "the card"
rm -rf -- "$work"
mkdir -p -- "$work"
case "$image" in *.xz) xz -dc -- "$image" >"$work/card.img" ;; *) cp -- "$image" "$work/card.img" ;; esac
sfdisk --list "$work/card.img" | tail -n 2
start() { sfdisk --json "$work/card.img" | sed -n 's/.*"start": \([0-9]*\).*/\1/p' | sed -n "$1p"; }
boot_at=$(($(start 1) * 512))
root_at=$(($(start 2) * 512))
# The emulated card reader wants a power of two.
size=$(stat -c %s -- "$work/card.img")
whole=$((1 << 30))
while [ "$whole" -lt "$size" ]; do whole=$((whole * 2)); done
truncate -s "$whole" -- "$work/card.img"

step "the boot partition, and settings for it"
cat >"$work/cabinguard.toml" <<'SETTINGS'
[cabin]
name = "Emulated Pi"

[people]
watchman = "+15550100"
control_room = "+15550102"

[camera]
source = "usb"
device = "/dev/cabinguard-camera"

[modem]
profile = "sim800"

# The emulated board is far slower than a Pi.
[watchdog]
eyes_start_s = 300
eyes_silence_s = 30

[first_boot]
sim_pin = "1234"
SETTINGS
# The first start is without them: what the screen says then.
mdir -b -i "$work/card.img@@$boot_at" :: | grep -E 'cabinguard|config.txt|cmdline.txt|vmlinuz|initrd'

step "a drawn cabin before the camera"
cat >"$work/proof.conf" <<'UNIT'
[Service]
ExecStart=
ExecStart=/opt/cabinguard/current/bin/python -P /opt/cabinguard/staged_run.py /etc/cabinguard/kiosk.toml
TimeoutStartSec=300
UNIT
{
    echo "write $tree/systemd/proof/staged_run.py /opt/cabinguard/staged_run.py"
    echo "mkdir /etc/systemd/system/cabinguard.service.d"
    echo "write $work/proof.conf /etc/systemd/system/cabinguard.service.d/proof.conf"
} >"$work/debugfs"
debugfs -w -f "$work/debugfs" "$work/card.img?offset=$root_at" >"$work/debugfs.log" 2>&1
debugfs -R "stat /etc/systemd/system/cabinguard.service.d/proof.conf" "$work/card.img?offset=$root_at" 2>/dev/null | grep -q regular

# What the Pi's firmware would load and hand over. QEMU has no firmware: it is given the same files, from the card.
file() { mdir -b -i "$work/card.img@@$boot_at" :: | grep -o "$1[^/]*$" | sort -V | tail -n 1; }
for name in "$(file vmlinuz)" "$(file initrd)" bcm2837-rpi-3-b.dtb cmdline.txt config.txt; do
    mcopy -n -i "$work/card.img@@$boot_at" "::$name" "$work/${name%%-6*}"
done
mv -- "$work/vmlinuz"* "$work/kernel"
mv -- "$work/initrd"* "$work/initramfs"

step "the card's own device trees, as they lie there"
mkdir -- "$work/trees"
mcopy -n -i "$work/card.img@@$boot_at" '::bcm2*.dtb' "$work/trees"
"$tree/systemd/image/trees.sh" --check "$work/trees"
echo "fit hw/README.md: $(cd -- "$work/trees" && echo *.dtb)"
tree_of_board=$work/bcm2837-rpi-3-b.dtb
echo "serial0 is $(fdtget "$tree_of_board" /aliases serial0), its pins are GPIO" \
    "$(dtc -q -I dtb -O dts "$tree_of_board" | grep -A 2 'uart0.gpio14' | sed -n 's/.*brcm,pins = <\(.*\)>;/\1/p')"
# Which Pi this is: the firmware says so, and QEMU has none. Nothing else of the tree is touched.
fdtput -c "$tree_of_board" /system 2>/dev/null || true
fdtput -t x "$tree_of_board" /system linux,revision a02082

interface=1
[ "$(qemu-system-aarch64 --version | sed -n 's/.*version \([0-9]*\).*/\1/p')" -lt 9 ] || interface=3
gcc -O2 -Wall -Wextra -shared -fPIC -DINTERFACE="$interface" -o "$work/follow.so" "$tree/systemd/proof/follow.c"

# shellcheck source=/dev/null # a file of its own to check
python=$(. "$tree/install.sh" && prepare runtime "$RUNTIME_MB" && echo "$VENV/bin/python")
cd -- "$tree" && exec "$python" -P -u "$tree/systemd/proof/card_host.py" "$work" "$boot_at"
