/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>

#include <faultline/exchange.h>

#define BUDGET_NS UINT64_C(5000000)

Test(exchange, every_way_carries_messages_of_all_sizes)
{
	static const uint64_t sizes[] = {1, 64, 4096, 1000000};

	for (int way = 0; fl_exchange_name((enum fl_exchange)way); way++)
		for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
			struct fl_exchange_result result = {.size = sizeof(result)};
			struct fl_error err;
			int r = fl_exchange_run((enum fl_exchange)way, sizes[i], BUDGET_NS, &result,
						&err);

			if (way == FL_EXCHANGE_MQUEUE && (r == -EMSGSIZE || r == -FL_EUNSUPPORTED))
				continue;
			cr_assert_eq(r, 0, "%s, %llu: %s", fl_exchange_name((enum fl_exchange)way),
				     (unsigned long long)sizes[i], err.text);
			cr_assert(result.messages > 0 && result.ns > 0);
			cr_assert(result.rounds >= 5 && result.latency_ns > 0);
			cr_assert(result.latency_p99_ns >= result.latency_ns);
			cr_assert(result.copies > 0);
		}
}

Test(exchange, sizes_out_of_range_are_refused)
{
	struct fl_exchange_result result = {.size = sizeof(result)};

	cr_assert_eq(fl_exchange_run(FL_EXCHANGE_PIPE, 0, 1, &result, NULL), -EINVAL);
	cr_assert_eq(fl_exchange_run(FL_EXCHANGE_PIPE, (64 << 20) + 1, 1, &result, NULL), -EINVAL);
	cr_assert_eq(fl_exchange_run((enum fl_exchange)8, 64, 1, &result, NULL), -EINVAL);
	result.size = 1;
	cr_assert_eq(fl_exchange_run(FL_EXCHANGE_PIPE, 64, 1, &result, NULL), -EINVAL);
}
