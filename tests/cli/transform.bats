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
