#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# faultline shm: segments of the four kinds, made, used, listed, refused, removed.

load helpers

setup() {
	make_work
	name=flt-cli-$$-$BATS_TEST_NUMBER
}

teardown() {
	rm -f "/dev/shm/$name"* "/dev/shm/-$name"*
	remove_work
}

shm() {
	"$FAULTLINE" shm "$@"
}

@test "shm: create, write, read, dump, rm of a POSIX segment" {
	equal "$(shm create "$name" --size=64K)" "$name"
	equal "$(stat -c '%s %a' "/dev/shm/$name")" "65536 600"
	expect 2 shm create "$name" --size=64K
	contains "$err" "it exists already"
	printf 'hello, world\n' | shm write "$name" --offset=16
	equal "$(shm read "$name" --offset=16 --size=12)" "hello, world"
	shm read "$name" | cmp - "/dev/shm/$name"
	shm rm "$name"
	[[ ! -e /dev/shm/$name ]]
	expect 2 shm read "$name"
	contains "$err" "No such file"
}

@test "shm: what cannot be told how it is found is not left behind" {
	[[ -w /dev/full ]] || skip "no /dev/full"
	local address before key=$((0x46080000 + $$ % 65536))
	before=$(private_segments)
	# A memfd's maker would wait, for nobody.
	for address in "$name" --path=seg --key=$key --type=sysv --type=memfd; do
		expect 2 create_unseen "$address"
		contains "$err" "No space left on device"
	done
	[[ ! -e /dev/shm/$name && ! -e seg ]]
	expect 2 shm stat --key=$key
	equal "$(private_segments)" "$before"
}

# Of a size that no other program will have chosen.
create_unseen() {
	timeout 120 "$FAULTLINE" shm create --size=$((40000 + $$ % 20000)) "$1" >/dev/full
}

private_segments() {
	awk -v size=$((40000 + $$ % 20000)) '$4 == size' /proc/sysvipc/shm
}

@test "shm: names that begin with a dash stand behind --" {
	equal "$(shm create --size=4K -- "-$name")" "-$name"
	printf 'abc' | shm write -- "-$name"
	equal "$(shm read --size=3 -- "-$name")" abc
	shm stat -- "-$name" | grep -q "^name: *-$name\$"
	equal "$(shm attach --name="-$name" -- echo "-$name")" "-$name"
	expect 2 shm rm -- "-$name" more
	contains "$err" "extra operand"
	expect 2 shm rm "$name" -- "-$name"
	shm rm -- "-$name"
	[[ ! -e /dev/shm/-$name ]]
}

@test "shm: dump is hexdump -C's" {
	command -v hexdump >/dev/null || skip "no hexdump"
	shm create "$name" --size=1000
	head -c 300 /dev/urandom | shm write "$name" --offset=100
	same_as "'$FAULTLINE' shm dump $name" "hexdump -C /dev/shm/$name"
	same_as "'$FAULTLINE' shm dump $name --size=999" "hexdump -C -n 999 /dev/shm/$name"
}

@test "shm: System V by key, by id, and by path" {
	local id key=$((0x46000000 + $$ % 65536))
	id=$(shm create --type=sysv --key=$key --size=8K)
	expect 2 shm create --key=$key --size=8K
	printf 'abc' | shm write --key=$key
	equal "$(shm read --id="$id" --size=3)" "abc"
	contains "$(shm ls)" "$(printf '0x%08x/%d' $key "$id")"
	expect 2 shm resize --id="$id" --size=4K
	contains "$err" "keeps its size"
	shm rm --id="$id"
	expect 2 shm read --id="$id"
	contains "$err" "no segment has this id"
	touch file
	id=$(shm create --type=sysv --path=file --size=100)
	shm stat --type=sysv --path=file | grep -qx "id: *$id"
	shm rm --type=sysv --path=file
	if command -v ipcs >/dev/null; then
		! ipcs -m | awk '{print $2}' | grep -qx "$id"
	fi
}

@test "shm: a file, and what a mapping of it sees" {
	equal "$(shm create --path=seg --size=4K)" seg
	echo text | shm write --path=seg
	equal "$(head -c 5 seg)" text
	shm resize --path=seg --size=1M
	equal "$(stat -c %s seg)" 1048576
	(("$(stat -c %b seg)" * 512 >= 1048576))
	shm rm --path=seg
	[[ ! -e seg ]]
	expect 2 timeout 120 "$FAULTLINE" shm create --path=/proc/version --size=4K
	equal "$out" ""
}

@test "shm: a memfd lives as long as its command, and can be sealed" {
	# shellcheck disable=SC2016 # the command's own shell expands it
	expect 0 shm create label --type=memfd --size=64K -- bash -c '
		set -e
		echo data | "$FAULTLINE" shm write --path=$FAULTLINE_MEMFD
		"$FAULTLINE" shm read --path=$FAULTLINE_MEMFD --size=4
		"$FAULTLINE" shm ls | grep -c "^$FAULTLINE_MEMFD *memfd"
		"$FAULTLINE" shm seal --path=$FAULTLINE_MEMFD
		"$FAULTLINE" shm stat --path=$FAULTLINE_MEMFD | grep seals
		! "$FAULTLINE" shm resize --path=$FAULTLINE_MEMFD --size=1K 2>&1
		exit 7' || true
	contains "$out" "data1"
	contains "$out" "seals:    seal,shrink,grow"
	contains "$out" "it is sealed"
	expect 7 shm create label --type=memfd --size=4K -- bash -c 'exit 7'
	# shellcheck disable=SC2016 # the command's own shell expands it
	expect 0 shm create label --type=memfd --size=4K -- bash -c '
		echo data | "$FAULTLINE" shm write --path=$FAULTLINE_MEMFD
		"$FAULTLINE" shm seal --path=$FAULTLINE_MEMFD --seals=write,seal
		! echo more | "$FAULTLINE" shm write --path=$FAULTLINE_MEMFD
		"$FAULTLINE" shm read --path=$FAULTLINE_MEMFD --size=4'
	equal "$out" data
	contains "$err" "sealed against writing"
}

@test "shm: attach keeps a segment while a command runs" {
	shm create "$name" --size=4K
	contains "$(shm attach "$name" -- "$FAULTLINE" shm ls | grep "$name")" " 1 "
	expect 3 shm attach "$name" -- sh -c 'exit 3'
	expect 2 shm attach "$name" --size=8K -- true
	contains "$err" "at byte 4096: it has 4096 bytes, 8192 are needed"
	# Behind a directory that one may not search, one cannot know.
	PATH=/usr/bin:/bin expect 127 shm attach "$name" -- no-such-command-anywhere
}

@test "shm: ls and stat as JSON" {
	command -v python3 >/dev/null || skip "no python3"
	shm create "$name" --size=12K --managed --mode=640
	shm ls --json | python3 -c "
import json, sys
doc = json.load(sys.stdin)
assert doc['schema'] == 'faultline-shm/1'
rows = [f for f in doc['files'] if f['name'] == '$name']
assert len(rows) == 1, rows
r = rows[0]
assert r['type'] == 'posix' and r['bytes'] == 12288 and r['mode'] == 0o640
assert r['header'] == 'ok' and r['lock'] == 'free' and r['attached'] == 0"
	shm stat --json "$name" | python3 -c "
import json, sys
assert json.load(sys.stdin)['files'][0]['bytes'] == 12288"
}

@test "shm: what is not a segment is refused, and stays" {
	echo secret >victim
	ln -s "$work/victim" "/dev/shm/$name"
	local action
	for action in attach read write dump "resize --size=1" stat rm; do
		# shellcheck disable=SC2086 # an action may bring an option
		expect 2 shm $action "$name" </dev/null
		contains "$err" "$name: a symbolic link, not a segment"
	done
	expect 2 shm create "$name" --size=4K
	equal "$(cat victim)" secret
	rm "/dev/shm/$name"

	mkfifo "/dev/shm/$name"
	expect 2 timeout 120 "$FAULTLINE" shm read "$name"
	contains "$err" "not a regular file"
	rm "/dev/shm/$name"

	shm create "$name" --size=4K
	ln "/dev/shm/$name" "/dev/shm/$name-2"
	expect 2 shm read "$name"
	contains "$err" "hard links"
	rm "/dev/shm/$name-2"
	chmod 666 "/dev/shm/$name"
	expect 2 shm read "$name"
	contains "$err" "mode 0666"
	shm read --trust "$name" >bytes
	chmod 600 "/dev/shm/$name"
	if ((EUID == 0)); then
		chown 65534 "/dev/shm/$name"
		expect 2 shm rm "$name"
		contains "$err" "belongs to user 65534"
		[[ -e /dev/shm/$name ]]
	fi
}

@test "shm: names that are none" {
	local n
	for n in "" / . .. a/b "$(printf 'x%.0s' {1..256})"; do
		expect 2 shm create "$n" --size=4K
		contains "$err" "name"
	done
}

@test "shm: the header of a managed segment is not written over" {
	shm create "$name" --size=8K --managed
	expect 2 shm write "$name" <<<"zzzz"
	contains "$err" "header"
	echo good | shm write "$name" --managed
	equal "$(shm read "$name" --managed --size=4)" good
	equal "$(shm read "$name" --offset=4K --size=4)" good
	# Damaged by someone else: told, and still removable.
	printf 'XXXX' | dd of="/dev/shm/$name" bs=1 seek=20 conv=notrunc status=none
	expect 2 shm read "$name" --managed
	contains "$err" "damaged header"
	contains "$(shm ls | grep "$name")" damaged
	shm rm "$name"
	# Nor cut off, and it knows how long its segment is.
	shm create "$name" --size=8K --managed
	expect 2 shm resize "$name" --size=4095
	contains "$err" "what it holds needs more"
	shm resize "$name" --size=64K
	shm lock "$name" -- true
	equal "$(shm read "$name" --managed | wc -c)" $((60 * 1024))
	[[ -z $(shm doctor | grep "^$name") ]]
	shm resize "$name" --size=4K
	shm lock "$name" -- true
}

@test "shm: times that somebody else wrote into a header" {
	command -v python3 >/dev/null || skip "no python3"
	local seconds
	for seconds in 9223372036854775807 -9223372036854775808 -1; do
		shm create "$name" --size=8K --managed
		shm stat "$name" >/dev/null
		python3 - "/dev/shm/$name" $seconds <<-'EOF'
			import struct, sys
			with open(sys.argv[1], "r+b") as f:
			    head = bytearray(f.read(64))
			    head[40:48] = struct.pack("=q", int(sys.argv[2]))
			    check = 0xCBF29CE484222325
			    for byte in head[:56]:
			        check = (check ^ byte) * 0x100000001B3 % 2**64
			    head[56:64] = struct.pack("=Q", check)
			    f.seek(0)
			    f.write(head)
		EOF
		expect 0 shm stat "$name"
		contains "$out" "header:   ok"
		contains "$(shm ls | grep "$name")" " 0s "
		shm rm "$name"
	done
}

@test "shm: no room and no range" {
	expect 2 shm create "$name" --size=64T
	contains "$err" "nothing was made"
	[[ ! -e /dev/shm/$name ]]
	shm create "$name" --size=100
	expect 2 shm read "$name" --offset=101
	contains "$err" "at byte 100: the segment ends here"
	expect 2 shm read "$name" --offset=50 --size=51
	expect 2 shm write "$name" --offset=90 <<<"more than ten bytes"
	contains "$err" "at byte 100"
	equal "$(stat -c %s "/dev/shm/$name")" 100
}

@test "shm: a full /dev/shm is an error at once, and no signal later" {
	unshare -m true 2>/dev/null || skip "no mount namespace of our own"
	cat >inside <<-'EOF'
		mount -t tmpfs -o size=1M none /dev/shm || exit 77
		"$FAULTLINE" shm create big --size=2M
		echo "status $?"
		"$FAULTLINE" shm create big --size=1020K && "$FAULTLINE" shm resize big --size=2M
		echo "status $?"
		# A job without room for its board runs on.
		"$FAULTLINE" hash input
		stat -c '%n %s' /dev/shm/*
	EOF
	head -c 2M /dev/zero >input
	FAULTLINE=$FAULTLINE expect 0 unshare -m bash inside
	equal "$(head -n 4 <<<"$out")" "$(printf 'status 2\nbig\nstatus 2\n%s' "$("$FAULTLINE" hash input)")"
	equal "$(tail -n 1 <<<"$out")" "/dev/shm/big 1044480"
	contains "$err" "no room for all of it; nothing was made"
	contains "$err" "no room for it; the size stays"
}

@test "shm: what README shows is what one gets" {
	local readme=$BATS_TEST_DIRNAME/../../README.md
	[[ ! -e /dev/shm/jobs ]] || skip "somebody has a segment called jobs"
	sed -n '/<!-- shm: begin/,/<!-- shm: end/p' "$readme" | sed -n 's/^    //p' >block
	(($(grep -c '^[$] ' block) >= 6))
	mkdir bin
	ln -s "$FAULTLINE" bin/faultline
	grep '^[$] ' block | sed 's/^[$] //' >commands
	PATH=$work/bin:$PATH bash commands >got
	rm -f /dev/shm/jobs
	grep -v '^[$] ' block | diff - got
}

@test "shm: usage errors" {
	expect 2 shm
	contains "$err" "no action given"
	expect 2 shm frobnicate
	contains "$err" "unknown action 'frobnicate'"
	expect 2 shm create "$name"
	contains "$err" "--size is needed"
	expect 2 shm rm
	contains "$err" "which segment"
	expect 2 shm rm a b
	contains "$err" "a second name"
	expect 2 shm create x --type=foo --size=1
	expect 2 shm rm x --id=4 --type=posix
	expect 0 shm --help
	contains "$out" "create"
	expect 0 shm create --help
	contains "$out" "--size"
}

@test "shm: lock and unlock, by command, by shell, by process" {
	shm create "$name" --size=4K --managed
	expect 3 shm lock "$name" -- sh -c 'exit 3'
	sleep 60 &
	local holder=$!
	shm lock "$name" --pid=$holder
	contains "$(shm ls | grep "$name")" "held:$holder"
	expect 1 shm lock "$name" --timeout=0 -- true
	contains "$err" "process $holder holds the lock"
	expect 2 shm unlock "$name"
	shm unlock "$name" --pid=$holder
	expect 2 shm unlock "$name" --pid=$holder
	contains "$err" "not locked"
	shm lock "$name" --pid=$holder
	kill -9 $holder
	wait $holder || true
	contains "$(shm ls | grep "$name")" "dead:$holder"
	expect 1 shm doctor
	contains "$out" "faultline shm unlock --recover '$name'"
	shm unlock --recover "$name"
	contains "$(shm ls | grep "$name")" free
	# Two at once: neither sees the other one inside.
	echo 0 >counter
	count_up() {
		for _ in {1..10}; do
			# shellcheck disable=SC2016 # the command's own shell expands it
			shm lock "$name" -- sh -c 'read -r n <counter; echo $((n + 1)) >counter' || return 1
		done
	}
	count_up &
	local one=$!
	count_up &
	local two=$!
	wait $one
	wait $two
	equal "$(cat counter)" 20
	expect 2 shm lock "$name" --pid=999999999
}

@test "shm: a holder that dies is told to the next one" {
	shm create "$name" --size=4K --managed
	sleep 60 &
	local holder=$!
	shm lock "$name" --pid=$holder
	(
		sleep 0.5
		kill -9 $holder
	) &
	expect 0 shm lock "$name" --timeout=30 -- true
	contains "$err" "its last holder died"
	wait
}

# Runs the first command that doctor gives for the segment.
treat() {
	local command
	# Who lists System V segments beside us attaches them for a moment.
	diagnosed() {
		command=$(shm doctor | grep -F -A1 -e "$1:" | sed -n 's/^    //p' | head -n 1)
		[[ -n $command && $command != '#'* ]]
	}
	wait_until diagnosed "${1-$name}"
	eval "${command/#faultline/\"\$FAULTLINE\"}"
}

# And that is all there was.
repair() {
	treat "$@"
	[[ -z $(shm doctor | grep -F -e "${1-$name}:") ]]
}

@test "shm: doctor names what is wrong, and its commands repair it" {
	shm create "$name" --size=4K --managed
	[[ -z $(shm doctor | grep "^$name") ]]
	chmod 666 "/dev/shm/$name"
	expect 1 shm doctor
	contains "$out" "$name: mode 0666 lets other users write to it"
	repair
	equal "$(stat -c %a "/dev/shm/$name")" 644
	chmod 600 "/dev/shm/$name"
	printf 'XXXX' | dd of="/dev/shm/$name" bs=1 seek=20 conv=notrunc status=none
	contains "$(shm doctor)" "$name: its header is damaged"
	repair
	[[ ! -e /dev/shm/$name ]]
	ln -s /etc/passwd "/dev/shm/$name"
	contains "$(shm doctor)" "$name: a symbolic link"
	repair
	[[ ! -L /dev/shm/$name ]]
}

@test "shm: doctor says who maps what is wrong" {
	shm create "$name" --size=4K --mode=620
	# shellcheck disable=SC2016 # the command's own shell expands it
	"$FAULTLINE" shm attach --trust "$name" -- sh -c 'echo $$ >sleeper; exec sleep 60' &
	local holder=$! id
	mapped() {
		shm doctor | grep -A2 "^$name" | grep -q "mapped by $holder (.*faultline.*)"
	}
	wait_until mapped
	wait_until test -s sleeper
	kill "$(<sleeper)"
	wait $holder || true
	contains "$(shm doctor | grep -A2 "^$name")" "# owner $EUID, mapped by nobody"
	repair
	# A lock whose owner is stopped.
	shm rm "$name"
	shm create "$name" --size=4K --managed
	sleep 60 &
	holder=$!
	shm lock "$name" --pid=$holder
	[[ -z $(shm doctor | grep "^$name") ]]
	kill -STOP $holder
	wait_until stopped $holder
	contains "$(shm doctor)" "$name: its lock is held by process $holder (sleep), which is stopped"
	repair
	kill -9 $holder
	wait $holder || true
	repair
	# A System V segment whose maker is gone.
	command -v ipcmk >/dev/null || skip "no ipcmk"
	id=$(ipcmk -M 4096 | grep -o '[0-9]*$')
	repair "/$id"
	[[ -z $(shm ls | grep "/$id ") ]]
}

@test "shm: doctor tells of a lock that a living process has held for long" {
	local holder
	shm create "$name" --size=4K --managed
	sleep 600 &
	holder=$!
	[[ -z $(shm doctor --held=0 | grep "^$name") ]]
	shm lock "$name" --pid=$holder
	[[ -z $(shm doctor --held=100000 | grep "^$name") ]]
	expect 1 shm doctor --held=0
	contains "$out" "$name: its lock has been held by process $holder (sleep) for "
	contains "$out" "faultline shm unlock --pid=$holder '$name'"
	shm ls --json | tr '{' '\n' | grep "\"$name\"" | grep -q '"lock_since":[1-9]'
	shm unlock "$name" --pid=$holder
	[[ -z $(shm doctor --held=0 | grep "^$name") ]]
	kill $holder
	wait $holder || true
	expect 2 shm doctor --held=soon
}

@test "shm: doctor's commands are safe to paste, whatever people call their segments" {
	local nasty
	for nasty in "$name'; touch pasted; '" "$name \$(touch pasted)" "$name"$'\n\e[31m' "$name\`touch pasted\`"; do
		shm create "$nasty" --size=4K --managed --mode=622
		printf 'XXXX' | dd "of=/dev/shm/$nasty" bs=1 seek=20 conv=notrunc status=none
		treat "${nasty//[$'\n\e']/?}"
		[[ -e /dev/shm/$nasty ]]
		repair "${nasty//[$'\n\e']/?}"
		[[ ! -e /dev/shm/$nasty && ! -e pasted ]]
		ln -s /etc/passwd "/dev/shm/$nasty"
		repair "${nasty//[$'\n\e']/?}"
		[[ ! -L /dev/shm/$nasty && ! -e pasted ]]
	done
	[[ -z $(shm doctor | tr -d '[:print:]\n') ]]
	nasty=-$name
	shm create "--name=$nasty" --size=4K --managed
	printf 'XXXX' | dd "of=/dev/shm/$nasty" bs=1 seek=20 conv=notrunc status=none
	repair "$nasty"
	[[ ! -e /dev/shm/$nasty ]]
}

@test "shm: doctor sees who sits on the name of a job board" {
	((EUID == 0)) || skip "needs root to make something for another user"
	local board=/dev/shm/faultline-board-$((3000000 + $$))
	: >"$board"
	chown 65534 "$board"
	contains "$(shm doctor)" "${board##*/}: user 65534 sits on the name of the job board of user"
	repair "${board##*/}"
	[[ ! -e $board ]]
}

@test "shm: stat knows the users of every kind, and the header" {
	local id
	shm create --path=seg --size=8K --managed
	shm create "$name" --size=8K --managed
	id=$(shm create --type=sysv --size=8K --managed)
	for place in "--path=seg" "--path=./seg" "$name" "/$name" "--id=$id"; do
		# shellcheck disable=SC2016 # the command's own shell expands it
		shm attach "$place" -- bash -c '"$FAULTLINE" shm stat "$0"; echo "me $PPID"' "$place" >out
		grep -q "^header: *ok" out
		equal "$(sed -n 's/^pids: *//p' out)" "$(sed -n 's/^me //p' out)"
		grep -q "^attached: [1-9]" out
	done
	shm rm --id="$id"
	# shellcheck disable=SC2016 # the command's own shell expands it
	shm create --type=memfd --size=8K --managed -- bash -c '"$FAULTLINE" shm stat --path=$FAULTLINE_MEMFD; echo "me $PPID"' >out
	grep -q "^header: *ok" out
	equal "$(sed -n 's/^pids: *//p' out)" "$(sed -n 's/^me //p' out)"
}

@test "shm: gc removes nothing that somebody may still want" {
	shm create "$name" --size=4K --managed
	shm create "$name-raw" --size=4K
	[[ -z $(shm gc | grep "$name") ]]
	[[ -e /dev/shm/$name && -e /dev/shm/$name-raw ]]
}

@test "shm: Python's shared_memory and mmap, both ways" {
	command -v python3 >/dev/null || skip "no python3"
	local example=$BATS_TEST_DIRNAME/../../data/examples/shared_memory.py
	shm create "$name" --size=64K
	printf 'from faultline' | shm write "$name"
	equal "$(python3 "$example" read "$name" 2>err.txt)" "from faultline"
	python3 "$example" write "$name" "from Python " 2>>err.txt
	equal "$(shm read "$name" --size=14)" "from Python ne"
	python3 "$example" mmap "$name" "by mmap" 2>>err.txt
	equal "$(shm read "$name" --size=7)" "by mmap"
	# The tracker has not removed it, and has nothing to complain about.
	[[ -e /dev/shm/$name ]]
	equal "$(cat err.txt)" ""
	shm rm "$name"
	python3 "$example" create "$name" "made by Python" 2>>err.txt
	equal "$(cat err.txt)" ""
	equal "$(shm read "$name" --size=14)" "made by Python"
	contains "$(shm ls | grep "$name")" "64K"
	shm rm "$name"
}

@test "shm: demo loses nothing with a lock, and recovers" {
	local before
	before=$(in_dev_shm)
	expect 0 shm demo
	(($(grep -c ' 0 lost' <<<"$out") == 12))
	(($(grep -c 'the half change right' <<<"$out") == 8))
	wait_until nothing_new_in_dev_shm "$before"
}

@test "shm: demo loses updates without a lock, on one processor, too" {
	command -v taskset >/dev/null || skip "no taskset"
	# Where others take the processor, too, the two may come one after the other.
	for _ in {1..20}; do
		expect 0 taskset -c "$(taskset -cp $$ | sed 's/.*[:,-] *//')" "$FAULTLINE" shm demo --type=memfd
		[[ $out =~ no\ lock.*,\ +[1-9][0-9]*\ lost ]] && return
	done
	false
}

@test "shm: bench measures every way, and leaves nothing" {
	local before
	before=$(in_dev_shm)
	expect 0 shm bench --size=4K --time=0.01
	contains "$out" "ring-posix"
	contains "$out" "4 KiB messages"
	expect 0 shm bench --size=64 --time=0.01 --json
	contains "$out" '"way":"unix"'
	contains "$out" '"way":"ring-sysv"'
	expect 0 shm bench --size=64 --time=0.001 --report=page.html
	contains "$(<page.html)" "<title>faultline shm bench</title>"
	(($(grep -c '<th class="n">ring-memfd' page.html) == 2))
	if command -v gnuplot >/dev/null; then
		(($(grep -c '<svg' page.html) == 2))
		[[ $(<page.html) != *NaN* ]]
	fi
	expect 2 shm bench --size=64 --time=0.001 --report=/nowhere/page.html
	contains "$err" "/nowhere/page.html: No such file"
	wait_until nothing_new_in_dev_shm "$before"
}

@test "shm: bench ends with an error when its child is killed, on every way" {
	command -v pgrep >/dev/null || skip "no pgrep"
	local before bench program status=0 way
	before=$(in_dev_shm)
	# Long enough that no measurement ends by itself: only the deaths end this.
	timeout 200 "$FAULTLINE" shm bench --size=4K --time=1000 2>killed >/dev/null 3>&- &
	bench=$!
	while kill -0 "$bench" 2>/dev/null; do
		# timeout's child is the program, the program's child the one that answers.
		program=$(pgrep -P "$bench") || true
		[[ -z $program ]] || pgrep -P "$program" | xargs -r kill -9 2>/dev/null || true
		sleep 0.02
	done
	wait "$bench" || status=$?
	equal "$status" 2
	for way in ring-posix ring-sysv ring-file ring-memfd pipe unix splice mqueue; do
		# A kernel without message queues, or with no room for one, has none of that.
		grep -q "$way: Owner died" killed || [[ $way == mqueue ]]
	done
	wait_until nothing_new_in_dev_shm "$before"
}
