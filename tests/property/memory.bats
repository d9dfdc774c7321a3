#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC1010 # "then" stands between stages
# Anonymous memory stays within --max-memory (64 MiB unless said), whatever the length of a line and
# the number of threads; and results are right where address space is scarce.

load ../cli/helpers

limit_kib=65536

setup() {
	[[ -z ${FL_SANITIZERS-} ]] || skip "sanitizers take memory and address space of their own"
	work=$(mktemp -d /var/tmp/faultline-memory.XXXXXX)
	cd "$work" || return 1
	large=$(awk -v s="${FL_TEST_SCALE:-1}" 'BEGIN { print (s >= 20) }')
}

teardown() {
	[[ -z ${work-} ]] || remove_work
}

# need_room MIB
need_room() {
	local free
	free=$(df -Pk . | awk 'NR == 2 { print int($4 / 1024) }')
	((free > $1 + 500)) || skip "$1 MiB of disk are needed, $free are free"
}

# one_line MIB: "needle" at its beginning, middle and end, and a short line after it
one_line() {
	local half=$(($1 / 2))
	printf 'needle '
	head -c "${half}M" /dev/zero | tr '\0' x
	printf ' needle '
	head -c "${half}M" /dev/zero | tr '\0' y
	printf ' needle\nlast line\n'
}

# text MIB: lines of a log
text() {
	"${LOGGEN:?}" "--size=$1M"
}

# bounded STATUS COMMAND...: as expect, and RssAnon, looked at all the time, stays within the limit
bounded() {
	local want=$1 got=0 pid key value unit peak=0
	shift
	"$@" >.out 2>.err &
	pid=$!
	while [[ -d /proc/$pid ]] && kill -0 "$pid" 2>/dev/null; do
		while read -r key value unit; do
			[[ $key == RssAnon: ]] && ((value > peak)) && peak=$value
		done 2>/dev/null <"/proc/$pid/status" || break
		sleep 0.005
	done
	wait "$pid" || got=$?
	# Not more: the shell's memory is that of the next command until it is executed.
	out=$(head -c 4096 .out | tr -d '\0')
	((got == want)) || { echo "status $got, not $want: $*" && cat .err && return 1; }
	value=$(awk '/^peak RssAnon: / { print int($3 / 1024) }' .err)
	((value > 0)) || [[ $* != *--stats* ]] || { echo "no peak in --stats: $*" && return 1; }
	((value > peak)) && peak=$value
	((peak <= limit_kib)) || { echo "RssAnon $peak KiB: $*" && return 1; }
}

@test "memory: one line that is far longer than memory may be used" {
	mib=$((large ? 3072 : 300))
	need_room $((2 * mib))
	one_line $mib >long
	size=$(stat -c %s long)
	digest=
	! command -v xxhsum >/dev/null || digest=$(xxhsum -H2 long)
	for io in auto mmap read direct uring; do
		bounded 0 "$FAULTLINE" count --stats "--io=$io" long
		equal "$(tr -s ' ' <<<"$out" | sed 's,^ ,,')" "2 7 $size long"
		bounded 0 "$FAULTLINE" scan -c --stats "--io=$io" -F needle long
		equal "$out" 1
		bounded 0 "$FAULTLINE" scan -c --stats "--io=$io" 'y nee.le$' long
		equal "$out" 1
		bounded 1 "$FAULTLINE" scan -c --stats "--io=$io" 'x needle$' long
		equal "$out" 0
		bounded 0 "$FAULTLINE" scan -obn --stats "--io=$io" -F needle long
		equal "$out" "1:0:needle
1:$((mib / 2 * 1048576 + 8)):needle
1:$((size - 17)):needle"
		[[ -n $digest ]] || continue
		bounded 0 "$FAULTLINE" hash -H2 --stats "--io=$io" long
		equal "$out" "$digest"
	done
}

@test "memory: a long line of a file is not copied into a temporary one" {
	one_line 40 >long
	for io in direct uring; do
		# In KiB; what is found is short.
		(ulimit -f 1024 && bounded 0 "$FAULTLINE" scan -ob --max-memory=16M "--io=$io" -F needle long)
		equal "$(<.out)" "0:needle
20971528:needle
41943056:needle"
	done
}

@test "memory: one long line through a pipe" {
	need_room 600
	one_line 300 >long
	mkfifo pipe
	for job in "count -lw" "scan -c -F needle"; do
		cat long >pipe &
		# shellcheck disable=SC2086 # words
		bounded 0 "$FAULTLINE" $job --stats pipe
	done
	equal "$out" 1
	cat long >pipe &
	bounded 0 "$FAULTLINE" count -lw --stats pipe
	equal "$(tr -s ' ' <<<"$out" | sed 's,^ ,,')" "2 7 pipe"
}

@test "memory: sixteen threads that read" {
	need_room 256
	text 256 >log
	newlines=$(wc -l <log)
	errors=$(LC_ALL=C grep -Fc "Failed password" log)
	for io in read direct; do
		bounded 0 "$FAULTLINE" count -l --stats -j16 "--io=$io" log
		equal "$out" "$newlines log"
		bounded 0 "$FAULTLINE" scan -c --stats -j16 "--io=$io" -F "Failed password" log
		equal "$out" "$errors"
		bounded 0 "$FAULTLINE" hash --stats -j16 "--io=$io" log
		equal "$out" "$("$FAULTLINE" hash --io=mmap log)"
		bounded 0 "$FAULTLINE" hash -H1 --stats -j16 "--io=$io" log
		# All lines are output: parts are full again and again.
		bounded 0 "$FAULTLINE" scan --stats -j16 "--io=$io" '' log
		cmp .out log
	done
}

@test "memory: in half a gigabyte of address space" {
	need_room 256
	text 256 >log
	newlines=$(wc -l <log)
	errors=$(LC_ALL=C grep -Fc "Failed password" log)
	digest=$("$FAULTLINE" hash --io=read log)
	LC_ALL=C grep -nb "Failed password" log >found
	ulimit -v 524288
	for io in auto mmap read direct uring; do
		# A window of 1 GiB does not fit: reads take its place.
		# The C library reserves 64 MiB for each thread that allocates: sixteen do not fit.
		for more in -j1 -j2 -j7 -j16 "-j2 --window-size=1G" "-j16 --window-size=32M"; do
			# shellcheck disable=SC2086 # words
			expect 0 "$FAULTLINE" count -l "--io=$io" $more log
			equal "$out" "$newlines log"
			# shellcheck disable=SC2086
			expect 0 "$FAULTLINE" scan -c "--io=$io" $more "Failed password" log
			equal "$out" "$errors"
			# shellcheck disable=SC2086
			expect 0 "$FAULTLINE" hash "--io=$io" $more log
			equal "$out" "$digest"
		done
	done
	expect 0 "$FAULTLINE" scan -nb "Failed password" log
	cmp .out found
}

# Seconds of processors that commands have taken so far, in $took: others may want them, and the disk, too.
sum_up() {
	times >.times
	took=$(awk -F '[ms ]+' 'NR == 2 { print int($1 * 60 + $2 + $3 * 60 + $4) }' .times)
}

@test "memory: a line that does not fit into the address space is told, not tried" {
	need_room 700
	one_line 600 >long
	sum_up
	begin=$took
	ulimit -v 524288
	for io in auto mmap read direct uring; do
		expect 2 "$FAULTLINE" scan -c "--io=$io" 'x needle$' long
		contains "$err" "faultline scan: long: at byte 0: a record of "
		contains "$err" " bytes does not fit into the address space (see --max-line-size)"
		equal "$out" ""
		expect 2 "$FAULTLINE" scan -c "--io=$io" --max-line-size=1M 'x needle$' long
		equal "$err" "faultline scan: long: at byte 0: line is longer than 1048576 bytes"
		expect 0 "$FAULTLINE" count -l "--io=$io" long
		equal "$out" "2 long"
	done
	expect 2 "$FAULTLINE" scan -c 'x needle$' < <(cat long)
	contains "$err" " bytes does not fit into the address space"
	sum_up
	echo "$((took - begin)) s of processors"
	((took - begin < 60))
}

@test "memory: all lines to a pipe that nobody reads at first; many NUL bytes" {
	mib=$((large ? 4096 : 512))
	need_room 256
	text 200 >log
	mkfifo pipe
	(
		exec 3<pipe
		sleep 1
		cat <&3 >got
	) &
	reader=$!
	"$FAULTLINE" scan --stats '' log >pipe 2>.err
	wait "$reader"
	cmp log got
	value=$(awk '/^peak RssAnon: / { print int($3 / 1024) }' .err)
	((value > 0 && value <= limit_kib)) || { echo "RssAnon $value KiB" && return 1; }
	# Sparse: it takes no room on the disk.
	truncate -s "${mib}M" nuls
	printf 'needle\n' >>nuls
	bounded 0 "$FAULTLINE" scan -c --stats -F needle nuls
	equal "$out" 1
	bounded 0 "$FAULTLINE" scan -aob --stats -F needle nuls
	equal "$out" "$((mib * 1048576)):needle"
	bounded 0 "$FAULTLINE" scan -c --stats 'nee.le$' nuls
	equal "$out" 1
}

@test "memory: pipelines of many segments, and what is edited in place beside them" {
	need_room 500
	text $((large ? 96 : 24)) >log
	# Eight segments, with seven streams between them: 35 MiB, and 47 when streams were not counted.
	limit_kib=43008
	bounded 0 "$FAULTLINE" run --stats -j2 --max-memory=40M transform s/a/bb/ then transform s/b/cc/ then hash -a sha256 -a md5 \
		then transform s/c/dd/ then transform s/d/ee/ then sample --every=2 then keep . then delete qqqq \
		then hash -a sha512 -o digest -- log
	sed 's/a/bb/; s/b/cc/; s/c/dd/; s/d/ee/' log | sed -n '1~2p' | sha512sum | cmp - digest
	sed 's/a/bb/; s/b/cc/' log >want
	limit_kib=65536
	cp log file
	bounded 0 "$FAULTLINE" run -i -j2 --sync=none hash -a xxh3 then transform s/a/bb/ then count -lc then keep . \
		then hash -a sha256 then transform s/b/cc/ then write copy -- file
	cmp want file
	cmp want copy
	# A dozen stages, sixteen threads: 66 MiB, and 92 where edits are dense.
	cp log file
	bounded 0 "$FAULTLINE" run --stats -i -j16 --sync=none hash -a xxh3 then transform s/a/bb/ then count -lc then keep . \
		then hash -a sha256 then transform s/b/cc/ then hash -a md5 then transform s/c/dd/ then scan -c Failed \
		then transform s/d/ee/ then hash -a sha512 -o digest -- file
	sed 's/a/bb/; s/b/cc/; s/c/dd/; s/d/ee/' log | tee want | sha512sum | cut -c1-128 | cmp -n 128 - digest
	cmp want file
}

@test "memory: every byte is changed, by several edits" {
	text $((large ? 32 : 2)) >log
	sed 's/./xx/g' log >want
	# One stage 168 MiB, four 512; in place 1145.
	bounded 0 "$FAULTLINE" run --stats -j16 transform s/./xx/g -o got -- log
	cmp want got
	bounded 0 "$FAULTLINE" run --stats -j7 transform s/./xx/g then transform s/x/y/g then transform s/y/zz/g \
		then transform s/zz/x/g -o got -- log
	cmp want got
	bounded 0 "$FAULTLINE" run --stats -i -j16 --sync=none transform s/./xx/g then transform s/x/y/g then transform s/y/zz/g \
		then transform s/zz/x/g then hash -- log
	cmp want log
}
