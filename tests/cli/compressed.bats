#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# scan and count of .zst files: what zstd -dc FILE | grep (wc) prints, for any cut.

load helpers

setup() {
	command -v zstd >/dev/null || skip "zstd is not installed"
	make_work
	make_samples
	seq 1 300000 >log
}

teardown() {
	remove_work
}

hows=(-j1 -j2 -j7 '-j2 --chunk-size=70001' '-j7 --chunk-size=20011' '--window-size=4K' '--io=read')

@test "compressed: count of every sample, in frames of any length" {
	local file frame
	for file in "${all_samples[@]}"; do
		for frame in 1 3 100 4K; do
			[[ $file == long && $frame == [13] ]] && continue
			some || continue
			"$FAULTLINE" compress -q -f --frame-size=$frame -o x.zst "$file"
			equal "$("$FAULTLINE" count -l x.zst)" "$(wc -l <"$file") x.zst"
			equal "$("$FAULTLINE" count -c <x.zst)" "$(stat -c %s "$file")"
			equal "$("$FAULTLINE" count -w <x.zst)" "$(wc -w <"$file")"
		done
	done
}

@test "compressed: scan prints what grep prints, over the seams of frames" {
	local frame how
	seq 1 80000 >log
	zstd -q -c log >one.zst
	zstd -q -c <log >stream.zst
	for frame in 500 4096 10007 100K; do
		"$FAULTLINE" compress -q -f --frame-size=$frame -o x.zst log
		for how in "${hows[@]}"; do
			some || continue
			same_as "\$FAULTLINE scan $how -n -b 'error|fail|9$' x.zst" "grep -P -n -b 'error|fail|9$' log"
			same_as "\$FAULTLINE scan $how -c -v 1 x.zst" "grep -c -v 1 log"
		done
		same_as "\$FAULTLINE scan -n -A2 -B1 -m 50 '[24]7$' x.zst" "grep -P -n -A2 -B1 -m 50 '[24]7$' log"
		same_as "\$FAULTLINE scan -o '1+' - <x.zst" "grep -P -o '1+' log"
		same_as "cat x.zst | \$FAULTLINE scan -n 77" "grep -n 77 log"
	done
	for file in one.zst stream.zst; do
		same_as "\$FAULTLINE scan -n -b 77 $file" "grep -n -b 77 log"
		same_as "cat $file | \$FAULTLINE scan -c 77" "grep -c 77 log"
	done
}

@test "compressed: lines longer than frames, slices and memory" {
	{ head -c 3000000 /dev/zero | tr '\0' x; echo end; echo short; } >file
	"$FAULTLINE" compress -q --frame-size=100K -o x.zst file
	equal "$("$FAULTLINE" scan -c end x.zst)" 1
	equal "$("$FAULTLINE" scan --max-memory=4M -o 'x{4}end' x.zst)" xxxxend
	"$FAULTLINE" scan -n 'd$' x.zst | cmp - <(grep -n 'd$' file)
}

@test "compressed: ranges are those of the decompressed bytes" {
	"$FAULTLINE" compress -q --frame-size=10000 -o x.zst log
	for range in 0:50000 9999:1 10000:20000 123456:300000; do
		"$FAULTLINE" scan -n -b "--range=$range" 7 log >want || true
		"$FAULTLINE" scan -n -b "--range=$range" 7 x.zst | cmp - want
		# Columns are as wide as the file's size wants: the compressed one's.
		equal "$("$FAULTLINE" count "--range=$range" <x.zst | xargs)" \
			"$("$FAULTLINE" count "--range=$range" <log | xargs)"
	done
}

@test "compressed: several files, -r, early stops" {
	mkdir d
	cp log d/plain
	"$FAULTLINE" compress -q --frame-size=10000 -o d/x.zst log
	expect 0 "$FAULTLINE" scan -r -c 77 d
	equal "$out" "d/plain:$(grep -c 77 log)
d/x.zst:$(grep -c 77 log)"
	expect 0 "$FAULTLINE" scan -q 77 d/x.zst
	expect 1 "$FAULTLINE" scan -q 'no such line' d/x.zst
	expect 0 "$FAULTLINE" scan -l 77 d/x.zst
	equal "$out" d/x.zst
	equal "$("$FAULTLINE" scan 7 d/x.zst | head -n 1)" "$(grep -m 1 7 log)"
}

@test "compressed: --decompress" {
	zstd -q plain
	expect 0 "$FAULTLINE" count -c --decompress=never plain.zst
	equal "$out" "$(stat -c %s plain.zst) plain.zst"
	expect 2 "$FAULTLINE" count -c --decompress=always plain
	contains "$err" "plain: at byte 0: is not compressed"
	expect 2 "$FAULTLINE" scan --decompress=always one - <plain
	expect 2 "$FAULTLINE" scan --decompress=perhaps one plain
	contains "$err" "--decompress: 'perhaps' is none of auto, never, always"
	equal "$("$FAULTLINE" hash -a sha256 plain.zst)" "$(sha256sum plain.zst)"
}

@test "compressed: damage is status 2, with what stood before it" {
	local at
	"$FAULTLINE" compress -q --frame-size=100K -o x.zst log
	at=$("$FAULTLINE" decompress --list x.zst | awk '$1 == 7 && $2 ~ /^[0-9]/ { print $2 }')
	dd if=/dev/zero of=x.zst bs=1 seek=$((at + 100)) count=50 conv=notrunc 2>/dev/null
	for how in -j1 -j2; do
		expect 2 "$FAULTLINE" scan "$how" 7 x.zst
		contains "$err" "faultline scan: x.zst: at byte $at: zstd frame that begins here"
		head -c "$(stat -c %s .out)" <(grep 7 log) | cmp - .out
		[[ $(stat -c %s .out) -gt 100000 ]]
	done
	expect 2 "$FAULTLINE" count x.zst
	zstd -q -c <log | head -c 30000 >cut.zst
	expect 2 "$FAULTLINE" scan -c 7 cut.zst
	contains "$err" "cut.zst: at byte 30000: the file ends in the middle of a zstd frame"
}
