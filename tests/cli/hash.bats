#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# faultline hash against xxhsum 0.8.1.

load helpers

setup() {
	make_work
	make_samples
	hash="'$FAULTLINE' hash"
}

teardown() {
	remove_work
}

need_xxhsum() {
	command -v xxhsum >/dev/null || skip "xxhsum is not installed"
}

@test "hash: the lines of xxhsum, all algorithms, all samples" {
	need_xxhsum
	printf -v all ' %q' "${all_samples[@]}"
	for n in 0 1 2 3; do
		same_as "$hash -H$n $all" "xxhsum -H$n $all"
	done
	same_as "$hash $all" "xxhsum -H3 $all"
	same_as "$hash -a xxh32 $all" "xxhsum -H32 $all"
	same_as "$hash -a xxh64 $all" "xxhsum -H64 $all"
	same_as "$hash --algorithm=XXH128 $all" "xxhsum -H128 $all"
}

@test "hash: every small length" {
	need_xxhsum
	head -c 1100 long | tr x '\007' >source
	for ((i = 0; i < 100; i++)); do printf '%d,' $((i * i)); done >>source
	files=
	for n in {0..20} {125..132} {238..243} {254..258} 1023 1024 1025 1087 1088 1089; do
		tail -c "$n" source >"len$n"
		files+=" len$n"
	done
	for n in 0 1 2 3; do
		same_as "$hash -H$n $files" "xxhsum -H$n $files"
	done
}

@test "hash: standard input is called stdin" {
	need_xxhsum
	for n in 0 1 2 3; do
		same_as "$hash -H$n <long" "xxhsum -H$n <long"
		same_as "cat long | $hash -H$n -" "cat long | xxhsum -H$n -"
	done
	# xxhsum itself forgets standard input when there are other files.
	expect 0 "$FAULTLINE" hash - plain <long
	contains "$out" "XXH3 (stdin) = "
	contains "$out" "XXH3 (plain) = "
}

@test "hash: several algorithms in one pass print their lines in the order given" {
	need_xxhsum
	same_as "$hash -a xxh128 -H0 -a xxh3 -H1 plain" \
		"for n in 2 0 3 1; do xxhsum -H\$n plain; done"
}

@test "hash: xxhsum checks our lines" {
	need_xxhsum
	for n in 0 1 2 3; do
		"$FAULTLINE" hash "-H$n" plain long nul empty >sums
		xxhsum --check sums
	done
}

@test "hash: results do not depend on loader, threads, window and chunk size" {
	for i in {1..20}; do cat long pair utf8 nul; done >mixed
	local expected
	expected=$("$FAULTLINE" hash -H0 -H1 -H2 -H3 -j1 --io=read mixed)
	if command -v xxhsum >/dev/null; then
		equal "$expected" "$(for n in 0 1 2 3; do xxhsum -H$n mixed 2>/dev/null; done)"
	fi
	for io in auto mmap read direct uring; do
		for more in "-j1" "-j2 --chunk-size=4099" "-j7 --chunk-size=4K --window-size=64K" "-j2 --cold"; do
			# shellcheck disable=SC2086 # several options
			expect 0 "$FAULTLINE" hash -H0 -H1 -H2 -H3 "--io=$io" $more mixed
			equal "$out" "$expected"
		done
	done
}

@test "hash: a range is exactly these bytes" {
	local whole
	whole=$(tail -c +4 long | head -c 100000 | "$FAULTLINE" hash -H1)
	expect 0 "$FAULTLINE" hash -H1 --range=3:100000 long
	equal "${out%% *}" "${whole%% *}"
	expect 0 "$FAULTLINE" hash -H1 --skip=3 --max-bytes=100KB long
	equal "${out%% *}" "${whole%% *}"
}

@test "hash: errors do not stop the others" {
	expect 2 "$FAULTLINE" hash missing . plain
	equal "$err" "faultline hash: missing: No such file or directory
faultline hash: .: Is a directory"
	contains "$out" "XXH3 (plain) = "
	expect 2 "$FAULTLINE" hash -q missing plain
	equal "$err" ""
	contains "$out" "XXH3 (plain) = "
}

@test "hash: algorithms that do not exist" {
	expect 2 "$FAULTLINE" hash -a md6 plain
	contains "$err" "--algorithm: 'md6' is none of xxh32, xxh64, xxh3, xxh128"
	expect 2 "$FAULTLINE" hash -H4 plain
	contains "$err" "-H: '4' is none of 0, 1, 2, 3"
}

@test "hash: --json" {
	expect 0 "$FAULTLINE" hash --json -H0 -a xxh64 empty
	equal "$out" '{"schema":"faultline-hash/1","files":[{"name":"empty","digests":{"xxh32":"02cc5d05","xxh64":"ef46db3751d8e999"}}]}'
}
