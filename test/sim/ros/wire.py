"""Words and sentences on the wire: RouterOS API framing (routeros facts 1).

Text is str everywhere inside; bytes that are not UTF-8 survive as surrogates."""

WORD_MAX = 16 * 1024 * 1024
SENTENCE_MAX = 32 * 1024 * 1024
BEFORE_LOGIN_MAX = 64 * 1024

_SHORT = [bytes([n]) for n in range(0x80)]


def length(n):
    """The shortest form of the length n."""
    if n < 0x80:
        return _SHORT[n]
    if n < 0x4000:
        return (n | 0x8000).to_bytes(2, "big")
    if n < 0x200000:
        return (n | 0xC00000).to_bytes(3, "big")
    if n < 0x10000000:
        return (n | 0xE0000000).to_bytes(4, "big")
    return b"\xf0" + n.to_bytes(4, "big")


def word(text):
    raw = text.encode("utf-8", "surrogateescape")
    return length(len(raw)) + raw


def sentence(words):
    return b"".join(map(word, words)) + b"\0"


def _head(first):
    """(bytes of the length form, value bits of its first byte), None for a reserved byte."""
    if first < 0xC0:
        return 2, first & 0x3F
    if first < 0xE0:
        return 3, first & 0x1F
    if first < 0xF0:
        return 4, first & 0x0F
    return (5, 0) if first == 0xF0 else None


class Decoder:
    """feed() returns the whole sentences there are; `broken` says that the rest is noise."""

    def __init__(self):
        self.buf = bytearray()
        self.words = []
        self.size = 0
        self.broken = False
        self.limit = BEFORE_LOGIN_MAX

    def feed(self, data):
        self.buf += data
        done = []
        pos = 0
        while not self.broken:
            nxt = self._word(pos, done)
            if nxt == pos:
                break
            pos = nxt
        del self.buf[:pos]
        return done

    def _word(self, pos, done):
        """Take the word at pos; the position after it, or pos when it is not whole."""
        buf = self.buf
        have = len(buf)
        if pos >= have:
            return pos
        n = buf[pos]
        at = pos + 1
        if n >= 0x80:
            form = _head(n)
            if form is None:
                self.broken = True
                return pos
            at = pos + form[0]
            if at > have:
                return pos
            n = int.from_bytes(buf[pos + 1:at], "big") | form[1] << 8 * (form[0] - 1)
        if not n:
            self._end(done)
            return at
        if n > WORD_MAX or self.size + n > self.limit:
            self.broken = True
            return pos
        if at + n > have:
            return pos
        self.size += n
        self.words.append(buf[at:at + n].decode("utf-8", "surrogateescape"))
        return at + n

    def _end(self, done):
        if self.words:
            done.append(self.words)
            self.words = []
        self.size = 0
