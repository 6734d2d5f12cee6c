"""Many cabins at one desk: the broker, what is said over it, and who a kiosk is there. Off by default."""
