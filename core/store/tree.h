/* SPDX-License-Identifier: MIT */
/* A walk over all files below a directory, for when a file has to be found by what it
   is. */
#ifndef ALCM_STORE_TREE_H
#define ALCM_STORE_TREE_H

#include <stdbool.h>
#include <sys/stat.h>

/*
 * Called for each regular file: `name` in the directory `at`, with its attributes.
 * -ENOENT: not this one; another negative errno: can't tell. What is 0 or more ends the
 * walk.
 */
typedef int (*tree_look)(void *ctx, int at, const char *name, const struct stat *st);

/*
 * Look at the files below `dirfd` on its filesystem, without .alcm at its root, following
 * no links, and, unless `stores_too`, without directories that are stores of their own.
 * Returns what ended the walk; otherwise -ENOENT, or, where something couldn't be looked
 * at, the errno of that. -ENOMEM.
 */
int tree_find(int dirfd, bool stores_too, tree_look look, void *ctx);

#endif
