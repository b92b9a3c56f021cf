/*
 * fuzz_answer: whatever a peer of the notifier answers over HTTP.
 *
 * The first byte chooses the channel (webhook, Telegram, a gateway of WhatsApp, Meta's cloud), the
 * rest is what a peer on loopback sends back before it closes.  The outcome must be one of the six,
 * its detail short UTF-8: it goes to the database and to screens.
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/crypt.h"
#include "base/utf8.h"
#include "message/channel.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define KEY "base64:AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="

enum { ANSWER_MOST = 65536, DETAIL_MOST = 1024, WAIT_MOST = 86400, CHANNELS = 4 };

/* The peer's answer: written by the fuzzer, copied by the peer's thread, both under the lock. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint8_t answer[ANSWER_MOST];
static size_t answer_len;

static int listener;
static struct arena *life;
static struct conf conf;
static struct message messages[CHANNELS];

static void
must(bool ok)
{
	if (!ok)
		abort();
}

static void
read_request(int fd)
{
	char buf[8192];
	size_t n = 0;

	while (n < sizeof(buf) - 1) {
		ssize_t got = recv(fd, buf + n, sizeof(buf) - 1 - n, 0);

		if (got <= 0)
			return;
		n += (size_t)got;
		buf[n] = '\0';
		if (strstr(buf, "\r\n\r\n") != NULL)
			return;
	}
}

static void
send_answer(int fd)
{
	uint8_t *copy;
	size_t len, sent = 0;

	(void)pthread_mutex_lock(&lock);
	len = answer_len;
	copy = malloc(len + 1);
	must(copy != NULL);
	memcpy(copy, answer, len);
	(void)pthread_mutex_unlock(&lock);
	while (sent < len) {
		ssize_t n = send(fd, copy + sent, len - sent, MSG_NOSIGNAL);

		if (n <= 0)
			break;
		sent += (size_t)n;
	}
	free(copy);
}

static void *
serve(void *arg)
{
	char rest[4096];

	(void)arg;
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		must(fd >= 0);
		read_request(fd);
		send_answer(fd);
		(void)shutdown(fd, SHUT_WR);
		while (recv(fd, rest, sizeof(rest), MSG_DONTWAIT) > 0)
			;
		(void)close(fd);
	}
}

static int
listen_on_loopback(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(to);
	pthread_t thread;

	listener = socket(AF_INET, SOCK_STREAM, 0);
	must(listener >= 0 && bind(listener, (struct sockaddr *)&to, len) == 0);
	must(listen(listener, 8) == 0 && getsockname(listener, (struct sockaddr *)&to, &len) == 0);
	must(pthread_create(&thread, NULL, serve, NULL) == 0 && pthread_detach(thread) == 0);
	return ntohs(to.sin_port);
}

static void
open_conf(int port)
{
	struct ctx cx = { .mem = life, .request_id = "", .ip = "" };

	(void)setenv("APP_KEY", KEY, 1);
	(void)setenv("DATABASE_URL", "postgresql:///none", 1);
	(void)setenv("APP_URL", "https://isp.example.net", 1);
	(void)setenv("TELEGRAM_API_URL", arena_printf(life, "http://127.0.0.1:%d", port), 1);
	(void)setenv("TELEGRAM_BOT_TOKEN", "1:abc", 1);
	must(conf_load(&cx, "/dev/null", &conf) == RC_OK && crypt_open(&cx, KEY, "") == RC_OK);
}

/* The text with the port where it says %d. */
static const char *
put_port(const char *config, int port)
{
	const char *at = strstr(config, "%d");

	if (at == NULL)
		return config;
	return arena_printf(life, "%.*s%d%s", (int)(at - config), config, port, at + 2);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char *const channels[CHANNELS][2] = {
		{ "webhook", "{\"url\":\"http://127.0.0.1:%d/hook\"}" },
		{ "telegram", "{\"chat_id\":\"7\"}" },
		{ "whatsapp", "{\"preset\":\"fonnte\",\"url\":\"http://127.0.0.1:%d/send\"}" },
		{ "whatsapp", "{\"preset\":\"meta\",\"url\":\"http://127.0.0.1:%d/1/messages\"}" },
	};
	int port = listen_on_loopback();

	(void)argc;
	(void)argv;
	life = arena_new(16384);
	open_conf(port);
	for (size_t i = 0; i < CHANNELS; i++)
		messages[i] = (struct message){ .id = "0190-1",
			.event = "test",
			.channel = channels[i][0],
			.channel_id = "c1",
			.recipient = "628123456789",
			.subject = "s",
			.body = "hello",
			.secret = "",
			.config = put_port(channels[i][1], port),
			.channel_secret = "",
			.wa_values = "[]",
			.language = "id",
			.private_peers = true };
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ctx cx = { .mem = arena_new(16384), .request_id = "", .ip = "", .conf = &conf };
	struct delivery got;

	if (size > 0 && size <= ANSWER_MOST) {
		(void)pthread_mutex_lock(&lock);
		answer_len = size - 1;
		memcpy(answer, data + 1, answer_len);
		(void)pthread_mutex_unlock(&lock);
		if (channel_send(&cx, channel_new(cx.mem, &conf), &messages[data[0] % CHANNELS],
			&got) == RC_OK) {
			must(got.outcome >= OUTCOME_SENT && got.outcome <= OUTCOME_MOVED);
			must(got.wait_seconds >= 0 && got.wait_seconds <= WAIT_MOST);
			must(strlen(got.detail) <= DETAIL_MOST);
			must(utf8_valid(got.detail, strlen(got.detail)));
		}
	}
	arena_free(cx.mem);
	return 0;
}
