"""Every change of sql/sqitch.plan can be deployed, verified, reverted and deployed again, and its
verify script misses nothing: each column, index and constraint is taken away once.

Sqitch is slow, so it runs all changes at once, and the steps in between run the scripts themselves."""
import glob
import os
import subprocess
import sys

import psycopg2
import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PSQL = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]  # the program: Debian's wrapper starts Perl for each change
sys.path.insert(0, os.path.join(TOP, "test", "api"))
from money import Cluster  # noqa: E402


def plan():
    with open(os.path.join(TOP, "sql", "sqitch.plan"), encoding="utf-8") as file:
        return [line.split()[0] for line in file if line.strip() and not line.startswith("%")]


@pytest.fixture(scope="module")
def cluster():
    cluster = Cluster()
    try:
        yield cluster.up()
    finally:
        cluster.down()


def tables(cluster, name):
    """The tables of ours in a database."""
    with psycopg2.connect(host=os.path.join(cluster.dir, "run"), user="isp_owner", dbname=name) as conn, conn.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')")
        return {row[0] for row in cursor.fetchall()}


class Database:
    """Empty, owned by isp_owner, as scripts/db makes it."""

    def __init__(self, cluster, name, options=""):
        self.cluster, self.host, self.name = cluster, os.path.join(cluster.dir, "run"), name
        conn = self.connect("postgres", "postgres")
        conn.autocommit = True
        cursor = conn.cursor()
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = 'isp_owner'")
        if not cursor.fetchone():
            cursor.execute("CREATE ROLE isp_owner LOGIN")
        cursor.execute("CREATE DATABASE %s OWNER isp_owner %s" % (name, options))
        conn.close()

    def connect(self, user="isp_owner", name=None):
        return psycopg2.connect(host=self.host, user=user, dbname=name or self.name)

    def sqitch(self, *args, ok=True):
        env = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "SQITCH"))}
        env.update(PATH=PSQL + ":" + os.environ["PATH"], PGHOST=self.host, PGUSER="isp_owner", PGDATABASE=self.name, LC_ALL="C.UTF-8", TZ="UTC",
                   SQITCH_FULLNAME="Test", SQITCH_EMAIL="test@localhost",
                   PGOPTIONS="-c client_min_messages=warning")
        done = subprocess.run(["sqitch", args[0], *args[1:], "db:pg:" + self.name], cwd=os.path.join(TOP, "sql"),
                              env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, check=False)
        assert (done.returncode == 0) == ok, done.stdout
        return done.stdout

    def tables(self):
        return tables(self.cluster, self.name)

    def execute(self, text):
        conn = self.connect()
        conn.autocommit = True
        conn.cursor().execute(text)
        conn.close()

    def run(self, kind, change):
        """The deploy or revert script of one change."""
        self.execute(script(kind, change))

    def verify(self, change):
        with self.connect() as conn, conn.cursor() as cursor:
            cursor.execute(verify_script(change))
            conn.rollback()

    def parts(self):
        with self.connect() as conn, conn.cursor() as cursor:
            return parts(cursor)

    def rest(self):
        """The texts of alerts, functions, how tables are stored, and how closely columns are counted: a change may be of
        those alone."""
        with self.connect() as conn, conn.cursor() as cursor:
            cursor.execute(REST)
            rest = set(cursor.fetchall())
            if "alert_texts" in self.tables():
                cursor.execute("SELECT name, title_id, message_id, title_en, message_en FROM alert_texts")
                rest |= set(cursor.fetchall())
            return rest


def script(kind, change):
    with open(os.path.join(TOP, "sql", kind, change + ".sql"), encoding="utf-8") as file:
        return file.read()


def verify_script(change):
    """Without its transaction: the test has one of its own."""
    return script("verify", change).replace("\nBEGIN;\n", "\n", 1).replace("\nROLLBACK;\n", "\n")


REST = """
SELECT c.relname::text, c.reloptions::text FROM pg_class c
 WHERE c.relnamespace = 'public'::regnamespace AND c.reloptions IS NOT NULL AND NOT c.relispartition
UNION ALL
SELECT p.oid::regprocedure::text, p.prosrc FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
UNION ALL
SELECT a.attrelid::regclass || '.' || a.attname, a.attstattarget::text FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
 WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND a.attstattarget > 0
"""

# Functions of sql/functions as they were before a change that takes them away and does nothing else.
TAKEN_AWAY = {
    "snmp_dropped": "snmp_store_samples(uuid[], numeric[], numeric[], int[], bigint[], bigint[], bigint[], text[],"
                    " bigint[], bigint[], int[], text[], bigint[], text)",
}


def bring_back(database, change):
    if change in TAKEN_AWAY:
        database.execute("CREATE FUNCTION %s RETURNS void LANGUAGE sql AS ''" % TAKEN_AWAY[change])


def test_each_change_there_and_back(cluster):
    """Bug: changes of a table's storage, of a function and of one that is taken away were none to this test,
    and two of their verify scripts passed after the revert, too."""
    database, before = Database(cluster, "there_and_back"), {}
    for change in plan():
        bring_back(database, change)
        before[change] = database.tables(), database.rest()
        had = database.parts()
        database.run("deploy", change)
        database.verify(change)
        assert database.parts() != had or database.rest() != before[change][1], "%s changes nothing" % change
    for change in reversed(plan()):
        database.run("revert", change)
        bring_back(database, change)
        assert (database.tables(), database.rest()) == before[change], "%s leaves something behind" % change
        with pytest.raises(psycopg2.Error):
            database.verify(change)
        if change in TAKEN_AWAY:
            database.execute("DROP FUNCTION " + TAKEN_AWAY[change])
    database.sqitch("deploy", "--verify")
    database.sqitch("verify")
    database.sqitch("revert", "-y")
    assert database.tables() == set()


def test_a_database_of_another_encoding_is_refused(cluster):
    """Bug: names were cut inside a character in such a database, and no program could read them back."""
    database = Database(cluster, "bytes", "ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
    assert "SQL_ASCII, not UTF8" in database.sqitch("deploy", ok=False)
    assert database.tables() == set()


def test_whole_system_there_and_back(cluster):
    """With roles, functions and views on top, as an installation has them."""
    cluster.db("deploy", "--dir", cluster.dir, "--name", "whole")
    cluster.db("verify", "--dir", cluster.dir, "--name", "whole")
    had = tables(cluster, "whole")
    cluster.db("revert", "--dir", cluster.dir, "--name", "whole")
    assert tables(cluster, "whole") == set()
    cluster.db("deploy", "--dir", cluster.dir, "--name", "whole")
    cluster.db("deploy", "--dir", cluster.dir, "--name", "whole")
    cluster.db("verify", "--dir", cluster.dir, "--name", "whole")
    assert tables(cluster, "whole") == had, "a deploy after a revert found the database current and did nothing"


# Key columns take their keys with them, so these are not asked of an index or a constraint again.
PARTS = """
SELECT format('ALTER TABLE %I DROP COLUMN %I CASCADE', c.relname, a.attname)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped AND NOT c.relispartition
  AND NOT EXISTS (SELECT FROM pg_partitioned_table p WHERE p.partrelid = c.oid AND a.attnum = ANY(p.partattrs))
UNION ALL
SELECT format('ALTER TABLE %I DROP CONSTRAINT %I CASCADE', c.relname, k.conname)
FROM pg_class c JOIN pg_constraint k ON k.conrelid = c.oid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND k.contype <> 'p' AND NOT c.relispartition
UNION ALL
SELECT format('DROP INDEX %I', i.relname)
FROM pg_class c JOIN pg_index x ON x.indrelid = c.oid JOIN pg_class i ON i.oid = x.indexrelid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.oid AND k.contype IN ('p', 'u', 'x'))
"""


def parts(cursor):
    """Statements that each drop one column, constraint or index of the schema."""
    cursor.execute(PARTS)
    return {row[0] for row in cursor.fetchall()}


def test_verify_misses_nothing(cluster):
    """Each change's verify script fails when any one part of the change is missing.  `sqitch verify` asks all scripts
    of the newest schema, so parts that a later change drops again are left out."""
    database, missed, tried = Database(cluster, "misses"), [], 0
    whole = Database(cluster, "misses_whole")
    whole.sqitch("deploy")
    with whole.connect() as conn, conn.cursor() as cursor:
        kept = parts(cursor)
    before = set()
    for change in plan():
        database.run("deploy", change)
        conn = database.connect()
        cursor = conn.cursor()
        after = parts(cursor)
        cursor.execute(verify_script(change))
        conn.rollback()
        for part in sorted((after - before) & kept):
            cursor.execute(part)
            try:
                cursor.execute(verify_script(change))
                missed.append("%s: %s" % (change, part))
            except psycopg2.Error:
                tried += 1
            conn.rollback()
        before = after
        conn.close()
    assert not missed, "verify passes after\n" + "\n".join(missed)
    assert tried > 200
