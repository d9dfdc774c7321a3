#!/bin/bash
# SPDX-License-Identifier: MIT
# The interface is one list in three places: FL_API in the headers, the version script, and the
# dynamic symbols of the library that was built.
set -u

src=${abs_top_srcdir:?}
library=${abs_top_builddir:?}/.libs/libfaultline.so
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
failures=0

same() {
	if ! diff -u --label "$1" --label "$2" "$work/$1" "$work/$2"; then
		failures=$((failures + 1))
	fi
}

# Comments and preprocessor lines go first; declarations are then split at their semicolons.
cat "$src"/include/faultline/*.h |
	sed -E '/^[[:space:]]*#/d' | tr '\n' ' ' | sed -E 's@/\*([^*]|\*+[^*/])*\*+/@@g' | tr ';{' '\n' |
	sed -nE 's/.*FL_API[^(]*[^a-z0-9_]+\*?(fl_[a-z0-9_]+)[[:space:]]*\(.*/\1/p' |
	LC_ALL=C sort >"$work/headers"
sed -nE 's/^[[:space:]]+(fl_[a-z0-9_]+);$/\1/p' "$src/src/libfaultline.map" |
	LC_ALL=C sort >"$work/map"

declared=$(cat "$src"/include/faultline/*.h | grep -c '^FL_API')
if ((declared == 0 || declared != $(wc -l <"$work/headers"))); then
	echo "$declared FL_API lines, but $(wc -l <"$work/headers") names were understood"
	failures=$((failures + 1))
fi
same headers map

if [[ -e $library ]]; then
	# With its version: a symbol without one was not listed.
	nm -D --defined-only "$library" | awk '$2 != "A" { print $3 }' |
		sed 's/@@FAULTLINE_0\.1$//' | LC_ALL=C sort >"$work/library"
	same map library
	if ! readelf -d "$library" | grep -qw NODELETE; then
		echo "dlclose(3) would take the SIGBUS handler's code away"
		failures=$((failures + 1))
	fi
elif ((failures == 0)); then
	echo "built without a shared library: only headers and map were compared"
	exit 77
fi

exit $((failures > 0))
