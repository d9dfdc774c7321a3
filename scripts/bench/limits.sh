#!/bin/bash
# SPDX-License-Identifier: MIT
# Bounded memory: the three jobs as they are, with 16 threads that read, inside a memory cgroup of
# 128 MiB and with an address space of 512 MiB; first on FILE, then on a file that is one line.
# Right results, no death, RssAnon of at most 64 MiB. Prints Markdown; exit 1 if not so.
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

# Looks every 5 ms while the program runs; shorter peaks are not seen.
peak_anon_kib() {
	local peak=0 now
	while now=$(awk '/^RssAnon:/ { print $2 }' "/proc/$1/status" 2>/dev/null) && [[ -n $now ]]; do
		((now > peak)) && peak=$now
		sleep 0.005
	done
	echo "$peak"
}

# job LABEL EXPECTED ARGUMENT...: runs through the array `launcher`, which ends in exec
job() {
	local label=$1 expected=$2 pid peak status verdict=ok
	shift 2
	("${launcher[@]}" "$faultline" "$@") >"$work/out" 2>"$work/err" </dev/null &
	pid=$!
	peak=$(peak_anon_kib "$pid")
	wait "$pid"
	status=$?
	if ((status > 1)) || [[ " $(head -1 "$work/out") " != *" $expected "* ]]; then
		verdict="WRONG: status $status: $(head -1 "$work/out") $(head -1 "$work/err")"
	elif ((peak > most_kib)); then
		verdict="TOO MUCH"
	fi
	[[ $verdict == ok ]] || failures=$((failures + 1))
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

all_limits() {
	local what=$1 path=$2
	launcher=(exec)
	three_jobs "$what" "$path"
	three_jobs "$what, -j16 --io=read" "$path" -j16 --io=read
	# shellcheck disable=SC2016 # expanded by the child
	launcher=(exec bash -c 'ulimit -v "$0" && exec "$@"' "$address_space_kib")
	three_jobs "$what, 512 MiB of addresses" "$path"
	if make_cgroup $((128 << 20)); then
		"$cachestate" evict "$path" || failures=$((failures + 1))
		# shellcheck disable=SC2016 # expanded by the child
		launcher=(exec bash -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$cgroup")
		three_jobs "$what, cgroup of 128 MiB" "$path"
	fi
}

echo "$(machine). $(basename "$file"): $(stat -L -c %s "$file") bytes; the line: $line_bytes."
echo
echo "| run | verb | peak RssAnon | result |"
echo "|---|---|---|---|"
ask_peers "$file"
all_limits "the file" "$file"

long=$work/line
{
	head -c "$line_bytes" /dev/zero | tr '\0' 'x'
	echo ' Failed password'
} >"$long" || exit 2
# Neither grep nor wc need be asked about a line that is known; grep would need it in memory.
lines=1
selected=1
digest=$(xxhsum -H3 "$long" 2>/dev/null | awk '{ print $NF }')
all_limits "one line" "$long"
exit $((failures > 0))
