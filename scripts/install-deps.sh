#!/bin/bash
# SPDX-License-Identifier: MIT
# Installs, on Debian and Ubuntu, what building and testing need and is not there yet.
# Does nothing (not even apt-get update) when all of it is.
#
#   scripts/install-deps.sh [--run-only]
#
# --run-only: what scripts/demo needs: the build and the programs that it compares with.
set -euo pipefail

build=(autoconf automake libtool pkg-config gcc libc6-dev make
	libxxhash-dev libpcre2-dev libzstd-dev libssl-dev libjansson-dev liburing-dev
	zlib1g-dev liblzma-dev libbz2-dev liblz4-dev)
peers=(xxhash ripgrep zstd parallel)
tests=(libcriterion-dev bats clang clang-format shellcheck binutils python3 xz-utils bzip2 lz4 gnuplot-nox openmpi-bin libopenmpi-dev)

# Hyperscan is written for x86; scan does without it elsewhere.
if [[ $(dpkg --print-architecture 2>/dev/null) == amd64 ]]; then
	build+=(libhyperscan-dev)
fi
# ISA-L is for x86 and arm64; .gz are read by zlib elsewhere.
if [[ $(dpkg --print-architecture 2>/dev/null) == @(amd64|arm64) ]]; then
	build+=(libisal-dev)
fi

case ${1-} in
'') wanted=("${build[@]}" "${peers[@]}" "${tests[@]}") ;;
--run-only) wanted=("${build[@]}" "${peers[@]}") ;;
*)
	echo "Usage: scripts/install-deps.sh [--run-only]" >&2
	exit 2
	;;
esac

if ! command -v dpkg >/dev/null; then
	echo "install-deps.sh: this is not Debian or Ubuntu; needed are: ${wanted[*]}" >&2
	exit 0
fi

missing=()
for package in "${wanted[@]}"; do
	status=$(dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null) || status=
	[[ $status == *" installed"* ]] || missing+=("$package")
done
if ((${#missing[@]} == 0)); then
	exit 0
fi

root=()
if ((EUID != 0)); then
	if ! command -v sudo >/dev/null; then
		echo "install-deps.sh: as root: apt-get install ${missing[*]}" >&2
		exit 1
	fi
	root=(sudo)
fi

echo "installing: ${missing[*]}"
"${root[@]}" apt-get update -qq
"${root[@]}" env DEBIAN_FRONTEND=noninteractive \
	apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
