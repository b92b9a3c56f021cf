"""scripts/stack as contract 10 promises it."""
import datetime
import glob
import importlib.machinery
import importlib.util
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import zoneinfo

import pytest
from stackdir import BUILD, TOP, System, run


def living(pid):
    """A process that is more than an entry its parent has not read yet."""
    try:
        with open("/proc/%d/stat" % pid, encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def answers(system, status):
    """Waits until health answers so: a program that was just started listens before its database has answered."""
    limit = time.monotonic() + 10
    while (answer := system.get("/api/health"))[0] != status and time.monotonic() < limit:
        time.sleep(0.05)
    assert answer[0] == status, answer


@pytest.fixture(name="system", scope="module")
def _system():
    system = System()
    system.up()
    yield system
    system.close()


@pytest.fixture(name="own")
def _own():
    """A directory of the test's own, not up yet."""
    system = System()
    yield system
    system.close()


def test_up_says_where_it_is(system):
    assert system.words == {"url": system.url, "dir": system.dir}
    status, _, body = system.get("/api/health")
    assert (status, body["status"]) == (200, "ok")


def test_up_again_returns_at_once_and_starts_nothing(system):
    before, took = {name: system.pid(name) for name in ("nginx", "isp-api")}, []
    for _ in range(3):
        begun = time.monotonic()
        again = run("up", "--dir", system.dir)
        took.append(time.monotonic() - begun)
        assert again.returncode == 0
        assert again.stdout.split()[0] == "url=" + system.url
    assert min(took) < 2, took
    assert before == {name: system.pid(name) for name in ("nginx", "isp-api")}


def test_two_side_by_side(system, own):
    own.up()
    assert own.url != system.url
    assert own.env()["APP_KEY"] != system.env()["APP_KEY"]
    assert own.run("down").returncode == 0
    assert own.processes() == {}
    assert system.get("/api/health")[0] == 200
    assert system.run("status").returncode == 0


def test_processes_are_on_their_own(system):
    """Sessions of their own, stdin from /dev/null, and nothing of ours held open."""
    ours = {os.readlink("/proc/self/fd/%s" % fd) for fd in os.listdir("/proc/self/fd")
            if os.path.exists("/proc/self/fd/%s" % fd)}
    for name in ("nginx", "isp-api"):
        pid = system.pid(name)
        assert os.getsid(pid) == pid
        files = {fd: os.readlink("/proc/%d/fd/%s" % (pid, fd)) for fd in os.listdir("/proc/%d/fd" % pid)}
        assert files["0"] == "/dev/null"
        assert files["2"] == os.path.join(system.dir, "log", name + ".log")
        assert not {f for f in files.values() if f.startswith("pipe:")} & ours


def test_postgres_has_no_port_and_no_root(system):
    with open(os.path.join(system.dir, "pg", "postmaster.pid"), encoding="utf-8") as file:
        pid = int(file.readline())
    assert os.stat("/proc/%d" % pid).st_uid != 0
    assert system.run("psql", "--", "-Atc", "SHOW listen_addresses").stdout.strip() == ""
    assert os.stat(os.path.join(system.dir, "run")).st_mode & 0o777 == 0o700


def test_exec_gives_environment_path_and_status(system):
    done = system.run("exec", "--", "sh", "-c", 'echo "$DATABASE_URL|$ISP_ENV|$(command -v isp-api)"; exit 7')
    assert done.returncode == 7
    assert done.stdout.strip() == "|".join(
        [system.env()["DATABASE_URL"], os.path.join(system.dir, "isp.env"), os.path.join(BUILD, "bin", "isp-api")])
    assert system.run("exec", "--", "no-such-program").returncode == 127


def test_psql_takes_arguments(system):
    done = system.run("psql", "--", "-At", "-c", "SELECT current_database(), current_user")
    assert done.stdout.strip() == "isp|postgres"


def test_restart_of_one_program(system):
    before = {name: system.pid(name) for name in ("nginx", "isp-api")}
    for name in ("nginx", "isp-api", "postgres"):
        assert system.run("restart", name).returncode == 0, name
    assert all(system.pid(name) != before[name] for name in before)
    limit = time.monotonic() + 10
    while system.get("/api/health")[0] != 200:
        assert time.monotonic() < limit
        time.sleep(0.05)
    assert run("restart", "--dir", system.dir, "no-such-program").returncode == 1


def test_down_leaves_no_process_even_of_a_killed_master(own):
    own.up()
    os.kill(own.pid("isp-api"), signal.SIGKILL)
    assert own.run("status").returncode == 1
    assert own.run("down").returncode == 0
    assert own.processes() == {}
    assert own.run("down").returncode == 0  # twice is no harm


def test_data_and_key_survive_down(own):
    own.up()
    key = own.env()["APP_KEY"]
    own.run("psql", "--", "-qc", "SET ROLE isp_owner", "-c", "CREATE TABLE kept ()")
    own.run("down")
    own.up()
    assert own.env()["APP_KEY"] == key
    assert own.run("psql", "--", "-qc", "TABLE kept").returncode == 0


def test_the_admin_of_development_is_reported_in_production(system):
    done = system.run("exec", "--", "env", "APP_ENV=production", "ispctl", "check")
    assert done.returncode == 1 and "admin@ispbilling.com has the password of development" in done.stderr, done
    assert system.run("exec", "--", "ispctl", "check").returncode == 0


def first_log_line(system, word, **env):
    """The line with this word that a second isp-api logs; None: it has none after 20 s.  It is stopped then."""
    sockets = tempfile.mkdtemp(prefix="isp-sockets.")
    child = subprocess.Popen([os.path.join(TOP, "scripts", "stack"), "exec", "--dir", system.dir, "--", "env",
                              "API_SOCKET_DIR=" + sockets, "API_LOGIN_WORKERS=1", *("%s=%s" % item for item in env.items()),
                              "isp-api"], stderr=subprocess.PIPE, text=True)
    timer = threading.Timer(20, child.terminate)
    timer.start()
    try:
        return next((line for line in child.stderr if word in line), None)
    finally:
        timer.cancel()
        child.terminate()
        child.communicate(timeout=30)
        shutil.rmtree(sockets)


def test_isp_api_warns_of_the_admin_of_development_in_production(system):
    """Bug: the seed of development was applied to a server, and only `ispctl check`, which no person ran, reported
    it."""
    line = first_log_line(system, "known_password", APP_ENV="production") or ""
    assert "level=warn" in line and "email=admin@ispbilling.com" in line and "ispctl user passwd" in line


@pytest.mark.skipif(os.geteuid() != 0, reason="needs a second user")
def test_another_user_reaches_no_worker(system):
    """Bug: the sockets were 0666 in a directory of 0755: every user of the machine could speak FastCGI to a worker."""
    for pool in ("fast", "login", "router", "gateway"):
        path = os.path.join(system.dir, "run", pool + ".sock")
        assert os.stat(path).st_mode & 0o777 == 0o660
        probe = "import socket,sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])"
        done = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "/usr/bin/python3", "-c", probe, path],
                              capture_output=True, text=True, check=False, cwd="/")
        assert done.returncode == 1 and "PermissionError" in done.stderr, done


def test_env_file_is_added(own):
    own.up("--env", env_file(own, "# a comment\nAPP_TODAY=2026-12-01\n"
                                  "FRONTEND_URL=http://a.example,http://b.example\n"))
    assert own.env()["APP_TODAY"] == "2026-12-01"
    assert own.env()["FRONTEND_URL"] == "http://a.example,http://b.example"


def test_the_settings_of_the_shell_lead_nowhere(own):
    """With a real system's isp.env sourced, every program of a test's stack read that system's database, Midtrans
    and router from its environment, which goes before the file."""
    with open(os.path.join(TOP, "lib", "base", "conf.h"), encoding="utf-8") as file:
        names = re.findall(r"^\tCONF_([A-Z][A-Z0-9_]+),$", file.read(), re.M)
    assert {"DATABASE_URL", "DB_HOST", "MIDTRANS_SERVER_KEY", "MIKROTIK_HOST", "MAIL_HOST"} <= set(names)
    poison = {name: "another-system" for name in names + ["PGHOST", "ISP_ENV", "CREDENTIALS_DIRECTORY"]}
    own.up("--env", env_file(own, "MAIL_HOST=mail.example\n"), env={**os.environ, **poison})
    for known in own.processes().values():
        assert b"another-system" not in known or b"postgres" in known.split(b"\0")[0], known
    shown = own.run("exec", "--", "env", env={**os.environ, **poison}).stdout
    assert "another-system" not in shown and "MAIL_HOST=mail.example\n" in shown
    assert own.run("psql", "--", "-Atc", "SELECT 1", env={**os.environ, **poison}).stdout == "1\n"


@pytest.mark.parametrize("line, value", [
    ("Asia/Jakarta", "Asia/Jakarta"), ('"Asia/Jakarta"', "Asia/Jakarta"), ("'a b'  # why", "a b"), ("a#b \t# c\r", "a#b"),
    ('"a # b" c', "a # b"), ("it's \"so\"", "it's \"so\""), ('" a"', " a"), ("'\"q'", '"q')])
def test_values_are_written_as_they_are_read(line, value, tmp_path):
    """isp-api --print-env is the one reader of env files."""
    script = the_script()
    stack = script.Stack(tmp_path)
    for number, text in enumerate((line, script.quoted_value(value))):
        path = tmp_path / str(number)
        path.write_text("APP_ENV=local\nMAIL_FROM_ADDRESS=%s\n" % text)
        assert script.read_env(stack, path)["MAIL_FROM_ADDRESS"] == value


@pytest.mark.parametrize("line, message", [
    ("MIDTRANS_SERVERKEY=x", "there is no setting MIDTRANS_SERVERKEY (the nearest is MIDTRANS_SERVER_KEY)"),
    ("MAIL_HOST = mail.example", "blanks beside = are not allowed"), ("export MAIL_HOST=mail.example", "export is not understood here"),
    ("nonsense", "this line is not NAME=value"), ("MAIL_PORT=many", "MAIL_PORT: many is no whole number from 1 to 65535")])
def test_a_bad_line_of_the_env_file_stops_every_program(line, message, tmp_path):
    """Bug: NAME = value, export and misspelt names were ignored: payments were off, and suspensions did not wait
    for Midtrans."""
    path = tmp_path / "isp.env"
    path.write_text("# ours\n%s\n" % line)
    for program in ("isp-api", "billing-cron", "gateway-sync", "ispctl"):
        words = ["check"] if program == "ispctl" else []
        done = subprocess.run([os.path.join(BUILD, "bin", program), "--env", path, *words], capture_output=True, text=True, check=False,
                              env={"PATH": "/usr/bin"}, timeout=60)
        assert done.returncode == 1 and done.stderr.count("\n") == 1, done
        assert message in done.stderr and str(path) in done.stderr, done.stderr


def test_a_file_the_programs_take_is_good_for_all(own):
    """Bug: `stack exec` passed APP_TIMEZONE on with its quotes, and the daily timer died of them, so that no
    customer was billed."""
    own.up("--env", env_file(own, "APP_TIMEZONE=\"Asia/Makassar\"  # WITA\nMAIL_FROM_NAME='Net # 1'\nAPP_DEBUG=true\n"),
           "--without", "router-sync,gateway-sync")
    done = own.run("exec", "--", "billing-cron", "--dry-run")
    assert done.returncode == 0, done
    assert "MAIL_FROM_NAME=Net # 1\n" in own.run("exec", "--", "env").stdout
    script = the_script()
    wait = script.until_due(script.Stack(own.dir), "billing-cron")
    due = datetime.datetime.fromtimestamp(time.time() + wait + 1,
                                          zoneinfo.ZoneInfo("Asia/Makassar"))
    assert (due.hour, due.minute) == (0, 5)
    assert own.run("status").returncode == 0, "the timer lives"


def test_writes_nothing_outside_its_directory(own):
    homes = [tempfile.mkdtemp(prefix="home.", dir=BUILD) for _ in range(3)]
    try:
        own.up(env=dict(os.environ, HOME=homes[0], TMPDIR=homes[1]), cwd=homes[2])
        own.get("/api/health")
        own.run("down")
        assert [os.listdir(home) for home in homes] == [[], [], []]
    finally:
        for home in homes:
            shutil.rmtree(home)


def test_a_long_directory_is_refused(tmp_path):
    deep = "/" + "d" * 80
    done = run("up", "--dir", deep)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1 and "80 bytes" in done.stderr
    assert run("status", "--dir", tmp_path / "none").returncode == 1


def test_a_directory_of_80_bytes_works():
    parent = tempfile.mkdtemp(prefix="isp.", dir="/tmp")
    system = System(parent)
    try:
        os.rmdir(system.dir)
        system.dir = os.path.join(parent, "d" * (80 - len(parent) - 1))
        system.up()
        assert len(system.dir) == 80
    finally:
        system.close()
        shutil.rmtree(parent)


def test_a_port_in_use_is_reported(own):
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        port = sock.getsockname()[1]
        done = run("up", "--dir", own.dir, "--port", port)
    assert done.returncode == 1
    assert "port %d" % port in done.stderr
    assert own.processes() == {}


def env_file(system, text):
    path = os.path.join(system.dir, "more.env")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def test_a_program_that_cannot_start_shows_its_log(own):
    done = own.run("up", "--port", 0, "--env", env_file(own, "API_SOCKET_DIR=/nowhere/at/all\n"))
    assert done.returncode == 1
    # Both programs that make a socket end; the first of them to end is named, with its log.
    assert re.search(r"(?s)stack: isp-(api|probe) ended \(status \d+\):\n.*isp-\1: /nowhere/at/all/\S+\.sock: No such file",
                     done.stderr), done.stderr
    assert own.processes() == {}


def test_a_malformed_key_is_refused_and_not_kept(own):
    """Bug: the malformed key was written to isp.env, over the key under which everything was sealed."""
    bad = env_file(own, "APP_KEY=nonsense\n")
    for _ in range(2):  # before there was any, and in the place of a good one
        done = own.run("up", "--port", 0, "--env", bad)
        assert done.returncode == 1 and done.stderr.count("\n") == 1, done
        assert "isp-api" in done.stderr and "APP_KEY" in done.stderr
        assert own.processes() == {}
        own.up()
        key = own.env()["APP_KEY"]
        assert key.startswith("base64:")
        own.run("down")
    own.up()
    assert own.env()["APP_KEY"] == key


@pytest.mark.parametrize("port", ["65536", "-1", "http", "99999999999999999999"])
def test_a_port_that_is_none_is_a_matter_of_usage(own, port):
    """It ended with a traceback of Python's, or with nginx's message five times."""
    done = own.run("up", "--port", port)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1 and "port" in done.stderr, done


def test_a_disabled_unit_is_not_restarted(own):
    """Bug: the disabled unit was started, and no status reported it."""
    own.up("--without", "router-sync,timers")
    for name in ("router-sync", "billing-cron", "sim-router"):
        done = own.run("restart", name)
        assert done.returncode == 1 and name in done.stderr, done
        assert not os.path.exists(os.path.join(own.dir, "run", name + ".pid"))
    assert own.run("restart", "isp-api").returncode == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has another user to be")
def test_below_a_home_nobody_else_may_enter():
    home = tempfile.mkdtemp(prefix="home.", dir=BUILD)
    assert os.stat(home).st_mode & 0o777 == 0o700
    system = System(home)
    try:
        system.up()
        assert system.get("/api/health")[0] == 200
    finally:
        system.close()
        shutil.rmtree(home)


@pytest.mark.skipif(os.geteuid() != 0, reason="every other test runs without root then")
def test_without_root():
    """As nobody, with a copy of what is needed: the checkout may lie below root's home."""
    nobody = pwd.getpwnam("nobody")
    top = tempfile.mkdtemp(prefix="isp.", dir="/tmp")
    try:
        for part in ("scripts", "sql", "nginx"):
            shutil.copytree(os.path.join(TOP, part), os.path.join(top, part))
        shutil.copytree(os.path.join(BUILD, "bin"), os.path.join(top, "build", "bin"))
        # The cluster that the other tests copy, too: without it this one would deploy the schema anew.
        for kept in sorted(glob.glob(os.path.join(BUILD, "pg.kept", "*", "")), key=os.path.getmtime)[-1:]:
            shutil.copytree(kept, os.path.join(top, "build", "pg.kept", os.path.basename(kept[:-1])))
        for place, _, names in os.walk(top):
            for path in [place] + [os.path.join(place, n) for n in names]:
                os.chown(path, nobody.pw_uid, nobody.pw_gid)

        def stack(*args):
            return subprocess.run(["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups",
                                   os.path.join(top, "scripts", "stack")] + list(args), capture_output=True, text=True,
                                  cwd=top, env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "ISP_STACK_FAST": "1"},
                                  timeout=120, check=False)
        done = stack("up", "--dir", "var", "--port", "0", "--tls")
        assert done.returncode == 0, done.stderr
        pids = [int(open(os.path.join(top, "var", "run", n + ".pid"), encoding="ascii").read())
                for n in ("nginx", "isp-api")]
        assert {os.stat("/proc/%d" % pid).st_uid for pid in pids} == {nobody.pw_uid}
        assert stack("down", "--dir", "var").returncode == 0
        assert not [pid for pid in pids if living(pid)]
    finally:
        subprocess.run([os.path.join(top, "scripts", "stack"), "down", "--dir", os.path.join(top, "var")],
                       capture_output=True, check=False)
        shutil.rmtree(top)


def the_script():
    """scripts/stack as a module."""
    loader = importlib.machinery.SourceFileLoader("stack", os.path.join(TOP, "scripts", "stack"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("stack", loader))
    loader.exec_module(module)
    return module


def test_the_daily_timer_is_due_at_five_past_midnight(system):
    """In the days of the business, wherever the machine stands; and a stack that comes up bills nobody."""
    script = the_script()
    for zone in ("Asia/Jakarta", "Pacific/Auckland", "America/St_Johns"):
        script.read_env = lambda *_, zone=zone: {"APP_TIMEZONE": zone}
        wait = script.until_due(script.Stack(system.dir), "billing-cron")
        due = datetime.datetime.fromtimestamp(time.time() + wait + 1, zoneinfo.ZoneInfo(zone))
        assert 0 < wait <= 25 * 3600 and (due.hour, due.minute) == (0, 5), due
    # The nights of the demonstration are runs that took no time.
    assert system.run("psql", "--", "-Atc", "SELECT count(*) FROM billing_runs WHERE duration_ms > 0").stdout == "0\n"
    assert system.pid("billing-cron")


def test_a_timer_waits_for_the_run_that_it_ends(own):
    """Bug: the timer ended at once, and `down` then killed the run in the middle of its chunk."""
    fake, said = os.path.join(own.dir, "billing-cron"), os.path.join(own.dir, "said")
    with open(fake, "w", encoding="utf-8") as file:
        file.write("#!/bin/sh\ntrap 'sleep 1; echo whole >>%s; exit 75' TERM\necho begun >%s\n"
                   "while :; do sleep 0.1; done\n" % (said, said))
    os.chmod(fake, 0o755)
    child = os.fork()
    if child == 0:
        script = the_script()
        script.BIN, script.until_due, script.conf_names = own.dir, lambda *_: 0, lambda: ()
        try:
            script.timer(script.Stack(own.dir), "billing-cron")
        except SystemExit:
            os._exit(0)
        os._exit(1)
    limit = time.monotonic() + 10
    while not os.path.exists(said) and time.monotonic() < limit:
        time.sleep(0.05)
    os.kill(child, signal.SIGTERM)
    assert os.waitpid(child, 0)[1] == 0
    with open(said, encoding="utf-8") as file:
        assert file.read() == "begun\nwhole\n"


def test_sockets_of_systemd_are_taken(system):
    """As sd_listen_fds(3) hands them over: from descriptor 3 on, by name; they are not ours to remove."""
    old = system.pid("isp-api")
    os.kill(old, signal.SIGTERM)
    limit = time.monotonic() + 20
    while living(old) and time.monotonic() < limit:
        time.sleep(0.02)
    names = ["gateway", "fast", "router", "login"]  # in an order of its own
    paths = [os.path.join(system.dir, "run", name + ".sock") for name in names]
    sockets = [socket.socket(socket.AF_UNIX) for _ in names]
    for path, sock in zip(paths, sockets):
        if os.path.exists(path):
            os.unlink(path)
        sock.bind(path)
        sock.listen(64)
    redirections = " ".join("%d<&%d" % (3 + i, s.fileno()) for i, s in enumerate(sockets))
    api = subprocess.Popen(["bash", "-c", "LISTEN_PID=$$ LISTEN_FDS=4 LISTEN_FDNAMES=%s exec %s/bin/isp-api --env %s %s" % (
        ":".join(names), BUILD, os.path.join(system.dir, "isp.env"), redirections)],
        pass_fds=[s.fileno() for s in sockets], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        answers(system, 200)
        assert system.get("/api/users")[0] == 401, "the login pool"
        assert system.get("/api/billing/preview")[0] == 401, "the gateway's"
        api.terminate()
        assert api.wait(20) == 0
        assert all(os.path.exists(path) for path in paths)
    finally:
        api.kill()
        api.wait()
        for path, sock in zip(paths, sockets):
            sock.close()
            os.unlink(path)
        assert system.run("restart", "isp-api").returncode == 0
    answers(system, 200)
