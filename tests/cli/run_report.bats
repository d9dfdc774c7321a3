# SPDX-License-Identifier: MIT
# shellcheck disable=SC1010 # "then" stands between stages
# faultline run: what the stages say they found, of one file and of many.
load helpers

setup() {
	make_work
	export LC_ALL=C
	"$LOGGEN" --size=300K --seed=4 >app.log
	"$LOGGEN" --size=3M --seed=5 >big.log
}

teardown() {
	remove_work
}

@test "run: results do not depend on threads, loading and chunks" {
	local how
	for how in "-j1" "-j7 --chunk-size=4K" "-j2 --chunk-size=4099 --io=read" "--io=direct" "--processes=2"; do
		# shellcheck disable=SC2086 # words
		expect 0 "$FAULTLINE" run $how transform --upper then transform y/A/B/ then delete Q \
			then keep . then transform 's/B/<&>/g' then compress then hash then scan -c B -- big.log
		[[ -n ${want-} ]] || want=$out
		equal "$out" "$want"
	done
	size=$(stat -c %s big.log)
	contains "$out" " matches: $size bytes became $size  big.log"
}

@test "run: a stage whose bytes nobody needs any more has no result" {
	local how
	for how in "-j1" "-j7 --chunk-size=4K" "--io=read"; do
		for file in app.log big.log; do
			# shellcheck disable=SC2086
			expect 0 "$FAULTLINE" run $how transform --upper then keep . then compress \
				then decompress then head -n 2 -- $file
			equal "$err" "[1] transform: ended early, no more was needed  $file
[3] compress: ended early, no more was needed  -"
			# Somebody looks at all of it; or it goes to a file; or all of it is needed.
			# shellcheck disable=SC2086
			expect 0 "$FAULTLINE" run $how transform --upper then count -l then head -n 2 -- $file
			contains "$err" "[1] transform: $(tr -dc a-z <$file | wc -c) matches"
			# shellcheck disable=SC2086
			expect 0 "$FAULTLINE" run $how transform --upper -o out then head -n 2 -- $file
			contains "$err" "[1] transform: $(tr -dc a-z <$file | wc -c) matches"
			tr a-z A-Z <$file | cmp - out
			# shellcheck disable=SC2086
			expect 0 "$FAULTLINE" run $how transform --upper then tail -n 2 -- $file
			contains "$err" "[1] transform: $(tr -dc a-z <$file | wc -c) matches"
			# One that looks has seen what it wanted to see.
			# shellcheck disable=SC2086
			expect 0 "$FAULTLINE" run $how transform y/a/b/ then scan -m 2 -n 2026 -- $file
			contains "$err" "[1] transform: ended early"
		done
	done
	expect 0 "$FAULTLINE" run --json transform --upper then head -n 2 then count -- app.log
	python3 - "$out" <<-'PY'
		import json, sys
		a, b, c = json.loads(sys.argv[1])["files"][0]["stages"]
		assert a["ended_early"] and "matches" not in a, a
		assert b["ended_early"] and b["bytes_out"] == c["bytes_in"] == c["bytes"], (b, c)
		assert "ended_early" not in c and c["lines"] == 2, c
	PY
}

@test "run: many files have a result each, and a total" {
	local i
	for i in {1..40}; do
		head -n $((i * 7)) app.log >"file $i"
		printf 'file %s\n' $i >>names
	done
	expect 0 "$FAULTLINE" run --files-from=names count -l then hash -a xxh3 then scan -c sshd \
		then transform s/sshd/SSH/ then split --lines=100 piece
	for i in 1 17 40; do
		contains "$out" "[1] count: $((i * 7)) file $i"
		contains "$out" "[2] hash: $("$FAULTLINE" hash -a xxh3 "file $i")"
		contains "$out" "[3] scan: file $i:$(grep -c sshd "file $i" || :)"
	done
	cat file* >all
	contains "$out" "[1] count: total: lines $(wc -l <all)
[3] scan: total: selected $(grep -c sshd all)
[4] transform: total: matches $(grep -c sshd all)
[5] split: total: output_files $(ls piece* | wc -l)"
	equal "$err" "total: 40 files, $(stat -c %s all) bytes"
	tr '\n' '\0' <names >names0
	expect 0 "$FAULTLINE" run --json -0 --files-from=names0 count -lc then keep sshd then count -l
	python3 - "$out" <<-'PY'
		import json, sys
		doc = json.loads(sys.argv[1])
		files, total = doc["files"], doc["total"]
		assert len(files) == total["files"] == 40
		lines = [open(f["name"], "rb").readlines() for f in files]
		assert [f["stages"][0]["lines"] for f in files] == [len(l) for l in lines]
		assert total["bytes"] == total["stages"][0]["bytes"] == total["stages"][0]["bytes_in"]
		assert total["stages"][0]["lines"] == sum(map(len, lines))
		kept = sum(b"sshd" in line for l in lines for line in l)
		assert total["stages"][2]["lines"] == kept > 0
		for stage in ("name", "segment", "seconds", "thread_seconds", "bytes_in", "bytes_out"):
		    assert stage in total["stages"][1], stage
		# Small files are measured, too.
		assert all(s["thread_seconds"] > 0 for f in files for s in f["stages"][:2])
	PY
}

@test "run: scan prints what the verb prints" {
	local words
	for words in -n -nb -c -v -x -w -i --count-matches -l -L -m5 -nA3 -nB2 -nC2 --column -H -HZ -q \
		--replace=X -U --passthru --pattern-id -M30 -cH "--color=always" "--color=always -nA1" \
		"--color=always -ob" "--color=always -vHb"; do
		some || continue
		# shellcheck disable=SC2086
		"$FAULTLINE" scan $words -e sshd app.log >want || :
		# shellcheck disable=SC2086
		"$FAULTLINE" run scan $words -e sshd -- app.log 2>/dev/null | sed 's/^\[1\] scan: //' | cmp want -
	done
	expect 2 "$FAULTLINE" run scan -lZ sshd -- app.log
	contains "$err" "stage 1 (scan): results stand in lines: -Z"
}
