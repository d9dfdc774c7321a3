#!/bin/bash
# SPDX-License-Identifier: MIT
# Are the verdicts of `faultline bench` right where the truth is known? Sessions of the program as it
# is, with this machine's noise: a method beside itself (--io=pread,pread), where the verdict has to be
# "no difference", and beside one that was made slower by PERCENT (slower.c, preloaded), where it has to
# be "slower". The two kinds take turns. Exit 1: fewer than 95 of 100 of a kind are right. 100 sessions
# take some minutes.
#
#   BUILD=build scripts/bench/verdicts.sh [SESSIONS=100] [PERCENT=10] [FILE]
#
# FILE: its first 64 MiB are read; without it each session makes a sample in TMPDIR, else /var/tmp.
set -uo pipefail
# shellcheck source=scripts/bench/common.bash
. "$(dirname "${BASH_SOURCE[0]}")/common.bash"

sessions=${1-100}
percent=${2-10}
file=("${@:3:1}")
if [[ ! $sessions =~ ^[1-9][0-9]*$ || ! $percent =~ ^[1-9][0-9]*$ ]] || (($# > 3)); then
	echo "Usage: scripts/bench/verdicts.sh [SESSIONS] [PERCENT] [FILE]" >&2
	exit 2
fi
find_programs
have python3 || exit 2
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
slower=$(realpath "$BUILD/scripts/bench/slower.so") || exit 2

# session KIND SEED METHODS [VARIABLE...]: one line in $work/KIND
session() {
	env "${@:4}" "$faultline" bench --quiet --op=sum --io="$3" --cache=warm -j1 --size=64M --seed="$2" \
		--export-json="$work/session.json" "${file[@]}" >"$work/out" || return 1
	python3 -c 'import json, sys
a, b = json.load(open(sys.argv[1]))["results"]
print(b["verdict"].replace(" ", "-") + ("" if b["narrow"] else "?"), b["ratio"], len(b["samples"]),
      a["mad"] / a["median"])' "$work/session.json" >>"$work/$1"
}

for ((i = 1; i <= sessions; i++)); do
	session same "$i" pread,pread &&
		session slower "$i" read,readv LD_PRELOAD="$slower" FL_SLOWER="$percent" || exit 2
done

echo "$(machine). $sessions sessions of each kind."
echo
echo "| planted | right | no difference | not sure | slower | faster | ratio | runs | spread in a cell |"
echo "|---|--:|--:|--:|--:|--:|--:|--:|--:|"
python3 - "$work" "$percent" <<'END'
import statistics
import sys

failed = 0
for kind, name in ("same", "none"), ("slower", sys.argv[2] + " %"):
    rows = [line.split() for line in open(sys.argv[1] + "/" + kind)]
    count = lambda *words: sum(r[0].rstrip("?") in words for r in rows)
    unsure = sum(r[0] == "no-difference?" for r in rows)
    right = count("no-difference") if kind == "same" else count("slower")
    median = lambda i: statistics.median(float(r[i]) for r in rows)
    print("| %s | %d of %d | %d | %d | %d | %d | %.3f | %d | %.1f %% |" % (
        name, right, len(rows), count("no-difference") - unsure, unsure, count("slower"),
        count("faster"), median(1), median(2), 100 * median(3)))
    failed |= right * 100 < 95 * len(rows)
sys.exit(failed)
END
