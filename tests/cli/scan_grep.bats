#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# faultline scan where grep does something unexpected: odd patterns, colours, -NUM, binary lines.

load helpers

setup() {
	[[ $(LC_ALL=C grep --version) == "grep (GNU grep) 3.8"* ]] || skip "it knows GNU grep 3.8 only"
	make_work
	scan="'$FAULTLINE' scan"
	printf '%s\n' 'a{1' a aa '*a' '{1}a' 'a|b' '(a)' ')' '[]abc]' b '\' '^a$' ab abab -x é >odd
	printf 'foo bar\nbaz foo\n\nFoo\nxfoo foo_ foo\nlast foo' >foo
	printf 'a\xffab\xc3aba\xe2\x82 foo\n\xfffoo b\xff\n' >broken
}

teardown() {
	[[ -z ${work-} ]] || remove_work
}

# same_message OPTIONS: both refuse, with one message
same_message() {
	local theirs
	theirs=$(eval "grep $1" 2>&1 >/dev/null) && return 1
	eval "expect 2 '$FAULTLINE' scan $1"
	equal "${err#faultline scan: }" "${theirs#grep: }"
}

@test "scan: what is odd in extended and basic expressions means what it means to grep" {
	local p
	for LC_ALL in C C.UTF-8; do
		export LC_ALL
		for p in ')' 'a)' '(a))' ')*b' '{1}' '{1}a' 'a|{1}b' '{a' 'a{1' 'a{,}' 'a{x}' '^*a' '^+a' \
			'^?ab' '^{0}a' '$*a' 'a$*' '^*' '(a)\1' '((a)b)\2' '[a-]' '[]-a]' '[%--]' '[--a]'; do
			some || continue
			same_as "$scan -nE -e '$p' odd" "grep -nE -e '$p' odd"
		done
		for p in '\{' '\{1\}' '\{1\}a' 'a\|\{1\}' '\(\{1\}a\)' '^*a' '\(*a\)' '\(a\)\1' 'a\{,1\}b' 'a\{2\}'; do
			some || continue
			same_as "$scan -nG -e '$p' odd" "grep -nG -e '$p' odd"
		done
	done
}

@test "scan: expressions that grep refuses are refused with its message" {
	local p
	for p in 'a{}' 'a{2,1}' 'a{32768}' 'a{99999}' '[' '[^' '[a' '[c-a]' '[a-c-e]' '[[:alpha:]-z]' '\1' \
		'(a)\2' '(a\1)' '(a' '[[:foo:]]' '[:alpha:]' '\'; do
		same_message "-E -e '$p' odd"
	done
	for p in 'a\{1' 'a\{1,2' 'a\{' 'a\{x' 'a\{x\}' 'a\{1x,' 'a\{\}' 'a\{2,1\}' 'a\{99999\}' '\(a\1\)' \
		'\(a\)\2' '(a)\1' 'a\)' '\(a' '[' '[c-a]'; do
		same_message "-G -e '$p' odd"
	done
}

@test "scan: GREP_COLORS gives each part the colour that grep gives it" {
	local c o
	for c in '' sl=1:cx=2 sl=1:cx=2:rv sl=1:cx=2:ne mt=1 ms=1:mt ms=2:mc=3 mc=3:mt=1 ms=:sl=1 ne ne=1 \
		fn=34:ln=33:bn=36:se=31 se= =1:fn=3 fn=1=2:ln=3 mt=x:fn=3 zz=1:fn=3; do
		for o in '' -Hnb -on -v -vC1 -nA1 -cH -l -L -w 'nowhere -e foo'; do
			some || continue
			same_as "GREP_COLORS=$c $scan --color=always $o -e foo foo" \
				"GREP_COLORS=$c grep --colour=always $o -e foo foo"
		done
	done
	expect 0 "$FAULTLINE" scan --colour=never -c foo foo
	equal "$out" 4
}

@test "scan: a CR before a line's end has no colour, as in grep" {
	local c o p
	printf 'x\r\nx two\r\nthree\r\n\r\na\rx\rb\r\r\nx\r\r\n\rx\n\r\r\nxx\r' >t
	for c in sl=1:cx=2 ms=:sl=1:ne cx=2:sl=1:rv; do
		for o in -n -C1 -o -v -vC1; do
			for p in x 'x.' '.' "''" y 'x\rb'; do
				same_as "GREP_COLORS=$c $scan --color=always $o -e $p t" \
					"GREP_COLORS=$c grep --color=always -P $o -e $p t"
			done
		done
	done
}

@test "scan: GREP_COLOR is the older name of one colour, of which grep warns" {
	local c colors
	for c in '1;32' '' 1x ';'; do
		for colors in '' ms=35 mt=36 sl=1 mc=3 mt; do
			same_as "GREP_COLORS=$colors GREP_COLOR='$c' $scan --color=always -C1 Foo foo" \
				"GREP_COLORS=$colors GREP_COLOR='$c' grep --color=always -C1 Foo foo"
			GREP_COLORS=$colors GREP_COLOR=$c grep --color=always -C1 Foo foo 2>&1 >/dev/null |
				sed 's/^grep:/faultline scan:/' | diff - "$work/.ours.err"
		done
	done
}

@test "scan: of the matches at one place the longest counts in -E and -G" {
	local p o
	for LC_ALL in C C.UTF-8; do
		export LC_ALL
		for p in "-E 'a|ab|aba'" "-E -e '' -e foo" "-E -e fo -e '' -e 'foo ba'" "-E 'x*|foo'" "-E '()|foo'" \
			"-E 'a*(ab)*'" "-E '(a|ab)(c|bcd)*'" "-G 'a\|ab\|aba'" "-G -e '' -e foo" "-wE 'f|foo|foo_'" \
			"-iE 'fo|foo b'" "-E '(f|.f)oo\>'" "-E 'é|é*.'"; do
			for o in -ob --color=always; do
				some || continue
				same_as "$scan $o $p foo odd broken" "grep $o $p foo odd broken"
			done
		done
	done
}

@test "scan: -NUM is as many lines of context" {
	local o
	for o in -1 -2 -10 -1n -n1 -1nb -1m1 '-1m 1' '-2 -1' '-1 -2n' '-C3 -1' '-1 -C3' '-1 -A0' -12c; do
		some || continue
		same_as "$scan $o Foo foo" "grep $o Foo foo"
	done
	expect 2 "$FAULTLINE" scan -1% Foo foo
	[[ $err == *"invalid option -- '%'"* ]]
	expect 2 "$FAULTLINE" scan Foo -1m
	[[ $err == *"requires an argument -- 'm'"* ]]
}

@test "scan: -I says nothing of lines that are not text, and skips them" {
	printf 'abc\nfoo\200bar\nfoo\n' >bad
	for o in '' -n -c -l -o -q -v -H; do
		same_as "LC_ALL=C.UTF-8 $scan -I $o foo bad" "LC_ALL=C.UTF-8 grep -I $o foo bad"
		equal "$(<.ours.err)" ""
	done
}

# In a directory ours come in the order of their names.
same_files() {
	same_as "$scan $1 | sort" "grep $1 | sort"
}

@test "scan: which files and directories are meant is what it is to grep" {
	local o t
	mkdir -p tree/sub/deep tree/.hid
	for o in a.log b.txt .h.log sub/c.log sub/deep/e.log .hid/f.log '[z].log'; do echo foo >"tree/$o"; done
	ln -s sub tree/link
	cd tree
	for o in --include='*.log' --include=a.log --include='sub/*' --exclude='a*' --exclude='\[z].log' \
		'--include="*.log" --exclude="a*"' '--exclude="a*" --include="*.log"' --exclude-dir=sub --exclude-dir=sub/deep \
		--exclude-dir='.*' --exclude-dir=. '--exclude-dir="*e*"' --exclude-dir=sub/ --include=c.log; do
		for t in '' . sub sub/c.log 'sub a.log' link "'$PWD'" "'$PWD/a.log'"; do
			some || continue
			same_files "-rl $o foo $t"
		done
		same_files "-l $o foo a.log b.txt ./a.log sub/c.log '$PWD/a.log'"
	done
	cd ..
}

# same_complaints OPTIONS: the same messages and status
same_complaints() {
	local ours=0 theirs=0
	eval "$scan $1" >out 2>ours.err || ours=$?
	eval "grep $1" >out 2>theirs.err || theirs=$?
	diff <(sed 's/^grep: //' theirs.err) <(sed 's/^faultline scan: //' ours.err) || { echo "$1" && return 1; }
	((ours == theirs))
}

@test "scan: --include and --exclude are for files that are there, --exclude-dir is also for a directory without -r" {
	local o r t
	mkdir -p dir/q
	echo foo >dir/a.c
	echo foo >a.h
	ln -s nowhere dangling
	for o in '--include="*.c"' '--exclude="*"' --exclude=dir --include=dir --exclude=missing --exclude=dangling \
		--exclude-dir=dir --exclude-dir=q '--exclude-dir="*"' '-s --exclude="*"'; do
		for t in dir dir/q . missing dangling 'a.h missing dir' dir/a.c; do
			some || continue
			same_complaints "$o foo $t"
			same_complaints "-r $o foo $t"
		done
	done
}

@test "scan: -r of one file needs no names" {
	mkdir d
	echo foo >d/f
	for t in foo d d/f 'foo foo' ./foo '- <foo'; do
		for o in '' -c -n -h -H; do
			same_files "-r $o 'last foo' $t"
		done
	done
}

@test "scan: an input file that is also the output is refused where it could grow without an end" {
	local o
	for o in '' -n -v -o -m2 -A1 -s; do
		same_as "cp foo io; $scan $o foo foo io >>io; echo \$?; cat io" "cp foo io; grep $o foo foo io >>io; echo \$?; cat io"
	done
	cp foo ours
	run bash -c "'$FAULTLINE' scan foo ours 2>&1 >>ours"
	equal "$status $output" "2 faultline scan: ours: input file is also the output"
	run bash -c "'$FAULTLINE' scan foo <ours 2>&1 >>ours"
	equal "$status $output" "2 faultline scan: (standard input): input file is also the output"
	for o in -c -q -l -m1; do
		"$FAULTLINE" scan $o foo ours >>ours
	done
	"$FAULTLINE" scan -L foo ours >>ours || (($? == 1))
}

@test "scan: there is one syntax for all patterns" {
	local a b
	for a in E F G P; do
		expect 0 "$FAULTLINE" scan -q -$a -$a foo foo
		for b in E F G P; do
			[[ $a != "$b" ]] || continue
			expect 2 "$FAULTLINE" scan "-$a$b" foo foo
			equal "${err%%$'\n'*}" "faultline scan: $(grep "-$a$b" foo foo 2>&1 | sed 's/^grep: //')"
		done
	done
}

@test "scan: with -I, what ends at a line ends there as in grep, however the file is cut" {
	local o c
	{ yes abc | head -c 300000; printf '\0'; yes abc | head -n 9; } >late
	{ yes abc | head -n 5; printf '\0'; yes abc | head -n 5; } >early
	for o in -c -c\ -m3 -c\ -m200000 -l -L -q -l\ -m3 -m3 -lv -c\ -o\ -m2 -c\ -m2\ -A1; do
		for c in 7 64 16K 4M; do
			some || continue
			same_as "$scan -I $o --chunk-size=$c abc early" "grep -I $o abc early"
			((c == 7 || c == 64)) ||
				same_as "$scan -I $o --chunk-size=$c abc late" "grep -I $o abc late"
		done
	done
}

@test "scan: Hyperscan's places within a character are not where a word begins" {
	printf '\303\251x1\303x\n' >t
	same_as "LC_ALL=C.UTF-8 $scan -c -w -a -G -e '[]x].' -e bkx t" \
		"LC_ALL=C.UTF-8 grep -c -w -a -G -e '[]x].' -e bkx t"
	"$FAULTLINE" scan -q --engine=hs . foo || skip "there is no Hyperscan here"
	same_as "LC_ALL=C.UTF-8 $scan --engine=hs -c -w -a -G -e '[]x].' -e bkx t" \
		"LC_ALL=C.UTF-8 grep -c -w -a -G -e '[]x].' -e bkx t"
}

@test "scan: -m leaves standard input behind the last line that it selected" {
	local o c
	seq 1 30000 >numbers
	for o in '-m1 5' '-m3 7' '-m2 -A2 30' '-m1 -v 1' '-m1 30000' '-m2 -n -b 29' '-m5 nothing' '-o -m2 9' '-m9999999 1'; do
		same_as "{ $scan $o; cat; } <numbers" "{ grep $o; cat; } <numbers"
		same_as "{ read -r a; read -r b; $scan $o; cat; } <numbers" "{ read -r a; read -r b; grep $o; cat; } <numbers"
	done
	for o in '-c -m3 7' '-c -m2 -v 1' '-c -m1 30000' '-c -m5 nothing' '-c -o -m2 9' '-c -m2 -A2 30' '-c -m4 -e 5 -e 7' '-c -m4 -F 5' \
		'-c -m99999 1' '-c -m30000 -v nothing' '-c -m29999 -v nothing' '-cvm 25000 -e 1 -e 2'; do
		for c in 4099 4M; do
			same_as "{ $scan $o --chunk-size=$c; cat; } <numbers" "{ grep $o; cat; } <numbers"
		done
	done
	same_as "{ $scan -c -m3 5 - numbers; cat; } <numbers" "{ grep -c -m3 5 - numbers; cat; } <numbers"
	printf 'a\0b\na\nc\0' >nul
	for o in '-c -m1 a' '-c -m2 a' '-c -m2 -v a' '-c -z -m1 a' '-m1 a' '-m2 a' '-c -a -m1 a' '-c -m1 b'; do
		same_as "{ $scan $o; cat; } <nul" "{ grep $o; cat; } <nul"
	done
	equal "$({ "$FAULTLINE" scan --count-matches -m2 5; head -n 1; } <numbers)" $'2\n16'
	printf 'a\nb' >open
	same_as "{ $scan -m1 b; cat; } <open" "{ grep -m1 b; cat; } <open"
	zstd -q numbers || skip "zstd is not installed"
	equal "$({ "$FAULTLINE" scan -m1 5; cat; } <numbers.zst)" 5
}

@test "scan: without a single pattern nothing is searched, as in grep" {
	local o
	: >none
	printf 'foo\n' >x
	for o in -c -h -l -o -q -L -Lv -vc -v '-c -w' '-c -F'; do
		same_as "'$FAULTLINE' scan $o -f none x x" "grep $o -f none x x"
		same_as "'$FAULTLINE' scan $o -f none -f none nowhere" "grep $o -f none -f none nowhere"
	done
	same_as "'$FAULTLINE' scan -c -f none -e foo x" "grep -c -f none -e foo x"
	for o in '-f none' '-m0 foo'; do
		expect 1 "$FAULTLINE" scan --json $o x
		equal "$out$err" ""
	done
}

@test "scan: -x of patterns that begin with settings, or end within \\Q, as grep has it" {
	local p o
	# In the locale C this refuses (*UTF), which grep takes.
	export LC_ALL=C.UTF-8
	printf 'foo\nfoo bar\nFOO\nfoo\\\n\nfoé\n' >x
	for p in '(*UTF)foo' '(*UTF)(*UCP)fo\w' '(*NO_JIT)(*LIMIT_MATCH=1000)foo|fo' '\Qfoo' '\Qfoo\' '\Qf\Eo\Qo' '\\Qfoo' \
		'(*COMMIT)foo' '(*FAIL)|foo' 'foo\' '\Qf\Eoo\' '(*LF)foo|x' '(*'; do
		for o in -x -w '-xi -o' '-xv -n'; do
			same_as "'$FAULTLINE' scan -P $o -e '$p' x" "grep -P $o -e '$p' x"
		done
	done
}

@test "scan: with -v and an empty pattern nothing is searched, as in grep" {
	local o
	printf 'a\n\nb\n' >x
	for o in -c -n -l -L -q '-c -x' '-c -w' -H; do
		for more in '' -F -E -G; do
			same_as "'$FAULTLINE' scan -v $more $o -e '' x" "grep -v ${more:--P} $o -e '' x"
		done
	done
	same_as "'$FAULTLINE' scan -vc '' nowhere" "grep -vcP '' nowhere"
	same_as "'$FAULTLINE' scan -v --passthru '' x" "cat x; false"
}

@test "scan: -T puts a tab before lines, and makes numbers as wide as grep does" {
	local o n c
	printf 'one\nxtwo x\n\nthree\nx\r\n\r\nfour x' >t
	for c in --color=never --color=always; do
		for o in '' -n -b -H -nb -nbH '-nH -C1' '-o -n' -ob -oH '-o -nbH' '-nHv' '-c' '-cH' -l -L -HZ '-nHZ' -z '-zn' '-nA1 -m1' \
			-q '-bn -C2' '-h -n' '-nH -e nowhere'; do
			same_as "$scan $c -T $o -e x t" "grep $c -T $o -e x t"
		done
		same_as "$scan $c -TnH '' t t" "grep $c -TnH '' t t"
		same_as "$scan $c --initial-tab -no 'y*' t" "grep $c --initial-tab -noP 'y*' t"
		same_as "cat t | $scan $c -Tnb x" "cat t | grep $c -Tnb x"
	done
	same_as "GREP_COLORS=sl=1:cx=2 $scan -TnC1 --color=always x t" "GREP_COLORS=sl=1:cx=2 grep -TnC1 --color=always x t"
	same_as "{ read -r a; $scan -Tnb x; } <t" "{ read -r a; grep -Tnb x; } <t"
	for n in 1 9 10 98 99 100 999; do
		yes x | head -c $n >t
		for o in -n -b -nb; do
			same_as "$scan $o -Tm2 x t" "grep $o -Tm2 x t"
		done
	done
	yes 'a b' | head -n 100000 >t
	same_as "$scan -Tnb --chunk-size=64K a t" "grep -Tnb a t"
}

@test "scan: -T goes with --column, and with replacements of nothing" {
	printf 'ax\nx\nb\n' >t
	equal "$("$FAULTLINE" scan -T --column x t)" $'2:\tax\n1:\tx'
	equal "$("$FAULTLINE" scan -T --column -C1 x t)" $'2:\tax\n1:\tx\nb'
	equal "$("$FAULTLINE" scan -Tn --replace '' x t)" $'1:\ta\n2:'
	equal "$("$FAULTLINE" run scan -T -n x -- t)" $'1:\tax\n2:\tx'
}

@test "scan: a line begins before a byte that is no text, too, with -E and -G" {
	local p o
	export LC_ALL=C.UTF-8
	printf '\xff\nx\n\xff\xfex\n\xc3\n\nx\xff\n\x80 foo\n' >x
	for p in '^' '^b*' '^$' '^x*$' '^.' '(^|f)' '^|oo' 'x|^ *'; do
		for o in -c -vn '-o -b' '-x -n' -in '--color=always'; do
			some || continue
			same_as "$scan -a -E $o -e '$p' x" "grep -a -E $o -e '$p' x"
			same_as "$scan -a -G $o -e '${p//[()|]/}' x" "grep -a -G $o -e '${p//[()|]/}' x"
			same_as "$scan -a -P $o -e '$p' x" "grep -a -P $o -e '$p' x"
		done
	done
}

@test "scan: -m counts a line whose matches do not fit into one part of the result as one, and all of them are printed" {
	local o how
	{
		printf 'no\n%03000d\n0\nno\n' 0
		head -c 400000 /dev/zero | tr '\0' 0
		printf '\n0\n'
	} >zeros
	for o in '-m1' '-m1 -a' '-m1 -b -n' '-m1 -a -A1' '-m2 -a' '-m3 -a' '-m3' '-m3 -I'; do
		for how in '' '-j2 --io=read --chunk-size=4099' '-j1 --window-size=4096'; do
			some || continue
			same_as "$scan $o $how -o 0 zeros | md5sum" "grep $o -o 0 zeros | md5sum"
		done
	done
	same_as "$scan -a -m1 -o 0 <zeros | md5sum" "grep -a -m1 -o 0 <zeros | md5sum"
}

@test "scan: bytes that are no text have no case, and are of no word, in a string that is none either" {
	local o
	export LC_ALL=C.UTF-8
	printf 'x\n\xe9a' >bytes
	printf '\xc9A\n\xe9A\n\xe9a\n\xffx\nxa\xffx\nax\xff\n' >text
	for o in -c -in -wn -on -iwn; do
		same_as "$scan -a -F $o -f bytes text" "grep -a -F $o -f bytes text"
	done
}

@test "scan: strings that are no text are looked for with -E and -G as with -F" {
	local o
	export LC_ALL=C.UTF-8
	printf 'a\xff' >one
	printf 'x\n\xc3{' >two
	printf 'a\xff\nA\xff x\nxx\n\xc3{\nxa\xffx\n' >x
	for o in -c -n -in -wn -xn '-o -b' -v; do
		for s in E G; do
			same_as "$scan -a -$s $o -f one x" "grep -a -$s $o -f one x"
		done
		same_as "$scan -a -G $o -f two x" "grep -a -G $o -f two x"
	done
	expect 2 "$FAULTLINE" scan -a -P -f one x
	contains "$err" "UTF-8 error"
}

@test "scan: --line-buffered does not print lines of a file that is binary, however it is cut" {
	local how
	printf 'foo\nbar\0foo\nfoo\n' >early
	{ seq 1 30000 && printf 'foo\0\nfoo\n'; } >late
	for how in '' '-j2 --io=read --chunk-size=1' '-j1 --io=mmap --window-size=4096' '--chunk-size=4099'; do
		same_as "$scan --line-buffered $how -e foo early" "grep --line-buffered foo early"
		same_as "$scan --line-buffered $how -e 99 late" "$scan -j1 99 late"
	done
}
