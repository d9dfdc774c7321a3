#!/bin/bash
# SPDX-License-Identifier: MIT
# Each public header compiles alone as strict C17 and as C++17, all of them are installed, and
# faultline.h has them all. A program in C++ finds the functions of the library.
set -u

src=${abs_top_srcdir:?}
cc=${CC-cc}
library=${abs_top_builddir:?}/.libs/libfaultline.so
failures=0
cxx=
for name in ${CXX-} g++ clang++; do
	[[ -n $cxx ]] || cxx=$(command -v "$name")
done
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT

fail() {
	echo "$1"
	failures=$((failures + 1))
}

for header in "$src"/include/faultline/*.h; do
	name=faultline/${header##*/}
	printf '#include <%s>\nextern int nothing;\n' "$name" >"$work/alone.c"
	$cc -std=c17 -Wall -Wextra -Wpedantic -Wconversion -Werror -I"$src/include" -fsyntax-only \
		"$work/alone.c" || fail "<$name> does not compile alone"
	if [[ -n $cxx ]]; then
		"$cxx" -std=c++17 -Wall -Wextra -Wpedantic -Wconversion -Werror -I"$src/include" \
			-fsyntax-only -x c++ "$work/alone.c" || fail "<$name> does not compile as C++"
	fi
	grep -q "include/$name" "$src/Makefile.am" || fail "$name is not in Makefile.am"
	[[ $name == faultline/faultline.h ]] ||
		grep -qx "#include <$name>" "$src/include/faultline/faultline.h" ||
		fail "faultline.h lacks <$name>"
done

if [[ -n $cxx && -e $library ]]; then
	cat >"$work/user.cpp" <<-'END'
		#include <faultline/faultline.h>
		#include <cstdio>
		int main()
		{
			fl_pipeline *pl = nullptr;
			fl_options opt;
			fl_error err;
			fl_options_init(&opt);
			opt.max_memory_bytes = 1;
			if (fl_pipeline_new(&opt, &pl, &err) < 0)
				std::puts(err.text);
			fl_pipeline_free(pl);
		}
	END
	"$cxx" -std=c++17 -Wall -Wextra -Wpedantic -Wconversion -Werror -I"$src/include" "$work/user.cpp" \
		-o "$work/user" -L"${library%/*}" -lfaultline &&
		[[ $("$work/user") == "at least 4 MiB of memory are needed" ]] ||
		fail "a program in C++ cannot use the library"
fi
exit $((failures > 0))
