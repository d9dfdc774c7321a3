#!/bin/bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC1010 # "then" stands between stages
# Several jobs in one pass against the same jobs one after another, and against a shell pipe with tee,
# on one file in the page cache. Outputs are new files; runs alternate, results must agree. Prints
# Markdown.
#
#   scripts/bench/run.sh FILE [RUNS=5]
set -uo pipefail
# shellcheck source=scripts/bench/common.bash
. "$(dirname "${BASH_SOURCE[0]}")/common.bash"

if (($# < 1 || $# > 2)) || [[ ! -s $1 ]]; then
	echo "Usage: scripts/bench/run.sh FILE [RUNS]" >&2
	exit 2
fi
file=$1
runs=${2-5}
size=$(stat -L -c %s "$file")
have xxhsum && have zstd || exit 2
# Beside the file: outputs go to the same kind of disk.
work=$(mktemp -d "$(dirname "$file")/faultline-run.XXXXXX" 2>/dev/null || mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
find_programs
failures=0
pattern=ERROR
cat "$file" >/dev/null

# What a row's commands found, in an order of its own: compared at the end.
taps() {
	sed 's/.*[= ] *\([0-9a-f]\{16,\}\)$/\1/; s/^\([0-9a-f]\{64\}\) .*/\1/; s/^\[[0-9]*\] [a-z]*: //' "$@" |
		sed 's/.*[= ]\([0-9a-f]\{16,\}\)$/\1/; s/^\([0-9a-f]\{64\}\) .*/\1/'
}

three_in_one() {
	"$faultline" run hash -a xxh3 then scan -c "$pattern" then count -l -- "$file"
}

five_in_one() {
	rm -f "$work/one.zst"
	"$faultline" run hash -a xxh3 then scan -c "$pattern" then transform --redact=ipv4,email \
		then hash -a sha256 then compress -3 --align-lines -o "$work/one.zst" -- "$file" >"$work/one.taps"
}

five_alone() {
	rm -f "$work/text" "$work/alone.zst"
	"$faultline" hash -a xxh3 "$file" >"$work/alone.taps" &&
		"$faultline" scan -c "$pattern" "$file" >>"$work/alone.taps" &&
		"$faultline" transform --redact=ipv4,email -o "$work/text" "$file" &&
		"$faultline" hash -a sha256 "$work/text" >>"$work/alone.taps" &&
		"$faultline" compress -q -3 --align-lines -o "$work/alone.zst" "$work/text"
	local status=$?
	rm -f "$work/text"
	return $status
}

# Every branch does its work: what nobody looks at goes through cat.
shell_pipe() {
	rm -f "$work/pipe.zst"
	tee >(xxhsum -H3 - 2>/dev/null | cat >"$work/pipe.hash") \
		>(LC_ALL=C grep -c "$pattern" | cat >"$work/pipe.count") <"$file" |
		"$@" | tee >(sha256sum | cat >"$work/pipe.sum") | zstd -q -3 -T0 -o "$work/pipe.zst" -
}
with_sed() {
	shell_pipe sed -E 's/\b([0-9]{1,3}\.){3}[0-9]{1,3}\b/*/g; s/[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}/*/g'
}
with_ours() {
	shell_pipe "$faultline" transform --redact=ipv4,email
}

# race LABEL TARGET COMMAND-OF-OTHERS COMMAND-OF-OURS: one row
race() {
	local label=$1 target=$2 i mine theirs
	local -a a=() b=()
	for ((i = 0; i < runs; i++)); do
		timed "$work/peer" "$3" || return 1
		b+=("$seconds")
		timed "$work/ours" "$4" || return 1
		a+=("$seconds")
	done
	mine=$(median "${a[@]}")
	theirs=$(median "${b[@]}")
	echo "| $label | $mine | $theirs | $(ratio "$theirs" "$mine") | $target |"
}

echo "$(machine). $(basename "$file"): $size bytes. Median of $runs, alternating; seconds of wall time."
echo
echo "| one pass / the others | s | others s | times as fast | wanted |"
echo "|---|---|---|---|---|"

# The slowest of three, taken in turns with the three in one.
slowest=0 names=("hash -a xxh3" "scan -c $pattern" "count -l")
for i in 0 1 2; do
	one=()
	for ((k = 0; k < runs; k++)); do
		# shellcheck disable=SC2086 # words
		timed "$work/peer" "$faultline" ${names[i]} "$file" || exit 1
		one+=("$seconds")
	done
	alone=$(median "${one[@]}")
	if awk -v a="$alone" -v b="$slowest" 'BEGIN { exit !(a > b) }'; then
		slowest=$alone name=${names[i]}
	fi
done
case $name in
hash*) slow() { "$faultline" hash -a xxh3 "$file"; } ;;
scan*) slow() { "$faultline" scan -c "$pattern" "$file"; } ;;
*) slow() { "$faultline" count -l "$file"; } ;;
esac
race "\`hash -a xxh3 then scan -c then count -l\` / the slowest alone (\`$name\`)" '>= 0.77' slow three_in_one ||
	failures=$((failures + 1))
race 'hash, scan, redact, hash, compress / five commands' '>= 1.3' five_alone five_in_one ||
	failures=$((failures + 1))
if ! cmp "$work/one.zst" "$work/alone.zst" ||
	[[ $(taps "$work/one.taps" | grep -v matches | head -n 3) != "$(taps "$work/alone.taps")" ]]; then
	echo "${0##*/}: one pass and five commands do not agree" >&2
	failures=$((failures + 1))
fi
rm -f "$work/alone.zst"
race 'the same / a shell pipe with tee and sed -E' '>= 3' with_sed five_in_one || failures=$((failures + 1))
race 'the same / a shell pipe with tee and `faultline transform`' '' with_ours five_in_one ||
	failures=$((failures + 1))
zstd -q -dc "$work/pipe.zst" | sha256sum | cut -d' ' -f1 | cmp -s - <(cut -d' ' -f1 "$work/pipe.sum") ||
	failures=$((failures + 1))
if [[ $(cut -d' ' -f1 "$work/pipe.sum") != "$(taps "$work/one.taps" | grep -x '[0-9a-f]\{64\}')" ]]; then
	echo "${0##*/}: one pass and the shell pipe do not agree" >&2
	failures=$((failures + 1))
fi
echo
echo "Peak RssAnon of the five in one:" \
	"$("$faultline" run --stats hash -a xxh3 then scan -c "$pattern" then transform --redact=ipv4,email \
		then hash -a sha256 then compress -3 --align-lines -o "$work/one.zst" -- "$file" 2>&1 >/dev/null |
		awk '/^peak RssAnon/ { print $3 }')"
exit $((failures > 0))
