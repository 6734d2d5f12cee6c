"""The local page for bench and commissioning: looks at a kiosk, read-only, from a process of its own."""
