#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What other users, and programs that went astray, may have put where a segment is looked for: it is
# refused with a reason, and nothing of it changes. For root the victim and the peer are two users.

load ../cli/helpers

peer_uid=65534

setup() {
	make_work
	as_victim=() as_peer=()
	if ((EUID == 0)) && command -v setpriv >/dev/null; then
		as_victim=(setpriv "--reuid=$((63000 + RANDOM % 1000))" --clear-groups)
		as_peer=(setpriv "--reuid=$peer_uid" --clear-groups)
		# The build may lie where only root may go.
		"${as_victim[@]}" "$FAULTLINE" --version >/dev/null 2>&1 || as_victim=() as_peer=()
	fi
	chmod 755 "$work"
	mkdir -m 1777 files
	mkdir -m 777 outside
	n=$$-$BATS_TEST_NUMBER
	key=$((0x46100000 + ($$ * 16 + BATS_TEST_NUMBER) % 0xfffff))
	holder=
	actions=() messages=()
}

teardown() {
	[[ -z ${work-} ]] || clear_place
	remove_work
}

victim() {
	"${as_victim[@]}" "$FAULTLINE" shm "$@"
}

# Where a segment of the type will be: $address for faultline, $path for everybody else.
take_place() {
	type=$1
	case $type in
	posix) address="flt-bad-$n" path=/dev/shm/$address ;;
	file) path=$work/files/$n address=--path=$path ;;
	sysv) path='' address=--key=$key ;;
	memfd) path='' address='' ;;
	esac
	echo "somebody's secret" >outside/secret
	chmod 666 outside/secret
}

clear_place() {
	if [[ -n $holder ]]; then
		kill "$holder"
		wait "$holder" || true
		holder=
	fi
	rm -rf "/dev/shm/flt-bad-$n"* "$work/files/"* "$work/outside/"*
	[[ ${type-sysv} != sysv ]] || "$FAULTLINE" shm rm --trust --key="$key" 2>/dev/null || true
}

# make_as USER SIZE [OPTION...]: a segment at the place, made by the victim or the peer
make_as() {
	local user=("${as_victim[@]}") size=$2
	[[ $1 == victim ]] || user=("${as_peer[@]}")
	shift 2
	if [[ $type != memfd ]]; then
		"${user[@]}" "$FAULTLINE" shm create "$address" --type="$type" --size="$size" "$@" >/dev/null
		return
	fi
	# It lives in its maker, which says where.
	"${user[@]}" "$FAULTLINE" shm create flt-bad --type=memfd --size="$size" "$@" >files/memfd &
	holder=$!
	wait_until test -s files/memfd
	path=$(<files/memfd) address=--path=$path
}

# Of a managed segment of 8 KiB, with one value replaced: put_header OFFSET BYTES
put_header() {
	if [[ ! -s header ]]; then
		victim create "flt-bad-$n-good" --size=8K --managed >/dev/null
		head -c 4096 "/dev/shm/flt-bad-$n-good" >header
		victim rm "flt-bad-$n-good"
	fi
	make_as victim 8K
	cp header changed
	# shellcheck disable=SC2059 # bytes in octal
	printf "$2" | dd of=changed bs=1 seek="$1" conv=notrunc status=none
	victim write --type="$type" "$address" <changed
}

# The four bytes of the header's byte order, the other way round.
swapped() {
	head -c 12 header | tail -c 4 | od -An -to1 | awk '{ for (i = NF; i > 0; i--) printf "\\%s", $i }'
}

# Attacks: what the peer, or an accident, has left at the place.
attack() {
	case $1 in
	taken) make_as peer 8K ;;
	taken-readable) make_as peer 8K --mode=644 ;;
	taken-managed) make_as peer 8K --managed --mode=644 ;;
	symlink) "${as_peer[@]}" ln -s "$work/outside/secret" "$path" ;;
	dangling) "${as_peer[@]}" ln -s "$work/outside/not-there" "$path" ;;
	fifo) "${as_peer[@]}" mkfifo "$path" ;;
	folder) "${as_peer[@]}" mkdir "$path" ;;
	device) ln -s /dev/zero "$path" ;;
	loose) make_as victim 8K --mode=666 ;;
	short) make_as victim 100 ;;
	hard-link) make_as victim 8K && ln "$path" "$path-second" ;;
	raw) make_as victim 8K ;;
	magic) put_header 0 'XXXX' ;;
	version) put_header 12 '\377' ;;
	byte-order) put_header 0 '' && victim rm --type="$type" "$address" && put_header 8 "$(swapped)" ;;
	nonce) put_header 16 'XXXX' ;;
	too-large) put_header 64 '\0\1\1\1\1\1\1' ;;
	too-small) put_header 64 '\1\0\0\0\0\0\0\0' ;;
	used) put_header 72 '\377\377\377\377\377\377\377\377' ;;
	esac
}

# What others see of the place, and of what it may lead to. Who listed it is no change.
look_around() {
	case $type in
	sysv) awk -v key="$key" '$1 == key { print $1, $2, $3, $4, $5, $8 }' /proc/sysvipc/shm ;;
	memfd) stat -L -c '%F %s %a %u' "$path" && cksum <"$path" ;;
	*) [[ ! -f $path ]] || cksum <"$path" ;;
	esac
	[[ -z $path || $type == memfd ]] || set -- "$path"
	stat -c '%n %F %s %a %u %h %Y' "$@" outside/*
	echo "$(<outside/secret)"
}

# refused ACTION...: noted for check_refusals, with the row's message
refused() {
	actions+=("$*")
	messages+=("$message")
}

# What was noted is done by one shell of the victim: each says its message on one line, ends with 2 and
# prints nothing. Arguments: behind each action.
check_refusals() {
	local i status text
	# shellcheck disable=SC2016 # the victim's shell expands it
	"${as_victim[@]}" bash -c 'set -f
		n=$1
		for ((i = 2; i < n + 2; i++)); do
			text=$("$FAULTLINE" shm ${!i} "${@:n + 2}" 2>&1 >&3 </dev/null) && status=0 || status=$?
			printf "%s %s\0" "$status" "$text"
		done' - "${#actions[@]}" "${actions[@]}" "$@" 3>printed >answers
	for ((i = 0; i < ${#actions[@]}; i++)); do
		read -r -d '' status text || return 1
		if [[ $status != 2 || $text != *"${messages[i]}"* || $text == *$'\n'* ]]; then
			echo "${type-} ${row-}: shm ${actions[i]} $*: $status $text"
			return 1
		fi
	done <answers
	actions=() messages=()
	[[ ! -s printed ]]
}

# table ACTIONS: rows of types, attack and message from standard input
table() {
	local types one row message before
	while IFS='|' read -r types row message; do
		for one in $types; do
			some || continue
			take_place "$one"
			attack "$row"
			before=$(look_around)
			"$@"
			check_refusals --type="$type" "$address"
			equal "$(look_around)" "$before"
			clear_place
		done
	done
}

every_action() {
	refused attach
	refused read
	refused write
	refused stat
	[[ $type == memfd ]] || refused rm
	refused resize --size=4K
	refused lock
	[[ $type == memfd ]] || message="it exists already" refused create --size=4K
}

@test "bad peers: links, FIFOs and modes" {
	table every_action <<-'EOF'
		posix file|symlink|a symbolic link, not a segment
		posix file|dangling|a symbolic link, not a segment
		posix file|device|a symbolic link, not a segment
		posix file|fifo|not a regular file: somebody else took the name
		posix file|folder|not a regular file: somebody else took the name
		posix file|hard-link|2 names (hard links)
		posix file sysv memfd|loose|mode 0666 lets other users write to it
	EOF
}

@test "bad peers: names that another user has taken" {
	((${#as_peer[@]})) || skip "only root can be two users"
	table every_action <<-EOF
		posix file|taken|it belongs to user $peer_uid, not to you
		posix file sysv|taken-readable|it belongs to user $peer_uid, not to you
		posix file sysv|taken-managed|it belongs to user $peer_uid, not to you
		sysv memfd|taken|Permission denied
	EOF
	# Root may look, and is refused all the same.
	as_victim=()
	table every_action <<-EOF
		posix file sysv memfd|taken|it belongs to user $peer_uid, not to you (0)
		posix file sysv memfd|taken-managed|it belongs to user $peer_uid, not to you (0)
	EOF
}

managed_actions() {
	refused attach --managed
	refused lock
	refused unlock --recover
}

@test "bad peers: headers that are none, or of somebody else" {
	table managed_actions <<-'EOF'
		posix file sysv memfd|raw|at byte 0: not a managed segment
		posix file sysv memfd|short|at byte 100: too short for a managed segment
		posix file sysv memfd|magic|at byte 0: not a managed segment
		posix file sysv memfd|version|at byte 12: header of version
		posix file sysv|byte-order|at byte 8: made on a machine of the other byte order
		posix file sysv memfd|nonce|at byte 0: damaged header
		posix file sysv memfd|too-large|at byte 8192: cut to 8192 of
		posix file sysv memfd|too-small|at byte 64: damaged header: sizes
		posix file sysv memfd|used|at byte 64: damaged header: sizes
	EOF
}

too_short() {
	refused attach --size=8K
	refused read --offset=101
	refused read --offset=50 --size=51
	message="the segment ends here" refused dump --offset=1T
}

@test "bad peers: less than what is asked for" {
	table too_short <<-'EOF'
		posix file sysv memfd|short|at byte 100: 
	EOF
}

@test "bad peers: names that are none, for every action" {
	local name action message=name
	for name in "" / . .. a/b ../a /a/b // "$(printf 'x%.0s' {1..256})"; do
		for action in "create --size=4K" attach read write stat rm lock dump "resize --size=1"; do
			! some || message="faultline shm ${action%% *}: ${name:0:150}" refused "$action"
		done
		check_refusals --name="$name"
	done
	[[ ! -e /dev/a && ! -e /a ]]
	# What stands before it is the folder's business: the longest name is a name.
	name=$(printf "flt-bad-%s-%0$((255 - 9 - ${#n}))d" "$n" 0)
	equal "${#name}" 255
	equal "$(victim create "/$name" --size=4K)" "/$name"
	victim rm "$name"
}

@test "bad peers: cut, or removed, while it is attached" {
	local id
	for type in posix file; do
		take_place $type
		make_as victim 64K
		# shellcheck disable=SC2016 # the command's own shell expands it
		expect 2 victim attach --type=$type "$address" -- sh -c '
			: >"$0"
			exec "$FAULTLINE" shm read --type="$1" "$2" --size=1' "$path" $type "$address"
		contains "$err" "it has 0 bytes, 1 are needed"
		clear_place
	done
	take_place sysv
	make_as victim 64K
	id=$(awk -v key="$key" '$1 == key { print $2 }' /proc/sysvipc/shm)
	# shellcheck disable=SC2016 # the command's own shell expands it
	expect 2 victim attach "$address" -- sh -c '
		"$FAULTLINE" shm rm --id="$0" || exit 1
		exec "$FAULTLINE" shm read --id="$0" --size=1' "$id"
	contains "$err" "id $id: it was removed and waits for its last user to go"
	expect 2 victim read --id="$id"
	contains "$err" "no segment has this id"
}
