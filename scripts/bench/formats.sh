#!/bin/bash
# SPDX-License-Identifier: MIT
# scan of .gz, .xz, .bz2, .lz4 and .zst files that their own tools made of FILE, against rg -z and
# against each tool's decompressor in a pipe to rg. Runs alternate, results must agree. Prints Markdown.
#
#   scripts/bench/formats.sh FILE [RUNS=5]
#
# A tiled FILE says little about xz unless a tile is longer than the dictionary, which is 1 MiB here.
set -uo pipefail
# shellcheck source=scripts/bench/common.bash
. "$(dirname "${BASH_SOURCE[0]}")/common.bash"

if (($# < 1 || $# > 2)) || [[ ! -s $1 ]]; then
	echo "Usage: scripts/bench/formats.sh FILE [RUNS]" >&2
	exit 2
fi
file=$1
runs=${2-5}
size=$(stat -L -c %s "$file")
have rg || exit 2
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
find_programs
failures=0
pattern='Failed password'

# piped COMMAND...: what it decompresses, to rg
# shellcheck disable=SC2317 # duel calls it
piped() {
	"$@" | rg --no-config -c "$pattern"
}

# format LABEL NAME COMPRESSOR... -- DECOMPRESSOR...: rows of one file; the second command gets its name
format() {
	local label=$1 packed=$work/$2 j
	local -a make=() undo=()
	shift 2
	while [[ $1 != -- ]]; do
		make+=("$1")
		shift
	done
	shift
	undo=("$@")
	have "${make[0]}" && have "${undo[0]}" || return 0
	"${make[@]}" <"$file" >"$packed" || return 1
	for j in 1 2; do
		duel "$label" "\`scan -j$j -c\` / \`rg -z -c\`" scan rg --no-config -z -c "$pattern" "$packed" \
			-- "$faultline" scan -j$j -c "$pattern" "$packed" || failures=$((failures + 1))
	done
	duel "$label" "\`scan -j2 -c\` / \`${undo[*]} \\| rg -c\`" scan piped "${undo[@]}" "$packed" \
		-- "$faultline" scan -j2 -c "$pattern" "$packed" || failures=$((failures + 1))
	rm -f "$packed"
}

echo "$(machine). $(basename "$file"): $size bytes. Median of $runs, alternating; seconds of wall time."
echo
echo "Peers: $(rg --version | head -1); $(gzip --version | head -1); $(xz --version | head -1)."
echo
echo "| file | faultline / peer | s | GB/s | peer s | peer GB/s | times as fast |"
echo "|---|---|---|---|---|---|---|"
format .gz x.gz gzip -c -- gzip -dc
format 'BGZF' x.gz bgzip -c -- gzip -dc
format '.xz, blocks of 24 MiB' x.xz xz -T0 --block-size=24MiB --lzma2=preset=4,dict=1MiB -c -- xz -T2 -dc
format '.xz, one block' x.xz xz -T1 --lzma2=preset=4,dict=1MiB -c -- xz -dc
format .bz2 x.bz2 bzip2 -c -- bzip2 -dc
if have lbzip2; then
	format '.bz2' x.bz2 bzip2 -c -- lbzip2 -n2 -dc
fi
if have pbzip2; then
	format '.bz2 of pbzip2' x.bz2 pbzip2 -c -- pbzip2 -p2 -dc
fi
format .lz4 x.lz4 lz4 -qc -- lz4 -qdc
format .zst x.zst zstd -qc -- zstd -qdc
exit $((failures > 0))
