"""The kiosk in numbers, as Prometheus reads them. Off by default; nothing here is imported then."""
