#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# faultline hash --checkpoint: runs that are killed and go on.

load helpers

setup() {
	make_work
	seq 1 700000 >unit
	for _ in {1..15}; do cat unit; done >large
	# Above 64 MiB, a file is read by all threads even among others.
	truncate -s 68M large
	slow=(--checkpoint=cp --checkpoint-every=0 --chunk-size=8K --no-progress -j2)
}

teardown() {
	remove_work
}

# kill_after SECONDS SIGNAL COMMAND...: so long after there is a checkpoint, or $awaited; status of the command
kill_after() {
	local seconds=$1 signal=$2 status=0 i
	shift 2
	# Without job control, background commands ignore SIGINT; a child of its own does not.
	perl -e '$SIG{INT} = "DEFAULT"; exec @ARGV' -- "$@" >.out 2>.err &
	local pid=$!
	# A minute at most, where it is started late.
	for ((i = 0; i < 6000; i++)); do
		[[ -s ${awaited-cp} ]] || ! kill -0 $pid 2>/dev/null && break
		sleep 0.01
	done
	sleep "$seconds"
	kill "-$signal" $pid 2>/dev/null || true
	wait $pid 2>/dev/null || status=$?
	return $status
}

bytes_read() {
	sed -n 's/^bytes: //p' "$1"
}

@test "checkpoint: fsverity and xxh128 killed again and again give the same lines" {
	local expected i kills=0 status
	expected=$("$FAULTLINE" hash -a fsverity -a xxh128 --salt=ab large)
	for ((i = 0; i < 30; i++)); do
		status=0
		kill_after "0.0$((i % 5 + 3))" KILL "$FAULTLINE" hash -a fsverity -a xxh128 --salt=ab "${slow[@]}" large || status=$?
		((status == 0)) && break
		equal "$status" 137
		kills=$((kills + 1))
	done
	((kills > 0))
	expect 0 "$FAULTLINE" hash -a fsverity -a xxh128 --salt=ab "${slow[@]}" large
	equal "$out" "$expected"
	equal "$err" ""
	[[ ! -e cp ]]
	equal "$(echo cp*)" "cp*"
}

@test "checkpoint: a manifest killed again and again is the same, and no leftovers stay" {
	local i kills=0 status
	cp unit other
	"$FAULTLINE" hash --manifest=expected --leaf-size=64K unit large other
	for ((i = 0; i < 30; i++)); do
		status=0
		kill_after "0.0$((i % 5 + 3))" KILL "$FAULTLINE" hash --manifest=m --leaf-size=64K "${slow[@]}" unit large other || status=$?
		((status == 0)) && break
		equal "$status" 137
		kills=$((kills + 1))
		[[ ! -e m ]]
	done
	((kills > 0))
	expect 0 "$FAULTLINE" hash --manifest=m --leaf-size=64K "${slow[@]}" unit large other
	cmp m expected
	equal "$(echo cp* m*)" "cp* m"
}

@test "checkpoint: what was read is not read again, also after an interrupt" {
	local status=0 left
	kill_after 0 INT "$FAULTLINE" hash -a fsverity "${slow[@]}" large || status=$?
	equal "$status" 130
	[[ -s cp ]]
	expect 0 "$FAULTLINE" hash -a fsverity --checkpoint=cp --stats large
	left=$(bytes_read .err)
	((left < 71303168))
	equal "$out" "$("$FAULTLINE" hash -a fsverity large)"
}

@test "checkpoint: a file that has changed is read from its beginning" {
	local status=0
	kill_after 0 KILL "$FAULTLINE" hash -a xxh3 "${slow[@]}" large || status=$?
	[[ -s cp ]]
	touch -d 2001-01-01 large
	expect 0 "$FAULTLINE" hash -a xxh3 "${slow[@]}" large
	equal "$out" "$("$FAULTLINE" hash -a xxh3 large)"
	contains "$err" "large: not as it was when the checkpoint was written: read from its beginning"
}

@test "checkpoint: of another command, or none, or damaged" {
	local status=0
	kill_after 0 KILL "$FAULTLINE" hash -a xxh3 "${slow[@]}" large || status=$?
	[[ -s cp ]]
	expect 2 "$FAULTLINE" hash -a xxh128 "${slow[@]}" large
	contains "$err" "cp: the checkpoint is of another command"
	expect 2 "$FAULTLINE" hash --manifest=m "${slow[@]}" large
	contains "$err" "cp: the checkpoint is of another command"
	cp cp keep
	truncate -s -1 cp
	expect 2 "$FAULTLINE" hash -a xxh3 "${slow[@]}" large
	contains "$err" "cp: not a checkpoint that was written to its end"
	equal "$out" ""
	echo hello >./cp
	expect 2 "$FAULTLINE" hash -a xxh3 "${slow[@]}" large
	contains "$err" "cp: not a checkpoint"
	equal "$(cat cp)" hello
}

@test "checkpoint: of other files" {
	local status=0
	"$FAULTLINE" hash --manifest=expected --leaf-size=64K unit large
	kill_after 0 KILL "$FAULTLINE" hash --manifest=m --leaf-size=64K "${slow[@]}" unit large || status=$?
	equal "$status" 137
	[[ -s cp ]]
	cp unit first
	for files in "first large" "first unit large" "large"; do
		# shellcheck disable=SC2086 # names without spaces
		expect 2 "$FAULTLINE" hash --manifest=m --leaf-size=64K "${slow[@]}" $files
		equal "$err" "faultline hash: cp: the checkpoint is of other files"
	done
	expect 0 "$FAULTLINE" hash --manifest=m --leaf-size=64K "${slow[@]}" unit large
	cmp m expected
	equal "$(echo cp* m*)" "cp* m"
	kill_after 0 KILL "$FAULTLINE" hash -a xxh3 "${slow[@]}" large || true
	[[ -s cp ]]
	cp cp keep
	expect 2 "$FAULTLINE" hash -a xxh3 "${slow[@]}" unit
	contains "$err" "faultline hash: cp: the checkpoint is of another file, large"
	cmp cp keep
}

@test "checkpoint: the list of leaves is lost" {
	local status=0 awaited=cp.leaves
	"$FAULTLINE" hash --manifest=expected --leaf-size=4K large
	# An interrupted run saves what it has before it ends.
	kill_after 0 INT "$FAULTLINE" hash --manifest=m --leaf-size=4K "${slow[@]}" large || status=$?
	equal "$status" 130
	rm cp.leaves
	expect 0 "$FAULTLINE" hash --manifest=m --leaf-size=4K "${slow[@]}" large
	equal "$err" "faultline hash: cp.leaves: lost or damaged: large is read from its beginning"
	cmp m expected
}

# change FILE OFFSET: another byte there
change() {
	perl -e 'open F, "+<", $ARGV[0] or die; sysseek F, $ARGV[1], 0; sysread F, $b, 1;
		sysseek F, $ARGV[1], 0; syswrite F, chr(ord($b) ^ 1)' "$1" "$2"
}

@test "checkpoint: the list of leaves is damaged" {
	local status=0 awaited=cp.leaves
	"$FAULTLINE" hash --manifest=expected --leaf-size=4K large
	kill_after 0 INT "$FAULTLINE" hash --manifest=m --leaf-size=4K "${slow[@]}" large || status=$?
	equal "$status" 130
	(($(stat -c %s cp.leaves) >= 16))
	change cp.leaves 5
	expect 0 "$FAULTLINE" hash --manifest=m --leaf-size=4K "${slow[@]}" large
	equal "$err" "faultline hash: cp.leaves: lost or damaged: large is read from its beginning"
	cmp m expected
	equal "$(echo cp* m*)" "cp* m"
}

@test "checkpoint: what was written of the manifest is damaged, or lost" {
	local status=0 at
	"$FAULTLINE" hash --manifest=expected --leaf-size=64K unit large
	kill_after 0 KILL "$FAULTLINE" hash --manifest=m --leaf-size=64K "${slow[@]}" unit large || status=$?
	equal "$status" 137
	mkdir keep
	cp cp* m.* keep
	# In a leaf's digest, and in the name of the file before it.
	for at in $(($(head -2 m.partial | wc -c) + 10)) $(($(head -2 m.partial | wc -c) - 2)); do
		cp keep/* .
		change m.partial "$at"
		expect 2 "$FAULTLINE" hash --manifest=m --leaf-size=64K "${slow[@]}" unit large
		contains "$err" "faultline hash: m.partial: not as it was when the checkpoint was written"
		[[ ! -e m ]]
		rm m.*
	done
	cp keep/* .
	rm m.partial
	expect 2 "$FAULTLINE" hash --manifest=m --leaf-size=64K "${slow[@]}" unit large
	contains "$err" "faultline hash: m.partial: No such file or directory"
	cp keep/* .
	expect 0 "$FAULTLINE" hash --manifest=m --leaf-size=64K "${slow[@]}" unit large
	cmp m expected
}

@test "checkpoint: a run that begins again takes nothing for its own" {
	local status=0
	"$FAULTLINE" hash --manifest=expected --leaf-size=64K unit large
	# As a run leaves it that is killed while it takes over what another has written.
	printf 'faultline-manifest 1 xxh128 leaf-size 65536\n' >m.partial.old
	kill_after 0 KILL "$FAULTLINE" hash --manifest=m --leaf-size=64K "${slow[@]}" unit large || status=$?
	equal "$status" 137
	expect 0 "$FAULTLINE" hash --manifest=m --leaf-size=64K "${slow[@]}" unit large
	cmp m expected
	equal "$(echo cp* m*)" "cp* m"
}

@test "checkpoint: a run that was killed between its last two steps" {
	local status=0
	"$FAULTLINE" hash --manifest=expected --leaf-size=64K unit large
	kill_after 0 KILL "$FAULTLINE" hash --manifest=m --leaf-size=64K "${slow[@]}" unit large || status=$?
	equal "$status" 137
	mkdir keep
	cp cp* keep
	expect 0 "$FAULTLINE" hash --manifest=m --leaf-size=64K "${slow[@]}" unit large
	# The manifest has its name, the checkpoint is still there.
	cp keep/* .
	expect 0 "$FAULTLINE" hash --manifest=m --leaf-size=64K "${slow[@]}" unit large
	equal "$err" ""
	cmp m expected
	equal "$(echo cp* m*)" "cp* m"
	# Another manifest is not that one.
	cp keep/* .
	"$FAULTLINE" hash --manifest=m --leaf-size=64K large
	cp m other
	expect 2 "$FAULTLINE" hash --manifest=m --leaf-size=64K "${slow[@]}" unit large
	contains "$err" "m.partial: not as it was when the checkpoint was written"
	cmp m other
}

@test "checkpoint: it stays until the digests are written" {
	local status=0 expected
	[[ -c /dev/full ]] || skip "no /dev/full"
	expected=$("$FAULTLINE" hash -a xxh3 large)
	kill_after 0 KILL "$FAULTLINE" hash -a xxh3 "${slow[@]}" large || status=$?
	equal "$status" 137
	expect 2 bash -c '"$@" >/dev/full' -- "$FAULTLINE" hash -a xxh3 "${slow[@]}" large
	[[ -s cp ]]
	expect 0 "$FAULTLINE" hash -a xxh3 "${slow[@]}" large
	equal "$out" "$expected"
	[[ ! -e cp ]]
}

@test "checkpoint: what it is not for" {
	expect 2 "$FAULTLINE" hash -a sha256 --checkpoint=cp large
	contains "$err" "--checkpoint: sha256 cannot be gone on with"
	expect 2 "$FAULTLINE" hash -a fsverity --checkpoint=cp large unit
	expect 2 "$FAULTLINE" hash --manifest=- --checkpoint=cp large
	expect 2 "$FAULTLINE" hash -a fsverity --range=0:4096 --checkpoint=cp large
	expect 2 "$FAULTLINE" hash -c --checkpoint=cp large
	expect 2 "$FAULTLINE" hash -a fsverity --checkpoint=cp --checkpoint-every=x large
}
