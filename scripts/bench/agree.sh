#!/bin/bash
# SPDX-License-Identifier: MIT
# Does `faultline bench` measure what others measure? Its read, pread, direct and uring against fio
# with the same calls, block sizes and depths, its mmap against an independent C program
# (mmapread.c), on the first GiB of a file, or all of a smaller one. The two take turns; the figure
# is the median of the rounds' ratios, so that a device that swings slowly swings for both. On a busy
# machine the best runs say more. Exit 1: neither of a row's two ratios is within 15 % of 1.
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

# ours CACHE IO OP: GB/s of one run
ours() {
	"$faultline" bench --quiet --op="$3" --io="$2" --cache="$1" -j1 --size=${mib}M --runs=1 \
		--warmup=0 --export-json="$work/ours.json" "$file" >"$work/out" || return 1
	number "$work/ours.json" 'd["results"][0]["gb_per_s"]'
}

# fio_rate CACHE FIO-OPTION...
fio_rate() {
	prepare "$1" || return 1
	shift
	# fadvise_hint: a hint that the file is read in order would double the kernel's readahead.
	# hugetlb: buffers in huge pages, as faultline's are: of small ones each is pinned by itself.
	GLIBC_TUNABLES=glibc.malloc.hugetlb=1 fio --name=agree --filename="$file" --readonly --rw=read --size=${mib}m --invalidate=0 \
		--fadvise_hint=0 --thread --output-format=json "$@" >"$work/fio.json" || return 1
	number "$work/fio.json" 'd["jobs"][0]["read"]["bw_bytes"] / 1e9'
}

# program_rate CACHE
program_rate() {
	prepare "$1" || return 1
	"$BUILD/scripts/bench/mmapread" "$file" $((bytes / 32 * 32)) 1 | first_word /dev/stdin
}

most() {
	printf '%s\n' "$@" | LC_ALL=C sort -g | tail -1
}

# row CACHE IO OP PEER NAME-OF-PEER OPTION...
row() {
	local cache=$1 io=$2 op=$3 rival=$4 name=$5 i a b r
	local -a mine=() theirs=() ratios=()
	shift 5
	[[ ${#rows[@]} -eq 0 || " ${rows[*]} " == *" $io "* ]] || return 0
	for ((i = 0; i < runs; i++)); do
		a=$(ours "$cache" "$io" "$op") && b=$("$rival" "$cache" "$@") || {
			failures=$((failures + 1))
			return
		}
		mine+=("$a")
		theirs+=("$b")
		ratios+=("$(ratio "$a" "$b")")
	done
	r=$(median "${ratios[@]}")
	a=$(most "${mine[@]}")
	b=$(most "${theirs[@]}")
	echo "| $io | $cache | $(median "${mine[@]}") | $name | $(median "${theirs[@]}") | $r |" \
		"$a, $b | $(ratio "$a" "$b") |"
	if awk -v r="$r" -v s="$(ratio "$a" "$b")" 'function off(x) { return x < 0.85 || x > 1.15 }
		BEGIN { exit !(off(r) && off(s)) }'; then
		failures=$((failures + 1))
	fi
}

echo "$(machine). $(fio --version). $mib MiB of $(basename "$file"), one thread, medians of $runs," \
	"GB/s."
echo
echo "| faultline bench | pages | GB/s | peer | GB/s | ratio | best runs | ratio |"
echo "|---|---|--:|---|--:|--:|--:|--:|"
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
