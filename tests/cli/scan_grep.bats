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
