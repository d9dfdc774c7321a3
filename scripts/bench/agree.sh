#!/bin/bash
# SPDX-License-Identifier: MIT
# Does `faultline bench` measure what others measure? Its read, pread, direct and uring against fio
# with the same calls, block sizes and depths, its mmap against an independent C program
# (mmapread.c), on the first GiB of a file, or all of a smaller one. The two take turns; the figure
# is the median of the rounds' ratios, so that a device that swings slowly swings for both, beside
# the interval that its true value lies in with 95 % and more. A round of a warm file is five passes:
# fio counts milliseconds. On a busy machine the best runs say more than the medians. Exit 1: neither
# of a row's two ratios is within 15 % of 1. Five minutes.
#
#   BUILD=build scripts/bench/agree.sh FILE [RUNS=9] [ROW...]
#
# ROW: the first word of a row, all by default.
set -uo pipefail
# shellcheck source=scripts/bench/common.bash
. "$(dirname "${BASH_SOURCE[0]}")/common.bash"

if (($# < 1)) || (($(stat -L -c %s "$1" 2>/dev/null || echo 0) < 256 << 20)); then
	echo "Usage: scripts/bench/agree.sh FILE [RUNS] [ROW...], FILE of at least 256 MiB" >&2
	exit 2
fi
file=$(realpath "$1")
runs=${2-9}
shift $(($# < 2 ? $# : 2))
rows=("$@")
mib=$(($(stat -c %s "$file") >> 20))
((mib > 1024)) && mib=1024
bytes=$((mib << 20))
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
find_programs
have fio && have python3 || exit 2
failures=0
# faultline registers the buffers of io_uring where it may lock so much memory; so does fio, then.
# What is not registered is looked up page by page in each read.
fixed=()
((EUID > 0)) || fixed=(--fixedbufs=1)

# number FILE EXPRESSION-OF-d
number() {
	python3 -c 'import json, sys
d = json.load(open(sys.argv[1]))
print("%.4f" % eval(sys.argv[2]))' "$1" "$2"
}

# The same state for both: cold is also memory that has just been in use (see cachestate.c).
prepare() {
	if [[ $1 == cold ]]; then
		"$faultline" cache evict --range=0:${mib}M "$file" && "$cachestate" memory "$bytes"
	else
		"$faultline" cache touch --range=0:${mib}M "$file"
	fi >/dev/null
}

# passes CACHE: over the file, in one round
passes() {
	[[ $1 == warm ]] && echo 5 || echo 1
}

# ours CACHE IO OP: GB/s; fails with the reason where it cannot be measured
ours() {
	"$faultline" bench --quiet --op="$3" --io="$2" --cache="$1" -j1 --size=${mib}M \
		--runs="$(passes "$1")" --warmup=0 --export-json="$work/ours.json" "$file" >"$work/out"
	number "$work/ours.json" 'd["results"][0].get("gb_per_s") or sys.exit("agree.sh: "
		+ d["results"][0]["problem"])'
}

# fio_rate CACHE FIO-OPTION...
fio_rate() {
	local loops
	prepare "$1" || return 1
	loops=$(passes "$1")
	shift
	# fadvise_hint: a hint that the file is read in order would double the kernel's readahead.
	# hugetlb: buffers in huge pages, as faultline's are: of small ones each is pinned by itself.
	GLIBC_TUNABLES=glibc.malloc.hugetlb=1 fio --name=agree \
		--filename="$file" --readonly --rw=read --size=${mib}m \
		--loops="$loops" --invalidate=0 --fadvise_hint=0 --thread \
		--output-format=json "$@" >"$work/fio.json" || return 1
	number "$work/fio.json" 'd["jobs"][0]["read"]["bw_bytes"] / 1e9'
}

# program_rate CACHE
program_rate() {
	prepare "$1" || return 1
	"$BUILD/scripts/bench/mmapread" "$file" $((bytes / 32 * 32)) "$(passes "$1")" | first_word /dev/stdin
}

most() {
	printf '%s\n' "$@" | LC_ALL=C sort -g | tail -1
}

# interval RATIO...: of the median: from the k-th smallest to the k-th largest, when a coin falls k - 1
# times or less to one side with at most 2.5 %; "none" of fewer than six
interval() {
	python3 -c 'import math, sys
v = sorted(map(float, sys.argv[1:]))
n = len(v)
below = [sum(math.comb(n, i) for i in range(k)) / 2 ** n for k in range(n // 2 + 1)]
k = max(i for i, p in enumerate(below) if p <= 0.025)
print("%.2f-%.2f" % (v[k - 1], v[n - k]) if k > 0 else "none")' "$@"
}

# within RATIO: within 15 % of 1?
within() {
	awk -v r="$1" 'BEGIN { exit !(r >= 0.85 && r <= 1.15) }'
}

# row CACHE IO OP PEER NAME-OF-PEER OPTION...
row() {
	local cache=$1 io=$2 op=$3 rival=$4 name=$5 i a b r best word
	local -a mine=() theirs=() ratios=()
	shift 5
	[[ ${#rows[@]} -eq 0 || " ${rows[*]} " == *" $io "* ]] || return 0
	for ((i = 0; i < runs; i++)); do
		if ! a=$(ours "$cache" "$io" "$op") || ! b=$("$rival" "$cache" "$@"); then
			echo "| $io | $cache | not measured | $name | | | | | NO |"
			failures=$((failures + 1))
			return
		fi
		mine+=("$a")
		theirs+=("$b")
		ratios+=("$(ratio "$a" "$b")")
	done
	r=$(median "${ratios[@]}")
	best=$(ratio "$(most "${mine[@]}")" "$(most "${theirs[@]}")")
	word=yes
	if ! within "$r"; then
		within "$best" && word="by best runs" || word=NO
	fi
	[[ $word == NO ]] && failures=$((failures + 1))
	echo "| $io | $cache | $(median "${mine[@]}") | $name | $(median "${theirs[@]}") | $r" \
		"| $(interval "${ratios[@]}") | $best | $word |"
}

echo "$(machine). $(fio --version). $mib MiB of $(basename "$file"), one thread, medians of $runs," \
	"GB/s."
echo
echo "| faultline bench | pages | GB/s | peer | GB/s | ratio | interval | best runs | within 15 % |"
echo "|---|---|--:|---|--:|--:|---|--:|---|"
for cache in warm cold; do
	row $cache read touch fio_rate "fio sync, 256 KiB" --ioengine=sync --bs=256k
	row $cache pread touch fio_rate "fio psync, 256 KiB" --ioengine=psync --bs=256k
	row $cache uring touch fio_rate "fio io_uring, 1 MiB, 16 deep" \
		--ioengine=io_uring --bs=1m --iodepth=16 "${fixed[@]}"
	row $cache mmap sum program_rate "mmapread.c"
done
row cold direct touch fio_rate "fio libaio, O_DIRECT, 1 MiB, 8 deep" \
	--ioengine=libaio --direct=1 --bs=1m --iodepth=8
row cold uring-direct touch fio_rate "fio io_uring, O_DIRECT, 1 MiB, 16 deep" \
	--ioengine=io_uring --direct=1 --bs=1m --iodepth=16 "${fixed[@]}"
exit $((failures > 0))
