/* SPDX-License-Identifier: MIT */
/*
 * The pickle machine. Input is hostile: the number of nodes is limited, every pop checks
 * the stack, and the first impossible thing sets `bad`, which ends the run. An opcode is
 * taken apart by the table in pickle_ops.c: how its argument is stored, and which action
 * it is. This is how {"w": tensor} leaves a name without a dictionary:
 *
 *   }            push OTHER, node 1                      stack: 1
 *   X "w"        push TEXT, node 2, the range of "w"     stack: 1 2
 *   … R          push what the user makes of the call    stack: 1 2 7
 *   s            node 7: parent = 1, key = 2             stack: 1
 *
 * Node 0 means "none" and is a real node of kind OTHER. So after an error, and for items
 * that aren't there, indices are still valid, and callers need to test kinds only.
 * Places in the pickle have 32 bits: a pickle has at most 64 MiB.
 */
#include "format/pickle_machine.h"

#include <string.h>

#include "base/alloc.h"
#include "base/le.h"
#include "format/pickle_ops.h"

enum { MAX_NODES = 4 << 20, MEMO_SLACK = 256 };

/* The argument of an opcode. */
struct argument {
	uint64_t number;
	const uint8_t *text, *text2;
	size_t len, len2;
};

/* ---- storage of the machine -------------------------------------------------------- */

/* Make space for one more item of `size` bytes behind the n present ones. */
bool pickle_grow(struct pickle_machine *m, void **items, size_t n, size_t *capacity,
	size_t size)
{
	size_t want = *capacity ? 2 * *capacity : 256;
	void *p;

	if (n < *capacity)
		return true;
	p = n < MAX_NODES ? mem_resize(*items, want, size) : NULL;
	if (!p) {
		m->bad = true;
		return false;
	}
	*items = p;
	*capacity = want;
	return true;
}

uint32_t pickle_make(struct pickle_machine *m, enum pickle_kind kind)
{
	struct pickle_node node = { .kind = (uint8_t)kind };

	PICKLE_APPEND(m, m->nodes, m->n_nodes, m->nodes_capacity, node);
	return m->bad ? PICKLE_NO_NODE : (uint32_t)m->n_nodes - 1;
}

static void push(struct pickle_machine *m, uint32_t node)
{
	PICKLE_APPEND(m, m->stack, m->n_stack, m->stack_capacity, node);
}

static uint32_t pop(struct pickle_machine *m)
{
	if (!m->n_stack) {
		m->bad = true;
		return PICKLE_NO_NODE;
	}
	return m->stack[--m->n_stack];
}

static uint32_t top(struct pickle_machine *m)
{
	if (!m->n_stack) {
		m->bad = true;
		return PICKLE_NO_NODE;
	}
	return m->stack[m->n_stack - 1];
}

/* The index of the first node above the last mark, which is one below. */
static size_t find_mark(struct pickle_machine *m)
{
	for (size_t i = m->n_stack; i > 0; i--) {
		if (m->nodes[m->stack[i - 1]].kind == PICKLE_MARK)
			return i;
	}
	m->bad = true;
	return m->n_stack;
}

static void drop_to_mark(struct pickle_machine *m, size_t first)
{
	m->n_stack = first ? first - 1 : 0;
}

/* ---- what nodes say ---------------------------------------------------------------- */

bool pickle_is_text(const struct pickle_machine *m, uint32_t node, const char *want)
{
	const struct pickle_node *n = &m->nodes[node];

	return n->kind == PICKLE_TEXT && n->range.len == strlen(want) &&
		memcmp(m->bytes + n->range.at, want, n->range.len) == 0;
}

/* Item `i` of a tuple; PICKLE_NO_NODE: it isn't a tuple, or has fewer items. */
uint32_t pickle_item(const struct pickle_machine *m, uint32_t tuple, unsigned i)
{
	const struct pickle_node *n = &m->nodes[tuple];

	return n->kind == PICKLE_TUPLE && i < n->range.len ? m->items[n->range.at + i]
													   : PICKLE_NO_NODE;
}

bool pickle_number(const struct pickle_machine *m, uint32_t node, uint64_t *out)
{
	if (m->nodes[node].kind != PICKLE_NUMBER || m->nodes[node].number < 0)
		return false;
	*out = (uint64_t)m->nodes[node].number;
	return true;
}

/* The numbers of a tuple. Returns how many, or -1: it isn't a tuple of numbers. */
int pickle_numbers(const struct pickle_machine *m, uint32_t tuple, uint64_t *out,
	unsigned capacity)
{
	const struct pickle_node *n = &m->nodes[tuple];

	if (n->kind != PICKLE_TUPLE || n->range.len > capacity)
		return -1;
	for (unsigned i = 0; i < n->range.len; i++) {
		if (!pickle_number(m, m->items[n->range.at + i], &out[i]))
			return -1;
	}
	return (int)n->range.len;
}

/* Put a node into a dictionary, list or object. Only the first container counts, as it
   names the node. */
static void put_into(struct pickle_machine *m, uint32_t container, uint32_t key,
	uint32_t node)
{
	struct pickle_node *n = &m->nodes[node];

	if (node == PICKLE_NO_NODE || n->parent != PICKLE_NO_NODE || node == container ||
		n->kind == PICKLE_MARK || n->kind == PICKLE_NUMBER || n->kind == PICKLE_TEXT ||
		n->kind == PICKLE_GLOBAL)
		return;
	n->parent = container;
	n->key = key;
}

/* Items of a list have their position as key. */
static void append_to(struct pickle_machine *m, uint32_t list, uint32_t node)
{
	uint32_t key;

	if (m->nodes[list].kind != PICKLE_LIST)
		return;
	if (m->n_stack && list == m->stack[0])
		PICKLE_APPEND(m, m->listed, m->n_listed, m->listed_capacity, node);
	key = pickle_make(m, PICKLE_NUMBER);
	if (m->bad)
		return;
	m->nodes[key].number = m->nodes[list].number++;
	put_into(m, list, key, node);
}

/* ---- opcodes ----------------------------------------------------------------------- */

/* A tuple of the nodes from `first` to the top of the stack. */
static uint32_t make_tuple(struct pickle_machine *m, size_t first)
{
	uint32_t node = pickle_make(m, PICKLE_TUPLE), at = (uint32_t)m->n_items;

	for (size_t i = first; i < m->n_stack && !m->bad; i++)
		PICKLE_APPEND(m, m->items, m->n_items, m->items_capacity, m->stack[i]);
	if (m->bad)
		return PICKLE_NO_NODE;
	m->nodes[node].range.at = at;
	m->nodes[node].range.len = (uint32_t)(m->n_items - at);
	return node;
}

static void do_tuple(struct pickle_machine *m, unsigned n)
{
	if (m->n_stack < n) {
		m->bad = true;
		return;
	}

	uint32_t node = make_tuple(m, m->n_stack - n);

	m->n_stack -= n;
	push(m, node);
}

/* Keys and values alternate from `first` on. */
static void do_set_items(struct pickle_machine *m, size_t first, size_t end,
	uint32_t into)
{
	for (size_t i = first; i + 1 < end; i += 2)
		put_into(m, into, m->stack[i], m->stack[i + 1]);
}

/* Opcodes that take everything above the last mark. */
static void do_mark_collected(struct pickle_machine *m, uint8_t action)
{
	size_t first = find_mark(m), end = m->n_stack;
	uint32_t node = PICKLE_NO_NODE;

	if (m->bad)
		return;
	if (action == DO_TUPLE_MARK) {
		node = make_tuple(m, first);
	} else if (action == DO_LIST_MARK || action == DO_DICT_MARK ||
		action == DO_OBJECT_MARK) {
		node = pickle_make(m, action == DO_LIST_MARK ? PICKLE_LIST : PICKLE_OTHER);
		if (action == DO_DICT_MARK)
			do_set_items(m, first, end, node);
	} else if (first >= 2 && action == DO_SET_ITEMS) {
		do_set_items(m, first, end, m->stack[first - 2]);
	} else if (first >= 2 && action == DO_APPENDS) {
		for (size_t i = first; i < end; i++)
			append_to(m, m->stack[first - 2], m->stack[i]);
	}
	drop_to_mark(m, first);
	if (node != PICKLE_NO_NODE)
		push(m, node);
}

/* LONGs of more than eight bytes become -1, which no length or offset can be. */
static void do_push(struct pickle_machine *m, uint8_t action, const struct argument *a)
{
	static const uint8_t kinds[] = { [DO_PUSH_OTHER] = PICKLE_OTHER,
		[DO_PUSH_INT] = PICKLE_NUMBER,
		[DO_PUSH_SIGNED] = PICKLE_NUMBER,
		[DO_PUSH_LONG] = PICKLE_NUMBER,
		[DO_PUSH_TEXT] = PICKLE_TEXT,
		[DO_PUSH_DICT] = PICKLE_OTHER,
		[DO_PUSH_LIST] = PICKLE_LIST };
	uint32_t node = pickle_make(m, kinds[action]);
	struct pickle_node *n = &m->nodes[node];

	if (m->bad)
		return;
	if (action == DO_PUSH_INT) {
		n->number = (int64_t)a->number;
	} else if (action == DO_PUSH_SIGNED) {
		n->number = (int32_t)(uint32_t)a->number;
	} else if (action == DO_PUSH_LONG) {
		uint8_t wide[8] = { 0 };

		memcpy(wide, a->text, a->len < 8 ? a->len : 8);
		n->number = a->len > 8 ? -1 : (int64_t)le_get64(wide);
	} else if (action == DO_PUSH_TEXT) {
		n->range.at = (uint32_t)(a->text - m->bytes);
		n->range.len = (uint32_t)a->len;
	}
	push(m, node);
}

static void do_global(struct pickle_machine *m, const uint8_t *name, size_t len)
{
	uint32_t node = pickle_make(m, PICKLE_GLOBAL);

	if (m->bad)
		return;
	m->nodes[node].number = m->meaning->global(name, len);
	push(m, node);
}

/* Module and name are on the stack; the name alone decides. */
static void do_stack_global(struct pickle_machine *m)
{
	uint32_t name = pop(m);
	struct pickle_node n = m->nodes[name];

	(void)pop(m);
	if (n.kind == PICKLE_TEXT)
		do_global(m, m->bytes + n.range.at, n.range.len);
	else
		push(m, pickle_make(m, PICKLE_OTHER));
}

/* Nothing is called: the user says what a callable would have made. */
static void do_call(struct pickle_machine *m, uint8_t action)
{
	uint32_t args, callable;

	if (action == DO_NEW_EX)
		(void)pop(m); /* keywords */
	args = pop(m);
	callable = pop(m);
	if (m->nodes[callable].kind == PICKLE_GLOBAL)
		push(m, m->meaning->call(m, m->nodes[callable].number, args));
	else
		push(m, pickle_make(m, PICKLE_OTHER));
}

static void do_memo(struct pickle_machine *m, uint8_t action, uint64_t at)
{
	if (action == DO_MEMOIZE)
		at = m->n_memo;
	if (action == DO_GET) {
		if (at < m->n_memo)
			push(m, m->memo[at]);
		else
			m->bad = true;
		return;
	}
	/* numbers count up, so a large jump is hostile */
	m->bad |= at > m->n_memo + MEMO_SLACK;
	while (!m->bad && m->n_memo <= at)
		PICKLE_APPEND(m, m->memo, m->n_memo, m->memo_capacity, PICKLE_NO_NODE);
	if (!m->bad)
		m->memo[at] = top(m);
}

static void do_put_into(struct pickle_machine *m, uint8_t action)
{
	uint32_t value = pop(m), key = action == DO_SET_ITEM ? pop(m) : PICKLE_NO_NODE;
	uint32_t into = top(m);

	if (action == DO_APPEND)
		append_to(m, into, value);
	else /* also BUILD: an object's state has the object's name */
		put_into(m, into, key, value);
}

/* Do one action; those not listed collect down to a mark. */
static void step(struct pickle_machine *m, uint8_t action, const struct argument *a)
{
	switch (action) {
	case DO_NOTHING:
		break;
	case DO_MARK:
		push(m, pickle_make(m, PICKLE_MARK));
		break;
	case DO_POP:
		(void)pop(m);
		break;
	case DO_DUP:
		push(m, top(m));
		break;
	case DO_PUSH_OTHER:
	case DO_PUSH_INT:
	case DO_PUSH_SIGNED:
	case DO_PUSH_LONG:
	case DO_PUSH_TEXT:
	case DO_PUSH_DICT:
	case DO_PUSH_LIST:
		do_push(m, action, a);
		break;
	case DO_TUPLE_0:
	case DO_TUPLE_1:
	case DO_TUPLE_2:
	case DO_TUPLE_3:
		do_tuple(m, action - DO_TUPLE_0);
		break;
	case DO_GLOBAL:
		do_global(m, a->text2, a->len2);
		break;
	case DO_STACK_GLOBAL:
		do_stack_global(m);
		break;
	case DO_REDUCE:
	case DO_NEW_EX:
		do_call(m, action);
		break;
	case DO_PERSISTENT:
		push(m, m->meaning->persistent(m, pop(m)));
		break;
	case DO_BUILD:
	case DO_SET_ITEM:
	case DO_APPEND:
		do_put_into(m, action);
		break;
	case DO_GET:
	case DO_PUT:
	case DO_MEMOIZE:
		do_memo(m, action, a->number);
		break;
	case DO_REFUSE:
		m->bad = true;
		break;
	default:
		do_mark_collected(m, action);
	}
}

/* ---- reading opcodes --------------------------------------------------------------- */

static bool take(struct pickle_machine *m, uint64_t len, const uint8_t **out)
{
	if (len > m->n - m->at)
		return false;
	*out = m->bytes + m->at;
	m->at += len;
	return true;
}

static bool take_line(struct pickle_machine *m, const uint8_t **text, size_t *len)
{
	const uint8_t *from = m->bytes + m->at, *end = memchr(from, '\n', m->n - m->at);

	if (!end)
		return false;
	*text = from;
	*len = (size_t)(end - from);
	m->at += *len + 1;
	return true;
}

static bool take_number(struct pickle_machine *m, unsigned width, uint64_t *out)
{
	const uint8_t *p;

	*out = 0;
	if (!take(m, width, &p))
		return false;
	for (unsigned i = 0; i < width; i++)
		*out |= (uint64_t)p[i] << (8 * i);
	return true;
}

/* Read an opcode's argument. False: it continues behind the bytes that are there. */
static bool take_argument(struct pickle_machine *m, uint8_t how, struct argument *a)
{
	static const uint8_t widths[] = { [ARG_1] = 1,
		[ARG_2] = 2,
		[ARG_4] = 4,
		[ARG_8] = 8,
		[ARG_TEXT_1] = 1,
		[ARG_TEXT_4] = 4,
		[ARG_TEXT_8] = 8 };

	switch (how) {
	case ARG_NONE:
		return true;
	case ARG_LINE:
		return take_line(m, &a->text, &a->len);
	case ARG_LINES:
		return take_line(m, &a->text, &a->len) && take_line(m, &a->text2, &a->len2);
	default:
		if (!take_number(m, widths[how], &a->number))
			return false;
		a->len = (size_t)a->number;
		return how <= ARG_8 || take(m, a->number, &a->text);
	}
}

enum pickle_end pickle_run(struct pickle_machine *m)
{
	(void)pickle_make(m, PICKLE_OTHER); /* PICKLE_NO_NODE */
	while (!m->bad) {
		struct argument a = { 0 };
		struct pickle_op op;

		if (m->at == m->n)
			return PICKLE_CUT;
		op = pickle_ops[m->bytes[m->at++]];
		if (op.action == DO_STOP)
			return PICKLE_WHOLE;
		if (!take_argument(m, op.arg, &a))
			return op.action == DO_REFUSE ? PICKLE_BAD : PICKLE_CUT;
		step(m, op.action, &a);
	}
	return PICKLE_BAD;
}

void pickle_release(struct pickle_machine *m)
{
	mem_free(m->nodes);
	mem_free(m->stack);
	mem_free(m->memo);
	mem_free(m->items);
	mem_free(m->listed);
}
