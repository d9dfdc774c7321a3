#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The examples of README.md print what it says they print.

load helpers

setup() {
	make_work
	export XDG_STATE_HOME=$work/state
	mkdir bin
	ln -s "$(realpath "$FAULTLINE")" bin/faultline
	PATH=$work/bin:$PATH
	"$LOGGEN" --size=3M --seed=1 >whole.log
	cp whole.log copy.log
	printf '\001' | dd of=copy.log bs=1 seek=2000000 conv=notrunc status=none
}

teardown() {
	remove_work
}

# The blocks of text between the marks; a command whose line ends with a backslash goes on in the next.
examples() {
	sed -n '/<!-- examples: begin/,/<!-- examples: end/p' "$BATS_TEST_DIRNAME/../../README.md" |
		sed -n 's/^    //p' | sed ':again; /\\$/ { N; s/\\\n *//; b again }'
}

# compare COMMAND WANT: what --stats measures differs, and a line of "..." stands for any others
compare() {
	local want=$2 got
	# Each is about the file as it was made, or as it is after the damage.
	cp whole.log access.log
	[[ $1 != *verify* ]] || cp copy.log access.log
	got=$(bash -c "$1" 2>&1 </dev/null) || [[ $1 == *verify* || $1 == *diff* ]]
	if [[ $want == *$'\n...' ]]; then
		want=$(sed '/^\.\.\.$/d; /:/s/:.*//' <<<"$want")
		got=$(sed '/:/s/:.*//' <<<"$got" | grep -Fx "$want")
	fi
	[[ $got == "$want" ]] || {
		printf '%s\n--- prints\n%s\n--- README has\n%s\n' "$1" "$got" "$want"
		return 1
	}
}

@test "readme: the examples print what it says" {
	local line command='' want='' count=0
	type -P zstd >/dev/null || skip "an example runs zstd"
	while IFS= read -r line; do
		if [[ $line != '$ '* ]]; then
			want+=${want:+$'\n'}$line
			continue
		fi
		[[ -z $command ]] || compare "$command" "$want"
		command=${line#'$ '} want='' count=$((count + 1))
	done < <(examples)
	compare "$command" "$want"
	((count >= 9))
}
