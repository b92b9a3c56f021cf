"""seal: makes the secrets that our programs open, by libsodium, as lib/base/crypt.h describes them."""
import base64
import ctypes
import ctypes.util
import os

SODIUM = ctypes.CDLL(ctypes.util.find_library("sodium") or "libsodium.so.23")


def seal(key, place, plain):
    """The sealed value of a text; key: 32 bytes, place: table:id:column."""
    nonce, text = os.urandom(24), plain.encode()
    box, name = ctypes.create_string_buffer(len(text) + 16), ctypes.create_string_buffer(32)
    SODIUM.crypto_aead_xchacha20poly1305_ietf_encrypt(
        box, None, text, ctypes.c_ulonglong(len(text)), place.encode(), ctypes.c_ulonglong(len(place)), None, nonce, key)
    SODIUM.crypto_generichash(name, ctypes.c_size_t(32), key, ctypes.c_ulonglong(32), None, ctypes.c_size_t(0))
    return "s1.%s.%s" % (name.raw.hex()[:8], base64.urlsafe_b64encode(nonce + box.raw).decode().rstrip("="))
