/* SPDX-License-Identifier: MIT */
#include "plat/disk.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/types.h>
#include <unistd.h>

#include "plat/pseudo_file.h"

/* More disks than this in one run are asked each time. */
#define KNOWN_MAX 16u

/* A turn is taken by the number: two disks that share one only wait for each other. */
#define TURNS 8u

static struct {
	uint64_t dev;
	bool rotates;
} known[KNOWN_MAX];
static unsigned known_count;
static pthread_mutex_t known_lock = PTHREAD_MUTEX_INITIALIZER;

#define TURN PTHREAD_MUTEX_INITIALIZER
static pthread_mutex_t turns[TURNS] = {TURN, TURN, TURN, TURN, TURN, TURN, TURN, TURN};

static bool is_virtual(dev_t dev)
{
	static const char *const marks[] = {"/virtio", "/vbd-", "/VMBUS", "/vmbus"};
	char path[64], target[512];
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u", major(dev), minor(dev));
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return false;
	target[n] = '\0';
	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++)
		if (strstr(target, marks[i]))
			return true;
	return false;
}

bool fl_disk_attribute(uint64_t dev, const char *name, char *text, size_t room)
{
	static const char *const where[] = {"", "../"};
	unsigned maj = major((dev_t)dev), min = minor((dev_t)dev);
	char path[96];

	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/%s%s", maj, min, where[i], name);
		if (fl_pseudo_line(path, text, room))
			return true;
	}
	return false;
}

static bool ask(dev_t dev)
{
	char text[8];

	return fl_disk_attribute(dev, "queue/rotational", text, sizeof(text)) && *text == '1' &&
	       !is_virtual(dev);
}

bool fl_disk_rotates(uint64_t dev)
{
	bool rotates;
	unsigned i;

	pthread_mutex_lock(&known_lock);
	for (i = 0; i < known_count && known[i].dev != dev; i++)
		;
	rotates = i < known_count ? known[i].rotates : ask((dev_t)dev);
	if (i == known_count && known_count < KNOWN_MAX) {
		known[i].dev = dev;
		known[i].rotates = rotates;
		known_count++;
	}
	pthread_mutex_unlock(&known_lock);
	return rotates;
}

uint64_t fl_disk_readahead_bytes(uint64_t dev)
{
	char path[64], text[32];
	uint64_t kib;

	snprintf(path, sizeof(path), "/sys/class/bdi/%u:%u/read_ahead_kb", major((dev_t)dev),
		 minor((dev_t)dev));
	kib = fl_pseudo_number(path, UINT64_MAX);
	/* A partition's file system has the disk's. */
	if (kib == UINT64_MAX && fl_disk_attribute(dev, "queue/read_ahead_kb", text, sizeof(text)))
		kib = strtoull(text, NULL, 10);
	return kib == UINT64_MAX ? UINT64_MAX : kib * 1024;
}

static pthread_mutex_t *turn_of(uint64_t dev)
{
	return &turns[(major((dev_t)dev) * 31 + minor((dev_t)dev)) % TURNS];
}

void fl_disk_turn(uint64_t dev)
{
	pthread_mutex_lock(turn_of(dev));
}

void fl_disk_turn_end(uint64_t dev)
{
	pthread_mutex_unlock(turn_of(dev));
}
