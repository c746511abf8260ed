# SPDX-License-Identifier: Apache-2.0
"""A kiosk of a test's own: it holds a device key, and shows it as docs/PROTOCOL.md says."""
import base64
import ctypes
import ctypes.util
import hashlib
import secrets

sodium = ctypes.CDLL(ctypes.util.find_library("sodium") or "libsodium.so.23")


def text(key):
    return base64.urlsafe_b64encode(key).decode().rstrip("=")


def raw(key):
    return base64.urlsafe_b64decode(key + "=")


def key_id(key):
    return hashlib.blake2b(raw(key), digest_size=32).hexdigest()[:16]


class Device:
    def __init__(self, secret=None):
        self.secret = secret or secrets.token_bytes(32)
        out = ctypes.create_string_buffer(32)
        assert sodium.crypto_scalarmult_base(out, self.secret) == 0
        self.public = out.raw
        self.key = text(self.public)
        self.id = key_id(self.key)
        self.run = secrets.token_hex(8)

    def mac(self, who, nonce, prove):
        shared = ctypes.create_string_buffer(32)
        house = raw(prove["key"])
        assert sodium.crypto_scalarmult(shared, self.secret, house) == 0
        both = hashlib.blake2b(shared.raw + self.public + house, digest_size=64).digest()
        session = hashlib.blake2b(both + int(prove["id"], 16).to_bytes(8, "little"),
                                  digest_size=32).digest()
        return hashlib.blake2b(f"roomtone {who} {nonce}".encode(), key=session,
                               digest_size=16).hexdigest()

    async def hello(self, client, **fields):
        """Says hello, looks at what the house shows; the nonce and its message."""
        nonce = secrets.token_hex(16)
        await client.send({"type": "hello", "v": 1, "role": "kiosk", "name": "hall",
                           "device": self.key, "nonce": nonce, "run": self.run, **fields})
        m = await client.receive(where=lambda m: m["type"] in ("prove", "error"))
        if m["type"] == "prove":
            assert m["mac"] == self.mac("house", nonce, m)
        return nonce, m

    async def come(self, client, **fields):
        """All of it; the message that says how it ended."""
        nonce, m = await self.hello(client, **fields)
        if m["type"] == "error":
            return m
        await client.send({"type": "proof", "mac": self.mac("kiosk", nonce, m)})
        return await client.receive(where=lambda m: m["type"] in ("welcome", "new", "error"))
