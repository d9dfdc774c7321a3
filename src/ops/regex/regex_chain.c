/* SPDX-License-Identifier: MIT */
#include "ops/regex/regex_chain.h"

#include <string.h>

/* Sequences nest to the left, one level for each part. */
#define DEPTH_MAX 128

/** struct maker - a chain in the making */
struct maker {
	const struct fl_regex_node *nodes;
	struct fl_chain *chain;
	unsigned depth;
	bool failed;
};

static void add_item(struct maker *m, const struct fl_regex_set *set, unsigned min, unsigned max)
{
	struct fl_chain *chain = m->chain;
	uint32_t bit = UINT32_C(1) << (chain->count % FL_CHAIN_ITEMS_MAX);

	if (chain->count == FL_CHAIN_ITEMS_MAX) {
		m->failed = true;
		return;
	}
	for (unsigned c = 0; c < 256; c++)
		if (c != '\n' && (c < 128 ? fl_regex_set_has(set, c) : set->high))
			chain->member[c] |= bit;
	chain->has_high |= set->high;
	chain->items[chain->count++] = (struct fl_chain_item){min, max};
}

static void add_node(struct maker *m, unsigned node);

static void add_repeat(struct maker *m, const struct fl_regex_node *n)
{
	const struct fl_regex_node *what = &m->nodes[n->left];
	bool fixed = n->min == n->max && n->max > 0;

	if (what->kind == NODE_SET && (fixed || !n->lazy)) {
		add_item(m, &what->set, n->min, n->max);
		return;
	}
	m->failed = m->failed || !fixed;
	for (unsigned i = 0; i < n->min && !m->failed; i++)
		add_node(m, n->left);
}

static void add_node(struct maker *m, unsigned node)
{
	const struct fl_regex_node *n = &m->nodes[node];

	if (m->failed || n->kind == NODE_EMPTY)
		return;
	if (++m->depth > DEPTH_MAX) {
		m->failed = true;
		return;
	}
	if (n->kind == NODE_SET) {
		add_item(m, &n->set, 1, 1);
	} else if (n->kind == NODE_SEQUENCE) {
		add_node(m, n->left);
		add_node(m, n->right);
	} else if (n->kind == NODE_REPEAT) {
		add_repeat(m, n);
	} else {
		m->failed = true;
	}
	m->depth--;
}

static bool meet(const struct fl_chain *chain, unsigned a, unsigned b)
{
	uint32_t both = UINT32_C(1) << a | UINT32_C(1) << b;

	for (unsigned c = 0; c < 256; c++)
		if ((chain->member[c] & both) == both)
			return true;
	return false;
}

static bool is_fixed(const struct fl_chain_item *item)
{
	return item->min == item->max && item->max > 0;
}

/* Does item @i share no byte with those that can stand next to it, up to the first that must be there? */
static bool stands_apart(const struct fl_chain *chain, unsigned i)
{
	for (unsigned k = i + 1; k < chain->count; k++) {
		if (meet(chain, i, k))
			return false;
		if (chain->items[k].min > 0)
			break;
	}
	for (unsigned k = i; k-- > 0;) {
		if (meet(chain, i, k))
			return false;
		if (chain->items[k].min > 0)
			break;
	}
	return true;
}

static bool is_chain(const struct fl_chain *chain)
{
	unsigned least = 0;

	for (unsigned i = 0; i < chain->count; i++) {
		least += chain->items[i].min;
		if (!is_fixed(&chain->items[i]) && !stands_apart(chain, i))
			return false;
	}
	return least > 0;
}

void fl_chain_init(struct fl_chain *chain, const struct fl_regex_node *nodes, unsigned root,
		   bool caseless)
{
	struct maker m = {.nodes = nodes, .chain = chain};
	const struct fl_chain_item *last;

	memset(chain, 0, sizeof(*chain));
	add_node(&m, root);
	if (m.failed || !is_chain(chain)) {
		chain->count = 0;
		return;
	}
	chain->has_high |= caseless;
	last = &chain->items[chain->count - 1];
	chain->one_end = is_fixed(last) || (last->max == 0 && last->min > 0);
}

const unsigned char *fl_chain_left(const struct fl_chain *chain, const unsigned char *low,
				   const unsigned char *end)
{
	for (unsigned i = chain->count; i-- > 0;) {
		const struct fl_chain_item *item = &chain->items[i];
		uint32_t bit = UINT32_C(1) << i;
		unsigned n = 0;

		while (end > low && (chain->member[end[-1]] & bit) &&
		       (n < item->max || item->max == 0)) {
			end--;
			n += n <= item->min || item->max > 0;
		}
		if (n < item->min)
			return NULL;
	}
	return end;
}

const unsigned char *fl_chain_right(const struct fl_chain *chain, const unsigned char *begin,
				    const unsigned char *high)
{
	for (unsigned i = 0; i < chain->count; i++) {
		const struct fl_chain_item *item = &chain->items[i];
		uint32_t bit = UINT32_C(1) << i;

		for (unsigned n = 0; begin < high && (chain->member[*begin] & bit) &&
				     (n < item->max || item->max == 0);
		     n += item->max > 0)
			begin++;
	}
	return begin;
}
