#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC1010 # "then" stands between stages
# Verbs, options, chunks, ranks and threads, drawn at random: faultline-mpi prints what faultline
# prints and ends as it does. A case is a file; starting ranks takes long, so a command has ten files.

load ../cli/helpers
load ../cli/mpi

setup() {
	need_mpi
	make_work
	"${abs_top_builddir:?}/tests/property/nasty_dump" 3 || return 1
	make_samples
	"$LOGGEN" --size=200K --seed=5 >log
	{
		cat log
		head -c 150000 /dev/zero | tr '\0' e
		printf '\n\0\nend'
	} >giant
	files=(text* "${all_samples[@]}" log giant)
	RANDOM=${FL_TEST_SEED:-4711}
	export LC_ALL=C
	rounds=$(awk -v s="${FL_TEST_SCALE:-1}" 'BEGIN { n = 10 * s; print n < 2 ? 2 : int(n) }')
}

teardown() {
	[[ -z ${work-} ]] || remove_work
}

# pick WORD... sets $picked. No subshell: RANDOM would not move on.
pick() {
	shift $((RANDOM % $#))
	picked=$1
}

# some_options COUNT WORD...: appended to $command
some_options() {
	local n=$1
	shift
	for (( ; n > 0; n--)); do
		pick "$@"
		command+=("$picked")
	done
}

# some_files: ten of them, some twice
some_files() {
	local i
	for ((i = 0; i < 10; i++)); do
		pick "${files[@]}"
		command+=("$picked")
	done
}

draw() {
	local verb
	pick scan scan scan count hash
	verb=$picked
	command=("$verb")
	pick 97 512 4096 65536 4097
	command+=("--chunk-size=$picked")
	((RANDOM % 4)) || command+=("--range=$((RANDOM % 2000)):$((RANDOM % 50000))")
	case $verb in
	scan)
		some_options 2 -n -b -v -o -i -w -x -c -l -L -a -A2 -B1 -m3 -m1 -H --count-matches
		pick e error '^$' '[a-z]+ e' '(a|b)c' '\d+' . 'x*' 'e$' '^.{3}'
		command+=(-e "$picked")
		;;
	count) some_options 2 -l -w -c ;;
	hash) some_options 2 -axxh3 -axxh128 -acrc32 -acrc32c -afsverity -axxh64 -amd5 ;;
	esac
	command+=("-j$((RANDOM % 2 + 1))" --)
	some_files
}

@test "mpi: ranks and threads change nothing in what was drawn" {
	local i
	for ((i = 0; i < rounds; i++)); do
		draw
		as_alone $((i % 4 + 1)) "${command[@]}" || {
			echo "round $i: ${command[*]@Q}"
			return 1
		}
	done
}

# Each stage's word is one argument or more.
@test "mpi: run, drawn" {
	local i n
	for ((i = 0; i < (rounds + 2) / 3; i++)); do
		pick 512 4096 65536
		command=(run "--chunk-size=$picked" "-j$((RANDOM % 2 + 1))")
		for ((n = RANDOM % 3; n >= 0; n--)); do
			pick 'count -l' 'hash -a xxh3' 'hash -a xxh128' 'scan -c e' 'hash -a fsverity'
			# shellcheck disable=SC2206 # words
			command+=($picked then)
		done
		pick 'scan -n e' 'scan -v e' 'transform s/e/EE/g' 'count -w'
		# shellcheck disable=SC2206 # words
		command+=($picked --)
		pick log giant text1 utf8 nul
		[[ -e $picked ]] || picked=log
		command+=("$picked")
		as_alone $((RANDOM % 3 + 2)) "${command[@]}" || {
			echo "round $i: ${command[*]@Q}"
			return 1
		}
	done
}
