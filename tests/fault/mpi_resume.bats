#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC1010 # "then" stands between stages
# faultline-mpi: SIGKILL of one rank at any moment ends the job, not with success, and leaves no output
# that is not whole; --resume gives the whole result and maps only what was left.

load ../cli/helpers
load ../cli/mpi

setup() {
	need_mpi
	make_work
	export LC_ALL=C
	RANDOM=${FL_TEST_SEED:-99}
	# A hundred kills in check-stress.
	rounds=$(awk -v s="${FL_TEST_SCALE:-1}" 'BEGIN { n = 5 * s; print n < 3 ? 3 : int(n) }')
	"$LOGGEN" --size=6M --seed=2 >log
	mkdir pids
}

teardown() {
	[[ -z ${job-} ]] || kill -9 "$job" 2>/dev/null || :
	[[ -z ${work-} ]] || remove_work
}

# Each rank leaves its number before it becomes the program.
start() {
	rm -f pids/*
	printf '#!/bin/sh\n: >"%s/pids/$$"\nexec "%s" "$@"\n' "$work" "$FAULTLINE_MPI" >rank
	chmod +x rank
	keep_shared_memory_in "$work"
	TMPDIR=$work timeout -k 5 120 "${MPIRUN:-mpirun}" -n 3 ./rank "$@" >out 2>err </dev/null &
	job=$!
}

pieces() {
	local -a all=(dir/*.piece-??????????)
	[[ -e ${all[0]} ]] && echo ${#all[@]} || echo 0
}

# kill_when N: one of the ranks, when N pieces are there or the job has ended
kill_when() {
	local -a all
	while (($(pieces) < $1)) && kill -0 "$job" 2>/dev/null; do
		sleep 0.002
	done
	all=(pids/*)
	kill -9 "${all[RANDOM % ${#all[@]}]#pids/}" 2>/dev/null || :
}

# commands: what is killed; "output" is a file's final name
commands=(
	'scan -n -j1 --chunk-size=4K sshd log'
	'hash -a xxh3 -a xxh128 -j2 --chunk-size=4K log'
	'run --chunk-size=4K scan sshd --output=output then count -l -- log'
)

@test "mpi: a rank that is killed ends the job; --resume does the rest" {
	local i killed=0 status left
	# On a busy machine a job may have ended before we look.
	for ((i = 0; i < rounds || (killed == 0 && i < 10 * rounds); i++)); do
		rm -rf dir output && mkdir dir
		# shellcheck disable=SC2206 # words
		command=(${commands[i % 3]})
		"$FAULTLINE" "${command[@]}" >want
		[[ ! -e output ]] || mv output want.output
		start --checkpoint=dir "${command[@]}"
		kill_when $((RANDOM % 250))
		status=0
		wait "$job" || status=$?
		job=
		left=$(pieces)
		if ((status == 0)); then
			# It had ended before.
			cmp want out
			[[ ! -e output ]] || cmp want.output output
			[[ $left == 0 && ! -e dir/job ]]
			continue
		fi
		killed=$((killed + 1))
		grep -qaiE "kill|signal" out err # launchers say it here or there
		[[ ! -e output ]]
		[[ -e dir/job ]] || continue
		expect 2 ranks 2 --checkpoint=dir "${command[@]}"
		contains "$err" "holds a checkpoint"
		# Pieces are not made again.
		touch -d '2020-01-01' dir/*.piece-?????????? 2>/dev/null || :
		ranks $((RANDOM % 3 + 1)) --checkpoint=dir --resume "${command[@]}" >out
		cmp want out
		[[ ${commands[i % 3]} != run* ]] || cmp want.output output
		[[ -z $(ls dir) ]]
	done
	echo "$killed killed of $rounds"
	((killed > 0))
}

@test "mpi: a checkpoint is of one command and one file" {
	mkdir dir
	start --checkpoint=dir scan -n --chunk-size=4K sshd log
	kill_when 20
	wait "$job" && skip "it had ended before it was killed" || :
	job=
	expect 2 ranks 2 --checkpoint=dir --resume scan -c --chunk-size=4K sshd log
	contains "$err" "--checkpoint=dir: is of another command"
	expect 2 ranks 2 --checkpoint=dir compress log
	contains "$err" "is for count, hash, run and scan"
	expect 2 ranks 1 --checkpoint=none scan -c sshd log
	contains "$err" "--checkpoint=none: No such file"
	local -a all=(dir/*.piece-??????????)
	printf x | dd of="${all[0]}" bs=1 seek=100 conv=notrunc status=none
	expect 2 ranks 2 --checkpoint=dir --resume scan -n --chunk-size=4K sshd log
	contains "$err" "log: checkpoint: run 1, piece "
	echo more >>log
	expect 2 ranks 2 --checkpoint=dir --resume scan -n --chunk-size=4K sshd log
	contains "$err" "log: is not as it was when the checkpoint was written"
}
