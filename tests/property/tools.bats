#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The program against wc, xxhsum and grep on nasty texts: files, standard input and pipes, whole
# and in ranges, with options of loading drawn at random. A failure prints the commands.

load ../cli/helpers

setup() {
	make_work
	"${abs_top_builddir:?}/tests/property/nasty_dump" 3 || return 1
	texts=(text?*)
	RANDOM=4711
	rounds=$(awk -v s="${FL_TEST_SCALE:-1}" 'BEGIN { n = 25 * s; print n < 5 ? 5 : int(n) }')
}

teardown() {
	remove_work
}

# pick WORD... sets $picked. No subshell: RANDOM would not move on.
pick() {
	shift $((RANDOM % $#))
	picked=$1
}

# Sets $text, $size, $loading and $locale.
pick_case() {
	pick "${texts[@]}"
	text=$picked
	size=$(stat -c %s "$text")
	loading=
	pick --io=mmap --io=read --io=direct --io=uring --io=auto --cold
	loading+=" $picked"
	pick -j1 -j2 -j7
	loading+=" $picked"
	pick --window-size=4K --window-size=64K --window-size=8M
	loading+=" $picked"
	pick --chunk-size=4K --chunk-size=4099 --chunk-size=1G --chunk-size=0
	loading+=" $picked"
	pick C C.UTF-8
	locale=$picked
}

# Sets $off and $len; both may be beyond the end.
pick_range() {
	off=$(((RANDOM * 32768 + RANDOM) % (size + 10)))
	len=$(((RANDOM * 32768 + RANDOM) % (size + 10)))
	pick no no page first
	case $picked in
	page) off=$((off / 4096 * 4096)) len=$((len / 4096 * 4096)) ;;
	first) off=0 ;;
	esac
}

# Sets $ours_in, $theirs_in and $operand: how a command of ours and of theirs gets the text.
pick_input() {
	pick file stdin pipe
	case $picked in
	file) ours_in='' theirs_in='' operand=" $text" ;;
	stdin) ours_in='' theirs_in='' operand=" <$text" ;;
	pipe) ours_in="cat $text | " theirs_in="cat $text | " operand= ;;
	esac
}

# line_start OFFSET: the first line of $text that starts there or later
line_start() {
	if (($1 == 0 || $1 >= size)); then
		echo $(($1 < size ? $1 : size))
	else
		echo $(($1 - 1 + $(tail -c "+$1" "$text" | head -n 1 | wc -c)))
	fi
}

@test "tools: count as wc" {
	for ((i = 0; i < rounds; i++)); do
		pick_case
		pick_input
		pick '' -l -w -c -lw -lc -lwc
		same_as "${ours_in}LC_ALL=$locale '$FAULTLINE' count $loading $picked$operand" \
			"${theirs_in}LC_ALL=$locale wc $picked$operand"
	done
}

@test "tools: count in ranges as wc on what was cut out" {
	for ((i = 0; i < rounds; i++)); do
		pick_case
		pick_range
		pick_input
		from=$(line_start "$off")
		to=$(line_start $((off + len)))
		same_as "${ours_in}LC_ALL=$locale '$FAULTLINE' count -lw $loading --range=$off:$len$operand | awk '{ print \$1, \$2 }'" \
			"tail -c +$((from + 1)) $text | head -c $((to - from)) | LC_ALL=$locale wc -lw | awk '{ print \$1, \$2 }'"
		same_as "${ours_in}'$FAULTLINE' count -c $loading --range=$off:$len$operand | awk '{ print \$1 }'" \
			"tail -c +$((off + 1)) $text | head -c $len | wc -c"
	done
}

@test "tools: hash as xxhsum, whole and in ranges" {
	command -v xxhsum >/dev/null || skip "xxhsum is not installed"
	for ((i = 0; i < rounds; i++)); do
		pick_case
		pick_range
		pick_input
		pick 0 1 2 3
		same_as "${ours_in}'$FAULTLINE' hash -H$picked $loading$operand" \
			"${theirs_in}xxhsum -H$picked$operand"
		# With a tag the digest comes last, without one first.
		same_as "${ours_in}'$FAULTLINE' hash -H$picked $loading --range=$off:$len$operand | grep -oE '\\b([0-9a-f]{8}){1,4}\\b'" \
			"tail -c +$((off + 1)) $text | head -c $len | xxhsum -H$picked | grep -oE '\\b([0-9a-f]{8}){1,4}\\b'"
	done
}

patterns=("-P error" "-P '^x+'" "-P 'e.r'" "-P '\\berror\\b'" "-P '[0-9]+'" "-P 'xxx\$'" "-P '^\$'"
	"-P '(?i)err|user r'" "-P 'nowhere'" "-F error" "-F -e error -e 'user r'" "-F -i ERROR" "-F 'x'"
	"-P -i 'fail'")
outputs=("" -n -b -nb -o -nob -c -v -vn -vc -ic -inb)

# Sets $pattern for grep and $ours for us, who know no -P.
pick_pattern() {
	pick "${patterns[@]}"
	pattern=$picked
	ours=${pattern#-P }
	pick "${outputs[@]}"
	output=$picked
}

@test "tools: scan as grep" {
	for ((i = 0; i < 2 * rounds; i++)); do
		pick_case
		pick_input
		pick_pattern
		# What grep takes for binary depends on how much a pipe gave it at first.
		[[ $operand == " $text" ]] || output="-a $output"
		same_as "${ours_in}LC_ALL=$locale '$FAULTLINE' scan $loading $output $ours$operand" \
			"${theirs_in}LC_ALL=$locale grep $output $pattern$operand"
	done
}

@test "tools: scan in ranges as what grep finds up to the end less what it finds before" {
	for ((i = 0; i < rounds; i++)); do
		pick_case
		pick_range
		pick_pattern
		[[ $output == *c* ]] && output=-nb
		from=$(line_start "$off")
		to=$(line_start $((off + len)))
		before=$(head -c "$from" "$text" | eval "LC_ALL=C grep -a $output $pattern" | wc -l)
		same_as "LC_ALL=C '$FAULTLINE' scan -a $loading --range=$off:$len $output $ours $text | cat" \
			"head -c $to $text | LC_ALL=C grep -a $output $pattern | tail -n +$((before + 1))"
	done
}
