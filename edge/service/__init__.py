"""The kiosk in service: threads, processes, signals, watchdog. Puts every kiosk together."""
