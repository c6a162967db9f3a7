/* SPDX-License-Identifier: MIT */
/* The opcodes of pickles (Python's Lib/pickletools.py): the form of their arguments, and
   their actions. */
#ifndef ALCM_FORMAT_PICKLE_OPS_H
#define ALCM_FORMAT_PICKLE_OPS_H

#include <stddef.h>
#include <stdint.h>

enum pickle_arg {
	ARG_NONE,
	ARG_1,
	ARG_2,
	ARG_4,
	ARG_8, /* a number of as many bytes */
	ARG_TEXT_1,
	ARG_TEXT_4,
	ARG_TEXT_8, /* a length of as many bytes, then the text */
	ARG_LINE,
	ARG_LINES, /* one text up to a newline, or two */
};

enum pickle_action {
	DO_REFUSE, /* no such opcode */
	DO_NOTHING,
	DO_STOP,
	DO_MARK,
	DO_POP,
	DO_POP_MARK,
	DO_DUP,
	DO_PUSH_OTHER,
	DO_PUSH_INT,
	DO_PUSH_SIGNED,
	DO_PUSH_LONG,
	DO_PUSH_TEXT,
	DO_PUSH_DICT,
	DO_PUSH_LIST,
	DO_TUPLE_MARK,
	DO_TUPLE_0,
	DO_TUPLE_1,
	DO_TUPLE_2,
	DO_TUPLE_3,
	DO_GLOBAL,
	DO_STACK_GLOBAL,
	DO_REDUCE,
	DO_NEW_EX,
	DO_OBJECT_MARK,
	DO_BUILD,
	DO_PERSISTENT,
	DO_SET_ITEM,
	DO_SET_ITEMS,
	DO_APPEND,
	DO_APPENDS,
	DO_DICT_MARK,
	DO_LIST_MARK,
	DO_ADD_ITEMS,
	DO_GET,
	DO_PUT,
	DO_MEMOIZE,
};

struct pickle_op {
	uint8_t arg, action;
};

/* By opcode. */
extern const struct pickle_op pickle_ops[256];

#endif
