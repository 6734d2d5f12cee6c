"""What restarts the kiosk when nothing feeds it."""
