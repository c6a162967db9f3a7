/* SPDX-License-Identifier: MIT */
/*
 * A machine with a stack and a memo, as Python's, whose values are nodes: numbers, texts,
 * tuples, and what its user gives a meaning; everything else is OTHER. Dictionaries,
 * lists and objects keep nothing of what they hold: who is put into one notes where, and
 * under which key. So nothing is ever copied or executed, and each opcode makes at most
 * one node (Python's Lib/pickletools.py).
 */
#ifndef ALCM_FORMAT_PICKLE_MACHINE_H
#define ALCM_FORMAT_PICKLE_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PICKLE_NO_NODE = 0 /* the first node stands for nothing */ };

enum pickle_kind {
	PICKLE_OTHER,
	PICKLE_MARK,
	PICKLE_NUMBER,
	PICKLE_TEXT,
	PICKLE_TUPLE,
	PICKLE_LIST,
	PICKLE_GLOBAL,
	PICKLE_FOUND, /* what the user made */
};

struct pickle_node {
	uint8_t kind;
	uint32_t parent,
		key; /* what it was put into first, and as what; PICKLE_NO_NODE: nothing */
	union {
		/* of a LIST: how many were appended; of a GLOBAL: what it means */
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

/* What the user makes of a pickle. */
struct pickle_meaning {
	/* Of a global, by the name behind its module's. */
	int64_t (*global)(const uint8_t *name, size_t len);
	/* The node of a persistent id, and that of a call: `which` is what the callable
	   means. */
	uint32_t (*persistent)(struct pickle_machine *m, uint32_t id);
	uint32_t (*call)(struct pickle_machine *m, int64_t which, uint32_t args);
};

struct pickle_machine {
	const struct pickle_meaning *meaning;
	void *ctx;
	const uint8_t *bytes;
	size_t n, at; /* of the pickle; how far it was read */
	struct pickle_node *nodes;
	uint32_t *stack, *memo, *items; /* of nodes */
	size_t n_nodes, nodes_capacity, n_stack, stack_capacity, n_memo, memo_capacity,
		n_items, items_capacity;
	uint32_t *listed; /* nodes that were appended to the outermost value, a list */
	size_t n_listed, listed_capacity;
	bool bad;
};

enum pickle_end {
	PICKLE_WHOLE,
	PICKLE_CUT, /* it goes on behind the n bytes */
	PICKLE_BAD, /* no pickle, or a larger one than we read */
};

/* Read the pickle; release the machine in any case. */
enum pickle_end pickle_run(struct pickle_machine *m);
void pickle_release(struct pickle_machine *m);

/* A new node; PICKLE_NO_NODE, and m->bad, when there are too many or there is no
   memory. */
uint32_t pickle_make(struct pickle_machine *m, enum pickle_kind kind);

/* Item `i` of a tuple; PICKLE_NO_NODE: it is none or has fewer. */
uint32_t pickle_item(const struct pickle_machine *m, uint32_t tuple, unsigned i);

/* The value of a NUMBER ≥ 0, and those of a tuple of at most `capacity`: how many, or
   -1. */
bool pickle_number(const struct pickle_machine *m, uint32_t node, uint64_t *out);
int pickle_numbers(const struct pickle_machine *m, uint32_t tuple, uint64_t *out,
	unsigned capacity);

bool pickle_is_text(const struct pickle_machine *m, uint32_t node, const char *want);

/* Room for one more of `size` bytes behind the n that there are; false: m->bad. */
bool pickle_grow(struct pickle_machine *m, void **items, size_t n, size_t *capacity,
	size_t size);

#define PICKLE_APPEND(m, list, n, capacity, value)                             \
	do {                                                                       \
		if (pickle_grow(m, (void **)&(list), n, &(capacity), sizeof(*(list)))) \
			(list)[(n)++] = (value);                                           \
	} while (0)

#endif
