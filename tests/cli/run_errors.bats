# SPDX-License-Identifier: MIT
# shellcheck disable=SC1010 # "then" stands between stages
# faultline run: the first error stops all, and says at which byte of which file in which stage it
# happened; nothing that is not complete gets a name.
load helpers

setup() {
	make_work
	export LC_ALL=C
	"$LOGGEN" --size=3M --seed=9 >big
	"$LOGGEN" --size=50K --seed=3 >small
}

teardown() {
	remove_work
}

# fails TEXT STAGE...: status 2, one message that is TEXT, and no file out
fails() {
	local text=$1
	shift
	expect 2 "$FAULTLINE" run "$@"
	[[ $err =~ ^"faultline run: "$text$ ]] || {
		printf 'got: %q\nnot: %q\n' "$err" "$text"
		return 1
	}
	[[ ! -e out ]] || { echo "out was made: $*" && return 1; }
}

@test "run: whose output cannot be written" {
	local file full='/dev/full: No space left on device'
	for file in big small; do
		fails "$file: at byte 0: stage 2 \(write\): $full" hash then write /dev/full -- $file
		fails "$file: at byte [0-9]+: stage 1 \(keep\): $full" keep . -o /dev/full -- $file
		fails "$file: at byte 0 of what stage 1 writes: stage 2 \(delete\): $full" \
			transform --upper then delete x -o /dev/full -- $file
		fails "$file: at byte [0-9]+ of what stage 2 writes: stage 3 \(compress\): $full" \
			hash then keep . then compress -o /dev/full -- $file
		fails "$file: at byte [0-9]+ of what stage 1 writes: stage 2 \(exec\): $full" \
			keep . then exec cat -o /dev/full -- $file
		fails "stage 2 \(count\): $full" keep . -o out then count -o /dev/full -- $file
		fails "stage 1 \(hash\): no/dir/x: No such file or directory" \
			hash -o no/dir/x then keep . -o out -- $file
		fails "stage 2 \(write\): no/dir/x: No such file or directory" \
			keep . -o out then write no/dir/x -- $file
		fails "$file: at byte 0: stage 1 \(split\): no/dir.000000: No such file or directory" \
			split --lines=10 no/dir then keep . -o out -- $file
		mkdir -p piece.000002
		fails "$file: at byte [0-9]+ of what stage 1 writes: stage 2 \(split\): piece.000002: Is a directory" \
			keep . -o out then split --lines=10 piece -- $file
		fails "$file: at byte [0-9]+: stage 1 \(keep\): $full" --processes=2 --io=mmap \
			keep . -o /dev/full -- $file
	done
	expect 2 "$FAULTLINE" run hash -o out then keep . -o out -- small
	contains "$err" "stage 2 (keep): out is the output of stage 1, too"
	expect 2 "$FAULTLINE" run hash -o out then keep . -o "$PWD/./out" -- small
	contains "$err" "is the output of stage 1, too"
	[[ ! -e out ]]
	expect 0 "$FAULTLINE" run hash -o /dev/null then keep . -o /dev/null -- small
	# In the middle of the file.
	ulimit -f 1000
	fails 'big: at byte [0-9]{6,}: stage 2 \(keep\): out: File too large' hash then keep . -o out -- big
	fails 'big: at byte [0-9]+ of what stage 1 writes: stage 3 \(write\): out: File too large' \
		keep . then count then write out -- big
}

@test "run: standard output is lost" {
	local got=0
	"$FAULTLINE" run hash then keep . -- big >/dev/full 2>err || got=$?
	equal "$got" 2
	equal "$(<err)" "faultline run: big: at byte 0: stage 2 (keep): standard output: No space left on device"
	got=0
	"$FAULTLINE" run hash -o out then head -n 3 -- big >/dev/full 2>err || got=$?
	equal "$got" 2
	equal "$(<err)" "faultline run: stage 2 (head): standard output: No space left on device"
	[[ ! -e out ]]
}

@test "run: commands that fail or die" {
	fails "big: at byte [0-9]+ of what stage 1 writes: stage 2 \(exec\): 'head -c 9; exit 3' ended with status 3" \
		keep . then exec 'head -c 9; exit 3' -o out -- big
	# shellcheck disable=SC2016 # the command's own
	fails "big: at byte [0-9]+: stage 1 \(exec\): 'kill -9 \\$\\$' ended with status 137 \(Killed\)" \
		exec 'kill -9 $$' -o out -- big
	fails "small: at byte $(stat -c %s small): stage 2 \(exec\): 'exit 1' ended with status 1" \
		count then exec 'exit 1' -o out -- small
}

@test "run: input that is damaged" {
	"$FAULTLINE" compress -q --frame-size=100K big
	head -c 20000 big.zst >cut.zst
	cp big.zst bad.zst
	printf 'XXXXXXXX' | dd of=bad.zst bs=1 seek=50000 conv=notrunc status=none
	fails 'bad.zst: at byte [0-9]+: stage 1 \(decompress\): zstd.*' decompress then keep . -o out -- bad.zst
	fails 'bad.zst: at byte [0-9]+ of what stage 1 sees: stage 2 \(decompress\): zstd.*' \
		hash then decompress -o out then count -- bad.zst
	fails 'bad.zst: at byte [0-9]+ of what stage 1 writes: stage 2 \(decompress\): zstd.*' \
		exec cat then decompress then write out -- bad.zst
	fails 'cut.zst: at byte 20000: stage 1 \(decompress\): the file ends .*' decompress then write out -- cut.zst
	fails 'big: at byte 0: stage 1 \(decompress\): is not compressed' decompress then write out -- big
	fails 'small: at byte [0-9]+ of what stage 1 writes: stage 2 \(tail\): the last 999999999 lines .*' \
		exec 'cat big big big big big big' then tail -n 999999999 -o out -- small
}

@test "run: a pattern that takes too long" {
	local limit='the match or its replacement exceeds a limit'
	yes 'ok line' | head -n 60000 >slow
	printf '%3000s\n' '' | tr ' ' a >>slow
	fails "slow: at byte 480000: stage 2 \(transform\): $limit" hash then transform 's/((a+)+)+\1[bc]$/y/' -o out -- slow
	fails "slow: at byte 0 of what stage 1 writes: stage 2 \(delete\): .*" keep a then delete '((a+)+)+\1[bc]$' -o out -- slow
	fails "slow: at byte 480000: stage 1 \(scan\): .*" scan -c '((a+)+)+\1[bc]$' then keep . -o out -- slow
	fails "slow: at byte 480000: stage 3 \(transform\): $limit" -i \
		hash then keep . then transform 's/((a+)+)+\1[bc]$/y/' then write out -- slow
}

@test "run: an error of one file is not that of another" {
	fails "small: at byte 0: stage 2 \(write\): /dev/full: No space left on device
faultline run: missing: No such file or directory" hash then write /dev/full -- small missing
	fails "small: at byte 0 of what stage 2 writes: stage 3 \(write\): /dev/full: No space left on device
faultline run: missing: No such file or directory" \
		-i hash then transform s/a/bb/ then write /dev/full -- small missing
	# Quiet is about results.
	fails "missing: No such file or directory" -q count then keep . -o out -- missing small
}

@test "run: reading fails" {
	command -v strace >/dev/null || skip "strace is not installed"
	strace -qq -o /dev/null true || skip "strace may not trace"
	[[ -z ${FL_SANITIZERS-} ]] || skip "LeakSanitizer does not run under a tracer"
	local got=0
	strace -f -qq -o /dev/null -e inject=pread64:error=EIO:when=4 "$FAULTLINE" run -j1 --io=read \
		hash then keep . -o out then count -- big >results 2>err || got=$?
	equal "$got" 2
	[[ $(<err) =~ ^"faultline run: big: at byte "[0-9]+": stage 1 (hash): Input/output error"$ ]]
	[[ ! -e out && ! -s results ]]
	got=0
	strace -f -qq -o /dev/null -e inject=linkat:error=ENOSPC "$FAULTLINE" run \
		hash then keep . -o out -- big >results 2>err || got=$?
	equal "$got" 2
	equal "$(<err)" "faultline run: stage 2 (keep): out: No space left on device"
	[[ ! -e out ]]
}

# cut TEXT STAGE...: the file is cut while the reader of standard output stalls; status 2 and one message,
# what was read before stands in the file, and nothing else has come to be
cut() {
	local text=$1 rc=0 pid word tries=0
	shift
	cp long cut
	"$FAULTLINE" run --max-memory=4M --chunk-size=256K "$@" -- cut >pipe 2>err &
	pid=$!
	exec 9<pipe
	IFS= read -r word <&9
	# It does not wait for a lease: while a group is stored, it is refused.
	until truncate -s 5000 cut 2>/dev/null; do
		((tries++ < 500)) || return 1
		sleep 0.01
	done
	{ printf '%s\n' "$word" && cat <&9; } >got
	exec 9<&-
	wait "$pid" || rc=$?
	equal "$rc" 2
	[[ $(<err) =~ ^"faultline run: "$text$ ]] || {
		printf 'got: %q\nnot: %q\n' "$(<err)" "$text"
		return 1
	}
	[[ ! -e out && ! -e copy ]] || { echo "out was made: $*" && return 1; }
	(($(stat -c %s got) < $(stat -c %s long)))
}

@test "run: the file is cut while it is read" {
	local io short='file became shorter while it was read'
	"$LOGGEN" --size=12M --seed=5 >long
	sed s/a/bb/ long >edited
	mkfifo pipe
	for io in mmap read; do
		cut "cut: at byte [0-9]+: stage 1 \(hash\): $short" --io=$io hash then scan . then keep . -o out
		cmp -n "$(stat -c %s got)" got long
		cut "cut: at byte [0-9]+: stage 1 \(hash\): $short" --io=$io hash then transform s/a/bb/ \
			then write copy then hash -a sha256 then scan . then compress -o out
		cmp -n "$(stat -c %s got)" got edited
		cut "cut: at byte [0-9]+: $short" --io=$io -i scan . then transform s/a/bb/ then hash -o out
		cmp -n "$(stat -c %s got)" got long
		cmp -n 5000 cut long
		[[ ! -e .cut.faultline ]]
		# What was stored before is in the journal, and what is cut off is not for us to bring back.
		cut "cut: at byte [0-9]+: $short(.faultline run: cut: half of it is rewritten: .*)?" --io=$io --sync=full \
			-i scan . then transform s/a/b/ then hash -o out
		cmp -n "$(stat -c %s got)" got long
		[[ ! -e .cut.faultline ]] || expect 2 "$FAULTLINE" recover --rollback cut
		rm -f .cut.faultline
	done
}

@test "run -i: a journal that is not allowed, a reader that goes away" {
	local got=0
	cp big before
	fails "big: the journal needs [0-9]+ bytes, more than --journal-max allows" \
		--journal-max=10K -i hash then transform s/a/bb/ then write out -- big
	fails "big: the journal needs [0-9]+ bytes, more than --journal-max allows" \
		--journal-max=10K -i hash then transform s/a/b/ then write out -- big
	cmp before big
	# Nobody would see that the file was not edited, so this is said.
	{ "$FAULTLINE" run -i scan . then transform s/a/bb/ then hash -o out -- big 2>err || echo $? >status; } | head -n 1 >first
	equal "$(<status)" 2
	[[ $(<err) =~ ^"faultline run: big: at byte "[0-9]+": stage 1 (scan): standard output: Broken pipe"$ ]]
	cmp before big
	[[ ! -e out && ! -e .big.faultline ]]
	# Elsewhere it is how a program ends.
	{ "$FAULTLINE" run keep . then write out then keep . -- big 2>err || echo $? >status; } | head -n 1 >first
	[[ ! -s err && ! -e out ]]
	(($(<status) != 0))
}
