/* SPDX-License-Identifier: MIT */
/*
 * What each opcode of a pickle does to the machine (Python's Lib/pickletools.py describes
 * them all). Opcodes that are missing here are refused. Values that no tensor needs
 * become OTHER without being looked at.
 *
 * Refused are the forms that torch.save doesn't write, at protocol 2 or later: the text
 * forms of GET, PUT and PERSID, extension codes, and buffers outside of the pickle.
 * Refusing is safe and skipping isn't: an opcode of unknown length would make its
 * argument's bytes opcodes.
 */
#include "format/pickle_ops.h"

const struct pickle_op pickle_ops[256] = {
	[0x80] = { ARG_1, DO_NOTHING }, /* PROTO */
	[0x95] = { ARG_8, DO_NOTHING }, /* FRAME */
	['.'] = { ARG_NONE, DO_STOP },
	['('] = { ARG_NONE, DO_MARK },
	['0'] = { ARG_NONE, DO_POP },
	['1'] = { ARG_NONE, DO_POP_MARK },
	['2'] = { ARG_NONE, DO_DUP },
	['N'] = { ARG_NONE, DO_PUSH_OTHER },  /* NONE */
	[0x88] = { ARG_NONE, DO_PUSH_OTHER }, /* NEWTRUE */
	[0x89] = { ARG_NONE, DO_PUSH_OTHER }, /* NEWFALSE */
	['G'] = { ARG_8, DO_PUSH_OTHER },     /* BINFLOAT */
	['F'] = { ARG_LINE, DO_PUSH_OTHER },  /* FLOAT */
	['I'] = { ARG_LINE, DO_PUSH_OTHER },  /* INT as text: tensors don't have it */
	['L'] = { ARG_LINE, DO_PUSH_OTHER },
	['J'] = { ARG_4, DO_PUSH_SIGNED }, /* BININT */
	['K'] = { ARG_1, DO_PUSH_INT },    /* BININT1 */
	['M'] = { ARG_2, DO_PUSH_INT },    /* BININT2 */
	[0x8a] = { ARG_TEXT_1, DO_PUSH_LONG },
	[0x8b] = { ARG_TEXT_4, DO_PUSH_LONG },
	['X'] = { ARG_TEXT_4, DO_PUSH_TEXT }, /* BINUNICODE */
	[0x8c] = { ARG_TEXT_1, DO_PUSH_TEXT },
	[0x8d] = { ARG_TEXT_8, DO_PUSH_TEXT },
	['U'] = { ARG_TEXT_1, DO_PUSH_TEXT }, /* SHORT_BINSTRING: Python 2 */
	['T'] = { ARG_TEXT_4, DO_PUSH_TEXT },
	['V'] = { ARG_LINE, DO_PUSH_OTHER },
	['S'] = { ARG_LINE, DO_PUSH_OTHER },
	['C'] = { ARG_TEXT_1, DO_PUSH_OTHER }, /* SHORT_BINBYTES */
	['B'] = { ARG_TEXT_4, DO_PUSH_OTHER },
	[0x8e] = { ARG_TEXT_8, DO_PUSH_OTHER },
	[0x96] = { ARG_TEXT_8, DO_PUSH_OTHER }, /* BYTEARRAY8 */
	['}'] = { ARG_NONE, DO_PUSH_DICT },
	[']'] = { ARG_NONE, DO_PUSH_LIST },
	[0x8f] = { ARG_NONE, DO_PUSH_OTHER }, /* EMPTY_SET */
	['t'] = { ARG_NONE, DO_TUPLE_MARK },
	[')'] = { ARG_NONE, DO_TUPLE_0 },
	[0x85] = { ARG_NONE, DO_TUPLE_1 },
	[0x86] = { ARG_NONE, DO_TUPLE_2 },
	[0x87] = { ARG_NONE, DO_TUPLE_3 },
	['c'] = { ARG_LINES, DO_GLOBAL },
	[0x93] = { ARG_NONE, DO_STACK_GLOBAL },
	['R'] = { ARG_NONE, DO_REDUCE },
	[0x81] = { ARG_NONE, DO_REDUCE }, /* NEWOBJ */
	[0x92] = { ARG_NONE, DO_NEW_EX },
	['o'] = { ARG_NONE, DO_OBJECT_MARK },
	['i'] = { ARG_LINES, DO_OBJECT_MARK }, /* INST */
	['b'] = { ARG_NONE, DO_BUILD },
	['Q'] = { ARG_NONE, DO_PERSISTENT }, /* BINPERSID */
	['s'] = { ARG_NONE, DO_SET_ITEM },
	['u'] = { ARG_NONE, DO_SET_ITEMS },
	['a'] = { ARG_NONE, DO_APPEND },
	['e'] = { ARG_NONE, DO_APPENDS },
	['d'] = { ARG_NONE, DO_DICT_MARK },
	['l'] = { ARG_NONE, DO_LIST_MARK },
	[0x90] = { ARG_NONE, DO_ADD_ITEMS },
	[0x91] = { ARG_NONE, DO_LIST_MARK }, /* FROZENSET */
	['h'] = { ARG_1, DO_GET },
	['j'] = { ARG_4, DO_GET },
	['q'] = { ARG_1, DO_PUT },
	['r'] = { ARG_4, DO_PUT },
	[0x94] = { ARG_NONE, DO_MEMOIZE },
};
