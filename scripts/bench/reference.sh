#!/bin/bash
# SPDX-License-Identifier: MIT
# Makes data/bench/reference.json, and from it the table between the "reference" marks of README.md:
# read, window, direct and auto, cold, warm and in small folios, with one thread and two, for hash
# and scan. Some four minutes on a quiet machine, on which nothing else should run.
#
#   BUILD=build scripts/bench/reference.sh FILE [SIZE=768M]
#   scripts/bench/reference.sh --render     only the table, from the document as it is
#
# FILE: logs, for example, at least SIZE of them, on the disk that is meant. Of its path nothing but
# the last part gets into the document, which is replaced only when everything was measured.
set -euo pipefail
# shellcheck source=scripts/bench/common.bash
. "$(dirname "${BASH_SOURCE[0]}")/common.bash"
document=$bench_root/data/bench/reference.json

# publish MEASURED FILE SIZE: without paths, a cell to a line
publish() {
	python3 - "$1" "$2" "$3" "$document" <<'END'
import json
import os
import sys

measured, path, size, document = sys.argv[1:]
doc = json.load(open(measured))
missing = ["%(op)s %(cache)s %(io)s: %(problem)s" % c for c in doc["results"] if "problem" in c]
if missing:
    sys.exit("reference.sh: not measured: " + "; ".join(missing))
# The suffix of a kernel's release says who built it.
doc["environment"]["kernel"] = doc["environment"]["kernel"].split("-")[0]
doc["file"] = os.path.basename(path)
doc["command"] = "scripts/bench/reference.sh %s %s" % (doc["file"], size)
for cell in doc["results"]:
    cell["step_seconds"] = [round(s, 6) for s in cell["step_seconds"]]
lists = ("results", "pairs", "auto")
text = json.dumps({k: v for k, v in doc.items() if k not in lists}, indent=1)[:-2]
for name in lists:
    text += ',\n "%s": [\n  %s]' % (name, ",\n  ".join(json.dumps(c) for c in doc[name]))
os.makedirs(os.path.dirname(document), exist_ok=True)
with open(document + ".new", "w") as f:
    f.write(text + "}\n")
os.replace(document + ".new", document)
END
}

render() {
	python3 - "$document" "$bench_root/README.md" <<'END'
import json
import os
import sys

document, readme = sys.argv[1:]
doc = json.load(open(document))
env = doc["environment"]
runs = sorted(len(c["samples"]) for c in doc["results"])
methods = list(dict.fromkeys(c["io"] for c in doc["results"]))
marks = {"faster": " ▲", "slower": " ▼"}


def rate(cell):
    low, high = (cell["bytes"] / cell[k] / 1e9 for k in ("ci_high", "ci_low"))
    return "%.2f (%.2f-%.2f)%s" % (cell["gb_per_s"], low, high, marks.get(cell["verdict"], ""))


rows = [
    "%s, %s processors, %s, %s; %.2f GB. GB/s: medians of %s runs, with their 95 %% intervals. "
    "▲, ▼: surely faster, slower than `%s`. Last: time of `auto` by that of the best other method "
    "that leaves the page cache as `auto` does, with a 99 %% interval. %s." % (
        env["cpu"], env["cpus_allowed"], env["kernel"], env["filesystem"], doc["bytes"] / 1e9,
        runs[0] if runs[0] == runs[-1] else "%d to %d" % (runs[0], runs[-1]), methods[0],
        doc["noise"]),
    "", "| job | pages | threads | %s | auto / best |" % " | ".join(methods),
    "|---|---|--:|%s---|" % ("--:|" * len(methods))]
groups = {}
for cell in doc["results"]:
    groups.setdefault((cell["op"], cell["cache"], cell["threads"]), []).append(cell)
beside = {(a["op"], a["cache"], a["threads"]): a for a in doc["auto"]}
for key, cells in groups.items():
    a = beside[key]
    rows.append("| %s | %s | %d | %s | `%s`: %.2f (%.2f-%.2f) |" % (
        *key, " | ".join(rate(c) for c in cells), a["best"], a["ratio"], a["ratio_low"],
        a["ratio_high"]))
text = open(readme).read()
begin, end = "<!-- reference: begin -->\n", "<!-- reference: end -->"
head, rest = text.split(begin)
with open(readme + ".new", "w") as f:
    f.write(head + begin + "\n".join(rows) + "\n" + end + rest.split(end)[1])
os.replace(readme + ".new", readme)
END
}

if [[ ${1-} == --render ]]; then
	render
	exit
fi
if (($# < 1)) || [[ ! -r $1 || ! -f $1 ]]; then
	echo "Usage: scripts/bench/reference.sh FILE [SIZE] | --render" >&2
	exit 2
fi
size=${2-768M}
measured=$(mktemp)
trap 'rm -f "$measured"' EXIT
find_programs
echo "$(machine). Measuring for some minutes..."
"$faultline" bench --op=hash,scan --io=read,window,direct,auto --cache=cold,warm,warm-small -j1,2 \
	--size="$size" --runs=16 --duration=180 --export-json="$measured" "$1"
publish "$measured" "$1" "$size"
render
