"""The test vectors of RFC 4226, appendix D: a secret, and its passwords from the counter 0 on."""

SECRET = b"12345678901234567890"
PASSWORDS = (
    "755224",
    "287082",
    "359152",
    "969429",
    "338314",
    "254676",
    "287922",
    "162583",
    "399871",
    "520489",
)
