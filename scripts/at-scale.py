#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How long faultline-mpi takes on N nodes: a closed formula, and a simulation of it.

    scripts/at-scale.py                  the table of ARCHITECTURE.md, "At scale"
    scripts/at-scale.py --check          formula beside simulation; status 1 where they differ
    scripts/at-scale.py --stall          one node at half speed: with and without a chunk counter
    scripts/at-scale.py --svg=FILE       the curves
    scripts/at-scale.py --measured=FILE  formula and simulation beside what scripts/bench/mpi.sh measured
    scripts/at-scale.py --set KEY=VALUE  another machine; --list names the keys, with their sources

The simulation is one of events: nodes ask a counter for chunks, share the file system's bandwidth,
and wait for the root where it prints. Everything that is drawn comes from --seed.
"""

import argparse
import heapq
import math
import random
import sys

GB = 1e9
TB = 1e12
MIB = float(1 << 20)
NODES = (1, 16, 256, 4096)

# key: (value, unit that it is given in, where it is from)
MACHINE = {
    "bytes": (1e15, 1e15, "PB", "the file set of the question"),
    "file": (50 * TB, TB, "TB", "its longest file: what an XXH3 digest is a chain over"),
    "fs_read": (5500 * GB, GB, "GB/s", "disk tier of OLCF's Orion, peak (OLCF 2021)"),
    "fs_write": (4600 * GB, GB, "GB/s", "the same"),
    "nic": (25 * GB, GB, "GB/s", "one port of 200 Gbit/s: Slingshot 11, InfiniBand HDR"),
    "roof": (204.8 * GB, GB, "GB/s", "8 channels of DDR4-3200 (JEDEC JESD79-4): 25.6 GB/s each"),
    "cores": (64, 1, "", "of a node of OLCF's Frontier (its user guide)"),
    "counter": (0.45e-6, 1e-6, "us", "one fetch-and-add: 2.24 million a second on one word "
                "(Kalia, Kaminsky, Andersen: Design Guidelines for High Performance RDMA "
                "Systems, USENIX ATC 2016)"),
    "trip": (3e-6, 1e-6, "us", "there and back in such networks, as in that paper"),
    "chunk": (512 * MIB, MIB, "MiB", "what a rank takes at a time of so large a file: 64 chunks of 8 "
              "MiB (src/cluster/mpi/lead.c)"),
    "gather": (0.5 * GB, GB, "GB/s", "rank 0 takes pieces of 4 MiB and writes them: 0.42 to 0.56 "
               "measured with Open MPI 4.1.4, 2 ranks on 2 busy cores, to a file in memory"),
    "fold": (250 * GB, GB, "GB/s", "XXH3's scramble, 4 ns for each KiB: measured"),
    "start": (0.3, 1, "s", "an empty mpirun of 2 ranks: measured; more on large machines"),
    "jitter": (0.1, 1, "", "nodes differ in speed by so much, to either side: assumed"),
}

# name: GB/s of a core (README, "Speed": 4.5 GB in 2 cores; transform: 283 MB), output bytes for each
# input byte, where they go, and whether a digest is chained
VERBS = {
    "count -l": {"core": 12.4, "out": 0.0, "to": None, "chain": False},
    "hash -a xxh3": {"core": 10.1, "out": 0.0, "to": None, "chain": True},
    "scan -c": {"core": 10.2, "out": 0.0, "to": None, "chain": False},
    "scan -n, 1 % selected, to rank 0": {"core": 4.9, "out": 0.01, "to": "root", "chain": False},
    "scan -n, 1 % selected, -o": {"core": 4.9, "out": 0.01, "to": "file", "chain": False},
    "transform --redact=ipv4 -o": {"core": 0.84, "out": 1.0, "to": "file", "chain": False},
}


def node_rate(m, verb):
    """Bytes a second that a node takes if nothing is shared; what it writes uses its port, too."""
    port = m["nic"] if verb["to"] != "file" else m["nic"] / max(1.0, verb["out"])
    return min(port, m["roof"], m["cores"] * verb["core"] * GB)


def terms(m, verb, nodes):
    """What each thing alone would need, in seconds; the largest decides."""
    size = m["bytes"]
    ret = {
        "nodes": size / (nodes * node_rate(m, verb)),
        "file system": size / m["fs_read"],
        "counter": size / m["chunk"] * m["counter"],
    }
    if verb["to"] == "root":
        ret["rank 0"] = size * verb["out"] / m["gather"]
    if verb["to"] == "file":
        ret["writing"] = size * verb["out"] / min(m["fs_write"], nodes * m["nic"])
    if verb["chain"]:
        ret["digest"] = min(size, m["file"]) / m["fold"]
    return ret


def formula(m, verb, nodes):
    """Return: seconds, and what they are spent on."""
    all_terms = terms(m, verb, nodes)
    what = max(all_terms, key=all_terms.get)
    return m["start"] + all_terms[what], what


class Simulation:
    """The last chunks of a run; those before them are taken to go at the same pace."""

    def __init__(self, m, verb, nodes, seed, slow=None):
        draw = random.Random(seed)
        self.m, self.verb, self.nodes = m, verb, nodes
        rate = node_rate(m, verb)
        # Evenly spread, in an order that is drawn: together they are as fast as the formula says.
        spread = [m["jitter"] * ((2 * k + 1) / nodes - 1) for k in range(nodes)]
        draw.shuffle(spread)
        self.rate = [rate * (1 + d) for d in spread]
        if slow is not None:
            self.rate[0] = rate * slow
        self.total = max(1, int(m["bytes"] / m["chunk"]))
        self.left = self.steps = min(self.total, max(3000, min(40 * nodes, 40960)))
        self.events = []  # (time, number, what to do, node)
        self.count = 0
        self.reading = []  # (virtual bytes at which it ends, node)
        self.served = 0.0  # bytes that each reader has got since the start
        self.counter_free = self.root_free = self.now = 0.0
        self.began = [0.0] * nodes
        self.accepted = [0.0] * nodes  # when the root had taken a node's output before the last
        self.ends = []

    def at(self, time, what, node):
        self.count += 1
        heapq.heappush(self.events, (time, self.count, what, node))

    def ask(self, node):
        """The counter serves one after the other."""
        there = self.now + self.m["trip"] / 2
        self.counter_free = max(there, self.counter_free) + self.m["counter"]
        self.at(self.counter_free + self.m["trip"] / 2, self.read, node)

    def read(self, node):
        if self.left == 0:
            return
        self.left -= 1
        self.began[node] = self.now
        heapq.heappush(self.reading, (self.served + self.m["chunk"], node))

    def have(self, node):
        """All bytes have come; the node's own pace may make it later."""
        own = self.began[node] + self.m["chunk"] / self.rate[node]
        self.at(max(self.now, own), self.send, node)

    def send(self, node):
        """Output goes to the root in turn; a node keeps one chunk's waiting and works on."""
        self.ends.append(self.now)
        wait = self.now
        if self.verb["to"] == "root":
            wait = max(wait, self.accepted[node])
            cost = self.m["chunk"] * self.verb["out"] / self.m["gather"]
            self.root_free = max(self.now, self.root_free) + cost
            self.accepted[node] = self.root_free
        self.at(wait, self.ask, node)

    def bandwidth(self):
        """Writing takes its share of the time: a byte read is out bytes written."""
        seconds = 1 / self.m["fs_read"]
        if self.verb["to"] == "file":
            seconds = max(seconds, self.verb["out"] / self.m["fs_write"])
        return 1 / seconds

    def run(self):
        for node in range(self.nodes):
            self.at(0.0, self.ask, node)
        shared = self.bandwidth()
        while self.events or self.reading:
            ready = math.inf
            if self.reading:
                each = shared / len(self.reading)
                ready = self.now + (self.reading[0][0] - self.served) / each
            time = min(ready, self.events[0][0] if self.events else math.inf)
            if self.reading:
                self.served += (time - self.now) * each
            self.now = time
            if time == ready:
                self.have(heapq.heappop(self.reading)[1])
            else:
                _, _, what, node = heapq.heappop(self.events)
                what(node)
        return self.seconds()

    def seconds(self):
        """The pace is that of the middle: neither the start, where all ask at once, nor the end."""
        end = max(self.ends[-1], self.root_free)
        a, b = len(self.ends) // 4, len(self.ends) * 3 // 4
        pace = (self.ends[b] - self.ends[a]) / (b - a) if b > a else 0.0
        end += (self.total - self.steps) * pace
        if self.verb["chain"]:
            end = max(end, min(self.m["bytes"], self.m["file"]) / self.m["fold"])
        return self.m["start"] + end


def simulate(m, verb, nodes, seed):
    return Simulation(m, verb, nodes, seed).run()


def human(seconds):
    if seconds >= 7200:
        return "%.1f h" % (seconds / 3600)
    return "%.1f min" % (seconds / 60) if seconds >= 600 else "%.*f s" % (seconds < 10, seconds)


def print_table(m):
    print("| job | " + " | ".join("%s node%s" % (f"{n:,}", "s" * (n > 1)) for n in NODES) + " |")
    print("|---" * (len(NODES) + 1) + "|")
    for name, verb in VERBS.items():
        cells = []
        for nodes in NODES:
            seconds, what = formula(m, verb, nodes)
            cells.append("%s (%s)" % (human(seconds), what))
        print("| `%s` | %s |" % (name, " | ".join(cells)))


def check(m, seed, tolerance, nodes):
    bad = 0
    for name, verb in VERBS.items():
        for n in nodes:
            want, what = formula(m, verb, n)
            got = simulate(m, verb, n, seed)
            off = got / want - 1
            bad += abs(off) > tolerance
            print("%-34s %5d nodes: formula %10.1f s (%s), simulation %10.1f s, %+.1f %%%s"
                  % (name, n, want, what, got, 100 * off, " !" * (abs(off) > tolerance)))
    return bad


def print_stall(m, seed):
    """A node at half speed among others: a fixed share of the file, or chunks as they are done."""
    verb = VERBS["scan -c"]
    for n in NODES[1:]:
        fixed = max(m["bytes"] / n / (0.5 * node_rate(m, verb)), m["bytes"] / m["fs_read"])
        taken = Simulation(m, verb, n, seed, slow=0.5).run()
        print("%5d nodes, one at half speed: equal shares %10.1f s, by the counter %10.1f s"
              % (n, m["start"] + fixed, taken))


def read_measured(path):
    """
    Lines "bytes N", "cores N", "RANKS SECONDS JOB...", where 0 ranks are a process with a thread for each
    core. Return: bytes, cores, {job: {ranks: seconds}}
    """
    numbers, jobs = {}, {}
    with open(path, encoding="utf-8") as f:
        for line in f:
            first, second, *job = line.split()
            if job:
                jobs.setdefault(" ".join(job), {})[int(first)] = float(second)
            else:
                numbers[first] = float(second)
    return numbers["bytes"], int(numbers["cores"]), jobs


def compare_measured(m, path, seed):
    """
    Ranks of one machine: a rank has a core's pace, that of the one rank which was measured. All of them
    share what the machine can do, as nodes share a file system: what one process with all cores
    was measured to do (its memory is slower than its cores are), or else all cores' paces.
    """
    size, cores, jobs = read_measured(path)
    for job, seconds in jobs.items():
        pace = size / seconds[1]
        shared = min(cores * pace, size / seconds.pop(0, 1e-9))
        here = dict(m, bytes=size, cores=1, fs_read=shared, nic=math.inf, roof=math.inf,
                    start=0.0, jitter=0.0, chunk=min(m["chunk"], size / 64), trip=1e-6)
        verb = {"core": pace / GB, "out": 0.0, "to": None, "chain": False}
        for ranks, got in sorted(seconds.items()):
            want, _ = formula(here, verb, ranks)
            print("%-14s %d ranks: measured %.3f s, formula %.3f s (%+.0f %%), simulation %.3f s"
                  % (job, ranks, got, want, 100 * (want / got - 1),
                     simulate(here, verb, ranks, seed)))


COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")


class Picture:
    """Logarithmic axes: nodes from 1 to 4,096, seconds in whole powers of ten."""

    def __init__(self, lowest, highest):
        self.low, self.high = math.floor(math.log10(lowest)), math.ceil(math.log10(highest))
        self.parts = []

    def x(self, nodes):
        return 80 + 560 * math.log2(nodes) / 12

    def y(self, seconds):
        return 400 - 360 * (math.log10(seconds) - self.low) / (self.high - self.low)

    def text(self, x, y, text, anchor="middle", color="#000"):
        text = text.replace("&", "&amp;").replace("<", "&lt;")
        self.parts.append('<text x="%.1f" y="%.1f" text-anchor="%s" fill="%s">%s</text>'
                          % (x, y, anchor, color, text))

    def line(self, points, color, width=2.0):
        self.parts.append('<polyline fill="none" stroke="%s" stroke-width="%s" points="%s"/>'
                          % (color, width, " ".join("%.1f,%.1f" % p for p in points)))

    def axes(self):
        for e in range(0, 13, 2):
            self.line([(self.x(2 ** e), 40), (self.x(2 ** e), 400)], "#ddd", 1)
            self.text(self.x(2 ** e), 418, f"{2 ** e:,}")
        for e in range(self.low, self.high + 1):
            self.line([(80, self.y(10.0 ** e)), (640, self.y(10.0 ** e))], "#ddd", 1)
            self.text(72, self.y(10.0 ** e) + 4, f"{10 ** e:,} s", "end")
        self.text(360, 438, "nodes")

    def write(self, path):
        with open(path, "w", encoding="utf-8") as f:
            f.write('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 940 450" '
                    'font-family="sans-serif" font-size="12">\n'
                    '<rect width="940" height="450" fill="#fff"/>\n%s\n</svg>\n'
                    % "\n".join(self.parts))


def draw(m, path, seed):
    """Lines are the formula, dots the simulation."""
    powers = [2 ** e for e in range(13)]
    lines = {name: [formula(m, verb, n)[0] for n in powers] for name, verb in VERBS.items()}
    pic = Picture(min(map(min, lines.values())), max(map(max, lines.values())))
    pic.axes()
    pic.text(360, 24, "1 PB: seconds by nodes (line: formula, dot: simulation)")
    for k, (name, seconds) in enumerate(lines.items()):
        pic.line([(pic.x(n), pic.y(s)) for n, s in zip(powers, seconds)], COLORS[k])
        pic.text(652, 60 + 20 * k, name, "start", COLORS[k])
        for n in NODES:
            pic.parts.append('<circle cx="%.1f" cy="%.1f" r="4" fill="%s"/>'
                             % (pic.x(n), pic.y(simulate(m, VERBS[name], n, seed)), COLORS[k]))
    pic.write(path)


def machine(settings):
    m = {key: entry[0] for key, entry in MACHINE.items()}
    for text in settings:
        key, _, value = text.partition("=")
        if key not in MACHINE:
            sys.exit("at-scale: no such key: %s (--list names them)" % key)
        m[key] = float(value) * MACHINE[key][1]
    return m


def main():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    p.add_argument("--nodes", default=",".join(map(str, NODES)), help="for --check")
    p.add_argument("--tolerance", type=float, default=0.03, help="for --check (0.03)")
    for name in ("list", "check", "stall"):
        p.add_argument("--" + name, action="store_true")
    p.add_argument("--svg", metavar="FILE")
    p.add_argument("--measured", metavar="FILE")
    args = p.parse_args()
    m = machine(args.set)
    if args.list:
        for key, (_, unit, name, source) in MACHINE.items():
            print("%-9s %8g %-4s  %s" % (key, m[key] / unit, name, source))
    elif args.measured:
        compare_measured(m, args.measured, args.seed)
    elif args.svg:
        draw(m, args.svg, args.seed)
    elif args.stall:
        print_stall(m, args.seed)
    elif args.check:
        nodes = [int(n) for n in args.nodes.split(",")]
        return 1 if check(m, args.seed, args.tolerance, nodes) else 0
    else:
        print_table(m)
    return 0


if __name__ == "__main__":
    sys.exit(main())
