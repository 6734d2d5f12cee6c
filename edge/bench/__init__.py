"""The same kiosk over fakes, on a story clock or in real time: desk, stories, film."""
