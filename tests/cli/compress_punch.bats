#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# compress --punch: the file is freed while it is compressed; what stands in its way, and recover.

load helpers

setup() {
	command -v zstd >/dev/null || skip "zstd is not installed"
	make_work
	export LC_ALL=C
}

teardown() {
	local place
	for place in "$work"/disk "$work"/store; do
		if [[ -d $place ]]; then umount "$place" 2>/dev/null || true; fi
	done
	chattr -ia "$work"/* 2>/dev/null || true
	remove_work
}

# make_log BYTES: lines that compress to a half
make_log() {
	head -c "$1" /dev/urandom | base64 -w 72 | sed 's/$/ the same/' | head -c "$1" >log
	cp log before
	head -c 8192 /dev/zero >hole
	fallocate -p -o 0 -l 4096 hole 2>/dev/null || skip "blocks of files cannot be freed here"
	rm hole
}

# What is in the directory, but for what expect() makes.
names() {
	ls -A -I .err -I .out
}

# is_log FILE.zst
is_log() {
	zstd -q -dc "$1" | cmp - before
}

@test "compress --punch: zstd reads what it makes, and the file is gone" {
	make_log 3000000
	chmod 640 log
	touch -d '2001-02-03 04:05:06.789' log before
	expect 0 "$FAULTLINE" compress --punch --stats --frame-size=64K log
	contains "$err" "old bytes: 3000000"
	contains "$err" "bytes freed meanwhile: 2621440"
	is_log log.zst
	equal "$(names)" $'before\nlog.zst'
	equal "$(stat -c '%a %Y' log.zst)" "640 $(stat -c %Y before)"
	"$FAULTLINE" compress -q --frame-size=64K -c before | cmp - log.zst
}

@test "compress --punch: levels, lines, dictionaries, names, nothing" {
	make_log 700000
	head -c 20000 before >dict
	local how
	for how in -1 '-19 --frame-size=100000' '--align-lines --frame-size=20K' '--long=20 -j3' \
		'--io=read' '--io=direct --chunk-size=4097 --frame-size=4097'; do
		cp before log
		# shellcheck disable=SC2086 # words
		expect 0 "$FAULTLINE" compress --punch -f -q $how log
		is_log log.zst
	done
	cp before log
	expect 0 "$FAULTLINE" compress --punch -q -D dict --frame-size=64K -o 'an other' log
	zstd -q -dc -D dict 'an other' | cmp - before
	: >empty
	expect 0 "$FAULTLINE" compress --punch -q empty
	equal "$(zstd -dc <empty.zst | wc -c)" 0
	[[ ! -e log && ! -e empty ]]
}

@test "compress --punch: what it does not do, before anything is written" {
	make_log 200000
	local before_names
	touch taken
	ln -s log link
	mkfifo fifo
	before_names=$(names)
	expect 2 "$FAULTLINE" compress --punch -k log
	contains "$err" "-k"
	expect 2 "$FAULTLINE" compress --punch -c log
	contains "$err" "-c"
	expect 2 "$FAULTLINE" compress --punch -t log
	expect 2 "$FAULTLINE" compress --punch --range=0:5 log
	contains "$err" "range"
	expect 2 "$FAULTLINE" compress --punch -o out log before
	expect 2 "$FAULTLINE" compress --punch - <log
	contains "$err" "no blocks"
	expect 2 "$FAULTLINE" compress --punch link
	contains "$err" "symbolic link"
	expect 2 "$FAULTLINE" compress --punch fifo
	contains "$err" "not a regular file"
	expect 2 "$FAULTLINE" compress --punch .
	expect 2 "$FAULTLINE" compress --punch nowhere
	contains "$err" "No such file"
	expect 2 "$FAULTLINE" compress --punch -o taken log
	contains "$err" "already exists"
	expect 2 "$FAULTLINE" compress --punch -f -o log log
	contains "$err" "its own output"
	expect 2 "$FAULTLINE" compress --punch -o /dev/null log
	contains "$err" "not a regular file"
	expect 2 "$FAULTLINE" compress --punch -o nowhere/out log
	ln log other
	expect 2 "$FAULTLINE" compress --punch log
	contains "$err" "hard links"
	rm other
	exec 7<>log
	expect 2 "$FAULTLINE" compress --punch log 7>&-
	contains "$err" "others have it open"
	exec 7>&-
	if chattr +i log 2>/dev/null; then
		expect 2 "$FAULTLINE" compress --punch log
		contains "$err" "immutable"
		chattr -i log
	fi
	cmp log before
	equal "$(names)" "$before_names"
}

# kill_it SECONDS WORD...: the program is killed after a while
kill_it() {
	local wait=$1 rc=0
	shift
	"$FAULTLINE" "$@" >/dev/null 2>&1 &
	sleep "$wait"
	kill -9 $! 2>/dev/null || true
	wait $! 2>/dev/null || rc=$?
}

@test "compress --punch: killed at any moment, recover --resume finishes it" {
	make_log 4000000
	local round how
	for round in 1 2 3 4 5 6; do
		some || continue
		rm -f log.zst
		cp before log
		how=-1
		((round % 2)) || how=--align-lines
		kill_it "0.0$round" compress --punch -q $how --frame-size=16K log
		if [[ -e .log.faultline && -e log ]]; then
			kill_it "0.0$((7 - round))" recover --resume log
		fi
		if [[ -e .log.faultline ]]; then
			expect 0 "$FAULTLINE" recover --resume log
		fi
		# Killed before there was a journal.
		if [[ -e log ]]; then
			cmp log before
			equal "$(names)" $'before\nlog'
			continue
		fi
		is_log log.zst
		equal "$(names)" $'before\nlog.zst'
	done
	rm -f log.zst
	cp before log
	signal_at 9 40 compress --punch -q -1 --frame-size=16K log
	signal_at 9 20 recover --resume log
	expect 0 "$FAULTLINE" recover --resume log
	is_log log.zst
	equal "$(names)" $'before\nlog.zst'
}

# A disk that has room for less than the output. Its journal is there when this returns.
stop_half_way() {
	mkdir store
	mount -t tmpfs -o size=600K none store 2>/dev/null || skip "no file system can be mounted here"
	expect 2 "$FAULTLINE" compress --punch --frame-size=16K -o store/out log
}

@test "compress --punch: a full disk leaves what recover --resume finishes when there is room" {
	make_log 3000000
	stop_half_way
	contains "$err" "No space left"
	contains "$err" "make room, then: faultline recover --resume"
	expect 0 "$FAULTLINE" recover log
	contains "$out" "an interrupted compression"
	contains "$out" "of 3000000 bytes are in what becomes $work/store/out; --resume"
	local verb
	for verb in count hash 'scan x' compress 'compress --punch'; do
		# shellcheck disable=SC2086 # words
		expect 2 "$FAULTLINE" $verb log
		contains "$err" "recover"
	done
	expect 0 "$FAULTLINE" count -l --ignore-journal log
	expect 2 "$FAULTLINE" recover --rollback log
	contains "$err" "blocks of it have been freed: only --resume is left"
	expect 2 "$FAULTLINE" recover --resume log
	contains "$err" "No space left"
	mount -o remount,size=4M store
	echo "a line more" | tee -a log >>before
	expect 0 "$FAULTLINE" recover --resume log
	contains "$out" "compressed: it is gone"
	is_log store/out
	[[ ! -e log && ! -e .log.faultline ]]
	equal "$(ls -A store)" out
}

@test "compress --punch: after a crash, a file that someone else has written to is left alone" {
	make_log 3000000
	stop_half_way
	mount -o remount,size=4M store
	cp --sparse=always log saved
	: >log
	expect 2 "$FAULTLINE" recover --resume log
	contains "$err" "someone else"
	[[ -e .log.faultline && ! -s log ]]
	cat saved >log
	printf x | dd of=log bs=1 seek=4096 conv=notrunc status=none
	expect 2 "$FAULTLINE" recover --resume log
	contains "$err" "someone else has written here"
	cat saved >log
	expect 0 "$FAULTLINE" recover --resume log
	is_log store/out
}

@test "compress --punch: a nearly full disk that has no room for both" {
	((EUID == 0)) || skip "only root can mount a disk"
	command -v mkfs.ext4 >/dev/null || skip "mkfs.ext4 is not installed"
	truncate -s 12M image
	mkfs.ext4 -q -F -b 1024 -m 0 image
	mkdir disk
	mount -o loop image disk 2>/dev/null || skip "no loop device can be mounted here"
	make_log 8000000
	cp log disk/log
	sync disk/log
	expect 2 "$FAULTLINE" compress -q disk/log
	contains "$err" "No space left"
	cmp disk/log before
	expect 0 "$FAULTLINE" compress --punch -q --frame-size=128K disk/log
	is_log disk/log.zst
	equal "$(ls disk)" $'log.zst\nlost+found'
}

@test "compress --punch: a file system that frees no blocks is told before anything is written" {
	((EUID == 0)) || skip "only root can mount a disk"
	command -v mkfs.vfat >/dev/null || skip "mkfs.vfat is not installed"
	truncate -s 8M image
	mkfs.vfat image >/dev/null
	mkdir disk
	mount -o loop image disk 2>/dev/null || skip "no loop device, or no vfat, here"
	seq 10000 >disk/log
	expect 2 "$FAULTLINE" compress --punch disk/log
	contains "$err" "cannot free blocks"
	seq 10000 | cmp - disk/log
	equal "$(ls -A disk)" log
}
