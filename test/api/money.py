"""A private PostgreSQL with our schema alone, for tests that drive the SQL functions themselves."""
import itertools
import os
import shutil
import subprocess
import tempfile

import psycopg2
import psycopg2.extras
import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DB = os.path.join(TOP, "scripts", "db")


class Cluster:
    def __init__(self):
        build = os.environ.get("ISP_BUILD") or os.path.join(TOP, "build")
        os.makedirs(build, exist_ok=True)
        self.dir = tempfile.mkdtemp(prefix="money.", dir=build if len(build) < 60 else None)
        self.names = itertools.count(1)

    def db(self, *args):
        env = dict(os.environ, ISP_STACK_FAST="1")
        done = subprocess.run([DB, *args], env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def up(self):
        self.db("up", "--dir", self.dir)
        return self

    def down(self):
        self.db("down", "--dir", self.dir)
        shutil.rmtree(self.dir)

    def fresh(self):
        """A function that connects to a new migrated database, settled as lib/db settles sessions."""
        uri = self.db("fresh", "--dir", self.dir, "money_%d" % next(self.names))

        def connect():
            conn = psycopg2.connect(uri, options="-c plan_cache_mode=force_generic_plan -c jit=off -c timezone=UTC"
                                                 " -c client_min_messages=warning")
            conn.autocommit = True
            return conn
        return connect


@pytest.fixture(scope="module")
def cluster():
    cluster = Cluster()
    try:
        yield cluster.up()
    finally:
        cluster.down()


@pytest.fixture
def money_db(cluster):
    """Connects to a database of this test's own; afterwards every invariant must hold there."""
    connect = cluster.fresh()
    yield connect
    with connect() as conn, conn.cursor() as cursor:
        cursor.execute("SELECT * FROM check_invariants()")
        assert cursor.fetchall() == []
