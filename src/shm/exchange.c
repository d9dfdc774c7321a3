/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <faultline/exchange.h>
#include <faultline/shm_sync.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/size.h"
#include "plat/channel.h"
#include "plat/process.h"
#include "plat/shmobj.h"
#include "plat/sigpipe.h"
#include "plat/subprocess.h"

#define MESSAGE_MAX (UINT64_C(64) << 20)

/* Twice a processor's second-level cache (2 MiB here): what one side writes has left its cache for the
 * shared one when the other side reads it, which is faster than fetching it from the other's cache.
 * GB/s of 4 KiB messages by capacity: 64 KiB 8, 256 KiB 12, 1 MiB 14, 4 MiB 20, 8 MiB 14, 16 MiB 11; Zen 5,
 * 1 MiB of second-level cache: 64 KiB to 1 MiB 37, 2 MiB 45, 4 MiB 44 to 65, 8 MiB 65, 16 MiB 37. */
#define RING_BYTES (UINT64_C(4) << 20)

/* Enough for a 99th percentile, and what 0.3 s of 64-byte messages need. */
#define ROUNDS_MAX 100000u

/* A peer that does not answer for so long has gone astray. */
#define STUCK_NS UINT64_C(10000000000)

/* How often to look whether a child that has not come yet ever will. */
#define LOOK_NS UINT64_C(20000000)

static const char *const names[] = {"ring-posix", "ring-sysv", "ring-file", "ring-memfd",
				    "pipe",       "unix",      "splice",    "mqueue"};

/* In and out of the ring; user to kernel to user; pages given away, then one copy. */
static const unsigned copies[] = {2, 2, 2, 2, 2, 2, 1, 2};

const char *fl_exchange_name(enum fl_exchange way)
{
	return (unsigned)way < sizeof(names) / sizeof(*names) ? names[way] : NULL;
}

/**
 * struct line - one direction between the two processes, one end of it
 */
struct line {
	struct fl_shm_object *ring;
	struct fl_channel channel;
};

/**
 * struct meter - a measurement
 * @there, @back: from parent to child, from child to parent
 * @segment_opt: of the rings' segment
 */
struct meter {
	enum fl_exchange way;
	size_t len;
	uint64_t budget_ns;
	struct fl_segment *seg;
	struct fl_segment_options segment_opt;
	char name[128];
	struct line there;
	struct line back;
	unsigned char *buf;
	unsigned char *last;
	uint64_t *times;
};

static bool is_ring(enum fl_exchange way)
{
	return way <= FL_EXCHANGE_RING_MEMFD;
}

static int send_on(struct line *l, const void *data, size_t len)
{
	return l->ring ? fl_shm_ring_write(l->ring, data, len, STUCK_NS)
		       : fl_channel_send(&l->channel, data, len);
}

static int receive_on(struct line *l, void *buf, size_t len)
{
	unsigned char *p = buf;
	int64_t n;

	if (!l->ring)
		return fl_channel_receive(&l->channel, buf, len);
	while (len > 0) {
		n = fl_shm_ring_read(l->ring, p, len, STUCK_NS);
		if (n <= 0)
			return n < 0 ? (int)n : -EPIPE;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Without a name: the child inherits the mapping, and a kill leaves nothing. */
static int make_segment(struct meter *m, struct fl_error *reterr)
{
	static const enum fl_segment_type types[] = {FL_SEGMENT_POSIX, FL_SEGMENT_SYSV,
						     FL_SEGMENT_FILE, FL_SEGMENT_MEMFD};
	const char *folder = getenv("TMPDIR");
	struct fl_segment_options *o = &m->segment_opt;
	unsigned long long random = fl_random_u64();

	fl_segment_options_init(o);
	o->type = types[m->way];
	o->flags = FL_SEGMENT_MANAGED | FL_SEGMENT_UNNAMED;
	o->bytes = FL_SEGMENT_HEADER_BYTES + 2 * (RING_BYTES + 4096);
	if (o->type == FL_SEGMENT_POSIX)
		snprintf(m->name, sizeof(m->name), "/faultline-exchange-%016llx", random);
	else
		snprintf(m->name, sizeof(m->name), "%.80s/faultline-exchange-%016llx",
			 folder && *folder ? folder : "/var/tmp", random);
	o->name = o->type == FL_SEGMENT_SYSV ? NULL : m->name;
	return fl_segment_create(o, &m->seg, reterr);
}

static int open_ring(struct meter *m, const char *name, bool producer, struct fl_shm_object **ret,
		     struct fl_error *reterr)
{
	struct fl_shm_spec spec = {.size = sizeof(spec),
				   .kind = FL_SHM_RING,
				   .name = name,
				   .bytes = RING_BYTES,
				   .flags = producer ? FL_SHM_PRODUCER : FL_SHM_CONSUMER};

	return fl_shm_open(m->seg, &spec, ret, reterr);
}

static int open_rings(struct meter *m, bool child, struct fl_error *reterr)
{
	int r = open_ring(m, "there", !child, &m->there.ring, reterr);

	return r < 0 ? r : open_ring(m, "back", child, &m->back.ring, reterr);
}

static int open_channels(struct meter *m, struct fl_error *reterr)
{
	enum fl_channel_kind kind = (enum fl_channel_kind)(m->way - FL_EXCHANGE_PIPE);
	int r = fl_channel_open(kind, m->len, &m->there.channel);

	if (r == 0)
		r = fl_channel_open(kind, m->len, &m->back.channel);
	if (r == -ENOSYS)
		r = -FL_EUNSUPPORTED;
	return r < 0 ? fl_error_set(reterr, r, FL_OFF_NONE, NULL) : 0;
}

/* @there and @back as one of the two has them: what it sends into, and what it receives from. */
static int keep_ends(struct meter *m, bool child, int32_t peer, struct fl_error *reterr)
{
	if (is_ring(m->way))
		return open_rings(m, child, reterr);
	fl_channel_keep(&m->there.channel, child ? FL_CHANNEL_RECEIVER : FL_CHANNEL_SENDER, peer);
	fl_channel_keep(&m->back.channel, child ? FL_CHANNEL_SENDER : FL_CHANNEL_RECEIVER, peer);
	return 0;
}

/* The child answers @rounds messages, then swallows until one begins with a 1, and answers that. */
static void serve(struct meter *m)
{
	bool last = false;

	if (keep_ends(m, true, fl_process_parent(), NULL) < 0 ||
	    (is_ring(m->way) && send_on(&m->back, "", 1) < 0))
		return;
	for (;;) {
		if (receive_on(&m->there, m->buf, m->len) < 0)
			return;
		last = m->buf[0] == 2;
		if (m->buf[0] != 0 && send_on(&m->back, m->buf, m->len) < 0)
			return;
		if (last)
			return;
	}
}

/* What the first byte of a message asks for. */
enum wish {
	SWALLOW = 0,
	ANSWER = 1,
	ANSWER_AND_END = 2
};

static int ask(struct meter *m, enum wish wish)
{
	int r;

	/* Spliced messages are not copied: those on their way must not become the last one. */
	if (wish == ANSWER_AND_END) {
		m->last[0] = (unsigned char)wish;
		r = send_on(&m->there, m->last, m->len);
	} else {
		m->buf[0] = (unsigned char)wish;
		r = send_on(&m->there, m->buf, m->len);
	}
	return r < 0 || wish == SWALLOW ? r : receive_on(&m->back, m->buf, m->len);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static int measure_latency(struct meter *m, struct fl_exchange_result *ret)
{
	uint64_t end = fl_clock_ns() + m->budget_ns, before, now = 0, n = 0;
	int r = 0;

	/* The first ones find cold caches and a child that is still starting. */
	for (int i = 0; r == 0 && i < 10; i++)
		r = ask(m, ANSWER);
	while (r == 0 && n < ROUNDS_MAX && (n < 5 || now < end)) {
		before = fl_clock_ns();
		r = ask(m, ANSWER);
		now = fl_clock_ns();
		m->times[n++] = (now - before) / 2;
	}
	if (r < 0)
		return r;
	qsort(m->times, (size_t)n, sizeof(*m->times), compare);
	ret->rounds = n;
	ret->latency_ns = m->times[n / 2];
	ret->latency_p99_ns = m->times[n - 1 - n / 100];
	return 0;
}

static int measure_throughput(struct meter *m, struct fl_exchange_result *ret)
{
	uint64_t start = fl_clock_ns(), n = 0;
	int r = 0;

	/* The clock is asked once per 64 KiB or so: it takes as long as a small message. */
	uint64_t pace = fl_max_u64(1, 65536 / m->len);

	do
		for (uint64_t i = 0; r == 0 && i < pace; i++, n++)
			r = ask(m, SWALLOW);
	while (r == 0 && fl_clock_ns() - start < m->budget_ns);
	if (r == 0)
		r = ask(m, ANSWER_AND_END);
	ret->messages = n + 1;
	ret->ns = fl_clock_ns() - start;
	return r;
}

static int measure(struct meter *m, struct fl_exchange_result *ret)
{
	struct fl_sigpipe held;
	int r;

	fl_sigpipe_hold(&held);
	r = measure_latency(m, ret);
	if (r == 0)
		r = measure_throughput(m, ret);
	fl_sigpipe_release(&held, r);
	/* What the rings say of a child that was killed. */
	return r == -EPIPE || r == -ECONNRESET ? -EOWNERDEAD : r;
}

/* A ring tells that its other side has died only if that had come. @child: 0 once it has ended. */
static int meet(struct meter *m, int32_t *child)
{
	uint64_t end = fl_clock_ns() + STUCK_NS;
	unsigned char hello;
	int64_t n;

	if (!is_ring(m->way))
		return 0;
	do {
		n = fl_shm_ring_read(m->back.ring, &hello, 1, LOOK_NS);
		if (n == -ETIMEDOUT && fl_subprocess_ended(*child)) {
			*child = 0;
			return -EOWNERDEAD;
		}
	} while (n == -ETIMEDOUT && fl_clock_ns() < end);
	return n == 1 ? 0 : n == 0 ? -EOWNERDEAD : (int)n;
}

static int run(struct meter *m, struct fl_exchange_result *ret, struct fl_error *reterr)
{
	int32_t pid = fl_subprocess_fork();
	int r;

	if (pid < 0)
		return fl_error_set(reterr, pid, FL_OFF_NONE, NULL);
	if (pid == 0) {
		serve(m);
		fl_subprocess_exit(0);
	}
	r = keep_ends(m, false, pid, reterr);
	if (r == 0) {
		r = meet(m, &pid);
		if (r == 0)
			r = measure(m, ret);
		if (r < 0)
			(void)fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	}
	fl_subprocess_kill(pid);
	return r;
}

int fl_exchange_run(enum fl_exchange way, uint64_t message_bytes, uint64_t budget_ns,
		    struct fl_exchange_result *ret, struct fl_error *reterr)
{
	struct meter m = {.way = way, .len = (size_t)message_bytes, .budget_ns = budget_ns};
	struct fl_exchange_result result = {.size = sizeof(result)};
	int r;

	if (!fl_exchange_name(way) || message_bytes == 0 || message_bytes > MESSAGE_MAX ||
	    ret->size != sizeof(*ret))
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE, NULL);
	m.there.channel = m.back.channel =
		(struct fl_channel){.in = -1, .out = -1, .pipe = {-1, -1}};
	m.buf = calloc(1, m.len);
	m.last = calloc(1, m.len);
	m.times = malloc(ROUNDS_MAX * sizeof(*m.times));
	if (!m.buf || !m.last || !m.times)
		r = fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	else
		r = is_ring(way) ? make_segment(&m, reterr) : open_channels(&m, reterr);
	if (r == 0)
		r = run(&m, &result, reterr);
	result.copies = copies[way];
	if (r == 0)
		*ret = result;
	fl_shm_close(m.there.ring);
	fl_shm_close(m.back.ring);
	fl_segment_detach(m.seg);
	fl_channel_close(&m.there.channel);
	fl_channel_close(&m.back.channel);
	free(m.buf);
	free(m.last);
	free(m.times);
	return r;
}
