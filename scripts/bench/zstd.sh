#!/bin/bash
# SPDX-License-Identifier: MIT
# compress, decompress and scan of .zst against zstd and rg, on one file in the page cache. Outputs
# are new files; runs alternate, results must agree. Prints Markdown.
#
#   scripts/bench/zstd.sh FILE [RUNS=5]
set -uo pipefail
# shellcheck source=scripts/bench/common.bash
. "$(dirname "${BASH_SOURCE[0]}")/common.bash"

if (($# < 1 || $# > 2)) || [[ ! -s $1 ]]; then
	echo "Usage: scripts/bench/zstd.sh FILE [RUNS]" >&2
	exit 2
fi
file=$1
runs=${2-5}
size=$(stat -L -c %s "$file")
have zstd || exit 2
# Beside the file: outputs go to the same kind of disk.
work=$(mktemp -d "$(dirname "$file")/faultline-zstd.XXXXXX" 2>/dev/null || mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
find_programs
failures=0
pattern='Failed password'
cat "$file" >/dev/null

# Each run makes a new file: replacing one is another job, and removing it none.
forget() {
	# shellcheck disable=SC2317 # called by duel
	rm -f "$work/new"
}
before_each=forget
count_zst() {
	zstd -q -dc "$work/theirs.zst" | rg --no-config -c "$pattern"
}

"$faultline" compress -q -3 -o "$work/ours.zst" "$file" || exit 2
zstd -q -3 -T2 -o "$work/theirs.zst" "$file" || exit 2
cat "$work"/*.zst >/dev/null

echo "$(machine). $(basename "$file"): $size bytes. Median of $runs, alternating; seconds of wall time."
echo
echo "Peers: $(zstd --version 2>&1 | head -1); $(rg --version 2>/dev/null | head -1)."
echo
echo "| output | faultline / peer | s | GB/s | peer s | peer GB/s | times as fast |"
echo "|---|---|---|---|---|---|---|"
duel 'new file' '`compress -3` / `zstd -3 -T2`' none \
	zstd -q -3 -T2 -o "$work/new" "$file" \
	-- "$faultline" compress -q -3 -o "$work/new" "$file" || failures=$((failures + 1))
duel 'new file' '`decompress` of ours / `zstd -d` of its own' none \
	zstd -q -d -o "$work/new" "$work/theirs.zst" \
	-- "$faultline" decompress -q -o "$work/new" "$work/ours.zst" ||
	failures=$((failures + 1))
duel none '`decompress -t` / `zstd -t`' none zstd -q -t "$work/theirs.zst" \
	-- "$faultline" decompress -q -t "$work/ours.zst" || failures=$((failures + 1))
if have rg; then
	duel none "\`scan -c '$pattern'\` / \`zstd -dc \\| rg -c\`" scan count_zst \
		-- "$faultline" scan -c "$pattern" "$work/ours.zst" || failures=$((failures + 1))
fi
our_bytes=$(stat -c %s "$work/ours.zst")
their_bytes=$(stat -c %s "$work/theirs.zst")
echo
echo "Size at level 3: $our_bytes bytes, zstd's $their_bytes: $(ratio "$our_bytes" "$their_bytes") times as large."
# bash's own builtin does not tell the peak; --stats does.
for verb in "decompress -t" "scan -c x"; do
	# shellcheck disable=SC2086 # words
	echo "Peak RssAnon of \`$verb\`:" \
		"$("$faultline" $verb --stats "$work/ours.zst" 2>&1 >/dev/null | awk '/^peak RssAnon/ { print $3 }')"
done
echo "Peak RssAnon of \`compress -3\`:" \
	"$("$faultline" compress -c --stats "$file" 2>&1 >/dev/null | awk '/^peak RssAnon/ { print $3 }')"
exit $((failures > 0))
