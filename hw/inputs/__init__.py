"""Wired contacts: door, exit, fire, panic, case and vibration."""
