#!/bin/bash
# SPDX-License-Identifier: MIT
# `faultline transform -i` against sed -i and perl -pi on a copy of one file, which is written anew
# before each run, synced and in the page cache. sed and perl do not sync: both our unsynced time
# without a journal and our durable one with it are given, and what writing the changed pages and the
# journal would cost the device, by fio. Runs alternate; results are compared. Prints Markdown.
#
#   scripts/bench/inplace.sh FILE [RUNS=5]        WORK=directory for the copies (/var/tmp)
set -uo pipefail
# shellcheck disable=SC2016 # the quoted labels are Markdown, the dollars perl
# shellcheck source=scripts/bench/common.bash
. "$(dirname "${BASH_SOURCE[0]}")/common.bash"

if (($# < 1)) || [[ ! -s $1 ]]; then
	echo "Usage: scripts/bench/inplace.sh FILE [RUNS]" >&2
	exit 2
fi
file=$1
runs=${2-5}
size=$(stat -L -c %s "$file")
work=$(mktemp -d "${WORK-/var/tmp}/faultline-inplace.XXXXXX") || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
find_programs
failures=0
export LC_ALL=C

fresh() {
	rm -f "$work/copy"
	cat "$file" >"$work/copy" && sync "$work/copy" && cat "$work/copy" >/dev/null
}

# run_on_copy COMMAND...: seconds in $seconds
run_on_copy() {
	local out=$work/out
	fresh || return 1
	timed "$out" "$@" "$work/copy"
}

# The device's rate of sequential writes, GB/s, in the directory of the copies: into blocks that are there, with one sync at the
# end, as what is durable has been synced. Without it a device that takes writes into a cache seems to be twice as fast.
device_rate() {
	have fio || return 1
	fio --name=w --directory="$work" --size=512M --bs=1M --rw=write --direct=1 --iodepth=8 \
		--overwrite=1 --end_fsync=1 --ioengine=libaio --iomem="$(fio_memory)" --output-format=terse --terse-version=3 2>/dev/null |
		awk -F';' '{ printf "%.2f", $48 * 1024 / 1e9 }'
	rm -f "$work"/w.0.0
}

# compare LABEL PEER-RUNS PEER... -- EDIT...: one row. other_text=1: the peer cannot write the same
compare() {
	local label=$1 count=$2 i kind
	local -a peer=() a=() b=() c=()
	shift 2
	while [[ $1 != -- ]]; do
		peer+=("$1")
		shift
	done
	shift
	have "${peer[0]}" || return 0
	for ((i = 0; i < runs; i++)); do
		if ((i < count)); then
			run_on_copy "${peer[@]}" || failures=$((failures + 1))
			b+=("$seconds")
			mv "$work/copy" "$work/theirs"
		fi
		run_on_copy "$faultline" transform -i --no-journal --sync=none "$@" ||
			failures=$((failures + 1))
		a+=("$seconds")
		run_on_copy "$faultline" transform -i --stats "$@" || failures=$((failures + 1))
		c+=("$seconds")
		if [[ -z ${other_text-} ]] && ! cmp "$work/copy" "$work/theirs"; then
			echo "inplace.sh: $label: the results differ" >&2
			failures=$((failures + 1))
		fi
	done
	rm -f "$work/theirs"
	a=("$(median "${a[@]}")")
	b=("$(median "${b[@]}")")
	c=("$(median "${c[@]}")")
	kind=$(awk -v rate="${rate:-0}" -v s="${c[0]}" -F': ' '
		/^pages changed/ { n = $2 * 4096 }
		/^journal bytes/ { j = $2 }
		/^bytes changed/ { m = $2 }
		END {
			bytes = (n > 0 ? n : m) + j
			printf "%.0f", bytes / 1e6
			if (rate > 0 && bytes > 0)
				printf " (%.2f s)", bytes / rate / 1e9
		}' "$work/out.err" "$work/out")
	echo "| $label | ${peer[0]} | ${b[0]} | $(gb_per_s "$size" "${b[0]}") | ${a[0]}" \
		"| $(ratio "${b[0]}" "${a[0]}") | ${c[0]} | $(ratio "${b[0]}" "${c[0]}") | $kind |"
}

# nothing matches: against scan -c of the same word
against_scan() {
	local i
	local -a a=() b=()
	fresh || return 1
	for ((i = 0; i < runs; i++)); do
		timed "$work/out" "$faultline" scan -c 'no such word' "$work/copy" || return 1
		b+=("$seconds")
		timed "$work/out" "$faultline" transform -i --mask='no such word' "$work/copy" || return 1
		a+=("$seconds")
	done
	echo
	echo "Nothing matches: $(median "${a[@]}") s, \`scan -c\` $(median "${b[@]}") s:" \
		"$(ratio "$(median "${b[@]}")" "$(median "${a[@]}")") of its speed."
}

rate=$(device_rate) || rate=
echo "$(machine). $(basename "$file"): $size bytes. $(sed --version | head -1)." \
	"The device writes ${rate:-?} GB/s (fio, 1 MiB, direct, synced at the end, buffers by $(fio_memory)). Median of $runs, alternating; wall time."
echo
echo "| edit | peer | its seconds | GB/s | unsynced | times | durable | times | MB to write (at the device's rate) |"
echo "|---|---|---|---|---|---|---|---|---|"
hide='Failed password'
ip='[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+'
octet='(25[0-5]|2[0-4][0-9]|[01]?[0-9]?[0-9])'
octets="($octet\\.){3}$octet"
v4='(?<![0-9])(?<![0-9]\.)(?:(?:25[0-5]|2[0-4][0-9]|[01]?[0-9]?[0-9])\.){3}(?:25[0-5]|2[0-4][0-9]|[01]?[0-9]?[0-9])(?![0-9])(?!\.[0-9])'
compare '`--mask`' "$runs" sed -i "s/$hide/***************/g" -- --mask="$hide"
compare '`--mask`' "$runs" perl -pi -e "s/$hide/\"*\" x 15/ge" -- --mask="$hide"
compare "\`s/$ip//g\`" 1 sed -i -E "s/$ip//g" -- "s/$ip//g"
# sed has no way to write as many stars as an address has bytes.
other_text=1 compare '`--redact=ipv4`, sed: any four numbers' 1 sed -i -E "s/$ip/***************/g" -- --redact=ipv4
other_text=1 compare '`--redact=ipv4`, sed: up to 255' 1 sed -i -E "s/$octets/***************/g" -- --redact=ipv4
compare '`--redact=ipv4`' 1 perl -pi -e "s/$v4/\"*\" x length \$&/ge" -- --redact=ipv4
compare '`--delete=DEBUG`' "$runs" sed -i /DEBUG/d -- --delete=DEBUG
against_scan || failures=$((failures + 1))
exit $((failures > 0))
