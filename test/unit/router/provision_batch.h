/*
 * provision_batch.h: a batch of jobs on a router that answers by turns, and accounts for it, for
 * tests of provision.c and what it is made of.
 */
#ifndef PROVISION_BATCH_H
#define PROVISION_BATCH_H

#include "router_peer.h"

#include "router/provision.h"

#define SECRETS_RECEIVED                                                                           \
	"/ppp/secret/print|=.proplist=.id,name,service,profile,local-address,"                     \
	"remote-address,disabled,comment"

static const char *router;

/* A router in the database that answers by these turns, and a client on it. */
static inline void
linked(const struct turn *turns)
{
	router = answering(turns);
	client = link_new(cx.mem, router);
}

static inline struct provision_report
batch(void)
{
	struct provision_report rep;

	if (provision_batch(&cx, client, &rep) != RC_OK)
		fail_msg("%s (%s)", cx.err.msg, cx.err.detail);
	return rep;
}

static inline const char *
state_of(const char *account)
{
	return sql("SELECT concat_ws(': ', sync_state, sync_error) AS v FROM account_states"
		   " WHERE account_id = '%s'",
	    account);
}

/* An account on a profile that is named by hand: there is none to look up for it. */
static inline const char *
plain_account(const char *username)
{
	const char *package = sql("SELECT id::text AS v FROM packages"), *id;

	if (package == NULL)
		package = a_package("home", "pppoe");
	id = an_account(username, package, "");
	(void)sql("UPDATE mikrotik_secrets SET profile = 'gold'");
	(void)sql("UPDATE account_states SET kick = false");
	(void)sql("DELETE FROM profile_states");
	return id;
}

static inline int
times(const char *text, const char *what)
{
	int n = 0;

	for (; (text = strstr(text, what)) != NULL; text += strlen(what))
		n++;
	return n;
}

/* "citra", marked, whose id is known beforehand, suspended by hand. */
#define CITRA "00000000-0000-4000-8000-000000000001"
#define CITRA_FOUND(properties)                                                                    \
	"!re|=.id=*1|=name=citra" properties "|=comment=isp:" CITRA "\n!done\n"
static inline void
citra_is_suspended(void)
{
	(void)plain_account("citra");
	(void)sql("DELETE FROM account_states");
	(void)sql("UPDATE mikrotik_secrets SET id = '" CITRA "'");
	(void)sql("UPDATE mikrotik_secrets SET disabled = true");
	(void)sql("UPDATE account_states SET synced_generation = 1, generation = 2");
}

#endif
