#!/bin/bash
# SPDX-License-Identifier: MIT
# Makes data/bench/reference.json and the table in README.md: read, window and direct, cold, warm and
# in small folios, with one thread and two, for hash and scan, on a sample of 1 GiB.
#
#   scripts/bench/reference.sh [DIR=/var/tmp]
#   scripts/bench/reference.sh --render     only the table, from the document as it is
set -euo pipefail
# shellcheck source=scripts/bench/common.bash
. "$(dirname "${BASH_SOURCE[0]}")/common.bash"
document=$bench_root/data/bench/reference.json

if [[ ${1-} != --render ]]; then
	find_programs
	"$faultline" bench --dir="${1-/var/tmp}" --op=hash,scan --io=read,window,direct \
		--cache=cold,warm,warm-small -j1,2 --runs=16 --duration=200 --export-json="$document"
fi
python3 - "$document" "$bench_root/README.md" <<'END'
import json
import sys

doc = json.load(open(sys.argv[1]))
env = doc["environment"]
rows = ["%s, %s threads allowed, %s, %s (%s). GB/s, medians with the 95 %% interval; a verdict is "
        "against `read`. %s." % (env["cpu"], env["cpus_allowed"], env["kernel"], env["filesystem"],
                                 env["device_kind"], doc["noise"]), "",
        "| job | pages | threads | read | window | direct |", "|---|---|--:|--:|--:|--:|"]
groups = {}
for cell in doc["results"]:
    groups.setdefault((cell["op"], cell["cache"], cell["threads"]), []).append(cell)
for (op, cache, threads), cells in groups.items():
    texts = []
    for cell in cells:
        if "median" not in cell:
            texts.append("-")
            continue
        low, high = (cell["bytes"] / cell[k] / 1e9 for k in ("ci_high", "ci_low"))
        texts.append("%.2f (%.2f-%.2f)%s" % (cell["gb_per_s"], low, high, {
            "faster": " faster", "slower": " slower"}.get(cell["verdict"], "")))
    rows.append("| %s | %s | %d | %s |" % (op, cache, threads, " | ".join(texts)))
text = open(sys.argv[2]).read()
begin, end = "<!-- reference: begin -->\n", "<!-- reference: end -->"
head, rest = text.split(begin)
open(sys.argv[2], "w").write(head + begin + "\n".join(rows) + "\n" + end + rest.split(end)[1])
END
