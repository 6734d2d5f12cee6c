"""`kiosk.toml` into checked, frozen values; what is wrong is refused by name."""
