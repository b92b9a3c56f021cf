/*
 * ros_target.h: where a router is, how to reach it, and how that may fail.
 */
#ifndef NET_ROS_TARGET_H
#define NET_ROS_TARGET_H

#include <stddef.h>

enum routeros_tls {
	ROS_PLAIN = 0,
	ROS_TLS_VERIFY, /* certificate by ca (NULL: the system's) for the host */
	ROS_TLS_PIN,    /* only the certificate's SHA-256 is checked, against fingerprint */
	ROS_TLS_ADH,    /* api-ssl without a certificate: does not prove the router's identity */
	ROS_TLS_NONE,   /* any certificate is accepted */
};

/* All text is copied by routeros_new(); a 0 number means its default. */
struct routeros_target {
	const char *name; /* for people: "Main Router" */
	const char *host; /* name, IPv4 or IPv6 */
	int port;         /* 8728, or 8729 with TLS */
	const char *username, *password;
	enum routeros_tls tls;
	const char *fingerprint; /* 64 hex digits, with or without colons (PIN) */
	const char *ca;          /* PEM text (VERIFY); NULL: the system's */
	int connect_ms;          /* 5,000 */
	int login_ms;            /* 10,000 */
	int read_ms;             /* 15,000 */
	int total_ms;            /* 60,000 */
	int budget_ms;           /* from routeros_open() to the last answer; none */
	size_t max_rows;         /* for each command: 1,000,000 */
	size_t max_bytes;        /* for each run or batch: 256 MiB */
};

enum routeros_fault {
	ROS_OK = 0,
	ROS_UNREACHABLE, /* unknown name, no route */
	ROS_REFUSED,     /* no process listens on the port */
	ROS_TIMEOUT,
	ROS_TLS,
	ROS_LOGIN,      /* wrong user or password, disabled, no policy api: do not try again */
	ROS_PERMISSION, /* the API user's group lacks a right */
	ROS_PROTOCOL,   /* not the API, or beyond our limits */
	ROS_CLOSED,     /* the router hung up */
	ROS_TRAP,       /* the router refused the command; see routeros_trap() */
};

#endif
