# shellcheck shell=bash
# install.sh kiosk: what turns a Raspberry Pi into a kiosk, step by step, each one safe to repeat.
#
# Sourced by install.sh, whose words (say, tick, cross, stop) and ROOT it uses. CABINGUARD_ROOT is put before every
# path that is written: a test installs into a folder and touches nothing else; systemd and the packages of the
# running machine are then left alone. (An image is made by running this in a chroot, where nothing of it is set.)

# shellcheck source=systemd/versions.sh
# shellcheck disable=SC2153 # ROOT is install.sh's
. "$ROOT/systemd/versions.sh"

readonly KIOSK_MB=900
readonly KIOSK_COMMAND=/opt/cabinguard/current/bin/cabinguard
readonly SETTINGS=/etc/cabinguard/kiosk.toml
readonly BOOT_BEGIN='# --- cabinguard: begin' BOOT_END='# --- cabinguard: end'

kiosk_usage() {
    cat <<'TEXT'
sudo ./install.sh kiosk [OPTION...]    Raspberry Pi OS 12 or 13 (64-bit), Debian 12 or 13 on arm64

  --check            change nothing; say what is there and what is missing (status 1 when something is)
  --unattended       for scripts; nothing is ever asked anyway, this also keeps apt from asking
  --offline DIR      install from a folder made by ./install.sh fetch; ask no network for anything
  --read-only DEV    root file system read-only from the next boot on, data on partition DEV (ext4)
  --uninstall        remove the program and its units; settings, record and pictures stay
  --purge            with --uninstall: remove settings, record and pictures as well

Run again it upgrades. The version before stays beside the new one, and takes over again when the new one
does not report ready. Settings are written once and never overwritten.
TEXT
}

at() { printf '%s%s\n' "${CABINGUARD_ROOT:-}" "$1"; } # a path of the system that is installed to

# Whether a systemd is running that would listen to us: not in a chroot (where systemctl does nothing and says that
# all is well), not when installing into a folder.
live() { [ -z "${CABINGUARD_ROOT:-}" ] && [ -d /run/systemd/system ] && ! systemd-detect-virt -rq; }

# --- may we ------------------------------------------------------------------------------------------------------

need_root() {
    [ -n "${CABINGUARD_ROOT:-}" ] || [ "$(id -u)" = 0 ] || stop not-root "only root can install a kiosk" \
        "sudo ./install.sh kiosk"
}

# The one word for what is wrong with this system, with its cause; nothing when it will do.
kiosk_system_fault() {
    local ID="" VERSION_ID="" processor
    [ -r "$(at /etc/os-release)" ] || { echo "wrong-system there is no /etc/os-release"; return; }
    # shellcheck disable=SC1090
    . "$(at /etc/os-release)"
    case "$ID/$VERSION_ID" in
        debian/12 | debian/13 | raspbian/12 | raspbian/13) ;;
        *) echo "wrong-system this is ${ID:-unknown} ${VERSION_ID:-without a number}"; return ;;
    esac
    # A 64-bit kernel with 32-bit programs is common on a Pi, so the programs are asked.
    processor=$(dpkg --print-architecture)
    case "$processor" in
        arm64) ;;
        armhf | armel | i386) echo "32-bit the system's programs are $processor, arm64 is needed" ;;
        *) echo "wrong-system this one is for $processor, arm64 is needed" ;;
    esac
}

need_kiosk_system() {
    local fault
    fault=$(kiosk_system_fault)
    [ -z "$fault" ] || stop "${fault%% *}" "${fault#* }" \
        "write Raspberry Pi OS (64-bit), version 12 or 13, to the card"
}

# What is written over an overlay is gone with the next start.
need_lasting_root() {
    [ -n "${CABINGUARD_ROOT:-}" ] || [ "$(findmnt -no FSTYPE /)" != overlay ] || stop read-only-root \
        "the root file system is read-only, changes to it would be lost" \
        "sudo overlayroot-chroot, in it the same command again, then restart"
}

# Raspberry Pi OS 13 has a swap of its own: compressed memory too, but with a file on the card behind it.
rpi_swap() { [ -e "$(at /etc/rpi/swap.conf)" ]; }

on_raspberry_pi_os() { [ -f "$(at /etc/rpi-issue)" ]; }

# --- system packages ---------------------------------------------------------------------------------------------

# What has to come from the system: the camera's library and, from Python 3.13 on, the pins' are not on the index.
wanted_packages() {
    echo python3 python3-venv alsa-utils espeak-ng
    rpi_swap || echo systemd-zram-generator
    if on_raspberry_pi_os; then echo python3-picamera2 python3-lgpio; fi
}

missing_packages() { # PACKAGE...
    local package
    for package in "$@"; do
        dpkg-query --admindir="$(at /var/lib/dpkg)" -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
            printf '%s ' "$package"
    done
}

apt_failed() {
    local words
    words=$(logged 40)
    case "$words" in
        *"No space left"* | *"enough free space"*) stop no-space "the disk filled up while packages were installed" \
            "make room and run the same command again" ;;
        *"Could not resolve"* | *"Temporary failure"* | *"Could not connect"* | *"Failed to fetch"*)
            stop no-network "the package archive cannot be reached" "check the network and run the same command again" ;;
        *"Could not get lock"*) stop apt-busy "another program is installing packages" "wait for it and run again" ;;
        *) stop apt-failed "apt ended with an error: $(logged 1)" "read the log; run the same command again" ;;
    esac
}

install_packages() { # PACKAGE...
    local missing
    missing=$(missing_packages "$@")
    missing=${missing% }
    [ -n "$missing" ] || { tick "system packages"; return; }
    [ -z "$OFFLINE" ] || stop packages-missing "these system packages are missing: $missing" \
        "sudo apt install $missing, or start from the image, which has them"
    say "installing system packages: $missing"
    # Not quoted: a list of names.
    # shellcheck disable=SC2086
    { apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -qy -o Dpkg::Use-Pty=0 \
        -o Dpkg::Options::=--force-confold install --no-install-recommends $missing; } >>"$LOG" 2>&1 </dev/null || apt_failed
    tick "system packages"
}

# --- the program -------------------------------------------------------------------------------------------------

# What this tree would install as: its version and a short hash of everything that goes into it.
version_id() {
    local version sum
    # shellcheck disable=SC2153 # ROOT is install.sh's
    version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$ROOT/pyproject.toml")
    sum=$(cd -- "$ROOT" && find edge hw models systemd .ci/runtime.lock pyproject.toml -type f \
        ! -path '*/__pycache__/*' ! -path 'models/training/*' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum)
    printf '%s-%s\n' "$version" "${sum:0:12}"
}

current_version() { basename -- "$(readlink -- "$(at /opt/cabinguard/current)" 2>/dev/null)" 2>/dev/null || true; }

# Builds an environment of its own for this version; a complete one is left as it is.
install_version() { # ID
    local home source wheel from python
    home=$(at "/opt/cabinguard/versions/$1")
    # The system's own, whatever stands first in the path: picamera2 and lgpio belong to that one.
    python=$(CABINGUARD_PYTHON=${CABINGUARD_PYTHON:-/usr/bin/python3} find_python)
    # The system's Python may have been replaced under it since.
    if [ -f "$home/complete" ] && of_asked_python "$home" && "$home/bin/python" -P -c 'import edge.__main__' >/dev/null 2>&1 </dev/null; then
        tick "program $1 is installed"
        return
    fi
    need_space "$(at /opt)" "$KIOSK_MB"
    rm -rf -- "$home"
    mkdir -p -- "$home" || stop not-writable "$home cannot be made" "check that the root file system is not read-only"
    # It sees the system's picamera2, libcamera and lgpio, and carries everything else itself.
    "$python" -m venv --system-site-packages "$home" >>"$LOG" 2>&1 </dev/null || stop venv-failed \
        "Python could not make an environment in $home" "sudo apt install python3-venv and run again"
    # Python 3.11 puts an old one in, beside which --ignore-installed would lay the one of the lock.
    "$home/bin/python" -m pip uninstall --disable-pip-version-check -q -y setuptools >>"$LOG" 2>&1 </dev/null || pip_failed
    [ -z "$OFFLINE" ] || export CABINGUARD_WHEELS=$OFFLINE
    mapfile -t from < <(sources)
    say "installing the program; some minutes on a Pi ..."
    "$home/bin/python" -m pip install --no-input --disable-pip-version-check --no-deps --require-hashes \
        --only-binary :all: --ignore-installed "${from[@]}" -r "$ROOT/.ci/runtime.lock" >>"$LOG" 2>&1 </dev/null || pip_failed
    # Built from a copy: the tree may be read-only, and stays clean.
    source=$(mktemp -d)
    (cd -- "$ROOT" && tar -c --exclude=__pycache__ --exclude=models/training edge hw models pyproject.toml README.md LICENSE) |
        tar -x -C "$source"
    "$home/bin/python" -m pip wheel --no-input --disable-pip-version-check --no-index --no-deps --no-build-isolation \
        -w "$source" "$source" >>"$LOG" 2>&1 </dev/null || pip_failed
    wheel=$(echo "$source"/cabinguard-*.whl)
    "$home/bin/python" -m pip install --no-input --disable-pip-version-check --no-index --no-deps \
        "$wheel" >>"$LOG" 2>&1 </dev/null || pip_failed
    rm -rf -- "$source"
    # The units of this version, to go back to together with it, and what they run without the environment.
    cp -r -- "$ROOT/systemd" "$home/systemd"
    cp -- "$ROOT/hw/pins/rest_pins.py" "$home/rest_pins.py"
    cp -- "$ROOT/install.sh" "$ROOT/edge/settings/kiosk.example.toml" "$home"
    [ ! -f "$ROOT/cabinguard.cdx.json" ] || cp -- "$ROOT/cabinguard.cdx.json" "$home" # of a published release
    "$home/bin/python" -P -c 'import cv2, gpiozero, msgspec, numpy, serial, edge.__main__' >>"$LOG" 2>&1 </dev/null ||
        stop program-broken "the installed program cannot be imported" "read the log; report it with the log"
    mark_complete "$home"
    tick "program $1 in $home"
}

# Until the link moves, and after a way back, the units run the stop step of the version before: one that is older
# than this file gets it, or a kiosk that dies in between would leave its relays as they are.
keep_stop_step() { # PREVIOUS
    local home
    home=$(at "/opt/cabinguard/versions/$1")
    if [ -n "$1" ] && [ ! -e "$home/rest_pins.py" ]; then cp -- "$ROOT/hw/pins/rest_pins.py" "$home/rest_pins.py"; fi
}

# Puts the link to the version in place in one step, so that there is no moment without a program.
switch_to() { # ID
    local link
    link=$(at /opt/cabinguard/current)
    ln -sfn "versions/$1" "$link.new"
    mv -T -- "$link.new" "$link"
    mkdir -p -- "$(at /usr/local/bin)"
    ln -sfn "$KIOSK_COMMAND" "$(at /usr/local/bin/cabinguard)"
}

prune_versions() { # KEEP...
    local home name
    for home in "$(at /opt/cabinguard/versions)"/*/; do
        name=$(basename -- "$home")
        case " $* " in *" $name "*) ;; *) rm -rf -- "$home" ;; esac
    done
}

# --- files of the system -----------------------------------------------------------------------------------------

# Every file that is copied, as `SOURCE TARGET`; the sources are in systemd/.
kiosk_files() {
    local unit
    for unit in "$ROOT"/systemd/*.service "$ROOT"/systemd/*.timer; do
        unit=$(basename -- "$unit")
        echo "$unit /etc/systemd/system/$unit"
    done
    cat <<'LIST'
sysusers.conf /etc/sysusers.d/cabinguard.conf
tmpfiles.conf /etc/tmpfiles.d/cabinguard.conf
udev.rules /etc/udev/rules.d/70-cabinguard.rules
journald.conf /etc/systemd/journald.conf.d/50-cabinguard.conf
manager.conf /etc/systemd/system.conf.d/50-cabinguard.conf
modules.conf /etc/modules-load.d/cabinguard.conf
sysctl.conf /etc/sysctl.d/50-cabinguard.conf
LIST
    if rpi_swap; then
        echo "rpi-swap.conf /etc/rpi/swap.conf.d/50-cabinguard.conf"
    else
        echo "zram.conf /etc/systemd/zram-generator.conf.d/50-cabinguard.conf"
    fi
}

install_files() { # DIR with the sources
    local source target
    while read -r source target; do
        [ -f "$1/$source" ] || continue # a version before this file
        install -D -m 644 -- "$1/$source" "$(at "$target")" || stop not-writable "$(at "$target") cannot be written" \
            "check that the root file system is not read-only"
    done < <(kiosk_files)
    if live; then
        systemctl daemon-reload
        if udevadm control --reload >>"$LOG" 2>&1; then
            udevadm trigger --subsystem-match=gpio --subsystem-match=tty || true
        fi
    fi
    tick "units, device names and limits"
}

make_user() {
    local root=()
    [ -z "${CABINGUARD_ROOT:-}" ] || root=(--root="$CABINGUARD_ROOT")
    systemd-sysusers "${root[@]}" "$(at /etc/sysusers.d/cabinguard.conf)" >>"$LOG" 2>&1 || stop user-failed \
        "the service's user could not be made" "read the log; an account 'cabinguard' of another kind may be in the way"
    systemd-tmpfiles "${root[@]}" --create "$(at /etc/tmpfiles.d/cabinguard.conf)" >>"$LOG" 2>&1 || stop folders-failed \
        "the service's folders could not be made" "read the log; check that the file system is not read-only"
    tick "service user, its groups and folders"
}

# Written once. On a Pi the camera is the ribbon-cable one until somebody says otherwise; elsewhere it is USB.
install_settings() {
    local target example camera=usb device=/dev/cabinguard-camera
    target=$(at "$SETTINGS")
    example=$ROOT/edge/settings/kiosk.example.toml
    [ -f "$example" ] || example=$ROOT/kiosk.example.toml # of an installed version
    mkdir -p -- "$(dirname -- "$target")"
    install -m 644 -- "$example" "$(dirname -- "$target")/kiosk.example.toml"
    [ ! -e "$target" ] || { tick "settings kept: $SETTINGS"; return; }
    if on_raspberry_pi_os; then camera=picamera2 device=0; fi
    (umask 027 && sed "/^\[camera\]/,/^\[overview\]/{
        s|^source = \"staged\"|source = \"$camera\"|
        s|^device = \"0\"|device = \"$device\"|
    }" "$example" >"$target.new")
    mv -n -- "$target.new" "$target"
    tick "settings written: $SETTINGS"
}

# --- the Pi's boot files -----------------------------------------------------------------------------------------

boot_dir() {
    local dir
    for dir in /boot/firmware /boot; do
        [ ! -f "$(at "$dir/config.txt")" ] || { at "$dir"; return; }
    done
}

# The lines of config.txt, made from the settings: pins driven before Linux runs, watchdog, serial port.
boot_lines() { # VERSION
    local pi_os=""
    if on_raspberry_pi_os; then pi_os=1; fi
    "$(at "/opt/cabinguard/versions/$1")/bin/python" -P - "$(at "$SETTINGS")" "$pi_os" <<'PYTHON'
import sys
from pathlib import Path
from edge.settings.load import load

wiring = load(Path(sys.argv[1])).wiring
relays = (wiring.lock, wiring.permit)
print("[all]")
for relay in relays:
    print(f"gpio={relay.pin}=op,{'dl' if relay.active_high else 'dh'}")
# Debian's trees have nothing that these lines could change: its kernel does the first two by itself, trees.sh the rest.
if sys.argv[2]:
    if all(relay.active_high and relay.pin >= 9 for relay in relays):
        # A dead process's pin becomes an input; pulled low, that is the resting level.
        print("dtparam=strict_gpiod")
    print("dtparam=watchdog=on")
# The modem's serial port on pins 8 and 10: two models have Bluetooth on it, the Pi 5 has it switched off.
print("enable_uart=1")
if sys.argv[2]:
    print("dtoverlay=disable-bt")
    print("dtparam=uart0=on")
PYTHON
}

# config.txt without our block.
without_block() { # FILE
    awk -v begin="$BOOT_BEGIN" -v end="$BOOT_END" '$0 == begin { ours = 1 } !ours { print } $0 == end { ours = 0 }' "$1"
}

block_of() { # FILE
    awk -v begin="$BOOT_BEGIN" -v end="$BOOT_END" '$0 == end { ours = 0 } ours { print } $0 == begin { ours = 1 }' "$1"
}

# Replaces a file on the boot partition (FAT, no journal): written beside, synced, renamed.
replace_boot_file() { # FILE, new text on standard input
    cat >"$1.new" && sync -- "$1.new" && mv -- "$1.new" "$1"
}

install_boot_lines() { # VERSION
    local dir lines config
    dir=$(boot_dir)
    [ -n "$dir" ] || { say "no config.txt here: the relays are first put to rest by cabinguard-pins.service"; return; }
    config=$dir/config.txt
    lines=$(boot_lines "$1" 2>>"$LOG") || stop settings-wrong "$SETTINGS cannot be used" \
        "sudo cabinguard settings --check names the line; correct it and run the same command again"
    if [ "$(block_of "$config")" != "$lines" ]; then
        { without_block "$config"; printf '%s\n%s\n%s\n' "$BOOT_BEGIN" "$lines" "$BOOT_END"; } | replace_boot_file "$config"
        REBOOT=1
    fi
    # A console on the modem's line would answer it.
    if grep -qs 'console=\(serial0\|ttyAMA0\|ttyS0\),[0-9]*' "$dir/cmdline.txt"; then
        [ -e "$dir/cmdline.before-cabinguard" ] || cp -- "$dir/cmdline.txt" "$dir/cmdline.before-cabinguard"
        sed 's/console=\(serial0\|ttyAMA0\|ttyS0\),[0-9]* *//g' "$dir/cmdline.txt" | replace_boot_file "$dir/cmdline.txt"
        REBOOT=1
    fi
    tick "relays at rest before Linux starts ($config)"
}

remove_boot_lines() {
    local dir
    dir=$(boot_dir)
    [ -n "$dir" ] || return 0
    without_block "$dir/config.txt" | replace_boot_file "$dir/config.txt"
    [ ! -e "$dir/cmdline.before-cabinguard" ] || mv -- "$dir/cmdline.before-cabinguard" "$dir/cmdline.txt"
}

# --- read-only root ----------------------------------------------------------------------------------------------

# A partition that does not come must not hold up the boot: the kiosk then fails for lack of it, which is reported.
readonly DATA_MOUNT=defaults,noatime,commit=5,nofail,x-systemd.device-timeout=15s

# Debian's overlayroot keeps every change to the root in memory; the data partition stays as it is mounted.
make_read_only() { # DEVICE
    local uuid fstab
    fstab=$(at /etc/fstab)
    [ "$(blkid -o value -s TYPE -- "$1")" = ext4 ] || stop wrong-partition "$1 is not an ext4 partition" \
        "make one: sudo mkfs.ext4 -L cabindata $1"
    uuid=$(blkid -o value -s UUID -- "$1")
    [ -n "${CABINGUARD_ROOT:-}" ] || install_packages overlayroot
    if ! grep -qsF "UUID=$uuid " "$fstab"; then
        [ -n "${CABINGUARD_ROOT:-}" ] || move_data "$1"
        printf '%s\n' "UUID=$uuid /var/lib/cabinguard ext4 $DATA_MOUNT 0 2 # cabinguard" >>"$fstab"
    fi
    if live; then
        systemctl daemon-reload
        mountpoint -q /var/lib/cabinguard || mount /var/lib/cabinguard >>"$LOG" 2>&1 ||
            stop mount-failed "$1 cannot be mounted" "read the log; check the partition with sudo fsck $1"
    fi
    printf 'overlayroot="tmpfs:recurse=0"\n' >"$(at /etc/overlayroot.local.conf)"
    REBOOT=1
    tick "data on $1, root to be read-only from the next boot on; change settings with sudo overlayroot-chroot"
    say "after the restart: ./install.sh kiosk --check says whether it is (an initramfs without overlay leaves it as it was)"
}

# What overlayroot is told to do: its files, then the kernel's command line, the last word counts.
read_only_wanted() {
    local wanted
    wanted=$({
        cat -- "$(at /etc/overlayroot.conf)" "$(at /etc/overlayroot.local.conf)"
        tr ' ' '\n' <"$(at /proc/cmdline)"
    } 2>/dev/null | sed -nE "s/^[[:space:]]*overlayroot=[\"']?([^\"'#[:space:]]*).*/\1/p" | tail -n 1)
    [ -n "$wanted" ] && [ "$wanted" != disabled ]
}

read_only_in_force() { [ "$(awk '$2 == "/" { kind = $3 } END { print kind }' "$(at /proc/mounts)" 2>/dev/null)" = overlay ]; }

# Record, pictures and phrases go along, or the kiosk would find an empty folder and nothing to say. A partition that
# has a record already (the card was written again) keeps its own.
move_data() { # DEVICE
    local dir
    if live; then systemctl stop cabinguard.service >>"$LOG" 2>&1; fi
    dir=$(mktemp -d)
    mount -- "$1" "$dir" >>"$LOG" 2>&1 || stop mount-failed "$1 cannot be mounted" \
        "read the log; check the partition with sudo fsck $1"
    if [ -e "$dir/journal.db" ]; then
        say "$1 has a record already, which is kept"
    elif ! cp -a -- /var/lib/cabinguard/. "$dir" >>"$LOG" 2>&1; then
        umount -- "$dir"
        stop no-space "record and pictures do not fit on $1" "use a larger partition"
    fi
    umount -- "$dir"
    rmdir -- "$dir"
}

# The data stays where it is, on its partition, unless it is to be removed.
undo_read_only() {
    rm -f -- "$(at /etc/overlayroot.local.conf)"
    if [ -n "$PURGE" ] && [ -f "$(at /etc/fstab)" ]; then sed -i '/ # cabinguard$/d' "$(at /etc/fstab)"; fi
}

# --- the service -------------------------------------------------------------------------------------------------

enable_units() {
    local root=()
    [ -z "${CABINGUARD_ROOT:-}" ] || root=(--root="$CABINGUARD_ROOT")
    systemctl "${root[@]}" enable cabinguard.service cabinguard-pins.service cabinguard-settle.service \
        cabinguard-selftest.timer cabinguard-update.timer cabinguard-certificate.timer \
        cabinguard-certificate-boot.service >>"$LOG" 2>&1 ||
        stop enable-failed "systemd did not take the units" "read the log; systemctl status cabinguard"
    # Debian's swap file and another zram would both write to the card or fight over the device.
    systemctl "${root[@]}" disable dphys-swapfile.service >>"$LOG" 2>&1 || true
    tick "starts with the machine"
}

# Nobody is locked in unprompted, so a kiosk that cannot speak is worth a cross. Made again each time: the texts or
# the language may have changed.
make_prompts() { # COMMAND
    [ -z "${CABINGUARD_ROOT:-}" ] || return 0
    if runuser -u cabinguard -- "$1" prompts --settings "$SETTINGS" >>"$LOG" 2>&1 </dev/null; then
        tick "spoken prompts"
    else
        cross "spoken prompts: they could not be made, and without them the kiosk locks nobody"
        say "what to do: read the log; then: sudo -u cabinguard cabinguard prompts"
    fi
}

settings_complete() { "$(at "$KIOSK_COMMAND")" settings --check --settings "$(at "$SETTINGS")" >>"${LOG:-/dev/null}" 2>&1 </dev/null; }

# While this file is there nobody is told that the kiosk is out of service, and no clock to a reboot starts: a version
# that does not come up gives way to the one before.
readonly UPGRADING=/run/cabinguard-upgrade

# Neither does: told after all.
out_of_service() {
    rm -f -- "$(at "$UPGRADING")"
    systemctl start --no-block cabinguard-failed.service cabinguard-again.timer >>"$LOG" 2>&1 || true
}

# Starts this version and waits until it reports ready; otherwise the one before comes back.
start_or_roll_back() { # VERSION PREVIOUS
    live || { say "no systemd is running here: the kiosk starts with the next boot"; return 0; }
    if ! settings_complete; then
        say "next: write the telephone numbers into $SETTINGS, then: sudo systemctl start cabinguard"
        return 0
    fi
    mkdir -p -- "$(at /run)"
    : >"$(at "$UPGRADING")"
    trap 'rm -f -- "$(at "$UPGRADING")"' EXIT
    systemctl reset-failed cabinguard.service >>"$LOG" 2>&1 || true
    # Type=notify: this returns when the kiosk has said that it is ready, or has failed to.
    if systemctl restart cabinguard.service >>"$LOG" 2>&1; then
        systemctl start cabinguard-selftest.timer >>"$LOG" 2>&1 || true
        # The page, where somebody has switched it on.
        systemctl try-restart cabinguard-panel.service >>"$LOG" 2>&1 || true
        tick "the kiosk reports ready"
        return 0
    fi
    journalctl -u cabinguard.service -n 30 --no-pager >>"$LOG" 2>&1 || true
    roll_back "$1" "$2"
}

roll_back() { # VERSION PREVIOUS
    case "$2" in
        "" | "$1") out_of_service; stop not-ready "the kiosk did not report ready" \
            "sudo cabinguard selftest names the device; the log has its last words" ;;
    esac
    switch_to "$2"
    install_files "$(at "/opt/cabinguard/versions/$2/systemd")"
    end_change
    systemctl reset-failed cabinguard.service >>"$LOG" 2>&1 || true
    systemctl restart cabinguard.service >>"$LOG" 2>&1 || {
        out_of_service
        stop not-ready "neither $1 nor the version before, $2, reported ready" \
            "sudo cabinguard selftest names the device; the door rests unlocked"
    }
    rm -rf -- "$(at "/opt/cabinguard/versions/$1")"
    stop rolled-back "$1 did not report ready; $2 runs again" "read the log, and report it with the log"
}

# --- commands ----------------------------------------------------------------------------------------------------

kiosk_install() {
    local version previous
    need_linux
    need_root
    need_kiosk_system
    need_lasting_root
    log_to "$(at /var/log/cabinguard-install.log)"
    mkdir -p -- "$(dirname -- "$LOG")"
    (umask 027 && printf '\n=== %s %s\n' "$(date -u +%FT%TZ)" "$(version_id)" >>"$LOG") || stop not-writable \
        "$LOG cannot be written" "is the root file system read-only? sudo overlayroot-chroot, then again"
    one_at_a_time
    hold_versions
    # Not quoted: a list of names.
    # shellcheck disable=SC2046
    [ -n "${CABINGUARD_ROOT:-}" ] || install_packages $(wanted_packages)
    version=$(version_id)
    previous=$(current_version)
    install_version "$version"
    [ "$previous" = "$version" ] || begin_change "$previous"
    take_files "$version" "$previous"
    [ -z "$READ_ONLY" ] || make_read_only "$READ_ONLY"
    start_or_roll_back "$version" "$previous"
    end_change
    [ "$previous" = "$version" ] || prune_versions "$version" "$previous"
    tick "CabinGuard $version is installed"
    [ -z "$REBOOT" ] || say "next: restart once (sudo reboot), so that the boot lines take effect"
    say "log: $LOG"
}

kiosk_uninstall() {
    local target
    need_root
    need_lasting_root
    log_to "$(at /var/log/cabinguard-install.log)"
    mkdir -p -- "$(dirname -- "$LOG")"
    if live; then
        # Its stop step leaves the relays at rest.
        systemctl disable --now cabinguard.service cabinguard-selftest.timer cabinguard-update.timer \
            cabinguard-certificate.timer cabinguard-again.timer >>"$LOG" 2>&1 || true
        systemctl disable --now cabinguard-panel.service >>"$LOG" 2>&1 || true
        systemctl disable cabinguard-pins.service cabinguard-settle.service cabinguard-certificate-boot.service \
            >>"$LOG" 2>&1 || true
    elif [ -n "${CABINGUARD_ROOT:-}" ]; then
        systemctl --root="$CABINGUARD_ROOT" disable cabinguard.service cabinguard-pins.service cabinguard-settle.service \
            cabinguard-selftest.timer cabinguard-update.timer cabinguard-certificate.timer \
            cabinguard-certificate-boot.service >>"$LOG" 2>&1 || true
    fi
    remove_boot_lines
    while read -r _ target; do rm -f -- "$(at "$target")"; done < <(kiosk_files)
    undo_read_only
    rm -rf -- "$(at /opt/cabinguard)" "$(at /run/cabinguard)"
    rm -f -- "$(at /usr/local/bin/cabinguard)"
    if live; then systemctl daemon-reload; fi
    if [ -n "$PURGE" ]; then
        rm -rf -- "$(at /etc/cabinguard)" "$(at /var/lib/cabinguard)" "$(at /var/lib/cabinguard-update)"
        tick "program, settings, record and pictures removed"
    else
        tick "program removed; $SETTINGS and /var/lib/cabinguard stay (--purge removes them)"
    fi
}

# One line of --check: runs the test, ticks or crosses.
checked() { # WORDS TEST...
    local words=$1
    shift
    if "$@" >/dev/null 2>&1; then tick "$words"; else cross "$words"; LACKING=1; fi
}

files_current() {
    local source target
    while read -r source target; do
        cmp -s -- "$ROOT/systemd/$source" "$(at "$target")" || return 1
    done < <(kiosk_files)
}

prompts_made() { "$(at "$KIOSK_COMMAND")" prompts --check --settings "$(at "$SETTINGS")" >>"${LOG:-/dev/null}" 2>&1 </dev/null; }

boot_lines_current() {
    local dir
    dir=$(boot_dir)
    [ -z "$dir" ] || [ "$(block_of "$dir/config.txt")" = "$(boot_lines "$(current_version)")" ]
}

room_or_installed() { [ -n "$(current_version)" ] || [ "$(free_mb "$(at /opt)")" -ge "$KIOSK_MB" ]; }

kiosk_check() {
    local fault said missing
    LACKING=""
    fault=$(kiosk_system_fault)
    said=${fault#* } # without its code
    checked "system: ${said:-Raspberry Pi OS or Debian, 64-bit}" [ -z "$fault" ]
    # shellcheck disable=SC2046 # a list of names
    missing=$(missing_packages $(wanted_packages))
    checked "system packages${missing:+, missing: $missing}" [ -z "$missing" ]
    checked "$KIOSK_MB MB free in /opt, or installed already" room_or_installed
    checked "program of this release, $(version_id)" [ "$(current_version)" = "$(version_id)" ]
    checked "units, device names and limits of this release" files_current
    checked "service user" grep -q '^cabinguard:' "$(at /etc/passwd)"
    checked "settings, $SETTINGS" settings_complete
    checked "spoken prompts" prompts_made
    checked "relays at rest before Linux starts" boot_lines_current
    if read_only_wanted; then
        if read_only_in_force; then
            tick "root is read-only"
        else
            cross "root is meant to be read-only and is not"
            say "what to do: restart; if it stays, sudo update-initramfs -u, and on a Pi auto_initramfs=1 in config.txt"
            LACKING=1
        fi
    fi
    if live; then
        checked "hardware watchdog" test -c /dev/watchdog
        checked "modem, /dev/cabinguard-modem" test -e /dev/cabinguard-modem
        checked "starts with the machine" systemctl is-enabled cabinguard.service
        checked "runs and is ready" systemctl is-active cabinguard.service
    fi
    [ -z "$LACKING" ] || { say "what to do: sudo ./install.sh kiosk; for settings: sudo cabinguard settings --check"; exit 1; }
}

kiosk() {
    local action=kiosk_install
    OFFLINE="" READ_ONLY="" PURGE="" REBOOT=""
    while [ $# -gt 0 ]; do
        case "$1" in
            --check) action=kiosk_check ;;
            --unattended) ;;
            --offline)
                [ -d "${2:-}" ] || misused "--offline needs a folder made by ./install.sh fetch"
                OFFLINE=$2
                shift
                ;;
            --read-only)
                [ -n "${2:-}" ] || misused "--read-only needs the data partition"
                READ_ONLY=$2
                shift
                ;;
            --uninstall) action=kiosk_uninstall ;;
            # Not for people: the steps of cabinguard update.
            --stage) action=kiosk_stage ;;
            --take) action=kiosk_take ;;
            --keep) action=kiosk_keep ;;
            --settle) action=kiosk_settle ;;
            --purge) PURGE=1 ;;
            -h | --help) kiosk_usage; return ;;
            *) misused "kiosk has no option '$1'" ;;
        esac
        shift
    done
    "$action"
}
