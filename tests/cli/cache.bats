#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# faultline cache and faultline info.

load helpers

setup() {
	# Not /tmp, which may be memory: its pages cannot be dropped.
	BATS_TMPDIR=/var/tmp make_work
	head -c 4M /dev/urandom >file
	sync file
	if [[ $(stat -f -c %T .) == @(tmpfs|ramfs) ]]; then
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

# shows PART WORD...: `cache WORD...` prints the part
shows() {
	expect 0 "$FAULTLINE" cache "${@:2}" && contains "$out" "$1"
}

# The kernel may hold a page for a moment, which stays then, and take a clean one back at any time: what
# follows is asked for until neither has happened.
read_pages_are_counted() {
	cat file >/dev/null
	shows "file: $pages of $pages pages resident (100.0 %)" file &&
		contains "$out" "[################################################################]"
}

read_pages_are_evicted() {
	cat file >/dev/null
	shows "$pages evicted" evict file
}

evicted_pages_are_loaded() {
	shows "file: 0 of $pages pages" evict file &&
		shows "file: $pages of $pages pages resident (100.0 %), $pages loaded" touch file &&
		shows ", 0 loaded" touch file
}

@test "cache: evict, touch and status agree with what the kernel does" {
	wait_until shows "file: 0 of $pages pages resident (0.0 %)" evict file
	equal "$(cached file)" 0
	wait_until read_pages_are_counted
	wait_until read_pages_are_evicted
	wait_until evicted_pages_are_loaded
}

half_is_evicted() {
	"$FAULTLINE" cache touch file >/dev/null
	shows "file: 0 of 512 pages" evict --range=2M:2M file && equal "$(cached file)" 512 &&
		shows "256 of 512 pages" --range=1M:2M file &&
		contains "$out" "[################################................................]" &&
		shows "2 of 2 pages" --skip=4095 --max-bytes=2 file
}

@test "cache: a range is exactly its pages" {
	wait_until half_is_evicted
	expect 2 "$FAULTLINE" cache --range=1M file
	contains "$err" "--range: '1M' is not OFF:LEN"
	expect 0 "$FAULTLINE" cache --range=1G:1 file
	contains "$out" "0 of 0 pages"
}

evicts() {
	expect 0 "$FAULTLINE" cache evict "$1" && equal "$(cached "$1")" 0
}

@test "cache: evict writes dirty pages first" {
	head -c 1M /dev/urandom >dirty
	expect 0 "$FAULTLINE" cache --json dirty
	(($(json 'd["files"][0]["dirty_pages"]') > 0)) || skip "written back already"
	sum=$(md5sum <dirty)
	wait_until evicts dirty
	equal "$(md5sum <dirty)" "$sum"
}

# CAP_SYS_ADMIN, which root lacks in a container.
may_see_frames() {
	((0x$(awk '/^CapEff:/ { print $2 }' /proc/self/status) >> 21 & 1))
}

folios_hold_the_resident_pages() {
	cached file >/dev/null
	equal "$(json '(lambda f: sum(x["bytes"] * x["count"] for x in f["folios"]) == f["resident_pages"] * f["page_bytes"] > 0)(d["files"][0])')" True
}

@test "cache: the document's totals and folios add up" {
	cat file >/dev/null
	cp file other
	expect 0 "$FAULTLINE" cache --json file other
	equal "$(json 'd["schema"], d["action"]')" "('faultline-cache/1', 'status')"
	equal "$(json 'd["total"]["pages"]')" 2048
	equal "$(json 'd["total"]["resident_pages"] == sum(f["resident_pages"] for f in d["files"])')" True
	equal "$(json 'all(len(f["resident_percent"]) == 64 for f in d["files"])')" True
	if [[ -r /proc/kpageflags ]] && may_see_frames; then
		wait_until folios_hold_the_resident_pages
	fi
	expect 0 "$FAULTLINE" cache file other
	# The kernel may take pages back at any time: not all of them need be there still.
	[[ $out =~ total:\ [0-9]+\ of\ 2048\ pages\ resident ]]
}

# As in a container, where root may read /proc/kpageflags.
@test "cache: without CAP_SYS_ADMIN nothing is said about folios" {
	((EUID == 0)) && setpriv --bounding-set=-sys_admin true || skip "needs root and setpriv"
	cat file >/dev/null
	expect 0 setpriv --bounding-set=-sys_admin "$FAULTLINE" cache --json file
	equal "$(json '"folios" in d["files"][0]')" False
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
	wait_until evicts file
}

@test "cache: beyond the limit of locked memory" {
	without_asan
	((EUID == 0)) && command -v setpriv >/dev/null || skip "needs root and setpriv"
	chmod 755 . && chmod 644 file
	run_as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
	"${run_as[@]}" "$FAULTLINE" cache file >/dev/null || skip "others are not told here what is cached"
	expect 2 prlimit --memlock=65536:65536 "${run_as[@]}" "$FAULTLINE" cache lock file
	contains "$err" "file: cannot be locked: the limit is 64 KiB (ulimit -l)"
}

others_see_them() {
	cat file >/dev/null
	expect 0 setpriv --reuid=65534 --regid=65534 --clear-groups "$FAULTLINE" cache file &&
		contains "$out" "file: about $pages of $pages pages resident"
}

# Each of the 64 probes that looked for pages brought its own in.
others_evict_them() {
	expect 0 setpriv --reuid=65534 --regid=65534 --clear-groups "$FAULTLINE" cache evict file &&
		(($(cached file) <= 64))
}

@test "cache: files of others are estimated" {
	((EUID == 0)) && command -v setpriv >/dev/null || skip "needs root and setpriv"
	chmod 755 . && chmod 644 file
	setpriv --reuid=65534 --regid=65534 --clear-groups "$FAULTLINE" cache file >/dev/null ||
		skip "others are not told here what is cached"
	wait_until others_see_them
	wait_until others_evict_them
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
	for action in touch evict; do
		expect 0 timeout 60 "$FAULTLINE" cache $action empty
	done
	# Locked until a signal comes.
	"$FAULTLINE" cache lock empty >locked 3>&- &
	wait_until grep -q "^empty: " locked
	kill $!
	expect 0 wait $!
	cp file ./touch
	expect 0 "$FAULTLINE" cache ./touch
	expect 2 "$FAULTLINE" cache
	contains "$err" "no file given"
}

# As in a container. cachestat(2) sees none of the pages.
@test "cache: on overlayfs the pages are those of the file below" {
	mkdir below above more merged
	unshare -m mount -t overlay -o lowerdir=below,upperdir=above,workdir=more none merged 2>/dev/null ||
		skip "no overlayfs can be mounted here"
	cp file below/one
	cat >inside <<-'EOF'
		mount -t overlay -o lowerdir=below,upperdir=above,workdir=more none merged || exit 77
		cd merged || exit 77
		cp one two
		sync two
		for file in one two; do
			for ((i = 0; i < 50; i++)); do
				[[ $("$FAULTLINE" cache evict $file) == "$file: 0 of $1 pages"* &&
					$("$FAULTLINE" cache touch $file) == "$file: $1 of $1 pages"* &&
					$("$FAULTLINE" cache $file) == "$file: $1 of $1 pages"* &&
					$("$FAULTLINE" count -l --stats $file 2>&1) == *"in the page cache"* &&
					$("$FAULTLINE" cache evict $file && "$FAULTLINE" scan -c --cold x $file &&
						"$FAULTLINE" cache $file) == *"$file: 0 of $1 pages"* ]] && break
				sleep 0.05
			done
			((i < 50)) || exit 1
		done
	EOF
	FAULTLINE=$FAULTLINE expect 0 unshare -m bash inside $pages
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
