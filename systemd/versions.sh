# shellcheck shell=bash
# install.sh kiosk: from one version to another and back, so that a power cut ends with a whole old or a whole new one.
#
# Sourced by kiosk.sh. While the link `pending` is there a change has begun and is not yet approved: it leads to the
# version to go back to, and the next start goes back (cabinguard-settle.service). It is put and taken away in one step,
# and everything that it stands for is on the card before.

readonly PENDING=/opt/cabinguard/pending

# What was written is on the card when this returns.
on_card() {
    local path
    for path in "$(at /opt/cabinguard)" "$(at /etc)" "$(boot_dir)"; do
        [ -z "$path" ] || [ ! -e "$path" ] || sync -f -- "$path"
    done
}

# One at a time among all copies of the installer, and none beside an update.
hold_versions() {
    mkdir -p -- "$(at /opt/cabinguard/versions)" || stop not-writable "$(at /opt/cabinguard) cannot be made" \
        "check that the root file system is not read-only"
    command -v flock >/dev/null 2>&1 || return 0
    exec 8<"$(at /opt/cabinguard/versions)"
    flock -w 1800 8 || stop busy "another installation did not end within 30 minutes" "end it and run again"
}

# The version to go back to; empty while nothing is in the middle.
pending_version() { basename -- "$(readlink -- "$(at "$PENDING")" 2>/dev/null)" 2>/dev/null || true; }

begin_change() { # PREVIOUS: one without an installer of its own (older than this file) cannot be gone back to at a start
    [ -n "$1" ] && [ -f "$(at "/opt/cabinguard/versions/$1/install.sh")" ] || return 0
    on_card
    ln -sfn "versions/$1" "$(at "$PENDING").new"
    mv -T -- "$(at "$PENDING").new" "$(at "$PENDING")"
    on_card
}

end_change() {
    on_card
    rm -f -- "$(at "$PENDING")"
    on_card
}

# Every file of a version with its hash, all but what Python makes by itself.
hashes_of() { # HOME
    (cd -- "$1" && find . -type f ! -path '*/__pycache__/*' ! -name manifest ! -name complete -print0 |
        LC_ALL=C sort -z | xargs -0 -r sha256sum --)
}

# From here on the version counts as whole.
mark_complete() { # HOME
    hashes_of "$1" >"$1/manifest"
    sync -f -- "$1"
    : >"$1/complete"
    sync -f -- "$1"
}

whole() { # HOME
    [ -f "$1/complete" ] && [ -s "$1/manifest" ] && (cd -- "$1" && sha256sum --quiet --strict -c manifest) >>"${LOG:-/dev/null}" 2>&1
}

# What only another version has among our units.
remove_strange_units() { # DIR with the units of this one
    local unit
    for unit in "$(at /etc/systemd/system)"/cabinguard*.service "$(at /etc/systemd/system)"/cabinguard*.timer; do
        [ ! -f "$unit" ] || [ -f "$1/$(basename -- "$unit")" ] || [ "$(basename -- "$unit")" = cabinguard-first-boot.service ] ||
            rm -f -- "$unit"
    done
    find "$(at /etc/systemd/system)" -xtype l -name 'cabinguard*' -delete 2>/dev/null || true
}

need_own_version() {
    [ -f "$ROOT/complete" ] || stop not-a-version "$ROOT is no installed version" "this is for cabinguard update"
}

# --- what cabinguard update calls --------------------------------------------------------------------------------

kiosk_log() {
    log_to "$(at /var/log/cabinguard-install.log)"
    mkdir -p -- "$(dirname -- "$LOG")"
    (umask 027 && printf '\n=== %s %s %s\n' "$(date -u +%FT%TZ)" "$1" "$(basename -- "$ROOT")" >>"$LOG") || stop not-writable \
        "$LOG cannot be written" "is the root file system read-only? sudo overlayroot-chroot, then again"
}

# This tree beside the version that runs; nothing else is touched.
kiosk_stage() {
    need_linux
    need_root
    need_kiosk_system
    need_lasting_root
    kiosk_log stage
    hold_versions
    # Not quoted: a list of names.
    # shellcheck disable=SC2046
    [ -n "${CABINGUARD_ROOT:-}" ] || install_packages $(wanted_packages)
    install_version "$(version_id)"
    version_id
}

# This installed version in the place of the one before; not approved yet.
kiosk_take() {
    local version previous
    need_root
    need_own_version
    need_lasting_root
    kiosk_log take
    hold_versions
    [ -z "$(pending_version)" ] || stop busy "another change is in the middle" "sudo cabinguard update --settle"
    whole "$ROOT" || { rm -f -- "$ROOT/complete"; stop not-whole "$ROOT is damaged" "it is installed again at the next time"; }
    version=$(basename -- "$ROOT")
    previous=$(current_version)
    begin_change "$previous"
    take_files "$version" "$previous"
    on_card
}

# Everything outside the versions' own folders as this version has it, its link last.
take_files() { # VERSION PREVIOUS
    install_settings
    install_boot_lines "$1"
    keep_stop_step "$2"
    install_files "$ROOT/systemd"
    make_user
    make_prompts "/opt/cabinguard/versions/$1/bin/cabinguard"
    enable_units
    switch_to "$1"
}

# Approved: the version before stays beside it.
kiosk_keep() {
    local previous
    need_root
    need_own_version
    kiosk_log keep
    hold_versions
    previous=$(pending_version)
    end_change
    prune_versions "$(current_version)" "$previous"
}

# Back to the version before, whose own installer this is. Any number of times, from any point.
kiosk_settle() {
    local version
    need_root
    kiosk_log settle
    hold_versions
    version=$(pending_version)
    [ -n "$version" ] || { tick "no change is in the middle"; return 0; }
    [ "$version" = "$(basename -- "$ROOT")" ] || stop busy "$version is to be gone back to, by its own installer" \
        "sudo $(at "$PENDING")/install.sh kiosk --settle"
    switch_to "$version"
    install_settings
    # Settings and record as this version can read them; the boot lines are made from the settings. What fails in this
    # keeps nobody from starting it.
    "$ROOT/bin/cabinguard" update --put-back --settings "$(at "$SETTINGS")" >>"$LOG" 2>&1 </dev/null ||
        cross "record: it could not be brought back; the program sets a newer one aside and begins again"
    (install_boot_lines "$version") || cross "boot lines: they stay as they are"
    install_files "$ROOT/systemd"
    remove_strange_units "$ROOT/systemd"
    if live; then systemctl daemon-reload >>"$LOG" 2>&1 || true; fi
    prompts_made || make_prompts "/opt/cabinguard/versions/$version/bin/cabinguard"
    end_change
    # What was killed in the middle could not take it away, and a kiosk that is down would be told to nobody.
    rm -f -- "$(at "$UPGRADING")"
    tick "CabinGuard $version again"
}
