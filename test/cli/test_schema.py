"""scripts/schema: a kill at any point, and an upgrade that fails, leave a database that the next run brings
to its end, and that the old version can serve until then."""
import os
import shutil
import subprocess

import pytest
from test_sqitch import TOP, Database, cluster, plan  # noqa: F401

BASELINE = plan()[:plan().index("days")]


def schema(database, top=TOP):
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "SQITCH", "ISP_SEED"))}
    return subprocess.run([os.path.join(top, "scripts", "schema")], capture_output=True, text=True, check=False,
                          env=dict(kept, PGHOST=database.host, PGUSER="isp_owner", PGDATABASE=database.name))


def psql(database, *words):
    done = subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", database.host, "-U", "isp_owner", "-d", database.name,
                           *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def recorded(database):
    return psql(database, "-c", "SELECT change FROM sqitch.changes ORDER BY committed_at").splitlines()


@pytest.fixture(scope="module")
def roles(cluster):  # noqa: F811
    done = subprocess.run(["psql", "-Xq", "-h", os.path.join(cluster.dir, "run"), "-U", "postgres", "-d", "postgres", "-f",
                           os.path.join(TOP, "sql", "cluster.sql")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return cluster


@pytest.fixture(scope="module")
def current(roles):
    """The clause by which a new database is a copy of one that scripts/schema has made."""
    done = schema(Database(roles, "current"))
    assert done.returncode == 0, done.stderr
    return "TEMPLATE current"


# One of them in make test: each takes ten seconds.
@pytest.mark.parametrize("change", plan()[1:] if os.environ.get("ISP_SOAK") == "1" else ["billing"])
def test_a_kill_between_a_change_and_its_record(roles, change):
    """Sqitch commits a change and then its row in the registry. Bug: after a kill in between, each later setup
    failed with "already exists"."""
    database, at = Database(roles, "killed_" + change), plan().index(change)
    database.sqitch("deploy", "--to", plan()[at - 1])
    psql(database, "-f", os.path.join(TOP, "sql", "deploy", change + ".sql"))
    done = schema(database)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == plan()[-1] and recorded(database) == plan()


def test_a_failed_upgrade_leaves_the_old_version_whole(roles, tmp_path):
    """The change `days` drops columns and functions of 0.0.9. Bug: an upgrade that failed after it left neither
    version. Bug: a change with a digit in its name was recorded and not made."""
    database = Database(roles, "failed")
    database.sqitch("deploy", "--to", BASELINE[-1])
    for folder in ("sql", "scripts"):
        shutil.copytree(os.path.join(TOP, folder), tmp_path / folder)
    with open(tmp_path / "sql/sqitch.plan", "a", encoding="utf-8") as file:
        file.write("broken [days] 2030-01-01T00:00:00Z Test <test@localhost> # fails\n")
    (tmp_path / "sql/deploy/broken.sql").write_text("BEGIN;\nCREATE TABLE half (i int);\nSELECT 1 / 0;\nCOMMIT;\n")
    (tmp_path / "sql/verify/broken.sql").write_text("SELECT i FROM half WHERE false;\n")
    before = database.tables()
    done = schema(database, str(tmp_path))
    assert done.returncode != 0 and "division by zero" in done.stderr
    assert database.tables() == before and recorded(database) == BASELINE
    assert psql(database, "-c", "SELECT count(*) FROM pg_attribute WHERE attname = 'resumed_on'") == "1"
    done = schema(database)
    assert done.returncode == 0 and recorded(database) == plan(), done.stderr
    for change in plan():
        database.verify(change)


def test_a_function_whose_parameter_has_another_name(roles, current):
    """Bug: PostgreSQL refuses to rename a parameter, so the upgrade from 0.0.9 failed."""
    database = Database(roles, "renamed", current)
    psql(database, "-c", "DROP FUNCTION add_months(date, int, int)", "-c",
         "CREATE FUNCTION add_months(other date, n int, at int) RETURNS date LANGUAGE sql AS 'SELECT other'")
    done = schema(database)
    assert done.returncode == 0, done.stderr
    assert psql(database, "-c", "SELECT proargnames[1] <> 'other' FROM pg_proc WHERE proname = 'add_months'") == "t"


def test_killed_before_an_upgrade_is_recorded(roles, current):
    """All changes of an upgrade are committed together, their records after them."""
    database = Database(roles, "unrecorded", current)
    gone = ",".join(plan()[len(BASELINE):])
    psql(database, "-c", "DELETE FROM sqitch.dependencies USING sqitch.changes c WHERE c.change_id = dependencies.change_id AND "
         "c.change = ANY('{%s}'); DELETE FROM sqitch.changes WHERE change = ANY('{%s}')" % (gone, gone))
    done = schema(database)
    assert done.returncode == 0 and recorded(database) == plan(), done.stderr
