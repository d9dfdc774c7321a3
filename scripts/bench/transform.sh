#!/bin/bash
# SPDX-License-Identifier: MIT
# `faultline transform` to standard output against tr, sed -E and perl on one file that is in the
# page cache in large folios. Runs alternate and write to /dev/null; once, the results are compared.
# Prints Markdown.
#
#   scripts/bench/transform.sh FILE [RUNS=5] [faultline options, such as -j1]
set -uo pipefail
# shellcheck disable=SC2016 # the quoted labels are Markdown, the dollars perl
# shellcheck source=scripts/bench/common.bash
. "$(dirname "${BASH_SOURCE[0]}")/common.bash"

if (($# < 1)) || [[ ! -s $1 ]]; then
	echo "Usage: scripts/bench/transform.sh FILE [RUNS] [OPTION...]" >&2
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

# to_null COMMAND...: seconds of wall time in $seconds
to_null() {
	local begin end
	begin=${EPOCHREALTIME/[.,]/}
	"$@" >/dev/null <"$file" || return 1
	end=${EPOCHREALTIME/[.,]/}
	seconds=$(awk -v us=$((end - begin)) 'BEGIN { printf "%.4f", us / 1e6 }')
}

# compare LABEL RUNS PEER... -- OPTION...: one row; the peer reads standard input
compare() {
	local label=$1 count=$2 i mine theirs
	local -a peer=() ours=() a=() b=()
	shift 2
	while [[ $1 != -- ]]; do
		peer+=("$1")
		shift
	done
	shift
	have "${peer[0]}" || return 0
	ours=("$faultline" transform "${options[@]}" "$@" "$file")
	if ! cmp <("${ours[@]}") <("${peer[@]}" <"$file"); then
		echo "transform.sh: $label: the results differ" >&2
		failures=$((failures + 1))
	fi
	for ((i = 0; i < count; i++)); do
		to_null "${peer[@]}" || failures=$((failures + 1))
		b+=("$seconds")
		to_null "${ours[@]}" || failures=$((failures + 1))
		a+=("$seconds")
	done
	mine=$(median "${a[@]}")
	theirs=$(median "${b[@]}")
	echo "| $label | $mine | $(gb_per_s "$size" "$mine") | ${peer[0]} | $theirs" \
		"| $(gb_per_s "$size" "$theirs") | $(ratio "$theirs" "$mine") |"
}

"$cachestate" large "$file" || exit 1
echo "$(machine). $(basename "$file"): $size bytes, large folios. $(sed --version | head -1)." \
	"Median of $runs, alternating; seconds of wall time, to /dev/null. ${options[*]}"
echo
echo "| edit | faultline | GB/s | peer | seconds | GB/s | times |"
echo "|---|---|---|---|---|---|---|"
ip='[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+'
compare '`--upper`' "$runs" tr a-z A-Z -- --upper
compare '`y/abc/xyz/`' "$runs" tr abc xyz -- -e y/abc/xyz/
compare '`s/Failed password/X/`' "$runs" sed -E 's/Failed password/X/' -- 's/Failed password/X/'
compare '`s/nothing like it/X/`' "$runs" sed -E 's/nothing like it/X/' -- 's/nothing like it/X/'
compare '`--delete=DEBUG`' "$runs" sed -E /DEBUG/d -- --delete=DEBUG
compare "\`s/$ip//g\`" 1 sed -E "s/$ip//g" -- "s/$ip//g"
compare "\`s/$ip//g\`" 1 perl -pe "s/$ip//g" -- "s/$ip//g"
compare '`s/(\w+)=(\w+)/$2=$1/`' 1 perl -pe 's/(\w+)=(\w+)/$2=$1/' -- 's/(\w+)=(\w+)/$2=$1/'
compare '`--redact=ipv4`' 1 perl -pe \
	's/(?<![0-9])(?<![0-9]\.)(?:(?:25[0-5]|2[0-4][0-9]|[01]?[0-9]?[0-9])\.){3}(?:25[0-5]|2[0-4][0-9]|[01]?[0-9]?[0-9])(?![0-9])(?!\.[0-9])/"*" x length $&/ge' \
	-- --redact=ipv4
exit $((failures > 0))
