#!/bin/bash
# SPDX-License-Identifier: MIT
# Does `faultline bench` measure what others measure? Its read, direct and uring against fio's psync,
# O_DIRECT and io_uring with the same block sizes and depths, its mmap against an independent C
# program (mmapread.c), on the first 1 GiB of a file. Exit 1: a ratio is further than 15 % from 1.
#
#   scripts/bench/agree.sh FILE [RUNS=8]
set -uo pipefail
# shellcheck source=scripts/bench/common.bash
. "$(dirname "${BASH_SOURCE[0]}")/common.bash"

if (($# < 1)) || (($(stat -L -c %s "$1" 2>/dev/null || echo 0) < 1 << 30)); then
	echo "Usage: scripts/bench/agree.sh FILE [RUNS], FILE of at least 1 GiB" >&2
	exit 2
fi
file=$(realpath "$1")
runs=${2-8}
bytes=$((1 << 30))
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
find_programs
have fio && have python3 || exit 2
failures=0

# ours CACHE IO OP: median GB/s
ours() {
	"$faultline" bench --quiet --op="$3" --io="$2" --cache="$1" -j1 --size=1G --runs="$runs" \
		--export-json="$work/ours.json" "$file" >"$work/out" || return 1
	python3 -c 'import json, sys
print("%.3f" % json.load(open(sys.argv[1]))["results"][0]["gb_per_s"])' "$work/ours.json"
}

# fio_rate CACHE FIO-OPTION...: median GB/s of so many runs
fio_rate() {
	local cache=$1 i
	local -a rates=()
	shift
	[[ $cache == warm ]] && "$faultline" cache touch --range=0:1G "$file" >/dev/null
	for ((i = 0; i < runs; i++)); do
		[[ $cache == cold ]] && "$faultline" cache evict "$file" >/dev/null
		fio --name=agree --filename="$file" --readonly --rw=read --size=1g --invalidate=0 \
			--thread --output-format=json "$@" >"$work/fio.json" || return 1
		rates+=("$(python3 -c 'import json, sys
print("%.3f" % (json.load(open(sys.argv[1]))["jobs"][0]["read"]["bw_bytes"] / 1e9))' "$work/fio.json")")
	done
	median "${rates[@]}"
}

row() {
	local name=$1 mine=$2 theirs=$3 r
	r=$(ratio "$mine" "$theirs")
	echo "| $name | $mine | $theirs | $r |"
	if awk -v r="$r" 'BEGIN { exit !(r < 0.85 || r > 1.15) }'; then
		failures=$((failures + 1))
	fi
}

echo "$(machine). $(fio --version). First GiB of $(basename "$file"), one thread, medians of $runs, GB/s."
echo
echo "| what | faultline bench | peer | ratio |"
echo "|---|--:|--:|--:|"
row "warm, pread of 256 KiB; fio psync" "$(ours warm pread touch)" \
	"$(fio_rate warm --ioengine=psync --bs=256k)"
row "cold, pread of 256 KiB; fio psync" "$(ours cold pread touch)" \
	"$(fio_rate cold --ioengine=psync --bs=256k)"
row "cold, O_DIRECT; fio io_uring, 1 MiB, depth 16" "$(ours cold uring-direct touch)" \
	"$(fio_rate cold --ioengine=io_uring --direct=1 --bs=1m --iodepth=16)"
row "cold, io_uring through the cache; fio the same" "$(ours cold uring touch)" \
	"$(fio_rate cold --ioengine=io_uring --bs=1m --iodepth=16)"
"$faultline" cache touch --range=0:1G "$file" >/dev/null
row "warm, mmap, sum of all words; mmapread" "$(ours warm mmap sum)" \
	"$("$BUILD/scripts/bench/mmapread" "$file" $bytes "$runs" | first_word /dev/stdin)"
exit $((failures > 0))
