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
				some || continue
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
		some || continue
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
			some || [[ $p == "''" ]] || continue
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
	expect 2 "$FAULTLINE" scan -E '(a' plain
	equal "$err" "faultline scan: Unmatched ( or \("
	expect 2 "$FAULTLINE" scan -G 'a\{x\}' plain
	equal "$err" "faultline scan: Invalid content of \{\}"
	expect 2 "$FAULTLINE" scan -G '[[:foo:]]' plain
	equal "$err" "faultline scan: Invalid character class name"
	expect 2 "$FAULTLINE" scan -E '[:space:]' plain
	equal "$err" "faultline scan: character class syntax is [[:space:]], not [:space:]"
	expect 2 "$FAULTLINE" scan -E 'a\' plain
	equal "$err" "faultline scan: Trailing backslash"
	expect 2 "$FAULTLINE" scan -C x a plain
	contains "$err" "--context: 'x' is not a number"
	expect 2 "$FAULTLINE" scan --binary-files=odd a plain
	contains "$err" "--binary-files: 'odd' is none of binary, text, without-match"
	expect 2 "$FAULTLINE" scan --color=blue a plain
	contains "$err" "--color: 'blue' is none of always, never, auto"
	expect 2 "$FAULTLINE" scan -f missing plain
	equal "$err" "faultline scan: missing: No such file or directory"
}

@test "scan: several patterns, from the command line and from files" {
	printf 'error\nthree\n' >patterns
	: >none
	printf '\n' >empty_line
	for o in -P -E -G -F; do
		same_as "$scan $o -e error -e three plain" "grep -e error -e three plain"
		same_as "$scan $o -c -f patterns plain pair" "grep -c -f patterns plain pair"
		same_as "$scan $o -c -f patterns -e one plain pair" "grep -c -f patterns -e one plain pair"
		same_as "$scan $o -f none plain" "grep -f none plain"
		same_as "$scan $o -vc -f none plain" "grep -vc -f none plain"
		same_as "$scan $o -f empty_line plain" "grep -f empty_line plain"
		same_as "$scan $o -f - plain <patterns" "grep -f - plain <patterns"
	done
}

@test "scan: names of files with and without matches" {
	local o
	for o in -l -L -lZ -LZ -lv -Lv "-l -m0" "-L -m0" "-l --color=always" -ql; do
		same_as_grep "$o" error "plain pair empty nul missing"
		same_as_grep "$o" nowhere "plain pair empty"
	done
	same_as "$scan -l --label=NAME error <pair" "grep -l --label=NAME error <pair"
	same_as "$scan -Hn --label=NAME error <pair" "grep -Hn --label=NAME error <pair"
}

@test "scan: a small file with much output" {
	seq -f '%.0f: some error of fifty bytes or so' 3000 >much
	for o in "" -n -o -nb -C1 -v; do
		same_as_grep "$o" 'err' much
		same_as_grep "$o" 'e\w+' much
	done
}

@test "scan: directories" {
	mkdir -p tree/a tree/b/c
	echo foo >tree/x.c
	echo foo >tree/a/x.h
	echo foo >tree/b/y.c
	echo foo >tree/b/c/z.txt
	ln -s ../x.c tree/b/link.c
	mkfifo tree/a/fifo
	for o in "" "--include=*.c" "--exclude=*.c" "--include=*.h --exclude=x*" "--exclude-dir=b" \
		"--exclude-dir=c --include=*.c" "--exclude=x.* --include=x.c"; do
		same_as "$scan -r $o foo tree | sort" "grep -r $o foo tree | sort"
		same_as "(cd tree; $scan -rc $o foo | sort)" "(cd tree; grep -rc $o foo | sort)"
		same_as "$scan $o foo tree/x.c tree/a/x.h" "grep $o foo tree/x.c tree/a/x.h"
	done
}

@test "scan: Hyperscan proposes the same lines" {
	"$FAULTLINE" scan -q --engine=hs 'a|b' plain || [[ $? == 1 ]] || skip "no Hyperscan here"
	seq 5000 | awk '{ print $1 " 10.1." $1 % 300 ".7 line with é and " $1 * 7919 % 1000 " things" }' >many
	for LC_ALL in C C.UTF-8; do
		export LC_ALL
		for p in '[0-9]{1,3}(\.[0-9]{1,3}){3}' 'things|line' '\b99\d\b' '^4.*7 t' '(x|s)$' '9{2,} '; do
			for o in -c -vc -n -wn -xc -ic; do
				some || continue
				same_as "$scan --engine=hs --io=mmap --chunk-size=4099 $o '$p' many" "grep -P $o '$p' many"
			done
		done
	done
	seq 100 7 9999 >numbers
	same_as "$scan --engine=hs -nF -f numbers many" "grep -nF -f numbers many"
	same_as "$scan --engine=hs -niF -f numbers many" "grep -niF -f numbers many"
	expect 2 "$FAULTLINE" scan --engine=hs '(?=a)b' plain
	contains "$err" "not one for Hyperscan"
	expect 2 "$FAULTLINE" scan --engine=hs 'a*' plain
	contains "$err" "Hyperscan: "
}

@test "scan: grep is another name of the verb" {
	same_as "$FAULTLINE grep -n error plain" "grep -n error plain"
}

@test "scan: ripgrep's options" {
	printf 'Foo a\r\nfoo b\r\nbar\n' >crs
	same_as "$scan -S foo crs" "grep -i foo crs"
	same_as "$scan -S Foo crs" "grep Foo crs"
	same_as "$scan -S 'fo\\W*o' crs" "grep -iE 'fo\\W*o' crs"
	same_as "$scan -c 'a\$' crs" "echo 0; false"
	same_as "$scan --crlf -n 'a\$' crs" "grep -n 'Foo a' crs"
	same_as "$scan --count-matches o crs" "echo 4"
	same_as "$scan --count-matches -H o crs" "echo crs:4"
	same_as "$scan --column -n b crs" "printf '2:5:foo b\\r\\n3:1:bar\\n'"
	same_as "$scan --passthru -n bar crs" "printf '1-Foo a\\r\\n2-foo b\\r\\n3:bar\\n'"
	same_as "LC_ALL=C.UTF-8 $scan --ucp -c '^\\w+\$' <<<éa" "echo 1"
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

@test "scan: line numbers in a range of what is read in order are those of a file" {
	local range more
	seq 40000 >numbers
	gzip -k numbers
	mkfifo fifo
	for range in --skip=1 --skip=3 --skip=4 --range=100:60 --skip=65537 --skip=200001 --skip=228893 --skip=228894 \
		--skip=9999999; do
		for more in '-j1 --chunk-size=5000' -j2 '-c -m3' --json '-j3 --max-memory=1M --chunk-size=100'; do
			some || continue
			"$FAULTLINE" scan -nb $more "$range" '[05]$' numbers | grep -v '^{.*"elapsed' >expected || true
			same_as "'$FAULTLINE' scan -nb $more $range '[05]$' numbers.gz | sed 's/numbers.gz/numbers/' |
				grep -v '^{.*elapsed'" "cat expected; grep -q . expected"
			same_as "cat numbers | '$FAULTLINE' scan -nb $more $range '[05]$' --label=numbers |
				grep -v '^{.*elapsed'" "cat expected; grep -q . expected"
		done
	done
	timeout 30 cat numbers >fifo 3>&- &
	equal "$("$FAULTLINE" scan -n --range=50:3 . fifo)" "21:21"
	equal "$("$FAULTLINE" scan -n --range=50:3 . <numbers)" "21:21"
	equal "$(cat numbers | "$FAULTLINE" run --range=50:3 scan -n .)" "21:21"
	equal "$(printf 'ab\0c\0d' | "$FAULTLINE" scan -zn --skip=2 . | tr '\0' ' ')" "2:c 3:d "
}

@test "scan: many files from a list" {
	printf '%s\0' "${all_samples[@]}" >list
	printf -v all ' %q' "${all_samples[@]}"
	export LC_ALL=C
	same_as "$scan -n -0 --files-from=list error" "grep -Pn error $all"
}

# soon COMMAND...: in twenty seconds of processors, which others may want, too
soon() {
	(ulimit -t 20 && exec "$@")
}

@test "scan: patterns that could be tried for ever end soon, with an answer or an error" {
	head -c 64M /dev/zero | tr '\0' a >line
	for e in auto pcre2; do
		for p in '(a+)+$' '(.*a){20}'; do
			expect 0 soon "$FAULTLINE" scan -c --engine=$e "$p" line
			equal "$out" 1
		done
		for p in '(a+)+b' '(.*a){20}b'; do
			expect 2 soon "$FAULTLINE" scan -c --engine=$e "$p" line
			equal "$err" "faultline scan: line: at byte 0: exceeded PCRE's backtracking limit"
		done
	done
}

# wait_for FILE LINES: until it has so many
wait_for() {
	wait_until has_lines "$@"
}

has_lines() {
	[[ $(wc -l <"$1") -ge $2 ]]
}

@test "scan: --follow goes on through growth, truncation and rotation" {
	printf 'foo 1\nbar\nfoo' >growing
	"$FAULTLINE" scan -n --follow foo growing >got 2>messages 3>&- &
	pid=$!
	wait_for got 1
	echo ' 2' >>growing
	wait_for got 2
	: >growing
	wait_for messages 1
	echo 'foo 3' >>growing
	wait_for got 3
	mv growing old
	echo 'foo 4' >>old
	wait_for got 4
	echo 'foo 5' >growing
	wait_for got 5
	echo 'foo 6' >>growing
	wait_for got 6
	kill -TERM $pid
	wait $pid || true
	equal "$(cat got)" $'1:foo 1\n3:foo 2\n4:foo 3\n5:foo 4\n6:foo 5\n7:foo 6'
	equal "$(cat messages)" "faultline scan: growing: file truncated; reading it from its beginning
faultline scan: growing: file was replaced; following the new one"
	# It ends where no more is wanted.
	same_as "timeout 60 $scan --follow -m1 foo old" "echo foo 3"
	same_as "timeout 60 $scan --follow -q 'foo 4' old" true
	for o in -c -L --range=1:2; do
		expect 2 timeout 120 "$FAULTLINE" scan --follow $o foo old
	done
	expect 2 timeout 120 "$FAULTLINE" scan --follow foo
	expect 2 timeout 120 "$FAULTLINE" scan --follow foo missing
}

# Another thread may be waiting for what comes next.
@test "scan: what is enough ends it, although the writer is silent" {
	local o
	mkfifo fifo
	for o in {-m1,-l}' --line-buffered' -q {-m1,-l}' --line-buffered' -q; do
		(echo foo; exec sleep 60) >fifo 3>&- &
		# shellcheck disable=SC2086 # words on purpose
		expect 0 timeout 120 "$FAULTLINE" scan -j4 $o foo fifo
		kill $!
		wait $! || true
	done
	printf 'foo 1\nfoo 2\n' >grows
	for o in {1..20}; do
		same_as "timeout 120 $scan --follow -m1 foo grows" "echo foo 1"
	done
}

@test "scan: on a terminal the lines of a pipe appear as they come" {
	mkfifo in
	timeout 60 script -qfec "$FAULTLINE scan --no-progress Failed <in" typescript </dev/null \
		>/dev/null 3>&- &
	exec 9>in
	echo "Failed first" >&9
	seen=no
	for _ in {1..400}; do
		! grep -q "Failed first" typescript || { seen=yes; break; }
		sleep 0.05
	done
	echo "Failed second" >&9
	exec 9>&-
	wait
	grep -q "Failed second" typescript
	[[ $seen == yes ]]
}

@test "scan: --stats names the plan" {
	expect 0 "$FAULTLINE" scan -c --stats error pair
	[[ $err =~ plan:\ literal\ \'error\'\ \(.+\) ]]
	expect 0 "$FAULTLINE" scan -c --stats --engine=lit 'error|x1' pair
	[[ $err =~ plan:\ 2\ literals,\ packed\ \(.+\) ]]
	expect 0 "$FAULTLINE" scan -c --stats --engine=pcre2 error pair
	[[ $err =~ plan:\ pcre2-jit\ line\ by\ line\ \(.+\) ]]
}

@test "scan: words, few and thousands" {
	local n
	seq 1000 9999 | sed 's/.*/& w&rd/' >many
	for n in 2 8 9 64 65 2500; do
		seq 1001 3 $((1001 + 3 * (n - 1))) | sed 's/.*/w&rd/' >words
		same_as "$scan -nF -f words many" "grep -nF -f words many"
		same_as "$scan -ciF -f words many" "grep -ciF -f words many"
		same_as "$scan -noF --engine=lit -f words many" "grep -noF -f words many"
		same_as "$scan -nwE -f words many" "grep -nwE -f words many"
		same_as "$scan -cvxF -f words many" "grep -cvxF -f words many"
	done
	expect 0 "$FAULTLINE" scan -c --stats -F -f words many
	[[ $err =~ plan:\ 2500\ literals,\ by\ hashed\ grams\ \(.+\) ]]
}
