#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC1010 # "then" stands between stages
# faultline run: killed at any moment it leaves no output that is not whole; a reader that stalls
# stalls it, and it takes no more memory meanwhile.

load ../cli/helpers

setup() {
	make_work
	export ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0
}

teardown() {
	remove_work
}

example() {
	"$FAULTLINE" run hash -a xxh3 then scan -c sshd then write copy \
		then transform --redact=ipv4,email then hash -a sha256 \
		then compress -3 --align-lines -o out.zst -- ../input
}

@test "run: kill -9 leaves outputs that are whole, or none" {
	local i rounds begin us killed=0 complete=0
	rounds=$(awk -v s="${FL_TEST_SCALE:-1}" 'BEGIN { n = 15 * s; print n < 5 ? 5 : int(n) }')
	"$LOGGEN" --size=4M --seed=2 >input
	mkdir runs want && cd want
	begin=${EPOCHREALTIME/[.,]/}
	example >/dev/null
	us=$((${EPOCHREALTIME/[.,]/} - begin))
	cd ../runs
	RANDOM=1
	# On a machine that others keep busy it may end sooner than it did before.
	for ((i = 0; i < rounds || (killed == 0 && i < 20 * rounds); i++)); do
		rm -f ./*
		example >/dev/null 3>&- &
		pid=$!
		sleep "$(awk -v us="$((us * 6 / 10))" -v r=$RANDOM 'BEGIN { printf "%.4f", us * r / 32768 / 1e6 }')"
		# The shell that became the program, or its child.
		pkill -9 -P "$pid" 2>/dev/null || kill -9 "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null && complete=$((complete + 1)) || killed=$((killed + 1))
		for file in * .[!.]*; do
			[[ -e $file ]] || continue
			[[ $file == out.zst || $file == copy ]] || {
				echo "round $i left $file"
				return 1
			}
			cmp "$file" "../want/$file"
		done
	done
	echo "$killed killed, $complete complete"
	((killed > 0))
}

# anonymous PID: its RssAnon in KiB
anonymous() {
	awk '/^RssAnon:/ { print $2 }' "/proc/$1/status"
}

# has_read PID: bytes that its read calls returned
has_read() {
	awk '/^rchar:/ { print $2 }' "/proc/$1/io"
}

# has_read_more PID BYTES
has_read_more() {
	(($(has_read "$1") > $2))
}

# stalled PID: none of its threads does anything, or waits for a processor to do it; sets $before: what it has read
stalled() {
	local i
	before=$(has_read "$1")
	for ((i = 0; i < 10; i++)); do
		! grep -qs '^State:[[:space:]]*[RD]' "/proc/$1/task/"*/status || return 1
		sleep 0.05
		(($(has_read "$1") == before)) || return 1
	done
}

@test "run: a reader of standard output that stalls" {
	local first second before word
	[[ -z ${FL_SANITIZERS-} ]] || skip "sanitizers take memory of their own"
	mkfifo endless out
	# What packs well would not fill the stream behind compress for a long time.
	head -c 3M /dev/urandom | base64 | sed '1~9s/$/ line 10.0.0.1/' >noise
	while cat noise; do :; done >endless 2>/dev/null 3>&- &
	"$FAULTLINE" run hash -a xxh3 then count then transform --redact=ipv4 then compress -1 \
		then decompress then scan -c x --output=count then transform 's/line/row/' -- - <endless >out 2>err 3>&- &
	pid=$!
	exec 9<out
	IFS= read -r word <&9
	contains "$word" ' row ********'
	# Until all that lies between is full.
	wait_until stalled "$pid"
	first=$(anonymous "$pid")
	sleep 0.5
	second=$(anonymous "$pid")
	equal "$(has_read "$pid")" "$before"
	echo "RssAnon $first KiB, then $second KiB, after $before bytes"
	((second <= first + 256))
	# Four segments' shares of 64 MiB, and zstd's state of four threads.
	((second <= 65536 + 16384))
	# It goes on when the reader does.
	head -c 10M <&9 >/dev/null
	wait_until has_read_more "$pid" "$before"
	kill -9 "$pid"
	exec 9<&-
}
