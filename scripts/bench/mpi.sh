#!/bin/bash
# SPDX-License-Identifier: MIT
# faultline-mpi on 1 to 4 ranks of one thread, against faultline with two threads, on one file in the
# page cache: count, hash, scan -c. Seconds between MPI_Init and MPI_Finalize (an empty mpirun takes 0.3 s
# alone), of faultline all of its time; runs alternate, answers must agree. Prints Markdown; then
# what scripts/at-scale.py says about these ranks.
#
#   scripts/bench/mpi.sh FILE [RUNS=5]
set -uo pipefail
# shellcheck source=scripts/bench/common.bash
. "$(dirname "${BASH_SOURCE[0]}")/common.bash"
# shellcheck source=tests/cli/mpi.bash
. "$bench_root/tests/cli/mpi.bash"

if (($# < 1 || $# > 2)) || [[ ! -s $1 ]]; then
	echo "Usage: scripts/bench/mpi.sh FILE [RUNS]" >&2
	exit 2
fi
file=$1
runs=${2-5}
find_programs
FAULTLINE_MPI=$BUILD/faultline-mpi
if [[ ! -x $FAULTLINE_MPI ]]; then
	echo "mpi.sh: $FAULTLINE_MPI was not built" >&2
	exit 2
fi
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
cat "$file" >/dev/null

# by_ranks N COMMAND...: $seconds
by_ranks() {
	timed "$work/many" ranks "$1" "${@:2}" --stats || return 1
	seconds=$(sed -n 's/^ranks: [0-9]*, \([0-9.]*\) s between.*/\1/p' "$work/many.err")
	cmp -s "$work/alone" "$work/many" || {
		echo "mpi.sh: $1 ranks: ${*:2}: another answer" >&2
		return 1
	}
}

echo "$(machine). $(basename "$file"): $(stat -L -c %s "$file") bytes. Median of $runs, alternating; seconds."
echo
echo "| job | \`faultline -j2\` | 1 rank | 2 ranks | 3 ranks | 4 ranks | 2 ranks: times as fast |"
echo "|---|---|---|---|---|---|---|"
echo "bytes $(stat -L -c %s "$file")" >"$work/measured"
echo "cores $(nproc)" >>"$work/measured"
for job in 'count -l' 'hash -a xxh3' "scan -c ERROR"; do
	read -r -a words <<<"$job"
	alone=()
	many=('' '' '' '' '')
	for ((run = 0; run < runs; run++)); do
		timed "$work/alone" "$faultline" "${words[@]}" -j2 "$file" || exit 1
		alone+=("$seconds")
		for n in 1 2 3 4; do
			by_ranks "$n" "${words[@]}" -j1 "$file" || exit 1
			many[n]+=" $seconds"
		done
	done
	middle=$(median "${alone[@]}")
	row="| \`$job\` | $middle |"
	echo "0 $middle $job" >>"$work/measured"
	for n in 1 2 3 4; do
		# shellcheck disable=SC2086 # words are wanted
		middle=$(median ${many[n]})
		row+=" $middle |"
		echo "$n $middle $job" >>"$work/measured"
		((n != 2)) || two=$middle
	done
	echo "$row $(ratio "$(median "${alone[@]}")" "$two") |"
done
echo
"$bench_root/scripts/at-scale.py" --measured="$work/measured"
