"""scripts/setup: what it refuses before its first step. The steps themselves are followed in test_install.py."""
import argparse
import importlib.util
import os
import subprocess
from importlib.machinery import SourceFileLoader

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("ISP_BUILD") or os.path.join(TOP, "build"))


@pytest.fixture(name="setup", scope="module")
def _setup():
    loader = SourceFileLoader("isp_setup", os.path.join(TOP, "scripts", "setup"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("isp_setup", loader))
    loader.exec_module(module)
    return module


def words(**given):
    names = ("url", "admin", "admin_password_file", "certificate", "certificate_key", "cluster")
    return argparse.Namespace(**{**dict.fromkeys(names), "timezone": None, **given})


@pytest.mark.parametrize("url", ["https://billing.example.net", "http://10.0.0.7:8080", "https://[2001:db8::1]", "https://a.example:65535"])
def test_an_address_is_taken(setup, url):
    assert setup.check_url(url) == url and setup.check_url(url + "/") == url


@pytest.mark.parametrize("url", ["", "x", "ftp://x", "https://", "https://a b", "https://a;}", "https://a\nb", "https://me@a", "https://a/b",
                                 "https://a?b", "https://a#b", "https://a:0", "https://a:99999", "https://a:b", "https://-a", "https://a."])
def test_an_address_that_nginx_cannot_hold_is_refused(setup, url):
    """Bug: `https://a b` and `https://a;}` went into nginx's site, and port 99999 ended in a traceback."""
    with pytest.raises(setup.Failed) as refused:
        setup.check_words(words(url=url or " "))
    assert "--url" in str(refused.value)


@pytest.mark.parametrize("zone", ["Mars/Phobos", "", "../zoneinfo/Asia/Jakarta", "/usr/share/zoneinfo/Asia/Jakarta", "Asia", "Asia/Jakarta\n"])
def test_an_unknown_time_zone_is_refused(setup, zone):
    """Bug: it stood in isp.env, whose lines setup never changes, before the programs refused it."""
    with pytest.raises(setup.Failed):
        setup.check_words(words(timezone=zone))


def test_an_option_that_isp_env_contradicts_is_refused(setup, tmp_path, monkeypatch):
    """Bug: `setup --url` with a new address did nothing and said nothing; the line of isp.env is kept. Then it refused
    the same address in quotes: setup read isp.env by other rules than the programs."""
    env = tmp_path / "isp.env"
    env.write_text('APP_URL="https://a.example/"  # ours\nAPP_TIMEZONE=Asia/Makassar # WITA\n', encoding="ascii")
    monkeypatch.setattr(setup, "ENV", str(env))
    monkeypatch.setenv("PATH", os.path.join(BUILD, "bin"), prepend=os.pathsep)
    setup.check_words(words(url="https://a.example", timezone="Asia/Makassar"))
    for given in ({"url": "https://b.example"}, {"timezone": "Asia/Jakarta"}):
        with pytest.raises(setup.Failed) as refused:
            setup.check_words(words(**given))
        assert str(env) in str(refused.value)


def pair(tmp_path, name):
    paths = [str(tmp_path / (name + end)) for end in (".crt", ".key")]
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
                    "/CN=" + name, "-out", paths[0], "-keyout", paths[1]], check=True, capture_output=True)
    return paths


def test_a_certificate_must_be_one_with_its_key(setup, tmp_path):
    """Bug: nginx's site named files that nginx cannot read, and a run without them kept them."""
    (crt, key), (_, other), text = pair(tmp_path, "a"), pair(tmp_path, "b"), str(tmp_path / "text")
    with open(text, "w", encoding="ascii") as file:
        file.write("no certificate\n")
    setup.check_words(words(certificate=crt, certificate_key=key))
    for certificate, its_key in ((crt, None), (None, key), (crt, other), (text, key), (crt, text), (key, crt), (crt, "/none"),
                                 ("/none", key), (str(tmp_path), key), (os.path.relpath(crt), key)):
        with pytest.raises(setup.Failed):
            setup.check_words(words(certificate=certificate, certificate_key=its_key))


def test_a_first_administrator_has_an_address_and_a_password(setup, tmp_path):
    good, empty, binary = (tmp_path / name for name in ("good", "empty", "binary"))
    good.write_text("correct horse battery\n", encoding="ascii")
    empty.write_bytes(b"")
    binary.write_bytes(b"\xff\xfe\n")
    setup.check_words(words(admin="owner@example.net", admin_password_file=str(good)))
    for path in (empty, binary, tmp_path, tmp_path / "none"):
        with pytest.raises(setup.Failed):
            setup.check_words(words(admin="owner@example.net", admin_password_file=str(path)))
    for admin in ("owner", "@", "a@b c", "a@b\n"):
        with pytest.raises(setup.Failed):
            setup.check_words(words(admin=admin))


@pytest.mark.parametrize("line", ["upgrade --url https://x", "upgrade --timezone Asia/Jakarta", "upgrade --admin a@b.example",
                                  "upgrade --clus 15/main", "setup --data isp"])
def test_options_are_those_of_the_manual(setup, line, capsys):
    """Bug: an upgrade passed over the options of setup, and an option was also known by its first letters."""
    with pytest.raises(SystemExit) as refused:
        setup.parse(line.split())
    assert refused.value.code == 2 and capsys.readouterr().err.count("\n") == 1
    assert setup.parse(["upgrade", "--cluster", "15/main", "--database", "isp"]).cluster == "15/main"


def test_root_may_be_each_program_and_no_program_the_owner(setup):
    """Bug: the manuals' `gateway-sync --once` by hand was refused by PostgreSQL."""
    roles = {role for user, role in setup.PEERS if user == "root"}
    assert roles == {role for _, role in setup.PEERS}
    assert [user for user, role in setup.PEERS if role == "isp_owner"] == ["root"]
