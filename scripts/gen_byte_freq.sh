#!/bin/bash
# SPDX-License-Identifier: MIT
# How often each byte stands in given files, as src/kern/byte_freq.c: the search for a literal
# looks for its two rarest bytes first. Every file has the same weight, whatever its size.
#
#   scripts/gen_byte_freq.sh DESCRIPTION FILE... >src/kern/byte_freq.c
set -euo pipefail
export LC_ALL=C

if (($# < 2)); then
	echo "usage: ${0##*/} DESCRIPTION FILE... (the description goes into the comment)" >&2
	exit 2
fi
description=$1
shift

for file; do
	if [[ ! -s $file ]]; then
		echo "${0##*/}: $file: not a file with something in it" >&2
		exit 2
	fi
done

echo '/* SPDX-License-Identifier: MIT */'
echo '/*'
echo "Made by scripts/gen_byte_freq.sh from: $description." | fold -s -w 96 |
	sed 's/^/ * /; s/ *$//'
cat <<'EOF'
 */
#include "kern/byte_freq.h"

/* clang-format off */
const uint32_t fl_bytes_per_million[256] = {
EOF
for file; do
	od -An -v -tu1 -w64 "$file" | awk '
		{ for (i = 1; i <= NF; i++) n[$i]++; total += NF }
		END { for (byte in n) print byte, n[byte] / total }'
done | awk -v files=$# '
	{ share[$1] += $2 }
	END {
		for (byte = 0; byte < 256; byte++)
			printf "%s%6d,%s", byte % 8 ? " " : "\t", share[byte] * 1e6 / files + 0.5,
				byte % 8 == 7 ? "\n" : ""
	}'
echo '};'
