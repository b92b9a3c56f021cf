"""Changes of a subscriber that must, or must not, reach the router, through the API.  The effect on
the router is provision.py's."""
import pytest

import isp


@pytest.fixture
def sub(town):
    return town.subscription(mikrotik_password="as it was")


@pytest.fixture
def job(stack):
    """How often something was to be done to an account."""
    def of(sub):
        return int(stack.sql("SELECT s.generation FROM account_states s JOIN mikrotik_secrets m ON m.id = s.account_id"
                             " WHERE m.subscription_id = '%s'" % sub["id"]))
    return of


def test_a_password_sent_back_is_no_new_one(api, sub, job):
    """Bug: the client's form sends the password back as it was shown, and every save ended the subscriber's session."""
    address, before = "/api/subscriptions/" + sub["id"], job(sub)
    api.put(address, {"mikrotik_password": "as it was"}).want(200)
    assert job(sub) == before
    api.put(address, {"mikrotik_password": "another"}).want(200)
    assert job(sub) == before + 1
    assert api.get(address + "/credentials").json["password"] == "another"


def test_sessions_may_be_ended_after_the_rates_were_changed(stack, api, town, sub, job):
    package = town.package()
    api.put("/api/subscriptions/" + sub["id"], {"package_id": package["id"]}).want(200)
    stack.drained()
    before = job(sub)
    api.put("/api/packages/" + package["id"], {"bandwidth": "7M/7M"}).want(200)
    assert job(sub) == before
    api.put("/api/packages/%s?kick=1" % package["id"], {"bandwidth": "7M/7M"}).want(200)
    assert job(sub) == before + 1


def test_all_that_is_wrong_is_reported_at_once(api, town, sub):
    """Also where the database finds it: a package nobody sells and a name somebody has."""
    other = town.subscription()
    wrong = {"package_id": isp.NOBODY, "router_id": isp.NOBODY, "mikrotik_username": sub["mikrotik_username"]}
    body = dict(wrong, customer_id=isp.NOBODY, mikrotik_password="x", start_date="2026-03-02")
    assert set(api.post("/api/subscriptions", body).want(422).errors) == set(wrong) | {"customer_id", "end_date"}
    assert set(api.put("/api/subscriptions/" + other["id"], wrong).want(422).errors) == set(wrong)
    api.put("/api/subscriptions/" + sub["id"], {"mikrotik_username": sub["mikrotik_username"]}).want(200)
