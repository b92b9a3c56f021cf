/*
 * echo.c: a network of hosts that answer echo requests as its arguments say, for test/bench/run.
 *
 *	echo DELAY_MS LOSS_PERCENT DEAD_EVERY MISCHIEF
 *
 * Makes a network namespace of its own with a TUN interface behind which all of 10.0.0.0/8 lies,
 * prints its process id, and answers there after a delay. So many of a hundred requests get no
 * answer. Each host whose last 16 bits are a multiple of DEAD_EVERY (0: none) is dead. With
 * MISCHIEF 1 each third living host answers twice, and each request to a dead one brings two
 * forgeries: from the dead host with the data of another request, and from a neighbour with the
 * right data. On SIGTERM a line for each host tells what it did:
 *
 *	address requests answers mean_ms
 *
 * The mean is of the delays as they were kept, from reading a request to writing its answer.
 */
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum { PACKET = 1500, QUEUE = 1 << 17, HOSTS = 65536, ROOM = 100000 };

/* An answer that waits for its time. */
struct waiting {
	int64_t read_ns;
	uint16_t len;
	bool counts; /* not a duplicate and no forgery */
	unsigned char packet[128];
};

struct host {
	uint32_t requests, answers;
	int64_t sum_ns;
};

static struct waiting queue[QUEUE];
static size_t first, last;
static struct host hosts[HOSTS];
static struct {
	int64_t delay_ns;
	uint32_t loss, dead_every;
	bool mischief;
} how;
static volatile sig_atomic_t over;

static int64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

static void
end(int number)
{
	(void)number;
	over = 1;
}

/* ---- the interface ---- */

static void
control(int fd, unsigned long request, struct ifreq *ifr, const char *what)
{
	if (ioctl(fd, request, ifr) != 0)
		err(1, "%s", what);
}

static void
set_address(int fd, struct ifreq *ifr, unsigned long request, const char *address)
{
	struct sockaddr_in in = { .sin_family = AF_INET };

	(void)inet_pton(AF_INET, address, &in.sin_addr);
	memcpy(&ifr->ifr_addr, &in, sizeof(in));
	control(fd, request, ifr, address);
}

static int
open_network(void)
{
	struct ifreq ifr = { .ifr_name = "bench" };
	int tun, fd;

	if (unshare(CLONE_NEWNET) != 0)
		err(1, "a network of its own needs root");
	tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (tun < 0 || fd < 0)
		err(1, "/dev/net/tun");
	ifr.ifr_flags = IFF_TUN | IFF_NO_PI;
	control(tun, TUNSETIFF, &ifr, "TUN interface");
	set_address(fd, &ifr, SIOCSIFADDR, "10.255.255.254");
	set_address(fd, &ifr, SIOCSIFNETMASK, "255.0.0.0");
	ifr.ifr_qlen = ROOM;
	control(fd, SIOCSIFTXQLEN, &ifr, "queue");
	ifr.ifr_flags = IFF_UP | IFF_RUNNING;
	control(fd, SIOCSIFFLAGS, &ifr, "up");
	close(fd);
	return tun;
}

/* ---- packets ---- */

static uint16_t
checksum(const unsigned char *data, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)(data[i] << 8 | data[i + 1]);
	sum = (sum >> 16) + (sum & 0xffff);
	sum += sum >> 16;
	return htons((uint16_t)~sum);
}

static struct host *
host_of(const unsigned char *packet, size_t address_at)
{
	return &hosts[packet[address_at + 2] << 8 | packet[address_at + 3]];
}

/* Queue the answer to a request; the room for it, so that a forger can change it. */
static struct waiting *
put_answer(const unsigned char *packet, size_t len, int64_t read_ns, bool counts)
{
	struct waiting *w = &queue[last++ % QUEUE];

	if (last - first > QUEUE)
		errx(1, "more than %d answers wait", QUEUE);
	*w = (struct waiting){ .read_ns = read_ns, .len = (uint16_t)len, .counts = counts };
	memcpy(w->packet, packet, len);
	memcpy(w->packet + 12, packet + 16, 4);
	memcpy(w->packet + 16, packet + 12, 4);
	w->packet[20] = ICMP_ECHOREPLY;
	return w;
}

static void
sign(struct waiting *w)
{
	memset(w->packet + 10, 0, 2);
	memcpy(w->packet + 10, &(uint16_t){ checksum(w->packet, 20) }, 2);
	memset(w->packet + 22, 0, 2);
	memcpy(w->packet + 22, &(uint16_t){ checksum(w->packet + 20, w->len - 20U) }, 2);
}

/* Two forgeries of an answer: with the data of the request before, and from a neighbour. */
static void
forge(const unsigned char *packet, size_t len, int64_t read_ns)
{
	static unsigned char other[128];
	struct waiting *w = put_answer(packet, len, read_ns, false);

	memcpy(w->packet + 28, other + 28, len - 28);
	sign(w);
	memcpy(other, packet, len);
	w = put_answer(packet, len, read_ns, false);
	w->packet[15] ^= 1;
	sign(w);
}

static void
take_request(const unsigned char *packet, size_t len)
{
	struct host *h;
	const int64_t read_ns = now_ns();
	uint32_t number;

	if (len < 28 || len > sizeof(queue->packet) || packet[0] != 0x45 ||
	    packet[9] != IPPROTO_ICMP || packet[20] != ICMP_ECHO)
		return;
	h = host_of(packet, 16);
	number = (uint32_t)(h - hosts);
	h->requests++;
	if (how.dead_every > 0 && number % how.dead_every == 0) {
		if (how.mischief)
			forge(packet, len, read_ns);
		return;
	}
	if ((uint32_t)random() % 100 < how.loss)
		return;
	sign(put_answer(packet, len, read_ns, true));
	if (how.mischief && number % 3 == 0)
		sign(put_answer(packet, len, read_ns, false));
}

/* Send the answers whose time has come; when the next one's comes, INT64_MAX: there is none. */
static int64_t
give_answers(int tun)
{
	for (; first != last; first++) {
		struct waiting *w = &queue[first % QUEUE];
		const int64_t now = now_ns();

		if (now < w->read_ns + how.delay_ns)
			return w->read_ns + how.delay_ns - now;
		if (w->counts) {
			host_of(w->packet, 12)->answers++;
			host_of(w->packet, 12)->sum_ns += now - w->read_ns;
		}
		if (write(tun, w->packet, w->len) != w->len)
			err(1, "an answer");
	}
	return INT64_MAX;
}

static void
serve(int tun)
{
	struct pollfd fd = { .fd = tun, .events = POLLIN };
	unsigned char packet[PACKET];

	while (!over) {
		const int64_t wait = give_answers(tun);
		const struct timespec ts = { wait / 1000000000, wait % 1000000000 };
		ssize_t len;

		if (ppoll(&fd, 1, wait == INT64_MAX ? NULL : &ts, NULL) < 1)
			continue;
		for (int i = 0; i < 16 && (len = read(tun, packet, sizeof(packet))) > 0; i++)
			take_request(packet, (size_t)len);
	}
}

/* Let no other process hold this one up: it stands for hosts elsewhere. */
static void
be_punctual(void)
{
	const struct sched_param first_of_all = { .sched_priority = 1 };

	(void)sched_setscheduler(0, SCHED_FIFO, &first_of_all);
	(void)prctl(PR_SET_TIMERSLACK, 1);
}

int
main(int argc, char **argv)
{
	int tun;

	if (argc != 5)
		errx(2, "usage: echo DELAY_MS LOSS_PERCENT DEAD_EVERY MISCHIEF");
	how.delay_ns = strtol(argv[1], NULL, 10) * INT64_C(1000000);
	how.loss = (uint32_t)strtoul(argv[2], NULL, 10);
	how.dead_every = (uint32_t)strtoul(argv[3], NULL, 10);
	how.mischief = strcmp(argv[4], "1") == 0;
	(void)signal(SIGTERM, end);
	tun = open_network();
	be_punctual();
	printf("%d\n", getpid());
	(void)fflush(stdout);
	serve(tun);
	for (uint32_t i = 0; i < HOSTS; i++)
		if (hosts[i].requests > 0)
			printf("10.0.%u.%u %u %u %.4f\n", i >> 8, i & 255, hosts[i].requests,
			    hosts[i].answers,
			    hosts[i].answers > 0 ? (double)hosts[i].sum_ns / hosts[i].answers / 1e6
						 : 0.0);
	return 0;
}
