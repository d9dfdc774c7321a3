#!/bin/bash
# SPDX-License-Identifier: MIT
# A device whose speed does not swing: a loop device over memory, with an ext4 file system. Puts
# the first bytes of FILE on it and runs COMMAND with each {} replaced by the path of that copy.
# Root only; twice BYTES of memory are needed, for the device and for the page cache.
#
#   scripts/bench/steady.sh FILE BYTES COMMAND...
#   scripts/bench/steady.sh app.log 2000000000 scripts/bench/auto.sh {} 7 cold limited
#
# For comparisons of loaders within 5 %: a virtual machine's disk was seen to read the same file
# at 0.7 and at 2.1 GB/s within a minute.
set -uo pipefail

if (($# < 3)) || [[ ! -s $1 || ! $2 =~ ^[1-9][0-9]*$ ]]; then
	echo "Usage: scripts/bench/steady.sh FILE BYTES COMMAND..." >&2
	exit 2
fi
file=$1
bytes=$2
shift 2
image=$(mktemp -p /dev/shm faultline-steady.XXXXXX) || exit 2
mounted=$(mktemp -d) || exit 2
loop=

clean_up() {
	mountpoint -q "$mounted" && umount "$mounted"
	[[ -n $loop ]] && losetup -d "$loop"
	rm -f "$image"
	rmdir "$mounted"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# A twentieth more for the file system's own blocks; whole blocks.
truncate -s $(((bytes + bytes / 20 + (64 << 20)) / 4096 * 4096)) "$image" &&
	mkfs.ext4 -q -m 0 "$image" &&
	loop=$(losetup --find --show --direct-io=on "$image") &&
	mount "$loop" "$mounted" || exit 2
head -c "$bytes" "$file" >"$mounted/file" && sync -f "$mounted/file" || exit 2

"${@//\{\}/$mounted/file}"
