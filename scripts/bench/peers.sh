#!/bin/bash
# SPDX-License-Identifier: MIT
# faultline against wc, xxhsum, rg and grep on one file, whose pages are in the cache as large
# or as small folios. Runs alternate, results must agree. Prints Markdown.
#
#   scripts/bench/peers.sh FILE [RUNS=5]
set -uo pipefail
# shellcheck source=scripts/bench/common.bash
. "$(dirname "${BASH_SOURCE[0]}")/common.bash"

if (($# < 1 || $# > 2)) || [[ ! -s $1 ]]; then
	echo "Usage: scripts/bench/peers.sh FILE [RUNS]" >&2
	exit 2
fi
file=$1
runs=${2-5}
size=$(stat -L -c %s "$file")
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
find_programs
failures=0

if ((EUID == 0)); then
	sync
	# A full drop also frees memory, so that large folios can be had.
	echo 3 2>/dev/null >/proc/sys/vm/drop_caches || true
else
	echo "Not root: other files stay in the page cache; only FILE is evicted." >&2
fi

all_duels() {
	local state=$1
	duel "$state" '`count -l` / `wc -l`' count wc -l "$file" \
		-- "$faultline" count -l "$file" || failures=$((failures + 1))
	if have xxhsum; then
		duel "$state" '`hash -a xxh3` / `xxhsum -H3`' hash xxhsum -H3 "$file" \
			-- "$faultline" hash -a xxh3 "$file" || failures=$((failures + 1))
	fi
	if have rg; then
		duel "$state" "\`scan -c 'Failed password'\` / \`rg -c\`" scan \
			rg --no-config -c 'Failed password' "$file" \
			-- "$faultline" scan -c 'Failed password' "$file" || failures=$((failures + 1))
	fi
	duel "$state" "\`scan -c 'Failed password'\` / \`LC_ALL=C grep -c\`" scan \
		env LC_ALL=C grep -c 'Failed password' "$file" \
		-- "$faultline" scan -c 'Failed password' "$file" || failures=$((failures + 1))
}

# Many runs in a row: one is too short for the clock.
start_ups() {
	local i
	for ((i = 0; i < 200; i++)); do
		"$@" >/dev/null || return 2
	done
}

start_up() {
	local i small=$work/small
	local -a a=() b=()
	head -c 1024 "$file" >"$small"
	for ((i = 0; i < runs; i++)); do
		timed "$work/peer" start_ups grep -c '' "$small" || return 1
		b+=("$seconds")
		timed "$work/ours" start_ups "$faultline" count "$small" || return 1
		a+=("$seconds")
	done
	echo
	echo "Start-up, 200 runs on 1 KiB: \`count\` $(median "${a[@]}") s, \`grep -c ''\`" \
		"$(median "${b[@]}") s: $(ratio "$(median "${a[@]}")" "$(median "${b[@]}")") times as long."
}

version_of() {
	"$@" 2>&1 | head -1
}

echo "$(machine). $(basename "$file"): $size bytes. Median of $runs, alternating; seconds of wall time."
echo
echo "Peers: $(version_of wc --version); $(version_of xxhsum --version);" \
	"$(version_of rg --version); $(version_of grep --version)."
echo
echo "| pages in the cache | faultline / peer | s | GB/s | peer s | peer GB/s | times as fast |"
echo "|---|---|---|---|---|---|---|"
for state in large small; do
	if "$cachestate" $state "$file"; then
		all_duels "$state folios"
	else
		failures=$((failures + 1))
	fi
done
start_up || failures=$((failures + 1))
exit $((failures > 0))
