#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# faultline hash against the programs whose lines it writes.

load helpers

setup() {
	make_work
	make_samples
	printf 'bytes error\n' >$'not-utf8-\xff\xfe'
	printf 'return error\n' >$'carriage\rreturn'
	printf 'star error\n' >'*star'
	names=("${all_samples[@]}" $'not-utf8-\xff\xfe' $'carriage\rreturn' '*star' ' leading')
	printf 'blank error\n' >' leading'
	printf -v all ' %q' "${names[@]}"
	hash="'$FAULTLINE' hash"
}

teardown() {
	remove_work
}

need() {
	local program
	for program; do
		command -v "$program" >/dev/null || skip "$program is not installed"
	done
}

@test "hash: the lines of coreutils: md5sum, sha*sum, b2sum" {
	need md5sum sha1sum sha224sum sha256sum sha384sum sha512sum b2sum
	for pair in md5:md5sum sha1:sha1sum sha224:sha224sum sha256:sha256sum sha384:sha384sum \
		sha512:sha512sum blake2b:b2sum; do
		for form in "" -b -t -z --tag "--tag -z" "-z -b"; do
			same_as "$hash -a ${pair%:*} $form -- $all" "${pair#*:} $form -- $all"
		done
		same_as "$hash -a ${pair%:*} <long" "${pair#*:} <long"
		same_as "$hash -a ${pair%:*} --tag - <long" "${pair#*:} --tag - <long"
	done
}

@test "hash: the lines of xxhsum: --tag, --little-endian" {
	need xxhsum
	for n in 0 1 2 3; do
		for form in "" --tag --little-endian "--tag --little-endian"; do
			some || continue
			same_as "$hash -H$n $form $all" "xxhsum -H$n $form $all"
		done
	done
}

@test "hash: the lines of fsverity" {
	need fsverity
	head -c 3000000 /dev/urandom >random
	for n in 0 1 4095 4096 4097 524288 524289 1000000; do head -c $n random >"part$n"; done
	for form in "" "--block-size=1024" "--salt=00ff" "--salt=$(printf '%064d' 7)" \
		"--block-size=65536 --salt=deadbeef"; do
		same_as "$hash -a fsverity $form part* random $all" \
			"fsverity digest $form part* random $all"
	done
	same_as "$hash -a fsverity --chunk-size=4099 -j3 random" "fsverity digest random"
}

@test "hash: sha3-256, sha512-256 and blake2s as openssl computes them" {
	need openssl
	for pair in sha3-256:sha3-256 sha512-256:sha512-256 blake2s:blake2s256; do
		for file in empty plain long; do
			same_as "$hash -a ${pair%:*} $file | cut -d ' ' -f 1" \
				"openssl dgst -${pair#*:} -r $file | cut -d ' ' -f 1"
		done
	done
}

@test "hash: crc32 as gzip stores it, crc32c as RFC 3720 has it" {
	need gzip od
	for file in plain long nul; do
		expect 0 "$FAULTLINE" hash -a crc32 "$file"
		equal "$out" "$(gzip -c <"$file" | tail -c 8 | od -An -N 4 -t x4 | tr -d ' ')  $file"
	done
	printf 123456789 >digits
	expect 0 "$FAULTLINE" hash -a crc32c -a crc32 --tag digits
	equal "$out" $'CRC32C (digits) = e3069283\nCRC32 (digits) = cbf43926'
}

@test "hash: digests in one pass, in the order asked, whatever loads them" {
	for i in {1..30}; do cat long pair utf8 nul; done >mixed
	local algs="" each=""
	for alg in sha256 xxh3 md5 crc32c xxh64 blake2b fsverity sha1 crc32 xxh128 sha512-256; do
		algs+=" -a $alg"
		each+="$("$FAULTLINE" hash -j1 --io=read -a $alg mixed)"$'\n'
	done
	for how in "" -j1 "-j5 --io=mmap" "-j2 --io=uring --chunk-size=64K" "-j3 --io=direct" \
		"-j2 --chunk-size=4099 --window-size=64K"; do
		# shellcheck disable=SC2086 # several options
		expect 0 "$FAULTLINE" hash $algs $how mixed
		equal "$out" "${each%$'\n'}"
		# shellcheck disable=SC2086 # several options
		out=$(cat mixed | "$FAULTLINE" hash $algs ${how/--io=mmap/} | sed 's/(stdin)/(mixed)/; s/  *\(stdin\|-\)$//')
		equal "$out" "$(sed 's/  *mixed$//' <<<"${each%$'\n'}")"
	done
}

@test "hash: blake3 is there where libblake3 is, and nowhere else" {
	if "$FAULTLINE" --version -v | grep -q '^blake3: built in'; then
		command -v b3sum >/dev/null || skip "b3sum is not installed"
		same_as "$hash -a blake3 plain long empty" "b3sum plain long empty"
		b3sum plain long >sums
		expect 0 "$FAULTLINE" hash -c sums
	else
		expect 2 "$FAULTLINE" hash -a blake3 plain
		contains "$err" "'blake3' is none of"
		printf 'BLAKE3 (plain) = %064d\n' 0 >sums
		expect 2 "$FAULTLINE" hash -c sums
		contains "$err" "no properly formatted checksum lines found"
	fi
}

@test "hash: --raw" {
	need openssl
	same_as "$hash -a sha256 --raw long" "openssl dgst -sha256 -binary long"
	same_as "$hash -a md5 -a sha1 --raw <long" \
		"openssl dgst -md5 -binary long; openssl dgst -sha1 -binary long"
	expect 2 "$FAULTLINE" hash --raw plain long
	contains "$err" "--raw writes the digests of one file only"
}

@test "hash: --seed" {
	# xxHash's own sanity test: the empty input with this seed
	expect 0 "$FAULTLINE" hash -H0 -H1 --seed=2654435761 empty
	equal "$out" $'36b78ae7  empty\nac75fda2929b17ef  empty'
	expect 0 "$FAULTLINE" hash -H1 --seed=0x9E3779B1 -j3 --chunk-size=4K empty
	equal "$out" "ac75fda2929b17ef  empty"
	expect 2 "$FAULTLINE" hash -H0 --seed=4294967296 empty
	contains "$err" "the seed of xxh32 has 32 bits"
	expect 2 "$FAULTLINE" hash -H0 --seed=-1 empty
	expect 2 "$FAULTLINE" hash -a sha256 --seed=1 empty
	contains "$err" "--seed: only XXH digests have one"
}

@test "hash: options that do not go together" {
	expect 2 "$FAULTLINE" hash -a fsverity --salt=0 plain
	expect 2 "$FAULTLINE" hash -a fsverity --salt=zz plain
	expect 2 "$FAULTLINE" hash -a fsverity --block-size=1000 plain
	contains "$err" "the block size is a power of two"
	expect 2 "$FAULTLINE" hash -a sha256 --block-size=4096 plain
	expect 2 "$FAULTLINE" hash -a sha256 --little-endian plain
	for option in status strict warn ignore-missing; do
		expect 2 "$FAULTLINE" hash "--$option" plain
		contains "$err" "the --$option option is meaningful only when verifying checksums"
	done
	expect 2 "$FAULTLINE" hash -c --tag plain
	contains "$err" "the --tag option is meaningless when verifying checksums"
	expect 2 "$FAULTLINE" hash -c -z plain
	expect 2 "$FAULTLINE" hash -c --raw plain
	expect 2 "$FAULTLINE" hash -c --json plain
}

@test "hash: the program starts without libcrypto where it is not needed" {
	need strace
	# The search for leaks is a tracer itself.
	export ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0
	expect 0 strace -f -e trace=openat -o trace "$FAULTLINE" hash -a xxh3 -a crc32c plain
	equal "$(grep -c libcrypto trace)" 0
}

@test "hash: an algorithm that OpenSSL's providers do not offer is a clear error" {
	cat >no-md5.cnf <<'END'
openssl_conf = init
[init]
providers = providers
[providers]
null = null
[null]
activate = 1
END
	export OPENSSL_CONF=$work/no-md5.cnf
	expect 2 "$FAULTLINE" hash -a xxh3 -a md5 plain
	equal "$out" ""
	equal "$err" "faultline hash: OpenSSL's providers do not offer MD5 here"
	# What is not there is no candidate for a line without a tag, either.
	"$FAULTLINE" hash -H2 plain >sums
	expect 0 "$FAULTLINE" hash -c sums
	printf '%032d  plain\n' 0 >sums
	expect 1 "$FAULTLINE" hash -c sums
	printf 'MD5 (plain) = %032d\n' 0 >sums
	expect 2 "$FAULTLINE" hash -c sums
	contains "$err" "plain: OpenSSL's providers do not offer MD5 here"
}
