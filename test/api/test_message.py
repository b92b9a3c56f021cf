"""Alerts and messages from the change that caused them to the channel that got them, over a real
mail host and strict peers; the notifier killed at its worst moment."""
import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time

import pytest

import isp
from isp import wait_until

sys.path.insert(0, os.path.join(isp.TOP, "test", "sim"))
from channels import MailHost, Peer  # noqa: E402

NAME = 'Budi <b>"&\' {company}\r\nBcc: all@example.net'
NUMBER = "0812-3456-7890"


class System(isp.Stack):
    """A stack without a notifier of its own: each test says when it runs."""

    def __init__(self, tmp):
        self.mail, self.peer = MailHost(tmp, "tls", "isp", "secret"), Peer()
        super().__init__("message", without="timers,router-sync,gateway-sync,notifier", env={
            "TELEGRAM_API_URL": self.peer.url, "MAIL_HOST": "127.0.0.1", "MAIL_PORT": str(self.mail.port),
            "MAIL_ENCRYPTION": "tls", "MAIL_CA": self.mail.ca, "MAIL_USERNAME": "isp", "MAIL_PASSWORD": "secret",
            "MAIL_FROM_ADDRESS": "noreply@isp.example", "MAIL_FROM_NAME": "Net \u00dcber"})

    def down(self):
        super().down()
        self.mail.down()
        self.peer.down()

    def start_notifier(self, *words):
        return subprocess.Popen([os.path.join(isp.BUILD, "bin", "notifier")] + list(words), env=self.environment(),
                                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def once(self):
        # A notifier that has ended, or was killed, leaves its lock with its session, a moment later.
        isp.settled(lambda: self.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'notifier'"), "0", 5)
        process = self.start_notifier("--once")
        process.communicate(timeout=60)
        return process

    def at_once(self):
        """Nothing waits for its second try."""
        self.sql("UPDATE message_outbox SET due_at = now(); UPDATE message_senders SET next_at = now()")

    def outbox(self, columns="state", where="true"):
        return self.sql("SELECT %s FROM message_outbox WHERE %s" % (columns, where)).split("\n")

    def alert(self, title="Router <Main> & co", message="12 customers are offline.", kind="system", key=None):
        self.sql("SELECT alert_raise('%s', 'critical', '%s', '%s', NULL, %s)" % (
            kind, title, message, "'%s'" % key if key else "NULL"))


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    stack = System(str(tmp_path_factory.mktemp("mail")))
    try:
        stack.up()
        yield stack
        stack.check()
    finally:
        stack.down()


@pytest.fixture
def box(system):
    """An empty outbox, no channel, no quiet hours, peers that know nothing."""
    system.sql("TRUNCATE message_outbox, notification_settings, message_senders, alert_logs CASCADE;"
               "UPDATE settings SET quiet_from_hour = 0, quiet_until_hour = 0, private_peers = true, message_language = 'id';"
               "UPDATE message_templates SET is_active = false, active_since = NULL WHERE audience = 'customers'")
    system.peer.clear()
    system.mail.mails.clear()
    system.mail.refusals.clear()
    return system


@pytest.fixture(scope="module")
def admin(system):
    return system.client()


def channel(admin, kind, audience="staff", events=None, **config):
    return admin.make("/api/notification-settings", {"channel": kind, "audience": audience, "config": config,
                                                     "events": events or ["all"], "gap_ms": 0})


def four(admin, peer):
    channel(admin, "telegram", bot_token="123:AbC", chat_id="-100123")
    channel(admin, "email", email="noc@isp.example")
    channel(admin, "webhook", url=peer.url + "/hook", secret="s3cret")
    channel(admin, "whatsapp", preset="fonnte", url=peer.url, token="tok", phone=NUMBER)


# ---- channels -----------------------------------------------------------------------------------

def test_an_alert_reaches_four_channels(box, admin):
    four(admin, box.peer)
    box.alert()
    assert box.once().returncode == 0
    assert box.outbox() == ["sent"] * 4
    assert box.peer.of("/bot123:AbC/")[0].json["text"].startswith("<b>Router &lt;Main&gt; &amp; co</b>")
    hook = box.peer.of("/hook")[0]
    assert hook.signed_by("s3cret") and hook.json["alert"]["title"] == "Router <Main> & co"
    assert hook.headers["x-webhook-id"] == hook.json["message_id"]
    assert box.peer.of("/send")[0].form["target"] == "6281234567890"
    mail = box.mail.mails[0]
    assert mail.message["subject"] == "[critical] Router <Main> & co"
    assert mail.message["from"].addresses[0].display_name == "Net \u00dcber"
    assert mail.recipients == ["noc@isp.example"]
    assert "&lt;Main&gt;" in mail.text("html") and "<Main>" in mail.text()
    assert box.mail.faults == []
    assert box.sql("SELECT bool_and(notification_sent) FROM alert_logs") == "t"


def test_secrets_are_sealed_and_never_shown(box, admin):
    row = channel(admin, "telegram", bot_token="123:AbC", chat_id="5")
    assert row["config"] == {"chat_id": "5", "has_bot_token": True} and row["has_secret"]
    assert "123:AbC" not in box.sql("SELECT row_to_json(n)::text FROM notification_settings n")
    assert "123:AbC" not in box.sql("SELECT string_agg(a::text, '') FROM audit_logs a")
    path = "/api/notification-settings/" + row["id"]
    kept = admin.put(path, {"config": dict(row["config"], bot_token="********", chat_id="6")}).want(200).json
    assert kept["config"] == {"chat_id": "6", "has_bot_token": True}
    box.alert()
    assert box.once().returncode == 0
    assert box.peer.of("/bot123:AbC/")[0].json["chat_id"] == "6"
    wrong = admin.post("/api/notification-settings", {"channel": "telegram", "config": {"chat_id": "abc"}}).want(422)
    assert "config.chat_id" in wrong.errors
    admin.post("/api/notification-settings", {"channel": "webhook", "config": {"url": "http://u:p@h/"}}).want(422)
    admin.post("/api/notification-settings", {"channel": "webhook", "audience": "customers",
                                              "config": {"url": "http://h/"}}).want(422)


def test_a_test_says_what_happened(box, admin):
    row = channel(admin, "telegram", bot_token="123:AbC", chat_id="5")
    admin.post("/api/notification-settings/test", {"id": row["id"]}).want(200)
    assert "Pesan percobaan" in box.peer.of("/bot")[0].json["text"]
    box.peer.answer("/bot", 403, {"ok": False, "error_code": 403, "description": "Forbidden: bot was blocked by the user"})
    assert "blocked" in admin.post("/api/notification-settings/test", {"type": "telegram"}).want(502).json["message"]
    assert "type" in admin.post("/api/notification-settings/test", {"type": "webhook"}).want(422).errors
    admin.post("/api/notification-settings/test", {}).want(422)
    admin.post("/api/notification-settings/test", {"id": isp.NOBODY}).want(404)


def test_events_choose(box, admin):
    channel(admin, "telegram", events=["device_down", "payment_received"], bot_token="1:a", chat_id="5")
    box.alert()
    box.alert(kind="device_down", key="r1")
    box.sql("SELECT alert_raise('payment', 'info', 'paid', 'm')")
    assert box.once().returncode == 0
    assert [call.json["text"].split("</b>")[0] for call in box.peer.of("/bot")] == ["<b>Router &lt;Main&gt; &amp; co", "<b>paid"]


def test_private_addresses_are_refused(box, admin):
    """A webhook of an admin's led to the cloud's metadata service, by a name as well as by a number."""
    channel(admin, "webhook", url="http://localhost:%d/hook" % box.peer.port)
    channel(admin, "webhook", url="http://[::ffff:127.0.0.1]:%d/hook" % box.peer.port)
    box.sql("UPDATE settings SET private_peers = false")
    box.alert()
    assert box.once().returncode == 1
    assert box.outbox("state, last_error") == ["failed|The channel: its address is private."] * 2
    assert not box.peer.calls


def test_redirects_are_not_followed(box, admin):
    channel(admin, "webhook", url=box.peer.url + "/hook")
    box.peer.answer("/hook", 302, {}, headers={"Location": "/hook2"})
    box.alert()
    assert box.once().returncode == 1
    assert box.outbox("state, last_error") == ["failed|The webhook answered 302"]
    assert len(box.peer.calls) == 1


# ---- what a peer answers ------------------------------------------------------------------------

@pytest.mark.parametrize("prefix, answer, state", [
    ("/hook", (500, {}), "pending"), ("/hook", (410, {}), "failed"), ("/hook", (204, b""), "sent"),
    ("/hook", (429, {}, None, 1, {"Retry-After": "9"}), "pending"), ("/hook", (200, b"x" * 300000), "pending"),
    ("/bot", (429, {"ok": False, "error_code": 429, "description": "Too Many Requests", "parameters": {"retry_after": 7}}), "pending"),
    ("/bot", (401, {"ok": False, "error_code": 401, "description": "Unauthorized"}), "pending"),
    ("/bot", (400, {"ok": False, "error_code": 400, "description": "Bad Request: chat not found"}), "failed"),
    ("/bot", (200, b"<html>"), "pending"),
    ("/send", (200, {"status": False, "reason": "target invalid"}), "failed"),
    ("/send", (200, {"status": False, "reason": "request invalid on disconnected device"}), "pending"),
    ("/send", (200, {"Status": "true", "id": ["1"]}), "sent"), ("/send", (200, {"status": 200}), "sent"),
    ("/send", (200, b"\xff\x00{"), "pending"), ("/send", (200, b'{"status":tru'), "pending"),
    ("/send", (429, {"code": "WA_REACHOUT_TIMELOCK", "message": "reach-out timelock"}), "pending"),
])
def test_answers(box, admin, prefix, answer, state):
    four(admin, box.peer)
    kind = {"/hook": "webhook", "/bot": "telegram", "/send": "whatsapp"}[prefix]
    box.peer.answer(prefix, *answer[:2], *answer[2:])
    box.alert()
    box.once()
    assert box.outbox("state", "channel = '%s'" % kind) == [state]
    if state == "pending":
        assert box.sql("SELECT last_error FROM message_outbox WHERE channel = '%s'" % kind) != ""
        box.at_once()
        box.once()
        assert box.outbox("state", "channel = '%s'" % kind) == ["sent"], "the next try arrives"


def test_a_fuzzed_webhook_changes_nothing_but_its_own(box, admin):
    """Each message ends in a state of its own and the notifier lives, for any answer of a peer."""
    channel(admin, "webhook", url=box.peer.url + "/hook")
    channel(admin, "whatsapp", preset="fonnte", url=box.peer.url, phone=NUMBER)
    noise = random.Random(11)
    for _ in range(20):
        body = bytes(noise.choice(b'{}[]":,tfn0\xff\x00 ') for _ in range(noise.randrange(200)))
        for prefix in ("/hook", "/send"):
            box.peer.answer(prefix, noise.choice((200, 204, 301, 400, 404, 429, 500, 599)), body)
        box.alert(title="alert")
    for _ in range(100):
        box.at_once()
        box.once()
        if "pending" not in box.outbox("state"):
            break
    assert set(box.outbox("state")) <= {"sent", "failed", "unknown"}
    assert box.outbox("count(*)") == ["40"], "nothing lost, nothing doubled"


def test_a_group_that_moved(box, admin):
    channel(admin, "telegram", bot_token="1:a", chat_id="-5")
    box.peer.answer("/bot", 400, {"ok": False, "error_code": 400, "description": "Bad Request: group chat was upgraded",
                                  "parameters": {"migrate_to_chat_id": -1001234567890}})
    box.alert()
    box.once()
    box.at_once()
    assert box.once().returncode == 0
    assert box.peer.of("/bot")[1].json["chat_id"] == "-1001234567890"
    assert box.sql("SELECT config ->> 'chat_id' FROM notification_settings") == "-1001234567890"


def test_mail_is_refused_for_now_and_for_good(box, admin):
    channel(admin, "email", email="noc@isp.example")
    box.mail.refusals[:] = ["451 4.7.1 greylisted", "550 5.1.1 no such user"]
    box.alert()
    box.once()
    assert box.outbox("state, last_error") == ["pending|The mail host refuses the message for now: 451 4.7.1 greylisted"]
    box.at_once()
    box.once()
    assert box.outbox("state, last_error") == ["failed|The mail host refuses the message: 550 5.1.1 no such user"]
    message = admin.rows("/api/messages", state="failed")[0]
    assert message["can_resend"]
    admin.post("/api/messages/%s/resend" % message["id"]).want(200)
    admin.post("/api/messages/%s/resend" % message["id"]).want(409)
    assert box.once().returncode == 0
    assert len(box.mail.mails) == 1
    assert box.mail.mails[0].message["message-id"] == "<%s@isp.example>" % message["id"]


EACH, DRAIN_SECONDS = (5000, 600) if isp.SOAK else (20, 60)  # four channels: 20,000 messages


def test_a_dead_channel_delays_no_other(box, admin):
    """Bug: 20,000 messages waited behind one gateway that did not answer."""
    four(admin, box.peer)
    box.sql("UPDATE notification_settings SET config = config || '{\"url\": \"http://127.0.0.1:9/\"}' WHERE channel = 'whatsapp'")
    box.sql("SELECT count(alert_raise('system', 'critical', 'alert ' || n, 'x')) FROM generate_series(1, %d) n" % EACH)
    began = isp.spent()
    process = box.start_notifier()
    try:
        wait_until(lambda: box.outbox("count(*)", "state = 'sent'") == [str(3 * EACH)], DRAIN_SECONDS, "three channels drained")
        print("%d messages on three channels in %.1f s beside a dead one" % (3 * EACH, isp.spent() - began))
        assert box.outbox("count(*)", "state = 'pending' AND channel = 'whatsapp'") == [str(EACH)], "nothing lost"
        box.sql("UPDATE notification_settings SET config = config || '{\"url\": \"%s/\"}' WHERE channel = 'whatsapp'" % box.peer.url)
        box.at_once()
        box.sql("NOTIFY messages")
        wait_until(lambda: box.outbox("count(*)", "state = 'sent'") == [str(4 * EACH)], DRAIN_SECONDS, "the dead one, too")
    finally:
        process.terminate()
        assert process.wait(20) == 0


# ---- killed -------------------------------------------------------------------------------------

@pytest.mark.parametrize("kind, state, calls", [("webhook", "sent", 2), ("email", "sent", 2), ("customer", "unknown", 1)])
def test_killed_while_it_sends(box, admin, kind, state, calls):
    """A message whose sender was killed may have arrived or not: a customer's WhatsApp message is not
    sent again, an alert is, under the same id."""
    if kind == "customer":
        channel(admin, "whatsapp", audience="customers", preset="fonnte", url=box.peer.url, token="t")
        box.sql("UPDATE message_templates SET is_active = true WHERE event = 'paid'")
        town = isp.Town(admin)
        customer = town.customer(phone=NUMBER)
        box.sql("SELECT message_queue('paid', '%s', NULL, NULL, 'k')" % customer["id"])
    else:
        channel(admin, kind, url=box.peer.url + "/hook", email="noc@isp.example")
        box.alert()
    held = threading.Event()  # nobody is answered before the sender is dead, however long that takes
    box.peer.answer("/", 200, {"status": True}, until=held)
    box.mail.held = held if kind == "email" else None
    process = box.start_notifier("--once")
    wait_until(lambda: box.outbox() == ["sending"], 10)
    wait_until(lambda: box.peer.calls or box.mail.waiting, 5)
    process.kill()
    process.wait(5)
    box.mail.held = None
    held.set()
    wait_until(lambda: not box.mail.waiting, 5)
    box.once()
    box.at_once()
    box.once()
    assert box.outbox() == [state]
    if kind == "email":
        assert len({mail.message["message-id"] for mail in box.mail.mails}) == 1
    else:
        assert len(box.peer.calls) == calls


CUSTOMERS, ALERTS, KILLS = 60, 40, 40 if isp.SOAK else 8


def test_killed_at_any_point(box, admin):
    """The whole service, at random moments: nothing is lost, and no customer is written to twice."""
    dice = isp.seeded()
    channel(admin, "whatsapp", audience="customers", preset="fonnte", url=box.peer.url, token="t")
    channel(admin, "webhook", url=box.peer.url + "/hook")
    box.sql("UPDATE message_templates SET is_active = true WHERE event = 'paid'; UPDATE settings SET message_day_first = 1000;"
            "INSERT INTO customers (name, phone) SELECT 'kill ' || n, '08120000' || 100 + n FROM generate_series(1, %d) n;"
            "SELECT message_queue('paid', id, NULL, NULL, id::text) FROM customers WHERE name LIKE 'kill %%'" % CUSTOMERS)
    for n in range(ALERTS):
        box.alert(title="alert %d" % n)
    for _ in range(KILLS):
        box.at_once()
        process = box.start_notifier()
        time.sleep(dice.uniform(0.05, 0.4))
        for pid in [process.pid] + isp.children(process.pid):
            with contextlib.suppress(ProcessLookupError):  # a child ends with its parent
                os.kill(pid, signal.SIGKILL)
        process.wait(5)
    for _ in range(5):
        box.at_once()
        box.once()
    assert set(box.outbox("DISTINCT state")) <= {"sent", "unknown"}
    assert box.outbox("count(*)") == [str(CUSTOMERS + ALERTS)]
    numbers = [call.form["target"] for call in box.peer.of("/send")]
    assert len(numbers) == len(set(numbers)), "a customer got a message twice"
    unknown = int(box.outbox("count(*)", "state = 'unknown'")[0])
    assert unknown <= KILLS and len(numbers) >= CUSTOMERS - unknown
    alerts = {call.json["alert"]["id"] for call in box.peer.of("/hook")}
    assert len(alerts) == ALERTS and box.outbox("count(*)", "alert_id IS NOT NULL AND state <> 'sent'") == ["0"]
    box.sql("UPDATE settings SET message_day_first = 20; DELETE FROM message_outbox; DELETE FROM customers WHERE name LIKE 'kill %'")


# ---- customers ----------------------------------------------------------------------------------

def switch_on(admin, event, **more):
    row = admin.rows("/api/message-templates", event=event)[0]
    return admin.put("/api/message-templates/" + row["id"], dict({"is_active": True}, **more)).want(200).json


def test_a_bill_from_issue_to_payment(box, admin):
    channel(admin, "whatsapp", audience="customers", preset="fonnte", url=box.peer.url, token="t")
    channel(admin, "email", audience="customers")
    town = isp.Town(admin)
    customer = town.customer(name=NAME.replace("\r\n", " "), phone=NUMBER)
    _, bill = town.billed(customer=customer)
    bill = admin.put("/api/invoices/" + bill["id"], {"due_date": isp.day(bill["due_date"], -1)}).want(200).json
    box.once()
    assert not box.peer.calls, "all off until somebody switches them on"
    for event in ("bill_issued", "due_soon", "due_today", "overdue", "paid"):
        switch_on(admin, event)
    due = bill["due_date"]
    for back in (2, 1, 0):
        box.sql("SELECT message_remind('%s'::date - %d)" % (due, back))
    for _ in range(2):
        box.cron(isp.day(due, 1))
    assert box.outbox("event", "true ORDER BY id") == ["due_today", "overdue"], "due soon began before it was switched on"
    assert box.once().returncode == 0
    texts = [call.form["message"] for call in box.peer.of("/send")]
    assert len(texts) == 2 and bill["invoice_number"] in texts[0] and "/pay/" + bill["id"] in texts[0]
    assert "(company)" in texts[0], "a name is text, also where it looks like a field"
    admin.post("/api/invoices/%s/mark-paid" % bill["id"], {}).want(200, 201)
    assert box.once().returncode == 0
    assert "lunas" in box.peer.of("/send")[2].form["message"]
    assert box.outbox("count(*)") == ["3"]


def test_not_true_any_more(box, admin):
    channel(admin, "whatsapp", audience="customers", preset="fonnte", url=box.peer.url, token="t")
    switch_on(admin, "due_today")
    town = isp.Town(admin)
    sub, bill = town.billed(customer=town.customer(phone=NUMBER))
    other, _ = town.billed(customer=town.customer(phone=NUMBER))
    box.sql("SELECT message_remind('%s')" % bill["due_date"])
    assert box.outbox("count(*)")[0] >= "2"
    admin.post("/api/invoices/%s/mark-paid" % bill["id"], {}).want(200, 201)
    admin.put("/api/customers/" + other["customer_id"], {"message_opt_out": True}).want(200)
    box.once()
    assert box.outbox("last_error", "customer_id = '%s'" % sub["customer_id"]) == ["nothing is owed any more"]
    assert box.outbox("last_error", "customer_id = '%s'" % other["customer_id"]) == ["the customer wants no messages"]


def test_quiet_hours_and_the_daily_cap(box, admin):
    channel(admin, "whatsapp", audience="customers", preset="fonnte", url=box.peer.url, token="t")
    switch_on(admin, "planned_outage")
    town = isp.Town(admin)
    customers = [town.customer(phone=NUMBER) for _ in range(3)]
    for customer in customers:
        box.sql("SELECT message_queue('planned_outage', '%s', NULL, NULL, '%s')" % (customer["id"], customer["id"]))
    hour = int(box.sql("SELECT extract(hour FROM now() AT TIME ZONE 'Asia/Jakarta')"))
    admin.put("/api/settings", {"quiet_from_hour": hour, "quiet_until_hour": (hour + 2) % 24, "message_day_first": 2}).want(200)
    box.once()
    assert not box.peer.calls
    admin.put("/api/settings", {"quiet_from_hour": 0, "quiet_until_hour": 0}).want(200)
    box.once()
    assert len(box.peer.calls) == 2
    box.sql("UPDATE message_senders SET first_day = first_day - 2, sent_day = sent_day - 1")
    box.once()
    assert len(box.peer.calls) == 3
    admin.put("/api/settings", {"message_day_first": 20}).want(200)


def test_meta_sends_its_own_template(box, admin):
    channel(admin, "whatsapp", audience="customers", preset="meta", url=box.peer.url + "/v21.0", token="t", number_id="12345")
    switch_on(admin, "paid", wa_template="bill_paid", wa_fields=["name", "amount"])
    town = isp.Town(admin)
    _, bill = town.billed(customer=town.customer(name="Siti", phone=NUMBER))
    admin.post("/api/invoices/%s/mark-paid" % bill["id"], {}).want(200, 201)
    assert box.once().returncode == 0
    call = box.peer.of("/v21.0/12345/messages")[0].json
    assert call["template"]["name"] == "bill_paid" and call["template"]["language"]["code"] == "id"
    assert call["template"]["components"][0]["parameters"][0] == {"type": "text", "text": "Siti"}


# ---- templates ----------------------------------------------------------------------------------

def test_templates_are_checked_and_previewed(box, admin):
    row = admin.rows("/api/message-templates", event="due_today")[0]
    path = "/api/message-templates/" + row["id"]
    wrong = admin.put(path, {"body_id": "Halo {nama}"}).want(422)
    assert "{nama}" in wrong.errors["body_id"][0] and "{name}" in wrong.errors["body_id"][0]
    # A preview is of a text that could be saved: the form shows the fault while it is typed.
    typed = {"template_id": row["id"], "language": "id"}
    wrong = admin.post("/api/message-templates/preview", dict(typed, body="Halo {nama}", subject="{nomor}")).want(422)
    assert "{nama}" in wrong.errors["body"][0] and "{nomor}" in wrong.errors["subject"][0]
    assert wrong.json["codes"]["body"] == [{"code": "template_field"}]
    seen = admin.post("/api/message-templates/preview", dict(typed, body="Halo {name}, belum disimpan")).want(200).json
    assert seen["text"] == "Halo Budi Santoso, belum disimpan"
    admin.put(path, {"body_en": "Hello {name}, pay {outstanding}"}).want(200)
    seen = admin.post("/api/message-templates/preview", {"template_id": row["id"], "language": "en"}).want(200).json
    assert seen["text"] == "Hello Budi Santoso, pay Rp150.000" and seen["would_send"] == 0
    assert set(seen["fields"]) == set(row["fields"])
    # A text where the parameters of WhatsApp's template belong was a 422 that named no field.
    # It names its own; a parameter may stand twice.
    for bad in ("name", {"a": 1}, [1]):
        assert "wa_fields" in admin.put(path, {"wa_fields": bad}).want(422).errors, bad
    assert admin.put(path, {"wa_fields": ["name", "name"]}).want(200).json["wa_fields"] == ["name", "name"]
    staff = admin.rows("/api/message-templates", event="alert")[0]
    admin.put("/api/message-templates/" + staff["id"], {"is_active": False}).want(422)


def test_only_admins_see_channels(box, admin, system):
    admin.post("/api/users", {"name": "o", "email": "op@isp.example", "password": "a long password 7", "role": "operator"})
    operator = system.client("op@isp.example", "a long password 7")
    for path in ("/api/notification-settings", "/api/message-templates"):
        operator.get(path).want(403)
    operator.get("/api/messages").want(200)


# ---- alerts -------------------------------------------------------------------------------------

def test_flapping_sends_a_handful(box, admin):
    channel(admin, "telegram", bot_token="1:a", chat_id="5")
    for _ in range(6):
        box.alert(kind="device_down", key="router:1")
        box.once()
        box.sql("SELECT alert_resolve('router:1', 'up again')")
        box.once()
    assert len(box.peer.calls) == 6
    box.sql("DO $$ BEGIN FOR n IN 1..94 LOOP PERFORM alert_raise('device_down', 'critical', 'R', 'm', NULL, 'router:1');"
            " PERFORM message_fan_out(); PERFORM alert_resolve('router:1', 'up again'); END LOOP; END $$")
    box.at_once()
    box.once()
    assert len(box.peer.calls) == 6, "a hundred times in an hour: a handful of messages"
    assert box.sql("SELECT count(*) FROM alert_logs WHERE type = 'device_up'") == "100"


def test_over_before_a_message_was_sent(box, admin):
    channel(admin, "telegram", bot_token="1:a", chat_id="5")
    box.alert(kind="device_down", key="router:1")
    box.sql("SELECT alert_resolve('router:1', 'up again')")
    box.once()
    assert not box.peer.calls


def test_the_system_says_what_is_wrong_with_it(box, admin):
    """A failing channel, a missing restore proof and a missing run are states: one alert, one recovery."""
    channel(admin, "telegram", bot_token="1:a", chat_id="5")
    box.sql("UPDATE settings SET message_language = 'en'")
    box.sql("INSERT INTO message_senders (sender, failing_since, last_error) VALUES ('email', now() - interval '1 hour', 'no login')")
    box.sql("UPDATE invoices SET created_at = now() - interval '9 days'")
    box.once()
    box.once()
    titles = box.sql("SELECT title FROM alert_logs WHERE resolved_at IS NULL ORDER BY 1").split("\n")
    assert "Messages over email are failing" in titles and "No backup was proved by a restore" in titles
    assert len(titles) == len(set(titles))
    box.sql("UPDATE message_senders SET failing_since = NULL")
    box.sql("INSERT INTO restore_proofs (backup) VALUES ('isp.dump')")
    box.at_once()
    box.once()
    assert box.sql("SELECT count(*) FROM alert_logs WHERE title LIKE 'Over: %'") == "2"
