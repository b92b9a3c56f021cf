"""Every privilege of every role, PUBLIC too, against test/cli/rights.golden: a grant is seen in the diff.

GOLDEN=write pytest test/cli/test_rights.py writes the file anew."""
import os
import subprocess

import calls

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
GOLDEN = os.path.join(TOP, "test", "cli", "rights.golden")

RIGHTS = """
WITH rights (kind, thing, acl) AS (
	SELECT 'table', relname::text, relacl FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'S')
	UNION ALL SELECT 'column', attrelid::regclass || '.' || attname, attacl FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
	 WHERE relnamespace = 'public'::regnamespace AND attacl IS NOT NULL
	UNION ALL SELECT 'function', oid::regprocedure::text, coalesce(proacl, acldefault('f', proowner)) FROM pg_proc f
	 WHERE pronamespace = 'public'::regnamespace AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = f.oid AND deptype = 'e')
	UNION ALL SELECT 'schema', nspname::text, nspacl FROM pg_namespace WHERE nspname = 'public'
	UNION ALL SELECT 'database', 'ours', coalesce(datacl, acldefault('d', datdba)) FROM pg_database WHERE datname = 'isp_template') -- a copy has none
SELECT concat_ws(' ', kind, thing, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END,
                 string_agg(a.privilege_type || CASE WHEN a.is_grantable THEN '*' ELSE '' END, ',' ORDER BY a.privilege_type))
  FROM rights, aclexplode(acl) a
 WHERE a.grantee = 0 OR a.grantee::regrole::text LIKE 'isp\\_%' AND a.grantee::regrole::text <> 'isp_owner'
 GROUP BY kind, thing, a.grantee
 ORDER BY kind COLLATE "C", thing COLLATE "C", 1
"""


def rights():
    script = 'psql -XAtq -d "$TEST_DB" -c "$RIGHTS"'
    done = subprocess.run([os.path.join(TOP, "scripts", "db"), "run", "--", "sh", "-c", script], capture_output=True, text=True,
                          check=True, env=dict(os.environ, RIGHTS=RIGHTS))
    return done.stdout


def test_no_right_is_given_or_lost_unseen():
    now = rights()
    if os.environ.get("GOLDEN") == "write":
        with open(GOLDEN, "w", encoding="utf-8") as file:
            file.write(now)
    with open(GOLDEN, encoding="utf-8") as file:
        kept = set(file.read().splitlines())
    now = set(now.splitlines())
    assert len(now) > 300
    assert not now - kept, "given: " + "; ".join(sorted(now - kept))
    assert not kept - now, "lost: " + "; ".join(sorted(kept - now))


def test_a_grant_of_a_function_that_is_none_ends_the_deploy():
    """A name that was misspelt, or whose function is gone, would leave a program without a right until it needs it."""
    script = """sed "s/('uuidv7', /('uuidv6', /" sql/roles.sql | psql -XAtq -v ON_ERROR_STOP=1 -1 -d "$TEST_DB" -f -"""
    done = subprocess.run([os.path.join(TOP, "scripts", "db"), "run", "--", "sh", "-c", script], capture_output=True, text=True,
                          cwd=TOP, check=False)
    assert done.returncode != 0 and "there is no function uuidv6" in done.stderr, done


# A default of a column calls it.
DEFAULTS = {"uuidv7"}


def test_the_night_may_call_what_it_sends_and_nothing_else():
    sources = calls.Sources()
    sent = sources.sent_by("lib/billing/billing*.c", "lib/db/*.c")
    wanted = sources.called({name for name in sent if not name.startswith("billing_preview")})
    assert len(wanted) > 100
    assert calls.granted("billing") - DEFAULTS == wanted


def test_the_gateway_may_call_only_what_it_sends():
    """Some statements of lib/midtrans are sent by the API alone, so it may call fewer."""
    sources = calls.Sources()
    wanted = sources.called(sources.sent_by("lib/midtrans/*.c", "lib/db/*.c"))
    assert len(wanted) > 100
    assert calls.granted("gateway") - DEFAULTS <= wanted
    assert wanted - calls.granted("gateway") == {"throttle_take"}, "throttled is the API's caller"
