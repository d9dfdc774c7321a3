#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Programs that use shared memory are killed at any moment; after `shm gc` nothing of theirs is left.

load ../cli/helpers

# Root takes a user of his own: everything that belongs to it comes from this test. Others look at
# names and makers.
setup() {
	maker=${abs_top_builddir-$BATS_TEST_DIRNAME/../..}/tests/support/shm_maker
	[[ -x $maker ]] || skip "no tests/support/shm_maker"
	as_user=() uid=$EUID
	if ((EUID == 0)) && command -v setpriv >/dev/null; then
		uid=$((62000 + RANDOM % 1000))
		as_user=(setpriv "--reuid=$uid" --clear-groups)
		# The build may lie where only root may go.
		"${as_user[@]}" test -x "$maker" || { as_user=() uid=$EUID; }
	fi
	make_work
	chmod 755 "$work"
	# Where segments of the type file are made.
	export TMPDIR=$work/files
	mkdir -m 1777 files
	# Waiting without a process: nobody ever writes to it.
	mkfifo nothing
	exec 9<>nothing
}

teardown() {
	remove_work
	[[ -z ${uid-} ]] || ((uid == EUID)) || {
		find /dev/shm -mindepth 1 -user "$uid" -delete
		"${as_user[@]}" "$FAULTLINE" shm gc
	}
}

# Segments of the user: a line each. Without a user of our own: what bears our name, as other tests run
# beside this one.
theirs() {
	find "$TMPDIR" -mindepth 1 | sort
	if ((uid == EUID)); then
		find /dev/shm -mindepth 1 -maxdepth 1 -name 'flt-left-*' | sort
		return
	fi
	find /dev/shm -mindepth 1 -maxdepth 1 -uid "$uid" ! -name 'bxfi_*' | sort
	awk -v uid="$uid" 'NR > 1 && $8 == uid { print "sysv", $1, $2, "nattch", $7, "mode", $3 }' /proc/sysvipc/shm | sort
}

# One of the programs, in $pid: makers more often than not.
start() {
	case $(($1 % 9)) in
	4) "${as_user[@]}" "$FAULTLINE" shm demo --type=file >/dev/null 2>&1 3>&- & ;;
	5) "${as_user[@]}" "$FAULTLINE" shm demo --type=posix >/dev/null 2>&1 3>&- & ;;
	6) "${as_user[@]}" "$FAULTLINE" shm bench --size=64 --time=0.01 >/dev/null 2>&1 3>&- & ;;
	7) "${as_user[@]}" "$FAULTLINE" count --processes=2 --chunk-size=4K input >/dev/null 2>&1 3>&- & ;;
	*) "${as_user[@]}" "$maker" flt-left 3>&- & ;;
	esac
	pid=$!
}

# A maker that is killed where it has segments leaves them; and sets $us: how long it takes to come there.
leave_some() {
	local begin=${EPOCHREALTIME/[.,]/}
	"${as_user[@]}" "$maker" flt-left stop 3>&- &
	pid=$!
	wait_until stopped "$pid"
	us=$((${EPOCHREALTIME/[.,]/} - begin))
	kill -9 "$pid"
	wait "$pid" || true
}

@test "shm: kills at any moment, then gc: nothing is left" {
	local before i rounds left=0 us
	head -c 2M /dev/zero | tr '\0' '\n' >input
	rounds=$(awk -v s="${FL_TEST_SCALE:-1}" 'BEGIN { n = int(300 * s); print n < 24 ? 24 : n }')
	"${as_user[@]}" "$FAULTLINE" shm gc >/dev/null
	before=$(theirs)
	# Something for gc to do, or this shows nothing.
	leave_some
	[[ $(theirs) != "$before" ]]
	for ((i = 0; i < rounds; i++)); do
		start "$i"
		# While it starts, or in the 50 ms after that.
		read -r -t "$(printf '0.%06d' $(((RANDOM << 15 | RANDOM) % (us < 900000 ? us + 50000 : 950000))))" <&9 || true
		kill -9 "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
		((i % 5 > 0)) || [[ $(theirs) == "$before" ]] || left=$((left + 1))
	done
	echo "after $left of $((rounds / 5)) kills looked at something was there"
	wait_until gone "$before" || {
		diff <(echo "$before") <(theirs)
		return 1
	}
}

# Children of the killed ones end by themselves, a moment later.
gone() {
	"${as_user[@]}" "$FAULTLINE" shm gc >removed
	"${as_user[@]}" "$FAULTLINE" top --once >/dev/null
	[[ $(theirs) == "$1" ]]
}

@test "shm: gc and doctor find what was left, and only that" {
	local name
	# Stopped where it has segments: killed there, it leaves them.
	"${as_user[@]}" "$maker" flt-left stop 3>&- &
	pid=$!
	name=flt-left-$pid
	wait_until stopped "$pid"
	[[ -e /dev/shm/$name ]]
	# Alive: nobody touches them.
	"${as_user[@]}" "$FAULTLINE" shm gc >out
	[[ -e /dev/shm/$name ]]
	[[ $(<out) != *"$name"* ]]
	kill -9 "$pid"
	wait "$pid" || true
	expect 1 "${as_user[@]}" "$FAULTLINE" shm doctor
	contains "$out" "$name: its maker is gone and nobody is attached"
	contains "$("${as_user[@]}" "$FAULTLINE" shm gc --dry-run)" "would remove $name"
	[[ -e /dev/shm/$name ]]
	contains "$("${as_user[@]}" "$FAULTLINE" shm gc)" "removed $name"
	[[ ! -e /dev/shm/$name ]]
}

# is_there ID: a System V segment
is_there() {
	awk '{ print $2 }' /proc/sysvipc/shm | grep -qx "$1"
}

@test "shm: gc takes an unfinished System V segment, and none of another program" {
	local raw half
	command -v ipcmk >/dev/null || skip "no ipcmk"
	raw=$("${as_user[@]}" ipcmk -M 4096 | grep -o '[0-9]*$')
	# As a maker leaves it that is killed between shmget(2) and the last step.
	half=$("${as_user[@]}" ipcmk -M 4096 -p 0611 | grep -o '[0-9]*$')
	expect 2 "${as_user[@]}" "$FAULTLINE" shm read --id="$half"
	contains "$err" "its maker died while making it"
	contains "$("${as_user[@]}" "$FAULTLINE" shm doctor)" "/$half: its maker died while making it"
	"${as_user[@]}" "$FAULTLINE" shm gc >out
	contains "$(<out)" "/$half"
	[[ $(<out) != *"/$raw"* ]]
	is_there "$raw"
	! is_there "$half" || return 1
	ipcrm -m "$raw"
}
