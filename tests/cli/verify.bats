#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# faultline hash --manifest and faultline verify.

load helpers

setup() {
	make_work
	make_samples
}

teardown() {
	remove_work
}

# flip FILE OFFSET: another byte there
flip() {
	local byte
	byte=$(od -An -tu1 -j "$2" -N 1 "$1")
	printf '%b' "\\x$(printf '%x' $((byte ^ 1)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# A file in which no two leaves are the same.
make_large() {
	seq 1 200000 >large
	truncate -s 1300000 large
}

@test "manifest: the digests are xxhsum's, and everything is found to be right" {
	expect 0 "$FAULTLINE" hash --manifest=m --leaf-size=4K "${all_samples[@]}"
	equal "$out" ""
	expect 0 "$FAULTLINE" verify m
	equal "$(grep -c ': OK$' .out)" "${#all_samples[@]}"
	equal "$(head -1 m)" "faultline-manifest 1 xxh128 leaf-size 4096"
	if command -v xxhsum >/dev/null; then
		contains "$(cat m)" " $(xxhsum -H2 <long | cut -c 1-32) long"
		contains "$(cat m)" "leaf 8192 $(tail -c +8193 long | head -c 4096 | xxhsum -H2 | cut -c 1-32)"
		contains "$(cat m)" "$(stat -c %s long) $(date -r long +%s.%N) "
	fi
	expect 0 "$FAULTLINE" verify -q m
	equal "$out$err" ""
	expect 0 "$FAULTLINE" verify - <m
	expect 0 "$FAULTLINE" verify /dev/stdin < <(cat m)
	equal "$(grep -c ': OK$' .out)" "${#all_samples[@]}"
}

@test "manifest: it does not depend on loader, threads, chunk and window size" {
	make_large
	"$FAULTLINE" hash --manifest=m --leaf-size=64K large
	for how in "-j1" "-j3 --chunk-size=4099" "--io=read --window-size=4K" \
		"--io=direct -j2" "--io=uring -j2" "--cold"; do
		# shellcheck disable=SC2086 # several options
		"$FAULTLINE" hash --manifest=- --leaf-size=64K $how large >other
		cmp m other
		# shellcheck disable=SC2086
		expect 0 "$FAULTLINE" verify $how m
	done
}

@test "verify: damage is named by leaf, neighbours are one range" {
	make_large
	"$FAULTLINE" hash --manifest=m --leaf-size=4K large plain
	for off in 0 4095 4096 700000 1299999; do
		flip large "$off"
		begin=$((off / 4096 * 4096))
		end=$((begin + 4095 > 1299999 ? 1299999 : begin + 4095))
		expect 1 "$FAULTLINE" verify m
		equal "$out" "large: damaged at bytes $begin-$end
plain: OK"
		equal "$err" "faultline verify: WARNING: 1 of 2 files not as in m"
		flip large "$off"
	done
	expect 0 "$FAULTLINE" verify m
	flip large 5000
	flip large 8192
	flip large 20480
	expect 1 "$FAULTLINE" verify m large
	equal "$out" "large: damaged at bytes 4096-12287
large: damaged at bytes 20480-24575"
	expect 1 "$FAULTLINE" verify --status m
	equal "$out$err" ""
	expect 1 "$FAULTLINE" verify -q m
	equal "$out" "large: damaged at bytes 4096-12287
large: damaged at bytes 20480-24575"
}

@test "verify: missing and extra bytes, swapped leaves" {
	make_large
	"$FAULTLINE" hash --manifest=m --leaf-size=4K large plain
	cp -p large keep
	truncate -s 1000000 large
	expect 1 "$FAULTLINE" verify m large
	equal "$out" "large: cut leaf, not checked, at bytes 999424-999999
large: missing bytes 1000000-1299999"
	truncate -s 8192 large
	expect 1 "$FAULTLINE" verify m large
	equal "$out" "large: missing bytes 8192-1299999"
	truncate -s 0 large
	expect 1 "$FAULTLINE" verify m large
	equal "$out" "large: missing bytes 0-1299999"
	cp -p keep large
	echo more >>large
	expect 1 "$FAULTLINE" verify m large
	equal "$out" "large: extra bytes 1300000-1300004"
	{ head -c 8192 keep; tail -c +12289 keep | head -c 4096; tail -c +8193 keep | head -c 4096; tail -c +16385 keep; } >large
	expect 1 "$FAULTLINE" verify m large
	equal "$out" "large: damaged at bytes 8192-16383"
	rm large
	expect 1 "$FAULTLINE" verify m
	equal "$out" "large: missing
plain: OK"
	expect 0 "$FAULTLINE" verify --ignore-missing m
	# As from sha256sum -c: it may be the wrong directory.
	mkdir elsewhere
	expect 1 env -C elsewhere "$FAULTLINE" verify --ignore-missing ../m
	equal "$err" "faultline verify: ../m: no file was verified"
	expect 1 env -C elsewhere "$FAULTLINE" verify --ignore-missing --status ../m
	equal "$out$err" ""
	mkdir large
	expect 2 "$FAULTLINE" verify m
	contains "$err" "faultline verify: large: Is a directory"
	equal "$out" "plain: OK"
}

@test "verify: a range looks at the leaves that it touches only" {
	make_large
	"$FAULTLINE" hash --manifest=m --leaf-size=4K large
	flip large 4095
	flip large 8192
	flip large 1299999
	expect 0 "$FAULTLINE" verify --range=4096:4096 m
	expect 0 "$FAULTLINE" verify --range=5000:1 m
	expect 1 "$FAULTLINE" verify --range=4095:1 m
	equal "$out" "large: damaged at bytes 0-4095"
	expect 1 "$FAULTLINE" verify --range=5000:3193 m
	equal "$out" "large: damaged at bytes 8192-12287"
	expect 1 "$FAULTLINE" verify --skip=1290000 m
	equal "$out" "large: damaged at bytes 1298432-1299999"
	expect 2 "$FAULTLINE" verify --range=1300000:1 m
	contains "$err" "no file has bytes of this range"
	expect 2 "$FAULTLINE" verify --range=1300000:1 m large
	contains "$err" "the manifest has nothing of this range"
}

@test "verify: with a range, files that ended before it are passed over" {
	make_large
	head -c 10000 large >short
	: >none
	"$FAULTLINE" hash --manifest=m --leaf-size=4K short large none
	expect 0 "$FAULTLINE" verify --range=0:4K m
	equal "$out" "short: OK
large: OK"
	expect 0 "$FAULTLINE" verify --skip=10000 m
	equal "$out" "large: OK"
	expect 0 "$FAULTLINE" verify --skip=9999 m
	equal "$out" "short: OK
large: OK"
	expect 2 "$FAULTLINE" verify --skip=10000 m large short
	equal "$out" "large: OK"
	contains "$err" "faultline verify: short: the manifest has nothing of this range"
	# What has come since may be in the range.
	head -c 20000 large >short
	expect 0 "$FAULTLINE" verify --skip=20000 m
	expect 1 "$FAULTLINE" verify --skip=19999 m
	equal "$out" "short: extra bytes 10000-19999
large: OK"
	contains "$err" "1 of 2 files"
	expect 1 "$FAULTLINE" verify --status --skip=19999 m
	equal "$out" ""
	# It need not be there.
	rm short
	expect 0 "$FAULTLINE" verify --skip=20000 m
	equal "$out" "large: OK"
	# A part that ends before the range, and before its file, cannot tell.
	"$FAULTLINE" hash --manifest=part --leaf-size=4K --range=0:8K large
	expect 2 "$FAULTLINE" verify --skip=8K part
	contains "$err" "the manifest has nothing of this range"
}

@test "verify: names of files that are not in the manifest" {
	"$FAULTLINE" hash --manifest=m plain long
	expect 2 "$FAULTLINE" verify m plain other
	equal "$out" "plain: OK"
	equal "$err" "faultline verify: other: not in m"
	expect 0 "$FAULTLINE" verify m plain long plain plain
	equal "$out" $'plain: OK\nlong: OK'
	expect 2 "$FAULTLINE" verify m other plain other
	equal "$err" "faultline verify: other: not in m"
}

@test "verify: an empty list of files is none, and one that cannot be read is not all" {
	"$FAULTLINE" hash --manifest=m plain long
	expect 0 "$FAULTLINE" verify --files-from=/dev/null m
	equal "$out" ""
	expect 2 "$FAULTLINE" verify --files-from=. m
	equal "$out" ""
	equal "$err" "faultline verify: .: Is a directory"
}

@test "verify: a manifest that is damaged itself accuses nobody" {
	"$FAULTLINE" hash --manifest=m plain long
	expect 2 "$FAULTLINE" verify plain
	equal "$err" "faultline verify: plain: at byte 0: not a manifest"
	cp m cut
	truncate -s -10 cut
	expect 2 "$FAULTLINE" verify cut
	contains "$err" "faultline verify: cut: at byte"
	equal "$out" ""
	sed 's/leaf 0 ./leaf 0 x/' m >bad
	expect 2 "$FAULTLINE" verify bad
	equal "$out" ""
	expect 2 "$FAULTLINE" verify missing
	contains "$err" "No such file or directory"
	expect 2 "$FAULTLINE" verify
	contains "$err" "no manifest given"
}

@test "manifest: files that cannot be read do not stop the others, and nothing half-written stays" {
	expect 2 "$FAULTLINE" hash --manifest=m missing plain . long
	equal "$err" "faultline hash: missing: No such file or directory
faultline hash: .: Is a directory"
	equal "$(grep -c '^file' m)" 2
	expect 0 "$FAULTLINE" verify m
	expect 2 "$FAULTLINE" hash --manifest=no/such/m plain
	contains "$err" "no/such/m: No such file or directory"
	chmod 640 m
	cp m keep
	expect 0 "$FAULTLINE" hash --manifest=m plain
	equal "$(stat -c %a m)" 640
	if [[ -e /dev/full ]]; then
		expect 2 "$FAULTLINE" hash --manifest=/dev/full plain
		contains "$err" "No space left on device"
	fi
	equal "$(ls -d m.* 2>/dev/null)" ""
}

@test "manifest: one that is replaced keeps its owner" {
	((EUID == 0)) || skip "only root can give a file away"
	expect 0 "$FAULTLINE" hash --manifest=m plain
	chmod 640 m
	chown 12345:12346 m
	expect 0 "$FAULTLINE" hash --manifest=m plain long
	equal "$(stat -c '%u:%g %a' m)" "12345:12346 640"
	equal "$(grep -c '^file' m)" 2
}

# Where $1 has a file open below $2, or nothing.
open_below() {
	local fd
	for fd in "/proc/$1/fd"/*; do
		readlink "$fd" || true
	done | grep -F "$2" | head -n 1
}

@test "manifest: a run that is killed leaves nothing" {
	local run target=
	mkdir k
	mkfifo input
	exec 8<>input
	"$FAULTLINE" hash --manifest=k/m --files-from=input >/dev/null 2>&1 3>&- 8>&- &
	run=$!
	for ((i = 0; i < 600 && ${#target} == 0; i++)); do
		target=$(open_below "$run" "$PWD/k/") || true
		sleep 0.05
	done
	kill -9 "$run"
	wait "$run" 2>/dev/null || true
	exec 8>&-
	[[ -n $target ]]
	[[ $target == *" (deleted)" ]] || { [[ $target == */.m.* ]] && skip "no O_TMPFILE here"; }
	equal "$(ls -A k)" ""
}

@test "manifest: -r leaves out the manifest itself" {
	mkdir d
	cp plain long d
	"$FAULTLINE" hash -r --manifest=d/m d
	equal "$(sed -n 's/^file .* //p' d/m)" "d/long
d/plain"
	cp d/m first
	"$FAULTLINE" hash -r --manifest=d/m d
	cmp first d/m
}

@test "manifest: -r leaves out what is being made, however the folder is called" {
	mkdir -p d/e
	cp plain long d
	cp nul d/e
	cd d
	"$FAULTLINE" hash -r --manifest=m .
	equal "$(sed -n 's/^file .* //p' m)" $'./e/nul\n./long\n./plain'
	cp m ../first
	"$FAULTLINE" hash -r --manifest=../d/m .
	cmp ../first m
	rm m
	"$FAULTLINE" hash -r --manifest=e/../m --checkpoint=e/cp --checkpoint-every=0 .
	cmp ../first m
	rm m
	find . -type f -exec printf '%s\0' {} + | sort -z | "$FAULTLINE" hash -0 --files-from=- --manifest=m
	cmp ../first m
	"$FAULTLINE" hash -r --manifest=m --range=0:8M .
	equal "$(sed -n 's/^part .* //p' m)" $'./e/nul\n./long\n./plain'
	"$FAULTLINE" hash -r --manifest=m --range=0:8M .
	equal "$(sed -n 's/^part .* //p' m)" $'./e/nul\n./long\n./plain'
}

@test "manifest: it replaces manifests only" {
	cp plain saved
	"$FAULTLINE" hash --manifest=part --leaf-size=4K --range=0:4K long
	for options in --manifest=plain "--manifest=plain long" "--manifest=plain plain" \
		"--manifest=plain --checkpoint=cp long" "--manifest=plain --range=0:8M long"; do
		# shellcheck disable=SC2086 # words
		expect 2 "$FAULTLINE" hash $options
		equal "$err" "faultline hash: plain: exists, and is no manifest"
		cmp plain saved
	done
	expect 2 "$FAULTLINE" manifest merge -o plain part
	equal "$err" "faultline manifest: plain: exists, and is no manifest"
	cp plain m.sums
	expect 2 "$FAULTLINE" hash --manifest=m --range=0:8M long
	equal "$err" "faultline hash: m.sums: exists, and is no manifest"
	cmp plain saved
	cmp m.sums saved
	[[ ! -e cp && ! -e m ]]
	equal "$(echo plain*)" plain
	: >m
	expect 0 "$FAULTLINE" hash --manifest=m plain
	# As with a second "hash --manifest=m *".
	expect 2 "$FAULTLINE" hash --manifest=m long m plain
	equal "$err" "faultline hash: m: is what the manifest is written to"
	equal "$(grep -c ^file m)" 2
}

@test "manifest: --update reads only what has another size or time" {
	make_large
	"$FAULTLINE" hash --manifest=m --leaf-size=4K large plain long
	cp m first
	expect 0 "$FAULTLINE" hash --manifest=m --update --stats large plain long
	cmp m first
	contains "$err" "bytes: 0"
	# Without names: the manifest's files.
	expect 0 "$FAULTLINE" hash --manifest=m --update
	cmp m first
	echo more >>plain
	touch -d 2001-01-01 long
	expect 0 "$FAULTLINE" hash --manifest=m --update --stats
	contains "$err" "bytes: $(($(stat -c %s plain) + $(stat -c %s long)))"
	"$FAULTLINE" hash --manifest=fresh --leaf-size=4K large plain long
	cmp m fresh
	# New files are added, others go.
	expect 0 "$FAULTLINE" hash --manifest=m --update plain nul
	"$FAULTLINE" hash --manifest=fresh --leaf-size=4K plain nul
	cmp m fresh
	expect 2 "$FAULTLINE" hash --manifest=m --update --leaf-size=8K plain
	contains "$err" "its leaves have another size"
	cmp m fresh
	rm m
	expect 2 "$FAULTLINE" hash --manifest=m --update
	expect 0 "$FAULTLINE" hash --manifest=m --update --leaf-size=4K plain nul
	cmp m fresh
}

@test "manifest: --update keeps what it knows of files that cannot be read" {
	make_large
	"$FAULTLINE" hash --manifest=m --leaf-size=4K large plain long
	cp m first
	mkdir away
	mv large plain long away
	expect 2 "$FAULTLINE" hash --manifest=m --update
	contains "$err" "faultline hash: large: No such file or directory"
	contains "$err" "faultline hash: long: No such file or directory"
	cmp m first
	expect 2 "$FAULTLINE" hash --manifest=m --update --paranoid large plain long
	cmp m first
	mv away/large away/long .
	mkdir plain
	expect 2 "$FAULTLINE" hash --manifest=m --update
	equal "$err" "faultline hash: plain: Is a directory"
	cmp m first
	rmdir plain
	mv away/plain .
	expect 0 "$FAULTLINE" verify m
	# Who wants them to go names the others.
	expect 0 "$FAULTLINE" hash --manifest=m --update large long
	equal "$(grep -c '^file' m)" 2
}

@test "manifest: --update --paranoid finds bytes that changed behind the back of the time" {
	make_large
	"$FAULTLINE" hash --manifest=m --leaf-size=4K large plain
	cp m first
	cp -p large keep
	flip large 5000
	touch -r keep large
	expect 0 "$FAULTLINE" hash --manifest=m --update
	cmp m first
	expect 1 "$FAULTLINE" hash --manifest=m --update --paranoid
	equal "$out" "large: damaged at bytes 4096-8191"
	cmp m first
	flip large 5000
	touch -r keep large
	expect 0 "$FAULTLINE" hash --manifest=m --update --paranoid --stats
	contains "$err" "bytes: $((1300000 + $(stat -c %s plain)))"
	cmp m first
}

# contradict FILE...: a manifest m in which the whole digest of the first is another one
contradict() {
	"$FAULTLINE" hash --manifest=m --leaf-size=4K "$@"
	sed -e '$d' -e "2s/ [0-9a-f]\{32\} / $(printf '%032d' 7) /" m >body
	{
		cat body
		echo "$(tail -n 1 m | cut -d ' ' -f 1-3) $("$FAULTLINE" hash --raw -a xxh3 <body | od -An -tx1 | tr -d ' \n')"
	} >other
	mv other m
}

@test "verify: a whole digest that its leaves contradict" {
	make_large
	contradict large plain
	expect 1 "$FAULTLINE" verify m
	equal "$out" "large: no leaf is damaged, but the digest of the whole file differs
plain: OK"
	expect 1 "$FAULTLINE" verify -j1 m large
	expect 1 "$FAULTLINE" verify --status m
	equal "$out$err" ""
	# What a range, or a file that is shorter, does not show.
	expect 0 "$FAULTLINE" verify --range=0:8K m large
	expect 1 "$FAULTLINE" hash --manifest=m --update --paranoid
	equal "$out" "large: no leaf is damaged, but the digest of the whole file differs"
	expect 2 "$FAULTLINE" diff m large
	contains "$err" "m: no leaf of large differs, but the digest of the whole file does"
	expect 2 "$FAULTLINE" diff -q m large
	echo >>large
	expect 1 "$FAULTLINE" verify m large
	equal "$out" "large: extra bytes 1300000-1300000
large: no leaf is damaged, but the digest of the whole file differs"
	flip large 5000
	expect 1 "$FAULTLINE" verify m large
	equal "$out" "large: damaged at bytes 4096-8191
large: extra bytes 1300000-1300000"
	expect 1 "$FAULTLINE" diff m large
	expect 1 "$FAULTLINE" diff -q m large
	contradict empty
	expect 1 "$FAULTLINE" verify m
	# Above 64 MiB, a file has all threads.
	truncate -s 68M long
	contradict long
	expect 1 "$FAULTLINE" verify m
	equal "$out" "long: no leaf is damaged, but the digest of the whole file differs"
}

# Two files that all threads read one after the other; the second one is looked at before the first is read.
make_two() {
	seq 1 700000 >unit
	for _ in {1..14}; do cat unit; done >first
	truncate -s $((68 << 20 | 100)) first
	cp first second
	"$FAULTLINE" hash --manifest=m --leaf-size=1M first second
}

# stopped_in COMMAND COMMAND...: the first one while the other one has just begun
stopped_in() {
	local change=$1 pid i
	shift
	"$@" >.out 2>.err 3>&- &
	pid=$!
	for ((i = 0; i < 6000; i++)); do
		[[ -s cp ]] || ! kill -0 $pid 2>/dev/null && break
		sleep 0.01
	done
	kill -STOP $pid || true
	wait_until stopped $pid
	# The checkpoint names the file that is being read.
	grep -qa first cp && in_time=1 || in_time=0
	eval "$change"
	kill -CONT $pid
	status=0
	wait $pid || status=$?
	((in_time)) || skip "this machine is too busy: the first file was read before it could be stopped"
}

@test "manifest: --update --paranoid accuses no file that is written to meanwhile" {
	local status in_time
	make_two
	for change in "echo more >>second" "flip second 5000000"; do
		cp m m2
		rm -f cp
		stopped_in "$change" "$FAULTLINE" hash --manifest=m2 --update --paranoid --checkpoint=cp \
			--checkpoint-every=0 --chunk-size=16K --no-progress -j2
		equal "$(cat .out .err)" ""
		equal "$status" 0
		expect 0 "$FAULTLINE" verify -q m2
		# Its time is from before: the next update reads it again. Or the other thread was late, and looked at it
		# behind the change.
		expect 0 "$FAULTLINE" hash --manifest=m2 --update --stats
		[[ $err == *$'\nbytes: '@("$(stat -c %s second)"|0)$'\n'* ]]
		cp -p m2 m
	done
}

@test "verify: a file that grows meanwhile is longer, not damaged" {
	local status i
	make_two
	for i in 1 2 3 4; do
		"$FAULTLINE" verify -j2 --chunk-size=16K --io=read m >.out 2>.err 3>&- &
		sleep "0.0$i"
		echo more >>second
		status=0
		wait $! || status=$?
		# Before its turn, while it is read, or behind it.
		case $status in
		0) equal "$(cat .out)" "first: OK"$'\n'"second: OK" ;;
		1) contains "$(cat .out)" "second: extra bytes 71303268-" ;;
		*) contains "$(cat .err)" "second: file was replaced while it was read" ;;
		esac
		[[ $(cat .out) != *damaged* && $(cat .out) != *cut* ]]
		truncate -s -5 second
	done
}

@test "manifest: options that do not go together" {
	for wrong in "-a md5" "-c" "--tag" "-z" "--raw" "--json" "--seed=1" "--paranoid" "--leaf-size=5000" \
		"--leaf-size=0" "--update --manifest=-" "--range=0:4096 --update" "--range=0:4096 --manifest=-"; do
		# shellcheck disable=SC2086 # several options
		expect 2 "$FAULTLINE" hash --manifest=m $wrong plain
		[[ ! -e m ]]
	done
	expect 2 "$FAULTLINE" hash --update plain
	expect 2 "$FAULTLINE" hash --leaf-size=4K plain
	expect 2 "$FAULTLINE" hash --manifest=m - <plain
}

@test "verify: bits flipped in a file in memory" {
	local i off begin end n=20
	make_large
	"$FAULTLINE" hash --manifest=m --leaf-size=4K large
	RANDOM=42
	for ((i = 0; i < n; i++)); do
		off=$(((RANDOM * 32768 + RANDOM) % 1300000))
		flip large "$off"
		begin=$((off / 4096 * 4096))
		end=$((begin + 4095 > 1299999 ? 1299999 : begin + 4095))
		expect 1 "$FAULTLINE" verify m
		equal "$out" "large: damaged at bytes $begin-$end"
		flip large "$off"
	done
}
