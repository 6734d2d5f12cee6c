"""The kiosk in numbers, as Prometheus reads them."""
