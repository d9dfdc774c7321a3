#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# faultline scan against GNU grep -P and -F.

load helpers

setup() {
	make_work
	make_samples
	scan="'$FAULTLINE' scan"
}

teardown() {
	remove_work
}

# same_as_grep OPTIONS PATTERN FILES... (words of the shell); patterns go through -e
same_as_grep() {
	local kind=-P
	[[ " $1 " == *F* ]] && kind=
	same_as "$scan $1 -e $2 $3" "grep $kind $1 -e $2 $3"
}

options=("" -i -c -n -o -b -v -q -nb -ob -nob -on -in -ic -iv -cv -vn -vb -vo -h -H -Hn -Hc -a -an -ao -s)

@test "scan: every option on every sample alone" {
	local name o
	for LC_ALL in C C.UTF-8; do
		export LC_ALL
		for name in "${all_samples[@]}"; do
			printf -v q %q "$name"
			for o in "${options[@]}"; do
				same_as_grep "$o" error "$q"
			done
		done
	done
}

@test "scan: every option on all samples together" {
	local o
	export LC_ALL=C.UTF-8
	printf -v all ' %q' "${all_samples[@]}"
	for o in "${options[@]}" -Fn -Fic -Fo -Fiv; do
		same_as_grep "$o" error "$all"
		same_as_grep "$o" error "$all missing"
		same_as_grep "$o" error "$all ."
	done
}

@test "scan: binary files are said to match on stderr, as grep does" {
	for o in "" -n -o -v -s; do
		# shellcheck disable=SC2086 # may be empty
		expect 0 "$FAULTLINE" scan $o error nul
		equal "$out" ""
		equal "$err" "faultline scan: nul: binary file matches"
	done
	expect 0 "$FAULTLINE" scan error <nul
	equal "$err" "faultline scan: (standard input): binary file matches"
	expect 1 "$FAULTLINE" scan nowhere nul
	equal "$err" ""
	expect 0 "$FAULTLINE" scan -c error nul
	equal "$out$err" 2
}

@test "scan: patterns of many kinds" {
	local p o
	export LC_ALL=C.UTF-8
	for p in "'^'" "'\$'" "''" "'^\$'" "'x*'" "'r+'" "'(?i)ERROR'" "'\\berror\\b'" "'e(?=rr)'" \
		"'(?<=p)a'" "'(a)(i)?r'" "'é'" "'[[:space:]]'" "'\\s'" "'\\r'" "'.'" "'^.{4}'" \
		"'one|three|error'" "'(.)\\1'" "'\\Aone'" "'e\\Z'" "'[^x]\$'" "'\\d'" "'p.*e'" "'(?s)e.s'" \
		"-dash" "'\\Qerr\\E'"; do
		for o in "" -n -o -ob -c -v -i; do
			same_as_grep "$o" "$p" "plain no-newline crlf newlines utf8 pair long empty"
		done
	done
}

@test "scan: fixed strings, one or several" {
	local p o
	export LC_ALL=C
	for p in error "''" "'e('" "'.'" "\$'one\nthree'" "\$'error\n'" "\$'err\nerror'" "' '"; do
		for o in -F -Fn -Fo -Fob -Fc -Fv -Fi; do
			same_as_grep "$o" "$p" "plain no-newline crlf newlines utf8 pair empty"
		done
	done
	same_as "$scan -F -e one -e three plain" "grep -F -e one -e three plain"
}

@test "scan: standard input" {
	export LC_ALL=C
	for o in "" -n -c -H -Hc -o; do
		same_as "$scan $o error <pair" "grep -P $o error <pair"
		same_as "cat pair | $scan $o error" "cat pair | grep -P $o error"
		same_as "cat pair | $scan $o error - plain" "cat pair | grep -P $o error - plain"
		same_as "cat nul | $scan $o error" "cat nul | grep -P $o error"
	done
}

@test "scan: exit status" {
	expect 0 "$FAULTLINE" scan error pair
	expect 1 "$FAULTLINE" scan nowhere pair
	expect 2 "$FAULTLINE" scan error pair missing
	expect 2 "$FAULTLINE" scan nowhere pair missing
	expect 0 "$FAULTLINE" scan -q error missing pair
	expect 0 "$FAULTLINE" scan -q error pair missing
	equal "$err" ""
	expect 2 "$FAULTLINE" scan -q nowhere missing pair
	expect 1 "$FAULTLINE" scan -q nowhere pair
	expect 2 "$FAULTLINE" scan -s error missing
	equal "$err" ""
	expect 0 "$FAULTLINE" scan -c error pair
	expect 1 "$FAULTLINE" scan -c nowhere pair
	equal "$out" 0
}

@test "scan: patterns that are wrong" {
	expect 2 "$FAULTLINE" scan
	equal "$err" "faultline scan: no pattern given
Try 'faultline scan --help' for more information."
	expect 2 "$FAULTLINE" scan 'a(' plain
	contains "$err" "faultline scan: "
	contains "$err" "parenthes"
	expect 2 "$FAULTLINE" scan $'a\nb' plain
	contains "$err" "several patterns need --fixed-strings"
	expect 2 "$FAULTLINE" scan -e a -e b plain
	contains "$err" "several patterns need --fixed-strings"
	expect 2 "$FAULTLINE" scan --json a plain
	contains "$err" "unrecognized option '--json'"
}

@test "scan: results do not depend on loader, threads, window and chunk size" {
	export LC_ALL=C
	for i in {1..40}; do cat long pair utf8 crlf newlines; done >mixed
	grep -Pnb 'error|^s' mixed >expected
	for io in auto mmap read direct uring; do
		for more in "-j1" "-j2 --chunk-size=4099" "-j7 --chunk-size=4K --window-size=64K" "-j2 --cold"; do
			# shellcheck disable=SC2086 # several options
			"$FAULTLINE" scan -nb 'error|^s' "--io=$io" $more mixed >got
			cmp expected got
		done
	done
}

@test "scan: a range selects lines that start in it; numbers and offsets stay absolute" {
	expect 0 "$FAULTLINE" scan -nb --range=1:20 . pair
	equal "$out" "2:17:ERROR"
	expect 0 "$FAULTLINE" scan -n --skip=17 . pair
	equal "$out" "2:ERROR
3:none"
}

@test "scan: many files from a list" {
	printf '%s\0' "${all_samples[@]}" >list
	printf -v all ' %q' "${all_samples[@]}"
	export LC_ALL=C
	same_as "$scan -n -0 --files-from=list error" "grep -Pn error $all"
}

@test "scan: --stats names the plan" {
	expect 0 "$FAULTLINE" scan -c --stats error pair
	[[ $err =~ plan:\ .+ ]]
}
