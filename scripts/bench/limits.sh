#!/bin/bash
# SPDX-License-Identifier: MIT
# Bounded memory: the three jobs with every --io, as they are and with 16 threads; alone, with an
# address space of 512 MiB, and inside a memory cgroup of 128 MiB, the file not cached; first on FILE,
# then on a file that is one line. Right results, no death, RssAnon of at most 64 MiB. Prints
# Markdown; exit 1 if not so.
#
#   scripts/bench/limits.sh FILE [LINE-BYTES=3G]
set -uo pipefail
# shellcheck source=scripts/bench/common.bash
. "$(dirname "${BASH_SOURCE[0]}")/common.bash"

if (($# < 1 || $# > 2)) || [[ ! -s $1 ]]; then
	echo "Usage: scripts/bench/limits.sh FILE [LINE-BYTES]" >&2
	exit 2
fi
file=$1
line_bytes=${2-3G}
most_kib=$((64 << 10))
address_space_kib=$((512 << 10))
work=$(mktemp -d "${TMPDIR:-/var/tmp}/faultline-limits.XXXXXX") || exit 2
trap 'rm -rf "$work"; remove_cgroup' EXIT
trap 'exit 130' INT TERM
find_programs
failures=0

# Looks every 5 ms while the program runs: what its own statistics (every 10 ms) missed.
peak_anon_kib() {
	local peak=0 now
	while now=$(awk '/^RssAnon:/ { print $2 }' "/proc/$1/status" 2>/dev/null) && [[ -n $now ]]; do
		((now > peak)) && peak=$now
		sleep 0.005
	done
	echo "$peak"
}

# What it says of itself, in KiB
told_kib() {
	awk '/^peak RssAnon: / { print int($3 / 1024) }' "$work/err"
}

# A line that is searched is mapped whole; where it does not fit that must be said.
is_refusal() {
	(($1 == 2)) && [[ $expected == refused && ! -s $work/out ]] &&
		grep -q 'at byte 0: a record .* does not fit into the address space' "$work/err"
}

# job LABEL EXPECTED ARGUMENT...: runs through the array `launcher`, which ends in exec
job() {
	local label=$1 expected=$2 pid peak told status verdict=ok
	shift 2
	[[ -z $evicted ]] || "$cachestate" evict "$evicted" || failures=$((failures + 1))
	("${launcher[@]}" "$faultline" "$@" --stats) >"$work/out" 2>"$work/err" </dev/null &
	pid=$!
	peak=$(peak_anon_kib "$pid")
	wait "$pid"
	status=$?
	told=$(told_kib)
	((${told:-0} > peak)) && peak=$told
	if is_refusal "$status"; then
		verdict="refused, as it must be"
	elif ((status > 1)) || [[ " $(head -1 "$work/out") " != *" $expected "* ]]; then
		verdict="WRONG: status $status: $(head -1 "$work/out") $(head -1 "$work/err")"
	elif ((peak > most_kib)); then
		verdict="TOO MUCH"
	fi
	[[ $verdict == ok || $verdict == refused* ]] || failures=$((failures + 1))
	echo "| $label | $1 | $((peak / 1024)) MiB | $verdict |"
}

three_jobs() {
	local label=$1 path=$2
	shift 2
	job "$label" "$lines" count -l "$@" "$path"
	job "$label" "$digest" hash -a xxh3 "$@" "$path"
	job "$label" "$selected" scan -c "$@" 'Failed password' "$path"
}

# What the peers say, once.
ask_peers() {
	lines=$(wc -l <"$1")
	digest=$(xxhsum -H3 "$1" 2>/dev/null | awk '{ print $NF }')
	selected=$(LC_ALL=C grep -a -c 'Failed password' "$1")
}

every_way() {
	local what=$1 path=$2 io
	for io in auto mmap read direct uring; do
		three_jobs "$what, --io=$io" "$path" --io=$io
		three_jobs "$what, --io=$io -j16" "$path" --io=$io -j16
	done
}

# all_limits WHAT PATH SELECTED-IN-512-MIB
all_limits() {
	local what=$1 path=$2 free=$selected
	evicted=
	launcher=(exec)
	every_way "$what" "$path"
	# shellcheck disable=SC2016 # expanded by the child
	launcher=(exec bash -c 'ulimit -v "$0" && exec "$@"' "$address_space_kib")
	selected=$3
	every_way "$what, 512 MiB of addresses" "$path"
	selected=$free
	if make_cgroup $((128 << 20)); then
		# shellcheck disable=SC2016 # expanded by the child
		launcher=(exec bash -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$cgroup")
		evicted=$path
		every_way "$what, cgroup of 128 MiB" "$path"
		evicted=
	fi
}

echo "$(machine). $(basename "$file"): $(stat -L -c %s "$file") bytes; the line: $line_bytes."
echo
echo "| run | verb | peak RssAnon | result |"
echo "|---|---|---|---|"
ask_peers "$file"
all_limits "the file" "$file" "$selected"

long=$work/line
{
	head -c "$line_bytes" /dev/zero | tr '\0' 'x'
	echo ' Failed password'
} >"$long" || exit 2
# Neither grep nor wc need be asked about a line that is known; grep would need it in memory.
lines=1
selected=1
digest=$(xxhsum -H3 "$long" 2>/dev/null | awk '{ print $NF }')
all_limits "one line" "$long" refused
exit $((failures > 0))
