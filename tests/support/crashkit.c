/* SPDX-License-Identifier: MIT */
#include "crashkit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testedit.h"

struct fl_error crashkit_error;

bool crashkit_open(struct crashkit *kit)
{
	memset(kit, 0, sizeof(*kit));
	strcpy(kit->dir, "/var/tmp/fl-crash-XXXXXX");
	if (!mkdtemp(kit->dir))
		return false;
	snprintf(kit->path, sizeof(kit->path), "%s/file", kit->dir);
	snprintf(kit->journal, sizeof(kit->journal), "%s/.file.faultline", kit->dir);
	return true;
}

void crashkit_close(struct crashkit *kit)
{
	unlink(kit->path);
	unlink(kit->journal);
	rmdir(kit->dir);
	free(kit->before);
	free(kit->after);
}

void crashkit_set(struct crashkit *kit, const char *program, const unsigned char *text, size_t len)
{
	free(kit->before);
	free(kit->after);
	kit->program = program;
	kit->before = malloc(len + 1);
	memcpy(kit->before, text, len);
	kit->before_len = len;
	kit->after = testedit_apply(program, text, len, &kit->after_len);
	unlink(kit->path);
	unlink(kit->journal);
	if (!crashkit_put(kit->path, text, len))
		abort();
}

unsigned crashkit_rnd(unsigned *state, unsigned n)
{
	*state = *state * 1664525u + 1013904223u;
	return (*state >> 8) % n;
}

unsigned char *crashkit_text(unsigned seed, size_t len)
{
	static const char *const words[] = {
		"ab", "x",  "failed", "y", "session", "a",   "bbb",
		"\n", "\n", "x\n",    " ", " ",       "bxa", "failed failed"};
	unsigned char *text = malloc(len + 16);
	unsigned state = seed;
	size_t n = 0;

	while (n < len) {
		const char *w = words[crashkit_rnd(&state, sizeof(words) / sizeof(*words))];

		memcpy(text + n, w, strlen(w));
		n += strlen(w);
	}
	return text;
}

/* Stretches of one line each, of which some cross what a chunk begins with. */
static unsigned char *repeats(unsigned seed, size_t len)
{
	static const char *const lines[] = {"ab x\n", "\n", "failed ab\n", "x\n", "bbb ab\n"};
	unsigned char *text = malloc(len + 16);
	unsigned state = seed;
	size_t n = 0;

	while (n < len) {
		const char *line = lines[crashkit_rnd(&state, sizeof(lines) / sizeof(*lines))];

		for (unsigned times = 1 + crashkit_rnd(&state, 400); n < len && times > 0;
		     times--) {
			memcpy(text + n, line, strlen(line));
			n += strlen(line);
		}
	}
	return text;
}

unsigned char *crashkit_text_for(const char *program, unsigned seed, size_t len)
{
	return program[0] == 'u' && seed % 2 == 0 ? repeats(seed, len) : crashkit_text(seed, len);
}

const char crashkit_theirs[] =
	"somebody else wrote this line with an x, ab and failed in it, and it is longer than a "
	"line\n"
	"0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789\n";

bool crashkit_append(const char *path)
{
	ssize_t len = (ssize_t)strlen(crashkit_theirs);
	int fd = open(path, O_WRONLY | O_APPEND | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return false;
	if (write(fd, crashkit_theirs, (size_t)len) != len)
		abort();
	close(fd);
	return true;
}

static enum crash_kind happens(struct crash_hook *hook)
{
	uint64_t call = hook->calls++;

	if (hook->append_to && call == hook->append_at)
		*hook->appended += crashkit_append(hook->append_to);
	if (call == hook->at || (hook->for_ever && call > hook->at))
		return hook->kind;
	return CRASH_NOTHING;
}

static int64_t hooked_pwrite(void *ctx, int fd, const void *buf, size_t n, uint64_t off)
{
	struct crash_hook *hook = ctx;
	ssize_t r;

	uint64_t cut;

	switch (happens(hook)) {
	case CRASH_KILL:
		/* The kernel looks for signals between pages. */
		cut = (off + n / 2) / 4096 * 4096;
		if (cut > off && pwrite(fd, buf, (size_t)(cut - off), (off_t)off) < 0)
			abort();
		raise(SIGKILL);
		break;
	case CRASH_ERROR:
		return hook->error;
	case CRASH_SHORT:
		n = n > 1 ? n / 2 : n;
		break;
	default:
		break;
	}
	r = pwrite(fd, buf, n, (off_t)off);
	return r < 0 ? -errno : r;
}

static int plain(struct crash_hook *hook)
{
	switch (happens(hook)) {
	case CRASH_KILL:
		raise(SIGKILL);
		return 0;
	case CRASH_ERROR:
		return hook->error;
	default:
		return 0;
	}
}

static int hooked_sync(void *ctx, int fd)
{
	(void)fd;
	return plain(ctx);
}

static int hooked_truncate(void *ctx, int fd, uint64_t bytes)
{
	int r = plain(ctx);

	return r < 0 ? r : ftruncate(fd, (off_t)bytes) < 0 ? -errno : 0;
}

static int hooked_unlink(void *ctx, int dir_fd, const char *name)
{
	int r = plain(ctx);

	return r < 0 ? r : unlinkat(dir_fd, name, 0) < 0 ? -errno : 0;
}

static int hooked_rename(void *ctx, int dir_fd, const char *from, const char *to, bool replace)
{
	int r = plain(ctx);

	return r < 0 ? r : fl_durable_kernel.rename(NULL, dir_fd, from, to, replace);
}

static int hooked_punch(void *ctx, int fd, uint64_t off, uint64_t len)
{
	struct crash_hook *hook = ctx;
	int r;

	/* A half of it, as a crash may leave it. */
	if (hook->kind == CRASH_KILL && hook->calls == hook->at && len >= 8192)
		(void)fl_durable_kernel.punch(NULL, fd, off, len / 8192 * 4096);
	r = plain(hook);
	return r < 0 ? r : fl_durable_kernel.punch(NULL, fd, off, len);
}

static void *hooked_map(void *ctx, int fd, uint64_t off, size_t len, int *ret_err)
{
	*ret_err = plain(ctx);
	return *ret_err < 0 ? NULL : fl_durable_kernel.map(NULL, fd, off, len, ret_err);
}

static const struct fl_durable_ops hooked = {.pwrite = hooked_pwrite,
					     .sync = hooked_sync,
					     .sync_all = hooked_sync,
					     .truncate = hooked_truncate,
					     .allocate = hooked_truncate,
					     .unlink = hooked_unlink,
					     .rename = hooked_rename,
					     .punch = hooked_punch,
					     .map = hooked_map};

struct fl_durable crashkit_durable(struct crash_hook *hook)
{
	return (struct fl_durable){.ops = &hooked, .ctx = hook};
}

int crashkit_edit(const struct crashkit *kit, struct crash_hook *hook, size_t chunk,
		  unsigned threads, unsigned flags)
{
	struct fl_durable durable = crashkit_durable(hook);

	return crashkit_edit_with(kit, &durable, chunk, threads, flags);
}

int crashkit_edit_with(const struct crashkit *kit, const struct fl_durable *durable, size_t chunk,
		       unsigned threads, unsigned flags)
{
	struct fl_inplace_options opt;
	struct fl_inplace_result result = {.size = sizeof(result)};
	struct fl_inplace_edit edit;
	struct fl_options run;

	fl_options_init(&run);
	run.chunk_bytes = chunk;
	run.threads = threads;
	fl_inplace_options_init(&opt);
	opt.sync = FL_INPLACE_SYNC_FULL;
	opt.flags = flags;
	testedit_make(kit->program, &edit);
	return fl_inplace_edit_file(kit->path, &edit, &run, &opt, durable, &result, NULL);
}

int crashkit_recover(const struct crashkit *kit, enum fl_recover_action action,
		     struct crash_hook *hook, struct fl_recover_result *ret)
{
	struct fl_durable durable = crashkit_durable(hook);
	struct fl_options run;

	fl_options_init(&run);
	run.chunk_bytes = 8192;
	ret->size = sizeof(*ret);
	return fl_inplace_recover(kit->path, action, &testedit_loader, &run, &durable, ret,
				  &crashkit_error);
}

bool crashkit_put(const char *path, const void *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	bool ok = fd >= 0 && ftruncate(fd, (off_t)len) == 0 &&
		  (len == 0 || pwrite(fd, data, len, 0) == (ssize_t)len);

	if (fd >= 0)
		close(fd);
	return ok;
}

void crashkit_poke(const char *path, size_t at, unsigned char byte)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || pwrite(fd, &byte, 1, (off_t)at) != 1)
		abort();
	close(fd);
}

unsigned char *crashkit_get(const char *path, size_t *ret_len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	unsigned char *data;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return NULL;
	data = malloc((size_t)st.st_size + 1);
	*ret_len = (size_t)st.st_size;
	if (read(fd, data, *ret_len) != st.st_size)
		abort();
	close(fd);
	return data;
}

bool crashkit_holds(const struct crashkit *kit, const unsigned char *text, size_t len)
{
	size_t got;
	unsigned char *now = crashkit_get(kit->path, &got);
	bool same = now && got == len && memcmp(now, text, len) == 0;

	free(now);
	return same;
}

bool crashkit_is_right(enum fl_recover_action action, enum fl_recover_state state, bool is_old,
		       bool is_new)
{
	switch (state) {
	case FL_RECOVER_NOTHING:
		return is_old || is_new;
	case FL_RECOVER_FINISHED:
		return is_new;
	case FL_RECOVER_UNTOUCHED:
		/* Without its header a journal does not know what was to be done. */
		return is_old || (is_new && action == FL_RECOVER_RESUME);
	default:
		return action == FL_RECOVER_ROLLBACK ? is_old : is_new;
	}
}

bool crashkit_has_journal(const struct crashkit *kit)
{
	return access(kit->journal, F_OK) == 0;
}

int crashkit_child(pid_t pid, bool by_clock, unsigned delay_us)
{
	int status;

	if (by_clock) {
		usleep(delay_us);
		kill(pid, SIGKILL);
	}
	waitpid(pid, &status, 0);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return 1;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}
