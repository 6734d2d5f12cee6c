#!/bin/sh
# The device trees on the boot partition, made to fit hw/README.md: what overlays and dtparam lines do on Raspberry Pi
# OS. Debian's trees have no symbols for overlays, and route the first serial port to the Bluetooth chip.
#
#   trees.sh [FOLDER]            edits every tree there (/boot/firmware) and reads it back; twice comes out the same
#   trees.sh --check [FOLDER]    only reads them
#
# In the image it is also the hook that runs behind Debian's own, which copies the trees again with each kernel.
#
# Serial port of the modem: UART0 on GPIO 14 and 15 (header pins 8 and 10), nothing else on them. The Bluetooth chip
# loses it; UART1 keeps running on no pin. Clock module: a DS3231 on the I2C of GPIO 2 and 3, silent where none is.
# And what the trees of the Zero 2 W and of module 3 set on the header for nobody (GPIO 6, the exit contact, as an
# output; the keypad's lines and the door contact's as clocks and SPI) is left as the board gives it at power-on.
set -eu

SOC_GPIO=/soc/gpio@7e200000 UART0=/soc/serial@7e201000 UART1=/soc/serial@7e215040 I2C1=/soc/i2c@7e804000
CLOCK=$I2C1/rtc@68

words() { fdtget "$1" "$2" "$3" 2>/dev/null || true; } # TREE NODE PROPERTY
has() { fdtget -p "$1" "$2" 2>/dev/null | grep -qx -- "$3"; }
there() { fdtget -p "$1" "$2" >/dev/null 2>&1; }
drop() { ! has "$1" "$2" "$3" || fdtput -d "$1" "$2" "$3"; }

# A number by which others can point at a node; one that it has already stays.
handle_of() { # TREE NODE
    handle=$(words "$1" "$2" phandle)
    if [ -z "$handle" ]; then
        handle=$(dtc -q -I dtb -O dts "$1" | sed -n 's/.*[^a-z-]phandle = <\(0x[0-9a-f]*\)>;.*/\1/p' | {
            most=0
            while read -r one; do [ $((one)) -le "$most" ] || most=$((one)); done
            echo $((most + 1))
        })
        fdtput -t i "$1" "$2" phandle "$handle"
    fi
    echo "$handle"
}

edit() { # TREE
    for child in $(fdtget -l "$1" $UART0); do fdtput -r "$1" "$UART0/$child"; done
    drop "$1" $UART0 uart-has-rtscts
    pins=$(fdtget -l "$1" $SOC_GPIO | grep -x 'uart0[_-]gpio14\(-pins\)\?') # the name differs by kernel
    fdtput -t i "$1" $UART0 pinctrl-0 "$(handle_of "$1" "$SOC_GPIO/$pins")"
    fdtput -t s "$1" $UART0 pinctrl-names default
    fdtput -t s "$1" $UART0 status okay
    drop "$1" $UART1 pinctrl-0
    drop "$1" $UART1 pinctrl-names
    drop "$1" $SOC_GPIO pinctrl-0
    there "$1" $CLOCK || fdtput -c "$1" $CLOCK
    fdtput -t s "$1" $CLOCK compatible maxim,ds3231
    fdtput -t x "$1" $CLOCK reg 68
}

# Who takes which pins of the header, as the kernel will: every enabled node's first choice of pins, a line for each.
claims() { # TREE
    dtc -q -I dtb -O dts "$1" | awk '
        function number(text,   n, i, digits) {
            if (text !~ /^0x/) return text + 0
            for (i = 3; i <= length(text); i++) n = n * 16 + index("0123456789abcdef", substr(text, i, 1)) - 1
            return n
        }
        function cells(line) { sub(/^[^<]*</, "", line); sub(/>.*/, "", line); return line }
        /\{$/ { sub(/^[ \t]+/, ""); sub(/ *\{$/, ""); path[++depth] = $0; node[depth] = ++count; name[count] = $0; next }
        /^[ \t]*\};$/ { depth--; next }
        { at = node[depth] }
        /[ \t]status = / { if ($0 !~ /"(okay|ok)"/) off[at] = 1 }
        /[ \t]brcm,pins = / { pins[at] = cells($0) }
        /[ \t]brcm,function = / { role[at] = cells($0) }
        /[ \t]phandle = / { target[number(cells($0))] = at }
        /[ \t]pinctrl-0 = / { wants[at] = cells($0) }
        END {
            for (at in wants) if (!off[at]) {
                n = split(wants[at], groups, " ")
                for (g = 1; g <= n; g++) {
                    group = target[number(groups[g])]
                    m = split(pins[group], lines, " ")
                    for (p = 1; p <= m; p++) if (number(lines[p]) >= 2 && number(lines[p]) <= 27)
                        printf "GPIO%d %s function %d\n", number(lines[p]), name[at], number(role[group])
                }
            }
        }' | sort
}

WANTED='GPIO14 serial@7e201000 function 4
GPIO15 serial@7e201000 function 4
GPIO2 i2c@7e804000 function 4
GPIO3 i2c@7e804000 function 4'

# Reads a tree as it lies there; says what is wrong with it.
fits() { # TREE
    wrong=""
    found=$(claims "$1")
    [ "$found" = "$WANTED" ] || wrong="the header's pins are taken otherwise: $(echo "$found" | tr '\n' ';')"
    [ "$(words "$1" /aliases serial0)" = $UART0 ] || wrong="$wrong the first serial port is another;"
    [ -z "$(fdtget -l "$1" $UART0)" ] || wrong="$wrong something hangs on the first serial port;"
    ! has "$1" $UART0 uart-has-rtscts || wrong="$wrong the first serial port waits for other lines;"
    [ "$(words "$1" $CLOCK compatible) $(words "$1" $CLOCK reg)" = "maxim,ds3231 104" ] || wrong="$wrong no clock module;"
    [ -z "$wrong" ] || { echo "device tree $1 does not fit hw/README.md: $wrong" >&2; return 1; }
}

check=""
[ "${1:-}" != --check ] || { check=1; shift; }
folder=/boot/firmware
# As a kernel's hook it is called with the kernel's version.
[ ! -d "${1:-}" ] || folder=$1
failed=0 count=0
for tree in "$folder"/bcm2711-*.dtb "$folder"/bcm2837-*.dtb; do
    [ -e "$tree" ] || continue
    count=$((count + 1))
    if [ -z "$check" ] && ! fits "$tree" 2>/dev/null; then
        cp -- "$tree" "$tree.new"
        if edit "$tree.new" && fits "$tree.new"; then
            sync "$tree.new"
            mv -- "$tree.new" "$tree"
        else
            rm -f -- "$tree.new"
            failed=1
        fi
    fi
    fits "$tree" || failed=1
done
[ "$count" -gt 0 ] || { echo "no device tree in $folder" >&2; failed=1; }
exit "$failed"
