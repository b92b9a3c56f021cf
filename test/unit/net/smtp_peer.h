/*
 * smtp_peer.h: a mail host for tests of those that send: it answers each command by its first word.
 *
 * A thread on a loopback port takes one connection after the other; what it received is kept.
 */
#ifndef TEST_SMTP_PEER_H
#define TEST_SMTP_PEER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct smtp_peer {
	const char *mail, *rcpt, *data, *end; /* NULL: 250, 250, 354, 250; "": hang up */
	const char *ehlo;                     /* NULL: two lines of 250 */
	const char *login;                    /* to the user and password; NULL: 235 */
	pthread_t thread;
	int lfd, port, connections;
	char received[16384];
};

static inline const char *
smtp_reply_of(const struct smtp_peer *p, const char *line)
{
	if (strncmp(line, "EHLO", 4) == 0)
		return p->ehlo != NULL ? p->ehlo : "250-isp\r\n250 SIZE 1000000";
	if (strncmp(line, "HELO", 4) == 0)
		return "250 isp";
	if (strncmp(line, "AUTH", 4) == 0)
		return "334 ";
	if (strncmp(line, "MAIL", 4) == 0)
		return p->mail != NULL ? p->mail : "250 ok";
	if (strncmp(line, "RCPT", 4) == 0)
		return p->rcpt != NULL ? p->rcpt : "250 ok";
	if (strncmp(line, "DATA", 4) == 0)
		return p->data != NULL ? p->data : "354 go on";
	if (strcmp(line, ".\r\n") == 0)
		return p->end != NULL ? p->end : "250 2.0.0 taken";
	return strncmp(line, "QUIT", 4) == 0 ? "221 bye" : NULL;
}

static inline void
smtp_serve_one(struct smtp_peer *p, int fd)
{
	FILE *in = fdopen(fd, "r");
	char line[1024];
	bool in_text = false, in_login = false;

	p->connections++;
	(void)dprintf(fd, "220 host\r\n");
	while (fgets(line, sizeof(line), in) != NULL) {
		const char *reply;

		(void)snprintf(p->received + strlen(p->received),
		    sizeof(p->received) - strlen(p->received), "%s", line);
		if (in_text && strcmp(line, ".\r\n") != 0)
			continue;
		reply = !in_login ? smtp_reply_of(p, line) : p->login != NULL ? p->login : "235 ok";
		in_login = strncmp(line, "AUTH", 4) == 0;
		in_text = strncmp(line, "DATA", 4) == 0 && reply != NULL && reply[0] == '3';
		if (reply != NULL && reply[0] == '\0')
			break;
		(void)dprintf(fd, "%s\r\n", reply != NULL ? reply : "500 what?");
	}
	(void)fclose(in);
}

static inline void *
smtp_serve(void *arg)
{
	struct smtp_peer *p = arg;
	int fd;

	while ((fd = accept(p->lfd, NULL, NULL)) >= 0)
		smtp_serve_one(p, fd);
	return NULL;
}

static inline void
smtp_peer_start(struct smtp_peer *p)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);

	p->lfd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(p->lfd, (struct sockaddr *)&at, len), 0);
	assert_int_equal(listen(p->lfd, 4), 0);
	assert_int_equal(getsockname(p->lfd, (struct sockaddr *)&at, &len), 0);
	p->port = ntohs(at.sin_port);
	assert_int_equal(pthread_create(&p->thread, NULL, smtp_serve, p), 0);
}

/* Stop once those who sent have gone. */
static inline void
smtp_peer_stop(struct smtp_peer *p)
{
	(void)shutdown(p->lfd, SHUT_RDWR);
	(void)pthread_join(p->thread, NULL);
	(void)close(p->lfd);
}

#endif
