#!/bin/bash
# SPDX-License-Identifier: MIT
# Installs, on Debian and Ubuntu, what building and testing need and is not there yet.
# Does nothing (not even apt-get update) when all of it is. Where it may not install: 1 if the build
# needs what is missing, else 0.
#
#   scripts/install-deps.sh [--run-only]
#
# --run-only: what scripts/demo needs: the build and the programs that it compares with.
set -euo pipefail

needed=(autoconf automake libtool pkg-config gcc libc6-dev make
	libxxhash-dev libpcre2-dev libzstd-dev libssl-dev libjansson-dev)
build=("${needed[@]}" liburing-dev zlib1g-dev liblzma-dev libbz2-dev liblz4-dev)
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

# Without the others, less is built, compared and tested.
cannot_install() {
	echo "install-deps.sh: $1; as root:"
	echo "    apt-get install --no-install-recommends ${missing[*]}"
	local package
	for package in "${missing[@]}"; do
		[[ " ${needed[*]} " != *" $package "* ]] || exit 1
	done
	echo "install-deps.sh: going on without these"
	exit 0
} >&2

root=()
if ((EUID != 0)); then
	command -v sudo >/dev/null || cannot_install "packages are missing, and there is no sudo"
	root=(sudo)
fi

echo "installing: ${missing[*]}"
"${root[@]}" apt-get update -qq || cannot_install "packages are missing, and apt-get update failed"
"${root[@]}" env DEBIAN_FRONTEND=noninteractive \
	apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
	cannot_install "packages are missing, and apt-get install failed"
