#!/bin/bash
# SPDX-License-Identifier: MIT
# Each public header compiles alone as strict C17, and all of them are installed.
set -u

src=${abs_top_srcdir:?}
cc=${CC-cc}
failures=0

for header in "$src"/include/faultline/*.h; do
	name=faultline/${header##*/}
	if ! printf '#include <%s>\nextern int nothing;\n' "$name" |
		$cc -std=c17 -Wall -Wextra -Wpedantic -Werror -I"$src/include" -fsyntax-only -x c -; then
		echo "<$name> does not compile alone"
		failures=$((failures + 1))
	fi
	if ! grep -q "include/$name" "$src/Makefile.am"; then
		echo "$name is not in Makefile.am"
		failures=$((failures + 1))
	fi
done
exit $((failures > 0))
