#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes ./configure in a tree that comes from git; release archives hold it already.
set -e
cd "$(dirname "$0")"
mkdir -p m4
exec autoreconf -fi
