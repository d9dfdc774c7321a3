#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC1010 # "then" stands between stages
# run --part and merge: the parts, however they were made, give what the whole run gives.

load helpers

setup() {
	make_work
	export LC_ALL=C
	RANDOM=7
	"$LOGGEN" --size=300K --seed=4 | sed 's/sshd/ERROR/' >app.log
	(($(grep -c ERROR app.log) > 100 && $(grep -vc ERROR app.log) > 100))
}

teardown() {
	remove_work
}

# loading: some way to read, another one each time
loading() {
	local ios=(auto mmap read direct uring) sizes=(4K 4099 8M 1)
	how="-j$((RANDOM % 7 + 1)) --io=${ios[RANDOM % 5]} --chunk-size=${sizes[RANDOM % 3]}"
}

# parts N FILE STAGE...: p1 .. pN
parts() {
	local n=$1 file=$2 i
	shift 2
	for ((i = 1; i <= n; i++)); do
		loading
		# shellcheck disable=SC2086 # words
		"$FAULTLINE" run $how --part="$i/$n" --part-file="p$i" "$@" -- "$file" || return 1
	done
}

# whole_and_parts N FILE STAGE...: output, messages, and the files out*
whole_and_parts() {
	local n=$1 file=$2
	shift 2
	rm -rf whole && mkdir whole
	rm -f out* p[0-9]*
	"$FAULTLINE" run "$@" -- "$file" >whole/stdout 2>whole/stderr || return 1
	mv out* whole/ 2>/dev/null || :
	parts "$n" "$file" "$@" || return 1
	[[ -z $(ls out* 2>/dev/null) ]] || return 1
	"$FAULTLINE" merge p*[0-9] >stdout 2>stderr || { cat stderr; return 1; }
	cmp whole/stdout stdout && cmp whole/stderr stderr || return 1
	for file in whole/out*; do
		[[ ! -e $file ]] || cmp "$file" "${file#whole/}" || return 1
	done
}

@test "merge: 16 parts are the whole, for every kind of result" {
	whole_and_parts 16 app.log count -l -w -c
	whole_and_parts 16 app.log hash -a xxh3 -a xxh128 -a fsverity -a crc32 -a crc32c
	whole_and_parts 16 app.log scan -c ERROR
	whole_and_parts 16 app.log scan -nb ERROR
	whole_and_parts 16 app.log scan -n -A 2 -B 3 ERROR
	whole_and_parts 16 app.log scan -n -m 3 ERROR
	whole_and_parts 16 app.log scan -no '[0-9]+' --output=out
	whole_and_parts 16 app.log compress -o out
	whole_and_parts 16 app.log compress --align-lines --frame-size=10K -o out
	whole_and_parts 16 app.log transform --redact=ipv4,email then count then hash -a sha256
	whole_and_parts 16 app.log keep ERROR then tail -n 5
	whole_and_parts 16 app.log sample --every=7
	whole_and_parts 16 app.log write out then split --lines=500 out-
	whole_and_parts 16 app.log hash -a xxh3 then scan -c ERROR then transform --redact=ipv4,email \
		then hash -a sha256 then compress -3 --align-lines -o out.zst
	whole_and_parts 3 app.log head -n 100 then scan -n ERROR
	whole_and_parts 1 app.log hash then count
}

@test "merge: nasty texts" {
	local text
	"${abs_top_builddir:?}/tests/property/nasty_dump" 2
	for text in text* /dev/null; do
		[[ $text != /dev/null ]] || text=empty
		: >empty
		whole_and_parts $((RANDOM % 5 + 2)) "$text" hash -a xxh3 then count then scan -n e --output=out1 \
			then transform 's/a/bb/' then compress --align-lines --frame-size=1000 -o out2
	done
	printf 'a\0b\n\0c' >nul
	"$FAULTLINE" run -z scan -n . -- nul >whole.out
	for i in 1 2 3; do
		"$FAULTLINE" run -z --part=$i/3 --part-file=z$i scan -n . -- nul
	done
	"$FAULTLINE" merge z3 z1 z2 | cmp - whole.out
}

@test "merge: --json, ranges, names" {
	parts 3 app.log hash then scan -c ERROR
	"$FAULTLINE" merge --json p3 p1 p2 >doc
	"$FAULTLINE" run --json hash then scan -c ERROR -- app.log >want
	python3 - <<-'PY'
		import json
		a, b = (json.load(open(f))["files"][0] for f in ("doc", "want"))
		for s in a["stages"] + b["stages"]:
		    del s["seconds"], s["thread_seconds"]
		    s.pop("plan", None)
		assert a == b, (a, b)
		head = json.load(open("p2"))
		assert head["schema"] == "faultline-part/1" and head["part"] == 2 and head["parts"] == 3
	PY
	"$FAULTLINE" run --range=1000:50000 count then hash -- app.log >want
	for i in 1 2; do
		"$FAULTLINE" run --range=1000:50000 --part=$i/2 count then hash -- ./app.log
	done
	"$FAULTLINE" merge app.log.[12]-of-2.part | sed 's,\./,,' | cmp - want
	"$FAULTLINE" hash --leaf-size=4K --manifest=whole app.log
	"$FAULTLINE" hash --leaf-size=4K --manifest=m1 --range=0:100K app.log
	"$FAULTLINE" hash --leaf-size=4K --manifest=m2 --skip=100K app.log
	"$FAULTLINE" merge m2 m1 | cmp - whole
}

@test "merge: a missing, doubled, foreign or damaged part is refused by name" {
	local at
	parts 4 app.log hash then scan -c ERROR
	expect 2 "$FAULTLINE" merge p1 p2 p4
	equal "$err" "faultline merge: app.log: part 3 of 4 is missing"
	cp p2 again && cp p2.data again.data
	expect 2 "$FAULTLINE" merge p1 p2 p3 again p4
	contains "$err" "part 2 of 4 again"
	contains "$err" "again"
	cp app.log other.log
	"$FAULTLINE" run --part=2/4 --part-file=foreign hash then scan -c ERROR -- other.log
	expect 2 "$FAULTLINE" merge p1 foreign p3 p4
	contains "$err" "foreign: is not a part of the same file"
	"$FAULTLINE" run --part=2/4 --part-file=foreign hash then scan -c error -- app.log
	expect 2 "$FAULTLINE" merge p1 foreign p3 p4
	contains "$err" "foreign: is not a part of the same command"
	"$FAULTLINE" run --part=2/3 --part-file=foreign hash then scan -c ERROR -- app.log
	expect 2 "$FAULTLINE" merge p1 foreign p3 p4
	contains "$err" "foreign: is not one of as many parts"
	expect 2 "$FAULTLINE" merge p1 app.log p3 p4
	contains "$err" "app.log: is not a part"
	# One byte of the data: bytes of the results are summed, heads are compared.
	for at in 3 40 70 200 9000; do
		cp p3.data keep
		printf '\xa5' | dd of=p3.data bs=1 seek=$at conv=notrunc status=none
		if cmp -s keep p3.data; then
			continue
		fi
		expect 2 "$FAULTLINE" merge p1 p2 p3 p4
		contains "$err" "p3: "
		equal "$out" ""
		cp keep p3.data
	done
	head -c -1 keep >p3.data
	expect 2 "$FAULTLINE" merge p1 p2 p3 p4
	contains "$err" "p3.data: is not as long"
	rm p3.data
	expect 2 "$FAULTLINE" merge p1 p2 p3 p4
	contains "$err" "p3.data: No such file"
	cp keep p3.data
	touch -d 2001-01-01 app.log
	"$FAULTLINE" run --part=3/4 --part-file=p3 hash then scan -c ERROR -- app.log
	expect 2 "$FAULTLINE" merge p1 p2 p3 p4
	contains "$err" "p3: is not a part of the same file, or the file has changed"
}

@test "merge: what cannot be done in parts says so, and leaves nothing" {
	expect 2 "$FAULTLINE" run --part=1/2 hash -a sha256 -- app.log
	contains "$err" "not in parts"
	expect 2 "$FAULTLINE" run --part=1/2 exec cat -- app.log
	contains "$err" "not in parts"
	"$FAULTLINE" compress -q app.log
	expect 2 "$FAULTLINE" run --part=1/2 decompress then count -- app.log.zst
	contains "$err" "not compressed ones"
	for words in "--part=0/2" "--part=3/2" "--part=1" "--part=1/x" "--part-file=x"; do
		expect 2 "$FAULTLINE" run "$words" count -- app.log
	done
	expect 2 "$FAULTLINE" run --part=1/2 count -- app.log app.log
	expect 2 "$FAULTLINE" run --part=1/2 count -- -
	expect 2 "$FAULTLINE" merge
	equal "$(ls)" $'app.log\napp.log.zst'
}

@test "merge: with GNU parallel" {
	command -v parallel >/dev/null || skip "GNU parallel is not installed"
	HOME=$work parallel --will-cite "$FAULTLINE" run --part={}/8 hash then scan -n ERROR -- app.log ::: {1..8}
	"$FAULTLINE" run hash then scan -n ERROR -- app.log >want 2>want.err
	"$FAULTLINE" merge app.log.*.part >got 2>got.err
	cmp want got
	cmp want.err got.err
}

@test "merge: the array of Slurm jobs of data/examples" {
	mkdir bin
	ln -s "$(realpath "$FAULTLINE")" bin/faultline
	for SLURM_ARRAY_TASK_ID in {1..3}; do
		PATH=$work/bin:$PATH SLURM_ARRAY_TASK_COUNT=3 SLURM_ARRAY_TASK_ID=$SLURM_ARRAY_TASK_ID \
			bash "$BATS_TEST_DIRNAME/../../data/examples/slurm-array.sbatch" scan -n ERROR -- app.log
	done
	"$FAULTLINE" run scan -n ERROR -- app.log >want
	"$FAULTLINE" merge app.log.*.part >got
	cmp want got
}
