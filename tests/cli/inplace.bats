#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# transform -i and recover, as a user meets them.

load helpers

setup() {
	make_work
	# By awk: bash calls the trap of bats before every command, a loop like this takes it half a second.
	seq 3000 | awk '{
		print "Mar  3 10:00:00 host sshd[" $1 "]: Failed password for root from 10.0.0." $1 % 256
		print "Mar  3 10:00:01 host cron[" $1 "]: session opened" }' >log
	cp log before
}

teardown() {
	remove_work
}

# A rewrite in groups of few lines, killed half way.
make_hot() {
	signal_at 9 60 transform -i --sync=full --chunk-size=4K 'y/ab/ba/' log
	expect 0 "$FAULTLINE" recover log
	contains "$out" 'interrupted rewrite: '
}

@test "in place: the bytes of sed, the same inode, nothing left behind" {
	local inode edit
	for edit in 'y/abc/bca/' 's/root/ROOT/g' 's/Failed/FAILED/'; do
		cp before log
		ln -f log other-name
		inode=$(stat -c %i log)
		expect 0 "$FAULTLINE" transform -i "$edit" log
		equal "$out$err" ""
		sed "$edit" before | cmp - log
		cmp log other-name
		equal "$(stat -c %i log)" "$inode"
		equal "$(find . -name '.*faultline*')" ""
	done
}

# With 1 MiB for changes: none of the first edit's fit, half of the second one's, all of the third's.
@test "in place: lengths that change, with changes kept, found again, and some of each" {
	local edit memory
	for ((i = 0; i < 40; i++)); do cat before; done >large
	for edit in 's/[a-z]+//g' 's/:/:-/' 's/root//'; do
		sed -E "$edit" large >want
		for memory in 4M 64M; do
			cp large log
			expect 0 "$FAULTLINE" transform -i --stats --max-memory=$memory "$edit" log
			cmp want log
			# One in a line that has it.
			[[ $edit == *g ]] ||
				contains "$err" "changes: $(grep -c "$(cut -d/ -f2 <<<"$edit")" large)"$'\n'
		done
	done
}

@test "in place: every chunk size, thread count and loader gives the same" {
	local chunk threads io
	sed 's/password/********/' before >want
	for chunk in 4096 7919 1M; do
		for threads in 1 2 7; do
			for io in auto mmap read direct; do
				cp before log
				expect 0 "$FAULTLINE" transform -i --mask=password --chunk-size=$chunk \
					-j$threads --io=$io log
				cmp want log
			done
		done
	done
}

@test "in place: --dedup-adjacent drops what uniq drops, wherever chunks and batches begin" {
	local edit options
	{
		seq 20000 | sed 's/..$//'
		yes "the same line" | head -10000
		yes "" | head -5000
		for ((i = 0; i < 3; i++)); do head -c 150000 /dev/zero | tr '\0' x && echo; done
		printf 'end\nend'
	} >before
	for edit in "" s/[15]//g "s/2/two and two/g" "delete=the same"; do
		# uniq ends the last line: here it goes.
		"$FAULTLINE" transform "${edit:-s/a/a/}" before | uniq >want
		for options in "-j1 --chunk-size=4099" "-j7 --io=direct" "-j2 --io=mmap --window-size=64K" \
			"-j2 --no-journal --chunk-size=4K" "-j7 --no-journal --io=read"; do
			cp before log
			# shellcheck disable=SC2086 # options are words
			expect 0 "$FAULTLINE" transform -i $options ${edit:+-e "$edit"} --dedup-adjacent log
			cmp want log
		done
	done
	expect 0 "$FAULTLINE" transform -i --dedup-adjacent log
	cmp want log
	equal "$(find . -name '.*faultline*')" ""
}

# With 1 MiB for changes these are found again: what the plan says of first lines holds.
@test "in place: --dedup-adjacent with more changes than are kept" {
	seq 100000 | sed 's/.$//' >before
	sed 's/[0-9]/<&>/g' before | uniq >want
	cp before log
	expect 0 "$FAULTLINE" transform -i --max-memory=4M --chunk-size=64K -e 's/[0-9]/<&>/g' \
		--dedup-adjacent log
	cmp want log
	yes same | head -600000 >log
	expect 0 "$FAULTLINE" transform -i --max-memory=4M --dedup-adjacent log
	equal "$(cat log)" same
}

@test "in place: edits that change lengths give the bytes of sed and perl" {
	local inode chunk
	for chunk in 4096 64K; do
		while IFS=$'\t' read -r ours theirs; do
			cp before log
			inode=$(stat -c %i log)
			expect 0 "$FAULTLINE" transform -i --chunk-size=$chunk --sync=full "$ours" log
			perl -pe "$theirs" before | cmp - log
			equal "$(stat -c %i log)" "$inode"
			equal "$(find . -name '.*faultline*')" ""
		done <<-'END'
			s/Failed password/F/	s/Failed password/F/
			s/root/somebody else/g	s/root/somebody else/g
			delete=cron	$_ = "" if /cron/
			keep=nothing	$_ = ""
			s/(\d+)$/$1$1$1$1/	s/(\d+)$/$1$1$1$1/
			s/ \[?(\d)\d*\]?/$1/	s/ \[?(\d)\d*\]?/$1/
			s/^Mar.*sshd.*$/x/	s/^Mar.*sshd.*$/x/
		END
	done
}

@test "in place: an edit that changes lengths refuses while a writer has the file open" {
	exec 7>>log
	expect 2 "$FAULTLINE" transform -i 's/root/r/' log
	contains "$err" "others have it open"
	cmp before log
	expect 0 "$FAULTLINE" transform -i 'y/r/R/' log
	exec 7>&-
	cp before log
	expect 0 "$FAULTLINE" transform -i 's/root/r/' log
	equal "$(find . -name '.*faultline*')" ""
}

@test "in place: through a symbolic link, with a suffix, several files" {
	ln -s log link
	cp before second
	expect 0 "$FAULTLINE" transform -i.orig 'y/a/A/' link second
	sed 'y/a/A/' before | cmp - log
	sed 'y/a/A/' before | cmp - second
	cmp before log.orig
	cmp before second.orig
	[[ -L link ]]
}

@test "in place: nothing matches, nothing is written" {
	touch -d '2001-01-01' log
	expect 0 "$FAULTLINE" transform -i --mask=nowhere log
	equal "$(stat -c %Y log)" "$(date -d 2001-01-01 +%s)"
	equal "$(find . -name '.*faultline*')" ""
}

@test "in place: what cannot be rewritten is said" {
	mkfifo fifo
	mkdir dir
	expect 2 "$FAULTLINE" transform -i 'y/a/b/' fifo
	contains "$err" "fifo: not a regular file"
	expect 2 "$FAULTLINE" transform -i 'y/a/b/' dir
	contains "$err" "dir: Is a directory"
	expect 2 "$FAULTLINE" transform -i 'y/a/b/' missing
	contains "$err" "missing: No such file"
	expect 2 "$FAULTLINE" transform -i 'y/a/b/' - <log
	contains "$err" "standard input"
	cmp before log
}

@test "in place: a journal that may not be large enough stops it before it begins" {
	expect 2 "$FAULTLINE" transform -i --journal-max=4K 'y/a/b/' log
	contains "$err" "--journal-max"
	cmp before log
	equal "$(find . -name '.*faultline*')" ""
	expect 0 "$FAULTLINE" transform -i --journal-max=1M 'y/a/b/' log
}

@test "in place: without a journal there is a warning, and the same bytes" {
	expect 0 "$FAULTLINE" transform -i --no-journal 'y/a/b/' log
	contains "$err" "warning"
	sed 'y/a/b/' before | cmp - log
}

# A line that no part can hold, lines that only move, and ones before anything has become shorter.
@test "in place: without a journal, what becomes shorter is stored in one pass" {
	local edit chunk
	{
		cat before
		head -c 3000000 /dev/zero | tr '\0' 'x' | sed 's/xxxxx/root-/g'
		echo
		yes 'nothing here' | head -60000
		cat before before
		printf 'root without an end'
	} >large
	for edit in s/root//g /xroot/d s/root-/bot/; do
		LC_ALL=C sed "$edit" large >want
		[[ $edit != */d ]] || edit=--delete=xroot
		for chunk in 4K 300001 64M; do
			cp large log
			expect 0 "$FAULTLINE" transform -i --journal=none --chunk-size=$chunk -j3 \
				--max-memory=4M "$edit" log
			cmp want log
		done
	done
}

@test "in place: --stats says how long it took, and how the file was read" {
	local edit key
	for edit in y/a/b/ s/root/somebody/ --delete=cron; do
		cp before log
		expect 0 "$FAULTLINE" transform -i --no-journal --stats "$edit" log
		for key in seconds loader kernels threads 'old bytes' 'peak RssAnon'; do
			contains "$err" "$key: "
		done
		[[ $err =~ threads:\ [1-9] ]]
	done
}

@test "in place: --dry-run writes nothing" {
	expect 0 "$FAULTLINE" transform -i --dry-run 'y/a/b/' log
	contains "$out" "changes"
	cmp before log
}

@test "recover: nothing to do" {
	local option
	for option in '' --status --rollback --resume; do
		expect 0 "$FAULTLINE" recover $option log
		equal "$out" "log: nothing to recover"
	done
	expect 2 "$FAULTLINE" recover missing
	contains "$err" "No such file"
	expect 2 "$FAULTLINE" recover
	expect 2 "$FAULTLINE" recover --rollback --resume log
}

@test "recover: a killed rewrite is refused by every verb, and rolled back" {
	make_hot
	local verb
	for verb in 'count -l' hash 'scan a' 'transform y/a/b/' 'transform -i y/a/b/' 'cache status'; do
		# shellcheck disable=SC2086 # words on purpose
		expect 2 "$FAULTLINE" $verb log
		contains "$err" "recover"
	done
	expect 0 "$FAULTLINE" count -l --ignore-journal log
	expect 0 "$FAULTLINE" recover log
	contains "$out" "interrupted rewrite"
	expect 0 "$FAULTLINE" recover --rollback log
	cmp before log
	expect 0 "$FAULTLINE" recover log
	equal "$out" "log: nothing to recover"
	expect 0 "$FAULTLINE" hash log
}

@test "recover: a killed rewrite is resumed, by another name of the file" {
	make_hot
	ln -f log other
	# Where inodes can be marked.
	case $(stat -f -c %T .) in
	ext2/ext3 | xfs | btrfs | tmpfs)
		expect 2 "$FAULTLINE" hash other
		expect 0 "$FAULTLINE" recover --resume other
		;;
	*) expect 0 "$FAULTLINE" recover --resume log ;;
	esac
	sed 'y/ab/ba/' before | cmp - log
	[[ ! -e .log.faultline ]]
}

@test "recover: somebody else's change is refused and left alone" {
	make_hot
	: >log
	echo theirs >>log
	cp log theirs
	for option in '' --rollback --resume; do
		expect 2 "$FAULTLINE" recover $option log
		contains "$err" "someone else"
		cmp log theirs
	done
}

@test "inplace: one destination only" {
	printf 'abc\n' >text
	for other in "-o out" --rewrite; do
		# shellcheck disable=SC2086 # words
		expect 2 "$FAULTLINE" transform -i $other s/a/b/ text
		contains "$err" "exclude each other"
	done
	equal "$(<text)" abc
}

@test "in place: the first signal ends a rewrite where recover can go on" {
	for _ in 1 2 3 4; do cat before; done >log
	tr ab ba <log >new
	signal_at 15 20 transform -i --sync=full --chunk-size=4K 'y/ab/ba/' log 2>.err
	contains "$(<.err)" "half of it is rewritten"
	expect 0 "$FAULTLINE" recover --resume log
	cmp new log
}
