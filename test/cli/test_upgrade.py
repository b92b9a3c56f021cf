"""ispctl setup and upgrade: from version 0.0.9 with its data, over a failure, and killed at random points.

Version 0.0.9 is the last commit of the history before the change `days` (bare.py). It is installed in a
fresh root and used; then this tree's package comes over it. Only in `make soak`.
"""
import os
import random
import signal
import subprocess
import time

import bare
import pytest

pytestmark = pytest.mark.skipif(os.environ.get("ISP_SOAK") != "1", reason="make soak: it installs a whole system")
SEED = int(os.environ.get("SEED") or time.time())
SETUP = "ispctl setup --url https://%s --admin %s --admin-password-file /root/password" % (bare.HOST, bare.ADMIN)
COUNTS = "SELECT (SELECT count(*) FROM customers), (SELECT count(*) FROM invoices), (SELECT sum(amount) FROM payments)"


@pytest.fixture(scope="module")
def root():
    made = bare.Root("bookworm")
    try:
        made.install(bare.old_package())
        made.write("root/password", bare.PASSWORD + "\n", 0o600)
        yield made
    finally:
        made.down()


@pytest.fixture(scope="module")
def old(root):
    """0.0.9, set up and used: a paid bill, an open one, and yesterday's data as a template to start from again."""
    root.run(SETUP)
    api = bare.Api(root)
    until_healthy(root)
    api.log_in()
    paid, _ = api.sell("Ibu Sari", "sari"), api.sell("Pak Budi", "budi")
    api("POST", "/api/invoices/%s/mark-paid" % paid["id"], {})
    root.kept = root.sql(COUNTS)
    return root


def until_healthy(root, seconds=30):
    end = time.monotonic() + seconds
    while root.run("curl -skf https://%s/api/health" % bare.HOST, ok=False).returncode != 0:
        assert time.monotonic() < end, "the API does not answer"
        time.sleep(0.3)


def changes(root):
    return root.sql("SELECT string_agg(change, ' ' ORDER BY committed_at) FROM sqitch.changes").split()


def new_plan(root):
    """The changes of the installed package: the tree may have gone on since it was built."""
    return [line.split()[0] for line in root.read("usr/share/isp-billing/sql/sqitch.plan").splitlines()
            if line and not line.startswith("%")]


def test_a_failed_upgrade_leaves_the_old_version_serving(old):
    """The new package is there, its programs are not started: the old ones go on with the old schema."""
    api, before = bare.Api(old).log_in(), changes(old)
    assert "days" not in before and len(before) == 10
    old.install(bare.package())
    plan, deploy = ("usr/share/isp-billing/sql/" + name for name in ("sqitch.plan", "deploy/broken.sql"))
    kept = old.read(plan)
    old.write(plan, kept + "broken [days] 2030-01-01T00:00:00Z Test <test@localhost> # fails\n")
    old.write(deploy, "BEGIN;\nCREATE TABLE half (i int);\nSELECT 1 / 0;\nCOMMIT;\n")
    old.write("usr/share/isp-billing/sql/verify/broken.sql", "SELECT i FROM half WHERE false;\n")
    done = old.run("ispctl upgrade", ok=False)
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and "division by zero" in done.stderr, done
    assert changes(old) == before and old.sql(COUNTS) == old.kept
    api("POST", "/api/invoices/%s/mark-paid" % api.sell("Bu Wati", "wati")["id"], {})
    old.kept = old.sql(COUNTS)
    old.write(plan, kept)
    for name in ("deploy", "verify"):
        os.unlink(old.path("usr/share/isp-billing/sql/%s/broken.sql" % name))


def kill_group(root, command, seconds):
    """Start a command and kill it with its children after a while; True when it ended before that."""
    child = subprocess.Popen(root.argv(command), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        child.wait(seconds)
        assert child.returncode == 0, child.stderr.read()
        return True
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        return False
    finally:
        child.stderr.close()


def test_an_upgrade_killed_at_random_points_ends_right(old):
    """Twenty kills, each followed by a run to the end; the schema of 0.0.9 comes back from a template in between."""
    pick = random.Random(SEED)
    old.run("for s in isp-api router-sync gateway-sync notifier; do kill $(cat /run/systemctl/$s.service); done; sleep 2")
    old.sql("CREATE DATABASE isp_old TEMPLATE isp", "postgres")
    before = changes(old)
    begun = time.monotonic()
    old.run("ispctl upgrade")
    whole, killed, points = time.monotonic() - begun, 0, []
    while killed < 20:
        old.sql("DROP DATABASE isp WITH (FORCE)", "postgres")
        old.sql("CREATE DATABASE isp TEMPLATE isp_old OWNER isp_owner", "postgres")
        assert changes(old) == before
        points.append(round(pick.uniform(0.05, whole), 2))
        killed += not kill_group(old, "ispctl upgrade", points[-1])
        done = old.run("ispctl upgrade", ok=False)
        assert done.returncode == 0, (SEED, points, done.stderr)
        assert sorted(changes(old)) == sorted(new_plan(old)) and old.sql(COUNTS) == old.kept, (SEED, points)
        check = old.run("ispctl check", ok=False)
        assert check.returncode == 0, (SEED, points, check.stdout, check.stderr)
    print("an upgrade takes %.1f s; killed after %s s" % (whole, points))


def test_the_new_version_serves_the_old_data(old):
    old.run("ispctl upgrade && systemctl restart isp-api router-sync gateway-sync notifier")
    until_healthy(old)
    api = bare.Api(old).log_in()
    assert api("GET", "/api/health")["version"] == "0.1.0"
    names = {row["name"] for row in api("GET", "/api/customers")["data"]}
    assert names == {"Ibu Sari", "Pak Budi", "Bu Wati"}
    bills = api("GET", "/api/invoices?per_page=100")["data"]
    assert sorted(bill["status"] for bill in bills) == ["paid", "paid", "unpaid"]
    owed = [bill for bill in bills if bill["status"] == "unpaid"][0]
    api("POST", "/api/invoices/%s/mark-paid" % owed["id"], {})
    assert old.run("ispctl check").returncode == 0
    old.run("env -i PATH=/usr/bin:/bin /usr/sbin/runuser -u isp-billing -- billing-cron --env /etc/isp-billing/isp.env")
    assert old.run("ispctl check").returncode == 0


def test_a_setup_killed_at_random_points_ends_right(root):
    """From nothing: no cluster, no configuration. Ten times two kills, then a run to the end."""
    pick = random.Random(SEED + 1)
    root.stop()

    def bare_again():
        root.stop()
        root.run("pg_dropcluster --stop 15 main || :; rm -rf /var/lib/postgresql/15 /etc/postgresql/15")
        root.run("cd /etc/isp-billing && rm -rf isp.env* tls cluster.making nginx/origins.conf* nginx/listen.conf* nginx/plain.conf*; "
                 "rm -f /etc/nginx/sites-*/isp-billing* /run/systemctl/* /run/isp-setup.lock")

    bare_again()
    begun = time.monotonic()
    root.run(SETUP)
    whole, killed, points = time.monotonic() - begun, 0, []
    while killed < 20:
        bare_again()
        points.append([])
        for _ in range(2):
            points[-1].append(round(pick.uniform(0.05, whole), 2))
            killed += not kill_group(root, SETUP, points[-1][-1])
        done = root.run(SETUP, ok=False)
        assert done.returncode == 0, (SEED, points, done.stderr)
        until_healthy(root)
        assert bare.Api(root).log_in()("GET", "/api/users")["total"] == 1
        assert sorted(changes(root)) == sorted(new_plan(root)), (SEED, points)
        check = root.run("ispctl check", ok=False)
        assert check.returncode == 0, (SEED, points, check.stdout, check.stderr)
    print("a setup takes %.1f s; killed after %s s" % (whole, points))
