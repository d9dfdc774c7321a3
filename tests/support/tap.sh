#!/bin/bash
# SPDX-License-Identifier: MIT
# Runs one test file and reports its cases in the Test Anything Protocol, for automake's
# tap-driver: bats files, Criterion programs, and other programs (one case, exit 77 = skipped).
set -u

# No file takes a minute on an idle machine, but one took fifteen on a slow and busy one; the limit only ends what hangs.
limit=${FL_TEST_TIMEOUT-1800}
test=$1

run_bats() {
	if [[ -z ${FL_BATS-} ]]; then
		echo "1..0 # SKIP bats was not found when this tree was configured"
		return 0
	fi
	# Leaks are looked for here: the program runs as users run it, without a test runner's forks.
	ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=1 \
		timeout -k 10 "$limit" "$FL_BATS" --formatter tap "$test"
}

run_criterion() {
	local report status
	report=$(mktemp) || exit 99
	timeout -k 10 "$limit" "$test" --tap="$report" >&2
	status=$?
	# The plan's line comes first in the protocol, whatever the program printed itself.
	cat "$report"
	if [[ ! -s $report ]]; then
		echo "Bail out! $test ended with status $status before its report"
	elif ((status != 0)) && ! grep -q '^not ok' "$report"; then
		echo "Bail out! $test ended with status $status after its report"
	fi
	rm -f "$report"
}

run_plain() {
	local status
	timeout -k 10 "$limit" "$test" >&2
	status=$?
	case $status in
	0) printf '1..1\nok 1 - %s\n' "${test##*/}" ;;
	77) printf '1..1\nok 1 - %s # SKIP see its log\n' "${test##*/}" ;;
	*) printf '1..1\nnot ok 1 - %s: status %d\n' "${test##*/}" "$status" ;;
	esac
}

# What took long is in the logs.
trap 'echo "# $SECONDS s"' EXIT

if [[ $test == *.bats ]]; then
	run_bats
elif [[ " ${FL_CRITERION_TESTS-} " == *" ${test#./} "* ]]; then
	run_criterion
else
	run_plain
fi
