/* SPDX-License-Identifier: MIT */
#include "ops/regex/regex_streams.h"

#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "ops/regex/regex_nodes.h"

/**
 * struct emitter - the program under construction
 * @used:  which slots hold something
 * @split: NUL bytes end lines
 * @exact: so far
 */
struct emitter {
	const struct fl_regex_node *nodes;
	struct fl_stream_program *prog;
	bool used[FL_STREAM_SLOTS_MAX];
	bool split;
	bool exact;
	bool failed;
};

static uint8_t take_slot(struct emitter *e)
{
	for (unsigned i = FL_STREAM_FIRST + FL_STREAM_CLASSES_MAX; i < FL_STREAM_SLOTS_MAX; i++)
		if (!e->used[i]) {
			e->used[i] = true;
			if (e->prog->slot_count <= i)
				e->prog->slot_count = i + 1;
			return (uint8_t)i;
		}
	e->failed = true;
	return 0;
}

static void drop_slot(struct emitter *e, uint8_t slot)
{
	if (slot >= FL_STREAM_FIRST + FL_STREAM_CLASSES_MAX)
		e->used[slot] = false;
}

/* Lines end with a byte that is in no other class. */
static struct fl_stream_class class_of(const struct emitter *e, const struct fl_regex_set *set)
{
	struct fl_stream_class class = {.high = set->high};

	for (unsigned c = 0; c < 128; c++)
		if (fl_regex_set_has(set, c) && c != '\n' && !(c == '\0' && e->split))
			class.low[c % 16] = (unsigned char)(class.low[c % 16] | 1 << (c / 16));
	return class;
}

static uint8_t class_slot(struct emitter *e, const struct fl_regex_set *set)
{
	struct fl_stream_program *prog = e->prog;
	struct fl_stream_class class = class_of(e, set);
	size_t i;

	for (i = 1; i < prog->class_count; i++)
		if (memcmp(&prog->classes[i], &class, sizeof(class)) == 0)
			return (uint8_t)(FL_STREAM_FIRST - 1 + i);
	if (i == FL_STREAM_CLASSES_MAX) {
		e->failed = true;
		return 0;
	}
	prog->classes[prog->class_count++] = class;
	return (uint8_t)(FL_STREAM_FIRST - 1 + i);
}

static uint8_t step(struct emitter *e, enum fl_stream_kind kind, uint8_t a, uint8_t b, uint8_t c)
{
	struct fl_stream_program *prog = e->prog;
	uint8_t to = take_slot(e);

	if (prog->op_count == FL_STREAM_OPS_MAX)
		e->failed = true;
	if (!e->failed)
		prog->ops[prog->op_count++] =
			(struct fl_stream_op){.kind = kind, .to = to, .a = a, .b = b, .c = c};
	return to;
}

/* The places of @a that are places of the assertion, which @b makes. */
static uint8_t assert_at(struct emitter *e, enum fl_stream_kind kind, uint8_t a, uint8_t b)
{
	uint8_t places = step(e, kind, b, b, b);
	uint8_t to = step(e, FL_STREAM_AND, a, places, places);

	drop_slot(e, places);
	return to;
}

static uint8_t word_slot(struct emitter *e)
{
	struct fl_regex_set set = fl_regex_words();

	return class_slot(e, &set);
}

static uint8_t emit(struct emitter *e, unsigned node, uint8_t in);

/* What follows any number of what @n matches: exactly for a class, else whatever follows in the line. */
static uint8_t emit_endless(struct emitter *e, const struct fl_regex_node *n, uint8_t in)
{
	static const struct fl_regex_set any = {.low = {UINT64_MAX, UINT64_MAX}, .high = true};
	uint8_t class;

	if (n->kind == NODE_SET) {
		class = class_slot(e, &n->set);
	} else {
		class = class_slot(e, &any);
		e->exact = false;
	}
	return step(e, FL_STREAM_SPAN, in, class, in);
}

/* One more of it, or not. */
static uint8_t emit_maybe(struct emitter *e, unsigned node, uint8_t in)
{
	const struct fl_regex_node *n = &e->nodes[node];
	uint8_t once, to;

	if (n->kind == NODE_SET)
		return step(e, FL_STREAM_ADVANCE_OR, in, class_slot(e, &n->set), in);
	once = emit(e, node, in);
	to = step(e, FL_STREAM_OR, in, once, once);
	if (once != in)
		drop_slot(e, once);
	return to;
}

static uint8_t emit_repeat(struct emitter *e, const struct fl_regex_node *n, uint8_t in)
{
	uint8_t at = in, next;

	for (unsigned i = 0; i < (n->max > 0 ? n->max : n->min) && !e->failed; i++) {
		next = i < n->min ? emit(e, n->left, at) : emit_maybe(e, n->left, at);
		if (at != in && at != next)
			drop_slot(e, at);
		at = next;
	}
	if (n->max > 0 || e->failed)
		return at;
	next = emit_endless(e, &e->nodes[n->left], at);
	if (at != in)
		drop_slot(e, at);
	return next;
}

static uint8_t emit_sequence(struct emitter *e, const struct fl_regex_node *n, uint8_t in)
{
	uint8_t middle = emit(e, n->left, in);
	uint8_t to = emit(e, n->right, middle);

	if (middle != in && middle != to)
		drop_slot(e, middle);
	return to;
}

static uint8_t emit_either(struct emitter *e, const struct fl_regex_node *n, uint8_t in)
{
	uint8_t left = emit(e, n->left, in);
	uint8_t right = emit(e, n->right, in);
	uint8_t to = step(e, FL_STREAM_OR, left, right, right);

	if (left != in)
		drop_slot(e, left);
	if (right != in)
		drop_slot(e, right);
	return to;
}

/* Return: the slot of the places where what @node matches from the places @in on ends. */
static uint8_t emit(struct emitter *e, unsigned node, uint8_t in)
{
	const struct fl_regex_node *n = &e->nodes[node];

	if (e->failed)
		return 0;
	switch (n->kind) {
	case NODE_EMPTY:
		return in;
	case NODE_SET:
		return step(e, FL_STREAM_ADVANCE, in, class_slot(e, &n->set), in);
	case NODE_LINE_START:
		return assert_at(e, FL_STREAM_LINE_START, in, FL_STREAM_ENDS);
	case NODE_LINE_END:
		return step(e, FL_STREAM_AND, in, FL_STREAM_ENDS, in);
	case NODE_EDGE:
		return assert_at(e, FL_STREAM_EDGE, in, word_slot(e));
	case NODE_NO_EDGE:
		return assert_at(e, FL_STREAM_NO_EDGE, in, word_slot(e));
	case NODE_SEQUENCE:
		return emit_sequence(e, n, in);
	case NODE_EITHER:
		return emit_either(e, n, in);
	default:
		return emit_repeat(e, n, in);
	}
}

static bool make_program(const struct fl_regex_tree *tree, bool split,
			 struct fl_stream_program *prog, bool *ret_exact)
{
	struct emitter e = {.nodes = tree->nodes, .prog = prog, .split = split, .exact = true};

	memset(prog, 0, sizeof(*prog));
	prog->classes[0].low['\n' % 16] = 1 << ('\n' / 16);
	prog->classes[0].low[0] = split;
	prog->class_count = 1;
	prog->slot_count = FL_STREAM_FIRST + FL_STREAM_CLASSES_MAX;
	prog->result = emit(&e, tree->root, FL_STREAM_START);
	*ret_exact = e.exact;
	return !e.failed;
}

static bool has_sets(const struct fl_regex_tree *tree)
{
	for (unsigned i = 0; i < tree->count; i++) {
		const struct fl_regex_set *set = &tree->nodes[i].set;

		if (tree->nodes[i].kind == NODE_SET &&
		    __builtin_popcountll(set->low[0]) + __builtin_popcountll(set->low[1]) > 2)
			return true;
	}
	return false;
}

/* Its class in the program, which is told by its bytes. */
static uint8_t find_chain_last(const struct fl_streams *s)
{
	const struct fl_chain *chain = &s->chain;
	uint32_t bit = UINT32_C(1) << (chain->count - 1);
	struct fl_stream_class class = {.high = (chain->member[128] & bit) != 0};

	if (chain->items[chain->count - 1].max > 0)
		return 0;
	for (unsigned c = 0; c < 128; c++)
		if (chain->member[c] & bit)
			class.low[c % 16] = (unsigned char)(class.low[c % 16] | 1 << (c / 16));
	for (size_t i = 1; i < s->text.class_count; i++)
		if (memcmp(&s->text.classes[i], &class, sizeof(class)) == 0)
			return (uint8_t)(FL_STREAM_FIRST - 1 + i);
	return 0;
}

int fl_streams_init(struct fl_streams *s, const char *pattern, size_t len, bool caseless)
{
	struct fl_regex_tree tree;
	int r = fl_regex_parse(pattern, len, caseless, &tree);
	bool ok;

	if (r < 0)
		return r;
	ok = make_program(&tree, false, &s->text, &s->exact) &&
	     make_program(&tree, true, &s->split, &s->exact);
	if (ok) {
		s->has_sets = has_sets(&tree);
		fl_chain_init(&s->chain, tree.nodes, tree.root, caseless);
	}
	if (ok && s->chain.count > 0)
		s->chain_last = find_chain_last(s);
	free(tree.nodes);
	return ok ? 0 : -FL_EUNSUPPORTED;
}

/* Four instructions a class for each half, two a step for each of the 64 bits' share of a vector. */
size_t fl_streams_cost(const struct fl_streams *s)
{
	return 8 * s->text.class_count + 2 * s->text.op_count;
}

bool fl_streams_know_locale(bool is_utf)
{
	const char *name = setlocale(LC_CTYPE, NULL);

	return is_utf || (name && (strcmp(name, "C") == 0 || strcmp(name, "POSIX") == 0));
}
