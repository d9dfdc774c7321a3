#!/bin/bash
# SPDX-License-Identifier: MIT
# `faultline hash`, `verify` and `diff` against xxhsum, sha256sum, openssl, fsverity and cmp on one
# file, against the roof (the same loader, every word touched), many small files, and cold against
# the device's O_DIRECT rate as fio measures it. Runs alternate, digests must agree. Prints Markdown.
#
#   scripts/bench/hash.sh FILE [RUNS=5] [warm|files|cold|kinds]...
# shellcheck disable=SC2016 # backquotes are Markdown's
set -uo pipefail
# shellcheck source=scripts/bench/common.bash
. "$(dirname "${BASH_SOURCE[0]}")/common.bash"

if (($# < 1)) || [[ ! -s $1 ]]; then
	echo "Usage: scripts/bench/hash.sh FILE [RUNS] [warm|kinds|files|cold]..." >&2
	exit 2
fi
file=$1
runs=${2-5}
shift $(($# < 2 ? $# : 2))
sections=("$@")
((${#sections[@]})) || sections=(warm kinds files cold)
size=$(stat -L -c %s "$file")
work=$(mktemp -d "${TMPDIR:-/tmp}/faultline-bench.XXXXXX") || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
find_programs
roof=$BUILD/scripts/bench/.libs/roof
[[ -x $roof ]] || roof=$BUILD/scripts/bench/roof
failures=0

head_line() {
	echo
	echo "| state | ours / theirs | ours, s | GB/s | theirs, s | GB/s | theirs/ours |"
	echo "|---|---|---|---|---|---|---|"
}

# versus LABEL THEIRS... -- OURS...; digests are the first word of a line, but xxhsum's and BSD's
versus() {
	local label=$1 what=count
	shift
	[[ $label == *xxh3* || $label == *dgst* ]] && what="hash"
	[[ $label == *roof* || $label == *alone* ]] && what=none
	duel warm "$label" "$what" "$@" || failures=$((failures + 1))
}

# What is compared with other jobs has no answer in common with them.
eval "common_agree() $(declare -f agree | tail -n +2)"
agree() {
	[[ $3 == none ]] || common_agree "$@"
}

warm() {
	"$cachestate" large "$file" || return 1
	head_line
	versus '`-a xxh3` / `xxhsum -H3`' xxhsum -H3 "$file" -- "$faultline" hash "$file"
	versus '`-a xxh128` / `xxhsum -H2`' xxhsum -H2 "$file" -- "$faultline" hash -a xxh128 "$file"
	versus '`-a xxh3` / roof' "$roof" "$file" -- "$faultline" hash "$file"
	versus '`-a xxh128` / roof' "$roof" "$file" -- "$faultline" hash -a xxh128 "$file"
	versus '`--manifest` / roof' "$roof" "$file" -- "$faultline" hash --manifest="$work/m" "$file"
	"$faultline" hash --manifest="$work/m" "$file"
	versus '`verify` / roof' "$roof" "$file" -- "$faultline" verify "$work/m"
	versus '`-a xxh3 -a crc32c` / `-a xxh3` alone' "$faultline" hash -a xxh3 "$file" \
		-- "$faultline" hash -a xxh3 -a crc32c "$file"
	versus '`-a xxh3 -a crc32c` / `-a crc32c` alone' "$faultline" hash -a crc32c "$file" \
		-- "$faultline" hash -a xxh3 -a crc32c "$file"
}

kinds() {
	"$cachestate" large "$file" || return 1
	head_line
	versus '`-a sha256` / `sha256sum`' sha256sum "$file" -- "$faultline" hash -a sha256 "$file"
	versus '`-a sha256 --tag` / `openssl dgst -sha256`' openssl dgst -sha256 "$file" \
		-- "$faultline" hash -a sha256 --tag "$file"
	have fsverity && versus '`-a fsverity` / `fsverity digest`' fsverity digest "$file" \
		-- "$faultline" hash -a fsverity "$file"
	versus '`-a blake2b` / `b2sum`' b2sum "$file" -- "$faultline" hash -a blake2b "$file"
	versus '`-a md5` / `md5sum`' md5sum "$file" -- "$faultline" hash -a md5 "$file"
}

# 100,000 files of 1 to 16 KiB, in the page cache; the list through a pipe, digests in its order.
files() {
	local i
	mkdir "$work/files" || return 1
	head -c 16384 "$file" >"$work/piece"
	for ((i = 0; i < 100000; i++)); do
		((i % 1000 == 0)) && mkdir "$work/files/$((i / 1000))"
		printf '%s/%s\0' "$work/files/$((i / 1000))" "$i"
	done >"$work/list"
	perl -0ne 'BEGIN { open P, "<", shift; local $/; $text = <P> }
		chomp; open F, ">", $_ or die; print F $., substr $text, 0, ($. % 16 + 1) * 1024' \
		"$work/piece" "$work/list" || return 1
	head_line
	list_duel '100,000 files: `-a xxh3` / `xxhsum -H3`' xxhsum -H3 -- "$faultline" hash -a xxh3
	list_duel '100,000 files: `-a xxh64` / `xxhsum`' xxhsum -- "$faultline" hash -a xxh64
	have b3sum && list_duel '100,000 files: `-a xxh3` / `b3sum`' b3sum -- "$faultline" hash -a xxh3
	list_duel '100,000 files: `-a sha256` / `sha256sum`' sha256sum -- "$faultline" hash -a sha256
}

over_list() {
	xargs -0 -s 2000000 "$@" <"$work/list"
}

list_duel() {
	local label=$1 i mine theirs
	local -a theirs_command=() a=() b=()
	shift
	while [[ $1 != -- ]]; do
		theirs_command+=("$1")
		shift
	done
	shift
	for ((i = 0; i < runs; i++)); do
		timed "$work/peer" over_list "${theirs_command[@]}" || return 1
		b+=("$seconds")
		timed "$work/ours" "$@" --files-from="$work/list" -0 || return 1
		a+=("$seconds")
	done
	[[ $label == *b3sum* ]] || cmp "$work/peer" "$work/ours" || failures=$((failures + 1))
	mine=$(median "${a[@]}")
	theirs=$(median "${b[@]}")
	echo "| warm | $label | $mine | | $theirs | | $(ratio "$theirs" "$mine") |"
}

# GB/s of sequential O_DIRECT reads, queue depth 16
fio_rate() {
	fio --name=r --filename="$file" --readonly --rw=read --bs=1M --direct=1 --ioengine=io_uring \
		--iodepth=16 --iomem="$(fio_memory)" --size="$size" --output-format=terse --minimal \
		2>/dev/null |
		awk -F';' '{ printf "%.3f", $7 * 1024 / 1e9 }'
}

cold() {
	local i ours fio
	local -a a=() b=()
	have fio || return 0
	echo
	for ((i = 0; i < runs; i++)); do
		"$cachestate" evict "$file"
		fio=$(fio_rate)
		b+=("$fio")
		"$cachestate" evict "$file"
		timed "$work/ours" "$faultline" hash --cold "$file" || return 1
		ours=$(gb_per_s "$size" "$seconds")
		a+=("$ours")
	done
	echo "Cold, \`hash --cold\`: $(median "${a[@]}") GB/s; fio, O_DIRECT, queue depth 16," \
		"buffers by $(fio_memory):" \
		"$(median "${b[@]}") GB/s; ratio $(ratio "$(median "${a[@]}")" "$(median "${b[@]}")")."
}

echo "$(machine). $(basename "$file"): $size bytes. Median of $runs, alternating; seconds of wall time."
echo "Peers: $(xxhsum --version 2>&1 | head -1); $(sha256sum --version | head -1); $(openssl version)."
for section in "${sections[@]}"; do
	case $section in
	warm) warm ;;
	kinds) kinds ;;
	files) files ;;
	cold) cold ;;
	*) false ;;
	esac || failures=$((failures + 1))
done
exit $((failures > 0))
