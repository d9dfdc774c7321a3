#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What faultline-mpi writes to files, on nasty texts, with ranks, threads, sizes of pieces and edits drawn at
# random: always what faultline writes. A case is a file; a command has all texts. A failure prints the
# command. FL_TEST_SCALE scales the cases.

load ../cli/helpers
load ../cli/mpi

setup() {
	need_mpi
	make_work
	RANDOM=1907
	mkdir large small
	(cd large && "${abs_top_builddir:?}/tests/property/nasty_dump" 3) || return 1
	for text in large/*; do
		head -c $((RANDOM % 2000)) "$text" >"small/${text#large/}"
	done
	export LC_ALL=C
	wanted=$(awk -v s="${FL_TEST_SCALE:-1}" 'BEGIN { n = 100 * s; print n < 25 ? 25 : int(n) }')
	cases=0
}

teardown() {
	remove_work
}

# pick WORD... sets $picked. No subshell: RANDOM would not move on.
pick() {
	shift $((RANDOM % $#))
	picked=$1
}

# How it is run: $n ranks, $how, over the texts of $size.
pick_run() {
	n=$((1 + RANDOM % 4))
	pick -j1 -j2
	how=("$picked")
	pick large small
	size=$picked
	if [[ $size == small ]]; then
		pick --chunk-size=7 --chunk-size=100 --chunk-size=1000
	else
		pick --chunk-size=10000 --chunk-size=64K --chunk-size=0
	fi
	how+=("$picked")
	pick --io=mmap --io=read --io=auto
	how+=("$picked")
	pick --max-memory=4M --max-memory=64M
	how+=("$picked")
}

# on_copies OPTION...: alone and by ranks, each in a copy of the texts
on_copies() {
	local ours=0 theirs=0
	rm -rf alone many
	cp -r "$size" alone
	cp -r "$size" many
	(cd alone && "$FAULTLINE" "$@" ./text* >/dev/null 2>&1) || theirs=$?
	(cd many && ranks "$n" "$@" "${how[@]}" ./text* >../said 2>&1) || ours=$?
	if ((ours != theirs)) || ! diff -rq alone many; then
		echo "status $ours, not $theirs: $n ranks: $* ${how[*]}"
		head -n 5 said
		return 1
	fi
	cases=$((cases + $(find "$size" -type f | wc -l)))
}

@test "mpi: edits and frames of nasty texts, drawn at random" {
	while ((cases < wanted)); do
		pick_run
		pick 'y/ab\n/b\na/' --mask='[aeiou]+' --redact=ipv4,email 'y/e/\n/' --upper
		on_copies transform -i "$picked"
		((cases < wanted)) || break
		pick_run
		pick 's/e/EE/g' 's/[^a]//g' --delete=a 's/$/ end/' --dos2unix 's/^/\n/'
		on_copies transform --rewrite "$picked"
		((cases < wanted)) || break
		pick_run
		pick --frame-size=100 --frame-size=1000 --frame-size=4097 --align-lines
		on_copies compress -q -1 "$picked"
	done
	echo "$cases cases"
	((cases >= wanted))
}
