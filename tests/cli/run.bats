# SPDX-License-Identifier: MIT
# shellcheck disable=SC1010 # "then" stands between stages
# faultline run: the results are those of the separate commands, and of other people's.
load helpers

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	export LC_ALL=C
	"$LOGGEN" --size=700K --seed=11 >app.log
	# What is looked for below is there, but not everywhere.
	[ "$(grep -c sshd app.log)" -gt 100 ] && [ "$(grep -vc sshd app.log)" -gt 100 ]
	[ "$(grep -c 'Failed password' app.log)" -gt 10 ]
}

fl() {
	"$FAULTLINE" "$@"
}

@test "every tap reports what its own command prints" {
	run --separate-stderr fl run hash -a xxh3 then count -l then scan -c sshd then hash -a sha256 -- app.log
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = "[1] hash: $(fl hash -a xxh3 app.log)" ]
	[ "${lines[1]}" = "[2] count: $(wc -l <app.log) app.log" ]
	[ "${lines[2]}" = "[3] scan: $(grep -c sshd app.log)" ]
	[ "${lines[3]}" = "[4] hash: $(sha256sum app.log)" ]
	[ "${#lines[@]}" -eq 4 ]
	[ -z "$stderr" ]
}

@test "stages behind an edit see its bytes, lines and offsets" {
	sed 's/sshd/SESSION ID/g' app.log >expected
	for how in "-j1" "-j2 --chunk-size=4K" "-j7 --chunk-size=4099" "--io=read --chunk-size=8M" \
		"--io=direct" "--io=uring --chunk-size=4099" "--window-size=4K"; do
		# shellcheck disable=SC2086 # words
		fl run $how hash -a sha256 then transform 's/sshd/SESSION ID/g' -o first \
			then hash -a sha256 then scan -nb SESSION --output=lines \
			then count then exec cat -o last -- app.log >results
		cmp first expected
		cmp last expected
		grep -nb SESSION expected | cmp - lines
		grep -qxF "[1] hash: $(sha256sum app.log)" results
		grep -qxF "[3] hash: $(sha256sum <expected)" results
		grep -qxF "[5] count: $(wc expected | awk '{ print $1, $2, $3 }') -" results
	done
}

@test "keep, delete, head, tail, slice and sample" {
	fl run keep 'Failed password' then head -n 3 -- app.log >out
	grep 'Failed password' app.log | head -n 3 | cmp - out
	fl run delete 'sshd' then tail -n 5 -- app.log >out 2>err
	grep -v sshd app.log | tail -n 5 | cmp - out
	fl run head -c 1000 -- app.log >out
	head -c 1000 app.log | cmp - out
	fl run tail -n +4000 -- app.log >out
	tail -n +4000 app.log | cmp - out
	fl run slice --lines=100:50 -- app.log >out
	sed -n '101,150p' app.log | cmp - out
	fl run slice --bytes=4K:100 -- app.log >out
	tail -c +4097 app.log | head -c 100 | cmp - out
	fl run sample --every=7 -- app.log >out
	awk 'NR % 7 == 1' app.log | cmp - out
	fl run sample --fraction=0.1 --seed=3 -- app.log >out
	fl run -j7 --chunk-size=4099 sample --fraction=0.1 --seed=3 -- app.log | cmp - out
	[ -s out ]
	[ "$(grep -cvxFf app.log out)" -eq 0 ]
	fl run head -n 0 -- app.log >out
	[ ! -s out ]
}

@test "an early end goes upstream, a tap sees all the same" {
	mkfifo endless
	yes >endless &
	fl run head -n 5 -- endless >out
	[ "$(wc -l <out)" -eq 5 ]
	wait || :
	fl run count -l then head -n 1 -- app.log >out 2>err
	[ "$(<err)" = "[1] count: $(wc -l <app.log) app.log" ]
}

# five_commands FILE: what the separate commands print and write, in sep.*
five_commands() {
	fl hash -a xxh3 "$1" >sep.first
	grep -a -c ERROR "$1" >sep.count || :
	fl transform --redact=ipv4,email "$1" >sep.text 2>/dev/null
	sha256sum <sep.text >sep.last
	fl compress -q -f -3 --align-lines -o sep.zst sep.text
	zstd -q -dc sep.zst | cmp - sep.text
	[ "$(xxhsum -H3 <"$1" 2>/dev/null | sed 's/.*= //')" = "$(sed 's/.*= //' sep.first)" ]
}

# one_pass HOW FILE: the same in one run
one_pass() {
	rm -f out.zst
	# shellcheck disable=SC2086 # words
	fl run $1 hash -a xxh3 then scan -c ERROR then transform --redact=ipv4,email \
		then hash -a sha256 then compress -3 --align-lines -o out.zst -- "$2" >results
	[ "$(sed -n 's/^\[1\] hash: //p' results)" = "$(<sep.first)" ]
	[ "$(sed -n 's/^\[2\] scan: //p' results)" = "$(<sep.count)" ]
	[ "$(sed -n 's/^\[4\] hash: //p' results)" = "$(<sep.last)" ]
	cmp out.zst sep.zst
}

@test "hash, scan, redact, hash and compress in one pass are the five commands" {
	local io threads chunk file
	sed 's/sshd/ERROR/; s/root/root@example.com/' app.log >real
	five_commands real
	for io in auto mmap read direct uring; do
		for threads in 1 2 7; do
			for chunk in 4K 4099 8M; do
				one_pass "--io=$io -j$threads --chunk-size=$chunk" real
			done
		done
	done
	"${abs_top_builddir:?}/tests/property/nasty_dump" 1
	for file in text* /dev/null; do
		five_commands "$file"
		for io in auto "mmap -j7 --chunk-size=4099" "read -j2 --chunk-size=4K" "uring -j1"; do
			one_pass "--io=$io" "$file"
		done
	done
}

@test "compress and decompress are stages like others" {
	fl compress -q -c --frame-size=50K app.log >app.zst
	cp app.log second && fl compress -q -c second >second.zst
	fl run decompress then count -l then head -n 3 -- app.zst >out 2>err
	head -n 3 app.log | cmp - out
	[ "$(<err)" = "[2] count: $(wc -l <app.log) -" ]
	for how in -j1 "-j7 --chunk-size=4099" --io=read; do
		# shellcheck disable=SC2086 # words
		fl run $how hash -a xxh3 then decompress -o plain then hash -a xxh3 then delete sshd \
			then compress -1 --align-lines then hash -a xxh3 then write packed \
			then decompress then exec cat -o last -- app.zst second.zst >results 2>/dev/null
		cat app.log second | cmp - plain
		cat app.log second | grep -v sshd | cmp - last
		zstd -q -dc packed | cmp - last
		grep -qxF "[1] hash: $(fl hash -a xxh3 app.zst)" results
		grep -qxF "[3] hash: $(fl hash -a xxh3 - <app.log)" results
	done
	fl run compress then head -c 4 -- app.log 2>/dev/null | cmp - <(printf '\x28\xb5\x2f\xfd')
	run fl run decompress then count -- app.log
	[ "$status" -eq 2 ]
	[[ $output == *"app.log: at byte 0: stage 1 (decompress): is not compressed"* ]]
	run fl run count then decompress then count -- app.log
	[ "$status" -eq 2 ]
	[[ $output == *"is not compressed"* ]]
	head -c 3000 app.zst >broken.zst
	run fl run decompress -o never -- broken.zst
	[ "$status" -eq 2 ]
	[ ! -e never ]
	run fl run decompress --max-output=1K then count -- app.zst
	[ "$status" -eq 2 ]
	run fl run --plan hash then decompress then count then compress -o x -- app.zst
	[[ ${lines[2]} == "segment 2 reads what stage 1 sees, decompressed, with offsets and lines of its own: stages 2 to 4 share"* ]]
	[ "${lines[5]}" = "  4 compress: fused, on all threads; writes to x" ]
}

@test "lines of a range keep their numbers" {
	fl run --range=200K:100K scan -nb root then count -l -- app.log >out
	fl scan -nb --range=200K:100K root app.log >want
	[ -s want ]
	grep -v '^\[2\] count' out | cmp - want
	fl compress -q -c app.log >app.zst
	# Of what is decompressed, too, whether its length is known beforehand or not.
	fl run --range=200K:100K decompress then scan -nb root -- app.zst | cmp - want
	fl run --range=200K:100K decompress then scan -nb root <app.zst | cmp - want
	cat app.zst | fl run --range=200K:100K decompress then scan -nb root | cmp - want
	if command -v zstd; then
		zstd -q <app.log >streamed.zst
		fl run --range=200K:100K decompress then scan -nb root -- streamed.zst | cmp - want
		fl run --range=200K:100K -j1 decompress then count -l then scan -nb root -- streamed.zst |
			grep -v '^\[2\] count' | cmp - want
	fi
	if gzip -c app.log >app.gz && fl decompress -t app.gz; then
		fl run --range=200K:100K decompress then scan -nb root -- app.gz | cmp - want
	fi
	for i in 1 2 3; do
		fl run --range=200K:100K --part=$i/3 scan -nb root -- app.log
	done
	fl merge app.log.?-of-3.part | cmp - want
	run fl run --range=200K:100K scan -n root -- missing app.log
	[[ $output == *"missing:"*"app.log:$(head -n 1 want | cut -d: -f1):"* ]]
	mv app.log gone.log
	run fl merge app.log.?-of-3.part
	[ "$status" -eq 2 ]
	[[ $output == *"stage 1 (scan): No such file"* ]]
	mv gone.log app.log
}

@test "split writes numbered files" {
	fl run split --lines=1000 part -- app.log
	cat part.* | cmp - app.log
	[ "$(wc -l <part.000000)" -eq 1000 ]
	[ "$(ls part.* | wc -l)" -eq $((($(wc -l <app.log) + 999) / 1000)) ]
	fl run split --bytes=64K piece -- app.log
	cat piece.* | cmp - app.log
	[ "$(stat -c %s piece.000000)" -eq 65536 ]
}

@test "write and -o: a file appears when it is complete" {
	fl run write copy then hash -a xxh3 -- app.log
	cmp copy app.log
	run fl run transform 's/a/b/' -o out then exec 'cat >/dev/null; exit 3' -o last -- app.log
	[ "$status" -eq 2 ]
	[[ $output == *"stage 2 (exec): "*"ended with status 3"* ]]
	[ ! -e out ]
	[ ! -e last ]
}

@test "exec: another program is a stage" {
	fl run exec 'tr a-z A-Z' then count -l then exec 'sort -u' -- app.log >out 2>err
	tr a-z A-Z <app.log | sort -u | cmp - out
	run fl run exec 'no-such-program' -- app.log
	[ "$status" -eq 2 ]
	[[ $output == *"status 127"* ]]
}

@test "several files: results of each, outputs behind one another" {
	head -n 10 app.log >b.log
	fl run count -l then transform 's/x/y/' -o out -- app.log b.log >results 2>err
	sed 's/x/y/' app.log b.log | cmp - out
	grep -qxF "[1] count: 10 b.log" results
	[[ $(<err) == "total: 2 files, "* ]]
	run fl run count -l -- app.log missing b.log
	[ "$status" -eq 2 ]
	[[ $output == *"missing: No such file"* ]]
	[[ $output == *"[1] count: 10 b.log"* ]]
}

@test "--json is one document with a result per stage" {
	fl run --json hash -a xxh3 then keep sshd then count -o /dev/null -- app.log >out
	python3 - <<-'PY'
		import json, subprocess
		doc = json.load(open("out"))
		assert doc["schema"] == "faultline-run/1"
		stages = doc["files"][0]["stages"]
		assert [s["name"] for s in stages] == ["hash", "keep", "count"]
		assert [s["segment"] for s in stages] == [1, 1, 2]
		kept = subprocess.run(["grep", "sshd", "app.log"], capture_output=True).stdout
		assert stages[1]["bytes_out"] == stages[2]["bytes_in"] == len(kept)
		assert stages[2]["lines"] == kept.count(b"\n")
		assert doc["total"]["files"] == 1
	PY
}

@test "--plan says what would be done, and does nothing" {
	run fl run --plan hash -a md5 then scan -c x then transform 's/a/b/' then count -o sums -- app.log
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = "segment 1 reads the files: stages 1 to 3 share each piece while it is in the cache" ]
	[ "${lines[1]}" = "  1 hash -a md5: waits for order (md5 goes on from the byte before)" ]
	[ "${lines[2]}" = "  2 scan -c x: fused, on all threads" ]
	[ "${lines[3]}" = "  3 transform s/a/b/: fused, on all threads; feeds segment 2" ]
	[ "${lines[4]}" = "segment 2 reads what stage 3 writes, with offsets and lines of its own: stage 4" ]
	[ "${lines[5]}" = "  4 count: fused, on all threads; writes to sums" ]
	[[ $(fl run --plan tail -n 3 then exec cat then decompress then split --lines=5 x -- app.log) == \
		*"(lines are counted from the first one on)"*"(the command reads them one after another)"*"reads what stage 2 writes, decompressed, with"*"(a frame begins where the one before ended)"*"4 split"*"(lines are counted from the first one on)"* ]]
	[ ! -e sums ]
}

@test "small and odd inputs" {
	: >empty
	printf 'no end' >noend
	printf '\n\n' >blank
	for file in empty noend blank; do
		fl run transform 's/n/NN/' then count then exec cat -- "$file" 2>err >out
		sed 's/n/NN/' "$file" | cmp - out
		[[ $(<err) == *"[2] count: $(sed 's/n/NN/' "$file" | wc | awk '{ print $1, $2, $3 }') -"* ]]
	done
	printf 'a\0b\0' | fl run -z transform 's/b/c/' -- - | cmp - <(printf 'a\0c\0')
}

@test "command lines that are wrong" {
	for words in "" "then count" "count then" "nosuch" "hash -c" "scan" "scan a b" \
		"head -n x" "sample" "slice --lines=5" "count -j2" "hash --range=1:2" \
		"transform" "keep" "write" "split x" "exec" "scan a then scan b" \
		"scan a then head" "compress -t" "compress -99 -o x" "compress --range=1:2 -o x" \
		"decompress --list" "decompress --rm" "compress --punch" "transform -i s/a/b/" \
		"transform --rewrite s/a/b/"; do
		# shellcheck disable=SC2086 # words
		run fl run $words -- app.log
		[ "$status" -eq 2 ]
		[[ $output == *"Try 'faultline"* ]]
	done
}
