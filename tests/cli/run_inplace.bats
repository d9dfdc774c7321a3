#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC1010 # "then" stands between stages
# run -i: what the stages that edit make of a file is stored in it, and the stages that look say what
# the separate commands say.
load helpers

setup() {
	make_work
	export LC_ALL=C
}

teardown() {
	remove_work
}

fl() {
	"$FAULTLINE" "$@"
}

# digest FILE
digest() {
	fl hash -a xxh3 <"$1" | sed 's/.*= //'
}

# separately FILE: what the commands of in_one() make of it, in new, and say, in want
separately() {
	fl transform --redact=ipv4 "$1" >masked
	fl transform --keep=a masked >kept
	fl transform 's/sshd/S/g' kept >new
	{
		digest "$1"
		wc -lc <masked | awk '{ print $1, $2 }'
		sha256sum <kept | cut -d' ' -f1
		grep -ac S new || :
	} >want
	cp new want.copy
}

# in_one FILE [OPTION...]
in_one() {
	fl run "${@:2}" hash -a xxh3 then transform --redact=ipv4 then count -lc then keep a \
		then hash -a sha256 then transform 's/sshd/S/g' then write copy then scan -ac S \
		--in-place -- "$1" >results
	sed -n 's/^\[1\] hash: .*= //p; s/^\[3\] count: *\([0-9]*\)  *\([0-9]*\) .*/\1 \2/p
		s/^\[5\] hash: \([0-9a-f]*\).*/\1/p; s/^\[8\] scan: //p' results | cmp - want
	cmp "$1" new
	cmp copy want.copy
	equal "$(find . -name '.*faultline*')" ""
}

@test "run -i: dedup-adjacent is the last edit, whatever chunks begin with" {
	local options
	{ seq 30000 | sed 's/..$//' && yes DEBUG | head -20000 && yes x | head -20000; } >before
	sed '/DEBUG/d; s/1/one/g' before | uniq >want
	for options in "-j1 --chunk-size=4099" "-j7 --chunk-size=64K" "-j2 --no-journal"; do
		cp before file
		# shellcheck disable=SC2086 # options are words
		fl run $options delete DEBUG then transform -e s/1/one/g --dedup-adjacent then count -l \
			--in-place -- file >counted
		cmp want file
		grep -q "^\[3\] count: *$(wc -l <want) " counted
	done
	expect 2 fl run -i transform --dedup-adjacent then transform y/a/b/ -- file
	contains "$err" "dedup-adjacent must be the last edit"
	cmp want file
	equal "$(find . -name '.*faultline*')" ""
}

@test "run -i: the file, and what the taps say, are those of separate commands" {
	local io threads chunk inode
	"$LOGGEN" --size=700K --seed=11 >real
	cp real file
	separately file
	(($(grep -c S new) > 100))
	inode=$(stat -c %i file)
	for io in auto mmap read direct uring; do
		for threads in 1 2 7; do
			for chunk in 4K 4099 8M; do
				some || continue
				cp real file
				in_one file "--io=$io" "-j$threads" "--chunk-size=$chunk" --sync=none
			done
		done
	done
	equal "$(stat -c %i file)" "$inode"
}

@test "run -i: small and nasty files" {
	local file how
	"${abs_top_builddir:?}/tests/property/nasty_dump" 1
	: >empty
	for file in text* empty; do
		some || continue
		separately "$file"
		cp "$file" before
		for how in -j2 "-j7 --chunk-size=4099 --io=mmap"; do
			cp before "$file"
			# shellcheck disable=SC2086 # words
			in_one "$file" $how --sync=none
		done
	done
}

@test "run -i: a tap sees what was there, however little the edit changes" {
	local chunk
	# Lines that cross every chunk, so that one chunk's changes stand in the next one's bytes.
	awk 'BEGIN { for (i = 0; i < 9000; i++) printf "%0*d abcabc\n", i * 37 % 900, i }' >before
	for chunk in 4K 4099 64K; do
		cp before file
		fl run -i -j7 "--chunk-size=$chunk" --sync=none hash -a xxh3 then scan -c abc then \
			hash -a md5 then transform 'y/abc0/bcaO/' then hash -a xxh3 -- file >results
		tr abc0 bcaO <before | cmp - file
		equal "$(sed -n 's/^\[1\].*= //p' results)" "$(digest before)"
		contains "$(<results)" "$(md5sum <before | cut -d' ' -f1)"
		equal "$(sed -n 's/^\[5\].*= //p' results)" "$(digest file)"
		equal "$(sed -n 's/^\[2\] scan: //p' results)" 9000
	done
}

@test "run -i: several files, a suffix, --json, options behind the last stage" {
	printf 'a\nb\n' >one
	printf 'c\na\n' >two
	expect 0 fl run hash -a md5 then transform 's/a/xx/' --in-place=.old -- one two
	contains "$out" "in place: 4 bytes became 5  two"
	equal "$(<one)" $'xx\nb'
	printf 'a\nb\n' | cmp - one.old
	contains "$err" "total: 2 files, 8 bytes"
	expect 0 fl run delete xx then keep . -i -- one
	equal "$(<one)" b
	expect 0 fl run --json -i delete x then count -l -- two
	python3 - "$out" <<-'PY'
		import json, sys
		file = json.loads(sys.argv[1])["files"][0]
		assert file["in_place"]["old_bytes"] == 5 and file["in_place"]["new_bytes"] == 2, file
		assert file["stages"][1]["lines"] == 1
	PY
	# Behind scan, -i is grep's.
	printf 'a\nB\n' >one
	expect 0 fl run transform 's/a/b/' then scan -c b -i -- one
	equal "$(<one)" $'a\nB'
	contains "$out" "[2] scan: 2"
}

@test "run -i: what cannot be done in place is refused by the stage's name" {
	local stage
	echo text >file
	for stage in "compress" "decompress" "exec cat" "head -n 1" "tail" "slice --lines=1:2" \
		"sample --every=2"; do
		# shellcheck disable=SC2086 # words
		expect 2 fl run -i hash then $stage then transform s/t/T/ -- file
		contains "$err" "stage 2 (${stage%% *}): cannot be done in place"
	done
	expect 2 fl run -i hash then count -- file
	contains "$err" "no stage edits"
	expect 2 fl run -i transform s/t/T/ -o out -- file
	contains "$err" "-i and -o exclude each other"
	expect 2 fl run -i --part=1/2 transform s/t/T/ -- file
	expect 2 fl run -i --range=1:2 transform s/t/T/ -- file
	contains "$err" "whole files"
	expect 2 fl run -i --no-rollback transform --redact=ipv4 --redact-style=hash -- file
	contains "$err" "stage 1 (transform): --no-rollback"
	expect 2 fl run -i transform s/t/T/ -- - <file
	contains "$err" "standard input cannot be edited in place"
	expect 2 fl run hash then transform -i s/t/T/ then count -- file
	equal "$(<file)" text
}

@test "run -i: --plan says what is stored, and does nothing" {
	echo text >file
	expect 0 fl run --plan hash -a md5 then transform y/t/T/ then count then delete q -i -- file
	contains "$out" "in place: file := stage 2, then stage 4, as one edit on all threads"
	contains "$out" "1 hash -a md5: waits for order"
	contains "$out" "2 transform y/t/T/: fused, on all threads; edits in place; feeds segment 2"
	contains "$out" "4 delete q: fused, on all threads; edits in place"
	equal "$(<file)" text
}

@test "run -i: a stage that fails leaves the file alone where lengths change" {
	"$LOGGEN" --size=3M --seed=5 >before
	cp before file
	expect 2 fl run -i transform 's/sshd/S/' then write /dev/full then count -- file
	expect 2 fl run -i transform 's/sshd/S/' then write no/such/place -- file
	cmp before file
	equal "$(find . -name '.*faultline*')" ""
	expect 0 fl transform 's/sshd/S/' before
	expect 2 fl run -i scan -e '(a*)*b(a+)+$' -o then transform 's/(x+x+)+y/S/' -- nosuchfile
}

@test "run -i: a journal that may not become as large as it could lets the taps see the file once" {
	"$LOGGEN" --size=3M --seed=5 >before
	cp before file
	expect 0 fl run -i --journal-max=100K scan -n 'Failed password' then \
		transform 's/Failed password/FAILED PASSWORD/' -- file
	grep -n 'Failed password' before | cmp - .out
	sed 's/Failed password/FAILED PASSWORD/' before | cmp - file
}

@test "run -i: killed, refused by every verb, and recovered" {
	local action
	"$LOGGEN" --size=2M --seed=7 >before
	sed 's/sshd/SESSION/g' before | tr a A >after
	for action in --rollback --resume; do
		cp before file
		signal_at 9 200 run -i --sync=full --chunk-size=4K hash then transform 's/sshd/SESSION/g' \
			then count then transform y/a/A/ -- file >/dev/null
		expect 2 fl run -i transform s/a/b/ -- file
		contains "$err" recover
		expect 2 fl run hash -- file
		expect 0 fl recover $action file
		if [[ $action == --rollback ]]; then
			cmp before file
		else
			cmp after file
		fi
		equal "$(find . -name '.*faultline*')" ""
	done
}

@test "run -i: the first signal ends a rewrite where recover can go on" {
	"$LOGGEN" --size=2M --seed=7 >before
	cp before file
	signal_at 15 20 run -i --sync=full --chunk-size=4K hash then transform y/a/A/ -- file >/dev/null 2>.err
	contains "$(<.err)" "half of it is rewritten: faultline recover --resume or --rollback"
	expect 0 fl recover --resume file
	tr a A <before | cmp - file
}
