"""Every fault that the kiosk can name: its stable code, the cause, what it means for the door, the remedy.

The catalogue is the only place where these words stand. Logs, the record, messages, `selftest` and the
README's troubleshooting table all take them from here; a test keeps the codes that the program names and
the codes below the same set.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from edge.faults.fault import Fault

KEEPS: Final = "The door keeps its rules."
_NO_LOCK: Final = "Nobody is locked in while it lasts; the permit is off."
_NO_NEW_LOCK: Final = "No new lock begins; a standing one keeps its rules and its time limit."
_NOT_STARTED: Final = "The kiosk does not start; the door rests unlocked."
_PIN_MISSING: Final = (
    "Rests unlocked, no start. Only the keypad's: no new lock. Only buzzer's or lights': as usual."
)
_UNREACHABLE: Final = (
    "A lock whose code reaches nobody opens by itself (unreachable_release_s); exit and fire open at once."
)
_NO_NETWORK: Final = (
    "What it sees stays unseen, the rest goes on; without the face check nobody is locked in."
)
_NO_CLAIM: Final = (
    "The door keeps its rules. Where an owner has to be verified, claims are refused: the permit stays off."
)
_NOT_ASKED: Final = "The door keeps its rules: no network is asked about it."
_NOT_RUN: Final = "Only this command stops; a running kiosk goes on."


def _table(*rows: tuple[str, str, str, str]) -> MappingProxyType[str, Fault]:
    return MappingProxyType({row[0]: Fault(*row) for row in rows})


CATALOGUE: Final = _table(
    # --- the record and the disk ---------------------------------------------------------------------
    (
        "disk_full",
        "The disk that holds the record is full.",
        _NO_NEW_LOCK,
        "Free space under paths.data or lower evidence.keep_mb; waiting records follow by themselves.",
    ),
    (
        "disk_read_only",
        "The disk that holds the record does not take writes.",
        _NO_NEW_LOCK,
        "Look for card errors with dmesg; replace a card that turned read-only, else remount it.",
    ),
    (
        "disk_error",
        "The disk failed to read or write.",
        _NO_NEW_LOCK,
        "Look for card errors with dmesg and replace the card; the record is tried again by itself.",
    ),
    (
        "disk_slow",
        "The disk took more than a second to confirm a record.",
        "A lock waits record_wait_s for its record, no longer; everything else goes on.",
        "Replace the card by an industrial or high-endurance one; look for other programs that write a lot.",
    ),
    (
        "journal_busy",
        "Another program holds the record's file locked.",
        _NO_NEW_LOCK,
        "End the program that has journal.db open for writing (fuser names it); it is tried again by itself.",
    ),
    (
        "journal_damaged",
        "The record's file is damaged, or no record; a kiosk sets it aside and begins a new one.",
        "A lock from before is not remembered, so the door is unlocked; new incidents are recorded.",
        "Copy it (.damaged-N once it was set aside) away for examination, then check the card.",
    ),
    (
        "journal_newer",
        "The record is of a newer version of the program; it was set aside and a new one begun.",
        "A lock from before is not remembered, so the door is unlocked; new incidents are recorded.",
        "Install the newer version again; with the kiosk stopped, rename the file set aside to journal.db.",
    ),
    (
        "journal_denied",
        "The record's file may not be opened by this user.",
        _NO_NEW_LOCK,
        "Give paths.data to the service user (chown -R), or run the command as root.",
    ),
    (
        "journal_missing",
        "There is no record to read.",
        _NOT_RUN,
        "Name the folder with paths.data; a kiosk that has never run has no record yet.",
    ),
    (
        "journal_overflow",
        "The disk has failed for so long that the memory for waiting records ran out.",
        _NO_NEW_LOCK,
        "Repair or replace the card; how many records were lost is recorded as soon as it takes writes.",
    ),
    (
        "record_refused",
        "A record held something that cannot be written, and was left out.",
        KEEPS,
        "This is an error of the program: report it together with the log.",
    ),
    (
        "record_row_odd",
        "The record held something that this version does not understand; it was set aside, as a line of it.",
        KEEPS,
        "None after a change of versions; else copy the record away and look at it with events --verify.",
    ),
    (
        "entry_key_unwritable",
        "The key that hides which code was typed under duress could not be written beside the record.",
        KEEPS,
        "Look at the disk. Until then a power cut may turn a code's message that waits into a duress alarm.",
    ),
    (
        "owner_account_odd",
        "What the record held of a card owner's tries cannot be understood; it was set aside as a line.",
        KEEPS,
        "None: each card rests before its owner is sent a code. Look at the record with events --verify.",
    ),
    (
        "journal_chain_broken",
        "The record's chain of hashes does not fit: a line was changed, removed or added from outside.",
        KEEPS,
        "Copy the record away as evidence; compare its chain's head with the last one sent out.",
    ),
    # --- the program's own threads -------------------------------------------------------------------
    (
        "input_path_stopped",
        "What reads fire, exit and keypad died, hangs or fails at every step; it is started again.",
        "The door is unlocked within a second and stays so, the permit is off, as with a cut wire.",
        "Look for errors of the pins with dmesg; if it comes again, report it together with the log.",
    ),
    (
        "record_stopped",
        "What writes the record died, or waits for the disk for more than ten seconds.",
        _NO_NEW_LOCK,
        "It starts again by itself. Look for card errors with dmesg; report a death together with the log.",
    ),
    (
        "modem_stopped",
        "What drives the modem died, or hangs in the system; no text goes out meanwhile.",
        _NO_NEW_LOCK,
        "It starts again by itself. If it hangs, unplug the modem; report a death together with the log.",
    ),
    (
        "atm_stopped",
        "What serves the line to the machine died, or hangs in the system; an open claim ends.",
        _NO_CLAIM,
        "It starts again by itself. If it hangs, unplug the serial adapter; report a death with the log.",
    ),
    (
        "pictures_stopped",
        "What keeps the pictures died, or waits for the disk for more than half a minute.",
        _NO_NEW_LOCK,
        "It starts again by itself. Look for card errors with dmesg; report a death together with the log.",
    ),
    (
        "control_stopped",
        "Nobody can reach the kiosk with `status` and `release`: its socket or its thread failed.",
        _NO_NEW_LOCK,
        "It starts again by itself. Check paths.runtime: it must exist and belong to the service's user.",
    ),
    (
        "priority_refused",
        "The system refused the priority that the input path or the eyes asked for.",
        "Everything works; fire and exit may act later while the processor is busy.",
        "Use the unit that is shipped: it has LimitNICE=-10, and setpriority in SystemCallFilter=.",
    ),
    # --- pictures ------------------------------------------------------------------------------------
    (
        "evidence_disk_low",
        "Less than evidence.reserve_mb is free, so no pictures are kept; the record goes on.",
        KEEPS,
        "Free space under paths.data, or lower evidence.keep_mb and evidence.keep_days.",
    ),
    (
        "evidence_write_failed",
        "A picture could not be written.",
        KEEPS,
        "Check the folder evidence under paths.data: owner, rights and card errors (dmesg).",
    ),
    (
        "evidence_not_drawn",
        "The picture that shows a reason could not be drawn; the pictures themselves are kept.",
        KEEPS,
        "If it comes again, look for memory that ran out (dmesg) and report it together with the log.",
    ),
    (
        "evidence_keys_unusable",
        "The list of the bank's keys cannot be used: no picture is kept, none is kept open either.",
        KEEPS,
        "Put the list of the bank's public keys back (evidence.recipients_file); settings --check.",
    ),
    (
        "evidence_open_on_card",
        "Pictures are sealed, and what is in memory could still reach the card.",
        KEEPS,
        "Swap to compressed memory alone (zram without a file), and keep paths.runtime on a tmpfs.",
    ),
    (
        "evidence_key_unusable",
        "What was given as a secret key of the bank is none.",
        _NOT_RUN,
        "Name the file that cabinguard evidence keys --make or age-keygen made, one key a file.",
    ),
    (
        "evidence_stuck",
        "Pictures that should have been removed, for their age or for space, cannot be.",
        KEEPS,
        "Remove that folder under evidence by hand, or give it to the service user (chown -R).",
    ),
    (
        "evidence_ring_failed",
        "The pictures of the last seconds cannot be held in memory.",
        KEEPS,
        "Check that paths.runtime is on a memory-backed file system with evidence.ring_mb free.",
    ),
    (
        "evidence_changed",
        "A kept picture is missing or differs from the hash in the record.",
        KEEPS,
        "Treat the picture as tampered with; find out who had access to the card.",
    ),
    # --- camera and eyes -----------------------------------------------------------------------------
    (
        "camera_dark",
        "The picture is black.",
        _NO_LOCK,
        "Look for a cover on the lens and for light in the cabin.",
    ),
    (
        "camera_blinded",
        "A strong light shines into the lens.",
        _NO_LOCK,
        "Look for a torch, a lamp or the sun in front of the lens.",
    ),
    (
        "camera_covered",
        "The lens is covered.",
        _NO_LOCK,
        "Uncover the lens and look at the pictures of the moment it happened.",
    ),
    (
        "camera_sprayed",
        "Parts of the view went blind one after another, as if the lens was sprayed or smeared.",
        _NO_LOCK,
        "Clean the lens and look at the pictures of the minutes before.",
    ),
    (
        "camera_frozen",
        "The camera delivers the same picture again and again.",
        _NO_LOCK,
        "Replug the camera; the kiosk also restarts it by itself.",
    ),
    (
        "camera_replayed",
        "The same seconds come again and again: a recording is shown instead of the camera.",
        _NO_LOCK,
        "Go there: look for a device in the camera's cable and for a screen in front of the lens.",
    ),
    (
        "camera_defocused",
        "The picture is out of focus.",
        _NO_LOCK,
        "Clean the lens and set its focus.",
    ),
    (
        "camera_moved",
        "The camera looks at something else than it did.",
        _NO_LOCK,
        "Turn the camera back, or restart the kiosk to let it learn the new view.",
    ),
    (
        "camera_upside_down",
        "The camera sees the cabin upside down.",
        _NO_LOCK,
        "Set camera.rotate, by 180 more than it is, or turn the camera; then restart the kiosk.",
    ),
    (
        "camera_gone",
        "The camera delivers no pictures.",
        _NO_LOCK,
        "Check the cable and its latches; the kiosk tries again with growing pauses.",
    ),
    (
        "camera_missing",
        "No camera was found where the settings say.",
        _NO_LOCK,
        "Check the cable; rpicam-hello --list-cameras or v4l2-ctl --list-devices shows what is there.",
    ),
    (
        "camera_busy",
        "Another program uses the camera.",
        _NO_LOCK,
        "End the other program (fuser /dev/video*); the kiosk tries again by itself.",
    ),
    (
        "camera_failed",
        "The camera's driver failed.",
        _NO_LOCK,
        "Replug the camera and look at dmesg; the kiosk tries again with growing pauses.",
    ),
    (
        "camera_driver_missing",
        "The library for this camera is not installed.",
        _NO_LOCK,
        'Install python3-picamera2 (Raspberry Pi OS alone has it), or choose camera.source = "usb".',
    ),
    (
        "clip_unreadable",
        "The recording is missing, damaged or of a kind that cannot be read.",
        _NOT_RUN,
        "Play it with another program; convert it to H.264 in MP4 or to a folder of pictures.",
    ),
    (
        "eyes_slow_start",
        "The eyes were started and have not reported in time.",
        _NO_LOCK,
        "The kiosk kills and restarts them by itself; if it repeats, check camera and models with selftest.",
    ),
    (
        "eyes_hung",
        "The eyes have stopped reporting.",
        _NO_LOCK,
        "The kiosk kills and restarts them by itself; if it repeats, replug the camera.",
    ),
    (
        "eyes_died",
        "The process with camera and networks ended.",
        _NO_LOCK,
        "The kiosk restarts it by itself; if it repeats, run selftest and look at the log.",
    ),
    (
        "eyes_unkillable",
        "The process with camera and networks hangs in the kernel and cannot be ended.",
        _NO_LOCK,
        "Restart the machine; if it repeats, replace the camera or its cable.",
    ),
    (
        "model_missing",
        "A network's file is missing.",
        _NO_NETWORK,
        "Copy the model and its .json contract of this release into the models folder.",
    ),
    (
        "model_damaged",
        "A network's file differs from its contract.",
        _NO_NETWORK,
        "Copy the model and its .json again from the same release.",
    ),
    (
        "model_wrong",
        "A network's file is not the one that this program was written for.",
        _NO_NETWORK,
        "Install a model of this release, or train and export one with models/training.",
    ),
    (
        "model_runtime",
        "The interpreter for networks is missing or does not fit.",
        _NO_NETWORK,
        "Install tflite-runtime 2.14.0 with numpy below 2 (Python 3.11), or ai-edge-litert (3.12 and later).",
    ),
    (
        "seer_behind",
        "A network looks less often than what is judged by it needs: the machine is too slow or too hot.",
        _NO_NETWORK,
        "Look for heat and low voltage (vcgencmd get_throttled), and for other programs (top).",
    ),
    (
        "judge_failed",
        "What judges one anomaly stopped with an error of its own; the others go on.",
        KEEPS,
        "Restart the kiosk; report the line of the log that names it, with the recording if there is one.",
    ),
    (
        "view_degrading",
        "What a camera sees gets worse slowly: dirt on the lens, a lamp that dies, or a camera that moves.",
        "The door keeps its rules; faces will be judged less well if nothing is done.",
        "Clean the lens, look at light and mount (cabinguard drift); to keep it: cabinguard drift --again.",
    ),
    (
        "views_unreadable",
        "What was learnt of the cameras' views is damaged; it was set aside.",
        "The door keeps its rules; for a week nothing is said of a view that gets worse.",
        "Nothing to do: it is learnt again. If it repeats, look for card errors with dmesg.",
    ),
    (
        "presence_stuck",
        "Somebody seems to have been in the cabin longer than presence_max_s.",
        "Nobody is locked in before the cabin was empty; the permit is off.",
        "Look into the cabin: a person in need, a thing left behind, or a door contact that never opens.",
    ),
    # --- the empty cabin and its floor ---------------------------------------------------------------
    (
        "reference_damaged",
        "A picture of the empty cabin from commissioning is damaged or missing.",
        "The door keeps its rules; the eyes look on without that picture.",
        "Empty the cabin and take the pictures again: cabinguard learn --empty --fresh.",
    ),
    (
        "cabin_not_empty",
        "The cabin must be empty while its pictures are taken, and somebody or something moving is in it.",
        _NOT_RUN,
        "Leave the cabin, close the door, and take the pictures again.",
    ),
    (
        "picture_unsound",
        "The camera's picture is too dark, covered, blurred or frozen to be learnt from.",
        _NOT_RUN,
        "Put right what the detail names, or come back with the cabin lit, and take the pictures again.",
    ),
    # --- the front of the machine ---------------------------------------------------------------------
    (
        "front_damaged",
        "What was taught of the machine's front is damaged or missing, so nobody compares it.",
        "The door keeps its rules; a part that is fixed to the machine is not told.",
        "Look the machine over, then teach its front again: cabinguard learn --front --regions.",
    ),
    (
        "front_unseen",
        "For an hour the machine's front could not be compared with what was taught: the detail says why.",
        "The door keeps its rules; a part that is fixed to the machine is not told meanwhile.",
        "Clear the view; where the camera was moved, look the machine over and teach its front again.",
    ),
    (
        "front_refused",
        "The front of the machine cannot be taught like this.",
        _NOT_RUN,
        "Put right what the detail names. Regions are pixels of the picture, large enough to see into.",
    ),
    (
        "normal_damaged",
        "A dictionary of what is normal in the cabin is damaged; it was set aside under another name.",
        "The door keeps its rules; what looks unlike normal in that state of the cabin is not reported.",
        "Learn it again: cabinguard learn --normal.",
    ),
    (
        "normal_outdated",
        "What is normal in the cabin was learnt with another version of the network patches.",
        "The door keeps its rules; what looks unlike normal in that state of the cabin is not reported.",
        "Learn it again: cabinguard learn --normal.",
    ),
    (
        "normal_not_learnt",
        "Nothing that is normal in this cabin was learnt, so no picture can be compared with it.",
        _NOT_RUN,
        "Learn it first: cabinguard learn --normal.",
    ),
    (
        "normal_too_short",
        "There is too little footage to learn what is normal: at least some minutes, and several visits.",
        _NOT_RUN,
        "Give it more: ten minutes of the vacant cabin, by day and by night, and a dozen visits.",
    ),
    # --- relays, inputs, keypad, sound ---------------------------------------------------------------
    (
        "gpio_busy",
        "A pin is in use by another program.",
        _PIN_MISSING,
        "Find it with gpioinfo, and stop it; two kiosks cannot run on one board.",
    ),
    (
        "gpio_denied",
        "The pins may not be used by this user.",
        _PIN_MISSING,
        "Add the service user to the group gpio, or install with install.sh kiosk.",
    ),
    (
        "gpio_missing",
        "There is no GPIO on this machine, or not the pin that the settings name.",
        _PIN_MISSING,
        "Compare [wiring] with the board; on a computer without pins use cabinguard bench.",
    ),
    (
        "gpio_library_missing",
        "The library for the pins is not installed.",
        _NOT_STARTED,
        "Install lgpio with install.sh, or python3-lgpio from the system (Python 3.13).",
    ),
    (
        "gpio_failed",
        "A pin did not do what it was told.",
        "The lock relay is commanded to rest, which is unlocked; exit and fire cut its supply by wire.",
        "Check the wiring of that pin for shorts and look at dmesg.",
    ),
    (
        "relay_write_failed",
        "A relay could not be switched.",
        "If it is the lock: told at once; exit button and fire contact cut the lock's supply by wire.",
        "Check the relay board's supply and wiring; unlock by the exit button or the key switch.",
    ),
    (
        "relay_mismatch",
        "A relay's pin shows another level than commanded.",
        "If it is the lock: told at once; exit button and fire contact cut the lock's supply by wire.",
        "Check the pin for shorts, and wiring.lock and wiring.permit for the right polarity.",
    ),
    (
        "input_failed",
        "A wired input could not be read.",
        "An input that guards life then counts as active: the door is unlocked.",
        "Check the wiring of the input and look at dmesg.",
    ),
    (
        "door_contact_doubtful",
        "The door contact contradicts the camera: somebody came or left and the door never opened.",
        "Until it moves again it counts as not fitted; anyone who is there is not locked in.",
        "Look at the door contact's magnet and wire; see that the picture shows nobody behind the glass.",
    ),
    (
        "exit_stuck",
        "The exit input has been active longer than exit_stuck_s.",
        "The door stays unlocked while it lasts.",
        "Free the exit button; if it is free, look for a cut wire in its loop.",
    ),
    # --- the machine and the keypad inside -----------------------------------------------------------
    (
        "atm_line_lost",
        "Nothing that a machine with the right key can have said was heard for 6 seconds.",
        _NO_CLAIM,
        "Look whether the machine is on, at the cable or network, and at both sides' key and machine name.",
    ),
    (
        "atm_port_failed",
        "The serial port of the machine cannot be opened, or its network address not be listened at.",
        _NO_CLAIM,
        "Check [atm] against the cable (ls -l /dev/serial/by-id) or the address (ip addr).",
    ),
    (
        "atm_lines_refused",
        "Lines came in that no machine of these settings can have said now: forged, repeated or malformed.",
        "The door keeps its rules; none of them was obeyed.",
        "See hw/atm/README.md for each word. forged alone: compare the keys; else look who is at the wire.",
    ),
    (
        "atm_keys_odd",
        "The keys of the machines cannot be used.",
        _NOT_STARTED,
        "Write a line for each of atm.machines: its name, a space, and what openssl rand -hex 32 prints.",
    ),
    (
        "customer_keypad_stuck",
        "A key of the keypad inside is held down or shorted.",
        KEEPS,
        "Free or clean the key, or replace the keypad; its other keys go on working.",
    ),
    (
        "customer_keypad_ghost",
        "Several keys of the keypad inside are down at once in a way that the matrix cannot tell apart.",
        KEEPS,
        "Press one key at a time; if nobody presses any, look for water or a short in the keypad.",
    ),
    (
        "customer_keypad_failed",
        "The keypad inside could not be scanned.",
        _NO_CLAIM,
        "Check its cable and the pins in [wiring.customer_keypad].",
    ),
    (
        "keypad_stuck",
        "A key is held down or shorted.",
        "That key is ignored; a code without it still opens, as do exit, fire and the control room.",
        "Free or clean the key, or replace the keypad.",
    ),
    (
        "keypad_ghost",
        "Several keys are down at once in a way that the matrix cannot tell apart.",
        "Nothing is taken as a digit until they are released.",
        "Press one key at a time; if nobody presses any, look for water or a short in the keypad.",
    ),
    (
        "keypad_failed",
        "The keypad could not be scanned.",
        "No code can be typed; exit, fire, the control room and the time limit open the door.",
        "Check the keypad's cable and the pins in [wiring.keypad].",
    ),
    (
        "sounder_failed",
        "The buzzer could not be driven.",
        KEEPS,
        "Check its wiring and the pin in [wiring.sounder].",
    ),
    (
        "lights_failed",
        "The lights could not be driven.",
        KEEPS,
        "Check their wiring and the pins in [wiring].",
    ),
    (
        "prompt_failed",
        "The spoken or shown words did not reach the person.",
        "Nobody is locked in unprompted: no new lock begins.",
        "Check loudspeaker and sound card with aplay -l, and cabinguard selftest (I2S: Raspberry Pi OS).",
    ),
    (
        "prompt_clip_missing",
        "A recorded phrase is missing for this language, or damaged.",
        "Nobody is locked in unprompted: no new lock begins.",
        "Make them with sudo -u cabinguard cabinguard prompts, or choose another cabin.language.",
    ),
    # --- modem and messages --------------------------------------------------------------------------
    (
        "modem_absent",
        "There is no modem at its port.",
        _UNREACHABLE,
        "Check USB or UART and the modem's supply; compare modem.port with ls -l /dev/serial/by-id.",
    ),
    (
        "modem_mute",
        "The modem's port is there, but nothing answers.",
        _UNREACHABLE,
        "Check supply (2 A bursts), TX and RX crossed, modem.baud; the kiosk resets it by itself.",
    ),
    (
        "modem_busy",
        "Another program uses the modem's port, or the modem is occupied.",
        _UNREACHABLE,
        "Stop ModemManager and serial consoles on that port (fuser); the kiosk tries again by itself.",
    ),
    (
        "modem_no_sim",
        "The modem sees no SIM card.",
        _UNREACHABLE,
        "Seat the SIM card, contacts down; try it in a telephone.",
    ),
    (
        "modem_pin_wanted",
        "The SIM card wants a PIN and none is set.",
        _UNREACHABLE,
        "Put the PIN into the file of modem.pin_file, or switch the PIN off in a telephone.",
    ),
    (
        "modem_pin_wrong",
        "The SIM card refused the PIN. It is not tried again: that would block the card.",
        _UNREACHABLE,
        "Correct the file of modem.pin_file; if the card wants its PUK, enter it in a telephone.",
    ),
    (
        "modem_locked",
        "The modem is locked to another SIM card, network or operator.",
        _UNREACHABLE,
        "Use a card of the operator that sold the modem, or have the modem unlocked.",
    ),
    (
        "modem_not_registered",
        "The modem has found no network.",
        _UNREACHABLE,
        "Check antenna and signal with cabinguard modem watch; the kiosk keeps trying.",
    ),
    (
        "modem_denied",
        "The network refuses this SIM card.",
        _UNREACHABLE,
        "Ask the operator whether the card is active and allowed in this network.",
    ),
    (
        "modem_no_credit",
        "The network takes no text, most likely for lack of credit.",
        _UNREACHABLE,
        "Top up the SIM card, and send a text with cabinguard modem send.",
    ),
    (
        "modem_no_smsc",
        "The SIM card has no number of an SMS centre, or a wrong one.",
        _UNREACHABLE,
        "Ask the operator for the number and set modem.smsc, or store it on the card in a telephone.",
    ),
    (
        "modem_supply_low",
        "The modem complains of its supply: it may switch itself off when it sends.",
        _UNREACHABLE,
        "Give it a supply of its own for bursts of 2 A, short thick wires, 1000 uF or more beside it.",
    ),
    (
        "modem_refused",
        "The modem or the network refused a text; the detail has its CMS or CME code.",
        _UNREACHABLE,
        "Check the numbers in [people] and the SMS centre; send a text with cabinguard modem send.",
    ),
    # --- time, program, machine ----------------------------------------------------------------------
    (
        "clock_jumped",
        "The clock of the machine was moved.",
        "None: every deadline runs on a clock that only goes forward.",
        "Check time synchronisation, and the battery of the clock module.",
    ),
    (
        "clock_wrong",
        "The clock of the machine was never set, was set back, or is two minutes off the network's.",
        "None: every deadline runs on a clock that only goes forward. The times in messages are wrong.",
        "Check time synchronisation, and the battery of the clock module.",
    ),
    (
        "zone_missing",
        "There are no time zone files here, so texts name the time of UTC.",
        KEEPS,
        "Install again with install.sh kiosk, or the packages tzdata and, on Debian 13, tzdata-legacy.",
    ),
    (
        "loop_late",
        "The main loop was held up.",
        "Fire and exit cut the lock's supply by wire; keys and messages came late.",
        "Look for programs that take the processor, undervoltage and heat (vcgencmd get_throttled).",
    ),
    (
        "input_chatters",
        "A contact moves again and again, more often than people or doors do.",
        "It counts at every move, as always. Record, pictures and texts have its beginning and end alone.",
        "Tighten its terminals, and look at its cable, its magnet and the door's play.",
    ),
    (
        "comes_and_goes",
        "A device or the camera fails and recovers again and again.",
        "Each time counts, as always. Record, pictures and texts have its beginning and end alone.",
        "The record names what it is (events): look at that device, its cable and its supply.",
    ),
    (
        "state_unrecorded",
        "The program ended before its last state was on the card: a full or slow disk, or a kill.",
        "A lock from before does not come back; nobody is locked in before the cabin was seen empty.",
        "Nothing, if it happens once; else look for disk_full and card errors with dmesg.",
    ),
    (
        "state_unreadable",
        "The state in the record is missing or cannot be understood by this version.",
        "A lock from before is released; nobody is locked before the cabin was seen empty.",
        "None needed; if it was not an update that caused it, check the card.",
    ),
    (
        "state_incomplete",
        "The state in the record is another version's, and lacks something or says more than this one knows.",
        "A lock from before is released; nobody is locked before the cabin was seen empty.",
        "None needed after a change of versions; else check the card.",
    ),
    (
        "watchdog_missing",
        "The hardware watchdog cannot be used.",
        "A hung machine would not restart by itself; exit and fire cut the lock's supply by wire.",
        "Put dtparam=watchdog=on into config.txt, or install again with install.sh kiosk, and restart.",
    ),
    (
        "root_writable",
        "The root file system is meant to be read-only and is not.",
        KEEPS,
        "Restart; if it stays, sudo update-initramfs -u, and on a Pi auto_initramfs=1 in config.txt.",
    ),
    (
        "folder_unwritable",
        "A folder that the kiosk needs cannot be made or written.",
        "Rests unlocked, no start, for paths.runtime. For paths.data only: no new lock.",
        "Give paths.data and paths.runtime to the service user (chown), or install with install.sh kiosk.",
    ),
    (
        "file_unusable",
        "A file or folder cannot be read or written.",
        _NOT_RUN,
        "Check that it is there, that this user may use it (ls -l), and that the disk is not full.",
    ),
    (
        "nothing_locked",
        "No lock stands that could be released, or not the incident that was named.",
        "Unlocked already, or locked in another incident.",
        "See cabinguard status for the incident, and name that one or none.",
    ),
    (
        "not_understood",
        "The running kiosk does not know what it was asked.",
        "None: the kiosk goes on.",
        "Restart the service after an upgrade: command and kiosk must be of the same version.",
    ),
    (
        "other_version",
        "The running kiosk speaks another version of what is asked over its control socket.",
        "None: the kiosk goes on.",
        "Restart the service after an upgrade: command and kiosk must be of the same version.",
    ),
    (
        "reply_too_long",
        "The running kiosk's answer was longer than its socket sends.",
        "None: the kiosk goes on.",
        "Report it with cabinguard debug-bundle; the record has all of it (events).",
    ),
    (
        "not_granted",
        "No commissioning runs, its time is over, or another one was begun since.",
        "None: the kiosk goes on, and what was tried ends by itself.",
        "Begin one on the machine: sudo cabinguard panel --commission.",
    ),
    (
        "not_now",
        "What was asked for has to wait: the cabin is not empty and at rest.",
        "None: a lock or a permit is tried in an empty cabin alone.",
        "Leave the cabin, shut the door, and see what the page or the reply names.",
    ),
    (
        "video_unwritable",
        "The video cannot be written there.",
        _NOT_RUN,
        "Name a file ending in .mp4 in a folder that you may write to.",
    ),
    (
        "kiosk_running",
        "Another kiosk already runs with this data folder.",
        _NOT_RUN,
        "Stop it with systemctl stop cabinguard, or name another paths.data.",
    ),
    (
        "kiosk_not_running",
        "No kiosk answers on this machine.",
        _NOT_RUN,
        "Start it with systemctl start cabinguard, and read journalctl -u cabinguard.",
    ),
    (
        "panel_unprotected",
        "The panel is to be reached from outside this machine and has no password.",
        _NOT_RUN,
        "Set panel.host to 127.0.0.1 and use ssh -L, or put 12 characters or more into panel.password_file.",
    ),
    (
        "panel_address",
        "The panel cannot use the address of its settings.",
        _NOT_RUN,
        "Set panel.host to 127.0.0.1 or to an address of this machine, as ip addr shows them.",
    ),
    (
        "panel_port_busy",
        "Another program uses the panel's port.",
        _NOT_RUN,
        "End the other panel (ss -ltnp names it), or choose another panel.port.",
    ),
    (
        "panel_selftest",
        "The self-test that the panel started did not come to its end.",
        _NOT_RUN,
        "Run cabinguard selftest --no-hardware on the machine and read what it says.",
    ),
    (
        "incident_unknown",
        "There never was an incident of this number.",
        _NOT_RUN,
        "Read the number off the text or off cabinguard events; they only go up.",
    ),
    (
        "report_no_pdf",
        "The report could not be printed as PDF.",
        _NOT_RUN,
        "Install Chromium (apt install chromium), or print the HTML file from any browser; it is the same.",
    ),
    (
        "report_unwritable",
        "The file of the report cannot be written.",
        _NOT_RUN,
        "Name another place with --out; an incident's pictures take some megabytes.",
    ),
    (
        "panel_stays_root",
        "The commissioning page could not give up root for good, or does not run as the kiosk's own user.",
        _NOT_RUN,
        "Run sudo cabinguard panel --commission on the kiosk itself; paths.data has to be the kiosk's own.",
    ),
    (
        "not_root",
        "This command needs root.",
        _NOT_RUN,
        "Run it with sudo, on the machine itself.",
    ),
    (
        "bench_folder",
        "The bench cannot keep its record in this folder.",
        _NOT_RUN,
        "Name a new or empty folder with --set paths.data=DIR, or end the other bench that uses it.",
    ),
    (
        "bench_answer",
        "The simulated cabin did not answer as this version does.",
        _NOT_RUN,
        "Start bench and page again from the same installation.",
    ),
    (
        "bench_world",
        "What the simulated cabin was when its plug was pulled cannot be read.",
        _NOT_RUN,
        "End the bench and start it again; report what it said.",
    ),
    (
        "story_unknown",
        "There is no story of this name.",
        _NOT_RUN,
        "See the names with cabinguard bench --list.",
    ),
    (
        "story_wrong",
        "A story cannot be understood.",
        _NOT_RUN,
        "Correct the line that the detail names.",
    ),
    # --- settings ------------------------------------------------------------------------------------
    (
        "settings_missing",
        "There is no settings file.",
        _NOT_STARTED,
        "Copy the commented example to the path that the detail names, or name another with --settings.",
    ),
    (
        "settings_unreadable",
        "The settings file cannot be read, or is not UTF-8 text.",
        _NOT_STARTED,
        "Check its owner and rights, and save it as UTF-8.",
    ),
    (
        "settings_syntax",
        "The settings file is not valid TOML.",
        _NOT_STARTED,
        "Correct the line that the detail names; texts stand in quotes, key = value on one line.",
    ),
    (
        "settings_override",
        "What stands behind --set is no setting.",
        _NOT_RUN,
        "Write it as section.key=value; cabinguard settings --example shows every key.",
    ),
    (
        "settings_unknown_key",
        "A setting has a name that nothing knows.",
        _NOT_STARTED,
        "Correct its spelling or move it into its section; the commented example has every key.",
    ),
    (
        "settings_wrong_type",
        "A setting has a value of the wrong kind.",
        _NOT_STARTED,
        "Write it as the commented example does.",
    ),
    (
        "settings_out_of_bounds",
        "A setting has a value that is not allowed.",
        _NOT_STARTED,
        "Choose one of the values that the detail names.",
    ),
    (
        "settings_conflict",
        "Settings contradict each other.",
        _NOT_STARTED,
        "Change one of those that the detail names.",
    ),
    (
        "settings_incomplete",
        "A setting that a kiosk cannot do without is empty.",
        _NOT_STARTED,
        "Fill it in, and check with cabinguard settings --check.",
    ),
    (
        "drawn_damaged",
        "What was drawn on the page cannot be read, or does not fit this kiosk's settings.",
        _NO_LOCK,
        "Draw it again on the page and restart; no picture is taken while nobody knows the masks.",
    ),
    (
        "drawn_newer",
        "What was drawn on the page is of a later version of the program.",
        _NO_LOCK,
        "Install the later version, or draw it again; no picture is taken while nobody knows the masks.",
    ),
    (
        "drawn_refused",
        "What was drawn on the page cannot be: the detail names what and why.",
        KEEPS,
        "Correct it on the page; what was drawn before holds on.",
    ),
    (
        "floor_refused",
        "Four points that are the corners of no rectangle on a floor.",
        KEEPS,
        "Mark the corners one after the other around the rectangle, and measure its sides and the lens.",
    ),
    (
        "learn_running",
        "Something is being learnt already.",
        KEEPS,
        "Wait for its end, some seconds, or end it.",
    ),
    (
        "no_such_camera",
        "The kiosk has no camera of this name.",
        KEEPS,
        'Name one that is fitted: "face" or "overview".',
    ),
    (
        "drawn_foreign",
        "The file of what was drawn on the page is, or may have been, written by somebody else.",
        _NO_LOCK,
        "Look at drawn.json under paths.data and remove it; draw again, and find out who wrote it.",
    ),
    (
        "secret_missing",
        "The file of a secret is missing, empty or unreadable.",
        "The kiosk does not start; the door rests unlocked. Of panel or gallery: only that.",
        "Write the secret into the file that the detail names, as root:cabinguard and chmod 640.",
    ),
    (
        "secret_exposed",
        "The file of a secret can be read by others.",
        "The kiosk does not start; the door rests unlocked. Of panel or gallery: only that.",
        "Make it root:cabinguard and chmod 640, and change the secret, which others may have read.",
    ),
    # --- who the kiosk is to others ------------------------------------------------------------------
    (
        "certificate_missing",
        "The kiosk has no certificate yet.",
        _NOT_ASKED,
        "Say cabinguard certificate request, let the authority sign it, then certificate install its answer.",
    ),
    (
        "certificate_unreadable",
        "The file of a certificate cannot be read as one.",
        _NOT_ASKED,
        "Bring the certificate as the authority gave it, in PEM, the kiosk's own first.",
    ),
    (
        "certificate_not_ours",
        "The certificate names somebody else.",
        _NOT_ASKED,
        "Install this kiosk's own certificate, or correct mqtt.kiosk_id and ask for a new one.",
    ),
    (
        "certificate_other_key",
        "The certificate was made for another key than the kiosk's.",
        _NOT_ASKED,
        "Let the authority sign the newest request: cabinguard certificate request shows it again.",
    ),
    (
        "certificate_unfit",
        "The certificate may not be used to show who the kiosk is.",
        _NOT_ASKED,
        "Let the authority make it for clients: extended key usage clientAuth, no authority.",
    ),
    (
        "certificate_chain_broken",
        "A certificate of the chain was not signed by the next one.",
        _NOT_ASKED,
        "Put the kiosk's own first, then the one that signed it, and so on; none of another authority.",
    ),
    (
        "certificate_not_yet",
        "The certificate begins later than now.",
        _NOT_ASKED,
        "Wait, or set the clock of the authority; the kiosk's own clock was set from outside.",
    ),
    (
        "certificate_ends_soon",
        "The kiosk's certificate ends soon and was not renewed.",
        _NOT_ASKED,
        "Say certificate renew, which names why it was not; without EST request and install a new one.",
    ),
    (
        "certificate_ended",
        "The kiosk's certificate has ended.",
        _NOT_ASKED,
        "Say certificate renew where there is EST; else request, have it signed, install it.",
    ),
    (
        "certificate_nameless",
        "The kiosk has no name that a certificate could give it.",
        _NOT_ASKED,
        "Set mqtt.kiosk_id: small letters, digits and -, another one for each kiosk.",
    ),
    (
        "est_off",
        "There is no server that the kiosk could ask for a certificate.",
        _NOT_ASKED,
        "Set certificate.est_url, or use certificate request and certificate install.",
    ),
    (
        "est_unreachable",
        "The server that signs certificates (EST) cannot be reached.",
        _NOT_ASKED,
        "Check the network and certificate.est_url; the kiosk asks again by itself within two hours.",
    ),
    (
        "est_untrusted",
        "The server that signs certificates (EST) could not show who it is.",
        _NOT_ASKED,
        "Check certificate.est_url, and that est_ca_file or ca_file has the authority of its certificate.",
    ),
    (
        "est_login_refused",
        "The server that signs certificates (EST) does not let the kiosk in.",
        _NOT_ASKED,
        "Bring a new est_token; a certificate that has ended needs one, or certificate request and install.",
    ),
    (
        "est_refused",
        "The server that signs certificates (EST) will not sign this request.",
        _NOT_ASKED,
        "Look at what the server says, and at its rules for the name and the key; the request stays.",
    ),
    (
        "est_failed",
        "The server that signs certificates (EST) has a fault of its own.",
        _NOT_ASKED,
        "Nothing to do here: the kiosk asks again by itself within two hours.",
    ),
    (
        "est_answer_odd",
        "The server that signs certificates (EST) gave an answer that is none.",
        _NOT_ASKED,
        "Check that certificate.est_url is an EST server's and no proxy or login page stands between.",
    ),
    (
        "authorities_missing",
        "There is no file of authorities by which a server could be trusted.",
        _NOT_ASKED,
        "Put the authority's certificate, in PEM, where certificate.ca_file says.",
    ),
    (
        "key_missing",
        "The kiosk's private key is not there.",
        _NOT_ASKED,
        "Say cabinguard certificate request: it makes a new one, for which a new certificate is needed.",
    ),
    (
        "key_elsewhere",
        "The settings name a key and a certificate that somebody else looks after.",
        _NOT_ASKED,
        "Renew them where they come from; or empty certificate.key_file for a key of the kiosk's own.",
    ),
    (
        "key_exposed",
        "The kiosk's private key can be read by others.",
        _NOT_ASKED,
        "Have the authority revoke its certificate; chmod 600 the file, or make a new key.",
    ),
    (
        "key_unusable",
        "The kiosk's private key cannot be used.",
        _NOT_ASKED,
        "Make a new one: cabinguard certificate request --fresh; a key with a password cannot be used.",
    ),
    # --- who is enrolled -----------------------------------------------------------------------------
    (
        "gallery_key_missing",
        "There is no key for the gallery of enrolled people.",
        _NO_CLAIM,
        "Bring its copy back; where nobody is enrolled: set identity.key_file, cabinguard enrol key --make.",
    ),
    (
        "gallery_key_wrong",
        "The key at hand is not the one that the gallery was sealed with, or is no key.",
        _NO_CLAIM,
        "Bring the right key back; a kiosk takes it up by itself. Without it all must be enrolled again.",
    ),
    (
        "gallery_damaged",
        "The gallery's file is damaged, cut short, or none; a kiosk sets it aside.",
        _NO_CLAIM,
        "Take up a backup with cabinguard enrol restore FILE, or begin again with restore --empty.",
    ),
    (
        "gallery_version",
        "The gallery is of another version of the program; a kiosk sets it aside.",
        _NO_CLAIM,
        "Install that version and rename the file to people, or begin again with enrol restore --empty.",
    ),
    (
        "gallery_older",
        "The gallery is gone, or it is an older copy than the newest that was written.",
        _NO_CLAIM,
        "If that was meant, say so with cabinguard enrol restore FILE; else find out who changed the card.",
    ),
    (
        "gallery_unreadable",
        "The gallery's file cannot be read.",
        _NO_CLAIM,
        "See that it belongs to cabinguard; look for card errors with dmesg. It is tried again by itself.",
    ),
    (
        "gallery_network",
        "Somebody was enrolled with another version of the embedding network, and cannot be compared.",
        "Claims of these people are refused; everybody else's go on, and so does the guard of the door.",
        "Take new pictures with cabinguard enrol renew, or renew --kept where the pictures were kept.",
    ),
    (
        "gallery_busy",
        "Another command is changing the gallery.",
        _NOT_RUN,
        "Wait until it has ended, and say it again.",
    ),
    (
        "identity_off",
        "Identity is off at this site: nobody is enrolled and no template is stored.",
        _NOT_RUN,
        "Read edge/docs/enrolment.md; set identity.enabled = true where the law and its paper allow it.",
    ),
    (
        "enrol_refused",
        "That cannot be enrolled.",
        _NOT_RUN,
        "Do as the detail says; nothing was stored.",
    ),
    (
        "enrolled_already",
        "Somebody is enrolled with that face, card or telephone number already.",
        _NOT_RUN,
        "Look with cabinguard enrol list; renew or remove that person, or add --anyway where it is meant.",
    ),
    (
        "person_unknown",
        "Nobody, or more than one, is enrolled under that name or number.",
        _NOT_RUN,
        "Look with cabinguard enrol list and give the number.",
    ),
    (
        "consent_missing",
        "Nobody is enrolled without having agreed.",
        _NOT_RUN,
        "Let the person read cabinguard enrol consent; then type yes, or give --consent with its version.",
    ),
    (
        "camera_in_use",
        "The running kiosk has the camera.",
        "The kiosk goes on guarding; only this command stops.",
        "Enrol from pictures (--from), or stop the kiosk for it: systemctl stop cabinguard.",
    ),
    # --- what a version is made of -------------------------------------------------------------------
    (
        "inventory_incomplete",
        "What this version is made of cannot be listed: a package is missing or is not the lock's.",
        _NOT_RUN,
        "Make the environment again (./install.sh test, or the kiosk's installer) and say it again.",
    ),
    (
        "advisory_unreadable",
        "A published advisory or a list of parts cannot be read.",
        _NOT_RUN,
        "Give OSV or CSAF 2.0 files, and CycloneDX lists in JSON; the detail names the file and why.",
    ),
    (
        "notice_incomplete",
        "What must be reported is not all said yet.",
        _NOT_RUN,
        "Fill in what the detail names in the file, and say it again; the deadline runs on.",
    ),
)
"""Every fault by its code."""
