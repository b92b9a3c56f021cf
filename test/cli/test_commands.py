"""The programs as a sysadmin calls them: a database, an env file, a shell."""
import base64
import contextlib
import ctypes
import hashlib
import http.server
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

import pytest
from stackdir import BUILD, TOP, on_terminal

sys.path.insert(0, os.path.join(TOP, "test", "api"))
import seal as sealing  # noqa: E402

KEYS = ["base64:" + c * 43 + "=" for c in "AE"]


LEDGER = ("INSERT INTO service_days (subscription_id, days, kind, entered_on)"
          " SELECT id, end_date - start_date + 1, 'start', start_date FROM subscriptions s"
          " WHERE NOT EXISTS (SELECT FROM service_days d WHERE d.subscription_id = s.id) AND end_date >= start_date")


class System:
    """A private database and what a shell does with it."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="cmd.", dir=BUILD if len(BUILD) < 60 else None)
        os.chmod(self.dir, 0o755)
        self.pg = os.path.join(self.dir, "db")
        self.env = os.path.join(self.dir, "isp.env")
        for command in ("up", "deploy"):
            subprocess.run([os.path.join(TOP, "scripts/db"), command, "--dir", self.pg], check=True,
                           stdout=subprocess.DEVNULL)
        self.write_env(APP_KEY=KEYS[0])

    def write_env(self, **more):
        lines = {"APP_ENV": "local", "DATABASE_URL": "postgresql:///isp?host=%s/run" % self.pg, **more}
        with open(self.env, "w") as f:
            f.writelines("%s=%s\n" % item for item in lines.items())

    def down(self):
        subprocess.run([os.path.join(TOP, "scripts/db"), "down", "--dir", self.pg], check=True)
        shutil.rmtree(self.dir)

    def words_of(self, program, words, env=None):
        """A command line and its environment."""
        full = {k: v for k, v in os.environ.items() if not k.startswith(("APP_", "DATABASE", "ISP_ENV"))}
        if program == "ispctl":  # the database's owner
            full["PGUSER"] = "isp_owner"
        return [os.path.join(BUILD, "bin", program), "--env", self.env, *words], {**full, **(env or {})}

    def run(self, program, *words, given=None, env=None):
        line, full = self.words_of(program, words, env)
        return subprocess.run(line, input=given, env=full, capture_output=True, text=True, timeout=60, check=False)

    def type(self, answer, program, *words):
        """On a terminal: answer the moment its question stands there. The exit status, and all that was shown."""
        line, full = self.words_of(program, words)
        return on_terminal(line, [("password: ", answer)], full)

    def run_and_stop(self, program, *words, lock):
        """Send SIGTERM while it waits for the rows that the statement `lock` holds, then release them."""
        holder = subprocess.Popen(["psql", "-XAtq", "-h", self.pg + "/run", "-U", "postgres", "isp"], text=True,
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        line, full = self.words_of(program, words)
        try:
            holder.stdin.write("BEGIN;\n%s;\n\\echo held\n" % lock)
            holder.stdin.flush()
            assert any("held" in said for said in iter(holder.stdout.readline, ""))
            child = subprocess.Popen(line, env=full, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            limit = time.monotonic() + 20
            while self.sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") == "0":
                assert time.monotonic() < limit and child.poll() is None
            child.terminate()
        finally:
            holder.communicate()
        out, err = child.communicate(timeout=60)
        return subprocess.CompletedProcess(line, child.returncode, out, err)

    def sql(self, text):
        done = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", self.pg + "/run", "-U", "postgres", "isp",
                               "-c", text], capture_output=True, text=True, timeout=60, check=True)
        return done.stdout.strip()


@pytest.fixture(scope="module")
def system():
    made = System()
    yield made
    made.down()


def ok(done):
    assert done.returncode == 0, done
    return done.stdout


def fails(done, status, *words):
    assert done.returncode == status, done
    for word in words:
        assert word in done.stderr, done
    assert len(done.stderr.strip().splitlines()) <= 3, "one clear line: %s" % done.stderr


# ---- what all programs share --------------------------------------------------------------------

PROGRAMS = sorted(os.listdir(os.path.join(BUILD, "bin"))) if os.path.isdir(os.path.join(BUILD, "bin")) else []


@pytest.mark.parametrize("program", PROGRAMS)
def test_help_version_and_usage(system, program):
    shown = ok(system.run(program, "--help"))
    assert shown.startswith("usage: " + program) and "exit:" in shown and "DATABASE_URL" in shown
    assert ok(system.run(program, "--version")).startswith(program + " ")
    fails(system.run(program, "--no-such-option"), 2, "--no-such-option")
    fails(system.run(program, "--env"), 2, "--env")


# isp-probe serves a socket that systemd hands it and reads no configuration of its own.
@pytest.mark.parametrize("program", [p for p in PROGRAMS if p != "isp-probe"])
def test_a_bad_configuration_stops_with_one_line_that_names_the_key(system, program):
    words = ["health"] if program == "ispctl" else []
    fails(system.run(program, *words, env={"APP_TODAY": "tomorrow"}), 1, "APP_TODAY")
    fails(system.run(program, *words, env={"APP_TODAY": "2026-02-30"}), 1, "APP_TODAY")
    fails(system.run(program, *words, env={"APP_TIMEZONE": "Asia/Jakata"}), 1, "APP_TIMEZONE")
    fails(system.run(program, *words, env={"API_LOGIN_WORKERS": "many"}), 1, "API_LOGIN_WORKERS")


def test_the_database_away_means_later(system):
    for program, words in (("billing-cron", []), ("ispctl", ["check"])):
        fails(system.run(program, *words, env={"DATABASE_URL": "host=/nowhere/at/all"}), 75, "database")


SERVICES = ("isp-api", "router-sync", "gateway-sync", "notifier")
ROLES = {"router-sync": "isp_router", "gateway-sync": "isp_gateway", "notifier": "isp_notify", "billing-cron": "isp_billing",
         "snmp-poller": "isp_snmp", "pinger": "isp_ping"}


@contextlib.contextmanager
def service(system, program, directory, words=(), **env):
    """A program that goes on by itself, its log at hand; ended at the end, with status 0."""
    line, full = system.words_of(program, words, {"API_SOCKET_DIR": str(directory), **env})
    with subprocess.Popen(line, env=full, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as child:
        try:
            yield child
            assert child.poll() is None
        finally:
            child.terminate()
        assert child.wait(20) == 0


def says(child, word):
    return any(word in said for said in iter(child.stderr.readline, ""))


@pytest.mark.parametrize("program", SERVICES)
def test_a_service_waits_for_a_database_that_is_away(system, program, tmp_path):
    """Bug: two services gave up, and after a boot in the wrong order systemd's limit of starts left them stopped."""
    with service(system, program, tmp_path, DATABASE_URL="host=%s" % tmp_path) as child:
        # isp-api says it to whoever asks for something: 503.
        assert says(child, "event=start" if program == "isp-api" else "database"), "it says for what it waits"


@pytest.mark.parametrize("program", sorted(ROLES))
def test_a_refused_login_is_a_failure_that_shows(system, program):
    """Bug: the exit code was 75, try later, for ever: nothing said that the password was wrong."""
    system.sql("ALTER ROLE %s NOLOGIN" % ROLES[program])
    try:
        fails(system.run(program), 1, ROLES[program])
    finally:
        system.sql("ALTER ROLE %s LOGIN" % ROLES[program])


# ---- pinger, snmp-poller, notifier, isp-probe -----------------------------------------------------

AWAY = {"DATABASE_URL": "host=/nowhere/at/all"}


def test_one_host_is_pinged_without_a_database(system):
    said = json.loads(ok(system.run("pinger", "--now", "127.0.0.1", "--count", "2", "--timeout", "500", env=AWAY)))
    assert (said["sent"], said["received"], said["status"]) == (2, 2, "up"), said
    fails(system.run("pinger", "--now", "no-such-name.invalid", env=AWAY), 1, "no-such-name.invalid")
    fails(system.run("pinger", "--now", "127.0.0.1", "--count", "0"), 2, "--count is a number from 1 to 20")
    fails(system.run("pinger", "--now", "127.0.0.1", "--timeout", "9"), 2, "--timeout is a number from 10 to 10000")


def test_a_round_of_targets_is_one_round(system):
    """With --once it ends with the round, where the service goes on for a minute."""
    system.sql("INSERT INTO ping_targets (name, host, packet_count, interval_seconds) VALUES ('t', '127.4.0.1', 1, 30)")
    began = time.monotonic()
    done = system.run("pinger", "--once")
    assert done.returncode == 0 and "measured=1 unmeasured=0" in done.stderr, done
    assert time.monotonic() - began < 30 and system.sql("SELECT count(*) FROM ping_history") == "1"
    system.sql("DELETE FROM ping_targets")


def test_the_poller_leaves_out_whom_it_asked_a_moment_ago(system):
    system.sql("INSERT INTO snmp_devices (name, host, port) VALUES ('d', '127.0.0.1', 1)")

    def poll(*words):
        for _ in range(50):  # the lock of the run before goes with its session, a moment after the program
            done = system.run("snmp-poller", *words, env={"SNMP_TIMEOUT_MS": "50"})
            if done.returncode != 75:
                break
            time.sleep(0.1)
        return done
    polled = [poll(*words) for words in ([], [], ["--all"])]
    assert [ok(done) == "" and "down=1" in done.stderr for done in polled] == [True, False, True], polled
    device = system.sql("SELECT id FROM snmp_devices")
    fails(system.run("snmp-poller", "--discover", device, env={"SNMP_TIMEOUT_MS": "50"}), 1, "d: no answer")
    fails(system.run("snmp-poller", "--discover", "0" * 8 + "-0000-4000-8000-" + "0" * 12), 1, "there is no such device")
    fails(system.run("snmp-poller", "--discover", "tower"), 2, "that is no device's id")
    system.sql("DELETE FROM snmp_devices")


def test_messages_that_do_not_arrive_are_a_failure(system):
    system.sql("UPDATE settings SET private_peers = true")
    ok(system.run("notifier", "--once"))
    system.sql("INSERT INTO notification_settings (channel, name, config, events, gap_ms)"
               " VALUES ('webhook', 'hook', '{\"url\": \"http://127.0.0.1:1/\"}', '[\"all\"]', 0)")
    system.sql("SELECT alert_raise('system', 'warning', 'one', 'm')")
    done = system.run("notifier", "--once")
    assert done.returncode == 1 and "nobody answers" in done.stderr, done
    began = time.monotonic()
    ok(system.run("notifier", "--sender", system.sql("SELECT id FROM notification_settings")))
    assert time.monotonic() - began < 30  # a service would go on
    system.sql("DELETE FROM notification_settings")
    system.sql("DELETE FROM alert_logs")
    system.sql("UPDATE settings SET private_peers = false")


def test_isp_probe_takes_one_request_or_listens(system, tmp_path):
    done = system.run("isp-probe", given="reboot\n")
    assert (done.returncode, done.stdout) == (2, "2\nno such request\n"), done
    fails(system.run("isp-probe", "ping"), 2, "there are no arguments")
    fails(system.run("isp-probe", "--listen", env={"API_SOCKET_DIR": str(tmp_path / "none")}), 1, "isp-probe.sock")
    fails(system.run("isp-probe", "--listen", env={"APP_TODAY": "tomorrow"}), 1, "APP_TODAY")
    with service(system, "isp-probe", tmp_path, words=["--listen"]) as child, socket.socket(socket.AF_UNIX) as peer:
        limit = time.monotonic() + 20
        while peer.connect_ex(str(tmp_path / "isp-probe.sock")) != 0:
            assert time.monotonic() < limit and child.poll() is None
            time.sleep(0.05)
        peer.sendall(b"reboot\n")
        assert peer.recv(100) == b"2\nno such request\n"


# ---- ispctl -------------------------------------------------------------------------------------

def test_users(system):
    assert "admin" in ok(system.run("ispctl", "user", "add", "Budi@Example.net", "--admin", "--name", "Budi",
                                    given="rahasia 123\n"))
    listed = ok(system.run("ispctl", "user", "list"))
    assert "budi@example.net" in listed and "admin" in listed and "Budi" in listed
    # The strength of the product: builds of unit tests hash at the least.
    assert system.sql("SELECT password FROM users WHERE email = 'budi@example.net'").startswith("$argon2id$v=19$m=65536,t=2,p=1$")
    fails(system.run("ispctl", "user", "add", "BUDI@example.net", given="rahasia 123\n"), 1, "already been taken")
    fails(system.run("ispctl", "user", "add", "x@example.net", given="short\n"), 1, "8 characters")
    fails(system.run("ispctl", "user", "add", "x@example.net", given=""), 1, "password")
    before = system.sql("SELECT password FROM users")
    system.sql("INSERT INTO personal_access_tokens (user_id, name, token) SELECT id, 'x', repeat('a', 64) FROM users")
    ok(system.run("ispctl", "user", "passwd", "budi@example.net", given="another one 4\n"))
    assert system.sql("SELECT password FROM users") != before
    assert system.sql("SELECT count(*) FROM personal_access_tokens") == "0", "sessions must end"
    fails(system.run("ispctl", "user", "passwd", "nobody@example.net", given="another one 4\n"), 1, "nobody@example.net")
    fails(system.run("ispctl", "user", "passwd", "budi@example.net", given=""), 1, "on standard input")
    assert "password" in system.sql("SELECT string_agg(action, ',') FROM audit_logs")


def test_a_password_typed_at_once_is_read(system):
    """Bug: the prompt stood before the terminal was set, which discards what is typed: who was fast waited for ever."""
    for n in range(5):
        status, shown = system.type("rahasia 123", "ispctl", "user", "add", "fast%d@example.net" % n)
        assert status == 0 and "rahasia" not in shown, shown


@pytest.mark.parametrize("address", ["nobody", "root@localhost", "a b@example.net", "a b@", "a@b@example.net",
                                     "\u00fc@example.net", "a@%s.net" % ("x" * 64), "a@%snet" % ("x." * 127)])
def test_an_address_that_could_never_log_in_is_refused(system, address):
    """Bug: the e-mail was stored, and the login of its owner then refused it."""
    fails(system.run("ispctl", "user", "add", address, "--name", "N", given="rahasia 123\n"), 1, "email")
    assert system.sql("SELECT count(*) FROM users WHERE email LIKE '%localhost'") == "0"


def test_the_password_that_means_as_before_is_none(system):
    ok(system.run("ispctl", "user", "add", "stars@example.net", given="rahasia 123\n"))
    for words in (["add", "stars2@example.net"], ["passwd", "stars@example.net"], ["passwd", "stars@example.net"]):
        fails(system.run("ispctl", "user", *words, given="********\n"), 1, "required")


def test_passwords_are_taken_as_they_are(system):
    """Blanks belong to them; what the API would never take back is not stored."""
    for word in ("  blank at the ends ", "        "):
        ok(system.run("ispctl", "user", "add", "blank%d@example.net" % len(word), given=word + "\n"))
        stored = system.sql("SELECT password FROM users WHERE email = 'blank%d@example.net'" % len(word))
        assert argon2id_fits(stored, word) and not argon2id_fits(stored, word.strip()), stored
    fails(system.run("ispctl", "user", "add", "tab@example.net", given="with\ta tab\n"), 1, "control")
    fails(system.run("ispctl", "user", "passwd", "blank8@example.net", given="with\x7fa delete\n"), 1, "control")


def argon2id_fits(stored, word):
    return sealing.SODIUM.crypto_pwhash_str_verify(stored.encode(), word.encode(), ctypes.c_ulonglong(len(word))) == 0


def test_keys(system):
    made = ok(system.run("ispctl", "key", "generate")).strip()
    assert made.startswith("base64:") and len(made) == 51
    assert made != ok(system.run("ispctl", "key", "generate")).strip()


def test_rotation_seals_anew_and_can_be_repeated(system):
    """The old key must be known; afterwards the new one alone is enough."""
    system.sql("INSERT INTO router_settings (name, host, username, is_active) VALUES ('Rotated', '127.0.0.9', 'api', false)")
    place = "router_settings:%s:password" % system.sql("SELECT id FROM router_settings WHERE name = 'Rotated'")
    sealed = seal(KEYS[0], place, "s3cret")
    system.sql("UPDATE router_settings SET password = '%s' WHERE name = 'Rotated'" % sealed)
    assert "0 sealed anew" in ok(system.run("ispctl", "key", "rotate"))
    try:
        system.write_env(APP_KEY=KEYS[1])
        done = system.run("ispctl", "key", "rotate")
        assert done.returncode == 1 and place in done.stderr, done
        system.write_env(APP_KEY=KEYS[1], APP_PREVIOUS_KEYS=KEYS[0])
        assert "1 sealed anew" in ok(system.run("ispctl", "key", "rotate"))
        assert "0 sealed anew" in ok(system.run("ispctl", "key", "rotate"))
        system.write_env(APP_KEY=KEYS[1])
        assert "1 secrets, 0 sealed anew, 0 failed" in ok(system.run("ispctl", "key", "rotate"))
    finally:
        system.write_env(APP_KEY=KEYS[0])
        system.sql("DELETE FROM router_settings WHERE name = 'Rotated'")


def seal(key, place, text):
    return sealing.seal(base64.b64decode(key[len("base64:"):]), place, text)


def test_a_rotation_that_is_stopped(system):
    """The row in hand is done and no other begun; what is left is done the next time."""
    system.sql("INSERT INTO router_settings (name, host, username, is_active)"
               " SELECT 'Rotated ' || i, '127.0.1.' || i, 'api', false FROM generate_series(1, 4) i")
    ids = system.sql("SELECT id FROM router_settings ORDER BY 'router_settings:' || id || ':password'").split()
    for ident in ids:
        system.sql("UPDATE router_settings SET password = '%s' WHERE id = '%s'" % (
            seal(KEYS[0], "router_settings:%s:password" % ident, "s3cret"), ident))
    try:
        system.write_env(APP_KEY=KEYS[1], APP_PREVIOUS_KEYS=KEYS[0])
        done = system.run_and_stop("ispctl", "key", "rotate",
                                      lock="SELECT FROM router_settings WHERE id = '%s' FOR UPDATE" % ids[1])
        fails(done, 75, "signal")
        assert "4 secrets, 2 sealed anew, 0 failed" in ok(system.run("ispctl", "key", "rotate"))
    finally:
        system.write_env(APP_KEY=KEYS[0])
        system.sql("DELETE FROM router_settings")


def test_routers(system):
    system.sql("INSERT INTO router_settings (name, host, port, username, is_active)"
               " VALUES ('Dead', '127.0.0.1', 1, 'api', true)")
    assert "Dead" in ok(system.run("ispctl", "router", "list"))
    fails(system.run("ispctl", "router", "test", "Dead"), 1, "Dead", "refused")
    fails(system.run("ispctl", "router", "test", "Nowhere"), 1, "Nowhere")
    system.sql("DELETE FROM router_settings WHERE name = 'Dead'")


def test_the_first_router_comes_from_the_configuration(system):
    """Made active once, its password sealed; never where a router is active or has that address."""
    keys = {"MIKROTIK_HOST": "127.0.0.7", "MIKROTIK_PORT": "1", "MIKROTIK_PASSWORD": "s3cret"}
    for _ in range(2):
        ok(system.run("router-sync", "--once", env=keys))
    assert system.sql("SELECT host, port, is_active FROM router_settings") == "127.0.0.7|1|t"
    assert system.sql("SELECT password LIKE 's1.%' AND password NOT LIKE '%s3cret%' FROM router_settings") == "t"
    ok(system.run("router-sync", "--once", env={**keys, "MIKROTIK_HOST": "127.0.0.6"}))
    assert system.sql("SELECT count(*) FROM router_settings") == "1"
    system.sql("DELETE FROM router_states; DELETE FROM router_settings")


@pytest.mark.parametrize("words", [[], ["--once"], ["--check"]])
@pytest.mark.parametrize("router", ["nope", "12345678-1234-1234-1234-12345678901g"])
def test_a_router_is_named_by_its_id(system, words, router):
    """An id of another form ended with the database's message about types."""
    fails(system.run("router-sync", "--router", router, *words), 2, "--router", router)


@pytest.mark.parametrize("line", ["router-sync --sample --once", "snmp-poller --all --discover 12345678-1234-1234-1234-123456789012",
                                  "notifier --once --sender x", "pinger --once --now 127.0.0.1", "pinger --count 2",
                                  "isp-api --print-env --print-libpq", "ispctl user add a@example.net --admin --role viewer"])
def test_options_that_exclude_each_other_are_refused(system, line):
    """Bug: one of them was passed over; `--admin --role viewer` made an administrator."""
    fails(system.run(*line.split(), given="rahasia 123\n"), 2, "--")
    assert system.sql("SELECT count(*) FROM users WHERE email = 'a@example.net'") == "0"


def test_health_tells_what_is_broken(system):
    assert "database: PostgreSQL" in ok(system.run("ispctl", "health"))
    system.sql("INSERT INTO router_settings (name, host, username) VALUES ('Ill', '127.0.0.8', 'api');"
               "INSERT INTO router_states (router_id, broken_since, last_error)"
               " SELECT id, now(), 'it is refused' FROM router_settings WHERE name = 'Ill'")
    done = system.run("ispctl", "health")
    assert done.returncode == 1 and "Ill" in done.stdout and "refused" in done.stdout, done
    system.sql("DELETE FROM router_settings WHERE name = 'Ill'")


def test_health_tells_that_the_nights_are_missed(system):
    """A timer that no longer fires bills nobody and tells nobody."""
    system.sql("INSERT INTO billing_runs (business_date, finished_at) VALUES ('1998-05-05', now())")
    assert "1998-05-05" in ok(system.run("ispctl", "health", env={"APP_TODAY": "1998-05-06"}))
    fails(system.run("ispctl", "health", env={"APP_TODAY": "1998-05-07"}), 1, "missed")
    system.sql("DELETE FROM billing_runs WHERE business_date = '1998-05-05'")


def test_health_tells_that_no_night_ever_came(system):
    """Bug: with a timer that was never enabled, no run at all counted as none missed."""
    assert system.sql("SELECT count(*) FROM billing_runs") == "0", "before those of the tests below"
    system.sql("INSERT INTO packages (name, bandwidth, price, router_profile) VALUES ('Old', '1M/1M', 1, 'old');"
               "INSERT INTO customers (name) VALUES ('Old');"
               "INSERT INTO subscriptions (customer_id, package_id, mikrotik_username, mikrotik_password, start_date,"
               " end_date) SELECT c.id, p.id, 'old', '', '2031-01-01', '2031-01-30'"
               " FROM customers c, packages p WHERE c.name = 'Old' AND p.name = 'Old';" + LEDGER)
    try:
        assert "no day yet" in ok(system.run("ispctl", "health")), "it came today"
        system.sql("UPDATE subscriptions SET created_at = now() - interval '25 hours'")
        fails(system.run("ispctl", "health"), 1, "missed")
    finally:
        system.sql("SELECT subscription_cancel(id, 'test', '2031-01-01') FROM subscriptions WHERE mikrotik_username = 'old'")


def test_check_names_rows_that_break_a_rule(system):
    """Credit out of nothing: the rule, the customer and the figures are printed, exit 1."""
    assert "every rule holds" in ok(system.run("ispctl", "check"))
    system.sql("INSERT INTO customers (name, credit) VALUES ('Credit out of nothing', 5)")
    done = system.run("ispctl", "check")
    customer = system.sql("SELECT id FROM customers WHERE name = 'Credit out of nothing'")
    assert done.returncode == 1 and (customer in done.stdout or "Credit out of nothing" in done.stdout), done
    system.sql("DELETE FROM customers WHERE name = 'Credit out of nothing'")
    ok(system.run("ispctl", "check"))


def test_check_explains_both_laws_with_rows_and_days(system):
    """A ledger of money and one of days that do not add up: what is wrong, the newest rows, their days."""
    system.sql("INSERT INTO packages (name, price, bandwidth, router_profile) VALUES ('Law', 1, '1M/1M', 'law');"
               "INSERT INTO customers (name) VALUES ('Law');"
               "INSERT INTO subscriptions (customer_id, package_id, mikrotik_username, mikrotik_password, start_date,"
               " end_date) SELECT c.id, p.id, 'law', '', '2031-01-01', '2031-01-30'"
               " FROM customers c, packages p WHERE c.name = 'Law' AND p.name = 'Law';" + LEDGER)
    line = system.sql("SELECT id FROM subscriptions WHERE mikrotik_username = 'law'")
    customer = system.sql("SELECT id FROM customers WHERE name = 'Law'")
    gift = system.sql("SELECT credit_enter('%s', 700, 'thanks', '2031-01-05')" % customer)
    ok(system.run("ispctl", "check"))
    try:
        system.sql("UPDATE subscriptions SET end_date = '2031-02-02' WHERE mikrotik_username = 'law';"
                   "UPDATE customer_credits SET amount = 900 WHERE customer_id = '%s'" % customer)
        said = system.run("ispctl", "check").stdout
        assert ("days: subscription %s: ends on 2031-02-02, its ledger says 2031-01-30; last: 2031-01-01 start 30" % line) in said
        assert "money: customer %s: 900 came in, 700 is accounted for; last: 2031-01-05 gift" % customer in said, (said, gift)
    finally:
        system.sql("UPDATE customer_credits SET amount = 700 WHERE customer_id = '%s'" % customer)
        system.sql("UPDATE subscriptions SET end_date = '2031-01-30' WHERE mikrotik_username = 'law'")
    ok(system.run("ispctl", "check"))
    said = ok(system.run("ispctl", "check", "--days", "--date", "2031-02-20"))
    assert "days: subscription %s: law owes 21 days on 2031-02-20: no night was run" % line in said
    assert line not in ok(system.run("ispctl", "check", "--days", "--date", "2031-01-30"))
    fails(system.run("ispctl", "check", "--days", "--date", "soon"), 2, "date")
    system.sql("SELECT subscription_cancel('%s', 'test', '2031-01-01')" % line)


def test_setup_token_is_kept_as_a_digest(system):
    shown = ok(system.run("ispctl", "user", "setup-token")).strip()
    assert shown.startswith("setup_token=")
    digest = hashlib.sha256(shown.split("=", 1)[1].encode()).hexdigest()
    assert system.sql("SELECT setup_token FROM settings") == digest


def test_a_setup_token_that_was_not_kept_is_not_shown(system):
    system.sql("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''the disk is full''; END';"
               " CREATE TRIGGER refuse BEFORE UPDATE ON settings FOR EACH ROW EXECUTE FUNCTION refuse()")
    try:
        refused = system.run("ispctl", "user", "setup-token")
    finally:
        system.sql("DROP FUNCTION refuse CASCADE")
    assert refused.returncode == 1 and "setup_token" not in refused.stdout, refused


@pytest.mark.parametrize("words", [[], ["user"], ["user", "add"], ["user", "list", "all"], ["fly"]])
def test_commands_that_are_none(system, words):
    fails(system.run("ispctl", *words), 2)


@pytest.mark.parametrize("words", [
    ["user", "add", "x@example.net", "--role", "king"], ["user", "add", "x@example.net", "--role", ""],
    ["user", "add", "x@example.net", "--name", ""], ["user", "add", "x@example.net", "--name", " "],
    ["user", "add", "x@example.net", "--name", "a\tb"], ["user", "add", "x@example.net", "--name", "x" * 256],
    ["billing", "preview", "--date", "tomorrow"], ["billing", "preview", "--date", "2026-02-30"],
    ["billing", "preview", "--date", ""]])
def test_values_that_are_none_are_a_matter_of_usage(system, words):
    """Exit 1 means that something failed, and a script then tries again."""
    fails(system.run("ispctl", *words, given="rahasia 123\n"), 2, words[-2].lstrip("-"))
    assert system.sql("SELECT count(*) FROM users WHERE email = 'x@example.net'") == "0"


# ---- billing-cron -------------------------------------------------------------------------------

@pytest.fixture
def subscription(system):
    system.sql("INSERT INTO packages (name, bandwidth, price, router_profile) VALUES ('Cron', '1M/1M', 75000, 'cron')"
               " ON CONFLICT DO NOTHING")
    made = system.sql("WITH c AS (INSERT INTO customers (name) VALUES ('Cron') RETURNING id)"
                      "INSERT INTO subscriptions (customer_id, package_id, mikrotik_username, mikrotik_password,"
                      " start_date, end_date) SELECT c.id, p.id, 'cron-' || c.id, '', '2031-01-01', '2031-01-30'"
                      " FROM c, packages p WHERE p.name = 'Cron' RETURNING id")
    system.sql(LEDGER)
    yield made
    system.sql("SELECT subscription_cancel('%s', 'test', '2031-12-31')" % made)


def counts(done):
    return {step: c["done"] for step, c in json.loads(ok(done))["steps"].items()}


def test_a_rehearsal_says_exactly_what_the_run_then_does(system, subscription):
    dry = json.loads(ok(system.run("billing-cron", "--ahead", "--date", "2031-01-25", "--dry-run", "--json")))
    again = json.loads(ok(system.run("billing-cron", "--ahead", "--date", "2031-01-25", "--dry-run", "--json")))
    shown = json.loads(ok(system.run("ispctl", "billing", "preview", "--date", "2031-01-25")))
    real = json.loads(ok(system.run("billing-cron", "--ahead", "--date", "2031-01-25", "--json")))
    assert dry["lines"] == again["lines"] == shown["lines"] == real["lines"] and len(real["lines"]) == 1
    assert real["lines"][0]["invoice_number"] == "INV-20310125-0001"
    assert real["lines"][0]["amount"] == 75000 and real["lines"][0]["due_date"] == "2031-01-30"
    assert counts(system.run("billing-cron", "--ahead", "--date", "2031-01-25", "--json"))["renew"] == 0


def test_steps_by_name_and_days_missed(system, subscription):
    """Bug: a run of some steps counted as the run of its day: the missing run was not reported."""
    ok(system.run("billing-cron", "--ahead", "--date", "2031-01-25"))
    only = counts(system.run("billing-cron", "--ahead", "--date", "2031-02-20", "--json", "--only", "suspend,overdue"))
    assert only["overdue"] >= 1 and only["suspend"] >= 1 and only["renew"] == 0
    assert "2031-01-25" in system.run("ispctl", "health", env={"APP_TODAY": "2031-02-20"}).stdout
    said = ok(system.run("billing-cron", "--ahead", "--date", "2031-02-22", "--only", "begin,renew,overdue,late,expire,suspend,remind"))
    assert "2031-02-19, 2031-02-20, 2031-02-21\n" in said
    assert "2031-02-22" in ok(system.run("ispctl", "health", env={"APP_TODAY": "2031-02-22"}))
    report = system.sql("SELECT report -> 'steps' -> 'suspend' ->> 'done' FROM billing_runs"
                        " WHERE business_date = '2031-02-20'")
    assert int(report) >= 1, "what a partial run did is kept all the same"


def test_a_run_is_undone_by_its_number(system, subscription):
    """Bug: the contract named `ispctl billing undo`, and only the API could undo a run."""
    ok(system.run("billing-cron", "--ahead", "--date", "2031-01-25"))
    ok(system.run("billing-cron", "--ahead", "--date", "2031-02-20"))
    state = "SELECT status FROM subscriptions WHERE id = '%s'" % subscription
    assert system.sql(state) == "suspended"
    newest = ok(system.run("ispctl", "billing", "runs")).splitlines()[0]
    number = newest.split()[0]
    assert "2031-02-20" in newest and "suspend 1" in newest
    assert "1 lines switched on again" in ok(system.run("ispctl", "billing", "undo", number))
    assert system.sql(state) == "active"
    fails(system.run("ispctl", "billing", "undo", number), 1, "undone already")
    fails(system.run("ispctl", "billing", "undo", "999999"), 1, "not found")
    fails(system.run("ispctl", "billing", "undo", "x1"), 1, "no number")


def test_an_option_of_another_command_is_refused(system):
    """Bug: `ispctl billing undo N --dry-run` undid the run: an option that a command does not read was ignored."""
    fails(system.run("ispctl", "billing", "undo", "1", "--dry-run"), 2, "billing undo takes no --dry-run")
    fails(system.run("ispctl", "router", "plan", "--force"), 2, "router plan takes no --force")
    fails(system.run("ispctl", "user", "list", "--role", "admin"), 2, "user list takes no --role")


@pytest.mark.parametrize("words", [["--date", "yesterday"], ["--date", "2031-02-30"], ["--only", "renew,forget"],
                                   ["--date", ""], ["--only", ""], ["--only="], ["now"], ["--dry-run=yes"]])
def test_wrong_words_are_a_matter_of_usage(system, words):
    """Bug: an empty value counted as none given: all steps of today ran, for real."""
    runs = system.sql("SELECT count(*) FROM billing_runs")
    fails(system.run("billing-cron", *words), 2)
    assert system.sql("SELECT count(*) FROM billing_runs") == runs


def test_a_second_run_exits_75(system):
    holder = subprocess.Popen(["psql", "-XAtq", "-h", system.pg + "/run", "-U", "postgres", "isp"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True)
    try:
        holder.stdin.write("SELECT pg_advisory_lock(hashtext('isp-billing: run'));\n\\echo held\n")
        holder.stdin.flush()
        assert any("held" in line for line in iter(holder.stdout.readline, ""))
        fails(system.run("billing-cron", "--ahead", "--date", "2031-03-01"), 75, "another billing run")
    finally:  # psql ends before the server has ended its session
        holder.communicate("SELECT pg_advisory_unlock(hashtext('isp-billing: run'));\n")
    ok(system.run("billing-cron", "--ahead", "--date", "2031-03-01"))


def test_a_run_that_is_stopped(system):
    """A stopped run finishes its chunk and reports the rest, and the next run does that; no customer is billed
    twice, and until then the day counts as one without a run. Bug: the run died between two statements and
    reported nothing."""
    count, day = 1000, "2032-01-25"
    system.sql("INSERT INTO packages (name, bandwidth, price, router_profile) VALUES ('Long', '1M/1M', 75000, 'long');"
               "INSERT INTO customers (name) SELECT 'Long ' || i FROM generate_series(1, %d) i;"
               "INSERT INTO subscriptions (customer_id, package_id, mikrotik_username, mikrotik_password,"
               " start_date, end_date) SELECT c.id, p.id, 'long-' || c.id, '', '2032-01-01', '2032-01-30'"
               " FROM customers c, packages p WHERE c.name LIKE 'Long %%' AND p.name = 'Long'" % count)
    system.sql(LEDGER)
    second = system.sql("SELECT id FROM billing_candidates('renew', '%s') WHERE n = 300" % day)
    done = system.run_and_stop("billing-cron", "--ahead", "--date", day,
                                  lock="SELECT FROM subscriptions WHERE id = '%s' FOR UPDATE" % second)
    fails(done, 75, "signal")
    billed = "SELECT count(*), count(DISTINCT subscription_id) FROM invoices WHERE status <> 'cancelled'" \
             " AND invoice_number LIKE 'INV-20320125-%'"
    first = int(system.sql(billed).split("|")[0])
    assert 256 < first < count and done.stdout.count("renew ") == first, "no more than the chunk in hand"
    finished = "SELECT count(*) FROM billing_runs WHERE business_date = '%s' AND finished_at IS NOT NULL" % day
    assert system.sql(finished) == "0"
    assert counts(system.run("billing-cron", "--ahead", "--date", day, "--json"))["renew"] == count - first
    assert system.sql(billed) == "%d|%d" % (count, count) and system.sql(finished) == "1"


@contextlib.contextmanager
def midtrans_that_ends(children):
    """A Midtrans that knows of no order and, when it is asked, ends who asks; (its address, what it was asked)."""
    asked = []

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            while not children:
                time.sleep(0.01)
            children[0].terminate()
            self.send_response(404)
            self.end_headers()
            self.wfile.write(b'{"status_code": "404", "status_message": "Transaction doesn\'t exist."}')

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield "http://127.0.0.1:%d/v2" % server.server_port, asked
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def debtors(system):
    """Five whom a run of 2033-03-01 would suspend, each with a page of Midtrans open."""
    system.sql("INSERT INTO packages (name, bandwidth, price, router_profile) VALUES ('Owed', '1M/1M', 75000, 'owed');"
               "INSERT INTO customers (name) SELECT 'Owes ' || i FROM generate_series(1, 5) i;"
               "INSERT INTO subscriptions (customer_id, package_id, mikrotik_username, mikrotik_password,"
               " start_date, end_date) SELECT c.id, p.id, 'owes-' || c.id, '', '2033-01-01', '2033-01-30'"
               " FROM customers c, packages p WHERE c.name LIKE 'Owes %' AND p.name = 'Owed';" + LEDGER)
    for step, day in (("renew", "2033-01-30"), ("overdue", "2033-03-01")):
        ok(system.run("billing-cron", "--ahead", "--date", day, "--only", step))
    assert system.sql("WITH made AS (INSERT INTO midtrans_attempts (invoice_id, attempt, order_id, amount, state,"
                      " expires_at, next_check_at) SELECT i.id, 1, i.invoice_number || '-1-abcd', 75000, 'open',"
                      " now() + interval '1 day', now() FROM invoices i JOIN customers c ON c.id = i.customer_id"
                      " WHERE c.name LIKE 'Owes %' AND i.status = 'overdue' RETURNING 1) SELECT count(*) FROM made") == "5"


@pytest.mark.parametrize("program, words", [("ispctl", ["midtrans", "reconcile"]),
                                            ("billing-cron", ["--ahead", "--force", "--date", "2033-03-01", "--only", "suspend"])])
def test_no_more_is_asked_of_midtrans_than_the_one_in_hand(system, debtors, program, words):
    children = []
    with midtrans_that_ends(children) as (url, asked):
        line, env = system.words_of(program, words, {"MIDTRANS_SERVER_KEY": "SB-Mid-server-x", "MIDTRANS_API_URL": url})
        children.append(subprocess.Popen(line, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE))
        out, err = children[0].communicate(timeout=60)
    assert children[0].returncode == 75 and "signal" in err, (out, err)
    assert len(asked) == 1, asked
    assert system.sql("SELECT count(*) FROM subscriptions WHERE mikrotik_username LIKE 'owes-%' AND status = 'active'") == "5"
