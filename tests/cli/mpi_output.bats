#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# faultline-mpi, what writes files: transform in place, to -o and with --rewrite, compress. Any number
# of ranks and threads makes the files that faultline makes, and leaves nothing else.

load helpers
load mpi

setup() {
	make_work
	export LC_ALL=C
}

teardown() {
	remove_work
}

# Chunks, pieces and shares that are smaller than lines; more ranks than lines; no line at all.
nasty() {
	: >empty
	printf 'x' >one-byte
	printf 'one two\nthree\n' >plain
	printf 'an error\n\n\nno final newline' >no-newline
	{
		printf 'short error\n'
		head -c 100000 /dev/zero | tr '\0' 'e'
		printf ' error\nshort\n'
	} >giant
	head -c 60000 /dev/zero | tr '\0' 'e' >only-giant
	"$LOGGEN" --size=300K --seed=7 | sed 's/session/ERROR/' >log
	files=(empty one-byte plain no-newline giant only-giant log)
}

# in_place RANKS OPTION...: in copies of the files, alone and by ranks; nothing is left beside them
in_place() {
	local n=$1 ours=0 theirs=0
	some || return 0
	shift
	rm -rf alone many
	mkdir alone many
	cp -p "${files[@]}" alone
	cp -p "${files[@]}" many
	(cd alone && "$FAULTLINE" transform -i "$@" "${files[@]}" 2>/dev/null) || theirs=$?
	(cd many && ranks "$n" transform -i "$@" "${files[@]}") >said 2>&1 || ours=$?
	if ((ours != theirs)) || ! diff -r alone many; then
		echo "$n ranks: status $ours, not $theirs: transform -i $*"
		head -n 20 said
		return 1
	fi
}

# makes FILE RANKS OPTION...: the same file, the same words, nothing else
makes() {
	local file=$1 n=$2 ours=0 theirs=0
	some || return 0
	shift 2
	rm -f "$file"
	"$FAULTLINE" "$@" >alone.out 2>alone.err || theirs=$?
	mv "$file" alone.file
	ranks "$n" "$@" >many.out 2>many.err || ours=$?
	if ((ours != theirs)) || ! cmp alone.file "$file" || ! cmp alone.out many.out ||
		! diff alone.err many.err || [[ $(stat -c %a alone.file) != $(stat -c %a "$file") ]] ||
		compgen -G ".$file.??????"; then
		echo "$n ranks: status $ours, not $theirs: $*"
		head -n 20 many.err
		return 1
	fi
}

@test "mpi: transform -i, as one process does it" {
	need_mpi
	nasty
	in_place 1 -j2 --mask=error
	in_place 2 -j1 --chunk-size=100 'y/e\n/E /'
	in_place 3 -j2 --chunk-size=4K --sync=full --redact=ipv4
	in_place 4 -j1 --chunk-size=7 'y/r/R/'
	in_place 3 -z 'y/e/\n/'
}

@test "mpi: transform -i: hard links and the inode stay, a copy is kept, what cannot be done is said" {
	need_mpi
	nasty
	cp log want
	cp log old
	ln log other
	"$FAULTLINE" transform -i --mask=ERROR want
	inode=$(stat -c %i log)
	ranks 3 transform -i.orig --mask=ERROR log
	cmp log want
	cmp other want
	cmp log.orig old
	equal "$(stat -c %i log)" "$inode"
	expect 2 ranks 2 transform -i 's/x/xx/' log missing
	contains "$err" "log: the edit changes lengths"
	contains "$err" "missing: No such file or directory"
	expect 2 ranks 2 transform -i --journal-max=4K --redact=ipv4 log.orig
	contains "$err" "more than --journal-max allows"
	cmp log.orig old
	cmp log want
	equal "$(find . -name '.*.faultline*')" ""
}

@test "mpi: transform -o: pieces of all ranks, at their places" {
	need_mpi
	nasty
	makes out 1 transform --chunk-size=100 -o out 's/e/<&&>/g' giant
	makes out 2 transform -j1 --chunk-size=9000 -o out 's/e/<&&>/g' log
	makes out 3 transform -j2 --chunk-size=100 -o out --delete=ERROR --chunk-size=5K log
	makes out 4 transform -j1 --chunk-size=1 -o out 's/o//' no-newline
	makes out 3 transform --chunk-size=1000 -o out 's/e//g' only-giant
	makes out 2 transform -o out 's/e//g' empty
	makes out 2 transform --chunk-size=1K -o out 's/e/é/g' log giant
	printf 'same\n%.0s' {1..500} >same
	makes out 3 transform --chunk-size=100 -o out --dedup-adjacent same
	umask 027
	makes out 2 transform --chunk-size=30K -o out --redact=ipv4 log
}

@test "mpi: transform -o: what does not fit into memory" {
	need_mpi
	"$LOGGEN" --size=6M >log
	makes out 2 transform -j1 --max-memory=4M --chunk-size=2M -o out 's/ /     /g' log
}

@test "mpi: transform --rewrite, and to standard output" {
	need_mpi
	nasty
	mkdir alone many
	cp -p "${files[@]}" alone
	cp -p "${files[@]}" many
	chmod 640 */log
	touch -d 2001-01-01 */plain
	(cd alone && "$FAULTLINE" transform --rewrite 's/er+or/[&]/gi' "${files[@]}")
	(cd many && ranks 3 transform --chunk-size=2K --rewrite 's/er+or/[&]/gi' "${files[@]}")
	diff -r alone many
	equal "$(stat -c %a many/log)" 640
	equal "$(stat -c %Y many/plain)" "$(date -d 2001-01-01 +%s)"
	as_alone 3 transform --chunk-size=100 's/e/ee/g' "${files[@]}"
	as_alone 2 transform --chunk-size=4K --dry-run --diff=3 's/ERROR/E/' log
}

@test "mpi: compress" {
	need_mpi
	nasty
	makes out 1 compress --chunk-size=10K --frame-size=4K -o out log
	makes out 2 compress -j1 --chunk-size=10K --frame-size=4K -o out log
	makes out 3 compress -j2 --frame-size=1000 -19 -o out giant
	makes out 4 compress -j1 --frame-size=50 --align-lines -o out only-giant
	makes out 3 compress --frame-size=3000 --align-lines -q -o out log
	makes out 2 compress --frame-size=64K -o out giant log
	for f in "${files[@]}"; do
		"$FAULTLINE" compress -q -c --frame-size=8K "$f" >"$f.want"
	done
	ranks 2 compress -q --frame-size=8K "${files[@]}"
	for f in "${files[@]}"; do
		cmp "$f.zst" "$f.want"
	done
	as_alone 3 compress -c --frame-size=8K giant log
	expect 2 ranks 2 compress -q log
	contains "$err" "log.zst: already exists"
	ranks 2 compress -q -f --rm log
	"$FAULTLINE" decompress -q -c log.zst | cmp - <("$LOGGEN" --size=300K --seed=7 | sed 's/session/ERROR/')
	[[ ! -e log ]]
}

@test "mpi: an error in one rank's piece: no output, nothing left, the name of the machine" {
	need_mpi
	nasty
	echo keep >out
	expect 2 ranks 3 transform --chunk-size=8K -o out 's/(e+e+)+[XY]/x/' giant
	contains "$err" "giant: at byte 12: "
	cp giant again
	expect 2 ranks 2 transform --chunk-size=8K --rewrite 's/(e+e+)+[XY]/x/' giant
	cmp giant again
	equal "$(cat out)" keep
	equal "$(find . -name '.out.*' -o -name '.giant.*')" ""
	ln -s /dev/full full
	expect 2 ranks 2 transform --chunk-size=8K -o full 's/e/f/' giant
	contains "$err" "No space left"
}

# srun as mpirun; the options that only Slurm knows go.
@test "mpi: the Slurm job of data/examples" {
	need_mpi
	"$LOGGEN" --size=300K >log
	mkdir bin
	ln -s "$(realpath "$FAULTLINE_MPI")" bin/faultline-mpi
	printf '#!/bin/sh\n[ "$1" = --cpus-per-task=2 ] && shift && exec "%s" -n 2 "$@"\n' "${MPIRUN:-mpirun}" >bin/srun
	chmod +x bin/srun
	PATH=$work/bin:$PATH SLURM_CPUS_ON_NODE=2 OMPI_MCA_btl_vader_backing_directory=$work TMPDIR=$work \
		timeout -k 5 120 bash "$BATS_TEST_DIRNAME/../../data/examples/slurm-mpi.sbatch" \
		transform -o out --redact=ipv4 log
	"$FAULTLINE" transform --redact=ipv4 log | cmp - out
}
