"""Tries every device and file once, and never moves the door."""
