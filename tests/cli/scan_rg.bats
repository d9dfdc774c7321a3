#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# faultline scan against ripgrep, where grep has no such option: --crlf, --max-columns, --replace, --column.

load helpers

setup() {
	[[ $(rg --version 2>&1) == "ripgrep 13."* ]] || skip "it knows ripgrep 13 only"
	make_work
	export LC_ALL=C.UTF-8
	printf 'foo bar\nbaz foo foo\n\nFoo\nxfoo foo_ foo\nlast foo' >ends
	printf 'foo\r\nbar\r\n\r\nfoo bar\r\nfoo' >crlf
	# Combined letters, a family, flags, Hangul in parts, broken bytes.
	printf 'e\u0301e\u0301 foo e\u0301 foo e\u0301\n\U1F468\u200d\U1F469\u200d\U1F467 foo \U1F1E9\U1F1EA\U1F1EB\U1F1F7\U1F1EE foo\n' >seen
	printf '\u65e5\u672c foo \u1112\u1161\u11ab\n\xff\xfe foo \xe2\x82 foo \u0301\nab\tfoo\r\r\nfoo\n' >>seen
}

teardown() {
	[[ -z ${work-} ]] || remove_work
}

# as_rg WORDS of the shell
as_rg() {
	same_as "'$FAULTLINE' scan $1" "rg --no-config --no-heading ${2--N} $1"
}

@test "scan: --crlf ends what is no line of the file with CR LF" {
	local f o
	for f in ends crlf; do
		for o in '' -o -c --count-matches -l '-b' '-o --replace "<\$0>"' '--replace X' \
			'-C1 --replace X' '-M8' '-M8 --max-columns-preview' --passthru '-o -b' -v -m1; do
			some || continue
			as_rg "--crlf $o foo $f"
		done
		as_rg "--crlf -C1 'baz|last' $f"
		as_rg "--crlf -H -c foo $f"
	done
	# Not what is told of the file itself.
	"$FAULTLINE" scan --json --crlf foo ends | tail -n 3 | grep -F '"lines":{"text":"last foo"}'
}

@test "scan: --max-columns-preview counts what a reader takes for a character" {
	local n o f
	for n in 1 2 5 8 12 20; do
		for o in '' -o --column '--replace X' '--replace ééé' -v '-o --replace ééé' -C1; do
			for f in ends crlf seen; do
				some || continue
				as_rg "-a -M$n --max-columns-preview $o foo $f"
				as_rg "-a -M$n $o foo $f"
			done
		done
	done
}

@test "scan: --max-columns-preview of a long line in many pieces, and in bytes where there is no UTF-8" {
	printf 'e\u0301%.0s' {1..9000} >long
	printf ' foo\n' >>long
	as_rg "-M 8000 --max-columns-preview foo long"
	as_rg "-M 9002 --max-columns-preview foo long"
	as_rg "-M 20 --max-columns-preview -o '.*foo' long"
	LC_ALL=C expect 0 "$FAULTLINE" scan -a -M4 --max-columns-preview foo long
	equal "$out" "$(printf 'e\u0301e') [... omitted end of long line]"
}

@test "scan: --column is also that of a match that is empty" {
	local p
	for p in '^' '$' 'x*' '.*' 'o*$' '\b'; do
		as_rg "--column '$p' ends"
	done
}

@test "scan: notices of --max-columns count matches that are empty, too" {
	local p o
	printf 'aa\nbb aa\nlonglonglong\nx\n' >long
	printf 'aa\nlonglonglong long' >long_open
	for p in '' '^' 'l?' '$' ' ?$' '\b' 'x*|long' 'ng|' nowhere; do
		for o in --column '--max-columns-preview --column' '--column -C1' '--replace=longlong' \
			'--max-columns-preview --replace=longlong'; do
			as_rg "-M8 $o -e '$p' long"
			as_rg "-M8 $o -e '$p' long_open"
		done
	done
	for o in '' --max-columns-preview; do
		contains "$("$FAULTLINE" scan -M8 $o --color=always '' long)" " matches]"
	done
	equal "$("$FAULTLINE" scan -M8 --color=always '' long | tail -n 2 | head -n 1)" \
		"[Omitted long line with 13 matches]"
}

@test "scan: an empty match behind a character of several bytes knows the one before it" {
	printf 'x(x\u00e9\u00c9A(foo \u00e9\n\u00e9\n' >chars
	same_as "'$FAULTLINE' scan --ucp --replace=X '\b' chars" "rg --no-config -N --replace=X '\b' chars"
	# Before and behind it: 8 + 2 of them.
	equal "$("$FAULTLINE" scan --ucp --json '\b' chars | tail -n 1 | grep -o '"matches":[0-9]*')" '"matches":10'
}

@test "scan: -0 is --null where there is no list" {
	local o
	for o in -l -c -H '-n -H'; do
		as_rg "-0 $o bar ends"
		as_rg "-0 $o foo ends"
	done
	printf 'ends\0crlf\0' >list
	same_as "'$FAULTLINE' scan -0 -c --files-from=list foo" "printf 'ends:4\ncrlf:3\n'"
	same_as "'$FAULTLINE' scan -0 -Z -c --files-from=list foo" "printf 'ends\\0%s\\n' 4 >two; printf 'crlf\\0%s\\n' 3 >>two; cat two"
	expect 2 "$FAULTLINE" count -0 ends
}

@test "scan: --count-matches with -m counts the matches of the first lines, however the file is cut" {
	local m o ours
	awk 'BEGIN { for (i = 0; i < 9000; i++) {
		printf "line %d", i
		for (k = i * 7919 % 11 - 5; k > 0; k--) printf " foo"
		print i % 50 ? "" : "xyz"
	} }' >many
	printf 'foo foo\nnone\nfoo' | tee -a many >few
	for m in 1 2 3 37 2500 3700 99999; do
		for o in '' -w '-i -H' '-o'; do
			some || continue
			as_rg "--count-matches -m$m $o FOO many" --include-zero
			as_rg "--count-matches -m$m $o foo few many" "-j1"
		done
		ours="'$FAULTLINE' scan --count-matches -m$m foo"
		for o in '-j1 --io=read' '-j7 --chunk-size=4099' '-j2 --chunk-size=32K --window-size=64K' '-j3 --io=mmap'; do
			some || continue
			same_as "$ours $o many" "rg --no-config --count-matches -m$m foo many"
		done
		same_as "cat many | $ours -j2 --chunk-size=5000" "rg --no-config --count-matches -m$m foo many"
	done
	as_rg "--count-matches -m2 'foo|line \\d+|xyz' many"
	as_rg "--count-matches -v -m2 foo many"
	as_rg "--count-matches -m0 foo many"
	# The last one of the two is meant.
	as_rg "--count-matches -m2 -c foo few"
	as_rg "-c -m2 --count-matches foo few"
	# With -I, only lines before the NUL byte's block are text.
	{ cat many; head -c 100000 /dev/zero; } >late
	same_as "'$FAULTLINE' scan -I --count-matches -m3 foo late" "rg --no-config --count-matches -m3 foo many"
	same_as "'$FAULTLINE' scan -I --count-matches -m99999 foo late" "grep -I -c foo late"
}

@test "scan: -S ignores case where ripgrep does" {
	local p
	printf '%s\n' foo Foo FOO 'x foo' 'X Foo' .A .a '(a' '(A' é É 'étage' 'ÉTAGE' '\S' '\s' 'a-b' 'A-B' 'a{b' 'A{B' AA aa >cases
	local patterns=(foo Foo '\x46oo' '\x66oo' '\x{46}oo' '\pL' '\p{Lu}'
		'\PL' '\S' '\Wfoo' '\WFoo' '\Soo' '[[:upper:]]' '[[:upper:]]oo' '[[:^upper:]]oo'
		'[A-F]oo' '[a-f]oo' '[^A]oo' '[^a]oo' '[]F]oo' '(?i)foo' '(?i)Foo' '(?i:f)OO' '(?-i)foo' '(?-i:F)oo'
		'(?P<Name>f)oo' '(?:f)oo' '\.' '\.a' '\.A' '\(a' '.' '..' '^.' 'a{2}' '[[:upper:]]{2}'
		'[\x41-\x46]oo' '[\x61-\x66]oo' '[\S]oo' '[F\W]oo' 'é' 'É' '\xc9' '\xe9' '\x{e9}' '[é]' '[É]' '\b.oo\b' '\Aa'
		'a-b' 'A-b' 'a\{b' 'a|B' 'a|b' '\t|foo' 'f+O*' '[[:alpha:]]--' '\D\w\d|x')
	for p in "${patterns[@]}"; do
		some || continue
		as_rg "-S -e '$p' cases"
		as_rg "-S -w -e '$p' cases"
	done
	for p in foo Foo '\S' '\s' '(?i)A' '(a' '(A' '[A]' é É ''; do
		as_rg "-F -S -e '$p' cases"
	done
	as_rg "-S -e foo -e aa cases"
	as_rg "-S -e foo -e AA cases"
	as_rg "-S -e 'foo\\S*' -e '[[:upper:]]' cases"
	as_rg "-S -i Foo cases"
	as_rg "-i -S Foo cases"
	as_rg "-i -S -i Foo cases"
}

@test "scan: -S and what ripgrep does not know" {
	# the pattern, its options, and whether its case counts
	local p o counts
	printf '%s\n' foo Foo >cases
	while read -r counts o p; do
		equal "$("$FAULTLINE" scan -c -S $o -e "$p" cases)" "$counts"
	done <<-'END'
		2 -P \Qfoo\E\S*
		1 -P \QFoo\E
		1 -P \106oo
		1 -P \o{106}oo
		1 -P \N{U+46}oo
		2 -P (?<Name>f)oo
		2 -P (?'Name'f)o(?#Comment)o
		2 -P (?<!x)foo|x(?<A>y)\k<A>\g{A}(?&A)
		1 -P (?<!a)foo|Q
		2 -P (*NO_JIT)foo
		1 -P (*positive_lookahead:F).oo
		2 -P foo\K|x\cA
		2 -P (?(DEFINE)(?<B>x))foo
		2 -E \<foo\>
		2 -E [[:upper:]]oo
		1 -E [\F]oo
		2 -G \(f\)oo
		1 -G \(F\)oo
		1 -G \([[:upper:]]\)
	END
	equal "$("$FAULTLINE" scan -c -S -P '(*UTF)\N{U+46}oo' cases)" 1
}

@test "scan: -b with --replace tells where the line begins, or with -o the match, also where nothing takes its place" {
	local r o
	printf 'foo\nxx foo\nfo b\nno\nfffoo' >x
	for r in '' X '$1' '$2$1' '$2' '<$0>'; do
		for o in '-b' '-ob' '-b -n --column' '-b -C1' '-ob -M2' '-b -M4 --max-columns-preview' '-ob -n'; do
			some || continue
			as_rg "$o --replace='$r' -e '(f)o(o)?' x"
		done
	done
	# Of the second match in a line ripgrep tells where it would begin in the line that it makes.
	equal "$(printf 'a foo foo\n' | "$FAULTLINE" scan -ob --replace= foo)" $'2:\n6:'
}
