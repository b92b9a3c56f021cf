"""Two servers by streaming replication: every program is on the primary, and health says ok only there.

With host=A,B and A away for a moment every program stayed on the read-only B for ever, and health was ok.
And a pooler in front, whose sessions have settings of their own."""
import importlib.machinery
import importlib.util
import os
import shutil
import subprocess
import sys
import time

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from stackdir import TOP, System  # noqa: E402

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
            conf.write("unix_socket_directories = '%s'\n" % run[1])
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
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "not within %s s" % seconds
        time.sleep(0.05)


def health(system):
    return system.get("/api/health")[0]


def sessions(run, program):
    """How many sessions of a program a server has."""
    out = subprocess.run(["psql", "-XAtq", "-h", run, "-U", "postgres", "isp", "-c",
                          "SELECT count(*) FROM pg_stat_activity WHERE application_name = '%s'" % program],
                         capture_output=True, text=True, check=True).stdout
    return int(out)


def test_every_program_follows_the_primary(pair):
    system, standby = pair
    assert health(system) == 200
    db("down", system.dir)  # A is away, B is a standby: read-only is not well
    wait_for(lambda: health(system) == 503, SECONDS)
    time.sleep(1)
    assert health(system) == 503
    for program in ("isp-api", "router-sync", "gateway-sync"):
        assert sessions(os.path.join(standby, "run"), program) == 0, program + " is on the standby"
    db("up", system.dir)  # and back
    wait_for(lambda: health(system) == 200, SECONDS)
    db("down", system.dir)
    subprocess.run(["psql", "-XAtq", "-h", os.path.join(standby, "run"), "-U", "postgres", "isp", "-c", "SELECT pg_promote()"],
                   check=True, stdout=subprocess.DEVNULL)
    wait_for(lambda: health(system) == 200, SECONDS)
    wait_for(lambda: sessions(os.path.join(standby, "run"), "router-sync") > 0, SECONDS)
    wait_for(lambda: sessions(os.path.join(standby, "run"), "gateway-sync") > 0, SECONDS)


@pytest.mark.skipif(not shutil.which("pgbouncer"), reason="scripts/deps installs pgbouncer")
def test_a_pooler_in_session_mode(tmp_path):
    """PgBouncer ignores the options of a connection: the statements then ran without time-outs, in another time zone."""
    system = System()
    try:
        db("up", system.dir)
        db("deploy", system.dir)
        run = os.path.join(system.dir, "run")
        subprocess.run(["psql", "-XAtq", "-h", run, "-U", "postgres", "isp", "-c", "ALTER DATABASE isp SET timezone = 'Asia/Tokyo'",
                        "-c", "ALTER DATABASE isp SET default_transaction_isolation = 'repeatable read'",
                        "-c", "ALTER DATABASE isp SET statement_timeout = 0",
                        "-c", "ALTER DATABASE isp SET standard_conforming_strings = off",
                        "-c", "ALTER DATABASE isp SET datestyle = 'German'"], check=True)
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
            assert sessions(run, "isp-api") > 0
            done = system.run("exec", "--", "billing-cron", "--date", "2026-12-01", "--ahead")
            assert done.returncode == 0, done
        finally:
            system.run("down")
            bouncer.terminate()
            bouncer.wait()
    finally:
        system.close()
