"""channels: a mail host and strict HTTP peers, for tests of messages.

    MailHost(tls=..., user=..., password=...)   aiosmtpd on a free port; .mails, .refuse(text, times)
    Peer()     Telegram, WhatsApp gateways and webhooks on one port; .calls, .answer(path, ...)

Each checks what it is sent as the real one does, and refuses what that would refuse: a test that
passes here sends nothing that Telegram, Fonnte or Postfix throw back.
"""
import email
import email.policy
import hashlib
import hmac
import html.parser
import http.server
import json
import os
import re
import socket
import socketserver
import ssl
import subprocess
import threading
from urllib.parse import parse_qs

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult


def certificate(directory):
    """A self-signed certificate of 127.0.0.1 and localhost: (certificate, key)."""
    crt, key = os.path.join(directory, "mail.crt"), os.path.join(directory, "mail.key")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key, "-out", crt,
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
                   check=True, capture_output=True)
    return crt, key


# ---- mail ---------------------------------------------------------------------------------------

class Mail:
    def __init__(self, envelope):
        self.sender, self.recipients = envelope.mail_from, envelope.rcpt_tos
        self.raw = envelope.original_content
        self.message = email.message_from_bytes(self.raw, policy=email.policy.default)

    def text(self, kind="plain"):
        part = self.message.get_body(preferencelist=(kind,))
        return part.get_content()

    def faults(self):
        """The errors that a strict host or reader finds."""
        lines = self.raw.split(b"\r\n")
        found = ["bare CR or LF" for line in lines if b"\n" in line or b"\r" in line]
        found += ["a line of %d bytes" % len(line) for line in lines if len(line) > 998]
        if any(byte > 126 for byte in self.raw):
            found.append("not 7-bit")
        for name in ("From", "To", "Date", "Subject", "Message-ID", "MIME-Version", "Auto-Submitted"):
            if len(self.message.get_all(name) or []) != 1:
                found.append("%s: %d times" % (name, len(self.message.get_all(name) or [])))
        return found + [str(defect) for part in self.message.walk() for defect in part.defects]


class Handler:
    def __init__(self, host):
        self.host = host

    async def handle_DATA(self, server, session, envelope):
        held = self.host.held
        if held:
            self.host.waiting = True
            held.wait(60)
            self.host.waiting = False
        if self.host.refusals:
            return self.host.refusals.pop(0)
        mail = Mail(envelope)
        if mail.faults():
            self.host.faults.extend(mail.faults())
            return "554 5.6.0 " + mail.faults()[0]
        self.host.mails.append(mail)
        return "250 2.0.0 taken"


class MailHost:
    def __init__(self, directory=None, security="none", user=None, password=None):
        self.mails, self.faults, self.refusals = [], [], []
        self.held, self.waiting = None, False  # mails are taken when this event comes
        self.user, self.password = user, password
        self.ca = None
        options = {"auth_required": user is not None, "auth_require_tls": security != "none",
                   "authenticator": self._authenticate}
        context = None
        if security != "none":
            self.ca, key = certificate(directory)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.ca, key)
        if security == "tls":
            options.update(tls_context=context, require_starttls=True)
        host = self

        class Own(Controller):
            def factory(self):
                return SMTP(Handler(host), decode_data=False, **options)

            def _create_server(self):
                """On a socket that is bound already: closed, its port could be given to anybody before this listens."""
                return self.loop.create_server(self._factory_invoker, sock=held, ssl=self.ssl_context)
        held = socket.create_server(("127.0.0.1", 0))
        self.port = held.getsockname()[1]
        self.controller = Own(None, hostname="127.0.0.1", port=self.port, ready_timeout=20,
                              ssl_context=context if security == "ssl" else None)
        self.controller.start()

    def _authenticate(self, server, session, envelope, mechanism, data):
        good = data.login.decode() == self.user and data.password.decode() == self.password
        return AuthResult(success=good)

    def down(self):
        self.controller.stop(no_assert=True)


# ---- HTTP ---------------------------------------------------------------------------------------

class Tags(html.parser.HTMLParser):
    """Telegram's HTML: its tags only, closed; entities lt gt amp quot only."""
    KNOWN = {"b", "strong", "i", "em", "u", "s", "a", "code", "pre", "blockquote"}

    def __init__(self):
        super().__init__(convert_charrefs=False)
        self.open, self.faults, self.plain = [], [], ""

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        if tag not in self.KNOWN:
            self.faults.append("Unsupported start tag \"%s\"" % tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append("Unexpected end tag")

    def handle_data(self, data):
        self.plain += data
        if "<" in data or "&" in data:
            self.faults.append("unescaped")

    def handle_entityref(self, name):
        self.plain += {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}.get(name, "?")
        if name not in ("lt", "gt", "amp", "quot"):
            self.faults.append("unknown entity")


class Call:
    def __init__(self, method, path, headers, body):
        self.method, self.path, self.headers, self.body = method, path, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def form(self):
        return {k: v[0] for k, v in parse_qs(self.body.decode(), keep_blank_values=True, strict_parsing=True).items()}

    def signed_by(self, secret):
        mac = hmac.new(secret.encode(), self.body, hashlib.sha256).hexdigest()
        return self.headers.get("x-signature") == "sha256=" + mac


def telegram(call):
    body = call.json
    if not re.fullmatch(r"/bot\d+:[A-Za-z0-9_-]+/sendMessage", call.path):
        return 404, {"ok": False, "error_code": 404, "description": "Not Found"}
    if call.headers.get("content-type") != "application/json":
        return 400, {"ok": False, "error_code": 400, "description": "Bad Request: message text is empty"}
    if not re.fullmatch(r"-?\d+", str(body.get("chat_id", ""))):
        return 400, {"ok": False, "error_code": 400, "description": "Bad Request: chat not found"}
    text = body.get("text", "")
    if body.get("parse_mode") == "HTML":
        tags = Tags()
        tags.feed(text)
        tags.close()
        if tags.faults or tags.open:
            return 400, {"ok": False, "error_code": 400,
                         "description": "Bad Request: can't parse entities: " + (tags.faults + ["open"])[0]}
        text = tags.plain
    if not 1 <= len(text.encode("utf-16-le")) // 2 <= 4096:
        return 400, {"ok": False, "error_code": 400, "description": "Bad Request: message is too long"}
    return 200, {"ok": True, "result": {"message_id": 7, "text": text}}


def fonnte(call):
    form = call.form
    if call.headers.get("authorization", "").startswith("Bearer"):
        return 200, {"status": False, "reason": "token invalid"}
    if call.headers.get("content-type") != "application/x-www-form-urlencoded":
        return 200, {"status": False, "reason": "input invalid"}
    if not re.fullmatch(r"62\d{8,13}", form.get("target", "")):
        return 200, {"status": False, "reason": "target invalid"}
    if not form.get("message") or re.search(r"\{[a-z0-9]+\}", form["message"]):
        return 200, {"status": False, "reason": "input invalid"}
    return 200, {"detail": "success! message in queue", "id": ["80367170"], "process": "pending", "status": True,
                 "target": [form["target"]]}


def wablas(call):
    form = call.form
    if not re.fullmatch(r"62\d{8,13}", form.get("phone", "")) or not form.get("message"):
        return 200, {"status": False, "message": "phone required"}
    return 200, {"status": True, "message": "Message is pending and waiting to be processed.",
                 "data": {"messages": [{"id": "w-1", "phone": form["phone"], "status": "pending"}]}}


def meta(call):
    body = call.json
    values = [p["text"] for c in body.get("template", {}).get("components", []) for p in c["parameters"]]
    if not call.headers.get("authorization", "").startswith("Bearer "):
        return 401, {"error": {"message": "Invalid OAuth access token.", "code": 190}}
    if body.get("messaging_product") != "whatsapp" or body.get("type") != "template":
        return 400, {"error": {"message": "(#131047) Re-engagement message", "code": 131047}}
    if any(not v or re.search(r"[\n\t]| {5}", v) for v in values):
        return 400, {"error": {"message": "(#132012) Parameter format does not match", "code": 132012}}
    return 200, {"messaging_product": "whatsapp", "messages": [{"id": "wamid.1"}]}


class Peer:
    """answers: path prefix -> (status, body or bytes, when to answer, headers), first come first."""
    KINDS = {"/bot": telegram, "/send": fonnte, "/api/send-message": wablas, "/v21.0/": meta,
             "/hook": lambda call: (200, {"ok": True})}

    def __init__(self):
        self.calls, self.answers, self.lock = [], {}, threading.Lock()
        peer = self

        class Handle(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def do_POST(self):
                length = int(self.headers.get("content-length", "0"))
                body = self.rfile.read(length)
                if len(body) < length:  # the sender was killed in the middle: nobody got this
                    self.close_connection = True
                    return
                call = Call("POST", self.path, {k.lower(): v for k, v in self.headers.items()}, body)
                with peer.lock:
                    peer.calls.append(call)
                status, answer, until, more = peer.judge(call)
                if until:
                    until.wait(60)
                data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                try:
                    self.send_response(status)
                    for name, value in more.items():
                        self.send_header(name, value)
                    if "Content-Type" not in more:
                        self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(data)))
                    self.end_headers()
                    self.wfile.write(data)
                except OSError:
                    pass

        class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
            daemon_threads = True
            request_queue_size = 64
        self.server = Server(("127.0.0.1", 0), Handle)
        self.port = self.server.server_address[1]
        self.url = "http://127.0.0.1:%d" % self.port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, prefix, status, body, until=None, times=1, headers=None):
        """The next calls below a path are answered so, whatever they hold; when the event `until` comes, if there is one."""
        with self.lock:
            self.answers.setdefault(prefix, []).extend([(status, body, until, headers or {})] * times)

    def judge(self, call):
        with self.lock:
            for prefix, planned in self.answers.items():
                if call.path.startswith(prefix) and planned:
                    return planned.pop(0)
        for prefix, kind in self.KINDS.items():
            if call.path.startswith(prefix):
                return kind(call) + (None, {})
        return 404, {}, None, {}

    def of(self, prefix):
        with self.lock:
            return [call for call in self.calls if call.path.startswith(prefix)]

    def clear(self):
        with self.lock:
            self.calls.clear()
            self.answers.clear()

    def down(self):
        self.server.shutdown()
        self.server.server_close()
