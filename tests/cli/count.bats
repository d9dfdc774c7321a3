#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# faultline count against GNU wc.

load helpers

setup() {
	make_work
	make_samples
	count="'$FAULTLINE' count"
}

teardown() {
	remove_work
}

columns=("" -l -w -c -lw -lc -wc -lwc -cwl)

@test "count: each sample alone, every choice of columns, C and UTF-8" {
	local locale name
	for locale in C C.UTF-8; do
		export LC_ALL=$locale
		for name in "${all_samples[@]}"; do
			printf -v q %q "$name"
			for c in "${columns[@]}"; do
				some || continue
				same_as "$count $c $q" "wc $c $q"
			done
		done
	done
}

@test "count: all samples together, with a total" {
	export LC_ALL=C.UTF-8
	printf -v all ' %q' "${all_samples[@]}"
	for c in "${columns[@]}"; do
		same_as "$count $c $all" "wc $c $all"
	done
}

@test "count: standard input has no name unless it is called -" {
	for c in "${columns[@]}"; do
		same_as "$count $c <plain" "wc $c <plain"
		same_as "$count $c - <plain" "wc $c - <plain"
		same_as "cat plain | $count $c" "cat plain | wc $c"
		same_as "cat plain | $count $c -" "cat plain | wc $c -"
		same_as "cat plain | $count $c long - empty" "cat plain | wc $c long - empty"
		same_as "$count $c /dev/stdin <plain" "wc $c /dev/stdin <plain"
	done
}

@test "count: standard input is read from its position and left at its end" {
	same_as "{ head -c 4 >/dev/null; $count -lw; } < <(cat plain)" "{ head -c 4 >/dev/null; wc -lw; } < <(cat plain)"
	same_as "{ read -r -N 4 x; $count -lw; cat; } <plain" "{ read -r -N 4 x; wc -lw; cat; } <plain"
	same_as "$count -l - - <plain" "wc -l - - <plain"
}

@test "count: columns are wide when an input is no regular file" {
	same_as "$count /dev/null" "wc /dev/null"
	same_as "$count /dev/null plain" "wc /dev/null plain"
	same_as "$count -l /dev/null plain" "wc -l /dev/null plain"
	same_as "$count /proc/version plain" "wc /proc/version plain"
	same_as "$count /proc/version" "wc /proc/version"
}

@test "count: missing files, dangling links and directories do not stop the others" {
	ln -s nowhere dangling
	mkdir directory
	for files in missing "missing plain" "plain missing long" dangling "plain dangling" \
		directory "directory plain" "'' plain"; do
		for c in "" -l; do
			same_as "$count $c $files" "wc $c $files" 2
		done
	done
	expect 2 "$FAULTLINE" count missing
	equal "$err" "faultline count: missing: No such file or directory"
	expect 2 "$FAULTLINE" count -l dangling plain
	equal "$err" "faultline count: dangling: No such file or directory"
	expect 2 "$FAULTLINE" count directory
	equal "$err" "faultline count: directory: Is a directory"
}

@test "count: a name with a newline is quoted for the shell" {
	expect 0 env LC_ALL=C "$FAULTLINE" count -l $'new\nline'
	equal "$out" "1 'new'\$'\\n''line'"
}

@test "count: --files-from, by lines and by NULs, from a file and from a pipe" {
	printf '%s\n' plain long empty >list
	printf '%s\0' plain $'new\nline' long >list0
	same_as "$count --files-from=list" "tr '\n' '\0' <list | cat >l0; wc --files0-from=l0"
	same_as "$count -0 --files-from=list0" "wc --files0-from=list0"
	same_as "cat list0 | $count -0 --files-from=-" "cat list0 | wc --files0-from=-"
	printf plain >unfinished
	same_as "$count --files-from=unfinished" "wc plain"
	expect 0 "$FAULTLINE" count --files-from=empty
	equal "$out" ""
	expect 2 "$FAULTLINE" count --files-from=nowhere
	equal "$err" "faultline count: nowhere: No such file or directory"
	expect 2 "$FAULTLINE" count --files-from=list plain
	contains "$err" "extra operand 'plain'"
	printf 'plain\n\nempty\n' >holes
	expect 2 "$FAULTLINE" count -l --files-from=holes
	contains "$err" "zero-length file name"
	contains "$out" "2 total"
}

@test "count: results do not depend on loader, threads, window and chunk size" {
	for i in {1..40}; do cat long pair utf8 nul; done >mixed
	local expected
	expected=$(wc -lwc mixed)
	for io in auto mmap read direct uring; do
		for more in "-j1" "-j2 --chunk-size=4099" "-j7 --chunk-size=4K --window-size=64K" "-j2 --cold"; do
			# shellcheck disable=SC2086 # several options
			expect 0 "$FAULTLINE" count "--io=$io" $more mixed
			equal "$out" "$expected"
		done
	done
}

@test "count: --range, --skip and --max-bytes" {
	expect 0 "$FAULTLINE" count -c --range=3:5 plain
	equal "$out" "5 plain"
	expect 0 "$FAULTLINE" count -c --skip=3 plain
	equal "$out" "11 plain"
	expect 0 "$FAULTLINE" count -c --max-bytes=3 plain
	equal "$out" "3 plain"
	expect 0 "$FAULTLINE" count -c --range=10:1K plain
	equal "$out" "4 plain"
	# Records that start in the range: "three" does, "one two" does not.
	expect 0 "$FAULTLINE" count -l --range=1:8 plain
	equal "$out" "1 plain"
	expect 0 "$FAULTLINE" count -l --range=0:1 plain
	equal "$out" "1 plain"
}

@test "count: --json" {
	expect 0 "$FAULTLINE" count --json plain empty
	equal "$out" '{"schema":"faultline-count/1","files":[{"name":"plain","lines":2,"words":3,"bytes":14},{"name":"empty","lines":0,"words":0,"bytes":0}],"total":{"lines":2,"words":3,"bytes":14}}'
	printf x >$'\377bad'
	expect 0 "$FAULTLINE" count -c --json $'\377bad'
	contains "$out" '"name":"�bad","name_hex":"ff626164"'
	expect 0 "$FAULTLINE" count -l --json --stats plain
	contains "$out" '"stats":{"files":1,"bytes":14,'
	equal "$err" ""
	expect 2 "$FAULTLINE" count --json missing
	equal "$out" '{"schema":"faultline-count/1","files":[],"total":{"lines":0,"words":0,"bytes":0}}'
}

@test "count: --stats names what happened" {
	expect 0 "$FAULTLINE" count -l --stats long
	for key in files bytes seconds GB/s loader kernels windows "minor faults" "major faults" \
		"copied bytes" "peak RssAnon" "peak RssFile" threads "loading threads" \
		"window size" "chunk size"; do
		grep -q "^$key: ." .err || { echo "no $key"; return 1; }
	done
	contains "$err" "bytes: 300013"
	[[ $err =~ loader:\ (mmap|read|direct|uring)\ \(.+\) ]]
	expect 0 "$FAULTLINE" count -l --stats --io=read long
	contains "$err" "loader: read"
}
