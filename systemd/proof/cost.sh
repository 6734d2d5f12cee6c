#!/usr/bin/env bash
# What the kiosk costs a Pi's processor: aarch64 instructions, counted under emulation, and the frames/s they allow;
# and what the stop step costs, which must stay below 100 million.
#
#   systemd/proof/cost.sh [WORKDIR]
#
# Needs gcc, qemu-user (the dynamic one: the static one takes no plugins) and the root file system and wheels that
# `user-mode.sh bookworm WORKDIR` left in WORKDIR. About ten minutes. The same numbers every time, to some thousand
# instructions; they leave out the kernel and the camera driver. Debian 12's interpreter (tflite-runtime).
set -euo pipefail

work=$(realpath -m -- "${1:-/var/tmp/cabinguard-proof}")
tree=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/../.." && pwd)
root=$work/cost-root
readonly work tree root

[ -f "$work/root-bookworm.tar" ] || { echo "first: sudo systemd/proof/user-mode.sh bookworm $work" >&2; exit 3; }
command -v qemu-aarch64 gcc >/dev/null || { echo "apt install qemu-user gcc" >&2; exit 3; }

trap 'rm -rf -- "$root"' EXIT
rm -rf -- "$root"
mkdir -p -- "$root"
tar -C "$root" --exclude=./dev -xf "$work/root-bookworm.tar"
for wheel in "$work"/wheels/*.whl; do
    case "$wheel" in *-cp313-*) ;; *) python3 -m zipfile -e "$wheel" "$root/opt/site" ;; esac
done
interface=1
[ "$(qemu-aarch64 --version | sed -n 's/.*version \([0-9]*\).*/\1/p')" -lt 9 ] || interface=2
gcc -O2 -Wall -Wextra -shared -fPIC -DINTERFACE="$interface" -o "$work/count.so" "$tree/systemd/proof/count.c"

# Instructions of PART, so many times, with everything before and after it. The networks' library chooses its
# kernels by what /proc/cpuinfo says.
counted() { # CORE PART ROUNDS
    local number
    case "$1" in cortex-a53) number=0xd03 ;; cortex-a72) number=0xd08 ;; cortex-a76) number=0xd0b ;; esac
    printf 'processor\t: 0\nCPU implementer\t: 0x41\nCPU architecture: 8\nCPU variant\t: 0x0\nCPU part\t: %s\nCPU revision\t: 4\n' \
        "$number" >"$root/proc/cpuinfo"
    env -i PATH="$PATH" HOME=/nonexistent QEMU_LD_PREFIX="$root" PYTHONPATH="$tree:$root/opt/site" PYTHONHASHSEED=0 \
        PYTHONDONTWRITEBYTECODE=1 OPENBLAS_NUM_THREADS=1 \
        qemu-aarch64 -cpu "$1" -plugin "$work/count.so" "$root/usr/bin/python3.11" -P "$tree/systemd/proof/cost_work.py" \
        "$2" "$3" 2>&1 | sed -n 's/^instructions \([0-9]*\) .*/\1/p'
}

# Thousand instructions of the stop step, start of Python included, with the kiosk's file of lines or without it. There
# is no chip to ask here, so it tries once, and says so.
stop_step() { # PINS-FILE
    sed 's/^PATIENCE_S = .*/PATIENCE_S = 0/' "$tree/hw/pins/rest_pins.py" >"$work/rest_pins.py"
    { env -i PATH="$PATH" QEMU_LD_PREFIX="$root" PYTHONHOME="$root/usr" PYTHONHASHSEED=0 \
        qemu-aarch64 -cpu cortex-a53 -plugin "$work/count.so" "$root/usr/bin/python3.11" -I -S "$work/rest_pins.py" \
        "$1" "$tree/edge/settings/kiosk.example.toml" 2>&1 || true; } | sed -n 's/^instructions \([0-9]*\)... .*/\1/p'
}

printf '17 0\n27 0\n' >"$work/rest-pins"
after=$(stop_step "$work/rest-pins")
boot=$(stop_step "$work/none")
m() { awk -v thousand="$1" 'BEGIN { printf "%.2f", thousand / 1000 }'; }
printf 'stop step, million instructions: %s after the kiosk, %s by the settings (at boot)\n\n' "$(m "$after")" "$(m "$boot")"
[ "$after" -le 100000 ] && [ "$boot" -le 100000 ] || { echo "[✗] at most 100 are allowed" >&2; exit 1; }

# Thousand instructions of one round of PART. The eyes run for whole seconds, since not every seer looks at every frame.
each() { # CORE PART ROUNDS
    local few many
    few=$(counted "$1" "$2" "$3")
    many=$(counted "$1" "$2" $((3 * $3)))
    echo $(((many - few) / (2 * $3 * 1000)))
}

printf '%-12s %28s %16s %16s\n' "million instructions" "picture with a person" "empty cabin" "networks alone"
declare -A person empty
for core in cortex-a53 cortex-a72 cortex-a76; do
    person[$core]=$(each "$core" eyes-person 15)
    empty[$core]=$(each "$core" eyes-empty 15)
    printf '%-20s %28s %16s %16s\n' "$core" "$(m "${person[$core]}")" "$(m "${empty[$core]}")" "$(m "$(each "$core" networks-person 12)")"
done
jpeg=$(each cortex-a53 jpeg 12)
decide=$(each cortex-a53 decide 120)
scan=$(each cortex-a53 scan 200)
turn=$(each cortex-a53 turn 100)
printf '\nof these, a kept picture (JPEG), every third frame: %s\n' "$(m "$jpeg")"
printf 'loop: one report judged %s, contacts and keypad read %s, one turn %s\n' "$(m "$decide")" "$(m "$scan")" "$(m "$turn")"
loop=$((15 * decide + 100 * scan + 20 * turn))
printf 'loop, one second (15 reports, 100 readings, 20 turns): %s\n' "$(m "$loop")"

# Instructions a clock: an assumption, low to high, for code that lies half in vector kernels and half in Python.
printf '\n%-10s %-11s %9s %13s %22s %26s %22s\n' board core "clock MHz" "instr/clock" "frames/s, one core" "idle second, % of a core" "of it the loop, %"
while read -r board core mhz low high; do
    awk -v board="$board" -v core="$core" -v mhz="$mhz" -v low="$low" -v high="$high" -v frame="${person[$core]}" \
        -v empty="${empty[$core]}" -v loop="$loop" 'BEGIN {
        slow = mhz * 1000 * low; fast = mhz * 1000 * high; idle = 15 * empty + loop
        printf "%-10s %-11s %9d %13s %22s %26s %22s\n", board, core, mhz, low " to " high,
            sprintf("%.0f to %.0f", slow / frame, fast / frame),
            sprintf("%.0f to %.0f", 100 * idle / fast, 100 * idle / slow),
            sprintf("%.0f to %.0f", 100 * loop / fast, 100 * loop / slow) }'
done <<'BOARDS'
Zero-2-W cortex-a53 1000 0.5 0.9
3B+ cortex-a53 1400 0.5 0.9
4 cortex-a72 1500 0.9 1.5
5 cortex-a76 2400 1.4 2.4
BOARDS
