#!/bin/bash
# SPDX-License-Identifier: MIT
# Shared memory: a ring against a pipe and a Unix socket, worker processes against threads, workers
# that are killed all the time, and what the job board costs. Runs alternate, answers must agree.
# Prints Markdown.
#
#   scripts/bench/shm.sh FILE [RUNS=5] [ring|processes|kills|board]...
# shellcheck disable=SC2016 # backquotes are Markdown's
set -uo pipefail
# shellcheck source=scripts/bench/common.bash
. "$(dirname "${BASH_SOURCE[0]}")/common.bash"

if (($# < 1)) || [[ ! -s $1 ]]; then
	echo "Usage: scripts/bench/shm.sh FILE [RUNS] [ring|processes|kills|board]..." >&2
	exit 2
fi
file=$(readlink -f "$1")
runs=${2-5}
shift $(($# < 2 ? $# : 2))
sections=("$@")
((${#sections[@]})) || sections=(ring processes kills board)
find_programs
work=$(mktemp -d "${TMPDIR:-/tmp}/faultline-bench.XXXXXX") || exit 2
board=
trap '[[ -n $board ]] && rm -f "$board"; rm -rf "$work"' EXIT
failures=0
size=$(stat -c %s "$file")

wants() {
	[[ " ${sections[*]} " == *" $1 "* ]]
}

# Both figures of a ratio come from one run of the program.
rings() {
	local i latency=() throughput=()
	for ((i = 0; i < runs; i++)); do
		"$faultline" shm bench --size=64 --time=0.2 >"$work/64" || return 1
		"$faultline" shm bench --size=4K --time=0.2 >"$work/4K" || return 1
		latency+=("$(sed -n 's/.*takes \([0-9.]*\) times.*/\1/p' "$work/64")")
		throughput+=("$(sed -n 's/.*has \([0-9.]*\) times.*/\1/p' "$work/4K")")
	done
	printf '\n## Rings\n\n`shm bench`, ring-memfd, median of %d runs (all)\n\n' "$runs"
	echo "- 4 KiB messages, throughput, times a pipe's: $(median "${throughput[@]}") (${throughput[*]})"
	echo "- 64 B messages, median latency, a Unix socket's is so many times as long: $(median "${latency[@]}") (${latency[*]})"
}

# The first GB of the file, in the page cache in large folios.
make_sample() {
	[[ -s $work/sample ]] || head -c 1G "$file" >"$work/sample"
	"$cachestate" large "$work/sample"
	sample_size=$(stat -c %s "$work/sample")
}

# paired LABEL A... -- B...: median of the ratios A / B of runs beside each other; > 1: B is faster
paired() {
	local label=$1 i a=() b=() r=() one=() two=()
	shift
	while [[ $1 != -- ]]; do
		one+=("$1")
		shift
	done
	shift
	two=("$@")
	for ((i = 0; i < runs; i++)); do
		timed "$work/one" "${one[@]}" || return 1
		a+=("$seconds")
		timed "$work/two" "${two[@]}" || return 1
		b+=("$seconds")
		r+=("$(awk -v a="${a[i]}" -v b="${b[i]}" 'BEGIN { printf "%.3f", a / b }')")
		cmp -s "$work/one" "$work/two" || {
			echo "${0##*/}: $label: answers differ" >&2
			failures=$((failures + 1))
		}
	done
	echo "| $label | $(median "${a[@]}") | $(median "${b[@]}") | $(median "${r[@]}") |"
}

verbs=("hash" "hash -a xxh128" "count" "scan -c error" "scan -n Failed.password")

processes() {
	local verb
	make_sample
	printf '\n## Worker processes\n\n%d bytes, cached in large folios, seconds\n\n' "$sample_size"
	echo "| | \`-j 4\` | \`--processes=4\` | throughput, processes / threads |"
	echo "|---|---|---|---|"
	for verb in "${verbs[@]}"; do
		# shellcheck disable=SC2086 # a verb and its options
		paired "$verb" "$faultline" $verb -j 4 "$work/sample" -- \
			"$faultline" $verb --processes=4 "$work/sample" || failures=$((failures + 1))
	done
}

# kill_workers PID N: SIGKILL one of its workers every few milliseconds, N times or until it ends
kill_workers() {
	local pid=$1 children child
	killed=0
	while ((killed < $2)) && [[ -e /proc/$pid/task/$pid/children ]]; do
		children=()
		read -r -a children 2>/dev/null <"/proc/$pid/task/$pid/children" || true
		if ((${#children[@]} > 0)); then
			child=${children[RANDOM % ${#children[@]}]}
			[[ /proc/$child/exe -ef /proc/$pid/exe && ! /proc/$child/exe -ef /bin/sh &&
				! /proc/$child/exe -ef $BASH ]] &&
				kill -9 "$child" 2>/dev/null && killed=$((killed + 1))
		fi
		read -r -t 0.00$((RANDOM % 4 + 1)) <>/dev/zero || true
	done
}

kills() {
	local verb pid total passes
	make_sample
	printf '\n## Workers that are killed\n\n%d bytes, 200 kills and more per row\n\n' "$sample_size"
	for verb in "${verbs[@]}"; do
		# shellcheck disable=SC2086 # a verb and its options
		"$faultline" $verb -j 4 "$work/sample" >"$work/want"
		total=0 passes=0
		while ((total < 200)); do
			# shellcheck disable=SC2086 # a verb and its options
			"$faultline" $verb --processes=4 "$work/sample" >"$work/got" 2>"$work/got.err" &
			pid=$!
			kill_workers "$pid" 200
			wait "$pid" || echo "${0##*/}: $verb: $(head -1 "$work/got.err")" >&2
			total=$((total + killed)) passes=$((passes + 1))
			cmp -s "$work/want" "$work/got" || {
				echo "${0##*/}: $verb: answers differ" >&2
				failures=$((failures + 1))
			}
		done
		echo "- \`$verb\`: $total kills in $passes runs, every answer as with \`-j 4\`: $( ((failures == 0)) && echo yes || echo no)"
	done
}

# A board that is none (an empty file) is left alone by every job: that is the run without.
hash_without() {
	: >"$board"
	"${as_user[@]}" "$faultline" hash "$file"
	local status=$?
	rm -f "$board"
	return "$status"
}

hash_with() {
	"${as_user[@]}" "$faultline" hash "$file"
}

# Root takes a user whose board nobody else writes to.
as_user=()
board_cost() {
	local uid=$EUID
	if ((EUID == 0)) && have setpriv; then
		uid=$((61000 + RANDOM % 1000))
		as_user=(setpriv --reuid="$uid" --clear-groups)
	fi
	board=/dev/shm/faultline-board-$uid
	if [[ -e $board ]]; then
		echo "${0##*/}: $board is in use: left out" >&2
		board=
		return 0
	fi
	printf '\n## Job board\n\n`hash` of %d bytes, seconds\n\n' "$size"
	echo "| | without a board | with | without / with |"
	echo "|---|---|---|---|"
	timed "$work/one" hash_with
	paired hash hash_without -- hash_with || failures=$((failures + 1))
}

echo "# Shared memory, $(machine)"
wants ring && { rings || failures=$((failures + 1)); }
wants processes && processes
wants kills && kills
wants board && board_cost
exit $((failures > 0))
