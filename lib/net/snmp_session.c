/* snmp_session.c: the login of an agent: its protocols, keys and community. */
#include "net/snmp_int.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

static int
auth_type(const char *name)
{
	return name != NULL ? usm_lookup_auth_type(name) : -1;
}

static int
priv_type(const char *name)
{
	return name != NULL ? usm_lookup_priv_type(name) : -1;
}

static bool
is_auth(const char *name)
{
	size_t len;

	return auth_type(name) > 0 && sc_get_auth_oid(auth_type(name), &len) != NULL;
}

static bool
is_priv(const char *name)
{
	size_t len;

	return priv_type(name) > 0 && sc_get_priv_oid(priv_type(name), &len) != NULL;
}

const char *
snmp_session_fault(const struct snmp_agent_conf *c)
{
	const bool has_priv =
	    c->security_level != NULL && strcmp(c->security_level, "authPriv") == 0;
	const bool has_auth =
	    has_priv || (c->security_level != NULL && strcmp(c->security_level, "authNoPriv") == 0);

	if (strcmp(c->version, "3") != 0)
		return NULL;
	if (c->security_name == NULL || c->security_level == NULL)
		return "version 3 needs a security name and level";
	if (has_auth && (!is_auth(c->auth_protocol) || c->auth_password == NULL))
		return "the authentication protocol or password is missing or unknown";
	if (has_priv && (!is_priv(c->priv_protocol) || c->priv_password == NULL))
		return "the privacy protocol or password is missing or unknown";
	return NULL;
}

/*
 * A transport specifier of net-snmp, made from an address: a name could be read as another
 * specifier.
 */
static char *
peer_name(struct snmp_agent *a)
{
	char text[INET6_ADDRSTRLEN] = "";
	const struct sockaddr_in *v4 = (const void *)&a->conf.to;
	const struct sockaddr_in6 *v6 = (const void *)&a->conf.to;

	if (a->conf.to.ss_family == AF_INET6) {
		(void)inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof(text));
		return arena_printf(a->mem, "udp6:[%s]:%d", text, ntohs(v6->sin6_port));
	}
	(void)inet_ntop(AF_INET, &v4->sin_addr, text, sizeof(text));
	return arena_printf(a->mem, "udp:%s:%d", text, ntohs(v4->sin_port));
}

static const struct ku *
session_key(struct snmp_engine *e, int type, const char *passphrase)
{
	struct ku *k = e->keys;
	size_t oid_len;
	const oid *hash = sc_get_auth_oid(type, &oid_len);

	while (k != NULL && (k->auth_type != type || strcmp(k->passphrase, passphrase) != 0))
		k = k->next;
	if (k != NULL)
		return k;
	k = arena_alloc(e->life, sizeof(*k));
	k->auth_type = type;
	k->passphrase = arena_strdup(e->life, passphrase);
	k->len = sizeof(k->key);
	if (generate_Ku(hash, (u_int)oid_len, (const u_char *)passphrase, strlen(passphrase),
		k->key, &k->len) != SNMPERR_SUCCESS)
		return NULL; /* shorter than 8 characters */
	k->next = e->keys;
	e->keys = k;
	return k;
}

static bool
set_auth(struct snmp_agent *a, netsnmp_session *s)
{
	const int type = auth_type(a->conf.auth_protocol);
	const struct ku *k = session_key(a->engine, type, a->conf.auth_password);

	if (k == NULL)
		return false;
	s->securityAuthProto = sc_get_auth_oid(type, &s->securityAuthProtoLen);
	memcpy(s->securityAuthKey, k->key, k->len);
	s->securityAuthKeyLen = k->len;
	return true;
}

static bool
set_priv(struct snmp_agent *a, netsnmp_session *s)
{
	const struct ku *k =
	    session_key(a->engine, auth_type(a->conf.auth_protocol), a->conf.priv_password);

	if (k == NULL)
		return false;
	s->securityPrivProto =
	    sc_get_priv_oid(priv_type(a->conf.priv_protocol), &s->securityPrivProtoLen);
	memcpy(s->securityPrivKey, k->key, k->len);
	s->securityPrivKeyLen = k->len;
	return true;
}

static bool
set_security(struct snmp_agent *a, netsnmp_session *s)
{
	const char *level = a->conf.security_level;
	const bool has_priv = strcmp(level, "authPriv") == 0;
	const bool has_auth = has_priv || strcmp(level, "authNoPriv") == 0;

	s->version = SNMP_VERSION_3;
	s->securityModel = SNMP_SEC_MODEL_USM;
	s->securityName = arena_strdup(a->mem, a->conf.security_name);
	s->securityNameLen = strlen(s->securityName);
	s->securityEngineID = a->engine_id.id;
	s->securityEngineIDLen = a->engine_id.len;
	s->contextEngineID = a->engine_id.id;
	s->contextEngineIDLen = a->engine_id.len;
	s->securityLevel = has_priv   ? SNMP_SEC_LEVEL_AUTHPRIV
			   : has_auth ? SNMP_SEC_LEVEL_AUTHNOPRIV
				      : SNMP_SEC_LEVEL_NOAUTH;
	return (!has_auth || set_auth(a, s)) && (!has_priv || set_priv(a, s));
}

bool
snmp_session_is_v3(const struct snmp_agent *a)
{
	return strcmp(a->conf.version, "3") == 0;
}

bool
snmp_session_fill(struct snmp_agent *a, netsnmp_session *s)
{
	s->peername = peer_name(a);
	return set_security(a, s);
}
