"""The commissioning page: a technician sets up and proves a kiosk without typing into a file."""
