"""The town of the demonstration, made by older commits and brought to this version by scripts/schema: days, bills,
payments and credit of everybody stay, every rule holds, and the nights that follow keep to them.

The commits are the last one before the change `days` and, with ISP_SOAK=1, some between it and today. It needs the
history: without it (a package's source, a shallow clone) there is nothing to look at."""
import os
import subprocess

import pytest
from test_schema import psql, roles, schema  # noqa: F401 (fixture)
from test_sqitch import TOP, Database, cluster  # noqa: F401 (fixture)

from stackdir import BUILD

SNAPSHOT = ("SELECT md5(string_agg(t::text, '' ORDER BY t::text)), count(*) FROM (",
            "SELECT id, start_date, end_date, status, suspend_reason FROM subscriptions",
            "SELECT id, amount, paid_amount, status, due_date, period_start, period_end FROM invoices",
            "SELECT id, amount, status, received_on FROM payments", "SELECT id, credit FROM customers")
LATER = (0, 1, 2, 8, 30, 45)


def git(*words):
    done = subprocess.run(["git", "-C", TOP, *words], capture_output=True, text=True, check=False)
    return done.stdout.split() if done.returncode == 0 else []


def commits():
    """Commits of the history, oldest first: the last one before `days`, and every 250th after it."""
    first = git("log", "--first-parent", "--format=%H", "-S", "days [billing", "--", "sql/sqitch.plan")[-1:]
    if not first or not git("rev-parse", "--verify", first[0] + "^"):
        return []
    since = git("log", "--first-parent", "--reverse", "--format=%H", first[0] + "..HEAD")
    return [first[0] + "^"] + (since[::250] if os.environ.get("ISP_SOAK") == "1" else [])


def tree(commit, tmp_path):
    """The sql and scripts of a commit."""
    archive = subprocess.run(["git", "-C", TOP, "archive", commit, "sql", "scripts"], capture_output=True, check=True).stdout
    subprocess.run(["tar", "-x", "-C", str(tmp_path)], input=archive, check=True)
    return str(tmp_path)


def snapshot(database):
    return [psql(database, "-c", SNAPSHOT[0] + query + ") t") for query in SNAPSHOT[1:]]


def program(database, *words):
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "APP_", "DATABASE", "DB_", "MIDTRANS"))}
    env.update(DATABASE_URL="postgresql:///%s?host=%s" % (database.name, database.host), ISP_ENV="/dev/null", APP_ENV="local",
               APP_KEY="base64:" + "A" * 43 + "=")
    return subprocess.run([os.path.join(BUILD, "bin", words[0]), *words[1:]], capture_output=True, text=True, check=False, env=env)


def holds(database):
    done = program(database, "ispctl", "check")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr


@pytest.mark.parametrize("commit", commits())
def test_a_town_of_an_older_commit_is_carried_over(roles, commit, tmp_path):  # noqa: F811
    old = tree(commit, tmp_path)
    database = Database(roles, "town_" + commit[:8])
    subprocess.run(["psql", "-Xq", "-h", database.host, "-U", "postgres", "-d", "postgres", "-f", old + "/sql/cluster.sql"],
                   check=True, capture_output=True)
    done = schema(database, old)
    assert done.returncode == 0, done.stderr
    for seed in ("first", "demo"):
        psql(database, "-1", "-v", "router_port=8728", "-f", "%s/sql/seed/%s.sql" % (old, seed))
    before = snapshot(database)
    assert all(int(row.split("|")[1]) >= 60 for row in before), before

    done = schema(database)
    assert done.returncode == 0, done.stderr
    assert snapshot(database) == before
    holds(database)
    days = psql(database, "-c", "SELECT string_agg((business_today() + d)::text, ' ') FROM unnest('{%s}'::int[]) d"
                % ",".join(map(str, LATER))).split()
    for day in days:
        done = program(database, "billing-cron", "--date", day, "--ahead", "--force")
        assert done.returncode == 0, (day, done.stdout[-2000:], done.stderr)
    holds(database)
