#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# transform -i: what it writes to the device, and files, disks and mounts that say no.

load helpers

setup() {
	make_work
}

teardown() {
	if [[ -d $work/small ]]; then umount "$work/small" 2>/dev/null || true; fi
	chattr -i "$work"/* 2>/dev/null || true
	remove_work
}

# $written: bytes of the pages that children made dirty, as soon as they have been waited for.
count_written() {
	local name value
	while read -r name value; do
		if [[ $name == write_bytes: ]]; then written=$value; fi
	done <"/proc/$BASHPID/io"
}

# On tmpfs nothing is ever written to a device.
needs_disk() {
	case $(stat -f -c %T .) in
	ext2/ext3 | xfs | btrfs) ;;
	*) skip "writes are not counted on this file system" ;;
	esac
	[[ -r /proc/self/io ]] || skip "/proc/self/io cannot be read"
}

# small_disk BYTES: a file system of its own in $work/small
small_disk() {
	mkdir small
	mount -t tmpfs -o "size=$1" none small 2>/dev/null || skip "no file system can be mounted here"
}

# One line of 64 bytes with the word in it per 2 MiB, 16 times.
make_sparse() {
	local i
	for i in {1..16}; do
		yes 'a line of 32 bytes, and no more' | head -c $((2 << 20))
		printf '%-62s.\n' "here a # stands"
	done >sparse
	cat sparse >/dev/null
}

@test "in place: nothing matches, not one byte goes to the device" {
	needs_disk
	make_sparse
	sync sparse
	local before edit
	for edit in --mask=nowhere y/Z/z/ s/nowhere/longer/ --delete=nowhere; do
		count_written
		before=$written
		"$FAULTLINE" transform -i "$edit" sparse >/dev/null 2>&1
		count_written
		equal "$written" "$before"
	done
}

@test "in place: a changed byte here and there writes at most 64 KiB each" {
	needs_disk
	make_sparse
	sync sparse
	local before delta options
	for options in '' --no-journal; do
		count_written
		before=$written
		# shellcheck disable=SC2086 # none or one word
		"$FAULTLINE" transform -i $options 'y/#/%/' sparse >/dev/null 2>&1
		count_written
		delta=$((written - before))
		equal "$(grep -c % sparse)" 16
		echo "$delta bytes for 16 changes: $options"
		((delta > 0 && delta <= 16 * 65536))
		"$FAULTLINE" transform -i 'y/%/#/' sparse
		sync sparse
	done
}

@test "in place: a full disk stops it before it begins, or where it can go on" {
	small_disk 1M
	seq -f 'line %.0f: Failed password for root' 8000 >small/log
	cp small/log before
	head -c 700K /dev/zero >small/ballast
	expect 2 "$FAULTLINE" transform -i s/root/somebody-else/ small/log
	contains "$err" "No space left"
	cmp before small/log
	equal "$(ls -A small)" $'ballast\nlog'
	expect 2 "$FAULTLINE" transform -i y/abcdefghijklmnopqrstuvwxy/bcdefghijklmnopqrstuvwxyz/ small/log
	contains "$err" "No space left"
	cmp before small/log
	equal "$(ls -A small)" $'ballast\nlog'
	# With room for the journal's real size, but not for the worst one.
	truncate -s 600K small/ballast
	expect 0 "$FAULTLINE" transform -i --mask='8: Failed' small/log
	sed 's/8: Failed/*********/' before | cmp - small/log
}

@test "in place: a full disk does not keep a rewrite from being rolled back" {
	small_disk 4M
	seq -f 'line %.0f: Failed password for root' 8000 >small/log
	cp small/log before
	signal_at 9 100 transform -i --sync=full --chunk-size=4K s/root/somebody/ small/log
	expect 1 cmp -s before small/log
	cat /dev/zero >small/ballast 2>/dev/null || true
	expect 0 "$FAULTLINE" recover --rollback small/log
	cmp before small/log
	equal "$(ls -A small)" $'ballast\nlog'
}

@test "in place: a mount that is read only, a file that is immutable" {
	small_disk 1M
	echo a >small/log
	mount -o remount,ro small
	expect 2 "$FAULTLINE" transform -i y/a/b/ small/log
	contains "$err" "small/log: Read-only file system"
	expect 2 "$FAULTLINE" transform -i s/a/bb/ small/log
	equal "$(<small/log)" a
	echo a >log
	chattr +i log 2>/dev/null || skip "no file can be made immutable here"
	expect 2 "$FAULTLINE" transform -i y/a/b/ log
	contains "$err" "log: immutable or append-only"
	chattr -i log
	equal "$(<log)" a
	equal "$(find . -name '.*faultline*')" ""
}

@test "in place: what has no bytes on a disk" {
	mkfifo pipe
	for file in /proc/self/comm /dev/null pipe .; do
		expect 2 "$FAULTLINE" transform -i s/a/b/ "$file"
		[[ $err == *"cannot be rewritten in place" || $err == *"Is a directory" ]]
	done
}

# Root reads everything, unless it gives that up.
@test "in place: a journal that one may not read is one" {
	local as=()
	printf 'one\ntwo\n' >file
	echo 'a journal' >.file.faultline
	chmod 0 .file.faultline
	if [[ -r .file.faultline ]]; then
		as=(setpriv "--bounding-set=-dac_override,-dac_read_search")
		"${as[@]}" true 2>/dev/null || skip "setpriv(1) cannot take rights away"
	fi
	"${as[@]}" test ! -r .file.faultline || skip "everything can be read here"
	expect 2 "${as[@]}" "$FAULTLINE" scan -c o file
	contains "$err" "was interrupted"
	expect 0 "${as[@]}" "$FAULTLINE" scan -c --ignore-journal o file
	expect 2 "${as[@]}" "$FAULTLINE" recover file
	contains "$err" "Permission denied"
	# As while a job runs.
	command -v python3 >/dev/null || return 0
	python3 -c 'import fcntl,os,struct,subprocess,sys
fd = os.open("file", os.O_RDWR)
F_OFD_SETLK = 37
fcntl.fcntl(fd, F_OFD_SETLK, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))
sys.exit(subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode)' \
		"${as[@]}" "$FAULTLINE" scan -c o file
}

@test "recover: pseudonyms need their key to be finished" {
	seq 4000 | awk '{ print "from 10.0." int($1 / 256) "." $1 % 256 " and nothing else" }' >before
	head -c 32 /dev/urandom >key
	head -c 32 /dev/urandom >other
	"$FAULTLINE" transform --redact=ipv4 --redact-style=hash --redact-key=key before >want
	expect 2 "$FAULTLINE" transform -i --redact=ipv4 --redact-style=hash --no-rollback before
	contains "$err" "redact-key"
	cp before log
	signal_at 9 30 transform -i --sync=full --chunk-size=4K --redact=ipv4 --redact-style=hash \
		--redact-key=key log
	cp log half
	expect 2 "$FAULTLINE" recover --resume log
	contains "$err" "redaction key"
	expect 2 "$FAULTLINE" recover --resume --redact-key=other log
	contains "$err" "redaction key"
	cmp half log
	cp .log.faultline kept
	expect 0 "$FAULTLINE" recover --resume --redact-key=key log
	cmp want log
	equal "$(find . -name '.*faultline*')" ""
}
