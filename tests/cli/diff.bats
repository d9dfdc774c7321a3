#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# faultline diff: the bytes that cmp -l names, as ranges.

load helpers

setup() {
	make_work
	seq 1 300000 >a
	cp a b
}

teardown() {
	remove_work
}

# put FILE OFFSET TEXT
put() {
	printf '%s' "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# cmp -l as ranges without a gap
cmp_ranges() {
	cmp -l "$1" "$2" 2>/dev/null | awk '
		{ at = $1 - 1 }
		NR > 1 && at == end + 1 { end = at; next }
		NR > 1 { print "bytes " begin "-" end " differ (" end - begin + 1 " of " end - begin + 1 ")" }
		{ begin = end = at }
		END { if (NR > 0) print "bytes " begin "-" end " differ (" end - begin + 1 " of " end - begin + 1 ")" }'
}

@test "diff: equal files" {
	expect 0 "$FAULTLINE" diff a b
	equal "$out$err" ""
	expect 0 "$FAULTLINE" diff a a
	: >e1
	: >e2
	expect 0 "$FAULTLINE" diff e1 e2
}

@test "diff: ranges, gaps, lengths" {
	put b 1000 XYZ
	put b 1010 Q
	put b 1500000 ZZZZ
	expect 1 "$FAULTLINE" diff a b
	equal "$out" "bytes 1000-1010 differ (4 of 11)
bytes 1500000-1500003 differ (4 of 4)"
	expect 1 "$FAULTLINE" diff --gap=0 a b
	equal "$out" "$(cmp_ranges a b)"
	expect 1 "$FAULTLINE" diff --gap=2M a b
	equal "$out" "bytes 1000-1500003 differ (8 of 1499004)"
	printf 'more' >>b
	expect 1 "$FAULTLINE" diff --gap=7 a b
	equal "$(tail -1 .out)" "bytes $(stat -c %s a)-$(($(stat -c %s b) - 1)) only in b"
	equal "$(head -1 .out)" "bytes 1000-1010 differ (4 of 11)"
	expect 1 "$FAULTLINE" diff b a
	equal "$(tail -1 .out)" "bytes $(stat -c %s a)-$(($(stat -c %s b) - 1)) only in b"
	expect 1 "$FAULTLINE" diff -q a b
	equal "$out" ""
	expect 1 "$FAULTLINE" diff /dev/stdin b <a
}

@test "diff: the same for every loader, thread and chunk, equal to cmp -l" {
	tr 12 34 <a >b
	cmp_ranges a b >expected
	for how in "-j1" "-j3 --chunk-size=4099" "-j7 --chunk-size=64K --window-size=4K" "--io=read" \
		"--io=direct" "--io=uring -j2" "--cold" "--max-memory=4M"; do
		# shellcheck disable=SC2086 # several options
		expect 1 "$FAULTLINE" diff --gap=0 $how a b
		cmp .out expected
	done
}

@test "diff: standard input" {
	put b 1000 XYZ
	for command in 'cat a | "$FAULTLINE" diff - b' 'cat a | "$FAULTLINE" diff b -' '"$FAULTLINE" diff - b <a' \
		'"$FAULTLINE" diff b - <a'; do
		expect 1 bash -c "${command//\"\$FAULTLINE\"/$FAULTLINE}"
		equal "$out" "bytes 1000-1002 differ (3 of 3)"
	done
	expect 1 bash -c "head -c 5 a | '$FAULTLINE' diff - b"
	equal "$out" "bytes 5-$(($(stat -c %s b) - 1)) only in b"
	expect 1 bash -c "cat a a | '$FAULTLINE' diff a -"
	equal "$out" "bytes $(stat -c %s a)-$((2 * $(stat -c %s a) - 1)) only in (standard input)"
	expect 2 "$FAULTLINE" diff - -
}

@test "diff: -q stops at the first byte that differs, or behind the end of one" {
	seq 1 20000 >numbers
	: >empty
	# Nothing is equal, so that the one range that there is never ends.
	for command in "yes | \"$FAULTLINE\" diff -q - numbers" "\"$FAULTLINE\" diff -q /dev/zero numbers" \
		"\"$FAULTLINE\" diff -q numbers /dev/zero" "yes | \"$FAULTLINE\" diff -q -j1 - numbers" \
		"cat numbers /dev/zero | \"$FAULTLINE\" diff -q numbers -" "\"$FAULTLINE\" diff -q /dev/zero empty" \
		"yes | \"$FAULTLINE\" diff -q --gap=1G - numbers"; do
		expect 1 timeout 60 bash -c "$command"
		equal "$out$err" ""
	done
	expect 0 bash -c "cat numbers | \"$FAULTLINE\" diff -q - numbers"
	expect 1 "$FAULTLINE" diff -q --json numbers a
	contains "$out" '"differ":true'
}

@test "diff: a range" {
	put b 1000 XYZ
	put b 5000 XYZ
	echo more >>b
	expect 1 "$FAULTLINE" diff --range=4000:1002 a b
	equal "$out" "bytes 5000-5001 differ (2 of 2)"
	expect 0 "$FAULTLINE" diff --range=4000:1000 a b
	expect 1 "$FAULTLINE" diff --skip=1001 --gap=10K a b
	equal "$(head -1 .out)" "bytes 1001-5002 differ (5 of 4002)"
	contains "$out" "only in b"
}

@test "diff: --json" {
	put b 1000 XYZ
	printf x >>b
	expect 1 "$FAULTLINE" diff --json a b
	equal "$out" "{\"schema\":\"faultline-diff/1\",\"files\":[{\"name\":\"b\",\"offset\":$(stat -c %s a),\"length\":1}],\"ranges\":[{\"offset\":1000,\"length\":3,\"differ\":3}],\"differ\":true}"
}

@test "diff: a file and a manifest" {
	"$FAULTLINE" hash --manifest=m --leaf-size=4K a
	expect 0 "$FAULTLINE" diff a m
	expect 0 "$FAULTLINE" diff m b
	put b 4095 XY
	put b 20480 X
	expect 1 "$FAULTLINE" diff b m
	equal "$out" "bytes 0-8191 differ
bytes 20480-24575 differ"
	expect 1 "$FAULTLINE" diff -q m b
	equal "$out" ""
	truncate -s 8192 b
	expect 1 "$FAULTLINE" diff m b
	equal "$out" "bytes 0-8191 differ
bytes 8192-$(($(stat -c %s a) - 1)) only in m"
	cp a b
	echo >>b
	expect 1 "$FAULTLINE" diff m b
	equal "$out" "bytes $(stat -c %s a)-$(stat -c %s a) only in b"
	cp a c
	"$FAULTLINE" hash --manifest=m2 --leaf-size=4K a c
	expect 0 "$FAULTLINE" diff m2 c
	expect 2 "$FAULTLINE" diff m2 b
	contains "$err" "b: not in m2"
	# Its last line says that it is not as it was written, also behind the file that is looked for.
	sed 's/^\(leaf 4096 \)./\1x/' m2 >damaged
	expect 2 "$FAULTLINE" diff damaged a
	sed '$d' m2 >shorter
	expect 2 "$FAULTLINE" diff shorter a
	contains "$err" "the manifest ends too early"
	# Of what is behind a part nothing is known: neither 0 nor 1 would be right.
	"$FAULTLINE" hash --manifest=part --leaf-size=4K --range=0:8K a
	expect 2 "$FAULTLINE" diff part a
	equal "$err" "faultline diff: part: holds a part of a only: see faultline verify, and faultline manifest merge"
	# Two manifests are two files.
	expect 1 "$FAULTLINE" diff m m2
}

@test "diff: errors" {
	expect 2 "$FAULTLINE" diff a
	expect 2 "$FAULTLINE" diff a b c
	contains "$err" "extra operand 'c'"
	expect 2 "$FAULTLINE" diff a missing
	equal "$err" "faultline diff: missing: No such file or directory"
	expect 2 "$FAULTLINE" diff . a
	expect 2 "$FAULTLINE" diff --gap=x a b
}
