#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# faultline hash -r, --no-dereference, and many files at once.

load helpers

setup() {
	make_work
	mkdir -p tree/b/inner tree/a tree/empty
	for name in tree/z tree/b/2 tree/b/10 tree/b/inner/x tree/a/1 tree/a.txt tree/B; do
		echo "$name" >"$name"
	done
}

teardown() {
	remove_work
}

named() {
	sed 's/^[0-9a-f]*  //' <<<"$out"
}

@test "hash -r: every file, names in the order of their bytes" {
	expect 0 "$FAULTLINE" hash -a md5 -r tree
	equal "$(named)" "tree/B
tree/a/1
tree/a.txt
tree/b/10
tree/b/2
tree/b/inner/x
tree/z"
	equal "$(md5sum --quiet -c <<<"$out" && echo good)" good
	expect 0 "$FAULTLINE" hash -a md5 -r tree/b/ tree/z
	equal "$(named)" $'tree/b/10\ntree/b/2\ntree/b/inner/x\ntree/z'
	cd tree
	expect 0 "$FAULTLINE" hash -a md5 -r
	equal "$(named | head -n 2)" $'./B\n./a/1'
	printf 'b\0a' >list
	expect 0 "$FAULTLINE" hash -a md5 -r -0 --files-from=list
	equal "$(named)" $'b/10\nb/2\nb/inner/x\na/1'
}

@test "hash -r: links below the start are passed over, --no-dereference refuses the start" {
	ln -s ../z tree/b/link
	ln -s . tree/b/loop
	ln -s tree start
	expect 0 "$FAULTLINE" hash -a md5 -r tree
	equal "$(named | grep -c link)" 0
	expect 0 "$FAULTLINE" hash -a md5 -r start/b start
	contains "$out" "start/b/inner/x"
	expect 2 "$FAULTLINE" hash -r --no-dereference start tree/a
	equal "$err" "faultline hash: start: Is a symbolic link"
	contains "$out" "XXH3 (tree/a/1) = "
	expect 0 "$FAULTLINE" hash tree/b/link
	expect 2 "$FAULTLINE" hash --no-dereference tree/b/link tree/z
	equal "$err" "faultline hash: tree/b/link: Is a symbolic link"
	contains "$out" "XXH3 (tree/z) = "
}

@test "hash -r: devices and FIFOs are refused unless asked for" {
	mkfifo tree/fifo
	expect 2 timeout 120 "$FAULTLINE" hash -a md5 -r tree
	equal "$err" "faultline hash: tree/fifo: Is a device, FIFO or socket (--devices reads them)"
	equal "$(named | wc -l)" 7
	echo through >tree/fifo &
	expect 0 timeout 120 "$FAULTLINE" hash -a md5 -r --devices tree
	contains "$out" "$(echo through | md5sum | cut -c 1-32)  tree/fifo"
	# One that is named is read, as by grep.
	echo through >tree/fifo &
	expect 0 timeout 120 "$FAULTLINE" hash -a md5 -r tree/fifo
	contains "$out" "$(echo through | md5sum | cut -c 1-32)  tree/fifo"
}

@test "hash -r: what cannot be read is told, the rest is hashed" {
	((EUID != 0)) || skip "root may read everything"
	chmod 0 tree/b tree/z
	expect 2 "$FAULTLINE" hash -a md5 -r tree missing
	equal "$(named)" $'tree/B\ntree/a/1\ntree/a.txt'
	equal "$err" "faultline hash: tree/b: Permission denied
faultline hash: tree/z: Permission denied
faultline hash: missing: No such file or directory"
	chmod 755 tree/b
}

@test "hash -r: messages and lines keep the order of the names" {
	: >both
	expect 2 bash -c "exec '$FAULTLINE' hash -a md5 -j3 -r tree/a missing tree/b >both 2>both"
	mkdir many
	for ((i = 0; i < 300; i++)); do echo $i >"many/$i"; done
	rm -f many/1*
	printf 'many/%d\n' {0..299} >list
	expect 2 bash -c "exec '$FAULTLINE' hash -a md5 -j3 --files-from=list 2>&1"
	equal "$(sed 's/^[0-9a-f]*  //; s/^faultline hash: //; s/: No such.*//' <<<"$out")" "$(cat list)"
}

@test "hash: small and large files mixed, one result for every number of threads" {
	head -c 70000000 /dev/zero >large1
	head -c 66000000 /dev/zero | tr '\0' x >large2
	local files=() expected
	for ((i = 0; i < 400; i++)); do
		printf '%d' $((i * i)) >"s$i"
		files+=("s$i")
		((i % 150 == 20)) && files+=("large$((i / 150 % 2 + 1))")
	done
	expected=$("$FAULTLINE" hash -a xxh128 -j1 --io=read "${files[@]}")
	for how in "" -j2 -j7 "-j3 --io=mmap --chunk-size=1M"; do
		# shellcheck disable=SC2086 # several options
		expect 0 "$FAULTLINE" hash -a xxh128 $how "${files[@]}"
		equal "$out" "$expected"
	done
	expected=$(sha256sum "${files[@]}")
	expect 0 "$FAULTLINE" hash -a sha256 "${files[@]}"
	equal "$out" "$expected"
}

@test "hash: standard input and a FIFO among many files" {
	mkfifo fifo
	for i in {1..150}; do echo "$i" >"s$i"; done
	echo through >fifo 3>&- &
	expect 0 timeout 120 "$FAULTLINE" hash -a md5 s{1..100} - fifo s{101..150} <tree/z
	equal "$(named | sed -n '101,102p')" $'-\nfifo'
	contains "$out" "$(md5sum <tree/z | cut -c 1-32)  -"
	equal "$(named | wc -l)" 152
}

@test "hash: --stats counts all files" {
	expect 0 "$FAULTLINE" hash --json --stats -a crc32 -r tree
	contains "$out" '"files":7,"bytes":68,'
}

# interrupted_by_int COMMAND...: SIGINT ends it when it has been running for a moment, without a word
interrupted_by_int() {
	local status=0 pid
	perl -e '$SIG{INT} = "DEFAULT"; exec @ARGV or die' timeout -k 1 --foreground 120 "$@" \
		>.out 2>.err 3>&- &
	pid=$!
	wait_until child_handles_signals "$pid"
	sleep 0.3
	pkill -INT -P "$pid"
	wait "$pid" || status=$?
	equal "$status" 130
	equal "$(cat .err)" ""
}

child_handles_signals() {
	local child
	child=$(pgrep -P "$1") && handles_signals "$child"
}

@test "hash: SIGINT ends a batch: a FIFO without a writer, a list that waits, long files" {
	mkfifo fifo list
	interrupted_by_int "$FAULTLINE" hash -j2 fifo tree/z
	exec 8<>list
	interrupted_by_int "$FAULTLINE" hash -j2 --files-from=list
	interrupted_by_int "$FAULTLINE" hash -c -j2 list
	exec 8>&-
	truncate -s 200G sparse1 sparse2
	interrupted_by_int "$FAULTLINE" hash -j2 -a md5 sparse1 sparse2
	interrupted_by_int "$FAULTLINE" hash -j2 -a fsverity sparse1 sparse2
}

@test "hash: a list that cannot be read is told once, and ends" {
	for options in "" --manifest=m; do
		# shellcheck disable=SC2086 # none or one
		expect 2 timeout 120 "$FAULTLINE" hash $options --files-from=tree
		equal "$err" "faultline hash: tree: Is a directory"
	done
	expect 2 "$FAULTLINE" count --files-from=tree
	equal "$err" "faultline count: tree: Is a directory"
}
