#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# faultline scan --json, --replace and --max-columns against ripgrep, byte for byte but for times.

load helpers

setup() {
	command -v rg >/dev/null || skip "no ripgrep here"
	make_work
	make_samples
	scan="'$FAULTLINE' scan"
	rg="rg -j1 --no-config --color=never --no-heading"
	export LC_ALL=C.UTF-8
	printf '\xff foo\nx\xe2\x82foo\n' >broken
	printf 'hello foo bar foo\nxyz\nabc foo\n\tfoo "q" \\ \x01\x7f\nlast foo\n' >mixed
	printf 'foo\nlast foo' >open
	printf 'foo\nab\0c foo\nfoo\n' >binary
	# By awk: bash calls the trap of bats before every command of a loop.
	seq 0 2999 | awk '{ print $1 " foo " $1 * 7919 % 1000 " barfoo" }' >many
	head -c 300000 /dev/zero | tr '\0' x >giant
	echo ' foo foo' >>giant
}

teardown() {
	remove_work
}

untimed() {
	# With -m ripgrep tells fewer bytes: it looks no further; here they are read in larger pieces.
	sed -E 's/"(elapsed|elapsed_total)":\{[^}]*\}/"\1":{}/g; s/"bytes_searched":[0-9]+/"bytes_searched":N/'
}

@test "json: what ripgrep prints" {
	local p o f
	# ripgrep 13 finds empty matches within characters.
	for p in foo 'x*' '^' '$' '[a-z]+ foo' 'o' nowhere '' '(f)(o)'; do
		for o in "" "-v" "-C1" "-m2" "-w" "-x" "-B1 -i" "-F"; do
			for f in mixed giant utf8 "pair empty open broken"; do
				# What stands beside bytes that are no text has several answers.
				[[ $f == utf8 && ($p == 'x*' || -z $p) ]] && continue
				# With -w, too, it has other empty matches than grep.
				[[ $o == -w && $p != *[fo]* ]] && continue
				[[ $f == *broken && ($p != *o* || $o == -w) ]] && continue
				some || continue
				expected=$($rg --json $o -e "$p" $f 2>/dev/null | untimed)
				got=$("$FAULTLINE" scan --json $o -e "$p" $f 2>/dev/null | untimed)
				[[ $expected == "$got" ]] || {
					echo "$o '$p' $f"
					diff <(echo "$expected") <(echo "$got") | head -5
					return 1
				}
			done
		done
	done
	$rg --json foo many mixed | untimed >expected
	"$FAULTLINE" scan --json foo many mixed | untimed >got
	cmp expected got
}

@test "json: standard input, names, NUL data, binary files" {
	same() {
		equal "$(eval "$scan --json $1" 2>&1 | untimed)" "$(eval "$2" 2>&1 | untimed)"
	}
	for o in foo "-o foo" "--line-buffered foo"; do
		same "$o <mixed" "$rg --json foo <mixed"
	done
	same "--label=name foo <mixed | grep -v stats" "$rg --json foo <mixed | sed 's/<stdin>/name/' | grep -v stats"
	same "-v -C1 foo mixed" "$rg --json -v -C1 foo mixed"
	same "--crlf 'o\$' crlf" "$rg --json --crlf 'o\$' crlf"
	same "-z foo binary" "$rg --json --null-data foo binary"
	cp mixed $'na"\xffme'
	same "foo na*" "$rg --json foo na*"
	same "foo binary" "$rg --json foo binary"
	expect 0 "$FAULTLINE" scan --json foo mixed
	contains "$out" '"bytes_searched":53'
	expect 0 "$FAULTLINE" scan --json foo binary
	contains "$out" '"binary_offset":6'
	expect 1 "$FAULTLINE" scan --json -I foo binary
	expect 0 "$FAULTLINE" scan -q --json foo mixed
	equal "$out" ""
}

@test "json: empty matches at ends of lines, and files of which -a says that they are text" {
	local p o f
	printf 'a\n\nab \nb' >ends
	printf 'x\0y\n\0\nfoo\0' >zeros
	for p in '\b' '\B' '$' '^' 'b*' '(?:a|$)' 'y'; do
		for o in "" -a "-a -C1" "-U -a"; do
			for f in ends zeros open; do
				equal "$("$FAULTLINE" scan --json $o -e "$p" $f 2>&1 | untimed)" \
					"$($rg --json $o -e "$p" $f 2>&1 | untimed)"
			done
		done
		same_as "$scan -a --replace=X -e '$p' ends zeros open" "$rg -a --replace=X -e '$p' ends zeros open"
	done
}

@test "json: the same for any loader, thread count and chunk size" {
	$rg --json 'foo|9' many giant | untimed >expected
	for io in auto mmap read direct uring; do
		for more in -j1 "-j2 --chunk-size=4099" "-j7 --chunk-size=4K --window-size=64K"; do
			# shellcheck disable=SC2086 # several options
			"$FAULTLINE" scan --json --io=$io $more 'foo|9' many giant | untimed >got
			cmp expected got
		done
	done
}

@test "json: with -m a NUL byte is told that stands in the block of the last line, however the file is cut" {
	local c m f
	{ printf 'foo\nfoo\nab\0c\n' && seq 30000 && echo foo; } >near
	{ printf 'foo\nfoo\n' && seq 30000 && printf '\0foo\n'; } >far
	for f in near far; do
		for m in 1 2 3; do
			$rg --json -m$m foo $f | untimed >expected
			for c in 1K 4099 1M; do
				"$FAULTLINE" scan --json -m$m --chunk-size=$c foo $f | untimed >got
				cmp expected got
			done
		done
	done
	# Nobody knows whether more will come.
	mkfifo open_end
	exec 7<>open_end
	printf 'foo\n' >&7
	equal "$(timeout 60 "$FAULTLINE" scan --json -m1 foo 7>&- <open_end | grep -o '"binary_offset":[^,]*')" \
		'"binary_offset":null'
	exec 7>&-
}

@test "json: limits and options that exclude each other" {
	for o in -c -l -L --count-matches --replace=x -M9; do
		expect 2 "$FAULTLINE" scan --json $o foo mixed
	done
	expect 2 "$FAULTLINE" scan --json --max-line-size=299KB -e ' foo' mixed giant
	contains "$out" '"path":{"text":"mixed"},"binary_offset":null'
	equal "$err" "faultline scan: giant: at byte 0: line is longer than 299000 bytes"
	head -c 17M /dev/zero | tr '\0' y >huge
	echo foo >>huge
	expect 2 "$FAULTLINE" scan --json foo huge
	equal "$err" "faultline scan: huge: at byte 0: line is too long"
	expect 0 "$FAULTLINE" scan --json --max-line-size=18M foo huge
}

@test "replace: what ripgrep prints" {
	local p o r f
	for p in foo 'f(o)(o)?' '(?P<name>[a-z])(x)?' 'x*' '^' 'zz'; do
		for r in X '[$1]' '${1}a$1a' '$name-$$-$' '' '$99$2<$0$0>'; do
			for o in "" -n "-o" "-n --column" "-v" "-C1" "-M 20" "-M 12 --max-columns-preview" \
				"-o -M 3"; do
				for f in mixed utf8; do
					[[ ($f == utf8 || $p == 'x*') && $o == *preview* ]] && continue
					[[ $f == utf8 && $p == 'x*' ]] && continue
					some || continue
					same_as "$scan -a $o --replace='$r' -e '$p' $f | head -40" \
						"$rg -a $o --replace='$r' -e '$p' $f | head -40"
				done
			done
		done
	done
}

@test "max-columns: what ripgrep prints" {
	for o in "" -n -o -C1 -v -b "-n --column -C1" "--replace=foofoo"; do
		for n in 1 3 7 8 9 17 18 19 40 1000; do
			for more in "" --max-columns-preview; do
				# What ripgrep 13 counts there is not what it hides.
				[[ $o$more == -o--* ]] && continue
				some || continue
				same_as "$scan -a $o -M$n $more foo mixed" "$rg -a $o -M$n $more foo mixed"
				same_as "$scan $o -M$n $more foo giant" "$rg $o -M$n $more foo giant"
			done
		done
	done
}

@test "max-line-size: names the line, after what stands before it" {
	for io in mmap read; do
		for c in 4K 4099 1M; do
			expect 2 "$FAULTLINE" scan -n --io=$io --chunk-size=$c --max-line-size=100 foo many giant many
			equal "$err" "faultline scan: giant: at byte 0: line is longer than 100 bytes"
			equal "$out" "$(grep -n foo many /dev/null many)"
		done
	done
	expect 2 "$FAULTLINE" scan -c --max-line-size=16 foo mixed
	expect 0 "$FAULTLINE" scan -c --max-line-size=17 foo mixed
	expect 2 "$FAULTLINE" scan --max-line-size=16 foo mixed
	equal "$out" ""
	expect 2 "$FAULTLINE" scan --max-line-size=7 xyz <(printf 'xyz\nxyz\nlong, long\nxyz\n')
	equal "$out" $'xyz\nxyz'
	contains "$err" "at byte 8: line is longer than 7 bytes"
}

@test "max-line-size: of a line that is longer the end is not looked for, nor is it put into a file" {
	local c io
	{
		printf 'foo 1\nbar\nfoo 2\n'
		head -c 40M /dev/zero | tr '\0' x
		printf '\nfoo 3\n'
	} >mid
	for c in 4099 1M 8M; do
		for io in mmap read direct uring; do
			expect 2 "$FAULTLINE" scan -b --io=$io --chunk-size=$c --max-line-size=1M foo mid
			equal "$out" $'0:foo 1\n10:foo 2'
			equal "$err" "faultline scan: mid: at byte 16: line is longer than 1048576 bytes"
		done
		# A file of more than 2 MiB cannot be written.
		expect 2 bash -c "ulimit -f 2048 && cat mid | '$FAULTLINE' scan -b --chunk-size=$c --max-line-size=1M --max-memory=8M foo"
		equal "$out" $'0:foo 1\n10:foo 2'
		equal "$err" "faultline scan: (standard input): at byte 16: line is longer than 1048576 bytes"
	done
	expect 0 "$FAULTLINE" scan -b --max-line-size=40M foo mid
	# A range that begins in it does not hold it.
	expect 0 "$FAULTLINE" scan -b --range=20:50M --max-line-size=1M foo mid
	equal "$out" "41943057:foo 3"
	expect 0 "$FAULTLINE" scan -b --skip=20 --max-line-size=1M foo < <(cat mid)
	equal "$out" "41943057:foo 3"
}

@test "pattern-id: which pattern matched" {
	printf 'foo\nbar baz\nbaz bar\nfoobar\nnone\n' >text
	printf 'bar\nfoo\n' >list
	for o in -P -E -G -F; do
		expect 0 "$FAULTLINE" scan $o --pattern-id -n -f list -e baz text
		equal "$out" $'2:1:foo\n1:2:bar baz\n3:3:baz bar\n2:4:foobar'
		expect 0 "$FAULTLINE" scan $o --pattern-id -o -f list -e baz text
		equal "$out" $'2:foo\n1:bar\n3:baz\n3:baz\n1:bar\n2:foo\n1:bar'
		expect 0 "$FAULTLINE" scan $o --pattern-id -wH -f list -e baz text
		equal "$out" $'text:2:foo\ntext:1:bar baz\ntext:3:baz bar'
		expect 0 "$FAULTLINE" scan $o --pattern-id -iv -f list -e baz text
		equal "$out" none
	done
	expect 0 "$FAULTLINE" scan --pattern-id --color=always -e x -e foo text
	equal "$out" $'\e[32m\e[K2\e[m\e[K\e[36m\e[K:\e[m\e[K\e[01;31m\e[Kfoo\e[m\e[K\n\e[32m\e[K2\e[m\e[K\e[36m\e[K:\e[m\e[K\e[01;31m\e[Kfoo\e[m\e[Kbar'
	expect 0 "$FAULTLINE" scan --pattern-id -F foo text
	equal "$out" $'1:foo\n1:foobar'
	expect 0 "$FAULTLINE" scan --json --pattern-id -e 'a|b' -e 'f' text
	contains "$out" '"submatches":[{"match":{"text":"f"},"start":0,"end":1,"pattern_id":2}]'
	contains "$out" '{"match":{"text":"a"},"start":4,"end":5,"pattern_id":1}'
}
