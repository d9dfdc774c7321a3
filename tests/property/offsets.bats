#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Offsets around 2^31 and 2^32, where 32-bit arithmetic ends: lines around both places of a sparse
# file are counted, hashed and found with their own offsets and numbers.

load ../cli/helpers

places=($((1 << 31)) $((1 << 32)))
ios=(mmap read direct uring auto)
past_cache=(direct uring)
# Instrumented builds and those with tiny windows take a minute for what else takes seconds.
awk -v s="${FL_TEST_SCALE-1}" 'BEGIN { exit !(s < 1) }' && ios=(mmap uring) past_cache=(direct)

# The lines around a place begin this far before it: not at a page, and a line lies across it.
lead=5003

# Once for all tests: what one has read is in the page cache for the next. Not in /tmp, which may be
# a file system in memory, where reading a hole fills it.
setup_file() {
	sparse_dir=$(mktemp -d /var/tmp/faultline-offsets.XXXXXX)
	export sparse_dir
	cd "$sparse_dir" || return 1
	make_sparse 2>why || cat why >unfit
}

teardown_file() {
	cd / && rm -rf "$sparse_dir"
}

setup() {
	work=$sparse_dir
	cd "$work" || return 1
	[[ ! -e unfit ]] || skip "no sparse file of 4 GiB here: $(<unfit)"
	size=$(stat -c %s sparse)
}

# What follows a block is a line of 2 GiB again.
block_size=$((1 + 500 * 21))

# sparse: NULs, then around both places a line end and lines that say who they are.
make_sparse() {
	local i
	for i in 0 1; do
		{
			echo
			seq -f "place $i marker %05g" 500
		} >"block$i"
		dd if="block$i" of=sparse bs=64K oflag=seek_bytes seek=$((places[i] - lead)) conv=notrunc \
			status=none || return 1
	done
	(($(stat -c %b sparse) * 512 < 1 << 20)) || { echo "holes take room" >&2 && return 1; }
}

# What grep -anb marker would print; the blocks begin in an unfinished line.
expected() {
	grep -nb marker block0 | awk -F: -v off=$((places[0] - lead)) \
		'{ printf "%d:%.0f:%s\n", $1, $2 + off, $3 }'
	grep -nb marker block1 | awk -F: -v off=$((places[1] - lead)) \
		-v lines="$(wc -l <block0)" '{ printf "%d:%.0f:%s\n", $1 + lines, $2 + off, $3 }'
}

@test "offsets: count" {
	newlines=$(cat block? | wc -l)
	words=$(cat block? | wc -w)
	# Past the page cache: filling it with holes takes a kernel seconds per GB.
	for io in "${past_cache[@]}"; do
		expect 0 "$FAULTLINE" count --io=$io sparse
		equal "$(tr -s ' ' <<<"$out" | sed 's,^ ,,')" "$newlines $words $size sparse"
	done
	for io in "${ios[@]}"; do
		for place in "${places[@]}"; do
			expect 0 "$FAULTLINE" count -c --io="$io" --range=$((place - 3)):7 sparse
			equal "$out" "7 sparse"
			# The line across the place starts before it.
			line=$((place - lead + 1 + lead / 21 * 21))
			expect 0 "$FAULTLINE" count -l --io="$io" --range=$line:1 sparse
			equal "$out" "1 sparse"
			expect 0 "$FAULTLINE" count -l --io="$io" --range=$((line + 1)):20 sparse
			equal "$out" "0 sparse"
		done
	done
}

@test "offsets: hash of ranges" {
	command -v xxhsum >/dev/null || skip "xxhsum is not installed"
	for place in "${places[@]}"; do
		for range in "$((place - 1)) 2" "$((place - 5003)) 15000" "$((place - 8192)) 8192" \
			"$place 4099" "$((place - 2000001)) 2003001"; do
			read -r off len <<<"$range"
			tail -c +$((off + 1)) sparse | head -c "$len" >cut_out
			for alg in 1 2; do
				want=$(xxhsum -H$alg <cut_out)
				for io in "${ios[@]}"; do
					expect 0 "$FAULTLINE" hash -H$alg --io="$io" --range="$off:$len" \
						--chunk-size=64K - <sparse
					equal "$out" "$want"
				done
			done
		done
	done
}

# As expected, but of one place and without numbers.
expected_at() {
	expected | cut -d: -f2- | grep "place $1"
}

@test "offsets: scan finds each line with its offset" {
	for io in "${ios[@]}"; do
		expect 0 "$FAULTLINE" scan -ab --io="$io" --range=$((places[0] - lead)):$block_size marker sparse
		expected_at 0 | cmp .out -
		expect 0 "$FAULTLINE" scan -ab --io="$io" --skip=$((places[1] - lead)) 'm[a]rker' sparse
		expected_at 1 | cmp .out -
		expect 0 "$FAULTLINE" scan -abo --io="$io" --range=$((places[1] - 21)):21 'ma.ker' sparse
		equal "$out" "$(expected_at 1 | awk -F: -v p="${places[1]}" '$1 >= p - 21 && $1 < p { printf "%.0f:marker\n", $1 + 8 }')"
		expect 0 "$FAULTLINE" scan -c --io="$io" --skip=$((places[1] - lead)) "marker 00250" sparse
		equal "$out" 1
	done
}

need_stress() {
	awk -v s="${FL_TEST_SCALE:-1}" 'BEGIN { exit (s < 20) }' || skip "the whole 4 GiB: in check-stress"
}

@test "offsets: scan of the whole, with line numbers" {
	need_stress
	expected >want
	for io in mmap read auto; do
		expect 0 "$FAULTLINE" scan -abn --io=$io -F marker sparse
		cmp .out want
		expect 0 "$FAULTLINE" scan -c --io=$io marker sparse
		equal "$out" 1000
	done
	expect 0 "$FAULTLINE" scan -abn --skip=$((places[1] - lead)) marker sparse
	grep "place 1" want | cmp .out -
}

@test "offsets: count and hash of the whole" {
	need_stress
	command -v xxhsum >/dev/null || skip "xxhsum is not installed"
	for io in mmap read auto; do
		expect 0 "$FAULTLINE" count -c --io=$io sparse
		equal "$out" "$size sparse"
	done
	for alg in 0 2; do
		same_as "'$FAULTLINE' hash -H$alg sparse" "xxhsum -H$alg sparse"
	done
}
