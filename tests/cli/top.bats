#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# faultline top: what other processes are doing.

load helpers

setup() {
	make_work
	board=/dev/shm/faultline-board-$EUID
	mkfifo pipe
	head -c 30M /dev/zero | tr '\0' '\n' >input
}

teardown() {
	[[ -n ${job-} ]] && kill -9 "$job" 2>/dev/null && wait "$job" 2>/dev/null
	"$FAULTLINE" top --once >/dev/null 2>&1 || true
	remove_work
}

# A job that takes its time: its input comes slowly.
slow_job() {
	exec 8<>pipe
	"$FAULTLINE" count -l --no-progress pipe >out &
	job=$!
	(while head -c 1M input >&8 2>/dev/null; do sleep 0.05; done) &
	feeder=$!
}

is_listed() {
	"$FAULTLINE" top --once "$job" | grep -q "^ *$job "
}

@test "top: a running job, as a table and as JSON" {
	slow_job
	wait_until is_listed
	expect 0 "$FAULTLINE" top --once "$job"
	contains "$out" "count"
	contains "$out" "pipe"
	if command -v python3 >/dev/null; then
		"$FAULTLINE" top --json "$job" | python3 -c "
import json, sys
doc = json.load(sys.stdin)
assert doc['schema'] == 'faultline-top/1'
(j,) = doc['files']
assert j['pid'] == $job and j['verb'] == 'count' and j['name'] == 'pipe'
assert j['bytes'] > 0 and j['bytes_per_second'] > 0 and j['rss_bytes'] > 0"
	fi
	equal "$("$FAULTLINE" top --once 1 | wc -l)" 1
	expect 2 "$FAULTLINE" top --once 1 2
	contains "$err" "extra operand '2'"
	kill "$feeder"
	exec 8>&-
	kill -9 "$job"
	wait "$job" || true
	"$FAULTLINE" top --once | { ! grep -q "^ *$job "; }
	job=
}

@test "top: a file's percentage, and its worker processes" {
	command -v python3 >/dev/null || skip "no python3"

	for _ in {1..4}; do cat input; done >larger
	# A pattern that takes long, over a file whose size is known.
	"$FAULTLINE" scan -c --processes=2 --chunk-size=64K --engine=pcre2 '(?:^|x)y?$' larger larger larger >/dev/null &
	job=$!
	has_workers() {
		"$FAULTLINE" top --json "$job" | python3 -c "
import json, sys
jobs = json.load(sys.stdin)['files']
mine = [j for j in jobs if j['pid'] == $job]
workers = [j for j in jobs if j['parent'] == $job]
sys.exit(not (mine and len(workers) == 2 and 0 < mine[0]['percent'] <= 100))"
	}
	wait_until has_workers
	kill "$job"
	wait "$job" || true
	job=
}

@test "top: a board that is none disturbs nobody" {
	((EUID != 0)) || [[ ! -e $board ]] || skip "the board is in use"
	: >"$board"
	expect 2 "$FAULTLINE" top --once
	contains "$err" "job board"
	head -c 1M /dev/zero >zeros
	expect 0 "$FAULTLINE" hash zeros
	equal "$err" ""
	rm "$board"
	expect 0 "$FAULTLINE" top --once
	expect 2 "$FAULTLINE" top nonsense
	expect 2 "$FAULTLINE" top 1 2
}
