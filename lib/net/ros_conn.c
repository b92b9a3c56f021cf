#include "net/ros_conn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <resolv.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/macro.h"
#include "base/pem.h"

static bool
conn_fails(struct ros_conn *c, enum routeros_fault fault, const char *why)
{
	c->fault = fault;
	(void)snprintf(c->why, sizeof(c->why), "%s", why);
	return false;
}

/* Record the fault of an errno of connect, send or recv. */
static bool
fails_errno(struct ros_conn *c, int no)
{
	enum routeros_fault f = ROS_UNREACHABLE;

	if (no == ECONNREFUSED)
		f = ROS_REFUSED;
	else if (no == ETIMEDOUT)
		f = ROS_TIMEOUT;
	else if (no == ECONNRESET || no == EPIPE || no == ECONNABORTED)
		f = ROS_CLOSED;
	return conn_fails(c, f,
	    strerrordesc_np(no) != NULL ? strerrordesc_np(no) : "unknown error");
}

bool
ros_conn_wait(const struct ros_conn *c, short events, int64_t deadline)
{
	struct pollfd p = { .fd = c->fd, .events = events };
	int64_t left;
	int n;

	while ((left = deadline - clock_ms()) > 0) {
		n = poll(&p, 1, left > INT32_MAX ? INT32_MAX : (int)left);
		if (n > 0 || (n < 0 && errno != EINTR))
			return true;
	}
	return false;
}

/* ---------------------------------------------------------------------- TCP */

static void
set_options(int fd)
{
	static const struct {
		int level, name, val;
	} opts[] = {
		{ IPPROTO_TCP, TCP_NODELAY, 1 },
		{ SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ IPPROTO_TCP, TCP_KEEPIDLE, 30 },
		{ IPPROTO_TCP, TCP_KEEPINTVL, 10 },
		{ IPPROTO_TCP, TCP_KEEPCNT, 3 },
	};

	for (size_t i = 0; i < countof(opts); i++)
		(void)setsockopt(fd, opts[i].level, opts[i].name, &opts[i].val, sizeof(int));
}

static void
close_fd(struct ros_conn *c)
{
	if (c->fd >= 0)
		(void)close(c->fd);
	c->fd = -1;
}

static bool
connected(struct ros_conn *c, int64_t deadline)
{
	int no = 0;
	socklen_t len = sizeof(no);

	if (!ros_conn_wait(c, POLLOUT, deadline))
		return conn_fails(c, ROS_TIMEOUT, "connecting");
	(void)getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &no, &len);
	return no == 0 || fails_errno(c, no);
}

static bool
dial_one(struct ros_conn *c, const struct addrinfo *ai, int64_t deadline)
{
	bool ok;

	c->fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->fd < 0)
		return fails_errno(c, errno);
	set_options(c->fd);
	if (connect(c->fd, ai->ai_addr, ai->ai_addrlen) == 0)
		return true;
	ok = errno == EINPROGRESS ? connected(c, deadline) : fails_errno(c, errno);
	if (!ok)
		close_fd(c);
	return ok;
}

/* Give every address an equal part of the remaining time. */
static bool
dial(struct ros_conn *c, const struct addrinfo *list, int64_t deadline)
{
	int64_t left = 0, now;

	for (const struct addrinfo *ai = list; ai != NULL; ai = ai->ai_next)
		left++;
	for (const struct addrinfo *ai = list; ai != NULL; ai = ai->ai_next, left--) {
		now = clock_ms();
		if (now >= deadline)
			return conn_fails(c, ROS_TIMEOUT, "connecting");
		if (dial_one(c, ai, now + (deadline - now) / left))
			return true;
	}
	return false;
}

/*
 * Resolve the host. The C library's resolver has no deadline, so it is set to ask each
 * server once, for a second or two: a dead server then costs about as much time as a dead
 * router.
 */
static int
resolve(const char *host, int port, int64_t deadline, struct addrinfo **ret)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST };
	int64_t secs = (deadline - clock_ms()) / 1000;
	char service[12];

	(void)snprintf(service, sizeof(service), "%d", port);
	if (getaddrinfo(host, service, &hints, ret) == 0)
		return 0;
	if (res_init() == 0) {
		_res.retry = 1;
		_res.retrans = secs >= 4 ? 2 : 1;
	}
	hints.ai_flags = AI_ADDRCONFIG;
	return getaddrinfo(host, service, &hints, ret);
}

/* ---------------------------------------------------------------------- TLS */

static bool
is_address(const char *host)
{
	unsigned char buf[16];

	return inet_pton(AF_INET, host, buf) == 1 || strchr(host, ':') != NULL;
}

static const char *
tls_text(const struct ros_conn *c)
{
	long verified = c->ssl == NULL ? X509_V_OK : SSL_get_verify_result(c->ssl);
	const char *why = ERR_reason_error_string(ERR_peek_error());

	if (verified != X509_V_OK &&
	    ERR_GET_REASON(ERR_peek_error()) == SSL_R_CERTIFICATE_VERIFY_FAILED)
		return X509_verify_cert_error_string(verified);
	return why != NULL ? why : "handshake failed";
}

/* The outcome of an SSL call that returned n: 0 to wait (see wait), -1 for a failure. */
static int
tls_result(struct ros_conn *c, int n, int no)
{
	switch (SSL_get_error(c->ssl, n)) {
	case SSL_ERROR_WANT_READ:
		c->wait = POLLIN;
		return 0;
	case SSL_ERROR_WANT_WRITE:
		c->wait = POLLOUT;
		return 0;
	case SSL_ERROR_ZERO_RETURN:
		(void)conn_fails(c, ROS_CLOSED, "end of TLS");
		return -1;
	case SSL_ERROR_SYSCALL:
		(void)(no == 0 ? conn_fails(c, ROS_CLOSED, "end of connection")
			       : fails_errno(c, no));
		return -1;
	default:
		if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
			(void)conn_fails(c, ROS_CLOSED, "end of connection");
		else
			(void)conn_fails(c, ROS_TLS, tls_text(c));
		return -1;
	}
}

/* Trust a certificate of the PEM text: an authority's, or the router's own. */
static void
trust(void *store, struct x509_st *cert)
{
	(void)X509_STORE_add_cert(store, cert);
}

static bool
trust_pem(struct ros_conn *c, const char *pem)
{
	X509_STORE *store = SSL_CTX_get_cert_store(c->tls);

	(void)X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
	return pem_certificates(pem, trust, store) > 0 ||
	       conn_fails(c, ROS_TLS, "its CA text holds no certificate");
}

static bool
set_verify(struct ros_conn *c, const struct routeros_target *t)
{
	X509_VERIFY_PARAM *param = SSL_CTX_get0_param(c->tls);

	SSL_CTX_set_verify(c->tls, SSL_VERIFY_PEER, NULL);
	if ((is_address(t->host) ? X509_VERIFY_PARAM_set1_ip_asc(param, t->host)
				 : X509_VERIFY_PARAM_set1_host(param, t->host, 0)) != 1)
		return conn_fails(c, ROS_TLS, "its address cannot be verified");
	if (t->ca != NULL && t->ca[0] != '\0')
		return trust_pem(c, t->ca);
	return SSL_CTX_set_default_verify_paths(c->tls) == 1 ||
	       conn_fails(c, ROS_TLS, "no system authorities");
}

/* Old routers have short keys; modes that check no authority accept these. */
static bool
set_mode(struct ros_conn *c, const struct routeros_target *t)
{
	const char *ciphers = "DEFAULT:@SECLEVEL=1";

	if (t->tls == ROS_TLS_VERIFY)
		return set_verify(c, t);
	if (t->tls == ROS_TLS_ADH) {
		ciphers = "ADH:@SECLEVEL=0";
		(void)SSL_CTX_set_max_proto_version(c->tls, TLS1_2_VERSION);
	}
	SSL_CTX_set_verify(c->tls, SSL_VERIFY_NONE, NULL);
	return SSL_CTX_set_cipher_list(c->tls, ciphers) == 1 ||
	       conn_fails(c, ROS_TLS, "no ciphers");
}

static int
hex_digit(char ch)
{
	if (ch >= '0' && ch <= '9')
		return ch - '0';
	ch = (char)(ch | 0x20);
	return ch >= 'a' && ch <= 'f' ? ch - 'a' + 10 : -1;
}

/* Read 32 bytes of hexadecimal, with or without colons and blanks. */
static bool
read_pin(const char *text, unsigned char ret[static 32])
{
	size_t n = 0;
	int d;

	for (; text != NULL && *text != '\0'; text++) {
		if (*text == ':' || *text == ' ')
			continue;
		if ((d = hex_digit(*text)) < 0 || n == 64)
			return false;
		ret[n / 2] = (unsigned char)(n % 2 == 0 ? d << 4 : ret[n / 2] | d);
		n++;
	}
	return n == 64;
}

static bool
check_pin(struct ros_conn *c, const char *fingerprint)
{
	unsigned char pin[32], have[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	X509 *cert;
	bool same;

	if (!read_pin(fingerprint, pin))
		return conn_fails(c, ROS_TLS, "its fingerprint setting is not a SHA-256");
	cert = SSL_get1_peer_certificate(c->ssl);
	same = cert != NULL && X509_digest(cert, EVP_sha256(), have, &len) == 1 &&
	       len == sizeof(pin) && CRYPTO_memcmp(pin, have, len) == 0;
	X509_free(cert);
	return same || conn_fails(c, ROS_TLS, "its certificate is not the pinned one");
}

static bool
handshake(struct ros_conn *c, int64_t deadline)
{
	int n;

	for (;;) {
		ERR_clear_error();
		errno = 0;
		if ((n = SSL_connect(c->ssl)) == 1)
			return true;
		if (tls_result(c, n, errno) < 0)
			return false;
		if (!ros_conn_wait(c, c->wait, deadline))
			return conn_fails(c, ROS_TIMEOUT, "TLS handshake");
	}
}

static bool
tls_start(struct ros_conn *c, const struct routeros_target *t, int64_t deadline)
{
	c->tls = SSL_CTX_new(TLS_client_method());
	if (c->tls == NULL)
		return conn_fails(c, ROS_TLS, "no TLS");
	if (!set_mode(c, t))
		return false;
	(void)SSL_CTX_set_options(c->tls, SSL_OP_NO_RENEGOTIATION);
	(void)SSL_CTX_set_mode(c->tls,
	    SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	c->ssl = SSL_new(c->tls);
	if (c->ssl == NULL || SSL_set_fd(c->ssl, c->fd) != 1)
		return conn_fails(c, ROS_TLS, "no TLS");
	if (!is_address(t->host))
		(void)SSL_set_tlsext_host_name(c->ssl, t->host);
	if (!handshake(c, deadline))
		return false;
	return t->tls != ROS_TLS_PIN || check_pin(c, t->fingerprint);
}

/* --------------------------------------------------------------- both kinds */

bool
ros_conn_open(struct ros_conn *c, const struct routeros_target *t, int64_t deadline)
{
	struct addrinfo *list;
	bool ok;

	*c = (struct ros_conn){ .fd = -1 };
	if (resolve(t->host, t->port, deadline, &list) != 0)
		return conn_fails(c, ROS_UNREACHABLE, "its name is unknown");
	ok = c->dialed = dial(c, list, deadline);
	freeaddrinfo(list);
	if (ok && t->tls != ROS_PLAIN)
		ok = tls_start(c, t, deadline);
	if (!ok)
		ros_conn_close(c);
	return ok;
}

void
ros_conn_close(struct ros_conn *c)
{
	if (c->ssl != NULL && c->fault == ROS_OK)
		(void)SSL_shutdown(c->ssl); /* one try, without waiting */
	SSL_free(c->ssl);
	SSL_CTX_free(c->tls);
	ERR_clear_error();
	c->ssl = NULL;
	c->tls = NULL;
	close_fd(c);
}

/* The outcome of a send or recv that returned n, in the terms of ros_conn_read(). */
static ssize_t
plain_result(struct ros_conn *c, ssize_t n, short wait)
{
	if (n > 0)
		return n;
	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		c->wait = wait;
		return 0;
	}
	(void)(n == 0 ? conn_fails(c, ROS_CLOSED, "end of connection") : fails_errno(c, errno));
	return -1;
}

ssize_t
ros_conn_read(struct ros_conn *c, char *buf, size_t len)
{
	size_t n = 0;

	errno = 0;
	if (c->ssl == NULL)
		return plain_result(c, recv(c->fd, buf, len, 0), POLLIN);
	ERR_clear_error();
	return SSL_read_ex(c->ssl, buf, len, &n) == 1 ? (ssize_t)n : tls_result(c, 0, errno);
}

ssize_t
ros_conn_write(struct ros_conn *c, const char *buf, size_t len)
{
	size_t n = 0;

	errno = 0;
	if (c->ssl == NULL)
		return plain_result(c, send(c->fd, buf, len, MSG_NOSIGNAL), POLLOUT);
	ERR_clear_error();
	return SSL_write_ex(c->ssl, buf, len, &n) == 1 ? (ssize_t)n : tls_result(c, 0, errno);
}

bool
ros_conn_quiet(struct ros_conn *c)
{
	char byte;
	int n;

	if (c->ssl == NULL)
		return recv(c->fd, &byte, 1, MSG_PEEK) < 0 && errno == EAGAIN;
	ERR_clear_error();
	n = SSL_peek(c->ssl, &byte, 1);
	return n <= 0 && SSL_get_error(c->ssl, n) == SSL_ERROR_WANT_READ;
}
