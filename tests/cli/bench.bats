#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# faultline bench: what it says about small files; numbers are the machine's.

load helpers

setup() {
	# Not /tmp, which may be memory: its pages cannot be dropped.
	BATS_TMPDIR=/var/tmp make_work
	"$LOGGEN" --size=4M --seed=1 >file
	bench=("$FAULTLINE" bench --dir=. --warmup=0)
}

teardown() {
	remove_work
}

# json EXPRESSION: of the document d
json() {
	python3 -c 'import json, sys
d = json.load(open(sys.argv[1]))
print(eval(sys.argv[2]))' "${2-out.json}" "$1"
}

on_disk() {
	[[ $(stat -f -c %T .) != @(tmpfs|ramfs|overlayfs) ]] || skip "/var/tmp is on $(stat -f -c %T .)"
}

@test "bench: the document has the named keys, and they fit together" {
	on_disk
	expect 0 "${bench[@]}" --io=pread,mmap,window,uring-direct --op=sum,hash,scan \
		--cache=warm,cold -j2 --runs=2 --export-json=out.json file
	equal "$(json 'd["schema"]')" faultline-bench/1
	equal "$(json 'len(d["results"])')" 24
	keys='io op cache advise threads samples median mad ci_low ci_high gb_per_s minor_faults
		major_faults copied_bytes storage_bytes rss_anon rss_file verdict'
	for key in $keys; do
		equal "$(json "all('$key' in c for c in d['results'] if 'problem' not in c)")" True
	done
	for key in kernel cpu filesystem device; do
		equal "$(json "len(d['environment']['$key']) > 0")" True
	done
	equal "$(json 'all(len(c["samples"]) == 2 for c in d["results"] if "problem" not in c)')" True
	equal "$(json 'all(c["ci_low"] <= c["median"] <= c["ci_high"] for c in d["results"] if "samples" in c)')" True
	# The man page names them all.
	man=$BATS_TEST_DIRNAME/../../data/man/faultline-bench.1
	for key in $(json '" ".join(sorted({k for c in [d] + d["results"] + d["pairs"] + d["auto"] for k in c}))'); do
		grep -qF "\"$key\"" "$man" || {
			echo "faultline-bench.1 lacks $key"
			return 1
		}
	done
	# One checksum for each operation, scan's the number of lines that grep counts.
	equal "$(json 'sorted(len({c["checksum"] for c in d["results"] if c["op"] == o and "samples" in c}) for o in ("sum", "hash", "scan"))')" "[1, 1, 1]"
	equal "$(json 'int([c["checksum"] for c in d["results"] if c["op"] == "scan" and "samples" in c][0], 16)')" \
		"$(grep -c 'Failed password' file)"
	equal "$(json '[c["checksum"] for c in d["results"] if c["op"] == "hash" and "samples" in c][0]')" \
		"$("$FAULTLINE" hash -a xxh3 file | sed 's/.* //')"
	equal "$(json 'all(c["copied_bytes"] == 4 << 20 for c in d["results"] if c["io"] == "pread" and c["op"] == "sum")')" True
	equal "$(json 'all(c["copied_bytes"] == 0 for c in d["results"] if c["io"] in ("mmap", "window", "uring-direct") and "samples" in c)')" True
	equal "$(json 'all(c["resident_before"] <= 1 for c in d["results"] if c["cache"] == "cold" and "samples" in c)')" True
	equal "$(json 'all(c["resident_before"] >= 99 for c in d["results"] if c["cache"] == "warm" and "samples" in c)')" True
	# Every pair of a group: four methods are six pairs, in six groups.
	equal "$(json 'len(d["pairs"]) == 36 or any("problem" in c for c in d["results"])')" True
}

@test "bench: tables, CSV and Markdown hold the same cells" {
	expect 0 "${bench[@]}" --io=pread,window --cache=warm --runs=2 --export-csv=out.csv \
		--export-markdown=out.md file
	contains "$out" "pread"
	contains "$out" "(base)"
	contains "$out" "his machine is "
	contains "$out" "too few runs ("
	contains "$out" "Verdicts need 8 runs"
	equal "$(head -1 out.csv | cut -d, -f1-3)" op,cache,io
	equal "$(wc -l <out.csv)" 3
	equal "$(python3 -c 'import csv; print([r["io"] for r in csv.DictReader(open("out.csv"))])')" \
		"['pread', 'window']"
	equal "$(grep -c '^| sum' out.md)" 2
}

@test "bench: numbers have points, whatever the locale" {
	command -v localedef >/dev/null || skip "no localedef"
	mkdir locales
	localedef -i de_DE -f UTF-8 "$work/locales/de_DE.UTF-8" 2>/dev/null || skip "no locale can be made"
	expect 0 env LOCPATH="$work/locales" LC_ALL=de_DE.UTF-8 "${bench[@]}" --io=pread,window --duration=1.5 \
		--cache=warm --runs=2 --export-csv=out.csv file
	equal "$(awk -F, '{ print NF }' out.csv | uniq | wc -l)" 1
	contains "$out" .
	[[ $(sed -n 2p <<<"$out") =~ \ [0-9]+\.[0-9]{2}\  ]]
}

@test "bench: auto is put beside the best of those that leave the cache alike" {
	on_disk
	expect 0 "${bench[@]}" --io=pread,window,auto --cache=warm --op=sum,hash --runs=3 \
		--export-json=out.json --report=out.html file
	contains "$out" "best fixed"
	contains "$out" "--io=auto beside the best fixed method that leaves the page cache alike: "
	contains "$(cat out.html)" "<h2>--io=auto</h2>"
	contains "$(cat out.html)" "<th>best fixed"
	equal "$(json '[(a["op"], a["cache"]) for a in d["auto"]]')" "[('sum', 'warm'), ('hash', 'warm')]"
	equal "$(json '[min((c["median"], c["io"]) for c in d["results"] if c["op"] == a["op"] and c["io"] != "auto")[1] == a["best"] for a in d["auto"]]')" "[True, True]"
	equal "$(json 'all(a["ratio_low"] <= a["ratio"] <= a["ratio_high"] for a in d["auto"])')" True
	# What reads past the cache is no rival of what fills it.
	expect 0 "${bench[@]}" --io=uring-direct,direct,auto --cache=cold --runs=1 --export-json=out.json file
	[[ $out != *"best fixed"* ]]
	equal "$(json 'd["auto"]')" "[]"
	expect 0 "${bench[@]}" --io=pread,window --cache=warm --runs=1 --report=out.html file
	[[ $out != *"best fixed"* && $(<out.html) != *"--io=auto<"* ]]
}

@test "bench: copies, updates and random places" {
	sum=$(md5sum <file)
	expect 0 "${bench[@]}" --op=copy,update,random --cache=warm --runs=1 --export-json=out.json file
	equal "$(md5sum <file)" "$sum"
	equal "$(json 'len([c for c in d["results"] if c["op"] == "copy" and "samples" in c])')" 6
	equal "$(json 'len([c for c in d["results"] if c["op"] == "update" and "samples" in c])')" 2
	equal "$(json '{c["copied_bytes"] for c in d["results"] if c["io"] == "read+write"} == {8 << 20}')" True
	equal "$(json '[c["copies_told"] for c in d["results"] if c["io"] == "read+write"]')" "[4]"
	equal "$(json 'all(c["latency_us"]["p50"] <= c["latency_us"]["p99.9"] <= c["latency_us"]["max"] for c in d["results"] if c["op"] == "random" and "samples" in c)')" True
	# What was made is gone.
	equal "$(ls)" $'file\nout.json'
}

@test "bench: the seed decides the order, a sample is made and removed" {
	expect 0 "${bench[@]}" --size=2M --io=pread --cache=warm --runs=1 --export-json=out.json
	equal "$(json 'd["bytes"], d["file"]')" "(2097152, '(sample)')"
	equal "$(ls)" $'file\nout.json'
}

@test "bench: --compare finds what became slower" {
	expect 0 "${bench[@]}" --io=pread,window --cache=warm --runs=8 --export-json=out.json file
	# A base that is far slower, and one that is far faster than this machine can be.
	python3 -c 'import json
d = json.load(open("out.json"))
for name, factor in ("slow", 100), ("fast", 0.01):
    for c in d["results"]:
        c["samples"] = [x * factor for x in c["samples"]]
    json.dump(d, open(name + ".json", "w"))
    d = json.load(open("out.json"))'
	expect 0 "${bench[@]}" --io=pread,window --cache=warm --runs=8 --compare=slow.json file
	contains "$out" "times the base's time"
	expect 1 "${bench[@]}" --io=pread,window --cache=warm --runs=8 --compare=fast.json file
	contains "$out" REGRESSION
	expect 0 "${bench[@]}" --io=pread --cache=warm --runs=8 --compare=fast.json --threshold=1000 file ||
		contains "$out" REGRESSION
	echo '{"schema": "other"}' >other.json
	expect 2 "${bench[@]}" --io=pread --cache=warm --runs=1 --compare=other.json file
	contains "$err" "other.json: is no document of"
	expect 2 "${bench[@]}" --io=fread --cache=warm --runs=1 --compare=fast.json file
	contains "$err" "has none of these cells"
}

@test "bench: a method beside itself, and the command line as a shell takes it" {
	cp file "two words; exit 1"
	expect 0 "${bench[@]}" --io=pread,pread --cache=warm --runs=8 --export-json=out.json "two words; exit 1"
	equal "$(json '[c["io"] for c in d["results"]]')" "['pread', 'pread']"
	equal "$(json 'len(d["pairs"]) == 1 or any("problem" in c for c in d["results"])')" True
	command=$(json 'd["command"]')
	contains "$command" "faultline bench --dir=. "
	contains "$command" "'two words; exit 1'"
	# What is told is the command that was run.
	again=$(eval "printf '%s\n' ${command#faultline bench}")
	equal "$(tail -1 <<<"$again")" "two words; exit 1"
}

@test "bench: a method that was made slower is found, and by how much" {
	[[ -e $abs_top_builddir/scripts/bench/slower.so && -z ${FL_SANITIZERS-} ]] ||
		skip "no library can be preloaded in this build"
	expect 0 env LD_PRELOAD="$abs_top_builddir/scripts/bench/slower.so" FL_SLOWER=500 \
		"${bench[@]}" --io=read,readv --cache=warm -j1 --export-json=out.json file
	equal "$(json 'd["results"][1]["verdict"]')" slower
	equal "$(json '1 < d["results"][1]["ratio_low"] < d["results"][1]["ratio_high"]')" True
	contains "$out" " x slower ("
}

@test "bench: what cannot be done is said, and the rest goes on" {
	[[ $(stat -f -c %T /dev/shm) == tmpfs ]] || skip "/dev/shm is no tmpfs"
	shm=/dev/shm/flt-bench-$$
	cp file $shm
	local status=0
	expect 0 "${bench[@]}" --io=pread,uring-direct --cache=cold,warm,warm-small --runs=1 $shm || status=1
	rm $shm
	((status == 0))
	contains "$out" "this file system is memory: its pages cannot be dropped"
	contains "$out" "not measured"
	[[ $out == *"sum  warm"*"(base)"* ]]
	# Neither a group smaller than the file, nor a directory for copies.
	expect 0 "${bench[@]}" --io=pread --cache=limited,warm --runs=1 file
	contains "$out" "not larger than a limit of 32 MiB"
	expect 0 "$FAULTLINE" bench --dir=/proc --op=copy,sum --cache=warm --runs=1 --warmup=0 file
	# A reason is told once, with all that it concerns.
	[[ $out =~ "no copy can be made in /proc: "(No such file or directory|Permission denied)": copy warm -j1 read+write, mmap+write, " ]]
	equal "$(grep -c 'no copy can be made' <<<"$out")" 1
	expect 0 "${bench[@]}" --io=pread --op=sum,copy,update --cache=warm --runs=1 file
	contains "$out" "No method of --io does: copy, update."
	contains "$out" "(base)"
}

@test "bench: pages that stay in the cache, no io_uring, no control group" {
	on_disk
	"$FAULTLINE" cache lock file >locked 3>&- &
	local lock=$! status=0 why
	# It ends at once where so much may not be locked (ulimit -l).
	locked_or_not() {
		[[ -s locked ]] || ! kill -0 $lock 2>/dev/null
	}
	wait_until locked_or_not
	expect 0 "${bench[@]}" --io=pread --cache=cold,warm --runs=1 file || status=1
	kill $lock 2>/dev/null || true
	wait $lock || true
	((status == 0))
	# AddressSanitizer makes mlock() do nothing.
	if [[ " ${FL_SANITIZERS-} " != *" asan "* && $(<locked) == *@(4194304| locked )* ]]; then
		contains "$out" "100 % of the file stay in the page cache: they are mapped, locked or in use"
	fi
	contains "$out" "(base)"
	# Another user: no group can be made, and neither pages that are counted nor a directory.
	if ((EUID == 0)) && command -v setpriv >/dev/null; then
		chmod 755 .
		truncate -s 40M large
		expect 0 setpriv --reuid=65534 --regid=65534 --clear-groups "$FAULTLINE" bench --dir=. \
			--op=sum,copy --io=pread,read+write --cache=limited,warm --limit=32M --runs=1 --warmup=0 large
		contains "$out" "no memory control group can be made here"
		contains "$out" "no copy can be made in .: Permission denied"
		contains "$out" "(base)"
	fi
	[[ -e $abs_top_builddir/tests/support/failpoint.so && -z ${FL_SANITIZERS-} ]] || return 0
	expect 0 env LD_PRELOAD="$abs_top_builddir/tests/support/failpoint.so" FL_FAIL=uring:error:0:2 \
		"${bench[@]}" --io=pread,uring-direct --op=sum,random --cache=warm --runs=1 file
	contains "$out" "(base)"
	contains "$out" ": sum warm -j"
	why="the kernel refuses io_uring"
	[[ $("$FAULTLINE" --version -v) != *"liburing: not built in"* ]] || why="built without liburing"
	contains "$out" "direct was used instead: uring unavailable ($why"
	contains "$out" ": random warm -j"
	[[ $out != *"not supported by this build"* && $out != *"as asked"* ]]
}

@test "bench: tiny files" {
	local n
	for n in 1 4095 4096 4097 300000; do
		head -c $n file >tiny
		expect 0 "${bench[@]}" --io=all --op=touch,sum,hash,scan --cache=warm --runs=1 tiny
	done
	head -c 100 file >tiny
	expect 2 "${bench[@]}" --op=random --cache=warm --runs=1 tiny
	contains "$out" "the file is smaller than 4 KiB"
	: >empty
	expect 2 "${bench[@]}" empty
	contains "$err" "empty: is empty"
}

@test "bench: a full disk, a read-only directory" {
	((EUID == 0)) || skip "needs root to mount a small tmpfs"
	mkdir small
	mount -t tmpfs -o size=40M none small 2>/dev/null || skip "no tmpfs can be mounted here"
	local status=0
	expect 0 "$FAULTLINE" bench --dir=small --io=pread --cache=warm --runs=1 --warmup=0 --size=100M \
		--export-json=out.json || status=1
	half=$out
	expect 0 "$FAULTLINE" bench --dir=small --op=copy --cache=warm --runs=1 --warmup=0 --size=24M ||
		((status += 2))
	full=$out
	mount -o remount,ro small
	expect 2 "$FAULTLINE" bench --dir=small --runs=1 || ((status += 4))
	ro=$err
	umount small
	echo "status $status"
	((status == 0)) || [[ $status == 2 ]]
	contains "$full" "no copy can be made in small: No space left on device"
	contains "$half" "The disk is full: the sample has 25 MiB instead of 100"
	contains "$ro" "no sample can be made in small: Read-only file system"
	equal "$(json 'd["bytes"]')" 26214400
}

@test "bench: wrong options, signals" {
	expect 2 "${bench[@]}" --io=teleport file
	contains "$err" "--io: 'teleport' is not known"
	expect 2 "${bench[@]}" --op=sum,nothing file
	expect 2 "${bench[@]}" --runs=0 file
	expect 2 "${bench[@]}" --duration=x file
	expect 2 "${bench[@]}" --size=1X file
	expect 2 "${bench[@]}" file other
	expect 2 "${bench[@]}" missing
	contains "$err" "missing: No such file or directory"
	expect 2 "${bench[@]}" --io=sendfile --op=sum file
	contains "$err" "no method of --io does an operation of --op"
	expect 2 "${bench[@]}" --runs=1 --cache=warm --export-json=/nonexistent/x file
	contains "$err" "/nonexistent/x: No such file or directory"
	# Found out before anything is measured, as is a base that is none.
	equal "$out" ""
	expect 2 "${bench[@]}" --compare=missing.json file
	contains "$err" "missing.json"
	equal "$out" ""
	expect 2 "${bench[@]}" --io= file
	contains "$err" "--io: the list is empty"
	# A thousand rounds of warming up take ten seconds and more.
	"${bench[@]}" --warmup=1000 file >partial &
	sleep 1
	kill -TERM $!
	wait $! || status=$?
	equal "$status" 143
	equal "$(find . -mindepth 1 ! -name file ! -name partial ! -name ".*")" ""
}

@test "bench: the report loads nothing, and has its pictures" {
	expect 0 "${bench[@]}" --io=pread,window --op=sum --cache=warm -j1,2 --window-size=0,1M --runs=2 \
		--report=out.html file
	# Nothing but the names of XML's own dialects points anywhere.
	[[ $(grep -oE '(https?:)?//[a-z][^"<> ]*' out.html | grep -v -e '^http://www.w3.org/' | sort -u) == "" ]]
	[[ $(grep -ciE '<script|<img|<iframe|@import|url\(' out.html) == 0 ]]
	contains "$(cat out.html)" "prefers-color-scheme: dark"
	contains "$(cat out.html)" "@media print"
	if command -v gnuplot >/dev/null; then
		equal "$(grep -c '^<svg' out.html)" 6
	else
		contains "$(cat out.html)" "gnuplot is not installed"
	fi
	equal "$(python3 "$BATS_TEST_DIRNAME/report_check.py" page out.html)" ""
	mkdir nothing
	expect 0 env PATH="$work/nothing" "${bench[@]}" --io=pread --cache=warm --runs=1 --report=bare.html file
	contains "$(cat bare.html)" "gnuplot is not installed"
	equal "$(python3 "$BATS_TEST_DIRNAME/report_check.py" page bare.html)" ""
	browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) ||
		skip "no Chromium to open it with"
	command -v gnuplot >/dev/null || skip "no gnuplot: no pictures to look for"
	local theme scheme=1
	for theme in light dark; do
		# Without a network: the page is all there is.
		timeout 60 "$browser" --headless=new --no-sandbox --disable-gpu --enable-logging=stderr \
			--host-resolver-rules='MAP * ~NOTFOUND' --blink-settings=preferredColorScheme=$scheme \
			--user-data-dir="$work/profile" --window-size=1000,2400 --force-device-scale-factor=0.5 \
			--screenshot="$work/shot.png" \
			"file://$work/out.html" >log 2>&1 || skip "Chromium does not run here"
		equal "$(grep -c 'CONSOLE' log)" 0
		equal "$(python3 "$BATS_TEST_DIRNAME/report_check.py" shot shot.png $theme)" ""
		scheme=0
	done
	timeout 60 "$browser" --headless=new --no-sandbox --disable-gpu --user-data-dir="$work/profile" \
		--print-to-pdf="$work/page.pdf" "file://$work/out.html" >log 2>&1
	equal "$(head -c 5 page.pdf)" "%PDF-"
}

@test "bench: facts" {
	on_disk
	expect 0 "$FAULTLINE" bench --dir=. facts
	equal "$(grep -c '^yes ' <<<"$out")" 10
	[[ $out != *$'\nNO '* ]]
	contains "$out" "all zero"
	contains "$out" "Bus error"
	expect 2 "$FAULTLINE" bench --dir=/proc facts
	equal "$(ls)" file
}

@test "tune: what is found out is stored, and --io=auto says that it goes by it" {
	on_disk
	export XDG_STATE_HOME=$work/state
	expect 0 "$FAULTLINE" hash --stats --io=auto file
	[[ $err != *tuned* ]]
	expect 0 "$FAULTLINE" tune --size=4M -q --dir=.
	contains "$out" "$work/state/faultline/tune: not cached: "
	equal "$(head -1 state/faultline/tune)" faultline-tune/1
	equal "$(sed -n 2p state/faultline/tune | grep -cE ' cold=(readahead|window|read) past=(uring|direct)?$')" 1
	for how in readahead window read; do
		sed -i "2s/cold=[a-z]*/cold=$how/" state/faultline/tune
		expect 0 "$FAULTLINE" cache evict file
		expect 0 "$FAULTLINE" hash --stats --io=auto file
		contains "$err" "tuned: $how"
		equal "$out" "$("$FAULTLINE" hash --io=read file)"
	done
	# In the cache nothing is asked of the device.
	expect 0 "$FAULTLINE" hash --stats --io=auto file
	[[ $err != *tuned* ]]
	sed -i '2s/past=[a-z]*/past=direct/' state/faultline/tune
	expect 0 "$FAULTLINE" cache evict file
	expect 0 "$FAULTLINE" hash --stats --cold --io=auto file
	contains "$err" "tuned: direct"
	# Rubbish there does no harm.
	echo nonsense >state/faultline/tune
	expect 0 "$FAULTLINE" cache evict file
	expect 0 "$FAULTLINE" hash --stats --io=auto file
	[[ $err != *tuned* ]]
	expect 2 env XDG_STATE_HOME=/proc "$FAULTLINE" tune --size=2M -q --dir=.
	contains "$err" "faultline/tune: "
	expect 2 "$FAULTLINE" tune --size=x
	expect 2 "$FAULTLINE" tune missing
}
