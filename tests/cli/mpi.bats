#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC1010 # "then" stands between stages
# faultline-mpi: any number of ranks and threads gives what faultline gives, byte for byte.

load helpers
load mpi

setup() {
	make_work
	export LC_ALL=C
}

teardown() {
	remove_work
}

# Chunks so small that there are many more than ranks; lines that are longer than all of them.
nasty() {
	make_samples
	{
		head -c 100000 /dev/zero | tr '\0' 'y'
		echo ' error'
	} >giant
	files=("${all_samples[@]}" giant)
}

# everywhere OPTION...: on one to four ranks, with one and with two threads
everywhere() {
	local n
	for n in 1 2 3 4; do
		as_alone "$n" "$1" -j$((n % 2 + 1)) "${@:2}" || return 1
	done
}

@test "mpi: count" {
	need_mpi
	nasty
	everywhere count --chunk-size=7 -l -w -c "${files[@]}"
	as_alone 3 count --chunk-size=5 --range=3:20 "${files[@]}"
	as_alone 2 count --json --chunk-size=1K giant long
}

@test "mpi: hash" {
	need_mpi
	nasty
	"$LOGGEN" --size=200K >log
	everywhere hash --chunk-size=1K -a xxh3 -a xxh128 -a crc32c -a fsverity -a xxh32 -a sha256 log
	as_alone 3 hash --chunk-size=3000 giant
	as_alone 2 hash --chunk-size=10 empty
	as_alone 2 hash --chunk-size=2K "${files[@]}"
	as_alone 2 hash --chunk-size=4K -a fsverity --salt=0badcafe --range=8K:50K log
	ranks 3 hash --chunk-size=8K --leaf-size=16K --manifest=ours log
	"$FAULTLINE" hash --leaf-size=16K --manifest=theirs log
	cmp ours theirs
	ranks 3 hash -j1 --chunk-size=8K --leaf-size=16K --range=64K:64K --manifest=ours log
	"$FAULTLINE" hash --chunk-size=8K --leaf-size=16K --range=64K:64K --manifest=theirs log
	cmp ours theirs
	cmp ours.sums theirs.sums
	"$FAULTLINE" hash log giant long >sums
	as_alone 2 hash --chunk-size=2K -c sums
}

# Leaves so large that the folds of a manifest go from rank to rank.
@test "mpi: a manifest, by turns" {
	need_mpi
	"$LOGGEN" --size=9M >log
	head -c 3145728 log >three
	"$FAULTLINE" hash --leaf-size=1M --manifest=theirs log three
	for n in 2 3; do
		ranks "$n" hash -j$((n - 1)) --chunk-size=100K --leaf-size=1M --manifest=ours log three
		cmp ours theirs
	done
	ranks 2 hash -j1 --chunk-size=3M --leaf-size=2M --manifest=ours log
	"$FAULTLINE" hash --leaf-size=2M --manifest=theirs log
	cmp ours theirs
}

@test "mpi: scan" {
	need_mpi
	nasty
	everywhere scan --chunk-size=9 -nb error "${files[@]}"
	as_alone 2 scan --chunk-size=64 -c -e error -e o "${files[@]}"
	as_alone 3 scan --chunk-size=64 -no '[a-z]+ error' "${files[@]}"
	as_alone 3 scan --chunk-size=16 -n -A 2 -B 1 three "${files[@]}"
	as_alone 2 scan --chunk-size=16 -l error "${files[@]}"
	as_alone 4 scan --chunk-size=16 -m 1 -n error "${files[@]}"
	as_alone 2 scan --chunk-size=16 -q error "${files[@]}"
	as_alone 2 scan --chunk-size=16 nothing-like-this "${files[@]}"
	as_alone 3 scan --chunk-size=16 -vn error missing "${files[@]}"
}

@test "mpi: scan --json" {
	need_mpi
	"$LOGGEN" --size=300K | sed 's/sshd/ERROR/' >log
	"$FAULTLINE" scan --json ERROR log | sed 's/"elapsed[^}]*}//g' >alone
	for n in 2 3; do
		ranks "$n" scan --json --chunk-size=4K ERROR log | sed 's/"elapsed[^}]*}//g' >many
		cmp alone many
	done
}

@test "mpi: run" {
	need_mpi
	"$LOGGEN" --size=300K | sed 's/sshd/ERROR/' >log
	everywhere run --chunk-size=5K count -l then hash then scan -n ERROR -- log
	as_alone 3 run --chunk-size=8K scan ERROR then transform 's/ERROR/E/g' then count -l -- log
	ranks 3 run --chunk-size=8K scan ERROR --output=ours then hash -- log >ours.text
	"$FAULTLINE" run scan ERROR --output=theirs then hash -- log >theirs.text
	cmp ours theirs
	cmp ours.text theirs.text
}

@test "mpi: output that does not fit into any buffer comes in order, from ranks of any speed" {
	need_mpi
	"$LOGGEN" --size=40M >log
	"$FAULTLINE" scan -n . log | md5sum >alone
	ranks 4 scan -j1 -n . log | md5sum >many
	cmp alone many
	ranks 2 scan -j2 --chunk-size=100K --max-memory=4M -vn nothing log | md5sum >many
	cmp alone many
}

@test "mpi: what all ranks refuse is said once" {
	need_mpi
	expect 2 ranks 3 scan --no-such-option x
	equal "$(grep -c 'unrecognized option' <<<"$err")" 1
	expect 2 ranks 2 cache log
	contains "$err" "'cache' is done by one process: 'faultline cache'"
	expect 2 ranks 2 count --processes=2 log
	contains "$err" "--processes is for one machine"
	expect 0 ranks 2 --version
	contains "$out" faultline-mpi
	expect 0 ranks 2 --help
	contains "$out" mpirun
	expect 0 ranks 2 scan --help
	contains "$out" "Usage: faultline-mpi scan"
}

@test "mpi: an error names file, offset and machine, and ends all ranks" {
	need_mpi
	"$LOGGEN" --size=1M >log
	# Too long a line, in the middle: the map that meets it fails.
	{
		cat log
		head -c 50000 /dev/zero | tr '\0' x
		echo
		cat log
	} >bad
	for n in 1 3; do
		expect 2 ranks "$n" scan -c --chunk-size=32K --max-line-size=40000 x bad
		contains "$err" "bad: at byte "
		contains "$err" "(rank "
	done
}
