#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# SIGINT, SIGTERM and SIGUSR1, while a FIFO has no writer and in the middle of a run.

load helpers

setup() {
	make_work
	mkfifo fifo
}

teardown() {
	[[ -n ${pid-} ]] && kill -KILL "$pid" 2>/dev/null
	exec 9>&-
	remove_work
}

# Started with SIGINT as it is at a prompt: a shell starts background jobs with it ignored.
start() {
	perl -e '$SIG{INT} = $SIG{QUIT} = "DEFAULT"; exec @ARGV or die' "$FAULTLINE" "$@" \
		>.out 2>.err 3>&- 9>&- &
	pid=$!
}

# In open(2), or in read(2): from there on it has nothing to do.
waits_for_the_fifo() {
	handles_signals "$pid" && asleep "$pid"
}

# ends_by SIGNAL-NUMBER
ends_by() {
	local status=0
	wait "$pid" || status=$?
	pid=
	equal "$status" $((128 + $1))
}

@test "signals: a FIFO without a writer can be interrupted" {
	for signal in INT TERM; do
		start count fifo
		wait_until waits_for_the_fifo
		kill -s "$signal" "$pid"
		ends_by "$(kill -l "$signal")"
		equal "$(cat .out .err)" ""
	done
}

@test "signals: a run that waits for more input can be interrupted" {
	for verb in "count -l" "hash" "scan x"; do
		# shellcheck disable=SC2086 # verb and option
		start $verb fifo
		exec 9>fifo
		echo line >&9
		wait_until handles_signals "$pid"
		sleep 0.1
		kill -s INT "$pid"
		ends_by 2
		equal "$(cat .out .err)" ""
		exec 9>&-
	done
}

@test "signals: files after the interrupted one are not read" {
	echo line >plain
	start count -l fifo plain
	wait_until waits_for_the_fifo
	kill -s TERM "$pid"
	ends_by 15
	equal "$(cat .out)" ""
}

@test "signals: SIGINT stays ignored in a background job" {
	bash -c "trap '' INT; exec \"\$1\" count -l fifo" - "$FAULTLINE" >.out 2>.err 3>&- &
	pid=$!
	wait_until handles_signals "$pid"
	exec 9>fifo
	kill -s INT "$pid"
	echo line >&9
	exec 9>&-
	wait "$pid"
	pid=
	equal "$(cat .out)" "1 fifo"
}

@test "signals: SIGUSR1 prints one line of progress and changes nothing" {
	start count -l fifo
	exec 9>fifo
	wait_until handles_signals "$pid"
	echo line >&9
	kill -s USR1 "$pid"
	for i in {1..30}; do
		head -c 200000 /dev/zero >&9
		echo >&9
		sleep 0.02
	done
	exec 9>&-
	wait "$pid"
	pid=
	equal "$(cat .out)" "31 fifo"
	equal "$(grep -c '^faultline count: fifo: .*GB/s$' .err)" 1
}

@test "signals: SIGUSR1 does not end the wait for a writer" {
	start count -l fifo
	wait_until waits_for_the_fifo
	kill -s USR1 "$pid"
	sleep 0.1
	echo line >fifo
	wait "$pid"
	pid=
	equal "$(cat .out)" "1 fifo"
}
