#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# decompress: everything that zstd writes, in one frame or many; damaged inputs leave no output.

load helpers

setup() {
	command -v zstd >/dev/null || skip "zstd is not installed"
	make_work
	make_samples
	seq 1 700000 >log
}

teardown() {
	remove_work
}

# back FILE PACKED OPTION...: PACKED decompresses to FILE, to a file, to a pipe and from one
back() {
	local file=$1 packed=$2
	shift 2
	expect 0 "$FAULTLINE" decompress -q -f -o back "$@" "$packed"
	cmp back "$file"
	"$FAULTLINE" decompress -q -c "$@" "$packed" | cmp - "$file"
	"$FAULTLINE" decompress -q "$@" <"$packed" | cmp - "$file"
	expect 0 "$FAULTLINE" decompress -q -t "$@" "$packed"
	# shellcheck disable=SC2002 # a pipe is wanted
	cat "$packed" | "$FAULTLINE" decompress -q "$@" | cmp - "$file"
}

# skippable BYTES MAGIC-NIBBLE
skippable() {
	printf "\\x5$2\\x2a\\x4d\\x18\\x$(printf %02x "$1")\\0\\0\\0"
	head -c "$1" /dev/zero
}

@test "decompress: what compress and zstd make of every sample" {
	local file
	for file in "${all_samples[@]}"; do
		some || continue
		"$FAULTLINE" compress -q -f -o ours.zst --frame-size=100 "$file"
		back "$file" ours.zst
		zstd -q -f -o theirs.zst "$file"
		back "$file" theirs.zst
		zstd -q -c <"$file" >stream.zst
		back "$file" stream.zst
	done
}

@test "decompress: any -j, --io, --window-size, --chunk-size, --max-memory" {
	"$FAULTLINE" compress -q --frame-size=100K -o log.zst log
	for how in -j1 -j2 -j7 --io=mmap --io=uring --window-size=4K --chunk-size=4099 \
		'-j7 --chunk-size=1000' --chunk-size=1G --max-memory=4M --cold; do
		# shellcheck disable=SC2086 # words
		"$FAULTLINE" decompress -q $how -c log.zst | cmp - log
	done
	expect 0 "$FAULTLINE" decompress -q --stats -t log.zst
	contains "$err" "frames are decoded side by side"
	# Frames that do not fit into memory are read in order.
	"$FAULTLINE" compress -q --frame-size=4M -f -o log.zst log
	expect 0 "$FAULTLINE" decompress -q --stats --max-memory=4M -t log.zst
	contains "$err" "a stream is read in order"
}

@test "decompress: concatenated, skippable, without size, without checksum, high levels" {
	local how text
	{ zstd -q -c log; zstd -q -c <plain; skippable 5 0; "$FAULTLINE" compress -q -c crlf; } >mixed.zst
	cat log plain crlf >mixed
	back mixed mixed.zst
	{ skippable 0 0; skippable 200 f; } >skip.zst
	back empty skip.zst
	{ skippable 7 3; zstd -q -c plain; skippable 7 e; } >inside.zst
	back plain inside.zst
	{ "$FAULTLINE" compress -q -c plain; "$FAULTLINE" compress -q -c crlf; } >two.zst
	cat plain crlf >two
	back two two.zst
	head -n 100000 log >short
	for how in --no-check -1 -19 '--ultra -22' --long=27 --fast=50 -T2 '-T2 -B1MB' --format=zstd; do
		some || continue
		# The high levels take seconds for more.
		text=log && [[ $how != *-19 && $how != *-22 ]] || text=short
		# shellcheck disable=SC2086 # words
		zstd -q $how -f -o x.zst $text
		back $text x.zst
		# shellcheck disable=SC2086 # words
		zstd -q $how -c <$text >x.zst
		back $text x.zst
	done
}

@test "decompress: windows above 128 MiB only on demand" {
	zstd -q --long=28 -c <log >x.zst
	expect 2 "$FAULTLINE" decompress -c x.zst
	contains "$err" "x.zst: at byte 0: zstd: the frame was made with a larger window"
	expect 2 "$FAULTLINE" scan -c --max-line-size=1M x x.zst
	contains "$err" "x.zst: at byte 0: zstd: the frame was made with a larger window"
	back log x.zst --long=28
	expect 2 "$FAULTLINE" decompress --long=32 -c x.zst
}

@test "decompress: --range decodes what is needed" {
	"$FAULTLINE" compress -q --frame-size=64K -o log.zst log
	zstd -q -c <log >stream.zst
	local range
	for range in 0:10 65536:1 65535:2 100000:300000 4999990:1000000 6000000:5 0:0 0:100M; do
		tail -c "+$((${range%:*} + 1))" log | head -c "$(numfmt --from=iec "${range#*:}")" >want || true
		"$FAULTLINE" decompress -q -c "--range=$range" log.zst | cmp - want
		"$FAULTLINE" decompress -q -c "--range=$range" stream.zst | cmp - want
	done
	# Damage elsewhere does not matter.
	printf 'XXXX' | dd of=log.zst bs=1 seek=20 conv=notrunc 2>/dev/null
	"$FAULTLINE" decompress -q -c --range=1000000:10 log.zst | cmp - <(tail -c +1000001 log | head -c 10)
	expect 2 "$FAULTLINE" decompress -q -c --range=0:10 log.zst
}

@test "decompress: every byte damaged, every length cut: the right bytes or an error and no output" {
	local i value text
	local -a bytes
	head -c 300 log >small
	"$FAULTLINE" compress -q --frame-size=100 -o good.zst small
	zstd -q -o theirs.zst small
	for good in good.zst theirs.zst; do
		# As escapes: bash writes the files, without a process.
		mapfile -t bytes < <(od -An -v -tx1 -w1 "$good" | tr -d ' ')
		bytes=("${bytes[@]/#/\\x}")
		for ((i = 0; i < ${#bytes[@]}; i++)); do
			some || continue
			printf -v value '\\x%02x' $((0${bytes[i]#\\} ^ 1 << i % 8))
			printf -v text %s "${bytes[@]:0:i}" "$value" "${bytes[@]:i+1}"
			printf %b "$text" >bad.zst
			if [[ -e out ]]; then rm out; fi
			if "$FAULTLINE" decompress -qq -o out bad.zst; then
				cmp out small
			else
				equal "$?" 2
				[[ ! -e out ]]
			fi
			printf -v text %s "${bytes[@]:0:i}"
			printf %b "$text" >cut.zst
			if "$FAULTLINE" decompress -qq -o out -f cut.zst; then
				# Between two frames nobody can tell.
				cmp out <(head -c "$(stat -c %s out)" small)
				zstd -q -t cut.zst
			else
				[[ ! -e out || $(cmp out small) == "" ]]
			fi
		done
	done
	equal "$(find . -name '.out*' -o -name '.bad*')" ""
}

@test "decompress: damage is named with its place in the file" {
	"$FAULTLINE" compress -q --frame-size=1M -o log.zst log
	local at
	at=$("$FAULTLINE" decompress --list log.zst | awk '$1 == 2 && $2 ~ /^[0-9]/ { print $2 }')
	dd if=/dev/zero of=log.zst bs=1 seek=$((at + 100)) count=50 conv=notrunc 2>/dev/null
	expect 2 "$FAULTLINE" decompress -q -o out log.zst
	contains "$err" "faultline decompress: log.zst: at byte $at: zstd frame that begins here: "
	[[ ! -e out ]]
	expect 2 "$FAULTLINE" decompress -t log.zst
	expect 2 "$FAULTLINE" compress -t log.zst
	contains "$err" "at byte $at"
	zstd -q -c <log | head -c 100000 >cut.zst
	expect 2 "$FAULTLINE" decompress -q -o out cut.zst
	contains "$err" "cut.zst: at byte 100000: the file ends in the middle of a zstd frame"
	[[ ! -e out ]]
}

@test "decompress: names, -f, --rm, -c, what is not compressed" {
	zstd -q plain
	zstd -q -o crlf.tzst crlf
	expect 2 "$FAULTLINE" decompress -q plain.zst
	contains "$err" "plain: already exists"
	rm plain
	expect 0 "$FAULTLINE" decompress plain.zst crlf.tzst
	contains "$err" "plain.zst: 14 bytes"
	cmp crlf crlf.tar
	expect 0 "$FAULTLINE" decompress -q -f --rm plain.zst
	[[ -e plain && ! -e plain.zst ]]
	expect 2 "$FAULTLINE" decompress -q plain
	contains "$err" "plain: unknown suffix"
	expect 2 "$FAULTLINE" decompress -q -c plain
	contains "$err" "plain: at byte 0: is not compressed"
	expect 2 "$FAULTLINE" decompress -q -c <plain
	contains "$err" "is not compressed"
	"$FAULTLINE" decompress -q -cf plain | cmp - plain
	"$FAULTLINE" decompress -q -cf <plain | cmp - plain
	: >nothing.zst
	expect 2 "$FAULTLINE" decompress -q nothing.zst
	[[ ! -e nothing ]]
	zstd -q -c plain >a.zst
	expect 0 "$FAULTLINE" decompress -q -o both a.zst crlf.tzst
	cmp both <(cat plain crlf)
	head -c 9 a.zst >cut.zst
	expect 2 "$FAULTLINE" decompress -q -o bad a.zst cut.zst crlf.tzst
	contains "$err" "bad: not made"
	[[ ! -e bad ]]
	expect 2 "$FAULTLINE" decompress --list nothing.zst
	contains "$err" "is not compressed"
	chmod 600 a.zst && touch -d '2002-03-04' a.zst
	expect 0 "$FAULTLINE" decompress -q a.zst
	equal "$(stat -c '%a %Y' a)" "$(stat -c '%a %Y' a.zst)"
}

@test "decompress: --max-output, --dict, --list" {
	zstd -q log -o log.zst
	expect 0 "$FAULTLINE" decompress -q --max-output=10M -o out log.zst
	expect 2 "$FAULTLINE" decompress -q --max-output=1M -o out2 log.zst
	contains "$err" "more than the 1048576 bytes"
	[[ ! -e out2 ]]
	head -c 20000 log >dict
	zstd -q -D dict -c log >d.zst
	back log d.zst -D dict
	"$FAULTLINE" compress -q -D dict --frame-size=10000 -c log >d.zst
	back log d.zst --dict=dict
	expect 2 "$FAULTLINE" decompress -q -c d.zst
	"$FAULTLINE" compress -q --frame-size=1M -c log >l.zst
	expect 0 "$FAULTLINE" decompress --list l.zst
	equal "$(grep -cE ' XXH64 [0-9a-f]{8}$' "$work/.out")" 5
	contains "$out" "skippable 184D2A5E"
	[[ $out =~ total\ +$(stat -c %s l.zst)\ +$(stat -c %s log) ]]
	expect 2 "$FAULTLINE" decompress --list log
	contains "$err" "log: at byte 0: no zstd frame begins here"
}

@test "decompress: nothing is read from a terminal" {
	command -v script >/dev/null || skip "script(1) is not installed"
	script -qec "'$FAULTLINE' decompress -c" /dev/null >out </dev/null && false
	grep -q '(standard input): is a terminal' out
}

@test "decompress: holes where there are zeros, as zstd makes them" {
	truncate -s 1M probe
	(($(stat -c %b probe) * 512 < 1 << 19)) || skip "no holes in files here"
	{
		head -c 100000 /dev/urandom
		head -c 8000000 /dev/zero
		echo middle
		head -c 4000001 /dev/zero
	} >disk
	zstd -q disk -o disk.zst
	"$FAULTLINE" decompress -q disk.zst -o ours
	"$FAULTLINE" decompress -q --sparse --no-sparse disk.zst -o full
	"$FAULTLINE" decompress -q --no-sparse --sparse -j1 <disk.zst -o again
	for name in ours full again; do
		cmp disk "$name"
	done
	sync ours full again
	# Some file systems take room ahead, others store no zeros in any case.
	(($(stat -c %b ours) * 512 < 6000000))
	(($(stat -c %b again) * 512 < 6000000))
	head -c 1M /dev/zero >probe
	sync probe
	(($(stat -c %b probe) * 512 < 1 << 20 || $(stat -c %b full) * 512 >= 12000000))
	# A device, and standard output, get zeros.
	equal "$("$FAULTLINE" decompress -c disk.zst | cksum)" "$(cksum <disk)"
	equal "$("$FAULTLINE" decompress -q -f disk.zst -o /dev/stdout | cksum)" "$(cksum <disk)"
}
