"""One-time codes, typed digits and release passwords: in RAM only, no input or output."""
