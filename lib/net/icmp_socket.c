/* icmp_socket.c: opens the sockets of the engine, and gives up the rights that this needs. */
#include "net/icmp_int.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <netinet/in.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- sockets ---- */

/* Let the kernel drop all replies but those to us: a raw socket gets every ICMP packet. */
static int
filter(int fd, uint16_t ident, bool v6)
{
	struct sock_filter v4_code[] = {
		BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
		BPF_STMT(BPF_LD | BPF_H | BPF_IND, 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ident, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, RECEIVE),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_filter v6_code[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ident, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, RECEIVE),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog code = { .len = v6 ? countof(v6_code) : countof(v4_code),
		.filter = v6 ? v6_code : v4_code };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &code, sizeof(code));
}

/*
 * Keep all but echo replies from the socket, as requests to ourselves, before the kernel copies
 * them for it.
 */
static int
set_types(int fd, bool v6)
{
	const struct icmp_filter v4_types = { ~(1U << ICMP_ECHOREPLY) };
	struct icmp6_filter v6_types;

	if (!v6)
		return setsockopt(fd, SOL_RAW, ICMP_FILTER, &v4_types, sizeof(v4_types));
	memset(&v6_types, 0xff, sizeof(v6_types));
	v6_types.data[ICMPV6_ECHO_REPLY / 32] &= ~(1U << ICMPV6_ECHO_REPLY % 32);
	return setsockopt(fd, IPPROTO_ICMPV6, ICMPV6_FILTER, &v6_types, sizeof(v6_types));
}

/* Set DF: a packet that is never fragmented needs no IP id, whose choice costs the kernel time. */
static int
forbid_fragments(int fd, bool v6)
{
	const int probe = IP_PMTUDISC_PROBE;

	return v6 ? 0 : setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &probe, sizeof(probe));
}

static enum rc
open_socket(struct ctx *cx, int family, uint16_t ident, int *ret)
{
	int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6);
	const int on = 1, room = 8 << 20;
	const bool v6 = family == AF_INET6;

	*ret = -1;
	if (fd < 0 && errno == EAFNOSUPPORT)
		return RC_OK; /* a machine without IPv6 */
	if (fd < 0 && errno == EPERM)
		return FAIL(cx, RC_INTERNAL, "may not open an ICMP socket: CAP_NET_RAW is missing");
	if (fd < 0)
		return FAIL(cx, RC_INTERNAL, "cannot open an ICMP socket: %s",
		    strerrordesc_np(errno));
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) != 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) != 0 ||
	    filter(fd, ident, v6) != 0 || set_types(fd, v6) != 0 || forbid_fragments(fd, v6) != 0) {
		close(fd);
		return FAIL(cx, RC_INTERNAL, "cannot set an ICMP socket up: %s",
		    strerrordesc_np(errno));
	}
	*ret = fd;
	return RC_OK;
}

static void
outgoing_set_up(struct icmp *e, struct outgoing *out, bool v6)
{
	uint16_t ident = htons(e->ident);

	for (size_t i = 0; i < BATCH; i++) {
		out->packet[i][0] = v6 ? ICMPV6_ECHO_REQUEST : ICMP_ECHO;
		memcpy(out->packet[i] + 4, &ident, 2);
		out->iov[i] = (struct iovec){ out->packet[i], PACKET };
		out->msgs[i].msg_hdr.msg_iov = &out->iov[i];
		out->msgs[i].msg_hdr.msg_iovlen = 1;
	}
}

static void
incoming_set_up(struct incoming *in, bool v6)
{
	for (size_t i = 0; i < TAKE; i++) {
		in->iov[i] = (struct iovec){ in->packet[i], RECEIVE };
		in->msgs[i].msg_hdr = (struct msghdr){ .msg_name = v6 ? &in->from[i] : NULL,
			.msg_namelen = v6 ? sizeof(in->from[i]) : 0,
			.msg_iov = &in->iov[i],
			.msg_iovlen = 1,
			.msg_control = &in->control[i],
			.msg_controllen = sizeof(in->control[i]) };
	}
}

enum rc
icmp_open(struct ctx *cx, struct icmp **ret)
{
	struct icmp *e = arena_alloc(cx->mem, sizeof(*e));

	e->mem = cx->mem;
	if (getrandom(&e->ident, sizeof(e->ident), 0) != sizeof(e->ident))
		return FAIL(cx, RC_INTERNAL, "the kernel gives no random numbers");
	TRY(open_socket(cx, AF_INET, e->ident, &e->fd[V4]));
	TRY(open_socket(cx, AF_INET6, e->ident, &e->fd[V6]));
	outgoing_set_up(e, &e->out[V4], false);
	outgoing_set_up(e, &e->out[V6], true);
	incoming_set_up(&e->in[V4], false);
	incoming_set_up(&e->in[V6], true);
	*ret = e;
	return RC_OK;
}

void
icmp_close(struct icmp *e)
{
	for (int v = V4; v <= V6; v++)
		if (e->fd[v] >= 0)
			close(e->fd[v]);
}

/* ---- privileges ---- */

static int
become(const char *user)
{
	const struct passwd *pw = getpwnam(user);

	if (pw == NULL)
		return -1;
	if (setgroups(0, NULL) != 0 || setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) != 0)
		return -1;
	return setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid);
}

enum rc
icmp_drop_privileges(struct ctx *cx)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { 0 };

	if (geteuid() == 0 && become("isp-ping") != 0 && become("nobody") != 0)
		return FAIL(cx, RC_INTERNAL, "cannot stop being root: %s", strerrordesc_np(errno));
	if (syscall(SYS_capset, &head, none) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return FAIL(cx, RC_INTERNAL, "cannot give capabilities up: %s",
		    strerrordesc_np(errno));
	return RC_OK;
}
