#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The completions: every option of every verb, in all shells; in bash also what is offered.

load helpers

setup() {
	make_work
	gen=$BATS_TEST_DIRNAME/../../scripts/gen_completions
}

teardown() {
	remove_work
}

# offer WORDS...: what bash would offer for the last of them is in $COMPREPLY
offer() {
	COMP_WORDS=("$@")
	COMP_CWORD=$(($# - 1))
	_faultline
}

offered() {
	offer "$@"
	echo "${COMPREPLY[*]}"
}

@test "completions: every long option of every verb is there" {
	local verb option seen=0 zsh_verb fish_verb
	for shell in bash zsh fish; do
		"$gen" $shell "$FAULTLINE" >"$shell"
	done
	bash -n bash
	if command -v zsh >/dev/null; then zsh -n zsh; fi
	if command -v fish >/dev/null; then fish -n fish; fi
	# shellcheck source=/dev/null
	. ./bash
	"$FAULTLINE" --help | awk '/^  [a-z]/ { print $1 }' >verbs
	[[ $(wc -l <verbs) -ge 4 ]]
	while read -r verb; do
		contains "$(<zsh)" "'$verb:"
		"$FAULTLINE" "$verb" --help | grep -oE '^ +(-., )?--[a-z0-9-]+' | grep -oE '[-][-].*' >options || continue
		zsh_verb=$(sed -n "/^$verb)/,/;;/p" zsh)
		fish_verb=$(grep "from $verb' " fish)$'\n'
		# No process for an option: there are hundreds.
		while read -r option; do
			offer faultline "$verb" "$option" || true
			[[ " ${COMPREPLY[*]} " =~ " $option"=?" " ]]
			[[ $zsh_verb == *"'$option"[[=]* ]]
			[[ $fish_verb =~ " -l ${option#--}"[[:space:]] ]]
			seen=$((seen + 1))
		done <options
	done <verbs
	[[ $seen -gt 60 ]]
}

@test "completions: verbs, values and files in bash" {
	# shellcheck source=/dev/null
	. <("$gen" bash "$FAULTLINE")
	contains "$(offered faultline '')" "scan"
	equal "$(offered faultline cou)" count
	equal "$(offered faultline scan --max-co | tr ' ' '\n' | sort)" $'--max-columns-preview\n--max-columns=\n--max-count='
	equal "$(offered faultline scan --io = m)" mmap
	equal "$(offered faultline count --io =)" "auto mmap read direct uring"
	equal "$(offered faultline scan --engine = s)" streams
	equal "$(offered faultline help has)" hash
	: >some-file
	equal "$(offered faultline count some)" some-file
}

@test "completions: a shell that is not known" {
	expect 2 "$gen" tcsh "$FAULTLINE"
	contains "$err" "Usage:"
}
