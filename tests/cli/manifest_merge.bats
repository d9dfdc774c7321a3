#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# faultline manifest merge: parts made of ranges become the manifest of the whole.

load helpers

setup() {
	make_work
	seq 1 200000 >large
	: >empty
	printf 'short\n' >short
	"$FAULTLINE" hash --manifest=whole --leaf-size=4K large
}

teardown() {
	remove_work
}

# part NAME RANGE FILE...: made with other threads and chunks each time
part() {
	local name=$1 range=$2
	shift 2
	"$FAULTLINE" hash --leaf-size=4K --manifest="$name" --range="$range" -j $((RANDOM % 7 + 1)) \
		--chunk-size=$((RANDOM % 100000 + 1000)) "$@"
}

@test "manifest merge: any cuts give the manifest of the whole, bit for bit" {
	RANDOM=1
	local size cuts i a b names
	size=$(stat -c %s large)
	for cuts in "" "4096" "655360" "4096 8192 1228800" "$((size / 4096 * 4096))"; do
		a=0
		i=0
		names=()
		for b in $cuts "$size"; do
			part "p$i" "$a:$((b - a))" large
			names=("p$i" "${names[@]}")
			a=$b
			i=$((i + 1))
		done
		expect 0 "$FAULTLINE" manifest merge -o merged "${names[@]}"
		cmp merged whole
		expect 0 "$FAULTLINE" manifest merge "${names[@]}"
		cmp .out whole
	done
	expect 0 "$FAULTLINE" verify merged
}

@test "manifest merge: several files, and whole manifests among the parts" {
	part p1 0:400K empty large short
	"$FAULTLINE" hash --leaf-size=4K --manifest=p2 --skip=400K large
	"$FAULTLINE" hash --leaf-size=4K --manifest=expected empty large short
	expect 0 "$FAULTLINE" manifest merge --output=merged p2 p1
	cmp merged expected
	expect 0 "$FAULTLINE" manifest merge -o merged whole whole
	equal "$(grep -c '^file' merged)" 2
	expect 0 "$FAULTLINE" verify p1
	printf x | dd of=large bs=1 seek=500000 conv=notrunc status=none
	expect 0 "$FAULTLINE" verify p1
	expect 1 "$FAULTLINE" verify p2
	equal "$out" "large: damaged at bytes 499712-503807"
}

@test "manifest merge: parts that do not make a whole" {
	part p1 0:400K large
	part p2 400K:400K large
	part p3 800K:1G large
	printf 'faultline-manifest keep\n' >merged
	expect 2 "$FAULTLINE" manifest merge -o merged p1 p3
	equal "$err" "faultline manifest: large: no part of it begins at byte 409600"
	expect 2 "$FAULTLINE" manifest merge -o merged p2 p3
	equal "$err" "faultline manifest: large: no part of it begins at byte 0"
	expect 2 "$FAULTLINE" manifest merge -o merged p1 p2 p3 missing
	"$FAULTLINE" hash --leaf-size=8K --manifest=p4 --skip=800K large
	expect 2 "$FAULTLINE" manifest merge -o merged p1 p2 p4
	contains "$err" "p4: its leaves have another size"
	touch -d 2001-01-01 large
	part p3 800K:1G large
	expect 2 "$FAULTLINE" manifest merge -o merged p1 p2 p3
	contains "$err" "large: it changed between its parts"
	equal "$(cat merged)" "faultline-manifest keep"
	equal "$(echo merged.*)" "merged.*"
}

@test "manifest merge: block sums that are damaged, or of another part" {
	part p1 0:400K large
	part p2 400K:1G large
	cp p2.sums keep
	cp p1.sums p2.sums
	expect 2 "$FAULTLINE" manifest merge p1 p2
	printf x | dd of=p2.sums bs=1 seek=0 conv=notrunc status=none
	expect 2 "$FAULTLINE" manifest merge p1 p2
	contains "$err" "p2.sums: these are no block sums"
	for ((at = 50; at < 300000; at += 9973)); do
		cp keep p2.sums
		printf xyz | dd of=p2.sums bs=1 seek=$at conv=notrunc status=none
		expect 2 "$FAULTLINE" manifest merge -o merged p1 p2
		[[ ! -e merged ]]
	done
	cp keep p2.sums
	truncate -s -100 p2.sums
	expect 2 "$FAULTLINE" manifest merge p1 p2
	rm p2.sums
	expect 2 "$FAULTLINE" manifest merge p1 p2
	contains "$err" "p2.sums: No such file or directory"
}

@test "manifest merge: block sums that are longer than their part" {
	part p1 0:400K large
	part p2 400K:1G large
	cp p1.sums keep
	for more in x "$(printf '%05000d' 0)"; do
		cp keep p1.sums
		printf '%s' "$more" >>p1.sums
		expect 2 "$FAULTLINE" manifest merge -o merged p1 p2
		contains "$err" "p1.sums: something follows the block sums of the last part"
		[[ ! -e merged ]]
	done
	# A whole record more: that of the part's beginning.
	cat keep <(tail -c +17 keep) >p1.sums
	expect 2 "$FAULTLINE" manifest merge -o merged p1 p2
	contains "$err" "p1.sums: something follows"
	cp keep p1.sums
	# Of files without bytes nothing is in them.
	part e 0:400K empty
	expect 0 "$FAULTLINE" manifest merge e
	printf x >>e.sums
	expect 2 "$FAULTLINE" manifest merge e
	contains "$err" "e.sums: something follows"
}

@test "manifest: ranges that are no leaves, wrong arguments" {
	expect 2 "$FAULTLINE" hash --leaf-size=4K --manifest=p --range=100:4096 large
	contains "$err" "large: the range does not begin and end at leaves"
	expect 2 "$FAULTLINE" hash --leaf-size=4K --manifest=p --range=0:5000 large
	expect 2 "$FAULTLINE" hash --leaf-size=4K --manifest=p --range=8M:4K large
	contains "$err" "large: the range begins behind the end of the file"
	expect 2 "$FAULTLINE" manifest
	expect 2 "$FAULTLINE" manifest split a
	contains "$err" "unknown action 'split'"
	expect 2 "$FAULTLINE" manifest merge
}
