#!/usr/bin/env bash
# Proof of the pins: the kiosk's real drivers on the GPIO lines of a real kernel, in a virtual machine.
#
#   systemd/proof/pins.sh [WORKDIR]
#
# Needs Debian 12 on x86-64 with linux-headers-amd64, qemu-system-x86, busybox-static, espeak-ng and
# alsa-utils, and a network for kernel and source the first time; about ten minutes. Debian's kernels come
# without gpio-sim, so it is built from Debian's source; gpio-sim.patch adds wires between
# its lines, for contacts and a key matrix, and touches nothing that the kiosk calls. The guest has this machine's
# files read-only and writes to memory.
set -euo pipefail

work=$(realpath -m -- "${1:-/var/tmp/cabinguard-proof}")/pins
tree=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/../.." && pwd)
readonly work tree

step() { printf '\n== %s\n' "$*"; }

# Unpacks a Debian package into DIR.
unpacked() { # PACKAGE DIR
    ls "$work/$1"_*.deb >/dev/null 2>&1 || (cd -- "$work" && apt-get -q download "$1")
    dpkg-deb -x "$work/$1"_*.deb "$2"
}

for need in qemu-system-x86_64 modprobe patch make gcc cpio espeak-ng aplay; do
    command -v "$need" >/dev/null || [ -x "/sbin/$need" ] || { echo "$need is missing; the head of $0 names the packages" >&2; exit 3; }
done
headers=$(find /usr/src -maxdepth 1 -name 'linux-headers-6.1.*-amd64' | sort -V | tail -n 1)
[ -n "$headers" ] || { echo "apt install linux-headers-amd64" >&2; exit 3; }
release=${headers#/usr/src/linux-headers-}
mkdir -p -- "$work"

if [ ! -f "$work/root/boot/vmlinuz-$release" ]; then
    step "Debian's kernel $release"
    unpacked "linux-image-$release" "$work/root"
    /sbin/depmod -b "$work/root" "$release"
fi

if [ ! -f "$work/sim/gpio-sim.ko" ]; then
    step "gpio-sim for it"
    unpacked linux-source-6.1 "$work/source"
    rm -rf -- "$work/sim"
    mkdir -- "$work/sim"
    tar -C "$work/sim" --strip-components=3 -xf "$work/source/usr/src/linux-source-6.1.tar.xz" linux-source-6.1/drivers/gpio/gpio-sim.c \
        linux-source-6.1/drivers/gpio/gpiolib.h linux-source-6.1/kernel/irq/irq_sim.c
    patch -d "$work/sim" -p1 <"$tree/systemd/proof/gpio-sim.patch"
    echo 'obj-m := irq_sim.o gpio-sim.o' >"$work/sim/Makefile"
    make -s -C "$headers" M="$work/sim" modules
fi

# A copy: a change of the sources in the middle would be a proof of nothing.
rm -rf -- "$work/tree"
mkdir -- "$work/tree"
(cd -- "$tree" && tar -c --exclude=__pycache__ --exclude=models/training edge hw models systemd/proof pyproject.toml) | tar -x -C "$work/tree"
# shellcheck source=/dev/null # a file of its own to check
python=$(. "$tree/install.sh" && prepare runtime "$RUNTIME_MB" && echo "$VENV/bin/python")

(
    cd -- "$work/tree"
    "$python" -P -m compileall -q edge hw systemd/proof
    PYTHONPATH=$work/tree "$python" -P -c 'import cv2, edge.__main__, edge.vision.eyes.child, edge.vision.face.faces, hw.camera.staged'
    PYTHONPATH=$work/tree "$python" -P -m edge prompts --set "paths.data=$work/tree/systemd/proof"
)

step "a machine with it"
rm -rf -- "$work/initrd"
mkdir -p -- "$work/initrd"/{bin,modules,new,under,memory}
cp /bin/busybox "$work/initrd/bin/busybox"
/sbin/modprobe -d "$work/root" -S "$release" -a --show-depends virtio_pci 9pnet_virtio 9p overlay | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' \
    >"$work/modules"
order=""
while read -r module; do
    cp -- "$module" "$work/initrd/modules/"
    order="$order $(basename -- "$module")"
done <"$work/modules"
cat >"$work/initrd/init" <<INIT
#!/bin/busybox sh
b=/bin/busybox
\$b mkdir /proc /dev
\$b mount -t proc proc /proc
for module in $order; do \$b insmod /modules/\$module; done
\$b mount -t 9p -o ro,trans=virtio,version=9p2000.L,cache=loose,msize=262144 root /under
\$b mount -t tmpfs tmpfs /memory
\$b mkdir /memory/up /memory/work
\$b mount -t overlay -o lowerdir=/under,upperdir=/memory/up,workdir=/memory/work overlay /new
\$b mount -t proc proc /new/proc
\$b mount -t sysfs sysfs /new/sys
\$b mount -t devtmpfs dev /new/dev
\$b mkdir -p /new/dev/pts
\$b mount -t devpts devpts /new/dev/pts
\$b mount -t tmpfs tmpfs /new/run
\$b mount -t configfs configfs /new/sys/kernel/config 2>/dev/null
\$b mount -t debugfs debugfs /new/sys/kernel/debug
exec \$b switch_root /new /bin/bash $work/guest
INIT
chmod +x "$work/initrd/init"
(cd -- "$work/initrd" && find . | cpio -o -H newc --quiet | gzip -1) >"$work/initrd.gz"
cat >"$work/guest" <<GUEST
set -uo pipefail
export PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 PYTHONPATH=$work/tree
exec </dev/null >/dev/ttyS0 2>&1
modprobe -d $work/root -a configfs snd-dummy
mountpoint -q /sys/kernel/config || mount -t configfs configfs /sys/kernel/config
insmod $work/sim/irq_sim.ko && insmod $work/sim/gpio-sim.ko
# gpiozero asks which Pi this is.
{ cat /proc/cpuinfo; echo 'Revision : a02082'; } >/run/cpuinfo && mount --bind /run/cpuinfo /proc/cpuinfo
ip link set lo up
cd /run && $python -P $work/tree/systemd/proof/pins_guest.py
echo "guest ended with \$?"
echo o >/proc/sysrq-trigger
sleep 60
GUEST
# Time in the guest goes by instructions, one a nanosecond: however busy this machine is, the guest notices nothing of it.
timeout 3600 nice -n 5 qemu-system-x86_64 -cpu max -icount shift=0 -m 1024 -smp 1 -nographic -no-reboot -nodefaults -serial stdio -monitor none \
    -kernel "$work/root/boot/vmlinuz-$release" -initrd "$work/initrd.gz" -append "console=ttyS0 quiet panic=-1 tsc=reliable" \
    -fsdev local,id=root,path=/,security_model=none,readonly=on,multidevs=remap \
    -device virtio-9p-pci,fsdev=root,mount_tag=root </dev/null | tee "$work/output"
grep -q '^guest ended with 0' "$work/output" || { echo "[✗] the guest's last words stand above" >&2; exit 1; }
