"""CabinGuard: what guards one cabin."""

import os

# OpenCV reads both once, when it is loaded. A picture larger than `look` takes is refused before it is
# unpacked: a few kilobytes can hold more than the memory of a Raspberry Pi. Its own complaints name no file.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", "13200000")
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
