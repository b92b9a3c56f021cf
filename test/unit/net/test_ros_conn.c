#include "unit.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <signal.h>

#include "net/ros_peer.h"
#include "net/routeros.h"

struct fix {
	struct ctx cx;
	struct peer *peer;
	struct routeros *ros;
	struct routeros_target target;
	char received[4096];
	char sni[64];
	bool wants_certificate; /* of the client */
};

/* One certificate for localhost and 127.0.0.1, one for elsewhere, one that has expired; made once.
 */
static struct cert {
	EVP_PKEY *key;
	X509 *cert;
	char pem[4096];
	char print[3 * 32 + 1]; /* AB:CD ... */
} home, away, old;

static void
add_san(X509 *cert, const char *names)
{
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);

	assert_non_null(ext);
	assert_int_equal(X509_add_ext(cert, ext, -1), 1);
	X509_EXTENSION_free(ext);
}

static void
cert_make(struct cert *c, const char *names, long ends_in)
{
	unsigned char md[32];
	BIO *bio = BIO_new(BIO_s_mem());

	c->key = EVP_EC_gen("P-256");
	c->cert = X509_new();
	(void)X509_set_version(c->cert, X509_VERSION_3);
	(void)ASN1_INTEGER_set(X509_get_serialNumber(c->cert), 1);
	(void)X509_gmtime_adj(X509_getm_notBefore(c->cert), -7200);
	(void)X509_gmtime_adj(X509_getm_notAfter(c->cert), ends_in);
	(void)X509_set_pubkey(c->cert, c->key);
	add_san(c->cert, names);
	assert_true(X509_sign(c->cert, c->key, EVP_sha256()) > 0);
	(void)PEM_write_bio_X509(bio, c->cert);
	assert_true(BIO_read(bio, c->pem, sizeof(c->pem) - 1) > 0);
	BIO_free(bio);
	(void)X509_digest(c->cert, EVP_sha256(), md, NULL);
	for (size_t i = 0; i < 32; i++)
		(void)snprintf(c->print + 3 * i, 4, "%02X:", md[i]);
	c->print[95] = '\0';
}

static int
make_certs(void **state)
{
	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);
	cert_make(&home, "DNS:localhost,IP:127.0.0.1", 3600);
	cert_make(&away, "DNS:elsewhere.example", 3600);
	cert_make(&old, "DNS:localhost,IP:127.0.0.1", -3600);
	return 0;
}

static int
drop_certs(void **state)
{
	(void)state;
	EVP_PKEY_free(home.key);
	EVP_PKEY_free(away.key);
	EVP_PKEY_free(old.key);
	X509_free(home.cert);
	X509_free(away.cert);
	X509_free(old.cert);
	return 0;
}

static int
setup(void **state)
{
	struct fix *f = calloc(1, sizeof(*f));

	f->cx.mem = arena_new(4096);
	f->target = peer_target();
	f->target.tls = ROS_TLS_VERIFY;
	f->target.ca = home.pem;
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fix *f = *state;

	arena_free(f->cx.mem);
	free(f);
	return 0;
}

static int
note_sni(SSL *ssl, int *alert, void *arg)
{
	struct fix *f = arg;
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

	(void)alert;
	(void)snprintf(f->sni, sizeof(f->sni), "%s", name == NULL ? "none" : name);
	return SSL_TLSEXT_ERR_OK;
}

/* A router with this certificate, or, without one, with anonymous Diffie-Hellman only. */
static SSL_CTX *
server(struct fix *f, struct cert *c, int version)
{
	SSL_CTX *tls = SSL_CTX_new(TLS_server_method());

	(void)SSL_CTX_set_max_proto_version(tls, version);
	(void)SSL_CTX_set_tlsext_servername_callback(tls, note_sni);
	(void)SSL_CTX_set_tlsext_servername_arg(tls, f);
	if (f->wants_certificate)
		SSL_CTX_set_verify(tls, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	if (c != NULL) {
		assert_int_equal(SSL_CTX_use_certificate(tls, c->cert), 1);
		assert_int_equal(SSL_CTX_use_PrivateKey(tls, c->key), 1);
	} else {
		(void)SSL_CTX_set_max_proto_version(tls, TLS1_2_VERSION);
		(void)SSL_CTX_set_dh_auto(tls, 1);
		assert_int_equal(SSL_CTX_set_cipher_list(tls, "ADH:@SECLEVEL=0"), 1);
	}
	return tls;
}

/* Open a connection to such a router, close it, and say how it went. */
static enum routeros_fault
visit(struct fix *f, struct cert *c, int version)
{
	static const struct turn turns[] = { { .listen = 1, .say = "!done\n", .end = PEER_HOLD } };
	SSL_CTX *tls = server(f, c, version);
	struct routeros *ros;
	enum rc rc;

	f->peer = peer_start(turns, tls);
	f->target.port = f->peer->port;
	ros = routeros_new(f->cx.mem, &f->target);
	rc = routeros_open(&f->cx, ros);
	assert_int_equal(rc == RC_OK, routeros_alive(ros));
	routeros_close(ros);
	(void)peer_stop(f->peer, f->received, sizeof(f->received));
	SSL_CTX_free(tls);
	if (rc != RC_OK) /* nobody learns the password before the router has proved its identity */
		assert_string_equal(f->received, "");
	return routeros_fault(ros);
}

#define ASSERT_TLS_FAULT(f, c, text)                                                               \
	do {                                                                                       \
		assert_int_equal(visit(f, c, TLS1_2_VERSION), ROS_TLS);                            \
		assert_non_null(strstr((f)->cx.err.msg, text));                                    \
	} while (0)

static void
verifies_address_and_name(void **state)
{
	struct fix *f = *state;

	assert_int_equal(visit(f, &home, TLS1_2_VERSION), ROS_OK);
	assert_string_equal(f->sni, "none"); /* SNI is for names only */
	assert_int_equal(visit(f, &home, TLS1_3_VERSION), ROS_OK);
	f->target.host = "localhost"; /* and ::1, where nobody is, is passed over */
	assert_int_equal(visit(f, &home, TLS1_2_VERSION), ROS_OK);
	assert_string_equal(f->sni, "localhost");
}

static void
refuses_who_cannot_prove_it(void **state)
{
	struct fix *f = *state;

	ASSERT_TLS_FAULT(f, &away, "self-signed certificate");
	f->target.ca = away.pem;
	ASSERT_TLS_FAULT(f, &away, "IP address mismatch");
	f->target.host = "localhost";
	ASSERT_TLS_FAULT(f, &away, "hostname mismatch");
	f->target.ca = NULL; /* the system's authorities do not know it */
	ASSERT_TLS_FAULT(f, &home, "self-signed certificate");
	f->target.ca = "not PEM";
	ASSERT_TLS_FAULT(f, &home, "its CA text holds no certificate");
	f->target.ca = home.pem;
	ASSERT_TLS_FAULT(f, NULL, "handshake failure");
}

static void
a_pin_is_enough_and_needed(void **state)
{
	struct fix *f = *state;

	f->target.tls = ROS_TLS_PIN;
	f->target.ca = NULL;
	f->target.fingerprint = away.print;
	assert_int_equal(visit(f, &away, TLS1_2_VERSION), ROS_OK);
	ASSERT_TLS_FAULT(f, &home, "its certificate is not the pinned one");
	f->target.fingerprint = NULL;
	ASSERT_TLS_FAULT(f, &home, "its fingerprint setting is not a SHA-256");
	f->target.fingerprint = "AB:CD";
	ASSERT_TLS_FAULT(f, &home, "its fingerprint setting is not a SHA-256");
	f->target.fingerprint = arena_printf(f->cx.mem, "%s:00", away.print);
	ASSERT_TLS_FAULT(f, &away, "its fingerprint setting is not a SHA-256");
}

/* Routers make certificates for a year and nobody renews them: the reason is said, a pin still
 * holds. */
static void
an_expired_certificate_needs_a_pin(void **state)
{
	struct fix *f = *state;

	f->target.ca = old.pem;
	ASSERT_TLS_FAULT(f, &old, "certificate has expired");
	f->target.tls = ROS_TLS_PIN;
	f->target.ca = NULL;
	f->target.fingerprint = old.print;
	assert_int_equal(visit(f, &old, TLS1_2_VERSION), ROS_OK);
	ASSERT_TLS_FAULT(f, &home, "its certificate is not the pinned one");
}

/* A router that wants a certificate of ours. Its own, which nobody signed, is not the cause. */
static void
a_failure_after_the_certificate_has_its_own_reason(void **state)
{
	struct fix *f = *state;

	f->target.tls = ROS_TLS_PIN;
	f->target.ca = NULL;
	f->target.fingerprint = away.print;
	f->wants_certificate = true;
	ASSERT_TLS_FAULT(f, &away, "handshake failure");
}

static void
a_pin_may_be_bare_hex(void **state)
{
	struct fix *f = *state;
	char bare[65];

	for (size_t i = 0; i < 32; i++)
		(void)snprintf(bare + 2 * i, 3, "%.2s", home.print + 3 * i);
	for (size_t i = 0; i < 64; i++)
		bare[i] = (char)(bare[i] >= 'A' && bare[i] <= 'F' ? bare[i] | 0x20 : bare[i]);
	f->target.tls = ROS_TLS_PIN;
	f->target.fingerprint = bare;
	assert_int_equal(visit(f, &home, TLS1_3_VERSION), ROS_OK);
}

static void
anonymous_only_when_chosen(void **state)
{
	struct fix *f = *state;

	f->target.tls = ROS_TLS_ADH;
	assert_int_equal(visit(f, NULL, 0), ROS_OK);
	ASSERT_TLS_FAULT(f, &home, "handshake failure");
	f->target.tls = ROS_TLS_NONE;
	assert_int_equal(visit(f, &away, TLS1_2_VERSION), ROS_OK);
	ASSERT_TLS_FAULT(f, NULL, "handshake failure");
}

static void
tls_to_a_plain_port(void **state)
{
	static const struct {
		struct turn turn;
		enum routeros_fault fault;
		const char *text;
		int connect_ms; /* 0: enough for an answer */
	} cases[] = {
		{ { .raw = "HTTP/1.0 400 no\r\n", .raw_len = 17, .end = PEER_HOLD }, ROS_TLS,
		    "failed in TLS" },
		{ { .end = PEER_HANG_UP }, ROS_CLOSED, "closed the connection" },
		{ { .end = PEER_HOLD }, ROS_TIMEOUT, "did not answer in time (connect): TLS", 300 },
	};
	struct fix *f = *state;

	for (size_t i = 0; i < countof(cases); i++) {
		if (cases[i].connect_ms > 0)
			f->target.connect_ms = cases[i].connect_ms;
		f->peer = peer_start(&cases[i].turn, NULL);
		f->target.port = f->peer->port;
		f->ros = routeros_new(f->cx.mem, &f->target);
		assert_int_equal(routeros_open(&f->cx, f->ros), RC_UPSTREAM);
		if (routeros_fault(f->ros) != cases[i].fault ||
		    strstr(f->cx.err.msg, cases[i].text) == NULL)
			fail_msg("%zu: %s", i, f->cx.err.msg);
		(void)peer_stop(f->peer, f->received, sizeof(f->received));
	}
}

static enum rc
count(struct ctx *cx, const struct ros_row *row, void *arg)
{
	(void)cx;
	*(size_t *)arg += ros_row_attr(row, "name")->len;
	return RC_OK;
}

/* Records hold many sentences, sentences many records; large ones go out in parts. */
static void
much_goes_through_tls(void **state)
{
	struct fix *f = *state;
	struct sb say = sb_new(f->cx.mem);
	struct turn turns[] = {
		{ .listen = 1, .say = "!done\n" },
		{ .pause_ms = 1000, .raw = "\0", .raw_len = 1 },
		{ .listen = 1, .drip = 50021, .end = PEER_HOLD },
	};
	SSL_CTX *tls = server(f, &home, TLS1_2_VERSION);
	struct ros_cmd c = ros_cmd_new(f->cx.mem, "/p");
	char *big = memset(arena_alloc(f->cx.mem, (4 << 20) + 1), 'x', 4 << 20);
	struct routeros_reply reply;
	size_t bytes = 0;

	for (int i = 0; i < 20000; i++)
		sb_printf(&say, "!re|=name=%0*d\n", i % 200 + 5, i);
	sb_puts(&say, "!done\n");
	turns[2].say = say.buf;
	f->peer = peer_start(turns, tls);
	f->target.read_ms = f->target.total_ms = 60000; /* on a busy machine */
	ros_cmd_set(&c, "v", big);
	f->target.port = f->peer->port;
	f->ros = routeros_new(f->cx.mem, &f->target);
	assert_int_equal(routeros_open(&f->cx, f->ros), RC_OK);
	assert_int_equal(routeros_run(&f->cx, f->ros, &c, count, &bytes, &reply), RC_OK);
	assert_int_equal(reply.rows, 20000);
	assert_int_equal(bytes, 20000 * 104 + 10000);
	routeros_close(f->ros);
	assert_true(peer_stop(f->peer, f->received, sizeof(f->received)) > 4 << 20);
	SSL_CTX_free(tls);
}

static void
hangs_up_on_idle_tls(void **state)
{
	static const struct turn turns[] = {
		{ .listen = 1, .say = "!done\n", .pause_ms = 1, .end = PEER_HANG_UP },
	};
	struct fix *f = *state;
	SSL_CTX *tls = server(f, &home, TLS1_3_VERSION);

	f->peer = peer_start(turns, tls);
	f->target.port = f->peer->port;
	f->ros = routeros_new(f->cx.mem, &f->target);
	assert_int_equal(routeros_open(&f->cx, f->ros), RC_OK);
	for (int i = 0; i < 2000 && routeros_alive(f->ros); i++)
		(void)usleep(10000);
	assert_false(routeros_alive(f->ros));
	routeros_close(f->ros);
	(void)peer_stop(f->peer, f->received, sizeof(f->received));
	SSL_CTX_free(tls);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(verifies_address_and_name),
		T(refuses_who_cannot_prove_it),
		T(a_pin_is_enough_and_needed),
		T(an_expired_certificate_needs_a_pin),
		T(a_failure_after_the_certificate_has_its_own_reason),
		T(a_pin_may_be_bare_hex),
		T(anonymous_only_when_chosen),
		T(tls_to_a_plain_port),
		T(much_goes_through_tls),
		T(hangs_up_on_idle_tls),
	};

	return cmocka_run_group_tests_name("ros_conn", tests, make_certs, drop_certs);
}
