/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "ops/codec/igzip.h"
#include "ops/codec/unpack.h"

#define WANT "hello hello hello\nworld\n"

/* printf 'hello hello hello\n' | gzip -nc; printf 'world\n' | gzip -nc */
static const char gzip_bytes[] =
	"\x1F\x8B\x08\x00\x00\x00\x00\x00\x00\x03\xCB\x48\xCD\xC9\xC9\x57\xC8\x40"
	"\x90\x5C\x00\x3B\x7C\x8A\xDF\x12\x00\x00\x00\x1F\x8B\x08\x00\x00\x00\x00"
	"\x00\x00\x03\x2B\xCF\x2F\xCA\x49\xE1\x02\x00\xA8\x61\x38\xDD\x06\x00\x00"
	"\x00";

/* printf 'hello hello hello\n' | xz -c; printf 'world\n' | xz -c */
static const char xz_bytes[] =
	"\xFD\x37\x7A\x58\x5A\x00\x00\x04\xE6\xD6\xB4\x46\x02\x00\x21\x01\x16\x00"
	"\x00\x00\x74\x2F\xE5\xA3\xE0\x00\x11\x00\x0C\x5D\x00\x34\x19\x49\xEE\x8D"
	"\xE9\x4F\x7E\x21\x21\xB0\x00\x00\x1F\x01\xD9\xC8\x87\xC1\x43\xC8\x00\x01"
	"\x28\x12\xC9\x6A\x62\x8E\x1F\xB6\xF3\x7D\x01\x00\x00\x00\x00\x04\x59\x5A"
	"\xFD\x37\x7A\x58\x5A\x00\x00\x04\xE6\xD6\xB4\x46\x02\x00\x21\x01\x16\x00"
	"\x00\x00\x74\x2F\xE5\xA3\x01\x00\x05\x77\x6F\x72\x6C\x64\x0A\x00\x00\x00"
	"\x62\x5C\x62\xF9\xCF\x18\x61\xC0\x00\x01\x1E\x06\xC1\x2F\xA4\x1D\x1F\xB6"
	"\xF3\x7D\x01\x00\x00\x00\x00\x04\x59\x5A";

/* printf 'hello hello hello\n' | bzip2 -c; printf 'world\n' | bzip2 -c */
static const char bzip2_bytes[] =
	"\x42\x5A\x68\x39\x31\x41\x59\x26\x53\x59\xE5\xB5\xF3\x09\x00\x00\x04\x51"
	"\x00\x00\x10\x40\x00\x02\x44\xA0\x00\x21\xB5\x18\x0C\x02\x90\x69\xC2\xA3"
	"\x0B\xB9\x22\x9C\x28\x48\x72\xDA\xF9\x84\x80\x42\x5A\x68\x39\x31\x41\x59"
	"\x26\x53\x59\x0A\x58\x06\x95\x00\x00\x02\xC1\x80\x00\x10\x04\x04\x90\x80"
	"\x20\x00\x22\x18\x68\x30\x04\xE8\x18\x5D\xC9\x14\xE1\x42\x40\x29\x60\x1A"
	"\x54";

/* printf 'hello hello hello\n' | lz4 -qc; printf 'world\n' | lz4 -qc */
static const char lz4_bytes[] =
	"\x04\x22\x4D\x18\x64\x40\xA7\x0F\x00\x00\x00\x63\x68\x65\x6C\x6C\x6F\x20"
	"\x06\x00\x50\x65\x6C\x6C\x6F\x0A\x00\x00\x00\x00\xC6\x59\xD8\x5B\x04\x22"
	"\x4D\x18\x64\x40\xA7\x06\x00\x00\x80\x77\x6F\x72\x6C\x64\x0A\x00\x00\x00"
	"\x00\x2D\x7C\xBF\x32";

static const struct {
	const char *name;
	const char *bytes;
	size_t len;
	/* Not the one that the bytes lead to. */
	const struct fl_unpack *how;
} rows[] = {{"gzip", gzip_bytes, sizeof(gzip_bytes) - 1, &fl_unpack_gzip},
	    {"gzip", gzip_bytes, sizeof(gzip_bytes) - 1, &fl_unpack_igzip},
	    {"xz", xz_bytes, sizeof(xz_bytes) - 1, NULL},
	    {"bzip2", bzip2_bytes, sizeof(bzip2_bytes) - 1, NULL},
	    {"lz4", lz4_bytes, sizeof(lz4_bytes) - 1, NULL}};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

/**
 * struct unpacked - what came out
 * @code: 0: all of it; or the error; more: the text has no room
 */
struct unpacked {
	char text[200];
	size_t len;
	int64_t code;
	struct fl_error error;
};

/* @step bytes at a time go in, @room come out; the input is in memory of its own, for sanitizers. */
static struct unpacked unpack(const struct fl_unpack *how, const char *bytes, size_t len,
			      size_t step, size_t room)
{
	struct unpacked u = {0};
	void *state = NULL;
	size_t off = 0;

	cr_assert(how->create(27, &state) == 0);
	for (unsigned rounds = 0; rounds < 10000; rounds++) {
		size_t n = step < len - off ? step : len - off;
		unsigned char *data = malloc(n + 1);
		struct fl_packed in = {.data = data, .len = n, .end = off == len};

		memcpy(data, bytes + off, n);
		u.code = how->decode(state, &in, u.text + u.len, room, &u.error);
		free(data);
		off += in.pos;
		if (u.code > 0)
			u.len += (size_t)u.code;
		if (u.code < 0 || (u.code == 0 && in.end) || u.len + room > sizeof(u.text))
			break;
	}
	how->free(state);
	return u;
}

static const struct fl_unpack *format(size_t i)
{
	const struct fl_unpack *how =
		fl_unpack_of((const unsigned char *)rows[i].bytes, rows[i].len);

	cr_assert(how && strcmp(how->name, rows[i].name) == 0, "%s", rows[i].name);
	if (rows[i].how == &fl_unpack_igzip && fl_igzip_check(NULL) < 0)
		return NULL;
	how = rows[i].how ? rows[i].how : how;
	return how->create ? how : NULL;
}

Test(unpack, the_same_in_any_steps)
{
	for (size_t i = 0; i < ROWS; i++) {
		const struct fl_unpack *how = format(i);

		for (size_t step = 1; how && step < 40; step += 6)
			for (size_t room = 1; room < 40; room += 6) {
				struct unpacked u =
					unpack(how, rows[i].bytes, rows[i].len, step, room);

				cr_assert(u.code == 0 && u.len == strlen(WANT) &&
						  memcmp(u.text, WANT, u.len) == 0,
					  "%s, %zu in, %zu out: %d", how->name, step, room,
					  (int)u.code);
			}
	}
}

/* All but the end of the first of the two members, which is an end. */
Test(unpack, an_early_end)
{
	for (size_t i = 0; i < ROWS; i++) {
		const struct fl_unpack *how = format(i);
		unsigned ends = 0;

		for (size_t len = 1; how && len < rows[i].len; len++) {
			struct unpacked u = unpack(how, rows[i].bytes, len, 7, 100);

			if (u.code == 0) {
				cr_assert(u.len == 18 && memcmp(u.text, WANT, 18) == 0);
				ends++;
				continue;
			}
			cr_assert(u.code == -FL_ECORRUPT &&
				  strstr(u.error.text, "ends in the middle of ") != NULL);
		}
		/* Padding of xz is in fours; so is what it takes for none. */
		cr_assert(!how || ends == 1, "%s: %u ends", how->name, ends);
	}
}

/* Bits that mean nothing may be wrong: gzip's time, system and flags of the compressor. */
Test(unpack, a_wrong_bit)
{
	for (size_t i = 0; i < ROWS; i++) {
		const struct fl_unpack *how = format(i);
		unsigned found = 0, bits = 0;

		for (size_t bit = 0; how && bit < 8 * rows[i].len; bit++) {
			char bytes[400];
			struct unpacked u;

			cr_assert(rows[i].len <= sizeof(bytes));
			memcpy(bytes, rows[i].bytes, rows[i].len);
			bytes[bit / 8] = (char)(bytes[bit / 8] ^ (1 << bit % 8));
			u = unpack(how, bytes, rows[i].len, 50, 100);
			bits++;
			found += u.code < 0;
			/* Wrong bytes may come before the sum that tells. */
			cr_assert(u.code != 0 || strncmp(u.text, WANT, u.len) == 0, "%s: bit %zu",
				  how->name, bit);
		}
		cr_assert(found >= bits * 3 / 4, "%u of %u", found, bits);
	}
}

/* RFC 1952: their meaning is not known, so the bytes behind them are not, either. */
Test(unpack, reserved_flags_of_gzip)
{
	const struct fl_unpack *both[] = {format(0), format(1)};

	for (size_t i = 0; i < 2; i++)
		for (unsigned flag = 0x20; both[i] && flag < 0x100; flag <<= 1) {
			char bytes[sizeof(gzip_bytes) - 1];
			struct unpacked u;

			memcpy(bytes, gzip_bytes, sizeof(bytes));
			bytes[38 + 3] = (char)flag;
			u = unpack(both[i], bytes, sizeof(bytes), 50, 100);
			cr_assert(u.code == -FL_ECORRUPT && u.len == 18);
		}
}

Test(unpack, what_is_none)
{
	cr_assert(!fl_unpack_of((const unsigned char *)"BZh91AY&SX", 10));
	cr_assert(!fl_unpack_of((const unsigned char *)"BZh91AY&S", 9));
	cr_assert(!fl_unpack_of((const unsigned char *)"\x1f\x8b\x08\xff", 4));
	cr_assert(!fl_unpack_of((const unsigned char *)"\x1f\x8b\x08", 3));
	cr_assert(!fl_unpack_of((const unsigned char *)"\x04\x22\x4D", 3));
	cr_assert(!fl_unpack_of(NULL, 0));
}
