#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The man pages: every command and program of their EXAMPLES runs, every option is described.

load helpers
load mpi

setup() {
	man=$BATS_TEST_DIRNAME/../../data/man
	make_work
	export XDG_STATE_HOME=$work/state
	mkdir bin
	printf '#!/bin/sh\nexec "%s" "$@"\n' "$(realpath "$FAULTLINE")" >bin/faultline
	chmod +x bin/faultline
	if has_mpi; then
		printf '#!/bin/sh\nexec "%s" "$@"\n' "$(command -v "${MPIRUN:-mpirun}")" >bin/mpirun
		printf '#!/bin/sh\nexec "%s" "$@"\n' "$FAULTLINE_MPI" >bin/faultline-mpi
		chmod +x bin/mpirun bin/faultline-mpi
	fi
	PATH=$work/bin:$PATH
}

teardown() {
	remove_work
}

# The files that the examples name.
make_files() {
	seq 500 | awk '{
		print "Mar  3 10:00:00 host sshd[" $1 "]: Failed password for root from 10.0.0." $1 % 256 " port 22"
		print "Mar  3 10:00:01 host cron[" $1 "]: session opened" }' >access.log
	cp access.log auth.log
	head -c 3M /dev/zero >backup.img
	mkdir -p logs
	cp access.log 'logs/one two.log'
}

# Lines of the EXAMPLES section between .Bd and .Ed that begin with "$ ".
examples() {
	sed -n '/^\.Sh EXAMPLES/,/^\.Sh /p' "$1" | sed -n '/^\.Bd/,/^\.Ed/p' | sed -n 's/^\$ //p' |
		sed 's/\\e/\\/g; s/\\-/-/g; s/\\&//g'
}

@test "man: every example runs" {
	local page command count=0
	make_files
	for page in "$man"/*.1; do
		[[ $page != */faultline-mpi.1 ]] || has_mpi || continue
		while read -r command; do
			count=$((count + 1))
			bash -o pipefail -c "$command" >.out 2>.err </dev/null || {
				echo "${page##*/}: $command"
				cat .err
				return 1
			}
			[[ -s .out ]] || {
				echo "prints nothing: $command"
				return 1
			}
		done < <(examples "$page")
	done
	((count >= 12))
}

# programs PAGE: its blocks that begin with an #include become program1.c, program2.c, ...
programs() {
	awk '/^\.Bd -literal/ { begin = 1; next }
		/^\.Ed/ { out = "" }
		begin && /^#include/ { out = "program" ++n ".c" }
		{ begin = 0; if (out != "") { gsub(/\\e/, "\\"); print >out } }' "$1"
}

@test "man: the programs of libfaultline(3) do what is said of them" {
	local built=${abs_top_builddir:?}/.libs name
	[[ -e $built/libfaultline.so ]] || skip "built without a shared library"
	make_files
	programs "$man/libfaultline.3"
	for name in program1 program2; do
		"${CC:-cc}" -std=c17 -Wall -Wextra -Wpedantic -Wconversion -Werror \
			-I"$man/../../include" "$name.c" -o "$name" -L"$built" -lfaultline
	done
	[[ ! -e program3.c ]]
	equal "$(./program1 access.log)" "$(awk '{ if (length > n) n = length } END { print n }' access.log)"
	grep -nE 'session [a-z]+ed$' access.log >expected
	echo "$(wc -l <expected) lines; xxh3 $(faultline hash -a xxh3 access.log | sed 's/.* //')" >>expected
	./program2 access.log | cmp - expected
	equal "$(./program1 none 2>&1)" "No such file or directory"
}

@test "man: every option of --help is described, and none other" {
	local page verb option help
	# Each verb has a page: a list here would have to be changed by everybody who adds one.
	for page in "$man"/faultline-*.1; do
		verb=${page##*/faultline-}
		verb=${verb%.1}
		[[ $verb == shm || $verb == mpi ]] && continue
		faultline "$verb" --help >help
		help=$(grep -oE -- '--[a-z][a-z0-9-]+' help | sort -u | grep -v -x -e --help -e --usage -e --version)
		cat "$man/faultline-$verb.1" "$man/faultline.1" >pages
		for option in $help; do
			grep -q -- "Fl -${option#--}\b" pages || {
				echo "faultline-$verb.1 and faultline.1 lack $option"
				return 1
			}
		done
		for option in $(sed -n 's/^\.It .*Fl -\([a-z-]*\).*/\1/p' "$man/faultline-$verb.1"); do
			grep -q -- "--$option" help || {
				echo "faultline-$verb.1 describes --$option, which does not exist"
				return 1
			}
		done
	done
}

@test "man: faultline(1) names every verb, and every page" {
	local verb page
	for verb in $(faultline --help | sed -n 's/^  \([a-z]*\)  *[A-Z].*/\1/p'); do
		grep -q "^\.It Cm $verb\b" "$man/faultline.1" || [[ $verb == grep ]] || {
			echo "faultline.1 lacks $verb"
			return 1
		}
	done
	for page in "$man"/faultline-*.1; do
		page=${page##*/}
		sed '1,/^\.Sh SEE ALSO/d' "$man/faultline.1" | grep -q "^\.Xr ${page%.1} 1" || {
			echo "SEE ALSO of faultline.1 lacks $page"
			return 1
		}
	done
	# .It Op X , Y puts the comma, and Y, into the brackets; In is a macro, too.
	if grep -nE '^\.It .*Op .* , |^\.S[sh] In |\| [a-z]$' "$man"/*.1; then return 1; fi
}

@test "man: faultline-shm describes every action and option" {
	local action option
	for action in $(faultline shm --help | sed -n 's/^  \([a-z]*\) .*/\1/p'); do
		grep -q "^.It Cm $action\b" "$man/faultline-shm.1" || {
			echo "faultline-shm.1 lacks $action"
			return 1
		}
		for option in $(faultline shm "$action" --help | grep -oE -- '--[a-z][a-z0-9-]+' |
			sort -u | grep -v -x -e --help -e --usage -e --version); do
			grep -q -- "Fl -${option#--}\b" "$man/faultline-shm.1" || {
				echo "faultline-shm.1 lacks $option of $action"
				return 1
			}
		done
	done
}

@test "man: the pages are correct mdoc" {
	command -v mandoc >/dev/null || command -v groff >/dev/null || skip "neither mandoc nor groff"
	local page
	for page in "$man"/*.[13]; do
		if command -v mandoc >/dev/null; then
			mandoc -T lint -W warning "$page"
		else
			equal "$(groff -mandoc -Tascii -ww -z "$page" 2>&1)" ""
		fi
	done
}
