# shellcheck shell=bash
# install.sh image: a card image for a Pi, Debian for arm64 with the kiosk in it, made on any Debian machine.
#
# Sourced by install.sh, whose words (say, tick, cross, stop) and ROOT it uses. The system in it is installed by the
# same install.sh kiosk that a technician would run, inside the new root file system under emulation.

readonly IMAGE_MB=6000 # the root file system, its archive and the image beside each other
readonly IMAGE_PACKAGES=ca-certificates,systemd,systemd-sysv,systemd-timesyncd,systemd-resolved,udev,dbus,kmod,initramfs-tools,linux-image-arm64,raspi-firmware,firmware-brcm80211,wireless-regdb,openssh-server,cloud-guest-utils,fdisk,e2fsprogs,dosfstools,sudo,nano,less,iproute2,python3,python3-venv,alsa-utils,espeak-ng,systemd-zram-generator,tzdata,device-tree-compiler

# The device tree that a board starts with, and what the board is called.
image_boards() {
    cat <<'LIST'
bcm2837-rpi-3-a-plus 3A+
bcm2837-rpi-3-b 3B
bcm2837-rpi-3-b-plus 3B+
bcm2837-rpi-zero-2-w Zero 2 W
bcm2711-rpi-4-b 4B
bcm2711-rpi-400 400
bcm2711-rpi-cm4-io Compute Module 4 on its IO board
LIST
}

image_usage() {
    cat <<'TEXT'
sudo ./install.sh image [OPTION...]    makes cabinguard-VERSION-SUITE.img.xz, its checksum and its list of contents

  --suite NAME       bookworm (default) or trixie
  --output DIR       where to (default: here)
  --offline DIR      Python packages from a folder made by ./install.sh fetch; Debian's come from its archive

Needs a Debian machine (amd64 or arm64), no loop devices, and 6 GB.

Starts on Raspberry Pi 3A+, 3B, 3B+, Zero 2 W, 4B, 400 and Compute Module 4 on its IO board.
Works on them: modem on the header (pins 8 and 10) or on USB, camera on USB, sound card on USB, clock module DS3231.
Does not: Raspberry Pi 5 (plain Debian has no driver for its pins), camera on the ribbon cable, amplifier on I2S
(MAX98357A). These need Raspberry Pi OS: install.sh kiosk on it, or the recipe in systemd/image/rpi-image-gen.
TEXT
}

image_tools_missing() {
    local pair
    for pair in mmdebstrap:mmdebstrap genimage:genimage mcopy:mtools mkdosfs:dosfstools mke2fs:e2fsprogs xz:xz-utils arch-test:arch-test; do
        PATH=$PATH:/usr/sbin:/sbin command -v "${pair%%:*}" >/dev/null || printf '%s ' "${pair##*:}"
    done
    [ "$(dpkg --print-architecture)" = arm64 ] || command -v qemu-aarch64-static >/dev/null || printf 'qemu-user-static '
}

need_image_tools() {
    local missing
    command -v dpkg >/dev/null || stop wrong-system "the image is made with Debian's tools and there is no dpkg here" \
        "use a Debian machine or container"
    missing=$(image_tools_missing)
    [ -z "$missing" ] || stop tools-missing "these packages are missing: $missing" "sudo apt install $missing"
    [ "$(dpkg --print-architecture)" = arm64 ] && return
    # Containers often come without the place where the kernel is told of foreign programs.
    if [ ! -e /proc/sys/fs/binfmt_misc/qemu-aarch64 ]; then
        mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc 2>/dev/null || true
        systemctl restart systemd-binfmt.service >/dev/null 2>&1 ||
            PATH=$PATH:/usr/sbin update-binfmts --import qemu-aarch64 >/dev/null 2>&1 || true
    fi
    [ -e /proc/sys/fs/binfmt_misc/qemu-aarch64 ] || stop no-emulation "this kernel does not know how to start arm64 programs" \
        "sudo apt install qemu-user-static binfmt-support, or give the container binfmt_misc"
}

# The archives that this machine uses, so that a mirror or a proxy is used here too.
image_sources() { # SUITE
    local mirror
    # shellcheck disable=SC2016 # apt's own placeholders
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | grep debian | head -n 1)
    mirror=${mirror:-http://deb.debian.org/debian/}
    printf 'deb %s %s main non-free-firmware\ndeb %s %s-updates main non-free-firmware\ndeb %s %s-security main non-free-firmware\n' \
        "$mirror" "$1" "$mirror" "$1" "${CABINGUARD_SECURITY:-http://deb.debian.org/debian-security}" "$1"
}

# What is the same on Debian and on Raspberry Pi OS: the kiosk, its prompts, the settings file's place, the login.
image_kiosk() { # NEW-ROOT WHEELS
    # shellcheck disable=SC2153 # ROOT is install.sh's
    local new=$1 files=$ROOT/systemd/image language
    mkdir -p -- "$new/srv/cabinguard" "$new/srv/wheels"
    (cd -- "$ROOT" && tar -c --exclude=__pycache__ --exclude=models/training \
        install.sh .ci edge hw models systemd pyproject.toml README.md LICENSE) | tar -x -C "$new/srv/cabinguard"
    cp -- "$2"/*.whl "$new/srv/wheels/"
    chroot "$new" /srv/cabinguard/install.sh kiosk --unattended --offline /srv/wheels
    for language in $(chroot "$new" /opt/cabinguard/current/bin/python -P -c \
        'from edge.words.language import LanguageName; print(*LanguageName)'); do
        chroot "$new" runuser -u cabinguard -- /opt/cabinguard/current/bin/cabinguard prompts \
            --settings /etc/cabinguard/kiosk.toml --set "cabin.language=$language"
    done
    install -m 644 -- "$files"/cabinguard-*.service "$new/etc/systemd/system/"
    chroot "$new" systemctl enable cabinguard-first-boot.service cabinguard-notice.service cabinguard-grow.service
    # What first-boot has to say stands above the login at the screen.
    mkdir -p -- "$new/etc/issue.d"
    ln -sfn /run/cabinguard-notice/screen "$new/etc/issue.d/cabinguard.issue"
    install -D -m 644 -- "$files/resolved.conf" "$new/etc/systemd/resolved.conf.d/cabinguard.conf"
    install -m 644 -- "$files/cabinguard.example.toml" "$new/boot/firmware/"
    install -D -m 644 -- "$files/sshd.conf" "$new/etc/ssh/sshd_config.d/cabinguard.conf"
    chroot "$new" useradd --create-home --shell /bin/bash --groups sudo,adm technician
    printf 'technician ALL=(ALL) NOPASSWD: ALL\n' >"$new/etc/sudoers.d/technician"
    chmod 440 -- "$new/etc/sudoers.d/technician"
    rm -rf -- "$new/srv/cabinguard" "$new/srv/wheels" "$new"/etc/ssh/ssh_host_*_key* "$new/var/log/cabinguard-install.log"
    : >"$new/etc/machine-id"
}

# Before the kernel's package makes its initramfs: of all modules it would take half an hour under emulation, and
# the Pi would read it at each start.
image_prepare() { # NEW-ROOT
    install -D -m 644 -- "$ROOT/systemd/image/initramfs-modules" "$1/usr/share/initramfs-tools/modules.d/cabinguard"
    mkdir -p -- "$1/etc/initramfs-tools/conf.d" "$1/boot/firmware"
    # Named here so that the initramfs gets its fsck: the running system cannot be asked.
    install -m 644 -- "$ROOT/systemd/image/fstab" "$1/etc/fstab"
    printf 'MODULES=list\nFSTYPE=ext4\n' >"$1/etc/initramfs-tools/conf.d/cabinguard"
}

# Inside the new root, called by mmdebstrap when Debian is installed.
image_customize() { # NEW-ROOT WHEELS
    local files=$ROOT/systemd/image
    install -D -m 644 -- "$files/wired.network" "$1/etc/systemd/network/80-wired.network"
    echo cabinguard >"$1/etc/hostname"
    install -m 644 -- "$files/hosts" "$1/etc/hosts"
    # The hooks that follow Debian's own, which copies the trees again.
    install -D -m 755 -- "$files/trees.sh" "$1/usr/local/sbin/cabinguard-trees"
    ln -s /usr/local/sbin/cabinguard-trees "$1/etc/kernel/postinst.d/z60-cabinguard"
    ln -s /usr/local/sbin/cabinguard-trees "$1/etc/initramfs/post-update.d/z60-cabinguard"
    # The firmware's files, made again by Debian's own hook at each new kernel; no console on the modem's line.
    printf 'CONSOLES="tty0"\nROOTPART=LABEL=cabinroot\n' >>"$1/etc/default/raspi-firmware"
    image_boot_files "$1"
    image_kiosk "$1" "$2"
    image_keep_boot_lines "$1"
    chroot "$1" systemctl enable systemd-networkd.service systemd-resolved.service
    image_check "$1"
}

# Kernel, initramfs, firmware and config.txt, on the partition that the Pi's own boot ROM reads.
image_boot_files() { # NEW-ROOT
    local kernel
    kernel=$(find "$1/boot" -maxdepth 1 -name 'vmlinuz-*' | sort -V | tail -n 1)
    kernel=${kernel##*/vmlinuz-}
    chroot "$1" env DEB_MAINT_PARAMS=configure /etc/kernel/postinst.d/z50-raspi-firmware "$kernel" "/boot/vmlinuz-$kernel"
    chroot "$1" /usr/local/sbin/cabinguard-trees || stop image-incomplete "the device trees cannot be made to fit hw/README.md" \
        "report it with the log"
}

# Debian's hook writes config.txt again at each new kernel; what stands in this file comes behind its own lines.
image_keep_boot_lines() { # NEW-ROOT
    sed -n '/^# --- cabinguard: begin/,/^# --- cabinguard: end/p' "$1/boot/firmware/config.txt" >"$1/etc/default/raspi-firmware-custom"
}

# What would only be seen on a Pi that stays dark.
image_check() { # NEW-ROOT
    local file tree board
    for file in boot/firmware/config.txt boot/firmware/cmdline.txt boot/firmware/bootcode.bin boot/firmware/start4.elf \
        opt/cabinguard/current/bin/cabinguard etc/systemd/system/multi-user.target.wants/cabinguard.service \
        var/lib/cabinguard/prompts/en; do
        [ -e "$1/$file" ] || [ -L "$1/$file" ] || stop image-incomplete "/$file is missing in the image" "report it with the log"
    done
    while read -r file; do
        [ -s "$1/boot/firmware/$file" ] || stop image-incomplete "config.txt names $file and it is not there" "report it with the log"
    done < <(sed -n 's/^kernel=//p; s/^initramfs \([^ ]*\).*/\1/p' "$1/boot/firmware/config.txt")
    while read -r tree board; do
        [ -s "$1/boot/firmware/$tree.dtb" ] || stop image-incomplete "the device tree of the $board is missing" "report it with the log"
    done < <(image_boards)
    chroot "$1" /usr/local/sbin/cabinguard-trees --check || stop image-incomplete "the device trees do not fit hw/README.md" \
        "report it with the log"
    file=$(find "$1/var/lib/cabinguard" -mindepth 1 ! -path "$1/var/lib/cabinguard/prompts*" -printf '%P ')
    [ -z "$file" ] || stop image-incomplete "/var/lib/cabinguard holds what is none of ours: $file" "report it with the log"
    file=$(find "$1"/opt/cabinguard/versions/*/lib/python3*/site-packages -maxdepth 1 -name '*.dist-info' -printf '%f\n' |
        sed 's/-[^-]*$//' | sort | uniq -d)
    [ -z "$file" ] || stop image-incomplete "installed twice: $file" "report it with the log"
    [ -L "$1/lib" ] || stop image-incomplete "/lib is no link to usr/lib" "report it with the log"
    grep -q '^gpio=' "$1/boot/firmware/config.txt" || stop image-incomplete "config.txt does not rest the relays" "report it with the log"
    grep -q 'root=LABEL=cabinroot' "$1/boot/firmware/cmdline.txt" || stop image-incomplete "cmdline.txt names another root" "report it with the log"
    ! grep -q 'console=tty[AS]' "$1/boot/firmware/cmdline.txt" || stop image-incomplete "cmdline.txt has a console on the modem's line" "report it with the log"
}

image() {
    local suite=bookworm output=. wheels="" work version name used
    while [ $# -gt 0 ]; do
        case "$1" in
            --suite) suite=${2:-} && shift ;;
            --output) output=${2:-} && shift ;;
            --offline) wheels=${2:-} && shift ;;
            # By mmdebstrap and rpi-image-gen; not in an && list, where nothing in them would end them.
            --prepare | --customize | --customize-pi-os)
                case "$1" in
                    --prepare) image_prepare "$2" ;;
                    --customize) image_customize "$2" "$3" ;;
                    *) image_kiosk "$2" "$3" ;;
                esac
                return
                ;;
            -h | --help) image_usage && return ;;
            *) misused "image has no option '$1'; ./install.sh image --help shows them" ;;
        esac
        shift
    done
    case "$suite" in bookworm | trixie) ;; *) misused "--suite is bookworm or trixie" ;; esac
    need_linux
    [ "$(id -u)" = 0 ] || stop not-root "only root can make a root file system" "sudo ./install.sh image"
    need_image_tools
    output=$(realpath -m -- "$output")
    writable "$output" || stop not-writable "$output cannot be written to" "name another folder with --output"
    mkdir -p -- "$output"
    need_space "$output" "$IMAGE_MB"
    if [ -z "$wheels" ]; then
        wheels=$output/wheels
        fetch "$wheels"
    fi
    wheels=$(realpath -- "$wheels")
    # shellcheck source=/dev/null # a file of its own to check
    version=$(. "$ROOT/systemd/kiosk.sh" && version_id)
    name=cabinguard-$version-$suite
    work=$output/.$name
    rm -rf -- "$work"
    mkdir -p -- "$work/root" "$work/empty"
    LOG=$output/$name.log
    say "Debian $suite for arm64 and the kiosk in it; half an hour under emulation (log: $LOG) ..."
    image_sources "$suite" | mmdebstrap --mode=root --arch=arm64 --variant=minbase --skip=output/dev \
        --aptopt='Acquire::Languages "none"' --aptopt='APT::Install-Recommends "false"' --include="$IMAGE_PACKAGES" \
        --essential-hook="'$ROOT/install.sh' image --prepare \"\$1\"" \
        --customize-hook="'$ROOT/install.sh' image --customize \"\$1\" '$wheels'" \
        "$suite" "$work/root" - >"$LOG" 2>&1 || stop image-failed "the root file system could not be made: $(grep -E '^(E:|\[✗\])' "$LOG" | tail -n 1)" \
        "read the log; run the same command again"
    tick "root file system, $(du -sm -- "$work/root" | cut -f1) MB"
    "$(find_python)" -P "$ROOT/systemd/image/sbom.py" "$work/root" "$version" >"$output/$name.cdx.json"
    tick "list of contents, $(grep -c '"bom-ref"' "$output/$name.cdx.json") parts ($name.cdx.json)"
    used=$(du -sm --exclude=boot/firmware -- "$work/root" | cut -f1)
    sed "s/@ROOT_MB@/$((used * 5 / 4 + 200))/" "$ROOT/systemd/image/genimage.cfg" >"$work/genimage.cfg"
    PATH=$PATH:/usr/sbin:/sbin genimage --config "$work/genimage.cfg" --rootpath "$work/root" --tmppath "$work/tmp" \
        --inputpath "$work/empty" --outputpath "$work/images" >>"$LOG" 2>&1 ||
        stop image-failed "the card image could not be put together" "read the log; run the same command again"
    xz -T0 -3 -c -- "$work/images/card.img" >"$output/$name.img.xz"
    (cd -- "$output" && sha256sum -- "$name.img.xz" >"$name.img.xz.sha256")
    rm -rf -- "$work"
    tick "$output/$name.img.xz, $(du -m -- "$output/$name.img.xz" | cut -f1) MB"
    say "next: write it to a card (rpi-imager, or xzcat | dd), copy cabinguard.example.toml on its first partition to"
    say "cabinguard.toml, fill it in, start the Pi"
}
