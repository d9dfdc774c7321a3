#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Any bit that is flipped anywhere is found by verify, in its leaf and no other. At scale 20: a
# thousand bits of a file of 1 GiB.

load ../cli/helpers

setup() {
	# A copy of it in memory is not what is tested.
	BATS_TMPDIR=/var/tmp
	make_work
}

teardown() {
	remove_work
}

@test "bitflips: verify names exactly the leaf" {
	local scale=${FL_TEST_SCALE-1} size=33554435 count=40 leaf=262144 i off bit begin end
	if awk -v s="$scale" 'BEGIN { exit !(s >= 20) }'; then
		size=$(((1 << 30) + 3)) count=1000 leaf=8388608
	fi
	"$LOGGEN" --size="$size" --seed=5 >big
	"$FAULTLINE" hash --manifest=m --leaf-size="$leaf" big
	RANDOM=7
	for ((i = 0; i < count; i++)); do
		off=$(((RANDOM * 32768 * 32768 + RANDOM * 32768 + RANDOM) % size))
		bit=$((1 << (RANDOM % 8)))
		flip "$off" "$bit"
		begin=$((off / leaf * leaf))
		end=$((begin + leaf > size ? size - 1 : begin + leaf - 1))
		expect 1 "$FAULTLINE" verify m
		equal "$out" "big: damaged at bytes $begin-$end"
		flip "$off" "$bit"
	done
	expect 0 "$FAULTLINE" verify m
	equal "$out" "big: OK"
}

# flip OFFSET MASK
flip() {
	perl -e 'open F, "+<", "big" or die; sysseek F, $ARGV[0], 0; sysread F, $b, 1;
		sysseek F, $ARGV[0], 0; syswrite F, chr(ord($b) ^ $ARGV[1])' "$1" "$2"
}
