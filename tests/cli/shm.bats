#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# faultline shm: segments of the four kinds, made, used, listed, refused, removed.

load helpers

setup() {
	make_work
	name=flt-cli-$$-$BATS_TEST_NUMBER
}

teardown() {
	rm -f "/dev/shm/$name"*
	remove_work
}

shm() {
	"$FAULTLINE" shm "$@"
}

@test "shm: create, write, read, dump, rm of a POSIX segment" {
	equal "$(shm create "$name" --size=64K)" "$name"
	equal "$(stat -c '%s %a' "/dev/shm/$name")" "65536 600"
	expect 2 shm create "$name" --size=64K
	contains "$err" "it exists already"
	printf 'hello, world\n' | shm write "$name" --offset=16
	equal "$(shm read "$name" --offset=16 --size=12)" "hello, world"
	shm read "$name" | cmp - "/dev/shm/$name"
	shm rm "$name"
	[[ ! -e /dev/shm/$name ]]
	expect 2 shm read "$name"
	contains "$err" "No such file"
}

@test "shm: dump is hexdump -C's" {
	command -v hexdump >/dev/null || skip "no hexdump"
	shm create "$name" --size=1000
	head -c 300 /dev/urandom | shm write "$name" --offset=100
	same_as "'$FAULTLINE' shm dump $name" "hexdump -C /dev/shm/$name"
	same_as "'$FAULTLINE' shm dump $name --size=999" "hexdump -C -n 999 /dev/shm/$name"
}

@test "shm: System V by key, by id, and by path" {
	local id key=$((0x46000000 + $$ % 65536))
	id=$(shm create --type=sysv --key=$key --size=8K)
	expect 2 shm create --key=$key --size=8K
	printf 'abc' | shm write --key=$key
	equal "$(shm read --id="$id" --size=3)" "abc"
	contains "$(shm ls)" "$(printf '0x%08x/%d' $key "$id")"
	expect 2 shm resize --id="$id" --size=4K
	contains "$err" "keeps its size"
	shm rm --id="$id"
	expect 2 shm read --id="$id"
	touch file
	id=$(shm create --type=sysv --path=file --size=100)
	shm stat --type=sysv --path=file | grep -qx "id: *$id"
	shm rm --type=sysv --path=file
	if command -v ipcs >/dev/null; then
		! ipcs -m | awk '{print $2}' | grep -qx "$id"
	fi
}

@test "shm: a file, and what a mapping of it sees" {
	equal "$(shm create --path=seg --size=4K)" seg
	echo text | shm write --path=seg
	equal "$(head -c 5 seg)" text
	shm resize --path=seg --size=1M
	equal "$(stat -c %s seg)" 1048576
	(("$(stat -c %b seg)" * 512 >= 1048576))
	shm rm --path=seg
	[[ ! -e seg ]]
}

@test "shm: a memfd lives as long as its command, and can be sealed" {
	# shellcheck disable=SC2016 # the command's own shell expands it
	expect 0 shm create label --type=memfd --size=64K -- bash -c '
		set -e
		echo data | "$FAULTLINE" shm write --path=$FAULTLINE_MEMFD
		"$FAULTLINE" shm read --path=$FAULTLINE_MEMFD --size=4
		"$FAULTLINE" shm ls | grep -c "^$FAULTLINE_MEMFD *memfd"
		"$FAULTLINE" shm seal --path=$FAULTLINE_MEMFD
		"$FAULTLINE" shm stat --path=$FAULTLINE_MEMFD | grep seals
		! "$FAULTLINE" shm resize --path=$FAULTLINE_MEMFD --size=1K 2>&1
		exit 7' || true
	contains "$out" "data1"
	contains "$out" "seals:    seal,shrink,grow"
	contains "$out" "it is sealed"
	expect 7 shm create label --type=memfd --size=4K -- bash -c 'exit 7'
}

@test "shm: attach keeps a segment while a command runs" {
	shm create "$name" --size=4K
	contains "$(shm attach "$name" -- "$FAULTLINE" shm ls | grep "$name")" " 1 "
	expect 3 shm attach "$name" -- sh -c 'exit 3'
	expect 2 shm attach "$name" --size=8K -- true
	contains "$err" "at byte 4096: it has 4096 bytes, 8192 are needed"
	expect 127 shm attach "$name" -- no-such-command-anywhere
}

@test "shm: ls and stat as JSON" {
	command -v python3 >/dev/null || skip "no python3"
	shm create "$name" --size=12K --managed --mode=640
	shm ls --json | python3 -c "
import json, sys
doc = json.load(sys.stdin)
assert doc['schema'] == 'faultline-shm/1'
rows = [f for f in doc['files'] if f['name'] == '$name']
assert len(rows) == 1, rows
r = rows[0]
assert r['type'] == 'posix' and r['bytes'] == 12288 and r['mode'] == 0o640
assert r['header'] == 'ok' and r['lock'] == 'free' and r['attached'] == 0"
	shm stat --json "$name" | python3 -c "
import json, sys
assert json.load(sys.stdin)['files'][0]['bytes'] == 12288"
}

@test "shm: what is not a segment is refused, and stays" {
	echo secret >victim
	ln -s "$work/victim" "/dev/shm/$name"
	local action
	for action in attach read write dump "resize --size=1" stat rm; do
		# shellcheck disable=SC2086 # an action may bring an option
		expect 2 shm $action "$name" </dev/null
		contains "$err" "$name: a symbolic link, not a segment"
	done
	expect 2 shm create "$name" --size=4K
	equal "$(cat victim)" secret
	rm "/dev/shm/$name"

	mkfifo "/dev/shm/$name"
	expect 2 timeout 5 "$FAULTLINE" shm read "$name"
	contains "$err" "not a regular file"
	rm "/dev/shm/$name"

	shm create "$name" --size=4K
	ln "/dev/shm/$name" "/dev/shm/$name-2"
	expect 2 shm read "$name"
	contains "$err" "hard links"
	rm "/dev/shm/$name-2"
	chmod 666 "/dev/shm/$name"
	expect 2 shm read "$name"
	contains "$err" "mode 0666"
	shm read --trust "$name" >bytes
	chmod 600 "/dev/shm/$name"
	if ((EUID == 0)); then
		chown 65534 "/dev/shm/$name"
		expect 2 shm rm "$name"
		contains "$err" "belongs to user 65534"
		[[ -e /dev/shm/$name ]]
	fi
}

@test "shm: names that are none" {
	local n
	for n in "" / . .. a/b "$(printf 'x%.0s' {1..256})"; do
		expect 2 shm create "$n" --size=4K
		contains "$err" "name"
	done
}

@test "shm: the header of a managed segment is not written over" {
	shm create "$name" --size=8K --managed
	expect 2 shm write "$name" <<<"zzzz"
	contains "$err" "header"
	echo good | shm write "$name" --managed
	equal "$(shm read "$name" --managed --size=4)" good
	equal "$(shm read "$name" --offset=4K --size=4)" good
	# Damaged by someone else: told, and still removable.
	printf 'XXXX' | dd of="/dev/shm/$name" bs=1 seek=20 conv=notrunc status=none
	expect 2 shm read "$name" --managed
	contains "$err" "damaged header"
	contains "$(shm ls | grep "$name")" damaged
	shm rm "$name"
}

@test "shm: no room and no range" {
	expect 2 shm create "$name" --size=64T
	contains "$err" "nothing was made"
	[[ ! -e /dev/shm/$name ]]
	shm create "$name" --size=100
	expect 2 shm read "$name" --offset=101
	contains "$err" "at byte 100: the segment ends here"
	expect 2 shm read "$name" --offset=50 --size=51
	expect 2 shm write "$name" --offset=90 <<<"more than ten bytes"
	contains "$err" "at byte 100"
	equal "$(stat -c %s "/dev/shm/$name")" 100
}

@test "shm: usage errors" {
	expect 2 shm
	contains "$err" "no action given"
	expect 2 shm frobnicate
	contains "$err" "unknown action 'frobnicate'"
	expect 2 shm create "$name"
	contains "$err" "--size is needed"
	expect 2 shm rm
	contains "$err" "which segment"
	expect 2 shm rm a b
	contains "$err" "a second name"
	expect 2 shm create x --type=foo --size=1
	expect 2 shm rm x --id=4 --type=posix
	expect 0 shm --help
	contains "$out" "create"
	expect 0 shm create --help
	contains "$out" "--size"
}
