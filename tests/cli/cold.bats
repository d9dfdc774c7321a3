#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# --cold: which pages of a file are in the page cache is the same before and after.

load helpers

setup() {
	# tmpfs is nothing but page cache.
	BATS_TMPDIR=/var/tmp
	make_work
	cachestate=${abs_top_builddir-$BATS_TEST_DIRNAME/../..}/scripts/bench/cachestate
	chmod 755 .
	seq 1 1500000 >big
	truncate -s 9999999 big
	seq 1 20000 >small
	chmod 644 big small
	sync big small
	"$cachestate" evict big 2>/dev/null || skip "pages cannot be dropped here"
}

teardown() {
	remove_work
}

# some PAGES...: only these ranges, FIRST+COUNT, are cached
some() {
	local range
	"$cachestate" evict big
	for range; do
		"$cachestate" touch big "${range%+*}" "${range#*+}"
	done
	"$cachestate" pages big >before
	ranges_now=("$@")
}

# unchanged COMMAND...: another look if memory was short meanwhile and the kernel took pages away
unchanged() {
	local try
	for try in 1 2 3; do
		"$@" >.out 2>.err || {
			cat .err
			return 1
		}
		"$cachestate" pages big >after
		cmp -s before after && return 0
		((try < 3)) && some "${ranges_now[@]}"
	done
	diff before after
	echo "$*"
	return 1
}

as_nobody() {
	setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}

@test "cold: nothing, here and there, half, most, all" {
	local all=2442 digest
	digest=$("$FAULTLINE" hash -a xxh128 big)
	for ranges in "" "0+1" "2441+1" "5+3 700+1 901+33 2000+400" "16+1200 1600+16" "0+2000 2016+100" "0+$all"; do
		# shellcheck disable=SC2086 # several ranges
		some $ranges
		unchanged "$FAULTLINE" hash -a xxh128 --cold big
		equal "$(<.out)" "$digest"
		unchanged "$FAULTLINE" scan -c --cold 7 big
		unchanged "$FAULTLINE" hash --manifest=m --cold big
		unchanged "$FAULTLINE" verify --cold m
		unchanged "$FAULTLINE" hash --cold --range=1000000:3000000 big
	done
}

@test "cold: every loader" {
	for ranges in "" "160+160 800+1600" "0+2442"; do
		for io in mmap read direct uring; do
			for more in "-j1" "-j2 --chunk-size=100K"; do
				# shellcheck disable=SC2086
				some $ranges
				# shellcheck disable=SC2086
				unchanged "$FAULTLINE" hash --cold --io=$io $more big
			done
		done
	done
}

@test "cold: both files of a diff, and small files" {
	cp big other
	sync other
	for ranges in "" "160+160 800+1600"; do
		# shellcheck disable=SC2086
		some $ranges
		"$cachestate" evict other
		unchanged "$FAULTLINE" diff --cold big other
		equal "$("$cachestate" pages other)" ""
		unchanged "$FAULTLINE" diff --cold other big
		equal "$("$cachestate" pages other)" ""
	done
	"$cachestate" evict small
	unchanged "$FAULTLINE" hash --cold small big
	equal "$("$cachestate" pages small)" ""
}

@test "cold: a file of another user" {
	((EUID == 0)) || skip "only root can become another user"
	command -v setpriv >/dev/null || skip "no setpriv"
	as_nobody test -x "$FAULTLINE" || skip "nobody cannot reach the program"
	as_nobody "$FAULTLINE" hash --io=direct big >/dev/null || skip "nobody cannot run it here"
	as_nobody "$FAULTLINE" cache big >/dev/null || skip "nobody is told here what is cached"
	for ranges in "" "0+1" "5+3 700+1 901+33 2000+400" "0+2000 2016+100" "0+2442"; do
		# shellcheck disable=SC2086
		some $ranges
		unchanged as_nobody "$FAULTLINE" hash --cold big
		unchanged as_nobody "$FAULTLINE" scan -c --cold 7 big
		unchanged as_nobody "$FAULTLINE" hash -a md5 --cold big
	done
}
