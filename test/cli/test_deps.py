"""scripts/deps by classes: what a server gets, and what make run says before it takes anything."""
import os
import re
import socket
import subprocess

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TOOLS = {"chromium", "clang-14", "clang", "clang-tidy-14", "clang-format-14", "cppcheck",
         "valgrind", "hey", "shellcheck", "mandoc", "snmpd", "python3-pytest", "libcmocka-dev",
         "universal-ctags", "pgbouncer", "lintian", "debhelper", "debootstrap"}
RIVALS = {"wrk", "strace", "fping", "cacti-spine", "mariadb-server"}


@pytest.fixture
def bare(tmp_path):
    """A machine on which no package is installed, without node and npm."""
    stub = tmp_path / "dpkg-query"
    stub.write_text("#!/bin/sh\nexit 1\n")
    stub.chmod(0o755)
    for name in ("sh", "awk", "sed", "sort", "cat", "wc", "dirname"):
        os.symlink("/usr/bin/" + name, tmp_path / name)

    def lacking(*classes):
        done = subprocess.run([os.path.join(TOP, "scripts/deps"), "--lacking", *classes], capture_output=True, text=True,
                              env={"PATH": str(tmp_path)}, check=False)
        assert done.returncode == 0, done
        return {line.split()[0]: line.split(None, 1)[1] for line in done.stdout.splitlines()}
    return lacking


def test_a_server_gets_no_tools(bare):
    building, running, testing, packaging = (bare(name) for name in ("building", "running", "testing", "packaging"))
    assert {"gcc", "libpq-dev"} <= set(building) and {"nginx", "sqitch", "python3"} <= set(running)
    assert not TOOLS & (set(building) | set(running))
    assert TOOLS - {"clang", "lintian", "debhelper"} <= set(testing) or "clang" in testing
    assert set(bare("measuring")) == RIVALS and not RIVALS & (set(building) | set(running) | set(testing))
    assert set(packaging) == {"debhelper", "lintian", "nodejs", "npm"}
    assert not set(testing) & (set(building) | set(running)), "a package stands in one class"
    assert not set(building) & set(running)
    assert bare() == {**building, **running, **testing}
    assert all(reason.strip() for reason in bare().values())


@pytest.mark.parametrize("target, classes", [("build", "building"), ("run", "building running"), ("test", ""),
                                             ("deb", "building packaging"), ("bench", "building running testing measuring"),
                                             ("install", None)])
def test_each_target_asks_for_its_classes(target, classes):
    with open(os.path.join(TOP, "Makefile"), encoding="utf-8") as file:
        makefile = file.read()
    recipe = re.search(r"(?m)^%s:.*\n((?:\t.*\n)*)" % target, makefile)
    asked = re.findall(r"scripts/deps *(.*)", recipe.group(1) + ("\t@scripts/deps\n" if ": deps\n" in recipe.group(0) else ""))
    assert asked == ([classes] if classes is not None else [])


def test_an_unknown_class_is_refused():
    done = subprocess.run([os.path.join(TOP, "scripts/deps"), "browsing"], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "browsing" in done.stderr and done.stderr.count("\n") == 1


def test_run_says_first_what_it_takes(tmp_path):
    env = dict(os.environ, ISP_BUILD=str(tmp_path))
    done = subprocess.run([os.path.join(TOP, "scripts/run"), "--plan"], capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 0 and re.search(r"about \d+ minutes and \d+ MB of disk", done.stdout), done


def test_a_taken_port_says_how_to_choose_another(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = subprocess.run([os.path.join(TOP, "scripts/stack"), "up", "--dir", str(tmp_path / "s"), "--port",
                               str(taken.getsockname()[1])], capture_output=True, text=True, check=False,
                              env=dict(os.environ, ISP_STACK_FAST="1"))
    assert done.returncode == 1 and "make run PORT=9000" in done.stderr, done
    subprocess.run([os.path.join(TOP, "scripts/stack"), "down", "--dir", str(tmp_path / "s")], capture_output=True, check=False)
