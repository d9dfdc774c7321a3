/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_FAULTLINE_H
#define FAULTLINE_FAULTLINE_H

/**
 * DOC: libfaultline.
 *
 * Work on files that are larger than memory: an operator's `map` runs on all
 * cores over chunks of the file, its `fold` joins the results in file order,
 * and page faults do the loading through windows that slide. Start with
 * pipeline.h; operator.h is for jobs of your own.
 */
#include <faultline/batch.h>
#include <faultline/bench.h>
#include <faultline/cache.h>
#include <faultline/codec.h>
#include <faultline/command.h>
#include <faultline/count.h>
#include <faultline/diff.h>
#include <faultline/error.h>
#include <faultline/export.h>
#include <faultline/guard.h>
#include <faultline/hash.h>
#include <faultline/info.h>
#include <faultline/lines.h>
#include <faultline/inplace.h>
#include <faultline/manifest.h>
#include <faultline/operator.h>
#include <faultline/output.h>
#include <faultline/pipeline.h>
#include <faultline/punch.h>
#include <faultline/scan.h>
#include <faultline/shard.h>
#include <faultline/shm.h>
#include <faultline/shm_sync.h>
#include <faultline/board.h>
#include <faultline/cluster.h>
#include <faultline/exchange.h>
#include <faultline/source.h>
#include <faultline/stream.h>
#include <faultline/transform.h>
#include <faultline/version.h>

#endif
