"""Every route of openapi.json by everybody: nobody, viewer, operator, admin, and an admin's tokens of
less than all abilities.  WHO is contract 3 written down a second time: an address that stands in the
description and not here fails."""
import re
import threading

import pytest

import isp
import openapi

# method and address (regular expressions) -> P anybody, V any role, O operator or admin, A admin.
# The first that fits counts.
WHO = [
    ("GET /health", "P"), ("GET /openapi.json", "P"), ("GET /meta", "V"),
    ("POST /(auth/)?login", "P"), ("POST /auth/(register|forgot|reset)", "P"),
    ("GET /public/(invoices/{id}(/pdf)?|isolir|company|logo)", "P"), ("POST /midtrans/(snap-token|notification|webhook)", "P"),
    ("POST /(auth/)?logout", "V"), ("GET /(me|auth/user)", "V"), ("PUT /auth/password", "V"),
    ("(GET|POST|DELETE) /auth/tokens(/{id})?", "V"),
    (".* /users(/{id})?", "A"),
    ("GET /dashboard(/(stats|recent-activities))?", "V"), ("POST /import/.*", "O"), ("GET /search", "V"),
    ("POST /customers/{id}/charges", "O"), ("POST /customers/{id}/credits", "A"), ("GET /customers.*", "V"), (".* /customers(/{id})?", "O"),
    ("GET /packages.*", "V"), (".* /packages(/{id})?", "A"),
    ("GET /subscriptions/{id}/credentials", "O"), ("GET /subscriptions.*", "V"), (".* /subscriptions.*", "O"),
    ("GET /invoices.*", "V"), (".* /invoices.*", "O"),
    ("GET /payments.*", "V"), ("POST /payments/{id}/refund", "A"),
    ("POST /payments", "O"), ("(PUT|PATCH|DELETE) /payments/{id}", "O"),  # an operator: the own cash of the day
    (".* /midtrans/refund/{orderId}", "A"), (".* /midtrans/(create-token|status/.*|cancel/.*)", "O"),
    ("POST /router-settings/{id}/test", "O"), ("GET /router-settings/test", "O"), ("GET /mikrotik/test", "O"),
    ("GET /router-settings.*", "V"), (".* /router-settings(/{id})?", "A"),
    (".* /radius-settings", "A"),
    ("POST /mikrotik/sync-package", "A"), ("GET /mikrotik/.*", "V"), (".* /mikrotik/.*", "O"),
    ("GET /mikrotik-secrets.*", "V"), (".* /mikrotik-secrets.*", "O"),
    ("GET /(snmp|ping)-.*", "V"), (".* /(snmp|ping)-.*", "O"), ("GET /snmp/.*", "V"),
    ("GET /monitoring/.*", "V"), ("GET /alerts.*", "V"), ("POST /alerts.*", "O"),
    ("GET /maintenance-windows.*", "V"), (".* /maintenance-windows.*", "O"),
    (".* /message-templates.*", "A"), (".* /messages.*", "O"), (".* /notification-settings.*", "A"),
    ("GET /reports/.*", "O"), ("(PUT|DELETE) /settings/logo", "A"),
    ("GET /settings", "V"), ("(PUT|PATCH) /settings", "A"), ("POST /settings/preset", "A"),
    ("POST /billing/runs(/{id}/undo)?", "A"), ("GET /billing/runs.*", "O"),
    ("GET /billing/preview", "O"), ("GET /billing-logs.*", "O"), ("GET /midtrans-logs.*", "O"),
    ("GET /audit-logs.*", "A"),
]
# The writes that a token's ability opens; "" needs all, to read it too.
ABILITY = [
    ("/subscriptions/{id}/credentials", ""),
    ("/(customers|packages|subscriptions|invoices|payments|midtrans|import)(/.*)?", "billing"),
    ("/(router-settings|mikrotik|mikrotik-secrets|snmp.*|ping.*)(/.*)?", "network"),
    ("/(users|auth/tokens|auth/password|settings|notification-settings|radius-settings)(/.*)?", ""),
]
RANK = {None: 0, "viewer": 1, "operator": 2, "admin": 3}
LEVEL = {"P": 0, "V": 1, "O": 2, "A": 3}


def short(operation):
    return "%s %s" % (operation.method, re.sub(r"^/api", "", operation.path))


def who(operation):
    for pattern, level in WHO:
        if re.fullmatch(pattern.replace("{", r"\{").replace("}", r"\}"), re.sub(r"\{\w+\}", lambda m: (
                "{orderId}" if "midtrans" in operation.path else "{id}"), short(operation))):
            return level
    return None


def ability(operation):
    path = re.sub(r"\{\w+\}", "{id}", re.sub(r"^/api", "", operation.path))
    for pattern, name in ABILITY:
        if re.fullmatch(pattern.replace("{", r"\{").replace("}", r"\}"), path):
            return name
    return None


@pytest.fixture(scope="module")
def operations(stack):
    return openapi.read(isp.Client(stack.url))


def knock(client, operation):
    """Without effect: unknown ids, an empty body where one is needed."""
    body = {} if operation.method in ("POST", "PUT", "PATCH") else None
    return client.call(operation.method, operation.address(), body)


def ends_a_token(operation):
    return "logout" in operation.path


def test_every_address_is_known_here(operations):
    assert [repr(o) for o in operations if who(o) is None] == []


@pytest.mark.parametrize("role", [None, "viewer", "operator", "admin"])
def test_each_role_at_each_address(operations, stack, api, viewer, operator, role):
    client = {None: isp.Client(stack.url, source="127.4.1.1"), "viewer": viewer, "operator": operator, "admin": api}[role]
    wrong = []
    for operation in operations:
        asks = client
        if role and ends_a_token(operation):  # a log-in that may end
            asks = client.another(client.post("/api/auth/tokens", {"name": "to end", "abilities": ["*"]}).want(201)
                                  .json["token"])
        answer = knock(asks, operation)
        level = LEVEL[who(operation)]
        if level == 0:
            okay = answer.status != 401 and (answer.status != 403 or "register" in operation.path)
        elif role is None:
            okay = answer.status == 401 and answer.json == {"message": "Unauthenticated.", "code": "unauthenticated"}
        elif RANK[role] < level:
            okay = answer.status == 403
        else:
            okay = answer.status not in (401, 403)
        if not okay:
            wrong.append("%s as %s: %r" % (operation, role, answer))
    assert wrong == [], "%d:\n%s" % (len(wrong), "\n".join(w[:300] for w in wrong))


@pytest.mark.parametrize("has", ["read", "billing", "network"])
def test_tokens_of_one_ability(operations, api, has):
    reported = api.post("/api/auth/tokens", {"name": "only " + has, "abilities": [has]}).want(201).json
    client = api.another(reported["token"])
    wrong = []
    for operation in operations:
        needs = ability(operation)
        if LEVEL[who(operation)] == 0 or needs is None and operation.method != "GET" or ends_a_token(operation):
            continue
        if operation.method == "GET" and needs != "" and has != "read":
            continue  # whether a writer may read is not said
        allowed = needs == has or operation.method == "GET" and has == "read" and needs != ""
        answer = knock(client, operation)
        if (answer.status == 403) == allowed or answer.status == 401:
            wrong.append("%s with %s: %r" % (operation, has, answer))
    assert wrong == [], "%d:\n%s" % (len(wrong), "\n".join(w[:300] for w in wrong))


def test_role_and_ability_must_both_allow(viewer, operator):
    for person, status in ((viewer, 403), (operator, 422)):
        reported = person.post("/api/auth/tokens", {"name": "all", "abilities": ["*"]}).want(201).json
        assert person.another(reported["token"]).post("/api/customers", {}).status == status


def test_no_token_grants_what_it_lacks(api):
    """A token of less may make none of more (nor, needing all abilities for that, any at all)."""
    reported = api.post("/api/auth/tokens", {"name": "reader", "abilities": ["read"]}).want(201).json
    reader = api.another(reported["token"])
    assert reader.post("/api/auth/tokens", {"name": "more", "abilities": ["*"]}).status == 403
    assert reader.get("/api/customers").status == 200
    listed = api.get("/api/auth/tokens").want(200)
    assert reported["token"].split("|")[1] not in listed.body.decode()
    api.delete("/api/auth/tokens/%s" % reported["token"].split("|")[0]).want(200, 204)
    assert reader.get("/api/customers").status == 401


@pytest.mark.parametrize("bad", ["Bearer nonsense", "Bearer 1|" + "x" * 48, "Bearer |", "Bearer 99999999999999999999|x",
                                 "Basic YWRtaW46YQ==", "Bearer", "bearer \u00e9", "Bearer " + "1|" * 2000])
def test_bad_tokens(stack, anyone, bad):
    for address in ("/api/me", "/api/customers"):
        answer = anyone.call("GET", address, headers={"Authorization": bad.encode("latin-1").decode("latin-1")})
        assert answer.status == 401 and answer.json == {"message": "Unauthenticated.", "code": "unauthenticated"}, answer
    # The browser sends its stale token with the log-in too.
    answer = anyone.call("POST", "/api/login", isp.ADMIN, headers={"Authorization": bad})
    assert answer.status == 200, answer


def test_a_deactivated_users_tokens_stop_at_once(api, stack):
    email = isp.unique("leaver") + "@example.net"
    user = api.make("/api/users", {"name": "Leaver", "email": email, "password": "a long password 5"})
    theirs = stack.client(email, "a long password 5")
    assert theirs.get("/api/me").status == 200
    api.put("/api/users/" + user["id"], {"is_active": False}).want(200)
    assert theirs.get("/api/me").status == 401
    answer = isp.Client(stack.url).post("/api/login", {"email": email, "password": "a long password 5"}).want(422)
    assert "email" in answer.errors
    api.put("/api/users/" + user["id"], {"is_active": True}).want(200)
    stack.client(email.upper(), "a long password 5")


def waits(stack):
    return stack.sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") != "0"


@pytest.mark.parametrize("first", ["change", "token"])
def test_a_token_made_while_its_holder_changes(api, stack, first):
    """The user beside a token is its holder, in either order of the requests."""
    email, become = isp.unique("riser") + "@example.net", "UPDATE users SET role = 'operator' WHERE id = %s"
    user = api.make("/api/users", {"name": "Riser", "email": email, "password": "a long password 5", "role": "viewer"})
    make = "INSERT INTO personal_access_tokens (user_id, name, token) VALUES (%s, 'racer', md5(%s) || md5(%s))"
    steps = [(become, [user["id"]]), (make, [user["id"], email, email])]
    one, other = stack.connect(), stack.connect()
    begun, follows = steps if first == "change" else reversed(steps)
    one.cursor().execute(*begun)

    def second():
        with other:
            other.cursor().execute(*follows)
    thread = threading.Thread(target=second)
    thread.start()
    isp.wait_until(lambda: waits(stack), 5)
    one.commit()
    thread.join(10)
    one.close()
    other.close()
    assert stack.sql("SELECT holder_role FROM personal_access_tokens WHERE user_id = '%s'" % user["id"]) == "operator"


def test_a_changed_password_revokes_the_other_tokens(api, stack):
    email = isp.unique("mover") + "@example.net"
    api.make("/api/users", {"name": "Mover", "email": email, "password": "a long password 5"})
    here, there = stack.client(email, "a long password 5"), stack.client(email, "a long password 5")
    body = {"current_password": "not this", "password": "another one 66", "password_confirmation": "another one 66"}
    assert "current_password" in here.put("/api/auth/password", body).want(422).errors
    here.put("/api/auth/password", dict(body, current_password="a long password 5")).want(200)
    assert here.get("/api/me").status == 200 and there.get("/api/me").status == 401
    stack.client(email, "another one 66")


def test_the_last_admin_stays(api):
    me = api.show("/api/me")
    admins = [u for u in api.rows("/api/users") if u["role"] == "admin" and u["is_active"]]
    assert [a["id"] for a in admins] == [me["id"]]
    at = "/api/users/" + me["id"]
    for change in ({"role": "operator"}, {"is_active": False}):
        api.put(at, change).want(409, 422)
    api.delete(at).want(409, 422)
    assert api.show("/api/me")["role"] == "admin"


def test_register_is_closed_once_there_is_a_user(anyone):
    anyone.post("/api/auth/register", {"name": "N", "email": "late@example.net", "password": "a long password",
                                       "password_confirmation": "a long password"}).want(403)


def test_wrong_passwords_are_throttled(anyone, api):
    """Five failures a minute for one address and e-mail, whether there is such a user or not."""
    for email in ("admin@ispbilling.com", "nobody@example.net"):
        seen = []
        for _ in range(8):
            answer = anyone.post("/api/login", {"email": email, "password": "wrong"})
            seen.append(answer.status)
            if answer.status == 422:
                assert "email" in answer.errors
        assert seen[:5] == [422] * 5 and seen[5:] == [429] * 3, seen
        assert int(answer.header("retry-after")) > 0
    assert api.another().post("/api/login", isp.ADMIN).status == 200  # from another address it goes on


def test_each_log_in_is_audited(anyone, api, stack):
    failed = anyone.post("/api/login", {"email": "Ghost@example.net", "password": "wrong"}).want(422)
    seen = api.rows("/api/audit-logs", request_id=failed.header("x-request-id"))
    assert len(seen) == 1 and "login" in seen[0]["action"], seen
    assert "wrong" not in str(seen)
    entered = anyone.post("/api/login", isp.ADMIN).want(200)
    person = isp.Client(stack.url, entered.json["token"])
    left = person.post("/api/logout").want(200)
    for answer, action in ((entered, "login"), (left, "logout")):
        row, = api.rows("/api/audit-logs", request_id=answer.header("x-request-id"))
        assert (row["action"], row["subject_id"]) == (action, entered.json["user"]["id"]), row
        assert isp.ADMIN["password"] not in str(row) and entered.json["token"].split("|")[1] not in str(row)


def test_credentials_are_audited(town, api, operator):
    sub = town.subscription(mikrotik_password="only here 1")
    answer = operator.get("/api/subscriptions/%s/credentials" % sub["id"]).want(200)
    assert answer.json["username"] == sub["mikrotik_username"] and answer.json["password"] == "only here 1"
    seen = api.rows("/api/audit-logs", request_id=answer.header("x-request-id"))
    assert len(seen) == 1 and seen[0]["subject_id"] == sub["id"] and "only here 1" not in str(seen)
