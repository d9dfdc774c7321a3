# SPDX-License-Identifier: MIT
# Shared by the bats files: where the program is, sample files, comparisons with other tools.

FAULTLINE=${FAULTLINE:-$BATS_TEST_DIRNAME/../../faultline}

# From here on the trap that bats has before every command is not called in functions: it takes a
# tenth of the time, and a failure still names the line of the test.
make_work() {
	work=$(mktemp -d "${BATS_TMPDIR:-/tmp}/faultline-cli.XXXXXX")
	cd "$work" || return 1
	set +T
}

# What a failed test has left running would hold up the suite: bats waits for whoever has its output.
remove_work() {
	end_jobs
	cd / && rm -rf "$work"
}

end_jobs() {
	local job
	for job in $(jobs -p); do
		pkill -9 -P "$job" 2>/dev/null || true
		kill -9 "$job" 2>/dev/null || true
	done
}

# Files that are small and nasty, inside and in their names.
make_samples() {
	: >empty
	printf 'one two\nthree\n' >plain
	printf 'Failed password\nno final newline' >no-newline
	printf 'dos\r\nline error\r\n\r\n' >crlf
	printf 'with\0error\nsecond error\n' >nul
	printf '\n\n\n' >newlines
	printf 'caf\303\251 \303\200 error\n\342\200\203wide space\n' >utf8
	head -c 300000 /dev/zero | tr '\0' 'x' >long
	printf ' error\nshort\n' >>long
	printf 'space error\n' >'a name with spaces'
	printf 'newline error\n' >$'new\nline'
	printf 'quote error\n' >$'it\'s\n"x"'
	printf 'tab error\n' >$'\t\001\nend'
	printf 'backslash error\n' >'back\slash'
	printf 'dash error\n' >-dash
	printf 'pair error error\nERROR\nnone\n' >pair
}

all_samples=(empty plain no-newline crlf nul newlines utf8 long 'a name with spaces'
	$'new\nline' $'it\'s\n"x"' $'\t\001\nend' 'back\slash' ./-dash pair)

# Every case of the loop it stands in; in instrumented builds, where starting a program takes long,
# one in seven: over a few loops all their values are still met.
some() {
	cases=$((${cases-0} + 1))
	[[ ${FL_TEST_SCALE-1} != 0.* ]] || ((cases % 7 == 1))
}

# same_as OURS THEIRS: two shell commands print the same bytes and end with the same status.
# A third argument is our status where it differs on purpose.
same_as() {
	local ours=0 theirs=0
	eval "$1" >"$work/.ours" 2>"$work/.ours.err" || ours=$?
	eval "$2" >"$work/.theirs" 2>/dev/null || theirs=$?
	if ! cmp "$work/.theirs" "$work/.ours"; then
		echo "output differs: $1 (ours, +) and $2 (-)"
		diff -u "$work/.theirs" "$work/.ours" | head -n 20 | cat -A | cut -c 1-200
		head -n 5 "$work/.ours.err"
		return 1
	fi
	if ((ours != ${3-$theirs})); then
		echo "status $ours, not ${3-$theirs}: $1"
		head -n 5 "$work/.ours.err"
		return 1
	fi
}

# expect STATUS COMMAND...: standard output and error are in $out and $err, without NULs, which bash
# warns of. It reads files without a process, which is dear on some virtual machines.
expect() {
	local want=$1 got=0
	shift
	"$@" >"$work/.out" 2>"$work/.err" || got=$?
	{
		out=$(<"$work/.out")
		err=$(<"$work/.err")
	} 2>/dev/null
	if ((got != want)); then
		echo "status $got, not $want: $*"
		echo "$err"
		return 1
	fi
}

# equal A B
equal() {
	if [[ $1 != "$2" ]]; then
		printf 'got:      %q\nexpected: %q\n' "$1" "$2"
		return 1
	fi
}

# contains TEXT PART
contains() {
	if [[ $1 != *"$2"* ]]; then
		printf 'not found: %q\nin:        %q\n' "$2" "$1"
		return 1
	fi
}

# wait_until COMMAND...: twenty seconds at most, longer where the command takes its time
wait_until() {
	local i
	for ((i = 0; i < 400; i++)); do
		"$@" && return 0
		sleep 0.05
	done
	echo "never happened: $*"
	return 1
}

# stopped PID: by a signal, which comes a moment after kill(1) has sent it, or it has ended
stopped() {
	! grep -qs '^State:[[:space:]][^TZ]' "/proc/$1/status"
}

# handles_signals PID: SIGUSR1, which the program catches as the last one
handles_signals() {
	local caught
	caught=$(sed -n 's/^SigCgt:[[:space:]]*//p' "/proc/$1/status" 2>/dev/null) || return 1
	# Bit 9 is signal 10.
	[[ -n $caught ]] && (((16#${caught: -8} >> 9) & 1))
}

# asleep PID: it waits for something, and has done nothing else between two looks
asleep() {
	local before
	before=$(state_of "$1")
	[[ $before == *"S (sleeping)"* ]] && sleep 0.1 && [[ $(state_of "$1") == "$before" ]]
}

state_of() {
	grep -sE '^State:|ctxt_switches:' "/proc/$1/status"
}

# Names in /dev/shm, but not those of Criterion's workers and of other tests (flt-...), which may run
# beside this, nor the job board: all jobs of a user share it, and the next one sweeps what a killed
# one left (top.bats).
in_dev_shm() {
	find /dev/shm -mindepth 1 -maxdepth 1 -uid "$EUID" ! -name 'bxfi_*' ! -name '*flt-*' \
		! -name 'faultline-board-*' ! -name 'sem.OMPIO_*' | sort
}

# nothing_new_in_dev_shm BEFORE: no name that was not there; those of other tests go by themselves
nothing_new_in_dev_shm() {
	[[ -z $(comm -13 <(echo "$1") <(in_dev_shm)) ]]
}

# signal_at SIGNAL N WORD...: the program is ended by the signal, which comes before its N-th write at an offset
signal_at() {
	local rc=0
	"${abs_top_builddir-$BATS_TEST_DIRNAME/../..}/tests/support/signal_at" "$1" "$2" "$FAULTLINE" "${@:3}" || rc=$?
	((rc != 77)) || skip "the kernel tells nobody of a program's writes"
	equal "$rc" $((128 + $1))
}
