#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What can be read, and what cannot: pipes, FIFOs, procfs, devices, sockets, odd names.

load helpers

setup() {
	make_work
	make_samples
}

teardown() {
	remove_work
}

@test "inputs: a pipe that delivers byte by byte" {
	slowly() {
		local i
		for i in a b $'\n' c ' ' d $'\n'; do
			printf %s "$i"
			sleep 0.02
		done
	}
	equal "$(slowly | "$FAULTLINE" count | tr -s ' ')" " 2 3 7"
	equal "$(slowly | "$FAULTLINE" scan -n d)" "2:c d"
	equal "$(slowly | "$FAULTLINE" hash -H1)" "$(slowly >slow && "$FAULTLINE" hash -H1 <slow)"
}

@test "inputs: a pipe that is larger than all windows" {
	many() { seq 1 2000000; }
	many >many.txt
	for more in "-j1" "-j2" "--chunk-size=4099 -j3" "--max-memory=4M"; do
		# shellcheck disable=SC2086 # several options
		equal "$(many | "$FAULTLINE" count -lwc $more)" "$(many | wc -lwc)"
		# shellcheck disable=SC2086
		equal "$(many | "$FAULTLINE" hash $more -)" "$("$FAULTLINE" hash $more - <many.txt)"
		# shellcheck disable=SC2086
		equal "$(many | "$FAULTLINE" scan $more -nb 99999)" "$(grep -nb 99999 many.txt)"
	done
}

@test "inputs: FIFOs" {
	mkfifo fifo
	cat pair >fifo 3>&- &
	expect 0 timeout 120 "$FAULTLINE" scan -n error fifo
	equal "$out" "1:pair error error"
	cat pair >fifo 3>&- &
	expect 0 timeout 120 "$FAULTLINE" count -l fifo plain
	contains "$out" "3 fifo"
	wait
}

@test "inputs: procfs and sysfs files, whose sizes lie" {
	expect 0 "$FAULTLINE" count /proc/version
	equal "$out" "$(wc /proc/version)"
	expect 0 "$FAULTLINE" count -l /proc/cpuinfo
	equal "$out" "$(wc -l /proc/cpuinfo)"
	expect 0 "$FAULTLINE" scan -c '^processor' /proc/cpuinfo
	equal "$out" "$(grep -c '^processor' /proc/cpuinfo)"
	if [[ -r /sys/kernel/mm/transparent_hugepage/enabled ]]; then
		expect 0 "$FAULTLINE" scan madvise /sys/kernel/mm/transparent_hugepage/enabled
		equal "$out" "$(cat /sys/kernel/mm/transparent_hugepage/enabled)"
	fi
}

@test "inputs: /dev/stdin, /dev/null and process substitution" {
	expect 0 "$FAULTLINE" scan -n error /dev/stdin <pair
	equal "$out" "1:pair error error"
	expect 1 "$FAULTLINE" scan -c x /dev/null
	equal "$out" 0
	equal "$("$FAULTLINE" count -l <(cat pair) | cut -d ' ' -f 1)" 3
}

@test "inputs: sockets, directories, dangling links, loops" {
	local verb
	ln -s nowhere dangling
	ln -s loop loop
	python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("socket")' 2>/dev/null ||
		perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local => "socket", Listen => 1)' ||
		skip "neither python3 nor perl makes a socket"
	for verb in "count -l" "hash" "scan x"; do
		# shellcheck disable=SC2086 # verb and option
		expect 2 "$FAULTLINE" $verb socket
		contains "$err" "faultline ${verb%% *}: socket: "
		# shellcheck disable=SC2086
		expect 2 "$FAULTLINE" $verb .
		equal "$err" "faultline ${verb%% *}: .: Is a directory"
		# shellcheck disable=SC2086
		expect 2 "$FAULTLINE" $verb dangling
		equal "$err" "faultline ${verb%% *}: dangling: No such file or directory"
		# shellcheck disable=SC2086
		expect 2 "$FAULTLINE" $verb loop
		equal "$err" "faultline ${verb%% *}: loop: Too many levels of symbolic links"
	done
}

@test "inputs: a file that may not be read" {
	((EUID != 0)) || skip "root may read everything"
	chmod 0 plain
	expect 2 "$FAULTLINE" count plain pair
	equal "$err" "faultline count: plain: Permission denied"
	contains "$out" " pair"
}

@test "inputs: names that begin with a dash" {
	expect 0 "$FAULTLINE" scan error -- -dash
	equal "$out" "dash error"
	expect 0 "$FAULTLINE" count -l -- -dash
	equal "$out" "1 -dash"
	expect 1 "$FAULTLINE" scan -c -e -d plain -- -dash
	equal "$out" "plain:0
-dash:0"
}

@test "inputs: names in messages give no orders to the terminal" {
	local name=$'a\n\e[31mb' verb shown="a\$'\\n\\033'[31mb"
	for verb in count hash 'scan x' 'transform -i s/a/b/' compress decompress verify; do
		run "$FAULTLINE" $verb "$name"
		equal "$status" 2
		[[ $output == "faultline ${verb%% *}: $shown: "* && $output != *$'\n'* && $output != *$'\e'* ]]
	done
	echo text >"$name"
	run "$FAULTLINE" compress "$name"
	[[ $status == 0 && $output == "$shown: "*"$shown.zst)" ]]
	run "$FAULTLINE" decompress -f "$name.zst"
	equal "$output" "$shown.zst: 5 bytes"
	# Results are what other programs read.
	equal "$("$FAULTLINE" scan -l text "$name")" "$name"
}

@test "inputs: many files" {
	local i
	for i in {1..300}; do echo "line $i" >"many.$i"; done
	expect 0 "$FAULTLINE" count -l many.*
	equal "$out" "$(wc -l many.*)"
	expect 0 "$FAULTLINE" scan -n '7$' many.*
	equal "$out" "$(grep -n '7$' many.*)"
}

@test "inputs: a sparse file beyond 4 GiB" {
	truncate -s 4G sparse 2>/dev/null || skip "no sparse files here"
	printf '\nneedle\n' | dd of=sparse bs=1 seek=4294967300 conv=notrunc status=none
	expect 0 "$FAULTLINE" scan -abo --skip=4294967200 needle sparse
	equal "$out" "4294967301:needle"
	expect 0 "$FAULTLINE" count -lc --skip=4294967301 sparse
	equal "$(echo $out)" "1 7 sparse"
}

@test "inputs: a stream that ends before its range begins" {
	for verb in "count -c" "count -l" "scan -c x"; do
		# shellcheck disable=SC2086 # verb and option
		printf abc | "$FAULTLINE" $verb --stats --range=4:10 >out 2>stats || [[ $verb == scan* ]]
		equal "$(<out)" 0
		contains "$(<stats)" $'\nbytes: 0\n'
	done
}
