"""Sources of pictures: Pi camera, USB camera, recordings, the staged cabin, and a fake of the Pi's stack."""
