#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# compress: every zstd reads it, and -o -c -f -k --rm -q mean what they mean to zstd.

load helpers

setup() {
	command -v zstd >/dev/null || skip "zstd is not installed"
	make_work
	make_samples
	seq 1 200000 >log
}

teardown() {
	remove_work
}

# round_trip FILE OPTION...
round_trip() {
	local file=$1
	shift
	expect 0 "$FAULTLINE" compress "$@" -q -f -o out.zst "$file"
	zstd -q -t out.zst
	zstd -q -d -c out.zst | cmp - "$file"
}

@test "compress: zstd reads every sample, at levels, frame sizes and windows" {
	local file
	for file in "${all_samples[@]}"; do
		some || continue
		round_trip "$file"
		round_trip "$file" -1 --frame-size=7
		round_trip "$file" -19 --long=20
	done
	for level in -1 -5 -10 --fast=3 --fast --ultra\ -20; do
		# shellcheck disable=SC2086 # words
		round_trip log $level
	done
	for size in 1000 4K 64K 1M 100M; do
		round_trip log "--frame-size=$size"
	done
}

@test "compress: the same bytes for every -j, --io, --window-size and --chunk-size" {
	"$FAULTLINE" compress -q --frame-size=100000 -c log >want
	local how
	for how in -j1 -j7 --io=mmap --io=read --io=direct --io=uring --window-size=4K \
		--chunk-size=4099 --chunk-size=1G '-j7 --chunk-size=61'; do
		# shellcheck disable=SC2086 # words
		"$FAULTLINE" compress -q --frame-size=100000 $how -c log >got
		cmp want got
	done
	"$FAULTLINE" compress -q --frame-size=100000 <log >got
	cmp want got
	{ head -c 3000 log; sleep 0.2; tail -c +3001 log; } |
		"$FAULTLINE" compress -q --frame-size=100000 >got
	cmp want got
}

@test "compress: levels as people type them" {
	"$FAULTLINE" compress -q --level=19 -c pair >want
	"$FAULTLINE" compress -19 -qc pair >got
	cmp want got
	"$FAULTLINE" compress -19qc pair >got
	cmp want got
	"$FAULTLINE" compress -1 -q -19 -c pair >got
	cmp want got
	for level in -0x -23 --level=0 --level=x --fast=0; do
		expect 2 "$FAULTLINE" compress "$level" -c pair
	done
}

# frame_ends FILE SIZE: where frames of whole lines end, by the rule alone
frame_ends() {
	python3 - "$1" "$2" <<-'PY'
		import sys
		data, size = open(sys.argv[1], "rb").read(), int(sys.argv[2])
		at = 0
		while at < len(data):
		    end = data.find(b"\n", at // size * size + size - 1) + 1 or len(data)
		    while (end - at) // 2 > size:
		        at += size
		        print(at)
		    at = end
		    print(at)
	PY
}

@test "compress --align-lines: frames end at line ends, however they are cut and loaded" {
	local file size how
	head -c 300K log >lines
	{ head -c 5000 log && head -c 40000 /dev/zero | tr '\0' x && tail -c 5000 log; } >giant
	for file in lines giant plain no-newline newlines nul long empty; do
		for size in 1 7 4096 65536 2000000; do
			if [[ $size == [17] && $file =~ ^(lines|giant|long)$ ]]; then
				continue
			fi
			"$FAULTLINE" compress -q --align-lines --frame-size="$size" -c "$file" >want
			zstd -q -dc want | cmp - "$file"
			"$FAULTLINE" decompress --list want | awk '$1 ~ /^[0-9]+$/ && $2 != "total" && $4 != "-" {
				if ($5 > 0) print $4 + $5 }' >got
			frame_ends "$file" "$size" | cmp - got
			for how in -j1 '-j7 --chunk-size=1000' '--io=mmap --chunk-size=4099' \
				'--io=read --window-size=4K' '--io=direct --chunk-size=4K' \
				'--io=uring' '--chunk-size=8M'; do
				some || continue
				# shellcheck disable=SC2086 # words
				"$FAULTLINE" compress -q --align-lines --frame-size="$size" $how -c "$file" >other
				cmp want other
			done
			"$FAULTLINE" compress -q --align-lines --frame-size="$size" <"$file" >other
			cmp want other
			cat "$file" | "$FAULTLINE" compress -q --align-lines --frame-size="$size" -j3 >other
			cmp want other
		done
	done
	expect 2 "$FAULTLINE" compress --align-lines --frame-size=1G -c plain
	contains "$err" "512 MiB"
}

@test "compress: names, -f, -k, --rm, the summary and -q" {
	expect 0 "$FAULTLINE" compress pair plain
	[[ -f pair.zst && -f pair && -f plain.zst ]]
	contains "$err" "pair: "
	contains "$err" ", plain.zst)"
	expect 2 "$FAULTLINE" compress -q pair
	equal "$err" "faultline compress: pair.zst: already exists; not overwritten (-f overwrites)"
	expect 2 "$FAULTLINE" compress -qq pair
	equal "$err" ""
	expect 0 "$FAULTLINE" compress -q -f pair
	equal "$err" ""
	expect 0 "$FAULTLINE" compress -q --rm -f pair plain
	[[ ! -e pair && ! -e plain ]]
	zstd -q -d pair.zst
	expect 0 "$FAULTLINE" compress -q --rm -k -o x pair
	[[ -f pair && -f x ]]
	expect 2 "$FAULTLINE" compress -q --rm -o x pair utf8
	contains "$err" "--rm"
	expect 2 "$FAULTLINE" compress -q -c -o x pair
	equal "$(find . -name '.*.*' -newer log -type f ! -name '.ours*' ! -name .out ! -name .err)" ""
}

@test "compress: -o of several files holds them all" {
	expect 0 "$FAULTLINE" compress -q -o both.zst plain crlf
	zstd -q -dc both.zst | cmp - <(cat plain crlf)
	expect 2 "$FAULTLINE" compress -q -f -o bad.zst plain missing crlf
	contains "$err" "missing: No such file or directory"
	contains "$err" "bad.zst: not made"
	[[ ! -e bad.zst ]]
}

@test "compress: an input is never its own output" {
	cp plain one && cp plain two && ln two link
	for how in "-f -o one one" "--rm -f -o one one" "-f -o two plain two" "--rm -f -o link two" \
		"--punch -f -o one one"; do
		# shellcheck disable=SC2086 # words
		expect 2 "$FAULTLINE" compress -q $how
		contains "$err" "is its own output"
		cmp one plain && cmp two plain && cmp link plain
	done
	ln one one.zst
	expect 2 "$FAULTLINE" compress -q -f --rm one
	cmp one plain
	zstd -q -f -o one plain
	expect 2 "$FAULTLINE" decompress -q -f --rm -o one one
	zstd -q -dc one | cmp - plain
}

@test "compress: links are left out without -f, directories always" {
	ln -s plain link
	mkdir d
	expect 2 "$FAULTLINE" compress -q link
	contains "$err" "link: is a symbolic link"
	# Beside it is /dev.
	expect 2 "$FAULTLINE" compress /dev/null
	equal "$err" "faultline compress: /dev/null: is a device: left out (-c and -o say where to)"
	[[ ! -e /dev/null.zst ]]
	"$FAULTLINE" compress -c /dev/null | zstd -t -q
	[[ ! -e link.zst ]]
	expect 0 "$FAULTLINE" compress -q -f link
	zstd -q -dc link.zst | cmp - plain
	expect 2 "$FAULTLINE" compress -q d
	contains "$err" "d: Is a directory"
	[[ ! -e d.zst ]]
	expect 2 "$FAULTLINE" compress -q missing
	equal "$err" "faultline compress: missing: No such file or directory"
	[[ ! -e missing.zst ]]
}

@test "compress: mode and times are the input's" {
	chmod 640 plain
	touch -d '2001-02-03 04:05:06' plain
	expect 0 "$FAULTLINE" compress -q plain
	equal "$(stat -c '%a %Y' plain.zst)" "$(stat -c '%a %Y' plain)"
	(umask 027 && "$FAULTLINE" compress -q -o two plain crlf)
	equal "$(stat -c %a two)" 640
}

@test "compress: a full disk and a killed run leave no output" {
	[[ -c /dev/full ]] || skip "there is no /dev/full"
	expect 2 "$FAULTLINE" compress -q -f -o /dev/full log
	contains "$err" "/dev/full: No space left on device"
	ulimit -f 40 2>/dev/null || skip "no limit of file sizes here"
	(ulimit -f 40 && "$FAULTLINE" compress -q --fast=100 -o big.zst log) 2>err && false
	grep -q 'big.zst: File too large' err
	[[ ! -e big.zst ]]
}

@test "compress: kill -9 leaves nothing behind" {
	mkdir work && cp log work/ && cd work
	mkfifo in
	"$FAULTLINE" compress -q -o out.zst in &
	local pid=$!
	exec 9>in
	head -c 3M log >&9
	sleep 0.2
	kill -9 "$pid"
	wait "$pid" || true
	exec 9>&-
	equal "$(ls -A)" $'in\nlog'
}

@test "compress: a dictionary" {
	head -c 20000 log >dict
	expect 0 "$FAULTLINE" compress -q --dict=dict -o d.zst log
	zstd -q -D dict -dc d.zst | cmp - log
	: >nothing
	expect 2 "$FAULTLINE" compress -q -D nothing -c log
	contains "$err" "nothing: an empty dictionary"
	expect 2 "$FAULTLINE" compress -q -D missing -c log
}

@test "compress: nothing goes to a terminal" {
	command -v script >/dev/null || skip "script(1) is not installed"
	script -qec "$FAULTLINE compress -c plain" /dev/null >out </dev/null && false
	grep -q 'not written to a terminal' out
}
