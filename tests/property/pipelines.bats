#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Pipelines of two to five stages, drawn at random, against the same tools in a shell pipe: the bytes
# that come out at the end, and what each stage that only looks reports. A failure prints the commands.

load ../cli/helpers

setup() {
	make_work
	"${abs_top_builddir:?}/tests/property/nasty_dump" 3 || return 1
	"$LOGGEN" --size=300K --seed=5 >text-log
	texts=(text*)
	RANDOM=${FL_TEST_SEED:-815}
	export LC_ALL=C
	rounds=$(awk -v s="${FL_TEST_SCALE:-1}" 'BEGIN { n = 400 * s; print n < 20 ? 20 : int(n) }')
}

teardown() {
	remove_work
}

# pick WORD... sets $picked. No subshell: RANDOM would not move on.
pick() {
	shift $((RANDOM % $#))
	picked=$1
}

looking=(count hash sha scan write split)
editing=(keep delete subst upper mask)
others=(head tail slice sample exec pack pack)

# add_stage NUMBER: one of $kinds; appends to $ours and $theirs, and to $reports what a tap must have said.
add_stage() {
	local n=$((RANDOM % 40 + 1)) letter
	pick a e s 0 1 .
	letter=$picked
	pick "${kinds[@]}"
	case $picked in
	count) tap "count" 'wc | awk "{ print \$1, \$2, \$3 }"' ;;
	hash) tap "hash -a xxh3" 'xxhsum -H3 - | sed "s/.*= //"' ;;
	sha) tap "hash -a sha256" 'sha256sum | cut -d" " -f1' ;;
	scan) tap "scan -c -a $letter" "grep -a -c $letter" ;;
	write) ours+=" then write written$1" theirs+=" | tee -p expected-written$1" ;;
	split) ours+=" then split --lines=$((20 * n)) piece$1" theirs+=" | tee -p expected-piece$1" ;;
	head) edit "head -n $n" "head -n $n" ;;
	tail) edit "tail -n $n" "tail -n $n" ;;
	slice) edit "slice --lines=$n:$n" "sed -n '$((n + 1)),$((2 * n))p'" ;;
	sample) edit "sample --every=$n" "sed -n '1~${n}p'" ;;
	keep) edit "keep $letter" "perl -ne 'print if /$letter/'" ;;
	delete) edit "delete $letter" "perl -ne 'print unless /$letter/'" ;;
	subst) edit "transform 's/$letter/<&>/g'" "perl -pe 's/$letter/<\$&>/g unless /\\n\\n/'" ;;
	upper) edit "transform --upper" "tr a-z A-Z" ;;
	mask) edit "transform --mask='[0-9]+'" "perl -pe 's/([0-9]+)/\"*\" x length(\$1)/ge'" ;;
	pack) pack "$n" ;;
	exec) edit "exec 'tr s S | tr -d q'" "tr s S | tr -d q" ;;
	esac
}

# There and back again: two stages, and what comes out at the end of them.
pack() {
	pick "" "--align-lines" "--frame-size=5000" "--align-lines --frame-size=$((100 * $1))" "-7"
	edit "compress $picked then decompress" "zstd -q -c | zstd -q -dc"
	stage=$((stage + 1))
}

edit() {
	ours+=" then $1"
	theirs+=" | $2"
}

# A tap's peer looks at the bytes through tee.
tap() {
	ours+=" then $1"
	theirs+=" | tee -p >($2 >expected$stage)"
	taps+=("$stage")
}

# said N: what stage N reported, without its name
said() {
	sed -n "s/^\[$1\] [a-z]*: //p" results | sed 's/ *-$//; s/ *text[^ ]*$//; s/.*= //'
}

packed_frames() {
	"$FAULTLINE" compress -q -c --frame-size=20000 "$1"
}
packed_streams() {
	head -c 1000 "$1" | zstd -q -c
	tail -c +1001 "$1" | zstd -q -c
}

run_case() {
	local text=$1 loading=$2 stages=$3
	ours="'$FAULTLINE' run $loading" theirs="cat $text" taps=()
	first=1
	pick plain plain plain frames streams
	if [[ $picked != plain ]]; then
		ours+=" then decompress" first=2
		"packed_$picked" "$text" >"packed-$text"
	fi
	rm -f expected* written* piece*
	for ((stage = first; stage < first + stages; stage++)); do
		add_stage "$stage"
	done
	# The last stage writes, so that all its input is compared.
	ours="${ours/ then / } then exec cat -- "
	if ((first > 1)); then ours+="packed-"; fi
	ours+=$text
	eval "$theirs" >theirs.out
	eval "$ours" >ours.out 2>results || return 1
	cmp theirs.out ours.out || return 1
	compare_taps
}

# The same in place: the file becomes what comes out of the pipe.
run_in_place() {
	local loading=$2 stages=$3
	ours="'$FAULTLINE' run -i --sync=none $loading" theirs="cat $1" taps=()
	rm -f expected* written* piece*
	for ((stage = 1; stage <= stages; stage++)); do
		add_stage "$stage"
	done
	cp "$1" text-now
	ours="${ours/ then / } then transform y/q/Q/ -- text-now"
	theirs+=" | tr q Q"
	eval "$theirs" >theirs.out
	eval "$ours" >ours.out 2>results || return 1
	cat ours.out >>results
	cmp theirs.out text-now || return 1
	compare_taps
}

compare_taps() {
	wait_for_taps
	for stage in "${taps[@]}"; do
		[[ $(said "$stage") == "$(<"expected$stage")" ]] || {
			echo "stage $stage: '$(said "$stage")', not '$(<"expected$stage")'"
			return 1
		}
	done
	compare_files
}

# Those behind tee may end after the pipe has.
wait_for_taps() {
	local i
	for stage in "${taps[@]}"; do
		for ((i = 0; i < 6000; i++)); do
			[[ -s expected$stage ]] && break
			sleep 0.01
		done
	done
}

compare_files() {
	local file name
	for file in expected-written* expected-piece*; do
		[[ -e $file ]] || continue
		name=${file#expected-}
		if [[ $name == written* ]]; then
			cmp "$file" "$name" || return 1
		elif [[ -s $file ]]; then
			printf '%s\0' "$name".* | xargs -0 cat | cmp "$file" - || return 1
		fi
	done
}

# draw_loading: $text and $loading
draw_loading() {
	pick "${texts[@]}"
	text=$picked
	pick -j1 -j2 -j7
	loading=$picked
	pick --chunk-size=4K --chunk-size=4099 --chunk-size=8M
	loading+=" $picked"
	pick --io=auto --io=mmap --io=read --io=direct --io=uring
	loading+=" $picked"
}

# draw_cases COUNT COMMAND
draw_cases() {
	local i
	for ((i = 0; i < $1; i++)); do
		draw_loading
		"$2" "$text" "$loading" $((RANDOM % 4 + 1)) || {
			echo "case $i"
			echo "$theirs"
			echo "$ours"
			head -n 5 results
			return 1
		}
	done
}

@test "pipelines: the same as the tools in a shell pipe" {
	kinds=("${looking[@]}" "${editing[@]}" "${others[@]}")
	draw_cases "$rounds" run_case
}

@test "pipelines: in place, the same as the tools in a shell pipe" {
	kinds=("${looking[@]}" "${editing[@]}")
	draw_cases $((rounds / 10 + 1)) run_in_place
}
