#!/bin/bash
# SPDX-License-Identifier: MIT
# `faultline scan -c` against `rg -c` on one file that is in the page cache in large folios: a
# pattern of each kind. Runs alternate, counts must agree. Prints Markdown.
#
#   scripts/bench/scan.sh FILE [RUNS=5] [faultline options, such as -j1]
set -uo pipefail
# shellcheck source=scripts/bench/common.bash
. "$(dirname "${BASH_SOURCE[0]}")/common.bash"

if (($# < 1)) || [[ ! -s $1 ]]; then
	echo "Usage: scripts/bench/scan.sh FILE [RUNS] [OPTION...]" >&2
	exit 2
fi
file=$1
runs=${2-5}
shift $(($# < 2 ? $# : 2))
options=("$@")
size=$(stat -L -c %s "$file")
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
find_programs
failures=0
export LC_ALL=C
have rg || exit 2

# compare LABEL ARGUMENT...: -c and these for both
compare() {
	local label=$1
	shift
	duel "${options[*]:-all cores}" "$label" scan rg --no-config "$@" "$file" \
		-- "$faultline" scan "${options[@]}" "$@" "$file" || failures=$((failures + 1))
}

# No dictionary need be installed: the file's own words, backwards, are words that hardly stand there.
head -c 64M "$file" | tr -cs 'A-Za-z' '\n' | awk 'length > 5' | LC_ALL=C sort -u | rev |
	head -2500 >"$work/words"

"$cachestate" large "$file" || exit 1
echo "$(machine). $(basename "$file"): $size bytes, large folios. $(rg --version | head -1)." \
	"Median of $runs, alternating; seconds of wall time."
echo
echo "| threads | scan -c | faultline | GB/s | rg | GB/s | times |"
echo "|---|---|---|---|---|---|---|"
for pattern in 'Failed password' 'Failed password|ERROR|FATAL|timeout|refused' \
	'authentication failure.*rhost=([0-9]{1,3}\.){3}[0-9]{1,3}' \
	'[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}' '\b\w+Exception\b' '^\w+ .* (sshd|kernel)'; do
	compare "\`${pattern//|/\\|}\`" -c -e "$pattern"
done
compare "\`-i 'failed password'\`" -c -i 'failed password'
compare "\`-F -f\` $(wc -l <"$work/words") words" -c -F -f "$work/words"
compare "\`-n 'Failed password'\`, lines" -n 'Failed password'
exit $((failures > 0))
