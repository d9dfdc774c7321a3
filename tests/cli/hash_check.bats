#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# faultline hash -c against sha256sum -c, b2sum -c, md5sum -c and xxhsum -c.

load helpers

setup() {
	make_work
	make_samples
	printf 'bytes error\n' >$'not-utf8-\xff\xfe'
	printf 'return error\n' >$'carriage\rreturn'
	printf 'blank error\n' >' leading'
	names=("${all_samples[@]}" $'not-utf8-\xff\xfe' $'carriage\rreturn' ' leading')
	printf -v all ' %q' "${names[@]}"
	hash="'$FAULTLINE' hash"
}

teardown() {
	remove_work
}

need() {
	local program
	for program; do
		command -v "$program" >/dev/null || skip "$program is not installed"
	done
}

# same_check OPTIONS FILE: the same output, messages and success as sha256sum -c
same_check() {
	local ours=0 theirs=0
	# shellcheck disable=SC2086 # several options
	"$FAULTLINE" hash -c -a sha256 $1 "$2" >ours 2>ours.err || ours=$?
	# shellcheck disable=SC2086 # several options
	sha256sum -c $1 "$2" >theirs 2>theirs.err || theirs=$?
	cmp theirs ours
	diff <(sed 's/^sha256sum: //' theirs.err) <(sed 's/^faultline hash: //' ours.err)
	(((ours == 0) == (theirs == 0)))
}

@test "hash -c: files of coreutils, every form, every name" {
	need md5sum sha1sum sha224sum sha256sum sha384sum sha512sum b2sum
	for pair in md5:md5sum sha1:sha1sum sha224:sha224sum sha256:sha256sum sha384:sha384sum \
		sha512:sha512sum blake2b:b2sum; do
		for form in "" -b --tag; do
			some || continue
			eval "${pair#*:} $form -- $all" >sums
			same_as "$hash -c sums" "${pair#*:} -c sums"
			same_as "$hash -c -a ${pair%:*} sums" "${pair#*:} -c sums"
			eval "$hash -a ${pair%:*} $form -- $all" >sums
			same_as "$hash -c <sums" "${pair#*:} -c sums"
		done
	done
}

@test "hash -c: files of xxhsum and for xxhsum" {
	need xxhsum
	# xxhsum 0.8.1 escapes nothing: its own lines about other names cannot be checked.
	local good=(empty plain long 'a name with spaces' 'back\slash' ./-dash $'not-utf8-\xff\xfe')
	printf -v some ' %q' "${good[@]}"
	for n in 0 1 2 3; do
		for form in "" --tag "--tag --little-endian"; do
			some || continue
			eval "xxhsum -H$n $form $some" >theirs.sums 2>/dev/null
			eval "$hash -H$n $form $some" >ours.sums
			same_as "$hash -c theirs.sums" "xxhsum -c ours.sums"
			same_as "$hash -c ours.sums" "xxhsum -c theirs.sums"
		done
	done
	xxhsum -H1 --little-endian plain >theirs.sums
	expect 0 "$FAULTLINE" hash -c -H1 --little-endian theirs.sums
	equal "$out" "plain: OK"
	xxhsum -H1 <plain >theirs.sums
	expect 0 "$FAULTLINE" hash -c theirs.sums <plain
	equal "$out" "stdin: OK"
}

@test "hash -c: lines of fsverity, openssl, md5 -r, and a prefix of newer xxhsum" {
	need fsverity openssl
	fsverity digest plain long >sums
	openssl dgst -sha256 -sha256 plain >>sums
	openssl dgst -sha3-256 plain >>sums
	openssl dgst -blake2s256 plain >>sums
	printf '%s plain\n' "$(md5sum <plain | cut -d ' ' -f 1)" >>sums
	printf 'XXH3_%s  plain\n' "$("$FAULTLINE" hash plain | cut -d ' ' -f 4)" >>sums
	printf '  %s  plain\r\n' "$(sha1sum <plain | cut -d ' ' -f 1 | tr a-f A-F)" >>sums
	expect 0 "$FAULTLINE" hash -c --strict sums
	equal "$out" $'plain: OK\nlong: OK\nplain: OK\nplain: OK\nplain: OK\nplain: OK\nplain: OK\nplain: OK'
}

@test "hash -c: messages and success of sha256sum" {
	sha256sum plain long pair $'new\nline' 'back\slash' >good
	{ cat good; echo garbage; echo; echo '# comment'; } >malformed
	{ cat good; echo 00; echo 0g; } >malformed2
	sed 's/^\(.\)./\10/' good >wrong
	sed '1s/^.*$/'"$(printf '%064d' 0)"'  plain/' good >one-wrong
	{ sed 's/  plain/  absent/' good; cat malformed2 one-wrong; } >missing
	{ sed 's/  plain/  absent/; s/  long/  absent2/' good; cat wrong; } >missing2
	sed -n 's/  plain/  absent/p' good >only-missing
	: >nothing
	for list in good malformed malformed2 wrong one-wrong missing missing2 only-missing; do
		for options in "" --quiet --status --strict -w --warn --ignore-missing \
			"--quiet --strict" "--ignore-missing --quiet --warn" "--status --ignore-missing" \
			"--status --warn --strict"; do
			some || continue
			same_check "$options" "$list"
		done
	done
	same_check "" nothing
	same_check "" plain
}

@test "hash -c: the first line says whether one blank or two stand before names, as to coreutils" {
	local zero list o
	zero=$(printf '%064d' 0)
	sha256sum plain long >two
	sed 's/  / /' two >one
	for list in 'one two' 'two one' 'one one' 'two two'; do
		# shellcheck disable=SC2086 # two files
		cat $list >mixed
		sed "2s/^[0-9a-f]*/$zero/" mixed >mixed.wrong
		for o in "" --strict --quiet; do
			same_as "$hash -c -a sha256 $o mixed" "sha256sum -c $o mixed"
			same_as "$hash -c -a sha256 $o mixed.wrong" "sha256sum -c $o mixed.wrong"
		done
	done
}

@test "hash -c: exit status 0, 1 for a mismatch or a missing file, 2 for errors" {
	"$FAULTLINE" hash -a sha256 plain long >good
	sed 's/  plain/  absent/' good >missing
	sed '1s/^.*$/'"$(printf '%064d' 0)"'  plain/' good >wrong
	sed 's/  plain/  ./' good >directory
	expect 0 "$FAULTLINE" hash -c good
	expect 1 "$FAULTLINE" hash -c missing
	expect 1 "$FAULTLINE" hash -c wrong
	expect 1 "$FAULTLINE" hash -c --status good wrong good
	equal "$out$err" ""
	expect 0 "$FAULTLINE" hash -c --ignore-missing missing
	expect 2 "$FAULTLINE" hash -c directory
	contains "$err" "faultline hash: .: Is a directory"
	contains "$out" ".: FAILED open or read"
	expect 2 "$FAULTLINE" hash -c not-there wrong
	contains "$err" "faultline hash: not-there: No such file or directory"
	expect 2 "$FAULTLINE" hash -c plain
	equal "$err" "faultline hash: plain: no properly formatted checksum lines found"
	expect 2 "$FAULTLINE" hash -c .
}

@test "hash -c: a list on standard input that names standard input" {
	"$FAULTLINE" hash -a sha256 - <plain >list
	expect 0 "$FAULTLINE" hash -c list <plain
	equal "$out" "-: OK"
	same_as '"$FAULTLINE" hash -a sha256 -c <list' 'sha256sum -c <list' 2
	"$FAULTLINE" hash -a sha256 long pair >>list
	same_as '"$FAULTLINE" hash -a sha256 -c - <list' 'sha256sum -c - <list'
	# What reads a pipe takes the lines that have not been read.
	for _ in {1..20}; do cat list; done >longer
	same_as 'cat longer | "$FAULTLINE" hash -a sha256 -c' 'cat longer | sha256sum -c'
	expect 1 "$FAULTLINE" hash -c --strict <list
	contains "$err" "1 line is improperly formatted"
	"$FAULTLINE" hash -H1 - <plain >list
	equal "$(cut -c 19- list)" stdin
	expect 0 "$FAULTLINE" hash -c list <plain
	expect 2 "$FAULTLINE" hash -c <list
	equal "$err" "faultline hash: (standard input): no properly formatted checksum lines found"
	# There, it is the name of a file.
	cp plain stdin
	"$FAULTLINE" hash -a md5 --tag stdin >list
	expect 0 "$FAULTLINE" hash -c <list
}

@test "hash -c: lines that do not say their algorithm" {
	# 64 digits are SHA-256, SHA-512/256, SHA3-256 or BLAKE2s: the first that matches is kept.
	"$FAULTLINE" hash -a sha3-256 plain >sums
	"$FAULTLINE" hash -a sha256 long >>sums
	"$FAULTLINE" hash -a sha3-256 pair >>sums
	"$FAULTLINE" hash -a md5 pair >>sums
	"$FAULTLINE" hash -a crc32c pair >>sums
	for how in -j1 -j2 -j7; do
		expect 1 "$FAULTLINE" hash -c $how sums
		equal "$out" $'plain: OK\nlong: FAILED\npair: OK\npair: OK\npair: OK'
	done
	# -a decides, and what is no digest of that length is not understood.
	expect 1 "$FAULTLINE" hash -c -w -a sha256 sums
	equal "$out" $'plain: FAILED\nlong: OK\npair: FAILED'
	contains "$err" "sums: 4: improperly formatted SHA256 checksum line"
	expect 1 "$FAULTLINE" hash -c -a sha3-256 -a sha256 -a md5 -a crc32c sums
	equal "$out" $'plain: OK\nlong: FAILED\npair: OK\npair: OK\npair: OK'
	# A mismatch before the first match decides nothing.
	{ printf '%064d  plain\n' 0; "$FAULTLINE" hash -a blake2s plain long; } >sums
	expect 1 "$FAULTLINE" hash -c sums
	equal "$out" $'plain: FAILED\nplain: OK\nlong: OK'
	# The empty file has the same CRC32 and CRC32C, whatever the others have.
	for alg in crc32 crc32c; do
		"$FAULTLINE" hash -a $alg empty plain long >sums3
		expect 0 "$FAULTLINE" hash -c sums3
		equal "$out" $'empty: OK\nplain: OK\nlong: OK'
	done
	# Every file of digests begins anew.
	"$FAULTLINE" hash -a sha256 plain >sums2
	expect 1 "$FAULTLINE" hash -c sums sums2
	equal "$out" $'plain: FAILED\nplain: OK\nlong: OK\nplain: OK'
}

@test "hash -c: seeds, salts and block sizes come from the options" {
	"$FAULTLINE" hash -H1 --seed=7 plain >seeded
	expect 1 "$FAULTLINE" hash -c seeded
	expect 0 "$FAULTLINE" hash -c --seed=7 seeded
	"$FAULTLINE" hash -a fsverity --salt=aa --block-size=1K long >salted
	expect 1 "$FAULTLINE" hash -c salted
	expect 0 "$FAULTLINE" hash -c --salt=aa --block-size=1K salted
}

@test "hash -c: BLAKE2b of other lengths is an error that names the line" {
	need b2sum
	b2sum --tag plain >sums
	b2sum --tag -l 256 plain >>sums
	b2sum --tag -l 8 -- $'new\nline' >>sums
	expect 2 "$FAULTLINE" hash -c sums
	equal "$out" "plain: OK"
	equal "$err" "faultline hash: sums: 2: BLAKE2b of 256 bits cannot be computed, only of 512
faultline hash: sums: 3: BLAKE2b of 8 bits cannot be computed, only of 512"
	expect 2 "$FAULTLINE" hash -c --status sums
	# Where -a says it, the line need not.
	b2sum -l 160 plain >sums
	expect 2 "$FAULTLINE" hash -c -a blake2b sums
	equal "$err" "faultline hash: sums: 1: BLAKE2b of 160 bits cannot be computed, only of 512"
	# What b2sum does not know either.
	printf 'BLAKE2b-12 (plain) = 123\nBLAKE2b-16 (plain) = 123456\nBLAKE2b-08 (plain) = 12\n' >sums
	expect 2 "$FAULTLINE" hash -c sums
	contains "$err" "no properly formatted checksum lines found"
}

@test "hash -c: many files, in order, by many threads" {
	for ((i = 0; i < 700; i++)); do printf 'file %d\n' $i >"f$i"; done
	"$FAULTLINE" hash -a sha256 f? f?? f??? >sums
	equal "$(sha256sum f? f?? f???)" "$(cat sums)"
	for ((i = 0; i < 700; i += 97)); do echo changed >"f$i"; done
	for how in -j1 -j2 -j5; do
		same_as "$hash -c $how sums" "sha256sum -c sums"
	done
}
