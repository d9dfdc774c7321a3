#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# faultline transform against sed and tr.

load helpers

setup() {
	make_work
	make_samples
	LC_ALL=C
	export LC_ALL
}

teardown() {
	remove_work
}

# same_edit OURS THEIRS [FILE...]: our options, sed's; on every sample
same_edit() {
	local file
	for file in "${all_samples[@]}"; do
		same_as "\"$FAULTLINE\" transform $1 $(printf %q "$file")" \
			"sed -E $2 $(printf %q "$file")"
	done
}

@test "transform: edits as sed makes them" {
	same_edit "'s/e/E/'" "'s/e/E/'"
	same_edit "'s/e/E/g'" "'s/e/E/g'"
	same_edit "'s/e/<&>/2'" "'s/e/<&>/2'"
	same_edit "'s/x*/-/g'" "'s/x*/-/g'"
	same_edit "'s|(e)(r)|\\2\\1|g'" "'s|(e)(r)|\\2\\1|g'"
	same_edit "'s/ERROR/x/gi'" "'s/ERROR/x/gI'"
	same_edit "'y/eor/EOR/'" "'y/eor/EOR/'"
	same_edit "-e 's/e/ee/g' -e 's/ee/E/2'" "-e 's/e/ee/g' -e 's/ee/E/2'"
	same_edit "--delete=error" "'/error/d'"
	same_edit "--keep=error" "-n '/error/p'"
	same_edit "--where=error 's/r/R/'" "'/error/s/r/R/'"
	same_edit "--dos2unix" "'s/\\r\$//'"
}

@test "transform: --dedup-adjacent drops what uniq drops" {
	local file cuts
	# uniq ends a last line that lacks its end, we leave it as it is: sed '$a\' ends ours, too.
	{ seq 20000 | sed 's/.$//'; printf 'same\n%.0s' {1..3000}; printf 'end\nend'; } >ten
	for file in "${all_samples[@]}" ten; do
		for cuts in "-j1 --chunk-size=4096" "-j7 --chunk-size=4099" -j2; do
			same_as "\"$FAULTLINE\" transform $cuts -e s/r.*// --dedup-adjacent $(printf %q "$file") | sed '\$a\\'" \
				"sed s/r.*// $(printf %q "$file") | uniq"
		done
	done
	same_as "\"$FAULTLINE\" transform --dedup-adjacent <ten" "uniq ten"
	cp ten copy
	"$FAULTLINE" transform --rewrite --dedup-adjacent copy
	uniq ten | cmp - copy
	expect 0 "$FAULTLINE" transform --dry-run --dedup-adjacent ten
	[[ $out == "ten: $(($(wc -l <ten) + 1 - $(uniq ten | wc -l))) matches, "*" bytes become 0, "* ]]
	# shellcheck disable=SC1010 # a word of run
	"$FAULTLINE" run keep s then transform --dedup-adjacent -- ten >got
	echo same | cmp - got
	expect 2 "$FAULTLINE" transform --dedup-adjacent --upper ten
	contains "$err" "must be the last edit"
	expect 2 "$FAULTLINE" transform --dedup-adjacent --range=0:5 ten
	expect 2 "$FAULTLINE" transform --dedup-adjacent --where=x ten
	[[ ! -e .ten.faultline ]]
}

@test "transform: several files, and a last line without its end" {
	same_as "'$FAULTLINE' transform s/o/0/g no-newline plain no-newline" \
		"sed s/o/0/g no-newline plain no-newline"
	same_as "'$FAULTLINE' transform s/o/0/g - <plain" "sed s/o/0/g <plain"
	same_as "cat plain crlf | '$FAULTLINE' transform s/o/0/g" "cat plain crlf | sed s/o/0/g"
	same_as "'$FAULTLINE' transform s/o/0/g plain missing crlf" "sed s/o/0/g plain missing crlf"
	same_as "'$FAULTLINE' transform -z 's/error\$/E/' nul" "sed -z 's/error\$/E/' nul"
	same_as "'$FAULTLINE' transform --multiline 's/^w/W/g' plain crlf" "sed 's/^w/W/' plain crlf"
	same_as "'$FAULTLINE' transform --multiline 's/two\\n//' plain" "printf 'one three\\n'"
	same_as "'$FAULTLINE' transform --upper utf8" "tr a-z A-Z <utf8"
	same_as "'$FAULTLINE' transform --lower pair" "tr A-Z a-z <pair"
}

@test "transform: one character is several bytes in UTF-8" {
	locale -a | grep -qi 'c\.utf' || skip "no C.UTF-8"
	local LC_ALL=C.UTF-8
	same_as "'$FAULTLINE' transform 's/caf./X/' utf8" "sed 's/caf./X/' utf8"
	same_as "'$FAULTLINE' transform --mask='caf.' utf8" "sed 's/caf./*****/' utf8"
	LC_ALL=C
	same_as "'$FAULTLINE' transform 's/caf./X/' utf8" "sed 's/caf./X/' utf8"
}

@test "transform: edits from a file, in order" {
	printf '# a comment\n\ns/one/1/\n  upper\ndelete=THREE\n' >edits
	equal "$("$FAULTLINE" transform --file=edits plain)" "1 TWO"
	equal "$("$FAULTLINE" transform --file=edits -e s/T/x/ plain)" "1 xWO"
	equal "$("$FAULTLINE" transform --file=- plain <edits)" "1 TWO"
	expect 2 "$FAULTLINE" transform --file=missing plain
	contains "$err" "missing: No such file"
}

@test "transform: only a range, and all is written" {
	printf 'aa\nbb\ncc\ndd\n' >four
	equal "$("$FAULTLINE" transform --range=3:4 's/$/!/' four)" $'aa\nbb!\ncc!\ndd'
	equal "$("$FAULTLINE" transform --range=4:2 's/$/!/' four)" $'aa\nbb\ncc\ndd'
	equal "$("$FAULTLINE" transform --range=0:1 --delete=. four)" $'bb\ncc\ndd'
	equal "$("$FAULTLINE" transform --skip=7 --mask=. four)" $'aa\nbb\ncc\n**'
}

@test "transform: --dry-run counts, --diff shows" {
	local before
	before=$(cat pair plain | cksum)
	expect 0 "$FAULTLINE" transform --dry-run s/error/E/g pair plain
	equal "$out" "pair: 2 matches, 2 changes: 10 bytes become 2, in 1 pages
plain: 0 matches, 0 changes: 0 bytes become 0, in 0 pages
total: 2 matches, 2 changes: 10 bytes become 2, in 1 pages"
	expect 0 "$FAULTLINE" transform --diff=1 -e s/e/E/g pair
	equal "$out" "--- pair
+++ pair
@@ byte 0 @@
-pair error error
+pair Error Error
pair: 3 matches, 3 changes: 3 bytes become 3, in 1 pages"
	expect 0 "$FAULTLINE" transform --diff --delete=ERROR pair
	contains "$out" $'@@ byte 17 @@\n-ERROR\npair:'
	equal "$(cat pair plain | cksum)" "$before"
	expect 0 "$FAULTLINE" transform --dry-run --json s/error/E/g pair plain
	contains "$out" '"schema":"faultline-transform/1"'
	contains "$out" '"new_bytes":2'
	expect 0 "$FAULTLINE" transform --stats s/error/E/g pair
	contains "$err" "pages changed: 1"
	contains "$err" "plan: literal 'error'"
}

@test "transform: wrong command lines" {
	expect 2 "$FAULTLINE" transform
	contains "$err" "no edit given"
	echo '# none' >program
	expect 2 "$FAULTLINE" transform --file=program plain
	contains "$err" "no edit given"
	expect 2 "$FAULTLINE" transform 's/a/b' plain
	contains "$err" "unterminated 's' command"
	expect 2 "$FAULTLINE" transform 's/(/b/' plain
	contains "$err" "missing closing parenthesis"
	expect 2 "$FAULTLINE" transform 's/a/\1/' plain
	contains "$err" "no reference to group 1"
	expect 2 "$FAULTLINE" transform --mask-char=ab --mask=x plain
	expect 2 "$FAULTLINE" transform --json s/a/b/ plain
	expect 2 "$FAULTLINE" transform --diff=x s/a/b/ plain
	expect 2 "$FAULTLINE" transform s/a/b/ missing
	contains "$err" "missing: No such file"
	expect 2 "$FAULTLINE" transform s/a/b/ .
	contains "$err" "Is a directory"
}

@test "transform: -o appears when it is complete" {
	"$FAULTLINE" transform s/one/1/ -o out plain
	equal "$(cat out)" $'1 two\nthree'
	equal "$(stat -c %a out)" "$(umask_mode)"
	"$FAULTLINE" transform s/one/2/ -o out plain pair
	equal "$(head -n 1 out)" "2 two"
	expect 2 "$FAULTLINE" transform s/one/3/ -o out plain missing
	equal "$(head -n 1 out)" "2 two"
	expect 2 "$FAULTLINE" transform s/one/3/ -o nowhere/out plain
	contains "$err" "nowhere/out: No such file"
	"$FAULTLINE" transform s/one/4/ -o plain plain
	equal "$(cat plain)" $'4 two\nthree'
	expect 2 "$FAULTLINE" transform s/one/3/ -o out --rewrite plain
	equal "$(find . -maxdepth 1 -name '.*.??????' | wc -l)" 0
}

umask_mode() {
	printf '%o\n' $((0666 & ~$(umask)))
}

@test "transform: --rewrite keeps what belongs to the file" {
	local before
	chmod 640 pair
	setfattr -n user.color -v blue pair 2>/dev/null && local attributes=yes
	setfacl -m u:1:r pair 2>/dev/null && local acl=yes
	before=$(stat -c '%a %u %g' pair)
	ln -s pair link
	"$FAULTLINE" transform --rewrite s/error/E/g link plain
	equal "$(head -n 1 pair)" "pair E E"
	[[ -L link ]]
	equal "$(stat -c '%a %u %g' pair)" "$before"
	[[ -z ${attributes-} ]] || equal "$(getfattr --only-values -n user.color pair)" blue
	[[ -z ${acl-} ]] || contains "$(getfacl -n pair)" "user:1:r--"
	equal "$(find . -maxdepth 1 -name '.*.??????' | wc -l)" 0
}

@test "transform: --rewrite leaves alone what does not change, and what it should not touch" {
	local before
	before=$(stat -c '%i %y' plain)
	"$FAULTLINE" transform --rewrite s/nothing/x/ plain
	equal "$(stat -c '%i %y' plain)" "$before"
	ln pair other
	expect 2 "$FAULTLINE" transform --rewrite s/error/E/ pair
	contains "$err" "pair: has 2 names (hard links)"
	rm other
	expect 2 "$FAULTLINE" transform --rewrite s/error/E/ missing . /dev/null
	contains "$err" "missing: No such file"
	contains "$err" "/dev/null: is not a regular file"
	expect 2 "$FAULTLINE" transform --rewrite s/error/E/ -
	expect 2 "$FAULTLINE" transform --rewrite s/error/E/
	"$FAULTLINE" transform --rewrite --dry-run s/error/E/ pair >/dev/null
	equal "$(head -n 1 pair)" "pair error error"
	mkdir closed && cp pair closed/ && chmod 555 closed
	if ! { touch closed/try 2>/dev/null && rm closed/try; }; then
		expect 2 "$FAULTLINE" transform --rewrite s/error/E/ closed/pair
		contains "$err" "Permission denied"
	fi
	chmod 755 closed
	if chattr +i closed/pair 2>/dev/null; then
		expect 2 "$FAULTLINE" transform --rewrite s/error/E/ closed/pair
		chattr -i closed/pair
		contains "$err" "immutable"
		equal "$(head -n 1 closed/pair)" "pair error error"
	fi
	equal "$(ls -A closed)" pair
}

@test "transform: a full disk leaves the old file, and nothing else" {
	mkdir disk
	mount -t tmpfs -o size=1m tmpfs disk 2>/dev/null || skip "cannot mount"
	head -c 700000 /dev/zero | tr '\0' 'a' >disk/file
	local before got=0
	before=$(cksum <disk/file)
	"$FAULTLINE" transform --rewrite s/a/bb/g disk/file 2>disk.err || got=$?
	local left after
	left=$(ls -A disk)
	after=$(cksum <disk/file)
	umount disk
	equal "$got" 2
	contains "$(cat disk.err)" "disk/file: No space left on device"
	equal "$after" "$before"
	equal "$left" file
}

@test "transform: a read-only file system is told" {
	mkdir disk
	mount -t tmpfs -o size=1m tmpfs disk 2>/dev/null || skip "cannot mount"
	cp pair disk/
	mount -o remount,ro disk
	local got=0
	"$FAULTLINE" transform --rewrite s/error/E/ disk/pair 2>ro.err || got=$?
	umount disk
	equal "$got" 2
	contains "$(cat ro.err)" "disk/pair: Read-only file system"
}

@test "transform: a signal leaves nothing behind" {
	head -c 30M /dev/zero | tr '\0' 'a' | fold -w 50 >many
	local before pid
	before=$(cksum <many)
	mkfifo fifo
	"$FAULTLINE" transform -o out s/a/b/g many fifo &
	pid=$!
	sleep 0.3
	kill -TERM $pid
	wait $pid || true
	[[ ! -e out ]]
	equal "$(cksum <many)" "$before"
	equal "$(find . -maxdepth 1 -name '.out*' | wc -l)" 0
}

@test "transform: --redact" {
	printf '%s\n' 'from 10.1.2.3 to fe80::1' 'alice@example.com paid 4111 1111 1111 1111' \
		'http://bob:secret@host/ id 01234567-89ab-cdef-0123-456789abcdef' >secrets
	expect 0 "$FAULTLINE" transform --redact=ipv4,email secrets
	equal "$out" 'from ******** to fe80::1
***************** paid 4111 1111 1111 1111
http://bob:secret@host/ id 01234567-89ab-cdef-0123-456789abcdef'
	expect 0 "$FAULTLINE" transform --redact=all --mask-char=x secrets
	equal "$out" 'from xxxxxxxx to xxxxxxx
xxxxxxxxxxxxxxxxx paid xxxxxxxxxxxxxxxxxxx
http://bob:xxxxxx@host/ id xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'
	echo "this is a secret key" >key
	"$FAULTLINE" transform --redact=all --redact-style=hash --redact-key=key secrets >one
	"$FAULTLINE" transform --redact=all --redact-style=hash --redact-key=key secrets >two
	cmp one two
	"$FAULTLINE" transform --redact=all --redact-style=hash secrets >three
	expect 1 cmp -s one three
	equal "$(wc -c <one)" "$(wc -c <secrets)"
	equal "$(sed -E 's/[0-9]+\.[0-9]+\.[0-9]\.[0-9]/A/;1!d;s/ to.*//' one)" "from A"
	expect 2 "$FAULTLINE" transform --redact=ipv5 secrets
	contains "$err" "'ipv5': no such thing to redact"
	expect 2 "$FAULTLINE" transform --redact=ipv4 --redact-style=hash --redact-key=/dev/null secrets
	contains "$err" "fewer than 16 bytes"
}
