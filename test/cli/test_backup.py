"""scripts/backup and scripts/restore-test: a dump that restores, and one that breaks a rule."""
import os
import subprocess

import pytest
from test_commands import BUILD, TOP, System


@pytest.fixture(scope="module")
def system():
    made = System()
    yield made
    made.down()


def script(name, *words, **env):
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("DATABASE_URL", "DB_", "PG"))}
    return subprocess.run([os.path.join(TOP, "scripts", name), *words], capture_output=True, text=True, timeout=120,
                          env={**kept, "ISP_BUILD": BUILD, **env}, check=False)


def dump(system, tmp_path, *words):
    done = script("backup", str(tmp_path / "kept"), *words, ISP_ENV=system.env, PGUSER="postgres")
    assert done.returncode == 0, done
    return done.stdout.strip()


def test_a_backup_restores_and_keeps_every_rule(system, tmp_path):
    name = dump(system, tmp_path)
    assert os.stat(name).st_mode & 0o077 == 0, "nobody else may read it"
    done = script("restore-test", name, ISP_ENV=system.env)
    assert done.returncode == 0 and "every rule holds" in done.stdout, done
    assert system.sql("SELECT count(*), min(now() - taken_at) < interval '1 hour' FROM restore_proofs") == "1|t"


def test_ispctl_finds_the_database_by_its_env_option(system, tmp_path):
    """Bug: `ispctl --env FILE backup DIR`, as the manual's synopsis allows it, was no command."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("DATABASE_URL", "DB_", "PG", "ISP_ENV"))}
    env = {**env, "ISP_BUILD": BUILD, "ISP_SCRIPTS": os.path.join(TOP, "scripts")}

    def ispctl(*words):
        return subprocess.run([os.path.join(BUILD, "bin", "ispctl"), *words], capture_output=True, text=True, timeout=120, env=env,
                              check=False)
    for words in (("--env", system.env), ("--env=" + system.env,)):
        done = ispctl(*words, "backup", str(tmp_path / "kept"))
        assert done.returncode == 0 and os.path.exists(done.stdout.strip()), done
    for command in ("setup", "upgrade"):  # they write /etc/isp-billing/isp.env and know no other
        done = ispctl("--env", system.env, command)
        assert done.returncode == 2 and done.stderr == "ispctl: %s takes no --env; see ispctl --help\n" % command, done
    assert ispctl("--env", "", "backup", str(tmp_path)).returncode == 2


def test_a_restored_system_that_breaks_a_rule_is_reported(system, tmp_path):
    system.sql("INSERT INTO customers (name, credit) VALUES ('Credit out of nothing', 5)")
    try:
        done = script("restore-test", dump(system, tmp_path))
        assert done.returncode == 1 and "credit" in done.stdout, done
    finally:
        system.sql("DELETE FROM customers WHERE name = 'Credit out of nothing'")


def test_bad_words_are_one_line_and_leave_nothing(system, tmp_path):
    """Bug: KEEP 010 kept eight and 99999999999999999999 none of what it should; half a file of a copy that was cut off
    started a cluster first."""
    half, text, kept = tmp_path / "half.dump", tmp_path / "text", tmp_path / "kept"
    with open(dump(system, tmp_path), "rb") as file:
        half.write_bytes(file.read()[:20000])
    text.write_text("no dump\n", encoding="ascii")
    whole = sorted(os.listdir(kept))
    bad = [("restore-test", *words) for words in ((), (half,), (text,), (tmp_path,), (tmp_path / "none",), ("--newest", tmp_path),
                                                  ("--newest",), ("--oldest", kept))]
    bad += [("backup", *words) for words in ((), ("",), (text,), (kept, ""), (kept, "0"), (kept, "010"), (kept, "-1"), (kept, "x"),
                                             (kept, "99999999999999999999"), (kept, "3", "more"))]
    bad += [("restore", *words) for words in ((), (half,), (half, "--into"), (half, "--into", "a b"), (half, "--into", "1a"),
                                              (half, "--in", "x"), (text, "--into", "x"), (tmp_path / "none", "--into", "x"))]
    for name, *words in bad:
        done = script(name, *map(str, words), ISP_ENV=system.env, PGUSER="postgres", TMPDIR=str(tmp_path))
        assert done.returncode in (1, 2) and len(done.stderr.splitlines()) == 1 and done.stdout == "", (name, words, done)
    assert sorted(os.listdir(kept)) == whole and sorted(os.listdir(tmp_path)) == ["half.dump", "kept", "text"]


def test_only_the_newest_are_kept(system, tmp_path):
    kept = tmp_path / "kept"
    kept.mkdir()
    for day in range(10, 15):
        (kept / ("isp-202601%dT000000Z.dump" % day)).write_text("old")
    newest = dump(system, tmp_path, "3")
    assert sorted(os.listdir(kept)) == ["isp-20260113T000000Z.dump", "isp-20260114T000000Z.dump", os.path.basename(newest)]


def test_half_a_dump_gets_no_name(system, tmp_path):
    done = script("backup", str(tmp_path / "kept"), DATABASE_URL="host=/nowhere")
    assert done.returncode != 0 and os.listdir(tmp_path / "kept") == [], done


def test_the_database_in_parts(system, tmp_path):
    """The database in DB_* keys, as the plan's own env file has it, read as the programs read it. Bug: no backup
    was made at all."""
    env = tmp_path / "isp.env"
    env.write_text("DATABASE_URL=\nDB_HOST=/nowhere\nDB_HOST=\"%s/run\" # the socket\nDB_PORT=5432  # as ever\n"
                   "  DB_DATABASE='isp'\r\nDB_USERNAME=postgres\nDB_PASSWORD='it is # odd'\n" % system.pg)
    done = script("backup", str(tmp_path / "kept"), ISP_ENV=str(env))
    assert done.returncode == 0 and os.path.getsize(done.stdout.strip()) > 10000, done
    done = script("backup", str(tmp_path / "other"), ISP_ENV=str(env), DB_HOST="/nowhere")
    assert done.returncode != 0 and "/nowhere" in done.stderr, "the environment goes before the file"
    done = script("backup", str(tmp_path / "other"), ISP_ENV=str(env), DATABASE_URL="host=/nowhere/else")
    assert done.returncode != 0 and "/nowhere/else" in done.stderr, done


def test_no_password_stands_on_a_command_line(system, tmp_path):
    """Every user of the machine reads command lines: `ps` showed DATABASE_URL with its password."""
    seen, tools = tmp_path / "seen", tmp_path / "tools"
    tools.mkdir()
    real = subprocess.run(["which", "pg_dump"], capture_output=True, text=True, check=True).stdout.strip()
    (tools / "pg_dump").write_text("#!/bin/sh\nfor pid in $$ $PPID; do tr '\\0' ' ' </proc/$pid/cmdline; done >%s\n"
                                   "exec %s \"$@\"\n" % (seen, real))
    (tools / "pg_dump").chmod(0o755)
    done = script("backup", str(tmp_path / "kept"), PATH="%s:%s" % (tools, os.environ["PATH"]),
                  DATABASE_URL="postgresql://postgres:sesame@/isp?host=%s/run" % system.pg)
    assert done.returncode == 0, done
    assert "pg_dump" in seen.read_text() and "sesame" not in seen.read_text()


def test_no_database_is_reported(tmp_path):
    env = tmp_path / "isp.env"
    env.write_text("# DATABASE_URL=host=/nowhere\nAPP_ENV=local\n")
    for path in (str(env), str(tmp_path / "none")):
        done = script("backup", str(tmp_path / "kept"), ISP_ENV=path)
        assert done.returncode == 1 and path in done.stderr and not (tmp_path / "kept").exists(), done
