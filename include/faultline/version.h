/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_VERSION_H
#define FAULTLINE_VERSION_H

/* The one place that holds the version: configure.ac reads these lines. */
#define FL_VERSION_MAJOR 0
#define FL_VERSION_MINOR 1
#define FL_VERSION_PATCH 0

#endif
