"""A machine's side of the line, complete: python3 sample_client.py HOST PORT NAME KEY-IN-HEX TOKEN."""

import hashlib
import hmac
import json
import secrets
import socket
import sys


def tag(key: bytes, data: bytes) -> bytes:
    return hmac.new(key, data, hashlib.sha256).digest()


def purpose(key: bytes, *words: str) -> bytes:  # one for each, so that no line is worth anything for another
    return tag(key, "\n".join(("cabinguard atm 1", *words)).encode())


def seal(key: bytes, **fields: str | int) -> bytes:  # the last member is the MAC over all bytes before it
    body = json.dumps(fields)[:-1].encode()
    return body + b',"mac":"' + tag(key, body).hex().encode() + b'"}\n'


def opened(key: bytes, line: bytes) -> dict[str, object] | None:
    body, mac = line[:-75], line[-67:-3]
    return json.loads(body + b"}") if hmac.compare_digest(tag(key, body).hex().encode(), mac) else None


def main(host: str, port: str, name: str, digits: str, token: str) -> None:
    key, nonce = bytes.fromhex(digits), secrets.token_hex(16)
    line = socket.create_connection((host, int(port)), 6.0)  # silent for so long: the kiosk is gone
    line.sendall(seal(purpose(key, "hello", name), type="hello", version=1, machine=name, nonce=nonce))
    lines, seen, sent = line.makefile("rb"), 0, 2
    welcome = opened(purpose(key, "welcome", name), lines.readline())
    if not welcome or welcome["echo"] != nonce:
        sys.exit("not our kiosk: it has another key, or this is a welcome of yesterday")
    up, down = (purpose(key, way, name, nonce, str(welcome["nonce"])) for way in ("up", "down"))
    line.sendall(seal(up, type="beat", n=1, seen=0) + seal(up, type="claim", n=2, token=token))
    for text in lines:
        said = opened(down, text)
        if said and int(str(said["n"])) > seen:  # only up: what was here before is a copy
            seen, sent = int(str(said["n"])), sent + 1
            if said["type"] != "beat":
                print(json.dumps(said), flush=True)
            done = said["type"] == "permit" and said["on"]  # here the customer uses the machine, then goes
            line.sendall(seal(up, type="end", n=sent) if done else seal(up, type="beat", n=sent, seen=seen))


if __name__ == "__main__":
    main(*sys.argv[1:6])
