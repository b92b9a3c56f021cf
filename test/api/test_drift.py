"""ispctl router plan and apply, GET /api/mikrotik/drift: what differs, and that it is put right.

Somebody works on the router by hand beside us; the plan says so like a diff, apply repairs it, and
whatever is not ours stays as it is.
"""
import json

import pytest

import isp


@pytest.fixture(scope="module")
def home(stack, town):
    """A router of its own with eight subscribers and a secret that is not ours."""
    sim = isp.Sim().up()
    admin = stack.client()
    sim.ident = admin.make("/api/router-settings", sim.as_router("Drift"))["id"]
    sim.subs = [town.subscription(router_id=sim.ident) for _ in range(8)]
    sim.run("/ppp/secret/add", "=name=neighbour", "=password=x", "=comment=not of the ISP")
    stack.drained(40)
    yield sim
    for sub in sim.subs:
        admin.post("/api/subscriptions/%s/cancel" % sub["id"]).want(200)
    stack.drained(40)
    sim.down()
    stack.sql("UPDATE router_settings SET is_active = false WHERE id = '%s'" % sim.ident)


def plan(stack):
    return json.loads(stack.exec("ispctl", "router", "plan", "--router", "Drift", "--json").stdout)[0]


def kinds(report):
    return sorted((d["kind"], d["menu"]) for d in report["differences"])


def names(sim):
    return [sub["mikrotik_username"] for sub in sim.subs]


def test_in_order(home, stack, api):
    assert plan(stack)["differences"] == []
    got = api.get("/api/mikrotik/drift", router_id=home.ident).want(200).json
    assert (got["accounts"], got["differences"], got["refusal"]) == (8, [], None)


def test_a_plan_reads_like_a_diff_and_apply_repairs(home, stack):
    first, second, third = (home.secret(name) for name in names(home)[:3])
    home.run("/ppp/secret/remove", "=.id=" + first[".id"])
    home.run("/ppp/secret/set", "=.id=" + second[".id"], "=profile=default", "=disabled=yes")
    home.run("/ppp/secret/set", "=.id=" + third[".id"], "=remote-address=10.9.9.9")
    before = home.secret("neighbour")
    text = stack.exec("ispctl", "router", "plan", "--router", "Drift").stdout
    assert "+ /ppp/secret %s" % first["name"] in text
    assert "~ /ppp/secret %s  profile: default -> %s; disabled: yes -> no" % (second["name"], second["profile"]) in text
    assert "remote-address: 10.9.9.9 -> none" in text
    assert "pw-" not in text and "neighbour" not in text
    assert home.secret(first["name"]) is None, "a plan changes nothing"
    stack.exec("ispctl", "router", "apply", "--router", "Drift")
    assert plan(stack)["differences"] == []
    assert home.secret(first["name"])["password"] == first["password"]
    assert home.secret(second["name"])["profile"] == second["profile"]
    assert home.secret("neighbour") == before


def test_an_empty_answer_is_no_empty_router(home, stack, api):
    """Another box behind the same address: adding all to it is not what the night may do alone."""
    rows = home.table("/ppp/secret")
    for row in rows:
        if row["name"] in names(home):
            home.run("/ppp/secret/remove", "=.id=" + row[".id"])
    report = plan(stack)
    assert "is it the right router?" in report["refusal"]
    done = stack.exec("ispctl", "router", "apply", "--router", "Drift", check=False)
    assert done.returncode == 1 and "right router" in done.stderr
    assert "right router" in api.post("/api/mikrotik/drift/apply", {"router_id": home.ident}).want(409).json["message"]
    assert all(home.secret(name) is None for name in names(home))
    stack.exec("ispctl", "router", "apply", "--router", "Drift", "--force")
    assert plan(stack)["differences"] == []


def test_many_cuts_need_force(home, stack, api):
    """Suspended accounts that somebody enabled again by hand: five of eight are not cut by the night alone."""
    for sub in home.subs[:5]:
        api.post("/api/subscriptions/%s/suspend" % sub["id"]).want(200)
    stack.drained(40)
    for name in names(home)[:5]:
        home.run("/ppp/secret/set", "=.id=" + home.secret(name)[".id"], "=disabled=no")
    report = plan(stack)
    assert report["cuts"] == 5 and "cut or remove 5 of 8" in report["refusal"]
    api.post("/api/mikrotik/drift/apply", {"router_id": home.ident}).want(409)
    api.post("/api/mikrotik/drift/apply", {"router_id": home.ident, "force": True}).want(200)
    stack.drained(40)
    assert all(home.secret(name)["disabled"] == "true" for name in names(home)[:5])
    for sub in home.subs[:5]:
        api.post("/api/subscriptions/%s/activate" % sub["id"]).want(200)
    stack.drained(40)


def alert(stack, home):
    """Is the alert of this router open, and what does it say?"""
    return stack.sql("SELECT severity || ': ' || title || ': ' || message FROM alert_logs "
                     "WHERE key = 'drift %s' AND resolved_at IS NULL" % home.ident)


def test_the_night_repairs_what_is_little(home, stack):
    """No person looks on: what is within the bounds is put right, and nobody is woken."""
    name = names(home)[6]
    home.run("/ppp/secret/set", "=.id=" + home.secret(name)[".id"], "=profile=default")
    stack.exec("router-sync", "--check", "--router", home.ident)
    stack.drained(20)
    assert home.secret(name)["profile"] != "default" and plan(stack)["differences"] == [] and alert(stack, home) == ""


def test_the_night_alerts_beyond_the_bounds(home, stack, api):
    """Five of eight would be cut: the night cuts none and says so, once, until it is in order again."""
    for sub in home.subs[:5]:
        api.post("/api/subscriptions/%s/suspend" % sub["id"]).want(200)
    stack.drained(40)
    for name in names(home)[:5]:
        home.run("/ppp/secret/set", "=.id=" + home.secret(name)[".id"], "=disabled=no")
    for _ in range(2):
        stack.exec("router-sync", "--check", "--router", home.ident)
    stack.drained(20)
    assert all(home.secret(name)["disabled"] == "false" for name in names(home)[:5])
    assert alert(stack, home) == ("critical: Router Drift differs from the database: this would cut or remove 5 of 8 accounts "
                                  "on Drift. See Network, Drift, or ispctl router plan.")
    assert stack.sql("SELECT count(*) FROM alert_logs WHERE key = 'drift %s'" % home.ident) == "1"
    for sub in home.subs[:5]:
        api.post("/api/subscriptions/%s/activate" % sub["id"]).want(200)
    stack.drained(40)
    stack.exec("router-sync", "--check", "--router", home.ident)
    assert alert(stack, home) == ""


def test_a_router_that_cannot_be_read_has_no_plan(home, stack, api):
    home.fault("trap", path="/ppp/secret/print", message="not enough permissions (9)")
    done = stack.exec("ispctl", "router", "plan", "--router", "Drift", check=False)
    as_json = stack.exec("ispctl", "router", "plan", "--router", "Drift", "--json", check=False)
    home.well()
    assert done.returncode == 1 and "permit" in done.stderr
    [report] = json.loads(as_json.stdout)
    assert as_json.returncode == 1 and report["error"] in as_json.stderr and "permit" in report["error"]
    assert (report["router_id"], report["router"], "differences" in report) == (home.ident, "Drift", False)


def test_apply_fails_while_something_differs(home, stack):
    """Bug: a second apply did not try the job that had just failed, knew of no error and exited 0."""
    name = names(home)[0]
    home.run("/ppp/secret/set", "=.id=" + home.secret(name)[".id"], "=comment=not of the ISP")
    for _ in range(2):
        done = stack.exec("ispctl", "router", "apply", "--router", "Drift", check=False)
        assert done.returncode == 1 and "? /ppp/secret %s" % name in done.stdout
    assert "Drift still differs" in done.stderr
    due = "UPDATE account_states SET due_at = now() + interval '%s s' WHERE router_id = '%s' AND generation > synced_generation"
    stack.sql(due % (60, home.ident))  # or router-sync may try it again before us
    home.run("/ppp/secret/remove", "=.id=" + home.secret(name)[".id"])
    assert stack.exec("ispctl", "router", "apply", "--router", "Drift", check=False).returncode == 1, "its job still waits"
    stack.sql(due % (0, home.ident) + "; SELECT router_notify(ARRAY['%s']::uuid[])" % home.ident)
    isp.wait_until(lambda: plan(stack)["differences"] == [], 60, "router-sync has tried it again")
    stack.exec("ispctl", "router", "apply", "--router", "Drift")


def test_a_router_that_fails_holds_up_no_other(home, stack, api):
    """Bug: without a name, plan, apply and import ended at the first router that could not be read; those after it were not tried."""
    dead = [api.make("/api/router-settings", {"name": isp.unique(name + " "), "host": "127.0.0.1", "port": port, "username": "u",
                                              "password": "p", "is_active": True}) for name, port in (("Aaa", 1), ("Zzz", 2))]
    name = names(home)[1]
    home.run("/ppp/secret/set", "=.id=" + home.secret(name)[".id"], "=profile=default")
    planned = stack.exec("ispctl", "router", "plan", "--json", check=False)
    applied = stack.exec("ispctl", "router", "apply", check=False)
    imported = stack.exec("ispctl", "import", "routers", "--dry-run", check=False)
    for router in dead:
        api.delete("/api/router-settings/" + router["id"]).want(204)
    plans = json.loads(planned.stdout)
    report = [each for each in plans if each["router"] == "Drift"]
    assert {router["name"] for router in dead} == {each["router"] for each in plans if "error" in each}
    assert planned.returncode == 1 and kinds(report[0]) == [("changed", "/ppp/secret")]
    assert applied.returncode == 1 and "~ /ppp/secret %s" % name in applied.stdout
    assert home.secret(name)["profile"] != "default"
    assert imported.returncode == 1 and "not of the ISP" in imported.stdout, "the comment of its secret that is not ours"
    for done in (planned, applied, imported):
        lines = [line for line in done.stderr.strip().splitlines() if "rows were refused" not in line]
        assert all(any(router["name"] in line for line in lines) for router in dead), lines
        assert lines[-1].startswith("ispctl: 2 of ") and lines[-1].endswith(" routers failed")


def test_apply_reaches_a_fixpoint(home, stack):
    """Edits at random, then apply: nothing differs, and objects without our mark are byte for byte the same."""
    rng = isp.seeded()
    foreign = home.secret("neighbour")
    for _ in range(2):
        for name in rng.sample(names(home), 4):
            row = home.secret(name)
            edit = rng.choice([["set", "=profile=default"], ["set", "=disabled=yes"],
                               ["set", "=remote-address=10.7.7.7"], ["remove"], ["set", "=service=any"]])
            home.run("/ppp/secret/" + edit[0], "=.id=" + row[".id"], *edit[1:])
        stack.exec("ispctl", "router", "apply", "--router", "Drift", "--force")
        assert plan(stack)["differences"] == []
    assert home.secret("neighbour") == foreign


FOREIGN = [("/ppp/secret", "neighbour"), ("/ppp/secret", "boss"), ("/queue/simple", "office"), ("/ppp/profile", "gold")]


def foreign_rows(sim):
    return [row for menu, name in FOREIGN for row in sim.table(menu) if row["name"] == name]


def meddle(sim, rng):
    """Somebody works by hand; some of it on objects of ours."""
    for name in rng.sample(names(sim), 4):
        row = sim.secret(name)
        if row is None:
            continue
        edit = rng.choice([["set", "=profile=default"], ["set", "=disabled=yes"],
                           ["set", "=name=moved-" + name], ["set", "=remote-address=10.7.7.7"], ["remove"]])
        sim.run("/ppp/secret/" + edit[0], "=.id=" + row[".id"], *edit[1:])


def break_down(sim, rng):
    """Interrupt the repair as a bad line does; a reboot cuts every connection."""
    kind = rng.choice(["lost", "drop", "busy", "reboot"])
    if kind == "reboot":
        sim.ask("POST", "/hangup", {})
        sim.fault("refuse")
    else:
        sim.fault(kind, path="/ppp", after=rng.randrange(6), times=rng.randrange(1, 4))


def test_a_fixpoint_through_lost_replies_drops_and_reboots(home, stack):
    """A repair that ends well, after any failure on the way, leaves nothing to do and no foreign row touched."""
    home.run("/ppp/secret/add", "=name=boss", "=password=x", "=comment=isp: not a mark")
    home.run("/queue/simple/add", "=name=office", "=target=10.9.0.1", "=max-limit=1M/2M", "=comment=shared")
    home.run("/ppp/profile/add", "=name=gold", "=rate-limit=9M/9M")
    before = foreign_rows(home)
    assert len(before) == len(FOREIGN)
    rng = isp.seeded()
    for _ in range(4):
        meddle(home, rng)
        break_down(home, rng)
        stack.exec("ispctl", "router", "apply", "--router", "Drift", "--force", check=False)
        home.well()
        isp.wait_until(lambda: stack.exec("ispctl", "router", "apply", "--router", "Drift", "--force", check=False).returncode == 0
                       and plan(stack)["differences"] == [], 30)
        assert foreign_rows(home) == before
    assert sorted(row["name"] for row in home.table("/ppp/secret") if row.get("comment", "").startswith("isp:") and len(row["comment"]) > 30) \
        == sorted(names(home))
