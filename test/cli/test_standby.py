"""Two servers by streaming replication: every program is on the primary, and health says ok only there.

With host=A,B and A away for a moment every program stayed on the read-only B for ever, and health was ok.
And a pooler in front, whose sessions have settings of their own."""
import datetime
import importlib.machinery
import importlib.util
import os
import shutil
import subprocess
import sys
import threading
import time

import psycopg2
import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from stackdir import TOP, System  # noqa: E402
sys.path.insert(0, os.path.join(TOP, "test", "api"))
from pulse import spent  # noqa: E402

SECONDS = 5  # of a primary being there until all programs use it


def db(command, directory):
    subprocess.run([os.path.join(TOP, "scripts", "db"), command, "--dir", directory], check=True)


def the_script():
    """scripts/db as a module."""
    loader = importlib.machinery.SourceFileLoader("db", os.path.join(TOP, "scripts", "db"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("db", loader))
    loader.exec_module(module)
    return module


def pg_bin(name):
    base = "/usr/lib/postgresql"
    return os.path.join(base, max(os.listdir(base), key=int), "bin", name)


def own_like(path, like):
    info = os.stat(like)
    for top, _, files in os.walk(path):
        for name in [top] + [os.path.join(top, f) for f in files]:
            os.chown(name, info.st_uid, info.st_gid)


@pytest.fixture
def pair(tmp_path_factory):
    """A stack whose database streams to a standby; (system, the standby's directory)."""
    system = System()
    standby = str(tmp_path_factory.mktemp("b"))
    os.chmod(standby, 0o755)
    try:
        db("up", system.dir)
        with open(os.path.join(system.dir, "pg", "postgresql.conf"), "a", encoding="utf-8") as conf:
            conf.write("wal_level = replica\nmax_wal_senders = 4\nhot_standby = on\n")
        db("down", system.dir)
        db("up", system.dir)
        run = [os.path.join(d, "run") for d in (system.dir, standby)]
        subprocess.run([pg_bin("pg_basebackup"), "-h", run[0], "-U", "postgres", "-D", os.path.join(standby, "pg"), "-R",
                        "--checkpoint=fast", "--no-sync"], check=True)
        with open(os.path.join(standby, "pg", "postgresql.conf"), "a", encoding="utf-8") as conf:
            conf.write("unix_socket_directories = '%s'\nwal_retrieve_retry_interval = 500ms\n" % run[1])
        own_like(os.path.join(standby, "pg"), os.path.join(system.dir, "pg"))
        env = os.path.join(system.dir, "more.env")
        with open(env, "w", encoding="utf-8") as file:
            file.write("DATABASE_URL=postgresql:///isp?host=%s,%s\n" % tuple(run))
        db("up", standby)
        system.up("--env", env, "--without", "timers")
        yield system, standby
    finally:
        for directory in (system.dir, standby):
            if os.path.isdir(os.path.join(directory, "pg")):
                subprocess.run([os.path.join(TOP, "scripts", "db"), "down", "--dir", directory], check=False)
        system.close()


def wait_for(what, seconds):
    end = spent() + seconds
    while not what():
        assert spent() < end, "not within %s s" % seconds
        time.sleep(0.05)


def health(system):
    return system.get("/api/health")[0]


def psql(run, *statements):
    """The first value that the last of the statements answers."""
    conn = psycopg2.connect(host=run, user="postgres", dbname="isp")
    conn.autocommit = True
    try:
        with conn.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchone()[0] if cursor.description else None
    finally:
        conn.close()


def on(run, since=0):
    """Our programs that have a session at this server, for so many seconds."""
    return set(psql(run, "SELECT coalesce(array_agg(DISTINCT application_name), '{}') FROM pg_stat_activity"
                         " WHERE application_name ~ '^(isp|router|gateway|notif)' AND backend_start <= now() - interval '%d seconds'" % since))


PROGRAMS = {"isp-api", "router-sync", "gateway-sync", "notifier"}


class Load:
    """Clerks who enter customers all the while, and count those that the system took."""

    def __init__(self, system):
        self.system, self.taken, self.failed, self.over = system, 0, set(), threading.Event()
        answer = system.get("/api/login", method="POST", headers={"Content-Type": "application/json"},
                            data=b'{"email": "admin@ispbilling.com", "password": "admin123"}')
        self.headers = {"Content-Type": "application/json", "Authorization": "Bearer " + answer[2]["token"]}
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.work, daemon=True) for _ in range(4)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join(20)

    def work(self):
        while not self.over.is_set():
            status = self.system.get("/api/customers", method="POST", data=b'{"name": "Under load"}', headers=self.headers)[0]
            with self.lock:
                self.taken += status == 201
                self.failed |= {status} - {201}


def test_every_program_follows_the_primary(pair):
    """A away, back, and away again with B promoted, all the while under load."""
    system, standby = pair
    a, b = (os.path.join(directory, "run") for directory in (system.dir, standby))
    assert health(system) == 200
    with Load(system) as load:
        wait_for(lambda: load.taken > 20 and on(a) == PROGRAMS, SECONDS)
        db("down", system.dir)  # A is away, B is a standby: read-only is not well
        wait_for(lambda: health(system) == 503, SECONDS)
        end = time.monotonic() + 5
        while time.monotonic() < end:  # whoever looks at B leaves it at once
            assert health(system) == 503 and on(b, since=3) == set()
        db("up", system.dir)  # and back
        wait_for(lambda: health(system) == 200 and on(a) == PROGRAMS, SECONDS)
        before = load.taken
        wait_for(lambda: load.taken > before + 20, 3 * SECONDS)
        # B must have asked for A again: else A takes with it what it has not sent.
        wait_for(lambda: psql(a, "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'") == 1, 4 * SECONDS)
        db("down", system.dir)
        psql(b, "SELECT pg_promote()")
        wait_for(lambda: health(system) == 200 and on(b) == PROGRAMS, SECONDS)
        before = load.taken
        wait_for(lambda: load.taken > before + 20, 3 * SECONDS)
    # A POST whose connection broke may or may not have been done; each that was answered 201 was.
    assert load.failed <= {502, 503}, load.failed
    assert psql(b, "SELECT count(*) FROM customers WHERE name = 'Under load'") >= load.taken


@pytest.mark.skipif(not shutil.which("pgbouncer"), reason="scripts/deps installs pgbouncer")
def test_a_pooler_in_session_mode(tmp_path):
    """PgBouncer ignores the options of a connection: the statements then ran without time-outs, in another time zone."""
    system = System()
    try:
        db("up", system.dir)
        db("deploy", system.dir)
        run = os.path.join(system.dir, "run")
        psql(run, *("ALTER DATABASE isp SET " + setting for setting in (
            "timezone = 'Asia/Tokyo'", "default_transaction_isolation = 'repeatable read'", "statement_timeout = 0",
            "standard_conforming_strings = off", "datestyle = 'German'", "search_path = nowhere, public")))
        os.chmod(tmp_path, 0o777)
        ini = tmp_path / "pgbouncer.ini"
        ini.write_text("[databases]\n* = host=%s\n[pgbouncer]\nlisten_addr =\nunix_socket_dir = %s\nlisten_port = 6432\n"
                       "auth_type = any\npool_mode = session\nignore_startup_parameters = options,extra_float_digits\n"
                       "max_client_conn = 200\ndefault_pool_size = 60\nserver_lifetime = 60\n" % (run, tmp_path))
        # "any" gives all clients one user; the owner's rights are enough here.
        ini.write_text(ini.read_text().replace("host=" + run, "host=%s user=postgres" % run))
        command = [shutil.which("pgbouncer"), "-q", str(ini)]
        command = the_script().dropping(str(tmp_path)) + command
        bouncer = subprocess.Popen(command, cwd="/", stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            wait_for(lambda: os.path.exists(tmp_path / ".s.PGSQL.6432"), 10)
            env = os.path.join(system.dir, "more.env")
            with open(env, "w", encoding="utf-8") as file:
                file.write("DATABASE_URL=postgresql:///isp?host=%s&port=6432\n" % tmp_path)
            system.up("--env", env, "--without", "timers")
            assert health(system) == 200
            assert "isp-api" in on(run)
            with Load(system) as load:  # its rows are read and written as everywhere
                wait_for(lambda: load.taken > 5, 10)
            listed = system.get("/api/customers?per_page=1", headers=load.headers)[2]
            assert listed["total"] == load.taken and load.failed == set()
            made = datetime.datetime.fromisoformat(listed["data"][0]["created_at"].replace("Z", "+00:00"))
            assert abs((datetime.datetime.now(datetime.timezone.utc) - made).total_seconds()) < 60
            done = system.run("exec", "--", "billing-cron", "--date", "2026-12-01", "--ahead")
            assert done.returncode == 0, done
        finally:
            system.run("down")
            bouncer.terminate()
            bouncer.wait()
    finally:
        system.close()
