"""The matrix keypad."""
