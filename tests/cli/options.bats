#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Options, sizes, help, version, exit status, standard output that fails.

load helpers

setup() {
	make_work
	make_samples
}

teardown() {
	remove_work
}

@test "options: --version and --version -v" {
	expect 0 "$FAULTLINE" --version
	[[ $out =~ ^faultline\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
	local first=$out
	expect 0 "$FAULTLINE" --version -v
	equal "${out%%$'\n'*}" "$first"
	contains "$out" $'\n'"kernels: "
	for library in pcre2 xxhash openssl zstd; do
		[[ $out =~ $'\n'$library:\ [0-9]+\.[0-9]+ ]]
	done
	contains "$out" $'\n'"hyperscan: "
	expect 0 "$FAULTLINE" count --version
	equal "$out" "$first"
}

@test "options: --help, help VERB, VERB --help, --usage" {
	expect 0 "$FAULTLINE" --help
	for verb in count hash scan; do
		contains "$out" "  $verb"
	done
	for verb in count hash scan; do
		expect 0 "$FAULTLINE" "$verb" --help
		contains "$out" "Usage: faultline $verb "
		contains "$out" "--window-size=SIZE"
		local help=$out
		expect 0 "$FAULTLINE" help "$verb"
		equal "$out" "$help"
		expect 0 "$FAULTLINE" "$verb" --usage
		contains "$out" "Usage: faultline $verb "
	done
}

@test "options: no verb, unknown verbs, unknown options" {
	expect 2 "$FAULTLINE"
	equal "$err" "faultline: no verb given
Try 'faultline --help' for more information."
	expect 2 "$FAULTLINE" cuont
	equal "$err" "faultline: unknown verb 'cuont'; did you mean 'count'?
Try 'faultline --help' for more information."
	expect 2 "$FAULTLINE" scna
	contains "$err" "did you mean 'scan'?"
	expect 2 "$FAULTLINE" frobnicate
	equal "$err" "faultline: unknown verb 'frobnicate'
Try 'faultline --help' for more information."
	expect 2 "$FAULTLINE" help nothing-like-it
	contains "$err" "unknown verb"
	expect 2 "$FAULTLINE" --frobnicate
	contains "$err" "unrecognized option '--frobnicate'"
	for verb in count hash scan; do
		expect 2 "$FAULTLINE" "$verb" --frobnicate
		equal "$err" "faultline $verb: unrecognized option '--frobnicate'
Try 'faultline $verb --help' for more information."
		expect 2 "$FAULTLINE" "$verb" -Q
		equal "$err" "faultline $verb: invalid option -- 'Q'
Try 'faultline $verb --help' for more information."
		expect 2 "$FAULTLINE" "$verb" --io
		contains "$err" "faultline $verb: option '--io' requires an argument"
	done
	equal "$out" ""
}

@test "options: sizes" {
	expect 0 "$FAULTLINE" count -c --max-bytes=1 long
	equal "$out" "1 long"
	local size
	for size in 1K:1024 1k:1024 1KiB:1024 1KB:1000 1kB:1000 7B:7 0:0 007:7 292K:299008 300KB:300000; do
		expect 0 "$FAULTLINE" count -c "--max-bytes=${size%:*}" long
		equal "$out" "${size#*:} long"
	done
	for size in 1M 1MiB 1MB 1G 1GiB 1GB 1T 1TiB 1TB 18446744073709551615 16777215T; do
		expect 0 "$FAULTLINE" count -c "--max-bytes=$size" long
		equal "$out" "300013 long"
	done
}

@test "options: sizes that are wrong name the option and say why" {
	local option
	for option in --window-size --chunk-size --max-memory --skip --max-bytes; do
		expect 2 "$FAULTLINE" count "$option=" plain
		contains "$err" "faultline count: $option: '' is empty"
		expect 2 "$FAULTLINE" count "$option=-1" plain
		contains "$err" "$option: '-1' is negative"
		expect 2 "$FAULTLINE" count "$option=12X" plain
		contains "$err" "$option: '12X' has an unknown suffix"
		expect 2 "$FAULTLINE" count "$option=1 K" plain
		contains "$err" "unknown suffix"
		expect 2 "$FAULTLINE" count "$option=K" plain
		contains "$err" "is not a number of bytes"
		expect 2 "$FAULTLINE" count "$option=18446744073709551616" plain
		contains "$err" "is too large"
		expect 2 "$FAULTLINE" count "$option=16777216T" plain
		contains "$err" "is too large"
	done
	for option in 5 5: :5 a:b 1:2:3 1:-2 1:2X; do
		expect 2 "$FAULTLINE" count "--range=$option" plain
		contains "$err" "faultline count: --range: '"
	done
}

@test "options: numbers are decimal digits within the limits of their option" {
	local option value
	for value in x '' 1x +1 ' 1' 0x1 1.5 -1 99999999999999999999; do
		for option in "compress --fast=" "compress --long=" "count --processes=" \
			"hash --checkpoint=c --checkpoint-every=" "transform --diff=" \
			"bench --runs="; do
			# shellcheck disable=SC2086 # a verb and options
			expect 2 "$FAULTLINE" ${option% *} "${option##* }$value" plain
			contains "$err" ": '$value' is not a number from "
		done
	done
	for option in "compress --long=9" "compress --fast=0" "count --processes=0" \
		"hash --checkpoint=c --checkpoint-every=86401" "bench --runs=1001"; do
		# shellcheck disable=SC2086
		expect 2 "$FAULTLINE" $option plain
		contains "$err" "' is not a number from "
	done
}

@test "options: threads, loaders and hints that do not exist" {
	local value
	for value in x -1 '' 1x 65537 99999999999999999999; do
		expect 2 "$FAULTLINE" count "--threads=$value" plain
		contains "$err" "--threads: '$value' is not a number from 0 to 65536"
	done
	expect 2 "$FAULTLINE" count --io=floppy plain
	contains "$err" "--io: 'floppy' is none of auto, mmap, read, direct, uring"
	expect 2 "$FAULTLINE" count --advise=hope plain
	contains "$err" "--advise: 'hope' is none of normal"
	expect 2 "$FAULTLINE" count -0 plain
	contains "$err" "-0 needs --files-from"
}

@test "options: every loader and hint works" {
	local value
	for value in auto mmap read direct uring; do
		expect 0 "$FAULTLINE" count -c "--io=$value" long
		equal "$out" "300013 long"
	done
	for value in normal sequential random willneed populate hugepage; do
		expect 0 "$FAULTLINE" count -c --mmap "--advise=$value" long
		equal "$out" "300013 long"
	done
	expect 0 "$FAULTLINE" count -l --stats --mmap long
	contains "$err" "loader: mmap"
	expect 0 "$FAULTLINE" count -l --stats --no-mmap long
	contains "$err" "loader: read"
	expect 2 "$FAULTLINE" count --max-memory=1K long
	contains "$err" "faultline count: "
}

@test "options: a full disk is an error" {
	[[ -c /dev/full ]] || skip "there is no /dev/full"
	local command
	for command in "count plain" "hash plain" "scan error pair" "scan -c error pair" "--version" \
		"--help" "scan x long"; do
		# shellcheck disable=SC2086 # words
		status=0 && "$FAULTLINE" $command >/dev/full 2>.err || status=$?
		equal "$status" 2
		grep -q '^faultline.*: write error: No space left on device$' .err
		equal "$(wc -l <.err)" 1
	done
}

@test "options: the limit of file sizes is an error, and no signal that kills" {
	local got=0
	yes 'a line that is printed' | head -n 1000 >many
	cp many edited
	(ulimit -f 4 && "$FAULTLINE" scan line many >printed 2>err) || got=$?
	equal "$got $(<err)" "2 faultline scan: write error: File too large"
	head -c 4096 many | cmp - printed
	got=0
	(ulimit -f 4 && "$FAULTLINE" transform -i 's/line/word/' edited 2>err) || got=$?
	equal "$got" 2
	contains "$(<err)" "File too large"
	cmp edited many
	[[ ! -e .edited.faultline ]]
}

@test "options: standard output that is closed is an error" {
	status=0 && "$FAULTLINE" count plain >&- 2>.err || status=$?
	equal "$status" 2
	grep -q 'write error: Bad file descriptor' .err
}

@test "options: files do not take the place of standard streams that are closed" {
	printf 'one\n' >one && printf 'other\n' >other
	# The manifest would hold the message.
	"$FAULTLINE" hash --manifest=made one missing 2>&- && status=0 || status=$?
	equal "$status" 2
	expect 0 "$FAULTLINE" verify made
	# Standard input would be the file itself, or the list.
	expect 2 "$FAULTLINE" diff one - <&-
	equal "$err" "faultline diff: (standard input): Bad file descriptor"
	printf '%s  -\n' "$(sha256sum </dev/null | cut -d ' ' -f 1)" >list
	expect 2 "$FAULTLINE" hash -c list <&-
	contains "$out" "-: FAILED open or read"
	cp one edited
	"$FAULTLINE" transform -i --stats s/one/longer/ edited missing <&- >&- 2>&- && status=0 || status=$?
	equal "$status" 2
	equal "$(<edited)" longer
	"$FAULTLINE" compress -q -o both.zst one missing 2>&- && status=0 || status=$?
	equal "$status" 2
	[[ ! -e both.zst ]]
}

@test "options: help that cannot be written is an error" {
	[[ -c /dev/full ]] || skip "there is no /dev/full"
	local command
	for command in --help "help hash" "hash --help" "hash --usage" "hash --version" --version; do
		# Words.
		status=0 && "$FAULTLINE" $command >/dev/full 2>.err || status=$?
		equal "$status" 2
		contains "$(<.err)" "write error: No space left on device"
		equal "$(wc -l <.err)" 1
	done
}

@test "options: a reader that goes away ends the program quietly" {
	local i
	seq 1 1000000 >many
	# Whichever thread writes when it is gone.
	for i in {1..40}; do
		"$FAULTLINE" scan . many 2>.err | head -n 1 >.out
		equal "${PIPESTATUS[0]}" 141
		equal "$(cat .err)" ""
	done
	(trap '' PIPE && "$FAULTLINE" scan . many 2>.err && true; echo "$?" >.status) | head -n 1 >.out
	equal "$(cat .err)" ""
	equal "$(cat .status)" 2
}

@test "options: the progress bar is drawn only when asked for, and erased" {
	seq 1 3000000 >many
	expect 0 "$FAULTLINE" count -l many
	equal "$err" ""
	expect 0 "$FAULTLINE" count -l --progress --no-progress many
	equal "$err" ""
	# A run of more than a tenth of a second: many small chunks from a pipe that is slow.
	{ cat many; sleep 0.3; cat many; sleep 0.3; cat many; } |
		"$FAULTLINE" count -l --progress >.out 2>.err
	equal "$(cat .out)" 9000000
	contains "$(cat .err)" "MiB"
	[[ $(cat .err) == *$'\r\033[K' ]]
}
