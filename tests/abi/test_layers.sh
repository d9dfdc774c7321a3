#!/bin/bash
# SPDX-License-Identifier: MIT
# check_layers.sh must find what it exists for: each planted offence, at its line, and nothing
# in a tree without one.
set -u

script=${abs_top_srcdir:?}/scripts/check_layers.sh
tree=$(mktemp -d) || exit 99
trap 'rm -rf "$tree"' EXIT
failures=0

# plant FILE TEXT...: a fresh tree with one file, each TEXT a line
plant() {
	local file=$1
	shift
	rm -rf "${tree:?}"/*
	mkdir -p "$tree/src" "$tree/$(dirname "$file")"
	printf '%s\n' "$@" >"$tree/$file"
}

# found EXPECTED: an offence that begins with EXPECTED, and only that one
found() {
	local out
	out=$(bash "$script" "$tree" 2>/dev/null)
	if (($? != 1)) || [[ $out != "$1"* ]] || (($(wc -l <<<"$out") != 1)); then
		echo "expected '$1', got: $out"
		failures=$((failures + 1))
	fi
}

clean() {
	local out
	if ! out=$(bash "$script" "$tree" 2>&1); then
		echo "expected nothing, got: $out"
		failures=$((failures + 1))
	fi
}

plant src/base/a.c '/* x */' '#include "plat/file.h"'
found src/base/a.c:2:
plant src/kern/a.c '#include "window/plan.h"'
found src/kern/a.c:1:
plant src/window/a.h '#include "engine/engine.h"'
found src/window/a.h:1:
plant src/plat/a.h '#include "plat/file.h"'
found src/plat/a.h:1:
plant src/ops/scan/a.c '#include "ops/hash/xxh3.h"'
found src/ops/scan/a.c:1:
plant src/ops/codec/a.c '#include "ops/recover/recover.h"'
found src/ops/codec/a.c:1:
plant src/ops/recover/a.c '#include "ops/codec/punch.h"' '#include "ops/transform/inplace.h"'
clean
plant src/ops/scan/b.c '#include "plat/file.h"'
found src/ops/scan/b.c:1:
plant src/cli/a.c '#include "base/size.h"'
found src/cli/a.c:1:
plant src/engine/a.c '#include "plan.h"'
found src/engine/a.c:1:
plant src/newfloor/a.c '#include "base/size.h"'
found src/newfloor/a.c:1:
plant src/engine/b.c '#include <sys/mman.h>'
found src/engine/b.c:1:
plant src/cli/b.c '#include <linux/fs.h>'
found src/cli/b.c:1:
plant src/engine/c.c '#include <pcre2.h>'
found src/engine/c.c:1:
plant src/kern/c.c '#include <pthread.h>'
found src/kern/c.c:1:
plant src/store/c.c '#include <sys/random.h>'
found src/store/c.c:1:
plant src/base/ok.c '#include <sys/random.h>'
clean
plant src/window/c.c '/* mmap(' ' */ char *s = "pread(";' 'n = pread(fd, p, n, 0);'
found src/window/c.c:3:
plant src/cli/d.c 'p = mmap(NULL, n, 1, 1, fd, 0);'
found src/cli/d.c:1:
plant include/faultline/a.h '#include <sys/types.h>'
found include/faultline/a.h:1:
plant src/cluster/a.c '#include <mpi.h>'
found src/cluster/a.c:1:
plant src/cluster/b.c '#include "cli/crew.h"'
found src/cluster/b.c:1:
plant src/cluster/mpi/a.c '#include "ops/hash/xxh3.h"'
found src/cluster/mpi/a.c:1:
plant src/cluster/c.c '#include "cluster/mpi/ranks.h"'
found src/cluster/c.c:1:
plant src/base/e.c 'int x;'
mkdir -p "$tree/src/kern" && cp "$tree/src/base/e.c" "$tree/src/kern/e.c"
found 'src/'
plant src/engine/sys/f.c 'int x;'
found src/engine/sys:1:

plant src/window/ok.c '#include <stdio.h>' '#include "plat/file.h"' '#include "config.h"' \
	'int a = fl_file_pread(1); /* open( */' 'int b = ops->open(x) + v.poll(y);'
clean
plant src/cluster/mpi/ok.c '#include <mpi.h>' '#include "cli/crew.h"' '#include "engine/exec.h"'
clean
plant src/plat/ok.c '#include <sys/mman.h>' 'p = mmap(0, n, 1, 1, fd, 0);'
clean
plant src/cli/ok.c '#include <fts.h>' '#include <jansson.h>' '#include <faultline/scan.h>'
clean

exit $((failures > 0))
