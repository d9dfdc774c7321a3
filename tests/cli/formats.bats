#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# scan and count of files that gzip, xz, bzip2 and lz4 made: what DECOMPRESSOR -dc FILE | grep prints.

load helpers

setup() {
	make_work
	seq 1 60000 >log
}

teardown() {
	remove_work
}

# Calls $1 with each program that is here and that this build can read the format of.
each_format() {
	local tool done=0
	for tool in gzip xz bzip2 lz4; do
		command -v $tool >/dev/null || continue
		echo text | $tool -c >try
		if ! "$FAULTLINE" count -l try >/dev/null 2>message; then
			contains "$(cat message)" "is compressed by $tool, which this build cannot read"
			expect 0 "$FAULTLINE" count -c --decompress=never try
			continue
		fi
		"$1" $tool
		done=$((done + 1))
	done
	((done > 0)) || skip "this build reads no other formats, or none of the programs is here"
}

prints_what_grep_prints() {
	local how
	$1 -c log >x
	for how in -j1 '-j3 --chunk-size=20011'; do
		some || continue
		same_as "\$FAULTLINE scan $how -n -b 'error|fail|9$' x" "grep -P -n -b 'error|fail|9$' log"
		same_as "\$FAULTLINE scan $how -c -v 1 x" "grep -c -v 1 log"
	done
	same_as "\$FAULTLINE scan -n -A2 -B1 -m 50 '[24]7$' x" "grep -P -n -A2 -B1 -m 50 '[24]7$' log"
	same_as "\$FAULTLINE scan -o '1+' - <x" "grep -P -o '1+' log"
	same_as "cat x | \$FAULTLINE scan -n 77" "grep -n 77 log"
	same_as "(head -c 3 x; sleep 0.1; tail -c +4 x) | \$FAULTLINE scan -c 77" "grep -c 77 log"
	equal "$("$FAULTLINE" count -lwc <x | xargs)" "$(wc -lwc <log | xargs)"
	equal "$("$FAULTLINE" hash -a sha256 x)" "$(sha256sum x)"
	same_as "\$FAULTLINE scan --range=100000:50000 -b 7 x" "\$FAULTLINE scan --range=100000:50000 -b 7 log"
	same_as "\$FAULTLINE scan --range=100000:50000 -nb 7 x" "\$FAULTLINE scan --range=100000:50000 -nb 7 log"
}

@test "formats: scan prints what grep prints" {
	each_format prints_what_grep_prints
}

gives_back_the_name() {
	local end=$1
	case $1 in gzip) end=gz ;; bzip2) end=bz2 ;; esac
	$1 -c log >"a.$end"
	cp "a.$end" "b.t$end"
	expect 0 "$FAULTLINE" decompress -q "a.$end" "b.t$end"
	cmp a log
	cmp b.tar log
	rm a b.tar
}

takes_members() {
	: >none
	{ $1 -c none; head -n 1000 log | $1 -c; tail -n +1001 log | $1 -c; $1 -c none; } >x
	same_as "\$FAULTLINE scan -n -b 7 x" "grep -n -b 7 log"
	same_as "cat x | \$FAULTLINE scan -n -b 7" "grep -n -b 7 log"
	$1 -c none >x
	expect 1 "$FAULTLINE" scan x x
	equal "$("$FAULTLINE" count -c x)" "0 x"
}

@test "formats: decompress knows what the file is to be called" {
	each_format gives_back_the_name
}

@test "formats: several members, and empty ones" {
	each_format takes_members
}

# What was printed before a file's early end is how the text begins; wrong bytes are noticed later.
names_the_damage() {
	local at size
	$1 -c log >x
	size=$(stat -c %s x)
	for at in $((size - 1)) $((size - 3)) $((size / 2)) 20; do
		head -c $at x >short
		expect 2 "$FAULTLINE" scan -c 7 short
		contains "$err" "faultline scan: short: at byte $at: the file ends in the middle of $1 data"
		expect 2 "$FAULTLINE" scan 7 short
		head -c "$(stat -c %s .out)" <(grep 7 log) | cmp - .out
	done
	for at in $((size / 3)) $((size / 2)); do
		cp x bad
		dd if=/dev/zero of=bad bs=1 seek=$at count=40 conv=notrunc 2>/dev/null
		expect 2 "$FAULTLINE" scan 7 bad
		[[ $err =~ faultline\ scan:\ bad:\ at\ byte\ [0-9]+:\ $1:\  ]]
	done
	{ cat x; echo "garbage, and more of it"; } >trailing
	expect 2 "$FAULTLINE" scan -c 7 trailing
	[[ $err =~ faultline\ scan:\ trailing:\ at\ byte\ [0-9]+:\ $1:\  ]]
}

@test "formats: damage is status 2, and named" {
	each_format names_the_damage
}

# The last bytes of gzip's are the length, before them is a CRC-32.
@test "formats: gzip's checksums are looked at, zeros behind it are not" {
	local at size
	gzip -c log >x
	"$FAULTLINE" count -l x >/dev/null 2>&1 || skip "this build cannot read gzip's files"
	size=$(stat -c %s x)
	for at in $((size - 2)) $((size - 6)); do
		cp x bad
		printf '\x99' | dd of=bad bs=1 seek=$at conv=notrunc 2>/dev/null
		expect 2 "$FAULTLINE" scan -c 7 bad
		[[ $err =~ bad:\ at\ byte\ [0-9]+:\ gzip:\  ]]
	done
	{ cat x; head -c 700 /dev/zero; } >padded
	same_as "\$FAULTLINE scan -c 7 padded" "grep -c 7 log"
}

stays_small() {
	local peak
	head -c 100M /dev/zero | tr '\0' '\n' | $1 -c >x
	peak=$("$FAULTLINE" count -l --stats x 2>&1 >/dev/null | sed -n 's/^peak RssAnon: //p')
	((peak < 64 << 20))
}

@test "formats: memory does not grow with the text" {
	[[ ${FL_SANITIZERS-} ]] && skip "a sanitizer's memory is its own"
	some || skip "in the full run only"
	each_format stays_small
}

@test "formats: text that only looks like theirs" {
	local text
	for text in 'BZh9 is how bzip2 begins' 'BZh91AY' $'\x1f\x8b' $'\xfd7zX' $'\x04\x22'; do
		echo "$text" >file
		expect 0 "$FAULTLINE" scan -ac . file
		equal "$("$FAULTLINE" count -c file)" "$(stat -c %s file) file"
	done
}

# $1 makes files of several pieces, which threads decode apart: blocks of bzip2, xz and lz4, and members
# that tell their length (BGZF).
several_threads() {
	local how
	case $1 in
	gzip)
		command -v bgzip >/dev/null || return 0
		bgzip -c log >x
		;;
	bzip2) { bzip2 -1 -c log && head -n 9 log | bzip2 -c; } >x ;;
	xz) { xz -0 --block-size=30000 -c log && head -n 9 log | xz -c; } >x ;;
	lz4) { lz4 -qc -B4 log && head -n 9 log | lz4 -qc; } >x ;;
	esac
	"$1" -dc x >plain
	for how in -j1 -j2 '-j7 --chunk-size=20011'; do
		same_as "\$FAULTLINE scan $how -n -b 'error|fail|9$' x" "grep -P -n -b 'error|fail|9$' plain"
	done
	same_as "\$FAULTLINE scan -j3 --range=100000:50000 -b 7 x" "\$FAULTLINE scan --range=100000:50000 -b 7 plain"
	same_as "\$FAULTLINE scan -j3 -m 3 7 x x" "\$FAULTLINE scan -j1 -m 3 7 x x"
	equal "$("$FAULTLINE" count -lwc -j3 <x | xargs)" "$(wc -lwc <plain | xargs)"
	# Of xz the last stream's index tells of pieces.
	[[ $1 != xz ]] || xz -0 --block-size=30000 -c log >x
	expect 0 "$FAULTLINE" scan --stats -j2 -c 7 x
	contains "$err" "loader: read (compressed: a stream is read in order, 2 threads decode pieces of it)"
	expect 0 "$FAULTLINE" scan --stats -j2 -c 7 - < <(cat x)
	contains "$err" "loader: read (compressed: a stream is read in order, one thread decodes it)"
}

@test "formats: pieces are decoded by several threads" {
	each_format several_threads
}

@test "formats: hash is that of the file, run decompress then hash that of the text" {
	local text
	text=$(sha256sum <log)
	digests_differ() {
		$1 -c log >x
		equal "$("$FAULTLINE" hash -a sha256 x)" "$(sha256sum x)"
		"$FAULTLINE" run decompress 'then' hash -a sha256 -- x 2>&1 | grep -q "${text%% *}"
		"$FAULTLINE" decompress -c x | cmp - log
		"$FAULTLINE" decompress -qt x
	}
	each_format digests_differ
}
