#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# One rank of faultline-mpi is killed, at any moment: the job ends with an error that the launcher tells,
# nothing stands under the name of an output, and a file that was edited in place is refused by every verb until
# recover has made it the old one or the new one. FL_TEST_SCALE scales the number of kills.

load ../cli/helpers
load ../cli/mpi

setup() {
	make_work
	export LC_ALL=C
	RANDOM=4711
	want=$(awk -v s="${FL_TEST_SCALE:-1}" 'BEGIN { n = 5 * s; print n < 3 ? 3 : int(n) }')
}

teardown() {
	[[ -z ${job-} ]] || kill -KILL "$job" 2>/dev/null || :
	remove_work
}

# OpenMPI has a semaphore for each file that ranks write together, which a killed job leaves. Nothing of
# ours uses it; the names are those of this test's outputs.
forget_semaphores() {
	rm -f /dev/shm/sem.OMPIO_.killed.* /dev/shm/sem.OMPIO_.rewritten.*
}

# children PID: its children
children() {
	cat /proc/"$1"/task/*/children 2>/dev/null || pgrep -P "$1" || :
}

# ranks_of PID: sets $pids: PID is the shell that runs ranks(); below it are timeout, the launcher (and one
# more process with some), the ranks.
ranks_of() {
	local below=("$1") more pid depth
	pids=()
	for depth in 1 2 3 4; do
		more=()
		for pid in "${below[@]}"; do
			# shellcheck disable=SC2207 # numbers
			more+=($(children "$pid"))
		done
		below=("${more[@]}")
		for pid in "${below[@]}"; do
			[[ $(readlink "/proc/$pid/exe") != "$(realpath "$FAULTLINE_MPI")" ]] || pids+=("$pid")
		done
		((${#pids[@]} == 0)) || return 0
	done
}

# now_ms: sets $ms
now_ms() {
	ms=$((${EPOCHREALTIME//[!0-9]/} / 1000))
}

# run_ranks RANKS OPTION...: a job under way; $job and $pids, and $began when they were all there
run_ranks() {
	local n=$1 tries=0
	shift
	ranks "$n" "$@" >said 2>&1 </dev/null &
	job=$!
	pids=()
	while ((${#pids[@]} < n && tries++ < 2000)) && kill -0 "$job" 2>/dev/null; do
		ranks_of "$job"
		sleep 0.01
	done
	now_ms
	began=$ms
}

# measure RANKS OPTION...: how long such a job takes: $takes
measure() {
	run_ranks "$@"
	wait "$job"
	job=
	now_ms
	takes=$((ms - began))
}

# kill_one RANKS OPTION...: a job of which one rank is killed at a random moment of the $takes
# milliseconds that it would take. $killed: 1 if it was alive then; $status of the job.
kill_one() {
	local n=$1 delay=$((RANDOM % takes))
	killed=0
	status=0
	run_ranks "$@"
	sleep "$((delay / 1000)).$(printf %03d $((delay % 1000)))"
	if ((${#pids[@]} == n)) && kill -KILL "${pids[RANDOM % n]}" 2>/dev/null; then
		killed=1
	fi
	wait "$job" || status=$?
	job=
}

# kill_at_write RANKS VICTIM N OPTION...: a job of which one rank is killed before its N-th write at an offset,
# if it has so many; $status of the job.
kill_at_write() {
	local victim=$2
	status=0
	# shellcheck disable=SC2016 # for the script
	printf '%s\n' '#!/bin/bash' "[[ \${OMPI_COMM_WORLD_RANK-\$PMI_RANK} == $victim ]] ||" \
		"	exec '$FAULTLINE_MPI' \"\$@\"" \
		"'${abs_top_builddir-$BATS_TEST_DIRNAME/../..}/tests/support/signal_at' 9 $3 '$FAULTLINE_MPI' \"\$@\" || rc=\$?" \
		'((${rc-0} != 137)) || kill -KILL $$' 'exit ${rc-0}' >victim
	chmod +x victim
	FAULTLINE_MPI=$PWD/victim ranks "$1" "${@:4}" >said 2>&1 </dev/null || status=$?
	! grep '^signal_at: ' said || skip "the kernel tells nobody of a program's writes"
}

@test "mpi: a killed rank, in place: recover makes the file the old or the new one" {
	need_mpi
	local hot=0 runs=0 action n
	"$LOGGEN" --size=2M >old
	"$FAULTLINE" transform --redact=ipv4 old >new
	while ((hot < want && runs++ < 6 * want)); do
		cp old file
		n=$((2 + RANDOM % 3))
		kill_at_write "$n" $((RANDOM % n)) $((1 + RANDOM % 60)) \
			transform -i --sync=full --redact=ipv4 --chunk-size=4K file
		if [[ ! -e .file.faultline ]]; then
			cmp -s file new || cmp file old
			continue
		fi
		hot=$((hot + 1))
		((status != 0))
		grep -qiE 'killed|signal 9|kill' said
		expect 2 "$FAULTLINE" count file
		contains "$err" file
		expect 2 ranks 2 count file
		action=$((RANDOM % 3))
		if ((action == 0)); then
			"$FAULTLINE" recover --rollback file >result
		elif ((action == 1)); then
			"$FAULTLINE" recover --resume file >result
		else
			ranks 2 recover --resume file >result
		fi
		if grep -q 'rolled back' result; then cmp file old; else cmp file new; fi
		((action == 0)) || cmp file new
		equal "$(find . -name '.file*')" ""
	done
	# Kills that never hit anything would prove nothing.
	((hot >= want))
}

@test "mpi: a killed rank, output files: none under its name, or all of it" {
	need_mpi
	local hits=0 runs=0 verb
	"$LOGGEN" --size=30M >log
	cp log rewritten
	"$FAULTLINE" transform -o text.want 's/[0-9]+/<&&>/g' log
	"$FAULTLINE" compress -q -9 -o zst.want log
	measure 3 compress -q -9 --chunk-size=64K -o killed log
	rm killed
	while ((hits < want && runs++ < 6 * want)); do
		verb=$((runs % 3))
		if ((verb == 0)); then
			kill_one 2 transform --chunk-size=64K -o killed 's/[0-9]+/<&&>/g' log
		elif ((verb == 1)); then
			kill_one 3 compress -q -9 --chunk-size=64K -o killed log
		else
			kill_one 3 transform --rewrite --chunk-size=64K 's/[0-9]+/<&&>/g' rewritten
			mv rewritten killed
			cp log rewritten
			cmp -s killed log && rm killed
		fi
		forget_semaphores
		if [[ -e killed ]]; then
			cmp -s killed text.want || cmp killed zst.want
		else
			((killed && status != 0))
			grep -qiE 'killed|signal 9|kill' said
			hits=$((hits + 1))
		fi
		# What was measured on a busy machine may be too long by now.
		((killed)) || takes=$((takes * 3 / 4 + 1))
		rm -f killed .killed.* .rewritten.*
	done
	((hits >= want))
}
