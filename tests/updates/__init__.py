"""Signed releases: what is taken, what is refused by which name, and what a power cut leaves."""
