/* icmp_peer.h: a network of its own behind a TUN interface; the test itself answers for its hosts.
 */
#ifndef ICMP_PEER_H
#define ICMP_PEER_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct peer_packet {
	unsigned char data[256];
	ssize_t len;
};

/* Enter a network namespace in which all of 10.0.0.0/8 lies behind the interface. */
static int
peer_open(void)
{
	struct ifreq ifr = { .ifr_name = "peer", .ifr_flags = IFF_TUN | IFF_NO_PI };
	struct sockaddr_in in = { .sin_family = AF_INET };
	int tun, fd;

	assert_int_equal(unshare(CLONE_NEWNET | (geteuid() == 0 ? 0 : CLONE_NEWUSER)), 0);
	tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(ioctl(tun, TUNSETIFF, &ifr), 0);
	assert_int_equal(inet_pton(AF_INET, "10.255.255.254", &in.sin_addr), 1);
	memcpy(&ifr.ifr_addr, &in, sizeof(in));
	assert_int_equal(ioctl(fd, SIOCSIFADDR, &ifr), 0);
	assert_int_equal(inet_pton(AF_INET, "255.0.0.0", &in.sin_addr), 1);
	memcpy(&ifr.ifr_addr, &in, sizeof(in));
	assert_int_equal(ioctl(fd, SIOCSIFNETMASK, &ifr), 0);
	ifr.ifr_flags = IFF_UP | IFF_RUNNING;
	assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &ifr), 0);
	close(fd);
	return tun;
}

/* The next echo request, within a second; false: none. */
static bool
peer_read(int tun, struct peer_packet *p)
{
	struct pollfd fd = { .fd = tun, .events = POLLIN };

	while (poll(&fd, 1, 1000) == 1) {
		p->len = read(tun, p->data, sizeof(p->data));
		if (p->len >= 28 && p->data[0] == 0x45 && p->data[9] == 1 && p->data[20] == 8)
			return true;
	}
	return false;
}

static void
peer_sum(unsigned char *data, size_t len, size_t at)
{
	uint32_t sum = 0;

	data[at] = data[at + 1] = 0;
	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)(data[i] << 8 | data[i + 1]);
	sum = (sum >> 16) + (sum & 0xffff);
	sum += sum >> 16;
	data[at] = (unsigned char)(~sum >> 8);
	data[at + 1] = (unsigned char)~sum;
}

/* Make the answer of a request. */
static struct peer_packet
peer_answer(const struct peer_packet *request)
{
	struct peer_packet p = *request;

	memcpy(p.data + 12, request->data + 16, 4);
	memcpy(p.data + 16, request->data + 12, 4);
	p.data[20] = 0;
	return p;
}

static void
peer_write(int tun, struct peer_packet p)
{
	peer_sum(p.data, 20, 10);
	peer_sum(p.data + 20, (size_t)p.len - 20, 2);
	assert_int_equal(write(tun, p.data, (size_t)p.len), p.len);
}

#endif
