"""The seeds: first.sql and demo.sql can be applied again, dev_admin.sql is not for production."""
import os
import subprocess
import sys

import psycopg2
import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "test", "api"))
from money import cluster, money_db  # noqa: E402,F401 (fixtures)


def seed(connect, name, **env):
    """As scripts/stack does it: the owner, one transaction, the program's environment."""
    conn = connect()
    target = conn.get_dsn_parameters()
    conn.close()
    env = {**{k: v for k, v in os.environ.items() if k != "APP_ENV"}, **env, "PGHOST": target["host"], "PGUSER": "isp_owner",
           "PGDATABASE": target["dbname"], "PGOPTIONS": "-c client_min_messages=warning"}
    return subprocess.run(["psql", "-Xq1", "-v", "ON_ERROR_STOP=1", "-v", "router_port=8728",
                           "-f", os.path.join(TOP, "sql", "seed", name + ".sql")],
                          env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


def rows(connect, text):
    conn = connect()
    cursor = conn.cursor()
    cursor.execute(text)
    found = cursor.fetchall()
    conn.close()
    return found


def applied(connect, name):
    done = seed(connect, name)
    assert done.returncode == 0 and done.stdout == "", done.stdout + done.stderr


def test_first(money_db):  # noqa: F811
    for _ in range(2):
        applied(money_db, "first")
        assert rows(money_db, "SELECT bandwidth, price, router_profile, validity_days FROM packages ORDER BY price") == [
            ("10M/10M", 150000, "10-mbps", 30), ("20M/20M", 250000, "20-mbps", 30),
            ("50M/50M", 400000, "50-mbps", 30), ("100M/100M", 600000, "100-mbps", 30)]
        assert rows(money_db, "SELECT name, host, port, is_active FROM router_settings") == [
            ("Main Router", "192.168.88.1", 8728, False)]
        assert rows(money_db, "SELECT router_is_seed(r) FROM router_settings r") == [(True,)], "MIKROTIK_HOST may take it"


def test_first_brings_nothing_back(money_db):  # noqa: F811
    applied(money_db, "first")
    conn = money_db()
    conn.cursor().execute("DELETE FROM packages WHERE price > 200000; DELETE FROM router_settings;"
                          "INSERT INTO router_settings (name, host, username) VALUES ('Mine', '10.0.0.1', 'x')")
    conn.close()
    applied(money_db, "first")
    assert rows(money_db, "SELECT count(*) FROM packages") == [(1,)]
    assert rows(money_db, "SELECT name FROM router_settings") == [("Mine",)]


def test_dev_admin(money_db):  # noqa: F811
    for _ in range(2):
        assert seed(money_db, "dev_admin", APP_ENV="local").returncode == 0
        assert rows(money_db, "SELECT email, role, is_active, password LIKE '$argon2id$%' FROM users") == [
            ("admin@ispbilling.com", "admin", True, True)]


@pytest.mark.parametrize("environment", ["production", "", "staging"])
def test_dev_admin_is_refused(money_db, environment):  # noqa: F811
    """Bug: the seed was refused in production only: without APP_ENV the admin had a password that everybody knows."""
    done = seed(money_db, "dev_admin", APP_ENV=environment)
    assert done.returncode != 0
    assert "only where APP_ENV is local or testing" in done.stderr
    assert rows(money_db, "SELECT count(*) FROM users") == [(0,)]


def test_a_customer_cannot_be_deleted(money_db):  # noqa: F811
    """Not by the seeds' owner either, once there is money."""
    applied(money_db, "first")
    conn = money_db()
    cursor = conn.cursor()
    cursor.execute("INSERT INTO customers (name) VALUES ('C') RETURNING id")
    cursor.execute("SELECT subscription_create(jsonb_build_object('customer_id', %s, 'package_id', (SELECT id FROM packages"
                   " LIMIT 1), 'mikrotik_username', 'u', 'mikrotik_password', 'x', 'issue_invoice', true), '2026-01-01')",
                   cursor.fetchone())
    with pytest.raises(psycopg2.errors.ForeignKeyViolation):
        cursor.execute("DELETE FROM customers")
    conn.close()


def test_demo(money_db):  # noqa: F811
    """A town in which every screen has something to show; money_db checks the invariants."""
    applied(money_db, "first")
    applied(money_db, "demo")
    counts = rows(money_db, "SELECT (SELECT count(*) FROM customers), (SELECT count(*) FROM invoices),"
                            " (SELECT count(*) FROM payments)")
    assert counts[0][0] == 60 and counts[0][1] > 300 and counts[0][2] > 300
    assert {"active", "suspended", "expired", "cancelled"} == {
        row[0] for row in rows(money_db, "SELECT DISTINCT status FROM subscriptions")}
    assert {"unpaid", "paid", "overdue"} <= {row[0] for row in rows(money_db, "SELECT DISTINCT status FROM invoices")}
    assert rows(money_db, "SELECT count(DISTINCT date_trunc('month', created_at)) >= 12 FROM payments") == [(True,)]
    # Rows of today had a time of this evening: "recent payments" lay in the future.
    assert rows(money_db, "SELECT count(*) FROM (SELECT created_at FROM payments UNION ALL SELECT payment_date FROM payments"
                          " UNION ALL SELECT created_at FROM invoices UNION ALL SELECT created_at FROM billing_logs"
                          " UNION ALL SELECT created_at FROM subscriptions) t WHERE created_at > now()") == [(0,)]
    # Bug: no night had a run: the first look at the town was an alert that billing is missing, and `ispctl health` failed.
    assert rows(money_db, "SELECT count(DISTINCT business_date), max(business_date) = business_today(), every(counts ? 'renew'"
                          " AND finished_at <= now()) FROM billing_runs") == [(366, True, True)]
    assert rows(money_db, "SELECT sum((counts -> 'renew' ->> 'done')::int) > 300, sum((counts -> 'suspend' ->> 'done')::int) > 10"
                          " FROM billing_runs") == [(True, True)]
    applied(money_db, "demo")
    assert rows(money_db, "SELECT (SELECT count(*) FROM customers), (SELECT count(*) FROM invoices),"
                          " (SELECT count(*) FROM payments)") == counts
