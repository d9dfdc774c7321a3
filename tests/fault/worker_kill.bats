#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# --processes: workers are killed at any moment, and nothing is lost; the coordinator is killed, and
# nothing is left.
# shellcheck disable=SC1010 # "then" stands between stages

load ../cli/helpers

# The search for leaks has a helper process, which would be killed with the workers: then it waits
# for ever.
setup() {
	make_work
	export ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0
}

teardown() {
	remove_work
}

# 64 MiB of lines, every 50th one with a word of its own.
make_input() {
	awk 'BEGIN { for (i = 0; i < 24000; i++) {
		printf "%s %d %s\n", (i % 50 ? "line" : "needle"), i, "abcdefghijklmnopqrstuvwxyz0123456789" } }' >block
	for _ in {1..50}; do cat block; done >input
}

# is_worker PID CHILD: not a child of the script that libtool puts before a program that is not installed
is_worker() {
	[[ /proc/$2/exe -ef /proc/$1/exe && ! /proc/$2/exe -ef /bin/sh && ! /proc/$2/exe -ef $BASH ]]
}

# kill_workers PID: SIGKILL one of its workers every few milliseconds, until it ends. Prints how many.
kill_workers() {
	local pid=$1 kills=0 children child
	while [[ -e /proc/$pid/task/$pid/children ]]; do
		children=()
		read -r -a children 2>/dev/null <"/proc/$pid/task/$pid/children" || true
		if ((${#children[@]} > 0)); then
			child=${children[RANDOM % ${#children[@]}]}
			is_worker "$pid" "$child" && kill -9 "$child" 2>/dev/null && kills=$((kills + 1))
		fi
		((kills >= ${max_kills:-1000})) && break
		read -r -t 0.00$((RANDOM % 5 + 1)) <>/dev/zero || true
	done
	echo "$kills"
}

# has_workers PID N. The file says of itself that it is empty, as all in /proc do.
has_workers() {
	local children=()
	read -r -a children <"/proc/$1/task/$1/children" || true
	((${#children[@]} == $2))
}

# survives COMMAND...: the output is that in the file want although workers die
survives() {
	local pid kills status=0
	"$@" >got 2>err &
	pid=$!
	kills=$(max_kills=40 kill_workers "$pid")
	wait "$pid" || status=$?
	total_kills=$((total_kills + kills))
	if ((status != 0)) || ! cmp -s want got; then
		echo "after $kills kills: status $status: $*"
		head -3 err
		return 1
	fi
}

@test "processes: results are those of threads" {
	make_input
	local n chunk
	for n in 1 2 7; do
		for chunk in 4096 65537 1G; do
			"$FAULTLINE" count --processes=$n --chunk-size=$chunk input | cmp - <(wc input)
			equal "$("$FAULTLINE" hash --processes=$n --chunk-size=$chunk input)" \
				"$("$FAULTLINE" hash input)"
		done
		"$FAULTLINE" scan -nb --processes=$n needle input | cmp - <(grep -nb needle input)
		"$FAULTLINE" scan -c -v --processes=$n --io=read needle input | cmp - <(grep -cv needle input)
		"$FAULTLINE" scan -m 3 -A 1 --processes=$n needle input | cmp - <(grep -m 3 -A 1 needle input)
		"$FAULTLINE" scan -q --processes=$n needle input
		expect 1 "$FAULTLINE" scan --processes=$n nothing-like-it input
	done
	equal "$("$FAULTLINE" count -l --processes=2 --range=1000:50M input)" \
		"$("$FAULTLINE" count -l --range=1000:50M input)"
	equal "$("$FAULTLINE" hash -a md5 --processes=2 input)" "$(md5sum input)"
	equal "$(head -c 100 input | "$FAULTLINE" count -c --processes=3)" 100
}

@test "processes: run, also when workers are killed" {
	make_input
	"$FAULTLINE" run -j 4 count -lwc then scan -c needle then hash -- input >want
	"$FAULTLINE" run --processes=3 count -lwc then scan -c needle then hash -- input | cmp want -
	"$FAULTLINE" run --stats --processes=3 count -- input 2>&1 | { ! grep -q "by threads"; }
	total_kills=0
	while ((total_kills < 5)); do
		survives "$FAULTLINE" run --processes=3 --chunk-size=64K count -lwc then \
			scan -c needle then hash -- input
	done
	"$FAULTLINE" run --processes=3 transform s/needle/pin/ then count -l then hash -- input >got
	"$FAULTLINE" run transform s/needle/pin/ then count -l then hash -- input | cmp - got
}

@test "processes: a line longer than a part, and errors with their offsets" {
	head -c 40M /dev/zero | tr '\0' x >long
	echo needle >>long
	"$FAULTLINE" scan --processes=3 --chunk-size=1M needle long | cmp - long
	expect 2 "$FAULTLINE" count --processes=2 missing
	expect 2 "$FAULTLINE" count --processes=0 long
	expect 2 "$FAULTLINE" count --processes=2 -j 2 long
	expect 2 "$FAULTLINE" count --processes=2 --io=direct long
	expect 2 "$FAULTLINE" scan --processes=2 needle long /dev/full/x
}

@test "processes: workers are killed, and nothing is lost" {
	make_input
	local kind wanted
	# 200 in all at scale 1.
	wanted=$(awk -v s="${FL_TEST_SCALE:-1}" 'BEGIN { n = int(67 * s); print n < 3 ? 3 : n }')
	for kind in count hash scan; do
		case $kind in
		count) command=(count -lwc --chunk-size=32K) ;;
		hash) command=(hash -a xxh128 -a xxh3 --chunk-size=32K) ;;
		scan) command=(scan -n --chunk-size=32K 'l[a-z]*e|needle') ;;
		esac
		"$FAULTLINE" "${command[@]}" -j 4 input >want
		total_kills=0
		while ((total_kills < wanted)); do
			survives "$FAULTLINE" "${command[@]}" --processes=4 input
		done
		echo "$kind: $total_kills kills"
	done
}

# Nobody has finished a line of 64 MiB of which 24 have been printed: who has it is killed, and the
# next one says the same again.
@test "processes: a worker is killed when half of its line has been printed" {
	local pid workers worker status io round kills
	head -c 64M /dev/zero | openssl enc -aes-128-ctr -K 00 -iv 00 2>/dev/null | base64 -w 0 | head -c 64M >long ||
		true
	[[ $(stat -c %s long) == 67108864 ]] || skip "no openssl"
	printf ' needle\nanother needle\nno more\n' >>long
	mkfifo pipe
	for io in mmap read auto; do
		"$FAULTLINE" scan -n --io=$io --processes=3 --chunk-size=1M needle long >pipe 2>err &
		pid=$!
		exec 9<pipe
		: >got
		kills=0
		for round in 1 2; do
			head -c 24M <&9 >>got
			read -r -a workers <"/proc/$pid/task/$pid/children" || true
			for worker in "${workers[@]}"; do
				! is_worker "$pid" "$worker" || ! kill -9 "$worker" || kills=$((kills + 1))
			done
		done
		((kills >= 4))
		status=0
		cat <&9 >>got
		exec 9<&-
		wait "$pid" || status=$?
		cat err
		equal "$status" 0
		grep -n needle long | cmp - got
	done
}

@test "processes: killing the coordinator ends the workers, and leaves nothing" {
	local before pid workers worker
	mkfifo pipe
	make_input
	before=$(in_dev_shm)
	for _ in 1 2 3; do
		# Nobody reads the pipe: the coordinator waits in its fold.
		"$FAULTLINE" scan --processes=3 . input >pipe &
		pid=$!
		exec 9<pipe
		wait_until has_workers "$pid" 3
		read -r -a workers <"/proc/$pid/task/$pid/children" || true
		kill -9 "$pid"
		wait "$pid" || true
		exec 9<&-
		for worker in "${workers[@]}"; do
			wait_until test ! -e "/proc/$worker/exe"
		done
	done
	wait_until nothing_new_in_dev_shm "$before"
}

@test "processes: SIGINT ends the run and its workers" {
	local pid workers worker status=0
	mkfifo pipe
	make_input
	set -m
	"$FAULTLINE" scan --processes=3 . input >pipe &
	pid=$!
	set +m
	exec 9<pipe
	wait_until has_workers "$pid" 3
	read -r -a workers <"/proc/$pid/task/$pid/children" || true
	kill -INT "$pid"
	cat <&9 >/dev/null
	exec 9<&-
	wait "$pid" || status=$?
	equal "$status" 130
	for worker in "${workers[@]}"; do
		wait_until test ! -e "/proc/$worker/exe"
	done
}
