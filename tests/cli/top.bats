#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# faultline top: what other processes are doing.

load helpers

setup() {
	make_work
	mkfifo pipe
	head -c 30M /dev/zero | tr '\0' '\n' >input
}

teardown() {
	end_jobs
	"$FAULTLINE" top --once >/dev/null 2>&1 || true
	remove_work
}

# A job that takes its time: its input comes slowly.
slow_job() {
	"$FAULTLINE" count -l --no-progress pipe >out 3>&- &
	job=$!
	# It ends when nobody reads any more.
	(
		exec >pipe 3>&- 2>/dev/null
		while head -c 1M input; do sleep 0.05; done
	) &
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
	kill -9 "$job"
	wait "$job" || true
	"$FAULTLINE" top --once | { ! grep -q "^ *$job "; }
}

@test "top: a file's percentage, and its worker processes" {
	command -v python3 >/dev/null || skip "no python3"

	for _ in {1..4}; do cat input; done >larger
	# A pattern that takes long, over a file whose size is known.
	"$FAULTLINE" scan -c --processes=2 --chunk-size=64K --engine=pcre2 '(?:^|x)y?$' larger larger larger >/dev/null 3>&- &
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
}

# The board of a user is that of all his jobs, also those of the tests beside us.
@test "top: a board that is none disturbs nobody" {
	unshare -rm mount -t tmpfs none /dev/shm 2>/dev/null || skip "no /dev/shm of our own"
	head -c 1M /dev/zero >zeros
	cat >inside <<-'EOF'
		mount -t tmpfs none /dev/shm || exit 77
		: >/dev/shm/faultline-board-$EUID
		"$FAULTLINE" top --once && exit 1
		"$FAULTLINE" hash zeros 2>said && [[ ! -s said ]] || exit 2
		rm /dev/shm/faultline-board-$EUID
		"$FAULTLINE" top --once || exit 3
	EOF
	FAULTLINE=$FAULTLINE expect 0 unshare -rm bash inside
	contains "$err" "job board"
	expect 2 "$FAULTLINE" top nonsense
	expect 2 "$FAULTLINE" top 1 2
}
