/* SPDX-License-Identifier: MIT */
#include <faultline/info.h>

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "base/cpu.h"
#include "plat/aio.h"
#include "plat/cgroup.h"
#include "plat/machine.h"
#include "plat/mapping.h"
#include "plat/residency.h"
#include "plat/thread.h"
#include "window/source_impl.h"

struct rows {
	void (*row)(void *arg, const char *key, const char *value);
	void *arg;
};

static void add(const struct rows *to, const char *key, const char *fmt, ...) FL_PRINTF(3, 4);
static void add(const struct rows *to, const char *key, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	to->row(to->arg, key, text);
}

/* UINT64_MAX has a word of its own: "none" for a limit, "unknown" for a fact. */
static void add_bytes(const struct rows *to, const char *key, uint64_t bytes, const char *otherwise)
{
	if (bytes == UINT64_MAX || bytes == 0)
		add(to, key, "%s", otherwise);
	else
		add(to, key, "%" PRIu64, bytes);
}

static void add_facility(const struct rows *to, const char *key, enum fl_facility facility)
{
	int r = fl_facility_try(facility);

	if (r == 0)
		add(to, key, "yes");
	else
		add(to, key, "no: %s", strerror(-r));
}

static void add_processor(const struct rows *to, const struct fl_machine *m)
{
	static const struct {
		unsigned bit;
		const char *name;
	} sets[] = {{FL_CPU_POPCNT, "popcnt"},
		    {FL_CPU_BMI1, "bmi1"},
		    {FL_CPU_BMI2, "bmi2"},
		    {FL_CPU_AVX2, "avx2"},
		    {FL_CPU_AVX512BW, "avx512bw"}};
	char text[64] = "";
	size_t i, n = 0;

	for (i = 0; i < sizeof(sets) / sizeof(*sets); i++)
		if (fl_cpu_has(sets[i].bit))
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s", n ? "," : "",
					      sets[i].name);
	add(to, "cpu", "%s", m->cpu);
	add(to, "cpus_online", "%u", m->cpus_online);
	add(to, "cpus_allowed", "%u", fl_cpu_count());
	add(to, "instruction_sets", "%s", n ? text : "none");
}

static void add_memory(const struct rows *to, const struct fl_machine *m)
{
	unsigned quota = fl_cgroup_cpus(FL_CGROUP_ROOT, FL_CGROUP_SELF);

	add_bytes(to, "memory_bytes", m->memory_bytes, "unknown");
	add_bytes(to, "memory_available_bytes", fl_memory_available(), "unknown");
	add(to, "cgroup", "%s", m->cgroup);
	add_bytes(to, "cgroup_memory_limit_bytes", fl_memory_cgroup_limit(), "none");
	if (quota > 0)
		add(to, "cgroup_cpus", "%u", quota);
	else
		add(to, "cgroup_cpus", "no limit");
	add_bytes(to, "memlock_limit_bytes", m->memlock_bytes, "none");
	add(to, "page_bytes", "%zu", fl_page_bytes());
	add_bytes(to, "huge_page_bytes", m->huge_page_bytes, "unknown");
	add(to, "folio_bytes", "%s", m->folios);
	add(to, "transparent_huge_pages", "%s", m->thp);
	add_bytes(to, "fault_around_bytes", m->fault_around_bytes, "unknown");
}

static void add_io_uring(const struct rows *to)
{
	const char *reason = NULL;

	if (fl_aio_uring_available(&reason))
		add(to, "io_uring", "yes");
	else
		add(to, "io_uring", "no: %s", reason ? reason : "unknown");
}

void fl_info_machine(void (*row)(void *arg, const char *key, const char *value), void *arg)
{
	const struct rows to = {.row = row, .arg = arg};
	struct fl_machine m;

	fl_machine_read(&m);
	add(&to, "kernel", "%s", m.kernel);
	add(&to, "architecture", "%s", m.architecture);
	add_processor(&to, &m);
	add_memory(&to, &m);
	add_io_uring(&to);
	add_facility(&to, "cachestat", FL_FACILITY_CACHESTAT);
	add_facility(&to, "userfaultfd", FL_FACILITY_USERFAULTFD);
	add_facility(&to, "populate_read", FL_FACILITY_POPULATE_READ);
	add_facility(&to, "perf_events", FL_FACILITY_PERF_EVENTS);
	add_facility(&to, "kpageflags", FL_FACILITY_KPAGEFLAGS);
}

int fl_info_source(struct fl_source *src,
		   void (*row)(void *arg, const char *key, const char *value), void *arg)
{
	const struct rows to = {.row = row, .arg = arg};
	struct fl_device d;
	int r;

	if (!src || !row)
		return -EINVAL;
	r = fl_device_of(src->file.fd, &d);
	if (r < 0)
		return r;
	add_bytes(&to, "bytes", src->file.size_bytes, src->file.size_bytes ? "unknown" : "0");
	add(&to, "filesystem", "%s", d.filesystem);
	add(&to, "device", "%s", *d.device ? d.device : "unknown");
	add(&to, "device_number", "%s", d.number);
	add(&to, "device_model", "%s", *d.model ? d.model : "unknown");
	add(&to, "device_kind", "%s", d.kind);
	add_bytes(&to, "readahead_bytes", d.readahead_bytes, "unknown");
	add_bytes(&to, "direct_io_align_bytes", d.direct_off_align, "cannot");
	add(&to, "dontcache_reads", "%s", d.dontcache ? "yes" : "no");
	return 0;
}
