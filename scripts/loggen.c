/* SPDX-License-Identifier: MIT */
/*
 * loggen - realistic server logs of any size, the same for the same seed
 *
 * A pool of lines is rendered once; the output is lines of the pool in random
 * order with a clock that goes on. So it runs at the speed of memcpy, and the
 * text keeps what matters to a search: rare words, addresses, many prefixes.
 */
#include <errno.h>
#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define POOL_LINES 8192u
#define LINE_MAX_BYTES 400u
#define BUFFER_BYTES ((size_t)1 << 20)
/* An arbitrary rate; only the time of day moves, so the date of every line is the same. */
#define LINES_PER_SECOND 997u

struct line {
	uint16_t len;
	uint16_t clock; /* offset of HH:MM:SS */
	char text[LINE_MAX_BYTES];
};

struct writer {
	char *buffer;
	size_t used;
	uint64_t left;
};

/* splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014) */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* Numbers are drawn before a line is formatted: the order in which arguments of a call are
 * evaluated is the compiler's choice, and the text must not be. */
#define DRAWS 10u
#define BELOW(r, i, n) ((unsigned)((r)[i] % (n)))
#define PICK(r, i, array) ((array)[(r)[i] % (sizeof(array) / sizeof((array)[0]))])

static const char *const users[] = {"root", "admin",  "alice",    "oracle", "test",
				    "git",  "deploy", "postgres", "nagios", "guest"};
static const char *const paths[] = {
	"/",      "/index.html",         "/api/v2/orders",   "/img/logo.png",
	"/login", "/static/app.4f1c.js", "/search?q=window", "/health"};
static const char *const classes[] = {
	"org.apache.hadoop.hdfs.DataStreamer", "com.example.shop.OrderService",
	"io.netty.channel.AbstractChannel", "org.postgresql.core.QueryExecutor"};
static const char *const exceptions[] = {"java.io.IOException: Connection reset by peer",
					 "java.net.SocketTimeoutException: Read timed out",
					 "java.lang.NullPointerException",
					 "java.util.concurrent.TimeoutException: 30000 ms"};
static const char *const kernel_texts[] = {
	"eth0: Link is Up - 10Gbps/Full - flow control rx/tx",
	"TCP: request_sock_TCP: Possible SYN flooding on port 443. Sending cookies.",
	"EXT4-fs (sda1): mounted filesystem with ordered data mode. Quota mode: none.",
	"nvme nvme0: I/O 512 QID 3 timeout, completion polled",
	"Out of memory: Killed process 3121 (java) total-vm:8125440kB, anon-rss:4012344kB"};

struct address {
	char text[16];
};

static struct address address_of(uint64_t r)
{
	struct address a;

	snprintf(a.text, sizeof(a.text), "%u.%u.%u.%u", 1 + (unsigned)(r % 223),
		 (unsigned)(r >> 8) & 255u, (unsigned)(r >> 16) & 255u,
		 1 + (unsigned)((r >> 24) % 254));
	return a;
}

static int render_sshd(const uint64_t *r, char *out, size_t n)
{
	struct address from = address_of(r[0]);
	unsigned pid = 1000 + BELOW(r, 1, 30000);
	unsigned port = 1024 + BELOW(r, 2, 64000);
	unsigned host = BELOW(r, 3, 40);

	switch (BELOW(r, 4, 5)) {
	case 0:
		return snprintf(
			out, n,
			"Mar 24 00:00:00 web%02u sshd[%u]: Failed password for %s%s from %s "
			"port %u ssh2",
			host, pid, BELOW(r, 5, 2) ? "invalid user " : "", PICK(r, 6, users),
			from.text, port);
	case 1:
		return snprintf(out, n,
				"Mar 24 00:00:00 web%02u sshd(pam_unix)[%u]: authentication "
				"failure; logname= uid=0 euid=0 tty=NODEVssh ruser= rhost=%s  "
				"user=%s",
				host, pid, from.text, PICK(r, 6, users));
	case 2:
		return snprintf(out, n,
				"Mar 24 00:00:00 web%02u sshd[%u]: Accepted publickey for %s from "
				"%s port %u ssh2: ED25519 SHA256:%016llx",
				host, pid, PICK(r, 6, users), from.text, port,
				(unsigned long long)r[7]);
	default:
		return snprintf(out, n,
				"Mar 24 00:00:00 web%02u sshd[%u]: Received disconnect from %s "
				"port %u:11: disconnected by user",
				host, pid, from.text, port);
	}
}

static int render_kernel(const uint64_t *r, char *out, size_t n)
{
	return snprintf(out, n, "Mar 24 00:00:00 db%02u kernel: [%7u.%06u] %s", BELOW(r, 0, 20),
			BELOW(r, 1, 4000000), BELOW(r, 2, 1000000), PICK(r, 3, kernel_texts));
}

static int render_apache(const uint64_t *r, char *out, size_t n)
{
	static const unsigned codes[] = {200, 200, 200, 200, 304, 301, 404, 500};
	struct address from = address_of(r[0]);

	return snprintf(out, n,
			"%s - %s [24/Mar/2026:00:00:00 +0000] \"%s %s HTTP/1.1\" %u %u "
			"\"https://shop.example.com/\" \"Mozilla/5.0 (X11; Linux x86_64) "
			"AppleWebKit/537.36 Chrome/%u.0\"",
			from.text, BELOW(r, 1, 8) ? "-" : PICK(r, 2, users),
			BELOW(r, 3, 4) ? "GET" : "POST", PICK(r, 4, paths), PICK(r, 5, codes),
			BELOW(r, 6, 90000), 80 + BELOW(r, 7, 60));
}

static int render_java(const uint64_t *r, char *out, size_t n)
{
	const char *class = PICK(r, 0, classes);
	struct address to = address_of(r[1]);
	unsigned ms = BELOW(r, 2, 1000);
	unsigned worker = BELOW(r, 3, 64);
	unsigned kind = BELOW(r, 4, 40);

	if (kind == 0)
		return snprintf(out, n,
				"2026-03-24 00:00:00,%03u ERROR [worker-%u] %s: request %016llx "
				"failed: %s",
				ms, worker, class, (unsigned long long)r[5],
				PICK(r, 6, exceptions));
	if (kind == 1)
		return snprintf(out, n,
				"2026-03-24 00:00:00,%03u FATAL [main] %s: cannot reach %s:5432, "
				"timeout after 30000 ms",
				ms, class, to.text);
	return snprintf(out, n,
			"2026-03-24 00:00:00,%03u %s [worker-%u] %s: block blk_%u%08u replicated "
			"to %s in %u ms",
			ms, kind < 4 ? "WARN " : "INFO ", worker, class, 1 + BELOW(r, 5, 9),
			BELOW(r, 6, 100000000), to.text, BELOW(r, 7, 900));
}

static void render(uint64_t *state, struct line *line)
{
	const size_t room = sizeof(line->text) - 1;
	uint64_t r[DRAWS];
	unsigned kind;
	int len;

	for (unsigned i = 0; i < DRAWS; i++)
		r[i] = next_random(state);
	kind = BELOW(r, DRAWS - 1, 100);
	if (kind < 10)
		len = render_sshd(r, line->text, room);
	else if (kind < 25)
		len = render_kernel(r, line->text, room);
	else if (kind < 60)
		len = render_apache(r, line->text, room);
	else
		len = render_java(r, line->text, room);

	line->clock = (uint16_t)(strstr(line->text, "00:00:00") - line->text);
	line->text[len] = '\n';
	line->len = (uint16_t)(len + 1);
}

static void set_clock(char *at, uint64_t seconds)
{
	const uint64_t field[3] = {seconds / 3600 % 24, seconds / 60 % 60, seconds % 60};

	for (int i = 0; i < 3; i++) {
		at[3 * i] = (char)('0' + field[i] / 10);
		at[3 * i + 1] = (char)('0' + field[i] % 10);
	}
}

static int write_all(const char *p, size_t n)
{
	while (n > 0) {
		ssize_t got = write(STDOUT_FILENO, p, n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		p += got;
		n -= (size_t)got;
	}
	return 0;
}

/* The last line is cut so that the output has exactly the bytes asked for. */
static int put_line(struct writer *w, const struct line *line, uint64_t seconds)
{
	size_t len = line->len;
	char *at;
	int err = 0;

	if (w->used + LINE_MAX_BYTES > BUFFER_BYTES) {
		err = write_all(w->buffer, w->used);
		w->used = 0;
	}
	at = w->buffer + w->used;
	memcpy(at, line->text, len);
	set_clock(at + line->clock, seconds);
	if (len >= w->left) {
		len = (size_t)w->left;
		at[len - 1] = '\n';
	}
	w->used += len;
	w->left -= len;
	return err;
}

static int generate(uint64_t size, uint64_t seed)
{
	struct line *pool = calloc(POOL_LINES, sizeof(*pool));
	struct writer w = {.buffer = malloc(BUFFER_BYTES), .left = size};
	uint64_t state = seed;
	int err = -ENOMEM;

	if (!pool || !w.buffer)
		goto out;
	for (unsigned i = 0; i < POOL_LINES; i++)
		render(&state, &pool[i]);

	err = 0;
	for (uint64_t k = 0; w.left > 0 && !err; k++)
		err = put_line(&w, &pool[next_random(&state) % POOL_LINES], k / LINES_PER_SECOND);
	if (!err)
		err = write_all(w.buffer, w.used);
out:
	free(w.buffer);
	free(pool);
	return err;
}

static int parse_size(const char *text, uint64_t *ret)
{
	static const char suffixes[] = "KMGT";
	const char *suffix;
	unsigned long long n;
	char *end;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno || end == text || *text == '-')
		return -EINVAL;
	if (*end) {
		suffix = strchr(suffixes, *end);
		if (!suffix || end[1])
			return -EINVAL;
		n <<= 10 * (suffix - suffixes + 1);
	}
	*ret = n;
	return 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"size", required_argument, NULL, 's'},
						{"seed", required_argument, NULL, 'r'},
						{NULL, 0, NULL, 0}};
	uint64_t size = 0;
	uint64_t seed = 1;
	int opt;
	int err;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1)
		if ((opt != 's' && opt != 'r') || parse_size(optarg, opt == 's' ? &size : &seed))
			goto usage;
	if (optind != argc || size == 0)
		goto usage;

	err = generate(size, seed);
	if (err) {
		fprintf(stderr, "loggen: %s\n", strerror(-err));
		return 2;
	}
	return 0;
usage:
	fprintf(stderr, "Usage: loggen --size=BYTES[K|M|G|T] [--seed=N] > FILE\n");
	return 2;
}
