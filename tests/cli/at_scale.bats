#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# scripts/at-scale.py: the simulation agrees with the formula, and ARCHITECTURE.md with both.

load helpers

setup() {
	make_work
	command -v python3 >/dev/null || skip "python3 is not installed"
	top=${abs_top_srcdir:-$BATS_TEST_DIRNAME/../..}
}

teardown() {
	remove_work
}

@test "at-scale: simulation and formula agree within 3 %, for another seed too" {
	"$top/scripts/at-scale.py" --check
	"$top/scripts/at-scale.py" --check --seed=2 --nodes=3,100
}

@test "at-scale: where the counter is the limit they agree on that" {
	run "$top/scripts/at-scale.py" --check --set chunk=1 --set counter=3 --nodes=1000
	[[ $status -eq 0 && $output == *"(counter)"* ]]
}

@test "at-scale: a difference is found, and says so" {
	# So few chunks that some nodes get two, others one.
	run "$top/scripts/at-scale.py" --check --set bytes=0.000002 --set start=0 --nodes=17
	[[ $status -eq 1 && $output == *" !"* ]]
}

@test "at-scale: the same numbers for the same seed, the table of ARCHITECTURE.md" {
	"$top/scripts/at-scale.py" --stall >first
	"$top/scripts/at-scale.py" --stall >second
	cmp first second
	"$top/scripts/at-scale.py" >table
	sed -n '/<!-- at-scale: begin -->/,/<!-- at-scale: end -->/p' "$top/ARCHITECTURE.md" |
		grep '^|' >written
	diff table written
}

@test "at-scale: ranks that were measured on one machine" {
	printf '%s\n' 'bytes 4500000000' 'cores 2' '1 0.40 count -l' '2 0.20 count -l' '4 0.21 count -l' >m
	"$top/scripts/at-scale.py" --measured=m >got
	grep -q '^count -l *2 ranks: measured 0.200 s, formula 0.200 s (+0 %), simulation 0.2' got
	grep -q '^count -l *4 ranks: measured 0.210 s, formula 0.200 s (-5 %), simulation 0.2' got
	equal "$(wc -l <got)" 3
	# Two cores are not twice as fast as one: their memory is the limit.
	printf '%s\n' 'bytes 4500000000' 'cores 2' '0 0.25 hash' '1 0.40 hash' '2 0.25 hash' >m
	"$top/scripts/at-scale.py" --measured=m >got
	grep -q '^hash *2 ranks: measured 0.250 s, formula 0.250 s (+0 %), simulation 0.2' got
	equal "$(wc -l <got)" 2
}

@test "at-scale: the picture is XML that holds a curve for each job" {
	"$top/scripts/at-scale.py" --svg=curve.svg
	python3 -c 'import sys, xml.dom.minidom as x; d = x.parse("curve.svg"); sys.exit(
		len([p for p in d.getElementsByTagName("polyline") if p.getAttribute("stroke") != "#ddd"]) != 6)'
}
