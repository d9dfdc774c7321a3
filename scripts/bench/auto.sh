#!/bin/bash
# SPDX-License-Identifier: MIT
# Is --io=auto as fast as the best fixed choice? One table per page-cache state: warm with large
# folios, warm with small ones, cold, and cold in a memory cgroup of 128 MiB.
#
#   scripts/bench/auto.sh FILE [RUNS=5] [STATE...]
#
# "Best" is the fastest of the four fixed loaders. In the cold state direct and uring leave nothing
# in the page cache where auto, mmap and read fill it: the last ratio is that to the best of those
# that leave the cache as auto does.
set -uo pipefail
# shellcheck source=scripts/bench/common.bash
. "$(dirname "${BASH_SOURCE[0]}")/common.bash"

if (($# < 1)) || [[ ! -s $1 ]]; then
	echo "Usage: scripts/bench/auto.sh FILE [RUNS] [warm-large|warm-small|cold|limited]..." >&2
	exit 2
fi
file=$1
file_bytes=$(stat -L -c %s "$file")
runs=${2-5}
shift $(($# < 2 ? $# : 2))
states=("$@")
((${#states[@]})) || states=(warm-large warm-small cold limited)
loaders=(auto mmap read direct uring)
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"; remove_cgroup' EXIT
trap 'exit 130' INT TERM
find_programs
failures=0

prepare_once() {
	case $1 in
	warm-large) "$cachestate" large "$file" ;;
	warm-small) "$cachestate" small "$file" ;;
	esac
}

# Memory that the file's pages will take has been in use shortly before: see cachestate.c.
prepare_run() {
	case $1 in
	cold | limited) "$cachestate" evict "$file" && "$cachestate" memory $((2 * file_bytes)) ;;
	esac
}

verb_arguments() {
	case $1 in
	hash) arguments=(hash -a xxh3) ;;
	scan) arguments=(scan -c 'Failed password') ;;
	esac
}

# one_run STATE IO: appends to times[IO]; a wrong answer or an error is a failure of the whole
one_run() {
	local state=$1 io=$2
	local -a launcher=()
	[[ $state == limited ]] && launcher=(in_cgroup)
	prepare_run "$state" || return 1
	timed "$work/out" "${launcher[@]}" "$faultline" "${arguments[@]}" --io="$io" --stats \
		--no-progress "$file" || return 1
	times[$io]+=" $seconds"
	[[ $io == auto ]] && cp "$work/out.err" "$work/auto.err"
	[[ -n $reference ]] || reference=$(<"$work/out")
	if [[ $(<"$work/out") != "$reference" ]]; then
		echo "auto.sh: $state $verb --io=$io: another result" >&2
		return 1
	fi
}

# Each round begins with another loader: whoever runs after a slow one, or first, has it harder.
# Past a warm cache no loader was ever the best: once is enough.
measure() {
	local state=$1 verb=$2 round k io reference=
	local -a arguments order
	verb_arguments "$verb"
	times=()
	for ((round = 0; round < runs; round++)); do
		order=("${loaders[@]}")
		[[ $state == warm-* ]] && ((round > 0)) && order=(auto mmap read)
		for ((k = 0; k < ${#order[@]}; k++)); do
			io=${order[(k + round) % ${#order[@]}]}
			one_run "$state" "$io" || return 1
		done
	done
}

row() {
	local state=$1 verb=$2 io m auto fixed=() alike line
	declare -A times
	measure "$state" "$verb" || return 1
	line="| $state | $verb |"
	for io in "${loaders[@]}"; do
		# shellcheck disable=SC2086 # a list of numbers
		m=$(median ${times[$io]})
		[[ $io == auto ]] && auto=$m || fixed+=("$m")
		line+=" $m |"
	done
	alike=("${fixed[@]}")
	[[ $state == cold ]] && alike=("${fixed[@]:0:2}")
	echo "$line $(ratio "$auto" "$(least "${fixed[@]}")") |" \
		"$(ratio "$auto" "$(least "${alike[@]}")") | $(why) |"
}

# What auto said about its choice in its last run.
why() {
	sed -n 's/^loader: *//p' "$work/auto.err" | tr -d '|'
}

echo "$(machine). $(basename "$file"): $file_bytes bytes. Seconds, median of $runs, interleaved."
echo
echo "| state | verb | auto | mmap | read | direct | uring | auto/best | auto/best alike | why |"
echo "|---|---|---|---|---|---|---|---|---|---|"
for state in "${states[@]}"; do
	[[ $state == limited ]] && ! make_cgroup $((128 << 20)) && continue
	prepare_once "$state" || failures=$((failures + 1))
	for verb in hash scan; do
		row "$state" "$verb" || failures=$((failures + 1))
	done
done
exit $((failures > 0))
