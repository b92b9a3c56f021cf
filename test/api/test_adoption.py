"""Lines adopted from routers and from what an operator used before.

An import reads; the router is byte for byte the same afterwards, and the first plan is empty, also where
the old system removed or isolated expired accounts.  From then on our nights cut, and payments bring back.
"""
import json

import pytest

import isp

DAY = "2026-03-02"  # APP_TODAY of the stacks of tests
ODD = ["pak budi", "a:b", "x$y", "a+b", "a/b#c", "sari\u2019s \u0646\u062a", "o'neil=1", "n" * 64]
MENUS = ("/ppp/secret", "/ppp/profile", "/ip/hotspot/user", "/ip/hotspot/user/profile")


def add(sim, menu, **props):
    sim.run(menu + "/add", *["=%s=%s" % (k.replace("_", "-"), v) for k, v in props.items()])


def holds(sim):
    """The rows of the router, without the fields that change by themselves."""
    return {menu: [{k: v for k, v in row.items() if k not in ("sessions", "last-logged-out", "uptime", "bytes-in", "bytes-out")}
                   for row in sim.table(menu)] for menu in MENUS}


@pytest.fixture(scope="module")
def old():
    """A router that another program drove: people in all states, staff, and the users of Mikhmon."""
    sim = isp.Sim().up()
    add(sim, "/ppp/profile", name="Paket 10 M", rate_limit="5M/10M")
    add(sim, "/ppp/profile", name="isolir", rate_limit="64k/64k")
    for n, name in enumerate(ODD):
        add(sim, "/ppp/secret", name=name, password="pw %d" % n, service="pppoe", profile="Paket 10 M",
            comment="Warga %d - Jl. Mawar %d - 0812000100%02d" % (n, n, n))
    add(sim, "/ppp/secret", name="off", password="x", service="pppoe", profile="Paket 10 M", disabled="yes", comment="Pak Off")
    add(sim, "/ppp/secret", name="walled", password="x", service="any", profile="isolir", comment="Bu Isolir")
    add(sim, "/ppp/secret", name="tower-vpn", password="x", service="l2tp", profile="default")
    add(sim, "/ip/hotspot/user/profile", name="harian",
        on_login=':put (",rem,3000,1d,5000,,Disable,"); {:local date [/system clock get date]}', rate_limit="1M/2M")
    add(sim, "/ip/hotspot/user/profile", name="jam", on_login=':put (",rem,1000,3h,2000,,Disable,")')
    add(sim, "/ip/hotspot/user", name="mbah", password="1234", profile="harian", comment="mar/31/2026 10:15:00 Mbah Joyo")
    add(sim, "/ip/hotspot/user", name="habis", password="1234", profile="harian", comment="2026-01-31 10:15:00", limit_uptime="1s")
    add(sim, "/ip/hotspot/user", name="jaman", password="1", profile="jam", comment="mar/31/2026 10:15:00")
    add(sim, "/ip/hotspot/user", name="v1x7", password="v1x7", profile="harian", comment="vc-123-03.01.26-pasar")
    yield sim
    sim.down()


@pytest.fixture(scope="module")
def system(old):
    stack = isp.Stack("adoption")
    try:
        stack.up()
        stack.api = stack.client()
        stack.router = stack.api.make("/api/router-settings", old.as_router("Old"))["id"]
        stack.package = stack.api.make("/api/packages", {"name": "Paket 10 M", "bandwidth": "10M/5M", "price": 150000,
                                                         "period_unit": "month"})
        stack.drained(20)
        yield stack
    finally:
        stack.down()


def take(stack, *words):
    return stack.exec("ispctl", "import", *words, check=False)


def plan(stack):
    return json.loads(stack.exec("ispctl", "router", "plan", "--router", "Old", "--json").stdout)[0]["differences"]


def line(stack, name):
    rows = [row for row in stack.api.rows("/api/subscriptions", search=name) if row["mikrotik_username"] == name]
    return rows[0] if rows else None


def test_a_dry_run_reports_and_changes_nothing(system, old):
    before = holds(old)
    done = take(system, "routers", "--dry-run")
    assert done.returncode == 1 and "has no date up to which it is paid" in done.stdout
    done = take(system, "routers", "--until", "2026-03-31", "--dry-run")
    assert "tower-vpn: service: This system drives no account of this service." in done.stdout
    assert "Bu Isolir: package: The line has no package." in done.stdout
    assert "dry run: %d taken" % (len(ODD) + 1) in done.stdout, done.stdout
    assert line(system, "off") is None and holds(old) == before
    assert system.sql("SELECT count(*) FROM import_raw") == system.sql("SELECT count(*) FROM import_rows") == "0"


def test_lines_are_taken_over_as_they_stand(system, old):
    before = holds(old)
    done = take(system, "routers", "--until", "2026-03-31")
    assert done.returncode == 1 and "%d taken, 0 there already, " % (len(ODD) + 1) in done.stdout, done.stdout + done.stderr
    system.drained(20)
    assert holds(old) == before, "an import writes nothing on the router"
    assert plan(system) == [] and holds(old) == before
    for name in ODD:
        sub = line(system, name)
        assert (sub["status"], sub["end_date"], sub["profile"]) == ("active", "2026-03-31", "Paket 10 M"), name
        assert sub["customer"]["name"].startswith("Warga ")
        assert sub["comment"].startswith(sub["customer"]["name"] + " - Jl. Mawar")
    off = line(system, "off")
    assert (off["status"], off["suspend_reason"], off["end_date"]) == ("suspended", "debt", "2026-03-01")
    assert "%d there already" % (len(ODD) + 1) in take(system, "routers", "--until", "2026-03-31").stdout
    assert plan(system) == []


def test_passwords_are_sealed_and_open(system):
    """Bug: adopted passwords stood in plain text, and no key opened them: no adopted line could be written on a
    router."""
    for n, name in enumerate(ODD):
        assert system.api.show("/api/subscriptions/%s/credentials" % line(system, name)["id"])["password"] == "pw %d" % n
    assert system.sql("SELECT count(*) FROM subscriptions WHERE mikrotik_password !~ '^(s1\\.|$)'") == "0"


@pytest.mark.parametrize("name", ODD)
def test_an_odd_name_passes_a_change_and_keeps_its_comment(system, old, name):
    """The first change writes our mark, with the old comment behind it; the name stays as it was."""
    sub = line(system, name)
    change = {key: sub[key] for key in ("mikrotik_username", "auto_renew", "profile", "comment")}
    system.api.put("/api/subscriptions/" + sub["id"], dict(change, local_address="10.64.0.1")).want(200)
    row = isp.wait_until(lambda: next((r for r in old.table("/ppp/secret") if r["name"] == name
                                       and r.get("comment", "").startswith("isp:")), None), 10)
    assert row["comment"].split(" ", 1)[1] == sub["comment"] and row["profile"] == "Paket 10 M"
    assert row["password"] == "pw %d" % ODD.index(name)
    assert len([r for r in old.table("/ppp/secret") if r["name"] == name]) == 1
    system.drained(20)
    assert plan(system) == []


def test_a_new_name_keeps_the_rule(system):
    for name in ("a b", "a:b2", "\u00e9"):
        body = {"customer_id": line(system, "off")["customer_id"], "package_id": system.package["id"],
                "mikrotik_username": name, "mikrotik_password": "x"}
        assert "mikrotik_username" in system.api.post("/api/subscriptions", body).want(422).errors


def test_users_of_mikhmon(system, old):
    before = old.table("/ip/hotspot/user/profile")
    done = take(system, "mikhmon")
    assert "jaman: package: A package of hours or minutes has no place here." in done.stdout, done.stdout
    assert "2 taken" in done.stdout and "left as they are" in done.stdout
    mbah, habis = line(system, "mbah"), line(system, "habis")
    assert (mbah["customer"]["name"], mbah["end_date"], mbah["status"]) == ("Mbah Joyo", "2026-03-31", "active")
    assert (mbah["package"]["price"], mbah["package"]["bandwidth"]) == (5000, "2M/1M")
    assert (habis["status"], habis["end_date"]) == ("suspended", "2026-01-31")
    assert line(system, "v1x7") is None
    system.drained(20)
    assert old.table("/ip/hotspot/user/profile") == before and plan(system) == []


DUMP = """INSERT INTO `tbl_customers` (`id`,`username`,`password`,`fullname`,`phonenumber`,`balance`) VALUES
(1,'gone','pw-gone','Bu Hilang','081200020001','0.00'),(2,'walled','pw-wall','Bu Isolir','081200020002','0.00'),
(3,'cut','pw-cut','Pak Putus','081200020003','0.00'),(4,'late','pw-late','Pak Telat','081200020004','0.00');
INSERT INTO `tbl_bandwidth` (`id`,`rate_down`,`rate_down_unit`,`rate_up`,`rate_up_unit`) VALUES (1,10,'Mbps',5,'Mbps');
INSERT INTO `tbl_plans` (`id`,`name_plan`,`id_bw`,`price`,`type`,`validity`,`validity_unit`) VALUES
(1,'Paket 10 M',1,'150000','PPPOE',30,'Days');
INSERT INTO `tbl_user_recharges` (`id`,`customer_id`,`username`,`plan_id`,`namebp`,`expiration`,`time`,`status`,`routers`,`type`) VALUES
(1,1,'gone',1,'Paket 10 M','2026-02-10','10:00:00','off','Old','PPPOE'),
(2,2,'walled',1,'Paket 10 M','2026-02-10','10:00:00','off','Old','PPPOE'),
(3,3,'cut',1,'Paket 10 M','2026-02-10','10:00:00','off','Old','PPPOE'),
(4,4,'late',1,'Paket 10 M','2026-03-04','10:00:00','on','Old','PPPOE');
"""


@pytest.fixture(scope="module")
def nuxbill(system, old, tmp_path_factory):
    """PHPNuxBill removed one expired account, moved one to its plan for expired ones, disabled one."""
    add(old, "/ppp/secret", name="cut", password="pw-cut", service="pppoe", profile="Paket 10 M", disabled="yes", comment="Pak Putus | ")
    add(old, "/ppp/secret", name="late", password="pw-late", service="pppoe", profile="Paket 10 M", comment="Pak Telat | | ")
    path = tmp_path_factory.mktemp("dump") / "nux.sql"
    path.write_text(DUMP, encoding="utf-8")
    before = holds(old)
    done = take(system, "phpnuxbill", str(path))
    assert "4 taken" in done.stdout, done.stdout + done.stderr
    system.api.post("/api/mikrotik/import-secrets", {"router_id": system.router}).want(200)
    system.drained(20)
    return before


def test_lines_that_were_off_stay_as_they_were(system, old, nuxbill):
    now = holds(old)
    ours = [row for row in now["/ppp/profile"] if row not in nuxbill["/ppp/profile"]]
    assert all(row["comment"].startswith("isp:") for row in ours), "a profile for the package of the file is ours"
    now["/ppp/profile"] = [row for row in now["/ppp/profile"] if row not in ours]
    changed = [(was, row) for menu in MENUS for was, row in zip(nuxbill[menu], now[menu]) if was != row]
    assert not changed and now == nuxbill and plan(system) == []
    assert old.secret("gone") is None and old.secret("walled")["profile"] == "isolir"
    assert [line(system, name)["status"] for name in ("gone", "walled", "cut", "late")] == ["suspended"] * 3 + ["active"]


@pytest.mark.parametrize("name, password", [("gone", "pw-gone"), ("walled", "x"), ("cut", "pw-cut")])
def test_lines_that_were_off_come_back(system, old, nuxbill, name, password):
    sub = line(system, name)
    system.api.post("/api/subscriptions/%s/activate" % sub["id"], {"until": "2026-03-12"}).want(200)
    row = isp.wait_until(lambda: old.secret(name) if old.secret(name) and old.secret(name)["disabled"] == "false"
                         and old.secret(name)["profile"] != "isolir" else None, 10)
    assert row["comment"].startswith("isp:")
    system.drained(20)
    assert plan(system) == []


def test_an_adopted_debtor_is_cut_and_comes_back(system, old, nuxbill):
    """Paid elsewhere up to the 4th; the next bill is not paid: cut the night it is past its grace, back when it is."""
    sub = line(system, "late")
    system.sql("UPDATE settings SET grace_days = 3, suspend_guard = NULL")
    state, day = "active", DAY
    for n in range(30):
        day = isp.day(DAY, n)
        system.cron(day)
        state = line(system, "late")["status"]
        if state != "active":
            break
        assert old.secret("late")["disabled"] == "false"
    bill = system.api.rows("/api/invoices", subscription_id=sub["id"])[0]
    assert state == "suspended" and day == isp.day(bill["due_date"], 4), (day, bill["due_date"])
    isp.wait_until(lambda: old.secret("late")["disabled"] == "true", 10)
    system.drained(20)  # the comment is written after the cut
    assert old.secret("late")["comment"].endswith(" Pak Telat | | ")
    system.api.post("/api/invoices/%s/mark-paid" % bill["id"]).want(200)
    isp.wait_until(lambda: old.secret("late")["disabled"] == "false", 10)
    system.drained(20)
    assert plan(system) == []
    system.check()
