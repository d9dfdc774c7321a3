#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# faultline cache and faultline info.

load helpers

setup() {
	# Not /tmp, which may be memory: its pages cannot be dropped.
	BATS_TMPDIR=/var/tmp make_work
	head -c 4M /dev/urandom >file
	sync file
	if [[ $(stat -f -c %T .) == @(tmpfs|ramfs|overlayfs) ]]; then
		skip "/var/tmp is on $(stat -f -c %T .)"
	fi
}

teardown() {
	remove_work
}

# json FILTER: of what the last command printed
json() {
	python3 -c 'import json, sys
d = json.loads(open(sys.argv[1]).read())
print(eval(sys.argv[2]))' "$work/.out" "$1"
}

cached() {
	expect 0 "$FAULTLINE" cache --json "$@"
	json 'd["files"][0]["resident_pages"]'
}

pages=1024

@test "cache: evict, touch and status agree with what the kernel does" {
	expect 0 "$FAULTLINE" cache evict file
	contains "$out" "file: 0 of $pages pages resident (0.0 %)"
	equal "$(cached file)" 0
	cat file >/dev/null
	expect 0 "$FAULTLINE" cache file
	contains "$out" "file: $pages of $pages pages resident (100.0 %)"
	contains "$out" "[################################################################]"
	expect 0 "$FAULTLINE" cache evict file
	contains "$out" "$pages evicted"
	expect 0 "$FAULTLINE" cache touch file
	contains "$out" "file: $pages of $pages pages resident (100.0 %), $pages loaded"
	expect 0 "$FAULTLINE" cache touch file
	contains "$out" ", 0 loaded"
}

@test "cache: a range is exactly its pages" {
	expect 0 "$FAULTLINE" cache touch file
	expect 0 "$FAULTLINE" cache evict --range=2M:2M file
	contains "$out" "file: 0 of 512 pages"
	equal "$(cached file)" 512
	expect 0 "$FAULTLINE" cache --range=1M:2M file
	contains "$out" "256 of 512 pages"
	contains "$out" "[################################................................]"
	expect 0 "$FAULTLINE" cache --skip=4095 --max-bytes=2 file
	contains "$out" "2 of 2 pages"
	expect 2 "$FAULTLINE" cache --range=1M file
	contains "$err" "--range: '1M' is not OFF:LEN"
	expect 0 "$FAULTLINE" cache --range=1G:1 file
	contains "$out" "0 of 0 pages"
}

@test "cache: evict writes dirty pages first" {
	head -c 1M /dev/urandom >dirty
	expect 0 "$FAULTLINE" cache --json dirty
	(($(json 'd["files"][0]["dirty_pages"]') > 0)) || skip "written back already"
	sum=$(md5sum <dirty)
	expect 0 "$FAULTLINE" cache evict dirty
	equal "$(cached dirty)" 0
	equal "$(md5sum <dirty)" "$sum"
}

@test "cache: the document's totals and folios add up" {
	cat file >/dev/null
	cp file other
	expect 0 "$FAULTLINE" cache --json file other
	equal "$(json 'd["schema"], d["action"]')" "('faultline-cache/1', 'status')"
	equal "$(json 'd["total"]["pages"]')" 2048
	equal "$(json 'd["total"]["resident_pages"] == sum(f["resident_pages"] for f in d["files"])')" True
	equal "$(json 'all(len(f["resident_percent"]) == 64 for f in d["files"])')" True
	if [[ -r /proc/kpageflags ]]; then
		equal "$(json 'sum(x["bytes"] * x["count"] for x in d["files"][0]["folios"])')" 4194304
	fi
	expect 0 "$FAULTLINE" cache file other
	# The kernel may take pages back at any time: not all of them need be there still.
	[[ $out =~ total:\ [0-9]+\ of\ 2048\ pages\ resident ]]
}

# AddressSanitizer makes mlock() do nothing.
without_asan() {
	[[ " ${FL_SANITIZERS-} " != *" asan "* ]] || skip "AddressSanitizer makes mlock() do nothing"
}

@test "cache: lock keeps pages until a signal comes" {
	without_asan
	(($(ulimit -l) == -1 || $(ulimit -l) >= 4096)) 2>/dev/null || [[ $(ulimit -l) == unlimited ]] ||
		skip "ulimit -l is $(ulimit -l)"
	"$FAULTLINE" cache lock file >locked &
	wait_until grep -q "$pages locked" locked
	expect 2 "$FAULTLINE" cache evict file
	contains "$err" "file: some pages stay"
	equal "$(cached file)" "$pages"
	kill $!
	wait $! || status=$?
	equal "${status-0}" 0
	expect 0 "$FAULTLINE" cache evict file
	equal "$(cached file)" 0
}

@test "cache: beyond the limit of locked memory" {
	without_asan
	((EUID == 0)) && command -v setpriv >/dev/null || skip "needs root and setpriv"
	chmod 755 . && chmod 644 file
	run_as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
	expect 2 prlimit --memlock=65536:65536 "${run_as[@]}" "$FAULTLINE" cache lock file
	contains "$err" "file: cannot be locked: the limit is 64 KiB (ulimit -l)"
}

@test "cache: files of others are estimated" {
	((EUID == 0)) && command -v setpriv >/dev/null || skip "needs root and setpriv"
	chmod 755 . && chmod 644 file
	cat file >/dev/null
	expect 0 setpriv --reuid=65534 --regid=65534 --clear-groups "$FAULTLINE" cache file
	contains "$out" "file: about $pages of $pages pages resident"
	expect 0 setpriv --reuid=65534 --regid=65534 --clear-groups "$FAULTLINE" cache evict file
	# Each of the 64 probes that looked for pages brought its own in.
	(($(cached file) <= 64))
}

@test "cache: directories, lists, what has no pages, what is missing" {
	mkdir -p d/e && cp file d/a && cp file d/e/b
	expect 0 "$FAULTLINE" cache -r d
	contains "$out" "d/a: "
	contains "$out" "d/e/b: "
	expect 2 "$FAULTLINE" cache d file
	contains "$err" "faultline cache: d: Is a directory"
	contains "$out" "file: "
	printf 'file\0d/a\0' >list
	expect 0 "$FAULTLINE" cache --files-from=list -0
	contains "$out" " of 2048 pages resident"
	expect 2 "$FAULTLINE" cache /proc/self/status missing
	contains "$err" "/proc/self/status: has no page cache of its own"
	contains "$err" "missing: No such file or directory"
	: >empty
	expect 0 "$FAULTLINE" cache empty
	contains "$out" "empty: 0 of 0 pages resident (0.0 %)"
	for action in touch evict lock; do
		expect 0 timeout -s TERM 1 "$FAULTLINE" cache $action empty || [[ $action == lock ]]
	done
	cp file ./touch
	expect 0 "$FAULTLINE" cache ./touch
	expect 2 "$FAULTLINE" cache
	contains "$err" "no file given"
}

@test "cache: on a file system that is memory, evict says so" {
	[[ $(stat -f -c %T /dev/shm) == tmpfs ]] || skip "/dev/shm is no tmpfs"
	head -c 1M /dev/zero >/dev/shm/flt-cache-$$
	local status=0
	expect 2 "$FAULTLINE" cache evict /dev/shm/flt-cache-$$ || status=1
	rm /dev/shm/flt-cache-$$
	((status == 0))
	contains "$err" "this file system is memory: its pages cannot be dropped"
}

@test "info: text and document have the same facts" {
	expect 0 "$FAULTLINE" info file
	local text=$out key value
	expect 0 "$FAULTLINE" info --json file
	equal "$(json 'd["schema"]')" faultline-info/1
	contains "$text" "page_bytes: $(getconf PAGESIZE)"
	contains "$text" "kernel: Linux $(uname -r)"
	# df(1) says "-" where what / is mounted on cannot be seen: in a chroot.
	local filesystem
	filesystem=$(df --output=fstype . | tail -1)
	contains "$text" "  filesystem: ${filesystem#-}"
	contains "$text" "  bytes: 4194304"
	for key in kernel cpu cpus_allowed memory_bytes io_uring cachestat thp kernels; do
		[[ $key == thp ]] && key=transparent_huge_pages
		value=$(json "d['machine']['$key']")
		contains "$text" "$key: $value"
	done
	equal "$(json "d['files'][0]['bytes']")" 4194304
	expect 2 "$FAULTLINE" info missing file
	contains "$err" "missing: No such file"
	contains "$out" "filesystem:"
}
