#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# faultline scan --multiline (-U): see also tests/property/multi_differential.c.

load helpers

setup() {
	make_work
	export LC_ALL=C.UTF-8
	printf 'a\nb\nc a\nb x\na\nb\na\nb\nzz\n\nfoo a\nbfoo\nend' >t
	printf 'Exception: x\n\tat one\n\tat two\nother\nException: y\n\tat three\nlast\n' >trace
}

teardown() {
	remove_work
}

untimed() {
	sed -E 's/"(elapsed|elapsed_total)":\{[^}]*\}/"\1":{}/g; s/"bytes_searched":[0-9]+/"bytes_searched":N/'
}

@test "multiline: lines, pieces, counts" {
	expect 0 "$FAULTLINE" scan -U -n 'Exception.*\n(\tat .*\n)+' trace
	equal "$out" $'1:Exception: x\n2:\tat one\n3:\tat two\n5:Exception: y\n6:\tat three'
	expect 0 "$FAULTLINE" scan --multiline -c 'Exception.*\n(\tat .*\n)+' trace
	equal "$out" 2
	expect 0 "$FAULTLINE" scan -U -nbo 'a\nb' t
	equal "$(head -4 <<<"$out")" $'1:0:a\n2:0:b\n3:6:a\n4:6:b'
	expect 0 "$FAULTLINE" scan -U -vn 'a\nb' t
	equal "$out" $'9:zz\n10:\n13:end'
	expect 0 "$FAULTLINE" scan -U -m1 -n 'at two\no' trace
	equal "$out" $'3:\tat two\n4:other'
	expect 1 "$FAULTLINE" scan -Uc 'a\nz' t
	equal "$out" 0
	expect 0 "$FAULTLINE" scan -Ul --multiline-dotall 'zz.*end' t trace
	equal "$out" t
	expect 1 "$FAULTLINE" scan -Uq 'zz.*end' t
	expect 0 "$FAULTLINE" scan -U --color=always 'wo\noth' trace
	contains "$out" $'wo\e[m'
}

@test "multiline: every line of a match has a column" {
	expect 0 "$FAULTLINE" scan -U -n --column '\nother\nEx' trace
	equal "$out" $'3:8:\tat two\n4:1:other\n5:1:Exception: y'
}

@test "multiline: JSON Lines as ripgrep prints them" {
	command -v rg >/dev/null || skip "no ripgrep here"
	local p o how
	seq 0 19999 | awk '{ if ($1 % 7) print "line " $1 " a"; else print "b" $1 "\n" }' >many
	for p in 'a\nb' '\n\n' 'a\n' '[^a]*\nb' '(a\n|b0)' '\s+b'; do
		for o in "" -C1; do
			for how in -j1 "-j2 --chunk-size=4099" "-j7 --io=read --chunk-size=65536"; do
				# shellcheck disable=SC2086 # options
				diff <(rg -j1 --no-config --json -U $o "$p" t trace many | untimed) \
					<("$FAULTLINE" scan --json -U $o $how "$p" t trace many | untimed) ||
					{ echo "$o $how '$p'" && return 1; }
			done
		done
	done
}

@test "multiline: anchors count as crossing lines, and a last line without an end has one place more" {
	command -v rg >/dev/null || skip "no ripgrep here"
	local p o f
	printf 'abab\nab\n\nxb\n' >ended
	printf 'abab\nab\n\nxb' >open
	for p in '^a|b' 'b$|a' '\n|$' 'x*$|\n' '$' '\s*$' b; do
		for o in -n -nob -c -l "--json -C1" "-w --json" "-x -c"; do
			for f in ended open; do
				[[ $o == *-c && $("$FAULTLINE" scan -U $o -e "$p" $f) == 0 ]] && continue
				diff <(rg -j1 --no-config -U $o -e "$p" $f | untimed) \
					<("$FAULTLINE" scan -U $o -e "$p" $f | untimed) ||
					{ echo "$o '$p' $f" && return 1; }
			done
		done
	done
}

@test "multiline: how far a match may extend" {
	{
		echo begin
		yes 'some line' | head -c 1200000
		echo end
		yes 'some line' | head -c 600000
	} >far
	# What ripgrep would find needs more than 1 MiB.
	for how in "" "-j7 --chunk-size=4096" "--io=read -j1" "--window-size=4096"; do
		# shellcheck disable=SC2086 # options
		expect 0 "$FAULTLINE" scan -Uc $how '(?s)begin.*?end' far
		equal "$out" 1
		# shellcheck disable=SC2086 # options
		expect 2 "$FAULTLINE" scan -Uc $how '(?s)begin.*end' far
		contains "$err" "faultline scan: far: at byte 0: a match that begins here"
	done
	expect 2 "$FAULTLINE" scan -Uc '(?s)begin.*end' - <far
	contains "$err" "at byte 0: a match that begins here"
	# Not so far, and nothing is left out before the error.
	{ printf 'a\nb\n' && cat far; } >later
	expect 2 "$FAULTLINE" scan -Un '(?s)a\nb|begin.*end' later
	equal "$out" $'1:a\n2:b'
	contains "$err" "at byte 4: a match that begins here"
}

@test "multiline: matches that hang together over all chunks" {
	# Each match begins where only the one before tells: none of them is where a chunk would look.
	yes a | head -c 3000000 >as
	for how in "-j1" "-j2" "-j7 --chunk-size=4099" "--io=read"; do
		# shellcheck disable=SC2086 # options
		expect 0 "$FAULTLINE" scan -Uc $how 'a\na\na\n' as
		equal "$out" 500000
	done
	equal "$("$FAULTLINE" scan -Uc 'a\na\na\n' - <as)" 500000
	equal "$("$FAULTLINE" scan -Unob -m1 '\na\na' as | tail -1)" "1499999:2999993:a"
}

@test "multiline: compressed, binary, and what it is not for" {
	if command -v zstd >/dev/null; then
		cat t t t >three && zstd -q three
		equal "$("$FAULTLINE" scan -Un 'end\?a|enda\nb' three.zst)" \
			"$("$FAULTLINE" scan -Un 'end\?a|enda\nb' three)"
	fi
	printf 'a\nb\n\0' >binary
	expect 0 "$FAULTLINE" scan -U 'a\nb' binary
	contains "$err" "binary: binary file matches"
	expect 0 "$FAULTLINE" scan -aU '\x00' binary
	expect 2 "$FAULTLINE" scan -U '(?<=ab)c\n' t
	contains "$err" "cannot look behind for more than one character"
	for o in --follow --range=0:5 --processes=2; do
		expect 2 "$FAULTLINE" scan -U "$o" 'a\nb' t
		contains "$err" "--multiline"
	done
	expect 2 "$FAULTLINE" scan -U --replace=x 'a\nb' t
	contains "$err" "cannot be replaced"
	expect 2 "$FAULTLINE" scan -U --engine=lit 'a\nb' t
	contains "$err" "only PCRE2"
}

@test "scan: a count across lines ends behind the group of lines with the N-th match, as in ripgrep" {
	local n p o c
	command -v rg >/dev/null || skip "ripgrep is not installed"
	[[ $(rg --version) == "ripgrep 13."* ]] || skip "it knows ripgrep 13 only"
	printf 'a a\nb\na\na a a\nc\na\nb a\n' >t
	for n in 1 2 3 4 9; do
		for p in a 'a\nb' 'a\n' '\n' '(?s)a.{2}' '^a' 'c\na\nb'; do
			for o in -c --count-matches; do
				for c in 1 4096; do
					some || continue
					same_as "'$FAULTLINE' scan -U $o -m$n --chunk-size=$c '$p' t" "rg -U $o -m$n '$p' t"
				done
			done
		done
	done
	equal "$("$FAULTLINE" scan -U -v -c -m2 'a\nb' t)" 2
	equal "$("$FAULTLINE" scan -U -v -c -m9 'a\nb' t)" 3
	equal "$({ "$FAULTLINE" scan -U -c -m1 'a\nb'; cat; } <t)" $'1\na\na a a\nc\na\nb a'
	equal "$({ "$FAULTLINE" scan -U -vc -m1 'a\nb'; cat; } <t)" $'1\na a a\nc\na\nb a'
}

@test "scan: with -I a count across lines that -m ended before a NUL byte stands, however the file is cut" {
	local c
	{ printf 'a\nb\nx\n'; yes y | head -c 400000; printf 'a\nb\0\nx\na\nb\n'; } >t
	for c in 4099 64K 4M; do
		equal "$("$FAULTLINE" scan -U -I -c -m1 --chunk-size=$c 'a\nb' t)" 1
		expect 1 "$FAULTLINE" scan -U -I -c -m2 --chunk-size=$c 'a\nb' t
		equal "$out" 0
	done
}
