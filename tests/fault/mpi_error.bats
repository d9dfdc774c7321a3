#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A call fails in one rank of faultline-mpi: all ranks end with status 2, the message names file, offset and machine,
# nothing stands under the name of an output, and a file that was edited in place is recovered. The other
# ranks stop where they are.

load ../cli/helpers
load ../cli/mpi

setup() {
	need_mpi
	make_work
	export LC_ALL=C
	failpoint=${abs_top_builddir:?}/tests/support/failpoint.so
}

teardown() {
	[[ -z ${work-} ]] || remove_work
}

# in_rank RANK CALL: the ranks that ranks() starts from now on; in that one the call fails, as failpoint.c says
in_rank() {
	printf '#!/bin/sh\n[ "${OMPI_COMM_WORLD_RANK-$PMI_RANK}" != %s ] ||\n' "$1" >rank
	printf '\texport LD_PRELOAD=%s FL_FAIL=%s:2\n' "$failpoint" "$2" >>rank
	printf 'exec %s "$@"\n' "$real" >>rank
	chmod +x rank
}

# The program is what mpirun starts: a script for the one rank.
by_script() {
	real=$FAULTLINE_MPI
	FAULTLINE_MPI=$work/rank
}

# fails_in RANK OPTION...: one of its reads fails. On a busy machine all chunks may be the other rank's: five tries.
fails_in() {
	local tries=0 status=0 rank=$1
	shift
	in_rank "$rank" pread:error:2
	while ((status == 0 && tries++ < 5)); do
		ranks 2 "$@" >said 2>&1 </dev/null || status=$?
	done
	if ((status != 2)) || ! grep -q "log: at byte [0-9]*: Input/output error (rank $rank on " said; then
		echo "status $status: $*"
		cat said
		return 1
	fi
}

@test "mpi: a read fails in a rank: file, offset, machine, status 2, for all verbs" {
	by_script
	"$LOGGEN" --size=2M >log
	echo keep >out
	local verb
	for verb in 'count -l' hash 'scan -c sshd' 'scan --json sshd'; do
		# shellcheck disable=SC2086 # words
		fails_in $((RANDOM % 2)) $verb -j1 --io=read --chunk-size=8K log
	done
	in_rank 1 pread:error:9
	expect 2 ranks 3 transform -o out --io=read --chunk-size=64K 's/a/bb/g' log
	contains "$err" "log: at byte "
	contains "$err" "(rank 1 on "
	equal "$(cat out)" keep
	equal "$(find . -name '.out.*')" ""
}

@test "mpi: a write fails in a rank: no output, or a file that is recovered" {
	by_script
	"$LOGGEN" --size=2M >old
	cp old log
	cp old whole
	"$FAULTLINE" transform -i --redact=ipv4 whole
	in_rank 1 pwrite:error:3
	expect 2 ranks 3 transform -i --sync=full --chunk-size=64K --redact=ipv4 log
	contains "$err" "log: "
	contains "$err" "No space left"
	contains "$err" "(rank 1 on "
	if [[ -e .log.faultline ]]; then
		"$FAULTLINE" recover --resume log
		cmp log whole
	else
		cmp log old
	fi
	equal "$(find . -name '.log*')" ""
}

# Rank 1 fails at its first chunk; the others have thousands of them. A rank that got no processor for all that
# time would prove nothing: five tries.
@test "mpi: a rank that fails ends the others' shares, too" {
	by_script
	"$LOGGEN" --size=6M >old
	"$FAULTLINE" transform --redact=ipv4 old >new
	local tries=0 stopped=0
	while ((!stopped && tries++ < 5)); do
		cp old log
		in_rank 1 pwrite:error:2
		expect 2 ranks 3 transform -i -j1 --sync=full --chunk-size=4K --redact=ipv4 log
		contains "$err" "(rank 1 on "
		# The last lines are rank 2's.
		cmp -s <(tail -c 1M log) <(tail -c 1M new) || stopped=1
		[[ ! -e .log.faultline ]] || "$FAULTLINE" recover --rollback log >/dev/null
		cmp log old
	done
	((stopped))
}

@test "mpi: a file that is cut while ranks read it" {
	"$LOGGEN" --size=8M >log
	ranks 3 scan -vc --chunk-size=4K nothing-like-this log >said 2>&1 &
	local job=$! status=0
	# Whenever that is: before it begins, in the middle, or at the end.
	sleep "0.$((RANDOM % 5 + 3))"
	truncate -s 1M log
	wait "$job" || status=$?
	if ((status == 2)); then
		grep -q 'log: .*truncated\|log: .*shorter\|log: .*cut' said
	else
		((status == 0))
	fi
}
