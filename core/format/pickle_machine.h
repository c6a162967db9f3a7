/* SPDX-License-Identifier: MIT */
/*
 * A machine with a stack and a memo, like Python's, whose values are nodes: numbers,
 * texts, tuples, and nodes to which the user gives a meaning; everything else is OTHER.
 * Dictionaries, lists and objects don't store their contents: a node notes which
 * container it was put into, and under which key. So nothing is ever copied or executed,
 * and each opcode makes at most one node (Python's Lib/pickletools.py).
 */
#ifndef ALCM_FORMAT_PICKLE_MACHINE_H
#define ALCM_FORMAT_PICKLE_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PICKLE_NO_NODE = 0 /* the first node means "none" */ };

enum pickle_kind {
	PICKLE_OTHER,
	PICKLE_MARK,
	PICKLE_NUMBER,
	PICKLE_TEXT,
	PICKLE_TUPLE,
	PICKLE_LIST,
	PICKLE_GLOBAL,
	PICKLE_FOUND, /* made by the user */
};

struct pickle_node {
	uint8_t kind;
	uint32_t parent,
		/* the first container that it was put into, and its key; PICKLE_NO_NODE: none */
		key;
	union {
		/* LIST: count of items; GLOBAL: its meaning */
		int64_t number;
		struct {
			uint32_t at, len; /* TEXT: in the pickle; TUPLE: in the machine's items */
		} range;
		struct {
			uint32_t what, index; /* the user's */
		} found;
	};
};

struct pickle_machine;

/* The user's part: the meaning of globals, persistent ids and calls. */
struct pickle_meaning {
	/* The meaning of a global, by its name without the module. */
	int64_t (*global)(const uint8_t *name, size_t len);
	/* The node for a persistent id, and for a call; `which` is the meaning of the
	   callable. */
	uint32_t (*persistent)(struct pickle_machine *m, uint32_t id);
	uint32_t (*call)(struct pickle_machine *m, int64_t which, uint32_t args);
};

struct pickle_machine {
	const struct pickle_meaning *meaning;
	void *ctx;
	const uint8_t *bytes;
	size_t n, at; /* length of the pickle; how far it was read */
	struct pickle_node *nodes;
	uint32_t *stack, *memo, *items; /* of nodes */
	size_t n_nodes, nodes_capacity, n_stack, stack_capacity, n_memo, memo_capacity,
		n_items, items_capacity;
	uint32_t *listed; /* nodes appended to the outermost value, if that is a list */
	size_t n_listed, listed_capacity;
	bool bad;
};

enum pickle_end {
	PICKLE_WHOLE,
	PICKLE_CUT, /* it continues behind the n bytes */
	PICKLE_BAD, /* not a pickle, or too large a one */
};

/* Read the pickle; release the machine in any case. */
enum pickle_end pickle_run(struct pickle_machine *m);
void pickle_release(struct pickle_machine *m);

/*
 * Make a node; PICKLE_NO_NODE, and m->bad, when there are too many or there is no memory.
 */
uint32_t pickle_make(struct pickle_machine *m, enum pickle_kind kind);

/* Item `i` of a tuple; PICKLE_NO_NODE: it isn't a tuple, or has fewer items. */
uint32_t pickle_item(const struct pickle_machine *m, uint32_t tuple, unsigned i);

/* The value of a NUMBER ≥ 0, and the values of a tuple of at most `capacity` of them;
   returns how many, or -1. */
bool pickle_number(const struct pickle_machine *m, uint32_t node, uint64_t *out);
int pickle_numbers(const struct pickle_machine *m, uint32_t tuple, uint64_t *out,
	unsigned capacity);

bool pickle_is_text(const struct pickle_machine *m, uint32_t node, const char *want);

/*
 * Make space for one more item of `size` bytes behind the n present ones; false: m->bad.
 */
bool pickle_grow(struct pickle_machine *m, void **items, size_t n, size_t *capacity,
	size_t size);

#define PICKLE_APPEND(m, list, n, capacity, value)                             \
	do {                                                                       \
		if (pickle_grow(m, (void **)&(list), n, &(capacity), sizeof(*(list)))) \
			(list)[(n)++] = (value);                                           \
	} while (0)

#endif
