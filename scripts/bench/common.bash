# shellcheck shell=bash disable=SC2034 # variables are for the scripts that read this file
# SPDX-License-Identifier: MIT
# Shared by the benchmark scripts: where the programs are, time, medians.

bench_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd) || exit 2

# BUILD=directory, else the last of these that holds a build: the tree, build/demo, build/check-gcc.
find_programs() {
	local build
	if [[ -z ${BUILD-} ]]; then
		for build in "$bench_root" "$bench_root"/build/demo "$bench_root"/build/check-gcc; do
			[[ -x $build/faultline && -x $build/scripts/bench/cachestate ]] && BUILD=$build
		done
	fi
	if [[ -z ${BUILD-} ]]; then
		echo "${0##*/}: no build found; set BUILD, or run scripts/demo first" >&2
		exit 2
	fi
	cachestate=$BUILD/scripts/bench/cachestate
	# Not libtool's wrapper script: its start-up would be measured, too.
	faultline=${FAULTLINE-$BUILD/.libs/faultline}
	[[ -x $faultline ]] || faultline=$BUILD/faultline
	export LD_LIBRARY_PATH=$BUILD/.libs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
}

# timed OUTPUT COMMAND...: seconds of wall time in $seconds; fails as the command does
timed() {
	local out=$1 begin end status
	shift
	begin=${EPOCHREALTIME/[.,]/}
	"$@" >"$out" 2>"$out.err" </dev/null
	status=$?
	end=${EPOCHREALTIME/[.,]/}
	seconds=$(awk -v us=$((end - begin)) 'BEGIN { printf "%.4f", us / 1e6 }')
	# grep's 1 is "nothing found": an answer.
	if ((status > 1)); then
		echo "${0##*/}: $* ended with status $status: $(head -1 "$out.err")" >&2
		return 1
	fi
}

# median NUMBER...; the lower one of two in the middle
median() {
	printf '%s\n' "$@" | LC_ALL=C sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

least() {
	printf '%s\n' "$@" | LC_ALL=C sort -g | head -1
}

# gb_per_s BYTES SECONDS
gb_per_s() {
	awk -v b="$1" -v s="$2" 'BEGIN { printf "%.2f", (s > 0 ? b / s / 1e9 : 0) }'
}

# ratio A B: A / B
ratio() {
	awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", (b > 0 ? a / b : 0) }'
}

machine() {
	local model
	model=$(awk -F': *' '/^model name/ { print $2; exit }' /proc/cpuinfo)
	echo "${model:-$(uname -m)}, $(nproc) CPUs, Linux $(uname -r)"
}

# The answer in a line of output: a count stands first, xxhsum's digest last.
first_word() {
	awk 'NR == 1 { print $1; exit }' "$1"
}
last_word() {
	awk 'NR == 1 { print $NF; exit }' "$1"
}

# Same answer? Counts and digests; xxhsum prints its digest last, others first.
agree() {
	local a=$1 b=$2 what=$3 word=first_word
	[[ $what == hash ]] && word=last_word
	if [[ $($word "$a") != "$($word "$b")" ]]; then
		echo "${0##*/}: $what: '$(head -1 "$a")' against '$(head -1 "$b")'" >&2
		failures=$((failures + 1))
	fi
}

# duel STATE LABEL WHAT PEER-COMMAND... -- OUR-COMMAND...: one row of a table; the script sets work,
# runs, size and failures=0
duel() {
	local state=$1 label=$2 what=$3 i mine theirs
	local -a peer=() ours=() a=() b=()
	shift 3
	while [[ $1 != -- ]]; do
		peer+=("$1")
		shift
	done
	shift
	ours=("$@")
	for ((i = 0; i < runs; i++)); do
		${before_each-true}
		timed "$work/peer" "${peer[@]}" || return 1
		b+=("$seconds")
		${before_each-true}
		timed "$work/ours" "${ours[@]}" || return 1
		a+=("$seconds")
		agree "$work/ours" "$work/peer" "$what"
	done
	mine=$(median "${a[@]}")
	theirs=$(median "${b[@]}")
	echo "| $state | $label | $mine | $(gb_per_s "$size" "$mine") | $theirs" \
		"| $(gb_per_s "$size" "$theirs") | $(ratio "$theirs" "$mine") |"
}

have() {
	command -v "$1" >/dev/null || {
		echo "${0##*/}: $1 is not installed: left out" >&2
		return 1
	}
}

cgroup=

# make_cgroup BYTES: a memory cgroup (v1 or v2) with that limit, for in_cgroup
make_cgroup() {
	local base
	[[ -n $cgroup ]] && return 0
	for base in /sys/fs/cgroup/memory /sys/fs/cgroup /sys/fs/cgroup/unified; do
		cgroup=$base/faultline-bench-$$
		mkdir "$cgroup" 2>/dev/null || continue
		if { echo "$1" >"$cgroup/memory.limit_in_bytes"; } 2>/dev/null ||
			{ echo "$1" >"$cgroup/memory.max"; } 2>/dev/null; then
			return 0
		fi
		rmdir "$cgroup"
	done
	cgroup=
	echo "${0##*/}: no memory cgroup can be made here (root only): left out" >&2
	return 1
}

remove_cgroup() {
	if [[ -n $cgroup ]]; then
		rmdir "$cgroup"
	fi
}

# The child moves itself, so that every page it brings in is charged to the group.
in_cgroup() {
	# shellcheck disable=SC2016 # expanded by the child
	bash -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$cgroup" "$@"
}

# Some virtual disks give fio's usual buffers, of 4 KiB pages, a third of what large pages get.
fio_memory() {
	local free
	free=$(awk '/^HugePages_Free/ { print $2 }' /proc/meminfo)
	((${free:-0} >= 16)) && echo mmaphuge || echo malloc
}
