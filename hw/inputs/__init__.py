"""Wired contacts."""
